//! The fault test F1: the real program is killed with SIGKILL again and again while many people talk to it and reminders come due.
//!
//! Fake platforms keep a ledger of what they handed over and what they accepted; at the end it is compared with the database. The
//! size for every day takes half a minute. At full size it takes a quarter of an hour for each database:
//! `GOLDSEAM_SOAK_KILLS=200 cargo test --test soak -- --nocapture`. On `PostgreSQL` two programs share the work, or as many as
//! `GOLDSEAM_SOAK_NODES` says, and any of them is killed. `GOLDSEAM_SOAK_SEED` repeats the choices of an earlier run; where exactly a
//! kill hits is the machine's.

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fastrand::Rng;
use goldseam::clock::Clock;
use goldseam::engine::{IfBusy, Plan, Run};
use goldseam::practice::promise::{Promise, Standing};
use goldseam::schedule::{Firing, Rule};
use goldseam::store::{DATABASE_FILE, Store};
use goldseam::types::{Platform, Private, Value};
use goldseam::vault::Vault;
use jiff::tz::TimeZone;
use support::postgres;
use support::program::{PATIENCE, Program, Settings};
use support::town::{Base, Town as Chats, platform};
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

/// What comes due. It is about a promise whose time has not come, so it may be said however many there are.
const BELL: &str = r#"
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

/// How much of everything.
#[derive(Clone, Copy)]
struct Size {
    kills: usize,
    seed: u64,
    people: u64,
    /// For each person.
    bells: usize,
    /// How many programs share the server.
    nodes: usize,
}

impl Size {
    fn asked_for() -> Self {
        let kills = setting("GOLDSEAM_SOAK_KILLS").map_or(6, |kills| usize::try_from(kills).unwrap());
        let seed = setting("GOLDSEAM_SOAK_SEED").unwrap_or(20_261_122);
        let (people, bells) = if kills < 100 { (40, 3) } else { (250, 8) };
        let nodes = setting("GOLDSEAM_SOAK_NODES").map_or(2, |nodes| usize::try_from(nodes).unwrap());
        Self { kills, seed, people, bells, nodes }
    }

    /// About how long the kills take.
    fn span(&self) -> Duration {
        LIFE.end().saturating_add(*LIFE.start()) / 2 * u32::try_from(self.kills).unwrap()
    }
}

/// How long the program lives between two kills.
const LIFE: std::ops::RangeInclusive<Duration> = Duration::from_millis(200)..=Duration::from_secs(5);
/// How often somebody says something.
const PAUSE: Duration = Duration::from_millis(50);
/// How long the program has to catch up when the kills are over.
const CATCH_UP: Duration = Duration::from_secs(300);

#[expect(clippy::disallowed_methods, reason = "a switch of the tests, no setting of the program")]
fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is no number: {text}")))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kills_lose_and_double_nothing_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let base = Base::File(folder.path().join("data"));
    soak("SQLite", base, folder).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kills_lose_and_double_nothing_on_postgres() {
    let Some(server) = postgres::shared() else { return };
    let base = Base::Server(server.database().await);
    let nodes = Size::asked_for().nodes;
    soak(&format!("PostgreSQL, {nodes} programs"), base, tempfile::tempdir().unwrap()).await;
}

