//! `goldseam scripts check --against`: what an edit takes from people who are in the middle of a script.
//!
//! Reads the scripts before the edit from a folder or a revision of git, and counts who stands where in the database beside a
//! running bot. Changes nothing.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};

use crate::cli::house;
use crate::config::Config;
use crate::engine::State;
use crate::prompts;
use crate::script::{self, Library, PromptFile, Report, Waiting};
use crate::store::{Location, Store};
use crate::types::PersonId;
use crate::vault::Vault;

/// How many states are read at a time.
const PAGE: i64 = 500;

/// Compares the scripts of a folder, which are sound, with the ones of a revision or another folder.
pub(super) async fn compare(dir: &Path, now: &Library, before: &str, data: Option<PathBuf>) -> anyhow::Result<Report> {
    let (before, _) = Library::load_anyway(&files_before(dir, before)?);
    let waiting = waiting(data).await?;
    Ok(script::against(&before, now, &prompts::read(dir)?, &waiting).within(&dir.display().to_string()))
}

fn files_before(dir: &Path, before: &str) -> anyhow::Result<Vec<PromptFile>> {
    let folder = Path::new(before);
    if folder.is_dir() {
        return Ok(prompts::read(folder)?);
    }
    let listed = git(dir, &["ls-tree", "-r", "--name-only", before, "."])
        .with_context(|| format!("`{before}` is neither a folder nor a revision of git"))?;
    let scripts = listed.lines().filter(|path| prompts::is_read(path));
    let files = scripts.map(|path| {
        let text = git(dir, &["show", &format!("{before}:./{path}")])?;
        Ok(PromptFile { path: path.to_owned(), text })
    });
    let files: Vec<PromptFile> = files.collect::<anyhow::Result<_>>()?;
    if files.is_empty() {
        bail!("there are no scripts in {} at `{before}`", dir.display());
    }
    Ok(files)
}

fn git(dir: &Path, arguments: &[&str]) -> anyhow::Result<String> {
    let done = Command::new("git").arg("-C").arg(dir).args(arguments).output().context("git cannot be started")?;
    if !done.status.success() {
        bail!("{}", String::from_utf8_lossy(&done.stderr).trim());
    }
    String::from_utf8(done.stdout).context("a script of that revision is not text")
}

/// How many persons stand at each question and call; nobody when there is no database.
async fn waiting(data: Option<PathBuf>) -> anyhow::Result<Waiting> {
    let database = match data {
        Some(folder) => Location::Folder(folder),
        None => house::database(None, &Config::load(None)?),
    };
    let mut waiting = Waiting::new();
    let Some(store) = Store::open_to_read(&database, Vault).await? else { return Ok(waiting) };
    let mut tx = store.begin().await?;
    let mut after = PersonId(0);
    loop {
        let page = tx.states_after(after, PAGE).await?;
        let Some((last, _)) = page.last() else { break };
        after = *last;
        for (_, state) in &page {
            let state = State::read(state.reveal())?;
            for frame in state.active.iter().chain(&state.parked).flat_map(|thread| &thread.frames) {
                *waiting.entry((frame.script.clone(), frame.at.clone())).or_default() += 1;
            }
        }
    }
    tx.rollback().await?;
    store.close().await;
    Ok(waiting)
}
