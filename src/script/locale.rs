//! The words of one language for numbers, days, times and lengths: how people write them, and how they are shown.
//!
//! Data only, from `reading` and `writing` in a `phrases.yaml`. What a typed text means is decided in the engine.

mod when;

use std::collections::BTreeMap;

use jiff::civil::{Date, Time, Weekday};

use super::expr::parse_duration;
use super::problem::Source;
use super::read::{self, Fields};
use super::translate::Plural;
use super::yaml::Node;
use crate::phrase::fold;
use crate::schedule::zones;
use crate::types::Value;

use when::Sayings;
pub use when::Wishes;

/// How people write numbers, days, times and lengths. Words are folded.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reading {
    /// Numbers by their words.
    pub numbers: BTreeMap<String, i64>,
    /// "ten" in "7 out of ten": what may stand behind a number of a scale.
    pub of_ten: Vec<String>,
    /// Days by their distance from today: `tomorrow` is 1.
    pub days: BTreeMap<String, i64>,
    /// The days of the week from Monday on, as they are written.
    pub weekdays: Vec<String>,
    /// The months, as they are written.
    pub months: Vec<String>,
    /// What 3/5 means.
    pub date_order: DateOrder,
    /// Words that say nothing in a date: "next", "of".
    pub date_words: Vec<String>,
    /// Words before a length of time from now, and before a place: "in".
    pub after: Vec<String>,
    /// Words before a time of day that say nothing: "at".
    pub time_words: Vec<String>,
    /// Words behind an hour that say nothing: "o'clock".
    pub hour_words: Vec<String>,
    /// Behind an hour before noon.
    pub morning: Vec<String>,
    /// Behind an hour after noon.
    pub afternoon: Vec<String>,
    /// Behind an hour of the night, which may be before or after midnight.
    pub night: Vec<String>,
    /// Times by their words: "noon".
    pub times: BTreeMap<String, Time>,
    /// Minutes around an hour, by what stands before it and behind it: "half past #".
    pub minutes: Vec<(String, String, i64)>,
    /// Units by their words, in seconds.
    pub units: BTreeMap<String, i64>,
    /// Whole lengths by their words, in seconds: "half an hour".
    pub lengths: BTreeMap<String, i64>,
    /// Words that stand for one unit: "an hour".
    pub articles: Vec<String>,
    /// Places that have another name in this language, and their zones.
    pub places: BTreeMap<String, String>,
    /// What comes again and again.
    pub when: Wishes,
}

/// What a date of two numbers means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DateOrder {
    /// 3/5 is the third of May.
    DayMonth,
    /// 3/5 is the fifth of March.
    MonthDay,
    /// It is asked back.
    #[default]
    Either,
}

/// How days, times, lengths and lists are shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Writing {
    date: String,
    time: String,
    decimal: String,
    and: String,
    yes: String,
    no: String,
    weekdays: Vec<String>,
    months: Vec<String>,
    /// Forms of second, minute, hour, day.
    units: [Vec<String>; 4],
    /// Which form goes with a number.
    plural: Plural,
    /// How rules are read back.
    rules: Option<Sayings>,
}

const UNITS: [(&str, i64); 4] = [("second", 1), ("minute", 60), ("hour", 3_600), ("day", 86_400)];

impl Default for Writing {
    fn default() -> Self {
        let own = |list: [&str; 2]| list.map(str::to_owned).to_vec();
        Self {
            date: "{weekday} {day} {month}".into(),
            time: "{hour}:{minute}".into(),
            decimal: ".".into(),
            and: "and".into(),
            yes: "yes".into(),
            no: "no".into(),
            weekdays: Vec::new(),
            months: Vec::new(),
            units: [
                own(["second", "seconds"]),
                own(["minute", "minutes"]),
                own(["hour", "hours"]),
                own(["day", "days"]),
            ],
            plural: Plural::default(),
            rules: None,
        }
    }
}

impl Writing {
    /// A value as it reads in a sentence; nothing for "no answer".
    #[must_use]
    pub fn show(&self, value: &Value) -> String {
        match value {
            Value::Bool(true) => self.yes.clone(),
            Value::Bool(false) => self.no.clone(),
            Value::Number(number) => number.to_string().replace('.', &self.decimal),
            Value::Date { date } => self.date(*date),
            Value::Time { time } => self.time(*time),
            Value::Duration { seconds } => self.length(*seconds),
            Value::List(items) => self.list(&items.iter().map(|item| self.show(item)).collect::<Vec<_>>()),
            Value::None | Value::Int(_) | Value::Text(_) | Value::When { .. } => value.to_string(),
        }
    }

    /// `Tuesday 3 March`.
    #[must_use]
    pub fn date(&self, date: Date) -> String {
        let (weekday, month) = (self.weekday(date.weekday()), name(&self.months, date.month() - 1));
        if weekday.is_empty() || month.is_empty() {
            return Value::Date { date }.to_string();
        }
        let day = date.day().to_string();
        self.date.replace("{weekday}", &weekday).replace("{day}", &day).replace("{month}", &month)
    }

