//! `goldseam scripts fmt`: writes script files in the one way they are best written in.

use std::fs;
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::prompts::{self, PromptsError};
use crate::script::PromptFile;
use crate::script::format::format as formatted;

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Folders with scripts, or single files
    #[arg(default_value = "prompts", value_name = "DIR|FILE")]
    paths: Vec<PathBuf>,
    /// Change nothing; name what would be changed, and fail when there is something
    #[arg(long)]
    check: bool,
}

/// Formats files in their places. A file with errors stays as it is.
pub(crate) fn format(options: &Options) -> ExitCode {
    let (mut changed, mut wrong) = (0, 0);
    for path in &options.paths {
        let files = match found(path) {
            Ok(files) => files,
            Err(error) => {
                eprintln!("goldseam: {error}");
                return ExitCode::FAILURE;
            }
        };
        for (path, file) in files {
            match formatted(&file) {
                Ok(text) if text == file.text => {}
                Ok(text) => {
                    changed += 1;
                    println!("{}", path.display());
                    if let Some(error) = (!options.check).then(|| fs::write(&path, text).err()).flatten() {
                        eprintln!("goldseam: {} cannot be written ({}).", path.display(), error.kind());
                        return ExitCode::FAILURE;
                    }
                }
                Err(report) => {
                    wrong += 1;
                    let folder = path.to_string_lossy().trim_end_matches(&file.path).to_owned();
                    let report = if folder.is_empty() { report } else { report.within(&folder) };
                    eprintln!("{}\n", report.render(std::io::stderr().is_terminal()));
                }
            }
        }
    }
    if wrong > 0 || (options.check && changed > 0) { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// The files of a folder, or one file, with where they are.
fn found(path: &Path) -> Result<Vec<(PathBuf, PromptFile)>, PromptsError> {
    if !path.is_dir() {
        return Ok(vec![(path.to_owned(), prompts::read_file(path)?)]);
    }
    // Each file is named as it would be alone: in a folder `system` it is a card.
    let scripts = prompts::read(path)?.into_iter().filter(|file| file.path.ends_with(".yaml"));
    let paths = scripts.map(|file| path.join(&file.path));
    paths.map(|path| Ok((path.clone(), prompts::read_file(&path)?))).collect()
}
