//! Answers that go out as soon as they are committed: claimed by the transaction that makes them, so that nobody has to look for
//! them. What may not go at once waits in the outbox like everything else.

use std::collections::BTreeMap;

use jiff::Timestamp;
use tokio::sync::{OwnedMutexGuard, OwnedSemaphorePermit};

use super::worker::{Desk, Outbox, lease};
use crate::crash;
use crate::store::{Claimed, NewAnswer, StoreError, Tx};

/// The outbox in the hands of a turn. It does nothing else meanwhile, so it is taken before the transaction begins.
pub struct Handover {
    outbox: Outbox,
    desk: OwnedMutexGuard<Desk>,
    claimed: Vec<Claimed>,
    /// By account, because of each goes one: its line, and its place among what is on its way.
    seats: BTreeMap<i64, (usize, OwnedSemaphorePermit)>,
    all: bool,
}

impl Outbox {
    /// Takes the outbox for a turn.
    pub async fn handover(&self) -> Handover {
        let (outbox, desk) = (self.clone(), self.desk().await);
        Handover { outbox, desk, claimed: Vec::new(), seats: BTreeMap::new(), all: false }
    }
}

impl Handover {
    /// Claims what this transaction would have sent: of each chat the first answer, where nothing of that chat waits or is on its
    /// way. Has to be the last before the commit.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn claim(&mut self, tx: &mut Tx, now: Timestamp) -> Result<(), StoreError> {
        let answers = tx.first_answers().await?;
        for answer in &answers {
            if let Some(seat) = self.desk.seat_for(answer, now) {
                self.seats.insert(answer.account, seat);
            }
        }
        let (accounts, worker) = (self.seats.keys().copied().collect(), self.outbox.name());
        self.claimed = tx.claim_new(&accounts, worker, lease(now)).await?;
        self.all = self.claimed.len() == tx.messages_made();
        Ok(())
    }

    /// Sends what was claimed, after the commit. True when that is all there was to send.
    pub fn launch(mut self) -> bool {
        if !self.claimed.is_empty() {
            crash::point("after_claim");
        }
        for claimed in self.claimed {
            let Some((line, seat)) = self.seats.remove(&claimed.account) else { continue };
            self.outbox.launch(&mut self.desk, line, claimed, Some(seat));
        }
        self.all
    }
}

impl Desk {
    /// A place among what is on its way, if this answer may go at once; it counts as sent then.
    fn seat_for(&mut self, answer: &NewAnswer, now: Timestamp) -> Option<(usize, OwnedSemaphorePermit)> {
        let at = self.lines.iter().position(|line| line.platform() == answer.platform)?;
        let seat = self.lines[at].seat_at_once(answer.account, answer.priority, now).filter(|_| !self.closed)?;
        Some((at, seat))
    }
}
