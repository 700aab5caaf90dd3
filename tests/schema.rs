//! The schemas for editors: what is shipped passes them, what the reader refuses does not, and the files in `schema/` are current.

use std::fs;
use std::path::Path;
use std::process::Command;

use goldseam::prompts::shipped;
use goldseam::script::schema::{FileKind, schema};
use jsonschema::Validator;
use saphyr_parser::{Event, Parser, ScalarStyle};
use serde_json::{Map, Value};

/// How an editor reads scalars without quotes.
#[derive(Clone, Copy)]
enum Yaml {
    V1_1,
    V1_2,
}

/// A file as an editor sees it: numbers are numbers, and `yes` may be a boolean.
fn as_json(text: &str, yaml: Yaml) -> Value {
    let mut open: Vec<(Value, Option<String>)> = Vec::new();
    let mut root = Value::Null;
    for event in Parser::new_from_str(text) {
        let done = match event.expect("YAML").0 {
            Event::Scalar(text, style, ..) => match open.last_mut() {
                Some((Value::Object(_), key @ None)) => {
                    *key = Some(text.into_owned());
                    continue;
                }
                _ => scalar(&text, style == ScalarStyle::Plain, yaml),
            },
            Event::SequenceStart(..) => {
                open.push((Value::Array(Vec::new()), None));
                continue;
            }
            Event::MappingStart(..) => {
                open.push((Value::Object(Map::new()), None));
                continue;
            }
            Event::SequenceEnd | Event::MappingEnd => open.pop().expect("something open").0,
            _ => continue,
        };
        match open.last_mut() {
            Some((Value::Array(items), _)) => items.push(done),
            Some((Value::Object(entries), key)) => {
                entries.insert(key.take().expect("a key"), done);
            }
            _ => root = done,
        }
    }
    root
}

fn scalar(text: &str, plain: bool, yaml: Yaml) -> Value {
    let old = matches!(yaml, Yaml::V1_1);
    match text {
        _ if !plain => text.into(),
        "" | "~" | "null" => Value::Null,
        "true" => true.into(),
        "false" => false.into(),
        "yes" | "Yes" | "on" | "On" | "y" if old => true.into(),
        "no" | "No" | "off" | "Off" | "n" if old => false.into(),
        _ if text.starts_with(|c: char| c.is_ascii_digit() || c == '-') => {
            serde_json::from_str::<serde_json::Number>(text).map_or_else(|_| text.into(), Value::Number)
        }
        _ => text.into(),
    }
}

fn validator(kind: FileKind) -> Validator {
    let schema = serde_json::from_str(&schema(kind)).expect("JSON");
    jsonschema::draft7::meta::validate(&schema).expect("a schema of draft-07");
    jsonschema::draft7::new(&schema).expect("a schema")
}

