//! People who do anything at any time, on the shipped scripts: never a panic, never silence, never a state that grows.
//!
//! Each seed is one person; a failure names it.

mod support;

use std::panic::{AssertUnwindSafe, catch_unwind};

use fastrand::Rng;
use goldseam::engine::{Effect, Event};
use goldseam::script::{Library, Reserved};
use goldseam::types::Private;

use support::chat::Stage;
use support::prompts::library_with;

/// In a debug build about a quarter of a second each; raise it for a longer look.
const PEOPLE: u64 = 80;
const THREADS: u64 = 2;
const EVENTS: usize = 120;

/// What people type that is no label and no command.
const WORDS: &[&str] = &[
    "yes",
    "no",
    "skip",
    "stop",
    "back",
    "pause",
    "resume",
    "again",
    "help",
    "menu",
    "privacy",
    "1",
    "three",
    "10",
    "20:00",
    "8",
    "vienna",
    "tomorrow",
    "3 may",
    "check in",
    "I will call my sister",
    "be better",
    "don't know",
    "nothing",
    "sorry if you felt",
    "",
    " ",
    "/",
    "//",
    "/nonsense",
    "\u{1F600}",
    "I want to die",
    "a, b, c",
    "${ me.name }",
    "**",
    "delete it",
    "keep it",
    "go on",
    "use it",
    "\u{0}\u{1}\u{7f}",
    "q:1:0",
    "under 16",
    "18 or older",
    "agree",
    "kept it",
];

const FORGED: &[&str] =
    &["q:", "q:1", "q:999:0", "q:1:99", "q:1:-1", "q:1:s9", "q:2:skip", "\u{1F600}", "", "w:3", "q:0:0"];

/// All events of one person; what went wrong, if anything did.
fn live(library: &Library, commands: &[String], seed: u64) -> Result<(), String> {
    let mut random = Rng::with_seed(seed);
    let mut stage = Stage::new(library);
    if random.bool() {
        stage.given("me.consent = yes; me.welcomed = yes; open promise = call my sister; open promise = water");
    }
    let mut tokens: Vec<(String, String)> = Vec::new();
    let mut last = None;
    for number in 0..EVENTS {
        if random.u8(..10) == 0 {
            let hours = ["+1m", "+20m", "+1h", "+4h", "+9h", "+1d", "+4d"];
            stage.time(random.choice(hours).unwrap());
            note_buttons(&stage.heard().1, &mut tokens);
            last = None;
            continue;
        }
        let event = any_event(&mut random, &tokens, commands, stage.state().seq);
        stage.take(event.clone());
        let (said, effects) = stage.heard();
        note_buttons(&effects, &mut tokens);
        let ended = effects.iter().any(|effect| matches!(effect, Effect::Ended { .. }));
        // One button pressed twice at once is one press.
        let double = matches!(event, Event::Press(_)) && last.as_ref() == Some(&event);
        if event != Event::Recall {
            last = Some(event.clone());
        }
        if said.is_empty() && !ended && !double && event != Event::Recall {
            return Err(format!("event {number}, {} at {}, was met with silence", shown(&event), stage.stands()));
        }
        if let Some(long) = said.iter().find(|line| line.encode_utf16().count() > 4_000) {
            return Err(format!("event {number}, {}, was answered with {} characters", shown(&event), long.len()));
        }
    }
    Ok(())
}

fn any_event(random: &mut Rng, tokens: &[(String, String)], commands: &[String], seq: u64) -> Event {
    let recent = &tokens[tokens.len().saturating_sub(12)..];
    let text = |text: &str| Event::Text(Private::new(text));
    match random.u8(..100) {
        0..35 => random.choice(recent).map_or(text("hello"), |(token, _)| Event::Press(token.clone())),
        35..45 => random.choice(tokens).map_or(text("hello"), |(token, _)| Event::Press(token.clone())),
        45..55 => random.choice(recent).map_or(text("hello"), |(_, label)| text(label)),
        55..60 => Event::Press((*random.choice(FORGED).unwrap()).to_owned()),
        60..80 => text(random.choice(WORDS).unwrap()),
        80..81 => text(&random.choice(["word ", "\"", "\u{1F600}", "\u{1}"]).unwrap().repeat(random.usize(0..4_500))),
        81..88 => Event::Form { seq: random.u64(0..=seq), text: Private::new(*random.choice(WORDS).unwrap()) },
        88..90 => Event::Recall,
        _ => Event::Command { name: random.choice(commands).unwrap().clone(), rest: Private::default() },
    }
}

fn note_buttons(effects: &[Effect], tokens: &mut Vec<(String, String)>) {
    for effect in effects {
        if let Effect::Say(message) = effect {
            tokens.extend(message.buttons.iter().map(|button| (button.token.clone(), button.label.clone())));
        }
    }
}

fn shown(event: &Event) -> String {
    match event {
        Event::Text(text) => format!("text {:?}", text.reveal().chars().take(40).collect::<String>()),
        Event::Form { seq, text } => format!("form {seq} {:?}", text.reveal()),
        other => format!("{other:?}"),
    }
}

#[test]
fn whatever_people_do_they_get_an_answer() {
    let library = library_with(&[]);
    let own = library.scripts().flat_map(|script| script.starters.commands.iter().cloned());
    let reserved = Reserved::ALL.map(|word| word.as_str().to_owned());
    let commands: Vec<String> = own.chain(reserved).chain(["unsupported".to_owned(), "nonsense".to_owned()]).collect();
    let one = |seed| match catch_unwind(AssertUnwindSafe(|| live(&library, &commands, seed))) {
        Ok(Ok(())) => None,
        Ok(Err(wrong)) => Some(format!("seed {seed}: {wrong}")),
        Err(_) => Some(format!("seed {seed} panicked")),
    };
    let some = |first: u64| (0..PEOPLE).filter(move |seed| seed % THREADS == first).find_map(one);
    let wrong = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|first| scope.spawn(move || some(first))).collect();
        threads.into_iter().find_map(|thread| thread.join().unwrap())
    });
    assert_eq!(wrong, None);
}
