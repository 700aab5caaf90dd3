//! Delivery of messages that were committed: claim, send, settle.

mod deliver;

pub use deliver::{BoxFuture, Deliver, Outgoing, SendError, Sent};
