//! The store: rows and transactions. The only SQL of the program, portable over `sqlx::Any`: `$1`, `returning`, `on conflict`.
//!
//! Times are UTC milliseconds, flags 0 or 1, and everything that a person wrote is sealed by the vault before it becomes a
//! blob. One function answers one question; what the answers mean is decided elsewhere. Never logs, never reads the clock.

mod claims;
mod inbox;
mod open;
mod outbox;
mod people;
mod practices;
mod schedules;
mod scripts;
mod sessions;
mod settlements;

use std::str::FromStr;
use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::{Any, AnyPool, Transaction};

use crate::types::Private;
use crate::vault::{Slot, Unreadable, Vault};

pub use claims::{Claimed, Letter, Wanted};
pub use inbox::{InboxRow, NewEvent};
pub use open::{DATABASE_FILE, LOCK_FILE, OpenError, examine};
pub use outbox::NewRow;
pub use people::Account;
pub use schedules::{DueClaim, Scheduled};
pub use settlements::{Becomes, End, Settlement};

/// The database. Clones share one connection, so there is one writer; the data folder is locked as long as one of them lives.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    pool: AnyPool,
    vault: Vault,
    /// How a transaction begins.
    begin: &'static str,
    /// Keeps other programs out of the folder until it is dropped.
    _lock: Option<std::fs::File>,
}

/// A transaction: what one turn, one claim or one settlement reads and writes. Dropped without [`Tx::commit`], it never was.
pub struct Tx {
    tx: Transaction<'static, Any>,
    vault: Vault,
}

/// Why the store could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database failed.
    #[error("the database failed: {0}")]
    Database(#[from] sqlx::Error),
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
    /// Begins a transaction that writes. It takes the write lock at once: one that upgrades later would fail when busy. On a
    /// store that was opened to be read, it reads only.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn begin(&self) -> Result<Tx> {
        let tx = self.0.pool.begin_with(self.0.begin).await?;
        Ok(Tx { tx, vault: self.0.vault.clone() })
    }

    /// Closes the database, so that the write-ahead log is folded in.
    pub async fn close(&self) {
        self.0.pool.close().await;
    }
}

impl Tx {
    /// Makes everything in this transaction true.
    ///
    /// # Errors
    /// When the database fails; then nothing of it is.
    pub async fn commit(self) -> Result<()> {
        Ok(self.tx.commit().await?)
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
