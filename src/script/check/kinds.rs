//! What expressions are, and which of them go together.

use std::ops::Range;

use super::super::expr::{BinaryOp, Expr, ExprKind, Function, Name, PathField, PromiseField};
use super::super::flow::Known;
use super::super::model::Type;
use super::super::problem::did_you_mean;
use super::super::read;
use super::Checker;
use super::ways::objections;
use crate::practice::figure::Figure;
use crate::practice::rhythm;
use crate::schedule::limits::Trouble;
use crate::types::Value;

/// What an expression is, for comparing.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    Text,
    Choice(Vec<String>),
    Number,
    Bool,
    Date,
    Time,
    Duration,
    When,
    List,
    Promise,
    None,
    Mixed,
}

impl Kind {
    pub(super) fn of(ty: &Type) -> Self {
        match ty {
            Type::Text { .. } | Type::Zone => Kind::Text,
            Type::Integer { .. } | Type::Number { .. } => Kind::Number,
            Type::Bool => Kind::Bool,
            Type::Choice { of } => Kind::Choice(of.clone()),
            Type::Date => Kind::Date,
            Type::Time => Kind::Time,
            Type::Duration => Kind::Duration,
            Type::When => Kind::When,
            Type::List => Kind::List,
        }
    }

    pub(super) fn word(&self) -> &'static str {
        match self {
            Kind::Text => "a text",
            Kind::Choice(_) => "a choice",
            Kind::Number => "a number",
            Kind::Bool => "yes or no",
            Kind::Date => "a date",
            Kind::Time => "a time",
            Kind::Duration => "a length of time",
            Kind::When => "a rule for when",
            Kind::List => "a list",
            Kind::Promise => "a promise",
            Kind::None => "nothing",
            Kind::Mixed => "one of several things",
        }
    }

    fn is_texty(&self) -> bool {
        matches!(self, Kind::Text | Kind::Choice(_))
    }

    fn has_order(&self) -> bool {
        matches!(self, Kind::Number | Kind::Date | Kind::Time | Kind::Duration | Kind::Mixed | Kind::None)
    }

    pub(super) fn fits(&self, other: &Kind) -> bool {
        self == other
            || matches!(self, Kind::Mixed | Kind::None)
            || matches!(other, Kind::Mixed | Kind::None)
            || (self.is_texty() && other.is_texty())
    }
}

impl Checker<'_, '_> {
    pub(super) fn kind(&mut self, expr: &Expr, known: &Known) -> Kind {
        match &expr.kind {
            ExprKind::Literal(value) => match value {
                Value::None => Kind::None,
                Value::Bool(_) => Kind::Bool,
                Value::Int(_) | Value::Number(_) => Kind::Number,
                Value::Text(_) => Kind::Text,
                Value::Date { .. } => Kind::Date,
                Value::Time { .. } => Kind::Time,
                Value::Duration { .. } => Kind::Duration,
                Value::When { .. } => Kind::When,
                Value::List(_) => Kind::List,
            },
            ExprKind::Name(name) => self.name_kind(name, &expr.span),
            ExprKind::Not(inner) | ExprKind::IsNone(inner, _) => {
                self.kind(inner, known);
                Kind::Bool
            }
            ExprKind::If(test, yes, no) => {
                self.kind(test, known);
                let (yes, no) = (self.kind(yes, known), self.kind(no, known));
                either(yes, no)
            }
            ExprKind::Binary(op, left, right) => self.binary(*op, left, right, known),
            ExprKind::Call(function, arguments) => self.call(*function, arguments, known),
            ExprKind::PromiseField(promise, field) => {
                self.wants(promise, &Kind::Promise, known);
                match field {
                    PromiseField::Text | PromiseField::To => Kind::Text,
                    PromiseField::Due => Kind::Date,
                    PromiseField::Sure => Kind::Number,
                }
            }
        }
    }

    fn name_kind(&mut self, name: &Name, span: &Range<usize>) -> Kind {
        match name {
            Name::Local(name) => {
                self.read.insert(name.clone());
                self.var(name, span).map_or(Kind::Mixed, |def| Kind::of(&def.ty))
            }
            Name::Me(name) => self.fact(name, span).map_or(Kind::Mixed, |def| Kind::of(&def.ty)),
            Name::Result(_) => Kind::Mixed,
            Name::Answer => self.answer.clone().unwrap_or_else(|| {
                let hint = "it stands for what is being checked, inside `reject` and `checks`; elsewhere use the var";
                self.source.error("GS0310", span.clone(), "there is no answer here", hint);
                Kind::Mixed
            }),
            Name::Today => Kind::Date,
            Name::Now => Kind::Time,
            Name::OpenPromise => Kind::Promise,
            Name::CheckedInToday => Kind::Bool,
            Name::PromiseCount(_)
            | Name::CheckIns
            | Name::DaysSinceCheckIn
            | Name::Entries
            | Name::Reminders
            | Name::Scripts => Kind::Number,
            Name::Path(PathField::Due) => Kind::Bool,
            Name::ReminderList | Name::Reviews | Name::Path(_) => Kind::Text,
            Name::Progress(Figure::Enough) => Kind::Bool,
            Name::Progress(Figure::Mood) => Kind::Choice(Figure::MOODS.map(str::to_owned).to_vec()),
            Name::Progress(figure) if figure.is_text() => Kind::Text,
            Name::Progress(_) => Kind::Number,
        }
    }

