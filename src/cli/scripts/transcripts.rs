//! `goldseam scripts test`: plays the transcripts of a folder of scripts and shows what differs.

use std::fs;
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};

use crate::config::Config;
use crate::prompts::{self, PromptsError};
use crate::script::PromptFile;
use crate::transcript::{self, Coverage, Difference, Played, Scripts, Transcript};

/// What to play, and what to do with it.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// A folder with scripts and, anywhere in it, `.chat` files [default: `prompts` here, or else the configured prompts_dir]
    dir: Option<PathBuf>,
    /// Write what the bot says now into the transcripts; read the difference before you keep it
    #[arg(long)]
    bless: bool,
    /// Show how much of each script the transcripts reach, and every place that none of them does
    #[arg(long)]
    coverage: bool,
    /// As --coverage, and fail when anything is not reached
    #[arg(long, conflicts_with = "only")]
    full: bool,
    /// Play only the transcripts that have this in their names; --coverage then shows the scripts that have it in theirs
    #[arg(long, value_name = "NAME")]
    only: Option<String>,
}

/// Plays them; the exit code is 1 when one of them differs.
pub(crate) fn test(options: &Options) -> anyhow::Result<ExitCode> {
    let folder = folder(options.dir.as_deref())?;
    let scripts = scripts(&folder)?;
    let mut coverage = Coverage::new(scripts.library());
    let (mut passed, mut failed) = (0, 0);
    for file in wanted(&folder, options.only.as_deref())? {
        let mut played = play(&folder, &file, &scripts);
        if let Some(text) = played.blessed.as_ref().filter(|_| options.bless) {
            let path = folder.join(&file.path);
            fs::write(&path, text).with_context(|| format!("{} cannot be written", path.display()))?;
            println!("Written: {}", path.display());
            played = play(&folder, &PromptFile { text: text.clone(), ..file }, &scripts);
        }
        coverage.add(&played.traces);
        print!("{}", played.render(std::io::stdout().is_terminal()));
        if played.is_good() { passed += 1 } else { failed += 1 }
    }
    if let Some(name) = &options.only {
        coverage.narrow(name);
    }
    if options.coverage || options.full {
        println!("{}", coverage.render(&scripts));
    }
    let unreached = if options.full { coverage.unreached().len() } else { 0 };
    println!("{}", summary(passed, failed, unreached));
    Ok(if failed + unreached == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What all transcripts of a folder reach.
pub(super) fn coverage<'s>(folder: &Path, scripts: &'s Scripts) -> anyhow::Result<Coverage<'s>> {
    let mut coverage = Coverage::new(scripts.library());
    for file in wanted(folder, None)? {
        coverage.add(&play(folder, &file, scripts).traces);
    }
    Ok(coverage)
}

/// The folder that was named, `prompts` here, or the configured one.
pub(super) fn folder(named: Option<&Path>) -> anyhow::Result<PathBuf> {
    let here = Path::new("prompts");
    if let Some(folder) = named.or_else(|| here.is_dir().then_some(here)) {
        return Ok(folder.to_owned());
    }
    match Config::load(None)?.prompts_dir {
        Some(folder) => Ok(folder),
        None => bail!(
            "There is no folder `prompts` here and no `prompts_dir` in the settings: name a folder, `goldseam scripts test DIR`."
        ),
    }
}

pub(super) fn scripts(folder: &Path) -> Result<Scripts, PromptsError> {
    Scripts::load(&folder.display().to_string(), prompts::read(folder)?)
        .map_err(|report| PromptsError::Wrong { report, folder: format!(" {}", folder.display()) })
}

/// The transcripts of a folder, or those that have a word in their names.
fn wanted(folder: &Path, only: Option<&str>) -> anyhow::Result<Vec<PromptFile>> {
    let mut files = prompts::transcripts(folder)?;
    files.retain(|file| only.is_none_or(|name| file.path.contains(name)));
    match (files.is_empty(), only) {
        (false, _) => Ok(files),
        (true, Some(name)) => bail!("No transcript in {} has `{name}` in its name.", folder.display()),
        (true, None) => bail!(
            "There is no transcript in {}: write one as docs/transcripts.md says, in a file that ends in .chat.",
            folder.display()
        ),
    }
}

fn play(folder: &Path, file: &PromptFile, scripts: &Scripts) -> Played {
    let path = folder.join(&file.path);
    match Transcript::parse(&path.display().to_string(), &file.text) {
        Ok(transcript) => {
            let drafts = prompts::beside(&path, transcript.drafts().map(|(_, name)| name));
            transcript::play(&transcript, scripts, &drafts)
        }
        Err(wrong) => Played::unread(path.display().to_string(), wrong.into_iter().map(Difference::Wrong).collect()),
    }
}

/// "66 transcripts: 65 passed, 1 failed."
fn summary(passed: usize, failed: usize, unreached: usize) -> String {
    let all = passed + failed;
    let unreached = match unreached {
        0 => String::new(),
        some => format!(" {some} place{} not reached.", if some == 1 { " is" } else { "s are" }),
    };
    format!("{all} transcript{}: {passed} passed, {failed} failed.{unreached}", if all == 1 { "" } else { "s" })
}
