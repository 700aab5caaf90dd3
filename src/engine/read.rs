//! Reading what somebody typed: as a number, a time, a place on the clock, or one of several options.
//!
//! Forgiving about form and strict about meaning: what could mean two things is asked back, never guessed.

use jiff::civil::{Date, Time, Weekday};
use jiff::{ToSpan, Zoned};

use crate::phrase::{Phrase, any_occurs_in, fold};
use crate::schedule::{when, zones};
use crate::script::library::SharedWords;
use crate::script::model::{Choice, Type};
use crate::script::problem::edit_distance;
use crate::types::Value;

/// What a text was read as.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Reading {
    /// Exactly this.
    Value(Value),
    /// One of these, each with a label to ask back with.
    Several(Vec<(String, Value)>),
    /// Nothing.
    Unclear,
}

impl Reading {
    fn of(value: Option<Value>) -> Self {
        value.map_or(Reading::Unclear, Reading::Value)
    }
}

/// Reads a text as a type.
pub(crate) fn typed(text: &str, ty: &Type, words: &SharedWords, now: &Zoned) -> Reading {
    let text = text.trim();
    if text.is_empty() {
        return Reading::Unclear;
    }
    let folded = fold(text);
    match ty {
        Type::Text { .. } => Reading::Value(Value::text(text)),
        Type::Integer { from, to } => {
            Reading::of(integer(&folded).filter(|number| (from..=to).contains(&number)).map(Value::Int))
        }
        Type::Number { from, to } => Reading::of(number(&folded).filter(|n| n >= from && n <= to).map(Value::Number)),
        Type::Bool => Reading::of(yes_no(&folded, words).map(Value::Bool)),
        Type::Choice { of } => Reading::of(of.iter().find(|word| fold(word) == folded).map(Value::text)),
        Type::Date => Reading::of(date(&folded, now.date()).map(|date| Value::Date { date })),
        Type::Time => time(&folded),
        Type::Duration => Reading::of(duration(&folded).map(|seconds| Value::Duration { seconds })),
        Type::Zone => zone(text, &folded, now),
        Type::List => Reading::Value(Value::List(
            text.split([',', '\n']).map(str::trim).filter(|item| !item.is_empty()).map(Value::text).collect(),
        )),
    }
}

const NUMBER_WORDS: [&str; 21] = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
    "twenty",
];

fn integer(folded: &str) -> Option<i64> {
    let bare = folded.strip_suffix("/10").or_else(|| folded.strip_suffix(" out of 10")).unwrap_or(folded).trim();
    if let Ok(number) = bare.parse() {
        return Some(number);
    }
    NUMBER_WORDS.iter().position(|word| *word == bare).and_then(|at| i64::try_from(at).ok())
}

#[expect(clippy::cast_precision_loss, reason = "only words up to twenty")]
fn number(folded: &str) -> Option<f64> {
    let dotted = folded.replace(',', ".");
    dotted
        .parse()
        .ok()
        .filter(|number: &f64| number.is_finite())
        .or_else(|| integer(folded).map(|number| number as f64))
}

