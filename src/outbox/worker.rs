//! The worker that empties the outbox: claims under a lease, sends, settles.
//!
//! The claim is committed before the call, so that a crash in between is known as one. One message of a chat is on its way at
//! a time, of up to sixteen chats of each platform at once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::verdict::{Verdict, verdict};
use super::{Deliver, Outgoing, SendError, Sent};
use crate::clock::{Clock, add};
use crate::store::{Claimed, End, Store, StoreError};
use crate::types::Platform;

/// How many messages of one platform are on their way at once.
const AT_ONCE: usize = 16;
/// After this a claimed message counts as orphaned. A call takes at most 15 seconds.
const LEASE: Duration = Duration::from_secs(60);
/// How long to sleep at most.
const LONGEST_SLEEP: Duration = Duration::from_secs(60);
/// How long to sleep when the store fails.
const STORE_PAUSE: Duration = Duration::from_secs(5);

/// The outbox worker. Clones are the same worker; make one for each store.
#[derive(Clone)]
pub struct Outbox(Arc<Worker>);

struct Worker {
    store: Store,
    clock: Clock,
    wake: Arc<Notify>,
    platforms: HashMap<Platform, Line>,
    gates: Mutex<HashMap<Platform, Gate>>,
    /// Names this worker in the rows it claims; another name there means a worker that is no more.
    name: String,
}

/// A platform, and how much more may be on its way there: a slow one never holds up the others.
struct Line {
    deliver: Arc<dyn Deliver>,
    free: Arc<Semaphore>,
}

/// Keeps a platform from sending.
#[derive(Clone, Copy, Debug)]
enum Gate {
    /// Until this instant, because it told us so.
    Paused(Timestamp),
    /// For good: it does not accept our token.
    Stopped,
}

impl Outbox {
    /// A worker for these platforms. `wake` is rung when a turn has committed messages.
    #[must_use]
    pub fn new(
        store: Store,
        clock: Clock,
        wake: Arc<Notify>,
        platforms: impl IntoIterator<Item = Arc<dyn Deliver>>,
    ) -> Self {
        let line = |deliver| Line { deliver, free: Arc::new(Semaphore::new(AT_ONCE)) };
        let platforms = platforms.into_iter().map(|deliver| (deliver.platform(), line(deliver))).collect();
        let name = format!("{:016x}", fastrand::u64(..));
        Self(Arc::new(Worker { store, clock, wake, platforms, gates: Mutex::default(), name }))
    }

    /// Sends everything that can be sent now, and says how many attempts that took.
    ///
    /// # Errors
    /// When the store fails; the trouble of one message is none of the others.
    pub async fn deliver_once(&self) -> Result<usize, StoreError> {
        self.recover().await?;
        let mut attempts = 0;
        loop {
            let mut flying = JoinSet::new();
            self.launch(&mut flying).await?;
            if flying.is_empty() {
                return Ok(attempts);
            }
            attempts += flying.len();
            flying.join_all().await;
        }
    }

    /// Sends messages as they come, until it is cancelled; what is on its way then is finished.
    pub async fn run(&self, cancel: CancellationToken) {
        let mut flying = JoinSet::new();
        while !cancel.is_cancelled() {
            let until = match self.round(&mut flying).await {
                Ok(until) => until,
                Err(error) => {
                    tracing::error!(%error, "the outbox could not be read; it is tried again");
                    add(self.0.clock.now(), STORE_PAUSE)
                }
            };
            tokio::select! {
                () = cancel.cancelled() => {}
                () = self.0.wake.notified() => {}
                Some(_) = flying.join_next() => {}
                () = self.0.clock.sleep_until(until) => {}
            }
        }
        flying.join_all().await;
    }

    /// Launches what can be launched, and says when to look again.
    async fn round(&self, flying: &mut JoinSet<()>) -> Result<Timestamp, StoreError> {
        self.recover().await?;
        self.launch(flying).await?;
        let longest = add(self.0.clock.now(), LONGEST_SLEEP);
        Ok(self.next_look().await?.map_or(longest, |next| next.min(longest)))
    }

    async fn next_look(&self) -> Result<Option<Timestamp>, StoreError> {
        let mut tx = self.0.store.begin().await?;
        let mut next: Option<Timestamp> = None;
        for (platform, line) in &self.0.platforms {
            // One that is full is looked at when something lands, one that is stopped never.
            let Some(opens) = self.opens(*platform).filter(|_| line.free.available_permits() > 0) else { continue };
            if let Some(at) = tx.next_message_at(*platform).await? {
                let at = at.max(opens);
                next = Some(next.map_or(at, |next| next.min(at)));
            }
        }
        tx.rollback().await?;
        Ok(next)
    }

    /// Claims as much as may fly beside what is flying, and starts it.
    async fn launch(&self, flying: &mut JoinSet<()>) -> Result<(), StoreError> {
        let now = self.0.clock.now();
        for (platform, line) in &self.0.platforms {
            let free = line.free.available_permits();
            if free == 0 || self.opens(*platform).is_none_or(|opens| opens > now) {
                continue;
            }
            for claimed in self.claim(*platform, free).await? {
                let (worker, deliver) = (self.clone(), line.deliver.clone());
                let seat = line.free.clone().try_acquire_owned().ok();
                flying.spawn(async move { worker.attempt(claimed, deliver, seat).await });
            }
        }
        Ok(())
    }

