//! Expressions: small, typed, checked when a script is loaded, and without any way to loop or to fail at run time.
//!
//! A name that has no value is "none"; none is falsy, compares unequal, and disappears in a text. Never reads a clock and never
//! knows the engine: what names stand for comes through [`Scope`].

use std::ops::Range;

use jiff::civil::{Date, Time};
use jiff::{SignedDuration, ToSpan};

use crate::phrase::{self, Phrase};
use crate::types::Value;

/// The most parts an expression may have.
const MAX_NODES: usize = 200;

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
    /// How many journal entries there are.
    Entries,
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
}

const FUNCTIONS: [(&str, Function, usize); 13] = [
    ("has", Function::Has, 2),
    ("words", Function::Words, 1),
    ("chars", Function::Chars, 1),
    ("lower", Function::Lower, 1),
    ("days_since", Function::DaysSince, 1),
    ("days_until", Function::DaysUntil, 1),
    ("min", Function::Min, 2),
    ("max", Function::Max, 2),
    ("count", Function::Count, 1),
    ("visits", Function::Visits, 1),
    ("hits", Function::Hits, 1),
    ("local_time", Function::LocalTime, 1),
    ("promise", Function::Promise, 1),
];

/// What can be asked of a promise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PromiseField {
    /// What was promised.
    Text,
    /// To whom.
    To,
    /// The day it is due, on the person's calendar.
    Due,
}

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
    /// How many journal entries there are.
    fn entries(&self) -> i64;
    /// A phrase list of the script, or a shared one.
    fn phrases(&self, list: &str) -> Option<&[Phrase]>;
    /// How often a step was asked.
    fn visits(&self, id: &str) -> i64;
    /// How often a list or a check objected.
    fn hits(&self, name: &str) -> i64;
}

impl Expr {
    /// Stands where an expression could not be read: it may be of any kind, and it has a value.
    pub(crate) fn any(span: Range<usize>) -> Self {
        Self { span, kind: ExprKind::Name(Name::Result("outcome".into())) }
    }

    /// The value. Never fails: what makes no sense is none.
    #[must_use]
    pub fn eval(&self, scope: &dyn Scope) -> Value {
        match &self.kind {
            ExprKind::Literal(value) => value.clone(),
            ExprKind::Name(name) => eval_name(name, scope),
            ExprKind::Not(inner) => Value::Bool(!inner.eval(scope).is_truthy()),
            ExprKind::Binary(op, left, right) => eval_binary(*op, left, right, scope),
            ExprKind::If(condition, yes, no) => {
                if condition.eval(scope).is_truthy() {
                    yes.eval(scope)
                } else {
                    no.eval(scope)
                }
            }
            ExprKind::IsNone(inner, negated) => Value::Bool(inner.eval(scope).is_none() != *negated),
            ExprKind::Call(function, arguments) => eval_call(*function, arguments, scope),
            ExprKind::PromiseField(promise, field) => match promise.eval(scope) {
                Value::Text(id) => scope.promise_field(&id, *field),
                _ => Value::None,
            },
        }
    }

    /// The value as a condition.
    #[must_use]
    pub fn holds(&self, scope: &dyn Scope) -> bool {
        self.eval(scope).is_truthy()
    }
}

fn eval_name(name: &Name, scope: &dyn Scope) -> Value {
    match name {
        Name::Local(name) => scope.local(name),
        Name::Me(name) => scope.me(name),
        Name::Result(name) => scope.result(name),
        Name::Answer => scope.answer(),
        Name::Today => Value::Date { date: scope.now().date() },
        Name::Now => Value::Time { time: scope.now().time() },
        Name::OpenPromise => scope.open_promise().map_or(Value::None, Value::Text),
        Name::PromiseCount(word) => Value::Int(scope.promise_count(word)),
        Name::CheckIns => Value::Int(scope.checkins()),
        Name::CheckedInToday => Value::Bool(scope.last_checkin() == Some(scope.now().date())),
        Name::DaysSinceCheckIn => {
            scope.last_checkin().map_or(Value::None, |day| Value::Int(days_between(day, scope.now().date())))
        }
        Name::Entries => Value::Int(scope.entries()),
    }
}

fn days_between(from: Date, to: Date) -> i64 {
    (to - from).get_days().into()
}

