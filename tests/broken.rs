//! Broken scripts, one mistake in each, under `tests/data/broken`: the first line of a file says which code the checker tells, and where.
//!
//! `# GS0405 at 14:7`, and ` as system/idle.yaml` behind it when the file stands in the place of another one.

#[path = "support/codes.rs"]
mod codes;
#[path = "support/prompts.rs"]
#[expect(unreachable_pub, reason = "shared with other test programs")]
mod prompts;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use goldseam::script::{Library, PromptFile, Report};

use prompts::shipped;

/// A file with one mistake.
struct Broken {
    name: String,
    text: String,
    code: String,
    place: (usize, usize),
    /// The file that it is, as the bot sees it.
    path: String,
}

fn broken() -> Vec<Broken> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/broken");
    let mut found: Vec<Broken> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            header(name, fs::read_to_string(path).unwrap())
        })
        .collect();
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found
}

#[track_caller]
fn header(name: String, text: String) -> Broken {
    let words: Vec<&str> = text.lines().next().unwrap_or("").split_whitespace().collect();
    let (code, place, path) = match words[..] {
        ["#", code, "at", place] => (code, place, name.as_str()),
        ["#", code, "at", place, "as", path] => (code, place, path),
        _ => panic!("{name} begins with `# CODE at LINE:COLUMN`"),
    };
    let (line, column) = place.split_once(':').unwrap();
    let place = (line.parse().unwrap(), column.parse().unwrap());
    let (code, path) = (code.to_owned(), path.to_owned());
    Broken { name, text, code, place, path }
}

/// Loads a file beside the few shipped ones that the broken ones name.
fn load(broken: &Broken) -> Report {
    // A language is read with all its texts: only for what is broken in one.
    let banned_words = if broken.path.starts_with("languages/") { "languages/es/banned.yaml" } else { "" };
    let few = [
        "facts.yaml",
        "phrases.yaml",
        "banned.yaml",
        "menu.yaml",
        "now.yaml",
        "promise-nudge.yaml",
        "perspective.yaml",
        "settings.yaml",
        banned_words,
    ];
    let mut files = shipped();
    files.retain(|file| few.contains(&file.path.as_str()) && file.path != broken.path);
    files.push(PromptFile { path: broken.path.clone(), text: broken.text.clone() });
    Library::load(&files).1
}

/// What is not as it should be about the report of a broken file.
fn complaint(broken: &Broken) -> Option<String> {
    let report = load(broken);
    let here = || report.problems.iter().filter(|problem| problem.file == broken.path);
    let Some(problem) =
        here().find(|problem| problem.code == broken.code && (problem.line, problem.column) == broken.place)
    else {
        let shown: Vec<String> = here().map(ToString::to_string).collect();
        return Some(format!("{} at {:?} expected, found {shown:#?}", broken.code, broken.place));
    };
    let rendered = problem.render(&broken.text, false);
    let line = broken.text.lines().nth(problem.line - 1).unwrap_or("").trim();
    let file_line_column = format!("{}:{}:{}", broken.path, problem.line, problem.column);
    // Long lines are shown in part.
    let shows_line = rendered.contains(line) || line.len() > 100;
    let told = shows_line && rendered.contains(&broken.code) && rendered.contains(&file_line_column);
    if !told || problem.hint.len() < 8 || problem.end < (problem.line, problem.column) {
        return Some(format!("shown badly:\n{rendered}"));
    }
    None
}

#[test]
fn every_mistake_is_told_with_its_place_its_line_and_what_to_do() {
    let mut wrong = String::new();
    for broken in broken() {
        if let Some(complaint) = complaint(&broken) {
            write!(wrong, "\n{}: {complaint}", broken.name).unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn every_code_there_is_has_a_broken_file() {
    let shown: BTreeSet<String> = broken().into_iter().map(|broken| broken.code).collect();
    let mut known = codes::of_the_checker();
    // A file that is missing altogether has no line: see `a_missing_card_is_told`. What an edit takes away is in no one file.
    known.retain(|code| code != "GS0415" && !code.starts_with("GS08"));
    assert_eq!(known, shown);
}
