//! Many people are due at the same instant, under the limits of a platform, on a clock that is moved by hand.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use goldseam::clock::Clock;
use goldseam::outbox::{BoxFuture, Deliver, Limits, Outbox, Outgoing, SendError, Sent, Waits};
use goldseam::store::{Account, NewRow, Store};
use goldseam::types::{Message, Platform, Purpose, Rich};
use goldseam::vault::Vault;
use jiff::{SignedDuration, Timestamp, ToSpan as _};
use tokio::sync::Notify;

const TELEGRAM: Limits = Limits { total: Some(28), bulk: Some(20), chat: Some(1), at_once: 64 };

/// A platform that takes thirty messages a second, and from a chat one a second, bursts of which are tolerated.
struct Strict {
    clock: Clock,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    all: Leaky,
    chats: HashMap<String, Leaky>,
    violations: usize,
    /// Account, purpose, when.
    sent: Vec<(String, Purpose, Timestamp)>,
}

/// What has flowed in and not out yet, in thousandths.
#[derive(Clone, Copy, Default)]
struct Leaky {
    level: i64,
    at: i64,
}

impl Leaky {
    /// True when one more does not fit.
    fn overflows(&mut self, rate: i64, burst: i64, now: Timestamp) -> bool {
        let now = now.as_millisecond();
        self.level = (self.level - (now - self.at) * rate).max(0) + 1000;
        self.at = now;
        self.level > burst * 1000
    }
}

impl Strict {
    fn new(clock: &Clock) -> Arc<Self> {
        Arc::new(Self { clock: clock.clone(), seen: Mutex::default() })
    }

    fn sent(&self, what: Purpose) -> usize {
        self.seen.lock().unwrap().sent.iter().filter(|(_, purpose, _)| *purpose == what).count()
    }

    fn take(&self) -> Seen {
        std::mem::take(&mut self.seen.lock().unwrap())
    }
}

impl Deliver for Strict {
    fn platform(&self) -> Platform {
        Platform::Telegram
    }

    fn deliver<'a>(&'a self, outgoing: &'a Outgoing) -> BoxFuture<'a, Result<Sent, SendError>> {
        Box::pin(async move {
            let (now, mut seen) = (self.clock.now(), self.seen.lock().unwrap());
            let chat = seen.chats.entry(outgoing.account.clone()).or_default().overflows(1, 3, now);
            if seen.all.overflows(30, 30, now) || chat {
                seen.violations += 1;
                return Err(SendError::RateLimited { retry_after: Duration::from_secs(5), who: Waits::Bulk });
            }
            seen.sent.push((outgoing.account.clone(), outgoing.purpose, now));
            Ok(Sent::default())
        })
    }
}

struct World {
    clock: Clock,
    store: Store,
    platform: Arc<Strict>,
    accounts: Vec<Account>,
    messages: u64,
}

impl World {
    async fn with(people: usize) -> Self {
        let clock = Clock::steered("2026-11-22T20:00:00Z".parse().unwrap());
        let store = Store::in_memory(Vault).await.unwrap();
        let mut tx = store.begin().await.unwrap();
        let mut accounts = Vec::with_capacity(people);
        for number in 0..people {
            accounts.push(tx.create_account(Platform::Telegram, &number.to_string(), clock.now()).await.unwrap());
        }
        tx.commit().await.unwrap();
        Self { platform: Strict::new(&clock), clock, store, accounts, messages: 0 }
    }

    fn outbox(&self, limits: Limits) -> Outbox {
        let platform: Arc<dyn Deliver> = self.platform.clone();
        Outbox::paced(self.store.clone(), self.clock.clone(), Arc::new(Notify::new()), [(platform, limits)])
    }

    async fn enqueue(&mut self, purpose: Purpose, people: impl IntoIterator<Item = usize>) {
        let now = self.clock.now();
        let message = Message { text: Rich::plain("How was today?"), ..Message::default() };
        let mut tx = self.store.begin().await.unwrap();
        for person in people {
            let account = &self.accounts[person];
            self.messages += 1;
            tx.enqueue(NewRow {
                account,
                place: None,
                reply: None,
                message: &message,
                purpose,
                due: now,
                expires: None,
                dedupe_key: &self.messages.to_string(),
                silent: false,
                now,
            })
            .unwrap();
        }
        tx.commit().await.unwrap();
    }
}

/// The accounts in the order in which they were written to.
fn order(seen: &Seen) -> Vec<&str> {
    seen.sent
        .iter()
        .filter(|(_, purpose, _)| *purpose == Purpose::Nudge)
        .map(|(account, ..)| account.as_str())
        .collect()
}

#[tokio::test]
async fn an_evening_of_many_keeps_the_limits_and_whoever_writes_is_answered_at_once() {
    an_evening_of(3_000).await;
}

#[tokio::test]
#[ignore = "full size, some minutes: cargo test --test pace -- --ignored --nocapture"]
async fn an_evening_of_fifty_thousand() {
    an_evening_of(50_000).await;
}

