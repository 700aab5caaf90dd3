//! A disk that can fail: stands between a program and the files of one folder when it is loaded with `LD_PRELOAD`. Compiled by the
//! tests themselves (`tests/support/disk.rs`), which also read the journal.
//!
//! - `TEST_DISK_FOLDER`: the folder whose files are meant. `-shm` (memory, not a disk) and the lock file only fail to open.
//! - `TEST_DISK_ORDERS`: a file that is read again at each call, one order in a line:
//!   `fail open|read|write|sync|truncate ERRNO [name=END] [after=N] [times=N]`, `pause sync MS`, `ignore sync`.
//! - `TEST_DISK_JOURNAL`: when it is set, a folder on the same disk that holds what a power loss may take:
//!   - `file-INODE`: another name of each file,
//!   - `writes-INODE`: what was written there since its last sync; each entry is the kind (1 a write, 2 a new length), the offset, the
//!     length of the file before, the lengths of the old and of the new bytes, and both,
//!   - `names`: the files that came (`+INODE NAME`) and went (`-INODE NAME`) since the last sync of the folder.
//!   With a journal nothing is really synced: it is the kernel that stays alive.

use std::collections::HashMap;
use std::ffi::{CStr, OsStr, c_char, c_int, c_uint, c_void};
use std::fs::{self, File};
use std::io::Write as _;
use std::os::fd::FromRawFd as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

unsafe extern "C" {
    fn dlsym(handle: *mut c_void, name: *const c_char) -> *mut c_void;
    fn __errno_location() -> *mut c_int;
}

/// The function of the same name that is behind us. Unsafe to name, because nothing checks its signature.
macro_rules! real {
    ($name:literal, fn($($argument:ty),*) -> $answer:ty) => {{
        static FOUND: OnceLock<usize> = OnceLock::new();
        const NEXT: *mut c_void = -1_isize as *mut c_void;
        let found = *FOUND.get_or_init(|| dlsym(NEXT, $name.as_ptr()) as usize);
        std::mem::transmute::<usize, unsafe extern "C" fn($($argument),*) -> $answer>(found)
    }};
}

const MOST_FILES: usize = 4096;
const O_CREAT: c_int = 0o100;
const SEEK_CUR: c_int = 1;

static DISK: OnceLock<Option<Disk>> = OnceLock::new();
/// Which descriptors are ours: asked at every call of the program, without a lock.
static OURS: [AtomicBool; MOST_FILES] = [const { AtomicBool::new(false) }; MOST_FILES];

struct Disk {
    folder: PathBuf,
    orders: Option<PathBuf>,
    journal: Option<PathBuf>,
    /// One call at a time.
    files: Mutex<HashMap<c_int, Kept>>,
    passed: [AtomicU32; 5],
    failed: [AtomicU32; 5],
}

/// An open file.
struct Kept {
    name: String,
    inode: u64,
    /// The folder itself.
    is_folder: bool,
    writes: Option<File>,
}

#[derive(Clone, Copy)]
enum Call {
    Open,
    Read,
    Write,
    Sync,
    Truncate,
}

impl Call {
    fn word(self) -> &'static str {
        ["open", "read", "write", "sync", "truncate"][self as usize]
    }
}

fn disk() -> Option<&'static Disk> {
    let read = || {
        let path = |name| std::env::var_os(name).map(PathBuf::from);
        Some(Disk {
            folder: path("TEST_DISK_FOLDER")?,
            orders: path("TEST_DISK_ORDERS"),
            journal: path("TEST_DISK_JOURNAL"),
            files: Mutex::default(),
            passed: Default::default(),
            failed: Default::default(),
        })
    };
    DISK.get_or_init(read).as_ref()
}

/// The disk, when this descriptor is one of its files.
fn behind(fd: c_int) -> Option<&'static Disk> {
    let ours = usize::try_from(fd).ok().and_then(|fd| OURS.get(fd)).is_some_and(|ours| ours.load(Ordering::Relaxed));
    if ours { disk() } else { None }
}

fn set_errno(errno: c_int) {
    unsafe { *__errno_location() = errno }
}

impl Disk {
    fn files(&self) -> MutexGuard<'_, HashMap<c_int, Kept>> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The name of a file of ours.
    fn name(&self, path: &Path) -> Option<String> {
        if path == self.folder {
            return Some(String::new());
        }
        let name = path.strip_prefix(&self.folder).ok()?;
        (name.components().count() == 1).then(|| name.display().to_string())
    }

    fn orders(&self) -> String {
        self.orders.as_ref().and_then(|orders| fs::read_to_string(orders).ok()).unwrap_or_default()
    }

