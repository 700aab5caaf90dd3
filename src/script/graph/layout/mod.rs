//! Where boxes and ways stand on the page: in layers, from top to bottom, in the order of the script.
//!
//! Every way has a slot of its own in each layer that it passes, beside the boxes; it bends only between layers. So no line runs
//! through a box, and a label has its room. What leads back is laid out as if it led on, and drawn the other way round.

mod order;
mod place;
mod ports;

use super::{Edge, Graph};

/// A point on the page, in pixels.
pub(super) type Point = (f64, f64);

/// How large something is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Size {
    pub(super) width: f64,
    pub(super) height: f64,
}

/// Where everything stands.
#[derive(Debug, Default)]
pub(super) struct Layout {
    pub(super) size: Size,
    /// The middle of each box.
    pub(super) nodes: Vec<Point>,
    /// For each way: where it is straight, from its beginning to its end, and the middle of its label.
    pub(super) edges: Vec<(Vec<Point>, Point)>,
}

/// The margin around everything.
const MARGIN: f64 = 20.0;

/// A place in a layer: a box, or a way that passes.
struct Slot {
    size: Size,
    layer: usize,
    is_box: bool,
    x: f64,
}

/// What a slot is joined with in a neighbouring layer.
#[derive(Clone, Copy)]
struct Link {
    to: usize,
    /// How straight it should be.
    weight: f64,
}

/// What matters of each way: whether it is the one that the script mainly goes, and whether it ends soon.
struct Ways {
    main: Vec<bool>,
    short: Vec<bool>,
}

impl Ways {
    fn of(graph: &Graph) -> Self {
        let long = lengths(graph);
        let short: Vec<bool> = graph.edges.iter().map(|edge| long[edge.to] * 2 < long[edge.from]).collect();
        let on = |way: &usize| graph.edges[*way].to > graph.edges[*way].from;
        let main = (0..graph.edges.len()).map(|way| {
            let from = graph.edges[way].from;
            let mut others = (0..graph.edges.len()).filter(|other| *other != way && graph.edges[*other].from == from);
            on(&way) && !short[way] && others.all(|other| !on(&other) || short[other])
        });
        Self { main: main.collect(), short }
    }
}

/// How many boxes may follow on each box at most, without going back.
fn lengths(graph: &Graph) -> Vec<usize> {
    let mut long = vec![0; graph.nodes.len()];
    for from in (0..graph.nodes.len()).rev() {
        for edge in graph.edges.iter().filter(|edge| edge.from == from && edge.to > from) {
            long[from] = long[from].max(long[edge.to] + 1);
        }
    }
    long
}

fn to_f64(number: usize) -> f64 {
    u32::try_from(number).map_or(f64::MAX, f64::from)
}

/// The page in the making.
struct Page {
    slots: Vec<Slot>,
    /// For each slot, its links to the layer above, and to the one below.
    above: Vec<Vec<Link>>,
    below: Vec<Vec<Link>>,
    layers: Vec<Vec<usize>>,
    /// For each way, its slots between its two boxes, from top to bottom. Empty for a way from a box to itself.
    passing: Vec<Vec<usize>>,
}

pub(super) fn layout(graph: &Graph, nodes: &[Size], labels: &[Size]) -> Layout {
    let ways = Ways::of(graph);
    let mut page = Page::new(graph, &ways, nodes, labels);
    order::order(&mut page, graph, &ways);
    place::place(&mut page);
    page.finish(graph)
}

/// The two ends of a way, the upper box first.
fn ends(edge: &Edge) -> (usize, usize) {
    (edge.from.min(edge.to), edge.from.max(edge.to))
}

impl Page {
    fn new(graph: &Graph, ways: &Ways, nodes: &[Size], labels: &[Size]) -> Self {
        let layers = layers(graph, nodes.len());
        let slot = |size: &Size, layer: &usize| Slot { size: *size, layer: *layer, is_box: true, x: 0.0 };
        let slots: Vec<Slot> = nodes.iter().zip(&layers).map(|(size, layer)| slot(size, layer)).collect();
        let links = vec![Vec::new(); slots.len()];
        let mut page = Self { slots, above: links.clone(), below: links, layers: Vec::new(), passing: Vec::new() };
        for (way, label) in labels.iter().enumerate() {
            let edge = &graph.edges[way];
            let pull = if ways.main[way] {
                20.0
            } else if edge.to > edge.from {
                1.0
            } else {
                0.02
            };
            page.pass(edge, *label, pull);
        }
        page
    }

