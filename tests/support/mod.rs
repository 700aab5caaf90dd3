//! What the tests share: fake platforms, a stage for transcripts, a house with its workers stepped by hand.

#![allow(dead_code, reason = "each test program compiles all of this and uses a part")]
#![allow(clippy::missing_panics_doc, missing_docs, unreachable_pub, reason = "test code")]

pub mod bot;
pub mod chat;
pub mod database;
#[cfg(target_os = "linux")]
pub mod disk;
pub mod engine;
pub mod fake_discord;
pub mod fake_telegram;
pub mod house;
pub mod journey;
pub mod multipart;
pub mod png;
pub mod postbox;
pub mod postgres;
pub mod program;
pub mod prompts;
pub mod town;
pub mod wire;
