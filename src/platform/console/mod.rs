//! The terminal as a platform: a line that was typed becomes an input, a message becomes lines.
//!
//! At a terminal the bot's words are dim, a message can arrive while somebody types, and pictures are drawn in half blocks where
//! there are true colours. Elsewhere (pipes, tests) every line of
//! the bot begins with `< `, choices stand on one line as `[1] label`, and a blank line ends each message. Nothing is decided
//! here.

mod blocks;

use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

use crate::outbox::{BoxFuture, Deliver, Outgoing, SendError, Sent};
use crate::types::{Button, Inbound, Input, Message, Place, PlaceKind, Platform, Private, Span};

/// Reads a stored event. The terminal stores its inputs as they are.
#[must_use]
pub fn decode(raw: &str) -> Option<Inbound> {
    serde_json::from_str(raw).ok()
}

/// Where finished text goes.
pub type Print = Box<dyn FnMut(String) -> std::io::Result<()> + Send>;

/// What is on the screen: prints messages, and remembers what the last question offered.
#[derive(Clone)]
pub struct Screen(Arc<Mutex<Inner>>);

struct Inner {
    look: Look,
    print: Print,
    offered: Vec<Button>,
    wants_text: bool,
    pictures: bool,
}

/// How messages are laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// For people at a terminal.
    Terminal,
    /// For pipes.
    Plain,
}

impl Screen {
    /// A screen that prints through `print`.
    #[must_use]
    pub fn new(look: Look, print: Print) -> Self {
        Self(Arc::new(Mutex::new(Inner { look, print, offered: Vec::new(), wants_text: false, pictures: false })))
    }

    /// A screen on standard output.
    #[must_use]
    pub fn stdout(look: Look) -> Self {
        Self::new(
            look,
            Box::new(|text| {
                let mut out = std::io::stdout().lock();
                out.write_all(text.as_bytes())?;
                out.flush()
            }),
        )
    }

    /// The same with pictures above their texts, for a terminal that shows true colours. Elsewhere there is only the text.
    #[must_use]
    pub fn with_pictures(self, pictures: bool) -> Self {
        self.with(|inner| inner.pictures = pictures && inner.look == Look::Terminal);
        self
    }

    /// Changes where finished text goes.
    pub fn print_through(&self, print: Print) {
        self.with(|inner| inner.print = print);
    }

    /// Prints a line about the program itself, not of the conversation.
    ///
    /// # Errors
    /// When nothing can be printed any more.
    pub fn remark(&self, text: &str) -> std::io::Result<()> {
        self.with(|inner| {
            let line = match inner.look {
                Look::Terminal => format!("\x1b[2m{text}\x1b[0m\n"),
                Look::Plain => text.lines().fold(String::new(), |lines, line| lines + "# " + line + "\n"),
            };
            (inner.print)(line)
        })
    }

    /// Prints text as it stands.
    ///
    /// # Errors
    /// When nothing can be printed any more.
    pub fn raw(&self, text: &str) -> std::io::Result<()> {
        self.with(|inner| (inner.print)(text.to_owned()))
    }

    /// What a typed line is: a button by its number or its label, a command, or text.
    #[must_use]
    pub fn read(&self, line: &str) -> Input {
        self.with(|inner| {
            let line = line.trim();
            if let Some(button) = pressed(line, inner) {
                return Input::Press(button.token.clone());
            }
            match line.strip_prefix('/').filter(|rest| rest.starts_with(|c: char| c.is_ascii_alphabetic())) {
                Some(rest) => {
                    let (name, rest) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
                    Input::Command { name: name.to_lowercase(), rest: Private::new(rest.trim()) }
                }
                None => Input::Text(Private::new(line)),
            }
        })
    }

