//! What happens on Discord, into the inbox; and the acknowledgements that Discord wants within three seconds.
//!
//! serenity keeps the gateway on a thread with a runtime of its own: its tasks run there in the order in which events came
//! (on several threads they overtake each other), and dropping that runtime surely ends them. Events are stored one by one,
//! in order, before they are acknowledged; what is no input is neither stored nor looked at.
//!
//! Never answers a person, never decides anything. An event whose storing fails is tried again until it works or we stop.
//! serenity logs payloads that it cannot read: its log target must stay off.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use reqwest::Method;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use serenity::all::{
    ClientBuilder, ConnectionStage, Context, Event, EventHandler, GatewayError, GatewayIntents, HttpBuilder,
    RawEventHandler, ShardId, ShardManager, ShardStageUpdateEvent,
};
use serenity::async_trait;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::components::{self, FORM, INERT};
use super::inbound::{self, Kind, Reply};
use super::interactions::{Interactions, Progress};
use super::outbound::callback;
use super::rest::{self, ACKNOWLEDGED, ApiError, Rest};
use crate::platform::inbox::{Inbox, RawEvent};
use crate::platform::{Endpoint, EndpointError, Network};
use crate::types::{Inbound, Platform, Private};

/// Discord resets a token that identifies more than 1,000 times a day: stop while there is still room for a person's restart.
const IDENTIFIES_KEPT: u64 = 50;
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
const STOP_LIMIT: Duration = Duration::from_secs(2);
const CLOSE_LIMIT: Duration = Duration::from_millis(1200);
/// An address that cannot be connected to: a gateway that was closed must not come back.
const NOWHERE: &str = "closed";

/// What the adapter needs to know.
#[derive(Clone)]
pub struct Settings {
    /// Where Discord's API is: `https://discord.com`.
    pub api: Endpoint,
    /// Which hosts may be talked to; the gateway's address is held against it as well.
    pub network: Network,
    /// The bot's token.
    pub token: SecretString,
    /// Registers the commands in this server only, where changes show at once; `None` for everywhere.
    pub test_server: Option<String>,
    /// The command menu.
    pub commands: Vec<SlashCommand>,
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
    /// Discord names a gateway that the settings forbid.
    #[error("the gateway cannot be used: {0}")]
    Gateway(#[from] EndpointError),
}

/// A bot that was checked and whose commands are registered, ready to [`Listener::run`].
pub struct Listener {
    settings: Settings,
    application: String,
    shared: Shared,
}

#[derive(Clone)]
struct Shared {
    rest: Arc<Rest>,
    interactions: Interactions,
    defer_after: Duration,
}

impl Listener {
    /// Asks Discord who we are and registers the slash commands.
    ///
    /// # Errors
    /// [`ListenError::Token`] for a wrong token; other errors when Discord cannot be reached or refuses the commands.
    pub async fn start(settings: Settings, rest: Arc<Rest>, interactions: Interactions) -> anyhow::Result<Self> {
        let me = rest.call(Method::GET, "/applications/@me", None).await;
        let me = me.map_err(explain).context("Discord does not tell who this bot is")?;
        let application = me["id"].as_str().context("Discord does not tell who this bot is")?.to_owned();
        let path = match &settings.test_server {
            Some(server) => format!("/applications/{application}/guilds/{server}/commands"),
            None => format!("/applications/{application}/commands"),
        };
        let commands = Value::Array(settings.commands.iter().map(registration).collect());
        let registered = rest.call(Method::PUT, &path, Some(&commands)).await;
        registered.map_err(explain).context("Discord does not take the commands")?;
        let shared = Shared { rest, interactions, defer_after: settings.defer_after };
        Ok(Self { settings, application, shared })
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
        let tasks = TaskTracker::new();
        let mut failures = 0;
        let result = loop {
            match self.session(&inbox, &cancel, &tasks).await {
                Ok(()) => failures = 0,
                Err(error) if error.is::<ListenError>() => break Err(error),
                Err(error) => {
                    tracing::warn!(discord.error = %error, "The Discord gateway stopped; it is started again.")
                }
            }
            failures += 1;
            tokio::select! {
                () = cancel.cancelled() => break Ok(()),
                () = sleep(pause(failures)) => {}
            }
        };
        tasks.close();
        // Acknowledgements under way may end; a deferral that still waits is not worth waiting for.
        let _ = timeout(STOP_LIMIT, tasks.wait()).await;
        result
    }

    /// One life of the gateway. `Ok` when it was asked to stop or ended by itself.
    async fn session(
        &self,
        inbox: &Arc<dyn Inbox>,
        cancel: &CancellationToken,
        tasks: &TaskTracker,
    ) -> anyhow::Result<()> {
        if cancel.is_cancelled() {
            return Ok(());
        }
        let address = tokio::select! {
            address = self.shared.gateway(self.settings.network) => address?,
            () = cancel.cancelled() => return Ok(()),
        };
        let (mut gateway, mut events) = Gateway::open(&self.settings, &self.shared, address)?;
        let ended = loop {
            tokio::select! {
                biased;
                () = cancel.cancelled() => break None,
                Some(event) = events.recv() => self.take(inbox, cancel, tasks, event).await,
                ended = &mut gateway.ended => break Some(ended),
            }
        };
        let result = match ended {
            Some(ended) => ended.unwrap_or_else(|_| Err(anyhow::anyhow!("the gateway's thread ended"))),
            None => gateway.close().await,
        };
        while let Ok(event) = events.try_recv() {
            self.take(inbox, cancel, tasks, event).await;
        }
        result
    }

