//! What a batch of turns has to know of its people, in a handful of questions.

use std::collections::HashMap;

use jiff::Timestamp;
use jiff::civil::Date;
use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, FromRow};

use super::pending::size_for;
use super::people::{Account, AccountRow, account};
use super::schedules::{DueClaim, Scheduled};
use super::{Dialect, Result, StoreError, Tx, instant, millis, parsed};
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
        let count = size_for(ext_ids.len());
        let sql = format!(
            "select id, person_id, platform, ext_id, home_place, state, language, last_used_at from accounts
             where platform = $1 and ext_id in ({})",
            numbered(2, count)
        );
        let query = sqlx::query_as(AssertSqlSafe(sql)).bind(platform.as_str());
        let filled = ext_ids.iter().chain(std::iter::repeat(last)).take(count);
        let query = filled.fold(query, |query, id| query.bind((*id).to_owned()));
        let rows: Vec<AccountRow> = query.fetch_all(&mut *self.tx).await?;
        rows.into_iter().map(|row| account(row).map(|account| (account.ext_id.clone(), account))).collect()
    }

    /// Where do these people stand, and what is known of them? At most [`MANY`].
    ///
    /// # Errors
    /// When the database fails.
    pub async fn people(&mut self, people: &[PersonId], now: Timestamp) -> Result<HashMap<PersonId, Result<Known>>> {
        self.flush().await?;
        let states: Vec<(i64, i64, Option<Vec<u8>>)> = self
            .about(people, |list| {
                format!(
                    "select p.id, p.created_at, s.body from persons p left join states s on s.person_id = p.id
                     where p.id in ({list})"
                )
            })
            .await?;
        let mut known = HashMap::with_capacity(people.len());
        for (person, since, body) in states {
            let person = PersonId(person);
            let one = (|| {
                let state = body.map(|body| self.open_state(person, &body)).transpose()?;
                Ok(Known { since: instant(since)?, state, facts: Facts::default() })
            })();
            known.insert(person, one);
        }
        self.add_facts(people, now, &mut known).await?;
        self.add_promises(people, &mut known).await?;
        self.add_counts(people, &mut known).await?;
        self.add_schedules(people, &mut known).await?;
        self.add_reminders(people, &mut known).await?;
        Ok(known)
    }

    async fn add_facts(&mut self, people: &[PersonId], now: Timestamp, known: &mut People) -> Result<()> {
        // A row from the database costs more than what is in it: one for each person.
        let line = match self.dialect {
            Dialect::Sqlite => "group_concat(name || ' ' || hex(value), char(10))",
            Dialect::Postgres => "string_agg(name || ' ' || encode(value, 'hex'), chr(10))",
        };
        let now = millis(now);
        let facts = |list: &str| {
            format!(
                "select person_id, {line} from facts
                 where person_id in ({list}) and (kept_until is null or kept_until > {now}) group by person_id"
            )
        };
        let rows: Vec<(i64, String)> = self.about(people, facts).await?;
        for (person, lines) in rows {
            for (name, sealed) in lines.lines().filter_map(|line| line.split_once(' ')) {
                let sealed = bytes(sealed).ok_or(StoreError::Corrupt("facts.value"));
                let value = sealed.and_then(|sealed| self.open_fact(PersonId(person), name, &sealed));
                add(known, person, value, |facts, value| _ = facts.me.insert(name.to_owned(), value));
            }
        }
        Ok(())
    }

    async fn add_promises(&mut self, people: &[PersonId], known: &mut People) -> Result<()> {
        let rows: Vec<PromiseRow> = self
            .about(people, |list| {
                format!(
                    "select person_id, id, body, counterpart, due_at, sure from promises
                     where person_id in ({list}) and standing = 'open' order by due_at, id"
                )
            })
            .await?;
        for (person, id, body, counterpart, due, sure) in rows {
            let promise = self.open_promise(PersonId(person), (id, body, counterpart, due, sure));
            add(known, person, promise, |facts, promise| facts.promises.push(promise));
        }
        Ok(())
    }

    async fn add_counts(&mut self, people: &[PersonId], known: &mut People) -> Result<()> {
        let rows: Vec<(i64, String, i64, Option<String>)> = self
            .about(people, |list| {
                format!(
                    "select person_id, standing as what, count(*) as n, null as last from promises
                     where person_id in ({list}) group by person_id, standing
                     union all select person_id, 'checkins', count(*), max(day) from checkins
                     where person_id in ({list}) group by person_id
                     union all select person_id, 'entries', count(*), null from entries
                     where person_id in ({list}) group by person_id"
                )
            })
            .await?;
        for (person, what, n, last) in rows {
            match what.as_str() {
                "checkins" => {
                    let day: Result<Option<Date>> = last.map(|day| parsed(&day, "checkins.day")).transpose();
                    add(known, person, day, |facts, day| (facts.checkins, facts.last_checkin) = (n, day));
                }
                "entries" => add(known, person, Ok(n), |facts, n| facts.entries = n),
                standing => {
                    let standing: Result<Standing> = parsed(standing, "promises.standing");
                    add(known, person, standing, |facts, standing| _ = facts.counts.insert(standing, n));
                }
            }
        }
        Ok(())
    }

    async fn add_schedules(&mut self, people: &[PersonId], known: &mut People) -> Result<()> {
        let names = match self.dialect {
            Dialect::Sqlite => "group_concat(name, char(10))",
            Dialect::Postgres => "string_agg(name, chr(10))",
        };
        let active = |list: &str| {
            format!(
                "select person_id, {names} from schedules where person_id in ({list}) and state = 'active' group by person_id"
            )
        };
        let rows: Vec<(i64, String)> = self.about(people, active).await?;
        for (person, names) in rows {
            let mut names: Vec<String> = names.lines().map(str::to_owned).collect();
            names.sort_unstable();
            add(known, person, Ok(names), |facts, names| facts.schedules = names);
        }
        Ok(())
    }

    /// The people's own reminders, the one that comes first in front.
    async fn add_reminders(&mut self, people: &[PersonId], known: &mut People) -> Result<()> {
        let own = |list: &str| {
            format!(
                "select id, person_id, name, run, rule, if_busy, late_s, chosen, version, civil, due_at from schedules
                 where person_id in ({list}) and state = 'active' and name like '{PREFIX}%' order by due_at, id"
            )
        };
        let rows: Vec<super::schedules::Row> = self.about(people, own).await?;
        for row in rows {
            let (person, scheduled) = (row.person().0, self.scheduled(row));
            add(known, person, scheduled, |facts, one| facts.reminders.extend(one.plan.reminder(one.next.at)));
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
        let rows: Vec<super::schedules::Row> = self
            .about(&ids, |list| {
                format!(
                    "select id, person_id, name, run, rule, if_busy, late_s, chosen, version, civil, due_at
                     from schedules where id in ({list}) and state = 'active' and wake_at <= {now}"
                )
            })
            .await?;
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
        let due = |list: &str| {
            format!(
                "select id, person_id, name, run, rule, if_busy, late_s, chosen, version, civil, due_at from schedules
                 where person_id in ({list}) and state = 'active' and wake_at <= {now} order by due_at, id"
            )
        };
        let rows: Vec<super::schedules::Row> = self.about(people, due).await?;
        let mut found: HashMap<PersonId, Vec<Scheduled>> = HashMap::new();
        for row in rows {
            let person = row.person();
            found.entry(person).or_default().extend(self.scheduled(row).ok());
        }
        Ok(found)
    }

    /// The account of each person that was used last and is still there.
    async fn accounts_to_write_to(&mut self, people: &[PersonId]) -> Result<HashMap<PersonId, Account>> {
        let rows: Vec<AccountRow> = self
            .about(people, |list| {
                format!(
                    "select id, person_id, platform, ext_id, home_place, state, language, last_used_at from accounts
                     where person_id in ({list}) and state = 'active' order by last_used_at desc, id"
                )
            })
            .await?;
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
            super::pending::places(count, 2)
        );
        let filled = rows.iter().chain(std::iter::repeat(last)).take(count);
        let query =
            filled.fold(sqlx::query_as(AssertSqlSafe(sql)), |query, row| query.bind(row.id).bind(row.civil.clone()));
        let found: Vec<(i64,)> = query.fetch_all(&mut *self.tx).await?;
        Ok(found.into_iter().map(|(id,)| id).collect())
    }

    /// Asks one question about a list of ids.
    pub(super) async fn about<T>(&mut self, ids: &[PersonId], sql: impl Fn(&str) -> String) -> Result<Vec<T>>
    where
        T: for<'r> FromRow<'r, AnyRow> + Send + Unpin,
    {
        let Some(last) = ids.last() else { return Ok(Vec::new()) };
        let count = size_for(ids.len());
        let query = sqlx::query_as(AssertSqlSafe(sql(&numbered(1, count))));
        let filled = ids.iter().chain(std::iter::repeat(last)).take(count);
        let query = filled.fold(query, |query, id| query.bind(id.0));
        Ok(query.fetch_all(&mut *self.tx).await?)
    }
}

/// Whose, its id, what was promised, to whom, until when, and how sure they were.
type PromiseRow = (i64, String, Vec<u8>, Vec<u8>, i64, Option<i64>);

type People = HashMap<PersonId, Result<Known>>;

/// Adds something to what is known of a person. What cannot be read spoils that person's turn and nobody else's.
fn add<T>(known: &mut People, person: i64, value: Result<T>, into: impl FnOnce(&mut Facts, T)) {
    let Some(slot) = known.get_mut(&PersonId(person)) else { return };
    match (slot, value) {
        (Ok(known), Ok(value)) => into(&mut known.facts, value),
        (slot @ Ok(_), Err(error)) => *slot = Err(error),
        (Err(_), _) => {}
    }
}

/// The bytes that are written as hexadecimal digits.
fn bytes(hex: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    hex.as_bytes().chunks(2).map(|pair| Some(digit(pair[0])? * 16 + digit(*pair.get(1)?)?)).collect()
}

/// `$3, $4, $5`.
fn numbered(from: usize, count: usize) -> String {
    (from..from + count).map(|number| format!("${number}")).collect::<Vec<_>>().join(", ")
}
