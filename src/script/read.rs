//! Taking a YAML tree apart: keys by name, texts, numbers, expressions; each mistake noted at its place, and reading goes on.

use std::ops::Range;

use super::expr::{self, Expr, SyntaxError, parse_duration};
use super::problem::{Source, did_you_mean};
use super::text::Template;
use super::yaml::{Kind, Node};
use crate::phrase::Phrase;
use crate::practice::deed;

/// A mapping whose keys are taken one by one; what is left over at the end is unknown.
pub(crate) struct Fields<'n> {
    what: &'static str,
    pub(crate) span: Range<usize>,
    entries: Vec<(&'n super::yaml::Key, &'n Node, bool)>,
    asked: Vec<&'static str>,
}

impl<'n> Fields<'n> {
    /// The node as a mapping; a problem when it is something else. `what` names it in messages ("a step").
    pub(crate) fn of(node: &'n Node, what: &'static str, source: &mut Source<'_>) -> Option<Self> {
        match &node.kind {
            Kind::Map(entries) => Some(Self {
                what,
                span: node.span.clone(),
                entries: entries.iter().map(|(key, node)| (key, node, false)).collect(),
                asked: Vec::new(),
            }),
            _ => {
                expected(node, &format!("{what} is a mapping (`name: value` lines)"), source);
                None
            }
        }
    }

    /// The value under a key.
    pub(crate) fn take(&mut self, key: &'static str) -> Option<&'n Node> {
        self.asked.push(key);
        self.mark(key)
    }

    /// The value under a key that should have been `meant`; the mistake is reported already.
    pub(crate) fn take_misspelt(&mut self, key: &str, meant: &'static str) -> Option<&'n Node> {
        self.asked.push(meant);
        self.mark(key)
    }

    fn mark(&mut self, key: &str) -> Option<&'n Node> {
        self.entries.iter_mut().find(|(found, _, _)| found.name == key).map(|entry| {
            entry.2 = true;
            entry.1
        })
    }

    /// The value under a key that must be there.
    pub(crate) fn need(&mut self, key: &'static str, source: &mut Source<'_>) -> Option<&'n Node> {
        let found = self.take(key);
        if found.is_none() {
            let start = self.span.start;
            source.error(
                "GS0102",
                start..start + 1,
                format!("{} needs `{key}`", self.what),
                format!("add `{key}: ...`"),
            );
        }
        found
    }

    pub(crate) fn has(&self, key: &str) -> bool {
        self.entries.iter().any(|(found, _, _)| found.name == key)
    }

    /// The keys, as they were typed.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &'n super::yaml::Key> {
        self.entries.iter().map(|(key, _, _)| *key)
    }

    pub(crate) fn key_span(&self, key: &str) -> Range<usize> {
        let found = self.entries.iter().find(|(found, _, _)| found.name == key);
        found.map_or(self.span.start..self.span.start + 1, |(key, _, _)| key.span.clone())
    }

    /// Leaves alone what was not taken: what it could be is not known, and that is reported already.
    pub(crate) fn dismiss(&mut self) {
        self.entries.iter_mut().for_each(|entry| entry.2 = true);
    }

    /// Every key that nobody asked for is a mistake.
    pub(crate) fn finish(self, source: &mut Source<'_>) {
        #[cfg(test)]
        FINISHED.with_borrow_mut(|seen| {
            let present = self.keys().map(|key| key.name.clone()).collect();
            seen.push(Finished { what: self.what, present, asked: self.asked.clone() });
        });
        for (key, node, taken) in &self.entries {
            if !taken && !key.name.is_empty() {
                // `{ say: Hello, you }` has the key `you` with nothing behind it.
                let rest_of_a_text = node.span.is_empty() && key.name.contains(' ');
                let hint = if rest_of_a_text {
                    "inside { } a comma ends a text: put the whole text in quotes".to_owned()
                } else if self.what == "a step" && matches!(key.name.as_str(), "then" | "else") {
                    SEVERAL_STEPS.to_owned()
                } else {
                    did_you_mean(&key.name, self.asked.iter().copied())
                };
                source.error("GS0101", key.span.clone(), format!("{} has no `{}`", self.what, key.name), hint);
            }
        }
    }

    /// All entries, for mappings whose keys the author names.
    pub(crate) fn all(self) -> impl Iterator<Item = (&'n super::yaml::Key, &'n Node)> {
        self.entries.into_iter().map(|(key, node, _)| (key, node))
    }
}

