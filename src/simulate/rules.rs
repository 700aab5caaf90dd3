//! What must never happen in a turn, written anew from what people are promised and not taken from the engine: that is what is
//! examined.

use jiff::SignedDuration;
use jiff::civil::{Date, Time};

use crate::engine::{Effect, Event, Facts, Outcome};
use crate::script::Library;
use crate::turn::Witnessed;
use crate::types::{Message, Value};

/// The largest state, in bytes of JSON.
const MAX_STATE: usize = 65_536;
/// The second press of a finger that pressed twice may be met with silence.
const DOUBLE: SignedDuration = SignedDuration::from_secs(10);
/// A time that somebody chose counts in quiet hours as well, when it is kept this exactly.
const ON_TIME: SignedDuration = SignedDuration::from_mins(5);

/// What was said.
pub(super) fn messages(effects: &[Effect]) -> impl Iterator<Item = &Message> {
    effects.iter().filter_map(|effect| if let Effect::Say(message) = effect { Some(message) } else { None })
}

/// Everything that is wrong with a turn.
pub(super) fn wrongs(turn: &Witnessed<'_>, library: &Library) -> Vec<String> {
    let mut wrong = Vec::new();
    let says = messages(turn.effects).next().is_some();
    match turn.event {
        Event::Due(due) => {
            let outcomes: Vec<&Outcome> = outcomes(turn.effects).collect();
            match outcomes[..] {
                [outcome] if says && !speaks(turn.effects) => {
                    wrong.push(format!("`{}` was let pass ({}) and said something", due.name, outcome.as_str()));
                }
                [_] => {}
                _ => wrong.push(format!("`{}` came due and has {} outcomes", due.name, outcomes.len())),
            }
            let late = turn.now.timestamp().duration_since(due.due);
            if says && is_quiet(turn, library) && !(due.chosen && late <= ON_TIME) {
                wrong.push(format!("`{}` was said in quiet hours", due.name));
            }
            if says && is_resting(turn, library) {
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

/// What became of what came due.
pub(super) fn outcomes(effects: &[Effect]) -> impl Iterator<Item = &Outcome> {
    effects.iter().filter_map(|effect| if let Effect::Fired(outcome) = effect { Some(outcome) } else { None })
}

/// True when something that was due may speak.
fn speaks(effects: &[Effect]) -> bool {
    let fired = |effect: &Effect| {
        matches!(effect, Effect::Fired(Outcome::Fired) | Effect::Also { outcome: Outcome::Fired, .. })
    };
    effects.iter().any(fired)
}

fn ended(effects: &[Effect]) -> bool {
    effects.iter().any(|effect| matches!(effect, Effect::Ended { .. }))
}

fn is_double(turn: &Witnessed<'_>, event: &Event) -> bool {
    let (Event::Press(token), Some(last)) = (event, &turn.before.pressed) else { return false };
    last.token == *token && turn.now.timestamp().duration_since(last.at) < DOUBLE
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

/// Their day, which is over at their own hour of the night.
pub(super) fn today(turn: &Witnessed<'_>, library: &Library) -> Date {
    match fact(turn.facts, library, "day_begins") {
        Value::Time { time } if turn.now.time() < time => {
            turn.now.yesterday().map_or(turn.now.date(), |day| day.date())
        }
        _ => turn.now.date(),
    }
}

fn is_resting(turn: &Witnessed<'_>, library: &Library) -> bool {
    let today = today(turn, library);
    let over = matches!(turn.facts.me.get("rest_until"), Some(Value::Date { date }) if today >= *date);
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use jiff::Zoned;

    use super::*;
    use crate::engine::{Due, IfBusy, Run, State};
    use crate::types::{Button, PersonId, Private, Rich};

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
}
