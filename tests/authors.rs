//! The tools for authors and operators, as the program that they are.

mod support;

use std::fs;
use std::path::Path;

use support::program::{Ended, Settings, contents, copy_prompts};

const EVENING: [&str; 4] =
    ["--now", "2026-03-02T20:00", "--given", "me.timezone = Europe/Vienna; open promise = call Lena"];

fn play(folder: &Path, arguments: &[&str], lines: &[&str]) -> Ended {
    Settings::new(folder).runs(&[&["scripts", "play"], arguments].concat(), lines)
}

#[track_caller]
fn is_said(ended: &Ended, words: &[&str]) {
    let mut rest = ended.stdout.as_str();
    for words in words {
        let at = rest.find(words).unwrap_or_else(|| panic!("{words:?} is not, in this order, in\n{}", ended.stdout));
        rest = &rest[at + words.len()..];
    }
}

// ---- scripts play ----

#[test]
fn a_script_is_played_at_once_and_what_it_plans_comes_when_time_is_moved() {
    let folder = tempfile::tempdir().unwrap();
    let lines =
        ["4", "Calm", "Kept it", "water the plants", "In the morning", ":state", ":tomorrow 09:00", ":tomorrow 22:00"];
    let ended = play(folder.path(), &[&["daily-checkin"], &EVENING[..]].concat(), &lines);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{ended:?}");
    assert!(ended.stdout.starts_with("< How are you right now?"), "{ended:?}");
    is_said(
        &ended,
        &[
            "< call Lena\n",
            "< It is in the book, for tomorrow:",
            "# Nothing is open any more; `:again` starts it anew.",
            "# nothing is open\n# Tue 3 Mar, 09:00  promise-nudge starts\n# Tue 3 Mar, 22:00  promise-followup starts\n",
            "< You asked me to bring this up:\n< water the plants",
            "# Tuesday, 3 March 2026, 09:00 Europe/Vienna",
        ],
    );
    assert!(contents(folder.path()).is_empty(), "nothing is left behind");
}

#[test]
fn back_and_again_and_a_restart_while_a_script_is_played() {
    let folder = tempfile::tempdir().unwrap();
    let lines = [
        "3",
        ":back",
        "5",
        ":restart",
        "again",
        ":+1h",
        ":again",
        ":state",
        ":edit",
        ":nonsense",
        ":quit",
        "never read",
    ];
    let ended = play(folder.path(), &[&["daily-checkin"], &EVENING[..]].concat(), &lines);
    is_said(
        &ended,
        &[
            "[1] Unsure",
            "< How are you right now?",
            "[1] Calm",
            "# Everything in memory is gone; this is from the database.",
            "[1] Calm",
            "< Today's check-in is still here",
            "# Monday, 2 March 2026, 21:00 Europe/Vienna",
            "< How are you right now?",
            "# waiting at `mood` of daily-checkin",
            "# Mon 2 Mar, 21:00  the open question is brought up once more",
            "# These scripts are inside the program.",
            "# `:nonsense` is not known. `:help` shows what is.",
        ],
    );
    assert!(!ended.stdout.contains("never"), "{ended:?}");
    assert!(ended.stdout.contains("\n> :state\n# waiting at"), "what was typed stands before what follows: {ended:?}");
    let left = play(folder.path(), &["rest"], &["hm"]);
    assert!(left.stdout.ends_with("# Still waiting at `how-long` of rest.\n"), "{left:?}");
}

#[test]
fn a_script_that_needs_something_says_what_and_gets_it() {
    let folder = tempfile::tempdir().unwrap();
    let given = ["--with", "promise=open promise", "--given", "open promise to Ana = call Lena"];
    let ended = play(folder.path(), &[&["promise-followup"], &given[..]].concat(), &["Told them ahead"]);
    is_said(&ended, &["< Its time has come:\n< call Lena\n", "[3] Told them ahead", "< Saying so before"]);
    let known = "last check-in = 2026-02-20; checkins = 3; kept promise = x";
    let back = play(folder.path(), &["daily-checkin", "--given", known, "--now", "2026-03-02T20:00"], &[]);
    is_said(&back, &["< How are you right now?"]);
    assert!(!back.stdout.starts_with("< How are you right now?"), "somebody who was away is greeted: {back:?}");
    let stranger = play(folder.path(), &["welcome", "--given", "new person"], &[]);
    is_said(&stranger, &["< This is Goldseam.", "< How old are you?"]);
    let resting =
        ["promise-followup", "--with", "promise=open promise", "--given", "open promise = x; me.resting = yes"];
    is_said(&play(folder.path(), &resting, &[]), &["# It does not begin while everything is paused (`me.resting`)."]);
    let spanish = play(folder.path(), &["rest", "--language", "es"], &["help"]);
    assert!(spanish.stdout.contains("\u{bf}") && !spanish.stdout.contains("How long"), "{spanish:?}");
    for (arguments, words) in [
        (&["promise-followup"][..], "add --with promise=..."),
        (&["promise-followup", "--with", "promse=x"], "did you mean `promise`?"),
        (&["dayly-checkin"], "did you mean `daily-checkin`?"),
        (&["my-own"], "There is no folder `prompts` here"),
        (&["unclear"], "`unclear` is a card"),
        (&["rest", "--given", "me.nam = Ana"], "did you mean `name`?"),
        (&["rest", "--given", "me.evening = late"], "`late` is no time; for example 20:00"),
        (&["rest", "--language", "xx"], "The scripts do not speak `xx`; they speak en, es."),
        (&["rest", "--dir", "nowhere"], "nowhere cannot be read"),
    ] {
        let ended = play(folder.path(), arguments, &[]);
        assert!(ended.code == Some(1) && ended.stderr.contains(words), "{arguments:?}: {ended:?}");
    }
}

