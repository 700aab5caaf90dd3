//! What people vouch for in a script: words they use knowingly, and stamps of those who have read it.
//!
//! A stamp belongs to one text: it holds a hash of everything but the stamps. Never knows today's date; whether a stamp lies in
//! the future is for the shell to say.

use std::fmt::Write as _;

use super::format;
use super::model::{Allowance, Care, Script, Stamp};
use super::problem::Source;
use super::read::{self, Fields};
use super::text::Template;
use super::yaml::Node;

/// What people have said about a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Review {
    /// Its name.
    pub script: String,
    /// Who has read it, whichever text.
    pub stamps: Vec<Stamp>,
    /// True when one of them read the text as it is now.
    pub reviewed: bool,
    /// Words it uses knowingly, and why.
    pub allowed: Vec<(String, String)>,
}

impl Review {
    pub(crate) fn of(script: &Script) -> Self {
        let allowed = script.care.allowed.iter().map(|allowance| (allowance.word.clone(), allowance.because.clone()));
        Self {
            script: script.name.clone(),
            stamps: script.care.reviewed.clone(),
            reviewed: is_reviewed(script),
            allowed: allowed.collect(),
        }
    }
}

const KEY: &str = "reviewed:";

/// A hash of a script's text without its stamps; the same on systems that end lines differently.
#[must_use]
pub fn revision(text: &str) -> String {
    let (before, _, after) = split(text);
    super::revision(&format!("{before}{after}").replace('\r', ""))
}

/// The text of a script with one more stamp, and all others as they were. The stamp's own `text` is what it should hold.
#[must_use]
pub fn stamped(text: &str, stamps: &[Stamp]) -> String {
    let (before, _, after) = split(text);
    // The first stamp goes above the steps.
    let first = line_of(text, KEY).is_none();
    let (head, tail) =
        if first { text.split_at(line_of(text, "steps:").unwrap_or(text.len())) } else { (before, after) };
    let mut block = format!("{KEY}\n");
    for Stamp { by, on, role, text, .. } in stamps {
        let _ = writeln!(block, "  - {{ by: {}, on: {on}, as: {}, text: {text} }}", quoted(by), quoted(role));
    }
    format!("{head}{block}{tail}")
}

/// A text on one line, as YAML reads it.
fn quoted(text: &str) -> String {
    format::in_brackets(&text.chars().filter(|c| !c.is_control()).collect::<String>())
}

/// What stands before the stamps, the stamps, and what stands after them, in whole lines.
fn split(text: &str) -> (&str, &str, &str) {
    let Some(start) = line_of(text, KEY) else { return (text, "", "") };
    let mut end = start;
    for line in text[start..].split_inclusive('\n') {
        if end > start && !line.starts_with([' ', '-', ']', '}']) {
            break;
        }
        end += line.len();
    }
    (&text[..start], &text[start..end], &text[end..])
}

/// Where the line of a key at the top of a script begins.
fn line_of(text: &str, key: &str) -> Option<usize> {
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        if line.starts_with(key) {
            return Some(start);
        }
        start += line.len();
    }
    None
}

/// Who has read this very text of a script.
pub(crate) fn readers(script: &Script) -> impl Iterator<Item = &Stamp> {
    script.care.reviewed.iter().filter(|stamp| stamp.text == script.rev)
}

fn is_reviewed(script: &Script) -> bool {
    readers(script).next().is_some()
}

/// Warns when a script was changed since it was read. An older stamp beside one for this text is history.
pub(crate) fn check(script: &Script, source: &mut Source<'_>) {
    if is_reviewed(script) {
        return;
    }
    if let Some(stamp) = script.care.reviewed.last() {
        let message = format!("changed since {} read it on {}", stamp.by, stamp.on);
        let hint = "let it be read again: `goldseam scripts check DIR SCRIPT --stamp NAME --as ROLE`";
        source.warn("GS0608", stamp.span.clone(), message, hint);
    }
}

