//! The disk under a file of `SQLite`: notices when it fails, and when it takes nothing more.
//!
//! A disk that failed is not tried again. After a sync that failed the system may have thrown away what it could not write, and the
//! next sync says that all is well (lwn.net/Articles/752063). So the store refuses whatever follows, and the program ends; what was
//! committed before is in the file or in its write-ahead log, and the next start finds it there. A disk that is full or may not be
//! written just now is another matter: nothing was lost, and there may be room again. Never logs.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use futures_util::{FutureExt as _, StreamExt as _, TryFutureExt as _, TryStreamExt as _};
use sqlx::any::{AnyQueryResult, AnyRow, AnyStatement, AnyTypeInfo};
use sqlx::{Any, AnyConnection, Either, Execute, Executor, SqlStr, Transaction};
use tokio::sync::watch;

/// A file that is written to see whether the disk takes it, and deleted at once.
const PROBE_FILE: &str = ".goldseam-write-test";
/// As much as a page of the database.
const PROBE: [u8; 4096] = [0; 4096];

// sqlite.org/rescode.html
const READONLY: i32 = 8;
const IOERR: i32 = 10;
const CORRUPT: i32 = 11;
const FULL: i32 = 13;
const CANTOPEN: i32 = 14;
const NOTADB: i32 = 26;
const IOERR_READ: i32 = IOERR | 1 << 8;
const IOERR_SHORT_READ: i32 = IOERR | 2 << 8;
const IOERR_FSYNC: i32 = IOERR | 4 << 8;
const IOERR_DIR_FSYNC: i32 = IOERR | 5 << 8;
const IOERR_BLOCKED: i32 = IOERR | 11 << 8;
const IOERR_NOMEM: i32 = IOERR | 12 << 8;

/// The disk answered with an error: one sentence that says what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "The disk failed: {} could not be {what} ({reason}). What was confirmed is stored. Check the disk, then start Goldseam again, which looks \
     the file over; if it is damaged, put a backup in its place with `goldseam restore FILE --replace`.",
    file.display()
)]
pub struct DiskFailure {
    /// The database.
    file: PathBuf,
    /// What was tried.
    what: &'static str,
    /// What the database says.
    reason: String,
}

/// What is known of the disk. Clones know the same.
#[derive(Clone, Debug)]
pub(super) struct Disk(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// The database; none when it is in memory or on a server, whose disk is not ours.
    file: Option<PathBuf>,
    failure: watch::Sender<Option<DiskFailure>>,
    /// Something could not be written, because there is no room or it is not allowed.
    refused: AtomicBool,
}

impl Disk {
    pub(super) fn under(file: &Path) -> Self {
        Self::of(Some(file.to_owned()))
    }

    /// For a database whose disk is not ours.
    pub(super) fn elsewhere() -> Self {
        Self::of(None)
    }

    fn of(file: Option<PathBuf>) -> Self {
        Self(Arc::new(Inner { file, failure: watch::Sender::new(None), refused: AtomicBool::new(false) }))
    }

    /// Says how the disk failed, if it has.
    pub(super) fn still_works(&self) -> Result<(), DiskFailure> {
        self.0.failure.borrow().clone().map_or(Ok(()), Err)
    }

    /// Until it fails.
    pub(super) async fn fails(&self) -> DiskFailure {
        let mut failure = self.0.failure.subscribe();
        let failed = failure.wait_for(Option::is_some).await.ok().and_then(|failure| failure.clone());
        match failed {
            Some(failure) => failure,
            None => std::future::pending().await,
        }
    }

    /// Does it take what is written? Asked of the disk itself where the database was refused.
    pub(super) fn takes(&self) -> bool {
        let refused = self.0.refused.load(Ordering::Relaxed);
        let Some(file) = self.0.file.as_ref().filter(|_| refused) else { return true };
        let takes = probe(file).is_ok();
        self.0.refused.store(!takes, Ordering::Relaxed);
        takes
    }

    /// Looks at an error of the database.
    pub(super) fn hears(&self, error: &sqlx::Error) {
        let (Some(file), sqlx::Error::Database(answer)) = (&self.0.file, error) else { return };
        let Some(code) = answer.code().and_then(|code| code.parse().ok()) else { return };
        let what = match Trouble::of(code) {
            Trouble::OfOthers => return,
            Trouble::Refused => return self.0.refused.store(true, Ordering::Relaxed),
            Trouble::Unwritten if is_refused(file) => return self.0.refused.store(true, Ordering::Relaxed),
            Trouble::Unwritten => "written",
            Trouble::Unread => "read",
            Trouble::Unsynced => "brought to the disk",
        };
        let failure = DiskFailure { file: file.clone(), what, reason: answer.message().to_owned() };
        self.0.failure.send_if_modified(|known| {
            let first = known.is_none();
            known.get_or_insert(failure);
            first
        });
    }
}

