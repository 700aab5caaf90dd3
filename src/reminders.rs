//! Wakes up when something comes due and takes it through the door.
//!
//! What is said, or why nothing is said, is decided by the engine. One schedule that fails never holds up the others. It notes when
//! it looked at the clock: so the program knows when it was not there, and nothing is fired by a clock that is plainly wrong.

use std::time::Duration;

use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;

use crate::clock::{Stopwatch, add};
use crate::pulse::Pulse;
use crate::schedule::lapse::{BEAT, Lapse, judge};
use crate::store::{DueClaim, Heartbeat, MANY, StoreError};
use crate::turn::{Door, Job, TurnError, Turned};

/// How often a due schedule is tried.
const TRIES: i64 = 5;
/// The pause after a failure; it doubles with each.
const FIRST_PAUSE: Duration = Duration::from_secs(30);
/// How long to sleep at most.
const LONGEST_SLEEP: Duration = Duration::from_secs(60);
/// How long to sleep when the store fails.
const STORE_PAUSE: Duration = Duration::from_secs(5);
/// How long it waits at least when something was planned: turns plan all the time, and nothing for the next moment.
const SHORTEST_SLEEP: Duration = Duration::from_millis(200);
/// How many due schedules are claimed together.
const BATCH: i64 = 500;

/// The reminders worker.
#[derive(Clone)]
pub struct Reminders {
    door: Door,
    pulse: Pulse,
}

/// What came of firing several together.
struct Round {
    found: usize,
    handled: usize,
    failed: Vec<(DueClaim, TurnError)>,
}

impl Reminders {
    /// A worker in front of this door.
    #[must_use]
    pub fn new(door: Door) -> Self {
        Self { door, pulse: Pulse::default() }
    }

    /// Whether it gets on.
    #[must_use]
    pub fn pulse(&self) -> &Pulse {
        &self.pulse
    }

    /// Takes at most `limit` due schedules through the door, the earliest first, and says how many there were. What another worker
    /// took meanwhile is not among them.
    ///
    /// # Errors
    /// When the store fails; the trouble of one schedule is none of the others.
    pub async fn fire_once(&self, limit: i64) -> Result<usize, StoreError> {
        let width = self.door.store().width();
        let mut fired = 0;
        loop {
            let left = usize::try_from(limit).unwrap_or(0) - fired;
            let many = MANY.min(left.div_ceil(width));
            let rounds = join_all((0..width.min(left)).map(|_| self.fire_together(many))).await;
            let mut all = Round { found: 0, handled: 0, failed: Vec::new() };
            for round in rounds {
                let Round { found, handled, failed } = round?;
                all.found += found;
                all.handled += handled;
                all.failed.extend(failed);
            }
            for (claim, error) in all.failed {
                self.failed(claim, &error).await?;
            }
            fired += all.handled;
            // Somebody with several that are due has one in each round.
            if all.handled == 0 || (all.found < many && all.handled == all.found) {
                return Ok(fired);
            }
        }
    }

    /// Fires several in one transaction. When the transaction fails, each gets its own.
    async fn fire_together(&self, limit: usize) -> Result<Round, StoreError> {
        self.pulse.beats();
        let mut tx = self.door.store().begin().await?;
        let claims = tx.due_schedules(self.door.clock().now(), i64::try_from(limit).unwrap_or(i64::MAX)).await?;
        let jobs: Vec<Job<'_>> = claims.iter().map(|claim| Job::Due(*claim)).collect();
        let together = async {
            let mut taken = self.door.take_together(&mut tx, &jobs).await?;
            tx.commit().await?;
            self.door.committed(&taken);
            Ok::<_, StoreError>(std::mem::take(&mut taken.outcomes))
        };
        let outcomes = match together.await {
            Ok(outcomes) => outcomes,
            Err(error) => {
                tracing::warn!(%error, "what is due could not be handled together; each is handled alone");
                let mut outcomes = Vec::with_capacity(claims.len());
                for claim in &claims {
                    outcomes.push(Some(self.door.take_due(*claim).await));
                }
                outcomes
            }
        };
        let handled = outcomes.iter().flatten().filter(|outcome| !matches!(outcome, Ok(Turned::Stale))).count();
        let failed =
            claims.iter().zip(outcomes).filter_map(|(claim, outcome)| Some((*claim, outcome?.err()?))).collect();
        Ok(Round { found: claims.len(), handled, failed })
    }

