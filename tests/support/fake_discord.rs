//! A Discord on this machine: HTTP API v10 and gateway, with the rules that bots trip over.
//!
//! Every request body is held against Discord's own OpenAPI description (`tests/data/specs/`), and against a few rules that
//! it misses. What breaks a rule is refused like the real one does and noted: see [`FakeDiscord::assert_no_violations`].
//! Not modelled: anything about servers beyond commands in one channel, permissions.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::ws::{CloseFrame, Message as Frame, WebSocket, WebSocketUpgrade};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use serde_json::{Value, json};
use tokio::sync::{Notify, mpsc};
use tokio::time::{Instant, timeout};

use super::multipart;

/// The token that the fake accepts.
pub const TOKEN: &str = "MTAwMDAwMDAwMDAwMDAwMDAx.GaBcDe.fake-token-fake-token-fake-token-0";
/// The id of the application and its bot.
pub const APPLICATION: &str = "1000000000000000001";
/// The server in which [`Person::uses_in_server`] happens.
pub const SERVER: &str = "7000000000000000001";
/// Another one; of two connections it belongs to the second.
pub const OTHER_SERVER: &str = "7000000000004194305";
/// The channel of that server.
pub const SERVER_CHANNEL: &str = "7000000000000000002";

const EPHEMERAL: u64 = 1 << 6;
const LOADING: u64 = 1 << 7;
const SILENT: u64 = 1 << 12;
/// How long helpers wait before they fail the test.
const PATIENCE: Duration = Duration::from_secs(30);
const NONCE_MEMORY: Duration = Duration::from_secs(180);

/// A running fake. Ends when it is dropped.
pub struct FakeDiscord {
    shared: Arc<Shared>,
    /// Its base address, `http://127.0.0.1:PORT`.
    pub url: String,
    server: tokio::task::JoinHandle<()>,
}

/// A message that a person can see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentMessage {
    pub content: String,
    /// Labels of buttons and options, also of disabled ones.
    pub buttons: Vec<String>,
    pub ephemeral: bool,
    pub silent: bool,
    pub channel: String,
    /// The picture, as a file, and what is read out in its place.
    pub picture: Option<(Vec<u8>, String)>,
}

/// A request that the fake got.
#[derive(Clone, Debug)]
pub struct Request {
    pub method: String,
    /// Without `/api/v10`.
    pub path: String,
    pub body: Value,
}

