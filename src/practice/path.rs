//! Paths: which reflection comes next for somebody, and whether it is time for one.
//!
//! A path is a list of steps in a sensible order, each from some day on. Nothing here is a duty: a step that was left, or that was
//! not wanted, gives way to the others. Never counts what was not done.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;

/// How many days a step rests that somebody began and left at its first question.
const AFTER_LEAVING: i64 = 14;
/// How many days a step rests that was not wanted.
const AFTER_REFUSAL: i64 = 30;

/// One step of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step<'s> {
    /// The script.
    pub script: &'s str,
    /// Not before so many days here; the day of the beginning is day 0.
    pub from_day: i64,
    /// True when it touches what hurts.
    pub heavy: bool,
    /// The script that is a softer way of the same, if there is one. Having done it is having done the step.
    pub softer: Option<&'s str>,
}

/// A path with its steps in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path<'s> {
    /// Its word: `self`, `hurt` ...
    pub name: &'s str,
    /// Its steps.
    pub steps: Vec<Step<'s>>,
}

/// How much somebody wants to be offered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "named as in prompts/facts.yaml")]
pub enum Pace {
    Slow,
    #[default]
    Steady,
    More,
}

impl Pace {
    /// The pace of a word; steady for any other.
    #[must_use]
    pub fn of(word: &str) -> Self {
        match word {
            "slow" => Pace::Slow,
            "more" => Pace::More,
            _ => Pace::Steady,
        }
    }

    /// Days from one step to the next that is offered unasked.
    fn gap(self) -> i64 {
        match self {
            Pace::Slow => 4,
            Pace::Steady => 2,
            Pace::More => 1,
        }
    }

    /// Days from one heavy step to the next.
    fn heavy_gap(self) -> i64 {
        match self {
            Pace::Slow => 8,
            Pace::Steady => 4,
            Pace::More => 2,
        }
    }
}

/// What became of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// It was done.
    Done,
    /// It was begun, and left at its first question or for any other reason: which one is nobody's business.
    Left,
    /// "Not this one", once.
    Refused,
    /// The same a second time: it is not offered again.
    Never,
}

const MARKS: [(Mark, &str); 4] =
    [(Mark::Done, "done"), (Mark::Left, "left"), (Mark::Refused, "refused"), (Mark::Never, "never")];

/// What is kept of a step, and of which day. Written as `hindsight done 2026-03-02`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Past {
    /// The script.
    pub script: String,
    /// What became of it.
    pub mark: Mark,
    /// The person's day.
    pub on: Date,
}

impl fmt::Display for Past {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = MARKS.iter().find(|(mark, _)| *mark == self.mark).map_or("", |(_, word)| word);
        write!(f, "{} {word} {}", self.script, self.on)
    }
}

impl FromStr for Past {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let [script, word, day] = text.split(' ').collect::<Vec<_>>()[..] else { return Err(()) };
        let mark = MARKS.iter().find(|(_, known)| *known == word).map(|(mark, _)| *mark).ok_or(())?;
        Ok(Past { script: script.to_owned(), mark, on: day.parse().map_err(|_| ())? })
    }
}

/// What is kept, with one more thing that became of a script. One is kept for each script; having done it stays.
#[must_use]
pub fn noted(past: &[Past], script: &str, mark: Mark, today: Date) -> Vec<Past> {
    let before = past.iter().find(|old| old.script == script).map(|old| old.mark);
    let mark = match (before, mark) {
        (Some(Mark::Done), Mark::Left) => return past.to_vec(),
        (Some(Mark::Refused | Mark::Never), Mark::Refused) => Mark::Never,
        _ => mark,
    };
    let others = past.iter().filter(|old| old.script != script).cloned();
    others.chain([Past { script: script.to_owned(), mark, on: today }]).collect()
}

/// Somebody on their paths.
#[derive(Clone, Debug)]
pub struct Walk<'s> {
    /// The paths they chose, in their order.
    pub paths: Vec<Path<'s>>,
    /// Their pace.
    pub pace: Pace,
    /// True for some days after "too fast".
    pub eased: bool,
    /// True on a day on which they are low.
    pub low: bool,
    /// Their day.
    pub today: Date,
    /// The day they began; none of the steps has to wait when it is not known.
    pub began: Option<Date>,
    /// The day on which a step was last offered unasked.
    pub offered: Option<Date>,
    /// What became of the steps.
    pub past: Vec<Past>,
}

