//! Persons and their accounts.

use jiff::Timestamp;

use super::pending::Used;
use super::{Dialect, Result, StoreError, Tx, instant, millis, parsed};
use crate::types::{PersonId, Platform};

/// An account of a person on a platform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Ours.
    pub id: i64,
    /// Whose it is.
    pub person: PersonId,
    /// Where it is.
    pub platform: Platform,
    /// The platform's id of it.
    pub ext_id: String,
    /// The platform's id of the private chat, once known.
    pub home_place: Option<String>,
    /// False when the person blocked the bot or left.
    pub active: bool,
    /// The language of the chat app, as an IETF tag, if the platform told.
    pub language: Option<String>,
    /// When it was last used, to the minute, in UTC milliseconds.
    pub used_at: i64,
}

/// The columns of an account.
pub(super) const ACCOUNT: &str = "id, person_id, platform, ext_id, home_place, state, language, last_used_at";

/// Their values.
pub(super) type AccountRow = (i64, i64, String, String, Option<String>, String, Option<String>, i64);

/// After so many milliseconds it is noted once more that an account is in use.
const USED_ANEW: i64 = 60_000;

pub(super) fn account(
    (id, person, platform, ext_id, home_place, state, language, used_at): AccountRow,
) -> Result<Account> {
    Ok(Account {
        id,
        person: PersonId(person),
        platform: parsed(&platform, "accounts.platform")?,
        ext_id,
        home_place,
        active: state == "active",
        language,
        used_at,
    })
}

impl Tx {
    /// Who has this account?
    ///
    /// # Errors
    /// When the database fails.
    pub async fn account(&mut self, platform: Platform, ext_id: &str) -> Result<Option<Account>> {
        self.flush().await?;
        let row: Option<AccountRow> = sqlx::query_as(
            "select id, person_id, platform, ext_id, home_place, state, language, last_used_at from accounts where platform = $1 and ext_id = $2",
        )
        .bind(platform.as_str())
        .bind(ext_id)
        .fetch_optional(&mut *self.tx)
        .await?;
        row.map(account).transpose()
    }

