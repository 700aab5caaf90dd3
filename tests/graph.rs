//! Drawings of scripts: what is in them, what is red, and that words stay in their boxes.

#[path = "support/prompts.rs"]
#[expect(unreachable_pub, reason = "shared with other test programs")]
mod prompts;

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use goldseam::script::graph::{Graph, NodeKind, overview};
use goldseam::script::model::OpKind;

use prompts::library_with;

const PROBE: &str = r#"script: probe
title: Probe "one"
start_with: [/probe]
expire: { after: 3d }
vars:
  mood: { type: integer, from: 1, to: 5 }
  why: { type: text, max: 60 }
phrases:
  vague: [stuff]
steps:
  - set: { why: none }
  - say: First, ${ me.name or "you" }.
  - say_one_of: [Second one, Another one]
  - id: mood
    choose: How is it?
    save: mood
    skip: true
    options:
      - { label: Low & slow, value: 1 }
      - { label: High, value: 5 }
      - { label: Get help, then: [ { id: help-now, call: now }, { goto: mood } ] }
    tries: 2
    otherwise:
      - end: given_up
  - branch:
      - if: mood is none
        then:
          - set: { mood: 3 }
      - if: mood < 3
        then:
          - id: why
            ask: |
              1. Why?
              Only if you like.
            save: why
            reject: { vague: "What is stuff?" }
            soft: [vague]
      - else:
          - schedule: { name: probe, run: menu, at: tomorrow evening }
  - if: why
    journal: { kind: probe, title: "Probe", body: '${ why or "" }' }
  - start: menu
"#;

fn drawn(taken: Option<&BTreeSet<(usize, usize)>>) -> Graph {
    let library = library_with(&[("probe.yaml", PROBE)]);
    Graph::of(library.script("probe").unwrap(), PROBE, taken)
}

#[test]
fn a_script_is_drawn_as_a_person_meets_it() {
    let expected = r#"---
title: "Probe 'one'"
---
flowchart TD
  n0(["Probe #34;one#34;<br/>/probe"])
  n1["First, ‹me.name›.<br/>Second one (one of 2)"]
  n2("waits: mood<br/>How is it?<br/>may be skipped<br/>[Low #38; slow] [High] [Get help]")
  n3[["runs now"]]
  n4(["end: given#95;up"])
  n5{"?"}
  n6("waits: why<br/>1#46; Why? Only if you like.<br/>asks again: vague")
  n7["plans<br/>menu, tomorrow evening"]
  n8{"?"}
  n9["keeps in the journal<br/>Probe"]
  n10[["goes on with menu"]]
  n0 --> n1
  n1 --> n2
  n2 -->|"Low #38; slow / High / Skip"| n5
  n2 -->|"Get help"| n3
  n2 -->|"not understood 2 times"| n4
  n3 -.-> n2
  n5 -->|"mood is none"| n8
  n5 -->|"mood #60; 3"| n6
  n5 -->|"else"| n7
  n6 --> n8
  n7 --> n8
  n8 -->|"why"| n9
  n8 -->|"else"| n10
  n9 --> n10
"#;
    let drawn = drawn(None).mermaid();
    let ways = drawn.split("  classDef").next().unwrap();
    assert_eq!(ways, expected);
    assert!(drawn.contains("class n2,n6 ask") && drawn.contains("class n3,n10 other") && !drawn.contains("linkStyle"));
}

#[test]
fn what_no_transcript_went_is_red() {
    let library = library_with(&[("probe.yaml", PROBE)]);
    let script = library.script("probe").unwrap();
    let ask = script.ops.iter().position(|op| matches!(op.kind, OpKind::Ask(_))).unwrap();
    let everything = (0..script.ops.len()).flat_map(|from| (0..=script.ops.len()).map(move |to| (from, to)));
    let mut taken: BTreeSet<(usize, usize)> = everything.collect();
    assert_eq!(drawn(Some(&taken)).untested(), 0);
    taken.retain(|(from, _)| *from != ask);
    let graph = drawn(Some(&taken));
    let red: Vec<_> = graph.edges.iter().filter(|edge| !edge.tested).map(|edge| &graph.nodes[edge.from].head).collect();
    assert_eq!(red, ["why"]);
    assert!(graph.svg().contains("class=\"way red\"") && graph.svg().contains("no transcript went here"));
    assert!(graph.mermaid().contains("stroke:#d11f2f") && graph.mermaid().contains("(red: no transcript went there)"));
    assert!(!drawn(None).svg().contains("no transcript"));
}

#[test]
fn every_shipped_script_has_a_picture_whose_words_stay_in_their_boxes() {
    let library = library_with(&[]);
    let texts: Vec<(&str, &str, &str)> = library.texts().collect();
    for (name, _, text) in texts {
        let script = library.script(name).unwrap();
        let graph = Graph::of(script, text, None);
        let questions = script.ops.iter().filter(|op| matches!(op.kind, OpKind::Ask(_) | OpKind::Choose(_))).count();
        let drawn = graph.nodes.iter().filter(|node| node.kind == NodeKind::Ask).count();
        assert_eq!(drawn, questions, "{name}");
        assert!(graph.edges.iter().all(|edge| edge.to < graph.nodes.len() && edge.from != edge.to), "{name}");
        whole(&graph.svg(), name);
        assert_eq!(graph.svg(), Graph::of(script, text, None).svg(), "{name}");
    }
    whole(&overview(&library).svg(), "overview");
}

