//! What one turn of the daily check-in costs in the engine, and what loading many scripts costs. No database, no network.
//!
//! A turn reads the state from JSON, takes one step and writes the state to JSON; the parts are shown apart. The baseline in the same
//! run is the same conversation written by hand as a `match` over an enum, with its state through JSON as well. Figures depend on the
//! machine; the ratio does less.

use std::hint::black_box;
use std::time::{Duration, Instant};

use goldseam::engine::{self, Event, Facts, State};
use goldseam::prompts;
use goldseam::script::{Library, PromptFile};
use goldseam::types::{Private, Value};
use jiff::Zoned;
use serde::{Deserialize, Serialize};

/// As the program itself.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A whole check-in: started, answered by tapping and by writing, ended.
const TALK: [&str; 6] = ["/checkin", "4", "hopeful", "call my sister", "In the evening", "/menu"];
const ROUNDS: usize = 4_000;
const SCRIPTS: usize = 200;

fn main() {
    let library = prompts::load(None).map(|(library, _)| library).unwrap_or_else(|error| panic!("{error}"));
    let only = std::env::args().nth(1).filter(|name| !name.starts_with('-'));
    let wanted = |name: &str| only.as_deref().is_none_or(|only| only == name);
    if wanted("turns") {
        turns(&library);
    }
    if wanted("loading") {
        loading();
    }
}

fn turns(library: &Library) {
    let now: Zoned = "2026-03-02T20:00[Europe/Vienna]".parse().expect("a time");
    let facts = facts();
    let mut times = Times::default();
    for round in 0..ROUNDS {
        let mut json = serde_json::to_string(&State::new(round as u64)).expect("JSON");
        for words in TALK {
            let event = Event::Text(Private::new(words));
            json = turn(library, &json, &facts, &event, &now, &mut times);
        }
    }
    let by_hand = by_hand();
    let whole = median(&mut times.whole);
    println!("one turn of the daily check-in, median of {}", times.whole.len());
    println!("  state from JSON   {:>8.2} us", median(&mut times.read));
    println!("  step              {:>8.2} us", median(&mut times.step));
    println!("  state to JSON     {:>8.2} us", median(&mut times.write));
    println!("  together          {whole:>8.2} us");
    println!("  written by hand   {by_hand:>8.2} us");
    println!("  ratio             {:>8.1}", whole / by_hand);
    println!("  bytes of state    {:>8}", times.bytes / times.whole.len());
    for (words, times) in TALK.iter().zip(&mut times.each) {
        println!("    {words:<16}{:>8.2} us", median(times));
    }
}

#[derive(Default)]
struct Times {
    read: Vec<Duration>,
    step: Vec<Duration>,
    write: Vec<Duration>,
    whole: Vec<Duration>,
    each: [Vec<Duration>; TALK.len()],
    /// Of all states together.
    bytes: usize,
}

#[expect(clippy::disallowed_methods, reason = "a benchmark takes the time")]
fn turn(library: &Library, json: &str, facts: &Facts, event: &Event, now: &Zoned, times: &mut Times) -> String {
    let begun = Instant::now();
    let state = State::read(black_box(json)).expect("a state");
    let read = Instant::now();
    let (state, effects) = engine::step(library, state, facts, event, now);
    let stepped = Instant::now();
    let json = serde_json::to_string(black_box(&state)).expect("JSON");
    let written = Instant::now();
    assert!(!effects.is_empty());
    times.each[times.whole.len() % TALK.len()].push(written - begun);
    times.read.push(read - begun);
    times.step.push(stepped - read);
    times.write.push(written - stepped);
    times.whole.push(written - begun);
    times.bytes += json.len();
    json
}

fn facts() -> Facts {
    let mut facts = Facts::default();
    for (name, value) in [
        ("consent", Value::Bool(true)),
        ("welcomed", Value::Bool(true)),
        ("name", Value::text("Ana")),
        ("timezone", Value::text("Europe/Vienna")),
    ] {
        facts.me.insert(name.to_owned(), value);
    }
    facts
}

