//! Turns a second through the real program: real HTTP to a Telegram server of this machine, everything durable.
//!
//! Two baselines in the same run, both on teloxide (`benches/baseline`, built on the way): an echo that keeps nothing, and the five
//! questions of a check-in as teloxide's own dialogue with its `SQLite` storage. Each bot is a process of its own, and only its own
//! CPU time is counted. Figures depend on the machine; the ratios do less. `cargo bench --bench telegram -- alone` leaves the baselines
//! out, for whoever looks where the time goes.

use std::collections::{HashMap, VecDeque};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{self, State};
use axum::routing::any;
use serde_json::{Value, json};
use tokio::sync::Notify;

const TOKEN: &str = "123456:TEST-token_of_the_fake_telegram_server";
const WELCOME: [&str; 9] =
    ["/start", "18 or older", "Agree", "I don't know yet", "Ana", "UTC", "Yes", "Evening, 18:30", "Not yet"];
const CHECKIN: [&str; 5] = ["/checkin", "4", "hopeful", "call my sister", "In the evening"];
const TYPED: [&str; 5] = ["hello", "4", "hopeful", "call my sister", "yes"];
/// How many people have a check-in as fast as they are answered.
const CROWD: i64 = 2_000;
/// So many of them talk at the same time.
const AT_ONCE: usize = 100;
/// How many people more begin one every 5 ms, which makes 1,000 messages a second.
const STEADY: i64 = 2_000;
const STEADY_PAUSE: Duration = Duration::from_millis(5);
/// How long a bot may take for all of it.
const PATIENCE: Duration = Duration::from_secs(300);

fn main() {
    let alone = std::env::args().any(|argument| argument == "alone");
    let baseline = if alone { None } else { baseline() };
    if baseline.is_none() && !alone {
        return;
    }
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    runtime.block_on(run(baseline.as_deref()));
}

async fn run(baseline: Option<&Path>) {
    let folder = tempfile::tempdir().expect("a folder");
    let port = Port::open().await;
    println!("{CROWD} people have a check-in of {} messages, {AT_ONCE} of them at once", CHECKIN.len());
    let others = match baseline {
        Some(baseline) => Some(others(&port, baseline, &folder.path().join("dialogue.db")).await),
        None => None,
    };
    let mut goldseam = Command::new(env!("CARGO_BIN_EXE_goldseam"));
    goldseam
        .env_clear()
        .arg("run")
        .current_dir(folder.path())
        .env("GOLDSEAM_DATA_DIR", "data")
        .envs(["TELEGRAM", "TELEGRAM_BULK", "CHAT"].map(|limit| (format!("GOLDSEAM_PACE__{limit}"), "0")))
        .env("GOLDSEAM_TELEGRAM__TOKEN", TOKEN)
        .env("GOLDSEAM_TELEGRAM__API_URL", &port.address);
    let ours = measure(&port, "goldseam", &CHECKIN, &mut goldseam).await;
    let Some((echo, dialogue)) = others else { return };
    println!(
        "  turns a second: {:.1} times the dialogue, {:.2} times the echo",
        ours.rate / dialogue.rate,
        ours.rate / echo.rate
    );
    println!(
        "  CPU of a turn:  {:.2} times the dialogue, {:.1} times the echo",
        ours.cpu / dialogue.cpu,
        ours.cpu / echo.cpu
    );
}

/// What the echo and the dialogue take.
async fn others(port: &Port, baseline: &Path, file: &Path) -> (Figures, Figures) {
    let mut echo = Command::new(baseline);
    let echo = measure(port, "teloxide, an echo that keeps nothing", &TYPED, echo.arg("echo")).await;
    let mut dialogue = Command::new(baseline);
    dialogue.arg("dialogue").arg(write_ahead(file).await);
    let dialogue = measure(port, "teloxide's dialogue, SQLite in WAL mode", &TYPED, &mut dialogue).await;
    (echo, dialogue)
}

/// What a bot took.
struct Figures {
    /// Turns a second.
    rate: f64,
    /// Seconds of CPU for 1,000 turns.
    cpu: f64,
}

