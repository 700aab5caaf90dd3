//! Opening the database: nothing touched that we do not understand, then migrations. `SQLite` in a folder, or a server.

mod postgres;
pub(super) mod sqlite;

use std::fmt;
use std::path::{Path, PathBuf};

use super::Store;
use crate::vault::Vault;

pub use postgres::Server;
pub use sqlite::{DATABASE_FILE, LOCK_FILE};

/// Where a database is.
#[derive(Clone, Debug)]
pub enum Location {
    /// A file of `SQLite` in this folder.
    Folder(PathBuf),
    /// A database of `PostgreSQL`, which several programs may share.
    Server(Server),
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Location::Folder(folder) => folder.display().fmt(f),
            Location::Server(server) => server.fmt(f),
        }
    }
}

/// Why the database cannot be opened: one sentence that says what to do. Nothing in it was changed.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another program has the folder.
    #[error("Another Goldseam already uses the data folder {}: stop that one first, or choose another `data_dir`.", .0.display())]
    InUse(PathBuf),
    /// Other programs use the server's database, and this one wants to be alone.
    #[error("A Goldseam uses {0}: stop every program that does first.")]
    Shared(String),
    /// Somebody else is alone with the server's database.
    #[error("{0} is being moved by another program: wait until that has ended.")]
    Taken(String),
    /// The lock file cannot be made.
    #[error("The data folder {} cannot be used ({reason}): check that it exists and may be written.", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system says.
        reason: String,
    },
    /// A file of that name is something else.
    #[error("{0} is not a database of Goldseam: move it away, or choose another `data_dir`. It was left as it is.")]
    NotOurs(String),
    /// A newer program has been here.
    #[error(
        "{name} was written by a newer Goldseam (migration {found}, this one knows {known}): install that version again. It was \
         left as it is."
    )]
    Newer {
        /// The database.
        name: String,
        /// Its newest migration.
        found: i64,
        /// Our newest migration.
        known: i64,
    },
    /// An older program made it, and this one did not bring it up to date yet.
    #[error("{0} was last used by an older Goldseam: start this one once, so that it is brought up to date.")]
    Older(String),
    /// The database failed while it was opened or migrated.
    #[error("{name} cannot be opened: {reason}. Restore it from a backup if this does not go away.")]
    Failed {
        /// The database.
        name: String,
        /// What the database says.
        reason: String,
    },
    /// A file is not whole any more.
    #[error(
        "{name} is damaged ({reason}). It was left as it is. Put a backup in its place with `goldseam restore FILE --replace`, which \
         keeps the damaged one beside it."
    )]
    Damaged {
        /// The database.
        name: String,
        /// What the database says.
        reason: String,
    },
    /// Nobody answers there.
    #[error(
        "PostgreSQL cannot be reached at {name} ({reason}): check `store.url`, and that the server runs and lets this machine in."
    )]
    Unreachable {
        /// The database, without the password.
        name: String,
        /// What the system says.
        reason: String,
    },
    /// The server does not let us in.
    #[error("PostgreSQL refused the user of `store.url` at {name} ({reason}): check the user and the password.")]
    Refused {
        /// The database, without the password.
        name: String,
        /// What the server says.
        reason: String,
    },
    /// The server has no such database.
    #[error("There is no database at {0}: make it with `createdb`, or correct the name in `store.url`.")]
    Missing(String),
    /// The user may not make tables.
    #[error("The user of `store.url` may not make tables in {0}: make that user the owner of the database.")]
    NotOwner(String),
    /// The database holds what somebody else made.
    #[error(
        "{0} holds tables of another program: make a database for Goldseam alone with `createdb`, and name it in `store.url`. It \
         was left as it is."
    )]
    Foreign(String),
    /// The database cannot hold every text.
    #[error("{name} keeps text as {encoding}: make a database with `createdb --encoding=UTF8 --template=template0`.")]
    Encoding {
        /// The database, without the password.
        name: String,
        /// How it keeps text.
        encoding: String,
    },
}

/// What somebody wants to do with a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wish {
    /// Read, and nothing else.
    Read,
    /// Write as well.
    Write,
}