    fn with<T>(&self, act: impl FnOnce(&mut Inner) -> T) -> T {
        // A panic while printing leaves nothing half-done that matters.
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The picture of a message, where pictures are shown.
    async fn drawn(&self, message: &Message) -> String {
        let shows = self.with(|inner| inner.pictures);
        let Some(drawing) = message.picture.clone().filter(|_| shows) else { return String::new() };
        let width = u16::try_from(terminal_width()).unwrap_or(WIDEST_PICTURE).min(WIDEST_PICTURE);
        let drawn = tokio::task::spawn_blocking(move || blocks::blocks(&drawing, width)).await;
        // One that could not be drawn is left out: the text says the same.
        drawn.ok().flatten().map(|picture| format!("\n{picture}")).unwrap_or_default()
    }

    fn show(&self, message: &Message, picture: &str) -> std::io::Result<()> {
        self.with(|inner| {
            inner.wants_text = message.wants_text.is_some();
            inner.offered.clone_from(&message.buttons);
            let text = match inner.look {
                Look::Terminal => picture.to_owned() + &for_terminal(message, terminal_width()),
                Look::Plain => plain(message),
            };
            (inner.print)(text)
        })
    }
}

/// A number only stands for a button where no number could be the answer.
fn pressed<'i>(line: &str, inner: &'i Inner) -> Option<&'i Button> {
    let by_label = inner.offered.iter().find(|button| button.label.to_lowercase() == line.to_lowercase());
    if by_label.is_some() || inner.wants_text {
        return by_label;
    }
    let line = line.trim_matches(['[', ']']);
    line.parse::<usize>().ok().and_then(|number| inner.offered.get(number.checked_sub(1)?))
}

fn plain(message: &Message) -> String {
    let text = message.text.text();
    let mut lines: String =
        text.lines().fold(String::new(), |lines, line| lines + format!("< {line}").trim_end() + "\n");
    if !message.buttons.is_empty() {
        writeln!(lines, "< {}", choices(&message.buttons, " ")).unwrap_or_default();
    }
    lines.push('\n');
    lines
}

fn choices(buttons: &[Button], between: &str) -> String {
    let shown = buttons.iter().enumerate().map(|(index, button)| format!("[{}] {}", index + 1, button.label));
    shown.collect::<Vec<_>>().join(between)
}

fn for_terminal(message: &Message, width: usize) -> String {
    let mut page = Page { width, column: 0, shown: String::from("\n") };
    for Span { text, bold, italic, quote } in &message.text.0 {
        let weight = if *bold { "\x1b[1m" } else { "\x1b[2m" };
        let slant = if *italic { "\x1b[3m" } else { "" };
        page.shown.push_str(weight);
        page.shown.push_str(slant);
        page.write(text, if *quote { "\u{2502} " } else { "" });
        page.shown.push_str("\x1b[0m");
    }
    if !message.buttons.is_empty() {
        page.shown.push_str("\n\x1b[36m");
        page.column = 0;
        for (index, button) in message.buttons.iter().enumerate() {
            let choice = format!("[{}] {}", index + 1, button.label);
            if index > 0 {
                page.shown.push_str(if page.column + choice.chars().count() + 3 > page.width { "\n" } else { "   " });
                page.column = if page.shown.ends_with('\n') { 0 } else { page.column + 3 };
            }
            page.column += choice.chars().count();
            page.shown.push_str(&clean(&choice));
        }
        page.shown.push_str("\x1b[0m");
    }
    page.shown.push('\n');
    page.shown
}

/// Control characters that somebody typed are not passed on to the terminal.
fn clean(text: &str) -> String {
    text.chars().filter(|c| !c.is_control() || *c == '\n').collect()
}

/// Text that breaks between words.
struct Page {
    width: usize,
    column: usize,
    shown: String,
}

impl Page {
    fn write(&mut self, text: &str, margin: &str) {
        for (index, line) in clean(text).split('\n').enumerate() {
            if index > 0 {
                self.break_line();
            }
            for (at, word) in line.split(' ').enumerate() {
                self.word(word, at > 0, margin);
            }
        }
    }

    fn word(&mut self, word: &str, spaced: bool, margin: &str) {
        let length = word.chars().count() + usize::from(spaced);
        if self.column > 0 && self.column + length > self.width {
            self.break_line();
        } else if spaced {
            self.put(" ");
        }
        if self.column == 0 && !word.is_empty() {
            self.put(margin);
        }
        self.put(word);
    }

    fn put(&mut self, text: &str) {
        self.column += text.chars().count();
        self.shown.push_str(text);
    }

    fn break_line(&mut self) {
        self.shown.push('\n');
        self.column = 0;
    }
}

