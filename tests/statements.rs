//! How much is asked of the database for a turn and for a message on its way out. A program of its own, because it counts what the
//! driver logs.

mod support;

use std::sync::atomic::{AtomicUsize, Ordering};

use goldseam::platform::inbox::{Inbox as _, RawEvent};
use goldseam::prompts;
use goldseam::types::{Inbound, Platform, Private, Purpose, Rich};
use support::house::{House, input};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// Counts statements, wherever they run.
struct Counting;

const WELCOME_AND_CHECKIN: [&str; 12] = [
    "/start",
    "18 or older",
    "Agree",
    "I don't know yet",
    "Ana",
    "UTC",
    "Yes",
    "Evening, 18:30",
    "Not yet",
    "/checkin",
    "4",
    "hopeful",
];

static STATEMENTS: AtomicUsize = AtomicUsize::new(0);

impl Subscriber for Counting {
    fn enabled(&self, of: &Metadata<'_>) -> bool {
        of.target().starts_with("sqlx::query")
    }

    fn event(&self, _: &Event<'_>) {
        STATEMENTS.fetch_add(1, Ordering::SeqCst);
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

async fn enqueue(house: &House, people: usize) {
    let now = house.clock.now();
    let mut tx = house.door.store().begin().await.unwrap();
    for number in 0..people {
        let account = tx.create_account(Platform::Telegram, &number.to_string(), now).await.unwrap();
        let message = goldseam::types::Message { text: Rich::plain("Good evening."), ..Default::default() };
        let row = goldseam::store::NewRow {
            account: &account,
            place: None,
            reply: None,
            message: &message,
            purpose: Purpose::Nudge,
            due: now,
            expires: None,
            dedupe_key: &number.to_string(),
            silent: false,
            now,
        };
        tx.enqueue(row).unwrap();
    }
    tx.commit().await.unwrap();
}

/// One test, because what is counted is counted for the whole process.
#[tokio::test]
async fn the_more_there_is_to_do_the_fewer_statements_each_costs() {
    tracing::subscriber::set_global_default(Counting).unwrap();
    messages_share_statements().await;
    turns_share_statements().await;
}

async fn turns_share_statements() {
    let mut house = House::real().await;
    house.door.use_scripts(prompts::load(None).unwrap().0).await.unwrap();
    let mut costs = Vec::new();
    for people in [2, 60] {
        let everybody: Vec<String> = (0..people).map(|number| format!("{people}-{number}")).collect();
        for text in WELCOME_AND_CHECKIN {
            all_write(&mut house, &everybody, text).await;
        }
        STATEMENTS.store(0, Ordering::SeqCst);
        // Here the engine asks what they did day by day, and what they said is kept.
        all_write(&mut house, &everybody, "call my sister").await;
        all_write(&mut house, &everybody, "In the evening").await;
        costs.push(STATEMENTS.swap(0, Ordering::SeqCst));
    }
    let kept = house.sql("select cast(count(*) as text) from promises").await;
    assert_eq!(kept, ["62"], "everybody made a promise");
    assert!(costs[0] > 10, "{costs:?}: the driver logs what it does");
    // Some tables take a row of two sizes each.
    assert!(costs[1] <= costs[0] * 2, "{costs:?} statements for two people and for sixty");
}

async fn all_write(house: &mut House, everybody: &[String], text: &str) {
    let events: Vec<_> =
        everybody.iter().map(|account| house.inbound(Platform::Telegram, account, input(text))).collect();
    let raw = |inbound: &Inbound| RawEvent {
        id: inbound.event.clone(),
        raw: Private::new(serde_json::to_string(inbound).unwrap()),
    };
    house.inbox.put(Platform::Telegram, "bot", events.iter().map(raw).collect()).await.unwrap();
    house.inbox.drain_once().await.unwrap();
}

async fn messages_share_statements() {
    let house = House::new().await;
    house.outbox.deliver_once().await.unwrap();
    enqueue(&house, 640).await;
    STATEMENTS.store(0, Ordering::SeqCst);
    house.outbox.deliver_once().await.unwrap();
    let statements = STATEMENTS.swap(0, Ordering::SeqCst);
    assert_eq!(house.telegram.empty().len(), 640);
    assert!(statements > 0, "the driver logs what it does");
    // Settle, claim and read for 64 messages each. Begin and commit are not logged.
    assert!(statements <= 640 / 64 * 3 + 8, "{statements} statements for 640 messages");
    house.outbox.deliver_once().await.unwrap();
    let idle = STATEMENTS.load(Ordering::SeqCst);
    assert!(idle <= 4, "{idle} statements to find that there is nothing to do");
}
