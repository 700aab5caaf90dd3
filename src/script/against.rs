//! What an edit does to people who are in the middle of a script: the present scripts beside the ones before.
//!
//! An author may do anything to a script. This says which of it leaves somebody in the old text, so that it is done knowingly.

use std::collections::BTreeMap;
use std::mem::discriminant;
use std::ops::Range;

use super::library::{Library, PromptFile, Report};
use super::model::{Choose, OpKind, Script, Type};
use super::problem::{Source, did_you_mean};

/// How many persons stand at a question: by script and id.
pub type Waiting = BTreeMap<(String, String), u64>;

/// Lists what an edit takes away from people who are in the middle of it. `files` are the present ones.
#[must_use]
pub fn against(before: &Library, now: &Library, files: &[PromptFile], waiting: &Waiting) -> Report {
    let mut report = Report::default();
    let edited = Edited { before, waiting };
    for file in files {
        let mut source = Source::new(&file.path, &file.text);
        if let Some(script) = now.of_file(&file.path) {
            edited.compare(script, &mut source);
        }
        report.take(source);
    }
    for script in before.scripts().filter(|script| now.script(&script.name).is_none()) {
        let mut source = Source::new(&script.name, "");
        let persons = edited.persons(&script.name, script.waits.keys());
        let message = format!("the script `{}` is gone{persons}", script.name);
        source.warn(
            "GS0803",
            0..0,
            message,
            "who is in the middle of it ends in the old text; nobody begins it any more",
        );
        report.take(source);
    }
    report.sort();
    report
}

struct Edited<'e> {
    before: &'e Library,
    waiting: &'e Waiting,
}

impl Edited<'_> {
    fn compare(&self, script: &Script, source: &mut Source<'_>) {
        let Some(old) = self.before.script(&script.name).filter(|old| old.rev != script.rev) else { return };
        // A raised version says that the author knows: who is in the middle ends in the old text. Cards are over in a moment.
        if script.card || old.version != script.version {
            return;
        }
        for (id, pc) in &old.waits {
            let renamed = script.renamed(id);
            match script.waits.get(renamed) {
                None => self.gone(script, id, source),
                Some(now) if kind(old, *pc) != kind(script, *now) => {
                    self.changed(script, renamed, (kind(old, *pc), kind(script, *now)), source);
                }
                Some(_) => {}
            }
        }
        for (name, was) in &old.vars {
            if let Some(def) = script.vars.get(name).filter(|def| discriminant(&def.ty) != discriminant(&was.ty)) {
                let persons = self.persons(&script.name, old.waits.keys());
                let message =
                    format!("`{name}` was of type {}, and is of type {}{persons}", was.ty.word(), def.ty.word());
                source.error("GS0802", def.span.clone(), message, RAISE);
            }
        }
    }

    fn gone(&self, script: &Script, id: &str, source: &mut Source<'_>) {
        let persons = self.persons(&script.name, [id]);
        let near = did_you_mean(id, script.waits.keys().map(String::as_str));
        let near = if near.starts_with("did you mean") { format!("{near} ") } else { String::new() };
        let hint = format!("{near}Write `renamed: {{ {id}: its-new-id }}` at the top, or raise `version`");
        source.error("GS0801", top(source.text), format!("the question `{id}` is gone{persons}"), hint);
    }

    fn changed(&self, script: &Script, id: &str, (was, is): (&str, &str), source: &mut Source<'_>) {
        let persons = self.persons(&script.name, [id]);
        let span = script.waits.get(id).and_then(|pc| script.ops.get(*pc)).map_or(0..1, |op| op.span.clone());
        let message = if was == is {
            format!("`{id}` calls another script than before{persons}")
        } else {
            format!("`{id}` was {was}, and is {is}{persons}")
        };
        source.error("GS0802", span, message, RAISE);
    }

    /// How many persons stand at these questions, for a sentence; nothing when there is nobody or nobody counted.
    fn persons<S: AsRef<str>>(&self, script: &str, ids: impl IntoIterator<Item = S>) -> String {
        let at = |id: S| self.waiting.get(&(script.to_owned(), id.as_ref().to_owned())).copied().unwrap_or(0);
        match ids.into_iter().map(at).sum::<u64>() {
            0 => String::new(),
            1 => ", and one person stands there".to_owned(),
            n => format!(", and {n} persons stand there"),
        }
    }
}

const RAISE: &str = "raise `version`: then who is in the middle of it ends in the old text";

/// What is waited for, in a word that is the same when an answer to the one can answer the other.
fn kind(script: &Script, pc: usize) -> &str {
    match script.ops.get(pc).map(|op| &op.kind) {
        Some(OpKind::Ask(ask)) => {
            let def = ask.question.save.as_ref().and_then(|var| script.vars.get(var));
            match def.map(|def| &def.ty) {
                None | Some(Type::Text { .. }) => "a question for a text",
                Some(Type::Integer { .. } | Type::Number { .. }) => "a question for a number",
                Some(Type::Bool) => "a question for yes or no",
                Some(Type::Date) => "a question for a date",
                Some(Type::Time) => "a question for a time",
                Some(Type::Duration) => "a question for a length of time",
                Some(Type::Choice { .. }) => "a question for one of several words",
                Some(Type::Zone) => "a question for a zone",
                Some(Type::When) => "a question for when something shall happen",
                Some(Type::List) => "a question for a list",
            }
        }
        Some(OpKind::Choose(choose)) => choice(choose),
        Some(OpKind::Wait(_)) => "a wait",
        Some(OpKind::Call { script, .. }) => script,
        _ => "nothing to wait for",
    }
}

fn choice(choose: &Choose) -> &'static str {
    if choose.many { "a choice of several" } else { "a choice" }
}

/// The line of the version, else the first one.
fn top(text: &str) -> Range<usize> {
    let at = text.find("\nversion:").map_or(0, |at| at + 1);
    at..text[at..].find('\n').map_or(text.len(), |end| at + end)
}