    /// `3 Mar`, for where there is little room.
    #[must_use]
    pub fn short_date(&self, date: Date) -> String {
        match name(&self.months, date.month() - 1) {
            month if month.is_empty() => Value::Date { date }.to_string(),
            month => format!("{} {}", date.day(), month.chars().take(3).collect::<String>()),
        }
    }

    fn weekday(&self, day: Weekday) -> String {
        name(&self.weekdays, day.to_monday_zero_offset())
    }

    /// `3 March`, which need not exist.
    fn day_and_month(&self, day: i8, month: i8) -> String {
        let date = self.date.replace("{weekday}", "").replace("{day}", &day.to_string());
        date.replace("{month}", &name(&self.months, month - 1)).trim().to_owned()
    }

    /// `20:05`.
    #[must_use]
    pub fn time(&self, time: Time) -> String {
        let (hour, minute) = (format!("{:02}", time.hour()), format!("{:02}", time.minute()));
        self.time.replace("{hour}", &hour).replace("{minute}", &minute)
    }

    /// `3 days`: the largest whole unit, as people say it.
    #[must_use]
    pub fn length(&self, seconds: i64) -> String {
        let unit = match seconds {
            s if s >= 172_800 => 3,
            s if s >= 3_600 => 2,
            s if s >= 60 => 1,
            _ => 0,
        };
        self.amount(seconds.max(0) / UNITS[unit].1, unit)
    }

    /// `10 days`.
    fn days(&self, count: i64) -> String {
        self.amount(count, 3)
    }

    /// `hour`.
    fn unit(&self, unit: usize) -> String {
        let forms = &self.units[unit];
        forms.get(self.plural.form(1)).cloned().unwrap_or_default()
    }

    fn amount(&self, amount: i64, unit: usize) -> String {
        let forms = &self.units[unit];
        let form = self.plural.form(amount).min(forms.len().saturating_sub(1));
        format!("{amount} {}", forms.get(form).map_or("", String::as_str))
    }

    /// `a, b and c`.
    #[must_use]
    pub fn list(&self, items: &[String]) -> String {
        match items {
            [] => String::new(),
            [only] => only.clone(),
            [head @ .., last] => format!("{} {} {last}", head.join(", "), self.and),
        }
    }
}

fn name(list: &[String], index: i8) -> String {
    usize::try_from(index).ok().and_then(|index| list.get(index)).cloned().unwrap_or_default()
}

