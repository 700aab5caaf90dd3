//! Faults that come in numbers: storms of "too fast", outages, crowds that left, odd updates, floods. The store and the engine are
//! real; the platform is a fake over HTTP or a counter in this process; the clock is moved by hand, so half an hour takes seconds.

mod support;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};

use goldseam::clock::Clock;
use goldseam::outbox::{BoxFuture, Deliver, Limits, Outbox, Outgoing, SendError, Sent};
use goldseam::platform::inbox::{Inbox as _, RawEvent};
use goldseam::platform::{Endpoint, Network, telegram};
use goldseam::store::{Account, NewRow, Store};
use goldseam::turn::{Door, Inbox};
use goldseam::types::{Inbound, Message, Place, PlaceKind, Platform, Private, Purpose, Rich};
use goldseam::vault::Vault;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use support::bot::{BotTester, On, shipped};
use support::database::Database;
use support::fake_telegram::{FakeTelegram, TOKEN, Trouble};
use support::house::input;
use tokio::sync::Notify;

const TELEGRAM: Limits = Limits { total: Some(28), bulk: Some(20), chat: Some(1), at_once: 64 };

fn noon() -> Timestamp {
    "2026-11-22T12:00:00Z".parse().unwrap()
}

/// An attempt to send: to whom, when, and what came of it.
type Attempt = (String, Timestamp, Result<Sent, SendError>);

/// Notes what goes through it.
struct Noted<D> {
    inner: D,
    clock: Clock,
    attempts: Mutex<Vec<Attempt>>,
    /// Who got something that was urgent, and when.
    urgent: Mutex<Vec<(String, Timestamp)>>,
}

impl<D> Noted<D> {
    fn new(inner: D, clock: &Clock) -> Arc<Self> {
        Arc::new(Self { inner, clock: clock.clone(), attempts: Mutex::default(), urgent: Mutex::default() })
    }

    fn attempts(&self) -> Vec<Attempt> {
        self.attempts.lock().unwrap().clone()
    }

    /// When each of them got their first message.
    fn first(&self) -> HashMap<String, Timestamp> {
        let mut first = HashMap::new();
        for (account, at, _) in self.attempts().into_iter().filter(|(.., outcome)| outcome.is_ok()) {
            first.entry(account).or_insert(at);
        }
        first
    }
}

impl<D: Deliver> Deliver for Noted<D> {
    fn platform(&self) -> Platform {
        self.inner.platform()
    }

    fn deliver<'a>(&'a self, outgoing: &'a Outgoing) -> BoxFuture<'a, Result<Sent, SendError>> {
        Box::pin(async move {
            let at = self.clock.now();
            let outcome = self.inner.deliver(outgoing).await;
            if outgoing.message.urgent {
                self.urgent.lock().unwrap().push((outgoing.account.clone(), at));
            }
            self.attempts.lock().unwrap().push((outgoing.account.clone(), at, outcome.clone()));
            outcome
        })
    }
}

// ---- messages on their way out, to a Telegram over HTTP ----------------------------------------------------------------

struct Post {
    clock: Clock,
    store: Store,
    fake: FakeTelegram,
    noted: Arc<Noted<telegram::Sender>>,
    outbox: Outbox,
    accounts: Vec<Account>,
    messages: u64,
}

impl Post {
    async fn to(people: i64) -> Self {
        let (clock, fake) = (Clock::steered(noon()), FakeTelegram::start().await);
        let store = Store::in_memory(Vault).await.unwrap();
        let mut tx = store.begin().await.unwrap();
        let mut accounts = Vec::new();
        for number in 1..=people {
            fake.person(number).known();
            accounts.push(tx.create_account(Platform::Telegram, &number.to_string(), clock.now()).await.unwrap());
        }
        tx.commit().await.unwrap();
        let api = Endpoint::new(fake.address(), Network::Loopback).unwrap();
        let noted = Noted::new(telegram::Sender::new(&api, TOKEN.into()).unwrap(), &clock);
        let platform: Arc<dyn Deliver> = noted.clone();
        let outbox = Outbox::paced(store.clone(), clock.clone(), Arc::new(Notify::new()), [(platform, TELEGRAM)]);
        Self { clock, store, fake, noted, outbox, accounts, messages: 0 }
    }

