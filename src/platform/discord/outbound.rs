//! [`Outgoing`] to Discord's HTTP API.
//!
//! A message goes into the person's DM with its row's id as nonce, so that sending it twice within a few minutes makes one
//! message. An answer to an interaction goes through the interaction while its token lives, and is seen only by the person
//! when the interaction happened in a server; afterwards it goes into the DM. It is never posted into a server's channel.
//! Nobody is ever mentioned, and links get no preview. Nothing is retried here; what may have arrived longer ago than Discord
//! remembers nonces is looked for in the DM first, and what Discord does not accept goes out once as bare words.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::catch_up::EPOCH;
use super::inbound::{Kind, Reply};
use super::interactions::{Interactions, Progress};
use super::rest::{ACKNOWLEDGED, ApiError, FILE_NAME, Rest};
use super::{components, markdown};
use crate::clock::ago;
use crate::outbox::{BoxFuture, Deliver, Outgoing, SendError, Sent};
use crate::types::{FormWords, Localized, Message, Platform, Rich};

const SUPPRESS_EMBEDS: u64 = 1 << 2;
const EPHEMERAL: u64 = 1 << 6;
const LOADING: u64 = 1 << 7;
const SUPPRESS_NOTIFICATIONS: u64 = 1 << 12;

/// The longest description of an attachment, in UTF-16 units (Discord, "Attachment Object": 1,024 characters).
const DESCRIPTION_LIMIT: usize = 1024;
/// How many of the last messages are looked at.
const LOOK_BACK: usize = 20;
/// How far Discord's clock and ours may be apart.
const CLOCKS_APART: Duration = Duration::from_mins(1);
/// All requests of one delivery together.
const TOTAL_LIMIT: Duration = Duration::from_secs(15);
/// How long an answer waits for the listener's acknowledgement of a button.
const ACKNOWLEDGE_LIMIT: Duration = Duration::from_secs(2);

/// Sends messages to Discord.
pub struct Sender {
    rest: Arc<Rest>,
    interactions: Interactions,
    form: Localized<FormWords>,
}

impl Sender {
    /// A sender that shares its knowledge of `interactions` with the listener.
    #[must_use]
    pub fn new(rest: Arc<Rest>, interactions: Interactions) -> Self {
        Self { rest, interactions, form: Localized::default() }
    }

    /// The same with other words on the button that opens a form.
    #[must_use]
    pub fn with_form(self, form: impl Into<Localized<FormWords>>) -> Self {
        Self { form: form.into(), ..self }
    }

    /// In a server free text needs a form; in direct messages it is typed.
    fn form(&self, reply: &Reply, message: &Message) -> Option<&FormWords> {
        reply.ephemeral.then(|| self.form.of(message.language.as_deref()))
    }

    async fn send(&self, outgoing: &Outgoing) -> Result<Sent, ApiError> {
        match self.send_whole(outgoing).await {
            Err(error) if error.is_malformed() => {
                tracing::warn!(outbox.id = outgoing.id, "Discord does not accept a message; sending the words alone");
                let message = bare(&outgoing.message);
                self.post(&Outgoing { message, picture: None, ..self.to_dm(outgoing) }).await
            }
            result => result,
        }
    }

    async fn send_whole(&self, outgoing: &Outgoing) -> Result<Sent, ApiError> {
        let Some(reply) = outgoing.reply.as_deref().and_then(Reply::parse) else {
            return self.post(outgoing).await;
        };
        if self.interactions.is_old(&reply.id) {
            return self.post_instead(&reply, outgoing).await;
        }
        match self.answer(&reply, outgoing).await {
            Err(error) if error.is_expired() => self.post_instead(&reply, outgoing).await,
            result => result,
        }
    }

    async fn answer(&self, reply: &Reply, outgoing: &Outgoing) -> Result<Sent, ApiError> {
        if let Some(changed) = self.change(reply, outgoing).await? {
            return Ok(changed);
        }
        match (reply.kind, self.interactions.progress(&reply.id)) {
            (Kind::Component, _) | (_, Some(Progress::Answered)) => self.follow(reply, outgoing).await,
            (_, Some(Progress::Deferred)) => self.fill(reply, outgoing).await,
            (_, None | Some(Progress::Open | Progress::Answering)) => self.respond(reply, outgoing).await,
        }
    }

