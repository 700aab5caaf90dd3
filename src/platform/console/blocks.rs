//! A picture in a terminal: two pixels in each place, one above the other, in true colours.

use std::fmt::Write as _;

use crate::picture;
use crate::types::Drawing;

/// The upper half of a place; the lower half is its background.
const HALF: char = '\u{2580}';

/// The picture, so many places wide; nothing when it cannot be drawn.
pub(super) fn blocks(drawing: &Drawing, width: u16) -> Option<String> {
    let pixels = picture::pixels(drawing, width).ok()?;
    let row = usize::try_from(pixels.width).ok()? * 3;
    let mut shown = String::new();
    for rows in pixels.rgb.chunks(row * 2) {
        let (upper, lower) = rows.split_at(row.min(rows.len()));
        for (index, above) in upper.chunks_exact(3).enumerate() {
            let _ = write!(shown, "\x1b[38;2;{};{};{}", above[0], above[1], above[2]);
            match lower.get(index * 3..index * 3 + 3) {
                Some(below) => {
                    let _ = write!(shown, ";48;2;{};{};{}m{HALF}", below[0], below[1], below[2]);
                }
                None => {
                    let _ = write!(shown, "m{HALF}");
                }
            }
        }
        shown.push_str("\x1b[0m\n");
    }
    Some(shown)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{Subject, Theme};

    #[test]
    fn each_place_shows_two_pixels() {
        let drawing = Drawing { subject: Subject::Seam { plate: 7, full: 3, thin: 0 }, theme: Theme::Dark };
        let shown = blocks(&drawing, 20).unwrap();
        let lines: Vec<&str> = shown.lines().collect();
        assert_eq!((lines.len(), lines[0].matches(HALF).count()), (10, 20));
        assert!(lines.iter().all(|line| line.ends_with("\x1b[0m")), "no colour goes on after the picture");
    }
}
