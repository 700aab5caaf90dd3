//! Scripts that are edited while somebody is in the middle of them: who goes on in the new text, who ends in the old one, who is
//! told, and that nobody is left without a word or loses an answer.

use std::time::Duration;

use goldseam::engine::State;
use goldseam::engine::revise::{self, Revised};
use goldseam::engine::state::{FORMAT, StateError};
use goldseam::script::{EarlierText, Library, revision};
use goldseam::types::{Platform, Value};

use crate::support::chat::Stage;
use crate::support::house::House;
use crate::support::prompts::{library_with, load_with};

const LETTER: &str = r#"
version: 1
vars:
  who: { type: text, max: 60 }
  what: { type: text, max: 60 }
  mood: { type: integer, from: 1, to: 5 }
steps:
  - id: who
    ask: Who is it for?
    save: who
  - id: what
    ask: What happened?
    save: what
  - id: mood
    choose: How is it now?
    save: mood
    options:
      - { label: Rough, value: 1 }
      - { label: Good, value: 5 }
  - say: For ${ who or "nobody" }, ${ what or "nothing" }, ${ mood or 0 }.
"#;

fn file(lines: &str) -> String {
    format!("script: letter\ntitle: A letter\nstart_with: [letter]\n{}", lines.trim_start())
}

/// The scripts with a letter in these words, and earlier letters that are kept.
#[track_caller]
fn library(lines: &str, earlier: &[(&str, bool)]) -> Library {
    let mut library = library_with(&[("letter.yaml", &file(lines))]);
    remember(&mut library, earlier);
    library
}

fn remember(library: &mut Library, earlier: &[(&str, bool)]) {
    let kept = |(lines, withdrawn): &(&str, bool)| {
        let text = file(lines);
        EarlierText { name: "letter".into(), rev: revision(&text), text, withdrawn: *withdrawn }
    };
    library.remember_earlier(&earlier.iter().map(kept).collect::<Vec<_>>());
}

/// Says these lines to somebody who stands in the letter after `answers`, once it was edited; everything that comes back.
fn goes_on(before: &Library, answers: &[&str], after: &Library, lines: &[&str]) -> (Option<Revised>, String) {
    let mut stage = Stage::new(before);
    stage.given("me.consent = yes; now = 2026-03-02 12:00");
    stage.run("letter");
    answers.iter().for_each(|answer| stage.person(answer));
    stage.heard();
    stage.edit(after);
    let outcome = revise::outcomes(after, stage.state()).next().map(|(_, outcome)| outcome);
    for line in lines {
        stage.person(line);
    }
    (outcome, stage.heard().0.join(" | "))
}

fn goes(after: &Library, answers: &[&str], lines: &[&str]) -> (Revised, String) {
    let (outcome, said) = goes_on(&library(LETTER, &[]), answers, after, lines);
    (outcome.expect("a thread"), said)
}

#[test]
fn other_words_and_new_questions_are_taken_over() {
    let reworded = library(&LETTER.replace("What happened?", "What did you do?"), &[(LETTER, false)]);
    let (outcome, said) = goes(&reworded, &["Lena"], &["I lied"]);
    assert_eq!((outcome, said.as_str()), (Revised::Adopt, "How is it now? [Rough] [Good]"));

    let before = "  - id: mood\n    choose";
    let asks = "  - id: when\n    ask: When was it?\n    save: when\n";
    let inserted = LETTER
        .replace(before, &format!("{asks}{before}"))
        .replace("  mood: {", "  when: { type: text, max: 20 }\n  mood: {");
    let (outcome, said) = goes(&library(&inserted, &[(LETTER, false)]), &["Lena"], &["I lied", "in May", "good"]);
    assert_eq!(
        (outcome, said.as_str()),
        (Revised::Adopt, "When was it? | How is it now? [Rough] [Good] | For Lena, I lied, 5.")
    );
}

