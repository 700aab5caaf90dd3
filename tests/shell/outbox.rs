//! Delivery: what happens to a message when platforms say no, say nothing, or the program dies.

use std::sync::Arc;
use std::time::Duration;

use crate::support::house::{House, input};
use crate::support::postbox::Answer;
use goldseam::outbox::{BoxFuture, Deliver, Outbox, Outgoing, SendError, Sent, Waits};
use goldseam::store::{Becomes, Claimed, Settlement, Wanted};
use goldseam::types::Platform;
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

const NOTHING: [&str; 0] = [];
const LONG: Duration = Duration::from_mins(11);
const LEASE: Duration = Duration::from_secs(61);

fn ambiguous() -> SendError {
    SendError::Ambiguous("504".into())
}

/// Sends what can be sent; what Telegram was handed.
async fn sends(house: &House) -> Vec<String> {
    house.outbox.deliver_once().await.unwrap();
    house.telegram.empty()
}

async fn states(house: &House) -> Vec<String> {
    house.sql("select state || coalesce(' ' || error, '') from outbox order by id").await
}

/// Messages for Telegram, of every priority.
fn wanted(worker: &str, now: Timestamp, limit: usize) -> Wanted<'_> {
    Wanted { platform: Platform::Telegram, priorities: 0..=9, limit, worker, lease: (now, now + LONG) }
}

fn texts(claimed: &[Claimed]) -> Vec<String> {
    claimed.iter().map(|claimed| claimed.letter.as_ref().unwrap().message.text.text()).collect()
}

fn settlement(claimed: &Claimed, becomes: Becomes) -> Settlement {
    Settlement { id: claimed.id, attempt: claimed.attempt.clone(), becomes }
}

/// Starts a delivery and stops it in the middle, as a killed program does.
async fn dies_while_sending(house: &House) {
    let outbox = house.outbox.clone();
    let delivery = tokio::spawn(async move { outbox.deliver_once().await });
    while house.telegram.taken().is_empty() {
        tokio::task::yield_now().await;
    }
    delivery.abort();
    let _ = delivery.await;
}

#[tokio::test]
async fn what_surely_did_not_arrive_is_sent_again_after_a_pause() {
    let mut house = House::new().await;
    house.telegram.fail_next(SendError::NotSent("dns".into()));
    assert_eq!(house.says("7", "hello").await, ["hello"]);
    assert_eq!(sends(&house).await, NOTHING);
    house.wait(Duration::from_secs(2));
    assert_eq!(sends(&house).await, ["hello"]);
    assert_eq!(states(&house).await, ["sent"]);
}

#[tokio::test]
async fn one_chat_keeps_its_order_and_others_go_on() {
    let mut house = House::new().await;
    house.writes("7", "one").await;
    house.writes("7", "two").await;
    house.writes("8", "three").await;
    house.telegram.fail_next(SendError::NotSent("dns".into()));
    assert_eq!(sends(&house).await, ["one", "three"]);
    house.wait(Duration::from_secs(2));
    assert_eq!(sends(&house).await, ["one", "two"]);
}

#[tokio::test]
async fn an_answer_that_may_have_arrived_is_repeated_once_on_telegram() {
    let mut house = House::new().await;
    house.telegram.fail_next(ambiguous());
    house.telegram.fail_next(ambiguous());
    assert_eq!(house.says("7", "hello").await, ["hello"]);
    house.wait(LONG);
    assert_eq!(sends(&house).await, ["hello"]);
    house.wait(LONG);
    assert_eq!(sends(&house).await, NOTHING);
    assert_eq!(states(&house).await, ["unknown unclear"]);
}

#[tokio::test]
async fn a_nudge_that_may_have_arrived_is_not_repeated() {
    let mut house = House::new().await;
    house.says("7", "/every daily 0 0 20 * * *").await;
    house.until("2026-11-22T20:00:00Z");
    house.telegram.fail_next(ambiguous());
    assert_eq!(house.fires().await, ["due daily"]);
    house.wait(LONG);
    assert_eq!(sends(&house).await, NOTHING);
    assert_eq!(states(&house).await, ["unknown unclear"]);
}

