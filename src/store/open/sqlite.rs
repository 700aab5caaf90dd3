//! A file of `SQLite` in a folder: one program a folder, one connection, the settings that make it durable.

use std::fs::{self, File, TryLockError};
use std::io::Read;
use std::path::Path;
use std::time::Duration;

use reqwest::Url;
use sqlx::any::AnyPoolOptions;
use sqlx::{AnyConnection, Connection};

use super::{OpenError, Wish};
use crate::store::disk::Disk;
use crate::store::{Dialect, Inner, Store, migrations, new_name};
use crate::vault::Vault;

/// The database's name in the data folder.
pub const DATABASE_FILE: &str = "goldseam.db";
/// The name of the file that is locked while a program uses the folder.
pub const LOCK_FILE: &str = "goldseam.lock";

/// What every `SQLite` file begins with (sqlite.org/fileformat.html, 1.3).
const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// How a transaction that writes begins: with the write lock. One that upgrades later would fail when busy.
const BEGIN: &str = "begin immediate";

pub(super) async fn open(folder: &Path, vault: Vault) -> Result<Store, OpenError> {
    let path = folder.join(DATABASE_FILE);
    if is_there(&path) {
        inspect(&path).await?;
    }
    // After the look, so that nothing is left beside a database that is refused.
    let lock = lock(folder)?;
    if is_there(&path) {
        sound(&path).await?;
    }
    let pool = pool(&DURABLE).connect(&address(&path, "mode=rwc")?).await.map_err(|error| failed(&path, &error))?;
    only_for_owner(&path);
    migrations::migrator(Dialect::Sqlite).run(&pool).await.map_err(|error| failed(&path, &error.into()))?;
    Ok(Store::on(Inner {
        pool,
        vault,
        dialect: Dialect::Sqlite,
        server: None,
        disk: Disk::under(&path),
        name: new_name(),
        begin: BEGIN,
        _lock: Some(lock),
    }))
}

/// Opens what is there, without the lock.
pub(super) async fn open_existing(folder: &Path, vault: Vault, wish: Wish) -> Result<Option<Store>, OpenError> {
    open_with(folder, vault, wish, None).await
}

/// Opens what is there to be read, with the lock.
pub(super) async fn open_alone(folder: &Path, vault: Vault) -> Result<Option<Store>, OpenError> {
    if !is_there(&folder.join(DATABASE_FILE)) {
        return Ok(None);
    }
    let lock = lock(folder)?;
    open_with(folder, vault, Wish::Read, Some(lock)).await
}

async fn open_with(folder: &Path, vault: Vault, wish: Wish, lock: Option<File>) -> Result<Option<Store>, OpenError> {
    let path = folder.join(DATABASE_FILE);
    if !is_there(&path) {
        return Ok(None);
    }
    if inspect(&path).await? < migrations::newest() {
        return Err(OpenError::Older(path.display().to_string()));
    }
    let (settings, mode, begin): (&'static [&'static str], _, _) = match wish {
        Wish::Read => (&WAITING, reading(&path), "begin"),
        Wish::Write => (&DURABLE, "mode=rw", BEGIN),
    };
    let pool = pool(settings).connect(&address(&path, mode)?).await.map_err(|error| failed(&path, &error))?;
    Ok(Some(Store::on(Inner {
        pool,
        vault,
        dialect: Dialect::Sqlite,
        server: None,
        disk: Disk::under(&path),
        name: new_name(),
        begin,
        _lock: lock,
    })))
}

pub(super) async fn in_memory(vault: Vault) -> Result<Store, OpenError> {
    let failed = |error: sqlx::Error| failed(Path::new("memory"), &error);
    let pool = pool(&FLEETING).connect("sqlite::memory:").await.map_err(failed)?;
    migrations::migrator(Dialect::Sqlite).run(&pool).await.map_err(|error| failed(error.into()))?;
    Ok(Store::on(Inner {
        pool,
        vault,
        dialect: Dialect::Sqlite,
        server: None,
        disk: Disk::elsewhere(),
        name: new_name(),
        begin: BEGIN,
        _lock: None,
    }))
}

pub(super) async fn examine(folder: &Path) -> Result<bool, OpenError> {
    let path = folder.join(DATABASE_FILE);
    let there = is_there(&path);
    if there {
        inspect(&path).await?;
    }
    Ok(there)
}

/// One connection for as long as the store lives, with these settings.
fn pool(settings: &'static [&'static str]) -> AnyPoolOptions {
    AnyPoolOptions::new()
        .max_connections(1)
        .test_before_acquire(false)
        .idle_timeout(None)
        .max_lifetime(None)
        .acquire_timeout(Duration::from_secs(60))
        .after_connect(|connection, _| Box::pin(prepare(connection, settings)))
}

fn failed(path: &Path, error: &sqlx::Error) -> OpenError {
    OpenError::Failed { name: path.display().to_string(), reason: error.to_string() }
}

/// Keeps other programs out of a folder.
pub(in crate::store) fn lock(folder: &Path) -> Result<File, OpenError> {
    let folder_error = |error: std::io::Error| OpenError::Folder { path: folder.to_owned(), reason: error.to_string() };
    let file =
        File::options().create(true).truncate(false).write(true).open(folder.join(LOCK_FILE)).map_err(folder_error)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse(folder.to_owned())),
        Err(TryLockError::Error(error)) => Err(folder_error(error)),
    }
}

fn is_there(path: &Path) -> bool {
    path.metadata().is_ok_and(|file| file.len() > 0)
}

