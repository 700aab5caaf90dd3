//! The program as it is installed: started, killed, started again, misconfigured, and talked to through a pipe.

mod support;

use std::fs;
use std::path::Path;
use std::time::Duration;

use goldseam::store::{DATABASE_FILE, Store};
use goldseam::types::Platform;
use goldseam::vault::Vault;
use sqlx::Connection as _;
use support::fake_discord::{self, Fault};
use support::fake_telegram::{self, Trouble};
use support::journey::{ANA, STORY, World, heard_the_story};
use support::program::{PATIENCE, Settings, contents, copy_prompts};
use tempfile::TempDir;

// ---- over the platforms ----

/// What is planned under this name becomes due now. The program is not running.
async fn becomes_due(folder: &Path, name: &str) {
    sqlx::any::install_default_drivers();
    let path = folder.join("data").join(DATABASE_FILE);
    let mut database = sqlx::AnyConnection::connect(&format!("sqlite://{}", path.display())).await.unwrap();
    let now = goldseam::clock::Clock::system().now().as_millisecond();
    let query = "update schedules set due_at = $1, wake_at = $1 where name like $2 and state = 'active'";
    let changed = sqlx::query(query).bind(now).bind(name).execute(&mut database).await.unwrap();
    assert_eq!(changed.rows_affected(), 1, "one schedule is called {name}");
    database.close().await.unwrap();
}

async fn a_life_with_kills(world: World) -> (usize, World, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let settings = world.settings(folder.path());
    for step in STORY {
        let program = world.starts(&settings).await;
        world.lives(step).await;
        program.killed();
    }
    for (name, question, step) in [
        ("promise-due-%", "Its time has come:", ("[Kept it]", "You said it, and you did it.")),
        ("checkin", "How are you right now?", ("[3 in between]", "Is there a word for it?")),
    ] {
        becomes_due(folder.path(), name).await;
        let program = world.starts(&settings).await;
        world.hears(question, 1).await;
        program.killed();
        let program = world.starts(&settings).await;
        world.lives(step).await;
        program.killed();
    }
    let program = world.starts(&settings).await;
    world.lives(("[Tired]", "One small thing for tomorrow?")).await;
    let (status, stderr) = program.terminated(Duration::from_secs(10)).await;
    assert_eq!(status.code(), Some(0));
    assert!(!stderr.contains("sister") && !stderr.contains("tired"), "{stderr}");
    let twice = heard_the_story(&world.sees());
    world.broke_no_rule();
    (twice, world, folder)
}

#[tokio::test]
async fn a_kill_after_every_message_loses_nothing_on_telegram() {
    let (twice, ..) = a_life_with_kills(World::telegram().await).await;
    assert!(twice <= STORY.len() + 4, "at most what was in flight comes twice");
}

#[tokio::test]
async fn a_kill_after_every_message_loses_nothing_when_telegram_calls() {
    let (twice, world, _folder) = a_life_with_kills(World::webhook().await).await;
    assert!(twice <= STORY.len() + 4, "at most what was in flight comes twice");
    let World::Webhook(fake, _) = &world else { unreachable!() };
    assert!(fake.calls("getUpdates").is_empty() && fake.unconfirmed().is_empty(), "every update was taken");
}

#[tokio::test]
async fn one_program_has_all_of_discords_connections() {
    let World::Discord(fake) = World::discord().await else { unreachable!() };
    fake.wants_shards(2, Duration::from_secs(5));
    let (world, folder) = (World::Discord(fake), tempfile::tempdir().unwrap());
    let program = world.settings(folder.path()).with("GOLDSEAM_DISCORD__SHARDS", "2").starts(&["run"]);
    let World::Discord(fake) = &world else { unreachable!() };
    fake.until("both connections are there", |fake| fake.shards_heard() == [0, 1]).await;
    world.lives(STORY[0]).await;
    let ben = fake.person(43);
    ben.uses_in(fake_discord::OTHER_SERVER, "/about");
    fake.until("the other server is answered", |_| ben.sent().iter().any(|message| message.ephemeral)).await;
    let (status, _) = program.terminated(Duration::from_secs(10)).await;
    assert_eq!((status.code(), fake.closed_cleanly()), (Some(0), 2));
    world.broke_no_rule();
}

#[tokio::test]
async fn a_kill_after_every_message_loses_and_repeats_nothing_on_discord() {
    let (twice, ..) = a_life_with_kills(World::discord().await).await;
    assert_eq!(twice, 0);
}

