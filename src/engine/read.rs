//! Reading what somebody typed: as a number, a time, a place on the clock, or one of several options.
//!
//! Forgiving about form and strict about meaning: what could mean two things is asked back, never guessed.

use std::borrow::Cow;
use std::cell::LazyCell;

use jiff::Zoned;

use super::moments;
use super::wishes::{self, Here};
use crate::phrase::{Phrase, any_occurs_in, fold, may_fold_to};
use crate::schedule::zones;
use crate::script::locale::Reading as Words;
use crate::script::model::{Choice, Type};
use crate::script::problem::edit_distance;
use crate::script::words::SharedWords;
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
pub(crate) fn typed(text: &str, ty: &Type, words: &SharedWords, here: &Here<'_>) -> Reading {
    let text = text.trim();
    if text.is_empty() {
        return Reading::Unclear;
    }
    let folded = fold(text);
    match ty {
        Type::Text { .. } => Reading::Value(Value::text(text)),
        Type::Integer { from, to } => {
            Reading::of(integer(&folded, words).filter(|number| (from..=to).contains(&number)).map(Value::Int))
        }
        Type::Number { from, to } => {
            Reading::of(number(&folded, words).filter(|n| n >= from && n <= to).map(Value::Number))
        }
        Type::Bool => Reading::of(yes_no(&folded, words).map(Value::Bool)),
        Type::Choice { of } => Reading::of(of.iter().find(|word| fold(word) == folded).map(Value::text)),
        Type::Date => first(words, |own| moments::dates(&folded, here.today, own), |date| Value::Date { date }),
        Type::Time => first(words, |own| moments::times(&folded, own), |time| Value::Time { time }),
        Type::Duration => {
            let length = words.reading.iter().find_map(|own| moments::length(&folded, own));
            Reading::of(length.map(|seconds| Value::Duration { seconds }))
        }
        Type::Zone => zone(text, &folded, words, here.now),
        Type::When => when(&folded, words, here),
        Type::List => Reading::Value(Value::List(
            text.split([',', '\n']).map(str::trim).filter(|item| !item.is_empty()).map(Value::text).collect(),
        )),
    }
}

/// What the first language makes of a text that makes anything of it: the person's, else the source language.
fn first<T: Copy>(words: &SharedWords, read: impl Fn(&Words) -> Vec<T>, value: impl Fn(T) -> Value) -> Reading {
    let found = words.reading.iter().map(read).find(|found| !found.is_empty()).unwrap_or_default();
    match found[..] {
        [] => Reading::Unclear,
        [only] => Reading::Value(value(only)),
        _ => Reading::Several(found.into_iter().map(|one| (words.writing.show(&value(one)), value(one))).collect()),
    }
}

/// What the first language makes of a wish that makes anything of it, with each reading in words.
fn when(folded: &str, words: &SharedWords, here: &Here<'_>) -> Reading {
    let found = words.reading.iter().map(|own| wishes::rules(folded, own, here)).find(|found| !found.is_empty());
    let mut offers: Vec<(String, Value)> = found
        .unwrap_or_default()
        .into_iter()
        .map(|rule| (words.writing.when(&rule, here.now), Value::when(rule)))
        .collect();
    match offers.len() {
        0 => Reading::Unclear,
        1 => Reading::Value(offers.remove(0).1),
        _ => Reading::Several(offers),
    }
}

fn integer(folded: &str, words: &SharedWords) -> Option<i64> {
    // The digits are the same in all languages.
    folded.parse().ok().or_else(|| words.reading.iter().find_map(|own| moments::integer(folded, own)))
}

#[expect(clippy::cast_precision_loss, reason = "only the numbers that have words")]
fn number(folded: &str, words: &SharedWords) -> Option<f64> {
    let dotted = folded.replace(',', ".");
    dotted
        .parse()
        .ok()
        .filter(|number: &f64| number.is_finite())
        .or_else(|| integer(folded, words).map(|number| number as f64))
}

