//! How many turns a second, everything durable: a thousand people are welcomed, and then all their check-ins come due at once. On one
//! `SQLite` file, and on a `PostgreSQL` of this machine where one is installed.
//!
//! The baseline in the same run is the least that a durable answer can cost: one row and one commit to the same kind of file.
//! `cargo bench --bench turns -- DIR` keeps the file of a thousand people in DIR, to look at an idle program on it. Figures depend on
//! the machine's disk; the ratio does less.

#[path = "../tests/support/postgres.rs"]
#[allow(dead_code, unreachable_pub, reason = "the tests use more of it")]
mod postgres;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use goldseam::clock::Clock;
use goldseam::platform::inbox::{Inbox as _, RawEvent};
use goldseam::prompts;
use goldseam::reminders::Reminders;
use goldseam::store::{DATABASE_FILE, Location, Server, Store};
use goldseam::turn::{Door, Inbox};
use goldseam::types::{Inbound, Input, Place, PlaceKind, Platform, Private};
use goldseam::vault::Vault;
use jiff::{SignedDuration, Timestamp};

/// As the program itself.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const PEOPLE: usize = 1_000;
/// How often their check-ins come due.
const EVENINGS: i64 = 15;
/// How many updates a platform hands over at once.
const HANDED_OVER: usize = 100;
const WORDS: [&str; 9] =
    ["/start", "18 or older", "Agree", "I don't know yet", "Ana", "UTC", "Yes", "Evening, 18:30", "Not yet"];
/// A check-in that somebody asks for.
const CHECKIN: [&str; 5] = ["/checkin", "4", "hopeful", "call my sister", "In the evening"];

fn main() {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    runtime.block_on(run(std::env::args().skip(1).find(|argument| !argument.starts_with("--")).map(PathBuf::from)));
}

async fn run(keep: Option<PathBuf>) {
    let temporary = tempfile::tempdir().expect("a folder");
    let folder = keep.clone().unwrap_or_else(|| temporary.path().join("turns"));
    std::fs::create_dir_all(&folder).expect("a folder");
    let bare = bare_commits(&temporary.path().join("bare.db"), PEOPLE).await;
    println!("{PEOPLE} people are welcomed in {} messages each, and checked in on the same evening", WORDS.len());
    println!("  a bare commit           {:>8.0} /s   {:>7.0} us each", rate(PEOPLE, bare), micros(PEOPLE, bare));
    let store = Store::open(&folder, Vault).await.expect("a database");
    let file = folder.join(DATABASE_FILE);
    measure("SQLite", &store, &format!("sqlite://{}", file.display()), bare).await;
    tick(&store, &file).await;
    store.close().await;
    if let Some(server) = postgres::Server::start(postgres::Fsync::On) {
        let url = server.database().await;
        let server = Server::new(url.clone().into(), 8);
        let store = Store::open_at(&Location::Server(server), Vault).await.expect("a database");
        measure("PostgreSQL", &store, &url, bare).await;
        store.close().await;
    }
    if let Some(folder) = keep {
        println!("the database is in {}", folder.display());
    }
}

#[expect(clippy::disallowed_methods, reason = "a benchmark takes the time")]
async fn measure(name: &str, store: &Store, address: &str, bare: Duration) {
    let clock = Clock::steered("2026-11-22T10:00:00Z".parse().expect("a time"));
    let (library, _) = prompts::load(None).expect("sound scripts");
    let door = Door::new(store.clone(), library, clock.clone());
    let inbox = Inbox::new(door.clone()).with(Platform::Telegram, decode);
    for (what, talk) in [("messages of a welcome", &WORDS[..]), ("messages of a check-in", &CHECKIN)] {
        let (begun, cpu) = (Instant::now(), cpu_time());
        for words in talk {
            for people in (0..PEOPLE).collect::<Vec<_>>().chunks(HANDED_OVER) {
                let events = people.iter().map(|person| raw(*person, words)).collect();
                inbox.put(Platform::Telegram, "bench", events).await.expect("kept");
                inbox.drain_once().await.expect("turns");
            }
        }
        report(name, what, PEOPLE * talk.len(), begun.elapsed(), cpu_time() - cpu, bare);
    }
    let reminders = Reminders::new(door);
    let pool = sqlx::AnyPool::connect(address).await.expect("the database");
    let mut times = Vec::new();
    for evening in 0..EVENINGS {
        let first: Timestamp = "2026-11-22T18:30:00Z".parse().expect("a time");
        clock.set(first + SignedDuration::from_hours(24 * evening));
        let (begun, cpu) = (Instant::now(), cpu_time());
        let fired = reminders.fire_once(i64::MAX).await.expect("turns");
        assert_eq!(fired, PEOPLE, "everybody has a check-in and nothing else");
        times.push((begun.elapsed(), cpu_time() - cpu));
        // Nobody answered, and everything that was said is gone: the next evening is as the first.
        for forget in [
            "delete from states",
            "delete from outbox",
            "delete from promises",
            "delete from checkins",
            "delete from schedules where name <> 'checkin'",
        ] {
            sqlx::query(forget).execute(&pool).await.expect("done");
        }
    }
    pool.close().await;
    times.sort_unstable();
    let (took, cpu) = times[times.len() / 2];
    report(name, "due, claimed and turned", PEOPLE, took, cpu, bare);
}

