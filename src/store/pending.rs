//! What a transaction writes when it is committed: rows that come by the hundred are collected and written together.
//!
//! A statement costs more than the row in it, so a batch of turns is written in a handful of statements. Only what no turn reads
//! back waits here; a question about one of these tables writes first what waits ([`Tx::flush`]).

use std::collections::BTreeMap;

use sqlx::AssertSqlSafe;
use sqlx::any::AnyArguments;
use sqlx::query::Query;

use super::gather::numbered;
use super::outbox::purpose_word;
use super::{Dialect, Letter, Result, Tx};
use crate::schedule::zones;
use crate::types::{Platform, Purpose};

/// How many rows one statement takes. Lists are cut into these, so that there are few different statements to prepare.
const SIZES: [usize; 5] = [256, 64, 16, 4, 1];

/// A statement that is being given its values.
pub(super) type Statement<'q> = Query<'q, sqlx::Any, AnyArguments>;

/// Whose it is, and its id, name or day; of an occurrence the schedule and the civil moment.
type Key = (i64, String);

/// The rows that wait.
#[derive(Default)]
pub(super) struct Pending {
    /// Events of the inbox that are over.
    pub(super) done: Vec<i64>,
    /// Accounts that were used.
    pub(super) used: BTreeMap<i64, Used>,
    /// Facts that are kept or dropped: by person and name.
    pub(super) facts: BTreeMap<Key, Option<Fact>>,
    /// Where people stand, by person.
    pub(super) states: BTreeMap<i64, Stand>,
    /// Messages, in their order.
    pub(super) messages: Vec<Message>,
    /// Schedules that go on, by their ids.
    pub(super) moved: BTreeMap<i64, Moved>,
    /// What became of firings: by schedule and civil moment.
    pub(super) occurrences: BTreeMap<Key, Occurrence>,
    /// Plans that were made or cancelled: by person and name.
    pub(super) plans: BTreeMap<Key, Plan>,
    /// Promises, by person and id.
    pub(super) promises: BTreeMap<Key, PromiseKept>,
    /// How promises stand, after those above: by person and id.
    pub(super) settled: BTreeMap<Key, Settled>,
    /// Journal entries, by person and id.
    pub(super) entries: BTreeMap<Key, EntryKept>,
    /// Check-ins, by person and day.
    pub(super) checkins: BTreeMap<Key, CheckInKept>,
    /// That people came back, by person and id.
    pub(super) returns: BTreeMap<Key, ReturnKept>,
    /// Deeds, by person and id.
    pub(super) deeds: BTreeMap<Key, DeedKept>,
}

/// A promise.
pub(super) struct PromiseKept {
    pub(super) body: Vec<u8>,
    pub(super) counterpart: Vec<u8>,
    pub(super) due_at: i64,
    pub(super) standing: &'static str,
    pub(super) made_at: i64,
    pub(super) made_day: String,
    pub(super) due_day: String,
    pub(super) sure: Option<i64>,
}

/// How a promise stands.
pub(super) struct Settled {
    pub(super) standing: &'static str,
    pub(super) at: Option<i64>,
    pub(super) day: Option<String>,
}

/// A journal entry.
pub(super) struct EntryKept {
    pub(super) kind: String,
    pub(super) title: Vec<u8>,
    pub(super) body: Vec<u8>,
    pub(super) written_at: i64,
}

/// A check-in.
pub(super) struct CheckInKept {
    pub(super) id: String,
    pub(super) mood: Option<i64>,
    pub(super) feeling: Option<Vec<u8>>,
    pub(super) note: Option<Vec<u8>>,
}

/// That somebody came back.
pub(super) struct ReturnKept {
    pub(super) day: String,
    pub(super) away_days: i64,
}

/// A deed.
pub(super) struct DeedKept {
    pub(super) kind: &'static str,
    pub(super) day: String,
    pub(super) at: i64,
    pub(super) amount: Option<i64>,
    pub(super) about: Option<Vec<u8>>,
}

