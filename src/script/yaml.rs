//! YAML to a tree of text that remembers where everything stands.
//!
//! Every scalar stays the text that was typed; what it means is decided by whoever reads it. What surprises authors is refused
//! here: doubled keys, anchors, aliases, tags, merges, tabs, more than one document. Never guesses a type.

use std::ops::Range;

use saphyr_parser::{Event, Parser, ScalarStyle, Span};

use super::mistyped::{Told, told};
use super::problem::Source;

/// Deeper nesting than this is a mistake, or an attack.
const MAX_DEPTH: usize = 80;
/// A longer file is no script.
const MAX_BYTES: usize = 256 * 1024;
/// More entries than this in one mapping are no script either.
const MAX_ENTRIES: usize = 1_000;

/// A piece of a file.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) span: Range<usize>,
    pub(crate) kind: Kind,
    /// A list or mapping in brackets.
    pub(crate) flow: bool,
}

/// What a piece is.
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    Scalar(Scalar),
    List(Vec<Node>),
    Map(Vec<(Key, Node)>),
}

/// A text as it was typed, and how.
#[derive(Clone, Debug)]
pub(crate) struct Scalar {
    pub(crate) text: String,
    /// Written under `|` or `>`.
    pub(crate) block: bool,
    /// Written without quotes.
    pub(crate) plain: bool,
}

/// The name in front of a value.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    pub(crate) name: String,
    pub(crate) span: Range<usize>,
}

impl Node {
    pub(crate) fn scalar(&self) -> Option<&Scalar> {
        match &self.kind {
            Kind::Scalar(scalar) => Some(scalar),
            Kind::List(_) | Kind::Map(_) => None,
        }
    }

    /// What this is, for a message.
    pub(crate) fn describe(&self) -> &'static str {
        match &self.kind {
            Kind::Scalar(scalar) if scalar.text.is_empty() => "nothing",
            Kind::Scalar(_) => "a text",
            Kind::List(_) => "a list",
            Kind::Map(_) => "a mapping",
        }
    }

    /// Where in the file the byte `offset` of this scalar's text stands; the scalar's start when that cannot be told.
    pub(crate) fn locate(&self, offset: usize, source: &str) -> usize {
        let Some(scalar) = self.scalar() else { return self.span.start };
        let found = if scalar.block {
            self.locate_in_block(scalar, offset, source)
        } else {
            self.locate_inline(scalar, offset, source)
        };
        found.unwrap_or(self.span.start)
    }

    fn locate_inline(&self, scalar: &Scalar, offset: usize, source: &str) -> Option<usize> {
        let quote = usize::from(!scalar.plain);
        let at = self.span.start + quote + offset;
        let here = source.get(at..)?;
        let there = scalar.text.get(offset..)?;
        let probe: String = there.chars().take(4).collect();
        here.starts_with(&probe).then_some(at)
    }

    fn locate_in_block(&self, scalar: &Scalar, offset: usize, source: &str) -> Option<usize> {
        let before = scalar.text.get(..offset)?;
        let (line, column) = (before.matches('\n').count(), before.len() - before.rfind('\n').map_or(0, |at| at + 1));
        let wanted = scalar.text.split('\n').nth(line)?;
        // The parser marks either the indicator (`|`, `>`) or the first line of the text itself.
        let rest = source.get(self.span.start..)?;
        let head = if rest.starts_with(['|', '>']) {
            self.span.start + rest.find('\n')? + 1
        } else {
            source[..self.span.start].rfind('\n').map_or(0, |at| at + 1)
        };
        let mut start = head;
        for (index, text) in source.get(head..)?.split_inclusive('\n').enumerate() {
            if index == line {
                return Some(start + text.find(wanted)? + column);
            }
            start += text.len();
        }
        None
    }
}

