//! One event of one person in, a new state and a list of effects out.

pub mod api;

pub use api::{CheckIn, Due, Effect, Entry, Event, Facts, IfBusy, Kept, Outcome, Plan, Run};
