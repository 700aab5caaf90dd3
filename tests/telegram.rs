//! Telegram: what comes in, what goes out, and what happens when the wire or the server fails.

mod support;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use goldseam::outbox::{BoxFuture, Deliver, Outgoing, SendError, Sent, Waits};
use goldseam::platform::inbox::{Inbox, RawEvent};
use goldseam::platform::telegram::{Listener, PollError, Sender, Webhook, decode, html, wrap};
use goldseam::platform::{Endpoint, Network};
use goldseam::types::{
    Button, Drawing, Input, Localized, Message, PlaceKind, Platform, Private, Purpose, Rich, Span, Subject, Theme,
};
use secrecy::SecretString;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use support::fake_telegram::{BOT, BOT_ID, FakeTelegram, TOKEN, Trouble, against_description, strip_html};
use support::wire::{BadCertificate, FullHouse, Wire, name_that_nobody_has};
use tokio_util::sync::CancellationToken;

// ---- update -> input ---------------------------------------------------------------------------------------------------

fn stored(update: &str) -> String {
    wrap(BOT, &RawValue::from_string(update.to_owned()).unwrap())
}

/// A private message of person 42, with these fields beside sender and chat.
fn private(content: &str) -> String {
    format!(
        r#"{{"update_id":7,"message":{{"message_id":1,"date":1,"from":{{"id":42,"is_bot":false,"first_name":"A"}},
        "chat":{{"id":42,"type":"private"}},{content}}}}}"#
    )
}

fn group(content: &str) -> String {
    private(content).replace(r#"{"id":42,"type":"private"}"#, r#"{"id":-100,"type":"supergroup","title":"G"}"#)
}

fn pressed(data: &str) -> String {
    format!(
        r#"{{"update_id":7,"callback_query":{{"id":"q","chat_instance":"c","data":{data},
        "from":{{"id":42,"is_bot":false,"first_name":"A"}},
        "message":{{"message_id":3,"date":0,"chat":{{"id":42,"type":"private"}}}}}}}}"#
    )
}

fn membership(kind: &str, status: &str) -> String {
    format!(
        r#"{{"update_id":7,"my_chat_member":{{"date":1,"from":{{"id":42,"is_bot":false,"first_name":"A"}},
        "chat":{{"id":42,"type":"{kind}"}},"new_chat_member":{{"status":"{status}","user":{{"id":1}}}}}}}}"#
    )
}

fn text(words: &str) -> Option<Input> {
    Some(Input::Text(Private::new(words)))
}

fn command(name: &str, rest: &str) -> Option<Input> {
    Some(Input::Command { name: name.to_owned(), rest: Private::new(rest) })
}

