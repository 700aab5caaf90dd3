//! Promises inside a turn: opening one with its reminders, settling it, taking a settlement back.

use jiff::{SignedDuration, Timestamp, Zoned};

use super::api::{Effect, IfBusy, Plan, Run};
use super::scope::time_fact;
use super::state::{Made, Thread};
use super::turn::Turn;
use crate::practice::history::Promised;
use crate::practice::promise::{Days, Promise, Standing};
use crate::schedule::Rule;
use crate::schedule::misfire::grace;
use crate::schedule::when::Daypart;
use crate::types::{Private, Value, Values};

/// The longest text that is kept, in characters.
const MAX_TEXT: usize = 200;

/// The name of the schedule that reminds of a promise.
pub(crate) fn reminder_name(id: &str) -> String {
    format!("promise-remind-{id}")
}

/// The name of the schedule that asks how it went.
pub(crate) fn followup_name(id: &str) -> String {
    format!("promise-due-{id}")
}

/// What a script says of a new promise.
pub(crate) struct Draft {
    pub(crate) text: String,
    pub(crate) to: String,
    pub(crate) due: Option<Rule>,
    pub(crate) remind: String,
    pub(crate) sure: Option<i64>,
}

impl Turn<'_> {
    /// Opens a promise; a draft without text or without a time is no promise.
    pub(crate) fn open_promise(&mut self, thread: &mut Thread, draft: Draft) {
        let Some(due) = draft.due.as_ref().and_then(|rule| self.instant(rule)) else { return };
        let text: String = draft.text.trim().chars().take(MAX_TEXT).collect();
        if text.is_empty() {
            return;
        }
        let id = self.new_id();
        let days = Days { made: self.today(), due: self.day(due) };
        let promise = Promise {
            id: id.clone(),
            text: Private::new(text),
            to: Private::new(draft.to),
            due,
            standing: Standing::Open,
            sure: draft.sure,
            days: Some(days),
        };
        if let Some(history) = self.history_mut() {
            let Days { made, due } = days;
            let (standing, settled, sure) = (Standing::Open, None, draft.sure);
            history.promises.push(Promised { id: id.clone(), made, due, standing, settled, sure });
        }
        self.facts.to_mut().promises.push(promise.clone());
        self.facts.to_mut().promises.sort_by(|a, b| (a.due, &a.id).cmp(&(b.due, &b.id)));
        self.count(Standing::Open, 1);
        thread.made.push(Made::Promise(id.clone()));
        self.effects.push(Effect::Promise(promise.clone()));
        self.plan_reminder(&promise, &draft.remind);
        self.plan_followup(&promise, matches!(draft.due, Some(Rule::At { .. })));
    }

    fn instant(&self, rule: &Rule) -> Option<Timestamp> {
        match rule {
            Rule::At { at } => Some(*at),
            Rule::Once { civil } => self.now.time_zone().to_zoned(*civil).ok().map(|zoned| zoned.timestamp()),
            Rule::Every { .. } => None,
        }
    }

    fn due_here(&self, promise: &Promise) -> Zoned {
        promise.due.to_zoned(self.now.time_zone().clone())
    }

    /// On the day it is due, in the morning or in the evening; not at all when that is over or no earlier than the due time.
    fn plan_reminder(&mut self, promise: &Promise, remind: &str) {
        let part = match remind {
            "morning" => Daypart::Morning,
            "evening" => Daypart::Evening,
            _ => return,
        };
        let time = time_fact(self.library, &self.facts, part);
        let due = self.due_here(promise);
        let civil = due.date().to_datetime(time);
        if civil <= self.now.datetime() || civil >= due.datetime() {
            return;
        }
        self.plan_promise(reminder_name(&promise.id), "promise-nudge", &promise.id, Rule::Once { civil }, grace::NUDGE);
    }

    /// A promise for a time of day follows the person's clock when they travel; one for "in two hours" does not.
    fn plan_followup(&mut self, promise: &Promise, elapsed: bool) {
        let rule = if elapsed {
            Rule::At { at: promise.due }
        } else {
            Rule::Once { civil: self.due_here(promise).datetime() }
        };
        self.plan_promise(followup_name(&promise.id), "promise-followup", &promise.id, rule, grace::ONCE);
    }

    fn plan_promise(&mut self, name: String, script: &str, id: &str, rule: Rule, late: i64) {
        let args = Values::from([("promise".to_owned(), Value::text(id))]);
        let run = Run::Script { script: script.to_owned(), args };
        let plan = Plan { name, run, rule, if_busy: IfBusy::Queue, late, chosen: false };
        self.facts.to_mut().schedules.push(plan.name.clone());
        self.effects.push(Effect::Schedule(plan));
    }

    /// Says how a promise stands. Words that are no standing change nothing, and neither do promises that are not open, unless
    /// this thread settled them itself.
    pub(crate) fn settle_promise(&mut self, thread: &mut Thread, id: &str, word: &str) {
        let Ok(standing) = word.parse::<Standing>() else { return };
        if standing == Standing::Open {
            return;
        }
        let Some(at) = self.facts.promises.iter().position(|promise| promise.id == id) else {
            return self.settle_anew(thread, id, standing);
        };
        let mut promise = self.facts.to_mut().promises.remove(at);
        promise.standing = standing;
        self.count(Standing::Open, -1);
        self.count(standing, 1);
        self.say_standing(id, standing);
        self.cancel(&reminder_name(id));
        self.cancel(&followup_name(id));
        thread.made.push(Made::Settled(promise));
    }

    /// What was just said to be missed may have been made good since.
    fn settle_anew(&mut self, thread: &mut Thread, id: &str, now: Standing) {
        let was = thread.made.iter().rev().find_map(|made| match made {
            Made::Settled(promise) if promise.id == id => Some(promise.standing),
            Made::Resettled { id: other, now, .. } if other == id => Some(*now),
            _ => None,
        });
        if let Some(was) = was.filter(|was| *was != now) {
            self.change_standing(id, was, now);
            thread.made.push(Made::Resettled { id: id.to_owned(), was, now });
        }
    }

    /// Changes how a settled promise stands.
    pub(crate) fn change_standing(&mut self, id: &str, was: Standing, now: Standing) {
        self.count(was, -1);
        self.count(now, 1);
        self.say_standing(id, now);
    }

    fn say_standing(&mut self, id: &str, standing: Standing) {
        let day = self.today();
        if let Some(history) = self.history_mut() {
            history.settle(id, standing, day);
        }
        self.effects.push(Effect::Settle { id: id.to_owned(), standing, day });
    }

    /// Takes a settlement back.
    pub(crate) fn reopen(&mut self, mut promise: Promise) {
        self.count(promise.standing, -1);
        promise.standing = Standing::Open;
        self.say_standing(&promise.id, Standing::Open);
        self.count(Standing::Open, 1);
        if self.at() < promise.due + SignedDuration::from_secs(grace::ONCE) {
            self.plan_followup(&promise, false);
        }
        self.facts.to_mut().promises.push(promise);
        self.facts.to_mut().promises.sort_by(|a, b| (a.due, &a.id).cmp(&(b.due, &b.id)));
    }

    /// True when a due script asks about a promise that is no longer open.
    pub(crate) fn asks_about_settled(&self, args: &Values) -> bool {
        match args.get("promise") {
            Some(Value::Text(id)) => !self.facts.promises.iter().any(|promise| promise.id == *id),
            _ => false,
        }
    }
}
