//! The stories of the whole shell, told once more on a real `PostgreSQL`, and what only a server with several connections shows.

mod shell;
mod support;

use std::collections::BTreeSet;

use goldseam::store::{Dialect, Location, OpenError, Server, Store, examine};
use goldseam::types::Platform;
use goldseam::vault::Vault;
use jiff::Timestamp;
use sqlx::{AssertSqlSafe, Connection as _};
use support::database::Database;
use support::postgres::{self, USER, run};

fn server(url: &str) -> Server {
    Server::new(url.to_owned().into(), 4)
}

async fn open(url: &str) -> Result<Store, OpenError> {
    Store::open_at(&Location::Server(server(url)), Vault).await
}

/// One column of text.
async fn asks(url: &str, query: &str) -> Vec<String> {
    let mut connection = sqlx::AnyConnection::connect(url).await.unwrap();
    let rows: Vec<(String,)> = sqlx::query_as(AssertSqlSafe(query)).fetch_all(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    rows.into_iter().map(|(text,)| text).collect()
}

#[tokio::test]
async fn an_empty_database_is_filled_once_and_opened_again() {
    let Some(postgres) = postgres::shared() else { return };
    let url = postgres.database().await;
    assert!(!examine(&Location::Server(server(&url))).await.unwrap());
    assert!(Store::open_to_read(&Location::Server(server(&url)), Vault).await.unwrap().is_none());
    let store = open(&url).await.unwrap();
    assert_eq!(store.dialect(), Dialect::Postgres);
    let mut tx = store.begin().await.unwrap();
    let made = tx.create_account(Platform::Telegram, "7", Timestamp::UNIX_EPOCH).await.unwrap();
    tx.commit().await.unwrap();
    store.close().await;
    assert!(examine(&Location::Server(server(&url))).await.unwrap());
    let mut tx = open(&url).await.unwrap().begin().await.unwrap();
    assert_eq!(tx.account(Platform::Telegram, "7").await.unwrap(), Some(made));
}

#[tokio::test]
async fn programs_that_start_together_fill_it_once() {
    let Some(postgres) = postgres::shared() else { return };
    let url = postgres.database().await;
    let starts: Vec<_> = (0..6).map(|_| url.clone()).map(|url| tokio::spawn(async move { open(&url).await })).collect();
    for start in starts {
        start.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn both_databases_have_the_same_tables_columns_and_indexes() {
    let Some(postgres) = postgres::shared() else { return };
    let url = postgres.database().await;
    open(&url).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    drop(Store::open(folder.path(), Vault).await.unwrap());
    let file = format!("sqlite://{}", folder.path().join(goldseam::store::DATABASE_FILE).display());

    let of_file = asks(
        &file,
        "select t.name || '.' || c.name || ' '
             || case lower(c.type) when 'integer' then 'bigint' when 'blob' then 'bytea' else lower(c.type) end
             || case when c.\"notnull\" = 1 or c.pk > 0 then ' not null' else '' end
             || coalesce(' ' || c.dflt_value, '')
         from sqlite_master t join pragma_table_info(t.name) c
         where t.type = 'table' and t.name not like 'sqlite%' and t.name not like '_sqlx%'
         union all
         select name || ' on ' || tbl_name from sqlite_master where type = 'index' and name not like 'sqlite%'",
    );
    let of_server = asks(
        &url,
        "select c.table_name || '.' || c.column_name || ' ' || c.data_type
             || case when c.is_nullable = 'NO' then ' not null' else '' end
             || coalesce(' ' || replace(c.column_default, '::text', ''), '')
         from information_schema.columns c
         where c.table_schema = 'public' and c.table_name not like '\\_sqlx%'
         union all
         select indexname || ' on ' || tablename from pg_indexes
         where schemaname = 'public' and indexname not like '%\\_pkey' and indexname not like '%\\_key'",
    );
    let lower = |lines: Vec<String>| lines.into_iter().map(|line| line.to_lowercase()).collect::<BTreeSet<_>>();
    let (of_file, of_server) = (lower(of_file.await), lower(of_server.await));
    assert!(of_file.len() > 90, "{of_file:#?}");
    assert_eq!(of_server.difference(&of_file).collect::<Vec<_>>(), [""; 0], "only on the server");
    assert_eq!(of_file.difference(&of_server).collect::<Vec<_>>(), [""; 0], "only in the file");
}

#[tokio::test]
async fn what_cannot_be_reached_or_let_in_is_said_without_the_password() {
    let Some(postgres) = postgres::shared() else { return };
    let refused = |url: String| async move { open(&url).await.err().unwrap() };

    let error = refused(postgres.over_the_port(USER, "wr0ng", "postgres")).await;
    assert!(matches!(error, OpenError::Refused { .. }), "{error}");
    assert!(error.to_string().contains("check the user and the password") && !error.to_string().contains("wr0ng"));

    let error = refused(postgres.over_the_socket("nowhere")).await;
    assert!(matches!(error, OpenError::Missing(_)), "{error}");
    assert!(error.to_string().contains("/nowhere: make it with `createdb`"), "{error}");

    let error = refused("postgres://goldseam:s3cret@127.0.0.1:1/goldseam".into()).await;
    assert!(matches!(error, OpenError::Unreachable { .. }), "{error}");
    let says = error.to_string();
    assert!(says.contains("postgres://127.0.0.1:1/goldseam") && !says.contains("s3cret"), "{says}");
}

#[tokio::test]
async fn a_user_who_may_not_make_tables_is_told_so() {
    let Some(postgres) = postgres::shared() else { return };
    let url = postgres.database().await;
    postgres.run("create role guest login").await;
    run(&url, "revoke create on schema public from public").await;
    let error = open(&url.replace(USER, "guest")).await.err().unwrap();
    assert!(matches!(error, OpenError::NotOwner(_)), "{error}");
}

#[tokio::test]
async fn a_database_that_cannot_hold_every_text_is_refused() {
    let Some(postgres) = postgres::shared() else { return };
    postgres.run("create database latin encoding 'LATIN1' template template0").await;
    let error = open(&postgres.over_the_socket("latin")).await.err().unwrap();
    assert!(matches!(&error, OpenError::Encoding { encoding, .. } if encoding == "LATIN1"), "{error}");
}

#[tokio::test]
async fn tables_of_somebody_else_are_left_as_they_are() {
    let Some(postgres) = postgres::shared() else { return };
    let tables = "select tablename::text from pg_tables where schemaname = 'public' order by 1";
    let url = postgres.database().await;
    run(&url, "create table somebody_elses (id integer)").await;
    let error = open(&url).await.err().unwrap();
    assert!(matches!(error, OpenError::Foreign(_)), "{error}");
    assert_eq!(asks(&url, tables).await, ["somebody_elses"]);

    // Another program that uses the same library for its migrations.
    let url = postgres.database().await;
    run(&url, "create table _sqlx_migrations (version bigint); insert into _sqlx_migrations values (1)").await;
    let error = open(&url).await.err().unwrap();
    assert!(matches!(error, OpenError::Foreign(_)), "{error}");
    assert_eq!(asks(&url, tables).await, ["_sqlx_migrations"]);
}

#[tokio::test]
async fn a_newer_database_is_refused_and_an_older_one_only_brought_up_to_date_by_a_start() {
    let Some(postgres) = postgres::shared() else { return };
    let url = postgres.database().await;
    let location = Location::Server(server(&url));
    open(&url).await.unwrap();
    run(&url, "delete from _sqlx_migrations where version = (select max(version) from _sqlx_migrations)").await;
    let older = Store::open_to_read(&location, Vault).await.err().unwrap();
    assert!(matches!(older, OpenError::Older(_)), "{older}");
    let newer = "insert into _sqlx_migrations (version, description, success, checksum, execution_time)
                 values (20991231000000, 'from the future', true, '', 0)";
    run(&url, newer).await;
    let refused = open(&url).await.err().unwrap();
    assert!(matches!(refused, OpenError::Newer { found: 20_991_231_000_000, .. }), "{refused}");
    assert!(matches!(examine(&location).await, Err(OpenError::Newer { .. })));
}

#[tokio::test]
async fn a_store_opened_to_be_read_writes_nothing() {
    let database = Database::new().await;
    database.open().await;
    let Location::Server(_) = database.location() else { return };
    let store = Store::open_to_read(&database.location(), Vault).await.unwrap().unwrap();
    let mut tx = store.begin().await.unwrap();
    let error = tx.create_account(Platform::Telegram, "7", Timestamp::UNIX_EPOCH).await.unwrap_err();
    assert!(error.to_string().contains("read-only"), "{error}");
}

#[tokio::test]
async fn an_account_that_two_programs_make_at_the_same_time_is_one() {
    let database = Database::new().await;
    let store = database.open().await;
    let makers: Vec<_> = (0..8)
        .map(|_| store.clone())
        .map(|store| {
            tokio::spawn(async move {
                let mut tx = store.begin().await.unwrap();
                let account = tx.create_account(Platform::Telegram, "7", Timestamp::UNIX_EPOCH).await.unwrap();
                tx.commit().await.unwrap();
                account
            })
        })
        .collect();
    let mut made = BTreeSet::new();
    for maker in makers {
        made.insert(maker.await.unwrap().id);
    }
    assert_eq!(made.len(), 1);
    assert_eq!(database.sql("select cast(count(*) as text) from persons").await, ["1"]);
}

#[tokio::test]
async fn two_turns_of_one_person_follow_each_other() {
    let database = Database::new().await;
    let (first, second) = (database.open().await, Store::open_at(&database.location(), Vault).await);
    let Ok(second) = second else { return };
    let mut tx = first.begin().await.unwrap();
    let person = tx.create_account(Platform::Telegram, "7", Timestamp::UNIX_EPOCH).await.unwrap().person;
    let other = tx.create_account(Platform::Telegram, "8", Timestamp::UNIX_EPOCH).await.unwrap().person;
    tx.commit().await.unwrap();

    let mut tx = first.begin().await.unwrap();
    tx.lock_people(&[person]).await.unwrap();
    let mut free = second.begin().await.unwrap();
    free.lock_people(&[other]).await.unwrap();
    free.commit().await.unwrap();
    let waiting = tokio::spawn(async move {
        let mut tx = second.begin().await.unwrap();
        tx.lock_people(&[person]).await.unwrap();
        tx.facts(person, Timestamp::UNIX_EPOCH).await.unwrap()
    });
    let blocked = "select cast(count(*) as text) from pg_stat_activity
                   where wait_event_type = 'Lock' and datname = current_database()";
    while database.sql(blocked).await != ["1"] {
        tokio::task::yield_now().await;
    }
    let told = goldseam::types::Value::text("Ana");
    tx.keep_fact(person, "name", &told, None).unwrap();
    tx.commit().await.unwrap();
    assert_eq!(waiting.await.unwrap().get("name"), Some(&told), "it sees what the turn before it did");
}

#[tokio::test]
async fn connections_that_the_server_ended_are_not_noticed() {
    let Some(postgres) = postgres::shared() else { return };
    let url = postgres.database().await;
    let store = open(&url).await.unwrap();
    let busy = [store.begin().await.unwrap(), store.begin().await.unwrap(), store.begin().await.unwrap()];
    for tx in busy {
        tx.rollback().await.unwrap();
    }
    run(
        &url,
        "select pg_terminate_backend(pid) from pg_stat_activity
         where datname = current_database() and pid <> pg_backend_pid()",
    )
    .await;
    let mut tx = store.begin().await.unwrap();
    tx.create_account(Platform::Telegram, "7", Timestamp::UNIX_EPOCH).await.unwrap();
    tx.commit().await.unwrap();
}
