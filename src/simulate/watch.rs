//! Looks on at every turn: counts what happened, and finds what must never happen.
//!
//! The rules are written anew here, from what people are promised, and not taken from the engine: it is what is examined.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::civil::{Date, Time};
use jiff::{SignedDuration, Zoned};

use super::persons::place;
use super::report::{Broken, Report};
use super::words::MARK;
use crate::engine::{Due, Effect, Event, Facts, Outcome, Run, State};
use crate::script::Library;
use crate::turn::{Witness, Witnessed};
use crate::types::{Message, PersonId, Platform, Value};

/// The largest state, in bytes of JSON.
const MAX_STATE: usize = 65_536;
/// How often somebody is written to on one day without having done or asked anything. A reminder of a promise that they asked for
/// is not among it, and neither is what goes on after a wait in a script that they began.
const MAX_UNASKED: usize = 3;
/// The second press of a finger that pressed twice may be met with silence.
const DOUBLE: SignedDuration = SignedDuration::from_secs(10);
/// A time that somebody chose counts in quiet hours as well, when it is kept this exactly.
const ON_TIME: SignedDuration = SignedDuration::from_mins(5);

/// Everything that is seen of a group.
pub(super) struct Watch {
    library: Arc<Library>,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    report: Report,
    people: BTreeMap<PersonId, Life>,
}

/// What is known of one person.
#[derive(Default)]
struct Life {
    number: u32,
    state: Option<State>,
    /// What was said and has not arrived.
    said: VecDeque<Message>,
    /// How many messages they got on their present day.
    today: (Option<Date>, u32),
    /// How many messages came by themselves on it, and the names of those that they had not asked for.
    unprompted: u32,
    unasked: Vec<String>,
}

