//! Opening the database: one program a folder, nothing touched that we do not understand, migrations, settings of `SQLite`.

use std::fs::{self, File, TryLockError};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use reqwest::Url;
use sqlx::any::AnyPoolOptions;
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{AnyConnection, Connection, SqlStr};

use super::{Inner, Store};
use crate::vault::Vault;

/// The database's name in the data folder.
pub const DATABASE_FILE: &str = "goldseam.db";
/// The name of the file that is locked while a program uses the folder.
pub const LOCK_FILE: &str = "goldseam.lock";

/// What every `SQLite` file begins with (sqlite.org/fileformat.html, 1.3).
const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// All migrations, the oldest first. Append only.
const MIGRATIONS: [(i64, &str, &str); 8] = [
    (20_261_122_000_100, "create people", include_str!("../../migrations/sqlite/20261122000100_create_people.sql")),
    (20_261_122_000_200, "create inbox", include_str!("../../migrations/sqlite/20261122000200_create_inbox.sql")),
    (20_261_122_000_300, "create sessions", include_str!("../../migrations/sqlite/20261122000300_create_sessions.sql")),
    (
        20_261_122_000_400,
        "create practices",
        include_str!("../../migrations/sqlite/20261122000400_create_practices.sql"),
    ),
    (
        20_261_122_000_500,
        "create schedules",
        include_str!("../../migrations/sqlite/20261122000500_create_schedules.sql"),
    ),
    (20_261_122_000_600, "create outbox", include_str!("../../migrations/sqlite/20261122000600_create_outbox.sql")),
    (
        20_261_122_000_700,
        "create script texts",
        include_str!("../../migrations/sqlite/20261122000700_create_script_texts.sql"),
    ),
    (
        20_261_122_000_800,
        "add account language",
        include_str!("../../migrations/sqlite/20261122000800_add_account_language.sql"),
    ),
];

/// Why the database cannot be opened: one sentence that says what to do. The file was not changed.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another program has the folder.
    #[error("Another Goldseam already uses the data folder {}: stop that one first, or choose another `data_dir`.", .0.display())]
    InUse(PathBuf),
    /// The lock file cannot be made.
    #[error("The data folder {} cannot be used ({reason}): check that it exists and may be written.", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system says.
        reason: String,
    },
    /// A file of that name is something else.
    #[error("{} is not a database of Goldseam: move it away, or choose another `data_dir`. It was left as it is.", .0.display())]
    NotOurs(PathBuf),
    /// A newer program has been here.
    #[error(
        "{} was written by a newer Goldseam (migration {found}, this one knows {known}): install that version again. It was left \
         as it is.",
        path.display()
    )]
    Newer {
        /// The database.
        path: PathBuf,
        /// Its newest migration.
        found: i64,
        /// Our newest migration.
        known: i64,
    },
    /// An older program made it, and this one did not bring it up to date yet.
    #[error("{} was last used by an older Goldseam: start this one once, so that it is brought up to date.", .0.display())]
    Older(PathBuf),
    /// The database failed while it was opened or migrated.
    #[error("{} cannot be opened: {reason}. Restore it from a backup if this does not go away.", path.display())]
    Failed {
        /// The database.
        path: PathBuf,
        /// What the database says.
        reason: String,
    },
}

impl Store {
    /// Opens the database in `folder`, creating it when there is none, and brings it up to date.
    ///
    /// # Errors
    /// When another program uses the folder, the file is not ours or newer than us, or the database fails.
    pub async fn open(folder: &Path, vault: Vault) -> Result<Store, OpenError> {
        sqlx::any::install_default_drivers();
        let path = folder.join(DATABASE_FILE);
        if is_there(&path) {
            inspect(&path).await?;
        }
        // After the look, so that nothing is left beside a database that is refused.
        let lock = lock(folder)?;
        let failed = |error: sqlx::Error| OpenError::Failed { path: path.clone(), reason: error.to_string() };
        let pool = pool(&DURABLE).connect(&address(&path, "mode=rwc")?).await.map_err(failed)?;
        only_for_owner(&path);
        migrator().run(&pool).await.map_err(|error| failed(error.into()))?;
        Ok(Store(Arc::new(Inner { pool, vault, begin: "begin immediate", _lock: Some(lock) })))
    }

    /// Opens the database in `folder` to be read, also beside a program that uses it: no lock is taken, and nothing is created,
    /// migrated or written. `None` when there is no database yet.
    ///
    /// # Errors
    /// When the file is not ours, newer or older than us, or the database fails.
    pub async fn open_to_read(folder: &Path, vault: Vault) -> Result<Option<Store>, OpenError> {
        Self::open_existing(folder, vault, &WAITING, |path| (reading(path), "begin")).await
    }

