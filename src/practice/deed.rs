//! Deeds: small things a person did that are counted and never judged. A script records them, with a number or what it was about.
//!
//! The kinds are declared here and nowhere else; a script that names another one is refused when it is loaded.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::types::Private;

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Let an urge pass without following it.
    UrgeWaited,
    /// Was in touch although they had chosen not to be.
    Slip,
    /// Somebody crossed a limit of theirs.
    Crossing,
    /// Noticed what set them off.
    Trigger,
    /// Said something true out loud.
    SaidAloud,
    /// Said straight what they would have rounded off.
    SaidStraight,
    /// Put a small lie right within a day.
    Corrected,
    /// Saw a sign of their own that warns.
    RedSign,
    /// Saw a sign of their own that it may go well.
    GreenSign,
    /// Let a check or a search be.
    StoodDown,
    /// Wrote without keeping the text; the number is minutes.
    Wrote,
    /// Wrote a letter that is not sent.
    Letter,
    /// Told somebody a limit.
    LimitVoiced,
    /// Said that it goes too fast.
    TooFast,
}

impl Kind {
    /// All of them, by their words.
    pub const ALL: [(&'static str, Kind); 14] = [
        ("urge_waited", Kind::UrgeWaited),
        ("slip", Kind::Slip),
        ("crossing", Kind::Crossing),
        ("trigger", Kind::Trigger),
        ("said_aloud", Kind::SaidAloud),
        ("said_straight", Kind::SaidStraight),
        ("corrected", Kind::Corrected),
        ("red_sign", Kind::RedSign),
        ("green_sign", Kind::GreenSign),
        ("stood_down", Kind::StoodDown),
        ("wrote", Kind::Wrote),
        ("letter", Kind::Letter),
        ("limit_voiced", Kind::LimitVoiced),
        ("too_fast", Kind::TooFast),
    ];

    /// Their words, in the same order.
    pub const WORDS: [&'static str; Kind::ALL.len()] = {
        let mut words = [""; Kind::ALL.len()];
        let mut at = 0;
        while at < words.len() {
            words[at] = Kind::ALL[at].0;
            at += 1;
        }
        words
    };

    /// The word used in scripts and in the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        Self::ALL.into_iter().find(|(_, kind)| *kind == self).map_or("", |(word, _)| word)
    }

    /// True for what takes some strength and builds trust, so that it leaves gold.
    #[must_use]
    pub fn is_effort(self) -> bool {
        match self {
            Kind::UrgeWaited
            | Kind::SaidAloud
            | Kind::SaidStraight
            | Kind::Corrected
            | Kind::StoodDown
            | Kind::LimitVoiced => true,
            Kind::Slip
            | Kind::Crossing
            | Kind::Trigger
            | Kind::RedSign
            | Kind::GreenSign
            | Kind::Wrote
            | Kind::Letter
            | Kind::TooFast => false,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A word that is not the name of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no deed is called that")]
pub struct UnknownKind;

impl FromStr for Kind {
    type Err = UnknownKind;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|(known, _)| *known == word).map(|(_, kind)| kind).ok_or(UnknownKind)
    }
}

/// One deed, as it is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Deed {
    /// Unique.
    pub id: String,
    /// What was done.
    pub kind: Kind,
    /// When, on the person's own calendar.
    pub day: Date,
    /// A number that goes with it, such as minutes.
    pub amount: Option<i64>,
    /// What it was about, in the person's own words.
    pub about: Option<Private>,
}

/// A number that stands for words: the same words, however they are written, have the same. Nobody can read them out of it (FNV-1a).
#[must_use]
pub fn mark(words: &str) -> u64 {
    let folded = words.split_whitespace().flat_map(|word| word.chars().flat_map(char::to_lowercase).chain([' ']));
    folded.fold(0xcbf2_9ce4_8422_2325, |mixed, sign| (mixed ^ u64::from(sign)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_words_have_the_same_mark_however_they_are_written() {
        assert_eq!(mark("My  sister"), mark(" my sister "));
        assert_ne!(mark("my sister"), mark("mysister"));
    }

    #[test]
    fn every_kind_is_found_by_its_word() {
        for (word, kind) in Kind::ALL {
            assert_eq!((word.parse(), kind.as_str()), (Ok(kind), word));
        }
        assert_eq!("streak".parse::<Kind>(), Err(UnknownKind));
    }
}
