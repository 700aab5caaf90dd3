//! Discord: wire to inputs, messages to requests, answers to errors, and the listener over a gateway.

mod support;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::anyhow;
use goldseam::outbox::{BoxFuture, Deliver, Outgoing, SendError, Sent, Waits};
use goldseam::platform::discord::{
    Interactions, ListenError, Listener, PATIENCE, Rest, Sender, Settings, Shard, SlashCommand, decode, locales,
};
use goldseam::platform::inbox::{Heard, Inbox, RawEvent};
use goldseam::platform::{Endpoint, Network};
use goldseam::types::{
    Button, Drawing, FormWords, Inbound, Input, Localized, Message, PlaceKind, Platform, Purpose, Rich, Span, Subject,
    Theme,
};
use serde_json::{Value, json};
use support::fake_discord::{
    APPLICATION, FakeDiscord, Fault, OTHER_SERVER, SERVER, SERVER_CHANNEL, SentMessage, TOKEN,
};
use support::wire::{BadCertificate, FullHouse, Wire, name_that_nobody_has};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

const SOON: Duration = Duration::from_secs(10);
/// Short, so that a test of the deferral does not wait; long enough that no other test meets it.
const DEFER_SOON: Duration = Duration::from_millis(50);
const DEFER_LATE: Duration = Duration::from_secs(30);

// ---- payload -> Inbound ----

/// `text`, `press` or `command` with what came, or nothing.
fn read(raw: &Value) -> Option<(Inbound, String)> {
    let inbound = decode(&raw.to_string())?;
    let input = match &inbound.input {
        Input::Text(text) => format!("text {}", text.reveal()),
        Input::Form { seq, text } => format!("form {seq} {}", text.reveal()),
        Input::Press(token) => format!("press {token}"),
        Input::Command { name, rest } => format!("command {name} [{}]", rest.reveal()),
        other => format!("{other:?}"),
    };
    Some((inbound, input))
}

fn message(fields: Value) -> Value {
    let mut data = json!({ "id": "11", "channel_id": "22", "author": { "id": "33" }, "content": "", "type": 0 });
    for (name, value) in fields.as_object().unwrap() {
        data[name] = value.clone();
    }
    json!({ "kind": "message", "data": data })
}

fn interaction(kind: u8, data: Value, fields: Value) -> Value {
    let mut whole = json!({
        "id": "44", "token": "tok", "application_id": "55", "type": kind, "channel_id": "22", "user": { "id": "33" },
        "locale": "de", "data": data,
    });
    for (name, value) in fields.as_object().unwrap() {
        whole[name] = value.clone();
    }
    json!({ "kind": "interaction", "data": whole })
}

#[test]
fn what_is_an_input_and_what_is_not() {
    let text_option = json!([{ "name": "text", "type": 3, "value": " call Mum " }]);
    let row = |value: Value| json!({ "custom_id": "w:3", "components": [{ "type": 1, "components": [{ "type": 4, "value": value }] }] });
    let label =
        json!({ "custom_id": "w:3", "components": [{ "type": 18, "component": { "type": 4, "value": "words" } }] });
    let other =
        json!({ "custom_id": "w:x", "components": [{ "type": 18, "component": { "type": 4, "value": "words" } }] });
    let plain = json!({});
    let cases = [
        ("a message", message(json!({ "content": " Hello " })), Some("text Hello")),
        ("an answer to a message", message(json!({ "content": "Yes", "type": 19 })), Some("text Yes")),
        ("a typed command", message(json!({ "content": "/CheckIn now please" })), Some("command checkin [now please]")),
        ("a command on two lines", message(json!({ "content": "/promise\ncall" })), Some("command promise [call]")),
        ("a lone slash", message(json!({ "content": "/ or" })), Some("text / or")),
        ("a path", message(json!({ "content": "/etc/hosts is it" })), Some("text /etc/hosts is it")),
        ("a picture", message(json!({ "attachments": [{ "id": "1" }] })), Some("command unsupported []")),
        ("a picture with words", message(json!({ "content": "see", "attachments": [{}] })), Some("text see")),
        ("a sticker", message(json!({ "sticker_items": [{ "id": "1" }] })), Some("command unsupported []")),
        ("a poll", message(json!({ "poll": { "question": {} } })), Some("command unsupported []")),
        ("nothing", message(json!({ "attachments": [] })), None),
        ("a message in a server", message(json!({ "content": "x", "guild_id": "1" })), None),
        ("no server, said with null", message(json!({ "content": "x", "guild_id": null })), Some("text x")),
        ("a bot", message(json!({ "content": "x", "author": { "id": "3", "bot": true } })), None),
        ("a webhook", message(json!({ "content": "x", "webhook_id": "3" })), None),
        ("a pinned message", message(json!({ "content": "x", "type": 6 })), None),
        ("an author without id", message(json!({ "content": "x", "author": {} })), None),
        ("an author of another type", message(json!({ "content": "x", "author": [7] })), None),
        ("a number as text", message(json!({ "content": 7 })), None),
        ("a slash command", interaction(2, json!({ "name": "checkin" }), plain.clone()), Some("command checkin []")),
        (
            "a slash command with text",
            interaction(2, json!({ "name": "promise", "options": text_option }), plain.clone()),
            Some("command promise [call Mum]"),
        ),
        (
            "an option of another type",
            interaction(2, json!({ "name": "a", "options": [{ "name": "text", "value": 5 }, null] }), plain.clone()),
            Some("command a []"),
        ),
        ("no data", interaction(2, Value::Null, plain.clone()), None),
        ("a button", interaction(3, json!({ "custom_id": "q:17:2" }), plain.clone()), Some("press q:17:2")),
        (
            "a menu",
            interaction(3, json!({ "custom_id": "menu", "values": ["q:17:9", "q:17:8"] }), plain.clone()),
            Some("press q:17:9"),
        ),
        ("an inert button", interaction(3, json!({ "custom_id": "n" }), plain.clone()), None),
        ("a button that opens a form", interaction(3, json!({ "custom_id": "w:17" }), plain.clone()), None),
        ("a button without id", interaction(3, json!({ "custom_id": "" }), plain.clone()), None),
        ("a form", interaction(5, row(json!(" words ")), plain.clone()), Some("form 3 words")),
        ("a form with labels", interaction(5, label, plain.clone()), Some("form 3 words")),
        ("a form of another version", interaction(5, other, plain.clone()), Some("text words")),
        ("an empty form", interaction(5, row(json!("  ")), plain.clone()), None),
        ("a form of nulls", interaction(5, json!({ "components": [null, { "components": {} }] }), plain.clone()), None),
        ("a ping", interaction(1, Value::Null, plain.clone()), None),
        ("an unknown type", interaction(99, json!({}), plain.clone()), None),
        ("a type as text", interaction(2, json!({ "name": "a" }), json!({ "type": "2" })), None),
        ("no token", interaction(2, json!({ "name": "a" }), json!({ "token": null })), None),
        ("an unknown kind", json!({ "kind": "typing", "data": {} }), None),
        ("a list", json!([1, 2]), None),
    ];
    for (name, raw, expected) in cases {
        assert_eq!(read(&raw).map(|(_, input)| input).as_deref(), expected, "{name}");
    }
    assert_eq!(decode("{"), None);
    assert_eq!(decode(""), None);
}

