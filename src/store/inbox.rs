//! What platforms handed over and nobody has handled yet.

use std::collections::HashMap;

use jiff::Timestamp;
use sqlx::AssertSqlSafe;

use super::gather::{Bytes, read};
use super::many::MANY;
use super::{Dialect, Result, Tx, instant, millis, parsed};
use crate::types::{PersonId, Platform, Private};
use crate::vault::Slot;

/// An event to keep.
#[derive(Clone, Copy, Debug)]
pub struct NewEvent<'a> {
    /// Where it came from.
    pub platform: Platform,
    /// Which bot of ours got it.
    pub bot: &'a str,
    /// The platform's id for it.
    pub id: &'a str,
    /// What came.
    pub raw: &'a Private,
}

/// An event that waits to be handled.
#[derive(Clone, Debug)]
pub struct InboxRow {
    /// Ours.
    pub id: i64,
    /// Where it came from.
    pub platform: Platform,
    /// What came; `None` when it cannot be read any more.
    pub raw: Option<Private>,
    /// How often it failed.
    pub attempts: i64,
    /// Not before this, in UTC milliseconds.
    pub wake_at: i64,
}

type Row = (i64, String, String, Option<Bytes>, i64, i64);

fn slot(row: &str) -> Slot<'_> {
    Slot { table: "inbox", column: "raw", person: None, row }
}