fn yes_no(folded: &str, words: &SharedWords) -> Option<bool> {
    let is = |list: &[Phrase]| list.iter().any(|phrase| phrase.is_all_of(folded));
    match (is(&words.yes), is(&words.no)) {
        (true, false) => Some(true),
        (false, true) => Some(false),
        _ => None,
    }
}

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// "tomorrow", "friday", "3 May", "May 3", "3 May 2027", "2027-05-03". A day without a year is the next such day.
fn date(folded: &str, today: Date) -> Option<Date> {
    match folded {
        "today" => return Some(today),
        "tomorrow" => return today.tomorrow().ok(),
        "yesterday" => return today.yesterday().ok(),
        _ => {}
    }
    if let Ok(date) = folded.parse::<Date>() {
        return Some(date);
    }
    let weekday = |word: &str| when::weekday(word).map(|day: Weekday| day);
    if let Some(day) = weekday(folded.trim_start_matches("next ").trim_start_matches("on ")) {
        return today.nth_weekday(1, day).ok();
    }
    let words: Vec<&str> =
        folded.split([' ', ',', '.']).filter(|word| !word.is_empty() && *word != "of" && *word != "the").collect();
    let month = |word: &str| MONTHS.iter().position(|month| word.len() >= 3 && month.starts_with(word));
    let day_of = |word: &str| word.trim_end_matches(|c: char| c.is_ascii_alphabetic()).parse::<i8>().ok();
    let (day, month, year) = match words[..] {
        [a, b] | [a, b, _] => match (month(a), month(b)) {
            (Some(month), None) => (day_of(b)?, month, words.get(2)),
            (None, Some(month)) => (day_of(a)?, month, words.get(2)),
            _ => return None,
        },
        _ => return None,
    };
    let month = i8::try_from(month).ok()? + 1;
    match year {
        Some(year) => Date::new(year.parse().ok()?, month, day).ok(),
        None => {
            let this = Date::new(today.year(), month, day).ok()?;
            if this >= today { Some(this) } else { this.checked_add(1.year()).ok() }
        }
    }
}

/// "20:00", "8pm", "8.30 pm", "20h", "noon". A bare hour from 1 to 11 could be morning or evening: asked back.
fn time(folded: &str) -> Reading {
    let whole = |hour: i8, minute: i8| Time::new(hour, minute, 0, 0).ok().map(|time| Value::Time { time });
    let bare = folded.trim_start_matches("at ").trim_start_matches("around ").trim_start_matches("about ");
    match bare {
        "noon" | "midday" => return Reading::of(whole(12, 0)),
        "midnight" => return Reading::of(whole(0, 0)),
        _ => {}
    }
    let (digits, half) = match meridiem(bare) {
        Some((digits, pm)) => (digits, Some(pm)),
        None => (bare, None),
    };
    let digits = digits.trim().trim_end_matches(" o'clock").trim_end_matches(" uhr").trim_end_matches('h');
    let (hour, minute) = match digits.split_once([':', '.', 'h']) {
        Some((hour, minute)) if minute.len() == 2 => (hour.parse::<i8>(), minute.parse::<i8>()),
        Some(_) => return Reading::Unclear,
        None => (digits.parse::<i8>(), Ok(0)),
    };
    let (Ok(hour), Ok(minute)) = (hour, minute) else { return Reading::Unclear };
    match half {
        Some(pm) if (1..=12).contains(&hour) => Reading::of(whole(hour % 12 + if pm { 12 } else { 0 }, minute)),
        Some(_) => Reading::Unclear,
        None if (1..=11).contains(&hour) && !digits.contains([':', '.', 'h']) => {
            let offers = [(hour, "morning"), (hour + 12, "evening")]
                .map(|(hour, _)| (format!("{hour:02}:{minute:02}"), whole(hour, minute).unwrap_or_default()));
            Reading::Several(offers.to_vec())
        }
        None => Reading::of(whole(hour, minute)),
    }
}

fn meridiem(text: &str) -> Option<(&str, bool)> {
    let endings = [
        ("pm", true),
        ("p.m", true),
        ("am", false),
        ("a.m", false),
        ("in the morning", false),
        ("in the evening", true),
        ("at night", true),
    ];
    endings.iter().find_map(|(ending, pm)| text.strip_suffix(ending).map(|rest| (rest.trim(), *pm)))
}

fn duration(folded: &str) -> Option<i64> {
    let unit_at = folded.find(|c: char| c.is_alphabetic())?;
    let (amount, unit) = (folded[..unit_at].trim(), folded[unit_at..].trim());
    let amount = if amount.is_empty() {
        let (word, rest) = unit.split_once(' ')?;
        let amount = if word == "a" || word == "an" { 1 } else { integer(word)? };
        return Some(amount * unit_seconds(rest)?);
    } else {
        amount.parse::<i64>().ok()?
    };
    amount.checked_mul(unit_seconds(unit)?).filter(|seconds| (0..=LONGEST).contains(seconds))
}

