//! Time as people mean it: wall-clock rules in a zone, quiet hours, lateness.
//!
//! A rule lives on the civil timeline and knows nothing of clock changes; [`next_after`] maps each civil moment to an instant:
//! one that exists once is that instant, one that exists twice is the first, one that does not exist is moved by the gap
//! (02:30 becomes 03:30, as RFC 5545 does). So a daily rule fires once each day. Never reads a clock: `after` is an argument.

mod day;
pub mod misfire;
mod quiet;
mod rules;
pub mod when;
pub mod zones;

pub use day::day_of;
pub use quiet::Quiet;
pub use rules::{RuleError, first, moved, next_after};

use jiff::Timestamp;
use jiff::civil::DateTime;
use serde::{Deserialize, Serialize};

/// When something happens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// Once, at this wall-clock moment in the person's zone; moves with the zone.
    Once {
        /// The wall-clock moment.
        civil: DateTime,
    },
    /// Once, at this instant, whatever the zone.
    At {
        /// The instant.
        at: Timestamp,
    },
    /// Again and again: a `cron` rule of six fields (seconds first), on the person's wall clock.
    Every {
        /// The rule, e.g. `0 0 20 * * *`.
        cron: String,
    },
}

/// One firing of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Firing {
    /// The wall-clock moment that the rule names: the key of the occurrence.
    pub civil: DateTime,
    /// The instant at which it happens.
    pub at: Timestamp,
}