fn eval_binary(op: BinaryOp, left: &Expr, right: &Expr, scope: &dyn Scope) -> Value {
    let first = left.eval(scope);
    match op {
        BinaryOp::Or => return if first.is_truthy() { first } else { right.eval(scope) },
        BinaryOp::And => return Value::Bool(first.is_truthy() && right.eval(scope).is_truthy()),
        _ => {}
    }
    let second = right.eval(scope);
    match op {
        BinaryOp::Eq => Value::Bool(equal(&first, &second)),
        BinaryOp::Ne => Value::Bool(!equal(&first, &second)),
        BinaryOp::Lt => ordered(&first, &second, std::cmp::Ordering::is_lt),
        BinaryOp::Le => ordered(&first, &second, std::cmp::Ordering::is_le),
        BinaryOp::Gt => ordered(&first, &second, std::cmp::Ordering::is_gt),
        BinaryOp::Ge => ordered(&first, &second, std::cmp::Ordering::is_ge),
        BinaryOp::In => match &second {
            Value::List(items) => Value::Bool(items.iter().any(|item| equal(item, &first))),
            _ => Value::Bool(false),
        },
        BinaryOp::Add => add(first, second),
        BinaryOp::Sub => subtract(&first, &second),
        BinaryOp::Mul => numbers(&first, &second, i64::checked_mul, |a, b| a * b),
        BinaryOp::Or | BinaryOp::And => Value::None,
    }
}

fn as_number(value: &Value) -> Option<f64> {
    match value {
        #[expect(clippy::cast_precision_loss, reason = "scripts count people's small numbers")]
        Value::Int(number) => Some(*number as f64),
        Value::Number(number) => Some(*number),
        _ => None,
    }
}

fn equal(first: &Value, second: &Value) -> bool {
    match (as_number(first), as_number(second)) {
        (Some(a), Some(b)) => a.total_cmp(&b).is_eq(),
        _ => first == second,
    }
}

fn ordered(first: &Value, second: &Value, test: fn(std::cmp::Ordering) -> bool) -> Value {
    let order = match (first, second) {
        (Value::Date { date: a }, Value::Date { date: b }) => Some(a.cmp(b)),
        (Value::Time { time: a }, Value::Time { time: b }) => Some(a.cmp(b)),
        (Value::Duration { seconds: a }, Value::Duration { seconds: b }) => Some(a.cmp(b)),
        _ => as_number(first).zip(as_number(second)).map(|(a, b)| a.total_cmp(&b)),
    };
    Value::Bool(order.is_some_and(test))
}

fn numbers(first: &Value, second: &Value, whole: fn(i64, i64) -> Option<i64>, real: fn(f64, f64) -> f64) -> Value {
    if let (Value::Int(a), Value::Int(b)) = (first, second) {
        return whole(*a, *b).map_or(Value::None, Value::Int);
    }
    let number = as_number(first).zip(as_number(second)).map(|(a, b)| real(a, b)).filter(|number| number.is_finite());
    number.map_or(Value::None, Value::Number)
}

fn add(first: Value, second: Value) -> Value {
    match (first, second) {
        (Value::List(mut items), item) => {
            let more = if let Value::List(more) = item { more } else { vec![item] };
            for item in more {
                if !item.is_none() && !items.contains(&item) {
                    items.push(item);
                }
            }
            Value::List(items)
        }
        (Value::None, item @ Value::Text(_)) => Value::List(vec![item]),
        (Value::Date { date }, Value::Duration { seconds }) => shift(date, seconds),
        (Value::Duration { seconds: a }, Value::Duration { seconds: b }) => {
            a.checked_add(b).map_or(Value::None, |seconds| Value::Duration { seconds })
        }
        (a, b) => numbers(&a, &b, i64::checked_add, |a, b| a + b),
    }
}

fn subtract(first: &Value, second: &Value) -> Value {
    match (first, second) {
        (Value::Date { date }, Value::Duration { seconds }) => {
            seconds.checked_neg().map_or(Value::None, |seconds| shift(*date, seconds))
        }
        (a, b) => numbers(a, b, i64::checked_sub, |a, b| a - b),
    }
}

fn shift(date: Date, seconds: i64) -> Value {
    let days = SignedDuration::from_secs(seconds).as_hours() / 24;
    i32::try_from(days)
        .ok()
        .filter(|days| days.abs() < 4_000_000)
        .and_then(|days| date.checked_add(days.days()).ok())
        .map_or(Value::None, |date| Value::Date { date })
}

