//! What comes due: once for each wall-clock moment, whatever happens to clocks, zones and the program.

use std::time::Duration;

use crate::support::house::House;
use goldseam::turn::Turned;
use goldseam::types::Platform;

const NOTHING: [&str; 0] = [];

fn row(name: &str, civil: &str, outcome: &str) -> (String, String, String) {
    (name.into(), civil.into(), outcome.into())
}

#[tokio::test]
async fn a_daily_reminder_fires_once_a_day() {
    let mut house = House::new().await;
    house.says("7", "/every daily 0 0 20 * * *").await;
    assert_eq!(house.fires().await, NOTHING);
    house.until("2026-11-22T20:00:00Z");
    assert_eq!(house.fires().await, ["due daily"]);
    assert_eq!(house.fires().await, NOTHING);
    house.until("2026-11-23T20:00:01Z");
    assert_eq!(house.fires().await, ["due daily"]);
    let expected = [row("daily", "2026-11-22T20:00:00", "fired"), row("daily", "2026-11-23T20:00:00", "fired")];
    assert_eq!(house.occurrences("7").await, expected);
}

#[tokio::test]
async fn a_claim_that_is_taken_twice_fires_once() {
    let mut house = House::new().await;
    house.says("7", "/every daily 0 0 20 * * *").await;
    house.until("2026-11-22T20:00:00Z");
    let mut tx = house.door.store().begin().await.unwrap();
    let claims = tx.due_schedules(house.clock.now(), 10).await.unwrap();
    tx.rollback().await.unwrap();
    house.door.take_due(claims[0]).await.unwrap();
    house.door.take_due(claims[0]).await.unwrap();
    house.outbox.deliver_once().await.unwrap();
    assert_eq!(house.telegram.empty(), ["due daily"]);
    house.until("2026-11-23T20:00:00Z");
    let of_yesterday = house.door.take_due(claims[0]).await.unwrap();
    assert_eq!(of_yesterday, Turned::Stale, "it is due again, and not by this claim");
    assert_eq!(house.fires().await, ["due daily"]);
}

#[tokio::test]
async fn three_days_of_downtime_are_one_firing_at_most() {
    let mut house = House::new().await;
    house.says("7", "/every daily 0 0 20 * * *").await;
    house.until("2026-11-25T20:30:00Z");
    let house = house.restart().await;
    assert_eq!(house.fires().await, ["due daily"], "the latest of them");
    let expected = [
        row("daily", "2026-11-22T20:00:00", "late"),
        row("daily", "2026-11-23T20:00:00", "late"),
        row("daily", "2026-11-24T20:00:00", "late"),
        row("daily", "2026-11-25T20:00:00", "fired"),
    ];
    assert_eq!(house.occurrences("7").await, expected);
    assert_eq!(house.next_due().await.as_deref(), Some("2026-11-26T20:00:00Z"));
}

#[tokio::test]
async fn a_single_reminder_is_said_after_downtime_and_then_forgotten() {
    let mut house = House::new().await;
    house.says("7", "/once plants 2026-11-23T20:00:00").await;
    house.until("2026-11-25T20:30:00Z");
    let house = house.restart().await;
    assert_eq!(house.fires().await, ["due plants"]);
    assert_eq!(house.next_due().await, None);
    assert_eq!(house.sql("select state || length(run) from schedules").await, ["done5"], "sealed, and `null`");
}

#[tokio::test]
async fn quiet_hours_move_a_firing_and_keep_its_moment() {
    let mut house = House::new().await;
    house.says("7", "/every quiet 0 0 23 * * *").await;
    house.until("2026-11-22T23:00:00Z");
    assert_eq!(house.fires().await, NOTHING);
    assert_eq!(house.occurrences("7").await, [row("quiet", "2026-11-22T23:00:00", "quiet")]);
    assert_eq!(house.next_due().await.as_deref(), Some("2026-11-23T08:00:00Z"));
    house.until("2026-11-23T08:00:00Z");
    assert_eq!(house.fires().await, ["due quiet"]);
    assert_eq!(house.occurrences("7").await, [row("quiet", "2026-11-22T23:00:00", "fired")]);
    assert_eq!(house.next_due().await.as_deref(), Some("2026-11-23T23:00:00Z"));
}

#[tokio::test]
async fn behind_an_open_script_a_firing_waits_and_gets_late_in_the_end() {
    let mut house = House::new().await;
    house.says("7", "/every busy 0 0 20 * * *").await;
    house.until("2026-11-22T20:00:00Z");
    for _ in 0..18 {
        assert_eq!(house.reminders.fire_once(10).await.unwrap(), 1);
        assert_eq!(house.reminders.fire_once(10).await.unwrap(), 0);
        assert_eq!(house.occurrences("7").await, [row("busy", "2026-11-22T20:00:00", "queued")]);
        house.wait(Duration::from_mins(10));
    }
    house.wait(Duration::from_secs(1));
    house.fires().await;
    assert_eq!(house.occurrences("7").await, [row("busy", "2026-11-22T20:00:00", "late")]);
    assert_eq!(house.next_due().await.as_deref(), Some("2026-11-23T20:00:00Z"));
}

