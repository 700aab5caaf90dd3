//! One turn in the making: the state, the facts and the effects so far, and the small things every part of it needs.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::BTreeMap;

use jiff::civil::{Date, Time};
use jiff::{SignedDuration, Timestamp, Zoned};

use super::api::{Effect, Facts, IfBusy, Kept, Plan, Run};
use super::scope::{self, View};
use super::state::{Asked, Frame, Logged, Made, State, Thread, mark};
use super::trace::Trace;
use crate::practice::history::History;
use crate::practice::promise::Standing;
use crate::schedule::misfire::grace;
use crate::schedule::{Rule, day_of};
use crate::script::Library;
use crate::script::model::{Choose, OpKind, Question, Script};
use crate::script::text::Template;
use crate::types::{Button, Message, Picture, Rich, Value};

use super::cards::shorten;
use super::read::Offered;
use super::run::HELP;

/// The longest label of a button. The checker sees to it; a text that is older than its var's `max` may be longer.
const LABEL: usize = 40;
/// A script that waits goes on by itself when it is at most this late: 12 hours.
const WAIT_LATE: i64 = 12 * 3_600;
/// Who waits for at most this long is there: quiet hours do not move the end of it.
const SHORT_WAIT: i64 = 3_600;
/// The fact that holds the language a person chose.
const LANGUAGE: &str = "language";
/// How many earlier questions are remembered for old buttons.
const LOGGED: usize = 12;

/// Everything one step works on.
pub(crate) struct Turn<'t> {
    /// In the person's language.
    pub(crate) library: &'t Library,
    /// In all languages.
    whole: &'t Library,
    pub(crate) state: State,
    pub(crate) facts: Cow<'t, Facts>,
    pub(crate) now: Zoned,
    pub(crate) effects: Vec<Effect>,
    /// Operations carried out, for the loop guard.
    pub(crate) steps: u32,
    /// Things made, for their ids.
    made: u32,
    /// The script that was asked for last: it is asked for again and again.
    last: Cell<Option<&'t Script>>,
    /// Something asked for the history, and it is not there.
    lacks_history: Cell<bool>,
    /// The message of this turn was not to be kept: it is taken away with the answer to it.
    pub(crate) erases: bool,
    /// What was carried out, when somebody wants to know.
    pub(crate) trace: Option<Vec<Trace>>,
}

impl<'t> Turn<'t> {
    pub(crate) fn new(library: &'t Library, mut state: State, facts: &'t Facts, now: &Zoned) -> Self {
        state.turn += 1;
        let (facts, now) = (Cow::Borrowed(facts), now.clone());
        let (effects, last, lacks_history) = (Vec::new(), Cell::new(None), Cell::new(false));
        let mut turn = Self {
            library,
            whole: library,
            state,
            facts,
            now,
            effects,
            steps: 0,
            made: 0,
            last,
            lacks_history,
            erases: false,
            trace: None,
        };
        turn.speak();
        turn
    }

    /// Speaks the person's language from now on: the one they chose, else that of their chat app.
    fn speak(&mut self) {
        let chosen = self.facts.me.get(LANGUAGE).and_then(Value::as_text);
        let tag = chosen.or(self.facts.client_language.as_deref());
        self.library = tag.map_or(self.whole, |tag| self.whole.edition(tag));
        self.last.set(None);
    }

    /// True while the help for somebody who may be in danger is open.
    pub(crate) fn is_helping(&self) -> bool {
        self.state.active.as_ref().is_some_and(|thread| thread.frames.iter().any(|frame| frame.script == HELP))
    }

    /// True when it ended in this turn.
    pub(crate) fn has_helped(&self) -> bool {
        self.effects.iter().any(|effect| matches!(effect, Effect::Ended { script, .. } if script == HELP))
    }

    /// Notes on the messages that nothing goes out before them.
    pub(crate) fn hurry(&mut self) {
        for effect in &mut self.effects {
            if let Effect::Say(message) = effect {
                message.urgent = true;
            }
        }
    }

    /// Notes on the first message that what it answers is taken away, when that was not to be kept.
    pub(crate) fn erase(&mut self) {
        if !self.erases {
            return;
        }
        let mut messages = self.effects.iter_mut().filter_map(|effect| match effect {
            Effect::Say(message) => Some(message),
            _ => None,
        });
        if let Some(first) = messages.next() {
            first.erases = true;
        }
    }

