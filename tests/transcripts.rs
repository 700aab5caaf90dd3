//! Transcripts as authors write them: what is wrong with a line is said at that line, and `goldseam scripts test` shows, blesses
//! and counts.

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use goldseam::transcript::{self, Coverage, Part, Played, Scripts, Transcript};
use support::program::{Ended, Settings};
use support::prompts::{scripts_with, shipped};
use tempfile::TempDir;

const SMALL: &str = "script: small\nversion: 1\ntitle: Small\nstart_with: [/small]\nargs: [day]\nvars:\n  day: { type: date }\n  word: { type: text, max: 20 }\nphrases:\n  odd: [odd]\nsteps:\n  - id: word\n    ask: A word for ${ day or \"today\" }?\n    save: word\n    skip: true\n    reject: { odd: That is odd. }\n    soft: [odd]\n    help: Any word.\n  - branch:\n      - if: word\n        then: [ say: 'So ${ word or \"\" }.' ]\n      - else: [ say: No word. ]\n";

fn play_with(scripts: &Scripts, text: &str, drafts: &[(&str, &str)]) -> Played {
    let transcript = Transcript::parse("a.chat", text).unwrap();
    let drafts: BTreeMap<String, String> =
        drafts.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
    transcript::play(&transcript, scripts, &drafts)
}

fn small() -> Scripts {
    scripts_with(&[("small.yaml", SMALL)])
}

#[test]
fn a_line_that_cannot_be_played_is_a_sentence_with_its_place() {
    let scripts = small();
    for (line, sentence) in [
        ("given: me.nam = Ana", "no fact `me.nam` in facts.yaml: did you mean `name`?"),
        ("given: me.checkin_at = late", "`me.checkin_at`: `late` is no time: write it like `20:00`"),
        ("given: me.timezone = Nowhere", "`me.timezone`: `Nowhere` is no zone: write it like `Europe/Vienna`"),
        ("run: smal", "there is no script `smal`: did you mean `small`?"),
        ("run: small", "`small` needs `day`: `run: small day = ...`"),
        ("run: small dya = 2026-03-02", "`small` takes no `dya`: did you mean `day`?"),
        ("run: small day = soon", "`day`: `soon` is no date: write it like `2026-03-02`"),
        ("run: promise-nudge promise = open promise", "no promise is open: `given: open promise = ...`"),
        ("> [No such]", "there is no button [No such]; there are: none"),
        ("< Hello.", "nothing has happened that this line could follow from"),
        ("(2020-01-01 09:00)", "that is over: it is 2026-03-02 18:00 already"),
        ("(edit: drafts/none.yaml)", "`drafts/none.yaml` cannot be read from where this file is"),
        ("(withdraw: smal)", "there is no script `smal`: did you mean `small`?"),
        ("(withdraw: now)", "`now` cannot be withdrawn: the program itself needs it"),
    ] {
        let played = play_with(&scripts, &format!("given: me.consent = yes\n{line}\n"), &[]);
        assert_eq!(played.render(false), format!("a.chat:2: {sentence}\n"));
    }
    let broken = play_with(
        &scripts,
        "(edit: drafts/small.yaml)\n",
        &[("drafts/small.yaml", "script: small\nsteps: []\ntile: x")],
    );
    let shown = broken.render(false);
    assert!(shown.starts_with("a.chat:1: the scripts have errors with `drafts/small.yaml`: small.yaml:"), "{shown}");
}

#[test]
fn the_example_of_the_docs_is_what_the_bot_says() {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/transcripts.md")).unwrap();
    let (_, rest) = page.split_once("```text\n").unwrap();
    let played = play_with(&scripts_with(&[]), rest.split_once("```").unwrap().0, &[]);
    assert!(played.is_good(), "{}", played.render(false));
}

#[test]
fn facts_are_given_by_their_types_and_arguments_too() {
    let scripts = small();
    let given = "given: checkins = 12; last check-in = 2026-03-01; entries = 3; kept promise to Lena = call; open promise = walk; me.paths = self, hurt; me.rest_until = 2026-03-09; me.checkin_at = 07:30; me.consent = yes; me.timezone = Europe/Vienna; now = 2026-03-02 20:00";
    let transcript = Transcript::parse("a.chat", given).unwrap();
    let mut stage = transcript::Stage::new(scripts.library());
    for (_, line) in &transcript.lines {
        let transcript::Line::Given(given) = line else { panic!("{line:?}") };
        stage.given(given).unwrap();
    }
    let facts = stage.facts();
    assert_eq!((facts.checkins, facts.entries, facts.promises.len()), (12, 3, 1));
    assert_eq!(facts.last_checkin, Some(jiff::civil::date(2026, 3, 1)));
    assert_eq!(facts.counts.values().sum::<i64>(), 2);
    assert_eq!(facts.me["paths"].to_string(), "self, hurt");
    assert_eq!(facts.me["checkin_at"].to_string(), "07:30");
    // The clock and the zone count for all of the line, wherever they stand in it.
    assert_eq!(stage.here().to_string(), "2026-03-02T20:00:00+01:00[Europe/Vienna]");
    assert_eq!(facts.promises[0].due.to_string(), "2026-03-02T20:59:59.999999999Z");
    let played = play_with(
        &scripts,
        "given: me.consent = yes\nrun: small day = 2026-03-03\n< A word for Tuesday 3 March? [Skip]\n",
        &[],
    );
    assert!(played.is_good(), "{}", played.render(false));
}

