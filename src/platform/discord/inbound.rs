//! What Discord sent, as it lies in the inbox, to [`Inbound`].
//!
//! Pure and tolerant: fields that are missing or have another type make an event unreadable (`None`), never a panic.
//! Messages written in servers are dropped unread, and so is everything that a bot wrote.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::components::{FORM, INERT, form_id};
use crate::types::{Inbound, Input, Place, PlaceKind, Platform, Private};

/// The longest name of a command (Discord, "Application Command Object").
const NAME_LIMIT: usize = 32;
/// `PRIVATE_CHANNEL` among the interaction contexts: a group DM, where others read along.
const GROUP_DM: u64 = 2;
/// The kinds of message that a person writes: an ordinary one and an answer to one.
const WRITTEN: [u64; 2] = [0, 19];

/// What kind of interaction is to be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A slash command: not answered yet.
    Command,
    /// A pressed button or menu: acknowledged by the listener.
    Component,
    /// A submitted form: not answered yet.
    Modal,
}

/// How an interaction is answered: the content of [`Inbound::reply`]. Its `Debug` leaves the token out.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reply {
    /// The interaction.
    pub id: String,
    /// Its token, good for 15 minutes.
    pub token: String,
    /// Our application.
    pub application_id: String,
    /// True where others read along: only the person may see the answer.
    pub ephemeral: bool,
    /// What it was.
    pub kind: Kind,
    /// The message whose button was pressed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

impl Reply {
    /// Reads [`Inbound::reply`].
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }
}

impl std::fmt::Debug for Reply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Reply({}, {:?}, ephemeral: {})", self.id, self.kind, self.ephemeral)
    }
}

/// Wraps a gateway payload for the inbox. Of the message that a pressed button belongs to only the id is kept: the rest quotes
/// the person and is not needed any more.
#[must_use]
pub fn wrap(kind: &str, mut data: Value) -> String {
    if kind == "interaction"
        && let Some(fields) = data.as_object_mut()
    {
        let message = fields.remove("message");
        if let Some(id) = message.as_ref().and_then(|message| text(message, "/id")) {
            fields.insert("message".into(), json!({ "id": id }));
        }
    }
    json!({ "kind": kind, "data": data }).to_string()
}

/// Reads what [`wrap`] wrote. `None` is for everything that is no input: bots, servers' messages, inert buttons, buttons
/// that open a form, kinds that this version does not know.
#[must_use]
pub fn decode(raw: &str) -> Option<Inbound> {
    let event: Value = serde_json::from_str(raw).ok()?;
    match text(&event, "/kind")? {
        "message" => message(event.get("data")?),
        "interaction" => interaction(event.get("data")?),
        _ => None,
    }
}

fn message(data: &Value) -> Option<Inbound> {
    let kind = data.get("type").and_then(Value::as_u64).unwrap_or(0);
    if present(data, "/guild_id") || present(data, "/webhook_id") || is_bot(data, "/author") || !WRITTEN.contains(&kind)
    {
        return None;
    }
    Some(Inbound {
        platform: Platform::Discord,
        event: format!("m{}", text(data, "/id")?),
        account: text(data, "/author/id")?.to_owned(),
        place: Place { id: text(data, "/channel_id")?.to_owned(), kind: PlaceKind::Private },
        input: written(data)?,
        reply: None,
        language: None,
    })
}

fn written(data: &Value) -> Option<Input> {
    let content = text(data, "/content").unwrap_or_default().trim();
    if !content.is_empty() {
        return Some(typed_command(content).unwrap_or_else(|| Input::Text(Private::new(content))));
    }
    let attached = ["/attachments", "/sticker_items", "/poll"].iter().any(|place| has_items(data, place));
    attached.then(|| Input::Command { name: "unsupported".into(), rest: Private::default() })
}

fn has_items(data: &Value, pointer: &str) -> bool {
    match data.pointer(pointer) {
        Some(Value::Array(items)) => !items.is_empty(),
        Some(Value::Object(_)) => true,
        _ => false,
    }
}

