//! The numbers of a picture: what somebody did, day by day, as it is drawn.
//!
//! Draws nothing. No picture holds a word of the person's.

use jiff::ToSpan as _;
use jiff::civil::Date;

use super::turn::Turn;
use crate::practice::gold::{self, Breadth};
use crate::practice::history::History;
use crate::practice::promise::Standing;
use crate::script::locale::Writing;
use crate::types::{Drawing, Picture, Subject, Theme, Value, Week};

/// The fact that says in which colours pictures are.
const COLOURS: &str = "pictures";
/// How many days the mood line shows, today included.
const DAYS: i64 = 30;
/// How many weeks the bars show, this one included.
const WEEKS: i64 = 8;
/// How many months a year shows beside this one.
const MONTHS: i64 = 11;

impl Turn<'_> {
    /// What a picture shows now; nothing when the history is not there, which is noted.
    pub(crate) fn picture(&self, picture: Picture) -> Option<Drawing> {
        let Some(history) = self.history() else { return None };
        let writing = &self.library.words().writing;
        let subject = match picture {
            Picture::Seam => seam(history, self.state.seed),
            Picture::Mood => mood(history, writing),
            Picture::Year => year(history),
            Picture::Bars => bars(history, writing),
        };
        let theme = match self.fact(COLOURS) {
            Value::Text(words) if words == "dark" => Theme::Dark,
            _ => Theme::Light,
        };
        Some(Drawing { subject, theme })
    }
}

/// Broad pieces come first, whenever they were laid: so nothing gets thinner when an older thing is settled later.
fn seam(history: &History, plate: u64) -> Subject {
    let pieces = gold::pieces(history);
    let count = |breadth| {
        let found = pieces.iter().filter(|piece| piece.breadth == breadth).count();
        u32::try_from(found).unwrap_or(u32::MAX)
    };
    Subject::Seam { plate, full: count(Breadth::Full), thin: count(Breadth::Thin) }
}

fn mood(history: &History, writing: &Writing) -> Subject {
    let first = before(history.today, (DAYS - 1).days());
    let ends = [writing.short_date(first), writing.short_date(history.today)];
    Subject::Mood { days: moods(history, first), ends }
}

fn year(history: &History) -> Subject {
    let first = before(history.today.first_of_month(), MONTHS.months());
    Subject::Year { first, moods: moods(history, first) }
}

/// The mood of each day from the first one until today.
fn moods(history: &History, first: Date) -> Vec<Option<u8>> {
    let days = first.series(1.day()).take_while(|day| *day <= history.today);
    let mood = |day| {
        let found = history.checkins.iter().find(|one| one.day == day)?.mood?;
        u8::try_from(found).ok()
    };
    days.map(mood).collect()
}

/// Weeks begin on Monday. A promise belongs to the week of the day that it counts for.
fn bars(history: &History, writing: &Writing) -> Subject {
    let monday = before(history.today, i64::from(history.today.weekday().to_monday_zero_offset()).days());
    let weeks = (0..WEEKS).rev().map(|ago| {
        let first = before(monday, ago.weeks());
        let mut week = Week { label: writing.short_date(first), ..Week::default() };
        for one in &history.promises {
            let is_in = |day: Date| (0..7).contains(&(day - first).get_days());
            if one.counts_on().is_some_and(is_in) {
                add(&mut week, one.standing);
            }
        }
        week
    });
    Subject::Bars { weeks: weeks.collect() }
}

fn add(week: &mut Week, standing: Standing) {
    let count = match standing {
        Standing::Kept | Standing::KeptLate => &mut week.done,
        Standing::Repaired => &mut week.repaired,
        Standing::ToldAhead => &mut week.ahead,
        Standing::Missed => &mut week.said,
        Standing::Open | Standing::Released => return,
    };
    *count = count.saturating_add(1);
    if standing != Standing::Missed {
        week.said = week.said.saturating_add(1);
    }
}

/// The calendar has a first day; there is nothing before it to show.
fn before(day: Date, span: jiff::Span) -> Date {
    day.saturating_sub(span)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::practice::history::{Promised, Returned};

    /// A Wednesday.
    const TODAY: Date = date(2026, 3, 4);

    fn promised(day: Date, standing: Standing) -> Promised {
        Promised { id: format!("{day}{standing:?}"), made: day, due: day, standing, settled: Some(day) }
    }

    fn history() -> History {
        let mut history = History::empty(TODAY);
        history.promises = vec![
            promised(date(2026, 3, 2), Standing::Kept),
            promised(date(2026, 3, 1), Standing::ToldAhead),
            promised(date(2026, 2, 23), Standing::Missed),
            promised(date(2026, 2, 24), Standing::Repaired),
            promised(date(2026, 2, 25), Standing::Released),
            promised(date(2025, 12, 1), Standing::KeptLate),
        ];
        history.returns.push(Returned { id: "r".into(), day: date(2026, 2, 20), away: 4 });
        history.check_in(date(2026, 3, 3), Some(4));
        history.check_in(date(2025, 4, 1), Some(2));
        history.check_in(TODAY, None);
        history
    }

    #[test]
    fn gold_is_counted_by_its_breadth() {
        assert_eq!(seam(&history(), 9), Subject::Seam { plate: 9, full: 2, thin: 3 });
    }

    #[test]
    fn weeks_begin_on_monday_and_hold_what_was_due_in_them() {
        let Subject::Bars { weeks } = bars(&history(), &Writing::default()) else { panic!("bars") };
        assert_eq!(weeks.len(), 8);
        let [.., before, last, this] = &weeks[..] else { panic!("weeks") };
        assert_eq!((this.said, this.done, this.repaired, this.ahead), (1, 1, 0, 0));
        assert_eq!((last.said, last.done, last.repaired, last.ahead), (3, 0, 1, 1), "Sunday is the last day of its week");
        assert_eq!((before.said, before.label.as_str()), (0, "2026-02-16"));
    }

    #[test]
    fn the_mood_line_ends_today_and_the_year_begins_with_a_month() {
        let Subject::Mood { days, .. } = mood(&history(), &Writing::default()) else { panic!("mood") };
        assert_eq!((days.len(), days[28], days[29]), (30, Some(4), None));
        let Subject::Year { first, moods } = year(&history()) else { panic!("a year") };
        assert_eq!((first, moods[0], moods.len()), (date(2025, 4, 1), Some(2), 338));
    }
}
