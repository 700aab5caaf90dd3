//! What happens on Discord, into the inbox; and the acknowledgements that Discord wants within three seconds.
//!
//! Events are stored one by one, in the order in which they came, before they are acknowledged; what is no input is neither
//! stored nor looked at. Never answers a person, never decides anything. An event whose storing fails is tried again until
//! it works or we stop.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::sync::oneshot::error::RecvError;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::catch_up::CatchUp;
use super::components;
use super::gateway::{Gateway, Line, Received};
use super::inbound::{self, Kind, Reply};
use super::interactions::{Interactions, Progress};
use super::outbound::callback;
use super::rest::{ACKNOWLEDGED, ApiError, Rest};
use super::shards::{OpenDoor, Porter, Shard, Suits};
use crate::crash;
use crate::platform::inbox::{Inbox, RawEvent};
use crate::platform::{Endpoint, EndpointError};
use crate::types::{Button, FormWords, Inbound, Localized, Platform, Private};

/// Discord resets a token that identifies more than 1,000 times a day: stop while there is still room for a person's restart.
const IDENTIFIES_KEPT: u64 = 50;
/// serenity identifies again by itself, at most every ten seconds: look at what is left from time to time.
const CHECK_EVERY: Duration = Duration::from_secs(300);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
const STOP_LIMIT: Duration = Duration::from_secs(2);
/// How long a text, and what Discord wants answered within three seconds, may wait for what was written before it and missed.
const TEXT_FIRST: Duration = Duration::from_secs(5);
const ANSWERED_FIRST: Duration = Duration::from_secs(1);
const STORE_LIMIT: Duration = Duration::from_secs(10);

/// How long the gateway may say nothing.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// What the listener needs to know.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Which of the bot's connections it listens on.
    pub shard: Shard,
    /// Registers the commands in this server only, where changes show at once; `None` for everywhere.
    pub test_server: Option<String>,
    /// The command menu.
    pub commands: Vec<SlashCommand>,
    /// What is written on forms.
    pub form: Localized<FormWords>,
    /// How long the gateway may say nothing before it is left and connected to anew; [`PATIENCE`] is good.
    pub patience: Duration,
    /// How long a command waits for its answer before "thinking…" is shown; 1.5 s is good, Discord allows 3 s.
    pub defer_after: Duration,
}

/// An entry of the command menu.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlashCommand {
    /// Lower case, without a slash.
    pub name: String,
    /// 1 to 100 characters.
    pub description: String,
    /// The same in other languages, by Discord's names of them (see [`locales`]).
    pub descriptions: BTreeMap<String, String>,
    /// May be followed by free text.
    pub takes_text: bool,
}

/// Why the listener cannot go on and a person must act.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// Wrong or revoked.
    #[error(
        "Discord does not accept the token: check `token` in the [discord] settings, or make a new one on the Bot page"
    )]
    Token,
    /// Going on could get the token reset.
    #[error(
        "only {remaining} gateway sessions are left today (they come back in {reset_after}): restarting too often?"
    )]
    SessionsUsedUp {
        /// How many are left.
        remaining: u64,
        /// In words.
        reset_after: String,
    },
    /// An intent that the application does not have.
    #[error("Discord refuses the gateway intents of this bot")]
    Intents,
    /// Too many servers for so few connections.
    #[error(
        "Discord does not let a bot with so many servers come with {total} connection(s): set `shards` in the [discord] settings to {recommended}"
    )]
    TooFewShards {
        /// How many there are.
        total: u32,
        /// How many Discord recommends.
        recommended: u64,
    },
    /// Discord names a gateway that the settings forbid.
    #[error("the gateway cannot be used: {0}")]
    Gateway(#[from] EndpointError),
}

/// A bot that was checked and whose commands are registered, ready to [`Listener::run`].
pub struct Listener {
    application: String,
    line: Line,
    porter: Arc<dyn Porter>,
    rest: Arc<Rest>,
    interactions: Interactions,
    defer_after: Duration,
    form: Localized<FormWords>,
}

