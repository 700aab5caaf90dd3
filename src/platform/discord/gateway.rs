//! serenity's client on a thread with a runtime of its own.
//!
//! serenity starts a task for each event. On one thread they run in the order in which events came, where several would
//! overtake each other; and dropping the runtime surely ends all of them. serenity logs what it receives and what it cannot
//! read: nothing that this thread says reaches a log. Never stores and never answers anything.
//!
//! serenity waits for ever for a connection and for the beginning of a conversation on it, and asks whether somebody is still
//! there every 41 seconds only. So it is watched: who says nothing for half of the patience is asked, and who says nothing for
//! all of it is left.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use secrecy::ExposeSecret;
use serde_json::{Value, json};
use serenity::all::{
    ClientBuilder, ConnectionStage, Context, Event, GatewayError, GatewayIntents, HttpBuilder, RawEventHandler,
    ShardId, ShardManager,
};
use serenity::async_trait;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;
use tracing::subscriber::{NoSubscriber, with_default};

use super::components::FORM;
use super::listen::ListenError;
use super::rest::{self, Rest};
use super::shards::Shard;
use crate::platform::Endpoint;

const STOP_LIMIT: Duration = Duration::from_secs(2);
const CLOSE_LIMIT: Duration = Duration::from_millis(1200);
/// How often a connection is looked at while one is patient with it.
const LOOKS: u32 = 12;
/// "Are you there?" (Discord, "Heartbeat"), beside those that serenity sends.
const HEARTBEAT: &str = r#"{"op":1,"d":null}"#;
/// An address that cannot be connected to: a gateway that was closed must not come back.
const NOWHERE: &str = "closed";

/// What the gateway tells.
pub(super) enum Received {
    /// A new session began.
    Connected,
    /// Something that may be an input.
    Event(Dispatch),
}

/// A message or an interaction as Discord sent it.
pub(super) struct Dispatch {
    /// `message` or `interaction`.
    pub(super) kind: &'static str,
    /// The payload.
    pub(super) data: Value,
    /// When it came.
    pub(super) at: Instant,
}

impl Received {
    fn new(event: &Event) -> Option<Self> {
        match event {
            Event::Ready(_) => Some(Received::Connected),
            Event::MessageCreate(event) => Self::event("message", serde_json::to_value(&event.message).ok()?),
            Event::InteractionCreate(event) => {
                let mut data = serde_json::to_value(&event.interaction).ok()?;
                // serenity reads the type into the variant and does not write it again.
                data["type"] = json!(u8::from(event.interaction.kind()));
                Self::event("interaction", data)
            }
            // What serenity cannot read comes here as it is, e.g. with a kind of component that is newer than serenity.
            Event::Unknown(event) => match event.kind.as_str() {
                "MESSAGE_CREATE" => Self::event("message", event.value.clone()),
                "INTERACTION_CREATE" => Self::event("interaction", event.value.clone()),
                _ => None,
            },
            _ => None,
        }
    }

    fn event(kind: &'static str, data: Value) -> Option<Self> {
        Some(Received::Event(Dispatch { kind, data, at: Instant::now() }))
    }
}

impl Dispatch {
    /// The form that a pressed button opens. Such a press is no input.
    pub(super) fn opens_form(&self) -> Option<String> {
        let id = self.data.pointer("/data/custom_id")?.as_str()?;
        let pressed = self.kind == "interaction" && self.data["type"] == 3;
        (pressed && id.starts_with(FORM)).then(|| id.to_owned())
    }
}

/// serenity's client on its own thread.
pub(super) struct Gateway {
    stop: CancellationToken,
    /// Why it ended, when it ends by itself.
    pub(super) ended: oneshot::Receiver<anyhow::Result<()>>,
}

/// What serenity calls.
#[derive(Clone)]
struct Handler {
    events: mpsc::UnboundedSender<Received>,
    /// How much came.
    heard: Arc<AtomicU64>,
}

/// Which connection, and how long it may say nothing.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line {
    pub(super) shard: Shard,
    pub(super) patience: Duration,
}

