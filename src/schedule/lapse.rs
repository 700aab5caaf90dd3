//! When the program itself was not there, and clocks that are wrong: told from when it last looked at the clock.
//!
//! Never reads a clock: the last look, the present one, and for how long a strange one has been there, are arguments.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// How often a look at the clock is noted.
pub const BEAT: SignedDuration = SignedDuration::from_secs(30);
/// After so long without a look, the program was away.
const AWAY: SignedDuration = SignedDuration::from_mins(3);
/// Two absences with less than this between them are one.
const BETWEEN: SignedDuration = SignedDuration::from_mins(5);
/// A clock that is further ahead than anybody leaves a bot alone is not believed at once.
const LEAP: SignedDuration = SignedDuration::from_hours(60 * 24);
/// After so long it is.
const BELIEVED: SignedDuration = SignedDuration::from_hours(1);
/// A clock that was set back by less than this only stands still for a while.
const SET_BACK: SignedDuration = SignedDuration::from_mins(1);

/// A time in which the program was not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Away {
    /// Since when.
    pub from: Timestamp,
    /// Until when.
    pub until: Timestamp,
}

impl Away {
    /// Whether something that was due then came due while nobody was there.
    #[must_use]
    pub fn covers(&self, at: Timestamp) -> bool {
        self.from < at && at < self.until
    }

    /// Both as one, when the program was there for a moment only in between.
    #[must_use]
    pub fn after(self, before: Option<Away>) -> Away {
        match before {
            Some(before) if self.from.duration_since(before.until) < BETWEEN => Away { from: before.from, ..self },
            _ => self,
        }
    }
}

/// What a look at the clock says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lapse {
    /// Nothing special.
    Steady,
    /// The program was not there meanwhile.
    Away(Away),
    /// The clock is so far ahead that it is probably wrong: nothing is fired, and nothing is noted, until it is right again or has
    /// stayed so.
    Leapt,
    /// The clock was set back: what was planned while it was ahead is planned anew.
    SetBack,
}

/// Judges a look at the clock. `strange_for` is how long it has looked like a leap, on a clock that nobody sets.
#[must_use]
pub fn judge(last: Option<Timestamp>, now: Timestamp, strange_for: SignedDuration) -> Lapse {
    let Some(last) = last else { return Lapse::Steady };
    let passed = now.duration_since(last);
    if passed < -SET_BACK {
        Lapse::SetBack
    } else if passed > LEAP && strange_for < BELIEVED {
        Lapse::Leapt
    } else if passed > AWAY {
        Lapse::Away(Away { from: last, until: now })
    } else {
        Lapse::Steady
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_at_the_clock_tells_an_absence_from_a_wrong_clock() {
        let last = Timestamp::from_second(1_800_000_000).unwrap();
        let look = |seconds: i64, strange: i64| {
            judge(Some(last), last + SignedDuration::from_secs(seconds), SignedDuration::from_secs(strange))
        };
        let away = |seconds: i64| Lapse::Away(Away { from: last, until: last + SignedDuration::from_secs(seconds) });
        let (hour, day) = (3_600, 86_400);
        assert_eq!(judge(None, last, SignedDuration::ZERO), Lapse::Steady);
        assert_eq!(look(60, 0), Lapse::Steady);
        assert_eq!(look(0, 0), Lapse::Steady, "a clock that stands still");
        assert_eq!(look(-1, 0), Lapse::Steady, "a small step back");
        assert_eq!(look(-2 * 60, 0), Lapse::SetBack);
        assert_eq!(look(10 * 60, 0), away(10 * 60));
        assert_eq!(look(3 * day, 0), away(3 * day));
        assert_eq!(look(3_650 * day, 0), Lapse::Leapt);
        assert_eq!(look(3_650 * day, hour - 1), Lapse::Leapt);
        assert_eq!(look(90 * day, hour), away(90 * day), "it was off for a season");
    }

    #[test]
    fn absences_with_little_between_them_are_one() {
        let at = |minutes: i64| Timestamp::from_second(1_800_000_000 + minutes * 60).unwrap();
        let first = Away { from: at(0), until: at(10) };
        let second = Away { from: at(12), until: at(30) };
        assert_eq!(second.after(Some(first)), Away { from: at(0), until: at(30) });
        let later = Away { from: at(60), until: at(70) };
        assert_eq!(later.after(Some(first)), later);
        assert!(first.covers(at(5)) && !first.covers(at(0)) && !first.covers(at(10)));
    }
}