#[tokio::test]
async fn a_message_that_hangs_when_the_program_is_killed_arrives_after_it_on_telegram() {
    let world = World::telegram().await;
    let World::Telegram(fake) = &world else { unreachable!() };
    let folder = tempfile::tempdir().unwrap();
    let settings = world.settings(folder.path());
    for (step, trouble) in STORY.into_iter().zip([None, Some(Trouble::Hang), Some(Trouble::AcceptThenHang), None]) {
        let program = world.starts(&settings).await;
        let Some(trouble) = trouble else {
            world.lives(step).await;
            drop(program.terminated(Duration::from_secs(10)).await);
            continue;
        };
        let before = fake.calls("sendMessage").len();
        fake.next_goes_wrong("sendMessage", trouble);
        world.does(step.0);
        let tried = fake.wait(PATIENCE, || (fake.calls("sendMessage").len() > before).then_some(())).await;
        assert!(tried.is_some(), "{}", program.stderr());
        program.killed();
        let program = world.starts(&settings).await;
        let copies = if step.0 == "[Agree]" { 2 } else { 1 };
        world.hears(step.1, copies).await;
        drop(program.terminated(Duration::from_secs(10)).await);
    }
    for (words, copies) in
        [("How old are you?", 1), ("If you agree", 1), ("What brings you here?", 2), ("And a second", 1)]
    {
        assert_eq!(world.count(words), copies, "{words}");
    }
    world.broke_no_rule();
}

#[tokio::test]
async fn a_message_that_hangs_when_the_program_is_killed_arrives_once_on_discord() {
    let world = World::discord().await;
    let World::Discord(fake) = &world else { unreachable!() };
    let folder = tempfile::tempdir().unwrap();
    let settings = world.settings(folder.path());
    for (step, fault) in STORY.into_iter().zip([None, Some(Fault::Hang), Some(Fault::LoseAnswer), None]) {
        let program = world.starts(&settings).await;
        let posted = || fake.requests().iter().filter(|request| request.path.ends_with("/messages")).count();
        let Some(fault) = fault else {
            world.lives(step).await;
            drop(program.terminated(Duration::from_secs(10)).await);
            continue;
        };
        let before = posted();
        fake.fault("/messages", fault);
        world.does(step.0);
        fake.until("the message is tried", |_| posted() > before).await;
        program.killed();
        let program = world.starts(&settings).await;
        world.hears(step.1, 1).await;
        // The same row again, recognised by its nonce.
        fake.until("the message is tried again", |_| posted() > before + 1).await;
        drop(program.terminated(Duration::from_secs(10)).await);
    }
    for words in ["How old are you?", "If you agree", "What brings you here?", "And a second"] {
        assert_eq!(world.count(words), 1, "{words}");
    }
    world.broke_no_rule();
}

#[tokio::test]
async fn what_was_written_while_the_program_was_down_is_answered_on_telegram() {
    let world = World::telegram().await;
    let folder = tempfile::tempdir().unwrap();
    let settings = world.settings(folder.path());
    world.does("/start");
    let program = world.starts(&settings).await;
    world.hears("How old are you?", 1).await;
    drop(program.terminated(Duration::from_secs(10)).await);
    world.does("[18 or older]");
    let _program = world.starts(&settings).await;
    world.hears("If you agree", 1).await;
}

/// Somebody writes while the program is down.
async fn is_answered_afterwards(world: &World) {
    let folder = tempfile::tempdir().unwrap();
    let settings = world.settings(folder.path());
    let program = world.starts(&settings).await;
    world.lives(STORY[0]).await;
    drop(program.terminated(Duration::from_secs(10)).await);
    match world {
        World::Discord(fake) => fake.person(ANA).says("18 or older"),
        _ => world.does("18 or older"),
    }
    let _program = world.starts(&settings).await;
    world.hears("If you agree", 1).await;
    world.broke_no_rule();
}

#[tokio::test]
async fn what_was_written_while_the_program_was_down_is_answered_when_telegram_calls() {
    let world = World::webhook().await;
    is_answered_afterwards(&world).await;
    let World::Webhook(fake, _) = &world else { unreachable!() };
    assert!(fake.webhook_answers().contains(&0), "it was called while it was down");
}

#[tokio::test]
async fn what_was_written_while_the_program_was_down_is_answered_on_discord() {
    is_answered_afterwards(&World::discord().await).await;
}