/// What goes wrong with a request.
#[derive(Clone, Debug)]
pub enum Fault {
    /// Answered with this status and body, nothing is done. Headers: `retry-after` and the like.
    Answer(u16, String, Vec<(&'static str, String)>),
    /// Never answered, nothing is done.
    Hang,
    /// Done, but the answer is a 502 with HTML.
    LoseAnswer,
}

struct Shared {
    world: Mutex<World>,
    changed: Notify,
    url: String,
}

struct World {
    last_id: u64,
    messages: Vec<Stored>,
    /// What people wrote, as it stands in their chats.
    written: Vec<Value>,
    channels: HashMap<String, String>,
    closed: HashSet<String>,
    interactions: HashMap<String, Interaction>,
    nonces: Vec<(String, usize, Instant)>,
    requests: Vec<Request>,
    violations: Vec<String>,
    faults: Vec<(String, Fault)>,
    headers: Vec<(String, Vec<(&'static str, String)>)>,
    commands: Value,
    gateway: Gateway,
    answer_limit: Duration,
    sessions_left: u64,
    gateway_url: Option<String>,
    thinking: usize,
    revoked: bool,
    /// The file of the request that is answered now.
    file: Option<Vec<u8>>,
}

struct Stored {
    id: String,
    channel: String,
    body: Value,
    flags: u64,
    only_for: Option<String>,
    deleted: bool,
    file: Option<Vec<u8>>,
}

struct Interaction {
    token: String,
    account: String,
    channel: String,
    in_server: bool,
    since: Instant,
    answered: bool,
    expired: bool,
    original: Option<usize>,
    pressed: Option<usize>,
    form: Option<String>,
}

struct Gateway {
    /// One for each connection that the bot has to have.
    shards: Vec<Shard>,
    /// How long logins of one bucket have to be apart, and how many buckets there are.
    login_every: Duration,
    max_concurrency: u64,
    recommended: u64,
    logins: Vec<(u64, Instant)>,
    /// How often the bot has to show that it is there, and whether it is told that this was heard.
    heartbeat: Duration,
    acknowledges: bool,
    identified: usize,
    resumed: usize,
    closed_cleanly: usize,
}

/// One connection.
#[derive(Default)]
struct Shard {
    session: Option<String>,
    log: Vec<(u64, String)>,
    socket: Option<mpsc::UnboundedSender<Order>>,
}

enum Order {
    Send(String),
    Drop,
}

type Refusal = (u16, u64, &'static str);

impl FakeDiscord {
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let shared = Arc::new(Shared { world: Mutex::new(World::new()), changed: Notify::new(), url: url.clone() });
        let app = Router::new()
            .route("/gateway", get(gateway))
            .route("/gateway/", get(gateway))
            .fallback(any(rest))
            .with_state(Arc::clone(&shared));
        let server = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { shared, url, server }
    }

    pub fn person(&self, account: u64) -> Person {
        Person { shared: Arc::clone(&self.shared), account: account.to_string() }
    }

    #[track_caller]
    pub fn assert_no_violations(&self) {
        let violations = self.shared.world().violations.clone();
        assert!(violations.is_empty(), "Discord's rules were broken:\n{}", violations.join("\n"));
    }

    pub fn violations(&self) -> Vec<String> {
        self.shared.world().violations.clone()
    }

    pub fn requests(&self) -> Vec<Request> {
        self.shared.world().requests.clone()
    }

    /// Bodies of the requests whose path contains this.
    pub fn bodies(&self, path: &str) -> Vec<Value> {
        self.requests().into_iter().filter(|request| request.path.contains(path)).map(|request| request.body).collect()
    }

    pub fn commands(&self) -> Value {
        self.shared.world().commands.clone()
    }

    /// The next request whose path ends like this goes wrong.
    pub fn fault(&self, path: &str, fault: Fault) {
        self.shared.world().faults.push((path.to_owned(), fault));
    }

    /// The next answer to such a request has these headers.
    pub fn tells(&self, path: &str, headers: Vec<(&'static str, String)>) {
        self.shared.world().headers.push((path.to_owned(), headers));
    }

    /// As after a few minutes: a nonce makes no message known again.
    pub fn forgets_nonces(&self) {
        self.shared.world().nonces.clear();
    }

    /// Interactions must be answered within this time (3 s).
    pub fn answer_limit(&self, limit: Duration) {
        self.shared.world().answer_limit = limit;
    }

    /// All tokens of interactions run out.
    pub fn expire_interactions(&self) {
        self.shared.world().interactions.values_mut().for_each(|interaction| interaction.expired = true);
    }

    pub fn sessions_left(&self, left: u64) {
        self.shared.world().sessions_left = left;
    }

    /// What `GET /gateway` and `GET /gateway/bot` tell.
    pub fn gateway_url(&self, url: &str) {
        self.shared.world().gateway_url = Some(url.to_owned());
    }

    /// The bot has to come with so many connections, and to log in one after the other, so far apart.
    pub fn wants_shards(&self, total: usize, login_every: Duration) {
        let gateway = &mut self.shared.world().gateway;
        gateway.shards.resize_with(total, Shard::default);
        (gateway.recommended, gateway.login_every) = (u64::try_from(total).unwrap(), login_every);
    }

    /// How many of them may log in at once (`max_concurrency`).
    pub fn logins_at_once(&self, many: u64) {
        self.shared.world().gateway.max_concurrency = many;
    }

    /// `GET /gateway/bot` recommends so many connections.
    pub fn recommends_shards(&self, many: u64) {
        self.shared.world().gateway.recommended = many;
    }

    /// The bot has to show so often that it is there.
    pub fn wants_heartbeats(&self, every: Duration) {
        self.shared.world().gateway.heartbeat = every;
    }

    /// Whether the bot is told that its heartbeats were heard.
    pub fn acknowledges_heartbeats(&self, does: bool) {
        self.shared.world().gateway.acknowledges = does;
    }

    /// Which connections are there.
    pub fn shards_heard(&self) -> Vec<usize> {
        let world = self.shared.world();
        let shards = world.gateway.shards.iter().enumerate();
        shards.filter(|(_, shard)| shard.socket.is_some()).map(|(id, _)| id).collect()
    }

    /// The next event's number is one too high, as after an event that got lost.
    pub fn skips_sequence(&self) {
        let mut world = self.shared.world();
        let shard = &mut world.gateway.shards[0];
        let seq = shard.next_seq();
        shard.log.push((seq, String::new()));
    }

    /// Cuts the gateway's connection without a word.
    pub fn drop_gateway(&self) {
        let mut world = self.shared.world();
        if let Some(socket) = world.gateway.shards[0].socket.take() {
            socket.send(Order::Drop).unwrap();
        }
    }

    /// Asks the client to reconnect (op 7).
    pub fn ask_reconnect(&self) {
        self.shared.world().gateway.shards[0].order(json!({ "op": 7, "d": null }));
    }

    /// Ends the session for good (op 9).
    pub fn invalidate_session(&self) {
        let mut world = self.shared.world();
        world.gateway.shards[0].session = None;
        world.gateway.shards[0].order(json!({ "op": 9, "d": false }));
    }

    /// The gateway does not accept the token any more (4004).
    pub fn revokes_token(&self) {
        self.shared.world().revoked = true;
    }

    pub fn deletes(&self, contains: &str) {
        let mut world = self.shared.world();
        world.messages.iter_mut().filter(|m| m.content().contains(contains)).for_each(|m| m.deleted = true);
    }

    pub fn identified(&self) -> usize {
        self.shared.world().gateway.identified
    }

    pub fn resumed(&self) -> usize {
        self.shared.world().gateway.resumed
    }

    pub fn closed_cleanly(&self) -> usize {
        self.shared.world().gateway.closed_cleanly
    }

    /// How often "thinking…" was shown.
    pub fn thinking(&self) -> usize {
        self.shared.world().thinking
    }

    /// True while a bot listens on the gateway. What happens at other times, nobody hears of.
    pub fn is_heard(&self) -> bool {
        self.shared.world().gateway.shards[0].socket.is_some()
    }

    /// How many messages of the bot there are in all channels together.
    pub fn accepted(&self) -> usize {
        self.shared.world().messages.len()
    }

    /// Waits until a bot listens on the gateway.
    pub async fn connected(&self) {
        self.until("a bot listens", |fake| fake.is_heard()).await;
    }

    /// Waits until something is so.
    pub async fn until(&self, what: &str, so: impl Fn(&Self) -> bool) {
        let wait = async {
            loop {
                let changed = self.shared.changed.notified();
                if so(self) {
                    return;
                }
                changed.await;
            }
        };
        assert!(timeout(PATIENCE, wait).await.is_ok(), "waited in vain until {what}");
    }
}

impl Drop for FakeDiscord {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// Somebody who uses the bot.
#[derive(Clone)]
pub struct Person {
    shared: Arc<Shared>,
    pub account: String,
}

impl Person {
    /// Writes a direct message.
    pub fn says(&self, text: &str) {
        self.sends(json!({ "content": text }));
    }

    /// Sends a direct message with these fields instead of ordinary ones.
    pub fn sends(&self, fields: Value) {
        let mut world = self.shared.world();
        let channel = world.open(&self.account);
        let mut message = message_json(&world.next_id(), &channel, &user(&self.account, false), "");
        for (name, value) in fields.as_object().unwrap() {
            message[name] = value.clone();
        }
        world.written.push(message.clone());
        world.dispatch("MESSAGE_CREATE", message);
        drop(world);
        self.shared.changed.notify_waiters();
    }

    /// Uses a command of the menu in the direct messages: `/checkin`, `/promise call Mum`.
    pub fn uses(&self, line: &str) {
        self.command(line, None);
    }

    /// Uses a command in a channel of a server.
    pub fn uses_in_server(&self, line: &str) {
        self.command(line, Some(SERVER));
    }

    /// The same in this server.
    pub fn uses_in(&self, server: &str, line: &str) {
        self.command(line, Some(server));
    }

    fn command(&self, line: &str, server: Option<&str>) {
        let (name, rest) = line.trim_start_matches('/').split_once(' ').unwrap_or((line.trim_start_matches('/'), ""));
        let mut data = json!({ "id": "5000", "name": name, "type": 1 });
        if !rest.is_empty() {
            data["options"] = json!([{ "name": "text", "type": 3, "value": rest }]);
        }
        self.interact(2, &data, server, None);
    }

    /// Presses a button, or chooses an option, by what is written on it: the newest they can see.
    #[track_caller]
    pub fn presses(&self, label: &str) {
        self.press(label);
    }

    #[track_caller]
    fn press(&self, label: &str) -> String {
        let world = self.shared.world();
        let found = world.messages.iter().enumerate().rev().find_map(|(index, message)| {
            let item = message.is_visible_to(&world, &self.account).then(|| message.item(label)).flatten()?;
            Some((index, item))
        });
        let seen = world.visible(&self.account);
        let Some((index, data)) = found else { panic!("nothing to press says `{label}`; they see {seen:#?}") };
        let server = (world.messages[index].channel == SERVER_CHANNEL).then_some(SERVER);
        drop(world);
        self.interact(3, &data, server, Some(index))
    }

    /// Presses "Write", waits for the form and hands it in.
    pub async fn writes(&self, text: &str) {
        self.writes_with("Write", text).await;
    }

    /// The same with another word on the button.
    pub async fn writes_with(&self, button: &str, text: &str) {
        let pressed = self.press(button);
        let form = self.shared.until("a form opens", |world| world.interactions[&pressed].form.clone()).await;
        let server = self.shared.world().interactions[&pressed].in_server.then_some(SERVER);
        let input = json!({ "type": 4, "id": 2, "custom_id": "text", "value": text });
        let data = json!({ "custom_id": form, "components": [{ "type": 1, "id": 1, "components": [input] }] });
        self.interact(5, &data, server, None);
    }

    /// Hands in a form with this data in the direct messages.
    pub fn submits(&self, data: Value) {
        self.interact(5, &data, None, None);
    }

    fn interact(&self, kind: u8, data: &Value, server: Option<&str>, pressed: Option<usize>) -> String {
        let in_server = server.is_some();
        let mut world = self.shared.world();
        let id = world.next_id();
        let token = format!("interaction-token-{id}");
        let channel = if in_server { SERVER_CHANNEL.to_owned() } else { world.open(&self.account) };
        let mut event = json!({
            "id": id, "application_id": APPLICATION, "type": kind, "token": token, "version": 1, "data": data,
            "channel_id": channel, "locale": "de", "entitlements": [], "attachment_size_limit": 10_485_760,
            "authorizing_integration_owners": { "0": server.unwrap_or("0") },
            "context": if in_server { 0 } else { 1 }, "app_permissions": "0", "something_new": { "unknown": [1] },
        });
        if in_server {
            event["guild_id"] = json!(server);
            event["guild_locale"] = json!("en-US");
            event["member"] = json!({
                "user": user(&self.account, false), "roles": [], "joined_at": "2026-01-01T00:00:00+00:00",
                "deaf": false, "mute": false, "flags": 0, "permissions": "0",
            });
        } else {
            event["user"] = user(&self.account, false);
        }
        if let Some(index) = pressed {
            event["message"] = world.messages[index].json();
        }
        let interaction = Interaction {
            token,
            account: self.account.clone(),
            channel,
            in_server,
            since: Instant::now(),
            answered: false,
            expired: false,
            original: None,
            pressed,
            form: None,
        };
        world.interactions.insert(id.clone(), interaction);
        world.dispatch("INTERACTION_CREATE", event);
        drop(world);
        self.shared.changed.notify_waiters();
        id
    }

    /// Refuses direct messages from now on.
    pub fn closes_dms(&self) {
        self.shared.world().closed.insert(self.account.clone());
    }

    /// What the bot wrote to them, as they see it now.
    pub fn sent(&self) -> Vec<SentMessage> {
        self.shared.world().visible(&self.account)
    }

    /// Waits until they see a message that contains this.
    pub async fn wait_for(&self, contains: &str, limit: Duration) -> SentMessage {
        let find =
            |world: &World| world.visible(&self.account).into_iter().rev().find(|m| m.content.contains(contains));
        match timeout(limit, self.shared.wait(find)).await {
            Ok(found) => found,
            Err(_) => panic!("no message with `{contains}` came; they see {:#?}", self.sent()),
        }
    }
}

impl Shared {
    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap()
    }

    async fn wait<T>(&self, find: impl Fn(&World) -> Option<T>) -> T {
        loop {
            let changed = self.changed.notified();
            if let Some(found) = find(&self.world()) {
                return found;
            }
            changed.await;
        }
    }

    async fn until<T>(&self, what: &str, find: impl Fn(&World) -> Option<T>) -> T {
        let found = timeout(PATIENCE, self.wait(find)).await;
        found.unwrap_or_else(|_| panic!("waited in vain until {what}"))
    }
}

impl World {
    fn new() -> Self {
        Self {
            last_id: 2_000_000_000_000_000_000,
            messages: Vec::new(),
            written: Vec::new(),
            channels: HashMap::new(),
            closed: HashSet::new(),
            interactions: HashMap::new(),
            nonces: Vec::new(),
            requests: Vec::new(),
            violations: Vec::new(),
            faults: Vec::new(),
            headers: Vec::new(),
            commands: Value::Null,
            gateway: Gateway {
                shards: vec![Shard::default()],
                login_every: Duration::ZERO,
                max_concurrency: 1,
                recommended: 1,
                logins: Vec::new(),
                heartbeat: Duration::from_millis(41_250),
                acknowledges: true,
                identified: 0,
                resumed: 0,
                closed_cleanly: 0,
            },
            answer_limit: Duration::from_secs(3),
            sessions_left: 1000,
            gateway_url: None,
            thinking: 0,
            revoked: false,
            file: None,
        }
    }

    fn next_id(&mut self) -> String {
        self.last_id += 1;
        self.last_id.to_string()
    }

    /// The DM channel with somebody; always the same.
    fn open(&mut self, account: &str) -> String {
        if let Some(channel) = self.channels.get(account) {
            return channel.clone();
        }
        let channel = self.next_id();
        self.channels.insert(account.to_owned(), channel.clone());
        channel
    }

    fn dispatch(&mut self, name: &str, data: Value) {
        // Discord, "Sharding": a server belongs to one connection, and what is of no server comes over the first.
        let server = data["guild_id"].as_str().and_then(|id| id.parse::<u64>().ok()).unwrap_or(0);
        let count = u64::try_from(self.gateway.shards.len()).unwrap();
        let shard = &mut self.gateway.shards[usize::try_from((server >> 22) % count).unwrap()];
        let seq = shard.next_seq();
        let payload = json!({ "op": 0, "s": seq, "t": name, "d": data }).to_string();
        shard.log.push((seq, payload.clone()));
        if let Some(socket) = &shard.socket {
            let _ = socket.send(Order::Send(payload));
        }
    }

    fn visible(&self, account: &str) -> Vec<SentMessage> {
        let shown = self.messages.iter().filter(|message| message.is_visible_to(self, account));
        shown.filter(|message| message.flags & LOADING == 0).map(Stored::sent).collect()
    }

    fn add(&mut self, channel: &str, body: Value, only_for: Option<String>) -> usize {
        let flags = body["flags"].as_u64().unwrap_or(0);
        let id = self.next_id();
        let (channel, file) = (channel.to_owned(), self.file.take());
        self.messages.push(Stored { id, channel, body, flags, only_for, deleted: false, file });
        self.messages.len() - 1
    }
}

impl Shard {
    fn next_seq(&self) -> u64 {
        self.log.last().map_or(1, |(seq, _)| *seq) + 1
    }

    fn order(&self, payload: Value) {
        if let Some(socket) = &self.socket {
            let _ = socket.send(Order::Send(payload.to_string()));
        }
    }
}

impl Stored {
    fn content(&self) -> &str {
        self.body["content"].as_str().unwrap_or_default()
    }

    fn is_visible_to(&self, world: &World, account: &str) -> bool {
        let theirs = match &self.only_for {
            Some(only) => only == account,
            None => world.channels.get(account) == Some(&self.channel),
        };
        theirs && !self.deleted
    }

    fn items(&self) -> Vec<&Value> {
        let rows = self.body["components"].as_array().into_iter().flatten();
        rows.filter_map(|row| row["components"].as_array()).flatten().collect()
    }

    /// What pressing this label sends.
    fn item(&self, label: &str) -> Option<Value> {
        self.items().into_iter().find_map(|item| match item["options"].as_array() {
            Some(options) => {
                let option = options.iter().find(|option| option["label"] == label)?;
                Some(json!({ "component_type": 3, "custom_id": item["custom_id"], "values": [option["value"]] }))
            }
            None => (item["label"] == label && item["disabled"] != true)
                .then(|| json!({ "component_type": 2, "custom_id": item["custom_id"] })),
        })
    }

    fn sent(&self) -> SentMessage {
        let labels = self.items().into_iter().flat_map(|item| match item["options"].as_array() {
            Some(options) => options.iter().map(|option| option["label"].clone()).collect(),
            None => vec![item["label"].clone()],
        });
        SentMessage {
            content: self.content().to_owned(),
            buttons: labels.filter_map(|label| label.as_str().map(str::to_owned)).collect(),
            ephemeral: self.flags & EPHEMERAL != 0,
            silent: self.flags & SILENT != 0,
            channel: self.channel.clone(),
            picture: self.file.clone().map(|file| {
                let description = self.body["attachments"][0]["description"].as_str();
                (file, description.unwrap_or_default().to_owned())
            }),
        }
    }

    fn json(&self) -> Value {
        let mut message = message_json(&self.id, &self.channel, &user(APPLICATION, true), self.content());
        message["flags"] = json!(self.flags);
        message["components"] = self.body.get("components").cloned().unwrap_or(json!([]));
        message
    }
}

fn user(id: &str, bot: bool) -> Value {
    json!({
        "id": id, "username": format!("user{id}"), "discriminator": "0", "global_name": null, "avatar": null, "bot": bot,
        "public_flags": 0,
    })
}

/// The messages of a chat that follow an id, of people and of the bot: the oldest of them, and of those the newest first.
fn read_after(world: &World, channel: &str, query: &str) -> Value {
    let of = |name: &str| {
        let value = query.split(['?', '&']).find_map(|part| part.strip_prefix(name)?.strip_prefix('='));
        value.and_then(|value| value.parse::<u64>().ok())
    };
    let (after, limit) = (of("after").unwrap_or(0), of("limit").unwrap_or(50).min(100));
    let id = |message: &Value| message["id"].as_str().and_then(|id| id.parse::<u64>().ok()).unwrap_or(0);
    let own = world.messages.iter().filter(|message| message.channel == channel && !message.deleted).map(Stored::json);
    let theirs = world.written.iter().filter(|message| message["channel_id"] == channel).cloned();
    let mut found: Vec<Value> = own.chain(theirs).filter(|message| id(message) > after).collect();
    found.sort_by_key(id);
    found.truncate(usize::try_from(limit).unwrap());
    found.reverse();
    Value::Array(found)
}

fn message_json(id: &str, channel: &str, author: &Value, content: &str) -> Value {
    json!({
        "id": id, "channel_id": channel, "author": author, "content": content, "timestamp": "2026-03-02T20:00:00+00:00",
        "edited_timestamp": null, "tts": false, "mention_everyone": false, "mentions": [], "mention_roles": [],
        "attachments": [], "embeds": [], "pinned": false, "type": 0, "flags": 0, "components": [], "channel_type": 1,
    })
}

// ---- HTTP ----

async fn rest(
    State(shared): State<Arc<Shared>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let Some(path) = uri.path().strip_prefix("/api/v10").map(str::to_owned) else {
        shared.world().violations.push(format!("{method} {} is not below /api/v10", uri.path()));
        return StatusCode::NOT_FOUND.into_response();
    };
    // What is read back of a chat is told apart from what is written into it.
    let query = uri.query().filter(|query| query.starts_with("after="));
    let path = query.map_or(path.clone(), |query| format!("{path}?{query}"));
    let kind = headers.get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let (body, file) = read_body(kind, &body);
    let fault = {
        let mut world = shared.world();
        world.requests.push(Request { method: method.to_string(), path: path.clone(), body: body.clone() });
        let found = world.faults.iter().position(|(end, _)| path.ends_with(end.as_str()));
        found.map(|index| world.faults.remove(index).1)
    };
    shared.changed.notify_waiters();
    let lose = match fault {
        None => false,
        Some(Fault::LoseAnswer) => true,
        Some(Fault::Hang) => std::future::pending().await,
        Some(Fault::Answer(status, text, extra)) => {
            let mut response = (StatusCode::from_u16(status).unwrap(), text).into_response();
            for (name, value) in extra {
                response.headers_mut().insert(name, value.parse().unwrap());
            }
            return response;
        }
    };
    let answer = answer(&shared, &method, &path, &headers, (body, file));
    shared.changed.notify_waiters();
    if lose {
        return (StatusCode::BAD_GATEWAY, "<html>502</html>").into_response();
    }
    let mut response = match answer {
        Ok(Value::Null) => StatusCode::NO_CONTENT.into_response(),
        Ok(value) => axum::Json(value).into_response(),
        Err((status, code, message)) => {
            (StatusCode::from_u16(status).unwrap(), axum::Json(json!({ "code": code, "message": message })))
                .into_response()
        }
    };
    let mut world = shared.world();
    if let Some(index) = world.headers.iter().position(|(end, _)| path.ends_with(end.as_str())) {
        for (name, value) in world.headers.remove(index).1 {
            response.headers_mut().insert(name, value.parse().unwrap());
        }
    }
    response
}

/// JSON, or a form with JSON and a file (Discord, "Uploading Files").
fn read_body(kind: &str, body: &[u8]) -> (Value, Option<Vec<u8>>) {
    let json = |bytes: &[u8]| serde_json::from_slice(bytes).unwrap_or(json!("not JSON"));
    match multipart::parts(kind, body).as_deref() {
        Some([payload, file]) if payload.name == "payload_json" && file.name == "files[0]" => {
            (json(&payload.bytes), Some(file.bytes.clone()))
        }
        Some(_) => (json!("a form of other parts"), None),
        None if body.is_empty() => (Value::Null, None),
        None => (json(body), None),
    }
}

fn answer(
    shared: &Shared,
    method: &Method,
    path: &str,
    headers: &HeaderMap,
    (body, file): (Value, Option<Vec<u8>>),
) -> Result<Value, Refusal> {
    let authorized = headers.get("authorization").is_some_and(|value| value == format!("Bot {TOKEN}").as_str());
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    if !authorized && !matches!(parts[..], ["interactions" | "webhooks", ..] | ["gateway"]) {
        return Err((401, 0, "401: Unauthorized"));
    }
    let mut world = shared.world();
    let world = &mut *world;
    world.file = file;
    match (method.as_str(), &parts[..]) {
        ("GET", ["gateway"] | ["gateway", "bot"]) => Ok(gateway_json(world, &shared.url)),
        ("GET", ["applications" | "oauth2", ..]) => Ok(json!({ "id": APPLICATION, "name": "Goldseam" })),
        ("GET", ["users", "@me"]) => Ok(user(APPLICATION, true)),
        ("PUT", ["applications", _, "commands"]) => register(world, "/applications/{application_id}/commands", body),
        ("PUT", ["applications", _, "guilds", _, "commands"]) => {
            register(world, "/applications/{application_id}/guilds/{guild_id}/commands", body)
        }
        ("POST", ["users", "@me", "channels"]) => open_dm(world, &body),
        ("POST", ["channels", channel, "messages"]) => create(world, channel, body),
        ("GET", ["channels", channel, query]) if query.starts_with("messages?after=") => {
            Ok(read_after(world, channel, query))
        }
        ("GET", ["channels", channel, "messages"]) => {
            let newest = world.messages.iter().rev().filter(|message| message.channel == *channel && !message.deleted);
            Ok(newest.take(20).map(Stored::json).collect())
        }
        ("PATCH", ["channels", channel, "messages", id]) => edit(world, channel, id, &body),
        ("POST", ["interactions", id, token, "callback"]) => call_back(world, id, token, body),
        ("POST", ["webhooks", _, token]) => follow_up(world, token, body),
        ("PATCH", ["webhooks", _, token, "messages", "@original"]) => edit_original(world, token, body),
        ("GET", ["webhooks", _, token, "messages", "@original"]) => {
            let (_, index) = original(world, token)?;
            Ok(world.messages[index].json())
        }
        _ => {
            world.violations.push(format!("{method} {path}: the fake does not know this request"));
            Err((404, 0, "404: Not Found"))
        }
    }
}

fn gateway_json(world: &World, url: &str) -> Value {
    let own = format!("{}/gateway", url.replace("http://", "ws://"));
    json!({
        "url": world.gateway_url.clone().unwrap_or(own), "shards": world.gateway.recommended,
        "session_start_limit":
            {
                "total": 1000, "remaining": world.sessions_left, "reset_after": 14_400_000,
                "max_concurrency": world.gateway.max_concurrency,
            },
    })
}

fn register(world: &mut World, operation: &str, body: Value) -> Result<Value, Refusal> {
    check(world, "put", operation, &body)?;
    let mut names = HashSet::new();
    for command in body.as_array().into_iter().flatten() {
        let name = command["name"].as_str().unwrap_or_default().to_owned();
        let options = command["options"].as_array().into_iter().flatten();
        let good = options.filter_map(|option| option["name"].as_str()).chain([name.as_str()]).all(|name| {
            !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_".contains(c))
        });
        if !good || !names.insert(name.clone()) || command["description"].as_str().is_none_or(str::is_empty) {
            return refuse(world, format!("the command `{name}` has a wrong or double name, or no description"));
        }
    }
    world.commands = body.clone();
    Ok(body)
}

fn open_dm(world: &mut World, body: &Value) -> Result<Value, Refusal> {
    check(world, "post", "/users/@me/channels", body)?;
    let Some(account) = body["recipient_id"].as_str() else { return refuse(world, "no recipient".into()) };
    let id = world.open(account);
    Ok(json!({ "id": id, "type": 1, "recipients": [user(account, false)] }))
}

fn create(world: &mut World, channel: &str, body: Value) -> Result<Value, Refusal> {
    check(world, "post", "/channels/{channel_id}/messages", &body)?;
    check_message(world, &body)?;
    let account = world.channels.iter().find(|(_, id)| *id == channel).map(|(account, _)| account.clone());
    let Some(account) = account else {
        if channel == SERVER_CHANNEL {
            world.violations.push("a message was posted openly into a server's channel".into());
        }
        return Err((404, 10003, "Unknown Channel"));
    };
    if world.closed.contains(&account) {
        return Err((403, 50007, "Cannot send messages to this user"));
    }
    let Some(nonce) = body["nonce"].as_str().filter(|_| body["enforce_nonce"] == true).map(str::to_owned) else {
        return refuse(world, "a message without an enforced nonce".into());
    };
    world.nonces.retain(|(_, _, since)| since.elapsed() < NONCE_MEMORY);
    if let Some((_, index, _)) = world.nonces.iter().find(|(known, ..)| *known == nonce) {
        let first = &world.messages[*index];
        return if first.deleted { Err((404, 10008, "Unknown Message")) } else { Ok(first.json()) };
    }
    let index = world.add(channel, body, None);
    world.nonces.push((nonce, index, Instant::now()));
    let message = world.messages[index].json();
    world.dispatch("MESSAGE_CREATE", message.clone());
    Ok(message)
}

fn call_back(world: &mut World, id: &str, token: &str, body: Value) -> Result<Value, Refusal> {
    check(world, "post", "/interactions/{interaction_id}/{interaction_token}/callback", &body)?;
    let limit = world.answer_limit;
    let Some(interaction) = world.interactions.get(id).filter(|known| known.token == token) else {
        return Err((404, 10062, "Unknown interaction"));
    };
    if interaction.answered {
        return Err((400, 40060, "Interaction has already been acknowledged."));
    }
    if interaction.expired || interaction.since.elapsed() > limit {
        return Err((404, 10062, "Unknown interaction"));
    }
    let (pressed, channel) = (interaction.pressed, interaction.channel.clone());
    let only_for = interaction.in_server.then(|| interaction.account.clone());
    let data = body["data"].clone();
    let mut original = None;
    let mut form = None;
    match body["type"].as_u64() {
        Some(4) => {
            check_message(world, &data)?;
            check_ephemeral(world, only_for.is_some(), &data)?;
            original = Some(world.add(&channel, data, only_for));
        }
        Some(5) => {
            check_ephemeral(world, only_for.is_some(), &data)?;
            let index = world.add(&channel, data, only_for);
            world.messages[index].flags |= LOADING;
            world.thinking += 1;
            original = Some(index);
        }
        Some(6) if pressed.is_some() => original = pressed,
        Some(7) => {
            let Some(index) = pressed else { return refuse(world, "type 7 answers only a component".into()) };
            check_edit(world, &data)?;
            merge(&mut world.messages[index].body, &data);
            original = Some(index);
        }
        Some(9) if pressed.is_some() => form = data["custom_id"].as_str().map(str::to_owned),
        _ => return refuse(world, "this kind of callback is not known here".into()),
    }
    let interaction = world.interactions.get_mut(id).unwrap();
    (interaction.answered, interaction.original, interaction.form) = (true, original, form);
    Ok(Value::Null)
}

fn follow_up(world: &mut World, token: &str, body: Value) -> Result<Value, Refusal> {
    check(world, "post", "/webhooks/{webhook_id}/{webhook_token}", &body)?;
    check_message(world, &body)?;
    let Some(interaction) = world.interactions.values().find(|known| known.token == token && known.answered) else {
        return Err((404, 10015, "Unknown Webhook"));
    };
    if interaction.expired {
        return Err((401, 50027, "Invalid Webhook Token"));
    }
    let (channel, in_server) = (interaction.channel.clone(), interaction.in_server);
    let only_for = in_server.then(|| interaction.account.clone());
    check_ephemeral(world, in_server, &body)?;
    let index = world.add(&channel, body, only_for);
    Ok(world.messages[index].json())
}

fn edit_original(world: &mut World, token: &str, body: Value) -> Result<Value, Refusal> {
    check(world, "patch", "/webhooks/{webhook_id}/{webhook_token}/messages/@original", &body)?;
    check_edit(world, &body)?;
    let (_, index) = original(world, token)?;
    let file = world.file.take();
    let message = &mut world.messages[index];
    message.file = file.or(message.file.take());
    merge(&mut message.body, &body);
    message.flags &= !LOADING;
    Ok(message.json())
}

fn edit(world: &mut World, channel: &str, id: &str, body: &Value) -> Result<Value, Refusal> {
    check(world, "patch", "/channels/{channel_id}/messages/{message_id}", body)?;
    check_edit(world, body)?;
    let found = world.messages.iter_mut().find(|message| message.id == id && message.channel == channel);
    let message = found.filter(|message| !message.deleted).ok_or((404, 10008, "Unknown Message"))?;
    merge(&mut message.body, body);
    Ok(message.json())
}

fn original(world: &World, token: &str) -> Result<(String, usize), Refusal> {
    let found = world.interactions.iter().find(|(_, known)| known.token == token);
    let (id, interaction) = found.ok_or((404, 10015, "Unknown Webhook"))?;
    if interaction.expired {
        return Err((401, 50027, "Invalid Webhook Token"));
    }
    Ok((id.clone(), interaction.original.ok_or((404, 10008, "Unknown Message"))?))
}

fn merge(body: &mut Value, changes: &Value) {
    if !body.is_object() {
        *body = json!({});
    }
    for (name, value) in changes.as_object().into_iter().flatten().filter(|(name, _)| *name != "flags") {
        body[name] = value.clone();
    }
}

// ---- rules ----

fn refuse<T>(world: &mut World, rule: String) -> Result<T, Refusal> {
    world.violations.push(rule);
    Err((400, 50035, "Invalid Form Body"))
}

fn check_message(world: &mut World, data: &Value) -> Result<(), Refusal> {
    if data["content"].as_str().is_none_or(|content| content.trim().is_empty()) {
        world.violations.push("an empty message".into());
        return Err((400, 50006, "Cannot send an empty message"));
    }
    check_edit(world, data)
}

/// A file and its place in the message belong together, and it says what there is to see.
fn check_file(world: &mut World, data: &Value) -> Result<(), Refusal> {
    let attached = data["attachments"].as_array().map_or(&[][..], Vec::as_slice);
    let told = |file: &Value| {
        let words = file["description"].as_str().unwrap_or_default();
        file["id"] == "0" && !words.is_empty() && words.chars().count() <= 1024
    };
    let is_png = world.file.as_ref().is_some_and(|file| file.starts_with(b"\x89PNG"));
    match (attached, is_png) {
        ([], false) => Ok(()),
        ([file], true) if told(file) => Ok(()),
        _ => refuse(world, "a file without its place, or a place without a file or a description".into()),
    }
}

fn check_edit(world: &mut World, data: &Value) -> Result<(), Refusal> {
    check_file(world, data)?;
    if data["content"].as_str().is_some_and(|content| content.chars().count() > 2000) {
        return refuse(world, "content over 2,000 characters".into());
    }
    if data["allowed_mentions"] != json!({ "parse": [] }) {
        return refuse(world, "mentions are not switched off".into());
    }
    let rows = data["components"].as_array().map_or(&[][..], Vec::as_slice);
    let items: Vec<&Value> = rows.iter().filter_map(|row| row["components"].as_array()).flatten().collect();
    let ids: HashSet<&str> = items.iter().filter_map(|item| item["custom_id"].as_str()).collect();
    let menus = items.iter().filter(|item| item["type"] == 3).count();
    if rows.len() > 5 || ids.len() != items.len() || (menus > 0 && items.len() > rows.len()) {
        return refuse(
            world,
            "components: more than 5 rows, ids that are missing or double, or a menu beside a button".into(),
        );
    }
    let values: Vec<&str> = items
        .iter()
        .filter_map(|item| item["options"].as_array())
        .flatten()
        .filter_map(|o| o["value"].as_str())
        .collect();
    if values.iter().collect::<HashSet<_>>().len() != values.len() {
        return refuse(world, "a menu with double values".into());
    }
    Ok(())
}

fn check_ephemeral(world: &mut World, in_server: bool, data: &Value) -> Result<(), Refusal> {
    if in_server && data["flags"].as_u64().unwrap_or(0) & EPHEMERAL == 0 {
        return refuse(world, "an answer in a server that everybody sees".into());
    }
    Ok(())
}

static SPEC: LazyLock<Value> = LazyLock::new(|| {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/specs/discord-openapi-v10.json");
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
});
static VALIDATORS: LazyLock<Mutex<HashMap<String, Arc<jsonschema::Validator>>>> = LazyLock::new(Mutex::default);

fn validator(method: &str, path: &str) -> Arc<jsonschema::Validator> {
    let mut known = VALIDATORS.lock().unwrap();
    let build = || {
        let operation = &SPEC["paths"][path][method]["requestBody"]["content"]["application/json"]["schema"];
        assert!(operation.is_object(), "the description has no body for {method} {path}");
        let schema = json!({ "allOf": [operation], "components": SPEC["components"] });
        Arc::new(jsonschema::draft202012::new(&schema).unwrap())
    };
    Arc::clone(known.entry(format!("{method} {path}")).or_insert_with(build))
}

/// Holds a body against Discord's description.
fn check(world: &mut World, method: &str, path: &str, body: &Value) -> Result<(), Refusal> {
    let errors: Vec<String> = validator(method, path).iter_errors(body).map(|error| error.to_string()).collect();
    if errors.is_empty() { Ok(()) } else { refuse(world, format!("{method} {path}: {}\n  {body}", errors.join("; "))) }
}

// ---- gateway ----

async fn gateway(State(shared): State<Arc<Shared>>, upgrade: WebSocketUpgrade) -> Response {
    upgrade.on_upgrade(move |socket| serve(shared, socket))
}

async fn serve(shared: Arc<Shared>, mut socket: WebSocket) {
    let (orders, mut inbox) = mpsc::unbounded_channel();
    let every = shared.world().gateway.heartbeat.as_millis();
    let hello = json!({ "op": 10, "d": { "heartbeat_interval": every } }).to_string();
    let _ = socket.send(Frame::Text(hello.into())).await;
    loop {
        let alive = tokio::select! {
            order = inbox.recv() => match order {
                Some(Order::Send(text)) => socket.send(Frame::Text(text.into())).await.is_ok(),
                Some(Order::Drop) | None => false,
            },
            frame = socket.recv() => match frame {
                Some(Ok(Frame::Text(text))) => heard(&shared, &mut socket, &orders, &text).await,
                Some(Ok(Frame::Close(close))) => {
                    shared.world().gateway.closed_cleanly += usize::from(close.is_some_and(|close| close.code == 1000));
                    false
                }
                Some(Ok(_)) => true,
                Some(Err(_)) | None => false,
            },
        };
        shared.changed.notify_waiters();
        if !alive {
            break;
        }
    }
    let mut world = shared.world();
    for shard in &mut world.gateway.shards {
        shard.socket.take_if(|current| current.same_channel(&orders));
    }
    drop(world);
    shared.changed.notify_waiters();
}

async fn heard(shared: &Shared, socket: &mut WebSocket, orders: &mpsc::UnboundedSender<Order>, text: &str) -> bool {
    let payload: Value = serde_json::from_str(text).unwrap();
    let answers = match payload["op"].as_u64() {
        Some(1) if !shared.world().gateway.acknowledges => Vec::new(),
        Some(1) => vec![json!({ "op": 11 }).to_string()],
        Some(2) if !shared.world().accepts(&payload["d"]["token"]) => {
            let frame = CloseFrame { code: 4004, reason: "Authentication failed.".into() };
            let _ = socket.send(Frame::Close(Some(frame))).await;
            return true;
        }
        Some(2) if !shared.world().is_shard(&payload["d"]["shard"]) => {
            let frame = CloseFrame { code: 4010, reason: "Invalid shard.".into() };
            let _ = socket.send(Frame::Close(Some(frame))).await;
            return true;
        }
        Some(2) => shared.world().identify(orders, &payload["d"]),
        Some(6) => shared.world().resume(orders, &payload["d"]),
        _ => Vec::new(),
    };
    for answer in answers {
        if socket.send(Frame::Text(answer.into())).await.is_err() {
            return false;
        }
    }
    true
}

impl World {
    /// With or without `Bot `, like the real one.
    fn accepts(&self, token: &Value) -> bool {
        !self.revoked && token.as_str().is_some_and(|token| token.trim_start_matches("Bot ") == TOKEN)
    }

    fn identify(&mut self, orders: &mpsc::UnboundedSender<Order>, data: &Value) -> Vec<String> {
        const PRIVILEGED: u64 = 1 << 1 | 1 << 8 | 1 << 15;
        if data["intents"].as_u64().unwrap_or(0) & PRIVILEGED != 0 {
            self.violations.push("a privileged intent".into());
        }
        self.gateway.identified += 1;
        let (id, total) = (data["shard"][0].as_u64().unwrap_or(0), self.gateway.shards.len());
        let (bucket, every) = (id % self.gateway.max_concurrency, self.gateway.login_every);
        let early = self.gateway.logins.iter().any(|(other, at)| *other == bucket && at.elapsed() < every);
        self.gateway.logins.push((bucket, Instant::now()));
        if early {
            self.violations.push(format!("connection {id} identified less than {every:?} after another one"));
            return vec![json!({ "op": 9, "d": false }).to_string()];
        }
        let session = format!("session-{}", self.gateway.identified);
        let ready = json!({ "op": 0, "s": 1, "t": "READY", "d": {
            "v": 10, "user": user(APPLICATION, true), "guilds": [], "session_id": session, "resume_gateway_url": "ws://unused",
            "shard": [id, total], "application": { "id": APPLICATION, "flags": 0 },
        }});
        self.gateway.shards[usize::try_from(id).unwrap()] =
            Shard { session: Some(session), log: vec![(1, ready.to_string())], socket: Some(orders.clone()) };
        vec![ready.to_string()]
    }

    /// Is this one of the connections that the bot has to have?
    fn is_shard(&mut self, said: &Value) -> bool {
        let total = u64::try_from(self.gateway.shards.len()).unwrap();
        let (id, of) = if said.is_null() { (Some(0), Some(1)) } else { (said[0].as_u64(), said[1].as_u64()) };
        let fits = of == Some(total) && id.is_some_and(|id| id < total);
        if !fits {
            self.violations.push(format!("it identified as {said}, and there are {total} connections"));
        }
        fits
    }

    fn resume(&mut self, orders: &mpsc::UnboundedSender<Order>, data: &Value) -> Vec<String> {
        let known =
            self.gateway.shards.iter_mut().find(|shard| shard.session.as_deref() == data["session_id"].as_str());
        let Some(shard) = known else {
            return vec![json!({ "op": 9, "d": false }).to_string()];
        };
        self.gateway.resumed += 1;
        let since = data["seq"].as_u64().unwrap_or(0);
        let mut missed: Vec<String> =
            shard.log.iter().filter(|(seq, _)| *seq > since).map(|(_, payload)| payload.clone()).collect();
        shard.socket = Some(orders.clone());
        let seq = shard.next_seq();
        let payload = json!({ "op": 0, "s": seq, "t": "RESUMED", "d": {} }).to_string();
        shard.log.push((seq, payload.clone()));
        missed.push(payload);
        missed
    }
}
