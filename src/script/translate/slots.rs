//! Every text of a script that a translation can stand in for, one after the other, with the name it goes by.

use std::collections::BTreeMap;

use super::super::model::{Choose, Op, OpKind, Question, Script, Type, VarDef};
use super::super::text::Template;
use crate::types::Value;

/// Who says a text, for a remark to translators and for its greatest length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Speaker {
    Title,
    About,
    Nudge,
    Expire,
    Say,
    Count,
    Ask,
    Choose,
    Label,
    Value,
    Unclear,
    Help,
    Objection,
    Compose,
    EntryTitle,
    Entry,
}

impl Speaker {
    /// What translators read beside the text.
    pub(crate) fn remark(self) -> &'static str {
        match self {
            Speaker::Title => "title, shown on cards",
            Speaker::About => "about: for help and for the command menu",
            Speaker::Nudge => "nudge: reminds of the open question",
            Speaker::Expire => "expire: when it is put away because nobody came back",
            Speaker::Say => "say",
            Speaker::Count => "say, with a number: one form for each plural of the language",
            Speaker::Ask => "ask: answered with words",
            Speaker::Choose => "choose: answered with a button",
            Speaker::Label => "label of a button: at most 24 characters fit on a phone",
            Speaker::Value => "kept as the person's own words when they press the button above",
            Speaker::Unclear => "unclear: when the answer could not be read",
            Speaker::Help => "help: when they ask what is meant",
            Speaker::Objection => "objection: asks for the answer once more",
            Speaker::Compose => "text put together from answers",
            Speaker::EntryTitle => "heading of a journal entry",
            Speaker::Entry => "text of a journal entry",
        }
    }
}

/// A text of a script.
pub(crate) enum Words<'s> {
    /// A text with holes.
    Text(&'s mut Template),
    /// A plain one.
    Line(&'s mut String),
    /// The plural forms of one.
    Forms(&'s mut Vec<Template>),
}

/// A text and the name it goes by.
pub(crate) struct Slot<'s> {
    /// The script's file and the nearest id: `daily-checkin/mood`.
    pub(crate) context: String,
    pub(crate) speaker: Speaker,
    pub(crate) words: Words<'s>,
}

/// Visits every text of a script, in the order of the file. `file` is its path without `.yaml`.
pub(crate) fn each(script: &mut Script, file: &str, visit: &mut dyn FnMut(Slot<'_>)) {
    let near = Near::of(script, file);
    let vars = &script.vars;
    let mut line = |speaker, words: &mut String| {
        if !words.is_empty() {
            visit(Slot { context: file.to_owned(), speaker, words: Words::Line(words) });
        }
    };
    // What a card is called is never shown.
    if !script.card {
        line(Speaker::Title, &mut script.title);
        line(Speaker::About, &mut script.about);
    }
    if let Some(nudge) = &mut script.nudge {
        let words = Words::Text(&mut nudge.say);
        visit(Slot { context: file.to_owned(), speaker: Speaker::Nudge, words });
    }
    if let Some(say) = &mut script.expire_say {
        visit(Slot { context: file.to_owned(), speaker: Speaker::Expire, words: Words::Text(say) });
    }
    for (pc, op) in script.ops.iter_mut().enumerate() {
        let context = near.name(pc);
        each_of_op(op, vars, &mut |speaker, words| visit(Slot { context: context.clone(), speaker, words }));
    }
}

fn each_of_op(op: &mut Op, vars: &BTreeMap<String, VarDef>, visit: &mut dyn FnMut(Speaker, Words<'_>)) {
    match &mut op.kind {
        OpKind::Say { texts, .. } => {
            for text in texts {
                visit(Speaker::Say, Words::Text(text));
            }
        }
        OpKind::SayCount { forms, .. } => visit(Speaker::Count, Words::Forms(forms)),
        OpKind::Ask(ask) => {
            each_of_question(&mut ask.question, Speaker::Ask, visit);
            for objection in &mut ask.objections {
                visit(Speaker::Objection, Words::Text(&mut objection.say));
            }
        }
        OpKind::Choose(choose) => {
            each_of_question(&mut choose.question, Speaker::Choose, visit);
            each_option(choose, vars, visit);
        }
        OpKind::Compose(_, text) => visit(Speaker::Compose, Words::Text(text)),
        OpKind::Journal { title, body, .. } => {
            visit(Speaker::EntryTitle, Words::Text(title));
            visit(Speaker::Entry, Words::Text(body));
        }
        OpKind::Wait(_)
        | OpKind::Jump(_)
        | OpKind::JumpUnless(..)
        | OpKind::Set(_)
        | OpKind::Remember(_)
        | OpKind::Forget(_)
        | OpKind::Promise { .. }
        | OpKind::Settle { .. }
        | OpKind::CheckIn { .. }
        | OpKind::Deed { .. }
        | OpKind::Schedule(_)
        | OpKind::Cancel { .. }
        | OpKind::Remind { .. }
        | OpKind::DropReminder(_)
        | OpKind::BeginStep(_)
        | OpKind::TurnDown(_)
        | OpKind::Call { .. }
        | OpKind::Start { .. }
        | OpKind::Redo { .. }
        | OpKind::End(_) => {}
    }
}

fn each_of_question(question: &mut Question, speaker: Speaker, visit: &mut dyn FnMut(Speaker, Words<'_>)) {
    visit(speaker, Words::Text(&mut question.prompt));
    if let Some(unclear) = &mut question.unclear {
        visit(Speaker::Unclear, Words::Text(unclear));
    }
    if let Some(help) = &mut question.help {
        visit(Speaker::Help, Words::Text(help));
    }
}

/// Labels; and values that go into a var of type text, which are words and no routing.
fn each_option(choose: &mut Choose, vars: &BTreeMap<String, VarDef>, visit: &mut dyn FnMut(Speaker, Words<'_>)) {
    let def = choose.question.save.as_ref().and_then(|save| vars.get(save));
    let keeps_words = matches!(def.map(|def| &def.ty), Some(Type::Text { .. }));
    for option in &mut choose.options {
        visit(Speaker::Label, Words::Text(&mut option.label));
        if let (true, Some(Value::Text(value))) = (keeps_words, &mut option.value) {
            visit(Speaker::Value, Words::Line(value));
        }
    }
}

/// The names of steps by where they begin.
struct Near {
    file: String,
    /// In the order of the operations.
    ids: Vec<(usize, String)>,
}

impl Near {
    fn of(script: &Script, file: &str) -> Self {
        let mut ids: Vec<(usize, String)> = script.ids.iter().map(|(id, pc)| (*pc, id.clone())).collect();
        ids.sort();
        Self { file: file.to_owned(), ids }
    }

    /// The file and the last named step that begins at or before an operation.
    fn name(&self, pc: usize) -> String {
        match self.ids.iter().rev().find(|(start, _)| *start <= pc) {
            Some((_, id)) => format!("{}/{id}", self.file),
            None => self.file.clone(),
        }
    }
}
