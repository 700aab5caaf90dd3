//! The poll loop: raw updates are fetched, stored, and only then confirmed.
//!
//! An update counts as confirmed when the next call asks for a higher offset, so the offset moves after the inbox has
//! committed and at no other time. A crash anywhere brings the same updates again, and the inbox drops what it has seen. The
//! loop reads nothing from an update but its id and, after the commit, which button to answer. It keeps no offset between
//! runs: after a quiet week ids start again at a random number, smaller or larger.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;
use teloxide::payloads::{SetMyCommands, SetMyCommandsSetters as _};
use teloxide::types::{AllowedUpdate, BotCommand};
use tokio_util::sync::CancellationToken;

use crate::clock::Stopwatch;
use crate::crash;
use crate::platform::Endpoint;
use crate::platform::inbox::{Inbox, RawEvent};
use crate::trouble::Trouble;
use crate::types::{Platform, Private};

use super::api::{Api, Failure};
use super::inbound::wrap;
use super::press::Press;

/// Sent with every call: without it the server keeps the list of an earlier program.
pub(super) const WANTED: [AllowedUpdate; 4] =
    [AllowedUpdate::Message, AllowedUpdate::EditedMessage, AllowedUpdate::CallbackQuery, AllowedUpdate::MyChatMember];

/// What a call may take beyond the time that the server was asked to wait.
const SLACK: Duration = Duration::from_secs(15);

/// The longest pause between two attempts, unless the server asks for more.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// How far apart polls that bring something begin at least: what comes meanwhile is stored and handled together. The first word
/// after a while is there at once.
const POLLS_APART: Duration = Duration::from_millis(15);

/// A bot that listens to Telegram.
#[derive(Clone, Debug)]
pub struct Listener {
    pub(super) api: Api,
    commands: Vec<BotCommand>,
    /// The same in other languages, by the code that Telegram knows them by.
    localized: Vec<(String, Vec<BotCommand>)>,
    me: Option<Me>,
    next: Option<i64>,
    /// What a call may take beyond the time that the server was asked to wait.
    pub(super) slack: Duration,
    conflict: Trouble,
}

/// Who the bot is, as Telegram says.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Me {
    /// The bot's account; the `bot` under which the inbox keeps its events.
    pub id: i64,
    /// Its username, without `@`.
    pub username: String,
}

/// Why a poll brought nothing.
#[derive(Debug, thiserror::Error)]
pub enum PollError {
    /// The token is wrong or was revoked. Polling on is useless.
    #[error(
        "Telegram does not accept the bot token: check the token in the configuration (ask @BotFather for a new one)"
    )]
    Unauthorized,
    /// A command cannot be listed in Telegram's menu. Polling on is useless.
    #[error("the command menu cannot be set: {0}")]
    Commands(String),
    /// Telegram cannot call us where it was told to. Waiting on is useless.
    #[error("the address {0} of `telegram.webhook_listen` cannot be used ({1}): is another program there already?")]
    Address(SocketAddr, std::io::ErrorKind),
    /// Telegram does not want to call us where it was told to.
    #[error(
        "Telegram does not take `telegram.webhook_url`: it has to be https, on port 443, 80, 88 or 8443, and known by name everywhere"
    )]
    Webhook,
    /// The HTTP client cannot be built. Polling on is useless.
    #[error("the HTTP client cannot be built")]
    Client(#[source] reqwest::Error),
    /// Somebody else takes this bot's updates.
    #[error(
        "another program polls with this token, perhaps a second Goldseam on a copy of this data: stop it, or give each program its own bot"
    )]
    Conflict,
    /// Too many calls.
    #[error("asked to wait {}s", .0.as_secs())]
    RateLimited(Duration),
    /// The server could not be reached, or gave no usable answer.
    #[error("no usable answer: {0}")]
    Unavailable(String),
    /// The updates were not stored; they will come again.
    #[error("the updates could not be stored")]
    Inbox(#[source] anyhow::Error),
}

impl PollError {
    /// True when trying again cannot help.
    #[must_use]
    pub fn is_final(&self) -> bool {
        match self {
            Self::Unauthorized | Self::Commands(_) | Self::Client(_) | Self::Address(..) => true,
            Self::Webhook | Self::Conflict | Self::RateLimited(_) | Self::Unavailable(_) | Self::Inbox(_) => false,
        }
    }
}

impl From<Failure> for PollError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Denied(denial) => match denial.code {
                401 | 404 => Self::Unauthorized,
                409 => Self::Conflict,
                429 => Self::RateLimited(denial.retry_after.unwrap_or(Duration::from_secs(1))),
                code => Self::Unavailable(format!("error {code}")),
            },
            other => Self::Unavailable(other.to_string()),
        }
    }
}

