//! Expressions: small, typed, checked when a script is loaded, and without any way to loop or to fail at run time.
//!
//! A name that has no value is "none"; none is falsy, compares unequal, and disappears in a text. Never reads a clock and never
//! knows the engine: what names stand for comes through [`Scope`].

mod eval;
mod shape;
mod syntax;

use std::ops::Range;

use jiff::civil::Date;

use crate::phrase::Phrase;
use crate::practice::figure::Figure;
use crate::practice::history::History;
use crate::schedule::Rule;
use crate::script::model::Stamp;
use crate::types::Value;

pub(crate) use syntax::{SyntaxError, parse, parse_duration};

/// An expression and where it stands in its file, in bytes.
#[derive(Clone, Debug, PartialEq)]
pub struct Expr {
    /// Its place.
    pub span: Range<usize>,
    /// What it is.
    pub kind: ExprKind,
}

/// The forms of an expression.
#[derive(Clone, Debug, PartialEq)]
pub enum ExprKind {
    /// A value as it stands.
    Literal(Value),
    /// A name.
    Name(Name),
    /// `not X`
    Not(Box<Expr>),
    /// `X op Y`
    Binary(BinaryOp, Box<Expr>, Box<Expr>),
    /// `X if C else Y`, as (C, X, Y).
    If(Box<Expr>, Box<Expr>, Box<Expr>),
    /// `X is none`, or `X is not none` when the flag is set.
    IsNone(Box<Expr>, bool),
    /// `name(X, ...)`
    Call(Function, Vec<Expr>),
    /// `X.text` of a promise.
    PromiseField(Box<Expr>, PromiseField),
}

/// What a name stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Name {
    /// A var or an argument of the script.
    Local(String),
    /// `me.x`
    Me(String),
    /// `result.x`: what a called script returned.
    Result(String),
    /// The answer that is being checked.
    Answer,
    /// Today on the person's calendar.
    Today,
    /// The time on the person's clock.
    Now,
    /// The open promise that is due first.
    OpenPromise,
    /// `ledger.kept` and so on: how many promises stand like that; `made` counts all.
    PromiseCount(String),
    /// How many check-ins there are.
    CheckIns,
    /// Whether there was one today.
    CheckedInToday,
    /// Days since the last one; none when there was none.
    DaysSinceCheckIn,
    /// `progress.x`: what their days add up to.
    Progress(Figure),
    /// How many journal entries there are.
    Entries,
    /// How many reminders of their own there are.
    Reminders,
    /// All of them, numbered, on lines of their own.
    ReminderList,
    /// How many scripts there are.
    Scripts,
    /// Who has read which of them, and when, on lines of their own; empty when nobody has.
    Reviews,
    /// `path.script` and so on: the step of the person's paths that fits today.
    Path(PathField),
}

/// Operators with two sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is its own sign")]
pub enum BinaryOp {
    Or,
    And,
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    Add,
    Sub,
    Mul,
    In,
}

/// The functions there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "named as in docs/script-language.md")]
pub enum Function {
    Has,
    Words,
    Chars,
    Lower,
    DaysSince,
    DaysUntil,
    Min,
    Max,
    Count,
    Visits,
    Hits,
    LocalTime,
    Promise,
    HasLanguage,
    Trouble,
    LastDay,
    FirstDay,
    Reminder,
    ReminderText,
    ReminderWhen,
    WhenIn,
    WithoutWhen,
    Deeds,
    DaysOf,
    DeedsAbout,
    UsualWeekday,
    UsualHours,
    Item,
    Numbered,
    Lines,
    Dated,
    EachYear,
    DayOf,
    WithoutDay,
    InOrder,
    SomeOf,
    Hour,
    MinutesSince,
}

/// What can be asked of a promise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PromiseField {
    /// What was promised.
    Text,
    /// To whom.
    To,
    /// The day it is due, on the person's calendar.
    Due,
    /// How sure they were when they made it; none when they did not say.
    Sure,
}

/// What can be asked of the step that fits today. All of it is none when there is no such step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathField {
    /// The script.
    Script,
    /// Its title.
    Title,
    /// What it is about.
    About,
    /// The path's word.
    Name,
    /// The script that is a softer way of the same.
    Softer,
    /// Whether it may be offered unasked.
    Due,
}

/// The words after `path.`
pub(crate) const PATH_FIELDS: [(&str, PathField); 6] = [
    ("script", PathField::Script),
    ("title", PathField::Title),
    ("about", PathField::About),
    ("name", PathField::Name),
    ("softer", PathField::Softer),
    ("due", PathField::Due),
];

