//! The scripts that transcripts are played with, and where each of their lines stands in its file.

use std::collections::BTreeMap;
use std::fmt;

use crate::script::problem::line_and_column;
use crate::script::{Library, PromptFile, Report};

/// Scripts together with their texts.
#[derive(Clone, Debug)]
pub struct Scripts {
    files: Vec<PromptFile>,
    library: Library,
    /// For each script the file as messages should name it, and its text.
    sources: BTreeMap<String, PromptFile>,
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
        let folder = folder.trim_end_matches('/');
        let named = |file: &PromptFile| {
            let path = if folder.is_empty() { file.path.clone() } else { format!("{folder}/{}", file.path) };
            (stem(&file.path).to_owned(), PromptFile { path, text: file.text.clone() })
        };
        let sources = files.iter().map(named).collect();
        Ok(Self { files, library, sources })
    }

    /// The same with one script added or put in the place of the one of equal name.
    ///
    /// # Errors
    /// When they have errors then.
    pub fn edited(&self, draft: PromptFile) -> Result<Self, Box<Report>> {
        let mut files = self.files.clone();
        let name = stem(&draft.path).to_owned();
        match files.iter_mut().find(|file| stem(&file.path) == name) {
            Some(file) => file.text.clone_from(&draft.text),
            None => files.push(PromptFile { path: format!("{name}.yaml"), text: draft.text.clone() }),
        }
        let (library, report) = Library::load(&files);
        let library = library.ok_or_else(|| Box::new(report))?;
        let mut sources = self.sources.clone();
        sources.insert(name, draft);
        Ok(Self { files, library, sources })
    }

    /// The scripts themselves.
    #[must_use]
    pub fn library(&self) -> &Library {
        &self.library
    }

    /// Where a byte of a script stands.
    #[must_use]
    pub fn place(&self, script: &str, byte: usize) -> Option<Place> {
        let source = self.sources.get(script)?;
        let (line, _) = line_and_column(&source.text, byte);
        let text = source.text.lines().nth(line - 1)?.trim().to_owned();
        Some(Place { file: source.path.clone(), line, text })
    }
}

/// The name of the script that a file holds.
fn stem(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path).trim_end_matches(".yaml")
}
