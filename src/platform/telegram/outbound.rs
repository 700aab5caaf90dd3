//! One message out: rendered, sent once, and the server's answer told in the outbox's words.
//!
//! It calls twice in four cases only: the server could not read our markup, so nothing was sent, and the same words go out plain;
//! it does not take a picture, and the words go out alone; a message that should be changed cannot be, and a new one is sent; or what
//! the message answers was not to be kept, and is taken away first. An error never holds the server's own words, because they may
//! quote what was sent.

use std::time::Duration;

use reqwest::multipart::{Form, Part};
use secrecy::SecretString;
use serde::Deserialize;
use teloxide::payloads::{DeleteMessage, EditMessageText, EditMessageTextSetters, SendMessage, SendMessageSetters};
use teloxide::types::{ChatId, LinkPreviewOptions, MessageId, ParseMode};

use crate::outbox::{BoxFuture, Deliver, Outgoing, SendError, Sent, Waits};
use crate::platform::Endpoint;
use crate::types::{Localized, Platform};

use super::api::{Api, Denial, Failure};
use super::inbound::{Group, Pressed, Written};
use super::render::{html, keyboard};

/// How long one delivery may take in all (the outbox's lease is longer).
const LIMIT: Duration = Duration::from_secs(15);
/// The limit of what is done once help has gone out.
const AFTER_HELP: Duration = Duration::from_secs(5);

/// How long to wait when the server says "too fast" without a time.
const USUAL_WAIT: Duration = Duration::from_secs(1);

/// Sends messages as one bot.
#[derive(Debug)]
pub struct Sender {
    api: Api,
    limit: Duration,
    invitation: Localized<String>,
}

impl Sender {
    /// A sender for the bot with this token.
    ///
    /// # Errors
    /// When the HTTP client cannot be built.
    pub fn new(endpoint: &Endpoint, token: SecretString) -> Result<Self, reqwest::Error> {
        Ok(Self { api: Api::new(endpoint, token)?, limit: LIMIT, invitation: Localized::default() })
    }

    /// The same with another limit for one delivery, for tests that wait for it.
    #[must_use]
    pub fn with_limit(self, limit: Duration) -> Self {
        Self { limit, ..self }
    }

    /// The same with words for a group in which somebody uses a command who has no private chat with us yet. The link to the
    /// chat is added to them.
    #[must_use]
    pub fn with_invitation(self, words: impl Into<Localized<String>>) -> Self {
        Self { invitation: words.into(), ..self }
    }

    /// Tells a group where the private chat is. Nothing of anybody's conversation is in it; when it fails, nothing is lost.
    async fn invite(&self, group: &Group, language: Option<&str>) {
        let Ok(chat) = group.chat.parse() else { return };
        let invitation = self.invitation.of(language);
        if invitation.is_empty() {
            return;
        }
        let words = format!("{invitation} https://t.me/{}?start=group", group.me);
        let request =
            SendMessage::new(ChatId(chat), words).link_preview_options(no_preview()).disable_notification(true);
        if self.api.call::<Posted>("sendMessage", &request, self.limit).await.is_err() {
            tracing::debug!("a group could not be told where the private chat is");
        }
    }

    /// Takes away the person's own message where it was not to be kept. Telegram lets a bot do so for 48 hours; a message that is gone
    /// or too old stays as it is. Before anything is sent, so that whatever else goes wrong is tried again with the answer; help alone
    /// goes out first, and what is taken away after it is tried once.
    async fn erase(&self, outgoing: &Outgoing) -> Result<(), SendError> {
        let written = outgoing.reply.as_deref().filter(|_| outgoing.message.erases).and_then(Written::read);
        let Some(written) = written else { return Ok(()) };
        let request = DeleteMessage::new(chat(outgoing)?, MessageId(written.wrote));
        match self.api.call::<bool>("deleteMessage", &request, self.limit).await {
            Err(Failure::Denied(denial)) if denial.code == 400 => {
                tracing::debug!(outbox.id = outgoing.id, "a message that was not to be kept could not be taken away");
                Ok(())
            }
            Err(Failure::Denied(denial)) => Err(classify_denial(&denial)),
            Err(_) => Err(SendError::NotSent("a message could not be taken away".to_owned())),
            Ok(_) => Ok(()),
        }
    }

