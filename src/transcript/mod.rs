//! Transcripts: conversations written down, played through the real engine in a small world of facts and schedules.
//!
//! They are what an author tests a script with; `docs/transcripts.md` describes their lines. Takes texts and gives values:
//! whoever reads files and prints stands outside.

pub mod coverage;
mod parse;
mod play;
mod scripts;
mod show;
mod stage;
mod world;

pub use coverage::{Coverage, Part};
pub use parse::{Act, Expect, Given, Line, Past, Transcript, Wait, What, Wrong};
pub use play::{Difference, Played, Row, Sign, play};
pub use scripts::{Place, Scripts};
pub use stage::{Logged, Said, Spoken, Stage};