/// Reads one file. Problems go to `source`; nothing comes back when the text is no YAML at all.
pub(crate) fn parse(source: &mut Source<'_>) -> Option<Node> {
    if source.text.len() > MAX_BYTES {
        let message = format!("a file of {} KB", source.text.len() / 1024);
        source.error(
            "GS0008",
            0..1,
            message,
            format!("at most {} KB: split it into several scripts", MAX_BYTES / 1024),
        );
        return None;
    }
    if let Some(tab) = leading_tab(source.text) {
        source.error("GS0002", tab..tab + 1, "a tab where only spaces can stand", "indent with spaces");
        return None;
    }
    let mut builder = Builder { bytes: byte_table(source.text), source, open: Vec::new(), root: None, documents: 0 };
    builder.run()
}

fn leading_tab(text: &str) -> Option<usize> {
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let indent = line.len() - line.trim_start_matches([' ', '\t']).len();
        if let Some(at) = line[..indent].find('\t')
            && !line.trim().is_empty()
        {
            return Some(start + at);
        }
        start += line.len();
    }
    None
}

/// Byte offsets of characters; empty when each character is a byte.
fn byte_table(text: &str) -> Vec<usize> {
    if text.is_ascii() { Vec::new() } else { text.char_indices().map(|(at, _)| at).chain([text.len()]).collect() }
}

/// Where a text in quotes ends, behind its closing quote.
fn closing_quote(text: &str) -> Option<usize> {
    let quote = text.chars().next()?;
    let mut at = 1;
    loop {
        let rest = text.get(at..)?;
        let doubled = quote == '\'' && rest.starts_with("''");
        match rest.chars().next()? {
            '\\' if quote == '"' => at += 1 + rest.chars().nth(1)?.len_utf8(),
            _ if doubled => at += 2,
            c if c == quote => return Some(at + 1),
            c => at += c.len_utf8(),
        }
    }
}

/// A list or mapping that has not ended yet, and whether it stands in brackets.
struct Open {
    start: usize,
    flow: bool,
    inside: Inside,
}

enum Inside {
    List(Vec<Node>),
    Map { entries: Vec<(Key, Node)>, key: Option<Key> },
}

struct Builder<'s, 'a> {
    bytes: Vec<usize>,
    source: &'s mut Source<'a>,
    open: Vec<Open>,
    root: Option<Node>,
    documents: usize,
}

impl Builder<'_, '_> {
    fn run(&mut self) -> Option<Node> {
        let text = self.source.text;
        let mut parser = Parser::new_from_str(text);
        while let Some(next) = parser.next_event() {
            match next {
                Ok((event, span)) => self.take(event, self.range(span))?,
                Err(error) => {
                    let Told { at, what, hint } = told(error.info(), self.byte(error.marker().index()), text);
                    self.source.error("GS0001", at..at + 1, format!("this is not YAML: {what}"), hint);
                    return None;
                }
            }
        }
        if self.root.is_none() && self.source.problems.is_empty() {
            self.source.error("GS0001", 0..1, "the file is empty", "a script begins with `script: name`");
        }
        self.root.take()
    }

    fn byte(&self, character: usize) -> usize {
        if self.bytes.is_empty() {
            character
        } else {
            self.bytes.get(character).copied().unwrap_or(self.source.text.len())
        }
    }

    fn range(&self, span: Span) -> Range<usize> {
        self.byte(span.start.index())..self.byte(span.end.index())
    }

    fn take(&mut self, event: Event<'_>, span: Range<usize>) -> Option<()> {
        match event {
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
            Event::DocumentStart(_) => {
                self.documents += 1;
                if self.documents > 1 {
                    self.source.error("GS0003", span, "a second document in one file", "one script in each file");
                    return None;
                }
            }
            Event::Alias(_) => {
                self.source.error("GS0004", span, "an alias (`*name`)", "write it out, or quote the text");
                return None;
            }
            Event::Scalar(text, style, anchor, tag) => {
                self.refuse_decoration(anchor, tag.is_some(), &span);
                self.scalar(&text, style, span)?;
            }
            Event::SequenceStart(anchor, tag) => {
                self.refuse_decoration(anchor, tag.is_some(), &span);
                self.push(&span, Inside::List(Vec::new()))?;
            }
            Event::MappingStart(anchor, tag) => {
                self.refuse_decoration(anchor, tag.is_some(), &span);
                self.push(&span, Inside::Map { entries: Vec::new(), key: None })?;
            }
            // Of a bracket that closes, the parser's span goes on to the next line; of indentation, there is none.
            Event::SequenceEnd | Event::MappingEnd => self.close(span.end.min(span.start + 1)),
        }
        Some(())
    }

