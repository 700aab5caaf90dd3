//! A script that lets time pass: nothing is asked, and it goes on by itself.

use jiff::Timestamp;

use super::api::{Due, Outcome};
use super::cards::args;
use super::state::{Asked, Thread};
use super::trace::Did;
use super::turn::Turn;
use crate::schedule::first;
use crate::script::model::{OpKind, Script, Wait};

impl Turn<'_> {
    /// Begins to wait. True when there is something to wait for: a time that is past is none.
    pub(super) fn begin_wait(&mut self, thread: &mut Thread, script: &Script, wait: &Wait) -> bool {
        let Some(frame) = thread.top() else { return false };
        let rule = wait.until.resolve(&self.now, &self.view(frame, None));
        let until = rule.and_then(|rule| first(&rule, self.at(), self.now.time_zone())).map(|firing| firing.at);
        let Some(until) = until.filter(|until| *until > self.at()) else { return false };
        self.state.card = None;
        let seq = self.next_seq();
        if let Some(frame) = thread.frames.last_mut() {
            frame.at.clone_from(&wait.id);
            frame.rev.clone_from(&script.rev);
        }
        thread.asked =
            Some(Asked { seq, at: self.at(), hash: 0, offers: Vec::new(), picked: Vec::new(), until: Some(until) });
        self.disarm_nudge(thread.id);
        if let Some(root) = thread.frames.first() {
            self.arm_wait(thread.id, root, seq, until);
        }
        true
    }

    /// Until when the open script waits.
    fn waits_until(&self) -> Option<Timestamp> {
        self.state.active.as_ref()?.asked.as_ref()?.until
    }

    /// True when the open script asks nothing and lets time pass.
    pub(super) fn is_waiting(&self) -> bool {
        self.waits_until().is_some()
    }

    /// Says until when the open script waits, or goes on when that time has come.
    pub(super) fn repeat_wait(&mut self) {
        let Some(until) = self.waits_until() else { return };
        if until <= self.at() {
            return self.end_wait(false);
        }
        let until = until.to_zoned(self.now.time_zone().clone());
        let writing = &self.library.words().writing;
        let shown = match until.date() == self.now.date() {
            true => writing.time(until.time()),
            false => format!("{}, {}", writing.time(until.time()), writing.date(until.date())),
        };
        let skip = if self.may_skip_wait() { "yes" } else { "" };
        self.say_card("waiting", args([("until", shown), ("skip", skip.to_owned())]));
    }

    fn may_skip_wait(&self) -> bool {
        let op = self.state.active.as_ref().and_then(Thread::top).and_then(|frame| self.op_of(frame));
        matches!(op, Some((_, _, OpKind::Wait(wait))) if wait.skip)
    }

    /// The person does not want to wait any longer.
    pub(super) fn skip_wait(&mut self) {
        if self.may_skip_wait() { self.end_wait(true) } else { self.repeat_wait() }
    }

    /// A text while nothing is asked: it may start another script; what was waited for comes back after it.
    pub(super) fn text_while_waiting(&mut self, text: &str) {
        match self.library.by_words(text) {
            Some(script) => {
                let name = script.name.clone();
                self.begin(&name);
            }
            None if self.opened(text) => {}
            None => self.repeat_wait(),
        }
    }

    /// Goes on behind the wait.
    fn end_wait(&mut self, skipped: bool) {
        let Some(mut thread) = self.state.active.take() else { return };
        self.disarm(thread.id);
        thread.asked = None;
        match thread.top().and_then(|frame| self.op_of(frame)) {
            Some((script, pc, _)) => {
                self.did(script, pc, if skipped { Did::Skipped } else { Did::Went(pc + 1) });
                self.go_on(thread, pc + 1);
            }
            None => self.state.active = Some(thread),
        }
    }

    /// The time has come.
    pub(super) fn due_wait(&mut self, due: &Due, thread: u64, seq: u64) -> Outcome {
        let waits = |found: &Thread| {
            found.id == thread && found.asked.as_ref().is_some_and(|asked| asked.seq == seq && asked.until.is_some())
        };
        let open = self.state.active.as_ref().is_some_and(waits);
        let parked = self.state.parked.iter().find(|found| waits(found)).map(|found| found.interrupted);
        if !open && parked.is_none() {
            return Outcome::Settled;
        }
        if let Some(outcome) = self.not_now(due) {
            return outcome;
        }
        match parked {
            Some(false) => return Outcome::PutAway,
            // What is open now is not broken off for it.
            Some(true) if self.state.active.is_some() => return self.look_again(),
            Some(true) => _ = self.unpark(thread),
            None => {}
        }
        self.state.card = None;
        self.end_wait(false);
        Outcome::Fired
    }
}
