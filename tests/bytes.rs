//! Everything that reads what others wrote, against millions of bytes that nobody would write (F19): updates, states, translations,
//! settings, expressions in texts. Never a panic, and never long. `GOLDSEAM_TEST_FUZZ=1000000` for a longer look; a failure names its seed.
//!
//! Scripts have the same in `scripts.rs`, and the engine in `chaos.rs`.

use std::panic::{AssertUnwindSafe, catch_unwind};

use fastrand::Rng;
use goldseam::config::Config;
use goldseam::engine::State;
use goldseam::phrase::{Phrase, fold};
use goldseam::platform::{discord, telegram};
use goldseam::prompts::shipped;
use goldseam::safety::screen;
use goldseam::script::translate::po::Catalog;
use serde_json::{Value, json};

/// How often each reader reads; in a debug build some seconds together.
const TIMES: u64 = 4_000;
/// Longer than this is a finding, in a debug build on a busy machine.
const LONG: std::time::Duration = std::time::Duration::from_secs(2);

#[expect(clippy::disallowed_methods, reason = "what a test is asked for is no setting of the program")]
fn times() -> u64 {
    std::env::var("GOLDSEAM_TEST_FUZZ").ok().and_then(|times| times.parse().ok()).unwrap_or(TIMES)
}

#[expect(clippy::disallowed_methods, reason = "measures how long a reader takes")]
fn now() -> std::time::Instant {
    std::time::Instant::now()
}

/// Reads what the seeds make of it, again and again.
fn survives(name: &str, make: impl Fn(&mut Rng) -> String, read: impl Fn(&str)) {
    let mut wrong = Vec::new();
    for seed in 0..times() {
        let text = make(&mut Rng::with_seed(seed));
        let begun = now();
        let outcome = catch_unwind(AssertUnwindSafe(|| read(&text)));
        if outcome.is_err() || begun.elapsed() > LONG {
            wrong.push((seed, text.chars().take(400).collect::<String>()));
        }
    }
    assert!(wrong.is_empty(), "{name}: {} findings, the first with seed {:?}", wrong.len(), wrong[0]);
}

