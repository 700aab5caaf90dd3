//! What a person keeps: promises, entries, check-ins, returns, deeds.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::pending::{CheckInKept, DeedKept, EntryKept, PromiseKept, ReturnKept, Settled};
use super::{Result, Tx, instant, millis, parsed};
use crate::engine::{CheckIn, Entry, Kept};
use crate::practice::deed::Deed;
use crate::practice::promise::{Days, Promise, Standing};
use crate::types::PersonId;
use crate::vault::Slot;

pub(super) fn slot<'a>(table: &'static str, column: &'static str, person: PersonId, row: &'a str) -> Slot<'a> {
    Slot { table, column, person: Some(person), row }
}

/// An open promise: its id, what was promised, to whom, until when, and how sure they were.
pub(super) type PromiseRow = (String, Vec<u8>, Vec<u8>, i64, Option<i64>);

impl Tx {
    /// Which promises are open, the earliest due first?
    ///
    /// # Errors
    /// When the database fails or a promise cannot be read.
    pub async fn open_promises(&mut self, person: PersonId) -> Result<Vec<Promise>> {
        self.flush().await?;
        let rows: Vec<PromiseRow> = sqlx::query_as(
            "select id, body, counterpart, due_at, sure from promises
             where person_id = $1 and standing = 'open' order by due_at, id",
        )
        .bind(person.0)
        .fetch_all(&mut *self.tx)
        .await?;
        rows.into_iter().map(|row| self.open_promise(person, row)).collect()
    }

    /// An open promise as it stands in its row.
    pub(super) fn open_promise(&self, person: PersonId, row: PromiseRow) -> Result<Promise> {
        let (id, body, counterpart, due, sure) = row;
        let text = self.open(slot("promises", "body", person, &id), &body)?;
        let to = self.open(slot("promises", "counterpart", person, &id), &counterpart)?;
        Ok(Promise { text, to, due: instant(due)?, standing: Standing::Open, sure, days: None, id })
    }

    /// How many promises stand how?
    ///
    /// # Errors
    /// When the database fails.
    pub async fn promise_counts(&mut self, person: PersonId) -> Result<BTreeMap<Standing, i64>> {
        self.flush().await?;
        let rows: Vec<(String, i64)> =
            sqlx::query_as("select standing, count(*) from promises where person_id = $1 group by standing")
                .bind(person.0)
                .fetch_all(&mut *self.tx)
                .await?;
        rows.into_iter().map(|(standing, count)| Ok((parsed(&standing, "promises.standing")?, count))).collect()
    }

    /// Keeps a promise.
    pub fn keep_promise(&mut self, person: PersonId, promise: &Promise, now: Timestamp) {
        let Days { made, due } = promise.days.unwrap_or_else(|| days_in_utc(now, promise.due));
        let kept = PromiseKept {
            body: self.seal(slot("promises", "body", person, &promise.id), &promise.text),
            counterpart: self.seal(slot("promises", "counterpart", person, &promise.id), &promise.to),
            due_at: millis(promise.due),
            standing: promise.standing.as_str(),
            made_at: millis(now),
            made_day: made.to_string(),
            due_day: due.to_string(),
            sure: promise.sure,
        };
        let key = (person.0, promise.id.clone());
        self.pending.settled.remove(&key);
        self.pending.promises.insert(key, kept);
    }

    /// Says how a promise stands, told on that day at that moment; an open one is not settled.
    pub fn settle_promise(&mut self, person: PersonId, id: &str, standing: Standing, (day, now): (Date, Timestamp)) {
        let is_settled = standing != Standing::Open;
        let settled = Settled {
            standing: standing.as_str(),
            at: is_settled.then(|| millis(now)),
            day: is_settled.then(|| day.to_string()),
        };
        self.pending.settled.insert((person.0, id.to_owned()), settled);
    }

    /// Keeps a journal entry.
    pub fn keep_entry(&mut self, person: PersonId, entry: &Entry, now: Timestamp) {
        let kept = EntryKept {
            kind: entry.kind.clone(),
            title: self.seal(slot("entries", "title", person, &entry.id), &entry.title),
            body: self.seal(slot("entries", "body", person, &entry.id), &entry.body),
            written_at: millis(now),
        };
        self.pending.entries.insert((person.0, entry.id.clone()), kept);
    }

    /// How many journal entries are there?
    ///
    /// # Errors
    /// When the database fails.
    pub async fn count_entries(&mut self, person: PersonId) -> Result<i64> {
        self.flush().await?;
        let (count,): (i64,) = sqlx::query_as("select count(*) from entries where person_id = $1")
            .bind(person.0)
            .fetch_one(&mut *self.tx)
            .await?;
        Ok(count)
    }

    /// Keeps a check-in; a second one on the same day replaces the first.
    pub fn keep_checkin(&mut self, person: PersonId, checkin: &CheckIn) {
        let feeling =
            checkin.feeling.as_ref().map(|text| self.seal(slot("checkins", "feeling", person, &checkin.id), text));
        let note = checkin.note.as_ref().map(|text| self.seal(slot("checkins", "note", person, &checkin.id), text));
        let kept = CheckInKept { id: checkin.id.clone(), mood: checkin.mood, feeling, note };
        self.pending.checkins.insert((person.0, checkin.day.to_string()), kept);
    }

    /// How many check-ins are there, and on which day was the last?
    ///
    /// # Errors
    /// When the database fails.
    pub async fn checkins(&mut self, person: PersonId) -> Result<(i64, Option<Date>)> {
        self.flush().await?;
        let (count, last): (i64, Option<String>) =
            sqlx::query_as("select count(*), max(day) from checkins where person_id = $1")
                .bind(person.0)
                .fetch_one(&mut *self.tx)
                .await?;
        Ok((count, last.map(|day| parsed(&day, "checkins.day")).transpose()?))
    }

    /// Keeps that somebody came back.
    pub fn keep_return(&mut self, person: PersonId, id: &str, day: Date, away: i64) {
        let kept = ReturnKept { day: day.to_string(), away_days: away };
        self.pending.returns.entry((person.0, id.to_owned())).or_insert(kept);
    }

    /// Keeps a deed.
    pub fn keep_deed(&mut self, person: PersonId, deed: &Deed, now: Timestamp) {
        let about = deed.about.as_ref().map(|text| self.seal(slot("deeds", "about", person, &deed.id), text));
        let (kind, day) = (deed.kind.as_str(), deed.day.to_string());
        let kept = DeedKept { kind, day, at: millis(now), amount: deed.amount, about };
        self.pending.deeds.entry((person.0, deed.id.clone())).or_insert(kept);
    }

    /// Takes back something kept.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn withdraw(&mut self, person: PersonId, kind: Kept, id: &str) -> Result<()> {
        let delete = match kind {
            Kept::Entry => "delete from entries where person_id = $1 and id = $2",
            Kept::Promise => "delete from promises where person_id = $1 and id = $2",
            Kept::CheckIn => "delete from checkins where person_id = $1 and id = $2",
            Kept::Deed => "delete from deeds where person_id = $1 and id = $2",
        };
        self.flush().await?;
        sqlx::query(delete).bind(person.0).bind(id).execute(&mut *self.tx).await?;
        Ok(())
    }
}

/// The days of a promise of which nobody said where its person is.
fn days_in_utc(made: Timestamp, due: Timestamp) -> Days {
    let day = |at: Timestamp| TimeZone::UTC.to_datetime(at).date();
    Days { made: day(made), due: day(due) }
}
