//! What can be wrong with a script in another language: texts that are too long, words that mean two things.

use std::collections::BTreeSet;

use super::budgets::{ASK_BUDGET, SAY_BUDGET};
use super::{Checker, option_words};
use crate::script::flow::World;
use crate::script::library::Reserved;
use crate::script::model::{Choose, OpKind, Script};
use crate::script::problem::Source;
use crate::script::text::Template;
use crate::script::translate::{Slot, Speaker, Words, each};
use crate::script::words::SharedWords;

/// A script in another language, beside the one it was translated from.
pub(crate) struct Translated<'e> {
    pub(crate) script: &'e Script,
    pub(crate) words: &'e SharedWords,
    /// Where its translated texts stand in the PO file.
    pub(crate) places: &'e BTreeSet<(usize, usize)>,
    pub(crate) original: &'e Script,
    pub(crate) original_words: &'e SharedWords,
}

/// Checks what a translation changes; `source` is the PO file. What was not translated has been checked already, and an option
/// that is mistaken in the original is told of there.
pub(crate) fn check_edition(translated: &Translated<'_>, world: &World<'_>, source: &mut Source<'_>) {
    let Translated { script, words, places, original, original_words } = *translated;
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
    for (op, before) in script.ops.iter().zip(&original.ops) {
        if let (OpKind::Choose(choose), OpKind::Choose(before)) = (&op.kind, &before.kind) {
            let told: BTreeSet<usize> = clashes(before, original_words).iter().map(|clash| clash.option).collect();
            for Clash { option, message, hint } in clashes(choose, words) {
                let label = &choose.options[option].label;
                let place = if is_translated(label) { label.span.clone() } else { 0..1 };
                if !told.contains(&option) {
                    source.error("GS0705", place, message, hint);
                }
            }
        }
    }
}

/// An option that could be meant by a word that means something else already.
struct Clash {
    /// Which one it is.
    option: usize,
    message: String,
    hint: &'static str,
}

fn clashes(choose: &Choose, words: &SharedWords) -> Vec<Clash> {
    let mut seen: BTreeSet<String> = BTreeSet::new();
    let mut found = Vec::new();
    for (option, choice) in choose.options.iter().enumerate() {
        for word in option_words(choice) {
            if let Some(reserved) = words.reserved(&word).filter(|reserved| *reserved != Reserved::Skip) {
                let message = format!("`{word}` is a reserved word ({})", reserved.as_str());
                let hint = "it works in every question: choose another word for the option";
                found.push(Clash { option, message, hint });
            }
            if !seen.insert(word.clone()) {
                let message = format!("two options of `{}` share `{word}`", choose.question.id);
                found.push(Clash { option, message, hint: "a word can mean only one of the options" });
            }
        }
    }
    found
}
