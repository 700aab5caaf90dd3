//! Figures: what scripts may say of a history, as `progress.kept_7`. A figure without enough behind it has no value.

use super::calendar;
use super::history::History;
use super::promise::Standing;
use super::score::score;
use crate::types::Value;

/// So many entries make the last month worth telling.
const ENOUGH: usize = 7;
/// So many moods in each of two months make them comparable.
const MOODS: usize = 7;
/// Means that differ by less are the same, in tenths of a step.
const SAME: i64 = 3;
const MONTH: i64 = 30;

/// What can be asked of a history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Figure {
    /// How many promises came due in so many days and are settled.
    Promises(i64),
    /// How many of them were kept, kept late, told ahead or repaired.
    Kept(i64),
    /// How many of the last month stand like that.
    Month(Standing),
    /// The same of the month before the last one.
    Before(Before),
    /// How many promises they were not sure of came due, ever.
    Unsure,
    /// How many of them were kept, kept late, told ahead or repaired.
    UnsureKept,
    /// Check-ins of the last so many days.
    CheckIns(i64),
    /// Returns, ever.
    Returns,
    /// Deeds of every kind, ever.
    Deeds,
    /// Pieces of gold, ever.
    Gold,
    /// The bending score.
    Score,
    /// Whether the last month has enough to tell.
    Enough,
    /// The mood of the last month beside the one before: higher, same or lower.
    Mood,
    /// How many promises came due in the eight weeks that a picture shows.
    WeeksPromises,
    /// These weeks in a line: `3/4, –, 5/6`.
    Weeks,
    /// On how many of the last thirty days a mood was told.
    MoodDays,
    /// These moods in a line: `3, –, 5`.
    Moods,
    /// On how many days of the last twelve months a mood was told.
    YearDays,
    /// On how many of them each mood was told: `1: 4, 2: 9, ...`.
    Year,
}

/// What is told of the month before the last one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Before {
    /// How many promises were kept.
    Kept,
    /// Of how many.
    Promises,
    /// Days with a check-in.
    CheckIns,
}

impl Figure {
    /// All of them, by their words.
    pub const ALL: [(&'static str, Figure); 28] = [
        ("kept_7", Figure::Kept(7)),
        ("kept_14", Figure::Kept(14)),
        ("kept_30", Figure::Kept(MONTH)),
        ("promises_7", Figure::Promises(7)),
        ("promises_14", Figure::Promises(14)),
        ("promises_30", Figure::Promises(MONTH)),
        ("late_30", Figure::Month(Standing::KeptLate)),
        ("told_ahead_30", Figure::Month(Standing::ToldAhead)),
        ("repaired_30", Figure::Month(Standing::Repaired)),
        ("unsure", Figure::Unsure),
        ("unsure_kept", Figure::UnsureKept),
        ("checkins_7", Figure::CheckIns(7)),
        ("checkins_30", Figure::CheckIns(MONTH)),
        ("kept_before", Figure::Before(Before::Kept)),
        ("promises_before", Figure::Before(Before::Promises)),
        ("checkins_before", Figure::Before(Before::CheckIns)),
        ("returns", Figure::Returns),
        ("deeds", Figure::Deeds),
        ("gold", Figure::Gold),
        ("score", Figure::Score),
        ("enough", Figure::Enough),
        ("mood", Figure::Mood),
        ("weeks_promises", Figure::WeeksPromises),
        ("weeks", Figure::Weeks),
        ("mood_days", Figure::MoodDays),
        ("moods", Figure::Moods),
        ("year_days", Figure::YearDays),
        ("year", Figure::Year),
    ];

    /// Their words, in the same order.
    pub const WORDS: [&'static str; Figure::ALL.len()] = {
        let mut words = [""; Figure::ALL.len()];
        let mut at = 0;
        while at < words.len() {
            words[at] = Figure::ALL[at].0;
            at += 1;
        }
        words
    };

    /// The values of [`Figure::Mood`].
    pub const MOODS: [&'static str; 3] = ["higher", "same", "lower"];

    /// The figure with that word.
    #[must_use]
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(known, _)| *known == word).map(|(_, figure)| figure)
    }