#[test]
fn where_an_input_comes_from() {
    let (direct, _) = read(&message(json!({ "content": "x" }))).unwrap();
    assert_eq!((direct.event.as_str(), direct.account.as_str(), direct.reply), ("m11", "33", None));
    assert_eq!((direct.place.id.as_str(), direct.place.kind), ("22", PlaceKind::Private));

    let (command, _) = read(&interaction(2, json!({ "name": "a" }), json!({}))).unwrap();
    assert_eq!((command.event.as_str(), command.language.as_deref()), ("i44", Some("de")));
    assert_eq!(command.place.kind, PlaceKind::Private);
    let reply: Value = serde_json::from_str(&command.reply.unwrap()).unwrap();
    let expected = json!({ "id": "44", "token": "tok", "application_id": "55", "ephemeral": false, "kind": "command" });
    assert_eq!(reply, expected);

    let server = json!({ "guild_id": "9", "member": { "user": { "id": "77" } }, "user": null, "locale": "" });
    let (shared, _) = read(&interaction(3, json!({ "custom_id": "q:1:1" }), server)).unwrap();
    assert_eq!((shared.account.as_str(), shared.place.kind, shared.language), ("77", PlaceKind::Shared, None));
    let reply: Value = serde_json::from_str(&shared.reply.unwrap()).unwrap();
    assert_eq!((reply["ephemeral"].clone(), reply["kind"].clone()), (json!(true), json!("component")));

    let (group, _) = read(&interaction(2, json!({ "name": "a" }), json!({ "context": 2 }))).unwrap();
    assert_eq!(group.place.kind, PlaceKind::Shared);
}

// ---- Message -> request ----

fn outgoing(id: i64, message: Message) -> Outgoing {
    Outgoing {
        id,
        account: "33".into(),
        place: None,
        message,
        picture: None,
        purpose: Purpose::Reply,
        reply: None,
        silent: false,
        attempt: 0,
        look_since: None,
    }
}

fn plain(text: &str) -> Message {
    Message { text: Rich::plain(text), ..Message::default() }
}

fn offering(text: &str, count: usize) -> Message {
    let buttons = (1..=count).map(|n| Button { label: format!("No. {n}"), token: format!("q:1:{n}") }).collect();
    Message { text: Rich::plain(text), buttons, ..Message::default() }
}

fn rest(url: &str, token: &str) -> Arc<Rest> {
    let api = Endpoint::new(url, Network::Loopback).unwrap();
    Arc::new(Rest::new(&api, Network::Loopback, token.to_owned().into()).unwrap())
}

fn sender(fake: &FakeDiscord) -> Sender {
    Sender::new(rest(&format!("{}/api/v10", fake.url), TOKEN), Interactions::default())
}

#[tokio::test]
async fn a_message_becomes_exactly_this_request() {
    let fake = FakeDiscord::start().await;
    let button =
        |n: usize| json!({ "type": 2, "style": 2, "label": format!("No. {n}"), "custom_id": format!("q:1:{n}") });
    let row = |items: Vec<Value>| json!({ "type": 1, "components": items });
    let rich = Rich(vec![
        Span { text: "Well *done*, ".into(), ..Span::default() },
        Span { text: "@everyone".into(), bold: true, ..Span::default() },
        Span { text: "\nyour words".into(), quote: true, ..Span::default() },
    ]);
    let options: Vec<Value> =
        (1..=11).map(|n| json!({ "label": format!("No. {n}"), "value": format!("q:1:{n}") })).collect();
    let menu = json!({ "type": 3, "custom_id": "menu", "min_values": 1, "max_values": 1, "options": options });
    let list: String = (1..=26).map(|n| format!("\n{n}\\. No. {n}")).collect();
    let cases = [
        (plain("Hello"), "Hello".to_owned(), json!([])),
        (
            Message { text: rich, ..Message::default() },
            "Well \\*done\\*, **\\@everyone**\n> your words".into(),
            json!([]),
        ),
        (offering("?", 2), "?".into(), json!([row(vec![button(1), button(2)])])),
        (offering("?", 7), "?".into(), json!([row((1..=5).map(button).collect()), row(vec![button(6), button(7)])])),
        (offering("?", 11), "?".into(), json!([row(vec![menu])])),
        (offering("?", 26), format!("?{list}"), json!([])),
        (Message { wants_text: Some(4), ..plain("Tell me") }, "Tell me".into(), json!([])),
    ];
    let sender = sender(&fake);
    for (index, (message, content, components)) in cases.into_iter().enumerate() {
        let id = 36 + i64::try_from(index).unwrap();
        sender.deliver(&outgoing(id, message)).await.unwrap();
        let expected = json!({
            "content": content, "components": components, "allowed_mentions": { "parse": [] }, "flags": 4,
            "nonce": format!("1{index}"), "enforce_nonce": true,
        });
        assert_eq!(fake.requests().last().unwrap().body, expected);
    }
    fake.assert_no_violations();
}

/// A message with a picture, as the outbox hands it over.
fn showing(id: i64, text: &str) -> Outgoing {
    let drawing = Drawing { subject: Subject::Bars { weeks: vec![] }, theme: Theme::Dark };
    let file = goldseam::picture::draw(&drawing).unwrap();
    let message = Message { picture: Some(drawing), ..plain(text) };
    Outgoing { picture: Some(file.into()), ..outgoing(id, message) }
}

/// The text of a message and what is read out in the place of its picture, which must be a whole one.
#[track_caller]
fn seen(message: &SentMessage) -> (&str, &str) {
    let (file, description) = message.picture.as_ref().expect("a picture");
    let image = support::png::Image::read(file);
    assert_eq!((image.width, image.height), (1080, 720));
    (&message.content, description)
}

#[tokio::test]
async fn a_picture_hangs_on_its_message_and_says_what_there_is_to_see() {
    let fake = FakeDiscord::start().await;
    let sender = sender(&fake);
    sender.deliver(&showing(36, "Kept *2* of 3, @everyone.")).await.unwrap();
    let expected = json!({
        "content": "Kept \\*2\\* of 3, \\@everyone.", "components": [], "allowed_mentions": { "parse": [] }, "flags": 4,
        "nonce": "10", "enforce_nonce": true,
        "attachments": [{ "id": "0", "filename": "goldseam.png", "description": "Kept *2* of 3, @everyone." }],
    });
    assert_eq!(fake.requests().last().unwrap().body, expected);
    sender.deliver(&showing(37, &"long words ".repeat(150))).await.unwrap();
    let all = fake.person(33).sent();
    assert_eq!(seen(&all[0]), ("Kept \\*2\\* of 3, \\@everyone.", "Kept *2* of 3, @everyone."));
    assert!(seen(&all[1]).1.chars().count() <= 1024);
    fake.assert_no_violations();
}

#[tokio::test]
async fn a_picture_that_is_sent_twice_is_one_message_and_a_refused_one_leaves_its_words() {
    let fake = FakeDiscord::start().await;
    let sender = sender(&fake);
    fake.fault("/messages", Fault::LoseAnswer);
    assert!(matches!(sender.deliver(&showing(1, "Once")).await, Err(SendError::Ambiguous(_))));
    sender.deliver(&showing(1, "Once")).await.unwrap();
    assert_eq!(fake.person(33).sent().len(), 1);
    let limited = json!({ "retry_after": 2.0, "global": false, "message": "slow" }).to_string();
    fake.fault("/messages", Fault::Answer(429, limited, vec![]));
    assert!(matches!(sender.deliver(&showing(2, "Later")).await, Err(SendError::RateLimited { .. })));
    let large = json!({ "code": 40005, "message": "Request entity too large" }).to_string();
    fake.fault("/messages", Fault::Answer(413, large, vec![]));
    sender.deliver(&showing(3, "The words alone")).await.unwrap();
    let last = fake.person(33).sent().pop().unwrap();
    assert_eq!((last.content.as_str(), last.picture), ("The words alone", None));
    fake.assert_no_violations();
}

#[tokio::test]
async fn a_dm_is_opened_once_and_remembered() {
    let fake = FakeDiscord::start().await;
    let sender = sender(&fake);
    let first = sender.deliver(&outgoing(1, plain("One"))).await.unwrap();
    let place = first.place.expect("the new DM");
    let known = Outgoing { place: Some(place.clone()), silent: true, ..outgoing(2, plain("Two")) };
    assert_eq!(sender.deliver(&known).await.unwrap().place, None);
    let paths: Vec<String> = fake.requests().into_iter().map(|request| request.path).collect();
    let channel = format!("/channels/{place}/messages");
    assert_eq!(paths, ["/users/@me/channels", channel.as_str(), channel.as_str()]);
    let seen = fake.person(33).sent();
    assert_eq!(
        seen.iter().map(|m| (m.content.as_str(), m.silent)).collect::<Vec<_>>(),
        [("One", false), ("Two", true)]
    );
}

