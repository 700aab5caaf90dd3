//! How fast one bot may send: arithmetic over the time that has passed. It reads no clock and waits for nobody.
//!
//! Three buckets, each a generic cell rate algorithm (ITU-T I.371): one for everything a bot sends, one for what nobody waits
//! for, which is drawn from the first as well and leaves it a reserve, and one for each chat. A platform that says "too fast"
//! slows the second one down at once; it grows back by one message a second every minute.

use std::collections::HashMap;
use std::time::Duration;

use jiff::Timestamp;

use crate::clock::add;

/// What is always left for answers while everything else is served.
const RESERVE: u32 = 8;
/// What remains of the rate after "too fast".
const SLOWER: f64 = 0.7;
/// The slowest it gets.
const SLOWEST: f64 = 1.0;
/// How long it takes to grow by one message a second.
const FASTER_EVERY: Duration = Duration::from_mins(1);
/// How many messages one chat may get at once before it has to wait.
const CHAT_BURST: u32 = 3;
/// How many chats are remembered before those that may be forgotten are.
const CHATS: usize = 1024;

/// How much one bot may send: messages a second, of which `None` has no limit, and how many at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Everything that a bot sends.
    pub total: Option<u32>,
    /// What nobody waits for: everything that is no answer.
    pub bulk: Option<u32>,
    /// To one chat.
    pub chat: Option<u32>,
    /// How many messages are on their way at once.
    pub at_once: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { total: None, bulk: None, chat: None, at_once: 64 }
    }
}

/// The pace of one bot.
#[derive(Clone, Debug)]
pub(super) struct Pace {
    total: Option<Bucket>,
    bulk: Option<Bulk>,
    /// Before this nothing is sent that nobody waits for.
    bulk_from: Timestamp,
    chat: Option<u32>,
    chats: HashMap<i64, Bucket>,
    /// How many chats to remember before looking for some to forget.
    room: usize,
}

/// How many messages may be sent now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Allowance {
    /// Of those that somebody waits for.
    pub(super) replies: usize,
    /// Of all others; never more than of replies.
    pub(super) bulk: usize,
}

impl Pace {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            total: limits.total.map(|rate| Bucket::new(f64::from(rate), rate)),
            bulk: limits.bulk.map(Bulk::new),
            bulk_from: Timestamp::MIN,
            chat: limits.chat,
            chats: HashMap::new(),
            room: CHATS,
        }
    }

    pub(super) fn allowance(&self, now: Timestamp) -> Allowance {
        let total = self.total.as_ref().map_or(usize::MAX, |bucket| bucket.tokens(now) as usize);
        let reserve = self.reserve() as usize;
        let bulk = self.bulk.as_ref().map_or(usize::MAX, |bulk| bulk.bucket(now).tokens(now) as usize);
        let bulk = if now < self.bulk_from { 0 } else { bulk.min(total.saturating_sub(reserve)) };
        Allowance { replies: total, bulk: if self.total.is_none() { bulk } else { bulk.min(total) } }
    }

    /// So many are sent now. Answers that could not wait may be more than was allowed; what comes after them waits longer.
    pub(super) fn take(&mut self, replies: usize, bulk: usize, now: Timestamp) {
        if let Some(total) = &mut self.total {
            total.take(replies + bulk, now);
        }
        if let Some(own) = &mut self.bulk {
            own.take(bulk, now);
        }
    }

    /// When it is worth asking for more: for answers at the next one that is allowed, for the rest when there is a handful.
    pub(super) fn ready(&self, now: Timestamp) -> Timestamp {
        let first = self.total.as_ref().map_or(now, |bucket| bucket.ready(1, now));
        if first > now {
            return first;
        }
        let handful = self.bulk.as_ref().map_or(1, |bulk| bulk.burst);
        let own = self.bulk.as_ref().map_or(now, |bulk| bulk.bucket(now).ready(handful, now));
        let total = self.total.as_ref().map_or(now, |bucket| bucket.ready(self.reserve() + handful, now));
        own.max(total).max(self.bulk_from)
    }

    /// The platform said "too fast": what nobody waits for rests until then and goes on more slowly. One that says so many times
    /// at once has said it once.
    pub(super) fn too_fast(&mut self, until: Timestamp, now: Timestamp) {
        if let Some(bulk) = self.bulk.as_mut().filter(|_| self.bulk_from <= now) {
            bulk.slow_down(now);
        }
        self.rest_bulk(until);
    }

    /// What nobody waits for rests until then.
    pub(super) fn rest_bulk(&mut self, until: Timestamp) {
        self.bulk_from = self.bulk_from.max(until);
    }

    /// Takes a place for a chat; else says when there is one.
    pub(super) fn enter_chat(&mut self, account: i64, now: Timestamp) -> Result<(), Timestamp> {
        let Some(rate) = self.chat else { return Ok(()) };
        self.forget_chats(now);
        let bucket = self.chats.entry(account).or_insert_with(|| Bucket::new(f64::from(rate), CHAT_BURST));
        if bucket.tokens(now) == 0 {
            return Err(bucket.ready(1, now));
        }
        bucket.take(1, now);
        Ok(())
    }

    /// A chat whose bucket is full again is like one that was never seen.
    fn forget_chats(&mut self, now: Timestamp) {
        if self.chats.len() >= self.room {
            self.chats.retain(|_, bucket| bucket.tokens(now) < CHAT_BURST);
            self.room = (2 * self.chats.len()).max(CHATS);
        }
    }

    /// A bot that may send little at once keeps a smaller reserve.
    fn reserve(&self) -> u32 {
        self.total.as_ref().map_or(0, |bucket| RESERVE.min(bucket.burst / 3))
    }
}