impl Listener {
    /// A listener that has not called anybody yet. `commands` are (name, description) for Telegram's menu; when there are
    /// none, the menu is left alone.
    ///
    /// # Errors
    /// When Telegram would refuse the commands (at most 100; names 1 to 32 of `a-z0-9_`; descriptions 1 to 256
    /// characters), or the HTTP client cannot be built.
    pub fn new(endpoint: &Endpoint, token: SecretString, commands: &[(String, String)]) -> Result<Self, PollError> {
        let api = Api::new(endpoint, token).map_err(PollError::Client)?;
        Ok(Self {
            api,
            commands: menu(commands)?,
            localized: Vec::new(),
            me: None,
            next: None,
            slack: SLACK,
            conflict: Trouble::default(),
        })
    }

    /// Whether somebody else takes this bot's updates.
    #[must_use]
    pub fn conflict(&self) -> &Trouble {
        &self.conflict
    }

    /// The same with another limit for a call, beyond the time that the server is asked to wait; for tests that wait for it.
    #[must_use]
    pub fn with_limit(self, limit: Duration) -> Self {
        Self { slack: limit, ..self }
    }

    /// The same with a menu for people whose app speaks another language; `others` are by their tags. Telegram knows languages by
    /// two letters: of `pt-br` and `pt-pt` only the first counts.
    ///
    /// # Errors
    /// When Telegram would refuse the commands.
    pub fn in_languages<'m>(
        mut self,
        others: impl Iterator<Item = (&'m str, &'m Vec<(String, String)>)>,
    ) -> Result<Self, PollError> {
        for (tag, commands) in others {
            let code = tag.split('-').next().unwrap_or(tag);
            if code.len() == 2 && !self.localized.iter().any(|(known, _)| known == code) {
                self.localized.push((code.to_owned(), menu(commands)?));
            }
        }
        Ok(self)
    }

    /// Asks Telegram who the bot is and changes nothing: proof that the address and the token are right.
    ///
    /// # Errors
    /// When Telegram cannot be reached or does not accept the token.
    pub async fn who(&self) -> Result<Me, PollError> {
        Ok(self.api.call("getMe", &json!({}), self.slack).await?)
    }

    /// Learns who the bot is, removes a webhook (it would exclude polling) and sets the menu. [`Listener::poll_once`] does
    /// this when it was not done.
    ///
    /// # Errors
    /// When Telegram cannot be reached or does not accept the token.
    pub async fn start(&mut self) -> Result<Me, PollError> {
        let me = self.who().await?;
        self.remove_webhook().await;
        self.set_menu().await;
        tracing::info!(bot = me.username, "Telegram: connected");
        self.me = Some(me.clone());
        Ok(me)
    }

    /// A webhook that cannot be removed shows again as a conflict while polling.
    async fn remove_webhook(&self) {
        let webhook = self.api.call::<serde_json::Value>("getWebhookInfo", &json!({}), self.slack).await;
        if webhook.is_ok_and(|webhook| webhook["url"].as_str().is_some_and(|url| !url.is_empty())) {
            tracing::warn!("removing this bot's webhook: Telegram sends updates either there or here");
            if self.api.call::<bool>("deleteWebhook", &json!({}), self.slack).await.is_err() {
                tracing::warn!("the webhook could not be removed");
            }
        }
    }

    /// Without a menu people can still type; so it is no reason not to talk to them.
    pub(super) async fn set_menu(&self) {
        if self.commands.is_empty() {
            return;
        }
        let everybody = SetMyCommands::new(self.commands.clone());
        let localized = self
            .localized
            .iter()
            .map(|(code, commands)| SetMyCommands::new(commands.clone()).language_code(code.clone()));
        for menu in std::iter::once(everybody).chain(localized) {
            if self.api.call::<bool>("setMyCommands", &menu, self.slack).await.is_err() {
                let language = menu.language_code.as_deref().unwrap_or("");
                tracing::warn!(language, "Telegram did not take the command menu; everything else works");
            }
        }
    }

    /// Asks once for updates, waiting up to `timeout` for the first one, and stores them. Answers how many came. What was
    /// stored is confirmed by the next call.
    ///
    /// # Errors
    /// When nothing came or nothing was stored; the next call then asks for the same again.
    pub async fn poll_once(&mut self, inbox: &dyn Inbox, timeout: Duration) -> Result<usize, PollError> {
        let me = match self.me.clone() {
            Some(me) => me,
            None => self.start().await?,
        };
        let updates = self.fetch(timeout).await?;
        let Some(first) = updates.first() else { return Ok(0) };
        let last = updates.iter().filter_map(|update| update_id(update)).max();
        let events = updates.iter().map(|update| stored(&me.username, update)).collect();
        inbox.put(Platform::Telegram, &me.id.to_string(), events).await.map_err(PollError::Inbox)?;
        let Some(last) = last else {
            return Err(PollError::Unavailable(format!("{} bytes of update without an id", first.get().len())));
        };
        crash::point("before_ack");
        self.next = Some(last.saturating_add(1));
        updates.iter().filter_map(|update| Press::read(update)).for_each(|press| press.acknowledge(self.api.clone()));
        Ok(updates.len())
    }

    async fn fetch(&self, timeout: Duration) -> Result<Vec<Box<RawValue>>, PollError> {
        let ask = GetUpdates { offset: self.next, limit: 100, timeout: timeout.as_secs(), allowed_updates: WANTED };
        Ok(self.api.call("getUpdates", &ask, timeout + self.slack).await?)
    }

    /// Polls until `cancel`, each time for up to `timeout` (30 seconds is a good value). After an error it waits, longer
    /// each time, and goes on.
    ///
    /// # Errors
    /// Only those that [`PollError::is_final`]: they need the operator.
    pub async fn run(
        mut self,
        inbox: Arc<dyn Inbox>,
        timeout: Duration,
        cancel: CancellationToken,
    ) -> Result<(), PollError> {
        let mut failures = 0;
        loop {
            let begun = Stopwatch::start();
            let polled = tokio::select! {
                biased;
                () = cancel.cancelled() => return Ok(()),
                polled = self.poll_once(&*inbox, timeout) => polled,
            };
            let Err(error) = polled else {
                failures = 0;
                tokio::time::sleep(POLLS_APART.saturating_sub(begun.elapsed())).await;
                continue;
            };
            if error.is_final() {
                return Err(error);
            }
            if matches!(error, PollError::Conflict) {
                self.conflict.noticed();
            }
            let pause = pause_after(&error, failures);
            failures += 1;
            report(&error, pause);
            tokio::select! {
                () = cancel.cancelled() => return Ok(()),
                () = tokio::time::sleep(pause) => {}
            }
        }
    }
}

