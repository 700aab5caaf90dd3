//! The fault tests F2 and F3: the program dies at each named point on a message's way, again and again in one life story, and is
//! stopped under load. What must hold is what holds after every kill.
//!
//! `GOLDSEAM_CRASH_ROUNDS` makes it longer: that many deaths at each point, on each platform and database; one by default.

mod support;

use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use goldseam::crash::{POINTS, VARIABLE};
use goldseam::types::Platform;
use support::postgres;
use support::program::{PATIENCE, Settings};
use support::town::{Base, Town, Wrong, platform, until};
use tempfile::TempDir;
use tokio::time::Instant;

const STOP: Duration = Duration::from_secs(10);
/// How many texts somebody writes at most before the program dies. Of very many answers that wait for one chat the oldest are left out.
const TEXTS: usize = 4;
/// How long a message that was on its way stays with a program on a server that may only hang.
const LEASE: Duration = Duration::from_secs(60);

#[expect(clippy::disallowed_methods, reason = "a switch of the tests, no setting of the program")]
fn rounds(otherwise: usize) -> usize {
    std::env::var("GOLDSEAM_CRASH_ROUNDS").ok().map_or(otherwise, |rounds| rounds.parse().expect("a number"))
}

/// Two people, of whom the one on this platform writes while the program dies at one point after the other.
async fn dies_at_every_point(base: Base, folder: TempDir, here: Platform) {
    let town = Town::new(2).await;
    let settings = town.settings(folder.path(), &base);
    let program = town.starts(&settings).await;
    town.everybody_starts(&program).await;
    program.terminated(STOP).await;
    let person = town.people().find(|person| platform(*person) == here).unwrap();
    let mut random = Rng::with_seed(7);
    let mut deaths = Vec::new();
    for _ in 0..rounds(1) {
        for point in POINTS {
            let wanted = format!("{point}:{}", random.u32(1..=2));
            dies_at(&town, &settings, person, &wanted).await;
            deaths.push(wanted);
        }
    }
    let program = town.starts(&settings).await;
    town.says(person);
    let said = town.said_by(person);
    let last = format!(": text {said}.");
    assert!(
        until(PATIENCE, || town.sees(person).iter().any(|text| text.ends_with(&last))).await,
        "{}",
        program.stderr()
    );
    // What is repeated comes a little later than the answer to the newest text at most.
    program.terminated(STOP).await;
    let program = town.starts(&settings).await;
    let waits = "select count(*) from outbox where state in ('pending', 'sending')";
    let waited = support::town::until_number(LEASE + PATIENCE, &base, waits, 0).await;
    let (_, stderr) = program.terminated(STOP).await;
    assert!(waited, "{stderr}");
    let at_sends = deaths.iter().filter(|point| !point.contains("inbox") && !point.contains("receive")).count();
    match here {
        Platform::Telegram => {
            let Wrong { unanswered, odd, copies } = town.wrong(person);
            assert_eq!((unanswered, odd), (0, 0), "{deaths:?}: {:#?}", town.sees(person));
            assert!(copies <= at_sends, "{copies} copies: {:#?}", town.sees(person));
        }
        _ => nothing_stored_is_lost_or_doubled(&town, &base, person).await,
    }
    town.telegram.assert_no_violations();
    town.discord.assert_no_violations();
}

/// Starts the program with a wish to die, and writes until it does.
async fn dies_at(town: &Town, settings: &Settings, person: u64, wanted: &str) {
    let (polled, listened) = (town.telegram.calls("getUpdates").len(), town.discord.identified());
    let mut program = settings.clone().with(VARIABLE, wanted).starts(&["run"]);
    let (mut next, mut left) = (Instant::now(), TEXTS);
    let died = until(PATIENCE * 2, || {
        let hears = match platform(person) {
            Platform::Telegram => town.telegram.calls("getUpdates").len() > polled,
            _ => town.discord.is_heard() && town.discord.identified() > listened,
        };
        if hears && left > 0 && next <= Instant::now() {
            town.says(person);
            (next, left) = (Instant::now() + Duration::from_millis(500), left - 1);
        }
        program.is_over()
    });
    assert!(died.await, "it did not die at {wanted}:\n{}", program.stderr());
}

/// Discord hands an event over once: what was not stored is lost, and the answers tell of the others, in order and once.
async fn nothing_stored_is_lost_or_doubled(town: &Town, base: &Base, person: u64) {
    let answers = town.answers(person);
    let turns: Vec<usize> = answers.iter().map(|(turn, _)| *turn).collect();
    let once_each: Vec<usize> = (1..=turns.len()).collect();
    assert_eq!(turns, once_each, "{:#?}", town.sees(person));
    assert!(answers.is_sorted_by(|one, other| one.1 < other.1), "{:#?}", town.sees(person));
    let stored = base.number("select count(*) from inbox where platform = 'discord' and state = 'done'").await;
    assert_eq!(usize::try_from(stored - 1).unwrap(), turns.len(), "each stored text has its turn, and /start");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn death_at_every_point_loses_nothing_on_telegram_with_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    dies_at_every_point(Base::File(folder.path().join("data")), folder, Platform::Telegram).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn death_at_every_point_loses_and_doubles_nothing_on_discord_with_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    dies_at_every_point(Base::File(folder.path().join("data")), folder, Platform::Discord).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn death_at_every_point_loses_nothing_on_telegram_with_postgres() {
    let Some(server) = postgres::shared() else { return };
    let base = Base::Server(server.database().await);
    dies_at_every_point(base, tempfile::tempdir().unwrap(), Platform::Telegram).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn death_at_every_point_loses_and_doubles_nothing_on_discord_with_postgres() {
    let Some(server) = postgres::shared() else { return };
    let base = Base::Server(server.database().await);
    dies_at_every_point(base, tempfile::tempdir().unwrap(), Platform::Discord).await;
}

/// The program is stopped in order while people write, again and again: nothing is lost, and nothing comes twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stops_under_load_lose_and_double_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let base = Base::File(folder.path().join("data"));
    let town = Arc::new(Town::new(9).await);
    // They write faster than one chat may be written to, and of very many answers that wait for one chat the oldest are left out.
    let settings = town.settings(folder.path(), &base).with("GOLDSEAM_PACE__CHAT", "0");
    let program = town.starts(&settings).await;
    town.everybody_starts(&program).await;
    program.terminated(STOP).await;
    let mut random = Rng::with_seed(3);
    for stop in 0..rounds(1) * 4 {
        let program = town.starts(&settings).await;
        // Telegram keeps what nobody has come for; on Discord it would be gone, so there people fall silent before the stop.
        let talk = town.talk_on_telegram(Duration::from_millis(60));
        tokio::time::sleep(Duration::from_millis(random.u64(100..1_500))).await;
        let (status, stderr) = program.terminated(STOP).await;
        talk.abort();
        assert_eq!(status.code(), Some(0), "stop {stop}: {stderr}");
    }
    let program = town.starts(&settings).await;
    assert!(town.is_answered(PATIENCE).await, "{}", program.stderr());
    program.terminated(STOP).await;
    assert_eq!(town.wrong_on(Platform::Telegram), Wrong::default());
}
