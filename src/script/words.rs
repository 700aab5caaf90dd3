//! `phrases.yaml`: words that belong to no single script, for the source language and for every other one.

use std::collections::BTreeMap;

use super::library::Reserved;
use super::locale::{self, Reading, Writing};
use super::parse;
use super::problem::{Source, did_you_mean};
use super::read::{self, Fields};
use super::translate::Plural;
use crate::phrase::{Phrase, key};
use crate::types::FormWords;

/// The longest description of a command that both platforms take.
const MAX_ABOUT: usize = 100;

/// Words that belong to no single script.
#[derive(Clone, Debug, Default)]
pub struct SharedWords {
    /// The language's tag: `en`, `pt-br`.
    pub language: String,
    /// The language's name in itself: `Español`.
    pub name: String,
    /// Phrase lists that every script may use.
    pub lists: BTreeMap<String, Vec<Phrase>>,
    /// What people type for the reserved words.
    pub reserved: BTreeMap<Reserved, Vec<Phrase>>,
    /// The same by what a whole message is.
    pub(super) by_key: BTreeMap<String, Reserved>,
    /// Yes.
    pub yes: Vec<Phrase>,
    /// No.
    pub no: Vec<Phrase>,
    /// Skip this question.
    pub skip: Vec<Phrase>,
    /// What is written on the Skip button.
    pub skip_label: String,
    /// That everything was picked that should be.
    pub enough: Vec<Phrase>,
    /// What is written on the button for that.
    pub enough_label: String,
    /// Words between the parts of an enumeration, beside commas: "and".
    pub joins: Vec<String>,
    /// What is written on forms, where a platform needs one for free text.
    pub form: FormWords,
    /// Said in a group to somebody who has no private chat with the bot yet; a link follows.
    pub invitation: String,
    /// What the reserved words do, for command menus.
    pub about: BTreeMap<Reserved, String>,
    /// How numbers, days and times are written: in this language, then in the source language.
    pub reading: Vec<Reading>,
    /// How days, times and lengths are shown.
    pub writing: Writing,
}

impl SharedWords {
    /// The reserved word that a whole message is.
    #[must_use]
    pub fn reserved(&self, folded: &str) -> Option<Reserved> {
        self.by_key.get(&key(folded)).copied()
    }

    /// Makes the reserved words easy to find, once all of them are there.
    fn indexed(mut self) -> Self {
        // The first that has a word keeps it.
        for (reserved, words) in self.reserved.iter().rev() {
            self.by_key.extend(words.iter().filter_map(Phrase::key).map(|key| (key, *reserved)));
        }
        self
    }

    /// Reads the words of the source language, all of which there must be.
    pub(crate) fn of_source(source: &mut Source<'_>) -> Self {
        let base = Self {
            language: "en".into(),
            skip_label: "Skip".into(),
            enough_label: "That is all".into(),
            ..Self::default()
        };
        Reader { words: base, translating: false, plural: Plural::default() }.read(source).indexed()
    }

    /// Reads the words of another language. What is not there stays as it is in the source language, and the words to type of the source
    /// language go on working where they mean nothing else.
    pub(crate) fn of_language(tag: &str, base: &Self, plural: &Plural, source: &mut Source<'_>) -> Self {
        let words = Self { language: tag.to_owned(), name: tag.to_owned(), ..base.clone() };
        let read = Reader { words, translating: true, plural: plural.clone() }.read(source);
        read.beside(base).indexed()
    }

    /// Adds the source language's words to type, except those that mean something else here.
    fn beside(mut self, base: &Self) -> Self {
        let own = self.clone();
        let means = |list: &[Phrase], word: &Phrase| list.iter().any(|phrase| phrase.is_all_of(word.folded()));
        let answers = |word: &Phrase| means(&own.yes, word) || means(&own.no, word);
        join(&mut self.yes, &base.yes, |word| means(&own.no, word));
        join(&mut self.no, &base.no, |word| means(&own.yes, word));
        join(&mut self.skip, &base.skip, answers);
        join(&mut self.enough, &base.enough, answers);
        for (reserved, words) in &base.reserved {
            let elsewhere =
                |word: &Phrase| own.reserved.iter().any(|(other, list)| other != reserved && means(list, word));
            let taken = |word: &Phrase| answers(word) || elsewhere(word);
            join(self.reserved.entry(*reserved).or_default(), words, taken);
        }
        self
    }
}

fn join(own: &mut Vec<Phrase>, base: &[Phrase], taken: impl Fn(&Phrase) -> bool) {
    let new: Vec<Phrase> = base.iter().filter(|word| !own.contains(word) && !taken(word)).cloned().collect();
    own.extend(new);
}

struct Reader {
    words: SharedWords,
    /// Everything may be left out.
    translating: bool,
    plural: Plural,
}

