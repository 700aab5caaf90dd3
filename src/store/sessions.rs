//! Where a person stands in their scripts, and facts about them.

use jiff::Timestamp;
use serde::Serialize;

use super::pending::{Fact, Stand};
use super::{Result, Tx, millis};
use crate::types::{PersonId, Private, Value, Values};
use crate::vault::Slot;

/// The version of the state's JSON.
const FORMAT: i64 = crate::engine::state::FORMAT as i64;

fn state_slot(person: PersonId) -> Slot<'static> {
    Slot { table: "states", column: "body", person: Some(person), row: "" }
}

fn fact_slot(person: PersonId, name: &str) -> Slot<'_> {
    Slot { table: "facts", column: "value", person: Some(person), row: name }
}

impl Tx {
    /// Where does this person stand, as JSON? `None` for a newcomer.
    ///
    /// # Errors
    /// When the database fails or the text cannot be opened.
    pub async fn state(&mut self, person: PersonId) -> Result<Option<Private>> {
        self.flush().await?;
        let row: Option<(Vec<u8>,)> = sqlx::query_as("select body from states where person_id = $1")
            .bind(person.0)
            .fetch_optional(&mut *self.tx)
            .await?;
        row.map(|(body,)| self.open(state_slot(person), &body)).transpose()
    }

    /// Where do people stand, as JSON? At most `limit` of them, in the order of their ids, after `after`.
    ///
    /// # Errors
    /// When the database fails or a text cannot be opened.
    pub async fn states_after(&mut self, after: PersonId, limit: i64) -> Result<Vec<(PersonId, Private)>> {
        self.flush().await?;
        let rows: Vec<(i64, Vec<u8>)> =
            sqlx::query_as("select person_id, body from states where person_id > $1 order by person_id limit $2")
                .bind(after.0)
                .bind(limit)
                .fetch_all(&mut *self.tx)
                .await?;
        rows.into_iter()
            .map(|(person, body)| Ok((PersonId(person), self.open(state_slot(PersonId(person)), &body)?)))
            .collect()
    }

    pub(super) fn open_state(&self, person: PersonId, body: &[u8]) -> Result<Private> {
        self.open(state_slot(person), body)
    }

    pub(super) fn open_fact(&self, person: PersonId, name: &str, sealed: &[u8]) -> Result<Value> {
        self.open_json(fact_slot(person, name), sealed)
    }

    /// Keeps where this person stands.
    ///
    /// # Errors
    /// When the database fails.
    pub fn keep_state<T: Serialize>(&mut self, person: PersonId, state: &T, now: Timestamp) -> Result<()> {
        let body = self.seal_json(state_slot(person), state)?;
        self.pending.states.insert(person.0, Stand { format: FORMAT, body, at: millis(now) });
        Ok(())
    }

    /// What is known of this person at this time?
    ///
    /// # Errors
    /// When the database fails or a fact cannot be read.
    pub async fn facts(&mut self, person: PersonId, now: Timestamp) -> Result<Values> {
        self.flush().await?;
        let rows: Vec<(String, Vec<u8>)> = sqlx::query_as(
            "select name, value from facts where person_id = $1 and (kept_until is null or kept_until > $2)",
        )
        .bind(person.0)
        .bind(millis(now))
        .fetch_all(&mut *self.tx)
        .await?;
        rows.into_iter()
            .map(|(name, sealed)| {
                let value = self.open_fact(person, &name, &sealed)?;
                Ok((name, value))
            })
            .collect()
    }

    /// Keeps a fact, for ever or until it is to be forgotten.
    ///
    /// # Errors
    /// When it cannot be sealed.
    pub fn keep_fact(&mut self, person: PersonId, name: &str, value: &Value, until: Option<Timestamp>) -> Result<()> {
        let fact = Fact { value: self.seal_json(fact_slot(person, name), value)?, kept_until: until.map(millis) };
        self.pending.facts.insert((person.0, name.to_owned()), Some(fact));
        Ok(())
    }

    /// Deletes facts that were to be forgotten by now.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn forget_facts(&mut self, now: Timestamp) -> Result<()> {
        sqlx::query("delete from facts where kept_until is not null and kept_until <= $1")
            .bind(millis(now))
            .execute(&mut *self.tx)
            .await?;
        Ok(())
    }

    /// Drops a fact.
    pub fn drop_fact(&mut self, person: PersonId, name: &str) {
        self.pending.facts.insert((person.0, name.to_owned()), None);
    }
}
