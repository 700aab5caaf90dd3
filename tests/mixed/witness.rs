//! What was decided in committed turns, and what must hold of it.

use std::collections::BTreeMap;
use std::sync::Mutex;

use goldseam::engine::{Effect, Event, Outcome};
use goldseam::turn::{Witness, Witnessed};
use goldseam::types::{Message, PersonId, Platform, Value};

/// Everything that was seen.
#[derive(Default)]
pub(crate) struct Eyes(Mutex<Seen>);

#[derive(Default)]
pub(crate) struct Seen {
    /// How many turns began with something that a person did.
    pub(crate) done: BTreeMap<PersonId, u64>,
    /// How many messages were said, in the parts in which they go out.
    pub(crate) said: BTreeMap<PersonId, usize>,
    /// How often a firing was settled for good: by person, name and moment.
    pub(crate) settled: BTreeMap<(PersonId, String, String), u64>,
    /// What is wrong.
    pub(crate) wrong: Vec<String>,
    /// The tokens of what can be pressed.
    pub(crate) buttons: BTreeMap<PersonId, Vec<(String, String)>>,
}

impl Eyes {
    pub(crate) fn look<T>(&self, look: impl FnOnce(&Seen) -> T) -> T {
        look(&self.0.lock().unwrap())
    }
}

/// True when nothing more will come of this firing.
fn is_final(outcome: &Outcome) -> bool {
    !matches!(outcome, Outcome::Queued { .. } | Outcome::Quiet { .. } | Outcome::Tomorrow { .. })
}

impl Witness for Eyes {
    fn saw(&self, turn: &Witnessed<'_>) {
        let mut seen = self.0.lock().unwrap();
        let (person, event) = (turn.person, turn.event);
        let said: Vec<&Message> = turn
            .effects
            .iter()
            .filter_map(|effect| if let Effect::Say(said) = effect { Some(said) } else { None })
            .collect();
        if let Event::Due(due) = event {
            let outcomes: Vec<&Outcome> = turn
                .effects
                .iter()
                .filter_map(|effect| if let Effect::Fired(outcome) = effect { Some(outcome) } else { None })
                .collect();
            if outcomes.len() != 1 {
                seen.wrong.push(format!("`{}` came due and has {} outcomes", due.name, outcomes.len()));
            }
            let consents = turn.facts.me.get("consent") == Some(&Value::Bool(true));
            if !said.is_empty() && !consents {
                seen.wrong.push(format!("`{}` was said to somebody who has not agreed", due.name));
            }
            if outcomes.first().is_some_and(|outcome| is_final(outcome)) {
                let moment = (person, due.name.clone(), due.due.to_string());
                *seen.settled.entry(moment).or_insert(0) += 1;
            }
        } else {
            *seen.done.entry(person).or_insert(0) += 1;
        }
        let buttons = seen.buttons.entry(person).or_default();
        for message in &said {
            buttons.extend(message.buttons.iter().map(|button| (button.token.clone(), button.label.clone())));
        }
        let from = buttons.len().saturating_sub(24);
        buttons.drain(..from);
        let parts = said.iter().map(|message| message.text.split(Platform::Telegram.message_limit()).len());
        *seen.said.entry(person).or_insert(0) += parts.sum::<usize>();
    }
}
