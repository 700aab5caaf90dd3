//! One event of one person in, a new state and a list of effects out.
//!
//! The same input gives the same output, byte for byte, for ever: no clock, no I/O, no randomness, no order of a hash map. It
//! never asks anything of anybody; whoever calls it reads before and carries out afterwards.

mod answer;
pub mod api;
mod cards;
mod due;
mod promises;
mod read;
mod run;
mod scope;
pub mod state;
mod turn;

use jiff::{SignedDuration, Zoned};

pub use api::{CheckIn, Due, Effect, Entry, Event, Facts, IfBusy, Kept, Outcome, Plan, Run};
pub use state::State;

use answer::Heard;
use cards::args;
use state::{About, Thread};
use turn::Turn;

use crate::phrase::fold;
use crate::safety::{self, Verdict};
use crate::script::model::{OpKind, Script, Type};
use crate::script::{Library, Reserved};
use crate::types::{Value, Values};

/// After this long, a text is not taken for the answer to an old question without asking.
const GAP: SignedDuration = SignedDuration::from_hours(3);
/// After so many days, coming back is something to remember.
const AWAY_DAYS: i64 = 3;

/// Takes one event.
///
/// `now` is in the person's time zone. Effects are in the order in which they should happen.
#[must_use]
pub fn step(library: &Library, state: &State, facts: &Facts, event: &Event, now: &Zoned) -> (State, Vec<Effect>) {
    let mut turn = Turn::new(library, state, facts, now);
    match event {
        Event::Due(due) => {
            if turn.is_sound() || !matches!(due.run, Run::Nudge { .. }) {
                turn.due(due);
            } else {
                turn.effects.push(Effect::Fired(Outcome::NoScript));
            }
        }
        Event::Recall => turn.recall(),
        Event::Text(text) => {
            turn.somebody_is_here();
            turn.text(text.reveal());
        }
        Event::Press(token) => {
            turn.somebody_is_here();
            turn.press(token);
        }
        Event::Command { name, rest } => {
            turn.somebody_is_here();
            turn.command(name, rest.reveal());
        }
    }
    (turn.state, turn.effects)
}