impl Reader {
    fn read(mut self, source: &mut Source<'_>) -> SharedWords {
        let Some(root) = super::yaml::parse(source) else { return self.words };
        let Some(mut fields) = Fields::of(&root, "phrases.yaml", source) else { return self.words };
        if let Some(tag) = self.take(&mut fields, "language", source) {
            self.words.language = tag;
        }
        if let Some(name) = self.take(&mut fields, "name", source) {
            self.words.name = name;
        }
        if let Some(node) = fields.take("lists") {
            self.lists(parse::phrase_lists(node, source), node.span.start, source);
        }
        self.reserved(&mut fields, source);
        self.answers(&mut fields, source);
        self.labels(&mut fields, source);
        self.about(&mut fields, source);
        self.locale(&mut fields, source);
        fields.finish(source);
        self.words
    }

    /// A plain text that a language has and the source language may have.
    fn take(&self, fields: &mut Fields<'_>, key: &'static str, source: &mut Source<'_>) -> Option<String> {
        // The tag of a translation is its folder's name.
        let node = if self.translating && key == "language" { None } else { fields.take(key) };
        node.and_then(|node| read::plain(node, "a word", source))
    }

    fn lists(&mut self, lists: BTreeMap<String, Vec<Phrase>>, at: usize, source: &mut Source<'_>) {
        for (name, list) in lists {
            if self.translating && !self.words.lists.contains_key(&name) {
                let at = source.text[at..].find(&format!("{name}:")).map_or(at, |found| at + found);
                let hint = did_you_mean(&name, self.words.lists.keys().map(String::as_str));
                source.warn("GS0704", at..at + name.len(), format!("there is no list `{name}` in phrases.yaml"), hint);
                continue;
            }
            self.words.lists.insert(name, list);
        }
    }

    fn reserved(&mut self, fields: &mut Fields<'_>, source: &mut Source<'_>) {
        let node = if self.translating { fields.take("reserved") } else { fields.need("reserved", source) };
        let Some(reserved) = node.and_then(|node| Fields::of(node, "`reserved`", source)) else { return };
        for word in Reserved::ALL.map(Reserved::as_str) {
            if !self.translating && !reserved.has(word) {
                let start = reserved.span.start;
                let hint = format!("add `{word}: [...]`");
                source.error("GS0102", start..start + 1, format!("no words for `{word}`"), hint);
            }
        }
        for (key, node) in reserved.all() {
            match Reserved::from_command(&key.name) {
                Some(reserved) => {
                    self.words.reserved.insert(reserved, read::phrases(node, source));
                }
                None => {
                    let hint = did_you_mean(&key.name, Reserved::ALL.map(Reserved::as_str));
                    source.error("GS0101", key.span.clone(), format!("there is no reserved word `{}`", key.name), hint);
                }
            }
        }
    }

    fn answers(&mut self, fields: &mut Fields<'_>, source: &mut Source<'_>) {
        let words = &mut self.words;
        for (key, list) in [("yes", &mut words.yes), ("no", &mut words.no), ("skip", &mut words.skip)] {
            let node = if self.translating { fields.take(key) } else { fields.need(key, source) };
            if let Some(node) = node {
                *list = read::phrases(node, source);
            }
        }
        if let Some(node) = fields.take("enough") {
            words.enough = read::phrases(node, source);
        }
        if let Some(node) = fields.take("joins") {
            words.joins = read::phrases(node, source).iter().map(|phrase| phrase.folded().to_owned()).collect();
        }
    }

    fn labels(&mut self, fields: &mut Fields<'_>, source: &mut Source<'_>) {
        let Some(mut labels) = fields.take("labels").and_then(|node| Fields::of(node, "`labels`", source)) else {
            return;
        };
        let words = &mut self.words;
        let slots: [(&'static str, &mut String); 6] = [
            ("skip", &mut words.skip_label),
            ("enough", &mut words.enough_label),
            ("invitation", &mut words.invitation),
            ("write", &mut words.form.button),
            ("form_title", &mut words.form.title),
            ("form_field", &mut words.form.field),
        ];
        for (key, slot) in slots {
            if let Some(text) = labels.take(key).and_then(|node| read::text(node, "a label", source)) {
                text.clone_into(slot);
            }
        }
        labels.finish(source);
    }

    fn about(&mut self, fields: &mut Fields<'_>, source: &mut Source<'_>) {
        let Some(mut about) = fields.take("about").and_then(|node| Fields::of(node, "`about`", source)) else { return };
        for reserved in Reserved::ALL {
            if let Some(text) = about.take(reserved.as_str()).and_then(|node| read::text(node, "what it does", source))
            {
                self.words.about.insert(reserved, text.chars().take(MAX_ABOUT).collect());
            }
        }
        about.finish(source);
    }

    fn locale(&mut self, fields: &mut Fields<'_>, source: &mut Source<'_>) {
        let node = if self.translating { fields.take("reading") } else { fields.need("reading", source) };
        if let Some(node) = node {
            let own = locale::reading(node, source);
            self.words.reading.insert(0, own);
        }
        let node = if self.translating { fields.take("writing") } else { fields.need("writing", source) };
        if let Some((node, own)) = node.zip(self.words.reading.first()) {
            self.words.writing = locale::writing(node, own, &self.plural, source);
        }
    }
}