#[derive(Clone)]
struct Shared {
    rest: Arc<Rest>,
    interactions: Interactions,
    defer_after: Duration,
    form: Localized<FormWords>,
    cancel: CancellationToken,
}

impl Listener {
    /// Asks Discord who we are and, for the first of the bot's connections, registers the slash commands.
    ///
    /// # Errors
    /// [`ListenError::Token`] for a wrong token; other errors when Discord cannot be reached or refuses the commands.
    pub async fn start(settings: Settings, rest: Arc<Rest>, interactions: Interactions) -> anyhow::Result<Self> {
        // A bot's user has the id of its application; some stand-ins for Discord know only the one.
        let me = match rest.call(Method::GET, "/applications/@me", None).await {
            Err(error) if error.is_unknown_path() => rest.call(Method::GET, "/users/@me", None).await,
            known => known,
        };
        let me = me.map_err(explain).context("Discord does not tell who this bot is")?;
        let application = me["id"].as_str().context("Discord does not tell who this bot is")?.to_owned();
        if settings.shard.hears_direct_messages() {
            register(&settings, &rest, &application).await?;
        }
        tracing::info!(application, "Discord: connected");
        let Settings { shard, patience, defer_after, form, .. } = settings;
        let line = Line { shard, patience };
        Ok(Self { application, line, porter: Arc::new(OpenDoor), rest, interactions, defer_after, form })
    }

    /// The same, logging in when somebody lets it.
    #[must_use]
    pub fn let_in_by(self, porter: Arc<dyn Porter>) -> Self {
        Self { porter, ..self }
    }

    /// The id of our application, which is also the bot's name in the inbox.
    #[must_use]
    pub fn bot(&self) -> &str {
        &self.application
    }

    /// Listens until `cancel`. A gateway that fails is started again after a pause.
    ///
    /// # Errors
    /// A [`ListenError`], when only a person can help.
    pub async fn run(self, inbox: Arc<dyn Inbox>, cancel: CancellationToken) -> anyhow::Result<()> {
        let Self { application, line, porter, rest, interactions, defer_after, form } = self;
        let shared = Shared { rest, interactions, defer_after, form, cancel: cancel.clone() };
        let catch_up = Arc::new(CatchUp::new(shared.rest.clone(), inbox.clone(), application.clone()));
        let running = Running { application, line, porter, shared, inbox, catch_up, tasks: TaskTracker::new() };
        let mut failures = 0;
        let result = loop {
            match running.session().await {
                Ok(()) => failures = 0,
                Err(error) if error.is::<ListenError>() => break Err(error),
                Err(error) => tracing::warn!(error = %error, "The Discord gateway stopped; it is started again."),
            }
            failures += 1;
            tokio::select! {
                () = cancel.cancelled() => break Ok(()),
                () = sleep(pause(failures)) => {}
            }
        };
        running.tasks.close();
        // Acknowledgements under way may end; one that does not is not worth waiting for.
        let _ = timeout(STOP_LIMIT, running.tasks.wait()).await;
        result
    }
}

/// Gives Discord the command menu.
async fn register(settings: &Settings, rest: &Rest, application: &str) -> anyhow::Result<()> {
    let path = match &settings.test_server {
        Some(server) => format!("/applications/{application}/guilds/{server}/commands"),
        None => format!("/applications/{application}/commands"),
    };
    let commands = Value::Array(settings.commands.iter().map(registration).collect());
    let registered = rest.call(Method::PUT, &path, Some(&commands)).await.map_err(explain);
    if let Err(error) = registered {
        // People can still write: direct messages take typed commands.
        if error.is::<ListenError>() {
            return Err(error);
        }
        tracing::warn!(error = format!("{error:#}"), "Discord did not take the slash commands; direct messages work");
    }
    Ok(())
}