impl Watch {
    pub(super) fn new(library: Arc<Library>) -> Self {
        Self { library, seen: Mutex::default() }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A person joins.
    pub(super) fn joins(&self, person: PersonId, number: u32) {
        self.seen().people.insert(person, Life { number, ..Life::default() });
    }

    /// Where somebody stands.
    pub(super) fn state(&self, person: PersonId) -> Option<State> {
        self.seen().people.get(&person).and_then(|life| life.state.clone())
    }

    /// A message arrived at somebody. It has to be the next one that was said to them.
    pub(super) fn arrived(&self, person: PersonId, message: &Message, now: &Zoned) {
        let mut seen = self.seen();
        let Some(life) = seen.people.get_mut(&person) else { return };
        let due = life.said.pop_front();
        let number = life.number;
        if due.as_ref() != Some(message) {
            let what = if due.is_none() {
                "a message that was not said to them arrived"
            } else {
                "another message arrived than was said"
            };
            seen.broken(person, now, what.into());
        }
        let other = message.text.text().split(MARK).skip(1).any(|rest| !rest.starts_with(&format!("{number}.")));
        if other {
            seen.broken(person, now, "a message has somebody else's words in it".into());
        }
    }

    /// True when something was said to somebody that has not arrived.
    pub(super) fn awaits(&self, person: PersonId) -> bool {
        self.seen().people.get(&person).is_some_and(|life| !life.said.is_empty())
    }

    /// Everything that was said should have arrived by now.
    pub(super) fn all_arrived(&self, person: PersonId, now: &Zoned) {
        let mut seen = self.seen();
        let missing = seen.people.get_mut(&person).map_or(0, |life| std::mem::take(&mut life.said).len());
        if missing > 0 {
            seen.broken(person, now, format!("{missing} messages did not arrive"));
        }
    }

    /// Something is wrong that no turn shows.
    pub(super) fn broken(&self, person: PersonId, now: &Zoned, what: String) {
        self.seen().broken(person, now, what);
    }

    /// What was seen, at the end.
    pub(super) fn report(&self) -> Report {
        let mut seen = std::mem::take(&mut *self.seen());
        for life in seen.people.values() {
            let open = life.state.iter().flat_map(|state| state.active.iter().chain(&state.parked));
            for thread in open {
                seen.report.script(thread.script()).open += 1;
            }
        }
        seen.report
    }
}

impl Witness for Watch {
    fn saw(&self, turn: &Witnessed<'_>) {
        let mut seen = self.seen();
        for what in wrongs(turn, &self.library) {
            seen.broken_at(turn.person, turn.now, turn.state, what);
        }
        seen.count(turn);
        let said = messages(turn.effects).flat_map(parts).collect::<Vec<_>>();
        seen.count_messages(turn, u32::try_from(said.len()).unwrap_or(u32::MAX));
        if let Some(life) = seen.people.get_mut(&turn.person) {
            life.said.extend(said);
            life.state = Some(turn.state.clone());
        }
    }
}

fn messages(effects: &[Effect]) -> impl Iterator<Item = &Message> {
    effects.iter().filter_map(|effect| if let Effect::Say(message) = effect { Some(message) } else { None })
}

/// A message as it goes out: in parts that the platform takes, with what it asks on the last.
fn parts(message: &Message) -> Vec<Message> {
    let parts = message.text.split(Platform::Telegram.message_limit());
    let part = |text| Message { text, language: message.language.clone(), ..Message::default() };
    let mut parts: Vec<Message> = parts.into_iter().map(part).collect();
    if let Some(last) = parts.last_mut() {
        (last.buttons, last.wants_text) = (message.buttons.clone(), message.wants_text);
    }
    parts
}

// ---- what must never happen ----

fn wrongs(turn: &Witnessed<'_>, library: &Library) -> Vec<String> {
    let mut wrong = Vec::new();
    let says = messages(turn.effects).next().is_some();
    match turn.event {
        Event::Due(due) => {
            let outcomes: Vec<&Outcome> = outcomes(turn.effects).collect();
            match outcomes[..] {
                [outcome] if says && *outcome != Outcome::Fired => {
                    wrong.push(format!("`{}` was let pass ({}) and said something", due.name, outcome.as_str()));
                }
                [_] => {}
                _ => wrong.push(format!("`{}` came due and has {} outcomes", due.name, outcomes.len())),
            }
            let late = turn.now.timestamp().duration_since(due.due);
            if says && is_quiet(turn, library) && !(due.chosen && late <= ON_TIME) {
                wrong.push(format!("`{}` was said in quiet hours", due.name));
            }
            if says && is_resting(turn) {
                wrong.push(format!("`{}` was said while they rest", due.name));
            }
        }
        event if !says && !ended(turn.effects) && !is_double(turn, event) => {
            wrong.push(format!("{} was met with silence", described(event)));
        }
        _ => {}
    }
    let size = serde_json::to_string(turn.state).map_or(usize::MAX, |json| json.len());
    if size > MAX_STATE {
        wrong.push(format!("the state has {size} bytes"));
    }
    wrong.extend(wrong_questions(turn));
    wrong
}

/// At most one question is open, and what was asked last is what an answer is read for.
fn wrong_questions(turn: &Witnessed<'_>) -> Option<String> {
    let open = turn.state.card.as_ref().map(|card| &card.asked);
    let open = open.or(turn.state.active.as_ref().and_then(|thread| thread.asked.as_ref())).map(|asked| asked.seq);
    let asked: Vec<u64> = messages(turn.effects).filter_map(number).collect();
    if asked.windows(2).any(|pair| pair[0] != pair[1]) {
        return Some(format!("several questions were asked at once ({asked:?})"));
    }
    match asked.last() {
        Some(seq) if Some(*seq) != open => Some(format!("question {seq} was asked and {open:?} is open")),
        _ => None,
    }
}

/// The number of the question that a message asks.
fn number(message: &Message) -> Option<u64> {
    let of = |token: &str| token.split(':').nth(1).and_then(|seq| seq.parse().ok());
    message.wants_text.or_else(|| message.buttons.first().and_then(|button| of(&button.token)))
}

fn outcomes(effects: &[Effect]) -> impl Iterator<Item = &Outcome> {
    effects.iter().filter_map(|effect| if let Effect::Fired(outcome) = effect { Some(outcome) } else { None })
}

fn ended(effects: &[Effect]) -> bool {
    effects.iter().any(|effect| matches!(effect, Effect::Ended { .. }))
}

fn is_double(turn: &Witnessed<'_>, event: &Event) -> bool {
    let (Event::Press(token), Some(last)) = (event, &turn.before.pressed) else { return false };
    last.token == *token && turn.now.timestamp().duration_since(last.at) < DOUBLE
}

/// What came due, in a word; nothing when the person had asked for it.
fn unasked(due: &Due) -> Option<String> {
    match &due.run {
        Run::Script { .. } if due.name.starts_with("promise-remind-") => None,
        Run::Script { script, .. } => Some(script.clone()),
        Run::Nudge { .. } => Some("nudge".into()),
        Run::Expire { .. } => Some("expiry".into()),
        Run::Wait { .. } => None,
    }
}

/// What is known of the person, or what it is at first.
fn fact(facts: &Facts, library: &Library, name: &str) -> Value {
    let known = facts.me.get(name).cloned();
    known.unwrap_or_else(|| library.facts().get(name).map_or(Value::None, |def| def.default.clone()))
}

fn is_quiet(turn: &Witnessed<'_>, library: &Library) -> bool {
    let time = |name| match fact(turn.facts, library, name) {
        Value::Time { time } => Some(time),
        _ => None,
    };
    let (Some(from), Some(to)) = (time("quiet_from"), time("quiet_to")) else { return false };
    let now: Time = turn.now.time();
    if from <= to { from <= now && now < to } else { now >= from || now < to }
}

fn is_resting(turn: &Witnessed<'_>) -> bool {
    let over = matches!(turn.facts.me.get("rest_until"), Some(Value::Date { date }) if turn.now.date() >= *date);
    turn.facts.me.get("resting").is_some_and(Value::is_truthy) && !over
}

fn described(event: &Event) -> String {
    match event {
        Event::Text(text) => format!("the text {:?}", text.reveal().chars().take(40).collect::<String>()),
        Event::Form { .. } => "a form".into(),
        Event::Press(token) => format!("the button {token}"),
        Event::Command { name, .. } => format!("/{name}"),
        Event::Due(due) => due.name.clone(),
        Event::Recall => "coming back".into(),
    }
}

// ---- counting ----

impl Seen {
    fn broken(&mut self, person: PersonId, now: &Zoned, what: String) {
        let state = self.people.get(&person).and_then(|life| life.state.clone());
        match state {
            Some(state) => self.broken_at(person, now, &state, what),
            None => self.broken_at(person, now, &State::new(0), what),
        }
    }

