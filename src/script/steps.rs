//! The steps of a script: verbs, questions, options, branches; a tree in the file, a flat list for the engine.
//!
//! Looks at one file only. A broken step is noted, and reading goes on with the next.

use std::collections::BTreeMap;
use std::ops::Range;

use super::expr::{self, Expr};
use super::grammar;
use super::model::{
    Ask, Assignments, BusyPolicy, Choice, Choose, Objection, ObjectionTest, Op, OpKind, Question, ScheduleOp, Wait,
};
use super::problem::{Source, did_you_mean, nearest};
use super::read::{self, Fields};
use super::text::Template;
use super::yaml::{Key, Kind, Node};
use crate::phrase::Phrase;
use crate::schedule::when::{self, When};
use crate::types::{Picture, Value};

/// A longer script is unreadable, and slow to check.
const MAX_OPS: usize = 2_000;
const DEFAULT_TRIES: u32 = 3;
/// One-off starts may be this late: 12 hours.
const DEFAULT_LATE: i64 = 12 * 3_600;

/// Steps laid out flat, and where their names stand.
pub(crate) struct Laid {
    pub(crate) ops: Vec<Op>,
    pub(crate) ids: BTreeMap<String, usize>,
    pub(crate) waits: BTreeMap<String, usize>,
    pub(crate) ends: BTreeMap<String, usize>,
}

/// The phrase lists of a file.
type Lists = BTreeMap<String, Vec<Phrase>>;

/// Reads a list of steps; a content note is said before them, and an `end` is added behind them. `lists` are the file's own
/// phrase lists.
pub(crate) fn lay_out(
    note: Option<Template>,
    steps: Option<&Node>,
    lists: &Lists,
    end: usize,
    source: &mut Source<'_>,
) -> Laid {
    let mut layout = Layout {
        source,
        lists,
        ops: Vec::new(),
        ids: BTreeMap::new(),
        waits: BTreeMap::new(),
        ends: BTreeMap::new(),
        depth: 0,
    };
    if let Some(note) = note {
        layout.push(note.span.clone(), OpKind::Say { texts: vec![note], picture: None });
    }
    if let Some(steps) = steps {
        layout.steps(steps);
    }
    let end = end.saturating_sub(1);
    layout.push(end..end + 1, OpKind::End("done".into()));
    let Layout { ops, ids, waits, ends, .. } = layout;
    Laid { ops, ids, waits, ends }
}

/// Lays steps out flat.
struct Layout<'s, 'a> {
    source: &'s mut Source<'a>,
    lists: &'s Lists,
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
        if self.source.is_full() {
            return;
        }
        let Some(mut fields) = Fields::of(node, "a step", self.source) else { return };
        if self.ops.len() > MAX_OPS {
            let hint = "move a part into a script of its own";
            self.source.error("GS0118", self.source.key("steps"), "too many steps in one file", hint);
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
        let verbs = self.verbs(&fields, node);
        if verbs.is_empty() {
            fields.dismiss();
        }
        for (verb, key) in verbs {
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
        let known = |key: &'n Key| grammar::verbs().find(|verb| *verb == key.name).map(|verb| (verb, key));
        let found: Vec<_> = fields.keys().filter_map(known).collect();
        match found[..] {
            [_] => found,
            [(first, _), (second, key), ..] => {
                let message = format!("`{first}` and `{second}` in one step");
                let hint = match fields.has("if") {
                    true => format!("each step does one thing; {}", read::SEVERAL_STEPS),
                    false => "each step does one thing: begin a new step with `- `".to_owned(),
                };
                self.source.error("GS0112", key.span.clone(), message, hint);
                found
            }
            [] => {
                let cases: Vec<_> = fields.keys().filter_map(case_of_a_branch).collect();
                if let [(_, key), ..] = cases[..] {
                    let message = format!("`{}` is not something a step can do", key.name);
                    self.source.error("GS0111", key.span.clone(), message, read::SEVERAL_STEPS);
                    return cases;
                }
                self.misspelt_verb(fields, node).into_iter().collect()
            }
        }
    }

    fn misspelt_verb<'n>(&mut self, fields: &Fields<'n>, node: &Node) -> Option<(&'static str, &'n Key)> {
        let all = format!("a step is one of: {}", grammar::verbs().collect::<Vec<_>>().join(", "));
        let odd = || fields.keys().filter(|key| !matches!(key.name.as_str(), "if" | "id" | ""));
        let near = odd().find_map(|key| Some((nearest(&key.name, grammar::verbs())?, key)));
        let Some((key, hint)) = near
            .map(|(verb, key)| (key, format!("did you mean `{verb}`?")))
            .or_else(|| Some((odd().next()?, all.clone())))
        else {
            let start = node.span.start;
            self.source.error("GS0111", start..start + 1, "a step that does nothing", all);
            return None;
        };
        let message = format!("`{}` is not something a step can do", key.name);
        let hint = match key.name.as_str() {
            "label" => "an option stands below `options:`, two spaces further in".to_owned(),
            _ => hint,
        };
        self.source.error("GS0111", key.span.clone(), message, hint);
        near
    }

