//! `goldseam move`: everything from a folder to a server and back, and what is refused.

mod support;

use std::path::Path;

use goldseam::store::{
    DATABASE_FILE, Location, MOVED_TABLES, Moved, OpenError, Server, Store, TransferError, transfer,
};
use goldseam::vault::Vault;
use support::database::Database;
use support::house::House;
use support::postgres;
use support::program::{Settings, contents};

/// Who does what just now is no part of anybody's life.
const NOT_MOVED: [&str; 2] = ["heartbeat", "leases"];

fn folder(path: &Path) -> Location {
    Location::Folder(path.to_owned())
}

fn server(url: &str) -> Location {
    Location::Server(Server::new(url.to_owned().into(), 4))
}

/// People in every table, with words of more than one byte, something due, and something that was not sent yet.
async fn a_life() -> Database {
    let mut house = House::on(Database::in_a_folder()).await;
    for line in
        ["/checkin c1", "/promise p1", "/journal e1", "/every daily 0 0 20 * * *", "Ana \u{1f33b} \u{0434}\u{0430}"]
    {
        house.says("7", line).await;
    }
    house.until("2026-11-22T20:00:00Z");
    house.fires().await;
    house.writes("8", "not sent yet \u{1f9f5}").await;
    house.door.use_scripts(support::bot::shipped()).await.unwrap();
    house.closes().await
}

/// The server notices a moment later that a program has gone.
async fn once_it_is_free(from: &Location, to: &Location) -> Vec<Moved> {
    loop {
        match transfer(from, to).await {
            Err(TransferError::Open(OpenError::Shared(_))) => tokio::task::yield_now().await,
            done => return done.unwrap(),
        }
    }
}

#[tokio::test]
async fn everything_moves_to_a_server_and_back_and_is_left_where_it_was() {
    let Some(postgres) = postgres::shared() else { return };
    let (life, url) = (a_life().await, postgres.database().await);
    let before = contents(life.folder());
    let there = transfer(&life.location(), &server(&url)).await.unwrap();
    assert!(contents(life.folder()) == before, "it was changed");
    let rows = |table: &str| there.iter().find(|moved| moved.table == table).unwrap().rows;
    assert_eq!((rows("persons"), rows("schedules"), rows("occurrences"), rows("entries")), (2, 1, 1, 1));
    assert!(rows("script_texts") > 5 && rows("outbox") == 3, "{there:?}");
    let on_server = Database::at(url.clone());
    let waiting = "select convert_from(substring(body from 2), 'UTF8') from outbox where state = 'pending'";
    assert!(on_server.sql(waiting).await[0].contains("not sent yet \u{1f9f5}"));

    let back = tempfile::tempdir().unwrap();
    assert_eq!(once_it_is_free(&server(&url), &folder(back.path())).await, there);
    let again = postgres.database().await;
    assert_eq!(transfer(&folder(back.path()), &server(&again)).await.unwrap(), there);
}

#[tokio::test]
async fn life_goes_on_there_and_no_number_is_given_twice() {
    let Some(postgres) = postgres::shared() else { return };
    let life = a_life().await;
    change(life.folder(), "delete from inbox").await;
    let url = postgres.database().await;
    transfer(&life.location(), &server(&url)).await.unwrap();
    let mut house = House::on(Database::at(url)).await;
    assert_eq!(house.fires().await, ["not sent yet \u{1f9f5}"]);
    house.until("2026-11-23T20:00:00Z");
    assert_eq!(house.fires().await, ["due daily"]);
    house.writes("9", "hello").await;
    assert_eq!(house.sql("select cast(max(id) as text) from persons").await, ["3"]);
    let first = house.sql("select cast(min(id) as text) from inbox").await;
    assert_eq!(first, ["7"], "six were there before");
}

