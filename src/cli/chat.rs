//! `goldseam chat`: the whole program over the terminal, with a clock that can be put ahead.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::conversation::{Beginning, Conversation};
use super::house::{self, House};
use super::steering::{Start, parse_now};
use super::terminal::screen;
use crate::clock::Clock;
use crate::config::{Config, LogFormat};
use crate::script::Library;
use crate::store::Location;
use crate::types::Platform;

/// What `chat` takes.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The data folder [default: the configured one, else goldseam-data]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Whose conversation this is; another name is another person
    #[arg(long, value_name = "NAME", default_value = "me")]
    person: String,
    /// Begin at this time and let it pass only by `:` lines; with a zone in brackets, or the person's
    #[arg(long, value_name = "2026-03-02T20:00[Zone]", value_parser = parse_now)]
    now: Option<Start>,
    /// A folder with scripts [default: the ones inside this program]
    #[arg(long, value_name = "DIR")]
    prompts: Option<PathBuf>,
    /// Do not draw pictures; their texts say the same
    #[arg(long)]
    no_pictures: bool,
}

/// `goldseam chat`.
pub(crate) async fn chat(options: Options) -> anyhow::Result<ExitCode> {
    let config = Config::load(None)?;
    super::log_to_stderr("warn", LogFormat::Text);
    let database = house::database(options.data, &config);
    let prompts = options.prompts.or(config.prompts_dir);
    let library = house::library(prompts.as_deref())?;
    house::prepare(&database)?;
    let clock = match options.now {
        None => Clock::ahead(),
        Some(start) => Clock::steered(start.at(&zone_of(&database, &options.person, &start).await?)?),
    };
    let beginning = Beginning::Database(database);
    Conversation { person: options.person, prompts, clock, screen: screen(!options.no_pictures), beginning }
        .hold(library)
        .await
}

/// `goldseam run` without a token.
pub(crate) async fn first_conversation(config: &Config, library: Library) -> anyhow::Result<ExitCode> {
    super::log_to_stderr("warn", LogFormat::Text);
    let screen = screen(true);
    let database = house::database(None, config);
    screen.remark(&format!("Your data is kept in {}.", house::shown(&database)?))?;
    screen.remark(
        "To connect Telegram or Discord, put a token into goldseam.toml (see config.example.toml) or into GOLDSEAM_TELEGRAM__TOKEN or GOLDSEAM_DISCORD__TOKEN.",
    )?;
    let (prompts, beginning) = (config.prompts_dir.clone(), Beginning::Database(database));
    Conversation { person: "me".into(), prompts, clock: Clock::ahead(), screen, beginning }.hold(library).await
}

/// The zone in which a `--now` without one is meant: the person's.
async fn zone_of(database: &Location, person: &str, start: &Start) -> anyhow::Result<TimeZone> {
    let Start::Civil(civil) = start else { return Ok(TimeZone::UTC) };
    let about: Timestamp = TimeZone::UTC.to_timestamp(*civil)?;
    let house = House::open(database, Library::default(), Clock::steered(about), Vec::new()).await?;
    let known = house.door.look(Platform::Console, person).await?;
    house.store.close().await;
    Ok(known.map_or(TimeZone::UTC, |(_, now)| now.time_zone().clone()))
}