    fn verb(&mut self, verb: &'static str, node: &Node, fields: &mut Fields<'_>, span: Range<usize>, id: Option<&str>) {
        match verb {
            "say" => self.say(node, fields, span),
            "say_one_of" => self.say_one_of(node, span),
            "ask" => self.ask(node, fields, span, id),
            "choose" => self.choose(node, fields, span, id, false),
            "choose_many" => self.choose(node, fields, span, id, true),
            "say_count" => self.say_count(node, span),
            "wait" => self.wait(node, fields, span, id),
            "branch" => self.branch(node),
            "then" | "else" => self.steps(node),
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
            "remind" => self.remind(node, span),
            "drop_reminder" => {
                if let Some(which) = read::expression(node, self.source) {
                    self.push(span, OpKind::DropReminder(which));
                }
            }
            "begin_step" => {
                if let Some(which) = read::expression(node, self.source) {
                    self.push(span, OpKind::BeginStep(which));
                }
            }
            "turn_down" => {
                if let Some(which) = read::expression(node, self.source) {
                    self.push(span, OpKind::TurnDown(which));
                }
            }
            "cancel" => {
                let each = fields.take("each").and_then(|node| read::expression(node, self.source));
                if let Some(name) = read::name(node, "a schedule's name", self.source) {
                    self.push(span, OpKind::Cancel { name: name.to_owned(), each });
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

    fn say(&mut self, node: &Node, fields: &mut Fields<'_>, span: Range<usize>) {
        let picture = fields.take("picture").and_then(|node| self.picture(node));
        if let Some(template) = read::template(node, "a sentence", self.source) {
            self.push(span, OpKind::Say { texts: vec![template], picture });
        }
    }

    fn picture(&mut self, node: &Node) -> Option<Picture> {
        let word = read::name(node, "the name of a picture", self.source)?;
        let found = Picture::named(word);
        if found.is_none() {
            let hint = did_you_mean(word, Picture::WORDS);
            self.source.error("GS0120", node.span.clone(), format!("there is no picture `{word}`"), hint);
        }
        found
    }

    fn say_one_of(&mut self, node: &Node, span: Range<usize>) {
        let items = read::items(node, "a list of sentences", self.source);
        let texts: Vec<Template> =
            items.into_iter().filter_map(|item| read::template(item, "a sentence", self.source)).collect();
        if texts.is_empty() {
            read::expected(node, "a list of sentences should stand", self.source);
        } else {
            self.push(span, OpKind::Say { texts, picture: None });
        }
    }

    fn say_count(&mut self, node: &Node, span: Range<usize>) {
        let Some(mut fields) = Fields::of(node, "`say_count`", self.source) else { return };
        let n = fields.need("n", self.source).and_then(|node| read::expression(node, self.source));
        let mut form = |key| {
            let node = fields.need(key, self.source)?;
            read::template(node, "a sentence", self.source)
        };
        let (one, other) = (form("one"), form("other"));
        fields.finish(self.source);
        if let (Some(n), Some(one), Some(other)) = (n, one, other) {
            self.push(span, OpKind::SayCount { n, forms: vec![one, other] });
        }
    }

    fn wait(&mut self, node: &Node, fields: &mut Fields<'_>, span: Range<usize>, id: Option<&str>) {
        let id = self.need_id(id, &span, "wait");
        let skip = fields.take("skip").and_then(|node| read::flag(node, "true or false", self.source)).unwrap_or(false);
        let Some(mut inner) = Fields::of(node, "`wait`", self.source) else { return };
        let length = inner.take("for").and_then(|node| {
            let seconds = read::duration(node, "a length of time", self.source)?;
            Some(When::In(seconds))
        });
        let until = inner.take("until").and_then(|node| self.when(node));
        inner.finish(self.source);
        let Some(until) = length.or(until) else {
            let hint = "write `wait: { for: 10m }` or `wait: { until: tomorrow morning }`";
            self.source.error("GS0119", span, "nothing says how long to wait", hint);
            return;
        };
        self.waits.insert(id.clone(), self.ops.len());
        self.push(span, OpKind::Wait(Box::new(Wait { id, until, skip })));
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
        Question { id, prompt, save, skip, unclear, help, tries, otherwise: 0, has_otherwise: false, hash: 0 }
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
                None => self.soft_of_nothing(name, &objections, fields.key_span("soft")),
            }
        }
        let given = fields.take("given").map(|node| read::expression_or_any(node, self.source));
        let unkept = fields.take("keep").is_some_and(|node| keeps_nothing(node, self.source));
        let otherwise = fields.take("otherwise");
        self.waits.insert(question.id.clone(), self.ops.len());
        let at = self.push(span.clone(), OpKind::Ask(Box::new(Ask { question, given, unkept, objections })));
        let over = self.push(span, OpKind::Jump(0));
        self.otherwise(at, otherwise);
        self.land(over);
    }

    /// A name under `soft` that nothing here has. When it is a list of this file and `reject` has one that is almost called so,
    /// the mistake is there, and told there.
    fn soft_of_nothing(&mut self, name: &str, objections: &[Objection], span: Range<usize>) {
        let known = || objections.iter().map(|objection| objection.name.as_str());
        if self.lists.contains_key(name) && nearest(name, known()).is_some() {
            return;
        }
        let near = did_you_mean(name, known());
        let hint = if near.is_empty() { "name a list of `reject` or a check".to_owned() } else { near };
        self.source.error("GS0114", span, format!("`{name}` objects to nothing here"), hint);
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

    fn choose(&mut self, node: &Node, fields: &mut Fields<'_>, span: Range<usize>, id: Option<&str>, many: bool) {
        let id = self.need_id(id, &span, if many { "choose_many" } else { "choose" });
        let question = self.question(node, fields, id);
        let other_text = !many
            && fields
                .take("other_text")
                .and_then(|node| read::flag(node, "true or false", self.source))
                .unwrap_or(false);
        let options = fields.need("options", self.source);
        let otherwise = fields.take("otherwise");
        self.waits.insert(question.id.clone(), self.ops.len());
        let at = self
            .push(span.clone(), OpKind::Choose(Box::new(Choose { question, options: Vec::new(), many, other_text })));
        let mut ends = vec![self.push(span, OpKind::Jump(0))];
        let mut choices = Vec::new();
        let items = options.map(|node| read::items(node, "a list of options", self.source)).unwrap_or_default();
        for item in items {
            if let Some((mut choice, then)) = self.choice(item, many) {
                choice.then = at + 1;
                if let Some(steps) = then {
                    choice.then = self.ops.len();
                    self.steps(steps);
                    ends.push(self.push(item.span.clone(), OpKind::Jump(0)));
                }
                choices.push(choice);
            }
        }
        // When there is no list at all, that is told already.
        if let Some(options) = options.filter(|node| choices.is_empty() && matches!(node.kind, Kind::List(_))) {
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

    fn choice<'n>(&mut self, node: &'n Node, many: bool) -> Option<(Choice, Option<&'n Node>)> {
        let mut fields = Fields::of(node, "an option", self.source)?;
        let label = fields.need("label", self.source).map(|node| read::template_or_empty(node, "a label", self.source));
        let value = fields.take("value").and_then(|node| read::plain(node, "a value", self.source)).map(Value::Text);
        let also = fields.take("also").map(|node| read::phrases(node, self.source)).unwrap_or_default();
        let condition = fields.take("if").map(|node| read::expression_or_any(node, self.source));
        // Where several may be picked, what follows depends on all of them.
        let then = if many { None } else { fields.take("then") };
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
        let sure = fields.take("sure").and_then(|node| read::expression(node, self.source));
        fields.finish(self.source);
        if let (Some(text), Some(due)) = (text, due) {
            self.push(span, OpKind::Promise { text, to, due, remind, sure });
        }
    }

    fn remind(&mut self, node: &Node, span: Range<usize>) {
        let Some(mut fields) = Fields::of(node, "`remind`", self.source) else { return };
        let text = fields.need("text", self.source).and_then(|node| read::expression(node, self.source));
        let at = fields.need("at", self.source).and_then(|node| self.when(node));
        let instead_of = fields.take("instead_of").and_then(|node| read::expression(node, self.source));
        let late = fields.take("late").and_then(|node| read::duration(node, "a length of time", self.source));
        fields.finish(self.source);
        if let (Some(text), Some(at)) = (text, at) {
            self.push(span, OpKind::Remind { text, at, instead_of, late });
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
        if fields.has("deed") {
            return self.deed(fields, span);
        }
        let checkin = fields.need("checkin", self.source).and_then(|node| Fields::of(node, "`checkin`", self.source));
        fields.finish(self.source);
        let Some(mut inner) = checkin else { return };
        let mut part = |key| inner.take(key).and_then(|node| read::expression(node, self.source));
        let (mood, feeling, note) = (part("mood"), part("feeling"), part("note"));
        inner.finish(self.source);
        self.push(span, OpKind::CheckIn { mood, feeling, note });
    }

    fn deed(&mut self, mut fields: Fields<'_>, span: Range<usize>) {
        let kind = fields.take("deed").and_then(|node| {
            let word = read::name(node, "what was done", self.source)?;
            read::deed(word, &node.span, self.source)
        });
        let mut part = |key| fields.take(key).and_then(|node| read::expression(node, self.source));
        let (amount, about) = (part("amount"), part("about"));
        fields.finish(self.source);
        if let Some(kind) = kind {
            self.push(span, OpKind::Deed { kind, amount, about });
        }
    }

    fn schedule(&mut self, node: &Node, span: Range<usize>) {
        let Some(mut fields) = Fields::of(node, "`schedule`", self.source) else { return };
        let name = fields.need("name", self.source).and_then(|node| read::name(node, "a name", self.source));
        let each = fields.take("each").and_then(|node| read::expression(node, self.source));
        let run = fields.need("run", self.source).and_then(|node| read::name(node, "a script's name", self.source));
        let at = fields.need("at", self.source).and_then(|node| self.when(node));
        let busy = fields.take("if_busy").and_then(|node| busy(node, self.source)).unwrap_or_default();
        let late = fields.take("late").and_then(|node| read::duration(node, "a length of time", self.source));
        let with = fields.take("with").map(|node| assignments(node, self.source)).unwrap_or_default();
        fields.finish(self.source);
        if let (Some(name), Some(run), Some(at)) = (name, run, at) {
            let (name, run, late) = (name.to_owned(), run.to_owned(), late.unwrap_or(DEFAULT_LATE));
            self.push(span, OpKind::Schedule(Box::new(ScheduleOp { name, each, run, at, if_busy: busy, late, with })));
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

/// A key that belongs into a `branch` and not on a step.
fn case_of_a_branch(key: &Key) -> Option<(&'static str, &Key)> {
    ["then", "else"].into_iter().find(|word| *word == key.name).map(|word| (word, key))
}

/// `keep: none`, and no other word.
fn keeps_nothing(node: &Node, source: &mut Source<'_>) -> bool {
    match read::text(node, "none", source) {
        Some("none") => true,
        Some(other) => {
            let hint = "`keep: none` keeps nothing of the answer; leave it out where the answer is kept";
            source.error("GS0105", node.span.clone(), format!("`{other}` is not what `keep` can be"), hint);
            false
        }
        None => false,
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