fn eval_call(function: Function, arguments: &[Expr], scope: &dyn Scope) -> Value {
    let value = |index: usize| arguments.get(index).map_or(Value::None, |argument| argument.eval(scope));
    let text = |index: usize| value(index).to_string();
    let count = |amount: usize| Value::Int(i64::try_from(amount).unwrap_or(i64::MAX));
    match function {
        Function::Has => Value::Bool(has(&text(0), &text(1), scope)),
        Function::Words => count(text(0).split_whitespace().count()),
        Function::Chars => count(text(0).chars().count()),
        Function::Lower => Value::Text(text(0).to_lowercase()),
        Function::DaysSince => days_from(&value(0), |day| days_between(day, scope.now().date())),
        Function::DaysUntil => days_from(&value(0), |day| days_between(scope.now().date(), day)),
        Function::Min => pick(value(0), value(1), std::cmp::Ordering::is_le),
        Function::Max => pick(value(0), value(1), std::cmp::Ordering::is_ge),
        Function::Count => match value(0) {
            Value::List(items) => count(items.len()),
            _ => Value::Int(0),
        },
        Function::Visits => Value::Int(scope.visits(&text(0))),
        Function::Hits => Value::Int(scope.hits(&text(0))),
        Function::LocalTime => local_time(&text(0), scope.now()),
        Function::Promise => match value(0) {
            Value::Text(id) if !scope.promise_field(&id, PromiseField::Text).is_none() => Value::Text(id),
            _ => Value::None,
        },
    }
}

fn has(text: &str, what: &str, scope: &dyn Scope) -> bool {
    let folded = phrase::fold(text);
    match scope.phrases(what) {
        Some(list) => list.iter().any(|phrase| phrase.occurs_in(&folded)),
        None => Phrase::new(what).is_some_and(|phrase| phrase.occurs_in(&folded)),
    }
}

fn days_from(value: &Value, count: impl Fn(Date) -> i64) -> Value {
    match value {
        Value::Date { date } => Value::Int(count(*date)),
        _ => Value::None,
    }
}

fn pick(first: Value, second: Value, keep_first: fn(std::cmp::Ordering) -> bool) -> Value {
    match ordered(&first, &second, keep_first) {
        Value::Bool(true) => first,
        _ if second.is_none() => first,
        _ => second,
    }
}

fn local_time(zone: &str, now: &jiff::Zoned) -> Value {
    let Ok(there) = now.in_tz(zone) else { return Value::None };
    let time = there.time();
    Time::new(time.hour(), time.minute(), 0, 0).map_or(Value::None, |time| Value::Time { time })
}

/// What is wrong with an expression's text, and where in it (bytes).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SyntaxError {
    pub(crate) at: Range<usize>,
    pub(crate) message: String,
    pub(crate) hint: String,
}

/// Reads an expression. `place` maps a byte of `text` to a byte of the file.
pub(crate) fn parse(text: &str, place: &dyn Fn(usize) -> usize) -> Result<Expr, SyntaxError> {
    let tokens = lex(text)?;
    let mut parser = ExprParser { text, tokens, next: 0, nodes: 0, depth: 0, place };
    let expr = parser.expression()?;
    match parser.peek() {
        None => Ok(expr),
        Some(token) => Err(parser.unexpected(token.clone(), "nothing more")),
    }
}

#[derive(Clone, Debug, PartialEq)]
enum TokenKind {
    Word(String),
    Value(Value),
    Sign(&'static str),
}

#[derive(Clone, Debug)]
struct Token {
    kind: TokenKind,
    at: Range<usize>,
}

const SIGNS: [&str; 14] = ["==", "!=", "<=", ">=", "<", ">", "+", "-", "*", "(", ")", ",", ".", "="];

fn lex(text: &str) -> Result<Vec<Token>, SyntaxError> {
    let mut tokens = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start();
        let start = text.len() - rest.len();
        let Some(first) = rest.chars().next() else { return Ok(tokens) };
        let (kind, length) = match first {
            '"' | '\'' => lex_text(rest, first, start)?,
            '0'..='9' => lex_number(rest, start)?,
            c if c.is_alphabetic() || c == '_' => {
                let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
                (TokenKind::Word(rest[..end].to_owned()), end)
            }
            _ => match SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
                Some(sign) => (TokenKind::Sign(sign), sign.len()),
                None => {
                    return Err(SyntaxError {
                        at: start..start + first.len_utf8(),
                        message: format!("`{first}` has no meaning in an expression"),
                        hint: "text goes in double quotes".into(),
                    });
                }
            },
        };
        tokens.push(Token { kind, at: start..start + length });
        rest = &rest[length..];
    }
}

