//! The database: what opens, what is refused and left as it is, and what can be read back.

mod support;

use std::fs;
use std::path::Path;

use goldseam::store::{DATABASE_FILE, OpenError, Store};
use goldseam::types::Platform;
use goldseam::vault::Vault;
use jiff::Timestamp;
use sqlx::Connection;
use support::house::House;

const NEWER: &str = "insert into _sqlx_migrations (version, description, success, checksum, execution_time)
                     values (20991231000000, 'from the future', 1, x'00', 0)";

async fn change(folder: &Path, statement: &'static str) {
    sqlx::any::install_default_drivers();
    let url = format!("sqlite://{}?mode=rwc", folder.join(DATABASE_FILE).display());
    let mut connection = sqlx::AnyConnection::connect(&url).await.unwrap();
    sqlx::query(statement).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

/// Everything in the folder, except the lock.
fn contents(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap()))
        .filter(|(name, _)| name != "goldseam.lock")
        .collect();
    files.sort();
    files
}

#[tokio::test]
async fn a_database_is_made_once_and_opened_again() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), Vault).await.unwrap();
    let mut tx = store.begin().await.unwrap();
    let made = tx.create_account(Platform::Telegram, "7", Timestamp::UNIX_EPOCH).await.unwrap();
    tx.commit().await.unwrap();
    store.close().await;
    drop(store);
    let store = Store::open(folder.path(), Vault).await.unwrap();
    let mut tx = store.begin().await.unwrap();
    assert_eq!(tx.account(Platform::Telegram, "7").await.unwrap(), Some(made));
}

#[tokio::test]
async fn a_folder_with_spaces_and_signs_in_its_name_is_fine() {
    let folder = tempfile::tempdir().unwrap();
    let odd = folder.path().join("my data?#%20 ü");
    fs::create_dir(&odd).unwrap();
    Store::open(&odd, Vault).await.unwrap();
    assert!(odd.join(DATABASE_FILE).exists());
}

#[tokio::test]
async fn a_text_that_was_handled_is_in_no_file_any_more() {
    let mut house = House::new().await;
    house.says("7", "canary-4711").await;
    house.door.store().close().await;
    for (name, bytes) in contents(house.database.folder()) {
        let found = bytes.windows(6).any(|window| window == b"canary");
        assert!(!found, "{name}");
    }
}

#[tokio::test]
async fn a_second_program_on_one_folder_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let first = Store::open(folder.path(), Vault).await.unwrap();
    let refused = Store::open(folder.path(), Vault).await.err().unwrap();
    assert!(matches!(refused, OpenError::InUse(_)), "{refused}");
    assert!(refused.to_string().contains("stop that one first"));
    drop(first);
    Store::open(folder.path(), Vault).await.unwrap();
}

#[tokio::test]
async fn a_newer_database_is_refused_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), Vault).await.unwrap();
    store.close().await;
    drop(store);
    change(folder.path(), NEWER).await;
    let before = contents(folder.path());
    let refused = Store::open(folder.path(), Vault).await.err().unwrap();
    assert!(matches!(refused, OpenError::Newer { found: 20_991_231_000_000, .. }), "{refused}");
    assert_eq!(contents(folder.path()), before);
}

#[tokio::test]
async fn a_newer_database_that_was_killed_in_the_middle_is_refused_too() {
    let (folder, copy) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    drop(Store::open(folder.path(), Vault).await.unwrap());
    let url = format!("sqlite://{}", folder.path().join(DATABASE_FILE).display());
    let mut connection = sqlx::AnyConnection::connect(&url).await.unwrap();
    sqlx::query(NEWER).execute(&mut connection).await.unwrap();
    for (name, bytes) in contents(folder.path()) {
        fs::write(copy.path().join(name), bytes).unwrap();
    }
    let kept = |files: Vec<(String, Vec<u8>)>| -> Vec<_> {
        files.into_iter().filter(|(name, _)| !name.ends_with("-shm")).collect()
    };
    let before = kept(contents(copy.path()));
    assert_eq!(before.len(), 2, "a database and its write-ahead log");
    let refused = Store::open(copy.path(), Vault).await.err().unwrap();
    assert!(matches!(refused, OpenError::Newer { .. }), "{refused}");
    assert_eq!(kept(contents(copy.path())), before);
}

#[tokio::test]
async fn what_is_not_our_database_is_refused_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(DATABASE_FILE), "Dear diary, this is not a database at all.").unwrap();
    let refused = Store::open(folder.path(), Vault).await.err().unwrap();
    assert!(matches!(refused, OpenError::NotOurs(_)), "{refused}");
    fs::remove_file(folder.path().join(DATABASE_FILE)).unwrap();

    change(folder.path(), "create table somebody_elses (id integer)").await;
    let before = contents(folder.path());
    let refused = Store::open(folder.path(), Vault).await.err().unwrap();
    assert!(matches!(refused, OpenError::NotOurs(_)), "{refused}");
    assert_eq!(contents(folder.path()), before);
}

#[tokio::test]
async fn every_text_of_a_person_is_stored_as_a_sealed_blob() {
    let mut house = House::new().await;
    for line in ["/checkin c1", "/promise p1", "/journal e1", "/once plants 2026-11-23T20:00:00", "a word"] {
        house.writes("7", line).await;
    }
    let kinds = house
        .sql(
            "select distinct typeof(body) || hex(substr(body, 1, 1)) from (
                 select body from promises union all select counterpart from promises union all select title from entries
                 union all select body from entries union all select feeling from checkins union all select run from schedules
                 union all select body from states union all select body from outbox)",
        )
        .await;
    assert_eq!(kinds, ["blob00"]);
}
