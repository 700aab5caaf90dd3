//! Messages that wait to be sent. How they are handed out is in `claims`, what becomes of them in `settlements`.

use jiff::Timestamp;

use super::pending::Message as Waiting;
use super::{Result, StoreError, Tx, millis};
use crate::types::{Message, PersonId, Platform, Private, Purpose};
use crate::vault::Slot;

/// A message to commit.
#[derive(Clone, Debug)]
pub struct NewRow<'a> {
    /// Whose it is.
    pub person: PersonId,
    /// The account it goes to.
    pub account: i64,
    /// Where that is.
    pub platform: Platform,
    /// The private chat; `None` for the account's home place.
    pub place: Option<&'a str>,
    /// What the platform needs to answer exactly one event.
    pub reply: Option<&'a str>,
    /// What to say; fits the platform's limit.
    pub message: &'a Message,
    /// Why.
    pub purpose: Purpose,
    /// Since when it is due.
    pub due: Timestamp,
    /// After this it is of no use.
    pub expires: Option<Timestamp>,
    /// Two rows with one key are one row.
    pub dedupe_key: &'a str,
    /// Without a sound.
    pub silent: bool,
    /// When it was made.
    pub now: Timestamp,
}

pub(super) fn slot<'a>(column: &'static str, person: PersonId, dedupe_key: &'a str) -> Slot<'a> {
    Slot { table: "outbox", column, person: Some(person), row: dedupe_key }
}

fn priority(purpose: Purpose) -> i64 {
    match purpose {
        Purpose::Reply => 1,
        Purpose::Reminder => 2,
        Purpose::Nudge => 3,
    }
}

fn purpose_word(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Reply => "reply",
        Purpose::Reminder => "reminder",
        Purpose::Nudge => "nudge",
    }
}

pub(super) fn purpose(word: &str) -> Result<Purpose> {
    [Purpose::Reply, Purpose::Reminder, Purpose::Nudge]
        .into_iter()
        .find(|purpose| purpose_word(*purpose) == word)
        .ok_or(StoreError::Corrupt("outbox.purpose"))
}

impl Tx {
    /// Commits a message to be sent; one with a known key is left as it is.
    ///
    /// # Errors
    /// When it cannot be sealed.
    pub fn enqueue(&mut self, row: NewRow<'_>) -> Result<()> {
        let reply = row.reply.map(|reply| self.seal(slot("reply", row.person, row.dedupe_key), &Private::new(reply)));
        let body = self.seal_json(slot("body", row.person, row.dedupe_key), row.message)?;
        self.pending.messages.push(Waiting {
            person: row.person.0,
            account: row.account,
            platform: row.platform.as_str(),
            place: row.place.map(str::to_owned),
            reply,
            priority: priority(row.purpose),
            purpose: purpose_word(row.purpose),
            due_at: millis(row.due),
            expires_at: row.expires.map(millis),
            body,
            dedupe_key: row.dedupe_key.to_owned(),
            silent: i64::from(row.silent),
            created_at: millis(row.now),
        });
        Ok(())
    }
}
