//! Pieces of SVG that all pictures share: the page, the colours of charts, and text.

use std::fmt::Write as _;

use crate::types::Theme;

/// The beginning of a picture of this size.
pub(super) fn open(width: u32, height: u32) -> String {
    format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" font-family="DejaVu Sans">"#
    )
}

/// Colours of charts. What a chart tells never hangs on them alone.
pub(super) struct Palette {
    pub(super) paper: &'static str,
    pub(super) ink: &'static str,
    /// For lines that guide the eye, and for what is not there.
    pub(super) faint: &'static str,
    pub(super) gold: &'static str,
    pub(super) deep_gold: &'static str,
    /// From 1 to 5: dark to light and blue to yellow, so that nobody needs to tell red from green.
    pub(super) moods: [&'static str; 5],
    /// What is legible upon each of them.
    pub(super) on_moods: [&'static str; 5],
}

impl Palette {
    pub(super) fn of(theme: Theme) -> Self {
        match theme {
            Theme::Light => Self {
                paper: "#f7f3ec",
                ink: "#3b3630",
                faint: "#d9d0c3",
                gold: "#c8922f",
                deep_gold: "#8f6417",
                moods: ["#26406e", "#53698c", "#8d9399", "#cdb878", "#f0cf62"],
                on_moods: ["#ffffff", "#ffffff", "#14161a", "#2a2417", "#2a2417"],
            },
            Theme::Dark => Self {
                paper: "#16181d",
                ink: "#e8e2d7",
                faint: "#343841",
                gold: "#e0ad45",
                deep_gold: "#f3d27a",
                moods: ["#34548c", "#5f7699", "#959ba3", "#cdb878", "#f5d667"],
                on_moods: ["#ffffff", "#ffffff", "#101216", "#2a2417", "#2a2417"],
            },
        }
    }

    /// An empty page.
    pub(super) fn page(&self, width: u32, height: u32) -> String {
        let mut out = open(width, height);
        let _ = write!(out, r#"<rect width="{width}" height="{height}" fill="{}"/>"#, self.paper);
        out
    }
}

/// Which end of a text its place is.
#[derive(Clone, Copy)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// A line of text, on its base line.
pub(super) fn text(out: &mut String, words: &str, at: (f64, f64), size: f64, anchor: Anchor, colour: &str) {
    let anchor = match anchor {
        Anchor::Start => "start",
        Anchor::Middle => "middle",
        Anchor::End => "end",
    };
    let (x, y) = at;
    let _ = write!(out, r#"<text x="{x:.1}" y="{y:.1}" font-size="{size}" text-anchor="{anchor}" fill="{colour}">"#);
    for character in words.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            other if other.is_control() => {}
            other => out.push(other),
        }
    }
    out.push_str("</text>");
}