    fn broken_at(&mut self, person: PersonId, now: &Zoned, state: &State, what: String) {
        let number = self.people.get(&person).map_or(0, |life| life.number);
        let (script, at) = place(state).map_or(("", ""), |frame| (frame.script.as_str(), frame.at.as_str()));
        let (script, id) = (script.to_owned(), at.to_owned());
        self.report.broken.push(Broken { person: number, at: now.strftime("%F %H:%M").to_string(), script, id, what });
    }

    fn count(&mut self, turn: &Witnessed<'_>) {
        self.count_scripts(turn);
        for effect in turn.effects {
            if let Effect::Note { code } = effect {
                *self.report.notes.entry(code.clone()).or_insert(0) += 1;
            }
        }
        let Event::Due(due) = turn.event else {
            self.report.inputs += 1;
            return;
        };
        let counts = match due.run {
            Run::Script { .. } => &mut self.report.due.scripts,
            Run::Nudge { .. } => &mut self.report.due.nudges,
            Run::Wait { .. } => &mut self.report.due.waits,
            Run::Expire { .. } => &mut self.report.due.expiries,
        };
        for outcome in outcomes(turn.effects) {
            *counts.entry(outcome.as_str()).or_insert(0) += 1;
        }
    }

    /// Begun: every thread that is new, and every one that began and ended within this turn. Ended: as the engine says.
    fn count_scripts(&mut self, turn: &Witnessed<'_>) {
        let threads = |state: &State| -> BTreeMap<u64, String> {
            state.active.iter().chain(&state.parked).map(|thread| (thread.id, thread.script().to_owned())).collect()
        };
        let (before, after) = (threads(turn.before), threads(turn.state));
        for (_, script) in after.iter().filter(|(id, _)| !before.contains_key(id)) {
            self.report.script(script).started += 1;
        }
        let mut gone: Vec<&String> =
            before.iter().filter(|(id, _)| !after.contains_key(id)).map(|(_, name)| name).collect();
        for effect in turn.effects {
            let Effect::Ended { script, outcome } = effect else { continue };
            match gone.iter().position(|name| *name == script) {
                Some(at) => _ = gone.remove(at),
                None => self.report.script(script).started += 1,
            }
            self.report.script(script).ends(outcome);
        }
    }

