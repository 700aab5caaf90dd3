//! How much there is to do: numbers of rows, and since when the oldest waits. Nothing of anybody.

use jiff::Timestamp;
use serde::Serialize;

use super::leases::NO_ROLES;
use super::{Result, Tx, millis};

/// From when on something that waits counts as late, in milliseconds.
const LATE: i64 = 60_000;
/// A role that nobody has had for so long is none any more, in milliseconds: there are fewer connections than there were.
const FORGOTTEN: i64 = 7 * 24 * 3_600_000;

/// How much there is to do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Status {
    /// How many people are known.
    pub people: i64,
    /// Of each platform that somebody is on.
    pub platforms: Vec<OfPlatform>,
    /// What was planned.
    pub reminders: Planned,
    /// What only one of several programs does; empty on a file.
    pub roles: Vec<RoleStatus>,
}

/// How much there is to do on a platform.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct OfPlatform {
    /// Its name.
    pub platform: String,
    /// Accounts that are known.
    pub accounts: i64,
    /// Of these, the ones that blocked the bot or left.
    pub gone: i64,
    /// What came from there.
    pub events: Events,
    /// What goes there.
    pub messages: Messages,
}

/// What came and is kept until it is handled.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Events {
    /// To be handled.
    pub waiting: i64,
    /// Of these, the ones that wait for longer than a minute.
    pub late: i64,
    /// Given up within the last week.
    pub dead: i64,
    /// For how many seconds the oldest has been waiting.
    pub oldest_s: Option<i64>,
}

/// What is to be sent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Messages {
    /// To be sent now.
    pub due: i64,
    /// To be sent at a later time: tried again, or told to wait.
    pub queued: i64,
    /// On their way.
    pub sending: i64,
    /// Of all these, the ones that should have gone out more than a minute ago.
    pub late: i64,
    /// Given up within the last week.
    pub dead: i64,
    /// Nobody knows whether they arrived, and they are not repeated; of the last week.
    pub unclear: i64,
    /// For how many seconds the oldest has been waiting.
    pub oldest_s: Option<i64>,
}

/// What was planned.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Planned {
    /// All that is to come.
    pub active: i64,
    /// Of these, what should happen now.
    pub due: i64,
    /// Of these, what should have happened more than a minute ago.
    pub late: i64,
    /// Given up.
    pub failed: i64,
    /// For how many seconds the oldest has been due.
    pub oldest_s: Option<i64>,
    /// In how many seconds the next one is due.
    pub next_s: Option<i64>,
}

/// What only one of several programs does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RoleStatus {
    /// Its name.
    pub role: String,
    /// Does some program do it?
    pub held: bool,
    /// How often it was given.
    pub epoch: i64,
}

type Waiting = (String, i64, i64, i64, i64, Option<i64>);

