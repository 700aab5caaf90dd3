//! What a picture shows, as plain numbers: this is what travels in a message. [`crate::picture`] makes the picture of it, on the
//! way out.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// One picture.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drawing {
    /// What it shows.
    #[serde(flatten)]
    pub subject: Subject,
    /// In which colours.
    #[serde(default)]
    pub theme: Theme,
}

/// Which colours a picture is drawn in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Theme {
    /// Dark on light.
    #[default]
    Light,
    /// Light on dark.
    Dark,
}

/// What there is to see.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "shows", rename_all = "lowercase")]
pub enum Subject {
    /// A plate whose cracks fill with gold.
    Seam {
        /// Which plate: the same number is always the same plate.
        plate: u64,
        /// The gold on it, oldest first. It only ever gets more.
        gold: Gold,
    },
    /// How each of the last days was.
    Mood {
        /// 1 to 5 for each day, oldest first; nothing where nothing was said.
        days: Vec<Option<u8>>,
        /// The first day and the last one, as they are written in the person's language.
        ends: [String; 2],
    },
    /// A year, a field for each day.
    Year {
        /// The day that the first mood belongs to.
        first: Date,
        /// 1 to 5 for each day from the first; nothing where nothing was said.
        moods: Vec<Option<u8>>,
    },
    /// What was said and what was done, week by week, oldest first.
    Bars {
        /// The weeks.
        weeks: Vec<Week>,
    },
}

impl Subject {
    /// What scripts and transcripts call it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Subject::Seam { .. } => "seam",
            Subject::Mood { .. } => "mood",
            Subject::Year { .. } => "year",
            Subject::Bars { .. } => "bars",
        }
    }
}

/// A week of promises.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Week {
    /// Its first day, short, as it is written in the person's language.
    pub label: String,
    /// How many came due in it.
    pub said: u16,
    /// How many of these were kept, in time or late.
    pub done: u16,
    /// How many of these were repaired.
    pub repaired: u16,
    /// How many of these were told ahead.
    pub ahead: u16,
}

/// One piece of gold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Something kept, repaired or returned to.
    Full,
    /// Something told ahead.
    Thin,
}

/// Pieces of gold in the order in which they were laid. One letter each on the wire: `f` and `t`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Gold(pub Vec<Piece>);

/// A letter that is no piece of gold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("gold is written with the letters f and t")]
pub struct NotGold;

impl TryFrom<String> for Gold {
    type Error = NotGold;

    fn try_from(letters: String) -> Result<Self, NotGold> {
        let piece = |letter| match letter {
            'f' => Ok(Piece::Full),
            't' => Ok(Piece::Thin),
            _ => Err(NotGold),
        };
        letters.chars().map(piece).collect::<Result<_, _>>().map(Gold)
    }
}

impl From<Gold> for String {
    fn from(gold: Gold) -> Self {
        let letter = |piece| match piece {
            Piece::Full => 'f',
            Piece::Thin => 't',
        };
        gold.0.into_iter().map(letter).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drawing_travels_as_few_letters() {
        let gold = Gold(vec![Piece::Full, Piece::Thin, Piece::Full]);
        let drawing = Drawing { subject: Subject::Seam { plate: 7, gold }, theme: Theme::Dark };
        let json = serde_json::to_string(&drawing).unwrap();
        assert_eq!(json, r#"{"shows":"seam","plate":7,"gold":"ftf","theme":"dark"}"#);
        assert_eq!(serde_json::from_str::<Drawing>(&json).unwrap(), drawing);
        assert!(serde_json::from_str::<Gold>("\"fx\"").is_err());
    }
}
