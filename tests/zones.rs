//! The whole of 2027 through the real scheduler: people in four zones, who are asked once a day and never answer.

mod support;

use std::collections::BTreeMap;
use std::sync::Arc;

use goldseam::clock::Clock;
use goldseam::outbox::{Deliver, Outbox};
use goldseam::reminders::Reminders;
use goldseam::store::Store;
use goldseam::turn::Door;
use goldseam::types::{Inbound, Input, Place, PlaceKind, Platform, Private};
use goldseam::vault::Vault;
use jiff::Timestamp;
use jiff::civil::{Date, Time, date, time};
use jiff::tz::TimeZone;
use support::bot::shipped;
use support::postbox::Postbox;

const ZONES: [(&str, &str); 4] = [
    ("New York", "America/New_York"),
    ("London", "Europe/London"),
    ("Kathmandu", "Asia/Kathmandu"),
    ("Lord Howe", "Australia/Lord_Howe"),
];
const QUESTION: &str = "How are you right now?";

struct Year {
    _folder: tempfile::TempDir,
    clock: Clock,
    store: Store,
    door: Door,
    reminders: Reminders,
    outbox: Outbox,
    postbox: Arc<Postbox>,
    events: u64,
    /// When each account was asked.
    asked: BTreeMap<String, Vec<Timestamp>>,
    others: BTreeMap<String, usize>,
}

impl Year {
    async fn new() -> Self {
        let folder = folder();
        let clock = Clock::steered("2026-12-30T12:00:00Z".parse().unwrap());
        let store = Store::open(folder.path(), Vault).await.unwrap();
        let door = Door::new(store.clone(), shipped(), clock.clone());
        let postbox = Postbox::new(Platform::Telegram);
        let platforms: [Arc<dyn Deliver>; 1] = [postbox.clone()];
        let outbox = Outbox::new(store.clone(), clock.clone(), door.bells().outbox.clone(), platforms);
        let reminders = Reminders::new(door.clone());
        Self {
            _folder: folder,
            clock,
            store,
            door,
            reminders,
            outbox,
            postbox,
            events: 0,
            asked: BTreeMap::new(),
            others: BTreeMap::new(),
        }
    }

    async fn hears(&mut self, account: &str, words: &str) -> String {
        self.events += 1;
        let input = match words.strip_prefix('/') {
            Some(name) => Input::Command { name: name.into(), rest: Private::default() },
            None => Input::Text(Private::new(words)),
        };
        let inbound = Inbound {
            platform: Platform::Telegram,
            event: self.events.to_string(),
            account: account.into(),
            place: Place { id: account.into(), kind: PlaceKind::Private },
            input,
            reply: None,
            language: None,
        };
        self.door.take(&inbound).await.unwrap();
        self.outbox.deliver_once().await.unwrap();
        self.postbox.empty().join("\n")
    }

    async fn welcomes(&mut self, account: &str, city: &str, hour: Time) {
        for words in ["/start", "18 or older", "Agree", "skip", "skip", city, "Yes", "Another time"] {
            self.hears(account, words).await;
        }
        self.hears(account, &hour.strftime("%H:%M").to_string()).await;
        let told = self.hears(account, "Not yet").await;
        assert!(told.contains(&hour.strftime("at %H:%M, then each day").to_string()), "{account}: {told}");
    }

    async fn next_due(&self) -> Timestamp {
        let mut tx = self.store.begin().await.unwrap();
        let due = tx.next_due().await.unwrap();
        tx.rollback().await.unwrap();
        due.expect("there is always a next check-in")
    }

    /// Everything that comes due until then, at its own time.
    async fn passes_until(&mut self, end: Timestamp) {
        loop {
            let due = self.next_due().await;
            if due >= end {
                return;
            }
            self.clock.set(due);
            let fired = self.reminders.fire_once(100).await.unwrap();
            assert!(fired > 0, "something is due at {due} and does not fire");
            self.outbox.deliver_once().await.unwrap();
            for sent in self.postbox.drain() {
                match sent.message.text.text().starts_with(QUESTION) {
                    true => self.asked.entry(sent.account).or_default().push(due),
                    false => *self.others.entry(sent.account).or_default() += 1,
                }
            }
        }
    }

    async fn fired(&self, account: &str) -> Vec<String> {
        let mut tx = self.store.begin().await.unwrap();
        let person = tx.account(Platform::Telegram, account).await.unwrap().unwrap().person;
        let occurrences = tx.occurrences(person).await.unwrap();
        tx.rollback().await.unwrap();
        let fired = occurrences.into_iter().filter(|(name, _, outcome)| name == "checkin" && outcome == "fired");
        fired.map(|(_, civil, _)| civil).filter(|civil| civil.starts_with("2027-")).collect()
    }
}

/// In memory where the machine has such a place: a year is thousands of commits.
fn folder() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

fn days() -> impl Iterator<Item = Date> {
    date(2027, 1, 1).series(jiff::Span::new().days(1)).take_while(|day| day.year() == 2027)
}

#[tokio::test]
async fn every_day_of_2027_has_one_check_in_at_eight_in_every_zone() {
    everybody_is_asked_every_day_at(time(20, 0, 0, 0)).await;
}

#[tokio::test]
async fn every_day_of_2027_has_one_check_in_at_half_past_two_in_every_zone() {
    everybody_is_asked_every_day_at(time(2, 30, 0, 0)).await;
}

async fn everybody_is_asked_every_day_at(hour: Time) {
    let mut year = Year::new().await;
    for (city, zone) in ZONES {
        year.welcomes(zone, city, hour).await;
    }
    year.passes_until("2028-01-02T00:00:00Z".parse().unwrap()).await;
    for (_, account) in ZONES {
        let zone = TimeZone::get(account).unwrap();
        let local = |at: &Timestamp| at.to_zoned(zone.clone()).datetime();
        let asked: Vec<_> = year.asked[account].iter().map(local).filter(|at| at.year() == 2027).collect();
        // A time that the clock leaps over is the same span after the leap.
        let expected: Vec<_> = days().map(|day| zone.to_zoned(day.to_datetime(hour)).unwrap().datetime()).collect();
        assert_eq!(asked, expected, "{account}");
        let fired: Vec<_> = days().map(|day| day.to_datetime(hour).to_string()).collect();
        assert_eq!(year.fired(account).await, fired, "{account}");
        let moved = expected.iter().filter(|at| at.time() != hour).count();
        assert_eq!(moved, usize::from(account == "America/New_York" && hour.hour() == 2), "{account}");
        let others = year.others.get(account).copied().unwrap_or(0);
        assert!(others <= 3, "{account}: who is away is not nudged, but heard {others} other messages");
    }
}
