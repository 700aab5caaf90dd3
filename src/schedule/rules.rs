//! Rules to instants: when a [`Rule`] fires next.
//!
//! Cron only ever sees the civil timeline, dressed up as UTC, so it never meets a clock change; zones come in afterwards.

use std::str::FromStr;

use chrono::{Datelike, NaiveDate, NaiveDateTime, Timelike, Utc};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, Timestamp};

use super::which::LONGEST_WINDOW;
use super::{Firing, Rule, Which};

/// How far before `after` the civil search begins, in hours: more than the largest gap there ever was (Apia, 24 hours) and the
/// longest window together.
const LOOK_BACK_HOURS: i64 = 25 + LONGEST_WINDOW as i64 / 60;
/// How far back firings are told one by one that nobody handled, in hours: a month.
const OVERTAKEN_HOURS: i64 = 31 * 24;

/// Why a cron rule cannot be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// Not six fields that cron understands.
    #[error("a rule has six fields: seconds minutes hours day month weekday")]
    Malformed,
    /// Weekdays as numbers mean different days in different crons, so only names are taken.
    #[error("weekdays are written as names: mon, tue, ...")]
    NumberedWeekday,
    /// It never happens, like 30 February.
    #[error("this never happens")]
    Never,
}

impl Rule {
    /// A recurring rule that is sure to happen.
    ///
    /// # Errors
    /// When it has not six fields, numbers its weekdays, or never happens.
    pub fn every(cron: &str) -> Result<Rule, RuleError> {
        let fields: Vec<&str> = cron.split_whitespace().collect();
        let schedule = cron::Schedule::from_str(cron).map_err(|_| RuleError::Malformed)?;
        if fields.len() != 6 {
            return Err(RuleError::Malformed);
        }
        if fields[5].contains(|character: char| character.is_ascii_digit()) {
            return Err(RuleError::NumberedWeekday);
        }
        let start = NaiveDate::from_ymd_opt(2000, 1, 1).unwrap_or_default().and_time(chrono::NaiveTime::MIN);
        schedule.after(&start.and_utc()).next().ok_or(RuleError::Never)?;
        Ok(Rule::Every { cron: cron.to_owned(), which: Which::All })
    }
}

/// The first firing of a rule that is made at `now`. One that happens once fires even when its moment has passed: how late is
/// too late is decided when it fires. `None` when it never happens.
#[must_use]
pub fn first(rule: &Rule, now: Timestamp, zone: &TimeZone) -> Option<Firing> {
    match rule {
        Rule::Once { civil } => Some(Firing { civil: *civil, at: resolve(*civil, zone)? }),
        Rule::At { at } => Some(Firing { civil: TimeZone::UTC.to_datetime(*at), at: *at }),
        Rule::Every { cron, which } => next_in_cron(cron, *which, now, zone),
    }
}

/// The next firing strictly after `after`; `None` when there is none any more. The civil moment of [`Rule::At`] is told in UTC,
/// so that its key does not depend on a zone.
///
/// ```
/// use goldseam::schedule::{Rule, next_after};
/// use jiff::tz::TimeZone;
/// // 02:30 does not exist in New York on 14 March 2027: the clock goes from 02:00 to 03:00.
/// let rule = Rule::every("0 30 2 * * *").unwrap();
/// let zone = TimeZone::get("America/New_York").unwrap();
/// let firing = next_after(&rule, "2027-03-14T05:00:00Z".parse().unwrap(), &zone).unwrap();
/// assert_eq!(firing.civil.to_string(), "2027-03-14T02:30:00");
/// assert_eq!(firing.at.to_zoned(zone).to_string(), "2027-03-14T03:30:00-04:00[America/New_York]");
/// ```
#[must_use]
pub fn next_after(rule: &Rule, after: Timestamp, zone: &TimeZone) -> Option<Firing> {
    match rule {
        Rule::Once { .. } | Rule::At { .. } => first(rule, after, zone).filter(|firing| firing.at > after),
        Rule::Every { cron, which } => next_in_cron(cron, *which, after, zone),
    }
}

/// What came due after a firing that has not been handled, up to `now`, the latest last: nobody was there. After a very long time
/// only the latest of them.
#[must_use]
pub fn overtaken(rule: &Rule, pending: Firing, now: Timestamp, zone: &TimeZone) -> Vec<Firing> {
    if !rule.repeats() {
        return Vec::new();
    }
    let after = pending.at.max(now.checked_sub(SignedDuration::from_hours(OVERTAKEN_HOURS)).unwrap_or(pending.at));
    let mut last = after;
    std::iter::from_fn(|| {
        let next = next_after(rule, last, zone).filter(|next| next.at <= now)?;
        last = next.at;
        Some(next)
    })
    .collect()
}