/// A listener with everything that its sessions need.
struct Running {
    application: String,
    line: Line,
    porter: Arc<dyn Porter>,
    shared: Shared,
    inbox: Arc<dyn Inbox>,
    catch_up: Arc<CatchUp>,
    tasks: TaskTracker,
}

/// What Discord tells of its gateway.
struct Known {
    address: Endpoint,
    /// How many may log in within five seconds.
    at_once: u64,
    /// How many connections Discord recommends.
    recommended: u64,
}

/// How a session of the gateway ended.
enum Ended {
    /// It failed, or its thread is gone.
    ByItself(Result<anyhow::Result<()>, RecvError>),
    /// We want it to end, with this result.
    Stopped(anyhow::Result<()>),
}

impl Running {
    /// One life of the gateway. `Ok` when it was asked to stop or ended by itself.
    async fn session(&self) -> anyhow::Result<()> {
        let cancel = &self.shared.cancel;
        let address = tokio::select! {
            biased;
            () = cancel.cancelled() => return Ok(()),
            address = self.admitted() => address?,
        };
        let (mut gateway, mut events) = Gateway::open(&self.shared.rest, address, self.line)?;
        let mut check = tokio::time::interval_at(Instant::now() + CHECK_EVERY, CHECK_EVERY);
        let ended = loop {
            tokio::select! {
                biased;
                () = cancel.cancelled() => break Ended::Stopped(Ok(())),
                Some(event) = events.recv() => {
                    if matches!(event, Received::Connected) {
                        check.reset_immediately();
                    }
                    self.take(event).await;
                }
                ended = &mut gateway.ended => break Ended::ByItself(ended),
                _ = check.tick() => if let Err(error) = self.shared.gateway().await && error.is::<ListenError>() {
                    break Ended::Stopped(Err(error));
                },
            }
        };
        let result = match ended {
            Ended::ByItself(result) => result.unwrap_or_else(|_| Err(anyhow::anyhow!("the gateway's thread ended"))),
            Ended::Stopped(result) => {
                gateway.close().await;
                result
            }
        };
        while let Ok(event) = events.try_recv() {
            self.take(event).await;
        }
        result
    }

    /// Where the gateway is, when it is our turn to log in. What serenity does by itself later (a session that cannot be
    /// resumed) waits for nobody: a login too many is refused, and serenity tries again five seconds later.
    async fn admitted(&self) -> anyhow::Result<Endpoint> {
        let gateway = self.shared.gateway().await?;
        enough_shards(self.line.shard, gateway.recommended)?;
        self.porter.admits(self.line.shard.bucket(gateway.at_once)).await;
        Ok(gateway.address)
    }

    /// Stores one event, then acknowledges it.
    async fn take(&self, event: Received) {
        let shared = self.shared.clone();
        let event = match event {
            Received::Connected => return self.connected().await,
            Received::Event(event) => event,
        };
        if let Some(form) = event.opens_form() {
            self.tasks.spawn(async move { shared.open_form(&event.data, &form).await });
            return;
        }
        let raw = inbound::wrap(event.kind, event.data.clone());
        let Some(inbound) = inbound::decode(&raw) else { return };
        let reply = inbound.reply.as_deref().and_then(Reply::parse);
        if let Some(reply) = &reply {
            shared.interactions.advance(&reply.id, Progress::Open);
        }
        let limit = if reply.is_some() { ANSWERED_FIRST } else { TEXT_FIRST };
        self.catch_up.read_first(&inbound.place.id, limit).await;
        if !self.store(&inbound, raw).await {
            return;
        }
        if let Some(reply) = reply {
            self.tasks.spawn(async move { shared.acknowledge(&reply, &event.data, event.at).await });
        }
    }

