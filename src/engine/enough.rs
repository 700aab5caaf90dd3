//! Often enough: beside the check-in of the day, nobody is written to more than twice a day without having asked.
//!
//! A reminder that they asked for is said all the same: the bot keeps its word. More than ten messages a day nobody can want.

use jiff::{Timestamp, ToSpan};

use super::api::{Effect, Outcome, Run};
use super::due::keeps_checkin;
use super::reminders;
use super::scope::fact;
use super::state::Unasked;
use super::turn::Turn;
use crate::schedule::limits::MOST_A_DAY;
use crate::types::{Value, Values};

/// How often, beside the check-in.
const MOST: u8 = 2;

impl Turn<'_> {
    /// True for what a person asked for, and what they began: the check-in at their hour, a reminder of their own, one of a promise
    /// before its time, a script that goes on after a wait.
    pub(super) fn is_asked_for(&self, run: &Run) -> bool {
        match run {
            Run::Script { script, args } => {
                script == reminders::SCRIPT || self.script(script).is_some_and(keeps_checkin) || self.is_ahead(args)
            }
            Run::Wait { .. } => true,
            Run::Nudge { .. } | Run::Expire { .. } => false,
        }
    }

    /// True for something about a promise whose time has not come.
    fn is_ahead(&self, args: &Values) -> bool {
        let Some(Value::Text(id)) = args.get("promise") else { return false };
        self.facts.promises.iter().any(|promise| promise.id == *id && promise.due > self.at())
    }

    /// True when they were written to often enough on this day.
    pub(super) fn had_enough(&self) -> bool {
        self.state.unasked.is_some_and(|unasked| unasked.day == self.today() && unasked.times >= MOST)
    }

    /// True when so much came by itself on this day that not even what they asked for is said.
    pub(super) fn heard_all(&self) -> bool {
        self.state.unasked.is_some_and(|unasked| unasked.day == self.today() && unasked.all >= MOST_A_DAY)
    }

    /// Counts one more, when something was said since there were `before` effects.
    pub(super) fn count_said(&mut self, before: usize, asked_for: bool) {
        if !self.effects[before..].iter().any(|effect| matches!(effect, Effect::Say(_))) {
            return;
        }
        let day = self.today();
        let so_far = self.state.unasked.filter(|unasked| unasked.day == day);
        let Unasked { times, all, .. } = so_far.unwrap_or(Unasked { day, times: 0, all: 0 });
        let times = times.saturating_add(u8::from(!asked_for));
        self.state.unasked = Some(Unasked { day, times, all: all.saturating_add(1) });
    }

    /// Until when something waits that they were written to too often for.
    pub(super) fn tomorrow(&self) -> Outcome {
        let time = match fact(self.library, &self.facts, "quiet_to") {
            Value::Time { time } => time,
            _ => self.now.time(),
        };
        let morning = self.today().checked_add(1.day()).ok();
        let until = morning.and_then(|day| self.now.time_zone().to_timestamp(day.to_datetime(time)).ok());
        Outcome::Tomorrow { until: until.unwrap_or(Timestamp::MAX) }
    }
}
