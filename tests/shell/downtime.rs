//! The program was not there, or its clock was wrong: at most one message for each person afterwards, a written reason for everything
//! that was not said, and the right times once the clock is right again.

use std::collections::BTreeMap;

use goldseam::engine::{IfBusy, Plan, Run};
use goldseam::outbox::SendError;
use goldseam::schedule::lapse::Lapse;
use goldseam::schedule::{Rule, Which, first};
use goldseam::types::{Platform, Value, Values};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::support::bot::shipped;
use crate::support::house::House;

/// On a file it is 2,000 schedules; a server gets enough of them to fill several batches.
fn people() -> usize {
    if env!("CARGO_CRATE_NAME") == "on_postgres" { 40 } else { 500 }
}

const HOUR: i64 = 3_600;
const NOTHING: [&str; 0] = [];

fn plan(name: &str, script: &str, what: Option<&str>, rule: Rule, late: i64) -> Plan {
    let args = what.map_or_else(Values::new, |what| {
        Values::from([
            ("what".into(), Value::text(what)),
            ("reminder".into(), Value::text(name.replace("remind-", ""))),
        ])
    });
    let run = Run::Script { script: script.into(), args };
    Plan { name: name.into(), run, rule, if_busy: IfBusy::Queue, late, chosen: true }
}

fn every(cron: &str) -> Rule {
    Rule::Every { cron: cron.into(), which: Which::All }
}

/// Four for each person, due from 14:00 on: the check-in, a reminder of each day, one of each hour, and one that comes once.
fn plans() -> Vec<Plan> {
    let once = Rule::Once { civil: "2026-11-22T14:02:00".parse().unwrap() };
    vec![
        plan("checkin", "daily-checkin", None, every("0 0 14 * * *"), 3 * HOUR),
        plan("remind-day", "reminder", Some("water the plants"), every("0 1 14 * * *"), HOUR),
        plan("remind-once", "reminder", Some("call Ana"), once, 7 * 24 * HOUR),
        plan("remind-hour", "reminder", Some("look up"), every("0 3 * * * *"), HOUR),
    ]
}

/// A house with people who have these plans, at 13:55 on Sunday 22 November 2026, UTC.
async fn house_with(people: usize, plans: &[Plan]) -> House {
    let mut house = House::real().await;
    house.door.use_scripts(shipped()).await.unwrap();
    house.until("2026-11-22T13:55:00Z");
    let now = house.clock.now();
    let mut tx = house.door.store().begin().await.unwrap();
    for number in 0..people {
        let account = tx.create_account(Platform::Telegram, &number.to_string(), now).await.unwrap();
        tx.use_account(&account, Some(&format!("chat-{number}")), now);
        tx.keep_fact(account.person, "consent", &Value::Bool(true), None).unwrap();
        for plan in plans {
            let next = first(&plan.rule, now, &TimeZone::UTC).unwrap();
            tx.keep_schedule(account.person, plan, "UTC", next).unwrap();
        }
    }
    tx.commit().await.unwrap();
    assert_eq!(house.reminders.look_at_clock(None).await.unwrap(), Lapse::Steady);
    // The events of this house have nothing to do with these people.
    house.telegram.empty();
    house.says("stranger", "hello").await;
    house
}

/// The program is gone until then, and comes back.
async fn away_until(house: House, then: &str) -> House {
    house.until(then);
    let house = house.restart().await;
    house.door.use_scripts(shipped()).await.unwrap();
    assert!(matches!(house.reminders.look_at_clock(None).await.unwrap(), Lapse::Away(_)));
    house.reminders.fire_once(100_000).await.unwrap();
    house
}

/// What everybody gets, by chat.
async fn delivered(house: &House) -> BTreeMap<String, Vec<String>> {
    while house.outbox.deliver_once().await.unwrap() > 0 {}
    let mut chats: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for outgoing in house.telegram.drain() {
        chats.entry(outgoing.place.unwrap_or_default()).or_default().push(outgoing.message.text.text());
    }
    chats
}

/// How often what became of which schedule.
async fn outcomes(house: &House) -> Vec<String> {
    house
        .sql(
            "select name || ' ' || outcome || ' ' || cast(count(*) as text) from occurrences
             group by name, outcome order by name, outcome",
        )
        .await
}

