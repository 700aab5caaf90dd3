//! `goldseam chat`: the whole program over the terminal, with a clock that can be put ahead.
//!
//! One loop does everything in order: a line, what is due, what is to be said. Lines that begin with `:` are for authors.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, anyhow, bail};
use clap::Args;
use jiff::civil::{DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan as _, Zoned};

use super::house::{self, House};
use super::terminal;
use crate::clock::Clock;
use crate::config::{Config, prepare_data_dir};
use crate::outbox::{BoxFuture, Deliver, Outgoing, SendError, Sent};
use crate::platform::console::{self, Look, Screen};
use crate::platform::inbox::{Inbox as _, RawEvent};
use crate::script::Library;
use crate::types::{Input, Platform, Private};

/// The name in the inbox.
const BOT: &str = "console";

/// What `chat` takes.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The data folder [default: the configured one, else goldseam-data]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Whose conversation this is; another name is another person
    #[arg(long, value_name = "NAME", default_value = "me")]
    person: String,
    /// Begin at this time and let it pass only by `:` lines; with a zone in brackets, or the person's
    #[arg(long, value_name = "2026-03-02T20:00[Zone]", value_parser = parse_now)]
    now: Option<Start>,
    /// A folder with scripts [default: the ones inside this program]
    #[arg(long, value_name = "DIR")]
    prompts: Option<PathBuf>,
}

/// A moment from the command line.
#[derive(Clone, Debug)]
enum Start {
    Zoned(Timestamp),
    Civil(DateTime),
}

fn parse_now(text: &str) -> Result<Start, String> {
    if text.contains('[') {
        return text.parse::<Zoned>().map(|zoned| Start::Zoned(zoned.timestamp())).map_err(|_| EXAMPLE.into());
    }
    text.parse::<DateTime>().map(Start::Civil).map_err(|_| EXAMPLE.into())
}

const EXAMPLE: &str = "write it like 2026-03-02T20:00 or 2026-03-02T20:00[Europe/Vienna]";

/// `goldseam chat`.
pub(crate) async fn chat(options: Options) -> anyhow::Result<ExitCode> {
    let config = Config::load(None)?;
    super::log_to_stderr("warn");
    let prompts = options.prompts.clone().or(config.prompts_dir);
    let library = house::library(prompts.as_deref())?;
    let data = options.data.unwrap_or(config.data_dir);
    prepare_data_dir(&data)?;
    let clock = match options.now {
        None => Clock::ahead(),
        Some(Start::Zoned(at)) => Clock::steered(at),
        Some(Start::Civil(civil)) => Clock::steered(civil_start(&data, &options.person, civil).await?),
    };
    let screen = screen();
    converse(Conversation { data, prompts, person: options.person, clock, screen }, library).await
}

/// `goldseam run` without a token.
pub(crate) async fn first_conversation(config: &Config, library: Library) -> anyhow::Result<ExitCode> {
    super::log_to_stderr("warn");
    let screen = screen();
    let data = config.data_dir.clone();
    screen.remark(&format!("Your data is kept in {}.", house::whole_path(&data)?.display()))?;
    screen.remark(
        "To connect Telegram or Discord, put a token into goldseam.toml (see config.example.toml) or into GOLDSEAM_TELEGRAM__TOKEN or GOLDSEAM_DISCORD__TOKEN.",
    )?;
    let prompts = config.prompts_dir.clone();
    let conversation = Conversation { data, prompts, person: "me".into(), clock: Clock::ahead(), screen };
    converse(conversation, library).await
}

fn look() -> Look {
    if terminal::is_terminal() { Look::Terminal } else { Look::Plain }
}

fn screen() -> Screen {
    Screen::stdout(look())
}

/// What a `--now` without a zone means for this person.
async fn civil_start(data: &Path, person: &str, civil: DateTime) -> anyhow::Result<Timestamp> {
    let clock = Clock::steered(TimeZone::UTC.to_timestamp(civil)?);
    let house = House::open(data, Library::default(), clock, Vec::new()).await?;
    let zone =
        house.door.look(Platform::Console, person).await?.map_or(TimeZone::UTC, |(_, now)| now.time_zone().clone());
    house.store.close().await;
    Ok(zone.to_timestamp(civil)?)
}