/// Where a firing that is still to come goes when its person's clock is put from one zone to another: to the same moment on the
/// new clock, which may be past. So a day is neither asked about twice nor left out. An instant stays what it is, and so does a
/// firing that was held back (it is not where its moment is).
#[must_use]
pub fn moved(rule: &Rule, pending: Firing, from: &TimeZone, to: &TimeZone) -> Firing {
    let at = match rule {
        Rule::At { .. } => None,
        Rule::Once { .. } | Rule::Every { .. } => {
            resolve(pending.civil, to).filter(|_| resolve(pending.civil, from) == Some(pending.at))
        }
    };
    Firing { at: at.unwrap_or(pending.at), ..pending }
}

/// Walks the civil timeline from a day and an hour ago, so that a moment which a gap moved behind `after` is not lost.
fn next_in_cron(cron: &str, which: Which, after: Timestamp, zone: &TimeZone) -> Option<Firing> {
    let schedule = cron::Schedule::from_str(cron).ok()?;
    let start = zone.to_datetime(after).checked_sub(Span::new().hours(LOOK_BACK_HOURS)).ok()?;
    schedule
        .after(&to_chrono(start)?.and_utc())
        .filter_map(from_chrono)
        .filter_map(|civil| which.takes(civil))
        .filter_map(|civil| Some(Firing { civil, at: resolve(civil, zone)? }))
        .find(|firing| firing.at > after)
}

/// The instant of a civil moment: the first of two, and moved by the gap when there is none (RFC 5545, 3.3.5).
#[must_use]
pub fn resolve(civil: DateTime, zone: &TimeZone) -> Option<Timestamp> {
    zone.to_ambiguous_timestamp(civil).compatible().ok()
}

fn to_chrono(civil: DateTime) -> Option<NaiveDateTime> {
    let [month, day, hour, minute, second] = [civil.month(), civil.day(), civil.hour(), civil.minute(), civil.second()]
        .map(|part| u32::from(part.unsigned_abs()));
    NaiveDate::from_ymd_opt(i32::from(civil.year()), month, day)?.and_hms_opt(hour, minute, second)
}