    async fn send(&self, outgoing: &Outgoing) -> Result<Sent, SendError> {
        if !outgoing.message.urgent {
            self.erase(outgoing).await?;
        }
        if let Some(answer) = self.change(outgoing).await? {
            return Ok(answer);
        }
        let answer = match self.show(outgoing).await {
            Ok(None) => self.write(outgoing).await,
            Ok(Some(sent)) => Ok(sent),
            Err(error) => Err(error),
        };
        if let (Err(SendError::Gone(_)), Some(group)) = (&answer, outgoing.reply.as_deref().and_then(Group::read)) {
            self.invite(&group, outgoing.message.language.as_deref()).await;
        }
        answer
    }

    /// Sends the words.
    async fn write(&self, outgoing: &Outgoing) -> Result<Sent, SendError> {
        let request = request(outgoing)?;
        let first = self.api.call::<Posted>("sendMessage", &request, self.limit).await;
        let answer = match first {
            Err(Failure::Denied(denial)) if is_unreadable_markup(&denial) => {
                told_unreadable(outgoing);
                self.api.call("sendMessage", &plain(request, outgoing), self.limit).await
            }
            other => other,
        };
        Ok(answer.map_err(|failure| classify(&failure))?.into())
    }

    /// Sends the picture with the words under it; `None` when there is none, or when Telegram does not take it.
    async fn show(&self, outgoing: &Outgoing) -> Result<Option<Sent>, SendError> {
        let Some(file) = &outgoing.picture else { return Ok(None) };
        let form = photo(outgoing, file, Words::Html)?;
        let first = self.api.upload::<Posted>("sendPhoto", form, self.limit).await;
        let answer = match first {
            Err(Failure::Denied(denial)) if is_unreadable_markup(&denial) => {
                told_unreadable(outgoing);
                self.api.upload("sendPhoto", photo(outgoing, file, Words::Plain)?, self.limit).await
            }
            other => other,
        };
        match answer {
            Ok(posted) => Ok(Some(posted.into())),
            Err(Failure::Denied(denial)) if is_about_the_picture(&denial) => {
                tracing::warn!(outbox.id = outgoing.id, "Telegram does not take a picture; sending the words alone");
                Ok(None)
            }
            Err(failure) => Err(classify(&failure)),
        }
    }

    /// Changes the message whose button was pressed; `None` when that is not asked for, or not possible any more.
    async fn change(&self, outgoing: &Outgoing) -> Result<Option<Sent>, SendError> {
        let pressed = outgoing.reply.as_deref().filter(|_| outgoing.message.edits).and_then(Pressed::read);
        let Some(pressed) = pressed else { return Ok(None) };
        let request = edit(outgoing, pressed)?;
        let first = self.api.call::<Posted>("editMessageText", &request, self.limit).await;
        let answer = match first {
            Err(Failure::Denied(denial)) if is_unreadable_markup(&denial) => {
                told_unreadable(outgoing);
                let plain = EditMessageText { text: outgoing.message.text.text(), parse_mode: None, ..request };
                self.api.call("editMessageText", &plain, self.limit).await
            }
            other => other,
        };
        match answer {
            Ok(posted) => Ok(Some(posted.into())),
            Err(Failure::Denied(denial)) if is_no_change(&denial) => {
                Ok(Some(Posted { message_id: Some(pressed.message.into()) }.into()))
            }
            Err(Failure::Denied(denial)) if is_beyond_change(&denial) => Ok(None),
            Err(failure) => Err(classify(&failure)),
        }
    }
}

impl Deliver for Sender {
    fn platform(&self) -> Platform {
        Platform::Telegram
    }

