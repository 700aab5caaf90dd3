//! One event of one person in, a new state and a list of effects out.
//!
//! The same input gives the same output, byte for byte, for ever: no clock, no I/O, no randomness, no order of a hash map. It
//! never asks anything of anybody; whoever calls it reads before and carries out afterwards.

mod answer;
pub mod api;
mod cards;
mod crowd;
mod due;
mod enough;
mod moments;
mod paths;
mod pictures;
mod promises;
mod read;
mod reminders;
pub mod revise;
mod run;
mod scope;
mod several;
pub mod state;
pub mod trace;
mod turn;
mod wait;
mod wishes;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp, Zoned};

pub use api::{CheckIn, Due, Effect, Entry, Event, Facts, IfBusy, Kept, Outcome, Plan, Run};
pub use state::State;
pub use trace::{Did, Trace};

use answer::Heard;
use cards::args;
use state::{About, Press, Thread};
use turn::Turn;

use crate::phrase::fold;
use crate::practice::history::Returned;
use crate::safety::{self, Verdict};
use crate::script::model::{OpKind, Question, Script, Type};
use crate::script::{Library, Reserved};
use crate::types::{Button, Message, Value, Values};

/// After this long, a text is not taken for the answer to an old question without asking.
const GAP: SignedDuration = SignedDuration::from_hours(3);
/// Pressing one button twice within this time is one press.
const DOUBLE: SignedDuration = SignedDuration::from_secs(10);
/// After so many days, coming back is something to remember.
const AWAY_DAYS: i64 = 3;

/// Takes one event.
///
/// `now` is in the person's time zone. Effects are in the order in which they should happen.
#[must_use]
pub fn step(library: &Library, state: State, facts: &Facts, event: &Event, now: &Zoned) -> (State, Vec<Effect>) {
    take(Turn::new(library, state, facts, now), event).decided()
}

/// The same, and what of the scripts was carried out, in that order.
#[must_use]
pub fn step_traced(
    library: &Library,
    state: State,
    facts: &Facts,
    event: &Event,
    now: &Zoned,
) -> (State, Vec<Effect>, Vec<Trace>) {
    let mut turn = Turn::new(library, state, facts, now);
    turn.trace = Some(Vec::new());
    let mut turn = take(turn, event);
    let trace = turn.trace.take().unwrap_or_default();
    let (state, effects) = turn.decided();
    (state, effects, trace)
}

/// Which day it is for a person: theirs is not over at midnight. For whoever reads [`Facts::history`].
#[must_use]
pub fn today(library: &Library, facts: &Facts, now: &Zoned) -> Date {
    crate::schedule::day_of(now.datetime(), scope::day_begins(library, facts))
}

/// When a person's quiet hours begin next.
#[must_use]
pub fn quiet_begins(library: &Library, facts: &Facts, now: &Zoned) -> Option<Timestamp> {
    due::quiet_hours(|name| scope::fact(library, facts, name))?.begins_after(now)
}

fn take<'t>(mut turn: Turn<'t>, event: &Event) -> Turn<'t> {
    let helping = turn.is_helping();
    turn.adopt();
    if turn.owes_a_word() && turn.may_own_up(event) {
        turn.give_word();
    }
    match event {
        Event::Due(due) => {
            if turn.is_sound() || !matches!(due.run, Run::Nudge { .. }) {
                turn.due(due);
            } else {
                turn.effects.push(Effect::Fired(Outcome::NoScript));
            }
        }
        Event::Recall => turn.recall(),
        Event::Text(text) => turn.by_person(|turn| turn.text(text.reveal())),
        Event::Form { seq, text } => turn.by_person(|turn| turn.form(*seq, text.reveal())),
        Event::Press(token) if turn.is_double(token) => turn.somebody_is_here(),
        Event::Press(token) => {
            turn.by_person(|turn| turn.press(token));
            turn.state.pressed = Some(Press { token: token.clone(), at: turn.at() });
        }
        Event::Command { name, rest } => turn.by_person(|turn| turn.command(name, rest.reveal())),
    }
    if helping || turn.is_helping() || turn.has_helped() {
        turn.hurry();
    }
    turn.sign();
    turn.erase();
    turn
}

