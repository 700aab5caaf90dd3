//! One language's folder to one edition: the same scripts with other words, and what is wrong with them.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::super::model::{OpKind, Script, Starters};
use super::super::parse::opening;
use super::super::problem::{Source, did_you_mean, line_and_column, nearest};
use super::super::read::{self, Fields};
use super::super::text::{Mistranslated, Template};
use super::super::words::SharedWords;
use super::super::yaml;
use super::po::{Catalog, Entry};
use super::{Plural, Slot, Words, each};
use crate::phrase::Phrase;

/// The file with the texts, in a language's folder.
pub(crate) const TEXTS: &str = "texts.po";
/// The file with the words that belong to no single script.
const WORDS: &str = "phrases.yaml";
/// The file with what the bot does not say.
pub(crate) const BANNED: &str = "banned.yaml";

/// A language's files.
#[derive(Debug, Default)]
pub(crate) struct Folder<'a> {
    pub(crate) tag: String,
    /// By their path below the folder.
    pub(crate) files: BTreeMap<String, Source<'a>>,
}

impl<'a> Folder<'a> {
    pub(crate) fn new(tag: &str) -> Self {
        Self { tag: tag.to_owned(), files: BTreeMap::new() }
    }

    /// The file that clashes are told in: the texts, else the words, else any.
    pub(crate) fn take_main(&mut self) -> Source<'a> {
        let name = [TEXTS, WORDS].into_iter().find(|name| self.files.contains_key(*name)).map(str::to_owned);
        let name = name.or_else(|| self.files.keys().next().cloned());
        name.and_then(|name| self.files.remove(&name)).unwrap_or_else(|| Source::new(TEXTS, ""))
    }

    pub(crate) fn put_back(&mut self, source: Source<'a>) {
        let name = source.file.splitn(3, '/').last().unwrap_or(source.file).to_owned();
        self.files.insert(name, source);
    }
}

/// The words of one script in one language, beside its texts.
#[derive(Clone, Debug, Default)]
struct ScriptWords {
    starters: Starters,
    phrases: BTreeMap<String, Vec<Phrase>>,
    /// By step, and by an option's value or label.
    also: BTreeMap<String, BTreeMap<String, Vec<Phrase>>>,
}

/// What a language has to say: kept, so that an older version of a script can be translated too.
#[derive(Clone, Debug, Default)]
pub(crate) struct Edition {
    catalog: Catalog,
    /// Places in the catalog of the entries that are not obsolete, in the order of their keys.
    by_key: Vec<usize>,
    plural: Plural,
    words: BTreeMap<String, ScriptWords>,
}

/// The scripts of the source language, by the paths of their files without `.yaml`.
pub(crate) struct Scripts<'s> {
    pub(crate) by_file: &'s BTreeMap<String, &'s Script>,
    /// Files that could not be read whole: what they lack may stand in them.
    pub(crate) unread: &'s BTreeSet<String>,
}

/// Reads a folder against the source language's scripts and words.
pub(crate) fn build(folder: &mut Folder<'_>, scripts: &Scripts<'_>, shared: &SharedWords) -> (Edition, SharedWords) {
    let mut edition = Edition::default();
    if let Some(source) = folder.files.get_mut(TEXTS) {
        (edition.catalog, edition.by_key) = texts(source);
        edition.plural = plural(&edition.catalog, source);
    }
    let words = match folder.files.get_mut(WORDS) {
        Some(source) => SharedWords::of_language(&folder.tag, shared, &edition.plural, source),
        None => SharedWords { language: folder.tag.clone(), name: folder.tag.clone(), ..shared.clone() },
    };
    for (path, source) in &mut folder.files {
        let Some(stem) = path.strip_suffix(".yaml").filter(|_| path != WORDS && path != BANNED) else { continue };
        match scripts.by_file.get(stem) {
            Some(script) => {
                edition.words.insert(stem.to_owned(), script_words(script, source));
                if scripts.unread.contains(stem) {
                    source.problems.retain(|problem| problem.code != "GS0704");
                }
            }
            None if scripts.unread.contains(stem) => {}
            None => {
                let hint = did_you_mean(stem, scripts.by_file.keys().map(String::as_str));
                source.warn("GS0704", 0..1, format!("there is no script `{stem}`"), hint);
            }
        }
    }
    (edition, words)
}