    fn deliver<'a>(&'a self, outgoing: &'a Outgoing) -> BoxFuture<'a, Result<Sent, SendError>> {
        Box::pin(async move {
            let in_time = tokio::time::timeout(self.limit, self.send(outgoing)).await;
            let answer = in_time.unwrap_or_else(|_| Err(SendError::Ambiguous("no answer in time".to_owned())));
            if outgoing.message.urgent && answer.is_ok() {
                let erased = tokio::time::timeout(AFTER_HELP.min(self.limit), self.erase(outgoing)).await;
                if !matches!(erased, Ok(Ok(()))) {
                    tracing::debug!(outbox.id = outgoing.id, "a message that was not to be kept was not taken away");
                }
            }
            answer
        })
    }
}

/// As much of the sent message as we keep.
#[derive(Deserialize)]
struct Posted {
    message_id: Option<i64>,
}

impl From<Posted> for Sent {
    fn from(posted: Posted) -> Self {
        Self { message: posted.message_id.map(|id| id.to_string()), place: None }
    }
}

fn chat(outgoing: &Outgoing) -> Result<ChatId, SendError> {
    let chat = outgoing.place.as_ref().unwrap_or(&outgoing.account).parse();
    chat.map(ChatId).map_err(|_| SendError::Refused("a chat id that is not a number".to_owned()))
}

fn edit(outgoing: &Outgoing, pressed: Pressed) -> Result<EditMessageText, SendError> {
    let request = EditMessageText::new(chat(outgoing)?, MessageId(pressed.message), html(&outgoing.message.text))
        .parse_mode(ParseMode::Html)
        .link_preview_options(no_preview());
    Ok(EditMessageText { reply_markup: keyboard(&outgoing.message.buttons), ..request })
}

fn request(outgoing: &Outgoing) -> Result<SendMessage, SendError> {
    let mut request = SendMessage::new(chat(outgoing)?, html(&outgoing.message.text))
        .parse_mode(ParseMode::Html)
        .link_preview_options(no_preview());
    if let Some(keyboard) = keyboard(&outgoing.message.buttons) {
        request = request.reply_markup(keyboard);
    }
    if outgoing.silent {
        request = request.disable_notification(true);
    }
    Ok(request)
}

/// How the words under a picture are written.
#[derive(Clone, Copy)]
enum Words {
    Html,
    Plain,
}

/// A form for `sendPhoto`. Everything in it but the file is text, and JSON where Telegram wants more than a text.
fn photo(outgoing: &Outgoing, file: &[u8], words: Words) -> Result<Form, SendError> {
    let part = Part::bytes(file.to_vec()).file_name("goldseam.png");
    let mut form = Form::new().text("chat_id", chat(outgoing)?.0.to_string()).part("photo", part);
    form = match words {
        Words::Html => form.text("caption", html(&outgoing.message.text)).text("parse_mode", "HTML"),
        Words::Plain => form.text("caption", outgoing.message.text.text()),
    };
    if let Some(keyboard) = keyboard(&outgoing.message.buttons) {
        let keyboard = serde_json::to_string(&keyboard);
        let keyboard = keyboard.map_err(|_| SendError::Refused("a keyboard that is no JSON".to_owned()))?;
        form = form.text("reply_markup", keyboard);
    }
    if outgoing.silent {
        form = form.text("disable_notification", "true");
    }
    Ok(form)
}

fn plain(request: SendMessage, outgoing: &Outgoing) -> SendMessage {
    SendMessage { text: outgoing.message.text.text(), parse_mode: None, ..request }
}

fn no_preview() -> LinkPreviewOptions {
    LinkPreviewOptions {
        is_disabled: true,
        url: None,
        prefer_small_media: false,
        prefer_large_media: false,
        show_above_text: false,
    }
}

fn told_unreadable(outgoing: &Outgoing) {
    tracing::warn!(outbox.id = outgoing.id, "Telegram could not read our markup; sending the words alone");
}

/// It stands there already.
fn is_no_change(denial: &Denial) -> bool {
    denial.code == 400 && denial.words.contains("message is not modified")
}