fn yes_no(folded: &str, words: &SharedWords) -> Option<bool> {
    let is = |list: &[Phrase]| list.iter().any(|phrase| phrase.is_all_of(folded));
    match (is(&words.yes), is(&words.no)) {
        (true, false) => Some(true),
        (false, true) => Some(false),
        _ => None,
    }
}

fn zone(text: &str, folded: &str, words: &SharedWords, now: &Zoned) -> Reading {
    let place = words.reading.iter().find_map(|own| {
        let bare = moments::strip_any(folded, &own.after).unwrap_or(folded);
        own.places.get(bare).or_else(|| own.places.get(bare.split([',', '(']).next()?.trim()))
    });
    if let Some(zone) = place {
        return Reading::Value(Value::text(zone.as_str()));
    }
    let mut found = zones::find(text);
    if found.is_empty() {
        let times = words.reading.iter().map(|own| moments::times(folded, own)).find(|times| !times.is_empty());
        for time in times.unwrap_or_default() {
            found.extend(zones::by_clock(time, now.timestamp()));
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
    pub(crate) label: Cow<'o, str>,
}

/// Which of the options a folded text means; the value of the reading is the option's place in the script.
pub(crate) fn option(folded: &str, offered: &[Offered<'_>], words: &SharedWords) -> Reading {
    if folded.is_empty() {
        return Reading::Unclear;
    }
    let length = folded.chars().count();
    type Test<'t> = &'t dyn Fn(&Offered<'_>) -> bool;
    let number = LazyCell::new(|| integer(folded, words));
    let numbered = offered.iter().any(|option| leading_number(&option.label).is_some());
    let by_number = |option: &Offered<'_>| match *number {
        Some(number) if numbered => leading_number(&option.label) == Some(number),
        Some(number) => offered
            .iter()
            .position(|other| other.index == option.index)
            .is_some_and(|at| Ok(number) == i64::try_from(at + 1)),
        None => false,
    };
    let by_label = |option: &Offered<'_>| is_folded(&option.label, folded);
    let by_value = |option: &Offered<'_>| match &option.choice.value {
        None => false,
        Some(Value::Text(value)) => is_folded(value, folded),
        Some(value) => is_folded(&value.to_string(), folded),
    };
    let by_also = |option: &Offered<'_>| option.choice.also.iter().any(|phrase| phrase.is_all_of(folded));
    let by_bare = |option: &Offered<'_>| is_folded(without_number(&option.label), folded);
    let answer = LazyCell::new(|| yes_no(folded, words));
    let by_answer = |option: &Offered<'_>| match *answer {
        Some(true) => answers(option, &words.yes),
        Some(false) => answers(option, &words.no),
        None => false,
    };
    let by_phrase = |option: &Offered<'_>| {
        let label = Phrase::new(without_number(&option.label)).is_some_and(|phrase| phrase.occurs_in(folded));
        label || any_occurs_in(&option.choice.also, folded)
    };
    let near = |word: &str| {
        let (here, there) = (word.chars().count(), length);
        here >= 5 && there >= 4 && here.abs_diff(there) <= 1 && edit_distance(word, folded) == 1
    };
    let by_nearness = |option: &Offered<'_>| {
        near(&fold(without_number(&option.label))) || option.choice.also.iter().any(|phrase| near(phrase.folded()))
    };
    let tests: [Test<'_>; 8] =
        [&by_label, &by_also, &by_number, &by_value, &by_bare, &by_answer, &by_phrase, &by_nearness];
    for test in tests {
        let mut hits = offered.iter().filter(|option| test(option));
        match (hits.next(), hits.next()) {
            (None, _) => {}
            (Some(only), None) => return Reading::Value(place(only)),
            (Some(first), Some(second)) => {
                let hits = [first, second].into_iter().chain(hits.next());
                return Reading::Several(
                    hits.map(|option| (option.label.clone().into_owned(), place(option))).collect(),
                );
            }
        }
    }
    Reading::Unclear
}

