//! The inbox: stores what platforms hand over, and takes it through the door in the order it came.
//!
//! An event that fails is tried again after a growing pause, while later events of the same account wait behind it and all
//! others go on. After five tries it is put away, its text forgotten, and the person told.

use std::collections::{HashMap, HashSet, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use super::batch::{Job, Outcome, Taken};
use super::post::Post;
use super::{Door, TurnError};
use crate::clock::{add, ago};
use crate::crash;
use crate::engine;
use crate::outbox::{BoxFuture, Handover, Outbox};
use crate::platform::inbox::{self as seam, Heard, RawEvent};
use crate::pulse::Pulse;
use crate::store::{Dialect, InboxRow, NewEvent, StoreError, Tx};
use crate::types::{Inbound, Message, Platform, Private, Rich};

/// How often an event is tried.
const TRIES: i64 = 5;
/// The pause after the first failure; it doubles with each.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// How long to wait when the store itself fails.
const STORE_PAUSE: Duration = Duration::from_secs(5);
/// How long to wait at most when nothing rings.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// How many events are looked at together.
const BATCH: i64 = 500;
/// How many events of one account are handled of them, while others wait behind.
const ROUNDS: usize = 16;

/// How often what is over is cleared away.
const TIDY_EVERY: Duration = Duration::from_hours(1);
/// How long a text may wait to be handled before it is forgotten: a day, even when it keeps failing.
const KEEP_TEXT: Duration = Duration::from_hours(24);
/// A platform that keeps nothing for us is asked for what was missed in the chats that were used in this time, so many at most.
const USED_LATELY: Duration = Duration::from_hours(30 * 24);
const CHATS: i64 = 2_000;
/// How long before the last event something may be missing: clocks differ, and reading takes its time.
const CLOCKS_APART: Duration = Duration::from_mins(30);
/// What is older is not answered any more. Telegram keeps what it was not asked for as long.
const WORTH_READING: Duration = Duration::from_hours(24);
/// How many events share a transaction: more would be quicker for all and slower for the first of them.
const TOGETHER: usize = 64;
/// How many new events are answered by the transaction that stores them: as many as Telegram hands over at a time.
const AT_ONCE: usize = 100;
/// So few are not worth spreading over several transactions.
const FEW: usize = 16;
/// How long the key of an event is kept. Telegram repeats updates for a day.
const KEEP_KEYS: Duration = Duration::from_hours(24 * 7);

/// The card for somebody whose message could not be handled.
const APOLOGISE: &str = "apologise";
/// What they are told when the scripts have no such card.
pub const APOLOGY: &str =
    "Something went wrong on my side with your last message. Nothing else was lost. Please send it again.";

type Decode = Arc<dyn Fn(&str) -> Option<Inbound> + Send + Sync>;
type Lane = (Platform, String);

/// An event, and what it says.
type Waiting = (InboxRow, Inbound);

/// Events that were read, in their order.
#[derive(Default)]
struct Queue {
    events: VecDeque<Waiting>,
    /// Accounts whose next event has to wait.
    waiting: HashSet<Lane>,
}

impl Queue {
    /// The next events that can be handled side by side: of each account the first.
    fn next_batch(&mut self, limit: usize, now: Timestamp) -> Option<Vec<Waiting>> {
        let (mut batch, mut rest, mut taken) = (Vec::new(), VecDeque::new(), HashSet::new());
        while let Some((row, inbound)) = self.events.pop_front() {
            let lane = lane(&inbound);
            if row.wake_at > now.as_millisecond() {
                self.waiting.insert(lane.clone());
            }
            if self.waiting.contains(&lane) {
                continue;
            }
            if batch.len() < limit && taken.insert(lane) {
                batch.push((row, inbound));
            } else {
                rest.push_back((row, inbound));
            }
        }
        self.events = rest;
        (!batch.is_empty()).then_some(batch)
    }

    /// Accounts that have something left.
    fn behind(self) -> HashSet<Lane> {
        let left = self.events.iter().map(|(_, inbound)| lane(inbound));
        left.collect::<HashSet<_>>().union(&self.waiting).cloned().collect()
    }
}

/// One way through everything that waits, a part at a time. Whoever has much waiting gets some of it handled in each part, and so
/// holds up nobody who stands behind.
#[derive(Default)]
struct Sweep {
    /// The last event that was looked at.
    last: i64,
    /// Accounts of which an event was left: what follows of theirs waits for the next sweep, for the sake of its order.
    behind: HashSet<Lane>,
    handled: usize,
}

/// What a drain came to.
struct Drained {
    /// How many events are over.
    handled: usize,
    /// Something was left that has to wait.
    left: bool,
}

/// What came of a batch.
struct Handled {
    /// How many events are over.
    over: usize,
    /// Accounts whose next event has to wait.
    waiting: Vec<Lane>,
}

/// What a stored event says.
enum Reading {
    Event(Inbound),
    /// Nothing for us.
    Nothing,
    /// Nobody here knows its platform.
    Unknown,
    /// It cannot be read any more.
    Unreadable,
    /// Whoever reads it panics.
    Undecodable,
}

fn lane(inbound: &Inbound) -> Lane {
    (inbound.platform, inbound.account.clone())
}

/// The inbox. Clones are the same one.
#[derive(Clone)]
pub struct Inbox {
    door: Door,
    decoders: HashMap<Platform, Decode>,
    pulse: Pulse,
    /// Where answers go out at once.
    outbox: Option<Outbox>,
    /// Who has it handles events, and nobody else does.
    handling: Arc<Mutex<()>>,
}

impl Inbox {
    /// An inbox before this door, which understands no platform yet.
    #[must_use]
    pub fn new(door: Door) -> Self {
        Self { door, decoders: HashMap::new(), pulse: Pulse::default(), outbox: None, handling: Arc::default() }
    }

    /// Lets events be answered by the transaction that stores them, and the answers go out at once. Only where this program is the
    /// only one on its database; elsewhere it changes nothing.
    #[must_use]
    pub fn through(mut self, outbox: &Outbox) -> Self {
        self.outbox = (self.door.store.dialect() == Dialect::Sqlite).then(|| outbox.clone());
        self
    }

    /// Teaches it how to read a platform's events. `None` from `decode` means: nothing for us.
    #[must_use]
    pub fn with(
        mut self,
        platform: Platform,
        decode: impl Fn(&str) -> Option<Inbound> + Send + Sync + 'static,
    ) -> Self {
        self.decoders.insert(platform, Arc::new(decode));
        self
    }

    /// Whether it gets on.
    #[must_use]
    pub fn pulse(&self) -> &Pulse {
        &self.pulse
    }

    /// Handles all that can be handled now, and says how many events that were.
    ///
    /// # Errors
    /// When the store fails; the trouble of one event is none of the others.
    pub async fn drain_once(&self) -> Result<usize, StoreError> {
        Ok(self.drain().await?.handled)
    }

    async fn drain(&self) -> Result<Drained, StoreError> {
        let (mut handled, mut sweep) = (0, Sweep::default());
        let _handling = self.handling.lock().await;
        loop {
            let mut tx = self.door.store.begin().await?;
            let rows = tx.new_events(sweep.last, BATCH).await?;
            tx.rollback().await?;
            let before = handled;
            let more =
                i64::try_from(rows.len()).is_ok_and(|count| count >= BATCH).then(|| rows.last().map(|row| row.id));
            let mut queue = Queue { waiting: std::mem::take(&mut sweep.behind), ..Queue::default() };
            for row in rows {
                handled += usize::from(self.sort(row, &mut queue).await?);
            }
            let width = self.door.store.width();
            let mut rounds = if more.is_some() { ROUNDS } else { usize::MAX };
            while rounds > 0
                && let Some(batch) = queue.next_batch(width * TOGETHER, self.door.clock.now())
            {
                rounds -= 1;
                let each = batch.len().div_ceil(width).clamp(FEW, TOGETHER);
                for handling in join_all(batch.chunks(each).map(|batch| self.handle(batch))).await {
                    let Handled { over, waiting } = handling?;
                    handled += over;
                    queue.waiting.extend(waiting);
                }
            }
            sweep.handled += handled - before;
            let is_whole = sweep.last == 0 && more.is_none();
            match more.flatten() {
                Some(last) => {
                    sweep.last = last;
                    sweep.behind = queue.behind();
                }
                // What came meanwhile has rung.
                None if is_whole && queue.waiting.is_empty() => return Ok(Drained { handled, left: false }),
                None if sweep.handled == 0 => return Ok(Drained { handled, left: true }),
                None => sweep = Sweep::default(),
            }
        }
    }

    /// Forgets texts that waited for a day, and deletes what has been over for a week.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn tidy(&self) -> Result<(), StoreError> {
        let now = self.door.clock.now();
        let mut tx = self.door.store.begin().await?;
        let old = tx.give_up_events_before(ago(now, KEEP_TEXT)).await?;
        tx.delete_handled_before(ago(now, KEEP_KEYS)).await?;
        tx.forget_facts(now).await?;
        tx.commit().await?;
        self.door.counters.add("inbox.given_up", "too_old", old);
        Ok(())
    }

    /// Handles events as they come, until it is cancelled; an event that was begun is finished.
    pub async fn run(&self, cancel: CancellationToken) {
        let mut tidied = Timestamp::MIN;
        let clock = &self.door.clock;
        while !cancel.is_cancelled() {
            self.pulse.beats();
            let until = match self.round(&mut tidied).await {
                Ok(until) => until,
                Err(error) => {
                    tracing::error!(%error, "the inbox could not be read; it is tried again");
                    add(clock.now(), STORE_PAUSE)
                }
            };
            self.pulse.rests();
            tokio::select! {
                () = cancel.cancelled() => {}
                () = self.door.bells.inbox.notified() => {}
                () = clock.sleep_until(until) => {}
            }
        }
    }

    /// Handles what there is, clears away now and then, and says when to look again.
    async fn round(&self, tidied: &mut Timestamp) -> Result<Timestamp, StoreError> {
        let drained = self.drain().await?;
        let now = self.door.clock.now();
        if *tidied < ago(now, TIDY_EVERY) {
            self.tidy().await?;
            *tidied = now;
        }
        let retry = if drained.left { self.next_retry().await? } else { None };
        Ok(retry.unwrap_or_else(|| add(now, LONGEST_WAIT)))
    }

    /// The next moment at which a failed event may be tried again.
    async fn next_retry(&self) -> Result<Option<Timestamp>, StoreError> {
        let mut tx = self.door.store.begin().await?;
        let at = tx.next_event_at(self.door.clock.now()).await?;
        tx.rollback().await?;
        Ok(at)
    }

    /// Puts an event into the queue; true when it is over without that.
    async fn sort(&self, row: InboxRow, queue: &mut Queue) -> Result<bool, StoreError> {
        match self.read(row.platform, row.raw.as_ref()) {
            Reading::Event(inbound) => {
                queue.events.push_back((row, inbound));
                Ok(false)
            }
            Reading::Nothing => self.ignore(&row).await.map(|()| true),
            Reading::Unknown => Ok(false),
            Reading::Unreadable => self.put_away(&row, None, "unreadable").await.map(|()| true),
            Reading::Undecodable => self.failed(&row, None, "undecodable").await,
        }
    }

    fn read(&self, platform: Platform, raw: Option<&Private>) -> Reading {
        let Some(decode) = self.decoders.get(&platform) else { return Reading::Unknown };
        let Some(raw) = raw else { return Reading::Unreadable };
        match catch_unwind(AssertUnwindSafe(|| decode(raw.reveal()))) {
            Ok(Some(inbound)) => Reading::Event(inbound),
            Ok(None) => Reading::Nothing,
            Err(_) => Reading::Undecodable,
        }
    }

    /// Handles several events in one transaction. When the transaction fails, each gets its own.
    async fn handle(&self, batch: &[Waiting]) -> Result<Handled, StoreError> {
        let outcomes = match self.take_batch(batch).await {
            Ok(outcomes) => outcomes,
            Err(error) if batch.len() > 1 => {
                tracing::warn!(%error, "events could not be handled together; each is handled alone");
                let mut outcomes = Vec::with_capacity(batch.len());
                for event in batch {
                    let alone = self.take_batch(std::slice::from_ref(event)).await;
                    outcomes.push(
                        alone.map_or_else(|error| Some(Err(error.into())), |mut outcomes| outcomes.pop().flatten()),
                    );
                }
                outcomes
            }
            Err(error) => vec![Some(Err(error.into()))],
        };
        let mut handled = Handled { over: 0, waiting: Vec::new() };
        for ((row, inbound), outcome) in batch.iter().zip(outcomes) {
            match outcome {
                Some(Ok(_)) => handled.over += 1,
                Some(Err(error)) => {
                    tracing::warn!(inbox.id = row.id, inbox.attempt = row.attempts + 1, %error, "an event could not be handled");
                    handled.waiting.push(lane(inbound));
                    handled.over += usize::from(self.failed(row, Some(inbound), code(&error)).await?);
                }
                // Its account, or its person, is in another turn just now.
                None => handled.waiting.push(lane(inbound)),
            }
        }
        Ok(handled)
    }

    async fn take_batch(&self, batch: &[Waiting]) -> Result<Vec<Outcome>, StoreError> {
        let handover = self.handover().await;
        let mut tx = self.door.store.begin().await?;
        let lanes: Vec<String> =
            batch.iter().map(|(_, inbound)| format!("{}:{}", inbound.platform, inbound.account)).collect();
        let events: Vec<(i64, &str)> =
            batch.iter().zip(&lanes).map(|((row, _), lane)| (row.id, lane.as_str())).collect();
        if handover.is_some() {
            tx.keep_letters();
        }
        let held = tx.hold_events(&events, self.door.clock.now()).await?;
        let of = |row: &InboxRow| held.iter().position(|id| *id == row.id);
        let jobs: Vec<Job<'_>> = batch
            .iter()
            .filter(|(row, _)| of(row).is_some())
            .map(|(row, inbound)| Job::Event(row.id, inbound))
            .collect();
        let mut taken = self.door.take_together(&mut tx, &jobs).await?;
        self.commit(tx, handover, &taken).await?;
        let mut outcomes = std::mem::take(&mut taken.outcomes).into_iter();
        Ok(batch.iter().map(|(row, _)| of(row).and_then(|_| outcomes.next().flatten())).collect())
    }

    async fn handover(&self) -> Option<Handover> {
        match &self.outbox {
            Some(outbox) => Some(outbox.handover().await),
            None => None,
        }
    }

    /// Makes turns true, and sends what came of them.
    async fn commit(&self, mut tx: Tx, mut handover: Option<Handover>, taken: &Taken) -> Result<(), StoreError> {
        if let Some(handover) = &mut handover {
            handover.claim(&mut tx, self.door.clock.now()).await?;
        }
        crash::point("mid_transaction");
        tx.commit().await?;
        crash::point("after_commit");
        if handover.is_some_and(Handover::launch) {
            self.door.told(taken)
        } else {
            self.door.committed(taken)
        }
        Ok(())
    }

    /// Stores events. True when they are handled as well: that is only tried while nobody else handles any.
    async fn put(&self, events: &[NewEvent<'_>]) -> Result<bool, StoreError> {
        let mut failure = None;
        if self.outbox.is_some()
            && events.len() <= AT_ONCE
            && let Ok(_handling) = self.handling.try_lock()
        {
            match self.put_and_answer(events).await {
                Ok(Some(all)) => return Ok(all),
                Ok(None) => {}
                // Nothing is tried a second time on a disk that fails.
                Err(error) if self.door.store.disk_works().is_err() => return Err(error),
                Err(error) => failure = Some(error),
            }
        }
        let mut tx = self.door.store.begin().await?;
        tx.put_events(events, self.door.clock.now()).await?;
        tx.commit().await?;
        if let Some(error) = failure {
            tracing::warn!(%error, "events could not be answered at once; they are stored and handled after that");
        }
        Ok(false)
    }

    /// Stores events and answers them, in one transaction; `None` where others wait that came before. True when nothing is left to be
    /// handled.
    async fn put_and_answer(&self, events: &[NewEvent<'_>]) -> Result<Option<bool>, StoreError> {
        let Some(NewEvent { platform, bot, .. }) = events.first().copied() else { return Ok(Some(true)) };
        let handover = self.handover().await;
        let mut tx = self.door.store.begin().await?;
        let ids: Vec<&str> = events.iter().map(|event| event.id).collect();
        let Some(mut rows) = tx.first_sights((platform, bot), &ids, self.door.clock.now()).await? else {
            tx.rollback().await?;
            return Ok(None);
        };
        let (mut ready, mut left, mut lanes) = (Vec::new(), Vec::new(), HashSet::new());
        for event in events {
            let Some(id) = rows.remove(event.id) else { continue };
            match self.read(platform, Some(event.raw)) {
                Reading::Event(inbound) if lanes.insert(lane(&inbound)) => ready.push((id, event, inbound)),
                Reading::Nothing => {}
                _ => left.push((id, event)),
            }
        }
        let jobs: Vec<Job<'_>> = ready.iter().map(|(id, _, inbound)| Job::Event(*id, inbound)).collect();
        if handover.is_some() {
            tx.keep_letters();
        }
        let taken = self.door.take_together(&mut tx, &jobs).await?;
        tx.forget_marks();
        let undone = ready.iter().zip(&taken.outcomes).filter(|(_, outcome)| !matches!(outcome, Some(Ok(_))));
        left.extend(undone.map(|((id, event, _), _)| (*id, *event)));
        for (id, event) in &left {
            tx.let_wait(*id, event).await?;
        }
        self.commit(tx, handover, &taken).await?;
        Ok(Some(left.is_empty()))
    }

    /// Nothing for us in it.
    async fn ignore(&self, row: &InboxRow) -> Result<(), StoreError> {
        let mut tx = self.door.store.begin().await?;
        tx.event_done(row.id).await?;
        tx.commit().await
    }

    async fn failed(&self, row: &InboxRow, inbound: Option<&Inbound>, code: &'static str) -> Result<bool, StoreError> {
        self.door.counters.add_on(row.platform, "inbox.failed", code, 1);
        if row.attempts + 1 >= TRIES {
            self.put_away(row, inbound, code).await?;
            return Ok(true);
        }
        let pause = FIRST_PAUSE * 2_u32.saturating_pow(u32::try_from(row.attempts).unwrap_or(0));
        let mut tx = self.door.store.begin().await?;
        tx.event_failed(row.id, code, add(self.door.clock.now(), pause)).await?;
        tx.commit().await?;
        Ok(false)
    }

    /// Gives up on an event, and says so to a person we know.
    async fn put_away(&self, row: &InboxRow, inbound: Option<&Inbound>, code: &'static str) -> Result<(), StoreError> {
        tracing::error!(inbox.id = row.id, error.code = code, "an event was given up");
        self.door.counters.add_on(row.platform, "inbox.given_up", code, 1);
        let now = self.door.clock.now();
        let mut tx = self.door.store.begin().await?;
        tx.event_dead(row.id, code).await?;
        if let Some(inbound) = inbound
            && let Some(account) = tx.account(inbound.platform, &inbound.account).await?
        {
            let messages = self.apology(account.language.as_deref(), now);
            let mut post = Post::apology(account, row.id, now);
            for message in messages {
                post.send(&mut tx, &message, now)?;
            }
        }
        tx.commit().await?;
        self.door.bells.outbox.notify_one();
        Ok(())
    }

    /// The words of the scripts. The person's own state is not asked: it may be what failed.
    fn apology(&self, language: Option<&str>, now: Timestamp) -> Vec<Message> {
        let (library, now) = (self.door.library(), now.to_zoned(TimeZone::UTC));
        let texts = || engine::card_texts(&library, APOLOGISE, language, &now);
        let words = catch_unwind(AssertUnwindSafe(texts)).unwrap_or_default();
        if words.is_empty() { vec![Message { text: Rich::plain(APOLOGY), ..Message::default() }] } else { words }
    }
}

/// The word for the database.
fn code(error: &TurnError) -> &'static str {
    match error {
        TurnError::Store(_) => "store",
        TurnError::State(_) => "state",
        TurnError::Panicked => "panicked",
        TurnError::NoOutcome => "no_outcome",
    }
}

impl seam::Inbox for Inbox {
    fn put<'a>(&'a self, platform: Platform, bot: &'a str, events: Vec<RawEvent>) -> BoxFuture<'a, anyhow::Result<()>> {
        Box::pin(async move {
            crash::point("after_receive");
            let new: Vec<NewEvent<'_>> =
                events.iter().map(|event| NewEvent { platform, bot, id: &event.id, raw: &event.raw }).collect();
            let all = self.put(&new).await?;
            crash::point("after_inbox");
            self.door.counters.add_on(platform, "inbox.stored", "", u64::try_from(new.len()).unwrap_or(u64::MAX));
            if !all {
                self.door.bells.inbox.notify_one();
            }
            Ok(())
        })
    }

    fn heard<'a>(&'a self, platform: Platform, bot: &'a str) -> BoxFuture<'a, anyhow::Result<Heard>> {
        Box::pin(async move {
            let now = self.door.clock.now();
            let mut tx = self.door.store.begin().await?;
            let last = tx.last_event_at(platform, bot).await?;
            let chats = tx.chats_used_since(platform, ago(now, USED_LATELY), CHATS).await?;
            let since = last.map(|last| ago(last, CLOCKS_APART).max(ago(now, WORTH_READING)));
            Ok(Heard { since, chats })
        })
    }
}