/// Reads the PO file, and puts its entries in order; those that stand there twice are told.
fn texts(source: &mut Source<'_>) -> (Catalog, Vec<usize>) {
    let (catalog, faults) = Catalog::parse(source.text);
    for fault in faults {
        let hint = "an entry looks like: msgctxt \"...\", msgid \"...\", msgstr \"...\", each on a line of its own";
        source.error("GS0701", fault.span, fault.message, hint);
    }
    let places = by_key(&catalog);
    for two in places.windows(2) {
        let [one, other] = [&catalog.entries[two[0]], &catalog.entries[two[1]]];
        if one.key() == other.key() {
            source.error("GS0708", other.span.clone(), "this text stands here a second time", "keep one of the two");
        }
    }
    (catalog, places)
}

fn by_key(catalog: &Catalog) -> Vec<usize> {
    let mut places: Vec<usize> = (0..catalog.entries.len()).filter(|place| !catalog.entries[*place].obsolete).collect();
    places.sort_by_key(|place| catalog.entries[*place].key());
    places
}

fn plural(catalog: &Catalog, source: &mut Source<'_>) -> Plural {
    let Some(line) = catalog.field("Plural-Forms") else { return Plural::default() };
    Plural::parse(line).unwrap_or_else(|why| {
        let at = source.text.find("Plural-Forms").unwrap_or(0);
        let hint = "for example: Plural-Forms: nplurals=2; plural=n != 1;";
        source.error("GS0706", at..at + 12, format!("the plural rule cannot be read: {why}"), hint);
        Plural::default()
    })
}

fn script_words(script: &Script, source: &mut Source<'_>) -> ScriptWords {
    let mut words = ScriptWords::default();
    let Some(root) = yaml::parse(source) else { return words };
    let Some(mut fields) = Fields::of(&root, "a file of words", source) else { return words };
    if let Some(node) = fields.take("start_with") {
        for item in read::items(node, "a list of words", source) {
            let Some(text) = read::text(item, "a word", source) else { continue };
            if text.starts_with('/') {
                let hint = "commands are the same in all languages: leave it out";
                source.warn("GS0704", item.span.clone(), format!("`{text}` is a command"), hint);
            } else if let Some(opening) = opening(text) {
                words.starters.openings.push(opening);
            } else {
                words.starters.words.extend(Phrase::new(text));
            }
        }
    }
    if let Some(lists) = fields.take("phrases").and_then(|node| Fields::of(node, "`phrases`", source)) {
        for (key, node) in lists.all() {
            if script.phrases.contains_key(&key.name) {
                words.phrases.insert(key.name.clone(), read::phrases(node, source));
            } else {
                unknown("list", &key.name, script.phrases.keys(), key.span.clone(), source);
            }
        }
    }
    if let Some(steps) = fields.take("also").and_then(|node| Fields::of(node, "`also`", source)) {
        for (step, node) in steps.all() {
            let Some(options) = Fields::of(node, "a list of options", source) else { continue };
            let names = option_names(script, &step.name);
            if names.is_empty() {
                let choices = script.waits.iter().filter(|(_, pc)| matches!(script.ops[**pc].kind, OpKind::Choose(_)));
                unknown("question with options", &step.name, choices.map(|(id, _)| id), step.span.clone(), source);
                continue;
            }
            let lists = words.also.entry(step.name.clone()).or_default();
            for (option, node) in options.all() {
                if names.contains_key(&option.name) {
                    lists.insert(option.name.clone(), read::phrases(node, source));
                } else {
                    // Whoever meant a label is told the value: that is what does not change with the words.
                    let near = nearest(&option.name, names.keys().map(String::as_str));
                    let hint = match near.and_then(|near| names.get(near)) {
                        Some(best) => format!("did you mean `{best}`?"),
                        None => did_you_mean(&option.name, names.values().map(String::as_str)),
                    };
                    let message = format!("the script has no option `{}`", option.name);
                    source.warn("GS0704", option.span.clone(), message, hint);
                }
            }
        }
    }
    fields.finish(source);
    words
}

fn unknown<'n>(
    what: &str,
    name: &str,
    known: impl Iterator<Item = &'n String>,
    span: Range<usize>,
    source: &mut Source<'_>,
) {
    let hint = did_you_mean(name, known.map(String::as_str));
    let hint = if hint.is_empty() { "names and values are those of the script".to_owned() } else { hint };
    source.warn("GS0704", span, format!("the script has no {what} `{name}`"), hint);
}

