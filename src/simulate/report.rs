//! What a simulation found, in numbers: the same lives give the same report, byte for byte.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;

use super::Plan;
use super::persons::Style;

/// Everything that is told at the end.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Report {
    /// How many persons did something.
    pub persons: u32,
    /// How many days they lived with the bot.
    pub days: u32,
    /// What everything follows from.
    pub seed: u64,
    /// How many of them are of which style.
    pub(super) styles: BTreeMap<Style, u32>,
    /// What became of the scripts.
    pub(super) scripts: BTreeMap<String, Runs>,
    pub(super) messages: Messages,
    /// How many times a person did something.
    pub inputs: u64,
    pub(super) due: Dues,
    /// Fixed words that the engine noted: guards, help.
    pub(super) notes: BTreeMap<String, u64>,
    /// What must never happen and did.
    pub broken: Vec<Broken>,
}

/// What became of the runs of one script.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(super) struct Runs {
    pub(super) started: u64,
    done: u64,
    stopped: u64,
    expired: u64,
    failed: u64,
    /// Not ended: open, or put away.
    pub(super) open: u64,
    /// Other words with which it ended.
    other: BTreeMap<String, u64>,
}

impl Runs {
    pub(super) fn ends(&mut self, outcome: &str) {
        match outcome {
            "done" => self.done += 1,
            "stopped" => self.stopped += 1,
            "expired" => self.expired += 1,
            "failed" => self.failed += 1,
            other => *self.other.entry(other.to_owned()).or_insert(0) += 1,
        }
    }

    fn add(&mut self, more: &Runs) {
        self.started += more.started;
        self.done += more.done;
        self.stopped += more.stopped;
        self.expired += more.expired;
        self.failed += more.failed;
        self.open += more.open;
        add(&mut self.other, &more.other);
    }
}

/// How much people were written to.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(super) struct Messages {
    pub(super) count: u64,
    /// On one day to one person.
    pub(super) most: u32,
    /// Those that followed from nothing that the person did.
    pub(super) unprompted: u64,
    pub(super) most_unprompted: u32,
}

/// What became of what came due, by outcome.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(super) struct Dues {
    pub(super) scripts: BTreeMap<&'static str, u64>,
    pub(super) nudges: BTreeMap<&'static str, u64>,
    pub(super) waits: BTreeMap<&'static str, u64>,
    pub(super) expiries: BTreeMap<&'static str, u64>,
}

/// Something that must never happen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Broken {
    /// Whose life.
    pub person: u32,
    /// When, on their clock.
    pub at: String,
    /// The script they stood in afterwards.
    pub script: String,
    /// The question.
    pub id: String,
    /// What happened.
    pub what: String,
}

fn add<K: Ord + Clone>(counts: &mut BTreeMap<K, u64>, more: &BTreeMap<K, u64>) {
    for (key, count) in more {
        *counts.entry(key.clone()).or_insert(0) += count;
    }
}

impl Report {
    /// A report without anybody in it.
    #[must_use]
    pub fn of(plan: &Plan) -> Self {
        Self { days: plan.days, seed: plan.seed, ..Self::default() }
    }

    pub(super) fn joins(&mut self, style: Style) {
        self.persons += 1;
        *self.styles.entry(style).or_insert(0) += 1;
    }

    pub(super) fn script(&mut self, name: &str) -> &mut Runs {
        self.scripts.entry(name.to_owned()).or_default()
    }

    /// Takes another group's in.
    pub fn add(&mut self, more: &Report) {
        self.persons += more.persons;
        self.inputs += more.inputs;
        for (style, count) in &more.styles {
            *self.styles.entry(*style).or_insert(0) += count;
        }
        for (name, runs) in &more.scripts {
            self.script(name).add(runs);
        }
        self.messages.count += more.messages.count;
        self.messages.unprompted += more.messages.unprompted;
        self.messages.most = self.messages.most.max(more.messages.most);
        self.messages.most_unprompted = self.messages.most_unprompted.max(more.messages.most_unprompted);
        add(&mut self.due.scripts, &more.due.scripts);
        add(&mut self.due.nudges, &more.due.nudges);
        add(&mut self.due.waits, &more.due.waits);
        add(&mut self.due.expiries, &more.due.expiries);
        add(&mut self.notes, &more.notes);
        self.broken.extend(more.broken.iter().cloned());
    }

