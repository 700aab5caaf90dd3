//! Metrics and health over real HTTP, beside a program that works; and logs for other programs.

mod support;

use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use support::program::{PATIENCE, Settings};
use support::town::{Base, Town, until};

const STOP: Duration = Duration::from_secs(10);

/// A port that was free a moment ago.
fn free_address() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

async fn get(address: &str, path: &str) -> (u16, String) {
    let answer = reqwest::get(format!("http://{address}{path}")).await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

fn in_a_folder(town: &Town, folder: &Path) -> Settings {
    town.settings(folder, &Base::File(folder.join("data")))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn metrics_and_health_are_read_over_http_and_name_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let (town, address) = (Arc::new(Town::new(4).await), free_address());
    let settings = in_a_folder(&town, folder.path()).with("GOLDSEAM_METRICS__LISTEN", &address);
    let program = town.starts(&settings).await;
    town.everybody_starts(&program).await;
    assert_eq!(get(&address, "/healthz").await, (200, "ok\n".into()));
    assert_eq!(get(&address, "/readyz").await, (200, "ok\n".into()));
    assert_eq!(get(&address, "/else").await.0, 404);
    let posted = reqwest::Client::new().post(format!("http://{address}/metrics")).send().await.unwrap();
    assert_eq!(posted.status().as_u16(), 405);
    let (status, page) = get(&address, "/metrics").await;
    assert_eq!(status, 200);
    for line in [
        "goldseam_database_up 1",
        "goldseam_inbox_stored_total{platform=\"telegram\"} 2",
        "goldseam_turns_done_total{reason=\"event\"} 4",
        "goldseam_outbox_sent_total{platform=\"discord\"} 4",
        "goldseam_role_held{role=\"send:telegram\"} 1",
        "goldseam_reminders_due 0",
    ] {
        assert!(page.lines().any(|found| found == line), "{line} is not in\n{page}");
    }
    assert_labels_are_known(&page);
    let (status, stderr) = program.terminated(STOP).await;
    assert_eq!(status.code(), Some(0), "{stderr}");
}

/// Labels hold fixed words only.
#[track_caller]
fn assert_labels_are_known(page: &str) {
    let lines = page.lines().filter(|line| !line.starts_with('#'));
    for line in lines {
        let labels = line.split_once('{').map_or("", |(_, rest)| rest.split_once('}').unwrap().0);
        for label in labels.split(',').filter(|label| !label.is_empty()) {
            let (name, value) = label.split_once('=').unwrap();
            assert!(["platform", "reason", "state", "role", "worker"].contains(&name), "{line}");
            let word = value.trim_matches('"');
            assert!(word.chars().all(|c| c.is_ascii_lowercase() || "_:".contains(c)), "{line}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_and_what_was_refused_is_counted() {
    use support::fake_telegram::Trouble;
    let folder = tempfile::tempdir().unwrap();
    let (town, address) = (Arc::new(Town::new(1).await), free_address());
    let settings = in_a_folder(&town, folder.path()).with("GOLDSEAM_METRICS__LISTEN", &address);
    let program = town.starts(&settings).await;
    town.everybody_starts(&program).await;
    town.telegram.next_goes_wrong("sendMessage", Trouble::TooManyRequests(1));
    town.says(1);
    assert!(town.is_answered(PATIENCE).await, "{}", program.stderr());
    let (_, page) = get(&address, "/metrics").await;
    let line = "goldseam_outbox_again_total{platform=\"telegram\",reason=\"rate_limited\"} 1";
    assert!(page.lines().any(|found| found == line), "{page}");
    program.terminated(STOP).await;
}

/// Somebody starts the copy of a data folder, beside the program that has the token.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_program_on_copied_data_is_noticed_by_both() {
    let (folder, copy) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (town, here, there) = (Arc::new(Town::new(1).await), free_address(), free_address());
    let settings = in_a_folder(&town, folder.path()).with("GOLDSEAM_METRICS__LISTEN", &here);
    let program = town.starts(&settings).await;
    town.everybody_starts(&program).await;
    assert_eq!(get(&here, "/readyz").await, (200, "ok\n".into()));
    let backup = settings.runs(&["backup", "copy.db"], &[]);
    assert_eq!(backup.code, Some(0), "{}", backup.stderr);
    let other = in_a_folder(&town, copy.path()).with("GOLDSEAM_METRICS__LISTEN", &there);
    let restored = other.runs(&["restore", folder.path().join("copy.db").to_str().unwrap()], &[]);
    assert_eq!(restored.code, Some(0), "{}", restored.stderr);
    let second = other.starts(&["run"]);
    for (program, address) in [(&program, &here), (&second, &there)] {
        program
            .logs("another program polls with this token, perhaps a second Goldseam on a copy of this data", 1)
            .await;
        let (status, reason) = get(address, "/readyz").await;
        assert!(status == 503 && reason.contains("on a copy of this data"), "{status} {reason}");
        let (_, page) = get(address, "/metrics").await;
        assert!(page.contains("goldseam_listen_conflict{platform=\"telegram\"} 1"), "{page}");
        assert_eq!(get(address, "/healthz").await.0, 200, "starting it anew would not help");
    }
    drop((second.terminated(STOP).await, program.terminated(STOP).await));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_that_is_taken_or_open_to_others_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let town = Town::new(1).await;
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let settings = in_a_folder(&town, folder.path());
    let ended = settings.clone().with("GOLDSEAM_METRICS__LISTEN", "0.0.0.0:9464").runs(&["run"], &[]);
    assert!(ended.code == Some(1) && ended.stderr.contains("`metrics.anywhere = true`"), "{}", ended.stderr);
    let address = taken.local_addr().unwrap().to_string();
    let ended = settings.with("GOLDSEAM_METRICS__LISTEN", &address).runs(&["run"], &[]);
    assert!(ended.code == Some(1) && ended.stderr.contains("is taken"), "{}", ended.stderr);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_for_programs_is_one_object_a_line() {
    let folder = tempfile::tempdir().unwrap();
    let town = Town::new(1).await;
    let settings = in_a_folder(&town, folder.path()).with("GOLDSEAM_LOG_FORMAT", "json");
    let program = town.starts(&settings).await;
    town.everybody_starts(&program).await;
    let said = || program.stderr().contains("Telegram: connected");
    assert!(until(PATIENCE, said).await);
    let (_, stderr) = program.terminated(STOP).await;
    for line in stderr.lines() {
        let line: serde_json::Value = serde_json::from_str(line).expect("an object");
        assert!(line["message"].is_string() && line["level"].is_string() && line["target"].is_string(), "{line}");
    }
}
