//! Lines with a day: `2026-05-14 our day`, and `--05-14 our day` for one that comes each year.
//!
//! The day stands in front as ISO 8601 writes it, so a list of such lines is a list of texts like any other. Never knows today.

use std::fmt;

use jiff::civil::Date;

/// Which day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Day {
    /// This one and no other.
    Once(Date),
    /// This one each year. 29 February is the 28th in years that have none.
    Yearly {
        /// 1 to 12.
        month: i8,
        /// 1 to 31.
        day: i8,
    },
}

impl Day {
    /// The same day each year.
    #[must_use]
    pub fn yearly(date: Date) -> Self {
        Day::Yearly { month: date.month(), day: date.day() }
    }

    /// The day itself; of one that comes each year the first from a day on, that day included.
    #[must_use]
    pub fn from(self, start: Date) -> Date {
        match self {
            Day::Once(date) => date,
            Day::Yearly { month, day } => {
                let this = in_year(start.year(), month, day);
                let next = || in_year(start.year().saturating_add(1), month, day);
                this.filter(|date| *date >= start).or_else(next).unwrap_or(start)
            }
        }
    }

    fn read(word: &str) -> Option<Self> {
        match word.strip_prefix("--") {
            Some(rest) => {
                // A leap year has every day that there is.
                let date: Date = format!("2000-{rest}").parse().ok()?;
                Some(Day::yearly(date))
            }
            None => word.parse().ok().map(Day::Once),
        }
    }
}

fn in_year(year: i16, month: i8, day: i8) -> Option<Date> {
    let first = Date::new(year, month, 1).ok()?;
    Date::new(year, month, day.min(first.days_in_month())).ok()
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Day::Once(date) => write!(f, "{date}"),
            Day::Yearly { month, day } => write!(f, "--{month:02}-{day:02}"),
        }
    }
}

/// A line with its day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dated<'l> {
    /// Its day.
    pub day: Day,
    /// What stands behind the day.
    pub text: &'l str,
}

impl<'l> Dated<'l> {
    /// Reads a line; nothing for one without a day.
    #[must_use]
    pub fn read(line: &'l str) -> Option<Self> {
        let (word, text) = line.split_once(' ').unwrap_or((line, ""));
        let looks = word.len() >= 7 && word.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
        looks.then(|| Day::read(word)).flatten().map(|day| Self { day, text })
    }
}

impl fmt::Display for Dated<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.day, self.text)
    }
}

/// Those of some lines that have a day, the earliest first; with `from` only what falls on that day or later. With `to` as well only
/// what falls between them, and what comes each year stands there with the day on which it does.
#[must_use]
pub fn in_order(lines: &[&str], today: Date, from: Option<Date>, to: Option<Date>) -> Vec<String> {
    let start = from.unwrap_or(today);
    let dated = lines.iter().filter_map(|line| Dated::read(line));
    let mut found: Vec<(Date, Dated<'_>)> = dated
        .map(|line| (line.day.from(start), line))
        .filter(|(day, _)| from.is_none_or(|from| *day >= from) && to.is_none_or(|to| *day <= to))
        .collect();
    found.sort_by_key(|(day, _)| *day);
    let shown = |(day, line): (Date, Dated<'_>)| match to {
        Some(_) => Dated { day: Day::Once(day), ..line }.to_string(),
        None => line.to_string(),
    };
    found.into_iter().map(shown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn a_line_is_read_as_it_is_written() {
        for line in ["2026-05-14 our day", "--02-29 the day it came out", "2026-05-14 two\nlines", "--12-01 "] {
            assert_eq!(Dated::read(line).map(|dated| dated.to_string()).as_deref(), Some(line));
        }
        for line in ["", "our day", "2026-05-14: colon", "2026-13-01 x", "--02-30 x", "2026 x", "- x", "20260514T10 x"]
        {
            assert_eq!(Dated::read(line), None, "{line}");
        }
    }

    #[test]
    fn a_yearly_day_is_the_next_one_and_never_missing() {
        let moved = Day::yearly(date(2024, 2, 29));
        assert_eq!(moved.from(date(2026, 3, 1)), date(2027, 2, 28));
        assert_eq!(moved.from(date(2028, 1, 1)), date(2028, 2, 29));
        let day = Day::yearly(date(2019, 5, 14));
        assert_eq!(day.from(date(2026, 5, 14)), date(2026, 5, 14));
        assert_eq!(day.from(date(2026, 5, 15)), date(2027, 5, 14));
    }

    #[test]
    fn lines_come_in_order_and_within_their_days() {
        let lines = ["2026-06-01 c", "no day", "--05-14 b", "2026-03-03 a", "--03-01 next year"];
        let today = date(2026, 3, 2);
        let all = in_order(&lines, today, None, None);
        assert_eq!(all, ["2026-03-03 a", "--05-14 b", "2026-06-01 c", "--03-01 next year"]);
        let some = in_order(&lines, today, Some(date(2026, 3, 4)), Some(date(2026, 5, 14)));
        assert_eq!(some, ["2026-05-14 b"]);
        assert!(in_order(&lines, today, Some(date(2026, 3, 4)), Some(date(2026, 3, 4))).is_empty());
    }
}