impl Store {
    /// Opens the database in `folder`, creating it when there is none, and brings it up to date.
    ///
    /// # Errors
    /// When another program uses the folder, the file is not ours or newer than us, or the database fails.
    pub async fn open(folder: &Path, vault: Vault) -> Result<Store, OpenError> {
        sqlx::any::install_default_drivers();
        sqlite::open(folder, vault).await
    }

    /// Opens the database there and brings it up to date. A file is created when there is none; a server's database has to be
    /// there, and may be in use by other programs of ours.
    ///
    /// # Errors
    /// When it cannot be reached, is not ours or newer than us, or the database fails.
    pub async fn open_at(location: &Location, vault: Vault) -> Result<Store, OpenError> {
        sqlx::any::install_default_drivers();
        match location {
            Location::Folder(folder) => sqlite::open(folder, vault).await,
            Location::Server(server) => postgres::open(server, vault).await,
        }
    }

    /// Opens the database there to be read, also beside a program that uses it: no lock is taken, and nothing is created,
    /// migrated or written. `None` when there is no database yet.
    ///
    /// # Errors
    /// When it is not ours, newer or older than us, or the database fails.
    pub async fn open_to_read(location: &Location, vault: Vault) -> Result<Option<Store>, OpenError> {
        Self::open_existing(location, vault, Wish::Read).await
    }

    /// Opens the database there to change a mark in it, also beside a program that uses it: no lock is taken, and nothing is
    /// created or migrated. `None` when there is no database yet.
    ///
    /// # Errors
    /// When it is not ours, older or newer than us, or the database fails.
    pub async fn open_beside(location: &Location, vault: Vault) -> Result<Option<Store>, OpenError> {
        Self::open_existing(location, vault, Wish::Write).await
    }

    async fn open_existing(location: &Location, vault: Vault, wish: Wish) -> Result<Option<Store>, OpenError> {
        sqlx::any::install_default_drivers();
        match location {
            Location::Folder(folder) => sqlite::open_existing(folder, vault, wish).await,
            Location::Server(server) => postgres::open_existing(server, vault, wish).await,
        }
    }

    /// Opens a database that no other program uses as long as this store lives, to read everything in it. `None` when there is no
    /// database yet.
    ///
    /// # Errors
    /// When another program uses it, it is not ours, older or newer than us, or the database fails.
    pub(super) async fn open_alone_to_read(location: &Location, vault: Vault) -> Result<Option<Store>, OpenError> {
        sqlx::any::install_default_drivers();
        match location {
            Location::Folder(folder) => sqlite::open_alone(folder, vault).await,
            Location::Server(server) => postgres::open_alone_to_read(server, vault).await,
        }
    }

    /// Opens a database that no other program uses as long as this store lives, to fill it. Brings it up to date.
    ///
    /// # Errors
    /// When another program uses it, it is not ours or newer than us, or the database fails.
    pub(super) async fn open_alone(location: &Location, vault: Vault) -> Result<Store, OpenError> {
        sqlx::any::install_default_drivers();
        match location {
            Location::Folder(folder) => sqlite::open(folder, vault).await,
            Location::Server(server) => postgres::open_alone(server, vault).await,
        }
    }

    /// An empty database in memory, gone with its last clone: to try things out. Nothing of it ever reaches a disk.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn in_memory(vault: Vault) -> Result<Store, OpenError> {
        sqlx::any::install_default_drivers();
        sqlite::in_memory(vault).await
    }
}

/// Looks at the database there without changing anything: `true` when there is one that can be used, `false` when there is none
/// yet.
///
/// # Errors
/// When it is not ours, newer than us, or cannot be read.
pub async fn examine(location: &Location) -> Result<bool, OpenError> {
    sqlx::any::install_default_drivers();
    match location {
        Location::Folder(folder) => sqlite::examine(folder).await,
        Location::Server(server) => postgres::examine(server).await,
    }
}

/// The same, and reads every page of a file to see whether it is whole.
///
/// # Errors
/// As [`examine`], and when a file is damaged.
pub async fn examine_closely(location: &Location) -> Result<bool, OpenError> {
    let there = examine(location).await?;
    if let (true, Location::Folder(folder)) = (there, location) {
        sqlite::sound(&folder.join(DATABASE_FILE)).await?;
    }
    Ok(there)
}
