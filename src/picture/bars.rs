//! Said and done, week by week: a frame for what was said; in it what was kept (full), repaired (stripes) and told ahead (dots).

use std::fmt::Write as _;

use super::svg::{Anchor, Palette, text};
use crate::types::{Theme, Week};

const SIZE: (u32, u32) = (1080, 720);
const LEFT: f64 = 50.0;
const RIGHT: f64 = 1030.0;
const TOP: f64 = 110.0;
const BOTTOM: f64 = 612.0;
/// With more weeks than this, every second one has its date.
const CROWDED: usize = 8;
/// The least number of promises for which the height of the picture stands, so that one of one is no tower.
const LEAST: u16 = 4;

/// The bars as SVG.
pub(super) fn svg(weeks: &[Week], theme: Theme) -> String {
    let palette = Palette::of(theme);
    let mut out = palette.page(SIZE.0, SIZE.1);
    patterns(&mut out, &palette);
    let _ = write!(
        out,
        r#"<path d="M{LEFT} {BOTTOM}H{RIGHT}" stroke="{}" stroke-width="3" stroke-linecap="round"/>"#,
        palette.faint
    );
    let most = weeks.iter().map(|week| week.said).max().unwrap_or(0).max(LEAST);
    let width = (RIGHT - LEFT) / super::as_f64(weeks.len().max(1));
    for (index, week) in weeks.iter().enumerate() {
        let middle = LEFT + (super::as_f64(index) + 0.5) * width;
        bar(&mut out, week, middle, width.min(150.0) * 0.58, most, &palette);
        // Counted from the newest, so that this week always has its date.
        if weeks.len() <= CROWDED || (weeks.len() - 1 - index).is_multiple_of(2) {
            text(&mut out, &week.label, (middle, 664.0), 30.0, Anchor::Middle, palette.ink);
        }
    }
    out.push_str("</svg>");
    out
}

fn patterns(out: &mut String, palette: &Palette) {
    let _ = write!(
        out,
        r#"<defs><pattern id="stripes" width="14" height="14" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="7" height="14" fill="{gold}"/></pattern><pattern id="dots" width="16" height="16" patternUnits="userSpaceOnUse"><circle cx="8" cy="8" r="4" fill="{gold}"/></pattern></defs>"#,
        gold = palette.gold
    );
}

fn bar(out: &mut String, week: &Week, middle: f64, width: f64, most: u16, palette: &Palette) {
    let unit = (BOTTOM - TOP) / f64::from(most);
    let (left, frame) = (middle - width / 2.0, f64::from(week.said) * unit);
    if week.said == 0 {
        let _ = write!(out, r#"<circle cx="{middle:.1}" cy="{:.1}" r="6" fill="{}"/>"#, BOTTOM - 22.0, palette.faint);
        return;
    }
    let mut top = BOTTOM;
    let parts = [(week.done, palette.gold), (week.repaired, "url(#stripes)"), (week.ahead, "url(#dots)")];
    for (count, fill) in parts {
        let height = (f64::from(count) * unit).min(top - (BOTTOM - frame));
        top -= height;
        let _ =
            write!(out, r#"<rect x="{left:.1}" y="{top:.1}" width="{width:.1}" height="{height:.1}" fill="{fill}"/>"#);
    }
    let _ = write!(
        out,
        r#"<rect x="{left:.1}" y="{:.1}" width="{width:.1}" height="{frame:.1}" rx="4" fill="none" stroke="{}" stroke-width="4"/>"#,
        BOTTOM - frame,
        palette.ink
    );
    let good = week.done.saturating_add(week.repaired).saturating_add(week.ahead).min(week.said);
    let figures = format!("{good}/{}", week.said);
    text(out, &figures, (middle, BOTTOM - frame - 18.0), 34.0, Anchor::Middle, palette.ink);
}