    fn count_messages(&mut self, turn: &Witnessed<'_>, count: u32) {
        let Some(life) = self.people.get_mut(&turn.person) else { return };
        let today = Some(turn.now.date());
        if life.today.0 != today {
            life.today = (today, 0);
            life.unprompted = 0;
            life.unasked.clear();
        }
        life.today.1 += count;
        let messages = &mut self.report.messages;
        messages.count += u64::from(count);
        messages.most = messages.most.max(life.today.1);
        let Event::Due(due) = turn.event else { return };
        life.unprompted += count;
        messages.unprompted += u64::from(count);
        messages.most_unprompted = messages.most_unprompted.max(life.unprompted);
        let Some(name) = unasked(due).filter(|_| count > 0) else { return };
        life.unasked.push(name);
        if life.unasked.len() == MAX_UNASKED + 1 {
            let what =
                format!("they were written to {} times on one day: {}", life.unasked.len(), life.unasked.join(", "));
            self.broken_at(turn.person, turn.now, turn.state, what);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::IfBusy;
    use crate::types::{Button, Private, Rich};

    fn say(text: &str, seq: Option<u64>) -> Effect {
        let buttons = seq.map(|seq| Button { label: "Yes".into(), token: format!("q:{seq}:0") }).into_iter().collect();
        Effect::Say(Message { text: Rich::plain(text), buttons, ..Message::default() })
    }

    /// What is found wrong with a turn of somebody with these facts at this time.
    fn found(facts: &str, at: &str, event: &Event, effects: &[Effect]) -> Vec<String> {
        let facts = Facts { me: serde_json::from_str(facts).unwrap(), ..Facts::default() };
        let (now, state) = (at.parse::<Zoned>().unwrap(), State::new(1));
        let turn =
            Witnessed { person: PersonId(1), event, before: &state, facts: &facts, now: &now, state: &state, effects };
        wrongs(&turn, &Library::default())
    }

    fn due(chosen: bool) -> Event {
        let run = Run::Script { script: "checkin".into(), args: BTreeMap::new() };
        let due = "2026-03-02T22:30:00Z".parse().unwrap();
        Event::Due(Due { name: "checkin".into(), run, due, if_busy: IfBusy::Queue, late: 60, chosen })
    }

    const NIGHT: &str = "2026-03-02T22:30[UTC]";
    const QUIET: &str = r#"{"quiet_from": {"time": "22:00:00"}, "quiet_to": {"time": "08:00:00"}}"#;

    #[test]
    fn silence_and_two_questions_at_once_are_found() {
        let text = Event::Text(Private::new("hello"));
        assert_eq!(found("{}", NIGHT, &text, &[]), ["the text \"hello\" was met with silence"]);
        assert_eq!(found("{}", NIGHT, &text, &[say("Hello.", None)]), [""; 0]);
        let last = Effect::Ended { script: "x".into(), outcome: "done".into() };
        assert_eq!(found("{}", NIGHT, &text, &[last]), [""; 0], "a script may end without a last word");
        let two = [say("One?", Some(1)), say("Two?", Some(2))];
        assert_eq!(found("{}", NIGHT, &text, &two), ["several questions were asked at once ([1, 2])"]);
        assert_eq!(found("{}", NIGHT, &text, &two[..1]), ["question 1 was asked and None is open"]);
    }

    #[test]
    fn what_comes_in_quiet_hours_in_a_rest_or_without_an_outcome_is_found() {
        let said = [Effect::Fired(Outcome::Fired), say("How are you?", None)];
        assert_eq!(found(QUIET, NIGHT, &due(false), &said), ["`checkin` was said in quiet hours"]);
        assert_eq!(found(QUIET, NIGHT, &due(true), &said), [""; 0], "they chose this time");
        assert_eq!(found(QUIET, "2026-03-02T22:40[UTC]", &due(true), &said).len(), 1, "and not ten minutes later");
        assert_eq!(found("{}", NIGHT, &due(false), &said), [""; 0]);
        let resting = r#"{"resting": true, "rest_until": {"date": "2026-03-03"}}"#;
        assert_eq!(found(resting, NIGHT, &due(true), &said), ["`checkin` was said while they rest"]);
        assert_eq!(found(resting, "2026-03-03T09:00[UTC]", &due(true), &said), [""; 0], "the rest is over");
        assert_eq!(found("{}", NIGHT, &due(true), &said[1..]), ["`checkin` came due and has 0 outcomes"]);
        let let_pass = [Effect::Fired(Outcome::Late), say("How are you?", None)];
        assert_eq!(found("{}", NIGHT, &due(true), &let_pass), ["`checkin` was let pass (late) and said something"]);
    }

    #[test]
    fn a_message_of_somebody_else_and_one_that_is_lost_are_found() {
        let watch = Watch::new(Arc::default());
        let now = NIGHT.parse::<Zoned>().unwrap();
        let letter = |text: &str| Message { text: Rich::plain(text), ..Message::default() };
        watch.joins(PersonId(1), 7);
        let say = |text: &str| watch.seen().people.get_mut(&PersonId(1)).unwrap().said.push_back(letter(text));
        say("call #p7. on Friday");
        watch.arrived(PersonId(1), &letter("call #p7. on Friday"), &now);
        say("call #p71. on Friday");
        watch.arrived(PersonId(1), &letter("call #p71. on Friday"), &now);
        watch.arrived(PersonId(1), &letter("Hello."), &now);
        say("Hello.");
        watch.all_arrived(PersonId(1), &now);
        let found: Vec<String> = watch.report().broken.into_iter().map(|broken| broken.what).collect();
        let expected = [
            "a message has somebody else's words in it",
            "a message that was not said to them arrived",
            "1 messages did not arrive",
        ];
        assert_eq!(found, expected);
    }
}