/// What the options of a question may be called in a file of words, their values and their labels in the source language; and
/// what they are best called, the value if there is one.
fn option_names(script: &Script, step: &str) -> BTreeMap<String, String> {
    let op = script.waits.get(step).and_then(|pc| script.ops.get(*pc));
    let Some(OpKind::Choose(choose)) = op.map(|op| &op.kind) else { return BTreeMap::new() };
    let mut names = BTreeMap::new();
    for option in &choose.options {
        let label = option.label.source.clone();
        let best = option.value.as_ref().map_or(label.clone(), ToString::to_string);
        names.insert(label, best.clone());
        names.insert(best.clone(), best);
    }
    names
}

impl Edition {
    /// The plural rule.
    pub(crate) fn plural(&self) -> &Plural {
        &self.plural
    }

    /// Where in the catalog the entry of this text stands. An obsolete one is as if it were not there.
    fn place(&self, context: &str, id: &str) -> Option<usize> {
        let key = |place: &usize| self.catalog.entries[*place].key();
        let found = self.by_key.binary_search_by(|place| key(place).cmp(&(context, id))).ok()?;
        Some(self.by_key[found])
    }

    /// A script in this language, and where its translated texts stand in the PO file. `file` is the script's path without `.yaml`;
    /// `source` is the PO file, for what is wrong in it.
    pub(crate) fn localize(
        &self,
        script: &Script,
        file: &str,
        source: &mut Source<'_>,
    ) -> (Script, BTreeSet<(usize, usize)>) {
        let mut script = script.clone();
        let mut places = BTreeSet::new();
        // Before any text changes: options are named by their labels in the source language.
        if let Some(words) = self.words.get(file) {
            words.put_into(&mut script);
        }
        each(&mut script, file, &mut |slot: Slot<'_>| {
            let Some(place) = self.place(&slot.context, &slot.key()) else { return };
            let entry = &self.catalog.entries[place];
            if entry.is_translated()
                && let Some(place) = translate(slot.words, entry, self.plural.count(), source)
            {
                places.insert((place.start, place.end));
            }
        });
        (script, places)
    }

    /// Entries that belong to no text of these scripts, and those that wait for somebody to look at them. `name` is the source
    /// language's.
    pub(crate) fn leftovers(&self, scripts: &Scripts<'_>, name: &str, source: &mut Source<'_>) {
        let mut known = vec![false; self.catalog.entries.len()];
        for (file, script) in scripts.by_file {
            each(&mut (*script).clone(), file, &mut |slot| {
                if let Some(place) = self.place(&slot.context, &slot.key()) {
                    known[place] = true;
                }
            });
        }
        let mut doubtful = Vec::new();
        for (entry, known) in self.catalog.entries.iter().zip(known).filter(|(entry, _)| !entry.obsolete) {
            if known {
                doubtful.extend((entry.fuzzy && !entry.is_empty()).then_some(entry));
            } else if !scripts.unread.iter().any(|file| entry.belongs_to(file)) {
                let hint = "the script was edited: `goldseam scripts i18n merge` moves it to its text, or to the end of the file";
                source.warn("GS0703", entry.span.clone(), "this entry belongs to no text of the scripts", hint);
            }
        }
        tell_doubtful(&doubtful, name, source);
    }
}

/// How many further places a message names.
const PLACES: usize = 8;

/// One warning for all translations whose texts were edited since.
fn tell_doubtful(entries: &[&Entry], language: &str, source: &mut Source<'_>) {
    let flag = |entry: &&Entry| {
        let text = source.text.get(entry.span.clone()).unwrap_or_default();
        let at = entry.span.start + text.find("#, ").unwrap_or(0);
        at..at + source.text[at..].lines().next().map_or(1, str::len)
    };
    let places: Vec<Range<usize>> = entries.iter().map(flag).collect();
    let Some((first, others)) = places.split_first() else { return };
    let lines = others.iter().take(PLACES).map(|place| line_and_column(source.text, place.start).0.to_string());
    let mut lines = lines.collect::<Vec<_>>().join(", ");
    if others.len() > PLACES {
        lines += " ...";
    }
    let message = match others.len() {
        0 => {
            format!("a translation waits: its text was edited, and it is said in {language} until somebody has looked")
        }
        more => format!(
            "{} translations wait: their texts were edited, and they are said in {language} until somebody has looked",
            more + 1
        ),
    };
    let also = match others.len() {
        0 => String::new(),
        1 => format!("; the other one is in line {lines}"),
        _ => format!("; the others are in lines {lines}"),
    };
    let hint = format!("mend the `msgstr` below, and delete this line with `fuzzy` in it{also}");
    source.warn("GS0710", first.clone(), message, hint);
}

