//! What became of messages that were handed out: many at once, because many come back at once.

use jiff::Timestamp;
use sqlx::AssertSqlSafe;

use super::pending::size_for;
use super::{Result, Tx, millis};
use crate::types::Platform;

/// How many rows one statement settles.
const TOGETHER: usize = 64;

/// What becomes of one attempt. It changes nothing when the row was claimed anew since.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settlement {
    /// The row.
    pub id: i64,
    /// The attempt.
    pub attempt: String,
    /// What becomes of it.
    pub becomes: Becomes,
}

/// What becomes of a message that was handed out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Becomes {
    /// It was sent; its text is forgotten.
    Sent {
        /// The platform's id of it, if it told one.
        message: Option<String>,
    },
    /// It surely did not arrive, and is tried again.
    Again {
        /// Not before this.
        at: Timestamp,
        /// A fixed word.
        error: &'static str,
        /// False for what was no attempt.
        counts: bool,
    },
    /// It may have arrived, and is tried again all the same.
    Unclear {
        /// Not before this.
        at: Timestamp,
    },
    /// It is over, and its text is forgotten.
    Over(End, &'static str),
}

/// How a message ended other than sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It will not be sent.
    Dead,
    /// Nobody knows whether it arrived, and it is not repeated.
    Unknown,
}

/// A settlement as the row takes it.
#[derive(Clone, Copy, Default)]
struct Change<'a> {
    state: &'static str,
    error: Option<&'static str>,
    not_before: Option<i64>,
    refund: i64,
    unclear: i64,
    message: Option<&'a str>,
    sent_at: Option<i64>,
}

impl Becomes {
    fn change(&self, now: Timestamp) -> Change<'_> {
        let pending = Change { state: "pending", ..Change::default() };
        match self {
            Becomes::Sent { message } => {
                Change { state: "sent", message: message.as_deref(), sent_at: Some(millis(now)), ..Change::default() }
            }
            Becomes::Again { at, error, counts } => {
                Change { error: Some(error), not_before: Some(millis(*at)), refund: i64::from(!counts), ..pending }
            }
            Becomes::Unclear { at } => {
                Change { error: Some("unclear"), not_before: Some(millis(*at)), unclear: 1, ..pending }
            }
            Becomes::Over(end, error) => Change {
                state: match end {
                    End::Dead => "dead",
                    End::Unknown => "unknown",
                },
                error: Some(error),
                ..Change::default()
            },
        }
    }
}

impl Tx {
    /// Writes down what became of messages.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn settle_messages(&mut self, settlements: &[Settlement], now: Timestamp) -> Result<()> {
        for part in settlements.chunks(TOGETHER) {
            self.settle_part(part, now).await?;
        }
        Ok(())
    }

    async fn settle_part(&mut self, part: &[Settlement], now: Timestamp) -> Result<()> {
        let sql = format!(
            "with v(id, attempt, state, error, not_before, refund, unclear, message, sent_at) as (values {})
             update outbox
             set state = v.state, error = v.error, not_before = coalesce(v.not_before, outbox.not_before),
                 attempts = outbox.attempts - v.refund, unclear = outbox.unclear + v.unclear,
                 first_attempt_at = case when v.state = 'pending' and outbox.unclear + v.unclear = 0 then null
                                         else outbox.first_attempt_at end,
                 body = case when v.state = 'pending' then outbox.body end,
                 reply = case when v.state = 'pending' then outbox.reply end,
                 ext_message_id = coalesce(v.message, outbox.ext_message_id), sent_at = v.sent_at
             from v where outbox.id = v.id and outbox.attempt_id = v.attempt and outbox.state = 'sending'",
            self.dialect.places(size_for(part.len()), 9)
        );
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for Settlement { id, attempt, becomes } in filled(part) {
            let change = becomes.change(now);
            query = query
                .bind(*id)
                .bind(attempt)
                .bind(change.state)
                .bind(change.error)
                .bind(change.not_before)
                .bind(change.refund)
                .bind(change.unclear)
                .bind(change.message)
                .bind(change.sent_at);
        }
        query.execute(&mut *self.tx).await?;
        Ok(())
    }

    /// Puts away what waits and is of no use any more.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn expire_messages(&mut self, now: Timestamp) -> Result<u64> {
        let done = sqlx::query(
            "update outbox set state = 'dead', error = 'expired', body = null, reply = null
             where state = 'pending' and expires_at <= $1",
        )
        .bind(millis(now))
        .execute(&mut *self.tx)
        .await?;
        Ok(done.rows_affected())
    }

    /// Puts away all that waits for an account; says how many that were.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn drop_messages(&mut self, account: i64, error: &'static str) -> Result<u64> {
        let done = sqlx::query(
            "update outbox set state = 'dead', error = $1, body = null, reply = null
             where account_id = $2 and state in ('pending', 'sending') and state = 'pending'",
        )
        .bind(error)
        .bind(account)
        .execute(&mut *self.tx)
        .await?;
        Ok(done.rows_affected())
    }

    /// Puts away the answers that wait for an account, but for the newest ones and for help; says how many that were.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn drop_older_answers(&mut self, account: i64, but_for: usize) -> Result<u64> {
        let done = sqlx::query(
            "update outbox set state = 'dead', error = 'superseded', body = null, reply = null
             where account_id = $1 and state in ('pending', 'sending') and state = 'pending' and priority = 1
               and id <= (select n.id from outbox n
                          where n.account_id = $1 and n.state in ('pending', 'sending') and n.state = 'pending'
                          order by n.id desc limit 1 offset $2)",
        )
        .bind(account)
        .bind(i64::try_from(but_for).unwrap_or(i64::MAX))
        .execute(&mut *self.tx)
        .await?;
        Ok(done.rows_affected())
    }

    /// What waits because a platform did not answer is tried at once.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn hasten_messages(&mut self, platform: Platform) -> Result<()> {
        sqlx::query(
            "update outbox set not_before = 0
             where state = 'pending' and platform = $1 and not_before > 0 and error in ('not_sent', 'unclear')",
        )
        .bind(platform.as_str())
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
}

/// The rows, and the last one again and again up to that size: settling something twice is settling it once.
fn filled<T>(part: &[T]) -> impl Iterator<Item = &T> {
    part.iter().chain(part.last().into_iter().cycle()).take(size_for(part.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_filled_up_to_few_sizes() {
        let sizes = [1, 2, 4, 5, 64].map(|count| filled(&vec![7; count]).count());
        assert_eq!(sizes, [1, 4, 4, 16, 64]);
        assert_eq!(filled(&["a", "b", "c"]).copied().collect::<String>(), "abcc");
    }
}
