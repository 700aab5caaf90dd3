//! A population that lives with the bot for some weeks: simulated persons, the real engine, schedule and store.
//!
//! Everything follows from one seed: the same seed gives the same lives. Persons are kept in groups, each with a database in
//! memory and a clock of its own, so that groups can live side by side and one person can be lived through again. What must
//! never happen is looked for after every turn. Nobody real is ever in it, and nothing of it reaches a disk or a network.

mod persons;
mod report;
mod rules;
mod run;
mod watch;

use jiff::Timestamp;

pub use report::{Broken, Report};
pub use run::{Told, group};

/// How many persons share a database.
pub const GROUP: u32 = 50;

/// What to simulate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// How many persons.
    pub persons: u32,
    /// How many days they live with the bot.
    pub days: u32,
    /// What everything follows from.
    pub seed: u64,
    /// Only this person does something; the others are there and keep still.
    pub only: Option<u32>,
}

impl Plan {
    /// The groups that have to be lived through.
    pub fn groups(&self) -> impl Iterator<Item = u32> {
        let only = self.only.map(|person| person / GROUP);
        (0..self.persons.div_ceil(GROUP)).filter(move |group| only.is_none_or(|only| only == *group))
    }

    /// The persons of a group.
    #[must_use]
    pub fn members(&self, group: u32) -> std::ops::Range<u32> {
        group * GROUP..self.persons.min((group + 1) * GROUP)
    }

    /// When everything begins: a Monday four weeks before European clocks change.
    #[must_use]
    pub fn start() -> Timestamp {
        jiff::civil::date(2026, 3, 2)
            .to_zoned(jiff::tz::TimeZone::UTC)
            .map_or(Timestamp::UNIX_EPOCH, |day| day.timestamp())
    }
}
