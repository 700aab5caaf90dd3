//! One YAML file to one [`Script`]: its keys, vars, phrases and times; its steps are read by `steps`.
//!
//! Looks at one file only; what depends on other files is checked in `check`.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::expr;
use super::grammar;
use super::model::{Nudge, Script, Starters, Type, VarDef};
use super::problem::{Source, did_you_mean};
use super::read::{self, Fields};
use super::review;
use super::steps::{self, Laid};
use super::text::Template;
use super::yaml::Node;
use crate::phrase::{Phrase, fold};
use crate::schedule::Rule;
use crate::types::Value;

/// Put away after this long when a script does not say: 14 days.
const DEFAULT_EXPIRE: i64 = 14 * 86_400;
/// No script may wait longer: 30 days.
const MAX_EXPIRE: i64 = 30 * 86_400;
const DEFAULT_TEXT_MAX: usize = 500;
/// Reads a script. Problems go to `source`; a script comes back when there was enough to read on with.
pub(crate) fn script(source: &mut Source<'_>, stem: &str, card: bool) -> Option<Script> {
    let root = super::yaml::parse(source)?;
    let mut fields = Fields::of(&root, "a script", source)?;
    // The file's name is the script's: what else is wrong in it is looked for even when they differ.
    if let Some(node) = fields.need("script", source)
        && let Some(name) = read::name(node, "the script's name", source)
        && name != stem
    {
        let hint = format!("call the file {name}.yaml, or write `script: {stem}`");
        source.error("GS0107", node.span.clone(), format!("the script is `{name}` and the file is `{stem}`"), hint);
    }
    let version = fields.take("version").and_then(|node| read::number(node, "a version", 1..1_000_000, source));
    let title = fields.need("title", source).and_then(|node| read::plain(node, "a title", source));
    let about = fields.take("about").and_then(|node| read::plain(node, "a sentence", source)).unwrap_or_default();
    let language = fields.take("language").and_then(|node| read::plain(node, "a language", source));
    let starters = fields.take("start_with").map(|node| starters(node, source)).unwrap_or_default();
    let open_to_all =
        fields.take("open_to_all").and_then(|node| read::flag(node, "true or false", source)).unwrap_or(card);
    let args = fields.take("args").map(|node| args(node, source)).unwrap_or_default();
    let rest = fields.take("rest").and_then(|node| read::name(node, "a var's name", source)).map(str::to_owned);
    let returns = fields.take("returns").map(|node| read::names(node, "a list of names", source)).unwrap_or_default();
    let mut unread = BTreeSet::new();
    let mut vars = fields.take("vars").map(|node| declarations(node, &mut unread, source)).unwrap_or_default();
    for arg in &args {
        vars.entry(arg.clone()).or_insert_with(|| VarDef {
            ty: Type::Text { max: DEFAULT_TEXT_MAX },
            default: Value::None,
            private: true,
            keep_for: None,
            span: root.span.start..root.span.start + 1,
        });
    }
    let phrases = fields.take("phrases").map(|node| phrase_lists(node, source)).unwrap_or_default();
    let nudge = fields.take("nudge").and_then(|node| nudge(node, source));
    let expires = fields.take("expire");
    let expire = expires.map(|node| expire(node, source)).unwrap_or_default();
    let renamed = fields.take("renamed").map(|node| names_by_name(node, "`renamed`", source)).unwrap_or_default();
    let repair = fields.take("repair").map(|node| names_by_name(node, "`repair`", source)).unwrap_or_default();
    let instead_of = match card {
        true => fields.take("instead_of").and_then(|node| read::name(node, "a card's name", source)).map(str::to_owned),
        false => None,
    };
    let (care, note) = review::care(&mut fields, card, source);
    let steps = fields.need("steps", source);
    fields.finish(source);

    let Laid { ops, ids, waits, ends } = steps::lay_out(note, steps, &phrases, root.span.end, source);
    if expires.is_none() && !waits.is_empty() {
        let hint = "add `expire: { after: 20h }`, or as many days as an answer may take";
        source.warn("GS0434", source.key("steps"), "nothing says how long an answer may take", hint);
    }
    Some(Script {
        name: stem.to_owned(),
        version: version.unwrap_or(1),
        title: title.unwrap_or_else(|| stem.to_owned()),
        about,
        language: language.unwrap_or_else(|| "en".into()),
        starters,
        open_to_all,
        card,
        args,
        rest,
        returns,
        vars,
        unread,
        phrases,
        nudge,
        expire: expire.after.unwrap_or(DEFAULT_EXPIRE),
        expire_say: expire.say,
        expire_over: expire.over,
        renamed,
        repair,
        instead_of,
        ops,
        ids,
        waits,
        ends,
        counts_visits: source.text.contains("visits("),
        care,
        rev: review::revision(source.text),
    })
}