#[tokio::test]
async fn both_platforms_run_at_once_and_a_signal_ends_them() {
    let (telegram, discord) = (World::telegram().await, World::discord().await);
    let World::Discord(fake) = &discord else { unreachable!() };
    let folder = tempfile::tempdir().unwrap();
    let settings = telegram
        .settings(folder.path())
        .with("GOLDSEAM_DISCORD__TOKEN", fake_discord::TOKEN)
        .with("GOLDSEAM_DISCORD__API_URL", fake.url.clone());
    let program = telegram.starts(&settings).await;
    fake.until("the program identifies", |fake| fake.identified() > 0).await;
    telegram.lives(STORY[0]).await;
    discord.lives(STORY[0]).await;
    let (status, stderr) = program.terminated(Duration::from_secs(10)).await;
    assert_eq!(status.code(), Some(0), "{stderr}");
    for secret in [fake_telegram::TOKEN, fake_discord::TOKEN, "How old"] {
        assert!(!stderr.contains(secret), "{stderr}");
    }
    telegram.broke_no_rule();
    discord.broke_no_rule();
}

#[tokio::test]
async fn an_edited_script_is_used_at_once_and_a_broken_edit_is_reported_and_left_aside() {
    let world = World::telegram().await;
    let folder = tempfile::tempdir().unwrap();
    let prompts = folder.path().join("my-prompts");
    copy_prompts(&prompts);
    let settings = world.settings(folder.path()).with("GOLDSEAM_PROMPTS_DIR", "my-prompts");
    let program = world.starts(&settings).await;
    world.lives(("/start", "How old are you? Only the range, please.")).await;
    let welcome = fs::read_to_string(prompts.join("welcome.yaml")).unwrap();
    let reworded = welcome.replace("How old are you? Only the range, please.", "How many years are you? Roughly.");
    fs::write(prompts.join("welcome.yaml"), reworded.replace("goto: consent", "goto: consentt")).unwrap();
    program.logs("the ones before stay in use", 1).await;
    program.logs("consentt", 1).await;
    program.logs("welcome.yaml", 1).await;
    world.lives(("again", "How old are you?")).await;
    fs::write(prompts.join("welcome.yaml"), reworded).unwrap();
    program.logs("the edited scripts are in use", 1).await;
    world.lives(("again", "How many years are you? Roughly.")).await;
    world.broke_no_rule();
}

// ---- what is wrong is said in one sentence ----

#[track_caller]
fn is_refused(settings: &Settings, arguments: &[&str], words: &[&str]) {
    let ended = settings.runs(arguments, &[]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert_eq!(ended.stdout, "", "{ended:?}");
    assert!(ended.stderr.starts_with("goldseam: ") && ended.stderr.lines().count() == 1, "{ended:?}");
    for words in words {
        assert!(ended.stderr.contains(words), "{words:?} is not in {ended:?}");
    }
}

#[test]
fn wrong_settings_are_refused_in_one_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let good = Settings::new(folder.path());
    fs::write(folder.path().join("mine.toml"), "data_dirr = \"x\"\n").unwrap();
    fs::write(folder.path().join("file"), "a letter").unwrap();
    let before = contents(folder.path());
    is_refused(&good, &["run", "--config", "mine.toml"], &["data_dirr", "config.example.toml"]);
    is_refused(&good, &["run", "--config", "other.toml"], &["other.toml", "check its name"]);
    is_refused(&good.clone().with("GOLDSEAM_DATADIR", "x"), &["run"], &["datadir", "config.example.toml"]);
    for token in ["123", "123456:short", fake_discord::TOKEN] {
        let settings = good.clone().with("GOLDSEAM_TELEGRAM__TOKEN", token);
        is_refused(&settings, &["run"], &["`telegram.token`", "copy it again"]);
        assert!(!settings.runs(&["run"], &[]).stderr.contains(token) || token == "123");
    }
    is_refused(
        &good.clone().with("GOLDSEAM_DISCORD__TOKEN", "Bot abc"),
        &["run"],
        &["`discord.token`", "copy it again"],
    );
    let real = good.clone().with("GOLDSEAM_TELEGRAM__TOKEN", fake_telegram::TOKEN);
    is_refused(&real, &["run"], &["`telegram.api_url`", "not on this machine"]);
    for place in ["file", "file/data"] {
        is_refused(&good.clone().with("GOLDSEAM_DATA_DIR", place), &["run"], &[place, "set `data_dir`"]);
    }
    if Path::new("/proc/self").exists() {
        is_refused(
            &good.clone().with("GOLDSEAM_DATA_DIR", "/proc/goldseam"),
            &["run"],
            &["/proc/goldseam", "set `data_dir`"],
        );
    }
    assert_eq!(contents(folder.path()), before, "nothing was touched");
}