/// Each person got one message, which says all of this and none of that; nothing is left over.
async fn everybody_hears_once(house: &House, people: usize, says: &[&str], hides: &[&str]) {
    let chats = delivered(house).await;
    assert_eq!(chats.len(), people);
    for (chat, messages) in &chats {
        assert_eq!(messages.len(), 1, "{chat}: {messages:#?}");
        for word in says {
            assert!(messages[0].contains(word), "{word} is missing: {}", messages[0]);
        }
        for word in hides {
            assert!(!messages[0].contains(word), "{word} is too much: {}", messages[0]);
        }
    }
    house.reminders.fire_once(100_000).await.unwrap();
    assert_eq!(delivered(house).await, BTreeMap::new(), "nothing comes after it");
    assert_eq!(house.sql("select name from schedules where state = 'failed'").await, NOTHING);
}

fn each(lines: &[(&str, usize)], people: usize) -> Vec<String> {
    lines.iter().map(|(line, times)| format!("{line} {}", times * people)).collect()
}

#[tokio::test]
async fn ten_minutes_of_downtime_are_one_message_each() {
    let people = people();
    let house = away_until(house_with(people, &plans()).await, "2026-11-22T14:05:00Z").await;
    let says = ["due 14:00", "How are you right now?", "14:01: water the plants", "14:02: call Ana", "14:03: look up"];
    everybody_hears_once(&house, people, &says, &[]).await;
    let expected =
        [("checkin fired", 1), ("remind-day merged", 1), ("remind-hour merged", 1), ("remind-once merged", 1)];
    assert_eq!(outcomes(&house).await, each(&expected, people));
    assert_eq!(
        house.sql("select distinct priority || ' ' || purpose from outbox where purpose <> 'reply'").await.len(),
        1
    );
}

#[tokio::test]
async fn five_hours_of_downtime_are_one_message_each_with_what_is_still_of_use() {
    let people = people();
    let house = away_until(house_with(people, &plans()).await, "2026-11-22T18:55:00Z").await;
    let says = ["due 14:02", "14:02: call Ana", "18:03: look up"];
    everybody_hears_once(&house, people, &says, &["water the plants", "How are you right now?"]).await;
    let expected = [
        ("checkin late", 1),
        ("remind-day late", 1),
        ("remind-hour late", 4),
        ("remind-hour merged", 1),
        ("remind-once fired", 1),
    ];
    assert_eq!(outcomes(&house).await, each(&expected, people));
    let late = house.sql("select distinct cast(priority as text) from outbox where purpose <> 'reply'").await;
    assert_eq!(late, ["4"], "what is late waits for what is not");
}

#[tokio::test]
async fn three_days_of_downtime_are_one_message_each_and_a_reason_for_every_hour() {
    let people = people();
    let house = away_until(house_with(people, &plans()).await, "2026-11-25T13:55:00Z").await;
    let says = ["due Sunday 22 November at 14:02", "call Ana", "13:03: look up"];
    everybody_hears_once(&house, people, &says, &["water the plants", "How are you right now?"]).await;
    let expected = [
        ("checkin late", 3),
        ("remind-day late", 3),
        ("remind-hour late", 71),
        ("remind-hour merged", 1),
        ("remind-once fired", 1),
    ];
    assert_eq!(outcomes(&house).await, each(&expected, people));
}

#[tokio::test]
async fn a_check_in_that_did_not_come_is_owned_up_to_when_they_write_and_only_once() {
    let mut house = house_with(1, &plans()[..1]).await;
    house = away_until(house, "2026-11-22T18:55:00Z").await;
    assert_eq!(delivered(&house).await, BTreeMap::new());
    assert_eq!(outcomes(&house).await, ["checkin late 1"]);
    let heard = house.says("0", "hello").await;
    assert!(heard[0].contains("It is over now, and it does not count against you."), "{heard:?}");
    let heard = house.says("0", "hello again").await;
    assert!(!heard[0].contains("not running"), "{heard:?}");
}

// --- a clock that is wrong ---

fn daily() -> Vec<Plan> {
    vec![plan("remind-day", "reminder", Some("water the plants"), every("0 0 14 * * *"), HOUR)]
}

/// What comes when the worker looks once, at this time on the machine's clock.
async fn at(house: &House, now: &str, strange: &mut Option<goldseam::clock::Stopwatch>) -> Vec<String> {
    house.clock.jump(now.parse::<Timestamp>().unwrap());
    house.reminders.tick(strange).await.unwrap();
    house.outbox.deliver_once().await.unwrap();
    house.telegram.empty()
}

