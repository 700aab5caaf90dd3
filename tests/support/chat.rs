//! Transcripts: what a person says and what the bot answers, one line each, run through the real engine and a small world of
//! facts and schedules. The state goes through JSON between all turns.
//!
//! `< ` the bot (`...` stands for anything), `> ` the person (`> [Label]` presses a button), `(+5h)` time passes, `! ` an effect (`! no journal`: none),
//! `= ` where the person stands, `#` a comment. All `<` of a turn are listed; `!` lines are optional.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use goldseam::engine::{self, Due, Effect, Event, Facts, Kept, Outcome, Plan, State};
use goldseam::practice::promise::{Promise, Standing};
use goldseam::schedule::{self, Firing, Rule, zones};
use goldseam::script::Library;
use goldseam::script::model::Type;
use goldseam::types::{Button, Private, Value, Values};
use jiff::civil::{DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan, Zoned};

/// One line of a transcript.
#[derive(Clone, Debug)]
enum Line {
    Given(String),
    Run(String),
    Bot(String),
    Person(String),
    Time(String),
    Effect(String),
    At(String),
}

/// A person in a small world.
pub struct Stage<'l> {
    library: &'l Library,
    state: State,
    facts: Facts,
    all_promises: BTreeMap<String, Promise>,
    plans: BTreeMap<String, (Plan, Firing)>,
    now: Timestamp,
    buttons: Vec<Button>,
    said: Vec<String>,
    effects: Vec<Effect>,
    /// Every event so far, for running them twice.
    pub log: Vec<(Event, Zoned)>,
}

impl<'l> Stage<'l> {
    /// What was said and done since this was last asked.
    pub fn heard(&mut self) -> (Vec<String>, Vec<Effect>) {
        (std::mem::take(&mut self.said), std::mem::take(&mut self.effects))
    }

    pub fn state(&self) -> &State {
        &self.state
    }

    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// The latest button with this label.
    pub fn token(&self, label: &str) -> String {
        let button = self.buttons.iter().rev().find(|button| button.label == label);
        button.unwrap_or_else(|| panic!("no [{label}] among {:?}", self.labels())).token.clone()
    }

    /// The scripts were edited.
    pub fn edit(&mut self, library: &'l Library) {
        self.library = library;
    }

    pub fn new(library: &'l Library) -> Self {
        Self {
            library,
            state: State::new(42),
            facts: Facts::default(),
            all_promises: BTreeMap::new(),
            plans: BTreeMap::new(),
            now: "2026-03-02T18:00:00Z".parse().unwrap(),
            buttons: Vec::new(),
            said: Vec::new(),
            effects: Vec::new(),
            log: Vec::new(),
        }
    }

    fn zone(&self) -> TimeZone {
        let name = self.facts.me.get("timezone").and_then(|value| value.as_text().map(str::to_owned));
        name.and_then(|name| zones::by_name(&name)).unwrap_or(TimeZone::UTC)
    }

    pub fn here(&self) -> Zoned {
        self.now.to_zoned(self.zone())
    }

    pub fn take(&mut self, event: Event) {
        let json = serde_json::to_string(&self.state).unwrap();
        let state: State = serde_json::from_str(&json).unwrap();
        assert_eq!(state, self.state, "a state survives JSON");
        assert!(json.len() < 65_536, "a state stays small: {}", json.len());
        let now = self.here();
        self.log.push((event.clone(), now.clone()));
        self.facts.schedules = self.plans.keys().cloned().collect();
        let (next, effects) = engine::step(self.library, &state, &self.facts, &event, &now);
        let (again, same) = engine::step(self.library, &state, &self.facts, &event, &now);
        assert_eq!(
            serde_json::to_vec(&next).unwrap(),
            serde_json::to_vec(&again).unwrap(),
            "a step gives the same state twice"
        );
        assert_eq!(effects, same, "a step gives the same effects twice");
        self.state = next;
        for effect in &effects {
            self.apply(effect);
        }
        self.effects.extend(effects);
    }

