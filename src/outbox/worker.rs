//! The worker that empties the outbox, in rounds: what came back is settled and new messages are claimed in one transaction,
//! then those are sent.
//!
//! The claim is committed before the call, so that a crash in between is known as one. One message of a chat is on its way at
//! a time. Whatever comes back while a round is written is settled by the next one, together: the more there is to do, the fewer
//! statements each message costs, and a single one waits for nobody.

use std::ops::RangeInclusive;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex as Lock, PoisonError};
use std::time::Duration;

use futures_util::FutureExt as _;
use jiff::Timestamp;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::{Mutex, Notify, OwnedMutexGuard, OwnedSemaphorePermit};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::line::{Gate, Line, LineState, REST};
use super::pace::Limits;
use super::verdict::{Verdict, look_since, verdict, verdict_without_sender};
use super::{Deliver, Outgoing, SendError, Sent, picture};
use crate::clock::{Clock, Stopwatch, add, ago};
use crate::counters::Counters;
use crate::crash;
use crate::nodes::{Grant, Node};
use crate::pulse::Pulse;
use crate::store::{Becomes, Claimed, End, Settlement, Store, StoreError, Tx, Wanted};
use crate::types::Platform;

/// After this a claimed message counts as orphaned. A call takes at most 20 seconds.
const LEASE: Duration = Duration::from_secs(60);
/// How often orphans and what is of no use any more are looked for, and how long to sleep at most.
const SWEEP_EVERY: Duration = Duration::from_secs(60);
/// How far apart rounds begin at least. Nobody notices it, and what comes back and what is committed meanwhile shares a transaction.
const ROUNDS_APART: Duration = Duration::from_millis(10);
/// How long to sleep when the store fails.
const STORE_PAUSE: Duration = Duration::from_secs(5);
/// How long whoever asks how it stands waits for a round or a turn to end.
const TELLS_WITHIN: Duration = Duration::from_secs(1);
/// How many answers may wait for one chat. Who writes faster than anybody reads gets the newest of them.
const MOST_BEHIND: usize = 50;
/// The counter of what was not sent.
const SKIPPED: &str = "outbox.skipped";

/// The outbox worker. Clones are the same worker; make one for each store.
#[derive(Clone)]
pub struct Outbox(Arc<Worker>);

struct Worker {
    store: Store,
    node: Node,
    clock: Clock,
    wake: Arc<Notify>,
    desk: Arc<Mutex<Desk>>,
    /// What is on its way; it ends with the worker.
    flying: Lock<JoinSet<()>>,
    /// Where messages come back to.
    returns: UnboundedSender<Returned>,
    returned: Mutex<UnboundedReceiver<Returned>>,
    /// Names this worker in the rows it claims; another name there means a worker that is no more.
    name: String,
    counters: Counters,
    pulse: Pulse,
}

/// What one round works on.
pub(super) struct Desk {
    pub(super) lines: Vec<Line>,
    swept: Option<Timestamp>,
    /// Nothing new is sent any more.
    pub(super) closed: bool,
}

/// A message that came back, and the answer.
struct Back {
    claimed: Claimed,
    answer: Answer,
}

/// Which line it went out by, the row, and what came of it; nothing when it was broken off.
type Returned = (usize, i64, Option<Back>);

/// Whatever becomes of an attempt, it comes back.
struct Return {
    to: UnboundedSender<Returned>,
    line: usize,
    row: i64,
    back: Option<Back>,
}

impl Drop for Return {
    fn drop(&mut self) {
        // Nobody takes it back when the worker is gone; then the row counts as unclear.
        drop(self.to.send((self.line, self.row, self.back.take())));
    }
}

/// Somebody who sends. Who is dropped in the middle of it takes along what is on its way, as a program that dies does.
struct Sending<'a> {
    flying: &'a Lock<JoinSet<()>>,
    is_over: bool,
}

impl Drop for Sending<'_> {
    fn drop(&mut self) {
        if !self.is_over {
            self.flying.lock().unwrap_or_else(PoisonError::into_inner).abort_all();
        }
    }
}

/// What came of an attempt.
enum Answer {
    /// The platform's.
    Platform(Result<Sent, SendError>),
    /// None: whoever sent it is no more.
    Lost,
    /// It was of no use any more.
    Expired,
    /// It cannot be read.
    Unreadable,
}