/// What nobody waits for.
#[derive(Clone, Debug)]
struct Bulk {
    bucket: Bucket,
    /// As fast as it may ever get, in messages a second.
    ceiling: f64,
    /// How fast it was when it was last slowed down.
    rate: f64,
    since: Timestamp,
    /// A quarter of a second's worth: it is sent evenly.
    burst: u32,
}

impl Bulk {
    fn new(rate: u32) -> Self {
        let (ceiling, burst) = (f64::from(rate), rate.div_ceil(4));
        Self { bucket: Bucket::new(ceiling, burst), ceiling, rate: ceiling, since: Timestamp::MIN, burst }
    }

    fn rate(&self, now: Timestamp) -> f64 {
        let grown = now.duration_since(self.since).as_secs_f64() / FASTER_EVERY.as_secs_f64();
        (self.rate + grown.max(0.0)).min(self.ceiling)
    }

    /// The bucket as it fills now.
    fn bucket(&self, now: Timestamp) -> Bucket {
        Bucket { every: micros_between(self.rate(now)), ..self.bucket }
    }

    fn take(&mut self, count: usize, now: Timestamp) {
        self.bucket = self.bucket(now);
        self.bucket.take(count, now);
    }

    fn slow_down(&mut self, now: Timestamp) {
        self.rate = (self.rate(now) * SLOWER).max(SLOWEST.min(self.ceiling));
        self.since = now;
    }
}

/// A bucket that fills evenly: full after `burst` times `every`.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    /// Microseconds from one token to the next.
    every: i64,
    burst: u32,
    /// When it will be full, in microseconds since 1970.
    full_at: i64,
}

impl Bucket {
    fn new(rate: f64, burst: u32) -> Self {
        Self { every: micros_between(rate), burst: burst.max(1), full_at: i64::MIN }
    }

    fn tokens(&self, now: Timestamp) -> u32 {
        let missing = self.full_at(now) - now.as_microsecond();
        let lacking = (missing + self.every - 1) / self.every;
        self.burst.saturating_sub(u32::try_from(lacking).unwrap_or(u32::MAX))
    }