/// True when a text folds to this. Most are told apart without folding them.
fn is_folded(text: &str, folded: &str) -> bool {
    let differs = text.is_ascii() && text.len() < folded.len();
    !differs && may_fold_to(text, folded) && fold(text) == folded
}

/// True when one of these words, yes in all its forms or no, is another way to say the option, or what its label says before a comma:
/// "Yes, they have". "No longer mine" is no no.
fn answers(option: &Offered<'_>, list: &[Phrase]) -> bool {
    let is_one = |word: &str| list.iter().any(|phrase| phrase.is_all_of(word));
    let said_first = option.label.split([',', ';', ':', '.']).next().unwrap_or_default();
    is_one(&fold(said_first)) || option.choice.also.iter().any(|phrase| is_one(phrase.folded()))
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

    /// The words of the shipped scripts, or of a language beside them.
    fn words(language: Option<(&str, &str)>) -> SharedWords {
        let mut files = crate::prompts::shipped();
        files.retain(|file| !file.path.starts_with("languages/"));
        let tag = language.map_or("en", |(tag, _)| tag);
        files.extend(language.map(|(tag, text)| crate::script::PromptFile {
            path: format!("languages/{tag}/phrases.yaml"),
            text: text.to_owned(),
        }));
        let (library, report) = crate::script::Library::load(&files);
        library.unwrap_or_else(|| panic!("{}", report.render(false))).edition(tag).words().clone()
    }

    fn read(text: &str, ty: &Type) -> Reading {
        static WORDS: std::sync::LazyLock<SharedWords> = std::sync::LazyLock::new(|| words(None));
        let now = civil::date(2026, 3, 2).at(20, 0, 0, 0).in_tz("Europe/Vienna").unwrap();
        typed(text, ty, &WORDS, &here(&now))
    }

    /// Somebody whose days are usual.
    fn here(now: &Zoned) -> Here<'_> {
        static JOINS: std::sync::LazyLock<Vec<String>> = std::sync::LazyLock::new(|| vec!["and".into(), "y".into()]);
        Here { now, today: now.date(), seed: 7, part: &|part| part.usual(), joins: &JOINS }
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
            ("half past 8 in the evening", 20, 30),
            ("a quarter to seven pm", 18, 45),
            ("12 at night", 0, 0),
            ("eleven at night", 23, 0),
        ] {
            assert_eq!(read(text, &Type::Time), clock(hour, minute), "{text}");
        }
        assert!(matches!(read("8", &Type::Time), Reading::Several(offers) if offers.len() == 2));
        for text in ["25:00", "8:5", "soon", "13pm", "20:99"] {
            assert_eq!(read(text, &Type::Time), Reading::Unclear, "{text}");
        }
    }

    /// Which of these options a text means, in the words of a language.
    fn chosen(text: &str, options: &[(&str, &[&str])], words: &SharedWords) -> Reading {
        let choice = |(label, also): &(&str, &[&str])| Choice {
            span: 0..0,
            label: crate::script::text::Template::empty(0..0),
            value: Some(Value::text(format!("value of {label}"))),
            also: also.iter().filter_map(|word| Phrase::new(word)).collect(),
            condition: None,
            then: 0,
        };
        let choices: Vec<Choice> = options.iter().map(choice).collect();
        let offered = |(index, choice)| Offered { index, choice, label: options[index].0.into() };
        option(&fold(text), &choices.iter().enumerate().map(offered).collect::<Vec<_>>(), words)
    }

    #[test]
    fn a_yes_and_a_no_are_taken_by_the_button_that_says_so() {
        let words = words(None);
        let answered: &[(&str, &[&str])] = &[("Yes, they have", &[]), ("Nothing so far", &["no"]), ("No longer", &[])];
        for (text, place) in
            [("yes", Some(0)), ("yep", Some(0)), ("of course", Some(0)), ("nope", Some(1)), ("hm", None)]
        {
            let wanted = place.map_or(Reading::Unclear, |place| Reading::Value(Value::Int(place)));
            assert_eq!(chosen(text, answered, &words), wanted, "{text}");
        }
        // What an author lists goes before what everybody means by it.
        let listed: &[(&str, &[&str])] = &[("Yes", &[]), ("Leave it", &["ok"])];
        assert_eq!(chosen("ok", listed, &words), Reading::Value(Value::Int(1)));
        let both: &[(&str, &[&str])] = &[("Yes, today", &[]), ("Yes, tomorrow", &[])];
        assert!(matches!(chosen("yes", both, &words), Reading::Several(offers) if offers.len() == 2));
        assert_eq!(chosen("no", both, &words), Reading::Unclear);
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
            ("next Friday", (2026, 3, 6)),
            ("on the third of May", (2026, 5, 3)),
            ("Tuesday, March 3", (2026, 3, 3)),
            ("the day after tomorrow", (2026, 3, 4)),
            ("in two weeks", (2026, 3, 16)),
            ("25/12", (2026, 12, 25)),
            ("3/3/27", (2027, 3, 3)),
        ] {
            let date = civil::date(day.0, day.1, day.2);
            assert_eq!(read(text, &Type::Date), Reading::Value(Value::Date { date }), "{text}");
        }
        assert!(matches!(read("3/5", &Type::Date), Reading::Several(offers) if offers.len() == 2));
        for text in ["may", "3", "the", "in two hours", "31 february"] {
            assert_eq!(read(text, &Type::Date), Reading::Unclear, "{text}");
        }
        assert_eq!(read("half an hour", &Type::Duration), Reading::Value(Value::Duration { seconds: 1800 }));
        assert_eq!(read("an hour", &Type::Duration), Reading::Value(Value::Duration { seconds: 3600 }));
        assert_eq!(read("two hours", &Type::Duration), Reading::Value(Value::Duration { seconds: 7200 }));
        assert_eq!(read("30 min", &Type::Duration), Reading::Value(Value::Duration { seconds: 1800 }));
    }

    /// What a wish is read as, in words: at 20:00 on Monday 2 March.
    fn wished(text: &str, words: &SharedWords) -> Vec<String> {
        let now = civil::date(2026, 3, 2).at(20, 0, 0, 0).in_tz("Europe/Vienna").unwrap();
        match typed(text, &Type::When, words, &here(&now)) {
            Reading::Unclear => vec![],
            Reading::Value(Value::When { when }) => vec![words.writing.when(&when, &now)],
            Reading::Several(offers) => offers.into_iter().map(|(label, _)| label).collect(),
            Reading::Value(other) => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn wishes_are_read_as_people_write_them_and_read_back() {
        let words = words(None);
        for (text, expected) in [
            ("every weekday at 8 in the morning", "every weekday at 08:00"),
            ("every monday and thursday at 20:00", "every Monday and Thursday at 20:00"),
            ("Thursdays and Mondays, 20:00", "every Monday and Thursday at 20:00"),
            ("every Monday, Wednesday and Friday at noon", "every Monday, Wednesday and Friday at 12:00"),
            ("on mondays at 8pm", "every Monday at 20:00"),
            ("in 3 days", "Thursday 5 March at 09:00"),
            ("in 3 days at 18:30", "Thursday 5 March at 18:30"),
            ("in ten minutes", "Monday 2 March at 20:10"),
            ("in two hours", "Monday 2 March at 22:00"),
            ("on the last day of the month", "the last day of every month at 09:00"),
            ("the last day of every month at 18:00", "the last day of every month at 18:00"),
            ("every other day", "every 2 days at 09:00"),
            ("every 3 days at 7 pm", "every 3 days at 19:00"),
            ("every two weeks at noon", "every 14 days at 12:00"),
            ("the 1st of every month at 9 am", "the 1st of every month at 09:00"),
            ("every month on the third", "the 3rd of every month at 09:00"),
            ("on the 31st of every month at 9:00", "the 31st of every month at 09:00"),
            ("every year on 3 May at 10:00", "every year on 3 May at 10:00"),
            ("29 february every year", "every year on 29 February at 09:00"),
            ("30 february at 10:00", "every year on 30 February at 10:00"),
            ("tomorrow at 9:00", "Tuesday 3 March at 09:00"),
            ("tomorrow morning", "Tuesday 3 March at 09:00"),
            ("tomorrow", "Tuesday 3 March at 09:00"),
            ("tonight at 9", "Monday 2 March at 21:00"),
            ("friday evening", "Friday 6 March at 19:00"),
            ("next Friday at half past 8 in the evening", "Friday 6 March at 20:30"),
            ("on 3 May at 10:15", "Sunday 3 May at 10:15"),
            ("3 May 2027 at 10:15", "Monday 3 May 2027 at 10:15"),
            ("at 21:00", "Monday 2 March at 21:00"),
            ("19:45", "Tuesday 3 March at 19:45"),
            ("at 20:00 every day", "every day at 20:00"),
            ("every evening", "every day at 19:00"),
            ("every 2 hours", "every 2 hours"),
            ("every hour", "every hour"),
            ("every day between 9:00 and 11:00", "every day some time between 09:00 and 11:00"),
            ("on weekends at 10 am", "every Saturday and Sunday at 10:00"),
        ] {
            assert_eq!(wished(text, &words), [expected], "{text}");
        }
        assert_eq!(wished("every day at 8", &words), ["every day at 08:00", "every day at 20:00"]);
        assert_eq!(wished("tomorrow at 7", &words), ["Tuesday 3 March at 07:00", "Tuesday 3 March at 19:00"]);
        assert_eq!(wished("today at 9", &words), ["Monday 2 March at 21:00"], "09:00 is over");
        assert_eq!(
            wished("every day between 9 and 11", &words),
            ["every day some time between 09:00 and 11:00", "every day some time between 21:00 and 23:00"]
        );
        assert_eq!(wished("every 10 minutes", &words), ["0 * * * * *"], "read, so that it can be refused");
        for text in
            ["soon", "when i feel like it", "every", "the of every month", "every monday and pizza", "at 25:00", ""]
        {
            assert_eq!(wished(text, &words), [""; 0], "{text}");
        }
    }

    #[test]
    fn what_people_write_in_spanish_with_or_without_accents() {
        let (library, report) = crate::script::Library::load(&crate::prompts::shipped());
        let words = library.unwrap_or_else(|| panic!("{report}")).edition("es-MX").words().clone();
        let now = civil::date(2026, 3, 2).at(20, 0, 0, 0).in_tz("Europe/Vienna").unwrap();
        let read = |text: &str, ty: &Type| typed(text, ty, &words, &here(&now));
        for (text, month, day) in [
            ("ma\u{f1}ana", 3, 3),
            ("manana", 3, 3),
            ("pasado ma\u{f1}ana", 3, 4),
            ("el 3 de mayo", 5, 3),
            ("el lunes que viene", 3, 9),
            ("el pr\u{f3}ximo s\u{e1}bado", 3, 7),
            ("en tres d\u{ed}as", 3, 5),
            ("3/5", 5, 3),
            ("el primero de abril", 4, 1),
            ("treinta de septiembre", 9, 30),
            ("tomorrow", 3, 3),
        ] {
            let date = civil::date(2026, month, day);
            assert_eq!(read(text, &Type::Date), Reading::Value(Value::Date { date }), "{text}");
        }
        for (text, hour, minute) in [
            ("a las 8 de la tarde", 20, 0),
            ("las ocho y media de la noche", 20, 30),
            ("nueve menos cuarto de la ma\u{f1}ana", 8, 45),
            ("a las doce de la noche", 0, 0),
            ("2 de la madrugada", 2, 0),
            ("al mediod\u{ed}a", 12, 0),
            ("20:15", 20, 15),
            ("8 pm", 20, 0),
        ] {
            assert_eq!(read(text, &Type::Time), clock(hour, minute), "{text}");
        }
        assert!(matches!(read("a las ocho", &Type::Time), Reading::Several(offers) if offers.len() == 2));
        for (text, seconds) in
            [("dos horas", 7_200), ("media hora", 1_800), ("una hora y media", 5_400), ("30 min", 1_800)]
        {
            assert_eq!(read(text, &Type::Duration), Reading::Value(Value::Duration { seconds }), "{text}");
        }
        for (text, expected) in [
            ("todos los días a las 8 de la mañana", "todos los días a las 08:00"),
            ("de lunes a viernes a las 8 de la mañana", "de lunes a viernes a las 08:00"),
            ("los lunes y jueves a las 20:00", "cada lunes y jueves a las 20:00"),
            ("cada sábado a mediodía", "cada sábado a las 12:00"),
            ("el lunes a las 20:00", "lunes 9 de marzo a las 20:00"),
            ("en 3 días", "jueves 5 de marzo a las 09:00"),
            ("dentro de diez minutos", "lunes 2 de marzo a las 20:10"),
            ("el último día del mes", "el último día de cada mes a las 09:00"),
            ("cada dos días a las 7 de la tarde", "cada 2 días a las 19:00"),
            ("un día sí y otro no", "cada 2 días a las 09:00"),
            ("el 1 de cada mes a las 9 de la mañana", "el día 1 de cada mes a las 09:00"),
            ("el primero de cada mes", "el día 1 de cada mes a las 09:00"),
            ("cada año el 3 de mayo", "cada año el 3 de mayo a las 09:00"),
            ("mañana por la mañana", "martes 3 de marzo a las 09:00"),
            ("mañana a las 9 de la mañana", "martes 3 de marzo a las 09:00"),
            ("esta noche a las 9", "lunes 2 de marzo a las 21:00"),
            (
                "todos los días entre las 9:00 y las 11:00",
                "todos los días en algún momento entre las 09:00 y las 11:00",
            ),
            ("cada 2 horas", "cada 2 horas"),
            ("every day at 20:00", "todos los días a las 20:00"),
        ] {
            assert_eq!(wished(text, &words), [expected], "{text}");
        }
        assert_eq!(read("siete de diez", &Type::Integer { from: 0, to: 10 }), Reading::Value(Value::Int(7)));
        assert_eq!(read("S\u{ed}, claro", &Type::Bool), Reading::Unclear);
        assert_eq!(read("si", &Type::Bool), Reading::Value(Value::Bool(true)));
        assert_eq!(read("en Viena", &Type::Zone), Reading::Value(Value::text("Europe/Vienna")));
        assert_eq!(read("Ciudad de M\u{e9}xico", &Type::Zone), Reading::Value(Value::text("America/Mexico_City")));
        let date = Value::Date { date: civil::date(2026, 5, 3) };
        assert_eq!(words.writing.show(&date), "domingo 3 de mayo");
        assert_eq!(words.writing.length(7_300), "2 horas");
    }

    #[test]
    fn what_says_when_is_told_from_what_it_is_about() {
        let words = words(None);
        let now = civil::date(2026, 3, 2).at(20, 0, 0, 0).in_tz("Europe/Vienna").unwrap();
        for (text, when, rest) in [
            ("to call Ana every weekday at 8", "every weekday at 8", "call Ana"),
            ("call Ana on Mondays and Thursdays at 20:00", "on Mondays and Thursdays at 20:00", "call Ana"),
            ("tomorrow at 9 to bring back the key", "tomorrow at 9", "bring back the key"),
            ("about the rent on the last day of the month", "on the last day of the month", "the rent"),
            ("take the cake out in 20 minutes", "in 20 minutes", "take the cake out"),
            ("to read chapter 3", "", "read chapter 3"),
            ("to be kind", "", "be kind"),
            ("tomorrow", "tomorrow", ""),
        ] {
            let found = wishes::apart(text, &words.reading, &here(&now));
            assert_eq!(found, (when.to_owned(), rest.to_owned()), "{text}");
        }
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
