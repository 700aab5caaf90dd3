//! The store: rows and transactions. The only SQL of the program, portable over `sqlx::Any`: `$1`, `returning`, `on conflict`.
//!
//! Times are UTC milliseconds, flags 0 or 1, and everything that a person wrote is sealed by the vault before it becomes a
//! blob. One function answers one question; what the answers mean is decided elsewhere. Never logs, never reads the clock.

mod backup;
mod calls;
mod claims;
mod disk;
mod gather;
mod heartbeat;
mod history;
mod inbox;
mod leases;
mod many;
mod migrations;
mod open;
mod outbox;
mod pending;
mod people;
mod practices;
mod schedules;
mod scripts;
mod sessions;
mod settlements;
mod status;
mod transfer;

use std::str::FromStr;
use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::AnyPool;

use crate::types::Private;
use crate::vault::{Slot, Unreadable, Vault};

use disk::{Disk, Watched};
use pending::Pending;

pub use backup::{BackupError, KEPT, Restored, back_up, restore};
pub use calls::Calls;
pub use claims::{Claimed, Letter, NewAnswer, Wanted};
pub use disk::DiskFailure;
pub use heartbeat::Heartbeat;
pub use inbox::{InboxRow, NewEvent};
pub use leases::Lease;
pub use many::{DueNow, Known, MANY};
pub use open::{DATABASE_FILE, LOCK_FILE, Location, OpenError, Server, examine, examine_closely};
pub use outbox::NewRow;
#[cfg(test)]
pub(crate) use outbox::standing;
pub use people::Account;
pub use schedules::{DueClaim, Scheduled};
pub use settlements::{Becomes, End, Settlement};
pub use status::{Events, Messages, OfPlatform, Planned, RoleStatus, Status};
pub use transfer::{MOVED_TABLES, Moved, TransferError, transfer};

/// Which database it is. The statements are the same for both; what differs is how writers are kept apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// A file: one program, one connection, one writer.
    Sqlite,
    /// A server: several connections of several programs, kept apart by locks on rows ([`Tx::lock_people`]).
    Postgres,
}

/// The database. Clones share its connections. On `SQLite` there is one, so there is one writer, and the data folder is locked
/// as long as one clone lives.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    pool: AnyPool,
    vault: Vault,
    dialect: Dialect,
    /// The server, when it is one.
    server: Option<Server>,
    /// Names this store among all that have this database open: a number, which on a server is a lock as well that its connections
    /// hold. Where that lock is free, the program is gone.
    name: String,
    /// How a transaction begins.
    begin: &'static str,
    disk: Disk,
    /// Keeps other programs out of the folder until it is dropped.
    _lock: Option<std::fs::File>,
}

/// How many transactions of one worker a server gets at once.
const WIDTH: usize = 4;

/// A transaction: what one turn, one claim or one settlement reads and writes. Dropped without [`Tx::commit`], it never was.
pub struct Tx {
    tx: Box<Watched>,
    vault: Vault,
    dialect: Dialect,
    /// What is written at the end, together.
    pending: Pending,
    /// How many messages were made.
    made: usize,
    /// Messages that are made are kept at hand as well.
    keeps_letters: bool,
}

