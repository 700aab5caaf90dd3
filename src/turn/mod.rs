//! The one door: whatever happens to a person, typed, pressed or come due, is one turn through here.
//!
//! A turn is one transaction: drop what was seen, load, [`step`](crate::engine::step), carry out every effect, commit. So each
//! event is handled once or not at all, and a crash repeats it from zero. The only caller of the engine. It never talks to a
//! network and never logs what a person wrote.

mod batch;
mod effects;
mod inbox;
mod post;
mod scripts;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, PoisonError, RwLock};

use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use tokio::sync::Notify;

use crate::clock::Clock;
use crate::counters::Counters;
use crate::engine::state::StateError;
use crate::engine::{self, Due, Effect, Event, Facts, Outcome, State};
use crate::schedule::{Firing, Rule, next_after, overtaken};
use crate::script::{Library, translate};
use crate::store::{Account, DueClaim, Known, Scheduled, Store, StoreError, Tx};
use crate::types::{Inbound, Input, PersonId, PlaceKind, Platform, Value};

pub(crate) use batch::Job;
pub use inbox::{APOLOGY, Inbox};
pub(crate) use post::parts;

/// The fact that holds a person's zone, as an IANA name.
const ZONE_FACT: &str = "timezone";

/// The shortest time a reminder is held back, so that it cannot come around at once.
const SHORTEST_HOLD: std::time::Duration = std::time::Duration::from_secs(60);

/// Wakes the workers when there is something for them. A ring without a listener is kept for the next one.
#[derive(Clone, Debug, Default)]
pub struct Bells {
    /// A platform put something into the inbox.
    pub inbox: Arc<Notify>,
    /// A turn committed messages.
    pub outbox: Arc<Notify>,
    /// A turn changed what comes due.
    pub reminders: Arc<Notify>,
}

/// The shape of [`engine::step`].
pub type Step = fn(&Library, State, &Facts, &Event, &Zoned) -> (State, Vec<Effect>);

/// The one door. Clones are the same door.
#[derive(Clone)]
pub struct Door {
    step: Step,
    store: Store,
    library: Arc<RwLock<Arc<Library>>>,
    clock: Clock,
    bells: Bells,
    counters: Counters,
    witness: Option<Arc<dyn Witness>>,
}

/// What a turn came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turned {
    /// The engine was asked, and its effects are committed.
    Done,
    /// Nothing to ask the engine: somebody left or came back.
    Noted,
    /// This event was handled before.
    Seen,
    /// The schedule has changed since it was claimed, or this firing happened before, or there is nobody to write to.
    Stale,
}

/// Why a turn did not happen. Nothing of it was kept.
#[derive(Debug, thiserror::Error)]
pub enum TurnError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Where the person stands cannot be read.
    #[error(transparent)]
    State(#[from] StateError),
    /// The engine panicked.
    #[error("the engine panicked")]
    Panicked,
    /// The engine did not say what became of a due schedule.
    #[error("the engine did not say what became of a due schedule")]
    NoOutcome,
}

/// What the engine is asked about, as it stands before the turn.
struct Before {
    state: State,
    facts: Facts,
    now: Zoned,
}

/// What the engine was asked, and what it decided.
struct Decided {
    before: Before,
    event: Event,
    state: State,
    effects: Vec<Effect>,
}

/// A turn that was committed.
#[derive(Clone, Copy, Debug)]
pub struct Witnessed<'a> {
    /// Whose turn.
    pub person: PersonId,
    /// What happened.
    pub event: &'a Event,
    /// Where they stood.
    pub before: &'a State,
    /// What was known of them.
    pub facts: &'a Facts,
    /// The time on their clock.
    pub now: &'a Zoned,
    /// Where they stand.
    pub state: &'a State,
    /// What was done.
    pub effects: &'a [Effect],
}

/// Looks on at every turn that was committed, and changes nothing: for the simulation.
pub trait Witness: Send + Sync {
    /// A turn was committed.
    fn saw(&self, turn: &Witnessed<'_>);
}

impl Door {
    /// A door to these scripts and this store.
    #[must_use]
    pub fn new(store: Store, library: Library, clock: Clock) -> Self {
        Self::with_step(engine::step, store, library, clock)
    }

    /// A door to something else than the engine: for tests of the shell alone.
    #[must_use]
    pub fn with_step(step: Step, store: Store, library: Library, clock: Clock) -> Self {
        let library = Arc::new(RwLock::new(Arc::new(library)));
        Self { step, store, library, clock, bells: Bells::default(), counters: Counters::default(), witness: None }
    }

    /// The same door, with somebody who looks on.
    #[must_use]
    pub fn before(mut self, witness: Arc<dyn Witness>) -> Self {
        self.witness = Some(witness);
        self
    }