#[expect(clippy::disallowed_methods, reason = "a benchmark takes the time")]
async fn measure(port: &Port, name: &str, talk: &'static [&'static str], bot: &mut Command) -> Figures {
    let is_ours = name == "goldseam";
    let mut bot = Bot::start(bot, port);
    let everybody = 1..=CROWD + STEADY;
    // Everybody is known before it counts.
    port.talk(everybody.clone(), if is_ours { &WELCOME } else { &talk[..1] }, AT_ONCE, None).await;
    if !is_ours {
        port.talk(everybody, &talk[1..], AT_ONCE, None).await;
    }
    println!("  {name}");
    let (begun, cpu) = (Instant::now(), bot.cpu());
    let mut waits = port.talk(1..=CROWD, talk, AT_ONCE, None).await;
    let (took, cpu) = (begun.elapsed().as_secs_f64(), bot.cpu() - cpu);
    waits.sort_unstable();
    let turns = waits.len();
    let at = |part: usize| waits[turns * part / 100].as_secs_f64() * 1e3;
    let thousands = f64::from(u32::try_from(turns).expect("not that many")) / 1e3;
    let figures = Figures { rate: thousands * 1e3 / took, cpu: cpu / thousands };
    println!(
        "    full load   {:>7.0} turns/s   {:>6.3} s of CPU for 1,000   first word after {:.1} ms (median), {:.1} ms (99 %)",
        figures.rate,
        figures.cpu,
        at(50),
        at(99)
    );
    let (begun, cpu) = (Instant::now(), bot.cpu());
    let mut waits = port.talk(CROWD + 1..=CROWD + STEADY, talk, usize::MAX, Some(STEADY_PAUSE)).await;
    let (took, cpu) = (begun.elapsed().as_secs_f64(), bot.cpu() - cpu);
    waits.sort_unstable();
    let turns = waits.len();
    let at = |part: usize| waits[turns * part / 100].as_secs_f64() * 1e3;
    println!(
        "    steady      {:>7.0} turns/s   {:>5.1} % of one core         first word after {:.1} ms (median), {:.1} ms (99 %)",
        f64::from(u32::try_from(turns).expect("not that many")) / took,
        100.0 * cpu / took,
        at(50),
        at(99)
    );
    println!("    resident    {:>7.1} MiB", bot.resident());
    bot.child.kill().expect("it runs");
    bot.child.wait().expect("it ends");
    figures
}

/// A bot that is a process of its own.
struct Bot {
    child: Child,
}

impl Bot {
    fn start(command: &mut Command, port: &Port) -> Self {
        let command = command.env("API_URL", &port.address).env("TELOXIDE_TOKEN", TOKEN);
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        Self { child: child.expect("the bot starts") }
    }

    /// What it has used of the processors, in seconds.
    fn cpu(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap_or_default();
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or("").split_whitespace().collect();
        let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<f64>().ok()).unwrap_or(0.0);
        (ticks(11) + ticks(12)) / 100.0
    }

    fn resident(&mut self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or("0");
        line.split_whitespace().next().and_then(|kib| kib.parse::<f64>().ok()).unwrap_or(0.0) / 1_024.0
    }
}

/// Builds the other bots.
#[expect(clippy::disallowed_methods, reason = "where they are built, no setting of the program")]
fn baseline() -> Option<PathBuf> {
    let package = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/baseline");
    let target = std::env::var_os("GOLDSEAM_BASELINE_TARGET").map_or_else(|| package.join("target"), PathBuf::from);
    let mut build = Command::new(env!("CARGO"));
    build.args(["build", "--release", "--locked", "--manifest-path"]).arg(package.join("Cargo.toml"));
    let built = build.arg("--target-dir").arg(&target).status();
    match built {
        Ok(status) if status.success() => Some(target.join("release/baseline")),
        _ => {
            println!("the bots to compare with cannot be built (benches/baseline)");
            None
        }
    }
}

/// An empty database that teloxide's storage will use in WAL mode, and its address.
async fn write_ahead(file: &Path) -> String {
    sqlx::any::install_default_drivers();
    let address = format!("sqlite://{}?mode=rwc", file.display());
    let pool = sqlx::AnyPool::connect(&address).await.expect("a database");
    sqlx::query("pragma journal_mode = wal").execute(&pool).await.expect("done");
    pool.close().await;
    file.display().to_string()
}

// ---- Telegram, as far as it is needed: it answers at once and limits nothing ----

struct Port {
    address: String,
    town: Arc<Town>,
}

#[derive(Default)]
struct Town {
    chats: Mutex<Chats>,
    news: Notify,
    quiet: Notify,
}

#[derive(Default)]
struct Chats {
    last_update: i64,
    updates: VecDeque<(i64, i64, Value)>,
    talk: &'static [&'static str],
    /// Who talks: what they say next, and when their last words were handed over.
    talking: HashMap<i64, (usize, Option<Instant>)>,
    /// Who has not begun.
    later: VecDeque<i64>,
    keeps_pace: bool,
    waits: Vec<Duration>,
    messages: i64,
}

impl Port {
    async fn open() -> Self {
        let town = Arc::<Town>::default();
        let router = Router::new().route("/{bot}/{method}", any(call)).with_state(town.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, town }
    }

