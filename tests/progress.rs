//! What days add up to: the score bends and never snaps, gold never comes off, and a day stays the day it was.

mod support;

use fastrand::Rng;
use goldseam::practice::deed::Kind;
use goldseam::practice::figure::Figure;
use goldseam::practice::gold::{Breadth, pieces};
use goldseam::practice::history::{Done, History, Promised, Returned};
use goldseam::practice::promise::Standing;
use goldseam::practice::score::score;
use goldseam::types::Value;
use jiff::ToSpan;
use jiff::civil::{Date, date};

use support::chat;
use support::prompts::scripts_with;

const FIRST: Date = date(2026, 1, 1);
const SEEDS: u64 = 30;

fn promise(number: usize, day: Date, standing: Standing) -> Promised {
    let settled = (standing != Standing::Open).then_some(day);
    Promised { id: number.to_string(), made: day, due: day, standing, settled, sure: None }
}

/// Adds something that happened on this day.
fn happens(history: &mut History, random: &mut Rng) {
    let (day, number) = (history.today, history.promises.len());
    match random.u8(0..8) {
        0..4 => history.promises.push(promise(number, day, Standing::ALL[random.usize(0..Standing::ALL.len())])),
        4 | 5 => history.check_in(day, Some(random.i64(1..6))),
        6 => history.returns.push(Returned { id: number.to_string(), day, away: 4 }),
        _ => {
            let kind = Kind::ALL[random.usize(0..Kind::ALL.len())].1;
            history.deeds.push(Done { id: number.to_string(), kind, day, amount: None, about: None });
        }
    }
}

/// Goes on to the next day.
fn next_day(history: &mut History) {
    history.today = history.today.saturating_add(1.day());
}

#[test]
fn the_score_stays_within_its_bounds_whatever_happens() {
    for seed in 0..SEEDS {
        let (mut random, mut history) = (Rng::with_seed(seed), History::empty(FIRST));
        for _ in 0..60 {
            (0..random.u8(0..4)).for_each(|_| happens(&mut history, &mut random));
            assert!(score(&history).is_none_or(|score| (0..=100).contains(&score)), "seed {seed}: {history:?}");
            next_day(&mut history);
        }
    }
}

#[test]
fn no_sequence_of_missed_and_silent_days_brings_it_to_zero() {
    for seed in 0..SEEDS {
        let (mut random, mut history) = (Rng::with_seed(seed), History::empty(FIRST));
        history.promises.push(promise(0, FIRST, Standing::Kept));
        let mut before = score(&history).unwrap();
        assert_eq!(before, 100);
        for number in 1..250 {
            next_day(&mut history);
            if random.bool() {
                history.promises.push(promise(number, history.today, Standing::Missed));
            }
            let now = score(&history).unwrap();
            assert!((1..=before).contains(&now), "seed {seed}: {before}, then {now}");
            before = now;
        }
    }
}

#[test]
fn a_missed_day_bends_it_and_a_kept_one_straightens_it() {
    let mut history = History::empty(FIRST);
    let mut settle = |standing| {
        next_day(&mut history);
        history.promises.push(promise(history.promises.len(), history.today, standing));
        score(&history).unwrap()
    };
    (0..20).for_each(|_| _ = settle(Standing::Kept));
    let bent = settle(Standing::Missed);
    assert!((90..100).contains(&bent), "one missed day in three weeks is {bent}");
    let later = (0..5).map(|_| settle(Standing::ToldAhead)).last();
    assert!(later > Some(bent));
}

#[test]
fn what_is_told_ahead_counts_like_what_is_kept_and_what_is_let_go_not_at_all() {
    let with = |standing| {
        let mut history = History::empty(FIRST);
        history.promises = vec![promise(0, FIRST, Standing::Missed), promise(1, FIRST, standing)];
        score(&history)
    };
    assert_eq!(with(Standing::ToldAhead), with(Standing::Kept));
    assert!(with(Standing::Repaired) > with(Standing::Missed));
    assert_eq!(with(Standing::Released), with(Standing::Missed));
    assert_eq!(score(&History::empty(FIRST)), None);
}

