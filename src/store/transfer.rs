//! Everything of one database into another: each row as it is, sealed texts as the bytes they are. All of it or nothing; the
//! database it comes from is only read.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use futures_util::TryStreamExt as _;
use sqlx::any::{AnyArguments, AnyRow};
use sqlx::query::Query;
use sqlx::{Any, AssertSqlSafe, Row as _};

use super::disk::Watched;
use super::{Dialect, Location, OpenError, Result, Store, StoreError, Tx};
use crate::vault::Vault;

/// What is moved, each table after those that it refers to.
pub const MOVED_TABLES: [&str; 14] = [
    "persons",
    "accounts",
    "inbox",
    "states",
    "facts",
    "promises",
    "entries",
    "checkins",
    "returns",
    "deeds",
    "schedules",
    "occurrences",
    "outbox",
    "script_texts",
];
/// How many values one statement takes with it: `SQLite` allows 32,766, `PostgreSQL` 65,535.
const VALUES: usize = 16_000;

/// A table that was moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// Its name.
    pub table: &'static str,
    /// How many rows.
    pub rows: u64,
    /// A sum over all of them: the same in both databases.
    pub digest: u64,
}

/// Why nothing was moved.
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    /// One of the databases cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// One of the databases failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is nothing to move.
    #[error("There is no database at {0}: nothing was moved.")]
    Nothing(String),
    /// Somebody's rows are there already.
    #[error("{place} is not empty ({table} has rows): name an empty database. It was left as it is.")]
    NotEmpty {
        /// Where.
        place: String,
        /// The first table with rows.
        table: &'static str,
    },
    /// What was written is not what was read.
    #[error("{0} came out different from what it was: nothing was moved.")]
    Different(&'static str),
}

/// Copies everything from one database into another, which has to be empty, and compares what came out. Ids stay what they were.
///
/// # Errors
/// When a database cannot be opened or is in use, the target is not empty, or the copy is not the same. Then the target is as
/// empty as before.
pub async fn transfer(from: &Location, to: &Location) -> Result<Vec<Moved>, TransferError> {
    let source = Store::open_alone_to_read(from, Vault).await?;
    let source = source.ok_or_else(|| TransferError::Nothing(from.to_string()))?;
    let target = Store::open_alone(to, Vault).await?;
    let moved = copy_all(&source, &target, to).await;
    target.close().await;
    source.close().await;
    moved
}

/// Copies everything from one state of a database into another database, which has to be empty.
pub(super) async fn copy_all(source: &Store, target: &Store, to: &Location) -> Result<Vec<Moved>, TransferError> {
    let (mut reading, mut writing) = (source.begin().await?, target.begin().await?);
    reading.take_time().await?;
    for table in MOVED_TABLES {
        if writing.has_rows(table).await? {
            return Err(TransferError::NotEmpty { place: to.to_string(), table });
        }
    }
    let mut moved = Vec::with_capacity(MOVED_TABLES.len());
    for table in MOVED_TABLES {
        let columns = writing.columns(table).await?;
        let copied = copy(&mut reading, &mut writing, table, &columns).await?;
        if copied != writing.digest(table, &columns).await? {
            return Err(TransferError::Different(table));
        }
        if let Some(last) = reading.last_id(table, &columns).await? {
            writing.set_last_id(table, last).await?;
        }
        moved.push(copied);
    }
    writing.commit().await?;
    Ok(moved)
}

/// What each table holds.
pub(super) async fn moved_tables(store: &Store) -> Result<Vec<Moved>> {
    let mut reading = store.begin().await?;
    let mut tables = Vec::with_capacity(MOVED_TABLES.len());
    for table in MOVED_TABLES {
        let columns = reading.columns(table).await?;
        tables.push(reading.digest(table, &columns).await?);
    }
    reading.rollback().await?;
    Ok(tables)
}

/// A column, and what it holds.
struct Column {
    name: String,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Number,
    Text,
    Bytes,
}

/// A value on its way.
#[derive(Hash)]
enum Field {
    Number(Option<i64>),
    Text(Option<String>),
    Bytes(Option<Vec<u8>>),
}

impl Field {
    fn bind(self, query: Query<'_, Any, AnyArguments>) -> Query<'_, Any, AnyArguments> {
        match self {
            Field::Number(value) => query.bind(value),
            Field::Text(value) => query.bind(value),
            Field::Bytes(value) => query.bind(value),
        }
    }
}

fn fields(row: &AnyRow, columns: &[Column]) -> sqlx::Result<Vec<Field>> {
    let field = |(index, column): (usize, &Column)| {
        Ok(match column.kind {
            Kind::Number => Field::Number(row.try_get(index)?),
            Kind::Text => Field::Text(row.try_get(index)?),
            Kind::Bytes => Field::Bytes(row.try_get(index)?),
        })
    };
    columns.iter().enumerate().map(field).collect()
}

impl Moved {
    fn nothing(table: &'static str) -> Self {
        Self { table, rows: 0, digest: 0 }
    }

