//! The vault: the seam through which all text that a person wrote goes on its way into the database and out of it.
//!
//! Today it writes one version byte and the plain text: **nothing is encrypted yet**. Encryption at rest is then a change in
//! this folder alone, because [`Slot`] already names what the sealed bytes will be bound to. Never logs, never stores.

use crate::types::{PersonId, Private};

/// Version byte of text that is stored as it is.
const PLAIN: u8 = 0;

/// Where a sealed text lives. It must be opened with the same slot; later that is what stops swapped rows and columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot<'a> {
    /// The table.
    pub table: &'static str,
    /// The column.
    pub column: &'static str,
    /// Whose text it is; `None` before that is known (the raw inbox).
    pub person: Option<PersonId>,
    /// What names the row within the table, for this person.
    pub row: &'a str,
}

/// A stored text cannot be read: damaged, or sealed by a newer version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a stored text in {table}.{column} cannot be read")]
pub struct Unreadable {
    /// The table.
    pub table: &'static str,
    /// The column.
    pub column: &'static str,
}

/// Seals and opens texts.
#[derive(Clone, Debug, Default)]
pub struct Vault;

impl Vault {
    /// The bytes to store for a text.
    #[must_use]
    pub fn seal(&self, _at: Slot<'_>, text: &Private) -> Vec<u8> {
        let mut sealed = Vec::with_capacity(1 + text.reveal().len());
        sealed.push(PLAIN);
        sealed.extend_from_slice(text.reveal().as_bytes());
        sealed
    }

    /// The text behind stored bytes.
    ///
    /// # Errors
    /// When the bytes are damaged, or were sealed by a newer version.
    pub fn open(&self, at: Slot<'_>, sealed: &[u8]) -> Result<Private, Unreadable> {
        let unreadable = || Unreadable { table: at.table, column: at.column };
        let (version, text) = sealed.split_first().ok_or_else(unreadable)?;
        if *version != PLAIN {
            return Err(unreadable());
        }
        std::str::from_utf8(text).map(Private::new).map_err(|_| unreadable())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SLOT: Slot<'static> = Slot { table: "entries", column: "body", person: Some(PersonId(1)), row: "e1" };

    #[test]
    fn what_was_sealed_can_be_opened() {
        let text = Private::new("Ünïcode 😀");
        assert_eq!(Vault.open(SLOT, &Vault.seal(SLOT, &text)), Ok(text));
    }

    #[test]
    fn damaged_and_newer_bytes_are_unreadable_and_say_where() {
        for bytes in [&b""[..], b"\x07text", b"\x00\xff\xfe"] {
            let unreadable = Vault.open(SLOT, bytes).unwrap_err();
            assert_eq!(unreadable.to_string(), "a stored text in entries.body cannot be read");
        }
    }
}