#[test]
fn a_file_that_is_no_database_is_refused_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings::new(folder.path());
    for content in ["dear diary", "SQLite format 3\0 but then something else entirely"] {
        fs::create_dir_all(folder.path().join("data")).unwrap();
        fs::write(folder.path().join("data").join(DATABASE_FILE), content).unwrap();
        let before = contents(folder.path());
        is_refused(&settings, &["chat", "--data", "data"], &[DATABASE_FILE]);
        assert_eq!(contents(folder.path()), before);
    }
}

#[tokio::test]
async fn a_database_of_a_newer_program_is_refused_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings::new(folder.path());
    assert_eq!(settings.runs(&["chat", "--data", "data"], &["hello"]).code, Some(0));
    let path = folder.path().join("data").join(DATABASE_FILE);
    sqlx::any::install_default_drivers();
    let mut database = sqlx::AnyConnection::connect(&format!("sqlite://{}", path.display())).await.unwrap();
    let query = "insert into _sqlx_migrations (version, description, success, checksum, execution_time)
                 values (29990101000000, 'from the future', 1, x'00', 0)";
    sqlx::query(query).execute(&mut database).await.unwrap();
    database.close().await.unwrap();
    let before = contents(folder.path());
    is_refused(&settings, &["chat", "--data", "data"], &["newer Goldseam", "install that version again"]);
    assert_eq!(contents(folder.path()), before);
    let doctor = settings.clone().with("GOLDSEAM_DATA_DIR", "data").runs(&["doctor"], &[]);
    assert_eq!(doctor.code, Some(1));
    assert!(doctor.stdout.contains("wrong    database"), "{doctor:?}");
    assert_eq!(contents(folder.path()), before);
}

/// Whatever an operator asks to have logged, nothing that somebody wrote and no token is in it.
async fn logs_hold_no_words(world: World, token: &str) {
    let folder = tempfile::tempdir().unwrap();
    let settings = world.settings(folder.path()).with("GOLDSEAM_LOG", "trace");
    let program = world.starts(&settings).await;
    for step in STORY {
        world.lives(step).await;
    }
    program.logs("script.name=\"welcome\"", 1).await;
    let log = program.stderr();
    for secret in ["Ana", "call my sister", "be better", "trust myself", token] {
        assert!(!log.to_lowercase().contains(&secret.to_lowercase()), "`{secret}` is in the log:\n{log}");
    }
    drop(program.terminated(Duration::from_secs(10)).await);
}

#[tokio::test]
async fn the_log_holds_no_word_of_anybody_on_telegram() {
    logs_hold_no_words(World::telegram().await, fake_telegram::TOKEN).await;
}

#[tokio::test]
async fn the_log_holds_no_word_of_anybody_on_discord() {
    logs_hold_no_words(World::discord().await, fake_discord::TOKEN).await;
}

#[tokio::test]
async fn two_programs_do_not_share_a_folder() {
    let world = World::telegram().await;
    let folder = tempfile::tempdir().unwrap();
    let settings = world.settings(folder.path());
    let program = world.starts(&settings).await;
    is_refused(&settings, &["run"], &["Another Goldseam already uses", "stop that one first"]);
    is_refused(&Settings::new(folder.path()), &["chat", "--data", "data"], &["Another Goldseam already uses"]);
    world.lives(STORY[0]).await;
    drop(program.terminated(Duration::from_secs(10)).await);
}

#[test]
fn wrong_usage_ends_with_two() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in [&["dance"][..], &["run", "--colour"], &["scripts"], &["chat", "--now", "tomorrow"]] {
        let ended = Settings::new(folder.path()).runs(arguments, &[]);
        assert_eq!(ended.code, Some(2), "{arguments:?}: {ended:?}");
    }
    assert!(contents(folder.path()).is_empty());
}

