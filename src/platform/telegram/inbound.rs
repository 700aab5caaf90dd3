//! One stored update to one [`Inbound`]. A pure function of the stored text.
//!
//! It reads plain JSON instead of teloxide's `Update`: those types are two years behind the live Bot API and refuse a whole
//! message for one field they do not know, and a person's answer must not vanish for that. It never fails and never
//! panics: what has no meaning to us is `None`.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::types::{Button, Inbound, Input, Place, PlaceKind, Platform, Private};

use super::INERT;

/// Contents without text that a person can send. Anything else without text is a note of the chat itself (a pinned message,
/// a changed photo) and no answer. Source: Bot API 10.1, `Message`.
const CONTENTS: [&str; 20] = [
    "animation",
    "audio",
    "checklist",
    "contact",
    "dice",
    "document",
    "game",
    "gift",
    "live_photo",
    "location",
    "paid_media",
    "photo",
    "poll",
    "rich_message",
    "sticker",
    "story",
    "venue",
    "video",
    "video_note",
    "voice",
];

/// The stored form of an update: with the bot's own username, so that a command can be told from one for another bot.
#[derive(Deserialize)]
struct Stored {
    me: String,
    update: Value,
}

/// Puts an update, exactly as it came, into the form that is stored and that [`decode`] reads.
#[must_use]
pub fn wrap(username: &str, update: &RawValue) -> String {
    format!(r#"{{"me":{},"update":{}}}"#, Value::from(username), update.get())
}

/// Reads a stored update. `None` when it asks nothing of us: an edit, a channel post, talk in a group, a command for another
/// bot, a kind that this version does not know, or something unreadable.
///
/// A private message without words (a photo, a sticker) becomes the command `unsupported`, so that it can be answered.
/// In a group only commands are read.
#[must_use]
pub fn decode(raw: &str) -> Option<Inbound> {
    let Stored { me, update } = serde_json::from_str(raw).ok()?;
    let event = update.get("update_id")?.as_i64()?;
    let ((actor, place), input) = if let Some(message) = present(&update, "message") {
        (whence(message, message)?, message_input(message, &me)?)
    } else if let Some(query) = present(&update, "callback_query") {
        (whence(query, query.get("message")?)?, press(query)?)
    } else {
        let change = present(&update, "my_chat_member")?;
        (whence(change, change)?, membership(change)?)
    };
    let shared = place.kind == PlaceKind::Shared;
    if shared && !matches!(&input, Input::Command { name, .. } if name != UNSUPPORTED) {
        return None;
    }
    // In a group the answer goes out privately; when it cannot, the group is told where the private chat is.
    let reply = match shared {
        true => Some(Group { chat: place.id.clone(), me: me.clone() }.handle()),
        false => Pressed::of(&update).map(Pressed::handle).or_else(|| Written::of(&update).map(Written::handle)),
    };
    Some(Inbound {
        platform: Platform::Telegram,
        event: event.to_string(),
        account: actor.get("id")?.as_i64()?.to_string(),
        place,
        input,
        reply,
        language: text(actor, "language_code").map(str::to_owned),
    })
}

/// The group a command came from, and our name in it: what is needed to say where the private chat is.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Group {
    /// The group's chat id.
    pub(super) chat: String,
    /// Our user name.
    pub(super) me: String,
}

impl Group {
    fn handle(&self) -> String {
        // Two strings always serialise.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// The group in a reply handle.
    pub(super) fn read(handle: &str) -> Option<Self> {
        serde_json::from_str(handle).ok()
    }
}

/// The message whose button was pressed, when that button stays: what is needed to change it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Pressed {
    /// Its id in the chat.
    pub(super) message: i32,
}

impl Pressed {
    fn of(update: &Value) -> Option<Self> {
        let query = update.get("callback_query")?;
        let message = query.get("message")?.get("message_id")?.as_i64()?;
        let stays = text(query, "data")?.starts_with(Button::STAYS);
        Some(Self { message: i32::try_from(message).ok().filter(|_| stays)? })
    }

