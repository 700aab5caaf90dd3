//! What somebody did, day by day: for figures and pictures. Days are those of the person's own calendar, fixed when they happened,
//! so that neither a journey nor another hour at which days begin moves them afterwards.
//!
//! Holds no words of the person. Costs the database a question, so it is read only for turns that need it.

use jiff::ToSpan as _;
use jiff::civil::Date;

use super::deed::{Deed, Kind, mark};
use super::promise::Standing;

/// Somebody who says less than this, of ten, is not sure of a promise. A smaller one is offered then.
pub const SURE: i64 = 7;

/// Everything that counts, oldest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct History {
    /// Today on the person's own calendar.
    pub today: Date,
    /// Check-ins, one for each day.
    pub checkins: Vec<CheckedIn>,
    /// Promises, the open ones too.
    pub promises: Vec<Promised>,
    /// Times they came back after a gap.
    pub returns: Vec<Returned>,
    /// Deeds that scripts recorded.
    pub deeds: Vec<Done>,
}

/// A check-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CheckedIn {
    /// The day it was for.
    pub day: Date,
    /// 1 (rough) to 5 (great), when it was told.
    pub mood: Option<i64>,
}

/// A promise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Promised {
    /// Which.
    pub id: String,
    /// The day it was made.
    pub made: Date,
    /// The day it was due.
    pub due: Date,
    /// How it stands.
    pub standing: Standing,
    /// The day the person told how it stands; nothing while it is open.
    pub settled: Option<Date>,
    /// How sure they were when they made it, from 0 to 10, when they said so.
    pub sure: Option<i64>,
}

/// A return after a gap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Returned {
    /// Which.
    pub id: String,
    /// The day they came back.
    pub day: Date,
    /// How many days they were away.
    pub away: i64,
}

/// A deed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Done {
    /// Which.
    pub id: String,
    /// What was done.
    pub kind: Kind,
    /// When.
    pub day: Date,
    /// A number that goes with it.
    pub amount: Option<i64>,
    /// A mark of what it was about ([`mark`]).
    pub about: Option<u64>,
}

impl Promised {
    /// True for one that they were not sure of when they made it.
    #[must_use]
    pub fn is_unsure(&self) -> bool {
        self.sure.is_some_and(|sure| sure < SURE)
    }

    /// The day it counts for: the one on which it was due, or was settled when that was earlier. Nothing for one that is open or was
    /// let go on purpose: nobody knows how it went, or nothing was owed any more.
    #[must_use]
    pub fn counts_on(&self) -> Option<Date> {
        match self.standing {
            Standing::Open | Standing::Released => None,
            Standing::Kept | Standing::KeptLate | Standing::ToldAhead | Standing::Repaired | Standing::Missed => {
                Some(self.settled.map_or(self.due, |settled| settled.min(self.due)))
            }
        }
    }
}

impl History {
    /// Nothing yet.
    #[must_use]
    pub fn empty(today: Date) -> Self {
        Self { today, checkins: Vec::new(), promises: Vec::new(), returns: Vec::new(), deeds: Vec::new() }
    }

    /// True for a day among the last so many, today included.
    #[must_use]
    pub fn is_within(&self, day: Date, days: i64) -> bool {
        let ago = i64::from((self.today - day).get_days());
        (0..days).contains(&ago)
    }

    /// Promises they were not sure of, ever, of which it is known how they went.
    pub fn unsure(&self) -> impl Iterator<Item = &Promised> {
        self.promises.iter().filter(|one| one.is_unsure() && one.counts_on().is_some())
    }

    /// Promises that came due in the last so many days and of which it is known how they went.
    pub fn due_within(&self, days: i64) -> impl Iterator<Item = &Promised> {
        self.promises.iter().filter(move |one| one.counts_on().is_some_and(|day| self.is_within(day, days)))
    }

    /// Check-ins of the last so many days.
    pub fn checkins_within(&self, days: i64) -> impl Iterator<Item = &CheckedIn> {
        self.checkins.iter().filter(move |one| self.is_within(one.day, days))
    }

