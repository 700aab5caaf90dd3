//! What the integration tests share: fake platforms.

#![allow(dead_code, reason = "each test program compiles all of this and uses a part")]
#![allow(unreachable_pub, reason = "a module of each test program, not of the library")]

pub mod chat;
pub mod fake_telegram;
