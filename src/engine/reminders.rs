//! Reminders of the person's own inside a turn: kept, changed, dropped. What they say when they come is a script's.

use jiff::Timestamp;
use jiff::civil::Time;

use super::api::{Effect, IfBusy, Plan, Run};
use super::state::{Made, Thread};
use super::turn::Turn;
use crate::practice::reminder::{Reminder, id_of, schedule_name};
use crate::schedule::limits::{MOST_REMINDERS, Trouble, trouble};
use crate::schedule::misfire::grace;
use crate::schedule::pattern::{Cycle, Pattern};
use crate::schedule::{Rule, first};
use crate::types::{Private, Value, Values};

/// The script that a reminder comes as; its args are the two below.
pub(crate) const SCRIPT: &str = "reminder";
/// What it says.
pub(crate) const WHAT: &str = "what";
/// Its id.
pub(crate) const WHICH: &str = "reminder";

/// What a script says of a reminder.
pub(crate) struct Wish {
    pub(crate) text: String,
    pub(crate) rule: Rule,
    pub(crate) instead_of: Option<String>,
    pub(crate) late: Option<i64>,
}

impl Turn<'_> {
    /// Keeps a reminder. One that never comes, comes too often, or is one too many is not kept: scripts say so before.
    pub(crate) fn remind(&mut self, thread: &mut Thread, wish: Wish) {
        let text = wish.text.trim();
        let known = |id: &String| self.facts.reminders.iter().any(|reminder| reminder.id == *id);
        let replaced = wish.instead_of.filter(known);
        let full = replaced.is_none() && self.facts.reminders.len() >= MOST_REMINDERS;
        let wrong = trouble(&wish.rule, &self.now).filter(|trouble| trouble.refuses());
        let Some(next) = first(&wish.rule, self.at(), self.now.time_zone()) else { return };
        if text.is_empty() || full || wrong.is_some() {
            return self.note(format!("reminder_refused_{}", wrong.map_or("full", Trouble::word)));
        }
        let (is_new, id) = (replaced.is_none(), replaced.unwrap_or_else(|| self.new_id()));
        let reminder = Reminder { id, text: Private::new(text), rule: wish.rule, next: next.at };
        let plan = plan(&reminder, wish.late);
        if is_new {
            thread.made.push(Made::Schedule(plan.name.clone()));
        }
        let facts = self.facts.to_mut();
        facts.schedules.push(plan.name.clone());
        facts.reminders.retain(|other| other.id != reminder.id);
        facts.reminders.push(reminder);
        facts.reminders.sort_by(|a, b| (a.next, &a.id).cmp(&(b.next, &b.id)));
        self.effects.push(Effect::Schedule(plan));
    }

    /// Drops a reminder.
    pub(crate) fn drop_reminder(&mut self, id: &str) {
        if self.facts.reminders.iter().any(|reminder| reminder.id == id) {
            self.facts.to_mut().reminders.retain(|reminder| reminder.id != id);
            self.cancel(&schedule_name(id));
        }
    }
}

/// The reminder that a plan is, if it is one.
pub(super) fn of_plan(plan: &Plan, next: Timestamp) -> Option<Reminder> {
    let Run::Script { args, .. } = &plan.run else { return None };
    let text = args.get(WHAT).and_then(Value::as_text)?;
    let (id, rule) = (id_of(&plan.name)?.to_owned(), plan.rule.clone());
    Some(Reminder { id, text: Private::new(text), rule, next })
}

/// So many reminders, each day at 09:00.
pub(super) fn daily(count: i64) -> Vec<Plan> {
    let rule = Pattern { cycle: Cycle::Daily, at: Time::constant(9, 0, 0, 0), until: None }.rule(0);
    let one = |number| Reminder {
        id: format!("given.{number}"),
        text: Private::new(format!("number {number}")),
        rule: rule.clone(),
        next: Timestamp::UNIX_EPOCH,
    };
    (1..=count).map(|number| plan(&one(number), None)).collect()
}

fn plan(reminder: &Reminder, late: Option<i64>) -> Plan {
    let args = Values::from([
        (WHAT.to_owned(), Value::text(reminder.text.reveal())),
        (WHICH.to_owned(), Value::text(reminder.id.as_str())),
    ]);
    let usual = if reminder.rule.repeats() { grace::NUDGE } else { grace::ONCE };
    Plan {
        name: schedule_name(&reminder.id),
        run: Run::Script { script: SCRIPT.to_owned(), args },
        rule: reminder.rule.clone(),
        // They said this minute: what is open waits, and goes on afterwards.
        if_busy: IfBusy::Interrupt,
        late: late.unwrap_or(usual),
        chosen: true,
    }
}
