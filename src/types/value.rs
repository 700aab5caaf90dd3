//! The values of the script language, and how they stand in JSON.
//!
//! Values only: what is done with them is decided where expressions are evaluated.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::de::{self, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::schedule::Rule;

/// A value of the script language. In JSON it is what it looks like; a date, a time, a length and a rule are objects with one key.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Value {
    /// No answer.
    #[default]
    None,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number with a fraction.
    Number(f64),
    /// Text, a choice's value, or the name of a time zone.
    Text(String),
    /// A day of the calendar, without a zone.
    Date {
        /// The day.
        date: jiff::civil::Date,
    },
    /// A time on the clock, without a zone.
    Time {
        /// The time.
        time: jiff::civil::Time,
    },
    /// A length of time, in seconds.
    Duration {
        /// Seconds.
        seconds: i64,
    },
    /// When something shall happen.
    When {
        /// The rule.
        when: Box<Rule>,
    },
    /// Several values.
    List(Vec<Value>),
}

/// Read by its shape at first sight; what serde derives for such an enum tries one variant after the other.
impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value of a script")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::None)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::None)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Value, E> {
        Ok(Value::Bool(flag))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(Value::Int(number))
    }

    #[expect(clippy::cast_precision_loss, reason = "so large a number is no count any more")]
    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(i64::try_from(number).map_or(Value::Number(number as f64), Value::Int))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(Value::Number(number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::text(text))
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(Value::Text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Value::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Value, A::Error> {
        let key: Option<Cow<'de, str>> = fields.next_key()?;
        let value = match key.as_deref() {
            Some("date") => Value::Date { date: fields.next_value()? },
            Some("time") => Value::Time { time: fields.next_value()? },
            Some("seconds") => Value::Duration { seconds: fields.next_value()? },
            Some("when") => Value::When { when: fields.next_value()? },
            _ => return Err(de::Error::custom("not a value of a script")),
        };
        match fields.next_key::<de::IgnoredAny>()? {
            None => Ok(value),
            Some(_) => Err(de::Error::custom("not a value of a script")),
        }
    }
}

/// Named values, in a fixed order so that the same state always serialises to the same bytes.
pub type Values = BTreeMap<String, Value>;

impl Value {
    /// True for everything but "no answer", `false`, the empty text and the empty list. Zero is an answer.
    #[must_use]
    pub fn is_truthy(&self) -> bool {
        match self {
            Value::None => false,
            Value::Bool(flag) => *flag,
            Value::Text(text) => !text.is_empty(),
            Value::List(items) => !items.is_empty(),
            Value::Int(_)
            | Value::Number(_)
            | Value::Date { .. }
            | Value::Time { .. }
            | Value::Duration { .. }
            | Value::When { .. } => true,
        }
    }

    /// True when there is no answer.
    #[must_use]
    pub fn is_none(&self) -> bool {
        matches!(self, Value::None)
    }

    /// The text of a text value.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A rule.
    #[must_use]
    pub fn when(rule: Rule) -> Self {
        Value::When { when: Box::new(rule) }
    }

    /// A text value.
    pub fn text(text: impl Into<String>) -> Self {
        Value::Text(text.into())
    }
}

/// How it reads in a sentence: `20:00`, `Tuesday 3 March`, `a, b`. Nothing for "no answer".
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::None => Ok(()),
            Value::Bool(flag) => f.write_str(if *flag { "yes" } else { "no" }),
            Value::Int(number) => write!(f, "{number}"),
            Value::Number(number) => write!(f, "{number}"),
            Value::Text(text) => f.write_str(text),
            Value::Date { date } => write!(f, "{}", date.strftime("%A %-d %B")),
            Value::Time { time } => write!(f, "{}", time.strftime("%H:%M")),
            Value::Duration { seconds } => f.write_str(&describe_seconds(*seconds)),
            Value::When { when } => match &**when {
                Rule::Once { civil } => write!(f, "{civil}"),
                Rule::At { at } => write!(f, "{at}"),
                Rule::Every { cron, .. } => f.write_str(cron),
            },
            Value::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    write!(f, "{}{item}", if index == 0 { "" } else { ", " })?;
                }
                Ok(())
            }
        }
    }
}

/// `3 days`, `5 hours`, `10 minutes`: the largest whole unit, as people say it.
#[must_use]
pub fn describe_seconds(seconds: i64) -> String {
    let (amount, unit) = match seconds {
        s if s >= 172_800 => (s / 86_400, "day"),
        s if s >= 3600 => (s / 3600, "hour"),
        s if s >= 60 => (s / 60, "minute"),
        s => (s.max(0), "second"),
    };
    format!("{amount} {unit}{}", if amount == 1 { "" } else { "s" })
}