impl Gateway {
    /// Starts listening at an address that was checked.
    pub(super) fn open(
        rest: &Rest,
        address: Endpoint,
        line: Line,
    ) -> anyhow::Result<(Self, mpsc::UnboundedReceiver<Received>)> {
        let (events, received) = mpsc::unbounded_channel();
        let (end, ended) = oneshot::channel();
        let stop = CancellationToken::new();
        let handler = Handler { events, heard: Arc::default() };
        let http = http(rest)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let stopping = stop.clone();
        std::thread::Builder::new().name("discord-gateway".into()).spawn(move || {
            let serving = serve(http, address, line, handler, stopping);
            let result = with_default(NoSubscriber::new(), || runtime.block_on(serving));
            runtime.shutdown_background();
            // Nobody listens any more when the listener gave up waiting.
            let _ = end.send(result);
        })?;
        Ok((Self { stop, ended }, received))
    }

    /// Logs off. A thread that does not end in time is left alone: it ends with the process.
    pub(super) async fn close(self) {
        self.stop.cancel();
        if timeout(STOP_LIMIT, self.ended).await.is_err() {
            tracing::warn!("The Discord gateway did not close in time.");
        }
    }
}

/// The one place where serenity's client is made. It asks for the gateway's address itself and takes the real one when that
/// fails, so the address we checked is put in its place before anything is connected.
fn http(rest: &Rest) -> anyhow::Result<serenity::http::Http> {
    let builder = HttpBuilder::new(rest.token().expose_secret()).client(rest::client(rest.network())?);
    Ok(builder.proxy(rest.root()).ratelimiter_disabled(true).build())
}

async fn serve(
    http: serenity::http::Http,
    address: Endpoint,
    line: Line,
    handler: Handler,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let (Line { shard, patience }, heard) = (line, Arc::clone(&handler.heard));
    let builder = ClientBuilder::new_with_http(http, GatewayIntents::DIRECT_MESSAGES);
    let mut client = builder.raw_event_handler(handler).await.map_err(fault)?;
    let (target, shards) = (Arc::clone(&client.ws_url), Arc::clone(&client.shard_manager));
    *target.lock().await = format!("{}/", address.as_str());
    tokio::select! {
        ended = client.start_shard(shard.id, shard.total) => ended.map_err(fault),
        () = silence(&shards, ShardId(shard.id), &heard, patience) => Err(anyhow::anyhow!("Discord says nothing any more")),
        () = stop.cancelled() => {
            NOWHERE.clone_into(&mut *target.lock().await);
            // Without an answer the connection is just dropped.
            let _ = timeout(CLOSE_LIMIT, log_off(&shards, ShardId(shard.id))).await;
            Ok(())
        }
    }
}

/// Until nothing has been heard for too long: no event, no answer to "are you there", no change of the connection's state.
async fn silence(shards: &ShardManager, id: ShardId, heard: &AtomicU64, patience: Duration) {
    let (mut last, mut since, mut asked) = (None, Instant::now(), false);
    loop {
        sleep(patience / LOOKS).await;
        let runners = shards.runners.lock().await;
        let shard = runners.get(&id);
        // The time that an answer took is measured by serenity, and no two answers take the same.
        let now = (heard.load(Ordering::Relaxed), shard.map(|shard| (shard.latency, shard.stage)));
        if last != Some(now) {
            (last, since, asked) = (Some(now), Instant::now(), false);
        } else if since.elapsed() >= patience {
            return;
        } else if let (Some(shard), false) = (shard, asked || since.elapsed() < patience / 2) {
            shard.runner_tx.websocket_message(HEARTBEAT.to_owned().into());
            asked = true;
        }
    }
}

/// Sends a close frame and waits until it was answered: the shard then tries to come back, to [`NOWHERE`]. serenity's own
/// shutdown is not used because it never ends when the answer does not come.
async fn log_off(shards: &ShardManager, id: ShardId) {
    if let Some(shard) = shards.runners.lock().await.get(&id) {
        shard.runner_tx.shutdown_clean();
    }
    while let Some(ConnectionStage::Connected) = shards.runners.lock().await.get(&id).map(|shard| shard.stage) {
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
        self.heard.fetch_add(1, Ordering::Relaxed);
        if let Some(received) = Received::new(&event) {
            // Nobody listens any more when we are stopping.
            let _ = self.events.send(received);
        }
    }
}
