//! The cracks of a plate: from one place outwards to the rim, with branches that end where they meet another crack.
//!
//! Everything follows from the seed. Nothing here knows of gold.

use std::collections::HashMap;
use std::f64::consts::TAU;

use super::chance::Chance;

/// How far cracks reach, from the middle of the plate.
pub(super) const RADIUS: f64 = 464.0;
/// Between two points of a crack.
const STEP: f64 = 9.0;
/// A crack ends where it comes so near to another.
const NEAR: f64 = 10.0;
/// Around the first place, where all trunks are near to each other.
const HEART: f64 = 46.0;
/// A crack that meets another one or the rim is at least so long.
const SHORTEST: f64 = 52.0;
const TRUNKS: usize = 7;

/// A place on the plate, from its middle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Point {
    pub(super) x: f64,
    pub(super) y: f64,
}

impl Point {
    pub(super) fn distance(self, other: Self) -> f64 {
        (self.x - other.x).hypot(self.y - other.y)
    }

    fn towards(self, angle: f64, length: f64) -> Self {
        Self { x: self.x + angle.cos() * length, y: self.y + angle.sin() * length }
    }
}

/// One crack.
pub(super) struct Crack {
    /// 0 for a trunk, 1 for its branches, and so on.
    pub(super) level: usize,
    /// When gold reaches it: cracks are filled in the order of these numbers.
    pub(super) turn: f64,
    pub(super) points: Vec<Point>,
}

/// How the cracks of one level grow: how many, how long at most, and how far from each other.
struct Growth {
    count: usize,
    longest: f64,
    /// How long after the crack it comes from it is filled.
    later: f64,
}

const BRANCHES: [Growth; 3] = [
    Growth { count: 26, longest: 420.0, later: 3.4 },
    Growth { count: 44, longest: 190.0, later: 6.0 },
    Growth { count: 90, longest: 80.0, later: 9.0 },
];

/// All cracks of a plate, in the order in which gold fills them.
pub(super) fn cracks(plate: u64) -> Vec<Crack> {
    let mut chance = Chance::new(plate);
    let heart = Point { x: 0.0, y: 0.0 }.towards(chance.angle(), chance.between(0.16, 0.42) * RADIUS);
    let mut net = Net { heart, cracks: Vec::new(), cells: HashMap::new() };
    let first = chance.angle();
    for trunk in 0..TRUNKS {
        let share = TAU / as_f64(TRUNKS);
        // Neighbours far apart one after the other, so that the first gold does not crowd on one side.
        let place = as_f64(trunk * 3 % TRUNKS);
        let angle = first + share * (place + 0.28 * chance.around());
        net.grow(&mut chance, heart, angle, Kind { level: 0, turn: as_f64(trunk), longest: f64::INFINITY });
    }
    for (level, growth) in BRANCHES.iter().enumerate() {
        net.branch(&mut chance, level + 1, growth);
    }
    net.cracks.sort_by(|one, other| one.turn.total_cmp(&other.turn));
    net.cracks
}

#[derive(Clone, Copy)]
struct Kind {
    level: usize,
    turn: f64,
    longest: f64,
}

/// What has cracked so far, and where.
struct Net {
    heart: Point,
    cracks: Vec<Crack>,
    cells: HashMap<(i32, i32), Vec<Point>>,
}

impl Net {
    /// Branches of this level, from cracks of the levels before, spread over their length.
    fn branch(&mut self, chance: &mut Chance, level: usize, growth: &Growth) {
        let parents: Vec<usize> = (0..self.cracks.len()).filter(|&index| self.cracks[index].level < level).collect();
        let total: f64 = parents.iter().map(|&index| self.weight(index, level)).sum();
        for number in 0..growth.count {
            let mut at = (as_f64(number) + chance.unit()) / as_f64(growth.count) * total;
            let parent = parents.iter().copied().find(|&index| {
                at -= self.weight(index, level);
                at < 0.0
            });
            let Some(parent) = parent else { continue };
            let crack = &self.cracks[parent];
            let along = (chance.between(0.12, 0.95) * as_f64(crack.points.len() - 1)).floor();
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index of a few hundred")]
            let index = (along as usize).clamp(1, crack.points.len() - 2);
            let (from, before) = (crack.points[index], crack.points[index - 1]);
            let along = (from.y - before.y).atan2(from.x - before.x);
            let angle = along + chance.sign() * chance.between(0.75, 1.35);
            let turn = crack.turn + growth.later + chance.between(0.0, 2.0);
            if from.distance(self.heart) > HEART {
                let longest = growth.longest * chance.between(0.45, 1.0);
                self.grow(chance, from, angle, Kind { level, turn, longest });
            }
        }
    }

    /// Longer cracks have more branches, and those of the level before have the most.
    fn weight(&self, index: usize, level: usize) -> f64 {
        let crack = &self.cracks[index];
        let usual = if crack.points.len() < 4 { 0.0 } else { as_f64(crack.points.len()) };
        if crack.level + 1 == level { usual * 2.0 } else { usual }
    }

    /// One crack, until it meets the rim or another one, or is long enough.
    fn grow(&mut self, chance: &mut Chance, from: Point, angle: f64, kind: Kind) {
        let (mut points, mut heading, mut length) = (vec![from], angle, 0.0);
        let sway = (chance.angle(), chance.between(0.006, 0.016), chance.between(0.10, 0.34));
        while length < kind.longest {
            let wanted = angle + sway.2 * (sway.0 + length * sway.1 * 2.0).sin();
            heading += (wanted - heading) * 0.22 + chance.around() * 0.20;
            if chance.unit() < 0.07 {
                heading += chance.sign() * chance.between(0.30, 0.62);
            }
            let last = points[points.len() - 1];
            let next = last.towards(heading, STEP * chance.between(0.7, 1.3));
            length += STEP;
            if next.x.hypot(next.y) >= RADIUS {
                let out = RADIUS / next.x.hypot(next.y);
                points.push(Point { x: next.x * out, y: next.y * out });
                break;
            }
            if let Some(met) = self.met(next).filter(|_| points.len() > 2 && !self.in_heart(next, kind)) {
                points.push(met);
                break;
            }
            points.push(next);
        }
        // A short way to another crack would make a ladder of the two.
        let meets = length < kind.longest;
        if length > if meets { SHORTEST } else { 3.0 * STEP } {
            self.keep(Crack { level: kind.level, turn: kind.turn, points });
        }
    }

    fn in_heart(&self, at: Point, kind: Kind) -> bool {
        kind.level == 0 && at.distance(self.heart) < HEART
    }

    fn keep(&mut self, crack: Crack) {
        for point in &crack.points {
            self.cells.entry(cell(*point)).or_default().push(*point);
        }
        self.cracks.push(crack);
    }

    /// The nearest point of another crack, when there is one near.
    fn met(&self, at: Point) -> Option<Point> {
        let (x, y) = cell(at);
        let around = (-1..=1).flat_map(|dx| (-1..=1).map(move |dy| (x + dx, y + dy)));
        let points = around.filter_map(|cell| self.cells.get(&cell)).flatten();
        let near = points.filter(|point| point.distance(at) < NEAR);
        near.min_by(|one, other| one.distance(at).total_cmp(&other.distance(at))).copied()
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a plate has a few hundred cells")]
fn cell(at: Point) -> (i32, i32) {
    ((at.x / NEAR).floor() as i32, (at.y / NEAR).floor() as i32)
}

#[expect(clippy::cast_precision_loss, reason = "small counts")]
pub(super) fn as_f64(count: usize) -> f64 {
    count as f64
}
