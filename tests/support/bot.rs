//! The whole program in this process: a real database, the real engine and scripts, a steered clock, and the fake platforms. It is
//! driven in a person's actions, and its workers are stepped by hand.
//!
//! ```ignore
//! let bot = BotTester::on(On::Telegram).await;
//! let ana = bot.person(42);
//! ana.says("/start").await;
//! ana.presses("18 or older").await;
//! ana.heard("If you agree");
//! bot.passes("24h").await;
//! bot.restarts().await;
//! ```

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use goldseam::clock::Clock;
use goldseam::outbox::{BoxFuture, Deliver, Outbox, Outgoing, SendError, Sent};
use goldseam::platform::console::{self, Look, Screen};
use goldseam::platform::discord::{self, SlashCommand};
use goldseam::platform::inbox::{Inbox, RawEvent};
use goldseam::platform::{Endpoint, Network, telegram};
use goldseam::reminders::Reminders;
use goldseam::script::Library;
use goldseam::store::Store;
use goldseam::turn::{self, Door};
use goldseam::types::{Input, Platform, Private};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::database::Database;
use super::fake_discord::{self, FakeDiscord};
use super::fake_telegram::{self, FakeTelegram};

/// How long something may take that comes by itself.
const PATIENCE: Duration = Duration::from_secs(20);

/// Where a story happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum On {
    Telegram,
    Discord,
    Console,
}

/// A message as a person sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    pub text: String,
    pub labels: Vec<String>,
}

/// The program, and the world around it that survives its end.
pub struct BotTester {
    pub on: On,
    pub telegram: FakeTelegram,
    pub discord: FakeDiscord,
    pub clock: Clock,
    database: Database,
    alive: tokio::sync::Mutex<Option<Alive>>,
    screens: Arc<Mutex<HashMap<u64, OneScreen>>>,
    world: Mutex<World>,
}

/// What is remembered for telling what happened.
#[derive(Default)]
struct World {
    marks: BTreeMap<u64, usize>,
    log: String,
    told: BTreeMap<u64, usize>,
    people: BTreeSet<u64>,
    events: u64,
    presses: usize,
    restless: bool,
}

/// Everything that is in memory while the program runs.
struct Alive {
    door: Door,
    inbox: turn::Inbox,
    reminders: Reminders,
    outbox: Outbox,
    counted: Arc<Counted>,
    telegram: Option<telegram::Listener>,
    discord: Option<JoinHandle<anyhow::Result<()>>>,
}

/// A terminal of one person.
#[derive(Clone)]
struct OneScreen {
    screen: Screen,
    shown: Arc<Mutex<Vec<Seen>>>,
}

/// Somebody's hands and eyes.
#[derive(Clone, Copy)]
pub struct Person<'b> {
    bot: &'b BotTester,
    pub id: u64,
}

pub fn shipped() -> Library {
    static LIBRARY: OnceLock<Library> = OnceLock::new();
    let load = || goldseam::prompts::load(None).unwrap_or_else(|error| panic!("{error}")).0;
    LIBRARY.get_or_init(load).clone()
}

impl BotTester {
    /// The program on one platform, on Monday 2 March 2026, 20:30 UTC.
    pub async fn on(on: On) -> Self {
        let discord = FakeDiscord::start().await;
        // Debug builds of the fake check each body for a while; that is not what is tested here.
        discord.answer_limit(PATIENCE);
        let bot = Self {
            on,
            telegram: FakeTelegram::start().await,
            discord,
            clock: Clock::steered("2026-03-02T20:30:00Z".parse().unwrap()),
            database: Database::new().await,
            alive: tokio::sync::Mutex::new(None),
            screens: Arc::default(),
            world: Mutex::default(),
        };
        bot.starts().await;
        bot
    }

