//! What the tests share. Each test binary uses a part of it.
#![allow(dead_code, missing_docs, unreachable_pub, reason = "each test binary uses a part")]

pub mod fake_discord;
