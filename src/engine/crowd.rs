//! Several things due at once, and what came due while the program was away: one message for all of them.
//!
//! One of them speaks for all, with its question; what the others would have said stands above it. They are merged into it and do
//! not come again. That the program was away is said once, plainly, and never counted against anybody.

use jiff::Timestamp;

use super::api::{Due, Effect, Outcome, Run};
use super::cards::args;
use super::due::keeps_checkin;
use super::reminders;
use super::state::Owed;
use super::turn::Turn;
use crate::schedule::Rule;
use crate::schedule::lapse::Away;
use crate::types::{Message, Rich, Span, Value};

/// The card that says so.
const CARD: &str = "away";
/// More than this is not listed in one message, in characters.
const LISTED: usize = 1_200;

impl Turn<'_> {
    /// Takes a due schedule together with others, when there are any, or when it comes after an absence.
    pub(super) fn due_together(&mut self, due: &Due) -> Option<Outcome> {
        let away = self.missed_while_away(due);
        if is_end(due) {
            return None;
        }
        let with = |other: &Due| match away {
            Some(away) => away.covers(other.due),
            None => is_reminder(other) && is_reminder(due),
        };
        let mut crowd: Vec<Due> = self.facts.due.iter().filter(|other| other.name != due.name).cloned().collect();
        crowd.retain(|other| !is_end(other) && with(other) && self.is_alive(other));
        if (away.is_none() && crowd.is_empty()) || !self.is_alive(due) {
            return None;
        }
        crowd.push(due.clone());
        crowd.sort_by_key(|one| self.rank(one));
        let mut became = Vec::new();
        while let Some(speaker) = crowd.pop() {
            let (before, first) = (self.effects.len(), self.messages());
            let others = self.lines(&speaker, &crowd);
            let outcome = self.due_alone(&self.gathered(&speaker, &crowd));
            let has_spoken = outcome == Outcome::Fired && self.messages() > first;
            became.push((speaker.name.clone(), outcome));
            if has_spoken {
                if let Some(away) = away {
                    self.own_up(before, away, &self.clock(speaker.due), &others);
                }
                self.say_as_one(before, first);
                became.extend(crowd.drain(..).map(|other| (other.name, Outcome::Merged)));
            }
        }
        let own = became.iter().position(|(name, _)| *name == due.name).map(|at| became.remove(at).1);
        self.effects.splice(0..0, became.into_iter().map(|(name, outcome)| Effect::Also { name, outcome }));
        own
    }

    /// The absence that something due fell into.
    pub(super) fn missed_while_away(&self, due: &Due) -> Option<Away> {
        self.facts.away.filter(|away| away.covers(due.due))
    }

    /// Remembers to say that something they had asked for did not come because the program was away.
    pub(super) fn owe(&mut self, due: &Due) {
        let Some(away) = self.missed_while_away(due).filter(|_| self.is_asked_for(&due.run)) else { return };
        if self.state.owed.is_none_or(|owed| owed.until != away.until) {
            self.state.owed = Some(Owed { until: away.until, told: false });
        }
    }

    /// True when something that they had asked for did not come, and they were not told yet.
    pub(super) fn owes_a_word(&self) -> bool {
        self.state.owed.is_some_and(|owed| !owed.told) && self.consents()
    }

    /// Says so, before the answer to what somebody did.
    pub(super) fn give_word(&mut self) {
        self.state.owed = self.state.owed.map(|owed| Owed { told: true, ..owed });
        self.say_card(CARD, args([]));
    }

    /// Whether something would be said now, as far as that can be told without saying it.
    fn is_alive(&self, due: &Due) -> bool {
        let settled = match &due.run {
            Run::Script { script, args } => {
                let script = self.script(script);
                script.is_none_or(|script| keeps_checkin(script) && self.facts.last_checkin == Some(self.today()))
                    || self.asks_about_settled(args)
            }
            Run::Nudge { .. } | Run::Wait { .. } | Run::Expire { .. } => false,
        };
        !settled && self.consents() && self.not_now(due).is_none()
    }

    /// Who speaks for all: a script that goes on, then the check-in, then other scripts, reminders, nudges. Among equals the one
    /// that was due first, so that it is the last when they are sorted.
    fn rank(&self, due: &Due) -> (u8, std::cmp::Reverse<(Timestamp, String)>) {
        let kind = match &due.run {
            Run::Wait { .. } => 5,
            Run::Script { script, .. } if self.script(script).is_some_and(keeps_checkin) => 4,
            Run::Script { .. } if !is_reminder(due) => 3,
            Run::Script { .. } => 2,
            Run::Nudge { .. } => 1,
            Run::Expire { .. } => 0,
        };
        (kind, std::cmp::Reverse((due.due, due.name.clone())))
    }

    /// What the others would have brought up, when it is theirs to be told: their reminders and promises.
    fn lines(&self, speaker: &Due, others: &[Due]) -> String {
        let told = |other: &&Due| !(is_reminder(speaker) && is_reminder(other));
        let mut sorted: Vec<&Due> = others.iter().filter(told).collect();
        sorted.sort_by_key(|other| other.due);
        listed(sorted.into_iter().filter_map(|other| Some(self.line(other.due, &self.what(other)?))))
    }

    /// A reminder that speaks for others as well says all of them, each with its time.
    fn gathered(&self, speaker: &Due, others: &[Due]) -> Due {
        let mut due = speaker.clone();
        let mut all: Vec<&Due> = others.iter().filter(|other| is_reminder(other)).chain([speaker]).collect();
        if !is_reminder(speaker) || all.len() == 1 {
            return due;
        }
        all.sort_by(|a, b| (a.due, &a.name).cmp(&(b.due, &b.name)));
        let lines = listed(all.iter().filter_map(|one| Some(self.line(one.due, &self.what(one)?))));
        if let Run::Script { args, .. } = &mut due.run {
            args.insert(reminders::WHAT.to_owned(), Value::text(lines));
            // Which of them "no more of these" means cannot be told.
            args.remove(reminders::WHICH);
        }
        due
    }

    fn what(&self, due: &Due) -> Option<String> {
        let Run::Script { args, .. } = &due.run else { return None };
        if is_reminder(due) {
            return args.get(reminders::WHAT).and_then(Value::as_text).map(str::to_owned);
        }
        let id = args.get("promise").and_then(Value::as_text)?;
        let promise = self.facts.promises.iter().find(|promise| promise.id == id)?;
        Some(promise.text.reveal().to_owned())
    }

    fn line(&self, due: Timestamp, what: &str) -> String {
        format!("{}: {}", self.clock(due), what.replace('\n', ", "))
    }

    /// When something was: `14:00`, or with its day when that is another one.
    fn clock(&self, at: Timestamp) -> String {
        let (there, writing) = (self.now.time_zone().to_datetime(at), &self.library.words().writing);
        if there.date() == self.now.date() {
            return writing.time(there.time());
        }
        writing.when(&Rule::At { at }, &self.now)
    }

    /// Puts the word about the absence before everything that was said since there were `before` effects.
    fn own_up(&mut self, before: usize, away: Away, due: &str, what: &str) {
        self.state.owed = Some(Owed { until: away.until, told: true });
        let said = self.effects.split_off(before);
        self.say_card(CARD, args([("due", due.to_owned()), ("what", what.to_owned())]));
        self.effects.extend(said);
    }

    /// Makes one message of all that were said since there were `before` effects and `first` messages.
    fn say_as_one(&mut self, before: usize, first: usize) {
        let rest = self.effects.split_off(before);
        let (said, others): (Vec<Effect>, Vec<Effect>) =
            rest.into_iter().partition(|effect| matches!(effect, Effect::Say(_)));
        let messages = said.into_iter().filter_map(|effect| match effect {
            Effect::Say(message) => Some(message),
            _ => None,
        });
        self.effects.push(Effect::Say(messages.fold(Message::default(), joined)));
        self.effects.extend(others);
        self.said_as_one(first);
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

/// Lines below each other, as many as one message takes.
fn listed(lines: impl Iterator<Item = String>) -> String {
    let mut whole = String::new();
    for line in lines {
        if whole.len() + line.len() > LISTED && !whole.is_empty() {
            whole.push_str("\n\u{2026}");
            break;
        }
        whole.push_str(if whole.is_empty() { "" } else { "\n" });
        whole.push_str(&line);
    }
    whole
}

/// What puts a script away asks nobody anything, and cannot be merged into what does.
fn is_end(due: &Due) -> bool {
    matches!(due.run, Run::Expire { .. })
}

fn is_reminder(due: &Due) -> bool {
    matches!(&due.run, Run::Script { script, .. } if script == reminders::SCRIPT)
}
