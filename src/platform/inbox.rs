//! The inbox seen from a platform: raw events go in and are committed before the platform is told that we have them.
//!
//! Only the seam. It never reads an event, and never decides what becomes of one.

use jiff::Timestamp;

use crate::outbox::BoxFuture;
use crate::types::{Platform, Private};

/// One event as the platform wrote it, stored before anything is read from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawEvent {
    /// The platform's id for it. The same event always comes with the same id, so a second copy is dropped.
    pub id: String,
    /// What the platform's adapter needs to decode it later.
    pub raw: Private,
}

/// What is known when a bot begins to listen again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heard {
    /// Since when something may be missing; `None` when nothing was ever heard.
    pub since: Option<Timestamp>,
    /// The private chats that were used lately, the latest first.
    pub chats: Vec<String>,
}

/// A place that keeps raw events.
pub trait Inbox: Send + Sync {
    /// Stores all events or none. When it answers `Ok`, they are committed; events that it has seen before are dropped.
    ///
    /// # Errors
    /// When nothing was stored. The platform then offers the same events again.
    fn put<'a>(&'a self, platform: Platform, bot: &'a str, events: Vec<RawEvent>) -> BoxFuture<'a, anyhow::Result<()>>;

    /// Where to look for what was missed, on a platform that does not keep it for us.
    ///
    /// # Errors
    /// When the store fails.
    fn heard<'a>(&'a self, _platform: Platform, _bot: &'a str) -> BoxFuture<'a, anyhow::Result<Heard>> {
        Box::pin(async { Ok(Heard::default()) })
    }
}
