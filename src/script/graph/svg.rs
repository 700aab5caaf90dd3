//! The picture: boxes, ways and words as SVG that needs nothing else. It follows the reader's choice of light or dark, and says in words
//! what it shows.

use std::fmt::Write as _;

use super::layout::{Point, Size, layout};
use super::measure::{width, wrapped};
use super::{Edge, Graph, Node, NodeKind};

const TEXT: f64 = 13.0;
const SMALL: f64 = 11.0;
/// The width of a text inside a box.
const COLUMN: f64 = 250.0;
const PADDING: f64 = 10.0;
const LEGEND: f64 = 64.0;
/// The room of the two bars that say "here it waits".
const SIGN: f64 = 18.0;

/// Colours by name, for light and for dark.
const STYLE: &str = "\
.page{fill:#fff}.box{fill:#f4f5f7;stroke:#8a93a3;stroke-width:1.2}.ask{fill:#fdf3dc;stroke:#b7791f;stroke-width:2.4}\
.start{fill:#e3eefb;stroke:#3b6fb0}.end{fill:#e9eaed;stroke:#6b7280}.branch{fill:#f2ecfa;stroke:#7c5cab}\
.script{fill:#e9f5ee;stroke:#2f855a;stroke-dasharray:6 4}.keep{fill:#fff;stroke:#8a93a3;stroke-dasharray:2 3}\
.goes-back{fill:#fff;stroke:#5b6472;stroke-dasharray:5 4}.waits{fill:#b7791f}.button{fill:#fff;stroke:#b7791f}.way{fill:none;stroke:#5b6472;stroke-width:1.4}.tip{fill:#5b6472}\
.back{stroke-dasharray:5 4}.red{stroke:#d11f2f;stroke-width:2.2}.redtip{fill:#d11f2f}\
text{font-family:Verdana,'DejaVu Sans',system-ui,sans-serif;font-size:13px;fill:#1c2430}\
.small{font-size:11px;fill:#566072}.head{font-weight:bold;font-size:11px}.title{font-weight:bold;font-size:18px}\
.label{font-size:11px;fill:#1c2430}.under{fill:#fff;fill-opacity:.88}\
@media(prefers-color-scheme:dark){.page{fill:#14181f}.box{fill:#222934;stroke:#6b7688}.ask{fill:#3a2f16;stroke:#e0a840}\
.start{fill:#1b2c44;stroke:#6ea0e0}.end{fill:#2a2f38;stroke:#8a93a3}.branch{fill:#2c2440;stroke:#a98be0}\
.script{fill:#173226;stroke:#5cb98a}.keep{fill:#14181f;stroke:#6b7688}.goes-back{fill:#14181f;stroke:#98a2b3}.waits{fill:#e0a840}.button{fill:#14181f;stroke:#e0a840}\
.way{stroke:#98a2b3}.tip{fill:#98a2b3}.red{stroke:#ff6b74}.redtip{fill:#ff6b74}text,.label{fill:#e8ebf0}.small{fill:#aab4c4}\
.under{fill:#14181f}}";

pub(super) fn draw(graph: &Graph) -> String {
    let boxes: Vec<Box> = graph.nodes.iter().map(Box::of).collect();
    let labels: Vec<Vec<String>> = graph.edges.iter().map(label).collect();
    let sizes: Vec<Size> = boxes.iter().map(|node| node.size).collect();
    let rooms: Vec<Size> = labels.iter().map(|lines| room(lines)).collect();
    let placed = layout(graph, &sizes, &rooms);
    let mut out = String::new();
    page(graph, placed.size, &mut out);
    for (edge, (corners, _)) in graph.edges.iter().zip(&placed.edges) {
        way(edge, corners, &mut out);
    }
    for (node, (own, at)) in graph.nodes.iter().zip(boxes.iter().zip(&placed.nodes)) {
        own.draw(node, *at, &mut out);
    }
    for (lines, (_, at)) in labels.iter().zip(&placed.edges) {
        words(lines, *at, &mut out);
    }
    out.push_str("</g>\n</svg>\n");
    out
}

/// The page's frame: its size, its words for those who do not see it, a title and a legend.
fn page(graph: &Graph, size: Size, out: &mut String) {
    let (width, height) = (size.width.max(620.0), size.height + LEGEND);
    let title = escaped(&graph.title);
    let _ = write!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" width=\"{width:.0}\" height=\"{height:.0}\" \
         role=\"img\" aria-labelledby=\"title desc\">\n<title id=\"title\">{title}</title>\n<desc id=\"desc\">{}</desc>\n\
         <style>{STYLE}</style>\n<rect class=\"page\" width=\"100%\" height=\"100%\"/>\n\
         <text class=\"title\" x=\"20\" y=\"32\">{title}</text>\n",
        escaped(&described(graph))
    );
    let mut at = 20.0;
    for (class, word) in legend(graph) {
        let shape = match class {
            "red" => format!("<path class=\"way red\" d=\"M{at:.0} 50h22\"/>"),
            class => {
                format!("<rect class=\"box {class}\" x=\"{at:.0}\" y=\"43\" width=\"22\" height=\"13\" rx=\"4\"/>")
            }
        };
        let _ = writeln!(out, "{shape}<text class=\"small\" x=\"{:.0}\" y=\"54\">{word}</text>", at + 28.0);
        at += 46.0 + self::width(word, SMALL);
    }
    let _ = writeln!(out, "<g transform=\"translate(0 {LEGEND})\">");
}

