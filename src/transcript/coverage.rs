//! Which parts of the scripts have been reached, of all there are.
//!
//! A part is something that an author wrote and that a conversation may or may not come to: a step, an option, an objection, a
//! way out of a question, a condition that holds or does not, a reply that is said only sometimes. Places in scripts are places
//! in `Script::ops` of the library that the coverage was made for; what was carried out of another revision does not count.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::engine::{Did, Trace};
use crate::script::Library;
use crate::script::model::{OpKind, Question, Script};
use crate::script::text::Template;

/// Something in a script that a conversation may come to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// A step, by its operation.
    Step(usize),
    /// An option of a question: operation and option.
    Option(usize, usize),
    /// An objection to an answer: operation and objection.
    Check(usize, usize),
    /// A soft objection that lets the second try pass: operation and objection.
    LetPass(usize, usize),
    /// A condition that leads from one operation to another.
    Branch {
        /// The condition.
        from: usize,
        /// Where it leads.
        to: usize,
    },
    /// A question for one's own words, or for several answers, that is answered.
    Answer(usize),
    /// A question that is skipped.
    Skip(usize),
    /// A question whose tries are used up and that has steps for it.
    Otherwise(usize),
    /// A line that is said only when it is needed (`unclear`, `help`, a nudge, a form of a count), by the byte at which it begins.
    Reply(usize),
}

/// Kinds of parts: the columns of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Steps.
    Steps,
    /// Options of questions.
    Options,
    /// Objections to answers.
    Checks,
    /// Conditions that hold or not, and the ways out of a question that are no option.
    Branches,
    /// `unclear`, `help`, nudges, what is said when a script is put away, forms of a count.
    Replies,
}

impl Kind {
    /// All of them, in the order of the columns.
    pub const ALL: [Kind; 5] = [Kind::Steps, Kind::Options, Kind::Checks, Kind::Branches, Kind::Replies];

    /// The heading of its column.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Steps => "steps",
            Kind::Options => "options",
            Kind::Checks => "checks",
            Kind::Branches => "branches",
            Kind::Replies => "replies",
        }
    }
}

impl Part {
    /// Its column.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Part::Step(_) => Kind::Steps,
            Part::Option(..) => Kind::Options,
            Part::Check(..) | Part::LetPass(..) => Kind::Checks,
            Part::Branch { .. } | Part::Answer(_) | Part::Skip(_) | Part::Otherwise(_) => Kind::Branches,
            Part::Reply(_) => Kind::Replies,
        }
    }
}

/// How many parts are reached, of how many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Reached.
    pub reached: usize,
    /// All.
    pub all: usize,
}

impl Count {
    /// In percent, rounded down, so that 100 means all; 100 when there is nothing to reach.
    #[must_use]
    pub fn percent(self) -> usize {
        (self.reached * 100).checked_div(self.all).unwrap_or(100)
    }
}

/// A part that no conversation came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreached {
    /// The script.
    pub script: String,
    /// The part.
    pub part: Part,
    /// The byte of its file at which it stands.
    pub at: usize,
    /// What is missing, in a few words.
    pub what: &'static str,
}

/// Which parts of a library's scripts have been reached.
#[derive(Clone, Debug)]
pub struct Coverage<'l> {
    library: &'l Library,
    scripts: BTreeMap<&'l str, Reached>,
}

/// What has been reached of one script.
#[derive(Clone, Debug, Default)]
pub struct Reached {
    /// All parts that there are: where each stands and what it would mean to reach it.
    parts: BTreeMap<Part, (usize, &'static str)>,
    /// The ones that were reached.
    reached: BTreeSet<Part>,
    /// Operations that were begun.
    steps: BTreeSet<usize>,
    /// Ways from operation to operation that were taken.
    edges: BTreeSet<(usize, usize)>,
}

impl Reached {
    /// Whether a part was reached.
    #[must_use]
    pub fn has(&self, part: &Part) -> bool {
        self.reached.contains(part)
    }

    /// Operations that were begun, jumps and conditions included.
    #[must_use]
    pub fn steps(&self) -> &BTreeSet<usize> {
        &self.steps
    }

