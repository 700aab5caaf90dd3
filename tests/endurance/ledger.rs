//! The ledger of the platforms held against the database.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::process::Command;
use std::time::Duration;

use goldseam::store::DATABASE_FILE;
use goldseam::types::Platform;
use tokio::time::Instant;

use super::Size;
use super::town::Town;
use crate::support::town::{Base, platform};

/// What is known of the kills themselves.
#[derive(Default)]
pub struct Kills {
    pub at: Vec<Instant>,
    /// From the start to the first message that a platform accepted; none when the kill came earlier.
    pub first_message: Vec<Option<Duration>>,
    /// Messages on their way when the program was killed, on Telegram and on Discord.
    pub in_flight: Vec<(i64, i64)>,
    /// What was wrong with the file after a kill.
    pub damage: Vec<String>,
}

impl Kills {
    /// Looks at what the kill left, files in a copy: to put them right is for the program itself.
    pub async fn looks_at(&mut self, base: &Base) {
        const SENDING: &str = "select platform, count(*) from outbox where state = 'sending' group by platform";
        let rows = match base {
            Base::Server(_) => base.rows(SENDING).await,
            Base::File(folder) => {
                let copy = tempfile::tempdir().unwrap();
                for name in [DATABASE_FILE.to_owned(), format!("{DATABASE_FILE}-wal")] {
                    if folder.join(&name).exists() {
                        fs::copy(folder.join(&name), copy.path().join(&name)).unwrap();
                    }
                }
                let copy = Base::File(copy.path().to_owned());
                let found = copy.rows("select integrity_check, 0 from pragma_integrity_check").await;
                self.damage.extend(found.into_iter().map(|(what, _)| what).filter(|what| what != "ok"));
                copy.rows(SENDING).await
            }
        };
        let of = |platform: Platform| rows.iter().find(|(name, _)| *name == platform.as_str()).map_or(0, |(_, n)| *n);
        self.in_flight.push((of(Platform::Telegram), of(Platform::Discord)));
    }
}

/// What everybody's chats say, added up.
#[derive(Default, Debug, PartialEq)]
pub struct Tally {
    /// Turns that the state of somebody has counted.
    pub turns: usize,
    /// Texts without a turn.
    pub unheard: usize,
    /// Texts with more than one turn.
    pub heard_twice: usize,
    /// Turns whose answer is not in the chat.
    pub unanswered: usize,
    /// Answers that stand before the answer of an earlier text.
    pub out_of_order: usize,
    /// Bells that nobody can see.
    pub silent_bells: usize,
    /// Second copies of an answer or a bell.
    pub copies: usize,
    /// What is behind these numbers.
    pub odd: Vec<String>,
}

impl Tally {
    /// Adds one person, who said so many texts and was to hear so many bells. Returns the texts without an answer.
    pub fn add(&mut self, person: u64, said: usize, bells: usize, sees: &[String]) -> Vec<usize> {
        let mut copies = BTreeMap::<&str, usize>::new();
        let mut heard = Vec::<(usize, usize)>::new();
        for text in sees.iter().filter(|text| text.starts_with("Heard ") || text.starts_with("Bell ")) {
            let seen = copies.entry(text).or_default();
            *seen += 1;
            if let (1, Some(pair)) = (*seen, counted(text)) {
                heard.push(pair);
            }
        }
        let turns = heard.iter().map(|(count, _)| *count).max().unwrap_or(0);
        let texts: BTreeSet<usize> = heard.iter().map(|(_, text)| *text).collect();
        let answered: BTreeSet<usize> = heard.iter().map(|(count, _)| *count).collect();
        let before = (self.unheard, self.heard_twice, self.unanswered, self.out_of_order, self.silent_bells);
        self.turns += turns;
        self.heard_twice += heard.len() - texts.len();
        self.unanswered += turns - answered.len();
        // What has no answer may have had its turn: then the count is ahead.
        self.unheard += said.saturating_sub(texts.len() + turns - answered.len());
        self.out_of_order += heard.windows(2).filter(|pair| pair[0] > pair[1] || pair[0].1 > pair[1].1).count();
        self.silent_bells += (1..=bells).filter(|bell| !copies.contains_key(format!("Bell {bell}.").as_str())).count();
        self.copies += copies.values().map(|times| times - 1).sum::<usize>();
        if before != (self.unheard, self.heard_twice, self.unanswered, self.out_of_order, self.silent_bells) {
            self.odd.push(format!("person {person} on {} said {said} and sees {sees:?}", platform(person)));
        }
        (1..=said).filter(|text| !texts.contains(text)).collect()
    }
}

/// The number of the turn and of the text in "Heard 3: text 4."
pub fn counted(text: &str) -> Option<(usize, usize)> {
    let (count, text) = text.strip_prefix("Heard ")?.strip_suffix('.')?.split_once(": text ")?;
    Some((count.parse().ok()?, text.parse().ok()?))
}