#[tokio::test]
async fn labels_and_texts_at_the_limit_are_taken() {
    let fake = FakeDiscord::start().await;
    let sender = sender(&fake);
    let long = |n: usize| Button { label: format!("{n}{}", "😀".repeat(60)), token: format!("q:1:{n}") };
    let cases = [
        Message { buttons: (0..10).map(long).collect(), ..plain("ten") },
        Message { buttons: (0..25).map(long).collect(), ..plain("menu") },
        plain(&"_".repeat(2000)),
        plain(&"x".repeat(2000)),
        Message { buttons: vec![Button { label: " ".into(), token: "q:1:1".into() }], ..plain("blank") },
    ];
    for (id, message) in (1..).zip(cases) {
        sender.deliver(&outgoing(id, message)).await.unwrap();
    }
    fake.assert_no_violations();
}

#[tokio::test]
async fn a_retried_message_arrives_once() {
    let fake = FakeDiscord::start().await;
    let sender = sender(&fake);
    fake.fault("/messages", Fault::LoseAnswer);
    let message = outgoing(7, plain("Once"));
    assert!(matches!(sender.deliver(&message).await, Err(SendError::Ambiguous(_))));
    let sent = sender.deliver(&message).await.unwrap();
    assert!(sent.message.is_some());
    assert_eq!(fake.person(33).sent().len(), 1);
    fake.deletes("Once");
    let again = sender.deliver(&message).await.unwrap();
    assert_eq!(again.message, None, "it had arrived, and was deleted since");
}

// ---- answer -> SendError ----

#[tokio::test]
async fn what_an_error_means() {
    let fake = FakeDiscord::start().await;
    let sender = sender(&fake);
    let code = |code: u64| json!({ "code": code, "message": "secret words" }).to_string();
    let header = |seconds: &str| vec![("retry-after", seconds.to_owned())];
    let limited = |millis, who| SendError::RateLimited { retry_after: Duration::from_millis(millis), who };
    let gone = |code: u64| SendError::Gone(format!("Discord error {code}"));
    let refused = |status: u16, code: u64| SendError::Refused(format!("Discord answered {status}, error {code}"));
    let wait = |body: Value| body.to_string();
    let cases = [
        (429, wait(json!({ "retry_after": 1.5, "global": false })), vec![], limited(1500, Waits::Chat)),
        (429, wait(json!({ "retry_after": 2, "global": true })), vec![], limited(2000, Waits::Everything)),
        (429, wait(json!({ "message": "slow" })), header("7"), limited(7000, Waits::Chat)),
        (429, "<html>blocked</html>".into(), header("60"), limited(60_000, Waits::Everything)),
        (429, wait(json!({ "retry_after": 1e12 })), vec![], limited(3_600_000, Waits::Chat)),
        (429, wait(json!({ "retry_after": -5 })), vec![], limited(1000, Waits::Chat)),
        (
            429,
            wait(json!({ "retry_after": 1 })),
            vec![("x-ratelimit-scope", "global".into())],
            limited(1000, Waits::Everything),
        ),
        (403, code(50007), vec![], gone(50007)),
        (403, code(50278), vec![], gone(50278)),
        (404, code(10003), vec![], gone(10003)),
        (403, code(50001), vec![], gone(50001)),
        (403, code(50013), vec![], gone(50013)),
        (403, code(20028), vec![], limited(60_000, Waits::Chat)),
        (400, code(40003), vec![], limited(60_000, Waits::Bulk)),
        (503, code(130_000), vec![], SendError::NotSent("Discord is overloaded".into())),
        (401, code(0), vec![], SendError::Unauthorized),
        (400, code(200_000), vec![], refused(400, 200_000)),
        (403, code(240_000), vec![], refused(403, 240_000)),
        (403, code(50033), vec![], gone(50033)),
        (403, "<html>".into(), vec![], SendError::NotSent("refused on the way to Discord".into())),
        (413, String::new(), vec![], refused(413, 0)),
        (500, code(0), vec![], SendError::Ambiguous("Discord answered 500".into())),
        (502, "<html>".into(), vec![], SendError::Ambiguous("Discord answered 502".into())),
        (200, "<html>".into(), vec![], SendError::Ambiguous("the answer is not JSON".into())),
    ];
    for (status, body, headers, expected) in cases {
        fake.fault("/messages", Fault::Answer(status, body, headers));
        let error = sender.deliver(&outgoing(1, plain("hush"))).await.unwrap_err();
        assert!(!error.to_string().contains("secret") && !error.to_string().contains("hush"));
        assert_eq!(error, expected);
    }
}

#[tokio::test]
async fn closed_dms_a_wrong_token_and_nobody_there() {
    let fake = FakeDiscord::start().await;
    fake.person(33).closes_dms();
    let error = sender(&fake).deliver(&outgoing(1, plain("x"))).await.unwrap_err();
    assert_eq!(error, SendError::Gone("Discord error 50007".into()));
    let stranger = Sender::new(rest(&fake.url, "wrong"), Interactions::default());
    assert_eq!(stranger.deliver(&outgoing(1, plain("x"))).await, Err(SendError::Unauthorized));
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let nobody = Sender::new(rest(&format!("http://127.0.0.1:{port}"), TOKEN), Interactions::default());
    assert!(matches!(nobody.deliver(&outgoing(1, plain("x"))).await, Err(SendError::NotSent(_))));
}

// ---- the listener over a gateway ----

/// What came in; it can be told to fail.
#[derive(Default)]
struct Memory {
    stored: Mutex<Vec<(String, String)>>,
    failures: Mutex<u32>,
    /// The private chats that are known.
    chats: Mutex<Vec<String>>,
    changed: Notify,
}

impl Inbox for Memory {
    fn put<'a>(&'a self, platform: Platform, bot: &'a str, events: Vec<RawEvent>) -> BoxFuture<'a, anyhow::Result<()>> {
        Box::pin(async move {
            assert_eq!((platform, bot), (Platform::Discord, APPLICATION));
            let left = self.failures.lock().unwrap().checked_sub(1);
            if let Some(left) = left {
                *self.failures.lock().unwrap() = left;
                return Err(anyhow!("the store is away"));
            }
            let mut stored = self.stored.lock().unwrap();
            for event in
                events.into_iter().filter(|event| !stored.iter().any(|(id, _)| *id == event.id)).collect::<Vec<_>>()
            {
                stored.push((event.id, event.raw.reveal().to_owned()));
            }
            drop(stored);
            self.changed.notify_waiters();
            Ok(())
        })
    }

    fn heard<'a>(&'a self, platform: Platform, bot: &'a str) -> BoxFuture<'a, anyhow::Result<Heard>> {
        Box::pin(async move {
            assert_eq!((platform, bot), (Platform::Discord, APPLICATION));
            Ok(Heard { since: "2026-11-22T12:00:00Z".parse().ok(), chats: self.chats.lock().unwrap().clone() })
        })
    }
}

impl Memory {
    fn inputs(&self) -> Vec<String> {
        let stored = self.stored.lock().unwrap();
        stored.iter().map(|(_, raw)| read(&serde_json::from_str(raw).unwrap()).unwrap().1).collect()
    }

    /// The n-th input that came, counted from 1.
    async fn input(&self, number: usize) -> Inbound {
        let wait = async {
            loop {
                let changed = self.changed.notified();
                if let Some((_, raw)) = self.stored.lock().unwrap().get(number - 1) {
                    return decode(raw).unwrap();
                }
                changed.await;
            }
        };
        tokio::time::timeout(SOON, wait)
            .await
            .unwrap_or_else(|_| panic!("input {number} never came: {:?}", self.inputs()))
    }
}