    /// Ways within the script that were taken, from operation to operation: the next step, where a condition or an option
    /// leads, past a skipped question, into `otherwise`. The edges of a drawing that are not among them are untested.
    #[must_use]
    pub fn edges(&self) -> &BTreeSet<(usize, usize)> {
        &self.edges
    }

    /// How many parts of a kind are reached.
    #[must_use]
    pub fn count(&self, kind: Kind) -> Count {
        let all = || self.parts.keys().filter(|part| part.kind() == kind);
        Count { reached: all().filter(|part| self.has(part)).count(), all: all().count() }
    }
}

impl<'l> Coverage<'l> {
    /// Nothing is reached yet.
    #[must_use]
    pub fn new(library: &'l Library) -> Self {
        let empty = |script: &'l Script| (script.name.as_str(), Reached { parts: parts(script), ..Reached::default() });
        Self { library, scripts: library.scripts().map(empty).collect() }
    }

    /// Adds what was carried out.
    pub fn add(&mut self, traces: &[Trace]) {
        for trace in traces {
            let Some(script) = self.library.script(&trace.script).filter(|script| script.rev == trace.rev) else {
                continue;
            };
            let Some(reached) = self.scripts.get_mut(script.name.as_str()) else { continue };
            reached.reached.extend(part_of(trace));
            reached.edges.extend(edge_of(script, trace));
            if trace.did == Did::Step {
                reached.steps.insert(trace.pc);
            }
        }
    }

    /// Leaves out every script that is not called so in part; when none is, those of which nothing was reached.
    pub fn narrow(&mut self, name: &str) {
        if self.scripts.keys().any(|script| script.contains(name)) {
            self.scripts.retain(|script, _| script.contains(name));
        } else {
            self.scripts.retain(|_, reached| !reached.reached.is_empty());
        }
    }

    /// Each script and what of it was reached, by name.
    pub fn scripts(&self) -> impl Iterator<Item = (&Script, &Reached)> {
        self.scripts.iter().filter_map(|(name, reached)| Some((self.library.script(name)?, reached)))
    }

    /// What was reached of a script.
    #[must_use]
    pub fn script(&self, name: &str) -> Option<&Reached> {
        self.scripts.get(name)
    }