struct Conversation {
    data: PathBuf,
    prompts: Option<PathBuf>,
    person: String,
    clock: Clock,
    screen: Screen,
}

/// What to do after a line.
enum Next {
    Line,
    Restart,
    End,
}

async fn converse(conversation: Conversation, library: Library) -> anyhow::Result<ExitCode> {
    let mut lines = terminal::open(&conversation.screen, look())?;
    let mut house = conversation.open(library).await?;
    conversation.input(&house, Input::Recall).await?;
    lines.answered();
    loop {
        let due = house.next_due().await?.unwrap_or(Timestamp::MAX);
        tokio::select! {
            line = lines.next() => {
                let Some(line) = line else { break };
                match conversation.line(&house, &line).await {
                    Ok(Next::Line) => {}
                    Ok(Next::Restart) => {
                        house.store.close().await;
                        drop(house);
                        house = conversation.open(house::library(conversation.prompts.as_deref())?).await?;
                        conversation.screen.remark("Everything in memory is gone; this is from the file.")?;
                    }
                    Ok(Next::End) => break,
                    Err(error) => conversation.screen.remark(&super::sentence(&error))?,
                }
                lines.answered();
            }
            () = conversation.clock.sleep_until(due) => house.settle().await?,
        }
    }
    house.store.close().await;
    Ok(ExitCode::SUCCESS)
}

impl Conversation {
    async fn open(&self, library: Library) -> anyhow::Result<House> {
        let own = OwnScreen { screen: self.screen.clone(), person: self.person.clone() };
        let platforms: Vec<Arc<dyn Deliver>> = vec![Arc::new(own)];
        let house = House::open(&self.data, library, self.clock.clone(), platforms).await?;
        house.settle().await?;
        Ok(house)
    }

    async fn line(&self, house: &House, line: &str) -> anyhow::Result<Next> {
        let line = line.trim();
        if line.is_empty() {
            return Ok(Next::Line);
        }
        match line.strip_prefix(':') {
            Some(steering) => self.steer(house, steering.trim()).await,
            None => {
                self.input(house, self.screen.read(line)).await?;
                Ok(Next::Line)
            }
        }
    }

    /// The same way as every platform's: stored first, then handled, then answered.
    async fn input(&self, house: &House, input: Input) -> anyhow::Result<()> {
        let id = format!("{:x}-{:x}", self.clock.now().as_millisecond(), fastrand::u64(..));
        let event = console::event(&self.person, &id, input);
        let raw = Private::new(serde_json::to_string(&event)?);
        house.inbox.put(Platform::Console, BOT, vec![RawEvent { id, raw }]).await?;
        house.settle().await
    }

    async fn steer(&self, house: &House, words: &str) -> anyhow::Result<Next> {
        match words {
            "restart" => return Ok(Next::Restart),
            "quit" | "q" => return Ok(Next::End),
            "state" => self.show_state(house).await?,
            "" | "help" => self.screen.remark(HELP)?,
            _ => self.move_time(house, words).await?,
        }
        Ok(Next::Line)
    }

    async fn show_state(&self, house: &House) -> anyhow::Result<()> {
        let state = match house.door.look(Platform::Console, &self.person).await? {
            Some((state, _)) => serde_json::to_string_pretty(&state.redacted(&house.door.library()))?,
            None => "null".to_owned(),
        };
        Ok(self.screen.raw(&format!("{state}\n"))?)
    }

    /// Puts the clock ahead. What comes due on the way fires at its own time, in order, through the same scheduler.
    async fn move_time(&self, house: &House, words: &str) -> anyhow::Result<()> {
        let here = self.here(house).await?;
        let target = target(words, &here)?;
        if target <= here.timestamp() {
            bail!("Time only goes forward; for {} it is {}.", self.person, shown(&here));
        }
        if self.anybody_else(house).await? {
            bail!(
                "People of Telegram or Discord live in this data folder, so time is not moved here: their reminders would be spent. \
                 Use `goldseam chat --data DIR` with a folder of its own."
            );
        }
        while let Some(due) = house.next_due().await?.filter(|due| *due <= target) {
            self.clock.set(due);
            house.settle().await?;
        }
        self.clock.set(target);
        house.settle().await?;
        Ok(self.screen.remark(&shown(&self.here(house).await?))?)
    }

