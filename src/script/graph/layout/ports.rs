//! Where ways leave a box and arrive at it: towards where they go, and not all in one point.

use super::super::Graph;
use super::place::rising;
use super::{Page, ends, to_f64};

/// So far inside a box's corner a way begins and ends at least.
const CORNER: f64 = 16.0;
/// So far apart they are, where there is room.
const APART: f64 = 14.0;

/// For each way, where it touches its upper and its lower box, to the right of the boxes' middles.
pub(super) fn ports(page: &Page, graph: &Graph) -> Vec<(f64, f64)> {
    let mut found = vec![(0.0, 0.0); graph.edges.len()];
    for at in 0..graph.nodes.len() {
        let ways = |upper: bool| {
            let of = move |way: &usize| {
                let (above, below) = ends(&graph.edges[*way]);
                above != below && at == if upper { above } else { below }
            };
            (0..graph.edges.len()).filter(of).map(move |way| (way, next(page, graph, way, upper))).collect()
        };
        for (way, x) in spread(page, at, ways(true)) {
            found[way].0 = x;
        }
        for (way, x) in spread(page, at, ways(false)) {
            found[way].1 = x;
        }
    }
    found
}

/// The slot that a way goes to from its upper box, or comes from at its lower one.
fn next(page: &Page, graph: &Graph, way: usize, upper: bool) -> usize {
    let (above, below) = ends(&graph.edges[way]);
    let passing = &page.passing[way];
    let slot = if upper { passing.first() } else { passing.last() };
    slot.copied().unwrap_or(if upper { below } else { above })
}

fn spread(page: &Page, at: usize, mut ways: Vec<(usize, usize)>) -> Vec<(usize, f64)> {
    let x = |slot: usize| page.slots[slot].x;
    ways.sort_by(|one, other| x(one.1).total_cmp(&x(other.1)));
    let room = (page.slots[at].size.width / 2.0 - CORNER).max(0.0);
    let gaps = to_f64(ways.len().saturating_sub(1));
    let apart = if gaps > 0.0 { APART.min(2.0 * room / gaps) } else { 0.0 };
    let wished = ways.iter().enumerate().map(|(index, (_, slot))| {
        let steps = to_f64(index) * apart;
        ((x(*slot) - x(at)).clamp(-room, room) - steps, 1.0)
    });
    let wished: Vec<(f64, f64)> = wished.collect();
    let most = room - gaps * apart;
    let placed =
        rising(&wished).into_iter().enumerate().map(|(index, at)| at.min(most).max(-room) + to_f64(index) * apart);
    ways.iter().zip(placed).map(|((way, _), at)| (*way, at)).collect()
}
