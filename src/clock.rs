//! The clock: the only place that reads the time. Everything else is given `now`.
//!
//! A [`Clock`] is the machine's, the machine's put ahead (the terminal's `:+5h`), or one that only moves by hand (tests). It never goes back on
//! its own account, and nothing here decides when something is due.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;

/// The longest nap of the machine's clock: after a suspended laptop or a corrected clock, a sleeper notices within this.
const NAP: Duration = Duration::from_secs(60);

/// Tells the time and waits for it. Clones tell the same time.
#[derive(Clone, Debug)]
pub struct Clock(Kind);

#[derive(Clone, Debug)]
enum Kind {
    System,
    /// The machine's clock, this many milliseconds ahead.
    Ahead(Arc<watch::Sender<i64>>),
    Steered(Arc<watch::Sender<Timestamp>>),
}

impl Clock {
    /// The machine's clock.
    #[must_use]
    pub fn system() -> Self {
        Self(Kind::System)
    }

    /// The machine's clock, which [`Clock::set`] can put ahead; it goes on from there.
    #[must_use]
    pub fn ahead() -> Self {
        Self(Kind::Ahead(Arc::new(watch::Sender::new(0))))
    }

    /// A clock that stands still until somebody moves it.
    #[must_use]
    pub fn steered(start: Timestamp) -> Self {
        Self(Kind::Steered(Arc::new(watch::Sender::new(start))))
    }

    /// The present instant.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Kind::System => system_now(),
            Kind::Ahead(by) => {
                system_now().checked_add(SignedDuration::from_millis(*by.borrow())).unwrap_or(Timestamp::MAX)
            }
            Kind::Steered(time) => *time.borrow(),
        }
    }

    /// Moves a steered clock forward to `to`. An earlier moment changes nothing, and neither does asking the machine's clock.
    pub fn set(&self, to: Timestamp) {
        match &self.0 {
            Kind::System => {}
            Kind::Ahead(by) => {
                let more = to.duration_since(self.now()).as_millis();
                if let Some(more) = i64::try_from(more).ok().filter(|more| *more > 0) {
                    by.send_modify(|by| *by = by.saturating_add(more));
                }
            }
            Kind::Steered(time) => {
                time.send_if_modified(|now| {
                    let later = to > *now;
                    *now = to.max(*now);
                    later
                });
            }
        }
    }

    /// Puts a steered clock anywhere, back as well: what a machine's clock does that was wrong. Another clock stays as it is.
    pub fn jump(&self, to: Timestamp) {
        if let Kind::Steered(time) = &self.0 {
            time.send_replace(to);
        }
    }

    /// Moves a steered clock forward by `step`.
    pub fn advance(&self, step: Duration) {
        self.set(add(self.now(), step));
    }

    /// Returns when this clock has reached `until`, or, on the machine's clock, after a minute at the latest: the caller looks
    /// again.
    pub async fn sleep_until(&self, until: Timestamp) {
        match &self.0 {
            Kind::System => {
                let rest = Duration::try_from(until.duration_since(system_now())).unwrap_or_default();
                tokio::time::sleep(rest.min(NAP)).await;
            }
            Kind::Ahead(by) => {
                let rest = Duration::try_from(until.duration_since(self.now())).unwrap_or_default();
                let mut moved = by.subscribe();
                tokio::select! {
                    () = tokio::time::sleep(rest.min(NAP)) => {}
                    _ = moved.changed() => {}
                }
            }
            Kind::Steered(time) => {
                // It fails only when the sender is gone, and this clock holds it.
                let _ = time.subscribe().wait_for(|now| *now >= until).await;
            }
        }
    }
}

/// Measures how long something took, by a clock that nobody sets.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch(std::time::Instant);

impl Stopwatch {
    /// Begins to measure.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clock")]
    pub fn start() -> Self {
        Self(std::time::Instant::now())
    }

    /// How long it has been.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}

/// `at` plus `step`, at most the end of time.
#[must_use]
pub fn add(at: Timestamp, step: Duration) -> Timestamp {
    at.checked_add(step).unwrap_or(Timestamp::MAX)
}

/// `at` less `step`, at least the beginning of time.
#[must_use]
pub fn ago(at: Timestamp, step: Duration) -> Timestamp {
    at.checked_sub(step).unwrap_or(Timestamp::MIN)
}

#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clock")]
fn system_now() -> Timestamp {
    Timestamp::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_steered_clock_never_goes_back() {
        let clock = Clock::steered(Timestamp::UNIX_EPOCH);
        clock.advance(Duration::from_secs(10));
        clock.set(Timestamp::UNIX_EPOCH);
        assert_eq!(clock.now().as_second(), 10);
    }

    #[tokio::test]
    async fn a_sleeper_wakes_when_the_clock_is_moved_past_its_time() {
        let clock = Clock::steered(Timestamp::UNIX_EPOCH);
        let until = add(clock.now(), Duration::from_secs(5));
        let sleeper = tokio::spawn({
            let clock = clock.clone();
            async move { clock.sleep_until(until).await }
        });
        clock.advance(Duration::from_secs(3600));
        sleeper.await.unwrap();
    }

    #[tokio::test]
    async fn a_moment_that_has_passed_is_not_waited_for() {
        Clock::system().sleep_until(Timestamp::UNIX_EPOCH).await;
    }
}
