//! A file's tree with its comments and blank lines, each at the entry it belongs to. The parser knows no comments; they are found in
//! the text, by place.

use std::collections::BTreeMap;

use super::super::yaml::{Key, Kind, Node};

/// All entries of a file in the order they are written in; the first one is the whole file.
#[derive(Debug)]
pub(super) struct Outline<'t> {
    pub(super) entries: Vec<Entry<'t>>,
}

/// An item of a list, or a key with its value.
#[derive(Debug)]
pub(super) struct Entry<'t> {
    pub(super) key: Option<WrittenKey<'t>>,
    pub(super) node: &'t Node,
    pub(super) children: Vec<usize>,
    /// Its value is a list or a mapping in brackets.
    pub(super) flow: bool,
    /// What stands on lines of its own above it.
    pub(super) above: Vec<Note<'t>>,
    /// The comment behind it, and the column it stood in.
    pub(super) beside: Option<(&'t str, usize)>,
    /// What stands behind its last child, as far in as its children.
    pub(super) below: Vec<Note<'t>>,
    parent: Option<usize>,
    /// Where it begins: its key, or the dash in front of it.
    start: usize,
    column: usize,
}

/// A key as it was typed.
#[derive(Clone, Copy, Debug)]
pub(super) struct WrittenKey<'t> {
    pub(super) name: &'t str,
    pub(super) quoted: bool,
    end: usize,
}

/// A comment with its `#`, or a blank line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Note<'t> {
    Blank,
    Comment(&'t str),
}

/// A note and where it was found.
struct Found<'t> {
    note: Note<'t>,
    at: usize,
    column: usize,
    /// False for a comment behind something.
    alone: bool,
}

impl<'t> Outline<'t> {
    pub(super) fn of(text: &'t str, root: &'t Node) -> Self {
        let mut outline = Self { entries: Vec::new() };
        outline.add(text, None, None, root, 0);
        let found = outline.notes(text);
        outline.place(&found);
        outline
    }

