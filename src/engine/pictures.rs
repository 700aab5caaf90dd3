//! The numbers of a picture: what somebody did, day by day, as it is drawn.
//!
//! Draws nothing. No picture holds a word of the person's.

use super::turn::Turn;
use crate::practice::calendar;
use crate::practice::gold::{self, Breadth};
use crate::practice::history::History;
use crate::script::locale::Writing;
use crate::types::{Drawing, Picture, Subject, Theme, Value, Week};

/// The fact that says in which colours pictures are.
const COLOURS: &str = "pictures";

impl Turn<'_> {
    /// What a picture shows now; nothing when the history is not there, which is noted.
    pub(crate) fn picture(&self, picture: Picture) -> Option<Drawing> {
        let history = self.history()?;
        let writing = &self.library.words().writing;
        let subject = match picture {
            Picture::Seam => seam(history, self.state.seed),
            Picture::Mood => {
                let first = calendar::first_of_days(history);
                let ends = [writing.short_date(first), writing.short_date(history.today)];
                Subject::Mood { days: calendar::moods(history, first), ends }
            }
            Picture::Year => {
                let first = calendar::first_of_year(history);
                Subject::Year { first, moods: calendar::moods(history, first) }
            }
            Picture::Bars => {
                let weeks = calendar::weeks(history);
                Subject::Bars { weeks: weeks.iter().map(|week| shown(week, writing)).collect() }
            }
        };
        let theme = match self.fact(COLOURS) {
            Value::Text(words) if words == "dark" => Theme::Dark,
            _ => Theme::Light,
        };
        Some(Drawing { subject, theme })
    }
}

/// Broad pieces come first, whenever they were laid: so nothing gets thinner when an older thing is settled later.
fn seam(history: &History, plate: u64) -> Subject {
    let pieces = gold::pieces(history);
    let count = |breadth| {
        let found = pieces.iter().filter(|piece| piece.breadth == breadth).count();
        u32::try_from(found).unwrap_or(u32::MAX)
    };
    Subject::Seam { plate, full: count(Breadth::Full), thin: count(Breadth::Thin) }
}

fn shown(week: &calendar::Week, writing: &Writing) -> Week {
    let calendar::Week { first, said, done, repaired, ahead } = *week;
    Week { label: writing.short_date(first), said, done, repaired, ahead }
}
