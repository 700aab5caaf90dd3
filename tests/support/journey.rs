//! A person's first days, lived with the real program: what is done, what is heard, on which platform.

use std::path::Path;

use super::fake_discord::{self, FakeDiscord};
use super::fake_telegram::{self, FakeTelegram};
use super::program::{PATIENCE, Program, Settings};

pub const ANA: u64 = 42;

/// Stands for where Ana is. Whatever the machine's time is, it is early afternoon for her: nothing is held back for the night,
/// and 21:00 is still to come.
const HER_ZONE: &str = "her zone";

/// One zone for about every two hours.
const ZONES: [&str; 12] = [
    "Pacific/Auckland",
    "Australia/Brisbane",
    "Asia/Singapore",
    "Asia/Dhaka",
    "Asia/Dubai",
    "Europe/Athens",
    "Atlantic/Reykjavik",
    "America/Noronha",
    "America/Puerto_Rico",
    "America/Costa_Rica",
    "America/Los_Angeles",
    "Pacific/Honolulu",
];

fn her_zone() -> &'static str {
    let now = goldseam::clock::Clock::system().now();
    let hour = |zone: &str| now.to_zoned(jiff::tz::TimeZone::get(zone).unwrap()).hour();
    ZONES.into_iter().find(|zone| (12..16).contains(&hour(zone))).expect("somewhere it is afternoon")
}

/// From hello to the first promise: what is done, and some words of the last message that answers it.
pub const STORY: [(&str, &str); 12] = [
    ("/start", "How old are you?"),
    ("[18 or older]", "If you agree"),
    ("[Agree]", "What brings you here?"),
    ("[Trust myself again]", "And a second one"),
    ("[That is it]", "What should I call you?"),
    ("Ana", "Where are you, for the clock?"),
    (HER_ZONE, "So it is"),
    ("[Yes]", "When may I ask how you are"),
    ("[Late, 21:00]", "Trust grows from small things"),
    ("[My own words]", "What is one small thing"),
    ("be better", "How would you know"),
    ("call my sister", "I will ask how you are today at 21:00"),
];

/// The beginnings of all messages of that story, each once.
pub const HEARD: [&str; 20] = [
    "This is Goldseam.",
    "How old are you?",
    "If you agree",
    "What brings you here?",
    "And a second one",
    "What should I call you?",
    "Where are you, for the clock?",
    "So it is",
    "When may I ask how you are",
    "Trust grows from small things",
    "What is one small thing",
    "How would you know",
    "That is your first promise",
    "I will ask how you are today at 21:00",
    "Its time has come:",
    "You said it, and you did it.",
    "How are you right now?",
    "Is there a word for it?",
    "Noted: tired.",
    "One small thing for tomorrow?",
];

/// What the webhook of [`World::Webhook`] asks for.
pub const SECRET: &str = "a-secret_of-the-tests-0123456789";

pub enum World {
    Telegram(FakeTelegram),
    /// The same, but Telegram calls the program, on this port.
    Webhook(FakeTelegram, u16),
    Discord(FakeDiscord),
}

impl World {
    pub async fn telegram() -> Self {
        Self::Telegram(FakeTelegram::start().await)
    }

    pub async fn webhook() -> Self {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        Self::Webhook(FakeTelegram::start().await, port)
    }

    pub async fn discord() -> Self {
        let fake = FakeDiscord::start().await;
        fake.answer_limit(PATIENCE);
        Self::Discord(fake)
    }

    pub fn settings(&self, folder: &Path) -> Settings {
        let settings = Settings::new(folder).with("GOLDSEAM_DATA_DIR", "data");
        match self {
            Self::Telegram(fake) => settings
                .with("GOLDSEAM_TELEGRAM__TOKEN", fake_telegram::TOKEN)
                .with("GOLDSEAM_TELEGRAM__API_URL", fake.address()),
            Self::Webhook(fake, port) => settings
                .with("GOLDSEAM_TELEGRAM__TOKEN", fake_telegram::TOKEN)
                .with("GOLDSEAM_TELEGRAM__API_URL", fake.address())
                .with("GOLDSEAM_TELEGRAM__WEBHOOK_URL", format!("http://127.0.0.1:{port}/goldseam"))
                .with("GOLDSEAM_TELEGRAM__WEBHOOK_LISTEN", format!("127.0.0.1:{port}"))
                .with("GOLDSEAM_TELEGRAM__WEBHOOK_SECRET", SECRET),
            Self::Discord(fake) => settings
                .with("GOLDSEAM_DISCORD__TOKEN", fake_discord::TOKEN)
                .with("GOLDSEAM_DISCORD__API_URL", fake.url.clone()),
        }
    }

