//! Texts short enough for a box.

use super::super::yaml::{Key, Kind, Node};

/// A text as people see it, with `‹name›` for what is filled in, and not longer than so many characters.
pub(super) fn shown(text: &str, most: usize) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        plain.push_str(&rest[..at]);
        let hole = &rest[at + 2..];
        let end = hole.find('}').unwrap_or(hole.len());
        plain.push_str(&filled(hole[..end].trim()));
        rest = hole.get(end + 1..).unwrap_or("");
    }
    plain.push_str(rest);
    let lines = plain.lines().map(|line| line.trim_start_matches("> "));
    shortened(&lines.collect::<Vec<_>>().join(" ").replace("**", ""), most)
}

/// What stands for an expression in a text: the name it begins with, or the text it may be.
fn filled(expression: &str) -> String {
    if let Some(text) = expression.strip_prefix('"').and_then(|rest| rest.split('"').next()) {
        return text.to_owned();
    }
    let name: String = expression.chars().take_while(|c| c.is_alphanumeric() || "._".contains(*c)).collect();
    format!("‹{}›", if name.is_empty() { "…" } else { &name })
}

/// The first words of a text, with … where something is left out.
pub(super) fn shortened(text: &str, most: usize) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let whole = words.join(" ");
    if whole.chars().count() <= most {
        return whole;
    }
    let mut short = String::new();
    for word in words {
        if short.chars().count() + word.chars().count() + 2 > most {
            break;
        }
        short.push_str(if short.is_empty() { "" } else { " " });
        short.push_str(word);
    }
    if short.is_empty() {
        short = whole.chars().take(most - 1).collect();
    }
    format!("{}…", short.trim_end_matches([',', ':', ';']))
}

/// The text of the file as it was typed, to quote conditions and times from.
pub(super) struct Typed {
    root: Option<Node>,
}

impl Typed {
    pub(super) fn new(root: Option<Node>) -> Self {
        Self { root }
    }

    /// The whole text that a place is in.
    pub(super) fn at(&self, place: usize) -> &str {
        let mut at = self.root.as_ref();
        while let Some(node) = at {
            at = match &node.kind {
                Kind::Scalar(scalar) => return &scalar.text,
                Kind::List(items) => last_before(items.iter(), place),
                Kind::Map(entries) => last_before(entries.iter().map(|(_, value)| value), place),
            };
        }
        ""
    }

    /// What stands behind `name` in the mapping behind the key at `place`.
    pub(super) fn inside(&self, place: usize, name: &str) -> &str {
        let value = self.root.as_ref().and_then(|root| behind(root, place));
        let Some(Kind::Map(entries)) = value.map(|value| &value.kind) else { return "" };
        let found = entries.iter().find(|(key, _)| key.name == name);
        found.and_then(|(_, value)| value.scalar()).map_or("", |scalar| &scalar.text)
    }
}

fn last_before<'n>(nodes: impl Iterator<Item = &'n Node>, place: usize) -> Option<&'n Node> {
    nodes.take_while(|node| node.span.start <= place).last()
}

/// The value behind the key that begins at a place.
fn behind(node: &Node, place: usize) -> Option<&Node> {
    match &node.kind {
        Kind::Scalar(_) => None,
        Kind::List(items) => last_before(items.iter(), place).and_then(|item| behind(item, place)),
        Kind::Map(entries) => {
            let before = |(key, _): &&(Key, Node)| key.span.start <= place;
            let (key, value) = entries.iter().take_while(before).last()?;
            if key.span.start == place { Some(value) } else { behind(value, place) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_short_and_show_what_is_filled_in() {
        assert_eq!(shown("Hello ${ me.name or \"you\" }.\n> **Yes**, it is.\n", 80), "Hello ‹me.name›. Yes, it is.");
        assert_eq!(shown("${ \"A, b\" if c else \"d\" }! ${ (e) }", 80), "A, b! ‹…›");
        assert_eq!(shortened("one two, three four", 12), "one two…");
        assert_eq!(shortened("abcdefghijklm", 5), "abcd…");
    }
}