    /// Opens the database in `folder` to change a mark in it, also beside a program that uses it: no lock is taken, and nothing is
    /// created or migrated. `None` when there is no database yet.
    ///
    /// # Errors
    /// When the file is not ours, older or newer than us, or the database fails.
    pub async fn open_beside(folder: &Path, vault: Vault) -> Result<Option<Store>, OpenError> {
        Self::open_existing(folder, vault, &DURABLE, |_| ("mode=rw", "begin immediate")).await
    }

    /// Opens what is there, without the lock: with these settings, in this mode, with transactions that begin like this.
    async fn open_existing(
        folder: &Path,
        vault: Vault,
        settings: &'static [&'static str],
        mode: fn(&Path) -> (&'static str, &'static str),
    ) -> Result<Option<Store>, OpenError> {
        sqlx::any::install_default_drivers();
        let path = folder.join(DATABASE_FILE);
        if !is_there(&path) {
            return Ok(None);
        }
        if inspect(&path).await? < newest_known() {
            return Err(OpenError::Older(path));
        }
        let failed = |error: sqlx::Error| OpenError::Failed { path: path.clone(), reason: error.to_string() };
        let (mode, begin) = mode(&path);
        let pool = pool(settings).connect(&address(&path, mode)?).await.map_err(failed)?;
        Ok(Some(Store(Arc::new(Inner { pool, vault, begin, _lock: None }))))
    }

    /// An empty database in memory, gone with its last clone: to try things out. Nothing of it ever reaches a disk.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn in_memory(vault: Vault) -> Result<Store, OpenError> {
        sqlx::any::install_default_drivers();
        let failed = |error: sqlx::Error| OpenError::Failed { path: "memory".into(), reason: error.to_string() };
        let pool = pool(&FLEETING).connect("sqlite::memory:").await.map_err(failed)?;
        migrator().run(&pool).await.map_err(|error| failed(error.into()))?;
        Ok(Store(Arc::new(Inner { pool, vault, begin: "begin immediate", _lock: None })))
    }
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

/// Looks at the database of a folder without changing anything: `true` when there is one that can be used, `false` when there is
/// none yet.
///
/// # Errors
/// When it is not ours, newer than us, or cannot be read.
pub async fn examine(folder: &Path) -> Result<bool, OpenError> {
    sqlx::any::install_default_drivers();
    let path = folder.join(DATABASE_FILE);
    let there = is_there(&path);
    if there {
        inspect(&path).await?;
    }
    Ok(there)
}

fn lock(folder: &Path) -> Result<File, OpenError> {
    let folder_error =
        |error: std::io::Error| OpenError::Folder { path: folder.to_owned(), reason: error.kind().to_string() };
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
    if !begins_with_magic(path) {
        return Err(OpenError::NotOurs(path.to_owned()));
    }
    match newest_migration(path).await {
        Ok(Some(found)) if found > newest_known() => {
            Err(OpenError::Newer { path: path.to_owned(), found, known: newest_known() })
        }
        Ok(Some(found)) => Ok(found),
        Ok(None) => Err(OpenError::NotOurs(path.to_owned())),
        Err(Inspection::Open(error)) => Err(error),
        Err(Inspection::Database(error)) => Err(OpenError::Failed { path: path.to_owned(), reason: error.to_string() }),
    }
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

fn newest_known() -> i64 {
    MIGRATIONS.last().map_or(0, |(version, ..)| *version)
}

fn migrator() -> Migrator {
    let migrations = MIGRATIONS
        .map(|(version, name, sql)| {
            Migration::new(version, name.into(), MigrationType::Simple, SqlStr::from_static(sql), false)
        })
        .to_vec();
    Migrator::with_migrations(migrations)
}

/// Waiting instead of failing when busy.
const WAITING: [&str; 1] = ["pragma busy_timeout = 5000"];
/// What a database on a disk needs: durable commits, and zeroes over deleted text as well.
const DURABLE: [&str; 5] = [
    WAITING[0],
    "pragma journal_mode = wal",
    "pragma synchronous = full",
    "pragma foreign_keys = on",
    "pragma secure_delete = on",
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_migration_is_carried_out_in_its_order() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations/sqlite");
        let mut files: Vec<String> =
            fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
        files.sort();
        let known = MIGRATIONS.map(|(version, name, _)| format!("{version}_{}.sql", name.replace(' ', "_")));
        assert_eq!(files, known);
    }
}
