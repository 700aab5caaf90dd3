//! Boxes: words in lines, buttons side by side, and a frame around them.

use std::fmt::Write as _;

use super::super::layout::{Point, Size};
use super::super::measure::{width, wrapped};
use super::super::{Node, NodeKind};
use super::{SMALL, escaped};

const TEXT: f64 = 13.0;
/// The width of a text inside a box.
const COLUMN: f64 = 250.0;
const PADDING: f64 = 10.0;
/// The room of the two bars that say "here it waits".
const SIGN: f64 = 18.0;

/// A box with its words in lines.
pub(super) struct Frame {
    rows: Vec<Row>,
    pub(super) size: Size,
}

/// A line of a box: words, or buttons side by side.
enum Row {
    Words { text: String, class: &'static str, size: f64, gap: f64 },
    Buttons(Vec<String>),
}

impl Row {
    fn height(&self) -> f64 {
        match self {
            Row::Words { size, gap, .. } => size * 1.35 + gap,
            Row::Buttons(_) => 23.0,
        }
    }

    fn width(&self) -> f64 {
        match self {
            Row::Words { text, size, class, .. } => width(text, *size) * if *class == "head" { 1.12 } else { 1.0 },
            Row::Buttons(words) => words.iter().map(|word| button(word) + 5.0).sum::<f64>() - 5.0,
        }
    }
}

fn waits(node: &Node) -> bool {
    matches!(node.kind, NodeKind::Ask | NodeKind::Wait)
}

fn button(word: &str) -> f64 {
    width(word, SMALL) + 14.0
}

impl Frame {
    pub(super) fn of(node: &Node) -> Self {
        let mut rows = Vec::new();
        let mut words = |text: &str, class, size: f64, gap: f64| {
            for (index, text) in wrapped(text, size, COLUMN).into_iter().enumerate() {
                rows.push(Row::Words { text, class, size, gap: if index == 0 { gap } else { 0.0 } });
            }
        };
        match (node.kind, node.head.as_str()) {
            (_, "") => {}
            (_, head) => words(head, "head", SMALL, 0.0),
        }
        for (index, line) in node.lines.iter().enumerate() {
            words(line, "", TEXT, if index > 0 { 6.0 } else { 2.0 });
        }
        for note in &node.notes {
            words(note, "small", SMALL, 1.0);
        }
        let mut row: Vec<String> = Vec::new();
        for word in &node.buttons {
            let used: f64 = row.iter().map(|word| button(word) + 5.0).sum();
            if !row.is_empty() && used + button(word) > COLUMN {
                rows.push(Row::Buttons(std::mem::take(&mut row)));
            }
            row.push(word.clone());
        }
        if !row.is_empty() {
            rows.push(Row::Buttons(row));
        }
        let wide = rows.iter().map(Row::width).fold(0.0, f64::max);
        let high: f64 = rows.iter().map(Row::height).sum();
        // Room for the sign beside the name.
        let sign = if waits(node) { SIGN } else { 0.0 };
        let wide = wide.max(rows.first().map_or(0.0, Row::width) + sign);
        let size = match node.kind {
            NodeKind::Branch => Size { width: 34.0, height: 34.0 },
            _ => Size { width: wide + 2.0 * PADDING, height: high + 2.0 * PADDING },
        };
        Self { rows, size }
    }

    pub(super) fn draw(&self, node: &Node, (x, y): Point, out: &mut String) {
        let (left, top) = (x - self.size.width / 2.0, y - self.size.height / 2.0);
        let class = class(node.kind);
        if node.kind == NodeKind::Branch {
            let half = self.size.width / 2.0;
            let _ = writeln!(
                out,
                "<path class=\"box branch\" d=\"M{x:.1} {top:.1}l{half:.1} {half:.1}l-{half:.1} {half:.1}l-{half:.1} -{half:.1}z\"/>\
                 <text class=\"head\" x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">?</text>",
                y + 4.0
            );
            return;
        }
        let round = if matches!(node.kind, NodeKind::Start | NodeKind::End | NodeKind::Back) { 14.0 } else { 6.0 };
        let Size { width, height } = self.size;
        let _ = writeln!(
            out,
            "<rect class=\"box {class}\" x=\"{left:.1}\" y=\"{top:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" rx=\"{round}\"/>"
        );
        if waits(node) {
            let (x, y) = (left + width - PADDING - 8.0, top + PADDING + 1.0);
            let _ = writeln!(out, "<path class=\"waits\" d=\"M{x:.1} {y:.1}v10h3v-10zm5 0v10h3v-10z\"/>");
        }
        let mut y = top + PADDING;
        for row in &self.rows {
            match row {
                Row::Words { text, class, size, gap } => {
                    let _ = writeln!(
                        out,
                        "<text class=\"{class}\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
                        left + PADDING,
                        y + gap + size,
                        escaped(text)
                    );
                }
                Row::Buttons(words) => buttons(words, left + PADDING, y + 4.0, out),
            }
            y += row.height();
        }
    }
}

fn buttons(words: &[String], mut x: f64, y: f64, out: &mut String) {
    for word in words {
        let wide = button(word);
        let _ = writeln!(
            out,
            "<rect class=\"button\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{wide:.1}\" height=\"18\" rx=\"5\"/>\
             <text class=\"small\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
            x + wide / 2.0,
            y + 13.0,
            escaped(word)
        );
        x += wide + 5.0;
    }
}

/// The name of its colours.
pub(super) fn class(kind: NodeKind) -> &'static str {
    match kind {
        NodeKind::Start => "start",
        NodeKind::Say => "say",
        NodeKind::Ask | NodeKind::Wait => "ask",
        NodeKind::Branch => "branch",
        NodeKind::Script => "script",
        NodeKind::Keep => "keep",
        NodeKind::End => "end",
        NodeKind::Back => "goes-back",
    }
}
