//! Running scripts: from one question to the next.

use super::answer::Heard;
use super::api::{CheckIn, Effect, Entry, IfBusy, Plan, Run};
use super::due::keeps_checkin;
use super::paths;
use super::promises::Draft;
use super::reminders::Wish;
use super::scope::View;
use super::state::{BackTo, Frame, MAX_PARKED, Made, Thread};
use super::trace::Did;
use super::turn::Turn;
use crate::practice::deed::{self, Deed};
use crate::practice::path::Mark;
use crate::schedule::when::{Clock, When};
use crate::script::expr::Expr;
use crate::script::hash;
use crate::script::model::{Assignments, BusyPolicy, OpKind, ScheduleOp, Script};
use crate::types::{Private, Value, Values};

/// Operations in one turn.
const MAX_STEPS: u32 = 100;
/// Scripts inside scripts.
const MAX_FRAMES: usize = 8;
/// Events of one thread.
pub(crate) const MAX_TURNS: u32 = 500;
/// Bytes of what is open, roughly; a message that is held on a card comes on top of it. Together less than 64 KiB.
pub(crate) const MAX_WEIGHT: usize = 44_000;

/// The script that nothing may keep from being shown.
pub(crate) const HELP: &str = "now";

/// True for a run of this script that was begun with these arguments.
pub(crate) fn is_run_of(thread: &Thread, script: &Script, args: &Values) -> bool {
    let given = |values: &Values, arg: &String| values.get(arg).cloned().unwrap_or_default();
    thread.frames.first().is_some_and(|frame| {
        frame.script == script.name && script.args.iter().all(|arg| given(&frame.vars, arg) == given(args, arg))
    })
}

/// Why running stopped.
enum Stop {
    /// A question was asked.
    Waiting,
    /// The script ended with this word.
    Ended(String),
    /// It ended and another one begins.
    Started(String, Values),
    /// A question was reached whose answer was given before.
    Given(String),
    /// A guard stopped it.
    Guarded(&'static str),
}

impl Turn<'_> {
    /// Begins a script as the active thread. What was active is put away first, to go on afterwards.
    pub(crate) fn start(&mut self, script: &Script, args: Values) {
        self.start_with(script, args, Values::new());
    }

    /// The same, with answers of an earlier run that are offered again.
    pub(crate) fn start_with(&mut self, script: &Script, args: Values, earlier: Values) {
        self.supersede(script, &args);
        if script.name == HELP {
            self.park_anyway();
        } else if !self.park(true) {
            return;
        }
        self.state.last_thread += 1;
        let thread = Thread {
            id: self.state.last_thread,
            started: self.at(),
            turns: 0,
            asked: None,
            frames: vec![Frame { earlier, ..Frame::new(script, args) }],
            interrupted: false,
            expired: false,
            answers: Vec::new(),
            made: Vec::new(),
        };
        self.go_on(thread, 0);
    }

    /// An older run of the same script with the same arguments gives way to the new one.
    fn supersede(&mut self, script: &Script, args: &Values) {
        let (gone, kept): (Vec<Thread>, Vec<Thread>) =
            std::mem::take(&mut self.state.parked).into_iter().partition(|thread| is_run_of(thread, script, args));
        self.state.parked = kept;
        for thread in gone {
            self.disarm(thread.id);
            self.ended(thread.script().to_owned(), "replaced");
        }
    }

    fn ended(&mut self, script: String, outcome: &str) {
        self.effects.push(Effect::Ended { script, outcome: outcome.to_owned() });
    }

    /// Puts the active thread away. False (and a card) when there are too many already.
    pub(crate) fn park(&mut self, interrupted: bool) -> bool {
        if !self.can_park() {
            self.say_card("busy", Values::new());
            self.repeat();
            return false;
        }
        self.make_room();
        self.push_parked(interrupted);
        true
    }

    /// The same for what must come first: nothing open is a reason against it, and nothing open is lost for it.
    fn park_anyway(&mut self) {
        if self.can_park() {
            self.make_room();
        }
        self.push_parked(true);
    }