fn lex_text(rest: &str, quote: char, start: usize) -> Result<(TokenKind, usize), SyntaxError> {
    match rest[1..].find(quote) {
        Some(end) => Ok((TokenKind::Value(Value::text(&rest[1..=end])), end + 2)),
        None => Err(SyntaxError {
            at: start..start + 1,
            message: "a quote that is not closed".into(),
            hint: format!("put {quote} at the end of the text"),
        }),
    }
}

fn lex_number(rest: &str, start: usize) -> Result<(TokenKind, usize), SyntaxError> {
    let digits = rest.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(rest.len());
    let unit_end =
        rest[digits..].find(|c: char| !(c.is_alphanumeric() || c == '_')).map_or(rest.len(), |end| digits + end);
    let (number, unit) = (&rest[..digits], &rest[digits..unit_end]);
    let wrong = |message: String| SyntaxError {
        at: start..start + unit_end,
        message,
        hint: "numbers look like 3 or 0.5, lengths of time like 30m, 3h, 30d, 2w".into(),
    };
    let value = if unit.is_empty() {
        if number.contains('.') {
            number.parse().map(Value::Number).map_err(|_| wrong(format!("`{number}` is not a number")))?
        } else {
            number.parse().map(Value::Int).map_err(|_| wrong(format!("`{number}` is too large")))?
        }
    } else {
        let seconds = parse_duration(&rest[..unit_end])
            .ok_or_else(|| wrong(format!("`{}` is not a length of time", &rest[..unit_end])))?;
        Value::Duration { seconds }
    };
    Ok((TokenKind::Value(value), unit_end))
}

/// `90s`, `30m`, `3h`, `2d`, `1w` in seconds.
#[must_use]
pub(crate) fn parse_duration(text: &str) -> Option<i64> {
    let unit_at = text.find(|c: char| !c.is_ascii_digit())?;
    let amount: i64 = text[..unit_at].parse().ok()?;
    let unit = match &text[unit_at..] {
        "s" => 1,
        "m" | "min" => 60,
        "h" => 3600,
        "d" => 86_400,
        "w" => 604_800,
        _ => return None,
    };
    amount.checked_mul(unit).filter(|seconds| *seconds <= 3_660 * 86_400)
}

struct ExprParser<'t> {
    text: &'t str,
    tokens: Vec<Token>,
    next: usize,
    nodes: usize,
    depth: usize,
    place: &'t dyn Fn(usize) -> usize,
}

type Parsed = Result<Expr, SyntaxError>;