/// An account that was used.
pub(super) struct Used {
    pub(super) home_place: Option<String>,
    pub(super) at: i64,
}

/// A fact that is kept.
pub(super) struct Fact {
    pub(super) value: Vec<u8>,
    pub(super) kept_until: Option<i64>,
}

/// Where somebody stands.
pub(super) struct Stand {
    pub(super) format: i64,
    pub(super) body: Vec<u8>,
    pub(super) at: i64,
}

/// A message on its way out.
pub(super) struct Message {
    pub(super) person: i64,
    pub(super) account: i64,
    pub(super) platform: Platform,
    pub(super) place: Option<String>,
    pub(super) reply: Option<Vec<u8>>,
    pub(super) priority: i64,
    pub(super) fair_key: i64,
    pub(super) purpose: Purpose,
    pub(super) due_at: i64,
    pub(super) expires_at: Option<i64>,
    pub(super) body: Vec<u8>,
    pub(super) dedupe_key: String,
    pub(super) silent: i64,
    pub(super) created_at: i64,
    pub(super) claim: Option<Claim>,
    /// What it says, for whoever sends it.
    pub(super) letter: Option<Box<Letter>>,
}

/// Who sends a message, from its beginning on.
#[derive(Clone)]
pub(super) struct Claim {
    pub(super) attempt: String,
    pub(super) worker: String,
    pub(super) lease: (i64, i64),
}

/// A schedule with another firing before it, or the same one later, or none.
pub(super) struct Moved {
    pub(super) state: &'static str,
    /// What it says; forgotten when it is over.
    pub(super) run: Option<Vec<u8>>,
    pub(super) civil: Option<String>,
    pub(super) due_at: Option<i64>,
    pub(super) wake_at: Option<i64>,
}

/// What became of a firing.
pub(super) struct Occurrence {
    pub(super) person: i64,
    pub(super) name: String,
    pub(super) due_at: i64,
    pub(super) outcome: String,
    pub(super) handled_at: i64,
}

/// A plan.
pub(super) enum Plan {
    Kept(Box<Kept>),
    /// Cancelled; with nothing in the place of what it says.
    Cancelled(Vec<u8>),
}

/// A plan that is kept.
pub(super) struct Kept {
    pub(super) run: Vec<u8>,
    pub(super) rule: String,
    pub(super) zone: String,
    pub(super) if_busy: String,
    pub(super) late_s: i64,
    pub(super) chosen: i64,
    pub(super) civil: String,
    pub(super) due_at: i64,
}

impl Pending {
    fn is_empty(&self) -> bool {
        self.done.is_empty()
            && self.used.is_empty()
            && self.facts.is_empty()
            && self.states.is_empty()
            && self.messages.is_empty()
            && self.moved.is_empty()
            && self.occurrences.is_empty()
            && self.plans.is_empty()
            && self.promises.is_empty()
            && self.settled.is_empty()
            && self.entries.is_empty()
            && self.checkins.is_empty()
            && self.returns.is_empty()
            && self.deeds.is_empty()
    }
}

