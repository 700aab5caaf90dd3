//! The words every room shares: who a person is, where a message comes from and goes to, and what a message is.
//!
//! Values only. Nothing here reads a clock, a file, a database or a platform, and nothing here prints what a person
//! wrote: [`Private`] has a `Debug` that hides its text.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

mod drawing;
mod value;

pub use drawing::{Drawing, Picture, Subject, Theme, Week};
pub use value::{Value, Values, describe_seconds};

/// A person, whatever accounts they have. Assigned by the store, never shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PersonId(pub i64);

/// Where a person chats.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Platform {
    /// A Telegram bot: private chats and groups.
    Telegram,
    /// A Discord application: direct messages and servers.
    Discord,
    /// The terminal.
    Console,
}

impl Platform {
    /// All of them, in the order in which they are listed to people.
    pub const ALL: [Platform; 3] = [Platform::Telegram, Platform::Discord, Platform::Console];

    /// The name used in the database and in logs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Platform::Telegram => "telegram",
            Platform::Discord => "discord",
            Platform::Console => "console",
        }
    }

    /// The longest text of one message, in UTF-16 units.
    ///
    /// Sources: Telegram Bot API `sendMessage` (4,096 after entities are parsed), Discord "Create Message" (2,000).
    #[must_use]
    pub fn message_limit(self) -> usize {
        match self {
            Platform::Telegram => 4096,
            Platform::Discord => 2000,
            Platform::Console => 100_000,
        }
    }
}

impl Platform {
    /// The longest text that can stand under a picture, in UTF-16 units.
    ///
    /// Sources: Telegram Bot API `sendPhoto` (1,024 after entities are parsed); on Discord a picture hangs on an ordinary message.
    #[must_use]
    pub fn caption_limit(self) -> usize {
        match self {
            Platform::Telegram => 1024,
            Platform::Discord | Platform::Console => self.message_limit(),
        }
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Platform {
    type Err = UnknownPlatform;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|platform| platform.as_str() == text).ok_or(UnknownPlatform)
    }
}

/// The database names a platform that this version does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown platform")]
pub struct UnknownPlatform;

/// Text that a person wrote, or that quotes a person. Its `Debug` shows only the length, so that it cannot reach a log by
/// accident; [`Private::reveal`] is the one way in, and easy to search for.
#[derive(Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Private(String);

impl Private {
    /// Wraps a text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself. The caller must not log it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Private {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<private, {} bytes>", self.0.len())
    }
}

/// Who may see what is written in a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PlaceKind {
    /// Only the person and the bot: a Telegram private chat, a Discord DM, the terminal.
    Private,
    /// Others read along: a Telegram group, a channel of a Discord server. Nothing personal is ever posted there; answers
    /// go out privately (Discord: ephemeral replies; Telegram: the private chat).
    Shared,
}

/// A chat or channel of a platform.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The platform's own id, as text.
    pub id: String,
    /// Who reads along.
    pub kind: PlaceKind,
}

/// What somebody did, after the platform's wire format was read. Everything that can change a session is one of these.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Input {
    /// A message of free text.
    Text(Private),
    /// A text written into the form of a question (Discord, where free text cannot be typed).
    Form {
        /// The question's sequence number (see [`Message::wants_text`]).
        seq: u64,
        /// What was written.
        text: Private,
    },
    /// A button, by the token that its message carried (see [`Button::token`]).
    Press(String),
    /// `/name rest`, from a typed command or a platform's command menu. The name has no slash and is lower case.
    Command {
        /// `checkin`, `start`, ...
        name: String,
        /// What stood behind the name; empty when nothing did. Deep links arrive as `start` with their payload here.
        rest: Private,
    },
    /// The person opened the conversation again and should see the open question (console only).
    Recall,
    /// The platform says that the person blocked or left the bot: stop writing to this account.
    Gone,
    /// The platform says that the person is back.
    Returned,
}

/// One input with its address, ready for the one door ([`crate::turn`]).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Inbound {
    /// Where it came from.
    pub platform: Platform,
    /// The platform's id for this event (Telegram `update_id`, Discord interaction or message id). Seen ids are dropped.
    pub event: String,
    /// The platform's id of the person's account.
    pub account: String,
    /// The chat it came from.
    pub place: Place,
    /// What was done.
    pub input: Input,
    /// Something the platform needs to answer exactly this event (Discord: the interaction). Opaque outside the adapter.
    pub reply: Option<String>,
    /// The language of the person's client, as an IETF tag, if the platform told. Only ever a suggestion.
    pub language: Option<String>,
}

