//! One way of writing script files: `goldseam scripts fmt`.
//!
//! Keys come in the order of the grammar, indentation is two spaces, quotes stand where something needs them. What the author decides
//! stays: the order of steps and of names, comments, blank lines, whether a mapping stands on one line (while it fits), every letter
//! of every text. What cannot be written anew without a change stays as it was.

mod outline;
mod print;
mod scalar;

use super::library::{PromptFile, Report};
use super::problem::{Severity, Source};
use super::schema::FileKind;
use super::words::SharedWords;
use super::yaml::{self, Kind, Node};
use super::{banned, library, parse, paths, review};

/// A file as it is best written.
///
/// # Errors
/// Everything that is wrong with reading it; such a file is not written anew.
pub fn format(file: &PromptFile) -> Result<String, Report> {
    let kind = FileKind::of(&file.path);
    let mut source = Source::new(&file.path, &file.text);
    read(kind, &mut source);
    source.problems.retain(|problem| problem.severity == Severity::Error);
    if !source.problems.is_empty() {
        return Err(Report::of(source));
    }
    let mut again = Source::new(&file.path, &file.text);
    let Some(root) = yaml::parse(&mut again) else { return Err(Report::of(again)) };
    let written = print::print(&outline::Outline::of(&file.text, &root), kind.shape());
    if !says_the_same(&file.text, &root, &written) {
        return Ok(file.text.clone());
    }
    // Whoever has read the text has read this one too: stamps stay good.
    let (old, new) = (review::revision(&file.text), review::revision(&written));
    Ok(if matches!(kind, FileKind::Script | FileKind::Card) { written.replace(&old, &new) } else { written })
}

/// A text as it is written inside brackets.
pub(super) fn in_brackets(text: &str) -> String {
    scalar::written(text, false, true)
}

/// Reads a file for what is wrong with it.
fn read(kind: FileKind, source: &mut Source<'_>) {
    let stem = source.file.rsplit('/').next().unwrap_or(source.file).trim_end_matches(".yaml");
    match kind {
        FileKind::Script => drop(parse::script(source, stem, false)),
        FileKind::Card => drop(parse::script(source, stem, true)),
        FileKind::Facts => drop(library::facts(source)),
        FileKind::Phrases => drop(SharedWords::of_source(source)),
        // Which names are right in them depends on the scripts.
        FileKind::Language | FileKind::Words => drop(yaml::parse(source)),
        FileKind::Banned => drop(banned::rules(source)),
        FileKind::Paths => drop(paths::read(source)),
    }
}

/// Whether the new text has the same tree and the same comments.
fn says_the_same(text: &str, root: &Node, written: &str) -> bool {
    let mut source = Source::new("", written);
    let Some(new) = yaml::parse(&mut source) else { return false };
    source.problems.iter().all(|problem| problem.severity == Severity::Warning)
        && same(root, &new)
        && outline::Outline::of(text, root).comments() == outline::Outline::of(written, &new).comments()
}

fn same(one: &Node, other: &Node) -> bool {
    match (&one.kind, &other.kind) {
        (Kind::Scalar(one), Kind::Scalar(other)) => one.text == other.text,
        (Kind::List(one), Kind::List(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Kind::Map(one), Kind::Map(other)) => {
            let value = |name: &str| other.iter().find(|(key, _)| key.name == name).map(|(_, node)| node);
            one.len() == other.len()
                && one.iter().all(|(key, node)| value(&key.name).is_some_and(|other| same(node, other)))
        }
        _ => false,
    }
}
