//! Each protection taken away once: a test has to notice.
//!
//! Every time the tests run, the places are looked up, so that this list cannot grow stale. The real thing takes half an hour, because
//! the program is built anew for each: `cargo test --test mutations -- --ignored --nocapture`. It works on a copy and changes nothing here.
//! `GOLDSEAM_TEST_FROM=3` begins with the third. What is protected twice is not in the list: without one of the two nothing is to be seen.

use std::fs;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

/// How long a test may take that has a protection less.
const PATIENCE_S: u64 = 240;

/// A protection, what is left without it, and who notices.
struct Mutation {
    protects: &'static str,
    file: &'static str,
    from: &'static str,
    to: &'static str,
    /// A test program, and a part of the names of its tests.
    red: (&'static str, &'static str),
}

const MUTATIONS: &[Mutation] = &[
    Mutation {
        protects: "what Telegram brings is stored before it is confirmed",
        file: "src/platform/telegram/listen.rs",
        from: "inbox.put(Platform::Telegram, &me.id.to_string(), events).await.map_err(PollError::Inbox)?;\n        let Some(last)",
        to: "self.next = last.map(|last| last.saturating_add(1));\n        \
             inbox.put(Platform::Telegram, &me.id.to_string(), events).await.map_err(PollError::Inbox)?;\n        let Some(last)",
        red: ("telegram", "updates_are_confirmed_only_after_they_were_stored"),
    },
    Mutation {
        protects: "an event that is delivered twice is stored once",
        file: "src/store/inbox.rs",
        from: "raw, received_at) values {rows}\n                 on conflict (platform, bot, ext_id) do nothing",
        to: "raw, received_at) values {rows}\n                 on conflict (platform, bot, ext_id) do update set ext_id = inbox.ext_id || '+'",
        red: ("on_sqlite", "an_event_that_is_delivered_twice_is_handled_once"),
    },
    Mutation {
        protects: "what is answered at once overtakes nothing that waits",
        file: "src/store/inbox.rs",
        from: "        if waiting > 0 {\n            return Ok(None);",
        to: "        if waiting > 1_000 {\n            return Ok(None);",
        red: ("at_once", "a_second_text_of_the_same_person_comes_after_the_first"),
    },
    Mutation {
        protects: "one message of a chat is on its way at a time, also when it goes at once",
        file: "src/store/claims.rs",
        from: "            first.remove(&account);\n",
        to: "            let _: i64 = account;\n",
        red: ("at_once", "what_stands_behind_another_message_of_its_chat_waits_for_it"),
    },
    Mutation {
        protects: "what was committed is on the disk",
        file: "src/store/open/sqlite.rs",
        from: "pragma synchronous = full",
        to: "pragma synchronous = normal",
        red: ("disk_faults", "power_losses_lose_and_double_nothing"),
    },
    Mutation {
        protects: "a sync that failed is not tried again",
        file: "src/store/disk.rs",
        from: "IOERR_FSYNC | IOERR_DIR_FSYNC) => Self::Unsynced",
        to: "IOERR_FSYNC | IOERR_DIR_FSYNC) => Self::OfOthers",
        red: ("disk_faults", "a_sync_that_fails_once_is_not_tried_again"),
    },
    Mutation {
        protects: "an event is marked in the transaction of its turn",
        file: "src/turn/batch.rs",
        from: "        tx.mark_done(row);",
        to: "        let _ = row;",
        red: ("simulation", "whatever_is_mixed"),
    },
    Mutation {
        protects: "a turn that panics is that turn's own trouble",
        file: "src/turn/mod.rs",
        from: "catch_unwind(AssertUnwindSafe(step)).map_err(|_| TurnError::Panicked)?",
        to: "Ok::<_, TurnError>(step())?",
        red: ("on_sqlite", "a_message_that_always_fails_stops_nobody_else"),
    },
    Mutation {
        protects: "a nudge that may have arrived is not repeated",
        file: "src/outbox/verdict.rs",
        from: "Platform::Telegram => claimed.unclear == 0 && matches!(claimed.purpose, Purpose::Reply | Purpose::Reminder),",
        to: "Platform::Telegram => claimed.unclear == 0,",
        red: ("on_sqlite", "a_nudge_that_may_have_arrived_is_not_repeated"),
    },
    Mutation {
        protects: "an answer that may have arrived is repeated",
        file: "src/outbox/verdict.rs",
        from: "Platform::Telegram => claimed.unclear == 0 && matches!(claimed.purpose, Purpose::Reply | Purpose::Reminder),",
        to: "Platform::Telegram => false,",
        red: ("on_sqlite", "an_answer_that_may_have_arrived_is_repeated_once"),
    },
    Mutation {
        protects: "Discord is told by a nonce which message it is",
        file: "src/platform/discord/outbound.rs",
        from: "        body[\"enforce_nonce\"] = json!(true);",
        to: "",
        red: ("discord", "a_retried_message_arrives_once"),
    },
    Mutation {
        protects: "nobody is mentioned by what somebody wrote",
        file: "src/platform/discord/outbound.rs",
        from: "        \"allowed_mentions\": { \"parse\": [] },\n",
        to: "",
        red: ("discord", ""),
    },
    Mutation {
        protects: "words of danger are looked for before any script reads them",
        file: "src/engine/mod.rs",
        from: "        if safety::screen_folded(folded) == Verdict::Clear {\n            return false;\n        }\n        self.note",
        to: "        if safety::screen_folded(folded) == Verdict::Clear || self.state.active.is_some() {\n            return false;\n        }\n        self.note",
        red: ("engine", ""),
    },
    Mutation {
        protects: "nothing comes by itself to somebody who has not agreed",
        file: "src/engine/due.rs",
        from: "        if !self.consents() && !script.open_to_all {\n            return Outcome::NoConsent;\n        }\n",
        to: "",
        red: ("engine", ""),
    },
    Mutation {
        protects: "quiet hours are quiet",
        file: "src/schedule/misfire.rs",
        from: "        Some(until) => Fate::Hold(until),\n    }\n}",
        to: "        Some(_) => Fate::Now,\n    }\n}",
        red: ("simulate", "the_same_seed"),
    },
    Mutation {
        protects: "what is due is held against the schedule as it is now",
        file: "src/store/many.rs",
        from: "let same = schedule.version == claim.version && schedule.next.at == claim.due;",
        to: "let same = true;",
        red: ("on_sqlite", "reminders"),
    },
    Mutation {
        protects: "after an absence everybody gets one message",
        file: "src/engine/crowd.rs",
        from: "Some(away) => away.covers(other.due),",
        to: "Some(_) => false,",
        red: ("on_sqlite", "downtime"),
    },
    Mutation {
        protects: "two turns of one person follow each other",
        file: "src/store/people.rs",
        from: "        if self.dialect == Dialect::Postgres {\n            let lock =",
        to: "        if self.dialect == Dialect::Sqlite {\n            let lock =",
        red: ("on_postgres", "two_turns_of_one_person_follow_each_other"),
    },
    Mutation {
        protects: "a program that lost its place sends nothing",
        file: "src/outbox/worker.rs",
        from: "Some(Some(lease)) => tx.has_role(lease).await,",
        to: "Some(Some(_)) => Ok(true),",
        red: ("nodes", "who_comes_back_too_late_sends_nothing"),
    },
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

impl Mutation {
    /// The file without the protection.
    fn broken(&self, root: &Path) -> String {
        let text = fs::read_to_string(root.join(self.file)).unwrap();
        let times = text.matches(self.from).count();
        assert_eq!(times, 1, "{}: its place in {} is there {times} times", self.protects, self.file);
        text.replace(self.from, self.to)
    }
}

#[test]
fn every_protection_has_its_place_and_its_test() {
    for mutation in MUTATIONS {
        mutation.broken(&root());
        let (program, part) = mutation.red;
        let mut files = vec![root().join(format!("tests/{program}.rs"))];
        files.extend(fs::read_dir(root().join("tests/shell")).unwrap().map(|entry| entry.unwrap().path()));
        let known = |file: &PathBuf| {
            let name = file.file_stem().is_some_and(|name| name == part);
            name || fs::read_to_string(file).unwrap().contains(&format!("fn {part}"))
        };
        assert!(files.iter().any(known), "{}: there is no test {part} in {program}", mutation.protects);
    }
}

#[test]
#[ignore = "builds the program once for each protection: half an hour"]
fn without_any_of_them_a_test_turns_red() {
    let copy = root().join("target/mutations");
    let _ = fs::remove_dir_all(copy.join("tree"));
    let cloned = Command::new("git").args(["clone", "-q", "."]).arg(copy.join("tree")).current_dir(root()).status();
    assert!(cloned.unwrap().success(), "a copy of the last commit");
    let mut green = Vec::new();
    for mutation in &MUTATIONS[first() - 1..] {
        let file = copy.join("tree").join(mutation.file);
        let whole = fs::read_to_string(&file).unwrap();
        fs::write(&file, mutation.broken(&copy.join("tree"))).unwrap();
        let (program, part) = mutation.red;
        let cargo = |args: &[&str]| {
            let mut cargo = Command::new(env!("CARGO"));
            cargo.args(["test", "-q", "--test", program]).args(args);
            cargo.env("CARGO_TARGET_DIR", copy.join("target")).current_dir(copy.join("tree"));
            cargo.stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
            cargo
        };
        let built = cargo(&["--no-run"]).status().unwrap().success();
        assert!(built, "{}: it does not build", mutation.protects);
        let red = !ends_well(cargo(&[part]));
        println!("{}  {}", if red { "red  " } else { "GREEN" }, mutation.protects);
        if !red {
            green.push(mutation.protects);
        }
        fs::write(&file, whole).unwrap();
    }
    assert!(green.is_empty(), "nobody noticed that this was gone: {green:#?}");
}

/// True when it ends, and well. What goes on for ever without a protection has been noticed too.
fn ends_well(mut command: Command) -> bool {
    let mut running = command.spawn().unwrap();
    for _ in 0..PATIENCE_S {
        if let Some(status) = running.try_wait().unwrap() {
            return status.success();
        }
        sleep(Duration::from_secs(1));
    }
    // The test is a child of cargo's; the group is both.
    let group = format!("-{}", running.id());
    Command::new("kill").args(["-KILL", "--", &group]).status().unwrap();
    running.wait().unwrap();
    false
}

#[expect(clippy::disallowed_methods, reason = "what a test is asked for is no setting of the program")]
fn first() -> usize {
    std::env::var("GOLDSEAM_TEST_FROM").map_or(1, |text| text.parse().expect("a number")).clamp(1, MUTATIONS.len())
}
