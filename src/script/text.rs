//! Texts: words with `${ }` holes, bold, italic and quoted lines.
//!
//! Markup is read once, from what the author wrote. What fills a hole is never read as markup, so a person cannot break a
//! sentence and an answer is shown as it was typed.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::Range;

use super::expr::{self, Expr, Scope, SyntaxError};
use crate::types::{Rich, Span};

/// A text of a script.
#[derive(Clone, Debug, PartialEq)]
pub struct Template {
    /// Where it stands in its file, in bytes.
    pub span: Range<usize>,
    /// The text as it was written, for translations and change detection.
    pub source: String,
    /// True when it stands in the file of another language: `span` is a place there.
    pub translated: bool,
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq)]
enum Part {
    Words(Span),
    Hole(Expr, Span),
}

impl Template {
    /// A text without words.
    pub(crate) fn empty(span: Range<usize>) -> Self {
        Self { span, source: String::new(), translated: false, parts: Vec::new() }
    }

    /// The text with its holes filled.
    #[must_use]
    pub fn render(&self, scope: &dyn Scope) -> Rich {
        let mut rich = Rich::default();
        for part in &self.parts {
            match part {
                Part::Words(span) => rich.push(span.clone()),
                Part::Hole(expr, style) => rich.push(Span { text: scope.show(&expr.eval(scope)), ..style.clone() }),
            }
        }
        rich
    }

    /// The text alone, with its holes filled; not copied when it has neither holes nor markup.
    #[must_use]
    pub fn show(&self, scope: &dyn Scope) -> Cow<'_, str> {
        match &self.parts[..] {
            [] => Cow::Borrowed(""),
            [Part::Words(span)] => Cow::Borrowed(&span.text),
            _ => Cow::Owned(self.render(scope).text()),
        }
    }

    /// The expressions in its holes.
    pub fn holes(&self) -> impl Iterator<Item = &Expr> {
        self.parts.iter().filter_map(|part| match part {
            Part::Hole(expr, _) => Some(expr),
            Part::Words(_) => None,
        })
    }

    /// The words alone, without holes and markup.
    pub(crate) fn literal(&self) -> String {
        let words =
            self.parts.iter().filter_map(|part| if let Part::Words(span) = part { Some(&*span.text) } else { None });
        words.collect()
    }

    /// The text as it may sound: its words, and in each hole what `fill` puts there.
    #[must_use]
    pub fn sample(&self, fill: &dyn Fn(&Expr) -> String) -> String {
        let part = |part: &Part| match part {
            Part::Words(span) => span.text.clone(),
            Part::Hole(expr, _) => fill(expr),
        };
        self.parts.iter().map(part).collect()
    }

    /// The words alone, in UTF-16 units.
    #[must_use]
    pub fn literal_len(&self) -> usize {
        self.parts
            .iter()
            .map(|part| match part {
                Part::Words(span) => span.text.encode_utf16().count(),
                Part::Hole(..) => 0,
            })
            .sum()
    }

    /// The same text in another language. `source` stays what it was: by it an edited text is noticed, in whatever language it is shown.
    pub(crate) fn translated(
        &self,
        text: &str,
        span: Range<usize>,
        place: &dyn Fn(usize) -> usize,
    ) -> Result<Self, Mistranslated> {
        let other = Self::parse(text, span, place).map_err(Mistranslated::Unreadable)?;
        let (ours, theirs) = (self.shapes(), other.shapes());
        let outlined = |template: &Self, known: &BTreeSet<String>| {
            let odd = template.holes().find(|hole| !known.contains(&hole.shape()));
            odd.map(|hole| hole.span.clone())
        };
        if let Some(place) = outlined(&other, &ours) {
            return Err(Mistranslated::Strange(place));
        }
        if ours.difference(&theirs).next().is_some() {
            let missing = holes_as_written(&self.source).filter(|hole| {
                let shape = expr::parse(hole, &|offset| offset).map(|expr| expr.shape());
                shape.is_ok_and(|shape| !theirs.contains(&shape))
            });
            return Err(Mistranslated::Missing(missing.map(str::trim).map(str::to_owned).collect()));
        }
        Ok(Self { source: self.source.clone(), translated: true, ..other })
    }

    fn shapes(&self) -> BTreeSet<String> {
        self.holes().map(Expr::shape).collect()
    }

    /// Reads a text. `place` maps a byte of `text` to a byte of the file.
    pub(crate) fn parse(text: &str, span: Range<usize>, place: &dyn Fn(usize) -> usize) -> Result<Self, SyntaxError> {
        let text = text.trim_end();
        let mut reader =
            Reader { text, at: 0, words: String::new(), style: Span::default(), parts: Vec::new(), line_start: true };
        reader.read(place)?;
        reader.flush();
        Ok(Self { span, source: text.to_owned(), translated: false, parts: reader.parts })
    }
}

