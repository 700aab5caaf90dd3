//! `goldseam scripts check`: everything that is wrong with a folder of scripts, at once.

use std::io::IsTerminal as _;
use std::path::Path;
use std::process::ExitCode;

use crate::prompts::{self, PromptsError};
use crate::script::Report;

/// Checks a folder, or the scripts inside the program.
pub(crate) fn check(folder: Option<&Path>) -> ExitCode {
    let (sound, report) = match prompts::load(folder) {
        Ok((_, report)) => (true, report),
        Err(PromptsError::Wrong { report, .. }) => (false, *report),
        Err(error) => {
            eprintln!("goldseam: {error}");
            return ExitCode::FAILURE;
        }
    };
    let problems = report.render(std::io::stdout().is_terminal());
    if !problems.is_empty() {
        println!("{problems}\n");
    }
    println!("{}", summary(&report));
    if sound { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// "43 files: 2 errors, 1 warning."
fn summary(report: &Report) -> String {
    let count = |number: usize, word: &str| format!("{number} {word}{}", if number == 1 { "" } else { "s" });
    format!(
        "{}: {}, {}.",
        count(report.files(), "file"),
        count(report.errors(), "error"),
        count(report.warnings(), "warning")
    )
}
