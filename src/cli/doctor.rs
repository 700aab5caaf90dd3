//! `goldseam doctor`: looks at everything that a running bot needs, and changes nothing.

use std::fmt;
use std::path::Path;
use std::process::ExitCode;

use super::house;
use crate::clock::Clock;
use crate::config::{Config, DEFAULT_FILE};
use crate::prompts::{self, PromptsError};
use crate::schedule::zones;
use crate::store::{self, Location, Status, Store};
use crate::vault::Vault;

/// How something is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum How {
    Ok,
    Warning,
    Wrong,
}

impl fmt::Display for How {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            How::Ok => "ok",
            How::Warning => "warning",
            How::Wrong => "wrong",
        })
    }
}

struct Findings(bool);

impl Findings {
    fn line(&mut self, how: How, what: &str, says: &str) {
        self.0 |= how == How::Wrong;
        println!("{how:<8} {what:<10} {says}");
    }
}

/// Prints a line for each thing; the exit code is 1 when something is wrong.
pub(crate) async fn examine(file: Option<&Path>) -> anyhow::Result<ExitCode> {
    let mut findings = Findings(false);
    match Config::load(file) {
        Ok(config) => {
            let from = match file {
                Some(file) => file.display().to_string(),
                None if Path::new(DEFAULT_FILE).exists() => DEFAULT_FILE.to_owned(),
                None => "no settings file; the environment and the defaults".to_owned(),
            };
            findings.line(How::Ok, "settings", &from);
            tokens(&mut findings, &config);
            let place = house::database(None, &config);
            private(&mut findings, file, &place);
            database(&mut findings, &place).await;
            scripts(&mut findings, config.prompts_dir.as_deref());
        }
        Err(error) => {
            findings.line(How::Wrong, "settings", &error.to_string());
            scripts(&mut findings, None);
        }
    }
    time(&mut findings);
    Ok(if findings.0 { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn tokens(findings: &mut Findings, config: &Config) {
    match &config.telegram {
        Some(telegram) => {
            findings.line(How::Ok, "telegram", &format!("a token of the right shape, for {}", telegram.api.as_str()))
        }
        None => findings.line(How::Ok, "telegram", "not connected (docs/connect-telegram.md says how)"),
    }
    match &config.discord {
        Some(discord) => {
            findings.line(How::Ok, "discord", &format!("a token of the right shape, for {}", discord.api.as_str()))
        }
        None => findings.line(How::Ok, "discord", "not connected (docs/connect-discord.md says how)"),
    }
    if config.telegram.is_none() && config.discord.is_none() {
        findings.line(
            How::Warning,
            "platforms",
            "no token is set, so `goldseam run` is a conversation in the terminal",
        );
    }
}

async fn database(findings: &mut Findings, database: &Location) {
    match database {
        Location::Folder(folder) if !folder.exists() => {
            return findings.line(How::Ok, "database", &format!("{database} will be created at the first start"));
        }
        Location::Folder(folder) if std::fs::metadata(folder).is_ok_and(|folder| folder.permissions().readonly()) => {
            let says = format!("{database} cannot be written: give it to the user that runs Goldseam");
            findings.line(How::Wrong, "folder", &says);
        }
        Location::Folder(_) | Location::Server(_) => {}
    }
    match (store::examine_closely(database).await, database) {
        (Ok(true), place) => {
            let name = match place {
                Location::Folder(folder) => folder.join(store::DATABASE_FILE).display().to_string(),
                Location::Server(_) => place.to_string(),
            };
            findings.line(How::Ok, "database", &name);
            work(findings, database).await;
        }
        (Ok(false), Location::Folder(_)) => {
            findings.line(How::Ok, "database", &format!("will be created in {database}"));
        }
        (Ok(false), Location::Server(_)) => {
            findings.line(How::Ok, "database", &format!("{database} is empty, and will be filled at the first start"));
        }
        (Err(error), _) => findings.line(How::Wrong, "database", &error.to_string()),
    }
}

/// What waits in the database, and whether that is too much.
async fn work(findings: &mut Findings, database: &Location) {
    let status = match read_status(database).await {
        Ok(Some(status)) => status,
        Ok(None) => return,
        Err(error) => return findings.line(How::Warning, "work", &format!("{error:#}")),
    };
    let late = status.reminders.late + status.platforms.iter().map(|of| of.events.late + of.messages.late).sum::<i64>();
    let dead = status.platforms.iter().map(|of| of.events.dead + of.messages.dead).sum::<i64>();
    let (how, tail) = match (late, dead) {
        (0, 0) => (How::Ok, ""),
        (0, _) => (How::Warning, ": `goldseam status` shows where, and the log says why"),
        _ => (How::Warning, ": is the bot running? `goldseam status` shows what waits where"),
    };
    let says = format!("{} people; {late} things are late, {dead} were given up within a week{tail}", status.people);
    findings.line(how, "work", &says);
}

async fn read_status(database: &Location) -> anyhow::Result<Option<Status>> {
    let Some(store) = Store::open_to_read(database, Vault).await? else { return Ok(None) };
    let mut tx = store.begin().await?;
    let status = tx.status(Clock::system().now()).await?;
    tx.rollback().await?;
    store.close().await;
    Ok(Some(status))
}

/// May others read what they should not?
#[cfg(unix)]
fn private(findings: &mut Findings, settings: Option<&Path>, database: &Location) {
    use std::os::unix::fs::PermissionsExt as _;
    let open =
        |path: &Path, bits: u32| std::fs::metadata(path).is_ok_and(|there| there.permissions().mode() & bits != 0);
    if let Location::Folder(folder) = database
        && (open(folder, 0o077) && open(&folder.join(store::DATABASE_FILE), 0o077))
    {
        let says = format!("others on this machine can read it: `chmod -R go= {}`", folder.display());
        findings.line(How::Warning, "folder", &says);
    }
    let file = settings.unwrap_or(Path::new(DEFAULT_FILE));
    let holds_a_secret = std::fs::read_to_string(file)
        .is_ok_and(|text| text.lines().any(|line| line.starts_with("token =") || line.starts_with("url =")));
    if holds_a_secret && open(file, 0o077) {
        let says = format!("others on this machine can read the secrets in it: `chmod 600 {}`", file.display());
        findings.line(How::Warning, "settings", &says);
    }
}

#[cfg(not(unix))]
fn private(_: &mut Findings, _: Option<&Path>, _: &Location) {}

fn scripts(findings: &mut Findings, folder: Option<&Path>) {
    let from = folder.map_or("inside the program".to_owned(), |folder| folder.display().to_string());
    match prompts::load(folder) {
        Ok((library, report)) => {
            let count = library.scripts().count();
            findings.line(How::Ok, "scripts", &format!("{count} ({from}), {} warnings", report.warnings()));
        }
        Err(PromptsError::Wrong { report, folder }) => {
            let says = format!("{} errors: `goldseam scripts check{folder}` shows them", report.errors());
            findings.line(How::Wrong, "scripts", &says);
        }
        Err(error) => findings.line(How::Wrong, "scripts", &error.to_string()),
    }
}

fn time(findings: &mut Findings) {
    let now = Clock::system().now();
    // A clock before this program was written is a clock that was never set.
    let built = jiff::civil::date(2026, 11, 1);
    let here = now.to_zoned(jiff::tz::TimeZone::UTC);
    if here.date() < built {
        findings.line(
            How::Wrong,
            "clock",
            &format!("{} UTC is in the past: set the machine's clock (NTP)", here.strftime("%F %H:%M")),
        );
    } else {
        findings.line(How::Ok, "clock", &format!("{} UTC", here.strftime("%F %H:%M")));
    }
    let count = zones::database().available().count();
    let how = if count > 300 { How::Ok } else { How::Wrong };
    let version = zones::version();
    findings.line(how, "zones", &format!("{count} time zones, data {version}, inside the program"));
}
