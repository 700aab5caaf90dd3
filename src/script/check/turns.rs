//! How much happens at once: messages and steps between two answers, scripts inside scripts.
//!
//! Follows the longest way, whatever the conditions on it say: steps that exclude each other belong into one `branch`.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::super::flow::World;
use super::super::model::{Op, OpKind, Script};
use super::super::problem::Source;
use super::ways::may_run_out;

/// Messages that may arrive at once: a warning above the first figure, refused above the second.
const MESSAGES: (usize, usize) = (3, 5);
/// The engine stops a script that takes more steps than this in one turn.
const STEPS: usize = 100;
/// The engine opens no more scripts inside each other.
const SCRIPTS: usize = 8;

/// What has happened since the last answer, at most.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Load {
    messages: usize,
    steps: usize,
}

impl Load {
    fn plus(self, other: Load) -> Load {
        Load { messages: self.messages + other.messages, steps: self.steps + other.steps }
    }

    fn most(self, other: Load) -> Load {
        Load { messages: self.messages.max(other.messages), steps: self.steps.max(other.steps) }
    }
}

/// What a script may do at its ends.
#[derive(Clone, Copy, Debug, Default)]
struct Profile {
    /// From its beginning until it waits or ends.
    first: Load,
    /// From its beginning to its end, when it can get there without waiting.
    through: Option<Load>,
    /// From its last answer to its end.
    tail: Option<Load>,
}

/// The turns of all scripts, remembered script by script.
pub(crate) struct Turns<'w> {
    world: &'w World<'w>,
    profiles: BTreeMap<String, Profile>,
    depths: BTreeMap<String, usize>,
}

impl<'w> Turns<'w> {
    pub(crate) fn new(world: &'w World<'w>) -> Self {
        Self { world, profiles: BTreeMap::new(), depths: BTreeMap::new() }
    }

    /// Warns of too much at once in a script.
    pub(crate) fn check(&mut self, script: &Script, source: &mut Source<'_>) {
        self.nested(script, source);
        if source.problems.iter().any(|problem| problem.code == "GS0403") {
            return;
        }
        let mut sources = answers(script);
        sources.push((0, Load::default()));
        let before = self.arrive(script, sources);
        for (pc, load) in before.iter().enumerate() {
            let Some(load) = load else { continue };
            let after = load.plus(self.own(script, pc));
            too_much(&script.ops[pc], *load, after, source);
        }
    }

    /// What one operation does by itself.
    fn own(&mut self, script: &Script, pc: usize) -> Load {
        let step = Load { messages: 0, steps: 1 };
        let message = Load { messages: 1, steps: 1 };
        match &script.ops[pc].kind {
            OpKind::Say { .. } | OpKind::SayCount { .. } | OpKind::Ask(_) | OpKind::Choose(_) => message,
            OpKind::Call { script, .. } | OpKind::Start { script, .. } => step.plus(self.profile(script).first),
            _ => step,
        }
    }

    /// What has happened at most before each operation, when somebody answers at one of `sources`.
    fn arrive(&mut self, script: &Script, sources: Vec<(usize, Load)>) -> Vec<Option<Load>> {
        let mut before: Vec<Option<Load>> = vec![None; script.ops.len()];
        let mut open: BTreeSet<usize> = BTreeSet::new();
        let reach = |open: &mut BTreeSet<usize>, before: &mut Vec<Option<Load>>, pc: usize, load: Load| {
            let Some(slot) = before.get_mut(pc) else { return };
            let most = slot.map_or(load, |old| old.most(load));
            // A way that never waits is told elsewhere; here it only has to come to an end.
            if *slot != Some(most) && most.steps <= 20 * STEPS {
                *slot = Some(most);
                open.insert(pc);
            }
        };
        for (pc, load) in sources {
            reach(&mut open, &mut before, pc, load);
        }
        while let Some(pc) = open.pop_first() {
            let Some(load) = before[pc] else { continue };
            for (next, load) in self.after(script, pc, load) {
                reach(&mut open, &mut before, next, load);
            }
        }
        before
    }

    /// Where an operation leads before anybody is waited for.
    fn after(&mut self, script: &Script, pc: usize, load: Load) -> Vec<(usize, Load)> {
        let done = load.plus(Load { messages: 0, steps: 1 });
        match &script.ops[pc].kind {
            OpKind::Ask(_)
            | OpKind::Choose(_)
            | OpKind::Wait(_)
            | OpKind::End(_)
            | OpKind::Start { .. }
            | OpKind::BeginStep(_) => Vec::new(),
            OpKind::Jump(target) => vec![(*target, done)],
            OpKind::JumpUnless(_, target) => vec![(pc + 1, done), (*target, done)],
            OpKind::Redo { id, .. } => script.ids.get(id).map(|target| (*target, done)).into_iter().collect(),
            OpKind::Say { .. } | OpKind::SayCount { .. } => vec![(pc + 1, done.plus(Load { messages: 1, steps: 0 }))],
            OpKind::Call { script: callee, .. } => {
                let Profile { through, tail, .. } = self.profile(callee);
                let ways = [through.map(|through| done.plus(through)), tail];
                ways.into_iter().flatten().map(|load| (pc + 1, load)).collect()
            }
            _ => vec![(pc + 1, done)],
        }
    }