    /// Every part that was not reached, by script and place.
    #[must_use]
    pub fn unreached(&self) -> Vec<Unreached> {
        let mut found = Vec::new();
        for (name, reached) in &self.scripts {
            let missing = reached.parts.iter().filter(|(part, _)| !reached.has(part));
            let of = |(part, (at, what)): (&Part, &(usize, &'static str))| Unreached {
                script: (*name).to_owned(),
                part: part.clone(),
                at: *at,
                what,
            };
            let mut here: Vec<Unreached> = missing.map(of).collect();
            here.sort_by_key(|unreached| unreached.at);
            found.extend(here);
        }
        found
    }
}

/// The part that was reached; nothing for what is no part of its own.
fn part_of(trace: &Trace) -> Option<Part> {
    let pc = trace.pc;
    Some(match &trace.did {
        Did::Step => Part::Step(pc),
        Did::Went(to) => Part::Branch { from: pc, to: *to },
        Did::Answered => Part::Answer(pc),
        Did::Chose(option) => Part::Option(pc, *option),
        Did::Skipped => Part::Skip(pc),
        Did::GaveUp => Part::Otherwise(pc),
        Did::Objected(check) => Part::Check(pc, *check),
        Did::LetPass(check) => Part::LetPass(pc, *check),
        Did::Said { language: Some(_), .. } => return None,
        Did::Said { span, .. } => Part::Reply(span.start),
    })
}

/// The way that was taken, if it leads to another operation of the same script.
fn edge_of(script: &Script, trace: &Trace) -> Option<(usize, usize)> {
    let kind = &script.ops.get(trace.pc)?.kind;
    let to = match (&trace.did, kind) {
        (Did::Went(to), _) => *to,
        (Did::Answered | Did::Skipped, _) => trace.pc + 1,
        (Did::Chose(_), OpKind::Choose(choose)) if choose.many => return None,
        (Did::Chose(option), OpKind::Choose(choose)) => choose.options.get(*option)?.then,
        (Did::GaveUp, OpKind::Ask(ask)) => ask.question.otherwise,
        (Did::GaveUp, OpKind::Choose(choose)) => choose.question.otherwise,
        (Did::Step, OpKind::Jump(to)) => *to,
        (Did::Step, OpKind::Redo { id, .. }) => *script.ids.get(id)?,
        (
            Did::Step,
            OpKind::Ask(_)
            | OpKind::Choose(_)
            | OpKind::Wait(_)
            | OpKind::JumpUnless(..)
            | OpKind::Start { .. }
            | OpKind::BeginStep(_)
            | OpKind::End(_),
        ) => return None,
        (Did::Step, _) => trace.pc + 1,
        _ => return None,
    };
    Some((trace.pc, to))
}

/// All parts of a script.
fn parts(script: &Script) -> BTreeMap<Part, (usize, &'static str)> {
    let mut parts = BTreeMap::new();
    // The last operation is the end that every script has behind its own steps.
    let own = script.ops.len().saturating_sub(1);
    for (pc, op) in script.ops.iter().enumerate().take(own) {
        let at = op.span.start;
        match &op.kind {
            OpKind::Jump(_) => {}
            OpKind::JumpUnless(test, to) => {
                let at = test.span.start;
                parts.insert(Part::Branch { from: pc, to: pc + 1 }, (at, "never holds"));
                parts.insert(Part::Branch { from: pc, to: *to }, (at, "always holds"));
            }
            OpKind::Ask(ask) => {
                parts.insert(Part::Step(pc), (at, "never asked"));
                parts.insert(Part::Answer(pc), (at, "never answered"));
                for (index, objection) in ask.objections.iter().enumerate() {
                    let at = objection.say.span.start;
                    parts.insert(Part::Check(pc, index), (at, "never objected"));
                    if objection.soft {
                        parts.insert(Part::LetPass(pc, index), (at, "never let pass the second time"));
                    }
                }
                question(pc, at, &ask.question, &mut parts);
            }
            OpKind::Choose(choose) => {
                parts.insert(Part::Step(pc), (at, "never asked"));
                for (index, option) in choose.options.iter().enumerate() {
                    parts.insert(Part::Option(pc, index), (option.span.start, "never chosen"));
                }
                if choose.other_text || choose.many {
                    let what = if choose.many { "never answered" } else { "never answered in other words" };
                    parts.insert(Part::Answer(pc), (at, what));
                }
                question(pc, at, &choose.question, &mut parts);
            }
            OpKind::SayCount { forms, .. } => {
                parts.insert(Part::Step(pc), (at, "never reached"));
                forms.iter().for_each(|form| reply(form, &mut parts));
            }
            OpKind::Wait(wait) => {
                parts.insert(Part::Step(pc), (at, "never reached"));
                parts.insert(Part::Branch { from: pc, to: pc + 1 }, (at, "never waited to its end"));
                if wait.skip {
                    parts.insert(Part::Skip(pc), (at, "never skipped"));
                }
            }
            _ => {
                parts.insert(Part::Step(pc), (at, "never reached"));
            }
        }
    }
    let timed = script.nudge.iter().map(|nudge| &nudge.say).chain(&script.expire_say);
    timed.for_each(|line| reply(line, &mut parts));
    parts
}

fn question(pc: usize, at: usize, question: &Question, parts: &mut BTreeMap<Part, (usize, &'static str)>) {
    if question.skip {
        parts.insert(Part::Skip(pc), (at, "never skipped"));
    }
    if question.has_otherwise {
        parts.insert(Part::Otherwise(pc), (at, "tries never used up"));
    }
    for line in question.unclear.iter().chain(&question.help) {
        reply(line, parts);
    }
}

fn reply(line: &Template, parts: &mut BTreeMap<Part, (usize, &'static str)>) {
    let Range { start, .. } = line.span;
    parts.insert(Part::Reply(start), (start, "never said"));
}
