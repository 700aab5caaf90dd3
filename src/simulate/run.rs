//! A group of persons and the bot, from the first day to the last: whoever is next does something, or something comes due.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, Zoned};

use super::Plan;
use super::persons::{Person, Sight, said};
use super::report::Report;
use super::watch::Watch;
use crate::clock::Clock;
use crate::outbox::{BoxFuture, Deliver, Outbox, Outgoing, SendError, Sent};
use crate::script::Library;
use crate::store::{DueClaim, Store};
use crate::turn::{Door, Inbox};
use crate::types::{Inbound, Input, Message, PersonId, Place, PlaceKind, Platform, Purpose};
use crate::vault::Vault;

/// How many due schedules are looked at together.
const BATCH: i64 = 200;
/// How often what is over is cleared away.
const TIDY_EVERY: SignedDuration = SignedDuration::from_hours(24);

/// Gets the lines of people's lives: whose, and what was said or done.
pub type Told = Box<dyn FnMut(u32, &str) + Send>;

/// Lets a group live through its days. `told` gets every line that is said and done.
///
/// # Errors
/// When the store fails as a whole. What goes wrong in a single turn is in the report.
pub async fn group(plan: &Plan, library: &Arc<Library>, number: u32, told: Option<Told>) -> anyhow::Result<Report> {
    let mut group = Group::new(plan, library.clone(), number, told).await?;
    group.live(plan).await?;
    Ok(group.report(plan))
}

struct Group {
    library: Arc<Library>,
    clock: Clock,
    store: Store,
    door: Door,
    inbox: Inbox,
    outbox: Outbox,
    watch: Arc<Watch>,
    post: Arc<Post>,
    persons: Vec<(PersonId, Person)>,
    events: u64,
    /// What was fired last: schedule and version.
    fired: Option<(i64, i64)>,
    told: Option<Told>,
}

impl Group {
    async fn new(plan: &Plan, library: Arc<Library>, number: u32, told: Option<Told>) -> anyhow::Result<Self> {
        let clock = Clock::steered(Plan::start());
        let store = Store::in_memory(Vault).await?;
        let watch = Arc::new(Watch::new(library.clone()));
        let door = Door::new(store.clone(), Library::default(), clock.clone()).before(watch.clone());
        door.use_scripts(Library::clone(&library)).await?;
        let post = Arc::new(Post::default());
        let platforms: [Arc<dyn Deliver>; 1] = [post.clone()];
        let outbox = Outbox::new(store.clone(), clock.clone(), door.bells().outbox.clone(), platforms);
        let mut persons = Vec::new();
        let mut tx = store.begin().await?;
        for member in plan.members(number) {
            // Everybody is there, so that everybody has the same number when one life is lived again.
            let account = tx.create_account(Platform::Telegram, &member.to_string(), clock.now()).await?;
            watch.joins(account.person, member);
            if plan.only.is_none_or(|only| only == member) {
                persons.push((account.person, Person::new(plan.seed, member, clock.now())));
            }
        }
        tx.commit().await?;
        let inbox = Inbox::new(door.clone());
        Ok(Self { library, clock, store, door, inbox, outbox, watch, post, persons, events: 0, fired: None, told })
    }

    async fn live(&mut self, plan: &Plan) -> anyhow::Result<()> {
        let days = SignedDuration::from_hours(24 * i64::from(plan.days));
        let end = Plan::start().checked_add(days)?;
        let mut tidied = Plan::start();
        loop {
            let due = self.next_due().await?.unwrap_or(Timestamp::MAX);
            let act = self.persons.iter().filter_map(|(_, person)| person.next()).min().unwrap_or(Timestamp::MAX);
            let at = due.min(act);
            if at >= end {
                return Ok(());
            }
            self.clock.set(at);
            if at.duration_since(tidied) >= TIDY_EVERY {
                self.inbox.tidy().await?;
                tidied = at;
            }
            if due <= at {
                self.fire().await?;
            } else {
                self.act(at).await?;
            }
        }
    }

    async fn next_due(&self) -> anyhow::Result<Option<Timestamp>> {
        let mut tx = self.store.begin().await?;
        let due = tx.next_due().await?;
        tx.rollback().await?;
        Ok(due)
    }