    fn push_parked(&mut self, interrupted: bool) {
        if let Some(mut thread) = self.state.active.take() {
            thread.interrupted = interrupted;
            self.state.parked.push(thread);
        }
    }

    /// True when the open script could be put away. An interrupted one is still in use; the others make room.
    pub(crate) fn can_park(&self) -> bool {
        self.state.active.is_none()
            || self.state.parked.len() < MAX_PARKED
            || self.state.parked.iter().any(|parked| !parked.interrupted)
    }

    /// The oldest script that nobody came back to makes room for the open one.
    fn make_room(&mut self) {
        if self.state.active.is_some() && self.state.parked.len() >= MAX_PARKED {
            let oldest = self.state.parked.iter().position(|parked| !parked.interrupted).unwrap_or(0);
            self.drop_parked(oldest);
        }
    }

    fn drop_parked(&mut self, at: usize) {
        let gone = self.state.parked.remove(at);
        self.disarm(gone.id);
        self.ended(gone.script().to_owned(), "expired");
    }

    /// Puts the active thread away because nobody came back; when there are too many, the oldest goes.
    pub(crate) fn park_expired(&mut self) {
        self.make_room();
        self.push_parked(false);
    }

    /// Ends a thread that was put away, when its script has no further use then. What it had interrupted stays put away.
    pub(crate) fn end_if_over(&mut self, id: u64) -> bool {
        let over = |thread: &Thread| {
            let script = thread.frames.first().and_then(|root| self.script_of(root));
            thread.id == id && script.is_some_and(|script| script.expire_over)
        };
        let Some(at) = self.state.parked.iter().position(over) else { return false };
        self.drop_parked(at);
        if self.state.active.is_none() {
            self.state.parked.iter_mut().for_each(|thread| thread.interrupted = false);
        }
        true
    }

    /// Makes a put-away thread the active one again.
    pub(crate) fn unpark(&mut self, id: u64) -> bool {
        let Some(at) = self.state.parked.iter().position(|thread| thread.id == id) else { return false };
        let mut thread = self.state.parked.remove(at);
        if thread.expired
            && let Some(root) = thread.frames.first()
        {
            self.arm_expiry(thread.id, root);
        }
        (thread.interrupted, thread.expired) = (false, false);
        self.state.active = Some(thread);
        true
    }

    /// The same while another one is open, which waits behind it. False when there is no such thread, or no room.
    pub(crate) fn change_to(&mut self, id: u64) -> bool {
        let Some(at) = self.state.parked.iter().position(|thread| thread.id == id) else { return false };
        let thread = self.state.parked.remove(at);
        let room = self.can_park();
        if room {
            self.make_room();
            self.push_parked(true);
        }
        self.state.parked.insert(at.min(self.state.parked.len()), thread);
        room && self.unpark(id)
    }

    /// Runs a thread from an operation of its innermost script on, until something is asked or it ends.
    pub(crate) fn go_on(&mut self, mut thread: Thread, pc: usize) {
        // A thread that has ended has no frame left to tell its name.
        let (name, stood_at) = (thread.script().to_owned(), paths::stands_at(&thread));
        match self.run(&mut thread, pc) {
            Stop::Waiting => self.state.active = Some(thread),
            Stop::Given(answer) => {
                self.state.active = Some(thread);
                if self.try_text(&answer) == Heard::No {
                    self.repeat();
                }
            }
            Stop::Ended(outcome) => {
                self.disarm(thread.id);
                self.note_step(&name, &stood_at, &outcome);
                self.ended(name, &outcome);
                self.after_end(&outcome);
            }
            Stop::Started(script, args) => {
                self.note_step(&name, &stood_at, "done");
                self.close(&thread, "done");
                if let Some(script) = self.admitted(&script) {
                    self.start(script, args);
                }
            }
            Stop::Guarded(why) => self.guarded(thread, why),
        }
    }

    /// Ends a thread for good.
    pub(crate) fn close(&mut self, thread: &Thread, outcome: &str) {
        self.disarm(thread.id);
        self.ended(thread.script().to_owned(), outcome);
    }