/// It was deleted, or is too old.
fn is_beyond_change(denial: &Denial) -> bool {
    const KNOWN: [&str; 4] = [
        "message to edit not found",
        "message can't be edited",
        "message_id_invalid",
        // It is a picture with words under it.
        "there is no text in the message",
    ];
    denial.code == 400 && KNOWN.iter().any(|words| denial.words.contains(words))
}

/// The words alone may go where the picture may not: its form is not taken, or pictures are not allowed in this chat.
fn is_about_the_picture(denial: &Denial) -> bool {
    const KNOWN: [&str; 6] = ["photo", "image", "media", "file", "caption", "too large"];
    let refused = denial.code == 400 || denial.code == 413;
    refused && gone(&denial.words).is_none() && KNOWN.iter().any(|words| denial.words.contains(words))
}

fn is_unreadable_markup(denial: &Denial) -> bool {
    denial.code == 400 && denial.words.contains("can't parse entities")
}

fn classify(failure: &Failure) -> SendError {
    match failure {
        Failure::NotConnected => SendError::NotSent("no connection".to_owned()),
        Failure::TurnedAway(_) => SendError::NotSent("turned away on the way to Telegram".to_owned()),
        Failure::Failed(status) => SendError::Failed(format!("error {status}")),
        Failure::Unclear(why) => SendError::Ambiguous((*why).to_owned()),
        Failure::Denied(denial) => classify_denial(denial),
    }
}

fn classify_denial(denial: &Denial) -> SendError {
    if let Some(to) = denial.moved_to {
        return SendError::Moved { to: to.to_string() };
    }
    match denial.code {
        401 | 404 => SendError::Unauthorized,
        403 => SendError::Gone(gone(&denial.words).unwrap_or("forbidden").to_owned()),
        // Telegram does not say whether a limit is the chat's or the bot's.
        420 | 429 => SendError::RateLimited { retry_after: denial.retry_after.unwrap_or(USUAL_WAIT), who: Waits::Bulk },
        400 => match gone(&denial.words) {
            Some(why) => SendError::Gone(why.to_owned()),
            None => SendError::Refused(refused(&denial.words).to_owned()),
        },
        408 | 409 | 425 => SendError::NotSent(format!("error {}", denial.code)),
        code @ 402..500 => SendError::Refused(format!("error {code}")),
        code @ (500 | 502 | 503) => SendError::Failed(format!("error {code}")),
        code => SendError::Ambiguous(format!("error {code}")),
    }
}

/// Ours for the server's words that mean: this recipient cannot be written to any more.
fn gone(words: &str) -> Option<&'static str> {
    const KNOWN: [(&str, &str); 11] = [
        ("bot was blocked", "blocked by the person"),
        ("user_is_blocked", "blocked by the person"),
        ("deactivated", "account deleted"),
        ("can't initiate", "the person never wrote to the bot"),
        ("bot was kicked", "removed from the group"),
        ("not a member", "not in the group"),
        ("group chat was deleted", "group deleted"),
        ("chat not found", "chat not found"),
        ("peer_id_invalid", "chat not found"),
        ("user not found", "account not found"),
        ("messages to bots", "not a person"),
    ];
    KNOWN.iter().find(|(theirs, _)| words.contains(theirs)).map(|(_, ours)| *ours)
}

/// Ours for the server's words about a message that it will never take.
fn refused(words: &str) -> &'static str {
    const KNOWN: [(&str, &str); 9] = [
        ("text is empty", "empty text"),
        ("too long", "text too long"),
        ("can't parse entities", "unreadable markup"),
        ("button_data_invalid", "button data"),
        ("can't parse inline keyboard button", "button"),
        ("not enough rights", "no right to write in this chat"),
        ("have no rights", "no right to write in this chat"),
        ("chat_write_forbidden", "no right to write in this chat"),
        ("topic_closed", "no right to write in this chat"),
    ];
    KNOWN.iter().find(|(theirs, _)| words.contains(theirs)).map_or("bad request", |(_, ours)| *ours)
}