/// Reads `reading`.
pub(crate) fn reading(node: &Node, source: &mut Source<'_>) -> Reading {
    let Some(mut fields) = Fields::of(node, "`reading`", source) else { return Reading::default() };
    let mut found = Reading {
        weekdays: named(&mut fields, "weekdays", 7, source),
        months: named(&mut fields, "months", 12, source),
        date_order: fields.take("date_order").and_then(|node| date_order(node, source)).unwrap_or_default(),
        numbers: table(&mut fields, "numbers", "a whole number", |key| key.parse().ok(), source),
        days: table(&mut fields, "days", "days from today, like 1 or -1", |key| key.parse().ok(), source),
        times: table(&mut fields, "times", "a time like 12:00", |key| Time::strptime("%H:%M", key).ok(), source),
        units: table(&mut fields, "units", "a length like 1h", parse_duration, source),
        lengths: table(&mut fields, "lengths", "a length like 30m", parse_duration, source),
        ..Reading::default()
    };
    let minutes = table(&mut fields, "minutes", "minutes, like 30 or -15", |key| key.parse().ok(), source);
    found.minutes = minutes
        .into_iter()
        .map(|(words, minutes)| {
            let (before, after) = words.split_once('#').unwrap_or((words.as_str(), ""));
            (before.trim().to_owned(), after.trim().to_owned(), minutes)
        })
        .collect();
    let lists: [(&'static str, &mut Vec<String>); 9] = [
        ("of_ten", &mut found.of_ten),
        ("date_words", &mut found.date_words),
        ("after", &mut found.after),
        ("time_words", &mut found.time_words),
        ("hour_words", &mut found.hour_words),
        ("morning", &mut found.morning),
        ("afternoon", &mut found.afternoon),
        ("night", &mut found.night),
        ("articles", &mut found.articles),
    ];
    for (key, list) in lists {
        if let Some(node) = fields.take(key) {
            *list = words(node, source);
            // The longest first, so that "in the" goes before "in".
            list.sort_by_key(|word| std::cmp::Reverse(word.len()));
        }
    }
    if let Some(node) = fields.take("when") {
        found.when = when::wishes(node, source);
    }
    if let Some(places) = fields.take("places").and_then(|node| Fields::of(node, "`places`", source)) {
        for (key, node) in places.all() {
            let Some(zone) = read::text(node, "a time zone", source) else { continue };
            if zones::by_name(zone).is_some() {
                found.places.insert(fold(&key.name), zone.to_owned());
            } else {
                let hint = "the name of a zone, like Europe/Vienna";
                source.error("GS0709", node.span.clone(), format!("there is no time zone `{zone}`"), hint);
            }
        }
    }
    fields.finish(source);
    found
}

fn words(node: &Node, source: &mut Source<'_>) -> Vec<String> {
    let items = read::items(node, "a list of words", source);
    items.into_iter().filter_map(|item| read::text(item, "a word", source)).map(fold).collect()
}

/// So many names in their order; nothing of them when there are more or fewer.
fn named(fields: &mut Fields<'_>, key: &'static str, count: usize, source: &mut Source<'_>) -> Vec<String> {
    let Some(node) = fields.need(key, source) else { return Vec::new() };
    let items = read::items(node, "a list of names", source);
    let names: Vec<String> = items.into_iter().filter_map(|item| read::plain(item, "a name", source)).collect();
    if names.len() == count {
        return names;
    }
    let span = node.span.start..node.span.start + 1;
    source.error("GS0709", span, format!("{} {key}", names.len()), format!("there are {count}, in their order"));
    Vec::new()
}

/// `value: [words]`, turned round: each word with what it stands for.
fn table<V: Clone>(
    fields: &mut Fields<'_>,
    key: &'static str,
    wanted: &str,
    parse: impl Fn(&str) -> Option<V>,
    source: &mut Source<'_>,
) -> BTreeMap<String, V> {
    let mut found = BTreeMap::new();
    let Some(rows) = fields.take(key).and_then(|node| Fields::of(node, "a list of words", source)) else {
        return found;
    };
    for (key, node) in rows.all() {
        match parse(&key.name) {
            Some(value) => found.extend(words(node, source).into_iter().map(|word| (word, value.clone()))),
            None => {
                source.error(
                    "GS0709",
                    key.span.clone(),
                    format!("`{}` cannot stand here", key.name),
                    format!("{wanted} goes here"),
                );
            }
        }
    }
    found
}

fn date_order(node: &Node, source: &mut Source<'_>) -> Option<DateOrder> {
    match read::text(node, "an order", source)? {
        "day_month" => Some(DateOrder::DayMonth),
        "month_day" => Some(DateOrder::MonthDay),
        "either" => Some(DateOrder::Either),
        other => {
            let hint = "day_month, month_day, or either to ask back";
            source.error("GS0709", node.span.clone(), format!("`{other}` is no order of a date"), hint);
            None
        }
    }
}

/// Reads `writing`. Names of days and months are those of `reading`.
pub(crate) fn writing(node: &Node, reading: &Reading, plural: &Plural, source: &mut Source<'_>) -> Writing {
    let mut found = Writing {
        weekdays: reading.weekdays.clone(),
        months: reading.months.clone(),
        plural: plural.clone(),
        ..Writing::default()
    };
    let Some(mut fields) = Fields::of(node, "`writing`", source) else { return found };
    let slots: [(&'static str, &[&str], &mut String); 6] = [
        ("date", &["{weekday}", "{day}", "{month}"], &mut found.date),
        ("time", &["{hour}", "{minute}"], &mut found.time),
        ("decimal", &[], &mut found.decimal),
        ("and", &[], &mut found.and),
        ("yes", &[], &mut found.yes),
        ("no", &[], &mut found.no),
    ];
    for (key, marks, slot) in slots {
        let Some(node) = fields.take(key) else { continue };
        let Some(text) = read::plain(node, "words", source) else { continue };
        let missing: Vec<&str> =
            marks.iter().copied().filter(|mark| *mark != "{weekday}" && !text.contains(mark)).collect();
        if missing.is_empty() {
            *slot = text;
        } else {
            let message = format!("`{key}` does not show {}", missing.join(" and "));
            source.error("GS0709", node.span.clone(), message, format!("it has {}", marks.join(", ")));
        }
    }
    if let Some(node) = fields.take("when") {
        found.rules = when::sayings(node, source);
    }
    for ((key, _), forms) in UNITS.into_iter().zip(&mut found.units) {
        let Some(node) = fields.take(key) else { continue };
        let items = read::items(node, "a list of forms", source);
        let given: Vec<String> = items.into_iter().filter_map(|item| read::plain(item, "a form", source)).collect();
        if given.len() == plural.count() {
            *forms = given;
        } else {
            let message = format!("{} forms of `{key}`", given.len());
            let hint = format!("this language has {}, in the order of its plural rule", plural.count());
            source.error("GS0706", node.span.start..node.span.start + 1, message, hint);
        }
    }
    fields.finish(source);
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn values_read_as_people_say_them() {
        let writing = Writing::default();
        assert_eq!(writing.length(1), "1 second");
        assert_eq!(writing.length(90_000), "25 hours");
        assert_eq!(writing.length(3 * 86_400), "3 days");
        assert_eq!(writing.show(&Value::List(["a", "b", "c"].map(Value::text).to_vec())), "a, b and c");
        assert_eq!(writing.show(&Value::Bool(true)), "yes");
        assert_eq!(writing.time(jiff::civil::time(8, 5, 0, 0)), "08:05");
        assert_eq!(writing.date(date(2026, 3, 3)), "Tuesday 3 March", "without names, as in a log");
    }
}
