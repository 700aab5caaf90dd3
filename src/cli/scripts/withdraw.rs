//! `goldseam scripts withdraw`: takes the text of a script out of use at once, beside a running bot.
//!
//! Nobody begins a withdrawn text, and whoever is in the middle of it is told. Changes one mark in the database and nothing else.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::bail;
use clap::Args;

use super::super::house;
use crate::config::Config;
use crate::script::EarlierText;
use crate::store::Store;
use crate::vault::Vault;

/// What `scripts withdraw` takes.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The script; without it, all texts that are kept are listed
    script: Option<String>,
    /// Which of its texts [default: the present one]
    #[arg(long, value_name = "REV", requires = "script")]
    rev: Option<String>,
    /// Give the text back
    #[arg(long, requires = "script")]
    undo: bool,
    /// The data folder [default: the configured one, else goldseam-data]
    #[arg(long, value_name = "DIR", conflicts_with = "config")]
    data: Option<PathBuf>,
    /// The settings file [default: goldseam.toml, if it is there]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The folder with the present scripts [default: the configured one, else the ones inside this program]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

/// Withdraws, gives back, or lists.
pub(crate) async fn withdraw(options: Options) -> anyhow::Result<ExitCode> {
    let config = Config::load(options.config.as_deref())?;
    let database = house::database(options.data, &config);
    let library = house::library(options.dir.or(config.prompts_dir).as_deref())?;
    let Some(store) = Store::open_beside(&database, Vault).await? else {
        bail!("{database} has no database yet: start the bot once, so that it knows its scripts.");
    };
    let mut tx = store.begin().await?;
    let kept = tx.scripts_kept().await?;
    let present = |name: &str| library.texts().find(|(found, ..)| *found == name).map(|(_, rev, _)| rev.to_owned());
    let Some(name) = options.script else {
        tx.rollback().await?;
        println!("{}", listed(&kept, present));
        return Ok(ExitCode::SUCCESS);
    };
    let Some(rev) = options.rev.or_else(|| present(&name)) else {
        bail!(
            "there is no script `{name}` now; `--rev REV` names an earlier text, and without a name all of them are listed."
        );
    };
    if !library.can_withdraw(&name) {
        bail!("the program cannot do without `{name}`: edit its text instead.");
    }
    if !tx.withdraw_script(&name, &rev, !options.undo).await? {
        bail!("no text `{rev}` of `{name}` was in use in {database}: without a name, all texts are listed.");
    }
    tx.commit().await?;
    store.close().await;
    match options.undo {
        true => println!("{name} ({rev}) is in use again. A running bot notices within a few seconds."),
        false => println!(
            "{name} ({rev}) is withdrawn: nobody begins it, and whoever is in the middle of it is told. A running bot notices \
             within a few seconds. `--undo` gives it back."
        ),
    }
    Ok(ExitCode::SUCCESS)
}

fn listed(kept: &[EarlierText], present: impl Fn(&str) -> Option<String>) -> String {
    let line = |text: &EarlierText| {
        let when = if present(&text.name).as_ref() == Some(&text.rev) { "present" } else { "earlier" };
        let state = if text.withdrawn { "withdrawn" } else { "in use" };
        format!("{:<28} {}  {when}  {state}", text.name, text.rev)
    };
    kept.iter().map(line).collect::<Vec<_>>().join("\n")
}
