//! The words of one language for what comes again and again: how people say it, and how it is read back to them.

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan, Zoned};

use super::super::problem::Source;
use super::super::read::{self, Fields};
use super::super::yaml::Node;
use super::{Writing, words};
use crate::practice::dated::{Dated, Day};
use crate::schedule::Rule;
use crate::schedule::pattern::{Cycle, Pattern};

/// How people say when something shall happen. Words are folded; in those with `#`, something stands in its place.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Wishes {
    /// Before a length, for every so often: "every".
    pub every: Vec<String>,
    /// Every day: "every day", "daily".
    pub daily: Vec<String>,
    /// Monday to Friday.
    pub workdays: Vec<String>,
    /// Saturday and Sunday.
    pub weekends: Vec<String>,
    /// Every other day.
    pub other_day: Vec<String>,
    /// Before days of the week, for all of them: "every", "each".
    pub weekly: Vec<String>,
    /// What makes several of a day of the week: the s in "mondays".
    pub endings: Vec<String>,
    /// The last day of the month.
    pub month_end: Vec<String>,
    /// A day of every month; `#` is the day.
    pub monthly: Vec<(String, String)>,
    /// A day of every year; `#` is day and month.
    pub yearly: Vec<(String, String)>,
    /// A window; the two `#` are its times.
    pub between: Vec<(String, String)>,
    /// Times of the day that are in the person's settings.
    pub morning: Vec<String>,
    /// The same at noon.
    pub noon: Vec<String>,
    /// The same in the evening.
    pub evening: Vec<String>,
    /// In the evening of this day.
    pub tonight: Vec<String>,
    /// Before what somebody wants to be reminded of: "to", "about".
    pub lead: Vec<String>,
}

/// Reads `reading.when`.
pub(super) fn wishes(node: &Node, source: &mut Source<'_>) -> Wishes {
    let mut found = Wishes::default();
    let Some(mut fields) = Fields::of(node, "`when`", source) else { return found };
    let lists: [(&'static str, &mut Vec<String>); 13] = [
        ("every", &mut found.every),
        ("daily", &mut found.daily),
        ("workdays", &mut found.workdays),
        ("weekends", &mut found.weekends),
        ("other_day", &mut found.other_day),
        ("weekly", &mut found.weekly),
        ("endings", &mut found.endings),
        ("month_end", &mut found.month_end),
        ("morning", &mut found.morning),
        ("noon", &mut found.noon),
        ("evening", &mut found.evening),
        ("tonight", &mut found.tonight),
        ("lead", &mut found.lead),
    ];
    for (key, list) in lists {
        if let Some(node) = fields.take(key) {
            *list = words(node, source);
            // The longest first, so that "all the" goes before "all".
            list.sort_by_key(|word| std::cmp::Reverse(word.len()));
        }
    }
    let frames =
        [("monthly", &mut found.monthly, 1), ("yearly", &mut found.yearly, 1), ("between", &mut found.between, 2)];
    for (key, list, holes) in frames {
        if let Some(node) = fields.take(key) {
            *list = framed(node, holes, source);
        }
    }
    fields.finish(source);
    found
}

/// Words with one `#` or two in them: what stands before the first, and behind it or between both.
fn framed(node: &Node, holes: usize, source: &mut Source<'_>) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for text in words(node, source) {
        let parts: Vec<&str> = text.split('#').map(str::trim).collect();
        if parts.len() == holes + 1 && parts.get(2).is_none_or(|behind| behind.is_empty()) {
            found.push((parts[0].to_owned(), parts[1].to_owned()));
        } else {
            let span = node.span.start..node.span.start + 1;
            let hint = if holes == 1 { "like \"the # of every month\"" } else { "like \"between # and #\"" };
            source.error("GS0709", span, format!("`{text}` has not {holes} places for what is said"), hint);
        }
    }
    found
}

/// How a rule is read back.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Sayings {
    at: String,
    between: String,
    once: String,
    later: String,
    hourly: String,
    daily: String,
    workdays: String,
    weekly: String,
    each_nth: String,
    monthly: String,
    month_end: String,
    yearly: String,
    /// The days of a month from the first on, where they are not just numbers.
    days: Vec<String>,
}

