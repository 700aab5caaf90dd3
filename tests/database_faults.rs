//! Faults of the database under a program that is talked to (F7, F8, F27): it waits, says nothing wrong, and goes on when the
//! fault is over.
//!
//! `GOLDSEAM_LOCK_SECONDS` makes the lock of another process longer: 8 by default.

mod support;

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use goldseam::store::{DATABASE_FILE, Location, OpenError, Store, back_up};
use goldseam::types::Platform;
use goldseam::vault::Vault;
use sqlx::Connection as _;
use support::postgres::{self, Fsync, Server};
use support::program::{PATIENCE, Program, Settings};
use support::town::{Base, Town, Wrong, until};
use support::wire::Wire;
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

const STOP: Duration = Duration::from_secs(10);
/// How often somebody says something.
const PACE: Duration = Duration::from_millis(150);

/// For how many seconds another process holds the file.
#[expect(clippy::disallowed_methods, reason = "a switch of the tests, no setting of the program")]
fn longest_lock(otherwise: u64) -> u64 {
    std::env::var("GOLDSEAM_LOCK_SECONDS").ok().map_or(otherwise, |seconds| seconds.parse().expect("a number"))
}

/// A program on a database, and people who are known to it.
struct Scene {
    town: Arc<Town>,
    settings: Settings,
    base: Base,
    folder: TempDir,
}

