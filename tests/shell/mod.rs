//! Stories of the whole shell, on whichever database the test program is about.

mod downtime;
mod history;
mod outbox;
mod reminders;
mod revisions;
mod stories;
mod turns;