    /// What was interrupted goes on, unless the script that ended asked for quiet.
    pub(crate) fn after_end(&mut self, outcome: &str) {
        self.let_go_of_old_checkins();
        let Some(last) = self.state.parked.last() else { return };
        if !last.interrupted {
            return;
        }
        let id = last.id;
        if outcome == "rest" {
            if let Some(last) = self.state.parked.last_mut() {
                last.interrupted = false;
            }
            return;
        }
        let asked_since = last.asked.as_ref().is_some_and(|asked| asked.seq < self.state.seq);
        self.unpark(id);
        if asked_since {
            self.say_title_card("resumed");
        }
        self.repeat();
    }

    /// The check-in of an earlier day that nobody answered has had its day: to ask it again behind something else would push.
    fn let_go_of_old_checkins(&mut self) {
        while self.state.parked.last().is_some_and(|last| last.interrupted && self.is_old_checkin(last)) {
            self.drop_parked(self.state.parked.len() - 1);
        }
    }

    fn is_old_checkin(&self, thread: &Thread) -> bool {
        let asked = thread.asked.as_ref().map_or(thread.started, |asked| asked.at);
        let script = thread.frames.first().and_then(|root| self.script_of(root));
        thread.turns == 0 && self.day(asked) < self.today() && script.is_some_and(keeps_checkin)
    }

    fn guarded(&mut self, thread: Thread, why: &'static str) {
        self.note(format!("guard_{why}"));
        let title = self.title_of(&thread);
        self.close(&thread, "failed");
        self.say_card("error", Values::from([("title".to_owned(), Value::text(title))]));
        self.after_end("failed");
    }

    fn run(&mut self, thread: &mut Thread, mut pc: usize) -> Stop {
        loop {
            self.steps += 1;
            if self.steps > MAX_STEPS {
                return Stop::Guarded("steps");
            }
            let Some(frame) = thread.frames.last_mut() else { return Stop::Ended("done".into()) };
            let Some(script) = self.script_of(frame) else { return Stop::Guarded("script") };
            if let Some(next) = next_after_redo(frame, script, pc) {
                pc = next;
                continue;
            }
            let Some(op) = script.ops.get(pc) else { return Stop::Guarded("place") };
            self.did(script, pc, Did::Step);
            match &op.kind {
                OpKind::Jump(target) => pc = *target,
                OpKind::JumpUnless(test, target) => {
                    let frame = &thread.frames[thread.frames.len() - 1];
                    let next = if test.holds(&self.view(frame, None)) { pc + 1 } else { *target };
                    self.did(script, pc, Did::Went(next));
                    pc = next;
                }
                OpKind::Ask(_) | OpKind::Choose(_) => {
                    if thread.turns > MAX_TURNS || !self.fits(thread) {
                        return Stop::Guarded("size");
                    }
                    let given = self.given(thread, &op.kind);
                    self.ask(thread, script, pc, given.is_none());
                    return given.map_or(Stop::Waiting, Stop::Given);
                }
                OpKind::Wait(wait) => {
                    if self.begin_wait(thread, script, wait) {
                        return Stop::Waiting;
                    }
                    pc += 1;
                }
                OpKind::Redo { id, back_to } => {
                    frame.back_to = Some(BackTo { from: id.clone(), to: back_to.clone() });
                    pc = script.ids.get(id).copied().unwrap_or(usize::MAX);
                }
                OpKind::Call { id, script: callee, with, .. } => {
                    let args = self.evaluate(thread, with);
                    let Some(callee) = self.library.script(callee) else { return Stop::Guarded("script") };
                    if thread.frames.len() >= MAX_FRAMES {
                        return Stop::Guarded("frames");
                    }
                    if let Some(frame) = thread.frames.last_mut() {
                        frame.at.clone_from(id);
                    }
                    thread.frames.push(Frame::new(callee, args));
                    pc = 0;
                }
                OpKind::Start { script: next, with } => {
                    let args = self.evaluate(thread, with);
                    return Stop::Started(next.clone(), args);
                }
                OpKind::BeginStep(which) => {
                    let script = which.eval(&self.view(frame, None)).to_string();
                    return Stop::Started(script, Values::new());
                }
                OpKind::End(word) => match self.leave(thread, word) {
                    Some(next) => pc = next,
                    None => return Stop::Ended(word.clone()),
                },
                _ => {
                    self.act(thread, script, pc);
                    pc += 1;
                }
            }
        }
    }

