//! A year, a field for each day: months side by side, days from top to bottom, the mood as a digit and as a shade.

use std::fmt::Write as _;

use jiff::civil::Date;

use super::svg::{Anchor, Palette, text};
use crate::types::Theme;

const WIDTH: u32 = 1080;
const LEFT: f64 = 84.0;
const RIGHT: f64 = 1044.0;
const TOP: f64 = 84.0;
const ROW: f64 = 37.0;
const HEIGHT: u32 = 1264;
/// More months are not shown.
const MONTHS: i32 = 13;

/// The year as SVG.
pub(super) fn svg(first: Date, moods: &[Option<u8>], theme: Theme) -> String {
    let palette = Palette::of(theme);
    let mut out = palette.page(WIDTH, HEIGHT);
    let last = moods.len().checked_sub(1).and_then(|days| after(first, days)).unwrap_or(first);
    let columns = (month(last) - month(first) + 1).clamp(1, MONTHS);
    let width = (RIGHT - LEFT) / f64::from(columns);
    for column in 0..columns {
        let number = (month(first) + column) % 12 + 1;
        let x = LEFT + (f64::from(column) + 0.5) * width;
        text(&mut out, &number.to_string(), (x, TOP - 26.0), 32.0, Anchor::Middle, palette.ink);
    }
    for day in [1, 5, 10, 15, 20, 25, 30] {
        let y = TOP + (f64::from(day) - 0.5) * ROW + 10.0;
        text(&mut out, &day.to_string(), (LEFT - 18.0, y), 28.0, Anchor::End, palette.ink);
    }
    for (days, mood) in moods.iter().enumerate() {
        let Some(date) = after(first, days) else { break };
        let column = month(date) - month(first);
        if column >= columns {
            break;
        }
        let corner = (LEFT + f64::from(column) * width, TOP + f64::from(date.day() - 1) * ROW);
        field(&mut out, corner, width, *mood, &palette);
    }
    out.push_str("</svg>");
    out
}

fn after(first: Date, days: usize) -> Option<Date> {
    first.checked_add(jiff::Span::new().try_days(i64::try_from(days).ok()?).ok()?).ok()
}

/// Months since the year nought, from 0.
fn month(date: Date) -> i32 {
    i32::from(date.year()) * 12 + i32::from(date.month()) - 1
}

fn field(out: &mut String, (x, y): (f64, f64), width: f64, mood: Option<u8>, palette: &Palette) {
    let place = format!(
        r#"<rect x="{:.1}" y="{:.1}" width="{:.1}" height="{:.1}" rx="7""#,
        x + 2.5,
        y + 2.0,
        width - 5.0,
        ROW - 4.0
    );
    let Some(mood) = mood else {
        let _ = write!(out, r#"{place} fill="none" stroke="{}" stroke-width="2"/>"#, palette.faint);
        return;
    };
    let shade = usize::from(mood.clamp(1, 5) - 1);
    let _ = write!(out, r#"{place} fill="{}"/>"#, palette.moods[shade]);
    let middle = (x + width / 2.0, y + ROW / 2.0 + 8.5);
    text(out, &mood.to_string(), middle, 24.0, Anchor::Middle, palette.on_moods[shade]);
}
