//! "every monday and thursday at 20:00", "in 3 days", "the last day of the month": when something shall happen, as people write it.
//!
//! What could mean two things gives two rules, and nothing is guessed; a wish without a time gets the person's morning, and is read
//! back before it is kept. Whether it can be kept at all is `schedule::limits`' to say.

use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::{SignedDuration, ToSpan, Zoned};

use super::moments::{self, strip_any};
use crate::phrase::fold;
use crate::schedule::pattern::{Cycle, Pattern};
use crate::schedule::when::Daypart;
use crate::schedule::{Rule, Which};
use crate::script::locale::Reading;

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;
/// More than this is not offered to choose from.
const MOST: usize = 4;

/// What reading needs to know of the person.
pub(crate) struct Here<'h> {
    pub(crate) now: &'h Zoned,
    /// Their day, which is not over at midnight.
    pub(crate) today: Date,
    /// Their number.
    pub(crate) seed: u64,
    /// Their times of day.
    pub(crate) part: &'h dyn Fn(Daypart) -> Time,
    /// "and", between days.
    pub(crate) joins: &'h [String],
}

/// On which days.
#[derive(Clone, Debug)]
enum Days {
    Once(Vec<Date>),
    Again(Cycle),
}

/// At what time of the day.
#[derive(Clone, Debug)]
enum Hours {
    At(Vec<Time>),
    Between(Vec<(Time, Time)>),
}

/// The rules that a wish may mean.
pub(crate) fn rules(folded: &str, words: &Reading, here: &Here<'_>) -> Vec<Rule> {
    let mut found = soon(folded, words, here)
        .or_else(|| too_often(folded, words))
        .or_else(|| hourly(folded, words, here))
        .or_else(|| divided(folded, words, here))
        .or_else(|| hours(folded, words, here).map(|hours| here.next(&hours)))
        .or_else(|| {
            days(folded, words, here).map(|days| here.meet(&days, &Hours::At(vec![(here.part)(Daypart::Morning)])))
        })
        .unwrap_or_default();
    found.dedup();
    // What is over already is not what was meant, when something else may be.
    let ahead = |rule: &Rule| !matches!(rule, Rule::Once { civil } if *civil <= here.now.datetime());
    if found.iter().any(ahead) {
        found.retain(ahead);
    }
    found.truncate(MOST);
    found
}

/// "call Ana every weekday at 8": what says when, and the rest. The longest end of it that can be read, else the longest beginning.
/// A number alone says nothing: "chapter 3".
pub(crate) fn apart(text: &str, languages: &[Reading], here: &Here<'_>) -> (String, String) {
    let text = text.trim();
    let says_when = |part: &str| {
        let folded = fold(part);
        let is_number = |words: &Reading| moments::integer(&folded, words).is_some();
        !languages.iter().any(is_number) && languages.iter().any(|words| !rules(&folded, words, here).is_empty())
    };
    let cuts = || text.match_indices(' ').map(|(at, _)| (&text[..at], text[at..].trim_start()));
    let whole = says_when(text).then_some((text, ""));
    let at_the_end = || cuts().find(|(_, tail)| says_when(tail)).map(|(head, tail)| (tail, head));
    let in_front = || cuts().rfind(|(head, _)| says_when(head));
    let (when, rest) = whole.or_else(at_the_end).or_else(in_front).unwrap_or(("", text));
    let lead = languages.iter().find_map(|words| without_lead(rest, &words.when.lead));
    (when.to_owned(), lead.unwrap_or(rest).trim_end_matches([',', ' ']).to_owned())
}

/// "to call Ana": without the first word.
fn without_lead<'t>(text: &'t str, leads: &[String]) -> Option<&'t str> {
    let (first, rest) = text.split_once(' ')?;
    leads.iter().any(|lead| *lead == fold(first)).then(|| rest.trim_start())
}

/// "in 10 minutes", "in half an hour": an instant. "in 3 days" is a day, and not one.
fn soon(folded: &str, words: &Reading, here: &Here<'_>) -> Option<Vec<Rule>> {
    let seconds = moments::length(strip_any(folded, &words.after)?, words).filter(|seconds| seconds % DAY != 0)?;
    let at = here.now.timestamp().checked_add(SignedDuration::from_secs(seconds)).ok()?;
    Some(vec![Rule::At { at }])
}

/// "every 10 minutes", "every half hour": understood, so that it can be said why not.
fn too_often(folded: &str, words: &Reading) -> Option<Vec<Rule>> {
    let seconds = every(folded, words)?;
    (seconds < HOUR).then(|| vec![Rule::Every { cron: "0 * * * * *".into(), which: Which::All }])
}

