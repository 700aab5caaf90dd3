//! Where a person stands: what is open, what is put away, what was asked.
//!
//! Only questions are remembered, never positions. The whole of it is JSON of a few hundred bytes; what stands in it may quote the
//! person, so the store seals it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::fmt::serde::timestamp::millisecond;
use serde::{Deserialize, Serialize};

use super::api::CheckIn;
use crate::practice::promise::{Promise, Standing};
use crate::script::Library;
use crate::script::model::Script;
use crate::types::{Private, Value, Values};

mod formats;

/// The version of this layout. A newer one is refused and left as it is.
pub const FORMAT: u16 = 2;

/// What turns a state of format 1 into one of format 2, of format 2 into one of format 3, and so on. Append only.
const MIGRATIONS: &[fn(&mut serde_json::Value)] = &[formats::lighter];
const _: () = assert!(MIGRATIONS.len() + 1 == FORMAT as usize);

/// Why a state cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StateError {
    /// It was written by a newer version of the program.
    #[error("a conversation was kept by a newer version of this program (format {0}): run that version")]
    Newer(u64),
    /// It cannot be understood.
    #[error("a conversation cannot be read")]
    Damaged,
}

/// A state brought to the present format, one format after the other.
fn migrated(json: &str, migrations: &[fn(&mut serde_json::Value)]) -> Result<serde_json::Value, StateError> {
    let mut state: serde_json::Value = serde_json::from_str(json).map_err(|_| StateError::Damaged)?;
    let format = state.get("format").and_then(serde_json::Value::as_u64).filter(|format| *format > 0);
    let format = format.ok_or(StateError::Damaged)?;
    let done = usize::try_from(format - 1).unwrap_or(usize::MAX);
    let missing = migrations.get(done..).ok_or(StateError::Newer(format))?;
    for (migrate, next) in missing.iter().zip(format + 1..) {
        migrate(&mut state);
        state["format"] = next.into();
    }
    Ok(state)
}

/// How many threads may be put away at once.
pub const MAX_PARKED: usize = 3;

/// Everything the engine remembers of a person's conversation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// Layout version.
    pub format: u16,
    /// Makes variants differ between people and stay the same for one.
    pub seed: u64,
    /// How many events were taken.
    pub turn: u64,
    /// The number of the last question.
    pub seq: u64,
    /// The number of the last thread.
    pub last_thread: u64,
    /// The open script.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active: Option<Thread>,
    /// Scripts that were put away, the latest last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parked: Vec<Thread>,
    /// A card that is waiting for an answer, on top of what is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub card: Option<CardState>,
    /// The latest questions, so that an old button finds its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub log: Vec<Logged>,
    /// When the person last did something.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "millisecond::optional")]
    pub seen: Option<Timestamp>,
    /// How often the person was written to on their present day without having asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unasked: Option<Unasked>,
    /// The button that was pressed last, when nothing else was done since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pressed: Option<Press>,
    /// An absence of the program in which something that they had asked for did not come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owed: Option<Owed>,
}

/// An absence of the program that somebody noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owed {
    /// When it was over.
    #[serde(with = "millisecond::required")]
    pub until: Timestamp,
    /// They were told.
    pub told: bool,
}

/// How often somebody was written to without having asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unasked {
    /// The day, on their calendar.
    pub day: Date,
    /// How often.
    pub times: u8,
    /// The same with what they had asked for.
    #[serde(default)]
    pub all: u8,
}

/// A button that was pressed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Press {
    /// Its token.
    pub token: String,
    /// When.
    #[serde(with = "millisecond::required")]
    pub at: Timestamp,
}

/// One run of a script, with the scripts it called.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Thread {
    /// Its number.
    pub id: u64,
    /// When it began.
    #[serde(with = "millisecond::required")]
    pub started: Timestamp,
    /// How many events it has taken.
    pub turns: u32,
    /// What it is waiting for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<Asked>,
    /// The script and, behind it, what it called.
    pub frames: Vec<Frame>,
    /// Put away by another script, to go on by itself when that ends.
    #[serde(default, skip_serializing_if = "is_false")]
    pub interrupted: bool,
    /// Put away because nobody came back.
    #[serde(default, skip_serializing_if = "is_false")]
    pub expired: bool,
    /// What was answered, for "keep what I have so far".
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub answers: Vec<Answered>,
    /// What it did outside itself, for going back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub made: Vec<Made>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
