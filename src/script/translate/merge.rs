//! Keeping PO files in step with the scripts: the texts there are, what became of their translations, how many are missing.
//!
//! Texts in, texts out; who reads and writes files stands outside the core.

use std::collections::{BTreeMap, BTreeSet};

use super::super::library::{Library, PromptFile};
use super::super::problem::{edit_distance, line_and_column};
use super::po::{self, Catalog, Entry};
use super::{Plural, Slot, Speaker, Words, each};

/// Up to this share of its letters a text may have changed and still be the same text, to be looked at by a translator.
const LIKENESS: f64 = 0.45;
/// At the same question, a text that has so many words is the same one when this share of them, in percent, is there again: lines
/// were added to it, or taken out.
const WORDS: (usize, usize) = (3, 60);

/// How far a language's texts are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// Texts there are.
    pub all: usize,
    /// Texts with a translation.
    pub translated: usize,
    /// Texts that were edited since they were translated.
    pub fuzzy: Vec<Untranslated>,
    /// Texts without a translation.
    pub missing: Vec<Untranslated>,
}

/// A text that is said in the source language for now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Untranslated {
    /// Its place in the scripts: `menu.yaml:20`.
    pub place: String,
    /// What it says there.
    pub text: String,
    /// Where its entry begins in texts.po, in bytes, if there is one.
    pub at: Option<usize>,
}

/// All texts of the scripts, as an empty PO file. `files` are those the library was loaded from.
#[must_use]
pub fn template(library: &Library, files: &[PromptFile]) -> Catalog {
    let mut found = Found { entries: Vec::new(), places: BTreeMap::new() };
    for (path, script) in library.files() {
        let text = files.iter().find(|file| file.path == path).map_or("", |file| file.text.as_str());
        let (stem, mut last) = (path.trim_end_matches(".yaml"), 1);
        each(&mut script.clone(), stem, &mut |slot: Slot<'_>| {
            last = line(&slot, text, last);
            found.add(&slot, format!("{path}:{last}"));
        });
    }
    Catalog { header: Some(header("")), entries: found.entries }
}

/// The line of a slot. A value has none of its own: it stands by its label.
fn line(slot: &Slot<'_>, text: &str, last: usize) -> usize {
    let named = |key: &str| text.lines().position(|line| line.starts_with(key)).map_or(1, |at| at + 1);
    match (&slot.words, slot.speaker) {
        (Words::Text(template), _) => line_and_column(text, template.span.start).0,
        (Words::Forms(forms), _) => forms.first().map_or(1, |one| line_and_column(text, one.span.start).0),
        (Words::Line(_), Speaker::Title) => named("title:"),
        (Words::Line(_), Speaker::About) => named("about:"),
        (Words::Line(_), _) => last,
    }
}

/// The entry that every PO file begins with.
fn header(tag: &str) -> Entry {
    let text = format!(
        "Project-Id-Version: goldseam\nLanguage: {tag}\nMIME-Version: 1.0\nContent-Type: text/plain; charset=UTF-8\n\
         Content-Transfer-Encoding: 8bit\nPlural-Forms: nplurals=2; plural=n != 1;\n"
    );
    let comments = match tag {
        "" => vec!["The texts of all scripts. docs/translating.md says how they are translated.".into()],
        _ => vec![format!("The texts of all scripts in `{tag}`. docs/translating.md says how they are translated.")],
    };
    Entry { comments, translations: vec![po::Words::new(text)], ..Entry::default() }
}

struct Found {
    entries: Vec<Entry>,
    places: BTreeMap<(String, String), usize>,
}

impl Found {
    fn add(&mut self, slot: &Slot<'_>, reference: String) {
        let id = slot.key();
        let key = (slot.context.clone(), id.clone());
        let remark = slot.speaker.remark().to_owned();
        if let Some(entry) = self.places.get(&key).and_then(|at| self.entries.get_mut(*at)) {
            if !entry.references.contains(&reference) {
                entry.references.push(reference);
            }
            if !entry.extracted.contains(&remark) {
                entry.extracted.push(remark);
            }
            return;
        }
        self.places.insert(key, self.entries.len());
        self.entries.push(Entry {
            extracted: vec![remark],
            references: vec![reference],
            context: Some(slot.context.clone()),
            id,
            plural: slot.plural(),
            translations: vec![po::Words::default(); if slot.plural().is_some() { 2 } else { 1 }],
            ..Entry::default()
        });
    }
}

