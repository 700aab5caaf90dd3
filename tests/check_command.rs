//! `goldseam scripts check` and `explain` as the program that they are: what is printed, what is written, how they end.

use std::fs;
use std::path::Path;
use std::process::Command;

use goldseam::prompts::shipped;
use serde_json::Value;

/// How the program ended, and what it printed.
struct Ended {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

fn scripts(arguments: &[&str]) -> Ended {
    let output = Command::new(env!("CARGO_BIN_EXE_goldseam")).arg("scripts").args(arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ended { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// The shipped scripts in a folder, with these in their places.
fn folder(others: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let files = shipped().into_iter().map(|file| (file.path, file.text));
    let others = others.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned()));
    for (path, text) in files.chain(others) {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

fn check(folder: &Path, arguments: &[&str]) -> Ended {
    scripts(&[&["check", folder.to_str().unwrap()], arguments].concat())
}

const CHEERY: (&str, &str) = ("cheery.yaml", "script: cheery\ntitle: Cheery\nsteps:\n  - say: Chin up.\n");
const BROKEN: (&str, &str) = ("broken.yaml", "script: broken\ntitle: Broken\nsteps:\n  - goto: nowhere\n");

#[test]
fn the_shipped_scripts_have_no_errors_and_no_warnings_and_nobody_claims_to_have_read_them() {
    let ended = scripts(&["check", "--deny-warnings"]);
    assert_eq!(ended.code, Some(0), "{}", ended.stdout);
    assert!(ended.stdout.contains(": 0 errors, 0 warnings.\n0 of "), "{}", ended.stdout);
    assert!(ended.stdout.ends_with("reviewed by a person; not reviewed: all of them.\n"), "{}", ended.stdout);
}

#[test]
fn whoever_checks_in_the_wrong_place_is_told_that_these_are_not_their_own() {
    let mine = folder(&[]);
    let own = tempfile::tempdir().unwrap();
    for (place, words) in [(own.path(), "There is no folder `prompts` here"), (mine.path(), "go one up (`cd ..`)")] {
        let program = env!("CARGO_BIN_EXE_goldseam");
        let output = Command::new(program).args(["scripts", "check"]).current_dir(place).env_clear().output().unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success() && told.contains(words), "{told}");
    }
    assert_eq!(check(mine.path(), &[]).stderr, "");
}

#[test]
fn warnings_refuse_when_they_are_asked_to() {
    let folder = folder(&[CHEERY]);
    assert_eq!(check(folder.path(), &[]).code, Some(0));
    assert_eq!(check(folder.path(), &["--deny-warnings"]).code, Some(1));
    assert_eq!(check(folder.path(), &["--format", "poem"]).code, Some(2));
    assert_eq!(check(&folder.path().join("nowhere"), &[]).code, Some(1));
}

#[test]
fn short_is_one_line_for_each_problem_and_nothing_else() {
    let folder = folder(&[CHEERY, BROKEN]);
    let ended = check(folder.path(), &["--format", "short"]);
    let path = folder.path().display();
    let expected = format!(
        "{path}/broken.yaml:4:5: GS0401 there is no step `nowhere` in this file\n\
         {path}/cheery.yaml:4:10: GS0601 the bot does not say \"chin up\": it asks somebody in pain to look well\n"
    );
    assert_eq!((ended.code, ended.stdout), (Some(1), expected));
}

#[test]
fn json_is_one_document_with_places_that_an_editor_can_mark() {
    let folder = folder(&[BROKEN]);
    let ended = check(folder.path(), &["--format", "json"]);
    assert_eq!(ended.code, Some(1));
    let document: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!((&document["errors"], &document["warnings"]), (&1.into(), &0.into()));
    let problem = &document["problems"][0];
    assert_eq!(problem["code"], "GS0401");
    assert_eq!(problem["severity"], "error");
    assert!(problem["file"].as_str().unwrap().ends_with("/broken.yaml"));
    let place = ["line", "column", "end_line", "end_column"].map(|key| problem[key].as_u64().unwrap());
    assert_eq!(place, [4, 5, 4, 9]);
    assert_eq!(problem["hint"], "write `id: nowhere` at that step");
    assert_eq!(problem["docs"], "docs/script-errors.md#gs0401-no-such-step");
    assert_eq!(document["files"].as_array().unwrap().len(), shipped().len() + 1);
    let menu = document["scripts"].as_array().unwrap().iter().find(|about| about["script"] == "menu").unwrap();
    assert_eq!((&menu["reviewed"], &menu["allowed"]), (&false.into(), &Value::Array(vec![])));
}

#[test]
fn what_is_said_knowingly_is_listed_with_its_reason() {
    let text = "script: cheery\ntitle: Cheery\nallow: [{ word: Chin up, because: others say it }]\nsteps:\n  - say: Some say chin up.\n";
    let folder = folder(&[("cheery.yaml", text)]);
    let ended = check(folder.path(), &["--deny-warnings"]);
    assert_eq!(ended.code, Some(0), "{}", ended.stdout);
    assert!(ended.stdout.contains("cheery says \"Chin up\" knowingly: others say it\n"), "{}", ended.stdout);
}

#[test]
fn a_stamp_is_written_counts_and_is_stale_after_an_edit() {
    let folder = folder(&[]);
    let path = folder.path().join("rest.yaml");
    let before = fs::read_to_string(&path).unwrap();
    let stamp = ["rest", "--stamp", "Ana \"A.\" Lind", "--as", "peer lead"];
    let ended = check(folder.path(), &stamp);
    assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);
    assert!(ended.stdout.contains("\n1 of "), "{}", ended.stdout);
    let after = fs::read_to_string(&path).unwrap();
    let added: Vec<&str> = after.lines().filter(|line| !before.lines().any(|old| old == *line)).collect();
    assert_eq!(added.len(), 2, "{added:?}");
    assert!(added[1].starts_with("  - { by: Ana \"A.\" Lind, on: 20"), "{added:?}");
    fs::write(&path, after + "# Another ending?\n").unwrap();
    let ended = check(folder.path(), &["--format", "short", "--deny-warnings"]);
    assert_eq!(ended.code, Some(1));
    assert!(ended.stdout.contains(": GS0608 changed since Ana \"A.\" Lind read it on 20"), "{}", ended.stdout);
    check(folder.path(), &stamp);
    let ended = check(folder.path(), &["--format", "short"]);
    assert!(!ended.stdout.contains("GS0608"), "the newer stamp counts: {}", ended.stdout);
}

#[test]
fn a_stamp_of_a_day_to_come_counts_for_nothing() {
    let text = "script: later\ntitle: Later\nsteps:\n  - say: Hello.\n";
    let rev = goldseam::script::review::revision(text);
    let stamp = format!("reviewed: [{{ by: Ana, on: 2999-01-01, as: peer lead, text: \"{rev}\" }}]\nsteps:");
    let folder = folder(&[("later.yaml", &text.replace("steps:", &stamp))]);
    let ended = check(folder.path(), &[]);
    assert!(
        ended.stdout.contains("later was read by Ana on 2999-01-01, which is still to come.\n0 of "),
        "{}",
        ended.stdout
    );
}

#[test]
fn a_stamp_needs_a_folder_a_script_and_a_role() {
    let folder = folder(&[]);
    assert_eq!(check(folder.path(), &["--stamp", "Ana"]).code, Some(2));
    assert_eq!(check(folder.path(), &["rest"]).code, Some(2));
    let ended = check(folder.path(), &["nobody", "--stamp", "Ana", "--as", "peer lead"]);
    assert_eq!(ended.code, Some(1));
    assert!(ended.stderr.contains("there is no script `nobody`"), "{}", ended.stderr);
}

#[test]
fn the_table_of_reading_ages_has_every_script_the_hardest_first() {
    let ended = scripts(&["check", "--reading"]);
    let rows: Vec<&str> = ended.stdout.lines().skip_while(|line| !line.starts_with("script ")).skip(1).collect();
    assert!(rows.len() > 30, "{}", ended.stdout);
    let ages: Vec<u8> = rows.iter().map(|row| row.split_whitespace().nth(1).unwrap().parse().unwrap()).collect();
    assert!(ages.is_sorted_by(|a, b| a >= b) && ages[0] <= 12, "{ages:?}");
}

#[test]
fn a_code_is_explained_and_an_unknown_one_is_not_understood() {
    let ended = scripts(&["explain", "gs0405"]);
    assert_eq!(ended.code, Some(0));
    assert!(ended.stdout.starts_with("### GS0405: ") && ended.stdout.contains("*Why:*"), "{}", ended.stdout);
    let ended = scripts(&["explain", "GS9999"]);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""));
    assert!(ended.stderr.contains("docs/script-errors.md"), "{}", ended.stderr);
}
