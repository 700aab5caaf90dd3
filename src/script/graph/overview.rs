//! All scripts of a bot on one page: who goes on with whom, and who runs or plans another one.

use std::collections::{BTreeMap, BTreeSet};

use super::super::library::Library;
use super::super::model::{OpKind, Script};
use super::{Edge, Graph, Node, NodeKind};

/// The drawing of a library. Cards are left out: nothing leads to them but the program itself.
#[must_use]
pub fn overview(library: &Library) -> Graph {
    let scripts = from_the_top(library);
    let number: BTreeMap<&str, usize> =
        scripts.iter().enumerate().map(|(index, script)| (script.name.as_str(), index)).collect();
    let mut edges: Vec<Edge> = Vec::new();
    for (from, script) in scripts.iter().enumerate() {
        for (name, word) in script.ops.iter().filter_map(|op| leads_to(&op.kind)) {
            let Some(to) = number.get(name).copied() else { continue };
            let labels = if word.is_empty() { Vec::new() } else { vec![word.to_owned()] };
            let edge = Edge { from, to, labels, dashed: word == "plans", tested: true };
            if from != to && !edges.contains(&edge) {
                edges.push(edge);
            }
        }
    }
    let nodes = scripts.iter().map(|script| {
        let kind = if script.starters.commands.is_empty() { NodeKind::Script } else { NodeKind::Start };
        let mut notes: Vec<String> = script.starters.commands.iter().map(|command| format!("/{command}")).collect();
        let again = script.ops.iter().any(|op| leads_to(&op.kind).is_some_and(|(name, _)| name == script.name));
        notes.extend(again.then(|| "plans itself again".to_owned()));
        Node { lines: vec![script.title.clone()], notes, ..Node::new(kind, &script.name) }
    });
    let legend = vec![(NodeKind::Start, "has a command"), (NodeKind::Script, "has none: others lead to it")];
    Graph { title: "All scripts".into(), nodes: nodes.collect(), edges, legend, tested: false }
}

/// The scripts, each before those that it leads to, as far as they do not lead back.
fn from_the_top(library: &Library) -> Vec<&Script> {
    let (mut found, mut seen) = (Vec::new(), BTreeSet::new());
    for script in library.scripts().filter(|script| !script.card) {
        behind(script, library, &mut seen, &mut found);
    }
    found.reverse();
    found
}

fn behind<'l>(script: &'l Script, library: &'l Library, seen: &mut BTreeSet<&'l str>, found: &mut Vec<&'l Script>) {
    if !seen.insert(&script.name) {
        return;
    }
    for (name, _) in script.ops.iter().filter_map(|op| leads_to(&op.kind)) {
        if let Some(next) = library.script(name) {
            behind(next, library, seen, found);
        }
    }
    found.push(script);
}

fn leads_to(kind: &OpKind) -> Option<(&str, &'static str)> {
    match kind {
        OpKind::Call { script, .. } => Some((script, "runs")),
        OpKind::Start { script, .. } => Some((script, "")),
        OpKind::Schedule(schedule) => Some((&schedule.run, "plans")),
        OpKind::Remind { .. } => Some(("reminder", "plans")),
        OpKind::Promise { .. } => Some(("promise-followup", "plans")),
        _ => None,
    }
}