    fn apply(&mut self, effect: &Effect) {
        match effect {
            Effect::Say(message) => {
                let mut line = message.text.text();
                for button in &message.buttons {
                    write!(line, " [{}]", button.label).unwrap();
                }
                for button in &message.buttons {
                    assert!(button.token.len() <= 24, "a token fits every platform: {}", button.token);
                }
                if !message.buttons.is_empty() {
                    self.buttons.retain(|old| !message.buttons.iter().any(|new| new.label == old.label));
                    self.buttons.extend(message.buttons.clone());
                }
                self.said.push(squeeze(&line));
            }
            Effect::Remember { fact, value, .. } => {
                self.facts.me.insert(fact.clone(), value.clone());
                if fact == "timezone" {
                    let (zone, now) = (self.zone(), self.now);
                    for (plan, firing) in self.plans.values_mut() {
                        if let Some(next) = schedule::first(&plan.rule, now, &zone) {
                            *firing = next;
                        }
                    }
                }
            }
            Effect::Forget { fact } => {
                self.facts.me.remove(fact);
            }
            Effect::Journal(_) => self.facts.entries += 1,
            Effect::Promise(promise) => {
                self.all_promises.insert(promise.id.clone(), promise.clone());
                self.recount();
            }
            Effect::Settle { id, standing } => {
                // Nothing happens to a promise that was withdrawn meanwhile, as in the store.
                if let Some(promise) = self.all_promises.get_mut(id) {
                    promise.standing = *standing;
                }
                self.recount();
            }
            Effect::CheckIn(checkin) => {
                self.facts.checkins += i64::from(self.facts.last_checkin != Some(checkin.day));
                self.facts.last_checkin = Some(checkin.day);
            }
            Effect::Withdraw { kind, id } => match kind {
                Kept::Promise => {
                    self.all_promises.remove(id);
                    self.recount();
                }
                Kept::Entry => self.facts.entries -= 1,
                Kept::CheckIn => (self.facts.checkins, self.facts.last_checkin) = (self.facts.checkins - 1, None),
            },
            Effect::Schedule(plan) => {
                let firing = schedule::first(&plan.rule, self.now, &self.zone()).expect("a rule that happens");
                self.plans.insert(plan.name.clone(), (plan.clone(), firing));
            }
            Effect::Cancel { name } => {
                self.plans.remove(name);
            }
            Effect::Return { .. } | Effect::Fired(_) | Effect::Ended { .. } | Effect::Note { .. } => {}
        }
    }

    fn recount(&mut self) {
        let mut open: Vec<Promise> =
            self.all_promises.values().filter(|p| p.standing == Standing::Open).cloned().collect();
        open.sort_by(|a, b| (a.due, &a.id).cmp(&(b.due, &b.id)));
        self.facts.promises = open;
        self.facts.counts.clear();
        for promise in self.all_promises.values() {
            *self.facts.counts.entry(promise.standing).or_insert(0) += 1;
        }
    }

    /// Time passes; what comes due on the way fires, in order.
    pub fn pass_until(&mut self, target: Timestamp) {
        for _ in 0..10_000 {
            let next = self.plans.iter().map(|(name, (_, firing))| (firing.at, name.clone())).min();
            let Some((at, name)) = next.filter(|(at, _)| *at <= target) else { break };
            self.now = self.now.max(at);
            self.fire(&name);
        }
        self.now = target;
    }

    fn fire(&mut self, name: &str) {
        let (plan, firing) = self.plans.remove(name).expect("a plan");
        let due = Due {
            name: name.to_owned(),
            run: plan.run.clone(),
            due: firing.at,
            if_busy: plan.if_busy,
            late: plan.late,
            chosen: plan.chosen,
        };
        if let Some(next) =
            schedule::next_after(&plan.rule, self.now, &self.zone()).filter(|_| matches!(plan.rule, Rule::Every { .. }))
        {
            self.plans.insert(name.to_owned(), (plan.clone(), next));
        }
        let before = self.effects.len();
        self.take(Event::Due(due));
        let outcomes: Vec<Outcome> = self.effects[before..]
            .iter()
            .filter_map(|effect| match effect {
                Effect::Fired(outcome) => Some(outcome.clone()),
                _ => None,
            })
            .collect();
        let [outcome] = &outcomes[..] else { panic!("each due schedule has one outcome, not {outcomes:?}") };
        if let Outcome::Quiet { until } | Outcome::Queued { until } = outcome {
            self.plans.insert(name.to_owned(), (plan, Firing { at: *until, ..firing }));
        }
    }

