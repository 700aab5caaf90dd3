//! Messages that wait to be sent. How they are handed out is in `claims`, what becomes of them in `settlements`.

use jiff::{SignedDuration, Timestamp};

use super::pending::Message as Waiting;
use super::{Account, Letter, Result, StoreError, Tx, millis};
use crate::types::{Message, PersonId, Private, Purpose};
use crate::vault::Slot;

/// A message to commit.
#[derive(Clone, Debug)]
pub struct NewRow<'a> {
    /// The account it goes to.
    pub account: &'a Account,
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

/// What is later than this has missed its time, and waits for what has not.
const LATE: SignedDuration = SignedDuration::from_mins(15);

/// 0 help, 1 answer, 2 reminder, 3 nudge, 4 what is late. The lower ones go first.
fn priority(row: &NewRow<'_>) -> i64 {
    match row.purpose {
        Purpose::Reply if row.message.urgent => 0,
        Purpose::Reply => 1,
        _ if row.now.duration_since(row.due) > LATE => 4,
        Purpose::Reminder => 2,
        Purpose::Nudge => 3,
    }
}

/// The order inside a priority. Answers: as they came. Everything else: by the minute in which it is due, and inside a minute in
/// an order that is another one every day, so that the last of yesterday is not the last again.
pub(crate) fn standing(purpose: Purpose, account: i64, due: Timestamp) -> i64 {
    if purpose == Purpose::Reply {
        return millis(due);
    }
    let (minute, day) = (due.as_second().div_euclid(60), due.as_second().div_euclid(86_400));
    minute << 32 | i64::from(shuffled(account.cast_unsigned(), day.cast_unsigned()))
}

/// Some number that differs from account to account and from day to day (the finalizer of `SplitMix64`).
fn shuffled(account: u64, day: u64) -> u32 {
    let mut mixed = account.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ day.wrapping_mul(0xd1b5_4a32_d192_ed03);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (mixed >> 32) as u32
}

pub(super) fn purpose_word(purpose: Purpose) -> &'static str {
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
        let NewRow { account, place, message, .. } = row;
        let reply = row.reply.map(Private::new);
        let sealed = reply.as_ref().map(|reply| self.seal(slot("reply", account.person, row.dedupe_key), reply));
        let body = self.seal_json(slot("body", account.person, row.dedupe_key), message)?;
        let letter = self.keeps_letters.then(|| Letter {
            account: account.ext_id.clone(),
            place: place.or(account.home_place.as_deref()).map(str::to_owned),
            message: message.clone(),
            reply,
            silent: row.silent,
        });
        self.made += 1;
        self.pending.messages.push(Waiting {
            person: account.person.0,
            account: account.id,
            platform: account.platform,
            place: place.map(str::to_owned),
            reply: sealed,
            priority: priority(&row),
            fair_key: standing(row.purpose, account.id, row.due),
            purpose: row.purpose,
            due_at: millis(row.due),
            expires_at: row.expires.map(millis),
            body,
            dedupe_key: row.dedupe_key.to_owned(),
            silent: i64::from(row.silent),
            created_at: millis(row.now),
            claim: None,
            letter: letter.map(Box::new),
        });
        Ok(())
    }
}