#[test]
fn gold_never_goes_away_and_never_becomes_thin() {
    for seed in 0..SEEDS {
        let (mut random, mut history) = (Rng::with_seed(seed), History::empty(FIRST));
        let (mut all, mut full) = (0, 0);
        for _ in 0..200 {
            happens(&mut history, &mut random);
            let now = pieces(&history);
            let now_full = now.iter().filter(|piece| piece.breadth == Breadth::Full).count();
            assert!(now.len() >= all && now_full >= full, "seed {seed}: {history:?}");
            (all, full) = (now.len(), now_full);
            if random.bool() {
                next_day(&mut history);
            }
        }
    }
}

#[test]
fn figures_count_n_of_m_in_their_days() {
    let mut history = History::empty(date(2026, 3, 30));
    for (ago, standing) in
        [(0, Standing::Kept), (6, Standing::Missed), (7, Standing::Repaired), (29, Standing::ToldAhead)]
    {
        history.promises.push(promise(0, history.today.saturating_sub(ago.days()), standing));
    }
    history.promises.push(promise(0, history.today.saturating_sub(40.days()), Standing::KeptLate));
    history.promises.push(promise(0, history.today, Standing::Released));
    let figure = |word: &str| Figure::named(word).unwrap().of(&history);
    let of = |words: [&str; 2]| words.map(figure);
    assert_eq!(of(["kept_7", "promises_7"]), [Value::Int(1), Value::Int(2)]);
    assert_eq!(of(["kept_14", "promises_14"]), [Value::Int(2), Value::Int(3)]);
    assert_eq!(of(["kept_30", "promises_30"]), [Value::Int(3), Value::Int(4)]);
    assert_eq!(of(["kept_before", "promises_before"]), [Value::Int(1), Value::Int(1)]);
    assert_eq!(figure("enough"), Value::Bool(false));
}

#[test]
fn moods_are_compared_when_both_months_have_enough() {
    let mut history = History::empty(date(2026, 6, 30));
    let mood = |history: &History| Figure::Mood.of(history);
    (0..7).for_each(|ago: i64| history.check_in(history.today.saturating_sub(ago.days()), Some(4)));
    assert_eq!(mood(&history), Value::None);
    (30..37).for_each(|ago: i64| history.check_in(history.today.saturating_sub(ago.days()), Some(2)));
    assert_eq!(mood(&history), Value::text("higher"));
    (0..30).for_each(|ago: i64| history.check_in(history.today.saturating_sub(ago.days()), Some(2)));
    assert_eq!(mood(&history), Value::text("same"));
}

/// Written at half past one at night, which is still the evening before; then the clock moves on, and then the person travels.
#[test]
fn a_day_stays_the_day_it_was() {
    let probe = "script: probe\ntitle: Probe\nstart_with: [/probe]\nvars:\n  a: { type: text, max: 60 }\nsteps:\n  - record: { deed: letter }\n  - id: a\n    ask: A?\n    save: a\n  - say: '${ days_of(\"letter\", 1) } ${ days_of(\"letter\", 2) }.'\n  - remember: { timezone: '\"Pacific/Auckland\"' }\n  - id: b\n    ask: B?\n    save: a\n  - say: '${ days_of(\"letter\", 1) } ${ days_of(\"letter\", 2) }, ${ a }.'\n";
    let scripts = scripts_with(&[("probe.yaml", probe)]);
    let story = "given: me.consent = yes; me.timezone = Europe/Vienna; now = 2026-03-03 01:30
> /probe
< A?...
! deed letter
(+2h)
> x
< 0 1.
< B?...
> y
< 0 1, y.
";
    chat::plays(&scripts, story);
}
