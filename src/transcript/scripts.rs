//! The scripts that transcripts are played with, and where each of their lines stands in its file.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::stage::Spoken;
use crate::script::problem::{did_you_mean, line_and_column};
use crate::script::{EarlierText, Library, PromptFile, Report, revision};

/// Below it stand the texts of other languages.
const LANGUAGES: &str = "languages/";

/// Scripts together with their texts.
#[derive(Clone, Debug)]
pub struct Scripts {
    folder: String,
    files: Vec<PromptFile>,
    library: Library,
    /// For each revision of each script the file as messages should name it, and its text.
    sources: BTreeMap<(String, String), PromptFile>,
    /// Revisions that nobody may go on in.
    withdrawn: BTreeSet<(String, String)>,
}

/// A line of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file, as messages should name it.
    pub file: String,
    /// 1-based.
    pub line: usize,
    /// What stands there.
    pub text: String,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

impl Scripts {
    /// Reads and checks scripts. `folder` stands in front of their names in messages; it may be empty.
    ///
    /// # Errors
    /// When they have errors.
    pub fn load(folder: &str, files: Vec<PromptFile>) -> Result<Self, Box<Report>> {
        let (library, report) = Library::load(&files);
        let library = library.ok_or_else(|| Box::new(report))?;
        let folder = folder.trim_end_matches('/').to_owned();
        let entry =
            |file: &PromptFile| (key(file), PromptFile { path: named(&folder, &file.path), text: file.text.clone() });
        let sources = files.iter().filter(|file| !file.path.starts_with(LANGUAGES)).map(entry).collect();
        Ok(Self { folder, files, library, sources, withdrawn: BTreeSet::new() })
    }

    /// The same with one script added or put in the place of the one of equal name. The texts before stay known, as the program
    /// keeps them, so that whoever stands in one can end in it.
    ///
    /// # Errors
    /// When they have errors then.
    pub fn edited(&self, draft: PromptFile) -> Result<Self, Box<Report>> {
        let mut next = self.clone();
        let name = stem(&draft.path).to_owned();
        let is_it = |file: &&mut PromptFile| stem(&file.path) == name && !file.path.starts_with(LANGUAGES);
        match next.files.iter_mut().find(is_it) {
            Some(file) => file.text.clone_from(&draft.text),
            None => next.files.push(PromptFile { path: format!("{name}.yaml"), text: draft.text.clone() }),
        }
        let (library, report) = Library::load(&next.files);
        next.library = library.ok_or_else(|| Box::new(report))?;
        next.sources.insert(key(&draft), draft);
        next.remember();
        Ok(next)
    }

    /// The same with the present text of a script withdrawn: nobody begins it, and nobody goes on in it.
    ///
    /// # Errors
    /// A sentence when there is no such script, or the program cannot do without it.
    pub fn without(&self, name: &str) -> Result<Self, String> {
        let Some(script) = self.library.script(name) else {
            let known = self.library.scripts().map(|script| script.name.as_str());
            return Err(format!("there is no script `{name}`: {}", did_you_mean(name, known)));
        };
        if !self.library.can_withdraw(name) {
            return Err(format!("`{name}` cannot be withdrawn: the program itself needs it"));
        }
        let mut next = self.clone();
        next.withdrawn.insert((name.to_owned(), script.rev.clone()));
        next.remember();
        Ok(next)
    }

    /// Tells the library of all texts that were ever present.
    fn remember(&mut self) {
        let earlier = |((name, rev), file): (&(String, String), &PromptFile)| EarlierText {
            name: name.clone(),
            rev: rev.clone(),
            text: file.text.clone(),
            withdrawn: self.withdrawn.contains(&(name.clone(), rev.clone())),
        };
        // Facts and phrases are files too, and no scripts.
        let names: BTreeSet<&str> = self.library.texts().map(|(name, _, _)| name).collect();
        let scripts = self.sources.iter().filter(|((name, _), _)| names.contains(name.as_str()));
        let earlier: Vec<EarlierText> = scripts.map(earlier).collect();
        self.library.remember_earlier(&earlier);
    }

    /// The scripts themselves.
    #[must_use]
    pub fn library(&self) -> &Library {
        &self.library
    }

    /// Where a byte of a revision of a script stands.
    #[must_use]
    pub fn place(&self, script: &str, rev: &str, byte: usize) -> Option<Place> {
        let source = self.sources.get(&(script.to_owned(), rev.to_owned()))?;
        place_in(&source.path, &source.text, byte)
    }

    /// Where a line stands that was said: in its script, or in the texts of another language.
    #[must_use]
    pub fn spoken(&self, line: &Spoken) -> Option<Place> {
        let Some(language) = &line.language else { return self.place(&line.script, &line.rev, line.at) };
        let path = format!("{LANGUAGES}{language}/texts.po");
        let texts = self.files.iter().find(|file| file.path == path)?;
        place_in(&named(&self.folder, &path), &texts.text, line.at)
    }
}

fn place_in(file: &str, text: &str, byte: usize) -> Option<Place> {
    let (line, _) = line_and_column(text, byte);
    let text = text.lines().nth(line - 1)?.trim().to_owned();
    Some(Place { file: file.to_owned(), line, text })
}

/// A file with the folder in front of it.
fn named(folder: &str, path: &str) -> String {
    if folder.is_empty() { path.to_owned() } else { format!("{folder}/{path}") }
}

/// The script that a file holds, and its revision.
fn key(file: &PromptFile) -> (String, String) {
    (stem(&file.path).to_owned(), revision(&file.text))
}

/// The name of the script that a file holds.
fn stem(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path).trim_end_matches(".yaml")
}
