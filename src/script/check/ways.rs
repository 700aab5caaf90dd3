//! Ways out of questions: answers after which nothing ends, tries that run out, buttons that may all be missing, and words that
//! mean something else at a question than everywhere.
//!
//! Looks at the operations of one script, with the others beside it.

use std::collections::BTreeSet;

use super::super::expr::{BinaryOp, Expr, ExprKind, Name};
use super::super::flow::{Flow, World};
use super::super::model::{Op, OpKind, Question, Script, Type};
use super::super::problem::Source;
use crate::types::Value;

/// Checks the ways out of the questions of a script.
pub(crate) fn check(script: &Script, world: &World<'_>, flow: &Flow, source: &mut Source<'_>) {
    traps(script, flow, source);
    for (pc, op) in script.ops.iter().enumerate().filter(|(pc, _)| flow.before[*pc].is_some()) {
        let Some(question) = question(op) else { continue };
        if let OpKind::Choose(choose) = &op.kind {
            let may_be_empty =
                !choose.options.is_empty() && choose.options.iter().all(|option| option.condition.is_some());
            if may_be_empty && !question.skip && !choose.other_text {
                let hint = "leave one option without `if`, or add `skip: true`";
                source.warn(
                    "GS0431",
                    op.span.clone(),
                    "every option has an `if`: there may be nothing to choose",
                    hint,
                );
            }
            taken_words(script, pc, world, source);
        }
        if let Some(kept) = kept_without_an_answer(script, pc, question) {
            let message = format!("when the tries run out, this goes on without an answer, to `{kept}`");
            let hint = "say what happens then with `otherwise:`, or let people skip it with `skip: true`";
            source.warn("GS0432", op.span.clone(), message, hint);
        }
    }
}

fn question(op: &Op) -> Option<&Question> {
    match &op.kind {
        OpKind::Ask(ask) => Some(&ask.question),
        OpKind::Choose(choose) => Some(&choose.question),
        _ => None,
    }
}

/// True when an answer may not be readable until the tries have run out. A text without objections is always read.
pub(super) fn may_run_out(script: &Script, op: &Op) -> bool {
    match &op.kind {
        OpKind::Ask(ask) => {
            let def = ask.question.save.as_ref().and_then(|save| script.vars.get(save));
            let text = def.is_none_or(|def| matches!(def.ty, Type::Text { .. }));
            !ask.unkept && (!text || ask.objections.iter().any(|objection| !objection.soft))
        }
        // Where any text is an answer, every text is one.
        OpKind::Choose(choose) => !choose.other_text,
        _ => false,
    }
}

/// Where an operation leads when people answer what they are asked; tries that run out are no way out.
pub(super) fn onward(script: &Script, pc: usize) -> Vec<usize> {
    match &script.ops[pc].kind {
        OpKind::End(_) | OpKind::Start { .. } | OpKind::BeginStep(_) => Vec::new(),
        OpKind::Jump(target) => vec![*target],
        OpKind::JumpUnless(_, target) => vec![pc + 1, *target],
        OpKind::Redo { id, back_to } => {
            [id, back_to].into_iter().filter_map(|id| script.ids.get(id).copied()).collect()
        }
        OpKind::Choose(choose) => {
            let skipped = (choose.question.skip || choose.other_text).then_some(pc + 1);
            choose.options.iter().map(|option| option.then).chain(skipped).collect()
        }
        _ => vec![pc + 1],
    }
}

/// Questions and options from which no answer ever leads to an end.
fn traps(script: &Script, flow: &Flow, source: &mut Source<'_>) {
    // Who goes round without waiting does not end either; once is enough.
    if source.problems.iter().any(|problem| problem.code == "GS0403") {
        return;
    }
    let ending = ending(script);
    for (pc, op) in script.ops.iter().enumerate() {
        let hint = "give one answer a way out: `end: done`, `start:`, or no `goto` back";
        if flow.before[pc].is_none() || question(op).is_none() {
            continue;
        }
        if !ending[pc] {
            source.error("GS0430", op.span.clone(), "whatever is answered here, this script never ends", hint);
            return;
        }
        let OpKind::Choose(choose) = &op.kind else { continue };
        if let Some(option) = choose.options.iter().find(|option| ending.get(option.then) == Some(&false)) {
            source.error("GS0430", option.span.clone(), "whatever is answered after this option, nothing ends", hint);
            return;
        }
    }
}

/// For each operation, whether an end can be reached from it.
fn ending(script: &Script) -> Vec<bool> {
    let mut before: Vec<Vec<usize>> = vec![Vec::new(); script.ops.len()];
    let mut open = Vec::new();
    for (pc, op) in script.ops.iter().enumerate() {
        if matches!(op.kind, OpKind::End(_) | OpKind::Start { .. } | OpKind::BeginStep(_)) {
            open.push(pc);
        }
        for next in onward(script, pc) {
            if let Some(before) = before.get_mut(next) {
                before.push(pc);
            }
        }
    }
    let mut ending = vec![false; script.ops.len()];
    while let Some(pc) = open.pop() {
        if !std::mem::replace(&mut ending[pc], true) {
            open.extend(&before[pc]);
        }
    }
    ending
}