    /// The error that this call is to answer with.
    fn error(&self, call: Call, name: &str) -> Option<c_int> {
        self.orders().lines().find_map(|order| {
            let mut words = order.split(' ');
            if words.next() != Some("fail") || words.next() != Some(call.word()) {
                return None;
            }
            let errno: c_int = words.next()?.parse().ok()?;
            let (mut after, mut times, mut end) = (0, u32::MAX, "");
            for word in words {
                match word.split_once('=')? {
                    ("after", number) => after = number.parse().ok()?,
                    ("times", number) => times = number.parse().ok()?,
                    ("name", wanted) => end = wanted,
                    _ => return None,
                }
            }
            let fails = name.ends_with(end)
                && self.passed[call as usize].fetch_add(1, Ordering::Relaxed) >= after
                && self.failed[call as usize].fetch_add(1, Ordering::Relaxed) < times;
            fails.then_some(errno)
        })
    }

    /// True when the call fails, and the program is told so.
    fn fails(&self, call: Call, fd: c_int) -> bool {
        let name = self.files().get(&fd).map(|kept| kept.name.clone());
        let error = name.and_then(|name| self.error(call, &name));
        error.inspect(|errno| set_errno(*errno)).is_some()
    }

    fn opened(&self, fd: c_int, name: String, path: &Path, is_new: bool) {
        if fd < 0 || name.ends_with("-shm") || name.ends_with(".lock") {
            return;
        }
        let Ok(found) = fs::metadata(path) else { return };
        let kept = Kept { inode: found.ino(), is_folder: found.is_dir(), writes: None, name };
        if let (Some(journal), false) = (&self.journal, kept.is_folder) {
            let _ = fs::hard_link(path, journal.join(format!("file-{}", kept.inode)));
            if is_new {
                self.note_name('+', kept.inode, &kept.name);
            }
        }
        self.files().insert(fd, kept);
        if let Some(ours) = usize::try_from(fd).ok().and_then(|fd| OURS.get(fd)) {
            ours.store(true, Ordering::Relaxed);
        }
    }

    fn note_name(&self, sign: char, inode: u64, name: &str) {
        let Some(journal) = &self.journal else { return };
        let names = File::options().create(true).append(true).open(journal.join("names"));
        let _ = names.and_then(|mut names| names.write_all(format!("{sign}{inode} {name}\n").as_bytes()));
    }

    /// Writes down what is about to be overwritten, and with what.
    fn note_write(&self, fd: c_int, kind: u8, offset: u64, new: &[u8]) {
        let Some(journal) = &self.journal else { return };
        let mut files = self.files();
        let Some(kept) = files.get_mut(&fd) else { return };
        // Not closed here: it is the program's.
        let file = std::mem::ManuallyDrop::new(unsafe { File::from_raw_fd(fd) });
        let length = file.metadata().map_or(0, |found| found.len());
        let until = if kind == 1 { length.min(offset + new.len() as u64) } else { length };
        let mut old = vec![0; usize::try_from(until.saturating_sub(offset)).unwrap_or(0)];
        // Through the descriptor that is there: closing another one would give up the locks of the program.
        unsafe {
            let pread = real!(c"pread64", fn(c_int, *mut c_void, usize, i64) -> isize);
            pread(fd, old.as_mut_ptr().cast(), old.len(), i64::try_from(offset).unwrap_or(0));
        }
        let mut entry = vec![kind];
        for number in [offset, length, old.len() as u64, new.len() as u64] {
            entry.extend(number.to_le_bytes());
        }
        entry.extend(old);
        entry.extend(new);
        if kept.writes.is_none() {
            let path = journal.join(format!("writes-{}", kept.inode));
            kept.writes = File::options().create(true).append(true).open(path).ok();
        }
        if let Some(mut writes) = kept.writes.as_ref() {
            let _ = writes.write_all(&entry);
        }
    }

    /// What was written there is safe; `None` when it has to be made so by the real disk.
    fn synced(&self, fd: c_int) -> Option<c_int> {
        for order in self.orders().lines() {
            if let Some(pause) = order.strip_prefix("pause sync ").and_then(|pause| pause.parse().ok()) {
                std::thread::sleep(Duration::from_millis(pause));
            }
            if order == "ignore sync" {
                return Some(0);
            }
        }
        if self.fails(Call::Sync, fd) {
            return Some(-1);
        }
        let journal = self.journal.as_ref()?;
        let files = self.files();
        let kept = files.get(&fd)?;
        let log = if kept.is_folder { "names".into() } else { format!("writes-{}", kept.inode) };
        if let Ok(log) = File::options().write(true).open(journal.join(log)) {
            let _ = log.set_len(0);
        }
        Some(0)
    }
}

type Open = unsafe extern "C" fn(*const c_char, c_int, c_uint) -> c_int;

fn open_there(real: Open, path: *const c_char, flags: c_int, mode: c_uint) -> c_int {
    let path_there = Path::new(OsStr::from_bytes(unsafe { CStr::from_ptr(path) }.to_bytes()));
    let ours = disk().and_then(|disk| Some((disk, disk.name(path_there)?)));
    let Some((disk, name)) = ours else { return unsafe { real(path, flags, mode) } };
    if let Some(errno) = disk.error(Call::Open, &name) {
        set_errno(errno);
        return -1;
    }
    let is_new = flags & O_CREAT != 0 && !path_there.exists();
    let fd = unsafe { real(path, flags, mode) };
    disk.opened(fd, name, path_there, is_new);
    fd
}