/// What a card says by itself, to somebody of whom nothing is known but the language of their chat app.
#[must_use]
pub fn card_texts(library: &Library, card: &str, language: Option<&str>, now: &Zoned) -> Vec<Message> {
    let facts = Facts { client_language: language.map(str::to_owned), ..Facts::default() };
    let effects = card_turn(library, card, &facts, now).effects.into_iter();
    effects.filter_map(|effect| if let Effect::Say(message) = effect { Some(message) } else { None }).collect()
}

/// The same as effects, and what of the card was carried out.
#[must_use]
pub fn card_traced(library: &Library, card: &str, now: &Zoned) -> (Vec<Effect>, Vec<Trace>) {
    let facts = Facts::default();
    let turn = card_turn(library, card, &facts, now);
    (turn.effects, turn.trace.unwrap_or_default())
}

fn card_turn<'l>(library: &'l Library, card: &str, facts: &'l Facts, now: &Zoned) -> Turn<'l> {
    let mut turn = Turn::new(library, State::new(0), facts, now);
    turn.trace = Some(Vec::new());
    turn.say_card(card, Values::new());
    turn.sign();
    turn
}

impl<'t> Turn<'t> {
    /// False for what comes by itself, and where help comes first.
    fn may_own_up(&self, event: &Event) -> bool {
        let is_calm = |text: &str| safety::screen_folded(&fold(text)) == Verdict::Clear;
        match event {
            Event::Due(_) | Event::Recall => false,
            Event::Text(text) | Event::Form { text, .. } => is_calm(text.reveal()),
            Event::Press(_) => true,
            Event::Command { name, rest } => name != run::HELP && is_calm(rest.reveal()),
        }
    }

    /// Something a person did. It is never met with silence, unless it ended a script that has no last word.
    fn by_person(&mut self, answer: impl FnOnce(&mut Self)) {
        self.somebody_is_here();
        self.state.pressed = None;
        let before = self.effects.len();
        answer(self);
        let spoken = |effect: &Effect| matches!(effect, Effect::Say(_) | Effect::Ended { .. });
        if self.effects[before..].iter().any(spoken) {
            return;
        }
        match self.state.card.clone() {
            Some(card) => self.show_again(card),
            None if self.state.active.is_some() => self.repeat(),
            None => self.say_card("nothing_open", Values::new()),
        }
    }

    /// Notes that the person did something, and how long they were away.
    fn somebody_is_here(&mut self) {
        let away = self.state.seen.map_or(0, |seen| self.days_since(seen));
        if away >= AWAY_DAYS && self.consents() {
            let (id, day) = (self.new_id(), self.today());
            if let Some(history) = self.history_mut() {
                history.returns.push(Returned { id: id.clone(), day, away });
            }
            self.effects.push(Effect::Return { id, day, away });
        }
        self.state.seen = Some(self.at());
    }

    /// How many days ago something was, on the person's calendar.
    pub(crate) fn days_since(&self, then: Timestamp) -> i64 {
        // Most come back within the day: no calendar is needed to tell.
        if self.at().duration_since(then) < SignedDuration::from_hours(24) {
            return 0;
        }
        (self.today() - self.day(then)).get_days().into()
    }

    /// True when the open script still has the questions it stands at.
    fn is_sound(&self) -> bool {
        self.state.active.as_ref().is_none_or(|thread| self.is_thread_sound(thread))
    }

    fn is_thread_sound(&self, thread: &Thread) -> bool {
        let Some((top, callers)) = thread.frames.split_last() else { return false };
        let at = |frame: &state::Frame| self.op_of(frame).map(|(_, _, kind)| kind);
        let asks = matches!(at(top), Some(OpKind::Ask(_) | OpKind::Choose(_) | OpKind::Wait(_)));
        asks && callers.iter().all(|frame| matches!(at(frame), Some(OpKind::Call { .. })))
    }

    /// A script that was edited away under somebody's feet says so. True when it did.
    pub(crate) fn changed(&mut self) -> bool {
        if self.is_sound() || self.state.card.is_some() {
            return false;
        }
        let title = self.open_title();
        self.show_card("changed", args([("title", title)]), About::Open);
        true
    }

    /// Shows the open question again; welcomes somebody who was never here.
    fn recall(&mut self) {
        if let Some(card) = self.state.card.clone() {
            self.show_again(card);
        } else if self.state.active.is_some() {
            self.repeat();
        } else if self.state.last_thread == 0 {
            self.begin("welcome");
        }
    }