async fn soak(name: &str, base: Base, folder: TempDir) {
    let size = Size::asked_for();
    println!("{name}: {} kills, seed {}", size.kills, size.seed);
    let commit = said_by("git", &["rev-parse", "--short", "HEAD"]);
    let town = Arc::new(Town::new(size).await);
    let settings = town.settings(folder.path(), &base);
    town.everybody_starts(&settings).await;
    plan_bells(&base, &town).await;
    let talk = town.talk();
    let mut kills = Kills::default();
    let mut random = Rng::with_seed(size.seed);
    let nodes = if matches!(base, Base::Server(_)) { size.nodes } else { 1 };
    let mut others: Vec<Program> = (1..nodes).map(|_| settings.starts(&["run"])).collect();
    for _ in 0..size.kills {
        let life = Duration::from_millis(random.u64(millis(*LIFE.start())..=millis(*LIFE.end())));
        if others.is_empty() {
            town.lives_and_is_killed(&settings, life, &mut kills).await;
        } else {
            // Any of them, whatever it was just doing for the rest.
            others.push(settings.starts(&["run"]));
            sleep(life).await;
            others.swap_remove(random.usize(..others.len())).killed();
            kills.at.push(Instant::now());
        }
        kills.in_flight.push(in_flight(&base).await);
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

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap()
}

// ---- the people ----

/// Everybody, and when each of them handed their texts to their platform.
struct Town {
    chats: Chats,
    size: Size,
    said: Mutex<BTreeMap<u64, Vec<Instant>>>,
}

impl Town {
    async fn new(size: Size) -> Self {
        Self { chats: Chats::new(size.people).await, size, said: Mutex::default() }
    }

    fn settings(&self, folder: &Path, base: &Base) -> Settings {
        // People write faster here than one chat may be written to.
        let settings = self.chats.settings(folder, base).with("GOLDSEAM_PACE__CHAT", "0");
        fs::write(folder.join("prompts/bell.yaml"), BELL.trim_start()).unwrap();
        settings
    }

    fn people(&self) -> std::ops::RangeInclusive<u64> {
        self.chats.people()
    }

    fn accepted(&self) -> usize {
        self.chats.telegram.accepted() + self.chats.discord.accepted()
    }

    /// Before the kills: everybody is known, and the bot waits for their first text.
    async fn everybody_starts(&self, settings: &Settings) {
        let program = self.chats.starts(settings).await;
        self.chats.everybody_starts(&program).await;
        let (status, stderr) = program.terminated(Duration::from_secs(10)).await;
        assert_eq!(status.code(), Some(0), "{stderr}");
    }

    /// Somebody says something, again and again. Telegram keeps it until somebody comes for it; on Discord it stands in the chat.
    fn talk(self: &Arc<Self>) -> JoinHandle<()> {
        let town = Arc::clone(self);
        let mut random = Rng::with_seed(town.size.seed ^ 1);
        tokio::spawn(async move {
            let mut pace = tokio::time::interval(PAUSE);
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
    async fn lives_and_is_killed(&self, settings: &Settings, life: Duration, kills: &mut Kills) {
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
        program.killed();
        kills.at.push(Instant::now());
        kills.first_message.push(first);
    }

    /// All texts of all people there, their first one included.
    fn said_on_discord(&self) -> i64 {
        let said = self.said.lock().unwrap();
        let there = self.people().filter(|person| platform(*person) == Platform::Discord);
        i64::try_from(there.map(|person| 1 + said.get(&person).map_or(0, Vec::len)).sum::<usize>()).unwrap()
    }

    /// True when at last nothing waits any more, nowhere.
    async fn catches_up(&self, base: &Base) -> bool {
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
async fn plan_bells(base: &Base, town: &Town) {
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
            let at = now.checked_add(Duration::from_millis(random.u64(1_000..millis(town.size.span())))).unwrap();
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

// ---- the database ----

/// How many messages were on their way on Telegram and Discord when the program was killed. The files are looked at in a copy, so
/// that what the kill left is for the program itself to put right.
async fn in_flight(base: &Base) -> (i64, i64) {
    const SENDING: &str = "select platform, count(*) from outbox where state = 'sending' group by platform";
    let rows = match base {
        Base::Server(_) => base.rows(SENDING).await,
        Base::File(folder) => {
            let copy = tempfile::tempdir().unwrap();
            for name in [DATABASE_FILE.to_owned(), format!("{DATABASE_FILE}-wal")] {
                if folder.join(&name).exists() {
                    fs::copy(folder.join(&name), copy.path().join(&name)).unwrap();
                }
            }
            Base::File(copy.path().to_owned()).rows(SENDING).await
        }
    };
    let of = |platform: Platform| rows.iter().find(|(name, _)| *name == platform.as_str()).map_or(0, |(_, n)| *n);
    (of(Platform::Telegram), of(Platform::Discord))
}

// ---- the checker ----

/// What is known of the kills themselves.
#[derive(Default)]
struct Kills {
    at: Vec<Instant>,
    /// From the start to the first message that a platform accepted; none when the kill came earlier.
    first_message: Vec<Option<Duration>>,
    /// On Telegram and on Discord.
    in_flight: Vec<(i64, i64)>,
}

/// What everybody's chats say, added up.
#[derive(Default, Debug, PartialEq)]
struct Tally {
    /// Turns that the state of somebody has counted.
    turns: usize,
    /// Texts without a turn.
    unheard: usize,
    /// Texts with more than one turn.
    heard_twice: usize,
    /// Turns whose answer is not in the chat.
    unanswered: usize,
    /// Answers that stand before the answer of an earlier text.
    out_of_order: usize,
    /// Bells that nobody can see.
    silent_bells: usize,
    /// Second copies of an answer or a bell.
    copies: usize,
    /// What is behind these numbers.
    odd: Vec<String>,
}

impl Tally {
    /// Adds one person, who said so many texts and was to hear so many bells. Returns the texts without an answer.
    fn add(&mut self, person: u64, said: usize, bells: usize, sees: &[String]) -> Vec<usize> {
        let mut copies = BTreeMap::<&str, usize>::new();
        let mut heard = Vec::<(usize, usize)>::new();
        for text in sees.iter().filter(|text| text.starts_with("Heard ") || text.starts_with("Bell ")) {
            let seen = copies.entry(text).or_default();
            *seen += 1;
            if let (1, Some(pair)) = (*seen, counted(text)) {
                heard.push(pair);
            }
        }
        let turns = heard.iter().map(|(count, _)| *count).max().unwrap_or(0);
        let texts: BTreeSet<usize> = heard.iter().map(|(_, text)| *text).collect();
        let answered: BTreeSet<usize> = heard.iter().map(|(count, _)| *count).collect();
        let before = (self.unheard, self.heard_twice, self.unanswered, self.out_of_order, self.silent_bells);
        self.turns += turns;
        self.heard_twice += heard.len() - texts.len();
        self.unanswered += turns - answered.len();
        // What has no answer may have had its turn: then the count is ahead.
        self.unheard += said.saturating_sub(texts.len() + turns - answered.len());
        self.out_of_order += heard.windows(2).filter(|pair| pair[0] > pair[1] || pair[0].1 > pair[1].1).count();
        self.silent_bells += (1..=bells).filter(|bell| !copies.contains_key(format!("Bell {bell}.").as_str())).count();
        self.copies += copies.values().map(|times| times - 1).sum::<usize>();
        if before != (self.unheard, self.heard_twice, self.unanswered, self.out_of_order, self.silent_bells) {
            self.odd.push(format!("person {person} on {} said {said} and sees {sees:?}", platform(person)));
        }
        (1..=said).filter(|text| !texts.contains(text)).collect()
    }
}

/// The number of the turn and of the text in "Heard 3: text 4."
fn counted(text: &str) -> Option<(usize, usize)> {
    let (count, text) = text.strip_prefix("Heard ")?.strip_suffix('.')?.split_once(": text ")?;
    Some((count.parse().ok()?, text.parse().ok()?))
}

/// What came of it all on one platform.
struct Side {
    tally: Tally,
    /// Texts that were handed over, without the first.
    said: usize,
    /// Events of these texts in the inbox.
    stored: i64,
    /// Messages of the bot that the platform has.
    accepted: i64,
    /// Rows of the outbox that went out for sure, and those of which nobody knows.
    sent: i64,
    unclear: i64,
    /// Rows of the outbox that ended without going out.
    dead: i64,
    in_flight: i64,
    /// How long before a kill the earliest text without a turn was handed over.
    before_kill: Duration,
}

impl Side {
    async fn of(town: &Town, base: &Base, here: Platform, kills: &Kills) -> Self {
        let (mut tally, mut said, mut starts, mut before_kill) = (Tally::default(), 0, 0, Duration::ZERO);
        for person in town.people().filter(|person| platform(*person) == here) {
            let texts = town.said.lock().unwrap().get(&person).cloned().unwrap_or_default();
            let missing = tally.add(person, texts.len(), town.size.bells, &town.chats.sees(person));
            let until_kill =
                |text: usize| kills.at.iter().find_map(|kill| kill.checked_duration_since(texts[text - 1]));
            before_kill = missing.into_iter().filter_map(until_kill).fold(before_kill, Duration::max);
            said += texts.len();
            starts += 1;
        }
        let name = here.as_str();
        let inbox = format!("select count(*) from inbox where platform = '{name}'");
        let outbox =
            |state: &str| format!("select count(*) from outbox where platform = '{name}' and state = '{state}'");
        let accepted =
            if here == Platform::Telegram { town.chats.telegram.accepted() } else { town.chats.discord.accepted() };
        Self {
            tally,
            said,
            stored: base.number(&inbox).await - starts,
            accepted: i64::try_from(accepted).unwrap(),
            sent: base.number(&outbox("sent")).await,
            unclear: base.number(&outbox("unknown")).await,
            dead: base.number(&outbox("dead")).await,
            in_flight: kills
                .in_flight
                .iter()
                .map(|(telegram, discord)| if here == Platform::Telegram { telegram } else { discord })
                .sum(),
            before_kill,
        }
    }

    /// Copies beyond the first of any message, of which at least so many came.
    fn copies(&self) -> i64 {
        (self.accepted - self.sent - self.unclear).max(i64::try_from(self.tally.copies).unwrap())
    }

    /// What must not be, on any platform.
    fn broken(&self) -> Vec<String> {
        let tally = &self.tally;
        let nothing = [
            ("texts that were stored and had no turn", self.stored - i64::try_from(tally.turns).unwrap()),
            ("texts that had two turns", i64::try_from(tally.heard_twice).unwrap()),
            ("answers out of order", i64::try_from(tally.out_of_order).unwrap()),
            ("messages given up", self.dead),
        ];
        let most = [
            ("answers that did not come", i64::try_from(tally.unanswered).unwrap(), self.unclear),
            ("bells that did not come", i64::try_from(tally.silent_bells).unwrap(), self.unclear),
            ("second copies", self.copies(), self.in_flight),
        ];
        let nothing = nothing.into_iter().map(|(what, count)| (what, count, 0));
        let broken = nothing.chain(most).filter(|(_, count, most)| *count < 0 || count > most);
        broken.map(|(what, count, most)| format!("{what}: {count}, at most {most}")).collect()
    }
}

/// What came of it all.
struct Outcome {
    telegram: Side,
    discord: Side,
    first_message: Vec<Option<Duration>>,
    dead_events: i64,
    bells: i64,
    /// Bells with exactly one occurrence that says what became of them.
    settled: i64,
    rung: i64,
}

impl Outcome {
    async fn of(town: &Town, base: &Base, kills: Kills) -> Self {
        const BELLS: &str = "select count(*) from schedules where name like 'bell-%'";
        const SETTLED: &str = "select count(*) from schedules s where name like 'bell-%' and s.state = 'done'
            and (select count(*) from occurrences o where o.schedule_id = s.id) = 1";
        const RUNG: &str = "select count(*) from occurrences where name like 'bell-%' and outcome = 'fired'";
        Self {
            telegram: Side::of(town, base, Platform::Telegram, &kills).await,
            discord: Side::of(town, base, Platform::Discord, &kills).await,
            first_message: kills.first_message,
            dead_events: base.number("select count(*) from inbox where state <> 'done'").await,
            bells: base.number(BELLS).await,
            settled: base.number(SETTLED).await,
            rung: base.number(RUNG).await,
        }
    }

    /// The chats behind the numbers that should be nothing.
    fn odd(&self) -> Vec<&String> {
        self.telegram.tally.odd.iter().chain(&self.discord.tally.odd).collect()
    }

    fn broken(&self) -> Vec<String> {
        let mut broken = Vec::new();
        let sides = [("Telegram", &self.telegram), ("Discord", &self.discord)];
        broken.extend(
            sides.iter().flat_map(|(name, side)| side.broken().into_iter().map(move |what| format!("{name}: {what}"))),
        );
        for (what, holds) in [
            ("Telegram: a text that was handed over is lost", self.telegram.tally.unheard == 0),
            ("Discord: a text that was handed over is lost", self.discord.tally.unheard == 0),
            ("Discord: something came twice", self.discord.copies() == 0),
            ("Discord: something did not come", self.discord.unclear == 0),
            ("an event was given up or is left", self.dead_events == 0),
            ("a bell has no outcome, or two", self.settled == self.bells),
            ("a bell was let pass", self.rung == self.bells),
        ] {
            if !holds {
                broken.push(what.to_owned());
            }
        }
        broken
    }

    fn table(&self, database: &str, size: Size, commit: &str) -> String {
        let (telegram, discord) = (&self.telegram, &self.discord);
        let rows: [(&str, String, String); 13] = [
            ("texts handed over", telegram.said.to_string(), discord.said.to_string()),
            (
                "of these not stored when the kill came",
                telegram.tally.unheard.to_string(),
                discord.tally.unheard.to_string(),
            ),
            ("**stored texts without a turn (lost)**", telegram.lost().to_string(), discord.lost().to_string()),
            (
                "**texts with two turns (doubled effects)**",
                telegram.tally.heard_twice.to_string(),
                discord.tally.heard_twice.to_string(),
            ),
            ("answers out of order", telegram.tally.out_of_order.to_string(), discord.tally.out_of_order.to_string()),
            (
                "turns whose answer never came",
                telegram.tally.unanswered.to_string(),
                discord.tally.unanswered.to_string(),
            ),
            ("reminders due", self.of_bells(size, 1).to_string(), self.of_bells(size, 0).to_string()),
            (
                "**reminders that never came**",
                telegram.tally.silent_bells.to_string(),
                discord.tally.silent_bells.to_string(),
            ),
            ("messages accepted by the platform", telegram.accepted.to_string(), discord.accepted.to_string()),
            ("messages on their way at the kills", telegram.in_flight.to_string(), discord.in_flight.to_string()),
            ("**second copies of a message**", telegram.copies().to_string(), discord.copies().to_string()),
            ("messages left as unclear after two kills", telegram.unclear.to_string(), discord.unclear.to_string()),
            ("messages given up", telegram.dead.to_string(), discord.dead.to_string()),
        ];
        let mut out = format!(
            "\n### {database}, {} kills, seed {}, {} people, commit {commit}\n{}\n\n| | Telegram | Discord |\n|---|---:|---:|\n",
            size.kills,
            size.seed,
            size.people,
            machine(),
        );
        for (what, telegram, discord) in rows {
            writeln!(out, "| {what} | {telegram} | {discord} |").unwrap();
        }
        let settled = format!(
            "Reminders with exactly one outcome: {} of {}, of which {} were said.",
            self.settled, self.bells, self.rung
        );
        let gone = format!(
            "The texts that Discord handed over and nobody stored came at most {:.0?} before a kill.",
            self.discord.before_kill
        );
        [&out, "", &settled, &gone, &self.speed(), ""].join("\n")
    }

    fn of_bells(&self, size: Size, odd: u64) -> usize {
        (1..=size.people).filter(|person| person % 2 == odd).count() * size.bells
    }

    fn speed(&self) -> String {
        if self.first_message.is_empty() {
            return "There was always another program.".into();
        }
        let mut first: Vec<Duration> = self.first_message.iter().flatten().copied().collect();
        first.sort();
        let at = |percent: usize| {
            first.get((first.len() * percent / 100).min(first.len().saturating_sub(1))).copied().unwrap_or_default()
        };
        format!(
            "From the start to the first message: half within {:.1?}, 95 % within {:.1?}; {} of {} kills came before it.",
            at(50),
            at(95),
            self.first_message.len() - first.len(),
            self.first_message.len()
        )
    }
}

impl Side {
    fn lost(&self) -> i64 {
        self.stored - i64::try_from(self.tally.turns).unwrap()
    }
}

fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let processor = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = processor
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "))
        .map_or("", |(_, name)| name);
    let build = if cfg!(debug_assertions) { "debug" } else { "release" };
    format!("{} {}, {cores} processors ({model}), {build} build", std::env::consts::OS, std::env::consts::ARCH)
}

fn said_by(program: &str, arguments: &[&str]) -> String {
    let said = Command::new(program).args(arguments).current_dir(env!("CARGO_MANIFEST_DIR")).output();
    said.map_or_else(|_| "unknown".into(), |said| String::from_utf8_lossy(&said.stdout).trim().to_owned())
}

#[test]
fn the_checker_sees_what_is_lost_doubled_late_and_silent() {
    let tally = |said, sees: &[&str]| {
        let mut tally = Tally::default();
        let sees: Vec<String> = sees.iter().map(|text| (*text).to_owned()).collect();
        tally.add(1, said, 1, &sees);
        tally.odd.clear();
        tally
    };
    let good = Tally { turns: 2, ..Tally::default() };
    assert_eq!(tally(2, &["Hello.", "Heard 1: text 1.", "Bell 1.", "Heard 2: text 2."]), good);
    let lost = Tally { turns: 1, unheard: 1, ..Tally::default() };
    assert_eq!(tally(2, &["Heard 1: text 2.", "Bell 1."]), lost);
    let twice = Tally { turns: 3, heard_twice: 1, ..Tally::default() };
    assert_eq!(tally(2, &["Heard 1: text 1.", "Heard 2: text 1.", "Bell 1.", "Heard 3: text 2."]), twice);
    let copied = Tally { turns: 2, copies: 2, ..Tally::default() };
    assert_eq!(tally(2, &["Heard 1: text 1.", "Heard 1: text 1.", "Bell 1.", "Bell 1.", "Heard 2: text 2."]), copied);
    let unanswered = Tally { turns: 2, unanswered: 1, silent_bells: 1, ..Tally::default() };
    assert_eq!(tally(2, &["Heard 2: text 2."]), unanswered);
    let swapped = Tally { turns: 2, out_of_order: 1, ..Tally::default() };
    assert_eq!(tally(2, &["Bell 1.", "Heard 2: text 2.", "Heard 1: text 1."]), swapped);
}