#[test]
fn scripts_check_lists_everything_that_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings::new(folder.path());
    assert_eq!(settings.runs(&["scripts", "check"], &[]).code, Some(0));
    let prompts = folder.path().join("mine");
    copy_prompts(&prompts);
    let sound = settings.runs(&["scripts", "check", "mine"], &[]);
    assert!(sound.code == Some(0) && sound.stdout.contains(" 0 errors"), "{sound:?}");
    let edit = |name: &str, from: &str, to: &str| {
        let text = fs::read_to_string(prompts.join(name)).unwrap();
        assert!(text.contains(from), "{name}");
        fs::write(prompts.join(name), text.replacen(from, to, 1)).unwrap();
    };
    edit("welcome.yaml", "goto: consent", "goto: nowhere");
    edit("rest.yaml", "save: how_long", "save: how_short");
    edit("return.yaml", "title: Back from rest", "title: Back from rest\ntitle: Twice");
    fs::write(prompts.join("broken.yaml"), "script: broken\nsteps: [").unwrap();
    let ended = settings.runs(&["scripts", "check", "mine"], &[]);
    assert_eq!(ended.code, Some(1));
    for words in ["welcome.yaml", "nowhere", "rest.yaml", "how_short", "return.yaml", "broken.yaml"] {
        assert!(ended.stdout.contains(words), "{words:?} is not in\n{}", ended.stdout);
    }
    let started = settings.with("GOLDSEAM_PROMPTS_DIR", "mine").runs(&["run"], &[]);
    assert_eq!(started.code, Some(1), "{started:?}");
    assert!(started.stderr.contains("nowhere") && started.stderr.contains("goldseam scripts check"), "{started:?}");
    assert!(!folder.path().join("goldseam-data").exists(), "nothing is made before the scripts are sound");
}

#[test]
fn doctor_says_a_line_for_each_thing_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings::new(folder.path());
    let ended = settings.runs(&["doctor"], &[]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let firsts: Vec<_> = ended.stdout.lines().map(|line| line.split_whitespace().nth(1).unwrap()).collect();
    assert_eq!(
        firsts,
        ["settings", "telegram", "discord", "platforms", "database", "scripts", "clock", "zones"],
        "{}",
        ended.stdout
    );
    assert!(ended.stdout.contains("goldseam-data will be created at the first start"), "{}", ended.stdout);
    assert!(contents(folder.path()).is_empty());
    let wrong = settings.with("GOLDSEAM_TELEGRAM__TOKEN", "nonsense").runs(&["doctor"], &[]);
    assert!(
        wrong.code == Some(1) && wrong.stdout.contains("wrong    settings   The setting `telegram.token`"),
        "{wrong:?}"
    );
    assert!(!wrong.stdout.contains("nonsense") && contents(folder.path()).is_empty(), "{wrong:?}");
}

// ---- the terminal, through a pipe ----

const NOW: [&str; 5] = ["chat", "--data", "data", "--now", "2026-03-02T20:30[Europe/Vienna]"];
const WELCOME: [&str; 9] =
    ["3", "Agree", "skip", "Xaverl", "Vienna", "1", "Late, 21:00", "My own words", "call my sister"];

fn chat(folder: &Path, lines: &[&str]) -> String {
    let ended = Settings::new(folder).runs(&NOW, lines);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{}", ended.stdout);
    ended.stdout
}

#[test]
fn a_piped_conversation_has_one_plain_format() {
    let folder = tempfile::tempdir().unwrap();
    let said = chat(folder.path(), &["3", "", "1", ":quit", "never read"]);
    let expected = "\
< This is Goldseam. I ask small questions about trust, one at a time. I am a script: every word was written beforehand.
< I am not therapy and not a crisis service. For help now, type /now.
< The chat app can see what is written to a bot. It is not end-to-end encrypted.

< How old are you? Only the range, please.
< [1] Under 16 [2] 16 or 17 [3] 18 or older [4] Skip

< If you agree, I keep what you answer here: your promises, your journal and your times. That is how I can ask about them later. You can stop at any time.
< [1] Agree [2] Read more [3] Not now [4] No

< What brings you here? You can pick two.
< [1] Trust myself again [2] I was hurt [3] I broke it [4] After a breakup [5] We rebuild it [6] Somebody new [7] I don't know yet [8] Skip

";
    assert_eq!(said, expected);
    let again = chat(folder.path(), &[]);
    assert_eq!(again, expected[expected.find("< What brings").unwrap()..], "the open question is shown again");
}

