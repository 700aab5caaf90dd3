//! Several programs on one database: one of them listens and sends, all of them work, and nothing is lost when one dies.
//!
//! Leases go by the clock of the database, so time really passes here.

#![expect(clippy::disallowed_methods, reason = "programs are waited for in real time here")]

mod support;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use goldseam::nodes::{Grant, Node, Pace, Role};
use goldseam::outbox::{Deliver, Limits, Outbox};
use goldseam::store::{Location, Server, Store};
use goldseam::types::Platform;
use goldseam::vault::Vault;
use support::database::Database;
use support::fake_discord;
use support::house::House;
use support::journey::{STORY, World, heard_the_welcome};
use support::postbox::Postbox;
use support::postgres;
use support::program::{PATIENCE, Program, Settings};
use tokio_util::sync::{CancellationToken, DropGuard};

/// The times of the program, ten times faster.
const FAST: Pace = Pace {
    span: Duration::from_millis(1_500),
    renew: Duration::from_millis(400),
    look: Duration::from_millis(50),
    margin: Duration::from_millis(600),
};

async fn store(url: &str) -> Store {
    let location = Location::Server(Server::new(url.to_owned().into(), 4));
    Store::open_at(&location, Vault).await.unwrap()
}

/// A program as far as roles go; it dies when the guard is dropped.
fn lives(node: &Node) -> DropGuard {
    let (node, cancel) = (node.clone(), CancellationToken::new());
    let stop = cancel.clone();
    tokio::spawn(async move { node.run(stop).await });
    cancel.drop_guard()
}

async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < PATIENCE, "never: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn has(role: &Role) -> bool {
    role.grant().is_some()
}

#[tokio::test]
async fn a_role_is_one_programs_and_becomes_anothers_when_that_one_dies() {
    let Some(postgres) = postgres::shared() else { return };
    let url = postgres.database().await;
    let (first, second) = (Node::with_pace(store(&url).await, FAST), Node::with_pace(store(&url).await, FAST));
    let (one, other) = (first.role("send:telegram"), second.role("send:telegram"));
    let alive = lives(&first);
    until("the first has it", || has(&one)).await;
    let _alive = lives(&second);
    tokio::time::sleep(FAST.span * 2).await;
    assert!(has(&one) && !has(&other), "it is renewed");
    drop(alive);
    let died = Instant::now();
    until("the second takes over", || has(&other)).await;
    assert!(died.elapsed() >= FAST.span - FAST.renew - FAST.look, "not before its time: {:?}", died.elapsed());
}

#[tokio::test]
async fn a_role_of_a_program_whose_connections_are_gone_is_taken_at_once() {
    let Some(postgres) = postgres::shared() else { return };
    let url = postgres.database().await;
    let long = Pace { span: Duration::from_secs(3_600), ..FAST };
    let first = store(&url).await;
    let mut tx = first.begin().await.unwrap();
    tx.add_role("send:telegram").await.unwrap();
    assert!(tx.ask_for_role("send:telegram", first.name(), long.span).await.unwrap().is_some());
    tx.commit().await.unwrap();
    let second = Node::with_pace(store(&url).await, long);
    let role = second.role("send:telegram");
    let _alive = lives(&second);
    tokio::time::sleep(FAST.look * 4).await;
    assert!(!has(&role), "it is another's for an hour");
    first.close().await;
    until("the second takes over", || has(&role)).await;
}

