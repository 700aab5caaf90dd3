//! What is outside the engine while a transcript is played: the clock, facts, promises and schedules, kept in memory.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan as _, Zoned};

use super::parse::{Given, Past};
use super::stage::Done;
use crate::engine::{self, Due, Effect, Facts, Kept, Outcome, Plan};
use crate::practice::deed::Deed;
use crate::practice::history::{History, Promised, Returned};
use crate::practice::promise::{Promise, Standing};
use crate::practice::reminder::Reminder;
use crate::schedule::{self, Firing, zones};
use crate::script::Library;
use crate::script::model::Type;
use crate::script::problem::did_you_mean;
use crate::types::{Private, Value};

/// The moment at which every story begins that gives no other.
const BEGINNING: Timestamp = Timestamp::constant(1_772_474_400, 0);

/// Everything about one person that is not in the state.
#[derive(Clone, Debug)]
pub(super) struct World {
    pub(super) now: Timestamp,
    pub(super) facts: Facts,
    pub(super) plans: BTreeMap<String, (Plan, Firing)>,
    promises: BTreeMap<String, Promise>,
    history: History,
    /// How promises stand of which nothing else is known.
    past: Vec<Standing>,
}

impl World {
    pub(super) fn new() -> Self {
        let history = History::empty(BEGINNING.to_zoned(TimeZone::UTC).date());
        Self {
            now: BEGINNING,
            facts: Facts::default(),
            plans: BTreeMap::new(),
            promises: BTreeMap::new(),
            history,
            past: Vec::new(),
        }
    }

    /// What the person did, day by day.
    pub(super) fn history(&self, library: &Library) -> History {
        History { today: engine::today(library, &self.facts, &self.here()), ..self.history.clone() }
    }

    pub(super) fn here(&self) -> Zoned {
        self.now.to_zoned(self.zone())
    }

    /// Makes things be as they are given: the clock and the facts first, whatever the order.
    ///
    /// # Errors
    /// A sentence on what cannot be.
    pub(super) fn given(&mut self, library: &Library, all: &[Given]) -> Done {
        let order = |given: &&Given| match given {
            Given::Fact { .. } | Given::NewPerson => 0,
            Given::Now(_) => 1,
            Given::Promise { .. }
            | Given::Past { .. }
            | Given::CheckIns(_)
            | Given::LastCheckIn(_)
            | Given::Entries(_) => 2,
            Given::Reminders(_) => 3,
        };
        let mut all: Vec<&Given> = all.iter().collect();
        all.sort_by_key(order);
        all.into_iter().try_for_each(|given| self.give(library, given))
    }

    fn give(&mut self, library: &Library, given: &Given) -> Done {
        match given {
            Given::NewPerson => {}
            Given::Now(civil) => {
                self.now = self.zone().to_zoned(*civil).map_err(|_| format!("{civil} is no moment"))?.timestamp();
            }
            Given::Fact { name, value } => {
                let facts = library.facts();
                let Some(def) = facts.get(name) else {
                    return Err(format!(
                        "no fact `me.{name}` in facts.yaml: {}",
                        did_you_mean(name, facts.keys().map(String::as_str))
                    ));
                };
                let value = read(&def.ty, value).map_err(|sentence| format!("`me.{name}`: {sentence}"))?;
                self.facts.me.insert(name.clone(), value);
            }
            Given::Promise { standing, to, text } => self.give_promise(*standing, to, text),
            Given::Past { ago, what } => {
                let today = engine::today(library, &self.facts, &self.here());
                for day in ago.clone().map(|ago| today.saturating_sub(ago.days())) {
                    what.iter().for_each(|what| self.give_past(day, *what));
                }
            }
            Given::CheckIns(count) => self.facts.checkins = *count,
            Given::LastCheckIn(day) => {
                self.facts.last_checkin = Some(*day);
                self.facts.checkins = self.facts.checkins.max(1);
            }
            Given::Entries(count) => self.facts.entries = *count,
            Given::Reminders(count) => {
                for plan in Plan::daily_reminders(*count) {
                    let first = schedule::first(&plan.rule, self.now, &self.zone());
                    self.plans.extend(first.map(|firing| (plan.name.clone(), (plan, firing))));
                }
            }
        }
        Ok(())
    }