#[test]
fn an_edit_that_is_saved_is_played_at_once_and_a_broken_one_is_shown_and_left_aside() {
    let folder = tempfile::tempdir().unwrap();
    let prompts = folder.path().join("prompts");
    copy_prompts(&prompts);
    fs::remove_dir_all(prompts.join("languages")).unwrap();
    let rest = fs::read_to_string(prompts.join("rest.yaml")).unwrap();
    let mut program = Settings::new(folder.path()).starts(&["scripts", "play", "rest"]);
    program.says("[1] Until tomorrow");
    program.types(":edit");
    let line = 1 + rest.lines().position(|line| line.contains("How long shall I be quiet?")).unwrap();
    program.says(&format!("# `how-long` is written in prompts/rest.yaml:{line}."));
    let reworded = rest.replace("How long shall I be quiet?", "For how long?");
    fs::write(prompts.join("rest.yaml"), &reworded).unwrap();
    program.says("# Reloaded; you stand at `how-long`.");
    program.says("< For how long?");
    fs::write(prompts.join("rest.yaml"), reworded.replace("save: how_long", "save: how_longg")).unwrap();
    let told = program.says("# The scripts before this edit stay in use.");
    assert!(told.contains(&format!("prompts/rest.yaml:{line}")) && told.contains("did you mean `how_long`?"), "{told}");
    program.types("tomorrow");
    program.says("< I am quiet until tomorrow.");
    fs::write(prompts.join("rest.yaml"), &reworded).unwrap();
    program.says("# Reloaded; nothing is open.");
    program.types(":again");
    program.says("< For how long?");
    let renamed = reworded.replace("id: how-long", "id: how-many-days");
    fs::write(prompts.join("rest.yaml"), &renamed).unwrap();
    program.says("# Reloaded; `how-long` has no place in the new text, so you end in the old one.");
    program.types(":again");
    program.types(":edit");
    program.says("# `how-many-days` is written");
    let told = renamed
        .replace("id: how-many-days", "id: how-long")
        .replace("steps:", "renamed: { how-many-days: how-long }\nsteps:");
    fs::write(prompts.join("rest.yaml"), told).unwrap();
    program.says("# Reloaded; you stand at `how-long`.");
}

// ---- scripts waiting ----

/// Everything that is printed, with single spaces.
fn waiting(folder: &Path, arguments: &[&str]) -> String {
    let ended = Settings::new(folder).runs(&[&["scripts", "waiting", "--data", "data"], arguments].concat(), &[]);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{ended:?}");
    ended.stdout.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ") + "\n").collect()
}

#[test]
fn an_operator_sees_how_many_wait_where_also_beside_a_running_bot() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(waiting(folder.path(), &[]), "data has no database yet, so nobody waits.\n");
    let settings = Settings::new(folder.path());
    let talks = |person: &str, lines: &[&str]| {
        let arguments = ["chat", "--data", "data", "--person", person];
        assert_eq!(settings.runs(&arguments, lines).code, Some(0));
    };
    talks("me", &["3", "Agree", "skip", "Xaverl", "/now", "stop"]);
    talks("ben", &["3", "Agree", "skip", "Xaverl"]);
    let mut running = settings.starts(&["chat", "--data", "data", "--person", "eva"]);
    running.types("3");
    running.says("If you agree");
    let said = waiting(folder.path(), &[]);
    let expected = "\
script id text where persons oldest
now next current active 1 0 days
stopped pick current card 1 0 days
welcome consent current active 1 0 days
welcome zone current active 1 0 days
welcome zone current put away 1 0 days

