//! What the tests share. Each test program uses a part of it.
#![allow(dead_code, reason = "each test program uses a part of it")]
#![allow(clippy::missing_panics_doc, missing_docs, unreachable_pub, reason = "test code")]

pub mod engine;
pub mod house;
pub mod postbox;
