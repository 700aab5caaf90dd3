//! Everything in one file, while the bot runs, and back again.
//!
//! A backup is a database of `SQLite` whatever the bot runs on: one state of everything, looked over before it has its name. What
//! is put back says nothing that is older than people are told late things otherwise ([`KEPT`]).

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use sqlx::AssertSqlSafe;

use super::open::sqlite;
use super::transfer::{Moved, TransferError, copy_all, moved_tables};
use super::{DATABASE_FILE, Dialect, Location, OpenError, Result, Store, StoreError, Tx, millis};
use crate::vault::Vault;

/// What had waited for longer when the backup is put back is put away unsaid: it went out after the backup, or is too old.
pub const KEPT: Duration = Duration::from_hours(6);
/// How many ids are left free behind those of the backup. Rows that were made after it are gone, but Discord still knows messages by
/// their ids for some minutes.
const APART: i64 = 1_000_000;

/// Why there is no backup, or why it was not put back.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// A database cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// A database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A copy into or out of a server.
    #[error(transparent)]
    Transfer(#[from] TransferError),
    /// There is nothing to back up.
    #[error("There is no database at {0}: nothing was written.")]
    Nothing(String),
    /// Somebody's file is there already.
    #[error("{} is there already: choose another name, or move it away. It was left as it is.", .0.display())]
    There(PathBuf),
    /// The file system says no.
    #[error("{} cannot be written ({reason}): check the folder, its free space and who may write there.", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        reason: String,
    },
    /// The backup is not whole.
    #[error("{} is damaged ({reason}): take an older backup. Nothing was changed.", path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What the database says.
        reason: String,
    },
    /// The backup cannot be read.
    #[error("There is no backup at {}.", .0.display())]
    Missing(PathBuf),
    /// A database is there already.
    #[error(
        "{0} has a database already. With `--replace` it is put aside, and the backup takes its place. It was left as it is."
    )]
    Occupied(String),
}

/// What was put back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Restored {
    /// Each table, and how many rows.
    pub tables: Vec<Moved>,
    /// Messages that had waited for too long.
    pub unsaid: u64,
    /// Events that had waited for too long.
    pub unheard: u64,
    /// Where the database is that was there before.
    pub aside: Option<PathBuf>,
}

/// Writes everything into a file that does not exist yet, also while programs work on the database. It has its name only when it
/// is whole and on the disk.
///
/// # Errors
/// When there is nothing, the file is there already, or something fails. Then nothing is left behind.
pub async fn back_up(from: &Location, file: &Path) -> Result<Vec<Moved>, BackupError> {
    if file.exists() {
        return Err(BackupError::There(file.to_owned()));
    }
    let source = Store::open_to_read(from, Vault).await?;
    let source = source.ok_or_else(|| BackupError::Nothing(from.to_string()))?;
    let workshop = Workshop::beside(file)?;
    let written = write(&source, &workshop).await;
    source.close().await;
    let tables = written?;
    inspect(&workshop.database(), file).await?;
    workshop.hand_over(file)?;
    Ok(tables)
}

async fn write(source: &Store, workshop: &Workshop) -> Result<Vec<Moved>, BackupError> {
    match source.dialect() {
        Dialect::Sqlite => {
            workshop.private_file()?;
            source.vacuum_into(&workshop.database()).await?;
        }
        Dialect::Postgres => {
            let place = Location::Folder(workshop.folder.clone());
            let target = Store::open_alone(&place, Vault).await?;
            let copied = copy_all(source, &target, &place).await;
            target.close().await;
            copied?;
        }
    }
    let place = Location::Folder(workshop.folder.clone());
    let copy = Store::open_to_read(&place, Vault).await?.ok_or_else(|| BackupError::Nothing(place.to_string()))?;
    let tables = moved_tables(&copy).await;
    copy.close().await;
    Ok(tables?)
}

/// Puts a backup in the place of a database. `replace` puts aside what is there; a server's database has to be empty.
///
/// # Errors
/// When the backup is not whole, a program uses the database, something is there already, or something fails. Then the database is
/// what it was before.
pub async fn restore(file: &Path, to: &Location, replace: bool, now: Timestamp) -> Result<Restored, BackupError> {
    sqlx::any::install_default_drivers();
    if !file.is_file() {
        return Err(BackupError::Missing(file.to_owned()));
    }
    match to {
        Location::Folder(folder) => {
            let _alone = sqlite::lock(folder)?;
            let database = folder.join(DATABASE_FILE);
            if !replace && files_of(&database).iter().any(|file| file.exists()) {
                return Err(BackupError::Occupied(folder.display().to_string()));
            }
            let workshop = Workshop::in_folder(folder)?;
            let restored = workshop.prepare(file, now).await?;
            Ok(Restored { aside: workshop.take_place(folder)?, ..restored })
        }
        Location::Server(_) => {
            let workshop = Workshop::beside(file)?;
            let restored = workshop.prepare(file, now).await?;
            super::transfer(&Location::Folder(workshop.folder.clone()), to).await?;
            Ok(restored)
        }
    }
}

/// Is this file whole? Errors name the file that it was made from or goes to.
async fn inspect(database: &Path, named: &Path) -> Result<(), BackupError> {
    match sqlite::troubles(database, "pragma integrity_check(3)").await {
        Ok(None) => Ok(()),
        Ok(Some(reason)) => Err(BackupError::Damaged { path: named.to_owned(), reason }),
        Err(error) => Err(BackupError::Damaged { path: named.to_owned(), reason: error.to_string() }),
    }
}