/// A mapping that was read to its end, for the test that holds the table of `grammar` against the reader.
#[cfg(test)]
#[derive(Clone, Debug)]
pub(crate) struct Finished {
    pub(crate) what: &'static str,
    pub(crate) present: Vec<String>,
    pub(crate) asked: Vec<&'static str>,
}

#[cfg(test)]
thread_local! {
    pub(crate) static FINISHED: std::cell::RefCell<Vec<Finished>> = const { std::cell::RefCell::new(Vec::new()) };
}

/// How to write what newcomers write as a step with a `then`, or with two verbs.
pub(crate) const SEVERAL_STEPS: &str = "for several steps under one `if`, begin with `- branch:`; below it, further in, `- if: ...` and `then:` with the steps";

/// How a mapping is written, by what messages call it.
const WRITTEN: &[(&str, &str)] = &[
    ("`expire` ", "write `expire: { after: 3d }`"),
    ("`nudge` ", "write `nudge: { after: 4h, say: \"It is still open.\" }`"),
    ("`wait` ", "write `wait: { for: 10m }`"),
    ("`reject` ", "write `reject: { name_of_a_list: \"What is said then.\" }`"),
    ("a var ", "write `name: { type: text, max: 60 }`"),
    ("a step ", "write `- say: ...`, with a space behind the colon"),
    ("an option ", "write `- { label: ..., value: ... }`"),
    ("a list of `name: value`", "write `{ name: value }`"),
];

/// Notes that something else stands here than should.
pub(crate) fn expected(node: &Node, wanted: &str, source: &mut Source<'_>) {
    let span = node.span.start..node.span.end.max(node.span.start + 1);
    let written = WRITTEN.iter().find(|(what, _)| wanted.starts_with(what));
    let hint = match &node.kind {
        Kind::Scalar(scalar) if scalar.text.is_empty() => {
            "what belongs to it stands behind it, or in the lines below, two spaces further in"
        }
        Kind::Map(_) if wanted.starts_with("a list") => "begin each of them with a dash and a space: `- `",
        _ => written.map_or("see docs/script-language.md, or a shipped script, for how it is written", |(_, how)| how),
    };
    source.error("GS0103", span, format!("{} where {wanted}", node.describe()), hint);
}

/// The text of a scalar that says something.
pub(crate) fn text<'n>(node: &'n Node, what: &str, source: &mut Source<'_>) -> Option<&'n str> {
    match node.scalar() {
        Some(scalar) if !scalar.text.trim().is_empty() => Some(&scalar.text),
        _ => {
            expected(node, &format!("{what} should stand"), source);
            None
        }
    }
}

/// A text without holes and markup.
pub(crate) fn plain(node: &Node, what: &str, source: &mut Source<'_>) -> Option<String> {
    text(node, what, source).map(|text| text.trim().to_owned())
}

/// A name: lower-case letters, digits, `-` and `_`.
pub(crate) fn name<'n>(node: &'n Node, what: &str, source: &mut Source<'_>) -> Option<&'n str> {
    let found = text(node, what, source)?;
    if is_name(found) {
        return Some(found);
    }
    let hint = "names are lower-case letters, digits, `-` and `_`, and begin with a letter";
    source.error("GS0104", node.span.clone(), format!("`{found}` is not a name"), hint);
    None
}

pub(crate) fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.len() <= 40
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_')
}

/// `true` or `false`.
pub(crate) fn flag(node: &Node, what: &str, source: &mut Source<'_>) -> Option<bool> {
    match text(node, what, source)? {
        "true" | "yes" => Some(true),
        "false" | "no" => Some(false),
        other => {
            source.error(
                "GS0105",
                node.span.clone(),
                format!("`{other}` is neither true nor false"),
                "write true or false",
            );
            None
        }
    }
}

/// A whole number within bounds.
pub(crate) fn number(node: &Node, what: &str, bounds: Range<i64>, source: &mut Source<'_>) -> Option<i64> {
    let found = text(node, what, source)?;
    match found.parse::<i64>() {
        Ok(number) if bounds.contains(&number) => Some(number),
        _ => {
            let hint = format!("a whole number from {} to {}", bounds.start, bounds.end - 1);
            source.error("GS0105", node.span.clone(), format!("`{found}` is not what {what} can be"), hint);
            None
        }
    }
}

