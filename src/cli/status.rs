//! `goldseam status`: how much there is to do, read beside a running bot. Numbers only; nothing is changed.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};

use super::house;
use crate::clock::Clock;
use crate::config::Config;
use crate::store::{OfPlatform, Status, Store};
use crate::vault::Vault;

/// What `status` takes.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The data folder [default: the configured one, else goldseam-data]
    #[arg(long, value_name = "DIR", conflicts_with = "config")]
    data: Option<PathBuf>,
    /// The settings file [default: goldseam.toml, if it is there]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// How to print it
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
}

/// Prints the numbers.
pub(crate) async fn show(options: Options) -> anyhow::Result<ExitCode> {
    let config = Config::load(options.config.as_deref())?;
    let database = house::database(options.data, &config);
    let Some(store) = Store::open_to_read(&database, Vault).await? else {
        println!("{database} has no database yet, so nothing waits.");
        return Ok(ExitCode::SUCCESS);
    };
    let mut tx = store.begin().await?;
    let status = tx.status(Clock::system().now()).await?;
    tx.rollback().await?;
    store.close().await;
    match options.format {
        Format::Text => print!("{}", text(&status)),
        Format::Json => println!("{}", serde_json::to_string_pretty(&status)?),
    }
    Ok(ExitCode::SUCCESS)
}

fn text(status: &Status) -> String {
    let mut out = format!("people     {}\n", status.people);
    for of in &status.platforms {
        platform(&mut out, of);
    }
    let planned = &status.reminders;
    // Writing into a string cannot fail.
    let _ = write!(
        out,
        "reminders  {} planned, {} due, {} late, {} given up",
        planned.active, planned.due, planned.late, planned.failed
    );
    out += &planned.next_s.map_or(String::new(), |next| format!("; the next in {}", span(next)));
    out += &oldest(planned.oldest_s);
    out.push('\n');
    for role in &status.roles {
        let held = if role.held { "a program does it" } else { "nobody does it" };
        let _ = writeln!(out, "role       {}: {held}", role.role);
    }
    out
}

fn platform(out: &mut String, of: &OfPlatform) {
    let (events, messages) = (&of.events, &of.messages);
    let _ = writeln!(out, "{:<10} {} accounts, {} gone", of.platform, of.accounts, of.gone);
    let _ = writeln!(
        out,
        "  in       {} waiting, {} late, {} given up{}",
        events.waiting,
        events.late,
        events.dead,
        oldest(events.oldest_s)
    );
    let _ = writeln!(
        out,
        "  out      {} due, {} queued for later, {} on their way, {} late, {} given up, {} unclear{}",
        messages.due,
        messages.queued,
        messages.sending,
        messages.late,
        messages.dead,
        messages.unclear,
        oldest(messages.oldest_s)
    );
}

fn oldest(seconds: Option<i64>) -> String {
    seconds.map_or(String::new(), |seconds| format!("; the oldest since {}", span(seconds)))
}

/// A length of time, roughly.
fn span(seconds: i64) -> String {
    match seconds {
        ..=119 => format!("{seconds} s"),
        120..=7_199 => format!("{} min", seconds / 60),
        7_200..=172_799 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Events, Messages, Planned, RoleStatus};

    #[test]
    fn the_table_shows_every_number_and_no_more_than_numbers() {
        let messages = Messages { due: 4, queued: 5, sending: 6, late: 7, dead: 8, unclear: 9, oldest_s: Some(7_300) };
        let events = Events { waiting: 1, late: 2, dead: 3, oldest_s: Some(90) };
        let status = Status {
            people: 10,
            platforms: vec![OfPlatform { platform: "telegram".into(), accounts: 11, gone: 12, events, messages }],
            reminders: Planned { active: 13, due: 14, late: 15, failed: 16, oldest_s: None, next_s: Some(180_000) },
            roles: vec![RoleStatus { role: "send:telegram".into(), held: true, epoch: 3 }],
        };
        let expected = "\
people     10
telegram   11 accounts, 12 gone
  in       1 waiting, 2 late, 3 given up; the oldest since 90 s
  out      4 due, 5 queued for later, 6 on their way, 7 late, 8 given up, 9 unclear; the oldest since 2 h
reminders  13 planned, 14 due, 15 late, 16 given up; the next in 2 days
role       send:telegram: a program does it
";
        assert_eq!(text(&status), expected);
    }
}
