//! How much is asked of the database for a message on its way out. A program of its own, because it counts what the driver logs.

mod support;

use std::sync::atomic::{AtomicUsize, Ordering};

use goldseam::types::{PersonId, Platform, Purpose, Rich};
use support::house::House;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// Counts statements, wherever they run.
struct Counting;

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
            person: PersonId(account.person.0),
            account: account.id,
            platform: Platform::Telegram,
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

#[tokio::test]
async fn the_more_there_is_to_send_the_fewer_statements_a_message_costs() {
    let house = House::new().await;
    house.outbox.deliver_once().await.unwrap();
    enqueue(&house, 640).await;
    tracing::subscriber::set_global_default(Counting).unwrap();
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