#[tokio::test]
async fn a_new_zone_moves_every_reminder_at_once() {
    let mut house = House::new().await;
    house.says("7", "/every daily 0 0 20 * * *").await;
    house.says("7", "/once plants 2026-11-23T09:00:00").await;
    house.says("7", "/zone Asia/Kathmandu").await;
    assert_eq!(house.next_due().await.as_deref(), Some("2026-11-22T14:15:00Z"));
    assert_eq!(
        house.sql("select name || ' ' || zone || ' ' || civil from schedules order by name").await,
        ["daily Asia/Kathmandu 2026-11-22T20:00:00", "plants Asia/Kathmandu 2026-11-23T09:00:00"]
    );
    let heard = house.says("7", "/facts").await;
    assert!(heard[0].starts_with("Asia/Kathmandu 17:45 [\"daily\", \"plants\"]"), "{heard:?}");
}

#[tokio::test]
async fn somebody_who_travels_west_is_not_asked_twice_on_one_evening() {
    let mut house = House::new().await;
    house.says("7", "/zone Europe/London").await;
    house.says("7", "/every daily 0 0 20 * * *").await;
    house.until("2026-11-22T20:00:00Z");
    assert_eq!(house.fires().await, ["due daily"]);
    house.says("7", "/zone America/New_York").await;
    house.until("2026-11-23T01:00:00Z");
    let handled = house.sql("select cast(handled_at as text) from occurrences").await;
    assert_eq!(house.fires().await, NOTHING, "20:00 on the 22nd has been");
    assert_eq!(house.sql("select cast(handled_at as text) from occurrences").await, handled, "nobody asked the engine");
    assert_eq!(house.next_due().await.as_deref(), Some("2026-11-24T01:00:00Z"));
}

#[tokio::test]
async fn a_cancelled_or_replaced_reminder_does_not_fire_at_its_old_time() {
    let mut house = House::new().await;
    house.says("7", "/every daily 0 0 20 * * *").await;
    house.says("7", "/every other 0 0 20 * * *").await;
    house.says("7", "/every daily 0 0 21 * * *").await;
    house.says("7", "/cancel other").await;
    house.until("2026-11-22T20:30:00Z");
    assert_eq!(house.fires().await, NOTHING);
    house.until("2026-11-22T21:00:00Z");
    assert_eq!(house.fires().await, ["due daily"]);
}

#[tokio::test]
async fn a_rule_that_never_happens_is_not_kept() {
    let mut house = House::new().await;
    house.says("7", "/every never 0 0 9 30 2 *").await;
    assert_eq!(house.next_due().await, None);
}

#[tokio::test]
async fn one_bad_reminder_never_stops_the_others_and_is_given_up_for_the_day() {
    let mut house = House::new().await;
    house.says("7", "/every bad 0 59 19 * * *").await;
    house.says("7", "/every mute 0 59 19 * * *").await;
    house.says("7", "/every daily 0 0 20 * * *").await;
    house.until("2026-11-22T20:00:00Z");
    assert_eq!(house.fires().await, ["due daily"]);
    for _ in 0..6 {
        house.wait(Duration::from_mins(9));
        assert_eq!(house.fires().await, NOTHING);
    }
    let mut failed = house.occurrences("7").await;
    failed.retain(|(.., outcome)| outcome == "failed");
    // Which of two that fail is given up first does not matter.
    failed.sort();
    let expected = [row("bad", "2026-11-22T19:59:00", "failed"), row("mute", "2026-11-22T19:59:00", "failed")];
    assert_eq!(failed, expected);
    assert_eq!(house.next_due().await.as_deref(), Some("2026-11-23T19:59:00Z"));
}

#[tokio::test]
async fn a_single_reminder_that_keeps_failing_is_marked() {
    let mut house = House::new().await;
    house.says("7", "/once bad 2026-11-22T13:00:00").await;
    house.until("2026-11-22T13:00:00Z");
    for _ in 0..5 {
        house.fires().await;
        house.wait(Duration::from_mins(9));
    }
    assert_eq!(house.sql("select state from schedules").await, ["failed"]);
    assert_eq!(house.occurrences("7").await, [row("bad", "2026-11-22T13:00:00", "failed")]);
}

#[tokio::test]
async fn a_reminder_goes_to_the_account_used_last() {
    let mut house = House::new().await;
    house.says("7", "/once plants 2026-11-22T13:00:00").await;
    house.until("2026-11-22T13:00:00Z");
    house.fires().await;
    assert_eq!(house.sql("select purpose || priority from outbox where purpose <> 'reply'").await, ["reminder2"]);
    assert!(house.account(Platform::Telegram, "7").await.unwrap().active);
}

#[tokio::test]
async fn the_worker_wakes_by_itself_when_the_clock_reaches_what_is_due() {
    let mut house = House::new().await;
    house.says("7", "/once plants 2026-11-22T13:00:00").await;
    let cancel = tokio_util::sync::CancellationToken::new();
    let (reminders, outbox) = (house.reminders.clone(), house.outbox.clone());
    let workers = tokio::spawn({
        let cancel = cancel.clone();
        async move { tokio::join!(reminders.run(cancel.clone()), outbox.run(cancel)) }
    });
    house.until("2026-11-22T13:00:00Z");
    while house.telegram.taken().is_empty() {
        tokio::task::yield_now().await;
    }
    cancel.cancel();
    workers.await.unwrap();
    assert_eq!(house.telegram.empty(), ["due plants"]);
}