impl ExprParser<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.next)
    }

    fn is_word(&self, word: &str) -> bool {
        matches!(self.peek(), Some(Token { kind: TokenKind::Word(found), .. }) if found == word)
    }

    fn take_word(&mut self, word: &str) -> bool {
        let found = self.is_word(word);
        self.next += usize::from(found);
        found
    }

    fn take_sign(&mut self, sign: &str) -> bool {
        let found = matches!(self.peek(), Some(Token { kind: TokenKind::Sign(found), .. }) if *found == sign);
        self.next += usize::from(found);
        found
    }

    fn unexpected(&self, token: Token, wanted: &str) -> SyntaxError {
        let found = &self.text[token.at.clone()];
        let hint = if found == "=" { "compare with `==`".to_owned() } else { String::new() };
        SyntaxError { at: token.at, message: format!("`{found}` where {wanted} was expected"), hint }
    }

    fn missing(&self, wanted: &str) -> SyntaxError {
        match self.peek() {
            Some(token) => self.unexpected(token.clone(), wanted),
            None => SyntaxError {
                at: self.text.len().saturating_sub(1)..self.text.len(),
                message: format!("the expression ends where {wanted} was expected"),
                hint: String::new(),
            },
        }
    }

    fn here(&self) -> usize {
        self.peek().map_or(self.text.len(), |token| token.at.start)
    }

    fn node(&mut self, start: usize, kind: ExprKind) -> Parsed {
        self.nodes += 1;
        let end = self.tokens.get(self.next.wrapping_sub(1)).map_or(start, |token| token.at.end);
        if self.nodes > MAX_NODES {
            return Err(SyntaxError {
                at: start..end,
                message: format!("more than {MAX_NODES} parts"),
                hint: "split it over several `set` steps".into(),
            });
        }
        Ok(Expr { span: (self.place)(start)..(self.place)(end.saturating_sub(1).max(start)) + 1, kind })
    }

    fn deeper(&mut self, read: fn(&mut Self) -> Parsed) -> Parsed {
        self.depth += 1;
        if self.depth > 40 {
            return Err(SyntaxError {
                at: self.here()..self.here(),
                message: "nested too deeply".into(),
                hint: "split it over several `set` steps".into(),
            });
        }
        let expr = read(self);
        self.depth -= 1;
        expr
    }

    fn expression(&mut self) -> Parsed {
        self.deeper(Self::conditional)
    }

    fn conditional(&mut self) -> Parsed {
        let start = self.here();
        let yes = self.or()?;
        if !self.take_word("if") {
            return Ok(yes);
        }
        let condition = self.or()?;
        if !self.take_word("else") {
            return Err(self.missing("`else`"));
        }
        let no = self.expression()?;
        self.node(start, ExprKind::If(Box::new(condition), Box::new(yes), Box::new(no)))
    }

    fn or(&mut self) -> Parsed {
        let start = self.here();
        let mut left = self.and()?;
        while self.take_word("or") {
            let right = self.and()?;
            left = self.node(start, ExprKind::Binary(BinaryOp::Or, Box::new(left), Box::new(right)))?;
        }
        Ok(left)
    }

    fn and(&mut self) -> Parsed {
        let start = self.here();
        let mut left = self.not()?;
        while self.take_word("and") {
            let right = self.not()?;
            left = self.node(start, ExprKind::Binary(BinaryOp::And, Box::new(left), Box::new(right)))?;
        }
        Ok(left)
    }

    fn not(&mut self) -> Parsed {
        let start = self.here();
        if self.take_word("not") {
            let inner = self.deeper(Self::not)?;
            return self.node(start, ExprKind::Not(Box::new(inner)));
        }
        self.comparison()
    }

    fn comparison(&mut self) -> Parsed {
        let start = self.here();
        let left = self.sum()?;
        if self.take_word("is") {
            let negated = self.take_word("not");
            if !self.take_word("none") {
                return Err(self.missing("`none`"));
            }
            return self.node(start, ExprKind::IsNone(Box::new(left), negated));
        }
        let op = match self.peek().map(|token| &token.kind) {
            Some(TokenKind::Sign("==")) => BinaryOp::Eq,
            Some(TokenKind::Sign("!=")) => BinaryOp::Ne,
            Some(TokenKind::Sign("<=")) => BinaryOp::Le,
            Some(TokenKind::Sign(">=")) => BinaryOp::Ge,
            Some(TokenKind::Sign("<")) => BinaryOp::Lt,
            Some(TokenKind::Sign(">")) => BinaryOp::Gt,
            Some(TokenKind::Word(word)) if word == "in" => BinaryOp::In,
            _ => return Ok(left),
        };
        self.next += 1;
        let right = self.sum()?;
        self.node(start, ExprKind::Binary(op, Box::new(left), Box::new(right)))
    }

    fn sum(&mut self) -> Parsed {
        let start = self.here();
        let mut left = self.product()?;
        loop {
            let op = if self.take_sign("+") {
                BinaryOp::Add
            } else if self.take_sign("-") {
                BinaryOp::Sub
            } else {
                return Ok(left);
            };
            let right = self.product()?;
            left = self.node(start, ExprKind::Binary(op, Box::new(left), Box::new(right)))?;
        }
    }

    fn product(&mut self) -> Parsed {
        let start = self.here();
        let mut left = self.value()?;
        while self.take_sign("*") {
            let right = self.value()?;
            left = self.node(start, ExprKind::Binary(BinaryOp::Mul, Box::new(left), Box::new(right)))?;
        }
        Ok(left)
    }

    fn value(&mut self) -> Parsed {
        let start = self.here();
        if self.take_sign("(") {
            let inner = self.expression()?;
            return if self.take_sign(")") { Ok(inner) } else { Err(self.missing("`)`")) };
        }
        let Some(token) = self.peek().cloned() else { return Err(self.missing("a value")) };
        match token.kind {
            TokenKind::Value(ref value) => {
                self.next += 1;
                self.node(start, ExprKind::Literal(value.clone()))
            }
            TokenKind::Word(ref word) => {
                self.next += 1;
                self.word(start, word, &token)
            }
            TokenKind::Sign(_) => Err(self.unexpected(token, "a value")),
        }
    }

    fn word(&mut self, start: usize, word: &str, token: &Token) -> Parsed {
        let name = match word {
            "true" => return self.node(start, ExprKind::Literal(Value::Bool(true))),
            "false" => return self.node(start, ExprKind::Literal(Value::Bool(false))),
            "none" => return self.node(start, ExprKind::Literal(Value::None)),
            "and" | "or" | "not" | "if" | "else" | "is" | "in" => return Err(self.unexpected(token.clone(), "a value")),
            "answer" => Name::Answer,
            "today" => Name::Today,
            "now" => Name::Now,
            // `to: me` names the person.
            "me" if !matches!(self.peek(), Some(Token { kind: TokenKind::Sign("."), .. })) => {
                return self.node(start, ExprKind::Literal(Value::text("me")));
            }
            "me" => Name::Me(self.after_dot(word)?),
            "result" => Name::Result(self.after_dot(word)?),
            "ledger" | "checkins" | "entries" => self.practice_name(word)?,
            _ if matches!(self.peek(), Some(Token { kind: TokenKind::Sign("("), .. })) => {
                return self.call(start, word, token);
            }
            _ => Name::Local(word.to_owned()),
        };
        let mut expr = self.node(start, ExprKind::Name(name))?;
        if self.take_sign(".") {
            expr = self.field(start, expr)?;
        }
        Ok(expr)
    }

    fn after_dot(&mut self, head: &str) -> Result<String, SyntaxError> {
        if !self.take_sign(".") {
            return Err(self.missing(&format!("`.` and a name after `{head}`")));
        }
        match self.peek().cloned() {
            Some(Token { kind: TokenKind::Word(word), .. }) => {
                self.next += 1;
                Ok(word)
            }
            _ => Err(self.missing("a name")),
        }
    }

    fn practice_name(&mut self, head: &str) -> Result<Name, SyntaxError> {
        let at = self.tokens.get(self.next.saturating_sub(1)).map_or(0, |token| token.at.start);
        let word = self.after_dot(head)?;
        let known: &[&str] = match head {
            "ledger" => &["open", "open_count", "kept", "late", "told_ahead", "repaired", "released", "missed", "made"],
            "checkins" => &["count", "today", "days_since"],
            _ => &["count"],
        };
        match (head, word.as_str()) {
            ("ledger", "open") => Ok(Name::OpenPromise),
            ("ledger", word) if PROMISE_COUNTS.contains(&word) => Ok(Name::PromiseCount(word.to_owned())),
            ("checkins", "count") => Ok(Name::CheckIns),
            ("checkins", "today") => Ok(Name::CheckedInToday),
            ("checkins", "days_since") => Ok(Name::DaysSinceCheckIn),
            ("entries", "count") => Ok(Name::Entries),
            _ => Err(SyntaxError {
                at: at..self.here().max(at + 1),
                message: format!("`{head}.{word}` is not known"),
                hint: super::problem::did_you_mean(&word, known.iter().copied()),
            }),
        }
    }

    fn field(&mut self, start: usize, promise: Expr) -> Parsed {
        let Some(Token { kind: TokenKind::Word(word), at }) = self.peek().cloned() else {
            return Err(self.missing("`text`, `to` or `due`"));
        };
        let field = match word.as_str() {
            "text" => PromiseField::Text,
            "to" => PromiseField::To,
            "due" => PromiseField::Due,
            _ => {
                let hint = super::problem::did_you_mean(&word, ["text", "to", "due"]);
                return Err(SyntaxError { at, message: format!("a promise has no `{word}`"), hint });
            }
        };
        self.next += 1;
        self.node(start, ExprKind::PromiseField(Box::new(promise), field))
    }

    fn call(&mut self, start: usize, word: &str, token: &Token) -> Parsed {
        let Some((_, function, arity)) = FUNCTIONS.iter().find(|(name, _, _)| *name == word) else {
            let hint = super::problem::did_you_mean(word, FUNCTIONS.iter().map(|(name, _, _)| *name));
            return Err(SyntaxError { at: token.at.clone(), message: format!("there is no function `{word}`"), hint });
        };
        self.take_sign("(");
        let mut arguments = Vec::new();
        while !self.take_sign(")") {
            if !arguments.is_empty() && !self.take_sign(",") {
                return Err(self.missing("`,` or `)`"));
            }
            arguments.push(self.expression()?);
        }
        if arguments.len() != *arity {
            let message =
                format!("`{word}` takes {arity} value{}, not {}", if *arity == 1 { "" } else { "s" }, arguments.len());
            return Err(SyntaxError { at: token.at.clone(), message, hint: String::new() });
        }
        let expr = self.node(start, ExprKind::Call(*function, arguments))?;
        if *function == Function::Promise && self.take_sign(".") { self.field(start, expr) } else { Ok(expr) }
    }
}