impl Tx {
    /// Writes what waits.
    ///
    /// # Errors
    /// When the database fails.
    pub(super) async fn flush(&mut self) -> Result<()> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let pending = std::mem::take(&mut self.pending);
        self.write_done(&pending.done).await?;
        self.write_used(&listed(pending.used)).await?;
        self.write_facts(pending.facts).await?;
        self.write_promises(&listed(pending.promises)).await?;
        self.write_settled(&listed(pending.settled)).await?;
        self.write_entries(&listed(pending.entries)).await?;
        self.write_checkins(&listed(pending.checkins)).await?;
        self.write_returns(&listed(pending.returns)).await?;
        self.write_deeds(&listed(pending.deeds)).await?;
        self.write_moved(&listed(pending.moved)).await?;
        self.write_occurrences(&listed(pending.occurrences)).await?;
        self.write_plans(pending.plans).await?;
        self.write_states(&listed(pending.states)).await?;
        self.write_messages(&pending.messages).await
    }

    async fn write_done(&mut self, done: &[i64]) -> Result<()> {
        let sql = |rows: &str| {
            format!("update inbox set state = 'done', raw = null where state = 'new' and id in (values {rows})")
        };
        self.write(done, 1, sql, |query, id| query.bind(*id)).await
    }

    async fn write_used(&mut self, used: &[(i64, Used)]) -> Result<()> {
        let sql = |rows: &str| {
            format!(
                "with v(id, place, at) as (values {rows})
                 update accounts set state = 'active', gone_at = null, last_used_at = v.at,
                                     home_place = coalesce(v.place, home_place)
                 from v where accounts.id = v.id"
            )
        };
        self.write(used, 3, sql, |query, (id, used)| query.bind(*id).bind(used.home_place.clone()).bind(used.at)).await
    }

    async fn write_facts(&mut self, facts: BTreeMap<Key, Option<Fact>>) -> Result<()> {
        let (mut kept, mut dropped) = (Vec::new(), Vec::new());
        for (of, fact) in facts {
            match fact {
                Some(fact) => kept.push((of, fact)),
                None => dropped.push(of),
            }
        }
        let keep = |rows: &str| {
            format!(
                "insert into facts (person_id, name, value, kept_until) values {rows}
                 on conflict (person_id, name) do update set value = excluded.value, kept_until = excluded.kept_until"
            )
        };
        let bind = |query: Statement<'static>, ((person, name), fact): &(Key, Fact)| {
            query.bind(*person).bind(name.clone()).bind(fact.value.clone()).bind(fact.kept_until)
        };
        self.write(&kept, 4, keep, bind).await?;
        let drop = |rows: &str| format!("delete from facts where (person_id, name) in (values {rows})");
        self.write(&dropped, 2, drop, |query, (person, name)| query.bind(*person).bind(name.clone())).await
    }

    async fn write_promises(&mut self, promises: &[(Key, PromiseKept)]) -> Result<()> {
        let sql = |rows: &str| {
            format!(
                "insert into promises
                     (person_id, id, body, counterpart, due_at, standing, made_at, made_day, due_day, sure)
                 values {rows}
                 on conflict (person_id, id) do update
                 set body = excluded.body, counterpart = excluded.counterpart, due_at = excluded.due_at,
                     standing = excluded.standing, due_day = excluded.due_day, sure = excluded.sure"
            )
        };
        let bind = |query: Statement<'static>, ((person, id), row): &(Key, PromiseKept)| {
            query
                .bind(*person)
                .bind(id.clone())
                .bind(row.body.clone())
                .bind(row.counterpart.clone())
                .bind(row.due_at)
                .bind(row.standing)
                .bind(row.made_at)
                .bind(row.made_day.clone())
                .bind(row.due_day.clone())
                .bind(row.sure)
        };
        self.write(promises, 10, sql, bind).await
    }

    async fn write_settled(&mut self, settled: &[(Key, Settled)]) -> Result<()> {
        let sql = |rows: &str| {
            format!(
                "with v(person_id, id, standing, at, day) as (values {rows})
                 update promises set standing = v.standing, settled_at = v.at, settled_day = v.day
                 from v where promises.person_id = v.person_id and promises.id = v.id"
            )
        };
        let bind = |query: Statement<'static>, ((person, id), row): &(Key, Settled)| {
            query.bind(*person).bind(id.clone()).bind(row.standing).bind(row.at).bind(row.day.clone())
        };
        self.write(settled, 5, sql, bind).await
    }

    async fn write_entries(&mut self, entries: &[(Key, EntryKept)]) -> Result<()> {
        let sql = |rows: &str| {
            format!(
                "insert into entries (person_id, id, kind, title, body, written_at) values {rows}
                 on conflict (person_id, id) do update
                 set kind = excluded.kind, title = excluded.title, body = excluded.body"
            )
        };
        let bind = |query: Statement<'static>, ((person, id), row): &(Key, EntryKept)| {
            query
                .bind(*person)
                .bind(id.clone())
                .bind(row.kind.clone())
                .bind(row.title.clone())
                .bind(row.body.clone())
                .bind(row.written_at)
        };
        self.write(entries, 6, sql, bind).await
    }

    async fn write_checkins(&mut self, checkins: &[(Key, CheckInKept)]) -> Result<()> {
        let sql = |rows: &str| {
            format!(
                "insert into checkins (person_id, day, id, mood, feeling, note) values {rows}
                 on conflict (person_id, day) do update
                 set id = excluded.id, mood = excluded.mood, feeling = excluded.feeling, note = excluded.note"
            )
        };
        let bind = |query: Statement<'static>, ((person, day), row): &(Key, CheckInKept)| {
            query
                .bind(*person)
                .bind(day.clone())
                .bind(row.id.clone())
                .bind(row.mood)
                .bind(row.feeling.clone())
                .bind(row.note.clone())
        };
        self.write(checkins, 6, sql, bind).await
    }

    async fn write_returns(&mut self, returns: &[(Key, ReturnKept)]) -> Result<()> {
        let sql = |rows: &str| {
            format!(
                "insert into returns (person_id, id, day, away_days) values {rows} on conflict (person_id, id) do nothing"
            )
        };
        let bind = |query: Statement<'static>, ((person, id), row): &(Key, ReturnKept)| {
            query.bind(*person).bind(id.clone()).bind(row.day.clone()).bind(row.away_days)
        };
        self.write(returns, 4, sql, bind).await
    }

    async fn write_deeds(&mut self, deeds: &[(Key, DeedKept)]) -> Result<()> {
        let sql = |rows: &str| {
            format!(
                "insert into deeds (person_id, id, kind, day, at, amount, about) values {rows}
                 on conflict (person_id, id) do nothing"
            )
        };
        let bind = |query: Statement<'static>, ((person, id), row): &(Key, DeedKept)| {
            query
                .bind(*person)
                .bind(id.clone())
                .bind(row.kind)
                .bind(row.day.clone())
                .bind(row.at)
                .bind(row.amount)
                .bind(row.about.clone())
        };
        self.write(deeds, 7, sql, bind).await
    }

    async fn write_moved(&mut self, moved: &[(i64, Moved)]) -> Result<()> {
        let sql = |rows: &str| {
            format!(
                "with v(id, state, run, civil, due_at, wake_at) as (values {rows})
                 update schedules set state = v.state, run = coalesce(v.run, schedules.run), attempts = 0,
                                      civil = coalesce(v.civil, schedules.civil), due_at = coalesce(v.due_at, schedules.due_at),
                                      wake_at = coalesce(v.wake_at, schedules.wake_at), version = version + 1
                 from v where schedules.id = v.id and schedules.state = 'active'"
            )
        };
        let bind = |query: Statement<'static>, (id, moved): &(i64, Moved)| {
            query
                .bind(*id)
                .bind(moved.state)
                .bind(moved.run.clone())
                .bind(moved.civil.clone())
                .bind(moved.due_at)
                .bind(moved.wake_at)
        };
        self.write(moved, 6, sql, bind).await
    }

    async fn write_occurrences(&mut self, occurrences: &[(Key, Occurrence)]) -> Result<()> {
        let sql = |rows: &str| {
            format!(
                "insert into occurrences (schedule_id, person_id, name, civil, due_at, outcome, handled_at) values {rows}
                 on conflict (schedule_id, civil) do update
                 set outcome = excluded.outcome, due_at = excluded.due_at, handled_at = excluded.handled_at"
            )
        };
        let bind = |query: Statement<'static>, ((schedule, civil), row): &(Key, Occurrence)| {
            query
                .bind(*schedule)
                .bind(row.person)
                .bind(row.name.clone())
                .bind(civil.clone())
                .bind(row.due_at)
                .bind(row.outcome.clone())
                .bind(row.handled_at)
        };
        self.write(occurrences, 7, sql, bind).await
    }

    async fn write_plans(&mut self, plans: BTreeMap<Key, Plan>) -> Result<()> {
        let (mut kept, mut cancelled) = (Vec::new(), Vec::new());
        for (of, plan) in plans {
            match plan {
                Plan::Kept(plan) => kept.push((of, plan)),
                Plan::Cancelled(nothing) => cancelled.push((of, nothing)),
            }
        }
        self.write_cancelled(&cancelled).await?;
        self.write_kept(&kept).await
    }

    async fn write_cancelled(&mut self, cancelled: &[(Key, Vec<u8>)]) -> Result<()> {
        let sql = |rows: &str| {
            format!(
                "with v(person_id, name, run) as (values {rows})
                 update schedules set state = 'cancelled', version = version + 1, run = v.run
                 from v where schedules.person_id = v.person_id and schedules.name = v.name and schedules.state = 'active'"
            )
        };
        let bind = |query: Statement<'static>, ((person, name), nothing): &(Key, Vec<u8>)| {
            query.bind(*person).bind(name.clone()).bind(nothing.clone())
        };
        self.write(cancelled, 3, sql, bind).await
    }

    async fn write_kept(&mut self, kept: &[(Key, Box<Kept>)]) -> Result<()> {
        let sql = |rows: &str| {
            format!(
                "insert into schedules (person_id, name, run, rule, zone, if_busy, late_s, chosen, civil, due_at, wake_at, tzdb)
                 values {rows}
                 on conflict (person_id, name) do update
                 set run = excluded.run, rule = excluded.rule, zone = excluded.zone, if_busy = excluded.if_busy,
                     late_s = excluded.late_s, chosen = excluded.chosen, civil = excluded.civil, due_at = excluded.due_at,
                     wake_at = excluded.wake_at, tzdb = excluded.tzdb, version = schedules.version + 1, state = 'active', attempts = 0"
            )
        };
        let bind = |query: Statement<'static>, ((person, name), plan): &(Key, Box<Kept>)| {
            query
                .bind(*person)
                .bind(name.clone())
                .bind(plan.run.clone())
                .bind(plan.rule.clone())
                .bind(plan.zone.clone())
                .bind(plan.if_busy.clone())
                .bind(plan.late_s)
                .bind(plan.chosen)
                .bind(plan.civil.clone())
                .bind(plan.due_at)
                .bind(plan.due_at)
                .bind(zones::version())
        };
        self.write(kept, 12, sql, bind).await
    }

    async fn write_states(&mut self, states: &[(i64, Stand)]) -> Result<()> {
        let sql = |rows: &str| {
            format!(
                "insert into states (person_id, format, body, updated_at) values {rows}
                 on conflict (person_id) do update
                 set format = excluded.format, body = excluded.body, updated_at = excluded.updated_at"
            )
        };
        let bind = |query: Statement<'static>, (person, stand): &(i64, Stand)| {
            query.bind(*person).bind(stand.format).bind(stand.body.clone()).bind(stand.at)
        };
        self.write(states, 4, sql, bind).await
    }

    async fn write_messages(&mut self, messages: &[Message]) -> Result<()> {
        let sql = |rows: &str| {
            format!(
                "insert into outbox (person_id, account_id, platform, place, reply, priority, fair_key, purpose, due_at, expires_at, body,
                                     dedupe_key, silent, created_at, state, attempts, attempt_id, worker, first_attempt_at, lease_until)
                 values {rows} on conflict (dedupe_key) do nothing"
            )
        };
        let bind = |query: Statement<'static>, row: &Message| {
            let claim = row.claim.as_ref();
            query
                .bind(row.person)
                .bind(row.account)
                .bind(row.platform.as_str())
                .bind(row.place.clone())
                .bind(row.reply.clone())
                .bind(row.priority)
                .bind(row.fair_key)
                .bind(purpose_word(row.purpose))
                .bind(row.due_at)
                .bind(row.expires_at)
                .bind(row.body.clone())
                .bind(row.dedupe_key.clone())
                .bind(row.silent)
                .bind(row.created_at)
                .bind(if claim.is_some() { "sending" } else { "pending" })
                .bind(i64::from(claim.is_some()))
                .bind(claim.map(|claim| claim.attempt.clone()))
                .bind(claim.map(|claim| claim.worker.clone()))
                .bind(claim.map(|claim| claim.lease.0))
                .bind(claim.map(|claim| claim.lease.1))
        };
        self.write(messages, 20, sql, bind).await
    }

    /// Writes rows of so many columns each, in as few statements as their number allows.
    pub(super) async fn write<T>(
        &mut self,
        rows: &[T],
        columns: usize,
        sql: impl Fn(&str) -> String,
        bind: impl Fn(Statement<'static>, &T) -> Statement<'static>,
    ) -> Result<()> {
        let dialect = self.dialect;
        for part in parts(rows, dialect) {
            // What is written twice by one statement is written once; a server would not have it.
            let size = match dialect {
                Dialect::Sqlite => size_for(part.len()),
                Dialect::Postgres => part.len(),
            };
            let query = sqlx::query(AssertSqlSafe(sql(&dialect.places(size, columns))));
            let filled = part.iter().chain(part.last().into_iter().cycle()).take(size);
            filled.fold(query, &bind).execute(&mut *self.tx).await?;
        }
        Ok(())
    }
}

