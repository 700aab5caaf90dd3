//! From flat operations to boxes and ways: every operation is a box at first; what nobody meets is taken out again, and what is said in
//! a row becomes one box.

use std::collections::BTreeSet;

use super::super::model::{OpKind, Question, Script};
use super::super::problem::Source;
use super::super::yaml;
use super::nodes::{BUTTON, node};
use super::words::{Typed, shortened, shown};
use super::{Edge, Graph, Node, NodeKind};

const CONDITION: usize = 60;
/// So many ways back to one box may be drawn.
const MOST_BACK: usize = 3;

pub(super) fn build(script: &Script, text: &str, taken: Option<&BTreeSet<(usize, usize)>>) -> Graph {
    let typed = Typed::new(yaml::parse(&mut Source::new("", text)));
    let mut work = Work { script, typed, taken, nodes: Vec::new(), edges: Vec::new() };
    work.nodes = script.ops.iter().map(|op| node(op, &work.typed)).collect();
    for pc in 0..script.ops.len() {
        work.ways(pc);
    }
    work.begin();
    work.drop_unreached();
    while work.drop_idle() {}
    while work.join_conditions() {}
    while work.join_messages() {}
    work.quieten();
    work.connect();
    work.finish()
}

/// A drawing in the making: boxes by operation, with one more for the start; `None` where nothing is drawn.
struct Work<'s> {
    script: &'s Script,
    typed: Typed,
    taken: Option<&'s BTreeSet<(usize, usize)>>,
    nodes: Vec<Option<Node>>,
    edges: Vec<Edge>,
}

/// What the forms and colours stand for.
const LEGEND: [(NodeKind, &str); 4] = [
    (NodeKind::Ask, "asks and waits"),
    (NodeKind::Branch, "condition"),
    (NodeKind::Script, "another script"),
    (NodeKind::Keep, "kept or planned"),
];

