//! The seam between the outbox and a platform: one message out, one answer back.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::types::{Message, Platform, Purpose};

/// A future that a trait object can return.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A message on its way out. Fits the platform's limit already: long texts were cut into rows when they were committed.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// The row's id: the same over all attempts, so it makes a platform's idempotency key.
    pub id: i64,
    /// The platform's id of the person's account.
    pub account: String,
    /// The platform's id of the chat; `None` when only the account is known yet (a Discord DM that was never opened).
    pub place: Option<String>,
    /// What to say.
    pub message: Message,
    /// The picture that goes with it, as a PNG file; `None` when there is none, or when it could not be drawn.
    pub picture: Option<Arc<[u8]>>,
    /// Why.
    pub purpose: Purpose,
    /// The event to answer, when the platform needs it ([`crate::types::Inbound::reply`]).
    pub reply: Option<String>,
    /// Deliver without a sound.
    pub silent: bool,
    /// How many attempts came before this one.
    pub attempt: i64,
    /// An earlier attempt may have arrived, not before this, and longer ago than platforms remember what they were sent: where
    /// messages can be read back, look before sending.
    pub look_since: Option<Timestamp>,
}

/// What the platform said of a message it took.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sent {
    /// Its id for the message, if it told one.
    pub message: Option<String>,
    /// The private chat it went to, when that was found out on the way; kept for the next time.
    pub place: Option<String>,
}

/// Why a message did not (surely) arrive: what the outbox must decide, and nothing of the message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// It surely did not arrive (connection refused, no DNS). Trying again is safe.
    #[error("not sent: {0}")]
    NotSent(String),
    /// It may have arrived (timeout, connection lost after the body, an answer that cannot be read).
    #[error("unclear whether it arrived: {0}")]
    Ambiguous(String),
    /// The platform says that it failed (500, 502, 503), so that it most likely did not arrive.
    #[error("the platform failed: {0}")]
    Failed(String),
    /// Too fast. Not an attempt.
    #[error("asked to wait {}s ({who:?})", retry_after.as_secs())]
    RateLimited {
        /// How long to wait.
        retry_after: Duration,
        /// Who has to wait.
        who: Waits,
    },
    /// The person blocked the bot, closed their DMs or left: stop writing to this account.
    #[error("recipient gone: {0}")]
    Gone(String),
    /// The chat has a new id (Telegram group upgraded).
    #[error("the chat has moved")]
    Moved {
        /// The new id.
        to: String,
    },
    /// The platform will never take this message.
    #[error("refused: {0}")]
    Refused(String),
    /// The token is wrong or was revoked: nothing can be sent any more.
    #[error("the platform does not accept our token")]
    Unauthorized,
}

/// Who has to wait when a platform says "too fast".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waits {
    /// This chat.
    Chat,
    /// This chat, and everything that nobody waits for: the platform does not say whose limit it was.
    Bulk,
    /// The whole bot.
    Everything,
}

/// A platform that takes messages. One call is one HTTP exchange (or the shortest sequence that the platform needs) with a
/// total limit of 20 seconds; no retries inside, the outbox does them.
pub trait Deliver: Send + Sync {
    /// Which platform.
    fn platform(&self) -> Platform;

    /// Sends one message.
    fn deliver<'a>(&'a self, outgoing: &'a Outgoing) -> BoxFuture<'a, Result<Sent, SendError>>;
}
