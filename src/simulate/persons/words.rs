//! What simulated persons type: texts that fit a type, and texts that fit nothing.

use fastrand::Rng;
use jiff::Zoned;

use crate::script::Library;
use crate::script::model::Type;
use crate::types::Message;

/// Where people live: what they call it, and the zone.
pub(super) const HOMES: [(&str, &str); 10] = [
    ("Vienna", "Europe/Vienna"),
    ("London", "Europe/London"),
    ("New York", "America/New_York"),
    ("Los Angeles", "America/Los_Angeles"),
    ("Sao Paulo", "America/Sao_Paulo"),
    ("Kolkata", "Asia/Kolkata"),
    ("Tokyo", "Asia/Tokyo"),
    ("Sydney", "Australia/Sydney"),
    ("Auckland", "Pacific/Auckland"),
    ("Cairo", "Africa/Cairo"),
];

const NAMES: [&str; 8] = ["Ana", "Ben", "Chidi", "Dora", "Emre", "Farah", "Gil", "Hana"];

const SMALL: [&str; 12] = [
    "call my sister",
    "water the plants",
    "write the first line",
    "put the phone away at ten",
    "I read your messages on Sunday",
    "I said I was at work and I was not",
    "walk around the block",
    "ask before I decide",
    "tell Lena on Friday",
    "be better",
    "try to be nicer",
    "pay back twenty euros",
];

const SHORT: [&str; 6] = ["ok", "fine", "no idea", "tea", "later", "me"];

const OTHER_TONGUE: [&str; 8] =
    ["llamar a mi hermana", "estoy cansada", "no lo sé", "sí", "mañana", "quiero hablar", "nada", "perdón"];

const JUNK: [&str; 14] = [
    "maybe",
    "??",
    "asdf",
    "\u{1F642}",
    "yes",
    "no",
    "12",
    "tomorrow?",
    "I don't know",
    "what",
    "...",
    "nothing",
    "7pm or so",
    "call, me",
];

/// Sentences of somebody in danger, and one that only sounds like it.
const DANGER: [&str; 4] = ["I want to die", "quiero morir", "I am going to hurt myself", "this traffic is killing me"];

/// Words that work everywhere.
pub(super) const RESERVED: [&str; 9] = ["stop", "pause", "resume", "back", "skip", "again", "help", "menu", "privacy"];

/// How somebody writes.
pub(super) struct Hand {
    /// Stands in longer texts, so that a text of somebody else is recognised.
    pub(super) mark: String,
    pub(super) short: bool,
    pub(super) other_tongue: bool,
    /// What they call the place where they live, and its zone.
    pub(super) home: (&'static str, &'static str),
}

/// The beginning of what stands in texts.
pub(in crate::simulate) const MARK: &str = "#p";

fn one<'t>(rng: &mut Rng, texts: &[&'t str]) -> &'t str {
    rng.choice(texts).copied().unwrap_or("ok")
}

impl Hand {
    /// A text that fits a type, on this person's clock.
    pub(super) fn fitting(&self, rng: &mut Rng, ty: &Type, library: &Library, now: &Zoned) -> String {
        match ty {
            Type::Text { max } if *max <= 40 => one(rng, &NAMES).to_owned(),
            Type::Text { .. } => self.sentence(rng),
            Type::Integer { from, to } => rng.i64(*from..=(*to).max(*from)).to_string(),
            Type::Number { from, to } => format!("{:.1}", from + (to - from) * rng.f64()),
            Type::Bool => {
                let words = library.words();
                let list = if rng.bool() { &words.yes } else { &words.no };
                rng.choice(list).map_or("yes", |word| word.folded()).to_owned()
            }
            Type::Choice { of } => rng.choice(of).map_or("yes", String::as_str).to_owned(),
            Type::Date => one(rng, &["tomorrow", "3 May", "2026-04-02", "next monday"]).to_owned(),
            Type::Time => one(rng, &["20:00", "19:45", "7:30", "8", "half past nine", "21.15"]).to_owned(),
            Type::Duration => one(rng, &["3h", "20 minutes", "2 days"]).to_owned(),
            Type::Zone => match rng.u8(..10) {
                0..7 => self.home.0.to_owned(),
                7..9 => self.home.1.to_owned(),
                _ => now.strftime("%H:%M").to_string(),
            },
            Type::When => {
                one(rng, &["tomorrow at 9", "every monday at 20:00", "in 3 days", "every day at 8 pm", "in 2 hours"])
                    .to_owned()
            }
            Type::List => "one, two and three".to_owned(),
        }
    }

    fn sentence(&self, rng: &mut Rng) -> String {
        if self.short {
            return one(rng, &SHORT).to_owned();
        }
        let texts: &[&str] = if self.other_tongue { &OTHER_TONGUE } else { &SMALL };
        format!("{} {}", one(rng, texts), self.mark)
    }

    /// Many sentences, up to more than any question takes.
    pub(super) fn long(&self, rng: &mut Rng) -> String {
        let wanted = rng.usize(200..5_000);
        let mut text = String::new();
        while text.len() < wanted {
            text += &self.sentence(rng);
            text += if rng.u8(..5) == 0 { ".\n" } else { ". " };
        }
        text
    }

    /// A text that is not what was asked.
    pub(super) fn junk(&self, rng: &mut Rng) -> String {
        one(rng, &JUNK).to_owned()
    }

    pub(super) fn danger(&self, rng: &mut Rng) -> String {
        one(rng, &DANGER).to_owned()
    }
}

/// A text with one mistake in it.
pub(super) fn mistyped(rng: &mut Rng, text: &str) -> String {
    let mut letters: Vec<char> = text.chars().collect();
    if letters.len() < 2 {
        return text.to_owned();
    }
    let at = rng.usize(..letters.len() - 1);
    match rng.u8(..3) {
        0 => letters.swap(at, at + 1),
        1 => _ = letters.remove(at),
        _ => letters.insert(at, letters[at]),
    }
    letters.into_iter().collect()
}

/// What the bot said, for whoever reads somebody's life.
pub(in crate::simulate) fn said(message: &Message) -> String {
    let buttons = message.buttons.iter().map(|button| format!(" [{}]", button.label)).collect::<String>();
    format!("< {}{buttons}", message.text.text().replace('\n', " "))
}