/// Ten years, in seconds.
const LONGEST: i64 = 3_660 * 86_400;

fn unit_seconds(unit: &str) -> Option<i64> {
    Some(match unit.trim_end_matches('s') {
        "m" | "min" | "minute" => 60,
        "h" | "hour" | "hr" => 3_600,
        "d" | "day" => 86_400,
        "w" | "week" => 604_800,
        _ => return None,
    })
}

fn zone(text: &str, folded: &str, now: &Zoned) -> Reading {
    let mut found = zones::find(text);
    if found.is_empty() {
        let clock = folded.trim_start_matches("it's ").trim_start_matches("it is ").trim_start_matches("its ");
        let times = match time(clock) {
            Reading::Value(value) => vec![value],
            Reading::Several(offers) => offers.into_iter().map(|(_, value)| value).collect(),
            Reading::Unclear => Vec::new(),
        };
        for value in times {
            if let Value::Time { time } = value {
                found.extend(zones::by_clock(time, now.timestamp()));
            }
        }
        found.truncate(6);
    }
    let mut offers: Vec<(String, Value)> = found.into_iter().map(|zone| (zone.label, Value::text(zone.zone))).collect();
    match offers.len() {
        0 => Reading::Unclear,
        1 => Reading::Value(offers.remove(0).1),
        _ => Reading::Several(offers),
    }
}

/// An option that can be chosen now: its place in the script and its label as shown.
pub(crate) struct Offered<'o> {
    pub(crate) index: usize,
    pub(crate) choice: &'o Choice,
    pub(crate) label: String,
}

/// Which of the options a text means; the value of the reading is the option's place in the script.
pub(crate) fn option(text: &str, offered: &[Offered<'_>]) -> Reading {
    let folded = fold(text);
    if folded.is_empty() {
        return Reading::Unclear;
    }
    let length = folded.chars().count();
    type Test<'t> = &'t dyn Fn(&Offered<'_>) -> bool;
    let number = integer(&folded);
    let numbered = offered.iter().any(|option| leading_number(&option.label).is_some());
    let by_number = |option: &Offered<'_>| match number {
        Some(number) if numbered => leading_number(&option.label) == Some(number),
        Some(number) => offered
            .iter()
            .position(|other| other.index == option.index)
            .is_some_and(|at| Ok(number) == i64::try_from(at + 1)),
        None => false,
    };
    let by_label = |option: &Offered<'_>| fold(&option.label) == folded;
    let by_value =
        |option: &Offered<'_>| option.choice.value.as_ref().is_some_and(|value| fold(&value.to_string()) == folded);
    let by_also = |option: &Offered<'_>| option.choice.also.iter().any(|phrase| phrase.is_all_of(&folded));
    let by_bare = |option: &Offered<'_>| fold(without_number(&option.label)) == folded;
    let by_phrase = |option: &Offered<'_>| {
        let label = Phrase::new(without_number(&option.label)).is_some_and(|phrase| phrase.occurs_in(&folded));
        label || any_occurs_in(&option.choice.also, &folded)
    };
    let near = |word: &str| {
        let (here, there) = (word.chars().count(), length);
        here >= 5 && there >= 4 && here.abs_diff(there) <= 1 && edit_distance(word, &folded) == 1
    };
    let by_nearness = |option: &Offered<'_>| {
        near(&fold(without_number(&option.label))) || option.choice.also.iter().any(|phrase| near(phrase.folded()))
    };
    let tests: [Test<'_>; 7] = [&by_label, &by_also, &by_number, &by_value, &by_bare, &by_phrase, &by_nearness];
    for test in tests {
        let hits: Vec<&Offered<'_>> = offered.iter().filter(|option| test(option)).collect();
        match hits[..] {
            [] => {}
            [only] => return Reading::Value(place(only)),
            _ => {
                return Reading::Several(
                    hits.into_iter().take(3).map(|option| (option.label.clone(), place(option))).collect(),
                );
            }
        }
    }
    Reading::Unclear
}