    /// What the person does: a line of text, or `[Label]`.
    pub fn person(&mut self, words: &str) {
        let event = match words.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            Some(label) => {
                let button = self.buttons.iter().rev().find(|button| button.label == label);
                let Some(button) = button else { panic!("there is no button [{label}] among {:?}", self.labels()) };
                Event::Press(button.token.clone())
            }
            None => Event::Text(Private::new(words)),
        };
        self.take(event);
    }

    fn labels(&self) -> Vec<&str> {
        self.buttons.iter().map(|button| button.label.as_str()).collect()
    }

    pub fn given(&mut self, words: &str) {
        for part in words.split(';').map(str::trim).filter(|part| !part.is_empty() && *part != "new person") {
            let (name, value) = part.split_once('=').unwrap_or_else(|| panic!("`{part}` is not name = value"));
            let (name, value) = (name.trim(), value.trim());
            match name {
                "now" => {
                    let civil: DateTime = value.replace(' ', "T").parse().expect("a date and a time");
                    self.now = self.zone().to_zoned(civil).unwrap().timestamp();
                }
                "open promise" => self.give_promise(value),
                _ => {
                    let fact = name.strip_prefix("me.").unwrap_or_else(|| panic!("`{name}` is not me.something"));
                    let def = self.library.facts().get(fact).unwrap_or_else(|| panic!("no fact `{fact}`"));
                    let value = match &def.ty {
                        Type::Bool => Value::Bool(value == "yes"),
                        Type::Time => Value::Time { time: Time::strptime("%H:%M", value).unwrap() },
                        Type::List => Value::List(value.split(',').map(|item| Value::text(item.trim())).collect()),
                        _ => Value::text(value),
                    };
                    self.facts.me.insert(fact.to_owned(), value);
                }
            }
        }
    }

    fn give_promise(&mut self, text: &str) {
        let due = self.here().end_of_day().unwrap().timestamp() - SignedDuration::from_hours(2);
        let id = format!("given.{}", self.all_promises.len());
        let promise =
            Promise { id: id.clone(), text: Private::new(text), to: Private::new("me"), due, standing: Standing::Open };
        self.all_promises.insert(id, promise);
        self.recount();
    }

    pub fn run(&mut self, words: &str) {
        let (script, rest) = words.split_once(' ').unwrap_or((words, ""));
        let mut args = Values::new();
        for part in rest.trim_matches(['[', ']']).split(';').filter(|part| part.contains('=')) {
            let (name, value) = part.split_once('=').unwrap();
            let value = match value.trim() {
                "open promise" => self.facts.promises[0].id.clone(),
                other => other.to_owned(),
            };
            args.insert(name.trim().to_owned(), Value::Text(value));
        }
        let name = script.trim().to_owned();
        let run = engine::Run::Script { script: name.clone(), args };
        let due = Due { name, run, due: self.now, if_busy: engine::IfBusy::Interrupt, late: 60, chosen: true };
        self.take(Event::Due(due));
    }

    pub fn time(&mut self, words: &str) {
        let words = words.trim();
        if words == "restart" {
            return;
        }
        let now = self.here();
        let target = if let Some(amount) = words.strip_prefix('+') {
            let (number, unit) = amount.split_at(amount.len() - 1);
            let number: i64 = number.parse().expect("a number");
            let seconds = number
                * match unit {
                    "m" => 60,
                    "h" => 3_600,
                    "d" => 86_400,
                    _ => panic!("a unit in `{words}`"),
                };
            self.now + SignedDuration::from_secs(seconds)
        } else {
            let (day, clock) = words.split_once(' ').expect("a day and a time");
            let time = Time::strptime("%H:%M", clock).unwrap();
            let day = if day == "tomorrow" { now.date() + 1.day() } else { day.parse().unwrap() };
            self.zone().to_zoned(day.to_datetime(time)).unwrap().timestamp()
        };
        self.pass_until(target);
    }

    pub fn stands(&self) -> String {
        let frame = match (&self.state.card, &self.state.active) {
            (Some(card), _) => Some((card.frame.script.clone(), card.frame.at.clone())),
            (None, Some(thread)) => thread.top().map(|frame| (frame.script.clone(), frame.at.clone())),
            (None, None) => None,
        };
        frame.map_or("nothing open".into(), |(_, at)| format!("waiting at {at}"))
    }

    pub fn has_effect(&self, words: &str) -> bool {
        let mut words = words.split_whitespace();
        let (kind, rest) = (words.next().unwrap_or(""), words.collect::<Vec<_>>().join(" "));
        let is = |found: &str| rest.is_empty() || found == rest;
        self.effects.iter().any(|effect| match (kind, effect) {
            ("journal", Effect::Journal(entry)) => is(&entry.kind),
            ("promise", Effect::Promise(_)) | ("check-in", Effect::CheckIn(_)) | ("return", Effect::Return { .. }) => {
                true
            }
            ("settle", Effect::Settle { standing, .. }) => is(standing.as_str()),
            ("schedule", Effect::Schedule(plan)) => is(&plan.name),
            ("cancel", Effect::Cancel { name }) => is(name),
            ("remember", Effect::Remember { fact, .. }) | ("forget", Effect::Forget { fact }) => is(fact),
            ("ended", Effect::Ended { outcome, script }) => is(outcome) || is(script),
            ("fired", Effect::Fired(outcome)) => is(outcome.as_str()),
            ("withdraw", Effect::Withdraw { .. }) => true,
            ("note", Effect::Note { code }) => is(code),
            ("park", Effect::Fired(_)) => rest == "expired" && self.state.parked.iter().any(|thread| thread.expired),
            _ => false,
        })
    }
}

