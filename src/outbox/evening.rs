//! An evening on which 50,000 people are due at one instant, lived through by the real pace and the real order on a clock that
//! is moved by hand. Only the store and the platform are stand-ins here: a list that hands out what the store would, and a
//! limit that counts what comes too fast.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::ops::RangeInclusive;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp, ToSpan as _};
use tokio::sync::OwnedSemaphorePermit;

use super::line::{Line, REST};
use super::{BoxFuture, Deliver, Limits, Outgoing, SendError, Sent};
use crate::nodes::Role;
use crate::store::{Claimed, standing};
use crate::types::{Platform, Purpose};

const PEOPLE: i64 = 50_000;
const TELEGRAM: Limits = Limits { total: Some(28), bulk: Some(20), chat: Some(1), at_once: 64 };
const REPLY: i64 = 1;
const NUDGE: i64 = 3;

/// Where a message stands: priority, place inside it, number, account.
type Place = (i64, i64, i64, i64);

/// What waits, in the order of the store: a chat stands where its most urgent message stands, and its oldest goes first.
#[derive(Default)]
struct Waiting {
    chats: BTreeMap<i64, VecDeque<Place>>,
    order: BTreeSet<Place>,
    busy: HashSet<i64>,
    not_before: HashMap<i64, Timestamp>,
    last: i64,
}

impl Waiting {
    fn enqueue(&mut self, account: i64, purpose: Purpose, now: Timestamp) -> i64 {
        let priority = if purpose == Purpose::Reply { REPLY } else { NUDGE };
        self.last += 1;
        let row = (priority, standing(purpose, account, now), self.last, account);
        self.leave(account);
        self.chats.entry(account).or_default().push_back(row);
        self.stand(account);
        self.last
    }

    fn leave(&mut self, account: i64) {
        if let Some(best) = self.chats.get(&account).and_then(|rows| rows.iter().min()) {
            self.order.remove(best);
        }
    }

    fn stand(&mut self, account: i64) {
        self.order.extend(self.chats.get(&account).and_then(|rows| rows.iter().min()));
    }

    /// Like `claim_messages`.
    fn claim(&mut self, priorities: &RangeInclusive<i64>, limit: usize, now: Timestamp) -> Vec<Place> {
        let free =
            |account: i64| !self.busy.contains(&account) && self.not_before.get(&account).is_none_or(|at| *at <= now);
        let within = self.order.range((*priorities.start(), i64::MIN, 0, 0)..(*priorities.end() + 1, i64::MIN, 0, 0));
        let accounts: Vec<i64> = within.map(|row| row.3).filter(|account| free(*account)).take(limit).collect();
        accounts.into_iter().map(|account| self.take_first(account)).collect()
    }

    fn take_first(&mut self, account: i64) -> Place {
        self.leave(account);
        self.busy.insert(account);
        let rows = self.chats.get_mut(&account).expect("it stood in the order");
        let first = rows.iter().copied().min_by_key(|row| row.2).expect("it has a row");
        rows.retain(|row| *row != first);
        self.stand(account);
        first
    }

    fn give_back(&mut self, row: Place, at: Timestamp) {
        self.leave(row.3);
        self.chats.entry(row.3).or_default().push_front(row);
        self.busy.remove(&row.3);
        self.not_before.insert(row.3, at);
        self.stand(row.3);
    }

    fn next_at(&self, now: Timestamp) -> Option<Timestamp> {
        self.not_before.values().copied().filter(|at| *at > now).min()
    }
}

/// What the platform takes: a bucket of thirty that loses thirty a second, and for each chat one of three that loses one a second.
/// In thousandths.
#[derive(Clone, Copy, Default)]
struct Leaky {
    level: i64,
    at: i64,
}

impl Leaky {
    fn overflows(&mut self, rate: i64, burst: i64, now: Timestamp) -> bool {
        let now = now.as_millisecond();
        self.level = (self.level - (now - self.at) * rate).max(0) + 1000;
        self.at = now;
        self.level > burst * 1000
    }
}

struct Nowhere;

impl Deliver for Nowhere {
    fn platform(&self) -> Platform {
        Platform::Telegram
    }

    fn deliver<'a>(&'a self, _: &'a Outgoing) -> BoxFuture<'a, Result<Sent, SendError>> {
        unreachable!("nothing is sent here")
    }
}

/// What one evening came to.
struct Evening {
    took: SignedDuration,
    violations: usize,
    /// How long each answer waited, in milliseconds, the shortest first.
    waits: Vec<i64>,
    /// Who was written to, in order.
    order: Vec<i64>,
}

struct World {
    now: Timestamp,
    line: Line,
    waiting: Waiting,
    /// On their way until then, with their seats.
    flying: VecDeque<(Timestamp, Claimed, Option<OwnedSemaphorePermit>)>,
    all: Leaky,
    chats: HashMap<i64, Leaky>,
    violations: usize,
    /// Who was written to, in order.
    nudged: Vec<i64>,
    /// Answers that were sent: number, when.
    answered: HashMap<i64, Timestamp>,
}

impl World {
    fn at(now: Timestamp) -> Self {
        Self {
            now,
            line: Line::new(Arc::new(Nowhere), TELEGRAM, Role::alone()),
            waiting: Waiting::default(),
            flying: VecDeque::new(),
            all: Leaky::default(),
            chats: HashMap::new(),
            violations: 0,
            nudged: Vec::new(),
            answered: HashMap::new(),
        }
    }

