//! Goldseam: a chat bot that helps people rebuild trust, one small thing a day.
//!
//! The map, in reading order. The functional core decides and does nothing; the shell does and decides nothing.
//!
//! Core (no async, no I/O, no clock, no randomness, no platform types):
//! - [`types`]: the words every room shares.
//! - [`phrase`]: folding of text and lists of phrases.
//! - [`engine`]: one event of one person in, a new state and a list of effects out.
//! - [`script`]: YAML to checked scripts; expressions, texts, phrases.
//! - [`safety`]: a first look at every text, before any script.
//! - [`practice`]: promises and what else people do here; pure arithmetic.
//! - [`picture`]: numbers to pictures: the seam, the mood line, the year, said and done.
//! - [`schedule`]: wall-clock rules, zones, quiet hours.
//! - [`transcript`]: conversations written down, played and compared; what of the scripts they reach.
//!
//! Shell:
//! - [`clock`], [`config`]: the only reader of time; the only reader of settings.
//! - [`vault`]: sealing and opening of private text.
//! - [`store`]: rows and transactions, the only SQL.
//! - [`nodes`]: several programs on one database: who does what only one may do.
//! - [`turn`]: the one door; loads, steps, commits.
//! - [`reminders`]: wakes up what is due.
//! - [`outbox`]: delivery of committed messages.
//! - [`platform`]: Telegram, Discord and the terminal.
//! - [`counters`], [`pulse`], [`trouble`], [`metrics`]: what is counted, who gets on, what is wrong, and the page that shows it.
//! - [`crash`]: points at which a test lets the program die.
//! - [`prompts`]: the only reader of script files.
//! - [`simulate`]: simulated persons who live with the bot, and what must never happen to them.
//! - [`cli`]: commands, composition, signals, order of shutdown.

pub mod cli;
pub mod clock;
pub mod config;
pub mod counters;
pub mod crash;
pub mod engine;
pub mod metrics;
pub mod nodes;
pub mod outbox;
pub mod phrase;
pub mod picture;
pub mod platform;
pub mod practice;
pub mod prompts;
pub mod pulse;
pub mod reminders;
pub mod safety;
pub mod schedule;
pub mod script;
pub mod simulate;
pub mod store;
pub mod transcript;
pub mod trouble;
pub mod turn;
pub mod types;
pub mod vault;
