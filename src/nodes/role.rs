//! A role as the one who works under it sees it.

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::store::Lease;

/// That a role is ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Grant {
    /// Nobody else could have it.
    Alone,
    /// By a lease, which counts as long as the database says so.
    Lease(Lease),
}

/// What only one program may do at a time. Clones tell the same.
#[derive(Clone, Debug)]
pub struct Role(watch::Receiver<Option<Grant>>);

impl Grant {
    /// The lease, if there is one.
    #[must_use]
    pub fn lease(&self) -> Option<&Lease> {
        match self {
            Grant::Alone => None,
            Grant::Lease(lease) => Some(lease),
        }
    }
}

impl Role {
    pub(super) fn new(grant: watch::Receiver<Option<Grant>>) -> Self {
        Self(grant)
    }

    /// A role that nobody else could have.
    #[must_use]
    pub fn alone() -> Self {
        Self(watch::channel(Some(Grant::Alone)).1)
    }

    /// Is the role ours now?
    #[must_use]
    pub fn grant(&self) -> Option<Grant> {
        self.0.borrow().clone()
    }

    /// Works while the role is ours, and again when it comes back. The token ends the work at once when the role is lost. Ends with
    /// `cancel`, or with what the work says when it ends by itself.
    pub async fn work<T, W: Future<Output = T>>(
        mut self,
        cancel: &CancellationToken,
        mut work: impl FnMut(CancellationToken) -> W,
    ) -> Option<T> {
        loop {
            let grant = tokio::select! {
                () = cancel.cancelled() => return None,
                grant = self.granted() => grant,
            };
            let stop = cancel.child_token();
            let mut working = std::pin::pin!(work(stop.clone()));
            tokio::select! {
                done = &mut working => return Some(done),
                () = self.lost(&grant) => {
                    stop.cancel();
                    working.await;
                }
            }
        }
    }

    async fn granted(&mut self) -> Grant {
        loop {
            if let Some(grant) = self.0.borrow_and_update().clone() {
                return grant;
            }
            self.changed().await;
        }
    }

    /// Until this grant is none any more.
    async fn lost(&mut self, grant: &Grant) {
        while self.0.borrow_and_update().as_ref() == Some(grant) {
            self.changed().await;
        }
    }

    /// A role whose keeper is gone stays what it was.
    async fn changed(&mut self) {
        if self.0.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    #[tokio::test]
    async fn work_ends_with_the_role_and_begins_again_with_it() {
        let (role, seen) = watch::channel(None);
        let (cancel, begun) = (CancellationToken::new(), Arc::new(AtomicU32::new(0)));
        let working = tokio::spawn({
            let (cancel, begun) = (cancel.clone(), begun.clone());
            async move {
                let work = |stop: CancellationToken| {
                    begun.fetch_add(1, Ordering::SeqCst);
                    async move { stop.cancelled().await }
                };
                Role::new(seen).work(&cancel, work).await
            }
        });
        for epoch in 1..=3 {
            let lease = Lease { role: "send".into(), holder: "me".into(), epoch };
            role.send_replace(Some(Grant::Lease(lease)));
            while begun.load(Ordering::SeqCst) < u32::try_from(epoch).unwrap() {
                tokio::task::yield_now().await;
            }
            if epoch == 1 {
                role.send_replace(None);
            }
        }
        cancel.cancel();
        assert_eq!((working.await.unwrap(), begun.load(Ordering::SeqCst)), (Some(()), 3));
    }

    #[tokio::test]
    async fn work_that_ends_by_itself_is_over() {
        let done = Role::alone().work(&CancellationToken::new(), |_| async { 7 }).await;
        assert_eq!(done, Some(7));
    }
}