    /// The private chats of a platform that were used since then, the latest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn chats_used_since(&mut self, platform: Platform, since: Timestamp, most: i64) -> Result<Vec<String>> {
        let rows: Vec<(String,)> = sqlx::query_as(
            "select home_place from accounts
             where platform = $1 and home_place is not null and last_used_at >= $2
             order by last_used_at desc, id desc limit $3",
        )
        .bind(platform.as_str())
        .bind(millis(since))
        .bind(most)
        .fetch_all(&mut *self.tx)
        .await?;
        Ok(rows.into_iter().map(|(place,)| place).collect())
    }

    /// Which account should messages go to that nobody asked for just now: the one used last that is still there?
    ///
    /// # Errors
    /// When the database fails.
    pub async fn account_to_write_to(&mut self, person: PersonId) -> Result<Option<Account>> {
        self.flush().await?;
        let row: Option<AccountRow> = sqlx::query_as(
            "select id, person_id, platform, ext_id, home_place, state, language, last_used_at from accounts
             where person_id = $1 and state = 'active' order by last_used_at desc, id limit 1",
        )
        .bind(person.0)
        .fetch_optional(&mut *self.tx)
        .await?;
        row.map(account).transpose()
    }

    /// Makes a person with one account. Somebody who makes the same one at the same time gets the same person.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn create_account(&mut self, platform: Platform, ext_id: &str, now: Timestamp) -> Result<Account> {
        let (person,): (i64,) = sqlx::query_as("insert into persons (created_at) values ($1) returning id")
            .bind(millis(now))
            .fetch_one(&mut *self.tx)
            .await?;
        let made: Option<AccountRow> = sqlx::query_as(
            "insert into accounts (person_id, platform, ext_id, last_used_at) values ($1, $2, $3, $4)
             on conflict (platform, ext_id) do nothing
             returning id, person_id, platform, ext_id, home_place, state, language, last_used_at",
        )
        .bind(person)
        .bind(platform.as_str())
        .bind(ext_id)
        .bind(millis(now))
        .fetch_optional(&mut *self.tx)
        .await?;
        match made {
            Some(row) => account(row),
            None => self.other_account(platform, ext_id, person).await,
        }
    }

    /// The account that somebody else was faster to make; the person made for nothing goes.
    async fn other_account(&mut self, platform: Platform, ext_id: &str, person: i64) -> Result<Account> {
        sqlx::query("delete from persons where id = $1").bind(person).execute(&mut *self.tx).await?;
        self.account(platform, ext_id).await?.ok_or(StoreError::Corrupt("accounts.ext_id"))
    }

    /// Forgets somebody who was made in this very transaction, and whose first turn failed.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn forget_newcomer(&mut self, person: PersonId) -> Result<()> {
        self.flush().await?;
        sqlx::query("delete from persons where id = $1").bind(person.0).execute(&mut *self.tx).await?;
        Ok(())
    }

    /// Keeps every other turn of these people waiting until this transaction ends, whichever program it is in. One writer needs
    /// no such lock. They are locked in the order of their ids, so that two who lock the same people do not wait for each other.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn lock_people(&mut self, people: &[PersonId]) -> Result<()> {
        if self.dialect == Dialect::Postgres {
            let lock =
                |list: &str| format!("select id from persons where id in ({list}) order by id for no key update");
            let _: Vec<(i64,)> = self.about(people, lock).await?;
        }
        Ok(())
    }

    /// Notes that an account was used just now, and where its private chat is if that was seen. One that was gone is back.
    pub fn use_account(&mut self, account: &Account, home_place: Option<&str>, now: Timestamp) {
        let known = account.active && home_place.is_none_or(|place| account.home_place.as_deref() == Some(place));
        // Which account was used last does not change from one message to the next of the same talk.
        if !known || millis(now) - account.used_at > USED_ANEW {
            let used = Used { home_place: home_place.map(str::to_owned), at: millis(now) };
            self.pending.used.insert(account.id, used);
        }
    }

    /// Notes the language of an account's chat app.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn set_account_language(&mut self, id: i64, tag: &str) -> Result<()> {
        sqlx::query("update accounts set language = $1 where id = $2")
            .bind(tag)
            .bind(id)
            .execute(&mut *self.tx)
            .await?;
        Ok(())
    }

    /// Sets an account's private chat.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn set_home_place(&mut self, id: i64, place: &str) -> Result<()> {
        self.flush().await?;
        sqlx::query("update accounts set home_place = $1 where id = $2")
            .bind(place)
            .bind(id)
            .execute(&mut *self.tx)
            .await?;
        Ok(())
    }

    /// Is there anybody on a platform other than this one?
    ///
    /// # Errors
    /// When the database fails.
    pub async fn anybody_beside(&mut self, platform: Platform) -> Result<bool> {
        let row: Option<(i64,)> = sqlx::query_as("select id from accounts where platform <> $1 limit 1")
            .bind(platform.as_str())
            .fetch_optional(&mut *self.tx)
            .await?;
        Ok(row.is_some())
    }

    /// Stops writing to an account: it is gone, and so is everything that waits to be sent to it. Says how many messages that were.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn account_gone(&mut self, id: i64, now: Timestamp) -> Result<u64> {
        self.flush().await?;
        sqlx::query("update accounts set state = 'gone', gone_at = $1 where id = $2")
            .bind(millis(now))
            .bind(id)
            .execute(&mut *self.tx)
            .await?;
        let dropped = sqlx::query(
            "update outbox set state = 'dead', error = 'gone', body = null, reply = null
             where account_id = $1 and state in ('pending', 'sending') and state = 'pending'",
        )
        .bind(id)
        .execute(&mut *self.tx)
        .await?;
        Ok(dropped.rows_affected())
    }

    /// When did this person first come?
    ///
    /// # Errors
    /// When the database fails.
    pub async fn person_since(&mut self, person: PersonId) -> Result<Timestamp> {
        let (at,): (i64,) = sqlx::query_as("select created_at from persons where id = $1")
            .bind(person.0)
            .fetch_one(&mut *self.tx)
            .await?;
        instant(at)
    }
}
