//! Scripts: from YAML that a person wrote to something the engine can run, or to a list of everything that is wrong with it.
//!
//! Reads texts, not files; knows no person, no clock and no platform. The language is described in `docs/script-language.md`.

mod against;
mod banned;
mod check;
mod earlier;
pub mod expr;
mod flow;
pub mod format;
mod grammar;
pub mod graph;
pub mod library;
pub mod locale;
mod mistyped;
pub mod model;
mod parse;
pub mod paths;
pub mod problem;
mod read;
pub mod reading;
pub mod review;
pub mod schema;
mod side_by_side;
mod steps;
pub mod text;
pub mod translate;
pub mod words;
mod yaml;

pub use against::{Waiting, against};
pub use earlier::EarlierText;
pub use library::{Library, PromptFile, Report, Reserved};
pub use review::Review;

/// A short hash of a text (FNV-1a), to notice that a script was edited. Not for security.
#[must_use]
pub fn revision(text: &str) -> String {
    format!("{:016x}", hash(text.as_bytes()))
}

/// FNV-1a: small, stable over versions and platforms.
#[must_use]
pub fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

/// The lower half of [`hash`]: enough to tell a few dozen things apart.
#[must_use]
#[expect(clippy::cast_possible_truncation, reason = "the lower half is what is wanted")]
pub fn short_hash(bytes: &[u8]) -> u32 {
    hash(bytes) as u32
}
