//! What a batch of turns has to know of its people, in a handful of questions.

use std::collections::HashMap;

use jiff::Timestamp;
use jiff::civil::Date;
use sqlx::AssertSqlSafe;

use super::gather::{Bytes, EACH, Found, add, numbered, read};
use super::pending::size_for;
use super::people::{ACCOUNT, Account, AccountRow, account};
use super::schedules::{DueClaim, Scheduled, columns};
use super::{Dialect, Result, Tx, instant, millis, parsed, to_json};
use crate::engine::Facts;
use crate::practice::promise::Standing;
use crate::practice::reminder::PREFIX;
use crate::types::{PersonId, Platform, Private};

/// How many people are asked about at once, at most.
pub const MANY: usize = 256;

/// Where somebody stands and what is known of them.
#[derive(Clone, Debug)]
pub struct Known {
    /// When they first came.
    pub since: Timestamp,
    /// Where they stand, as JSON; nothing for a newcomer.
    pub state: Option<Private>,
    /// The language of their chat app is that of an account, and not in here.
    pub facts: Facts,
}

/// A schedule that is due, and the account to write to.
#[derive(Clone, Debug)]
pub struct DueNow {
    /// The schedule.
    pub schedule: Scheduled,
    /// Where its person is.
    pub account: Account,
    /// This firing happened before.
    pub settled: bool,
}

impl Tx {
    /// Who has these accounts of a platform? At most [`MANY`].
    ///
    /// # Errors
    /// When the database fails.
    pub async fn accounts(&mut self, platform: Platform, ext_ids: &[&str]) -> Result<HashMap<String, Account>> {
        let Some(last) = ext_ids.last() else { return Ok(HashMap::new()) };
        let dialect = self.dialect;
        let sql = |list: &str| {
            let from = format!("accounts where platform = '{platform}' and ext_id in ({list})");
            AssertSqlSafe(format!("select {}", dialect.rows(ACCOUNT, &from, "id")))
        };
        let (rows,): (String,) = match dialect {
            Dialect::Sqlite => {
                let list = to_json(&ext_ids, "accounts.ext_id")?;
                sqlx::query_as(sql(EACH)).bind(list).fetch_one(&mut *self.tx).await?
            }
            Dialect::Postgres => {
                let count = size_for(ext_ids.len());
                let query = sqlx::query_as(sql(&numbered(1, count)));
                let filled = ext_ids.iter().chain(std::iter::repeat(last)).take(count);
                filled.fold(query, |query, id| query.bind((*id).to_owned())).fetch_one(&mut *self.tx).await?
            }
        };
        let rows: Vec<AccountRow> = read(&rows, "accounts")?;
        rows.into_iter().map(|row| account(row).map(|account| (account.ext_id.clone(), account))).collect()
    }

    /// Where do these people stand, and what is known of them? At most [`MANY`].
    ///
    /// # Errors
    /// When the database fails.
    pub async fn people(&mut self, people: &[PersonId], now: Timestamp) -> Result<HashMap<PersonId, Result<Known>>> {
        self.flush().await?;
        let (dialect, now) = (self.dialect, millis(now));
        let questions = |list: &str| QUESTIONS.map(|question| question(dialect, list, now)).join(",\n");
        let asked = |list: &str| format!("select {}", questions(list));
        let answers: Vec<(String, String, String, String, String, String)> = self.about(people, asked).await?;
        let Some((states, facts, promises, counts, schedules, reminders)) = answers.into_iter().next() else {
            return Ok(HashMap::new());
        };
        let mut known = self.known_states(&states)?;
        self.add_facts(&facts, &mut known)?;
        self.add_promises(&promises, &mut known)?;
        add_counts(&counts, &mut known)?;
        add_schedules(&schedules, &mut known)?;
        self.add_reminders(&reminders, &mut known)?;
        Ok(known)
    }

    fn known_states(&self, rows: &str) -> Result<People> {
        let rows: Vec<(i64, i64, Option<Bytes>)> = read(rows, "states")?;
        let one = |(person, since, body): (i64, i64, Option<Bytes>)| {
            let person = PersonId(person);
            let known = (|| {
                let state = body.map(|Bytes(body)| self.open_state(person, &body)).transpose()?;
                Ok(Known { since: instant(since)?, state, facts: Facts::default() })
            })();
            (person, known)
        };
        Ok(rows.into_iter().map(one).collect())
    }

