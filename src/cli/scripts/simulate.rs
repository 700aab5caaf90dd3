//! `goldseam scripts simulate`: a population lives with the scripts for some weeks, as fast as it goes.
//!
//! The report goes to standard output and is the same for the same seed, byte for byte; how long it took goes to standard error.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, anyhow, bail};
use clap::{Args, ValueEnum};

use super::super::{house, log_to_stderr};
use crate::clock::Stopwatch;
use crate::config::LogFormat;
use crate::script::Library;
use crate::simulate::{self, Plan, Report, Told};

/// What `scripts simulate` takes.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// A folder with scripts [default: `prompts` in this folder, else the configured ones, else those inside this program]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// How many persons
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    persons: u32,
    /// For how many days
    #[arg(long, value_name = "D", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=3_660))]
    days: u32,
    /// What everything follows from: the same seed gives the same lives
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// Live through one person's life again, and show all of it
    #[arg(long, value_name = "K")]
    only_person: Option<u32>,
    /// How to print the report
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
}

/// Simulates, and prints what was found. The exit code is 1 when something happened that must never happen.
pub(crate) fn simulate(options: &Options) -> anyhow::Result<ExitCode> {
    log_to_stderr("error", LogFormat::Text);
    let folder = house::authors_folder(options.dir.clone())?;
    let library = Arc::new(house::library(folder.as_deref())?);
    let plan = Plan { persons: options.persons, days: options.days, seed: options.seed, only: options.only_person };
    if let Some(person) = plan.only.filter(|person| *person >= plan.persons) {
        bail!("There is no person {person}: they are numbered from 0 to {}.", plan.persons - 1);
    }
    let watch = Stopwatch::start();
    let report = live(&plan, &library)?;
    match options.format {
        Format::Text => print!("{}", report.as_text(&replay(options))),
        Format::Json => println!("{}", serde_json::to_string_pretty(&report)?),
    }
    eprintln!("{}", pace(&report, watch.elapsed().as_secs_f64()));
    Ok(if report.broken.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// All groups, as many at a time as the machine has processors.
fn live(plan: &Plan, library: &Arc<Library>) -> anyhow::Result<Report> {
    let groups: Vec<u32> = plan.groups().collect();
    let waiting = Mutex::new(groups.clone().into_iter());
    let next = || waiting.lock().unwrap_or_else(PoisonError::into_inner).next();
    let work = || -> anyhow::Result<Vec<(u32, Report)>> {
        // A thread for each group at hand: its database is a thread as well, and the two take turns.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let mut done = Vec::new();
        while let Some(number) = next() {
            let told = plan.only.map(|_| -> Told { Box::new(|_, line| println!("{line}")) });
            let report = runtime.block_on(simulate::group(plan, library, number, told));
            done.push((number, report.with_context(|| format!("group {number}"))?));
        }
        Ok(done)
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(groups.len());
    let mut reports = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let done =
            threads.into_iter().map(|thread| thread.join().map_err(|_| anyhow!("the simulation itself panicked"))?);
        done.collect::<anyhow::Result<Vec<_>>>()
    })?
    .concat();
    reports.sort_by_key(|(number, _)| *number);
    let mut whole = Report::of(plan);
    reports.iter().for_each(|(_, report)| whole.add(report));
    if plan.only.is_some() {
        println!();
    }
    Ok(whole)
}

/// The command that does it again.
fn replay(options: &Options) -> String {
    let Options { persons, days, seed, .. } = options;
    let dir = options.dir.as_ref().map_or(String::new(), |dir| format!(" --dir {}", dir.display()));
    format!("goldseam scripts simulate{dir} --persons {persons} --days {days} --seed {seed}")
}

#[expect(clippy::cast_precision_loss, reason = "for reading")]
fn pace(report: &Report, seconds: f64) -> String {
    let (events, days) = (report.events() as f64, report.person_days() as f64);
    let seconds = seconds.max(0.001);
    format!(
        "{events} events in {seconds:.1} s: {:.0} a second, {:.2} ms a person-day",
        events / seconds,
        seconds * 1e3 / days
    )
}
