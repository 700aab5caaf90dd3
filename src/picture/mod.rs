//! Pictures: numbers to SVG, and SVG to PNG. The same numbers make the same bytes.
//!
//! Nothing here knows a person, a message or a language: what is written in a picture are digits, and words that the drawing
//! brings along. No font of the machine is used.

mod bars;
mod chance;
mod cracks;
mod gold;
mod mood;
mod plate;
mod png;
mod svg;
mod year;

pub use png::Pixels;

use cracks::as_f64;

use crate::types::{Drawing, Subject, Theme};

/// The picture could not be made. The text that goes with it stands for itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a picture could not be drawn: {0}")]
pub struct NotDrawn(pub(crate) &'static str);

/// The picture as SVG.
#[must_use]
pub fn svg(drawing: &Drawing) -> String {
    match &drawing.subject {
        Subject::Seam { plate, full, thin } => plate::svg(*plate, *full, *thin, drawing.theme),
        Subject::Mood { days, ends } => mood::svg(days, ends, drawing.theme),
        Subject::Year { first, moods } => year::svg(*first, moods, drawing.theme),
        Subject::Bars { weeks } => bars::svg(weeks, drawing.theme),
    }
}

/// How wide every picture is in its own measure.
const MEASURE: u16 = 1080;
/// How many pixels wide a plate is drawn: it has no small print, and each of its pixels is painted many times.
const PLATE: u16 = 720;

/// The picture as a PNG file: a plate of 720 by 720 pixels, or a chart that is 1080 pixels wide.
///
/// # Errors
/// When it cannot be made.
pub fn draw(drawing: &Drawing) -> Result<Vec<u8>, NotDrawn> {
    let width = match drawing.subject {
        Subject::Seam { .. } => PLATE,
        Subject::Mood { .. } | Subject::Year { .. } | Subject::Bars { .. } => MEASURE,
    };
    png::encode(&pixels(drawing, width)?)
}

/// The picture as pixels, `width` of them in a row: for a screen that shows no files.
///
/// # Errors
/// When it cannot be made.
pub fn pixels(drawing: &Drawing, width: u16) -> Result<Pixels, NotDrawn> {
    png::pixels(&svg(drawing), f32::from(width) / f32::from(MEASURE))
}

/// An empty page as a PNG file: what every picture costs at least.
///
/// # Errors
/// When it cannot be made.
pub fn blank() -> Result<Vec<u8>, NotDrawn> {
    png::encode(&png::pixels(&(svg::Palette::of(Theme::Light).page(plate::SIDE, plate::SIDE) + "</svg>"), 1.0)?)
}