impl Scene {
    async fn in_a_folder() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let base = Base::File(folder.path().join("data"));
        Self::on(base, folder).await
    }

    async fn on(base: Base, folder: TempDir) -> Self {
        let town = Arc::new(Town::new(6).await);
        let settings = town.settings(folder.path(), &base);
        Self { town, settings, base, folder }
    }

    async fn begins(&self) -> Program {
        let program = self.town.starts(&self.settings).await;
        self.town.everybody_starts(&program).await;
        program
    }

    /// The fault is over: everything is answered, once.
    async fn recovers(&self, program: Program) {
        assert!(self.town.is_answered(PATIENCE).await, "{:#?}\n{}", self.town.sees(1), program.stderr());
        let (status, stderr) = program.terminated(STOP).await;
        assert_eq!(status.code(), Some(0), "{stderr}");
        for here in [Platform::Telegram, Platform::Discord] {
            assert_eq!(self.town.wrong_on(here), Wrong::default(), "{stderr}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_another_process_holds_the_file_everybody_waits_and_nothing_is_lost() {
    let scene = Scene::in_a_folder().await;
    let program = scene.begins().await;
    let longest = longest_lock(8);
    // Of very many answers that wait for one chat the oldest are left out: people write less while it takes long.
    let talk = scene.town.talk(PACE.max(Duration::from_millis(25 * longest)));
    sqlx::any::install_default_drivers();
    let mut other = sqlx::AnyConnection::connect(&scene.base.url()).await.unwrap();
    // A little, and longer than the program waits for one statement.
    for held in [2, longest] {
        sqlx::query("pragma busy_timeout = 20000").execute(&mut other).await.unwrap();
        sqlx::query("begin immediate").execute(&mut other).await.unwrap();
        sleep(Duration::from_secs(held)).await;
        sqlx::query("rollback").execute(&mut other).await.unwrap();
        sleep(Duration::from_secs(1)).await;
    }
    other.close().await.unwrap();
    talk.abort();
    scene.recovers(program).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_restarted_is_waited_for() {
    let Some(server) = Server::start(Fsync::Off) else { return };
    let base = Base::Server(server.database().await);
    let scene = Scene::on(base, tempfile::tempdir().unwrap()).await;
    let program = scene.begins().await;
    let talk = scene.town.talk_on_telegram(PACE);
    for _ in 0..3 {
        sleep(Duration::from_secs(1)).await;
        server.restarts();
    }
    sleep(Duration::from_secs(1)).await;
    talk.abort();
    scene.recovers(program).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_dies_is_followed_by_its_standby_and_nothing_that_was_confirmed_is_lost() {
    let Some(primary) = Server::start(Fsync::Off) else { return };
    let database = primary.database().await;
    let name = database.rsplit('/').next().unwrap();
    // The address of the settings leads to whichever is the server.
    let wire = Wire::to(&primary.address().to_string()).await;
    let url = primary.over_the_port(postgres::USER, postgres::PASSWORD, name);
    let url = url.replace(&primary.address().to_string(), &wire.address.to_string());
    let standby = primary.standby().await;
    let scene = Scene::on(Base::Server(url), tempfile::tempdir().unwrap()).await;
    let first = scene.begins().await;
    let second = scene.settings.starts(&["run"]);
    second.logs("goldseam is running", 1).await;
    // So slowly that nobody's answers pile up.
    let talk = scene.town.talk(PACE * 3);
    sleep(Duration::from_secs(3)).await;
    primary.dies();
    sleep(Duration::from_secs(2)).await;
    standby.takes_over();
    wire.leads_to(standby.address());
    let healed = Instant::now();
    let before = scene.town.people().map(|person| scene.town.answers(person).len()).sum::<usize>();
    let answered = || scene.town.people().map(|person| scene.town.answers(person).len()).sum::<usize>();
    assert!(until(PATIENCE, || answered() > before).await, "{}\n{}", first.stderr(), second.stderr());
    let took = healed.elapsed();
    println!("answered again {took:?} after the standby could be reached");
    assert!(took < Duration::from_secs(10), "{took:?}");
    sleep(Duration::from_secs(2)).await;
    talk.abort();
    assert!(scene.town.is_answered(PATIENCE).await, "{}\n{}", first.stderr(), second.stderr());
    drop(second.terminated(STOP).await);
    scene.recovers(first).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_server_and_few_connections_make_everybody_wait_and_nothing_else() {
    let Some(server) = postgres::shared() else { return };
    let base = Base::Server(server.database().await);
    let mut scene = Scene::on(base, tempfile::tempdir().unwrap()).await;
    scene.settings = scene.settings.with("GOLDSEAM_STORE__CONNECTIONS", "2");
    let program = scene.begins().await;
    let talk = scene.town.talk(PACE);
    let mut other = sqlx::AnyConnection::connect(&scene.base.url()).await.unwrap();
    for table in ["inbox", "outbox", "states"] {
        let lock = format!("begin; lock table {table} in exclusive mode; select pg_sleep(3); rollback");
        sqlx::raw_sql(sqlx::AssertSqlSafe(lock)).execute(&mut other).await.unwrap();
    }
    other.close().await.unwrap();
    talk.abort();
    scene.recovers(program).await;
}

/// A database with some life in it, closed.
async fn a_life(scene: &Scene) -> Vec<u8> {
    let program = scene.begins().await;
    scene.town.people().for_each(|person| scene.town.says(person));
    assert!(scene.town.is_answered(PATIENCE).await, "{}", program.stderr());
    program.terminated(STOP).await;
    fs::read(scene.folder.path().join("data").join(DATABASE_FILE)).unwrap()
}

async fn opened(folder: &Path, bytes: &[u8]) -> Result<Store, OpenError> {
    fs::create_dir_all(folder).unwrap();
    for end in ["-wal", "-shm"] {
        let _ = fs::remove_file(folder.join(format!("{DATABASE_FILE}{end}")));
    }
    fs::write(folder.join(DATABASE_FILE), bytes).unwrap();
    loop {
        match Store::open(folder, Vault).await {
            // The one before has not let go of the folder yet.
            Err(OpenError::InUse(_)) => tokio::task::yield_now().await,
            done => return done,
        }
    }
}

/// All that a database says, as one number for each table.
async fn said(folder: &Path, name: &str) -> Vec<(&'static str, u64)> {
    let copy = folder.join(name);
    let tables = back_up(&Location::Folder(folder.to_owned()), &copy).await.unwrap();
    fs::remove_file(copy).unwrap();
    tables.into_iter().map(|table| (table.table, table.digest)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_file_is_refused_or_says_what_it_always_said() {
    const PAGE: usize = 4096;
    let scene = Scene::in_a_folder().await;
    let whole = a_life(&scene).await;
    let folder = scene.folder.path().join("damaged");
    opened(&folder, &whole).await.unwrap().close().await;
    let before = said(&folder, "whole.db").await;
    let mut random = Rng::with_seed(8);
    let (mut refused, mut harmless) = (0, 0);
    for _ in 0..100 {
        let page = random.usize(0..whole.len() / PAGE);
        let mut damaged = whole.clone();
        damaged[page * PAGE..(page + 1) * PAGE].fill_with(|| random.u8(..));
        match opened(&folder, &damaged).await {
            Err(OpenError::Damaged { .. } | OpenError::NotOurs(_)) => refused += 1,
            Err(error) => panic!("page {page}: {error}"),
            Ok(store) => {
                store.close().await;
                assert_eq!(said(&folder, "copy.db").await, before, "page {page} says something else");
                harmless += 1;
            }
        }
    }
    println!("{refused} refused, {harmless} harmless");
    assert!(refused >= 80, "{refused} refused, {harmless} harmless");
    for kept in [whole.len() / 2, whole.len() - PAGE, 3 * PAGE, PAGE / 2, 20] {
        let cut = opened(&folder, &whole[..kept]).await.err();
        assert!(matches!(cut, Some(OpenError::Damaged { .. } | OpenError::NotOurs(_))), "cut at {kept}: {cut:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_program_says_how_a_damaged_file_is_replaced() {
    let scene = Scene::in_a_folder().await;
    let mut bytes = a_life(&scene).await;
    let ended = scene.settings.runs(&["backup", "good.db"], &[]);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let middle = bytes.len() / 2 / 4096 * 4096;
    bytes[middle..middle + 4096].fill(0x5a);
    fs::write(scene.folder.path().join("data").join(DATABASE_FILE), bytes).unwrap();
    let ended = scene.settings.runs(&["run"], &[]);
    assert!(ended.code == Some(1) && ended.stderr.contains("goldseam restore FILE --replace"), "{}", ended.stderr);
    let ended = scene.settings.runs(&["doctor"], &[]);
    assert!(ended.code == Some(1) && ended.stdout.contains("is damaged"), "{}", ended.stdout);
    let ended = scene.settings.runs(&["restore", "good.db", "--replace"], &[]);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let program = scene.town.starts(&scene.settings).await;
    scene.town.people().for_each(|person| scene.town.says(person));
    scene.recovers(program).await;
}
