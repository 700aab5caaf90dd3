//! People on both platforms who say numbered texts to the real program, and what must come of it: a text that was lost, handled
//! twice or answered out of order shows in the answers.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use goldseam::store::{DATABASE_FILE, Location, Server};
use goldseam::types::Platform;
use sqlx::{AssertSqlSafe, Connection as _};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use super::fake_discord::{self, FakeDiscord};
use super::fake_telegram::{self, FakeTelegram};
use super::program::{PATIENCE, Program, Settings, copy_prompts};

/// Whoever says /start is counted with: each text is told back with its number. So a text that was lost or handled twice shows.
const COUNTING: &str = r#"
script: welcome
version: 1
title: Counting
about: Tells back what it hears.
language: en
start_with: [/start]
open_to_all: true
vars:
  count: { type: integer, default: "0" }
  line: { type: text, max: 40 }
steps:
  - remember: { consent: true, welcomed: true }
  - say: Hello.
  - id: next
    ask: What next?
    save: line
  - set: { count: count + 1 }
  - say: 'Heard ${ count }: ${ line or "nothing" }.'
  - if: line != "the end"
    goto: next
  - end: done
"#;

/// Where the program keeps its data.
#[derive(Clone, Debug)]
pub enum Base {
    File(PathBuf),
    Server(String),
}

impl Base {
    pub fn location(&self) -> Location {
        match self {
            Self::File(folder) => Location::Folder(folder.clone()),
            Self::Server(url) => Location::Server(Server::new(url.clone().into(), 2)),
        }
    }

    pub fn url(&self) -> String {
        match self {
            Self::File(folder) => format!("sqlite://{}", folder.join(DATABASE_FILE).display()),
            Self::Server(url) => url.clone(),
        }
    }

    /// What a question for one number answers.
    pub async fn number(&self, query: &str) -> i64 {
        self.rows(&format!("select '', ({query})")).await[0].1
    }

    /// Words, and a number beside each.
    pub async fn rows(&self, query: &str) -> Vec<(String, i64)> {
        sqlx::any::install_default_drivers();
        let mut connection = sqlx::AnyConnection::connect(&self.url()).await.unwrap();
        let rows = sqlx::query_as(AssertSqlSafe(query.to_owned())).fetch_all(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        rows
    }
}

/// Which platform somebody is on: odd numbers on Telegram, even ones on Discord.
pub fn platform(person: u64) -> Platform {
    if person % 2 == 1 { Platform::Telegram } else { Platform::Discord }
}

pub struct Town {
    pub telegram: FakeTelegram,
    pub discord: FakeDiscord,
    people: u64,
    said: Mutex<BTreeMap<u64, usize>>,
}

/// What is wrong with what somebody sees.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Wrong {
    /// Texts without an answer.
    pub unanswered: usize,
    /// Answers that tell of a text that was lost, or handled twice, or come out of order.
    pub odd: usize,
    /// Second copies.
    pub copies: usize,
}

impl Town {
    pub async fn new(people: u64) -> Self {
        let discord = FakeDiscord::start().await;
        discord.answer_limit(PATIENCE);
        Self { telegram: FakeTelegram::start().await, discord, people, said: Mutex::default() }
    }

    pub fn settings(&self, folder: &Path, base: &Base) -> Settings {
        let prompts = folder.join("prompts");
        copy_prompts(&prompts);
        fs::remove_dir_all(prompts.join("languages")).unwrap();
        fs::remove_dir_all(prompts.join("chats")).unwrap();
        fs::write(prompts.join("welcome.yaml"), COUNTING.trim_start()).unwrap();
        let settings = Settings::new(folder)
            .with("GOLDSEAM_PROMPTS_DIR", "prompts")
            .with("GOLDSEAM_TELEGRAM__TOKEN", fake_telegram::TOKEN)
            .with("GOLDSEAM_TELEGRAM__API_URL", self.telegram.address())
            .with("GOLDSEAM_DISCORD__TOKEN", fake_discord::TOKEN)
            .with("GOLDSEAM_DISCORD__API_URL", self.discord.url.clone());
        match base {
            Base::File(folder) => settings.with("GOLDSEAM_DATA_DIR", folder.display().to_string()),
            Base::Server(url) => settings.with("GOLDSEAM_STORE__URL", url),
        }
    }

    pub fn people(&self) -> std::ops::RangeInclusive<u64> {
        1..=self.people
    }

    /// Starts the program and waits until it listens to both platforms.
    pub async fn starts(&self, settings: &Settings) -> Program {
        let (polled, listened) = (self.telegram.calls("getUpdates").len(), self.discord.identified());
        let program = settings.starts(&["run"]);
        let polls = || self.telegram.calls("getUpdates").len() > polled;
        let hears = || self.discord.identified() > listened && self.discord.is_heard();
        assert!(until(PATIENCE, || polls() && hears()).await, "it does not listen:\n{}", program.stderr());
        program
    }

