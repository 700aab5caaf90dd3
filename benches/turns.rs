//! How many turns a second go through the one door, everything durable, on one SQLite file: a thousand people are welcomed.
//!
//! The baseline in the same run is the least that a durable answer can cost: one row and one commit to the same kind of file.
//! `cargo bench --bench turns -- DIR` keeps the database of a thousand people in DIR, to look at an idle program on it.
//! Figures depend on the machine's disk; the ratio does less.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use goldseam::clock::Clock;
use goldseam::prompts;
use goldseam::store::Store;
use goldseam::turn::Door;
use goldseam::types::{Inbound, Input, Place, PlaceKind, Platform, Private};
use goldseam::vault::Vault;

/// As the program itself.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const PEOPLE: usize = 1_000;
const WORDS: [&str; 9] =
    ["/start", "18 or older", "Agree", "I don't know yet", "Ana", "Vienna", "Yes", "Evening, 18:30", "Not yet"];

fn main() {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    runtime.block_on(run(std::env::args().skip(1).find(|argument| !argument.starts_with("--")).map(PathBuf::from)));
}

async fn run(keep: Option<PathBuf>) {
    let temporary = tempfile::tempdir().expect("a folder");
    let folder = keep.clone().unwrap_or_else(|| temporary.path().join("turns"));
    std::fs::create_dir_all(&folder).expect("a folder");
    let turns = PEOPLE * WORDS.len();
    let ours = turns_through_the_door(&folder).await;
    let bare = bare_commits(&temporary.path().join("bare.db"), turns).await;
    println!("{turns} turns of {PEOPLE} people");
    println!("through the door: {:>8.0} turns/s  {:>7.0} us a turn", rate(turns, ours), micros(turns, ours));
    println!("a bare commit:    {:>8.0} rows/s   {:>7.0} us a row", rate(turns, bare), micros(turns, bare));
    println!("ratio: a turn costs {:.1} bare commits", ours.as_secs_f64() / bare.as_secs_f64());
    if let Some(folder) = keep {
        println!("the database is in {}", folder.display());
    }
}

#[expect(clippy::cast_precision_loss, reason = "for printing")]
fn rate(count: usize, took: Duration) -> f64 {
    count as f64 / took.as_secs_f64()
}

fn micros(count: usize, took: Duration) -> f64 {
    1e6 / rate(count, took)
}

#[expect(clippy::disallowed_methods, reason = "a benchmark takes the time")]
async fn turns_through_the_door(folder: &Path) -> Duration {
    let clock = Clock::steered("2026-11-22T10:00:00Z".parse().expect("a time"));
    let store = Store::open(folder, Vault).await.expect("a database");
    let (library, _) = prompts::load(None).expect("sound scripts");
    let door = Door::new(store.clone(), library, clock);
    let begun = Instant::now();
    for (step, words) in WORDS.iter().enumerate() {
        for person in 0..PEOPLE {
            door.take(&inbound(person, step, words)).await.expect("a turn");
        }
    }
    let took = begun.elapsed();
    store.close().await;
    took
}

fn inbound(person: usize, step: usize, words: &str) -> Inbound {
    let input = match words.strip_prefix('/') {
        Some(name) => Input::Command { name: name.to_owned(), rest: Private::default() },
        None => Input::Text(Private::new(words)),
    };
    Inbound {
        platform: Platform::Telegram,
        event: format!("{person}-{step}"),
        account: person.to_string(),
        place: Place { id: person.to_string(), kind: PlaceKind::Private },
        input,
        reply: None,
        language: None,
    }
}

#[expect(clippy::disallowed_methods, reason = "a benchmark takes the time")]
async fn bare_commits(file: &Path, count: usize) -> Duration {
    sqlx::any::install_default_drivers();
    let pool = sqlx::any::AnyPoolOptions::new()
        .max_connections(1)
        .test_before_acquire(false)
        .connect(&format!("sqlite://{}?mode=rwc", file.display()))
        .await
        .expect("a database");
    for pragma in [
        "pragma journal_mode = wal",
        "pragma synchronous = full",
        "create table row (id integer primary key, body blob)",
    ] {
        sqlx::query(pragma).execute(&pool).await.expect("a table");
    }
    let begun = Instant::now();
    for _ in 0..count {
        sqlx::query("insert into row (body) values ($1)").bind(&[0_u8; 400][..]).execute(&pool).await.expect("a row");
    }
    begun.elapsed()
}
