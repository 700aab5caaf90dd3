//! "tomorrow evening", "every day 20:00", "in 3d": the words in which scripts say when, read once at load.
//!
//! Reading gives a [`When`]; [`When::resolve`] turns it into a [`Rule`] for one person at one moment. Never reads a clock.

use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::{SignedDuration, ToSpan, Zoned};

use super::pattern::{Cycle, Pattern};
use super::{Rule, day_of};

/// When something should happen, before it is known for whom. `E` is an expression of the script language.
#[derive(Clone, Debug, PartialEq)]
pub enum When<E> {
    /// So many seconds from now.
    In(i64),
    /// A day and a time on the person's clock.
    On(Day<E>, Clock<E>),
    /// Again and again.
    Every(Days, Clock<E>),
    /// Again and again, some time between two times of the day.
    Between(Days, Clock<E>, Clock<E>),
    /// Once in each month or year, on the day that a date has. In a month that may be too short for it, on the 28th.
    Each(Span, E, Clock<E>),
    /// A rule that somebody gave in their own words.
    As(E),
}

/// Which day.
#[derive(Clone, Debug, PartialEq)]
pub enum Day<E> {
    /// Today; tomorrow when that time is past.
    Today,
    /// The day after today.
    Tomorrow,
    /// The first such day after today.
    Next(Weekday),
    /// So many days from today.
    InDays(i32),
    /// A day given by an expression.
    Given(E),
}

/// Which days of a repetition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Days {
    /// Each day.
    All,
    /// Monday to Friday.
    Workdays,
    /// One day of the week.
    Weekly(Weekday),
}

/// How far apart the days of a date are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Span {
    /// A month.
    Month,
    /// A year.
    Year,
}

impl Span {
    fn named(word: &str) -> Option<Self> {
        match word {
            "month" => Some(Span::Month),
            "year" => Some(Span::Year),
            _ => None,
        }
    }

    /// A day that only some months or years have would be missing in the others.
    fn cycle(self, date: Date) -> Cycle {
        match (self, date.month()) {
            (Span::Month, _) => Cycle::Monthly(date.day().min(28)),
            (Span::Year, 2) => Cycle::Yearly(2, date.day().min(28)),
            (Span::Year, month) => Cycle::Yearly(month, date.day()),
        }
    }
}

/// Which time.
#[derive(Clone, Debug, PartialEq)]
pub enum Clock<E> {
    /// A time as it stands.
    At(Time),
    /// One of the person's own times of day.
    Part(Daypart),
    /// A time given by an expression.
    Given(E),
}

/// The person's own times of day, from their settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Daypart {
    /// `me.morning`
    Morning,
    /// `me.noon`
    Noon,
    /// `me.evening`
    Evening,
    /// `me.day_end`
    DayEnd,
}

impl Daypart {
    /// The fact that holds it.
    #[must_use]
    pub fn fact(self) -> &'static str {
        match self {
            Daypart::Morning => "morning",
            Daypart::Noon => "noon",
            Daypart::Evening => "evening",
            Daypart::DayEnd => "day_end",
        }
    }

    /// What it is when nothing is known of the person.
    #[must_use]
    pub fn usual(self) -> Time {
        let hour = match self {
            Daypart::Morning => 9,
            Daypart::Noon => 12,
            Daypart::Evening => 19,
            Daypart::DayEnd => 22,
        };
        Time::constant(hour, 0, 0, 0)
    }
}

