//! How one text is written: without quotes, in quotes, or under `|`.

use super::super::yaml::{Scalar, is_sentence};

/// A text on one line.
pub(super) fn inline(scalar: &Scalar, in_brackets: bool) -> String {
    written(&scalar.text, !scalar.plain && !scalar.block, in_brackets)
}

/// A text that may have been `quoted` by its author. Quotes stay where YAML or another reader needs them; where one may be in doubt, the
/// author decides.
pub(super) fn written(text: &str, quoted: bool, in_brackets: bool) -> String {
    if text.is_empty() && !quoted {
        return String::new();
    }
    let wanted = quoted && (looks_like_something_else(text) || (in_brackets && !is_simple(text)));
    if wanted || !can_be_plain(text, in_brackets) { in_quotes(text) } else { text.to_owned() }
}

/// Whether a text needs lines of its own.
pub(super) fn needs_block(text: &str) -> bool {
    text.contains('\n') && !text.chars().any(|c| c.is_control() && c != '\n')
}

/// What stands behind the `|`, so that the text ends as it does.
pub(super) fn block_header(text: &str) -> String {
    let indented = if text.trim_start_matches('\n').starts_with(' ') { "2" } else { "" };
    let end = match text {
        _ if !text.ends_with('\n') => "-",
        _ if text.ends_with("\n\n") || text == "\n" => "+",
        _ => "",
    };
    format!("|{indented}{end}")
}

fn can_be_plain(text: &str, in_brackets: bool) -> bool {
    let first = text.chars().next().unwrap_or(' ');
    let starts_well = match first {
        '-' | '?' | ':' => text[1..].starts_with(|c: char| !c.is_whitespace()) && !in_brackets,
        _ => !first.is_whitespace() && !"[]{},#&*!|>%@`'\"".contains(first),
    };
    starts_well
        && !text.starts_with("---")
        && !text.starts_with("...")
        && !text.ends_with([' ', ':'])
        && !text.contains(": ")
        && !text.contains(" #")
        && !text.chars().any(|c| c.is_control() || c == '\u{feff}')
        && !(in_brackets && (is_sentence(text) || text.contains([',', '[', ']', '{', '}', '?', ':'])))
}

/// Words without anything that a reader of brackets may stumble over.
fn is_simple(text: &str) -> bool {
    text.chars().all(|c| c.is_alphanumeric() || " _-/".contains(c))
}

/// Texts that YAML takes for a truth value, nothing, a number, a time or a date.
fn looks_like_something_else(text: &str) -> bool {
    const WORDS: [&str; 11] = ["y", "n", "yes", "no", "true", "false", "on", "off", "null", "~", ".nan"];
    let bare = text.trim_start_matches(['+', '-', '.']);
    WORDS.contains(&text.to_lowercase().as_str()) || bare.starts_with(|c: char| c.is_ascii_digit()) || bare == "inf"
}

fn in_quotes(text: &str) -> String {
    if text.chars().any(char::is_control) || (text.contains('\\') && !text.contains('"')) && text.contains('\'') {
        return escaped(text);
    }
    if text.contains(['"', '\\']) { format!("'{}'", text.replace('\'', "''")) } else { format!("\"{text}\"") }
}

fn escaped(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            '\r' => quoted.push_str("\\r"),
            c if c.is_control() => quoted.push_str(&format!("\\U{:08x}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted + "\""
}
