//! The door: every event once, in order, whatever fails in between.

use std::time::Duration;

use crate::support::house::{House, input};
use goldseam::turn::{APOLOGY, Turned};
use goldseam::types::{Inbound, Input, Place, PlaceKind, Platform};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn a_message_is_answered_where_it_was_written() {
    let mut house = House::new().await;
    assert_eq!(house.says("7", "hello").await, ["hello"]);
    let account = house.account(Platform::Telegram, "7").await.unwrap();
    assert_eq!(account.home_place.as_deref(), Some("chat-7"));
}

#[tokio::test]
async fn an_event_that_is_delivered_twice_is_handled_once() {
    let mut house = House::new().await;
    let inbound = house.inbound(Platform::Telegram, "7", input("hello"));
    house.put(&[&inbound, &inbound]).await;
    assert_eq!(house.inbox.drain_once().await.unwrap(), 1);
    house.put(&[&inbound]).await;
    assert_eq!(house.inbox.drain_once().await.unwrap(), 0);
    house.outbox.deliver_once().await.unwrap();
    assert_eq!(house.telegram.empty(), ["hello"]);
}

#[tokio::test]
async fn an_event_taken_directly_is_taken_once() {
    let mut house = House::new().await;
    let inbound = house.inbound(Platform::Console, "me", input("hello"));
    assert_eq!(house.door.take(&inbound).await.unwrap(), Turned::Done);
    assert_eq!(house.door.take(&inbound).await.unwrap(), Turned::Seen);
}

#[tokio::test]
async fn what_was_stored_before_a_crash_is_answered_after_it() {
    let mut house = House::new().await;
    let inbound = house.inbound(Platform::Telegram, "7", input("hello"));
    house.put(&[&inbound]).await;
    let house = house.restart().await;
    house.inbox.drain_once().await.unwrap();
    house.outbox.deliver_once().await.unwrap();
    assert_eq!(house.telegram.empty(), ["hello"]);
}

#[tokio::test]
async fn the_text_of_an_event_is_forgotten_once_it_was_handled_and_of_an_answer_once_it_was_sent() {
    let mut house = House::new().await;
    house.says("7", "a secret").await;
    assert_eq!(house.sql("select state from inbox where raw is null").await, ["done"]);
    assert_eq!(house.sql("select state from outbox where body is null and reply is null").await, ["sent"]);
}

#[tokio::test]
async fn what_is_not_for_us_is_passed_over() {
    let house = House::new().await;
    let event = goldseam::platform::inbox::RawEvent { id: "1".into(), raw: goldseam::types::Private::new("{}") };
    goldseam::platform::inbox::Inbox::put(&house.inbox, Platform::Telegram, "bot", vec![event]).await.unwrap();
    house.inbox.drain_once().await.unwrap();
    assert_eq!(house.sql("select state from inbox").await, ["done"]);
}

#[tokio::test]
async fn a_message_that_always_fails_stops_nobody_else_and_ends_with_an_apology() {
    let mut house = House::new().await;
    house.says("7", "hello").await;
    house.writes("7", "boom").await;
    assert_eq!(house.says("8", "I am fine").await, ["I am fine"]);
    for pause in [1, 2, 4, 8] {
        assert_eq!(house.says("7", "after it").await, [""; 0], "later messages wait behind it");
        house.wait(pause * SECOND);
        house.inbox.drain_once().await.unwrap();
    }
    house.outbox.deliver_once().await.unwrap();
    let heard = house.telegram.empty();
    assert_eq!(heard, [APOLOGY, "after it", "after it", "after it", "after it"]);
    assert_eq!(house.sql("select error from inbox where state = 'dead' and raw is null").await, ["panicked"]);
}

#[tokio::test]
async fn the_apology_is_in_the_words_of_the_scripts() {
    let mut house = House::new().await;
    house.door.use_scripts(crate::support::bot::shipped()).await.unwrap();
    house.says("7", "hello").await;
    house.writes("7", "boom").await;
    for pause in [1, 2, 4, 8] {
        house.wait(pause * SECOND);
        house.inbox.drain_once().await.unwrap();
    }
    house.outbox.deliver_once().await.unwrap();
    let heard = house.telegram.empty();
    assert!(heard.len() == 1 && heard[0].starts_with("I am sorry. One of your messages"), "{heard:?}");
}

#[tokio::test]
async fn a_first_message_that_fails_leaves_no_person_behind() {
    let mut house = House::new().await;
    house.writes("7", "boom").await;
    assert_eq!(house.account(Platform::Telegram, "7").await, None);
}

#[tokio::test]
async fn a_long_answer_arrives_in_order_and_in_pieces_that_fit() {
    let mut house = House::new().await;
    let parts = house.says("7", "/long").await;
    assert_eq!(parts.len(), 3);
    assert!(parts.iter().all(|part| part.encode_utf16().count() <= 4096));
    assert_eq!(parts.join(" ").split_whitespace().count(), 2000);
}

#[tokio::test]
async fn an_answer_to_a_group_goes_to_the_private_chat() {
    let mut house = House::new().await;
    let mut inbound = house.inbound(Platform::Telegram, "7", input("hello"));
    inbound.place = Place { id: "-100".into(), kind: PlaceKind::Shared };
    house.put(&[&inbound]).await;
    house.inbox.drain_once().await.unwrap();
    house.outbox.deliver_once().await.unwrap();
    let sent = &house.telegram.taken()[0];
    assert_eq!((sent.account.as_str(), sent.place.as_deref()), ("7", None));
    assert_eq!(house.account(Platform::Telegram, "7").await.unwrap().home_place, None);
}