    /// Gives a way a slot in each layer between its ends; `pull` is how much it matters that it is straight. Its label stands next to
    /// where it comes from.
    fn pass(&mut self, edge: &Edge, label: Size, pull: f64) {
        let (above, below) = ends(edge);
        let (first, last) = (self.slots[above].layer, self.slots[below].layer);
        let labelled = if edge.from == above { first + 1 } else { last.saturating_sub(1) };
        let mut passing = Vec::new();
        for layer in first + 1..last {
            let size = if layer == labelled { label } else { Size::default() };
            self.slots.push(Slot { size, layer, is_box: false, x: 0.0 });
            self.above.push(Vec::new());
            self.below.push(Vec::new());
            passing.push(self.slots.len() - 1);
        }
        let chain: Vec<usize> = [above].into_iter().chain(passing.iter().copied()).chain([below]).collect();
        for pair in chain.windows(2).filter(|_| above != below) {
            let boxes = pair.iter().filter(|slot| self.slots[**slot].is_box).count();
            let weight = [8.0, 2.0, 1.0][boxes] * pull;
            self.below[pair[0]].push(Link { to: pair[1], weight });
            self.above[pair[1]].push(Link { to: pair[0], weight });
        }
        self.passing.push(passing);
    }

    fn finish(self, graph: &Graph) -> Layout {
        let (tops, heights, bottom) = self.rows();
        let left = self.slots.iter().map(|slot| slot.x - slot.size.width / 2.0).fold(f64::MAX, f64::min);
        let right = self.slots.iter().map(|slot| slot.x + slot.size.width / 2.0).fold(f64::MIN, f64::max);
        let x = |slot: usize| self.slots[slot].x - left + MARGIN;
        let middle = |slot: usize| {
            let layer = self.slots[slot].layer;
            (x(slot), tops[layer] + heights[layer] / 2.0)
        };
        let ports = ports::ports(&self, graph);
        let edges = graph.edges.iter().zip(&self.passing).zip(ports).map(|((edge, passing), port)| {
            let (above, below) = ends(edge);
            let half = |slot: usize| self.slots[slot].size.height / 2.0;
            let mut corners = vec![(x(above) + port.0, middle(above).1 + half(above))];
            // Down to the end of the box's own layer, straight through each layer, and from the beginning of the last one on.
            let layer = self.slots[above].layer;
            corners.push((corners[0].0, tops[layer] + heights[layer]));
            for slot in passing {
                let layer = self.slots[*slot].layer;
                corners.extend([(x(*slot), tops[layer]), (x(*slot), tops[layer] + heights[layer])]);
            }
            let end = (x(below) + port.1, middle(below).1 - half(below));
            corners.extend([(end.0, tops[self.slots[below].layer]), end]);
            let labelled = if edge.from == above { passing.first() } else { passing.last() };
            if edge.from != above {
                corners.reverse();
            }
            (corners, labelled.map_or(middle(above), |slot| middle(*slot)))
        });
        Layout {
            edges: edges.collect(),
            nodes: (0..graph.nodes.len()).map(middle).collect(),
            size: Size { width: right - left + 2.0 * MARGIN, height: bottom + MARGIN },
        }
    }

    /// Each layer's top and height, and the bottom of the last one. Where ways bend far, there is more room between layers.
    fn rows(&self) -> (Vec<f64>, Vec<f64>, f64) {
        let (mut tops, mut heights, mut y) = (Vec::new(), Vec::new(), MARGIN);
        for layer in 0..self.layers.len() {
            let height = self.layers[layer].iter().map(|slot| self.slots[*slot].size.height).fold(0.0, f64::max);
            let bends = self.layers[layer].iter().flat_map(|slot| {
                self.below[*slot].iter().map(|link| (self.slots[*slot].x - self.slots[link.to].x).abs())
            });
            let bend = bends.fold(0.0, f64::max);
            tops.push(y);
            heights.push(height);
            y += height + 12.0 + (bend / 12.0).min(34.0);
        }
        let bottom = tops.last().zip(heights.last()).map_or(y, |(top, height)| top + height);
        (tops, heights, bottom)
    }
}

/// Each box's layer: below everything that leads to it. Between two layers of boxes there is one for labels.
fn layers(graph: &Graph, count: usize) -> Vec<usize> {
    let mut layers = vec![0; count];
    let mut ways: Vec<(usize, usize)> = graph.edges.iter().map(ends).filter(|(above, below)| above != below).collect();
    ways.sort_unstable();
    for (above, below) in ways {
        layers[below] = layers[below].max(layers[above] + 2);
    }
    layers
}

