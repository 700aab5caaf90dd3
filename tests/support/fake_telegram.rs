//! A Telegram server for tests: it behaves like the real one where we depend on it, and is driven in a person's actions.
//!
//! Every request body is checked against the published description of the Bot API 10.1 (`tests/data/specs`), and beside it
//! against the refusals that the description misses. What the real server would refuse is answered with its words and noted;
//! [`FakeTelegram::assert_no_violations`] fails the test with all of it.
//!
//! ```ignore
//! let fake = FakeTelegram::start().await;
//! let ana = fake.person(42);
//! ana.says("/start");
//! fake.wait_for(42, "Welcome").await;
//! ana.presses("Let us begin");
//! ```

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use serde_json::{Value, json};
use tokio::sync::watch;

use super::multipart;

/// The token that the fake accepts. Any other of the right shape is answered 401, the rest 404.
pub const TOKEN: &str = "123456:TEST-token_of_the_fake_telegram_server";

/// The bot's account.
pub const BOT_ID: i64 = 123_456;

/// The bot's username.
pub const BOT: &str = "GoldseamBot";

/// How long helpers wait before they fail the test.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// A time stamp for everything, in 2026: the fake has no clock.
const DATE: i64 = 1_772_000_000;

/// Something that goes wrong with one call.
#[derive(Clone, Debug)]
pub enum Trouble {
    /// 429 with so many seconds to wait.
    TooManyRequests(u64),
    /// 403, the person blocked the bot.
    Blocked,
    /// 400, our markup cannot be read (although it can).
    CannotParse,
    /// 500 with Telegram's own JSON.
    ServerError,
    /// 502 with a page of HTML from a proxy.
    HtmlBadGateway,
    /// Nothing is done and nothing is answered, until the caller gives up.
    Hang,
    /// It is done, but the answer never comes.
    AcceptThenHang,
    /// This status and body.
    Raw(u16, String),
}

/// Rows of buttons: (label, data).
pub type Rows = Vec<Vec<(String, String)>>;

/// A message that the bot sent, as the person sees it now.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SentMessage {
    /// Its id in the chat.
    pub message_id: i64,
    /// As the bot wrote it: HTML when `parse_mode` said so.
    pub text: String,
    /// The words without markup.
    pub plain: String,
    /// What it offers.
    pub buttons: Rows,
    /// The picture above the words, as a file.
    pub picture: Option<Vec<u8>>,
    /// Came without a sound.
    pub silent: bool,
}

impl SentMessage {
    /// All labels, in reading order.
    pub fn labels(&self) -> Vec<&str> {
        self.buttons.iter().flatten().map(|(label, _)| label.as_str()).collect()
    }

    fn has(&self, label: &str) -> bool {
        self.labels().contains(&label)
    }

    fn data(&self, label: &str) -> Option<String> {
        self.buttons.iter().flatten().find(|(own, _)| own == label).map(|(_, data)| data.clone())
    }
}

/// One call that arrived: its method in the published spelling, and its body.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    pub method: String,
    pub body: Value,
}

#[derive(Default)]
struct Inner {
    updates: VecDeque<(i64, Value)>,
    next_update: i64,
    polls: u64,
    webhook: String,
    /// The secret that came with `setWebhook`; only then is the webhook called.
    secret: Option<String>,
    /// So many answers of the webhook get lost on the way.
    lost_answers: usize,
    /// What the webhook answered; 0 for nothing.
    answers: Vec<u16>,
    known_chats: BTreeSet<i64>,
    blocked: BTreeSet<i64>,
    chats: BTreeMap<i64, Vec<SentMessage>>,
    next_message: i64,
    open_queries: BTreeSet<String>,
    answered: Vec<String>,
    next_query: u64,
    calls: Vec<Call>,
    troubles: Vec<(String, Option<i64>, Trouble)>,
    outage: Option<Trouble>,
    violations: Vec<String>,
}

struct Server {
    inner: Mutex<Inner>,
    changed: watch::Sender<u64>,
}

impl Server {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes something and wakes everybody who waits.
    fn change<T>(&self, change: impl FnOnce(&mut Inner) -> T) -> T {
        let result = change(&mut self.lock());
        self.changed.send_modify(|count| *count += 1);
        result
    }
}

/// The running server. It stops when this is dropped.
pub struct FakeTelegram {
    server: Arc<Server>,
    address: String,
    tasks: [tokio::task::JoinHandle<()>; 2],
}

impl Drop for FakeTelegram {
    fn drop(&mut self) {
        self.tasks.iter().for_each(tokio::task::JoinHandle::abort);
    }
}