/// One run of text in one style. Holes of a script arrive here as plain text, so what a person wrote is never read as markup.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// The text; may contain line breaks.
    #[serde(rename = "t")]
    pub text: String,
    /// Shown bold.
    #[serde(rename = "b", default, skip_serializing_if = "is_false")]
    pub bold: bool,
    /// Shown italic.
    #[serde(rename = "i", default, skip_serializing_if = "is_false")]
    pub italic: bool,
    /// Part of a quoted line.
    #[serde(rename = "q", default, skip_serializing_if = "is_false")]
    pub quote: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
fn is_false(flag: &bool) -> bool {
    !*flag
}

/// Text with bold, italic and quoted runs: the only markup that scripts have. Adapters escape and render it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Rich(pub Vec<Span>);

impl Rich {
    /// A text without any markup.
    pub fn plain(text: impl Into<String>) -> Self {
        let text = text.into();
        if text.is_empty() { Self::default() } else { Self(vec![Span { text, ..Span::default() }]) }
    }

    /// The words alone, without styles.
    #[must_use]
    pub fn text(&self) -> String {
        self.0.iter().map(|span| span.text.as_str()).collect()
    }

    /// True when there is nothing but white space.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        self.0.iter().all(|span| span.text.trim().is_empty())
    }

    /// Length in UTF-16 units, the figure both platforms count by.
    #[must_use]
    pub fn utf16_len(&self) -> usize {
        self.0.iter().map(|span| span.text.encode_utf16().count()).sum()
    }

    /// Appends a run, joining it to the last one when the style is the same.
    pub fn push(&mut self, span: Span) {
        if span.text.is_empty() {
            return;
        }
        match self.0.last_mut() {
            Some(last) if (last.bold, last.italic, last.quote) == (span.bold, span.italic, span.quote) => {
                last.text.push_str(&span.text);
            }
            _ => self.0.push(span),
        }
    }

    /// The same text in parts of at most `limit` UTF-16 units each, cut after a paragraph, else after a line, a sentence or
    /// a word, else between characters. Styles go on over a cut. White space around a cut is dropped.
    ///
    /// ```
    /// use goldseam::types::Rich;
    /// let parts = Rich::plain("One.\n\nTwo.").split(7);
    /// assert_eq!(parts.iter().map(Rich::text).collect::<Vec<_>>(), ["One.", "Two."]);
    /// ```
    #[must_use]
    pub fn split(&self, limit: usize) -> Vec<Rich> {
        self.split_after(limit, limit)
    }

    /// The same, with another limit for the first part.
    #[must_use]
    pub fn split_after(&self, first: usize, limit: usize) -> Vec<Rich> {
        let mut parts = Vec::new();
        let mut rest = self.clone();
        let mut most = first;
        while rest.utf16_len() > most {
            let text = rest.text();
            let cut = cut_before(&text, most.max(1));
            let (head, tail) = rest.divide(cut);
            parts.push(head.trimmed());
            rest = tail.trimmed();
            most = limit;
        }
        parts.push(rest);
        parts.retain(|part| !part.is_blank());
        parts
    }

    fn divide(&self, at: usize) -> (Rich, Rich) {
        let (mut head, mut tail, mut seen) = (Rich::default(), Rich::default(), 0);
        for span in &self.0 {
            let cut = at.saturating_sub(seen).min(span.text.len());
            seen += span.text.len();
            head.push(Span { text: span.text[..cut].to_owned(), ..span.clone() });
            tail.push(Span { text: span.text[cut..].to_owned(), ..span.clone() });
        }
        (head, tail)
    }

    fn trimmed(mut self) -> Rich {
        while let Some(first) = self.0.first_mut() {
            first.text = first.text.trim_start().to_owned();
            if !first.text.is_empty() {
                break;
            }
            self.0.remove(0);
        }
        while let Some(last) = self.0.last_mut() {
            last.text = last.text.trim_end().to_owned();
            if !last.text.is_empty() {
                break;
            }
            self.0.pop();
        }
        self
    }
}

/// The byte at which to cut so that what stands before it has at most `limit` UTF-16 units, at the kindest place there is.
fn cut_before(text: &str, limit: usize) -> usize {
    let mut units = 0;
    let mut hard = text.len();
    for (index, character) in text.char_indices() {
        units += character.len_utf16();
        if units > limit {
            hard = index;
            break;
        }
    }
    let hard = if hard == 0 { text.chars().next().map_or(0, char::len_utf8) } else { hard };
    let window = &text[..hard];
    for mark in ["\n\n", "\n", ". ", " "] {
        if let Some(found) = window.rfind(mark)
            && found > 0
        {
            return found + mark.len();
        }
    }
    hard
}

impl From<&str> for Rich {
    fn from(text: &str) -> Self {
        Self::plain(text)
    }
}