fn args(node: &Node, source: &mut Source<'_>) -> Vec<String> {
    let found = read::names(node, "a list of names", source);
    for name in found.iter().filter(|name| RESERVED_NAMES.contains(&name.as_str())) {
        let hint = "it is a word of the language: choose another one";
        source.error("GS0104", node.span.clone(), format!("`{name}` cannot be a name"), hint);
    }
    found
}

fn starters(node: &Node, source: &mut Source<'_>) -> Starters {
    let mut starters = Starters::default();
    for item in read::items(node, "a list of words and /commands", source) {
        let Some(text) = read::text(item, "a word or a /command", source) else { continue };
        if let Some(command) = text.strip_prefix('/') {
            let command = command.to_lowercase();
            if command.is_empty()
                || command.len() > 32
                || !command.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
            {
                let hint = "both platforms take 1 to 32 of a-z, 0-9 and _";
                source.error("GS0108", item.span.clone(), format!("`{text}` cannot be a command"), hint);
            } else {
                starters.commands.push(command);
            }
        } else if let Some(opening) = opening(text) {
            starters.openings.push(opening);
        } else if let Some(phrase) = Phrase::new(text) {
            starters.words.push(phrase);
        }
    }
    starters
}

/// "remind me to ...": the beginning of a message, folded.
pub(crate) fn opening(text: &str) -> Option<String> {
    let words = text.trim().strip_suffix("...").or_else(|| text.trim().strip_suffix('\u{2026}'))?;
    Some(fold(words)).filter(|folded| !folded.is_empty())
}

fn nudge(node: &Node, source: &mut Source<'_>) -> Option<Nudge> {
    let mut fields = Fields::of(node, "`nudge`", source)?;
    let after = fields.need("after", source).and_then(|node| read::duration(node, "a length of time", source));
    let say = fields.need("say", source).and_then(|node| read::template(node, "a sentence", source));
    fields.finish(source);
    Some(Nudge { after: after?, say: say? })
}

/// When a script is put away, and what is said then.
#[derive(Default)]
struct Expire {
    after: Option<i64>,
    say: Option<Template>,
    over: bool,
}

fn expire(node: &Node, source: &mut Source<'_>) -> Expire {
    let Some(mut fields) = Fields::of(node, "`expire`", source) else { return Expire::default() };
    let after = fields.need("after", source);
    let say = fields.take("say").and_then(|node| read::template(node, "a sentence", source));
    let over = fields.take("over").and_then(|node| read::flag(node, "true or false", source)).unwrap_or(false);
    fields.finish(source);
    let seconds = after.and_then(|after| read::duration(after, "a length of time", source));
    if let (Some(after), Some(seconds)) = (after, seconds)
        && seconds > MAX_EXPIRE
    {
        source.error("GS0105", after.span.clone(), "no script may wait longer than 30 days", "at most 30d");
    }
    Expire { after: seconds.map(|seconds| seconds.min(MAX_EXPIRE)), say, over }
}

/// `name: other-name` for several names.
fn names_by_name(node: &Node, what: &'static str, source: &mut Source<'_>) -> BTreeMap<String, String> {
    let Some(fields) = Fields::of(node, what, source) else { return BTreeMap::new() };
    let mut found = BTreeMap::new();
    for (key, node) in fields.all() {
        if let Some(name) = read::name(node, "a name", source) {
            found.insert(key.name.clone(), name.to_owned());
        }
    }
    found
}

/// `name: [phrases]` for several names.
pub(crate) fn phrase_lists(node: &Node, source: &mut Source<'_>) -> BTreeMap<String, Vec<Phrase>> {
    let Some(fields) = Fields::of(node, "`phrases`", source) else { return BTreeMap::new() };
    fields.all().map(|(key, node)| (key.name.clone(), read::phrases(node, source))).collect()
}

/// `name: { type: ... }` for several names.
pub(crate) fn declarations(
    node: &Node,
    unread: &mut BTreeSet<String>,
    source: &mut Source<'_>,
) -> BTreeMap<String, VarDef> {
    let Some(fields) = Fields::of(node, "a list of vars", source) else { return BTreeMap::new() };
    let mut found = BTreeMap::new();
    for (key, node) in fields.all() {
        if !read::is_name(&key.name) || RESERVED_NAMES.contains(&key.name.as_str()) {
            let hint = "names are lower-case letters, digits and `_`, and not a word of the language";
            source.error("GS0104", key.span.clone(), format!("`{}` cannot be a name", key.name), hint);
        }
        match declaration(node, &key.span, source) {
            Some(def) => {
                found.insert(key.name.clone(), def);
            }
            None => {
                unread.insert(key.name.clone());
            }
        }
    }
    found
}