/// A map as a list.
fn listed<K, V>(map: BTreeMap<K, V>) -> Vec<(K, V)> {
    map.into_iter().collect()
}

/// A list cut into parts of the [`SIZES`]. A file gets a last part that is filled up by half at most: that costs less than more parts.
fn parts<T>(mut rest: &[T], dialect: Dialect) -> impl Iterator<Item = &[T]> {
    std::iter::from_fn(move || {
        let enough = |size: usize| dialect == Dialect::Sqlite && rest.len() * 2 >= size;
        let size = SIZES.into_iter().find(|size| *size <= rest.len() || enough(*size)).filter(|_| !rest.is_empty())?;
        let (part, others) = rest.split_at(size.min(rest.len()));
        rest = others;
        Some(part)
    })
}

impl Dialect {
    /// The places for values: `($1, $2), ($3, $4)`, or `(?, ?), (?, ?)`, because the driver for `SQLite` looks for the name of each
    /// place that has one among all names.
    pub(super) fn places(self, rows: usize, columns: usize) -> String {
        match self {
            Self::Sqlite => {
                let row = format!("({})", vec!["?"; columns].join(", "));
                vec![row; rows].join(", ")
            }
            Self::Postgres => {
                let row = |row: usize| format!("({})", numbered(row * columns + 1, columns));
                (0..rows).map(row).collect::<Vec<_>>().join(", ")
            }
        }
    }
}

