//! Notices that a platform is in trouble, so that what nobody waits for is not thrown at it. Pure.
//!
//! Answers go on and tell how it is. After a rest one message is a probe: if it comes through, so does the rest.

use std::time::Duration;

use jiff::Timestamp;

use crate::clock::add;

/// How many calls are looked at.
const CALLS: u32 = 20;
/// How long to leave a platform in peace.
const REST: Duration = Duration::from_secs(30);

/// Opens when half of the last calls brought no answer.
#[derive(Clone, Debug, Default)]
pub(super) struct Breaker {
    /// One bit for each of the last calls, the newest lowest: 1 brought no answer.
    recent: u32,
    seen: u32,
    open: Option<Open>,
}

#[derive(Clone, Copy, Debug)]
struct Open {
    until: Timestamp,
    probing: bool,
}

/// What an answer changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// The platform is left in peace until then.
    Opened(Timestamp),
    /// The platform answers again.
    Closed,
}

impl Breaker {
    /// Notes one call: did it bring an answer, whatever the answer was?
    pub(super) fn note(&mut self, answered: bool, now: Timestamp) -> Option<Change> {
        match self.open {
            Some(open) if now < open.until => None,
            Some(_) if answered => {
                *self = Self::default();
                Some(Change::Closed)
            }
            Some(_) => Some(self.rest(now)),
            None => {
                self.recent = (self.recent << 1 | u32::from(!answered)) & ((1 << CALLS) - 1);
                self.seen = (self.seen + 1).min(CALLS);
                let half = self.seen == CALLS && self.recent.count_ones() * 2 >= CALLS;
                half.then(|| self.rest(now))
            }
        }
    }

    fn rest(&mut self, now: Timestamp) -> Change {
        let until = add(now, REST);
        self.open = Some(Open { until, probing: false });
        Change::Opened(until)
    }

    /// How many messages that nobody waits for may be sent now.
    pub(super) fn bulk(&self, now: Timestamp) -> usize {
        match self.open {
            None => usize::MAX,
            Some(open) => usize::from(now >= open.until && !open.probing),
        }
    }

    /// Is the platform left in peace?
    pub(super) fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// Such a message is on its way.
    pub(super) fn sends_bulk(&mut self) {
        if let Some(open) = &mut self.open {
            open.probing = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    fn broken(now: i64) -> Breaker {
        let mut breaker = Breaker::default();
        let changes: Vec<_> = (0..20).map(|call| breaker.note(call % 2 == 0, at(now))).collect();
        assert_eq!(changes.iter().flatten().collect::<Vec<_>>(), [&Change::Opened(at(now + 30))]);
        assert_eq!(changes.last(), Some(&Some(Change::Opened(at(now + 30)))), "twenty calls are needed");
        breaker
    }

    #[test]
    fn it_opens_when_half_of_twenty_calls_fail() {
        let mut breaker = Breaker::default();
        for call in 0..200 {
            assert_eq!(breaker.note(call % 20 >= 9, at(0)), None, "call {call}: nine of twenty");
        }
        broken(0);
    }

    #[test]
    fn after_a_rest_one_message_is_the_probe() {
        let mut breaker = broken(0);
        assert_eq!([0, 29, 30].map(|now| breaker.bulk(at(now))), [0, 0, 1]);
        assert_eq!(breaker.note(true, at(29)), None, "what was on its way tells nothing");
        breaker.sends_bulk();
        assert_eq!(breaker.bulk(at(31)), 0);
        assert_eq!(breaker.note(false, at(32)), Some(Change::Opened(at(62))));
        assert_eq!([61, 62].map(|now| breaker.bulk(at(now))), [0, 1]);
        assert_eq!(breaker.note(true, at(62)), Some(Change::Closed), "an answer that was sent will do");
        assert_eq!(breaker.bulk(at(62)), usize::MAX);
    }
}