/// Reads the words. `expression` reads what stands in brackets and names of facts.
///
/// # Errors
/// A sentence that says what is not understood.
pub fn parse<E>(text: &str, expression: &mut dyn FnMut(&str) -> Result<E, String>) -> Result<When<E>, String> {
    let text = text.trim();
    let (head, rest) = text.split_once(' ').unwrap_or((text, ""));
    match head {
        "in" => parse_in(rest, expression),
        "every" => parse_every(rest, expression),
        "today" => Ok(When::On(Day::Today, parse_clock(rest, expression)?)),
        "tomorrow" => Ok(When::On(Day::Tomorrow, parse_clock(rest, expression)?)),
        "next" => {
            let (day, clock) = rest.split_once(' ').unwrap_or((rest, ""));
            let weekday = weekday(day).ok_or_else(|| format!("`{day}` is not a day of the week"))?;
            Ok(When::On(Day::Next(weekday), parse_clock(clock, expression)?))
        }
        "on" => parse_on(rest, expression),
        "as" if !rest.is_empty() => expression(rest).map(When::As),
        _ => Err(format!("`{head}` does not begin a time")),
    }
}

/// What a time may look like, for a hint.
pub const EXAMPLES: &str = "for example: in 3d, in 3d at 19:00, today 21:00, tomorrow evening, next monday 09:00, every day me.checkin_at, every day between 09:00 and 11:00, on (today + 30d) at 09:00, every year on (day) at 09:00";

fn parse_in<E>(rest: &str, expression: &mut dyn FnMut(&str) -> Result<E, String>) -> Result<When<E>, String> {
    let (amount, clock) = rest.trim().split_once(' ').unwrap_or((rest.trim(), ""));
    if let Some(short) = in_short(amount, clock) {
        return Err(format!("`{}` is written `in {short}`", format!("in {rest}").trim()));
    }
    let unit_at = amount.find(|c: char| !c.is_ascii_digit()).ok_or("a length of time looks like 3d or 2h")?;
    let number: i64 = amount[..unit_at].parse().map_err(|_| "a length of time looks like 3d or 2h".to_owned())?;
    let days = |per: i64| i32::try_from(number.saturating_mul(per)).ok().filter(|days| *days <= 3_660);
    match &amount[unit_at..] {
        "d" | "w" => {
            let per = if amount.ends_with('w') { 7 } else { 1 };
            let days = days(per).ok_or("that is too far away")?;
            if clock.is_empty() {
                return Ok(When::In(i64::from(days) * 86_400));
            }
            Ok(When::On(Day::InDays(days), parse_clock(clock, expression)?))
        }
        "h" | "m" | "min" if clock.is_empty() => {
            let per = if amount.ends_with('h') { 3_600 } else { 60 };
            Ok(When::In(number.checked_mul(per).filter(|s| *s <= 316_224_000).ok_or("that is too far away")?))
        }
        _ => Err("a length of time looks like 3d or 2h".into()),
    }
}

/// "3 days at 19:00" as it is written here.
fn in_short(amount: &str, rest: &str) -> Option<String> {
    let (unit, clock) = rest.split_once(' ').unwrap_or((rest, ""));
    let short = match unit.trim_end_matches('s') {
        "day" => "d",
        "week" => "w",
        "hour" => "h",
        "minute" | "min" => "m",
        _ => return None,
    };
    amount.parse::<u32>().ok().map(|number| format!("{number}{short} {clock}").trim().to_owned())
}

fn parse_every<E>(rest: &str, expression: &mut dyn FnMut(&str) -> Result<E, String>) -> Result<When<E>, String> {
    let (day, clock) = rest.trim().split_once(' ').unwrap_or((rest.trim(), ""));
    if let Some(span) = Span::named(day) {
        let (day, clock) = clock
            .trim()
            .strip_prefix("on ")
            .and_then(|rest| rest.rsplit_once(" at "))
            .ok_or("`every year` and `every month` look like: every year on (day) at 09:00")?;
        return Ok(When::Each(span, expression(day.trim())?, parse_clock(clock, expression)?));
    }
    let days = match day {
        "day" => Days::All,
        "weekday" | "workday" => Days::Workdays,
        other => {
            Days::Weekly(weekday(other).ok_or_else(|| format!("`{other}` is not day, weekday or a day of the week"))?)
        }
    };
    if let Some(window) = clock.trim().strip_prefix("between ") {
        let (from, to) = window.split_once(" and ").ok_or("a window looks like: between 09:00 and 11:00")?;
        return Ok(When::Between(days, parse_clock(from, expression)?, parse_clock(to, expression)?));
    }
    Ok(When::Every(days, parse_clock(clock, expression)?))
}

