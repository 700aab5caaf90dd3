//! The formatter: one way of writing, the same meaning, every comment at its place, and nothing touched that cannot be read.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use goldseam::script::format::format;
use goldseam::script::{Library, PromptFile};
use saphyr_parser::{Event, Parser, ScalarStyle};

/// What is written in YAML; texts of translations have a form of their own.
fn shipped() -> Vec<PromptFile> {
    goldseam::prompts::shipped().into_iter().filter(|file| file.path.ends_with(".yaml")).collect()
}

fn file(path: &str, text: &str) -> PromptFile {
    PromptFile { path: path.into(), text: text.into() }
}

#[track_caller]
fn formatted(file: &PromptFile) -> String {
    format(file).unwrap_or_else(|report| panic!("{}\n{}", report.render(false), file.text))
}

/// Everything the files mean, without the places it stands at.
#[track_caller]
fn meaning(files: &[PromptFile]) -> String {
    let (library, report) = Library::load(files);
    let library = library.unwrap_or_else(|| panic!("{}", report.render(false)));
    let editions = library.languages().iter().map(|(tag, _)| library.edition(tag));
    let whole: String = editions
        .map(|edition| {
            let mut scripts: Vec<_> = edition.scripts().cloned().collect();
            scripts.iter_mut().for_each(|script| script.rev = String::new());
            format!("{scripts:?} {:?} {:?}", edition.facts(), edition.words())
        })
        .collect();
    let parts: Vec<&str> = whole.split("..").map(|part| part.trim_matches(|c: char| c.is_ascii_digit())).collect();
    parts.concat()
}

#[track_caller]
fn becomes(messy: &str, tidy: &str) {
    let once = formatted(&file("probe.yaml", messy));
    assert_eq!(once, tidy);
    assert_eq!(formatted(&file("probe.yaml", &once)), tidy, "a second time");
}

#[test]
fn keys_spaces_and_quotes_have_one_form() {
    becomes(
        r#"

title:   'Probe'
script: probe
vars:
    word:
      private: yes
      max: 60
      type: text
    pick: {of: [ one,two ], type:   choice}
steps:
- save: word
  ask: "Which \"word\"?"
  id: a
  if:    pick   is none
- say: "It's \\ and: so"
-   choose: >
      One
      or two?


    options: [{value: "one", label: 'One: first'}, {label: "no", value: two, then: [end: done]}]
    id: b
- say: |
     Two
       lines
- say:
    a long sentence
    on two lines
"#,
        r#"script: probe
title: Probe
vars:
  word: { type: text, max: 60, private: yes }
  pick: { type: choice, of: [one, two] }
steps:
  - if: pick   is none
    id: a
    ask: Which "word"?
    save: word
  - say: "It's \\ and: so"
  - id: b
    choose: |
      One or two?

    options: [ { label: "One: first", value: one }, { label: "no", value: two, then: [ { end: done } ] } ]
  - say: |
      Two
        lines
  - say: a long sentence on two lines
"#,
    );
}

#[test]
fn comments_and_blank_lines_stay_where_they_belong() {
    becomes(
        r#"# yaml-language-server: $schema=../schema/script.v1.json
# What it is for.

# The name.
title: Probe   # shown
script: probe

steps:

      # Above the first.
      - say: One.


      # Above the second, before a blank line.

      - id: a   # its name
        # Above the question.
        ask: |   # two lines
          > quoted
          # not a comment
        reject:
          # Above a list.
          odd: "No # comment."  # of the list

        # Below all of the step.
      - branch: # cases
          - if: a == 1
            then:
              - say: Deep.
              # Below the deep ones.
          # Below the case.
      # Below the steps, for now.
      -   # beside a dash
        say: Last.
      - choose: Which?
        id: b
        options: [ { label: One }, # the first
                   { label: Two } ]
phrases:
    # Above the list.
    odd: [a, b, # and
      # more
      c] # all
# The end.
"#,
        r#"# yaml-language-server: $schema=../schema/script.v1.json
# What it is for.

# The name.
script: probe
title: Probe   # shown
phrases:
  # Above the list.
  odd:   # all
    - a
    - b         # and
    # more
    - c

steps:
  # Above the first.
  - say: One.

  # Above the second, before a blank line.

  - id: a       # its name
    # Above the question.
    ask: |       # two lines
      > quoted
      # not a comment
    reject:
      # Above a list.
      odd: "No # comment."      # of the list

    # Below all of the step.
  - branch:     # cases
      - if: a == 1
        then:
          - say: Deep.
          # Below the deep ones.
      # Below the case.
  # Below the steps, for now.
  # beside a dash
  - say: Last.
  - id: b
    choose: Which?
    options:
      - { label: One }             # the first
      - { label: Two }
# The end.
"#,
    );
}

