//! The program on a small machine (F30), and for a long time (F29): little memory, a slow disk, and nothing that grows.
//!
//! `GOLDSEAM_SOAK_MINUTES=15 cargo test --test small_machine nothing -- --nocapture` is a longer look, with the series; by default it is
//! twenty seconds.

#![cfg(target_os = "linux")]

mod support;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use goldseam::types::Platform;
use support::disk::Disk;
use support::program::{PATIENCE, Program, Settings};
use support::town::{Base, Town, Wrong};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

const STOP: Duration = Duration::from_secs(10);
/// What the program may use.
const MEMORY_MIB: u64 = 64;
/// What its write-ahead log may take on the disk.
const LOG_MIB: u64 = 64;

/// The cache of the database, which fills as the file grows, and what an allocator keeps.
const GROWTH_MIB: u64 = 10;

#[expect(clippy::disallowed_methods, reason = "a switch of the tests, no setting of the program")]
fn minutes() -> Option<u64> {
    std::env::var("GOLDSEAM_SOAK_MINUTES").ok().map(|minutes| minutes.parse().expect("a number"))
}

// ---- little memory, a slow disk ----

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_small_machine_with_a_slow_disk_everybody_is_answered() {
    let folder = tempfile::tempdir().unwrap();
    let base = Base::File(folder.path().join("data"));
    let (town, disk) = (Arc::new(Town::new(40).await), Disk::of(folder.path()));
    disk.does("pause sync 5");
    let settings = disk.under(&town.settings(folder.path(), &base));
    let limit = Limit::of(MEMORY_MIB);
    let program = starts(&town, &settings, limit.as_ref()).await;
    town.everybody_starts(&program).await;
    let waits = Waits::default();
    let watch = waits.watch(&town);
    for number in 0..50 {
        let person = 1 + number * 7 % 40;
        waits.said(&town, person);
        sleep(Duration::from_millis(200)).await;
    }
    assert!(town.is_answered(PATIENCE).await, "{}", program.stderr());
    sleep(Duration::from_millis(100)).await;
    watch.abort();
    let (half, most) = waits.within();
    let memory = Memory::of(program.id());
    println!(
        "Five texts a second, five milliseconds for each sync: half answered within {half:.1?}, 95 % within {most:.1?}."
    );
    println!("Memory in MiB: {memory:?}");
    // Two seconds on a machine of its own. Here others build beside it.
    assert!(most < Duration::from_secs(20), "95 % within {most:?}");
    assert!(memory.private < MEMORY_MIB, "{memory:?}");
    // A program for tests is four times as large as the real one, and a part of it lies in memory too.
    assert!(cfg!(debug_assertions) || memory.peak < MEMORY_MIB, "{memory:?}");
    let (status, stderr) = program.terminated(STOP).await;
    assert_eq!(status.code(), Some(0), "{stderr}");
    for here in [Platform::Telegram, Platform::Discord] {
        assert_eq!(town.wrong_on(here), Wrong::default(), "{stderr}");
    }
}

async fn starts(town: &Town, settings: &Settings, limit: Option<&Limit>) -> Program {
    let Some(Limit(group)) = limit else { return town.starts(settings).await };
    let enter = format!("echo $$ > '{}'", group.join("cgroup.procs").display());
    let program = settings.starts_in_a_shell(&enter, &["run"]);
    assert!(support::town::until(PATIENCE, || town.discord.is_heard()).await, "{}", program.stderr());
    program
}

/// A control group that has no more memory than this.
struct Limit(PathBuf);

impl Limit {
    /// `None` where no such group can be made: that needs version 2 of control groups, and the right to make one.
    fn of(mib: u64) -> Option<Self> {
        let root = Path::new("/sys/fs/cgroup");
        let known = fs::read_to_string(root.join("cgroup.subtree_control")).unwrap_or_default();
        let group = root.join(format!("goldseam-test-{}", std::process::id()));
        let made = known.split(' ').any(|word| word.trim() == "memory") && fs::create_dir(&group).is_ok();
        let limit = Self(group);
        if made && fs::write(limit.0.join("memory.max"), (mib << 20).to_string()).is_ok() {
            return Some(limit);
        }
        println!("Without a limit: no control group with memory can be made here.");
        None
    }
}

impl Drop for Limit {
    fn drop(&mut self) {
        let _ = fs::remove_dir(&self.0);
    }
}

/// When each text was said, and how long each answer took.
#[derive(Clone, Default)]
struct Waits(Arc<Mutex<Times>>);

#[derive(Default)]
struct Times {
    /// Of a person's text that is not answered yet.
    said: BTreeMap<(u64, usize), Instant>,
    took: Vec<Duration>,
}

