//! A history by days and weeks, as pictures show it and as texts tell the same.

use jiff::ToSpan as _;
use jiff::civil::Date;

use super::history::History;
use super::promise::Standing;

/// How many days the mood line shows, today included.
const DAYS: i64 = 30;
/// How many weeks are shown, this one included.
const WEEKS: i64 = 8;
/// How many months a year has beside this one.
const MONTHS: i64 = 11;
/// Stands for a day or a week of which nothing is known.
const NOTHING: &str = "\u{2013}";

/// A week of promises. Each belongs to the week of the day that it counts for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Week {
    /// Its Monday.
    pub first: Date,
    /// How many came due and are settled.
    pub said: u16,
    /// How many of them were kept, in time or late.
    pub done: u16,
    /// How many of them were repaired.
    pub repaired: u16,
    /// How many of them were told ahead.
    pub ahead: u16,
}

impl Week {
    /// How many came to good in one way or another.
    #[must_use]
    pub fn good(&self) -> u16 {
        self.done.saturating_add(self.repaired).saturating_add(self.ahead)
    }

    fn add(&mut self, standing: Standing) {
        let more = |count: &mut u16| *count = count.saturating_add(1);
        match standing {
            Standing::Kept | Standing::KeptLate => more(&mut self.done),
            Standing::Repaired => more(&mut self.repaired),
            Standing::ToldAhead => more(&mut self.ahead),
            Standing::Missed => {}
            Standing::Open | Standing::Released => return,
        }
        more(&mut self.said);
    }
}

/// The last eight weeks, the oldest first.
#[must_use]
pub fn weeks(history: &History) -> Vec<Week> {
    let today = history.today;
    let monday = before(today, i64::from(today.weekday().to_monday_zero_offset()).days());
    let week = |ago: i64| {
        let mut week = Week { first: before(monday, ago.weeks()), said: 0, done: 0, repaired: 0, ahead: 0 };
        for one in &history.promises {
            let is_in = |day: Date| (0..7).contains(&(day - week.first).get_days());
            if one.counts_on().is_some_and(is_in) {
                week.add(one.standing);
            }
        }
        week
    };
    (0..WEEKS).rev().map(week).collect()
}

/// The first of the days that the mood line shows.
#[must_use]
pub fn first_of_days(history: &History) -> Date {
    before(history.today, (DAYS - 1).days())
}

/// The first of the days that a year shows: it begins with a month.
#[must_use]
pub fn first_of_year(history: &History) -> Date {
    before(history.today.first_of_month(), MONTHS.months())
}

/// The mood of each day from the first one until today, 1 to 5; nothing where none was told.
#[must_use]
pub fn moods(history: &History, first: Date) -> Vec<Option<u8>> {
    let mood = |day| {
        let found = history.checkins.iter().find(|one| one.day == day)?.mood?;
        u8::try_from(found).ok()
    };
    first.series(1.day()).take_while(|day| *day <= history.today).map(mood).collect()
}

/// `3/4, –, 5/6`: the weeks in a line.
#[must_use]
pub fn weeks_in_words(weeks: &[Week]) -> String {
    let words = |week: &Week| match week.said {
        0 => NOTHING.to_owned(),
        said => format!("{}/{said}", week.good()),
    };
    weeks.iter().map(words).collect::<Vec<_>>().join(", ")
}

/// `3, –, 5`: moods in a line.
#[must_use]
pub fn moods_in_words(moods: &[Option<u8>]) -> String {
    let words = |mood: &Option<u8>| mood.map_or(NOTHING.to_owned(), |mood| mood.to_string());
    moods.iter().map(words).collect::<Vec<_>>().join(", ")
}

/// `1: 4, 2: 9, 3: 30, 4: 22, 5: 7`: on how many days each mood was told.
#[must_use]
pub fn moods_counted(moods: &[Option<u8>]) -> String {
    let count = |wanted: u8| moods.iter().flatten().filter(|mood| **mood == wanted).count();
    (1..=5).map(|mood| format!("{mood}: {}", count(mood))).collect::<Vec<_>>().join(", ")
}

/// The calendar has a first day; there is nothing before it to show.
fn before(day: Date, span: jiff::Span) -> Date {
    day.saturating_sub(span)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::practice::history::Promised;

    fn history() -> History {
        let promised = |day: Date, standing: Standing| {
            let id = format!("{day}{standing:?}");
            Promised { id, made: day, due: day, standing, settled: Some(day), sure: None }
        };
        // A Wednesday.
        let mut history = History::empty(date(2026, 3, 4));
        history.promises = vec![
            promised(date(2026, 3, 2), Standing::Kept),
            promised(date(2026, 3, 1), Standing::ToldAhead),
            promised(date(2026, 2, 23), Standing::Missed),
            promised(date(2026, 2, 24), Standing::Repaired),
            promised(date(2026, 2, 25), Standing::Released),
            promised(date(2025, 12, 1), Standing::KeptLate),
        ];
        history.check_in(date(2026, 3, 3), Some(4));
        history.check_in(date(2025, 4, 1), Some(2));
        history.check_in(date(2026, 3, 4), None);
        history
    }

    #[test]
    fn weeks_begin_on_monday_and_hold_what_came_due_in_them() {
        let weeks = weeks(&history());
        let [.., last, this] = &weeks[..] else { panic!("eight weeks") };
        assert_eq!((this.first, this.said, this.done), (date(2026, 3, 2), 1, 1));
        assert_eq!((last.said, last.repaired, last.ahead), (3, 1, 1), "Sunday is the last day of its week");
        assert_eq!(weeks_in_words(&weeks), "–, –, –, –, –, –, 2/3, 1/1");
    }

    #[test]
    fn the_mood_line_ends_today_and_the_year_begins_with_a_month() {
        let history = history();
        let days = moods(&history, first_of_days(&history));
        assert_eq!((days.len(), days[28], days[29]), (30, Some(4), None));
        assert!(moods_in_words(&days).ends_with("–, 4, –"));
        let year = moods(&history, first_of_year(&history));
        assert_eq!((first_of_year(&history), year[0], year.len()), (date(2025, 4, 1), Some(2), 338));
        assert_eq!(moods_counted(&year), "1: 0, 2: 1, 3: 0, 4: 1, 5: 0");
    }
}