In a script: 3. Persons in all: 3.
";
    assert_eq!(said, expected);
    assert!(!said.contains("Xaverl"), "{said}");
    running.ends();

    let prompts = folder.path().join("mine");
    copy_prompts(&prompts);
    fs::remove_dir_all(prompts.join("languages")).unwrap();
    let welcome = fs::read_to_string(prompts.join("welcome.yaml")).unwrap();
    fs::write(
        prompts.join("welcome.yaml"),
        welcome.replace("id: consent\n", "id: agree\n").replace("goto: consent", "goto: agree"),
    )
    .unwrap();
    let before = contents(&folder.path().join("data"));
    let said = waiting(folder.path(), &["--dir", "mine", "--coarse"]);
    assert!(said.contains("welcome consent older, ends in it active fewer than 5 -\n"), "{said}");
    assert!(said.contains("welcome zone older, goes on in the new one put away fewer than 5 -\n"), "{said}");
    let json: serde_json::Value =
        serde_json::from_str(&waiting(folder.path(), &["--dir", "mine", "--format", "json"])).unwrap();
    let row = serde_json::json!({"script": "welcome", "id": "consent", "text": "older_ends_in_it", "place": "active", "persons": 1, "oldest_days": 0});
    assert!(json["waiting"].as_array().unwrap().contains(&row), "{json}");
    assert_eq!(contents(&folder.path().join("data")), before, "reading changes nothing");
}

// ---- scripts simulate ----

#[test]
fn simulated_persons_are_reported_and_one_life_is_shown() {
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings::new(folder.path());
    let run = |arguments: &[&str]| {
        let all = [&["scripts", "simulate", "--persons", "3", "--days", "3", "--seed", "5"], arguments].concat();
        settings.runs(&all, &[])
    };
    let ended = run(&[]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    is_said(
        &ended,
        &["3 persons, 3 days, seed 5\n", "welcome", "a person-day", "Nothing happened that must never happen.\n"],
    );
    assert!(ended.stderr.contains(" events in ") && !ended.stdout.contains(" events in "), "{ended:?}");
    let json: serde_json::Value = serde_json::from_str(&run(&["--format", "json"]).stdout).unwrap();
    assert_eq!((&json["persons"], &json["broken"]), (&3.into(), &serde_json::json!([])));
    let life = run(&["--only-person", "2"]);
    is_said(&life, &["> /start\n", "< This is Goldseam.", "1 person, 3 days, seed 5"]);
    let nobody = run(&["--only-person", "3"]);
    assert!(nobody.code == Some(1) && nobody.stderr.contains("numbered from 0 to 2"), "{nobody:?}");
    assert!(contents(folder.path()).is_empty());
}

// ---- scripts init ----

/// Every page and every prompt that a page links to is there.
#[track_caller]
fn pages_lead_to_pages(dir: &Path) {
    let pages = contents(&dir.join("docs"));
    assert!(pages.len() > 5 && dir.join("docs/writing-scripts.md").exists(), "the pages are there");
    for (path, text) in pages {
        let text = String::from_utf8(text).unwrap();
        for link in text.split("](").skip(1).map(|rest| rest.split([')', '#']).next().unwrap()) {
            let is_file = !link.contains("://") && (link.ends_with(".md") || link.ends_with(".yaml"));
            assert!(!is_file || dir.join("docs").join(link).exists(), "{}: {link}", path.display());
        }
    }
}

#[test]
fn a_folder_of_ones_own_is_written_once_and_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings::new(folder.path());
    fs::create_dir_all(folder.path().join("mine/.git")).unwrap();
    let written = settings.runs(&["scripts", "init", "mine"], &[]);
    assert_eq!((written.code, written.stderr.as_str()), (Some(0), ""), "{written:?}");
    is_said(&written, &["mine/prompts ", " cards", "mine/schema", "cd mine\n"]);
    let inside = folder.path().join("mine/prompts");
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("prompts");
    let names = |folder: &Path, files: Vec<(std::path::PathBuf, Vec<u8>)>| {
        let name = |(path, text): (std::path::PathBuf, Vec<u8>)| (path.strip_prefix(folder).unwrap().to_owned(), text);
        files.into_iter().map(name).collect::<Vec<_>>()
    };
    assert!(names(&inside, contents(&inside)) == names(&here, contents(&here)), "everything, and as it is");
    assert!(folder.path().join("mine/schema/script.v1.json").exists());
    pages_lead_to_pages(&folder.path().join("mine"));

    fs::write(inside.join("menu.yaml"), "mine").unwrap();
    let refused = settings.runs(&["scripts", "init", "mine"], &[]);
    assert!(
        refused.code == Some(1) && refused.stderr.contains("mine is not empty, and nothing is overwritten"),
        "{refused:?}"
    );
    assert_eq!(fs::read_to_string(inside.join("menu.yaml")).unwrap(), "mine");
    let file = settings.runs(&["scripts", "init", "mine/prompts/menu.yaml"], &[]);
    assert!(file.code == Some(1) && file.stderr.contains("is not a folder that can be read"), "{file:?}");
    // The folder that is here is the one that is looked at.
    let here = Settings::new(&folder.path().join("mine"));
    let checked = here.runs(&["scripts", "check", "--format", "short"], &[]);
    assert!(checked.code == Some(1) && checked.stdout.starts_with("prompts/menu.yaml:1:1: GS"), "{checked:?}");
}