/// A person with a Telegram account; their private chat has the same id.
pub struct Person<'a> {
    fake: &'a FakeTelegram,
    id: i64,
}

impl FakeTelegram {
    /// A server on a free port of this machine.
    pub async fn start() -> Self {
        let inner = Inner { next_update: 500_000_001, next_message: 1, ..Inner::default() };
        let server = Arc::new(Server { inner: Mutex::new(inner), changed: watch::Sender::new(0) });
        let app = Router::new().route("/{bot}/{method}", any(handle)).with_state(Arc::clone(&server));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let calling = tokio::spawn(call_webhook(Arc::clone(&server)));
        let serving = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { server, address, tasks: [serving, calling] }
    }

    /// The base address, e.g. `http://127.0.0.1:41234`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Somebody's hands.
    pub fn person(&self, id: i64) -> Person<'_> {
        Person { fake: self, id }
    }

    /// Adds an update exactly as given, e.g. a kind that nobody knows; its `update_id` is filled in when missing.
    pub fn update(&self, update: Value) -> i64 {
        self.server.change(|inner| inner.push(update))
    }

    /// The next update gets this id, as after a quiet week.
    pub fn jump_ids(&self, to: i64) {
        self.server.change(|inner| inner.next_update = to);
    }

    /// The updates that the bot has not confirmed yet.
    pub fn unconfirmed(&self) -> Vec<i64> {
        self.server.lock().updates.iter().map(|(id, _)| *id).collect()
    }

    /// Drops what nobody fetched, as the real server does after 24 hours.
    pub fn forget_unconfirmed(&self) {
        self.server.change(|inner| inner.updates.clear());
    }

    /// Somebody set a webhook for this bot.
    pub fn has_webhook(&self, url: &str) {
        self.server.change(|inner| url.clone_into(&mut inner.webhook));
    }

    /// The next answers of the webhook get lost, so that what they confirmed comes again.
    pub fn loses_answers(&self, count: usize) {
        self.server.change(|inner| inner.lost_answers = count);
    }

    /// What the webhook answered so far: a status, or 0 for no answer.
    pub fn webhook_answers(&self) -> Vec<u16> {
        self.server.lock().answers.clone()
    }

    /// The next call of this method goes wrong. Several are used up in their order.
    pub fn next_goes_wrong(&self, method: &str, trouble: Trouble) {
        self.server.change(|inner| inner.troubles.push((method.to_lowercase(), None, trouble)));
    }

    /// The next call of this method for this chat goes wrong.
    pub fn next_goes_wrong_in(&self, method: &str, chat: i64, trouble: Trouble) {
        self.server.change(|inner| inner.troubles.push((method.to_lowercase(), Some(chat), trouble)));
    }

    /// From now on every call goes wrong, or works again (`None`).
    pub fn outage(&self, trouble: Option<Trouble>) {
        self.server.change(|inner| inner.outage = trouble);
    }

    /// Everything that stands in a chat, oldest first.
    pub fn sent_to(&self, chat: i64) -> Vec<SentMessage> {
        self.server.lock().chats.get(&chat).cloned().unwrap_or_default()
    }

    /// How many messages of the bot stand in all chats together.
    pub fn accepted(&self) -> usize {
        self.server.lock().chats.values().map(Vec::len).sum()
    }

    /// All calls of one method that arrived, with their bodies.
    pub fn calls(&self, method: &str) -> Vec<Value> {
        let calls = &self.server.lock().calls;
        calls.iter().filter(|call| call.method.eq_ignore_ascii_case(method)).map(|call| call.body.clone()).collect()
    }

    /// Everything that arrived, in order.
    pub fn ledger(&self) -> Vec<Call> {
        self.server.lock().calls.clone()
    }

    /// Ids of the presses that were answered.
    pub fn answered(&self) -> Vec<String> {
        self.server.lock().answered.clone()
    }

    /// What the real server would not have taken.
    pub fn violations(&self) -> Vec<String> {
        self.server.lock().violations.clone()
    }

    /// Fails the test when a request broke the published rules.
    #[track_caller]
    pub fn assert_no_violations(&self) {
        let violations = self.violations();
        assert!(violations.is_empty(), "requests that Telegram would refuse:\n{}", violations.join("\n"));
    }

    /// Waits for the first message of a chat that contains these words, and returns it.
    pub async fn wait_for(&self, chat: i64, words: &str) -> SentMessage {
        let found = self
            .wait(PATIENCE, || self.sent_to(chat).into_iter().rev().find(|message| message.plain.contains(words)))
            .await;
        found.unwrap_or_else(|| panic!("no message with {words:?}; the chat has:\n{}", self.transcript(chat)))
    }

    /// Waits until `look` finds something, looking again after each call and action. `None` after `patience`.
    pub async fn wait<T>(&self, patience: Duration, mut look: impl FnMut() -> Option<T>) -> Option<T> {
        let mut changed = self.server.changed.subscribe();
        let waiting = async {
            loop {
                if let Some(found) = look() {
                    return found;
                }
                changed.changed().await.expect("the fake keeps its sender");
            }
        };
        tokio::time::timeout(patience, waiting).await.ok()
    }

    /// Waits until `holds`, and fails the test with `what` when it never does.
    pub async fn wait_until(&self, what: &str, mut holds: impl FnMut(&Self) -> bool) {
        let done = self.wait(PATIENCE, || holds(self).then_some(())).await;
        assert!(done.is_some(), "never happened: {what}; calls so far: {:#?}", self.ledger());
    }

    /// A chat as text, for failures.
    pub fn transcript(&self, chat: i64) -> String {
        self.sent_to(chat).iter().fold(String::new(), |mut out, message| {
            let _ = writeln!(out, "#{} {}\n    {:?}", message.message_id, message.plain, message.labels());
            out
        })
    }
}