    /// The order of the rows makes no difference.
    fn add(&mut self, fields: &[Field]) {
        let mut hasher = DefaultHasher::new();
        fields.hash(&mut hasher);
        self.rows += 1;
        self.digest = self.digest.wrapping_add(hasher.finish());
    }
}

async fn copy(reading: &mut Tx, writing: &mut Tx, table: &'static str, columns: &[Column]) -> Result<Moved> {
    let at_once = VALUES / columns.len();
    let mut moved = Moved::nothing(table);
    let mut waiting = Vec::with_capacity(at_once);
    let all = select(table, columns);
    let mut rows = sqlx::query(AssertSqlSafe(all)).fetch(&mut *reading.tx);
    while let Some(row) = rows.try_next().await? {
        let fields = fields(&row, columns)?;
        moved.add(&fields);
        waiting.push(fields);
        if waiting.len() == at_once {
            insert(&mut writing.tx, table, columns, &mut waiting).await?;
        }
    }
    insert(&mut writing.tx, table, columns, &mut waiting).await?;
    Ok(moved)
}

fn select(table: &str, columns: &[Column]) -> String {
    format!("select {} from {table}", names(columns))
}

fn names(columns: &[Column]) -> String {
    columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>().join(", ")
}

/// Writes rows with one statement, and takes them out of what waits.
async fn insert(tx: &mut Watched, table: &str, columns: &[Column], rows: &mut Vec<Vec<Field>>) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let mut marks = (1..).map(|number| format!("${number}"));
    let mut row = || format!("({})", marks.by_ref().take(columns.len()).collect::<Vec<_>>().join(", "));
    let values = (0..rows.len()).map(|_| row()).collect::<Vec<_>>().join(", ");
    let statement = format!("insert into {table} ({}) values {values}", names(columns));
    let query = sqlx::query(AssertSqlSafe(statement)).persistent(false);
    rows.drain(..).flatten().fold(query, |query, field| field.bind(query)).execute(tx).await?;
    Ok(())
}

impl Tx {
    /// This transaction may be long: a server does not end it for that.
    async fn take_time(&mut self) -> Result<()> {
        if self.dialect == Dialect::Postgres {
            let settings = "set local statement_timeout = 0; set local idle_in_transaction_session_timeout = 0";
            sqlx::raw_sql(settings).execute(&mut *self.tx).await?;
        }
        Ok(())
    }

    /// The ids of a table go on so much further.
    pub(super) async fn leave_ids_free(&mut self, table: &'static str, more: i64) -> Result<()> {
        let columns = self.columns(table).await?;
        let last = self.last_id(table, &columns).await?.unwrap_or(0);
        self.set_last_id(table, last + more).await
    }

    async fn has_rows(&mut self, table: &'static str) -> Result<bool> {
        let first = sqlx::query(AssertSqlSafe(format!("select 1 from {table} limit 1")));
        Ok(first.fetch_optional(&mut *self.tx).await?.is_some())
    }

    /// The columns of a table, as the database itself knows them.
    async fn columns(&mut self, table: &'static str) -> Result<Vec<Column>> {
        let catalogue = match self.dialect {
            Dialect::Sqlite => "select name, lower(type) from pragma_table_info($1) order by cid",
            Dialect::Postgres => {
                "select column_name::text, data_type::text from information_schema.columns
                 where table_schema = current_schema() and table_name = $1 order by ordinal_position"
            }
        };
        let rows: Vec<(String, String)> = sqlx::query_as(catalogue).bind(table).fetch_all(&mut *self.tx).await?;
        let column = |(name, words): (String, String)| {
            let kind = match words.as_str() {
                "integer" | "bigint" => Kind::Number,
                "text" => Kind::Text,
                "blob" | "bytea" => Kind::Bytes,
                _ => return Err(StoreError::Corrupt("a column's type")),
            };
            Ok(Column { name, kind })
        };
        rows.into_iter().map(column).collect()
    }

    async fn digest(&mut self, table: &'static str, columns: &[Column]) -> Result<Moved> {
        let mut found = Moved::nothing(table);
        let all = select(table, columns);
        let mut rows = sqlx::query(AssertSqlSafe(all)).fetch(&mut *self.tx);
        while let Some(row) = rows.try_next().await? {
            found.add(&fields(&row, columns)?);
        }
        Ok(found)
    }

    /// The last number that a table gave to a row, deleted ones included; `None` for a table that gives none, or gave none yet.
    async fn last_id(&mut self, table: &'static str, columns: &[Column]) -> Result<Option<i64>> {
        if !columns.iter().any(|column| column.name == "id" && column.kind == Kind::Number) {
            return Ok(None);
        }
        let ask = match self.dialect {
            Dialect::Sqlite => "select max(seq) from sqlite_sequence where name = $1",
            Dialect::Postgres => "select pg_sequence_last_value(pg_get_serial_sequence($1, 'id')::regclass)",
        };
        let (last,): (Option<i64>,) = sqlx::query_as(ask).bind(table).fetch_one(&mut *self.tx).await?;
        Ok(last)
    }

    /// Numbers go on after this one: an id that somebody's rows had once never becomes somebody else's.
    async fn set_last_id(&mut self, table: &'static str, last: i64) -> Result<()> {
        match self.dialect {
            Dialect::Sqlite => {
                sqlx::query("delete from sqlite_sequence where name = $1").bind(table).execute(&mut *self.tx).await?;
                sqlx::query("insert into sqlite_sequence (name, seq) values ($1, $2)")
                    .bind(table)
                    .bind(last)
                    .execute(&mut *self.tx)
                    .await?;
            }
            Dialect::Postgres => {
                sqlx::query("select setval(pg_get_serial_sequence($1, 'id')::regclass, $2)")
                    .bind(table)
                    .bind(last)
                    .execute(&mut *self.tx)
                    .await?;
            }
        }
        Ok(())
    }
}
