//! Wakes up when something comes due and takes it through the door.
//!
//! What is said, or why nothing is said, is decided by the engine. One schedule that fails never holds up the others.

use std::time::Duration;

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use crate::clock::add;
use crate::store::{DueClaim, StoreError};
use crate::turn::{Door, TurnError};

/// How often a due schedule is tried.
const TRIES: i64 = 5;
/// The pause after a failure; it doubles with each.
const FIRST_PAUSE: Duration = Duration::from_secs(30);
/// How long to sleep at most.
const LONGEST_SLEEP: Duration = Duration::from_secs(60);
/// How many due schedules are claimed together.
const BATCH: i64 = 500;

/// The reminders worker.
#[derive(Clone)]
pub struct Reminders {
    door: Door,
}

impl Reminders {
    /// A worker in front of this door.
    #[must_use]
    pub fn new(door: Door) -> Self {
        Self { door }
    }

    /// Takes at most `limit` due schedules through the door, the earliest first, and says how many there were.
    ///
    /// # Errors
    /// When the store fails; the trouble of one schedule is none of the others.
    pub async fn fire_once(&self, limit: i64) -> Result<usize, StoreError> {
        let mut tx = self.door.store().begin().await?;
        let claims = tx.due_schedules(self.door.clock().now(), limit).await?;
        tx.rollback().await?;
        for claim in &claims {
            if let Err(error) = self.door.take_due(*claim).await {
                self.failed(*claim, &error).await?;
            }
        }
        Ok(claims.len())
    }

    /// Fires what comes due until it is cancelled; a turn that was begun is finished.
    pub async fn run(&self, cancel: CancellationToken) {
        while !cancel.is_cancelled() {
            match self.fire_once(BATCH).await {
                Ok(0) => {
                    let until = self.next_due().await;
                    self.sleep(until, &cancel).await;
                }
                Ok(_) => {}
                Err(error) => {
                    tracing::error!(%error, "what is due could not be read; it is tried again");
                    self.sleep(None, &cancel).await;
                }
            }
        }
    }

    async fn sleep(&self, until: Option<Timestamp>, cancel: &CancellationToken) {
        let clock = self.door.clock();
        let until = until.unwrap_or_else(|| add(clock.now(), LONGEST_SLEEP));
        tokio::select! {
            () = cancel.cancelled() => {}
            () = self.door.bells().reminders.notified() => {}
            () = clock.sleep_until(until) => {}
        }
    }

    async fn next_due(&self) -> Option<Timestamp> {
        let mut tx = self.door.store().begin().await.ok()?;
        let due = tx.next_due().await.ok().flatten();
        tx.rollback().await.ok()?;
        due
    }

    async fn failed(&self, claim: DueClaim, error: &TurnError) -> Result<(), StoreError> {
        tracing::warn!(schedule.id = claim.schedule, %error, "a due schedule could not be handled");
        let pause = FIRST_PAUSE * 2_u32.saturating_pow(u32::try_from(claim.attempts).unwrap_or(0));
        let mut tx = self.door.store().begin().await?;
        tx.schedule_failed(claim, add(self.door.clock().now(), pause)).await?;
        tx.commit().await?;
        if claim.attempts + 1 >= TRIES {
            tracing::error!(schedule.id = claim.schedule, "a due schedule was given up");
            if let Err(error) = self.door.give_up_due(claim).await {
                tracing::error!(schedule.id = claim.schedule, %error, "giving up a due schedule failed");
            }
        }
        Ok(())
    }
}
