//! Reminders of the person's own: what they want to be told of, and when. A reminder is a schedule and nothing beside it.

use jiff::Timestamp;

use crate::schedule::Rule;
use crate::types::Private;

/// What the names of their schedules begin with.
pub const PREFIX: &str = "remind-";

/// A reminder that is still to come.
#[derive(Clone, Debug, PartialEq)]
pub struct Reminder {
    /// Unique for the person.
    pub id: String,
    /// What it says, in their words.
    pub text: Private,
    /// When.
    pub rule: Rule,
    /// When it comes next.
    pub next: Timestamp,
}

/// The name of the schedule of a reminder.
#[must_use]
pub fn schedule_name(id: &str) -> String {
    format!("{PREFIX}{id}")
}

/// The reminder that a schedule is.
#[must_use]
pub fn id_of(schedule: &str) -> Option<&str> {
    schedule.strip_prefix(PREFIX)
}