    /// The scripts in use.
    #[must_use]
    pub fn library(&self) -> Arc<Library> {
        self.library.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The store behind the door.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The clock on the wall.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// What became of events and of what was due, counted.
    #[must_use]
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// The bells that turns ring.
    #[must_use]
    pub fn bells(&self) -> &Bells {
        &self.bells
    }

    /// Handles one event that is not in the inbox (the terminal; tests). A repeated event id is dropped.
    ///
    /// # Errors
    /// When the turn did not happen; the same event may be taken again.
    pub async fn take(&self, inbound: &Inbound) -> Result<Turned, TurnError> {
        let mut tx = self.store.begin().await?;
        match tx.first_sight(inbound.platform, &inbound.event, self.clock.now()).await? {
            Some(row) => self.take_alone(tx, Job::Event(row, inbound)).await,
            None => {
                tx.rollback().await?;
                Ok(Turned::Seen)
            }
        }
    }

    /// Handles one schedule that has come due. A claim that is stale changes nothing.
    ///
    /// # Errors
    /// When the turn did not happen; the claim may be taken again.
    pub async fn take_due(&self, claim: DueClaim) -> Result<Turned, TurnError> {
        self.take_alone(self.store.begin().await?, Job::Due(claim)).await
    }

    /// One job in a transaction of its own.
    async fn take_alone(&self, mut tx: Tx, job: Job<'_>) -> Result<Turned, TurnError> {
        let mut taken = self.take_together(&mut tx, &[job]).await?;
        match taken.outcomes.pop().flatten() {
            Some(Ok(turned)) => {
                tx.commit().await?;
                self.committed(&taken);
                Ok(turned)
            }
            Some(Err(error)) => {
                tx.rollback().await?;
                Err(error)
            }
            None => Ok(Turned::Stale),
        }
    }

    /// Where somebody stands, and what time it is for them; nothing when they were never here. For the terminal's `:state` and its
    /// time steering. What private values are in it is the caller's to hide ([`State::redacted`]).
    ///
    /// # Errors
    /// When the store fails.
    pub async fn look(&self, platform: Platform, account: &str) -> Result<Option<(State, Zoned)>, TurnError> {
        let mut tx = self.store.begin().await?;
        let now = self.clock.now();
        let found = match tx.account(platform, account).await? {
            Some(account) => Some(load(&mut tx, &account, now).await?),
            None => None,
        };
        tx.rollback().await?;
        Ok(found.map(|before| (before.state, before.now)))
    }

    /// Gives up on a due schedule that keeps failing, with a written reason: a recurring one goes on with its next firing.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn give_up_due(&self, claim: DueClaim) -> Result<(), TurnError> {
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        tx.lock_people(&[claim.person]).await?;
        match tx.claimed_schedule(claim).await {
            Ok(Some(schedule)) if schedule.plan.rule.repeats() => {
                let zone = zone(&tx.facts(schedule.person, now).await?);
                tx.record_occurrence(&schedule, "failed", now);
                tx.advance_schedule(&schedule, following(&schedule, &zone, now))?;
            }
            _ => tx.give_up_schedule(claim, now).await?,
        }
        Ok(tx.commit().await?)
    }

    /// Asks the engine; a panic in it is an error of this turn and nothing more.
    fn ask(&self, before: Before, event: Event) -> Result<Decided, TurnError> {
        let library = self.library();
        let state = before.state.clone();
        let step = || (self.step)(&library, state, &before.facts, &event, &before.now);
        let (state, effects) = catch_unwind(AssertUnwindSafe(step)).map_err(|_| TurnError::Panicked)?;
        Ok(Decided { before, event, state, effects })
    }
}

/// Keeps panics from printing what a person wrote: a panic's own words may quote a text, so only its place is logged. For
/// `main`, once.
pub fn hide_panic_texts() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(panic.place = place, "something panicked");
        if !tracing::dispatcher::has_been_set() {
            eprintln!("goldseam: something panicked at {place}: this is a mistake in the program, please report it");
        }
    }));
}

/// What the engine is told of an input; nothing when it is only about being there.
fn event(input: &Input) -> Option<Event> {
    match input {
        Input::Text(text) => Some(Event::Text(text.clone())),
        Input::Form { seq, text } => Some(Event::Form { seq: *seq, text: text.clone() }),
        Input::Press(token) => Some(Event::Press(token.clone())),
        Input::Command { name, rest } => Some(Event::Command { name: name.clone(), rest: rest.clone() }),
        Input::Recall => Some(Event::Recall),
        Input::Gone | Input::Returned => None,
    }
}

/// Somebody left or came back. Nothing is said, and strangers stay unknown.
async fn note_presence(
    tx: &mut Tx,
    account: Option<Account>,
    inbound: &Inbound,
    now: Timestamp,
) -> Result<(), StoreError> {
    match (account, &inbound.input) {
        (None, _) => Ok(()),
        (Some(account), Input::Gone) => tx.account_gone(account.id, now).await.map(drop),
        (Some(account), _) => {
            tx.use_account(&account, private_place(inbound), now);
            Ok(())
        }
    }
}

