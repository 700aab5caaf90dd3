//! How far to the right each slot stands: near what it is joined with, ways as straight as can be, nothing on top of anything.

use super::Page;

const SWEEPS: usize = 160;

pub(super) fn place(page: &mut Page) {
    for layer in 0..page.layers.len() {
        let row = page.layers[layer].clone();
        for (slot, offset) in row.iter().zip(offsets(page, &row)) {
            page.slots[*slot].x = offset;
        }
    }
    for sweep in 0..SWEEPS {
        let settling = sweep + 10 >= SWEEPS;
        let (up, down) = (settling || sweep % 2 == 1, settling || sweep % 2 == 0);
        for step in 0..page.layers.len() {
            let layer = if sweep % 2 == 0 { step } else { page.layers.len() - 1 - step };
            settle(page, layer, down, up);
        }
    }
    for way in 0..page.passing.len() {
        straighten(page, way);
    }
}

/// Puts the slots of a way above each other as far as there is room between their neighbours.
fn straighten(page: &mut Page, way: usize) {
    let chain = page.passing[way].clone();
    let room: Vec<(f64, f64)> = chain.iter().map(|slot| room(page, *slot)).collect();
    let mut first = 0;
    while first < chain.len() {
        let (mut low, mut high, mut last) = (room[first].0, room[first].1, first);
        while last + 1 < chain.len() && room[last + 1].0.max(low) <= room[last + 1].1.min(high) {
            last += 1;
            (low, high) = (low.max(room[last].0), high.min(room[last].1));
        }
        let part = &chain[first..=last];
        let middle = part.iter().map(|slot| page.slots[*slot].x).sum::<f64>() / super::to_f64(part.len());
        for slot in part {
            page.slots[*slot].x = middle.max(low).min(high);
        }
        first = last + 1;
    }
}

/// How far to the left and to the right a slot can move.
fn room(page: &Page, slot: usize) -> (f64, f64) {
    let row = &page.layers[page.slots[slot].layer];
    let at = row.iter().position(|other| *other == slot).unwrap_or(0);
    let left = at.checked_sub(1).map(|before| row[before]);
    let right = row.get(at + 1).copied();
    let x = |other: usize| page.slots[other].x;
    (
        left.map_or(f64::MIN, |left| x(left) + gap(page, left, slot)),
        right.map_or(f64::MAX, |right| x(right) - gap(page, slot, right)),
    )
}

/// How far the middles of two neighbours are from each other at least.
fn gap(page: &Page, left: usize, right: usize) -> f64 {
    let (left, right) = (&page.slots[left], &page.slots[right]);
    (left.size.width + right.size.width) / 2.0 + if left.is_box && right.is_box { 26.0 } else { 16.0 }
}

/// Moves a layer to where its neighbours above (`down`) and below (`up`) pull it, as far as the slots have room beside each other.
fn settle(page: &mut Page, layer: usize, down: bool, up: bool) {
    let row = page.layers[layer].clone();
    let offsets = offsets(page, &row);
    let wishes: Vec<(f64, f64)> = row.iter().map(|slot| wish(page, *slot, down, up)).collect();
    let free: Vec<(f64, f64)> =
        wishes.iter().zip(&offsets).map(|((at, weight), offset)| (at - offset, *weight)).collect();
    for (slot, (at, offset)) in row.iter().zip(rising(&free).into_iter().zip(&offsets)) {
        page.slots[*slot].x = at + offset;
    }
}

/// Where a slot would stand by itself, and how much that matters.
fn wish(page: &Page, slot: usize, down: bool, up: bool) -> (f64, f64) {
    let (mut sum, mut weights) = (0.0, 0.0);
    let links = page.above[slot].iter().filter(|_| down).chain(page.below[slot].iter().filter(|_| up));
    for link in links {
        sum += page.slots[link.to].x * link.weight;
        weights += link.weight;
    }
    if weights > 0.0 { (sum / weights, weights) } else { (page.slots[slot].x, 0.2) }
}

/// Where the slots of a row stand when they are as near to each other as they may be.
fn offsets(page: &Page, row: &[usize]) -> Vec<f64> {
    let mut found: Vec<f64> = Vec::new();
    for (index, slot) in row.iter().enumerate() {
        let before = index.checked_sub(1).map(|before| found[before] + gap(page, row[before], *slot));
        found.push(before.unwrap_or(0.0));
    }
    found
}

/// The values nearest to the given ones (value, weight) that never fall: neighbours that would, take their common mean.
pub(super) fn rising(values: &[(f64, f64)]) -> Vec<f64> {
    let mut groups: Vec<(f64, f64, usize)> = Vec::new();
    for (value, weight) in values {
        let mut group = (*value, *weight, 1);
        while let Some((mean, heavy, count)) = groups.last().copied().filter(|last| last.0 > group.0) {
            groups.pop();
            group = ((mean * heavy + group.0 * group.1) / (heavy + group.1), heavy + group.1, count + group.2);
        }
        groups.push(group);
    }
    groups.into_iter().flat_map(|(mean, _, count)| std::iter::repeat_n(mean, count)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_fall_takes_its_mean() {
        assert_eq!(rising(&[(1.0, 1.0), (5.0, 1.0), (3.0, 1.0), (7.0, 1.0)]), [1.0, 4.0, 4.0, 7.0]);
        assert_eq!(rising(&[(9.0, 3.0), (1.0, 1.0)]), [7.0, 7.0]);
    }
}
