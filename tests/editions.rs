//! The same scripts in another language: a tiny one of our own beside the shipped scripts, through the real engine.

#[path = "support/chat.rs"]
#[expect(dead_code, unreachable_pub, reason = "shared with other test programs")]
mod chat;
#[path = "support/prompts.rs"]
#[expect(unreachable_pub, reason = "shared with other test programs")]
mod prompts;

use goldseam::engine::{self, Effect, Event, Facts, State};
use goldseam::script::{Library, PromptFile, translate};
use goldseam::types::{Message, Private, Value};
use jiff::Zoned;

use chat::Stage;

/// A script with a bit of everything.
const PROBE: &str = r#"
script: probe
title: Probe
about: A little of everything.
start_with: [/probe, probe]
open_to_all: true
vars:
  word: { type: text, max: 40 }
  how: { type: choice, of: [well, badly] }
  day: { type: date }
  pets: { type: integer, from: 0, to: 1000 }
phrases:
  vague: [stuff]
steps:
  - say: Good day, ${ me.name or "friend" }.
  - id: how
    choose: How is it going?
    save: how
    options:
      - { label: Well, value: well, also: [fine] }
      - { label: Badly, value: badly, also: [bad] }
    help: One of two words.
  - if: how == "badly"
    say: That is noted.
  - id: word
    choose: Which word fits?
    save: word
    skip: true
    options:
      - { label: A calm one, value: calm }
      - { label: A loud one, value: loud }
  - say: You took ${ word or "none" }.
  - id: day
    ask: Which day?
    save: day
  - say: So ${ day or today }.
  - id: pets
    ask: How many pets?
    save: pets
  - say_count: { n: pets or 0, one: One pet., other: "${ pets or 0 } pets." }
  - id: thing
    ask: What is it about?
    save: word
    reject:
      vague: What exactly?
    soft: [vague]
  - end: done
"#;

/// Latin has three plural forms here, so that it differs from the scripts' language.
const TEXTS: &str = r#"
msgid ""
msgstr ""
"Language: la\n"
"Plural-Forms: nplurals=3; plural=n==1 ? 0 : n>=2 && n<=4 ? 1 : 2;\n"

msgctxt "probe"
msgid "Probe"
msgstr "Probatio"

msgctxt "probe"
msgid "Good day, ${ me.name or \"friend\" }."
msgstr "Salve, ${ me.name or \"amice\" }."

msgctxt "probe/how"
msgid "How is it going?"
msgstr "Quid agis?"

msgctxt "probe/how"
msgid "Well"
msgstr "Bene"

#, fuzzy
msgctxt "probe/how"
msgid "Badly"
msgstr "Dubie"

msgctxt "probe/word"
msgid "A calm one"
msgstr "Placidum"

msgctxt "probe/word"
msgid "calm"
msgstr "placidus"

msgctxt "probe/word"
msgid "You took ${ word or \"none\" }."
msgstr "Cepisti ${ word or \"nihil\" }."

msgctxt "probe/day"
msgid "Which day?"
msgstr "Quo die?"

msgctxt "probe/day"
msgid "So ${ day or today }."
msgstr "Ergo ${ day or today }."

msgctxt "probe/pets"
msgid "One pet."
msgid_plural "${ pets or 0 } pets."
msgstr[0] "Unum animal."
msgstr[1] "Pauca animalia, ${ pets or 0 }."
msgstr[2] "Multa animalia, ${ pets or 0 }."

msgctxt "probe/thing"
msgid "What exactly?"
msgstr "Quid ipsum?"

msgctxt "system/resume_card/pick"
msgid "Show the question"
msgstr "Monstra"
"#;

const PHRASES: &str = r#"
name: Latina
reserved:
  stop: [siste]
  skip: [praeteri]
"yes": [ita]
"no": [minime]
labels: { skip: Praeteri }
about: { stop: Finis }
reading:
  numbers: { 1: [unus], 2: [duo], 3: [tres] }
  days: { 1: [cras] }
  weekdays: [Lunae, Martis, Mercurii, Iovis, Veneris, Saturni, Solis]
  months: [Ianuarius, Februarius, Martius, Aprilis, Maius, Iunius, Iulius, Augustus, September, October, November, December]
  date_order: day_month
  units: { 1h: [hora, horae] }
