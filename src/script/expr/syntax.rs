//! Text to expression: words and signs, then the usual order of operators. Says what is wrong and where.

use std::ops::{Range, RangeInclusive};

use super::super::problem::did_you_mean;
use super::{BinaryOp, Expr, ExprKind, Function, Name, PATH_FIELDS, PROMISE_COUNTS, PromiseField};
use crate::practice::figure::Figure;
use crate::types::Value;

/// The most parts an expression may have.
const MAX_NODES: usize = 200;

/// Each with how many values it takes, at least and at most.
const FUNCTIONS: [(&str, Function, RangeInclusive<usize>); 38] = [
    ("has", Function::Has, 2..=2),
    ("words", Function::Words, 1..=1),
    ("chars", Function::Chars, 1..=1),
    ("lower", Function::Lower, 1..=1),
    ("days_since", Function::DaysSince, 1..=1),
    ("days_until", Function::DaysUntil, 1..=1),
    ("min", Function::Min, 2..=2),
    ("max", Function::Max, 2..=2),
    ("count", Function::Count, 1..=1),
    ("visits", Function::Visits, 1..=1),
    ("hits", Function::Hits, 1..=1),
    ("local_time", Function::LocalTime, 1..=1),
    ("promise", Function::Promise, 1..=1),
    ("has_language", Function::HasLanguage, 1..=1),
    ("trouble", Function::Trouble, 1..=1),
    ("last_day", Function::LastDay, 1..=1),
    ("first_day", Function::FirstDay, 1..=1),
    ("reminder", Function::Reminder, 1..=1),
    ("reminder_text", Function::ReminderText, 1..=1),
    ("reminder_when", Function::ReminderWhen, 1..=1),
    ("when_in", Function::WhenIn, 1..=1),
    ("without_when", Function::WithoutWhen, 1..=1),
    ("deeds", Function::Deeds, 1..=2),
    ("days_of", Function::DaysOf, 1..=2),
    ("deeds_about", Function::DeedsAbout, 2..=3),
    ("usual_weekday", Function::UsualWeekday, 1..=2),
    ("usual_hours", Function::UsualHours, 1..=2),
    ("item", Function::Item, 2..=2),
    ("numbered", Function::Numbered, 1..=1),
    ("lines", Function::Lines, 1..=1),
    ("dated", Function::Dated, 2..=2),
    ("each_year", Function::EachYear, 2..=2),
    ("day_of", Function::DayOf, 1..=1),
    ("without_day", Function::WithoutDay, 1..=1),
    ("in_order", Function::InOrder, 1..=3),
    ("some_of", Function::SomeOf, 2..=2),
    ("hour", Function::Hour, 1..=1),
    ("minutes_since", Function::MinutesSince, 1..=1),
];

/// What an expression may look like, for somebody whose own went wrong.
const SHAPE: &str = "an expression looks like `mood >= 4 and kept == \"late\"`";

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
                        hint: if "“”„«»‘’".contains(first) {
                            "use straight quotes, like \"this\"; a word processor bends them".into()
                        } else {
                            "text goes in double quotes".into()
                        },
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
        let words_in_a_row =
            matches!(token.kind, TokenKind::Word(_)) && matches!(self.before(), Some(TokenKind::Word(_)));
        let hint = match found {
            "=" => "compare with `==`",
            _ if words_in_a_row => {
                "words that mean themselves go in double quotes, and a sentence for people into `compose`"
            }
            _ => SHAPE,
        };
        let hint = hint.to_owned();
        SyntaxError { at: token.at, message: format!("`{found}` where {wanted} was expected"), hint }
    }

    /// What stands before the next token.
    fn before(&self) -> Option<&TokenKind> {
        Some(&self.tokens.get(self.next.checked_sub(1)?)?.kind)
    }

    fn missing(&self, wanted: &str) -> SyntaxError {
        match self.peek() {
            Some(token) => self.unexpected(token.clone(), wanted),
            None => SyntaxError {
                at: self.text.len().saturating_sub(1)..self.text.len(),
                message: format!("the expression ends where {wanted} was expected"),
                hint: SHAPE.into(),
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
            "ledger" | "checkins" | "entries" | "reminders" | "progress" | "path" | "scripts" => {
                self.practice_name(word)?
            }
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
            "reminders" => &["count", "list"],
            "scripts" => &["count", "reviews"],
            "path" => &["script", "title", "about", "name", "softer", "due"],
            "progress" => &Figure::WORDS,
            _ => &["count"],
        };
        let of_path = PATH_FIELDS.iter().find(|(field, _)| *field == word).filter(|_| head == "path");
        if let Some((_, field)) = of_path {
            return Ok(Name::Path(*field));
        }
        if let Some(figure) = Figure::named(&word).filter(|_| head == "progress") {
            return Ok(Name::Progress(figure));
        }
        match (head, word.as_str()) {
            ("ledger", "open") => Ok(Name::OpenPromise),
            ("ledger", word) if PROMISE_COUNTS.contains(&word) => Ok(Name::PromiseCount(word.to_owned())),
            ("checkins", "count") => Ok(Name::CheckIns),
            ("checkins", "today") => Ok(Name::CheckedInToday),
            ("checkins", "days_since") => Ok(Name::DaysSinceCheckIn),
            ("entries", "count") => Ok(Name::Entries),
            ("reminders", "count") => Ok(Name::Reminders),
            ("reminders", "list") => Ok(Name::ReminderList),
            ("scripts", "count") => Ok(Name::Scripts),
            ("scripts", "reviews") => Ok(Name::Reviews),
            _ => Err(SyntaxError {
                at: at..self.here().max(at + 1),
                message: format!("`{head}.{word}` is not known"),
                hint: did_you_mean(&word, known.iter().copied()),
            }),
        }
    }

    fn field(&mut self, start: usize, promise: Expr) -> Parsed {
        let Some(Token { kind: TokenKind::Word(word), at }) = self.peek().cloned() else {
            return Err(self.missing("`text`, `to`, `due` or `sure`"));
        };
        let field = match word.as_str() {
            "text" => PromiseField::Text,
            "to" => PromiseField::To,
            "due" => PromiseField::Due,
            "sure" => PromiseField::Sure,
            _ => {
                let hint = did_you_mean(&word, ["text", "to", "due", "sure"]);
                return Err(SyntaxError { at, message: format!("a promise has no `{word}`"), hint });
            }
        };
        self.next += 1;
        self.node(start, ExprKind::PromiseField(Box::new(promise), field))
    }

    fn call(&mut self, start: usize, word: &str, token: &Token) -> Parsed {
        let Some((_, function, arity)) = FUNCTIONS.iter().find(|(name, _, _)| *name == word) else {
            let hint = did_you_mean(word, FUNCTIONS.iter().map(|(name, _, _)| *name));
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
        if !arity.contains(&arguments.len()) {
            let (least, most) = (arity.start(), arity.end());
            let takes = if least == most { least.to_string() } else { format!("{least} to {most}") };
            let s = if *most == 1 { "" } else { "s" };
            let message = format!("`{word}` takes {takes} value{s}, not {}", arguments.len());
            return Err(SyntaxError { at: token.at.clone(), message, hint: String::new() });
        }
        let expr = self.node(start, ExprKind::Call(*function, arguments))?;
        if *function == Function::Promise && self.take_sign(".") { self.field(start, expr) } else { Ok(expr) }
    }
}
