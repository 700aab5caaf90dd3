//! A script was edited while somebody is in the middle of it: go on in the new text, end in the old one, or say so.
//!
//! A session takes over the new text when its author did not raise `version` and everything the session stands on is still there.
//! Else it ends in the text it began in, which the store keeps for it. When that text is gone too, the card `changed` says so.

use super::answer::QUESTION;
use super::cards::shorten;
use super::state::{BackTo, Frame, State, Thread};
use super::turn::Turn;
use crate::script::Library;
use crate::script::model::{OpKind, Script, Type};
use crate::types::{Private, Value, Values};

/// What becomes of somebody who is in the middle of a script that was edited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Revised {
    /// They go on in the new text.
    Adopt,
    /// They end in the text they began in.
    Finish,
    /// They are told, and may begin again.
    Changed,
}

impl Turn<'_> {
    /// Takes over scripts that were edited since they were last in use.
    pub(super) fn adopt(&mut self) {
        let library = self.library;
        for thread in self.state.active.iter_mut().chain(&mut self.state.parked) {
            if thread.frames.iter().any(|frame| is_edited(library, frame)) && fits(library, thread) {
                keep_questions(library, thread);
                thread.frames.iter_mut().for_each(|frame| adopt(library, frame));
            }
        }
        self.adopt_card();
    }

    /// A card is a few lines long: when its question is gone it is dropped, and the open question is shown again.
    fn adopt_card(&mut self) {
        let Some(card) = &mut self.state.card else { return };
        let script = self.library.script(&card.frame.script);
        match script.filter(|script| script.waits.contains_key(&card.frame.at)) {
            Some(script) => card.frame.rev.clone_from(&script.rev),
            None => self.state.card = None,
        }
    }
}

/// What becomes of a thread under these scripts.
#[must_use]
pub fn outcome(library: &Library, thread: &Thread) -> Revised {
    if !thread.frames.iter().any(|frame| is_edited(library, frame)) || fits(library, thread) {
        Revised::Adopt
    } else if thread.frames.iter().all(|frame| library.script_at(&frame.script, &frame.rev).is_some()) {
        Revised::Finish
    } else {
        Revised::Changed
    }
}

/// What becomes of every thread of a state, by the number of the thread.
pub fn outcomes<'s>(library: &'s Library, state: &'s State) -> impl Iterator<Item = (&'s Thread, Revised)> {
    state.active.iter().chain(&state.parked).map(|thread| (thread, outcome(library, thread)))
}

fn is_edited(library: &Library, frame: &Frame) -> bool {
    library.script(&frame.script).is_none_or(|script| script.rev != frame.rev)
}

/// True when a whole thread can go on in the present texts.
fn fits(library: &Library, thread: &Thread) -> bool {
    thread.frames.iter().all(|frame| {
        let new = library.script(&frame.script);
        new.is_some_and(|new| new.rev == frame.rev || takes(new, library.compared_at(&frame.script, &frame.rev), frame))
    })
}

/// True when a frame that stands in an old text can go on in a new one. An old text that is not known any more is taken to be
/// of the same version.
fn takes(new: &Script, old: Option<&Script>, frame: &Frame) -> bool {
    let same_version = old.is_none_or(|old| old.version == new.version);
    same_version && same_wait(new, old, &frame.at) && holds_all(new, &frame.vars)
}

/// True when the place where a frame stands is still there and still of the same kind.
fn same_wait(new: &Script, old: Option<&Script>, at: &str) -> bool {
    let (Some(kind), was) = (wait_kind(new, new.renamed(at)), old.and_then(|old| wait_kind(old, at))) else {
        return false;
    };
    was.is_none_or(|was| was == kind)
}

/// What a script waits for at a named place.
#[derive(PartialEq)]
enum WaitKind<'s> {
    Answer(Option<std::mem::Discriminant<Type>>),
    Choice { many: bool },
    Time,
    Script(&'s str),
}

