//! What may happen once in a while only, whichever program does it: logging in at a platform that counts.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Mutex as Queue;
use tokio::time::{Instant, sleep, sleep_until};

use super::Node;
use crate::store::StoreError;

/// When each of these things happened here for the last time; who holds the lock is about to do it.
#[derive(Default)]
pub(super) struct Turnstiles(Mutex<HashMap<String, Arc<Queue<Option<Instant>>>>>);

impl Turnstiles {
    fn of(&self, name: &str) -> Arc<Queue<Option<Instant>>> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.entry(name.to_owned()).or_default().clone()
    }
}

impl Node {
    /// Waits until it may happen again: at most once in `span`, in all programs of this database together. As long as the database does
    /// not answer it may not.
    pub async fn once_in(&self, name: &str, span: Duration) {
        let turnstile = self.0.turnstiles.of(name);
        let mut last = turnstile.lock().await;
        if let Some(last) = *last {
            sleep_until(last + span).await;
        }
        while self.0.shared && !self.is_our_turn(name, span).await.unwrap_or(false) {
            sleep(self.0.pace.look).await;
        }
        *last = Some(Instant::now());
    }

    async fn is_our_turn(&self, name: &str, span: Duration) -> Result<bool, StoreError> {
        let mut tx = self.0.store.begin().await?;
        let ours = tx.once_in(name, span).await?;
        tx.commit().await?;
        Ok(ours)
    }
}
