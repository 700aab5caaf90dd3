//! `goldseam status`, `goldseam backup` and `goldseam restore`, beside a program that works: the fault test F9 at the size for
//! every day.

mod support;

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use goldseam::store::DATABASE_FILE;
use goldseam::types::Platform;
use support::postgres;
use support::program::{Ended, PATIENCE, Settings};
use support::town::{Base, Town, Wrong};

/// The stop that is promised.
const STOP: Duration = Duration::from_secs(10);

fn file(folder: &Path) -> Base {
    Base::File(folder.join("data"))
}

#[track_caller]
fn went_well(ended: &Ended) -> &str {
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{}", ended.stdout);
    &ended.stdout
}

/// What must hold in one state of everything: an event is handled if and only if its answer is there.
async fn is_one_state(base: &Base) {
    const UNANSWERED: &str = "select count(*) from inbox i where i.state = 'done' and not exists
        (select 1 from outbox o where o.dedupe_key = 'in:' || i.platform || ':' || i.id || ':0')";
    const UNASKED: &str = "select count(*) from outbox o where not exists
        (select 1 from inbox i where i.state = 'done' and o.dedupe_key like 'in:' || i.platform || ':' || i.id || ':%')";
    assert_eq!((base.number(UNANSWERED).await, base.number(UNASKED).await), (0, 0));
}

/// Several backups of a program that is talked to; each of them is one state, and the last one lives on.
async fn backups_under_load(base: Base, folder: &Path) {
    let town = Arc::new(Town::new(10).await);
    let settings = town.settings(folder, &base);
    let program = town.starts(&settings).await;
    town.everybody_starts(&program).await;
    let talk = town.talk(Duration::from_millis(150));
    for number in 1..=4 {
        let name = format!("backup-{number}.db");
        let ended = settings.runs(&["backup", &name], &[]);
        assert!(went_well(&ended).contains("looked over"), "{}", ended.stdout);
        let copy = folder.join(format!("copy-{number}"));
        fs::create_dir(&copy).unwrap();
        fs::copy(folder.join(&name), copy.join(DATABASE_FILE)).unwrap();
        is_one_state(&Base::File(copy)).await;
        is_private(&folder.join(&name));
    }
    let status = went_well(&settings.runs(&["status"], &[])).to_owned();
    assert!(status.starts_with("people     10\n") && status.contains("\ntelegram   5 accounts, 0 gone\n"), "{status}");
    talk.abort();
    assert!(town.is_answered(PATIENCE * 2).await, "{}", program.stderr());
    let (status, stderr) = program.terminated(STOP).await;
    assert_eq!(status.code(), Some(0), "{stderr}");
    for here in [Platform::Telegram, Platform::Discord] {
        assert_eq!(town.wrong_on(here), Wrong::default(), "backups disturb nobody");
    }
    let ended = settings.runs(&["backup", "last.db"], &[]);
    went_well(&ended);
    let elsewhere = Base::File(folder.join("restored"));
    goes_on_from(&town, folder, &folder.join("last.db"), &elsewhere).await;
    no_folder_is_left(folder);
}

/// Puts a backup into an empty place, and everybody goes on there where they stood.
async fn goes_on_from(town: &Arc<Town>, folder: &Path, backup: &Path, base: &Base) {
    let settings = town.settings(folder, base);
    let backup = backup.display().to_string();
    assert!(went_well(&settings.runs(&["restore", &backup], &[])).contains("0 messages and 0 events"));
    let program = town.starts(&settings).await;
    town.people().for_each(|person| town.says(person));
    assert!(town.is_answered(PATIENCE * 2).await, "{}", program.stderr());
    let (status, stderr) = program.terminated(STOP).await;
    assert_eq!(status.code(), Some(0), "{stderr}");
    for here in [Platform::Telegram, Platform::Discord] {
        assert_eq!(town.wrong_on(here), Wrong::default(), "nothing came again, and nobody was swallowed");
    }
}

#[cfg(unix)]
fn is_private(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
}

