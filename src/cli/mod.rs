//! The command line: reads what was asked for, puts the rooms together, and shuts them down in order.
//!
//! Exit codes: 0 when it went well, 1 when it did not, 2 when the command was not understood. Nothing is decided here about
//! anybody's conversation.

mod backup;
mod chat;
mod conversation;
mod doctor;
mod edits;
mod house;
mod relocate;
mod run;
mod scripts;
mod status;
mod steering;
mod terminal;

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tracing_subscriber::EnvFilter;

use crate::config::LogFormat;

/// A chat bot that helps people rebuild trust, one small thing a day.
#[derive(Debug, Parser)]
#[command(
    name = "goldseam",
    version,
    about,
    after_help = "Without a command: run. With no token configured, that is a conversation in this terminal."
)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the bot on the platforms whose tokens are configured, or here in the terminal when there are none
    Run {
        /// The settings file [default: goldseam.toml, if it is there]
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
    /// Talk to the bot in this terminal
    Chat(chat::Options),
    /// Work on scripts
    Scripts {
        #[command(subcommand)]
        command: scripts::Command,
    },
    /// Copy everything into another database: from a folder to a PostgreSQL server, or back
    Move(relocate::Options),
    /// Show how much there is to do: what is due, late, queued and given up; also while the bot runs
    Status(status::Options),
    /// Write everything into one file, also while the bot runs
    Backup(backup::Options),
    /// Put back what a backup holds; the bot must not run
    Restore(backup::RestoreOptions),
    /// Look whether everything is in order: settings, tokens' shape, database, scripts, clock and zone data
    Doctor {
        /// The settings file [default: goldseam.toml, if it is there]
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
}

/// Runs the program.
#[must_use]
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    crate::turn::hide_panic_texts();
    let command = arguments.command.unwrap_or(Command::Run { config: None });
    let done = match command {
        Command::Scripts { command } => scripts::run(command),
        Command::Run { config } => block_on(run::run(config.as_deref())),
        Command::Chat(options) => block_on(chat::chat(options)),
        Command::Move(options) => block_on(relocate::relocate(options)),
        Command::Status(options) => block_on(status::show(options)),
        Command::Backup(options) => block_on(backup::back_up(options)),
        Command::Restore(options) => block_on(backup::restore(options)),
        Command::Doctor { config } => block_on(doctor::examine(config.as_deref())),
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            eprintln!("goldseam: {}", sentence(&error));
            ExitCode::FAILURE
        }
    }
}

/// An error and what led to it, on one line.
fn sentence(error: &anyhow::Error) -> String {
    let mut parts: Vec<String> = Vec::new();
    for cause in error.chain() {
        let text = cause.to_string();
        if !parts.iter().any(|part| part.contains(&text)) {
            parts.push(text);
        }
    }
    parts.join(": ")
}

fn block_on<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    // Turns are short and the database has one writer: two threads serve thousands of people and keep memory low.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let done = runtime.block_on(work);
    // A thread that waits for a line of standard input cannot be stopped, and need not be.
    runtime.shutdown_background();
    done
}

/// What libraries log below a warning holds addresses with a token in them, frames and statements: never shown, whatever is asked.
const QUIET: &str = "hyper=warn,hyper_util=warn,h2=warn,reqwest=warn,rustls=warn,tungstenite=warn,tokio_tungstenite=warn,sqlx=warn,\
                     serenity=off,teloxide=warn,teloxide_core=warn";

/// Sends the log to standard error.
fn log_to_stderr(filter: &str, format: LogFormat) {
    let wanted = format!("{filter},{QUIET}");
    let filter = EnvFilter::try_new(wanted).unwrap_or_else(|_| EnvFilter::new(format!("info,{QUIET}")));
    let coloured = std::io::stderr().is_terminal();
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(coloured);
    // A second call (tests) changes nothing.
    let _ = match format {
        LogFormat::Text => log.try_init(),
        LogFormat::Json => log.json().flatten_event(true).with_current_span(false).with_span_list(false).try_init(),
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_stay_quiet_whatever_is_asked() {
        let filter = EnvFilter::try_new(format!("trace,{QUIET}")).expect("a filter");
        let shown = filter.to_string();
        assert!(shown.contains("serenity=off") && shown.contains("hyper=warn"), "{shown}");
    }
}
