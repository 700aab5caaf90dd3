//! Quiet hours: the part of each day in which nothing comes by itself.

use jiff::civil::Time;
use jiff::{Timestamp, ToSpan, Zoned};

/// From one time of the day to another, over midnight when the first is the later one. Two equal times are no quiet hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quiet {
    /// They begin.
    pub from: Time,
    /// They are over.
    pub to: Time,
}

impl Quiet {
    /// Whether it is quiet at this time of the day.
    #[must_use]
    pub fn holds(self, time: Time) -> bool {
        if self.from > self.to { time >= self.from || time < self.to } else { time >= self.from && time < self.to }
    }

    /// When they end, if it is quiet now.
    #[must_use]
    pub fn until(self, now: &Zoned) -> Option<Timestamp> {
        if !self.holds(now.time()) {
            return None;
        }
        let over_midnight = self.from > self.to && now.time() >= self.from;
        let day = if over_midnight { now.date().checked_add(1.day()).ok()? } else { now.date() };
        now.time_zone().to_zoned(day.to_datetime(self.to)).ok().map(|end| end.timestamp())
    }

    /// When they begin next; nothing when there are none.
    #[must_use]
    pub fn begins_after(self, now: &Zoned) -> Option<Timestamp> {
        let day = if now.time() < self.from { now.date() } else { now.date().checked_add(1.day()).ok()? };
        let begins = now.time_zone().to_zoned(day.to_datetime(self.from)).ok()?;
        (self.from != self.to).then(|| begins.timestamp())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::time;

    const NIGHT: Quiet = Quiet { from: time(22, 0, 0, 0), to: time(8, 0, 0, 0) };
    const NOON: Quiet = Quiet { from: time(12, 0, 0, 0), to: time(14, 0, 0, 0) };
    const NEVER: Quiet = Quiet { from: time(9, 0, 0, 0), to: time(9, 0, 0, 0) };

    #[track_caller]
    fn ends(quiet: Quiet, now: &str, end: Option<&str>) {
        let now: Zoned = now.parse().unwrap();
        assert_eq!(quiet.until(&now).map(|until| until.to_string()).as_deref(), end, "{now}");
    }

    #[test]
    fn they_begin_in_the_evening_of_this_day_or_the_next() {
        let begins = |quiet: Quiet, now: &str| {
            quiet.begins_after(&now.parse().unwrap()).map(|begins| begins.to_string()).unwrap_or_default()
        };
        assert_eq!(begins(NIGHT, "2026-03-02T21:59[Europe/Vienna]"), "2026-03-02T21:00:00Z");
        assert_eq!(begins(NIGHT, "2026-03-02T22:00[Europe/Vienna]"), "2026-03-03T21:00:00Z");
        assert_eq!(begins(NIGHT, "2026-03-28T23:00[Europe/Vienna]"), "2026-03-29T20:00:00Z");
        assert_eq!(begins(NEVER, "2026-03-02T21:59[Europe/Vienna]"), "");
    }

    #[test]
    fn they_end_in_the_morning_and_on_the_clock_of_that_morning() {
        ends(NIGHT, "2026-03-02T21:59[Europe/Vienna]", None);
        ends(NIGHT, "2026-03-02T22:00[Europe/Vienna]", Some("2026-03-03T07:00:00Z"));
        ends(NIGHT, "2026-03-03T07:59[Europe/Vienna]", Some("2026-03-03T07:00:00Z"));
        ends(NIGHT, "2026-03-03T08:00[Europe/Vienna]", None);
        ends(NIGHT, "2026-03-28T23:00[Europe/Vienna]", Some("2026-03-29T06:00:00Z"));
        ends(NOON, "2026-03-03T13:00[UTC]", Some("2026-03-03T14:00:00Z"));
        ends(NEVER, "2026-03-03T09:00[UTC]", None);
    }
}