    /// Everybody becomes known, and the bot waits for their first text.
    pub async fn everybody_starts(&self, program: &Program) {
        self.people().for_each(|person| self.hands_over(person, "/start"));
        let asked = |person| self.sees(person).last().is_some_and(|text| text == "What next?");
        let all = until(PATIENCE, || self.people().all(asked)).await;
        assert!(all, "not everybody was asked: {:?}\n{}", self.sees(1), program.stderr());
    }

    /// Somebody writes this to the bot.
    pub fn hands_over(&self, person: u64, text: &str) {
        match platform(person) {
            Platform::Telegram => assert!(self.telegram.person(i64::try_from(person).unwrap()).says(text) > 0),
            _ => self.discord.person(person).says(text),
        }
    }

    /// Somebody says their next text.
    pub fn says(&self, person: u64) {
        let number = {
            let mut said = self.said.lock().unwrap();
            let said = said.entry(person).or_default();
            *said += 1;
            *said
        };
        self.hands_over(person, &format!("text {number}"));
    }

    /// All that the bot wrote to somebody.
    pub fn sees(&self, person: u64) -> Vec<String> {
        match platform(person) {
            Platform::Telegram => {
                let chat = self.telegram.sent_to(i64::try_from(person).unwrap());
                chat.into_iter().map(|message| message.plain).collect()
            }
            _ => self.discord.person(person).sent().into_iter().map(|message| message.content).collect(),
        }
    }

    /// Somebody says something, again and again, until the handle is aborted.
    pub fn talk(self: &Arc<Self>, pause: Duration) -> JoinHandle<()> {
        let town = Arc::clone(self);
        tokio::spawn(async move {
            let mut pace = tokio::time::interval(pause);
            loop {
                pace.tick().await;
                let person = fastrand::u64(town.people());
                if platform(person) == Platform::Telegram || town.discord.is_heard() {
                    town.says(person);
                }
            }
        })
    }

    /// The same, with nobody on Discord.
    pub fn talk_on_telegram(self: &Arc<Self>, pause: Duration) -> JoinHandle<()> {
        let town = Arc::clone(self);
        tokio::spawn(async move {
            let mut pace = tokio::time::interval(pause);
            loop {
                pace.tick().await;
                let there: Vec<u64> = town.people().filter(|person| platform(*person) == Platform::Telegram).collect();
                town.says(there[fastrand::usize(..there.len())]);
            }
        })
    }

    /// How many texts somebody has said.
    pub fn said_by(&self, person: u64) -> usize {
        self.said.lock().unwrap().get(&person).copied().unwrap_or_default()
    }

    /// What somebody was told: the number of the turn and of the text in "Heard 3: text 4.", in the order in which it came, with
    /// repetitions.
    pub fn answers(&self, person: u64) -> Vec<(usize, usize)> {
        let told = |text: &String| {
            let (turn, text) = text.strip_prefix("Heard ")?.strip_suffix('.')?.split_once(": text ")?;
            Some((turn.parse().ok()?, text.parse().ok()?))
        };
        self.sees(person).iter().filter_map(told).collect()
    }

    /// Is every text answered, within this time?
    pub async fn is_answered(&self, patience: Duration) -> bool {
        until(patience, || self.people().all(|person| self.wrong(person).unanswered == 0)).await
    }

    /// What is wrong with what somebody sees. Each text is answered with its own number as long as none was lost before it.
    pub fn wrong(&self, person: u64) -> Wrong {
        let said = self.said.lock().unwrap().get(&person).copied().unwrap_or_default();
        wrong(said, &self.sees(person))
    }

    /// What is wrong with what everybody on a platform sees, added up.
    pub fn wrong_on(&self, here: Platform) -> Wrong {
        self.people().filter(|person| platform(*person) == here).map(|person| self.wrong(person)).fold(
            Wrong::default(),
            |all, one| Wrong {
                unanswered: all.unanswered + one.unanswered,
                odd: all.odd + one.odd,
                copies: all.copies + one.copies,
            },
        )
    }
}

/// The answers to texts 1 to `said`, in their order, once each.
fn wrong(said: usize, sees: &[String]) -> Wrong {
    let mut wrong = Wrong::default();
    let mut next = 1;
    let mut seen = BTreeMap::<&str, usize>::new();
    for answer in sees.iter().filter(|text| text.starts_with("Heard ")) {
        let times = seen.entry(answer).or_default();
        *times += 1;
        if *times > 1 {
            wrong.copies += 1;
        } else if *answer == format!("Heard {next}: text {next}.") {
            next += 1;
        } else {
            wrong.odd += 1;
        }
    }
    wrong.unanswered = (said + 1).saturating_sub(next);
    wrong
}

/// Waits until something holds; false when it did not within this time.
pub async fn until(patience: Duration, mut holds: impl FnMut() -> bool) -> bool {
    let since = Instant::now();
    while !holds() {
        if since.elapsed() > patience {
            return false;
        }
        sleep(Duration::from_millis(20)).await;
    }
    true
}

/// The same for what the database says.
pub async fn until_number(patience: Duration, base: &Base, query: &str, wanted: i64) -> bool {
    let since = Instant::now();
    while base.number(query).await != wanted {
        if since.elapsed() > patience {
            return false;
        }
        sleep(Duration::from_millis(100)).await;
    }
    true
}