impl Person<'_> {
    /// They pressed "Start" some time ago: the bot may write to them. Every other action does this too.
    pub fn known(self) -> Self {
        self.fake.server.change(|inner| inner.known_chats.insert(self.id));
        self
    }

    /// Types a message in the private chat. Returns the update's id.
    pub fn says(&self, text: &str) -> i64 {
        self.sends(json!({ "text": text }))
    }

    /// Sends something else in the private chat: the fields of the message beside sender and chat.
    pub fn sends(&self, content: Value) -> i64 {
        let (id, user) = (self.id, self.user());
        self.fake.server.change(|inner| {
            inner.known_chats.insert(id);
            inner.push_message(user, json!({ "id": id, "type": "private", "first_name": "Person" }), content)
        })
    }

    /// Types a message in a group where the bot is a member.
    pub fn says_in(&self, group: i64, text: &str) -> i64 {
        let user = self.user();
        self.fake.server.change(|inner| {
            inner.known_chats.insert(group);
            let chat = json!({ "id": group, "type": "supergroup", "title": "Group" });
            inner.push_message(user, chat, json!({ "text": text }))
        })
    }

    /// Presses a button: the newest message of the private chat that still shows this label. Returns the query's id.
    #[track_caller]
    pub fn presses(&self, label: &str) -> String {
        let message = self.fake.sent_to(self.id).into_iter().rev().find(|message| message.has(label));
        let message =
            message.unwrap_or_else(|| panic!("no button {label:?}; the chat has:\n{}", self.fake.transcript(self.id)));
        let data = message.data(label).expect("it has the label");
        self.sends_press(&message, &data)
    }

    /// Sends the press of a button that the message may not have (any more): an old or a changed client.
    pub fn sends_press(&self, message: &SentMessage, data: &str) -> String {
        let (id, user) = (self.id, self.user());
        let message = message_json(id, message);
        self.fake.server.change(|inner| {
            let query = format!("{}", 7_000_000_000_000_000_000_u64 + inner.next_query);
            inner.next_query += 1;
            inner.open_queries.insert(query.clone());
            inner.push(json!({ "callback_query": {
                "id": query, "from": user, "message": message, "chat_instance": "-1", "data": data,
            }}));
            query
        })
    }

    /// Blocks the bot.
    pub fn blocks(&self) -> i64 {
        self.membership("member", "kicked", |inner, id| inner.blocked.insert(id))
    }

    /// Unblocks it.
    pub fn unblocks(&self) -> i64 {
        self.membership("kicked", "member", |inner, id| inner.blocked.remove(&id))
    }

    fn membership(&self, old: &str, new: &str, change: impl FnOnce(&mut Inner, i64) -> bool) -> i64 {
        let (id, user) = (self.id, self.user());
        let member = |status: &str| match status {
            "kicked" => json!({ "status": status, "user": bot(), "until_date": 0 }),
            _ => json!({ "status": status, "user": bot() }),
        };
        let update = json!({ "my_chat_member": {
            "chat": { "id": id, "type": "private", "first_name": "Person" }, "from": user, "date": DATE,
            "old_chat_member": member(old), "new_chat_member": member(new),
        }});
        self.fake.server.change(|inner| {
            inner.known_chats.insert(id);
            change(inner, id);
            inner.push(update)
        })
    }

    fn user(&self) -> Value {
        json!({ "id": self.id, "is_bot": false, "first_name": "Person", "language_code": "en" })
    }
}