/// The keys of a script that are about care, and its content note.
pub(crate) fn care(fields: &mut Fields<'_>, card: bool, source: &mut Source<'_>) -> (Care, Option<Template>) {
    // A card answers something; it begins nothing that somebody could be warned of.
    let mut of_script = |key| if card { None } else { fields.take(key) };
    let heavy = of_script("heavy").and_then(|node| read::flag(node, "true or false", source)).unwrap_or(false);
    let note = of_script("content_note").and_then(|node| read::template(node, "a sentence", source));
    let allowed = fields.take("allow").map(|node| allowances(node, source)).unwrap_or_default();
    let reviewed = fields.take("reviewed").map(|node| stamps(node, source)).unwrap_or_default();
    (Care { heavy, has_note: note.is_some(), allowed, reviewed }, note)
}

/// `allow: [{ word: ..., because: ... }]`
fn allowances(node: &Node, source: &mut Source<'_>) -> Vec<Allowance> {
    let mut found = Vec::new();
    for item in read::items(node, "a list of `{ word: ..., because: ... }`", source) {
        let Some(mut fields) = Fields::of(item, "an allowance", source) else { continue };
        let word = fields.need("word", source).and_then(|node| read::plain(node, "a word", source));
        let because = fields.need("because", source).and_then(|node| read::plain(node, "a reason", source));
        fields.finish(source);
        if let (Some(word), Some(because)) = (word, because) {
            found.push(Allowance { word, because, span: item.span.clone() });
        }
    }
    found
}

/// `reviewed: [{ by: ..., on: ..., as: ..., text: ... }]`
fn stamps(node: &Node, source: &mut Source<'_>) -> Vec<Stamp> {
    let mut found = Vec::new();
    for item in read::items(node, "a list of stamps", source) {
        let Some(mut fields) = Fields::of(item, "a stamp", source) else { continue };
        let by = fields.need("by", source).and_then(|node| read::plain(node, "a name", source));
        let on = fields.need("on", source).and_then(|node| date(node, source));
        let role = fields.need("as", source).and_then(|node| read::plain(node, "what they are", source));
        let text = fields.need("text", source).and_then(|node| read::plain(node, "the hash of a text", source));
        fields.finish(source);
        if let (Some(by), Some(on), Some(role), Some(text)) = (by, on, role, text) {
            found.push(Stamp { by, on, role, text, span: item.span.clone() });
        }
    }
    found
}

fn date(node: &Node, source: &mut Source<'_>) -> Option<jiff::civil::Date> {
    let text = read::text(node, "a day", source)?;
    let date = text.parse().ok();
    if date.is_none() {
        source.error("GS0105", node.span.clone(), format!("`{text}` is not a day"), "write it like 2026-11-22");
    }
    date
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp(text: &str) -> Stamp {
        let on = jiff::civil::date(2026, 11, 22);
        Stamp { by: "Ana \"A.\"".into(), on, role: "peer lead".into(), text: text.into(), span: 0..0 }
    }

    #[test]
    fn a_stamp_leaves_the_text_it_is_about_unchanged() {
        let text = "script: a\ntitle: A\n\nsteps:\n  - say: Hello.\n";
        let rev = revision(text);
        let once = stamped(text, &[stamp(&rev)]);
        assert_eq!(revision(&once), rev, "{once}");
        let twice = stamped(&once, &[stamp("1"), stamp(&rev)]);
        assert_eq!(revision(&twice), rev, "{twice}");
        assert_eq!(twice.matches("by: Ana \"A.\", on: 2026-11-22, as: peer lead").count(), 2);
        assert_ne!(revision(&text.replace("Hello", "Hullo")), rev);
        assert_eq!(revision(&text.replace('\n', "\r\n")), rev);
    }

    #[test]
    fn a_stamp_in_any_form_is_left_out() {
        let text = "script: a\nsteps: []\n";
        for form in ["reviewed: [{ by: A }]\n", "reviewed:\n- by: A\n  on: x\n", "reviewed: [\n  {by: A}\n]\n"] {
            let with = text.replace("steps:", &format!("{form}steps:"));
            assert_eq!(revision(&with), revision(text), "{form}");
        }
    }
}