    /// Deeds of one kind: all of them, or those of the last so many days.
    pub fn deeds_of(&self, kind: Kind, days: Option<i64>) -> impl Iterator<Item = &Done> {
        self.deeds.iter().filter(move |one| one.kind == kind && days.is_none_or(|days| self.is_within(one.day, days)))
    }

    /// On how many different days there was a deed of one kind.
    #[must_use]
    pub fn days_of(&self, kind: Kind, days: Option<i64>) -> usize {
        let mut found: Vec<Date> = self.deeds_of(kind, days).map(|one| one.day).collect();
        found.sort_unstable();
        found.dedup();
        found.len()
    }

    /// The first day of which anything is known.
    #[must_use]
    pub fn first_day(&self) -> Option<Date> {
        let promises = self.promises.iter().filter_map(Promised::counts_on);
        let others = self.returns.iter().map(|one| one.day).chain(self.deeds.iter().map(|one| one.day));
        self.checkins.iter().map(|one| one.day).chain(promises).chain(others).min()
    }

    /// The days from the first one of which anything is known until today.
    pub fn days(&self) -> impl Iterator<Item = Date> + use<> {
        let (from, today) = (self.first_day(), self.today);
        from.into_iter().flat_map(move |from| from.series(1.day()).take_while(move |day| *day <= today))
    }

    // --- what a turn adds and takes back ---

    /// A check-in takes the place of the one for the same day.
    pub fn check_in(&mut self, day: Date, mood: Option<i64>) {
        self.checkins.retain(|one| one.day != day);
        self.checkins.push(CheckedIn { day, mood });
        self.checkins.sort_unstable_by_key(|one| one.day);
    }

    /// Says how a promise stands; an open one is not settled.
    pub fn settle(&mut self, id: &str, standing: Standing, day: Date) {
        if let Some(one) = self.promises.iter_mut().find(|one| one.id == id) {
            one.standing = standing;
            one.settled = (standing != Standing::Open).then_some(day);
        }
    }

    /// Adds a deed.
    pub fn add(&mut self, deed: &Deed) {
        let Deed { id, kind, day, amount, about } = deed;
        let about = about.as_ref().map(|words| mark(words.reveal()));
        self.deeds.push(Done { id: id.clone(), kind: *kind, day: *day, amount: *amount, about });
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn promise(due: Date, settled: Option<Date>, standing: Standing) -> Promised {
        Promised { id: "p".into(), made: due, due, standing, settled, sure: None }
    }

    #[test]
    fn a_promise_counts_on_the_day_it_was_due_or_settled_before() {
        let (due, before, after) = (date(2026, 3, 4), date(2026, 3, 2), date(2026, 3, 9));
        assert_eq!(promise(due, Some(before), Standing::Kept).counts_on(), Some(before));
        assert_eq!(promise(due, Some(after), Standing::Repaired).counts_on(), Some(due));
        assert_eq!(promise(due, Some(before), Standing::Released).counts_on(), None);
        assert_eq!(promise(due, None, Standing::Open).counts_on(), None);
    }

    #[test]
    fn a_promise_is_unsure_below_seven_and_counts_when_it_is_known_how_it_went() {
        let due = date(2026, 3, 4);
        let of = |sure, standing| Promised { sure, ..promise(due, Some(due), standing) };
        let mut history = History::empty(due);
        history.promises = vec![
            of(Some(6), Standing::Kept),
            of(Some(0), Standing::Missed),
            of(Some(7), Standing::Kept),
            of(None, Standing::Kept),
            of(Some(3), Standing::Released),
            of(Some(3), Standing::Open),
        ];
        let found: Vec<Standing> = history.unsure().map(|one| one.standing).collect();
        assert_eq!(found, [Standing::Kept, Standing::Missed]);
    }

    #[test]
    fn the_last_seven_days_begin_with_today() {
        let history = History::empty(date(2026, 3, 7));
        let within = |day| history.is_within(day, 7);
        assert!(within(date(2026, 3, 7)) && within(date(2026, 3, 1)));
        assert!(!within(date(2026, 2, 28)) && !within(date(2026, 3, 8)));
    }
}
