//! What the worker knows of one platform: how much more may be on its way there, whether it sends at all, and whether it is
//! worth asking the store for more.

use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::Deliver;
use crate::nodes::{Grant, Role};
use crate::store::Claimed;
use crate::types::Platform;

/// A platform. A slow one never holds up the others.
pub(super) struct Line {
    pub(super) deliver: Arc<dyn Deliver>,
    role: Role,
    /// That this program sends there, as it was when the round began.
    grant: Option<Grant>,
    seats: Arc<Semaphore>,
    at_once: usize,
    gate: Gate,
    /// Something may be there that can be claimed now.
    asked_for: bool,
    /// Something may wait behind what is on its way.
    behind: bool,
    next: Next,
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
    pub(super) fn new(deliver: Arc<dyn Deliver>, at_once: usize, role: Role) -> Self {
        let seats = Arc::new(Semaphore::new(at_once));
        let (gate, next, grant) = (Gate::Open, Next::Unknown, None);
        Self { deliver, role, grant, seats, at_once, gate, asked_for: true, behind: true, next }
    }

    /// Looks whether this program sends there now. True when it has taken over since the last look.
    pub(super) fn takes_over(&mut self) -> bool {
        let grant = self.role.grant();
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

    pub(super) fn platform(&self) -> Platform {
        self.deliver.platform()
    }

    /// A turn has committed messages; perhaps some are for this platform.
    pub(super) fn rang(&mut self) {
        self.asked_for = true;
        self.behind = true;
    }

    /// Something came back: what stood behind it in its chat may go.
    pub(super) fn landed(&mut self) {
        self.asked_for |= self.behind;
    }

    /// A message is tried again then.
    pub(super) fn again_at(&mut self, at: Timestamp) {
        if let Next::Known(next) = &mut self.next {
            *next = Some(next.map_or(at, |next| next.min(at)));
        }
    }

    /// How many messages to ask for now.
    pub(super) fn wants(&self, now: Timestamp) -> usize {
        let due = matches!(self.next, Next::Known(Some(at)) if at <= now);
        if self.grant.is_none() || self.opens().is_none_or(|opens| opens > now) || !(self.asked_for || due) {
            return 0;
        }
        self.free()
    }

    /// These came, of so many asked for.
    pub(super) fn got(&mut self, claimed: &[Claimed], asked: usize) {
        self.asked_for = claimed.len() == asked;
        self.next = Next::Unknown;
        if self.free() == self.at_once {
            self.behind = claimed.iter().any(|claimed| claimed.more);
        }
    }

    /// A place among what is on its way.
    pub(super) fn seat(&self) -> Option<OwnedSemaphorePermit> {
        self.seats.clone().try_acquire_owned().ok()
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
    pub(super) fn next_round(&self) -> Option<Timestamp> {
        let opens = self.opens().filter(|_| self.free() > 0 && self.grant.is_some())?;
        match self.next {
            _ if self.asked_for => Some(opens),
            Next::Known(next) => next.map(|next| next.max(opens)),
            Next::Unknown => None,
        }
    }

    /// Since when it may send; `None` when it is stopped.
    pub(super) fn opens(&self) -> Option<Timestamp> {
        match self.gate {
            Gate::Open => Some(Timestamp::MIN),
            Gate::Paused(until) => Some(until),
            Gate::Stopped => None,
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
