//! Stub: one event of one person in, a new state and a list of effects out. The lead's engine replaces this file.

pub mod api;

pub use api::{CheckIn, Due, Effect, Entry, Event, Facts, IfBusy, Kept, Outcome, Plan, Run};

use serde::{Deserialize, Serialize};

use crate::script::Library;

/// Stub.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct State {
    /// Stub.
    pub seed: u64,
}

impl State {
    /// Stub.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { seed }
    }
}

/// Stub.
#[must_use]
pub fn step(_: &Library, state: &State, _: &Facts, _: &Event, _: &jiff::Zoned) -> (State, Vec<Effect>) {
    (state.clone(), vec![])
}