    /// Makes a thread light enough to be kept: what could be gone back over goes first. False when that is not enough.
    fn fits(&mut self, thread: &mut Thread) -> bool {
        while self.state.weight() + thread.weight() > MAX_WEIGHT {
            if !self.state.parked.iter_mut().any(Thread::lighten) && !thread.lighten() {
                return false;
            }
        }
        true
    }

    /// Leaves the innermost script; gives back where its caller goes on.
    fn leave(&mut self, thread: &mut Thread, outcome: &str) -> Option<usize> {
        let done = thread.frames.pop()?;
        let callee = self.script_of(&done)?;
        let frame = thread.frames.last_mut()?;
        frame.result = callee
            .returns
            .iter()
            .map(|name| (name.clone(), done.vars.get(name).cloned().unwrap_or_default()))
            .collect();
        frame.result.insert("outcome".into(), Value::text(outcome));
        let caller = self.library.script_at(&frame.script, &frame.rev)?;
        let pc = *caller.waits.get(&frame.at)?;
        if let OpKind::Call { save, .. } = &caller.ops.get(pc)?.kind {
            let values = self.evaluate(thread, save);
            thread.frames.last_mut()?.set_all(values);
        }
        Some(pc + 1)
    }

    fn evaluate(&self, thread: &Thread, values: &Assignments) -> Values {
        let Some(frame) = thread.top() else { return Values::new() };
        let view = self.view(frame, None);
        values.iter().map(|(name, expr)| (name.clone(), expr.eval(&view))).collect()
    }

    /// What was said before in answer to a question.
    fn given(&self, thread: &Thread, op: &OpKind) -> Option<String> {
        let OpKind::Ask(ask) = op else { return None };
        let value = ask.given.as_ref()?.eval(&self.view(thread.top()?, None));
        value.as_text().map(str::to_owned).filter(|text| !text.trim().is_empty())
    }

    /// Asks a question, or only remembers that it is open.
    fn ask(&mut self, thread: &mut Thread, script: &Script, pc: usize, aloud: bool) {
        // A card belongs to what was asked before.
        self.state.card = None;
        let Some(frame) = thread.frames.last_mut() else { return };
        let id = match &script.ops[pc].kind {
            OpKind::Ask(ask) => &ask.question.id,
            OpKind::Choose(choose) => &choose.question.id,
            _ => return,
        };
        frame.at.clone_from(id);
        frame.tries = 0;
        frame.rev.clone_from(&script.rev);
        if script.counts_visits {
            Turn::visit(frame, id);
        }
        let seq = self.next_seq();
        let frame = &thread.frames[thread.frames.len() - 1];
        let asked = if aloud { self.show(frame, seq, Vec::new()) } else { self.silently(frame, seq) };
        self.log_question(thread.id, frame, &asked);
        if let Some(root) = thread.frames.first() {
            self.arm(thread.id, root, seq);
        }
        thread.asked = Some(asked);
    }