fn no_folder_is_left(folder: &Path) {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let left: Vec<String> = names.filter(|name| name.starts_with('.')).collect();
    assert_eq!(left, [""; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_under_load_is_one_state_and_lives_on_with_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    backups_under_load(file(folder.path()), folder.path()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_under_load_is_one_state_and_lives_on_with_postgres() {
    let Some(server) = postgres::shared() else { return };
    let folder = tempfile::tempdir().unwrap();
    backups_under_load(Base::Server(server.database().await), folder.path()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_of_a_file_is_put_back_into_a_server() {
    let Some(server) = postgres::shared() else { return };
    let folder = tempfile::tempdir().unwrap();
    let town = Arc::new(Town::new(2).await);
    let settings = town.settings(folder.path(), &file(folder.path()));
    let program = town.starts(&settings).await;
    town.everybody_starts(&program).await;
    program.killed();
    went_well(&settings.runs(&["backup", "b.db"], &[]));
    let target = Base::Server(server.database().await);
    goes_on_from(&town, folder.path(), &folder.path().join("b.db"), &target).await;
    let ended = town.settings(folder.path(), &target).runs(&["restore", "b.db"], &[]);
    assert!(ended.code == Some(1) && ended.stderr.contains("is not empty"), "{}", ended.stderr);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waited_for_too_long_is_not_said_after_a_restore() {
    let folder = tempfile::tempdir().unwrap();
    let base = file(folder.path());
    let town = Arc::new(Town::new(3).await);
    let settings = town.settings(folder.path(), &base);
    let program = town.starts(&settings).await;
    town.everybody_starts(&program).await;
    program.terminated(STOP).await;
    // As if the program had been down for a while when the backup was made: one answer waits since five hours, one since seven.
    let now = goldseam::clock::Clock::system().now().as_millisecond();
    let aged = format!(
        "update outbox set state = 'pending', due_at = {now} - 3600000 * (case account_id when 1 then 5 else 7 end),
                           body = (select body from outbox where body is not null), expires_at = null
         where id in (select max(id) from outbox where account_id in (1, 3) group by account_id)"
    );
    // The texts of sent messages are forgotten, so that there is nothing to send: only the states are looked at.
    postgres::run(&base.url(), &aged).await;
    went_well(&settings.runs(&["backup", "b.db"], &[]));
    let ended = settings.runs(&["restore", "b.db"], &[]);
    assert!(ended.code == Some(1) && ended.stderr.contains("`--replace`"), "{}", ended.stderr);
    let ended = settings.runs(&["restore", "b.db", "--replace"], &[]);
    let said = went_well(&ended);
    assert!(said.contains("1 messages and 0 events") && said.contains("goldseam-replaced-1.db"), "{said}");
    assert_eq!(base.number("select count(*) from outbox where state = 'dead' and error = 'restored'").await, 1);
    assert_eq!(base.number("select count(*) from outbox where state = 'pending'").await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_backed_up_or_put_back_is_refused_and_nothing_is_changed() {
    let folder = tempfile::tempdir().unwrap();
    let base = file(folder.path());
    let town = Arc::new(Town::new(2).await);
    let settings = town.settings(folder.path(), &base);
    let refused = |settings: &Settings, arguments: &[&str], words: &str| {
        let ended = settings.runs(arguments, &[]);
        assert!(ended.code == Some(1) && ended.stderr.contains(words), "{arguments:?}: {}", ended.stderr);
    };
    refused(&settings, &["backup", "b.db"], "nothing was written");
    refused(&settings, &["restore", "nowhere.db"], "There is no backup at nowhere.db");
    assert!(went_well(&settings.runs(&["status"], &[])).contains("nothing waits"));
    let program = town.starts(&settings).await;
    town.everybody_starts(&program).await;
    went_well(&settings.runs(&["backup", "b.db"], &[]));
    refused(&settings, &["backup", "b.db"], "is there already");
    refused(&settings, &["backup", "no/such/folder/b.db"], "cannot be written");
    refused(&settings, &["restore", "b.db", "--replace"], "Another Goldseam already uses");
    program.terminated(STOP).await;
    let mut damaged = fs::read(folder.path().join("b.db")).unwrap();
    let middle = damaged.len() / 2;
    damaged[middle..middle + 4096].fill(0xa5);
    fs::write(folder.path().join("damaged.db"), &damaged).unwrap();
    fs::write(folder.path().join("text.db"), "no database").unwrap();
    refused(&settings, &["restore", "damaged.db", "--replace"], "damaged.db is damaged");
    refused(&settings, &["restore", "text.db", "--replace"], "text.db is damaged");
    assert_eq!(base.number("select count(*) from persons").await, 2);
    no_folder_is_left(folder.path());
    no_folder_is_left(&folder.path().join("data"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_status_is_one_object_for_other_programs_and_names_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let town = Arc::new(Town::new(2).await);
    let settings = town.settings(folder.path(), &file(folder.path()));
    let program = town.starts(&settings).await;
    town.everybody_starts(&program).await;
    let ended = settings.runs(&["status", "--format", "json"], &[]);
    let status: serde_json::Value = serde_json::from_str(went_well(&ended)).unwrap();
    assert_eq!((&status["people"], &status["reminders"]["active"]), (&2.into(), &2.into()), "{status}");
    assert_eq!(status["platforms"][0]["platform"], "discord");
    assert_eq!(status["platforms"][1]["messages"]["dead"], 0);
    program.terminated(STOP).await;
}