    /// A new session: what was written before it began is read beside what happens in it.
    async fn connected(&self) {
        let Shard { id, total } = self.line.shard;
        tracing::info!(shard = id, shards = total, "Discord's gateway is connected.");
        if !self.line.shard.hears_direct_messages() {
            return;
        }
        let session = self.catch_up.begin().await;
        let (catch_up, cancel) = (self.catch_up.clone(), self.shared.cancel.clone());
        self.tasks.spawn(async move { catch_up.run(session, &cancel).await });
    }

    async fn store(&self, inbound: &Inbound, raw: String) -> bool {
        let event = RawEvent { id: inbound.event.clone(), raw: Private::new(raw) };
        let mut failures = 0;
        loop {
            let put = self.inbox.put(Platform::Discord, &self.application, vec![event.clone()]);
            match timeout(STORE_LIMIT, put).await {
                Ok(Ok(())) => {
                    crash::point("before_ack");
                    return true;
                }
                Ok(Err(error)) => tracing::error!(error = %error, "What Discord sent cannot be stored; trying again."),
                Err(_) => tracing::error!("Storing what Discord sent takes too long; trying again."),
            }
            failures += 1;
            tokio::select! {
                () = self.shared.cancel.cancelled() => return false,
                () = sleep(pause(failures).min(Duration::from_secs(5))) => {}
            }
        }
    }
}

impl Shared {
    /// Where the gateway is, after a look at how often we may still identify.
    async fn gateway(&self) -> anyhow::Result<Known> {
        let answer = self.rest.call(Method::GET, "/gateway/bot", None).await;
        let answer = answer.map_err(explain).context("Discord does not name its gateway")?;
        let limit = &answer["session_start_limit"];
        enough_sessions(limit)?;
        let address = answer["url"].as_str().context("Discord does not name its gateway")?;
        let address = Endpoint::new(address, self.rest.network()).map_err(ListenError::Gateway)?;
        let at_once = limit["max_concurrency"].as_u64().unwrap_or(1);
        Ok(Known { address, at_once, recommended: answer["shards"].as_u64().unwrap_or(1) })
    }

    async fn acknowledge(&self, reply: &Reply, data: &Value, at: Instant) {
        match reply.kind {
            Kind::Component => self.show_choice(reply, data).await,
            Kind::Command | Kind::Modal => self.defer(reply, at).await,
        }
    }

    /// Puts what was chosen in the place of the buttons. The text stays as it is, and so does a button that can be pressed again.
    async fn show_choice(&self, reply: &Reply, data: &Value) {
        let token = data.pointer("/data/values/0").or_else(|| data.pointer("/data/custom_id")).and_then(Value::as_str);
        let body = if token.is_some_and(|token| token.starts_with(Button::STAYS)) {
            json!({ "type": 6 })
        } else {
            let label = token.and_then(|token| components::label_of(&data["message"], token)).unwrap_or_default();
            let shown = json!({ "components": components::chosen(label), "allowed_mentions": { "parse": [] } });
            json!({ "type": 7, "data": shown })
        };
        self.call_back(reply, &body).await;
        self.interactions.advance(&reply.id, Progress::Answered);
    }

    /// Shows "thinking…" when the answer takes its time, counted from the moment the event came; or when we stop, so that it
    /// can still be answered after a restart. Ephemeral now means ephemeral for good.
    async fn defer(&self, reply: &Reply, at: Instant) {
        tokio::select! {
            () = sleep_until(at + self.defer_after) => {}
            () = self.cancel.cancelled() => {}
        }
        if self.interactions.progress(&reply.id) != Some(Progress::Open) {
            return;
        }
        let flags = if reply.ephemeral { 64 } else { 0 };
        if self.call_back(reply, &json!({ "type": 5, "data": { "flags": flags } })).await {
            self.interactions.advance(&reply.id, Progress::Deferred);
        }
    }

    async fn open_form(&self, data: &Value, form: &str) {
        let (Some(id), Some(token)) = (data["id"].as_str(), data["token"].as_str()) else { return };
        let language = components::form_id(form).and_then(|(_, language)| language);
        let body = json!({ "type": 9, "data": components::form(form, self.form.of(language)) });
        report(self.rest.call(Method::POST, &callback(id, token), Some(&body)).await);
    }