/// All white space as single spaces.
pub fn squeeze(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether a text is what a line expects; `...` stands for anything.
fn meets(pattern: &str, text: &str) -> bool {
    let whole = pattern.replace("....", ". ...");
    let parts: Vec<&str> = whole.split("...").map(str::trim).collect();
    let mut rest = text;
    for (index, part) in parts.iter().enumerate() {
        let last = index + 1 == parts.len();
        if index == 0 {
            let Some(tail) = rest.strip_prefix(part) else { return false };
            rest = tail;
            if last {
                return rest.is_empty();
            }
        } else if last {
            return part.is_empty() || rest.ends_with(part);
        } else {
            let Some(at) = rest.find(part) else { return false };
            rest = &rest[at + part.len()..];
        }
    }
    true
}

fn parse(text: &str) -> Vec<(usize, Line)> {
    let mut lines = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.trim_end();
        let rest = |prefix: &str| line.strip_prefix(prefix).map(|rest| rest.trim().to_owned());
        let found = if line.is_empty() || line.starts_with('#') {
            continue;
        } else if let Some(words) = rest("given:") {
            Line::Given(words)
        } else if let Some(words) = rest("run:") {
            Line::Run(words)
        } else if let Some(words) = rest("<") {
            Line::Bot(words)
        } else if let Some(words) = rest(">") {
            Line::Person(words)
        } else if let Some(words) = rest("!") {
            Line::Effect(words)
        } else if let Some(words) = rest("=") {
            Line::At(words)
        } else if let Some(words) = line.strip_prefix('(').and_then(|line| line.strip_suffix(')')) {
            Line::Time(words.to_owned())
        } else {
            panic!("line {}: `{line}` is none of the kinds of lines", number + 1);
        };
        lines.push((number + 1, found));
    }
    lines
}

/// What differs: readable, and the transcript as it would be.
pub struct Difference {
    pub shown: String,
    pub blessed: String,
}

/// Runs a transcript.
pub fn play(library: &Library, text: &str) -> Result<Vec<(Event, Zoned)>, Difference> {
    let mut blessed: Vec<Vec<String>> = text.lines().map(|line| vec![line.to_owned()]).collect();
    let mut stage = Stage::new(library);
    let mut wrong = String::new();
    let lines = parse(text);
    let mut index = 0;
    while index < lines.len() {
        let (number, line) = &lines[index];
        index += 1;
        match line {
            Line::Given(words) => {
                stage.given(words);
                continue;
            }
            Line::Run(words) => stage.run(words),
            Line::Person(words) => stage.person(words),
            Line::Time(words) => stage.time(words),
            Line::Bot(_) | Line::Effect(_) | Line::At(_) => {
                writeln!(wrong, "line {number}: nothing happened before this").unwrap();
                continue;
            }
        }
        let mut expected = Vec::new();
        while let Some((number, line)) = lines.get(index) {
            match line {
                Line::Bot(words) => expected.push((*number, words.clone())),
                Line::Effect(words) => {
                    let (words, wanted) =
                        words.strip_prefix("no ").map_or((words.as_str(), true), |rest| (rest, false));
                    if stage.has_effect(words) != wanted {
                        writeln!(
                            wrong,
                            "line {number}: effect `{words}`, wanted: {wanted}, among {:?}",
                            names(&stage.effects)
                        )
                        .unwrap();
                    }
                }
                Line::At(words) => {
                    if stage.stands() != *words {
                        writeln!(wrong, "line {number}: `{words}` expected, it is `{}`", stage.stands()).unwrap();
                    }
                }
                _ => break,
            }
            index += 1;
        }
        if !compare(&mut wrong, *number, &expected, &stage.said) {
            expected.iter().for_each(|(line, _)| blessed[line - 1].clear());
            let after = expected.first().map_or(*number, |(line, _)| *line) - usize::from(!expected.is_empty());
            blessed[after - 1].extend(stage.said.iter().map(|said| format!("< {said}")));
        }
        stage.said.clear();
        stage.effects.clear();
    }
    let blessed = blessed.concat().join("\n") + "\n";
    if wrong.is_empty() { Ok(stage.log) } else { Err(Difference { shown: wrong, blessed }) }
}

fn names(effects: &[Effect]) -> Vec<String> {
    effects
        .iter()
        .filter(|effect| !matches!(effect, Effect::Say(_)))
        .map(|effect| format!("{effect:?}").chars().take(60).collect())
        .collect()
}

fn compare(wrong: &mut String, number: usize, expected: &[(usize, String)], said: &[String]) -> bool {
    let good =
        expected.len() == said.len() && expected.iter().zip(said).all(|((_, pattern), text)| meets(pattern, text));
    if good {
        return true;
    }
    writeln!(wrong, "after line {number}:").unwrap();
    for (line, pattern) in expected {
        writeln!(wrong, "  expected {line:>3} < {pattern}").unwrap();
    }
    for text in said {
        writeln!(wrong, "  said         < {text}").unwrap();
    }
    false
}