#[tokio::test]
async fn discord_gets_the_same_row_again_while_it_remembers_it() {
    let mut house = House::new().await;
    let inbound = house.inbound(Platform::Discord, "7", input("hello"));
    house.put(&[&inbound]).await;
    house.inbox.drain_once().await.unwrap();
    house.discord.fail_next(ambiguous());
    house.outbox.deliver_once().await.unwrap();
    house.wait(Duration::from_secs(2));
    house.outbox.deliver_once().await.unwrap();
    let taken = house.discord.taken();
    assert_eq!(taken.iter().map(|row| row.attempt).collect::<Vec<_>>(), [0, 1]);
    assert_eq!(taken[0].id, taken[1].id);
}

#[tokio::test]
async fn a_crash_between_call_and_settlement_repeats_a_reply_once() {
    let mut house = House::new().await;
    house.writes("7", "hello").await;
    house.telegram.answer_next(Answer::Hang);
    dies_while_sending(&house).await;
    assert_eq!(states(&house).await, ["sending"]);
    let house = house.restart().await;
    // On a server another program may still be sending it; its lease tells.
    house.wait(LEASE);
    assert_eq!(sends(&house).await, NOTHING);
    assert_eq!(states(&house).await, ["pending unclear"]);
    house.wait(Duration::from_secs(4));
    assert_eq!(sends(&house).await, ["hello"]);
    assert_eq!(states(&house).await, ["sent"]);
}

#[tokio::test]
async fn a_second_crash_with_the_same_reply_on_its_way_does_not_lose_it() {
    let mut house = House::new().await;
    house.writes("7", "hello").await;
    for _ in 0..2 {
        house.telegram.answer_next(Answer::Hang);
        dies_while_sending(&house).await;
        house = house.restart().await;
        assert_eq!(sends(&house).await, NOTHING);
        assert_eq!(states(&house).await, ["pending unclear"]);
        house.wait(Duration::from_secs(9));
    }
    assert_eq!(sends(&house).await, ["hello"]);
    assert_eq!(states(&house).await, ["sent"]);
}

#[tokio::test]
async fn a_crash_while_a_nudge_is_sent_does_not_repeat_it() {
    let mut house = House::new().await;
    house.says("7", "/every daily 0 0 20 * * *").await;
    house.until("2026-11-22T20:00:00Z");
    house.reminders.fire_once(10).await.unwrap();
    house.telegram.answer_next(Answer::Hang);
    dies_while_sending(&house).await;
    let house = house.restart().await;
    house.wait(LONG);
    assert_eq!(sends(&house).await, NOTHING);
    assert_eq!(states(&house).await, ["unknown unclear"]);
}

#[tokio::test]
async fn an_old_attempt_cannot_settle_what_was_claimed_anew() {
    let mut house = House::new().await;
    house.writes("7", "hello").await;
    let now = house.clock.now();
    let mut tx = house.door.store().begin().await.unwrap();
    let old = tx.claim_messages(&wanted("old", now, 1)).await.unwrap().remove(0);
    let again = Becomes::Again { at: now, error: "not_sent", counts: true };
    tx.settle_messages(&[settlement(&old, again)], now).await.unwrap();
    let new = tx.claim_messages(&wanted("new", now, 1)).await.unwrap().remove(0);
    tx.settle_messages(&[settlement(&old, Becomes::Sent { message: None })], now).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(states(&house).await, ["sending not_sent"]);
    assert_ne!(old.attempt, new.attempt);
}

#[tokio::test]
async fn a_lease_that_ran_out_counts_as_unclear() {
    let mut house = House::new().await;
    house.writes("7", "hello").await;
    house.telegram.answer_next(Answer::Hang);
    dies_while_sending(&house).await;
    assert_eq!(sends(&house).await, ["hello"], "only what was handed over before");
    house.wait(Duration::from_secs(61));
    assert_eq!(sends(&house).await, NOTHING);
    assert_eq!(states(&house).await, ["pending unclear"]);
}

