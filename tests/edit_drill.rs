//! A thousand people stand all over the scripts while seven of them are edited, each in another way. Nobody meets silence, a question
//! that is not theirs, or an answer that is gone. `-- --nocapture` prints the table of what happened to whom.

mod support;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use fastrand::Rng;
use goldseam::engine::revise::{self, Revised};
use goldseam::engine::{Effect, Event};
use goldseam::script::{EarlierText, Library};
use goldseam::types::Values;

use support::chat::Stage;
use support::prompts::{library_with, shipped};

const PEOPLE: u64 = 1_000;
/// After so many answers nobody is in the middle of a script any more.
const ANSWERS: usize = 60;

/// One edit of one shipped script.
struct Edit {
    what: &'static str,
    script: &'static str,
    replace: &'static [(&'static str, &'static str)],
    /// A question that moves behind the one after it.
    moves: Option<&'static str>,
    withdrawn: bool,
}

const EDITS: [Edit; 7] = [
    Edit {
        what: "reword",
        script: "daily-checkin",
        replace: &[
            ("How are you right now?", "How is it, right now?"),
            ("1 rough", "1 hard"),
            ("4 all right", "4 fine enough"),
        ],
        moves: None,
        withdrawn: false,
    },
    Edit {
        what: "insert",
        script: "promise",
        replace: &[(
            "  - id: due\n",
            "  - say: One thing at a time.\n  - id: alone\n    choose: Will you be alone with it?\n    skip: true\n    options:\n      - { label: Alone }\n      - { label: Not alone }\n  - id: due\n",
        )],
        moves: None,
        withdrawn: false,
    },
    Edit { what: "move", script: "naming-a-feeling", replace: &[], moves: Some("energy"), withdrawn: false },
    Edit {
        what: "rename",
        script: "apology-builder",
        replace: &[
            ("id: who\n", "id: whom\n"),
            ("id: contact\n", "id: wanted\n"),
            ("steps:\n", "renamed: { who: whom, contact: wanted }\nsteps:\n"),
        ],
        moves: None,
        withdrawn: false,
    },
    Edit { what: "remove", script: "journal", replace: &[], moves: None, withdrawn: false },
    Edit {
        what: "raise version",
        script: "settings",
        replace: &[("version: 1\n", "version: 2\n"), ("id: hour\n", "id: at-what-time\n")],
        moves: None,
        withdrawn: false,
    },
    Edit { what: "withdraw", script: "mine-theirs-nobodys", replace: &[], moves: None, withdrawn: true },
];

/// The text of a script after its edit.
fn edited(edit: &Edit) -> String {
    let path = format!("{}.yaml", edit.script);
    let mut text = shipped().into_iter().find(|file| file.path == path).expect("a shipped script").text;
    for (from, to) in edit.replace {
        assert!(text.contains(from), "{}: {from:?} is not there any more", edit.script);
        text = text.replacen(from, to, 1);
    }
    if let Some(id) = edit.moves {
        let (head, block, next, tail) = blocks(&text, id);
        text = format!("{head}{next}{block}{tail}");
    }
    if edit.what == "remove" {
        let (head, _, next, tail) = blocks(&text, "learned");
        text = format!("{head}{next}{tail}");
    }
    text
}

/// A step with this id, the step behind it, and what stands around the two.
fn blocks<'t>(text: &'t str, id: &str) -> (&'t str, &'t str, &'t str, &'t str) {
    let start = text.find(&format!("  - id: {id}\n")).expect("the step");
    let end = |from: usize| text[from + 1..].find("\n  - ").map(|at| from + 1 + at + 1).expect("a step behind it");
    let (middle, last) = (end(start), end(end(start)));
    (&text[..start], &text[start..middle], &text[middle..last], &text[last..])
}

fn after(before: &Library) -> Library {
    let texts: Vec<(String, String)> = EDITS
        .iter()
        .filter(|edit| !edit.withdrawn)
        .map(|edit| (format!("{}.yaml", edit.script), edited(edit)))
        .collect();
    let files: Vec<(&str, &str)> = texts.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let mut after = library_with(&files);
    let kept = |(name, rev, text): (&str, &str, &str)| {
        let withdrawn = EDITS.iter().any(|edit| edit.withdrawn && edit.script == name);
        EarlierText { name: name.into(), rev: rev.into(), text: text.into(), withdrawn }
    };
    let texts: Vec<EarlierText> = before.texts().map(kept).collect();
    after.remember_earlier(&texts);
    after
}

const TEXTS: &[&str] = &[
    "I read her messages",
    "call my sister at seven",
    "my brother",
    "three",
    "Vienna",
    "20:00",
    "it was a long day and I slept badly",
    "I will put the phone in the hall",
    "tired",
    "tomorrow",
    "they were afraid to come home",
];

/// Somebody in a small world, and what is on the buttons of the last message.
struct Person<'l> {
    stage: Stage<'l>,
    labels: Vec<String>,
    random: Rng,
    who: String,
}

