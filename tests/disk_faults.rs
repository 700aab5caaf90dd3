//! Faults of the disk under a program that is talked to (F4, F5, F6): what was not synced is gone, or the disk answers with errors.
//!
//! A small library between the real program and its files is the disk that fails. `GOLDSEAM_POWER_LOSSES=200` is the full size of the
//! first test: `GOLDSEAM_POWER_LOSSES=200 cargo test --test disk_faults power -- --nocapture`. What is lost follows from
//! `GOLDSEAM_SOAK_SEED`; where a loss hits is the machine's.

#![cfg(target_os = "linux")]

mod endurance;
mod support;

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use endurance::ledger::Kills;
use endurance::{Machine, Size, soak};
use fastrand::Rng;
use goldseam::types::Platform;
use support::disk::{Disk, EMFILE, ENOSPC, EROFS, Loss};
use support::program::{PATIENCE, Program, Settings};
use support::town::{Base, Town, Wrong, platform, until};
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

const STOP: Duration = Duration::from_secs(10);
/// How often somebody says something.
const PACE: Duration = Duration::from_millis(100);
/// How long the program lives between two losses of power, in milliseconds.
const LIFE: (u64, u64) = (300, 1_500);

/// A machine that loses power whenever the program is killed.
struct OffTheGrid {
    disk: Disk,
    losses: Vec<Loss>,
}

impl Machine for OffTheGrid {
    fn runs(&self, settings: Settings) -> Settings {
        self.disk.with_journal(&settings)
    }

    fn is_set_up(&mut self) {
        self.disk.is_synced();
    }

    /// Most of the time the power goes when there is something to lose.
    fn before_a_kill(&mut self, random: &mut Rng) {
        let wait = Duration::from_millis(if random.u8(0..4) > 0 { 300 } else { 0 });
        let since = Instant::now();
        while since.elapsed() < wait && !self.disk.has_unsynced() {
            std::thread::sleep(Duration::from_micros(random.u64(50..500)));
        }
    }

    fn after_a_kill(&mut self, random: &mut Rng) {
        self.losses.push(self.disk.loses_power(random));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn power_losses_lose_and_double_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let base = Base::File(folder.path().join("data"));
    let size = Size::asked_for("GOLDSEAM_POWER_LOSSES", 5, LIFE, PACE);
    let mut machine = OffTheGrid { disk: Disk::of(folder.path()), losses: Vec::new() };
    // As long as a sync takes there is something to lose.
    machine.disk.does("pause sync 4");
    soak("SQLite, power lost", size, base, folder, &mut machine).await;
    let sum = |of: fn(&Loss) -> usize| machine.losses.iter().map(of).sum::<usize>();
    let (dropped, torn, kept) = (sum(|loss| loss.dropped), sum(|loss| loss.torn), sum(|loss| loss.kept));
    let hits = machine.losses.iter().filter(|loss| loss.dropped + loss.torn > 0).count();
    println!("Writes that were not synced: {dropped} dropped, {torn} torn, {kept} kept; {hits} losses took something.");
}

/// A program on a disk, and people who are known to it.
struct Scene {
    town: Arc<Town>,
    settings: Settings,
    disk: Disk,
    base: Base,
    /// Where its health is shown.
    health: String,
    folder: TempDir,
}

impl Scene {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let base = Base::File(folder.path().join("data"));
        let (town, disk) = (Arc::new(Town::new(6).await), Disk::of(folder.path()));
        let health = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
        let settings = town.settings(folder.path(), &base).with("GOLDSEAM_METRICS__LISTEN", &health);
        // People write faster here than one chat may be written to.
        let settings = settings.with("GOLDSEAM_PACE__CHAT", "0");
        let settings = disk.with_journal(&settings);
        Self { town, settings, disk, base, health, folder }
    }

    async fn begins(&self) -> Program {
        let program = self.town.starts(&self.settings).await;
        self.town.everybody_starts(&program).await;
        program
    }

    /// The fault is over: everything is answered, nothing is out of order, and so many came twice on Telegram at most.
    async fn recovers(&self, program: Program, copies: i64) {
        assert!(self.town.is_answered(PATIENCE).await, "{:#?}\n{}", self.town.sees(1), program.stderr());
        let (status, stderr) = program.terminated(STOP).await;
        assert_eq!(status.code(), Some(0), "{stderr}");
        assert_eq!(self.town.wrong_on(Platform::Discord), Wrong::default(), "{stderr}");
        let Wrong { unanswered, odd, copies: twice } = self.town.wrong_on(Platform::Telegram);
        assert_eq!((unanswered, odd), (0, 0), "{stderr}");
        assert!(
            i64::try_from(twice).unwrap() <= copies,
            "{twice} came twice, and {copies} were on their way\n{stderr}"
        );
    }