#[tokio::test]
async fn being_told_to_wait_is_not_an_attempt() {
    let mut house = House::new().await;
    house.telegram.fail_next(SendError::RateLimited { retry_after: Duration::from_secs(30), who: Waits::Bulk });
    assert_eq!(house.says("7", "hello").await, ["hello"]);
    assert_eq!(house.says("8", "others go on").await, ["others go on"]);
    house.wait(Duration::from_secs(29));
    assert_eq!(sends(&house).await, NOTHING);
    house.wait(Duration::from_secs(2));
    house.outbox.deliver_once().await.unwrap();
    assert_eq!(house.telegram.taken()[0].attempt, 0);
}

#[tokio::test]
async fn a_global_wait_pauses_the_whole_platform() {
    let mut house = House::new().await;
    house.telegram.fail_next(SendError::RateLimited { retry_after: Duration::from_secs(30), who: Waits::Everything });
    house.says("7", "hello").await;
    assert_eq!(house.says("8", "me too").await, NOTHING);
    house.wait(Duration::from_secs(31));
    assert_eq!(sends(&house).await, ["hello", "me too"]);
}

#[tokio::test]
async fn a_block_ends_what_waits_for_that_account_and_nothing_else() {
    let mut house = House::new().await;
    house.writes("7", "one").await;
    house.writes("7", "two").await;
    house.writes("8", "three").await;
    house.telegram.fail_next(SendError::Gone("blocked".into()));
    assert_eq!(sends(&house).await, ["one", "three"]);
    assert_eq!(states(&house).await, ["dead gone", "dead gone", "sent"]);
    assert!(!house.account(Platform::Telegram, "7").await.unwrap().active);
    assert_eq!(house.says("7", "I am back").await, ["I am back"]);
    assert!(house.account(Platform::Telegram, "7").await.unwrap().active);
}

#[tokio::test]
async fn a_refused_message_does_not_block_its_chat() {
    let mut house = House::new().await;
    house.writes("7", "one").await;
    house.writes("7", "two").await;
    house.telegram.fail_next(SendError::Refused("400".into()));
    assert_eq!(sends(&house).await, ["one", "two"]);
    assert_eq!(states(&house).await, ["dead refused", "sent"]);
    assert_eq!(house.sql("select state from outbox where body is not null").await, NOTHING);
}

#[tokio::test]
async fn a_chat_that_moved_is_followed() {
    let mut house = House::new().await;
    house.writes("7", "hello").await;
    house.telegram.fail_next(SendError::Moved { to: "-200".into() });
    house.outbox.deliver_once().await.unwrap();
    let places: Vec<_> = house.telegram.taken().into_iter().map(|row| row.place).collect();
    assert_eq!(places, [Some("chat-7".to_owned()), Some("-200".to_owned())]);
    assert_eq!(house.account(Platform::Telegram, "7").await.unwrap().home_place.as_deref(), Some("-200"));
}

#[tokio::test]
async fn a_wrong_token_stops_the_platform_and_loses_nothing() {
    let mut house = House::new().await;
    house.telegram.fail_next(SendError::Unauthorized);
    assert_eq!(house.says("7", "hello").await, ["hello"]);
    house.wait(LONG);
    assert_eq!(sends(&house).await, NOTHING);
    assert_eq!(states(&house).await, ["pending unauthorized"]);
    let house = house.restart().await;
    assert_eq!(sends(&house).await, ["hello"]);
}

#[tokio::test]
async fn a_private_chat_that_was_found_on_the_way_is_kept() {
    let mut house = House::new().await;
    let mut inbound = house.inbound(Platform::Discord, "7", input("hello"));
    inbound.place.kind = goldseam::types::PlaceKind::Shared;
    house.put(&[&inbound]).await;
    house.inbox.drain_once().await.unwrap();
    house.discord.answer_next(Answer::Say(Ok(Sent { message: None, place: Some("dm-7".into()) })));
    house.outbox.deliver_once().await.unwrap();
    assert_eq!(house.account(Platform::Discord, "7").await.unwrap().home_place.as_deref(), Some("dm-7"));
}

#[tokio::test]
async fn a_reminder_of_no_use_any_more_is_put_away() {
    let mut house = House::new().await;
    house.says("7", "/every daily 0 0 20 * * *").await;
    house.until("2026-11-22T20:00:00Z");
    house.telegram.fail_next(SendError::NotSent("dns".into()));
    assert_eq!(house.fires().await, ["due daily"]);
    house.until("2026-11-22T23:00:00Z");
    assert_eq!(sends(&house).await, NOTHING);
    assert_eq!(states(&house).await, ["dead expired"]);
}

