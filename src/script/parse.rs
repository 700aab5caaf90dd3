//! One YAML file to one [`Script`]: keys, verbs, types, expressions; the tree of steps laid out flat.
//!
//! Looks at one file only; what depends on other files is checked in `check`.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::expr::{self, Expr};
use super::model::{
    Ask, Assignments, BusyPolicy, Choice, Choose, Nudge, Objection, ObjectionTest, Op, OpKind, Question, ScheduleOp,
    Script, Starters, Type, VarDef,
};
use super::problem::{Source, did_you_mean, nearest};
use super::read::{self, Fields};
use super::text::Template;
use super::yaml::{Key, Kind, Node};
use crate::phrase::Phrase;
use crate::schedule::when::{self, When};
use crate::types::Value;

/// Put away after this long when a script does not say: 14 days.
const DEFAULT_EXPIRE: i64 = 14 * 86_400;
/// No script may wait longer: 30 days.
const MAX_EXPIRE: i64 = 30 * 86_400;
/// A longer script is unreadable, and slow to check.
const MAX_OPS: usize = 2_000;
const DEFAULT_TEXT_MAX: usize = 500;
const DEFAULT_TRIES: u32 = 3;
/// One-off starts may be this late: 12 hours.
const DEFAULT_LATE: i64 = 12 * 3_600;

const VERBS: [&str; 20] = [
    "say",
    "say_one_of",
    "ask",
    "choose",
    "branch",
    "set",
    "compose",
    "remember",
    "forget",
    "journal",
    "promise",
    "settle",
    "record",
    "schedule",
    "cancel",
    "call",
    "start",
    "goto",
    "redo",
    "end",
];

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
    let title = fields.need("title", source).and_then(|node| plain(node, "a title", source));
    let about = fields.take("about").and_then(|node| plain(node, "a sentence", source)).unwrap_or_default();
    let language = fields.take("language").and_then(|node| plain(node, "a language", source));
    let starters = fields.take("start_with").map(|node| starters(node, source)).unwrap_or_default();
    let open_to_all =
        fields.take("open_to_all").and_then(|node| read::flag(node, "true or false", source)).unwrap_or(card);
    let args = fields.take("args").map(|node| args(node, source)).unwrap_or_default();
    let returns = fields.take("returns").map(|node| read::names(node, "a list of names", source)).unwrap_or_default();
    let mut unread = BTreeSet::new();
    let mut vars = fields.take("vars").map(|node| declarations(node, &mut unread, source)).unwrap_or_default();
    for arg in &args {
        vars.entry(arg.clone()).or_insert_with(|| VarDef {
            ty: Type::Text { max: DEFAULT_TEXT_MAX },
            default: Value::None,
            private: true,
            span: root.span.start..root.span.start + 1,
        });
    }
    let phrases = fields.take("phrases").map(|node| phrase_lists(node, source)).unwrap_or_default();
    let nudge = fields.take("nudge").and_then(|node| nudge(node, source));
    let expire = fields.take("expire").and_then(|node| expire(node, source)).unwrap_or(DEFAULT_EXPIRE);
    let steps = fields.need("steps", source);
    fields.finish(source);

    let mut layout = Layout {
        source,
        ops: Vec::new(),
        ids: BTreeMap::new(),
        waits: BTreeMap::new(),
        ends: BTreeMap::new(),
        depth: 0,
    };
    if let Some(steps) = steps {
        layout.steps(steps);
    }
    let end = root.span.end.saturating_sub(1);
    layout.push(end..end + 1, OpKind::End("done".into()));
    let Layout { ops, ids, waits, ends, .. } = layout;
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
        returns,
        vars,
        unread,
        phrases,
        nudge,
        expire,
        ops,
        ids,
        waits,
        ends,
        rev: super::revision(source.text),
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

fn plain(node: &Node, what: &str, source: &mut Source<'_>) -> Option<String> {
    read::text(node, what, source).map(|text| text.trim().to_owned())
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
        } else if let Some(phrase) = Phrase::new(text) {
            starters.words.push(phrase);
        }
    }
    starters
}

