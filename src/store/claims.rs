//! Messages handed out to be sent: each to one worker, for the time of a lease, and of a chat one at a time.

use std::ops::RangeInclusive;

use jiff::Timestamp;
use sqlx::AssertSqlSafe;
use sqlx::any::AnyRow;
use sqlx::{FromRow, Row as _};

use super::outbox::{purpose, slot};
use super::{Result, StoreError, Tx, instant, millis, parsed};
use crate::types::{Message, PersonId, Platform, Private, Purpose};

/// A message that this worker, and nobody else, sends now.
#[derive(Clone, Debug)]
pub struct Claimed {
    /// What to send, and where. `None` when it cannot be read.
    pub letter: Option<Letter>,
    /// The row.
    pub id: i64,
    /// Names this attempt: together with the row only it may settle it.
    pub attempt: String,
    /// The account it goes to.
    pub account: i64,
    /// Where that is.
    pub platform: Platform,
    /// How urgent it is: 0 is the most urgent.
    pub priority: i64,
    /// Why it goes out.
    pub purpose: Purpose,
    /// Attempts before this one, waits that the platform asked for not counted.
    pub attempts: i64,
    /// How many of them may have arrived.
    pub unclear: i64,
    /// The first attempt that may have arrived.
    pub first_attempt: Timestamp,
    /// After this it is of no use.
    pub expires: Option<Timestamp>,
    /// How many more wait for the same chat; beyond a hundred they are not counted.
    pub behind: usize,
}

/// What a claimed message says, and where it goes.
#[derive(Clone, Debug)]
pub struct Letter {
    /// The platform's id of the account.
    pub account: String,
    /// The platform's id of the private chat, if it is known by now.
    pub place: Option<String>,
    /// What to say.
    pub message: Message,
    /// What the platform needs to answer exactly one event.
    pub reply: Option<Private>,
    /// Without a sound.
    pub silent: bool,
}

/// What is asked for: messages of a platform, of these priorities, so many at most.
#[derive(Clone, Debug)]
pub struct Wanted<'a> {
    /// The platform.
    pub platform: Platform,
    /// From the most urgent to the least.
    pub priorities: RangeInclusive<i64>,
    /// How many at most.
    pub limit: usize,
    /// Who sends them.
    pub worker: &'a str,
    /// Since when, and until when they are that worker's.
    pub lease: (Timestamp, Timestamp),
}

/// The columns of [`Row`]. Subqueries and no join, so that they can stand behind `returning` as well.
const COLUMNS: &str =
    "id, person_id, account_id, platform, reply, purpose, attempts, unclear, first_attempt_at, attempt_id, body,
     dedupe_key, silent, expires_at, priority, fair_key,
     (select a.ext_id from accounts a where a.id = outbox.account_id) as ext_id,
     coalesce(place, (select a.home_place from accounts a where a.id = outbox.account_id)) as home,
     (select count(*) from (select 1 from outbox m where m.account_id = outbox.account_id
                            and m.state in ('pending', 'sending') and m.id <> outbox.id limit 100) as others) as behind";

/// The next row of the chat of `c`: the one on its way, else an urgent one, else the oldest.
const HEAD: &str = "(select l.id from outbox l where l.account_id = c.account_id and l.state in ('pending', 'sending')
                     order by l.state desc, l.priority > 0, l.id limit 1)";

struct Row {
    id: i64,
    person_id: i64,
    account_id: i64,
    ext_id: String,
    platform: String,
    place: Option<String>,
    reply: Option<Vec<u8>>,
    purpose: String,
    attempts: i64,
    unclear: i64,
    first_attempt_at: Option<i64>,
    attempt_id: Option<String>,
    body: Option<Vec<u8>>,
    dedupe_key: String,
    silent: i64,
    expires_at: Option<i64>,
    behind: i64,
    /// What it is sorted by.
    order: (i64, i64, i64),
}

impl FromRow<'_, AnyRow> for Row {
    fn from_row(row: &AnyRow) -> sqlx::Result<Self> {
        let id = row.try_get("id")?;
        Ok(Self {
            id,
            person_id: row.try_get("person_id")?,
            account_id: row.try_get("account_id")?,
            ext_id: row.try_get("ext_id")?,
            platform: row.try_get("platform")?,
            place: row.try_get("home")?,
            reply: row.try_get("reply")?,
            purpose: row.try_get("purpose")?,
            attempts: row.try_get("attempts")?,
            unclear: row.try_get("unclear")?,
            first_attempt_at: row.try_get("first_attempt_at")?,
            attempt_id: row.try_get("attempt_id")?,
            body: row.try_get("body")?,
            dedupe_key: row.try_get("dedupe_key")?,
            silent: row.try_get("silent")?,
            expires_at: row.try_get("expires_at")?,
            behind: row.try_get("behind")?,
            order: (row.try_get("priority")?, row.try_get("fair_key")?, id),
        })
    }
}

