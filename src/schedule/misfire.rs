//! What becomes of something that comes due at a bad moment: said late, put off until the quiet hours are over, or let pass.
//!
//! One table for all kinds, and one function. Who asks, and what is written down of the answer, is decided in the engine.

use jiff::civil::Time;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, Zoned};

use super::day::day_of;
use super::quiet::Quiet;

/// How late what comes due may still be of use, in seconds. A script may say otherwise (`late:`).
pub mod grace {
    /// The check-in of the day. It stays on its day, whatever is left of these three hours.
    pub const CHECK_IN: i64 = 3 * 3_600;
    /// What is only of use near its time: the reminder of a promise before it is due, a word about an open question, a reminder
    /// that comes again anyway.
    pub const NUDGE: i64 = 3_600;
    /// What was asked for once.
    pub const ONCE: i64 = 7 * 86_400;
    /// What was asked for once and put off.
    pub const SNOOZE: i64 = 6 * 3_600;
}

/// Who chose a time has it kept to this much, in their quiet hours as well.
const ON_TIME: SignedDuration = SignedDuration::from_mins(5);

/// Something that is due, as far as its moment goes.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// When it was to happen.
    pub due: Timestamp,
    /// How many seconds late it may be.
    pub late: i64,
    /// The person chose this time of day: quiet hours do not move it, unless it is late.
    pub chosen: bool,
    /// It is of its day: on another day it is of no use.
    pub daily: bool,
}

/// What becomes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Now.
    Now,
    /// When the quiet hours are over.
    Hold(Timestamp),
    /// Not at all: it would come too late.
    Missed,
}

/// What becomes of something that is due, seen from `now`; days begin at `begins`.
#[must_use]
pub fn fate(moment: Moment, now: &Zoned, quiet: Option<Quiet>, begins: Time) -> Fate {
    let late = now.timestamp().duration_since(moment.due);
    if !moment.is_of_use(now.timestamp(), now.time_zone(), begins) {
        return Fate::Missed;
    }
    match quiet.and_then(|quiet| quiet.until(now)) {
        None => Fate::Now,
        Some(_) if moment.chosen && late <= ON_TIME => Fate::Now,
        // What comes on time and is put off comes on another day if need be; what is late already stays on its own.
        Some(until) if moment.daily && late > ON_TIME && !moment.is_of_use(until, now.time_zone(), begins) => {
            Fate::Missed
        }
        Some(until) => Fate::Hold(until),
    }
}

impl Moment {
    fn is_of_use(&self, at: Timestamp, zone: &TimeZone, begins: Time) -> bool {
        let day = |at: Timestamp| day_of(zone.to_datetime(at), begins);
        at.duration_since(self.due).as_secs() <= self.late && !(self.daily && day(at) != day(self.due))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::time;

    const THREE: Time = time(3, 0, 0, 0);

    /// What becomes in Vienna of something of `20:00` on 2 March: `kind` is one of the table's.
    #[track_caller]
    fn becomes(kind: &str, now: &str, expected: &str) {
        let (late, chosen, daily) = match kind {
            "check-in" => (grace::CHECK_IN, true, true),
            "nudge" => (grace::NUDGE, false, false),
            "once" => (grace::ONCE, true, false),
            "snooze" => (grace::SNOOZE, true, false),
            _ => panic!("{kind}"),
        };
        let due = "2026-03-02T20:00:00+01:00".parse().unwrap();
        let now: Zoned = format!("{now}[Europe/Vienna]").parse().unwrap();
        let quiet = Quiet { from: time(22, 0, 0, 0), to: time(8, 0, 0, 0) };
        let fate = match fate(Moment { due, late, chosen, daily }, &now, Some(quiet), THREE) {
            Fate::Now => "now".to_owned(),
            Fate::Missed => "missed".to_owned(),
            Fate::Hold(until) => until.to_zoned(now.time_zone().clone()).strftime("%d %H:%M").to_string(),
        };
        assert_eq!(fate, expected, "{kind} at {now}");
    }

    #[test]
    fn each_kind_has_its_own_idea_of_too_late() {
        becomes("check-in", "2026-03-02T20:00", "now");
        becomes("check-in", "2026-03-02T21:59", "now");
        becomes("check-in", "2026-03-02T22:00", "missed");
        becomes("check-in", "2026-03-03T08:00", "missed");
        becomes("nudge", "2026-03-02T21:00", "now");
        becomes("nudge", "2026-03-02T21:01", "missed");
        becomes("once", "2026-03-02T22:00", "03 08:00");
        becomes("once", "2026-03-09T20:00", "now");
        becomes("once", "2026-03-09T20:01", "missed");
        becomes("snooze", "2026-03-03T01:59", "03 08:00");
        becomes("snooze", "2026-03-03T02:01", "missed");
    }

    #[test]
    fn a_chosen_time_holds_in_quiet_hours_and_a_day_lasts_into_the_night() {
        let quiet = Some(Quiet { from: time(22, 0, 0, 0), to: time(8, 0, 0, 0) });
        let (due, now) = ("2026-03-02T23:30:00Z".parse().unwrap(), |at: &str| at.parse::<Zoned>().unwrap());
        let at_night = Moment { due, late: grace::CHECK_IN, chosen: true, daily: true };
        assert_eq!(fate(at_night, &now("2026-03-02T23:34[UTC]"), quiet, THREE), Fate::Now);
        assert_eq!(fate(at_night, &now("2026-03-02T23:36[UTC]"), quiet, THREE), Fate::Missed);
        assert_eq!(fate(at_night, &now("2026-03-03T01:00[UTC]"), None, THREE), Fate::Now, "still the same day");
        assert_eq!(fate(at_night, &now("2026-03-03T01:00[UTC]"), None, time(0, 0, 0, 0)), Fate::Missed);
        let not_chosen = Moment { chosen: false, ..at_night };
        let morning = Fate::Hold("2026-03-03T08:00:00Z".parse().unwrap());
        assert_eq!(fate(not_chosen, &now("2026-03-02T23:30[UTC]"), quiet, THREE), morning);
    }
}