fn is_false(flag: &bool) -> bool {
    !*flag
}

/// A question that is waiting.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Asked {
    /// Its number; buttons carry it.
    pub seq: u64,
    /// When it was last shown.
    #[serde(with = "millisecond::required")]
    pub at: Timestamp,
    /// A hash of the question and its options as they were shown ([`Question::hash`](crate::script::model::Question::hash)).
    pub hash: u32,
    /// Readings that were offered because an answer could mean several things.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub offers: Vec<Offer>,
    /// What was picked so far where several may be: places of options in the script, as they stand there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub picked: Vec<usize>,
    /// Nothing was asked: the script goes on at this time.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "millisecond::optional")]
    pub until: Option<Timestamp>,
}

/// One reading of an unclear answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Offer {
    /// What is written on its button.
    pub label: String,
    /// What it stands for: an option's place as text for a choice, else the value.
    pub value: Value,
}

/// One script that is running.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Frame {
    /// Its name.
    pub script: String,
    /// Its revision when it was last shown.
    pub rev: String,
    /// The question or call it stands at.
    pub at: String,
    /// Its vars.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub vars: Values,
    /// Unreadable answers to the present question.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub tries: u32,
    /// How often each objection was made.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub hits: BTreeMap<String, i64>,
    /// How often each question was asked.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub visits: BTreeMap<String, i64>,
    /// What the last called script returned.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub result: Values,
    /// Where to go on when a step that is asked again is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub back_to: Option<BackTo>,
    /// For going back, the latest last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub undo: Vec<Undo>,
    /// What was answered in an earlier run that could not go on; offered again at the same questions.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub earlier: Values,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// A step that is being asked again, and where to go on afterwards.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BackTo {
    /// The step.
    pub from: String,
    /// Where to go on.
    pub to: String,
}

/// How things were before a question was answered. Only what has changed since is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Undo {
    /// The question.
    pub at: String,
    /// Its number when it was answered.
    pub seq: u64,
    /// What the vars were that have changed since; none for one that was not there.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub was: Values,
    /// How much the thread had made.
    pub made: usize,
    /// Where it was to go on after this question, when it was asked again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub back_to: Option<BackTo>,
}

/// A question and its answer, as they were shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answered {
    /// The question's id.
    pub at: String,
    /// Its number.
    pub seq: u64,
    /// The question as it was shown; nothing when it stands in the script just so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub question: Option<Private>,
    /// The answer.
    pub answer: Private,
}

/// Something a thread did outside itself, with what is needed to take it back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Made {
    /// Kept a journal entry.
    Entry(String),
    /// Opened a promise.
    Promise(String),
    /// Settled this promise, which was open before.
    Settled(Promise),
    /// Settled a promise anew that this thread had settled before.
    Resettled {
        /// The promise.
        id: String,
        /// How it stood.
        was: Standing,
        /// How it stands now.
        now: Standing,
    },
    /// Kept a check-in; what stood for that day before cannot come back.
    CheckIn(CheckIn),
    /// Kept a deed.
    Deed(String),
    /// Changed a fact that was this before.
    Fact {
        /// Its name.
        name: String,
        /// What it was.
        was: Value,
    },
    /// Created a schedule that was not there before.
    Schedule(String),
}

/// A card that is waiting for an answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CardState {
    /// Its frame; the script's name is the card's.
    pub frame: Frame,
    /// Its question.
    pub asked: Asked,
    /// What it is about.
    pub about: About,
}

/// What a card is about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum About {
    /// The open script.
    Open,
    /// A message that came after a long time, for a thread (which may be parked).
    Held {
        /// The message.
        text: Private,
        /// The thread.
        thread: u64,
    },
    /// Another script that could be started.
    Other(String),
    /// An earlier question of the open script.
    Earlier(u64),
}

/// A question that was asked some time ago: its number, and the mark by which it is known again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Logged(pub u64, pub u32);

