//! A world for trying things out: one person in a database in memory, of whom something is known.

use anyhow::{Context as _, bail};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan as _, Zoned};

use crate::engine::{CheckIn, Entry, Plan, State};
use crate::practice::deed::Deed;
use crate::practice::promise::{Days, Promise, Standing};
use crate::schedule::{first, zones};
use crate::script::Library;
use crate::script::model::Type;
use crate::script::problem::did_you_mean;
use crate::store::{Store, Tx};
use crate::transcript::{Given, Line, Past, Transcript};
use crate::types::{PersonId, Platform, Private, Value, Values};
use crate::vault::Vault;

/// How everybody's first state is mixed: the same world says the same things.
const SEED: u64 = 1;

/// How things are in it at the beginning. Who is not said to be new has agreed to the terms and was welcomed.
pub(super) struct World(pub(super) Vec<Given>);

impl World {
    /// Reads it as it is written in transcripts: `me.name = Ana; open promise = call Lena`.
    pub(super) fn parse(words: &str) -> anyhow::Result<Self> {
        match Transcript::parse("--given", &format!("given: {words}")) {
            Ok(read) => Ok(Self(read.lines.into_iter().flat_map(|(_, line)| given(line)).collect())),
            Err(wrong) => {
                bail!("--given: {}", wrong.into_iter().map(|wrong| wrong.message).collect::<Vec<_>>().join("; "))
            }
        }
    }

    /// What is known of the person at the beginning.
    pub(super) fn facts(&self, library: &Library) -> anyhow::Result<Values> {
        let mut facts = Values::new();
        if !self.0.contains(&Given::NewPerson) {
            let agreed = ["consent", "welcomed"].into_iter().filter(|name| library.facts().contains_key(*name));
            facts.extend(agreed.map(|name| (name.to_owned(), Value::Bool(true))));
        }
        for part in &self.0 {
            let Given::Fact { name, value } = part else { continue };
            let Some(def) = library.facts().get(name) else {
                let near = did_you_mean(name, library.facts().keys().map(String::as_str));
                bail!("There is no fact `me.{name}`: {near}");
            };
            facts.insert(name.clone(), read(value, &def.ty).with_context(|| format!("me.{name}"))?);
        }
        Ok(facts)
    }

    /// A new database with the person in it.
    pub(super) async fn open(&self, account: &str, library: &Library, now: Timestamp) -> anyhow::Result<Store> {
        let store = Store::in_memory(Vault).await?;
        let mut tx = store.begin().await?;
        let person = tx.create_account(Platform::Console, account, now).await?.person;
        let facts = self.facts(library)?;
        for (name, value) in &facts {
            tx.keep_fact(person, name, value, None)?;
        }
        if !self.0.contains(&Given::NewPerson) {
            // Who was here just now is reminded of an open question.
            tx.keep_state(person, &State { seen: Some(now), ..State::new(SEED) }, now)?;
        }
        let here = now.to_zoned(zone(&facts));
        for (number, given) in self.0.iter().enumerate() {
            keep(&mut tx, person, &here, number, given).await?;
        }
        self.check_ins(&mut tx, person, &here).await?;
        tx.commit().await?;
        Ok(store)
    }

    /// Check-ins on days in a row, the last one yesterday or on the day that was given.
    async fn check_ins(&self, tx: &mut Tx, person: PersonId, here: &Zoned) -> anyhow::Result<()> {
        let last = self.0.iter().find_map(|given| if let Given::LastCheckIn(day) = given { Some(*day) } else { None });
        let count =
            self.0.iter().find_map(|given| if let Given::CheckIns(count) = given { Some(*count) } else { None });
        let mut day = last.map_or_else(|| here.date().yesterday(), Ok)?;
        for number in 0..count.unwrap_or(i64::from(last.is_some())) {
            let id = format!("given.{number}");
            tx.keep_checkin(person, &CheckIn { id, day, mood: Some(3), feeling: None, note: None });
            day = day.yesterday()?;
        }
        Ok(())
    }
}

fn given(line: Line) -> Vec<Given> {
    if let Line::Given(given) = line { given } else { Vec::new() }
}

/// Keeps a promise or entries. Promises are for today: due two hours before midnight.
async fn keep(tx: &mut Tx, person: PersonId, here: &Zoned, number: usize, given: &Given) -> anyhow::Result<()> {
    let now = here.timestamp();
    match given {
        Given::Promise { standing, to, text } => {
            let due = here.end_of_day()?.timestamp().checked_sub(SignedDuration::from_hours(2))?;
            let (id, text, to) = (format!("given.{number}"), Private::new(text), Private::new(to));
            let days = Some(Days { made: here.date(), due: here.date() });
            let promise = Promise { id: id.clone(), text, to, due, standing: Standing::Open, sure: None, days };
            tx.keep_promise(person, &promise, now);
            tx.settle_promise(person, &id, *standing, (here.date(), now));
        }
        Given::Past { ago, what } => {
            for (ago, (index, what)) in ago.clone().flat_map(|ago| what.iter().enumerate().map(move |one| (ago, one))) {
                let then = here.checked_sub(ago.days())?;
                keep_past(tx, person, &then, format!("past.{number}.{ago}.{index}"), *what).await?;
            }
        }
        Given::Entries(count) => {
            for entry in 0..*count {
                let (title, body) = (Private::new("An entry"), Private::new("Kept before."));
                let entry = Entry { id: format!("given.{entry}"), kind: "journal".into(), title, body };
                tx.keep_entry(person, &entry, now);
            }
        }
        Given::Reminders(count) => {
            for plan in Plan::daily_reminders(*count) {
                let zone = here.time_zone();
                if let Some(next) = first(&plan.rule, now, zone) {
                    tx.keep_schedule(person, &plan, zone.iana_name().unwrap_or("UTC"), next)?;
                }
            }
        }
        Given::NewPerson | Given::Now(_) | Given::Fact { .. } | Given::CheckIns(_) | Given::LastCheckIn(_) => {}
    }
    Ok(())
}

/// Something that happened on a day before, at this time of the day.
async fn keep_past(tx: &mut Tx, person: PersonId, then: &Zoned, id: String, what: Past) -> anyhow::Result<()> {
    let (day, at) = (then.date(), then.timestamp());
    match what {
        Past::Promise(standing) => {
            let (text, to, days) = (Private::new("A promise"), Private::new("me"), Some(Days { made: day, due: day }));
            let promise = Promise { id: id.clone(), text, to, due: at, standing: Standing::Open, sure: None, days };
            tx.keep_promise(person, &promise, at);
            tx.settle_promise(person, &id, standing, (day, at));
        }
        Past::CheckIn(mood) => {
            tx.keep_checkin(person, &CheckIn { id, day, mood, feeling: None, note: None });
        }
        Past::Return => tx.keep_return(person, &id, day, 7),
        Past::Deed(kind) => tx.keep_deed(person, &Deed { id, kind, day, amount: None, about: None }, at),
    }
    Ok(())
}

/// The zone in which the person lives.
pub(super) fn zone(facts: &Values) -> TimeZone {
    facts.get("timezone").and_then(Value::as_text).and_then(zones::by_name).unwrap_or(TimeZone::UTC)
}

/// A value as it is written in scripts.
pub(super) fn read(text: &str, ty: &Type) -> anyhow::Result<Value> {
    ty.read(text).with_context(|| format!("`{text}` is no {}; for example {}", ty.word(), ty.example()))
}
