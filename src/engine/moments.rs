//! Numbers, dates, times and lengths as people write them, by the words of one language.
//!
//! What could mean two things gives two readings; nothing is guessed.

use jiff::ToSpan;
use jiff::civil::{Date, Time, Weekday};

use crate::phrase::fold;
use crate::script::locale::{DateOrder, Reading};

/// Ten years, in seconds.
const LONGEST: i64 = 3_660 * 86_400;
const DAY: i64 = 86_400;

/// "seven", "7", "7/10".
pub(crate) fn integer(folded: &str, words: &Reading) -> Option<i64> {
    let bare = words.of_ten.iter().find_map(|ending| folded.strip_suffix(ending.as_str())).unwrap_or(folded).trim();
    bare.parse().ok().or_else(|| words.numbers.get(bare).copied())
}

/// "tomorrow", "friday", "3 May", "May 3", "3 May 2027", "2027-05-03", "3/5", "in three days". A day without a year is the next such day.
/// Several come back for 3/5 where that is read in both ways.
pub(crate) fn dates(folded: &str, today: Date, words: &Reading) -> Vec<Date> {
    let away = |days: i64| today.checked_add(i32::try_from(days).unwrap_or(i32::MAX).days()).ok();
    if let Some(days) = words.days.get(folded) {
        return away(*days).into_iter().collect();
    }
    if let Ok(date) = folded.parse::<Date>() {
        return vec![date];
    }
    let ahead = strip_any(folded, &words.after).and_then(|rest| length(rest, words)).filter(|span| span % DAY == 0);
    if let Some(seconds) = ahead {
        return away(seconds / DAY).into_iter().collect();
    }
    let bare = without(folded, &words.date_words);
    if let Some(days) = words.days.get(&bare) {
        return away(*days).into_iter().collect();
    }
    if let Some(day) = weekday(&bare, words) {
        return today.nth_weekday(1, day).into_iter().collect();
    }
    let parts: Vec<&str> = bare.split([' ', ',', '.', '/']).filter(|part| !part.is_empty()).collect();
    let parts: Vec<&str> =
        parts.into_iter().filter(|part| weekday(part, words).is_none() || month(part, words).is_some()).collect();
    if let Some(numbers) = parts.iter().map(|part| part.parse::<i16>().ok()).collect::<Option<Vec<i16>>>() {
        return in_numbers(&numbers, today, words.date_order);
    }
    named(&parts, today, words).into_iter().collect()
}

/// "3 May", "May 3rd 2027".
fn named(parts: &[&str], today: Date, words: &Reading) -> Option<Date> {
    let ([first, second] | [first, second, _]) = parts else { return None };
    let (day, month) = match (month(first, words), month(second, words)) {
        (Some(month), None) => (day_of(second, words)?, month),
        (None, Some(month)) => (day_of(first, words)?, month),
        _ => return None,
    };
    let year = match parts.get(2) {
        Some(year) => Some(year.parse().ok()?),
        None => None,
    };
    day_in(day, month, year, today)
}

fn in_numbers(numbers: &[i16], today: Date, order: DateOrder) -> Vec<Date> {
    let (first, second, year) = match numbers {
        [first, second] => (*first, *second, None),
        [first, second, year] => (*first, *second, Some(if *year < 100 { year + 2_000 } else { *year })),
        _ => return Vec::new(),
    };
    let read = |day: i16, month: i16| day_in(i8::try_from(day).ok()?, i8::try_from(month).ok()?, year, today);
    let mut found: Vec<Date> = match order {
        DateOrder::DayMonth => read(first, second).into_iter().collect(),
        DateOrder::MonthDay => read(second, first).into_iter().collect(),
        DateOrder::Either => read(first, second).into_iter().chain(read(second, first)).collect(),
    };
    found.dedup();
    found
}

/// "3 May", "May 3rd": day and month, which need not exist.
pub(crate) fn day_and_month(folded: &str, words: &Reading) -> Option<(i8, i8)> {
    let bare = without(folded, &words.date_words);
    let parts: Vec<&str> = bare.split_whitespace().collect();
    let [first, second] = parts[..] else { return None };
    let (day, month) = match (month(first, words), month(second, words)) {
        (Some(month), None) => (day_of(second, words)?, month),
        (None, Some(month)) => (day_of(first, words)?, month),
        _ => return None,
    };
    (1..=31).contains(&day).then_some((day, month))
}

fn day_in(day: i8, month: i8, year: Option<i16>, today: Date) -> Option<Date> {
    match year {
        Some(year) => Date::new(year, month, day).ok(),
        None => {
            let this = Date::new(today.year(), month, day).ok()?;
            if this >= today { Some(this) } else { this.checked_add(1.year()).ok() }
        }
    }
}

/// A name or at least three letters of it; one that begins several names is none of them.
fn place_in(names: &[String], word: &str) -> Option<i8> {
    let folded: Vec<String> = names.iter().map(|name| fold(name)).collect();
    let whole = folded.iter().position(|name| name == word);
    let mut begun = folded.iter().enumerate().filter(|(_, name)| word.chars().count() >= 3 && name.starts_with(word));
    let only = || match (begun.next(), begun.next()) {
        (Some((at, _)), None) => Some(at),
        _ => None,
    };
    whole.or_else(only).and_then(|at| i8::try_from(at).ok())
}

fn month(word: &str, words: &Reading) -> Option<i8> {
    place_in(&words.months, word).map(|at| at + 1)
}

pub(crate) fn weekday(word: &str, words: &Reading) -> Option<Weekday> {
    place_in(&words.weekdays, word).and_then(|at| Weekday::from_monday_zero_offset(at).ok())
}

