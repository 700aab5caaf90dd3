//! Writes an outline down: keys in the order of the grammar, two spaces further in for each level.

use super::super::grammar::{Cases, Shape, Takes};
use super::super::yaml::Kind;
use super::outline::{Entry, Note, Outline};
use super::scalar;

/// As wide as brackets may become.
const WIDTH: usize = 120;

pub(super) fn print(outline: &Outline<'_>, shape: &'static Shape) -> String {
    let mut printer = Printer { outline, out: String::new() };
    let root = outline.root();
    // What stands on top of the file stays there, whichever key comes first.
    let first = root.children.first().copied();
    printer.notes(first.map_or(&[], |first| &outline.entries[first].above), 0);
    printer.children(root, Takes::Map(shape), 0, first);
    printer.notes(&root.below, 0);
    printer.out
}

struct Printer<'o, 't> {
    outline: &'o Outline<'t>,
    out: String,
}

impl<'o, 't> Printer<'o, 't> {
    fn entry(&self, index: usize) -> &'o Entry<'t> {
        &self.outline.entries[index]
    }

    /// Everything inside a list or mapping, each on a line of its own. The notes above `told` are written already.
    fn children(&mut self, entry: &Entry<'_>, takes: Takes, indent: usize, told: Option<usize>) {
        for (number, (index, takes)) in self.ordered(entry, takes).into_iter().enumerate() {
            let child = self.entry(index);
            if Some(index) != told {
                let above = if number == 0 { without_blanks(&child.above) } else { &child.above };
                self.notes(above, indent);
            }
            self.out.push_str(&" ".repeat(indent));
            match child.key {
                Some(_) => self.named(child, takes, indent),
                None => self.item(child, takes, indent),
            }
        }
    }

    /// `- value`
    fn item(&mut self, child: &Entry<'_>, takes: Takes, indent: usize) {
        let map = matches!(child.node.kind, Kind::Map(_));
        self.out.push('-');
        if !map || self.line(child, takes, indent).is_some() {
            return self.value(child, takes, indent);
        }
        // A mapping begins behind the dash: what stands above its first key has to go above the dash.
        self.out.truncate(self.out.len() - indent - 1);
        let first = self.ordered(child, takes)[0].0;
        let beside = child.beside.map(|(comment, _)| Note::Comment(comment));
        self.notes(beside.as_slice(), indent);
        self.notes(without_blanks(&self.entry(first).above), indent);
        let start = self.out.len();
        self.children(child, takes, indent + 2, Some(first));
        self.out.replace_range(start + indent..=start + indent, "-");
        self.notes(&child.below, indent + 2);
    }

    /// `name: value`
    fn named(&mut self, child: &Entry<'_>, takes: Takes, indent: usize) {
        let key = child.key.map_or(String::new(), |key| scalar::written(key.name, key.quoted, false));
        self.out.push_str(&key);
        self.out.push(':');
        self.value(child, takes, indent);
    }

    /// What stands behind `-` or `name:`, and the end of its line.
    fn value(&mut self, child: &Entry<'_>, takes: Takes, indent: usize) {
        if let Some(text) = child.node.scalar() {
            let block = scalar::needs_block(&text.text);
            let line = if block { scalar::block_header(&text.text) } else { scalar::inline(text, false) };
            self.end_line(&line, child);
            return if block {
                self.block(&text.text, indent + 2)
            };
        }
        if let Some(line) = self.line(child, takes, indent) {
            return self.end_line(&line, child);
        }
        self.end_line("", child);
        self.children(child, takes, indent + 2, None);
        self.notes(&child.below, indent + 2);
    }

    fn end_line(&mut self, line: &str, child: &Entry<'_>) {
        if !line.is_empty() {
            self.out.push(' ');
            self.out.push_str(line);
        }
        if let Some((comment, column)) = child.beside {
            let gap = column.saturating_sub(self.column()).max(1);
            self.out.push_str(&" ".repeat(gap));
            self.out.push_str(comment);
        }
        self.out.push('\n');
    }

    fn column(&self) -> usize {
        self.out.rsplit('\n').next().map_or(0, |line| line.chars().count())
    }

    fn block(&mut self, text: &str, indent: usize) {
        for line in text.strip_suffix('\n').unwrap_or(text).split('\n') {
            if !line.is_empty() {
                self.out.push_str(&" ".repeat(indent));
                self.out.push_str(line);
            }
            self.out.push('\n');
        }
    }

