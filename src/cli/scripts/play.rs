//! `goldseam scripts play`: straight into one script, in a world of its own that is gone afterwards.
//!
//! The world is a database in memory with one person who has agreed to the terms and was welcomed. What the script plans comes
//! when time is moved, through the same engine, schedule and store as for everybody.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, anyhow, bail};
use clap::Args;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::super::conversation::{Beginning, Conversation, place};
use super::super::house::{self, House};
use super::super::log_to_stderr;
use super::super::steering::{Start, parse_now};
use super::super::terminal::screen;
use super::world::{self, World};
use crate::clock::Clock;
use crate::config::LogFormat;
use crate::engine::{IfBusy, Plan, Run};
use crate::platform::console::Screen;
use crate::practice::promise::Promise;
use crate::schedule::{Rule, first};
use crate::script::Library;
use crate::script::model::Script;
use crate::script::problem::did_you_mean;
use crate::store::Store;
use crate::transcript::Given;
use crate::types::{Input, Platform, Private, Value, Values};

/// Whose conversation it is.
const PERSON: &str = "me";
/// Under which name the script is scheduled when nothing that people type starts it.
const PLAN: &str = "play";
/// How much of a value is shown, in characters.
const WIDEST: usize = 60;
/// An argument that stands for the promise which is due first.
const OPEN_PROMISE: &str = "open promise";

/// What `scripts play` takes.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The script's name
    script: String,
    /// A folder with scripts [default: `prompts` in this folder, else the configured ones, else those inside this program]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// How things are before: `me.name = Ana; open promise = call Lena`; `new person` has not agreed to anything
    #[arg(long, value_name = "GIVEN", default_value = "")]
    given: String,
    /// What the script is given; `open promise` stands for the one that is due first
    #[arg(long, value_name = "ARG=VALUE")]
    with: Vec<String>,
    /// Begin at this time and let it pass only by `:` lines; with a zone in brackets, or the person's
    #[arg(long, value_name = "2026-03-02T20:00[Zone]", value_parser = parse_now)]
    now: Option<Start>,
    /// The person's language
    #[arg(long, value_name = "TAG")]
    language: Option<String>,
}

/// A script to play.
pub(crate) struct Play {
    script: String,
    args: Vec<(String, String)>,
    world: World,
    /// When it begins; `None` for now.
    at: Option<Timestamp>,
}

/// `goldseam scripts play`.
pub(crate) async fn play(options: Options) -> anyhow::Result<ExitCode> {
    log_to_stderr("warn", LogFormat::Text);
    let prompts = house::authors_folder(options.dir)?;
    let library = house::library(prompts.as_deref())?;
    let mut world = World::parse(&options.given)?;
    world.0.extend(options.language.map(|tag| language(&tag, &library)).transpose()?);
    let args = options.with.iter().map(|pair| named(pair)).collect::<anyhow::Result<Vec<_>>>()?;
    let zone = world::zone(&world.facts(&library)?);
    let told =
        world.0.iter().find_map(|given| if let Given::Now(now) = given { Some(Start::Civil(*now)) } else { None });
    let at = options.now.or(told).map(|start| start.at(&zone)).transpose()?;
    let play = Play { script: options.script, args, world, at };
    play.check(&library).map_err(|error| match house::not_your_own(prompts.as_deref()) {
        Some(remark) if library.script(&play.script).is_none() => anyhow!("{error}\n{remark}"),
        _ => error,
    })?;
    let (clock, beginning) = (play.clock(), Beginning::Script(Box::new(play)));
    Conversation { person: PERSON.into(), prompts, clock, screen: screen(true), beginning }.hold(library).await
}

fn language(tag: &str, library: &Library) -> anyhow::Result<Given> {
    let known: Vec<&str> = library.languages().iter().map(|(tag, _)| tag.as_str()).collect();
    if !known.contains(&tag) {
        bail!("The scripts do not speak `{tag}`; they speak {}.", known.join(", "));
    }
    Ok(Given::Fact { name: "language".into(), value: tag.to_owned() })
}

fn named(pair: &str) -> anyhow::Result<(String, String)> {
    let (name, value) = pair.split_once('=').with_context(|| format!("--with {pair} should be ARG=VALUE"))?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}

impl Play {
    /// The clock at its beginning.
    pub(crate) fn clock(&self) -> Clock {
        self.at.map_or_else(Clock::ahead, Clock::steered)
    }

    /// Refuses what cannot begin, with what to do about it.
    fn check(&self, library: &Library) -> anyhow::Result<()> {
        let script = self.script(library)?;
        if script.card {
            bail!("`{}` is a card: the engine shows it when no script expects what happened.", script.name);
        }
        if let Some((name, _)) = self.args.iter().find(|(name, _)| !script.args.contains(name)) {
            let near = did_you_mean(name, script.args.iter().map(String::as_str));
            bail!("`{}` takes no `{name}`{}{near}", script.name, if near.is_empty() { "." } else { ": " });
        }
        let missing: Vec<String> = script
            .args
            .iter()
            .filter(|arg| self.args.iter().all(|(name, _)| name != *arg))
            .map(|arg| format!("--with {arg}=..."))
            .collect();
        if !missing.is_empty() {
            bail!(
                "`{}` is started by another script, which gives it something: add {}.",
                script.name,
                missing.join(" ")
            );
        }
        Ok(())
    }