#[test]
fn time_is_steered_by_lines_and_what_comes_due_on_the_way_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let lines = [
        ":+5h",
        ":+15h",
        ":tomorrow 20:00",
        ":at 2026-03-04T21:00",
        ":restart",
        ":at 2026-03-01T10:00",
        ":nonsense",
        ":state",
    ];
    let said = chat(folder.path(), &[&WELCOME[..], &lines].concat());
    let told: Vec<&str> = said.lines().filter(|line| line.starts_with("# ")).collect();
    let expected = [
        "# Tuesday, 3 March 2026, 01:30 Europe/Vienna",
        "# Tuesday, 3 March 2026, 16:30 Europe/Vienna",
        "# Wednesday, 4 March 2026, 20:00 Europe/Vienna",
        "# Wednesday, 4 March 2026, 21:00 Europe/Vienna",
        "# Everything in memory is gone; this is from the database.",
        "# Time only goes forward; for me it is Wednesday, 4 March 2026, 21:00 Europe/Vienna.",
    ];
    assert_eq!(told[..6], expected, "{said}");
    assert!(told[6].starts_with("# `:nonsense` is not known."), "{said}");
    let first = |block: &&str| block.lines().find(|line| !line.starts_with('#')) == Some("< How are you right now?");
    let asked = said.split("\n\n").filter(first).count();
    assert_eq!(asked, 3, "21:00 on Monday, Tuesday and Wednesday, and not again after the restart:\n{said}");
}

#[test]
fn the_state_that_is_shown_hides_what_is_private() {
    let folder = tempfile::tempdir().unwrap();
    let lines = [
        ":state",
        ":tomorrow 21:00",
        "4",
        "My own word",
        "quiverish",
        ":state",
        "stop",
        ":state",
        "1",
        "/journal",
        ":state",
    ];
    let said = chat(folder.path(), &[&WELCOME[..], &lines].concat());
    let (mut states, mut rest) = (Vec::new(), said.as_str());
    while let Some(at) = rest.find("\n{") {
        let end = rest[at..].find("\n}").unwrap() + at + 2;
        states.push(&rest[at..end]);
        rest = &rest[end..];
    }
    assert_eq!(states.len(), 4, "{said}");
    for state in states {
        serde_json::from_str::<serde_json::Value>(state).unwrap();
        for private in ["Xaverl", "call my sister", "quiverish"] {
            assert!(!state.contains(private), "{private} is in {state}");
        }
    }
}

#[tokio::test]
async fn time_is_not_steered_where_people_of_other_platforms_live() {
    let folder = tempfile::tempdir().unwrap();
    chat(folder.path(), &["3"]);
    let store = Store::open(&folder.path().join("data"), Vault).await.unwrap();
    let mut tx = store.begin().await.unwrap();
    tx.create_account(Platform::Telegram, "7", goldseam::clock::Clock::system().now()).await.unwrap();
    tx.commit().await.unwrap();
    store.close().await;
    drop(store);
    let said = chat(folder.path(), &[":+5h"]);
    assert!(said.contains("# People of Telegram or Discord live in this data folder"), "{said}");
    assert!(!said.contains("# Tuesday"), "{said}");
}

#[test]
fn somebody_else_at_the_same_terminal_never_sees_the_first_ones_words() {
    let folder = tempfile::tempdir().unwrap();
    chat(folder.path(), &WELCOME);
    let at = |now: &'static str, person: &'static str, lines: &[&str]| {
        let arguments = ["chat", "--data", "data", "--now", now, "--person", person];
        let ended = Settings::new(folder.path()).runs(&arguments, lines);
        assert_eq!(ended.code, Some(0), "{ended:?}");
        ended.stdout
    };
    // The first one's check-in is due while somebody else sits there, and waits.
    let ben = at("2026-03-02T21:00[Europe/Vienna]", "ben", &["3", "1"]);
    assert!(ben.ends_with("[8] Skip\n\n"), "{ben}");
    let me = at("2026-03-02T21:15[Europe/Vienna]", "me", &[]);
    assert!(me.starts_with("< How are you right now?"), "{me}");
    let later = at("2026-03-02T21:16[Europe/Vienna]", "ben", &[":+3d"]);
    for words in ["Xaverl", "sister", "How are you right now?", "Vienna"] {
        assert!(!ben.contains(words) && !later.contains(words), "{words:?} is in\n{ben}{later}");
    }
}

#[test]
fn run_without_a_token_is_a_conversation_and_says_how_to_connect() {
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings::new(folder.path());
    let ended = settings.runs(&[], &["3"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let lines: Vec<&str> = ended.stdout.lines().collect();
    assert!(lines[0].starts_with("# Your data is kept in ") && lines[0].ends_with("/goldseam-data."), "{ended:?}");
    assert!(lines[1].contains("GOLDSEAM_TELEGRAM__TOKEN"), "{ended:?}");
    assert!(ended.stdout.contains("< If you agree"), "{ended:?}");
}
