//! JSON Schemas (draft-07) of the script files, for editors: keys are offered, explained, and refused when they are misspelt.
//!
//! Made from the same table as the reader's words. Says nothing about what holds between steps or files; the checker does. A scalar
//! may be what YAML makes of it (`1` a number, `yes` a boolean in YAML 1.1), because for us every scalar is text.

use serde_json::{Map, Value, json};

use super::grammar::{self, Case, Cases, Key, Shape, Takes};
use super::library::CARDS;
use crate::schedule::when;

/// A kind of file under `prompts/`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// A script.
    Script,
    /// A card: a script in `system/`.
    Card,
    /// `facts.yaml`.
    Facts,
    /// `phrases.yaml`.
    Phrases,
    /// `languages/<tag>/phrases.yaml`.
    Language,
    /// Another file of `languages/<tag>/`: the words of one script.
    Words,
    /// `banned.yaml`.
    Banned,
    /// `paths.yaml`.
    Paths,
}

impl FileKind {
    /// All of them.
    pub const ALL: [FileKind; 8] = [
        FileKind::Script,
        FileKind::Card,
        FileKind::Facts,
        FileKind::Phrases,
        FileKind::Banned,
        FileKind::Paths,
        FileKind::Language,
        FileKind::Words,
    ];

    /// The kind of a file, by its path below the prompts folder.
    #[must_use]
    pub fn of(path: &str) -> Self {
        match path {
            "facts.yaml" => FileKind::Facts,
            "phrases.yaml" => FileKind::Phrases,
            "banned.yaml" => FileKind::Banned,
            "paths.yaml" => FileKind::Paths,
            _ if path.starts_with("languages/") && path.ends_with("/banned.yaml") => FileKind::Banned,
            _ if path.starts_with("languages/") && path.ends_with("/phrases.yaml") => FileKind::Language,
            _ if path.starts_with("languages/") => FileKind::Words,
            _ if path.starts_with("system/") => FileKind::Card,
            _ => FileKind::Script,
        }
    }

    /// The word for it on the command line, and the beginning of its schema's name.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            FileKind::Script => "script",
            FileKind::Card => "card",
            FileKind::Facts => "facts",
            FileKind::Phrases => "phrases",
            FileKind::Language => "language",
            FileKind::Words => "words",
            FileKind::Banned => "banned",
            FileKind::Paths => "paths",
        }
    }

    /// What its schema's file is called.
    #[must_use]
    pub fn schema_file(self) -> String {
        format!("{}.v1.json", self.word())
    }

    pub(crate) fn shape(self) -> &'static Shape {
        match self {
            FileKind::Script => &grammar::SCRIPT,
            FileKind::Card => &grammar::CARD,
            FileKind::Facts => &grammar::FACTS,
            FileKind::Phrases => &grammar::PHRASES,
            FileKind::Language => &grammar::LANGUAGE_PHRASES,
            FileKind::Words => &grammar::SCRIPT_WORDS,
            FileKind::Banned => &grammar::BANNED,
            FileKind::Paths => &grammar::PATHS,
        }
    }
}

/// The schema of a kind of file, as text.
#[must_use]
pub fn schema(kind: FileKind) -> String {
    let writer = Writer { card: kind == FileKind::Card };
    let mut root = writer.shape(kind.shape());
    root["$schema"] = "http://json-schema.org/draft-07/schema#".into();
    if matches!(kind, FileKind::Script | FileKind::Card) {
        root["definitions"] = json!({ "step": writer.shape(&grammar::STEP) });
    }
    let mut text = String::new();
    print(&root, 0, &mut text);
    text + "\n"
}

struct Writer {
    card: bool,
}

impl Writer {
    fn shape(&self, shape: &'static Shape) -> Value {
        let cases: Vec<&Case> = shape.cases().iter().filter(|case| case.in_cards || !self.card).collect();
        let object = match &shape.cases {
            Cases::One => self.object(shape.keys(None)),
            Cases::ByKey(_) => self.by_key(shape, &cases),
            Cases::ByWord(telling, _) => self.by_word(shape, telling, &cases),
        };
        described(object, shape.help)
    }