    fn binary(&mut self, op: BinaryOp, left: &Expr, right: &Expr, known: &Known) -> Kind {
        let (a, b) = (self.kind(left, known), self.kind(right, known));
        let span = left.span.start..right.span.end;
        match op {
            BinaryOp::Or => either(a, b),
            BinaryOp::And => Kind::Bool,
            BinaryOp::Eq | BinaryOp::Ne => {
                if !a.fits(&b) {
                    let hint = "both sides of a comparison are of the same kind";
                    self.source.error("GS0304", span, format!("{} is never equal to {}", a.word(), b.word()), hint);
                }
                for (kind, other) in [(&a, right), (&b, left)] {
                    if let (Kind::Choice(of), ExprKind::Literal(Value::Text(text))) = (kind, &other.kind) {
                        self.one_of(text, of, &other.span);
                    }
                }
                Kind::Bool
            }
            BinaryOp::Lt | BinaryOp::Le | BinaryOp::Gt | BinaryOp::Ge => {
                if !a.fits(&b) || !a.has_order() || !b.has_order() {
                    let hint = "numbers, dates, times and lengths of time have an order";
                    self.source.error("GS0304", span, format!("{} and {} have no order", a.word(), b.word()), hint);
                }
                Kind::Bool
            }
            BinaryOp::In => {
                if !Kind::List.fits(&b) {
                    self.source.error(
                        "GS0304",
                        right.span.clone(),
                        format!("{} where a list is needed", b.word()),
                        "a list goes here",
                    );
                }
                Kind::Bool
            }
            BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul => self.arithmetic(op, a, b, span),
        }
    }

    fn arithmetic(&mut self, op: BinaryOp, a: Kind, b: Kind, span: Range<usize>) -> Kind {
        match (op, &a, &b) {
            (BinaryOp::Add | BinaryOp::Sub, Kind::List, _) => Kind::List,
            (BinaryOp::Add | BinaryOp::Sub, Kind::Date, Kind::Duration) => Kind::Date,
            (BinaryOp::Add, Kind::Duration, Kind::Duration) => Kind::Duration,
            (_, Kind::Number | Kind::Mixed, Kind::Number | Kind::Mixed) => Kind::Number,
            _ => {
                let hint = "texts are joined with `compose`; dates take lengths of time like 30d";
                self.source.error(
                    "GS0304",
                    span,
                    format!("{} and {} cannot be calculated with", a.word(), b.word()),
                    hint,
                );
                Kind::Mixed
            }
        }
    }