    async fn call_back(&self, reply: &Reply, body: &Value) -> bool {
        report(self.rest.call(Method::POST, &callback(&reply.id, &reply.token), Some(body)).await)
    }
}

/// True when it was done now. The person can always press again, so a failure is only noted.
fn report(result: Result<Value, ApiError>) -> bool {
    match result {
        Ok(_) => true,
        Err(error) if error.code() == ACKNOWLEDGED => false,
        Err(error) => {
            tracing::info!(discord.error = %error.classify(), "An interaction could not be acknowledged.");
            false
        }
    }
}

fn enough_sessions(limit: &Value) -> Result<(), ListenError> {
    let remaining = limit["remaining"].as_u64().unwrap_or(u64::MAX);
    if remaining >= IDENTIFIES_KEPT {
        return Ok(());
    }
    let millis = limit["reset_after"].as_i64().unwrap_or(0);
    Err(ListenError::SessionsUsedUp { remaining, reset_after: crate::types::describe_seconds(millis / 1000) })
}

fn enough_shards(shard: Shard, recommended: u64) -> Result<(), ListenError> {
    match shard.suits(recommended) {
        Suits::Well => Ok(()),
        Suits::Tight => {
            tracing::warn!(
                shards = shard.total,
                recommended,
                "Discord recommends more connections: set `shards` in the [discord] settings before it demands them."
            );
            Ok(())
        }
        Suits::TooFew => Err(ListenError::TooFewShards { total: shard.total, recommended }),
    }
}

fn explain(error: ApiError) -> anyhow::Error {
    match error {
        ApiError::Status { status: 401, .. } => ListenError::Token.into(),
        error => error.classify().into(),
    }
}

/// 1 s, 2 s, 4 s ... 60 s, each up to half longer, so that many bots do not come back together.
fn pause(failures: u32) -> Duration {
    let base = Duration::from_secs(1 << failures.saturating_sub(1).min(6)).min(LONGEST_PAUSE);
    base.mul_f64(1.0 + 0.5 * fraction()).min(LONGEST_PAUSE)
}

/// Some number from 0 to 1; good enough to spread restarts.
fn fraction() -> f64 {
    use std::hash::{BuildHasher, RandomState};
    let bits = u32::try_from(RandomState::new().hash_one(0_u8) >> 32).unwrap_or(0);
    f64::from(bits) / f64::from(u32::MAX)
}

/// Discord's names of a language; none for one that its app does not speak. Source: Discord, "Locales".
#[must_use]
pub fn locales(tag: &str) -> Vec<&'static str> {
    const ALL: [&str; 32] = [
        "id", "da", "de", "en-GB", "en-US", "es-ES", "es-419", "fr", "hr", "it", "lt", "hu", "nl", "no", "pl", "pt-BR",
        "ro", "fi", "sv-SE", "vi", "tr", "cs", "el", "bg", "ru", "uk", "hi", "th", "zh-CN", "ja", "zh-TW", "ko",
    ];
    let exact = ALL.into_iter().filter(|name| name.eq_ignore_ascii_case(tag)).collect::<Vec<_>>();
    let region_of = |name: &&str| !tag.contains('-') && name.split('-').next() == Some(tag);
    if exact.is_empty() { ALL.into_iter().filter(region_of).collect() } else { exact }
}

/// Servers and DMs with the bot (contexts 0 and 1), installed in a server (integration type 0).
fn registration(command: &SlashCommand) -> Value {
    let text = json!([{ "type": 3, "name": "text", "description": "What you want to say", "required": false }]);
    json!({
        "type": 1,
        "name": command.name,
        "description": command.description,
        "description_localizations": command.descriptions,
        "options": if command.takes_text { text } else { json!([]) },
        "contexts": [0, 1],
        "integration_types": [0],
    })
}
