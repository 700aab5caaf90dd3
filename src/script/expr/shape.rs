//! What of an expression a translation has to keep: everything but the words that it shows.

use super::{BinaryOp, Expr, ExprKind};
use crate::types::Value;

impl Expr {
    /// The expression without its place, and without the texts that are shown when it stands in a sentence: `me.name or "there"`
    /// and `me.name or "tú"` have the same shape; a text that something is compared with is part of it.
    pub(crate) fn shape(&self) -> String {
        shape(self, true)
    }
}

fn shape(expr: &Expr, shown: bool) -> String {
    match &expr.kind {
        ExprKind::Literal(Value::Text(_)) if shown => "words".into(),
        ExprKind::Literal(value) => format!("{value:?}"),
        ExprKind::Name(name) => format!("{name:?}"),
        ExprKind::Not(inner) => format!("not({})", shape(inner, false)),
        ExprKind::Binary(op, left, right) => {
            let shown = shown && *op == BinaryOp::Or;
            format!("{op:?}({}, {})", shape(left, shown), shape(right, shown))
        }
        ExprKind::If(test, yes, no) => {
            format!("if({}, {}, {})", shape(test, false), shape(yes, shown), shape(no, shown))
        }
        ExprKind::IsNone(inner, negated) => format!("none({}, {negated})", shape(inner, false)),
        ExprKind::Call(function, arguments) => {
            let arguments: Vec<String> = arguments.iter().map(|argument| shape(argument, false)).collect();
            format!("{function:?}({})", arguments.join(", "))
        }
        ExprKind::PromiseField(promise, field) => format!("{field:?}({})", shape(promise, false)),
    }
}