    /// Carries out one operation that neither waits nor jumps.
    fn act(&mut self, thread: &mut Thread, script: &Script, pc: usize) {
        let Some(frame) = thread.frames.last() else { return };
        match &script.ops[pc].kind {
            OpKind::Say { texts, picture } => {
                let said = self.one_of(texts, pc).is_some_and(|text| self.say_line(script, pc, text, frame));
                if let Some(picture) = picture.filter(|_| said) {
                    self.show_picture(picture);
                }
            }
            OpKind::SayCount { .. } => self.say_counted(script, pc, frame),
            OpKind::Set(values) => {
                let values = self.evaluate(thread, values);
                if let Some(frame) = thread.frames.last_mut() {
                    frame.set_all(values);
                }
            }
            OpKind::Compose(var, text) => {
                let text = self.render(text, frame).text();
                if let Some(frame) = thread.frames.last_mut() {
                    frame.set(var.clone(), Value::Text(text));
                }
            }
            OpKind::Remember(values) => {
                for (name, value) in self.evaluate(thread, values) {
                    self.remember(thread, name, value);
                }
            }
            OpKind::Forget(names) => {
                for name in names {
                    self.remember(thread, name.clone(), Value::None);
                }
            }
            OpKind::Journal { kind, title, body } => {
                let (title, body) = (self.render(title, frame).text(), self.render(body, frame).text());
                self.journal(thread, kind, title, body);
            }
            OpKind::Promise { text, to, due, remind, sure } => {
                let view = self.view(frame, None);
                let word = |expr: &Option<Expr>, usual: &str| {
                    expr.as_ref()
                        .map(|expr| expr.eval(&view).to_string())
                        .filter(|text| !text.is_empty())
                        .unwrap_or(usual.to_owned())
                };
                let draft = Draft {
                    text: text.eval(&view).to_string(),
                    to: word(to, "me"),
                    due: due.resolve(&self.now, &view),
                    remind: word(remind, "none"),
                    sure: match sure.as_ref().map(|sure| sure.eval(&view)) {
                        Some(Value::Int(sure)) => Some(sure),
                        _ => None,
                    },
                };
                self.open_promise(thread, draft);
            }
            OpKind::Settle { promise, standing } => {
                let view = self.view(frame, None);
                let (id, word) = (promise.eval(&view).to_string(), standing.eval(&view).to_string());
                self.settle_promise(thread, &id, &word);
            }
            OpKind::CheckIn { mood, feeling, note } => {
                let view = self.view(frame, None);
                let value = |expr: &Option<Expr>| expr.as_ref().map_or(Value::None, |expr| expr.eval(&view));
                let private = |value: Value| (!value.is_none()).then(|| Private::new(value.to_string()));
                let mood = match value(mood) {
                    Value::Int(mood) => Some(mood),
                    _ => None,
                };
                let (feeling, note) = (private(value(feeling)), private(value(note)));
                self.check_in(thread, mood, feeling, note);
            }
            OpKind::Deed { kind, amount, about } => {
                let view = self.view(frame, None);
                let value = |expr: &Option<Expr>| expr.as_ref().map(|expr| expr.eval(&view));
                let amount = if let Some(Value::Int(amount)) = value(amount) { Some(amount) } else { None };
                let about = value(about).filter(Value::is_truthy).map(|about| Private::new(about.to_string()));
                self.record(thread, *kind, amount, about);
            }
            OpKind::Schedule(plan) => self.schedule(thread, plan),
            OpKind::Cancel { name, each } => {
                let name = plan_name(name, each.as_ref(), &self.view(frame, None));
                self.cancel(&name);
            }
            OpKind::Remind { text, at, instead_of, late } => {
                let view = self.view(frame, None);
                let instead_of = instead_of.as_ref().and_then(|id| id.eval(&view).as_text().map(str::to_owned));
                let text = text.eval(&view).to_string();
                if let Some(rule) = at.resolve(&self.now, &view) {
                    self.remind(thread, Wish { text, rule, instead_of, late: *late });
                }
            }
            OpKind::DropReminder(which) => {
                let id = which.eval(&self.view(frame, None)).to_string();
                self.drop_reminder(&id);
            }
            OpKind::TurnDown(which) => {
                let script = which.eval(&self.view(frame, None)).to_string();
                self.mark_step(&script, Mark::Refused);
            }
            OpKind::Ask(_)
            | OpKind::Choose(_)
            | OpKind::Wait(_)
            | OpKind::Jump(_)
            | OpKind::JumpUnless(..)
            | OpKind::Call { .. }
            | OpKind::Start { .. }
            | OpKind::BeginStep(_)
            | OpKind::Redo { .. }
            | OpKind::End(_) => {}
        }
    }

