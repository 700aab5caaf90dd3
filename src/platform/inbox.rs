//! The inbox seen from a platform: raw events go in and are committed before the platform is told that we have them.
//!
//! Only the seam. It never reads an event, and never decides what becomes of one.

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

/// A place that keeps raw events.
pub trait Inbox: Send + Sync {
    /// Stores all events or none. When it answers `Ok`, they are committed; events that it has seen before are dropped.
    ///
    /// # Errors
    /// When nothing was stored. The platform then offers the same events again.
    fn put<'a>(&'a self, platform: Platform, bot: &'a str, events: Vec<RawEvent>) -> BoxFuture<'a, anyhow::Result<()>>;
}
