//! Faults of the disk under a program that is talked to (F4, F5, F6): what was not synced is gone, or the disk answers with errors.
//!
//! A small library between the real program and its files is the disk that fails. `GOLDSEAM_POWER_LOSSES=200` is the full size of the
//! first test: `GOLDSEAM_POWER_LOSSES=200 cargo test --test disk_faults power -- --nocapture`. What is lost follows from
//! `GOLDSEAM_SOAK_SEED`; where a loss hits is the machine's.

#![cfg(target_os = "linux")]

mod endurance;
mod support;

use std::sync::Arc;
use std::time::Duration;

use endurance::{Machine, Size, soak};
use fastrand::Rng;
use goldseam::types::Platform;
use support::disk::{Disk, Loss};
use support::program::{PATIENCE, Program, Settings};
use support::town::{Base, Town, platform, until};
use tempfile::TempDir;
use tokio::time::Instant;

const STOP: Duration = Duration::from_secs(10);
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
    let size = Size::asked_for("GOLDSEAM_POWER_LOSSES", 5, LIFE);
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
    _folder: TempDir,
}

impl Scene {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let base = Base::File(folder.path().join("data"));
        let (town, disk) = (Arc::new(Town::new(6).await), Disk::of(folder.path()));
        let settings = disk.with_journal(&town.settings(folder.path(), &base));
        Self { town, settings, disk, _folder: folder }
    }

    async fn begins(&self) -> Program {
        let program = self.town.starts(&self.settings).await;
        self.town.everybody_starts(&program).await;
        program
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