impl Turn<'_> {
    /// Notes that the person did something, and how long they were away.
    fn somebody_is_here(&mut self) {
        let zone = self.now.time_zone().clone();
        let last = self.state.seen.map(|seen| seen.to_zoned(zone).date());
        let away = last.map_or(0, |last| i64::from((self.now.date() - last).get_days()));
        if away >= AWAY_DAYS {
            let (id, day) = (self.new_id(), self.now.date());
            self.effects.push(Effect::Return { id, day, away });
        }
        self.state.seen = Some(self.at());
    }

    /// True when the open script still has the questions it stands at.
    fn is_sound(&self) -> bool {
        self.state.active.as_ref().is_none_or(|thread| self.is_thread_sound(thread))
    }

    fn is_thread_sound(&self, thread: &Thread) -> bool {
        let Some((top, callers)) = thread.frames.split_last() else { return false };
        let calls = |frame: &state::Frame| {
            let script = self.library.script(&frame.script);
            let op = script.and_then(|script| script.waits.get(&frame.at).and_then(|pc| script.ops.get(*pc)));
            matches!(op.map(|op| &op.kind), Some(OpKind::Call { .. }))
        };
        self.question_of(top).is_some() && callers.iter().all(calls)
    }

    /// A script that was edited away under somebody's feet says so. True when it did.
    fn changed(&mut self) -> bool {
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
            let asked = self.show(&card.frame, card.asked.seq);
            self.state.card = Some(state::CardState { asked, ..card });
        } else if self.state.active.is_some() {
            if !self.changed() {
                self.repeat();
            }
        } else if self.state.last_thread == 0 {
            self.begin("welcome");
        }
    }

    fn text(&mut self, text: &str) {
        if self.needs_help_now(text) {
            return;
        }
        if let Some(rest) = text.trim().strip_prefix('/')
            && rest.starts_with(|c: char| c.is_ascii_alphabetic())
        {
            let (name, rest) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
            return self.command(&name.to_lowercase(), rest.trim());
        }
        let folded = fold(text);
        if let Some(word) = self.library.words().reserved(&folded)
            && !self.owns(&folded)
        {
            return self.reserved(word);
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
        if let Some(thread) = self.gone_cold() {
            return self.show_resume_card(&thread, text);
        }
        if self.try_text(text) == Heard::Yes {
            return;
        }
        match self.library.by_words(text) {
            Some(script) if !self.is_open(script) => {
                let values = args([("title", self.open_title()), ("other", script.title.clone())]);
                self.show_card("switch_card", values, About::Other(script.name.clone()));
            }
            Some(_) => self.repeat(),
            None => self.unread(),
        }
    }

    /// Looks at every text before any script does. True when it was answered.
    fn needs_help_now(&mut self, text: &str) -> bool {
        if safety::screen(text) == Verdict::Clear {
            return false;
        }
        self.note("help_now");
        self.state.card = None;
        self.begin("now");
        true
    }

    /// True when the open choice (or card) has this very word among its options.
    fn owns(&self, folded: &str) -> bool {
        let frame = match (&self.state.card, &self.state.active) {
            (Some(card), _) => Some(&card.frame),
            (None, Some(thread)) => thread.top(),
            (None, None) => None,
        };
        frame.is_some_and(|frame| {
            self.offered(frame).iter().any(|option| {
                fold(&option.label) == folded || option.choice.also.iter().any(|phrase| phrase.is_all_of(folded))
            })
        })
    }

    /// The open thread, when its question wants free text and was asked a long time ago.
    fn gone_cold(&self) -> Option<Thread> {
        let thread = self.state.active.as_ref()?;
        let asked = thread.asked.as_ref()?;
        let frame = thread.top()?;
        let (script, pc, question) = self.question_of(frame)?;
        let is_text = || match question.save.as_ref().and_then(|var| script.vars.get(var)).map(|def| &def.ty) {
            None | Some(Type::Text { .. } | Type::List) => true,
            Some(_) => false,
        };
        let free = matches!(script.ops[pc].kind, OpKind::Ask(_)) && is_text();
        (free && self.at().duration_since(asked.at) >= GAP).then(|| thread.clone())
    }

    fn is_open(&self, script: &Script) -> bool {
        self.state.active.as_ref().is_some_and(|thread| thread.script() == script.name)
    }

    fn idle(&mut self, text: &str) {
        if let Some(script) = self.library.by_words(text) {
            return self.begin(&script.name.clone());
        }
        if !self.consents() {
            return self.begin("welcome");
        }
        match self.state.parked.iter().rev().find(|thread| thread.expired).cloned() {
            Some(thread) => self.show_resume_card(&thread, text),
            None => self.say_card("idle", Values::new()),
        }
    }

    /// Starts a script because the person asked for it. Before they agreed to the terms, most scripts begin with the welcome.
    fn begin(&mut self, name: &str) {
        let Some(mut script) = self.script(name) else { return };
        if !script.open_to_all && !self.consents() {
            let Some(welcome) = self.script("welcome") else { return };
            script = welcome;
        }
        self.state.card = None;
        if self.is_open(script) {
            if !self.changed() {
                self.repeat();
            }
            return;
        }
        if let Some(id) = self.parked_today(script) {
            if self.park(true) {
                self.unpark(id);
                self.say_title_card("resumed");
                self.repeat();
            }
            return;
        }
        self.start(script, Values::new());
    }

    /// A run of this script that was put away today.
    fn parked_today(&self, script: &Script) -> Option<u64> {
        let today = |thread: &&Thread| {
            let asked = thread.asked.as_ref().map_or(thread.started, |asked| asked.at);
            asked.to_zoned(self.now.time_zone().clone()).date() == self.now.date()
        };
        let same =
            self.state.parked.iter().filter(|thread| thread.script() == script.name && self.is_thread_sound(thread));
        same.filter(today).map(|thread| thread.id).next_back()
    }

    fn command(&mut self, name: &str, rest: &str) {
        if self.needs_help_now(rest) {
            return;
        }
        if let Some(script) = self.library.by_command(name) {
            let name = script.name.clone();
            return self.begin(&name);
        }
        if let Some(word) = Reserved::from_command(name) {
            return self.reserved(word);
        }
        let card = if name == "unsupported" { "unsupported" } else { "idle" };
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
            Reserved::Skip => self.skip(),
            Reserved::Again => self.repeat(),
            Reserved::Menu | Reserved::Privacy | Reserved::Resume | Reserved::Help => {}
        }
    }

    fn help(&mut self) {
        let frame = self.state.active.as_ref().and_then(Thread::top);
        let own = frame.and_then(|frame| Some((frame, self.question_of(frame)?.2.help.as_ref()?)));
        let about = match (own, frame) {
            (Some((frame, help)), _) => self.render(help, frame).text(),
            (None, Some(frame)) => self.script(&frame.script).map_or(String::new(), |script| script.about.clone()),
            (None, None) => String::new(),
        };
        self.say_card("help", args([("about", about)]));
        self.repeat();
    }

    // --- cards ---

    fn text_for_card(&mut self, text: &str) {
        let Some(card) = self.state.card.clone() else { return };
        match read::option(text, &self.offered(&card.frame)) {
            read::Reading::Value(place) => self.answer_card(card, &place),
            _ if card.frame.tries == 0 => {
                // Once the card is shown again; after that the person means the question behind it.
                let asked = self.show(&card.frame, card.asked.seq);
                let mut card = state::CardState { asked, ..card };
                card.frame.tries = 1;
                self.state.card = Some(card);
            }
            _ => {
                self.state.card = None;
                match self.state.active.is_some() {
                    true => self.answer_text(text),
                    false => self.say_card("idle", Values::new()),
                }
            }
        }
    }

    fn answer_card(&mut self, mut card: state::CardState, place: &Value) {
        let Value::Int(index) = place else { return };
        let offered = self.offered(&card.frame);
        let Some(option) =
            usize::try_from(*index).ok().and_then(|index| offered.iter().find(|option| option.index == index))
        else {
            return self.repeat();
        };
        let (value, pc) = (option.choice.value.clone().unwrap_or_default(), option.choice.then);
        if let Some(save) = self.choose_of(&card.frame).and_then(|choose| choose.question.save.clone()) {
            card.frame.vars.insert(save, value);
        }
        self.state.card = None;
        self.continue_card(card, pc);
    }

    // --- buttons ---

    /// A button says which question it belongs to; an old one never answers a new question.
    fn press(&mut self, token: &str) {
        let Some((seq, choice)) = parse_token(token) else { return self.old_button(0) };
        if let Some(card) = self.state.card.clone().filter(|card| card.asked.seq == seq) {
            return match choice {
                Pressed::Option(place) => self.answer_card(card, &Value::Int(place)),
                Pressed::Offer(_) | Pressed::Skip => self.repeat(),
            };
        }
        if self.changed() {
            return;
        }
        if let Some(parked) = self.parked_with(seq)
            && self.park(true)
        {
            self.unpark(parked);
        }
        let Some(thread) = self.state.active.clone() else { return self.old_button(seq) };
        let Some((frame, asked)) = thread.top().cloned().zip(thread.asked.clone()) else { return };
        if asked.seq == seq || self.same_question(seq, &thread, &frame) {
            self.state.card = None;
            match choice {
                Pressed::Skip => self.skip(),
                Pressed::Option(place) => self.take_option(&frame, &Value::Int(place)),
                Pressed::Offer(index) => match asked.offers.get(index) {
                    Some(offer) if asked.seq == seq => self.take_offer(&frame, offer.clone()),
                    _ => self.repeat(),
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

    /// True when an earlier showing of the very question that is open now had this number.
    fn same_question(&self, seq: u64, thread: &Thread, frame: &state::Frame) -> bool {
        let hash = self.question_hash(frame);
        self.state.log.iter().any(|logged| {
            logged.seq == seq
                && logged.thread == thread.id
                && logged.script == frame.script
                && logged.at == frame.at
                && logged.hash == hash
        })
    }

    fn old_button(&mut self, seq: u64) {
        let open = self.state.active.as_ref();
        let earlier = open.and_then(|thread| {
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
    /// No answer.
    Skip,
}

/// `q:17:2`, `q:17:s0`, `q:17:skip`.
fn parse_token(token: &str) -> Option<(u64, Pressed)> {
    let mut parts = token.split(':');
    let ("q", seq, choice, None) = (parts.next()?, parts.next()?, parts.next()?, parts.next()) else { return None };
    let pressed = match choice {
        "skip" => Pressed::Skip,
        offer if offer.starts_with('s') => Pressed::Offer(offer[1..].parse().ok()?),
        option => Pressed::Option(option.parse().ok().filter(|place| *place >= 0)?),
    };
    Some((seq.parse().ok()?, pressed))
}
