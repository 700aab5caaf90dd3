//! Tells whether a worker gets on, so that one that hangs is noticed.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep};

/// How often is looked.
const LOOK: Duration = Duration::from_secs(5);
/// Whoever does not get on for so long hangs. A server's answer, or a place among its connections, may take a minute and a half.
pub const HANGS: Duration = Duration::from_secs(120);

/// The pulse of one worker. Clones are the same one.
#[derive(Clone, Debug, Default)]
pub struct Pulse(Arc<Mutex<Option<Instant>>>);

impl Pulse {
    /// The worker has got on, and works.
    pub fn beats(&self) {
        self.set(Some(Instant::now()));
    }

    /// The worker waits for something to do.
    pub fn rests(&self) {
        self.set(None);
    }

    /// For how long it has not got on; nothing when it rests.
    #[must_use]
    pub fn still_for(&self) -> Duration {
        let since = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        since.map_or(Duration::ZERO, |since| since.elapsed())
    }

    fn set(&self, since: Option<Instant>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = since;
    }
}

/// Waits until one of these workers hangs, and says which.
pub async fn one_hangs(workers: &[(&'static str, Pulse)]) -> &'static str {
    one_stands_still(workers, HANGS, LOOK).await
}

async fn one_stands_still(workers: &[(&'static str, Pulse)], limit: Duration, look: Duration) -> &'static str {
    loop {
        if let Some((name, _)) = workers.iter().find(|(_, pulse)| pulse.still_for() >= limit) {
            return name;
        }
        sleep(look).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn whoever_works_without_getting_on_hangs_and_whoever_rests_does_not() {
        let (resting, stuck) = (Pulse::default(), Pulse::default());
        resting.beats();
        resting.rests();
        stuck.beats();
        let begun = Instant::now();
        let workers = [("resting", resting.clone()), ("stuck", stuck.clone())];
        let limit = Duration::from_millis(30);
        assert_eq!(one_stands_still(&workers, limit, Duration::from_millis(1)).await, "stuck");
        assert!(begun.elapsed() >= limit && resting.still_for().is_zero());
        stuck.beats();
        assert!(stuck.still_for() < begun.elapsed(), "it has got on");
    }
}