    /// Stores one event, then acknowledges it.
    async fn take(&self, inbox: &Arc<dyn Inbox>, cancel: &CancellationToken, tasks: &TaskTracker, event: Received) {
        let shared = self.shared.clone();
        if let Some(form) = event.opens_form() {
            tasks.spawn(async move { shared.open_form(&event.data, &form).await });
            return;
        }
        let raw = inbound::wrap(event.kind, event.data.clone());
        let Some(inbound) = inbound::decode(&raw) else { return };
        let reply = inbound.reply.as_deref().and_then(Reply::parse);
        if let Some(reply) = &reply {
            shared.interactions.advance(&reply.id, Progress::Open);
        }
        if !self.store(inbox, cancel, &inbound, raw).await {
            return;
        }
        if let Some(reply) = reply {
            tasks.spawn(async move { shared.acknowledge(&reply, &event.data).await });
        }
    }

    async fn store(&self, inbox: &Arc<dyn Inbox>, cancel: &CancellationToken, inbound: &Inbound, raw: String) -> bool {
        let event = RawEvent { id: inbound.event.clone(), raw: Private::new(raw) };
        let mut failures = 0;
        loop {
            match inbox.put(Platform::Discord, &self.application, vec![event.clone()]).await {
                Ok(()) => return true,
                Err(error) => tracing::error!(error = %error, "What Discord sent cannot be stored; trying again."),
            }
            failures += 1;
            tokio::select! {
                () = cancel.cancelled() => return false,
                () = sleep(pause(failures).min(Duration::from_secs(5))) => {}
            }
        }
    }
}

impl Shared {
    /// The gateway's address, after a look at how often we may still identify.
    async fn gateway(&self, network: Network) -> anyhow::Result<Endpoint> {
        let answer = self.rest.call(Method::GET, "/gateway/bot", None).await;
        let answer = answer.map_err(explain).context("Discord does not name its gateway")?;
        enough_sessions(&answer["session_start_limit"])?;
        let address = answer["url"].as_str().context("Discord does not name its gateway")?;
        Ok(Endpoint::new(address, network).map_err(ListenError::Gateway)?)
    }

    async fn acknowledge(&self, reply: &Reply, data: &Value) {
        match reply.kind {
            Kind::Component => self.show_choice(reply, data).await,
            Kind::Command | Kind::Modal => self.defer(reply).await,
        }
    }

    /// Puts what was chosen in the place of the buttons. The text stays as it is.
    async fn show_choice(&self, reply: &Reply, data: &Value) {
        let token = data.pointer("/data/values/0").or_else(|| data.pointer("/data/custom_id"));
        let label = token.and_then(Value::as_str).and_then(|token| components::label_of(&data["message"], token));
        let shown =
            json!({ "components": components::chosen(label.unwrap_or_default()), "allowed_mentions": { "parse": [] } });
        self.call_back(reply, &json!({ "type": 7, "data": shown })).await;
        self.interactions.advance(&reply.id, Progress::Answered);
    }