    /// A promise for today: it is due two hours before midnight.
    fn give_promise(&mut self, standing: Standing, to: &str, text: &str) {
        let midnight = self.here().end_of_day().map_or(self.now, |end| end.timestamp());
        let id = format!("given.{}", self.promises.len());
        let (text, to) = (Private::new(text), Private::new(to));
        let due = midnight - SignedDuration::from_hours(2);
        let day = self.here().date();
        self.history.promises.push(promised(&id, day, standing));
        self.promises.insert(id.clone(), Promise { id, text, to, due, standing, sure: None, days: None });
        self.recount();
    }

    /// Something that happened on a day before.
    fn give_past(&mut self, day: Date, what: Past) {
        let id =
            format!("past.{}.{}.{}", self.history.promises.len(), self.history.returns.len(), self.history.deeds.len());
        match what {
            Past::Promise(standing) => {
                self.history.promises.push(promised(&id, day, standing));
                self.past.push(standing);
                self.recount();
            }
            Past::CheckIn(mood) => {
                self.history.check_in(day, mood);
                self.facts.checkins += 1;
                self.facts.last_checkin = self.facts.last_checkin.max(Some(day));
            }
            Past::Return => self.history.returns.push(Returned { id, day, away: 7 }),
            Past::Deed(kind) => self.history.add(&Deed { id, kind, day, amount: None, about: None }),
        }
    }

    /// Carries an effect out.
    pub(super) fn apply(&mut self, effect: &Effect) -> Done {
        match effect {
            Effect::Remember { fact, value, .. } => {
                let before = self.zone();
                self.facts.me.insert(fact.clone(), value.clone());
                self.move_plans(&before);
            }
            Effect::Forget { fact } => {
                let before = self.zone();
                self.facts.me.remove(fact);
                self.move_plans(&before);
            }
            Effect::Journal(_) => self.facts.entries += 1,
            Effect::Promise(promise) => {
                if let Some(days) = promise.days {
                    let (id, standing) = (promise.id.clone(), promise.standing);
                    let promised =
                        Promised { id, made: days.made, due: days.due, standing, settled: None, sure: promise.sure };
                    self.history.promises.push(promised);
                }
                self.promises.insert(promise.id.clone(), promise.clone());
                self.recount();
            }
            Effect::Settle { id, standing, day } => {
                self.history.settle(id, *standing, *day);
                // Nothing happens to a promise that was withdrawn meanwhile, as in the store.
                if let Some(promise) = self.promises.get_mut(id) {
                    promise.standing = *standing;
                }
                self.recount();
            }
            Effect::CheckIn(checkin) => {
                self.facts.checkins += i64::from(self.facts.last_checkin != Some(checkin.day));
                self.facts.last_checkin = Some(checkin.day);
                self.history.check_in(checkin.day, checkin.mood);
            }
            Effect::Deed(deed) => self.history.add(deed),
            Effect::Return { id, day, away } => {
                self.history.returns.push(Returned { id: id.clone(), day: *day, away: *away });
            }
            Effect::Withdraw { kind, id } => match kind {
                Kept::Promise => {
                    self.promises.remove(id);
                    self.history.promises.retain(|one| one.id != *id);
                    self.recount();
                }
                Kept::Entry => self.facts.entries -= 1,
                Kept::CheckIn => {
                    (self.facts.checkins, self.facts.last_checkin) = (self.facts.checkins - 1, None);
                    // The latest one is the one that this session kept.
                    self.history.checkins.pop();
                }
                Kept::Deed => self.history.deeds.retain(|one| one.id != *id),
            },
            Effect::Schedule(plan) => {
                let first = schedule::first(&plan.rule, self.now, &self.zone());
                let firing = first.ok_or_else(|| format!("`{}` is planned for a time that never comes", plan.name))?;
                self.plans.insert(plan.name.clone(), (plan.clone(), firing));
            }
            Effect::Cancel { name } => {
                self.plans.remove(name);
            }
            Effect::Also { name, outcome } => self.settle(name, outcome),
            Effect::Say(_) | Effect::Fired(_) | Effect::LacksHistory | Effect::Ended { .. } | Effect::Note { .. } => {}
        }
        Ok(())
    }