    fn text(&mut self, text: &str) {
        let folded = fold(text);
        let unkept = self.keeps_nothing();
        if self.needs_help_now(&folded) {
            self.erases = unkept;
            return;
        }
        if self.understood(text, &folded) {
            return;
        }
        if self.state.card.is_some() {
            return self.text_for_card(text);
        }
        if self.changed() {
            return;
        }
        if self.state.active.is_none() {
            return self.idle(text);
        }
        if self.is_waiting() {
            return self.text_while_waiting(text);
        }
        if let Some(thread) = self.gone_cold() {
            return self.show_resume_card(&thread, text);
        }
        if self.try_folded(text, &folded) == Heard::Yes {
            return;
        }
        match self.library.by_words(text) {
            Some(script) if !self.is_open(script) => {
                let values = args([("title", self.open_title()), ("other", script.title.clone())]);
                self.show_card("switch_card", values, About::Other(script.name.clone()));
            }
            Some(_) => self.repeat(),
            None if self.opened(text) => {}
            None => self.unread(),
        }
    }

    /// True when the first words of a text begin a script, which is given the rest.
    pub(crate) fn opened(&mut self, text: &str) -> bool {
        let Some((script, rest)) = self.library.by_opening(text) else { return false };
        self.begin_with(&script.name, rest);
        true
    }

    /// A text that says by itself which question it answers. One for a question that is not open any more is offered as the
    /// answer to the open one, when that takes any text; nothing is taken for an answer that was not meant as one.
    fn form(&mut self, seq: u64, text: &str) {
        let folded = fold(text);
        if self.needs_help_now(&folded) || self.understood(text, &folded) {
            return;
        }
        if self.state.card.as_ref().is_some_and(|card| card.asked.seq == seq) {
            return self.text_for_card(text);
        }
        if let Some(parked) = self.parked_with(seq) {
            self.change_to(parked);
        }
        self.state.card = None;
        if self.changed() {
            return;
        }
        let Some(thread) = self.state.active.clone() else { return self.idle(text) };
        if self.is_asking(seq, &thread) {
            self.answer_text(text);
        } else if self.asks_free_text(&thread) {
            self.show_resume_card(&thread, text);
        } else {
            self.old_button(seq);
        }
    }

    /// Commands and reserved words, which work everywhere. True when the text was one.
    fn understood(&mut self, text: &str, folded: &str) -> bool {
        if let Some(rest) = text.trim().strip_prefix('/')
            && rest.starts_with(|c: char| c.is_ascii_alphabetic())
        {
            let (name, rest) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
            self.command(&name.to_lowercase(), rest.trim());
            return true;
        }
        match self.library.words().reserved(folded) {
            Some(word) if !self.owns(folded) => self.reserved(word),
            _ => return false,
        }
        true
    }

    /// Looks at every text before any script does. True when it was answered.
    fn needs_help_now(&mut self, folded: &str) -> bool {
        if safety::screen_folded(folded) == Verdict::Clear {
            return false;
        }
        self.note("help_now");
        self.state.card = None;
        self.begin("now");
        true
    }

    /// True when the open choice (or card) has this very word among its options.
    fn owns(&self, folded: &str) -> bool {
        self.state.standing().is_some_and(|frame| {
            self.offered(frame).iter().any(|option| {
                fold(&option.label) == folded || option.choice.also.iter().any(|phrase| phrase.is_all_of(folded))
            })
        })
    }

    /// The open thread, when its question wants free text and was asked a long time ago.
    fn gone_cold(&self) -> Option<Thread> {
        let thread = self.state.active.as_ref()?;
        (self.is_cold(thread) && self.asks_free_text(thread)).then(|| thread.clone())
    }

    /// True when a thread's question was asked a long time ago.
    pub(crate) fn is_cold(&self, thread: &Thread) -> bool {
        thread.asked.as_ref().is_some_and(|asked| self.at().duration_since(asked.at) >= GAP)
    }

    /// True when a thread's question takes any text.
    fn asks_free_text(&self, thread: &Thread) -> bool {
        let Some((script, pc, question)) = thread.top().and_then(|frame| self.question_of(frame)) else { return false };
        let def = question.save.as_ref().and_then(|var| script.vars.get(var));
        let is_text = matches!(def.map(|def| &def.ty), None | Some(Type::Text { .. } | Type::List));
        // What is not to be kept is not held either.
        is_text && matches!(&script.ops[pc].kind, OpKind::Ask(ask) if !ask.unkept)
    }

