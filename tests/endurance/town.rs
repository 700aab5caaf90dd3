//! Many people, when each of them said what, and what comes due for them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fastrand::Rng;
use goldseam::clock::Clock;
use goldseam::engine::{IfBusy, Plan, Run};
use goldseam::practice::promise::{Promise, Standing};
use goldseam::schedule::{Firing, Rule};
use goldseam::store::Store;
use goldseam::types::{Platform, Private, Value};
use goldseam::vault::Vault;
use jiff::tz::TimeZone;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use super::ledger::Kills;
use super::{CATCH_UP, Size};
use crate::support::program::{PATIENCE, Program, Settings};
use crate::support::town::{Base, Town as Chats, platform};

/// What comes due. It is about a promise whose time has not come, so it may be said however many there are.
pub const BELL: &str = r#"
script: bell
version: 1
title: A bell
about: Says its number.
language: en
args: [promise, bell]
steps:
  - if: promise
    say: Bell ${ bell }.
  - end: done
"#;

/// Everybody, and when each of them handed their texts to their platform.
pub struct Town {
    pub chats: Chats,
    pub size: Size,
    pub said: Mutex<BTreeMap<u64, Vec<Instant>>>,
}

impl Town {
    pub async fn new(size: Size) -> Self {
        Self { chats: Chats::new(size.people).await, size, said: Mutex::default() }
    }

    pub fn settings(&self, folder: &Path, base: &Base) -> Settings {
        // People write faster here than one chat may be written to.
        let settings = self.chats.settings(folder, base).with("GOLDSEAM_PACE__CHAT", "0");
        fs::write(folder.join("prompts/bell.yaml"), BELL.trim_start()).unwrap();
        settings
    }

    pub fn people(&self) -> std::ops::RangeInclusive<u64> {
        self.chats.people()
    }

    pub fn accepted(&self) -> usize {
        self.chats.telegram.accepted() + self.chats.discord.accepted()
    }

    /// Before the kills: everybody is known, and the bot waits for their first text.
    pub async fn everybody_starts(&self, settings: &Settings) {
        let program = self.chats.starts(settings).await;
        self.chats.everybody_starts(&program).await;
        let (status, stderr) = program.terminated(Duration::from_secs(10)).await;
        assert_eq!(status.code(), Some(0), "{stderr}");
    }

    /// Somebody says something, again and again. Telegram keeps it until somebody comes for it; on Discord it stands in the chat.
    pub fn talk(self: &Arc<Self>) -> JoinHandle<()> {
        let town = Arc::clone(self);
        let mut random = Rng::with_seed(town.size.seed ^ 1);
        tokio::spawn(async move {
            let mut pace = tokio::time::interval(town.size.pause);
            loop {
                pace.tick().await;
                let person = random.u64(town.people());
                let number = {
                    let mut said = town.said.lock().unwrap();
                    let texts = said.entry(person).or_default();
                    texts.push(Instant::now());
                    texts.len()
                };
                town.chats.hands_over(person, &format!("text {number}"));
            }
        })
    }

    /// Every second life counts from when it listens on Discord, so that the kills hit its work and not its start alone.
    pub async fn lives(&self, settings: &Settings, life: Duration, kills: &mut Kills) -> Program {
        let (since, before, listened) = (Instant::now(), self.accepted(), self.chats.discord.identified());
        let program: Program = settings.starts(&["run"]);
        let mut first = None;
        let mut begins = kills.first_message.len().is_multiple_of(2).then_some(since);
        while begins.is_none_or(|begins| begins.elapsed() < life) {
            assert!(since.elapsed() < PATIENCE, "it does not listen:\n{}", program.stderr());
            begins = begins.or_else(|| (self.chats.discord.identified() > listened).then(Instant::now));
            if first.is_none() && self.accepted() > before {
                first = Some(since.elapsed());
            }
            sleep(Duration::from_millis(5)).await;
        }
        kills.first_message.push(first);
        program
    }

    /// All texts of all people there, their first one included.
    pub fn said_on_discord(&self) -> i64 {
        let said = self.said.lock().unwrap();
        let there = self.people().filter(|person| platform(*person) == Platform::Discord);
        i64::try_from(there.map(|person| 1 + said.get(&person).map_or(0, Vec::len)).sum::<usize>()).unwrap()
    }

    /// True when at last nothing waits any more, nowhere.
    pub async fn catches_up(&self, base: &Base) -> bool {
        const WAITING: &str = "select (select count(*) from inbox where state = 'new')
            + (select count(*) from outbox where state in ('pending', 'sending'))
            + (select count(*) from schedules where state = 'active' and name like 'bell-%')";
        const ON_DISCORD: &str = "select count(*) from inbox where platform = 'discord'";
        let (since, on_discord) = (Instant::now(), self.said_on_discord());
        while since.elapsed() < CATCH_UP {
            if self.chats.telegram.unconfirmed().is_empty()
                && base.number(ON_DISCORD).await >= on_discord
                && base.number(WAITING).await == 0
            {
                return true;
            }
            sleep(Duration::from_millis(200)).await;
        }
        false
    }
}

/// Gives everybody their bells, spread over the time of the kills.
pub async fn plan_bells(base: &Base, town: &Town) {
    let store = Store::open_at(&base.location(), Vault).await.unwrap();
    let mut random = Rng::with_seed(town.size.seed ^ 2);
    let now = Clock::system().now();
    let mut tx = store.begin().await.unwrap();
    for person in town.people() {
        let account = tx.account(platform(person), &person.to_string()).await.unwrap().expect("they said /start");
        let promise = Promise {
            id: "bells".into(),
            text: Private::new("hear the bells"),
            to: Private::new("me"),
            due: now.checked_add(Duration::from_hours(48)).unwrap(),
            standing: Standing::Open,
            sure: None,
            days: None,
        };
        tx.keep_promise(account.person, &promise, now);
        for bell in 1..=town.size.bells {
            let at = now.checked_add(Duration::from_millis(random.u64(1_000..town.size.span().max(2_000)))).unwrap();
            let text = |text: &str| Value::Text(text.to_owned());
            let args = [("promise".into(), text("bells")), ("bell".into(), text(&bell.to_string()))].into();
            let plan = Plan {
                name: format!("bell-{bell}"),
                run: Run::Script { script: "bell".into(), args },
                rule: Rule::At { at },
                if_busy: IfBusy::Interrupt,
                late: 86_400,
                chosen: true,
            };
            let firing = Firing { civil: TimeZone::UTC.to_datetime(at), at };
            tx.keep_schedule(account.person, &plan, "UTC", firing).unwrap();
        }
    }
    tx.commit().await.unwrap();
    store.close().await;
}
