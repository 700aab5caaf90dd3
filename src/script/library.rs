//! All scripts, facts and words of a bot, read and checked together: either all of them, or a list of what is wrong.
//!
//! Takes texts, not folders: who reads files stands outside the core.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use super::banned;
use super::check;
use super::check::turns::Turns;
use super::earlier::{Earlier, EarlierText};
use super::flow::World;
use super::model::{Script, VarDef};
use super::parse;
use super::paths::{self, Paths};
use super::problem::{Problem, Severity, Source};
use super::read::Fields;
use super::review::{self, Review};
use super::side_by_side::side_by_side;
use super::translate::{self, Edition, Folder, Plural};
use super::words::SharedWords;
use crate::phrase::fold;
use crate::types::Localized;

/// A card: a script of `prompts/system` that the engine runs when no script expects what happened.
#[derive(Clone, Copy, Debug)]
pub struct Card {
    /// Its file.
    pub name: &'static str,
    /// What it is given.
    pub args: &'static [&'static str],
    /// How it may end, beside `done`.
    pub ends: &'static [&'static str],
}

/// Every card there must be. Described in `docs/script-language.md`.
pub const CARDS: &[Card] = &[
    Card { name: "unclear", args: &[], ends: &[] },
    Card { name: "did_you_mean", args: &[], ends: &[] },
    Card { name: "too_long", args: &["limit"], ends: &[] },
    Card { name: "give_up", args: &[], ends: &[] },
    Card { name: "no_skip", args: &[], ends: &[] },
    Card { name: "no_back", args: &[], ends: &[] },
    Card { name: "nothing_open", args: &[], ends: &[] },
    Card { name: "help", args: &["about"], ends: &[] },
    Card {
        name: "resume_card",
        args: &["title", "ago", "last", "held"],
        ends: &["use", "continue", "restart", "put_away"],
    },
    Card { name: "switch_card", args: &["title", "other"], ends: &["switch", "stay"] },
    Card { name: "stopped", args: &["title"], ends: &["keep", "pause", "delete", "go_on"] },
    Card { name: "closed", args: &["earlier"], ends: &["redo", "go_on"] },
    Card { name: "resumed", args: &["title"], ends: &[] },
    Card { name: "paused", args: &["title"], ends: &[] },
    Card { name: "changed", args: &["title"], ends: &["restart", "put_away"] },
    Card { name: "error", args: &["title"], ends: &[] },
    Card { name: "picked", args: &["picks"], ends: &[] },
    Card { name: "waiting", args: &["until", "skip"], ends: &[] },
    Card { name: "away", args: &["due", "what"], ends: &[] },
    Card { name: "idle", args: &[], ends: &[] },
    Card { name: "busy", args: &[], ends: &[] },
    Card { name: "unsupported", args: &[], ends: &[] },
    Card { name: "apologise", args: &[], ends: &[] },
];

/// Scripts that the program itself starts.
pub const NEEDED: &[&str] = &["welcome", "now", "menu", "privacy", "promise-nudge", "promise-followup"];

/// Words that work in every question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "each is its own word")]
pub enum Reserved {
    Stop,
    Pause,
    Resume,
    Back,
    Skip,
    Again,
    Help,
    Menu,
    Privacy,
}

impl Reserved {
    /// All of them.
    pub const ALL: [Reserved; 9] = [
        Reserved::Stop,
        Reserved::Pause,
        Reserved::Resume,
        Reserved::Back,
        Reserved::Skip,
        Reserved::Again,
        Reserved::Help,
        Reserved::Menu,
        Reserved::Privacy,
    ];

    /// The word in `phrases.yaml`, and the command.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Reserved::Stop => "stop",
            Reserved::Pause => "pause",
            Reserved::Resume => "resume",
            Reserved::Back => "back",
            Reserved::Skip => "skip",
            Reserved::Again => "again",
            Reserved::Help => "help",
            Reserved::Menu => "menu",
            Reserved::Privacy => "privacy",
        }
    }

    /// The reserved word of a command.
    #[must_use]
    pub fn from_command(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reserved| reserved.as_str() == name)
    }
}

