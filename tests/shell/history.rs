//! What somebody did, day by day: kept with its day, read only where it is asked for, and taken back.

use goldseam::engine::Kept;
use goldseam::practice::deed::{Deed, Kind, mark};
use goldseam::practice::history::{CheckedIn, Done, History, Promised, Returned};
use goldseam::practice::promise::{Days, Promise, Standing};
use goldseam::types::{PersonId, Platform, Private};
use jiff::civil::{Date, date};

use crate::support::house::House;

const MONDAY: Date = date(2026, 11, 16);
const TODAY: Date = date(2026, 11, 22);

fn promise(id: &str, due: Date, days: Option<Days>) -> Promise {
    Promise {
        id: id.into(),
        text: Private::new("call my sister"),
        to: Private::new("Ana"),
        due: due.at(23, 0, 0, 0).in_tz("UTC").unwrap().timestamp(),
        standing: Standing::Open,
        sure: None,
        days,
    }
}

fn deed(id: &str, kind: Kind, about: Option<&str>) -> Deed {
    Deed { id: id.into(), kind, day: MONDAY, amount: Some(4), about: about.map(Private::new) }
}

async fn somebody(house: &mut House) -> PersonId {
    house.says("7", "hello").await;
    house.account(Platform::Telegram, "7").await.unwrap().person
}

#[tokio::test]
async fn every_kind_of_thing_is_read_back_with_its_day() {
    let mut house = House::new().await;
    house.says("7", "/checkin 4").await;
    let person = somebody(&mut house).await;
    let now = house.clock.now();
    let mut tx = house.door.store().begin().await.unwrap();
    let tokyo = Days { made: MONDAY, due: date(2026, 11, 18) };
    tx.keep_promise(person, &promise("a", date(2026, 11, 17), Some(tokyo)), now);
    tx.settle_promise(person, "a", Standing::Repaired, (TODAY, now));
    let unsure = Promise { sure: Some(4), ..promise("b", date(2026, 11, 24), None) };
    tx.keep_promise(person, &unsure, now);
    tx.keep_return(person, "r", MONDAY, 9);
    tx.keep_deed(person, &deed("d", Kind::Crossing, Some("My  brother")), now);
    tx.keep_deed(person, &deed("e", Kind::Wrote, None), now);
    let found = tx.histories(&[(person, TODAY)]).await.unwrap().remove(&person).unwrap().unwrap();
    let of =
        |id: &str, made, due, standing, settled| Promised { id: id.into(), made, due, standing, settled, sure: None };
    let done = |id: &str, kind, about| Done { id: id.into(), kind, day: MONDAY, amount: Some(4), about };
    let whole = History {
        today: TODAY,
        checkins: vec![CheckedIn { day: TODAY, mood: Some(3) }],
        promises: vec![
            of("a", MONDAY, date(2026, 11, 18), Standing::Repaired, Some(TODAY)),
            Promised { sure: Some(4), ..of("b", TODAY, date(2026, 11, 24), Standing::Open, None) },
        ],
        returns: vec![Returned { id: "r".into(), day: MONDAY, away: 9 }],
        deeds: vec![done("d", Kind::Crossing, Some(mark("my brother"))), done("e", Kind::Wrote, None)],
    };
    assert_eq!(found, whole);
}

#[tokio::test]
async fn what_is_taken_back_is_gone_and_a_reopened_promise_has_no_day() {
    let mut house = House::new().await;
    let person = somebody(&mut house).await;
    let now = house.clock.now();
    let mut tx = house.door.store().begin().await.unwrap();
    tx.keep_deed(person, &deed("d", Kind::Slip, None), now);
    tx.withdraw(person, Kept::Deed, "d").await.unwrap();
    tx.keep_promise(person, &promise("a", TODAY, None), now);
    tx.settle_promise(person, "a", Standing::Kept, (TODAY, now));
    tx.settle_promise(person, "a", Standing::Open, (TODAY, now));
    let found = tx.histories(&[(person, TODAY)]).await.unwrap().remove(&person).unwrap().unwrap();
    assert_eq!((found.deeds.len(), found.promises[0].settled), (0, None));
}

#[tokio::test]
async fn what_a_deed_was_about_is_sealed_and_goes_with_its_person() {
    let mut house = House::new().await;
    let person = somebody(&mut house).await;
    let now = house.clock.now();
    let mut tx = house.door.store().begin().await.unwrap();
    tx.keep_deed(person, &deed("d", Kind::Crossing, Some("my brother")), now);
    tx.commit().await.unwrap();
    assert_eq!(house.sql("select count(*) || '' from deeds where length(about) > 10").await, ["1"]);
    house.sql("delete from persons returning id || ''").await;
    assert_eq!(house.sql("select count(*) || '' from deeds").await, ["0"]);
}

#[tokio::test]
async fn a_turn_that_needs_it_is_asked_once_more_with_it() {
    let mut house = House::new().await;
    house.says("7", "/checkin 2").await;
    assert_eq!(house.says("7", "/history").await, ["1 on 2026-11-22"]);
    let state = house.sql("select count(*) || '' from states").await;
    assert_eq!(state, ["1"]);
}
