//! Several things due at once, and what came due while the program was away: one message for all of them.
//!
//! One of them speaks for all, with its question; what the others would have said stands above it. The rest is merged into it and
//! does not come again. That the program was away is said once, plainly, and never counted against anybody.

use super::api::{Due, Effect, Outcome, Run};
use super::cards::args;
use super::due::keeps_checkin;
use super::reminders;
use super::trace::Did;
use super::turn::Turn;
use crate::schedule::pulse::Away;
use crate::types::{Message, Rich, Span, Value};

/// The card that says so.
const CARD: &str = "away";

impl Turn<'_> {
    /// Takes a due schedule together with others, when there are any, or when it comes after an absence.
    pub(super) fn due_together(&mut self, due: &Due) -> Option<Outcome> {
        let away = self.missed_while_away(due);
        let crowd: Vec<Due> = self.facts.due.iter().filter(|other| other.name != due.name).cloned().collect();
        let with = |other: &Due| match away {
            Some(away) => away.covers(other.due),
            None => is_reminder(other) && is_reminder(due),
        };
        let others: Vec<Due> = crowd.into_iter().filter(|other| with(other) && self.is_alive(other)).collect();
        if (away.is_none() && others.is_empty()) || !self.is_alive(due) {
            return None;
        }
        if others.iter().any(|other| self.rank(other) > self.rank(due)) {
            // That one speaks, at once, and this one is over then.
            return Some(Outcome::Queued { until: self.at() });
        }
        let (before, lines) = (self.effects.len(), self.lines(due, &others));
        let outcome = self.due_alone(&self.gathered(due, &others));
        if outcome == Outcome::Fired && self.has_spoken(before) {
            if let Some(away) = away {
                self.state.owed = None;
                self.own_up(before, away, &lines);
            }
            self.say_as_one(before);
            let merged = others.into_iter().map(|other| Effect::Merged { name: other.name });
            self.effects.splice(before..before, merged);
        }
        Some(outcome)
    }

    /// The absence that something due fell into.
    pub(super) fn missed_while_away(&self, due: &Due) -> Option<Away> {
        self.facts.away.filter(|away| away.covers(due.due))
    }

    /// Remembers to say that something did not come because the program was away.
    pub(super) fn owe(&mut self, due: &Due) {
        if self.is_asked_for(&due.run) {
            self.state.owed = self.missed_while_away(due).or(self.state.owed);
        }
    }

    /// Says so, before the answer to what somebody did.
    pub(super) fn own_up_if_owed(&mut self) {
        if let Some(away) = self.state.owed.take().filter(|_| self.consents()) {
            self.say_away(away, "");
        }
    }

    /// Whether something would be said now, as far as that can be told without saying it.
    fn is_alive(&self, due: &Due) -> bool {
        let settled = match &due.run {
            Run::Script { script, args } => {
                let script = self.script(script);
                script.is_none_or(|script| keeps_checkin(script) && self.facts.last_checkin == Some(self.today()))
                    || self.asks_about_settled(args)
            }
            Run::Nudge { .. } | Run::Wait { .. } => false,
            Run::Expire { .. } => true,
        };
        !settled && self.consents() && self.not_now(due).is_none()
    }

    /// Who speaks for all: a script that goes on, then the check-in, then other scripts, reminders, nudges. Among equals the one
    /// that may be latest, then the one that was due first.
    fn rank(&self, due: &Due) -> (u8, i64, std::cmp::Reverse<(i128, String)>) {
        let kind = match &due.run {
            Run::Wait { .. } => 5,
            Run::Script { script, .. } if self.script(script).is_some_and(keeps_checkin) => 4,
            Run::Script { .. } if !is_reminder(due) => 3,
            Run::Script { .. } => 2,
            Run::Nudge { .. } => 1,
            Run::Expire { .. } => 0,
        };
        (kind, due.late, std::cmp::Reverse((due.due.as_nanosecond(), due.name.clone())))
    }

    /// What the others would have brought up, when it is theirs to be told: their reminders and promises.
    fn lines(&self, due: &Due, others: &[Due]) -> String {
        let speaks_for_reminders = is_reminder(due);
        let line = |other: &Due| match &other.run {
            Run::Script { args, .. } if is_reminder(other) && !speaks_for_reminders => text(args.get(reminders::WHAT)),
            Run::Script { args, .. } => {
                let id = args.get("promise").and_then(Value::as_text)?;
                let promise = self.facts.promises.iter().find(|promise| promise.id == id)?;
                Some(promise.text.reveal().to_owned())
            }
            _ => None,
        };
        let mut sorted: Vec<&Due> = others.iter().collect();
        sorted.sort_by_key(|other| other.due);
        sorted.into_iter().filter_map(line).collect::<Vec<_>>().join("\n")
    }

    /// A reminder that speaks for others as well says all of them.
    fn gathered(&self, due: &Due, others: &[Due]) -> Due {
        let mut due = due.clone();
        if !is_reminder(&due) {
            return due;
        }
        let mut all: Vec<&Due> = others.iter().filter(|other| is_reminder(other)).collect();
        if all.is_empty() {
            return due;
        }
        let own = due.clone();
        all.push(&own);
        all.sort_by(|a, b| (a.due, &a.name).cmp(&(b.due, &b.name)));
        let what = |one: &&Due| if let Run::Script { args, .. } = &one.run { text(args.get(reminders::WHAT)) } else { None };
        let lines: Vec<String> = all.iter().filter_map(what).collect();
        if let Run::Script { args, .. } = &mut due.run {
            args.insert(reminders::WHAT.to_owned(), Value::text(lines.join("\n")));
        }
        due
    }

    fn has_spoken(&self, before: usize) -> bool {
        self.effects[before..].iter().any(|effect| matches!(effect, Effect::Say(_)))
    }

    /// Puts the word about the absence before everything that was said since there were `before` effects.
    fn own_up(&mut self, before: usize, away: Away, lines: &str) {
        let said = self.effects.split_off(before);
        self.say_away(away, lines);
        self.effects.extend(said);
    }

    fn say_away(&mut self, away: Away, lines: &str) {
        let (from, until) = (self.moment(away.from), self.moment(away.until));
        self.say_card(CARD, args([("from", from), ("until", until), ("what", lines.to_owned())]));
    }

    /// Makes one message of all that were said since there were `before` effects.
    fn say_as_one(&mut self, before: usize) {
        let is_said = |effect: &Effect| matches!(effect, Effect::Say(_));
        let first = self.effects[..before].iter().filter(|effect| is_said(effect)).count();
        let Some(at) = self.effects[before..].iter().rposition(is_said).map(|at| before + at) else { return };
        let mut whole = Message::default();
        let rest = self.effects.split_off(before);
        for (index, effect) in (before..).zip(rest) {
            let Effect::Say(message) = effect else {
                self.effects.push(effect);
                continue;
            };
            whole = joined(whole, message);
            if index == at {
                self.effects.push(Effect::Say(std::mem::take(&mut whole)));
            }
        }
        for entry in self.trace.iter_mut().flatten() {
            if let Did::Said { message, .. } = &mut entry.did
                && *message > first
            {
                *message = first;
            }
        }
    }
}

/// Two messages as one: what is asked is what the second one asks.
fn joined(mut whole: Message, next: Message) -> Message {
    if !whole.text.is_blank() {
        whole.text.push(Span { text: "\n\n".into(), ..Span::default() });
    }
    let Rich(spans) = next.text;
    spans.into_iter().for_each(|span| whole.text.push(span));
    Message { text: whole.text, ..Message { text: Rich::default(), ..next } }
}

fn is_reminder(due: &Due) -> bool {
    matches!(&due.run, Run::Script { script, .. } if script == reminders::SCRIPT)
}

fn text(value: Option<&Value>) -> Option<String> {
    value.and_then(Value::as_text).map(str::to_owned)
}
