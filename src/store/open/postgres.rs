//! A database of `PostgreSQL`: several connections, several programs. Those that start together bring it up to date one after
//! the other, under a lock of the server.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use sqlx::any::AnyPoolOptions;
use sqlx::migrate::MigrateError;
use sqlx::{AnyConnection, AnyPool, AssertSqlSafe, Connection};

use super::{OpenError, Wish};
use crate::store::disk::Disk;
use crate::store::{Dialect, Inner, Store, migrations, new_name};
use crate::vault::Vault;

/// How long a server may take to answer at the start.
const PATIENCE: Duration = Duration::from_secs(15);
/// How long a transaction waits for one of the connections, or for a server that is away.
const ACQUIRE: Duration = Duration::from_secs(30);

/// What each connection is told. A program that hangs or loses the network must not keep rows locked: the server ends its
/// transaction, and notices a dead machine within half a minute. The lock says that a program is here ([`open_alone`]); nobody
/// waits for it unless somebody is alone.
const SETTINGS: &str = "set idle_in_transaction_session_timeout = '10s'; set statement_timeout = '60s';
    set tcp_keepalives_idle = 10; set tcp_keepalives_interval = 5; set tcp_keepalives_count = 3;
    select pg_advisory_lock_shared(7453295087010013549)";
/// The same lock (the letters of `goldseam` as a number, shared above), for whoever wants to be alone.
const ALONE: &str = "select pg_try_advisory_lock(7453295087010013549)";
/// Is nobody alone?
const NOT_ALONE: &str = "select pg_try_advisory_lock_shared(7453295087010013549)";

/// A transaction that reads one state of the database.
const BEGIN_READING: &str = "begin isolation level repeatable read read only";

/// A database on a server. Shows itself without user, password and parameters.
#[derive(Clone, Debug)]
pub struct Server {
    url: SecretString,
    connections: u32,
}

impl Server {
    /// The database of this address (`postgres://user:password@host/database`), over at most so many connections.
    #[must_use]
    pub fn new(url: SecretString, connections: u32) -> Self {
        Self { url, connections }
    }

    pub(in crate::store) fn url(&self) -> &SecretString {
        &self.url
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Ok(url) = Url::parse(self.url.expose_secret()) else { return f.write_str("postgres://") };
        let port = url.port().map_or(String::new(), |port| format!(":{port}"));
        write!(f, "postgres://{}{port}{}", url.host_str().unwrap_or_default(), url.path())
    }
}

pub(super) async fn open(server: &Server, vault: Vault) -> Result<Store, OpenError> {
    let (mut connection, _) = inspected(server).await?;
    if !is_granted(server, &mut connection, NOT_ALONE).await? {
        return Err(OpenError::Taken(server.to_string()));
    }
    close(connection).await;
    migrate(server).await?;
    pool(server, vault, "begin").await
}

/// Opens what is there, without migrating it.
pub(super) async fn open_existing(server: &Server, vault: Vault, wish: Wish) -> Result<Option<Store>, OpenError> {
    if !is_up_to_date(server).await? {
        return Ok(None);
    }
    let begin = match wish {
        Wish::Read => BEGIN_READING,
        Wish::Write => "begin",
    };
    pool(server, vault, begin).await.map(Some)
}

/// Opens and migrates a database that no other program uses.
pub(super) async fn open_alone(server: &Server, vault: Vault) -> Result<Store, OpenError> {
    close(inspected(server).await?.0).await;
    let alone = alone(server, vault, "begin").await?;
    migrations::migrator(Dialect::Postgres).run(&alone.0.pool).await.map_err(|error| not_migrated(server, error))?;
    Ok(alone)
}

/// Opens a database that no other program uses, to read what is there.
pub(super) async fn open_alone_to_read(server: &Server, vault: Vault) -> Result<Option<Store>, OpenError> {
    if !is_up_to_date(server).await? {
        return Ok(None);
    }
    alone(server, vault, BEGIN_READING).await.map(Some)
}

pub(super) async fn examine(server: &Server) -> Result<bool, OpenError> {
    let (connection, newest) = inspected(server).await?;
    close(connection).await;
    Ok(newest > 0)
}

/// False when the database is empty.
async fn is_up_to_date(server: &Server) -> Result<bool, OpenError> {
    let (connection, newest) = inspected(server).await?;
    close(connection).await;
    match newest {
        0 => Ok(false),
        older if older < migrations::newest() => Err(OpenError::Older(server.to_string())),
        _ => Ok(true),
    }
}

async fn inspected(server: &Server) -> Result<(AnyConnection, i64), OpenError> {
    let mut connection = connect(server).await?;
    let newest = inspect(server, &mut connection).await?;
    Ok((connection, newest))
}

/// One connection, which holds the lock as long as it lives and takes its time.
async fn alone(server: &Server, vault: Vault, begin: &'static str) -> Result<Store, OpenError> {
    let one = AnyPoolOptions::new().max_connections(1).test_before_acquire(false).idle_timeout(None).max_lifetime(None);
    let pool = one.connect(server.url.expose_secret()).await.map_err(|error| explain(server, &error))?;
    let mut connection = pool.acquire().await.map_err(|error| explain(server, &error))?;
    if !is_granted(server, &mut connection, ALONE).await? {
        return Err(OpenError::Shared(server.to_string()));
    }
    drop(connection);
    Ok(Store::on(store(server, vault, begin, new_name(), pool)))
}

async fn is_granted(server: &Server, connection: &mut AnyConnection, lock: &'static str) -> Result<bool, OpenError> {
    let granted = sqlx::query_as(lock).fetch_one(connection).await.map_err(|error| explain(server, &error));
    granted.map(|(granted,): (bool,)| granted)
}