/// The same questions without an engine.
#[derive(Clone, Debug, Serialize, Deserialize)]
enum Hand {
    Idle,
    Mood,
    Feeling { mood: u8 },
    Promise { mood: u8, feeling: String },
    Remind { mood: u8, feeling: String, promise: String },
}

fn hand(state: Hand, text: &str) -> (Hand, String) {
    match state {
        Hand::Idle => (Hand::Mood, "How are you right now?".into()),
        Hand::Mood => match text.parse() {
            Ok(mood) if (1..=5).contains(&mood) => (Hand::Feeling { mood }, "Is there a word for it?".into()),
            _ => (Hand::Mood, "A number from 1 to 5 is enough.".into()),
        },
        Hand::Feeling { mood } => {
            (Hand::Promise { mood, feeling: text.to_owned() }, format!("Noted: {text}. One small thing for tomorrow?"))
        }
        Hand::Promise { mood, feeling } => {
            (Hand::Remind { mood, feeling, promise: text.to_owned() }, "Shall I remind you?".into())
        }
        Hand::Remind { promise, .. } => (Hand::Idle, format!("It is in the book: {promise}")),
    }
}

#[expect(clippy::disallowed_methods, reason = "a benchmark takes the time")]
fn by_hand() -> f64 {
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        let mut json = serde_json::to_vec(&Hand::Idle).expect("JSON");
        for words in TALK {
            let begun = Instant::now();
            let state: Hand = serde_json::from_slice(black_box(&json)).expect("a state");
            let (state, said) = hand(state, words);
            json = serde_json::to_vec(black_box(&state)).expect("JSON");
            times.push(begun.elapsed());
            assert!(!said.is_empty());
        }
    }
    median(&mut times)
}

/// In microseconds.
fn median(times: &mut [Duration]) -> f64 {
    times.sort_unstable();
    times[times.len() / 2].as_secs_f64() * 1e6
}

#[expect(clippy::disallowed_methods, reason = "a benchmark takes the time")]
fn loading() {
    let shipped = prompts::shipped();
    let many = many(&shipped);
    let report = |name: &str, files: &[PromptFile]| {
        let mut times = Vec::new();
        for _ in 0..9 {
            let begun = Instant::now();
            let (library, report) = Library::load(black_box(files));
            times.push(begun.elapsed());
            assert!(library.is_some(), "{report}");
        }
        let bytes: usize = files.iter().map(|file| file.text.len()).sum();
        println!("  {name:<18}{:>8.1} ms  ({} files, {} KiB)", median(&mut times) / 1e3, files.len(), bytes / 1024);
    };
    println!("reading and checking scripts, median of 9");
    report("the shipped ones", &shipped);
    report("many", &many);
}

/// The shipped scripts, and copies of them under other names until there are many.
fn many(shipped: &[PromptFile]) -> Vec<PromptFile> {
    let is_script =
        |file: &&PromptFile| file.path.ends_with(".yaml") && !file.path.contains('/') && file.text.contains("\nsteps:");
    let scripts: Vec<&PromptFile> = shipped.iter().filter(is_script).collect();
    let mut files = shipped.to_vec();
    let there = shipped.iter().filter(|file| file.text.contains("\nsteps:")).count();
    for (number, file) in scripts.iter().cycle().take(SCRIPTS.saturating_sub(there)).enumerate() {
        let name = file.path.trim_end_matches(".yaml");
        let copy = format!("{name}-{number}");
        let starts = |line: &&str| !line.starts_with("start_with:");
        let text: Vec<&str> = file.text.lines().filter(starts).collect();
        let text = text.join("\n").replacen(&format!("script: {name}"), &format!("script: {copy}"), 1) + "\n";
        files.push(PromptFile { path: format!("{copy}.yaml"), text });
    }
    files
}