/// A language's file after the scripts were edited: translations stay with their texts, a text that changed a little keeps its
/// translation as fuzzy, what is gone moves to the end, what is new comes in empty.
#[must_use]
pub fn merge(tag: &str, old: &Catalog, template: &Catalog) -> Catalog {
    let mut rest: Vec<&Entry> = old.entries.iter().collect();
    let forms = old.field("Plural-Forms").and_then(|line| Plural::parse(line).ok()).unwrap_or_default().count();
    let mut entries: Vec<Entry> = template.entries.clone();
    // First those that are the same, so that no other text takes their translation.
    for entry in &mut entries {
        let same = rest.iter().position(|other| !other.obsolete && other.key() == entry.key());
        if let Some(at) = same {
            take(entry, rest.remove(at), false);
        }
    }
    for entry in entries.iter_mut().filter(|entry| entry.is_empty()) {
        if let Some((at, doubtful)) = nearest(entry, &rest) {
            take(entry, rest.remove(at), doubtful);
        }
    }
    for entry in entries.iter_mut().filter(|entry| entry.is_empty()) {
        if let Some(at) = with_the_same_words(entry, &rest) {
            take(entry, rest.remove(at), true);
        }
    }
    for entry in &mut entries {
        let wanted = if entry.plural.is_some() { forms } else { 1 };
        entry.translations.resize(wanted, po::Words::default());
    }
    let gone = rest.into_iter().filter(|entry| !entry.is_empty()).map(|entry| Entry {
        obsolete: true,
        references: Vec::new(),
        extracted: Vec::new(),
        ..entry.clone()
    });
    entries.extend(gone);
    Catalog { header: Some(old.header.clone().unwrap_or_else(|| header(tag))), entries }
}

fn take(entry: &mut Entry, from: &Entry, doubtful: bool) {
    entry.translations.clone_from(&from.translations);
    entry.comments.clone_from(&from.comments);
    entry.flags.clone_from(&from.flags);
    entry.fuzzy = from.fuzzy || doubtful;
    entry.previous = match (doubtful, &from.previous) {
        (true, _) if from.id != entry.id => Some(from.id.clone()),
        (_, previous) => previous.clone().filter(|_| entry.fuzzy),
    };
}

/// True when the translation of one text could be that of the other.
fn usable(entry: &Entry, other: &Entry) -> bool {
    !other.is_empty() && other.plural.is_some() == entry.plural.is_some()
}

/// The translation to take over for a text that has none, and whether somebody has to look at it.
fn nearest(entry: &Entry, rest: &[&Entry]) -> Option<(usize, bool)> {
    let file = |entry: &Entry| entry.context.as_deref().and_then(|c| c.split('/').next()).unwrap_or("").to_owned();
    let usable = |other: &&Entry| usable(entry, other);
    let same_text = |other: &&Entry| usable(other) && other.id == entry.id;
    if let Some(at) = rest.iter().position(|other| same_text(other) && file(other) == file(entry)) {
        return Some((at, false));
    }
    if let Some(at) = rest.iter().position(same_text) {
        return Some((at, true));
    }
    let length = entry.id.chars().count();
    let near = rest.iter().enumerate().filter(|(_, other)| usable(other) && file(other) == file(entry));
    near.filter_map(|(at, other)| {
        let theirs = other.id.chars().count();
        #[expect(clippy::cast_precision_loss, reason = "lengths of texts")]
        let most = length.max(theirs) as f64 * LIKENESS;
        #[expect(clippy::cast_precision_loss, reason = "lengths of texts")]
        let is_near = |distance: usize| (distance as f64) <= most;
        if !is_near(length.abs_diff(theirs)) {
            return None;
        }
        let distance = edit_distance(&entry.id, &other.id);
        is_near(distance).then_some((distance, at))
    })
    .min()
    .map(|(_, at)| (at, true))
}