#[tokio::test]
async fn a_role_that_is_given_back_is_taken_at_once() {
    let Some(postgres) = postgres::shared() else { return };
    let url = postgres.database().await;
    let slow = Pace { look: Duration::from_secs(30), ..Pace::default() };
    let (first, second) = (Node::with_pace(store(&url).await, FAST), Node::with_pace(store(&url).await, slow));
    let (one, other) = (first.role("poll:discord"), second.role("poll:discord"));
    let alive = lives(&first);
    until("the first has it", || has(&one)).await;
    let _alive = lives(&second);
    let asked = "select cast(count(*) as text) from pg_stat_activity
                 where query ilike 'listen%' and datname = current_database()";
    let database = Database::at(url);
    while database.sql(asked).await != ["2"] {
        tokio::task::yield_now().await;
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    drop(alive);
    first.leave().await;
    let left = Instant::now();
    until("the second takes over", || has(&other)).await;
    assert!(left.elapsed() < Duration::from_secs(10), "it was called");
}

#[tokio::test]
async fn a_program_that_cannot_renew_stops_before_another_may_begin() {
    let Some(postgres) = postgres::shared() else { return };
    let url = postgres.database().await;
    let node = Node::with_pace(store(&url).await, FAST);
    let role = node.role("send:telegram");
    let _alive = lives(&node);
    until("it has the role", || has(&role)).await;
    let Some(Grant::Lease(lease)) = role.grant() else { unreachable!() };
    // Somebody keeps the row, so that renewing waits.
    let mut blocking = store(&url).await.begin().await.unwrap();
    assert!(blocking.has_role(&lease).await.unwrap());
    let begun = Instant::now();
    until("it gives up", || !has(&role)).await;
    assert!(begun.elapsed() < FAST.span, "it waited until somebody else could have had it: {:?}", begun.elapsed());
    tokio::time::sleep(FAST.span).await;
    blocking.rollback().await.unwrap();
    until("it has the role again", || has(&role)).await;
}

#[tokio::test]
async fn who_comes_back_too_late_sends_nothing() {
    let Some(postgres) = postgres::shared() else { return };
    let url = postgres.database().await;
    let mut house = House::on(Database::at(url.clone())).await;
    let outbox = |node: &Node, postbox: &Arc<Postbox>| {
        let platforms: [(Arc<dyn Deliver>, Limits); 1] = [(postbox.clone(), Limits::default())];
        Outbox::among(node, house.clock.clone(), Arc::default(), platforms)
    };
    let (frozen, awake) = (Node::with_pace(store(&url).await, FAST), Node::with_pace(store(&url).await, FAST));
    let (letters, others) = (Postbox::new(Platform::Telegram), Postbox::new(Platform::Telegram));
    let (first, second) = (outbox(&frozen, &letters), outbox(&awake, &others));
    let alive = lives(&frozen);
    until("the first sends", || has(&frozen.role("send:telegram"))).await;
    drop(alive);
    let _alive = lives(&awake);
    until("the second has taken over", || has(&awake.role("send:telegram"))).await;
    assert!(has(&frozen.role("send:telegram")), "the first one does not know yet");
    house.writes("7", "hello").await;
    assert_eq!(first.deliver_once().await.unwrap(), 0);
    assert_eq!(second.deliver_once().await.unwrap(), 1);
    assert_eq!((letters.taken().len(), others.empty()), (0, vec!["hello".to_owned()]));
}

#[tokio::test]
async fn programs_share_the_work_and_everybody_is_answered_once_and_in_order() {
    const PEOPLE: usize = 40;
    const LINES: usize = 5;
    let Some(postgres) = postgres::shared() else { return };
    let url = postgres.database().await;
    let (mut one, other) = (House::on(Database::at(url.clone())).await, House::on(Database::at(url)).await);
    for line in 0..LINES {
        for person in 0..PEOPLE {
            let account = format!("{person}");
            let said = support::house::input(&format!("{line}"));
            let inbound = one.inbound(Platform::Telegram, &account, said);
            one.put(&[&inbound]).await;
        }
    }
    let (cancel, stores) = (CancellationToken::new(), (one.inbox.clone(), other.inbox.clone()));
    let stop = cancel.clone();
    let work = tokio::spawn(async move { tokio::join!(stores.0.run(stop.clone()), stores.1.run(stop)) });
    while one.sql("select cast(count(*) as text) from inbox where state = 'new'").await != ["0"] {
        tokio::task::yield_now().await;
    }
    cancel.cancel();
    work.await.unwrap();
    one.outbox.deliver_once().await.unwrap();
    let mut heard: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for letter in one.telegram.taken() {
        heard.entry(letter.account).or_default().push(letter.message.text.text());
    }
    assert_eq!(heard.len(), PEOPLE);
    let all: Vec<String> = (0..LINES).map(|line| line.to_string()).collect();
    for (person, lines) in heard {
        assert_eq!(lines, all, "{person}");
    }
}

#[tokio::test]
async fn what_is_due_is_said_once_however_many_programs_look() {
    let Some(postgres) = postgres::shared() else { return };
    let url = postgres.database().await;
    let mut one = House::on(Database::at(url.clone())).await;
    for person in 0..50 {
        one.says(&format!("{person}"), "/every daily 0 0 20 * * *").await;
    }
    let other = House::on(Database::at(url)).await;
    one.until("2026-11-22T20:00:00Z");
    other.until("2026-11-22T20:00:00Z");
    let (here, there) = tokio::join!(one.reminders.fire_once(100), other.reminders.fire_once(100));
    assert!(here.unwrap() + there.unwrap() >= 50);
    one.outbox.deliver_once().await.unwrap();
    assert_eq!(one.telegram.empty(), vec!["due daily"; 50]);
}

#[tokio::test]
async fn programs_share_the_roles_of_a_kind_and_one_that_is_left_has_all() {
    let Some(postgres) = postgres::shared() else { return };
    let url = postgres.database().await;
    let (first, second) = (Node::with_pace(store(&url).await, FAST), Node::with_pace(store(&url).await, FAST));
    let of = |node: &Node| ["a", "a:1", "a:2", "a:3"].map(|name| node.role_of_a_kind("a", name));
    let (ours, theirs) = (of(&first), of(&second));
    let many = |roles: &[Role]| roles.iter().filter(|role| has(role)).count();
    let (_alive, dies) = (lives(&first), lives(&second));
    until("they have all of them", || many(&ours) + many(&theirs) == 4).await;
    assert!(many(&ours) > 0 && many(&theirs) > 0, "none has all: {} and {}", many(&ours), many(&theirs));
    drop(dies);
    until("the one that is left has all", || many(&ours) == 4).await;
    let (third, of_another_number) =
        (Node::with_pace(store(&url).await, FAST), Node::with_pace(store(&url).await, FAST));
    let (theirs, strange) = (of(&third), of_another_number.role_of_a_kind("a", "a"));
    let _alive = (lives(&third), lives(&of_another_number));
    until("one that joins gets its share", || many(&ours) == 2 && many(&theirs) == 2).await;
    tokio::time::sleep(FAST.look * 20).await;
    assert_eq!((many(&ours), many(&theirs), has(&strange)), (2, 2, false), "and so it stays");
    let mut tx = third.store().begin().await.unwrap();
    let roles = tx.status(goldseam::clock::Clock::system().now()).await.unwrap().roles;
    assert_eq!(roles.len(), 4, "what programs say of themselves is no role: {roles:?}");
}

#[tokio::test]
async fn what_may_happen_once_in_a_while_is_counted_over_all_programs() {
    const SPAN: Duration = Duration::from_millis(400);
    let Some(postgres) = postgres::shared() else { return };
    let url = postgres.database().await;
    let nodes = [Node::with_pace(store(&url).await, FAST), Node::with_pace(store(&url).await, FAST)];
    let passes = [0, 1, 0, 1].map(|at: usize| {
        let node = nodes[at].clone();
        tokio::spawn(async move {
            node.once_in("login", SPAN).await;
            Instant::now()
        })
    });
    let other = Instant::now();
    nodes[0].once_in("another thing", SPAN).await;
    assert!(other.elapsed() < SPAN, "it waits for its own kind only");
    let mut at = Vec::new();
    for pass in passes {
        at.push(pass.await.unwrap());
    }
    at.sort();
    let pauses: Vec<Duration> = at.windows(2).map(|two| two[1] - two[0]).collect();
    assert!(pauses.iter().all(|pause| *pause >= SPAN - FAST.look), "not before its time: {pauses:?}");
    let mut tx = nodes[0].store().begin().await.unwrap();
    let roles = tx.status(goldseam::clock::Clock::system().now()).await.unwrap().roles;
    assert!(roles.is_empty(), "these are no roles: {roles:?}");
}

// ---- the real program ----

/// Two programs with nothing in common but the database, the one that listens first.
async fn two(settings: &Settings) -> (Program, Program) {
    let first = settings.starts(&["run"]);
    first.logs("poll:telegram", 1).await;
    first.logs("send:telegram", 1).await;
    let second = settings.starts(&["run"]);
    second.logs("goldseam is running", 1).await;
    (first, second)
}

async fn world() -> Option<(World, Settings, Database)> {
    let url = postgres::shared()?.database().await;
    let (world, database) = (World::telegram().await, Database::at(url.clone()));
    let settings = world.settings(database.folder()).with("GOLDSEAM_STORE__URL", url);
    Some((world, settings, database))
}

/// Waits until nothing is on its way.
async fn settles(database: &Database) {
    while database.sql("select cast(count(*) as text) from outbox where state = 'sending'").await != ["0"] {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_program_is_killed_and_another_goes_on() {
    let Some((world, settings, database)) = world().await else { return };
    let (mut listens, mut waits) = two(&settings).await;
    for (number, step) in STORY.into_iter().enumerate() {
        world.lives(step).await;
        if number == 2 || number == 7 {
            listens.killed();
            let died = Instant::now();
            waits.logs("role=\"poll:telegram\"", 1).await;
            waits.logs("role=\"send:telegram\"", 1).await;
            assert!(died.elapsed() < Duration::from_secs(10), "after {:?}", died.elapsed());
            listens = waits;
            waits = settings.starts(&["run"]);
            waits.logs("goldseam is running", 1).await;
        }
    }
    let twice = heard_the_welcome(&world.sees());
    assert!(twice <= 2, "at most what was in flight at a kill comes twice: {twice}");
    world.broke_no_rule();
    assert!(!database.folder().join("data").exists(), "nothing is kept in a folder");
}

#[tokio::test]
async fn a_program_that_is_stopped_hands_over_at_once() {
    let Some((world, settings, _database)) = world().await else { return };
    let (listens, waits) = two(&settings).await;
    world.lives(STORY[0]).await;
    let (status, said) = listens.terminated(Duration::from_secs(10)).await;
    let ended = Instant::now();
    assert_eq!(status.code(), Some(0), "{said}");
    waits.logs("role=\"poll:telegram\"", 1).await;
    waits.logs("role=\"send:telegram\"", 1).await;
    assert!(ended.elapsed() < Duration::from_secs(5), "after {:?}: {said}{}", ended.elapsed(), waits.stderr());
    world.lives(STORY[1]).await;
    assert_eq!(world.sees().len(), 3, "nothing came twice: {:#?}", world.sees());
}

#[tokio::test]
async fn a_program_that_froze_and_comes_back_finds_its_place_taken() {
    let Some((world, settings, database)) = world().await else { return };
    let (frozen, waits) = two(&settings).await;
    world.lives(STORY[0]).await;
    settles(&database).await;
    frozen.gets("STOP");
    waits.logs("role=\"poll:telegram\"", 1).await;
    waits.logs("role=\"send:telegram\"", 1).await;
    frozen.gets("CONT");
    frozen.logs("this program has lost a role", 2).await;
    for step in &STORY[1..4] {
        world.lives(*step).await;
    }
    let sees = world.sees();
    let mut once = sees.clone();
    once.dedup();
    assert_eq!(sees, once);
    drop(frozen.terminated(Duration::from_secs(10)).await);
}

/// The programs that have taken over this role, by their place, the last one last.
async fn has_taken(programs: &[&Program], role: &str) -> usize {
    let said = format!("this program has taken over a role role=\"{role}\"");
    let begun = Instant::now();
    loop {
        if let Some(at) = programs.iter().position(|program| program.stderr().contains(&said)) {
            return at;
        }
        assert!(begun.elapsed() < PATIENCE, "nobody has {role}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn programs_share_discords_connections_and_one_takes_over_those_of_another_that_is_killed() {
    let Some(postgres) = postgres::shared() else { return };
    let url = postgres.database().await;
    let (world, database) = (World::discord().await, Database::at(url.clone()));
    let World::Discord(fake) = &world else { unreachable!() };
    fake.wants_shards(2, Duration::from_secs(5));
    let settings = world.settings(database.folder()).with("GOLDSEAM_DISCORD__SHARDS", "2");
    let settings = settings.with("GOLDSEAM_STORE__URL", url);
    let first = settings.starts(&["run"]);
    first.logs("role=\"poll:discord:1\"", 1).await;
    let both = [first, settings.starts(&["run"])];
    let at = has_taken(&[&both[0], &both[1]], "poll:discord").await;
    assert_eq!(has_taken(&[&both[1 - at]], "poll:discord:1").await, 0, "each has one");
    both[1 - at].logs("Discord's gateway is connected.", 1).await;
    fake.until("both connections are there", |fake| fake.shards_heard() == [0, 1]).await;
    world.lives(STORY[0]).await;
    let ben = fake.person(43);
    ben.uses_in(fake_discord::OTHER_SERVER, "/about");
    fake.until("the other server is answered", |_| ben.sent().iter().any(|message| message.ephemeral)).await;
    for step in &STORY[1..5] {
        world.lives(*step).await;
    }
    settles(&database).await;

    let shown = settings.runs(&["status"], &[]).stdout;
    for role in ["poll:discord", "poll:discord:1"] {
        assert!(shown.contains(&format!("{role}: a program does it")), "{shown}");
    }

    let [first, second] = both;
    let (hears_chats, other) = if at == 0 { (first, second) } else { (second, first) };
    hears_chats.killed();
    let died = Instant::now();
    let (text, answer) = STORY[5];
    world.does(text);
    other.logs("role=\"poll:discord\"", 1).await;
    assert!(died.elapsed() < Duration::from_secs(10), "after {:?}", died.elapsed());
    fake.until("both connections are there again", |fake| fake.shards_heard() == [0, 1]).await;
    world.hears(answer, 1).await;
    ben.uses_in(fake_discord::OTHER_SERVER, "/about");
    for step in &STORY[6..9] {
        world.lives(*step).await;
    }
    let sees = world.sees();
    let mut once = sees.clone();
    once.dedup();
    assert_eq!(sees, once, "nothing came twice");
    world.broke_no_rule();
}
