//! Messages handed out to be sent: each to one worker, for the time of a lease, and of a chat one at a time.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use jiff::Timestamp;
use serde::Deserialize;
use sqlx::AssertSqlSafe;

use super::gather::{Bytes, read};
use super::outbox::{purpose, slot};
use super::pending::{Claim, Message as Waiting};
use super::{Dialect, Result, StoreError, Tx, instant, millis, parsed};
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

/// The first of the messages that a transaction makes for an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewAnswer {
    /// The account it goes to.
    pub account: i64,
    /// Where that is.
    pub platform: Platform,
    /// How urgent it is: 0 is the most urgent.
    pub priority: i64,
}

/// The columns of [`Row`], for [`Dialect::rows`].
fn columns(dialect: Dialect) -> String {
    let (reply, body) = (dialect.bytes("reply"), dialect.bytes("body"));
    format!(
        "id, person_id, account_id, (select a.ext_id from accounts a where a.id = outbox.account_id), platform,
         coalesce(place, (select a.home_place from accounts a where a.id = outbox.account_id)),
         {reply}, purpose, attempts, unclear, first_attempt_at, attempt_id, {body}, dedupe_key, silent, expires_at,
         (select count(*) from (select 1 from outbox m where m.account_id = outbox.account_id
                                and m.state in ('pending', 'sending') and m.id <> outbox.id limit 100) as others),
         priority"
    )
}

/// The next row of the chat of `c`: the one on its way, else an urgent one, else the oldest.
const HEAD: &str = "(select l.id from outbox l where l.account_id = c.account_id and l.state in ('pending', 'sending')
                     order by l.state desc, l.priority > 0, l.id limit 1)";

