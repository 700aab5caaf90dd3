//! Carries out the effects of a step inside the turn's transaction: one effect, one arm.

use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

use super::post::Post;
use super::{Overdue, ZONE_FACT, zone};
use crate::engine::{Effect, Plan};
use crate::schedule::{first, moved};
use crate::store::{StoreError, Tx};
use crate::types::PersonId;

/// A turn whose effects are being carried out.
pub(super) struct Applying<'t> {
    tx: &'t mut Tx,
    post: Post,
    person: PersonId,
    zone: TimeZone,
    now: Timestamp,
    here: Zoned,
    /// What else is due.
    others: Vec<Overdue>,
}

impl<'t> Applying<'t> {
    pub(super) fn new(tx: &'t mut Tx, post: Post, others: Vec<Overdue>, now: &Zoned) -> Self {
        let (zone, here) = (now.time_zone().clone(), now.clone());
        Self { tx, person: post.person(), post, zone, now: now.timestamp(), here, others }
    }

    pub(super) async fn apply(&mut self, effect: &Effect) -> Result<(), StoreError> {
        let (person, now) = (self.person, self.now);
        match effect {
            Effect::Say(message) => self.post.send(self.tx, message, now)?,
            Effect::Remember { fact, value, until } => {
                self.tx.keep_fact(person, fact, value, *until)?;
                self.follow_zone(fact).await?;
            }
            Effect::Forget { fact } => {
                self.tx.drop_fact(person, fact);
                self.follow_zone(fact).await?;
            }
            Effect::Journal(entry) => self.tx.keep_entry(person, entry, now),
            Effect::Promise(promise) => self.tx.keep_promise(person, promise, now),
            Effect::Settle { id, standing, day } => self.tx.settle_promise(person, id, *standing, (*day, now)),
            Effect::CheckIn(checkin) => self.tx.keep_checkin(person, checkin),
            Effect::Deed(deed) => self.tx.keep_deed(person, deed, now),
            Effect::Return { id, day, away } => self.tx.keep_return(person, id, *day, *away),
            Effect::Withdraw { kind, id } => self.tx.withdraw(person, *kind, id).await?,
            Effect::Schedule(plan) => self.schedule(plan)?,
            Effect::Cancel { name } => self.tx.cancel_schedule(person, name)?,
            // Settled before all other effects: see `settle_firing`. What is lacking was read before any effect: see `Door::ask_again`.
            Effect::Fired(_) | Effect::LacksHistory => {}
            Effect::Also { name, outcome } => {
                if let Some(other) = self.others.iter().find(|other| other.schedule.plan.name == *name) {
                    other.settle(self.tx, outcome, &self.here)?;
                }
            }
            Effect::Ended { script, outcome } => {
                tracing::info!(script.name = script, script.outcome = outcome, "a script ended");
            }
            Effect::Note { code } => tracing::info!(note.code = code, "the engine noted something"),
        }
        Ok(())
    }

    fn schedule(&mut self, plan: &Plan) -> Result<(), StoreError> {
        match first(&plan.rule, self.now, &self.zone) {
            Some(next) => self.tx.keep_schedule(self.person, plan, zone_name(&self.zone), next),
            None => {
                tracing::error!(person.id = self.person.0, "a schedule that never happens was not kept");
                self.tx.cancel_schedule(self.person, &plan.name)
            }
        }
    }

    /// After a change of the zone, moves every schedule of the person that is not due already.
    async fn follow_zone(&mut self, fact: &str) -> Result<(), StoreError> {
        if fact != ZONE_FACT {
            return Ok(());
        }
        let now_in = zone(&self.tx.facts(self.person, self.now).await?);
        let before = std::mem::replace(&mut self.zone, now_in);
        for schedule in self.tx.active_schedules(self.person).await? {
            if schedule.next.at > self.now {
                let next = moved(&schedule.plan.rule, schedule.next, &before, &self.zone);
                self.tx.rezone_schedule(schedule.id, zone_name(&self.zone), next).await?;
            }
        }
        Ok(())
    }
}

fn zone_name(zone: &TimeZone) -> &str {
    zone.iana_name().unwrap_or("UTC")
}
