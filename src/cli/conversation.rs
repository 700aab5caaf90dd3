//! A conversation in the terminal: `goldseam chat` and `goldseam scripts play` hold it, and differ in how it begins.
//!
//! One loop does everything in order: a line, what is due, what is to be said, an edit that was saved. Lines that begin with
//! `:` are for authors.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::bail;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

use super::edits::{self, Edits};
use super::house::{self, House};
use super::scripts::play::{self, Play};
use super::steering::{self, Steering, shown};
use super::terminal::{self, OwnScreen};
use crate::clock::Clock;
use crate::engine::State;
use crate::outbox::{Deliver, Limits};
use crate::platform::console::{self, Look, Screen};
use crate::platform::inbox::{Inbox as _, RawEvent};
use crate::script::Library;
use crate::store::{Location, Store};
use crate::types::{Input, Platform, Private};
use crate::vault::Vault;

/// The name in the inbox.
const BOT: &str = "console";
/// How often an edit is looked for.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// A conversation to hold.
pub(super) struct Conversation {
    pub(super) person: String,
    /// The folder of the scripts; `None` for those inside the program.
    pub(super) prompts: Option<PathBuf>,
    pub(super) clock: Clock,
    pub(super) screen: Screen,
    pub(super) beginning: Beginning,
}

/// How a conversation begins, and where it is kept.
pub(super) enum Beginning {
    /// Where it stood in this data folder.
    Database(Location),
    /// With one script, in a world that is gone afterwards.
    Script(Box<Play>),
}

/// What to do after a line.
enum Next {
    Line,
    Restart,
    Again,
    End,
}

impl Conversation {
    /// Holds it until there are no more lines.
    pub(super) async fn hold(mut self, library: Library) -> anyhow::Result<ExitCode> {
        let mut lines = terminal::open(&self.screen, terminal::look())?;
        let mut edits = Edits::of(self.prompts.as_deref());
        let mut house = self.open(library).await?;
        if terminal::look() == Look::Terminal {
            self.screen.remark("`:help` shows what you can do here, `:quit` leaves.")?;
        }
        self.begin(&house).await?;
        lines.answered();
        loop {
            let due = house.next_due().await?.unwrap_or(Timestamp::MAX);
            tokio::select! {
                line = lines.next() => {
                    let Some(line) = line else {
                        self.tell_where_it_waits(&house).await?;
                        break;
                    };
                    self.echo(&line)?;
                    self.take_over(&house, &mut edits).await?;
                    match self.line(&house, &line).await {
                        Ok(Next::Line) => {}
                        Ok(Next::Restart) => match house::library(self.prompts.as_deref()) {
                            Ok(library) => house = self.restart(house, library).await?,
                            Err(error) => self.screen.remark(&super::sentence(&error))?,
                        },
                        Ok(Next::Again) => house = self.again(&house).await?,
                        Ok(Next::End) => break,
                        Err(error) => self.screen.remark(&super::sentence(&error))?,
                    }
                    lines.answered();
                }
                () = self.clock.sleep_until(due) => house.settle().await?,
                () = tokio::time::sleep(LOOK_EVERY) => self.take_over(&house, &mut edits).await?,
            }
        }
        house.store.close().await;
        Ok(ExitCode::SUCCESS)
    }

    async fn open(&self, library: Library) -> anyhow::Result<House> {
        let store = match &self.beginning {
            Beginning::Database(database) => Store::open_at(database, Vault).await?,
            Beginning::Script(play) => play.world(&self.person, &library, &self.clock).await?,
        };
        self.enter(store, library).await
    }

    async fn enter(&self, store: Store, library: Library) -> anyhow::Result<House> {
        let own = OwnScreen { screen: self.screen.clone(), person: self.person.clone() };
        let platforms: Vec<(Arc<dyn Deliver>, Limits)> = vec![(Arc::new(own), Limits::default())];
        let house = House::on(store, library, self.clock.clone(), platforms).await?;
        house.settle().await?;
        Ok(house)
    }

    async fn begin(&self, house: &House) -> anyhow::Result<()> {
        match &self.beginning {
            Beginning::Database(_) => self.input(house, Input::Recall).await,
            Beginning::Script(play) => match play.command(&house.door.library()) {
                Some(command) => self.input(house, command).await,
                None => play.start(house, &self.person, &self.screen).await,
            },
        }
    }

    /// As after a restart of the program: nothing but what is stored is left. A database in memory has to be kept open for that.
    async fn restart(&self, house: House, library: Library) -> anyhow::Result<House> {
        let house = match &self.beginning {
            Beginning::Database(_) => {
                house.store.close().await;
                drop(house);
                self.open(library).await?
            }
            Beginning::Script(_) => self.enter(house.store.clone(), library).await?,
        };
        self.screen.remark("Everything in memory is gone; this is from the database.")?;
        Ok(house)
    }