    fn refuse_decoration(&mut self, anchor: usize, tag: bool, span: &Range<usize>) {
        if anchor != 0 {
            self.source.error("GS0004", span.clone(), "an anchor (`&name`)", "write it out, or quote the text");
        }
        if tag {
            self.source.error("GS0004", span.clone(), "a tag (`!name`)", "leave it out, or quote the text");
        }
    }

    fn push(&mut self, span: &Range<usize>, inside: Inside) -> Option<()> {
        if self.open.len() >= MAX_DEPTH {
            self.source.error(
                "GS0005",
                span.start..span.start + 1,
                format!("nested more than {MAX_DEPTH} deep"),
                "move a part into a script of its own",
            );
            return None;
        }
        // Only a bracket is a place of its own for the parser.
        self.open.push(Open { start: span.start, flow: !span.is_empty(), inside });
        Some(())
    }

    fn scalar(&mut self, text: &str, style: ScalarStyle, span: Range<usize>) -> Option<()> {
        let block = matches!(style, ScalarStyle::Literal | ScalarStyle::Folded);
        let plain = matches!(style, ScalarStyle::Plain);
        // Of a quoted text, the parser's span goes on to the end of a comment behind it.
        let quoted = (!block && !plain).then(|| closing_quote(&self.source.text[span.start..])).flatten();
        let span = quoted.map_or(span.clone(), |end| span.start..span.start + end);
        if let Some(Inside::Map { key: slot @ None, entries }) = self.open.last_mut().map(|open| &mut open.inside) {
            let key = Key { name: text.to_owned(), span };
            let doubled = entries.iter().any(|(other, _)| other.name == key.name);
            if key.name == "<<" {
                self.source.error("GS0004", key.span.clone(), "a merge (`<<`)", "write it out");
            } else if doubled {
                let message = format!("`{}` stands here twice", key.name);
                self.source.error(
                    "GS0006",
                    key.span.clone(),
                    message,
                    "remove one of them, or begin a new step with `- `",
                );
            }
            if entries.len() >= MAX_ENTRIES {
                let message = format!("more than {MAX_ENTRIES} names in one place");
                self.source.error("GS0008", key.span, message, "split it into several scripts");
                return None;
            }
            *slot = Some(key);
            return Some(());
        }
        if plain && self.inside_brackets() && is_sentence(text) {
            let hint = "put it in quotes: inside { } and [ ] a comma or a colon would end it";
            self.source.warn("GS0009", span.clone(), "a sentence without quotes inside { } or [ ]", hint);
        }
        // An empty plain value is "nothing", as in `key:` at the end of a line; YAML's `~` stays a tilde.
        let scalar = Scalar { text: text.to_owned(), block, plain };
        self.put(Node { span, kind: Kind::Scalar(scalar), flow: false });
        Some(())
    }

    /// True inside `{ }` or `[ ]`, where everything further in is, too.
    fn inside_brackets(&self) -> bool {
        self.open.iter().any(|open| open.flow)
    }

    fn close(&mut self, end: usize) {
        let Some(Open { start, flow, inside }) = self.open.pop() else { return };
        let kind = match inside {
            Inside::List(items) => Kind::List(items),
            Inside::Map { entries, .. } => Kind::Map(entries),
        };
        self.put(Node { span: start..end.max(start), kind, flow });
    }