#[tokio::test]
async fn a_clock_that_goes_back_an_hour_says_nothing_twice() {
    let (house, strange) = (house_with(1, &daily()).await, &mut None);
    assert_eq!(at(&house, "2026-11-22T14:00:00Z", strange).await.len(), 1);
    assert_eq!(at(&house, "2026-11-22T13:00:10Z", strange).await, NOTHING);
    for minute in ["13:01", "13:30", "13:59", "14:00", "14:01", "15:00"] {
        assert_eq!(at(&house, &format!("2026-11-22T{minute}:30Z"), strange).await, NOTHING, "{minute}");
    }
    assert_eq!(house.sql("select civil from schedules where name = 'remind-day'").await, ["2026-11-23T14:00:00"]);
    assert_eq!(outcomes(&house).await, ["remind-day fired 1"]);
}

#[tokio::test]
async fn a_clock_that_was_an_hour_ahead_for_a_while_fires_once_and_heals() {
    let (house, strange) = (house_with(1, &daily()).await, &mut None);
    assert_eq!(at(&house, "2026-11-22T14:55:30Z", strange).await.len(), 1, "an hour ahead");
    for minute in ["13:56", "13:59", "14:00", "14:30"] {
        assert_eq!(at(&house, &format!("2026-11-22T{minute}:30Z"), strange).await, NOTHING, "{minute}");
    }
    assert_eq!(house.sql("select civil from schedules where name = 'remind-day'").await, ["2026-11-23T14:00:00"]);
    assert_eq!(at(&house, "2026-11-23T14:00:00Z", strange).await.len(), 1);
}

#[tokio::test]
async fn a_clock_that_leaps_ten_years_fires_nothing_and_what_is_due_is_right_afterwards() {
    let (mut house, strange) = (house_with(1, &daily()).await, &mut None);
    for _ in 0..3 {
        assert_eq!(at(&house, "2036-11-22T13:56:00Z", strange).await, NOTHING);
        assert!(strange.is_some());
    }
    // Meanwhile somebody plans something by that clock.
    assert!(!house.says("0", "/remind look up every day at 15:00").await.is_empty());
    assert!(house.says("0", "yes").await[0].contains("Kept"));
    assert_eq!(at(&house, "2026-11-22T13:57:00Z", strange).await, NOTHING);
    assert!(strange.is_none());
    assert_eq!(house.next_due().await.as_deref(), Some("2026-11-22T14:00:00Z"));
    assert_eq!(at(&house, "2026-11-22T14:00:00Z", strange).await.len(), 1);
    assert!(at(&house, "2026-11-22T15:00:00Z", strange).await[0].contains("look up"));
}

#[tokio::test]
async fn a_clock_that_stands_still_does_nothing_again_and_again() {
    let (house, strange) = (house_with(1, &daily()).await, &mut None);
    assert_eq!(at(&house, "2026-11-22T14:00:00Z", strange).await.len(), 1);
    for _ in 0..50 {
        assert_eq!(at(&house, "2026-11-22T14:00:00Z", strange).await, NOTHING);
    }
    assert_eq!(outcomes(&house).await, ["remind-day fired 1"]);
}

#[tokio::test]
async fn new_zone_data_moves_what_is_to_come() {
    let house = house_with(1, &daily()).await;
    let due = "select cast(due_at as text) from schedules where name = 'remind-day'";
    let right = house.sql(due).await;
    house.sql("update schedules set tzdb = '2019a', due_at = due_at + 3600000, wake_at = wake_at + 3600000").await;
    assert_ne!(house.sql(due).await, right);
    house.reminders.follow_zone_data().await.unwrap();
    assert_eq!(house.sql(due).await, right);
    let versions = house.sql("select distinct tzdb from schedules").await;
    assert_eq!(versions, [goldseam::schedule::zones::version()]);
}

#[tokio::test]
async fn what_could_not_go_out_before_the_quiet_hours_does_not_come_in_them() {
    let late = vec![plan("checkin", "daily-checkin", None, every("0 30 20 * * *"), 3 * HOUR)];
    let house = house_with(1, &late).await;
    house.until("2026-11-22T20:30:00Z");
    house.telegram.fail_next(SendError::NotSent("no connection".into()));
    house.reminders.fire_once(10).await.unwrap();
    house.outbox.deliver_once().await.unwrap();
    house.telegram.drain();
    // It would be of use until 23:30; it is quiet from 22:00 on.
    house.until("2026-11-22T22:05:00Z");
    house.outbox.deliver_once().await.unwrap();
    assert_eq!(house.telegram.empty(), NOTHING);
    assert_eq!(house.sql("select state || ' ' || error from outbox where purpose = 'nudge'").await, ["dead expired"]);
}
