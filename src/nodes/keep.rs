//! Asks for roles, renews them, and gives them up in time when that fails.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::{Grant, Node, Role};
use crate::counters::Counters;
use crate::store::{Lease, StoreError};

/// How long giving back may take.
const FAREWELL: Duration = Duration::from_secs(2);
/// The pause before the next role of a kind is taken, in looks: for each that is there, and at most.
const PAUSE: (u32, u32) = (2, 5);

/// A role that this program has or would take.
pub(super) struct Kept {
    pub(super) name: String,
    /// Programs share the roles of a kind.
    kind: Option<&'static str>,
    grant: watch::Sender<Option<Grant>>,
    /// When it is given up unless it was renewed.
    ends: Option<Instant>,
    /// When it was taken, or left to another program.
    moved: Option<Instant>,
    /// The database knows it.
    known: bool,
    /// This program wants it no more.
    resigned: bool,
    counters: Counters,
}

impl Kept {
    pub(super) fn new(name: &str, kind: Option<&'static str>, grant: Option<Grant>, counters: Counters) -> Self {
        let (name, grant) = (name.to_owned(), watch::Sender::new(grant));
        Self { name, kind, grant, ends: None, moved: None, known: false, resigned: false, counters }
    }

    pub(super) fn role(&self) -> Role {
        Role::new(self.grant.subscribe())
    }

    pub(super) fn grant(&self) -> Option<Grant> {
        self.grant.borrow().clone()
    }

    /// Leaves it to another program.
    fn leave(&mut self) {
        if self.grant.send_replace(None).is_some() {
            (self.ends, self.moved) = (None, Some(Instant::now()));
            self.counters.add("roles.left", "", 1);
            tracing::info!(role = self.name, "this program leaves a role to another one, which has fewer");
        }
    }

    fn lease(&self) -> Option<Lease> {
        self.grant().and_then(|grant| grant.lease().cloned())
    }

    /// True when it changed.
    fn set(&mut self, lease: Option<Lease>, ends: Instant) -> bool {
        self.known = true;
        self.ends = lease.is_some().then_some(ends);
        let grant = lease.filter(|_| !self.resigned).map(Grant::Lease);
        let (had, has) = (self.grant.borrow().is_some(), grant.is_some());
        match (had, has) {
            (false, true) => {
                self.moved = Some(Instant::now());
                self.counters.add("roles.taken", "", 1);
                tracing::info!(role = self.name, "this program has taken over a role");
            }
            (true, false) => {
                self.counters.add("roles.lost", "", 1);
                tracing::warn!(role = self.name, "this program has lost a role");
            }
            _ => {}
        }
        self.grant.send_if_modified(|known| {
            let changed = *known != grant;
            *known = grant;
            changed
        })
    }
}

impl Node {
    /// Keeps what it has and takes what is free, for ever.
    pub(super) async fn keep(&self) {
        loop {
            let all = self.ask_in_time().await;
            let pause = if all { self.0.pace.renew } else { self.0.pace.look };
            tokio::select! {
                () = sleep(pause) => {}
                () = self.0.switchboard.roles.notified() => {}
            }
        }
    }

    /// Gives back every role, so that others need not wait for their end.
    pub async fn leave(&self) {
        let leases: Vec<Lease> = self.roles().iter().filter_map(Kept::lease).collect();
        self.give_back(&leases).await;
    }

    /// Gives back a role for good: this program cannot do what it is about. One that is alone keeps it, because nobody else could.
    pub async fn resign(&self, name: &str) {
        if !self.0.shared {
            return;
        }
        let lease = {
            let mut roles = self.roles();
            let Some(kept) = roles.iter_mut().find(|kept| kept.name == name) else { return };
            let lease = kept.lease();
            kept.resigned = true;
            kept.set(None, Instant::now());
            lease
        };
        self.give_back(lease.as_slice()).await;
    }

    async fn give_back(&self, leases: &[Lease]) {
        let given = async {
            let mut tx = self.0.store.begin().await?;
            for lease in leases {
                tx.give_role_back(lease).await?;
            }
            tx.commit().await
        };
        match timeout(FAREWELL, given).await {
            Ok(Ok(())) => self.call_for_roles().await,
            Ok(Err(_)) | Err(_) => {
                tracing::warn!("the roles could not be given back; others take them over a little later")
            }
        }
    }

    /// True when it has all of its roles for a while. A database that does not answer costs them, but only when nobody else
    /// can have them yet.
    async fn ask_in_time(&self) -> bool {
        let asked = Instant::now();
        let first = self.roles().iter().filter_map(|kept| kept.ends).min();
        let asking = timeout_at(first.unwrap_or(asked + self.0.pace.span), self.ask());
        match asking.await {
            Ok(Ok((answers, surplus))) => {
                let all = self.take_in(answers, asked);
                self.leave_some(&surplus).await;
                all
            }
            Ok(Err(error)) => {
                tracing::warn!(%error, "the roles could not be renewed; it is tried again");
                self.give_up(Instant::now());
                false
            }
            Err(_) => {
                tracing::warn!("the database does not answer; the roles cannot be renewed");
                self.give_up(Instant::now());
                false
            }
        }
    }

