//! Where the gold lies: how far it has come along the cracks, and how thick it is at each place.
//!
//! Both only ever grow with the number of pieces, so what is gold stays gold. There is always room for more: the way that is left
//! gets shorter and never ends.

use super::cracks::{Crack, Point};

/// Half of all cracks are gold after so many pieces.
const HALF: f64 = 150.0;
/// Gold has grown by half of what it ever will after so many pieces more.
const RIPE: f64 = 170.0;
/// By how much it grows in the end.
const GROWTH: f64 = 0.95;
/// How wide gold is when it is new, on trunks and on each level of branches.
const WIDTHS: [f64; 4] = [6.4, 4.8, 3.6, 2.8];
/// How wide thin gold is beside broad gold.
const THIN: f64 = 0.45;
/// How wide what is not there yet counts, where it thins out.
const END: f64 = 0.25;
/// Widths are rounded to this, so that stretches of one width can be drawn as one line.
const GRAIN: f64 = 1.3;

/// A line of one width.
pub(super) struct Stretch {
    /// The width in grains.
    pub(super) grains: u32,
    pub(super) points: Vec<Point>,
}

impl Stretch {
    pub(super) fn width(grains: u32) -> f64 {
        f64::from(grains) * GRAIN
    }
}

/// All gold of these pieces on these cracks.
pub(super) fn stretches(cracks: &[Crack], full: u32, thin: u32) -> Vec<Stretch> {
    let seam = Seam::new(cracks, full, thin);
    let laid = seam.laid();
    let (mut at, mut found) = (0.0, Vec::new());
    for crack in cracks {
        let mut along = 0.0;
        for pair in crack.points.windows(2) {
            if at >= laid {
                return found;
            }
            let step = pair[0].distance(pair[1]);
            let end = if at + step <= laid { pair[1] } else { part(pair, (laid - at) / step) };
            along += step;
            let by_hand = 1.0 + 0.16 * (along * 0.045 + crack.turn).sin();
            push(&mut found, WIDTHS[crack.level] * by_hand * seam.thickness(at), [pair[0], end]);
            at += step;
        }
    }
    found
}

/// How many cracks, from the first on, are gold from end to end.
pub(super) fn gilded(cracks: &[Crack], full: u32, thin: u32) -> usize {
    let mut left = Seam::new(cracks, full, thin).laid();
    let is_gold = |crack: &&Crack| {
        left -= length(crack);
        left >= 0.0
    };
    cracks.iter().take_while(is_gold).count()
}

struct Seam {
    total: f64,
    /// So many broad pieces, and so many with the thin ones behind them.
    full: f64,
    all: f64,
}

impl Seam {
    fn new(cracks: &[Crack], full: u32, thin: u32) -> Self {
        let (full, all) = (f64::from(full), f64::from(full) + f64::from(thin));
        Self { total: cracks.iter().map(length).sum(), full, all }
    }

    /// How far the gold has come.
    fn laid(&self) -> f64 {
        self.total * self.all / (self.all + HALF)
    }

    /// How thick the gold is here, beside new and broad gold: the older the thicker, as more has been laid upon it. From one kind to
    /// the other, and towards the end, it changes slowly.
    fn thickness(&self, at: f64) -> f64 {
        let around = [-12.0, -4.0, 4.0, 12.0].map(|away| self.kind(at + away));
        let after = (self.all - self.piece(at)).max(0.0);
        around.iter().sum::<f64>() / 4.0 * (1.0 + GROWTH * after / (after + RIPE))
    }

    fn kind(&self, at: f64) -> f64 {
        match self.piece(at.max(0.0)) {
            piece if piece < self.full => 1.0,
            piece if piece < self.all => THIN,
            _ => END,
        }
    }

    /// How many pieces the way to here takes: how far they come is `pieces / (pieces + HALF)` of it.
    fn piece(&self, at: f64) -> f64 {
        let share = (at / self.total).min(0.999_999);
        share * HALF / (1.0 - share)
    }
}

/// Goes on with the last line when it has the same width and ends where this one begins.
fn push(found: &mut Vec<Stretch>, width: f64, ends: [Point; 2]) {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few pixels")]
    let grains = (width / GRAIN).round() as u32;
    match found.last_mut() {
        Some(last) if last.grains == grains && last.points.last() == Some(&ends[0]) => last.points.push(ends[1]),
        _ => found.push(Stretch { grains, points: ends.to_vec() }),
    }
}

fn length(crack: &Crack) -> f64 {
    crack.points.windows(2).map(|pair| pair[0].distance(pair[1])).sum()
}

fn part(pair: &[Point], share: f64) -> Point {
    let between = |from: f64, to: f64| from + (to - from) * share;
    Point { x: between(pair[0].x, pair[1].x), y: between(pair[0].y, pair[1].y) }
}
