//! What a person keeps: promises, entries, check-ins, returns, deeds.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

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
        let rows: Vec<(String, i64)> =
            sqlx::query_as("select standing, count(*) from promises where person_id = $1 group by standing")
                .bind(person.0)
                .fetch_all(&mut *self.tx)
                .await?;
        rows.into_iter().map(|(standing, count)| Ok((parsed(&standing, "promises.standing")?, count))).collect()
    }

    /// Keeps a promise.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn keep_promise(&mut self, person: PersonId, promise: &Promise, now: Timestamp) -> Result<()> {
        let Days { made, due } = promise.days.unwrap_or_else(|| days_in_utc(now, promise.due));
        sqlx::query(
            "insert into promises
                 (person_id, id, body, counterpart, due_at, standing, made_at, made_day, due_day, sure)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
             on conflict (person_id, id) do update
             set body = excluded.body, counterpart = excluded.counterpart, due_at = excluded.due_at,
                 standing = excluded.standing, due_day = excluded.due_day, sure = excluded.sure",
        )
        .bind(person.0)
        .bind(&promise.id)
        .bind(self.seal(slot("promises", "body", person, &promise.id), &promise.text))
        .bind(self.seal(slot("promises", "counterpart", person, &promise.id), &promise.to))
        .bind(millis(promise.due))
        .bind(promise.standing.as_str())
        .bind(millis(now))
        .bind(made.to_string())
        .bind(due.to_string())
        .bind(promise.sure)
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// Says how a promise stands, told on that day at that moment; an open one is not settled.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn settle_promise(
        &mut self,
        person: PersonId,
        id: &str,
        standing: Standing,
        (day, now): (Date, Timestamp),
    ) -> Result<()> {
        let is_settled = standing != Standing::Open;
        sqlx::query(
            "update promises set standing = $1, settled_at = $2, settled_day = $3 where person_id = $4 and id = $5",
        )
        .bind(standing.as_str())
        .bind(is_settled.then(|| millis(now)))
        .bind(is_settled.then(|| day.to_string()))
        .bind(person.0)
        .bind(id)
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// Keeps a journal entry.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn keep_entry(&mut self, person: PersonId, entry: &Entry, now: Timestamp) -> Result<()> {
        sqlx::query(
            "insert into entries (person_id, id, kind, title, body, written_at) values ($1, $2, $3, $4, $5, $6)
             on conflict (person_id, id) do update
             set kind = excluded.kind, title = excluded.title, body = excluded.body",
        )
        .bind(person.0)
        .bind(&entry.id)
        .bind(&entry.kind)
        .bind(self.seal(slot("entries", "title", person, &entry.id), &entry.title))
        .bind(self.seal(slot("entries", "body", person, &entry.id), &entry.body))
        .bind(millis(now))
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// How many journal entries are there?
    ///
    /// # Errors
    /// When the database fails.
    pub async fn count_entries(&mut self, person: PersonId) -> Result<i64> {
        let (count,): (i64,) = sqlx::query_as("select count(*) from entries where person_id = $1")
            .bind(person.0)
            .fetch_one(&mut *self.tx)
            .await?;
        Ok(count)
    }

    /// Keeps a check-in; a second one on the same day replaces the first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn keep_checkin(&mut self, person: PersonId, checkin: &CheckIn) -> Result<()> {
        let feeling =
            checkin.feeling.as_ref().map(|text| self.seal(slot("checkins", "feeling", person, &checkin.id), text));
        let note = checkin.note.as_ref().map(|text| self.seal(slot("checkins", "note", person, &checkin.id), text));
        sqlx::query(
            "insert into checkins (person_id, day, id, mood, feeling, note) values ($1, $2, $3, $4, $5, $6)
             on conflict (person_id, day) do update
             set id = excluded.id, mood = excluded.mood, feeling = excluded.feeling, note = excluded.note",
        )
        .bind(person.0)
        .bind(checkin.day.to_string())
        .bind(&checkin.id)
        .bind(checkin.mood)
        .bind(feeling)
        .bind(note)
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// How many check-ins are there, and on which day was the last?
    ///
    /// # Errors
    /// When the database fails.
    pub async fn checkins(&mut self, person: PersonId) -> Result<(i64, Option<Date>)> {
        let (count, last): (i64, Option<String>) =
            sqlx::query_as("select count(*), max(day) from checkins where person_id = $1")
                .bind(person.0)
                .fetch_one(&mut *self.tx)
                .await?;
        Ok((count, last.map(|day| parsed(&day, "checkins.day")).transpose()?))
    }

    /// Keeps that somebody came back.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn keep_return(&mut self, person: PersonId, id: &str, day: Date, away: i64) -> Result<()> {
        sqlx::query(
            "insert into returns (person_id, id, day, away_days) values ($1, $2, $3, $4)
             on conflict (person_id, id) do nothing",
        )
        .bind(person.0)
        .bind(id)
        .bind(day.to_string())
        .bind(away)
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// Keeps a deed.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn keep_deed(&mut self, person: PersonId, deed: &Deed, now: Timestamp) -> Result<()> {
        let about = deed.about.as_ref().map(|text| self.seal(slot("deeds", "about", person, &deed.id), text));
        sqlx::query(
            "insert into deeds (person_id, id, kind, day, at, amount, about) values ($1, $2, $3, $4, $5, $6, $7)
             on conflict (person_id, id) do nothing",
        )
        .bind(person.0)
        .bind(&deed.id)
        .bind(deed.kind.as_str())
        .bind(deed.day.to_string())
        .bind(millis(now))
        .bind(deed.amount)
        .bind(about)
        .execute(&mut *self.tx)
        .await?;
        Ok(())
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
        sqlx::query(delete).bind(person.0).bind(id).execute(&mut *self.tx).await?;
        Ok(())
    }
}

/// The days of a promise of which nobody said where its person is.
fn days_in_utc(made: Timestamp, due: Timestamp) -> Days {
    let day = |at: Timestamp| TimeZone::UTC.to_datetime(at).date();
    Days { made: day(made), due: day(due) }
}
