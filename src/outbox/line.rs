//! What the worker knows of one platform: how much more may be on its way there, whether it sends at all, and whether it is
//! worth asking the store for more.

use std::collections::HashSet;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::breaker::{Breaker, Change};
use super::pace::{Allowance, Limits, Pace};
use super::{Deliver, Waits};
use crate::clock::add;
use crate::nodes::{Grant, Role};
use crate::store::Claimed;
use crate::types::Platform;

/// The priorities of the store: help, answers, reminders, nudges, what is late.
pub(super) const HELP: i64 = 0;
const ANSWERS: i64 = 1;
const LAST: i64 = 9;
/// What nobody waits for.
pub(super) const REST: RangeInclusive<i64> = ANSWERS + 1..=LAST;
/// How often to look at least while something may be there that is not allowed yet.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// A platform. A slow one never holds up the others.
pub(super) struct Line {
    pub(super) deliver: Arc<dyn Deliver>,
    role: Role,
    /// That this program sends there, as it was when the round began.
    grant: Option<Grant>,
    /// What the store says is over; it never counts again.
    refused: Option<Grant>,
    seats: Arc<Semaphore>,
    /// The rows that are on their way, or came back and were not looked at yet.
    flying: HashSet<i64>,
    pace: Pace,
    breaker: Breaker,
    gate: Gate,
    /// The platform answers again: what waits because it did not may go.
    recovered: bool,
    /// Something may be there that can be claimed now.
    asked_for: bool,
    /// Something may wait behind what is on its way.
    behind: bool,
    /// The last time that messages were asked for there were more than may go.
    short: bool,
    next: Next,
}

/// How it stands with a platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineState {
    /// Which.
    pub platform: Platform,
    /// May messages be sent there? Not when it told us to wait, or refuses our token.
    pub open: bool,
    /// Is it left in peace, because it does not answer? Only answers are sent then.
    pub resting: bool,
}

/// Keeps a platform from sending.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gate {
    Open,
    /// Until this instant, because it told us so.
    Paused(Timestamp),
    /// For good: it does not accept our token.
    Stopped,
}

/// When the next message that waits may be tried.
#[derive(Clone, Copy, Debug)]
enum Next {
    Unknown,
    Known(Option<Timestamp>),
}

impl Line {
    pub(super) fn new(deliver: Arc<dyn Deliver>, limits: Limits, role: Role) -> Self {
        Self {
            deliver,
            role,
            grant: None,
            refused: None,
            seats: Arc::new(Semaphore::new(limits.at_once.max(1))),
            flying: HashSet::new(),
            pace: Pace::new(limits),
            breaker: Breaker::default(),
            gate: Gate::Open,
            recovered: false,
            asked_for: true,
            behind: true,
            short: true,
            next: Next::Unknown,
        }
    }

    /// How it stands.
    pub(super) fn state(&self, now: Timestamp) -> LineState {
        let open = self.opens().is_some_and(|opens| opens <= now);
        LineState { platform: self.platform(), open, resting: self.breaker.is_open() }
    }

    /// Looks whether this program sends there now. True when it has taken over since the last look.
    pub(super) fn takes_over(&mut self) -> bool {
        let grant = self.role.grant().filter(|grant| self.refused.as_ref() != Some(grant));
        let new = grant.is_some() && grant != self.grant;
        self.grant = grant;
        if new {
            self.rang();
        }
        new
    }

    /// That this program sends there; nothing when another one does.
    pub(super) fn grant(&self) -> Option<&Grant> {
        self.grant.as_ref()
    }

    /// The store says that another program sends there, before the role itself has noticed: nothing is asked for meanwhile.
    pub(super) fn refused(&mut self) {
        self.refused = self.grant.take();
    }

    pub(super) fn platform(&self) -> Platform {
        self.deliver.platform()
    }

    /// A turn has committed messages; perhaps some are for this platform.
    pub(super) fn rang(&mut self) {
        self.asked_for = true;
        self.behind = true;
    }

    /// This row is on its way.
    pub(super) fn launched(&mut self, row: i64) {
        self.flying.insert(row);
    }

    /// The rows that are on their way, or came back and were not looked at yet.
    pub(super) fn flying(&self) -> &HashSet<i64> {
        &self.flying
    }

    /// Something came back: what stood behind it in its chat may go.
    pub(super) fn landed(&mut self, row: i64) {
        self.flying.remove(&row);
        self.asked_for |= self.behind;
    }

    /// A message is tried again then.
    pub(super) fn again_at(&mut self, at: Timestamp) {
        if let Next::Known(next) = &mut self.next {
            *next = Some(next.map_or(at, |next| next.min(at)));
        }
    }

    /// Notes whether a call brought an answer.
    pub(super) fn answered(&mut self, answered: bool, now: Timestamp) {
        match self.breaker.note(answered, now) {
            Some(Change::Opened(until)) => {
                tracing::warn!(
                    platform = self.platform().as_str(),
                    "the platform does not answer; only answers are sent there"
                );
                self.pace.rest_bulk(until);
            }
            Some(Change::Closed) => {
                tracing::info!(platform = self.platform().as_str(), "the platform answers again");
                self.recovered = true;
            }
            None => {}
        }
    }

    /// True once after the platform began to answer again.
    pub(super) fn has_recovered(&mut self) -> bool {
        std::mem::take(&mut self.recovered)
    }

