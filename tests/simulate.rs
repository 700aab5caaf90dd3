//! Simulated persons on the shipped scripts: the same seed gives the same lives, and one life can be lived again.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use goldseam::prompts;
use goldseam::script::Library;
use goldseam::simulate::{self, Plan, Report, Told};

const PLAN: Plan = Plan { persons: 20, days: 10, seed: 1, only: None };

type Lives = BTreeMap<u32, Vec<String>>;

/// Everything that happened, and to whom.
fn lived(plan: &Plan, library: &Arc<Library>) -> (Report, Lives) {
    let lives: Arc<Mutex<Lives>> = Arc::default();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut report = Report::of(plan);
    for number in plan.groups() {
        let lives = lives.clone();
        let told: Told =
            Box::new(move |person, line| lives.lock().unwrap().entry(person).or_default().push(line.into()));
        report.add(&runtime.block_on(simulate::group(plan, library, number, Some(told))).unwrap());
    }
    let lives = std::mem::take(&mut *lives.lock().unwrap());
    (report, lives)
}

#[test]
fn the_same_seed_gives_the_same_lives_and_nothing_happens_that_must_never_happen() {
    let library = Arc::new(prompts::load(None).unwrap().0);
    let (once, again) = std::thread::scope(|scope| {
        let other = scope.spawn(|| lived(&PLAN, &library));
        (lived(&PLAN, &library), other.join().unwrap())
    });
    assert_eq!(once.0.as_text("goldseam"), again.0.as_text("goldseam"));
    assert_eq!(serde_json::to_string(&once.0).unwrap(), serde_json::to_string(&again.0).unwrap());
    assert_eq!(once.1, again.1);
    assert_eq!(once.0.broken, [], "{}", once.0.as_text("goldseam scripts simulate --persons 20 --days 10 --seed 1"));
    assert_eq!((once.0.persons, once.1.len()), (20, 20));
    assert!(once.0.inputs > 500, "they live: {}", once.0.inputs);

    let person = 16;
    let (alone, life) = lived(&Plan { only: Some(person), ..PLAN }, &library);
    assert_eq!(alone.persons, 1);
    assert_eq!(life.keys().collect::<Vec<_>>(), [&person]);
    assert_eq!(life[&person], once.1[&person], "one life is the same without the others");
}
