//! What comes due, and what became of it.

use jiff::Timestamp;
use serde::Deserialize;
use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, FromRow, Row as _};

use super::gather::{Bytes, read};
use super::pending::{self, Kept, Moved, Occurrence};
use super::{Dialect, Result, Tx, from_json, instant, millis, parsed, to_json};
use crate::engine::Plan;
use crate::schedule::Firing;
use crate::types::PersonId;
use crate::vault::Slot;

/// A schedule that is active.
#[derive(Clone, Debug, PartialEq)]
pub struct Scheduled {
    /// Ours.
    pub id: i64,
    /// Whose it is.
    pub person: PersonId,
    /// What was planned.
    pub plan: Plan,
    /// Goes up with every change of the plan.
    pub version: i64,
    /// When it fires next. Quiet hours move the instant and keep the civil moment.
    pub next: Firing,
}

/// A schedule that has come due, as it was when it was found. A claim whose schedule has changed since is stale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DueClaim {
    /// The schedule.
    pub schedule: i64,
    /// Whose it is.
    pub person: PersonId,
    /// Its version then.
    pub version: i64,
    /// The instant of its next firing then.
    pub due: Timestamp,
    /// How often it had failed then.
    pub attempts: i64,
}

fn slot(person: PersonId, name: &str) -> Slot<'_> {
    Slot { table: "schedules", column: "run", person: Some(person), row: name }
}

/// The columns of [`Row`], for [`Dialect::rows`].
pub(super) fn columns(dialect: Dialect) -> String {
    let run = dialect.bytes("run");
    format!("id, person_id, name, {run}, rule, if_busy, late_s, chosen, version, civil, due_at")
}

/// A row of the table.
#[derive(Deserialize)]
pub(super) struct Row {
    pub(super) id: i64,
    person_id: i64,
    name: String,
    run: Bytes,
    rule: String,
    if_busy: String,
    late_s: i64,
    chosen: i64,
    version: i64,
    pub(super) civil: String,
    due_at: i64,
}

impl FromRow<'_, AnyRow> for Row {
    fn from_row(row: &AnyRow) -> sqlx::Result<Self> {
        Ok(Self {
            id: row.try_get("id")?,
            person_id: row.try_get("person_id")?,
            name: row.try_get("name")?,
            run: Bytes(row.try_get("run")?),
            rule: row.try_get("rule")?,
            if_busy: row.try_get("if_busy")?,
            late_s: row.try_get("late_s")?,
            chosen: row.try_get("chosen")?,
            version: row.try_get("version")?,
            civil: row.try_get("civil")?,
            due_at: row.try_get("due_at")?,
        })
    }
}

impl Row {
    /// Whose it is.
    pub(super) fn person(&self) -> PersonId {
        PersonId(self.person_id)
    }
}

impl Tx {
    pub(super) fn scheduled(&self, row: Row) -> Result<Scheduled> {
        let person = row.person();
        let Row { id, name, run, rule, if_busy, late_s: late, chosen, version, civil, due_at, .. } = row;
        let plan = Plan {
            run: self.open_json(slot(person, &name), &run.0)?,
            rule: from_json(&rule, "schedules.rule")?,
            if_busy: from_json(&if_busy, "schedules.if_busy")?,
            late,
            chosen: chosen != 0,
            name,
        };
        let next = Firing { civil: parsed(&civil, "schedules.civil")?, at: instant(due_at)? };
        Ok(Scheduled { id, person, plan, version, next })
    }

    /// Keeps a plan, replacing one of the same name.
    ///
    /// # Errors
    /// When the database fails.
    pub fn keep_schedule(&mut self, person: PersonId, plan: &Plan, zone: &str, next: Firing) -> Result<()> {
        let run = self.seal_json(slot(person, &plan.name), &plan.run)?;
        let kept = Kept {
            run,
            rule: to_json(&plan.rule, "schedules.rule")?,
            zone: zone.to_owned(),
            if_busy: to_json(&plan.if_busy, "schedules.if_busy")?,
            late_s: plan.late,
            chosen: i64::from(plan.chosen),
            civil: next.civil.to_string(),
            due_at: millis(next.at),
        };
        self.pending.plans.insert((person.0, plan.name.clone()), pending::Plan::Kept(Box::new(kept)));
        Ok(())
    }