impl Inner {
    fn push(&mut self, mut update: Value) -> i64 {
        let id = update.get("update_id").and_then(Value::as_i64).unwrap_or(self.next_update);
        update["update_id"] = json!(id);
        self.next_update = id + 1;
        self.updates.push_back((id, update));
        id
    }

    fn push_message(&mut self, from: Value, chat: Value, content: Value) -> i64 {
        let mut message = json!({ "message_id": self.message_id(), "date": DATE, "from": from, "chat": chat });
        if let (Some(fields), Value::Object(content)) = (message.as_object_mut(), content) {
            fields.extend(content);
        }
        self.push(json!({ "message": message }))
    }

    fn message_id(&mut self) -> i64 {
        self.next_message += 1;
        self.next_message - 1
    }

    fn violate(&mut self, method: &str, what: impl std::fmt::Display, body: &Value) {
        self.violations.push(format!("{method}: {what}\n    in {body}"));
    }

    fn trouble(&mut self, method: &str, chat: Option<i64>) -> Option<Trouble> {
        let fits = |(name, place, _): &(String, Option<i64>, Trouble)| {
            name.eq_ignore_ascii_case(method) && (place.is_none() || *place == chat)
        };
        match self.troubles.iter().position(fits) {
            Some(index) => Some(self.troubles.remove(index).2),
            None => self.outage.clone(),
        }
    }

    fn message(&mut self, chat: i64, id: i64) -> Option<&mut SentMessage> {
        self.chats.get_mut(&chat)?.iter_mut().find(|message| message.message_id == id)
    }
}

// ---- the server's side -------------------------------------------------------------------------------------------------

/// What a method answers: its result, or an error code with Telegram's words.
type Answer = Result<Value, (u16, String)>;

fn denied<T>(code: u16, words: &str) -> Result<T, (u16, String)> {
    Err((code, words.to_owned()))
}

async fn handle(
    State(server): State<Arc<Server>>,
    Path((bot, method)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if let Err((code, words)) = authorise(&bot) {
        return error_page(code, &words, json!(null));
    }
    let Some((name, required)) = Spec::get().method(&method) else {
        server.lock().violations.push(format!("{method}: no such method"));
        return error_page(404, "Not Found", json!(null));
    };
    let (body, file) = match read_body(&headers, &body, required) {
        Ok(read) => read,
        Err(words) => {
            server.lock().violations.push(format!("{name}: {words}"));
            return error_page(400, "Bad Request: can't parse the body", json!(null));
        }
    };
    let chat = body["chat_id"].as_i64();
    let trouble = server.change(|inner| {
        inner.calls.push(Call { method: name.to_owned(), body: body.clone() });
        if let Some(what) = Spec::get().complaints(name, &body) {
            inner.violate(name, what, &body);
        }
        inner.trouble(name, chat)
    });
    match trouble {
        None => answer(&server, name, &body, file).await,
        Some(Trouble::AcceptThenHang) => {
            drop(answer(&server, name, &body, file).await);
            std::future::pending().await
        }
        Some(Trouble::Hang) => std::future::pending().await,
        Some(trouble) => go_wrong(&trouble),
    }
}

fn authorise(bot: &str) -> Result<(), (u16, String)> {
    match bot.strip_prefix("bot") {
        Some(TOKEN) => Ok(()),
        Some(token) if goldseam::platform::telegram::token_shape_ok(token) => denied(401, "Unauthorized"),
        _ => denied(404, "Not Found"),
    }
}

/// JSON, or a form whose values are JSON where the parameter is not a string.
/// A file of a form stands in the body by the name of its part, and beside it with its bytes.
fn read_body(headers: &HeaderMap, body: &[u8], parameters: &Value) -> Result<(Value, Option<Vec<u8>>), String> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if body.is_empty() {
        return Ok((json!({}), None));
    }
    if kind.starts_with("application/json") {
        return serde_json::from_slice(body).map(|body| (body, None)).map_err(|error| error.to_string());
    }
    let typed = |key: &str, value: &str| {
        let is_text = parameters["properties"][key]["type"] == "string";
        if is_text { None } else { serde_json::from_str(value).ok() }.unwrap_or(json!(value))
    };
    if let Some(parts) = multipart::parts(kind, body) {
        let (mut read, mut file) = (json!({}), None);
        for part in parts {
            if part.file_name.is_some() {
                read[&part.name] = json!(format!("attach://{}", part.name));
                file = Some(part.bytes);
            } else {
                read[&part.name] = typed(&part.name, part.text().ok_or("a part that is no text")?);
            }
        }
        return Ok((read, file));
    }
    let text = std::str::from_utf8(body).map_err(|error| error.to_string())?;
    let url = reqwest::Url::parse(&format!("http://form/?{text}")).map_err(|error| error.to_string())?;
    let pairs = url.query_pairs().map(|(key, value)| (key.to_string(), typed(&key, &value)));
    Ok((Value::Object(pairs.collect()), None))
}

