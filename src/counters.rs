//! Counts what happens, by a name, a platform and a reason: so that nothing is left out unnoticed.
//!
//! Fixed words and numbers only, never a text and nobody's number. What is counted is lost with the program.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::types::Platform;

/// All names, and what is counted under them. A reason is one of few fixed words.
pub const NAMES: &[(&str, &str)] = &[
    ("inbox.stored", "Events that a platform handed over and that are kept now"),
    ("inbox.failed", "Tries to handle an event that failed, by reason"),
    ("inbox.given_up", "Events that were given up, by reason"),
    ("turns.done", "Turns, by what they were about"),
    ("reminders.outcome", "What became of firings of schedules: said, or why not"),
    ("reminders.failed", "Tries to handle a due schedule that failed"),
    ("reminders.given_up", "Due schedules that were given up"),
    ("outbox.sent", "Messages that a platform has taken"),
    ("outbox.again", "Attempts after which a message is tried again, by reason"),
    ("outbox.skipped", "Messages that are not sent any more, by reason"),
    ("outbox.undrawn", "Messages that went out without their picture, by reason"),
    ("roles.taken", "Roles that this program has taken over"),
    ("roles.left", "Roles that this program has left to another one, which had fewer"),
    ("roles.lost", "Roles that this program has lost"),
];

/// The counters of one worker. Clones count together.
#[derive(Clone, Debug, Default)]
pub struct Counters(Arc<Mutex<BTreeMap<Key, u64>>>);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    name: &'static str,
    platform: Option<&'static str>,
    reason: &'static str,
}

/// How often something happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    /// What.
    pub name: &'static str,
    /// Where, when it is about a platform.
    pub platform: Option<&'static str>,
    /// Why, or which kind; empty when there is only one.
    pub reason: &'static str,
    /// How often since the start.
    pub count: u64,
}

impl Counters {
    /// Counts so many more.
    pub fn add(&self, name: &'static str, reason: &'static str, more: u64) {
        self.count(Key { name, platform: None, reason }, more);
    }

    /// Counts so many more on a platform.
    pub fn add_on(&self, platform: Platform, name: &'static str, reason: &'static str, more: u64) {
        self.count(Key { name, platform: Some(platform.as_str()), reason }, more);
    }

    /// How many there were of a name for one reason, on all platforms.
    #[must_use]
    pub fn get(&self, name: &str, reason: &str) -> u64 {
        self.counts().iter().filter(|(key, _)| key.name == name && key.reason == reason).map(|(_, count)| count).sum()
    }

    /// All of them.
    #[must_use]
    pub fn all(&self) -> Vec<Count> {
        let count = |(key, count): (&Key, &u64)| {
            let Key { name, platform, reason } = *key;
            Count { name, platform, reason, count: *count }
        };
        self.counts().iter().map(count).collect()
    }

    /// All of several, those of one name, platform and reason added up.
    #[must_use]
    pub fn sum(all: &[Counters]) -> Vec<Count> {
        let sum = Counters::default();
        for (key, count) in all.iter().flat_map(|counters| counters.counts().clone()) {
            sum.count(key, count);
        }
        sum.all()
    }

    fn count(&self, key: Key, more: u64) {
        if more > 0 {
            *self.counts().entry(key).or_default() += more;
        }
    }

    fn counts(&self) -> MutexGuard<'_, BTreeMap<Key, u64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_kept_by_name_platform_and_reason() {
        let counters = Counters::default();
        counters.clone().add("outbox.skipped", "late", 2);
        counters.add_on(Platform::Discord, "outbox.skipped", "late", 1);
        counters.add("outbox.skipped", "gone", 0);
        assert_eq!((counters.get("outbox.skipped", "late"), counters.get("outbox.skipped", "gone")), (3, 0));
        let discord = Count { name: "outbox.skipped", platform: Some("discord"), reason: "late", count: 1 };
        assert_eq!(counters.all(), [Count { platform: None, count: 2, ..discord }, discord]);
        let twice = Counters::sum(&[counters.clone(), counters]);
        assert_eq!(twice.iter().map(|count| count.count).collect::<Vec<_>>(), [4, 2]);
    }
}