fn wait_kind<'s>(script: &'s Script, at: &str) -> Option<WaitKind<'s>> {
    let op = script.ops.get(*script.waits.get(at)?)?;
    Some(match &op.kind {
        OpKind::Ask(ask) => {
            let def = ask.question.save.as_ref().and_then(|var| script.vars.get(var));
            WaitKind::Answer(def.map(|def| std::mem::discriminant(&def.ty)))
        }
        OpKind::Choose(choose) => WaitKind::Choice { many: choose.many },
        OpKind::Wait(_) => WaitKind::Time,
        OpKind::Call { script, .. } => WaitKind::Script(script),
        _ => return None,
    })
}

/// True when every value can stand where it stands now. What has no var any more is not in the way.
fn holds_all(script: &Script, vars: &Values) -> bool {
    vars.iter().all(|(name, value)| script.vars.get(name).is_none_or(|def| def.ty.holds(value)))
}

/// Moves a frame over to the present text of its script.
fn adopt(library: &Library, frame: &mut Frame) {
    let Some(script) = library.script(&frame.script).filter(|script| script.rev != frame.rev) else { return };
    frame.rev.clone_from(&script.rev);
    frame.at = script.renamed(&frame.at).to_owned();
    let visits = std::mem::take(&mut frame.visits);
    frame.visits = visits.into_iter().map(|(id, count)| (script.renamed(&id).to_owned(), count)).collect();
    frame.back_to = frame.back_to.take().map(|back| moved(script, back));
    for undo in &mut frame.undo {
        undo.at = script.renamed(&undo.at).to_owned();
        undo.back_to = undo.back_to.take().map(|back| moved(script, back));
    }
    frame.vars.retain(|name, _| script.vars.contains_key(name));
    keep_reachable(script, frame);
}

/// Drops the answers that cannot be gone back over any more. What such an answer knows of the vars goes to the one before it.
fn keep_reachable(script: &Script, frame: &mut Frame) {
    let (mut vars, mut dropped, mut kept) = (frame.vars.clone(), Values::new(), Vec::new());
    while let Some(mut undo) = frame.undo.pop() {
        for (name, value) in std::mem::take(&mut dropped) {
            undo.was.entry(name).or_insert(value);
        }
        undo.was.retain(|name, _| script.vars.contains_key(name));
        vars.extend(undo.was.clone());
        if script.waits.contains_key(&undo.at) && holds_all(script, &vars) {
            kept.push(undo);
        } else {
            dropped = undo.was;
        }
    }
    kept.reverse();
    frame.undo = kept;
}

fn moved(script: &Script, back: BackTo) -> BackTo {
    BackTo { from: script.renamed(&back.from).to_owned(), to: script.renamed(&back.to).to_owned() }
}

/// Writes down the questions that were read from the script so far: it is about to be another one.
fn keep_questions(library: &Library, thread: &mut Thread) {
    let root = thread.frames.first().and_then(|frame| library.compared_at(&frame.script, &frame.rev));
    let Some(root) = root else { return };
    for line in thread.answers.iter_mut().filter(|line| line.question.is_none()) {
        line.question = question_as_it_stands(root, &line.at);
    }
}

/// The words of a question that has no holes.
pub(super) fn question_as_it_stands(script: &Script, at: &str) -> Option<Private> {
    let question = match &script.ops.get(*script.waits.get(at)?)?.kind {
        OpKind::Ask(ask) => &ask.question,
        OpKind::Choose(choose) => &choose.question,
        _ => return None,
    };
    Some(Private::new(shorten(&question.prompt.literal(), QUESTION)))
}

/// What somebody has answered already that a script which begins anew can offer them again: equal names, fitting values.
pub(super) fn answers_for(script: &Script, vars: &Values) -> Values {
    let fits = |name: &str, value: &Value| script.vars.get(name).is_some_and(|def| def.ty.holds(value));
    vars.iter()
        .filter(|(name, value)| !value.is_none() && fits(name, value))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}