#[tokio::test]
async fn an_answer_on_a_server_keeps_its_reply_handle_and_never_names_the_channel() {
    let mut house = House::new().await;
    let mut inbound = house.inbound(Platform::Discord, "7", input("hello"));
    inbound.place = Place { id: "555".into(), kind: PlaceKind::Shared };
    inbound.reply = Some("interaction".into());
    house.put(&[&inbound]).await;
    house.inbox.drain_once().await.unwrap();
    house.outbox.deliver_once().await.unwrap();
    let sent = &house.discord.taken()[0];
    assert_eq!((sent.reply.as_deref(), sent.place.as_deref()), (Some("interaction"), None));
}

#[tokio::test]
async fn somebody_who_left_is_not_written_to_until_they_are_back() {
    let mut house = House::new().await;
    house.says("7", "/every daily 0 0 20 * * *").await;
    house.writes("7", "still on its way").await;
    let gone = house.inbound(Platform::Telegram, "7", Input::Gone);
    house.put(&[&gone]).await;
    house.inbox.drain_once().await.unwrap();
    house.until("2026-11-22T20:00:00Z");
    assert_eq!(house.fires().await, [""; 0]);
    assert_eq!(house.next_due().await, None);
    let back = house.inbound(Platform::Telegram, "7", Input::Returned);
    house.put(&[&back]).await;
    house.inbox.drain_once().await.unwrap();
    assert_eq!(house.fires().await, ["due daily"]);
}

#[tokio::test]
async fn strangers_who_leave_stay_strangers() {
    let mut house = House::new().await;
    let gone = house.inbound(Platform::Telegram, "9", Input::Gone);
    house.put(&[&gone]).await;
    house.inbox.drain_once().await.unwrap();
    assert_eq!(house.account(Platform::Telegram, "9").await, None);
}

#[tokio::test]
async fn what_is_over_is_cleared_away_after_a_week_and_an_unhandled_text_forgotten_after_a_day() {
    let mut house = House::new().await;
    house.says("7", "hello").await;
    let stuck = house.inbound(Platform::Telegram, "7", input("boom"));
    house.put(&[&stuck]).await;
    house.wait(25 * 3600 * SECOND);
    house.inbox.tidy().await.unwrap();
    assert_eq!(
        house.sql("select state || coalesce(error, '') from inbox where raw is null").await,
        ["done", "deadtoo_old"]
    );
    house.wait(7 * 24 * 3600 * SECOND);
    house.inbox.tidy().await.unwrap();
    assert_eq!(house.sql("select state from inbox union all select state from outbox").await, [""; 0]);
}

#[tokio::test]
async fn the_worker_wakes_by_itself_when_something_arrives() {
    let mut house = House::new().await;
    let cancel = tokio_util::sync::CancellationToken::new();
    let (inbox, outbox) = (house.inbox.clone(), house.outbox.clone());
    let workers = tokio::spawn({
        let cancel = cancel.clone();
        async move { tokio::join!(inbox.run(cancel.clone()), outbox.run(cancel)) }
    });
    let inbound = house.inbound(Platform::Telegram, "7", input("hello"));
    house.put(&[&inbound]).await;
    while house.telegram.taken().is_empty() {
        tokio::task::yield_now().await;
    }
    cancel.cancel();
    workers.await.unwrap();
    assert_eq!(house.sql("select state from outbox").await, ["sent"]);
}

/// Somebody asks which language is known of their chat app, which tells one with the message, or none.
async fn language_after(house: &mut House, told: Option<&str>) -> String {
    let language = told.map(str::to_owned);
    let inbound = Inbound { language, ..house.inbound(Platform::Telegram, "7", input("/language")) };
    house.put(&[&inbound]).await;
    house.inbox.drain_once().await.unwrap();
    house.outbox.deliver_once().await.unwrap();
    house.telegram.empty().concat()
}

#[tokio::test]
async fn the_language_of_a_chat_app_is_remembered_as_it_was_told_last() {
    let mut house = House::new().await;
    assert_eq!(language_after(&mut house, None).await, "None");
    assert_eq!(language_after(&mut house, Some("es_MX")).await, "Some(\"es-mx\")");
    assert_eq!(language_after(&mut house, None).await, "Some(\"es-mx\")");
    assert_eq!(language_after(&mut house, Some("../../etc")).await, "Some(\"es-mx\")", "what is no tag is not kept");
    assert_eq!(language_after(&mut house, Some("de")).await, "Some(\"de\")");
}

#[tokio::test]
async fn a_transaction_that_is_dropped_never_was() {
    let house = House::new().await;
    let mut tx = house.door.store().begin().await.unwrap();
    tx.create_account(Platform::Telegram, "7", house.clock.now()).await.unwrap();
    drop(tx);
    assert_eq!(house.account(Platform::Telegram, "7").await, None);
}

#[tokio::test]
async fn what_a_person_keeps_can_be_read_back() {
    let mut house = House::new().await;
    for line in ["/checkin c1", "/promise p1", "/promise p2", "/journal e1", "/checkin c2", "/kept p2"] {
        house.writes("7", line).await;
    }
    assert_eq!(
        house.says("7", "/facts").await,
        ["UTC 12:00 [] checkins=1 last=Some(\"2026-11-22\") entries=1 open=1 counts={Open: 1, Kept: 1}"]
    );
}