async fn an_evening_of(people: usize) {
    let mut world = World::with(people).await;
    let outbox = world.outbox(TELEGRAM);
    world.enqueue(Purpose::Nudge, 0..people).await;
    let (mut random, mut written) = (fastrand::Rng::with_seed(7), Vec::new());
    let mut writes_at = world.clock.now();
    let begun = world.clock.now();
    loop {
        if world.clock.now() >= writes_at {
            // Mostly one at a time, now and then twenty people at once. Some of them have not got their check-in yet, which goes first:
            // forty messages are what the platform takes in a second, with what is kept for answers.
            let crowd = if random.u8(..50) == 0 { 20 } else { 1 };
            let who: Vec<usize> = (0..crowd).map(|_| random.usize(..people)).collect();
            written.extend(who.iter().map(|person| (person.to_string(), world.clock.now())));
            world.enqueue(Purpose::Reply, who).await;
            writes_at = world.clock.now() + SignedDuration::from_millis(random.i64(200..1500));
        }
        outbox.deliver_once().await.unwrap();
        if world.platform.sent(Purpose::Nudge) == people {
            break;
        }
        world.clock.set(outbox.next_look().await.min(writes_at));
    }
    let took = world.clock.now().duration_since(begun).as_secs_f64();
    let first = world.platform.take();
    assert_eq!(first.violations, 0);
    let rate = people as f64 / took;
    assert!((19.5..20.1).contains(&rate), "{rate} a second");
    let waits = waits(&first, &written);
    let p99 = waits[waits.len() * 99 / 100];
    println!(
        "{people} people in {took} s; {} answers, 99 of 100 within {p99} ms, all within {:?}",
        waits.len(),
        waits.last()
    );
    assert!(waits.len() == written.len() && p99 < 1_000, "{} answers, 99 of 100 within {p99} ms", waits.len());

    // The next evening, as fast as it goes: only the order counts.
    world.clock.set(begun + 24.hours());
    world.enqueue(Purpose::Nudge, 0..people).await;
    let calm = Arc::new(Calm::default());
    let platform: Arc<dyn Deliver> = calm.clone();
    let outbox = Outbox::new(world.store.clone(), world.clock.clone(), Arc::new(Notify::new()), [platform]);
    outbox.deliver_once().await.unwrap();
    let second = calm.0.lock().unwrap();
    let last: HashSet<&str> = order(&first)[people * 9 / 10..].iter().copied().collect();
    let last_again = second[people * 9 / 10..].iter().filter(|account| last.contains(account.as_str())).count();
    let share = last_again * 100 / last.len();
    println!("{share} % of the last tenth are the last tenth on the next evening");
    assert!((5..=16).contains(&share), "{share} % of the last tenth are the last tenth again");
}

/// How long each answer took, in milliseconds, the fastest first.
fn waits(seen: &Seen, written: &[(String, Timestamp)]) -> Vec<i64> {
    let mut answers: HashMap<&str, Vec<Timestamp>> = HashMap::new();
    for (account, _, at) in seen.sent.iter().filter(|(_, purpose, _)| *purpose == Purpose::Reply) {
        answers.entry(account).or_default().push(*at);
    }
    let mut waits: Vec<i64> = written
        .iter()
        .filter_map(|(account, at)| {
            let answered = answers.get_mut(account.as_str())?;
            (!answered.is_empty()).then(|| answered.remove(0).duration_since(*at).as_millis() as i64)
        })
        .collect();
    waits.sort_unstable();
    waits
}

/// Takes everything.
#[derive(Default)]
struct Calm(Mutex<Vec<String>>);

impl Deliver for Calm {
    fn platform(&self) -> Platform {
        Platform::Telegram
    }

    fn deliver<'a>(&'a self, outgoing: &'a Outgoing) -> BoxFuture<'a, Result<Sent, SendError>> {
        self.0.lock().unwrap().push(outgoing.account.clone());
        Box::pin(async { Ok(Sent::default()) })
    }
}

#[tokio::test]
async fn one_chat_gets_no_more_than_its_share_and_holds_up_nobody() {
    let mut world = World::with(3).await;
    let outbox = world.outbox(TELEGRAM);
    world.enqueue(Purpose::Reply, [0; 10]).await;
    world.enqueue(Purpose::Reply, [1, 2]).await;
    let begun = world.clock.now();
    loop {
        outbox.deliver_once().await.unwrap();
        if world.platform.seen.lock().unwrap().sent.len() == 12 {
            break;
        }
        world.clock.set(outbox.next_look().await);
    }
    let seen = world.platform.take();
    assert_eq!(seen.violations, 0);
    let when: Vec<(&str, i64)> =
        seen.sent.iter().map(|(account, _, at)| (account.as_str(), at.duration_since(begun).as_secs())).collect();
    let others: Vec<i64> = when.iter().filter(|(account, _)| *account != "0").map(|(_, second)| *second).collect();
    let own: Vec<i64> = when.iter().filter(|(account, _)| *account == "0").map(|(_, second)| *second).collect();
    assert_eq!(others, [0, 0]);
    assert_eq!(own, [0, 0, 0, 1, 2, 3, 4, 5, 6, 7]);
}

#[tokio::test]
async fn too_fast_lets_everything_rest_that_nobody_waits_for() {
    let mut world = World::with(200).await;
    let outbox = world.outbox(Limits { total: Some(45), bulk: Some(40), ..TELEGRAM });
    let begun = world.clock.now();
    world.enqueue(Purpose::Nudge, 0..199).await;
    let mut answered = None;
    while world.platform.seen.lock().unwrap().sent.len() < 200 {
        outbox.deliver_once().await.unwrap();
        if answered.is_none() && world.platform.seen.lock().unwrap().violations > 0 {
            let before = world.platform.seen.lock().unwrap().sent.len();
            world.clock.advance(Duration::from_secs(1));
            world.enqueue(Purpose::Reply, [199]).await;
            outbox.deliver_once().await.unwrap();
            answered = Some(world.platform.seen.lock().unwrap().sent.len() - before);
        }
        world.clock.set(outbox.next_look().await);
    }
    assert_eq!(answered, Some(1), "the answer and nothing else");
    let seen = world.platform.take();
    assert!((1..=12).contains(&seen.violations), "it slows down: {} refusals", seen.violations);
    let took = seen.sent.last().unwrap().2.duration_since(begun).as_secs();
    assert!((9..60).contains(&took), "{took} s");
}