/// What is to be written down of a message that came back.
struct Landed {
    settlement: Settlement,
    account: i64,
    beside: Option<Beside>,
}

/// What follows for the account beside the message.
enum Beside {
    Found(String),
    Gone,
    Moved(String),
}

impl Outbox {
    /// A worker for these platforms. `wake` is rung when a turn has committed messages.
    #[must_use]
    pub fn new(
        store: Store,
        clock: Clock,
        wake: Arc<Notify>,
        platforms: impl IntoIterator<Item = Arc<dyn Deliver>>,
    ) -> Self {
        Self::paced(store, clock, wake, platforms.into_iter().map(|deliver| (deliver, Limits::default())))
    }

    /// The same, no faster than told.
    #[must_use]
    pub fn paced(
        store: Store,
        clock: Clock,
        wake: Arc<Notify>,
        platforms: impl IntoIterator<Item = (Arc<dyn Deliver>, Limits)>,
    ) -> Self {
        Self::among(&Node::alone(store), clock, wake, platforms)
    }

    /// The same in one of several programs: for each platform one of them sends, the one that has the role `send:` with its name.
    #[must_use]
    pub fn among(
        node: &Node,
        clock: Clock,
        wake: Arc<Notify>,
        platforms: impl IntoIterator<Item = (Arc<dyn Deliver>, Limits)>,
    ) -> Self {
        let line = |(deliver, limits): (Arc<dyn Deliver>, Limits)| {
            let role = node.role(&format!("send:{}", deliver.platform()));
            Line::new(deliver, limits, role)
        };
        let mut lines: Vec<Line> = platforms.into_iter().map(line).collect();
        // Leases are locked in the order in which they are renewed, so that no two transactions wait for each other.
        lines.sort_by_key(|line| line.platform().as_str());
        let desk = Arc::new(Mutex::new(Desk { lines, swept: None, closed: false }));
        let (returns, returned) = unbounded_channel();
        let (flying, returned) = (Lock::default(), Mutex::new(returned));
        let (store, node) = (node.store().clone(), node.clone());
        let name = format!("{:016x}", fastrand::u64(..));
        let (counters, pulse) = (Counters::default(), Pulse::default());
        Self(Arc::new(Worker { store, node, clock, wake, desk, flying, returns, returned, name, counters, pulse }))
    }

    /// What became of messages: `outbox.sent`, `outbox.again` and `outbox.skipped`, each by the reason.
    #[must_use]
    pub fn counters(&self) -> &Counters {
        &self.0.counters
    }

    /// Whether it gets on.
    #[must_use]
    pub fn pulse(&self) -> &Pulse {
        &self.0.pulse
    }

    /// How it stands with each platform; nothing is told when a round takes very long.
    pub async fn lines(&self) -> Vec<LineState> {
        let Ok(desk) = timeout(TELLS_WITHIN, self.0.desk.lock()).await else { return Vec::new() };
        let now = self.0.clock.now();
        desk.lines.iter().map(|line| line.state(now)).collect()
    }

    /// Sends everything that can be sent now, and says how many attempts that took.
    ///
    /// # Errors
    /// When the store fails; the trouble of one message is none of the others.
    pub async fn deliver_once(&self) -> Result<usize, StoreError> {
        let (mut landed, mut attempts) = (Vec::new(), 0);
        let mut returned = self.0.returned.lock().await;
        let mut sending = self.sending();
        self.take_all_back(&mut returned, &mut landed).await;
        self.rang().await;
        loop {
            let until = self.round(&mut landed).await?;
            if !self.is_anything_flying().await && until > self.0.clock.now() {
                sending.is_over = true;
                return Ok(attempts);
            }
            while self.is_anything_flying().await
                && let Some(back) = returned.recv().await
            {
                attempts += 1;
                landed.extend(self.take_back(back).await);
            }
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.0.name
    }

    pub(super) async fn desk(&self) -> OwnedMutexGuard<Desk> {
        self.0.desk.clone().lock_owned().await
    }

    fn sending(&self) -> Sending<'_> {
        Sending { flying: &self.0.flying, is_over: false }
    }

    async fn is_anything_flying(&self) -> bool {
        self.0.desk.lock().await.lines.iter().any(|line| !line.flying().is_empty())
    }

