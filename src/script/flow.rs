//! What can happen in what order: which values are surely there at each step, which steps are never reached, and which loops
//! never wait for anybody.
//!
//! Looks only; what it finds is reported by `check`.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::expr::{BinaryOp, Expr, ExprKind, Function, Name, PathField, PromiseField};
use super::model::{OpKind, Script, Type, VarDef};
use crate::types::Value;

/// Names that surely have a value: `x`, `me.x`, `ledger.open`, `promise(x)`.
pub(crate) type Known = Rc<BTreeSet<String>>;

/// All scripts and facts, while they are being checked.
pub(crate) struct World<'w> {
    pub(crate) scripts: &'w BTreeMap<String, Script>,
    pub(crate) facts: &'w BTreeMap<String, VarDef>,
    /// Facts whose declaration could not be read.
    pub(crate) unread: &'w BTreeSet<String>,
    /// Names of files that are no script until they are mended.
    pub(crate) broken: &'w BTreeSet<String>,
}

/// What is known at each operation; nothing for operations that are never reached.
pub(crate) struct Flow {
    pub(crate) before: Vec<Option<Known>>,
    /// What is known wherever the script ends by itself.
    pub(crate) at_end: Option<Known>,
}

impl World<'_> {
    /// Follows a script from its beginning. `calling` holds the scripts that wait for this answer already.
    pub(crate) fn flow(&self, script: &Script, calling: &mut Vec<String>) -> Flow {
        let mut flow = Flow { before: vec![None; script.ops.len()], at_end: None };
        calling.push(script.name.clone());
        let mut open = vec![(0, self.at_start(script))];
        while let Some((pc, known)) = open.pop() {
            let Some(slot) = flow.before.get_mut(pc) else { continue };
            let merged = match slot {
                None => known,
                Some(before) => {
                    if before.is_subset(&known) {
                        continue;
                    }
                    both(before, &known)
                }
            };
            *slot = Some(merged.clone());
            if matches!(script.ops[pc].kind, OpKind::End(_)) {
                flow.at_end = Some(match flow.at_end.take() {
                    None => merged.clone(),
                    Some(other) => both(&other, &merged),
                });
            }
            open.extend(self.after(script, pc, &merged, calling));
        }
        calling.pop();
        flow
    }

    fn at_start(&self, script: &Script) -> Known {
        // The program may have nothing to give to a card; a script's caller has to.
        let given = script.args.iter().filter(|_| !script.card).cloned();
        let defaults = script.vars.iter().filter(|(_, def)| !def.default.is_none()).map(|(name, _)| name.clone());
        let facts = self.facts.iter().filter(|(_, def)| !def.default.is_none()).map(|(name, _)| format!("me.{name}"));
        Rc::new(given.chain(defaults).chain(facts).collect())
    }

    /// Where an operation may lead, and what is known there.
    fn after(&self, script: &Script, pc: usize, known: &Known, calling: &mut Vec<String>) -> Vec<(usize, Known)> {
        let next = pc + 1;
        match &script.ops[pc].kind {
            OpKind::Say { .. }
            | OpKind::SayCount { .. }
            | OpKind::Wait(_)
            | OpKind::Journal { .. }
            | OpKind::CheckIn { .. }
            | OpKind::Deed { .. }
            | OpKind::Schedule(_)
            | OpKind::Remind { .. }
            | OpKind::DropReminder(_)
            | OpKind::TurnDown(_)
            | OpKind::Cancel { .. } => vec![(next, known.clone())],
            // It may have been the last one that was open.
            OpKind::Settle { .. } => {
                let still = |name: &&String| *name != "ledger.open" && !name.starts_with("promise(");
                vec![(next, Rc::new(known.iter().filter(still).cloned().collect()))]
            }
            OpKind::Promise { .. } => vec![(next, with(known, "ledger.open"))],
            OpKind::Jump(target) => vec![(*target, known.clone())],
            OpKind::JumpUnless(test, target) => {
                vec![(next, refine(test, true, known)), (*target, refine(test, false, known))]
            }
            OpKind::Set(values) => vec![(next, self.assigned(values, "", known))],
            OpKind::Remember(values) => vec![(next, self.assigned(values, "me.", known))],
            OpKind::Compose(var, _) => vec![(next, with(known, var))],
            OpKind::Forget(facts) => {
                let kept = |name: &String| {
                    !facts.iter().any(|fact| {
                        *name == format!("me.{fact}") && self.facts.get(fact).is_none_or(|def| def.default.is_none())
                    })
                };
                vec![(next, Rc::new(known.iter().filter(|name| kept(name)).cloned().collect()))]
            }
            OpKind::Ask(ask) => {
                let question = &ask.question;
                let Some(var) = &question.save else {
                    return vec![(next, known.clone()), (question.otherwise, known.clone())];
                };
                let answered = if question.skip { without(known, var) } else { with(known, var) };
                let is_text = matches!(script.vars.get(var).map(|def| &def.ty), None | Some(Type::Text { .. }));
                let given_up = if is_text { with(known, var) } else { without(known, var) };
                vec![(next, answered), (question.otherwise, given_up)]
            }
            OpKind::Choose(choose) => {
                let question = &choose.question;
                let var = question.save.as_deref();
                let mut ways = vec![(question.otherwise, var.map_or(known.clone(), |var| without(known, var)))];
                if question.skip {
                    ways.push((next, var.map_or(known.clone(), |var| without(known, var))));
                }
                // An empty list is no answer: whoever picks nothing skips, or is asked again.
                if choose.many || choose.other_text {
                    ways.push((next, var.map_or(known.clone(), |var| with(known, var))));
                }
                if choose.many {
                    return ways;
                }
                for option in &choose.options {
                    let answered = match (var, &option.value) {
                        (Some(var), Some(_)) => with(known, var),
                        (Some(var), None) => without(known, var),
                        (None, _) => known.clone(),
                    };
                    ways.push((option.then, answered));
                }
                ways
            }
            OpKind::Call { script: callee, save, .. } => {
                let returned = self.returned(callee, calling);
                let mut after = known.clone();
                for (var, expr) in save {
                    let sure = match &expr.kind {
                        ExprKind::Name(Name::Result(name)) => name == "outcome" || returned.contains(name),
                        _ => !self.optional(expr, known),
                    };
                    after = if sure { with(&after, var) } else { without(&after, var) };
                }
                vec![(next, after)]
            }
            OpKind::Redo { id, back_to } => {
                let target = script.ids.get(id).copied().into_iter();
                let back = script.ids.get(back_to).copied().into_iter();
                target.chain(back).map(|pc| (pc, known.clone())).collect()
            }
            OpKind::Start { .. } | OpKind::BeginStep(_) | OpKind::End(_) => Vec::new(),
        }
    }

    /// What a called script surely returns.
    fn returned(&self, callee: &str, calling: &mut Vec<String>) -> Known {
        match self.scripts.get(callee) {
            Some(script) if !calling.contains(&script.name) => self.flow(script, calling).at_end.unwrap_or_default(),
            _ => Known::default(),
        }
    }

    fn assigned(&self, values: &[(String, Expr)], prefix: &str, known: &Known) -> Known {
        let mut after = known.clone();
        for (name, expr) in values {
            let name = format!("{prefix}{name}");
            let same_promise = format!("promise({name})");
            after = if self.optional(expr, known) { without(&after, &name) } else { with(&after, &name) };
            // A var that takes the id of a promise which is open stands for that promise.
            let is_open = matches!(expr.kind, ExprKind::Name(Name::OpenPromise)) && known.contains("ledger.open");
            after = if is_open { with(&after, &same_promise) } else { without(&after, &same_promise) };
        }
        after
    }

    /// True when an expression may have no value.
    pub(crate) fn optional(&self, expr: &Expr, known: &Known) -> bool {
        match &expr.kind {
            ExprKind::Literal(value) => value.is_none(),
            ExprKind::Name(name) => match name {
                Name::Result(name) => name != "outcome",
                Name::Progress(figure) => figure.is_optional() && key(expr).is_some_and(|key| !known.contains(&key)),
                Name::Answer
                | Name::Path(PathField::Due)
                | Name::Today
                | Name::Now
                | Name::PromiseCount(_)
                | Name::CheckIns
                | Name::CheckedInToday
                | Name::Entries
                | Name::Reminders
                | Name::ReminderList
                | Name::Scripts
                | Name::Reviews => false,
                Name::Local(_) | Name::Me(_) | Name::OpenPromise | Name::DaysSinceCheckIn | Name::Path(_) => {
                    key(expr).is_some_and(|key| !known.contains(&key))
                }
            },
            ExprKind::Not(_) | ExprKind::IsNone(..) => false,
            ExprKind::Binary(op, left, right) => match op {
                BinaryOp::Or => self.optional(right, known),
                BinaryOp::Add if matches!(left.kind, ExprKind::Name(Name::Me(_))) => self.optional(right, known),
                BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul => {
                    self.optional(left, known) || self.optional(right, known)
                }
                _ => false,
            },
            ExprKind::If(test, yes, no) => {
                self.optional(yes, &refine(test, true, known)) || self.optional(no, &refine(test, false, known))
            }
            ExprKind::Call(function, arguments) => match function {
                Function::Promise => key(expr).is_none_or(|key| !known.contains(&key)),
                Function::DaysSince
                | Function::DaysUntil
                | Function::LocalTime
                | Function::Min
                | Function::Max
                | Function::Dated
                | Function::EachYear => arguments.iter().any(|argument| self.optional(argument, known)),
                Function::Trouble
                | Function::LastDay
                | Function::FirstDay
                | Function::Reminder
                | Function::ReminderText
                | Function::ReminderWhen
                | Function::WhenIn
                | Function::WithoutWhen
                | Function::UsualWeekday
                | Function::UsualHours
                | Function::Item
                | Function::Numbered
                | Function::Lines
                | Function::DayOf
                | Function::WithoutDay => true,
                _ => false,
            },
            ExprKind::PromiseField(promise, field) => *field == PromiseField::Sure || self.optional(promise, known),
        }
    }

    /// True when a script can run to its end without waiting for anybody.
    pub(crate) fn passes(&self, script: &Script, calling: &mut Vec<String>) -> bool {
        if calling.contains(&script.name) {
            return false;
        }
        calling.push(script.name.clone());
        let mut seen = BTreeSet::new();
        let mut open = vec![0];
        let mut found = false;
        while let Some(pc) = open.pop() {
            if pc >= script.ops.len() || !seen.insert(pc) {
                continue;
            }
            found |= matches!(script.ops[pc].kind, OpKind::End(_) | OpKind::Start { .. } | OpKind::BeginStep(_));
            open.extend(
                self.without_waiting(script, pc, calling)
                    .into_iter()
                    .filter(|(name, _)| *name == script.name)
                    .map(|(_, pc)| pc),
            );
        }
        calling.pop();
        found
    }

    /// Where an operation leads before anybody is waited for, over script borders.
    pub(crate) fn without_waiting(
        &self,
        script: &Script,
        pc: usize,
        calling: &mut Vec<String>,
    ) -> Vec<(String, usize)> {
        let here = |pc: usize| (script.name.clone(), pc);
        match &script.ops[pc].kind {
            OpKind::Ask(_) | OpKind::Choose(_) | OpKind::Wait(_) | OpKind::BeginStep(_) | OpKind::End(_) => Vec::new(),
            OpKind::Jump(target) => vec![here(*target)],
            OpKind::JumpUnless(_, target) => vec![here(pc + 1), here(*target)],
            OpKind::Redo { id, back_to } => {
                let target = script.ids.get(id).copied();
                let back = script.ids.get(back_to).copied().filter(|_| self.step_passes(script, id, calling));
                target.into_iter().chain(back).map(here).collect()
            }
            OpKind::Start { script: other, .. } => vec![(other.clone(), 0)],
            OpKind::Call { script: callee, .. } => {
                let mut ways = vec![(callee.clone(), 0)];
                if self.scripts.get(callee).is_some_and(|callee| self.passes(callee, calling)) {
                    ways.push(here(pc + 1));
                }
                ways
            }
            _ => vec![here(pc + 1)],
        }
    }

    /// True when a named step can be done without waiting for anybody.
    fn step_passes(&self, script: &Script, id: &str, calling: &mut Vec<String>) -> bool {
        let (Some(start), Some(end)) = (script.ids.get(id).copied(), script.ends.get(id).copied()) else {
            return false;
        };
        let mut seen = BTreeSet::new();
        let mut open = vec![start];
        while let Some(pc) = open.pop() {
            if pc == end {
                return true;
            }
            // A `redo` inside the step that is asked again is followed where it stands itself.
            let inside = (start..end).contains(&pc) && !matches!(script.ops[pc].kind, OpKind::Redo { .. });
            if inside && seen.insert(pc) {
                let next = self.without_waiting(script, pc, calling);
                open.extend(next.into_iter().filter(|(name, _)| *name == script.name).map(|(_, pc)| pc));
            }
        }
        false
    }

    /// An operation on a loop that waits for nobody, for each such loop that begins in `script`.
    pub(crate) fn endless(&self, script: &Script) -> Vec<usize> {
        let mut found = Vec::new();
        for pc in 0..script.ops.len() {
            let turns_back = matches!(script.ops[pc].kind, OpKind::Jump(t) if t <= pc)
                || matches!(script.ops[pc].kind, OpKind::Redo { .. } | OpKind::Call { .. } | OpKind::Start { .. });
            if turns_back && self.reaches_itself(script, pc) {
                found.push(pc);
            }
        }
        found
    }

    fn reaches_itself(&self, script: &Script, pc: usize) -> bool {
        let start = (script.name.clone(), pc);
        let mut seen: BTreeSet<(String, usize)> = BTreeSet::new();
        let mut open = self.without_waiting(script, pc, &mut Vec::new());
        while let Some(at) = open.pop() {
            if at == start {
                return true;
            }
            let Some(script) = self.scripts.get(&at.0).filter(|script| at.1 < script.ops.len()) else { continue };
            if seen.insert(at.clone()) {
                open.extend(self.without_waiting(script, at.1, &mut Vec::new()));
            }
        }
        false
    }
}