    /// Removes a schedule by its name, and what it was about to say.
    ///
    /// # Errors
    /// When the database fails.
    pub fn cancel_schedule(&mut self, person: PersonId, name: &str) -> Result<()> {
        let nothing = self.seal_json(slot(person, name), &serde_json::Value::Null)?;
        self.pending.plans.insert((person.0, name.to_owned()), pending::Plan::Cancelled(nothing));
        Ok(())
    }

    /// Which schedules of this person are active?
    ///
    /// # Errors
    /// When the database fails or one cannot be read.
    pub async fn active_schedules(&mut self, person: PersonId) -> Result<Vec<Scheduled>> {
        self.flush().await?;
        let rows: Vec<Row> = sqlx::query_as(
            "select id, person_id, name, run, rule, if_busy, late_s, chosen, version, civil, due_at
             from schedules where person_id = $1 and state = 'active' order by id",
        )
        .bind(person.0)
        .fetch_all(&mut *self.tx)
        .await?;
        rows.into_iter().map(|row| self.scheduled(row)).collect()
    }

    /// What are the names of this person's active schedules?
    ///
    /// # Errors
    /// When the database fails.
    pub async fn schedule_names(&mut self, person: PersonId) -> Result<Vec<String>> {
        self.flush().await?;
        let rows: Vec<(String,)> =
            sqlx::query_as("select name from schedules where person_id = $1 and state = 'active' order by name")
                .bind(person.0)
                .fetch_all(&mut *self.tx)
                .await?;
        Ok(rows.into_iter().map(|(name,)| name).collect())
    }

    /// The schedule behind a claim; `None` when it has changed since.
    ///
    /// # Errors
    /// When the database fails or it cannot be read.
    pub async fn claimed_schedule(&mut self, claim: DueClaim) -> Result<Option<Scheduled>> {
        self.flush().await?;
        let row: Option<Row> = sqlx::query_as(
            "select id, person_id, name, run, rule, if_busy, late_s, chosen, version, civil, due_at
             from schedules where id = $1 and version = $2 and due_at = $3 and state = 'active'",
        )
        .bind(claim.schedule)
        .bind(claim.version)
        .bind(millis(claim.due))
        .fetch_optional(&mut *self.tx)
        .await?;
        row.map(|row| self.scheduled(row)).transpose()
    }

