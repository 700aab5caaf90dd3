//! Promises: what somebody said they would do, by when, and how it stands.
//!
//! Trust recovers through observed, consistent action, and a promise speeds it up (Schweitzer, Hershey and Bradlow 2006). So a
//! promise can stand in more ways than kept and missed: telling somebody ahead and repairing afterwards count as trustworthy.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::types::Private;

/// How a promise stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Not settled yet.
    Open,
    /// Done in time.
    Kept,
    /// Done, later than said.
    KeptLate,
    /// Not done, and the other person knew before the time came.
    ToldAhead,
    /// Not done, and made good afterwards.
    Repaired,
    /// Let go on purpose.
    Released,
    /// Not done.
    Missed,
}

impl Standing {
    /// All of them.
    pub const ALL: [Standing; 7] = [
        Standing::Open,
        Standing::Kept,
        Standing::KeptLate,
        Standing::ToldAhead,
        Standing::Repaired,
        Standing::Released,
        Standing::Missed,
    ];

    /// The word used in scripts and in the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Standing::Open => "open",
            Standing::Kept => "kept",
            Standing::KeptLate => "late",
            Standing::ToldAhead => "told_ahead",
            Standing::Repaired => "repaired",
            Standing::Released => "released",
            Standing::Missed => "missed",
        }
    }
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A word that is not the name of a standing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no promise can stand like that")]
pub struct UnknownStanding;

impl FromStr for Standing {
    type Err = UnknownStanding;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|standing| standing.as_str() == word).ok_or(UnknownStanding)
    }
}

/// One promise.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Promise {
    /// Unique; made from the session and the turn that opened it.
    pub id: String,
    /// What will be done, in the person's own words.
    pub text: Private,
    /// To whom: `me`, or the person's own word for somebody.
    pub to: Private,
    /// By when.
    pub due: Timestamp,
    /// How it stands.
    pub standing: Standing,
    /// How sure the person was when they made it, from 0 to 10, when they said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sure: Option<i64>,
    /// For a new one: when it was made, and when it is due, on the person's own calendar.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub days: Option<Days>,
}

/// Days of a promise. They stay what they were when it was made, wherever the person goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Days {
    /// When it was made.
    pub made: Date,
    /// When it is due.
    pub due: Date,
}