#[unsafe(no_mangle)]
pub extern "C" fn open(path: *const c_char, flags: c_int, mode: c_uint) -> c_int {
    let real = unsafe { real!(c"open", fn(*const c_char, c_int, c_uint) -> c_int) };
    open_there(real, path, flags, mode)
}

#[unsafe(no_mangle)]
pub extern "C" fn open64(path: *const c_char, flags: c_int, mode: c_uint) -> c_int {
    let real = unsafe { real!(c"open64", fn(*const c_char, c_int, c_uint) -> c_int) };
    open_there(real, path, flags, mode)
}

#[unsafe(no_mangle)]
pub extern "C" fn close(fd: c_int) -> c_int {
    if let Some(disk) = behind(fd) {
        OURS[fd as usize].store(false, Ordering::Relaxed);
        disk.files().remove(&fd);
    }
    unsafe { real!(c"close", fn(c_int) -> c_int)(fd) }
}

#[unsafe(no_mangle)]
pub extern "C" fn read(fd: c_int, to: *mut c_void, length: usize) -> isize {
    match behind(fd) {
        Some(disk) if disk.fails(Call::Read, fd) => -1,
        _ => unsafe { real!(c"read", fn(c_int, *mut c_void, usize) -> isize)(fd, to, length) },
    }
}

#[unsafe(no_mangle)]
pub extern "C" fn pread64(fd: c_int, to: *mut c_void, length: usize, offset: i64) -> isize {
    match behind(fd) {
        Some(disk) if disk.fails(Call::Read, fd) => -1,
        _ => unsafe { real!(c"pread64", fn(c_int, *mut c_void, usize, i64) -> isize)(fd, to, length, offset) },
    }
}

#[unsafe(no_mangle)]
pub extern "C" fn write(fd: c_int, from: *const c_void, length: usize) -> isize {
    if let Some(disk) = behind(fd) {
        if disk.fails(Call::Write, fd) {
            return -1;
        }
        let offset = unsafe { real!(c"lseek64", fn(c_int, i64, c_int) -> i64)(fd, 0, SEEK_CUR) };
        let new = unsafe { std::slice::from_raw_parts(from.cast(), length) };
        disk.note_write(fd, 1, u64::try_from(offset).unwrap_or(0), new);
    }
    unsafe { real!(c"write", fn(c_int, *const c_void, usize) -> isize)(fd, from, length) }
}

#[unsafe(no_mangle)]
pub extern "C" fn pwrite64(fd: c_int, from: *const c_void, length: usize, offset: i64) -> isize {
    if let Some(disk) = behind(fd) {
        if disk.fails(Call::Write, fd) {
            return -1;
        }
        let new = unsafe { std::slice::from_raw_parts(from.cast(), length) };
        disk.note_write(fd, 1, u64::try_from(offset).unwrap_or(0), new);
    }
    unsafe { real!(c"pwrite64", fn(c_int, *const c_void, usize, i64) -> isize)(fd, from, length, offset) }
}

#[unsafe(no_mangle)]
pub extern "C" fn ftruncate64(fd: c_int, length: i64) -> c_int {
    if let Some(disk) = behind(fd) {
        if disk.fails(Call::Truncate, fd) {
            return -1;
        }
        disk.note_write(fd, 2, u64::try_from(length).unwrap_or(0), &[]);
    }
    unsafe { real!(c"ftruncate64", fn(c_int, i64) -> c_int)(fd, length) }
}

#[unsafe(no_mangle)]
pub extern "C" fn ftruncate(fd: c_int, length: i64) -> c_int {
    ftruncate64(fd, length)
}

#[unsafe(no_mangle)]
pub extern "C" fn fsync(fd: c_int) -> c_int {
    let answered = behind(fd).and_then(|disk| disk.synced(fd));
    answered.unwrap_or_else(|| unsafe { real!(c"fsync", fn(c_int) -> c_int)(fd) })
}

#[unsafe(no_mangle)]
pub extern "C" fn fdatasync(fd: c_int) -> c_int {
    let answered = behind(fd).and_then(|disk| disk.synced(fd));
    answered.unwrap_or_else(|| unsafe { real!(c"fdatasync", fn(c_int) -> c_int)(fd) })
}

#[unsafe(no_mangle)]
pub extern "C" fn unlink(path: *const c_char) -> c_int {
    let path_there = Path::new(OsStr::from_bytes(unsafe { CStr::from_ptr(path) }.to_bytes()));
    if let Some(disk) = disk()
        && let Some(name) = disk.name(path_there)
        && let Ok(found) = fs::metadata(path_there)
        && !name.ends_with("-shm")
    {
        disk.note_name('-', found.ino(), &name);
    }
    unsafe { real!(c"unlink", fn(*const c_char) -> c_int)(path) }
}