/// What is kept for good, without another question, after the tries of one have run out.
fn kept_without_an_answer(script: &Script, pc: usize, question: &Question) -> Option<&'static str> {
    let asks_for_text = matches!(&script.ops[pc].kind, OpKind::Ask(_))
        && !question
            .save
            .as_ref()
            .and_then(|save| script.vars.get(save))
            .is_some_and(|def| !matches!(def.ty, Type::Text { .. }));
    if question.skip || question.has_otherwise || asks_for_text {
        return None;
    }
    let mut seen = BTreeSet::new();
    let mut open = vec![question.otherwise];
    while let Some(pc) = open.pop() {
        if pc >= script.ops.len() || !seen.insert(pc) {
            continue;
        }
        match &script.ops[pc].kind {
            OpKind::Promise { .. } => return Some("promise"),
            OpKind::Settle { .. } => return Some("settle"),
            OpKind::Remember(_) => return Some("remember"),
            OpKind::Schedule(_) => return Some("schedule"),
            OpKind::Remind { .. } => return Some("remind"),
            OpKind::DropReminder(_) => return Some("drop_reminder"),
            OpKind::TurnDown(_) => return Some("turn_down"),
            OpKind::Ask(_) | OpKind::Choose(_) | OpKind::Wait(_) | OpKind::Call { .. } => {}
            OpKind::JumpUnless(test, target) => match question.save.as_ref().and_then(|var| when_empty(test, var)) {
                Some(true) => open.push(pc + 1),
                Some(false) => open.push(*target),
                None => open.extend([pc + 1, *target]),
            },
            // A var that is set takes the place of the answer.
            OpKind::Set(values) if values.iter().any(|(name, _)| Some(name) == question.save.as_ref()) => {}
            _ => open.extend(onward(script, pc)),
        }
    }
    None
}

/// Whether a condition holds while a var is empty, when that follows from the var alone.
fn when_empty(test: &Expr, var: &str) -> Option<bool> {
    let is_var = |expr: &Expr| matches!(&expr.kind, ExprKind::Name(Name::Local(name)) if name == var);
    let is_value = |expr: &Expr| matches!(&expr.kind, ExprKind::Literal(value) if *value != Value::None);
    match &test.kind {
        ExprKind::Name(_) if is_var(test) => Some(false),
        ExprKind::IsNone(inner, negated) if is_var(inner) => Some(!negated),
        ExprKind::Not(inner) => when_empty(inner, var).map(|holds| !holds),
        ExprKind::Binary(BinaryOp::And, left, right) => match (when_empty(left, var), when_empty(right, var)) {
            (Some(false), _) | (_, Some(false)) => Some(false),
            (Some(true), Some(true)) => Some(true),
            _ => None,
        },
        ExprKind::Binary(BinaryOp::Or, left, right) => match (when_empty(left, var), when_empty(right, var)) {
            (Some(true), _) | (_, Some(true)) => Some(true),
            (Some(false), Some(false)) => Some(false),
            _ => None,
        },
        ExprKind::Binary(op, left, right) if (is_var(left) && is_value(right)) || (is_value(left) && is_var(right)) => {
            Some(*op == BinaryOp::Ne)
        }
        _ => None,
    }
}

/// Words of options that start another script everywhere else, and do not lead there.
fn taken_words(script: &Script, pc: usize, world: &World<'_>, source: &mut Source<'_>) {
    let OpKind::Choose(choose) = &script.ops[pc].kind else { return };
    for option in &choose.options {
        let words = option.also.iter().map(|phrase| phrase.folded().to_owned());
        for word in words.chain([crate::phrase::fold(&option.label.source)]) {
            let starts = |other: &&Script| other.starters.words.iter().any(|starter| starter.is_all_of(&word));
            let Some(other) = world.scripts.values().find(starts).filter(|other| other.name != script.name) else {
                continue;
            };
            if !leads_to(script, option.then, &other.name) {
                let message =
                    format!("`{word}` starts `{}` everywhere else, and this option does not lead there", other.name);
                let hint = "choose another word for the option, or let it `start` or `call` that script";
                source.warn("GS0437", option.span.clone(), message, hint);
            }
        }
    }
}

/// True when a script can be got to from an operation.
fn leads_to(script: &Script, pc: usize, name: &str) -> bool {
    let mut seen = BTreeSet::new();
    let mut open = vec![pc];
    while let Some(pc) = open.pop() {
        if pc >= script.ops.len() || !seen.insert(pc) {
            continue;
        }
        if let OpKind::Start { script, .. } | OpKind::Call { script, .. } = &script.ops[pc].kind
            && script == name
        {
            return true;
        }
        open.extend(onward(script, pc));
    }
    false
}

/// What `hits` may ask about: names of lists and checks that object somewhere in the script.
pub(super) fn objections(script: &Script) -> BTreeSet<&str> {
    let asks = script.ops.iter().filter_map(|op| match &op.kind {
        OpKind::Ask(ask) => Some(&ask.objections),
        _ => None,
    });
    asks.flatten().map(|objection| objection.name.as_str()).collect()
}