impl Work<'_> {
    /// The ways out of an operation.
    fn ways(&mut self, pc: usize) {
        match &self.script.ops[pc].kind {
            OpKind::End(_) | OpKind::Start { .. } | OpKind::BeginStep(_) => {}
            OpKind::Jump(to) => self.way(pc, *to, None),
            OpKind::JumpUnless(test, to) => {
                let condition = shortened(self.typed.at(test.span.start), CONDITION);
                self.way(pc, pc + 1, Some(condition));
                self.way(pc, *to, Some("else".into()));
            }
            OpKind::Redo { id, back_to } => {
                let to = self.script.ids.get(id).copied().unwrap_or(pc + 1);
                self.way(pc, to, Some(format!("again, then {back_to}")));
            }
            OpKind::Ask(ask) => {
                self.way(pc, pc + 1, None);
                self.otherwise(pc, &ask.question);
            }
            OpKind::Choose(choose) => {
                for option in &choose.options {
                    self.way(pc, option.then, Some(shown(&option.label.source, BUTTON)));
                }
                if choose.question.skip || choose.many || choose.other_text {
                    let word = if choose.question.skip { "Skip" } else { "their own words" };
                    self.way(pc, pc + 1, Some(word.into()));
                }
                self.otherwise(pc, &choose.question);
            }
            OpKind::Say { .. }
            | OpKind::SayCount { .. }
            | OpKind::Wait(_)
            | OpKind::Set(_)
            | OpKind::Compose(..)
            | OpKind::Remember(_)
            | OpKind::Forget(_)
            | OpKind::Journal { .. }
            | OpKind::Promise { .. }
            | OpKind::Settle { .. }
            | OpKind::CheckIn { .. }
            | OpKind::Deed { .. }
            | OpKind::Schedule(_)
            | OpKind::Cancel { .. }
            | OpKind::Remind { .. }
            | OpKind::DropReminder(_)
            | OpKind::TurnDown(_)
            | OpKind::Call { .. } => self.way(pc, pc + 1, None),
        }
    }

    fn otherwise(&mut self, pc: usize, question: &Question) {
        if question.has_otherwise {
            self.way(pc, question.otherwise, Some(format!("not understood {} times", question.tries)));
        }
    }

    fn way(&mut self, from: usize, to: usize, label: Option<String>) {
        let tested = self.taken.is_none_or(|taken| taken.contains(&(from, to)));
        self.add(Edge { from, to, labels: label.into_iter().collect(), dashed: false, tested });
    }

    /// Adds a way, or its labels to one that is the same else.
    fn add(&mut self, edge: Edge) {
        let same = |other: &&mut Edge| (other.from, other.to, other.tested) == (edge.from, edge.to, edge.tested);
        match self.edges.iter_mut().find(same) {
            Some(other) => {
                for label in edge.labels {
                    if !other.labels.contains(&label) {
                        other.labels.push(label);
                    }
                }
            }
            None => self.edges.push(edge),
        }
    }

    fn begin(&mut self) {
        let script = self.script;
        let commands = script.starters.commands.iter().map(|command| format!("/{command}"));
        let mut start = Node::new(NodeKind::Start, &script.title);
        start.lines.extend(commands);
        self.nodes.push(Some(start));
        self.edges.push(Edge { from: self.nodes.len() - 1, to: 0, labels: Vec::new(), dashed: false, tested: true });
    }

    fn drop_unreached(&mut self) {
        let mut seen = BTreeSet::new();
        let mut open = vec![self.nodes.len() - 1];
        while let Some(at) = open.pop() {
            if seen.insert(at) {
                open.extend(self.edges.iter().filter(|edge| edge.from == at).map(|edge| edge.to));
            }
        }
        self.edges.retain(|edge| seen.contains(&edge.from));
    }

    /// Takes out what nobody meets, and conditions whose ways all lead to one place.
    fn drop_idle(&mut self) -> bool {
        let before = self.edges.len();
        for at in (0..self.script.ops.len()).rev() {
            if self.is_idle(at) {
                self.drop(at);
            }
        }
        self.edges.len() < before
    }

    fn is_idle(&self, at: usize) -> bool {
        let mut ways = self.edges.iter().filter(|edge| edge.from == at).map(|edge| edge.to);
        let Some(first) = ways.next().filter(|first| *first != at) else { return false };
        let branch = self.nodes[at].as_ref().is_some_and(|node| node.kind == NodeKind::Branch);
        self.nodes[at].is_none() || (branch && ways.all(|other| other == first))
    }

    /// Joins the ways into an operation with the one out of it.
    fn drop(&mut self, at: usize) {
        let condition = self.nodes[at].take().is_some();
        let (out, mut ways): (Vec<Edge>, Vec<Edge>) = self.edges.drain(..).partition(|edge| edge.from == at);
        // One of several ways that nobody sees the difference of is enough.
        let tested = out.iter().any(|edge| edge.tested);
        for edge in ways.iter_mut().filter(|edge| edge.to == at) {
            (edge.to, edge.tested) = (out[0].to, edge.tested && tested);
            // A `redo` says where it goes on; a condition that makes no difference says nothing.
            if !condition {
                edge.labels.extend(out[0].labels.iter().cloned());
            }
        }
        for edge in ways {
            if edge.to == out[0].to { self.add(edge) } else { self.edges.push(edge) }
        }
    }

    /// A condition behind the `else` of another one is one more case of it.
    fn join_conditions(&mut self) -> bool {
        let is_branch = |at: usize| self.nodes[at].as_ref().is_some_and(|node| node.kind == NodeKind::Branch);
        let found = self.edges.iter().position(|edge| {
            edge.labels == ["else"] && is_branch(edge.from) && is_branch(edge.to) && self.ways_to(edge.to) == 1
        });
        let Some(index) = found else { return false };
        let Edge { from, to, .. } = self.edges.remove(index);
        self.nodes[to] = None;
        self.edges.iter_mut().filter(|edge| edge.from == to).for_each(|edge| edge.from = from);
        true
    }

    /// What is said in a row is one box.
    fn join_messages(&mut self) -> bool {
        let says = |at: usize| self.nodes[at].as_ref().is_some_and(|node| node.kind == NodeKind::Say);
        let found = self
            .edges
            .iter()
            .position(|edge| says(edge.from) && says(edge.to) && edge.from != edge.to && self.ways_to(edge.to) == 1);
        let Some(index) = found else { return false };
        let Edge { from, to, .. } = self.edges.remove(index);
        if let (Some(second), Some(first)) = (self.nodes[to].take(), self.nodes[from].as_mut()) {
            first.lines.extend(second.lines);
        }
        self.edges.iter_mut().filter(|edge| edge.from == to).for_each(|edge| edge.from = from);
        true
    }

    /// A question whose answers all lead to one place needs no names on the way there.
    fn quieten(&mut self) {
        for at in 0..self.script.ops.len() {
            let mut ways: Vec<&mut Edge> = self.edges.iter_mut().filter(|edge| edge.from == at).collect();
            let asks = self.nodes[at].as_ref().is_some_and(|node| node.kind == NodeKind::Ask);
            if asks && ways.len() == 1 {
                ways[0].labels.clear();
            }
        }
    }

    /// Where many ways lead back to one question, or one at once, each ends at a sign that names it.
    fn connect(&mut self) {
        for at in 0..self.script.ops.len() {
            let back = |edge: &Edge| edge.to == at && (at..self.script.ops.len()).contains(&edge.from);
            let many = self.edges.iter().filter(|edge| back(edge)).count() > MOST_BACK;
            let name = self.nodes[at].as_ref().map_or(String::new(), |node| format!("back to {}", node.name()));
            for edge in self.edges.iter_mut().filter(|edge| back(edge) && (many || edge.from == at)) {
                edge.to = self.nodes.len();
                self.nodes.push(Some(Node::new(NodeKind::Back, &name)));
            }
        }
    }

    fn ways_to(&self, at: usize) -> usize {
        self.edges.iter().filter(|edge| edge.to == at).count()
    }

    /// Numbers the boxes that are left, the start first, in the order of the script.
    fn finish(self) -> Graph {
        let start = self.script.ops.len();
        let used =
            |at: &usize| self.nodes[*at].is_some() && self.edges.iter().any(|edge| edge.from == *at || edge.to == *at);
        let boxes = (0..start).chain(start + 1..self.nodes.len()).filter(used);
        let kept: Vec<usize> = std::iter::once(start).chain(boxes).collect();
        let number = |at: usize| kept.iter().position(|kept| *kept == at);
        let edges = self.edges.iter().filter_map(|edge| {
            let (from, to) = (number(edge.from)?, number(edge.to)?);
            Some(Edge { from, to, dashed: to <= from, ..edge.clone() })
        });
        let mut edges: Vec<Edge> = edges.collect();
        edges.sort_by_key(|edge| edge.from);
        Graph {
            title: self.script.title.clone(),
            edges,
            legend: LEGEND.to_vec(),
            nodes: kept.iter().filter_map(|at| self.nodes[*at].clone()).collect(),
            tested: self.taken.is_some(),
        }
    }
}