/// The account an event came from; when there is none, a person is made for it.
async fn meet(tx: &mut Tx, known: Option<Account>, inbound: &Inbound, now: Timestamp) -> Result<Account, StoreError> {
    let mut account = match known {
        Some(account) => account,
        None => tx.create_account(inbound.platform, &inbound.account, now).await?,
    };
    tx.use_account(&account, private_place(inbound), now);
    // What is no tag of a language is not kept.
    let language =
        inbound.language.as_deref().and_then(translate::tag).filter(|tag| account.language.as_ref() != Some(tag));
    if let Some(tag) = language {
        tx.set_account_language(account.id, &tag).await?;
        account.language = Some(tag);
    }
    Ok(account)
}

/// The place of an event, if only the person reads there.
fn private_place(inbound: &Inbound) -> Option<&str> {
    (inbound.place.kind == PlaceKind::Private).then_some(inbound.place.id.as_str())
}

/// Where somebody stands before a turn.
async fn load(tx: &mut Tx, account: &Account, now: Timestamp) -> Result<Before, TurnError> {
    let known = tx.people(&[account.person], now).await?.remove(&account.person);
    known_before(account, known.ok_or(StoreError::Corrupt("accounts.person_id"))??, now)
}

fn known_before(account: &Account, known: Known, now: Timestamp) -> Result<Before, TurnError> {
    let state = match &known.state {
        Some(state) => State::read(state.reveal())?,
        None => State::new(seed(account.person, known.since)),
    };
    let facts = Facts { client_language: account.language.clone(), ..known.facts };
    let now = now.to_zoned(zone(&facts.me));
    Ok(Before { state, facts, now })
}

/// A person's zone: the one they told, else UTC.
fn zone(me: &crate::types::Values) -> TimeZone {
    me.get(ZONE_FACT).and_then(Value::as_text).and_then(|name| TimeZone::get(name).ok()).unwrap_or(TimeZone::UTC)
}

/// A number that differs between people and stays the same for one (the finalizer of `SplitMix64`).
fn seed(person: PersonId, since: Timestamp) -> u64 {
    let mut mixed =
        person.0.cast_unsigned().wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ since.as_millisecond().cast_unsigned();
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

fn due(schedule: &Scheduled) -> Due {
    let plan = schedule.plan.clone();
    Due {
        name: plan.name,
        run: plan.run,
        due: schedule.next.at,
        if_busy: plan.if_busy,
        late: plan.late,
        chosen: plan.chosen,
    }
}

/// What the engine said of the firing that the step was about.
fn outcome_of(effects: &[Effect]) -> Option<&Outcome> {
    effects.iter().find_map(|effect| if let Effect::Fired(outcome) = effect { Some(outcome) } else { None })
}

/// A schedule that is due, at the latest of its firings that are, and those before it that nobody handled.
#[derive(Clone, Debug)]
struct Overdue {
    schedule: Scheduled,
    passed: Vec<Firing>,
}

impl Overdue {
    fn new(mut schedule: Scheduled, now: &Zoned) -> Self {
        let mut passed = vec![schedule.next];
        passed.extend(overtaken(&schedule.plan.rule, schedule.next, now.timestamp(), now.time_zone()));
        schedule.next = passed.pop().unwrap_or(schedule.next);
        Self { schedule, passed }
    }

    /// Writes down what became of it and of those before it, and moves the schedule, before any other effect can change it.
    fn settle(&self, tx: &mut Tx, outcome: &Outcome, now: &Zoned) -> Result<(), StoreError> {
        for firing in &self.passed {
            let passed = Scheduled { next: *firing, ..self.schedule.clone() };
            tx.record_occurrence(&passed, Outcome::Late.as_str(), now.timestamp());
        }
        settle_firing(tx, &self.schedule, outcome, now)
    }
}

/// Writes down what became of a firing and moves the schedule: the next one lies after `now`.
fn settle_firing(tx: &mut Tx, schedule: &Scheduled, outcome: &Outcome, now: &Zoned) -> Result<(), StoreError> {
    let at = now.timestamp();
    let earliest = crate::clock::add(at, SHORTEST_HOLD);
    tx.record_occurrence(schedule, outcome.as_str(), at);
    match outcome {
        // It is not late after the night, but it does get late behind an open script.
        Outcome::Quiet { until } | Outcome::Tomorrow { until } => {
            let next = Firing { civil: schedule.next.civil, at: (*until).max(earliest) };
            tx.advance_schedule(schedule, Some(next))?;
        }
        Outcome::Queued { until } => tx.hold_schedule(schedule, (*until).max(earliest)),
        Outcome::Fired
        | Outcome::SkippedBusy
        | Outcome::Late
        | Outcome::Resting
        | Outcome::Settled
        | Outcome::PutAway
        | Outcome::Away
        | Outcome::Enough
        | Outcome::Merged
        | Outcome::NoConsent
        | Outcome::NoScript => {
            tx.advance_schedule(schedule, following(schedule, now.time_zone(), at))?;
        }
    }
    Ok(())
}

/// The firing after the present one; none for what happens once.
fn following(schedule: &Scheduled, zone: &TimeZone, now: Timestamp) -> Option<Firing> {
    match schedule.plan.rule {
        Rule::Every { .. } => next_after(&schedule.plan.rule, now.max(schedule.next.at), zone),
        Rule::Once { .. } | Rule::At { .. } => None,
    }
}
