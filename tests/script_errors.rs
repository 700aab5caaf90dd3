//! `docs/script-errors.md` against the real checker: every code has a section, every wrong example gives its code, every right one does not.

#[path = "support/codes.rs"]
mod codes;
#[path = "support/prompts.rs"]
#[expect(unreachable_pub, reason = "shared with other test programs")]
mod prompts;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use goldseam::script::problem::{Problem, Severity};
use goldseam::script::{Library, PromptFile, Waiting, against};

use prompts::shipped;

const PAGE: &str = include_str!("../docs/script-errors.md");

/// What an example needs around it.
const VARS: &str = "args: [given]\nvars:\n  word: { type: text, max: 60 }\n  number: { type: integer, from: 1, to: 5 }\n  \
                    pick: { type: choice, of: [one, two] }\n  day: { type: date }\n  picks: { type: list }\nphrases:\n  odd: [odd, strange]\n";

/// One section: its code, and its examples with what is said behind their fences.
struct Section {
    code: String,
    examples: Vec<(String, String)>,
}

fn sections() -> Vec<Section> {
    PAGE.split("\n### ")
        .skip(1)
        .map(|text| {
            let (code, _) = text.split_once(':').unwrap();
            let fences: Vec<&str> = text.split("```").collect();
            let examples = fences.iter().skip(1).step_by(2).map(|fence| {
                let (info, body) = fence.split_once('\n').unwrap();
                (info.trim().to_owned(), body.to_owned())
            });
            Section { code: code.to_owned(), examples: examples.collect() }
        })
        .collect()
}

/// An example as files, as its kind says.
#[track_caller]
fn files(kind: &[&str], body: &str) -> Vec<PromptFile> {
    let file = |path: &str, text: String| PromptFile { path: path.to_owned(), text };
    match kind {
        ["steps"] => {
            let steps: String = body.lines().map(|line| format!("  {line}\n")).collect();
            vec![file(
                "example.yaml",
                format!("script: example\ntitle: Example\nexpire: {{ after: 1d }}\n{VARS}steps:\n{steps}"),
            )]
        }
        ["script"] => vec![file("example.yaml", whole("example", body))],
        ["in", path] => vec![file(path, body.to_owned())],
        ["card", name] => vec![file(&format!("system/{name}.yaml"), whole(name, body))],
        ["files"] => body
            .split("# file: ")
            .skip(1)
            .map(|part| part.split_once('\n').unwrap())
            .map(|(path, text)| file(path, text.to_owned()))
            .collect(),
        other => panic!("an example of the kind {other:?}"),
    }
}

/// A script with what an example leaves out.
fn whole(name: &str, body: &str) -> String {
    let has = |key: &str| body.lines().any(|line| line.starts_with(key));
    let mut text = String::new();
    for (key, usual) in [("script:", name), ("title:", "Example")] {
        if !has(key) {
            writeln!(text, "{key} {usual}").unwrap();
        }
    }
    text.push_str(body);
    if !has("steps:") {
        text.push_str("steps:\n  - say: Hello.\n");
    }
    text
}

/// What the checker says of an example, loaded beside the few shipped scripts that examples name.
#[track_caller]
fn problems(kind: &[&str], body: &str) -> Vec<Problem> {
    let few = [
        "facts.yaml",
        "phrases.yaml",
        "banned.yaml",
        "now.yaml",
        "perspective.yaml",
        "menu.yaml",
        "five-senses.yaml",
        "plain-day.yaml",
        "quiet-minutes.yaml",
        "system/idle.yaml",
    ];
    let mut beside = shipped();
    beside.retain(|file| few.contains(&file.path.as_str()));
    if let ["without"] = kind {
        beside.retain(|file| file.path != body.trim());
        let problems = Library::load(&beside).1.problems;
        return problems.into_iter().filter(|problem| problem.file == body.trim()).collect();
    }
    if let ["against"] = kind {
        return edited(body);
    }
    let own = files(kind, body);
    beside.retain(|file| own.iter().all(|own| own.path != file.path));
    let problems = Library::load(&[beside, own.clone()].concat()).1.problems;
    problems.into_iter().filter(|problem| own.iter().any(|file| file.path == problem.file)).collect()
}

/// What the checker says of an edit: a script before and now, each beside all shipped ones.
#[track_caller]
fn edited(body: &str) -> Vec<Problem> {
    let (before, now) = body.trim_start_matches("# before\n").split_once("# now\n").unwrap();
    let files = |text: &str| {
        let text = text.to_owned();
        let own = (!text.is_empty()).then(|| PromptFile { path: "example.yaml".into(), text });
        shipped().into_iter().chain(own).collect::<Vec<_>>()
    };
    let library = |text: &str| {
        let (library, report) = Library::load(&files(text));
        library.unwrap_or_else(|| panic!("{report}"))
    };
    against(&library(before), &library(now), &files(now), &Waiting::new()).problems
}

#[test]
fn every_example_is_as_the_page_says() {
    let mut wrong = String::new();
    for Section { code, examples } in sections() {
        for (info, body) in examples {
            let words: Vec<&str> = info.split(' ').collect();
            let ["yaml" | "po", verdict, kind @ ..] = &words[..] else { panic!("{code}: `{info}`") };
            let found = problems(kind, &body);
            let told = found.iter().any(|problem| problem.code == code);
            let complaint = match *verdict {
                "wrong" if !told => "does not give its code",
                "right" if told => "gives its code",
                "right" if found.iter().any(|problem| problem.severity == Severity::Error) => "has another mistake",
                "wrong" | "right" => continue,
                other => panic!("{code}: `{other}`"),
            };
            let found: Vec<String> = found.iter().map(ToString::to_string).collect();
            write!(wrong, "\n{code}: the {verdict} example {complaint}: {found:#?}\n{body}").unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn every_code_has_a_section_with_examples_and_every_section_a_code() {
    let sections = sections();
    let explained: BTreeSet<String> = sections.iter().map(|section| section.code.clone()).collect();
    assert_eq!(explained.len(), sections.len(), "a code is explained twice");
    assert_eq!(codes::of_the_checker(), explained);
    // No short text is too large, and no text that is written here has been read by somebody.
    let has = |section: &&Section, verdict: &str| section.examples.iter().any(|(info, _)| info.contains(verdict));
    let without = |verdict: &str| -> Vec<&str> {
        sections.iter().filter(|section| !has(section, verdict)).map(|section| section.code.as_str()).collect()
    };
    assert_eq!(without("wrong"), ["GS0008", "GS0118", "GS0506"]);
    assert_eq!(without("right"), ["GS0008", "GS0118", "GS0415", "GS0506", "GS0608"]);
}

#[test]
fn sections_stand_in_the_order_of_their_codes_and_say_why() {
    let codes: Vec<String> = sections().into_iter().map(|section| section.code).collect();
    assert!(codes.is_sorted(), "{codes:?}");
    for section in PAGE.split("\n### ").skip(1) {
        assert!(section.contains("*Why:* "), "{section}");
    }
}
