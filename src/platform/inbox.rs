//! The seam between a platform's listener and the inbox: what arrived is stored before it is confirmed to the platform.
//!
//! A listener hands over raw events and confirms them only when [`Inbox::put`] has returned `Ok`. Nothing is decided here.

use crate::outbox::BoxFuture;
use crate::types::{Platform, Private};

/// Something that arrived, as the platform wrote it.
#[derive(Clone, Debug)]
pub struct RawEvent {
    /// The platform's id for it: the same when it is delivered again.
    pub id: String,
    /// The wire format, as text.
    pub raw: Private,
}

/// Takes what arrived.
pub trait Inbox: Send + Sync {
    /// Stores all of `events`, or none when it fails. Events that are known already are passed over.
    fn put<'a>(&'a self, platform: Platform, bot: &'a str, events: Vec<RawEvent>) -> BoxFuture<'a, anyhow::Result<()>>;
}