    /// A round, as the worker makes it.
    fn round(&mut self) {
        self.line.takes_over();
        while self.flying.front().is_some_and(|(back, ..)| *back <= self.now) {
            let (_, claimed, _) = self.flying.pop_front().expect("it is there");
            self.waiting.busy.remove(&claimed.account);
            self.line.landed(claimed.id);
        }
        if let Some((first, most)) = self.line.asks(self.now) {
            let is_whole = first.end() == REST.end();
            let (mut claimed, mut all) = self.claim(&first, most);
            if !is_whole {
                let (others, all_others) = self.claim(&REST, self.line.asks_rest(claimed.len(), self.now));
                claimed.extend(others);
                all &= all_others;
            }
            self.line.got(&claimed, all);
            claimed.iter().for_each(|claimed| self.send(claimed));
        }
        if self.line.should_look_ahead() {
            self.line.looked_ahead(self.waiting.next_at(self.now));
        }
    }

    fn claim(&mut self, priorities: &RangeInclusive<i64>, limit: usize) -> (Vec<Claimed>, bool) {
        if limit == 0 {
            return (Vec::new(), false);
        }
        let rows = self.waiting.claim(priorities, limit, self.now);
        let all = rows.len() < limit;
        let mut claimed = Vec::new();
        for row in rows {
            let message = message(row, self.now, self.waiting.chats[&row.3].len());
            match self.line.enter_chat(message.account, message.priority, self.now) {
                Ok(()) => claimed.push(message),
                Err(at) => self.waiting.give_back(row, at),
            }
        }
        self.line.sends(&claimed, self.now);
        (claimed, all)
    }

    fn send(&mut self, claimed: &Claimed) {
        let chat = self.chats.entry(claimed.account).or_default().overflows(1, 3, self.now);
        self.violations += usize::from(self.all.overflows(30, 30, self.now) || chat);
        match claimed.purpose {
            Purpose::Reply => _ = self.answered.insert(claimed.id, self.now),
            _ => self.nudged.push(claimed.account),
        }
        let back = self.now + SignedDuration::from_millis(80);
        self.line.launched(claimed.id);
        self.flying.push_back((back, claimed.clone(), self.line.seat()));
    }

    /// When something happens next.
    fn next(&self) -> Option<Timestamp> {
        let round = self.line.next_round(self.now).map(|at| at.max(self.now + SignedDuration::from_millis(1)));
        round.into_iter().chain(self.flying.front().map(|(back, ..)| *back)).min()
    }
}

fn message((priority, _, id, account): Place, now: Timestamp, behind: usize) -> Claimed {
    Claimed {
        letter: None,
        id,
        attempt: String::new(),
        account,
        platform: Platform::Telegram,
        priority,
        purpose: if priority == REPLY { Purpose::Reply } else { Purpose::Nudge },
        attempts: 0,
        unclear: 0,
        first_attempt: now,
        expires: None,
        behind,
    }
}

/// Everybody is due at once, and all the while people write: mostly one at a time, now and then thirty in the same moment.
fn evening(begins: Timestamp, seed: u64) -> Evening {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut world = World::at(begins);
    for account in 0..PEOPLE {
        world.waiting.enqueue(account, Purpose::Nudge, begins);
    }
    let (mut written, mut writes_at) = (Vec::new(), begins);
    while world.nudged.len() < PEOPLE as usize || world.answered.len() < written.len() {
        if world.now >= writes_at && world.nudged.len() < PEOPLE as usize {
            let crowd = if random.u8(..50) == 0 { 30 } else { 1 };
            for _ in 0..crowd {
                let number = world.waiting.enqueue(random.i64(..PEOPLE), Purpose::Reply, world.now);
                written.push((number, world.now));
            }
            world.line.rang();
            writes_at = world.now + SignedDuration::from_millis(random.i64(200..1500));
        }
        world.round();
        let next = world.next().into_iter().chain((writes_at > world.now).then_some(writes_at)).min();
        world.now = next.expect("something is left to do");
    }
    let mut waits: Vec<i64> =
        written.iter().map(|(number, at)| world.answered[number].duration_since(*at).as_millis() as i64).collect();
    waits.sort_unstable();
    Evening { took: world.now.duration_since(begins), violations: world.violations, waits, order: world.nudged }
}

#[test]
fn fifty_thousand_due_at_one_instant_keep_the_limits_and_hold_up_no_answer() {
    let begins: Timestamp = "2026-11-22T20:00:00Z".parse().unwrap();
    let first = evening(begins, 7);
    assert_eq!(first.violations, 0);
    let rate = PEOPLE as f64 / first.took.as_secs_f64();
    assert!((19.5..20.1).contains(&rate), "{rate} a second: {:?}", first.took);
    let (count, p99) = (first.waits.len(), first.waits[first.waits.len() * 99 / 100]);
    assert!(count > 2_000 && p99 < 1_000, "{count} answers, 99 of 100 within {p99} ms");
    assert!(first.order.iter().copied().collect::<HashSet<_>>().len() == PEOPLE as usize, "each of them once");

    let second = evening(begins + 24.hours(), 8);
    let tenth = first.order.len() * 9 / 10;
    let last: HashSet<&i64> = first.order[tenth..].iter().collect();
    let again = second.order[tenth..].iter().filter(|account| last.contains(account)).count() * 100 / last.len();
    assert!((8..=12).contains(&again), "{again} % of the last tenth are the last tenth again");
    println!("{:?}, {count} answers, 99 of 100 within {p99} ms, {again} %", first.took);
}
