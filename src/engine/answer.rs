//! An answer to the open question: read, objected to, asked back, or taken.

use std::borrow::Cow;

use super::api::Effect;
use super::cards::{args, shorten};
use super::read::{self, Offered, Reading};
use super::scope::time_fact;
use super::state::{Answered, Asked, Frame, Offer, Thread, Undo};
use super::trace::Did;
use super::turn::Turn;
use super::wishes::Here;
use crate::phrase::{Phrase, any_occurs_in, fold};
use crate::script::model::{Choose, Objection, ObjectionTest, OpKind, Question, Script, Type};
use crate::types::{Message, Private, Rich, Value, Values};

/// How many answers of a frame can be gone back over.
const UNDO: usize = 10;
/// How many answers "keep what I have so far" keeps.
const ANSWERS: usize = 30;

/// The longest question that is remembered, in characters.
pub(crate) const QUESTION: usize = 300;

/// The longest list that is taken, in characters.
const LIST: usize = 1_000;
/// The longest answer that is remembered as it was typed.
const MAX_SHOWN: usize = 4_000;

/// What a question reads an answer as.
pub(crate) fn type_of<'s>(script: &'s Script, question: &Question) -> &'s Type {
    let def = question.save.as_ref().and_then(|var| script.vars.get(var));
    def.map_or(&Type::Text { max: 500 }, |def| &def.ty)
}

/// What became of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// It was taken, or replied to.
    Yes,
    /// It could not be read.
    No,
}

/// An answer that was read: what it means, how it reads, where it leads.
pub(crate) struct Taken {
    pub(crate) value: Value,
    pub(crate) shown: String,
    pub(crate) pc: usize,
}

/// True when a soft objection was made at this question before.
fn is_spent(frame: &Frame, objection: &Objection) -> bool {
    objection.soft && frame.hits.contains_key(&made_at(&frame.at, objection))
}

/// Under which name a soft objection is counted for one question. No name of a script has a slash in it.
fn made_at(at: &str, objection: &Objection) -> String {
    format!("{at}/{}", objection.name)
}

impl<'t> Turn<'t> {
    /// What a text says as the answer to a question.
    pub(crate) fn typed(&self, text: &str, script: &Script, question: &Question) -> Reading {
        let part = |part| time_fact(self.library, &self.facts, part);
        let (words, seed) = (self.library.words(), self.state.seed);
        let here = Here { now: &self.now, today: self.today(), seed, part: &part, joins: &words.joins };
        read::typed(text, type_of(script, question), words, &here)
    }

    /// A text for the open question.
    pub(crate) fn answer_text(&mut self, text: &str) {
        if self.try_text(text) == Heard::No {
            self.unread();
        }
    }

    /// A text for the open question, if it can be read as its answer.
    pub(crate) fn try_text(&mut self, text: &str) -> Heard {
        self.try_folded(text, &fold(text))
    }

    /// The same, with the folded text.
    pub(crate) fn try_folded(&mut self, text: &str, folded: &str) -> Heard {
        let Some((script, pc, question)) = self.open_question() else { return Heard::No };
        if question.skip && self.library.words().skip.iter().any(|word| word.is_all_of(folded)) {
            self.did(script, pc, Did::Skipped);
            self.take(Taken { value: Value::None, shown: String::new(), pc: pc + 1 });
            return Heard::Yes;
        }
        if self.keeps_nothing() {
            self.burn(script, pc);
            return Heard::Yes;
        }
        if let Some(offer) = self.offer_of(folded) {
            self.take_offer(offer);
            return Heard::Yes;
        }
        match &script.ops[pc].kind {
            OpKind::Choose(choose) if choose.many => return self.try_several(text),
            OpKind::Choose(choose) => match read::option(folded, &self.open_offered(), self.library.words()) {
                Reading::Value(place) => self.take_option(&place),
                Reading::Several(offers) => self.offer(offers),
                Reading::Unclear if choose.other_text => self.other_text(text),
                Reading::Unclear => return Heard::No,
            },
            OpKind::Ask(_) => match self.typed(text, script, question) {
                Reading::Value(value) => self.examine(text, value),
                Reading::Several(offers) => self.offer(offers),
                Reading::Unclear => return Heard::No,
            },
            _ => return Heard::No,
        }
        Heard::Yes
    }

    pub(crate) fn open_frame(&self) -> Option<&Frame> {
        self.state.active.as_ref()?.top()
    }

    /// The question that the open script asks.
    pub(crate) fn open_question(&self) -> Option<(&'t Script, usize, &'t Question)> {
        self.question_of(self.open_frame()?)
    }