#[test]
fn moved_and_renamed_questions_are_found_again() {
    let renamed = LETTER.replace("id: what", "id: deed").replace("version: 1", "version: 1\nrenamed: { what: deed }");
    let (outcome, said) =
        goes(&library(&renamed, &[(LETTER, false)]), &["Lena"], &["I lied", "back", "I hid it", "good"]);
    assert_eq!(
        (outcome, said.as_str()),
        (
            Revised::Adopt,
            "How is it now? [Rough] [Good] | What happened? | How is it now? [Rough] [Good] | For Lena, I hid it, 5."
        )
    );

    let (head, rest) = LETTER.split_once("  - id: who").unwrap();
    let (who, what) = rest.split_once("  - id: what").unwrap();
    let (what, tail) = what.split_once("  - id: mood").unwrap();
    let moved = format!("{head}  - id: what{what}  - id: who{who}  - id: mood{tail}");
    let (outcome, said) = goes(&library(&moved, &[(LETTER, false)]), &["Lena"], &["I lied", "Lena", "rough"]);
    assert_eq!(
        (outcome, said.as_str()),
        (Revised::Adopt, "Who is it for? | How is it now? [Rough] [Good] | For Lena, I lied, 1.")
    );
}

#[test]
fn what_does_not_fit_ends_as_it_began() {
    let gone = LETTER.replace("  - id: what\n    ask: What happened?\n    save: what\n", "");
    let retyped = LETTER.replace("what: { type: text, max: 60 }", "what: { type: integer, from: 1, to: 5 }");
    let bumped = LETTER.replace("version: 1", "version: 2").replace("What happened?", "What did you do?");
    for edited in [gone, retyped, bumped] {
        let (outcome, said) = goes(&library(&edited, &[(LETTER, false)]), &["Lena"], &["/help", "I lied", "good"]);
        assert_eq!(outcome, Revised::Finish, "{edited}");
        assert!(said.ends_with("| What happened? | How is it now? [Rough] [Good] | For Lena, I lied, 5."), "{said}");
    }
}

#[test]
fn who_begins_after_the_edit_begins_in_the_new_text() {
    let bumped = LETTER.replace("version: 1", "version: 2").replace("Who is it for?", "For whom?");
    let bumped = library(&bumped, &[(LETTER, false)]);
    let mut stage = Stage::new(&bumped);
    stage.given("me.consent = yes; now = 2026-03-02 12:00");
    stage.run("letter");
    assert_eq!(stage.heard().0, ["For whom?"]);
}

#[test]
fn a_text_that_was_withdrawn_or_is_gone_says_so_and_offers_the_answers_again() {
    let gone = LETTER.replace("  - id: what\n    ask: What happened?\n    save: what\n", "");
    for earlier in [&[(LETTER, true)][..], &[]] {
        let (outcome, said) = goes(&library(&gone, earlier), &["Lena"], &["hello", "start over", "[Lena]", "good"]);
        assert_eq!(outcome, Revised::Changed);
        let said: Vec<&str> = said.split(" | ").collect();
        assert!(said[0].starts_with("This one was rewritten while you were in it: A letter."), "{said:?}");
        assert_eq!(said[1..], ["Who is it for? [Lena]", "How is it now? [Rough] [Good]", "For Lena, nothing, 5."]);
    }
}

#[test]
fn an_answer_is_offered_again_only_where_it_fits() {
    let retyped = LETTER.replace("what: { type: text, max: 60 }", "what: { type: integer, from: 1, to: 5 }");
    let (_, said) = goes(&library(&retyped, &[]), &["Lena", "I lied"], &["hello", "start over", "Lena", "6", "4"]);
    assert!(said.contains("| Who is it for? [Lena] | What happened? | "), "{said}");
}

