//! Several turns in one transaction: read together, asked one by one, written together.
//!
//! A commit costs more than the turn in it, so what waits shares one. Nobody has two turns in one batch, because the second has to
//! see what the first made. What cannot be read, or makes the engine panic, is that turn's own trouble.

use std::collections::{BTreeSet, HashMap, HashSet};

use jiff::Timestamp;

use super::effects::Applying;
use super::post::Post;
use super::{
    Before, Decided, Door, Overdue, TurnError, Turned, Witnessed, due, event, following, known_before, meet,
    note_presence, outcome_of,
};
use crate::engine::{self, Effect, Event};
use crate::store::{Account, DueClaim, DueNow, Scheduled, StoreError, Tx};
use crate::types::{Inbound, PersonId, Platform};

/// Something for the door.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Job<'j> {
    /// An event, which is this row of the inbox.
    Event(i64, &'j Inbound),
    /// A schedule that has come due.
    Due(DueClaim),
}

/// What came of a job; nothing yet when its person has another one in the same batch.
pub(crate) type Outcome = Option<Result<Turned, TurnError>>;

/// A job whose person is known.
struct Ready {
    /// Its place among the jobs.
    at: usize,
    post: Post,
    event: Event,
    due: Option<DueNow>,
    /// Nobody knew them before.
    newcomer: bool,
}

