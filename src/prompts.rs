//! Where scripts come from: the ones inside the program, or a folder. The only reader of script files and transcripts.
//!
//! Says nothing about what is in them; that is [`crate::script`]'s.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::script::{Library, PromptFile, Report};

/// A larger file is a mistake.
const MAX_BYTES: u64 = 1_048_576;

/// Scripts and words; texts in other languages.
const PROMPTS: &[&str] = &["yaml", "po"];
/// Transcripts.
const CHATS: &[&str] = &["chat"];
/// A folder of this name is no part of the bot: scripts that are being written stand in it.
const DRAFTS: &str = "drafts";

#[derive(rust_embed::Embed)]
#[folder = "prompts/"]
struct Shipped;

/// Why scripts cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PromptsError {
    /// The folder or a file of it cannot be read.
    #[error("The scripts in {} cannot be read ({reason}): check the folder's name and who may read it.", path.display())]
    Unreadable {
        /// The folder or file.
        path: PathBuf,
        /// What the system says.
        reason: String,
    },
    /// A file is not text, or far too large.
    #[error("{} is not a script: {reason}.", path.display())]
    NotText {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The scripts have errors.
    #[error("The scripts have {} error{}. Run `goldseam scripts check{folder}` to see them all.", report.errors(), if report.errors() == 1 { "" } else { "s" })]
    Wrong {
        /// Everything that was found.
        report: Box<Report>,
        /// The folder with a space before it, or nothing.
        folder: String,
    },
}

/// The scripts inside the program.
#[must_use]
pub fn shipped() -> Vec<PromptFile> {
    carried(is_read)
}

/// The scripts inside the program and what stands beside them: transcripts, and the drafts that those need.
#[must_use]
pub fn everything() -> Vec<PromptFile> {
    carried(|_| true)
}

fn carried(wanted: fn(&str) -> bool) -> Vec<PromptFile> {
    Shipped::iter()
        .filter(|path| wanted(path))
        .filter_map(|path| {
            let text = String::from_utf8(Shipped::get(&path)?.data.into_owned()).ok()?;
            Some(PromptFile { path: path.into_owned(), text })
        })
        .collect()
}

/// True for a file below a prompts folder that belongs to the scripts.
#[must_use]
pub fn is_read(path: &str) -> bool {
    ends_in(Path::new(path), PROMPTS) && !path.split('/').any(|part| part == DRAFTS)
}

/// The scripts of a folder and of the folders in it, by path.
///
/// # Errors
/// When something cannot be read, or is not text.
pub fn read(folder: &Path) -> Result<Vec<PromptFile>, PromptsError> {
    read_all(folder, PROMPTS)
}

/// The transcripts of a folder and of the folders in it, by path.
///
/// # Errors
/// When something cannot be read, or is not text.
pub fn transcripts(folder: &Path) -> Result<Vec<PromptFile>, PromptsError> {
    read_all(folder, CHATS)
}

/// The texts of files that are named from where a transcript is; the ones that cannot be read are left out.
pub fn beside<'n>(transcript: &Path, names: impl Iterator<Item = &'n str>) -> BTreeMap<String, String> {
    let read = |name: &str| Some((name.to_owned(), fs::read_to_string(transcript.with_file_name(name)).ok()?));
    names.filter_map(read).collect()
}

fn read_all(folder: &Path, endings: &[&str]) -> Result<Vec<PromptFile>, PromptsError> {
    let mut files = Vec::new();
    for path in paths(folder, endings)? {
        let name = path.strip_prefix(folder).unwrap_or(&path).to_string_lossy().replace('\\', "/");
        files.push(PromptFile { path: name, text: text(&path)? });
    }
    Ok(files)
}

fn ends_in(path: &Path, endings: &[&str]) -> bool {
    path.extension().is_some_and(|found| endings.iter().any(|ending| found == *ending))
}

/// One script, wherever it is. A file in a folder `system` is a card; one below `languages` belongs to a translation.
///
/// # Errors
/// When it cannot be read, or is not text.
pub fn read_file(path: &Path) -> Result<PromptFile, PromptsError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let parts: Vec<_> = path.components().map(|part| part.as_os_str().to_string_lossy()).collect();
    if let Some(at) = parts.iter().rposition(|part| part == "languages") {
        return Ok(PromptFile { path: parts[at..].join("/"), text: text(path)? });
    }
    let card = path.parent().and_then(Path::file_name).is_some_and(|folder| folder == "system");
    Ok(PromptFile { path: if card { format!("system/{name}") } else { name.into_owned() }, text: text(path)? })
}

