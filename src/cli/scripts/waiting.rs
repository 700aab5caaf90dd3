//! `goldseam scripts waiting`: how many persons stand at which question, before somebody edits it.
//!
//! Reads the database beside a running bot and changes nothing. Shows numbers only: no names, no texts, no accounts.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use jiff::Timestamp;
use serde::Serialize;

use super::super::house;
use crate::clock::Clock;
use crate::config::Config;
use crate::engine::State;
use crate::engine::revise::{Revised, outcomes};
use crate::engine::state::Frame;
use crate::script::Library;
use crate::store::Store;
use crate::types::PersonId;
use crate::vault::Vault;

/// How many states are read at a time.
const PAGE: i64 = 500;
/// With `--coarse`, fewer persons than this are not counted out.
const FEW: usize = 5;

/// What `scripts waiting` takes.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The data folder [default: the configured one, else goldseam-data]
    #[arg(long, value_name = "DIR", conflicts_with = "config")]
    data: Option<PathBuf>,
    /// The settings file [default: goldseam.toml, if it is there]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Compare with the scripts of this folder [default: the configured one, else those inside this program]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// How to print it
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Show less than five persons as "fewer than 5", and not since when: in a small group a number can be a person
    #[arg(long)]
    coarse: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
}

/// Prints the table.
pub(crate) async fn count(options: Options) -> anyhow::Result<ExitCode> {
    let config = Config::load(options.config.as_deref())?;
    let database = house::database(options.data, &config);
    let mut library = house::library(options.dir.or(config.prompts_dir).as_deref())?;
    let Some(store) = Store::open_to_read(&database, Vault).await? else {
        println!("{database} has no database yet, so nobody waits.");
        return Ok(ExitCode::SUCCESS);
    };
    let counted = Counted::read(&store, &mut library).await?;
    store.close().await;
    let shown = counted.shown(Clock::system().now(), options.coarse);
    match options.format {
        Format::Text => print!("{}", shown.as_text()),
        Format::Json => println!("{}", serde_json::to_string_pretty(&shown)?),
    }
    Ok(ExitCode::SUCCESS)
}

/// Where somebody can stand.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Spot {
    script: String,
    id: String,
    text: Text,
    place: Place,
}

/// The text they stand in, and what becomes of them in the scripts as they are now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
enum Text {
    Current,
    OlderGoesOn,
    OlderEndsInIt,
    Gone,
}

impl Text {
    fn of(library: &Library, frame: &Frame, becomes: Revised) -> Self {
        match becomes {
            _ if library.script(&frame.script).is_some_and(|script| script.rev == frame.rev) => Text::Current,
            Revised::Adopt => Text::OlderGoesOn,
            Revised::Finish => Text::OlderEndsInIt,
            Revised::Changed => Text::Gone,
        }
    }

    fn words(self) -> &'static str {
        match self {
            Text::Current => "current",
            Text::OlderGoesOn => "older, goes on in the new one",
            Text::OlderEndsInIt => "older, ends in it",
            Text::Gone => "gone, is told so",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
enum Place {
    Active,
    PutAway,
    Card,
}

impl Place {
    fn words(self) -> &'static str {
        match self {
            Place::Active => "active",
            Place::PutAway => "put away",
            Place::Card => "card",
        }
    }
}

#[derive(Debug, Default)]
struct Counted {
    spots: BTreeMap<Spot, (BTreeSet<PersonId>, Timestamp)>,
    persons: usize,
    unreadable: usize,
}

impl Counted {
    async fn read(store: &Store, library: &mut Library) -> anyhow::Result<Self> {
        let (mut counted, mut after) = (Self::default(), PersonId(0));
        let mut tx = store.begin().await?;
        library.remember_earlier(&tx.scripts_kept().await?);
        loop {
            let page = tx.states_after(after, PAGE).await?;
            let Some((last, _)) = page.last() else { break };
            after = *last;
            for (person, state) in &page {
                match State::read(state.reveal()) {
                    Ok(state) => counted.add(*person, &state, library),
                    Err(_) => counted.unreadable += 1,
                }
            }
        }
        tx.rollback().await?;
        Ok(counted)
    }

