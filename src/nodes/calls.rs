//! Programs of one database wake each other. A call is a hint: whatever it was about is also found a second later without it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

use super::Node;

/// How long to wait before connecting again.
const PAUSE: Duration = Duration::from_secs(1);
/// How long connecting may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// The shortest time between two calls: what comes meanwhile is one call.
const TOGETHER: Duration = Duration::from_millis(5);

/// A call: messages wait for whoever sends them.
const MESSAGES: &str = "messages";
/// A call: a role was given back.
const ROLES: &str = "roles";

/// The bells of this program, and the call that it has to make.
#[derive(Default)]
pub(super) struct Switchboard {
    bells: Mutex<Bells>,
    /// Rung when a role may be free.
    pub(super) roles: Notify,
    messages_wait: Notify,
}

#[derive(Default)]
struct Bells {
    looking: Vec<Arc<Notify>>,
    sending: Vec<Arc<Notify>>,
}

impl Switchboard {
    fn bells(&self) -> MutexGuard<'_, Bells> {
        self.bells.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Node {
    /// Rings this bell every second: the database may hold work that nobody here knows of.
    pub fn wakes(&self, bell: Arc<Notify>) {
        self.0.switchboard.bells().looking.push(bell);
    }

    /// Rings this bell when another program has messages to send, and every second, as long as this program sends at all.
    pub fn wakes_to_send(&self, bell: Arc<Notify>) {
        self.0.switchboard.bells().sending.push(bell);
    }

    /// Tells the others that messages wait.
    pub fn call_senders(&self) {
        if self.0.shared {
            self.0.switchboard.messages_wait.notify_one();
        }
    }

    /// Tells the others that a role is free.
    pub(super) async fn call_for_roles(&self) {
        self.call(ROLES).await;
    }

    pub(super) fn ring_senders(&self) {
        if self.has_any_role() {
            self.0.switchboard.bells().sending.iter().for_each(|bell| bell.notify_one());
        }
    }

    /// Looks at the database every second, whatever was heard; for ever.
    pub(super) async fn tick(&self) {
        let mut every = interval(self.0.pace.look);
        every.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            every.tick().await;
            self.0.switchboard.bells().looking.iter().for_each(|bell| bell.notify_one());
            self.ring_senders();
        }
    }

    /// Hears what others call; for ever.
    pub(super) async fn hear(&self) {
        loop {
            match timeout(PATIENCE, self.0.store.hear()).await {
                Ok(Ok(Some(mut calls))) => {
                    while let Ok(call) = calls.next().await {
                        self.heard(call.as_deref());
                    }
                }
                Ok(Ok(None)) => return std::future::pending().await,
                Ok(Err(_)) | Err(_) => {
                    tracing::debug!("other programs cannot be heard; the database is looked at every second");
                }
            }
            sleep(PAUSE).await;
        }
    }

    /// A program does not hear itself. Where a call may have been missed, the next second brings it.
    fn heard(&self, call: Option<&str>) {
        let others = call.and_then(|call| call.split_once(' ')).filter(|(_, name)| *name != self.name());
        match others {
            Some((MESSAGES, _)) => self.ring_senders(),
            Some((ROLES, _)) => self.0.switchboard.roles.notify_one(),
            Some(_) | None => {}
        }
    }

    /// Calls when messages wait; for ever.
    pub(super) async fn make_calls(&self) {
        loop {
            self.0.switchboard.messages_wait.notified().await;
            self.call(MESSAGES).await;
            sleep(TOGETHER).await;
        }
    }

    async fn call(&self, word: &str) {
        if self.0.store.call(&format!("{word} {}", self.name())).await.is_err() {
            tracing::debug!(word, "a call could not be made; others look by themselves");
        }
    }
}