    async fn enqueue(&mut self, purpose: Purpose, people: impl IntoIterator<Item = usize>) {
        let message = Message { text: Rich::plain("How was today?"), ..Message::default() };
        self.enqueue_this(&message, purpose, people).await;
    }

    /// Help for somebody who may be in danger.
    async fn help(&mut self, person: usize) {
        let message = Message { text: Rich::plain("You are not alone."), urgent: true, ..Message::default() };
        self.enqueue_this(&message, Purpose::Reply, [person]).await;
    }

    async fn enqueue_this(&mut self, message: &Message, purpose: Purpose, people: impl IntoIterator<Item = usize>) {
        let now = self.clock.now();
        let mut tx = self.store.begin().await.unwrap();
        for person in people {
            let account = &self.accounts[person];
            self.messages += 1;
            let row = NewRow {
                account,
                place: Some(&(person + 1).to_string()),
                reply: None,
                message,
                purpose,
                due: now,
                expires: None,
                dedupe_key: &self.messages.to_string(),
                silent: false,
                now,
            };
            tx.enqueue(row).unwrap();
        }
        tx.commit().await.unwrap();
    }

    /// A round, and then to the next moment at which something happens.
    async fn goes_on(&self, at_most: Timestamp) {
        self.outbox.deliver_once().await.unwrap();
        self.clock.set(self.outbox.next_look().await.min(at_most).max(self.clock.now()));
    }

    fn times(&self) -> Vec<usize> {
        (1..=self.accounts.len()).map(|person| self.fake.sent_to(i64::try_from(person).unwrap()).len()).collect()
    }

    fn calls(&self) -> usize {
        self.fake.calls("sendMessage").len()
    }
}

#[tokio::test]
async fn under_the_limits_of_a_platform_nobody_is_refused_over_http() {
    let mut post = Post::to(300).await;
    let begun = post.clock.now();
    post.enqueue(Purpose::Nudge, 0..300).await;
    let (mut arrival, mut answers) = (0, Vec::new());
    while post.fake.accepted() < 300 + answers.len() || answers.len() < 20 {
        if post.clock.now() >= begun + SignedDuration::from_millis(arrival * 700) {
            arrival += 1;
            answers.push(post.clock.now());
            post.enqueue(Purpose::Reply, [usize::try_from(arrival).unwrap() * 13]).await;
        }
        post.goes_on(begun + SignedDuration::from_millis(arrival * 700)).await;
    }
    let when: Vec<i64> =
        post.noted.attempts().iter().map(|(_, at, _)| at.duration_since(begun).as_millis() as i64).collect();
    for (first, from) in when.iter().enumerate() {
        let within = when[first..].iter().take_while(|at| *at - from < 1_000).count();
        assert!(within <= 30 + 28, "{within} messages in the second after {from} ms");
    }
    let took = when.last().unwrap() / 1000;
    assert!((14..=17).contains(&took), "300 check-ins at 20 a second took {took} s");
    assert!(post.noted.attempts().iter().all(|(.., outcome)| outcome.is_ok()));
    post.fake.assert_no_violations();
}