    /// Fires what comes due until it is cancelled; a turn that was begun is finished.
    pub async fn run(&self, cancel: CancellationToken) {
        let clock = self.door.clock();
        if let Err(error) = self.follow_zone_data().await {
            tracing::error!(%error, "what is to come could not be compared with the time zones of this program");
        }
        let mut strange = None;
        while !cancel.is_cancelled() {
            self.pulse.beats();
            let until = match self.tick(&mut strange).await {
                Ok(until) => until,
                Err(error) => {
                    tracing::error!(%error, "what is due could not be read; it is tried again");
                    add(clock.now(), STORE_PAUSE)
                }
            };
            self.pulse.rests();
            tokio::select! {
                () = cancel.cancelled() => {}
                () = self.door.bells().reminders.notified() => tokio::time::sleep(SHORTEST_SLEEP).await,
                () = clock.sleep_until(until) => {}
            }
        }
    }

    /// New zone data moves what is still to come.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn follow_zone_data(&self) -> Result<(), StoreError> {
        let mut tx = self.door.store().begin().await?;
        let moved = tx.follow_zone_data(self.door.clock().now()).await?;
        tx.commit().await?;
        if moved > 0 {
            tracing::info!(schedules.moved = moved, "new time zone data moved what is to come");
        }
        Ok(())
    }

    /// Notes a look at the clock, and what it says. `strange_for` is how long the clock has looked plainly wrong; when it was, and is
    /// not any more, what was planned meanwhile is planned anew.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn look_at_clock(&self, strange_for: Option<SignedDuration>) -> Result<Lapse, StoreError> {
        let now = self.door.clock().now();
        let mut tx = self.door.store().begin().await?;
        let last = tx.heartbeat().await?;
        let pulse = judge(last.map(|last| last.at), now, strange_for.unwrap_or_default());
        let before = last.and_then(|last| last.away);
        match pulse {
            Lapse::Leapt => {}
            Lapse::Away(away) => {
                tracing::warn!(away.from = %away.from, away.until = %away.until, "nobody was there for a while");
                let away = Some(away.after(before));
                tx.keep_heartbeat(Heartbeat { at: now, away }).await?;
            }
            Lapse::SetBack => {
                tracing::warn!("the clock was set back");
                tx.clock_was_set_back(now).await?;
                tx.keep_heartbeat(Heartbeat { at: now, away: before }).await?;
            }
            Lapse::Steady => {
                if strange_for.is_some() {
                    tx.clock_was_set_back(now).await?;
                }
                if last.is_none_or(|last| now.duration_since(last.at) >= BEAT) {
                    tx.keep_heartbeat(Heartbeat { at: now, away: before }).await?;
                }
            }
        }
        tx.commit().await?;
        Ok(pulse)
    }

    /// Fires what is due, and says when to look again. `strange` runs while the clock looks plainly wrong.
    ///
    /// # Errors
    /// When the store fails; the trouble of one schedule is none of the others.
    pub async fn tick(&self, strange: &mut Option<Stopwatch>) -> Result<Timestamp, StoreError> {
        let latest = add(self.door.clock().now(), LONGEST_SLEEP);
        let strange_for = strange.map(|since| SignedDuration::try_from(since.elapsed()).unwrap_or_default());
        if self.look_at_clock(strange_for).await? == Lapse::Leapt {
            if strange.is_none() {
                tracing::error!(
                    "the clock is far ahead of where it was: nothing is fired until it has been so for an hour"
                );
                *strange = Some(Stopwatch::start());
            }
            return Ok(latest);
        }
        *strange = None;
        self.fire_once(BATCH).await?;
        let latest = add(self.door.clock().now(), LONGEST_SLEEP);
        let mut tx = self.door.store().begin().await?;
        let due = tx.next_due().await?;
        tx.rollback().await?;
        Ok(due.map_or(latest, |due| due.min(latest)))
    }

    async fn failed(&self, claim: DueClaim, error: &TurnError) -> Result<(), StoreError> {
        tracing::warn!(schedule.id = claim.schedule, %error, "a due schedule could not be handled");
        self.door.counters().add("reminders.failed", "", 1);
        let pause = FIRST_PAUSE * 2_u32.saturating_pow(u32::try_from(claim.attempts).unwrap_or(0));
        let mut tx = self.door.store().begin().await?;
        tx.schedule_failed(claim, add(self.door.clock().now(), pause)).await?;
        tx.commit().await?;
        if claim.attempts + 1 >= TRIES {
            tracing::error!(schedule.id = claim.schedule, "a due schedule was given up");
            self.door.counters().add("reminders.given_up", "", 1);
            if let Err(error) = self.door.give_up_due(claim).await {
                tracing::error!(schedule.id = claim.schedule, %error, "giving up a due schedule failed");
            }
        }
        Ok(())
    }
}