#[test]
fn a_difference_shows_the_lines_around_and_which_lines_spoke() {
    let scripts = small();
    let text = "given: me.consent = yes\nrun: small day = 2026-03-03\n< A word...\n= waiting at nowhere\n> warm\n! no ended\n< So cold.\n< Bye.\n";
    let played = play_with(&scripts, text, &[]);
    let shown = "a.chat:2\n    run: small day = 2026-03-03\n    < A word...   (prompts/small.yaml:13)\n  - = waiting at nowhere\n  + = waiting at word\na.chat:5\n    > warm\n  - ! no ended\n  + ! ended   (what happened here: ended small (done))\n  - < So cold.\n  + < So warm.   (prompts/small.yaml:21)\n  - < Bye.\n";
    assert_eq!(played.render(false), shown);
    let coloured = played.render(true);
    assert!(coloured.contains("\u{1b}[31m  - < So cold.\u{1b}[0m\n"), "{coloured:?}");
    assert_eq!(played.blessed.unwrap(), text.replace("< So cold.\n< Bye.\n", "< So warm.\n"));
}

#[test]
fn a_translated_line_is_found_in_the_texts_of_its_language() {
    let text = "given: me.consent = yes; me.language = es\n> /rest\n< How long...\n";
    let shown = play_with(&scripts_with(&[]), text, &[]).render(false);
    assert!(shown.contains("   (prompts/languages/es/texts.po:"), "{shown}");
}

#[test]
fn scripts_are_edited_and_the_program_restarted_in_the_middle() {
    let text = "given: me.consent = yes\nrun: small day = 2026-03-03\n< A word...\n(restart)  (edit: drafts/small.yaml)   # one line, two things\n> warm\n< Now warm.\n";
    let played = play_with(&small(), text, &[("drafts/small.yaml", &SMALL.replace("So $", "Now $"))]);
    assert!(played.is_good(), "{}", played.render(false));
    let broken = text.replace("< Now", "< So");
    let played = play_with(&small(), &broken, &[("drafts/small.yaml", &SMALL.replace("So $", "Now $"))]);
    assert!(played.render(false).contains("  + < Now warm.   (drafts/small.yaml:21)"), "{}", played.render(false));
}

#[test]
fn coverage_counts_what_an_author_wrote() {
    let scripts = small();
    let mut coverage = Coverage::new(scripts.library());
    let text = "given: me.consent = yes\nrun: small day = 2026-03-03\n< A...\n> odd\n< That is odd. [Skip]\n> warm\n< So warm.\n";
    coverage.add(&play_with(&scripts, text, &[]).traces);
    let missing = |coverage: &Coverage<'_>| {
        let missing = coverage.unreached().into_iter().filter(|unreached| unreached.script == "small");
        missing.map(|unreached| unreached.what).collect::<Vec<_>>()
    };
    let all = ["never skipped", "never let pass the second time", "never said", "always holds", "never reached"];
    assert_eq!(missing(&coverage), all);
    let small = coverage.script("small").unwrap();
    assert!(small.has(&Part::Check(0, 0)) && small.has(&Part::Answer(0)) && !small.has(&Part::Skip(0)));
    assert!(small.edges().contains(&(0, 1)) && small.steps().contains(&0));
    let shown = coverage.render(&scripts);
    assert!(shown.contains("prompts/small.yaml:13: never skipped: ask: A word for"), "{shown}");

    let again = "given: me.consent = yes\nrun: small day = 2026-03-03\n< A...\n> odd\n< That...\n> odd\n< So odd.\nrun: small day = 2026-03-03\n< A...\n> help\n< Any...\n< ...\n< A...\n> skip\n< No word.\n";
    let played = play_with(&scripts, again, &[]);
    assert!(played.is_good(), "{}", played.render(false));
    coverage.add(&played.traces);
    assert_eq!(missing(&coverage), [""; 0]);
    let names = |coverage: &Coverage<'_>| coverage.scripts().map(|(script, _)| script.name.clone()).collect::<Vec<_>>();
    let mut narrow = coverage.clone();
    narrow.narrow("promise-");
    assert_eq!(names(&narrow), ["promise-followup", "promise-nudge"]);
    coverage.narrow("no script is called so");
    assert_eq!(names(&coverage), ["help", "small"]);
    // What was carried out of another text is no part of this one.
    let edited = scripts_with(&[("small.yaml", &SMALL.replace("No word", "None"))]);
    let mut other = Coverage::new(edited.library());
    other.add(&played.traces);
    assert!(missing(&other).len() > 5);
}