    /// Which schedules have come due, the earliest first? Those of somebody who has no account left wait. Where several programs
    /// share a database, those whose person is in a turn elsewhere are left out, and these people's other turns wait.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn due_schedules(&mut self, now: Timestamp, limit: i64) -> Result<Vec<DueClaim>> {
        self.flush().await?;
        let and_locked = match self.dialect {
            Dialect::Sqlite => "",
            Dialect::Postgres => "for no key update of p skip locked",
        };
        let due = format!(
            "(select s.id, s.person_id, s.version, s.due_at, s.attempts, s.wake_at
              from schedules s join persons p on p.id = s.person_id
              where s.state = 'active' and s.wake_at <= $1
                and exists (select 1 from accounts a where a.person_id = s.person_id and a.state = 'active')
              order by s.wake_at, s.id limit $2 + 0 {and_locked}) as due"
        );
        let columns = "id, person_id, version, due_at, attempts";
        let sql = AssertSqlSafe(format!("select {}", self.dialect.rows(columns, &due, "wake_at, id")));
        let (rows,): (String,) = sqlx::query_as(sql).bind(millis(now)).bind(limit).fetch_one(&mut *self.tx).await?;
        let rows: Vec<(i64, i64, i64, i64, i64)> = read(&rows, "schedules")?;
        rows.into_iter()
            .map(|(schedule, person, version, due, attempts)| {
                Ok(DueClaim { schedule, person: PersonId(person), version, due: instant(due)?, attempts })
            })
            .collect()
    }

    /// When does the next schedule come due?
    ///
    /// # Errors
    /// When the database fails.
    pub async fn next_due(&mut self) -> Result<Option<Timestamp>> {
        self.flush().await?;
        let row: Option<(i64,)> = sqlx::query_as(
            "select s.wake_at from schedules s
             where s.state = 'active'
               and exists (select 1 from accounts a where a.person_id = s.person_id and a.state = 'active')
             order by s.wake_at limit 1",
        )
        .fetch_optional(&mut *self.tx)
        .await?;
        row.map(|(at,)| instant(at)).transpose()
    }

    /// Moves a schedule to its next firing; without one it is over and what it says is forgotten.
    ///
    /// # Errors
    /// When the database fails.
    pub fn advance_schedule(&mut self, schedule: &Scheduled, next: Option<Firing>) -> Result<()> {
        match next {
            Some(next) => {
                self.move_schedule(schedule.id, next);
                Ok(())
            }
            None => self.end_schedule(schedule, "done"),
        }
    }

    fn move_schedule(&mut self, id: i64, next: Firing) {
        let (civil, at) = (Some(next.civil.to_string()), Some(millis(next.at)));
        self.pending.moved.insert(id, Moved { state: "active", run: None, civil, due_at: at, wake_at: at });
    }

    /// Looks at a due schedule again at `wake_at`; it stays due since when it is.
    pub fn hold_schedule(&mut self, schedule: &Scheduled, wake_at: Timestamp) {
        let wake_at = Some(millis(wake_at));
        self.pending
            .moved
            .insert(schedule.id, Moved { state: "active", run: None, civil: None, due_at: None, wake_at });
    }

    fn end_schedule(&mut self, schedule: &Scheduled, state: &'static str) -> Result<()> {
        let run = Some(self.seal_json(slot(schedule.person, &schedule.plan.name), &serde_json::Value::Null)?);
        self.pending.moved.insert(schedule.id, Moved { state, run, civil: None, due_at: None, wake_at: None });
        Ok(())
    }

    /// Moves a schedule with its person's zone.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn rezone_schedule(&mut self, id: i64, zone: &str, next: Firing) -> Result<()> {
        self.flush().await?;
        sqlx::query("update schedules set zone = $1 where id = $2").bind(zone).bind(id).execute(&mut *self.tx).await?;
        self.move_schedule(id, next);
        Ok(())
    }

    /// Notes that a due schedule failed, and when to look at it again.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn schedule_failed(&mut self, claim: DueClaim, wake_at: Timestamp) -> Result<()> {
        self.flush().await?;
        sqlx::query(
            "update schedules set attempts = attempts + 1, wake_at = $1
             where id = $2 and version = $3 and state = 'active'",
        )
        .bind(millis(wake_at))
        .bind(claim.schedule)
        .bind(claim.version)
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// Gives up on a schedule that keeps failing, with a written reason. Works even when its texts cannot be read.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn give_up_schedule(&mut self, claim: DueClaim, now: Timestamp) -> Result<()> {
        self.flush().await?;
        sqlx::query(
            "insert into occurrences (schedule_id, person_id, name, civil, due_at, outcome, handled_at)
             select id, person_id, name, civil, due_at, 'failed', $1 from schedules where id = $2 and version = $3
             on conflict (schedule_id, civil) do update set outcome = 'failed', handled_at = excluded.handled_at",
        )
        .bind(millis(now))
        .bind(claim.schedule)
        .bind(claim.version)
        .execute(&mut *self.tx)
        .await?;
        sqlx::query("update schedules set state = 'failed' where id = $1 and version = $2 and state = 'active'")
            .bind(claim.schedule)
            .bind(claim.version)
            .execute(&mut *self.tx)
            .await?;
        Ok(())
    }

    /// Writes down what became of the present firing; one that is held back gets its final word later.
    pub fn record_occurrence(&mut self, schedule: &Scheduled, outcome: &str, now: Timestamp) {
        let occurrence = Occurrence {
            person: schedule.person.0,
            name: schedule.plan.name.clone(),
            due_at: millis(schedule.next.at),
            outcome: outcome.to_owned(),
            handled_at: millis(now),
        };
        self.pending.occurrences.insert((schedule.id, schedule.next.civil.to_string()), occurrence);
    }

    /// Has the present firing happened before (say, in the zone the person has left)? One that is
    /// held back by quiet hours, a full day or an open script has not.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn occurrence_is_settled(&mut self, schedule: &Scheduled) -> Result<bool> {
        self.flush().await?;
        let row: Option<(i64,)> = sqlx::query_as(
            "select id from occurrences where schedule_id = $1 and civil = $2 and outcome not in ('quiet', 'tomorrow', 'queued')",
        )
        .bind(schedule.id)
        .bind(schedule.next.civil.to_string())
        .fetch_optional(&mut *self.tx)
        .await?;
        Ok(row.is_some())
    }

    /// What became of a person's firings, the oldest first: name, civil moment, outcome.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn occurrences(&mut self, person: PersonId) -> Result<Vec<(String, String, String)>> {
        self.flush().await?;
        Ok(sqlx::query_as("select name, civil, outcome from occurrences where person_id = $1 order by handled_at, id")
            .bind(person.0)
            .fetch_all(&mut *self.tx)
            .await?)
    }
}
