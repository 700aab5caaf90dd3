//! Messages on their way out: enqueue, claim, settle. Which answer leads to which settlement is decided in [`crate::outbox`].

use jiff::Timestamp;
use sqlx::any::AnyRow;
use sqlx::{FromRow, Row as _};

use super::{Result, StoreError, Tx, instant, millis, parsed};
use crate::types::{Message, PersonId, Platform, Private, Purpose};
use crate::vault::Slot;

/// A message to commit.
#[derive(Clone, Debug)]
pub struct NewRow<'a> {
    /// Whose it is.
    pub person: PersonId,
    /// The account it goes to.
    pub account: i64,
    /// Where that is.
    pub platform: Platform,
    /// The private chat; `None` for the account's home place.
    pub place: Option<&'a str>,
    /// What the platform needs to answer exactly one event.
    pub reply: Option<&'a str>,
    /// What to say; fits the platform's limit.
    pub message: &'a Message,
    /// Why.
    pub purpose: Purpose,
    /// Since when it is due.
    pub due: Timestamp,
    /// After this it is of no use.
    pub expires: Option<Timestamp>,
    /// Two rows with one key are one row.
    pub dedupe_key: &'a str,
    /// Without a sound.
    pub silent: bool,
    /// When it was made.
    pub now: Timestamp,
}

/// A message that this worker, and nobody else, sends now.
#[derive(Clone, Debug)]
pub struct Claimed {
    /// What to send, and where. `None` when it cannot be read.
    pub letter: Option<Letter>,
    /// The row.
    pub id: i64,
    /// Names this attempt: only it may settle the row.
    pub attempt: String,
    /// The account it goes to.
    pub account: i64,
    /// Where that is.
    pub platform: Platform,
    /// Why it goes out.
    pub purpose: Purpose,
    /// Attempts before this one, waits that the platform asked for not counted.
    pub attempts: i64,
    /// How many of them may have arrived.
    pub unclear: i64,
    /// The first attempt that may have arrived.
    pub first_attempt: Timestamp,
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

/// How a message ended other than sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It will not be sent.
    Dead,
    /// Nobody knows whether it arrived, and it is not repeated.
    Unknown,
}

impl End {
    fn as_str(self) -> &'static str {
        match self {
            End::Dead => "dead",
            End::Unknown => "unknown",
        }
    }
}

fn slot<'a>(column: &'static str, person: PersonId, dedupe_key: &'a str) -> Slot<'a> {
    Slot { table: "outbox", column, person: Some(person), row: dedupe_key }
}

fn priority(purpose: Purpose) -> i64 {
    match purpose {
        Purpose::Reply => 1,
        Purpose::Reminder => 2,
        Purpose::Nudge => 3,
    }
}

fn purpose_word(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Reply => "reply",
        Purpose::Reminder => "reminder",
        Purpose::Nudge => "nudge",
    }
}

fn purpose(word: &str) -> Result<Purpose> {
    [Purpose::Reply, Purpose::Reminder, Purpose::Nudge]
        .into_iter()
        .find(|purpose| purpose_word(*purpose) == word)
        .ok_or(StoreError::Corrupt("outbox.purpose"))
}

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
}

impl FromRow<'_, AnyRow> for Row {
    fn from_row(row: &AnyRow) -> sqlx::Result<Self> {
        Ok(Self {
            id: row.try_get("id")?,
            person_id: row.try_get("person_id")?,
            account_id: row.try_get("account_id")?,
            ext_id: row.try_get("ext_id")?,
            platform: row.try_get("platform")?,
            place: row.try_get("place")?,
            reply: row.try_get("reply")?,
            purpose: row.try_get("purpose")?,
            attempts: row.try_get("attempts")?,
            unclear: row.try_get("unclear")?,
            first_attempt_at: row.try_get("first_attempt_at")?,
            attempt_id: row.try_get("attempt_id")?,
            body: row.try_get("body")?,
            dedupe_key: row.try_get("dedupe_key")?,
            silent: row.try_get("silent")?,
        })
    }
}

