//! The same as Mermaid text, which many places draw by themselves.

use std::fmt::Write as _;

use super::{Edge, Graph, Node, NodeKind};

pub(super) fn write(graph: &Graph) -> String {
    let legend = if graph.tested { " (red: no transcript went there)" } else { "" };
    let title = graph.title.replace(['"', '\\'], "'");
    let mut out = format!("---\ntitle: \"{title}{legend}\"\n---\nflowchart TD\n");
    for (index, node) in graph.nodes.iter().enumerate() {
        let (open, close) = shape(node.kind);
        let _ = writeln!(out, "  n{index}{open}\"{}\"{close}", words(node));
    }
    for edge in &graph.edges {
        let _ = writeln!(out, "  {}", way(edge));
    }
    for (kind, class, look) in CLASSES {
        let of_kind = graph.nodes.iter().enumerate().filter(|(_, node)| node.kind == kind);
        let names: Vec<String> = of_kind.map(|(index, _)| format!("n{index}")).collect();
        if !names.is_empty() {
            let _ = writeln!(out, "  classDef {class} {look}\n  class {} {class}", names.join(","));
        }
    }
    let untested = graph.edges.iter().enumerate().filter(|(_, edge)| !edge.tested);
    let untested: Vec<String> = untested.map(|(index, _)| index.to_string()).collect();
    if !untested.is_empty() {
        let _ = writeln!(out, "  linkStyle {} stroke:#d11f2f,stroke-width:2.5px", untested.join(","));
    }
    out
}

/// Colours that can be read on light and on dark.
const CLASSES: [(NodeKind, &str, &str); 6] = [
    (NodeKind::Start, "begin", "fill:#e3eefb,stroke:#3b6fb0,color:#1c2430"),
    (NodeKind::Ask, "ask", "fill:#fdf3dc,stroke:#b7791f,stroke-width:3px,color:#1c2430"),
    (NodeKind::Wait, "wait", "fill:#fdf3dc,stroke:#b7791f,stroke-width:3px,color:#1c2430"),
    (NodeKind::Branch, "branch", "fill:#f2ecfa,stroke:#7c5cab,color:#1c2430"),
    (NodeKind::Script, "other", "fill:#e9f5ee,stroke:#2f855a,stroke-dasharray:6 4,color:#1c2430"),
    (NodeKind::Keep, "keep", "fill:#ffffff,stroke:#8a93a3,stroke-dasharray:2 3,color:#1c2430"),
];

fn shape(kind: NodeKind) -> (&'static str, &'static str) {
    match kind {
        NodeKind::Start | NodeKind::End | NodeKind::Back => ("([", "])"),
        NodeKind::Ask | NodeKind::Wait => ("(", ")"),
        NodeKind::Branch => ("{", "}"),
        NodeKind::Script => ("[[", "]]"),
        NodeKind::Say | NodeKind::Keep => ("[", "]"),
    }
}

fn words(node: &Node) -> String {
    let waits = matches!(node.kind, NodeKind::Ask | NodeKind::Wait);
    let head = match node.head.as_str() {
        "" if node.kind == NodeKind::Branch => "?".to_owned(),
        head if waits => format!("waits: {head}"),
        head => head.to_owned(),
    };
    let buttons = node.buttons.iter().map(|button| format!("[{button}]")).collect::<Vec<_>>().join(" ");
    let all = [head].into_iter().chain(node.lines.clone()).chain(node.notes.clone()).chain([buttons]);
    let all: Vec<String> = all.filter(|line| !line.is_empty()).map(|line| escaped(&line)).collect();
    all.join("<br/>")
}

fn way(edge: &Edge) -> String {
    let arrow = if edge.dashed { "-.->" } else { "-->" };
    let label = edge.labels.iter().map(|label| escaped(label)).collect::<Vec<_>>().join(" / ");
    let label = if label.is_empty() { String::new() } else { format!("|\"{label}\"|") };
    format!("n{} {arrow}{label} n{}", edge.from, edge.to)
}

/// Everything that Mermaid could take for a sign of its own, as the number of the character.
fn escaped(text: &str) -> String {
    let mut safe = String::new();
    for c in text.chars() {
        match c {
            c if c.is_control() => safe.push(' '),
            '"' | '#' | '&' | '<' | '>' | '`' | '\\' | '*' | '_' | '~' | '%' => {
                let _ = write!(safe, "#{};", u32::from(c));
            }
            // "1. " at the beginning would be a list.
            '.' if safe.chars().all(|c| c.is_ascii_digit()) => safe.push_str("#46;"),
            c => safe.push(c),
        }
    }
    safe
}