/// "every 2 hours", before "2 hours" can be taken for a time of the day.
fn hourly(folded: &str, words: &Reading, here: &Here<'_>) -> Option<Vec<Rule>> {
    let cycle = every_so_long(folded, words, here).filter(|cycle| matches!(cycle, Cycle::Hours(_)))?;
    Some(vec![here.again(&cycle, Time::midnight(), None)])
}

/// The length in "every 3 days", "every hour".
fn every(folded: &str, words: &Reading) -> Option<i64> {
    let rest = strip_any(folded, &words.when.every)?;
    words.units.get(rest).copied().or_else(|| moments::length(rest, words)).filter(|seconds| *seconds > 0)
}

/// Days and a time, in this order or the other: cut at each space, the first cut that gives sense.
fn divided(folded: &str, words: &Reading, here: &Here<'_>) -> Option<Vec<Rule>> {
    folded.match_indices(' ').find_map(|(at, _)| {
        let (head, tail) = (folded[..at].trim_end_matches([',', ' ']), folded[at..].trim());
        let pair = |of_days: &str, of_hours: &str| {
            // "Every" alone is every day, when a time goes with it: "every evening".
            let each = words.when.every.iter().any(|word| word == of_days).then_some(Days::Again(Cycle::Daily));
            Some(here.meet(&each.or_else(|| days(of_days, words, here))?, &hours(of_hours, words, here)?))
        };
        pair(head, tail).or_else(|| pair(tail, head))
    })
}

fn hours(folded: &str, words: &Reading, here: &Here<'_>) -> Option<Hours> {
    let own = &words.when;
    let is = |list: &[String]| list.iter().any(|word| word == folded);
    for (list, part) in [(&own.morning, Daypart::Morning), (&own.noon, Daypart::Noon), (&own.evening, Daypart::Evening)]
    {
        if is(list) {
            return Some(Hours::At(vec![(here.part)(part)]));
        }
    }
    if let Some(windows) = windows(folded, words) {
        return Some(Hours::Between(windows));
    }
    let times = moments::times(folded, words);
    (!times.is_empty()).then_some(Hours::At(times))
}

/// "between 9 and 11": the shortest windows that it may mean.
fn windows(folded: &str, words: &Reading) -> Option<Vec<(Time, Time)>> {
    words.when.between.iter().find_map(|(before, middle)| {
        let rest = folded.strip_prefix(before.as_str())?.trim();
        let (from, to) = rest.split_once(&format!(" {middle} "))?;
        let (from, to) = (moments::times(from, words), moments::times(to, words));
        let width = |(from, to): &(Time, Time)| {
            let minutes = (i64::from(to.hour()) - i64::from(from.hour())) * 60 + i64::from(to.minute())
                - i64::from(from.minute());
            minutes.rem_euclid(24 * 60)
        };
        let all: Vec<(Time, Time)> = from.iter().flat_map(|from| to.iter().map(move |to| (*from, *to))).collect();
        let least = all.iter().map(width).filter(|width| *width > 0).min()?;
        Some(all.into_iter().filter(|window| width(window) == least).collect())
    })
}

fn days(folded: &str, words: &Reading, here: &Here<'_>) -> Option<Days> {
    let own = &words.when;
    let is = |list: &[String]| list.iter().any(|word| word == folded);
    let cycle = if is(&own.daily) {
        Some(Cycle::Daily)
    } else if is(&own.workdays) {
        Some(Cycle::Workdays)
    } else if is(&own.weekends) {
        Some(Cycle::Weekly(vec![Weekday::Saturday, Weekday::Sunday]))
    } else if is(&own.other_day) {
        Some(Cycle::EachNth(2, here.today))
    } else if is(&own.month_end) {
        Some(Cycle::MonthEnd)
    } else {
        None
    };
    let cycle = cycle
        .or_else(|| every_so_long(folded, words, here))
        .or_else(|| monthly(folded, words))
        .or_else(|| weekly(folded, words, here))
        .or_else(|| yearly(folded, words));
    if let Some(cycle) = cycle {
        return Some(Days::Again(cycle));
    }
    if is(&own.tonight) {
        return Some(Days::Once(vec![here.today]));
    }
    let dates = moments::dates(folded, here.today, words);
    (!dates.is_empty()).then_some(Days::Once(dates))
}

/// "every 3 days", "every week", "every 2 hours".
fn every_so_long(folded: &str, words: &Reading, here: &Here<'_>) -> Option<Cycle> {
    match every(folded, words)? {
        DAY => Some(Cycle::Daily),
        seconds if seconds % DAY == 0 => Some(Cycle::EachNth(u16::try_from(seconds / DAY).ok()?, here.today)),
        seconds if seconds % HOUR == 0 && seconds < DAY => Some(Cycle::Hours(u8::try_from(seconds / HOUR).ok()?)),
        _ => None,
    }
}