impl Tx {
    /// Commits a message to be sent; one with a known key is left as it is.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn enqueue(&mut self, row: NewRow<'_>) -> Result<()> {
        let reply = row.reply.map(|reply| self.seal(slot("reply", row.person, row.dedupe_key), &Private::new(reply)));
        let body = self.seal_json(slot("body", row.person, row.dedupe_key), row.message)?;
        sqlx::query(
            "insert into outbox (person_id, account_id, platform, place, reply, priority, purpose, due_at,
                                 expires_at, body, dedupe_key, silent, created_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
             on conflict (dedupe_key) do nothing",
        )
        .bind(row.person.0)
        .bind(row.account)
        .bind(row.platform.as_str())
        .bind(row.place)
        .bind(reply)
        .bind(priority(row.purpose))
        .bind(purpose_word(row.purpose))
        .bind(millis(row.due))
        .bind(row.expires.map(millis))
        .bind(body)
        .bind(row.dedupe_key)
        .bind(i64::from(row.silent))
        .bind(millis(row.now))
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// Claims messages of one platform: of each chat the oldest, if nothing of that chat is on its way; the urgent ones first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn claim_messages(
        &mut self,
        platform: Platform,
        worker: &str,
        lease: (Timestamp, Timestamp),
        limit: i64,
    ) -> Result<Vec<Claimed>> {
        let (now, until) = lease;
        self.expire_messages(now).await?;
        // The sum keeps not_before out of the choice of an index, so that the rows come in the order they are asked for.
        let heads: Vec<(i64,)> = sqlx::query_as(
            "select o.id from outbox o
             where o.state = 'pending' and o.platform = $1 and o.not_before + 0 <= $2
               and not exists (select 1 from outbox p
                               where p.account_id = o.account_id and p.state in ('pending', 'sending') and p.id < o.id)
             order by o.priority, o.due_at, o.id limit $3",
        )
        .bind(platform.as_str())
        .bind(millis(now))
        .bind(limit)
        .fetch_all(&mut *self.tx)
        .await?;
        let mut claimed = Vec::with_capacity(heads.len());
        for (id,) in heads {
            if self.mark_sending(id, worker, now, until).await? {
                claimed.push(self.claimed(id, now).await?);
            }
        }
        Ok(claimed)
    }

    /// False when it was settled by somebody else meanwhile.
    async fn mark_sending(&mut self, id: i64, worker: &str, now: Timestamp, until: Timestamp) -> Result<bool> {
        let done = sqlx::query(
            "update outbox set state = 'sending', attempts = attempts + 1, attempt_id = $1, worker = $2, lease_until = $3,
                               first_attempt_at = coalesce(first_attempt_at, $4)
             where id = $5 and state = 'pending'",
        )
        .bind(format!("{worker}-{:016x}", fastrand::u64(..)))
        .bind(worker)
        .bind(millis(until))
        .bind(millis(now))
        .bind(id)
        .execute(&mut *self.tx)
        .await?;
        Ok(done.rows_affected() == 1)
    }

    async fn claimed(&mut self, id: i64, now: Timestamp) -> Result<Claimed> {
        let row: Row = sqlx::query_as(
            "select o.id, o.person_id, o.account_id, a.ext_id, o.platform, coalesce(o.place, a.home_place) as place, o.reply,
                    o.purpose, o.attempts, o.unclear, o.first_attempt_at, o.attempt_id, o.body, o.dedupe_key, o.silent
             from outbox o join accounts a on a.id = o.account_id where o.id = $1",
        )
        .bind(id)
        .fetch_one(&mut *self.tx)
        .await?;
        self.read_claimed(row, now)
    }

    fn read_claimed(&self, row: Row, now: Timestamp) -> Result<Claimed> {
        Ok(Claimed {
            id: row.id,
            attempt: row.attempt_id.clone().unwrap_or_default(),
            account: row.account_id,
            platform: parsed(&row.platform, "outbox.platform")?,
            purpose: purpose(&row.purpose)?,
            attempts: row.attempts - 1,
            unclear: row.unclear,
            first_attempt: row.first_attempt_at.map(instant).transpose()?.unwrap_or(now),
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

    /// Puts away what is of no use any more.
    async fn expire_messages(&mut self, now: Timestamp) -> Result<()> {
        sqlx::query(
            "update outbox set state = 'dead', error = 'expired', body = null, reply = null
             where state = 'pending' and expires_at <= $1",
        )
        .bind(millis(now))
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// Which messages were being sent by a worker that is no more, or that took longer than its lease? They are claimed anew
    /// under the same attempt, so that they can be settled as unclear.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn orphaned_messages(&mut self, worker: &str, now: Timestamp) -> Result<Vec<Claimed>> {
        let rows: Vec<(i64,)> = sqlx::query_as(
            "select id from outbox where state = 'sending' and (lease_until <= $1 or worker <> $2) order by id limit 500",
        )
        .bind(millis(now))
        .bind(worker)
        .fetch_all(&mut *self.tx)
        .await?;
        let mut orphans = Vec::with_capacity(rows.len());
        for (id,) in rows {
            orphans.push(self.claimed(id, now).await?);
        }
        Ok(orphans)
    }

    /// It was sent. The text is forgotten.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn message_sent(&mut self, claimed: &Claimed, ext_id: Option<&str>, now: Timestamp) -> Result<()> {
        sqlx::query(
            "update outbox set state = 'sent', body = null, reply = null, error = null, ext_message_id = $1, sent_at = $2
             where id = $3 and attempt_id = $4 and state = 'sending'",
        )
        .bind(ext_id)
        .bind(millis(now))
        .bind(claimed.id)
        .bind(&claimed.attempt)
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// An account's private chat was found on the way; one that is known stays.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn found_home_place(&mut self, account: i64, place: &str) -> Result<()> {
        sqlx::query("update accounts set home_place = coalesce(home_place, $1) where id = $2")
            .bind(place)
            .bind(account)
            .execute(&mut *self.tx)
            .await?;
        Ok(())
    }

    /// It is tried again at `not_before`. It surely did not arrive.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn message_not_sent(
        &mut self,
        claimed: &Claimed,
        error: &str,
        not_before: Timestamp,
        counts: bool,
    ) -> Result<()> {
        sqlx::query(
            "update outbox set state = 'pending', error = $1, not_before = $2, attempts = attempts - $3,
                               first_attempt_at = case when unclear = 0 then null else first_attempt_at end
             where id = $4 and attempt_id = $5 and state = 'sending'",
        )
        .bind(error)
        .bind(millis(not_before))
        .bind(i64::from(!counts))
        .bind(claimed.id)
        .bind(&claimed.attempt)
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// It is tried again at `not_before`, although it may have arrived.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn message_unclear(&mut self, claimed: &Claimed, not_before: Timestamp) -> Result<()> {
        sqlx::query(
            "update outbox set state = 'pending', error = 'unclear', not_before = $1, unclear = unclear + 1
             where id = $2 and attempt_id = $3 and state = 'sending'",
        )
        .bind(millis(not_before))
        .bind(claimed.id)
        .bind(&claimed.attempt)
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// It ends without having been sent for sure. The text is forgotten.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn message_ended(&mut self, claimed: &Claimed, end: End, error: &str) -> Result<()> {
        sqlx::query(
            "update outbox set state = $1, error = $2, body = null, reply = null
             where id = $3 and attempt_id = $4 and state = 'sending'",
        )
        .bind(end.as_str())
        .bind(error)
        .bind(claimed.id)
        .bind(&claimed.attempt)
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// An account's chat has a new id: for what waits, and for later.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn chat_moved(&mut self, account: i64, to: &str) -> Result<()> {
        self.set_home_place(account, to).await?;
        sqlx::query("update outbox set place = $1 where account_id = $2 and state in ('pending', 'sending')")
            .bind(to)
            .bind(account)
            .execute(&mut *self.tx)
            .await?;
        Ok(())
    }

    /// When may the next message of a platform be tried? What waits behind another one of its chat is not asked.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn next_message_at(&mut self, platform: Platform) -> Result<Option<Timestamp>> {
        let row: Option<(i64,)> = sqlx::query_as(
            "select o.not_before from outbox o
             where o.state = 'pending' and o.platform = $1
               and not exists (select 1 from outbox p
                               where p.account_id = o.account_id and p.state in ('pending', 'sending') and p.id < o.id)
             order by o.not_before limit 1",
        )
        .bind(platform.as_str())
        .fetch_optional(&mut *self.tx)
        .await?;
        row.map(|(at,)| instant(at)).transpose()
    }
}
