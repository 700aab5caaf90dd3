//! Rules as people think of them: "every Monday at eight", "on the last day of the month". One form for reading and for showing.

use jiff::civil::{Date, Time, Weekday};

use super::when::{short_name, weekday_of};
use super::{Rule, Which};

/// How days come round.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cycle {
    /// Every so many hours, from midnight on. The time of the day says nothing but its minute.
    Hours(u8),
    /// Every day.
    Daily,
    /// Monday to Friday.
    Workdays,
    /// On these days of the week.
    Weekly(Vec<Weekday>),
    /// Every so many days, from this one on.
    EachNth(u16, Date),
    /// On this day of every month that has it.
    Monthly(i8),
    /// On the last day of every month.
    MonthEnd,
    /// Once a year: month and day. That day need not exist.
    Yearly(i8, i8),
}

/// A rule that comes again and again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    /// On which days.
    pub cycle: Cycle,
    /// At what time.
    pub at: Time,
    /// Some time from then until this one: for days of the week only.
    pub until: Option<Time>,
}

impl Pattern {
    /// The rule. `seed` is the person's number, by which a time in a window differs between people.
    #[must_use]
    pub fn rule(&self, seed: u64) -> Rule {
        let (minute, hour) = (self.at.minute(), self.at.hour());
        let window = self.until.map(|until| Which::Within { minutes: minutes_between(self.at, until), seed });
        let (cron, which) = match &self.cycle {
            Cycle::Hours(every) => (format!("0 {minute} */{every} * * *"), None),
            Cycle::Daily => (format!("0 {minute} {hour} * * *"), window),
            Cycle::Workdays => (format!("0 {minute} {hour} * * MON-FRI"), window),
            Cycle::Weekly(days) => {
                let days: Vec<&str> = days.iter().map(|day| short_name(*day)).collect();
                (format!("0 {minute} {hour} * * {}", days.join(",")), window)
            }
            Cycle::EachNth(days, from) => {
                (format!("0 {minute} {hour} * * *"), Some(Which::EachNth { days: *days, from: *from }))
            }
            Cycle::Monthly(day) => (format!("0 {minute} {hour} {day} * *"), None),
            Cycle::MonthEnd => (format!("0 {minute} {hour} 28-31 * *"), Some(Which::LastOfMonth)),
            Cycle::Yearly(month, day) => (format!("0 {minute} {hour} {day} {month} *"), None),
        };
        Rule::Every { cron, which: which.unwrap_or_default() }
    }

    /// The pattern of a rule; nothing for one that happens once, or that nobody would say like this.
    #[must_use]
    pub fn of(rule: &Rule) -> Option<Self> {
        let Rule::Every { cron, which } = rule else { return None };
        let fields: Vec<&str> = cron.split_whitespace().collect();
        let [_, minute, hour, day, month, weekdays] = fields[..] else { return None };
        let number = |field: &str| field.parse::<i8>().ok();
        if let Some(every) = hour.strip_prefix("*/").and_then(|every| every.parse().ok()) {
            let at = Time::new(0, number(minute)?, 0, 0).ok()?;
            return Some(Self { cycle: Cycle::Hours(every), at, until: None });
        }
        let at = Time::new(number(hour)?, number(minute)?, 0, 0).ok()?;
        let cycle = match (which, day, month, weekdays) {
            (Which::LastOfMonth, "28-31", "*", "*") => Cycle::MonthEnd,
            (Which::EachNth { days, from }, "*", "*", "*") => Cycle::EachNth(*days, *from),
            (_, "*", "*", "*") => Cycle::Daily,
            (_, "*", "*", "MON-FRI") => Cycle::Workdays,
            (_, "*", "*", days) => Cycle::Weekly(days.split(',').map(weekday_of).collect::<Option<_>>()?),
            (_, day, "*", "*") => Cycle::Monthly(number(day)?),
            (_, day, month, "*") => Cycle::Yearly(number(month)?, number(day)?),
            _ => return None,
        };
        let until = match which {
            Which::Within { minutes, .. } => Some(at.wrapping_add(jiff::Span::new().minutes(i64::from(*minutes)))),
            _ => None,
        };
        Some(Self { cycle, at, until })
    }
}

/// From one time of the day to another, over midnight if need be.
fn minutes_between(from: Time, to: Time) -> u16 {
    let minutes = |time: Time| i32::from(time.hour()) * 60 + i32::from(time.minute());
    u16::try_from((minutes(to) - minutes(from)).rem_euclid(24 * 60)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::{date, time};

    #[test]
    fn a_pattern_becomes_a_rule_and_back() {
        let cycles = [
            (Cycle::Hours(2), "0 5 */2 * * *"),
            (Cycle::Daily, "0 5 20 * * *"),
            (Cycle::Workdays, "0 5 20 * * MON-FRI"),
            (Cycle::Weekly(vec![Weekday::Monday, Weekday::Thursday]), "0 5 20 * * MON,THU"),
            (Cycle::EachNth(2, date(2026, 3, 2)), "0 5 20 * * *"),
            (Cycle::Monthly(31), "0 5 20 31 * *"),
            (Cycle::MonthEnd, "0 5 20 28-31 * *"),
            (Cycle::Yearly(2, 29), "0 5 20 29 2 *"),
        ];
        for (cycle, expected) in cycles {
            let at = if matches!(cycle, Cycle::Hours(_)) { time(0, 5, 0, 0) } else { time(20, 5, 0, 0) };
            let pattern = Pattern { cycle, at, until: None };
            let Rule::Every { cron, .. } = &pattern.rule(1) else { panic!("it repeats") };
            assert_eq!(cron, expected);
            assert_eq!(Pattern::of(&pattern.rule(1)), Some(pattern));
        }
        let window = Pattern { cycle: Cycle::Daily, at: time(22, 0, 0, 0), until: Some(time(1, 30, 0, 0)) };
        let Rule::Every { which, .. } = window.rule(7) else { panic!("it repeats") };
        assert_eq!(which, Which::Within { minutes: 210, seed: 7 });
        assert_eq!(Pattern::of(&window.rule(7)), Some(window));
        let once = Rule::Once { civil: date(2026, 3, 2).at(20, 0, 0, 0) };
        assert_eq!(Pattern::of(&once), None);
        assert_eq!(Pattern::of(&Rule::every("0 0,30 * * * *").unwrap()), None);
    }
}
