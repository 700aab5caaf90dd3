//! The flow of a script as a person meets it: what is said and asked, where it goes on, and what no transcript has reached.
//!
//! Builds values and texts (Mermaid, SVG); reads and writes no files. What only keeps books (`set`, `remember` ...) is left out, and
//! so is a condition that decides about nothing else.

mod build;
mod layout;
mod measure;
mod mermaid;
mod overview;
mod svg;
mod words;

use std::collections::BTreeSet;

pub use overview::overview;

use super::model::Script;

/// A drawing before it has a form.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Graph {
    /// What stands above it.
    pub title: String,
    /// The boxes. The first one is where it begins.
    pub nodes: Vec<Node>,
    /// The ways between them.
    pub edges: Vec<Edge>,
    /// What the forms and colours stand for, as far as the boxes do not say it.
    pub legend: Vec<(NodeKind, &'static str)>,
    /// Whether it is known which ways have been tried.
    pub tested: bool,
}

/// A box.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// What it is for.
    pub kind: NodeKind,
    /// A short heading: a question's id, a verb. May be empty.
    pub head: String,
    /// What is said, one entry for each message.
    pub lines: Vec<String>,
    /// Buttons.
    pub buttons: Vec<String>,
    /// What an author wants to know besides.
    pub notes: Vec<String>,
}

/// What a box is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeKind {
    /// Where it begins.
    Start,
    /// Something is said.
    Say,
    /// Something is asked: here it waits.
    Ask,
    /// Time passes: here it waits, too.
    Wait,
    /// A condition.
    Branch,
    /// Another script.
    Script,
    /// Something that is kept, or comes later.
    Keep,
    /// The end.
    End,
    /// "Back to ...": stands for a way to a question that many ways lead back to.
    Back,
}

/// A way from one box to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edge {
    /// Where it begins, by the number of the box.
    pub from: usize,
    /// Where it leads.
    pub to: usize,
    /// What has to hold, or what is chosen; each of these.
    pub labels: Vec<String>,
    /// A start of another script, or a way that comes back.
    pub dashed: bool,
    /// Whether a transcript went it; true when nothing is known.
    pub tested: bool,
}

impl Graph {
    /// The flow of a script. `text` is its file, `taken` the ways from operation to operation that transcripts went.
    #[must_use]
    pub fn of(script: &Script, text: &str, taken: Option<&BTreeSet<(usize, usize)>>) -> Self {
        build::build(script, text, taken)
    }

    /// As Mermaid: a flowchart from top to bottom.
    #[must_use]
    pub fn mermaid(&self) -> String {
        mermaid::write(self)
    }

    /// As a picture that stands for itself: light and dark, with its words for those who do not see it.
    #[must_use]
    pub fn svg(&self) -> String {
        svg::draw(self)
    }

    /// Whether everything that is drawn was reached.
    #[must_use]
    pub fn untested(&self) -> usize {
        self.edges.iter().filter(|edge| !edge.tested).count()
    }
}

impl Node {
    fn new(kind: NodeKind, head: impl Into<String>) -> Self {
        Self { kind, head: head.into(), lines: Vec::new(), buttons: Vec::new(), notes: Vec::new() }
    }

    /// What it is called in a sentence.
    fn name(&self) -> &str {
        if self.head.is_empty() { self.lines.first().map_or("condition", String::as_str) } else { &self.head }
    }
}