async fn pool(server: &Server, vault: Vault, begin: &'static str) -> Result<Store, OpenError> {
    let name = new_name();
    let settings: Arc<str> = format!("{SETTINGS}; select pg_advisory_lock_shared({name})").into();
    let options = AnyPoolOptions::new()
        .min_connections(1)
        .max_connections(server.connections)
        .test_before_acquire(false)
        .acquire_timeout(ACQUIRE)
        // A connection that were replaced for its age would leave a moment without the lock that says that this program lives.
        .idle_timeout(None)
        .max_lifetime(None)
        .after_connect(move |connection, _| {
            let settings = settings.clone();
            Box::pin(async move { sqlx::raw_sql(AssertSqlSafe(&*settings)).execute(connection).await.map(drop) })
        });
    let pool = options.connect(server.url.expose_secret()).await.map_err(|error| explain(server, &error))?;
    Ok(Store::on(store(server, vault, begin, name, pool)))
}

fn store(server: &Server, vault: Vault, begin: &'static str, name: String, pool: AnyPool) -> Inner {
    Inner {
        pool,
        vault,
        dialect: Dialect::Postgres,
        server: Some(server.clone()),
        name,
        begin,
        disk: Disk::elsewhere(),
        _lock: None,
    }
}

async fn connect(server: &Server) -> Result<AnyConnection, OpenError> {
    match tokio::time::timeout(PATIENCE, AnyConnection::connect(server.url.expose_secret())).await {
        Ok(done) => done.map_err(|error| explain(server, &error)),
        Err(_) => Err(OpenError::Unreachable { name: server.to_string(), reason: "no answer".into() }),
    }
}

/// Nothing depends on a farewell.
async fn close(connection: AnyConnection) {
    let _ = connection.close().await;
}

/// Looks at the database without changing it: is it ours, and do we know all that was done to it? Gives back its newest
/// migration, 0 when it is empty.
async fn inspect(server: &Server, connection: &mut AnyConnection) -> Result<i64, OpenError> {
    let failed = |error: sqlx::Error| explain(server, &error);
    let (encoding, tables, ours): (String, i64, i64) = sqlx::query_as(
        "select current_setting('server_encoding'), count(*), count(case when tablename = '_sqlx_migrations' then 1 end)
         from pg_catalog.pg_tables where schemaname = current_schema()",
    )
    .fetch_one(&mut *connection)
    .await
    .map_err(failed)?;
    if encoding != "UTF8" {
        return Err(OpenError::Encoding { name: server.to_string(), encoding });
    }
    if ours == 0 {
        return if tables == 0 { Ok(0) } else { Err(OpenError::Foreign(server.to_string())) };
    }
    let (first, found): (Option<i64>, Option<i64>) =
        sqlx::query_as("select min(version), max(version) from _sqlx_migrations")
            .fetch_one(&mut *connection)
            .await
            .map_err(failed)?;
    let known = migrations::newest();
    match (first, found) {
        // Another program of ours makes it just now.
        (None, _) | (_, None) => Ok(0),
        (Some(first), _) if first != migrations::oldest() => Err(OpenError::Foreign(server.to_string())),
        (_, Some(found)) if found > known => Err(OpenError::Newer { name: server.to_string(), found, known }),
        (_, Some(found)) => Ok(found),
    }
}

/// Programs that start together wait for each other at a lock of the server. Without our settings: a step may take its time.
async fn migrate(server: &Server) -> Result<(), OpenError> {
    let one = AnyPoolOptions::new().max_connections(1);
    let one = one.connect(server.url.expose_secret()).await.map_err(|error| explain(server, &error))?;
    let done = migrations::migrator(Dialect::Postgres).run(&one).await;
    one.close().await;
    done.map_err(|error| not_migrated(server, error))
}

fn not_migrated(server: &Server, error: MigrateError) -> OpenError {
    match error {
        // A newer program was faster.
        MigrateError::VersionMissing(found) => {
            OpenError::Newer { name: server.to_string(), found, known: migrations::newest() }
        }
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => explain(server, &error),
        other => OpenError::Failed { name: server.to_string(), reason: other.to_string() },
    }
}

/// Our sentence for what the driver says. The codes are of postgresql.org/docs/current/errcodes-appendix.html.
fn explain(server: &Server, error: &sqlx::Error) -> OpenError {
    let name = server.to_string();
    match error {
        sqlx::Error::Database(answer) => {
            let reason = answer.message().to_owned();
            match answer.code().as_deref() {
                Some(code) if code.starts_with("28") => OpenError::Refused { name, reason },
                Some("3D000") => OpenError::Missing(name),
                Some("42501") => OpenError::NotOwner(name),
                // Starting up, shutting down, too many connections.
                Some(code) if code.starts_with("57P") || code.starts_with("53") => {
                    OpenError::Unreachable { name, reason }
                }
                _ => OpenError::Failed { name, reason },
            }
        }
        sqlx::Error::Io(error) => OpenError::Unreachable { name, reason: error.to_string() },
        sqlx::Error::Tls(error) => OpenError::Unreachable { name, reason: error.to_string() },
        sqlx::Error::PoolTimedOut => OpenError::Unreachable { name, reason: "no answer".into() },
        other => OpenError::Failed { name, reason: other.to_string() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_shows_neither_user_nor_password() {
        let url = "postgres://goldseam:s3cret@db.example.org:5433/goldseam?password=s3cret&sslmode=require";
        let server = Server::new(SecretString::from(url), 8);
        assert_eq!(server.to_string(), "postgres://db.example.org:5433/goldseam");
        assert!(!format!("{server:?}").contains("s3cret"));
    }
}