    fn put(&mut self, node: Node) {
        match self.open.last_mut().map(|open| &mut open.inside) {
            None => self.root = Some(node),
            Some(Inside::List(items)) => items.push(node),
            Some(Inside::Map { entries, key }) => match key.take() {
                // A key that stands there twice is told of once, where it does so.
                Some(key) if entries.iter().any(|(known, _)| known.name == key.name) => {}
                Some(key) => entries.push((key, node)),
                None => {
                    self.source.error(
                        "GS0007",
                        node.span,
                        "a list or a mapping as a name",
                        "a name is a word before a colon",
                    );
                    // Its value would be taken for the next name: swallow it under an empty one.
                    *key = Some(Key { name: String::new(), span: 0..0 });
                }
            },
        }
    }
}

/// Several words that end like a sentence.
pub(crate) fn is_sentence(text: &str) -> bool {
    text.contains(' ') && text.ends_with(['.', '!', '?']) && !text.ends_with("...")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(text: &str) -> Vec<&'static str> {
        let mut source = Source::new("t.yaml", text);
        parse(&mut source);
        source.problems.iter().map(|problem| problem.code).collect()
    }

    #[test]
    fn every_scalar_stays_text() {
        let mut source = Source::new("t.yaml", "a: no\nb: 1.0\nc:\n");
        let node = parse(&mut source).unwrap();
        let Kind::Map(entries) = &node.kind else { panic!("a mapping") };
        let texts: Vec<_> = entries.iter().map(|(_, node)| node.scalar().unwrap().text.as_str()).collect();
        assert_eq!(texts[..2], ["no", "1.0"]);
    }

    #[test]
    fn what_surprises_is_refused() {
        assert_eq!(problems("a: 1\na: 2\n"), ["GS0006"]);
        assert_eq!(problems("a: &x 1\nb: 2\n"), ["GS0004"]);
        assert_eq!(problems("a: *x\n"), ["GS0001"]);
        assert_eq!(problems("a: !!int 1\n"), ["GS0004"]);
        assert_eq!(problems("<<: 1\n"), ["GS0004"]);
        assert_eq!(problems("a:\n\t- b\n"), ["GS0002"]);
        assert_eq!(problems("a: 1\n---\nb: 2\n"), ["GS0003"]);
        assert_eq!(problems("a: [1, 2\n"), ["GS0001"]);
        assert_eq!(problems("a: { say: Come in. }\n"), ["GS0009"]);
        assert_eq!(problems("a: [ { say: 'Come in.' }, no end, 3 days ]\nb:\n- { c: d }\n- Come in.\n"), [""; 0]);
        assert_eq!(problems(""), ["GS0001"]);
        assert_eq!(problems(&"[".repeat(100)), ["GS0005"]);
    }

    #[test]
    fn a_span_ends_where_its_text_does() {
        let text = "a: 'it''s'   # one\nb: \"\\\"\" # two\nc: [ d ] # three\n";
        let node = parse(&mut Source::new("t.yaml", text)).unwrap();
        let Kind::Map(entries) = &node.kind else { panic!("a mapping") };
        let shown: Vec<_> = entries.iter().map(|(_, node)| &text[node.span.clone()]).collect();
        assert_eq!(shown, ["'it''s'", "\"\\\"\"", "[ d ]"]);
    }

    #[test]
    fn places_inside_texts_are_found() {
        let text = "a: \"héllo ${ x }\"\nb: |\n  one\n  two ${ y }\n";
        let mut source = Source::new("t.yaml", text);
        let node = parse(&mut source).unwrap();
        let Kind::Map(entries) = &node.kind else { panic!("a mapping") };
        let inline = &entries[0].1;
        let offset = inline.scalar().unwrap().text.find('x').unwrap();
        assert_eq!(&text[inline.locate(offset, text)..][..1], "x");
        let block = &entries[1].1;
        let offset = block.scalar().unwrap().text.find('y').unwrap();
        assert_eq!(&text[block.locate(offset, text)..][..1], "y");
    }
}