impl Tx {
    /// Claims messages: of each chat the next one, if nothing of that chat is on its way; the urgent ones first. A chat stands
    /// where its most urgent message stands, so that an answer never waits behind a check-in that went to the same chat before
    /// it: that one goes out first, at once.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn claim_messages(&mut self, wanted: &Wanted<'_>) -> Result<Vec<Claimed>> {
        let (now, until) = wanted.lease;
        // The sum keeps not_before out of the choice of an index, so that the rows come in the order they are asked for.
        let sql = format!(
            "update outbox set state = 'sending', attempts = attempts + 1, attempt_id = $1, worker = $2, lease_until = $3,
                               first_attempt_at = coalesce(first_attempt_at, $4)
             where id in (
                 select h.id from outbox c join outbox h on h.id = {HEAD}
                 where c.state = 'pending' and c.platform = $5 and c.priority between $6 and $7
                   and h.state = 'pending' and h.not_before + 0 <= $4
                   and not exists (select 1 from outbox b
                                   where b.account_id = c.account_id and b.state in ('pending', 'sending') and b.state = 'pending'
                                     and b.priority between $6 and $7
                                     and (b.priority < c.priority or (b.priority = c.priority and b.id < c.id)))
                 order by c.priority, c.fair_key, c.id limit $8)
               and state = 'pending'
             returning {COLUMNS}"
        );
        let rows: Vec<Row> = sqlx::query_as(AssertSqlSafe(sql))
            .bind(format!("{}-{:016x}", wanted.worker, fastrand::u64(..)))
            .bind(wanted.worker)
            .bind(millis(until))
            .bind(millis(now))
            .bind(wanted.platform.as_str())
            .bind(*wanted.priorities.start())
            .bind(*wanted.priorities.end())
            .bind(i64::try_from(wanted.limit).unwrap_or(i64::MAX))
            .fetch_all(&mut *self.tx)
            .await?;
        self.all_claimed(rows, now)
    }

    /// Which messages to these platforms were being sent by a worker that is no more, or that took longer than its lease? They come
    /// under the same attempt, so that they can be settled as unclear.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn orphaned_messages(
        &mut self,
        worker: &str,
        platforms: &[Platform],
        now: Timestamp,
    ) -> Result<Vec<Claimed>> {
        let sql = format!(
            "select {COLUMNS} from outbox
             where state = 'sending' and (lease_until <= $1 or worker <> $2) order by id limit 500"
        );
        let mut rows: Vec<Row> =
            sqlx::query_as(AssertSqlSafe(sql)).bind(millis(now)).bind(worker).fetch_all(&mut *self.tx).await?;
        rows.retain(|row| platforms.iter().any(|platform| platform.as_str() == row.platform));
        self.all_claimed(rows, now)
    }

    /// When may the next message of a platform be tried? What waits behind another one of its chat is not asked.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn next_message_at(&mut self, platform: Platform) -> Result<Option<Timestamp>> {
        let sql = format!(
            "select c.not_before from outbox c where c.state = 'pending' and c.platform = $1 and c.id = {HEAD}
             order by c.not_before limit 1"
        );
        let row: Option<(i64,)> =
            sqlx::query_as(AssertSqlSafe(sql)).bind(platform.as_str()).fetch_optional(&mut *self.tx).await?;
        row.map(|(at,)| instant(at)).transpose()
    }

    /// `returning` has no order of its own.
    fn all_claimed(&self, mut rows: Vec<Row>, now: Timestamp) -> Result<Vec<Claimed>> {
        rows.sort_unstable_by_key(|row| row.order);
        rows.into_iter().map(|row| self.claimed(row, now)).collect()
    }

    fn claimed(&self, row: Row, now: Timestamp) -> Result<Claimed> {
        Ok(Claimed {
            id: row.id,
            attempt: row.attempt_id.clone().unwrap_or_default(),
            account: row.account_id,
            platform: parsed(&row.platform, "outbox.platform")?,
            priority: row.order.0,
            purpose: purpose(&row.purpose)?,
            attempts: row.attempts - 1,
            unclear: row.unclear,
            first_attempt: row.first_attempt_at.map(instant).transpose()?.unwrap_or(now),
            expires: row.expires_at.map(instant).transpose()?,
            behind: usize::try_from(row.behind).unwrap_or(0),
            letter: self.letter(row).ok(),
        })
    }

    fn letter(&self, row: Row) -> Result<Letter> {
        let person = PersonId(row.person_id);
        let body = row.body.ok_or(StoreError::Corrupt("outbox.body"))?;
        Ok(Letter {
            account: row.ext_id,
            place: row.place,
            message: self.open_json(slot("body", person, &row.dedupe_key), &body)?,
            reply: row.reply.map(|sealed| self.open(slot("reply", person, &row.dedupe_key), &sealed)).transpose()?,
            silent: row.silent != 0,
        })
    }
}
