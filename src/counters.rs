//! Counts what happens, by a name and a reason: so that nothing is left out unnoticed.
//!
//! Fixed words and numbers only, never a text and nobody's number.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The counters of one worker. Clones count together.
#[derive(Clone, Debug, Default)]
pub struct Counters(Arc<Mutex<Counts>>);

type Counts = BTreeMap<(&'static str, &'static str), u64>;

impl Counters {
    /// Counts so many more.
    pub fn add(&self, name: &'static str, reason: &'static str, more: u64) {
        if more > 0 {
            *self.counts().entry((name, reason)).or_default() += more;
        }
    }

    /// How many there were of a name, for one reason.
    #[must_use]
    pub fn get(&self, name: &str, reason: &str) -> u64 {
        self.counts().iter().filter(|((own, why), _)| *own == name && *why == reason).map(|(_, count)| count).sum()
    }

    /// All of them: name, reason, count.
    #[must_use]
    pub fn all(&self) -> Vec<(&'static str, &'static str, u64)> {
        self.counts().iter().map(|((name, reason), count)| (*name, *reason, *count)).collect()
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_kept_by_name_and_reason() {
        let counters = Counters::default();
        counters.clone().add("skipped", "late", 2);
        counters.add("skipped", "late", 1);
        counters.add("skipped", "gone", 0);
        assert_eq!((counters.get("skipped", "late"), counters.get("skipped", "gone")), (3, 0));
        assert_eq!(counters.all(), [("skipped", "late", 3)]);
    }
}
