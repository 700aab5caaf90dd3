//! The bending score: how trustworthy the last weeks look, from 0 to 100. It bends and does not snap.
//!
//! Exponential smoothing over days, the idea that habit trackers such as Loop use in place of a run that ends: each day moves the
//! score towards what that day was worth, and every earlier day weighs half as much after a half-life.
//!
//! `s = s * k + worth * (1 - k)`, with `k = 2^(-1/14)` for a day of which something is known (half-life two weeks), and
//! `s = s * 2^(-1/60)` for a day of which nothing is (half-life two months: a silent day bends it a little).
//!
//! The worth of a day is the mean of the promises that counted on it; a day with a check-in, a return or an effort and no promise is
//! worth 1. Kept and told ahead are worth 1, repaired and kept late 0.8, missed 0. So that the first days do not look poor, what is
//! shown is `s` as a share of what it would be had every known day been worth 1. Once anything was worth something, the score never
//! shows less than ten.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::history::{History, Promised};
use super::promise::Standing;

/// After so many days of which something is known, a day weighs half.
const KNOWN: f64 = 14.0;
/// After so many days of which nothing is known, the score has bent by half.
const SILENT: f64 = 60.0;
/// What was once earned is never shown as less.
const FLOOR: f64 = 10.0;

/// The score, from 0 to 100; nothing before there is anything to tell.
#[must_use]
pub fn score(history: &History) -> Option<i64> {
    let worths = worths(history);
    let (known, silent) = ((-1.0 / KNOWN).exp2(), (-1.0 / SILENT).exp2());
    let (mut score, mut best, mut earned) = (0.0_f64, 0.0_f64, false);
    for day in history.days() {
        match worths.get(&day) {
            Some(worth) => {
                score = score * known + worth * (1.0 - known);
                best = best * known + (1.0 - known);
                earned |= *worth > 0.0;
            }
            None => score *= silent,
        }
    }
    if best <= 0.0 {
        return None;
    }
    let shown = (100.0 * score / best).clamp(if earned { FLOOR } else { 0.0 }, 100.0);
    #[expect(clippy::cast_possible_truncation, reason = "between 0 and 100")]
    Some(shown.round() as i64)
}

/// What each day is worth of which something is known.
fn worths(history: &History) -> BTreeMap<Date, f64> {
    let mut days: BTreeMap<Date, (f64, f64)> = BTreeMap::new();
    for (day, worth) in history.promises.iter().filter_map(|one| Some((one.counts_on()?, worth(one)))) {
        let (sum, count) = days.entry(day).or_default();
        (*sum, *count) = (*sum + worth, *count + 1.0);
    }
    let here = history.checkins.iter().map(|one| one.day).chain(history.returns.iter().map(|one| one.day));
    let efforts = history.deeds.iter().filter(|one| one.kind.is_effort()).map(|one| one.day);
    for day in here.chain(efforts) {
        days.entry(day).or_insert((1.0, 1.0));
    }
    days.into_iter().map(|(day, (sum, count))| (day, sum / count)).collect()
}

fn worth(promise: &Promised) -> f64 {
    match promise.standing {
        Standing::Kept | Standing::ToldAhead => 1.0,
        Standing::Repaired | Standing::KeptLate => 0.8,
        Standing::Missed | Standing::Open | Standing::Released => 0.0,
    }
}