    /// Notes on the messages which language they are in, when it is not the source language.
    pub(crate) fn sign(&mut self) {
        let (spoken, source) = (self.library.language(), self.whole.language());
        if spoken == source {
            return;
        }
        for effect in &mut self.effects {
            if let Effect::Say(message) = effect {
                message.language = Some(spoken.to_owned());
            }
        }
    }

    pub(crate) fn at(&self) -> Timestamp {
        self.now.timestamp()
    }

    /// When the person's day begins: midnight, where no script says otherwise.
    pub(crate) fn day_begins(&self) -> Time {
        scope::day_begins(self.library, &self.facts)
    }

    /// The person's day: theirs is not over at midnight.
    pub(crate) fn today(&self) -> Date {
        day_of(self.now.datetime(), self.day_begins())
    }

    /// What the person did, day by day, to change it with what this turn does; nothing where nobody asked for it.
    pub(crate) fn history_mut(&mut self) -> Option<&mut History> {
        if self.facts.history.is_some() { self.facts.to_mut().history.as_mut() } else { None }
    }

    /// What was decided, and where the person stands now.
    pub(crate) fn decided(self) -> (State, Vec<Effect>) {
        let effects = if self.lacks_history.get() { vec![Effect::LacksHistory] } else { self.effects };
        (self.state, effects)
    }

    /// The day of an instant on the person's calendar.
    pub(crate) fn day(&self, at: Timestamp) -> Date {
        day_of(self.now.time_zone().to_datetime(at), self.day_begins())
    }

    /// An id that is the same whenever this turn is replayed, and that nobody else has.
    pub(crate) fn new_id(&mut self) -> String {
        self.made += 1;
        format!("{:x}.{}.{}", self.state.seed, self.state.turn, self.made)
    }

    pub(crate) fn say(&mut self, text: Rich) {
        if !text.is_blank() {
            self.effects.push(Effect::Say(Message { text, ..Message::default() }));
        }
    }

    /// Hangs a picture on what was said last.
    pub(crate) fn show_picture(&mut self, picture: Picture) {
        let drawing = self.picture(picture);
        if let Some(Effect::Say(message)) = self.effects.last_mut() {
            message.picture = drawing;
        }
    }

    /// What days add up to; that it is missing is noted.
    pub(crate) fn history(&self) -> Option<&History> {
        if self.facts.history.is_none() {
            self.lacks_history.set(true);
        }
        self.facts.history.as_ref()
    }

    /// Says a line of a script. True when there was anything to say.
    pub(crate) fn say_line(&mut self, script: &Script, pc: usize, line: &Template, frame: &Frame) -> bool {
        let text = self.render(line, frame);
        let speaks = !text.is_blank();
        if speaks {
            self.said(script, pc, line);
            self.say(text);
        }
        speaks
    }

    pub(crate) fn note(&mut self, code: impl Into<String>) {
        self.effects.push(Effect::Note { code: code.into() });
    }

    /// A fact's value, or what it is at first.
    pub(crate) fn fact(&self, name: &str) -> Value {
        scope::fact(self.library, &self.facts, name)
    }

    pub(crate) fn consents(&self) -> bool {
        self.fact("consent").is_truthy()
    }

    /// True while everything is paused.
    pub(crate) fn is_resting(&self) -> bool {
        let over = matches!(self.fact("rest_until"), Value::Date { date } if self.today() >= date);
        self.fact("resting").is_truthy() && !over
    }

