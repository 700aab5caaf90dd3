//! Looks on at every turn: counts what happened, and notes what must never happen.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Zoned;
use jiff::civil::Date;

use super::persons::MARK;
use super::report::{Broken, Report};
use super::rules::{messages, outcomes, today, wrongs};
use crate::engine::{Due, Effect, Event, Run, State};
use crate::practice::reminder::PREFIX;
use crate::script::Library;
use crate::turn::{Witness, Witnessed, parts};
use crate::types::{Message, PersonId, Platform};

/// How often somebody is written to on one day without having done or asked anything. A reminder of a promise that they asked for
/// is not among it, and neither is what goes on after a wait in a script that they began.
const MAX_UNASKED: usize = 3;

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
        let said = messages(turn.effects).flat_map(|said| parts(said, Platform::Telegram)).collect::<Vec<_>>();
        let today = today(turn, &self.library);
        seen.count_messages(turn, today, u32::try_from(said.len()).unwrap_or(u32::MAX));
        if let Some(life) = seen.people.get_mut(&turn.person) {
            life.said.extend(said);
            life.state = Some(turn.state.clone());
        }
    }
}

/// What came due, in a word; nothing when the person had asked for it.
fn unasked(due: &Due) -> Option<String> {
    match &due.run {
        Run::Script { .. } if ["promise-remind-", PREFIX].iter().any(|own| due.name.starts_with(own)) => None,
        Run::Script { script, .. } => Some(script.clone()),
        Run::Nudge { .. } => Some("nudge".into()),
        Run::Expire { .. } => Some("expiry".into()),
        Run::Wait { .. } => None,
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
        let (script, at) = state.standing().map_or(("", ""), |frame| (frame.script.as_str(), frame.at.as_str()));
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

    fn count_messages(&mut self, turn: &Witnessed<'_>, today: Date, count: u32) {
        let Some(life) = self.people.get_mut(&turn.person) else { return };
        if life.today.0 != Some(today) {
            life.today = (Some(today), 0);
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
    use crate::types::Rich;

    #[test]
    fn a_message_of_somebody_else_and_one_that_is_lost_are_found() {
        let watch = Watch::new(Arc::default());
        let now = "2026-03-02T22:30[UTC]".parse::<Zoned>().unwrap();
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
