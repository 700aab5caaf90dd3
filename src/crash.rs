//! Named points at which a test can let the program die, as if somebody had pulled the plug there. Only in debug builds: in a release
//! they are nothing.

/// The variable with the point at which to die, and the how many-th time it is passed: `after_commit:3`. Only tests set it; it
/// is no setting of the program.
pub const VARIABLE: &str = "CRASH_POINT_OF_A_TEST";

/// All points, in the order in which a message passes them.
pub const POINTS: [&str; 9] = [
    "after_receive",
    "after_inbox",
    "before_ack",
    "mid_transaction",
    "after_commit",
    "after_claim",
    "before_send",
    "after_accept",
    "before_settle",
];

/// The program passes this point, and dies here if a test wants it to.
#[inline]
pub fn point(name: &'static str) {
    #[cfg(debug_assertions)]
    wanted::point(name);
    #[cfg(not(debug_assertions))]
    let _ = name;
}

#[cfg(debug_assertions)]
mod wanted {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU32, Ordering};

    static WANTED: OnceLock<Option<(String, AtomicU32)>> = OnceLock::new();

    pub(super) fn point(name: &'static str) {
        debug_assert!(super::POINTS.contains(&name), "{name} is in the list");
        let Some((wanted, left)) = WANTED.get_or_init(read) else { return };
        // Nothing is written, closed or said any more.
        if wanted == name && left.fetch_sub(1, Ordering::Relaxed) == 1 {
            std::process::abort();
        }
    }

    #[expect(clippy::disallowed_methods, reason = "a switch of the tests, no setting of the program")]
    fn read() -> Option<(String, AtomicU32)> {
        let wanted = std::env::var(super::VARIABLE).ok()?;
        let (name, times) = wanted.split_once(':')?;
        Some((name.to_owned(), AtomicU32::new(times.parse().ok()?)))
    }
}