const RESERVED_NAMES: [&str; 19] = [
    "me",
    "result",
    "answer",
    "today",
    "now",
    "ledger",
    "checkins",
    "entries",
    "reminders",
    "path",
    "and",
    "or",
    "not",
    "if",
    "else",
    "is",
    "in",
    "true",
    "none",
];

fn declaration(node: &Node, key: &Range<usize>, source: &mut Source<'_>) -> Option<VarDef> {
    let mut fields = Fields::of(node, "a var", source)?;
    let word = fields.need("type", source).and_then(|node| read::text(node, "a type", source).map(|word| (word, node)));
    let ty = word.and_then(|(word, node)| ty(word, node, &mut fields, source));
    let private = fields.take("private").and_then(|node| read::flag(node, "true or false", source)).unwrap_or(false);
    let default = fields.take("default");
    let keep_for = fields.take("keep_for").and_then(|node| read::duration(node, "a length of time", source));
    fields.finish(source);
    let ty = ty?;
    let default = match default {
        None => Value::None,
        Some(node) => read::text(node, "a value", source).map_or(Value::None, |text| {
            typed(text, &ty).unwrap_or_else(|| {
                let hint = match &ty {
                    Type::Choice { of } => did_you_mean(text, of.iter().map(String::as_str)),
                    other => format!("a {} like {}", other.word(), other.example()),
                };
                source.error("GS0302", node.span.clone(), format!("`{text}` is not a {}", ty.word()), hint);
                Value::None
            })
        }),
    };
    Some(VarDef { ty, default, private, keep_for, span: key.clone() })
}

fn ty(word: &str, node: &Node, fields: &mut Fields<'_>, source: &mut Source<'_>) -> Option<Type> {
    let ty = match word {
        "text" => {
            let max = fields.take("max").and_then(|node| read::number(node, "a length", 1..4_001, source));
            Type::Text { max: max.and_then(|max| usize::try_from(max).ok()).unwrap_or(DEFAULT_TEXT_MAX) }
        }
        "integer" => {
            let mut bound = |key, usual| {
                fields
                    .take(key)
                    .and_then(|node| read::number(node, "a bound", -1_000_000_000..1_000_000_001, source))
                    .unwrap_or(usual)
            };
            let (from, to) = (bound("from", -1_000_000_000), bound("to", 1_000_000_000));
            ordered(from <= to, node, source);
            Type::Integer { from, to }
        }
        "number" => {
            let mut bound =
                |key, usual| fields.take(key).and_then(|node| read::decimal(node, "a bound", source)).unwrap_or(usual);
            let (from, to) = (bound("from", -1e9), bound("to", 1e9));
            ordered(from <= to, node, source);
            Type::Number { from, to }
        }
        "bool" => Type::Bool,
        "choice" => {
            let of =
                fields.need("of", source).map(|node| read::names(node, "a list of words", source)).unwrap_or_default();
            Type::Choice { of }
        }
        "date" => Type::Date,
        "time" => Type::Time,
        "duration" => Type::Duration,
        "zone" => Type::Zone,
        "when" => Type::When,
        "list" => Type::List,
        _ => {
            let hint = did_you_mean(word, grammar::types());
            source.error("GS0301", node.span.clone(), format!("there is no type `{word}`"), hint);
            return None;
        }
    };
    Some(ty)
}

fn ordered(right: bool, node: &Node, source: &mut Source<'_>) {
    if !right {
        source.error("GS0105", node.span.clone(), "nothing lies between these bounds", "`from` is the smaller one");
    }
}

/// A value written in a script, as a type reads it.
pub(crate) fn typed(text: &str, ty: &Type) -> Option<Value> {
    let text = text.trim();
    match ty {
        Type::Text { .. } => Some(Value::text(text)),
        Type::Integer { from, to } => text.parse().ok().filter(|n| (from..=to).contains(&n)).map(Value::Int),
        Type::Number { from, to } => text.parse().ok().filter(|n| n >= from && n <= to).map(Value::Number),
        Type::Bool => match text {
            "true" | "yes" => Some(Value::Bool(true)),
            "false" | "no" => Some(Value::Bool(false)),
            _ => None,
        },
        Type::Choice { of } => of.iter().any(|word| word == text).then(|| Value::text(text)),
        Type::Date => text.parse().ok().map(|date| Value::Date { date }),
        Type::Time => jiff::civil::Time::strptime("%H:%M", text).ok().map(|time| Value::Time { time }),
        Type::Duration => expr::parse_duration(text).map(|seconds| Value::Duration { seconds }),
        Type::Zone => crate::schedule::zones::by_name(text).is_some().then(|| Value::text(text)),
        Type::When => match text.parse() {
            Ok(civil) => Some(Value::when(Rule::Once { civil })),
            Err(_) => Rule::every(text).ok().map(Value::when),
        },
        Type::List => Some(Value::List(text.split(',').map(|item| Value::text(item.trim())).collect())),
    }
}
