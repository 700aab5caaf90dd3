//! `docs/tone.md` against the real checker: what it calls better passes, and what the checker is said to see, it sees.

#[path = "support/prompts.rs"]
#[expect(unreachable_pub, reason = "shared with other test programs")]
mod prompts;

use std::fmt::Write as _;

use goldseam::script::{Library, PromptFile};
use prompts::shipped;

const PAGE: &str = include_str!("../docs/tone.md");

/// Codes that are about the examples and not about their tone: nobody has read them, and they keep little.
const BESIDE: [&str; 3] = ["GS0410", "GS0434", "GS0439"];

/// A sentence with its buttons, in a script around it.
fn frame(text: &str, heavy: bool) -> String {
    let (said, buttons) = text.split_once(" [").unwrap_or((text, ""));
    let said = said.replace('\'', "''");
    let mut script = String::new();
    if heavy {
        script += "heavy: true\ncontent_note: A small example.\n";
    }
    script += "vars:\n  word: { type: text, max: 40 }\nsteps:\n  - id: begin\n    choose: Begin?\n    options:\n      \
               - { label: Begin }\n      - { label: Not now, then: [ { end: done } ] }\n";
    if buttons.is_empty() {
        return script + &format!("  - say: '{said}'\n  - end: done\n");
    }
    writeln!(script, "  - id: asked\n    choose: '{said}'\n    skip: true\n    options:").unwrap();
    for label in buttons.trim_end_matches(']').split("] [") {
        writeln!(script, "      - {{ label: \"{label}\" }}").unwrap();
    }
    script + "  - end: done\n"
}

/// The codes that the checker gives each of these scripts, beside the shipped ones.
fn codes(bodies: &[String]) -> Vec<Vec<String>> {
    let path = |index: usize| format!("tone-{index}.yaml");
    let file = |(index, body): (usize, &String)| PromptFile {
        path: path(index),
        text: format!("script: tone-{index}\ntitle: Example\nexpire: {{ after: 1d }}\n{body}"),
    };
    let mut files = shipped();
    files.retain(|file| !file.path.starts_with("languages/"));
    files.extend(bodies.iter().enumerate().map(file));
    let (_, report) = Library::load(&files);
    let of = |index: usize| {
        let here = report.problems.iter().filter(|problem| problem.file == path(index));
        here.map(|problem| problem.code.to_owned()).filter(|code| !BESIDE.contains(&code.as_str())).collect()
    };
    (0..bodies.len()).map(of).collect()
}

/// The rows of all tables: before, after, why, seen by.
fn pairs() -> Vec<[&'static str; 4]> {
    let cells = |line: &'static str| {
        <[&str; 4]>::try_from(line[1..line.len() - 1].split('|').map(str::trim).collect::<Vec<_>>())
    };
    let rows = PAGE.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| Before"));
    rows.map(|line| cells(line).unwrap_or_else(|cells| panic!("{} cells: {line}", cells.len()))).collect()
}

#[test]
fn what_is_better_passes_and_what_is_seen_is_seen() {
    let pairs = pairs();
    assert!(pairs.len() >= 12 && pairs.iter().all(|[_, _, why, _]| why.ends_with('.')), "{}", pairs.len());
    let mut wrong = String::new();
    let frames =
        pairs.iter().flat_map(|[before, after, ..]| [frame(before, true), frame(before, false), frame(after, true)]);
    let codes = codes(&frames.collect::<Vec<_>>());
    for ([before, after, _, seen], codes) in pairs.iter().zip(codes.chunks(3)) {
        let [heavy, light, better] = codes else { unreachable!("three scripts for each pair") };
        let code = seen.strip_prefix('`').and_then(|rest| rest.split('`').next());
        let only_heavy = seen.ends_with("in heavy scripts") || code == Some("GS0602");
        let is_so = match code {
            Some(code) => {
                heavy.iter().any(|found| found == code) && light.iter().any(|found| found == code) != only_heavy
            }
            None => seen.starts_with("a person") && heavy.is_empty(),
        };
        if !is_so {
            writeln!(wrong, "{before}\n  is said to be seen by {seen}; heavy: {heavy:?}, light: {light:?}").unwrap();
        }
        if !better.is_empty() {
            writeln!(wrong, "{after}\n  should pass: {better:?}").unwrap();
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[test]
fn whole_examples_are_as_the_page_says() {
    let blocks: Vec<&str> = PAGE.split("```").skip(1).step_by(2).collect();
    assert!(blocks.len() >= 2);
    for block in blocks {
        let (info, body) = block.split_once('\n').unwrap();
        let found = codes(&[body.to_owned()]).remove(0);
        match info.split(' ').collect::<Vec<_>>()[..] {
            ["yaml", "after"] => assert_eq!(found, [""; 0], "{body}"),
            ["yaml", "before", ref wanted @ ..] => {
                assert!(wanted.iter().all(|code| found.iter().any(|found| found == code)), "{found:?} for\n{body}");
            }
            ref other => panic!("a block of the kind {other:?}"),
        }
    }
}
