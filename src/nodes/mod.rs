//! Several programs on one database: which of them does what only one may do, and how they wake each other.
//!
//! A role (listening to a platform, sending to one) is a lease in the database, by the database's clock. Whoever has it renews it
//! every few seconds; whoever cannot renew it stops before somebody else may begin. Of one whose connections are gone the
//! database knows at once. What is written under a lease is checked against it in the same transaction, so that a program that
//! was frozen and comes back changes nothing. Roles of one kind are shared: who has some lets others go first. On a file there
//! is one program, and every role is its own at once. Never decides what is said, and knows no platform.

mod calls;
mod keep;
mod role;
mod turnstile;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::counters::Counters;
use crate::store::{Dialect, Store};

use calls::Switchboard;
use keep::Kept;
pub use role::{Grant, Role};
use turnstile::Turnstiles;

/// How long roles are given, and how often one looks.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// How long a role is given at a time.
    pub span: Duration,
    /// How often it is renewed.
    pub renew: Duration,
    /// How often a program asks for roles that it does not have, and looks at the database without having been woken.
    pub look: Duration,
    /// How long before its end a role is given up that could not be renewed.
    pub margin: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            span: Duration::from_secs(15),
            renew: Duration::from_secs(5),
            look: Duration::from_secs(1),
            margin: Duration::from_secs(2),
        }
    }
}

/// One of the programs that share a database. Clones are the same one.
#[derive(Clone)]
pub struct Node(Arc<Inner>);

struct Inner {
    store: Store,
    pace: Pace,
    /// False when no role has to be asked for.
    shared: bool,
    roles: Mutex<Vec<Kept>>,
    switchboard: Switchboard,
    turnstiles: Turnstiles,
    counters: Counters,
}

impl Node {
    /// A program on this database.
    #[must_use]
    pub fn new(store: Store) -> Self {
        Self::with_pace(store, Pace::default())
    }

    /// The same with other times: for tests.
    #[must_use]
    pub fn with_pace(store: Store, pace: Pace) -> Self {
        let shared = store.dialect() == Dialect::Postgres;
        Self::of(store, pace, shared)
    }

    /// A program that asks nobody, because what it does is its own affair: a conversation in a terminal.
    #[must_use]
    pub fn alone(store: Store) -> Self {
        Self::of(store, Pace::default(), false)
    }

    fn of(store: Store, pace: Pace, shared: bool) -> Self {
        let (roles, switchboard, turnstiles) = (Mutex::default(), Switchboard::default(), Turnstiles::default());
        let counters = Counters::default();
        Self(Arc::new(Inner { store, pace, shared, roles, switchboard, turnstiles, counters }))
    }

    /// What this program is called in the database.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.store.name()
    }

    /// A role that this program is ready to take; asked for by [`Node::run`].
    #[must_use]
    pub fn role(&self, name: &str) -> Role {
        self.ready_for(name, None)
    }

    /// The same for one of several roles of a kind, which programs share: each takes one, and another one only after a pause that
    /// grows with how many it has, so that others come first. What it has it keeps.
    #[must_use]
    pub fn role_of_a_kind(&self, kind: &'static str, name: &str) -> Role {
        self.ready_for(name, Some(kind))
    }

    fn ready_for(&self, name: &str, kind: Option<&'static str>) -> Role {
        let mut roles = self.roles();
        let kept = match roles.iter().position(|kept| kept.name == name) {
            Some(known) => &roles[known],
            None => {
                let grant = (!self.0.shared).then_some(Grant::Alone);
                roles.push(Kept::new(name, kind, grant, self.0.counters.clone()));
                // All programs ask in one order, so that no two of them wait for each other.
                roles.sort_by(|one, other| one.name.cmp(&other.name));
                let at = roles.iter().position(|kept| kept.name == name).unwrap_or_default();
                &roles[at]
            }
        };
        kept.role()
    }

    /// Which of its roles it has.
    #[must_use]
    pub fn roles_held(&self) -> Vec<(String, bool)> {
        self.roles().iter().map(|kept| (kept.name.clone(), kept.grant().is_some())).collect()
    }

    /// How often roles came and went.
    #[must_use]
    pub fn counters(&self) -> &Counters {
        &self.0.counters
    }

    /// The database.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.0.store
    }

    /// Asks for roles and renews them, hears calls and makes them, until it is cancelled. The roles stay until [`Node::leave`].
    pub async fn run(&self, cancel: CancellationToken) {
        if !self.0.shared {
            return cancel.cancelled().await;
        }
        tokio::select! {
            () = cancel.cancelled() => {}
            () = self.keep() => {}
            () = self.hear() => {}
            () = self.tick() => {}
            () = self.make_calls() => {}
        }
    }

    fn roles(&self) -> MutexGuard<'_, Vec<Kept>> {
        self.0.roles.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does this program have any role?
    fn has_any_role(&self) -> bool {
        self.roles().iter().any(|kept| kept.grant().is_some())
    }
}
