//! Keeps the drawing of the rooms true: which module may use which, what the core never touches, and where SQL lives.

use std::fs;
use std::path::{Path, PathBuf};

/// Which rooms a room may use, as beginnings of paths. Everybody may use `types` and themselves.
const ARROWS: &[(&str, &[&str])] = &[
    ("phrase", &[]),
    ("script", &["phrase", "schedule", "practice"]),
    ("safety", &["phrase"]),
    ("schedule", &[]),
    ("picture", &[]),
    ("types", &["schedule"]),
    ("practice", &["schedule"]),
    ("engine", &["phrase", "script", "safety", "practice", "schedule"]),
    ("transcript", &["engine", "script", "schedule", "practice", "phrase"]),
    ("clock", &[]),
    ("vault", &[]),
    ("config", &["platform"]),
    ("store", &["vault", "engine", "practice", "schedule", "script"]),
    ("counters", &[]),
    ("pulse", &[]),
    ("trouble", &[]),
    ("crash", &[]),
    ("nodes", &["store", "counters"]),
    ("outbox", &["store", "nodes", "clock", "counters", "pulse", "crash", "picture"]),
    (
        "turn",
        &["engine", "script", "schedule", "store", "clock", "outbox", "platform::inbox", "counters", "pulse", "crash"],
    ),
    ("prompts", &["script"]),
    ("reminders", &["turn", "schedule", "store", "clock", "counters", "pulse"]),
    ("metrics", &["store", "nodes", "outbox", "clock", "counters", "pulse", "trouble"]),
    ("platform", &["turn", "outbox", "clock", "crash", "picture", "trouble"]),
    ("simulate", &["turn", "engine", "practice", "script", "schedule", "store", "clock", "outbox", "vault"]),
];

/// The functional core, and what it has no use for.
const CORE: &[&str] =
    &["phrase", "script", "safety", "schedule", "picture", "types", "practice", "engine", "transcript"];
const NOT_IN_THE_CORE: &[&str] = &[
    "tokio",
    "sqlx",
    "serenity",
    "teloxide",
    "reqwest",
    "fastrand",
    "std::fs",
    "std::env",
    "std::net",
    "std::process",
    "SystemTime",
    "Instant::",
    "async fn",
    "async move",
    ".await",
];

/// The platforms, which never see each other.
const PLATFORMS: &[&str] = &["telegram", "discord", "console"];

struct Source {
    path: PathBuf,
    room: String,
    /// Without comments and without unit tests.
    code: String,
}

impl Source {
    /// `crate::` paths as `room::item`, those in groups taken apart.
    fn uses(&self) -> Vec<String> {
        self.code.split("crate::").skip(1).flat_map(paths).collect()
    }
}

/// The paths at the beginning of what follows `crate::`.
fn paths(rest: &str) -> Vec<String> {
    let single = path(rest);
    let behind = rest[single.len()..].trim_start_matches(':');
    if !single.is_empty() {
        return match behind.starts_with('{') {
            true => paths(behind).into_iter().map(|item| format!("{single}::{item}")).collect(),
            false => vec![single],
        };
    }
    let Some(group) = rest.strip_prefix('{') else { return vec![] };
    let (mut depth, mut found, mut start) = (1, Vec::new(), 0);
    for (index, character) in group.char_indices() {
        match character {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 || (depth == 1 && character == ',') {
            found.extend(paths(group[start..index].trim()));
            start = index + 1;
        }
        if depth == 0 {
            break;
        }
    }
    found
}

fn path(text: &str) -> String {
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_' && c != ':').unwrap_or(text.len());
    text[..end].trim_end_matches(':').to_owned()
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(source(&root, path));
            }
        }
    }
    found
}

fn source(root: &Path, path: PathBuf) -> Source {
    let inside = path.strip_prefix(root).unwrap();
    let room = inside.iter().next().unwrap().to_str().unwrap().trim_end_matches(".rs").to_owned();
    let text = fs::read_to_string(&path).unwrap();
    let product = text.split("#[cfg(test)]\nmod tests").next().unwrap();
    let code: String =
        product.lines().filter(|line| !line.trim_start().starts_with("//")).flat_map(|line| [line, "\n"]).collect();
    Source { path, room, code }
}

#[test]
fn rooms_use_only_the_rooms_they_may() {
    let mut wrong = Vec::new();
    for source in sources() {
        if matches!(source.room.as_str(), "lib" | "main" | "cli") {
            continue;
        }
        let Some((_, allowed)) = ARROWS.iter().find(|(room, _)| *room == source.room) else {
            wrong.push(format!("{}: the room `{}` is not in the drawing", source.path.display(), source.room));
            continue;
        };
        for used in source.uses() {
            let own = used == source.room || used.starts_with(&format!("{}::", source.room));
            let allowed = allowed.iter().any(|room| used == *room || used.starts_with(&format!("{room}::")));
            if !own && !allowed && used != "types" && !used.starts_with("types::") {
                wrong.push(format!("{}: uses crate::{used}", source.path.display()));
            }
        }
    }
    assert_eq!(wrong, [""; 0]);
}

#[test]
fn only_the_door_and_transcripts_take_steps() {
    let may = |source: &&Source| matches!(source.room.as_str(), "engine" | "turn" | "transcript" | "cli");
    for source in sources().iter().filter(|source| !may(source)) {
        assert!(!source.code.contains("engine::step"), "{}", source.path.display());
    }
}

#[test]
fn the_core_knows_nothing_of_the_world() {
    for source in sources().iter().filter(|source| CORE.contains(&source.room.as_str())) {
        for word in NOT_IN_THE_CORE {
            assert!(!source.code.contains(word), "{}: {word}", source.path.display());
        }
    }
}

#[test]
fn sql_is_only_in_the_store() {
    for source in sources().iter().filter(|source| source.room != "store") {
        assert!(!source.code.contains("sqlx::"), "{}", source.path.display());
    }
}

#[test]
fn platforms_never_see_each_other_the_store_or_the_engine() {
    for source in sources().iter().filter(|source| source.room == "platform") {
        let inside = source.path.to_str().unwrap().split("platform/").last().unwrap();
        for other in PLATFORMS.iter().filter(|other| inside != "mod.rs" && !inside.starts_with(**other)) {
            assert!(!source.code.contains(&format!("platform::{other}")), "{}", source.path.display());
            assert!(!source.code.contains(&format!("super::{other}")), "{}", source.path.display());
        }
        for room in ["crate::store", "crate::engine"] {
            assert!(!source.code.contains(room), "{}", source.path.display());
        }
    }
}

#[test]
fn groups_of_paths_are_taken_apart() {
    assert_eq!(paths("{a::{b, c}, d}; let"), ["a::b", "a::c", "d"]);
    assert_eq!(paths("store::{Account, Tx};"), ["store::Account", "store::Tx"]);
    assert_eq!(paths("clock::add(now, x)"), ["clock::add"]);
}