/// A mark of a question as a thread shows it: the same for the same words in the same place.
#[must_use]
pub fn mark(thread: u64, script: &str, at: &str, hash: u32) -> u32 {
    let (mut digits, mut more) = (itoa::Buffer::new(), itoa::Buffer::new());
    let whole = [digits.format(thread), "/", script, "/", at, "/", more.format(hash)].concat();
    crate::script::short_hash(whole.as_bytes())
}

impl State {
    /// Somebody who was never here.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            format: FORMAT,
            seed,
            turn: 0,
            seq: 0,
            last_thread: 0,
            active: None,
            parked: Vec::new(),
            card: None,
            log: Vec::new(),
            seen: None,
            unasked: None,
            pressed: None,
            owed: None,
        }
    }

    /// Reads a state that was written by this version or an earlier one.
    ///
    /// # Errors
    /// When it is no state, or was written by a newer version: then it must be left as it is.
    pub fn read(json: &str) -> Result<Self, StateError> {
        match serde_json::from_str::<Self>(json) {
            Ok(state) if state.format == FORMAT => Ok(state),
            _ => migrated(json, MIGRATIONS)
                .and_then(|state| serde_json::from_value(state).map_err(|_| StateError::Damaged)),
        }
    }

    /// The frame whose question waits for an answer: the open card's, else that of the open script.
    #[must_use]
    pub fn standing(&self) -> Option<&Frame> {
        match (&self.card, &self.active) {
            (Some(card), _) => Some(&card.frame),
            (None, Some(thread)) => thread.top(),
            (None, None) => None,
        }
    }

    /// Where the person stands, for somebody who looks: private vars, answers and everything else a person wrote are hidden.
    #[must_use]
    pub fn redacted(&self, library: &Library) -> Self {
        let mut shown = self.clone();
        for thread in shown.active.iter_mut().chain(&mut shown.parked) {
            thread.answers.clear();
            thread.made.clear();
            for frame in &mut thread.frames {
                frame.hide(library);
            }
        }
        if let Some(card) = &mut shown.card {
            card.frame.vars = card.frame.vars.keys().map(|name| (name.clone(), hidden())).collect();
            if let About::Held { text, .. } = &mut card.about {
                *text = Private::new("<hidden>");
            }
        }
        shown
    }

    /// Roughly how many bytes it is, without writing it out.
    #[must_use]
    pub(crate) fn weight(&self) -> usize {
        self.active.iter().chain(&self.parked).map(Thread::weight).sum::<usize>() + 2_000
    }
}

/// How many bytes a text is in JSON.
fn json_len(text: &str) -> usize {
    let more = |byte: u8| match byte {
        b'"' | b'\\' | b'\n' => 1,
        byte if byte < b' ' => 5,
        _ => 0,
    };
    text.len() + text.bytes().map(more).sum::<usize>()
}

/// How many bytes a value is in JSON, roughly.
fn value_len(value: &Value) -> usize {
    match value {
        Value::Text(text) => json_len(text) + 2,
        Value::List(items) => items.iter().map(|item| value_len(item) + 1).sum::<usize>() + 2,
        Value::None | Value::Bool(_) | Value::Int(_) | Value::Number(_) => 24,
        Value::Date { .. } | Value::Time { .. } | Value::Duration { .. } => 40,
        Value::When { .. } => 140,
    }
}

impl Answered {
    fn weight(&self) -> usize {
        let question = self.question.as_ref().map_or(0, |question| json_len(question.reveal()));
        question + json_len(self.answer.reveal()) + 60
    }
}

impl Thread {
    /// The name of its outermost script.
    #[must_use]
    pub fn script(&self) -> &str {
        self.frames.first().map_or("", |frame| frame.script.as_str())
    }

    /// Roughly how many bytes it is.
    pub(crate) fn weight(&self) -> usize {
        let frames: usize = self.frames.iter().map(Frame::weight).sum();
        let answers: usize = self.answers.iter().map(Answered::weight).sum();
        let made = |made: &Made| match made {
            Made::Resettled { id, .. } => id.len() + 80,
            Made::Settled(promise) => json_len(promise.text.reveal()) + json_len(promise.to.reveal()) + 120,
            Made::CheckIn(checkin) => {
                checkin.note.iter().chain(&checkin.feeling).map(|text| json_len(text.reveal())).sum::<usize>() + 120
            }
            Made::Fact { was, .. } => value_len(was) + 120,
            Made::Entry(_) | Made::Promise(_) | Made::Deed(_) | Made::Schedule(_) => 120,
        };
        frames + answers + self.made.iter().map(made).sum::<usize>() + 300
    }