#[tokio::test]
async fn answers_go_before_nudges() {
    let mut house = House::new().await;
    house.says("7", "/every daily 0 0 20 * * *").await;
    house.until("2026-11-22T20:00:00Z");
    house.reminders.fire_once(10).await.unwrap();
    house.writes("8", "hello").await;
    let mut tx = house.door.store().begin().await.unwrap();
    let now = house.clock.now();
    let claimed = tx.claim_messages(&wanted("w", now, 1)).await.unwrap();
    assert_eq!(claimed[0].letter.as_ref().unwrap().message.text.text(), "hello");
}

#[tokio::test]
async fn an_answer_does_not_wait_behind_the_check_in_of_its_chat_and_comes_after_it() {
    let mut house = House::new().await;
    for account in ["6", "7", "8"] {
        house.says(account, "/every daily 0 0 20 * * *").await;
    }
    house.until("2026-11-22T20:00:00Z");
    house.reminders.fire_once(10).await.unwrap();
    house.writes("8", "hello").await;
    let mut tx = house.door.store().begin().await.unwrap();
    let urgent = Wanted { priorities: 0..=1, ..wanted("w", house.clock.now(), 9) };
    let first = tx.claim_messages(&urgent).await.unwrap();
    assert_eq!(texts(&first), ["due daily"], "of the chat of whoever wrote, and of nobody else");
    assert_eq!(first[0].behind, 1);
    assert_eq!(first[0].letter.as_ref().unwrap().account, "8");
    assert_eq!(texts(&tx.claim_messages(&urgent).await.unwrap()), NOTHING, "one of a chat at a time");
    let sent = Becomes::Sent { message: None };
    tx.settle_messages(&[settlement(&first[0], sent)], house.clock.now()).await.unwrap();
    assert_eq!(texts(&tx.claim_messages(&urgent).await.unwrap()), ["hello"]);
    let others = tx.claim_messages(&wanted("w", house.clock.now(), 9)).await.unwrap();
    assert_eq!(texts(&others), ["due daily", "due daily"]);
}

#[tokio::test]
async fn many_chats_are_claimed_and_settled_together() {
    let mut house = House::new().await;
    for account in 0..100 {
        house.writes(&account.to_string(), "hello").await;
    }
    house.telegram.fail_next(SendError::NotSent("dns".into()));
    assert_eq!(sends(&house).await.len(), 100);
    let all = house.sql("select state || count(*) from outbox group by state order by state").await;
    assert_eq!(all, ["pending1", "sent99"]);
    assert_eq!(house.sql("select state from outbox where body is not null").await, ["pending"]);
}

#[tokio::test]
async fn a_sender_that_panics_is_an_unclear_answer_and_nothing_more() {
    let mut house = House::new().await;
    house.writes("7", "one").await;
    house.writes("8", "two").await;
    house.telegram.answer_next(Answer::Panic);
    assert_eq!(sends(&house).await, ["one", "two"]);
    assert_eq!(states(&house).await, ["pending unclear", "sent"]);
}

#[tokio::test]
async fn help_goes_out_before_everything_else_even_in_its_own_chat() {
    let mut house = House::new().await;
    house.telegram.fail_next(SendError::NotSent("dns".into()));
    assert_eq!(house.says("7", "one").await, ["one"], "which waits for its next try now");
    house.writes("8", "two").await;
    house.writes("7", "/help_now").await;
    assert_eq!(sends(&house).await, ["help", "two"]);
    house.wait(Duration::from_secs(2));
    assert_eq!(sends(&house).await, ["one"]);
}