    pub fn person(&self, id: u64) -> Person<'_> {
        self.world().people.insert(id);
        Person { bot: self, id }
    }

    /// From now on the program restarts before every action.
    pub fn restarts_all_the_time(&self) {
        self.world().restless = true;
    }

    /// Drops everything in memory, and starts again from the database.
    pub async fn restarts(&self) {
        self.dies().await;
        self.starts().await;
        self.note("* the program restarts");
    }

    async fn dies(&self) {
        let Some(alive) = self.alive.lock().await.take() else { return };
        if let Some(listener) = alive.discord {
            listener.abort();
            let _ = listener.await;
        }
    }

    async fn starts(&self) {
        let store = self.database.open().await;
        let door = Door::new(store.clone(), shipped(), self.clock.clone());
        let inbox = turn::Inbox::new(door.clone())
            .with(Platform::Console, console::decode)
            .with(Platform::Telegram, telegram::decode)
            .with(Platform::Discord, discord::decode);
        let counted = Arc::new(Counted { inbox: inbox.clone(), count: watch::Sender::new(0) });
        let (deliver, telegram, discord) = self.connects(&counted).await;
        let outbox = Outbox::new(store, self.clock.clone(), door.bells().outbox.clone(), [deliver]);
        let reminders = Reminders::new(door.clone());
        let alive = Alive { door, inbox, reminders, outbox, counted, telegram, discord };
        *self.alive.lock().await = Some(alive);
        if self.on == On::Console {
            self.recalls().await;
        }
        self.settles().await;
    }

    /// What `goldseam run` does with the platform's settings.
    async fn connects(
        &self,
        counted: &Arc<Counted>,
    ) -> (Arc<dyn Deliver>, Option<telegram::Listener>, Option<JoinHandle<anyhow::Result<()>>>) {
        let menu = shipped().command_menu();
        match self.on {
            On::Telegram => {
                let api = Endpoint::new(self.telegram.address(), Network::Loopback).unwrap();
                let sender = telegram::Sender::new(&api, fake_telegram::TOKEN.into()).unwrap();
                let listener = telegram::Listener::new(&api, fake_telegram::TOKEN.into(), &menu).unwrap();
                (Arc::new(sender), Some(listener), None)
            }
            On::Discord => {
                let api = Endpoint::new(&self.discord.url, Network::Loopback).unwrap();
                let rest = Arc::new(discord::Rest::new(&api, Network::Loopback, fake_discord::TOKEN.into()).unwrap());
                let interactions = discord::Interactions::default();
                let sender = discord::Sender::new(rest.clone(), interactions.clone());
                let commands = menu
                    .into_iter()
                    .map(|(name, description)| SlashCommand {
                        name,
                        description,
                        descriptions: BTreeMap::new(),
                        takes_text: false,
                    })
                    .collect();
                let settings = discord::Settings {
                    patience: discord::PATIENCE,
                    shard: discord::Shard::WHOLE,
                    test_server: None,
                    commands,
                    form: goldseam::types::FormWords::default().into(),
                    defer_after: PATIENCE,
                };
                let listener = discord::Listener::start(settings, rest, interactions).await.unwrap();
                let before = self.discord.identified();
                let running = tokio::spawn(listener.run(counted.clone(), CancellationToken::new()));
                self.discord.until("the bot identifies", |fake| fake.identified() > before).await;
                self.discord.connected().await;
                (Arc::new(sender), None, Some(running))
            }
            On::Console => {
                // Everybody has a new, empty screen; what stood on the old one stays readable.
                for one in lock(&self.screens).values_mut() {
                    *one = OneScreen::new(one.shown.clone());
                }
                (Arc::new(Screens(self.screens.clone())), None, None)
            }
        }
    }

    /// `goldseam chat` shows the open question when it starts.
    async fn recalls(&self) {
        let people: Vec<u64> = lock(&self.screens).keys().copied().collect();
        for id in people {
            self.puts_line(id, Input::Recall).await;
        }
    }

    /// Time passes; what comes due on the way fires at its own time, in order.
    pub async fn passes(&self, span: &str) {
        let (number, unit) = span.split_at(span.len() - 1);
        let hours = match unit {
            "m" => SignedDuration::from_mins(number.parse().unwrap()),
            "h" => SignedDuration::from_hours(number.parse().unwrap()),
            "d" => SignedDuration::from_hours(24 * number.parse::<i64>().unwrap()),
            _ => panic!("`{span}` is no time"),
        };
        self.goes_to(self.clock.now() + hours).await;
    }

    /// The same up to an instant.
    pub async fn until(&self, instant: &str) {
        self.goes_to(instant.parse().unwrap()).await;
    }

    async fn goes_to(&self, target: Timestamp) {
        self.restless_restart().await;
        self.marks_all();
        while let Some(due) = self.next_due().await.filter(|due| *due <= target) {
            self.clock.set(due);
            self.settles().await;
        }
        self.clock.set(target);
        self.note(&format!("* it is {target}"));
        self.settles().await;
    }

    pub async fn next_due(&self) -> Option<Timestamp> {
        let mut tx = self.store().await.begin().await.unwrap();
        let due = tx.next_due().await.unwrap();
        tx.rollback().await.unwrap();
        due
    }

    /// Asks the database directly: one column of text.
    pub async fn sql(&self, query: &'static str) -> Vec<String> {
        self.database.sql(query).await
    }

    /// All bytes of the database's files, after the program was stopped in good order and started again.
    pub async fn stored_bytes(&self) -> Vec<u8> {
        self.dies().await;
        let log = self.database.folder().join("goldseam.db-wal");
        // The driver closes a connection that was dropped on a thread of its own, and the log goes with the last one.
        for _ in 0..500 {
            if !log.exists() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let files = std::fs::read_dir(self.database.folder()).unwrap();
        let bytes = files.flat_map(|file| std::fs::read(file.unwrap().path()).unwrap_or_default()).collect();
        self.starts().await;
        self.note("* the program restarts");
        bytes
    }

    pub async fn store(&self) -> Store {
        self.alive.lock().await.as_ref().expect("the program runs").door.store().clone()
    }

    /// Steps every worker until nothing is left to do.
    pub async fn settles(&self) {
        let mut alive = self.alive.lock().await;
        let alive = alive.as_mut().expect("the program runs");
        loop {
            let heard = match &mut alive.telegram {
                Some(listener) => listener.poll_once(&*alive.counted, Duration::ZERO).await.unwrap(),
                None => 0,
            };
            let handled = alive.inbox.drain_once().await.unwrap();
            let fired = alive.reminders.fire_once(200).await.unwrap();
            let sent = alive.outbox.deliver_once().await.unwrap();
            if heard + handled + fired + sent == 0 {
                break;
            }
        }
        self.tells();
    }

    /// Waits until the gateway has handed over so many events more.
    async fn arrives(&self, events: u64) {
        let mut count = {
            let alive = self.alive.lock().await;
            alive.as_ref().expect("the program runs").counted.count.subscribe()
        };
        let done = tokio::time::timeout(PATIENCE, count.wait_for(|count| *count >= events)).await;
        assert!(done.is_ok(), "an event never came through the gateway; so far:\n{}", self.told());
    }

    async fn stored(&self) -> u64 {
        *self.alive.lock().await.as_ref().expect("the program runs").counted.count.borrow()
    }

    async fn restless_restart(&self) {
        let restless = self.world().restless;
        if restless {
            self.restarts().await;
        }
    }

    async fn puts_line(&self, id: u64, input: Input) {
        let event = {
            let mut world = self.world();
            world.events += 1;
            console::event(&id.to_string(), &world.events.to_string(), input)
        };
        let raw = Private::new(serde_json::to_string(&event).unwrap());
        let inbox = self.alive.lock().await.as_ref().expect("the program runs").inbox.clone();
        inbox.put(Platform::Console, "console", vec![RawEvent { id: event.event, raw }]).await.unwrap();
    }

    fn marks_all(&self) {
        let people: Vec<u64> = self.world().people.iter().copied().collect();
        for id in people {
            let count = self.person(id).sees().len();
            self.world().marks.insert(id, count);
        }
    }

    fn note(&self, line: &str) {
        writeln!(self.world().log, "{line}").unwrap();
    }

    /// Adds what everybody has received meanwhile to the story told on failure.
    fn tells(&self) {
        let people: Vec<u64> = self.world().people.iter().copied().collect();
        for id in people {
            let seen = self.person(id).sees();
            let mut world = self.world();
            let from = world.told.insert(id, seen.len()).unwrap_or(0);
            for message in seen.iter().skip(from) {
                let text = message.text.replace('\n', "\n      ");
                writeln!(world.log, "{id} < {text} {:?}", message.labels).unwrap();
            }
        }
    }

    /// The whole story so far.
    pub fn told(&self) -> String {
        self.world().log.clone()
    }

    /// Neither platform would have refused anything.
    #[track_caller]
    pub fn broke_no_rule(&self) {
        self.telegram.assert_no_violations();
        self.discord.assert_no_violations();
    }

    fn world(&self) -> MutexGuard<'_, World> {
        lock(&self.world)
    }

    fn screen(&self, id: u64) -> OneScreen {
        lock(&self.screens).entry(id).or_insert_with(|| OneScreen::new(Arc::default())).clone()
    }
}

