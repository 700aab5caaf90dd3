//! The short road of a file: a text is stored, answered and claimed for sending by one transaction; and when it has to take the long one.

mod support;

use std::time::Duration;

use goldseam::outbox::{Limits, Outbox};
use goldseam::platform::inbox::{Inbox as _, RawEvent};
use goldseam::types::{Inbound, Platform, Private};
use support::house::{House, input};

/// A house that answers at once, and has looked at its outbox once.
async fn house() -> House {
    let mut house = House::new().await;
    house.inbox = house.inbox.clone().through(&house.outbox);
    house.outbox.deliver_once().await.unwrap();
    house
}

/// Telegram hands over several events at a time.
async fn comes(house: &House, events: &[&Inbound]) {
    let raw = |inbound: &&Inbound| RawEvent {
        id: inbound.event.clone(),
        raw: Private::new(serde_json::to_string(inbound).unwrap()),
    };
    house.inbox.put(Platform::Telegram, "bot", events.iter().map(raw).collect()).await.unwrap();
}

fn text(house: &mut House, account: &str, text: &str) -> Inbound {
    house.inbound(Platform::Telegram, account, input(text))
}

async fn inbox(house: &House) -> Vec<String> {
    house.sql("select state || case when raw is null then '' else ' with its text' end from inbox order by id").await
}

async fn outbox(house: &House) -> Vec<String> {
    house.sql("select state || ' ' || attempts from outbox order by id").await
}

/// What Telegram has got when everything that is on its way has arrived.
async fn got(house: &House) -> Vec<String> {
    house.outbox.deliver_once().await.unwrap();
    house.telegram.empty()
}

#[tokio::test]
async fn a_text_is_answered_by_the_transaction_that_stores_it() {
    let mut house = house().await;
    let hello = text(&mut house, "7", "hello");
    comes(&house, &[&hello]).await;
    assert_eq!((inbox(&house).await, outbox(&house).await), (vec!["done".into()], vec!["sending 1".into()]));
    while house.telegram.taken().is_empty() {
        tokio::task::yield_now().await;
    }
    assert_eq!(got(&house).await, ["hello"]);
    assert_eq!(outbox(&house).await, ["sent 1"]);
    comes(&house, &[&hello]).await;
    assert_eq!(got(&house).await, [""; 0], "a second copy of an event is none");
}

#[tokio::test]
async fn a_second_text_of_the_same_person_comes_after_the_first() {
    let mut house = house().await;
    let events = ["one", "two", "three"].map(|line| text(&mut house, "7", line));
    let other = text(&mut house, "8", "hello");
    comes(&house, &[&events[0], &events[1], &other, &events[2]]).await;
    assert_eq!(inbox(&house).await, ["done", "new with its text", "done", "new with its text"]);
    let four = text(&mut house, "7", "four");
    comes(&house, &[&four]).await;
    assert_eq!(inbox(&house).await[4], "new with its text", "nothing overtakes what waits");
    house.inbox.drain_once().await.unwrap();
    let mut heard = got(&house).await;
    heard.retain(|line| line != "hello");
    assert_eq!(heard, ["one", "two", "three", "four"]);
}

#[tokio::test]
async fn what_fails_is_kept_with_its_text_and_holds_up_nobody() {
    let mut house = house().await;
    let (boom, hello) = (text(&mut house, "7", "boom"), text(&mut house, "8", "hello"));
    comes(&house, &[&boom, &hello]).await;
    assert_eq!(inbox(&house).await, ["new with its text", "done"]);
    assert_eq!(got(&house).await, ["hello"]);
    house.inbox.drain_once().await.unwrap();
    assert_eq!(house.sql("select cast(attempts as text) from inbox where state = 'new'").await, ["1"]);
    let next = text(&mut house, "8", "and again");
    comes(&house, &[&next]).await;
    house.inbox.drain_once().await.unwrap();
    assert_eq!(got(&house).await, ["and again"], "what waits for its next try holds up nobody else");
}

#[tokio::test]
async fn what_stands_behind_another_message_of_its_chat_waits_for_it() {
    let mut house = house().await;
    let long = text(&mut house, "7", "/long");
    comes(&house, &[&long]).await;
    let states = outbox(&house).await;
    assert_eq!((states[0].as_str(), states[1].as_str()), ("sending 1", "pending 0"), "the first of them goes");
    let hello = text(&mut house, "7", "hello");
    comes(&house, &[&hello]).await;
    assert!(outbox(&house).await.last().unwrap().starts_with("pending"), "one at a time");
    assert_eq!(got(&house).await.last().unwrap(), "hello");
}

#[tokio::test]
async fn no_more_goes_at_once_than_may_go() {
    let mut house = House::new().await;
    let limits = Limits { total: Some(3), bulk: None, chat: None, at_once: 64 };
    let line: std::sync::Arc<dyn goldseam::outbox::Deliver> = house.telegram.clone();
    let bells = house.door.bells().outbox.clone();
    house.outbox = Outbox::paced(house.door.store().clone(), house.clock.clone(), bells, [(line, limits)]);
    house.inbox = house.inbox.clone().through(&house.outbox);
    house.outbox.deliver_once().await.unwrap();
    let events: Vec<Inbound> = (0..5).map(|person| text(&mut house, &person.to_string(), "hello")).collect();
    comes(&house, &events.iter().collect::<Vec<_>>()).await;
    let at_once = outbox(&house).await.iter().filter(|state| *state == "sending 1").count();
    assert_eq!(at_once, 3);
    assert_eq!(got(&house).await.len(), 3);
    let late = text(&mut house, "9", "late");
    comes(&house, &[&late]).await;
    assert_eq!(outbox(&house).await.last().unwrap(), "pending 0", "while others wait nobody goes before them");
    house.wait(Duration::from_secs(2));
    assert_eq!(got(&house).await, ["hello", "hello", "late"]);
}

#[tokio::test]
async fn a_death_before_the_call_loses_nothing() {
    let mut house = house().await;
    house.telegram.answer_next(support::postbox::Answer::Hang);
    let hello = text(&mut house, "7", "hello");
    comes(&house, &[&hello]).await;
    let mut house = house.restart().await;
    house.outbox.deliver_once().await.unwrap();
    house.wait(Duration::from_mins(2));
    assert_eq!(got(&house).await, ["hello"]);
    assert_eq!(house.says("7", "still here").await, ["still here"]);
}