/// Lines of more than this are hard to read.
const WIDEST: usize = 84;
/// A picture of more places than this does not fit on a screen in height.
const WIDEST_PICTURE: u16 = 56;

fn terminal_width() -> usize {
    terminal_size::terminal_size().map_or(WIDEST, |(width, _)| usize::from(width.0).clamp(20, WIDEST))
}

impl Deliver for Screen {
    fn platform(&self) -> Platform {
        Platform::Console
    }

    fn deliver<'a>(&'a self, outgoing: &'a Outgoing) -> BoxFuture<'a, Result<Sent, SendError>> {
        Box::pin(async move {
            let picture = self.drawn(&outgoing.message).await;
            let printed = self.show(&outgoing.message, &picture);
            printed.map(|()| Sent::default()).map_err(|error| SendError::NotSent(error.kind().to_string()))
        })
    }
}

/// An event of the terminal: somebody called `person` did this.
#[must_use]
pub fn event(person: &str, id: &str, input: Input) -> Inbound {
    Inbound {
        platform: Platform::Console,
        event: id.to_owned(),
        account: person.to_owned(),
        place: Place { id: person.to_owned(), kind: PlaceKind::Private },
        input,
        reply: None,
        language: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{Drawing, Rich, Subject, Theme};

    fn message() -> Message {
        let buttons = ["Kept it", "Not this time"].into_iter().enumerate();
        let buttons =
            buttons.map(|(index, label)| Button { label: label.into(), token: format!("q:1:{index}") }).collect();
        Message { text: Rich::plain("How did\nit go?"), buttons, ..Message::default() }
    }

    fn screen() -> Screen {
        let screen = Screen::new(Look::Plain, Box::new(|_| Ok(())));
        screen.show(&message(), "").unwrap();
        screen
    }

    #[test]
    fn a_message_is_a_block_of_lines() {
        assert_eq!(plain(&message()), "< How did\n< it go?\n< [1] Kept it [2] Not this time\n\n");
    }

    #[test]
    fn choices_are_taken_by_number_or_label() {
        let screen = screen();
        assert_eq!(screen.read("2"), Input::Press("q:1:1".into()));
        assert_eq!(screen.read("[1]"), Input::Press("q:1:0".into()));
        assert_eq!(screen.read(" kept it "), Input::Press("q:1:0".into()));
        assert_eq!(screen.read("3"), Input::Text(Private::new("3")));
        assert_eq!(
            screen.read("/Promise call her"),
            Input::Command { name: "promise".into(), rest: Private::new("call her") }
        );
    }

    #[test]
    fn a_number_is_an_answer_where_text_is_asked_for() {
        let screen = screen();
        screen.show(&Message { wants_text: Some(2), ..message() }, "").unwrap();
        assert_eq!(screen.read("2"), Input::Text(Private::new("2")));
    }

    #[test]
    fn what_somebody_typed_cannot_steer_the_terminal() {
        let message = Message { text: Rich::plain("a\x1b]0;x\x07b"), ..Message::default() };
        assert!(!for_terminal(&message, 40).contains("\x1b]"));
    }

    #[test]
    fn lines_break_between_words() {
        let message = Message { text: Rich::plain("one two three\nfour"), ..Message::default() };
        let bare = for_terminal(&message, 8).replace("\x1b[2m", "").replace("\x1b[0m", "");
        assert_eq!(bare, "\none two\nthree\nfour\n");
    }

    #[tokio::test]
    async fn a_picture_is_drawn_only_where_it_can_be_seen() {
        let drawing = Drawing { subject: Subject::Seam { plate: 7, full: 3, thin: 0 }, theme: Theme::Dark };
        let message = Message { picture: Some(drawing), ..message() };
        let screen = |look, pictures| Screen::new(look, Box::new(|_| Ok(()))).with_pictures(pictures);
        assert!(screen(Look::Terminal, true).drawn(&message).await.contains('\u{2580}'));
        assert_eq!(screen(Look::Terminal, false).drawn(&message).await, "");
        assert_eq!(screen(Look::Plain, true).drawn(&message).await, "");
        assert_eq!(plain(&message), "< How did\n< it go?\n< [1] Kept it [2] Not this time\n\n");
    }
}