/// What an error of `SQLite` says about the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trouble {
    /// Nothing.
    OfOthers,
    /// It takes nothing just now.
    Refused,
    /// It cannot be read. `SQLite` takes many such errors for a damaged file, and where it is one, nothing it says may be relied on.
    Unread,
    /// It failed, or takes nothing just now: `SQLite` tells a full disk from others, and no more.
    Unwritten,
    Unsynced,
}

impl Trouble {
    fn of(code: i32) -> Self {
        match (code & 0xff, code) {
            (FULL | READONLY | CANTOPEN, _) => Self::Refused,
            (CORRUPT | NOTADB, _) => Self::Unread,
            (_, IOERR_NOMEM | IOERR_BLOCKED) => Self::OfOthers,
            (_, IOERR_READ | IOERR_SHORT_READ) => Self::Unread,
            (_, IOERR_FSYNC | IOERR_DIR_FSYNC) => Self::Unsynced,
            (IOERR, _) => Self::Unwritten,
            _ => Self::OfOthers,
        }
    }
}

/// Is the disk full, used up by its owner, or only to be read?
fn is_refused(file: &Path) -> bool {
    let kind = probe(file).map_err(|error| error.kind());
    matches!(kind, Err(ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::ReadOnlyFilesystem))
}

fn probe(file: &Path) -> io::Result<()> {
    let probe = file.with_file_name(PROBE_FILE);
    let written = File::create(&probe).and_then(|mut file| file.write_all(&PROBE));
    // What counts is whether it could be written.
    let _ = fs::remove_file(probe);
    written
}

/// A transaction whose errors are looked at.
pub(super) struct Watched {
    tx: Transaction<'static, Any>,
    disk: Disk,
}

impl Watched {
    pub(super) fn new(tx: Transaction<'static, Any>, disk: Disk) -> Self {
        Self { tx, disk }
    }

    pub(super) async fn commit(self) -> super::Result<()> {
        // An answer that may be wrong must not become true.
        self.disk.still_works()?;
        let Self { tx, disk } = self;
        Ok(tx.commit().await.inspect_err(|error| disk.hears(error))?)
    }

    pub(super) async fn rollback(self) -> sqlx::Result<()> {
        self.tx.rollback().await
    }
}

impl std::fmt::Debug for Watched {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Watched").finish_non_exhaustive()
    }
}

impl<'c> Executor<'c> for &'c mut Watched {
    type Database = Any;

    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> BoxStream<'e, sqlx::Result<Either<AnyQueryResult, AnyRow>>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Any>,
    {
        let Watched { tx, disk } = self;
        let connection: &'c mut AnyConnection = tx;
        connection.fetch_many(query).inspect_err(|error| disk.hears(error)).boxed()
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, sqlx::Result<Option<AnyRow>>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Any>,
    {
        let Watched { tx, disk } = self;
        let connection: &'c mut AnyConnection = tx;
        connection.fetch_optional(query).inspect_err(|error| disk.hears(error)).boxed()
    }

    fn prepare_with<'e>(self, sql: SqlStr, parameters: &'e [AnyTypeInfo]) -> BoxFuture<'e, sqlx::Result<AnyStatement>>
    where
        'c: 'e,
    {
        let connection: &'c mut AnyConnection = &mut self.tx;
        connection.prepare_with(sql, parameters)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_says_what_the_disk_did() {
        for (code, trouble) in [
            (5, Trouble::OfOthers),
            (13, Trouble::Refused),
            (8 | 3 << 8, Trouble::Refused),
            (14, Trouble::Refused),
            (266, Trouble::Unread),
            (522, Trouble::Unread),
            (778, Trouble::Unwritten),
            (1034, Trouble::Unsynced),
            (1546, Trouble::Unwritten),
            (3082, Trouble::OfOthers),
            (11 | 3 << 8, Trouble::Unread),
            (26, Trouble::Unread),
            (2067, Trouble::OfOthers),
        ] {
            assert_eq!(Trouble::of(code), trouble, "{code}");
        }
    }

    #[test]
    fn a_disk_that_takes_a_probe_keeps_nothing_of_it() {
        let folder = tempfile::tempdir().unwrap();
        let disk = Disk::under(&folder.path().join("goldseam.db"));
        disk.0.refused.store(true, Ordering::Relaxed);
        assert!(disk.takes() && !disk.0.refused.load(Ordering::Relaxed));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        let gone = Disk::under(&folder.path().join("gone/goldseam.db"));
        gone.0.refused.store(true, Ordering::Relaxed);
        assert!(!gone.takes());
    }
}