fn text(path: &Path) -> Result<String, PromptsError> {
    let unreadable =
        |error: std::io::Error| PromptsError::Unreadable { path: path.to_owned(), reason: error.kind().to_string() };
    let refused = |reason| PromptsError::NotText { path: path.to_owned(), reason };
    if fs::metadata(path).map_err(unreadable)?.len() > MAX_BYTES {
        return Err(refused("it is larger than 1 MiB"));
    }
    String::from_utf8(fs::read(path).map_err(unreadable)?).map_err(|_| refused("it is not UTF-8 text"))
}

/// Every file below a folder that ends so, sorted; hidden ones and drafts are left out.
fn paths(folder: &Path, endings: &[&str]) -> Result<Vec<PathBuf>, PromptsError> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        let unreadable =
            |error: std::io::Error| PromptsError::Unreadable { path: folder.clone(), reason: error.kind().to_string() };
        for entry in fs::read_dir(&folder).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            let path = entry.path();
            let name = entry.file_name();
            if name.to_string_lossy().starts_with('.') || name == DRAFTS {
                continue;
            }
            if entry.file_type().map_err(unreadable)?.is_dir() {
                open.push(path);
            } else if ends_in(&path, endings) {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Reads and checks scripts: a folder's, or the ones inside the program.
///
/// # Errors
/// When they cannot be read or have errors; then nothing of them is used.
pub fn load(folder: Option<&Path>) -> Result<(Library, Report), PromptsError> {
    let files = match folder {
        Some(folder) => read(folder)?,
        None => shipped(),
    };
    let (library, report) = Library::load(&files);
    let report = match folder {
        Some(folder) => report.within(&folder.display().to_string()),
        None => report,
    };
    match library {
        Some(library) => Ok((library, report)),
        None => {
            let folder = folder.map_or(String::new(), |folder| format!(" {}", folder.display()));
            Err(PromptsError::Wrong { report: Box::new(report), folder })
        }
    }
}

/// Notices that a folder of scripts was edited, by looking: names, sizes and times of change.
#[derive(Debug)]
pub struct Watch {
    folder: PathBuf,
    seen: Vec<(PathBuf, u64, Option<SystemTime>)>,
}

impl Watch {
    /// Begins to watch a folder, as it is now.
    #[must_use]
    pub fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), seen: look(folder) }
    }

    /// True when something has changed since the last look.
    pub fn changed(&mut self) -> bool {
        let now = look(&self.folder);
        let changed = now != self.seen;
        self.seen = now;
        changed
    }
}

fn look(folder: &Path) -> Vec<(PathBuf, u64, Option<SystemTime>)> {
    let stamp = |path: PathBuf| {
        let file = fs::metadata(&path).ok();
        let (length, changed) =
            (file.as_ref().map_or(0, fs::Metadata::len), file.and_then(|file| file.modified().ok()));
        (path, length, changed)
    };
    paths(folder, PROMPTS).unwrap_or_default().into_iter().map(stamp).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_carries_its_scripts_and_they_are_sound() {
        let (library, _) = load(None).unwrap_or_else(|error| panic!("{error}"));
        assert!(library.script("welcome").is_some() && library.script("unclear").is_some());
    }

    #[test]
    fn a_folder_is_read_whole_or_refused_and_an_edit_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("system")).unwrap();
        fs::write(folder.path().join("system/a.yaml"), "script: a").unwrap();
        fs::create_dir(folder.path().join("drafts")).unwrap();
        fs::write(folder.path().join("drafts/a.yaml"), "script: a").unwrap();
        fs::write(folder.path().join("notes.txt"), "x").unwrap();
        let mut watch = Watch::new(folder.path());
        let files = read(folder.path()).unwrap();
        assert_eq!(files.iter().map(|file| file.path.as_str()).collect::<Vec<_>>(), ["system/a.yaml"]);
        assert!(!watch.changed());
        fs::write(folder.path().join("b.yaml"), [0xff, 0xfe]).unwrap();
        assert!(watch.changed());
        assert!(matches!(read(folder.path()), Err(PromptsError::NotText { .. })));
        assert!(matches!(read(&folder.path().join("nowhere")), Err(PromptsError::Unreadable { .. })));
    }
}
