//! The fault test F1: the real program is killed with SIGKILL again and again while many people talk to it and reminders come due.
//!
//! Fake platforms keep a ledger of what they handed over and what they accepted; at the end it is compared with the database. The
//! size for every day takes half a minute. At full size it takes a quarter of an hour for each database:
//! `GOLDSEAM_SOAK_KILLS=200 cargo test --test soak -- --nocapture`. On `PostgreSQL` two programs share the work, or as many as
//! `GOLDSEAM_SOAK_NODES` says, and any of them is killed. `GOLDSEAM_SOAK_SEED` repeats the choices of an earlier run; where exactly a
//! kill hits is the machine's.

mod endurance;
mod support;

use std::time::Duration;

use endurance::ledger::Tally;
use endurance::{GoesOn, Size, soak};
use support::postgres;
use support::town::Base;

/// How long the program lives between two kills, in milliseconds.
const LIFE: (u64, u64) = (200, 5_000);
/// How often somebody says something.
const PAUSE: Duration = Duration::from_millis(50);

fn size() -> Size {
    Size::asked_for("GOLDSEAM_SOAK_KILLS", 6, LIFE, PAUSE)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kills_lose_and_double_nothing_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let base = Base::File(folder.path().join("data"));
    soak("SQLite", size(), base, folder, &mut GoesOn).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kills_lose_and_double_nothing_on_postgres() {
    let Some(server) = postgres::shared() else { return };
    let base = Base::Server(server.database().await);
    let size = size();
    let name = format!("PostgreSQL, {} programs", size.nodes);
    soak(&name, size, base, tempfile::tempdir().unwrap(), &mut GoesOn).await;
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