    /// What to ask for first: priorities, and how many of them. All of them, where nothing keeps them apart; else what somebody
    /// waits for.
    pub(super) fn asks(&self, now: Timestamp) -> Option<(RangeInclusive<i64>, usize)> {
        let (free, allowed) = (self.free(), self.allowance(now));
        if !self.wants(now) {
            return None;
        }
        Some(match allowed {
            Allowance { bulk, .. } if bulk >= free => (HELP..=LAST, free),
            // Help never waits for its turn.
            Allowance { replies: 0, .. } => (HELP..=HELP, free),
            Allowance { replies, .. } => (HELP..=ANSWERS, replies.min(free)),
        })
    }

    /// How many to ask for of what nobody waits for, when so many others go out beside them.
    pub(super) fn asks_rest(&self, others: usize, now: Timestamp) -> usize {
        self.allowance(now).bulk.min(self.free().saturating_sub(others))
    }

    fn allowance(&self, now: Timestamp) -> Allowance {
        let allowed = self.pace.allowance(now);
        Allowance { bulk: allowed.bulk.min(self.breaker.bulk(now)), ..allowed }
    }

    /// True when it is worth asking the store.
    pub(super) fn wants(&self, now: Timestamp) -> bool {
        let due = matches!(self.next, Next::Known(Some(at)) if at <= now);
        let opens = self.opens().is_some_and(|opens| opens <= now);
        opens && self.grant.is_some() && (self.asked_for || due) && self.free() > 0
    }

    /// These came; `all` when there are no more that could have come.
    pub(super) fn got(&mut self, claimed: &[Claimed], all: bool) {
        self.asked_for = !all;
        self.short = !all;
        self.next = Next::Unknown;
        if self.flying.is_empty() {
            self.behind = claimed.iter().any(|claimed| claimed.behind > 0);
        }
    }

    /// May this go to its chat now? Else: when may it? Help never waits.
    pub(super) fn enter_chat(&mut self, account: i64, priority: i64, now: Timestamp) -> Result<(), Timestamp> {
        self.pace.enter_chat(account, now).or_else(|at| if priority == HELP { Ok(()) } else { Err(at) })
    }

    /// These go out now.
    pub(super) fn sends(&mut self, claimed: &[Claimed], now: Timestamp) {
        let replies = claimed.iter().filter(|claimed| claimed.priority <= ANSWERS).count();
        let bulk = claimed.len() - replies;
        self.pace.take(replies, bulk, now);
        if bulk > 0 {
            self.breaker.sends_bulk();
        }
    }

    /// A place among what is on its way.
    pub(super) fn seat(&self) -> Option<OwnedSemaphorePermit> {
        self.seats.clone().try_acquire_owned().ok()
    }

    /// The same for an answer that nobody asked the store for. It counts as sent. Nothing while others wait for more to be allowed,
    /// so that it does not go before them.
    pub(super) fn seat_at_once(&mut self, account: i64, priority: i64, now: Timestamp) -> Option<OwnedSemaphorePermit> {
        let opens = self.opens().is_some_and(|opens| opens <= now);
        let alone = matches!(self.grant, Some(Grant::Alone));
        if !opens || !alone || self.short || priority > ANSWERS || self.allowance(now).replies == 0 {
            return None;
        }
        let seat = self.seat()?;
        self.enter_chat(account, priority, now).ok()?;
        self.pace.take(1, 0, now);
        Some(seat)
    }

    fn free(&self) -> usize {
        self.seats.available_permits()
    }

    /// True when nothing can be claimed now and it is not known when something can.
    pub(super) fn should_look_ahead(&self) -> bool {
        self.grant.is_some() && !self.asked_for && matches!(self.next, Next::Unknown) && self.gate != Gate::Stopped
    }

    pub(super) fn looked_ahead(&mut self, next: Option<Timestamp>) {
        self.next = Next::Known(next);
    }

    /// When this platform wants the next round; `None` when only a bell or something that comes back brings one.
    pub(super) fn next_round(&self, now: Timestamp) -> Option<Timestamp> {
        let opens = self.opens().filter(|_| self.free() > 0 && self.grant.is_some())?;
        match self.next {
            _ if self.asked_for => Some(self.ready(now).max(opens)),
            Next::Known(next) => next.map(|next| next.max(opens)),
            Next::Unknown => None,
        }
    }

    /// When more is allowed, or when to look again at the latest.
    fn ready(&self, now: Timestamp) -> Timestamp {
        let later = add(now, LOOK_EVERY);
        if self.breaker.bulk(now) == 0 { later } else { self.pace.ready(now).min(later) }
    }

    /// Since when it may send; `None` when it is stopped.
    pub(super) fn opens(&self) -> Option<Timestamp> {
        match self.gate {
            Gate::Open => Some(Timestamp::MIN),
            Gate::Paused(until) => Some(until),
            Gate::Stopped => None,
        }
    }

    /// The platform said "too fast".
    pub(super) fn too_fast(&mut self, who: Waits, until: Timestamp, now: Timestamp) {
        if who == Waits::Everything {
            self.close(Gate::Paused(until));
        }
        if who != Waits::Chat {
            self.pace.too_fast(until, now);
        }
    }

    pub(super) fn close(&mut self, gate: Gate) {
        self.gate = match (self.gate, gate) {
            (Gate::Stopped, _) | (_, Gate::Stopped) => Gate::Stopped,
            (Gate::Paused(old), Gate::Paused(new)) => Gate::Paused(old.max(new)),
            (Gate::Open, gate) | (gate, Gate::Open) => gate,
        };
    }
}
