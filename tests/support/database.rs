//! Where a story keeps its data: in a folder of its own, or in a database of its own on a server.

use std::path::Path;

use goldseam::store::{DATABASE_FILE, Location, OpenError, Server, Store};
use goldseam::vault::Vault;
use sqlx::Connection as _;
use tempfile::TempDir;

use super::postgres;

/// The stories of this test program are told on `PostgreSQL`.
const ON_POSTGRES: bool = matches!(env!("CARGO_CRATE_NAME").as_bytes(), b"on_postgres");

pub struct Database {
    folder: TempDir,
    /// The address, when it is on a server.
    url: Option<String>,
}

impl Database {
    /// What this test program is about.
    pub async fn new() -> Self {
        match ON_POSTGRES.then(postgres::shared).flatten() {
            Some(server) => Self::at(server.database().await),
            None => Self::in_a_folder(),
        }
    }

    pub fn in_a_folder() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), url: None }
    }

    /// A folder in memory, where there is such a thing: for what is about anything but the disk.
    pub fn on_a_quick_disk() -> Self {
        let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir());
        Self { folder: folder.unwrap(), url: None }
    }

    pub fn at(url: String) -> Self {
        Self { folder: tempfile::tempdir().unwrap(), url: Some(url) }
    }

    /// The folder, empty when the database is on a server.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn location(&self) -> Location {
        match &self.url {
            Some(url) => Location::Server(Server::new(url.clone().into(), 4)),
            None => Location::Folder(self.folder.path().to_owned()),
        }
    }

    /// Opens it, once the program before has let go of it.
    pub async fn open(&self) -> Store {
        loop {
            match Store::open_at(&self.location(), Vault).await {
                Ok(store) => return store,
                Err(OpenError::InUse(_)) => tokio::task::yield_now().await,
                Err(error) => panic!("{error}"),
            }
        }
    }

    /// Asks it directly: one column of text.
    pub async fn sql(&self, query: &'static str) -> Vec<String> {
        let file = || format!("sqlite://{}", self.folder.path().join(DATABASE_FILE).display());
        let mut connection = sqlx::AnyConnection::connect(&self.url.clone().unwrap_or_else(file)).await.unwrap();
        let rows: Vec<(String,)> = sqlx::query_as(query).fetch_all(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        rows.into_iter().map(|(text,)| text).collect()
    }
}