/// The smallest of the [`SIZES`] that a list fits into; the largest when it is longer.
pub(super) fn size_for(count: usize) -> usize {
    SIZES.into_iter().rev().find(|size| *size >= count).unwrap_or(SIZES[0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_cut_into_few_sizes() {
        let sizes = |count: usize, dialect| parts(&vec![0_u8; count], dialect).map(<[u8]>::len).collect::<Vec<_>>();
        assert_eq!(sizes(407, Dialect::Postgres), [256, 64, 64, 16, 4, 1, 1, 1]);
        assert_eq!(sizes(407, Dialect::Sqlite), [256, 151]);
        assert_eq!(sizes(23, Dialect::Sqlite), [16, 4, 3]);
        assert_eq!(sizes(3, Dialect::Sqlite), [3]);
        assert!([Dialect::Sqlite, Dialect::Postgres].iter().all(|dialect| sizes(0, *dialect).is_empty()));
        assert_eq!([0, 1, 2, 4, 5, 64, 500].map(size_for), [1, 1, 4, 4, 16, 64, 256]);
    }

    #[test]
    fn places_are_numbered_through_or_have_no_names() {
        assert_eq!(Dialect::Postgres.places(2, 2), "($1, $2), ($3, $4)");
        assert_eq!(Dialect::Sqlite.places(2, 2), "(?, ?), (?, ?)");
    }
}
