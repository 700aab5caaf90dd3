//! The shipped prompts as files, with others beside or in place of them.

#![allow(dead_code, reason = "each test program uses a part")]

use std::fs;
use std::path::Path;

use goldseam::script::{Library, PromptFile, Report};

/// Reads `prompts/` as the program does.
pub fn shipped() -> Vec<PromptFile> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("prompts");
    let mut files = Vec::new();
    for folder in ["", "system"] {
        for entry in fs::read_dir(root.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|ending| ending == "yaml") {
                let name = path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
                files.push(PromptFile { path: name, text: fs::read_to_string(&path).unwrap() });
            }
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}

/// The shipped prompts with these files added or put in their place.
pub fn shipped_with(others: &[(&str, &str)]) -> Vec<PromptFile> {
    let mut files = shipped();
    for (path, text) in others {
        files.retain(|file| file.path != *path);
        files.push(PromptFile { path: (*path).to_owned(), text: (*text).to_owned() });
    }
    files
}

/// Loads the shipped prompts with these files added or put in their place.
pub fn load_with(others: &[(&str, &str)]) -> (Option<Library>, Report) {
    Library::load(&shipped_with(others))
}

/// The same, for scripts that have no errors.
#[track_caller]
pub fn library_with(others: &[(&str, &str)]) -> Library {
    let (library, report) = load_with(others);
    library.unwrap_or_else(|| panic!("\n{}", report.render(false)))
}