impl Tx {
    /// When the last event of a bot was stored.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn last_event_at(&mut self, platform: Platform, bot: &str) -> Result<Option<Timestamp>> {
        let row: Option<(i64,)> =
            sqlx::query_as("select received_at from inbox where platform = $1 and bot = $2 order by id desc limit 1")
                .bind(platform.as_str())
                .bind(bot)
                .fetch_optional(&mut *self.tx)
                .await?;
        row.map(|(at,)| instant(at)).transpose()
    }

    /// Keeps events; those that are known already are left as they are.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn put_events(&mut self, events: &[NewEvent<'_>], now: Timestamp) -> Result<()> {
        let sealed: Vec<(&NewEvent<'_>, Vec<u8>)> =
            events.iter().map(|event| (event, self.seal(slot(event.id), event.raw))).collect();
        let sql = |rows: &str| {
            format!(
                "insert into inbox (platform, bot, ext_id, raw, received_at) values {rows}
                 on conflict (platform, bot, ext_id) do nothing"
            )
        };
        self.write(&sealed, 5, sql, |query, (event, raw)| {
            query
                .bind(event.platform.as_str())
                .bind(event.bot.to_owned())
                .bind(event.id.to_owned())
                .bind(raw.clone())
                .bind(millis(now))
        })
        .await
    }

    /// Keeps the keys of events that are handled in this very transaction, and tells the rows of those that are new by their ids.
    /// `None` where others wait that came before: then nothing is kept.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn first_sights(
        &mut self,
        (platform, bot): (Platform, &str),
        ids: &[&str],
        now: Timestamp,
    ) -> Result<Option<HashMap<String, i64>>> {
        let (last, waiting): (i64, i64) = sqlx::query_as(
            "select coalesce((select max(id) from inbox), 0), (select count(*) from inbox where state = 'new')",
        )
        .fetch_one(&mut *self.tx)
        .await?;
        if waiting > 0 {
            return Ok(None);
        }
        let sql = |rows: &str| {
            format!(
                "insert into inbox (platform, bot, ext_id, received_at, state) values {rows}
                 on conflict (platform, bot, ext_id) do nothing"
            )
        };
        let (bot, now) = (bot.to_owned(), millis(now));
        self.write(ids, 5, sql, |query, id| {
            query.bind(platform.as_str()).bind(bot.clone()).bind((*id).to_owned()).bind(now).bind("done")
        })
        .await?;
        let new = self.dialect.rows("ext_id, id", "inbox where id > $1", "id");
        let (rows,): (String,) =
            sqlx::query_as(AssertSqlSafe(format!("select {new}"))).bind(last).fetch_one(&mut *self.tx).await?;
        Ok(Some(read::<(String, i64)>(&rows, "inbox")?.into_iter().collect()))
    }

    /// Lets an event wait after all, whose key was kept in this very transaction.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn let_wait(&mut self, id: i64, event: &NewEvent<'_>) -> Result<()> {
        let raw = self.seal(slot(event.id), event.raw);
        sqlx::query("update inbox set state = 'new', raw = $1 where id = $2")
            .bind(raw)
            .bind(id)
            .execute(&mut *self.tx)
            .await?;
        Ok(())
    }

    /// Nothing has to be marked any more: what was handled is done already.
    pub fn forget_marks(&mut self) {
        self.pending.done.clear();
    }

    /// Keeps the key of an event that is handled in this very transaction. Its row, or `None` when it was handled before.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn first_sight(&mut self, platform: Platform, id: &str, now: Timestamp) -> Result<Option<i64>> {
        let row: Option<(i64,)> = sqlx::query_as(
            "insert into inbox (platform, ext_id, received_at, state) values ($1, $2, $3, 'done')
             on conflict (platform, bot, ext_id) do nothing returning id",
        )
        .bind(platform.as_str())
        .bind(id)
        .bind(millis(now))
        .fetch_optional(&mut *self.tx)
        .await?;
        Ok(row.map(|(id,)| id))
    }

    /// Which events behind this one wait to be handled, the oldest first?
    ///
    /// # Errors
    /// When the database fails.
    pub async fn new_events(&mut self, after: i64, limit: i64) -> Result<Vec<InboxRow>> {
        self.flush().await?;
        let columns = format!("id, platform, ext_id, {}, attempts, wake_at", self.dialect.bytes("raw"));
        let new = "(select * from inbox where state = 'new' and id > $1 order by id limit $2 + 0) as waiting";
        let sql = AssertSqlSafe(format!("select {}", self.dialect.rows(&columns, new, "id")));
        let (rows,): (String,) = sqlx::query_as(sql).bind(after).bind(limit).fetch_one(&mut *self.tx).await?;
        let rows: Vec<Row> = read(&rows, "inbox")?;
        rows.into_iter()
            .map(|(id, platform, ext_id, raw, attempts, wake_at)| {
                let platform = parsed(&platform, "inbox.platform")?;
                let raw = raw.and_then(|Bytes(sealed)| self.open(slot(&ext_id), &sealed).ok());
                Ok(InboxRow { id, platform, raw, attempts, wake_at })
            })
            .collect()
    }

    /// Marks an event as handled and forgets its text. False when it was handled before.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn event_done(&mut self, id: i64) -> Result<bool> {
        let done = sqlx::query("update inbox set state = 'done', raw = null where id = $1 and state = 'new'")
            .bind(id)
            .execute(&mut *self.tx)
            .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Which of these events, each the first of its account, may be handled in this transaction? Where several programs share a
    /// database, one whose account is in a turn elsewhere, or that was handled meanwhile, is left out; so the events of an account
    /// are handled in their order. `lane` names the account.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn hold_events(&mut self, events: &[(i64, &str)], now: Timestamp) -> Result<Vec<i64>> {
        if self.dialect == Dialect::Sqlite || events.is_empty() {
            return Ok(events.iter().map(|(id, _)| *id).collect());
        }
        let mut held = Vec::new();
        for part in events.chunks(MANY) {
            let locked: Vec<(i64,)> = {
                let sql = format!(
                    "with v(id, lane) as materialized (values {})
                     select id from v where pg_try_advisory_xact_lock(hashtextextended(lane, 0))",
                    self.dialect.places(part.len(), 2)
                );
                let query = part.iter().fold(sqlx::query_as(AssertSqlSafe(sql)), |query, (id, lane)| {
                    query.bind(*id).bind((*lane).to_owned())
                });
                query.fetch_all(&mut *self.tx).await?
            };
            // Asked after the locks, so that it sees what those who held them before have committed.
            let ids: Vec<PersonId> = locked.into_iter().map(|(id,)| PersonId(id)).collect();
            let now = millis(now);
            let still = |list: &str| {
                format!("select id from inbox where id in ({list}) and state = 'new' and wake_at <= {now}")
            };
            let still: Vec<(i64,)> = self.about(&ids, still).await?;
            held.extend(still.into_iter().map(|(id,)| id));
        }
        Ok(held)
    }

    /// Marks an event as handled that was read, or is held, in this very transaction.
    pub fn mark_done(&mut self, id: i64) {
        self.pending.done.push(id);
    }

    /// Gives up on an event and forgets its text.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn event_dead(&mut self, id: i64, error: &str) -> Result<()> {
        sqlx::query("update inbox set state = 'dead', raw = null, attempts = attempts + 1, error = $1 where id = $2")
            .bind(error)
            .bind(id)
            .execute(&mut *self.tx)
            .await?;
        Ok(())
    }

    /// Notes that handling an event failed, and when to try again.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn event_failed(&mut self, id: i64, error: &str, wake_at: Timestamp) -> Result<()> {
        sqlx::query("update inbox set attempts = attempts + 1, error = $1, wake_at = $2 where id = $3")
            .bind(error)
            .bind(millis(wake_at))
            .bind(id)
            .execute(&mut *self.tx)
            .await?;
        Ok(())
    }

    /// When may the next event that failed be tried again, after `now`?
    ///
    /// # Errors
    /// When the database fails.
    pub async fn next_event_at(&mut self, now: Timestamp) -> Result<Option<Timestamp>> {
        let (at,): (Option<i64>,) =
            sqlx::query_as("select min(wake_at) from inbox where state = 'new' and wake_at > $1")
                .bind(millis(now))
                .fetch_one(&mut *self.tx)
                .await?;
        at.map(super::instant).transpose()
    }

    /// Puts away events that came before `oldest` and were never handled, and forgets their texts. Says how many.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn give_up_events_before(&mut self, oldest: Timestamp) -> Result<u64> {
        let given_up = sqlx::query(
            "update inbox set state = 'dead', raw = null, error = 'too_old' where state = 'new' and received_at < $1",
        )
        .bind(millis(oldest))
        .execute(&mut *self.tx)
        .await?;
        Ok(given_up.rows_affected())
    }

    /// Deletes events and messages that are over and came before `oldest`: by then no platform repeats them.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn delete_handled_before(&mut self, oldest: Timestamp) -> Result<()> {
        sqlx::query("delete from inbox where state <> 'new' and received_at < $1")
            .bind(millis(oldest))
            .execute(&mut *self.tx)
            .await?;
        sqlx::query("delete from outbox where state in ('sent', 'dead', 'unknown') and created_at < $1")
            .bind(millis(oldest))
            .execute(&mut *self.tx)
            .await?;
        Ok(())
    }
}
