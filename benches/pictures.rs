//! What drawing a picture costs, from its numbers to its PNG.
//!
//! The baseline in the same run is an empty page of the same size on the same way: read as SVG, filled, encoded. Figures depend on
//! the machine; the ratio does less.

use std::time::{Duration, Instant};

use goldseam::picture;
use goldseam::types::{Drawing, Subject, Theme, Week};

const ROUNDS: usize = 15;

fn main() {
    let empty = median(|| picture::blank().expect("a page"));
    println!("one picture, median of {ROUNDS}");
    println!("  {:<24}{empty:>8.1} ms", "an empty page");
    for (name, drawing) in drawings() {
        let mut bytes = 0;
        let time = median(|| {
            let file = picture::draw(&drawing).expect("a picture");
            bytes = file.len();
            file
        });
        println!("  {name:<24}{time:>8.1} ms  {:>6.1} times  {:>5} KiB", time / empty, bytes / 1024);
    }
}

/// In milliseconds.
#[expect(clippy::disallowed_methods, reason = "a benchmark takes the time")]
fn median(mut draw: impl FnMut() -> Vec<u8>) -> f64 {
    let mut times: Vec<Duration> = (0..ROUNDS)
        .map(|_| {
            let begun = Instant::now();
            assert!(!draw().is_empty());
            begun.elapsed()
        })
        .collect();
    times.sort_unstable();
    times[ROUNDS / 2].as_secs_f64() * 1e3
}

fn drawings() -> Vec<(String, Drawing)> {
    let of = |subject| Drawing { subject, theme: Theme::Light };
    let mut all: Vec<(String, Drawing)> = [0, 1, 7, 60, 400]
        .map(|pieces| {
            let thin = pieces / 3;
            (format!("seam, {pieces} pieces"), of(Subject::Seam { plate: 7, full: pieces - thin, thin }))
        })
        .into();
    let mood = |day: u8| (day % 4 != 3).then_some(day % 5 + 1);
    let week = |said: u16| Week { label: "2 Mar".into(), said, done: said / 2, repaired: 1, ahead: 0 };
    let first = jiff::civil::date(2025, 12, 1);
    let ends = ["2 Mar".to_owned(), "30 May".to_owned()];
    all.push(("mood line, 90 days".into(), of(Subject::Mood { days: (0..90).map(mood).collect(), ends })));
    let moods = (0..365_u16).map(|day| mood((day % 200) as u8)).collect();
    all.push(("year".into(), of(Subject::Year { first, moods })));
    all.push(("said and done, 12 weeks".into(), of(Subject::Bars { weeks: (1..=12).map(week).collect() })));
    all
}