fn with(known: &Known, name: &str) -> Known {
    let mut after = known.clone();
    if !known.contains(name) {
        Rc::make_mut(&mut after).insert(name.to_owned());
    }
    after
}

fn without(known: &Known, name: &str) -> Known {
    let mut after = known.clone();
    if known.contains(name) {
        Rc::make_mut(&mut after).remove(name);
    }
    after
}

/// What is known either way.
fn both(one: &Known, other: &Known) -> Known {
    if one.is_subset(other) { one.clone() } else { Rc::new(one.intersection(other).cloned().collect()) }
}

/// Under which name it is remembered that an expression has a value.
fn key(expr: &Expr) -> Option<String> {
    match &expr.kind {
        ExprKind::Name(Name::Local(name)) => Some(name.clone()),
        ExprKind::Name(Name::Me(name)) => Some(format!("me.{name}")),
        ExprKind::Name(Name::Result(name)) => Some(format!("result.{name}")),
        ExprKind::Name(Name::OpenPromise) => Some("ledger.open".into()),
        ExprKind::Name(Name::Progress(figure)) => Some(format!("progress.{figure:?}")),
        ExprKind::Name(Name::DaysSinceCheckIn) => Some("checkins.days_since".into()),
        ExprKind::Name(Name::Path(PathField::Softer)) => Some("path.softer".into()),
        ExprKind::Name(Name::Path(_)) => Some("path.script".into()),
        ExprKind::Call(Function::Promise, arguments) => {
            arguments.first().and_then(key).map(|key| format!("promise({key})"))
        }
        ExprKind::PromiseField(promise, _) => key(promise),
        _ => None,
    }
}