impl Waits {
    fn said(&self, town: &Town, person: u64) {
        town.says(person);
        self.0.lock().unwrap().said.insert((person, town.said_by(person)), Instant::now());
    }

    fn watch(&self, town: &Arc<Town>) -> JoinHandle<()> {
        let (waits, town) = (self.0.clone(), Arc::clone(town));
        tokio::spawn(async move {
            loop {
                let answers: BTreeMap<u64, Vec<(usize, usize)>> =
                    town.people().map(|person| (person, town.answers(person))).collect();
                {
                    let Times { said, took } = &mut *waits.lock().unwrap();
                    said.retain(|(person, text), at| {
                        let waits = !answers[person].iter().any(|(_, answered)| answered == text);
                        took.extend((!waits).then(|| at.elapsed()));
                        waits
                    });
                }
                sleep(Duration::from_millis(20)).await;
            }
        })
    }

    /// Half of all answers, and 95 of 100.
    fn within(&self) -> (Duration, Duration) {
        let mut took = self.0.lock().unwrap().took.clone();
        took.sort();
        (took[took.len() / 2], took[took.len() * 95 / 100])
    }
}

/// What a process uses, in MiB.
#[derive(Clone, Copy, Debug)]
struct Memory {
    /// What is its own.
    private: u64,
    /// That, and what is read from files, the program itself above all: the system takes it back when it needs it.
    resident: u64,
    /// The most that was resident.
    peak: u64,
}

impl Memory {
    fn of(process: u32) -> Self {
        let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
        let mib = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
            line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() >> 10
        };
        Self { private: mib("RssAnon:"), resident: mib("VmRSS:"), peak: mib("VmHWM:") }
    }
}

// ---- for a long time ----

/// A look at the running program.
#[derive(Clone, Copy)]
struct Look {
    at: Duration,
    memory: Memory,
    files: usize,
    log_mib: u64,
    file_mib: u64,
}

impl Look {
    fn at(since: Instant, process: u32, data: &Path) -> Self {
        let mib = |name: &str| fs::metadata(data.join(name)).map_or(0, |found| found.len() >> 20);
        Self {
            at: since.elapsed(),
            memory: Memory::of(process),
            files: fs::read_dir(format!("/proc/{process}/fd")).unwrap().count(),
            log_mib: mib("goldseam.db-wal"),
            file_mib: mib("goldseam.db"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_grows_under_a_steady_load() {
    let folder = tempfile::tempdir().unwrap();
    let base = Base::File(folder.path().join("data"));
    let town = Arc::new(Town::new(60).await);
    let settings = town.settings(folder.path(), &base).with("GOLDSEAM_PACE__CHAT", "0");
    let program = town.starts(&settings).await;
    town.everybody_starts(&program).await;
    let span = minutes().map_or(Duration::from_secs(20), |minutes| Duration::from_secs(60 * minutes));
    let talk = town.talk(Duration::from_millis(70));
    let (since, mut looks) = (Instant::now(), Vec::new());
    while since.elapsed() < span {
        sleep(span / 60).await;
        looks.push(Look::at(since, program.id(), &folder.path().join("data")));
    }
    talk.abort();
    println!("{}", series(&looks));
    let answered = town.is_answered(PATIENCE).await;
    let (status, stderr) = program.terminated(STOP).await;
    assert!(answered && status.code() == Some(0), "{stderr}");
    assert!(looks.iter().all(|look| look.log_mib < LOG_MIB), "the write-ahead log grows");
    // The first third is for getting warm.
    let (middle, last) = looks[looks.len() / 3..].split_at(looks.len() / 3);
    let (before, after) = (median(middle, |look| look.memory.private), median(last, |look| look.memory.private));
    assert!(after <= before + GROWTH_MIB, "memory: {before} MiB, and {after} MiB later");
    let (before, after) = (median(middle, |look| look.files as u64), median(last, |look| look.files as u64));
    assert!(after <= before + 4, "open files: {before}, and {after} later");
}

fn median(looks: &[Look], of: impl Fn(&Look) -> u64) -> u64 {
    let mut values: Vec<u64> = looks.iter().map(of).collect();
    values.sort_unstable();
    values[values.len() / 2]
}

fn series(looks: &[Look]) -> String {
    let mut series =
        "| after | own memory | resident | open files | write-ahead log | file |\n|---:|---:|---:|---:|---:|---:|\n"
            .to_owned();
    for Look { at, memory, files, log_mib, file_mib } in looks.iter().step_by(looks.len().div_ceil(15)) {
        let Memory { private, resident, .. } = memory;
        writeln!(series, "| {at:.0?} | {private} MiB | {resident} MiB | {files} | {log_mib} MiB | {file_mib} MiB |")
            .unwrap();
    }
    series
}