    fn add_facts(&self, rows: &str, known: &mut People) -> Result<()> {
        let rows: Vec<(i64, String, Bytes)> = read(rows, "facts")?;
        for (person, name, Bytes(sealed)) in rows {
            let value = self.open_fact(PersonId(person), &name, &sealed);
            add(known, person, value, |known, value| _ = known.facts.me.insert(name, value));
        }
        Ok(())
    }

    fn add_promises(&self, rows: &str, known: &mut People) -> Result<()> {
        let rows: Vec<PromiseRow> = read(rows, "promises")?;
        for (person, id, Bytes(body), Bytes(counterpart), due, sure) in rows {
            let promise = self.open_promise(PersonId(person), (id, body, counterpart, due, sure));
            add(known, person, promise, |known, promise| known.facts.promises.push(promise));
        }
        Ok(())
    }

    /// The people's own reminders, the one that comes first in front.
    fn add_reminders(&self, rows: &str, known: &mut People) -> Result<()> {
        for row in read::<super::schedules::Row>(rows, "schedules")? {
            let (person, scheduled) = (row.person().0, self.scheduled(row));
            add(known, person, scheduled, |known, one| known.facts.reminders.extend(one.plan.reminder(one.next.at)));
        }
        Ok(())
    }

    /// The schedules behind these claims, in their order, with where their people are: nothing for one that has changed or
    /// been put off since, or whose person has no account left. At most [`MANY`].
    ///
    /// # Errors
    /// When the database fails.
    pub async fn claimed_schedules(
        &mut self,
        claims: &[DueClaim],
        now: Timestamp,
    ) -> Result<Vec<Result<Option<DueNow>>>> {
        self.flush().await?;
        let ids: Vec<PersonId> = claims.iter().map(|claim| PersonId(claim.schedule)).collect();
        let now = millis(now);
        let due = |dialect: Dialect, list: &str| {
            let from = format!("schedules where id in ({list}) and state = 'active' and wake_at <= {now}");
            dialect.rows(&columns(dialect), &from, "id")
        };
        let rows: Vec<super::schedules::Row> = self.rows_about(&ids, "schedules", due).await?;
        let people: Vec<PersonId> = rows.iter().map(super::schedules::Row::person).collect();
        let accounts = self.accounts_to_write_to(&people).await?;
        let settled = self.settled_firings(&rows).await?;
        let mut found: HashMap<i64, Result<Scheduled>> =
            rows.into_iter().map(|row| (row.id, self.scheduled(row))).collect();
        let one = |claim: &DueClaim| match found.remove(&claim.schedule) {
            None => Ok(None),
            Some(Err(error)) => Err(error),
            Some(Ok(schedule)) => {
                let same = schedule.version == claim.version && schedule.next.at == claim.due;
                let account = accounts.get(&schedule.person).filter(|_| same).cloned();
                let settled = settled.contains(&schedule.id);
                Ok(account.map(|account| DueNow { schedule, account, settled }))
            }
        };
        Ok(claims.iter().map(one).collect())
    }

    /// Everything of these people that is due, by person, the earliest first. What cannot be read is left to its own turn.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn all_due(&mut self, people: &[PersonId], now: Timestamp) -> Result<HashMap<PersonId, Vec<Scheduled>>> {
        let now = millis(now);
        let due = |dialect: Dialect, list: &str| {
            let from = format!("schedules where person_id in ({list}) and state = 'active' and wake_at <= {now}");
            dialect.rows(&columns(dialect), &from, "due_at, id")
        };
        let rows: Vec<super::schedules::Row> = self.rows_about(people, "schedules", due).await?;
        let mut found: HashMap<PersonId, Vec<Scheduled>> = HashMap::new();
        for row in rows {
            let person = row.person();
            found.entry(person).or_default().extend(self.scheduled(row).ok());
        }
        Ok(found)
    }

    /// The account of each person that was used last and is still there.
    async fn accounts_to_write_to(&mut self, people: &[PersonId]) -> Result<HashMap<PersonId, Account>> {
        let active = |dialect: Dialect, list: &str| {
            let from = format!("accounts where person_id in ({list}) and state = 'active'");
            dialect.rows(ACCOUNT, &from, "last_used_at desc, id")
        };
        let rows: Vec<AccountRow> = self.rows_about(people, "accounts", active).await?;
        let mut accounts = HashMap::new();
        for row in rows {
            let found = account(row)?;
            accounts.entry(found.person).or_insert(found);
        }
        Ok(accounts)
    }

    /// Which of these schedules have had their present firing before? One that is held back has not.
    async fn settled_firings(&mut self, rows: &[super::schedules::Row]) -> Result<Vec<i64>> {
        let Some(last) = rows.last() else { return Ok(Vec::new()) };
        let count = size_for(rows.len());
        let sql = format!(
            "with v(id, civil) as (values {})
             select o.schedule_id from occurrences o join v on v.id = o.schedule_id and v.civil = o.civil
             where o.outcome not in ('quiet', 'tomorrow', 'queued')",
            self.dialect.places(count, 2)
        );
        let filled = rows.iter().chain(std::iter::repeat(last)).take(count);
        let query =
            filled.fold(sqlx::query_as(AssertSqlSafe(sql)), |query, row| query.bind(row.id).bind(row.civil.clone()));
        let found: Vec<(i64,)> = query.fetch_all(&mut *self.tx).await?;
        Ok(found.into_iter().map(|(id,)| id).collect())
    }
}