/// A choice that a message offers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Button {
    /// What is written on it. At most 40 UTF-16 units when it comes from a script.
    pub label: String,
    /// What comes back when it is pressed: at most 24 bytes of ASCII, e.g. `q:17:2`. Carries the sequence number of the
    /// question, so that an old button cannot answer a new question. One that begins with [`Button::STAYS`] leaves its message
    /// as it is when it is pressed: the answer will change it.
    pub token: String,
}

impl Button {
    /// What the token of a button begins with that can be pressed again.
    pub const STAYS: &'static str = "+";
}

/// What is written on the button that opens a form, and on the form: for places where free text cannot be typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormWords {
    /// On the button.
    pub button: String,
    /// Over the form; short.
    pub title: String,
    /// Over its one field; short.
    pub field: String,
}

impl Default for FormWords {
    fn default() -> Self {
        Self { button: "Write".into(), title: "Write your answer".into(), field: "Your answer".into() }
    }
}

/// Something that differs from language to language.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Localized<T> {
    source: T,
    others: BTreeMap<String, T>,
}

impl<T> Localized<T> {
    /// In the source language, and in others by their tags.
    pub fn new(source: T, others: BTreeMap<String, T>) -> Self {
        Self { source, others }
    }

    /// In a language; in the source language when there is none, or nothing in it.
    pub fn of(&self, tag: Option<&str>) -> &T {
        tag.and_then(|tag| self.others.get(tag)).unwrap_or(&self.source)
    }

    /// In the source language.
    pub fn source(&self) -> &T {
        &self.source
    }

    /// In the other languages, by their tags.
    pub fn others(&self) -> impl Iterator<Item = (&str, &T)> {
        self.others.iter().map(|(tag, own)| (tag.as_str(), own))
    }
}

impl<T> From<T> for Localized<T> {
    fn from(source: T) -> Self {
        Self::new(source, BTreeMap::new())
    }
}

/// One message to a person.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// What it says.
    pub text: Rich,
    /// What it offers; empty when it offers nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub buttons: Vec<Button>,
    /// The sequence number of the question when it waits for free text. Where free text cannot be typed (a Discord
    /// server), the adapter offers a form for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wants_text: Option<u64>,
    /// It is help for somebody who may be in danger: it goes out before everything else, at once.
    #[serde(default, skip_serializing_if = "is_false")]
    pub urgent: bool,
    /// It takes the place of the message whose button was pressed, where the platform can do that.
    #[serde(default, skip_serializing_if = "is_false")]
    pub edits: bool,
    /// What it answers was not to be kept: the person's own message is taken away with it, where the platform can do that.
    #[serde(default, skip_serializing_if = "is_false")]
    pub erases: bool,
    /// A picture that goes with it. The text says the same for whoever does not see it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub picture: Option<Drawing>,
    /// The language it is written in, by its tag, when that is not the source language: for what a platform adds to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
}

/// Why a message goes out: decides what happens when it is unclear whether it arrived (see `outbox::verdict`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// An answer to something the person just did. Better twice than never.
    Reply,
    /// A reminder the person asked for once. Better twice than never.
    Reminder,
    /// A regular check-in or a nudge. Better never than twice.
    Nudge,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_person_wrote_does_not_show_in_debug() {
        let input = Input::Text(Private::new("a secret"));
        assert!(!format!("{input:?}").contains("secret"));
    }

    #[test]
    fn long_text_is_cut_at_paragraphs_and_keeps_its_styles() {
        let bold = Span { text: "B".repeat(30), bold: true, ..Span::default() };
        let rich = Rich(vec![Span { text: "First one.\n\n".into(), ..Span::default() }, bold]);
        let parts = rich.split(35);
        assert_eq!(parts.len(), 2);
        assert_eq!(parts[0].text(), "First one.");
        assert!(parts[1].0[0].bold);
    }

    #[test]
    fn text_without_any_space_is_still_cut_between_characters() {
        let parts = Rich::plain("😀".repeat(10)).split(4);
        assert_eq!(parts.len(), 5);
        assert!(parts.iter().all(|part| part.utf16_len() <= 4));
        assert_eq!(Rich::plain("😀😀").split(1).len(), 2);
    }

    #[test]
    fn values_survive_json() {
        let values = vec![
            Value::None,
            Value::Bool(true),
            Value::Int(3),
            Value::Number(0.5),
            Value::text("a"),
            Value::Date { date: jiff::civil::date(2026, 3, 2) },
            Value::Time { time: jiff::civil::time(20, 0, 0, 0) },
            Value::Duration { seconds: 60 },
            Value::when(crate::schedule::Rule::every("0 0 9 1 * *").unwrap()),
            Value::List(vec![Value::text("x")]),
        ];
        let json = serde_json::to_string(&values).unwrap();
        assert_eq!(serde_json::from_str::<Vec<Value>>(&json).unwrap(), values);
    }
}
