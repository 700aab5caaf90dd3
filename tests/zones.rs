//! The whole of 2027 through the real scheduler: people in four zones, who are asked once a day and answer nothing; and people
//! who travel.

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
                    true => {
                        // Who is away for days is asked less often; they are there, and answer nothing.
                        self.hears(&sent.account, "again").await;
                        self.asked.entry(sent.account).or_default().push(due);
                    }
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
        assert!(others <= 400, "{account}: one word a day about an open question at most, but heard {others}");
    }
}

/// Where they go, on which day and at what time of the day before, and how long that day was on their clock.
const JOURNEY: [(&str, &str); 8] = [
    ("New York", "America/New_York"),
    ("Auckland", "Pacific/Auckland"),
    ("Honolulu", "Pacific/Honolulu"),
    ("London", "Europe/London"),
    ("Kathmandu", "Asia/Kathmandu"),
    ("Lord Howe", "Australia/Lord_Howe"),
    ("Santiago", "America/Santiago"),
    ("Berlin", "Europe/Berlin"),
];

/// Whoever travels on the day itself, at any hour of it, is asked once on each day of the calendar: unless there was no evening on
/// that day, or too little of it.
#[tokio::test]
async fn whoever_moves_on_the_day_itself_is_asked_once_and_no_evening_is_lost() {
    let (hour, account) = (time(20, 0, 0, 0), "traveller");
    let mut year = Year::new().await;
    year.welcomes(account, "London", hour).await;
    let mut here = TimeZone::get("Europe/London").unwrap();
    let (mut asked, mut evenings) = (Vec::new(), BTreeMap::<Date, i64>::new());
    let mut leaves = date(2026, 12, 31).at(0, 40, 0, 0).to_zoned(here.clone()).unwrap();
    for leg in 0..48 {
        let (city, zone) = JOURNEY[leg * 3 % JOURNEY.len()];
        let from = year.clock.now().to_zoned(here.clone());
        year.passes_until(leaves.timestamp()).await;
        year.clock.set(leaves.timestamp());
        for at in year.asked.remove(account).unwrap_or_default() {
            asked.push(at.to_zoned(here.clone()).date());
        }
        // How many minutes of each evening, up to the quiet hours, their clock has shown here.
        let mut minute = from.clone();
        while minute < leaves {
            if minute.hour() >= hour.hour() && minute.hour() < 22 {
                *evenings.entry(minute.date()).or_default() += 1;
            }
            minute = minute.saturating_add(jiff::Span::new().minutes(1));
        }
        for words in ["/settings", "Time zone", city, "Yes", "Close"] {
            year.hears(account, words).await;
        }
        here = TimeZone::get(zone).unwrap();
        // A day and a half and an odd hour later they go on.
        let stay = jiff::Span::new().hours(37).minutes(i64::try_from(leg).unwrap() * 7);
        leaves = year.clock.now().to_zoned(here.clone()).checked_add(stay).unwrap();
    }
    let twice: Vec<_> = asked.iter().filter(|day| asked.iter().filter(|other| other == day).count() > 1).collect();
    assert_eq!(twice, Vec::<&Date>::new(), "asked twice on one date");
    let last = *asked.last().unwrap();
    let whole = evenings.iter().filter(|(day, minutes)| **minutes == 120 && **day < last).map(|(day, _)| *day);
    let lost: Vec<Date> = whole.filter(|day| !asked.contains(day)).collect();
    assert_eq!(lost, [], "a whole evening without a question; asked on {asked:?}");
    assert!(asked.len() > 40, "{}", asked.len());
}