/// `getUpdates`. Not teloxide's: its offset has 32 bits, and an id at their edge would stop the bot.
#[derive(Serialize)]
struct GetUpdates {
    #[serde(skip_serializing_if = "Option::is_none")]
    offset: Option<i64>,
    limit: u8,
    timeout: u64,
    allowed_updates: [AllowedUpdate; 4],
}

fn update_id(update: &RawValue) -> Option<i64> {
    #[derive(Deserialize)]
    struct Head {
        update_id: i64,
    }
    serde_json::from_str::<Head>(update.get()).ok().map(|head| head.update_id)
}

/// The stored form. An update whose id cannot be read is kept under a fingerprint, the same each time it comes.
pub(super) fn stored(username: &str, update: &RawValue) -> RawEvent {
    let id = update_id(update).map_or_else(
        || {
            let mut hasher = DefaultHasher::new();
            update.get().hash(&mut hasher);
            format!("unread-{:016x}", hasher.finish())
        },
        |id| id.to_string(),
    );
    RawEvent { id, raw: Private::new(wrap(username, update)) }
}

fn menu(commands: &[(String, String)]) -> Result<Vec<BotCommand>, PollError> {
    if commands.len() > 100 {
        return Err(PollError::Commands(format!("{} commands, but Telegram lists at most 100", commands.len())));
    }
    commands.iter().map(|(name, description)| menu_line(name, description)).collect()
}

fn menu_line(name: &str, description: &str) -> Result<BotCommand, PollError> {
    let in_name = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    if !(1..=32).contains(&name.len()) || !name.bytes().all(in_name) {
        return Err(PollError::Commands(format!("`{name}` is not 1 to 32 of a-z, 0-9 and _")));
    }
    if !(1..=256).contains(&description.chars().count()) {
        return Err(PollError::Commands(format!("the description of `{name}` has not 1 to 256 characters")));
    }
    Ok(BotCommand::new(name, description))
}

/// Full jitter: anything up to one second, two, four ... thirty. Never less than the server asked for, never nothing.
pub(super) fn pause_after(error: &PollError, failures: u32) -> Duration {
    let cap = LONGEST_PAUSE.min(Duration::from_secs(1 << failures.min(5)));
    let jitter = cap.mul_f64(fastrand::f64()).max(Duration::from_millis(100));
    match error {
        PollError::RateLimited(wait) => *wait + jitter.min(Duration::from_secs(1)),
        _ => jitter,
    }
}

pub(super) fn report(error: &PollError, pause: Duration) {
    let pause_ms = pause.as_millis();
    match error {
        PollError::Inbox(cause) => {
            tracing::error!(%error, cause = %cause.root_cause(), pause_ms, "updates stay with Telegram")
        }
        _ => tracing::warn!(%error, pause_ms, "polling Telegram failed; trying again"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_thirty_seconds_and_respect_the_server() {
        let lost = PollError::Unavailable("no connection".into());
        for failures in 0..40 {
            let pause = pause_after(&lost, failures);
            assert!(pause >= Duration::from_millis(100) && pause <= LONGEST_PAUSE, "{pause:?}");
        }
        assert!(pause_after(&PollError::RateLimited(Duration::from_secs(60)), 0) >= Duration::from_secs(60));
    }

    #[test]
    fn a_menu_that_telegram_would_refuse_is_refused_here() {
        let one = |name: &str, description: &str| menu(&[(name.to_owned(), description.to_owned())]);
        assert!(one("check_in2", "Daily check-in").is_ok());
        for (name, description) in [("", "x"), ("CheckIn", "x"), ("check-in", "x"), ("checkin", "")] {
            assert!(matches!(one(name, description), Err(PollError::Commands(_))), "{name}");
        }
        assert!(menu(&vec![("a".to_owned(), "b".to_owned()); 101]).is_err());
    }
}
