//! The real program under load while it is ended again and again: many people talk to it and reminders come due.
//!
//! Fake platforms keep a ledger of what they handed over and what they accepted; at the end it is compared with the database.

#![allow(dead_code, reason = "each test program compiles all of this and uses a part")]
#![allow(clippy::missing_panics_doc, missing_docs, unreachable_pub, reason = "test code")]

pub mod ledger;
pub mod town;

use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

use crate::support::program::{Program, Settings};
use crate::support::town::Base;
use ledger::{Kills, Outcome, said_by};
use town::{Town, plan_bells};

/// How much of everything.
#[derive(Clone, Copy)]
pub struct Size {
    /// How often the program is ended.
    pub kills: usize,
    /// How long it lives before that, in milliseconds.
    pub life: (u64, u64),
    /// How often somebody says something.
    pub pause: Duration,
    pub seed: u64,
    pub people: u64,
    /// For each person.
    pub bells: usize,
    /// How many programs share the server.
    pub nodes: usize,
}

impl Size {
    /// As many ends as this switch of the tests says, else a few.
    pub fn asked_for(switch: &str, otherwise: u64, life: (u64, u64), pause: Duration) -> Self {
        let kills = usize::try_from(setting(switch).unwrap_or(otherwise)).unwrap();
        let seed = setting("GOLDSEAM_SOAK_SEED").unwrap_or(20_261_122);
        let (people, bells) = if kills < 100 { (40, 3) } else { (250, 8) };
        let nodes = setting("GOLDSEAM_SOAK_NODES").map_or(2, |nodes| usize::try_from(nodes).unwrap());
        Self { kills, life, pause, seed, people, bells, nodes }
    }

    /// About how long all these lives are, in milliseconds.
    pub fn span(&self) -> u64 {
        (self.life.0 + self.life.1) / 2 * u64::try_from(self.kills).unwrap()
    }
}

/// How long the program has to catch up when the kills are over.
pub const CATCH_UP: Duration = Duration::from_secs(300);

#[expect(clippy::disallowed_methods, reason = "a switch of the tests, no setting of the program")]
pub fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is no number: {text}")))
}

/// What the program runs on, and what becomes of that when it is killed. One that stays as it is does nothing.
pub trait Machine {
    /// The program on this machine.
    fn runs(&self, settings: Settings) -> Settings {
        settings
    }

    /// Somebody else has changed the database.
    fn is_set_up(&mut self) {}

    /// The program is about to be killed.
    fn before_a_kill(&mut self, _random: &mut Rng) {}

    /// The program was killed.
    fn after_a_kill(&mut self, _random: &mut Rng) {}
}

/// A machine that goes on when the program is killed.
pub struct GoesOn;

impl Machine for GoesOn {}

/// Many lives, each of which is ended without a warning; then everything has to be there that was said and was due.
pub async fn soak(name: &str, size: Size, base: Base, folder: TempDir, machine: &mut impl Machine) {
    println!("{name}: {} times, seed {}", size.kills, size.seed);
    let commit = said_by("git", &["rev-parse", "--short", "HEAD"]);
    let town = Arc::new(Town::new(size).await);
    let settings = machine.runs(town.settings(folder.path(), &base));
    town.everybody_starts(&settings).await;
    plan_bells(&base, &town).await;
    machine.is_set_up();
    let talk = town.talk();
    let mut kills = Kills::default();
    let mut random = Rng::with_seed(size.seed);
    let nodes = if matches!(base, Base::Server(_)) { size.nodes } else { 1 };
    let mut others: Vec<Program> = (1..nodes).map(|_| settings.starts(&["run"])).collect();
    for _ in 0..size.kills {
        let life = Duration::from_millis(random.u64(size.life.0..=size.life.1));
        if others.is_empty() {
            let program = town.lives(&settings, life, &mut kills).await;
            machine.before_a_kill(&mut random);
            program.killed();
            kills.at.push(Instant::now());
        } else {
            // Any of them, whatever it was just doing for the rest.
            others.push(settings.starts(&["run"]));
            sleep(life).await;
            others.swap_remove(random.usize(..others.len())).killed();
            kills.at.push(Instant::now());
        }
        machine.after_a_kill(&mut random);
        kills.looks_at(&base).await;
    }
    others.push(settings.starts(&["run"]));
    for program in &others {
        // Where nothing is left to catch up with, the program must have begun before it can be told to stop.
        program.logs("goldseam is running", 1).await;
    }
    talk.abort();
    assert!(talk.await.is_err_and(|end| end.is_cancelled()), "the talk went on until it was ended");
    let caught_up = town.catches_up(&base).await;
    let mut ends = Vec::new();
    for program in others {
        ends.push(program.terminated(Duration::from_secs(10)).await);
    }
    let result = Outcome::of(&town, &base, kills).await;
    println!("{}", result.table(name, size, &commit));
    const WHY: &str =
        "select concat(platform, ', ', purpose, ': ', state, ' ', coalesce(error, '')), count(*) from outbox
        where state <> 'sent' group by 1 order by 1";
    println!("What did not go out: {:?}", base.rows(WHY).await);
    for (status, stderr) in ends {
        assert!(caught_up, "it did not catch up within {CATCH_UP:?}:\n{stderr}");
        assert_eq!(status.code(), Some(0), "{stderr}");
    }
    let broken = result.broken();
    assert!(broken.is_empty(), "seed {}: {broken:#?}\n{:#?}", size.seed, result.odd());
    town.chats.telegram.assert_no_violations();
    town.chats.discord.assert_no_violations();
}