    async fn anybody_else(&self, house: &House) -> anyhow::Result<bool> {
        let mut tx = house.store.begin().await?;
        let anybody = tx.anybody_beside(Platform::Console).await?;
        tx.rollback().await?;
        Ok(anybody)
    }

    /// The time on the person's clock.
    async fn here(&self, house: &House) -> anyhow::Result<Zoned> {
        let known = house.door.look(Platform::Console, &self.person).await?;
        Ok(known.map_or_else(|| self.clock.now().to_zoned(TimeZone::UTC), |(_, now)| now))
    }
}

/// The screen of the person who sits in front of it. What is for another person of the terminal waits until they are here.
struct OwnScreen {
    screen: Screen,
    person: String,
}

impl Deliver for OwnScreen {
    fn platform(&self) -> Platform {
        Platform::Console
    }

    fn deliver<'a>(&'a self, outgoing: &'a Outgoing) -> BoxFuture<'a, Result<Sent, SendError>> {
        if outgoing.account == self.person {
            return self.screen.deliver(outgoing);
        }
        Box::pin(async { Err(SendError::NotSent("they are not at the terminal".into())) })
    }
}

fn shown(here: &Zoned) -> String {
    let zone = here.time_zone().iana_name().unwrap_or("UTC");
    format!("{} {zone}", here.strftime("%A, %-d %B %Y, %H:%M"))
}

const HELP: &str = "Time: `:+5h` (m, h, d), `:tomorrow 20:00`, `:at 2026-03-29T02:30`. `:restart` starts again from the file. \
`:state` shows where you stand. `:quit` ends.";

/// The moment that steering words mean, on the person's clock.
fn target(words: &str, here: &Zoned) -> anyhow::Result<Timestamp> {
    let unknown = || anyhow!("`:{words}` is not known. {HELP}");
    if let Some(amount) = words.strip_prefix('+') {
        let unit_at = amount.find(|c: char| !c.is_ascii_digit()).ok_or_else(unknown)?;
        let number: i64 = amount[..unit_at].parse().map_err(|_| unknown())?;
        let unit = match amount[unit_at..].trim() {
            "s" => 1,
            "m" | "min" => 60,
            "h" => 3_600,
            "d" => 86_400,
            _ => return Err(unknown()),
        };
        let seconds =
            number.checked_mul(unit).filter(|s| *s <= 10 * 366 * 86_400).context("that is more than ten years")?;
        return Ok(here.timestamp().checked_add(SignedDuration::from_secs(seconds))?);
    }
    let (day, time) = words.split_once(' ').ok_or_else(unknown)?;
    let civil = match day {
        "at" => time.trim().replace(' ', "T").parse::<DateTime>().map_err(|_| unknown())?,
        "today" | "tomorrow" => {
            let date = if day == "today" { here.date() } else { here.date().checked_add(1.day())? };
            date.to_datetime(Time::strptime("%H:%M", time.trim()).map_err(|_| unknown())?)
        }
        _ => return Err(unknown()),
    };
    Ok(here.time_zone().to_timestamp(civil)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(words: &str) -> String {
        let here = "2026-03-28T21:00[Europe/Vienna]".parse::<Zoned>().unwrap();
        target(words, &here).map_or_else(|error| error.to_string(), |at| at.to_string())
    }

    #[test]
    fn time_is_steered_on_the_persons_clock() {
        assert_eq!(at("+5h"), "2026-03-29T01:00:00Z");
        assert_eq!(at("tomorrow 20:00"), "2026-03-29T18:00:00Z");
        assert_eq!(at("at 2026-03-29T02:30"), "2026-03-29T01:30:00Z", "a time that does not exist moves by the gap");
        for words in ["+5", "+5x", "soon", "tomorrow", "at noon", "+99999999999d"] {
            assert!(at(words).contains("known") || at(words).contains("ten years"), "{words}");
        }
    }
}