    pub(crate) fn script(&self, name: &str) -> Option<&'t Script> {
        self.library.script(name)
    }

    /// The script that a frame runs, in the text it runs in.
    pub(crate) fn script_of(&self, frame: &Frame) -> Option<&'t Script> {
        // The revision is made of the whole file, which holds the name.
        let last = self.last.get();
        if let Some(script) = last.filter(|script| script.rev == frame.rev) {
            return Some(script);
        }
        let script = self.library.script_at(&frame.script, &frame.rev)?;
        self.last.set(Some(script));
        Some(script)
    }

    pub(crate) fn view<'v>(&'v self, frame: &'v Frame, answer: Option<&'v Value>) -> View<'v> {
        let script = self.script_of(frame);
        View {
            library: self.library,
            facts: &self.facts,
            now: &self.now,
            frame,
            script,
            answer,
            seed: self.state.seed,
            lacks_history: &self.lacks_history,
        }
    }

    pub(crate) fn render(&self, text: &Template, frame: &Frame) -> Rich {
        text.render(&self.view(frame, None))
    }

    /// Says the form of a sentence that goes with a number.
    pub(crate) fn say_counted(&mut self, script: &Script, pc: usize, frame: &Frame) {
        let OpKind::SayCount { n, forms } = &script.ops[pc].kind else { return };
        let count = match n.eval(&self.view(frame, None)) {
            Value::Int(count) => count,
            _ => 0,
        };
        if let Some(form) = forms.get(self.library.plural(count)).or(forms.last()) {
            self.say_line(script, pc, form, frame);
        }
    }

    // --- questions ---

    /// The operation that a frame stands at.
    pub(crate) fn op_of(&self, frame: &Frame) -> Option<(&'t Script, usize, &'t OpKind)> {
        let script = self.script_of(frame)?;
        let pc = *script.waits.get(&frame.at)?;
        Some((script, pc, &script.ops.get(pc)?.kind))
    }

    /// The question that a frame stands at.
    pub(crate) fn question_of(&self, frame: &Frame) -> Option<(&'t Script, usize, &'t Question)> {
        let (script, pc, kind) = self.op_of(frame)?;
        match kind {
            OpKind::Ask(ask) => Some((script, pc, &ask.question)),
            OpKind::Choose(choose) => Some((script, pc, &choose.question)),
            _ => None,
        }
    }

    pub(crate) fn choose_of(&self, frame: &Frame) -> Option<&'t Choose> {
        match self.op_of(frame)?.2 {
            OpKind::Choose(choose) => Some(choose),
            _ => None,
        }
    }

    /// What was answered to the question of a frame in an earlier run that could not go on.
    pub(crate) fn earlier_of<'f>(&self, frame: &'f Frame) -> Option<&'f Value> {
        if frame.earlier.is_empty() || self.choose_of(frame).is_some() {
            return None;
        }
        frame.earlier.get(self.question_of(frame)?.2.save.as_ref()?)
    }

    /// The options that can be chosen now.
    pub(crate) fn offered(&self, frame: &Frame) -> Vec<Offered<'t>> {
        let Some(choose) = self.choose_of(frame) else { return Vec::new() };
        let view = self.view(frame, None);
        let is_offered =
            |choice: &crate::script::model::Choice| choice.condition.as_ref().is_none_or(|test| test.holds(&view));
        choose
            .options
            .iter()
            .enumerate()
            .filter(|(_, choice)| is_offered(choice))
            .map(|(index, choice)| Offered { index, choice, label: short_label(choice.label.show(&view)) })
            .collect()
    }

    fn buttons(&self, frame: &Frame, seq: u64, picked: &[usize]) -> Vec<Button> {
        let words = self.library.words();
        let button = |label: &str, choice: &str| Button { label: label.to_owned(), token: token("", seq, choice) };
        let mut buttons = Vec::new();
        if let Some(earlier) = self.earlier_of(frame) {
            buttons.push(button(&shorten(&words.writing.show(earlier), LABEL), "earlier"));
        }
        let stays = match self.choose_of(frame) {
            Some(choose) if choose.many => Button::STAYS,
            _ => "",
        };
        let mut place = itoa::Buffer::new();
        for option in self.offered(frame) {
            let mark = if picked.contains(&option.index) { "\u{2713} " } else { "" };
            let label =
                if mark.is_empty() { option.label } else { short_label(format!("{mark}{}", option.label).into()) };
            buttons.push(Button { label: label.into_owned(), token: token(stays, seq, place.format(option.index)) });
        }
        if !picked.is_empty() {
            buttons.push(button(&words.enough_label, "enough"));
        } else if self.question_of(frame).is_some_and(|(_, _, question)| question.skip) {
            buttons.push(button(&words.skip_label, "skip"));
        }
        buttons
    }

    /// A message that carries a question's buttons.
    pub(crate) fn say_with_buttons(&mut self, text: Rich, frame: &Frame, seq: u64, picked: &[usize]) {
        let wants_text = self.choose_of(frame).is_none_or(|choose| choose.other_text).then_some(seq);
        self.effects.push(Effect::Say(Message {
            text,
            buttons: self.buttons(frame, seq, picked),
            wants_text,
            ..Message::default()
        }));
    }

    /// Asks the question a frame stands at. Gives back what is to be remembered of it.
    pub(crate) fn show(&mut self, frame: &Frame, seq: u64, picked: Vec<usize>) -> Asked {
        let mut hash = 0;
        if let Some((script, pc, question)) = self.question_of(frame) {
            let text = self.render(&question.prompt, frame);
            self.said(script, pc, &question.prompt);
            self.say_with_buttons(text, frame, seq, &picked);
            hash = question.hash;
        }
        Asked { seq, at: self.at(), hash, offers: Vec::new(), picked, until: None }
    }

    /// What is to be remembered of a question that is open and was not shown.
    pub(crate) fn silently(&self, frame: &Frame, seq: u64) -> Asked {
        let hash = self.question_of(frame).map_or(0, |(_, _, question)| question.hash);
        Asked { seq, at: self.at(), hash, offers: Vec::new(), picked: Vec::new(), until: None }
    }

    pub(crate) fn next_seq(&mut self) -> u64 {
        self.state.seq += 1;
        self.state.seq
    }

    pub(crate) fn log_question(&mut self, thread: u64, frame: &Frame, asked: &Asked) {
        self.state.log.push(Logged(asked.seq, mark(thread, &frame.script, &frame.at, asked.hash)));
        if self.state.log.len() > LOGGED {
            self.state.log.remove(0);
        }
    }

    // --- time ---

    fn plan_at(&mut self, name: String, run: Run, after: i64) {
        let Ok(at) = self.at().checked_add(SignedDuration::from_secs(after)) else { return };
        let plan = Plan { name, run, rule: Rule::At { at }, if_busy: IfBusy::Skip, late: grace::NUDGE, chosen: false };
        self.effects.push(Effect::Schedule(plan));
    }

    /// Sets the timers of a question that was just asked.
    pub(crate) fn arm(&mut self, thread: u64, root: &Frame, seq: u64) {
        let Some(script) = self.script_of(root) else { return };
        if let Some(nudge) = &script.nudge {
            self.plan_at(numbered("nudge-", thread), Run::Nudge { thread, seq }, nudge.after);
        }
        self.plan_at(numbered("expire-", thread), Run::Expire { thread }, script.expire);
    }

    /// Sets the timer that puts a thread away.
    pub(crate) fn arm_expiry(&mut self, thread: u64, root: &Frame) {
        if let Some(script) = self.script_of(root) {
            self.plan_at(numbered("expire-", thread), Run::Expire { thread }, script.expire);
        }
    }

    /// Sets the timer of a wait, and puts off the end of its thread until after it.
    pub(crate) fn arm_wait(&mut self, thread: u64, root: &Frame, seq: u64, until: Timestamp) {
        let seconds = until.duration_since(self.at()).as_secs().max(0);
        let plan = Plan {
            name: numbered("wait-", thread),
            run: Run::Wait { thread, seq },
            rule: Rule::At { at: until },
            if_busy: IfBusy::Queue,
            late: WAIT_LATE,
            chosen: seconds <= SHORT_WAIT,
        };
        self.effects.push(Effect::Schedule(plan));
        if let Some(script) = self.script_of(root) {
            self.plan_at(numbered("expire-", thread), Run::Expire { thread }, seconds + script.expire);
        }
    }

    /// One of several texts: the same whenever this turn is replayed, another one at another time.
    pub(crate) fn one_of<'v>(&self, texts: &'v [Template], salt: usize) -> Option<&'v Template> {
        let pick = crate::script::hash(format!("{:x}.{}.{salt}", self.state.seed, self.state.turn).as_bytes());
        texts.get(usize::try_from(pick % texts.len().max(1) as u64).unwrap_or(0))
    }

    /// Stops the timers of a thread.
    pub(crate) fn disarm(&mut self, thread: u64) {
        for kind in ["nudge-", "wait-", "expire-"] {
            self.cancel_quietly(numbered(kind, thread));
        }
    }

    /// Stops the reminder of a thread's question; its end stays planned.
    pub(crate) fn disarm_nudge(&mut self, thread: u64) {
        self.cancel_quietly(numbered("nudge-", thread));
    }

    fn cancel_quietly(&mut self, name: String) {
        let planned_now = |effect: &Effect| matches!(effect, Effect::Schedule(plan) if plan.name == name);
        if self.facts.schedules.contains(&name) || self.effects.iter().any(planned_now) {
            self.effects.retain(|effect| !planned_now(effect));
            self.effects.push(Effect::Cancel { name });
        }
    }

    pub(crate) fn cancel(&mut self, name: &str) {
        self.facts.to_mut().schedules.retain(|other| other != name);
        self.effects.push(Effect::Cancel { name: name.to_owned() });
    }

    // --- taking back ---

    /// Takes back what a thread made since it had made `keep` things, the latest first.
    pub(crate) fn take_back(&mut self, thread: &mut Thread, keep: usize) {
        while thread.made.len() > keep {
            let Some(made) = thread.made.pop() else { return };
            self.take_back_one(made);
        }
    }

    fn take_back_one(&mut self, made: Made) {
        match made {
            Made::Entry(id) => {
                let facts = self.facts.to_mut();
                facts.entries = (facts.entries - 1).max(0);
                self.effects.push(Effect::Withdraw { kind: Kept::Entry, id });
            }
            Made::Promise(id) => {
                let before = self.facts.promises.len();
                self.facts.to_mut().promises.retain(|promise| promise.id != id);
                if self.facts.promises.len() < before {
                    self.count(Standing::Open, -1);
                }
                self.cancel(&super::promises::reminder_name(&id));
                self.cancel(&super::promises::followup_name(&id));
                if let Some(history) = self.history_mut() {
                    history.promises.retain(|one| one.id != id);
                }
                self.effects.push(Effect::Withdraw { kind: Kept::Promise, id });
            }
            Made::Settled(promise) => self.reopen(promise),
            Made::Resettled { id, was, now } => self.change_standing(&id, now, was),
            Made::CheckIn(checkin) => {
                let facts = self.facts.to_mut();
                facts.checkins = (facts.checkins - 1).max(0);
                facts.last_checkin = None;
                if let Some(history) = self.history_mut() {
                    history.checkins.retain(|one| one.day != checkin.day);
                }
                self.effects.push(Effect::Withdraw { kind: Kept::CheckIn, id: checkin.id });
            }
            Made::Deed(id) => {
                if let Some(history) = self.history_mut() {
                    history.deeds.retain(|one| one.id != id);
                }
                self.effects.push(Effect::Withdraw { kind: Kept::Deed, id });
            }
            Made::Fact { name, was } => {
                let was_there = !was.is_none();
                self.set_fact(&name, if was_there { Some(was) } else { None });
            }
            Made::Schedule(name) => self.cancel(&name),
        }
    }

    pub(crate) fn count(&mut self, standing: Standing, by: i64) {
        let count = self.facts.to_mut().counts.entry(standing).or_insert(0);
        *count = (*count + by).max(0);
    }

    /// Changes a fact here and outside. A new time zone and a new language count at once.
    pub(crate) fn set_fact(&mut self, name: &str, value: Option<Value>) {
        match value {
            Some(value) => {
                if name == "timezone"
                    && let Some(zone) = value.as_text().and_then(crate::schedule::zones::by_name)
                {
                    self.now = self.now.with_time_zone(zone);
                }
                self.facts.to_mut().me.insert(name.to_owned(), value.clone());
                let keep_for = self.library.facts().get(name).and_then(|def| def.keep_for);
                let until = keep_for.and_then(|keep| self.at().checked_add(SignedDuration::from_secs(keep)).ok());
                self.effects.push(Effect::Remember { fact: name.to_owned(), value, until });
            }
            None => {
                if name == "timezone" {
                    self.now = self.now.with_time_zone(jiff::tz::TimeZone::UTC);
                }
                self.facts.to_mut().me.remove(name);
                self.effects.push(Effect::Forget { fact: name.to_owned() });
            }
        }
        if name == LANGUAGE {
            self.speak();
        }
    }

    pub(crate) fn hits(frame: &mut Frame, name: &str) -> i64 {
        bump(&mut frame.hits, name)
    }

    pub(crate) fn visit(frame: &mut Frame, id: &str) {
        bump(&mut frame.visits, id);
    }
}

/// A name that ends in a number. Many are made in each turn; `format!` takes five times as long.
fn numbered(name: &str, number: u64) -> String {
    let mut digits = itoa::Buffer::new();
    [name, digits.format(number)].concat()
}

/// What a button carries: the number of its question and what it stands for.
fn token(before: &str, seq: u64, choice: &str) -> String {
    let mut digits = itoa::Buffer::new();
    [before, "q:", digits.format(seq), ":", choice].concat()
}

/// A label that fits its button.
fn short_label(label: Cow<'_, str>) -> Cow<'_, str> {
    if label.len() <= LABEL { label } else { shorten(&label, LABEL).into() }
}

fn bump(counts: &mut BTreeMap<String, i64>, name: &str) -> i64 {
    let count = counts.entry(name.to_owned()).or_insert(0);
    *count += 1;
    *count
}