    fn handle(self) -> String {
        // A number always serialises.
        serde_json::to_string(&self).unwrap_or_default()
    }

    /// The message in a reply handle.
    pub(super) fn read(handle: &str) -> Option<Self> {
        serde_json::from_str(handle).ok()
    }
}

/// The message that a person wrote in their private chat: what is needed to take it away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Written {
    /// Its id in the chat.
    pub(super) wrote: i32,
}

impl Written {
    fn of(update: &Value) -> Option<Self> {
        let wrote = present(update, "message")?.get("message_id")?.as_i64()?;
        Some(Self { wrote: i32::try_from(wrote).ok()? })
    }

    fn handle(self) -> String {
        // A number always serialises.
        serde_json::to_string(&self).unwrap_or_default()
    }

    /// The message in a reply handle.
    pub(super) fn read(handle: &str) -> Option<Self> {
        serde_json::from_str(handle).ok()
    }
}

/// The name of the command that stands for content we cannot read.
const UNSUPPORTED: &str = "unsupported";

fn present<'a>(value: &'a Value, key: &str) -> Option<&'a Value> {
    value.get(key).filter(|found| found.is_object())
}

fn text<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key)?.as_str().filter(|found| !found.trim().is_empty())
}

/// The person who acted, and the chat. Bots, anonymous admins and channels are nobody to talk with.
fn whence<'a>(acted: &'a Value, placed: &Value) -> Option<(&'a Value, Place)> {
    let actor = present(acted, "from")?;
    if actor.get("is_bot") == Some(&Value::Bool(true)) || present(acted, "sender_chat").is_some() {
        return None;
    }
    let chat = present(placed, "chat")?;
    let kind = match chat.get("type")?.as_str()? {
        "private" => PlaceKind::Private,
        "group" | "supergroup" => PlaceKind::Shared,
        _ => return None,
    };
    Some((actor, Place { id: chat.get("id")?.as_i64()?.to_string(), kind }))
}

fn message_input(message: &Value, me: &str) -> Option<Input> {
    match text(message, "text").or_else(|| text(message, "caption")) {
        Some(words) => worded(words, me),
        None => CONTENTS
            .iter()
            .any(|content| message.get(content).is_some_and(|found| !found.is_null()))
            .then(|| Input::Command { name: UNSUPPORTED.to_owned(), rest: Private::default() }),
    }
}

fn worded(words: &str, me: &str) -> Option<Input> {
    let Some(command) = Command::parse(words) else { return Some(Input::Text(Private::new(words))) };
    if command.to.is_some_and(|to| !to.eq_ignore_ascii_case(me)) {
        return None;
    }
    Some(Input::Command { name: command.name.to_ascii_lowercase(), rest: Private::new(command.rest) })
}

/// `/name@to rest`, as Telegram recognises it: 1 to 32 ASCII letters, digits and `_`.
struct Command<'a> {
    name: &'a str,
    to: Option<&'a str>,
    rest: &'a str,
}

impl<'a> Command<'a> {
    fn parse(words: &'a str) -> Option<Self> {
        let body = words.strip_prefix('/')?;
        let (head, rest) = body.split_once(char::is_whitespace).unwrap_or((body, ""));
        let (name, to) = match head.split_once('@') {
            Some((name, to)) => (name, Some(to)),
            None => (head, None),
        };
        let is_name = |part: &str| part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        let valid =
            (1..=32).contains(&name.len()) && is_name(name) && to.is_none_or(|to| !to.is_empty() && is_name(to));
        valid.then(|| Self { name, to, rest: rest.trim() })
    }
}

/// Data is 1 to 64 bytes by Telegram's own rule; a client can forge it, so what it means is checked where it is used.
fn press(query: &Value) -> Option<Input> {
    let token = text(query, "data")?;
    (token != INERT && token.len() <= 64).then(|| Input::Press(token.to_owned()))
}

fn membership(change: &Value) -> Option<Input> {
    match change.get("new_chat_member")?.get("status")?.as_str()? {
        "kicked" => Some(Input::Gone),
        "member" => Some(Input::Returned),
        _ => None,
    }
}