#[test]
fn brackets_are_as_wide_as_a_line() {
    let words = "first word, second word, third word, fourth word, fifth word, sixth word, seventh word, eighth word";
    let long = "a sentence that is so long that it cannot stand on one line together with the rest of what belongs to it, surely";
    let steps = |steps: &str| format!("script: probe\ntitle: Probe\n{steps}");
    becomes(
        &steps(&format!(
            "phrases: {{ odd: [{words}, ninth, tenth], even: [a] }}\nsteps: [{{ say: \"{long}\" }}, end: done]\n"
        )),
        &steps(&format!(
            "phrases:\n  odd: [{words}, ninth,\n    tenth]\n  even: [a]\nsteps:\n  - say: {long}\n  - {{ end: done }}\n"
        )),
    );
}

#[test]
fn what_cannot_be_read_stays_as_it_is() {
    let wrong = file("probe.yaml", "title: Probe\nscript: probe\nstpes:\n - say: Hello.\n");
    let report = format(&wrong).expect_err("a misspelt key");
    assert!(report.problems.iter().any(|problem| problem.code == "GS0101"), "{}", report.render(false));
}

#[test]
fn whoever_read_a_text_has_read_it_in_its_one_form_too() {
    let untidy = "title: Probe\nscript: probe\nreviewed:\n- {by: 'Ana', as: \"peer lead\", on: 2026-11-22, text: HASH}\nsteps: [{say: 'Hello.'}]\n";
    let untidy = untidy.replace("HASH", &goldseam::script::review::revision(untidy));
    let tidy = formatted(&file("probe.yaml", &untidy));
    let stamp = format!(
        "reviewed:\n  - {{ by: Ana, on: 2026-11-22, as: peer lead, text: {} }}\n",
        goldseam::script::review::revision(&tidy)
    );
    assert!(tidy.contains(&stamp), "{tidy}");
}

/// The shipped files that are YAML, and the others.
fn yaml() -> (Vec<PromptFile>, Vec<PromptFile>) {
    shipped().into_iter().partition(|file| file.path.ends_with(".yaml"))
}

#[test]
fn what_is_shipped_stands_in_its_one_form() {
    for file in yaml().0 {
        assert!(formatted(&file) == file.text, "{}: run `goldseam scripts fmt`", file.path);
    }
}

/// Numbers that look as if by chance, the same each time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

/// A file taken apart.
enum Tree {
    Text { text: String, plain: bool },
    List(Vec<Tree>),
    Map(Vec<(Tree, Tree)>),
}

fn tree(text: &str) -> Tree {
    let mut events = Parser::new_from_str(text).map(|event| event.expect("YAML").0);
    events.by_ref().find(|event| matches!(event, Event::DocumentStart(_)));
    let first = events.next().expect("something");
    node(first, &mut events)
}