/// F12: half of the sends are refused, with every kind of waiting time there is.
#[tokio::test]
async fn a_storm_of_too_fast_loses_and_doubles_nothing_and_leaves_the_others_alone() {
    const WAITS: [(&str, u64); 10] = [
        ("1", 1),
        ("7", 7),
        ("60", 60),
        ("\"5\"", 5),
        ("2.5", 2),
        ("-3", 1),
        ("0", 1),
        ("1e300", 3600),
        ("\"soon\"", 1),
        ("null", 1),
    ];
    let mut post = Post::to(200).await;
    let begun = post.clock.now();
    let mut asked = HashMap::new();
    for person in (1..=200).step_by(2) {
        let (wait, seconds) = WAITS[(person / 2) % WAITS.len()];
        let body = format!(
            r#"{{"ok":false,"error_code":429,"description":"Too Many","parameters":{{"retry_after":{wait}}}}}"#
        );
        let body = if person % 20 == 3 { "<html>slow down</html>".to_owned() } else { body };
        let seconds = if person % 20 == 3 { 1 } else { seconds };
        for _ in 0..=person % 3 {
            let chat = i64::try_from(person).unwrap();
            post.fake.next_goes_wrong_in("sendMessage", chat, Trouble::Raw(429, body.clone()));
        }
        asked.insert(person.to_string(), (seconds, 1 + person % 3));
    }
    let mut wrote = HashMap::new();
    for second in 0..20 {
        let people: Vec<usize> = (0..10).map(|number| second * 10 + number).collect();
        wrote.extend(people.iter().map(|person| ((person + 1).to_string(), post.clock.now())));
        post.enqueue(Purpose::Reply, people).await;
        let next = begun + SignedDuration::from_secs(i64::try_from(second).unwrap() + 1);
        while post.clock.now() < next {
            post.goes_on(next).await;
        }
    }
    let end = begun + SignedDuration::from_hours(5);
    while post.fake.accepted() < 200 && post.clock.now() < end {
        post.goes_on(end).await;
    }
    assert_eq!(post.times(), vec![1; 200], "each of them once");
    let refused: usize = asked.values().map(|(_, times)| times).sum();
    assert_eq!(post.calls(), 200 + refused, "as often as it was refused, and once more");
    let mut last: HashMap<String, Timestamp> = HashMap::new();
    for (account, at, outcome) in post.noted.attempts() {
        if let Some(before) = last.get(&account) {
            let waited = at.duration_since(*before).as_secs_f64();
            assert!(waited >= asked[&account].0 as f64, "{account} was tried again after {waited} s");
        }
        if outcome.is_err() {
            last.insert(account, at);
        }
    }
    let first = post.noted.first();
    let others = wrote.iter().filter(|(account, _)| !asked.contains_key(*account));
    let slowest = others.map(|(account, at)| first[account].duration_since(*at)).max().unwrap();
    assert!(slowest < SignedDuration::from_secs(2), "one of the others waited {slowest:?}");
    post.fake.assert_no_violations();
}