writing:
  date: "{weekday}, {day} {month}"
  and: et
  hour: [hora, horae, horarum]
"#;

const WORDS: &str =
    "start_with: [probatio]\nphrases: { vague: [res] }\nalso: { how: { well: [optime], Badly: [male] } }\n";

fn files(others: &[(&str, &str)]) -> Vec<PromptFile> {
    let mut files = prompts::shipped_with(&[("probe.yaml", PROBE)]);
    files.retain(|file| !file.path.starts_with("languages/"));
    let latin = [("texts.po", TEXTS), ("phrases.yaml", PHRASES), ("probe.yaml", WORDS)];
    let latin = latin.iter().map(|(name, text)| (format!("languages/la/{name}"), *text));
    for (path, text) in latin.chain(others.iter().map(|(path, text)| ((*path).to_owned(), *text))) {
        files.retain(|file| file.path != path);
        files.push(PromptFile { path, text: text.to_owned() });
    }
    files
}

fn library() -> Library {
    let (library, report) = Library::load(&files(&[]));
    let library = library.unwrap_or_else(|| panic!("{}", report.render(false)));
    let here = report.problems.iter().filter(|problem| problem.file.starts_with("languages/"));
    // One text waits for a translator.
    assert_eq!(here.map(|problem| problem.code).collect::<Vec<_>>(), ["GS0710"], "{report}");
    library
}

fn latin_stage(library: &Library) -> Stage<'_> {
    let mut stage = Stage::new(library);
    stage.given("me.consent = yes; me.timezone = Europe/Vienna; me.language = la");
    stage
}

#[track_caller]
fn hears(stage: &mut Stage<'_>, words: &str, expected: &[&str]) {
    stage.person(words);
    assert_eq!(stage.heard().0, expected, "after {words}");
}

#[test]
fn a_person_is_asked_and_understood_in_their_language() {
    let library = library();
    let mut stage = latin_stage(&library);
    hears(&mut stage, "probatio", &["Salve, amice.", "Quid agis? [Bene] [Badly]"]);
    hears(&mut stage, "male", &["That is noted.", "Which word fits? [Placidum] [A loud one] [Praeteri]"]);
    hears(&mut stage, "[Placidum]", &["Cepisti placidus.", "Quo die?"]);
    hears(&mut stage, "cras", &["Ergo Martis, 3 Martius.", "How many pets?"]);
    hears(&mut stage, "tres", &["Pauca animalia, 3.", "What is it about?"]);
    hears(&mut stage, "res varia", &["Quid ipsum?"]);
    hears(
        &mut stage,
        "siste",
        &[
            "We can stop here. What should happen with: Probatio? [Keep what I said] [Finish another time] [Delete it] [Go on after all]",
        ],
    );
}

#[test]
fn the_source_language_s_words_go_on_working() {
    let library = library();
    let mut stage = latin_stage(&library);
    hears(&mut stage, "probe", &["Salve, amice.", "Quid agis? [Bene] [Badly]"]);
    hears(&mut stage, "well", &["Which word fits? [Placidum] [A loud one] [Praeteri]"]);
    hears(&mut stage, "skip", &["Cepisti nihil.", "Quo die?"]);
    hears(&mut stage, "tomorrow", &["Ergo Martis, 3 Martius.", "How many pets?"]);
    hears(&mut stage, "seven", &["Multa animalia, 7.", "What is it about?"]);
}

#[test]
fn a_language_that_is_chosen_counts_at_once() {
    let chosen = "script: pick\ntitle: Pick\nstart_with: [/pick]\nopen_to_all: true\nsteps:\n  - remember: { language: '\"la\"' }\n  - say: Now so.\n  - end: done\n";
    let (library, report) = Library::load(&files(&[("pick.yaml", chosen)]));
    let library = library.unwrap_or_else(|| panic!("{report}"));
    let mut stage = Stage::new(&library);
    stage.given("me.consent = yes");
    hears(&mut stage, "probe", &["Good day, friend.", "How is it going? [Well] [Badly]"]);
    hears(&mut stage, "/pick", &["Now so.", "Quid agis? [Bene] [Badly]"]);
    // The button of the earlier showing still answers: it is the same question.
    hears(&mut stage, "[Well]", &["Which word fits? [Placidum] [A loud one] [Praeteri]"]);
}