fn node<'t>(event: Event<'t>, events: &mut impl Iterator<Item = Event<'t>>) -> Tree {
    match event {
        Event::Scalar(text, style, ..) => Tree::Text { text: text.into_owned(), plain: style == ScalarStyle::Plain },
        Event::SequenceStart(..) => {
            let mut items = Vec::new();
            while let Some(event) = events.next().filter(|event| *event != Event::SequenceEnd) {
                items.push(node(event, events));
            }
            Tree::List(items)
        }
        Event::MappingStart(..) => {
            let mut entries = Vec::new();
            while let Some(event) = events.next().filter(|event| *event != Event::MappingEnd) {
                let key = node(event, events);
                let value = events.next().expect("a value");
                entries.push((key, node(value, events)));
            }
            Tree::Map(entries)
        }
        other => panic!("{other:?}"),
    }
}

/// Writes a file down again as untidily as YAML allows.
struct Untidy {
    dice: Dice,
    out: String,
    comments: Vec<String>,
}

impl Untidy {
    fn comment(&mut self) -> String {
        let comment = format!("# {}: it's a \"note\", - [and: {{ more # ]", self.comments.len());
        self.comments.push(comment.clone());
        comment
    }

    fn line(&mut self, indent: usize) {
        if !self.out.is_empty() && !self.out.ends_with('\n') {
            if self.dice.roll(9) == 0 {
                let comment = self.comment();
                self.out.push_str(&format!("   {comment}"));
            }
            self.out.push('\n');
        }
        match self.dice.roll(12) {
            0 => self.out.push_str("\n\n\n"),
            1 => {
                let comment = self.comment();
                self.out.push_str(&format!("{}{comment}\n", " ".repeat(indent)));
            }
            _ => {}
        }
        self.out.push_str(&" ".repeat(indent));
    }

    fn block(&mut self, tree: &Tree, indent: usize, mut begun: bool) {
        match tree {
            Tree::Text { .. } => {}
            Tree::List(items) => {
                for item in items {
                    if !std::mem::take(&mut begun) {
                        self.line(indent);
                    }
                    let gap = 1 + usize::try_from(self.dice.roll(3)).unwrap();
                    self.out.push_str(&format!("-{}", " ".repeat(gap)));
                    match item {
                        Tree::Map(entries) if !entries.is_empty() && self.dice.roll(4) > 0 => {
                            self.block(item, indent + 1 + gap, true);
                        }
                        _ => self.value(item, indent),
                    }
                }
            }
            Tree::Map(entries) => {
                for (key, value) in entries {
                    if !std::mem::take(&mut begun) {
                        self.line(indent);
                    }
                    self.inline(key, false);
                    self.out.push_str(": ");
                    self.value(value, indent);
                }
            }
        }
    }

    fn value(&mut self, tree: &Tree, indent: usize) {
        match tree {
            Tree::Text { text, .. } if text.contains('\n') && self.dice.roll(3) > 0 => self.literal(text, indent),
            Tree::List(_) | Tree::Map(_) if self.dice.roll(3) > 0 => {
                // Without this the first line would be taken for the value's own.
                let deeper = indent + 1 + usize::try_from(self.dice.roll(4)).unwrap();
                self.out.truncate(self.out.trim_end_matches(' ').len());
                self.block(tree, deeper, false);
            }
            _ => self.inline(tree, false),
        }
    }

    fn literal(&mut self, text: &str, indent: usize) {
        let end = if text.ends_with('\n') { "" } else { "-" };
        self.out.push_str(&format!("|{end}"));
        for line in text.trim_end_matches('\n').split('\n') {
            self.out
                .push_str(&format!("\n{}{line}", if line.is_empty() { String::new() } else { " ".repeat(indent + 3) }));
        }
        self.out.push('\n');
    }