    /// The disk fails while people write: the program says so in one sentence and ends. Then the power goes, and all is there.
    async fn fails_closed(&self, program: Program, fault: &str, what: &str) {
        self.disk.does(fault);
        let talk = self.town.talk(PACE);
        let (status, stderr) = program.over_within(PATIENCE).await;
        assert_eq!(status.code(), Some(1), "{fault}: {stderr}");
        let sentence =
            format!("The disk failed: {} could not be {what} (", self.folder.path().join("data/goldseam.db").display());
        assert_eq!(stderr.matches(&sentence).count(), 1, "{fault}: {stderr}");
        assert!(stderr.contains("`goldseam restore FILE --replace`"), "{fault}: {stderr}");
        self.disk.loses_everything();
        self.disk.works();
        let mut kills = Kills::default();
        kills.looks_at(&self.base).await;
        assert!(kills.damage.is_empty(), "{fault}: {:?}", kills.damage);
        let program = self.town.starts(&self.settings).await;
        talk.abort();
        self.recovers(program, kills.in_flight[0].0).await;
    }

    /// The disk takes nothing: nothing is confirmed, and when it does again everything goes on by itself.
    async fn waits_while(&self, errno: i32) {
        let program = self.begins().await;
        let get = async |path| reqwest::get(format!("http://{}{path}", self.health)).await.unwrap();
        let ready = async || get("/readyz").await.status().as_u16();
        assert_eq!(ready().await, 200);
        let talk = self.town.talk(PACE);
        sleep(Duration::from_millis(300)).await;
        self.disk.fails("write", errno);
        sleep(Duration::from_secs(3)).await;
        assert_eq!(ready().await, 503, "{}", program.stderr());
        assert!(get("/metrics").await.text().await.unwrap().contains("\ngoldseam_disk_writable 0\n"));
        assert!(!self.town.telegram.unconfirmed().is_empty(), "what cannot be stored stays with Telegram");
        talk.abort();
        self.disk.works();
        assert_eq!(ready().await, 200, "there is room again");
        self.recovers(program, 0).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_lies_about_its_syncs_loses_what_was_confirmed() {
    let scene = Scene::new().await;
    let program = scene.begins().await;
    scene.disk.does("ignore sync");
    scene.town.people().for_each(|person| scene.town.says(person));
    assert!(scene.town.is_answered(PATIENCE).await, "{}", program.stderr());
    program.killed();
    let lost = scene.disk.loses_everything();
    scene.disk.works();
    assert!(lost > 0, "writes that were said to be on the disk");
    let program = scene.town.starts(&scene.settings).await;
    scene.town.people().for_each(|person| scene.town.says(person));
    // What was written on Discord stands in the chat and is read again. On Telegram nobody has it any more.
    let on_telegram = || scene.town.people().filter(|person| platform(*person) == Platform::Telegram);
    let answered = |person: u64| scene.town.answers(person).iter().any(|(_, text)| *text == 2);
    assert!(until(PATIENCE, || on_telegram().all(answered)).await, "{}", program.stderr());
    // The second text is counted as the first.
    assert!(on_telegram().all(|person| scene.town.wrong(person).odd > 0), "the ledger shows the loss");
    program.terminated(STOP).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_cannot_be_written_ends_the_program() {
    let scene = Scene::new().await;
    let program = scene.begins().await;
    scene.fails_closed(program, "fail write 5 name=-wal", "written").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sync_that_fails_once_is_not_tried_again() {
    let scene = Scene::new().await;
    let program = scene.begins().await;
    scene.fails_closed(program, "fail sync 5 name=-wal times=1", "brought to the disk").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_cannot_be_synced_behind_its_log_ends_the_program() {
    let scene = Scene::new().await;
    let program = scene.begins().await;
    scene.fails_closed(program, "fail sync 5 name=.db", "brought to the disk").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_cannot_be_read_ends_the_program() {
    let scene = Scene::new().await;
    scene.begins().await.terminated(STOP).await;
    // It has not read much yet.
    let program = scene.town.starts(&scene.settings).await;
    scene.fails_closed(program, "fail read 5 name=.db", "read").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_is_waited_for() {
    Scene::new().await.waits_while(ENOSPC).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_may_only_be_read_is_waited_for() {
    Scene::new().await.waits_while(EROFS).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_room_for_another_file_what_runs_goes_on_and_what_starts_says_so() {
    let scene = Scene::new().await;
    let program = scene.begins().await;
    scene.disk.fails("open", EMFILE);
    scene.town.people().for_each(|person| scene.town.says(person));
    assert!(scene.town.is_answered(PATIENCE).await, "{}", program.stderr());
    scene.recovers(program, 0).await;
    let ended = scene.settings.runs(&["run"], &[]);
    assert!(ended.code == Some(1) && ended.stderr.contains("(Too many open files"), "{}", ended.stderr);
    scene.disk.works();
    let program = scene.town.starts(&scene.settings).await;
    scene.recovers(program, 0).await;
}