    /// When there may be something to do, if nothing happens before: for a clock that is moved by hand.
    pub async fn next_look(&self) -> Timestamp {
        self.0.desk.lock().await.until(self.0.clock.now())
    }

    /// Sends messages as they come, until it is cancelled; what is on its way then is finished.
    pub async fn run(&self, cancel: CancellationToken) {
        let mut landed = Vec::new();
        let mut returned = self.0.returned.lock().await;
        let mut sending = self.sending();
        self.0.desk.lock().await.closed = false;
        while !cancel.is_cancelled() {
            self.0.pulse.beats();
            let begun = Stopwatch::start();
            let until = match self.round(&mut landed).await {
                Ok(until) => until,
                Err(error) => self.after_a_failure(&error),
            };
            self.0.pulse.rests();
            tokio::select! {
                () = cancel.cancelled() => {}
                () = self.0.wake.notified() => self.rang().await,
                Some(back) = returned.recv() => landed.extend(self.take_back(back).await),
                () = self.0.clock.sleep_until(until) => {}
            }
            tokio::time::sleep(ROUNDS_APART.saturating_sub(begun.elapsed())).await;
            self.take_all_back(&mut returned, &mut landed).await;
        }
        self.0.desk.lock().await.closed = true;
        self.finish(&mut returned, landed).await;
        sending.is_over = true;
    }

    /// Waits for what is on its way, and writes it down as it comes.
    async fn finish(&self, returned: &mut UnboundedReceiver<Returned>, mut landed: Vec<Landed>) {
        loop {
            self.take_all_back(returned, &mut landed).await;
            if !landed.is_empty()
                && let Err(error) = self.settle(&mut landed).await
            {
                self.after_a_failure(&error);
            }
            if !self.is_anything_flying().await {
                return;
            }
            let Some(back) = returned.recv().await else { return };
            landed.extend(self.take_back(back).await);
        }
    }

    fn after_a_failure(&self, error: &StoreError) -> Timestamp {
        tracing::error!(%error, "the outbox could not be read or written; it is tried again");
        add(self.0.clock.now(), STORE_PAUSE)
    }

    async fn rang(&self) {
        let mut desk = self.0.desk.lock().await;
        desk.lines.iter_mut().for_each(Line::rang);
        if desk.lines.iter().any(|line| line.grant().is_none()) {
            self.0.node.call_senders();
        }
    }

    /// Writes down what came back, claims what may be sent beside what is on its way, starts it, and says when to look again.
    async fn round(&self, landed: &mut Vec<Landed>) -> Result<Timestamp, StoreError> {
        let mut desk = self.0.desk.lock().await;
        let now = self.0.clock.now();
        if desk.takes_over() {
            desk.swept = None;
        }
        let sweeps = desk.swept.is_none_or(|swept| swept <= ago(now, SWEEP_EVERY));
        let wants = desk.lines.iter().any(|line| line.wants(now) || line.should_look_ahead());
        if landed.is_empty() && !sweeps && !wants {
            return Ok(desk.until(now));
        }
        let mut tx = self.0.store.begin().await?;
        self.settle_all(&mut tx, landed, now).await?;
        if sweeps {
            self.sweep(&mut tx, &mut desk, now).await?;
        }
        let mut launch = Vec::new();
        for (index, line) in desk.lines.iter_mut().enumerate() {
            if line.has_recovered() {
                tx.hasten_messages(line.platform()).await?;
                line.rang();
            }
            let claimed = self.claim(&mut tx, line, now).await?;
            if line.should_look_ahead() {
                line.looked_ahead(tx.next_message_at(line.platform()).await?);
            }
            launch.extend(claimed.into_iter().map(|claimed| (index, claimed)));
        }
        if !landed.is_empty() {
            crash::point("before_settle");
        }
        tx.commit().await?;
        landed.clear();
        if !launch.is_empty() {
            crash::point("after_claim");
        }
        for (index, claimed) in launch {
            let seat = desk.lines[index].seat();
            self.launch(&mut desk, index, claimed, seat);
        }
        Ok(desk.until(now))
    }

