//! The terminal: what is shown there, and lines from a person: edited at a terminal, or read from a pipe. What was typed is kept in no history file.

use std::io::{BufRead as _, IsTerminal as _};

use rustyline::error::ReadlineError;
use rustyline::{Config, DefaultEditor, ExternalPrinter as _};
use tokio::sync::mpsc::{self, Receiver, Sender};

use crate::config;
use crate::outbox::{BoxFuture, Deliver, Outgoing, SendError, Sent};
use crate::platform::console::{Look, Screen};
use crate::types::Platform;

/// Lines, one at a time.
pub(crate) struct Lines {
    lines: Receiver<String>,
    /// Tells the reader that the answer is printed, so that it may show its prompt again.
    ready: std::sync::mpsc::Sender<()>,
}

impl Lines {
    /// The next line; nothing when there are no more.
    pub(crate) async fn next(&mut self) -> Option<String> {
        self.lines.recv().await
    }

    /// The last line was answered.
    pub(crate) fn answered(&self) {
        // A reader that is gone needs no prompt.
        let _ = self.ready.send(());
    }
}

/// True when a person sits in front of it.
fn is_terminal() -> bool {
    std::io::stdin().is_terminal() && std::io::stdout().is_terminal()
}

/// How messages are laid out here.
pub(super) fn look() -> Look {
    if is_terminal() { Look::Terminal } else { Look::Plain }
}

/// The terminal's screen, with pictures where it shows true colours and they are wanted.
pub(super) fn screen(pictures: bool) -> Screen {
    Screen::stdout(look()).with_pictures(pictures && config::terminal_has_colours())
}

/// Begins to read. Messages that come while somebody types are printed above their line.
pub(crate) fn open(screen: &Screen, look: Look) -> anyhow::Result<Lines> {
    let (sender, lines) = mpsc::channel(1);
    let (ready, wait) = std::sync::mpsc::channel();
    match look {
        Look::Plain => {
            std::thread::spawn(move || read_plain(&sender, &wait));
        }
        Look::Terminal => {
            let config = Config::builder().auto_add_history(true).build();
            let mut editor = DefaultEditor::with_config(config)?;
            let mut printer = editor.create_external_printer()?;
            screen.print_through(Box::new(move |text| printer.print(text).map_err(std::io::Error::other)));
            std::thread::spawn(move || read_edited(&mut editor, &sender, &wait));
        }
    }
    Ok(Lines { lines, ready })
}

fn read_plain(sender: &Sender<String>, wait: &std::sync::mpsc::Receiver<()>) {
    for line in std::io::stdin().lock().lines() {
        let Ok(line) = line else { return };
        if wait.recv().is_err() || sender.blocking_send(line).is_err() {
            return;
        }
    }
    // The answer to the last line is printed before the end is told.
    let _ = wait.recv();
}

fn read_edited(editor: &mut DefaultEditor, sender: &Sender<String>, wait: &std::sync::mpsc::Receiver<()>) {
    while wait.recv().is_ok() {
        match editor.readline("\u{203a} ") {
            Ok(line) => {
                if sender.blocking_send(line).is_err() {
                    return;
                }
            }
            Err(ReadlineError::Interrupted | ReadlineError::Eof) => return,
            Err(_) => return,
        }
    }
}

/// The screen of the person who sits in front of it. What is for another person of the terminal waits until they are here.
pub(super) struct OwnScreen {
    pub(super) screen: Screen,
    pub(super) person: String,
}

impl Deliver for OwnScreen {
    fn platform(&self) -> Platform {
        Platform::Console
    }

    fn deliver<'a>(&'a self, outgoing: &'a Outgoing) -> BoxFuture<'a, Result<Sent, SendError>> {
        if outgoing.account == self.person {
            return self.screen.deliver(outgoing);
        }
        Box::pin(async { Err(SendError::NotSent("they are not at the terminal".into())) })
    }
}