fn nudge(node: &Node, source: &mut Source<'_>) -> Option<Nudge> {
    let mut fields = Fields::of(node, "`nudge`", source)?;
    let after = fields.need("after", source).and_then(|node| read::duration(node, "a length of time", source));
    let say = fields.need("say", source).and_then(|node| read::template(node, "a sentence", source));
    fields.finish(source);
    Some(Nudge { after: after?, say: say? })
}

fn expire(node: &Node, source: &mut Source<'_>) -> Option<i64> {
    let mut fields = Fields::of(node, "`expire`", source)?;
    let after = fields.need("after", source)?;
    fields.finish(source);
    let seconds = read::duration(after, "a length of time", source)?;
    if seconds > MAX_EXPIRE {
        source.error("GS0105", after.span.clone(), "no script may wait longer than 30 days", "at most 30d");
    }
    Some(seconds.min(MAX_EXPIRE))
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

const RESERVED_NAMES: [&str; 17] = [
    "me", "result", "answer", "today", "now", "ledger", "checkins", "entries", "and", "or", "not", "if", "else", "is",
    "in", "true", "none",
];

fn declaration(node: &Node, key: &Range<usize>, source: &mut Source<'_>) -> Option<VarDef> {
    let mut fields = Fields::of(node, "a var", source)?;
    let word = fields.need("type", source).and_then(|node| read::text(node, "a type", source).map(|word| (word, node)));
    let ty = word.and_then(|(word, node)| ty(word, node, &mut fields, source));
    let private = fields.take("private").and_then(|node| read::flag(node, "true or false", source)).unwrap_or(false);
    let default = fields.take("default");
    fields.take("keep_for");
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
    Some(VarDef { ty, default, private, span: key.clone() })
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
        "list" => Type::List,
        _ => {
            let known = ["text", "integer", "number", "bool", "choice", "date", "time", "duration", "zone", "list"];
            source.error("GS0301", node.span.clone(), format!("there is no type `{word}`"), did_you_mean(word, known));
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
        Type::List => Some(Value::List(text.split(',').map(|item| Value::text(item.trim())).collect())),
    }
}

/// Lays steps out flat.
struct Layout<'s, 'a> {
    source: &'s mut Source<'a>,
    ops: Vec<Op>,
    ids: BTreeMap<String, usize>,
    waits: BTreeMap<String, usize>,
    ends: BTreeMap<String, usize>,
    depth: usize,
}

impl Layout<'_, '_> {
    fn push(&mut self, span: Range<usize>, kind: OpKind) -> usize {
        self.ops.push(Op { span, kind });
        self.ops.len() - 1
    }

    /// Makes a jump that was pushed before go on at the next operation.
    fn land(&mut self, jump: usize) {
        let here = self.ops.len();
        match &mut self.ops[jump].kind {
            OpKind::Jump(target) | OpKind::JumpUnless(_, target) => *target = here,
            _ => {}
        }
    }

    fn steps(&mut self, node: &Node) {
        let Kind::List(steps) = &node.kind else {
            read::expected(node, "a list of steps should stand", self.source);
            return;
        };
        self.depth += 1;
        if self.depth > 12 {
            self.source.error(
                "GS0109",
                node.span.clone(),
                "steps nested too deeply",
                "move a part into a script of its own",
            );
        } else {
            for step in steps {
                self.step(step);
            }
        }
        self.depth -= 1;
    }

    fn step(&mut self, node: &Node) {
        let Some(mut fields) = Fields::of(node, "a step", self.source) else { return };
        if self.ops.len() > MAX_OPS {
            let hint = "move a part into a script of its own";
            self.source.error("GS0118", 0..1, "too many steps in one file", hint);
            return;
        }
        let condition = fields.take("if").map(|node| read::expression_or_any(node, self.source));
        let id = fields
            .take("id")
            .and_then(|node| read::name(node, "a name", self.source).map(|id| (id.to_owned(), node.span.clone())));
        let start = self.ops.len();
        if let Some((id, span)) = &id
            && self.ids.insert(id.clone(), start).is_some()
        {
            let hint = "each id stands once in a file";
            self.source.error("GS0110", span.clone(), format!("there are two steps `{id}`"), hint);
        }
        let skip = condition.map(|expr| self.push(fields.span.clone(), OpKind::JumpUnless(expr, 0)));
        let name = id.as_ref().map(|(id, _)| id.as_str());
        for (verb, key) in self.verbs(&fields, node) {
            let Some(node) = fields.take_misspelt(&key.name, verb) else { continue };
            self.verb(verb, node, &mut fields, key.span.clone(), name);
        }
        if let Some(skip) = skip {
            self.land(skip);
        }
        if let Some((id, _)) = id {
            self.ends.insert(id, self.ops.len());
        }
        fields.finish(self.source);
    }

    /// What a step does: one verb and where it stands. When it is not exactly one, that is reported, and every verb that is
    /// there or nearly there is read on, so that mistakes inside it come to light too.
    fn verbs<'n>(&mut self, fields: &Fields<'n>, node: &Node) -> Vec<(&'static str, &'n Key)> {
        let known = |key: &'n Key| VERBS.into_iter().find(|verb| *verb == key.name).map(|verb| (verb, key));
        let found: Vec<_> = fields.keys().filter_map(known).collect();
        match found[..] {
            [_] => found,
            [(first, _), (second, key), ..] => {
                let message = format!("`{first}` and `{second}` in one step");
                let hint = "each step does one thing: begin a new step with `- `";
                self.source.error("GS0112", key.span.clone(), message, hint);
                found
            }
            [] => self.misspelt_verb(fields, node).into_iter().collect(),
        }
    }

    fn misspelt_verb<'n>(&mut self, fields: &Fields<'n>, node: &Node) -> Option<(&'static str, &'n Key)> {
        let all = format!("a step is one of: {}", VERBS.join(", "));
        let odd = || fields.keys().filter(|key| !matches!(key.name.as_str(), "if" | "id" | ""));
        let near = odd().find_map(|key| Some((nearest(&key.name, VERBS)?, key)));
        let Some((key, hint)) = near
            .map(|(verb, key)| (key, format!("did you mean `{verb}`?")))
            .or_else(|| Some((odd().next()?, all.clone())))
        else {
            let start = node.span.start;
            self.source.error("GS0111", start..start + 1, "a step that does nothing", all);
            return None;
        };
        let message = format!("`{}` is not something a step can do", key.name);
        self.source.error("GS0111", key.span.clone(), message, hint);
        near
    }

    fn verb(&mut self, verb: &'static str, node: &Node, fields: &mut Fields<'_>, span: Range<usize>, id: Option<&str>) {
        match verb {
            "say" => self.say(node, span),
            "say_one_of" => self.say_one_of(node, span),
            "ask" => self.ask(node, fields, span, id),
            "choose" => self.choose(node, fields, span, id),
            "branch" => self.branch(node),
            "set" | "remember" => {
                let values = assignments(node, self.source);
                let kind = if verb == "set" { OpKind::Set(values) } else { OpKind::Remember(values) };
                self.push(span, kind);
            }
            "compose" => self.compose(node, span),
            "forget" => {
                let facts = read::names(node, "a list of facts", self.source);
                self.push(span, OpKind::Forget(facts));
            }
            "journal" => self.journal(node, span),
            "promise" => self.promise(node, span),
            "settle" => self.settle(node, span),
            "record" => self.record(node, span),
            "schedule" => self.schedule(node, span),
            "cancel" => {
                if let Some(name) = read::name(node, "a schedule's name", self.source) {
                    self.push(span, OpKind::Cancel(name.to_owned()));
                }
            }
            "call" => self.call(node, fields, span, id),
            "start" => {
                let with = fields.take("with").map(|node| assignments(node, self.source)).unwrap_or_default();
                if let Some(script) = read::name(node, "a script's name", self.source) {
                    self.push(span, OpKind::Start { script: script.to_owned(), with });
                }
            }
            "goto" | "redo" => self.jump(verb, node, fields, span),
            "end" => {
                if let Some(word) = read::name(node, "a word", self.source) {
                    self.push(span, OpKind::End(word.to_owned()));
                }
            }
            _ => {}
        }
    }

    fn say(&mut self, node: &Node, span: Range<usize>) {
        if let Some(template) = read::template(node, "a sentence", self.source) {
            self.push(span, OpKind::Say(vec![template]));
        }
    }

    fn say_one_of(&mut self, node: &Node, span: Range<usize>) {
        let items = read::items(node, "a list of sentences", self.source);
        let texts: Vec<Template> =
            items.into_iter().filter_map(|item| read::template(item, "a sentence", self.source)).collect();
        if texts.is_empty() {
            read::expected(node, "a list of sentences should stand", self.source);
        } else {
            self.push(span, OpKind::Say(texts));
        }
    }

    fn need_id(&mut self, id: Option<&str>, span: &Range<usize>, verb: &str) -> String {
        if id.is_none() {
            let hint = "add `id: some_name` to this step; running conversations remember it";
            self.source.error("GS0113", span.clone(), format!("`{verb}` needs an id"), hint);
        }
        id.unwrap_or_default().to_owned()
    }

    fn question(&mut self, node: &Node, fields: &mut Fields<'_>, id: String) -> Question {
        let prompt = read::template_or_empty(node, "a question", self.source);
        let save = fields.take("save").and_then(|node| read::name(node, "a var", self.source)).map(str::to_owned);
        let skip = fields.take("skip").and_then(|node| read::flag(node, "true or false", self.source)).unwrap_or(false);
        let unclear = fields.take("unclear").and_then(|node| read::template(node, "a sentence", self.source));
        let help = fields.take("help").and_then(|node| read::template(node, "a sentence", self.source));
        let tries = fields.take("tries").and_then(|node| read::number(node, "a number of tries", 1..11, self.source));
        let tries = tries.and_then(|tries| u32::try_from(tries).ok()).unwrap_or(DEFAULT_TRIES);
        Question { id, prompt, save, skip, unclear, help, tries, otherwise: 0, has_otherwise: false }
    }

    fn ask(&mut self, node: &Node, fields: &mut Fields<'_>, span: Range<usize>, id: Option<&str>) {
        let id = self.need_id(id, &span, "ask");
        let question = self.question(node, fields, id);
        let soft =
            fields.take("soft").map(|node| read::names(node, "a list of names", self.source)).unwrap_or_default();
        let mut objections = fields.take("reject").map(|node| self.rejects(node)).unwrap_or_default();
        objections.extend(fields.take("checks").map(|node| self.checks(node)).unwrap_or_default());
        for name in &soft {
            match objections.iter_mut().find(|objection| objection.name == *name) {
                Some(objection) => objection.soft = true,
                None => {
                    let span = fields.key_span("soft");
                    let known = objections.iter().map(|objection| objection.name.as_str());
                    let near = did_you_mean(name, known);
                    let hint = if near.is_empty() { "name a list of `reject` or a check".to_owned() } else { near };
                    self.source.error("GS0114", span, format!("`{name}` objects to nothing here"), hint);
                }
            }
        }
        let otherwise = fields.take("otherwise");
        self.waits.insert(question.id.clone(), self.ops.len());
        let at = self.push(span.clone(), OpKind::Ask(Box::new(Ask { question, objections })));
        let over = self.push(span, OpKind::Jump(0));
        self.otherwise(at, otherwise);
        self.land(over);
    }

    /// Lays out what happens when the tries are used up, and tells the question where that is.
    fn otherwise(&mut self, at: usize, otherwise: Option<&Node>) {
        let here = self.ops.len();
        if let Some(steps) = otherwise {
            self.steps(steps);
        }
        match &mut self.ops[at].kind {
            OpKind::Ask(ask) => (ask.question.otherwise, ask.question.has_otherwise) = (here, otherwise.is_some()),
            OpKind::Choose(choose) => {
                (choose.question.otherwise, choose.question.has_otherwise) = (here, otherwise.is_some())
            }
            _ => {}
        }
    }

    fn rejects(&mut self, node: &Node) -> Vec<Objection> {
        let Some(fields) = Fields::of(node, "`reject`", self.source) else { return Vec::new() };
        let mut found = Vec::new();
        for (key, node) in fields.all() {
            let say = read::template_or_empty(node, "a sentence", self.source);
            let test = ObjectionTest::List(key.name.clone());
            found.push(Objection { name: key.name.clone(), test, say, soft: false });
        }
        found
    }

    fn checks(&mut self, node: &Node) -> Vec<Objection> {
        let mut found = Vec::new();
        for item in read::items(node, "a list of checks", self.source) {
            let Some(mut fields) = Fields::of(item, "a check", self.source) else { continue };
            let name = fields.need("name", self.source).and_then(|node| read::name(node, "a name", self.source));
            let test = fields.need("if", self.source).map(|node| read::expression_or_any(node, self.source));
            let say = fields.need("say", self.source);
            let say = say.map(|node| read::template_or_empty(node, "a sentence", self.source));
            fields.finish(self.source);
            if let (Some(name), Some(test), Some(say)) = (name, test, say) {
                found.push(Objection { name: name.to_owned(), test: ObjectionTest::Check(test), say, soft: false });
            }
        }
        found
    }

    fn choose(&mut self, node: &Node, fields: &mut Fields<'_>, span: Range<usize>, id: Option<&str>) {
        let id = self.need_id(id, &span, "choose");
        let question = self.question(node, fields, id);
        let options = fields.need("options", self.source);
        let otherwise = fields.take("otherwise");
        self.waits.insert(question.id.clone(), self.ops.len());
        let at = self.push(span.clone(), OpKind::Choose(Box::new(Choose { question, options: Vec::new() })));
        let mut ends = vec![self.push(span, OpKind::Jump(0))];
        let mut choices = Vec::new();
        let items = options.map(|node| read::items(node, "a list of options", self.source)).unwrap_or_default();
        for item in items {
            if let Some((mut choice, then)) = self.choice(item) {
                choice.then = at + 1;
                if let Some(steps) = then {
                    choice.then = self.ops.len();
                    self.steps(steps);
                    ends.push(self.push(item.span.clone(), OpKind::Jump(0)));
                }
                choices.push(choice);
            }
        }
        if let Some(options) = options.filter(|_| choices.is_empty()) {
            let span = options.span.start..options.span.end.max(options.span.start + 1);
            self.source.error("GS0115", span, "a choice without options", "add `- { label: ..., value: ... }`");
        }
        if let OpKind::Choose(choose) = &mut self.ops[at].kind {
            choose.options = choices;
        }
        self.otherwise(at, otherwise);
        for end in ends {
            self.land(end);
        }
    }

    fn choice<'n>(&mut self, node: &'n Node) -> Option<(Choice, Option<&'n Node>)> {
        let mut fields = Fields::of(node, "an option", self.source)?;
        let label = fields.need("label", self.source).map(|node| read::template_or_empty(node, "a label", self.source));
        let value = fields.take("value").and_then(|node| plain(node, "a value", self.source)).map(Value::Text);
        let also = fields.take("also").map(|node| read::phrases(node, self.source)).unwrap_or_default();
        let condition = fields.take("if").map(|node| read::expression_or_any(node, self.source));
        let then = fields.take("then");
        fields.finish(self.source);
        let span = node.span.clone();
        let label = label.unwrap_or_else(|| Template::empty(span.clone()));
        Some((Choice { span, label, value, also, condition, then: 0 }, then))
    }

    fn branch(&mut self, node: &Node) {
        let cases = read::items(node, "a list of cases", self.source);
        let mut ends = Vec::new();
        let last = cases.len().saturating_sub(1);
        for (index, case) in cases.into_iter().enumerate() {
            let Some(mut fields) = Fields::of(case, "a case", self.source) else { continue };
            if let Some(steps) = fields.take("else") {
                if index != last {
                    self.source.error(
                        "GS0116",
                        fields.key_span("else"),
                        "`else` before other cases",
                        "put `else` last",
                    );
                }
                self.steps(steps);
            } else {
                let test = fields.need("if", self.source).map(|node| read::expression_or_any(node, self.source));
                let test = test.unwrap_or_else(|| Expr::any(case.span.clone()));
                let next = self.push(case.span.clone(), OpKind::JumpUnless(test, 0));
                if let Some(steps) = fields.need("then", self.source) {
                    self.steps(steps);
                }
                ends.push(self.push(case.span.clone(), OpKind::Jump(0)));
                self.land(next);
            }
            fields.finish(self.source);
        }
        for end in ends {
            self.land(end);
        }
    }

    fn compose(&mut self, node: &Node, span: Range<usize>) {
        let Some(fields) = Fields::of(node, "`compose`", self.source) else { return };
        for (key, node) in fields.all() {
            let template = read::template_or_empty(node, "a text", self.source);
            self.push(span.clone(), OpKind::Compose(key.name.clone(), template));
        }
    }

    fn journal(&mut self, node: &Node, span: Range<usize>) {
        let Some(mut fields) = Fields::of(node, "`journal`", self.source) else { return };
        let kind = fields.need("kind", self.source).and_then(|node| read::name(node, "a kind", self.source));
        let title = fields.need("title", self.source).and_then(|node| read::template(node, "a title", self.source));
        let body = fields.need("body", self.source).and_then(|node| read::template(node, "a text", self.source));
        fields.finish(self.source);
        if let (Some(kind), Some(title), Some(body)) = (kind, title, body) {
            self.push(span, OpKind::Journal { kind: kind.to_owned(), title, body });
        }
    }

    fn when(&mut self, node: &Node) -> Option<When<Expr>> {
        let text = read::text(node, "a time", self.source)?;
        let file = self.source.text;
        let mut inner = |part: &str| {
            let base = part.as_ptr() as usize - text.as_ptr() as usize;
            expr::parse(part, &|offset| node.locate(base + offset, file))
                .map_err(|error| format!("{} in `{part}`", error.message))
        };
        match when::parse(text, &mut inner) {
            Ok(when) => Some(when),
            Err(message) => {
                self.source.error("GS0203", node.span.clone(), message, when::EXAMPLES);
                None
            }
        }
    }

    fn promise(&mut self, node: &Node, span: Range<usize>) {
        let Some(mut fields) = Fields::of(node, "`promise`", self.source) else { return };
        let text = fields.need("text", self.source).and_then(|node| read::expression(node, self.source));
        let to = fields.take("to").and_then(|node| read::expression(node, self.source));
        let due = fields.need("due", self.source).and_then(|node| self.when(node));
        let remind = fields.take("remind").and_then(|node| read::expression(node, self.source));
        fields.finish(self.source);
        if let (Some(text), Some(due)) = (text, due) {
            self.push(span, OpKind::Promise { text, to, due, remind });
        }
    }

    fn settle(&mut self, node: &Node, span: Range<usize>) {
        let Some(mut fields) = Fields::of(node, "`settle`", self.source) else { return };
        let promise = fields.need("promise", self.source).and_then(|node| read::expression(node, self.source));
        let standing = fields.need("as", self.source).and_then(|node| read::expression(node, self.source));
        fields.finish(self.source);
        if let (Some(promise), Some(standing)) = (promise, standing) {
            self.push(span, OpKind::Settle { promise, standing });
        }
    }

    fn record(&mut self, node: &Node, span: Range<usize>) {
        let Some(mut fields) = Fields::of(node, "`record`", self.source) else { return };
        let checkin = fields.need("checkin", self.source).and_then(|node| Fields::of(node, "`checkin`", self.source));
        fields.finish(self.source);
        let Some(mut inner) = checkin else { return };
        let mut part = |key| inner.take(key).and_then(|node| read::expression(node, self.source));
        let (mood, feeling, note) = (part("mood"), part("feeling"), part("note"));
        inner.finish(self.source);
        self.push(span, OpKind::CheckIn { mood, feeling, note });
    }

    fn schedule(&mut self, node: &Node, span: Range<usize>) {
        let Some(mut fields) = Fields::of(node, "`schedule`", self.source) else { return };
        let name = fields.need("name", self.source).and_then(|node| read::name(node, "a name", self.source));
        let run = fields.need("run", self.source).and_then(|node| read::name(node, "a script's name", self.source));
        let at = fields.need("at", self.source).and_then(|node| self.when(node));
        let busy = fields.take("if_busy").and_then(|node| busy(node, self.source)).unwrap_or_default();
        let late = fields.take("late").and_then(|node| read::duration(node, "a length of time", self.source));
        let with = fields.take("with").map(|node| assignments(node, self.source)).unwrap_or_default();
        fields.finish(self.source);
        if let (Some(name), Some(run), Some(at)) = (name, run, at) {
            let (name, run, late) = (name.to_owned(), run.to_owned(), late.unwrap_or(DEFAULT_LATE));
            self.push(span, OpKind::Schedule(Box::new(ScheduleOp { name, run, at, if_busy: busy, late, with })));
        }
    }

    fn call(&mut self, node: &Node, fields: &mut Fields<'_>, span: Range<usize>, id: Option<&str>) {
        let id = self.need_id(id, &span, "call");
        let with = fields.take("with").map(|node| assignments(node, self.source)).unwrap_or_default();
        let save = fields.take("save").map(|node| assignments(node, self.source)).unwrap_or_default();
        if let Some(script) = read::name(node, "a script's name", self.source) {
            self.waits.insert(id.clone(), self.ops.len());
            self.push(span, OpKind::Call { id, script: script.to_owned(), with, save });
        }
    }

    fn jump(&mut self, verb: &str, node: &Node, fields: &mut Fields<'_>, span: Range<usize>) {
        let Some(id) = read::name(node, "a step's id", self.source).map(str::to_owned) else { return };
        // `goto` is a redo without a way back; `check` turns both names into places.
        let back_to = match verb {
            "redo" => fields.need("back_to", self.source).and_then(|node| read::name(node, "a step's id", self.source)),
            _ => Some(""),
        };
        if let Some(back_to) = back_to {
            self.push(span, OpKind::Redo { id, back_to: back_to.to_owned() });
        }
    }
}

fn busy(node: &Node, source: &mut Source<'_>) -> Option<BusyPolicy> {
    match read::text(node, "queue, skip or interrupt", source)? {
        "queue" => Some(BusyPolicy::Queue),
        "skip" => Some(BusyPolicy::Skip),
        "interrupt" => Some(BusyPolicy::Interrupt),
        other => {
            let hint = did_you_mean(other, ["queue", "skip", "interrupt"]);
            source.error("GS0105", node.span.clone(), format!("`{other}` is not what `if_busy` can be"), hint);
            None
        }
    }
}

/// `name: EXPR` for several names.
fn assignments(node: &Node, source: &mut Source<'_>) -> Assignments {
    let Some(fields) = Fields::of(node, "a list of `name: value`", source) else { return Vec::new() };
    let mut found = Vec::new();
    for (key, node) in fields.all() {
        found.push((key.name.clone(), read::expression_or_any(node, source)));
    }
    found
}