    /// How many times something was decided: what people did, and what came due.
    #[must_use]
    pub fn events(&self) -> u64 {
        let due = [&self.due.scripts, &self.due.nudges, &self.due.waits, &self.due.expiries];
        self.inputs + due.iter().flat_map(|counts| counts.values()).sum::<u64>()
    }

    /// How many days all of them lived together.
    #[must_use]
    pub fn person_days(&self) -> u64 {
        u64::from(self.persons) * u64::from(self.days)
    }

    /// The whole of it for people. `replay` is the command that lives one person's life again, without the person's number.
    #[must_use]
    pub fn as_text(&self, replay: &str) -> String {
        let (persons, days) = (counted(self.persons, "person"), counted(self.days, "day"));
        let mut text = format!("{persons}, {days}, seed {}\n\n", self.seed);
        text += &self.scripts_as_text();
        let (messages, days) = (&self.messages, self.person_days());
        let rows = [
            ("messages", per_day(messages.count, days), messages.most),
            ("by themselves", per_day(messages.unprompted, days), messages.most_unprompted),
        ];
        for (what, mean, most) in rows {
            writeln!(text, "{what:<14} {mean} a person-day, {most} at most").unwrap_or_default();
        }
        text += "\n";
        let dues = [
            ("scripts due", &self.due.scripts),
            ("nudges", &self.due.nudges),
            ("waits", &self.due.waits),
            ("expiries", &self.due.expiries),
        ];
        for (what, counts) in dues.iter().filter(|(_, counts)| !counts.is_empty()) {
            writeln!(text, "{what:<14} {}", listed(counts)).unwrap_or_default();
        }
        writeln!(text, "{:<14} {}", "noted", listed(&self.notes)).unwrap_or_default();
        text + "\n" + &self.broken_as_text(replay)
    }

    fn scripts_as_text(&self) -> String {
        let width = self.scripts.keys().map(|name| name.len()).max().unwrap_or(6).max(6);
        let mut text = format!(
            "{:<width$} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8}  {}\n",
            "script", "started", "done", "stopped", "expired", "failed", "open", "other"
        );
        for (name, runs) in &self.scripts {
            let Runs { started, done, stopped, expired, failed, open, other } = runs;
            let row = format!(
                "{name:<width$} {started:>8} {done:>8} {stopped:>8} {expired:>8} {failed:>8} {open:>8}  {}",
                if other.is_empty() { String::new() } else { listed(other) }
            );
            text += row.trim_end();
            text += "\n";
        }
        text + "\n"
    }

    fn broken_as_text(&self, replay: &str) -> String {
        if self.broken.is_empty() {
            return "Nothing happened that must never happen.\n".into();
        }
        let mut text = match self.broken.len() {
            1 => "Once something happened that must never happen:\n".to_owned(),
            many => format!("{many} times something happened that must never happen:\n"),
        };
        for Broken { person, at, script, id, what } in &self.broken {
            let place = if script.is_empty() { "nothing open".to_owned() } else { format!("{script} at `{id}`") };
            writeln!(text, "person {person}, {at}, {place}: {what}").unwrap_or_default();
        }
        let first = self.broken.first().map_or(0, |broken| broken.person);
        text + &format!("\nLive through one of them again: {replay} --only-person {first}\n")
    }
}

/// "1 day", "2 days"
fn counted(number: u32, word: &str) -> String {
    format!("{number} {word}{}", if number == 1 { "" } else { "s" })
}

/// "1.25": with whole numbers, so that every machine writes the same.
fn per_day(count: u64, days: u64) -> String {
    let hundredths = (count * 100 + days / 2) / days.max(1);
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

/// "fired 12, quiet 3"
fn listed<K: std::fmt::Display>(counts: &BTreeMap<K, u64>) -> String {
    if counts.is_empty() {
        return "nothing".into();
    }
    counts.iter().map(|(word, count)| format!("{word} {count}")).collect::<Vec<_>>().join(", ")
}