/// Why a translation cannot stand for its source text.
#[derive(Debug)]
pub(crate) enum Mistranslated {
    /// It is no text of a script.
    Unreadable(SyntaxError),
    /// A hole, by its place in the file, that the source text does not have.
    Strange(Range<usize>),
    /// Holes of the source text, as they are written there, that it does not have.
    Missing(Vec<String>),
}

/// What stands between `${` and `}`.
fn holes_as_written(text: &str) -> impl Iterator<Item = &str> {
    text.split("${").skip(1).filter_map(|rest| rest.get(..hole_length(rest)?))
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
    words: String,
    style: Span,
    parts: Vec<Part>,
    line_start: bool,
}

impl Reader<'_> {
    fn read(&mut self, place: &dyn Fn(usize) -> usize) -> Result<(), SyntaxError> {
        let (mut bold_at, mut italic_at) = (0, 0);
        while let Some(next) = self.text[self.at..].chars().next() {
            let rest = &self.text[self.at..];
            if rest.starts_with("${") {
                self.hole(place)?;
            } else if self.line_start && rest.starts_with("> ") {
                self.flush();
                self.style.quote = true;
                self.at += 2;
            } else if rest.starts_with("**") {
                bold_at = self.at;
                self.flush();
                self.style.bold = !self.style.bold;
                self.at += 2;
            } else if next == '*' && self.turns_italic(rest) {
                italic_at = self.at;
                self.flush();
                self.style.italic = !self.style.italic;
                self.at += 1;
            } else if rest.starts_with("\\*") || rest.starts_with("\\>") || rest.starts_with("\\$") {
                self.words.push_str(&rest[1..2]);
                self.at += 2;
            } else {
                self.words.push(next);
                self.at += next.len_utf8();
                if next == '\n' && self.style.quote {
                    self.flush();
                    self.style.quote = false;
                }
            }
            self.line_start = next == '\n';
        }
        if self.style.bold {
            return Err(unclosed(bold_at, 2, "**"));
        }
        if self.style.italic { Err(unclosed(italic_at, 1, "*")) } else { Ok(()) }
    }

    /// A star between spaces is a star.
    fn turns_italic(&self, rest: &str) -> bool {
        let after = rest[1..].chars().next();
        if self.style.italic { true } else { after.is_some_and(|c| !c.is_whitespace()) }
    }

    fn flush(&mut self) {
        if !self.words.is_empty() {
            let text = std::mem::take(&mut self.words);
            self.parts.push(Part::Words(Span { text, ..self.style.clone() }));
        }
    }

    fn hole(&mut self, place: &dyn Fn(usize) -> usize) -> Result<(), SyntaxError> {
        self.flush();
        let open = self.at + 2;
        let length = hole_length(&self.text[open..]).ok_or_else(|| SyntaxError {
            at: self.at..open,
            message: "a hole that is not closed".into(),
            hint: "a hole looks like ${ name }".into(),
        })?;
        let inner = &self.text[open..open + length];
        let expr = expr::parse(inner, &|offset| place(open + offset)).map_err(|mut error| {
            error.at = error.at.start + open..error.at.end + open;
            error
        })?;
        self.parts.push(Part::Hole(expr, Span { text: String::new(), ..self.style.clone() }));
        self.at = open + length + 1;
        Ok(())
    }
}

/// Bytes up to the closing brace, which may not stand inside quotes.
fn hole_length(text: &str) -> Option<usize> {
    let mut quote = None;
    for (at, character) in text.char_indices() {
        match (quote, character) {
            (None, '}') => return Some(at),
            (None, '"' | '\'') => quote = Some(character),
            (Some(open), close) if open == close => quote = None,
            _ => {}
        }
    }
    None
}

fn unclosed(at: usize, length: usize, sign: &str) -> SyntaxError {
    SyntaxError {
        at: at..at + length,
        message: format!("`{sign}` is opened and not closed"),
        hint: format!("close it, or write \\* for a star (`{sign}` makes text stand out)"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Template, SyntaxError> {
        Template::parse(text, 0..text.len(), &|offset| offset)
    }

    #[test]
    fn markup_is_read_from_the_author_only() {
        let template = parse("Say **it** plainly, *once*.\n> a quote\nEnd 2 * 3").unwrap();
        let styles: Vec<_> = template
            .parts
            .iter()
            .map(|part| match part {
                Part::Words(span) => (span.text.as_str(), span.bold, span.italic, span.quote),
                Part::Hole(..) => ("hole", false, false, false),
            })
            .collect();
        assert_eq!(
            styles,
            [
                ("Say ", false, false, false),
                ("it", true, false, false),
                (" plainly, ", false, false, false),
                ("once", false, true, false),
                (".\n", false, false, false),
                ("a quote\n", false, false, true),
                ("End 2 * 3", false, false, false),
            ]
        );
    }

    #[test]
    fn what_is_not_closed_is_refused() {
        assert!(parse("**bold").is_err());
        assert!(parse("*it").is_err());
        assert!(parse("${ me.name").is_err());
        assert_eq!(parse("${ x = 1 }").unwrap_err().hint, "compare with `==`");
        assert!(parse("${ \"}\" }").is_ok());
    }
}
