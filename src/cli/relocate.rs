//! `goldseam move`: everything of one database into another. The first one is only read, and nobody else may use either meanwhile.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::Args;

use super::house;
use crate::config::{self, Config};
use crate::store::{self, DATABASE_FILE, Location, Moved};

/// What `move` takes.
#[derive(Debug, Args)]
#[command(after_help = "A database is one of:
  sqlite://FOLDER                          the database in this data folder
  postgres://user:password@host/database   a database on a server; the command line shows the password to others here
  data_dir, store.url                      what the settings name")]
pub(crate) struct Options {
    /// The database to read; it is left as it is
    #[arg(long, value_name = "DATABASE")]
    from: String,
    /// The empty database to fill
    #[arg(long, value_name = "DATABASE")]
    to: String,
    /// The settings file [default: goldseam.toml, if it is there]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// Moves, and says what was moved.
pub(crate) async fn relocate(options: Options) -> anyhow::Result<ExitCode> {
    let config = Config::load(options.config.as_deref())?;
    let (from, to) = (database(&options.from, &config)?, database(&options.to, &config)?);
    house::prepare(&to)?;
    let moved = store::transfer(&from, &to).await?;
    print!("{}", table(&moved));
    println!(
        "Everything is in {to} now, and was compared with what it came from. {from} was left as it is: keep it as a backup, and do \
         not start a bot on it again."
    );
    Ok(ExitCode::SUCCESS)
}

fn database(named: &str, config: &Config) -> anyhow::Result<Location> {
    if let Some(path) = named.strip_prefix("sqlite://") {
        return Ok(Location::Folder(folder(Path::new(path))));
    }
    match named {
        "data_dir" => Ok(Location::Folder(config.data_dir.clone())),
        "store.url" => config.store.as_ref().map(house::server).context("the settings have no `store.url`"),
        url if url.starts_with("postgres") => {
            let server = config::Store { url: url.into(), connections: 1 };
            if let Err(problem) = server.check(config.network) {
                bail!("the address {problem}: it should look like postgres://user:password@host/database");
            }
            Ok(house::server(&server))
        }
        _ => bail!(
            "a database is named like sqlite://FOLDER or postgres://user:password@host/database, or as the setting `data_dir` or \
             `store.url`"
        ),
    }
}

/// The data folder, also when the file in it was named.
fn folder(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if path.ends_with(DATABASE_FILE) && parent.as_os_str().is_empty() => ".".into(),
        Some(parent) if path.ends_with(DATABASE_FILE) => parent.to_owned(),
        _ => path.to_owned(),
    }
}

fn table(moved: &[Moved]) -> String {
    let line = |moved: &Moved| format!("{:<14} {:>12} rows   {:016x}\n", moved.table, moved.rows, moved.digest);
    moved.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_named_by_itself_or_by_its_file() {
        for (named, meant) in
            [("/a/b", "/a/b"), ("a/goldseam.db", "a"), ("goldseam.db", "."), ("my goldseam.db", "my goldseam.db")]
        {
            assert_eq!(folder(Path::new(named)), Path::new(meant), "{named}");
        }
    }
}
