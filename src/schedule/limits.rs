//! What is too much to ask: rules that never happen, too often, too far away. Told before a rule is kept, so that it can be said.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, ToSpan, Zoned};

use super::pattern::{Cycle, Pattern};
use super::{Rule, first, next_after};

/// How many reminders of their own somebody may have at once.
pub const MOST_REMINDERS: usize = 50;
/// How many messages come by themselves on one day, at most.
pub const MOST_A_DAY: u8 = 10;
/// How long at least lies between two firings of a rule.
pub const SHORTEST: SignedDuration = SignedDuration::from_hours(1);
/// How many years ahead the first firing may lie.
pub const HORIZON_YEARS: i32 = 5;
/// How many firings are looked at for their distance: a day of a rule that fires every minute has enough of them close together.
const LOOKED_AT: usize = 50;

/// What is wrong with a rule that somebody wishes for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// It never happens, like 30 February.
    Never,
    /// It is over.
    Past,
    /// It lies too far away.
    Far,
    /// It comes too often.
    Often,
    /// It leaves out the months that are too short for it.
    ShortMonths,
}

impl Trouble {
    /// The words for it in scripts.
    pub const WORDS: [&str; 5] = ["never", "past", "far", "often", "short_months"];

    /// The word for it in scripts.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Trouble::Never => "never",
            Trouble::Past => "past",
            Trouble::Far => "far",
            Trouble::Often => "often",
            Trouble::ShortMonths => "short_months",
        }
    }

    /// True when the rule cannot be kept at all.
    #[must_use]
    pub fn refuses(self) -> bool {
        self != Trouble::ShortMonths
    }
}

/// What is wrong with a rule, seen from now; the worst first.
#[must_use]
pub fn trouble(rule: &Rule, now: &Zoned) -> Option<Trouble> {
    let Some(firing) = first(rule, now.timestamp(), now.time_zone()) else { return Some(Trouble::Never) };
    if firing.at <= now.timestamp() {
        return Some(Trouble::Past);
    }
    let horizon = now.checked_add(HORIZON_YEARS.years()).map_or(now.timestamp(), |end| end.timestamp());
    if firing.at > horizon {
        return Some(Trouble::Far);
    }
    if comes_too_often(rule, now) {
        return Some(Trouble::Often);
    }
    day_of_month(rule).filter(|day| *day > 28).map(|_| Trouble::ShortMonths)
}

fn comes_too_often(rule: &Rule, now: &Zoned) -> bool {
    let zone = TimeZone::UTC;
    let mut before = now.timestamp();
    let mut firings = std::iter::from_fn(|| {
        before = next_after(rule, before, &zone)?.at;
        Some(before)
    });
    let Some(mut last) = firings.next() else { return false };
    firings.take(LOOKED_AT).any(|at| at.duration_since(std::mem::replace(&mut last, at)) < SHORTEST)
}

/// The day of a rule for one day of every month.
fn day_of_month(rule: &Rule) -> Option<i8> {
    match Pattern::of(rule)?.cycle {
        Cycle::Monthly(day) => Some(day),
        _ => None,
    }
}

/// The same on the last day of each month; a rule for anything but one day of every month stays what it is.
#[must_use]
pub fn last_of_months(rule: &Rule) -> Rule {
    match Pattern::of(rule) {
        Some(pattern) if matches!(pattern.cycle, Cycle::Monthly(_)) => {
            Pattern { cycle: Cycle::MonthEnd, ..pattern }.rule(0)
        }
        _ => rule.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Which;
    use super::*;
    use jiff::civil::date;

    #[track_caller]
    fn has(rule: Rule, word: &str) {
        let now = date(2026, 3, 2).at(20, 0, 0, 0).in_tz("Europe/Vienna").unwrap();
        assert_eq!(trouble(&rule, &now).map_or("", Trouble::word), word, "{rule:?}");
    }

    fn every(cron: &str) -> Rule {
        Rule::Every { cron: cron.into(), which: Which::All }
    }

    fn once(year: i16, month: i8, day: i8) -> Rule {
        Rule::Once { civil: date(year, month, day).at(20, 0, 0, 0) }
    }

    #[test]
    fn what_cannot_be_kept_has_a_word() {
        has(every("0 0 9 30 2 *"), "never");
        has(every("0 0,30 * * * *"), "often");
        has(every("0 59,0 * * * *"), "often");
        has(every("0 0 * * * *"), "");
        has(every("0 0 9 29 2 *"), "");
        has(every("0 0 9 31 * *"), "short_months");
        has(every("0 0 9 28 * *"), "");
        has(every("0 0 9 31 12 *"), "");
        has(once(2026, 3, 2), "past");
        has(once(2026, 3, 3), "");
        has(once(2031, 3, 2), "");
        has(once(2031, 3, 3), "far");
        let last = Rule::Every { cron: "0 30 9 28-31 * *".into(), which: Which::LastOfMonth };
        assert_eq!(last_of_months(&every("0 30 9 31 * *")), last);
        assert_eq!(last_of_months(&every("0 30 9 * * *")), every("0 30 9 * * *"));
        assert_eq!(Trouble::WORDS.map(|word| word.len()), [5, 4, 3, 5, 12]);
    }
}