impl Person<'_> {
    /// Types a message, or uses a command.
    pub async fn says(&self, text: &str) {
        self.acts(
            &format!("> {text}"),
            || match self.bot.on {
                On::Telegram => {
                    self.on_telegram().says(text);
                }
                On::Discord if is_command(text) => self.on_discord().uses(text),
                On::Discord => self.on_discord().says(text),
                On::Console => {}
            },
            1,
            Some(text),
        )
        .await;
    }

    /// Uses a slash command in a channel of a Discord server.
    pub async fn says_in_the_server(&self, line: &str) {
        self.acts(&format!("> (in the server) {line}"), || self.on_discord().uses_in_server(line), 1, None).await;
    }

    /// Writes in a Telegram group.
    pub async fn says_in_the_group(&self, group: i64, text: &str) {
        self.acts(
            &format!("> (in the group) {text}"),
            || {
                self.on_telegram().says_in(group, text);
            },
            1,
            None,
        )
        .await;
    }

    /// Opens the form that a question for text has in a server, and hands it in.
    pub async fn writes(&self, text: &str) {
        self.begins(&format!("> (form) {text}")).await;
        let before = self.bot.stored().await;
        self.on_discord().writes(text).await;
        self.bot.arrives(before + 1).await;
        self.bot.settles().await;
    }

    /// Presses the newest button with this label.
    pub async fn presses(&self, label: &str) {
        self.presses_times(label, 1).await;
    }

    /// Presses it twice before anything could change.
    pub async fn presses_twice(&self, label: &str) {
        self.presses_times(label, 2).await;
    }

    async fn presses_times(&self, label: &str, times: usize) {
        self.begins(&format!("> [{label}]{}", if times > 1 { " twice" } else { "" })).await;
        let known = self.sees().iter().any(|message| message.labels.iter().any(|own| own == label));
        assert!(known, "there is no button [{label}]:\n{}", self.bot.told());
        let before = self.bot.stored().await;
        for _ in 0..times {
            match self.bot.on {
                On::Telegram => drop(self.on_telegram().presses(label)),
                On::Discord => self.on_discord().presses(label),
                On::Console => {}
            }
        }
        match self.bot.on {
            On::Console => {
                let screen = self.bot.screen(self.id).screen;
                let inputs: Vec<Input> = (0..times).map(|_| screen.read(label)).collect();
                for input in inputs {
                    assert!(matches!(input, Input::Press(_)), "[{label}] is not on the screen:\n{}", self.bot.told());
                    self.bot.puts_line(self.id, input).await;
                }
            }
            On::Discord => self.bot.arrives(before + times as u64).await,
            On::Telegram => {}
        }
        self.bot.settles().await;
        self.is_acknowledged(times).await;
    }

    /// The platform's little clock on the button has stopped.
    async fn is_acknowledged(&self, times: usize) {
        let all = {
            let mut world = self.bot.world();
            world.presses += times;
            world.presses
        };
        match self.bot.on {
            On::Telegram => {
                self.bot.telegram.wait_until("each press is answered", |fake| fake.answered().len() == all).await;
            }
            On::Discord => {
                let updates = |fake: &FakeDiscord| {
                    fake.bodies("/callback").iter().filter(|body| body["type"] == 7 || body["type"] == 6).count()
                };
                self.bot.discord.until("each press is acknowledged", |fake| updates(fake) == all).await;
            }
            On::Console => {}
        }
    }

    /// Does something on a fake platform, and lets the program answer it.
    pub async fn does(&self, what: &str, act: impl FnOnce(&Self), events: u64) {
        self.acts(&format!("* {what}"), || act(self), events, None).await;
    }

    async fn acts(&self, note: &str, act: impl FnOnce(), events: u64, line: Option<&str>) {
        self.begins(note).await;
        let before = self.bot.stored().await;
        act();
        match (self.bot.on, line) {
            (On::Console, Some(line)) => {
                let input = self.bot.screen(self.id).screen.read(line);
                self.bot.puts_line(self.id, input).await;
            }
            (On::Discord, _) => self.bot.arrives(before + events).await,
            _ => {}
        }
        self.bot.settles().await;
    }

    async fn begins(&self, note: &str) {
        if self.bot.on == On::Console {
            self.bot.screen(self.id);
        }
        self.bot.restless_restart().await;
        let count = self.sees().len();
        self.bot.world().marks.insert(self.id, count);
        self.bot.note(&format!("{} {note}", self.id));
    }

    pub fn on_telegram(&self) -> fake_telegram::Person<'_> {
        self.bot.telegram.person(i64::try_from(self.id).unwrap())
    }

    pub fn on_discord(&self) -> fake_discord::Person {
        self.bot.discord.person(self.id)
    }

    /// Everything that stands in their chat, oldest first.
    pub fn sees(&self) -> Vec<Seen> {
        match self.bot.on {
            On::Telegram => {
                let sent = self.bot.telegram.sent_to(i64::try_from(self.id).unwrap()).into_iter();
                let labels =
                    |message: &fake_telegram::SentMessage| message.labels().into_iter().map(str::to_owned).collect();
                sent.map(|message| Seen { labels: labels(&message), text: message.plain }).collect()
            }
            On::Discord => {
                let sent = self.on_discord().sent().into_iter();
                sent.map(|message| Seen { text: unescaped(&message.content), labels: message.buttons }).collect()
            }
            On::Console => lock(&self.bot.screens).get(&self.id).map_or(Vec::new(), |one| lock(&one.shown).clone()),
        }
    }

    /// What came since they last did something, or since time passed.
    pub fn new_messages(&self) -> Vec<Seen> {
        let mark = self.bot.world().marks.get(&self.id).copied().unwrap_or(0);
        self.sees().into_iter().skip(mark).collect()
    }

    /// Since the last action they heard this.
    #[track_caller]
    pub fn heard(&self, words: &str) {
        let found = self.new_messages().iter().any(|message| message.text.contains(words));
        assert!(found, "{} did not hear {words:?} just now:\n{}", self.id, self.bot.told());
    }

    /// Since the last action they heard exactly this, each message by some of its words.
    #[track_caller]
    pub fn heard_only(&self, words: &[&str]) {
        let new = self.new_messages();
        let fits =
            new.len() == words.len() && new.iter().zip(words).all(|(message, words)| message.text.contains(words));
        assert!(fits, "{} did not hear only {words:?} just now:\n{}", self.id, self.bot.told());
    }

    /// Nothing came since the last action.
    #[track_caller]
    pub fn heard_nothing(&self) {
        self.heard_only(&[]);
    }

    /// They never received these words.
    #[track_caller]
    pub fn never_heard(&self, words: &str) {
        let found = self.sees().iter().any(|message| message.text.contains(words));
        assert!(!found, "{} has heard {words:?}:\n{}", self.id, self.bot.told());
    }
}