    /// Looks for what an earlier worker left behind or what outlived its lease, and for what is of no use any more.
    async fn sweep(&self, tx: &mut Tx, desk: &mut Desk, now: Timestamp) -> Result<(), StoreError> {
        self.0.counters.add(SKIPPED, "expired", tx.expire_messages(now).await?);
        let ours = self.ours(tx, desk).await?;
        let orphans = tx.orphaned_messages(&self.0.name, &ours, now).await?;
        // What is on its way here comes back, however long that takes: a machine may have slept meanwhile.
        let is_flying = |claimed: &Claimed| desk.lines.iter().any(|line| line.flying().contains(&claimed.id));
        let orphans: Vec<Claimed> = orphans.into_iter().filter(|claimed| !is_flying(claimed)).collect();
        let unclear: Vec<Landed> =
            orphans.into_iter().map(|claimed| self.judge(desk, Back { claimed, answer: Answer::Lost })).collect();
        self.settle_all(tx, &unclear, now).await?;
        desk.swept = Some(now);
        Ok(())
    }

    /// The platforms that this program sends to, and nobody else before this transaction ends.
    async fn ours(&self, tx: &mut Tx, desk: &Desk) -> Result<Vec<Platform>, StoreError> {
        let mut ours = Vec::new();
        for line in &desk.lines {
            if may_send(tx, line).await? {
                ours.push(line.platform());
            }
        }
        Ok(ours)
    }

    /// Claims what may be sent now: what somebody waits for, then the rest.
    async fn claim(&self, tx: &mut Tx, line: &mut Line, now: Timestamp) -> Result<Vec<Claimed>, StoreError> {
        let Some((first, most)) = line.asks(now) else { return Ok(Vec::new()) };
        if !may_send(tx, line).await? {
            line.refused();
            return Ok(Vec::new());
        }
        let is_whole = first.end() == REST.end();
        let (mut claimed, mut all) = self.claim_part(tx, line, (first, most), now).await?;
        if !is_whole {
            let most = line.asks_rest(claimed.len(), now);
            let (others, all_others) = self.claim_part(tx, line, (REST, most), now).await?;
            claimed.extend(others);
            all &= all_others;
        }
        line.got(&claimed, all);
        Ok(claimed)
    }

    /// Claims so many of some priorities, and says whether that was all there are. Whose chat had its share goes back, in the same
    /// transaction, until it may have more.
    async fn claim_part(
        &self,
        tx: &mut Tx,
        line: &mut Line,
        (priorities, limit): (RangeInclusive<i64>, usize),
        now: Timestamp,
    ) -> Result<(Vec<Claimed>, bool), StoreError> {
        if limit == 0 {
            return Ok((Vec::new(), false));
        }
        let (platform, worker) = (line.platform(), self.0.name.as_str());
        let wanted = Wanted { platform, priorities, limit, worker, lease: lease(now) };
        let mut claimed = tx.claim_messages(&wanted).await?;
        let all = claimed.len() < limit;
        for flooded in claimed.iter().filter(|claimed| claimed.behind > MOST_BEHIND) {
            let dropped = tx.drop_older_answers(flooded.account, MOST_BEHIND).await?;
            self.0.counters.add(SKIPPED, "superseded", dropped);
        }
        let mut too_early = Vec::new();
        claimed.retain(|claimed| match line.enter_chat(claimed.account, claimed.priority, now) {
            Ok(()) => true,
            Err(at) => {
                let becomes = again(at, "paced", false);
                too_early.push(Settlement { id: claimed.id, attempt: claimed.attempt.clone(), becomes });
                false
            }
        });
        tx.settle_messages(&too_early, now).await?;
        line.sends(&claimed, now);
        Ok((claimed, all))
    }

    /// One attempt. A panic in it is an unclear answer and nothing more.
    pub(super) fn launch(&self, desk: &mut Desk, line: usize, claimed: Claimed, seat: Option<OwnedSemaphorePermit>) {
        let Some(of) = desk.lines.get_mut(line) else { return };
        of.launched(claimed.id);
        let (deliver, clock) = (of.deliver.clone(), self.0.clock.clone());
        let (counters, mut home) =
            (self.0.counters.clone(), Return { to: self.0.returns.clone(), line, row: claimed.id, back: None });
        let mut flying = self.0.flying.lock().unwrap_or_else(PoisonError::into_inner);
        while flying.try_join_next().is_some() {}
        flying.spawn(async move {
            let attempt = AssertUnwindSafe(attempt(&*deliver, &claimed, &clock, &counters)).catch_unwind().await;
            let panicked = || Answer::Platform(Err(SendError::Ambiguous("the sender panicked".into())));
            home.back = Some(Back { claimed, answer: attempt.unwrap_or_else(|_| panicked()) });
            drop((seat, home));
        });
    }