#[test]
fn a_withdrawn_script_is_not_begun_and_nobody_goes_on_in_it() {
    let mut withdrawn = library(LETTER, &[]);
    remember(&mut withdrawn, &[(LETTER, true)]);
    assert!(withdrawn.script("letter").is_none());
    let (outcome, said) = goes(&withdrawn, &["Lena"], &["hello", "put it away"]);
    assert_eq!(outcome, Revised::Changed);
    assert!(said.starts_with("This one was rewritten while you were in it: A letter."), "{said}");
}

#[test]
fn what_the_program_needs_cannot_be_withdrawn() {
    let mut library = library(LETTER, &[]);
    let text = |name: &str| {
        let (name, rev, text) = library.texts().find(|(found, _, _)| *found == name).unwrap();
        EarlierText { name: name.into(), rev: rev.into(), text: text.into(), withdrawn: true }
    };
    let withdrawn = ["now", "unclear", "letter"].map(text);
    library.remember_earlier(&withdrawn);
    assert!(library.script("now").is_some() && library.script("unclear").is_some());
    assert!(library.script("letter").is_none());
}

#[test]
fn what_answers_neither_the_old_nor_the_new_question_costs_no_try() {
    let edited = LETTER.replace("Rough", "Hard").replace("tries: 1", "");
    let edited = library(&edited, &[(LETTER, false)]);
    let (outcome, said) = goes(&edited, &["Lena", "I lied"], &["hmm", "hard"]);
    assert_eq!((outcome, said.as_str()), (Revised::Adopt, "How is it now? [Hard] [Good] | For Lena, I lied, 1."));
}

#[test]
fn names_that_were_renamed_are_checked() {
    for (renamed, message) in [
        ("{ who: what }", "`who` is still the id of a step here"),
        ("{ old: nowhere }", "no question is called `nowhere`"),
    ] {
        let lines = LETTER.replace("version: 1", &format!("version: 1\nrenamed: {renamed}"));
        let (library, report) = load_with(&[("letter.yaml", &file(&lines))]);
        assert!(library.is_none() && report.to_string().contains(message), "{report}");
    }
}

/// Somebody of the real program who agreed to the terms and has said who the letter is for.
async fn in_the_letter() -> House {
    let mut house = House::real().await;
    house.door.use_scripts(library(LETTER, &[])).await.unwrap();
    house.says("7", "hello").await;
    let person = house.account(Platform::Telegram, "7").await.unwrap().person;
    let mut tx = house.door.store().begin().await.unwrap();
    for fact in ["consent", "welcomed"] {
        tx.keep_fact(person, fact, &Value::Bool(true), None).unwrap();
    }
    tx.commit().await.unwrap();
    for line in ["stop", "delete it", "letter"] {
        house.says("7", line).await;
    }
    assert_eq!(house.says("7", "Lena").await, ["What happened?"]);
    house
}

async fn kept(house: &House) -> usize {
    let mut tx = house.door.store().begin().await.unwrap();
    let kept = tx.scripts_kept().await.unwrap();
    tx.rollback().await.unwrap();
    kept.iter().filter(|text| text.name == "letter").count()
}

#[tokio::test]
async fn the_store_keeps_a_text_for_who_is_in_the_middle_of_it() {
    let bumped = LETTER.replace("version: 1", "version: 2").replace("What happened?", "What did you do?");
    let house = in_the_letter().await;
    let mut house = house.restart().await;
    house.door.use_scripts(library(&bumped, &[])).await.unwrap();
    assert_eq!(house.says("7", "again").await, ["What happened?"]);
    house.clock.advance(Duration::from_hours(8 * 24));
    let mut house = house.restart().await;
    house.door.use_scripts(library(&bumped, &[])).await.unwrap();
    assert_eq!(kept(&house).await, 2, "somebody is still in it");
    house.says("7", "resume").await;
    assert_eq!(house.says("7", "I lied").await, ["How is it now?"]);
    assert_eq!(house.says("7", "good").await, ["For Lena, I lied, 5."]);
    house.door.use_scripts(library(&bumped, &[])).await.unwrap();
    assert_eq!(kept(&house).await, 1, "nobody is in it any more");
    house.says("7", "letter").await;
    assert_eq!(house.says("7", "Lena").await, ["What did you do?"]);
}

