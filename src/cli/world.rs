//! A world for trying things out: one person in a database in memory, of whom something is known.

use anyhow::{Context as _, bail};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, Zoned};

use super::given::Given;
use crate::engine::State;
use crate::practice::promise::{Promise, Standing};
use crate::schedule::zones;
use crate::script::Library;
use crate::script::model::Type;
use crate::script::problem::did_you_mean;
use crate::store::{Store, Tx};
use crate::types::{PersonId, Platform, Private, Value, Values};
use crate::vault::Vault;

/// How everybody's first state is mixed: the same world says the same things.
const SEED: u64 = 1;

/// How things are in it at the beginning. Who is not said to be new has agreed to the terms and was welcomed.
pub(super) struct World(pub(super) Vec<Given>);

impl World {
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
            tx.keep_fact(person, name, value, None).await?;
        }
        if !self.0.contains(&Given::NewPerson) {
            // Who was here just now is reminded of an open question.
            tx.keep_state(person, &State { seen: Some(now), ..State::new(SEED) }, now).await?;
        }
        self.promise(&mut tx, person, &now.to_zoned(zone(&facts))).await?;
        tx.commit().await?;
        Ok(store)
    }

    /// Promises for today: they are due two hours before midnight.
    async fn promise(&self, tx: &mut Tx, person: PersonId, here: &Zoned) -> anyhow::Result<()> {
        let (now, midnight) = (here.timestamp(), here.end_of_day()?.timestamp());
        let due = midnight.checked_sub(SignedDuration::from_hours(2))?;
        for (number, given) in self.0.iter().enumerate() {
            let Given::Promise { to, text } = given else { continue };
            let (text, to) = (Private::new(text), Private::new(to));
            let promise = Promise { id: format!("given.{number}"), text, to, due, standing: Standing::Open };
            tx.keep_promise(person, &promise, now).await?;
        }
        Ok(())
    }
}

/// The zone in which the person lives.
pub(super) fn zone(facts: &Values) -> TimeZone {
    facts.get("timezone").and_then(Value::as_text).and_then(zones::by_name).unwrap_or(TimeZone::UTC)
}

/// A value as it is written in scripts.
pub(super) fn read(text: &str, ty: &Type) -> anyhow::Result<Value> {
    ty.read(text).with_context(|| format!("`{text}` is no {}; for example {}", ty.word(), ty.example()))
}