fn legend(graph: &Graph) -> Vec<(&'static str, &'static str)> {
    let used = |kind: NodeKind| graph.nodes.iter().any(|node| node.kind == kind);
    let mut found: Vec<_> =
        graph.legend.iter().filter(|(kind, _)| used(*kind)).map(|(kind, word)| (class(*kind), *word)).collect();
    if graph.tested {
        found.push(("red", "no transcript went here"));
    }
    found
}

/// The picture in words.
fn described(graph: &Graph) -> String {
    let name = |at: usize| graph.nodes.get(at).map_or("", Node::name);
    let mut text = format!("{} boxes. ", graph.nodes.len());
    for edge in &graph.edges {
        let label = if edge.labels.is_empty() { String::new() } else { format!(" ({})", edge.labels.join(", ")) };
        let untested = if edge.tested { "" } else { ", untested" };
        let _ = write!(text, "{} to {}{label}{untested}. ", name(edge.from), name(edge.to));
    }
    text.trim_end().to_owned()
}

fn class(kind: NodeKind) -> &'static str {
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

/// A box with its words in lines.
struct Box {
    rows: Vec<Row>,
    size: Size,
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

impl Box {
    fn of(node: &Node) -> Self {
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

    fn draw(&self, node: &Node, (x, y): Point, out: &mut String) {
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

/// What stands beside a way, in lines.
fn label(edge: &Edge) -> Vec<String> {
    let most = 3;
    let mut text = edge.labels.iter().take(most).cloned().collect::<Vec<_>>().join(" / ");
    if edge.labels.len() > most {
        text.push_str(&format!(" / {} more", edge.labels.len() - most));
    }
    wrapped(&text, SMALL, 150.0)
}

fn room(lines: &[String]) -> Size {
    if lines.is_empty() {
        return Size::default();
    }
    let wide = lines.iter().map(|line| width(line, SMALL)).fold(0.0, f64::max);
    Size { width: wide + 8.0, height: 14.5 * f64::from(u32::try_from(lines.len()).unwrap_or(1)) + 6.0 }
}

fn words(lines: &[String], (x, y): Point, out: &mut String) {
    let Size { width, height } = room(lines);
    if lines.is_empty() {
        return;
    }
    let (left, mut line) = (x - width / 2.0, y - height / 2.0);
    let _ = writeln!(
        out,
        "<rect class=\"under\" x=\"{left:.1}\" y=\"{line:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" rx=\"3\"/>"
    );
    for text in lines {
        line += 14.5;
        let _ = writeln!(
            out,
            "<text class=\"label\" x=\"{x:.1}\" y=\"{line:.1}\" text-anchor=\"middle\">{}</text>",
            escaped(text)
        );
    }
}

/// A way: straight within layers, bent between them, with a tip at its end.
fn way(edge: &Edge, corners: &[Point], out: &mut String) {
    let Some((first, rest)) = corners.split_first() else { return };
    let mut path = format!("M{:.1} {:.1}", first.0, first.1);
    let mut before = first;
    for corner in rest {
        if (corner.0 - before.0).abs() < 0.5 {
            let _ = write!(path, "V{:.1}", corner.1);
        } else {
            let middle = (before.1 + corner.1) / 2.0;
            let _ = write!(
                path,
                "C{:.1} {middle:.1} {:.1} {middle:.1} {:.1} {:.1}",
                before.0, corner.0, corner.0, corner.1
            );
        }
        before = corner;
    }
    let red = if edge.tested { "" } else { " red" };
    let back = if edge.dashed { " back" } else { "" };
    let tip = if edge.tested { "tip" } else { "redtip" };
    let point = if before.1 >= first.1 { "l-4.5 -9h9z" } else { "l-4.5 9h9z" };
    let _ = writeln!(
        out,
        "<path class=\"way{back}{red}\" d=\"{path}\"/><path class=\"{tip}\" d=\"M{:.1} {:.1}{point}\"/>",
        before.0, before.1
    );
}

fn escaped(text: &str) -> String {
    let mut safe = String::new();
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            c if c.is_control() => safe.push(' '),
            c => safe.push(c),
        }
    }
    safe
}