    /// Changes the message whose button was pressed; `None` when that is not asked for, or not possible any more.
    async fn change(&self, reply: &Reply, outgoing: &Outgoing) -> Result<Option<Sent>, ApiError> {
        let (true, Some(message)) = (outgoing.message.edits, &reply.message) else { return Ok(None) };
        let path = match &outgoing.place {
            Some(place) if !reply.ephemeral => format!("/channels/{place}/messages/{message}"),
            _ => {
                self.interactions.acknowledged(&reply.id, ACKNOWLEDGE_LIMIT).await;
                original(reply)
            }
        };
        let body = body(outgoing, self.form(reply, &outgoing.message), SUPPRESS_EMBEDS);
        match self.call(Method::PATCH, &path, body, outgoing).await {
            Ok(answer) => Ok(Some(sent(&answer))),
            Err(error) if error.is_beyond_change() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The first answer, within three seconds. "Already acknowledged" is no failure: see what stands there.
    async fn respond(&self, reply: &Reply, outgoing: &Outgoing) -> Result<Sent, ApiError> {
        self.interactions.advance(&reply.id, Progress::Answering);
        let body =
            json!({ "type": 4, "data": body(outgoing, self.form(reply, &outgoing.message), flags(outgoing, reply)) });
        match self.call(Method::POST, &callback(&reply.id, &reply.token), body, outgoing).await {
            Ok(_) => {
                self.interactions.advance(&reply.id, Progress::Answered);
                Ok(Sent::default())
            }
            Err(error) if error.code() == ACKNOWLEDGED => self.respond_again(reply, outgoing).await,
            Err(error) => {
                self.interactions.reopen(&reply.id);
                Err(error)
            }
        }
    }

    /// Somebody answered already: the listener with "thinking…" (fill it), this row itself in an attempt whose result was
    /// lost (done), or an earlier row before a restart (follow).
    async fn respond_again(&self, reply: &Reply, outgoing: &Outgoing) -> Result<Sent, ApiError> {
        let original = self.rest.call(Method::GET, &original(reply), None).await?;
        if original["flags"].as_u64().unwrap_or(0) & LOADING != 0 {
            return self.fill(reply, outgoing).await;
        }
        self.interactions.advance(&reply.id, Progress::Answered);
        if original["content"].as_str().is_some_and(|shown| shown.trim() == content(outgoing).trim()) {
            return Ok(sent(&original));
        }
        self.follow(reply, outgoing).await
    }

    /// Puts the message in the place of "thinking…".
    async fn fill(&self, reply: &Reply, outgoing: &Outgoing) -> Result<Sent, ApiError> {
        let body = body(outgoing, self.form(reply, &outgoing.message), SUPPRESS_EMBEDS);
        let answer = self.call(Method::PATCH, &original(reply), body, outgoing).await?;
        self.interactions.advance(&reply.id, Progress::Answered);
        Ok(sent(&answer))
    }

    /// One more message. A DM takes ordinary messages, which a nonce protects from arriving twice.
    async fn follow(&self, reply: &Reply, outgoing: &Outgoing) -> Result<Sent, ApiError> {
        if !reply.ephemeral {
            return self.post(outgoing).await;
        }
        self.interactions.acknowledged(&reply.id, ACKNOWLEDGE_LIMIT).await;
        let path = format!("/webhooks/{}/{}", reply.application_id, reply.token);
        let body = body(outgoing, self.form(reply, &outgoing.message), flags(outgoing, reply));
        Ok(sent(&self.call(Method::POST, &path, body, outgoing).await?))
    }

    /// The DM when the interaction cannot be answered any more. A server's channel is never written to.
    async fn post_instead(&self, reply: &Reply, outgoing: &Outgoing) -> Result<Sent, ApiError> {
        if !reply.ephemeral {
            return self.post(outgoing).await;
        }
        self.post(&self.to_dm(outgoing)).await
    }

    /// The same message for the DM: the place of an answer in a server is none of it.
    fn to_dm(&self, outgoing: &Outgoing) -> Outgoing {
        let reply = outgoing.reply.as_deref().and_then(Reply::parse);
        let place = outgoing.place.clone().filter(|_| !reply.is_some_and(|reply| reply.ephemeral));
        Outgoing { place, ..outgoing.clone() }
    }

    /// An ordinary message into the DM, which is opened when it is not known yet.
    async fn post(&self, outgoing: &Outgoing) -> Result<Sent, ApiError> {
        let (channel, opened) = match &outgoing.place {
            Some(place) => (place.clone(), None),
            None => {
                let channel = self.open(&outgoing.account).await?;
                (channel.clone(), Some(channel))
            }
        };
        if let Some(message) = self.look_for(outgoing, &channel).await? {
            return Ok(Sent { message: Some(message), place: opened });
        }
        let silent = if outgoing.silent { SUPPRESS_NOTIFICATIONS } else { 0 };
        let mut body = body(outgoing, None, SUPPRESS_EMBEDS | silent);
        body["nonce"] = json!(base36(outgoing.id));
        body["enforce_nonce"] = json!(true);
        match self.call(Method::POST, &format!("/channels/{channel}/messages"), body, outgoing).await {
            Ok(answer) => Ok(Sent { place: opened, ..sent(&answer) }),
            Err(error) if error.is_deleted() => Ok(Sent { place: opened, message: None }),
            Err(error) => Err(error),
        }
    }

    /// The message, if an attempt that brought no answer did arrive: among the last ones of the DM, not older than that attempt.
    async fn look_for(&self, outgoing: &Outgoing, channel: &str) -> Result<Option<String>, ApiError> {
        let Some(since) = outgoing.look_since else { return Ok(None) };
        let path = format!("/channels/{channel}/messages?limit={LOOK_BACK}");
        let messages = self.rest.call(Method::GET, &path, None).await?;
        let shown = content(outgoing);
        let is_it = |message: &&Value| {
            message["author"]["bot"] == true
                && message["content"].as_str().is_some_and(|content| content.trim() == shown.trim())
                && message["id"].as_str().and_then(made_at).is_some_and(|at| at >= ago(since, CLOCKS_APART))
        };
        let found = messages.as_array().and_then(|all| all.iter().find(is_it));
        Ok(found.and_then(|message| message["id"].as_str()).map(str::to_owned))
    }

    /// A request about the message, with its picture if it has one.
    async fn call(&self, method: Method, path: &str, body: Value, outgoing: &Outgoing) -> Result<Value, ApiError> {
        match &outgoing.picture {
            Some(file) => self.rest.call_with_file(method, path, &body, file).await,
            None => self.rest.call(method, path, Some(&body)).await,
        }
    }

    async fn open(&self, account: &str) -> Result<String, ApiError> {
        let body = json!({ "recipient_id": account });
        let channel = self.rest.call(Method::POST, "/users/@me/channels", Some(&body)).await?;
        channel["id"].as_str().map(str::to_owned).ok_or(ApiError::Lost("a DM without an id"))
    }
}

impl Deliver for Sender {
    fn platform(&self) -> Platform {
        Platform::Discord
    }

    fn deliver<'a>(&'a self, outgoing: &'a Outgoing) -> BoxFuture<'a, Result<Sent, SendError>> {
        Box::pin(async move {
            let sending = timeout(TOTAL_LIMIT, self.send(outgoing)).await;
            sending.unwrap_or(Err(ApiError::Lost("no answer in time"))).map_err(|error| error.classify())
        })
    }
}

/// The path of an interaction's first answer.
pub(super) fn callback(id: &str, token: &str) -> String {
    format!("/interactions/{id}/{token}/callback")
}

fn original(reply: &Reply) -> String {
    format!("/webhooks/{}/{}/messages/@original", reply.application_id, reply.token)
}

fn flags(outgoing: &Outgoing, reply: &Reply) -> u64 {
    let ephemeral = if reply.ephemeral { EPHEMERAL } else { 0 };
    let silent = if outgoing.silent { SUPPRESS_NOTIFICATIONS } else { 0 };
    SUPPRESS_EMBEDS | ephemeral | silent
}

fn body(outgoing: &Outgoing, form: Option<&FormWords>, flags: u64) -> Value {
    let mut body = json!({
        "content": content(outgoing),
        "components": components::rows(&outgoing.message, form),
        "allowed_mentions": { "parse": [] },
        "flags": flags,
    });
    if outgoing.picture.is_some() {
        body["attachments"] =
            json!([{ "id": "0", "filename": FILE_NAME, "description": description(&outgoing.message) }]);
    }
    body
}

/// What is read out in the place of the picture: the words of the message, as far as there is room for them.
fn description(message: &Message) -> String {
    let parts = message.text.split(DESCRIPTION_LIMIT);
    parts.first().map(Rich::text).unwrap_or_default()
}

/// The text in Markdown; bare, when it fits Discord's limit only without backslashes and markers.
fn content(outgoing: &Outgoing) -> String {
    let full = whole_text(&outgoing.message);
    let marked = markdown::render(&full);
    let fits = marked.encode_utf16().count() <= Platform::Discord.message_limit();
    if fits { marked } else { full.text() }
}

/// The words, with the choices as lines that can be typed.
fn bare(message: &Message) -> Message {
    let choices = message.buttons.iter().map(|choice| format!("\n- {}", choice.label));
    let text = Rich::plain(choices.fold(message.text.text(), |text, choice| text + &choice));
    Message { text, language: message.language.clone(), ..Message::default() }
}

/// When Discord made something, by its id (Discord, "Snowflakes").
fn made_at(id: &str) -> Option<Timestamp> {
    Timestamp::from_millisecond((id.parse::<i64>().ok()? >> 22) + EPOCH).ok()
}

fn whole_text(message: &Message) -> Rich {
    let mut text = message.text.clone();
    for span in components::list(message).into_iter().flat_map(|list| list.0) {
        text.push(span);
    }
    text
}

fn sent(answer: &Value) -> Sent {
    Sent { message: answer["id"].as_str().map(str::to_owned), place: None }
}

/// A row's id as a nonce: at most 25 characters, the same for all attempts.
fn base36(id: i64) -> String {
    let mut rest = id.unsigned_abs();
    let mut digits = Vec::new();
    loop {
        digits.push(b"0123456789abcdefghijklmnopqrstuvwxyz"[usize::try_from(rest % 36).unwrap_or(0)]);
        rest /= 36;
        if rest == 0 {
            break;
        }
    }
    digits.iter().rev().map(|&digit| char::from(digit)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_tells_when_it_was_made() {
        assert_eq!(made_at("175928847299117063").unwrap().to_string(), "2016-04-30T11:18:25.796Z");
        assert_eq!(made_at("none"), None);
    }

    #[test]
    fn ids_are_short_nonces() {
        assert_eq!([0, 35, 36, 46_655].map(base36), ["0", "z", "10", "zzz"]);
        assert_eq!(base36(i64::MAX), "1y2p0ij32e8e7");
    }
}
