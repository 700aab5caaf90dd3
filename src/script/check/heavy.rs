//! Scripts that touch what hurts: they begin with a note and a way out, and every question in them can be left.
//!
//! "stop" works everywhere anyway; here a way out is one that a person sees.

use std::collections::BTreeSet;

use super::super::flow::Flow;
use super::super::model::{Choice, Choose, OpKind, Script};
use super::super::problem::Source;
use super::super::words::SharedWords;
use super::option_words;
use super::ways::onward;

/// Checks a script that is marked as heavy.
pub(crate) fn check(script: &Script, flow: &Flow, words: &SharedWords, source: &mut Source<'_>) {
    if !script.care.heavy {
        return;
    }
    if !script.care.has_note {
        let hint = "add `content_note: ...`, one or two sentences about what is coming; it is said first";
        source.error("GS0605", source.key("heavy"), "a heavy script without a content note", hint);
    }
    let first = first_questions(script);
    for (pc, op) in script.ops.iter().enumerate().filter(|(pc, _)| flow.before[*pc].is_some()) {
        let (OpKind::Ask(_) | OpKind::Choose(_)) = &op.kind else { continue };
        let begins = first.contains(&pc);
        if begins && !can_leave(script, pc) {
            let hint = match can_skip(script, pc) {
                true => {
                    "Skip leads to what comes next: begin with a `choose` that has an option for leaving, `then: [ { end: done } ]`"
                }
                false => "begin with a `choose` that has an option for leaving: `then: [ { end: done } ]`",
            };
            source.error("GS0606", op.span.clone(), "a heavy script begins with a question that cannot be left", hint);
        } else if !begins && !can_skip(script, pc) && !can_leave(script, pc) {
            let hint = "add `skip: true`, or an option that ends";
            source.error("GS0607", op.span.clone(), "a question of a heavy script without a way out", hint);
        }
        if let (true, OpKind::Choose(choose)) = (begins, &op.kind) {
            no_that_goes_on(script, choose, words, source);
        }
    }
}

/// The questions that may come first.
fn first_questions(script: &Script) -> BTreeSet<usize> {
    let mut first = BTreeSet::new();
    let mut seen = BTreeSet::new();
    let mut open = vec![0];
    while let Some(pc) = open.pop() {
        if pc >= script.ops.len() || !seen.insert(pc) {
            continue;
        }
        match &script.ops[pc].kind {
            OpKind::Ask(_) | OpKind::Choose(_) => {
                first.insert(pc);
            }
            _ => open.extend(onward(script, pc)),
        }
    }
    first
}

fn can_skip(script: &Script, pc: usize) -> bool {
    match &script.ops[pc].kind {
        OpKind::Ask(ask) => ask.question.skip,
        OpKind::Choose(choose) => choose.question.skip,
        _ => true,
    }
}

/// True when an option ends the script, or leads to another one, before anything else is asked.
fn can_leave(script: &Script, pc: usize) -> bool {
    let OpKind::Choose(choose) = &script.ops[pc].kind else { return false };
    choose.options.iter().filter(|option| option.condition.is_none()).any(|option| leaves(script, option))
}

fn leaves(script: &Script, option: &Choice) -> bool {
    let mut seen = BTreeSet::new();
    let mut open = vec![option.then];
    while let Some(pc) = open.pop() {
        if pc >= script.ops.len() || !seen.insert(pc) {
            continue;
        }
        match &script.ops[pc].kind {
            OpKind::End(_) | OpKind::Start { .. } | OpKind::BeginStep(_) => return true,
            OpKind::Ask(_) | OpKind::Choose(_) | OpKind::Call { .. } => {}
            _ => open.extend(onward(script, pc)),
        }
    }
    false
}

/// Warns when somebody says no at the beginning, and is asked on.
fn no_that_goes_on(script: &Script, choose: &Choose, words: &SharedWords, source: &mut Source<'_>) {
    let is_no = |word: &String| words.no.iter().any(|no| no.is_all_of(word));
    for option in choose.options.iter().filter(|option| option_words(option).iter().any(is_no)) {
        if !leaves(script, option) {
            let hint = "let its `then` end, or start another script: `- end: later`";
            let message = "whoever says no here is asked on: without an `end`, the script goes on below";
            source.warn("GS0609", option.span.clone(), message, hint);
        }
    }
}