/// A number with or without a fraction.
pub(crate) fn decimal(node: &Node, what: &str, source: &mut Source<'_>) -> Option<f64> {
    let found = text(node, what, source)?;
    let number = found.parse::<f64>().ok().filter(|number| number.is_finite());
    if number.is_none() {
        source.error("GS0105", node.span.clone(), format!("`{found}` is not what {what} can be"), "a number like 0.5");
    }
    number
}

/// The kind of a deed.
pub(crate) fn deed(word: &str, span: &Range<usize>, source: &mut Source<'_>) -> Option<deed::Kind> {
    let kind = word.parse().ok();
    if kind.is_none() {
        let hint = did_you_mean(word, deed::Kind::WORDS);
        source.error("GS0311", span.clone(), format!("no deed is called `{word}`"), hint);
    }
    kind
}

/// A length of time in seconds.
pub(crate) fn duration(node: &Node, what: &str, source: &mut Source<'_>) -> Option<i64> {
    let found = text(node, what, source)?;
    let seconds = parse_duration(found);
    if seconds.is_none() {
        source.error(
            "GS0105",
            node.span.clone(),
            format!("`{found}` is not a length of time"),
            "for example 30m, 4h, 14d",
        );
    }
    seconds
}

/// The items of a list; a single text counts as a list of one.
pub(crate) fn items<'n>(node: &'n Node, what: &str, source: &mut Source<'_>) -> Vec<&'n Node> {
    match &node.kind {
        Kind::List(items) => items.iter().collect(),
        Kind::Scalar(scalar) if !scalar.text.is_empty() => vec![node],
        _ => {
            expected(node, &format!("{what} should stand"), source);
            Vec::new()
        }
    }
}

/// A list of names.
pub(crate) fn names(node: &Node, what: &str, source: &mut Source<'_>) -> Vec<String> {
    items(node, what, source).into_iter().filter_map(|item| name(item, what, source)).map(str::to_owned).collect()
}

/// A list of phrases.
pub(crate) fn phrases(node: &Node, source: &mut Source<'_>) -> Vec<Phrase> {
    let mut found = Vec::new();
    for item in items(node, "a list of phrases", source) {
        let Some(text) = text(item, "a phrase", source) else { continue };
        match Phrase::new(text) {
            Some(phrase) => found.push(phrase),
            None => source.error("GS0106", item.span.clone(), "a phrase without a word", "write at least one word"),
        }
    }
    found
}

/// An expression; one that could be anything when it cannot be read, so that what stands around it is looked at nevertheless.
pub(crate) fn expression_or_any(node: &Node, source: &mut Source<'_>) -> Expr {
    expression(node, source).unwrap_or_else(|| Expr::any(node.span.clone()))
}

/// A text with holes; an empty one when it cannot be read.
pub(crate) fn template_or_empty(node: &Node, what: &str, source: &mut Source<'_>) -> Template {
    template(node, what, source).unwrap_or_else(|| Template::empty(node.span.clone()))
}

/// An expression.
pub(crate) fn expression(node: &Node, source: &mut Source<'_>) -> Option<Expr> {
    let found = text(node, "an expression", source)?;
    let file = source.text;
    match expr::parse(found, &|offset| node.locate(offset, file)) {
        Ok(expr) => Some(expr),
        Err(error) => {
            syntax_error("GS0201", node, error, source);
            None
        }
    }
}

/// A text with holes.
pub(crate) fn template(node: &Node, what: &str, source: &mut Source<'_>) -> Option<Template> {
    let found = text(node, what, source)?;
    let file = source.text;
    match Template::parse(found, node.span.clone(), &|offset| node.locate(offset, file)) {
        Ok(template) => Some(template),
        Err(error) => {
            syntax_error("GS0202", node, error, source);
            None
        }
    }
}

pub(crate) fn syntax_error(code: &'static str, node: &Node, error: SyntaxError, source: &mut Source<'_>) {
    let start = node.locate(error.at.start, source.text);
    let end = start + error.at.end.saturating_sub(error.at.start).max(1);
    source.error(code, start..end, error.message, error.hint);
}