    /// Forgets the oldest answer that could be gone back over. False when there is none.
    pub(crate) fn lighten(&mut self) -> bool {
        let heaviest = self.frames.iter_mut().find(|frame| !frame.undo.is_empty());
        heaviest.map(|frame| frame.undo.remove(0)).is_some()
    }

    /// The innermost frame.
    #[must_use]
    pub fn top(&self) -> Option<&Frame> {
        self.frames.last()
    }
}

fn hidden() -> Value {
    Value::text("<hidden>")
}

impl Frame {
    /// Gives a var a value, or takes it away. What it was can be gone back to.
    pub(crate) fn set(&mut self, name: String, value: Value) {
        let was = match value {
            Value::None => self.vars.remove(&name),
            value => self.vars.insert(name.clone(), value),
        };
        if let Some(undo) = self.undo.last_mut() {
            undo.was.entry(name).or_insert(was.unwrap_or_default());
        }
    }

    /// Gives several vars their values.
    pub(crate) fn set_all(&mut self, values: Values) {
        values.into_iter().for_each(|(name, value)| self.set(name, value));
    }

    /// Puts the vars back to what they were before a question was answered.
    pub(crate) fn put_back(&mut self, was: Values) {
        for (name, value) in was {
            match value {
                Value::None => self.vars.remove(&name),
                value => self.vars.insert(name, value),
            };
        }
    }

    /// A script at its beginning.
    #[must_use]
    pub fn new(script: &Script, args: Values) -> Self {
        let mut vars: Values = script
            .vars
            .iter()
            .filter(|(_, def)| !def.default.is_none())
            .map(|(name, def)| (name.clone(), def.default.clone()))
            .collect();
        vars.extend(
            args.into_iter().filter(|(name, _)| script.args.contains(name) || script.rest.as_ref() == Some(name)),
        );
        Self {
            script: script.name.clone(),
            rev: script.rev.clone(),
            at: String::new(),
            vars,
            tries: 0,
            hits: BTreeMap::new(),
            visits: BTreeMap::new(),
            result: Values::new(),
            back_to: None,
            undo: Vec::new(),
            earlier: Values::new(),
        }
    }

    fn hide(&mut self, library: &Library) {
        let script = library.script_at(&self.script, &self.rev);
        let private = |name: &String| script.and_then(|script| script.vars.get(name)).is_none_or(|def| def.private);
        for (name, value) in &mut self.vars {
            if private(name) && !value.is_none() {
                *value = hidden();
            }
        }
        for value in self.result.values_mut() {
            *value = hidden();
        }
        self.undo.clear();
        self.earlier.clear();
    }

    fn weight(&self) -> usize {
        let of = |values: &Values| values.iter().map(|(name, value)| name.len() + value_len(value) + 8).sum::<usize>();
        let counts = (self.hits.len() + self.visits.len()) * 46;
        of(&self.vars)
            + of(&self.result)
            + of(&self.earlier)
            + self.undo.iter().map(|undo| of(&undo.was) + 160).sum::<usize>()
            + counts
            + 240
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_migrated_one_after_the_other() {
        let chain: &[fn(&mut serde_json::Value)] = &[
            |state| state["a"] = state["old"].take(),
            |state| state["b"] = format!("{}!", state["a"].as_str().unwrap()).into(),
        ];
        let read = |json: &str| migrated(json, chain);
        assert_eq!(read(r#"{"format":1,"old":"x"}"#).unwrap()["b"], "x!");
        assert_eq!(read(r#"{"format":2,"a":"y"}"#).unwrap(), serde_json::json!({"format": 3, "a": "y", "b": "y!"}));
        assert_eq!(read(r#"{"format":3}"#).unwrap()["format"], 3);
        assert_eq!(read(r#"{"format":4}"#), Err(StateError::Newer(4)));
        for damaged in ["", "{}", r#"{"format":0}"#, r#"{"format":"1"}"#] {
            assert_eq!(read(damaged), Err(StateError::Damaged), "{damaged}");
        }
    }
}