impl Person<'_> {
    /// Takes what was said since the last time. Nobody is met with silence, unless a script ended.
    fn hear(&mut self) -> Vec<String> {
        let (said, effects) = self.stage.heard();
        let ended = effects.iter().any(|effect| matches!(effect, Effect::Ended { .. }));
        assert!(!said.is_empty() || ended, "{} was met with silence", self.who);
        let failed = |effect: &Effect| matches!(effect, Effect::Ended { outcome, .. } if outcome == "failed");
        assert!(!effects.iter().any(failed), "{}: the script failed", self.who);
        let buttons = effects.iter().rev().find_map(|effect| match effect {
            Effect::Say(message) => Some(&message.buttons),
            _ => None,
        });
        self.labels = buttons.into_iter().flatten().map(|button| button.label.clone()).collect();
        self.labels.retain(|label| !label.starts_with("Need help"));
        said
    }

    /// A likely answer to what was said last: mostly a button, else a text.
    fn answers(&mut self) -> Vec<String> {
        let words = match self.random.choice(&self.labels) {
            Some(label) if self.random.u8(..10) < 8 => format!("[{label}]"),
            _ => (*self.random.choice(TEXTS).unwrap()).to_owned(),
        };
        self.stage.person(&words);
        self.hear()
    }

    fn is_in(&self, script: &str) -> bool {
        self.stage.state().active.as_ref().is_some_and(|thread| thread.script() == script)
    }

    fn values(&self) -> Values {
        let thread = self.stage.state().active.as_ref().expect("an open script");
        thread.frames[0].vars.clone().into_iter().filter(|(_, value)| !value.is_none()).collect()
    }
}

/// What became of somebody.
#[derive(Clone, Copy, Debug, Default)]
struct Row {
    persons: u32,
    adopted: u32,
    finished: u32,
    told: u32,
    ended: u32,
}

/// One person: begins a script, gives some answers, meets the edit, and goes on.
fn live(before: &Library, after: &Library, number: u64, rows: &mut BTreeMap<&'static str, Row>) {
    let edit = &EDITS[usize::try_from(number).unwrap() % EDITS.len()];
    let mut person = begun(before, edit, number);
    person.who = format!("person {number} in {} ({})", edit.script, person.stage.stands());
    let (known, at) = (person.values(), person.stage.stands());
    let root = person.stage.state().active.clone().unwrap();
    let outcome = revise::outcomes(after, person.stage.state()).next().expect("a thread").1;
    person.stage.edit(after);

    let row = rows.entry(edit.what).or_default();
    row.persons += 1;
    person.stage.take(Event::Recall);
    let said = person.hear();
    if outcome == Revised::Changed {
        row.told += 1;
        assert!(said[0].starts_with("This one was rewritten while you were in it: "), "{}: {said:?}", person.who);
        person.stage.person("put it away");
        person.hear();
        assert_eq!(person.stage.stands(), "nothing open", "{}", person.who);
        row.ended += 1;
        return;
    }
    let id = at.trim_start_matches("waiting at ");
    let adopted = outcome == Revised::Adopt;
    let script = after.script(edit.script).filter(|_| adopted && root.frames.len() == 1);
    let expected = script.map_or(id, |script| script.renamed(id));
    assert_eq!(person.stage.stands(), format!("waiting at {expected}"), "{} is asked another question", person.who);
    assert_eq!(person.values(), known, "{} lost an answer", person.who);
    (row.adopted, row.finished) = (row.adopted + u32::from(adopted), row.finished + u32::from(!adopted));
    row.ended += u32::from(comes_to_an_end(&mut person, root.id));
}

/// Somebody who stands at some question of the script; who came to its end begins again.
fn begun<'l>(before: &'l Library, edit: &Edit, number: u64) -> Person<'l> {
    let mut random = Rng::with_seed(number);
    loop {
        let who = format!("person {number}");
        let mut person = Person { stage: Stage::new(before), labels: Vec::new(), random: random.fork(), who };
        let stage = &mut person.stage;
        stage
            .given("me.consent = yes; me.welcomed = yes; me.timezone = Europe/Vienna; open promise = water the plants");
        stage.run(edit.script);
        person.hear();
        for _ in 0..random.usize(0..7) {
            if person.is_in(edit.script) {
                person.answers();
            }
        }
        if person.is_in(edit.script) && person.stage.state().card.is_none() {
            return person;
        }
    }
}

/// Answers until the script has ended; false when that takes too long.
fn comes_to_an_end(person: &mut Person<'_>, thread: u64) -> bool {
    for _ in 0..ANSWERS {
        if person.stage.state().active.as_ref().is_none_or(|active| active.id != thread) {
            return true;
        }
        let said = person.answers();
        let told = said.iter().any(|line| line.starts_with("This one was rewritten"));
        assert!(!told, "{} was told of an edit", person.who);
    }
    false
}

fn table(rows: &BTreeMap<&'static str, Row>) -> String {
    let mut shown = String::from("edit           persons  go on  end in the old text  are told  came to an end\n");
    for edit in &EDITS {
        let Row { persons, adopted, finished, told, ended } = rows[edit.what];
        writeln!(shown, "{:<15}{persons:>7}{adopted:>7}{finished:>22}{told:>10}{ended:>16}", edit.what).unwrap();
    }
    shown
}

#[test]
fn a_thousand_people_meet_an_edit() {
    let before = library_with(&[]);
    let after = after(&before);
    let mut rows = BTreeMap::new();
    for number in 0..PEOPLE {
        live(&before, &after, number, &mut rows);
    }
    println!("{}", table(&rows));
    let of = |what: &str| rows[what];
    for what in ["reword", "insert", "move", "rename"] {
        assert_eq!(of(what).adopted, of(what).persons, "{what}: everybody goes on in the new text");
    }
    let removed = of("remove");
    assert!(removed.finished > 0 && removed.adopted > 0 && removed.told == 0, "{removed:?}");
    assert_eq!(of("raise version").finished, of("raise version").persons, "everybody ends in the text they began");
    assert_eq!(of("withdraw").told, of("withdraw").persons, "everybody is told");
    for (what, row) in &rows {
        assert!(row.ended * 100 >= row.persons * 90, "{what}: {row:?} came to an end");
    }
}