    fn is_open(&self, script: &Script) -> bool {
        self.state.active.as_ref().is_some_and(|thread| thread.script() == script.name)
    }

    fn idle(&mut self, text: &str) {
        if let Some(script) = self.library.by_words(text) {
            return self.begin(&script.name.clone());
        }
        if self.opened(text) {
            return;
        }
        if !self.consents() {
            return self.begin("welcome");
        }
        let asks = |thread: &&Thread| thread.expired && !self.is_unkept(thread);
        match self.state.parked.iter().rev().find(asks).cloned() {
            Some(thread) => self.show_resume_card(&thread, text),
            None => self.say_card("idle", Values::new()),
        }
    }

    /// Starts a script because the person asked for it. Before they agreed to the terms, most scripts begin with the welcome.
    pub(crate) fn begin(&mut self, name: &str) {
        self.begin_with(name, "");
    }

    /// The same with what stood behind the words that begin it: for a script that takes it, this is a new run.
    fn begin_with(&mut self, name: &str, rest: &str) {
        let Some(script) = self.admitted(name) else { return };
        self.state.card = None;
        if let Some(var) = script.rest.as_ref().filter(|_| script.name == name && !rest.trim().is_empty()) {
            let limit = script.vars.get(var).map_or(0, |def| if let Type::Text { max } = def.ty { max } else { 0 });
            let value = Value::text(cards::shorten(rest.trim(), limit));
            if self.is_open(script)
                && let Some(thread) = self.state.active.take()
            {
                self.close(&thread, "replaced");
            }
            return self.start(script, Values::from([(var.clone(), value)]));
        }
        if self.is_open(script) {
            return self.repeat();
        }
        let parked = self.parked_today(script).filter(|_| script.name != run::HELP);
        if parked.is_some_and(|id| self.change_to(id)) {
            self.say_title_card("resumed");
            return self.repeat();
        }
        self.start(script, Values::new());
    }

