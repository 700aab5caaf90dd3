//! Which scripts are in use: the present ones, and the earlier texts that somebody is in the middle of.
//!
//! Texts are kept before anybody can begin them, so that an edit never takes away what somebody stands in.

use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use super::{Door, TurnError};
use crate::clock::ago;
use crate::engine::State;
use crate::script::Library;
use crate::store::{Result, Tx};
use crate::types::PersonId;

/// A text that nobody stands in is kept this long after it was last present: another machine may still be using it.
const KEEP_UNUSED: Duration = Duration::from_hours(7 * 24);
/// How many sessions are looked at together.
const PAGE: i64 = 500;

impl Door {
    /// Puts scripts into use; turns that have begun finish with the ones before.
    ///
    /// # Errors
    /// When the store fails; then the ones before stay in use.
    pub async fn use_scripts(&self, mut library: Library) -> Result<(), TurnError> {
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        for (name, rev, text) in library.texts() {
            tx.keep_script(name, rev, text, now).await?;
        }
        forget_unused(&mut tx, now).await?;
        library.remember_earlier(&tx.scripts_kept().await?);
        // Before the commit: no turn comes in between that would begin a text which is forgotten already.
        *self.library.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(library);
        Ok(tx.commit().await?)
    }

    /// Looks whether a text was withdrawn, or given back, since the scripts were put into use.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn follow_withdrawals(&self) -> Result<(), TurnError> {
        let mut tx = self.store.begin().await?;
        let (withdrawn, library) = (tx.scripts_withdrawn().await?, self.library());
        if library.withdrawn().eq(withdrawn.iter().map(|(name, rev)| (name.as_str(), rev.as_str()))) {
            return Ok(tx.rollback().await?);
        }
        let mut library = Library::clone(&library);
        library.remember_earlier(&tx.scripts_kept().await?);
        *self.library.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(library);
        tracing::warn!(withdrawn = withdrawn.len(), "the list of withdrawn scripts has changed");
        Ok(tx.rollback().await?)
    }
}

/// Forgets earlier texts that nobody stands in any more.
async fn forget_unused(tx: &mut Tx, now: Timestamp) -> Result<(), TurnError> {
    let old = tx.scripts_absent_since(ago(now, KEEP_UNUSED)).await?;
    if old.is_empty() {
        return Ok(());
    }
    let named = named(tx).await?;
    for (name, rev) in old.iter().filter(|text| !named.contains(text)) {
        tx.drop_script(name, rev).await?;
    }
    Ok(())
}

/// Every text that a session stands in: name and revision.
async fn named(tx: &mut Tx) -> Result<BTreeSet<(String, String)>, TurnError> {
    let mut named = BTreeSet::new();
    let mut after = PersonId(0);
    loop {
        let page = tx.states_after(after, PAGE).await?;
        let Some((last, _)) = page.last() else { return Ok(named) };
        after = *last;
        for (_, state) in &page {
            let state = State::read(state.reveal())?;
            let frames = state.active.iter().chain(&state.parked).flat_map(|thread| &thread.frames);
            named.extend(frames.map(|frame| (frame.script.clone(), frame.rev.clone())));
        }
    }
}