/// Why the store could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database failed.
    #[error("the database failed: {0}")]
    Database(#[from] sqlx::Error),
    /// The disk failed before: nothing is tried any more.
    #[error("the disk failed")]
    Disk(#[from] DiskFailure),
    /// A sealed text cannot be opened.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// A column holds what no version of the program writes there.
    #[error("{0} holds something that cannot be understood")]
    Corrupt(&'static str),
}

/// What the store answers.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;

impl Store {
    fn on(inner: Inner) -> Self {
        Self(Arc::new(inner))
    }

    /// Which database it is.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        self.0.dialect
    }

    /// How many transactions of one worker are worth having at once: a file takes one after the other, and a server works on some
    /// while others are on their way to it and back.
    #[must_use]
    pub fn width(&self) -> usize {
        match self.0.dialect {
            Dialect::Sqlite => 1,
            Dialect::Postgres => WIDTH.min(self.0.pool.options().get_max_connections() as usize / 2).max(1),
        }
    }

    /// What this store is called among all that have the database open.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Begins a transaction that writes; on a store that was opened to be read, one that reads only. On `SQLite` it is alone at
    /// once. On `PostgreSQL` each statement sees what was committed before it, and a row that it changes or locks is its own.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn begin(&self) -> Result<Tx> {
        let Inner { pool, vault, dialect, begin, disk, .. } = &*self.0;
        disk.still_works()?;
        let mut lost = 0;
        loop {
            match pool.begin_with(*begin).await {
                Ok(tx) => {
                    let tx = Box::new(Watched::new(tx, disk.clone()));
                    let (vault, pending) = (vault.clone(), Pending::default());
                    return Ok(Tx { tx, vault, dialect: *dialect, pending, made: 0, keeps_letters: false });
                }
                // A server that was restarted leaves dead connections behind. Each is met once, and nothing has begun on it.
                Err(error) if is_lost(&error) && lost < pool.options().get_max_connections() => lost += 1,
                // A commit that the disk refused leaves its transaction open in the driver's books: that connection is of no use.
                Err(sqlx::Error::InvalidSavePointStatement) if lost < pool.options().get_max_connections() => {
                    lost += 1;
                    pool.acquire().await?.close().await.unwrap_or_default();
                }
                Err(error) => {
                    disk.hears(&error);
                    return Err(error.into());
                }
            }
        }
    }

    /// Until the disk under the database fails. Nothing is read or written any more then, and the program has to end.
    pub async fn disk_fails(&self) -> DiskFailure {
        self.0.disk.fails().await
    }

    /// Says how the disk under the database failed, if it has.
    ///
    /// # Errors
    /// When it has.
    pub fn disk_works(&self) -> Result<(), DiskFailure> {
        self.0.disk.still_works()
    }

    /// False as long as the disk under the database is full or may not be written: then nothing can be stored.
    #[must_use]
    pub fn disk_takes(&self) -> bool {
        self.0.disk.takes()
    }

    /// Brings what was committed from the write-ahead log into the file, so that a file that cannot be written is noticed: `SQLite`
    /// does the same by itself now and then, and keeps to itself what comes of it. On a server there is nothing to do.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn fold_log(&self) -> Result<()> {
        let Inner { pool, dialect, disk, .. } = &*self.0;
        if *dialect == Dialect::Postgres {
            return Ok(());
        }
        disk.still_works()?;
        let mut connection = pool.acquire().await?;
        let folded = sqlx::query("pragma wal_checkpoint(passive)").execute(&mut *connection).await;
        folded.inspect_err(|error| disk.hears(error))?;
        Ok(())
    }

    /// Closes the database, so that the write-ahead log is folded in.
    pub async fn close(&self) {
        self.0.pool.close().await;
    }
}

/// A name for a store.
fn new_name() -> String {
    fastrand::i64(1..).to_string()
}

/// Is the connection gone: broken, or ended by the server (class 57, operator intervention)?
fn is_lost(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) => true,
        sqlx::Error::Database(answer) => answer.code().is_some_and(|code| code.starts_with("57P")),
        _ => false,
    }
}

impl Tx {
    /// Makes everything in this transaction true.
    ///
    /// # Errors
    /// When the database fails; then nothing of it is.
    pub async fn commit(mut self) -> Result<()> {
        self.flush().await?;
        self.tx.commit().await
    }

    /// Takes everything back at once, where waiting for the drop would keep the next transaction waiting too.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn rollback(self) -> Result<()> {
        Ok(self.tx.rollback().await?)
    }

    fn seal(&self, at: Slot<'_>, text: &Private) -> Vec<u8> {
        self.vault.seal(at, text)
    }

    fn open(&self, at: Slot<'_>, sealed: &[u8]) -> Result<Private> {
        Ok(self.vault.open(at, sealed)?)
    }

    fn seal_json<T: Serialize>(&self, at: Slot<'_>, value: &T) -> Result<Vec<u8>> {
        let json = serde_json::to_string(value).map_err(|_| StoreError::Corrupt(at.column))?;
        Ok(self.seal(at, &Private::new(json)))
    }

    fn open_json<T: DeserializeOwned>(&self, at: Slot<'_>, sealed: &[u8]) -> Result<T> {
        serde_json::from_str(self.open(at, sealed)?.reveal()).map_err(|_| StoreError::Corrupt(at.column))
    }
}

/// An instant as the database keeps it.
fn millis(at: Timestamp) -> i64 {
    at.as_millisecond()
}

fn instant(millis: i64) -> Result<Timestamp> {
    Timestamp::from_millisecond(millis).map_err(|_| StoreError::Corrupt("a time"))
}

fn parsed<T: FromStr>(text: &str, column: &'static str) -> Result<T> {
    text.parse().map_err(|_| StoreError::Corrupt(column))
}

fn to_json<T: Serialize>(value: &T, column: &'static str) -> Result<String> {
    serde_json::to_string(value).map_err(|_| StoreError::Corrupt(column))
}

fn from_json<T: DeserializeOwned>(text: &str, column: &'static str) -> Result<T> {
    serde_json::from_str(text).map_err(|_| StoreError::Corrupt(column))
}