    /// The script of that name, or the welcome for somebody who has not agreed to the terms.
    pub(crate) fn admitted(&self, name: &str) -> Option<&'t Script> {
        let script = self.script(name)?;
        if script.open_to_all || self.consents() { Some(script) } else { self.script("welcome") }
    }

    /// A run of this script that was put away today.
    pub(crate) fn parked_today(&self, script: &Script) -> Option<u64> {
        let today = |thread: &&Thread| {
            let asked = thread.asked.as_ref().map_or(thread.started, |asked| asked.at);
            self.day(asked) == self.today()
        };
        let same =
            self.state.parked.iter().filter(|thread| thread.script() == script.name && self.is_thread_sound(thread));
        same.filter(today).map(|thread| thread.id).next_back()
    }

    /// True when nothing was answered in the open script yet.
    fn is_untouched(&self) -> bool {
        self.state.card.is_none()
            && self.state.active.as_ref().is_some_and(|thread| thread.turns == 0 && thread.answers.is_empty())
    }

    fn command(&mut self, name: &str, rest: &str) {
        if self.needs_help_now(&fold(rest)) {
            return;
        }
        if let Some(script) = self.library.by_command(name) {
            // Whoever starts again before answering anything may not have seen how it began: a blocked bot, a group.
            if name == "start" && self.is_open(script) && self.is_untouched() {
                return self.restart();
            }
            let name = script.name.clone();
            return self.begin_with(&name, rest);
        }
        if let Some(word) = Reserved::from_command(name) {
            return self.reserved(word);
        }
        let card = match name {
            "unsupported" => "unsupported",
            _ if self.state.active.is_some() => "unclear",
            _ => "idle",
        };
        self.say_card(card, Values::new());
        self.repeat();
    }

    fn reserved(&mut self, word: Reserved) {
        match word {
            Reserved::Menu => return self.begin("menu"),
            Reserved::Privacy => return self.begin("privacy"),
            Reserved::Resume => {
                self.state.card = None;
                return self.resume();
            }
            Reserved::Help => return self.help(),
            _ => {}
        }
        self.state.card = None;
        if self.state.active.is_none() {
            return self.say_card("nothing_open", Values::new());
        }
        if self.changed() {
            return;
        }
        match word {
            Reserved::Stop => {
                let title = self.open_title();
                self.show_card("stopped", args([("title", title)]), About::Open);
            }
            Reserved::Pause => self.pause(),
            Reserved::Back => self.back(),
            Reserved::Skip if self.is_waiting() => self.skip_wait(),
            Reserved::Skip => self.skip(),
            Reserved::Again => self.repeat(),
            Reserved::Menu | Reserved::Privacy | Reserved::Resume | Reserved::Help => {}
        }
    }

    fn help(&mut self) {
        let frame = self.state.active.as_ref().and_then(Thread::top);
        let asked = frame.and_then(|frame| self.question_of(frame));
        let own = asked.and_then(|(script, pc, question)| Some((script, pc, question.help.as_ref()?)));
        let about = match (own, frame) {
            (Some((_, _, help)), Some(frame)) => self.render(help, frame).text(),
            (_, Some(frame)) => self.script_of(frame).map_or(String::new(), |script| script.about.clone()),
            (_, None) => String::new(),
        };
        if let Some((script, pc, help)) = own {
            self.said(script, pc, help);
        }
        self.say_card("help", args([("about", about)]));
        self.repeat();
    }

    // --- cards ---

    fn text_for_card(&mut self, text: &str) {
        let Some(mut card) = self.state.card.clone() else { return };
        let Some((script, pc, question)) = self.question_of(&card.frame) else { return };
        let reading = match &script.ops[pc].kind {
            OpKind::Choose(_) => read::option(&fold(text), &self.offered(&card.frame), self.library.words()),
            _ => self.typed(text, script, question),
        };
        card.frame.tries += 1;
        match reading {
            read::Reading::Value(place) if self.choose_of(&card.frame).is_some() => self.answer_card(card, &place),
            read::Reading::Value(value) => {
                self.did(script, pc, Did::Answered);
                self.go_on_in_card(card, question, value, pc + 1);
            }
            _ if question.has_otherwise && card.frame.tries >= question.tries => {
                self.did(script, pc, Did::GaveUp);
                self.go_on_in_card(card, question, Value::None, question.otherwise);
            }
            // Once the card is shown again; after that the person means the question behind it.
            _ if question.has_otherwise || card.frame.tries == 1 => self.show_again(card),
            _ => {
                self.state.card = None;
                if self.changed() {
                    return;
                }
                match self.state.active.is_some() {
                    true => self.answer_text(text),
                    false => self.say_card("idle", Values::new()),
                }
            }
        }
    }

    /// Shows the open card once more.
    fn show_again(&mut self, card: state::CardState) {
        let asked = self.show(&card.frame, card.asked.seq, Vec::new());
        self.state.card = Some(state::CardState { asked, ..card });
    }

    fn answer_card(&mut self, card: state::CardState, place: &Value) {
        let Value::Int(index) = place else { return };
        let offered = self.offered(&card.frame);
        let option = usize::try_from(*index).ok().and_then(|index| offered.iter().find(|option| option.index == index));
        match option.zip(self.choose_of(&card.frame)) {
            Some((option, choose)) => {
                if let Some((script, pc, _)) = self.question_of(&card.frame) {
                    self.did(script, pc, Did::Chose(option.index));
                }
                let value = option.choice.value.clone().unwrap_or_default();
                self.go_on_in_card(card, &choose.question, value, option.choice.then);
            }
            None => self.show_again(card),
        }
    }

    fn go_on_in_card(&mut self, mut card: state::CardState, question: &Question, value: Value, pc: usize) {
        if let Some(save) = question.save.clone() {
            card.frame.set(save, value);
        }
        card.frame.tries = 0;
        self.state.card = None;
        self.continue_card(card, pc);
    }

    // --- buttons ---

    /// True for the second press of a finger that pressed twice: the first has been answered.
    fn is_double(&self, token: &str) -> bool {
        let last = self.state.pressed.as_ref();
        last.is_some_and(|last| last.token == token && self.at().duration_since(last.at) < DOUBLE)
    }

    /// A button says which question it belongs to; an old one never answers a new question.
    fn press(&mut self, token: &str) {
        let Some((seq, choice)) = parse_token(token) else { return self.old_button(0) };
        if let Some(card) = self.state.card.clone().filter(|card| card.asked.seq == seq) {
            return match (choice, self.question_of(&card.frame)) {
                (Pressed::Option(place), _) => self.answer_card(card, &Value::Int(place)),
                (Pressed::Skip, Some((script, pc, question))) if question.skip => {
                    self.did(script, pc, Did::Skipped);
                    self.go_on_in_card(card, question, Value::None, pc + 1);
                }
                _ => self.show_again(card),
            };
        }
        if let Some(parked) = self.parked_with(seq) {
            self.change_to(parked);
        }
        if !self.is_sound() {
            return self.repeat();
        }
        let Some(thread) = &self.state.active else { return self.old_button(seq) };
        let Some(asked) = &thread.asked else { return };
        if self.is_asking(seq, thread) {
            let offer = |index: usize| asked.offers.get(index).filter(|_| asked.seq == seq).cloned();
            let offer = if let Pressed::Offer(index) = choice { offer(index) } else { None };
            self.state.card = None;
            match choice {
                Pressed::Skip => self.skip(),
                Pressed::Option(place) => self.press_option(place),
                Pressed::Enough => self.enough(),
                Pressed::Earlier => self.take_earlier(),
                Pressed::Offer(_) => match offer {
                    Some(offer) => self.take_offer(offer),
                    None => self.repeat(),
                },
            }
        } else {
            self.old_button(seq);
        }
    }

    fn parked_with(&self, seq: u64) -> Option<u64> {
        let asks = |thread: &&Thread| thread.asked.as_ref().is_some_and(|asked| asked.seq == seq);
        self.state.parked.iter().filter(|thread| self.is_thread_sound(thread)).find(asks).map(|thread| thread.id)
    }

    /// True when a number is that of the open question, or of an earlier showing of it.
    fn is_asking(&self, seq: u64, thread: &Thread) -> bool {
        let current = thread.asked.as_ref().is_some_and(|asked| asked.seq == seq);
        current || thread.top().is_some_and(|frame| self.same_question(seq, thread, frame))
    }

    /// True when an earlier showing of the very question that is open now had this number.
    fn same_question(&self, seq: u64, thread: &Thread, frame: &state::Frame) -> bool {
        let Some((_, _, question)) = self.question_of(frame) else { return false };
        let mark = state::mark(thread.id, &frame.script, &frame.at, question.hash);
        self.state.log.contains(&state::Logged(seq, mark))
    }

    /// Asks whether an earlier answer should be changed, where it still can be.
    fn old_button(&mut self, seq: u64) {
        let Some(thread) = self.state.active.as_ref() else { return self.say_card("nothing_open", Values::new()) };
        let earlier = Some(thread).and_then(|thread| {
            let undone = thread.top()?.undo.iter().any(|undo| undo.seq == seq);
            let line = thread.answers.iter().find(|line| line.seq == seq)?;
            undone.then(|| cards::shorten(line.answer.reveal(), 120))
        });
        let answer = earlier.unwrap_or_default();
        self.show_card("closed", args([("earlier", answer)]), About::Earlier(seq));
    }
}

/// What a button stands for.
enum Pressed {
    /// An option, by its place in the script.
    Option(i64),
    /// One of the readings that were asked back.
    Offer(usize),
    /// Nothing more is to be picked.
    Enough,
    /// The answer of an earlier run.
    Earlier,
    /// No answer.
    Skip,
}

/// `q:17:2`, `q:17:s0`, `q:17:skip`, `q:17:enough`, `q:17:earlier`; with [`Button::STAYS`] before it what can be pressed again.
fn parse_token(token: &str) -> Option<(u64, Pressed)> {
    let mut parts = token.strip_prefix(Button::STAYS).unwrap_or(token).split(':');
    let ("q", seq, choice, None) = (parts.next()?, parts.next()?, parts.next()?, parts.next()) else { return None };
    let pressed = match choice {
        "skip" => Pressed::Skip,
        "enough" => Pressed::Enough,
        "earlier" => Pressed::Earlier,
        offer if offer.starts_with('s') => Pressed::Offer(offer[1..].parse().ok()?),
        option => Pressed::Option(option.parse().ok().filter(|place| *place >= 0)?),
    };
    Some((seq.parse().ok()?, pressed))
}