/// A step that fits today.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Next<'s> {
    /// Of which path.
    pub path: &'s str,
    /// The step.
    pub step: Step<'s>,
    /// True when it may be offered unasked.
    pub is_time: bool,
}

impl<'s> Walk<'s> {
    /// The step that fits today, if one does. Of several paths, the one of which least was done comes first.
    #[must_use]
    pub fn next(&self) -> Option<Next<'s>> {
        let mut paths: Vec<&Path<'s>> = self.paths.iter().collect();
        paths.sort_by_key(|path| path.steps.iter().filter(|step| self.is_done(step)).count());
        let found = paths.into_iter().find_map(|path| {
            let step = path.steps.iter().find(|step| self.fits(step))?;
            Some((path.name, *step))
        });
        found.map(|(path, step)| Next { path, step, is_time: self.is_time() })
    }

    fn past_of(&self, script: &str) -> Option<&Past> {
        self.past.iter().find(|past| past.script == script)
    }

    fn days_since(&self, day: Date) -> i64 {
        (self.today - day).get_days().into()
    }

    fn is_done(&self, step: &Step<'_>) -> bool {
        let done = |script| self.past_of(script).is_some_and(|past| past.mark == Mark::Done);
        done(step.script) || step.softer.is_some_and(done)
    }

    fn fits(&self, step: &Step<'_>) -> bool {
        let early = self.began.is_some_and(|began| self.days_since(began) < step.from_day);
        let resting = self.past_of(step.script).is_some_and(|past| match past.mark {
            Mark::Done | Mark::Never => true,
            Mark::Left => self.days_since(past.on) < AFTER_LEAVING,
            Mark::Refused => self.days_since(past.on) < AFTER_REFUSAL,
        });
        !early && !resting && !self.is_done(step) && !(step.heavy && self.is_too_heavy())
    }

    /// Heavy things have no place on a low day, and stand some days apart.
    fn is_too_heavy(&self) -> bool {
        let heavy = |script: &str| {
            let mut steps = self.paths.iter().flat_map(|path| &path.steps);
            steps.any(|step| step.heavy && (step.script == script || step.softer == Some(script)))
        };
        let done = self.past.iter().filter(|past| past.mark == Mark::Done && heavy(&past.script));
        self.low || done.map(|past| self.days_since(past.on)).any(|days| days < self.stretched(self.pace.heavy_gap()))
    }

    /// True when enough days have passed for another step. On a low day nothing is offered unasked.
    fn is_time(&self) -> bool {
        let days = self.past.iter().map(|past| past.on).chain(self.offered);
        let last = days.map(|day| self.days_since(day)).min();
        !self.low && last.is_none_or(|days| days >= self.stretched(self.pace.gap()))
    }

    /// Half the load is twice the distance.
    fn stretched(&self, days: i64) -> i64 {
        if self.eased { 2 * days } else { days }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn step(script: &str, from_day: i64, heavy: bool) -> Step<'_> {
        Step { script, from_day, heavy, softer: None }
    }

    fn day(day: i64) -> Date {
        let first: Date = "2026-03-01".parse().unwrap();
        first + jiff::Span::new().days(day)
    }

    fn walk(paths: Vec<Path<'_>>, past: &[&str]) -> Walk<'static> {
        let paths = paths.into_iter().map(|path| {
            let steps =
                path.steps.into_iter().map(|step| Step { script: step.script.to_owned().leak(), softer: None, ..step });
            Path { name: path.name.to_owned().leak(), steps: steps.collect() }
        });
        Walk {
            paths: paths.collect(),
            pace: Pace::Steady,
            eased: false,
            low: false,
            today: day(20),
            began: Some(day(0)),
            offered: None,
            past: past.iter().map(|text| text.parse().unwrap()).collect(),
        }
    }

    fn two() -> Vec<Path<'static>> {
        vec![
            Path { name: "self", steps: vec![step("a", 0, false), step("b", 3, true), step("c", 5, true)] },
            Path { name: "hurt", steps: vec![step("x", 0, false), step("b", 3, true), step("y", 40, false)] },
        ]
    }

    fn next(walk: &Walk<'static>) -> Option<(&'static str, &'static str)> {
        walk.next().map(|next| (next.path, next.step.script))
    }

    #[test]
    fn steps_come_in_order_and_paths_in_turn() {
        assert_eq!(next(&walk(two(), &[])), Some(("self", "a")));
        assert_eq!(next(&walk(two(), &["a done 2026-03-02"])), Some(("hurt", "x")));
        assert_eq!(next(&walk(two(), &["a done 2026-03-02", "x done 2026-03-04"])), Some(("self", "b")));
        // What two paths share is done once.
        let past = ["a done 2026-03-02", "x done 2026-03-04", "b done 2026-03-06"];
        assert_eq!(next(&walk(two(), &past)), Some(("self", "c")));
        assert_eq!(next(&walk(two(), &[&past[..], &["c done 2026-03-12"]].concat())), None);
    }

    #[test]
    fn nothing_comes_before_its_day() {
        let early = Walk { today: day(2), ..walk(two(), &["a done 2026-03-01", "x done 2026-03-01"]) };
        assert_eq!(next(&early), None);
        assert_eq!(next(&Walk { today: day(3), ..early.clone() }), Some(("self", "b")));
        assert_eq!(next(&Walk { began: None, ..early }), Some(("self", "b")));
    }

    #[test]
    fn heavy_steps_stand_apart_and_wait_on_a_low_day() {
        let past = ["a done 2026-03-02", "x done 2026-03-02", "b done 2026-03-18"];
        for (pace, days) in [(Pace::More, 2), (Pace::Steady, 4), (Pace::Slow, 8)] {
            let on = |today: i64| next(&Walk { pace, today: day(17 + today), ..walk(two(), &past) });
            assert_eq!((on(days - 1), on(days)), (None, Some(("self", "c"))), "{pace:?}");
        }
        assert_eq!(next(&Walk { low: true, ..walk(two(), &["a done 2026-03-02", "x done 2026-03-02"]) }), None);
        assert_eq!(next(&Walk { low: true, ..walk(two(), &[]) }), Some(("self", "a")));
    }

    #[test]
    fn a_step_is_offered_unasked_at_the_pace_only() {
        for (pace, days) in [(Pace::More, 1), (Pace::Steady, 2), (Pace::Slow, 4)] {
            let on = |passed: i64, eased: bool| {
                let offered = Some(day(20 - passed));
                Walk { pace, eased, offered, ..walk(two(), &[]) }.next().unwrap().is_time
            };
            assert!(!on(0, false) && !on(days - 1, false) && on(days, false), "{pace:?}");
            assert!(!on(2 * days - 1, true) && on(2 * days, true), "{pace:?}");
        }
        assert!(!Walk { low: true, ..walk(two(), &[]) }.next().unwrap().is_time);
    }

    #[test]
    fn what_was_not_wanted_rests_and_then_stays_away() {
        let past = noted(&[], "a", Mark::Refused, day(0));
        let path = || vec![two().remove(0)];
        let on = |past: &[Past], today| next(&Walk { past: past.to_vec(), today, ..walk(path(), &[]) });
        assert_eq!((on(&past, day(29)), on(&past, day(30))), (Some(("self", "b")), Some(("self", "a"))));
        let past = noted(&past, "a", Mark::Refused, day(30));
        assert_eq!(past[0].to_string(), "a never 2026-03-31");
        assert_eq!(on(&past, day(300)), Some(("self", "b")));
        let past = noted(&[], "a", Mark::Left, day(0));
        assert_eq!((on(&past, day(13)), on(&past, day(14))), (Some(("self", "b")), Some(("self", "a"))));
    }

    #[test]
    fn what_was_done_stays_done() {
        let past = noted(&[], "a", Mark::Done, day(0));
        assert_eq!(noted(&past, "a", Mark::Left, day(3)), past);
        assert_eq!(noted(&past, "a", Mark::Done, day(3))[0].on, day(3));
        let softer = Step { softer: Some("a-softer"), ..step("a", 0, true) };
        let walked = walk(vec![], &["a-softer done 2026-03-02"]);
        let walked = Walk { paths: vec![Path { name: "self", steps: vec![softer] }], ..walked };
        assert_eq!(next(&walked), None);
    }
}