#[tokio::test]
async fn a_database_in_use_is_not_moved_and_not_filled() {
    let Some(postgres) = postgres::shared() else { return };
    let (life, url) = (a_life().await, postgres.database().await);
    let in_use = life.open().await;
    let refused = transfer(&life.location(), &server(&url)).await.unwrap_err();
    assert!(matches!(refused, TransferError::Open(OpenError::InUse(_))), "{refused}");
    in_use.close().await;
    drop(in_use);
    let in_use = Store::open_at(&server(&url), Vault).await.unwrap();
    let refused = transfer(&life.location(), &server(&url)).await.unwrap_err();
    assert!(matches!(refused, TransferError::Open(OpenError::Shared(_))), "{refused}");
    assert!(refused.to_string().contains("stop every program"), "{refused}");
    let back = tempfile::tempdir().unwrap();
    let refused = transfer(&server(&url), &folder(back.path())).await.unwrap_err();
    assert!(matches!(refused, TransferError::Open(OpenError::Shared(_))), "{refused}");
    in_use.close().await;
}

#[tokio::test]
async fn nothing_is_written_over_anybody_and_nothing_comes_from_nothing() {
    let (one, other) = (a_life().await, a_life().await);
    let before = contents(other.folder());
    let refused = transfer(&one.location(), &other.location()).await.unwrap_err();
    assert!(matches!(refused, TransferError::NotEmpty { table: "persons", .. }), "{refused}");
    assert!(contents(other.folder()) == before, "it was changed");
    let nowhere = tempfile::tempdir().unwrap();
    let refused = transfer(&folder(nowhere.path()), &folder(one.folder())).await.unwrap_err();
    assert!(matches!(refused, TransferError::Nothing(_)), "{refused}");
}

#[tokio::test]
async fn a_copy_that_stops_in_the_middle_leaves_an_empty_database() {
    let Some(postgres) = postgres::shared() else { return };
    let (life, url) = (a_life().await, postgres.database().await);
    Store::open_at(&server(&url), Vault).await.unwrap().close().await;
    // The last table refuses.
    let no = "create function no() returns trigger language plpgsql as 'begin raise exception ''no''; end';
              create trigger no before insert on script_texts execute function no()";
    postgres::run(&url, no).await;
    let failed = loop {
        match transfer(&life.location(), &server(&url)).await {
            Err(TransferError::Open(OpenError::Shared(_))) => tokio::task::yield_now().await,
            done => break done.unwrap_err(),
        }
    };
    assert!(matches!(failed, TransferError::Store(_)), "{failed}");
    let counted = "select cast((select count(*) from persons) + (select count(*) from outbox) as text)";
    assert_eq!(Database::at(url).sql(counted).await, ["0"]);
}

#[tokio::test]
async fn every_table_is_moved_or_left_on_purpose() {
    let database = Database::in_a_folder();
    database.open().await.close().await;
    let tables =
        "select name from sqlite_master where type = 'table' and name not like 'sqlite%' and name not like '_sqlx%'";
    let mut expected: Vec<&str> = MOVED_TABLES.into_iter().chain(NOT_MOVED).collect();
    expected.sort_unstable();
    let mut found = database.sql(tables).await;
    found.sort_unstable();
    assert_eq!(found, expected);
}

#[tokio::test]
async fn the_command_says_what_it_moved_and_how_databases_are_named() {
    let Some(postgres) = postgres::shared() else { return };
    let (life, url) = (a_life().await, postgres.database().await);
    let settings = Settings::new(life.folder()).with("GOLDSEAM_STORE__URL", &url);
    let from = format!("sqlite://{}", life.folder().join(DATABASE_FILE).display());
    let ended = settings.runs(&["move", "--from", &from, "--to", "store.url"], &[]);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    assert!(ended.stdout.contains("persons                   2 rows"), "{}", ended.stdout);
    assert!(ended.stdout.contains("was left as it is"), "{}", ended.stdout);

    let ended = settings.runs(&["move", "--from", "store.url", "--to", "mysql://x"], &[]);
    assert_eq!(ended.code, Some(1));
    assert!(ended.stderr.contains("sqlite://FOLDER or postgres://"), "{}", ended.stderr);
    let ended = settings.runs(&["move", "--from", "store.url", "--to", "postgres://me:s3cret@elsewhere/x"], &[]);
    assert!(ended.stderr.contains("network = \"loopback\"") && !ended.stderr.contains("s3cret"), "{}", ended.stderr);
}

/// Changes a database that nobody uses.
async fn change(folder: &Path, statement: &str) {
    postgres::run(&format!("sqlite://{}", folder.join(DATABASE_FILE).display()), statement).await;
}