    /// Shows "thinking…" when the answer takes its time. Ephemeral now means ephemeral for good.
    async fn defer(&self, reply: &Reply) {
        sleep(self.defer_after).await;
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
        let body = json!({ "type": 9, "data": components::form(form) });
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

/// Servers and DMs with the bot (contexts 0 and 1), installed in a server (integration type 0).
fn registration(command: &SlashCommand) -> Value {
    let text = json!([{ "type": 3, "name": "text", "description": "What you want to say", "required": false }]);
    json!({
        "type": 1,
        "name": command.name,
        "description": command.description,
        "options": if command.takes_text { text } else { json!([]) },
        "contexts": [0, 1],
        "integration_types": [0],
    })
}

/// An event of the gateway that may be an input.
struct Received {
    kind: &'static str,
    data: Value,
}

impl Received {
    fn new(event: &Event) -> Option<Self> {
        match event {
            Event::MessageCreate(event) => {
                Some(Self { kind: "message", data: serde_json::to_value(&event.message).ok()? })
            }
            Event::InteractionCreate(event) => {
                let mut data = serde_json::to_value(&event.interaction).ok()?;
                // serenity reads the type into the variant and does not write it again.
                data["type"] = json!(u8::from(event.interaction.kind()));
                Some(Self { kind: "interaction", data })
            }
            _ => None,
        }
    }

    /// The form that a pressed button opens. Such a press is no input.
    fn opens_form(&self) -> Option<String> {
        let id = self.data.pointer("/data/custom_id")?.as_str()?;
        let pressed = self.kind == "interaction" && self.data["type"] == 3;
        (pressed && id.starts_with(FORM) && id != INERT).then(|| id.to_owned())
    }
}

/// serenity's client on its own thread.
struct Gateway {
    stop: CancellationToken,
    ended: oneshot::Receiver<anyhow::Result<()>>,
}

/// What serenity calls.
#[derive(Clone)]
struct Handler {
    events: mpsc::UnboundedSender<Received>,
    shared: Shared,
    network: Network,
    failed: mpsc::UnboundedSender<anyhow::Error>,
}

impl Gateway {
    fn open(
        settings: &Settings,
        shared: &Shared,
        address: Endpoint,
    ) -> anyhow::Result<(Self, mpsc::UnboundedReceiver<Received>)> {
        let (events, received) = mpsc::unbounded_channel();
        let (end, ended) = oneshot::channel();
        let (failed, failures) = mpsc::unbounded_channel();
        let stop = CancellationToken::new();
        let handler = Handler { events, shared: shared.clone(), network: settings.network, failed };
        let http = http(&shared.rest, settings.network)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let stopping = stop.clone();
        std::thread::Builder::new().name("discord-gateway".into()).spawn(move || {
            let result = runtime.block_on(serve(http, address, handler, failures, stopping));
            runtime.shutdown_background();
            // Nobody listens any more when the listener gave up waiting.
            let _ = end.send(result);
        })?;
        Ok((Self { stop, ended }, received))
    }

    /// Logs off. A thread that does not end in time is left alone: it ends with the process.
    async fn close(self) -> anyhow::Result<()> {
        self.stop.cancel();
        if timeout(STOP_LIMIT, self.ended).await.is_err() {
            tracing::warn!("The Discord gateway did not close in time.");
        }
        Ok(())
    }
}

/// The one place where serenity's client is made. It asks for the gateway's address itself and takes the real one when that
/// fails, so the address we checked is put in its place before anything is connected.
fn http(rest: &Rest, network: Network) -> anyhow::Result<serenity::http::Http> {
    let builder = HttpBuilder::new(rest.token().expose_secret()).client(rest::client(network)?);
    Ok(builder.proxy(rest.root()).ratelimiter_disabled(true).build())
}

async fn serve(
    http: serenity::http::Http,
    address: Endpoint,
    handler: Handler,
    mut failures: mpsc::UnboundedReceiver<anyhow::Error>,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let builder = ClientBuilder::new_with_http(http, GatewayIntents::DIRECT_MESSAGES);
    let mut client = builder.event_handler(handler.clone()).raw_event_handler(handler).await.map_err(fault)?;
    let (target, shards) = (Arc::clone(&client.ws_url), Arc::clone(&client.shard_manager));
    *target.lock().await = format!("{}/", address.as_str());
    tokio::select! {
        ended = client.start() => ended.map_err(fault),
        Some(error) = failures.recv() => Err(error),
        () = stop.cancelled() => {
            NOWHERE.clone_into(&mut *target.lock().await);
            // Without an answer the connection is just dropped.
            let _ = timeout(CLOSE_LIMIT, log_off(&shards)).await;
            Ok(())
        }
    }
}

/// Sends a close frame and waits until it was answered: the shard then tries to come back, to [`NOWHERE`]. serenity's own
/// shutdown is not used because it never ends when the answer does not come.
async fn log_off(shards: &ShardManager) {
    if let Some(shard) = shards.runners.lock().await.get(&ShardId(0)) {
        shard.runner_tx.shutdown_clean();
    }
    while let Some(ConnectionStage::Connected) = shards.runners.lock().await.get(&ShardId(0)).map(|shard| shard.stage) {
        sleep(Duration::from_millis(10)).await;
    }
}

fn fault(error: serenity::Error) -> anyhow::Error {
    match error {
        serenity::Error::Gateway(GatewayError::InvalidAuthentication) => ListenError::Token.into(),
        serenity::Error::Gateway(GatewayError::InvalidGatewayIntents | GatewayError::DisallowedGatewayIntents) => {
            ListenError::Intents.into()
        }
        serenity::Error::Gateway(_) => anyhow::anyhow!("a gateway error"),
        _ => anyhow::anyhow!("an error inside the gateway's client"),
    }
}

#[async_trait]
impl RawEventHandler for Handler {
    async fn raw_event(&self, _: Context, event: Event) {
        if let Some(received) = Received::new(&event) {
            // Nobody listens any more when we are stopping.
            let _ = self.events.send(received);
        }
    }
}

#[async_trait]
impl EventHandler for Handler {
    /// serenity identifies again by itself after a session was lost: look at the limit each time.
    async fn shard_stage_update(&self, _: Context, event: ShardStageUpdateEvent) {
        if event.new == ConnectionStage::Identifying
            && let Err(error) = self.shared.gateway(self.network).await
            && error.is::<ListenError>()
        {
            let _ = self.failed.send(error);
        }
    }
}
