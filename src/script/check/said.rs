//! Every text of a script that people read, in one list: what it says, where it stands, what it is for.
//!
//! Looks only; the rules about texts stand in `content`.

use std::ops::Range;

use super::super::expr::{Expr, ExprKind, Function, Name};
use super::super::model::{OpKind, Question, Script};
use super::super::text::Template;

/// What a text is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// Said by the bot.
    Spoken,
    /// Written on a button: the person's own words.
    Label,
    /// Kept for the person, or put together from their words.
    Kept,
}

/// A text as people may read it.
pub(crate) struct Said {
    pub(crate) part: Part,
    pub(crate) span: Range<usize>,
    /// Its words; a hole is filled with its first fixed text, or with "this".
    pub(crate) text: String,
    /// The other fixed texts of its holes.
    pub(crate) others: Vec<String>,
    /// True when it shows how many there were of something.
    pub(crate) counts: bool,
}

/// All texts of a script, in the order of the file.
pub(crate) fn said(script: &Script) -> Vec<Said> {
    let mut found = Vec::new();
    let from_outside = script.nudge.iter().map(|nudge| &nudge.say).chain(&script.expire_say);
    from_outside.for_each(|text| found.push(of(Part::Spoken, text)));
    for op in &script.ops {
        let mut add = |part: Part, text: &Template| found.push(of(part, text));
        match &op.kind {
            OpKind::Say { texts, .. } => texts.iter().for_each(|text| add(Part::Spoken, text)),
            OpKind::SayCount { forms, .. } => {
                found.extend(forms.iter().map(|form| Said { counts: true, ..of(Part::Spoken, form) }));
            }
            OpKind::Ask(ask) => {
                spoken(&ask.question).for_each(|text| add(Part::Spoken, text));
                ask.objections.iter().for_each(|objection| add(Part::Spoken, &objection.say));
            }
            OpKind::Choose(choose) => {
                spoken(&choose.question).for_each(|text| add(Part::Spoken, text));
                choose.options.iter().for_each(|option| add(Part::Label, &option.label));
            }
            OpKind::Compose(_, text) => add(Part::Kept, text),
            OpKind::Journal { title, body, .. } => [title, body].into_iter().for_each(|text| add(Part::Kept, text)),
            OpKind::Jump(_)
            | OpKind::JumpUnless(..)
            | OpKind::Wait(_)
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
    found
}

fn spoken(question: &Question) -> impl Iterator<Item = &Template> {
    std::iter::once(&question.prompt).chain(&question.unclear).chain(&question.help)
}

fn of(part: Part, text: &Template) -> Said {
    let first = |hole: &Expr| hole.literals().first().map_or("this".to_owned(), |text| (*text).to_owned());
    let others = text.holes().flat_map(|hole| hole.literals().into_iter().skip(1)).map(str::to_owned).collect();
    let counts = text.holes().any(|hole| hole.any_part(&is_count));
    Said { part, span: text.span.clone(), text: text.sample(&first), others, counts }
}

fn is_count(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Name(name) => {
            matches!(
                name,
                Name::PromiseCount(_) | Name::CheckIns | Name::DaysSinceCheckIn | Name::Entries | Name::Progress(_)
            )
        }
        ExprKind::Call(function, _) => matches!(
            function,
            Function::Count
                | Function::Visits
                | Function::DaysSince
                | Function::Deeds
                | Function::DaysOf
                | Function::DeedsAbout
        ),
        _ => false,
    }
}
