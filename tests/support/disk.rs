//! A disk that fails on request and forgets what was not synced: `tests/data/disk/shim.rs`, loaded before the real program.

use std::fs::{self, File};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use fastrand::Rng;

use super::program::Settings;

/// What the system answers (errno.h of Linux).
pub const EMFILE: i32 = 24;
pub const ENOSPC: i32 = 28;
pub const EROFS: i32 = 30;

/// What a disk writes whole or not at all.
const SECTOR: usize = 512;

/// The disk that a data folder is on.
#[derive(Clone)]
pub struct Disk {
    data: PathBuf,
    journal: PathBuf,
    orders: PathBuf,
}

/// What a power loss did to the writes that were not synced.
#[derive(Clone, Copy, Debug, Default)]
pub struct Loss {
    pub dropped: usize,
    /// Of these writes some sectors are there and others are not.
    pub torn: usize,
    pub kept: usize,
}

impl Disk {
    /// The disk of the data folder `data` in this folder.
    pub fn of(folder: &Path) -> Self {
        let disk = Self {
            data: folder.join("data"),
            journal: folder.join("journal"),
            orders: folder.join("orders of the disk"),
        };
        fs::create_dir_all(&disk.journal).unwrap();
        disk
    }

    /// The program on this disk. With a journal, so that power can be lost.
    pub fn with_journal(&self, settings: &Settings) -> Settings {
        self.under(settings).with("TEST_DISK_JOURNAL", self.journal.display().to_string())
    }

    /// The program on this disk.
    pub fn under(&self, settings: &Settings) -> Settings {
        settings
            .clone()
            .with("LD_PRELOAD", shim().display().to_string())
            .with("TEST_DISK_FOLDER", self.data.display().to_string())
            .with("TEST_DISK_ORDERS", self.orders.display().to_string())
    }

    /// What the disk does from now on; see the shim.
    pub fn does(&self, orders: &str) {
        let new = self.orders.with_extension("new");
        fs::write(&new, orders).unwrap();
        fs::rename(&new, &self.orders).unwrap();
    }

    /// The disk answers these calls with this error.
    pub fn fails(&self, call: &str, errno: i32) {
        self.does(&format!("fail {call} {errno}"));
    }

    /// The disk does what it is asked again.
    pub fn works(&self) {
        self.does("");
    }

    /// Is there anything that a power loss would take?
    pub fn has_unsynced(&self) -> bool {
        let mut files = fs::read_dir(&self.journal).unwrap().flatten();
        files.any(|file| {
            file.file_name().to_string_lossy().starts_with("writes-")
                && file.metadata().is_ok_and(|found| found.len() > 0)
        })
    }

    /// All that was written until now is safe. For what somebody without the shim has changed.
    pub fn is_synced(&self) {
        for entry in fs::read_dir(&self.journal).unwrap() {
            fs::remove_file(entry.unwrap().path()).unwrap();
        }
    }

    /// The power goes, after the program was killed: any part of what was not synced is gone, and with it the memory.
    pub fn loses_power(&self, random: &mut Rng) -> Loss {
        self.loses_names(random);
        // Nothing arrived, all of it, the first part, or any of it.
        let way = random.u8(0..4);
        self.loses_writes(way, random)
    }

    /// The same; nothing that was not synced is there. How many writes that were.
    pub fn loses_everything(&self) -> usize {
        self.loses_writes(0, &mut Rng::with_seed(0)).dropped
    }