fn from_chrono(moment: chrono::DateTime<Utc>) -> Option<DateTime> {
    let moment = moment.naive_utc();
    let small = |part: u32| i8::try_from(part).ok();
    DateTime::new(
        i16::try_from(moment.year()).ok()?,
        small(moment.month())?,
        small(moment.day())?,
        small(moment.hour())?,
        small(moment.minute())?,
        small(moment.second())?,
        0,
    )
    .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone(name: &str) -> TimeZone {
        TimeZone::get(name).unwrap()
    }

    #[test]
    fn what_is_to_come_moves_with_the_clock_and_what_is_held_back_does_not() {
        let (rule, london, york) =
            (Rule::every("0 0 20 * * *").unwrap(), zone("Europe/London"), zone("America/New_York"));
        let pending = next_after(&rule, "2026-11-22T12:00:00Z".parse().unwrap(), &london).unwrap();
        let there = moved(&rule, pending, &london, &york);
        assert_eq!((there.civil, there.at.to_string().as_str()), (pending.civil, "2026-11-23T01:00:00Z"));
        assert_eq!(moved(&rule, there, &york, &london), pending);
        let held = Firing { at: "2026-11-23T08:00:00Z".parse().unwrap(), ..pending };
        assert_eq!(moved(&rule, held, &london, &york), held);
        let at = Rule::At { at: pending.at };
        assert_eq!(moved(&at, pending, &london, &york), pending);
    }

    #[test]
    fn rules_that_cannot_be_kept_are_refused() {
        assert_eq!(Rule::every("0 0 9 30 2 *"), Err(RuleError::Never));
        assert_eq!(Rule::every("0 20 * * *"), Err(RuleError::Malformed));
        assert_eq!(Rule::every("0 0 20 * * * 2027"), Err(RuleError::Malformed));
        assert_eq!(Rule::every("every evening"), Err(RuleError::Malformed));
        assert_eq!(Rule::every("0 0 20 * * 1"), Err(RuleError::NumberedWeekday));
        assert!(Rule::every("0 0 20 * * mon-fri").is_ok());
    }

    #[test]
    fn a_broken_or_impossible_stored_rule_never_fires() {
        for cron in ["nonsense", "0 0 9 30 2 *"] {
            let rule = Rule::Every { cron: cron.into(), which: Which::All };
            assert_eq!(next_after(&rule, Timestamp::UNIX_EPOCH, &TimeZone::UTC), None, "{cron}");
        }
    }

    fn civils(rule: &Rule, after: &str, count: usize) -> Vec<String> {
        let zone = zone("Europe/Vienna");
        let mut at = format!("{after}[Europe/Vienna]").parse::<jiff::Zoned>().unwrap().timestamp();
        let mut next = || {
            let firing = next_after(rule, at, &zone).unwrap();
            at = firing.at;
            firing.civil.strftime("%m-%d %H:%M").to_string()
        };
        (0..count).map(|_| next()).collect()
    }

    #[test]
    fn the_last_day_of_a_month_is_there_in_every_month() {
        let rule = Rule::Every { cron: "0 0 9 28-31 * *".into(), which: Which::LastOfMonth };
        assert_eq!(civils(&rule, "2028-01-31T10:00", 3), ["02-29 09:00", "03-31 09:00", "04-30 09:00"]);
        assert_eq!(civils(&rule, "2027-02-01T10:00", 1), ["02-28 09:00"]);
    }

    #[test]
    fn every_other_day_goes_on_over_the_end_of_a_month_and_a_changed_clock() {
        let from = jiff::civil::date(2026, 3, 25);
        let rule = Rule::Every { cron: "0 30 2 * * *".into(), which: Which::EachNth { days: 2, from } };
        let expected = ["03-25 02:30", "03-27 02:30", "03-29 02:30", "03-31 02:30", "04-02 02:30"];
        assert_eq!(civils(&rule, "2026-03-20T10:00", 5), expected);
    }

    #[test]
    fn some_time_in_a_window_is_the_same_whenever_it_is_asked() {
        let rule = |seed| Rule::Every { cron: "0 0 9 * * *".into(), which: Which::Within { minutes: 120, seed } };
        let month = civils(&rule(7), "2026-03-02T20:00", 30);
        assert_eq!(civils(&rule(7), "2026-03-03T08:59", 30), month, "before the window opens");
        assert_eq!(civils(&rule(7), "2026-03-03T11:01", 29), month[1..], "after it has closed");
        let times: std::collections::BTreeSet<&str> = month.iter().map(|moment| &moment[6..]).collect();
        assert!(
            times.len() > 20 && *times.first().unwrap() >= "09:00" && *times.last().unwrap() <= "11:00",
            "{times:?}"
        );
        assert_ne!(civils(&rule(8), "2026-03-02T20:00", 30), month, "somebody else has other times");
    }

    #[test]
    fn what_was_overtaken_while_nobody_was_there_is_told_one_by_one() {
        let (rule, zone) = (Rule::every("0 0 20 * * *").unwrap(), zone("Europe/Vienna"));
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let pending = next_after(&rule, at("2026-03-02T12:00:00Z"), &zone).unwrap();
        let days = |now: &str| -> Vec<String> {
            overtaken(&rule, pending, at(now), &zone).iter().map(|firing| firing.civil.date().to_string()).collect()
        };
        assert_eq!(days("2026-03-02T19:00:00Z"), [""; 0]);
        assert_eq!(days("2026-03-03T18:59:00Z"), [""; 0]);
        assert_eq!(days("2026-03-05T19:00:00Z"), ["2026-03-03", "2026-03-04", "2026-03-05"]);
        assert_eq!(days("2036-03-05T19:00:00Z").len(), 31, "ten years later");
        let once = Rule::Once { civil: pending.civil };
        assert_eq!(overtaken(&once, pending, at("2026-03-05T19:00:00Z"), &zone), []);
    }

    #[test]
    fn a_moment_that_happens_once_fires_late_but_not_again() {
        let rule = Rule::Once { civil: jiff::civil::date(2026, 3, 2).at(20, 0, 0, 0) };
        let now: Timestamp = "2026-03-03T00:00:00Z".parse().unwrap();
        assert_eq!(first(&rule, now, &TimeZone::UTC).unwrap().at.to_string(), "2026-03-02T20:00:00Z");
        assert_eq!(next_after(&rule, now, &TimeZone::UTC), None);
        let at = Rule::At { at: now };
        assert_eq!(first(&at, now, &zone("Asia/Tokyo")).unwrap().civil.to_string(), "2026-03-03T00:00:00");
    }
}