    /// What became of each role: `None` for one that it does not have, or has not asked for because it is others' turn. And those
    /// that others should have, because they have fewer of a kind.
    async fn ask(&self) -> Result<(Vec<(String, Option<Lease>)>, Vec<Lease>), StoreError> {
        let wishes = wishes(&self.roles(), Instant::now(), self.0.pace.look);
        let mut tx = self.0.store.begin().await?;
        let mut answers = Vec::with_capacity(wishes.len());
        let mut enough: Vec<&'static str> = Vec::new();
        let mut shares: BTreeMap<&'static str, Share> = BTreeMap::new();
        for wish in wishes {
            if !wish.known {
                tx.add_role(&wish.name).await?;
            }
            let others_first = !wish.ours && wish.kind.is_some_and(|kind| wish.waits || enough.contains(&kind));
            let lease =
                if others_first { None } else { tx.ask_for_role(&wish.name, self.name(), self.0.pace.span).await? };
            if lease.is_some() && !wish.ours {
                enough.extend(wish.kind);
            }
            if let Some(kind) = wish.kind {
                shares.entry(kind).or_default().add(lease.as_ref());
            }
            answers.push((wish.name, lease));
        }
        let mut surplus = Vec::new();
        for (kind, share) in shares.into_iter().filter(|(_, share)| share.there_are > 1) {
            // Programs whose settings name another number are left out: they may not know the roles that are left to them.
            let kind = format!("{kind}/{}", share.there_are);
            let fewest = tx.wish(&kind, share.has, self.name(), self.0.pace.span).await?;
            surplus.extend(share.last.filter(|_| fewest.is_some_and(|fewest| share.has >= fewest + 2)));
        }
        tx.commit().await?;
        Ok((answers, surplus))
    }

    /// The work is told to end here before it may begin elsewhere.
    async fn leave_some(&self, surplus: &[Lease]) {
        if surplus.is_empty() {
            return;
        }
        let left = |kept: &Kept| surplus.iter().any(|lease| lease.role == kept.name);
        self.roles().iter_mut().filter(|kept| left(kept)).for_each(Kept::leave);
        self.give_back(surplus).await;
    }

    fn take_in(&self, answers: Vec<(String, Option<Lease>)>, asked: Instant) -> bool {
        let ends = asked + self.0.pace.span - self.0.pace.margin;
        // An answer that took too long is none.
        let in_time = ends > Instant::now();
        let (mut all, mut changed) = (true, false);
        let mut roles = self.roles();
        for (name, lease) in answers {
            let lease = lease.filter(|_| in_time);
            all &= lease.is_some();
            if let Some(kept) = roles.iter_mut().find(|kept| kept.name == name) {
                changed |= kept.set(lease, ends);
            }
        }
        drop(roles);
        if changed {
            self.ring_senders();
        }
        all
    }

    /// Gives up what may be somebody else's from now on.
    fn give_up(&self, now: Instant) {
        for kept in self.roles().iter_mut().filter(|kept| kept.ends.is_some_and(|ends| ends <= now)) {
            kept.set(None, now);
        }
    }
}

/// How many of the roles of a kind this program has.
#[derive(Default)]
struct Share {
    there_are: usize,
    has: usize,
    /// The last of them.
    last: Option<Lease>,
}

impl Share {
    fn add(&mut self, lease: Option<&Lease>) {
        self.there_are += 1;
        if let Some(lease) = lease {
            self.has += 1;
            self.last = Some(lease.clone());
        }
    }
}

/// A role that is asked for.
struct Wish {
    name: String,
    kind: Option<&'static str>,
    known: bool,
    ours: bool,
    /// Others may have one of its kind first.
    waits: bool,
}

fn wishes(roles: &[Kept], now: Instant, look: Duration) -> Vec<Wish> {
    let wish = |kept: &Kept| Wish {
        name: kept.name.clone(),
        kind: kept.kind,
        known: kept.known,
        ours: kept.grant().is_some(),
        waits: next_of_kind(roles, kept.kind, look).is_some_and(|next| now < next),
    };
    roles.iter().filter(|kept| !kept.resigned).map(wish).collect()
}

/// When another role of this kind may be taken: a while after the last one came or went, the longer the more there are already.
fn next_of_kind(roles: &[Kept], kind: Option<&'static str>, look: Duration) -> Option<Instant> {
    let ours = || roles.iter().filter(|kept| kept.kind == kind && kept.grant().is_some());
    let (each, most) = PAUSE;
    let pause = look * u32::try_from(ours().count()).unwrap_or(most).saturating_mul(each).min(most);
    roles.iter().filter(|kept| kept.kind == kind).filter_map(|kept| kept.moved).max().map(|last| last + pause)
}