async fn answer(server: &Server, method: &str, body: &Value, file: Option<Vec<u8>>) -> Response {
    if let Some(what) = Spec::get().complaints(method, body) {
        return error_page(400, &format!("Bad Request: {what}"), json!(null));
    }
    let answer = if method == "getUpdates" {
        get_updates(server, body).await
    } else {
        server.change(|inner| match method {
            "getMe" => Ok(bot()),
            "getWebhookInfo" => Ok(json!({
                "url": inner.webhook, "has_custom_certificate": false, "pending_update_count": inner.updates.len(),
            })),
            "setWebhook" => set_webhook(inner, body),
            "deleteWebhook" => {
                inner.webhook.clear();
                inner.secret = None;
                Ok(json!(true))
            }
            "setMyCommands" => set_my_commands(inner, body),
            "sendMessage" => send_message(inner, body),
            // What a person wrote is not ours to look up: whether it was asked for is in `calls`.
            "deleteMessage" => Ok(json!(true)),
            "sendPhoto" => send_photo(inner, body, file),
            "editMessageReplyMarkup" => edit(inner, body, false),
            "editMessageText" => edit(inner, body, true),
            "answerCallbackQuery" => answer_query(inner, body),
            other => {
                inner.violate(other, "this fake does not know the method", body);
                denied(404, "Not Found")
            }
        })
    };
    match answer {
        Ok(result) => axum::Json(json!({ "ok": true, "result": result })).into_response(),
        Err((code, words)) => error_page(code, &words, json!(null)),
    }
}

fn error_page(code: u16, words: &str, parameters: Value) -> Response {
    let mut page = json!({ "ok": false, "error_code": code, "description": words });
    if parameters.is_object() {
        page["parameters"] = parameters;
    }
    let status = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, axum::Json(page)).into_response()
}

fn go_wrong(trouble: &Trouble) -> Response {
    match trouble {
        Trouble::TooManyRequests(seconds) => {
            let words = format!("Too Many Requests: retry after {seconds}");
            error_page(429, &words, json!({ "retry_after": seconds }))
        }
        Trouble::Blocked => error_page(403, "Forbidden: bot was blocked by the user", json!(null)),
        Trouble::CannotParse => {
            error_page(400, "Bad Request: can't parse entities: unsupported start tag at byte offset 0", json!(null))
        }
        Trouble::ServerError => error_page(500, "Internal Server Error: restart", json!(null)),
        Trouble::HtmlBadGateway => {
            let page = "<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>";
            (StatusCode::BAD_GATEWAY, [(header::CONTENT_TYPE, "text/html")], page).into_response()
        }
        Trouble::Raw(status, body) => (StatusCode::from_u16(*status).expect("a status"), body.clone()).into_response(),
        Trouble::Hang | Trouble::AcceptThenHang => unreachable!("answered before"),
    }
}

/// Long polling. An offset confirms what stands before it at this moment; one far beyond the queue's end (ids jumped
/// backwards) confirms nothing and reads from the start. A second poller ends the first. The margin of 10 is that of
/// tdlib's `TQueue::get`.
async fn get_updates(server: &Server, body: &Value) -> Answer {
    let mut changed = server.changed.subscribe();
    let limit = usize::try_from(body["limit"].as_u64().unwrap_or(100)).unwrap_or(100);
    let mine = server.change(|inner| {
        if !inner.webhook.is_empty() {
            return denied(
                409,
                "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first",
            );
        }
        confirm(inner, body["offset"].as_i64().unwrap_or(0));
        inner.polls += 1;
        Ok(inner.polls)
    })?;
    let look = async {
        loop {
            {
                let inner = server.lock();
                if inner.polls != mine {
                    return denied(
                        409,
                        "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
                    );
                }
                if !inner.updates.is_empty() {
                    return Ok(inner.updates.iter().take(limit).map(|(_, update)| update.clone()).collect());
                }
            }
            changed.changed().await.expect("the server keeps its sender");
        }
    };
    let timeout = Duration::from_secs(body["timeout"].as_u64().unwrap_or(0));
    tokio::time::timeout(timeout, look).await.unwrap_or(Ok(json!([])))
}

