//! What people did, day by day, in one question. Only for turns that need it.

use jiff::civil::Date;

use super::gather::{Bytes, Found, add, read};
use super::practices::slot;
use super::{Dialect, Result, Tx, parsed};
use crate::practice::deed::mark;
use crate::practice::history::{CheckedIn, Done, History, Promised, Returned};
use crate::types::PersonId;

/// Whose, the day, and how they were.
type CheckInRow = (i64, String, Option<i64>);
/// Whose, a promise's id, its days, how it stands and how sure they were.
type PromiseRow = (i64, String, String, String, String, Option<String>, Option<i64>);
/// Whose, a return's id, its day, and how many days they were away.
type ReturnRow = (i64, String, String, i64);
/// Whose, a deed's id, kind, day, number and what it was about.
type DeedRow = (i64, String, String, String, Option<i64>, Option<Bytes>);

impl Tx {
    /// What did these people do, day by day? Each with the day that it is on their own calendar.
    ///
    /// # Errors
    /// When the database fails. A row that cannot be read spoils the history of its person and nobody else's.
    pub async fn histories(&mut self, people: &[(PersonId, Date)]) -> Result<Found<History>> {
        self.flush().await?;
        let ids: Vec<PersonId> = people.iter().map(|(person, _)| *person).collect();
        let dialect = self.dialect;
        let asked = |list: &str| format!("select {}", QUESTIONS.map(|question| question(dialect, list)).join(",\n"));
        let answers: Vec<(String, String, String, String)> = self.about(&ids, asked).await?;
        let nothing = |today: Date| History {
            today,
            checkins: Vec::new(),
            promises: Vec::new(),
            returns: Vec::new(),
            deeds: Vec::new(),
        };
        let mut found: Found<History> = people.iter().map(|(person, today)| (*person, Ok(nothing(*today)))).collect();
        let Some((checkins, promises, returns, deeds)) = answers.into_iter().next() else { return Ok(found) };
        for row in read::<CheckInRow>(&checkins, "checkins")? {
            add(&mut found, row.0, checked_in(&row), |history, one| history.checkins.push(one));
        }
        for row in read::<PromiseRow>(&promises, "promises")? {
            add(&mut found, row.0, promised(row), |history, one| history.promises.push(one));
        }
        for row in read::<ReturnRow>(&returns, "returns")? {
            add(&mut found, row.0, returned(row), |history, one| history.returns.push(one));
        }
        for row in read::<DeedRow>(&deeds, "deeds")? {
            add(&mut found, row.0, self.done(row), |history, one| history.deeds.push(one));
        }
        Ok(found)
    }

    fn done(&self, (person, id, kind, day, amount, about): DeedRow) -> Result<Done> {
        let slot = slot("deeds", "about", PersonId(person), &id);
        let about = about.map(|Bytes(sealed)| self.open(slot, &sealed)).transpose()?;
        let (kind, day) = (parsed(&kind, "deeds.kind")?, parsed(&day, "deeds.day")?);
        Ok(Done { id, kind, day, amount, about: about.map(|words| mark(words.reveal())) })
    }
}

fn checked_in((_, day, mood): &CheckInRow) -> Result<CheckedIn> {
    Ok(CheckedIn { day: parsed(day, "checkins.day")?, mood: *mood })
}

fn promised((_, id, made, due, standing, settled, sure): PromiseRow) -> Result<Promised> {
    Ok(Promised {
        id,
        made: parsed(&made, "promises.made_day")?,
        due: parsed(&due, "promises.due_day")?,
        standing: parsed(&standing, "promises.standing")?,
        settled: settled.map(|day| parsed(&day, "promises.settled_day")).transpose()?,
        sure,
    })
}

fn returned((_, id, day, away): ReturnRow) -> Result<Returned> {
    Ok(Returned { id, day: parsed(&day, "returns.day")?, away })
}

/// What is asked, in the order of the answers.
const QUESTIONS: [fn(Dialect, &str) -> String; 4] = [
    |dialect, list| dialect.rows("person_id, day, mood", &format!("checkins where person_id in ({list})"), "day"),
    |dialect, list| {
        let columns = "person_id, id, made_day, due_day, standing, settled_day, sure";
        dialect.rows(columns, &format!("promises where person_id in ({list})"), "made_at, id")
    },
    |dialect, list| {
        dialect.rows("person_id, id, day, away_days", &format!("returns where person_id in ({list})"), "day, id")
    },
    |dialect, list| {
        let columns = format!("person_id, id, kind, day, amount, {}", dialect.bytes("about"));
        dialect.rows(&columns, &format!("deeds where person_id in ({list})"), "at, id")
    },
];