fn place(option: &Offered<'_>) -> Value {
    Value::Int(i64::try_from(option.index).unwrap_or(0))
}

fn leading_number(label: &str) -> Option<i64> {
    let digits: String = label.chars().take_while(char::is_ascii_digit).collect();
    let rest = &label[digits.len()..];
    // "20:00" is a time, not option number 20.
    if rest.starts_with([':', '.']) { None } else { digits.parse().ok() }
}

fn without_number(label: &str) -> &str {
    match leading_number(label) {
        Some(_) => label.trim_start_matches(|c: char| c.is_ascii_digit()).trim_start(),
        None => label,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil;

    fn read(text: &str, ty: &Type) -> Reading {
        let now = civil::date(2026, 3, 2).at(20, 0, 0, 0).in_tz("Europe/Vienna").unwrap();
        let phrases = |words: &[&str]| words.iter().filter_map(|word| Phrase::new(word)).collect();
        let words =
            SharedWords { yes: phrases(&["yes", "yep"]), no: phrases(&["no", "nope"]), ..SharedWords::default() };
        typed(text, ty, &words, &now)
    }

    fn clock(hour: i8, minute: i8) -> Reading {
        Reading::Value(Value::Time { time: civil::time(hour, minute, 0, 0) })
    }

    #[test]
    fn times_are_read_as_people_write_them() {
        for (text, hour, minute) in [
            ("20:00", 20, 0),
            ("8pm", 20, 0),
            ("8 PM", 20, 0),
            ("8.30 p.m.", 20, 30),
            ("20h", 20, 0),
            ("07:05", 7, 5),
            ("noon", 12, 0),
            ("12am", 0, 0),
            ("at 9 in the evening", 21, 0),
            ("20.15", 20, 15),
            ("20", 20, 0),
        ] {
            assert_eq!(read(text, &Type::Time), clock(hour, minute), "{text}");
        }
        assert!(matches!(read("8", &Type::Time), Reading::Several(offers) if offers.len() == 2));
        for text in ["25:00", "8:5", "soon", "13pm", "20:99"] {
            assert_eq!(read(text, &Type::Time), Reading::Unclear, "{text}");
        }
    }

    #[test]
    fn numbers_dates_lengths_and_yes_no() {
        let scale = Type::Integer { from: 0, to: 10 };
        assert_eq!(read("seven", &scale), Reading::Value(Value::Int(7)));
        assert_eq!(read("7/10", &scale), Reading::Value(Value::Int(7)));
        assert_eq!(read("11", &scale), Reading::Unclear);
        assert_eq!(read("Yep!", &Type::Bool), Reading::Value(Value::Bool(true)));
        assert_eq!(read("maybe", &Type::Bool), Reading::Unclear);
        for (text, day) in [
            ("tomorrow", (2026, 3, 3)),
            ("3 May", (2026, 5, 3)),
            ("May 3rd, 2027", (2027, 5, 3)),
            ("1 march", (2027, 3, 1)),
            ("friday", (2026, 3, 6)),
            ("2026-04-01", (2026, 4, 1)),
        ] {
            let date = civil::date(day.0, day.1, day.2);
            assert_eq!(read(text, &Type::Date), Reading::Value(Value::Date { date }), "{text}");
        }
        assert_eq!(read("two hours", &Type::Duration), Reading::Value(Value::Duration { seconds: 7200 }));
        assert_eq!(read("30 min", &Type::Duration), Reading::Value(Value::Duration { seconds: 1800 }));
    }

    #[test]
    fn a_zone_comes_from_a_city_or_from_the_clock() {
        assert_eq!(read("vienna", &Type::Zone), Reading::Value(Value::text("Europe/Vienna")));
        assert_eq!(read("00:45", &Type::Zone), Reading::Value(Value::text("Asia/Kathmandu")));
        assert!(matches!(read("it's 20:01", &Type::Zone), Reading::Several(_)));
        assert!(matches!(read("birmingham", &Type::Zone), Reading::Several(_)));
        assert_eq!(read("atlantis", &Type::Zone), Reading::Unclear);
    }
}