/// The adapter, running against a fake.
struct Bot {
    fake: FakeDiscord,
    inbox: Arc<Memory>,
    sender: Sender,
    cancel: CancellationToken,
    running: JoinHandle<anyhow::Result<()>>,
}

fn settings(defer_after: Duration) -> Settings {
    let command = |name: &str, takes_text| SlashCommand {
        name: name.into(),
        description: "Does it".into(),
        descriptions: [("es-ES".to_owned(), "Lo hace".to_owned())].into(),
        takes_text,
    };
    let commands = vec![command("checkin", false), command("promise", true)];
    Settings { shard: Shard::WHOLE, test_server: None, commands, form: form_words(), patience: PATIENCE, defer_after }
}

/// Forms in two languages.
fn form_words() -> Localized<FormWords> {
    let spanish = FormWords { button: "Escribir".into(), title: "Escribe".into(), field: "Tu respuesta".into() };
    Localized::new(FormWords::default(), [("es".to_owned(), spanish)].into())
}

async fn listener(fake: &FakeDiscord, defer_after: Duration) -> (Listener, Interactions) {
    let interactions = Interactions::default();
    let start = Listener::start(settings(defer_after), rest(&fake.url, TOKEN), interactions.clone());
    (start.await.unwrap(), interactions)
}

impl Bot {
    async fn start(defer_after: Duration) -> Self {
        Self::on(FakeDiscord::start().await, Arc::default(), defer_after).await
    }

    async fn on(fake: FakeDiscord, inbox: Arc<Memory>, defer_after: Duration) -> Self {
        Self::with(fake, inbox, settings(defer_after)).await
    }

    async fn with(fake: FakeDiscord, inbox: Arc<Memory>, settings: Settings) -> Self {
        let interactions = Interactions::default();
        let start = Listener::start(settings, rest(&fake.url, TOKEN), interactions.clone());
        let listener = start.await.unwrap();
        let cancel = CancellationToken::new();
        let running = tokio::spawn(listener.run(Arc::clone(&inbox) as Arc<dyn Inbox>, cancel.clone()));
        fake.connected().await;
        let sender = Sender::new(rest(&fake.url, TOKEN), interactions).with_form(form_words());
        Self { fake, inbox, sender, cancel, running }
    }

    /// Answers an input as the outbox would: to its interaction, into its place when that is private.
    async fn answer(&self, id: i64, to: &Inbound, message: Message) -> Result<Sent, SendError> {
        let place = (to.place.kind == PlaceKind::Private).then(|| to.place.id.clone());
        let row = Outgoing { account: to.account.clone(), place, reply: to.reply.clone(), ..outgoing(id, message) };
        self.sender.deliver(&row).await
    }

    /// Nobody listens any more; what is there stays, and the chat of each input so far is known.
    async fn rests(self) -> (FakeDiscord, Arc<Memory>) {
        self.cancel.cancel();
        tokio::time::timeout(SOON, self.running).await.expect("the listener stops").unwrap().unwrap();
        self.fake.until("nobody listens", |fake| !fake.is_heard()).await;
        let chats: Vec<String> =
            self.inbox.stored.lock().unwrap().iter().map(|(_, raw)| decode(raw).unwrap().place.id).collect();
        self.inbox.chats.lock().unwrap().extend(chats);
        (self.fake, self.inbox)
    }

    async fn stop(self) {
        self.cancel.cancel();
        let ended = tokio::time::timeout(SOON, self.running).await.expect("the listener stops");
        ended.unwrap().unwrap();
        self.fake.until("the gateway was closed", |fake| fake.closed_cleanly() == 1).await;
        self.fake.assert_no_violations();
    }
}

#[tokio::test]
async fn commands_are_registered() {
    let fake = FakeDiscord::start().await;
    listener(&fake, DEFER_LATE).await;
    let commands = fake.commands();
    assert_eq!(commands[0]["name"], "checkin");
    assert_eq!(commands[0]["options"], json!([]));
    assert_eq!(commands[0]["description_localizations"], json!({ "es-ES": "Lo hace" }));
    assert_eq!((&commands[1]["contexts"], &commands[1]["integration_types"]), (&json!([0, 1]), &json!([0])));
    assert_eq!(commands[1]["options"][0]["name"], "text");
    let here = Settings { test_server: Some("71".into()), ..settings(DEFER_LATE) };
    Listener::start(here, rest(&fake.url, TOKEN), Interactions::default()).await.unwrap();
    assert_eq!(fake.bodies(&format!("/applications/{APPLICATION}/guilds/71/commands")).len(), 1);
    fake.assert_no_violations();
}

#[tokio::test]
async fn direct_messages_are_stored_in_order_and_bots_are_not() {
    let bot = Bot::start(DEFER_LATE).await;
    let person = bot.fake.person(33);
    bot.sender.deliver(&outgoing(1, plain("Hello from the bot"))).await.unwrap();
    for number in 1..=20 {
        person.says(&format!("Line {number}"));
    }
    person.sends(json!({ "content": "in a server", "guild_id": "1" }));
    person.says("/checkin today");
    bot.inbox.input(21).await;
    let lines = (1..=20).map(|n| format!("text Line {n}"));
    assert_eq!(bot.inbox.inputs(), lines.chain(["command checkin [today]".into()]).collect::<Vec<_>>());
    bot.stop().await;
}

#[tokio::test]
async fn what_is_newer_than_serenity_is_read_all_the_same() {
    let bot = Bot::start(DEFER_LATE).await;
    let person = bot.fake.person(33);
    person.sends(json!({ "content": "new", "components": [{ "type": 1, "components": [{ "type": 99 }] }] }));
    person.sends(json!({ "content": "odd", "mentions": "none" }));
    let row = |item: Value| json!({ "type": 1, "components": [item] });
    let rows = [row(json!({ "type": 4, "custom_id": "text", "value": "words" })), row(json!({ "type": 99 }))];
    person.submits(json!({ "custom_id": "w:3", "components": rows }));
    bot.inbox.input(3).await;
    assert_eq!(bot.inbox.inputs(), ["text new", "text odd", "form 3 words"]);
    bot.stop().await;
}

#[tokio::test]
async fn a_command_in_the_dm_is_answered_at_once_and_goes_on_as_messages() {
    let bot = Bot::start(DEFER_LATE).await;
    let person = bot.fake.person(33);
    person.uses("/promise call Mum");
    let input = bot.inbox.input(1).await;
    assert_eq!(bot.inbox.inputs(), ["command promise [call Mum]"]);
    bot.answer(1, &input, plain("First")).await.unwrap();
    bot.answer(2, &input, plain("Second")).await.unwrap();
    let seen = person.sent();
    assert_eq!(
        seen.iter().map(|m| (m.content.as_str(), m.ephemeral)).collect::<Vec<_>>(),
        [("First", false), ("Second", false)]
    );
    assert_eq!(bot.fake.bodies("/callback").len(), 1);
    bot.stop().await;
}

#[tokio::test]
async fn in_a_server_only_the_person_sees_the_answers() {
    let bot = Bot::start(DEFER_LATE).await;
    let person = bot.fake.person(33);
    person.uses_in_server("/checkin");
    let input = bot.inbox.input(1).await;
    assert_eq!((input.place.kind, input.place.id.as_str()), (PlaceKind::Shared, SERVER_CHANNEL));
    bot.answer(1, &input, plain("First")).await.unwrap();
    bot.answer(2, &input, offering("How was it?", 2)).await.unwrap();
    person.presses("No. 2");
    let press = bot.inbox.input(2).await;
    bot.answer(3, &press, plain("Thank you")).await.unwrap();
    assert!(person.sent().iter().all(|message| message.ephemeral && message.channel == SERVER_CHANNEL));
    assert_eq!(person.sent().len(), 3);
    assert!(bot.fake.person(44).sent().is_empty());
    bot.stop().await;
}