    pub(super) fn root(&self) -> &Entry<'t> {
        &self.entries[0]
    }

    /// All comments, sorted.
    pub(super) fn comments(&self) -> Vec<&'t str> {
        let mut found: Vec<&str> = Vec::new();
        for entry in &self.entries {
            found.extend(entry.beside.map(|(comment, _)| comment));
            for note in entry.above.iter().chain(&entry.below) {
                if let Note::Comment(comment) = note {
                    found.push(comment);
                }
            }
        }
        found.sort_unstable();
        found
    }

    fn add(
        &mut self,
        text: &'t str,
        parent: Option<usize>,
        key: Option<&'t Key>,
        node: &'t Node,
        start: usize,
    ) -> usize {
        let inside_flow = parent.is_some_and(|parent| self.entries[parent].flow);
        let quoted = |key: &Key| text[key.span.start..].starts_with(['"', '\'']);
        let key = key.map(|key| WrittenKey { name: &key.name, quoted: quoted(key), end: key.span.end });
        let index = self.entries.len();
        self.entries.push(Entry {
            key,
            node,
            children: Vec::new(),
            flow: node.flow || (inside_flow && node.scalar().is_none()),
            above: Vec::new(),
            beside: None,
            below: Vec::new(),
            parent,
            start,
            column: column(text, start),
        });
        let flow = self.entries[index].flow;
        let children: Vec<usize> = match &node.kind {
            Kind::Scalar(_) => Vec::new(),
            Kind::List(items) => items
                .iter()
                .map(|item| {
                    let start = if flow { item.span.start } else { dash(text, item.span.start) };
                    self.add(text, Some(index), None, item, start)
                })
                .collect(),
            Kind::Map(entries) => entries
                .iter()
                .map(|(key, value)| self.add(text, Some(index), Some(key), value, key.span.start))
                .collect(),
        };
        self.entries[index].children = children;
        index
    }

    /// Every comment and blank line, in order.
    fn notes(&self, text: &'t str) -> Vec<Found<'t>> {
        let texts = self.texts(text);
        let mut found = Vec::new();
        let mut start = 0;
        for line in text.split_inclusive('\n') {
            let end = start + line.len();
            let within = |at: usize| texts.range(..=at).next_back().is_some_and(|(_, end)| at < *end);
            if line.trim().is_empty() {
                if !within(start) && !within(end - 1) {
                    found.push(Found { note: Note::Blank, at: start, column: 0, alone: true });
                }
            } else if let Some(at) = comment(line).map(|at| start + at).find(|at| !within(*at)) {
                let note = Note::Comment(text[at..end].trim_end());
                let alone = text[start..at].trim().is_empty();
                found.push(Found { note, at, column: column(text, at), alone });
            }
            start = end;
        }
        found
    }

    /// Where texts stand, from start to end: nothing inside them is a comment.
    fn texts(&self, text: &str) -> BTreeMap<usize, usize> {
        let mut texts = BTreeMap::new();
        for entry in &self.entries {
            texts.extend(entry.key.map(|key| (entry.start, key.end)));
            let Some(scalar) = entry.node.scalar() else { continue };
            let span = entry.node.span.clone();
            let (before, whole) = (&text[..span.start], &text[span.clone()]);
            // A block begins behind its `|`. Blank lines behind it belong to it only when they are kept.
            let start = if scalar.block { before.trim_end().len() } else { span.start };
            let kept = if scalar.text.ends_with("\n\n") { whole.trim_end_matches(' ') } else { whole.trim_end() };
            texts.insert(start, span.start + kept.len());
        }
        texts
    }

    fn place(&mut self, found: &[Found<'t>]) {
        for (index, note) in found.iter().enumerate() {
            let next = self.entries.partition_point(|entry| entry.start <= note.at);
            let limit = self.entries.get(next).map_or(usize::MAX, |entry| entry.start);
            match note.note {
                Note::Comment(comment) if !note.alone => self.beside(next - 1, comment, note),
                Note::Comment(_) => self.alone(next, note, note.note),
                // A blank line goes with what comes behind it.
                Note::Blank => {
                    let following = found[index + 1..].iter().find(|other| other.note != Note::Blank);
                    match following.filter(|other| other.alone && other.at < limit) {
                        Some(comment) => self.alone(next, comment, Note::Blank),
                        None => self.entries.get_mut(next).into_iter().for_each(|entry| entry.above.push(Note::Blank)),
                    }
                }
            }
        }
    }

    /// A comment behind something belongs to the last entry that began before it, or to the brackets that closed around that one.
    fn beside(&mut self, before: usize, comment: &'t str, note: &Found<'t>) {
        let closed = self.line_up(before).filter(|at| self.entries[*at].closed(note.at)).last();
        let entry = &mut self.entries[closed.unwrap_or(before)];
        match entry.beside {
            None => entry.beside = Some((comment, note.column)),
            Some(_) => entry.above.push(note.note),
        }
    }

    /// What stands on a line of its own belongs to the entry below it, or to the end of the list or mapping that it is as far in as.
    fn alone(&mut self, next: usize, place: &Found<'t>, note: Note<'t>) {
        let holds = |at: &usize| {
            let entry = &self.entries[*at];
            let first = entry.children.first().map(|child| self.entries[*child].column);
            if entry.flow { !entry.closed(place.at) } else { first.is_some_and(|first| first <= place.column) }
        };
        let holder = self.line_up(next - 1).find(holds).unwrap_or(0);
        match self.entries.get_mut(next) {
            Some(entry) if entry.parent == Some(holder) => entry.above.push(note),
            _ => self.entries[holder].below.push(note),
        }
    }

    /// An entry and everything it stands in, from the inside out.
    fn line_up(&self, entry: usize) -> impl Iterator<Item = usize> {
        std::iter::successors(Some(entry), |at| self.entries[*at].parent)
    }
}

impl Entry<'_> {
    /// Whether its brackets have closed before a place.
    fn closed(&self, at: usize) -> bool {
        self.flow && self.node.span.end <= at
    }
}

/// Where a `#` may begin a comment in a line: at its beginning, or behind a space.
fn comment(line: &str) -> impl Iterator<Item = usize> {
    line.match_indices('#').map(|(at, _)| at).filter(|at| *at == 0 || line[..*at].ends_with([' ', '\t']))
}

fn column(text: &str, at: usize) -> usize {
    let before = &text[..at.min(text.len())];
    before.rsplit('\n').next().map_or(0, |line| line.chars().count())
}

/// The dash in front of a list's item. Comments may stand between the two.
fn dash(text: &str, item: usize) -> usize {
    let mut end = item;
    for line in text[..item].rsplit('\n') {
        let start = end - line.len();
        let code = comment(line).next().map_or(line, |at| &line[..at]);
        if let Some(at) = code.rfind('-') {
            return start + at;
        }
        end = start.saturating_sub(1);
    }
    item
}
