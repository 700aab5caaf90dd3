//! Where the messages of a turn go, why, and until when: one envelope for all of them.

use std::time::Duration;

use jiff::Timestamp;

use super::private_place;
use crate::clock::add;
use crate::engine::Run;
use crate::schedule::Rule;
use crate::store::{Account, NewRow, Scheduled, StoreError, Tx};
use crate::types::{Inbound, Message, PersonId, Platform, Purpose};

/// How long an answer is worth sending.
const REPLY_LIFE: Duration = Duration::from_hours(24);
/// How long at least something due has for its way out.
const SHORTEST_LIFE: Duration = Duration::from_mins(10);

/// The envelope of a turn's messages.
pub(super) struct Post {
    account: Account,
    place: Option<String>,
    reply: Option<String>,
    purpose: Purpose,
    due: Timestamp,
    expires: Timestamp,
    key: String,
    count: usize,
    event: Option<i64>,
}

impl Post {
    /// Answers to an event. One from a shared place is answered privately: through the event's reply handle where the platform
    /// has one, else in the private chat. The shared place itself is never written to.
    pub(super) fn reply(account: Account, inbound: &Inbound, row: i64, now: Timestamp) -> Self {
        Self {
            account,
            place: private_place(inbound).map(ToOwned::to_owned),
            reply: inbound.reply.clone(),
            purpose: Purpose::Reply,
            due: now,
            expires: add(now, REPLY_LIFE),
            key: format!("in:{}:{row}", inbound.platform),
            count: 0,
            event: Some(row),
        }
    }

    /// What a due schedule says.
    pub(super) fn due(account: Account, schedule: &Scheduled, now: Timestamp) -> Self {
        let late = Duration::from_secs(schedule.plan.late.max(0).unsigned_abs());
        Self {
            place: None,
            reply: None,
            purpose: purpose(schedule),
            due: schedule.next.at,
            expires: add(schedule.next.at, late).max(add(now, SHORTEST_LIFE)),
            key: format!("due:{}:{}", schedule.id, schedule.next.civil),
            count: 0,
            event: None,
            account,
        }
    }

    /// What comes again anyway and could not go out by then stays away: it would come in quiet hours.
    pub(super) fn stays_away_from(&mut self, quiet: Timestamp, now: Timestamp) {
        if self.purpose == Purpose::Nudge {
            self.expires = self.expires.min(quiet.max(add(now, SHORTEST_LIFE)));
        }
    }

    /// A word about an event that could not be handled.
    pub(super) fn apology(account: Account, row: i64, now: Timestamp) -> Self {
        Self {
            account,
            place: None,
            reply: None,
            purpose: Purpose::Reply,
            due: now,
            expires: add(now, REPLY_LIFE),
            key: format!("sorry:{row}"),
            count: 0,
            event: None,
        }
    }

    /// The account it goes to.
    pub(super) fn account(&self) -> &Account {
        &self.account
    }

    /// The row of the event that it answers.
    pub(super) fn event_row(&self) -> Option<i64> {
        self.event
    }

    /// Whom it goes to.
    pub(super) fn person(&self) -> PersonId {
        self.account.person
    }

    /// Commits one message, as consecutive rows when it is longer than the platform takes. What it asks stands on the last.
    pub(super) fn send(&mut self, tx: &mut Tx, message: &Message, now: Timestamp) -> Result<(), StoreError> {
        for part in parts(message, self.account.platform) {
            let key = format!("{}:{}", self.key, self.count);
            self.count += 1;
            tx.enqueue(NewRow {
                account: &self.account,
                place: self.place.as_deref(),
                reply: self.reply.as_deref(),
                message: &part,
                purpose: self.purpose,
                due: self.due,
                expires: Some(self.expires),
                dedupe_key: &key,
                silent: false,
                now,
            })?;
        }
        Ok(())
    }
}

/// What the person asked for once is worth a second copy; what comes again anyway is not.
fn purpose(schedule: &Scheduled) -> Purpose {
    match (&schedule.plan.run, &schedule.plan.rule) {
        (Run::Script { .. }, Rule::Once { .. } | Rule::At { .. }) | (Run::Wait { .. }, _) => Purpose::Reminder,
        (Run::Script { .. }, Rule::Every { .. }) | (Run::Nudge { .. } | Run::Expire { .. }, _) => Purpose::Nudge,
    }
}

/// A message as it goes out there: in parts that the platform takes, with what it asks on the last. A picture stands on the first, with
/// as much of the text as fits under it.
pub(crate) fn parts(message: &Message, platform: Platform) -> Vec<Message> {
    let first = if message.picture.is_some() { platform.caption_limit() } else { platform.message_limit() };
    let mut parts: Vec<Message> = message
        .text
        .split_after(first, platform.message_limit())
        .into_iter()
        .map(|text| Message { text, language: message.language.clone(), urgent: message.urgent, ..Message::default() })
        .collect();
    if let Some(first) = parts.first_mut() {
        first.erases = message.erases;
    }
    if let [only] = &mut parts[..] {
        only.edits = message.edits && message.picture.is_none();
    }
    if let Some(first) = parts.first_mut() {
        first.picture.clone_from(&message.picture);
    }
    if let Some(last) = parts.last_mut() {
        last.buttons.clone_from(&message.buttons);
        last.wants_text = message.wants_text;
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{Button, Drawing, Rich, Subject, Theme};

    fn long() -> Message {
        Message {
            text: Rich::plain(format!("{}\n\n{}", "a".repeat(1000), "b".repeat(4000))),
            buttons: vec![Button { label: "Yes".into(), token: "q:1:0".into() }],
            wants_text: Some(1),
            ..Message::default()
        }
    }

    fn lengths(parts: &[Message]) -> Vec<usize> {
        parts.iter().map(|part| part.text.utf16_len()).collect()
    }

    #[test]
    fn a_long_question_is_cut_and_asks_in_its_last_part() {
        let parts = parts(&long(), Platform::Telegram);
        assert_eq!(lengths(&parts), [1000, 4000]);
        assert!(parts[0].buttons.is_empty() && parts[0].wants_text.is_none());
        assert_eq!((&parts[1].buttons, parts[1].wants_text), (&long().buttons, Some(1)));
    }

    #[test]
    fn under_a_picture_there_is_less_room_and_the_rest_follows() {
        let drawing = Drawing { subject: Subject::Bars { weeks: vec![] }, theme: Theme::Light };
        let text = Rich::plain(format!("{}\n\n{}", "a".repeat(1000), "b".repeat(1500)));
        let message = Message { text, picture: Some(drawing.clone()), edits: true, ..long() };
        let on_telegram = parts(&message, Platform::Telegram);
        assert_eq!(lengths(&on_telegram), [1000, 1500]);
        assert_eq!(on_telegram[0].picture, Some(drawing.clone()));
        assert!(on_telegram[0].buttons.is_empty() && on_telegram[1].picture.is_none());
        assert_eq!(on_telegram[1].buttons, long().buttons, "what it asks stands last");
        let short = Message { text: "Here it is.".into(), ..message };
        let [only] = &parts(&short, Platform::Discord)[..] else { panic!("one part") };
        assert!(only.picture.is_some() && !only.edits, "a message with a picture is a new one");
    }
}