    fn inline(&mut self, tree: &Tree, nested: bool) {
        let gap = |dice: &mut Dice| " ".repeat(usize::try_from(dice.roll(3)).unwrap());
        match tree {
            Tree::Text { text, plain } => {
                let odd = text.contains([',', '[', ']', '{', '}', ':', '?', '"']);
                match self.dice.roll(3) {
                    0 if *plain && !(nested && odd) => self.out.push_str(text),
                    1 if !text.contains('\n') => self.out.push_str(&format!("'{}'", text.replace('\'', "''"))),
                    _ => {
                        let text = text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
                        self.out.push_str(&format!("\"{text}\""));
                    }
                }
            }
            Tree::List(items) => {
                self.out.push('[');
                for (index, item) in items.iter().enumerate() {
                    let gap = gap(&mut self.dice);
                    self.out.push_str(&format!("{}{gap}", if index > 0 { "," } else { "" }));
                    self.inline(item, true);
                }
                self.out.push(']');
            }
            Tree::Map(entries) => {
                self.out.push('{');
                for (index, (key, value)) in entries.iter().enumerate() {
                    let gap = gap(&mut self.dice);
                    self.out.push_str(&format!("{}{gap}", if index > 0 { "," } else { "" }));
                    self.inline(key, true);
                    self.out.push_str(": ");
                    self.inline(value, true);
                }
                self.out.push('}');
            }
        }
    }
}

#[test]
fn whatever_it_looked_like_the_meaning_stays_and_no_comment_is_lost() {
    let whole = meaning(&shipped());
    let (scripts, others) = yaml();
    for seed in 0..5 {
        let mut tidy = others.clone();
        // A file of one line can come out in its one form by chance.
        let mut changed = 0;
        for old in &scripts {
            let mut untidy = Untidy { dice: Dice(seed), out: String::new(), comments: Vec::new() };
            untidy.block(&tree(&old.text), 0, false);
            let messy = file(&old.path, &format!("{}\n", untidy.out));
            let new = file(&old.path, &formatted(&messy));
            let lost: Vec<_> =
                untidy.comments.iter().filter(|comment| new.text.matches(*comment).count() != 1).collect();
            assert!(lost.is_empty(), "{lost:?}\n{}\n----\n{}", messy.text, new.text);
            changed += usize::from(new.text != messy.text);
            let again = formatted(&new);
            let change = again.lines().zip(new.text.lines()).find(|(again, once)| again != once);
            assert!(again == new.text, "a second time: {change:?}\n{}\n----\n{again}", new.text);
            tidy.push(new);
        }
        assert_eq!(meaning(&tidy), whole, "seed {seed}");
        assert!(changed * 10 > scripts.len() * 9, "seed {seed}: only {changed} of {} were untidy", scripts.len());
    }
}

fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_goldseam")).args(["scripts", "fmt"]).args(arguments).output().unwrap()
}

#[test]
fn the_command_writes_checks_and_leaves_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    fs::create_dir(folder.path().join("system")).unwrap();
    fs::write(path("a.yaml"), "title: A\nscript: a\nsteps: [say: Hello.]\n").unwrap();
    fs::write(path("system/idle.yaml"), "title: Idle\nscript: idle\ninstead_of: help\nsteps: [say: Hello.]\n").unwrap();
    fs::write(path("b.yaml"), "title: B\nscript: b\nstpes: []\n").unwrap();
    let whole = folder.path().to_str().unwrap();

    let output = run(&["--check", whole]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        String::from_utf8(output.stdout).unwrap(),
        format!("{}\n{}\n", path("a.yaml"), path("system/idle.yaml"))
    );
    assert!(String::from_utf8(output.stderr).unwrap().contains(&format!("{}:3:1", path("b.yaml"))));
    assert!(fs::read_to_string(path("a.yaml")).unwrap().starts_with("title"));

    assert_eq!(run(&[whole]).status.code(), Some(1), "there is an error in one of them");
    assert_eq!(fs::read_to_string(path("a.yaml")).unwrap(), "script: a\ntitle: A\nsteps: [ { say: Hello. } ]\n");
    assert!(fs::read_to_string(path("system/idle.yaml")).unwrap().starts_with("script"));
    assert!(fs::read_to_string(path("b.yaml")).unwrap().starts_with("title"));
    assert_eq!(run(&["--check", &path("a.yaml"), &path("system")]).status.code(), Some(0));
    assert!(!Path::new(&path("c.yaml")).exists() && run(&[&path("c.yaml")]).status.code() == Some(1));
}