    fn profile(&mut self, name: &str) -> Profile {
        if let Some(profile) = self.profiles.get(name) {
            return *profile;
        }
        let world = self.world;
        let Some(script) = world.scripts.get(name) else { return Profile::default() };
        // A script that comes back to itself finds an empty one.
        self.profiles.insert(name.to_owned(), Profile::default());
        let start = self.arrive(script, vec![(0, Load::default())]);
        let later = self.arrive(script, answers(script));
        let mut profile = Profile::default();
        for pc in 0..script.ops.len() {
            let ends = matches!(script.ops[pc].kind, OpKind::End(_));
            if let Some(load) = start[pc] {
                profile.first = profile.first.most(load.plus(self.own(script, pc)));
                if ends {
                    profile.through = Some(profile.through.unwrap_or_default().most(load));
                }
            }
            if let (Some(load), true) = (later[pc], ends) {
                profile.tail = Some(profile.tail.unwrap_or_default().most(load));
            }
        }
        self.profiles.insert(name.to_owned(), profile);
        profile
    }

    /// Scripts that call each other in a circle, or too deep.
    fn nested(&mut self, script: &Script, source: &mut Source<'_>) {
        for op in &script.ops {
            let OpKind::Call { script: callee, .. } = &op.kind else { continue };
            if let Some(way) = self.way_back(callee, &script.name) {
                let message = format!("calls in a circle: {} -> {}", script.name, way.join(" -> "));
                let hint = "end with `start` instead of `call`: it does not come back";
                source.error("GS0438", op.span.clone(), message, hint);
            } else if self.depth(callee) >= SCRIPTS {
                let message = format!("{} scripts inside each other", self.depth(callee) + 1);
                let hint = format!("at most {SCRIPTS}: use `start`, which does not come back, or join some of them");
                source.error("GS0438", op.span.clone(), message, hint);
            }
        }
    }

    /// The shortest way from one script to another over calls.
    fn way_back<'s>(&'s self, from: &'s str, to: &'s str) -> Option<Vec<&'s str>> {
        let mut ways: BTreeMap<&str, Vec<&str>> = BTreeMap::from([(from, vec![from])]);
        let mut open = VecDeque::from([from]);
        while let Some(name) = open.pop_front() {
            let way = ways[name].clone();
            if name == to {
                return Some(way);
            }
            for callee in self.world.scripts.get(name).into_iter().flat_map(callees) {
                ways.entry(callee).or_insert_with(|| {
                    open.push_back(callee);
                    [&way[..], &[callee]].concat()
                });
            }
        }
        None
    }

    /// How many scripts stand inside each other, from this one on.
    fn depth(&mut self, name: &str) -> usize {
        if let Some(depth) = self.depths.get(name) {
            return *depth;
        }
        let world = self.world;
        let Some(script) = world.scripts.get(name) else { return 0 };
        // A circle is told by itself; here it only has to come to an end.
        self.depths.insert(name.to_owned(), 0);
        let depth = 1 + callees(script).map(|callee| self.depth(callee)).max().unwrap_or(0);
        self.depths.insert(name.to_owned(), depth);
        depth
    }
}

/// Tells of too much at the operation with which it begins to be too much.
fn too_much(op: &Op, before: Load, after: Load, source: &mut Source<'_>) {
    let (warn, most) = MESSAGES;
    let passes = |limit: usize| before.messages <= limit && after.messages > limit;
    let message = format!("up to {} messages arrive at once here", after.messages);
    let hint = "say it in fewer messages; put steps that exclude each other into one `branch`";
    if passes(most) {
        source.error("GS0504", op.span.clone(), message, hint);
    } else if passes(warn) {
        source.warn("GS0504", op.span.clone(), message, hint);
    }
    if before.steps <= STEPS && after.steps > STEPS {
        let message = format!("up to {} steps without waiting for anybody", after.steps);
        let hint = "let somebody answer in between, or move a part into a script that is started later";
        source.error("GS0506", op.span.clone(), message, hint);
    }
}

fn callees(script: &Script) -> impl Iterator<Item = &str> {
    script.ops.iter().filter_map(|op| match &op.kind {
        OpKind::Call { script, .. } => Some(script.as_str()),
        _ => None,
    })
}

/// Where a script goes on after each of its questions, and what was said before that.
fn answers(script: &Script) -> Vec<(usize, Load)> {
    let mut found: Vec<(usize, Load)> = Vec::new();
    for (pc, op) in script.ops.iter().enumerate() {
        let question = match &op.kind {
            OpKind::Ask(ask) => {
                found.push((pc + 1, Load::default()));
                &ask.question
            }
            OpKind::Choose(choose) => {
                found.extend(choose.options.iter().map(|option| (option.then, Load::default())));
                if choose.other_text {
                    found.push((pc + 1, Load::default()));
                }
                &choose.question
            }
            OpKind::Wait(_) => {
                found.push((pc + 1, Load::default()));
                continue;
            }
            _ => continue,
        };
        if question.skip {
            found.push((pc + 1, Load::default()));
        }
        if may_run_out(script, op) {
            // Without `otherwise`, a card says that the question is left.
            let card = Load { messages: usize::from(!question.has_otherwise), steps: 0 };
            found.push((question.otherwise, card));
        }
    }
    found
}