fn parse_on<E>(rest: &str, expression: &mut dyn FnMut(&str) -> Result<E, String>) -> Result<When<E>, String> {
    let rest = rest.trim();
    let (day, clock) = rest.rsplit_once(" at ").ok_or("`on` looks like: on (today + 30d) at 09:00")?;
    Ok(When::On(Day::Given(expression(day.trim())?), parse_clock(clock, expression)?))
}

fn parse_clock<E>(text: &str, expression: &mut dyn FnMut(&str) -> Result<E, String>) -> Result<Clock<E>, String> {
    let text = text.trim();
    let text = text.strip_prefix("at ").unwrap_or(text).trim();
    match text {
        "" => Err("a time is missing".into()),
        "morning" => Ok(Clock::Part(Daypart::Morning)),
        "noon" => Ok(Clock::Part(Daypart::Noon)),
        "evening" => Ok(Clock::Part(Daypart::Evening)),
        "end of day" => Ok(Clock::Part(Daypart::DayEnd)),
        _ if text.starts_with(|c: char| c.is_ascii_digit()) => {
            Time::strptime("%H:%M", text).map(Clock::At).map_err(|_| format!("`{text}` is not a time like 09:00"))
        }
        _ => expression(text).map(Clock::Given),
    }
}

/// A day of the week by its English name.
#[must_use]
pub fn weekday(word: &str) -> Option<Weekday> {
    Some(match word {
        "monday" => Weekday::Monday,
        "tuesday" => Weekday::Tuesday,
        "wednesday" => Weekday::Wednesday,
        "thursday" => Weekday::Thursday,
        "friday" => Weekday::Friday,
        "saturday" => Weekday::Saturday,
        "sunday" => Weekday::Sunday,
        _ => return None,
    })
}

/// What resolving needs to know of the person.
pub trait Settings<E> {
    /// When their day begins; until then it is still the day before.
    fn day_begins(&self) -> Time;
    /// A time of day from their settings.
    fn daypart(&self, part: Daypart) -> Time;
    /// The time an expression stands for.
    fn time(&self, expr: &E) -> Option<Time>;
    /// The day an expression stands for.
    fn date(&self, expr: &E) -> Option<Date>;
    /// The rule an expression stands for.
    fn rule(&self, expr: &E) -> Option<Rule>;
    /// The person's number, by which what is as good as at random differs between people.
    fn seed(&self) -> u64;
}

impl<E> When<E> {
    /// The rule for one person, seen from `now` in their zone. Nothing comes back when an expression has no value.
    #[must_use]
    pub fn resolve(&self, now: &Zoned, settings: &dyn Settings<E>) -> Option<Rule> {
        match self {
            When::In(seconds) => {
                now.timestamp().checked_add(SignedDuration::from_secs(*seconds)).ok().map(|at| Rule::At { at })
            }
            When::On(day, clock) => {
                let (time, begins) = (clock.resolve(settings)?, settings.day_begins());
                let civil = DateTime::from_parts(day.resolve(day_of(now.datetime(), begins), settings)?, time);
                // A day that ends at one ends in the night after it. And somebody who is up at one and says "tomorrow at nine"
                // means this morning; who says "today at nine" does too.
                let at_night = matches!(clock, Clock::Part(Daypart::DayEnd)) && time < begins;
                let over = civil <= now.datetime() && !matches!(day, Day::Given(_));
                Some(Rule::Once { civil: if at_night || over { civil.checked_add(1.day()).ok()? } else { civil } })
            }
            When::Every(days, clock) => {
                let pattern = Pattern { cycle: days.cycle(), at: clock.resolve(settings)?, until: None };
                Some(pattern.rule(settings.seed()))
            }
            When::Between(days, from, to) => {
                let (at, until) = (from.resolve(settings)?, Some(to.resolve(settings)?));
                Some(Pattern { cycle: days.cycle(), at, until }.rule(settings.seed()))
            }
            When::Each(span, day, clock) => {
                let cycle = span.cycle(settings.date(day)?);
                Some(Pattern { cycle, at: clock.resolve(settings)?, until: None }.rule(settings.seed()))
            }
            When::As(expr) => settings.rule(expr),
        }
    }
}

