//! What an expression stands for: never fails, what makes no sense is none.

use jiff::civil::{Date, Time};
use jiff::{SignedDuration, ToSpan};

use super::{BinaryOp, Expr, ExprKind, Function, Name, PromiseField, Scope};
use crate::phrase::{self, Phrase};
use crate::practice::dated::{self, Dated, Day};
use crate::practice::deed::{self, mark};
use crate::practice::history::History;
use crate::practice::rhythm;
use crate::schedule::limits::{self, last_of_months};
use crate::schedule::{Rule, first};
use crate::script::hash;
use crate::script::model::Stamp;
use crate::types::Value;

impl Expr {
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
        Name::Today => Value::Date { date: scope.today() },
        Name::Now => Value::Time { time: scope.now().time() },
        Name::OpenPromise => scope.open_promise().map_or(Value::None, Value::Text),
        Name::PromiseCount(word) => Value::Int(scope.promise_count(word)),
        Name::CheckIns => Value::Int(scope.checkins()),
        Name::CheckedInToday => Value::Bool(scope.last_checkin() == Some(scope.today())),
        Name::DaysSinceCheckIn => {
            scope.last_checkin().map_or(Value::None, |day| Value::Int(days_between(day, scope.today())))
        }
        Name::Path(field) => scope.path(*field),
        Name::Progress(figure) => scope.history().map_or(Value::None, |history| figure.of(history)),
        Name::Entries => Value::Int(scope.entries()),
        Name::Reminders => count(scope.reminders().len()),
        Name::ReminderList => reminder_list(scope),
        Name::Scripts => count(scope.scripts()),
        Name::Reviews => reviews(scope),
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
        (Value::List(items), gone) => Value::List(items.iter().filter(|item| *item != gone).cloned().collect()),
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
    match function {
        Function::Has => Value::Bool(has(&text(0), &text(1), scope)),
        Function::Words => count(text(0).split_whitespace().count()),
        Function::Chars => count(text(0).chars().count()),
        Function::Lower => Value::Text(text(0).to_lowercase()),
        Function::DaysSince => days_from(&value(0), |day| days_between(day, scope.today())),
        Function::DaysUntil => days_from(&value(0), |day| days_between(scope.today(), day)),
        Function::Min => pick(value(0), value(1), std::cmp::Ordering::is_le),
        Function::Max => pick(value(0), value(1), std::cmp::Ordering::is_ge),
        Function::Count => match value(0) {
            Value::List(items) => count(items.len()),
            _ => Value::Int(0),
        },
        Function::Visits => Value::Int(scope.visits(&text(0))),
        Function::Hits => Value::Int(scope.hits(&text(0))),
        Function::LocalTime => local_time(&text(0), scope.now()),
        Function::HasLanguage => Value::Bool(scope.has_language(&text(0))),
        Function::Trouble => of_rule(&value(0), |rule| {
            limits::trouble(rule, scope.now()).map_or(Value::None, |trouble| Value::text(trouble.word()))
        }),
        Function::LastDay => of_rule(&value(0), |rule| Value::when(last_of_months(rule))),
        Function::FirstDay => of_rule(&value(0), |rule| first_day(rule, scope.now())),
        Function::Reminder => match value(0) {
            Value::Int(number) => {
                let at = usize::try_from(number - 1).ok();
                at.and_then(|at| scope.reminders().into_iter().nth(at)).map_or(Value::None, Value::Text)
            }
            _ => Value::None,
        },
        Function::ReminderText => scope.reminder(&text(0)).map_or(Value::None, |(text, _)| Value::Text(text)),
        Function::ReminderWhen => scope.reminder(&text(0)).map_or(Value::None, |(_, rule)| Value::when(rule)),
        Function::WhenIn => some_text(scope.when_apart(&text(0)).0),
        Function::WithoutWhen => some_text(scope.when_apart(&text(0)).1),
        Function::Deeds => {
            deeds(&text(0), &value(1), scope, |history, kind, days| history.deeds_of(kind, days).count())
        }
        Function::DaysOf => deeds(&text(0), &value(1), scope, History::days_of),
        Function::DeedsAbout => {
            let about = Some(mark(&text(1)));
            deeds(&text(0), &value(2), scope, |history, kind, days| {
                history.deeds_of(kind, days).filter(|deed| deed.about == about).count()
            })
        }
        Function::UsualWeekday => usual(&text(0), &value(1), scope, rhythm::weekday),
        Function::UsualHours => usual(&text(0), &value(1), scope, rhythm::hours),
        Function::Item => match (value(0), value(1)) {
            (Value::List(items), Value::Int(number)) => {
                let at = number.checked_sub(1).and_then(|at| usize::try_from(at).ok());
                at.and_then(|at| items.into_iter().nth(at)).unwrap_or_default()
            }
            _ => Value::None,
        },
        Function::Numbered => match value(0) {
            Value::List(items) => numbered(&items, scope),
            _ => Value::None,
        },
        Function::Lines => match value(0) {
            Value::List(items) => {
                let lines = items.iter().map(|item| scope.line(&scope.show(item)));
                some_text(lines.collect::<Vec<_>>().join("\n"))
            }
            _ => Value::None,
        },
        Function::Dated => dated_line(&value(0), &text(1), Day::Once),
        Function::EachYear => dated_line(&value(0), &text(1), Day::yearly),
        Function::DayOf => {
            let day = Dated::read(&text(0)).map(|dated| dated.day.from(scope.today()));
            day.map_or(Value::None, |date| Value::Date { date })
        }
        Function::WithoutDay => {
            let text = text(0);
            some_text(Dated::read(&text).map_or(text.as_str(), |dated| dated.text).to_owned())
        }
        Function::InOrder => match value(0) {
            Value::List(items) => in_order(&items, &value(1), &value(2), scope.today()),
            _ => Value::List(Vec::new()),
        },
        Function::SomeOf => match (value(0), value(1)) {
            (Value::List(items), Value::Int(many)) => some_of(items, usize::try_from(many).unwrap_or(0), scope),
            _ => Value::List(Vec::new()),
        },
        Function::Hour => match value(0) {
            Value::Time { time } => Value::Int(time.hour().into()),
            _ => Value::None,
        },
        Function::MinutesSince => match value(0) {
            Value::Time { time } => Value::Int(minutes_between(time, scope.now().time())),
            _ => Value::None,
        },
        Function::Promise => match value(0) {
            Value::Text(id) if !scope.promise_field(&id, PromiseField::Text).is_none() => Value::Text(id),
            _ => Value::None,
        },
    }
}

