//! Something scheduled has come due: say it, or let it pass for a reason that is written down.

use jiff::SignedDuration;

use super::api::{Due, Effect, IfBusy, Outcome, Run};
use super::run::is_run_of;
use super::turn::Turn;
use crate::practice::dated::Dated;
use crate::schedule::Quiet;
use crate::schedule::misfire::{Fate, Moment, fate};
use crate::script::model::{OpKind, Script};
use crate::script::text::Template;
use crate::types::{Span, Value, Values};

/// Somebody who was asked something less than this long ago is taken to be still there.
const PRESENT: SignedDuration = SignedDuration::from_mins(30);
/// Somebody who was not here for longer than this is not reminded of an open question: one message a day is enough.
const AROUND: SignedDuration = SignedDuration::from_hours(36);
/// Somebody who was not here for so many days is asked the daily question once a week only.
const GONE_DAYS: i64 = 4;
/// The days on which promises rest: a list of lines with a day.
const HARD_DATES: &str = "hard_dates";
/// When to look again whether the open script has ended.
const LOOK_AGAIN: SignedDuration = SignedDuration::from_mins(10);

/// The quiet hours as facts tell them.
pub(super) fn quiet_hours(fact: impl Fn(&str) -> Value) -> Option<Quiet> {
    let time = |name: &str| match fact(name) {
        Value::Time { time } => Some(time),
        _ => None,
    };
    Some(Quiet { from: time("quiet_from")?, to: time("quiet_to")? })
}

