//! How far each interaction was answered: known to the listener, which must acknowledge in time, and to the sender, which
//! answers.
//!
//! Only a memory of this process, bounded. Discord has the last word: both sides treat "already acknowledged" (40060) as
//! success, so they are right after a restart too. Keeps no token and no text.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, timeout};

/// Interactions that are remembered; at 50 a second, good for a minute more than the three seconds that matter.
const REMEMBERED: usize = 4096;
/// Tokens are good for 15 minutes; one is left for the request itself.
const TOKEN_LIFE: Duration = Duration::from_secs(14 * 60);

/// How far an interaction was answered. It only ever moves forward.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Progress {
    /// Received.
    Open,
    /// The sender is just answering: nothing to defer.
    Answering,
    /// Acknowledged with "thinking…"; the first message belongs in its place.
    Deferred,
    /// Answered or acknowledged for good; more messages are follow-ups.
    Answered,
}

/// The shared memory. Cloning shares it.
#[derive(Clone, Default)]
pub struct Interactions(Arc<Inner>);

#[derive(Default)]
struct Inner {
    known: Mutex<Known>,
    changed: Notify,
}

#[derive(Default)]
struct Known {
    progress: HashMap<String, (Progress, Instant)>,
    order: VecDeque<String>,
}

impl Interactions {
    /// Moves an interaction forward; one that is further already stays where it is.
    pub fn advance(&self, id: &str, to: Progress) {
        let mut known = self.known();
        if !known.progress.contains_key(id) {
            known.make_room();
            known.order.push_back(id.to_owned());
            known.progress.insert(id.to_owned(), (to, Instant::now()));
        } else if let Some((at, _)) = known.progress.get_mut(id) {
            *at = (*at).max(to);
        }
        drop(known);
        self.0.changed.notify_waiters();
    }

    /// Where an interaction stands; `None` when this process has not seen it.
    #[must_use]
    pub fn progress(&self, id: &str) -> Option<Progress> {
        self.known().progress.get(id).map(|(progress, _)| *progress)
    }

    /// Takes [`Progress::Answering`] back: the answer did not arrive.
    pub fn reopen(&self, id: &str) {
        if let Some((at, _)) = self.known().progress.get_mut(id)
            && *at == Progress::Answering
        {
            *at = Progress::Open;
        }
    }

    /// True when its token has surely run out.
    #[must_use]
    pub fn is_old(&self, id: &str) -> bool {
        self.known().progress.get(id).is_some_and(|(_, since)| since.elapsed() >= TOKEN_LIFE)
    }

    /// Waits until the listener has acknowledged an interaction that is open, or until the time is over. One that this
    /// process has not seen is not waited for.
    pub async fn acknowledged(&self, id: &str, limit: Duration) {
        let wait = async {
            loop {
                let changed = self.0.changed.notified();
                if !matches!(self.progress(id), Some(Progress::Open)) {
                    return;
                }
                changed.await;
            }
        };
        // Going on is right in either case: Discord refuses what comes too early.
        let _ = timeout(limit, wait).await;
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn make_room(&mut self) {
        while self.order.len() >= REMEMBERED {
            if let Some(oldest) = self.order.pop_front() {
                self.progress.remove(&oldest);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_only_moves_forward() {
        let known = Interactions::default();
        assert_eq!(known.progress("1"), None);
        known.advance("1", Progress::Answered);
        known.advance("1", Progress::Deferred);
        assert_eq!(known.progress("1"), Some(Progress::Answered));
    }

    #[test]
    fn the_oldest_are_forgotten() {
        let known = Interactions::default();
        for id in 0..=REMEMBERED {
            known.advance(&id.to_string(), Progress::Open);
        }
        assert_eq!(known.progress("0"), None);
        assert_eq!(known.known().progress.len(), REMEMBERED);
    }

    #[tokio::test]
    async fn waiting_ends_with_the_acknowledgement_or_with_the_time() {
        let known = Interactions::default();
        known.acknowledged("unknown", Duration::from_secs(1)).await;
        known.advance("1", Progress::Open);
        known.acknowledged("1", Duration::from_millis(1)).await;
        let other = known.clone();
        let waiting = tokio::spawn(async move { other.acknowledged("1", Duration::from_secs(3600)).await });
        known.advance("1", Progress::Answered);
        waiting.await.unwrap();
    }
}
