//! Delivery of messages that were committed: claim, send, settle.
//!
//! At least once, with the smallest window for a second copy that each platform allows. Nothing is said here that was not
//! committed before, and no text is ever logged.

mod breaker;
mod deliver;
#[cfg(test)]
mod evening;
mod handover;
mod line;
mod pace;
mod picture;
mod verdict;
mod worker;

pub use deliver::{BoxFuture, Deliver, Outgoing, SendError, Sent, Waits};
pub use handover::Handover;
pub use line::LineState;
pub use pace::Limits;
pub use worker::Outbox;