    fn loses_writes(&self, way: u8, random: &mut Rng) -> Loss {
        let (mut loss, until) = (Loss::default(), random.f64());
        for entry in fs::read_dir(&self.journal).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            let Some(inode) = name.strip_prefix("writes-") else { continue };
            let file = File::options().write(true).open(self.journal.join(format!("file-{inode}"))).unwrap();
            let journal = fs::read(&path).unwrap();
            let entries = entries(&journal);
            entries.iter().rev().for_each(|entry| entry.undo(&file));
            #[expect(clippy::cast_precision_loss, reason = "a part of some thousand")]
            for (index, entry) in entries.iter().enumerate() {
                let fate = match way {
                    0 => 0,
                    1 => 2,
                    2 => {
                        if (index as f64) < until * entries.len() as f64 {
                            2
                        } else {
                            0
                        }
                    }
                    _ => random.u8(0..3),
                };
                match fate {
                    0 => loss.dropped += 1,
                    1 => {
                        loss.torn += 1;
                        entry.redo(&file, || random.bool());
                    }
                    _ => {
                        loss.kept += 1;
                        entry.redo(&file, || true);
                    }
                }
            }
        }
        for entry in fs::read_dir(&self.data).unwrap() {
            let path = entry.unwrap().path();
            if path.to_str().unwrap().ends_with("-shm") {
                fs::remove_file(path).unwrap();
            }
        }
        self.is_synced();
        loss
    }

    /// Of the files that came and went since the last sync of the folder, the latest did not.
    fn loses_names(&self, random: &mut Rng) {
        let names = fs::read_to_string(self.journal.join("names")).unwrap_or_default();
        let changes: Vec<&str> = names.lines().collect();
        let kept = random.usize(0..=changes.len());
        for change in changes[kept..].iter().rev() {
            let (inode, name) = change[1..].split_once(' ').unwrap();
            let path = self.data.join(name);
            // It may have been killed between its note and the deed.
            if change.starts_with('+') {
                let _ = fs::remove_file(path);
            } else {
                let _ = fs::hard_link(self.journal.join(format!("file-{inode}")), path);
            }
        }
    }
}

/// Something that was written and not synced.
struct Entry<'j> {
    /// Of a new length: that length.
    offset: u64,
    is_length: bool,
    /// The length of the file before.
    before: u64,
    old: &'j [u8],
    new: &'j [u8],
}

impl Entry<'_> {
    fn undo(&self, file: &File) {
        file.set_len(self.before).unwrap();
        file.write_all_at(self.old, self.offset).unwrap();
    }

    /// Writes those of its sectors that arrive.
    fn redo(&self, file: &File, mut arrives: impl FnMut() -> bool) {
        if self.is_length {
            if arrives() {
                file.set_len(self.offset).unwrap();
            }
            return;
        }
        let mut at = self.offset;
        let mut left = self.new;
        while !left.is_empty() {
            let whole = SECTOR - usize::try_from(at).unwrap() % SECTOR;
            let (sector, rest) = left.split_at(whole.min(left.len()));
            if arrives() {
                file.write_all_at(sector, at).unwrap();
            }
            at += sector.len() as u64;
            left = rest;
        }
    }
}

/// What the journal of a file says. The last entry may be cut: then nothing of it was written.
fn entries(mut journal: &[u8]) -> Vec<Entry<'_>> {
    let mut entries = Vec::new();
    while let Some((&kind, rest)) = journal.split_first() {
        let mut numbers = [0_u64; 4];
        let Some((head, rest)) = rest.split_at_checked(32) else { break };
        for (number, bytes) in numbers.iter_mut().zip(head.chunks_exact(8)) {
            *number = u64::from_le_bytes(bytes.try_into().unwrap());
        }
        let [offset, before, old, new] = numbers;
        let Some((old, rest)) = rest.split_at_checked(usize::try_from(old).unwrap()) else { break };
        let Some((new, rest)) = rest.split_at_checked(usize::try_from(new).unwrap()) else { break };
        entries.push(Entry { offset, is_length: kind == 2, before, old, new });
        journal = rest;
    }
    entries
}

/// The shim, compiled once for each test program.
fn shim() -> &'static Path {
    static SHIM: OnceLock<PathBuf> = OnceLock::new();
    SHIM.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let (made, shim) = (folder.join(format!("shim-{}.so", std::process::id())), folder.join("libdisk_shim.so"));
        #[expect(
            clippy::disallowed_methods,
            reason = "the compiler that the tests are run with, no setting of the program"
        )]
        let compiler = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
        let compiled = Command::new(compiler)
            .args([
                "--edition",
                "2024",
                "-O",
                "-D",
                "warnings",
                "--crate-type",
                "cdylib",
                "tests/data/disk/shim.rs",
                "-o",
            ])
            .arg(&made)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .status();
        assert!(compiled.expect("a compiler").success(), "the shim does not compile");
        // Another test program may load it just now.
        fs::rename(&made, &shim).unwrap();
        shim
    })
}
