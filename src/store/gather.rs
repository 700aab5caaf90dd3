//! Questions whose rows come as one text: what the driver does for a row costs more than what stands in it, and each row is handed
//! from its thread to ours.

use std::collections::HashMap;

use serde::de::{DeserializeOwned, Error, Visitor};
use serde::{Deserialize, Deserializer};
use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, FromRow};

use super::pending::size_for;
use super::{Dialect, Result, StoreError, Tx};
use crate::types::PersonId;

/// Bytes as they stand in such a text.
pub(super) struct Bytes(pub(super) Vec<u8>);

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_str(Digits)
    }
}

struct Digits;

impl Visitor<'_> for Digits {
    type Value = Bytes;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("hexadecimal digits")
    }

    fn visit_str<E: Error>(self, digits: &str) -> Result<Bytes, E> {
        bytes(digits).map(Bytes).ok_or_else(|| E::custom("no hexadecimal digits"))
    }
}

/// The bytes that are written as hexadecimal digits.
fn bytes(digits: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    };
    let mut bytes = Vec::with_capacity(digits.len() / 2);
    for pair in digits.as_bytes().chunks(2) {
        bytes.push(digit(pair[0])? << 4 | digit(*pair.get(1)?)?);
    }
    Some(bytes)
}

impl Dialect {
    /// A column of bytes among the columns of [`Dialect::rows`].
    pub(super) fn bytes(self, column: &str) -> String {
        match self {
            // `hex` makes nothing out of nothing, and of no bytes as well.
            Self::Sqlite => format!("case when {column} is not null then hex({column}) end"),
            Self::Postgres => format!("encode({column}, 'hex')"),
        }
    }

    /// All rows of a question as one column: a JSON list of lists, in this order.
    pub(super) fn rows(self, columns: &str, from: &str, order: &str) -> String {
        match self {
            Self::Sqlite => format!("(select json_group_array(json_array({columns}) order by {order}) from {from})"),
            Self::Postgres => {
                format!(
                    "(select coalesce(json_agg(json_build_array({columns}) order by {order})::text, '[]') from {from})"
                )
            }
        }
    }
}

/// The rows in a column that [`Dialect::rows`] made. `table` is named when they cannot be read.
pub(super) fn read<T: DeserializeOwned>(rows: &str, table: &'static str) -> Result<Vec<T>> {
    serde_json::from_str(rows).map_err(|_| StoreError::Corrupt(table))
}

/// What was found about each of several people.
pub(super) type Found<T> = HashMap<PersonId, Result<T>>;

/// Adds something to what was found about somebody. What cannot be read spoils that, and nobody else's.
pub(super) fn add<F, T>(found: &mut Found<F>, person: i64, one: Result<T>, into: impl FnOnce(&mut F, T)) {
    let Some(slot) = found.get_mut(&PersonId(person)) else { return };
    match (slot, one) {
        (Ok(of), Ok(one)) => into(of, one),
        (slot @ Ok(_), Err(error)) => *slot = Err(error),
        (Err(_), _) => {}
    }
}

impl Tx {
    /// Asks a question about a list of ids: `sql` gets what to write between `in (` and `)`.
    pub(super) async fn about<T>(&mut self, ids: &[PersonId], sql: impl Fn(&str) -> String) -> Result<Vec<T>>
    where
        T: for<'r> FromRow<'r, AnyRow> + Send + Unpin,
    {
        let Some(last) = ids.last() else { return Ok(Vec::new()) };
        let found = match self.dialect {
            // One statement, whatever the length of the list.
            Dialect::Sqlite => {
                let list: Vec<i64> = ids.iter().map(|id| id.0).collect();
                let list = super::to_json(&list, "a list of ids")?;
                sqlx::query_as(AssertSqlSafe(sql(EACH))).bind(list).fetch_all(&mut *self.tx).await?
            }
            Dialect::Postgres => {
                let count = size_for(ids.len());
                let query = sqlx::query_as(AssertSqlSafe(sql(&numbered(1, count))));
                let filled = ids.iter().chain(std::iter::repeat(last)).take(count);
                filled.fold(query, |query, id| query.bind(id.0)).fetch_all(&mut *self.tx).await?
            }
        };
        Ok(found)
    }

    /// The same for rows that come as one column.
    pub(super) async fn rows_about<T: DeserializeOwned>(
        &mut self,
        ids: &[PersonId],
        table: &'static str,
        sql: impl Fn(Dialect, &str) -> String,
    ) -> Result<Vec<T>> {
        let dialect = self.dialect;
        let found: Vec<(String,)> = self.about(ids, |list| format!("select {}", sql(dialect, list))).await?;
        found.first().map_or(Ok(Vec::new()), |(rows,)| read(rows, table))
    }
}

/// What stands for the first value, a JSON list.
pub(super) const EACH: &str = "select value from json_each(?1)";

/// `$3, $4, $5`.
pub(super) fn numbered(from: usize, count: usize) -> String {
    (from..from + count).map(|number| format!("${number}")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_read_in_either_case_and_nothing_else_is() {
        assert_eq!(bytes("00fFaB"), Some(vec![0, 255, 171]));
        assert_eq!([bytes("0"), bytes("0g"), bytes("é")], [None, None, None]);
        assert_eq!(bytes(""), Some(Vec::new()));
    }
}