    fn call(&mut self, function: Function, arguments: &[Expr], known: &Known) -> Kind {
        let kinds: Vec<Kind> = arguments.iter().map(|argument| self.kind(argument, known)).collect();
        let literal = |index: usize| match arguments.get(index).map(|argument| (&argument.kind, &argument.span)) {
            Some((ExprKind::Literal(Value::Text(text)), span)) => Some((text.clone(), span.clone())),
            _ => None,
        };
        let wanted: &[Kind] = match function {
            Function::Has => &[Kind::Text, Kind::Text],
            Function::Words
            | Function::Chars
            | Function::Lower
            | Function::Visits
            | Function::Hits
            | Function::LocalTime
            | Function::HasLanguage
            | Function::ReminderText
            | Function::ReminderWhen
            | Function::WhenIn
            | Function::WithoutWhen
            | Function::DayOf
            | Function::WithoutDay => &[Kind::Text],
            Function::Dated | Function::EachYear => &[Kind::Date, Kind::Text],
            Function::InOrder => &[Kind::List, Kind::Date, Kind::Date],
            Function::Deeds | Function::DaysOf | Function::UsualWeekday | Function::UsualHours => {
                &[Kind::Text, Kind::Number]
            }
            Function::DeedsAbout => &[Kind::Text, Kind::Text, Kind::Number],
            Function::Trouble | Function::LastDay | Function::FirstDay => &[Kind::When],
            Function::Reminder => &[Kind::Number],
            Function::DaysSince | Function::DaysUntil => &[Kind::Date],
            Function::Count | Function::Numbered | Function::Lines => &[Kind::List],
            Function::Item | Function::SomeOf => &[Kind::List, Kind::Number],
            Function::Hour | Function::MinutesSince => &[Kind::Time],
            Function::Min | Function::Max | Function::Promise => &[],
        };
        for ((argument, kind), wanted) in arguments.iter().zip(&kinds).zip(wanted) {
            if !kind.fits(wanted) {
                let (found, wanted) = (kind.word(), wanted.word());
                let message = format!("{found} where {wanted} is needed");
                self.source.error("GS0304", argument.span.clone(), message, format!("{wanted} goes here"));
            }
        }
        match function {
            Function::Has => {
                if let Some((list, span)) = literal(1) {
                    self.has_list(list, span);
                }
                Kind::Bool
            }
            Function::Visits => {
                if let Some((id, span)) = literal(0)
                    && !self.script.waits.contains_key(&id)
                {
                    let near = did_you_mean(&id, self.script.waits.keys().map(String::as_str));
                    let hint = if near.is_empty() { "write the id of an `ask` or a `choose`".to_owned() } else { near };
                    self.source.error("GS0401", span, format!("no question is called `{id}`"), hint);
                }
                Kind::Number
            }
            Function::Hits => {
                let known = objections(self.script);
                if let Some((name, span)) = literal(0).filter(|(name, _)| !known.contains(name.as_str())) {
                    let near = did_you_mean(&name, known.iter().copied());
                    let hint = if near.is_empty() {
                        "write the name of a list in `reject`, or of a check".to_owned()
                    } else {
                        near
                    };
                    self.source.error("GS0433", span, format!("nothing that objects is called `{name}`"), hint);
                }
                Kind::Number
            }
            Function::Min | Function::Max => self.lesser_or_greater(&kinds, arguments),
            Function::DaysSince
            | Function::DaysUntil
            | Function::Words
            | Function::Chars
            | Function::Count
            | Function::Hour
            | Function::MinutesSince => Kind::Number,
            Function::Item
            | Function::Numbered
            | Function::Lines
            | Function::Dated
            | Function::EachYear
            | Function::WithoutDay => Kind::Text,
            Function::InOrder | Function::SomeOf => Kind::List,
            Function::UsualWeekday => {
                self.deed(arguments);
                Kind::Choice(rhythm::WEEKDAYS.map(str::to_owned).to_vec())
            }
            Function::UsualHours => {
                self.deed(arguments);
                Kind::Choice(rhythm::HOURS.map(str::to_owned).to_vec())
            }
            Function::Deeds | Function::DaysOf | Function::DeedsAbout => {
                self.deed(arguments);
                Kind::Number
            }
            Function::Lower => Kind::Text,
            Function::LocalTime => Kind::Time,
            Function::HasLanguage => Kind::Bool,
            Function::Trouble => Kind::Choice(Trouble::WORDS.map(str::to_owned).to_vec()),
            Function::LastDay | Function::ReminderWhen => Kind::When,
            Function::FirstDay | Function::DayOf => Kind::Date,
            Function::Reminder | Function::ReminderText | Function::WhenIn | Function::WithoutWhen => Kind::Text,
            Function::Promise => {
                let found = kinds.into_iter().next().unwrap_or(Kind::Text);
                if !found.fits(&Kind::Text) && found != Kind::Promise {
                    let message = format!("{} where the id of a promise is needed", found.word());
                    let hint = "a text var that was `set` to `ledger.open`, or an argument that holds one";
                    self.source.error("GS0304", arguments[0].span.clone(), message, hint);
                }
                Kind::Promise
            }
        }
    }

    /// The kind of a deed is written out, so that it can be checked.
    fn deed(&mut self, arguments: &[Expr]) {
        let Some(first) = arguments.first() else { return };
        match &first.kind {
            ExprKind::Literal(Value::Text(word)) => _ = read::deed(word, &first.span, self.source),
            _ => self.source.error(
                "GS0311",
                first.span.clone(),
                "the kind of a deed is written out",
                "for example deeds(\"urge_waited\", 30)",
            ),
        }
    }

    /// What `has` looks for: a list, or a phrase as it stands. A name with `_` can only be meant as a list.
    fn has_list(&mut self, list: String, span: Range<usize>) {
        if list.contains('_') || self.script.phrases.contains_key(&list) || self.words.lists.contains_key(&list) {
            self.list(&list, span);
        }
    }

    fn lesser_or_greater(&mut self, kinds: &[Kind], arguments: &[Expr]) -> Kind {
        let [a, b] = kinds else { return Kind::Mixed };
        if !a.fits(b) || !a.has_order() || !b.has_order() {
            let span = arguments[0].span.start..arguments[1].span.end;
            let hint = "numbers, dates, times and lengths of time have an order";
            self.source.error("GS0304", span, format!("{} and {} have no order", a.word(), b.word()), hint);
        }
        a.clone()
    }
}

fn either(a: Kind, b: Kind) -> Kind {
    match (a, b) {
        (Kind::None, other) | (other, Kind::None) => other,
        (a, b) if a == b => a,
        (a, b) if a.is_texty() && b.is_texty() => Kind::Text,
        _ => Kind::Mixed,
    }
}
