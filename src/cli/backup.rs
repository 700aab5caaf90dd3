//! `goldseam backup` and `goldseam restore`: everything in one file, and back again.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::house;
use crate::clock::Clock;
use crate::config::Config;
use crate::store::{self, KEPT, Moved};

/// What `backup` takes.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The file to write; it must not exist yet
    file: PathBuf,
    /// The data folder [default: the configured one, else goldseam-data]
    #[arg(long, value_name = "DIR", conflicts_with = "config")]
    data: Option<PathBuf>,
    /// The settings file [default: goldseam.toml, if it is there]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// What `restore` takes.
#[derive(Debug, Args)]
pub(crate) struct RestoreOptions {
    /// A file that `goldseam backup` has written
    file: PathBuf,
    /// Put the database aside that is in the data folder already
    #[arg(long)]
    replace: bool,
    /// The data folder [default: the configured one, else goldseam-data]
    #[arg(long, value_name = "DIR", conflicts_with = "config")]
    data: Option<PathBuf>,
    /// The settings file [default: goldseam.toml, if it is there]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// Writes a backup, and says what is in it.
pub(crate) async fn back_up(options: Options) -> anyhow::Result<ExitCode> {
    let config = Config::load(options.config.as_deref())?;
    let database = house::database(options.data, &config);
    let tables = store::back_up(&database, &options.file).await?;
    print!("{}", rows(&tables));
    println!(
        "{} holds everything of {database}, as it was at one moment, and was looked over. It is not encrypted: keep it where nobody \
         else can read it. `goldseam restore` puts it back.",
        options.file.display()
    );
    Ok(ExitCode::SUCCESS)
}

/// Puts a backup back, and says what that means.
pub(crate) async fn restore(options: RestoreOptions) -> anyhow::Result<ExitCode> {
    let config = Config::load(options.config.as_deref())?;
    let database = house::database(options.data, &config);
    house::prepare(&database)?;
    let restored = store::restore(&options.file, &database, options.replace, Clock::system().now()).await?;
    print!("{}", rows(&restored.tables));
    if let Some(aside) = &restored.aside {
        println!(
            "The database that was there is in {} now: delete it when you do not need it any more.",
            aside.display()
        );
    }
    println!(
        "{database} holds what the backup held. {} messages and {} events had waited in it for more than {} hours, and are put away \
         unsaid. What is due passes by its own rules of lateness. What happened after the backup is gone, so whoever was erased \
         since is back: erase them again before you start the bot.",
        restored.unsaid,
        restored.unheard,
        KEPT.as_secs() / 3_600,
    );
    Ok(ExitCode::SUCCESS)
}

fn rows(tables: &[Moved]) -> String {
    tables.iter().map(|table| format!("{:<14} {:>12} rows\n", table.table, table.rows)).collect()
}