fn set_webhook(inner: &mut Inner, body: &Value) -> Answer {
    let (url, secret) = (body["url"].as_str().unwrap_or_default(), body["secret_token"].as_str().unwrap_or_default());
    if !url.starts_with("https://") && !url.starts_with("http://127.0.0.1:") {
        return denied(400, "Bad Request: bad webhook: An HTTPS URL must be provided for webhook");
    }
    let in_secret = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    if secret.is_empty() || !secret.bytes().all(in_secret) || body["allowed_updates"].is_null() {
        inner.violate("setWebhook", "no usable secret, or the list of an earlier program", body);
    }
    (inner.webhook, inner.secret) = (url.to_owned(), Some(secret.to_owned()));
    Ok(json!(true))
}

/// Calls the webhook with one update after the other. What is not answered with 2xx is sent again.
async fn call_webhook(server: Arc<Server>) {
    let client = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build().unwrap();
    let mut changed = server.changed.subscribe();
    loop {
        let next = {
            let inner = server.lock();
            let secret = inner.secret.clone();
            secret.zip(inner.updates.front().cloned()).map(|(secret, next)| (inner.webhook.clone(), secret, next))
        };
        let Some((url, secret, (id, update))) = next else {
            changed.changed().await.expect("the server keeps its sender");
            continue;
        };
        let call = client.post(url).header("X-Telegram-Bot-Api-Secret-Token", secret).json(&update);
        let status = call.send().await.map_or(0, |answer| answer.status().as_u16());
        let confirmed = server.change(|inner| {
            inner.answers.push(status);
            let arrived = inner.lost_answers == 0;
            inner.lost_answers = inner.lost_answers.saturating_sub(1);
            if arrived && (200..300).contains(&status) {
                inner.updates.retain(|(own, _)| *own != id);
            }
            arrived && (200..300).contains(&status)
        });
        if !confirmed {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

fn confirm(inner: &mut Inner, offset: i64) {
    if offset < 0 {
        let keep = usize::try_from(offset.unsigned_abs()).unwrap_or(usize::MAX);
        let drop_first = inner.updates.len().saturating_sub(keep);
        inner.updates.drain(..drop_first);
    } else if offset > 0 && offset <= inner.next_update + 10 {
        inner.updates.retain(|(id, _)| *id >= offset);
    }
}

fn set_my_commands(inner: &mut Inner, body: &Value) -> Answer {
    let commands = body["commands"].as_array().map(Vec::as_slice).unwrap_or_default();
    let name_ok = |name: &str| name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'));
    if commands.len() > 100 || !commands.iter().all(|command| command["command"].as_str().is_some_and(name_ok)) {
        inner.violate("setMyCommands", "BOT_COMMAND_INVALID", body);
        return denied(400, "Bad Request: BOT_COMMAND_INVALID");
    }
    Ok(json!(true))
}

fn send_message(inner: &mut Inner, body: &Value) -> Answer {
    let (text, plain) = readable_text(inner, "sendMessage", body, ("text", 4096))?;
    put(inner, "sendMessage", body, SentMessage { text, plain, ..SentMessage::default() })
}

fn send_photo(inner: &mut Inner, body: &Value, file: Option<Vec<u8>>) -> Answer {
    let Some(file) = file.filter(|file| file.starts_with(b"\x89PNG") && body["photo"] == "attach://photo") else {
        inner.violate("sendPhoto", "no PNG file", body);
        return denied(400, "Bad Request: there is no photo in the request");
    };
    let (text, plain) = readable_text(inner, "sendPhoto", body, ("caption", 1024))?;
    put(inner, "sendPhoto", body, SentMessage { text, plain, picture: Some(file), ..SentMessage::default() })
}

fn put(inner: &mut Inner, method: &str, body: &Value, message: SentMessage) -> Answer {
    let chat = body["chat_id"].as_i64().unwrap_or_default();
    if inner.blocked.contains(&chat) {
        return denied(403, "Forbidden: bot was blocked by the user");
    }
    if !inner.known_chats.contains(&chat) {
        return denied(400, "Bad Request: chat not found");
    }
    let buttons = readable_buttons(inner, method, body)?;
    let silent = body["disable_notification"] == json!(true);
    let message = SentMessage { message_id: inner.message_id(), buttons, silent, ..message };
    let answer = message_json(chat, &message);
    inner.chats.entry(chat).or_default().push(message);
    Ok(answer)
}

fn edit(inner: &mut Inner, body: &Value, with_text: bool) -> Answer {
    let method = if with_text { "editMessageText" } else { "editMessageReplyMarkup" };
    let (chat, id) = (body["chat_id"].as_i64().unwrap_or_default(), body["message_id"].as_i64().unwrap_or_default());
    let Some(old) = inner.message(chat, id).cloned() else {
        return denied(400, "Bad Request: message to edit not found");
    };
    let mut new = SentMessage { buttons: readable_buttons(inner, method, body)?, ..old.clone() };
    if with_text && old.picture.is_some() {
        return denied(400, "Bad Request: there is no text in the message to edit");
    }
    if with_text {
        (new.text, new.plain) = readable_text(inner, method, body, ("text", 4096))?;
    }
    if new == old {
        return denied(
            400,
            "Bad Request: message is not modified: specified new message content and reply markup are exactly the same as \
             a current content and reply markup of the message",
        );
    }
    let answer = message_json(chat, &new);
    if let Some(message) = inner.message(chat, id) {
        *message = new;
    }
    Ok(answer)
}

fn answer_query(inner: &mut Inner, body: &Value) -> Answer {
    let id = body["callback_query_id"].as_str().unwrap_or_default();
    if !inner.open_queries.remove(id) {
        return denied(400, "Bad Request: query is too old and response timeout expired or query ID is invalid");
    }
    inner.answered.push(id.to_owned());
    Ok(json!(true))
}

fn readable_text(
    inner: &mut Inner,
    method: &str,
    body: &Value,
    (key, limit): (&str, usize),
) -> Result<(String, String), (u16, String)> {
    let text = body[key].as_str().unwrap_or_default();
    let plain = match body["parse_mode"].as_str() {
        None => Ok(text.to_owned()),
        Some(mode) if mode.eq_ignore_ascii_case("html") => strip_html(text),
        Some(_) => Err("this fake reads HTML only".to_owned()),
    };
    let wrong = match &plain {
        Err(why) => format!("Bad Request: can't parse entities: {why}"),
        Ok(plain) if plain.trim().is_empty() => "Bad Request: message text is empty".to_owned(),
        Ok(plain) if plain.encode_utf16().count() > limit && key == "caption" => {
            "Bad Request: message caption is too long".to_owned()
        }
        Ok(plain) if plain.encode_utf16().count() > limit => "Bad Request: message is too long".to_owned(),
        Ok(plain) => return Ok((text.to_owned(), plain.clone())),
    };
    inner.violate(method, &wrong, body);
    Err((400, wrong))
}

fn readable_buttons(inner: &mut Inner, method: &str, body: &Value) -> Result<Rows, (u16, String)> {
    let read = |button: &Value| {
        let of = |key: &str| button[key].as_str().unwrap_or_default().to_owned();
        (of("text"), of("callback_data"))
    };
    let rows = body["reply_markup"]["inline_keyboard"].as_array().map(Vec::as_slice).unwrap_or_default();
    let rows: Rows = rows.iter().map(|row| row.as_array().into_iter().flatten().map(read).collect()).collect();
    let wrong = if rows.iter().flatten().any(|(label, _)| label.trim().is_empty()) {
        "Bad Request: can't parse inline keyboard button: Field \"text\" must be non-empty"
    } else if rows.iter().flatten().any(|(_, data)| !(1..=64).contains(&data.len())) {
        "Bad Request: BUTTON_DATA_INVALID"
    } else if rows.iter().any(|row| row.len() > 8) || rows.iter().flatten().count() > 100 {
        "Bad Request: reply markup is too long"
    } else {
        return Ok(rows);
    };
    inner.violate(method, wrong, body);
    denied(400, wrong)
}

fn bot() -> Value {
    json!({
        "id": BOT_ID, "is_bot": true, "first_name": "Goldseam", "username": BOT, "can_join_groups": true,
        "can_read_all_group_messages": false, "supports_inline_queries": false, "can_connect_to_business": false,
        "has_main_web_app": false,
    })
}

fn message_json(chat: i64, message: &SentMessage) -> Value {
    let mut json = json!({
        "message_id": message.message_id, "date": DATE, "from": bot(), "text": message.plain,
        "chat": { "id": chat, "type": if chat < 0 { "supergroup" } else { "private" } },
    });
    if !message.buttons.is_empty() {
        let button = |(label, data): &(String, String)| json!({ "text": label, "callback_data": data });
        let rows: Vec<Vec<_>> = message.buttons.iter().map(|row| row.iter().map(button).collect()).collect();
        json["reply_markup"] = json!({ "inline_keyboard": rows });
    }
    json
}

/// The words of a text in Telegram's HTML, or why the real server would not read it.
pub fn strip_html(text: &str) -> Result<String, String> {
    let (mut plain, mut open, mut rest) = (String::new(), Vec::<&str>::new(), text);
    while let Some(at) = rest.find(['<', '&']) {
        plain.push_str(&rest[..at]);
        let (mark, end) = if rest[at..].starts_with('<') { ('<', '>') } else { ('&', ';') };
        let length = rest[at..].find(end).ok_or_else(|| format!("`{mark}` without `{end}`"))?;
        let inside = &rest[at + 1..at + length];
        rest = &rest[at + length + 1..];
        if mark == '&' {
            plain.push(entity(inside).ok_or_else(|| format!("unknown entity `{inside}`"))?);
        } else if let Some(name) = inside.strip_prefix('/') {
            match open.pop() {
                Some(last) if last == name => {}
                other => return Err(format!("unexpected end tag `{name}`, open is {other:?}")),
            }
        } else {
            let name = inside.split(' ').next().unwrap_or_default();
            let known =
                ["b", "strong", "i", "em", "u", "ins", "s", "del", "code", "pre", "a", "blockquote", "tg-spoiler"];
            if !known.contains(&name) {
                return Err(format!("unsupported start tag `{name}`"));
            }
            if name == "blockquote" && open.contains(&name) {
                return Err("blockquote in a blockquote".to_owned());
            }
            open.push(name);
        }
    }
    plain.push_str(rest);
    if open.is_empty() { Ok(plain) } else { Err(format!("can't find the end tag of {open:?}")) }
}

fn entity(name: &str) -> Option<char> {
    match name {
        "lt" => Some('<'),
        "gt" => Some('>'),
        "amp" => Some('&'),
        "quot" => Some('"'),
        _ => char::from_u32(name.strip_prefix('#')?.parse().ok()?),
    }
}

// ---- the published description -----------------------------------------------------------------------------------------

/// The Bot API's description, with a validator for each method that a test used.
struct Spec {
    definitions: Value,
    methods: HashMap<String, String>,
    validators: Mutex<HashMap<String, Arc<jsonschema::Validator>>>,
}

impl Spec {
    fn get() -> &'static Self {
        static SPEC: OnceLock<Spec> = OnceLock::new();
        SPEC.get_or_init(|| {
            let text = include_str!("../data/specs/telegram-bot-api-10.1.schema.json");
            let mut spec: Value = serde_json::from_str(text).expect("the description is JSON");
            let mut definitions = spec["$defs"].take();
            // The limit counts the text without its markup; `readable_text` does that.
            let limited =
                [("method.sendMessage", "text"), ("method.editMessageText", "text"), ("method.sendPhoto", "caption")];
            for (method, key) in limited {
                if let Some(text) = definitions[method]["properties"][key].as_object_mut() {
                    text.remove("maxLength");
                }
            }
            let names = definitions.as_object().into_iter().flat_map(|all| all.keys());
            let methods = names.filter_map(|key| key.strip_prefix("method."));
            let methods = methods.map(|name| (name.to_lowercase(), name.to_owned())).collect();
            Spec { definitions, methods, validators: Mutex::default() }
        })
    }

    /// The published spelling of a method's name, and its parameters.
    fn method(&self, name: &str) -> Option<(&str, &Value)> {
        let name = self.methods.get(&name.to_lowercase())?;
        Some((name, &self.definitions[format!("method.{name}")]))
    }

    fn complaints(&self, method: &str, body: &Value) -> Option<String> {
        complaints(&self.validator(&format!("method.{method}")), body)
    }

    fn validator(&self, definition: &str) -> Arc<jsonschema::Validator> {
        let mut validators = self.validators.lock().unwrap_or_else(PoisonError::into_inner);
        let build = || {
            let schema = json!({ "$ref": format!("#/$defs/{definition}"), "$defs": self.definitions });
            Arc::new(jsonschema::draft202012::new(&schema).expect("the description is a JSON schema"))
        };
        Arc::clone(validators.entry(definition.to_owned()).or_insert_with(build))
    }
}

fn complaints(validator: &jsonschema::Validator, value: &Value) -> Option<String> {
    let all: Vec<_> =
        validator.iter_errors(value).map(|error| format!("{} at {}", error, error.instance_path())).collect();
    (!all.is_empty()).then(|| all.join("; "))
}

/// What the published description says against a value as `type.Update`, `result.sendMessage` and so on.
pub fn against_description(definition: &str, value: &Value) -> Option<String> {
    complaints(&Spec::get().validator(definition), value)
}