/// A number of deeds of a kind, ever or in the last so many days.
fn deeds(
    word: &str,
    days: &Value,
    scope: &dyn Scope,
    of: impl Fn(&History, deed::Kind, Option<i64>) -> usize,
) -> Value {
    let days = if let Value::Int(days) = days { Some(*days) } else { None };
    let known = word.parse().ok().zip(scope.history());
    known.map_or(Value::Int(0), |(kind, history)| count(of(history, kind, days)))
}

/// When deeds of a kind happen most often.
fn usual(
    word: &str,
    days: &Value,
    scope: &dyn Scope,
    of: impl Fn(&History, deed::Kind, Option<i64>) -> Option<&'static str>,
) -> Value {
    let days = if let Value::Int(days) = days { Some(*days) } else { None };
    let known = word.parse().ok().zip(scope.history());
    known.and_then(|(kind, history)| of(history, kind, days)).map_or(Value::None, Value::text)
}

/// A text with its day in front.
fn dated_line(day: &Value, text: &str, of: fn(Date) -> Day) -> Value {
    match day {
        Value::Date { date } => Value::text(Dated { day: of(*date), text }.to_string()),
        _ => Value::None,
    }
}

fn in_order(items: &[Value], from: &Value, to: &Value, today: Date) -> Value {
    let day = |value: &Value| if let Value::Date { date } = value { Some(*date) } else { None };
    let lines: Vec<&str> = items.iter().filter_map(Value::as_text).collect();
    Value::List(dated::in_order(&lines, today, day(from), day(to)).into_iter().map(Value::text).collect())
}

/// So many of them: others each day and for each person, and the same whenever it is asked on one day.
fn some_of(items: Vec<Value>, many: usize, scope: &dyn Scope) -> Value {
    let draw = |item: &Value| hash(format!("{:x}.{}.{item}", scope.seed(), scope.today()).as_bytes());
    let mut drawn: Vec<(u64, Value)> = items.into_iter().map(|item| (draw(&item), item)).collect();
    drawn.sort_by_key(|(draw, _)| *draw);
    Value::List(drawn.into_iter().take(many).map(|(_, item)| item).collect())
}

/// `1. No shouting`, a line for each; of one with several lines the first.
fn numbered(items: &[Value], scope: &dyn Scope) -> Value {
    let first = |item: &Value| scope.line(&scope.show(item)).lines().next().unwrap_or_default().to_owned();
    let lines = items.iter().enumerate().map(|(at, item)| format!("{}. {}", at + 1, first(item)));
    some_text(lines.collect::<Vec<_>>().join("\n"))
}

/// Whole minutes from one time of the clock to the next time it shows another.
fn minutes_between(from: Time, to: Time) -> i64 {
    const DAY: i64 = 24 * 60;
    let minutes = |time: Time| i64::from(time.hour()) * 60 + i64::from(time.minute());
    (minutes(to) - minutes(from)).rem_euclid(DAY)
}

fn some_text(text: String) -> Value {
    if text.is_empty() { Value::None } else { Value::Text(text) }
}

fn count(amount: usize) -> Value {
    Value::Int(i64::try_from(amount).unwrap_or(i64::MAX))
}

fn of_rule(value: &Value, of: impl Fn(&Rule) -> Value) -> Value {
    match value {
        Value::When { when } => of(when),
        _ => Value::None,
    }
}

/// The day on which a rule happens first, on the clock's calendar.
fn first_day(rule: &Rule, now: &jiff::Zoned) -> Value {
    let firing = first(rule, now.timestamp(), now.time_zone());
    firing.map_or(Value::None, |firing| Value::Date { date: now.time_zone().to_datetime(firing.at).date() })
}

/// `1. Call Lena (every Monday at 20:00)`, a line for each.
fn reminder_list(scope: &dyn Scope) -> Value {
    let known = scope.reminders().into_iter().filter_map(|id| scope.reminder(&id));
    let lines = known.enumerate().map(|(at, (text, rule))| {
        let when = scope.show(&Value::when(rule));
        format!("{}. {} ({when})", at + 1, text.replace('\n', ", "))
    });
    Value::Text(lines.collect::<Vec<_>>().join("\n"))
}

fn reviews(scope: &dyn Scope) -> Value {
    let line = |(title, stamp): (&str, &Stamp)| {
        format!("{title}: {} ({}), {}", stamp.by, stamp.role, scope.show(&Value::Date { date: stamp.on }))
    };
    Value::Text(scope.reviews().into_iter().map(line).collect::<Vec<_>>().join("\n"))
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