fn trouble(path: &Path, error: &io::Error) -> BackupError {
    BackupError::File { path: path.to_owned(), reason: error.kind().to_string() }
}

/// A folder for its owner only, in which a copy is made; gone at the end whatever happens.
struct Workshop {
    folder: PathBuf,
}

impl Drop for Workshop {
    fn drop(&mut self) {
        // What cannot be deleted is named by its folder, and harms nobody.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

impl Workshop {
    fn beside(file: &Path) -> Result<Self, BackupError> {
        let folder = file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        Self::in_folder(folder)
    }

    fn in_folder(folder: &Path) -> Result<Self, BackupError> {
        let folder = folder.join(format!(".goldseam-{:08x}", fastrand::u32(..)));
        let mut builder = fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&folder).map_err(|error| trouble(&folder, &error))?;
        Ok(Self { folder })
    }

    fn database(&self) -> PathBuf {
        self.folder.join(DATABASE_FILE)
    }

    /// An empty file that nobody else may read.
    fn private_file(&self) -> Result<(), BackupError> {
        let path = self.database();
        let mut options = File::options();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(&path).map(drop).map_err(|error| trouble(&path, &error))
    }

    /// Gives the copy its name, once it is on the disk.
    fn hand_over(&self, file: &Path) -> Result<(), BackupError> {
        let failed = |error: io::Error| trouble(file, &error);
        File::open(self.database()).and_then(|copy| copy.sync_all()).map_err(failed)?;
        // A link never takes the place of a file that came meanwhile.
        match fs::hard_link(self.database(), file) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                return Err(BackupError::There(file.to_owned()));
            }
            Err(_) => fs::rename(self.database(), file).map_err(failed)?,
        }
        synced(file.parent()).map_err(failed)
    }

    /// A copy of a backup, looked over and brought up to date, without what is too old to be said.
    async fn prepare(&self, backup: &Path, now: Timestamp) -> Result<Restored, BackupError> {
        self.private_file()?;
        let copied = File::open(backup)
            .and_then(|mut from| io::copy(&mut from, &mut File::options().write(true).open(self.database())?));
        copied.map_err(|error| trouble(&self.database(), &error))?;
        inspect(&self.database(), backup).await?;
        let store = Store::open(&self.folder, Vault).await?;
        let settled = settle(&store, now).await;
        let tables = moved_tables(&store).await;
        store.close().await;
        let (unsaid, unheard) = settled?;
        Ok(Restored { tables: tables?, unsaid, unheard, aside: None })
    }

    /// Takes the place of the database in a folder that is ours. Says where that one is now.
    fn take_place(&self, folder: &Path) -> Result<Option<PathBuf>, BackupError> {
        let database = folder.join(DATABASE_FILE);
        let failed = |error: io::Error| trouble(&database, &error);
        File::open(self.database()).and_then(|copy| copy.sync_all()).map_err(failed)?;
        let there = files_of(&database).iter().any(|file| file.exists());
        let aside = there.then(|| put_aside(folder, &database)).transpose().map_err(failed)?;
        fs::rename(self.database(), &database).map_err(failed)?;
        synced(Some(folder)).map_err(failed)?;
        Ok(aside)
    }
}

/// A database, and what belongs to it.
fn files_of(database: &Path) -> [PathBuf; 3] {
    ["", "-wal", "-shm"].map(|end| {
        let mut name = database.as_os_str().to_owned();
        name.push(end);
        name.into()
    })
}

/// Moves a database to a name that is free, with what belongs to it.
fn put_aside(folder: &Path, database: &Path) -> io::Result<PathBuf> {
    let name = |number: u32| folder.join(format!("goldseam-replaced-{number}.db"));
    let free = |path: &PathBuf| files_of(path).iter().all(|file| !file.exists());
    let aside = (1..).map(name).find(free).unwrap_or_else(|| name(0));
    for (from, to) in files_of(database).into_iter().zip(files_of(&aside)) {
        if from.exists() {
            fs::rename(from, to)?;
        }
    }
    Ok(aside)
}

/// What was renamed in a folder is on the disk when the folder is.
fn synced(folder: Option<&Path>) -> io::Result<()> {
    let folder = folder.filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

/// Puts away what is too old, and leaves ids free. Says how many messages and how many events.
async fn settle(store: &Store, now: Timestamp) -> Result<(u64, u64)> {
    let mut tx = store.begin().await?;
    let settled = tx.put_away_before(millis(now) - i64::try_from(KEPT.as_millis()).unwrap_or(i64::MAX)).await?;
    tx.leave_ids_free("outbox", APART).await?;
    tx.commit().await?;
    Ok(settled)
}

impl Store {
    /// One state of everything, into an empty file, while others write.
    async fn vacuum_into(&self, file: &Path) -> Result<()> {
        let name = file.display().to_string().replace('\'', "''");
        sqlx::query(AssertSqlSafe(format!("vacuum into '{name}'"))).execute(&self.0.pool).await?;
        Ok(())
    }
}

impl Tx {
    async fn put_away_before(&mut self, oldest: i64) -> Result<(u64, u64)> {
        let unsaid = sqlx::query(
            "update outbox set state = 'dead', error = 'restored', body = null, reply = null
             where state in ('pending', 'sending') and due_at < $1",
        )
        .bind(oldest)
        .execute(&mut *self.tx)
        .await?;
        let unheard = sqlx::query(
            "update inbox set state = 'dead', error = 'restored', raw = null where state = 'new' and received_at < $1",
        )
        .bind(oldest)
        .execute(&mut *self.tx)
        .await?;
        Ok((unsaid.rows_affected(), unheard.rows_affected()))
    }
}
