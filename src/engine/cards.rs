//! Cards: what is said when no script expects what happened, and what their answers do.
//!
//! A card never spends a try, never stands on another card, and ends by repeating the open question once.

use super::revise::{answers_for, question_as_it_stands};
use super::state::{About, Answered, CardState, Frame, Thread};
use super::trace::Did;
use super::turn::Turn;
use crate::script::model::{OpKind, Script};
use crate::types::{Private, Value, Values};

/// The longest message that is held, in characters: one more than any var takes, so that too long stays too long.
const MAX_HELD: usize = 4_001;
/// Operations in one card.
const MAX_STEPS: usize = 30;

/// Named text values.
pub(crate) fn args<const N: usize>(values: [(&str, String); N]) -> Values {
    values
        .into_iter()
        .map(|(name, text)| (name.to_owned(), if text.is_empty() { Value::None } else { Value::Text(text) }))
        .collect()
}

impl<'t> Turn<'t> {
    /// Says a card that asks nothing.
    pub(crate) fn say_card(&mut self, name: &str, args: Values) {
        if let Some(script) = self.card_script(name) {
            let mut frame = Frame::new(script, args);
            self.run_card(&mut frame, 0);
        }
    }

    /// A card, or what the open script has in its place.
    fn card_script(&self, name: &str) -> Option<&'t Script> {
        let frames = self.state.active.iter().flat_map(|thread| thread.frames.iter().rev());
        let own = frames.filter_map(|frame| self.script_of(frame)?.repair.get(name)).next();
        own.and_then(|own| self.script(own)).or_else(|| self.script(name))
    }

    /// Says a card about the open script.
    pub(crate) fn say_title_card(&mut self, name: &str) {
        let title = self.open_title();
        self.say_card(name, args([("title", title)]));
    }

    /// Shows a card; when it asks something, its answer comes back to [`Turn::answer_card`].
    pub(crate) fn show_card(&mut self, name: &str, args: Values, about: About) {
        let Some(script) = self.card_script(name) else { return };
        let mut frame = Frame::new(script, args);
        match self.run_card(&mut frame, 0) {
            // Without a question it cannot be answered: what it is about would be told for ever.
            CardStop::Ended(_) if name == "changed" => self.card_ended(name, "put_away", about),
            CardStop::Ended(_) => self.repeat(),
            CardStop::Asks => self.ask_card(frame, about),
        }
    }

    fn ask_card(&mut self, frame: Frame, about: About) {
        let seq = self.next_seq();
        let asked = self.show(&frame, seq, Vec::new());
        self.state.card = Some(CardState { frame, asked, about });
    }

    /// Goes on in a card whose question was answered.
    pub(crate) fn continue_card(&mut self, mut card: CardState, pc: usize) {
        match self.run_card(&mut card.frame, pc) {
            CardStop::Asks => self.ask_card(card.frame, card.about),
            CardStop::Ended(word) => {
                let name = self.script(&card.frame.script).map_or(card.frame.script.as_str(), Script::card_name);
                self.card_ended(name, &word, card.about);
            }
        }
    }

    fn run_card(&mut self, frame: &mut Frame, mut pc: usize) -> CardStop {
        let Some(script) = self.script(&frame.script) else { return CardStop::Ended("done".into()) };
        for _ in 0..MAX_STEPS {
            let Some(op) = script.ops.get(pc) else { break };
            let at = pc;
            pc += 1;
            self.did(script, at, Did::Step);
            match &op.kind {
                OpKind::Say { texts, .. } => {
                    if let Some(text) = self.one_of(texts, pc) {
                        self.say_line(script, at, text, frame);
                    }
                }
                OpKind::SayCount { .. } => self.say_counted(script, at, frame),
                OpKind::Jump(target) => pc = *target,
                OpKind::JumpUnless(test, target) => {
                    let held = test.holds(&self.view(frame, None));
                    pc = if held { pc } else { *target };
                    self.did(script, at, Did::Went(pc));
                }
                OpKind::Set(values) => {
                    let view = self.view(frame, None);
                    let values: Values = values.iter().map(|(name, expr)| (name.clone(), expr.eval(&view))).collect();
                    frame.set_all(values);
                }
                OpKind::Ask(ask) => {
                    frame.at.clone_from(&ask.question.id);
                    return CardStop::Asks;
                }
                OpKind::Choose(choose) => {
                    frame.at.clone_from(&choose.question.id);
                    return CardStop::Asks;
                }
                OpKind::End(word) => return CardStop::Ended(word.clone()),
                // `check` refuses everything else in a card.
                _ => {}
            }
        }
        CardStop::Ended("done".into())
    }

    fn card_ended(&mut self, card: &str, word: &str, about: About) {
        match (card, word, about) {
            ("stopped", "keep", _) => self.stop_keeping(),
            ("stopped", "delete", _) => self.stop_deleting(),
            // The card has said so itself.
            ("stopped", "pause", _) => {
                self.put_away();
            }
            ("resume_card", word, About::Held { text, thread }) => self.resume_with(word, &text, thread),
            ("switch_card", "switch", About::Other(script)) => {
                self.begin(&script);
            }
            ("closed", "redo", About::Earlier(seq)) => self.go_back_to(seq),
            ("changed", "restart", _) => self.restart_with_answers(),
            ("changed", "put_away", _) => {
                if let Some(thread) = self.state.active.take() {
                    self.close(&thread, "changed");
                    self.after_end("changed");
                }
            }
            _ => self.repeat(),
        }
    }

    /// The title of the open script.
    pub(crate) fn open_title(&self) -> String {
        self.state.active.as_ref().map_or(String::new(), |thread| self.title_of(thread))
    }

    /// The title of a thread's script: as it is now, else as it was.
    pub(crate) fn title_of(&self, thread: &Thread) -> String {
        let then = || self.library.compared_at(thread.script(), &thread.frames.first()?.rev);
        self.script(thread.script()).or_else(then).map_or(String::new(), |script| script.title.clone())
    }

    /// Shows the open question again, with the same number.
    pub(crate) fn repeat(&mut self) {
        self.state.card = None;
        if self.changed() {
            return;
        }
        if self.is_waiting() {
            return self.repeat_wait();
        }
        let Some(mut thread) = self.state.active.take() else { return };
        if let (Some(frame), Some(asked)) = (thread.frames.last(), thread.asked.take()) {
            thread.asked = Some(self.show(frame, asked.seq, asked.picked));
        }
        self.state.active = Some(thread);
    }

    fn stop_keeping(&mut self) {
        let Some(mut thread) = self.state.active.take() else { return };
        let title = self.title_of(&thread);
        let root = thread.frames.first().and_then(|frame| self.script_of(frame));
        let line = |line: &Answered| {
            let asked = line.question.clone().or_else(|| root.and_then(|root| question_as_it_stands(root, &line.at)));
            format!("{}\n{}", asked.unwrap_or_default().reveal(), line.answer.reveal()).trim_start().to_owned()
        };
        let lines: Vec<String> = thread.answers.iter().map(line).collect();
        // Before the terms are agreed to nothing is kept.
        if !lines.is_empty() && self.consents() {
            self.journal(&mut thread, "unfinished", title, lines.join("\n\n"));
        }
        self.close(&thread, "stopped");
        self.after_end("stopped");
    }

    fn stop_deleting(&mut self) {
        let Some(mut thread) = self.state.active.take() else { return };
        self.take_back(&mut thread, 0);
        self.close(&thread, "deleted");
        self.after_end("deleted");
    }

    /// Puts the open script away until the person says "resume".
    pub(crate) fn pause(&mut self) {
        self.state.card = None;
        let title = self.open_title();
        if self.put_away() {
            self.say_card("paused", args([("title", title)]));
        }
    }

    /// Puts the open script away without a word and without a reminder.
    fn put_away(&mut self) -> bool {
        let Some(id) = self.state.active.as_ref().map(|thread| thread.id) else { return false };
        let parked = self.park(false);
        if parked {
            self.disarm_nudge(id);
        }
        parked
    }

    /// The latest script that was put away goes on.
    pub(crate) fn resume(&mut self) {
        match self.state.parked.last().map(|thread| thread.id) {
            Some(id) if self.state.active.is_none() => {
                self.unpark(id);
                self.say_title_card("resumed");
                self.repeat();
            }
            _ if self.state.active.is_some() => self.repeat(),
            _ => self.say_card("nothing_open", Values::new()),
        }
    }

    /// Asks what a message means that came after a long time.
    pub(crate) fn show_resume_card(&mut self, thread: &Thread, held: &str) {
        let title = self.title_of(thread);
        let since = thread.asked.as_ref().map_or(thread.started, |asked| asked.at);
        let ago = self.library.words().writing.length(self.at().duration_since(since).as_secs());
        let last = thread.answers.last().map_or(String::new(), |line| shorten(line.answer.reveal(), 120));
        let values = args([("title", title), ("ago", ago), ("last", last), ("held", shorten(held, 200))]);
        self.show_card(
            "resume_card",
            values,
            About::Held { text: Private::new(shorten(held, MAX_HELD)), thread: thread.id },
        );
    }

    fn resume_with(&mut self, word: &str, held: &Private, thread: u64) {
        if self.state.active.as_ref().is_none_or(|active| active.id != thread) && !self.unpark(thread) {
            self.say_card("nothing_open", Values::new());
            return self.repeat();
        }
        match word {
            "use" => {
                if let Some(asked) = self.state.active.as_mut().and_then(|thread| thread.asked.as_mut()) {
                    asked.at = self.now.timestamp();
                }
                self.answer_text(held.reveal());
            }
            "restart" => self.restart(),
            "put_away" => self.pause(),
            _ => self.repeat(),
        }
    }

    /// The open script from its beginning, with the same arguments. What it made stays.
    pub(crate) fn restart(&mut self) {
        self.restart_with(false);
    }

    /// The same, and what was answered before is offered again.
    fn restart_with_answers(&mut self) {
        self.restart_with(true);
    }

    fn restart_with(&mut self, answers: bool) {
        let Some(thread) = self.state.active.take() else { return };
        self.close(&thread, "restarted");
        let Some(script) = self.script(thread.script()) else {
            self.say_card("nothing_open", Values::new());
            return self.after_end("restarted");
        };
        let vars = thread.frames.into_iter().next().map(|frame| frame.vars).unwrap_or_default();
        let earlier = if answers { answers_for(script, &vars) } else { Values::new() };
        self.start_with(script, vars, earlier);
    }
}

enum CardStop {
    Asks,
    Ended(String),
}

/// The beginning of a text, for showing it again.
pub(crate) fn shorten(text: &str, limit: usize) -> String {
    if text.len() <= limit || text.chars().count() <= limit {
        return text.to_owned();
    }
    let head: String = text.chars().take(limit.saturating_sub(1)).collect();
    format!("{}\u{2026}", head.trim_end())
}