fn is_command(text: &str) -> bool {
    text.strip_prefix('/').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_alphabetic()))
}

/// Markdown's backslashes, which nobody sees.
fn unescaped(text: &str) -> String {
    let mut plain = String::new();
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match characters.peek() {
            Some(next) if character == '\\' && next.is_ascii_punctuation() => {}
            _ => plain.push(character),
        }
    }
    plain
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The inbox, which counts what it has stored.
struct Counted {
    inbox: turn::Inbox,
    count: watch::Sender<u64>,
}

impl Inbox for Counted {
    fn put<'a>(&'a self, platform: Platform, bot: &'a str, events: Vec<RawEvent>) -> BoxFuture<'a, anyhow::Result<()>> {
        Box::pin(async move {
            let stored = events.len() as u64;
            self.inbox.put(platform, bot, events).await?;
            self.count.send_modify(|count| *count += stored);
            Ok(())
        })
    }
}

impl OneScreen {
    fn new(shown: Arc<Mutex<Vec<Seen>>>) -> Self {
        let print = {
            let shown = shown.clone();
            move |text: String| {
                lock(&shown).push(read(&text));
                Ok(())
            }
        };
        Self { screen: Screen::new(Look::Plain, Box::new(print)), shown }
    }
}

/// A message as the terminal prints it into a pipe.
fn read(block: &str) -> Seen {
    let mut lines: Vec<&str> = block
        .trim_end()
        .lines()
        .map(|line| line.strip_prefix('<').expect("each line begins so").trim_start())
        .collect();
    let choices = lines.last().filter(|line| line.starts_with("[1] ")).copied();
    let mut labels = Vec::new();
    if let Some(choices) = choices {
        lines.pop();
        let mut rest = &choices["[1] ".len()..];
        for number in 2.. {
            let (label, after) = rest.split_once(&format!(" [{number}] ")).unwrap_or((rest, ""));
            labels.push(label.to_owned());
            if after.is_empty() {
                break;
            }
            rest = after;
        }
    }
    Seen { text: lines.join("\n"), labels }
}

/// The terminals of all people, by account.
struct Screens(Arc<Mutex<HashMap<u64, OneScreen>>>);

impl Deliver for Screens {
    fn platform(&self) -> Platform {
        Platform::Console
    }

    fn deliver<'a>(&'a self, outgoing: &'a Outgoing) -> BoxFuture<'a, Result<Sent, SendError>> {
        let account: u64 = outgoing.account.parse().unwrap();
        let screen = lock(&self.0)[&account].screen.clone();
        Box::pin(async move { screen.deliver(outgoing).await })
    }
}
