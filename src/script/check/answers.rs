//! Where answers go: vars that nothing fills, vars that nothing looks at, and words of the bot that no translation reaches.

use std::collections::BTreeSet;

use super::super::expr::{Expr, ExprKind, Name};
use super::super::model::{OpKind, Question, Script, Type};
use super::super::translate::{Slot, Words, each};
use super::Checker;

/// A word that `promise` reads itself: "to me".
const MYSELF: &str = "me";

/// Vars that have a value from the beginning, or that something puts one into.
pub(super) fn filled(script: &Script) -> BTreeSet<&str> {
    let defaults = script.vars.iter().filter(|(_, def)| !def.default.is_none()).map(|(name, _)| name.as_str());
    let mut filled: BTreeSet<&str> =
        script.args.iter().chain(&script.rest).map(String::as_str).chain(defaults).collect();
    for op in &script.ops {
        match &op.kind {
            OpKind::Compose(name, _) => {
                filled.insert(name);
            }
            OpKind::Set(values) | OpKind::Call { save: values, .. } => {
                filled.extend(values.iter().map(|(name, _)| name.as_str()));
            }
            kind => filled.extend(question(kind).and_then(|question| question.save.as_deref())),
        }
    }
    filled
}

fn question(kind: &OpKind) -> Option<&Question> {
    match kind {
        OpKind::Ask(ask) => Some(&ask.question),
        OpKind::Choose(choose) => Some(&choose.question),
        _ => None,
    }
}

impl Checker<'_, '_> {
    /// Vars that are looked at and always empty, and vars that hold something for nobody.
    pub(super) fn answers(&mut self) {
        let script = self.script;
        for (name, def) in &script.vars {
            let is_read = self.read.contains(name) || script.returns.contains(name);
            if is_read && !self.filled.contains(name.as_str()) && !self.told_empty.contains(name) {
                let hint = self.how_to_fill(name);
                self.source.warn("GS0439", def.span.clone(), format!("nothing ever fills `{name}`"), hint);
            } else if !is_read && self.used.contains(name) && !script.args.contains(name) {
                let hint = "show it, ask for it in an `if`, keep it in the `journal`, or give it back with `returns`; \
                            a `choose` that is only there to be answered needs no `save`";
                self.source.warn("GS0440", def.span.clone(), format!("nothing ever looks at `{name}`"), hint);
            }
        }
    }

    /// What is missing where a var stays empty.
    pub(super) fn how_to_fill(&self, name: &str) -> String {
        self.where_to_fill(name).unwrap_or_else(|| {
            format!("let a question `save: {name}`, or put something into it with `compose` or `set`")
        })
    }

    /// The step that was surely meant to fill a var.
    pub(super) fn where_to_fill(&self, name: &str) -> Option<String> {
        self.script.ops.iter().find_map(|op| match &op.kind {
            OpKind::Call { id, script, save, .. } if save.is_empty() => {
                let returns = &self.world.scripts.get(script)?.returns;
                let result = returns.iter().find(|result| *result == name).or(returns.first())?;
                Some(format!("add `save: {{ {name}: result.{result} }}` to the call `{id}`"))
            }
            kind => {
                let question = question(kind).filter(|question| question.save.is_none() && question.id == name)?;
                Some(format!("add `save: {name}` to the question `{}`", question.id))
            }
        })
    }

    /// Words that people read, in a place where only names and values are meant to stand.
    pub(super) fn untranslated(&mut self, expr: &Expr) {
        let is_said = |text: &&str| *text != MYSELF && text.chars().any(char::is_alphabetic);
        let Some(text) = expr.literals().into_iter().find(is_said) else { return };
        let message = format!("\"{text}\" is shown, and said in this language only");
        let hint = format!(
            "put it into a var with `compose: {{ name: {text} }}` first, and hand that on: then it can be translated"
        );
        self.source.warn("GS0441", expr.span.clone(), message, hint);
    }
}

/// True when a script shows what it is given under a name.
pub(super) fn shows(script: &Script, name: &str) -> bool {
    let is_text = script.vars.get(name).is_some_and(|def| matches!(def.ty, Type::Text { .. }));
    let is_it = |expr: &Expr| matches!(&expr.kind, ExprKind::Name(Name::Local(found)) if found == name);
    let mut shown = false;
    if is_text {
        each(&mut script.clone(), "", &mut |slot: Slot<'_>| {
            let holes = |text: &super::Template| text.holes().any(|hole| hole.any_part(&is_it));
            shown |= match slot.words {
                Words::Text(text) => holes(text),
                Words::Forms(forms) => forms.iter().any(holes),
                Words::Line(_) => false,
            };
        });
    }
    shown
}