/// Whose, its id, what was promised, to whom, until when, and how sure they were.
type PromiseRow = (i64, String, Bytes, Bytes, i64, Option<i64>);

type People = Found<Known>;

fn add_counts(rows: &str, known: &mut People) -> Result<()> {
    let rows: Vec<(i64, String, i64, Option<String>)> = read(rows, "promises.standing")?;
    for (person, what, n, last) in rows {
        match what.as_str() {
            "checkins" => {
                let day: Result<Option<Date>> = last.map(|day| parsed(&day, "checkins.day")).transpose();
                add(known, person, day, |known, day| {
                    (known.facts.checkins, known.facts.last_checkin) = (n, day);
                });
            }
            "entries" => add(known, person, Ok(n), |known, n| known.facts.entries = n),
            standing => {
                let standing: Result<Standing> = parsed(standing, "promises.standing");
                add(known, person, standing, |known, standing| _ = known.facts.counts.insert(standing, n));
            }
        }
    }
    Ok(())
}

fn add_schedules(rows: &str, known: &mut People) -> Result<()> {
    let rows: Vec<(i64, String)> = read(rows, "schedules.name")?;
    for (person, name) in rows {
        add(known, person, Ok(name), |known, name| known.facts.schedules.push(name));
    }
    // Databases differ in what they take for the order of letters.
    known.values_mut().flatten().for_each(|known| known.facts.schedules.sort_unstable());
    Ok(())
}

/// Writes a question about people, at an instant, for the columns of one row.
type Question = fn(Dialect, &str, i64) -> String;

/// What is asked about people before a turn, in the order of the answers.
const QUESTIONS: [Question; 6] = [states, facts, promises, counts, schedules, reminders];

fn states(dialect: Dialect, list: &str, _: i64) -> String {
    let columns = format!("p.id, p.created_at, {}", dialect.bytes("s.body"));
    let from = format!("persons p left join states s on s.person_id = p.id where p.id in ({list})");
    dialect.rows(&columns, &from, "p.id")
}

fn facts(dialect: Dialect, list: &str, now: i64) -> String {
    let columns = format!("person_id, name, {}", dialect.bytes("value"));
    let from = format!("facts where person_id in ({list}) and (kept_until is null or kept_until > {now})");
    dialect.rows(&columns, &from, "person_id")
}

fn promises(dialect: Dialect, list: &str, _: i64) -> String {
    let columns = format!("person_id, id, {}, {}, due_at, sure", dialect.bytes("body"), dialect.bytes("counterpart"));
    let from = format!("promises where person_id in ({list}) and standing = 'open'");
    dialect.rows(&columns, &from, "due_at, id")
}

fn counts(dialect: Dialect, list: &str, _: i64) -> String {
    let from = format!(
        "(select person_id, standing as what, count(*) as n, null as last from promises
          where person_id in ({list}) group by person_id, standing
          union all select person_id, 'checkins', count(*), max(day) from checkins
          where person_id in ({list}) group by person_id
          union all select person_id, 'entries', count(*), null from entries
          where person_id in ({list}) group by person_id) as counted"
    );
    dialect.rows("person_id, what, n, last", &from, "person_id")
}

fn schedules(dialect: Dialect, list: &str, _: i64) -> String {
    let from = format!("schedules where person_id in ({list}) and state = 'active'");
    dialect.rows("person_id, name", &from, "id")
}

fn reminders(dialect: Dialect, list: &str, _: i64) -> String {
    let from = format!("schedules where person_id in ({list}) and state = 'active' and name like '{PREFIX}%'");
    dialect.rows(&columns(dialect), &from, "due_at, id")
}
