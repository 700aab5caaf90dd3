//! What can be wrong with a script in another language: texts that are too long, words that mean two things.

use std::collections::BTreeSet;
use std::ops::Range;

use super::budgets::{ASK_BUDGET, SAY_BUDGET};
use super::{Checker, option_words};
use crate::script::flow::World;
use crate::script::library::Reserved;
use crate::script::model::{Choose, OpKind, Script};
use crate::script::problem::Source;
use crate::script::text::Template;
use crate::script::translate::{Slot, Speaker, Words, each};
use crate::script::words::SharedWords;

/// Checks what a translation changes. `places` are those of translated texts in the PO file, which is `source`; what was not
/// translated has been checked already.
pub(crate) fn check_edition(
    script: &Script,
    places: &BTreeSet<(usize, usize)>,
    world: &World<'_>,
    words: &SharedWords,
    source: &mut Source<'_>,
) {
    let mut checker = Checker { growth: 1.0, ..Checker::new(script, world, words, source) };
    let is_translated = |template: &Template| places.contains(&(template.span.start, template.span.end));
    let mut check = |speaker: Speaker, template: &Template| {
        if !is_translated(template) {
            return;
        }
        match speaker {
            Speaker::Ask | Speaker::Choose => checker.budget(template, ASK_BUDGET),
            Speaker::Say
            | Speaker::Unclear
            | Speaker::Help
            | Speaker::Objection
            | Speaker::Count
            | Speaker::Nudge
            | Speaker::Expire => {
                checker.budget(template, SAY_BUDGET);
            }
            Speaker::Label => checker.label(template),
            Speaker::Title
            | Speaker::About
            | Speaker::Value
            | Speaker::Compose
            | Speaker::EntryTitle
            | Speaker::Entry => {}
        }
    };
    each(&mut script.clone(), "", &mut |slot: Slot<'_>| match slot.words {
        Words::Text(template) => check(slot.speaker, template),
        Words::Forms(forms) => forms.iter().for_each(|form| check(slot.speaker, form)),
        Words::Line(_) => {}
    });
    for op in &script.ops {
        if let OpKind::Choose(choose) = &op.kind {
            clashes(choose, words, &is_translated, source);
        }
    }
}

fn clashes(choose: &Choose, words: &SharedWords, is_translated: &dyn Fn(&Template) -> bool, source: &mut Source<'_>) {
    let mut seen: BTreeSet<String> = BTreeSet::new();
    for option in &choose.options {
        let place: Range<usize> = if is_translated(&option.label) { option.label.span.clone() } else { 0..1 };
        for word in option_words(option) {
            if let Some(reserved) = words.reserved(&word).filter(|reserved| *reserved != Reserved::Skip) {
                let hint = "it works in every question: choose another word for the option";
                let message = format!("`{word}` is a reserved word ({})", reserved.as_str());
                source.error("GS0705", place.clone(), message, hint);
            }
            if !seen.insert(word.clone()) {
                let message = format!("two options of `{}` share `{word}`", choose.question.id);
                source.error("GS0705", place.clone(), message, "a word can mean only one of the options");
            }
        }
    }
}