#[track_caller]
fn said(library: &Library, facts: &Facts, text: &str) -> Vec<Message> {
    let now: Zoned = "2026-03-02T20:00:00[UTC]".parse().unwrap();
    let (_, effects) = engine::step(library, State::new(1), facts, &Event::Text(Private::new(text)), &now);
    let messages =
        effects.into_iter().filter_map(|effect| if let Effect::Say(message) = effect { Some(message) } else { None });
    messages.collect()
}

#[test]
fn the_chat_app_s_language_is_spoken_until_another_is_chosen() {
    let library = library();
    let mut facts = Facts { client_language: Some("la-VA".into()), ..Facts::default() };
    let first = said(&library, &facts, "/probe");
    assert_eq!((first[0].text.text().as_str(), first[0].language.as_deref()), ("Salve, amice.", Some("la")));
    facts.me.insert("language".into(), Value::text("en"));
    let first = said(&library, &facts, "/probe");
    assert_eq!((first[0].text.text().as_str(), first[0].language.as_deref()), ("Good day, friend.", None));
    for odd in ["xx", "", "../la"] {
        let facts = Facts { client_language: Some(odd.into()), ..Facts::default() };
        assert_eq!(said(&library, &facts, "/probe")[0].text.text(), "Good day, friend.", "{odd}");
    }
}

#[test]
fn an_edition_is_the_same_scripts() {
    let library = library();
    let latin = library.edition("la");
    assert_eq!(latin.language(), "la");
    assert_eq!(library.languages(), [("en".to_owned(), "English".to_owned()), ("la".to_owned(), "Latina".to_owned())]);
    for script in library.scripts() {
        let other = latin.script(&script.name).expect("the same script");
        assert_eq!(
            (&script.rev, &script.ids, &script.waits, script.ops.len()),
            (&other.rev, &other.ids, &other.waits, other.ops.len())
        );
    }
    let menu = library.localized(Library::command_menu);
    let about =
        |tag: Option<&str>| menu.of(tag).iter().find(|(name, _)| name == "stop").map(|(_, about)| about.clone());
    assert_eq!(about(Some("la")).as_deref(), Some("Finis"));
    assert_ne!(about(None), about(Some("la")));
}

#[test]
fn an_earlier_text_is_told_in_the_person_s_language_too() {
    let mut library = library();
    let text = PROBE.replace("  - end: done", "  - say: Which day?\n  - end: done");
    let rev = goldseam::script::revision(&text);
    library.remember_earlier(&[goldseam::script::EarlierText {
        name: "probe".into(),
        rev: rev.clone(),
        text,
        withdrawn: false,
    }]);
    let earlier = library.edition("la").script_at("probe", &rev).expect("the earlier text");
    assert_eq!(earlier.title, "Probatio");
}

#[test]
fn what_becomes_of_texts_is_counted() {
    let library = library();
    let template = translate::template(&library, &files(&[]));
    let (catalog, _) = translate::po::Catalog::parse(TEXTS);
    let status = translate::status(&catalog, &template);
    assert_eq!((status.translated, status.fuzzy.len()), (catalog.entries.len() - 1, 1));
    assert!(status.fuzzy[0].place.starts_with("probe.yaml:"), "{:?}", status.fuzzy[0]);
    let merged = translate::merge("la", &catalog, &template);
    assert_eq!(merged.entries.len(), template.entries.len());
    let again = translate::po::Catalog::parse(&merged.write());
    assert_eq!((again.0.write(), again.1), (merged.write(), vec![]));
}

/// Whoever edits a sentence is not kept from it by a translation; but a language that is shipped is there in the main.
#[test]
fn the_shipped_spanish_has_nearly_every_text() {
    let files = prompts::shipped();
    let (library, _) = prompts::load_with(&[]);
    let template = translate::template(&library.expect("sound scripts"), &files);
    let file = files.iter().find(|file| file.path == "languages/es/texts.po").expect("Spanish");
    let (catalog, faults) = translate::po::Catalog::parse(&file.text);
    assert_eq!(faults, []);
    let status = translate::status(&catalog, &template);
    assert!(status.translated * 100 >= status.all * 95, "run `goldseam scripts i18n merge es`: {status:#?}");
}