#[test]
fn every_update_becomes_the_input_that_it_means_or_nothing() {
    let unsupported = || command("unsupported", "");
    let table: Vec<(String, Option<Input>)> = vec![
        (private(r#""text":"I am late again""#), text("I am late again")),
        (private(r#""text":"<b>&amp; \ud83d\ude00""#), text("<b>&amp; 😀")),
        (private(r#""text":"/CheckIn""#), command("checkin", "")),
        (private(r#""text":"/start  inv_8-x ""#), command("start", "inv_8-x")),
        (private(r#""text":"/checkin@goldseambot now\nplease""#), command("checkin", "now\nplease")),
        (private(r#""text":"/note\nfirst line""#), command("note", "first line")),
        (private(r#""text":"/checkin@OtherBot""#), None),
        (private(r#""text":"/""#), text("/")),
        (private(r#""text":"/ hello""#), text("/ hello")),
        (private(r#""text":"/home/me""#), text("/home/me")),
        (private(r#""text":"/привет""#), text("/привет")),
        (private(&format!(r#""text":"/{}""#, "a".repeat(33))), text(&format!("/{}", "a".repeat(33)))),
        (private(r#""photo":[{"file_id":"x"}],"caption":"my desk""#), text("my desk")),
        (private(r#""photo":[{"file_id":"x"}]"#), unsupported()),
        (private(r#""sticker":{"file_id":"x"}"#), unsupported()),
        (private(r#""voice":{"file_id":"x"},"caption":null"#), unsupported()),
        (private(r#""text":"","sticker":{}"#), unsupported()),
        (private(r#""text":"""#), None),
        (private(r#""text":17"#), None),
        (private(r#""text":null"#), None),
        (private(r#""pinned_message":{}"#), None),
        (private(r#""text":"hi","field_of_2031":{"deep":[1,{}]},"reply_to_message":null"#), text("hi")),
        (private(r#""text":"as a channel","sender_chat":{"id":-5,"type":"channel"}"#), None),
        (private(r#""text":"hi""#).replace(r#""is_bot":false"#, r#""is_bot":true"#), None),
        (private(r#""text":"hi""#).replace(r#""from""#, r#""from_of_2031""#), None),
        (private(r#""text":"hi""#).replace(r#""type":"private""#, r#""type":"hologram""#), None),
        (private(r#""text":"hi""#).replace(r#""type":"private""#, r#""type":"channel""#), None),
        (private(r#""text":"hi""#).replace(r#""id":42"#, r#""id":4.2"#), None),
        (private(r#""text":"hi""#).replace(r#""id":42"#, r#""id":"42""#), None),
        (private(r#""text":"hi""#).replace(r#""update_id":7,"#, ""), None),
        (private(r#""text":"corrected""#).replace(r#""message":"#, r#""edited_message":"#), None),
        (private(r#""text":"hi""#).replace(r#""message":"#, r#""business_message":"#), None),
        (group(r#""text":"/checkin@GoldseamBot""#), command("checkin", "")),
        (group(r#""text":"/checkin""#), command("checkin", "")),
        (group(r#""text":"/checkin@OtherBot""#), None),
        (group(r#""text":"our talk is ours""#), None),
        (group(r#""sticker":{"file_id":"x"}"#), None),
        (group(r#""text":"/promise a secret""#), command("promise", "a secret")),
        (pressed(r#""q:17:2""#), Some(Input::Press("q:17:2".into()))),
        (pressed(r#""n""#), None),
        (pressed("null"), None),
        (pressed("{}"), None),
        (pressed(&format!("\"{}\"", "x".repeat(65))), None),
        (pressed(r#""q:1:1""#).replace(r#""message":"#, r#""inline_message_id":"#), None),
        (pressed(r#""q:1:1""#).replace("private", "group"), None),
        (membership("private", "kicked"), Some(Input::Gone)),
        (membership("private", "member"), Some(Input::Returned)),
        (membership("private", "bewitched"), None),
        (membership("supergroup", "member"), None),
        (r#"{"update_id":7,"poll":{"id":"1"}}"#.into(), None),
        (r#"{"update_id":7,"message":null,"callback_query":[]}"#.into(), None),
        (r#"{"update_id":7}"#.into(), None),
        ("[1,2]".into(), None),
        ("null".into(), None),
    ];
    for (update, expected) in table {
        let read = decode(&stored(&update));
        assert_eq!(read.map(|inbound| inbound.input), expected, "{update}");
    }
}

#[test]
fn what_is_no_stored_update_is_nothing() {
    let nested = format!(r#"{{"me":"x","update":{}{}}}"#, "[".repeat(5000), "]".repeat(5000));
    for raw in ["", "{", "\u{0}", "[]", r#"{"update":{}}"#, r#"{"me":1,"update":{}}"#, &nested] {
        assert_eq!(decode(raw), None);
    }
}

#[test]
fn an_input_carries_its_account_its_place_and_the_language() {
    let update = group(r#""text":"/checkin""#)
        .replace(r#""is_bot":false"#, r#""is_bot":false,"language_code":"pt-BR""#)
        .replace(r#""update_id":7"#, r#""update_id":900000001"#);
    let inbound = decode(&stored(&update)).unwrap();
    assert_eq!(inbound.platform, Platform::Telegram);
    assert_eq!((&*inbound.event, &*inbound.account), ("900000001", "42"));
    assert_eq!((&*inbound.place.id, inbound.place.kind), ("-100", PlaceKind::Shared));
    assert_eq!(inbound.language.as_deref(), Some("pt-BR"));
    assert!(inbound.reply.is_some(), "a group is remembered for an invitation");
    let press = decode(&stored(&pressed(r#""q:1:1""#))).unwrap();
    assert_eq!((&*press.place.id, press.place.kind), ("42", PlaceKind::Private));
    assert_eq!(press.language, None);
}

#[tokio::test]
async fn what_the_fake_server_hands_out_is_what_telegram_describes() {
    let fake = FakeTelegram::start().await;
    let ana = fake.person(42);
    ana.says("hello");
    ana.says_in(-100, "/checkin@GoldseamBot");
    ana.blocks();
    ana.unblocks();
    sender(&fake).deliver(&asking("42", "Ready?", &["Yes"])).await.unwrap();
    ana.presses("Yes");
    let inbox = Kept::default();
    listener(&fake).poll_once(&inbox, Duration::ZERO).await.unwrap();
    let raws = inbox.raws();
    let updates: Vec<Value> =
        raws.iter().map(|raw| serde_json::from_str::<Value>(raw).unwrap()["update"].take()).collect();
    assert_eq!(updates.len(), 5);
    for update in updates {
        assert_eq!(against_description("type.Update", &update), None, "{update}");
    }
    let inputs: Vec<_> = raws.iter().filter_map(|raw| decode(raw)).map(|inbound| inbound.input).collect();
    let press = Input::Press("q:1:0".into());
    let expected = [text("hello"), command("checkin", ""), Some(Input::Gone), Some(Input::Returned), Some(press)];
    assert_eq!(inputs, expected.map(Option::unwrap));
}

// ---- message -> request ------------------------------------------------------------------------------------------------

fn endpoint(address: &str) -> Endpoint {
    Endpoint::new(address, Network::Loopback).unwrap()
}

fn token() -> SecretString {
    SecretString::from(TOKEN)
}

fn sender(fake: &FakeTelegram) -> Sender {
    Sender::new(&endpoint(fake.address()), token()).unwrap()
}

fn outgoing(account: &str, message: Message) -> Outgoing {
    Outgoing {
        id: 1,
        account: account.to_owned(),
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

fn asking(account: &str, words: &str, labels: &[&str]) -> Outgoing {
    let button = |(index, label): (usize, &&str)| Button { label: (*label).into(), token: format!("q:1:{index}") };
    let buttons = labels.iter().enumerate().map(button).collect();
    outgoing(account, Message { text: words.into(), buttons, ..Message::default() })
}

/// Runs of text: `b` bold, `i` italic, `q` quoted.
fn rich(runs: &[(&str, &str)]) -> Rich {
    let span = |(style, text): &(&str, &str)| Span {
        text: (*text).into(),
        bold: style.contains('b'),
        italic: style.contains('i'),
        quote: style.contains('q'),
    };
    Rich(runs.iter().map(span).collect())
}

#[test]
fn styles_become_tags_that_are_nested_and_closed() {
    let table: Vec<(Rich, &str)> = vec![
        (rich(&[("", r#"a < b & c > "d" <b>"#)]), "a &lt; b &amp; c &gt; &quot;d&quot; &lt;b&gt;"),
        (
            rich(&[("", "One "), ("b", "two"), ("bi", " three"), ("i", "four")]),
            "One <b>two</b><b><i> three</i></b><i>four</i>",
        ),
        (
            rich(&[("", "Said:\n"), ("q", "one\n"), ("q", "two"), ("", "\nAnd?")]),
            "Said:\n<blockquote>one\ntwo</blockquote>\nAnd?",
        ),
        (rich(&[("q", "one"), ("", "\n"), ("q", "two\n"), ("", "End")]), "<blockquote>one\ntwo</blockquote>\nEnd"),
        (
            rich(&[("q", "one"), ("", "\n\n"), ("q", "two")]),
            "<blockquote>one</blockquote>\n\n<blockquote>two</blockquote>",
        ),
        (rich(&[("q", "so "), ("qb", "<it>\n"), ("", "x")]), "<blockquote>so <b>&lt;it&gt;</b></blockquote>\nx"),
        (rich(&[("b", "\n\n"), ("b", "Title\n"), ("", "text")]), "\n\n<b>Title</b>\ntext"),
        (rich(&[("q", "\n")]), "\n"),
        (Rich::default(), ""),
    ];
    for (rich, expected) in table {
        assert_eq!(html(&rich), expected);
        assert_eq!(strip_html(expected), Ok(rich.text()), "the words are the same without the tags");
    }
}

#[tokio::test]
async fn a_message_is_one_request_and_nothing_else() {
    let fake = FakeTelegram::start().await;
    fake.person(42).known();
    let mut out = asking("42", "Did you keep it?", &["Kept it", "Partly", "Not today"]);
    out.silent = true;
    let sent = sender(&fake).deliver(&out).await.unwrap();
    assert_eq!(sent, Sent { message: Some("1".into()), place: None });
    let body = json!({
        "chat_id": 42,
        "text": "Did you keep it?",
        "parse_mode": "HTML",
        "link_preview_options": { "is_disabled": true },
        "disable_notification": true,
        "reply_markup": { "inline_keyboard": [[
            { "text": "Kept it", "callback_data": "q:1:0" },
            { "text": "Partly", "callback_data": "q:1:1" },
            { "text": "Not today", "callback_data": "q:1:2" },
        ]] },
    });
    assert_eq!(fake.calls("sendMessage"), [body]);
    fake.assert_no_violations();
}

#[tokio::test]
async fn a_plain_message_to_a_known_place_goes_there() {
    let fake = FakeTelegram::start().await;
    fake.person(43).known();
    let mut out = outgoing("42", Message { text: rich(&[("b", "Hi"), ("", " & bye")]), ..Message::default() });
    out.place = Some("43".into());
    sender(&fake).deliver(&out).await.unwrap();
    let body = json!({
        "chat_id": 43,
        "text": "<b>Hi</b> &amp; bye",
        "parse_mode": "HTML",
        "link_preview_options": { "is_disabled": true },
    });
    assert_eq!(fake.calls("sendMessage"), [body]);
    assert_eq!(fake.sent_to(43)[0].plain, "Hi & bye");
}

#[tokio::test]
async fn the_longest_text_fits_although_its_markup_is_longer() {
    let fake = FakeTelegram::start().await;
    fake.person(42).known();
    let words = "<&>\u{1F600}".repeat(819);
    sender(&fake).deliver(&asking("42", &words, &[])).await.unwrap();
    assert_eq!(fake.sent_to(42)[0].plain, words);
    fake.assert_no_violations();
}

// ---- pictures ----------------------------------------------------------------------------------------------------------

/// A message with a picture, as the outbox hands it over.
fn showing(account: &str, words: &str, labels: &[&str]) -> Outgoing {
    let drawing = Drawing { subject: Subject::Seam { plate: 7, full: 5, thin: 2 }, theme: Theme::Light };
    let file = goldseam::picture::draw(&drawing).unwrap();
    let out = asking(account, words, labels);
    let message = Message { picture: Some(drawing), ..out.message };
    Outgoing { message, picture: Some(file.into()), ..out }
}

#[tokio::test]
async fn a_picture_is_one_request_with_the_words_under_it() {
    let fake = FakeTelegram::start().await;
    fake.person(42).known();
    let out = Outgoing { silent: true, ..showing("42", "7 pieces & <more>", &["Thanks"]) };
    let sent = sender(&fake).deliver(&out).await.unwrap();
    assert_eq!(sent, Sent { message: Some("1".into()), place: None });
    let body = json!({
        "chat_id": 42,
        "photo": "attach://photo",
        "caption": "7 pieces &amp; &lt;more&gt;",
        "parse_mode": "HTML",
        "disable_notification": true,
        "reply_markup": { "inline_keyboard": [[{ "text": "Thanks", "callback_data": "q:1:0" }]] },
    });
    assert_eq!(fake.calls("sendPhoto"), [body]);
    let shown = &fake.sent_to(42)[0];
    let image = support::png::Image::read(shown.picture.as_deref().unwrap());
    assert_eq!((image.width, image.height, shown.plain.as_str()), (720, 720, "7 pieces & <more>"));
    fake.assert_no_violations();
}

#[tokio::test]
async fn what_telegram_says_about_a_picture_has_its_outcome() {
    let no =
        |words: &str| Trouble::Raw(400, json!({ "ok": false, "error_code": 400, "description": words }).to_string());
    let alone = [
        no("Bad Request: PHOTO_INVALID_DIMENSIONS"),
        no("Bad Request: IMAGE_PROCESS_FAILED"),
        no("Bad Request: not enough rights to send photos to the chat"),
        Trouble::Raw(413, r#"{"ok":false,"error_code":413,"description":"Request Entity Too Large"}"#.into()),
    ];
    for trouble in alone {
        let fake = FakeTelegram::start().await;
        fake.person(42).known();
        fake.next_goes_wrong("sendPhoto", trouble.clone());
        sender(&fake).deliver(&showing("42", "The words stand for themselves.", &["Thanks"])).await.unwrap();
        let [only] = &fake.sent_to(42)[..] else { panic!("one message: {trouble:?}") };
        assert_eq!((only.plain.as_str(), only.labels()), ("The words stand for themselves.", vec!["Thanks"]));
        assert!(only.picture.is_none(), "{trouble:?}");
    }
    let fake = FakeTelegram::start().await;
    fake.person(42).known();
    fake.next_goes_wrong("sendPhoto", Trouble::CannotParse);
    sender(&fake).deliver(&showing("42", "a <b> c", &[])).await.unwrap();
    assert!(fake.sent_to(42)[0].picture.is_some());
    assert_eq!(
        (fake.sent_to(42)[0].text.as_str(), fake.calls("sendPhoto").len()),
        ("a <b> c", 2),
        "the same words, plain"
    );
    let passed_on = [
        (Trouble::TooManyRequests(7), SendError::RateLimited { retry_after: Duration::from_secs(7), who: Waits::Bulk }),
        (Trouble::Blocked, SendError::Gone("blocked by the person".into())),
        (Trouble::HtmlBadGateway, SendError::Failed("error 502".into())),
        (no("Bad Request: chat not found"), SendError::Gone("chat not found".into())),
    ];
    for (trouble, expected) in passed_on {
        fake.next_goes_wrong("sendPhoto", trouble);
        assert_eq!(sender(&fake).deliver(&showing("42", "words", &[])).await, Err(expected));
        assert_eq!(fake.calls("sendMessage").len(), 0, "nothing goes out beside it");
    }
}

#[tokio::test]
async fn a_picture_whose_button_was_pressed_is_not_changed_into_words() {
    let fake = FakeTelegram::start().await;
    fake.person(42).known();
    let sender = sender(&fake);
    sender.deliver(&showing("42", "Your seam.", &["More"])).await.unwrap();
    fake.person(42).presses("More");
    let kept = Kept::default();
    listener(&fake).poll_once(&kept, NOW).await.unwrap();
    let press = decode(&kept.raws()[0]).unwrap();
    let mut out = Outgoing { reply: press.reply, ..asking("42", "Here is more.", &[]) };
    out.message.edits = true;
    sender.deliver(&out).await.unwrap();
    assert_eq!(fake.sent_to(42).len(), 2, "a new message");
}

// ---- answer -> outcome -------------------------------------------------------------------------------------------------

#[tokio::test]
async fn every_answer_of_the_server_has_its_outcome() {
    let milliseconds = |wait| SendError::RateLimited { retry_after: Duration::from_millis(wait), who: Waits::Bulk };
    let wait = |seconds: u64| milliseconds(seconds * 1000);
    let turned_away = || SendError::NotSent("turned away on the way to Telegram".into());
    let gone = |why: &str| SendError::Gone(why.into());
    let refused = |why: &str| SendError::Refused(why.into());
    let unclear = |why: &str| SendError::Ambiguous(why.into());
    let failed = |why: &str| SendError::Failed(why.into());
    let no = |code: u16, words: &str| json!({ "ok": false, "error_code": code, "description": words }).to_string();
    let slow = |parameters: Value| {
        json!({ "ok": false, "error_code": 429, "description": "Too Many Requests", "parameters": parameters })
            .to_string()
    };
    let table: Vec<(u16, String, SendError)> = vec![
        (429, slow(json!({ "retry_after": 17 })), wait(17)),
        (429, slow(json!({ "retry_after": 2.5 })), milliseconds(2500)),
        (429, slow(json!({ "retry_after": "9" })), wait(9)),
        (429, slow(json!({ "retry_after": -4 })), wait(1)),
        (429, slow(json!({ "retry_after": 0 })), wait(1)),
        (429, "<html>slow down</html>".into(), wait(1)),
        (429, slow(json!({ "retry_after": 1e300 })), wait(3600)),
        (429, slow(json!({})), wait(1)),
        (429, slow(json!(null)), wait(1)),
        (403, no(403, "Forbidden: bot was blocked by the user"), gone("blocked by the person")),
        (403, no(403, "Forbidden: user is deactivated"), gone("account deleted")),
        (403, no(403, "Forbidden: bot can't initiate conversation with a user"), gone("the person never wrote to the bot")),
        (403, no(403, "Forbidden: my secret text"), gone("forbidden")),
        (400, no(400, "Bad Request: chat not found"), gone("chat not found")),
        (400, no(400, "Bad Request: user is deactivated"), gone("account deleted")),
        (400, no(400, "Bad Request: PEER_ID_INVALID"), gone("chat not found")),
        (400, no(400, "Bad Request: message is too long"), refused("text too long")),
        (400, no(400, "Bad Request: message text is empty"), refused("empty text")),
        (400, no(400, "Bad Request: BUTTON_DATA_INVALID"), refused("button data")),
        (400, no(400, "Bad Request: my secret text"), refused("bad request")),
        (413, no(413, "Request Entity Too Large"), refused("error 413")),
        (401, no(401, "Unauthorized"), SendError::Unauthorized),
        (404, no(404, "Not Found"), SendError::Unauthorized),
        (500, no(500, "Internal Server Error"), failed("error 500")),
        (502, no(502, "Bad Gateway"), failed("error 502")),
        (502, "<html>502</html>".into(), failed("error 502")),
        (503, String::new(), failed("error 503")),
        (504, "<html>504</html>".into(), unclear("an answer that is not JSON")),
        (403, "<html>403</html>".into(), turned_away()),
        (404, "<html>404</html>".into(), turned_away()),
        (200, r#"{"ok":true,"resu"#.into(), unclear("an answer that is not JSON")),
        (200, r#"{"ok":true}"#.into(), unclear("an answer in an unknown form")),
        (200, r#"{"ok":"yes","result":{}}"#.into(), unclear("an answer in an unknown form")),
        (200, "[]".into(), unclear("an answer in an unknown form")),
        (200, String::new(), unclear("an answer that is not JSON")),
        (302, String::new(), turned_away()),
        (409, no(409, "Conflict"), SendError::NotSent("error 409".into())),
        (503, "<html>503</html>".into(), failed("error 503")),
        (400, no(400, "Bad Request: USER_IS_BLOCKED"), gone("blocked by the person")),
        (403, no(403, "Forbidden: bot was kicked from the supergroup chat"), gone("removed from the group")),
        (403, no(403, "Forbidden: bot is not a member of the supergroup chat"), gone("not in the group")),
        (403, no(403, "Forbidden: bots can't send messages to bots"), gone("not a person")),
        (400, no(400, "Bad Request: have no rights to send a message"), refused("no right to write in this chat")),
        (400, no(400, "Bad Request: CHAT_WRITE_FORBIDDEN"), refused("no right to write in this chat")),
        (403, r#"{"ok":false}"#.into(), gone("forbidden")),
        (
            400,
            json!({ "ok": false, "error_code": 400, "description": "Bad Request: group chat was upgraded to a supergroup chat",
                "parameters": { "migrate_to_chat_id": -1_001_234_567_890_i64 } })
            .to_string(),
            SendError::Moved { to: "-1001234567890".into() },
        ),
    ];
    let fake = FakeTelegram::start().await;
    fake.person(42).known();
    let sender = sender(&fake);
    for (status, body, expected) in table {
        fake.next_goes_wrong("sendMessage", Trouble::Raw(status, body.clone()));
        let outcome = sender.deliver(&asking("42", "my secret text", &[])).await;
        assert_eq!(outcome, Err(expected), "{status} {body}");
    }
    assert!(fake.sent_to(42).is_empty());
    sender.deliver(&asking("42", "through", &[])).await.unwrap();
    fake.assert_no_violations();
}

#[tokio::test]
async fn troubles_as_the_real_server_words_them_have_their_outcome() {
    let fake = FakeTelegram::start().await;
    let sender = sender(&fake);
    let outcome = sender.deliver(&asking("41", "Hello", &[])).await;
    assert_eq!(outcome, Err(SendError::Gone("chat not found".into())));
    fake.person(42).blocks();
    let outcome = sender.deliver(&asking("42", "Hello", &[])).await;
    assert_eq!(outcome, Err(SendError::Gone("blocked by the person".into())));
    fake.next_goes_wrong_in("sendMessage", 43, Trouble::TooManyRequests(5));
    fake.person(42).unblocks();
    fake.person(43).known();
    sender.deliver(&asking("42", "Hello", &[])).await.unwrap();
    let outcome = sender.deliver(&asking("43", "Hello", &[])).await;
    assert_eq!(outcome, Err(SendError::RateLimited { retry_after: Duration::from_secs(5), who: Waits::Bulk }));
    fake.outage(Some(Trouble::HtmlBadGateway));
    assert!(matches!(sender.deliver(&asking("43", "Hello", &[])).await, Err(SendError::Failed(_))));
    fake.outage(None);
    let nowhere = sender.deliver(&asking("@channel", "Hello", &[])).await;
    assert_eq!(nowhere, Err(SendError::Refused("a chat id that is not a number".into())));
}

#[tokio::test]
async fn somebody_without_a_private_chat_is_told_in_the_group_where_it_is_and_nothing_else() {
    let fake = FakeTelegram::start().await;
    let ana = fake.person(42);
    ana.says_in(-100, "/checkin@GoldseamBot");
    let command = decode(&stored(&group(r#""text":"/checkin""#))).unwrap();
    let out = Outgoing { reply: command.reply, ..asking("42", "How are you?", &["1 rough"]) };
    fake.next_goes_wrong_in("sendMessage", 42, Trouble::Blocked);
    let outcome = sender(&fake).with_invitation("Talk to me here:".to_owned()).deliver(&out).await;
    assert!(matches!(outcome, Err(SendError::Gone(_))), "{outcome:?}");
    let told: Vec<_> = fake.sent_to(-100).into_iter().map(|sent| sent.text).collect();
    assert_eq!(told, ["Talk to me here: https://t.me/GoldseamBot?start=group"]);
    // In the language of what could not be delivered.
    let words = Localized::new("Talk to me here:".to_owned(), [("es".to_owned(), "Habla conmigo:".to_owned())].into());
    let spanish = Outgoing { message: Message { language: Some("es".into()), ..out.message.clone() }, ..out };
    fake.next_goes_wrong_in("sendMessage", 42, Trouble::Blocked);
    assert!(sender(&fake).with_invitation(words).deliver(&spanish).await.is_err());
    let told: Vec<_> = fake.sent_to(-100).into_iter().map(|sent| sent.text).collect();
    assert_eq!(told[1..], ["Habla conmigo: https://t.me/GoldseamBot?start=group"]);
    fake.assert_no_violations();
}

#[tokio::test]
async fn words_whose_markup_is_not_read_go_out_plain_once() {
    let fake = FakeTelegram::start().await;
    fake.person(42).known();
    let out = outgoing("42", Message { text: rich(&[("b", "1 < 2")]), ..Message::default() });
    fake.next_goes_wrong("sendMessage", Trouble::CannotParse);
    sender(&fake).deliver(&out).await.unwrap();
    let calls = fake.calls("sendMessage");
    assert_eq!((calls.len(), &calls[1]["text"], calls[1].get("parse_mode")), (2, &json!("1 < 2"), None));
    assert_eq!(fake.sent_to(42).len(), 1);
    fake.next_goes_wrong("sendMessage", Trouble::CannotParse);
    fake.next_goes_wrong("sendMessage", Trouble::CannotParse);
    let outcome = sender(&fake).deliver(&out).await;
    assert_eq!(outcome, Err(SendError::Refused("unreadable markup".into())));
    assert_eq!(fake.calls("sendMessage").len(), 4);
}

#[tokio::test]
async fn no_answer_in_time_is_unclear_whether_or_not_it_arrived() {
    let fake = FakeTelegram::start().await;
    fake.person(42).known();
    let sender = sender(&fake).with_limit(Duration::from_millis(200));
    for (trouble, arrived) in [(Trouble::Hang, 0), (Trouble::AcceptThenHang, 1)] {
        fake.next_goes_wrong("sendMessage", trouble);
        let outcome = sender.deliver(&asking("42", "Hello", &[])).await;
        assert_eq!(outcome, Err(SendError::Ambiguous("no answer in time".into())));
        assert_eq!(fake.sent_to(42).len(), arrived);
    }
}

#[tokio::test]
async fn no_connection_is_surely_not_sent_and_a_lost_one_is_unclear() {
    let socket = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", socket.local_addr().unwrap());
    let closing = tokio::spawn(async move {
        let (mut connection, _) = socket.accept().await.unwrap();
        let mut some = [0; 16];
        tokio::io::AsyncReadExt::read_exact(&mut connection, &mut some).await.unwrap();
    });
    let sender = Sender::new(&endpoint(&address), token()).unwrap();
    let lost = sender.deliver(&asking("42", "Hello", &[])).await;
    assert_eq!(lost, Err(SendError::Ambiguous("connection lost".into())));
    closing.await.unwrap();
    let refused = sender.deliver(&asking("42", "Hello", &[])).await;
    assert_eq!(refused, Err(SendError::NotSent("no connection".into())));
    let shown = format!("{sender:?} {lost:?} {refused:?}");
    assert!(!shown.contains("TEST-token"), "{shown}");
}

// ---- the poll loop -----------------------------------------------------------------------------------------------------

/// An inbox in memory. Like the real one it drops what it has seen; it can be told to fail.
#[derive(Default)]
struct Kept {
    events: Mutex<Vec<RawEvent>>,
    failures: AtomicUsize,
}

impl Kept {
    fn ids(&self) -> Vec<String> {
        self.events.lock().unwrap().iter().map(|event| event.id.clone()).collect()
    }

    fn raws(&self) -> Vec<String> {
        self.events.lock().unwrap().iter().map(|event| event.raw.reveal().to_owned()).collect()
    }
}

impl Inbox for Kept {
    fn put<'a>(&'a self, _: Platform, bot: &'a str, new: Vec<RawEvent>) -> BoxFuture<'a, anyhow::Result<()>> {
        Box::pin(async move {
            assert_eq!(bot, BOT_ID.to_string());
            let failing = self.failures.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
            anyhow::ensure!(failing.is_err(), "the disk is full");
            let mut events = self.events.lock().unwrap();
            for event in new {
                if !events.iter().any(|seen| seen.id == event.id) {
                    events.push(event);
                }
            }
            Ok(())
        })
    }
}

fn listener(fake: &FakeTelegram) -> Listener {
    Listener::new(&endpoint(fake.address()), token(), &[("checkin".into(), "How was today?".into())]).unwrap()
}

const NOW: Duration = Duration::ZERO;

#[tokio::test]
async fn each_language_has_its_own_menu() {
    let fake = FakeTelegram::start().await;
    let menu = |about: &str| vec![("checkin".to_owned(), about.to_owned())];
    let others =
        [("es", menu("\u{bf}C\u{f3}mo est\u{e1}s?")), ("pt-br", menu("Como vai?")), ("pt-pt", menu("Tudo bem?"))];
    let others = others.iter().map(|(tag, menu)| (*tag, menu));
    let mut listener = listener(&fake).in_languages(others).unwrap();
    listener.start().await.unwrap();
    let set = fake.calls("setMyCommands");
    let shown: Vec<_> =
        set.iter().map(|menu| (menu.get("language_code"), &menu["commands"][0]["description"])).collect();
    assert_eq!(
        shown,
        [
            (None, &json!("How was today?")),
            (Some(&json!("es")), &json!("\u{bf}C\u{f3}mo est\u{e1}s?")),
            (Some(&json!("pt")), &json!("Como vai?")),
        ]
    );
    fake.assert_no_violations();
}

#[tokio::test]
async fn starting_removes_a_webhook_sets_the_menu_and_asks_for_every_kind_of_update() {
    let fake = FakeTelegram::start().await;
    fake.has_webhook("https://example.org/hook");
    let mut listener = listener(&fake);
    let me = listener.start().await.unwrap();
    assert_eq!((me.id, &*me.username), (BOT_ID, BOT));
    assert_eq!(listener.poll_once(&Kept::default(), NOW).await.unwrap(), 0);
    assert_eq!(listener.poll_once(&Kept::default(), NOW).await.unwrap(), 0);
    let methods: Vec<_> = fake.ledger().into_iter().map(|call| call.method).collect();
    assert_eq!(methods, ["getMe", "getWebhookInfo", "deleteWebhook", "setMyCommands", "getUpdates", "getUpdates"]);
    let menu = json!({ "commands": [{ "command": "checkin", "description": "How was today?" }] });
    assert_eq!(fake.calls("setMyCommands"), [menu]);
    let kinds = ["message", "edited_message", "callback_query", "my_chat_member"];
    let ask = json!({ "limit": 100, "timeout": 0, "allowed_updates": kinds });
    assert_eq!(fake.calls("getUpdates"), [ask.clone(), ask]);
    fake.assert_no_violations();
}

#[tokio::test]
async fn updates_are_confirmed_only_after_they_were_stored() {
    let fake = FakeTelegram::start().await;
    let (first, second) = (fake.person(42).says("one"), fake.person(43).says("two"));
    let (mut listener, inbox) = (listener(&fake), Kept::default());
    inbox.failures.store(2, Ordering::SeqCst);
    for _ in 0..2 {
        let error = listener.poll_once(&inbox, NOW).await.unwrap_err();
        assert!(matches!(error, PollError::Inbox(_)), "{error}");
        assert_eq!(fake.unconfirmed(), [first, second]);
    }
    assert_eq!(listener.poll_once(&inbox, NOW).await.unwrap(), 2);
    assert_eq!(inbox.ids(), [first.to_string(), second.to_string()]);
    assert_eq!(fake.unconfirmed(), [first, second], "stored, but not yet confirmed");
    assert_eq!(listener.poll_once(&inbox, NOW).await.unwrap(), 0);
    assert!(fake.unconfirmed().is_empty());
    let offsets: Vec<_> = fake.calls("getUpdates").iter().map(|body| body["offset"].as_i64()).collect();
    assert_eq!(offsets, [None, None, None, Some(second + 1)]);
}

#[tokio::test]
async fn after_a_restart_unconfirmed_updates_come_again_and_are_kept_once() {
    let fake = FakeTelegram::start().await;
    fake.person(42).says("one");
    let inbox = Kept::default();
    assert_eq!(listener(&fake).poll_once(&inbox, NOW).await.unwrap(), 1);
    fake.person(42).says("two");
    assert_eq!(listener(&fake).poll_once(&inbox, NOW).await.unwrap(), 2);
    let inputs: Vec<_> = inbox.raws().iter().map(|raw| decode(raw).unwrap().input).collect();
    assert_eq!(inputs, [text("one").unwrap(), text("two").unwrap()]);
}

#[tokio::test]
async fn ids_that_start_again_at_a_small_number_lose_nothing() {
    let fake = FakeTelegram::start().await;
    let (mut listener, inbox) = (listener(&fake), Kept::default());
    fake.jump_ids(900_000_000);
    fake.person(42).says("before the quiet week");
    listener.poll_once(&inbox, NOW).await.unwrap();
    listener.poll_once(&inbox, NOW).await.unwrap();
    fake.jump_ids(5);
    fake.person(42).says("after it");
    assert_eq!(listener.poll_once(&inbox, NOW).await.unwrap(), 1);
    assert_eq!(listener.poll_once(&inbox, NOW).await.unwrap(), 0);
    assert_eq!(inbox.ids(), ["900000000", "5"]);
    let offsets: Vec<_> = fake.calls("getUpdates").iter().map(|body| body["offset"].as_i64()).collect();
    assert_eq!(offsets, [None, Some(900_000_001), Some(900_000_001), Some(6)]);
}

#[tokio::test]
async fn an_update_of_an_unknown_kind_is_stored_as_it_came_and_stops_nobody() {
    let fake = FakeTelegram::start().await;
    fake.update(json!({ "telepathy": { "strength": 3 } }));
    fake.person(42).says("after it");
    let (mut listener, inbox) = (listener(&fake), Kept::default());
    assert_eq!(listener.poll_once(&inbox, NOW).await.unwrap(), 2);
    let raws = inbox.raws();
    assert!(raws[0].contains(r#""telepathy":{"strength":3}"#), "{}", raws[0]);
    assert_eq!(decode(&raws[0]), None);
    assert!(decode(&raws[1]).is_some());
}

#[tokio::test]
async fn an_unreadable_update_does_not_hold_up_the_others() {
    let fake = FakeTelegram::start().await;
    let broken = r#"{"update_id":1,"message":{"text":"\ud800"}}"#;
    let hollow = r#"{"message":{}}"#;
    let body = format!(r#"{{"ok":true,"result":[{broken},{hollow},{}]}}"#, private(r#""text":"hi""#));
    fake.next_goes_wrong("getUpdates", Trouble::Raw(200, body));
    let (mut listener, inbox) = (listener(&fake), Kept::default());
    assert_eq!(listener.poll_once(&inbox, NOW).await.unwrap(), 3);
    assert_eq!((&*inbox.ids()[0], &*inbox.ids()[2]), ("1", "7"));
    assert!(inbox.ids()[1].starts_with("unread-"));
    assert_eq!(inbox.raws().iter().filter_map(|raw| decode(raw)).count(), 1);
    listener.poll_once(&inbox, NOW).await.unwrap();
    assert_eq!(fake.calls("getUpdates")[1]["offset"], 8);
}

#[tokio::test]
async fn a_press_is_answered_and_its_keyboard_shows_what_was_chosen() {
    let fake = FakeTelegram::start().await;
    let ana = fake.person(42).known();
    sender(&fake).deliver(&asking("42", "An older one?", &["Yes", "No"])).await.unwrap();
    sender(&fake).deliver(&asking("42", "Did you keep it?", &["Yes", "No"])).await.unwrap();
    let (mut listener, inbox) = (listener(&fake), Kept::default());
    let query = ana.presses("Yes");
    listener.poll_once(&inbox, NOW).await.unwrap();
    fake.wait_until("the press is answered", |fake| fake.answered() == [query.clone()]).await;
    fake.wait_until("the keyboard is replaced", |fake| fake.sent_to(42)[1].labels() == ["✓ Yes"]).await;
    assert_eq!(fake.sent_to(42)[0].labels(), ["Yes", "No"], "another message is left alone");
    let edit = json!({
        "chat_id": 42, "message_id": 2,
        "reply_markup": { "inline_keyboard": [[{ "text": "✓ Yes", "callback_data": "n" }]] },
    });
    assert_eq!(fake.calls("editMessageReplyMarkup"), [edit]);
    let again = ana.presses("✓ Yes");
    listener.poll_once(&inbox, NOW).await.unwrap();
    fake.wait_until("the inert button is answered too", |fake| fake.answered().contains(&again)).await;
    assert_eq!(fake.calls("editMessageReplyMarkup").len(), 1);
    assert_eq!(inbox.raws().iter().filter_map(|raw| decode(raw)).count(), 1, "the inert button means nothing");
    fake.assert_no_violations();
}

/// A question of which several answers may be picked.
fn picking(words: &str, labels: &[&str]) -> Message {
    let button = |(index, label): (usize, &&str)| Button { label: (*label).into(), token: format!("+q:1:{index}") };
    Message { text: words.into(), buttons: labels.iter().enumerate().map(button).collect(), ..Message::default() }
}

#[tokio::test]
async fn a_button_that_stays_is_answered_and_its_message_changed_by_the_answer() {
    let fake = FakeTelegram::start().await;
    let ana = fake.person(42).known();
    let sender = sender(&fake);
    sender.deliver(&outgoing("42", picking("Which of these?", &["Calm", "Wary"]))).await.unwrap();
    let (mut listener, inbox) = (listener(&fake), Kept::default());
    let query = ana.presses("Calm");
    listener.poll_once(&inbox, NOW).await.unwrap();
    fake.wait_until("the press is answered", |fake| fake.answered() == [query.clone()]).await;
    let press = decode(&inbox.raws()[0]).unwrap();
    assert_eq!(press.input, Input::Press("+q:1:0".into()));
    let edits = |words: &str| Outgoing {
        reply: press.reply.clone(),
        ..outgoing("42", Message { edits: true, ..picking(words, &["\u{2713} Calm", "Wary"]) })
    };
    let so_far = edits("So far: <Calm>.");
    let sent = Ok(Sent { message: Some("1".into()), place: None });
    assert_eq!(sender.deliver(&so_far).await, sent);
    assert_eq!(sender.deliver(&so_far).await, sent, "it stands there already");
    assert_eq!(fake.calls("editMessageReplyMarkup"), [Value::Null; 0]);
    let shown: Vec<_> =
        fake.sent_to(42).into_iter().map(|sent| (sent.plain.clone(), sent.labels().join("|"))).collect();
    assert_eq!(shown, [("So far: <Calm>.".to_owned(), "\u{2713} Calm|Wary".to_owned())]);
    let body = json!({
        "chat_id": 42, "message_id": 1, "text": "So far: &lt;Calm&gt;.", "parse_mode": "HTML",
        "link_preview_options": { "is_disabled": true },
        "reply_markup": { "inline_keyboard": [[
            { "text": "\u{2713} Calm", "callback_data": "+q:1:0" }, { "text": "Wary", "callback_data": "+q:1:1" },
        ]] },
    });
    assert_eq!(fake.calls("editMessageText")[0], body);
    fake.next_goes_wrong("editMessageText", Trouble::CannotParse);
    sender.deliver(&edits("So far: <all>.")).await.unwrap();
    assert_eq!(fake.sent_to(42)[0].plain, "So far: <all>.");
    fake.assert_no_violations();
}

#[tokio::test]
async fn a_message_that_cannot_be_changed_any_more_is_sent_anew() {
    let fake = FakeTelegram::start().await;
    fake.person(42).known();
    let message = Message { edits: true, ..picking("So far: Calm.", &["Wary"]) };
    let out = Outgoing { reply: Some(r#"{"message":999}"#.into()), ..outgoing("42", message) };
    assert_eq!(sender(&fake).deliver(&out).await, Ok(Sent { message: Some("1".into()), place: None }));
    assert_eq!(fake.sent_to(42).len(), 1);
    fake.next_goes_wrong("editMessageText", Trouble::TooManyRequests(7));
    let slow = SendError::RateLimited { retry_after: Duration::from_secs(7), who: Waits::Bulk };
    assert_eq!(sender(&fake).deliver(&out).await, Err(slow), "another trouble is no reason for a second message");
    // What was typed has no message to change.
    sender(&fake).deliver(&Outgoing { reply: None, ..out }).await.unwrap();
    assert_eq!((fake.sent_to(42).len(), fake.calls("editMessageText").len()), (2, 2));
    fake.assert_no_violations();
}

fn not_to_be_kept() -> Outgoing {
    let update = stored(&private(r#""text":"let go of this""#));
    let reply = decode(&update).unwrap().reply;
    let message = Message { text: "It is gone.".into(), erases: true, ..Message::default() };
    Outgoing { reply, ..outgoing("42", message) }
}

#[tokio::test]
async fn what_was_not_to_be_kept_is_taken_away_before_its_answer_is_sent() {
    let fake = FakeTelegram::start().await;
    fake.person(42).known();
    sender(&fake).deliver(&not_to_be_kept()).await.unwrap();
    let deleted = fake.calls("deleteMessage");
    assert_eq!(deleted.len(), 1);
    assert_eq!(deleted[0]["chat_id"], 42);
    assert!(deleted[0]["message_id"].is_i64());
    assert_eq!(fake.sent_to(42).len(), 1);
    let kept = Outgoing { message: Message { text: "Noted.".into(), ..Message::default() }, ..not_to_be_kept() };
    sender(&fake).deliver(&kept).await.unwrap();
    assert_eq!((fake.calls("deleteMessage").len(), fake.sent_to(42).len()), (1, 2), "anything else stays");
    fake.assert_no_violations();
}

#[tokio::test]
async fn a_message_that_cannot_be_taken_away_any_more_is_answered_all_the_same() {
    let fake = FakeTelegram::start().await;
    fake.person(42).known();
    fake.next_goes_wrong("deleteMessage", Trouble::CannotParse);
    sender(&fake).deliver(&not_to_be_kept()).await.unwrap();
    assert_eq!(fake.sent_to(42).len(), 1);
    fake.next_goes_wrong("deleteMessage", Trouble::TooManyRequests(7));
    let later = sender(&fake).deliver(&not_to_be_kept()).await;
    assert!(matches!(later, Err(SendError::RateLimited { .. })), "{later:?}");
    assert_eq!(fake.sent_to(42).len(), 1, "both are tried again together");
}

#[tokio::test]
async fn help_never_waits_for_a_message_to_be_taken_away() {
    let fake = FakeTelegram::start().await;
    fake.person(42).known();
    let help = Message { urgent: true, ..not_to_be_kept().message };
    let help = Outgoing { message: help, ..not_to_be_kept() };
    let quick = sender(&fake).with_limit(Duration::from_millis(300));
    for trouble in [Trouble::Hang, Trouble::TooManyRequests(60), Trouble::ServerError] {
        let before = fake.sent_to(42).len();
        fake.next_goes_wrong("deleteMessage", trouble);
        quick.deliver(&help).await.unwrap();
        assert_eq!(fake.sent_to(42).len(), before + 1, "once, and at once");
    }
    assert_eq!(fake.calls("deleteMessage").len(), 3, "afterwards it is tried");
}

#[tokio::test]
async fn nothing_is_answered_before_the_press_is_stored_and_a_slow_answer_holds_up_nobody() {
    let fake = FakeTelegram::start().await;
    let ana = fake.person(42).known();
    sender(&fake).deliver(&asking("42", "Did you keep it?", &["Yes"])).await.unwrap();
    let (mut listener, inbox) = (listener(&fake), Kept::default());
    inbox.failures.store(1, Ordering::SeqCst);
    ana.presses("Yes");
    listener.poll_once(&inbox, NOW).await.unwrap_err();
    assert!(fake.calls("answerCallbackQuery").is_empty());
    fake.next_goes_wrong("answerCallbackQuery", Trouble::Hang);
    fake.next_goes_wrong("editMessageReplyMarkup", Trouble::Hang);
    assert_eq!(listener.poll_once(&inbox, NOW).await.unwrap(), 1);
    ana.says("still here");
    assert_eq!(listener.poll_once(&inbox, NOW).await.unwrap(), 1);
}

#[tokio::test]
async fn of_two_pollers_the_older_one_learns_of_the_conflict() {
    let fake = FakeTelegram::start().await;
    let (mut older, mut newer) = (listener(&fake), listener(&fake));
    let long = Duration::from_secs(30);
    let first = tokio::spawn(async move { older.poll_once(&Kept::default(), long).await });
    fake.wait_until("the first polls", |fake| fake.calls("getUpdates").len() == 1).await;
    let second = tokio::spawn(async move { newer.poll_once(&Kept::default(), long).await });
    let error = first.await.unwrap().unwrap_err();
    assert!(matches!(error, PollError::Conflict) && !error.is_final(), "{error}");
    fake.person(42).says("hello");
    assert_eq!(second.await.unwrap().unwrap(), 1);
}

#[tokio::test]
async fn the_loop_survives_troubles_and_stops_when_told() {
    let fake = FakeTelegram::start().await;
    let conflict = json!({ "ok": false, "error_code": 409, "description": "Conflict" }).to_string();
    fake.next_goes_wrong("getMe", Trouble::ServerError);
    fake.next_goes_wrong("getUpdates", Trouble::Raw(409, conflict));
    fake.next_goes_wrong("getUpdates", Trouble::HtmlBadGateway);
    let (inbox, cancel) = (Arc::new(Kept::default()), CancellationToken::new());
    let running = listener(&fake).run(Arc::clone(&inbox) as Arc<dyn Inbox>, Duration::from_secs(30), cancel.clone());
    let running = tokio::spawn(running);
    fake.person(42).says("hello");
    fake.wait_until("the update is stored and confirmed", |fake| fake.unconfirmed().is_empty()).await;
    assert_eq!(inbox.ids().len(), 1);
    cancel.cancel();
    let stopped = tokio::time::timeout(Duration::from_secs(2), running).await.expect("stops in the middle of a poll");
    stopped.unwrap().unwrap();
}

#[tokio::test]
async fn a_wrong_token_stops_the_loop_and_says_what_to_check() {
    let fake = FakeTelegram::start().await;
    for wrong in ["123456:TEST-another_token_than_that_one", "no-token"] {
        let listener = Listener::new(&endpoint(fake.address()), SecretString::from(wrong), &[]).unwrap();
        let run = listener.run(Arc::new(Kept::default()), NOW, CancellationToken::new());
        let error = run.await.unwrap_err();
        assert!(matches!(error, PollError::Unauthorized) && error.is_final());
        assert!(error.to_string().contains("check the token"), "{error}");
        assert!(!format!("{error:?} {error}").contains(wrong));
    }
}

// ---- wires ---------------------------------------------------------------------------------------------------------------

/// Short, for tests that wait for it.
const LIMIT: Duration = Duration::from_millis(400);

#[tokio::test]
async fn a_message_into_a_silent_wire_is_unclear_and_the_next_one_takes_a_new_wire() {
    let fake = FakeTelegram::start().await;
    fake.person(42).known();
    let wire = Wire::to(fake.address()).await;
    let sender = Sender::new(&endpoint(&wire.url()), token()).unwrap().with_limit(LIMIT);
    sender.deliver(&asking("42", "One", &[])).await.unwrap();
    wire.falls_silent();
    for _ in 0..2 {
        let begun = tokio::time::Instant::now();
        let lost = sender.deliver(&asking("42", "Two", &[])).await;
        assert_eq!(lost, Err(SendError::Ambiguous("no answer in time".into())));
        assert!(begun.elapsed() < LIMIT * 5, "{:?}", begun.elapsed());
    }
    wire.heals();
    sender.deliver(&asking("42", "Three", &[])).await.unwrap();
    let sent: Vec<String> = fake.sent_to(42).into_iter().map(|message| message.plain).collect();
    assert_eq!((sent, wire.accepted()), (vec!["One".into(), "Three".into()], 3), "each dead connection is left");
    fake.assert_no_violations();
}

#[tokio::test]
async fn a_poll_over_a_wire_that_fell_silent_is_left_and_nothing_is_lost() {
    let fake = FakeTelegram::start().await;
    let wire = Wire::to(fake.address()).await;
    let listener = Listener::new(&endpoint(&wire.url()), token(), &[]).unwrap().with_limit(LIMIT);
    let (inbox, cancel) = (Arc::new(Kept::default()), CancellationToken::new());
    let running = listener.run(Arc::clone(&inbox) as Arc<dyn Inbox>, Duration::from_secs(1), cancel.clone());
    let running = tokio::spawn(running);
    let one = fake.person(42).says("one");
    fake.wait_until("the first is stored and confirmed", |fake| fake.unconfirmed().is_empty()).await;
    wire.falls_silent();
    let two = fake.person(42).says("two");
    let before = wire.accepted();
    until("it tries another connection", || wire.accepted() > before).await;
    wire.heals();
    let three = fake.person(42).says("three");
    fake.wait_until("the others are stored and confirmed", |fake| fake.unconfirmed().is_empty()).await;
    assert_eq!(inbox.ids(), [one, two, three].map(|id| id.to_string()));
    cancel.cancel();
    running.await.unwrap().unwrap();
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
        let endpoint = Endpoint::new(&address, network).unwrap();
        let sender = Sender::new(&endpoint, token()).unwrap();
        let listener = Listener::new(&endpoint, token(), &[]).unwrap();
        let begun = tokio::time::Instant::now();
        let message = asking("42", "Hello", &[]);
        let (sent, asked) = tokio::join!(sender.deliver(&message), listener.who());
        assert_eq!(sent, Err(SendError::NotSent("no connection".into())), "{address}: surely not sent");
        let error = asked.unwrap_err();
        assert!(!error.is_final() && matches!(error, PollError::Unavailable(_)), "{address}: {error}");
        assert!(begun.elapsed() < Duration::from_secs(8), "{address}: {:?}", begun.elapsed());
    }
    assert!(liar.is_trusted_by_nobody());
}

async fn until(what: &str, holds: impl Fn() -> bool) {
    let waiting = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    assert!(tokio::time::timeout(Duration::from_secs(20), waiting).await.is_ok(), "never: {what}");
}

// ---- the fake itself ---------------------------------------------------------------------------------------------------

/// Calls the fake as some other program would.
async fn call(fake: &FakeTelegram, method: &str, body: Value) -> Value {
    let url = format!("{}/bot{TOKEN}/{method}", fake.address());
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    client.post(url).json(&body).send().await.unwrap().json().await.unwrap()
}

#[tokio::test]
async fn the_fake_refuses_what_telegram_refuses() {
    let fake = FakeTelegram::start().await;
    fake.person(42).known();
    let button = |data: &str| json!({ "inline_keyboard": [[{ "text": "x", "callback_data": data }]] });
    let long = "x".repeat(4097);
    let bodies = [
        json!({ "chat_id": 42 }),
        json!({ "chat_id": 42, "text": "" }),
        json!({ "chat_id": 42, "text": long }),
        json!({ "chat_id": 42, "text": "hi", "colour": "red" }),
        json!({ "chat_id": 42, "text": "<b>hi", "parse_mode": "HTML" }),
        json!({ "chat_id": 42, "text": "1 < 2", "parse_mode": "HTML" }),
        json!({ "chat_id": 42, "text": "<b><i>hi</b></i>", "parse_mode": "HTML" }),
        json!({ "chat_id": 42, "text": "hi", "reply_markup": button("") }),
        json!({ "chat_id": 42, "text": "hi", "reply_markup": button(&"ä".repeat(33)) }),
    ];
    for (count, body) in bodies.into_iter().enumerate() {
        let answer = call(&fake, "SENDmessage", body.clone()).await;
        assert_eq!(answer["error_code"], 400, "{body}");
        assert_eq!(fake.violations().len(), count + 1, "{body}: {:#?}", fake.violations());
    }
    assert!(fake.sent_to(42).is_empty());
    assert_eq!(call(&fake, "sendTelepathy", json!({})).await["error_code"], 404);
}

#[tokio::test]
async fn the_fake_refuses_a_second_answer_and_an_edit_that_changes_nothing() {
    let fake = FakeTelegram::start().await;
    let ana = fake.person(42).known();
    let sent = call(
        &fake,
        "sendMessage",
        json!({ "chat_id": 42, "text": "hi", "reply_markup":
        { "inline_keyboard": [[{ "text": "Go", "callback_data": "a" }]] } }),
    )
    .await;
    assert_eq!(against_description("result.sendMessage", &sent["result"]), None);
    let query = json!({ "callback_query_id": ana.presses("Go") });
    assert_eq!(call(&fake, "answerCallbackQuery", query.clone()).await["ok"], true);
    assert_eq!(call(&fake, "answerCallbackQuery", query).await["error_code"], 400);
    let edit = json!({ "chat_id": 42, "message_id": 1, "text": "hello" });
    assert_eq!(call(&fake, "editMessageText", edit.clone()).await["ok"], true);
    let twice = call(&fake, "editMessageText", edit).await;
    assert!(twice["description"].as_str().unwrap().contains("message is not modified"), "{twice}");
    assert_eq!(call(&fake, "getUpdates", json!({ "offset": -1 })).await["result"].as_array().unwrap().len(), 1);
    fake.assert_no_violations();
}

// ---- the webhook -------------------------------------------------------------------------------------------------------

const SECRET: &str = "a-secret_of-the-tests-0123456789";

/// A listener that waits to be called, and where.
struct Called {
    webhook: Webhook,
    kept: Arc<Kept>,
    cancel: CancellationToken,
    serving: tokio::task::JoinHandle<Result<(), PollError>>,
}

impl Called {
    async fn by(fake: &FakeTelegram) -> Self {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let url = endpoint(&format!("http://127.0.0.1:{port}/in"));
        let webhook = Webhook { url, listen: ([127, 0, 0, 1], port).into(), secret: SecretString::from(SECRET) };
        let (kept, cancel) = (Arc::new(Kept::default()), CancellationToken::new());
        let (listener, own, inbox, stop) = (listener(fake), webhook.clone(), kept.clone(), cancel.clone());
        let serving = tokio::spawn(async move { listener.serve(&own, inbox, stop).await });
        Self { webhook, kept, cancel, serving }
    }

    async fn ends(self) -> Result<(), PollError> {
        self.cancel.cancel();
        self.serving.await.unwrap()
    }

    /// Calls it as somebody, and says what it answers.
    async fn answers(&self, method: &str, path: &str, secret: Option<&str>, body: impl Into<reqwest::Body>) -> u16 {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let url = format!("http://{}{path}", self.webhook.listen);
        let call = client.request(method.parse().unwrap(), url).body(body);
        let call = secret.into_iter().fold(call, |call, secret| call.header("X-Telegram-Bot-Api-Secret-Token", secret));
        call.send().await.unwrap().status().as_u16()
    }
}

#[tokio::test]
async fn telegram_calls_and_what_it_brings_is_stored_before_it_is_answered() {
    let fake = FakeTelegram::start().await;
    fake.person(42).says("from before");
    let called = Called::by(&fake).await;
    fake.wait_until("what was written before comes", |fake| fake.unconfirmed().is_empty()).await;
    let set = &fake.calls("setWebhook")[0];
    assert_eq!((&set["url"], &set["secret_token"]), (&json!(called.webhook.url.as_str()), &json!(SECRET)));
    assert_eq!(set["allowed_updates"], json!(["message", "edited_message", "callback_query", "my_chat_member"]));
    fake.wait_until("it has a menu", |fake| fake.calls("setMyCommands").len() == 1).await;

    called.kept.failures.store(2, Ordering::SeqCst);
    let id = fake.person(42).says("while the store is down");
    fake.wait_until("it comes again until it is stored", |fake| fake.unconfirmed().is_empty()).await;
    assert_eq!(called.kept.ids().last(), Some(&id.to_string()));
    assert_eq!(fake.webhook_answers(), [200, 503, 503, 200]);

    fake.loses_answers(1);
    let again = fake.person(42).says("twice");
    fake.wait_until("it comes again", |fake| fake.unconfirmed().is_empty()).await;
    let times = called.kept.ids().iter().filter(|id| **id == again.to_string()).count();
    assert_eq!((times, fake.webhook_answers().len()), (1, 6), "called twice, kept once");
    assert!(fake.calls("getUpdates").is_empty());
    fake.assert_no_violations();
    called.ends().await.unwrap();
}

#[tokio::test]
async fn the_stored_form_is_the_same_as_from_a_poll_and_a_press_is_answered() {
    let fake = FakeTelegram::start().await;
    let polled = Kept::default();
    fake.person(42).says("one and the same");
    let mut polling = listener(&fake);
    polling.poll_once(&polled, NOW).await.unwrap();
    let called = Called::by(&fake).await;
    fake.wait_until("it is called", |fake| fake.unconfirmed().is_empty()).await;
    assert_eq!(called.kept.raws(), polled.raws(), "what was not confirmed by polling comes to the webhook");

    let query = fake.person(42).sends_press(
        &support::fake_telegram::SentMessage {
            message_id: 9,
            text: "How was today?".into(),
            plain: "How was today?".into(),
            buttons: vec![vec![("Fine".into(), "q:1:1".into())]],
            picture: None,
            silent: false,
        },
        "q:1:1",
    );
    fake.wait_until("the press is answered", |fake| fake.answered() == [query.clone()]).await;
    called.ends().await.unwrap();
    polling.start().await.unwrap();
    assert_eq!(fake.calls("deleteWebhook").len(), 1, "polling takes the webhook away");
}

#[tokio::test]
async fn who_is_not_telegram_changes_nothing() {
    let fake = FakeTelegram::start().await;
    let called = Called::by(&fake).await;
    fake.wait_until("it has a webhook", |fake| fake.calls("setMyCommands").len() == 1).await;
    let update = || json!({ "update_id": 5, "message": {} }).to_string();
    let nearly = format!("{}8", &SECRET[..SECRET.len() - 1]);
    for secret in [None, Some(""), Some("wrong"), Some(&*nearly), Some(&SECRET[..20])] {
        assert_eq!(called.answers("POST", "/in", secret, update()).await, 401, "{secret:?}");
    }
    for (method, path, body, status) in [
        ("POST", "/", update(), 404),
        ("POST", "/in/side", update(), 404),
        ("GET", "/in", String::new(), 405),
        ("POST", "/in", "no JSON".into(), 400),
        ("POST", "/in", String::new(), 400),
        ("POST", "/in", format!("\"{}\"", "a".repeat(1 << 20)), 413),
    ] {
        assert_eq!(called.answers(method, path, Some(SECRET), body).await, status, "{method} {path}");
    }
    let endless = futures_util::stream::iter((0..2_000).map(|_| Ok::<_, std::io::Error>("0".repeat(1_000))));
    assert_eq!(called.answers("POST", "/in", Some(SECRET), reqwest::Body::wrap_stream(endless)).await, 413);
    assert!(called.kept.ids().is_empty());
    assert_eq!(called.answers("POST", "/in/", Some(SECRET), update()).await, 200);
    assert_eq!(called.kept.ids(), ["5"]);
    called.ends().await.unwrap();
}

#[tokio::test]
async fn a_webhook_that_cannot_be_set_is_tried_again_and_a_place_that_is_taken_is_an_end() {
    let fake = FakeTelegram::start().await;
    fake.next_goes_wrong("getMe", Trouble::HtmlBadGateway);
    fake.next_goes_wrong(
        "setWebhook",
        Trouble::Raw(400, r#"{"ok":false,"error_code":400,"description":"bad webhook"}"#.into()),
    );
    let called = Called::by(&fake).await;
    fake.person(42).says("hello");
    fake.wait_until("it is called in the end", |fake| fake.unconfirmed().is_empty()).await;
    let taken = listener(&fake).serve(&called.webhook, called.kept.clone(), CancellationToken::new()).await;
    let error = taken.unwrap_err();
    assert!(error.is_final() && error.to_string().contains("telegram.webhook_listen"), "{error}");
    called.ends().await.unwrap();

    let wrong = Listener::new(&endpoint(fake.address()), SecretString::from("123456:another-token"), &[]).unwrap();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let webhook = Webhook {
        url: endpoint("http://127.0.0.1:9"),
        listen: ([127, 0, 0, 1], port).into(),
        secret: SecretString::from(SECRET),
    };
    let refused = wrong.serve(&webhook, Arc::new(Kept::default()), CancellationToken::new()).await;
    assert!(matches!(refused, Err(PollError::Unauthorized)), "{refused:?}");
}