/// The translation of a text of the same question that had most of its words.
fn with_the_same_words(entry: &Entry, rest: &[&Entry]) -> Option<usize> {
    let words = |entry: &Entry| entry.id.split_whitespace().map(str::to_owned).collect::<BTreeSet<String>>();
    let ours = words(entry);
    let share = |other: &Entry| {
        let theirs = words(other);
        let fewer = ours.len().min(theirs.len());
        let common = ours.intersection(&theirs).count();
        (fewer >= WORDS.0 && 100 * common >= WORDS.1 * fewer).then_some(common)
    };
    let candidates =
        rest.iter().enumerate().filter(|(_, other)| other.context == entry.context && usable(entry, other));
    candidates.filter_map(|(at, other)| Some((share(other)?, at))).max().map(|(_, at)| at)
}

/// How far a language is.
#[must_use]
pub fn status(catalog: &Catalog, template: &Catalog) -> Status {
    let entries: BTreeMap<(&str, &str), &Entry> =
        catalog.entries.iter().filter(|entry| !entry.obsolete).map(|entry| (entry.key(), entry)).collect();
    let mut status = Status { all: template.entries.len(), ..Status::default() };
    for wanted in &template.entries {
        let entry = entries.get(&wanted.key());
        let untranslated = || Untranslated {
            place: wanted.references.first().cloned().unwrap_or_default(),
            text: wanted.id.clone(),
            at: entry.map(|entry| entry.span.start),
        };
        match entry {
            Some(entry) if entry.is_empty() => status.missing.push(untranslated()),
            Some(entry) if entry.fuzzy => status.fuzzy.push(untranslated()),
            Some(_) => status.translated += 1,
            None => status.missing.push(untranslated()),
        }
    }
    status
}

#[cfg(test)]
mod tests {
    use super::*;

    fn catalog(entries: &[(&str, &str, &str)]) -> Catalog {
        let entry = |(context, id, text): &(&str, &str, &str)| Entry {
            context: Some((*context).into()),
            id: (*id).into(),
            translations: vec![po::Words::new(*text)],
            ..Entry::default()
        };
        Catalog { header: None, entries: entries.iter().map(entry).collect() }
    }

    #[test]
    fn translations_follow_their_texts() {
        let old = catalog(&[
            ("menu/a", "Stays.", "Queda."),
            ("menu/b", "How are you today?", "\u{bf}Qu\u{e9} tal hoy?"),
            ("menu/c", "Moves.", "Se mueve."),
            ("menu/d", "Was here once, long ago.", "Estuvo."),
            ("menu/e", "Never translated, and gone.", ""),
            ("menu/f", "To say: ${ a }\nFirst: ${ b }", "Decir: ${ a }\nPrimera: ${ b }"),
        ]);
        let new = catalog(&[
            ("menu/a", "Stays.", ""),
            ("menu/b", "How are you now?", ""),
            ("menu/x", "Moves.", ""),
            ("menu/y", "Quite new.", ""),
            ("menu/f", "What it was about: ${ c }\nTo say: ${ a }\nFirst: ${ b }\nAnd what came of it: ${ d }", ""),
        ]);
        let merged = merge("es", &old, &new);
        let added = merged.entries.iter().find(|entry| entry.context.as_deref() == Some("menu/f")).unwrap();
        assert_eq!((added.fuzzy, added.translations[0].text.as_str()), (true, "Decir: ${ a }\nPrimera: ${ b }"));
        let shown: Vec<(&str, &str, bool, Option<&str>, bool)> = merged
            .entries
            .iter()
            .filter(|e| e.context.as_deref() != Some("menu/f"))
            .map(|e| (&*e.id, &*e.translations[0].text, e.fuzzy, e.previous.as_deref(), e.obsolete))
            .collect();
        assert_eq!(
            shown,
            [
                ("Stays.", "Queda.", false, None, false),
                ("How are you now?", "\u{bf}Qu\u{e9} tal hoy?", true, Some("How are you today?"), false),
                ("Moves.", "Se mueve.", false, None, false),
                ("Quite new.", "", false, None, false),
                ("Was here once, long ago.", "Estuvo.", false, None, true),
            ]
        );
        assert_eq!(merge("es", &merged, &new), merged, "merging again changes nothing");
        let status = status(&merged, &new);
        assert_eq!((status.all, status.translated, status.fuzzy.len(), status.missing.len()), (5, 2, 2, 1));
    }
}