    async fn claim(&self, platform: Platform, limit: usize) -> Result<Vec<Claimed>, StoreError> {
        let now = self.0.clock.now();
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut tx = self.0.store.begin().await?;
        let claimed = tx.claim_messages(platform, &self.0.name, (now, add(now, LEASE)), limit).await?;
        tx.commit().await?;
        Ok(claimed)
    }

    /// One attempt, from the call to the settlement. If that fails too, the lease runs out and the row counts as unclear.
    async fn attempt(&self, claimed: Claimed, deliver: Arc<dyn Deliver>, _seat: Option<OwnedSemaphorePermit>) {
        let settled = match outgoing(&claimed) {
            None => self.end(&claimed, End::Dead, "unreadable").await,
            Some(outgoing) => match deliver.deliver(&outgoing).await {
                Ok(sent) => self.sent(&claimed, &sent).await,
                Err(error) => self.refused(&claimed, &error).await,
            },
        };
        if let Err(error) = settled {
            tracing::error!(outbox.id = claimed.id, %error, "a delivery could not be settled; it will count as unclear");
        }
    }

    /// Treats what an earlier worker left behind, or what outlived its lease, as unclear.
    async fn recover(&self) -> Result<(), StoreError> {
        let mut tx = self.0.store.begin().await?;
        let orphans = tx.orphaned_messages(&self.0.name, self.0.clock.now()).await?;
        tx.rollback().await?;
        for orphan in orphans {
            self.refused(&orphan, &SendError::Ambiguous("the program ended while it was being sent".into())).await?;
        }
        Ok(())
    }

    async fn sent(&self, claimed: &Claimed, sent: &Sent) -> Result<(), StoreError> {
        let mut tx = self.0.store.begin().await?;
        tx.message_sent(claimed, sent.message.as_deref(), self.0.clock.now()).await?;
        if let Some(place) = &sent.place {
            tx.found_home_place(claimed.account, place).await?;
        }
        tx.commit().await
    }

    async fn refused(&self, claimed: &Claimed, error: &SendError) -> Result<(), StoreError> {
        let now = self.0.clock.now();
        let verdict = verdict(claimed, error, now, |max| fastrand::u64(0..=max));
        self.report(claimed, error, &verdict);
        let mut tx = self.0.store.begin().await?;
        match verdict {
            Verdict::Again { pause, counts, code } => {
                tx.message_not_sent(claimed, code, add(now, pause), counts).await?;
            }
            Verdict::Wait { pause, platform } => {
                tx.message_not_sent(claimed, "rate_limited", add(now, pause), false).await?;
                if platform {
                    self.close(claimed.platform, Gate::Paused(add(now, pause)));
                }
            }
            Verdict::Unclear { pause } => tx.message_unclear(claimed, add(now, pause)).await?,
            Verdict::Over(end, code) => tx.message_ended(claimed, end, code).await?,
            Verdict::Gone => {
                tx.message_ended(claimed, End::Dead, "gone").await?;
                tx.account_gone(claimed.account, now).await?;
            }
            Verdict::Moved(to) => {
                tx.chat_moved(claimed.account, &to).await?;
                tx.message_not_sent(claimed, "moved", now, true).await?;
            }
            Verdict::Stop => {
                tx.message_not_sent(claimed, "unauthorized", now, false).await?;
                self.close(claimed.platform, Gate::Stopped);
            }
        }
        tx.commit().await
    }

    async fn end(&self, claimed: &Claimed, end: End, code: &'static str) -> Result<(), StoreError> {
        tracing::error!(outbox.id = claimed.id, error.code = code, "a message was given up");
        let mut tx = self.0.store.begin().await?;
        tx.message_ended(claimed, end, code).await?;
        tx.commit().await
    }

    /// Says once what an operator should know; the rest is for those who look closely.
    fn report(&self, claimed: &Claimed, error: &SendError, verdict: &Verdict) {
        let platform = claimed.platform.as_str();
        match verdict {
            Verdict::Over(..) => {
                tracing::error!(outbox.id = claimed.id, platform, %error, "a message was given up");
            }
            Verdict::Stop if self.opens(claimed.platform).is_some() => {
                tracing::error!(platform, %error, "nothing is sent there until the token is set right and the program restarted");
            }
            _ => tracing::debug!(outbox.id = claimed.id, platform, %error, "a message was not sent"),
        }
    }

    /// Since when a platform may send; `None` when it is stopped.
    fn opens(&self, platform: Platform) -> Option<Timestamp> {
        match self.gates().get(&platform) {
            None => Some(Timestamp::MIN),
            Some(Gate::Paused(until)) => Some(*until),
            Some(Gate::Stopped) => None,
        }
    }

    fn close(&self, platform: Platform, gate: Gate) {
        self.gates()
            .entry(platform)
            .and_modify(|old| {
                *old = match (*old, gate) {
                    (Gate::Stopped, _) | (_, Gate::Stopped) => Gate::Stopped,
                    (Gate::Paused(old), Gate::Paused(new)) => Gate::Paused(old.max(new)),
                };
            })
            .or_insert(gate);
    }

    fn gates(&self) -> MutexGuard<'_, HashMap<Platform, Gate>> {
        self.0.gates.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn outgoing(claimed: &Claimed) -> Option<Outgoing> {
    let letter = claimed.letter.clone()?;
    Some(Outgoing {
        id: claimed.id,
        account: letter.account,
        place: letter.place,
        message: letter.message,
        purpose: claimed.purpose,
        reply: letter.reply.map(|reply| reply.reveal().to_owned()),
        silent: letter.silent,
        attempt: claimed.attempts,
    })
}
