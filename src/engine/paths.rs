//! The paths of a person: which step fits today, and what became of the steps they began.
//!
//! What is kept is a private list in `me.steps`; it goes when everything about the person goes. Only steps of paths that they chose are
//! kept in it, and never why one was left.

use jiff::civil::Date;

use super::api::Facts;
use super::scope;
use super::state::Thread;
use super::turn::Turn;
use crate::practice::path::{Mark, Next, Pace, Past, Path, Step, Walk, noted};
use crate::script::Library;
use crate::script::expr::PathField;
use crate::script::model::{OpKind, Script};
use crate::script::paths::FACT;
use crate::types::Value;

/// Ends of a script that was neither done nor left: it may be offered as if it had not been begun.
const NOTHING_HAPPENED: [&str; 4] = ["stopped", "expired", "replaced", "failed"];

/// The step of a person's paths that fits today.
pub(crate) fn next<'l>(library: &'l Library, facts: &Facts, today: Date) -> Option<Next<'l>> {
    let fact = |name: &str| scope::fact(library, facts, name);
    let day = |name: &str| if let Value::Date { date } = fact(name) { Some(date) } else { None };
    let Value::List(chosen) = fact("paths") else { return None };
    let paths = chosen.iter().filter_map(|word| {
        let (name, steps) = library.paths().get_key_value(word.as_text()?)?;
        let steps = steps.iter().filter_map(|step| {
            let script = library.script(&step.script)?;
            let (from_day, softer) = (step.from_day, step.softer.as_deref());
            Some(Step { script: &script.name, from_day, heavy: script.care.heavy, softer })
        });
        Some(Path { name, steps: steps.collect() })
    });
    let walk = Walk {
        paths: paths.collect(),
        pace: fact("dial").as_text().map_or(Pace::default(), Pace::of),
        eased: day("eased_until").is_some_and(|until| today < until),
        low: day("low_on") == Some(today),
        today,
        began: day("consented_on"),
        offered: day("step_offered_on"),
        past: past(&fact(FACT)),
    };
    walk.next()
}

/// What scripts may know of it.
pub(crate) fn field(library: &Library, facts: &Facts, today: Date, field: PathField) -> Value {
    let found = next(library, facts, today);
    let script = found.and_then(|next| library.script(next.step.script));
    let text = |text: Option<&str>| text.map_or(Value::None, Value::text);
    match field {
        PathField::Script => text(found.map(|next| next.step.script)),
        PathField::Title => text(script.map(|script| script.title.as_str())),
        PathField::About => text(script.map(|script| script.about.as_str())),
        PathField::Name => text(found.map(|next| next.path)),
        PathField::Softer => text(found.and_then(|next| next.step.softer)),
        PathField::Due => Value::Bool(found.is_some_and(|next| next.is_time)),
    }
}

/// Whether a script is a step of a path that they chose, or the softer way of one.
fn has(library: &Library, facts: &Facts, script: &str) -> bool {
    let Value::List(chosen) = scope::fact(library, facts, "paths") else { return false };
    let paths = chosen.iter().filter_map(|word| library.paths().get(word.as_text()?));
    paths.flatten().any(|step| step.script == script || step.softer.as_deref() == Some(script))
}

fn past(kept: &Value) -> Vec<Past> {
    let Value::List(kept) = kept else { return Vec::new() };
    kept.iter().filter_map(|item| item.as_text()?.parse().ok()).collect()
}

impl Turn<'_> {
    /// Notes that a step was done, or left at its first question.
    pub(crate) fn note_step(&mut self, script: &str, stood_at: &str, outcome: &str) {
        if NOTHING_HAPPENED.contains(&outcome) {
            return;
        }
        let at_the_door = self.script(script).and_then(door).is_some_and(|door| door == stood_at);
        let mark = if outcome == "done" && !at_the_door { Mark::Done } else { Mark::Left };
        self.mark_step(script, mark);
    }

    /// Notes what became of a step. Nothing is kept of anything else, nor of somebody who has not agreed.
    pub(crate) fn mark_step(&mut self, script: &str, mark: Mark) {
        if !has(self.library, &self.facts, script) || !self.consents() {
            return;
        }
        let before = past(&scope::fact(self.library, &self.facts, FACT));
        let after = noted(&before, script, mark, self.today());
        let kept = after.iter().map(|past| Value::Text(past.to_string())).collect();
        self.set_fact(FACT, Some(Value::List(kept)));
    }
}

/// The question at which a heavy script can be left before anything of it was done.
fn door(script: &Script) -> Option<&str> {
    let questions = script.ops.iter().filter(|_| script.care.heavy);
    questions.into_iter().find_map(|op| match &op.kind {
        OpKind::Choose(choose) => Some(choose.question.id.as_str()),
        _ => None,
    })
}

/// Where a thread stands in its outermost script.
pub(crate) fn stands_at(thread: &Thread) -> String {
    thread.frames.first().map_or(String::new(), |root| root.at.clone())
}