    /// A mapping of exactly these keys.
    fn object(&self, keys: impl Iterator<Item = &'static Key>) -> Value {
        let (mut properties, mut needed) = (Map::new(), Vec::new());
        for key in keys {
            properties.insert(key.name.into(), self.key(key));
            needed.extend(key.needed.then_some(key.name));
        }
        let mut object = json!({ "type": "object", "properties": properties, "additionalProperties": false });
        if !needed.is_empty() {
            object["required"] = json!(needed);
        }
        object
    }

    /// A schema for each case, taken when its key is there. A list of alternatives (`oneOf`) would say only that none of them fits;
    /// this way an editor offers the keys of the one that was begun.
    fn by_key(&self, shape: &'static Shape, cases: &[&'static Case]) -> Value {
        let names: Vec<&str> = cases.iter().map(|case| case.telling.name).collect();
        let any: Vec<Value> = names.iter().map(|name| json!({ "required": [name] })).collect();
        let mut choices: Vec<Value> = Vec::new();
        for (case, has) in cases.iter().zip(&any) {
            let condition = json!({ "type": "object", "required": has["required"] });
            choices.push(json!({ "if": condition, "then": self.object(shape.keys(Some(case))) }));
        }
        let telling = cases.iter().map(|case| &case.telling);
        let mut begun = self.object(shape.before.iter().chain(telling).chain(shape.after));
        begun["required"] = json!([]);
        let message = format!("{} needs one of: {}", shape.what, names.join(", "));
        // No mapping is a list, so this always fails, and with our sentence.
        begun["allOf"] = json!([{ "type": "array", "errorMessage": message }]);
        choices.push(json!({ "if": { "type": "object", "anyOf": any }, "else": begun }));
        json!({ "type": "object", "allOf": choices })
    }

    fn by_word(&self, shape: &'static Shape, telling: &'static Key, cases: &[&'static Case]) -> Value {
        let words: Vec<&str> = cases.iter().map(|case| case.telling.name).collect();
        let helps: Vec<&str> = cases.iter().map(|case| case.telling.help).collect();
        let word = described(json!({ "enum": words, "enumDescriptions": helps }), telling.help);
        let mut choices: Vec<Value> = Vec::new();
        for case in cases {
            let mut object = self.object(shape.keys(Some(case)));
            object["properties"][telling.name] = json!(true);
            let is =
                json!({ "properties": { telling.name: { "const": case.telling.name } }, "required": [telling.name] });
            choices.push(json!({ "if": is, "then": object }));
        }
        json!({ "type": "object", "properties": { telling.name: word }, "required": [telling.name], "allOf": choices })
    }

    fn key(&self, key: &'static Key) -> Value {
        let value = match (self.card, key.name) {
            (true, "script") => with_examples(name(), &card_names()),
            (true, "instead_of") => json!({ "enum": card_names() }),
            (true, "end") => json!({ "enum": card_ends() }),
            _ => self.takes(key.takes),
        };
        described(value, key.help)
    }

    fn takes(&self, takes: Takes) -> Value {
        match takes {
            Takes::Name => name(),
            Takes::Names => one_or_more(name()),
            Takes::Word(words) => json!({ "enum": words }),
            Takes::Plain | Takes::Text | Takes::Expression => scalar(),
            Takes::Starters => {
                one_or_more(pattern(&SCALAR, "^(/[A-Za-z0-9_]{1,32}$|[^/])", "a /command is 1 to 32 of a-z, 0-9 and _"))
            }
            Takes::Texts | Takes::Phrases => one_or_more(scalar()),
            Takes::Flag => pattern(&["boolean", "string"], "^(true|false|yes|no)$", "true or false"),
            Takes::Whole(from, to) => {
                let hint = format!("a whole number from {from} to {to}");
                let mut whole = pattern(&["integer", "string"], "^[+-]?[0-9]+$", &hint);
                (whole["minimum"], whole["maximum"]) = (from.into(), to.into());
                whole
            }
            Takes::Decimal => pattern(&["number", "string"], "^[+-]?[0-9.]+([eE][+-]?[0-9]+)?$", "a number like 0.5"),
            Takes::Duration => {
                with_examples(pattern(&["string"], "^[0-9]+(s|m|min|h|d|w)$", "30m, 4h, 14d"), &["30m", "4h", "14d"])
            }
            Takes::Day => pattern(&["string"], "^[0-9]{4}-[0-9]{2}-[0-9]{2}$", "a day like 2026-03-02"),
            Takes::When => {
                let times: Vec<&str> = when::EXAMPLES.trim_start_matches("for example: ").split(", ").collect();
                with_examples(pattern(&["string"], "^(in|today|tomorrow|next|every|on|as) ", when::EXAMPLES), &times)
            }
            Takes::Steps => json!({ "type": "array", "items": { "$ref": "#/definitions/step" } }),
            Takes::Map(shape) => self.shape(shape),
            Takes::Maps(shape) => json!({ "type": "array", "items": self.shape(shape), "minItems": 1 }),
            Takes::Each(inner @ Takes::Map(_)) => {
                json!({ "type": "object", "propertyNames": name(), "additionalProperties": self.takes(*inner) })
            }
            Takes::Each(inner) => json!({ "type": "object", "additionalProperties": self.takes(*inner) }),
        }
    }
}