/// What more is known when a condition held, or did not.
pub(crate) fn refine(test: &Expr, held: bool, known: &Known) -> Known {
    let plus = |expr: &Expr| key(expr).map_or(known.clone(), |key| with(known, &key));
    match (&test.kind, held) {
        (ExprKind::Not(inner), _) => refine(inner, !held, known),
        (ExprKind::IsNone(inner, negated), _) if *negated == held => plus(inner),
        (ExprKind::Binary(BinaryOp::And, left, right), true) | (ExprKind::Binary(BinaryOp::Or, left, right), false) => {
            refine(right, held, &refine(left, held, known))
        }
        (ExprKind::Binary(BinaryOp::Or, left, right), true) | (ExprKind::Binary(BinaryOp::And, left, right), false) => {
            both(&refine(left, held, known), &refine(right, held, known))
        }
        (ExprKind::Binary(BinaryOp::Eq, left, right), true) | (ExprKind::Binary(BinaryOp::Ne, left, right), false) => {
            match (&left.kind, &right.kind) {
                (_, ExprKind::Literal(value)) if *value != Value::None => plus(left),
                (ExprKind::Literal(value), _) if *value != Value::None => plus(right),
                _ => known.clone(),
            }
        }
        (ExprKind::Binary(BinaryOp::Lt | BinaryOp::Le | BinaryOp::Gt | BinaryOp::Ge, left, right), true) => {
            let more = plus(left);
            key(right).map_or(more.clone(), |key| with(&more, &key))
        }
        (ExprKind::Name(_) | ExprKind::Call(Function::Promise, _), true) => plus(test),
        _ => known.clone(),
    }
}
