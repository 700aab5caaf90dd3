//! What `cron` has no words for: the last day of a month, every other day, some time within a window.

use jiff::ToSpan;
use jiff::civil::{Date, DateTime};

use super::Which;

/// The longest window, in minutes.
pub(super) const LONGEST_WINDOW: u16 = 12 * 60;

impl Which {
    /// True when nothing is left out and nothing is moved.
    #[must_use]
    pub fn is_all(&self) -> bool {
        *self == Which::All
    }

    /// The moment at which a moment of the rule happens; nothing when it is left out.
    pub(super) fn takes(self, moment: DateTime) -> Option<DateTime> {
        let date = moment.date();
        match self {
            Which::All => Some(moment),
            Which::LastOfMonth => (date == date.last_of_month()).then_some(moment),
            Which::EachNth { days, from } => {
                let away = (date - from).get_days();
                (away >= 0 && days > 0 && away % i32::from(days) == 0).then_some(moment)
            }
            Which::Within { minutes, seed } => {
                let minutes = u64::from(minutes.min(LONGEST_WINDOW)) + 1;
                let later = i64::try_from(mixed(seed, date) % minutes).unwrap_or(0);
                moment.checked_add(later.minutes()).ok()
            }
        }
    }
}

/// A number for a person and a day (the finalizer of `SplitMix64`).
fn mixed(seed: u64, date: Date) -> u64 {
    let day = u64::from(date.year().unsigned_abs()) * 512 + u64::from(date.day_of_year().unsigned_abs());
    let mut mixed = seed ^ day.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