/// Reads `writing.when`.
pub(super) fn sayings(node: &Node, source: &mut Source<'_>) -> Option<Sayings> {
    let mut found = Sayings::default();
    let mut fields = Fields::of(node, "`when`", source)?;
    let slots: [(&'static str, &[&str], &mut String); 12] = [
        ("at", &["{time}"], &mut found.at),
        ("between", &["{time}", "{until}"], &mut found.between),
        ("once", &["{date}", "{at}"], &mut found.once),
        ("later", &["{date}", "{year}", "{at}"], &mut found.later),
        ("hourly", &["{length}"], &mut found.hourly),
        ("daily", &["{at}"], &mut found.daily),
        ("workdays", &["{at}"], &mut found.workdays),
        ("weekly", &["{days}", "{at}"], &mut found.weekly),
        ("each_nth", &["{length}", "{at}"], &mut found.each_nth),
        ("monthly", &["{day}", "{at}"], &mut found.monthly),
        ("month_end", &["{at}"], &mut found.month_end),
        ("yearly", &["{date}", "{at}"], &mut found.yearly),
    ];
    for (key, marks, slot) in slots {
        let Some(node) = fields.need(key, source) else { continue };
        let Some(text) = read::plain(node, "words", source) else { continue };
        let missing: Vec<&str> = marks.iter().copied().filter(|mark| !text.contains(mark)).collect();
        if missing.is_empty() {
            *slot = text;
        } else {
            let message = format!("`{key}` does not show {}", missing.join(" and "));
            source.error("GS0709", node.span.clone(), message, format!("it has {}", marks.join(", ")));
        }
    }
    if let Some(node) = fields.take("days") {
        let items = read::items(node, "a list of days", source);
        found.days = items.into_iter().filter_map(|item| read::plain(item, "a day", source)).collect();
    }
    fields.finish(source);
    Some(found)
}

/// A frame of a day and a time with the day alone.
fn framed_day(frame: &str, day: &str) -> String {
    frame.replace("{date}", day).replace("{at}", "").trim().to_owned()
}

impl Writing {
    /// A rule as it is read back: `every Monday and Thursday at 20:00`.
    #[must_use]
    pub fn when(&self, rule: &Rule, now: &Zoned) -> String {
        let Some(own) = &self.rules else { return crate::types::Value::when(rule.clone()).to_string() };
        match (rule, Pattern::of(rule)) {
            (Rule::Once { civil }, _) => self.moment(own, civil.date(), civil.time(), now),
            (Rule::At { at }, _) => self.instant(own, *at, now),
            (Rule::Every { .. }, Some(pattern)) => self.pattern(own, &pattern),
            (Rule::Every { cron, .. }, None) => cron.clone(),
        }
    }

    /// A line with its day: `Thursday 14 May: our day`. A day of another year has the year with it.
    #[must_use]
    pub fn dated(&self, line: &Dated<'_>, today: Date) -> String {
        let day = match (line.day, &self.rules) {
            (Day::Once(date), _) if date.year() == today.year() => self.date(date),
            (Day::Once(date), Some(own)) => {
                framed_day(&own.later.replace("{year}", &date.year().to_string()), &self.date(date))
            }
            (Day::Yearly { month, day }, Some(own)) => framed_day(&own.yearly, &self.day_and_month(day, month)),
            (day, None) => day.to_string(),
        };
        if line.text.is_empty() { day } else { format!("{day}: {}", line.text) }
    }

    fn instant(&self, own: &Sayings, at: Timestamp, now: &Zoned) -> String {
        let there = now.time_zone().to_datetime(at);
        self.moment(own, there.date(), there.time(), now)
    }

    /// A day of this year needs no year, and neither does one soon after it.
    fn moment(&self, own: &Sayings, date: Date, time: jiff::civil::Time, now: &Zoned) -> String {
        let soon = now.date().checked_add(10.months()).is_ok_and(|limit| date < limit);
        let frame = if soon { &own.once } else { &own.later };
        let at = own.at.replace("{time}", &self.time(time));
        frame.replace("{date}", &self.date(date)).replace("{year}", &date.year().to_string()).replace("{at}", &at)
    }

    fn pattern(&self, own: &Sayings, pattern: &Pattern) -> String {
        let at = match pattern.until {
            Some(until) => own.between.replace("{time}", &self.time(pattern.at)).replace("{until}", &self.time(until)),
            None => own.at.replace("{time}", &self.time(pattern.at)),
        };
        let day = |day: i8| {
            let word = usize::try_from(day - 1).ok().and_then(|at| own.days.get(at));
            word.cloned().unwrap_or_else(|| day.to_string())
        };
        let days = |count: u16| self.days(i64::from(count));
        let text = match &pattern.cycle {
            Cycle::Hours(1) => own.hourly.replace("{length}", &self.unit(2)),
            Cycle::Hours(hours) => own.hourly.replace("{length}", &self.length(i64::from(*hours) * 3_600)),
            Cycle::Daily => own.daily.clone(),
            Cycle::Workdays => own.workdays.clone(),
            Cycle::Weekly(weekdays) => {
                let names: Vec<String> = weekdays.iter().map(|day| self.weekday(*day)).collect();
                own.weekly.replace("{days}", &self.list(&names))
            }
            Cycle::EachNth(count, _) => own.each_nth.replace("{length}", &days(*count)),
            Cycle::Monthly(number) => own.monthly.replace("{day}", &day(*number)),
            Cycle::MonthEnd => own.month_end.clone(),
            Cycle::Yearly(month, number) => own.yearly.replace("{date}", &self.day_and_month(*number, *month)),
        };
        text.replace("{at}", &at)
    }
}
