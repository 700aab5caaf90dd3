//! The mood line: a point for each day on which something was said, higher is better.

use std::fmt::Write as _;

use super::svg::{Anchor, Palette, text};
use crate::types::Theme;

const SIZE: (u32, u32) = (1080, 720);
const LEFT: f64 = 96.0;
const RIGHT: f64 = 1030.0;
const TOP: f64 = 70.0;
const BOTTOM: f64 = 600.0;

/// The line as SVG.
pub(super) fn svg(days: &[Option<u8>], ends: &[String; 2], theme: Theme) -> String {
    let palette = Palette::of(theme);
    let mut out = palette.page(SIZE.0, SIZE.1);
    grid(&mut out, &palette);
    let points = points(days);
    let _ = write!(
        out,
        r#"<defs><linearGradient id="fall" x1="0" y1="0" x2="0" y2="1"><stop offset="0" stop-color="{gold}" stop-opacity=".38"/><stop offset="1" stop-color="{gold}" stop-opacity=".04"/></linearGradient></defs>"#,
        gold = palette.gold
    );
    for run in runs(&points) {
        let _ = write!(
            out,
            r#"<path d="{line}L{:.1} {BOTTOM}L{:.1} {BOTTOM}Z" fill="url(#fall)"/><path d="{line}" fill="none" stroke="{}" stroke-width="6" stroke-linecap="round"/>"#,
            run[run.len() - 1].x,
            run[0].x,
            palette.gold,
            line = curve(run),
        );
    }
    bridges(&mut out, &points, &palette);
    let radius = (step(days.len()) * 0.34).clamp(4.5, 12.0);
    for point in &points {
        let _ = write!(
            out,
            r#"<circle cx="{:.1}" cy="{:.1}" r="{radius:.1}" fill="{}" stroke="{}" stroke-width="{:.1}"/>"#,
            point.x,
            point.y,
            palette.paper,
            palette.deep_gold,
            radius * 0.45
        );
    }
    text(&mut out, &ends[0], (LEFT, 668.0), 34.0, Anchor::Start, palette.ink);
    text(&mut out, &ends[1], (RIGHT, 668.0), 34.0, Anchor::End, palette.ink);
    out.push_str("</svg>");
    out
}

/// A day on which something was said.
struct Point {
    day: usize,
    x: f64,
    y: f64,
}

fn points(days: &[Option<u8>]) -> Vec<Point> {
    let said = days.iter().enumerate().filter_map(|(day, mood)| Some((day, (*mood)?)));
    said.map(|(day, mood)| Point { day, x: LEFT + 24.0 + super::as_f64(day) * step(days.len()), y: height(mood) })
        .collect()
}

/// From one day to the next.
fn step(days: usize) -> f64 {
    (RIGHT - LEFT - 48.0) / super::as_f64(days.saturating_sub(1).max(1))
}

fn height(mood: u8) -> f64 {
    BOTTOM - 40.0 - f64::from(mood.clamp(1, 5) - 1) / 4.0 * (BOTTOM - 40.0 - TOP)
}

fn grid(out: &mut String, palette: &Palette) {
    for mood in 1..=5 {
        let y = height(mood);
        let _ = write!(
            out,
            r#"<path d="M{LEFT} {y:.1}H{RIGHT}" stroke="{}" stroke-width="2.5" stroke-dasharray="2 12" stroke-linecap="round"/>"#,
            palette.faint
        );
        text(out, &mood.to_string(), (LEFT - 28.0, y + 13.0), 36.0, Anchor::End, palette.ink);
    }
}

/// Days that follow each other.
fn runs(points: &[Point]) -> impl Iterator<Item = &[Point]> {
    points.chunk_by(|one, next| one.day + 1 == next.day).filter(|run| run.len() > 1)
}

/// A line that is level in each point, so that it never shows more or less than was said.
fn curve(run: &[Point]) -> String {
    let mut out = format!("M{:.1} {:.1}", run[0].x, run[0].y);
    for pair in run.windows(2) {
        let middle = f64::midpoint(pair[0].x, pair[1].x);
        let _ =
            write!(out, "C{middle:.1} {:.1} {middle:.1} {:.1} {:.1} {:.1}", pair[0].y, pair[1].y, pair[1].x, pair[1].y);
    }
    out
}

/// Over days on which nothing was said only dots lead, as nothing is known of them.
fn bridges(out: &mut String, points: &[Point], palette: &Palette) {
    for pair in points.windows(2).filter(|pair| pair[0].day + 1 < pair[1].day) {
        let _ = write!(
            out,
            r#"<path d="M{:.1} {:.1}L{:.1} {:.1}" stroke="{}" stroke-opacity=".55" stroke-width="4" stroke-dasharray=".1 11" stroke-linecap="round"/>"#,
            pair[0].x, pair[0].y, pair[1].x, pair[1].y, palette.gold
        );
    }
}