/// A file to load: its path below the prompts folder with `/` between its parts, and its text.
#[derive(Clone, Debug)]
pub struct PromptFile {
    /// For example `system/help.yaml`.
    pub path: String,
    /// The whole text.
    pub text: String,
}

/// Everything the bot can say.
#[derive(Clone, Debug, Default)]
pub struct Library {
    scripts: BTreeMap<String, Script>,
    facts: BTreeMap<String, VarDef>,
    words: SharedWords,
    /// What the bot does not say, for checking.
    banned: banned::Rules,
    /// Which reflections come in which order, by path.
    paths: Paths,
    commands: BTreeMap<String, String>,
    /// Which script each file holds, for checking.
    files: BTreeMap<String, String>,
    /// Facts whose declaration could not be read, for checking.
    unread: BTreeSet<String>,
    /// The languages there are: tag and name, the source language first.
    languages: Vec<(String, String)>,
    /// The same in other languages, by their tags; nothing in an edition itself.
    editions: BTreeMap<String, Library>,
    /// In an edition: what it says, for earlier texts.
    edition: Arc<Edition>,
    /// Which form of a sentence goes with a number.
    plural: Plural,
    /// The text of each script.
    texts: BTreeMap<String, String>,
    /// Earlier texts that somebody may still be in the middle of.
    earlier: Earlier,
}

/// Where translations stand.
const LANGUAGES: &str = "languages/";

/// What was found while loading: problems, and the texts they are about.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Errors first, then by file and place.
    pub problems: Vec<Problem>,
    /// What people have said about the scripts that could be read, by name.
    pub reviews: Vec<Review>,
    sources: BTreeMap<String, String>,
}

impl Report {
    /// How many files were looked at.
    #[must_use]
    pub fn files(&self) -> usize {
        self.sources.len()
    }

    /// The files that were looked at.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.sources.keys().map(String::as_str)
    }

    /// How many problems refuse the scripts.
    #[must_use]
    pub fn errors(&self) -> usize {
        self.problems.iter().filter(|problem| problem.severity == Severity::Error).count()
    }

    /// How many problems somebody should look at.
    #[must_use]
    pub fn warnings(&self) -> usize {
        self.problems.len() - self.errors()
    }

    /// All problems with the lines they stand on.
    #[must_use]
    pub fn render(&self, coloured: bool) -> String {
        let shown = self.problems.iter().map(|problem| {
            let source = self.sources.get(&problem.file).map_or("", String::as_str);
            problem.render(source, coloured)
        });
        shown.collect::<Vec<_>>().join("\n\n")
    }

    /// Only what refuses the scripts.
    #[must_use]
    pub fn without_warnings(mut self) -> Self {
        self.problems.retain(|problem| problem.severity == Severity::Error);
        self
    }

    /// The same, with the folder the files were read from in front of their names, so that an editor finds them.
    #[must_use]
    pub fn within(mut self, folder: &str) -> Self {
        let named = |file: &str| format!("{}/{file}", folder.trim_end_matches('/'));
        self.problems.iter_mut().for_each(|problem| problem.file = named(&problem.file));
        self.sources = self.sources.into_iter().map(|(file, text)| (named(&file), text)).collect();
        self
    }

    /// Adds what another look at the same files found.
    pub fn join(&mut self, other: Report) {
        self.sources.extend(other.sources);
        self.problems.extend(other.problems);
        self.sort();
    }

    /// What is wrong with one file.
    pub(super) fn of(source: Source<'_>) -> Self {
        let mut report = Self::default();
        report.take(source);
        report.sort();
        report
    }

    pub(super) fn take(&mut self, source: Source<'_>) {
        self.sources.insert(source.file.to_owned(), source.text.to_owned());
        self.problems.extend(source.problems);
    }

    pub(super) fn sort(&mut self) {
        self.problems.sort_by(|a, b| {
            (a.severity, &a.file, a.span.start, a.code).cmp(&(b.severity, &b.file, b.span.start, b.code))
        });
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for problem in &self.problems {
            writeln!(f, "{problem}")?;
        }
        Ok(())
    }
}