/// What came of it all on one platform.
pub struct Side {
    tally: Tally,
    /// Texts that were handed over, without the first.
    said: usize,
    /// Events of these texts in the inbox.
    stored: i64,
    /// Messages of the bot that the platform has.
    accepted: i64,
    /// Rows of the outbox that went out for sure, and those of which nobody knows.
    sent: i64,
    unclear: i64,
    /// Rows of the outbox that ended without going out.
    dead: i64,
    in_flight: i64,
    /// How long before a kill the earliest text without a turn was handed over.
    before_kill: Duration,
}

impl Side {
    pub async fn of(town: &Town, base: &Base, here: Platform, kills: &Kills) -> Self {
        let (mut tally, mut said, mut starts, mut before_kill) = (Tally::default(), 0, 0, Duration::ZERO);
        for person in town.people().filter(|person| platform(*person) == here) {
            let texts = town.said.lock().unwrap().get(&person).cloned().unwrap_or_default();
            let missing = tally.add(person, texts.len(), town.size.bells, &town.chats.sees(person));
            let until_kill =
                |text: usize| kills.at.iter().find_map(|kill| kill.checked_duration_since(texts[text - 1]));
            before_kill = missing.into_iter().filter_map(until_kill).fold(before_kill, Duration::max);
            said += texts.len();
            starts += 1;
        }
        let name = here.as_str();
        let inbox = format!("select count(*) from inbox where platform = '{name}'");
        let outbox =
            |state: &str| format!("select count(*) from outbox where platform = '{name}' and state = '{state}'");
        let accepted =
            if here == Platform::Telegram { town.chats.telegram.accepted() } else { town.chats.discord.accepted() };
        Self {
            tally,
            said,
            stored: base.number(&inbox).await - starts,
            accepted: i64::try_from(accepted).unwrap(),
            sent: base.number(&outbox("sent")).await,
            unclear: base.number(&outbox("unknown")).await,
            dead: base.number(&outbox("dead")).await,
            in_flight: kills
                .in_flight
                .iter()
                .map(|(telegram, discord)| if here == Platform::Telegram { telegram } else { discord })
                .sum(),
            before_kill,
        }
    }

    /// Copies beyond the first of any message, of which at least so many came.
    pub fn copies(&self) -> i64 {
        (self.accepted - self.sent - self.unclear).max(i64::try_from(self.tally.copies).unwrap())
    }

    /// What must not be, on any platform.
    pub fn broken(&self) -> Vec<String> {
        let tally = &self.tally;
        let nothing = [
            ("texts that were stored and had no turn", self.stored - i64::try_from(tally.turns).unwrap()),
            ("texts that had two turns", i64::try_from(tally.heard_twice).unwrap()),
            ("answers out of order", i64::try_from(tally.out_of_order).unwrap()),
            ("messages given up", self.dead),
        ];
        let most = [
            ("answers that did not come", i64::try_from(tally.unanswered).unwrap(), self.unclear),
            ("bells that did not come", i64::try_from(tally.silent_bells).unwrap(), self.unclear),
            ("second copies", self.copies(), self.in_flight),
        ];
        let nothing = nothing.into_iter().map(|(what, count)| (what, count, 0));
        let broken = nothing.chain(most).filter(|(_, count, most)| *count < 0 || count > most);
        broken.map(|(what, count, most)| format!("{what}: {count}, at most {most}")).collect()
    }
}

/// What came of it all.
pub struct Outcome {
    telegram: Side,
    discord: Side,
    first_message: Vec<Option<Duration>>,
    damage: Vec<String>,
    dead_events: i64,
    bells: i64,
    /// Bells with exactly one occurrence that says what became of them.
    settled: i64,
    rung: i64,
}

impl Outcome {
    pub async fn of(town: &Town, base: &Base, kills: Kills) -> Self {
        const BELLS: &str = "select count(*) from schedules where name like 'bell-%'";
        const SETTLED: &str = "select count(*) from schedules s where name like 'bell-%' and s.state = 'done'
            and (select count(*) from occurrences o where o.schedule_id = s.id) = 1";
        const RUNG: &str = "select count(*) from occurrences where name like 'bell-%' and outcome = 'fired'";
        Self {
            telegram: Side::of(town, base, Platform::Telegram, &kills).await,
            discord: Side::of(town, base, Platform::Discord, &kills).await,
            first_message: kills.first_message,
            damage: kills.damage,
            dead_events: base.number("select count(*) from inbox where state <> 'done'").await,
            bells: base.number(BELLS).await,
            settled: base.number(SETTLED).await,
            rung: base.number(RUNG).await,
        }
    }

    /// The chats behind the numbers that should be nothing.
    pub fn odd(&self) -> Vec<&String> {
        self.telegram.tally.odd.iter().chain(&self.discord.tally.odd).collect()
    }