/// Looks at a file without changing it: is it ours, and do we know all that was done to it? Gives back its newest migration.
async fn inspect(path: &Path) -> Result<i64, OpenError> {
    let name = || path.display().to_string();
    if !begins_with_magic(path) {
        return Err(OpenError::NotOurs(name()));
    }
    let known = migrations::newest();
    match newest_migration(path).await {
        Ok(Some(found)) if found > known => Err(OpenError::Newer { name: name(), found, known }),
        Ok(Some(found)) => Ok(found),
        Ok(None) => Err(OpenError::NotOurs(name())),
        Err(Inspection::Open(error)) => Err(error),
        Err(Inspection::Database(error)) if is_damage(&error.to_string()) => {
            Err(OpenError::Damaged { name: name(), reason: error.to_string() })
        }
        Err(Inspection::Database(error)) => Err(failed(path, &error)),
    }
}

/// Are the pages of a file in order? What is stored wrong on a disk shows here, and not in somebody's conversation.
pub(in crate::store) async fn sound(path: &Path) -> Result<(), OpenError> {
    let name = || path.display().to_string();
    match troubles(path, "pragma quick_check(3)").await {
        Ok(None) => Ok(()),
        Ok(Some(reason)) => Err(OpenError::Damaged { name: name(), reason }),
        Err(OpenError::Failed { reason, .. }) if is_damage(&reason) => Err(OpenError::Damaged { name: name(), reason }),
        Err(error) => Err(error),
    }
}

/// The words of `SQLITE_CORRUPT` and `SQLITE_NOTADB`.
fn is_damage(reason: &str) -> bool {
    ["malformed", "not a database", "unsupported file format"].iter().any(|words| reason.contains(words))
}

/// What a check of a file finds; `None` when all is well.
pub(in crate::store) async fn troubles(path: &Path, check: &'static str) -> Result<Option<String>, OpenError> {
    let failed = |error: sqlx::Error| failed(path, &error);
    let mut connection = AnyConnection::connect(&address(path, reading(path))?).await.map_err(failed)?;
    let found = sqlx::query_as(check).fetch_all(&mut connection).await.map_err(failed);
    // The answer counts, not the farewell.
    let _ = connection.close().await;
    let lines: Vec<String> = found?.into_iter().map(|(line,): (String,)| line).collect();
    Ok((lines != ["ok"]).then(|| lines.join("; ")))
}

enum Inspection {
    Open(OpenError),
    Database(sqlx::Error),
}

fn begins_with_magic(path: &Path) -> bool {
    let mut head = [0; 16];
    File::open(path).and_then(|mut file| file.read_exact(&mut head)).is_ok() && head == *MAGIC
}

/// How a database is opened to be read. Without a write-ahead log beside it nobody uses it, and the file is opened as one that
/// cannot change, so that nothing is created next to it either.
fn reading(path: &Path) -> &'static str {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    if Path::new(&log).exists() { "mode=ro" } else { "mode=ro&immutable=true" }
}

/// The newest migration of a database; `Some(0)` when it is empty, `None` when it is somebody else's.
async fn newest_migration(path: &Path) -> Result<Option<i64>, Inspection> {
    let url = address(path, reading(path)).map_err(Inspection::Open)?;
    let mut connection = AnyConnection::connect(&url).await.map_err(Inspection::Database)?;
    let answer = read_newest(&mut connection).await.map_err(Inspection::Database);
    connection.close().await.map_err(Inspection::Database)?;
    answer
}

async fn read_newest(connection: &mut AnyConnection) -> sqlx::Result<Option<i64>> {
    let (tables, ours): (i64, i64) = sqlx::query_as(
        "select count(*), count(case when name = '_sqlx_migrations' then 1 end) from sqlite_master where type = 'table'",
    )
    .fetch_one(&mut *connection)
    .await?;
    if ours == 0 {
        return Ok((tables == 0).then_some(0));
    }
    let (newest,): (i64,) =
        sqlx::query_as("select coalesce(max(version), 0) from _sqlx_migrations").fetch_one(&mut *connection).await?;
    Ok(Some(newest))
}

/// Waiting instead of failing when busy.
const WAITING: [&str; 1] = ["pragma busy_timeout = 5000"];
/// What a database on a disk needs: durable commits, and zeroes over deleted text as well.
const DURABLE: [&str; 6] = [
    WAITING[0],
    "pragma journal_mode = wal",
    "pragma synchronous = full",
    "pragma foreign_keys = on",
    "pragma secure_delete = on",
    // 8 MiB: with the usual 2 MiB most of the time of a busy program went into reading the same pages again.
    "pragma cache_size = -8192",
];
/// What a database in memory needs.
const FLEETING: [&str; 2] = ["pragma synchronous = off", "pragma foreign_keys = on"];

async fn prepare(connection: &mut AnyConnection, settings: &[&'static str]) -> sqlx::Result<()> {
    for pragma in settings {
        sqlx::query(*pragma).execute(&mut *connection).await?;
    }
    Ok(())
}

fn address(path: &Path, query: &str) -> Result<String, OpenError> {
    let unusable = |_| OpenError::Folder { path: path.to_owned(), reason: "its name cannot be used".into() };
    let absolute = std::path::absolute(path)
        .map_err(|error| OpenError::Folder { path: path.to_owned(), reason: error.kind().to_string() })?;
    let url = Url::from_file_path(absolute).map_err(unusable)?;
    Ok(format!("{}?{query}", url.as_str().replacen("file://", "sqlite://", 1)))
}

/// The folder is closed to others already; this is for one that was made by hand. Best effort.
fn only_for_owner(path: &Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let _ = fs::set_permissions(path, fs::Permissions::from_mode(0o600));
    }
}