#[tokio::test]
async fn a_slow_answer_takes_the_place_of_thinking() {
    let bot = Bot::start(DEFER_SOON).await;
    let person = bot.fake.person(33);
    person.uses_in_server("/checkin");
    let input = bot.inbox.input(1).await;
    bot.fake.until("thinking is shown", |fake| fake.thinking() == 1).await;
    assert!(person.sent().is_empty());
    bot.answer(1, &input, plain("At last")).await.unwrap();
    bot.answer(2, &input, plain("And more")).await.unwrap();
    let seen = person.sent();
    assert_eq!(
        seen.iter().map(|m| (m.content.as_str(), m.ephemeral)).collect::<Vec<_>>(),
        [("At last", true), ("And more", true)]
    );
    assert_eq!(bot.fake.requests().iter().filter(|request| request.method == "PATCH").count(), 1);
    bot.stop().await;
}

#[tokio::test]
async fn after_a_restart_thinking_is_filled_and_an_answer_is_not_overwritten() {
    let bot = Bot::start(DEFER_SOON).await;
    let person = bot.fake.person(33);
    person.uses_in_server("/checkin");
    let input = bot.inbox.input(1).await;
    bot.fake.until("thinking is shown", |fake| fake.thinking() == 1).await;
    for (id, text) in [(1, "First"), (1, "First"), (2, "Second")] {
        let row = Outgoing { reply: input.reply.clone(), ..outgoing(id, plain(text)) };
        sender(&bot.fake).deliver(&row).await.unwrap();
    }
    assert_eq!(person.sent().iter().map(|m| m.content.as_str()).collect::<Vec<_>>(), ["First", "Second"]);
    bot.stop().await;
}

#[tokio::test]
async fn an_answer_whose_receipt_was_lost_is_not_given_twice() {
    let bot = Bot::start(DEFER_LATE).await;
    let person = bot.fake.person(33);
    person.uses_in_server("/checkin");
    let input = bot.inbox.input(1).await;
    bot.fake.fault("/callback", Fault::LoseAnswer);
    assert!(matches!(bot.answer(1, &input, plain("Once")).await, Err(SendError::Ambiguous(_))));
    bot.answer(1, &input, plain("Once")).await.unwrap();
    assert_eq!(person.sent().len(), 1);
    bot.stop().await;
}

#[tokio::test]
async fn a_picture_answers_an_interaction_in_every_way_there_is() {
    let bot = Bot::start(DEFER_LATE).await;
    let person = bot.fake.person(33);
    person.uses_in_server("/seam");
    let input = bot.inbox.input(1).await;
    let to = |id, text: &str| Outgoing { reply: input.reply.clone(), ..showing(id, text) };
    bot.sender.deliver(&to(1, "First")).await.unwrap();
    bot.sender.deliver(&to(2, "Follows")).await.unwrap();
    bot.stop().await;

    let bot = Bot::start(DEFER_SOON).await;
    let later = bot.fake.person(44);
    later.uses_in_server("/seam");
    let input = bot.inbox.input(1).await;
    bot.fake.until("thinking is shown", |fake| fake.thinking() == 1).await;
    bot.sender.deliver(&Outgoing { reply: input.reply, ..showing(3, "In its place") }).await.unwrap();
    let all: Vec<SentMessage> = person.sent().into_iter().chain(later.sent()).collect();
    let texts = [("First", "First"), ("Follows", "Follows"), ("In its place", "In its place")];
    assert_eq!(all.iter().map(seen).collect::<Vec<_>>(), texts);
    assert!(all.iter().all(|message| message.ephemeral), "in a server it is seen by the person only");
    bot.stop().await;
}

#[tokio::test]
async fn an_interaction_that_ran_out_is_answered_in_the_dm() {
    let bot = Bot::start(DEFER_LATE).await;
    let person = bot.fake.person(33);
    person.uses_in_server("/checkin");
    let input = bot.inbox.input(1).await;
    bot.fake.expire_interactions();
    let sent = bot.answer(1, &input, plain("Late")).await.unwrap();
    assert!(sent.place.is_some());
    let late = person.sent().pop().unwrap();
    assert_eq!((late.ephemeral, Some(&late.channel)), (false, sent.place.as_ref()));
    bot.stop().await;
}

#[tokio::test]
async fn a_pressed_button_shows_what_was_chosen() {
    let bot = Bot::start(DEFER_LATE).await;
    let person = bot.fake.person(33);
    bot.sender.deliver(&outgoing(1, offering("How was it?", 3))).await.unwrap();
    person.presses("No. 2");
    let press = bot.inbox.input(1).await;
    assert_eq!(press.input, Input::Press("q:1:2".into()));
    assert!(!bot.inbox.stored.lock().unwrap()[0].1.contains("How was it?"), "the message is not stored again");
    bot.fake.until("the keyboard is replaced", |_| person.sent()[0].buttons == ["✓ No. 2"]).await;
    assert_eq!(person.sent()[0].content, "How was it?");
    bot.answer(2, &press, offering("And this?", 12)).await.unwrap();
    person.presses("No. 11");
    assert_eq!(bot.inbox.input(2).await.input, Input::Press("q:1:11".into()));
    bot.fake.until("the menu is replaced", |_| person.sent()[1].buttons == ["✓ No. 11"]).await;
    bot.stop().await;
}

/// A question of which several answers may be picked.
fn picking(text: &str, count: usize) -> Message {
    let buttons = (1..=count).map(|n| Button { label: format!("No. {n}"), token: format!("+q:1:{n}") }).collect();
    Message { text: Rich::plain(text), buttons, ..Message::default() }
}

#[tokio::test]
async fn a_button_that_stays_has_its_message_changed_by_the_answer() {
    let bot = Bot::start(DEFER_LATE).await;
    let person = bot.fake.person(33);
    bot.sender.deliver(&outgoing(1, picking("Which?", 3))).await.unwrap();
    person.presses("No. 2");
    let press = bot.inbox.input(1).await;
    assert_eq!(press.input, Input::Press("+q:1:2".into()));
    bot.fake.until("the press is acknowledged", |fake| fake.bodies("/callback").len() == 1).await;
    assert_eq!(bot.fake.bodies("/callback"), [json!({ "type": 6 })]);
    let so_far = Message { edits: true, ..picking("So far: No. 2", 3) };
    bot.answer(2, &press, so_far.clone()).await.unwrap();
    let seen = person.sent();
    assert_eq!(seen.iter().map(|m| m.content.as_str()).collect::<Vec<_>>(), ["So far: No. 2"]);
    assert_eq!(seen[0].buttons, ["No. 1", "No. 2", "No. 3"]);
    bot.fake.deletes("So far");
    bot.answer(3, &press, so_far).await.unwrap();
    assert_eq!(person.sent().len(), 1, "what was deleted is sent anew");
    bot.stop().await;
}

#[tokio::test]
async fn a_button_that_stays_works_in_a_server_too() {
    let bot = Bot::start(DEFER_LATE).await;
    let person = bot.fake.person(33);
    person.uses_in_server("/checkin");
    let input = bot.inbox.input(1).await;
    bot.answer(1, &input, picking("Which?", 3)).await.unwrap();
    person.presses("No. 3");
    let press = bot.inbox.input(2).await;
    bot.answer(2, &press, Message { edits: true, ..picking("So far: No. 3", 3) }).await.unwrap();
    let seen = person.sent();
    assert_eq!(seen.iter().map(|m| (m.content.as_str(), m.ephemeral)).collect::<Vec<_>>(), [("So far: No. 3", true)]);
    bot.stop().await;
}

