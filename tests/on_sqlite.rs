//! The stories of the whole shell on `SQLite`.

mod shell;
mod support;