    pub fn broken(&self) -> Vec<String> {
        let mut broken = Vec::new();
        let sides = [("Telegram", &self.telegram), ("Discord", &self.discord)];
        broken.extend(
            sides.iter().flat_map(|(name, side)| side.broken().into_iter().map(move |what| format!("{name}: {what}"))),
        );
        for (what, holds) in [
            ("Telegram: a text that was handed over is lost", self.telegram.tally.unheard == 0),
            ("Discord: a text that was handed over is lost", self.discord.tally.unheard == 0),
            ("Discord: something came twice", self.discord.copies() == 0),
            ("Discord: something did not come", self.discord.unclear == 0),
            ("the file was damaged", self.damage.is_empty()),
            ("an event was given up or is left", self.dead_events == 0),
            ("a bell has no outcome, or two", self.settled == self.bells),
            ("a bell was let pass", self.rung == self.bells),
        ] {
            if !holds {
                broken.push(what.to_owned());
            }
        }
        broken
    }

    pub fn table(&self, database: &str, size: Size, commit: &str) -> String {
        let (telegram, discord) = (&self.telegram, &self.discord);
        let rows: [(&str, String, String); 13] = [
            ("texts handed over", telegram.said.to_string(), discord.said.to_string()),
            (
                "of these not stored when the kill came",
                telegram.tally.unheard.to_string(),
                discord.tally.unheard.to_string(),
            ),
            ("**stored texts without a turn (lost)**", telegram.lost().to_string(), discord.lost().to_string()),
            (
                "**texts with two turns (doubled effects)**",
                telegram.tally.heard_twice.to_string(),
                discord.tally.heard_twice.to_string(),
            ),
            ("answers out of order", telegram.tally.out_of_order.to_string(), discord.tally.out_of_order.to_string()),
            (
                "turns whose answer never came",
                telegram.tally.unanswered.to_string(),
                discord.tally.unanswered.to_string(),
            ),
            ("reminders due", self.of_bells(size, 1).to_string(), self.of_bells(size, 0).to_string()),
            (
                "**reminders that never came**",
                telegram.tally.silent_bells.to_string(),
                discord.tally.silent_bells.to_string(),
            ),
            ("messages accepted by the platform", telegram.accepted.to_string(), discord.accepted.to_string()),
            ("messages on their way at the kills", telegram.in_flight.to_string(), discord.in_flight.to_string()),
            ("**second copies of a message**", telegram.copies().to_string(), discord.copies().to_string()),
            ("messages left as unclear after two kills", telegram.unclear.to_string(), discord.unclear.to_string()),
            ("messages given up", telegram.dead.to_string(), discord.dead.to_string()),
        ];
        let mut out = format!(
            "\n### {database}, {} times, seed {}, {} people, commit {commit}\n{}\n\n| | Telegram | Discord |\n|---|---:|---:|\n",
            size.kills,
            size.seed,
            size.people,
            machine(),
        );
        for (what, telegram, discord) in rows {
            writeln!(out, "| {what} | {telegram} | {discord} |").unwrap();
        }
        let settled = format!(
            "Reminders with exactly one outcome: {} of {}, of which {} were said.",
            self.settled, self.bells, self.rung
        );
        let gone = format!(
            "The texts that Discord handed over and nobody stored came at most {:.0?} before a kill.",
            self.discord.before_kill
        );
        [&out, "", &settled, &gone, &self.speed(), ""].join("\n")
    }

    pub fn of_bells(&self, size: Size, odd: u64) -> usize {
        (1..=size.people).filter(|person| person % 2 == odd).count() * size.bells
    }

    pub fn speed(&self) -> String {
        if self.first_message.is_empty() {
            return "There was always another program.".into();
        }
        let mut first: Vec<Duration> = self.first_message.iter().flatten().copied().collect();
        first.sort();
        let at = |percent: usize| {
            first.get((first.len() * percent / 100).min(first.len().saturating_sub(1))).copied().unwrap_or_default()
        };
        format!(
            "From the start to the first message: half within {:.1?}, 95 % within {:.1?}; {} of {} kills came before it.",
            at(50),
            at(95),
            self.first_message.len() - first.len(),
            self.first_message.len()
        )
    }
}

impl Side {
    pub fn lost(&self) -> i64 {
        self.stored - i64::try_from(self.tally.turns).unwrap()
    }
}

pub fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let processor = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = processor
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "))
        .map_or("", |(_, name)| name);
    let build = if cfg!(debug_assertions) { "debug" } else { "release" };
    format!("{} {}, {cores} processors ({model}), {build} build", std::env::consts::OS, std::env::consts::ARCH)
}

pub fn said_by(program: &str, arguments: &[&str]) -> String {
    let said = Command::new(program).args(arguments).current_dir(env!("CARGO_MANIFEST_DIR")).output();
    said.map_or_else(|_| "unknown".into(), |said| String::from_utf8_lossy(&said.stdout).trim().to_owned())
}
