//! The whole shell on a real database of its own, its workers stepped by hand.

use std::sync::Arc;
use std::time::Duration;

use goldseam::clock::Clock;
use goldseam::outbox::{Deliver, Outbox};
use goldseam::platform::inbox::{Inbox as _, RawEvent};
use goldseam::reminders::Reminders;
use goldseam::store::Account;
use goldseam::turn::{Door, Inbox, Step};
use goldseam::types::{Inbound, Input, Place, PlaceKind, Platform, Private};

use super::database::Database;
use super::engine;
use super::postbox::Postbox;

pub struct House {
    pub database: Database,
    pub clock: Clock,
    pub door: Door,
    pub inbox: Inbox,
    pub reminders: Reminders,
    pub outbox: Outbox,
    pub telegram: Arc<Postbox>,
    pub discord: Arc<Postbox>,
    events: u64,
    step: Step,
}

impl House {
    /// A new house on Sunday 22 November 2026, 12:00 UTC, with an engine that does what it is told.
    pub async fn new() -> Self {
        Self::with_step(engine::step).await
    }

    /// The same with the real engine, and no scripts yet.
    pub async fn real() -> Self {
        Self::with_step(goldseam::engine::step).await
    }

    /// The same on a database of one's choice.
    pub async fn on(database: Database) -> Self {
        let clock = Clock::steered("2026-11-22T12:00:00Z".parse().unwrap());
        Self::open(database, clock, 0, engine::step).await
    }

    async fn with_step(step: Step) -> Self {
        let clock = Clock::steered("2026-11-22T12:00:00Z".parse().unwrap());
        Self::open(Database::new().await, clock, 0, step).await
    }

    async fn open(database: Database, clock: Clock, events: u64, step: Step) -> Self {
        let store = database.open().await;
        let door = Door::with_step(step, store.clone(), engine::library(), clock.clone());
        let mut inbox = Inbox::new(door.clone());
        for platform in Platform::ALL {
            inbox = inbox.with(platform, |raw| serde_json::from_str(raw).ok());
        }
        let (telegram, discord) = (Postbox::new(Platform::Telegram), Postbox::new(Platform::Discord));
        let platforms: [Arc<dyn Deliver>; 2] = [telegram.clone(), discord.clone()];
        let outbox = Outbox::new(store, clock.clone(), door.bells().outbox.clone(), platforms);
        let reminders = Reminders::new(door.clone());
        Self { database, clock, door, inbox, reminders, outbox, telegram, discord, events, step }
    }

    /// The program ends here and now, and starts again on the same database.
    pub async fn restart(self) -> Self {
        let Self { database, clock, events, step, door, inbox, reminders, outbox, .. } = self;
        drop((door, inbox, reminders, outbox));
        Self::open(database, clock, events, step).await
    }

    /// The program ends in order.
    pub async fn closes(self) -> Database {
        self.door.store().close().await;
        self.database
    }

    pub fn inbound(&mut self, platform: Platform, account: &str, input: Input) -> Inbound {
        self.events += 1;
        Inbound {
            platform,
            event: self.events.to_string(),
            account: account.into(),
            place: Place { id: format!("chat-{account}"), kind: PlaceKind::Private },
            input,
            reply: None,
            language: None,
        }
    }

    /// A platform hands events over.
    pub async fn put(&self, events: &[&Inbound]) {
        for inbound in events {
            let raw = Private::new(serde_json::to_string(inbound).unwrap());
            let event = RawEvent { id: inbound.event.clone(), raw };
            self.inbox.put(inbound.platform, "bot", vec![event]).await.unwrap();
        }
    }

    /// Somebody writes on Telegram; `/name rest` is a command.
    pub async fn writes(&mut self, account: &str, text: &str) {
        let inbound = self.inbound(Platform::Telegram, account, input(text));
        self.put(&[&inbound]).await;
        self.inbox.drain_once().await.unwrap();
    }

    /// The same, and what is answered.
    pub async fn says(&mut self, account: &str, text: &str) -> Vec<String> {
        self.writes(account, text).await;
        self.outbox.deliver_once().await.unwrap();
        self.telegram.empty()
    }

    pub fn wait(&self, span: Duration) {
        self.clock.advance(span);
    }

    pub fn until(&self, instant: &str) {
        self.clock.set(instant.parse().unwrap());
    }

    /// What is due is fired and delivered: what Telegram got.
    pub async fn fires(&self) -> Vec<String> {
        self.reminders.fire_once(100).await.unwrap();
        self.outbox.deliver_once().await.unwrap();
        self.telegram.empty()
    }

    pub async fn account(&self, platform: Platform, account: &str) -> Option<Account> {
        let mut tx = self.door.store().begin().await.unwrap();
        let found = tx.account(platform, account).await.unwrap();
        tx.rollback().await.unwrap();
        found
    }

    /// When an account's only person is next due, as an instant.
    pub async fn next_due(&self) -> Option<String> {
        let mut tx = self.door.store().begin().await.unwrap();
        let due = tx.next_due().await.unwrap();
        tx.rollback().await.unwrap();
        due.map(|due| due.to_string())
    }

    /// What became of a Telegram account's firings: name, civil moment, outcome.
    pub async fn occurrences(&self, account: &str) -> Vec<(String, String, String)> {
        let person = self.account(Platform::Telegram, account).await.unwrap().person;
        let mut tx = self.door.store().begin().await.unwrap();
        let found = tx.occurrences(person).await.unwrap();
        tx.rollback().await.unwrap();
        found
    }

    /// Asks the database directly: one column of text.
    pub async fn sql(&self, query: &'static str) -> Vec<String> {
        self.database.sql(query).await
    }
}

pub fn input(text: &str) -> Input {
    match text.strip_prefix('/') {
        None => Input::Text(Private::new(text)),
        Some(command) => {
            let (name, rest) = command.split_once(' ').unwrap_or((command, ""));
            Input::Command { name: name.into(), rest: Private::new(rest) }
        }
    }
}