#[derive(Deserialize)]
struct Row {
    id: i64,
    person_id: i64,
    account_id: i64,
    ext_id: String,
    platform: String,
    place: Option<String>,
    reply: Option<Bytes>,
    purpose: String,
    attempts: i64,
    unclear: i64,
    first_attempt_at: Option<i64>,
    attempt_id: Option<String>,
    body: Option<Bytes>,
    dedupe_key: String,
    silent: i64,
    expires_at: Option<i64>,
    behind: i64,
    priority: i64,
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
        let Wanted { platform, priorities, limit, worker, .. } = wanted;
        let between = format!("between {} and {}", priorities.start(), priorities.end());
        // The sum keeps not_before out of the choice of an index, so that the rows come in the order they are asked for. What the
        // choice depends on is no value of the statement, or it would be planned anew for each.
        let claim = format!(
            "update outbox set state = 'sending', attempts = attempts + 1, attempt_id = $1, worker = $2, lease_until = $3,
                               first_attempt_at = coalesce(first_attempt_at, $4)
             where id in (
                 select h.id from outbox c join outbox h on h.id = {HEAD}
                 where c.state = 'pending' and c.platform = '{platform}' and c.priority {between}
                   and h.state = 'pending' and h.not_before + 0 <= $4
                   and not exists (select 1 from outbox b
                                   where b.account_id = c.account_id and b.state in ('pending', 'sending') and b.state = 'pending'
                                     and b.priority {between}
                                     and (b.priority < c.priority or (b.priority = c.priority and b.id < c.id)))
                 order by c.priority, c.fair_key, c.id limit $5 + 0)
               and state = 'pending'"
        );
        let attempt = new_attempt(worker);
        let claimed = sqlx::query(AssertSqlSafe(claim))
            .bind(attempt.clone())
            .bind((*worker).to_owned())
            .bind(millis(until))
            .bind(millis(now))
            .bind(i64::try_from(*limit).unwrap_or(i64::MAX))
            .execute(&mut *self.tx)
            .await?;
        if claimed.rows_affected() == 0 {
            return Ok(Vec::new());
        }
        let mine = "outbox where state = 'sending' and attempt_id = $1";
        let sql = self.dialect.rows(&columns(self.dialect), mine, "priority, fair_key, id");
        let (rows,): (String,) =
            sqlx::query_as(AssertSqlSafe(format!("select {sql}"))).bind(attempt).fetch_one(&mut *self.tx).await?;
        self.all_claimed(&rows, now)
    }

    /// Of what this transaction has made and not written yet: the first for each account, an urgent one before all others, where nothing
    /// waits for that account or is on its way to it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn first_answers(&mut self) -> Result<Vec<NewAnswer>> {
        let mut first: BTreeMap<i64, NewAnswer> = BTreeMap::new();
        for Waiting { account, platform, priority, .. } in &self.pending.messages {
            let new = NewAnswer { account: *account, platform: *platform, priority: *priority };
            let first = first.entry(*account).or_insert(new);
            if new.priority < first.priority.min(1) {
                *first = new;
            }
        }
        let accounts: Vec<PersonId> = first.keys().map(|account| PersonId(*account)).collect();
        let busy = |dialect: Dialect, list: &str| {
            let from = format!("outbox where account_id in ({list}) and state in ('pending', 'sending')");
            dialect.rows("account_id", &from, "id")
        };
        for (account,) in self.rows_about::<(i64,)>(&accounts, "outbox", busy).await? {
            first.remove(&account);
        }
        Ok(first.into_values().collect())
    }

    /// Keeps what is made from now on at hand, for [`Tx::claim_new`].
    pub fn keep_letters(&mut self) {
        self.keeps_letters = true;
    }

    /// How many messages this transaction has made.
    #[must_use]
    pub fn messages_made(&self) -> usize {
        self.made
    }

    /// Claims those of [`Tx::first_answers`] that go to these accounts, and writes everything that this transaction has made.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn claim_new(
        &mut self,
        accounts: &BTreeSet<i64>,
        worker: &str,
        lease: (Timestamp, Timestamp),
    ) -> Result<Vec<Claimed>> {
        let attempt = new_attempt(worker);
        let (now, until) = lease;
        let claim = Claim { attempt: attempt.clone(), worker: worker.to_owned(), lease: (millis(now), millis(until)) };
        let mut left = accounts.clone();
        let mut claimed = BTreeMap::new();
        for urgent in [true, false] {
            let messages = self.pending.messages.iter_mut().filter(|message| (message.priority == 0) == urgent);
            for message in messages.filter(|message| left.remove(&message.account)) {
                message.claim = Some(claim.clone());
                let one = Claimed {
                    letter: message.letter.take().map(|letter| *letter),
                    id: 0,
                    attempt: attempt.clone(),
                    account: message.account,
                    platform: message.platform,
                    priority: message.priority,
                    purpose: message.purpose,
                    attempts: 0,
                    unclear: 0,
                    first_attempt: now,
                    expires: message.expires_at.map(instant).transpose()?,
                    behind: 0,
                };
                claimed.insert(message.account, one);
            }
        }
        self.flush().await?;
        if claimed.is_empty() {
            return Ok(Vec::new());
        }
        let sql = self.dialect.rows("id, account_id", "outbox where state = 'sending' and attempt_id = $1", "id");
        let (rows,): (String,) =
            sqlx::query_as(AssertSqlSafe(format!("select {sql}"))).bind(attempt).fetch_one(&mut *self.tx).await?;
        let with_id = |(id, account)| claimed.remove(&account).map(|claimed| Claimed { id, ..claimed });
        Ok(read::<(i64, i64)>(&rows, "outbox")?.into_iter().filter_map(with_id).collect())
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
        if platforms.is_empty() {
            return Ok(Vec::new());
        }
        let platforms = platforms.iter().map(|platform| format!("'{platform}'")).collect::<Vec<_>>().join(", ");
        let orphaned = format!(
            "(select * from outbox where state = 'sending' and (lease_until <= $1 or worker <> $2) and platform in ({platforms})
              order by id limit 500) as outbox"
        );
        let sql = self.dialect.rows(&columns(self.dialect), &orphaned, "id");
        let (rows,): (String,) = sqlx::query_as(AssertSqlSafe(format!("select {sql}")))
            .bind(millis(now))
            .bind(worker.to_owned())
            .fetch_one(&mut *self.tx)
            .await?;
        self.all_claimed(&rows, now)
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

    fn all_claimed(&self, rows: &str, now: Timestamp) -> Result<Vec<Claimed>> {
        read::<Row>(rows, "outbox")?.into_iter().map(|row| self.claimed(row, now)).collect()
    }

    fn claimed(&self, row: Row, now: Timestamp) -> Result<Claimed> {
        Ok(Claimed {
            id: row.id,
            attempt: row.attempt_id.clone().unwrap_or_default(),
            account: row.account_id,
            platform: parsed(&row.platform, "outbox.platform")?,
            priority: row.priority,
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
        let Bytes(body) = row.body.ok_or(StoreError::Corrupt("outbox.body"))?;
        Ok(Letter {
            account: row.ext_id,
            place: row.place,
            message: self.open_json(slot("body", person, &row.dedupe_key), &body)?,
            reply: row
                .reply
                .map(|Bytes(sealed)| self.open(slot("reply", person, &row.dedupe_key), &sealed))
                .transpose()?,
            silent: row.silent != 0,
        })
    }
}

/// Names an attempt.
fn new_attempt(worker: &str) -> String {
    format!("{worker}-{:016x}", fastrand::u64(..))
}