/// The words after `ledger.` that count promises.
pub const PROMISE_COUNTS: [&str; 8] =
    ["open_count", "kept", "late", "told_ahead", "repaired", "released", "missed", "made"];

/// What names stand for while an expression is evaluated.
pub trait Scope {
    /// A var or an argument.
    fn local(&self, name: &str) -> Value;
    /// A fact.
    fn me(&self, name: &str) -> Value;
    /// What the last called script returned.
    fn result(&self, name: &str) -> Value;
    /// The answer being checked.
    fn answer(&self) -> Value;
    /// Now, in the person's zone.
    fn now(&self) -> &jiff::Zoned;
    /// The person's number, by which what is as good as at random differs between people.
    fn seed(&self) -> u64;
    /// The person's day, which is not over at midnight.
    fn today(&self) -> Date;
    /// The id of the open promise that is due first.
    fn open_promise(&self) -> Option<String>;
    /// A field of an open promise.
    fn promise_field(&self, id: &str, field: PromiseField) -> Value;
    /// How many promises stand like that.
    fn promise_count(&self, word: &str) -> i64;
    /// How many check-ins there are.
    fn checkins(&self) -> i64;
    /// The day of the last check-in.
    fn last_checkin(&self) -> Option<Date>;
    /// What the person did, day by day; nothing where it was not read.
    fn history(&self) -> Option<&History>;
    /// How many journal entries there are.
    fn entries(&self) -> i64;
    /// Of a text like "call Ana every monday at 20:00" what says when, and the rest of it. Each may be empty.
    fn when_apart(&self, text: &str) -> (String, String);
    /// The ids of the person's own reminders, the one that comes first in front.
    fn reminders(&self) -> Vec<String>;
    /// What a reminder says, and when.
    fn reminder(&self, id: &str) -> Option<(String, Rule)>;
    /// What is known of the step of their paths that fits today.
    fn path(&self, field: PathField) -> Value;
    /// How many scripts there are.
    fn scripts(&self) -> usize;
    /// Each script by its title, as it was read by whom and when. What was changed since is not among them.
    fn reviews(&self) -> Vec<(&str, &Stamp)>;
    /// A phrase list of the script, or a shared one.
    fn phrases(&self, list: &str) -> Option<&[Phrase]>;
    /// How often a step was asked.
    fn visits(&self, id: &str) -> i64;
    /// How often a list or a check objected.
    fn hits(&self, name: &str) -> i64;
    /// Whether there are texts in a language.
    fn has_language(&self, tag: &str) -> bool;
    /// A line of a list as it reads: a day in front of it in words, and what stands behind it.
    fn line(&self, line: &str) -> String;
    /// A value as it reads in a sentence, in the person's language.
    fn show(&self, value: &Value) -> String;
}

impl Expr {
    /// The expressions it is made of.
    pub(crate) fn parts(&self) -> Vec<&Expr> {
        match &self.kind {
            ExprKind::Literal(_) | ExprKind::Name(_) => Vec::new(),
            ExprKind::Not(inner) | ExprKind::IsNone(inner, _) | ExprKind::PromiseField(inner, _) => vec![&**inner],
            ExprKind::Binary(_, left, right) => vec![&**left, &**right],
            ExprKind::If(test, yes, no) => vec![&**test, &**yes, &**no],
            ExprKind::Call(_, arguments) => arguments.iter().collect(),
        }
    }

    /// True when it, or anything in it, is like that.
    pub(crate) fn any_part(&self, like: &dyn Fn(&Expr) -> bool) -> bool {
        like(self) || self.parts().into_iter().any(|part| part.any_part(like))
    }

    /// The texts that it may stand for as they are: in `x or "there"`, "there".
    pub(crate) fn literals(&self) -> Vec<&str> {
        match &self.kind {
            ExprKind::Literal(Value::Text(text)) => vec![text],
            ExprKind::Binary(BinaryOp::Or, left, right) | ExprKind::If(_, left, right) => {
                [left.literals(), right.literals()].concat()
            }
            _ => Vec::new(),
        }
    }

    /// Stands where an expression could not be read: it may be of any kind, and it has a value.
    pub(crate) fn any(span: Range<usize>) -> Self {
        Self { span, kind: ExprKind::Name(Name::Result("outcome".into())) }
    }
}
