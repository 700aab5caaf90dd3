//! `goldseam scripts schema`: what an editor needs to know to help with scripts.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::builder::PossibleValuesParser;
use clap::builder::TypedValueParser as _;

use crate::script::schema::{FileKind, schema};

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Which kind of file
    #[arg(default_value = "script", value_parser = kinds())]
    kind: FileKind,
    /// Write the schemas of all kinds into this folder instead
    #[arg(long, value_name = "DIR", conflicts_with = "kind")]
    write: Option<PathBuf>,
}

fn kinds() -> impl clap::builder::TypedValueParser<Value = FileKind> {
    PossibleValuesParser::new(FileKind::ALL.map(FileKind::word))
        .map(|word| FileKind::ALL.into_iter().find(|kind| kind.word() == word).unwrap_or(FileKind::Script))
}

/// Prints one schema, or writes all of them.
pub(crate) fn print(options: &Options) -> ExitCode {
    let Some(folder) = &options.write else {
        print!("{}", schema(options.kind));
        return ExitCode::SUCCESS;
    };
    match write(folder) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("goldseam: The schemas cannot be written to {} ({}).", folder.display(), error.kind());
            ExitCode::FAILURE
        }
    }
}

fn write(folder: &Path) -> std::io::Result<()> {
    fs::create_dir_all(folder)?;
    for kind in FileKind::ALL {
        let path = folder.join(kind.schema_file());
        fs::write(&path, schema(kind))?;
        println!("{}", path.display());
    }
    Ok(())
}
