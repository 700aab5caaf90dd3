//! What is wrong with a script, said so that its author can mend it: a stable code, the place, the line, what to do.

use std::fmt;
use std::ops::Range;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The script is refused.
    Error,
    /// The script works; somebody should look.
    Warning,
}

/// One thing that is wrong, at one place of one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// `GS0101` and so on: stable over versions, never used for something else.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// The file, as it was named when it was read.
    pub file: String,
    /// 1-based.
    pub line: usize,
    /// 1-based, in characters.
    pub column: usize,
    /// Where it ends, 1-based: the line, and the column behind the last character.
    pub end: (usize, usize),
    /// The place in bytes.
    pub span: Range<usize>,
    /// What is wrong.
    pub message: String,
    /// What to do about it; may be empty.
    pub hint: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: {} {}", self.file, self.line, self.column, self.code, self.message)?;
        if self.hint.is_empty() { Ok(()) } else { write!(f, " ({})", self.hint) }
    }
}

impl Problem {
    /// The problem with the line it stands on, for a terminal. `source` is the text of its file.
    #[must_use]
    pub fn render(&self, source: &str, coloured: bool) -> String {
        let level = match self.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let end = self.span.end.min(source.len());
        let span = self.span.start.min(end)..end;
        let snippet = Snippet::source(source).path(&self.file).annotation(AnnotationKind::Primary.span(span));
        let mut group = level.primary_title(&self.message).id(self.code).element(snippet);
        if !self.hint.is_empty() {
            group = group.element(Level::HELP.message(&self.hint));
        }
        let renderer = if coloured { Renderer::styled() } else { Renderer::plain() };
        renderer.decor_style(DecorStyle::Ascii).render(&[group])
    }
}

/// Nobody mends more than this at once; what is no script at all would have one for each line.
const MOST_PROBLEMS: usize = 100;

/// A file's text, and the problems found in it so far.
#[derive(Debug)]
pub(crate) struct Source<'a> {
    pub(crate) file: &'a str,
    pub(crate) text: &'a str,
    pub(crate) problems: Vec<Problem>,
}

impl<'a> Source<'a> {
    pub(crate) fn new(file: &'a str, text: &'a str) -> Self {
        Self { file, text, problems: Vec::new() }
    }

    /// Notes an error at a place given in bytes.
    pub(crate) fn error(
        &mut self,
        code: &'static str,
        span: Range<usize>,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        self.note(Severity::Error, code, span, message.into(), hint.into());
    }

    /// Notes a warning at a place given in bytes.
    pub(crate) fn warn(
        &mut self,
        code: &'static str,
        span: Range<usize>,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        self.note(Severity::Warning, code, span, message.into(), hint.into());
    }

    fn note(&mut self, severity: Severity, code: &'static str, span: Range<usize>, message: String, hint: String) {
        // What is missing at the end is missing behind the last word.
        let last = self.text.trim_end().len();
        let span = if span.start > last && last > 0 { last..last + 1 } else { span };
        let span = clamp(self.text, span);
        let (line, column) = line_and_column(self.text, span.start);
        let file = self.file.to_owned();
        let end = line_and_column(self.text, span.end);
        let problem = Problem { code, severity, file, line, column, end, span, message, hint };
        if !self.is_full() && !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
    }

    /// Where a key stands: at the top of the file, else at the beginning of any line; the first line when it stands nowhere.
    pub(crate) fn key(&self, key: &str) -> Range<usize> {
        let mut lines = self.text.split_inclusive('\n').scan(0, |start, line| {
            let at = *start;
            *start += line.len();
            Some((at, line))
        });
        let is_key = |line: &str| line.strip_prefix(key).is_some_and(|rest| rest.starts_with(':'));
        let (mut further_in, mut at_top) = (None, None);
        for (at, line) in &mut lines {
            if is_key(line) {
                at_top = Some(at);
                break;
            }
            let indent = line.len() - line.trim_start().len();
            if further_in.is_none() && is_key(&line[indent..]) {
                further_in = Some(at + indent);
            }
        }
        at_top.or(further_in).map_or(0..1, |at| at..at + key.len())
    }

    /// True when nobody needs to look for more.
    pub(crate) fn is_full(&self) -> bool {
        self.problems.len() >= MOST_PROBLEMS
    }

    /// True when some of the file could not be read, so that what depends on the whole of it cannot be told.
    pub(crate) fn has_gaps(&self) -> bool {
        self.problems.iter().any(|problem| problem.severity == Severity::Error && problem.code < "GS0300")
    }
}

/// A span that lies inside the text and on character boundaries.
fn clamp(text: &str, span: Range<usize>) -> Range<usize> {
    let start = text.floor_char_boundary(span.start.min(text.len()));
    let end = text.ceil_char_boundary(span.end.clamp(start, text.len()));
    // A block of text ends with its last word, not where the next step begins.
    let visible = text[start..end].trim_end().len();
    start..if visible == 0 { end } else { start + visible }
}

/// 1-based line and column of a byte, the column in characters.
pub(crate) fn line_and_column(text: &str, byte: usize) -> (usize, usize) {
    let before = &text[..text.floor_char_boundary(byte.min(text.len()))];
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().map_or(0, |tail| tail.chars().count()) + 1;
    (line, column)
}

/// The known word nearest to a misspelt one, if one is near enough to be meant.
pub(crate) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = 1 + word.chars().count() / 4;
    let length = word.chars().count();
    known
        .into_iter()
        .filter(|candidate| candidate.chars().count().abs_diff(length) <= limit)
        .map(|candidate| (edit_distance(word, candidate), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, candidate)| candidate)
}

/// A hint that offers the nearest known word, or lists all of them when they are few.
pub(crate) fn did_you_mean<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let mut known: Vec<&str> = known.into_iter().collect();
    known.sort_unstable();
    known.dedup();
    match nearest(word, known.iter().copied()) {
        Some(found) => format!("did you mean `{found}`?"),
        None if known.is_empty() => String::new(),
        None if known.len() <= 40 => format!("known here: {}", known.join(", ")),
        None => String::new(),
    }
}

/// Damerau-Levenshtein distance (adjacent swaps count once), in characters.
pub(crate) fn edit_distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let width = b.len() + 1;
    let mut table = vec![0; (a.len() + 1) * width];
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            table[i * width + j] = if i == 0 || j == 0 {
                i + j
            } else {
                let change = usize::from(a[i - 1] != b[j - 1]);
                let mut best = (table[(i - 1) * width + j - 1] + change)
                    .min(table[(i - 1) * width + j] + 1)
                    .min(table[i * width + j - 1] + 1);
                if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                    best = best.min(table[(i - 2) * width + j - 2] + 1);
                }
                best
            };
        }
    }
    table[a.len() * width + b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_count_a_swap_once() {
        assert_eq!(edit_distance("okay", "oaky"), 1);
        assert_eq!(edit_distance("", "abc"), 3);
        assert_eq!(nearest("uncler", ["unclear", "label"]), Some("unclear"));
    }

    #[test]
    fn a_problem_shows_its_line() {
        let mut source = Source::new("a.yaml", "one: 1\ntwö: 2\n");
        source.error("GS0001", 7..11, "no such key", "did you mean `two`?");
        let problem = &source.problems[0];
        assert_eq!((problem.line, problem.column), (2, 1));
        let shown = problem.render(source.text, false);
        assert!(shown.contains("two") && shown.contains("a.yaml:2:1") && shown.contains("GS0001"), "{shown}");
    }
}