/// Looks at a picture: every tag is closed, everything stands on the page, every word in a box ends inside it.
#[track_caller]
fn whole(svg: &str, name: &str) {
    for tag in ["svg", "g", "text", "title", "desc", "style"] {
        let opened = svg.matches(&format!("<{tag}>")).count() + svg.matches(&format!("<{tag} ")).count();
        assert_eq!(opened, svg.matches(&format!("</{tag}>")).count(), "{name}: {tag}");
    }
    let page = svg.split("viewBox=\"0 0 ").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    let (width, height) =
        page.split_once(' ').map(|(w, h)| (w.parse::<f64>().unwrap(), h.parse::<f64>().unwrap())).unwrap();
    let number = |line: &str, key: &str| -> Option<f64> {
        line.split(&format!(" {key}=\"")).nth(1)?.split('"').next()?.parse().ok()
    };
    let (mut right, mut words) = (f64::MAX, 0);
    let drawing = svg.split("<g transform").nth(1).unwrap();
    for line in drawing.lines() {
        if let (Some(x), Some(y), Some(w), Some(h)) =
            (number(line, "x"), number(line, "y"), number(line, "width"), number(line, "height"))
        {
            assert!(x >= 0.0 && y >= 0.0 && x + w <= width + 0.5 && y + h <= height + 0.5, "{name}: {line}");
            right = if line.contains("class=\"box") { x + w } else { f64::MAX };
        } else if line.starts_with("<text class=\"") && !line.contains("text-anchor") && right < f64::MAX {
            let text = line.split('>').nth(1).and_then(|rest| rest.split('<').next()).unwrap();
            let text = text.replace("&quot;", "\"").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
            let size = if line.contains("class=\"\"") { 13.0 } else { 11.0 };
            let wide: f64 = text.chars().map(verdana).sum::<f64>() * size;
            assert!(number(line, "x").unwrap() + wide <= right, "{name}: {line}");
            words += 1;
        }
    }
    assert!(words > 0, "{name}");
}

/// About as wide as a letter is in Verdana, the widest of the usual fonts.
fn verdana(c: char) -> f64 {
    match c {
        'i' | 'l' | 'j' | '\'' => 0.28,
        'f' | 't' | 'r' | ' ' | '.' | ',' | '/' | 'I' | '!' => 0.4,
        'm' | 'w' | 'M' | 'W' => 0.97,
        'A'..='Z' => 0.72,
        _ => 0.61,
    }
}

#[test]
fn the_overview_shows_who_leads_to_whom() {
    let library = library_with(&[("probe.yaml", PROBE)]);
    let graph = overview(&library);
    let number = |name: &str| graph.nodes.iter().position(|node| node.head == name).unwrap();
    let way = |from: &str, to: &str| {
        let found = graph.edges.iter().filter(|edge| (edge.from, edge.to) == (number(from), number(to)));
        found.map(|edge| (edge.labels.join(""), edge.dashed)).collect::<Vec<_>>()
    };
    assert_eq!(way("probe", "menu"), [("plans".to_owned(), true), (String::new(), false)]);
    assert_eq!(way("probe", "now"), [("runs".to_owned(), false)]);
    assert!(number("menu") < number("daily-checkin"));
    assert!(!graph.nodes.iter().any(|node| node.head == "idle"), "cards are left out");
}

#[test]
fn the_command_prints_and_writes() {
    let folder = tempfile::tempdir().unwrap();
    let scripts = folder.path().join("prompts");
    for file in goldseam::prompts::shipped() {
        let path = scripts.join(&file.path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, file.text).unwrap();
    }
    fs::write(scripts.join("probe.yaml"), PROBE).unwrap();
    let scripts = scripts.to_str().unwrap();
    let run = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_goldseam"));
        let output = command.args(["scripts", "graph", "--dir", scripts]).args(arguments).output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, text, _) = run(&["probe"]);
    assert_eq!((code, text.as_str()), (Some(0), drawn(None).mermaid().as_str()));
    let out = folder.path().join("drawings");
    let (code, list, _) = run(&["--all", "--format", "svg", "--out", out.to_str().unwrap()]);
    assert_eq!((code, list.lines().count()), (Some(0), library_with(&[("probe.yaml", PROBE)]).scripts().count() + 1));
    assert_eq!(fs::read_to_string(out.join("probe.svg")).unwrap(), drawn(None).svg());
    assert!(out.join("overview.svg").exists());
    let (code, _, error) = run(&["proeb"]);
    assert!(code == Some(1) && error.contains("There is no script `proeb`"), "{error}");
    assert_eq!(run(&["--all"]).0, Some(2));
}