#[cfg(test)]
mod tests {
    use super::super::{Node, NodeKind};
    use super::*;

    /// Numbers that look as if by chance, the same each time.
    struct Dice(u64);

    impl Dice {
        fn roll(&mut self, sides: usize) -> usize {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(self.0 >> 33).unwrap() % sides
        }

        fn size(&mut self, most: usize) -> Size {
            Size { width: to_f64(30 + self.roll(most)), height: to_f64(14 + self.roll(most)) }
        }
    }

    /// Boxes in a row, with ways on, ways back and ways that skip some.
    fn graph(dice: &mut Dice) -> Graph {
        let count = 2 + dice.roll(30);
        let edge = |from, to| Edge { from, to, labels: Vec::new(), dashed: to <= from, tested: true };
        let mut edges: Vec<Edge> = (1..count).map(|to| edge(dice.roll(to), to)).collect();
        edges.extend((0..dice.roll(count)).map(|_| edge(dice.roll(count), dice.roll(count))));
        edges.retain(|edge| edge.from != edge.to);
        Graph { nodes: vec![Node::new(NodeKind::Say, ""); count], edges, ..Graph::default() }
    }

    /// Left, right, top and bottom.
    fn frame(at: Point, size: Size) -> [f64; 4] {
        [at.0 - size.width / 2.0, at.0 + size.width / 2.0, at.1 - size.height / 2.0, at.1 + size.height / 2.0]
    }

    fn overlap(one: [f64; 4], other: [f64; 4]) -> bool {
        let less = |a: f64, b: f64| a < b - 0.01;
        less(one[0], other[1]) && less(other[0], one[1]) && less(one[2], other[3]) && less(other[2], one[3])
    }

    #[test]
    fn nothing_stands_on_anything_and_no_way_runs_through_a_box() {
        let mut dice = Dice(7);
        for round in 0..60 {
            let graph = graph(&mut dice);
            let sizes: Vec<Size> = graph.nodes.iter().map(|_| dice.size(220)).collect();
            let labels: Vec<Size> = graph.edges.iter().map(|_| dice.size(60)).collect();
            let placed = layout(&graph, &sizes, &labels);
            let page = [0.0, placed.size.width, 0.0, placed.size.height];
            let boxes = placed.nodes.iter().zip(&sizes).map(|(at, size)| frame(*at, *size));
            let labels = placed.edges.iter().zip(&labels).map(|((_, at), size)| frame(*at, *size));
            let all: Vec<[f64; 4]> = boxes.clone().chain(labels).collect();
            for (index, one) in all.iter().enumerate() {
                assert!(one[0] >= page[0] && one[1] <= page[1] && one[2] >= page[2] && one[3] <= page[3], "{round}");
                assert!(!all[index + 1..].iter().any(|other| overlap(*one, *other)), "round {round}: {index}");
            }
            let boxes: Vec<[f64; 4]> = boxes.collect();
            for (edge, (corners, _)) in graph.edges.iter().zip(&placed.edges) {
                for pair in corners.windows(2) {
                    // A bend stays between its two corners.
                    let ((x1, y1), (x2, y2)) = (pair[0], pair[1]);
                    let bend = [x1.min(x2) - 0.5, x1.max(x2) + 0.5, y1.min(y2), y1.max(y2)];
                    let through = boxes.iter().position(|other| overlap(bend, *other));
                    assert_eq!(through, None, "round {round}: {} to {}", edge.from, edge.to);
                }
                assert_eq!(corners.first().map(|at| at.1 < corners[corners.len() - 1].1), Some(edge.from < edge.to));
            }
        }
    }

    #[test]
    fn the_main_way_goes_straight_down() {
        let edge = |from, to| Edge { from, to, labels: Vec::new(), dashed: false, tested: true };
        // 0 - 1 - 3 - 4 - 5 - 6, and 2 is an end beside it.
        let edges = vec![edge(0, 1), edge(1, 2), edge(1, 3), edge(3, 4), edge(4, 5), edge(5, 6)];
        let graph = Graph { nodes: vec![Node::new(NodeKind::Say, ""); 7], edges, ..Graph::default() };
        let placed = layout(&graph, &[Size { width: 100.0, height: 40.0 }; 7], &[Size::default(); 6]);
        let x: Vec<f64> = placed.nodes.iter().map(|at| at.0).collect();
        assert!(x[2] > x[3] + 100.0, "{x:?}");
        assert!([1, 3, 4, 5, 6].iter().all(|at| (x[*at] - x[0]).abs() < 12.0), "{x:?}");
    }
}
