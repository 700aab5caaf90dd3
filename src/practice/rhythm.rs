//! When something happens most often: a weekday, a part of the day. Silent below a handful, and where two are even.

use jiff::civil::Weekday;

use super::deed::Kind;
use super::history::History;

/// Fewer say nothing about when.
const HANDFUL: usize = 5;

/// The values of [`weekday`].
pub const WEEKDAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// The values of [`hours`].
pub const HOURS: [&str; 4] = ["morning", "afternoon", "evening", "night"];

/// The weekday on which there were more deeds of a kind than on any other, ever or in the last so many days.
#[must_use]
pub fn weekday(history: &History, kind: Kind, days: Option<i64>) -> Option<&'static str> {
    most(&WEEKDAYS, history.deeds_of(kind, days).map(|deed| place(deed.day.weekday())))
}

/// The part of the day with more deeds of a kind than any other. Their number is the hour on the person's clock.
#[must_use]
pub fn hours(history: &History, kind: Kind, days: Option<i64>) -> Option<&'static str> {
    most(&HOURS, history.deeds_of(kind, days).filter_map(|deed| deed.amount).filter_map(part))
}

fn place(day: Weekday) -> usize {
    usize::try_from(day.to_monday_zero_offset()).unwrap_or(0)
}

/// Morning begins at five, afternoon at noon, evening at six, night at eleven.
fn part(hour: i64) -> Option<usize> {
    match hour {
        5..=11 => Some(0),
        12..=17 => Some(1),
        18..=22 => Some(2),
        23 | 0..=4 => Some(3),
        _ => None,
    }
}

/// The word that was meant most often; nothing when there are too few, or no single one.
fn most<const N: usize>(words: &[&'static str; N], places: impl Iterator<Item = usize>) -> Option<&'static str> {
    let mut counts = [0_usize; N];
    places.for_each(|place| counts[place] += 1);
    let highest = counts.iter().max().copied().filter(|_| counts.iter().sum::<usize>() >= HANDFUL)?;
    let mut found = (0..N).filter(|place| counts[*place] == highest);
    match (found.next(), found.next()) {
        (Some(place), None) => Some(words[place]),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::super::deed::Deed;
    use super::*;

    /// Triggers on days of March 2026, which begins with a Sunday, each with its hour.
    fn history(triggers: &[(i8, i64)]) -> History {
        let mut history = History::empty(date(2026, 3, 31));
        for (number, (day, hour)) in triggers.iter().enumerate() {
            let (id, day) = (number.to_string(), date(2026, 3, *day));
            history.add(&Deed { id, kind: Kind::Trigger, day, amount: Some(*hour), about: None });
        }
        history
    }

    #[test]
    fn a_handful_with_one_that_leads_has_a_time_and_fewer_have_none() {
        let few = history(&[(1, 20), (8, 20), (15, 21), (22, 19)]);
        assert_eq!((weekday(&few, Kind::Trigger, None), hours(&few, Kind::Trigger, None)), (None, None));
        let enough = history(&[(1, 20), (8, 20), (15, 21), (17, 9), (18, 19)]);
        assert_eq!(weekday(&enough, Kind::Trigger, None), Some("sunday"));
        assert_eq!(hours(&enough, Kind::Trigger, None), Some("evening"));
        assert_eq!(weekday(&enough, Kind::Trigger, Some(7)), None);
        assert_eq!(weekday(&enough, Kind::Slip, None), None);
    }

    #[test]
    fn of_two_that_are_even_none_is_named() {
        let even = history(&[(1, 20), (8, 2), (2, 20), (9, 2), (4, 13)]);
        assert_eq!((weekday(&even, Kind::Trigger, None), hours(&even, Kind::Trigger, None)), (None, None));
    }

    #[test]
    fn every_hour_belongs_to_a_part_of_the_day() {
        let parts: Vec<_> = [0, 4, 5, 11, 12, 17, 18, 22, 23].map(|hour| part(hour).map(|at| HOURS[at])).into();
        let words = ["night", "night", "morning", "morning", "afternoon", "afternoon", "evening", "evening", "night"];
        assert_eq!(parts, words.map(Some));
        assert_eq!((part(24), part(-1)), (None, None));
    }
}
