//! The connections of one bot to the gateway: Discord shares its servers out among them (Discord, "Sharding").
//!
//! Which of several programs has which connection is not decided here.

use std::time::Duration;

use crate::outbox::BoxFuture;

/// How long to wait between two logins. Discord asks for five seconds, counted where it stands.
pub const LOGIN_EVERY: Duration = Duration::from_millis(5_500);

/// The most connections of a bot: enough for 64,000 servers as Discord counts them.
pub const MOST_SHARDS: u32 = 64;

/// The most servers that one connection may have, and how many Discord recommends.
const SERVERS: (u64, u64) = (2_500, 1_000);

/// One of the connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    /// From 0 to one less than there are.
    pub id: u32,
    /// How many there are.
    pub total: u32,
}

/// Lets connections log in one after the other. Who asks, waits.
pub trait Porter: Send + Sync {
    /// Returns when the next one of this bucket may log in.
    fn admits(&self, bucket: u64) -> BoxFuture<'_, ()>;
}

/// Lets everybody in at once: for a bot that has one connection and no other program.
#[derive(Clone, Copy, Debug, Default)]
pub struct OpenDoor;

impl Porter for OpenDoor {
    fn admits(&self, _: u64) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}

impl Shard {
    /// The only one.
    pub const WHOLE: Self = Self { id: 0, total: 1 };

    /// All connections of a bot that has so many.
    pub fn all(total: u32) -> impl Iterator<Item = Self> {
        (0..total).map(move |id| Self { id, total })
    }

    /// Direct messages come over the first connection, servers over all of them.
    #[must_use]
    pub fn hears_direct_messages(self) -> bool {
        self.id == 0
    }

    /// Those of one bucket log in one after the other; `at_once` is Discord's `max_concurrency`.
    pub(super) fn bucket(self, at_once: u64) -> u64 {
        u64::from(self.id) % at_once.max(1)
    }

    /// Whether the bot has enough connections, by the number that Discord recommends.
    pub(super) fn suits(self, recommended: u64) -> Suits {
        let (most, usual) = SERVERS;
        let servers = recommended.saturating_sub(1) * usual;
        match u64::from(self.total) {
            total if servers >= most * total => Suits::TooFew,
            total if recommended > total => Suits::Tight,
            _ => Suits::Well,
        }
    }
}

/// Whether there are enough connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Suits {
    Well,
    /// Discord recommends more.
    Tight,
    /// Discord would refuse them.
    TooFew,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_are_enough_until_one_has_2500_servers() {
        let of = |total, recommended| Shard { id: 0, total }.suits(recommended);
        assert_eq!([of(1, 0), of(1, 1), of(4, 3), of(4, 4)], [Suits::Well; 4]);
        assert_eq!([of(1, 2), of(1, 3), of(2, 5)], [Suits::Tight; 3]);
        assert_eq!([of(1, 4), of(2, 6), of(1, u64::MAX / 1_000)], [Suits::TooFew; 3]);
    }

    #[test]
    fn buckets_go_by_the_number_of_the_connection() {
        let buckets = |at_once| Shard::all(4).map(|shard| shard.bucket(at_once)).collect::<Vec<_>>();
        assert_eq!(buckets(1), [0, 0, 0, 0]);
        assert_eq!(buckets(2), [0, 1, 0, 1]);
        assert_eq!(buckets(0), [0, 0, 0, 0]);
    }
}