impl Tx {
    /// How much there is to do, and what became of the rest.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn status(&mut self, now: Timestamp) -> Result<Status> {
        let mut status = self.workload(now).await?;
        (status.people,) = sqlx::query_as("select count(*) from persons").fetch_one(&mut *self.tx).await?;
        let accounts: Vec<(String, i64, i64)> = sqlx::query_as(
            "select platform, count(*), count(case when state = 'gone' then 1 end) from accounts group by platform",
        )
        .fetch_all(&mut *self.tx)
        .await?;
        for (platform, accounts, gone) in accounts {
            let of = status.of(platform);
            (of.accounts, of.gone) = (accounts, gone);
        }
        let dead: Vec<(String, i64)> =
            sqlx::query_as("select platform, count(*) from inbox where state = 'dead' group by platform")
                .fetch_all(&mut *self.tx)
                .await?;
        for (platform, dead) in dead {
            status.of(platform).events.dead = dead;
        }
        let over: Vec<(String, i64, i64)> = sqlx::query_as(
            "select platform, count(case when state = 'dead' then 1 end), count(case when state = 'unknown' then 1 end)
             from outbox where state in ('dead', 'unknown') group by platform",
        )
        .fetch_all(&mut *self.tx)
        .await?;
        for (platform, dead, unclear) in over {
            let messages = &mut status.of(platform).messages;
            (messages.dead, messages.unclear) = (dead, unclear);
        }
        let (active, failed, next): (i64, i64, Option<i64>) = sqlx::query_as(
            "select count(case when state = 'active' then 1 end), count(case when state = 'failed' then 1 end),
                    min(case when state = 'active' and wake_at > $1 then wake_at end)
             from schedules where state in ('active', 'failed')",
        )
        .bind(millis(now))
        .fetch_one(&mut *self.tx)
        .await?;
        let next_s = next.map(|next| (next - millis(now)) / 1_000);
        status.reminders = Planned { active, failed, next_s, ..status.reminders };
        status.roles = self.roles(now).await?;
        status.platforms.sort_by(|one, other| one.platform.cmp(&other.platform));
        Ok(status)
    }

    /// What of it waits now: little work also for a large database, because only what waits is looked at.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn workload(&mut self, now: Timestamp) -> Result<Status> {
        let mut status = Status::default();
        let (now, late) = (millis(now), millis(now) - LATE);
        let events: Vec<(String, i64, i64, Option<i64>)> = sqlx::query_as(
            "select platform, count(*), count(case when received_at <= $1 then 1 end), min(received_at)
             from inbox where state = 'new' group by platform",
        )
        .bind(late)
        .fetch_all(&mut *self.tx)
        .await?;
        for (platform, waiting, late, oldest) in events {
            status.of(platform).events = Events { waiting, late, dead: 0, oldest_s: since(oldest, now) };
        }
        let messages: Vec<Waiting> = sqlx::query_as(
            "select platform, count(case when state = 'pending' and not_before <= $1 then 1 end),
                    count(case when state = 'pending' and not_before > $1 then 1 end),
                    count(case when state = 'sending' then 1 end), count(case when due_at <= $2 then 1 end), min(due_at)
             from outbox where state in ('pending', 'sending') group by platform",
        )
        .bind(now)
        .bind(late)
        .fetch_all(&mut *self.tx)
        .await?;
        for (platform, due, queued, sending, late, oldest) in messages {
            let (dead, unclear, oldest_s) = (0, 0, since(oldest, now));
            status.of(platform).messages = Messages { due, queued, sending, late, dead, unclear, oldest_s };
        }
        let (due, late, oldest): (i64, i64, Option<i64>) = sqlx::query_as(
            "select count(*), count(case when wake_at <= $2 then 1 end), min(wake_at)
             from schedules where state = 'active' and wake_at <= $1",
        )
        .bind(now)
        .bind(late)
        .fetch_one(&mut *self.tx)
        .await?;
        status.reminders = Planned { due, late, oldest_s: since(oldest, now), ..Planned::default() };
        Ok(status)
    }

    async fn roles(&mut self, now: Timestamp) -> Result<Vec<RoleStatus>> {
        let rows: Vec<(String, i64, i64)> =
            sqlx::query_as("select role, until, epoch from leases where until > $1 order by role")
                .bind(millis(now) - FORGOTTEN)
                .fetch_all(&mut *self.tx)
                .await?;
        let is_role = |(role, ..): &(String, i64, i64)| !NO_ROLES.iter().any(|other| role.starts_with(other));
        let role = |(role, until, epoch)| RoleStatus { role, held: until > millis(now), epoch };
        Ok(rows.into_iter().filter(is_role).map(role).collect())
    }
}

impl Status {
    fn of(&mut self, platform: String) -> &mut OfPlatform {
        let at = self.platforms.iter().position(|of| of.platform == platform).unwrap_or_else(|| {
            self.platforms.push(OfPlatform { platform, ..OfPlatform::default() });
            self.platforms.len() - 1
        });
        &mut self.platforms[at]
    }
}

/// For how many seconds.
fn since(at: Option<i64>, now: i64) -> Option<i64> {
    at.map(|at| (now - at).max(0) / 1_000)
}
