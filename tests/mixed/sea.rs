//! The platforms of the simulation: what they do with a message follows from the seed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use fastrand::Rng;
use goldseam::clock::Clock;
use goldseam::outbox::{BoxFuture, Deliver, Outgoing, SendError, Sent, Waits};
use goldseam::types::{Message, Platform, Purpose};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::Notify;

/// How long Discord knows a message again that it was sent before.
const MEMORY: SignedDuration = SignedDuration::from_mins(3);

/// A message that a person sees.
#[derive(Clone, Debug)]
pub(crate) struct Arrived {
    pub(crate) id: i64,
    pub(crate) account: String,
    pub(crate) message: Message,
    pub(crate) purpose: Purpose,
    pub(crate) at: Timestamp,
}

/// What the platforms do, and what they did.
pub(crate) struct Sea {
    clock: Clock,
    world: Mutex<World>,
    /// Rung when the program dies in the middle of a call.
    pub(crate) crash: Notify,
}

struct World {
    rng: Rng,
    /// Nothing goes wrong any more.
    calm: bool,
    arrived: Vec<Arrived>,
    /// How many calls of a message ended so that nobody knows whether it arrived.
    unclear: BTreeMap<i64, u64>,
    /// Messages whose calls have ended and may not have been written down yet.
    flying: Vec<i64>,
    blocked: BTreeSet<String>,
}

/// What becomes of a call.
enum Fate {
    Taken,
    Error(SendError),
    /// Nobody knows, and whether it arrived.
    Unclear(SendError, bool),
    /// The program dies, and whether it arrived before.
    Crash(bool),
}

impl Sea {
    pub(crate) fn new(clock: Clock, seed: u64) -> Arc<Self> {
        let world = World {
            rng: Rng::with_seed(seed),
            calm: false,
            arrived: Vec::new(),
            unclear: BTreeMap::new(),
            flying: Vec::new(),
            blocked: BTreeSet::new(),
        };
        Arc::new(Self { clock, world: Mutex::new(world), crash: Notify::new() })
    }

    pub(crate) fn platforms(self: &Arc<Self>) -> [Arc<dyn Deliver>; 2] {
        [Platform::Telegram, Platform::Discord].map(|here| Arc::new(Coast(here, self.clone())) as Arc<dyn Deliver>)
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap()
    }

    pub(crate) fn grows_calm(&self) {
        let mut world = self.world();
        world.calm = true;
        world.blocked.clear();
    }

    pub(crate) fn arrived(&self) -> Vec<Arrived> {
        self.world().arrived.clone()
    }

    pub(crate) fn count(&self) -> usize {
        self.world().arrived.len()
    }

    pub(crate) fn unclear(&self, id: i64) -> u64 {
        self.world().unclear.get(&id).copied().unwrap_or(0)
    }

    pub(crate) fn is_blocked(&self, account: &str) -> bool {
        self.world().blocked.contains(account)
    }

    /// Everything that came back is written down.
    pub(crate) fn has_landed(&self) {
        self.world().flying.clear();
    }

    /// The program died before it wrote down what came back.
    pub(crate) fn is_forgotten(&self) {
        let mut world = self.world();
        for id in std::mem::take(&mut world.flying) {
            *world.unclear.entry(id).or_insert(0) += 1;
        }
    }

    pub(crate) fn block(&self, account: &str, blocked: bool) {
        let mut world = self.world();
        if blocked {
            world.blocked.insert(account.to_owned());
        } else {
            world.blocked.remove(account);
        }
    }
}

impl World {
    fn fate(&mut self) -> Fate {
        if self.calm {
            return Fate::Taken;
        }
        let arrives = self.rng.bool();
        let wait = Duration::from_secs(self.rng.u64(1..60));
        let told = |error: fn(String) -> SendError| error("by the seed".into());
        match self.rng.u8(..100) {
            0..72 => Fate::Taken,
            72..76 => Fate::Error(told(SendError::NotSent)),
            76..80 => Fate::Unclear(told(SendError::Failed), arrives),
            80..86 => Fate::Unclear(told(SendError::Ambiguous), arrives),
            86..89 => Fate::Error(SendError::RateLimited { retry_after: wait, who: Waits::Chat }),
            89..92 => Fate::Error(SendError::RateLimited { retry_after: wait, who: Waits::Bulk }),
            92..94 => Fate::Error(SendError::RateLimited { retry_after: wait, who: Waits::Everything }),
            _ => Fate::Crash(arrives),
        }
    }

    /// The person sees it; a second copy where the platform knows it again is none.
    fn arrives(&mut self, here: Platform, outgoing: &Outgoing, at: Timestamp) {
        let again = |old: &Arrived| old.id == outgoing.id && at.duration_since(old.at) < MEMORY;
        if here == Platform::Discord && self.arrived.iter().any(again) {
            return;
        }
        self.arrived.push(Arrived {
            id: outgoing.id,
            account: outgoing.account.clone(),
            message: outgoing.message.clone(),
            purpose: outgoing.purpose,
            at,
        });
    }
}

/// One of the platforms.
struct Coast(Platform, Arc<Sea>);

impl Deliver for Coast {
    fn platform(&self) -> Platform {
        self.0
    }

    fn deliver<'a>(&'a self, outgoing: &'a Outgoing) -> BoxFuture<'a, Result<Sent, SendError>> {
        let Self(here, sea) = self;
        let at = sea.clock.now();
        let mut world = sea.world();
        if world.blocked.contains(&outgoing.account) {
            return Box::pin(async { Err(SendError::Gone("blocked".into())) });
        }
        let lies_there = |since: Timestamp| world.arrived.iter().any(|old| old.id == outgoing.id && old.at >= since);
        if *here == Platform::Discord && outgoing.look_since.is_some_and(lies_there) {
            return Box::pin(async { Ok(Sent::default()) });
        }
        let (arrives, answer) = match world.fate() {
            Fate::Taken => (true, Some(Ok(Sent::default()))),
            Fate::Error(error) => (false, Some(Err(error))),
            Fate::Unclear(error, arrives) => (arrives, Some(Err(error))),
            Fate::Crash(arrives) => (arrives, None),
        };
        match &answer {
            Some(Err(SendError::NotSent(_) | SendError::RateLimited { .. })) => {}
            Some(Ok(_)) | None => world.flying.push(outgoing.id),
            Some(Err(_)) => *world.unclear.entry(outgoing.id).or_insert(0) += 1,
        }
        if arrives {
            world.arrives(*here, outgoing, at);
        }
        match answer {
            Some(answer) => Box::pin(async { answer }),
            None => {
                sea.crash.notify_one();
                Box::pin(std::future::pending())
            }
        }
    }
}