#[tokio::test]
async fn what_discord_does_not_recognise_any_more_is_looked_for() {
    let fake = FakeDiscord::start().await;
    let sender = sender(&fake);
    fake.fault("/messages", Fault::LoseAnswer);
    let first = outgoing(7, plain("Once *only*"));
    assert!(matches!(sender.deliver(&first).await, Err(SendError::Ambiguous(_))));
    fake.forgets_nonces();
    let since = "2026-11-22T12:00:00Z".parse().ok();
    let again = Outgoing { look_since: since, ..first.clone() };
    assert!(sender.deliver(&again).await.unwrap().message.is_some());
    assert_eq!(fake.person(33).sent().len(), 1, "it was there");
    let other = Outgoing { look_since: since, ..outgoing(8, plain("Another one")) };
    sender.deliver(&other).await.unwrap();
    assert_eq!(fake.person(33).sent().len(), 2, "it was not there");
    // The same words of an earlier day are not it.
    let later = Outgoing { look_since: "2031-01-01T00:00:00Z".parse().ok(), ..outgoing(9, plain("Another one")) };
    sender.deliver(&later).await.unwrap();
    assert_eq!(fake.person(33).sent().len(), 3);
    fake.assert_no_violations();
}

#[tokio::test]
async fn what_is_not_accepted_goes_out_as_bare_words_once() {
    let fake = FakeDiscord::start().await;
    let malformed = || Fault::Answer(400, json!({ "code": 50035 }).to_string(), vec![]);
    fake.fault("/messages", malformed());
    sender(&fake).deliver(&outgoing(1, offering("Which *one*?", 2))).await.unwrap();
    let seen = fake.person(33).sent();
    assert_eq!((seen[0].content.as_str(), seen[0].buttons.len()), ("Which \\*one\\*?\n\\- No. 1\n\\- No. 2", 0));
    fake.fault("/messages", malformed());
    fake.fault("/messages", malformed());
    let refused = sender(&fake).deliver(&outgoing(2, plain("No"))).await;
    assert_eq!(refused, Err(SendError::Refused("Discord answered 400, error 50035".into())));
}

#[tokio::test]
async fn a_bucket_that_is_used_up_is_not_asked_again() {
    let fake = FakeDiscord::start().await;
    let sender = sender(&fake);
    let (used_up, after) = (("x-ratelimit-remaining", "0".to_owned()), ("x-ratelimit-reset-after", "30".to_owned()));
    fake.tells("/messages", vec![used_up, after]);
    sender.deliver(&outgoing(1, plain("One"))).await.unwrap();
    let place = fake.bodies("/users/@me/channels").len();
    let next = Outgoing {
        place: sender.deliver(&outgoing(2, plain("Two"))).await.ok().and_then(|sent| sent.place),
        ..outgoing(2, plain("Two"))
    };
    let limited = sender.deliver(&next).await.unwrap_err();
    let SendError::RateLimited { retry_after, who: Waits::Chat } = limited else { panic!("{limited}") };
    assert!(retry_after > Duration::from_secs(20) && retry_after <= Duration::from_secs(30), "{retry_after:?}");
    assert_eq!((place, fake.bodies("/messages").len()), (1, 1), "nothing was asked");
    sender.deliver(&Outgoing { account: "34".into(), ..outgoing(3, plain("Three")) }).await.unwrap();
}

#[tokio::test]
async fn free_text_in_a_server_is_written_in_a_form() {
    let bot = Bot::start(DEFER_LATE).await;
    let person = bot.fake.person(33);
    person.uses_in_server("/promise");
    let input = bot.inbox.input(1).await;
    let question = Message { wants_text: Some(4), ..plain("What do you promise?") };
    bot.answer(1, &input, question).await.unwrap();
    person.writes("To call Mum").await;
    let written = bot.inbox.input(2).await;
    assert_eq!(bot.inbox.inputs(), ["command promise []", "form 4 To call Mum"]);
    bot.answer(2, &written, plain("Noted")).await.unwrap();
    assert!(person.wait_for("Noted", SOON).await.ephemeral);
    bot.stop().await;
}

#[tokio::test]
async fn a_form_speaks_the_language_of_its_question() {
    let bot = Bot::start(DEFER_LATE).await;
    let person = bot.fake.person(33);
    person.uses_in_server("/promise");
    let input = bot.inbox.input(1).await;
    let question = Message { wants_text: Some(4), language: Some("es".into()), ..plain("\u{bf}Qu\u{e9} prometes?") };
    bot.answer(1, &input, question).await.unwrap();
    person.writes_with("Escribir", "Llamar a mi madre").await;
    bot.inbox.input(2).await;
    assert_eq!(bot.inbox.inputs(), ["command promise []", "form 4 Llamar a mi madre"]);
    let opened = bot.fake.bodies("/callback").into_iter().find(|body| body["type"] == 9).expect("a form");
    assert_eq!((&opened["data"]["custom_id"], &opened["data"]["title"]), (&json!("w:4:es"), &json!("Escribe")));
    bot.stop().await;
}

#[test]
fn discord_has_its_own_names_of_languages() {
    assert_eq!(locales("es"), ["es-ES", "es-419"]);
    assert_eq!(locales("pt-br"), ["pt-BR"]);
    assert_eq!(locales("de"), ["de"]);
    assert_eq!(locales("la"), [""; 0]);
}

#[tokio::test]
async fn a_dropped_connection_loses_nothing() {
    let bot = Bot::start(DEFER_LATE).await;
    let person = bot.fake.person(33);
    person.says("before");
    bot.inbox.input(1).await;
    bot.fake.drop_gateway();
    person.says("while away");
    person.uses("/checkin");
    bot.inbox.input(3).await;
    bot.fake.ask_reconnect();
    person.says("after");
    bot.inbox.input(4).await;
    assert_eq!(bot.inbox.inputs(), ["text before", "text while away", "command checkin []", "text after"]);
    assert_eq!(bot.fake.identified(), 1);
    assert!(bot.fake.resumed() >= 1);
    bot.stop().await;
}

#[tokio::test]
async fn what_was_written_while_nobody_listened_is_read_back_once_and_in_order() {
    let bot = Bot::start(DEFER_LATE).await;
    let (ana, ben) = (bot.fake.person(33), bot.fake.person(34));
    ana.says("one");
    bot.sender.deliver(&outgoing(1, plain("Hello from the bot"))).await.unwrap();
    ben.says("uno");
    bot.inbox.input(2).await;
    let (fake, inbox) = bot.rests().await;
    for number in 2..=150 {
        ana.says(&format!("{number}"));
    }
    ben.says("dos");
    fake.fault("limit=100", Fault::Answer(500, String::new(), Vec::new()));
    let bot = Bot::on(fake, inbox, DEFER_LATE).await;
    bot.inbox.input(152).await;
    ana.says("the last");
    bot.inbox.input(153).await;
    let heard = bot.inbox.inputs();
    let of_ana: Vec<&String> = heard.iter().filter(|text| !text.contains("uno") && !text.contains("dos")).collect();
    let expected = (2..=150).map(|number| format!("text {number}"));
    let expected: Vec<String> = [vec!["text one".into()], expected.collect(), vec!["text the last".into()]].concat();
    assert_eq!(of_ana, expected.iter().collect::<Vec<_>>());
    assert_eq!(heard.iter().filter(|text| *text == "text dos").count(), 1);
    bot.fake.assert_no_violations();
}