/// What YAML may make of a text without quotes.
const SCALAR: [&str; 3] = ["string", "number", "boolean"];

fn scalar() -> Value {
    json!({ "type": SCALAR, "pattern": "\\S" })
}

fn name() -> Value {
    let hint = "lower-case letters, digits, - and _, beginning with a letter";
    pattern(&["string", "boolean"], "^[a-z][a-z0-9_-]{0,39}$", hint)
}

fn pattern(types: &[&str], pattern: &str, hint: &str) -> Value {
    let types = if let [only] = types { json!(only) } else { json!(types) };
    json!({ "type": types, "pattern": pattern, "patternErrorMessage": hint })
}

fn with_examples(mut value: Value, examples: &[&str]) -> Value {
    value["examples"] = json!(examples);
    value
}

/// A list, or a single one where a list of one is meant.
fn one_or_more(item: Value) -> Value {
    let mut either = item.clone();
    if let Some(types) = either["type"].as_array_mut() {
        types.insert(0, "array".into());
    }
    either["items"] = item;
    either
}

fn described(mut value: Value, help: &str) -> Value {
    if !help.is_empty() {
        value["description"] = help.into();
    }
    value
}

/// As wide as a line may become.
const WIDTH: usize = 120;

/// Writes what fits into one line on one line, so that a change of the schema can be read. Maps of `serde_json` are sorted.
fn print(value: &Value, indent: usize, text: &mut String) {
    let line = value.to_string();
    let column = text.len() - text.rfind('\n').map_or(0, |at| at + 1);
    let (open, close) = if value.is_array() { ('[', ']') } else { ('{', '}') };
    let mut items: Vec<(String, &Value)> = match value {
        Value::Array(items) => items.iter().map(|item| (String::new(), item)).collect(),
        Value::Object(map) => {
            map.iter().map(|(key, value)| (format!("{}: ", Value::from(key.as_str())), value)).collect()
        }
        _ => Vec::new(),
    };
    if column + line.len() < WIDTH || items.is_empty() {
        text.push_str(&line);
        return;
    }
    text.push(open);
    let last = items.len() - 1;
    for (index, (key, value)) in items.drain(..).enumerate() {
        text.push('\n');
        text.push_str(&" ".repeat(indent + 2));
        text.push_str(&key);
        print(value, indent + 2, text);
        text.push_str(if index == last { "" } else { "," });
    }
    text.push('\n');
    text.push_str(&" ".repeat(indent));
    text.push(close);
}

fn card_names() -> Vec<&'static str> {
    CARDS.iter().map(|card| card.name).collect()
}

fn card_ends() -> Vec<&'static str> {
    let mut ends: Vec<&str> = CARDS.iter().flat_map(|card| card.ends).copied().chain(["done"]).collect();
    ends.sort_unstable();
    ends.dedup();
    ends
}
