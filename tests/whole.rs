//! The real engine and the shipped scripts behind the door: a first day, kept in a real database.

mod support;

use std::sync::Arc;

use goldseam::clock::Clock;
use goldseam::outbox::{Deliver, Outbox};
use goldseam::prompts;
use goldseam::reminders::Reminders;
use goldseam::store::Store;
use goldseam::turn::Door;
use goldseam::types::{Inbound, Input, Place, PlaceKind, Platform, Private};
use goldseam::vault::Vault;
use support::postbox::Postbox;

const WORDS: &[&str] =
    &["/start", "18 or older", "Agree", "skip", "skip", "Vienna", "Yes", "Morning, 08:00", "Not yet"];

#[tokio::test]
async fn a_first_day_from_hello_to_the_evening() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::steered("2026-03-02T10:00:00Z".parse().unwrap());
    let store = Store::open(folder.path(), Vault).await.unwrap();
    let door = Door::new(store.clone(), prompts::load(None).unwrap().0, clock.clone());
    let postbox = Postbox::new(Platform::Telegram);
    let platforms: [Arc<dyn Deliver>; 1] = [postbox.clone()];
    let outbox = Outbox::new(store.clone(), clock.clone(), door.bells().outbox.clone(), platforms);
    let reminders = Reminders::new(door.clone());
    let mut answers = Vec::new();
    for (event, said) in WORDS.iter().enumerate() {
        clock.advance(std::time::Duration::from_secs(20));
        let taken = postbox.taken();
        let press = taken.iter().rev().flat_map(|sent| &sent.message.buttons).find(|button| button.label == *said);
        let input = match (press, said.strip_prefix('/')) {
            (Some(button), _) => Input::Press(button.token.clone()),
            (None, Some(command)) => Input::Command { name: command.into(), rest: Private::default() },
            (None, None) => Input::Text(Private::new(*said)),
        };
        let place = Place { id: "7".into(), kind: PlaceKind::Private };
        let event = event.to_string();
        let inbound = Inbound {
            platform: Platform::Telegram,
            event,
            account: "7".into(),
            place,
            input,
            reply: None,
            language: None,
        };
        door.take(&inbound).await.unwrap();
        let before = postbox.taken().len();
        outbox.deliver_once().await.unwrap();
        answers.push(postbox.taken()[before..].iter().map(|sent| sent.message.text.text()).collect::<Vec<_>>());
    }
    for (said, answer) in WORDS.iter().zip(&answers) {
        assert!(!answer.is_empty(), "no answer to {said}");
    }
    let mut tx = store.begin().await.unwrap();
    let due = tx.next_due().await.unwrap();
    tx.rollback().await.unwrap();
    assert_eq!(due.map(|due| due.to_string()).as_deref(), Some("2026-03-03T07:00:00Z"), "08:00 in Vienna");
    clock.set(due.expect("something is planned"));
    let before = postbox.taken().len();
    assert_eq!(reminders.fire_once(10).await.unwrap(), 1);
    outbox.deliver_once().await.unwrap();
    let due: Vec<_> = postbox.taken()[before..].iter().map(|sent| sent.message.text.text()).collect();
    assert_eq!(due, ["How are you right now?"]);
}