// ---- the command ----

/// The shipped scripts, and transcripts of one's own.
fn folder(chats: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = folder.path().join("prompts").join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    shipped().iter().for_each(|file| write(&file.path, &file.text));
    chats.iter().for_each(|(path, text)| write(path, text));
    folder
}

fn tests(at: &Path, arguments: &[&str]) -> Ended {
    let arguments: Vec<&str> = ["scripts", "test"].iter().chain(arguments).copied().collect();
    Settings::new(at).runs(&arguments, &[])
}

const GOOD: (&str, &str) = ("good.chat", "given: new person\n> /privacy\n< What is kept...\n< ...\n< ...\n");
const BAD: (&str, &str) = ("deep/bad.chat", "given: new person\n> /privacy\n< All is lost.\n< ...\n< ...\n");

#[test]
fn the_command_shows_what_differs_and_blesses_it() {
    let folder = folder(&[GOOD, BAD]);
    let failed = tests(folder.path(), &[]);
    assert_eq!(failed.code, Some(1), "{failed:?}");
    assert!(
        failed.stdout.contains("prompts/deep/bad.chat:2\n    > /privacy\n  - < All is lost.\n  + < What is kept:"),
        "{failed:?}"
    );
    assert!(failed.stdout.ends_with("2 transcripts: 1 passed, 1 failed.\n"), "{failed:?}");
    assert_eq!(tests(folder.path(), &["--only", "good"]).code, Some(0));
    let blessed = tests(folder.path(), &["--bless"]);
    assert!(blessed.stdout.starts_with("Written: prompts/deep/bad.chat\n2 transcripts: 2 passed"), "{blessed:?}");
    assert_eq!(blessed.code, Some(0), "{blessed:?}");
    let text = fs::read_to_string(folder.path().join("prompts/deep/bad.chat")).unwrap();
    assert!(text.contains("\n< What is kept: your answers") && text.ends_with("\n< ...\n< ...\n"), "{text}");
    assert_eq!(tests(folder.path(), &[]).code, Some(0));
}

#[test]
fn the_command_counts_and_fails_when_asked_to() {
    let folder = folder(&[GOOD]);
    let shown = tests(folder.path(), &["prompts", "--coverage"]);
    assert_eq!(shown.code, Some(0));
    let row = shown.stdout.lines().find(|line| line.starts_with("privacy ")).unwrap();
    assert!(row.contains(" 4/4 100%"), "{row}");
    let busy = shown.stdout.lines().find(|line| line.starts_with("prompts/system/busy.yaml:")).unwrap();
    assert!(busy.contains(": never reached: - say: Four things"), "{busy}");
    let reached = tests(folder.path(), &["--coverage", "--only", "good"]).stdout;
    assert!(reached.contains("\nprivacy ") && !reached.contains("\nrest "), "{reached}");
    let full = tests(folder.path(), &["--full"]);
    let last = full.stdout.lines().last().unwrap();
    assert!(full.code == Some(1) && last.ends_with(" places are not reached."), "{last}");
}

#[test]
fn the_command_says_what_it_needs() {
    let empty = tempfile::tempdir().unwrap();
    let nothing = tests(empty.path(), &[]);
    assert_eq!(nothing.code, Some(1));
    assert!(nothing.stderr.contains("name a folder, `goldseam scripts test DIR`."), "{nothing:?}");
    let folder = folder(&[("odd.chat", "given: new person\nhello\n> /privacy\nagain\n")]);
    let odd = tests(folder.path(), &[]);
    assert_eq!(odd.code, Some(1));
    assert!(
        odd.stdout.contains("prompts/odd.chat:2: `hello` is no line") && odd.stdout.contains("prompts/odd.chat:4: "),
        "{odd:?}"
    );
    let none = tests(folder.path(), &["--only", "good"]);
    assert!(none.stderr.contains("No transcript in prompts has `good` in its name."), "{none:?}");
    let configured =
        Settings::new(empty.path()).with("GOLDSEAM_PROMPTS_DIR", folder.path().join("prompts").display().to_string());
    assert!(configured.runs(&["scripts", "test"], &[]).stdout.contains("odd.chat:2:"));
}
