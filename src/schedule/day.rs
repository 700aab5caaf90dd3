//! Which day it is for somebody who is still up: their day ends at an hour of the night that they chose, not at midnight.

use jiff::ToSpan;
use jiff::civil::{Date, DateTime, Time};

/// Until then a new day may begin: who begins theirs later than at noon means the day before.
const LATEST: Time = Time::constant(12, 0, 0, 0);

/// The day that a moment on the clock belongs to, when days begin at `begins`.
///
/// ```
/// use goldseam::schedule::day_of;
/// use jiff::civil::{date, time};
/// let three = time(3, 0, 0, 0);
/// assert_eq!(day_of(date(2026, 3, 3).at(1, 30, 0, 0), three), date(2026, 3, 2));
/// assert_eq!(day_of(date(2026, 3, 3).at(3, 0, 0, 0), three), date(2026, 3, 3));
/// ```
#[must_use]
pub fn day_of(moment: DateTime, begins: Time) -> Date {
    let still_up = begins <= LATEST && moment.time() < begins;
    if still_up { moment.date().saturating_sub(1.day()) } else { moment.date() }
}
