//! Time as people mean it: wall-clock rules in a zone, quiet hours, lateness.
//!
//! A rule lives on the civil timeline and knows nothing of clock changes; [`next_after`] maps each civil moment to an instant:
//! one that exists once is that instant, one that exists twice is the first, one that does not exist is moved by the gap
//! (02:30 becomes 03:30, as RFC 5545 does). So a daily rule fires once each day. Never reads a clock: `after` is an argument.

mod day;
pub mod lapse;
pub mod limits;
pub mod misfire;
pub mod pattern;
mod quiet;
mod rules;
pub mod when;
mod which;
pub mod zones;

pub use day::day_of;
pub use quiet::Quiet;
pub use rules::{RuleError, first, moved, next_after, overtaken, resolve};

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
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
        /// Which of its moments: what `cron` has no words for.
        #[serde(default, skip_serializing_if = "Which::is_all")]
        which: Which,
    },
}

/// Which moments of a `cron` rule happen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Which {
    /// All of them.
    #[default]
    All,
    /// Those on the last day of a month.
    LastOfMonth,
    /// Those on every so-manieth day.
    EachNth {
        /// So many days lie between two of them; two is every other day.
        days: u16,
        /// The first day.
        from: Date,
    },
    /// Each of them some minutes later: as good as at random, and the same for a person and day whenever it is asked.
    Within {
        /// At most so many minutes later.
        minutes: u16,
        /// The person's number.
        seed: u64,
    },
}

impl Rule {
    /// True for what happens again and again.
    #[must_use]
    pub fn repeats(&self) -> bool {
        matches!(self, Rule::Every { .. })
    }
}

/// One firing of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Firing {
    /// The wall-clock moment that the rule names: the key of the occurrence.
    pub civil: DateTime,
    /// The instant at which it happens.
    pub at: Timestamp,
}
