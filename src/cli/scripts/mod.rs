//! `goldseam scripts ...`: what authors and translators work with. Each command is the file of its name; `test` is in
//! `transcripts`, `explain` in `check`, and `world` is where `play` begins.
//!
//! Sends nothing to anybody. What is written is a file of the author's, or one mark in the database.

mod check;
mod fmt;
mod graph;
mod i18n;
mod init;
pub(super) mod play;
mod schema;
mod simulate;
mod transcripts;
mod waiting;
mod withdraw;
mod world;

use std::process::ExitCode;

use clap::Subcommand;

use super::block_on;

/// The commands, in the order in which the help shows them.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Write the shipped scripts into a new folder, as the beginning of your own
    Init(init::Options),
    /// List everything that is wrong with scripts
    Check(check::Options),
    /// Say what a code like GS0405 means, with a wrong and a right example
    Explain {
        /// The code
        code: String,
    },
    /// Play one script in this terminal; edits that are saved are taken over at once
    Play(play::Options),
    /// Let simulated persons live with the scripts for some weeks, and look for what must never happen
    Simulate(simulate::Options),
    /// Count who waits at which question, without names and texts; the bot may be running
    Waiting(waiting::Options),
    /// Take the text of a script out of use at once, or give it back; the bot may be running
    Withdraw(withdraw::Options),
    /// Play transcripts: conversations written down, and what the bot says in them now
    ///
    /// A line of a transcript begins with `<` (the bot), `>` (the person, `> [Label]` for a button), `(` (time that passes),
    /// `!` (something that happened) or `=` (where the person stands). docs/transcripts.md describes all of them.
    Test(transcripts::Options),
    /// Write scripts in the one way they are best written in
    Fmt(fmt::Options),
    /// Draw the flow of a script
    Graph(graph::Options),
    /// Print the JSON Schema of a kind of script file, for editors
    Schema(schema::Options),
    /// Translate scripts: texts.po files and how far they are
    I18n {
        #[command(subcommand)]
        command: i18n::I18n,
    },
}

/// Does what was asked for.
pub(super) fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Init(options) => init::init(&options),
        Command::Check(options) => Ok(check::check(&options)),
        Command::Explain { code } => Ok(check::explain::explain(&code)),
        Command::Play(options) => block_on(play::play(options)),
        Command::Simulate(options) => simulate::simulate(&options),
        Command::Waiting(options) => block_on(waiting::count(options)),
        Command::Withdraw(options) => block_on(withdraw::withdraw(options)),
        Command::Test(options) => transcripts::test(&options),
        Command::Fmt(options) => Ok(fmt::format(&options)),
        Command::Graph(options) => graph::draw(&options),
        Command::Schema(options) => Ok(schema::print(&options)),
        Command::I18n { command } => i18n::run(command),
    }
}