/// `/checkin tomorrow` typed as text, where the command menu was not used.
fn typed_command(content: &str) -> Option<Input> {
    let line = content.strip_prefix('/')?;
    let (name, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    command(name, rest.trim())
}

fn command(name: &str, rest: &str) -> Option<Input> {
    let name = name.to_lowercase();
    let known = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    let good = (1..=NAME_LIMIT).contains(&name.len()) && name.bytes().all(known);
    good.then(|| Input::Command { name, rest: Private::new(rest) })
}

fn interaction(data: &Value) -> Option<Inbound> {
    let user = if present(data, "/member/user") { "/member/user" } else { "/user" };
    if is_bot(data, user) {
        return None;
    }
    let (kind, input) = done(data)?;
    let shared = present(data, "/guild_id") || data.get("context").and_then(Value::as_u64) == Some(GROUP_DM);
    let reply = Reply {
        id: text(data, "/id")?.to_owned(),
        token: text(data, "/token")?.to_owned(),
        application_id: text(data, "/application_id")?.to_owned(),
        ephemeral: shared,
        kind,
        message: text(data, "/message/id").map(str::to_owned),
    };
    Some(Inbound {
        platform: Platform::Discord,
        event: format!("i{}", reply.id),
        account: text(data, &format!("{user}/id"))?.to_owned(),
        place: Place {
            id: text(data, "/channel_id").or_else(|| text(data, "/channel/id"))?.to_owned(),
            kind: if shared { PlaceKind::Shared } else { PlaceKind::Private },
        },
        input,
        reply: serde_json::to_string(&reply).ok(),
        language: text(data, "/locale").filter(|tag| !tag.is_empty()).map(str::to_owned),
    })
}

/// Interaction types: 2 slash command, 3 component, 5 submitted form (Discord, "Interaction Object").
fn done(data: &Value) -> Option<(Kind, Input)> {
    match data.get("type")?.as_u64()? {
        2 => Some((Kind::Command, slash_command(data)?)),
        3 => Some((Kind::Component, pressed(data)?)),
        5 => Some((Kind::Modal, submitted(data)?)),
        _ => None,
    }
}

fn slash_command(data: &Value) -> Option<Input> {
    let options = data.pointer("/data/options").and_then(Value::as_array);
    let given = options.and_then(|all| all.iter().find(|option| text(option, "/name") == Some("text")));
    let rest = given.and_then(|option| text(option, "/value")).unwrap_or_default();
    command(text(data, "/data/name")?, rest.trim())
}

fn pressed(data: &Value) -> Option<Input> {
    let id = text(data, "/data/custom_id")?;
    if id == INERT || id.starts_with(FORM) {
        return None;
    }
    let chosen = text(data, "/data/values/0").unwrap_or(id);
    (!chosen.is_empty()).then(|| Input::Press(chosen.to_owned()))
}

/// The first text of a form and the question that its id names; the text stands in an action row (`components`) or in a label (`component`).
fn submitted(data: &Value) -> Option<Input> {
    let rows = data.pointer("/data/components")?.as_array()?;
    let value =
        rows.iter().find_map(|row| text(row, "/components/0/value").or_else(|| text(row, "/component/value")))?;
    let written = Some(value.trim()).filter(|value| !value.is_empty()).map(Private::new)?;
    let form = text(data, "/data/custom_id").and_then(form_id);
    Some(match form {
        Some((seq, _)) => Input::Form { seq, text: written },
        None => Input::Text(written),
    })
}

fn text<'a>(value: &'a Value, pointer: &str) -> Option<&'a str> {
    value.pointer(pointer)?.as_str()
}

fn present(value: &Value, pointer: &str) -> bool {
    value.pointer(pointer).is_some_and(|found| !found.is_null())
}

fn is_bot(data: &Value, pointer: &str) -> bool {
    data.pointer(pointer).and_then(|user| user.get("bot")).and_then(Value::as_bool).unwrap_or(false)
}
