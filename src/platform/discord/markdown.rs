//! [`Rich`] to Discord's Markdown.
//!
//! [`escape`] is the only place where text becomes Markdown, so nothing that a person wrote is ever read as markup or as a
//! mention. Addresses of web pages stay as they are: Discord would not recognise them with backslashes inside.

use crate::types::{Rich, Span};

/// Separates two markers that would run together. Takes no room on the screen.
const APART: char = '\u{200b}';

/// A text with its styles: `**bold**`, `*italic*`, `> quoted`.
#[must_use]
pub fn render(rich: &Rich) -> String {
    let mut out = String::new();
    for span in &rich.0 {
        for (index, line) in span.text.split('\n').enumerate() {
            if index > 0 {
                out.push('\n');
            }
            push_line(&mut out, line, span);
        }
    }
    out
}

/// One line of a span, or a part of one. Markers are put around the words, not around the spaces beside them, and are
/// closed on each line, because a quote begins anew there.
fn push_line(out: &mut String, line: &str, span: &Span) {
    let at_start = out.is_empty() || out.ends_with('\n');
    if span.quote && at_start {
        out.push_str("> ");
    }
    let words = line.trim();
    let marker = match (span.bold, span.italic) {
        (true, true) => "***",
        (true, false) => "**",
        (false, true) => "*",
        (false, false) => "",
    };
    if marker.is_empty() || words.is_empty() {
        out.push_str(&escape(line, at_start));
        return;
    }
    let lead = line.len() - line.trim_start().len();
    out.push_str(&line[..lead]);
    if out.ends_with('*') {
        out.push(APART);
    }
    out.push_str(marker);
    out.push_str(&escape(words, false));
    out.push_str(marker);
    out.push_str(&line[lead + words.len()..]);
}

/// One line without a meaning of its own: special characters get a backslash. `at_start` tells that the line begins here,
/// where `#`, `-`, `>` and `1.` mean headings, lists and quotes.
#[must_use]
pub fn escape(line: &str, at_start: bool) -> String {
    let mut out = String::with_capacity(line.len() + 8);
    let mut rest = line;
    if at_start {
        rest = escape_start(&mut out, line);
    }
    while let Some(character) = rest.chars().next() {
        let length = address(rest);
        if length > 0 {
            out.push_str(&rest[..length]);
            rest = &rest[length..];
            continue;
        }
        if matches!(character, '\\' | '*' | '_' | '~' | '|' | '`' | '<' | '>' | '@' | '[' | ']' | '#') {
            out.push('\\');
        }
        out.push(character);
        rest = &rest[character.len_utf8()..];
    }
    out
}

/// Writes what a line begins with and returns the rest: `- item`, `+ item`, `1. item`, also after spaces.
fn escape_start<'a>(out: &mut String, line: &'a str) -> &'a str {
    let text = line.trim_start();
    out.push_str(&line[..line.len() - text.len()]);
    if text.starts_with(['-', '+']) {
        out.push('\\');
        out.push_str(&text[..1]);
        return &text[1..];
    }
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    if digits > 0 && text[digits..].starts_with(['.', ')']) {
        out.push_str(&text[..digits]);
        out.push('\\');
        out.push_str(&text[digits..=digits]);
        return &text[digits + 1..];
    }
    text
}

/// The length of a web address at the beginning of the text; 0 when there is none.
fn address(text: &str) -> usize {
    if !text.starts_with("https://") && !text.starts_with("http://") {
        return 0;
    }
    let part = |c: char| c.is_ascii_alphanumeric() || "/:.?=&%#_+,;-".contains(c);
    text.find(|c: char| !part(c)).unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(text: &str, bold: bool, italic: bool, quote: bool) -> Span {
        Span { text: text.into(), bold, italic, quote }
    }

    #[test]
    fn what_a_person_wrote_is_never_markup() {
        for (plain, marked) in [
            ("a*b_c~d|e`f\\g", "a\\*b\\_c\\~d\\|e\\`f\\\\g"),
            ("@everyone <@1>", "\\@everyone \\<\\@1\\>"),
            ("# Title", "\\# Title"),
            ("- one\n  - two", "\\- one\n  \\- two"),
            ("-# small", "\\-\\# small"),
            ("1. one\n12) two", "1\\. one\n12\\) two"),
            ("> quoted\n>>> all", "\\> quoted\n\\>\\>\\> all"),
            ("[a](https://x.org)", "\\[a\\](https://x.org)"),
            ("see https://x.org/a_b?c=d_e* now", "see https://x.org/a_b?c=d_e\\* now"),
            ("half-way at 5 - 6", "half-way at 5 - 6"),
            ("|| hidden ||", "\\|\\| hidden \\|\\|"),
        ] {
            assert_eq!(render(&Rich::plain(plain)), marked, "{plain}");
        }
    }

    #[test]
    fn styles_are_closed_on_each_line_and_keep_spaces_outside() {
        let rich = Rich(vec![
            span("Now: ", false, false, false),
            span("one \ntwo", true, false, false),
            span("three", false, true, false),
            span("\nboth", true, true, true),
        ]);
        assert_eq!(render(&rich), "Now: **one** \n**two**\u{200b}*three*\n> ***both***");
    }
}