/// What stands in the place of `#`.
fn framed<'t>(folded: &'t str, frames: &[(String, String)]) -> impl Iterator<Item = &'t str> {
    frames.iter().filter_map(move |(before, after)| {
        Some(folded.strip_prefix(before.as_str())?.strip_suffix(after.as_str())?.trim()).filter(|rest| !rest.is_empty())
    })
}

/// "the 1st of every month".
fn monthly(folded: &str, words: &Reading) -> Option<Cycle> {
    framed(folded, &words.when.monthly)
        .find_map(|day| moments::day_of(day, words).filter(|day| (1..=31).contains(day)))
        .map(Cycle::Monthly)
}

/// "every year on 3 May". A day that no year has is read all the same, so that it can be said.
fn yearly(folded: &str, words: &Reading) -> Option<Cycle> {
    framed(folded, &words.when.yearly)
        .find_map(|date| moments::day_and_month(date, words))
        .or_else(|| moments::day_and_month(folded, words).filter(|(day, month)| !exists(*day, *month)))
        .map(|(day, month)| Cycle::Yearly(month, day))
}

fn exists(day: i8, month: i8) -> bool {
    Date::new(2028, month, day).is_ok()
}

/// "every monday and thursday", "mondays".
fn weekly(folded: &str, words: &Reading, here: &Here<'_>) -> Option<Cycle> {
    let own = &words.when;
    let named = strip_any(folded, &own.weekly);
    let mut days = Vec::new();
    for part in folded_parts(named.unwrap_or(folded), here.joins) {
        let part = strip_any(&part, &words.date_words).unwrap_or(&part).to_owned();
        let part = strip_any(&part, &own.weekly).map_or(part.clone(), str::to_owned);
        let one = own.endings.iter().find_map(|ending| part.strip_suffix(ending.as_str()));
        // "Lunes" ends like several of them and is one.
        let single = moments::weekday(&part, words);
        let several = one.filter(|_| single.is_none()).and_then(|one| moments::weekday(one, words));
        days.push(several.or(single.filter(|_| named.is_some()))?);
    }
    days.sort_by_key(|day| day.to_monday_zero_offset());
    days.dedup();
    (!days.is_empty()).then_some(Cycle::Weekly(days))
}

/// The parts of "monday, wednesday and friday".
fn folded_parts(text: &str, joins: &[String]) -> Vec<String> {
    let mut parts = vec![String::new()];
    for word in text.replace(',', " , ").split_whitespace() {
        if word == "," || joins.iter().any(|join| join == word) {
            parts.push(String::new());
        } else if let Some(part) = parts.last_mut() {
            if !part.is_empty() {
                part.push(' ');
            }
            part.push_str(word);
        }
    }
    parts.retain(|part| !part.is_empty());
    parts
}

impl Here<'_> {
    /// Each of the days with each of the times.
    fn meet(&self, days: &Days, hours: &Hours) -> Vec<Rule> {
        let windows: Vec<(Time, Option<Time>)> = match hours {
            Hours::At(times) => times.iter().map(|time| (*time, None)).collect(),
            Hours::Between(windows) => windows.iter().map(|(from, to)| (*from, Some(*to))).collect(),
        };
        let rule = |at: Time, until: Option<Time>| match days {
            Days::Once(dates) => dates.iter().filter_map(|date| self.once(*date, at)).collect(),
            Days::Again(cycle) => vec![self.again(cycle, at, until)],
        };
        windows.into_iter().flat_map(|(at, until)| rule(at, until)).collect()
    }

    /// Who is still up after midnight and says "today" means the day that comes, as far as this one is over.
    fn once(&self, date: Date, at: Time) -> Option<Rule> {
        let civil = DateTime::from_parts(date, at);
        let still_up = date == self.today && self.today < self.now.date() && civil <= self.now.datetime();
        Some(Rule::Once { civil: if still_up { civil.checked_add(1.day()).ok()? } else { civil } })
    }

    fn again(&self, cycle: &Cycle, at: Time, until: Option<Time>) -> Rule {
        let cycle = match cycle {
            // Every so many days begins today, or tomorrow when that time is over.
            Cycle::EachNth(days, from) if DateTime::from_parts(*from, at) <= self.now.datetime() => {
                Cycle::EachNth(*days, from.tomorrow().unwrap_or(*from))
            }
            other => other.clone(),
        };
        Pattern { cycle, at, until }.rule(self.seed)
    }

    /// A time alone: the next such.
    fn next(&self, hours: &Hours) -> Vec<Rule> {
        let (now, date) = (self.now.datetime(), self.now.date());
        let next = |time: Time| {
            let civil = DateTime::from_parts(date, time);
            Some(Rule::Once { civil: if civil > now { civil } else { civil.checked_add(1.day()).ok()? } })
        };
        match hours {
            Hours::At(times) => times.iter().filter_map(|time| next(*time)).collect(),
            Hours::Between(_) => Vec::new(),
        }
    }
}