    /// Notes on lines of their own; no blank lines on top of a file, and no two of them together.
    fn notes(&mut self, notes: &[Note<'_>], indent: usize) {
        for note in notes {
            match note {
                Note::Comment(comment) => {
                    self.out.push_str(&" ".repeat(indent));
                    self.out.push_str(comment);
                    self.out.push('\n');
                }
                Note::Blank if self.out.is_empty() || self.out.ends_with("\n\n") => {}
                Note::Blank => self.out.push('\n'),
            }
        }
    }

    /// A list or mapping in brackets, if it is written so and fits behind what stands on this line already.
    fn line(&self, entry: &Entry<'_>, takes: Takes, indent: usize) -> Option<String> {
        let line = self.in_brackets(entry, takes)?;
        let fits = self.column() + 1 + line.chars().count() <= WIDTH || entry.children.is_empty();
        if fits { Some(line) } else { self.wrapped(entry, takes, indent) }
    }

    /// A value on one line in brackets, if its author wrote it so, or if it is always written so.
    fn in_brackets(&self, entry: &Entry<'_>, takes: Takes) -> Option<String> {
        let always = match takes {
            Takes::Names | Takes::Phrases | Takes::Starters => true,
            Takes::Map(shape) => matches!(shape.cases, Cases::ByWord(..)),
            _ => false,
        };
        (entry.flow || always || entry.children.is_empty()).then(|| self.brackets(entry, takes)).flatten()
    }

    fn brackets(&self, entry: &Entry<'_>, takes: Takes) -> Option<String> {
        if let Some(text) = entry.node.scalar() {
            return (!scalar::needs_block(&text.text)).then(|| scalar::inline(text, true));
        }
        if !entry.below.is_empty() {
            return None;
        }
        let mut parts = Vec::new();
        for (index, takes) in self.ordered(entry, takes) {
            let child = self.entry(index);
            if child.beside.is_some() || child.above.iter().any(|note| *note != Note::Blank) {
                return None;
            }
            let key = child.key.map(|key| scalar::written(key.name, key.quoted, true) + ": ").unwrap_or_default();
            parts.push(key + &self.brackets(child, takes)?);
        }
        let nested = entry.children.iter().any(|child| self.entry(*child).node.scalar().is_none());
        let inside = parts.join(", ");
        Some(match &entry.node.kind {
            Kind::Map(_) if parts.is_empty() => "{}".into(),
            Kind::Map(_) => format!("{{ {inside} }}"),
            _ if nested => format!("[ {inside} ]"),
            _ => format!("[{inside}]"),
        })
    }

    /// A list of words over several lines.
    fn wrapped(&self, entry: &Entry<'_>, takes: Takes, indent: usize) -> Option<String> {
        if !matches!(takes, Takes::Names | Takes::Phrases | Takes::Starters) {
            return None;
        }
        let (mut text, mut column) = (String::from("["), self.column() + 2);
        let last = entry.children.len() - 1;
        for (number, index) in entry.children.iter().enumerate() {
            let word = self.brackets(self.entry(*index), takes)? + if number == last { "]" } else { "," };
            if number > 0 && column + 1 + word.chars().count() > WIDTH {
                text.push('\n');
                text.push_str(&" ".repeat(indent + 2));
                column = indent + 2;
            } else if number > 0 {
                text.push(' ');
                column += 1;
            }
            column += word.chars().count();
            text.push_str(&word);
        }
        Some(text)
    }

    /// The children in the order they are best written in, and what each takes.
    fn ordered(&self, entry: &Entry<'_>, takes: Takes) -> Vec<(usize, Takes)> {
        let plain = |takes: Takes| entry.children.iter().map(|child| (*child, takes)).collect();
        match takes {
            Takes::Maps(shape) => plain(Takes::Map(shape)),
            Takes::Steps => plain(Takes::Map(&super::super::grammar::STEP)),
            Takes::Each(inner) => plain(*inner),
            Takes::Map(shape) => self.by_rank(entry, shape),
            _ => plain(Takes::Plain),
        }
    }

    fn by_rank(&self, entry: &Entry<'_>, shape: &'static Shape) -> Vec<(usize, Takes)> {
        let value = |name: &str| {
            entry.children.iter().find(|child| self.entry(**child).key.is_some_and(|key| key.name == name))
        };
        let case = shape.cases().iter().find(|case| match &shape.cases {
            Cases::One => false,
            Cases::ByKey(_) => value(case.telling.name).is_some(),
            Cases::ByWord(key, _) => value(key.name)
                .and_then(|child| self.entry(*child).node.scalar())
                .is_some_and(|word| word.text == case.telling.name),
        });
        let keys: Vec<_> = shape.keys(case).collect();
        let rank =
            |child: usize| keys.iter().position(|key| self.entry(child).key.is_some_and(|own| own.name == key.name));
        let mut ordered: Vec<usize> = entry.children.clone();
        ordered.sort_by_key(|child| rank(*child).unwrap_or(keys.len()));
        ordered.into_iter().map(|child| (child, rank(child).map_or(Takes::Plain, |rank| keys[rank].takes))).collect()
    }
}

/// Notes without the blank lines on top of them.
fn without_blanks<'n, 't>(notes: &'n [Note<'t>]) -> &'n [Note<'t>] {
    let blanks = notes.iter().take_while(|note| **note == Note::Blank).count();
    &notes[blanks..]
}
