//! The seam between a platform and the inbox: what was received is stored first and read later.
//!
//! A platform confirms an event (Telegram's offset, Discord's acknowledgement) only after [`Inbox::put`] returned. Nothing
//! here looks into an event.

use crate::outbox::BoxFuture;
use crate::types::{Platform, Private};

/// One event as the platform sent it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawEvent {
    /// The platform's id of the event; an id that was stored before is dropped.
    pub id: String,
    /// Its JSON.
    pub raw: Private,
}

/// Where platforms put what they receive.
pub trait Inbox: Send + Sync {
    /// Stores the events of one bot in one transaction; they are committed when this returns. Known ids are dropped.
    fn put<'a>(&'a self, platform: Platform, bot: &'a str, events: Vec<RawEvent>) -> BoxFuture<'a, anyhow::Result<()>>;
}
