//! The page that Prometheus reads: its text format, version 0.0.4
//! (prometheus.io/docs/instrumenting/exposition_formats). Pure.

use std::fmt::{Display, Write as _};

use crate::counters::{Count, NAMES};
use crate::outbox::LineState;
use crate::store::Status;
use crate::types::Platform;

/// The gauges, and what they measure.
pub const GAUGES: &[(&str, &str)] = &[
    ("database_up", "1 when the database has answered"),
    ("disk_writable", "1 when the disk under the database takes what is written"),
    ("inbox_waiting", "Events that are to be handled"),
    ("inbox_late", "Events that wait for longer than a minute"),
    ("inbox_oldest_seconds", "For how long the oldest event has been waiting"),
    ("outbox_messages", "Messages that are to be sent, by state: due, queued for later, sending"),
    ("outbox_late", "Messages that should have gone out more than a minute ago"),
    ("outbox_oldest_seconds", "For how long the oldest message has been waiting"),
    ("outbox_open", "1 when messages may be sent to a platform, 0 when it told us to wait or refuses our token"),
    ("outbox_resting", "1 when a platform does not answer, so that only answers are sent there"),
    ("reminders_due", "Schedules that should fire now"),
    ("reminders_late", "Schedules that should have fired more than a minute ago"),
    ("reminders_oldest_seconds", "For how long the oldest schedule has been due"),
    ("listen_conflict", "1 when another program takes what people write to the bot, with the same token"),
    ("role_held", "1 when this program does what only one of several may do"),
    ("worker_still_seconds", "For how long a worker has not got on; 0 when it rests"),
];

/// What there is to show.
pub(super) struct Shown {
    /// What waits; `None` when the database does not answer.
    pub(super) status: Option<Status>,
    /// Can anything be stored?
    pub(super) writable: bool,
    pub(super) counts: Vec<Count>,
    pub(super) lines: Vec<LineState>,
    pub(super) roles: Vec<(String, bool)>,
    pub(super) conflicts: Vec<(Platform, bool)>,
    pub(super) still: Vec<(&'static str, f64)>,
}

impl Shown {
    /// The page.
    pub(super) fn text(&self) -> String {
        let mut page = Page(String::new());
        for (name, help) in GAUGES {
            page.begins(name, "gauge", help);
            self.gauge(&mut page, name);
        }
        for (name, help) in NAMES {
            let family = format!("{}_total", name.replace('.', "_"));
            page.begins(&family, "counter", help);
            for count in self.counts.iter().filter(|count| count.name == *name) {
                let platform = count.platform.map(|platform| ("platform", platform));
                let reason = Some(("reason", count.reason)).filter(|(_, reason)| !reason.is_empty());
                let labels: Vec<(&str, &str)> = platform.into_iter().chain(reason).collect();
                page.line(&family, &labels, count.count);
            }
        }
        page.0
    }