    /// A plan at the latest of its firings that are due.
    pub(super) fn latest(&self, name: &str) -> Option<(Plan, Firing)> {
        let (plan, firing) = self.plans.get(name)?;
        let latest = schedule::overtaken(&plan.rule, *firing, self.now, &self.zone()).pop();
        Some((plan.clone(), latest.unwrap_or(*firing)))
    }

    /// Everything that is due.
    pub(super) fn all_due(&self) -> Vec<Due> {
        let is_due = |(_, (_, firing)): &(&String, &(Plan, Firing))| firing.at <= self.now;
        let due_names = self.plans.iter().filter(is_due).map(|(name, _)| name);
        due_names.filter_map(|name| self.latest(name)).map(|(plan, firing)| due(&plan, firing)).collect()
    }

    /// Something else that was due has come to this.
    fn settle(&mut self, name: &str, outcome: &Outcome) {
        let Some((plan, firing)) = self.latest(name) else { return };
        self.plans.remove(name);
        let next = match outcome {
            Outcome::Quiet { until } | Outcome::Tomorrow { until } | Outcome::Queued { until } => {
                Some(Firing { at: *until, ..firing })
            }
            _ if plan.rule.repeats() => schedule::next_after(&plan.rule, self.now, &self.zone()),
            _ => None,
        };
        self.plans.extend(next.map(|next| (name.to_owned(), (plan, next))));
    }

    /// The person's own reminders, the one that comes first in front.
    pub(super) fn reminders(&self) -> Vec<Reminder> {
        let mut found: Vec<Reminder> =
            self.plans.values().filter_map(|(plan, firing)| plan.reminder(firing.at)).collect();
        found.sort_by(|a, b| (a.next, &a.id).cmp(&(b.next, &b.id)));
        found
    }

    pub(super) fn zone(&self) -> TimeZone {
        let name = self.facts.me.get("timezone").and_then(Value::as_text);
        name.and_then(zones::by_name).unwrap_or(TimeZone::UTC)
    }

    /// Everything that is planned moves with the person's clock.
    fn move_plans(&mut self, before: &TimeZone) {
        let zone = self.zone();
        if zone != *before {
            for (plan, firing) in self.plans.values_mut() {
                *firing = schedule::moved(&plan.rule, *firing, before, &zone);
            }
        }
    }

    fn recount(&mut self) {
        let open = self.promises.values().filter(|promise| promise.standing == Standing::Open);
        self.facts.promises = open.cloned().collect();
        self.facts.promises.sort_by(|a, b| (a.due, &a.id).cmp(&(b.due, &b.id)));
        self.facts.counts.clear();
        let standings = self.promises.values().map(|promise| promise.standing).chain(self.past.iter().copied());
        for standing in standings {
            *self.facts.counts.entry(standing).or_insert(0) += 1;
        }
    }
}

/// A promise that was due on that day.
fn promised(id: &str, day: Date, standing: Standing) -> Promised {
    let settled = (standing != Standing::Open).then_some(day);
    Promised { id: id.to_owned(), made: day, due: day, standing, settled, sure: None }
}

/// A plan that is due, as the engine sees it.
pub(super) fn due(plan: &Plan, firing: Firing) -> Due {
    let Plan { name, run, if_busy, late, chosen, .. } = plan.clone();
    Due { name, run, due: firing.at, if_busy, late, chosen }
}

/// A value of a declared type.
pub(super) fn read(ty: &Type, text: &str) -> Result<Value, String> {
    ty.read(text).ok_or_else(|| format!("`{text}` is no {}: write it like `{}`", ty.word(), ty.example()))
}
