//! `goldseam scripts check`: everything that is wrong with a folder of scripts, at once.

use std::io::IsTerminal as _;
use std::path::Path;
use std::process::ExitCode;

use crate::prompts;
use crate::script::{Library, Report};

/// Checks a folder, or the scripts inside the program.
pub(crate) fn check(folder: Option<&Path>) -> ExitCode {
    let files = match folder.map(prompts::read) {
        None => prompts::shipped(),
        Some(Ok(files)) => files,
        Some(Err(error)) => {
            eprintln!("goldseam: {error}");
            return ExitCode::FAILURE;
        }
    };
    let (library, report) = Library::load(&files);
    let problems = report.render(std::io::stdout().is_terminal());
    if !problems.is_empty() {
        println!("{problems}\n");
    }
    println!("{}", summary(files.len(), &report));
    if library.is_some() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// "43 files: 2 errors, 1 warning."
pub(crate) fn summary(files: usize, report: &Report) -> String {
    let count = |number: usize, word: &str| format!("{number} {word}{}", if number == 1 { "" } else { "s" });
    format!("{}: {}, {}.", count(files, "file"), count(report.errors(), "error"), count(report.warnings(), "warning"))
}