impl Library {
    /// Reads and checks everything. A library comes back when nothing is wrong; the report may hold warnings either way.
    #[must_use]
    pub fn load(files: &[PromptFile]) -> (Option<Library>, Report) {
        let (library, report) = Self::load_anyway(files);
        let sound = report.errors() == 0;
        (sound.then_some(library), report)
    }

    /// The same, with whatever could be read of scripts that have errors: for comparing, never for running.
    #[must_use]
    pub fn load_anyway(files: &[PromptFile]) -> (Library, Report) {
        let mut report = Report::default();
        let mut library = Library::default();
        let mut sources: BTreeMap<String, Source<'_>> = BTreeMap::new();
        let mut folders: BTreeMap<String, Folder<'_>> = BTreeMap::new();
        let mut read: Vec<(&PromptFile, Source<'_>, Option<Script>)> =
            files.iter().map(|file| (file, Source::new(&file.path, &file.text), None)).collect();
        side_by_side(&mut read, |part| {
            for (file, source, script) in part {
                *script = script_of(&file.path, source);
            }
        });
        for (file, mut source, script) in read {
            match file.path.strip_prefix(LANGUAGES) {
                Some(path) => shelve(path, source, &mut folders, &mut sources),
                None => {
                    library.take(&file.path, script, &mut source);
                    sources.insert(file.path.clone(), source);
                }
            }
        }
        library.check(&mut sources);
        let unread = sources.iter().filter(|(_, source)| source.has_gaps());
        let unread = unread.map(|(path, _)| path.trim_end_matches(".yaml").to_owned()).collect();
        library.translate(&mut folders, &unread);
        let missing = library.missing();
        let translations = folders.into_values().flat_map(|folder| folder.files.into_values());
        for source in sources.into_values().chain(translations) {
            report.take(source);
        }
        report.problems.extend(missing);
        report.reviews = library.scripts.values().map(Review::of).collect();
        report.sort();
        (library, report)
    }

    fn take(&mut self, path: &str, script: Option<Script>, source: &mut Source<'_>) {
        match path {
            "facts.yaml" => (self.facts, self.unread) = facts(source),
            "phrases.yaml" => self.words = SharedWords::of_source(source),
            "banned.yaml" => self.banned = banned::rules(source),
            "paths.yaml" => self.paths = paths::read(source),
            _ => {
                let Some(script) = script else { return };
                if self.scripts.contains_key(&script.name) {
                    let message = format!("there is another script `{}`", script.name);
                    source.error("GS0117", source.key("script"), message, "script names are unique over all folders");
                    return;
                }
                self.files.insert(path.to_owned(), script.name.clone());
                self.texts.insert(script.name.clone(), source.text.to_owned());
                self.scripts.insert(script.name.clone(), script);
            }
        }
    }

    fn check(&mut self, sources: &mut BTreeMap<String, Source<'_>>) {
        let unscripted = sources.keys().filter(|path| !self.files.contains_key(*path));
        let broken = unscripted.map(|path| stem(path).to_owned()).collect();
        let world = World { scripts: &self.scripts, facts: &self.facts, unread: &self.unread, broken: &broken };
        let mut commands: BTreeMap<String, String> = BTreeMap::new();
        let mut starters: BTreeMap<String, String> = BTreeMap::new();
        let mut openings: BTreeMap<String, String> = BTreeMap::new();
        let script_of = |source: &Source<'_>| self.files.get(source.file).and_then(|name| self.scripts.get(name));
        let mut checked: Vec<(&mut Source<'_>, &Script, BTreeSet<String>)> = sources
            .values_mut()
            .filter_map(|source| script_of(source).map(|script| (source, script, BTreeSet::new())))
            .collect();
        side_by_side(&mut checked, |part| {
            let mut turns = Turns::new(&world);
            for (source, script, used) in part {
                // What depends on the whole of a file cannot be told when some of it could not be read.
                let (gaps, before) = (source.has_gaps(), source.problems.len());
                *used = check::check(script, &world, &self.words, source);
                turns.check(script, source);
                check::content::check(script, &self.banned, source);
                review::check(script, source);
                if gaps {
                    let mut found = source.problems.split_off(before);
                    found.retain(|problem| !check::NEEDS_THE_WHOLE.contains(&problem.code));
                    source.problems.extend(found);
                }
            }
        });
        let mut used = BTreeSet::new();
        for (source, script, lists) in checked {
            used.extend(lists);
            for command in &script.starters.commands {
                // The scripts `menu` and `privacy` are what those words stand for.
                if Reserved::from_command(command).is_some() && *command != script.name {
                    reserved(&format!("/{command}"), source);
                }
                clash(command, &script.name, &format!("/{command}"), &mut commands, source);
            }
            for phrase in &script.starters.words {
                let word = phrase.folded().to_owned();
                if self.words.reserved(&word).is_some() {
                    reserved(&word, source);
                }
                clash(&word, &script.name, &word, &mut starters, source);
            }
            for opening in &script.starters.openings {
                clash(opening, &script.name, opening, &mut openings, source);
            }
        }
        if let Some(source) = sources.get_mut("paths.yaml") {
            paths::check(&self.paths, &world, source);
        }
        if let Some(source) = sources.get_mut("phrases.yaml") {
            for list in self.words.lists.keys().filter(|list| !used.contains(*list)) {
                check::list_unused(list, source);
            }
        }
        self.commands = commands;
    }

    /// Makes an edition of each language's folder. Of files that could not be read whole, nobody knows which texts they have.
    fn translate(&mut self, folders: &mut BTreeMap<String, Folder<'_>>, unread: &BTreeSet<String>) {
        self.languages = vec![(self.words.language.clone(), self.words.name.clone())];
        let mut editions = BTreeMap::new();
        for (tag, folder) in folders {
            if *tag == self.words.language {
                for source in folder.files.values_mut() {
                    let hint = "its texts are the scripts themselves";
                    source.error("GS0707", 0..1, format!("`{tag}` is the language of the scripts"), hint);
                }
                continue;
            }
            let edition = self.edition_of(folder, unread);
            self.languages.push((tag.clone(), edition.words.name.clone()));
            editions.insert(tag.clone(), edition);
        }
        for edition in editions.values_mut() {
            edition.languages.clone_from(&self.languages);
        }
        self.editions = editions;
    }

    /// One language's edition; what is wrong with it, and not with the scripts already, is told in the folder's files.
    fn edition_of(&self, folder: &mut Folder<'_>, unread: &BTreeSet<String>) -> Library {
        let by_file: BTreeMap<String, &Script> = self
            .files
            .iter()
            .filter_map(|(path, name)| Some((path.trim_end_matches(".yaml").to_owned(), self.scripts.get(name)?)))
            .collect();
        let (edition, words) = translate::build(folder, &translate::Scripts { by_file: &by_file, unread }, &self.words);
        let banned = folder.files.get_mut(translate::BANNED).map(banned::rules).unwrap_or_default();
        let mut other = self.without_scripts(words);
        let broken = BTreeSet::new();
        let world = World { scripts: &self.scripts, facts: &self.facts, unread: &self.unread, broken: &broken };
        // Where there are no texts, the words are what can clash.
        let mut source = folder.take_main();
        let (main, tag) = ((source.file, source.text), folder.tag.as_str());
        let mut made: Vec<(&String, &Script, Option<Script>, Vec<Problem>)> =
            by_file.iter().map(|(file, original)| (file, *original, None, Vec::new())).collect();
        side_by_side(&mut made, |part| {
            for (file, original, made, problems) in part {
                let mut source = Source::new(main.0, main.1);
                let (mut script, places) = edition.localize(original, file, &mut source);
                tag.clone_into(&mut script.language);
                let (words, original_words) = (&other.words, &self.words);
                let translated =
                    check::Translated { script: &script, words, places: &places, original, original_words };
                check::check_edition(&translated, &world, &mut source);
                check::content::check_edition(&script, tag, &places, &banned, &mut source);
                (*made, *problems) = (Some(script), source.problems);
            }
        });
        for (_, _, script, problems) in made {
            source.problems.extend(problems);
            other.scripts.extend(script.map(|script| (script.name.clone(), script)));
        }
        let told = self.starter_clashes();
        for (message, hint) in other.starter_clashes().into_iter().filter(|clash| !told.contains(clash)) {
            source.error("GS0705", 0..1, message, hint);
        }
        edition.leftovers(&translate::Scripts { by_file: &by_file, unread }, &self.words.name, &mut source);
        folder.put_back(source);
        (other.plural, other.edition) = (edition.plural().clone(), Arc::new(edition));
        other
    }

    /// The same library with other words and nothing to say yet.
    fn without_scripts(&self, words: SharedWords) -> Library {
        Library {
            words,
            facts: self.facts.clone(),
            paths: self.paths.clone(),
            commands: self.commands.clone(),
            files: self.files.clone(),
            unread: self.unread.clone(),
            languages: self.languages.clone(),
            earlier: self.earlier.clone(),
            ..Library::default()
        }
    }

    /// Words that start two scripts, or work everywhere: what is wrong, and what to know about it.
    fn starter_clashes(&self) -> Vec<(String, &'static str)> {
        let mut taken: BTreeMap<&str, &str> = BTreeMap::new();
        let mut found = Vec::new();
        for script in self.scripts.values() {
            for word in script.starters.words.iter().map(crate::phrase::Phrase::folded) {
                if let Some(other) = taken.insert(word, &script.name).filter(|other| *other != script.name) {
                    let message = format!("`{word}` starts `{other}` and `{}`", script.name);
                    found.push((message, "a word starts one script"));
                }
                if self.words.reserved(word).is_some() {
                    let message = format!("`{word}` starts `{}` and is a reserved word", script.name);
                    found.push((message, "it works everywhere and cannot start one script"));
                }
            }
        }
        found
    }

    fn missing(&self) -> Vec<Problem> {
        let cards = CARDS.iter().map(|card| (card.name, "system/"));
        let needed = NEEDED.iter().map(|name| (*name, ""));
        cards
            .chain(needed)
            .filter(|(name, _)| !self.scripts.contains_key(*name))
            .map(|(name, folder)| Problem {
                code: "GS0415",
                severity: Severity::Error,
                file: format!("{folder}{name}.yaml"),
                line: 1,
                column: 1,
                end: (1, 1),
                span: 0..0,
                message: format!("the script `{name}` is missing or could not be read; the program itself needs it"),
                hint: "docs/script-language.md says what it is for".into(),
            })
            .collect()
    }

    /// The paths, and the steps of each in their order.
    #[must_use]
    pub fn paths(&self) -> &Paths {
        &self.paths
    }

    /// A script by its name; none for one that was withdrawn.
    #[must_use]
    pub fn script(&self, name: &str) -> Option<&Script> {
        self.scripts.get(name).filter(|script| !self.earlier.is_withdrawn(script))
    }

    /// A script as it was in a revision: the present text, or an earlier one that is still kept. None when that text is gone or
    /// was withdrawn.
    #[must_use]
    pub fn script_at(&self, name: &str, rev: &str) -> Option<&Script> {
        match self.script(name) {
            Some(script) if script.rev == rev => Some(script),
            _ => self.earlier.script(name, rev),
        }
    }

    /// The same for comparing only: a withdrawn text too.
    pub(crate) fn compared_at(&self, name: &str, rev: &str) -> Option<&Script> {
        let present = self.scripts.get(name).filter(|script| script.rev == rev);
        present.or_else(|| self.earlier.compared(name, rev))
    }

    /// The script that a file holds.
    #[must_use]
    pub fn of_file(&self, path: &str) -> Option<&Script> {
        self.files.get(path).and_then(|name| self.scripts.get(name))
    }

    /// The present texts: name, revision and text of each script.
    pub fn texts(&self) -> impl Iterator<Item = (&str, &str, &str)> {
        self.scripts.values().filter_map(|script| {
            let text = self.texts.get(&script.name)?;
            Some((script.name.as_str(), script.rev.as_str(), text.as_str()))
        })
    }

    /// Brings back earlier texts, and takes withdrawn ones out of use.
    pub fn remember_earlier(&mut self, texts: &[EarlierText]) {
        let present = |text: &&EarlierText| self.scripts.get(&text.name).is_some_and(|script| script.rev == text.rev);
        let needed = texts.iter().filter(|text| present(text) && !self.can_withdraw(&text.name));
        let needed: Vec<String> = needed.map(|text| text.rev.clone()).collect();
        let gone = texts.iter().filter(|text| !present(text));
        self.earlier = Earlier::new(gone, texts, &needed);
        for edition in self.editions.values_mut() {
            let files: BTreeMap<&str, &str> =
                self.files.iter().map(|(path, name)| (name.as_str(), path.as_str())).collect();
            let file = |name: &str| files.get(name).map_or(name, |path| path.trim_end_matches(".yaml")).to_owned();
            // What is wrong with the translations was told when they were loaded.
            let localize =
                |script: &Script| edition.edition.localize(script, &file(&script.name), &mut Source::new("", "")).0;
            edition.earlier = self.earlier.each(localize);
        }
    }

    /// What was withdrawn: name and revision, in order.
    pub fn withdrawn(&self) -> impl Iterator<Item = (&str, &str)> {
        self.earlier.withdrawn()
    }

    /// True for a script that the program can do without.
    #[must_use]
    pub fn can_withdraw(&self, name: &str) -> bool {
        !NEEDED.contains(&name) && self.scripts.get(name).is_none_or(|script| !script.card)
    }

    /// All scripts that are in use, by name.
    pub fn scripts(&self) -> impl Iterator<Item = &Script> {
        self.scripts.values().filter(|script| !self.earlier.is_withdrawn(script))
    }

    /// The script that a command starts.
    #[must_use]
    pub fn by_command(&self, command: &str) -> Option<&Script> {
        self.commands.get(command).and_then(|name| self.script(name))
    }

    /// The script that a whole message starts.
    #[must_use]
    pub fn by_words(&self, text: &str) -> Option<&Script> {
        let folded = fold(text);
        let starts = |script: &&Script| script.starters.words.iter().any(|phrase| phrase.is_all_of(&folded));
        self.scripts().find(starts)
    }

    /// The script that a message begins by its first words, and the rest of the message.
    #[must_use]
    pub fn by_opening<'t>(&self, text: &'t str) -> Option<(&Script, &'t str)> {
        let folded = fold(text);
        let opens = |opening: &&String| folded.strip_prefix(opening.as_str()).is_some_and(|rest| rest.starts_with(' '));
        // The longest: "remind me to ..." goes before "remind me ...".
        let all = self.scripts().flat_map(|script| script.starters.openings.iter().map(move |words| (script, words)));
        let (script, opening) = all.filter(|(_, words)| opens(words)).max_by_key(|(_, words)| words.len())?;
        Some((script, behind(text, opening.split_whitespace().count())))
    }

    /// Which form of a sentence goes with a number.
    #[must_use]
    pub fn plural(&self, n: i64) -> usize {
        self.plural.form(n)
    }

    /// The same library in a language, or in the nearest one there is: `es-MX` is `es`, and without that the source language.
    /// Asked of the library as it was loaded, not of one of its editions.
    #[must_use]
    pub fn edition(&self, tag: &str) -> &Library {
        let Some(tag) = translate::tag(tag) else { return self };
        for tag in translate::fallbacks(&tag) {
            if tag == self.words.language {
                return self;
            }
            if let Some(edition) = self.editions.get(tag) {
                return edition;
            }
        }
        self
    }

    /// The tag of the language it speaks.
    #[must_use]
    pub fn language(&self) -> &str {
        &self.words.language
    }

    /// The languages there are, by tag and by name, the source language first.
    #[must_use]
    pub fn languages(&self) -> &[(String, String)] {
        &self.languages
    }

    /// Something of each language.
    #[must_use]
    pub fn localized<T>(&self, pick: impl Fn(&Library) -> T) -> Localized<T> {
        let others = self.editions.iter().map(|(tag, edition)| (tag.clone(), pick(edition)));
        Localized::new(pick(self), others.collect())
    }

    /// The files that scripts were read from, by path.
    pub fn files(&self) -> impl Iterator<Item = (&str, &Script)> {
        self.files.iter().filter_map(|(path, name)| Some((path.as_str(), self.scripts.get(name)?)))
    }

    /// Declared facts.
    #[must_use]
    pub fn facts(&self) -> &BTreeMap<String, VarDef> {
        &self.facts
    }

    /// Shared words.
    #[must_use]
    pub fn words(&self) -> &SharedWords {
        &self.words
    }

    /// The commands that take a text behind them.
    #[must_use]
    pub fn commands_with_text(&self) -> Vec<String> {
        let takes_text = |name: &String| self.script(name).is_some_and(|script| script.rest.is_some());
        self.commands.iter().filter(|(_, name)| takes_text(name)).map(|(command, _)| command.clone()).collect()
    }

    /// Commands for a platform's command menu, with what they do: the scripts' own first, then the reserved words.
    #[must_use]
    pub fn command_menu(&self) -> Vec<(String, String)> {
        let scripts = self.commands.iter().filter_map(|(command, name)| {
            let script = self.script(name)?;
            let first = script.about.split_inclusive(['.', '\n']).next().unwrap_or("").trim().trim_end_matches('.');
            let about = if first.is_empty() { script.title.as_str() } else { first };
            Some((command.clone(), about.chars().take(100).collect()))
        });
        let words = self.words.about.iter().filter(|(word, _)| !self.commands.contains_key(word.as_str()));
        scripts.chain(words.map(|(word, about)| (word.as_str().to_owned(), about.clone()))).collect()
    }
}

/// A text without its first words.
fn behind(text: &str, words: usize) -> &str {
    (0..words).fold(text.trim(), |rest, _| rest.split_once(char::is_whitespace).map_or("", |(_, rest)| rest.trim()))
}

/// The script that a file holds, if it holds one and it can be read.
fn script_of(path: &str, source: &mut Source<'_>) -> Option<Script> {
    if path.starts_with(LANGUAGES) || ["facts.yaml", "phrases.yaml", "banned.yaml", "paths.yaml"].contains(&path) {
        return None;
    }
    let mut script = parse::script(source, stem(path), path.starts_with("system/"))?;
    check::settle(&mut script, source);
    Some(script)
}

/// A file's name without its folders and its ending.
fn stem(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path).trim_end_matches(".yaml")
}