#[tokio::test]
async fn what_a_platform_does_not_answer_stops_what_nobody_waits_for_until_it_answers_again() {
    let mut house = House::new().await;
    for account in 0..30 {
        house.says(&account.to_string(), "/every daily 0 0 20 * * *").await;
    }
    house.until("2026-11-22T20:00:00Z");
    house.reminders.fire_once(10).await.unwrap();
    (0..20).for_each(|_| house.telegram.fail_next(SendError::NotSent("down".into())));
    for _ in 0..2 {
        house.outbox.deliver_once().await.unwrap();
        house.wait(Duration::from_secs(5));
    }
    assert_eq!(house.telegram.empty().len(), 20, "after twenty calls it is noticed");
    house.reminders.fire_once(30).await.unwrap();
    assert_eq!(sends(&house).await, NOTHING);
    house.telegram.fail_next(SendError::NotSent("down".into()));
    assert_eq!(house.says("31", "hello").await, ["hello"], "answers go on");
    house.wait(Duration::from_secs(30));
    house.telegram.fail_next(SendError::NotSent("down".into()));
    assert_eq!(sends(&house).await.len(), 2, "the answer and one other are the probe");
    house.wait(Duration::from_secs(31));
    house.outbox.deliver_once().await.unwrap();
    assert_eq!(house.sql("select distinct state from outbox").await, ["sent"], "all of it, without waiting any longer");
}

#[tokio::test]
async fn who_writes_faster_than_anybody_reads_gets_the_newest_answers() {
    let mut house = House::new().await;
    house.says("7", "/every daily 0 0 12 * * *").await;
    house.wait(Duration::from_hours(24));
    house.reminders.fire_once(10).await.unwrap();
    for number in 0..80 {
        house.writes("7", &format!("line {number}")).await;
    }
    house.writes("7", "/help_now").await;
    let sent = sends(&house).await;
    assert_eq!(sent[..2], ["help", "due daily"], "neither help nor what was asked for is dropped");
    assert_eq!((sent.len(), sent[2].as_str(), sent.last().unwrap().as_str()), (52, "line 30", "line 79"));
    assert_eq!(house.outbox.counters().get("outbox.skipped", "superseded"), 30);
}

#[tokio::test]
async fn every_way_to_be_left_out_is_counted() {
    let mut house = House::new().await;
    for account in ["1", "2", "3", "4"] {
        house.writes(account, "hello").await;
    }
    house.writes("2", "again").await;
    house.telegram.answer_next(Answer::Say(Ok(Sent::default())));
    house.telegram.fail_next(SendError::Gone("blocked".into()));
    house.telegram.fail_next(SendError::Refused("400".into()));
    house.telegram.fail_next(ambiguous());
    house.outbox.deliver_once().await.unwrap();
    house.wait(Duration::from_secs(4));
    house.telegram.fail_next(ambiguous());
    house.outbox.deliver_once().await.unwrap();
    house.telegram.fail_next(SendError::NotSent("dns".into()));
    house.says("1", "too late").await;
    house.wait(Duration::from_hours(25));
    house.outbox.deliver_once().await.unwrap();
    let counters = house.outbox.counters();
    let expected = [
        ("outbox.again", "not_sent", 1),
        ("outbox.again", "unclear", 1),
        ("outbox.sent", "", 1),
        ("outbox.skipped", "expired", 1),
        ("outbox.skipped", "gone", 2),
        ("outbox.skipped", "refused", 1),
        ("outbox.skipped", "unclear", 1),
    ];
    assert_eq!(expected.map(|(name, reason, _)| (name, reason, counters.get(name, reason))), expected);
    assert_eq!(counters.all().iter().map(|count| count.count).sum::<u64>(), 8, "and nothing else");
}

/// Tells the worker to stop as soon as it is handed something.
struct Last(CancellationToken);

impl Deliver for Last {
    fn platform(&self) -> Platform {
        Platform::Telegram
    }

    fn deliver<'a>(&'a self, _: &'a Outgoing) -> BoxFuture<'a, Result<Sent, SendError>> {
        self.0.cancel();
        Box::pin(async { Ok(Sent::default()) })
    }
}

#[tokio::test]
async fn what_came_back_is_written_down_before_the_worker_ends() {
    let mut house = House::new().await;
    house.writes("7", "hello").await;
    let stop = CancellationToken::new();
    let platforms: [Arc<dyn Deliver>; 1] = [Arc::new(Last(stop.clone()))];
    Outbox::new(house.door.store().clone(), house.clock.clone(), Arc::default(), platforms).run(stop).await;
    assert_eq!(states(&house).await, ["sent"]);
}