    async fn take_back(&self, (line, row, back): Returned) -> Option<Landed> {
        let mut desk = self.0.desk.lock().await;
        let line = desk.lines.get_mut(line)?;
        line.landed(row);
        let back = back?;
        if let Answer::Platform(answer) = &back.answer {
            let silence = matches!(answer, Err(SendError::Ambiguous(_) | SendError::NotSent(_) | SendError::Failed(_)));
            line.answered(!silence, self.0.clock.now());
        }
        Some(self.judge(&mut desk, back))
    }

    async fn take_all_back(&self, returned: &mut UnboundedReceiver<Returned>, landed: &mut Vec<Landed>) {
        while let Ok(back) = returned.try_recv() {
            landed.extend(self.take_back(back).await);
        }
    }

    async fn settle(&self, landed: &mut Vec<Landed>) -> Result<(), StoreError> {
        let mut tx = self.0.store.begin().await?;
        self.settle_all(&mut tx, landed, self.0.clock.now()).await?;
        tx.commit().await?;
        landed.clear();
        Ok(())
    }

    async fn settle_all(&self, tx: &mut Tx, landed: &[Landed], now: Timestamp) -> Result<(), StoreError> {
        let settlements: Vec<Settlement> = landed.iter().map(|landed| landed.settlement.clone()).collect();
        tx.settle_messages(&settlements, now).await?;
        for Landed { account, beside, .. } in landed {
            match beside {
                None => {}
                Some(Beside::Found(place)) => tx.found_home_place(*account, place).await?,
                Some(Beside::Gone) => {
                    self.0.counters.add(SKIPPED, "gone", tx.drop_messages(*account, "gone").await?);
                    tx.account_gone(*account, now).await?;
                }
                Some(Beside::Moved(to)) => tx.chat_moved(*account, to).await?,
            }
        }
        Ok(())
    }

    fn count(&self, platform: Platform, becomes: &Becomes) {
        let (name, reason) = match becomes {
            Becomes::Sent { .. } => ("outbox.sent", ""),
            Becomes::Again { error, .. } => ("outbox.again", *error),
            Becomes::Unclear { .. } => ("outbox.again", "unclear"),
            Becomes::Over(_, error) => (SKIPPED, *error),
        };
        self.0.counters.add_on(platform, name, reason, 1);
    }

    /// What follows from an answer, for the row, for its account and for its platform.
    fn judge(&self, desk: &mut Desk, back: Back) -> Landed {
        let Back { claimed, answer } = back;
        let (becomes, beside) = match answer {
            Answer::Platform(Ok(sent)) => (Becomes::Sent { message: sent.message }, sent.place.map(Beside::Found)),
            Answer::Platform(Err(error)) => {
                let verdict = verdict(&claimed, &error, random);
                self.follow(desk, &claimed, &error, verdict)
            }
            Answer::Lost => {
                let error = SendError::Ambiguous("the program ended while it was being sent".into());
                let verdict = verdict_without_sender(&claimed, random);
                self.follow(desk, &claimed, &error, verdict)
            }
            Answer::Expired => (Becomes::Over(End::Dead, "expired"), None),
            Answer::Unreadable => {
                tracing::error!(outbox.id = claimed.id, error.code = "unreadable", "a message was given up");
                (Becomes::Over(End::Dead, "unreadable"), None)
            }
        };
        self.count(claimed.platform, &becomes);
        let settlement = Settlement { id: claimed.id, attempt: claimed.attempt, becomes };
        Landed { settlement, account: claimed.account, beside }
    }