impl Days {
    fn cycle(self) -> Cycle {
        match self {
            Days::All => Cycle::Daily,
            Days::Workdays => Cycle::Workdays,
            Days::Weekly(weekday) => Cycle::Weekly(vec![weekday]),
        }
    }
}

/// What `cron` calls a day of the week.
pub(super) fn short_name(weekday: Weekday) -> &'static str {
    match weekday {
        Weekday::Monday => "MON",
        Weekday::Tuesday => "TUE",
        Weekday::Wednesday => "WED",
        Weekday::Thursday => "THU",
        Weekday::Friday => "FRI",
        Weekday::Saturday => "SAT",
        Weekday::Sunday => "SUN",
    }
}

/// The day of the week that `cron` calls so.
pub(super) fn weekday_of(word: &str) -> Option<Weekday> {
    Weekday::Monday.cycle_forward().take(7).find(|weekday| short_name(*weekday) == word)
}

impl<E> Clock<E> {
    fn resolve(&self, settings: &dyn Settings<E>) -> Option<Time> {
        match self {
            Clock::At(time) => Some(*time),
            Clock::Part(part) => Some(settings.daypart(*part)),
            Clock::Given(expr) => settings.time(expr),
        }
    }
}

impl<E> Day<E> {
    fn resolve(&self, today: Date, settings: &dyn Settings<E>) -> Option<Date> {
        match self {
            Day::Today => Some(today),
            Day::Tomorrow => today.tomorrow().ok(),
            Day::Next(weekday) => today.nth_weekday(1, *weekday).ok(),
            Day::InDays(days) => today.checked_add(days.days()).ok(),
            Day::Given(expr) => settings.date(expr),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Which;
    use super::*;
    use jiff::civil::date;

    struct Usual;

    impl Settings<String> for Usual {
        fn day_begins(&self) -> Time {
            Time::constant(3, 0, 0, 0)
        }
        fn daypart(&self, part: Daypart) -> Time {
            part.usual()
        }
        fn time(&self, _: &String) -> Option<Time> {
            Some(Time::constant(20, 15, 0, 0))
        }
        fn date(&self, _: &String) -> Option<Date> {
            Some(date(2026, 4, 1))
        }
        fn rule(&self, _: &String) -> Option<Rule> {
            Some(every("0 0 9 1 * *"))
        }
        fn seed(&self) -> u64 {
            42
        }
    }

    #[track_caller]
    fn resolved(text: &str) -> Rule {
        resolved_at(text, date(2026, 3, 2).at(20, 0, 0, 0))
    }

    /// It is the evening or the night of 2 March.
    #[track_caller]
    fn resolved_at(text: &str, now: DateTime) -> Rule {
        let now = now.in_tz("Europe/Vienna").unwrap();
        parse(text, &mut |word| Ok(word.to_owned())).unwrap().resolve(&now, &Usual).unwrap()
    }

    fn once(year: i16, month: i8, day: i8, hour: i8, minute: i8) -> Rule {
        Rule::Once { civil: date(year, month, day).at(hour, minute, 0, 0) }
    }

    fn every(cron: &str) -> Rule {
        Rule::every(cron).unwrap()
    }

    #[test]
    fn words_become_rules() {
        assert_eq!(resolved("today 21:00"), once(2026, 3, 2, 21, 0));
        assert_eq!(resolved("today noon"), once(2026, 3, 3, 12, 0));
        assert_eq!(resolved("tomorrow evening"), once(2026, 3, 3, 19, 0));
        assert_eq!(resolved("tomorrow end of day"), once(2026, 3, 3, 22, 0));
        assert_eq!(resolved("next monday 09:00"), once(2026, 3, 9, 9, 0));
        assert_eq!(resolved("in 3d evening"), once(2026, 3, 5, 19, 0));
        assert_eq!(resolved("in 3d at 19:30"), once(2026, 3, 5, 19, 30));
        assert_eq!(resolved("on (today + 30d) at 09:00"), once(2026, 4, 1, 9, 0));
        assert_eq!(resolved("every day me.checkin_at"), every("0 15 20 * * *"));
        assert_eq!(resolved("every weekday morning"), every("0 0 9 * * MON-FRI"));
        assert_eq!(resolved("every sunday noon"), every("0 0 12 * * SUN"));
        assert_eq!(resolved("every year on (day) at 19:00"), every("0 0 19 1 4 *"));
        assert_eq!(resolved("every month on (day) at noon"), every("0 0 12 1 * *"));
        assert_eq!(resolved("as wish"), every("0 0 9 1 * *"));
        let which = |minutes| Which::Within { minutes, seed: 42 };
        let within = |cron: &str, minutes| Rule::Every { cron: cron.into(), which: which(minutes) };
        assert_eq!(resolved("every day between 09:00 and 11:30"), within("0 0 9 * * *", 150));
        assert_eq!(resolved("every weekday between evening and 01:00"), within("0 0 19 * * MON-FRI", 360));
        let Rule::At { at } = resolved("in 3h") else { panic!("an instant") };
        assert_eq!(at.to_string(), "2026-03-02T22:00:00Z");
    }

    #[test]
    fn a_day_that_some_months_lack_comes_in_all_of_them() {
        assert_eq!(Span::Year.cycle(date(2028, 2, 29)), Cycle::Yearly(2, 28));
        assert_eq!(Span::Year.cycle(date(2026, 5, 31)), Cycle::Yearly(5, 31));
        assert_eq!(Span::Month.cycle(date(2026, 5, 31)), Cycle::Monthly(28));
    }

    #[test]
    fn who_is_still_up_after_midnight_means_the_day_after_this_night() {
        let night = date(2026, 3, 3).at(1, 0, 0, 0);
        assert_eq!(resolved_at("tomorrow morning", night), once(2026, 3, 3, 9, 0));
        assert_eq!(resolved_at("today evening", night), once(2026, 3, 3, 19, 0));
        assert_eq!(resolved_at("today 02:00", night), once(2026, 3, 3, 2, 0));
        assert_eq!(resolved_at("tomorrow 00:30", night), once(2026, 3, 4, 0, 30));
        assert_eq!(resolved_at("in 1d noon", night), once(2026, 3, 3, 12, 0));
    }

    #[test]
    fn nonsense_is_explained() {
        for text in [
            "",
            "soon",
            "in",
            "in 3",
            "in 3x",
            "every",
            "every foo 09:00",
            "tomorrow",
            "tomorrow 25:00",
            "on monday",
            "as",
            "every day between 9:00",
            "every year",
            "every month on (day)",
            "every day between 09:00 and",
        ] {
            assert!(parse::<String>(text, &mut |_| Err("no".into())).is_err(), "{text}");
        }
        let told = |text: &str| parse::<String>(text, &mut |_| Err("no".into())).unwrap_err();
        assert_eq!(told("in 3 days at 19:00"), "`in 3 days at 19:00` is written `in 3d at 19:00`");
        assert_eq!(told("in 2 hours"), "`in 2 hours` is written `in 2h`");
    }
}