    /// True for a figure that is words.
    #[must_use]
    pub fn is_text(self) -> bool {
        matches!(self, Figure::Weeks | Figure::Moods | Figure::Year)
    }

    /// True for a figure that may have no value.
    #[must_use]
    pub fn is_optional(self) -> bool {
        matches!(self, Figure::Score | Figure::Mood)
    }

    /// What it is.
    #[must_use]
    pub fn of(self, history: &History) -> Value {
        match self {
            Figure::Promises(days) => count(history.due_within(days).count()),
            Figure::Kept(days) => {
                count(history.due_within(days).filter(|one| one.standing != Standing::Missed).count())
            }
            Figure::Month(standing) => count(history.due_within(MONTH).filter(|one| one.standing == standing).count()),
            Figure::Unsure => count(history.unsure().count()),
            Figure::UnsureKept => count(history.unsure().filter(|one| one.standing != Standing::Missed).count()),
            Figure::CheckIns(days) => count(history.checkins_within(days).count()),
            Figure::Before(what) => before(what, history),
            Figure::Returns => count(history.returns.len()),
            Figure::Deeds => count(history.deeds.len()),
            Figure::Gold => count(super::gold::pieces(history).len()),
            Figure::Score => score(history).map_or(Value::None, Value::Int),
            Figure::Enough => Value::Bool(is_enough(history)),
            Figure::Mood => mood(history).map_or(Value::None, Value::text),
            Figure::WeeksPromises => count(calendar::weeks(history).iter().map(|week| usize::from(week.said)).sum()),
            Figure::Weeks => Value::text(calendar::weeks_in_words(&calendar::weeks(history))),
            Figure::MoodDays => count(last_days(history).iter().flatten().count()),
            Figure::Moods => Value::text(calendar::moods_in_words(&last_days(history))),
            Figure::YearDays => count(last_year(history).iter().flatten().count()),
            Figure::Year => Value::text(calendar::moods_counted(&last_year(history))),
        }
    }
}

/// A figure of two months without that of the last one.
fn before(what: Before, history: &History) -> Value {
    let of = |days| match what {
        Before::Kept => Figure::Kept(days),
        Before::Promises => Figure::Promises(days),
        Before::CheckIns => Figure::CheckIns(days),
    };
    match (of(2 * MONTH).of(history), of(MONTH).of(history)) {
        (Value::Int(both), Value::Int(last)) => Value::Int(both - last),
        _ => Value::None,
    }
}

fn last_days(history: &History) -> Vec<Option<u8>> {
    calendar::moods(history, calendar::first_of_days(history))
}

fn last_year(history: &History) -> Vec<Option<u8>> {
    calendar::moods(history, calendar::first_of_year(history))
}

fn count(amount: usize) -> Value {
    Value::Int(i64::try_from(amount).unwrap_or(i64::MAX))
}

/// Check-ins and settled promises of the last month.
fn is_enough(history: &History) -> bool {
    history.checkins_within(MONTH).count() + history.due_within(MONTH).count() >= ENOUGH
}

/// The mean mood of the last month beside that of the month before; nothing while either has too few.
fn mood(history: &History) -> Option<&'static str> {
    let of = |from: i64, until: i64| {
        let inside = |day| !history.is_within(day, from) && history.is_within(day, until);
        let moods = history.checkins.iter().filter(|one| inside(one.day)).filter_map(|one| one.mood);
        let (sum, count) = moods.fold((0, 0), |(sum, count), mood| (sum + mood, count + 1));
        (count >= i64::try_from(MOODS).unwrap_or(i64::MAX)).then(|| sum * 10 / count)
    };
    let (now, before) = (of(0, MONTH)?, of(MONTH, 2 * MONTH)?);
    Some(match now - before {
        SAME.. => "higher",
        difference if difference <= -SAME => "lower",
        _ => "same",
    })
}
