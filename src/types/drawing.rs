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
        /// How many broad pieces of gold are on it: what was kept or repaired.
        full: u32,
        /// How many thin ones, which go on where the broad ones end: what was told ahead, returned to, dared.
        thin: u32,
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
    /// Which of the pictures it is.
    #[must_use]
    pub fn picture(&self) -> Picture {
        match self {
            Subject::Seam { .. } => Picture::Seam,
            Subject::Mood { .. } => Picture::Mood,
            Subject::Year { .. } => Picture::Year,
            Subject::Bars { .. } => Picture::Bars,
        }
    }

    /// How many things it shows: pieces of gold, days on which something was said, promises.
    #[must_use]
    pub fn count(&self) -> usize {
        let told = |days: &[Option<u8>]| days.iter().flatten().count();
        match self {
            Subject::Seam { full, thin, .. } => usize::try_from(full.saturating_add(*thin)).unwrap_or(usize::MAX),
            Subject::Mood { days, .. } => told(days),
            Subject::Year { moods, .. } => told(moods),
            Subject::Bars { weeks } => weeks.iter().map(|week| usize::from(week.said)).sum(),
        }
    }
}

/// The pictures there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Picture {
    /// The plate.
    Seam,
    /// The mood of the last thirty days.
    Mood,
    /// The mood of a year.
    Year,
    /// Said and done in the last eight weeks.
    Bars,
}

impl Picture {
    /// All of them, by the words that scripts and transcripts use.
    pub const ALL: [(&'static str, Picture); 4] =
        [("seam", Picture::Seam), ("mood", Picture::Mood), ("year", Picture::Year), ("bars", Picture::Bars)];

    /// Their words, in the same order.
    pub const WORDS: [&'static str; Picture::ALL.len()] = ["seam", "mood", "year", "bars"];

    /// The one with this word.
    #[must_use]
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(own, _)| *own == word).map(|(_, picture)| picture)
    }

    /// Its word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        Self::ALL.into_iter().find(|(_, own)| *own == self).map_or("", |(word, _)| word)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drawing_travels_as_few_letters() {
        let drawing = Drawing { subject: Subject::Seam { plate: u64::MAX, full: 7, thin: 2 }, theme: Theme::Dark };
        let json = serde_json::to_string(&drawing).unwrap();
        assert_eq!(json, r#"{"shows":"seam","plate":18446744073709551615,"full":7,"thin":2,"theme":"dark"}"#);
        assert_eq!(serde_json::from_str::<Drawing>(&json).unwrap(), drawing);
        assert_eq!((drawing.subject.picture().as_str(), drawing.subject.count()), ("seam", 9));
    }

    #[test]
    fn every_picture_has_its_word() {
        assert_eq!(Picture::ALL.map(|(word, _)| word), Picture::WORDS);
        assert!(Picture::ALL.iter().all(|(word, picture)| Picture::named(word) == Some(*picture)));
    }
}