#[tokio::test]
async fn a_text_is_withdrawn_while_the_program_runs() {
    let mut house = in_the_letter().await;
    let present = library(LETTER, &[]);
    let rev = present.script("letter").unwrap().rev.clone();
    let withdraw = async |house: &House, withdrawn| {
        let mut tx = house.door.store().begin().await.unwrap();
        assert!(tx.withdraw_script("letter", &rev, withdrawn).await.unwrap());
        tx.commit().await.unwrap();
        house.door.follow_withdrawals().await.unwrap();
    };
    withdraw(&house, true).await;
    let said = house.says("7", "I lied").await.join("\n");
    assert!(said.starts_with("This one was rewritten while you were in it: A letter."), "{said}");
    house.says("7", "put it away").await;
    let said = house.says("7", "letter").await.join("\n");
    assert!(!said.contains("Who is it for?"), "{said}");
    withdraw(&house, false).await;
    assert_eq!(house.says("7", "letter").await, ["Who is it for?"]);
}

/// The same conversation as each format kept it, the oldest first. Append only: a format that was released is read for ever.
const FORMATS: [&str; 2] = [include_str!("../data/states/1.json"), include_str!("../data/states/2.json")];

#[test]
fn a_state_of_every_release_can_be_read() {
    let [first, .., last] = FORMATS.map(|json| State::read(json).unwrap());
    assert_eq!(first.format, FORMAT);
    let active = first.active.as_ref().expect("an open script");
    assert_eq!((active.script(), first.parked.len()), ("daily-checkin", 1));
    assert!(!active.made.is_empty() && !active.answers.is_empty() && !active.frames[0].undo.is_empty());
    assert_eq!(first, last);
    assert_eq!(serde_json::to_value(&last).unwrap(), serde_json::from_str::<serde_json::Value>(FORMATS[1]).unwrap());
    assert_eq!(State::read(r#"{"format": 99, "what": "ever"}"#), Err(StateError::Newer(99)));
}

#[test]
fn an_edit_is_compared_with_the_scripts_before_it() {
    let gone = LETTER.replace("  - id: what\n    ask: What happened?\n    save: what\n", "");
    let retyped = LETTER.replace("what: { type: text, max: 60 }", "what: { type: integer, from: 1, to: 5 }");
    let asked = LETTER
        .replace("choose: How is it now?", "ask: How is it now?")
        .split("    options:")
        .next()
        .unwrap()
        .to_owned();
    let renamed = LETTER.replace("id: what", "id: deed").replace("version: 1", "version: 1\nrenamed: { what: deed }");
    let before = library(LETTER, &[]);
    let waiting = [(("letter".to_owned(), "what".to_owned()), 3)].into();
    let compared = |lines: &str| {
        let files = crate::support::prompts::shipped_with(&[("letter.yaml", &file(lines))]);
        let (now, report) = Library::load(&files);
        goldseam::script::against(&before, &now.unwrap_or_else(|| panic!("{report}")), &files, &waiting).to_string()
    };
    let found = compared(&gone);
    assert!(
        found.starts_with("letter.yaml:4:1: GS0801 the question `what` is gone, and 3 persons stand there ("),
        "{found}"
    );
    let found = compared(&retyped);
    assert!(
        found.contains("GS0802 `what` was a question for a text, and is a question for a number, and 3 persons"),
        "{found}"
    );
    let found = compared(&asked);
    assert!(found.contains("GS0802 `mood` was a choice, and is a question for a number ("), "{found}");
    let bumped = gone.replace("version: 1", "version: 2");
    for lines in [LETTER, &renamed, &bumped, &LETTER.replace("What happened?", "And then?")] {
        assert_eq!(compared(lines), "", "{lines}");
    }
}