impl Turn<'_> {
    /// Takes a due schedule. Leaves exactly one [`Effect::Fired`], before everything that it says.
    pub(crate) fn due(&mut self, due: &Due) {
        let at = self.effects.len();
        let outcome = self.due_together(due).unwrap_or_else(|| self.due_alone(due));
        self.effects.insert(at, Effect::Fired(outcome));
    }

    /// Takes a due schedule as if there were no other.
    pub(super) fn due_alone(&mut self, due: &Due) -> Outcome {
        let (at, asked_for) = (self.effects.len(), self.is_asked_for(&due.run));
        let outcome = match &due.run {
            Run::Script { script, args } => self.due_script(due, script, args),
            Run::Nudge { thread, seq } => self.due_nudge(due, *thread, *seq),
            Run::Wait { thread, seq } => self.due_wait(due, *thread, *seq),
            Run::Expire { thread } => self.due_expire(*thread, self.missed_while_away(due).is_none()),
        };
        self.count_said(at, asked_for);
        if outcome == Outcome::Late {
            self.owe(due);
        }
        outcome
    }

    fn due_script(&mut self, due: &Due, name: &str, args: &Values) -> Outcome {
        let Some(script) = self.script(name) else { return Outcome::NoScript };
        // Who has not agreed is only written to when they asked for that themselves.
        if !self.consents() && !script.open_to_all {
            return Outcome::NoConsent;
        }
        if self.asks_about_settled(args) || (keeps_checkin(script) && self.facts.last_checkin == Some(self.today())) {
            return Outcome::Settled;
        }
        if keeps_checkin(script) && self.is_gone() {
            return Outcome::Away;
        }
        if let Some(outcome) = self.not_now(due) {
            return outcome;
        }
        if args.contains_key("promise") && self.is_hard_day() {
            // Before its time it need not come at all; the question how it stands comes when the day is over.
            return if self.is_asked_for(&due.run) { Outcome::Resting } else { self.tomorrow() };
        }
        if self.heard_all() {
            return Outcome::Enough;
        }
        if self.had_enough() && !self.is_asked_for(&due.run) {
            return self.tomorrow();
        }
        if let Some(outcome) = self.open_already(due, script, args).or_else(|| self.busy(due)) {
            return outcome;
        }
        match self.begun_today(script, args) {
            Some(id) if self.change_to(id) => {
                self.say_title_card("resumed");
                self.repeat();
            }
            _ => self.start(script, args.clone()),
        }
        Outcome::Fired
    }

    /// A script that is open is not begun a second time: its question is asked once more, unless somebody is there.
    fn open_already(&mut self, due: &Due, script: &Script, args: &Values) -> Option<Outcome> {
        let open = self.state.active.as_ref().filter(|thread| is_run_of(thread, script, args));
        if open.is_none() || !self.is_sound() {
            return None;
        }
        match due.if_busy {
            _ if self.is_waiting() => Some(Outcome::SkippedBusy),
            IfBusy::Skip if self.is_somebody_there() => Some(Outcome::SkippedBusy),
            IfBusy::Queue if self.is_somebody_there() => Some(self.look_again()),
            _ => {
                self.repeat();
                Some(Outcome::Fired)
            }
        }
    }

    /// A run of it that was put away today goes on where it was: nothing that was said is lost.
    fn begun_today(&self, script: &Script, args: &Values) -> Option<u64> {
        let id = self.parked_today(script)?;
        self.state
            .parked
            .iter()
            .find(|thread| thread.id == id && is_run_of(thread, script, args))
            .map(|thread| thread.id)
    }

    /// True on most days of a long absence: a question that nobody answers is not asked every day.
    fn is_gone(&self) -> bool {
        let days = self.state.seen.map_or(0, |seen| self.days_since(seen));
        days >= GONE_DAYS && days % 7 != 0
    }

    /// True on a day that they named as one that may hurt.
    fn is_hard_day(&self) -> bool {
        let Value::List(days) = self.fact(HARD_DATES) else { return false };
        let today = self.today();
        days.iter().filter_map(Value::as_text).filter_map(Dated::read).any(|line| line.day.from(today) == today)
    }

    fn is_somebody_there(&self) -> bool {
        let asked = self.state.active.as_ref().and_then(|thread| thread.asked.as_ref());
        asked.is_some_and(|asked| asked.until.is_none() && self.at().duration_since(asked.at).abs() < PRESENT)
    }

    pub(super) fn look_again(&self) -> Outcome {
        Outcome::Queued { until: self.at().checked_add(LOOK_AGAIN).unwrap_or(self.at()) }
    }

    /// Why this moment is the wrong one, if it is.
    pub(super) fn not_now(&self, due: &Due) -> Option<Outcome> {
        if self.is_resting() {
            return Some(Outcome::Resting);
        }
        let moment = Moment { due: due.due, late: due.late, chosen: due.chosen, daily: self.is_daily(&due.run) };
        match fate(moment, &self.now, self.quiet(), self.day_begins()) {
            Fate::Now => None,
            Fate::Hold(until) => Some(Outcome::Quiet { until }),
            Fate::Missed => Some(Outcome::Late),
        }
    }

    /// True for what belongs to its day and to no other.
    fn is_daily(&self, run: &Run) -> bool {
        matches!(run, Run::Script { script, .. } if self.script(script).is_some_and(keeps_checkin))
    }

    /// The person's quiet hours.
    fn quiet(&self) -> Option<Quiet> {
        quiet_hours(|name| self.fact(name))
    }

    fn is_quiet(&self) -> bool {
        self.quiet().is_some_and(|quiet| quiet.holds(self.now.time()))
    }

    fn busy(&mut self, due: &Due) -> Option<Outcome> {
        let present = self.is_somebody_there();
        match due.if_busy {
            IfBusy::Skip if present => Some(Outcome::SkippedBusy),
            IfBusy::Queue if present => Some(self.look_again()),
            _ if !self.can_park() => Some(Outcome::SkippedBusy),
            _ => {
                // Nobody is there: what was open waits for them, put away.
                self.state.card = None;
                // What lets time pass goes on afterwards by itself.
                if !present && !self.is_waiting() {
                    self.park(false);
                }
                None
            }
        }
    }

    fn due_nudge(&mut self, due: &Due, thread: u64, seq: u64) -> Outcome {
        let waiting = self.state.active.as_ref().filter(|active| active.id == thread);
        let open = waiting.filter(|active| active.asked.as_ref().is_some_and(|asked| asked.seq == seq));
        let script = open.and_then(|active| active.frames.first()).and_then(|root| self.script_of(root));
        let Some((daily, nudge)) = script.and_then(|script| Some((keeps_checkin(script), script.nudge.as_ref()?)))
        else {
            return Outcome::Settled;
        };
        if self.state.card.is_some() {
            return Outcome::Settled;
        }
        if self.state.seen.is_none_or(|seen| self.at().duration_since(seen) > AROUND) {
            return Outcome::Away;
        }
        match self.not_now(due) {
            // In the morning it would speak of a day that is over.
            Some(Outcome::Quiet { .. }) if daily => return Outcome::Enough,
            Some(outcome) => return outcome,
            None => {}
        }
        if self.had_enough() {
            return Outcome::Enough;
        }
        self.bring_up(&nudge.say);
        Outcome::Fired
    }

    /// The reminder and the question in one message, so that it can be answered right there.
    fn bring_up(&mut self, nudge: &Template) {
        let Some(mut thread) = self.state.active.take() else { return };
        if let (Some(outer), Some(frame), Some(asked)) =
            (thread.frames.first(), thread.frames.last(), thread.asked.as_mut())
        {
            if let Some((script, pc, _)) = self.op_of(outer) {
                self.said(script, pc, nudge);
            }
            let mut text = self.render(nudge, outer);
            text.push(Span { text: "\n\n".into(), ..Span::default() });
            if let Some((script, pc, question)) = self.question_of(frame) {
                self.said(script, pc, &question.prompt);
                self.render(&question.prompt, frame).0.into_iter().for_each(|span| text.push(span));
            }
            self.say_with_buttons(text, frame, asked.seq, &asked.picked);
            asked.at = self.at();
        }
        self.state.active = Some(thread);
    }

    /// What a script says when it is put away: to somebody who was here lately, at a time when it may.
    fn say_expired(&mut self) {
        let around = self.state.seen.is_some_and(|seen| self.at().duration_since(seen) <= AROUND);
        if !around || self.had_enough() || self.is_resting() || !self.consents() || self.is_quiet() {
            return;
        }
        let Some(root) = self.state.active.as_ref().and_then(|thread| thread.frames.first()).cloned() else { return };
        let script = self.script_of(&root);
        if let Some((script, say)) = script.and_then(|script| Some((script, script.expire_say.as_ref()?))) {
            self.say_line(script, 0, say, &root);
        }
    }

    /// Nobody came back: the script is put away, and offered again when they write.
    fn due_expire(&mut self, thread: u64, aloud: bool) -> Outcome {
        if self.state.active.as_ref().is_some_and(|active| active.id == thread) {
            self.state.card = None;
            if aloud {
                self.say_expired();
            }
            self.park_expired();
        }
        if self.end_if_over(thread) {
            return Outcome::Fired;
        }
        match self.state.parked.iter_mut().find(|parked| parked.id == thread) {
            Some(parked) => {
                (parked.expired, parked.interrupted) = (true, false);
                Outcome::Fired
            }
            None => Outcome::Settled,
        }
    }
}

/// True for a script that keeps a check-in: it is not begun by itself for somebody who has checked in already.
pub(super) fn keeps_checkin(script: &Script) -> bool {
    script.ops.iter().any(|op| matches!(op.kind, OpKind::CheckIn { .. }))
}
