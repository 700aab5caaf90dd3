//! When the program last looked at the clock, what a clock that was wrong has done to the rows, and what new zone data does to them.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use sqlx::any::AnyRow;
use sqlx::{FromRow, Row as _};

use super::{Result, Tx, from_json, instant, millis, parsed};
use crate::schedule::lapse::Away;
use crate::schedule::{Firing, Rule, next_after, resolve, zones};

/// The longest pause that anything is given. A row that waits for longer has it from a clock that was ahead.
const LONGEST_PAUSE_MS: i64 = 10 * 60_000;

/// The last look at the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heartbeat {
    /// When that was.
    pub at: Timestamp,
    /// The last time that the program was not there.
    pub away: Option<Away>,
}

impl Tx {
    /// When was the clock last looked at?
    ///
    /// # Errors
    /// When the database fails.
    pub async fn heartbeat(&mut self) -> Result<Option<Heartbeat>> {
        let row: Option<(i64, Option<i64>, Option<i64>)> =
            sqlx::query_as("select beat_at, away_from, away_until from heartbeat where id = 1")
                .fetch_optional(&mut *self.tx)
                .await?;
        let Some((at, from, until)) = row else { return Ok(None) };
        let away = match (from, until) {
            (Some(from), Some(until)) => Some(Away { from: instant(from)?, until: instant(until)? }),
            _ => None,
        };
        Ok(Some(Heartbeat { at: instant(at)?, away }))
    }

    /// Notes a look at the clock.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn keep_heartbeat(&mut self, beat: Heartbeat) -> Result<()> {
        sqlx::query(
            "insert into heartbeat (id, beat_at, away_from, away_until) values (1, $1, $2, $3)
             on conflict (id) do update
             set beat_at = excluded.beat_at, away_from = excluded.away_from, away_until = excluded.away_until",
        )
        .bind(millis(beat.at))
        .bind(beat.away.map(|away| millis(away.from)))
        .bind(beat.away.map(|away| millis(away.until)))
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// The clock was ahead and was set back: what lies further in the future than it may is planned anew, and what was let pass in a
    /// time that has not come yet was not let pass. What was said stays said: nobody hears it twice.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn clock_was_set_back(&mut self, now: Timestamp) -> Result<()> {
        self.flush().await?;
        let (now_ms, soon) = (millis(now), millis(now) + LONGEST_PAUSE_MS);
        sqlx::query("delete from occurrences where handled_at > $1 and outcome not in ('fired', 'merged')")
            .bind(now_ms)
            .execute(&mut *self.tx)
            .await?;
        for statement in [
            "update schedules set wake_at = due_at where state = 'active' and wake_at > $2 and due_at <= $1",
            "update outbox set not_before = $1 where state = 'pending' and not_before > $2",
            "update inbox set wake_at = $1 where state = 'new' and wake_at > $2",
        ] {
            sqlx::query(statement).bind(now_ms).bind(soon).execute(&mut *self.tx).await?;
        }
        for row in self.still_to_come(now).await? {
            if let Some(next) = row.next(now)?.filter(|next| millis(next.at) < row.due_at) {
                self.retime(row.id, next).await?;
            }
        }
        Ok(())
    }

    /// Moves what is still to come to where the zone data of this program sees it, where that is another than before; gives back how
    /// many moved. What is held back stays.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn follow_zone_data(&mut self, now: Timestamp) -> Result<usize> {
        self.flush().await?;
        let mut moved = 0;
        for row in self.of_other_zone_data(now).await? {
            let Some(next) = row.there()? else { continue };
            if millis(next.at) != row.due_at {
                self.retime(row.id, next).await?;
                moved += 1;
            }
        }
        sqlx::query("update schedules set tzdb = $1 where tzdb <> $1")
            .bind(zones::version())
            .execute(&mut *self.tx)
            .await?;
        Ok(moved)
    }
}

/// A schedule, as far as its time goes.
struct Timed {
    id: i64,
    rule: String,
    zone: String,
    civil: String,
    due_at: i64,
}

impl FromRow<'_, AnyRow> for Timed {
    fn from_row(row: &AnyRow) -> sqlx::Result<Self> {
        Ok(Self {
            id: row.try_get("id")?,
            rule: row.try_get("rule")?,
            zone: row.try_get("zone")?,
            civil: row.try_get("civil")?,
            due_at: row.try_get("due_at")?,
        })
    }
}

impl Timed {
    fn rule(&self) -> Result<Rule> {
        from_json(&self.rule, "schedules.rule")
    }

    fn zone(&self) -> Option<TimeZone> {
        zones::by_name(&self.zone)
    }

    /// The next firing after now; nothing for what happens once.
    fn next(&self, now: Timestamp) -> Result<Option<Firing>> {
        let rule = self.rule()?;
        Ok(self.zone().filter(|_| rule.repeats()).and_then(|zone| next_after(&rule, now, &zone)))
    }

    /// The present firing where the zone data sees it; nothing for an instant.
    fn there(&self) -> Result<Option<Firing>> {
        let civil = parsed(&self.civil, "schedules.civil")?;
        let on_the_clock = !matches!(self.rule()?, Rule::At { .. });
        Ok(self.zone().filter(|_| on_the_clock).and_then(|zone| resolve(civil, &zone)).map(|at| Firing { civil, at }))
    }
}

impl Tx {
    async fn still_to_come(&mut self, now: Timestamp) -> Result<Vec<Timed>> {
        let sql = "select id, rule, zone, civil, due_at from schedules where state = 'active' and due_at > $1";
        Ok(sqlx::query_as(sql).bind(millis(now)).fetch_all(&mut *self.tx).await?)
    }

    /// What is still to come, is not held back, and was computed with other zone data.
    async fn of_other_zone_data(&mut self, now: Timestamp) -> Result<Vec<Timed>> {
        let sql = "select s.id, s.rule, s.zone, s.civil, s.due_at from schedules s
                   where s.state = 'active' and s.tzdb <> $1 and s.due_at > $2
                     and not exists (select 1 from occurrences o where o.schedule_id = s.id and o.civil = s.civil)";
        Ok(sqlx::query_as(sql).bind(zones::version()).bind(millis(now)).fetch_all(&mut *self.tx).await?)
    }

    async fn retime(&mut self, id: i64, next: Firing) -> Result<()> {
        sqlx::query(
            "update schedules set civil = $1, due_at = $2, wake_at = $2, version = version + 1, attempts = 0
             where id = $3 and state = 'active'",
        )
        .bind(next.civil.to_string())
        .bind(millis(next.at))
        .bind(id)
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }
}