    /// More than there are may be taken; they are missing afterwards.
    fn take(&mut self, count: usize, now: Timestamp) {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        self.full_at = self.full_at(now).saturating_add(count.saturating_mul(self.every));
    }

    /// When there are so many tokens, at most all of them; in whole milliseconds, as the store keeps times.
    fn ready(&self, count: u32, now: Timestamp) -> Timestamp {
        let spare = i64::from(self.burst.saturating_sub(count)) * self.every;
        let wait = (self.full_at(now) - spare - now.as_microsecond()).max(0);
        add(now, Duration::from_millis(wait.unsigned_abs().div_ceil(1000)))
    }

    /// A bucket is never emptier than empty twice over: a clock that was put back does not stop it for as long as it was put
    /// back by.
    fn full_at(&self, now: Timestamp) -> i64 {
        let now = now.as_microsecond();
        self.full_at.clamp(now, now + 2 * i64::from(self.burst) * self.every)
    }
}

fn micros_between(rate: f64) -> i64 {
    (1e6 / rate).ceil() as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    const TELEGRAM: Limits = Limits { total: Some(28), bulk: Some(20), chat: Some(1), at_once: 64 };

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millisecond(1_800_000_000_000 + millis).unwrap()
    }

    fn allowed(replies: usize, bulk: usize) -> Allowance {
        Allowance { replies, bulk }
    }

    #[test]
    fn without_rates_there_is_no_limit() {
        let mut pace = Pace::new(Limits::default());
        pace.take(1_000_000, 1_000_000, at(0));
        assert_eq!(pace.allowance(at(0)), allowed(usize::MAX, usize::MAX));
        assert_eq!(pace.ready(at(0)), at(0));
        assert_eq!((0..100).map(|_| pace.enter_chat(7, at(0))).filter(Result::is_err).count(), 0);
    }

    #[test]
    fn answers_have_a_reserve_that_nothing_else_touches() {
        let mut pace = Pace::new(TELEGRAM);
        assert_eq!(pace.allowance(at(0)), allowed(28, 5));
        pace.take(18, 0, at(0));
        assert_eq!(pace.allowance(at(0)), allowed(10, 2));
        pace.take(2, 0, at(0));
        assert_eq!(pace.allowance(at(0)), allowed(8, 0));
        assert_eq!(pace.ready(at(0)), at(179), "five more than the reserve, at 28 a second");
        pace.take(8, 0, at(0));
        assert_eq!(pace.allowance(at(35)), allowed(0, 0));
        assert_eq!(pace.allowance(at(36)), allowed(1, 0));
        assert_eq!(pace.ready(at(0)), at(36), "one answer");
    }

    #[test]
    fn what_nobody_waits_for_is_sent_evenly() {
        let mut pace = Pace::new(TELEGRAM);
        pace.take(0, 5, at(0));
        assert_eq!(pace.allowance(at(0)).bulk, 0);
        assert_eq!(pace.ready(at(0)), at(250));
        assert_eq!(pace.allowance(at(99)).bulk, 1);
        assert_eq!(pace.allowance(at(10_000)), allowed(28, 5));
    }

    #[test]
    fn too_fast_slows_it_down_once_and_it_grows_back() {
        let mut pace = Pace::new(TELEGRAM);
        pace.too_fast(at(3000), at(0));
        pace.too_fast(at(2000), at(1));
        assert_eq!(pace.allowance(at(2999)), allowed(28, 0), "answers go on");
        assert_eq!(pace.ready(at(1)), at(3000));
        let rate = |pace: &Pace, millis| (pace.bulk.as_ref().unwrap().rate(at(millis)) * 10.0).round() as i64;
        assert_eq!(
            [0, 60_000, 180_000, 360_000, 9_000_000].map(|millis| rate(&pace, millis)),
            [140, 150, 170, 200, 200]
        );
        for step in 1..50 {
            pace.too_fast(at(step * 10_000), at(step * 10_000));
        }
        assert_eq!(rate(&pace, 490_000), 10, "one a second at the least");
    }

    #[test]
    fn a_chat_gets_three_at_once_and_then_one_a_second() {
        let mut pace = Pace::new(TELEGRAM);
        let mut enter =
            |account, millis| pace.enter_chat(account, at(millis)).map_err(|at| at.as_millisecond() % 100_000);
        assert_eq!([0; 4].map(|millis| enter(7, millis)), [Ok(()), Ok(()), Ok(()), Err(1000)]);
        assert_eq!(enter(8, 0), Ok(()));
        assert_eq!([enter(7, 999), enter(7, 1000), enter(7, 1500)], [Err(1000), Ok(()), Err(2000)]);
    }

    #[test]
    fn chats_that_were_quiet_are_forgotten() {
        let mut pace = Pace::new(TELEGRAM);
        for account in 0..10_000 {
            pace.enter_chat(account, at(account)).unwrap();
        }
        assert!(pace.chats.len() <= 2 * CHATS, "{} chats", pace.chats.len());
    }

    #[test]
    fn a_clock_that_is_put_back_does_not_stop_anybody() {
        let mut pace = Pace::new(TELEGRAM);
        pace.take(28, 5, at(3_600_000));
        assert!(pace.allowance(at(2000)).replies == 28 || pace.ready(at(0)) <= at(2000), "{pace:?}");
        pace.take(1, 0, at(0));
        assert!(pace.ready(at(0)) <= at(2000));
    }

    /// Whatever is taken, in no stretch of time is it more than the burst and what flowed in meanwhile.
    #[test]
    fn no_stretch_of_time_ever_gets_more_than_its_share() {
        for seed in 0..200 {
            let mut random = fastrand::Rng::with_seed(seed);
            let mut pace = Pace::new(TELEGRAM);
            let (mut now, mut all, mut bulk) = (0_i64, Vec::new(), Vec::new());
            for _ in 0..300 {
                now += random.i64(0..400);
                if random.u8(..40) == 0 {
                    pace.too_fast(at(now + random.i64(0..5000)), at(now));
                }
                let Allowance { replies, bulk: others } = pace.allowance(at(now));
                assert!(others <= replies);
                let bulk_now = random.usize(0..=others);
                let replies_now = random.usize(0..=replies - bulk_now);
                pace.take(replies_now, bulk_now, at(now));
                all.extend(std::iter::repeat_n(now, replies_now + bulk_now));
                bulk.extend(std::iter::repeat_n(now, bulk_now));
            }
            conforms(&all, 28, 28, seed);
            conforms(&bulk, 20, 5, seed);
        }
    }

    #[track_caller]
    fn conforms(sent: &[i64], rate: i64, burst: i64, seed: u64) {
        for (first, from) in sent.iter().enumerate() {
            for (last, to) in sent.iter().enumerate().skip(first) {
                let count = i64::try_from(last - first).unwrap() + 1;
                assert!(count <= burst + (to - from) * rate / 1000 + 1, "seed {seed}: {count} in {} ms", to - from);
            }
        }
    }

    /// Whenever nothing is allowed, waiting until `ready` is enough, and nothing is ready before.
    #[test]
    fn ready_is_neither_too_early_nor_too_late() {
        for seed in 0..500 {
            let mut random = fastrand::Rng::with_seed(seed);
            let mut pace = Pace::new(TELEGRAM);
            pace.take(random.usize(0..=28), 0, at(0));
            pace.take(0, random.usize(0..=5), at(0));
            let now = at(random.i64(0..500));
            let ready = pace.ready(now);
            let then = pace.allowance(ready);
            assert!(then.replies > 0, "seed {seed}: {then:?}");
            if pace.allowance(now).replies == 0 {
                let before = ready.checked_sub(jiff::SignedDuration::from_millis(1)).unwrap();
                assert_eq!(pace.allowance(before).replies, 0, "seed {seed}");
            } else {
                assert!(then.bulk >= 5, "seed {seed}: {then:?}");
            }
        }
    }
}