    /// What a verdict means for the row, for its account and for its platform.
    fn follow(
        &self,
        desk: &mut Desk,
        claimed: &Claimed,
        error: &SendError,
        verdict: Verdict,
    ) -> (Becomes, Option<Beside>) {
        let now = self.0.clock.now();
        let mut line = desk.line(claimed.platform);
        let stopped = line.as_ref().is_some_and(|line| line.opens().is_none());
        report(claimed, error, &verdict, stopped);
        let (becomes, beside) = match verdict {
            Verdict::Again { pause, counts, code } => (again(add(now, pause), code, counts), None),
            Verdict::Wait { pause, who } => {
                let at = add(now, pause);
                if let Some(line) = &mut line {
                    line.too_fast(who, at, now);
                }
                (again(at, "rate_limited", false), None)
            }
            Verdict::Unclear { pause } => (Becomes::Unclear { at: add(now, pause) }, None),
            Verdict::Over(end, code) => (Becomes::Over(end, code), None),
            Verdict::Gone => (Becomes::Over(End::Dead, "gone"), Some(Beside::Gone)),
            Verdict::Moved(to) => (again(now, "moved", true), Some(Beside::Moved(to))),
            Verdict::Stop => {
                if let Some(line) = &mut line {
                    line.close(Gate::Stopped);
                }
                (again(now, "unauthorized", false), None)
            }
        };
        if let (Some(line), Becomes::Again { at, .. } | Becomes::Unclear { at }) = (line, &becomes) {
            line.again_at(*at);
        }
        (becomes, beside)
    }
}

impl Desk {
    /// Looks which platforms are this program's. True when one has come since the last look.
    fn takes_over(&mut self) -> bool {
        self.lines.iter_mut().filter_map(|line| line.takes_over().then_some(())).count() > 0
    }

    fn line(&mut self, platform: Platform) -> Option<&mut Line> {
        self.lines.iter_mut().find(|line| line.platform() == platform)
    }

    /// When the next round is due, whatever happens before.
    fn until(&self, now: Timestamp) -> Timestamp {
        let sweep = self.swept.map_or(now, |swept| add(swept, SWEEP_EVERY));
        self.lines.iter().filter_map(|line| line.next_round(now)).fold(sweep, Timestamp::min)
    }
}

/// Since when, and until when a message is somebody's who claims it now.
pub(super) fn lease(now: Timestamp) -> (Timestamp, Timestamp) {
    (now, add(now, LEASE))
}

/// Does this program send there? Then so it stays until the transaction ends.
async fn may_send(tx: &mut Tx, line: &Line) -> Result<bool, StoreError> {
    match line.grant().map(Grant::lease) {
        None => Ok(false),
        Some(None) => Ok(true),
        Some(Some(lease)) => tx.has_role(lease).await,
    }
}

/// Sends a message, unless that is of no use any more.
async fn attempt(deliver: &dyn Deliver, claimed: &Claimed, clock: &Clock, counters: &Counters) -> Answer {
    let now = clock.now();
    match outgoing(claimed, now) {
        None => Answer::Unreadable,
        Some(_) if claimed.expires.is_some_and(|expires| expires <= now) => Answer::Expired,
        Some(mut outgoing) => {
            outgoing.picture = picture::draw(outgoing.message.picture.as_ref(), claimed.platform, counters).await;
            crash::point("before_send");
            let answer = deliver.deliver(&outgoing).await;
            crash::point("after_accept");
            Answer::Platform(answer)
        }
    }
}

fn again(at: Timestamp, error: &'static str, counts: bool) -> Becomes {
    Becomes::Again { at, error, counts }
}

fn random(max: u64) -> u64 {
    fastrand::u64(0..=max)
}

/// Says once what an operator should know; the rest is for those who look closely.
fn report(claimed: &Claimed, error: &SendError, verdict: &Verdict, stopped: bool) {
    let platform = claimed.platform.as_str();
    match verdict {
        Verdict::Over(..) => tracing::error!(outbox.id = claimed.id, platform, %error, "a message was given up"),
        Verdict::Stop if !stopped => {
            tracing::error!(platform, %error, "nothing is sent there until the token is set right and the program restarted");
        }
        _ => tracing::debug!(outbox.id = claimed.id, platform, %error, "a message was not sent"),
    }
}

fn outgoing(claimed: &Claimed, now: Timestamp) -> Option<Outgoing> {
    let letter = claimed.letter.clone()?;
    Some(Outgoing {
        id: claimed.id,
        account: letter.account,
        place: letter.place,
        message: letter.message,
        picture: None,
        purpose: claimed.purpose,
        reply: letter.reply.map(|reply| reply.reveal().to_owned()),
        silent: letter.silent,
        attempt: claimed.attempts,
        look_since: look_since(claimed, now),
    })
}