    /// These people say all of this, each as soon as they are answered. Gives back how long each first word took.
    async fn talk(
        &self,
        people: std::ops::RangeInclusive<i64>,
        talk: &'static [&'static str],
        at_once: usize,
        pause: Option<Duration>,
    ) -> Vec<Duration> {
        {
            let mut chats = self.town.chats.lock().expect("sound");
            (chats.talk, chats.later, chats.keeps_pace) = (talk, people.collect(), pause.is_some());
            chats.waits.clear();
            if pause.is_none() {
                (0..at_once).for_each(|_| chats.begin_next());
            }
        }
        self.town.news.notify_one();
        if let Some(pause) = pause {
            let mut pace = tokio::time::interval(pause);
            loop {
                pace.tick().await;
                let mut chats = self.town.chats.lock().expect("sound");
                chats.begin_next();
                self.town.news.notify_one();
                if chats.later.is_empty() {
                    break;
                }
            }
        }
        let done = async {
            loop {
                let quiet = self.town.quiet.notified();
                if self.town.chats.lock().expect("sound").talking.is_empty() {
                    return;
                }
                quiet.await;
            }
        };
        tokio::time::timeout(PATIENCE, done).await.expect("everybody is answered in time");
        std::mem::take(&mut self.town.chats.lock().expect("sound").waits)
    }
}

impl Chats {
    fn begin_next(&mut self) {
        if let Some(person) = self.later.pop_front() {
            self.say(person, 0);
        }
    }

    fn say(&mut self, person: i64, number: usize) {
        self.last_update += 1;
        let (id, text) = (self.last_update, self.talk[number]);
        let mut message = json!({
            "message_id": id, "date": 1_772_000_000, "text": text,
            "from": { "id": person, "is_bot": false, "first_name": "P" },
            "chat": { "id": person, "type": "private", "first_name": "P" },
        });
        if text.starts_with('/') {
            message["entities"] = json!([{ "type": "bot_command", "offset": 0, "length": text.len() }]);
        }
        self.updates.push_back((id, person, json!({ "update_id": id, "message": message })));
        self.talking.insert(person, (number + 1, None));
    }

    /// The bot wrote to somebody. True when that leaves nobody talking.
    fn hears(&mut self, person: i64) -> bool {
        let Some((next, handed)) = self.talking.get(&person).copied() else { return false };
        // The second message of an answer.
        let Some(handed) = handed else { return false };
        self.waits.push(handed.elapsed());
        if next < self.talk.len() {
            self.say(person, next);
        } else {
            self.talking.remove(&person);
            if !self.keeps_pace {
                self.begin_next();
            }
        }
        self.talking.is_empty() && self.later.is_empty()
    }

    /// Forgets what was confirmed, and hands over what there is.
    #[expect(clippy::disallowed_methods, reason = "a benchmark takes the time")]
    fn hand_over(&mut self, offset: i64) -> Vec<Value> {
        while self.updates.front().is_some_and(|(id, ..)| *id < offset) {
            self.updates.pop_front();
        }
        let now = Instant::now();
        let mut batch = Vec::new();
        for (_, person, update) in self.updates.iter().take(100) {
            if let Some((_, handed @ None)) = self.talking.get_mut(person) {
                *handed = Some(now);
            }
            batch.push(update.clone());
        }
        batch
    }
}

async fn call(
    State(town): State<Arc<Town>>,
    extract::Path((_, method)): extract::Path<(String, String)>,
    body: axum::body::Bytes,
) -> axum::Json<Value> {
    let asked: Value = serde_json::from_slice(&body).unwrap_or_default();
    let result = match method.to_lowercase().as_str() {
        "getme" => json!({
            "id": 123_456, "is_bot": true, "first_name": "G", "username": "GoldseamBot", "can_join_groups": true,
            "can_read_all_group_messages": false, "supports_inline_queries": false, "has_main_web_app": false,
            "can_connect_to_business": false,
        }),
        "getwebhookinfo" => json!({ "url": "", "has_custom_certificate": false, "pending_update_count": 0 }),
        "getupdates" => {
            let offset = asked["offset"].as_i64().unwrap_or(0);
            let patience = Duration::from_secs(asked["timeout"].as_u64().unwrap_or(0));
            let updates = async {
                loop {
                    let news = town.news.notified();
                    let updates = town.chats.lock().expect("sound").hand_over(offset);
                    if !updates.is_empty() {
                        return updates;
                    }
                    news.await;
                }
            };
            json!(tokio::time::timeout(patience, updates).await.unwrap_or_default())
        }
        "sendmessage" => {
            let chat = asked["chat_id"].as_i64().or_else(|| asked["chat_id"].as_str()?.parse().ok()).unwrap_or(0);
            let mut chats = town.chats.lock().expect("sound");
            chats.messages += 1;
            let id = chats.messages;
            if chats.hears(chat) {
                town.quiet.notify_waiters();
                town.quiet.notify_one();
            }
            town.news.notify_one();
            json!({
                "message_id": id, "date": 1_772_000_000, "text": "said",
                "chat": { "id": chat, "type": "private", "first_name": "P" },
                "from": { "id": 123_456, "is_bot": true, "first_name": "G" },
            })
        }
        _ => json!(true),
    };
    axum::Json(json!({ "ok": true, "result": result }))
}