    fn script<'l>(&self, library: &'l Library) -> anyhow::Result<&'l Script> {
        let known = || library.scripts().filter(|script| !script.card).map(|script| script.name.as_str());
        library.script(&self.script).with_context(|| {
            let near = did_you_mean(&self.script, known());
            format!("There is no script `{}`{}{near}", self.script, if near.is_empty() { "." } else { ": " })
        })
    }

    /// What a person would type to start it, where there is something.
    pub(crate) fn command(&self, library: &Library) -> Option<Input> {
        let script = library.script(&self.script).filter(|script| script.args.is_empty())?;
        let command = script
            .starters
            .commands
            .first()
            .map(|name| Input::Command { name: name.clone(), rest: Private::default() });
        command.or_else(|| script.starters.words.first().map(|words| Input::Text(Private::new(words.folded()))))
    }

    /// A new world with the person in it.
    pub(crate) async fn world(&self, account: &str, library: &Library, clock: &Clock) -> anyhow::Result<Store> {
        self.world.open(account, library, clock.now()).await
    }

    /// Starts it the way another script would: planned for now. Tells why when it does not begin.
    pub(crate) async fn start(&self, house: &House, account: &str, screen: &Screen) -> anyhow::Result<()> {
        let mut tx = house.store.begin().await?;
        let person = tx.account(Platform::Console, account).await?.context("nobody is here")?.person;
        let promises = tx.open_promises(person).await?;
        let script = house.door.library();
        let run = Run::Script { script: self.script.clone(), args: self.values(self.script(&script)?, &promises)? };
        let rule = Rule::At { at: house.door.clock().now() };
        let plan = Plan { name: PLAN.into(), run, rule, if_busy: IfBusy::Interrupt, late: 60, chosen: true };
        let next = first(&plan.rule, house.door.clock().now(), &TimeZone::UTC).context("it never begins")?;
        tx.keep_schedule(person, &plan, "UTC", next)?;
        tx.commit().await?;
        house.settle().await?;
        let mut tx = house.store.begin().await?;
        let became = tx.occurrences(person).await?.into_iter().rfind(|(name, ..)| name == PLAN);
        tx.rollback().await?;
        match became.as_ref().map(|(_, _, outcome)| outcome.as_str()) {
            Some("fired") => Ok(()),
            other => Ok(screen.remark(why(other.unwrap_or_default()))?),
        }
    }

    fn values(&self, script: &Script, promises: &[Promise]) -> anyhow::Result<Values> {
        let value = |name: &str, text: &str| match script.vars.get(name) {
            _ if text == OPEN_PROMISE => {
                let first = promises.first().context("there is no open promise: add one to --given")?;
                Ok(Value::text(&first.id))
            }
            Some(def) => world::read(text, &def.ty).with_context(|| format!("--with {name}")),
            None => Ok(Value::text(text)),
        };
        self.args.iter().map(|(name, text)| Ok((name.clone(), value(name, text)?))).collect()
    }
}

/// Why a script that was due said nothing.
fn why(outcome: &str) -> &'static str {
    match outcome {
        "no_consent" => "It does not begin by itself for somebody who has not agreed to the terms.",
        "resting" => "It does not begin while everything is paused (`me.resting`).",
        "settled" => "It does not begin: that promise is not open. `--given \"open promise = call Lena\"` makes one.",
        _ => "It did not begin.",
    }
}

/// Where the person stands and what is planned, in a few lines.
pub(crate) async fn standing(house: &House, account: &str) -> anyhow::Result<String> {
    let Some((state, now)) = house.door.look(Platform::Console, account).await? else {
        return Ok("Nobody is here.".into());
    };
    let mut lines = match place(&state) {
        Some((script, at)) => vec![format!("waiting at `{at}` of {script}")],
        None => vec!["nothing is open".into()],
    };
    let frames = state.active.iter().flat_map(|thread| &thread.frames).flat_map(|frame| &frame.vars);
    lines.extend(frames.map(|(name, value)| format!("  {name} = {}", in_one_line(value))));
    lines.extend(state.parked.iter().map(|thread| format!("put away: {}", thread.script())));
    let mut tx = house.store.begin().await?;
    if let Some(known) = tx.account(Platform::Console, account).await? {
        let mut planned = tx.active_schedules(known.person).await?;
        planned.sort_by_key(|planned| planned.next.at);
        lines.extend(planned.iter().map(|planned| {
            let at = planned.next.at.to_zoned(now.time_zone().clone());
            format!("{}  {}", at.strftime("%a %-d %b, %H:%M"), what(&planned.plan.run))
        }));
    }
    tx.rollback().await?;
    Ok(lines.join("\n"))
}

fn in_one_line(value: &Value) -> String {
    match value {
        Value::Text(text) => format!("{:?}", text.chars().take(WIDEST).collect::<String>()),
        other => other.to_string(),
    }
}

fn what(run: &Run) -> String {
    match run {
        Run::Script { script, .. } => format!("{script} starts"),
        Run::Nudge { .. } => "the open question is brought up once more".into(),
        Run::Wait { .. } => "it goes on".into(),
        Run::Expire { .. } => "what is open is put away".into(),
    }
}
