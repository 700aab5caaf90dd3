//! The shipped prompts as files, with others beside or in place of them.

#![allow(dead_code, reason = "each test program uses a part")]

use goldseam::script::{Library, PromptFile, Report};
use goldseam::transcript::Scripts;

/// The prompts inside the program.
pub fn shipped() -> Vec<PromptFile> {
    goldseam::prompts::shipped()
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

/// The same together with their texts, for playing transcripts.
#[track_caller]
pub fn scripts_with(others: &[(&str, &str)]) -> Scripts {
    Scripts::load("prompts", shipped_with(others)).unwrap_or_else(|report| panic!("\n{}", report.render(false)))
}