impl ScriptWords {
    fn put_into(&self, script: &mut Script) {
        for word in &self.starters.words {
            if !script.starters.words.contains(word) {
                script.starters.words.push(word.clone());
            }
        }
        script.starters.openings.extend(self.starters.openings.iter().cloned());
        script.phrases.extend(self.phrases.iter().map(|(name, list)| (name.clone(), list.clone())));
        for op in &mut script.ops {
            let OpKind::Choose(choose) = &mut op.kind else { continue };
            let Some(lists) = self.also.get(&choose.question.id) else { continue };
            for option in &mut choose.options {
                let value = option.value.as_ref().map(ToString::to_string);
                let list = value.and_then(|value| lists.get(&value)).or_else(|| lists.get(&option.label.source));
                if let Some(list) = list {
                    option.also.clone_from(list);
                }
            }
        }
    }
}

impl Slot<'_> {
    /// The source text.
    pub(crate) fn key(&self) -> String {
        match &self.words {
            Words::Text(template) => template.source.clone(),
            Words::Line(line) => (*line).clone(),
            Words::Forms(forms) => forms.first().map_or(String::new(), |one| one.source.clone()),
        }
    }

    /// The source text for several.
    pub(crate) fn plural(&self) -> Option<String> {
        match &self.words {
            Words::Forms(forms) => forms.last().map(|other| other.source.clone()),
            Words::Text(_) | Words::Line(_) => None,
        }
    }
}

/// Puts a translation into a slot. Gives back its place in the PO file when it fits.
fn translate(words: Words<'_>, entry: &Entry, count: usize, source: &mut Source<'_>) -> Option<Range<usize>> {
    let given = entry.translations.first()?;
    match words {
        Words::Line(line) => given.text.trim().clone_into(line),
        Words::Text(template) => *template = template_of(template, given, source)?,
        Words::Forms(forms) => *forms = forms_of(forms, entry, count, source)?,
    }
    Some(given.span.clone())
}

/// As many forms as the language has. A hole may be missing where the number is said in words: "one promise".
fn forms_of(forms: &[Template], entry: &Entry, count: usize, source: &mut Source<'_>) -> Option<Vec<Template>> {
    if entry.translations.len() != count {
        let message = format!("{} plural forms", entry.translations.len());
        source.error("GS0706", entry.span.clone(), message, format!("the plural rule of this file has {count}"));
        return None;
    }
    let (one, other) = (forms.first()?, forms.last()?);
    let form = |(index, given): (usize, &super::po::Words)| {
        let like = if index == 0 && count > 1 { one } else { other };
        template_of(like, given, source)
    };
    entry.translations.iter().enumerate().map(form).collect()
}

fn template_of(template: &Template, given: &super::po::Words, source: &mut Source<'_>) -> Option<Template> {
    let file = source.text;
    let place = |offset: usize| given.locate(offset, file);
    match template.translated(&given.text, given.span.clone(), &place) {
        Ok(found) => Some(found),
        Err(Mistranslated::Unreadable(error)) => {
            let start = place(error.at.start);
            source.error("GS0202", start..start + (error.at.len()).max(1), error.message, error.hint);
            None
        }
        Err(Mistranslated::Strange(at)) => {
            let hint = "copy the holes of the source text as they are; only words in quotes that are shown may change";
            source.error("GS0702", at, "a hole that the source text does not have", hint);
            None
        }
        Err(Mistranslated::Missing(holes)) => {
            let shown: Vec<String> = holes.iter().map(|hole| format!("`${{ {hole} }}`")).collect();
            let message = format!("the translation lacks {}", shown.join(" and "));
            source.error(
                "GS0702",
                given.span.clone(),
                message,
                "every hole of the source text stands in the translation too",
            );
            None
        }
    }
}