    /// A person stands in a script, in those that called it, in what was put away, and at a card.
    fn add(&mut self, person: PersonId, state: &State, library: &Library) {
        self.persons += 1;
        let active = state.active.as_ref().map(|thread| thread.id);
        for (thread, becomes) in outcomes(library, state) {
            let place = if active == Some(thread.id) { Place::Active } else { Place::PutAway };
            let since = thread.asked.as_ref().map_or(thread.started, |asked| asked.at);
            for frame in &thread.frames {
                self.stands(person, frame, Text::of(library, frame, becomes), place, since);
            }
        }
        if let Some(card) = &state.card {
            let text = Text::of(library, &card.frame, Revised::Adopt);
            self.stands(person, &card.frame, text, Place::Card, card.asked.at);
        }
    }

    fn stands(&mut self, person: PersonId, frame: &Frame, text: Text, place: Place, since: Timestamp) {
        let spot = Spot { script: frame.script.clone(), id: frame.at.clone(), text, place };
        let (persons, oldest) = self.spots.entry(spot).or_insert_with(|| (BTreeSet::new(), since));
        persons.insert(person);
        *oldest = since.min(*oldest);
    }

    fn shown(&self, now: Timestamp, coarse: bool) -> Shown {
        let waiting: BTreeSet<PersonId> = self.spots.values().flat_map(|(persons, _)| persons).copied().collect();
        let number =
            |count: usize| if coarse && count < FEW { Number::Few("fewer than 5") } else { Number::Exactly(count) };
        let row = |(spot, (persons, oldest)): (&Spot, &(BTreeSet<PersonId>, Timestamp))| Row {
            script: spot.script.clone(),
            id: spot.id.clone(),
            text: spot.text,
            place: spot.place,
            persons: number(persons.len()),
            oldest_days: (!coarse || persons.len() >= FEW).then(|| now.duration_since(*oldest).as_hours() / 24),
        };
        Shown {
            waiting: self.spots.iter().map(row).collect(),
            persons_waiting: number(waiting.len()),
            persons: number(self.persons),
            unreadable: self.unreadable,
        }
    }
}

/// What is printed.
#[derive(Debug, Serialize)]
struct Shown {
    waiting: Vec<Row>,
    persons_waiting: Number,
    persons: Number,
    /// Kept by a newer program, or damaged.
    unreadable: usize,
}

#[derive(Debug, Serialize)]
struct Row {
    script: String,
    id: String,
    text: Text,
    place: Place,
    persons: Number,
    oldest_days: Option<i64>,
}

#[derive(Clone, Copy, Debug, Serialize)]
#[serde(untagged)]
enum Number {
    Exactly(usize),
    Few(&'static str),
}

impl std::fmt::Display for Number {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Number::Exactly(count) => count.fmt(f),
            Number::Few(words) => f.write_str(words),
        }
    }
}

impl Shown {
    fn as_text(&self) -> String {
        let heads = ["script", "id", "text", "where", "persons", "oldest"].map(ToOwned::to_owned);
        let rows: Vec<[String; 6]> = std::iter::once(heads).chain(self.waiting.iter().map(Row::cells)).collect();
        let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..6).map(width).collect();
        let mut text = String::new();
        if !self.waiting.is_empty() {
            for row in &rows {
                let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
                text += cells.collect::<Vec<_>>().join("  ").trim_end();
                text += "\n";
            }
            text += "\n";
        }
        text += &format!("In a script: {}. Persons in all: {}.\n", self.persons_waiting, self.persons);
        if self.unreadable > 0 {
            text += &format!("{} cannot be read: kept by a newer Goldseam, or damaged.\n", self.unreadable);
        }
        text
    }
}

impl Row {
    fn cells(&self) -> [String; 6] {
        let days = |days: i64| format!("{days} day{}", if days == 1 { "" } else { "s" });
        [
            self.script.clone(),
            self.id.clone(),
            self.text.words().to_owned(),
            self.place.words().to_owned(),
            self.persons.to_string(),
            self.oldest_days.map_or_else(|| "-".to_owned(), days),
        ]
    }
}
