//! `paths.yaml`: for each path the reflections that it leads through, in order, and from which day on each of them is offered.
//!
//! Reads and checks. Which step comes next for somebody is worked out by `practice::path`.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::flow::World;
use super::problem::{Source, did_you_mean};
use super::read::{self, Fields};
use super::yaml::Node;

/// The fewest steps that make a path.
const FEWEST: usize = 5;
/// The latest day that a step may wait for.
const LATEST: i64 = 365;
/// The fact in which the engine keeps what became of the steps.
pub const FACT: &str = "steps";

/// One step of a path.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// The script.
    pub script: String,
    /// Not before so many days.
    pub from_day: i64,
    /// A softer way of the same.
    pub softer: Option<String>,
    /// Where it stands.
    pub(crate) span: Range<usize>,
}

/// All paths by their names.
pub type Paths = BTreeMap<String, Vec<Step>>;

/// Reads the file.
pub(crate) fn read(source: &mut Source<'_>) -> Paths {
    let Some(root) = super::yaml::parse(source) else { return Paths::default() };
    let Some(mut fields) = Fields::of(&root, "paths.yaml", source) else { return Paths::default() };
    let paths = fields.need("paths", source).and_then(|node| Fields::of(node, "paths by their names", source));
    fields.finish(source);
    let mut found = Paths::new();
    for (key, node) in paths.map(Fields::all).into_iter().flatten() {
        let items = read::items(node, "a list of steps", source);
        let steps: Vec<Step> = items.into_iter().filter_map(|item| step(item, source)).collect();
        in_order(&steps, source);
        if steps.len() < FEWEST && !source.has_gaps() {
            let message = format!("the path `{}` has {} of at least {FEWEST} steps", key.name, steps.len());
            source.error(
                "GS0442",
                key.span.clone(),
                message,
                "a path leads through some weeks: add steps, or take it out",
            );
        }
        found.insert(key.name.clone(), steps);
    }
    found
}

fn step(node: &Node, source: &mut Source<'_>) -> Option<Step> {
    let mut fields = Fields::of(node, "a step of a path", source)?;
    let script = fields.need("script", source).and_then(|node| read::name(node, "a script's name", source));
    let day = fields.need("from_day", source).and_then(|node| read::number(node, "a day", 0..LATEST + 1, source));
    let softer = fields.take("softer").and_then(|node| read::name(node, "a script's name", source));
    fields.finish(source);
    Some(Step {
        script: script?.to_owned(),
        from_day: day?,
        softer: softer.map(str::to_owned),
        span: node.span.clone(),
    })
}

/// Each script stands once, and later steps wait for later days.
fn in_order(steps: &[Step], source: &mut Source<'_>) {
    let mut seen = BTreeSet::new();
    let mut day = 0;
    for step in steps {
        if !seen.insert(&step.script) {
            let message = format!("`{}` stands on this path already", step.script);
            source.error("GS0443", step.span.clone(), message, "a step is done once: take one of them out");
        }
        if step.from_day < day {
            let message = format!("day {} comes behind day {day}", step.from_day);
            source.error("GS0443", step.span.clone(), message, "put the steps in the order of their days");
        }
        day = day.max(step.from_day);
    }
}

/// Holds the paths against the scripts.
pub(crate) fn check(paths: &Paths, world: &World<'_>, source: &mut Source<'_>) {
    if !paths.is_empty() && !world.facts.contains_key(FACT) && !world.unread.contains(FACT) {
        let hint = format!("declare it there: `{FACT}: {{ type: list, private: true }}`");
        source.error("GS0308", source.key("paths"), format!("there is no fact `me.{FACT}` in facts.yaml"), hint);
    }
    for step in paths.values().flatten() {
        for name in [Some(&step.script), step.softer.as_ref()].into_iter().flatten() {
            match world.scripts.get(name) {
                None if world.broken.contains(name) => {}
                None => {
                    let near = did_you_mean(name, world.scripts.keys().map(String::as_str));
                    let hint = if near.is_empty() { format!("write the file {name}.yaml") } else { near };
                    source.error("GS0407", step.span.clone(), format!("there is no script `{name}`"), hint);
                }
                Some(script) if !script.args.is_empty() => {
                    let message = format!("`{name}` needs `{}`, and a path has nothing to give", script.args[0]);
                    source.error("GS0408", step.span.clone(), message, "name a script without `args`");
                }
                Some(_) => {}
            }
        }
    }
}
