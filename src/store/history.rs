//! What somebody did, day by day: a question for each kind. Only for turns that need it.

use jiff::civil::Date;

use super::practices::slot;
use super::{Result, Tx, parsed};
use crate::practice::deed::mark;
use crate::practice::history::{CheckedIn, Done, History, Promised, Returned};
use crate::types::PersonId;

/// A promise's id, its days, how it stands and how sure they were.
type PromiseRow = (String, String, String, String, Option<String>, Option<i64>);
/// A deed's id, kind, day, number and what it was about.
type DeedRow = (String, String, String, Option<i64>, Option<Vec<u8>>);

impl Tx {
    /// What did this person do, day by day? `today` is the day on their own calendar.
    ///
    /// # Errors
    /// When the database fails or a row cannot be read.
    pub async fn history(&mut self, person: PersonId, today: Date) -> Result<History> {
        Ok(History {
            today,
            checkins: self.days_checked_in(person).await?,
            promises: self.promises_by_day(person).await?,
            returns: self.returns(person).await?,
            deeds: self.deeds(person).await?,
        })
    }

    async fn days_checked_in(&mut self, person: PersonId) -> Result<Vec<CheckedIn>> {
        let rows: Vec<(String, Option<i64>)> =
            sqlx::query_as("select day, mood from checkins where person_id = $1 order by day")
                .bind(person.0)
                .fetch_all(&mut *self.tx)
                .await?;
        rows.into_iter().map(|(day, mood)| Ok(CheckedIn { day: parsed(&day, "checkins.day")?, mood })).collect()
    }

    async fn promises_by_day(&mut self, person: PersonId) -> Result<Vec<Promised>> {
        let rows: Vec<PromiseRow> = sqlx::query_as(
            "select id, made_day, due_day, standing, settled_day, sure from promises
             where person_id = $1 order by made_at, id",
        )
        .bind(person.0)
        .fetch_all(&mut *self.tx)
        .await?;
        let promised = |(id, made, due, standing, settled, sure): PromiseRow| {
            Ok(Promised {
                id,
                made: parsed(&made, "promises.made_day")?,
                due: parsed(&due, "promises.due_day")?,
                standing: parsed(&standing, "promises.standing")?,
                settled: settled.map(|day| parsed(&day, "promises.settled_day")).transpose()?,
                sure,
            })
        };
        rows.into_iter().map(promised).collect()
    }

    async fn returns(&mut self, person: PersonId) -> Result<Vec<Returned>> {
        let rows: Vec<(String, String, i64)> =
            sqlx::query_as("select id, day, away_days from returns where person_id = $1 order by day, id")
                .bind(person.0)
                .fetch_all(&mut *self.tx)
                .await?;
        rows.into_iter().map(|(id, day, away)| Ok(Returned { id, day: parsed(&day, "returns.day")?, away })).collect()
    }

    async fn deeds(&mut self, person: PersonId) -> Result<Vec<Done>> {
        let rows: Vec<DeedRow> =
            sqlx::query_as("select id, kind, day, amount, about from deeds where person_id = $1 order by at, id")
                .bind(person.0)
                .fetch_all(&mut *self.tx)
                .await?;
        let done = |(id, kind, day, amount, about): DeedRow| {
            let about = about.map(|sealed| self.open(slot("deeds", "about", person, &id), &sealed)).transpose()?;
            let (kind, day) = (parsed(&kind, "deeds.kind")?, parsed(&day, "deeds.day")?);
            Ok(Done { id, kind, day, amount, about: about.map(|words| mark(words.reveal())) })
        };
        rows.into_iter().map(done).collect()
    }
}
