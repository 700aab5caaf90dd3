//! Holes as other programs write them: `{{ who }}`, `{who}`, `$who`. Here they are words, and would be read out.

use std::ops::Range;

use super::super::text::Template;
use super::Checker;

impl Checker<'_, '_> {
    /// Warns of a name in brackets, or behind a dollar sign, that is a var or a fact.
    pub(super) fn foreign_holes(&mut self, text: &Template) {
        let place = text.span.clone();
        let Some(written) = self.source.text.get(place.clone()) else { return };
        for (at, name) in foreign(written) {
            let is_fact = |name: &str| self.world.facts.contains_key(name);
            if self.script.vars.contains_key(name) || name.strip_prefix("me.").is_some_and(is_fact) {
                let message = format!("`{}` is said as it stands here", &written[at.clone()]);
                let span = place.start + at.start..place.start + at.end;
                self.source.warn("GS0204", span, message, format!("a hole is written `${{ {name} }}`"));
            }
        }
    }
}

/// What looks like a hole of another language: its place, and the name in it.
fn foreign(text: &str) -> Vec<(Range<usize>, &str)> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(start) = text[at..].find(['$', '{']).map(|next| at + next) {
        let rest = &text[start..];
        let end = if rest.starts_with("${") {
            rest.find('}').map_or(text.len(), |end| start + end + 1)
        } else if let Some((length, name)) = in_braces(rest).or_else(|| behind_a_dollar(rest)) {
            found.push((start..start + length, name));
            start + length
        } else {
            start + 1
        };
        at = end;
    }
    found
}

/// `{ name }` or `{{ name }}`: its length, and the name.
fn in_braces(text: &str) -> Option<(usize, &str)> {
    let (open, close) = if text.starts_with("{{") { ("{{", "}}") } else { ("{", "}") };
    let inner = text.strip_prefix(open)?;
    let end = inner.find(close)?;
    let name = inner[..end].trim();
    is_name(name).then_some((open.len() + end + close.len(), name))
}

/// `$name`: its length, and the name.
fn behind_a_dollar(text: &str) -> Option<(usize, &str)> {
    let inner = text.strip_prefix('$')?;
    let end = inner.find(|c| !is_part(c)).unwrap_or(inner.len());
    let name = inner[..end].trim_end_matches('.');
    is_name(name).then_some((1 + name.len(), name))
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase()) && text.chars().all(is_part)
}

fn is_part(c: char) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-' | '.')
}

#[cfg(test)]
mod tests {
    use super::foreign;

    #[test]
    fn holes_of_other_languages_are_found_and_our_own_are_not() {
        let names = |text: &'static str| foreign(text).into_iter().map(|(_, name)| name).collect::<Vec<_>>();
        assert_eq!(names("Has {{ who }} or {who} answered $who. And $me.name?"), ["who", "who", "who", "me.name"]);
        assert_eq!(names("${ who } ${ x or \"{who\" } {Who} { a b } $5 {}"), [""; 0]);
    }
}