/// What it costs to look what is due when a million schedules are not.
#[expect(clippy::disallowed_methods, reason = "a benchmark takes the time")]
async fn tick(store: &Store, file: &Path) {
    let pool = sqlx::AnyPool::connect(&format!("sqlite://{}", file.display())).await.expect("the database");
    let many = "with recursive n(i) as (select 1 union all select i + 1 from n where i < 1000000)
        insert into schedules (person_id, name, run, rule, civil, due_at, wake_at)
        select 1 + i % 1000, 'far-' || i, x'00', '{}', '2030-01-01T00:00:00', 1893456000000 + i, 1893456000000 + i from n";
    sqlx::query(many).execute(&pool).await.expect("a million rows");
    pool.close().await;
    let (library, _) = prompts::load(None).expect("sound scripts");
    let clock = Clock::steered("2026-11-22T18:31:00Z".parse().expect("a time"));
    let reminders = Reminders::new(Door::new(store.clone(), library, clock));
    let mut times = Vec::new();
    for _ in 0..200 {
        let begun = Instant::now();
        reminders.fire_once(64).await.expect("a look");
        times.push(begun.elapsed());
    }
    times.sort_unstable();
    println!(
        "  SQLite      a tick over a million future schedules {:>22} us, median of {}",
        times[100].as_micros(),
        times.len()
    );
}

fn report(name: &str, what: &str, turns: usize, took: Duration, cpu: Duration, bare: Duration) {
    let bare = micros(PEOPLE, bare);
    let each = micros(turns, took);
    println!(
        "  {name:<11} {what:<28}{turns:>6} turns {:>8.0} /s {each:>7.0} us each {:>7.0} us of CPU  {:>6.2} bare commits",
        rate(turns, took),
        micros(turns, cpu),
        each / bare
    );
}

/// What this program has used of the processors, `PostgreSQL` itself not counted.
fn cpu_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or("").split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<u64>().ok()).unwrap_or(0);
    Duration::from_millis((ticks(11) + ticks(12)) * 10)
}

fn raw(person: usize, words: &str) -> RawEvent {
    RawEvent { id: format!("{person}-{words}"), raw: Private::new(format!("{person}\t{words}")) }
}

fn decode(raw: &str) -> Option<Inbound> {
    let mut parts = raw.split('\t');
    let (person, words) = (parts.next()?, parts.next()?);
    let input = match words.strip_prefix('/') {
        Some(name) => Input::Command { name: name.to_owned(), rest: Private::default() },
        None => Input::Text(Private::new(words)),
    };
    Some(Inbound {
        platform: Platform::Telegram,
        event: format!("{person}-{words}"),
        account: person.to_owned(),
        place: Place { id: person.to_owned(), kind: PlaceKind::Private },
        input,
        reply: None,
        language: None,
    })
}

#[expect(clippy::cast_precision_loss, reason = "for printing")]
fn rate(count: usize, took: Duration) -> f64 {
    count as f64 / took.as_secs_f64().max(1e-9)
}

fn micros(count: usize, took: Duration) -> f64 {
    1e6 / rate(count, took)
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