    /// The script anew, in a new world at the time of the first one.
    async fn again(&mut self, house: &House) -> anyhow::Result<House> {
        if let Beginning::Script(play) = &self.beginning {
            self.clock = play.clock();
        }
        let house = self.open(Library::clone(&house.door.library())).await?;
        self.begin(&house).await?;
        Ok(house)
    }

    /// What a saved edit changes: the scripts in use, and what is on the screen.
    async fn take_over(&self, house: &House, edits: &mut Edits) -> anyhow::Result<()> {
        let Some(edit) = edits.look(terminal::look()) else { return Ok(()) };
        match edit {
            Err(problems) => Ok(self.screen.raw(&problems).and_then(|()| self.screen.remark(edits::LEFT_ASIDE))?),
            Ok(library) => {
                let before = house.door.library();
                house.door.use_scripts(library).await?;
                let stands = house.door.look(Platform::Console, &self.person).await?;
                let state = stands.as_ref().map(|(state, _)| state);
                let (remark, show_again) = edits::told(state, &before, &house.door.library());
                self.screen.remark(&remark)?;
                if show_again { self.input(house, Input::Recall).await } else { Ok(()) }
            }
        }
    }

    async fn line(&self, house: &House, line: &str) -> anyhow::Result<Next> {
        let line = line.trim();
        if line.is_empty() {
            return Ok(Next::Line);
        }
        match line.strip_prefix(':') {
            Some(words) => self.steer(house, words.trim()).await,
            None => {
                let was_open = self.playing() && self.is_open(house).await?;
                self.input(house, self.screen.read(line)).await?;
                if was_open && !self.is_open(house).await? {
                    self.screen.remark("Nothing is open any more; `:again` starts it anew.")?;
                }
                Ok(Next::Line)
            }
        }
    }

    /// In a pipe nobody sees what was typed: an author reads the lines as in a transcript.
    fn echo(&self, line: &str) -> anyhow::Result<()> {
        match terminal::look() {
            Look::Plain if self.playing() && !line.trim().is_empty() => {
                Ok(self.screen.raw(&format!("> {}\n", line.trim()))?)
            }
            _ => Ok(()),
        }
    }

    /// The lines of a pipe are over in the middle of a script.
    async fn tell_where_it_waits(&self, house: &House) -> anyhow::Result<()> {
        let known = house.door.look(Platform::Console, &self.person).await?;
        match known.as_ref().and_then(|(state, _)| place(state)).filter(|_| self.playing()) {
            Some((script, at)) => Ok(self.screen.remark(&format!("Still waiting at `{at}` of {script}."))?),
            None => Ok(()),
        }
    }

    fn playing(&self) -> bool {
        matches!(self.beginning, Beginning::Script(_))
    }

    async fn is_open(&self, house: &House) -> anyhow::Result<bool> {
        let known = house.door.look(Platform::Console, &self.person).await?;
        Ok(known.is_some_and(|(state, _)| place(&state).is_some()))
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
        let playing = self.playing();
        match steering::read(words, &self.here(house).await?)? {
            Steering::Restart => return Ok(Next::Restart),
            Steering::Quit => return Ok(Next::End),
            Steering::Again if playing => return Ok(Next::Again),
            Steering::Edit if playing => {
                let stands = house.door.look(Platform::Console, &self.person).await?;
                let place = stands.as_ref().and_then(|(state, _)| place(state));
                self.screen.remark(&edits::written_at(self.prompts.as_deref(), place, &house.door.library())?)?;
            }
            Steering::Again | Steering::Edit => {
                bail!("`:{words}` works where one script is played: `goldseam scripts play`.")
            }
            Steering::Back => {
                let back = Input::Command { name: "back".into(), rest: Private::default() };
                self.input(house, back).await?;
            }
            Steering::State => self.show_state(house).await?,
            Steering::Help => self.screen.remark(&steering::help(playing))?,
            Steering::Until(target) => self.move_time(house, target).await?,
        }
        Ok(Next::Line)
    }

    async fn show_state(&self, house: &House) -> anyhow::Result<()> {
        if self.playing() {
            return Ok(self.screen.remark(&play::standing(house, &self.person).await?)?);
        }
        let state = match house.door.look(Platform::Console, &self.person).await? {
            Some((state, _)) => serde_json::to_string_pretty(&state.redacted(&house.door.library()))?,
            None => "null".to_owned(),
        };
        Ok(self.screen.raw(&format!("{state}\n"))?)
    }

    /// Puts the clock ahead. What comes due on the way fires at its own time, in order, through the same scheduler.
    async fn move_time(&self, house: &House, target: Timestamp) -> anyhow::Result<()> {
        let here = self.here(house).await?;
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

/// The script and the question that wait for an answer.
pub(super) fn place(state: &State) -> Option<(&str, &str)> {
    state.standing().map(|frame| (frame.script.as_str(), frame.at.as_str()))
}
