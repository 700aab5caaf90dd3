//! Gold in the seam: which pieces of it somebody has earned. A piece is never taken off again.
//!
//! Monotone: whatever is added to a history, no piece of gold goes away and none becomes thin.

use jiff::civil::Date;

use super::history::History;
use super::promise::Standing;

/// Every so many check-ins leave a thin piece.
const CHECKINS: usize = 7;

/// How broad a piece of gold is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Breadth {
    /// Told ahead, kept late, a return, an effort, a week of check-ins.
    Thin,
    /// Kept or repaired.
    Full,
}

/// A piece of gold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Piece {
    /// The day it was earned.
    pub day: Date,
    /// How broad it is.
    pub breadth: Breadth,
}

/// All pieces, the oldest first.
#[must_use]
pub fn pieces(history: &History) -> Vec<Piece> {
    let promises = history.promises.iter().filter_map(|one| Some((one.counts_on()?, breadth(one.standing)?)));
    let returns = history.returns.iter().map(|one| one.day);
    let efforts = history.deeds.iter().filter(|one| one.kind.is_effort()).map(|one| one.day);
    let mut days: Vec<Date> = history.checkins.iter().map(|one| one.day).collect();
    days.sort_unstable();
    let weeks = days.chunks_exact(CHECKINS).filter_map(|week| week.last().copied());
    let thin = returns.chain(efforts).chain(weeks).map(|day| (day, Breadth::Thin));
    let mut pieces: Vec<Piece> = promises.chain(thin).map(|(day, breadth)| Piece { day, breadth }).collect();
    pieces.sort_unstable();
    pieces
}

fn breadth(standing: Standing) -> Option<Breadth> {
    match standing {
        Standing::Kept | Standing::Repaired => Some(Breadth::Full),
        Standing::ToldAhead | Standing::KeptLate => Some(Breadth::Thin),
        Standing::Open | Standing::Released | Standing::Missed => None,
    }
}
