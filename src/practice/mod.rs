//! The domain: what people do here to rebuild trust, and pure arithmetic over it.
//!
//! One file for each practice. Never talks, never stores, never reads a clock.

pub mod calendar;
pub mod dated;
pub mod deed;
pub mod figure;
pub mod gold;
pub mod history;
pub mod path;
pub mod promise;
pub mod reminder;
pub mod rhythm;
pub mod score;