#[tokio::test]
async fn a_chat_in_which_something_happens_is_read_before_it() {
    let bot = Bot::start(DEFER_LATE).await;
    let others: Vec<_> = (100..110).map(|account| bot.fake.person(account)).collect();
    others.iter().for_each(|person| person.says("hello"));
    let ana = bot.fake.person(33);
    ana.says("one");
    bot.sender.deliver(&outgoing(1, offering("?", 1))).await.unwrap();
    bot.inbox.input(11).await;
    let (fake, inbox) = bot.rests().await;
    ana.says("missed");
    // Ten chats stand before hers, the first of which is closed to us.
    fake.fault("limit=100", Fault::Answer(403, r#"{"code":50001,"message":"Missing Access"}"#.into(), Vec::new()));
    let bot = Bot::on(fake, inbox, DEFER_LATE).await;
    ana.uses("/checkin");
    bot.inbox.input(13).await;
    assert_eq!(bot.inbox.inputs()[11..], ["text missed", "command checkin []"]);
    bot.fake.assert_no_violations();
}

#[tokio::test]
async fn a_new_session_begins_with_what_was_missed() {
    let bot = Bot::start(DEFER_LATE).await;
    let ana = bot.fake.person(33);
    ana.says("one");
    let chat = bot.inbox.input(1).await.place.id;
    bot.inbox.chats.lock().unwrap().push(chat);
    bot.fake.invalidate_session();
    bot.fake.drop_gateway();
    ana.says("between");
    bot.inbox.input(2).await;
    assert_eq!(bot.inbox.inputs(), ["text one", "text between"]);
    assert_eq!(bot.fake.identified(), 2);
    bot.fake.assert_no_violations();
}

#[tokio::test]
async fn what_cannot_be_stored_is_tried_again_and_only_then_acknowledged() {
    let bot = Bot::start(DEFER_LATE).await;
    let person = bot.fake.person(33);
    bot.sender.deliver(&outgoing(1, offering("?", 1))).await.unwrap();
    *bot.inbox.failures.lock().unwrap() = 1;
    person.presses("No. 1");
    bot.inbox.input(1).await;
    bot.fake.until("it is acknowledged", |fake| fake.bodies("/callback").len() == 1).await;
    bot.stop().await;
}

#[tokio::test]
async fn a_command_that_is_not_answered_when_we_stop_is_answered_after_the_restart() {
    let bot = Bot::start(DEFER_LATE).await;
    let person = bot.fake.person(33);
    person.uses("/checkin");
    let input = bot.inbox.input(1).await;
    bot.cancel.cancel();
    bot.running.await.unwrap().unwrap();
    assert_eq!(bot.fake.thinking(), 1);
    let row = Outgoing { place: Some(input.place.id), reply: input.reply, ..outgoing(1, plain("Here I am")) };
    sender(&bot.fake).deliver(&row).await.unwrap();
    assert_eq!(person.sent().iter().map(|m| m.content.as_str()).collect::<Vec<_>>(), ["Here I am"]);
    bot.fake.assert_no_violations();
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn nothing_that_serenity_says_reaches_the_log() {
    let log = Log::default();
    let writer = log.clone();
    tracing_subscriber::fmt().with_writer(move || writer.clone()).init();
    let bot = Bot::start(DEFER_LATE).await;
    bot.fake.skips_sequence();
    bot.fake.person(33).says("very private");
    bot.inbox.input(1).await;
    bot.stop().await;
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(log.contains("Discord's gateway is connected."), "{log}");
    assert!(!log.contains("private") && !log.contains("fake-token"), "{log}");
}

#[tokio::test]
async fn a_new_session_is_not_begun_again_and_again() {
    let bot = Bot::start(DEFER_LATE).await;
    bot.fake.until("the limit is looked at", |fake| fake.bodies("/gateway/bot").len() == 2).await;
    bot.fake.sessions_left(10);
    bot.fake.invalidate_session();
    let error = tokio::time::timeout(Duration::from_secs(30), bot.running).await.unwrap().unwrap().unwrap_err();
    assert!(error.to_string().contains("only 10 gateway sessions"), "{error:#}");
    assert_eq!(bot.fake.identified(), 2);
}

// ---- wires ----

/// Short, for tests that wait for it.
const LIMIT: Duration = Duration::from_millis(400);

#[tokio::test]
async fn a_message_into_a_silent_wire_arrives_once_over_the_next_one() {
    let fake = FakeDiscord::start().await;
    let wire = Wire::to(&fake.url).await;
    let api = Endpoint::new(&wire.url(), Network::Loopback).unwrap();
    let rest = Rest::new(&api, Network::Loopback, TOKEN.to_owned().into()).unwrap().with_limit(LIMIT);
    let sender = Sender::new(Arc::new(rest), Interactions::default());
    sender.deliver(&outgoing(1, plain("One"))).await.unwrap();
    wire.falls_silent();
    for _ in 0..2 {
        let begun = tokio::time::Instant::now();
        let lost = sender.deliver(&outgoing(2, plain("Two"))).await;
        assert_eq!(lost, Err(SendError::Ambiguous("no answer in time".into())));
        assert!(begun.elapsed() < LIMIT * 5, "{:?}", begun.elapsed());
    }
    wire.heals();
    sender.deliver(&outgoing(2, plain("Two"))).await.unwrap();
    let seen = fake.person(33).sent();
    assert_eq!(seen.iter().map(|m| m.content.as_str()).collect::<Vec<_>>(), ["One", "Two"]);
    fake.assert_no_violations();
}

#[tokio::test]
async fn who_does_not_let_us_in_who_has_no_name_and_who_cannot_prove_it_gets_nothing() {
    let (full, liar) = (FullHouse::new().await, BadCertificate::start().await);
    for (address, network) in [
        (format!("http://{}", full.address), Network::Loopback),
        (liar.url.clone(), Network::Loopback),
        (name_that_nobody_has(), Network::Open),
    ] {
        let api = Endpoint::new(&address, network).unwrap();
        let rest = Arc::new(Rest::new(&api, network, TOKEN.to_owned().into()).unwrap());
        let begun = tokio::time::Instant::now();
        let message = outgoing(1, plain("Hello"));
        let sender = Sender::new(rest.clone(), Interactions::default());
        let started = Listener::start(settings(DEFER_LATE), rest, Interactions::default());
        let (sent, started) = tokio::join!(sender.deliver(&message), started);
        assert_eq!(sent, Err(SendError::NotSent("no connection to Discord".into())), "{address}: surely not sent");
        assert!(started.err().is_some_and(|error| !error.is::<ListenError>()), "{address}: worth another try");
        assert!(begun.elapsed() < Duration::from_secs(8), "{address}: {:?}", begun.elapsed());
    }
    assert!(liar.is_trusted_by_nobody());
}

/// Its gateway is at the other end of a wire.
async fn over_a_wire(patience: Duration) -> (Bot, Wire) {
    let fake = FakeDiscord::start().await;
    let wire = Wire::to(&fake.url).await;
    fake.gateway_url(&format!("ws://{}/gateway", wire.address));
    (Bot::with(fake, Arc::default(), Settings { patience, ..settings(DEFER_LATE) }).await, wire)
}

#[tokio::test]
async fn a_gateway_that_falls_silent_is_left_and_what_was_written_meanwhile_is_read_back() {
    let patience = Duration::from_secs(1);
    let (bot, wire) = over_a_wire(patience).await;
    let ana = bot.fake.person(33);
    ana.says("one");
    let chat = bot.inbox.input(1).await.place.id;
    bot.inbox.chats.lock().unwrap().push(chat);
    tokio::time::sleep(patience * 3).await;
    assert_eq!((bot.fake.identified(), wire.accepted()), (1, 1), "who answers is not left, however quiet it is");
    let begun = tokio::time::Instant::now();
    wire.falls_silent();
    ana.says("two");
    let other = |bot: &Bot| bot.fake.bodies("/gateway/bot").len();
    let before = other(&bot);
    bot.fake.until("it is noticed", |fake| fake.bodies("/gateway/bot").len() > before).await;
    assert!(begun.elapsed() < patience * 2 + Duration::from_secs(2), "{:?}", begun.elapsed());
    // The next one is let in, and nobody ever answers.
    let before = other(&bot);
    bot.fake.until("it is left as well", |fake| fake.bodies("/gateway/bot").len() > before).await;
    wire.heals();
    bot.inbox.input(2).await;
    ana.says("three");
    bot.inbox.input(3).await;
    assert_eq!(bot.inbox.inputs(), ["text one", "text two", "text three"]);
    assert_eq!(bot.fake.identified(), 2);
    bot.fake.assert_no_violations();
    bot.cancel.cancel();
}

#[tokio::test]
async fn a_gateway_to_which_connecting_never_ends_is_left() {
    let (fake, full) = (FakeDiscord::start().await, FullHouse::new().await);
    fake.gateway_url(&format!("ws://{}/gateway", full.address));
    let settings = Settings { patience: Duration::from_millis(600), ..settings(DEFER_LATE) };
    let listener = Listener::start(settings, rest(&fake.url, TOKEN), Interactions::default()).await.unwrap();
    let cancel = CancellationToken::new();
    let running = tokio::spawn(listener.run(Arc::new(Memory::default()), cancel.clone()));
    fake.until("it asks again where to go", |fake| fake.bodies("/gateway/bot").len() >= 2).await;
    fake.gateway_url(&format!("{}/gateway", fake.url.replace("http", "ws")));
    fake.connected().await;
    cancel.cancel();
    running.await.unwrap().unwrap();
    fake.assert_no_violations();
}

#[tokio::test]
async fn heartbeats_that_nobody_hears_end_the_session_and_nothing_is_lost() {
    let fake = FakeDiscord::start().await;
    fake.wants_heartbeats(Duration::from_millis(700));
    fake.acknowledges_heartbeats(false);
    let bot = Bot::with(fake, Arc::default(), settings(DEFER_LATE)).await;
    let ana = bot.fake.person(33);
    ana.says("one");
    let chat = bot.inbox.input(1).await.place.id;
    bot.inbox.chats.lock().unwrap().push(chat);
    bot.fake.until("the session is left", |fake| !fake.is_heard()).await;
    ana.says("two");
    bot.fake.acknowledges_heartbeats(true);
    bot.inbox.input(2).await;
    ana.says("three");
    bot.inbox.input(3).await;
    assert_eq!(bot.inbox.inputs(), ["text one", "text two", "text three"]);
    assert_eq!(bot.fake.identified(), 2);
    bot.fake.assert_no_violations();
    bot.cancel.cancel();
}

// ---- several connections ----

/// A listener on each of two connections, with one inbox.
async fn on_two(fake: &FakeDiscord, inbox: &Arc<Memory>) -> (CancellationToken, Vec<JoinHandle<anyhow::Result<()>>>) {
    let (cancel, interactions) = (CancellationToken::new(), Interactions::default());
    let mut running = Vec::new();
    for shard in Shard::all(2) {
        let settings = Settings { shard, ..settings(DEFER_LATE) };
        let listener = Listener::start(settings, rest(&fake.url, TOKEN), interactions.clone()).await.unwrap();
        running.push(tokio::spawn(listener.run(Arc::clone(inbox) as Arc<dyn Inbox>, cancel.clone())));
    }
    fake.until("both connections are there", |fake| fake.shards_heard() == [0, 1]).await;
    (cancel, running)
}

#[tokio::test]
async fn of_two_connections_each_hears_its_servers_and_the_first_one_all_chats() {
    let fake = FakeDiscord::start().await;
    fake.wants_shards(2, Duration::ZERO);
    let (inbox, person) = (Arc::new(Memory::default()), fake.person(33));
    let (cancel, running) = on_two(&fake, &inbox).await;
    let doings: [&dyn Fn(); 3] = [&|| person.says("hello"), &|| person.uses_in(SERVER, "/checkin here"), &|| {
        person.uses_in(OTHER_SERVER, "/checkin there")
    }];
    for (number, does) in doings.into_iter().enumerate() {
        does();
        inbox.input(number + 1).await;
    }
    assert_eq!(inbox.inputs(), ["text hello", "command checkin [here]", "command checkin [there]"]);
    assert_eq!(fake.bodies("/commands").len(), 1, "the menu is registered once");
    cancel.cancel();
    for listener in running {
        tokio::time::timeout(SOON, listener).await.expect("it stops").unwrap().unwrap();
    }
    fake.until("both have logged off", |fake| fake.closed_cleanly() == 2).await;
    let chat = decode(&inbox.stored.lock().unwrap()[0].1).unwrap().place.id;
    inbox.chats.lock().unwrap().push(chat);
    person.says("meanwhile");
    let (cancel, _running) = on_two(&fake, &inbox).await;
    inbox.input(4).await;
    assert_eq!(inbox.inputs()[3], "text meanwhile");
    assert_eq!(fake.bodies("limit=100").len(), 1, "it is read back once");
    fake.assert_no_violations();
    cancel.cancel();
}

#[tokio::test]
async fn a_bot_with_too_many_servers_for_its_connections_says_what_to_set() {
    let fake = FakeDiscord::start().await;
    fake.recommends_shards(4);
    let error = run_until_it_gives_up(&fake).await;
    assert!(matches!(error.downcast_ref(), Some(ListenError::TooFewShards { total: 1, recommended: 4 })), "{error:#}");
    assert!(error.to_string().contains("set `shards` in the [discord] settings to 4"), "{error:#}");
    assert_eq!(fake.identified(), 0);
    fake.recommends_shards(3);
    let (listener, _) = listener(&fake, DEFER_LATE).await;
    let cancel = CancellationToken::new();
    let running = tokio::spawn(listener.run(Arc::new(Memory::default()), cancel.clone()));
    fake.connected().await;
    cancel.cancel();
    running.await.unwrap().unwrap();
}

// ---- what only a person can mend ----

async fn run_until_it_gives_up(fake: &FakeDiscord) -> anyhow::Error {
    let (listener, _) = listener(fake, DEFER_LATE).await;
    let running = listener.run(Arc::new(Memory::default()), CancellationToken::new());
    tokio::time::timeout(SOON, running).await.expect("it gives up").unwrap_err()
}

#[tokio::test]
async fn a_gateway_elsewhere_is_refused() {
    let fake = FakeDiscord::start().await;
    fake.gateway_url("wss://gateway.discord.gg");
    let error = run_until_it_gives_up(&fake).await;
    assert!(matches!(error.downcast_ref(), Some(ListenError::Gateway(_))), "{error:#}");
    assert_eq!(fake.identified(), 0);
}

#[tokio::test]
async fn few_sessions_left_are_kept() {
    let fake = FakeDiscord::start().await;
    fake.sessions_left(49);
    let error = run_until_it_gives_up(&fake).await;
    assert!(error.to_string().contains("only 49 gateway sessions"), "{error:#}");
    assert_eq!(fake.identified(), 0);
}

#[tokio::test]
async fn a_wrong_token_says_so() {
    let fake = FakeDiscord::start().await;
    let start = Listener::start(settings(DEFER_LATE), rest(&fake.url, "wrong"), Interactions::default());
    let error = start.await.err().expect("it is refused");
    assert!(matches!(error.downcast_ref(), Some(ListenError::Token)), "{error:#}");
    assert!(format!("{error:#}").contains("check `token`"));
}

#[tokio::test]
async fn a_token_that_was_revoked_since_says_so() {
    let fake = FakeDiscord::start().await;
    fake.revokes_token();
    let error = run_until_it_gives_up(&fake).await;
    assert!(matches!(error.downcast_ref(), Some(ListenError::Token)), "{error:#}");
}

#[tokio::test]
async fn a_gateway_that_does_not_name_itself_never_leads_to_the_real_one() {
    let fake = FakeDiscord::start().await;
    let (listener, _) = listener(&fake, DEFER_LATE).await;
    // serenity's own question fails too, and would send it to the real gateway.
    fake.fault("/gateway", Fault::Answer(500, String::new(), vec![]));
    let cancel = CancellationToken::new();
    let running = tokio::spawn(listener.run(Arc::new(Memory::default()), cancel.clone()));
    fake.connected().await;
    assert_eq!(fake.identified(), 1);
    cancel.cancel();
    running.await.unwrap().unwrap();
}