    /// The options of the open question.
    pub(crate) fn open_offered(&self) -> Vec<Offered<'t>> {
        self.open_frame().map_or(Vec::new(), |frame| self.offered(frame))
    }

    pub(super) fn open_choose(&self) -> Option<&'t Choose> {
        self.choose_of(self.open_frame()?)
    }

    pub(crate) fn asked(&mut self) -> Option<&mut Asked> {
        self.state.active.as_mut()?.asked.as_mut()
    }

    fn offer_of(&self, folded: &str) -> Option<Offer> {
        let asked = self.state.active.as_ref()?.asked.as_ref()?;
        asked.offers.iter().find(|offer| fold(&offer.label) == *folded).cloned()
    }

    /// Takes one of the readings that were asked back.
    pub(crate) fn take_offer(&mut self, offer: Offer) {
        match self.open_choose() {
            Some(_) => self.take_option(&offer.value),
            None => self.examine(&offer.label, offer.value),
        }
    }

    /// Takes an option, given by its place in the script.
    pub(crate) fn take_option(&mut self, place: &Value) {
        let Value::Int(index) = place else { return };
        let offered = self.open_offered();
        let Some(option) =
            usize::try_from(*index).ok().and_then(|index| offered.iter().find(|option| option.index == index))
        else {
            return self.repeat();
        };
        if let Some((script, pc, _)) = self.open_question() {
            self.did(script, pc, Did::Chose(option.index));
        }
        if self.open_choose().is_some_and(|choose| choose.many) {
            return self.toggle(option.index);
        }
        let taken = Taken {
            value: option.choice.value.clone().unwrap_or_default(),
            shown: option.label.clone().into_owned(),
            pc: option.choice.then,
        };
        self.take(taken);
    }

    /// A text that is none of the options, where any text is an answer. After a long time it is asked what it means.
    fn other_text(&mut self, text: &str) {
        match self.state.active.as_ref().filter(|thread| self.is_cold(thread)).cloned() {
            Some(thread) => self.show_resume_card(&thread, text),
            None => self.examine(text, Value::text(text.trim())),
        }
    }

    /// The answer of an earlier run is the answer again.
    pub(crate) fn take_earlier(&mut self) {
        match self.open_frame().and_then(|frame| self.earlier_of(frame)).cloned() {
            Some(value) => self.examine(&value.to_string(), value),
            None => self.repeat(),
        }
    }

    /// The person skips the open question.
    pub(crate) fn skip(&mut self) {
        if self.open_frame().is_none() {
            return self.say_card("nothing_open", Values::new());
        }
        match self.open_question() {
            Some((script, pc, question)) if question.skip => {
                self.did(script, pc, Did::Skipped);
                self.take(Taken { value: Value::None, shown: String::new(), pc: pc + 1 });
            }
            _ => {
                self.say_card("no_skip", Values::new());
                self.repeat();
            }
        }
    }

    pub(crate) fn take(&mut self, taken: Taken) {
        self.state.card = None;
        let Some(mut thread) = self.state.active.take() else { return };
        let seq = thread.asked.as_ref().map_or(0, |asked| asked.seq);
        self.remember_answer(&mut thread, seq, &taken.shown);
        let made = thread.made.len();
        let Some(frame) = thread.frames.last_mut() else { return };
        let back_to = frame.back_to.clone();
        frame.undo.push(Undo { at: frame.at.clone(), seq, was: Values::new(), made, back_to });
        if frame.undo.len() > UNDO {
            frame.undo.remove(0);
        }
        let save = self.question_of(frame).and_then(|(_, _, question)| question.save.clone());
        if let Some(save) = save {
            frame.set(save, taken.value);
        }
        thread.turns += 1;
        self.go_on(thread, taken.pc);
    }

    fn remember_answer(&self, thread: &mut Thread, seq: u64, shown: &str) {
        let Some(frame) = thread.frames.last() else { return };
        let Some((_, _, question)) = self.question_of(frame) else { return };
        let at = question.id.clone();
        thread.answers.retain(|line| line.at != at);
        if shown.is_empty() {
            return;
        }
        // What stands in the outermost script just so is read there when it is wanted.
        let question = match question.prompt.show(&self.view(frame, None)) {
            Cow::Borrowed(_) if thread.frames.len() == 1 => None,
            shown => Some(Private::new(shorten(&shown, QUESTION))),
        };
        let line = Answered { at, seq, question, answer: Private::new(shown) };
        thread.answers.push(line);
        if thread.answers.len() > ANSWERS {
            thread.answers.remove(0);
        }
    }

    /// True when nothing of the answer to the open question is kept.
    pub(crate) fn keeps_nothing(&self) -> bool {
        self.state.active.as_ref().is_some_and(|thread| self.is_unkept(thread))
    }

    /// The same of a thread that may be put away.
    pub(crate) fn is_unkept(&self, thread: &Thread) -> bool {
        let kind = thread.top().and_then(|frame| self.op_of(frame)).map(|(_, _, kind)| kind);
        matches!(kind, Some(OpKind::Ask(ask)) if ask.unkept)
    }

    /// Goes on behind an answer of which nothing stays but that there was one: no words, and where the platform can do that not the
    /// message either.
    fn burn(&mut self, script: &'t Script, pc: usize) {
        self.did(script, pc, Did::Answered);
        self.erases = true;
        self.take(Taken { value: Value::Bool(true), shown: String::new(), pc: pc + 1 });
    }

    /// Looks for something to object to; takes the answer when there is nothing.
    fn examine(&mut self, text: &str, value: Value) {
        let Some((script, pc, question)) = self.open_question() else { return };
        let objections = match &script.ops[pc].kind {
            OpKind::Ask(ask) => ask.objections.as_slice(),
            _ => &[],
        };
        let ty = type_of(script, question);
        let limit = match ty {
            Type::Text { max } => *max,
            Type::List => LIST,
            _ => usize::MAX,
        };
        let text = text.trim();
        if text.chars().count() > limit {
            return self.reply_card("too_long", args([("limit", limit.to_string())]));
        }
        let shown = shorten(text, limit.min(MAX_SHOWN));
        let mut numbered = objections.iter().enumerate();
        let objects = numbered.find(|(_, objection)| self.objects(objection, text, &value));
        self.trace_passed(objections, text, &value);
        let Some((index, objection)) = objects else {
            self.did(script, pc, Did::Answered);
            return self.take(Taken { shown, value, pc: pc + 1 });
        };
        self.did(script, pc, Did::Objected(index));
        let tries = self.spend_try(Some(objection));
        if tries >= question.tries {
            return self.give_up(question, matches!(ty, Type::Text { .. }).then_some((shown, value)));
        }
        let Some(frame) = self.open_frame() else { return };
        let reply = objection.say.render(&self.view(frame, Some(&value)));
        self.said(script, pc, &objection.say);
        self.reply(reply);
    }

    fn objects(&self, objection: &Objection, text: &str, value: &Value) -> bool {
        self.open_frame()
            .is_some_and(|frame| !is_spent(frame, objection) && self.applies(frame, objection, text, value))
    }

    /// Notes which soft objections let this answer pass.
    fn trace_passed(&mut self, objections: &[Objection], text: &str, value: &Value) {
        let Some((script, pc, _)) = self.open_question().filter(|_| self.trace.is_some()) else { return };
        let passes = |turn: &Self, objection: &Objection| {
            let frame = turn.open_frame();
            frame.is_some_and(|frame| is_spent(frame, objection) && turn.applies(frame, objection, text, value))
        };
        for (index, objection) in objections.iter().enumerate() {
            if passes(self, objection) {
                self.did(script, pc, Did::LetPass(index));
            }
        }
    }

    fn applies(&self, frame: &Frame, objection: &Objection, text: &str, value: &Value) -> bool {
        let view = self.view(frame, Some(value));
        match &objection.test {
            ObjectionTest::List(list) => {
                let folded = fold(text);
                let phrases: Option<&[Phrase]> = crate::script::expr::Scope::phrases(&view, list);
                phrases.is_some_and(|phrases| any_occurs_in(phrases, &folded))
            }
            ObjectionTest::Check(test) => test.holds(&view),
        }
    }

    fn spend_try(&mut self, objection: Option<&Objection>) -> u32 {
        let Some(frame) = self.state.active.as_mut().and_then(|thread| thread.frames.last_mut()) else { return 0 };
        if let Some(objection) = objection {
            Turn::hits(frame, &objection.name);
            if objection.soft {
                let here = made_at(&frame.at, objection);
                Turn::hits(frame, &here);
            }
        }
        frame.tries += 1;
        frame.tries
    }

    /// The tries are used up: a text is kept as it is, anything else stays empty.
    fn give_up(&mut self, question: &Question, kept: Option<(String, Value)>) {
        let is_text = kept.is_some();
        let (shown, value) = kept.unwrap_or_default();
        if let Some((script, pc, _)) = self.open_question() {
            self.did(script, pc, Did::GaveUp);
        }
        if !is_text && !question.has_otherwise {
            self.say_card("give_up", Values::new());
        }
        let before = self.effects.len();
        self.take(Taken { value, shown, pc: question.otherwise });
        // Nobody is left without a word, also where the script has none.
        if !self.effects[before..].iter().any(|effect| matches!(effect, Effect::Say(_))) {
            self.say_card("give_up", Values::new());
        }
    }

    /// The open question could not read what was said.
    pub(crate) fn unread(&mut self) {
        let Some((script, pc, question)) = self.open_question() else { return };
        if self.asked().is_some_and(|asked| asked.hash != question.hash) {
            // The question was edited since it was asked: the answer was to the old one.
            return self.repeat();
        }
        if self.spend_try(None) >= question.tries {
            return self.give_up(question, None);
        }
        match &question.unclear {
            Some(unclear) => {
                let Some(frame) = self.open_frame() else { return };
                let text = self.render(unclear, frame);
                self.said(script, pc, unclear);
                self.reply(text);
            }
            None => self.reply_card("unclear", Values::new()),
        }
    }

    /// Says something about the answer; the question stays open, so its buttons come along.
    fn reply(&mut self, text: Rich) {
        let at = self.at();
        let Some(asked) = self.asked() else { return };
        asked.at = at;
        let (seq, picked) = (asked.seq, asked.picked.clone());
        let Some(thread) = self.state.active.take() else { return };
        if let Some(frame) = thread.top() {
            self.say_with_buttons(text, frame, seq, &picked);
        }
        self.state.active = Some(thread);
    }

    pub(crate) fn reply_card(&mut self, name: &str, values: Values) {
        let text = self.card_text(name, values);
        self.reply(text);
    }

    /// What a card without a question says, as one text.
    fn card_text(&mut self, name: &str, values: Values) -> Rich {
        let (before, first) = (self.effects.len(), self.messages());
        self.say_card(name, values);
        self.said_as_one(first);
        let said = self.effects.split_off(before);
        let texts = said.into_iter().filter_map(|effect| match effect {
            super::api::Effect::Say(Message { text, .. }) => Some(text),
            _ => None,
        });
        let mut whole = Rich::default();
        for text in texts {
            if !whole.0.is_empty() {
                whole.push(crate::types::Span { text: "\n".into(), ..Default::default() });
            }
            text.0.into_iter().for_each(|span| whole.push(span));
        }
        whole
    }

    /// Asks back which of several readings was meant. Costs no try.
    fn offer(&mut self, offers: Vec<(String, Value)>) {
        let text = self.card_text("did_you_mean", Values::new());
        let offers: Vec<Offer> = offers.into_iter().map(|(label, value)| Offer { label, value }).collect();
        let at = self.at();
        let Some(asked) = self.asked() else { return };
        (asked.at, asked.offers) = (at, offers.clone());
        let seq = asked.seq;
        let button = |(index, offer): (usize, Offer)| crate::types::Button {
            label: offer.label,
            token: format!("q:{seq}:s{index}"),
        };
        let buttons = offers.into_iter().enumerate().map(button).collect();
        self.effects.push(super::api::Effect::Say(Message { text, buttons, ..Message::default() }));
    }

    // --- going back ---

    /// The person goes back to the question before.
    pub(crate) fn back(&mut self) {
        let Some(mut thread) = self.state.active.take() else { return self.say_card("nothing_open", Values::new()) };
        let Some(frame) = thread.frames.iter().rposition(|frame| !frame.undo.is_empty()) else {
            self.state.active = Some(thread);
            self.say_card("no_back", Values::new());
            return self.repeat();
        };
        thread.frames.truncate(frame + 1);
        self.undo_one(&mut thread);
        self.ask_again(thread);
    }

    /// The person goes back to the question of that number.
    pub(crate) fn go_back_to(&mut self, seq: u64) {
        let Some(mut thread) = self.state.active.take() else { return };
        let reachable = thread.top().is_some_and(|frame| frame.undo.iter().any(|undo| undo.seq == seq));
        if !reachable {
            self.state.active = Some(thread);
            return self.repeat();
        }
        while thread.top().is_some_and(|frame| frame.undo.iter().any(|undo| undo.seq == seq))
            && self.undo_one(&mut thread)
        {}
        self.ask_again(thread);
    }

    fn undo_one(&mut self, thread: &mut Thread) -> bool {
        let Some(undo) = thread.frames.last_mut().and_then(|frame| frame.undo.pop()) else { return false };
        self.take_back(thread, undo.made);
        thread.answers.retain(|line| line.seq < undo.seq);
        if let Some(frame) = thread.frames.last_mut() {
            frame.put_back(undo.was);
            (frame.at, frame.back_to) = (undo.at, undo.back_to);
        }
        true
    }

    fn ask_again(&mut self, thread: Thread) {
        let pc = thread.top().and_then(|frame| self.question_of(frame)).map(|(_, pc, _)| pc);
        match pc {
            Some(pc) => self.go_on(thread, pc),
            // The question was edited away since it was answered.
            None => {
                self.state.active = Some(thread);
                self.repeat();
            }
        }
    }
}