impl Door {
    /// Takes jobs in this transaction, which is left open. An error means that the transaction is of no use any more.
    pub(crate) async fn take_together(&self, tx: &mut Tx, jobs: &[Job<'_>]) -> Result<Taken, StoreError> {
        let now = self.clock.now();
        let mut taken = Taken { outcomes: jobs.iter().map(|_| None).collect(), turns: Vec::new() };
        let mut ready = self.arrivals(tx, jobs, now, &mut taken.outcomes).await?;
        ready.extend(self.firings(tx, jobs, now, &mut taken.outcomes).await?);
        ready.sort_by_key(|ready| ready.at);
        let mut here = HashSet::new();
        ready.retain(|ready| here.insert(ready.post.person()));
        let people: Vec<PersonId> = ready.iter().map(|ready| ready.post.person()).collect();
        let mut known = tx.people(&people, now).await?;
        let waiting: Vec<PersonId> =
            ready.iter().filter(|ready| ready.due.is_some()).map(|ready| ready.post.person()).collect();
        let mut others = tx.all_due(&waiting, now).await?;
        let away = if waiting.is_empty() { None } else { tx.heartbeat().await?.and_then(|heartbeat| heartbeat.away) };
        let mut asked = Vec::with_capacity(ready.len());
        for job in ready {
            let person = job.post.person();
            let Some(known) = known.remove(&person) else { continue };
            let others = others.remove(&person).unwrap_or_default();
            let before = known.map_err(TurnError::from).and_then(|known| known_before(job.post.account(), known, now));
            let (at, newcomer) = (job.at, job.newcomer);
            match before {
                Ok(mut before) => {
                    before.facts.away = away;
                    match self.first_asked(tx, job, before, others).await? {
                        Some(one) => asked.push(one),
                        None => taken.outcomes[at] = Some(Ok(Turned::Stale)),
                    }
                }
                Err(error) => taken.outcomes[at] = Some(failed(tx, person, newcomer, error).await?),
            }
        }
        self.ask_again(tx, &mut asked).await?;
        for one in asked {
            let at = one.at;
            taken.outcomes[at] = Some(carry_out(tx, one, &mut taken.turns).await?);
        }
        Ok(taken)
    }

    /// The events among the jobs, with the accounts they came from.
    async fn arrivals(
        &self,
        tx: &mut Tx,
        jobs: &[Job<'_>],
        now: Timestamp,
        outcomes: &mut [Outcome],
    ) -> Result<Vec<Ready>, StoreError> {
        let accounts = senders(tx, jobs).await?;
        tx.lock_people(&accounts.values().map(|account| account.person).collect::<Vec<_>>()).await?;
        let mut ready = Vec::new();
        for (at, job) in jobs.iter().enumerate() {
            let Job::Event(row, inbound) = job else { continue };
            let known = accounts.get(&(inbound.platform, inbound.account.as_str())).cloned();
            match event(&inbound.input) {
                None => {
                    note_presence(tx, known, inbound, now).await?;
                    tx.mark_done(*row);
                    outcomes[at] = Some(Ok(Turned::Noted));
                }
                Some(event) => {
                    let newcomer = known.is_none();
                    let account = meet(tx, known, inbound, now).await?;
                    let post = Post::reply(account, inbound, *row, now);
                    ready.push(Ready { at, post, event, due: None, newcomer });
                }
            }
        }
        Ok(ready)
    }

    /// The due schedules among the jobs, with the accounts to write to.
    async fn firings(
        &self,
        tx: &mut Tx,
        jobs: &[Job<'_>],
        now: Timestamp,
        outcomes: &mut [Outcome],
    ) -> Result<Vec<Ready>, StoreError> {
        let claims: Vec<(usize, DueClaim)> = jobs
            .iter()
            .enumerate()
            .filter_map(|(at, job)| if let Job::Due(claim) = job { Some((at, *claim)) } else { None })
            .collect();
        if claims.is_empty() {
            return Ok(Vec::new());
        }
        tx.lock_people(&claims.iter().map(|(_, claim)| claim.person).collect::<Vec<_>>()).await?;
        let found = tx.claimed_schedules(&claims.iter().map(|(_, claim)| *claim).collect::<Vec<_>>(), now).await?;
        let mut ready = Vec::new();
        for ((at, _), found) in claims.into_iter().zip(found) {
            match found {
                Err(error) => outcomes[at] = Some(Err(error.into())),
                Ok(None) => outcomes[at] = Some(Ok(Turned::Stale)),
                Ok(Some(found)) => {
                    let post = Post::due(found.account.clone(), &found.schedule, now);
                    let event = Event::Due(due(&found.schedule));
                    ready.push(Ready { at, post, event, due: Some(found), newcomer: false });
                }
            }
        }
        Ok(ready)
    }

    /// Asks the engine what follows; nothing when the firing was settled before.
    async fn first_asked(
        &self,
        tx: &mut Tx,
        job: Ready,
        mut before: Before,
        others: Vec<Scheduled>,
    ) -> Result<Option<Asked>, StoreError> {
        let Ready { at, mut post, mut event, due: found, newcomer } = job;
        let now = before.now.clone();
        let overdue = found.as_ref().map(|found| Overdue::new(found.schedule.clone(), &now));
        if let (Some(found), Some(overdue)) = (&found, &overdue) {
            if found.settled || (!overdue.passed.is_empty() && tx.occurrence_is_settled(&overdue.schedule).await?) {
                let next = following(&overdue.schedule, now.time_zone(), now.timestamp());
                tx.advance_schedule(&overdue.schedule, next)?;
                return Ok(None);
            }
            event = Event::Due(due(&overdue.schedule));
            if let Some(quiet) = engine::quiet_begins(&self.library(), &before.facts, &now) {
                post.stays_away_from(quiet, now.timestamp());
            }
        }
        let others: Vec<Overdue> = others.into_iter().map(|other| Overdue::new(other, &now)).collect();
        before.facts.due = others.iter().map(|other| due(&other.schedule)).collect();
        let answer = self.ask(before, event);
        Ok(Some(Asked { at, newcomer, post, overdue, others, answer }))
    }

    /// Asks the engine a second time where it has to know what people did day by day. Few turns do, so it is not read for all; and
    /// for those who need it, it is read together.
    async fn ask_again(&self, tx: &mut Tx, asked: &mut [Asked]) -> Result<(), StoreError> {
        let library = self.library();
        let people: Vec<_> = asked
            .iter()
            .filter_map(|one| {
                let Decided { before, .. } = one.lacks_history()?;
                Some((one.post.person(), engine::today(&library, &before.facts, &before.now)))
            })
            .collect();
        if people.is_empty() {
            return Ok(());
        }
        let mut histories = tx.histories(&people).await?;
        for one in asked {
            if one.lacks_history().is_none() {
                continue;
            }
            let Some(history) = histories.remove(&one.post.person()) else { continue };
            let first = std::mem::replace(&mut one.answer, Err(TurnError::NoOutcome));
            one.answer = first.and_then(|Decided { mut before, event, .. }| {
                before.facts.history = Some(history?);
                self.ask(before, event)
            });
        }
        Ok(())
    }

    /// Rings for what was committed, and shows it to whoever looks on.
    pub(crate) fn committed(&self, taken: &Taken) {
        self.bells.outbox.notify_one();
        self.told(taken);
    }

    /// The same for turns whose messages are on their way already.
    pub(crate) fn told(&self, taken: &Taken) {
        self.bells.reminders.notify_one();
        self.count(taken);
        let Some(witness) = &self.witness else { return };
        for (person, Decided { before, event, state, effects }) in &taken.turns {
            let (facts, now, person) = (&before.facts, &before.now, *person);
            witness.saw(&Witnessed { person, event, before: &before.state, facts, now, state, effects });
        }
    }
}

impl Door {
    fn count(&self, taken: &Taken) {
        for (_, Decided { event, effects, .. }) in &taken.turns {
            let due = matches!(event, Event::Due(_));
            self.counters.add("turns.done", if due { "due" } else { "event" }, 1);
            for effect in effects {
                if let Effect::Fired(outcome) = effect {
                    self.counters.add("reminders.outcome", outcome.as_str(), 1);
                }
            }
        }
    }
}

/// A job of which the engine was asked.
struct Asked {
    at: usize,
    newcomer: bool,
    post: Post,
    overdue: Option<Overdue>,
    /// What else of this person is due.
    others: Vec<Overdue>,
    answer: Result<Decided, TurnError>,
}

impl Asked {
    /// What was asked in vain, because the engine has to know what the person did.
    fn lacks_history(&self) -> Option<&Decided> {
        self.answer.as_ref().ok().filter(|decided| decided.effects == [Effect::LacksHistory])
    }
}

/// Carries out what the engine decided.
async fn carry_out(
    tx: &mut Tx,
    asked: Asked,
    turns: &mut Vec<(PersonId, Decided)>,
) -> Result<Result<Turned, TurnError>, StoreError> {
    let Asked { newcomer, post, overdue, others, answer, .. } = asked;
    let person = post.person();
    let decided = match answer {
        Ok(decided) => decided,
        Err(error) => return failed(tx, person, newcomer, error).await,
    };
    let now = &decided.before.now;
    if let Some(overdue) = &overdue {
        let Some(outcome) = outcome_of(&decided.effects) else { return Ok(Err(TurnError::NoOutcome)) };
        overdue.settle(tx, outcome, now)?;
    }
    if let Some(row) = post.event_row() {
        tx.mark_done(row);
    }
    let mut applying = Applying::new(tx, post, others, now);
    for effect in &decided.effects {
        applying.apply(effect).await?;
    }
    tx.keep_state(person, &decided.state, now.timestamp())?;
    turns.push((person, decided));
    Ok(Ok(Turned::Done))
}

/// A turn that did not happen. Somebody whose first it was stays unknown.
async fn failed(
    tx: &mut Tx,
    person: PersonId,
    newcomer: bool,
    error: TurnError,
) -> Result<Result<Turned, TurnError>, StoreError> {
    if newcomer {
        tx.forget_newcomer(person).await?;
    }
    Ok(Err(error))
}

/// What came of a batch.
pub(crate) struct Taken {
    /// Of each job, in their order.
    pub(crate) outcomes: Vec<Outcome>,
    turns: Vec<(PersonId, Decided)>,
}

/// The accounts that events came from, where they are known already.
async fn senders<'j>(tx: &mut Tx, jobs: &[Job<'j>]) -> Result<HashMap<(Platform, &'j str), Account>, StoreError> {
    let mut senders: HashMap<Platform, BTreeSet<&'j str>> = HashMap::new();
    for job in jobs {
        if let Job::Event(_, inbound) = job {
            senders.entry(inbound.platform).or_default().insert(&inbound.account);
        }
    }
    let mut known = HashMap::new();
    for (platform, ids) in senders {
        let ids: Vec<&'j str> = ids.into_iter().collect();
        let mut found = tx.accounts(platform, &ids).await?;
        known.extend(ids.into_iter().filter_map(|id| Some(((platform, id), found.remove(id)?))));
    }
    Ok(known)
}
