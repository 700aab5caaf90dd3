//! An engine for tests of the shell: does what it is told in the message. The real one has its own tests.

use goldseam::engine::{CheckIn, Due, Effect, Entry, Event, Facts, IfBusy, Outcome, Plan, Run, State};
use goldseam::practice::promise::{Promise, Standing};
use goldseam::schedule::{Rule, Which};
use goldseam::script::Library;
use goldseam::types::{Message, Private, Rich, Value};
use jiff::Zoned;

/// Any scripts will do: this engine does not read them.
pub fn library() -> Library {
    Library::default()
}

pub fn say(text: impl Into<String>) -> Effect {
    Effect::Say(Message { text: Rich::plain(text), ..Message::default() })
}

/// Echoes texts; `boom` panics. Commands make effects; see `command` and `fire`.
pub fn step(_: &Library, state: State, facts: &Facts, event: &Event, now: &Zoned) -> (State, Vec<Effect>) {
    let effects = match event {
        Event::Text(text) if text.reveal().starts_with("boom") => panic!("boom"),
        Event::Text(text) | Event::Form { text, .. } => vec![say(text.reveal())],
        Event::Press(token) => vec![say(token)],
        Event::Recall => vec![say("again")],
        Event::Command { name, rest } => command(name, rest.reveal(), facts, now),
        Event::Due(due) => fire(due, now),
    };
    (state, effects)
}

fn plan(name: &str, rule: Rule, late: i64) -> Vec<Effect> {
    let run = Run::Script { script: name.into(), args: [("text".to_owned(), Value::text("water the plants"))].into() };
    let plan = Plan { name: name.into(), run, rule, if_busy: IfBusy::Queue, late, chosen: true };
    vec![Effect::Schedule(plan)]
}

fn command(name: &str, rest: &str, facts: &Facts, now: &Zoned) -> Vec<Effect> {
    let (head, tail) = rest.split_once(' ').unwrap_or((rest, ""));
    match name {
        "every" => plan(head, Rule::Every { cron: tail.into(), which: Which::All }, 3 * 3600),
        "once" => plan(head, Rule::Once { civil: tail.parse().unwrap() }, 7 * 86_400),
        "help_now" => vec![Effect::Say(Message { text: Rich::plain("help"), urgent: true, ..Message::default() })],
        "cancel" => vec![Effect::Cancel { name: rest.into() }],
        "zone" => vec![Effect::Remember { fact: "timezone".into(), value: Value::text(rest), until: None }],
        "long" => vec![say("word ".repeat(2000))],
        "facts" => vec![say(format!(
            "{} {} {:?} checkins={} last={:?} entries={} open={} counts={:?}",
            now.time_zone().iana_name().unwrap_or("?"),
            now.time().strftime("%H:%M"),
            facts.schedules,
            facts.checkins,
            facts.last_checkin.map(|day| day.to_string()),
            facts.entries,
            facts.promises.len(),
            facts.counts,
        ))],
        // What the real engine does when a script asks for what somebody did day by day.
        "history" => match &facts.history {
            None => vec![Effect::LacksHistory],
            Some(history) => vec![say(format!("{} on {}", history.checkins.len(), history.today))],
        },
        "language" => vec![say(format!("{:?}", facts.client_language.as_deref()))],
        "checkin" => vec![checkin(rest, now)],
        "promise" => vec![Effect::Promise(Promise {
            id: rest.into(),
            text: Private::new("call my sister"),
            to: Private::new("Ana"),
            due: now.timestamp(),
            standing: Standing::Open,
            sure: None,
            days: None,
        })],
        "kept" => vec![Effect::Settle { id: rest.into(), standing: Standing::Kept, day: now.date() }],
        "journal" => vec![Effect::Journal(Entry {
            id: rest.into(),
            kind: "note".into(),
            title: Private::new("a title"),
            body: Private::new("a body"),
        })],
        _ => vec![],
    }
}

fn checkin(id: &str, now: &Zoned) -> Effect {
    Effect::CheckIn(CheckIn {
        id: id.into(),
        day: now.date(),
        mood: Some(3),
        feeling: Some(Private::new("calm")),
        note: None,
    })
}

/// A schedule called `quiet` is held back until 08:00 when it fires at night, `busy` until it is late, one called `bad` panics, one called `mute` says
/// nothing of its outcome; the rest is said unless it is too late.
fn fire(due: &Due, now: &Zoned) -> Vec<Effect> {
    let late = now.timestamp().duration_since(due.due).as_secs() > due.late;
    match due.name.as_str() {
        "bad" => panic!("bad"),
        "mute" => vec![say("lost")],
        "quiet" if now.hour() >= 22 => {
            let until = now.tomorrow().unwrap().with().hour(8).minute(0).second(0).build().unwrap();
            vec![Effect::Fired(Outcome::Quiet { until: until.timestamp() })]
        }
        "busy" if !late => {
            let until = now.timestamp() + jiff::SignedDuration::from_mins(10);
            vec![Effect::Fired(Outcome::Queued { until })]
        }
        _ if late => vec![Effect::Fired(Outcome::Late)],
        name => vec![say(format!("due {name}")), Effect::Fired(Outcome::Fired)],
    }
}
