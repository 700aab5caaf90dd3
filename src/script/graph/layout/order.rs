//! What stands beside what in a layer: at first in the order of the script, then with as few crossings as a few sweeps can find.

use super::super::Graph;
use super::{Page, Ways, to_f64};

const SWEEPS: usize = 12;

pub(super) fn order(page: &mut Page, graph: &Graph, known: &Ways) {
    let depth = page.slots.iter().map(|slot| slot.layer).max().map_or(0, |layer| layer + 1);
    page.layers = vec![Vec::new(); depth];
    as_written(page, graph, known);
    let mut best = (crossings(page), page.layers.clone());
    for sweep in 0..SWEEPS {
        if best.0 == 0 {
            break;
        }
        pull(page, sweep % 2 == 0);
        let found = crossings(page);
        if found < best.0 {
            best = (found, page.layers.clone());
        }
    }
    page.layers = best.1;
}

/// Follows the ways from the first box on: longer ones first, so that the main way stays on the left and ends stand on the right; ways
/// back come last.
fn as_written(page: &mut Page, graph: &Graph, known: &Ways) {
    let mut ways: Vec<usize> = (0..graph.edges.len()).collect();
    ways.sort_by_key(|way| (graph.edges[*way].to <= graph.edges[*way].from, known.short[*way]));
    // The slots below each slot, in that order.
    let mut below: Vec<Vec<usize>> = vec![Vec::new(); page.slots.len()];
    for way in ways {
        let (above, end) = super::ends(&graph.edges[way]);
        below[above].extend(page.passing[way].first().copied().or((above != end).then_some(end)));
    }
    let mut seen = vec![false; page.slots.len()];
    for start in 0..graph.nodes.len() {
        let mut open = vec![start];
        while let Some(slot) = open.pop() {
            if !std::mem::replace(&mut seen[slot], true) {
                page.layers[page.slots[slot].layer].push(slot);
                match page.slots[slot].is_box {
                    true => open.extend(below[slot].iter().rev()),
                    false => open.extend(page.below[slot].iter().map(|link| link.to)),
                }
            }
        }
    }
}

/// Moves every slot to the middle of its neighbours in the layer before, layer after layer.
fn pull(page: &mut Page, down: bool) {
    let side = if down { &page.above } else { &page.below };
    let mut place = places(page);
    let layers: Vec<usize> =
        if down { (0..page.layers.len()).collect() } else { (0..page.layers.len()).rev().collect() };
    for layer in layers {
        let middle = |slot: &usize| match side[*slot].len() {
            0 => to_f64(place[*slot]),
            count => side[*slot].iter().map(|link| to_f64(place[link.to])).sum::<f64>() / to_f64(count),
        };
        let mut row: Vec<(f64, usize)> = page.layers[layer].iter().map(|slot| (middle(slot), *slot)).collect();
        row.sort_by(|one, other| one.0.total_cmp(&other.0));
        page.layers[layer] = row.into_iter().map(|(_, slot)| slot).collect();
        for (index, slot) in page.layers[layer].iter().enumerate() {
            place[*slot] = index;
        }
    }
}

fn crossings(page: &Page) -> usize {
    let place = places(page);
    let mut count = 0;
    for row in &page.layers {
        let mut before: Vec<usize> = Vec::new();
        for slot in row {
            let ends = page.below[*slot].iter().map(|link| place[link.to]);
            count += ends.clone().map(|end| before.iter().filter(|other| **other > end).count()).sum::<usize>();
            before.extend(ends);
        }
    }
    count
}

fn places(page: &Page) -> Vec<usize> {
    let mut place = vec![0; page.slots.len()];
    for row in &page.layers {
        for (index, slot) in row.iter().enumerate() {
            place[*slot] = index;
        }
    }
    place
}
