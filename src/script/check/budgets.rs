//! How long texts and labels may become, in every language and with every hole full.
//!
//! The figures lie below what the platforms take (Telegram 4,096, Discord 2,000 UTF-16 units), because short messages are read.

use super::super::expr::{BinaryOp, Expr, ExprKind, Function, Name, PathField, PromiseField};
use super::super::model::{Type, VarDef};
use super::super::text::Template;
use super::{Checker, PROMISE_TEXT};

/// Literal text may grow by this much in a translation.
pub(super) const GROWTH: f64 = 1.3;
/// UTF-16 units: a warning above the first figure, refused above the second.
pub(super) const SAY_BUDGET: (usize, usize) = (350, 900);
pub(super) const ASK_BUDGET: (usize, usize) = (300, 900);
/// The longest a question may become when its holes are full.
const WHOLE_BUDGET: usize = 1_800;
const LABEL_BUDGET: (usize, usize) = (24, 40);
/// What a title may measure to stand whole on a card, and a first sentence of `about` in a menu of commands.
const TITLE_BUDGET: usize = 60;
const MENU_BUDGET: usize = 100;

impl Checker<'_, '_> {
    /// A label that fits on a button.
    pub(super) fn label(&mut self, label: &Template) {
        let length = label.literal_len() + label.holes().map(|hole| self.width(hole)).sum::<usize>();
        let (warn, most) = LABEL_BUDGET;
        if length > most {
            self.source.error(
                "GS0502",
                label.span.clone(),
                format!("a label of {length} characters"),
                format!("at most {most}"),
            );
        } else if length > warn {
            self.source.warn(
                "GS0502",
                label.span.clone(),
                format!("a label of {length} characters"),
                format!("{warn} fit on a phone"),
            );
        }
    }

    /// A title that stands whole on a card, and a first sentence that stands whole in a menu of commands.
    pub(super) fn head(&mut self) {
        let first = self.script.about.split_inclusive(['.', '\n']).next().unwrap_or("");
        let in_menu = if self.script.starters.commands.is_empty() { "" } else { first };
        for (key, what, text, most) in [
            ("title", "a title", self.script.title.as_str(), TITLE_BUDGET),
            ("about", "a first sentence for menus", in_menu.trim(), MENU_BUDGET),
        ] {
            let length = text.encode_utf16().count();
            if length > most {
                let at = self.source.key(key);
                let message = format!("{what} of {length} characters");
                self.source.warn("GS0505", at, message, format!("at most {most}: it is cut off there"));
            }
        }
    }

    /// A text that fits into one message.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "lengths of texts"
    )]
    pub(super) fn budget(&mut self, text: &Template, (warn, most): (usize, usize)) {
        let literal = (text.literal_len() as f64 * self.growth) as usize;
        let whole = literal + text.holes().map(|hole| self.width(hole)).sum::<usize>();
        let written = text.literal_len();
        let longer = if literal > written { format!(", {literal} in a longer language") } else { String::new() };
        if literal > most {
            let message = format!("a text of {written} characters{longer}");
            self.source.error(
                "GS0501",
                text.span.clone(),
                message,
                format!("at most {most}: split it into two messages"),
            );
        } else if whole > WHOLE_BUDGET {
            let message = format!("this may become {whole} characters long when its holes are full");
            self.source.error(
                "GS0501",
                text.span.clone(),
                message,
                format!("at most {WHOLE_BUDGET}: lower `max` of the vars in it"),
            );
        } else if literal > warn {
            let message = format!("a text of {written} characters{longer}");
            self.source.warn(
                "GS0501",
                text.span.clone(),
                message,
                format!("short messages are read; aim below {warn}"),
            );
        }
    }

    /// The most UTF-16 units an expression may fill.
    pub(super) fn width(&self, expr: &Expr) -> usize {
        let of = |def: Option<&VarDef>| match def.map(|def| &def.ty) {
            Some(Type::Text { max }) => *max,
            Some(Type::Choice { of }) => of.iter().map(String::len).max().unwrap_or(0),
            Some(Type::Time) => 5,
            Some(Type::Integer { from, to }) => from.to_string().len().max(to.to_string().len()),
            Some(Type::Zone) => 32,
            Some(Type::When) => 60,
            Some(Type::List) => 120,
            Some(Type::Number { .. } | Type::Bool | Type::Date | Type::Duration) => 32,
            None => 100,
        };
        match &expr.kind {
            ExprKind::Literal(value) => value.to_string().encode_utf16().count(),
            ExprKind::Name(Name::Local(name)) => of(self.script.vars.get(name)),
            ExprKind::Name(Name::Me(name)) => of(self.world.facts.get(name)),
            ExprKind::Name(Name::Path(PathField::About)) => 200,
            ExprKind::Name(Name::Path(_)) => TITLE_BUDGET,
            ExprKind::Name(Name::Result(_)) => 500,
            ExprKind::Name(_) => 20,
            ExprKind::Binary(BinaryOp::Or, left, right) | ExprKind::If(_, left, right) => {
                self.width(left).max(self.width(right))
            }
            ExprKind::PromiseField(_, PromiseField::Text) => PROMISE_TEXT,
            ExprKind::PromiseField(..) => 40,
            // A line of a list is as long as the list is shown, all lines together four times that.
            ExprKind::Call(Function::Item, arguments) => arguments.first().map_or(0, |list| self.width(list)),
            ExprKind::Call(Function::Numbered | Function::Lines, arguments) => {
                arguments.first().map_or(0, |list| 4 * self.width(list))
            }
            ExprKind::Call(Function::InOrder | Function::SomeOf | Function::WithoutDay, arguments) => {
                arguments.first().map_or(0, |first| self.width(first))
            }
            ExprKind::Call(Function::Dated | Function::EachYear, arguments) => {
                12 + arguments.get(1).map_or(0, |text| self.width(text))
            }
            ExprKind::Call(Function::Lower, arguments) => arguments.iter().map(|argument| self.width(argument)).sum(),
            ExprKind::Binary(..) | ExprKind::Not(_) | ExprKind::IsNone(..) | ExprKind::Call(..) => 24,
        }
    }
}