/// "3", "3rd", "third".
pub(crate) fn day_of(word: &str, words: &Reading) -> Option<i8> {
    let digits = word.trim_end_matches(|c: char| !c.is_ascii_digit());
    digits.parse().ok().or_else(|| words.numbers.get(word).and_then(|day| i8::try_from(*day).ok()))
}

/// "20:00", "8pm", "half past eight", "noon". A bare hour from 1 to 11 could be before or after noon: both come back.
pub(crate) fn times(folded: &str, words: &Reading) -> Vec<Time> {
    let mut bare = folded;
    while let Some(rest) = strip_any(bare, &words.time_words) {
        bare = rest;
    }
    if let Some(time) = words.times.get(bare) {
        return vec![*time];
    }
    let (bare, part) = part_of_day(bare, words);
    let (bare, around) = around_hour(bare, words);
    let bare = words.hour_words.iter().find_map(|word| bare.strip_suffix(word.as_str())).unwrap_or(bare).trim();
    let Some((hour, minute, exact)) = clock(bare, words) else { return Vec::new() };
    let at = |hour: i64| {
        let minutes = (hour * 60 + minute + around).rem_euclid(1_440);
        Time::new(i8::try_from(minutes / 60).ok()?, i8::try_from(minutes % 60).ok()?, 0, 0).ok()
    };
    let hours = match part {
        Some(part) => part.hour(hour).into_iter().collect(),
        None if (1..=11).contains(&hour) && !exact => vec![hour, hour + 12],
        None => vec![hour],
    };
    hours.into_iter().filter_map(at).collect()
}

/// Hour and minute, and whether they were written as on a clock.
fn clock(text: &str, words: &Reading) -> Option<(i64, i64, bool)> {
    let (hour, minute, exact) = match text.split_once([':', '.', 'h']) {
        Some((hour, minute)) if minute.len() == 2 && !hour.is_empty() => {
            (hour.parse().ok()?, minute.parse().ok()?, true)
        }
        _ => (text.parse().ok().or_else(|| words.numbers.get(text).copied())?, 0, false),
    };
    ((0..=23).contains(&hour) && (0..=59).contains(&minute)).then_some((hour, minute, exact))
}

/// What a word behind the hour says about it.
#[derive(Clone, Copy)]
enum Part {
    Morning,
    Afternoon,
    Night,
}

impl Part {
    /// The hour of 24 for one of 12.
    fn hour(self, hour: i64) -> Option<i64> {
        if !(1..=12).contains(&hour) {
            return None;
        }
        Some(match self {
            Part::Morning => hour % 12,
            Part::Afternoon => hour % 12 + 12,
            // One at night is after midnight, ten at night is before it.
            Part::Night if hour == 12 || hour < 5 => hour % 12,
            Part::Night => hour + 12,
        })
    }
}

fn part_of_day<'t>(text: &'t str, words: &Reading) -> (&'t str, Option<Part>) {
    let lists = [(&words.morning, Part::Morning), (&words.afternoon, Part::Afternoon), (&words.night, Part::Night)];
    let mut endings = lists.into_iter().flat_map(|(list, part)| list.iter().map(move |word| (word, part)));
    let found = endings.find_map(|(word, part)| Some((text.strip_suffix(word.as_str())?.trim_end(), part)));
    found.map_or((text, None), |(rest, part)| (rest, Some(part)))
}

fn around_hour<'t>(text: &'t str, words: &Reading) -> (&'t str, i64) {
    let found = words.minutes.iter().find_map(|(before, after, minutes)| {
        let rest = text.strip_prefix(before.as_str())?.strip_suffix(after.as_str())?;
        Some((rest.trim(), *minutes))
    });
    found.unwrap_or((text, 0))
}

/// "30 min", "two hours", "half an hour": in seconds.
pub(crate) fn length(folded: &str, words: &Reading) -> Option<i64> {
    if let Some(seconds) = words.lengths.get(folded) {
        return Some(*seconds);
    }
    let unit_at = folded.find(|c: char| c.is_alphabetic())?;
    let (amount, unit) = match folded[..unit_at].trim() {
        // Number words may be of several words themselves.
        "" => folded.match_indices(' ').find_map(|(at, _)| {
            let (word, unit) = (&folded[..at], folded[at..].trim());
            let is_one = words.articles.iter().any(|article| article == word);
            let amount = if is_one { Some(1) } else { words.numbers.get(word).copied() };
            amount.filter(|_| words.units.contains_key(unit)).map(|amount| (amount, unit))
        })?,
        digits => (digits.parse().ok()?, folded[unit_at..].trim()),
    };
    let seconds = words.units.get(unit).and_then(|unit| amount.checked_mul(*unit));
    seconds.filter(|seconds| (0..=LONGEST).contains(seconds))
}

/// What stands behind one of several beginnings; each is a whole word.
pub(crate) fn strip_any<'t>(text: &'t str, beginnings: &[String]) -> Option<&'t str> {
    beginnings.iter().find_map(|word| text.strip_prefix(word.as_str())?.strip_prefix(' ')).map(str::trim)
}

/// A text without some words.
fn without(text: &str, words: &[String]) -> String {
    let mut padded = format!(" {} ", text.replace(',', " , "));
    for word in words {
        let padded_word = format!(" {word} ");
        while padded.contains(&padded_word) {
            padded = padded.replacen(&padded_word, " ", 1);
        }
    }
    padded.split_whitespace().filter(|part| *part != ",").collect::<Vec<_>>().join(" ")
}
