//! What names stand for while a step of a script is carried out.

use std::cell::Cell;

use jiff::Zoned;
use jiff::civil::{Date, Time};

use super::api::Facts;
use super::paths;
use super::state::Frame;
use super::wishes::{self, Here};
use crate::phrase::Phrase;
use crate::practice::dated::Dated;
use crate::practice::history::History;
use crate::practice::promise::Standing;
use crate::schedule::when::{Daypart, Settings};
use crate::schedule::{Rule, day_of};
use crate::script::Library;
use crate::script::expr::{Expr, PathField, PromiseField, Scope};
use crate::script::model::{Script, Stamp};
use crate::script::review::readers;
use crate::types::Value;

/// A person's values, seen from one frame.
pub(crate) struct View<'v> {
    pub(crate) library: &'v Library,
    pub(crate) facts: &'v Facts,
    pub(crate) now: &'v Zoned,
    pub(crate) frame: &'v Frame,
    pub(crate) script: Option<&'v Script>,
    pub(crate) answer: Option<&'v Value>,
    /// The person's number.
    pub(crate) seed: u64,
    /// Set when something asks for the history and it is not there.
    pub(crate) lacks_history: &'v Cell<bool>,
}

/// A fact, or what it is declared to be at first.
pub(crate) fn fact(library: &Library, facts: &Facts, name: &str) -> Value {
    match facts.me.get(name) {
        Some(value) if !value.is_none() => value.clone(),
        _ => library.facts().get(name).map_or(Value::None, |def| def.default.clone()),
    }
}

/// A fact of type time.
pub(crate) fn time_fact(library: &Library, facts: &Facts, part: Daypart) -> Time {
    match fact(library, facts, part.fact()) {
        Value::Time { time } => time,
        _ => part.usual(),
    }
}

/// When a person's day begins: midnight, where no script says otherwise.
pub(crate) fn day_begins(library: &Library, facts: &Facts) -> Time {
    match fact(library, facts, "day_begins") {
        Value::Time { time } => time,
        _ => Time::midnight(),
    }
}

impl Scope for View<'_> {
    fn local(&self, name: &str) -> Value {
        self.frame.vars.get(name).cloned().unwrap_or_default()
    }

    fn me(&self, name: &str) -> Value {
        fact(self.library, self.facts, name)
    }

    fn result(&self, name: &str) -> Value {
        self.frame.result.get(name).cloned().unwrap_or_default()
    }

    fn answer(&self) -> Value {
        self.answer.cloned().unwrap_or_default()
    }

    fn now(&self) -> &Zoned {
        self.now
    }

    fn seed(&self) -> u64 {
        self.seed
    }

    fn today(&self) -> Date {
        day_of(self.now.datetime(), day_begins(self.library, self.facts))
    }

    fn open_promise(&self) -> Option<String> {
        self.facts.promises.first().map(|promise| promise.id.clone())
    }

    fn promise_field(&self, id: &str, field: PromiseField) -> Value {
        let Some(promise) = self.facts.promises.iter().find(|promise| promise.id == id) else { return Value::None };
        match field {
            PromiseField::Text => Value::text(promise.text.reveal()),
            PromiseField::To => Value::text(promise.to.reveal()),
            PromiseField::Sure => promise.sure.map_or(Value::None, Value::Int),
            PromiseField::Due => {
                let due = self.now.time_zone().to_datetime(promise.due);
                Value::Date { date: day_of(due, day_begins(self.library, self.facts)) }
            }
        }
    }

    fn promise_count(&self, word: &str) -> i64 {
        match word {
            "made" => self.facts.counts.values().sum(),
            "open_count" => self.facts.counts.get(&Standing::Open).copied().unwrap_or(0),
            _ => word
                .parse::<Standing>()
                .ok()
                .and_then(|standing| self.facts.counts.get(&standing).copied())
                .unwrap_or(0),
        }
    }

    fn checkins(&self) -> i64 {
        self.facts.checkins
    }

    fn last_checkin(&self) -> Option<Date> {
        self.facts.last_checkin
    }

    fn history(&self) -> Option<&History> {
        if self.facts.history.is_none() {
            self.lacks_history.set(true);
        }
        self.facts.history.as_ref()
    }

    fn entries(&self) -> i64 {
        self.facts.entries
    }

    fn when_apart(&self, text: &str) -> (String, String) {
        let part = |part| time_fact(self.library, self.facts, part);
        let words = self.library.words();
        let here = Here { now: self.now, today: self.today(), seed: self.seed, part: &part, joins: &words.joins };
        wishes::apart(text, &words.reading, &here)
    }

    fn reminders(&self) -> Vec<String> {
        self.facts.reminders.iter().map(|reminder| reminder.id.clone()).collect()
    }

    fn reminder(&self, id: &str) -> Option<(String, Rule)> {
        let found = self.facts.reminders.iter().find(|reminder| reminder.id == id)?;
        Some((found.text.reveal().to_owned(), found.rule.clone()))
    }

    fn path(&self, field: PathField) -> Value {
        paths::field(self.library, self.facts, self.today(), field)
    }

    fn phrases(&self, list: &str) -> Option<&[Phrase]> {
        let own = self.script.and_then(|script| script.phrases.get(list));
        own.or_else(|| self.library.words().lists.get(list)).map(Vec::as_slice)
    }

    fn scripts(&self) -> usize {
        self.library.scripts().count()
    }

    fn reviews(&self) -> Vec<(&str, &Stamp)> {
        let today = self.today();
        let of = |script| readers(script).filter(|stamp| stamp.on <= today).map(|stamp| (script.title.as_str(), stamp));
        self.library.scripts().flat_map(of).collect()
    }

    fn visits(&self, id: &str) -> i64 {
        self.frame.visits.get(id).copied().unwrap_or(0)
    }

    fn hits(&self, name: &str) -> i64 {
        self.frame.hits.get(name).copied().unwrap_or(0)
    }

    fn has_language(&self, tag: &str) -> bool {
        self.library.languages().iter().any(|(known, _)| known == tag)
    }

    fn line(&self, line: &str) -> String {
        match Dated::read(line) {
            Some(dated) => self.library.words().writing.dated(&dated, self.today()),
            None => line.to_owned(),
        }
    }

    fn show(&self, value: &Value) -> String {
        let writing = &self.library.words().writing;
        match value {
            Value::When { when } => writing.when(when, self.now),
            _ => writing.show(value),
        }
    }
}

impl Settings<Expr> for View<'_> {
    fn day_begins(&self) -> Time {
        day_begins(self.library, self.facts)
    }

    fn daypart(&self, part: Daypart) -> Time {
        time_fact(self.library, self.facts, part)
    }

    fn time(&self, expr: &Expr) -> Option<Time> {
        match expr.eval(self) {
            Value::Time { time } => Some(time),
            _ => None,
        }
    }

    fn date(&self, expr: &Expr) -> Option<Date> {
        match expr.eval(self) {
            Value::Date { date } => Some(date),
            _ => None,
        }
    }

    fn rule(&self, expr: &Expr) -> Option<Rule> {
        match expr.eval(self) {
            Value::When { when } => Some(*when),
            _ => None,
        }
    }

    fn seed(&self) -> u64 {
        self.seed
    }
}