    fn gauge(&self, page: &mut Page, name: &str) {
        match name {
            "database_up" => page.line(name, &[], u8::from(self.status.is_some())),
            "disk_writable" => page.line(name, &[], u8::from(self.writable)),
            "outbox_open" => {
                for line in &self.lines {
                    page.line(name, &[("platform", line.platform.as_str())], u8::from(line.open));
                }
            }
            "outbox_resting" => {
                for line in &self.lines {
                    page.line(name, &[("platform", line.platform.as_str())], u8::from(line.resting));
                }
            }
            "listen_conflict" => {
                for (platform, there) in &self.conflicts {
                    page.line(name, &[("platform", platform.as_str())], u8::from(*there));
                }
            }
            "role_held" => {
                for (role, held) in &self.roles {
                    page.line(name, &[("role", role)], u8::from(*held));
                }
            }
            "worker_still_seconds" => {
                for (worker, seconds) in &self.still {
                    page.line(name, &[("worker", worker)], seconds);
                }
            }
            _ => self.status.iter().for_each(|status| waiting(page, name, status)),
        }
    }
}

/// What waits in the database.
fn waiting(page: &mut Page, name: &str, status: &Status) {
    let reminders = &status.reminders;
    match name {
        "reminders_due" => return page.line(name, &[], reminders.due),
        "reminders_late" => return page.line(name, &[], reminders.late),
        "reminders_oldest_seconds" => return page.line(name, &[], reminders.oldest_s.unwrap_or(0)),
        _ => {}
    }
    for of in &status.platforms {
        let (events, messages, platform) = (&of.events, &of.messages, ("platform", of.platform.as_str()));
        match name {
            "inbox_waiting" => page.line(name, &[platform], events.waiting),
            "inbox_late" => page.line(name, &[platform], events.late),
            "inbox_oldest_seconds" => page.line(name, &[platform], events.oldest_s.unwrap_or(0)),
            "outbox_late" => page.line(name, &[platform], messages.late),
            "outbox_oldest_seconds" => page.line(name, &[platform], messages.oldest_s.unwrap_or(0)),
            _ => {
                let states = [("due", messages.due), ("queued", messages.queued), ("sending", messages.sending)];
                for (state, number) in states {
                    page.line(name, &[platform, ("state", state)], number);
                }
            }
        }
    }
}

/// A page that is being written. Writing into a string cannot fail.
struct Page(String);

impl Page {
    fn begins(&mut self, name: &str, kind: &str, help: &str) {
        let _ = writeln!(self.0, "# HELP goldseam_{name} {help}.\n# TYPE goldseam_{name} {kind}");
    }

    /// Labels are fixed words of ours: nothing in them has to be escaped.
    fn line(&mut self, name: &str, labels: &[(&str, &str)], value: impl Display) {
        let labels: Vec<String> = labels.iter().map(|(label, word)| format!("{label}=\"{word}\"")).collect();
        let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        let _ = writeln!(self.0, "goldseam_{name}{labels} {value}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Events, OfPlatform};

    #[test]
    fn the_page_has_every_family_and_its_lines() {
        let events = Events { waiting: 3, late: 1, dead: 0, oldest_s: Some(75) };
        let telegram = OfPlatform { platform: "telegram".into(), events, ..OfPlatform::default() };
        let count = Count { name: "outbox.again", platform: Some("discord"), reason: "rate_limited", count: 7 };
        let shown = Shown {
            status: Some(Status { platforms: vec![telegram], ..Status::default() }),
            writable: false,
            counts: vec![count],
            lines: vec![LineState { platform: Platform::Discord, open: false, resting: true }],
            roles: vec![("poll:discord".into(), true)],
            conflicts: vec![(Platform::Telegram, true)],
            still: vec![("outbox", 0.5)],
        };
        let text = shown.text();
        for line in [
            "# TYPE goldseam_inbox_waiting gauge",
            "goldseam_inbox_oldest_seconds{platform=\"telegram\"} 75",
            "goldseam_outbox_messages{platform=\"telegram\",state=\"sending\"} 0",
            "# TYPE goldseam_outbox_again_total counter",
            "goldseam_outbox_again_total{platform=\"discord\",reason=\"rate_limited\"} 7",
            "goldseam_outbox_open{platform=\"discord\"} 0",
            "goldseam_outbox_resting{platform=\"discord\"} 1",
            "goldseam_listen_conflict{platform=\"telegram\"} 1",
            "goldseam_role_held{role=\"poll:discord\"} 1",
            "goldseam_worker_still_seconds{worker=\"outbox\"} 0.5",
            "goldseam_database_up 1",
            "goldseam_disk_writable 0",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
        }
        assert_eq!(text.matches("# TYPE ").count(), GAUGES.len() + NAMES.len());
    }

    #[test]
    fn every_family_is_explained_to_operators() {
        let page = include_str!("../../docs/operating.md");
        let counters = NAMES.iter().map(|(name, _)| format!("{}_total", name.replace('.', "_")));
        for name in GAUGES.iter().map(|(name, _)| (*name).to_owned()).chain(counters) {
            assert!(page.contains(&format!("`{name}`")), "docs/operating.md says nothing of `{name}`");
        }
    }
}