/// A text with some of it changed, doubled, moved or gone, as bytes.
fn scrambled(text: &str, rng: &mut Rng) -> String {
    let mut bytes = text.as_bytes().to_vec();
    for _ in 0..rng.usize(1..8) {
        let (at, other) = (rng.usize(0..=bytes.len()), rng.usize(0..=bytes.len()));
        let (from, to) = (at.min(other), at.max(other));
        match rng.u8(0..6) {
            0 if at < bytes.len() => bytes[at] = rng.u8(..),
            1 => bytes.insert(at, *rng.choice(b"{}[]\",:\\'`$%*\n\0\xff0-").unwrap()),
            2 => drop(bytes.drain(from..to.min(from + 40))),
            3 => {
                let part = bytes[from..to.min(from + 60)].to_vec();
                bytes.splice(at..at, part);
            }
            4 => bytes.truncate(at.max(1)),
            _ => bytes.splice(at..at, "\u{202e}\u{1F600}\u{0}".bytes().cycle().take(rng.usize(0..30))).for_each(drop),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// JSON of the right shape with wrong things in it.
fn bent(value: &Value, rng: &mut Rng) -> Value {
    if rng.u8(..14) == 0 {
        let odd = [
            json!(null),
            json!(-1),
            json!(1.5e300),
            json!(u64::MAX),
            json!(""),
            json!("\u{0}\u{202e}"),
            json!([]),
            json!({}),
            json!("x".repeat(5_000)),
            json!([[[[]]]]),
            json!(true),
            json!("9223372036854775808"),
            json!("/"),
            json!("q:1:1"),
        ];
        return rng.choice(&odd).unwrap().clone();
    }
    match value {
        Value::Array(items) => items.iter().map(|item| bent(item, rng)).collect(),
        Value::Object(fields) => {
            let kept = fields.iter().filter(|_| rng.u8(..20) > 0).collect::<Vec<_>>();
            Value::Object(kept.into_iter().map(|(key, item)| (key.clone(), bent(item, rng))).collect())
        }
        other => other.clone(),
    }
}

fn either(corpus: &[Value]) -> impl Fn(&mut Rng) -> String + '_ {
    move |rng| {
        let value = rng.choice(corpus).unwrap();
        match rng.bool() {
            true => bent(value, rng).to_string(),
            false => scrambled(&value.to_string(), rng),
        }
    }
}

#[test]
fn updates_of_telegram() {
    let from = json!({ "id": 77, "is_bot": false, "first_name": "Odd", "language_code": "en" });
    let chat = json!({ "id": 77, "type": "private" });
    let bold =
        json!([{ "type": "bot_command", "offset": 0, "length": 6 }, { "type": "bold", "offset": 2, "length": 900 }]);
    let message = json!({ "message_id": 5, "date": 1, "from": from, "chat": chat, "text": "/start how \u{1F600}", "entities": bold });
    let corpus = [
        json!({ "update_id": 1, "message": message }),
        json!({ "update_id": 2, "callback_query": { "id": "9", "from": from, "chat_instance": "1", "data": "q:1:1", "message": message } }),
        json!({ "update_id": 3, "my_chat_member": { "chat": chat, "from": from, "date": 1, "old_chat_member": { "status": "member", "user": from }, "new_chat_member": { "status": "kicked", "user": from, "until_date": 0 } } }),
        json!({ "update_id": 4, "message": { "message_id": 5, "date": 1, "from": from, "chat": { "id": -100, "type": "supergroup", "title": "x" }, "migrate_to_chat_id": -1001, "photo": [{}] } }),
    ];
    survives("telegram", either(&corpus), |raw| drop(telegram::decode(raw)));
}

#[test]
fn events_of_discord() {
    let author = json!({ "id": "77", "username": "odd", "bot": false });
    let corpus = [
        json!({ "kind": "message", "data": { "id": "5", "channel_id": "9", "author": author, "content": "hello", "type": 0 } }),
        json!({ "kind": "interaction", "data": { "id": "1", "token": "t", "type": 3, "user": author, "channel_id": "9", "locale": "es-ES", "message": { "id": "4" }, "data": { "custom_id": "q:1:2", "component_type": 3, "values": ["q:1:3"] } } }),
        json!({ "kind": "interaction", "data": { "id": "1", "token": "t", "type": 2, "member": { "user": author }, "guild_id": "8", "data": { "id": "1", "name": "remind", "type": 1, "options": [{ "name": "text", "type": 3, "value": "me" }] } } }),
        json!({ "kind": "interaction", "data": { "id": "1", "token": "t", "type": 5, "user": author, "data": { "custom_id": "f:3", "components": [{ "type": 1, "components": [{ "type": 4, "custom_id": "text", "value": "words" }] }] } } }),
    ];
    survives("discord", either(&corpus), |raw| drop(discord::decode(raw)));
}

#[test]
fn states() {
    let corpus = [include_str!("data/states/1.json"), include_str!("data/states/2.json")]
        .map(|json| serde_json::from_str::<Value>(json).unwrap());
    survives("states", either(&corpus), |raw| drop(State::read(raw)));
}

#[test]
fn translations() {
    let files = shipped();
    let whole = &files.iter().find(|file| file.path.ends_with("es/texts.po")).unwrap().text;
    let blocks: Vec<&str> = whole.split("\n\n").collect();
    let make = |rng: &mut Rng| {
        let some: Vec<&str> = (0..rng.usize(1..6)).map(|_| *rng.choice(&blocks).unwrap()).collect();
        scrambled(&some.join("\n\n"), rng)
    };
    survives("translations", make, |raw| drop(Catalog::parse(raw)));
}

#[test]
fn settings() {
    let whole = include_str!("../config.example.toml");
    let make = |rng: &mut Rng| {
        let lines = whole.lines().map(|line| if rng.bool() { line.trim_start_matches("# ") } else { line });
        let lines: Vec<&str> = lines.collect();
        scrambled(&lines.join("\n"), rng)
    };
    survives("settings", make, |raw| drop(Config::parse(Some(("goldseam.toml", raw)), [].into())));
}

#[test]
fn what_people_type() {
    let words = [
        "I'll",
        "want to die",
        "not",
        "\u{1F600}",
        "don\u{2019}t",
        "...",
        "*",
        "3 may",
        "quiero",
        "\u{e9}\u{301}\u{302}",
        "\u{200f}",
        "'",
        "`",
    ];
    let make = |rng: &mut Rng| {
        let some: Vec<&str> = (0..rng.usize(0..60)).map(|_| *rng.choice(&words).unwrap()).collect();
        scrambled(&some.join(" "), rng)
    };
    survives("what people type", make, |raw| {
        let folded = fold(raw);
        assert_eq!(fold(&folded), folded, "folding is over after one time");
        let _ = (screen(raw), Phrase::new(raw).is_some_and(|phrase| phrase.occurs_in(&folded)));
    });
}

/// F21: ten million bytes in one message, with the plain words at either end.
#[test]
fn danger_is_found_at_either_end_of_an_enormous_text() {
    let much = "word ".repeat(2_000_000);
    let begun = now();
    for text in [format!("I want to die {much}"), format!("{much} I want to die")] {
        assert_eq!(screen(&text), goldseam::safety::Verdict::Danger);
    }
    assert_eq!(screen(&"a".repeat(10_000_000)), goldseam::safety::Verdict::Clear);
    assert!(begun.elapsed() < 10 * LONG, "{:?}", begun.elapsed());
}