    fn remember(&mut self, thread: &mut Thread, name: String, value: Value) {
        let was = self.facts.me.get(&name).cloned().unwrap_or_default();
        self.set_fact(&name, (!value.is_none()).then_some(value));
        thread.made.push(Made::Fact { name, was });
    }

    pub(crate) fn journal(&mut self, thread: &mut Thread, kind: &str, title: String, body: String) {
        let id = self.new_id();
        self.facts.to_mut().entries += 1;
        thread.made.push(Made::Entry(id.clone()));
        let entry = Entry { id, kind: kind.to_owned(), title: Private::new(title), body: Private::new(body) };
        self.effects.push(Effect::Journal(entry));
    }

    fn check_in(&mut self, thread: &mut Thread, mood: Option<i64>, feeling: Option<Private>, note: Option<Private>) {
        let checkin = CheckIn { id: self.new_id(), day: self.today(), mood, feeling, note };
        if self.facts.last_checkin != Some(checkin.day) {
            self.facts.to_mut().checkins += 1;
        }
        self.facts.to_mut().last_checkin = Some(checkin.day);
        if let Some(history) = self.history_mut() {
            history.check_in(checkin.day, mood);
        }
        thread.made.push(Made::CheckIn(checkin.clone()));
        self.effects.push(Effect::CheckIn(checkin));
    }

    fn record(&mut self, thread: &mut Thread, kind: deed::Kind, amount: Option<i64>, about: Option<Private>) {
        let deed = Deed { id: self.new_id(), kind, day: self.today(), amount, about };
        if let Some(history) = self.history_mut() {
            history.add(&deed);
        }
        thread.made.push(Made::Deed(deed.id.clone()));
        self.effects.push(Effect::Deed(deed));
    }

    fn schedule(&mut self, thread: &mut Thread, op: &ScheduleOp) {
        let Some(frame) = thread.top() else { return };
        let view = self.view(frame, None);
        let Some(rule) = op.at.resolve(&self.now, &view) else { return };
        let name = plan_name(&op.name, op.each.as_ref(), &view);
        let chosen = matches!(
            op.at,
            When::On(_, Clock::Given(_))
                | When::Every(_, Clock::Given(_))
                | When::Each(_, _, Clock::Given(_))
                | When::Between(_, Clock::Given(_), _)
        );
        let if_busy = match op.if_busy {
            BusyPolicy::Queue => IfBusy::Queue,
            BusyPolicy::Skip => IfBusy::Skip,
            BusyPolicy::Interrupt => IfBusy::Interrupt,
        };
        let run = Run::Script { script: op.run.clone(), args: self.evaluate(thread, &op.with) };
        if !self.facts.schedules.contains(&name) {
            self.facts.to_mut().schedules.push(name.clone());
            thread.made.push(Made::Schedule(name.clone()));
        }
        self.effects.push(Effect::Schedule(Plan { name, run, rule, if_busy, late: op.late, chosen }));
    }
}

/// The name of a plan. Of several under one name, each has a number behind it that follows from its text and does not tell it.
fn plan_name(name: &str, each: Option<&Expr>, view: &View<'_>) -> String {
    match each.map(|each| each.eval(view)) {
        Some(text) if text.is_truthy() => format!("{name}.{:016x}", hash(text.to_string().as_bytes())),
        _ => name.to_owned(),
    }
}

/// Where to go on when a step that was asked again is done.
fn next_after_redo(frame: &mut Frame, script: &Script, pc: usize) -> Option<usize> {
    let back_to = frame.back_to.as_ref()?;
    let (start, end) = script.ids.get(&back_to.from).copied().zip(script.ends.get(&back_to.from).copied())?;
    if pc != end {
        // Who leaves the step by a `goto` does not come back from it.
        if !(start..end).contains(&pc) {
            frame.back_to = None;
        }
        return None;
    }
    let target = script.ids.get(&back_to.to).copied();
    frame.back_to = None;
    target
}