fn wrong(kind: FileKind, text: &str, yaml: Yaml) -> Vec<String> {
    let value = as_json(text, yaml);
    validator(kind).iter_errors(&value).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

#[test]
fn what_is_shipped_passes_in_either_yaml() {
    for file in shipped().into_iter().filter(|file| file.path.ends_with(".yaml")) {
        for yaml in [Yaml::V1_1, Yaml::V1_2] {
            assert_eq!(wrong(FileKind::of(&file.path), &file.text, yaml), [""; 0], "{}", file.path);
        }
    }
}

#[test]
fn texts_that_look_like_something_else_pass() {
    let text = "script: t\ntitle: No\nversion: 2\nvars:\n  a: { type: choice, of: [yes, no], default: yes }\n  b: { type: bool, default: no }\n  \
                c: { type: integer, from: 1, to: 5 }\nsteps:\n  - say: 12\n  - id: q\n    choose: Yes\n    save: a\n    tries: 2\n    options:\n      \
                - { label: Yes, value: yes, also: [on, 1.0] }\n      - { label: 2, value: no, also: n }\n  - set: { c: 1, b: true }\n";
    for yaml in [Yaml::V1_1, Yaml::V1_2] {
        assert_eq!(wrong(FileKind::Script, text, yaml), [""; 0]);
    }
}

#[test]
fn what_the_reader_refuses_does_not_pass() {
    let top = |line: &str| format!("script: t\ntitle: T\n{line}\nsteps:\n  - say: Hello.\n");
    let var = |var: &str| top(&format!("vars:\n  a: {var}"));
    let step = |step: &str| format!("script: t\ntitle: T\nsteps:\n  - {step}\n");
    let scripts = [
        top("abuot: What it is."),
        top("version: 0"),
        top("start_with: [/way-out]"),
        top("nudge: { after: 4h }"),
        top("expire: { after: a while }"),
        "title: T\nsteps:\n  - say: Hello.\n".into(),
        "script: Two Words\ntitle: T\nsteps:\n  - say: Hello.\n".into(),
        "script: t\ntitle: T\nsteps: Hello.\n".into(),
        var("{ type: txt }"),
        var("{ max: 40 }"),
        var("{ type: integer, max: 40 }"),
        var("{ type: choice }"),
        var("{ type: text, max: 5000 }"),
        step("{ tell: Hello. }"),
        step("{ if: a == 1 }"),
        step("{ say: Hello., end: done }"),
        step("{ say: }"),
        step("{ ask: Word? }"),
        step("{ id: a, ask: Word?, sve: word }"),
        step("{ id: a, ask: Word?, tries: 20 }"),
        step("{ id: a, ask: Word?, options: [{ label: One }] }"),
        step("{ id: a, choose: Which? }"),
        step("{ id: a, choose: Which?, options: [] }"),
        step("{ id: a, choose: Which?, options: [{ lable: One }] }"),
        step("{ branch: [{ if: a }] }"),
        step("{ branch: [{ else: [{ say: One. }], if: a }] }"),
        step("{ record: { chekin: { mood: mood } } }"),
        step("{ schedule: { name: a, run: b, at: soon } }"),
        step("{ schedule: { name: a, run: b, at: in 3d, if_busy: wait } }"),
        step("{ redo: a }"),
    ];
    for text in scripts {
        assert!(!wrong(FileKind::Script, &text, Yaml::V1_2).is_empty(), "{text}");
    }
    let card = |line: &str| format!("script: idle\ntitle: T\n{line}\n");
    for text in [
        card("steps: [{ call: now, id: a }]"),
        card("steps: [{ end: stopped }]"),
        card("start_with: [/idle]\nsteps: [{ say: a }]"),
    ] {
        assert!(!wrong(FileKind::Card, &text, Yaml::V1_2).is_empty(), "{text}");
    }
    assert!(!wrong(FileKind::Facts, "facts:\n  a: text\n", Yaml::V1_2).is_empty());
    assert!(
        !wrong(FileKind::Phrases, "yes: [a]\nno: [b]\nskip: [c]\nreserved: { stop: [d] }\n", Yaml::V1_2).is_empty()
    );
}

/// Codes of mistakes in the shape of a file, which a schema can see.
const SHAPE: [&str; 9] = ["GS0101", "GS0102", "GS0103", "GS0108", "GS0111", "GS0112", "GS0113", "GS0115", "GS0301"];

#[test]
fn the_broken_scripts_of_the_checker_do_not_pass_either() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/broken");
    let mut seen = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let text = fs::read_to_string(entry.unwrap().path()).unwrap();
        let words: Vec<&str> = text.lines().next().unwrap_or("").split_whitespace().collect();
        if !words.iter().any(|word| SHAPE.contains(word)) {
            continue;
        }
        let kind = FileKind::of(words.iter().skip_while(|word| **word != "as").nth(1).unwrap_or(&"a.yaml"));
        assert!(!wrong(kind, &text, Yaml::V1_2).is_empty(), "{text}");
        seen += 1;
    }
    assert!(seen > 12);
}

#[test]
fn the_files_in_schema_are_current_and_every_prompt_names_its_own() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for kind in FileKind::ALL {
        let written = fs::read_to_string(root.join("schema").join(kind.schema_file())).unwrap_or_default();
        assert!(written == schema(kind), "run `goldseam scripts schema --write schema`");
    }
    for file in shipped().into_iter().filter(|file| file.path.ends_with(".yaml")) {
        let up = "../".repeat(file.path.split('/').count());
        let named = format!("# yaml-language-server: $schema={up}schema/{}", FileKind::of(&file.path).schema_file());
        assert_eq!(file.text.lines().next(), Some(named.as_str()), "{}", file.path);
    }
}

#[test]
fn the_command_prints_one_and_writes_all() {
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| {
        let program = Command::new(env!("CARGO_BIN_EXE_goldseam")).args(["scripts", "schema"]).args(arguments).output();
        let output = program.unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    assert_eq!(run(&[]), (Some(0), schema(FileKind::Script)));
    assert_eq!(run(&["facts"]), (Some(0), schema(FileKind::Facts)));
    assert_eq!(run(&["poem"]).0, Some(2));
    let written = folder.path().join("schema");
    let (code, names) = run(&["--write", written.to_str().unwrap()]);
    assert_eq!((code, names.lines().count()), (Some(0), FileKind::ALL.len()));
    assert_eq!(fs::read_to_string(written.join("card.v1.json")).unwrap(), schema(FileKind::Card));
}