    /// Starts the program and waits until it listens.
    pub async fn starts(&self, settings: &Settings) -> Program {
        match self {
            Self::Telegram(fake) => Self::listens(fake, "getUpdates", settings).await,
            Self::Webhook(fake, _) => Self::listens(fake, "setWebhook", settings).await,
            Self::Discord(fake) => {
                let before = fake.identified();
                let program = settings.starts(&["run"]);
                fake.until("the program identifies", |fake| fake.identified() > before).await;
                program
            }
        }
    }

    async fn listens(fake: &FakeTelegram, method: &str, settings: &Settings) -> Program {
        let before = fake.calls(method).len();
        let program = settings.starts(&["run"]);
        let listens = fake.wait(PATIENCE, || (fake.calls(method).len() > before).then_some(())).await;
        assert!(listens.is_some(), "it does not call {method}:\n{}", program.stderr());
        program
    }

    pub fn does(&self, step: &str) {
        let zone = her_zone();
        let step = if step == HER_ZONE { zone } else { step };
        let label = step.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        match (self, label) {
            (Self::Telegram(fake) | Self::Webhook(fake, _), Some(label)) => drop(fake.person(42).presses(label)),
            (Self::Telegram(fake) | Self::Webhook(fake, _), None) => assert!(fake.person(42).says(step) > 0),
            (Self::Discord(fake), Some(label)) => fake.person(ANA).presses(label),
            (Self::Discord(fake), None) if step.starts_with('/') => fake.person(ANA).uses(step),
            (Self::Discord(fake), None) => fake.person(ANA).says(step),
        }
    }

    pub fn sees(&self) -> Vec<String> {
        match self {
            Self::Telegram(fake) | Self::Webhook(fake, _) => {
                fake.sent_to(42).into_iter().map(|message| message.plain).collect()
            }
            Self::Discord(fake) => fake.person(ANA).sent().into_iter().map(|message| message.content).collect(),
        }
    }

    pub fn count(&self, words: &str) -> usize {
        self.sees().iter().filter(|text| text.contains(words)).count()
    }

    /// Waits until these words stand there so many times.
    pub async fn hears(&self, words: &str, times: usize) {
        match self {
            Self::Telegram(fake) | Self::Webhook(fake, _) => {
                let found = fake.wait(PATIENCE, || (self.count(words) >= times).then_some(())).await;
                assert!(found.is_some(), "never heard {words:?}: {:#?}", self.sees());
            }
            Self::Discord(fake) => fake.until(words, |_| self.count(words) >= times).await,
        }
    }

    /// Does something and waits for the answer.
    pub async fn lives(&self, (step, answer): (&str, &str)) {
        let before = self.count(answer);
        self.does(step);
        self.hears(answer, before + 1).await;
    }

    #[track_caller]
    pub fn broke_no_rule(&self) {
        match self {
            Self::Telegram(fake) | Self::Webhook(fake, _) => fake.assert_no_violations(),
            Self::Discord(fake) => fake.assert_no_violations(),
        }
    }
}

/// Every message of the story came, in order; what came twice came at once, and how often that was.
#[track_caller]
pub fn heard_the_story(sees: &[String]) -> usize {
    heard(sees, &HEARD)
}

/// The same up to the end of the first evening's questions.
#[track_caller]
pub fn heard_the_welcome(sees: &[String]) -> usize {
    heard(sees, &HEARD[..14])
}

#[track_caller]
fn heard(sees: &[String], expected: &[&str]) -> usize {
    let mut once = sees.to_vec();
    once.dedup();
    let fits = once.len() == expected.len() && once.iter().zip(expected).all(|(text, words)| text.starts_with(words));
    assert!(fits, "{sees:#?}");
    sees.len() - once.len()
}
