//! What the bot does not say, and how plainly it speaks: words of `banned.yaml`, exclamation marks, reading age.
//!
//! Warns only. Nobody's scripts are refused for a word; the author of a script may allow one with a reason.

use std::collections::BTreeSet;
use std::ops::Range;

use super::super::banned::{Rules, Where, sentences, words_of};
use super::super::model::Script;
use super::super::problem::Source;
use super::super::reading;
use super::said::{Part, Said, said};

/// The age from which every text should be easy reading.
const READING_AGE: u8 = 12;
/// Formulas say nothing about a handful of words.
const FEW_WORDS: u32 = 20;
const EXCLAMATION: &str = "!";

/// Checks what a script says in another language: the texts at these places of the PO file, which is `source`. A word that is
/// allowed in the source language is no word of this one, so nothing is said about allowances.
pub(crate) fn check_edition(
    script: &Script,
    language: &str,
    places: &BTreeSet<(usize, usize)>,
    rules: &Rules,
    source: &mut Source<'_>,
) {
    let mut content = Content { script, language, rules, source, needed: BTreeSet::new() };
    for text in said(script).iter().filter(|text| places.contains(&(text.span.start, text.span.end))) {
        content.text(text);
    }
}

/// Checks what a script says.
pub(crate) fn check(script: &Script, rules: &Rules, source: &mut Source<'_>) {
    let mut content = Content { script, language: &script.language, rules, source, needed: BTreeSet::new() };
    for text in said(script) {
        content.text(&text);
    }
    for (key, text) in [("title", &script.title), ("about", &script.about)] {
        let at = content.source.key(key);
        content.words(text, false, &at);
    }
    content.allowances();
}

struct Content<'c, 'a> {
    script: &'c Script,
    language: &'c str,
    rules: &'c Rules,
    source: &'c mut Source<'a>,
    /// Allowances that something needs.
    needed: BTreeSet<usize>,
}

impl Content<'_, '_> {
    fn text(&mut self, said: &Said) {
        for text in std::iter::once(&said.text).chain(&said.others) {
            self.words(text, said.counts, &said.span);
        }
        if self.script.care.heavy && said.part != Part::Kept && said.text.contains('!') && !self.allowed(EXCLAMATION) {
            let at = place(self.source.text, &said.span, EXCLAMATION);
            let hint = "end the sentence with a full stop";
            self.source.warn("GS0602", at, "an exclamation mark in a heavy script", hint);
        }
        if said.part == Part::Spoken {
            self.reading(said);
        }
    }

    fn words(&mut self, text: &str, counts: bool, span: &Range<usize>) {
        let sentences = sentences(text);
        let sentences = words_of(&sentences);
        for rule in self.rules.about(&sentences) {
            let here = match rule.place {
                Where::Everywhere => true,
                Where::Counts => counts,
                Where::Heavy => self.script.care.heavy,
            };
            if let Some(word) = here.then(|| rule.found_in(&sentences)).flatten()
                && !self.allowed(word)
            {
                let at = place(self.source.text, span, word);
                let message = format!("the bot does not say \"{word}\"{}: {}", rule.place.within(), rule.why);
                self.source.warn("GS0601", at, message, &rule.instead);
            }
        }
    }

    fn allowed(&mut self, word: &str) -> bool {
        let found = self.script.care.allowed.iter().position(|allowance| allowance.word.to_lowercase() == word);
        self.needed.extend(found);
        found.is_some()
    }

    fn reading(&mut self, said: &Said) {
        let Some(reading) = reading::of(&said.text, self.language) else { return };
        if reading.words >= FEW_WORDS && reading.age > READING_AGE {
            let each = reading.words / reading.sentences.max(1);
            let message = format!(
                "easy to read from about {} years on ({each} words in a sentence, {} of {} words are long)",
                reading.age, reading.long_words, reading.words
            );
            let hint = format!("aim for {READING_AGE}: shorter sentences, shorter words");
            self.source.warn("GS0604", said.span.clone(), message, hint);
        }
    }

    fn allowances(&mut self) {
        for (index, allowance) in self.script.care.allowed.iter().enumerate() {
            if !self.needed.contains(&index) {
                let message = format!("nothing here needs `{}` to be allowed", allowance.word);
                let hint = "remove it, or write it as it stands in banned.yaml";
                self.source.warn("GS0603", allowance.span.clone(), message, hint);
            }
        }
    }
}

impl Where {
    fn within(self) -> &'static str {
        match self {
            Where::Everywhere => "",
            Where::Counts => " about a count",
            Where::Heavy => " in a heavy script",
        }
    }
}

/// Where a phrase stands in a text of the file; the whole text when that cannot be told.
fn place(file: &str, span: &Range<usize>, phrase: &str) -> Range<usize> {
    let words = phrase.split("...").next().unwrap_or(phrase).trim().trim_end_matches('*');
    let found = file.get(span.clone()).filter(|_| !words.is_empty()).and_then(|text| {
        let lower = text.to_ascii_lowercase();
        let whole =
            |at: &usize| !words.starts_with(char::is_alphanumeric) || !lower[..*at].ends_with(char::is_alphanumeric);
        lower.match_indices(words).map(|(at, _)| at).find(whole)
    });
    found.map_or(span.clone(), |at| span.start + at..span.start + at + words.len())
}