/// Puts a language's file into its folder.
fn shelve<'a>(
    path: &str,
    mut source: Source<'a>,
    folders: &mut BTreeMap<String, Folder<'a>>,
    sources: &mut BTreeMap<String, Source<'a>>,
) {
    let (folder, rest) = path.split_once('/').unwrap_or(("", path));
    if translate::tag(folder).as_deref() != Some(folder) {
        let hint = "translations stand in languages/<tag>/, with a tag like es or pt-br";
        source.error("GS0707", 0..1, format!("`{folder}` is not the tag of a language"), hint);
        sources.insert(source.file.to_owned(), source);
        return;
    }
    if rest.ends_with(".po") && rest != translate::TEXTS {
        source.error("GS0707", 0..1, format!("`{rest}` is not read"), "a language's texts stand in texts.po");
    }
    let shelf = folders.entry(folder.to_owned()).or_insert_with(|| Folder::new(folder));
    shelf.files.insert(rest.to_owned(), source);
}

fn reserved(word: &str, source: &mut Source<'_>) {
    let hint = "it works everywhere and cannot start one script";
    source.error("GS0416", source.key("start_with"), format!("`{word}` is a reserved word"), hint);
}

fn clash(word: &str, script: &str, shown: &str, taken: &mut BTreeMap<String, String>, source: &mut Source<'_>) {
    if let Some(other) = taken.insert(word.to_owned(), script.to_owned()) {
        let message = format!("`{shown}` starts `{other}` already");
        source.error("GS0417", source.key("start_with"), message, "a word or command starts one script");
    }
}

pub(super) fn facts(source: &mut Source<'_>) -> (BTreeMap<String, VarDef>, BTreeSet<String>) {
    let mut unread = BTreeSet::new();
    let Some(root) = super::yaml::parse(source) else { return (BTreeMap::new(), unread) };
    let Some(mut fields) = Fields::of(&root, "facts.yaml", source) else { return (BTreeMap::new(), unread) };
    let found = fields.need("facts", source).map(|node| parse::declarations(node, &mut unread, source));
    fields.finish(source);
    (found.unwrap_or_default(), unread)
}