    /// Everything that is due. What was fired and is due still has no outcome.
    async fn fire(&mut self) -> anyhow::Result<()> {
        let claims = self.claims().await?;
        for (claim, person, name) in claims {
            self.tell(person, &format!("({name} is due)"));
            let failed = self.door.take_due(claim).await.err();
            let again = self.fired.replace((claim.schedule, claim.version)) == Some((claim.schedule, claim.version));
            let wrong = match failed {
                Some(error) => format!("`{name}` came due and failed: {error}"),
                None if again => format!("`{name}` came due and has no outcome"),
                None => {
                    self.deliver(person).await?;
                    continue;
                }
            };
            self.watch.broken(person, &self.here(), wrong);
            self.door.give_up_due(claim).await?;
        }
        Ok(())
    }

    /// What is due, whose it is, and what it is called.
    async fn claims(&self) -> anyhow::Result<Vec<(DueClaim, PersonId, String)>> {
        let mut tx = self.store.begin().await?;
        let mut found = Vec::new();
        for claim in tx.due_schedules(self.clock.now(), BATCH).await? {
            if let Some(schedule) = tx.claimed_schedule(claim).await? {
                found.push((claim, schedule.person, schedule.plan.name));
            }
        }
        tx.rollback().await?;
        Ok(found)
    }

    /// Whoever is next does something.
    async fn act(&mut self, at: Timestamp) -> anyhow::Result<()> {
        let Some(index) = self.persons.iter().position(|(_, person)| person.next() == Some(at)) else { return Ok(()) };
        let (id, state) = (self.persons[index].0, self.watch.state(self.persons[index].0));
        let sight = Sight { now: at, library: &self.library, state: state.as_ref() };
        let inputs = self.persons[index].1.acts(&sight);
        for input in inputs {
            let shown = self.persons[index].1.shown(&input);
            self.tell(id, &format!("> {shown}"));
            let inbound = self.inbound(&self.persons[index].1, input);
            self.events += 1;
            if let Err(error) = self.door.take(&inbound).await {
                self.watch.broken(id, &self.here(), format!("what they did failed: {error}"));
            }
            self.deliver(id).await?;
        }
        let is_open = self.watch.state(id).is_some_and(|state| state.standing().is_some());
        self.persons[index].1.settles(is_open, at);
        Ok(())
    }

    fn inbound(&self, person: &Person, input: Input) -> Inbound {
        let account = person.number.to_string();
        Inbound {
            platform: Platform::Telegram,
            event: self.events.to_string(),
            place: Place { id: account.clone(), kind: PlaceKind::Private },
            account,
            input,
            reply: None,
            language: Some(person.language(&self.library)),
        }
    }

    /// Sends what was said to somebody, and lets them hear it.
    async fn deliver(&mut self, whose: PersonId) -> anyhow::Result<()> {
        if !self.watch.awaits(whose) {
            return Ok(());
        }
        self.outbox.deliver_once().await?;
        let (now, here) = (self.clock.now(), self.here());
        for (account, letters) in self.post.taken() {
            let found = self.persons.iter_mut().find(|(_, person)| person.number.to_string() == account);
            let Some((id, person)) = found else { continue };
            let id = *id;
            for (message, purpose) in &letters {
                self.watch.arrived(id, message, &here);
                person.hears(message, *purpose, now);
            }
            for (message, _) in &letters {
                self.tell(id, &said(message));
            }
        }
        self.watch.all_arrived(whose, &here);
        Ok(())
    }

    fn here(&self) -> Zoned {
        self.clock.now().to_zoned(TimeZone::UTC)
    }

    fn tell(&mut self, whose: PersonId, line: &str) {
        let Some(told) = &mut self.told else { return };
        let Some((_, person)) = self.persons.iter().find(|(id, _)| *id == whose) else { return };
        let here = self.clock.now().to_zoned(person.zone());
        told(person.number, &format!("{}  {line}", here.strftime("%a %e %b %H:%M")));
    }

    fn report(self, plan: &Plan) -> Report {
        let mut report = Report::of(plan);
        report.add(&self.watch.report());
        for (_, person) in &self.persons {
            report.joins(person.style);
        }
        report
    }
}

/// Letters by account, in the order in which they arrived.
type Letters = BTreeMap<String, Vec<(Message, Purpose)>>;

/// Receives everything, and keeps it until somebody looks.
#[derive(Default)]
struct Post(Mutex<Letters>);

impl Post {
    fn taken(&self) -> Letters {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Deliver for Post {
    fn platform(&self) -> Platform {
        Platform::Telegram
    }

    fn deliver<'a>(&'a self, outgoing: &'a Outgoing) -> BoxFuture<'a, Result<Sent, SendError>> {
        let mut letters = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let letter = (outgoing.message.clone(), outgoing.purpose);
        letters.entry(outgoing.account.clone()).or_default().push(letter);
        Box::pin(async { Ok(Sent::default()) })
    }
}