/// F13: half an hour in which every call is answered with some page of an error.
#[tokio::test]
async fn an_outage_of_half_an_hour_loses_nothing_and_ends_within_a_minute() {
    let mut post = Post::to(120).await;
    let begun = post.clock.now();
    let healed = begun + SignedDuration::from_mins(30);
    post.enqueue(Purpose::Nudge, 0..80).await;
    post.enqueue(Purpose::Reply, 80..110).await;
    let pages = [
        Trouble::ServerError,
        Trouble::HtmlBadGateway,
        Trouble::Raw(503, String::new()),
        Trouble::Raw(500, r#"{"ok":fal"#.into()),
    ];
    let mut round = 0;
    while post.clock.now() < healed {
        post.fake.outage(Some(pages[round % pages.len()].clone()));
        round += 1;
        post.goes_on(healed).await;
    }
    let during = post.calls();
    assert!(during < 40 * 16 + 80 + 2 * 60, "{during} calls into nowhere");
    post.fake.outage(None);
    post.enqueue(Purpose::Reply, 110..120).await;
    let end = healed + SignedDuration::from_mins(30);
    while post.fake.accepted() < 120 && post.clock.now() < end {
        post.goes_on(end).await;
    }
    assert_eq!(post.times(), vec![1; 120], "each of them once");
    let first = post.noted.first().into_values().min().unwrap();
    assert!(first.duration_since(healed) <= SignedDuration::from_secs(60), "{first}");
}

/// F32: somebody needs help while the platform fails, and while it limits everybody.
#[tokio::test]
async fn help_is_there_within_five_seconds_of_the_platform_whatever_the_trouble_was() {
    let storm = |wait: u64| {
        Trouble::Raw(
            429,
            format!(r#"{{"ok":false,"error_code":429,"description":"x","parameters":{{"retry_after":{wait}}}}}"#),
        )
    };
    let troubles = [
        (vec![Trouble::ServerError, Trouble::HtmlBadGateway, Trouble::Raw(503, String::new())], 30),
        (vec![Trouble::Raw(500, r#"{"ok":fal"#.into())], 3 * 60),
        (vec![storm(2), Trouble::ServerError, storm(1)], 20),
    ];
    for (trouble, minutes) in troubles {
        let mut post = Post::to(60).await;
        let begun = post.clock.now();
        let healed = begun + SignedDuration::from_mins(minutes);
        post.enqueue(Purpose::Nudge, 0..40).await;
        post.enqueue(Purpose::Reply, 40..50).await;
        let (mut round, mut asked) = (0, false);
        while post.clock.now() < healed {
            post.fake.outage(Some(trouble[round % trouble.len()].clone()));
            round += 1;
            if !asked && post.clock.now() >= begun + SignedDuration::from_mins(2) {
                asked = true;
                post.help(55).await;
            }
            post.goes_on(healed).await;
        }
        post.fake.outage(None);
        let end = healed + SignedDuration::from_mins(30);
        while post.fake.accepted() < 51 && post.clock.now() < end {
            post.goes_on(end).await;
        }
        assert_eq!(post.times()[55], 1, "once");
        let came = post.noted.first()["56"];
        assert!(came.duration_since(healed) <= SignedDuration::from_secs(5), "{came}, healed at {healed}");
        let before = post.noted.first().into_iter().filter(|(_, at)| *at < came).count();
        assert!(before <= 2, "{before} went before it");
        assert!(minutes > 40 || post.fake.accepted() == 51, "and the others are not forgotten");
    }
}

/// F18: a thousand people have blocked the bot since yesterday.
#[tokio::test]
async fn who_has_left_is_tried_once_and_holds_up_nobody() {
    let mut post = Post::to(1_010).await;
    (1..=1_000).for_each(|person| assert!(post.fake.person(person).blocks() > 0));
    post.enqueue(Purpose::Nudge, 0..1_000).await;
    post.enqueue(Purpose::Reminder, 0..1_010).await;
    post.enqueue(Purpose::Reply, [1_005]).await;
    let end = post.clock.now() + SignedDuration::from_mins(5);
    while post.clock.now() < end {
        post.goes_on(end).await;
    }
    assert_eq!(post.calls(), 1_000 + 10 + 1, "each of those who left was tried once");
    assert_eq!(post.times()[1_000..], [1, 1, 1, 1, 1, 2, 1, 1, 1, 1]);
    assert_eq!(post.outbox.counters().get("outbox.skipped", "gone"), 2_000, "and there is a reason for each message");
}

// ---- odd updates -------------------------------------------------------------------------------------------------------

/// F20: updates that the published description allows, or might allow one day.
fn odd_updates() -> Vec<Value> {
    let from = json!({ "id": 77, "is_bot": false, "first_name": "Odd", "language_code": "en" });
    let chat = json!({ "id": 77, "type": "private", "first_name": "Odd" });
    let message = json!({ "message_id": 5, "date": 1, "from": from, "chat": chat, "text": "hello" });
    let query = json!({ "id": "9", "from": from, "chat_instance": "1", "data": "q:1:1", "message": message });
    let member =
        |status: &str| json!({ "status": status, "user": { "id": 123_456, "is_bot": true, "first_name": "B" } });
    let moved = json!({
        "chat": chat, "from": from, "date": 1, "old_chat_member": member("member"), "new_chat_member": member("kicked"),
    });
    let mut updates = Vec::new();
    let strange = [
        json!(null),
        json!(true),
        json!(-1),
        json!(i64::MAX),
        json!(1e300),
        json!(""),
        json!("\u{0}\u{202e}\u{feff}"),
        json!("\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}".repeat(500)),
        json!("\u{5e9}\u{5dc}\u{5d5}\u{5dd} \u{2067}abc\u{2069}"),
        json!("/"),
        json!("/start@GoldseamBot /start"),
        json!([]),
        json!([[[[[[[[]]]]]]]]),
        json!({}),
        json!({ "id": "seven" }),
    ];
    for (kind, whole) in [
        ("message", &message),
        ("edited_message", &message),
        ("channel_post", &message),
        ("callback_query", &query),
        ("my_chat_member", &moved),
        ("message_reaction", &moved),
        ("a_kind_of_tomorrow", &message),
    ] {
        updates.push(json!({ kind: whole }));
        for field in whole.as_object().unwrap().keys() {
            let mut without = whole.clone();
            without.as_object_mut().unwrap().remove(field);
            updates.push(json!({ kind: without }));
            for value in &strange {
                let mut odd = whole.clone();
                odd[field] = value.clone();
                updates.push(json!({ kind: odd }));
            }
        }
        updates.extend(strange.iter().map(|value| json!({ kind: value })));
    }
    let entities: Vec<Value> = (0..20_000).map(|at| json!({ "type": "bold", "offset": at, "length": 1 })).collect();
    for content in [
        json!({ "text": "x".repeat(4096), "entities": entities }),
        json!({ "text": "\u{1f600}".repeat(2048) }),
        json!({ "photo": [], "caption": "\u{301}".repeat(1024) }),
        json!({ "sticker": {}, "poll": {}, "dice": { "emoji": "x", "value": 99 } }),
        json!({ "text": "a", "reply_to_message": { "reply_to_message": { "text": "b" } }, "forward_origin": { "type": "new" } }),
        json!({ "text": "a", "via_bot": { "id": 1 }, "sender_chat": { "id": -1 } }),
        json!({ "migrate_to_chat_id": -100_i64 }),
        json!({ "new_chat_members": [], "left_chat_member": null }),
    ] {
        let mut odd = message.clone();
        odd.as_object_mut().unwrap().remove("text");
        odd.as_object_mut().unwrap().extend(content.as_object().unwrap().clone());
        updates.push(json!({ "message": odd }));
    }
    updates.push(json!({}));
    updates
}

#[tokio::test]
async fn odd_updates_stop_nobody_and_none_of_them_comes_again() {
    let bot = BotTester::on(On::Telegram).await;
    let updates = odd_updates();
    assert!(updates.len() >= 500, "{} updates", updates.len());
    for update in updates {
        bot.telegram.update(update);
    }
    bot.settles().await;
    let ana = bot.person(42);
    ana.says("/start").await;
    assert!(ana.sees().iter().any(|message| message.text.contains("How old are you?")), "{}", bot.told());
    bot.settles().await;
    let waiting = bot.sql("select cast(count(*) as text) from inbox where state <> 'done'").await;
    assert_eq!(waiting, ["0"], "every one of them is over, and none was given up");
    let left = bot.sql("select cast(count(*) as text) from outbox where state in ('pending', 'sending')").await;
    assert_eq!(left, ["0"]);
    assert_eq!(bot.telegram.unconfirmed().len(), 0);
}

// ---- crowds ------------------------------------------------------------------------------------------------------------

/// Takes everything at once.
struct Everything;

impl Deliver for Everything {
    fn platform(&self) -> Platform {
        Platform::Telegram
    }

    fn deliver<'a>(&'a self, _: &'a Outgoing) -> BoxFuture<'a, Result<Sent, SendError>> {
        Box::pin(async { Ok(Sent::default()) })
    }
}

/// The whole program behind the platforms, with the shipped scripts.
struct Street {
    clock: Clock,
    inbox: Inbox,
    outbox: Outbox,
    database: Database,
    noted: Arc<Noted<Everything>>,
    events: u64,
}

impl Street {
    async fn new() -> Self {
        let clock = Clock::steered(noon());
        let database = Database::in_a_folder();
        let store = database.open().await;
        let door = Door::new(store.clone(), shipped(), clock.clone());
        let inbox = Inbox::new(door.clone()).with(Platform::Telegram, |raw| serde_json::from_str(raw).ok());
        let noted = Noted::new(Everything, &clock);
        let platform: Arc<dyn Deliver> = noted.clone();
        let outbox = Outbox::paced(store, clock.clone(), door.bells().outbox.clone(), [(platform, TELEGRAM)]);
        Self { clock, inbox, outbox, database, noted, events: 0 }
    }

    async fn says(&mut self, account: &str, texts: impl IntoIterator<Item = &str>) {
        let mut events = Vec::new();
        for text in texts {
            self.events += 1;
            let inbound = Inbound {
                platform: Platform::Telegram,
                event: self.events.to_string(),
                account: account.to_owned(),
                place: Place { id: account.to_owned(), kind: PlaceKind::Private },
                input: input(text),
                reply: None,
                language: None,
            };
            let raw = Private::new(serde_json::to_string(&inbound).unwrap());
            events.push(RawEvent { id: inbound.event, raw });
        }
        self.inbox.put(Platform::Telegram, "bot", events).await.unwrap();
    }

    async fn lives_until(&self, then: Timestamp) {
        loop {
            self.inbox.drain_once().await.unwrap();
            self.outbox.deliver_once().await.unwrap();
            if self.clock.now() >= then {
                return;
            }
            self.clock.set(self.outbox.next_look().await.min(then));
        }
    }

    /// Of those who wrote then: how long it took until they heard something, the quickest first.
    fn waits(&self, wrote: &BTreeMap<String, Timestamp>) -> Vec<SignedDuration> {
        let first = self.noted.first();
        let mut waits: Vec<_> = wrote.iter().map(|(account, at)| first[account].duration_since(*at)).collect();
        waits.sort_unstable();
        waits
    }
}

/// F22: one person sends hundreds of messages in a moment, and somewhere among them asks for help.
#[tokio::test]
async fn one_person_who_floods_delays_nobody_and_is_heard_when_in_danger() {
    const FLOOD: usize = 700;
    let mut street = Street::new().await;
    let begun = street.clock.now();
    let flood = (0..FLOOD).map(|number| if number == FLOOD / 2 { "/now" } else { "and another thing" });
    street.says("flood", flood).await;
    for person in 0..10 {
        street.says(&format!("early-{person}"), ["/start"]).await;
    }
    let mut wrote: BTreeMap<String, Timestamp> = (0..10).map(|person| (format!("early-{person}"), begun)).collect();
    for second in 1..=10 {
        street.lives_until(begun + SignedDuration::from_secs(second)).await;
        for person in 0..5 {
            let name = format!("{second}-{person}");
            street.says(&name, ["/start"]).await;
            wrote.insert(name, street.clock.now());
        }
    }
    street.lives_until(begun + SignedDuration::from_secs(60)).await;
    let waits = street.waits(&wrote);
    let p95 = waits[waits.len() * 95 / 100];
    assert!(p95 < SignedDuration::from_secs(2), "{waits:?}");
    let urgent = street.noted.urgent.lock().unwrap().first().cloned().expect("help came");
    assert!(urgent.0 == "flood" && urgent.1.duration_since(begun) <= SignedDuration::from_secs(5), "{urgent:?}");
    let heard = street.noted.attempts().iter().filter(|(account, ..)| account == "flood").count();
    assert!(heard <= 3 + 61 + 12, "one a second, and help: {heard} in a minute");

    // Those who wrote in the same moment had their turn long before the flood was through.
    let before =
        "select cast(count(*) as text) from outbox where account_id = (select id from accounts where ext_id = 'flood')
        and id < (select min(id) from outbox where account_id = (select id from accounts where ext_id = 'early-9'))";
    let before: usize = street.database.sql(before).await[0].parse().unwrap();
    assert!(before < 100, "{before} answers to the flood were written before the others had their turn");
    let left = street.database.sql("select cast(count(*) as text) from inbox where state <> 'done'").await;
    assert_eq!(left, ["0"], "everything was handled");
}

/// F23: newcomers in numbers, all within a minute.
#[tokio::test]
async fn a_crowd_of_newcomers_is_answered_in_the_order_in_which_it_came() {
    const CROWD: usize = 480;
    let mut street = Street::new().await;
    let begun = street.clock.now();
    let mut wrote = BTreeMap::new();
    for number in 0..CROWD {
        let name = format!("{number:04}");
        street.lives_until(begun + SignedDuration::from_millis(125 * i64::try_from(number).unwrap())).await;
        street.says(&name, ["/start"]).await;
        wrote.insert(name, street.clock.now());
    }
    street.lives_until(begun + SignedDuration::from_secs(90)).await;
    let waits = street.waits(&wrote);
    assert_eq!(waits.len(), CROWD);
    let p95 = waits[CROWD * 95 / 100];
    assert!(p95 < SignedDuration::from_secs(10), "{p95:?}");
    let first = street.noted.first();
    let order: Vec<Timestamp> = wrote.keys().map(|name| first[name]).collect();
    assert!(order.is_sorted(), "who came first is answered first");
}
