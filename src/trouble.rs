//! What is wrong just now and only a person can mend: said by whoever noticed it, shown to whoever asks whether all is well.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// What was not noticed again for so long is over.
const LATELY: Duration = Duration::from_secs(120);

/// One thing that may be wrong. Clones are the same one.
#[derive(Clone, Debug, Default)]
pub struct Trouble(Arc<Mutex<Option<Instant>>>);

impl Trouble {
    /// It was noticed now.
    pub fn noticed(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    /// Was it noticed lately?
    #[must_use]
    pub fn is_there(&self) -> bool {
        self.is_younger_than(LATELY)
    }

    fn is_younger_than(&self, limit: Duration) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_some_and(|noticed| noticed.elapsed() < limit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trouble_is_over_when_nobody_notices_it_any_more() {
        let (trouble, never) = (Trouble::default(), Trouble::default());
        trouble.clone().noticed();
        assert!(trouble.is_there() && !never.is_there());
        assert!(!trouble.is_younger_than(Duration::ZERO));
    }
}
