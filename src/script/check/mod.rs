//! Everything about scripts that can be wrong and can be seen before anybody meets it.
//!
//! Takes scripts that could be read, with all others beside them. Reports all problems at once; changes nothing but the types of
//! option values and the targets of jumps.

mod answers;
mod budgets;
pub(crate) mod content;
mod edition;
mod heavy;
mod holes;
mod kinds;
pub(crate) mod said;
pub(crate) mod turns;
mod ways;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::expr::{Expr, ExprKind, Name};
use super::flow::{Flow, Known, World};
use super::library::{CARDS, Reserved};
use super::model::{Assignments, Choice, Choose, ObjectionTest, Op, OpKind, Question, Script, Type, VarDef};
use super::parse::typed;
use super::problem::{Source, did_you_mean, line_and_column, nearest};
use super::text::Template;
use super::words::SharedWords;
use crate::phrase::fold;
use crate::schedule::when::{Clock, Day, When};
use crate::types::Value;

use budgets::{ASK_BUDGET, SAY_BUDGET};
pub(crate) use edition::{Translated, check_edition};
use kinds::Kind;

/// Codes of what cannot be told when part of a file could not be read: what is surely there, reached and used.
pub(crate) const NEEDS_THE_WHOLE: &[&str] = &[
    "GS0305", "GS0402", "GS0410", "GS0411", "GS0430", "GS0432", "GS0433", "GS0436", "GS0437", "GS0439", "GS0440",
    "GS0603", "GS0606", "GS0607", "GS0609",
];

/// What the names of the engine's own schedules begin with.
const OUR_SCHEDULES: [&str; 6] = ["nudge-", "expire-", "wait-", "promise-remind-", "promise-due-", "remind-"];
/// The longest text of a promise that is kept.
pub(crate) const PROMISE_TEXT: usize = 200;
const MAX_OPTIONS: (usize, usize) = (8, 25);

/// Puts names of steps in the place of `goto` and types of vars on option values, so that the rest can look at one shape.
pub(crate) fn settle(script: &mut Script, source: &mut Source<'_>) {
    let ids = script.ids.clone();
    let vars = script.vars.clone();
    for (pc, op) in script.ops.iter_mut().enumerate() {
        match &mut op.kind {
            OpKind::Redo { id, back_to } => {
                let nowhere = pc + 1;
                for name in [&*id, &*back_to] {
                    if !name.is_empty() && !ids.contains_key(name) {
                        let near = did_you_mean(name, ids.keys().map(String::as_str));
                        let hint = if near.is_empty() { format!("write `id: {name}` at that step") } else { near };
                        let message = format!("there is no step `{name}` in this file");
                        source.error("GS0401", op.span.clone(), message, hint);
                    }
                }
                if back_to.is_empty() {
                    let target = ids.get(id).copied().unwrap_or(nowhere);
                    op.kind = OpKind::Jump(target);
                }
            }
            OpKind::Choose(choose) => {
                choose.question.hash = looks(&choose.question, &choose.options);
                type_options(choose, &vars, source);
            }
            OpKind::Ask(ask) => ask.question.hash = looks(&ask.question, &[]),
            _ => {}
        }
    }
}

/// A hash of a question as its author wrote it.
fn looks(question: &Question, options: &[Choice]) -> u32 {
    let mut shown = question.prompt.source.clone();
    for option in options {
        shown.push('\u{1f}');
        shown.push_str(&option.label.source);
    }
    super::short_hash(shown.as_bytes())
}

fn type_options(choose: &mut Choose, vars: &BTreeMap<String, VarDef>, source: &mut Source<'_>) {
    // A list takes words as they are.
    if choose.many {
        return;
    }
    let Some(def) = choose.question.save.as_ref().and_then(|save| vars.get(save)) else { return };
    for option in &mut choose.options {
        let Some(Value::Text(text)) = &option.value else { continue };
        match typed(text, &def.ty) {
            Some(value) => option.value = Some(value),
            None => {
                let hint = match &def.ty {
                    Type::Choice { of } => did_you_mean(text, of.iter().map(String::as_str)),
                    other => format!("the var is of type {}", other.word()),
                };
                source.error(
                    "GS0303",
                    option.span.clone(),
                    format!("`{text}` does not fit the var it is saved in"),
                    hint,
                );
            }
        }
    }
}

/// Checks one script against all others; gives back which phrase lists it uses.
pub(crate) fn check(
    script: &Script,
    world: &World<'_>,
    words: &SharedWords,
    source: &mut Source<'_>,
) -> BTreeSet<String> {
    let flow = world.flow(script, &mut Vec::new());
    let mut checker = Checker::new(script, world, words, source);
    checker.unreachable(&flow);
    checker.endless();
    for (op, known) in script.ops.iter().zip(&flow.before) {
        if let Some(known) = known {
            checker.op(op, known);
        }
    }
    if let Some(nudge) = &script.nudge {
        let known = flow.before.first().cloned().flatten().unwrap_or_default();
        checker.template(&nudge.say, &known);
        checker.budget(&nudge.say, SAY_BUDGET);
        checker.nudge(nudge.after);
    }
    if let Some(say) = &script.expire_say {
        let known = flow.before.first().cloned().flatten().unwrap_or_default();
        checker.template(say, &known);
        checker.budget(say, SAY_BUDGET);
    }
    checker.head();
    checker.rest();
    checker.unused();
    checker.answers();
    checker.renamed();
    checker.repair();
    checker.card();
    for list in script.phrases.keys() {
        checker.list_used(list);
    }
    let lists = checker.lists;
    ways::check(script, world, &flow, source);
    heavy::check(script, &flow, words, source);
    lists
}

struct Checker<'c, 'a> {
    script: &'c Script,
    world: &'c World<'c>,
    words: &'c SharedWords,
    source: &'c mut Source<'a>,
    /// Vars that something reads or writes.
    used: BTreeSet<String>,
    /// Vars that something reads.
    read: BTreeSet<String>,
    /// Vars that something fills.
    filled: BTreeSet<&'c str>,
    /// Vars that were told to be always empty.
    told_empty: BTreeSet<String>,
    /// Phrase lists that something looks for.
    lists: BTreeSet<String>,
    /// What `answer` is, where there is one.
    answer: Option<Kind>,
    /// By how much literal text may still grow in another language.
    growth: f64,
}

impl<'c, 'a> Checker<'c, 'a> {
    fn new(script: &'c Script, world: &'c World<'c>, words: &'c SharedWords, source: &'c mut Source<'a>) -> Self {
        Checker {
            script,
            world,
            words,
            source,
            used: BTreeSet::new(),
            read: BTreeSet::new(),
            filled: answers::filled(script),
            told_empty: BTreeSet::new(),
            lists: BTreeSet::new(),
            answer: None,
            growth: budgets::GROWTH,
        }
    }

    /// Steps that nothing leads to: the first of those that stand in a row, which have one cause.
    fn unreachable(&mut self, flow: &Flow) {
        let mut told = false;
        for (pc, (op, known)) in self.script.ops.iter().zip(&flow.before).enumerate() {
            // Jumps and the last `end` are ours, not the author's.
            let ours = matches!(op.kind, OpKind::Jump(_)) || pc + 1 == self.script.ops.len();
            if known.is_some() {
                told = false;
            } else if !ours && !told {
                let hint = self.cut_off(pc);
                self.source.error("GS0402", op.span.clone(), "nothing ever leads to this step", hint);
                told = true;
            }
        }
    }

    /// What to do about a step that nothing leads to: about what ends the script right before it, if anything does.
    fn cut_off(&self, pc: usize) -> String {
        let before = pc.checked_sub(1).and_then(|before| self.script.ops.get(before));
        let Some(end) =
            before.filter(|op| matches!(op.kind, OpKind::End(_) | OpKind::Start { .. } | OpKind::BeginStep(_)))
        else {
            return "remove it, or give a `goto`, an option or a case that leads here".to_owned();
        };
        let (line, _) = line_and_column(self.source.text, end.span.start);
        format!(
            "line {line} ends the script for everybody: put that line under an `if` or into a `branch`, or behind this step"
        )
    }

    fn endless(&mut self) {
        for pc in self.world.endless(self.script) {
            let hint = "let the way round pass an `ask` or a `choose`";
            self.source.error(
                "GS0403",
                self.script.ops[pc].span.clone(),
                "this goes round and round without waiting for anybody",
                hint,
            );
        }
    }

    fn op(&mut self, op: &Op, known: &Known) {
        match &op.kind {
            OpKind::Say { texts, .. } => {
                for text in texts {
                    self.template(text, known);
                    self.budget(text, SAY_BUDGET);
                }
            }
            OpKind::SayCount { n, forms } => {
                self.wants(n, &Kind::Number, known);
                for text in forms {
                    self.template(text, known);
                    self.budget(text, SAY_BUDGET);
                }
            }
            OpKind::Wait(wait) => {
                self.when(&wait.until, known);
                if let When::Every(..) | When::Between(..) | When::Each(..) = wait.until {
                    let hint = "a script waits once: for 10m, until tomorrow morning, until next monday 09:00";
                    self.source.error("GS0422", op.span.clone(), "a wait that comes again and again", hint);
                }
            }
            OpKind::Ask(ask) => {
                self.question(&ask.question, known);
                if let Some(given) = &ask.given {
                    self.wants(given, &Kind::Text, known);
                }
                let def = ask.question.save.as_ref().and_then(|save| self.script.vars.get(save));
                self.answer = Some(def.map_or(Kind::Text, |def| Kind::of(&def.ty)));
                for objection in &ask.objections {
                    self.template(&objection.say, known);
                    self.budget(&objection.say, SAY_BUDGET);
                    match &objection.test {
                        ObjectionTest::List(list) => self.list(list, objection.say.span.clone()),
                        ObjectionTest::Check(test) => {
                            self.kind(test, known);
                        }
                    }
                }
                self.answer = None;
                let looks = def.is_some_and(|def| def.ty != Type::Bool) || ask.given.is_some();
                if ask.unkept && (looks || !ask.objections.is_empty()) {
                    let hint = "leave out `given`, `reject` and `checks`, and `save` it in a var of type bool: that there was an answer";
                    self.source.error("GS0404", op.span.clone(), "an answer that is not kept is read by nothing", hint);
                }
                if ask.question.save.is_none() && !ask.unkept {
                    let hint = "add `save: name` and declare it under `vars`";
                    self.source.error("GS0404", op.span.clone(), "the answer goes nowhere", hint);
                }
            }
            OpKind::Choose(choose) => self.choose(choose, known),
            OpKind::Cancel { name, each } => {
                self.cancel(name, &op.span);
                if let Some(each) = each {
                    self.wants(each, &Kind::Text, known);
                }
            }
            OpKind::Jump(_) | OpKind::Redo { .. } => {}
            OpKind::JumpUnless(test, _) => {
                self.kind(test, known);
            }
            OpKind::Set(values) => {
                for (name, expr) in values {
                    self.assign_var(name, expr, known, &op.span);
                }
            }
            OpKind::Compose(name, text) => {
                self.template(text, known);
                self.compose(name, text, &op.span);
            }
            OpKind::Remember(values) => {
                for (name, expr) in values {
                    self.assign_fact(name, expr, known);
                }
            }
            OpKind::Forget(facts) => {
                for fact in facts {
                    self.fact(fact, &op.span);
                }
            }
            OpKind::Journal { title, body, .. } => {
                self.template(title, known);
                self.template(body, known);
            }
            OpKind::Promise { text, to, due, remind, sure } => {
                for text in std::iter::once(text).chain(to) {
                    self.wants(text, &Kind::Text, known);
                    self.untranslated(text);
                }
                if let Some(remind) = remind {
                    let of = ["morning", "evening", "none"].map(str::to_owned).to_vec();
                    self.wants(remind, &Kind::Choice(of), known);
                }
                if let Some(sure) = sure {
                    self.wants(sure, &Kind::Number, known);
                }
                self.when(due, known);
                if let When::Every(..) | When::Between(..) | When::Each(..) = due {
                    let hint = "a promise is due once: tomorrow evening, in 3d, next monday 09:00";
                    self.source.error("GS0419", op.span.clone(), "a promise that is due again and again", hint);
                }
            }
            OpKind::Remind { text, at, instead_of, .. } => {
                self.wants(text, &Kind::Text, known);
                self.when(at, known);
                if let Some(other) = instead_of {
                    self.wants(other, &Kind::Text, known);
                }
                let arg = |name: &str| (name.to_owned(), Expr::any(op.span.clone()));
                self.start("reminder", &vec![arg("what"), arg("reminder")], known, &op.span);
            }
            OpKind::DropReminder(which) | OpKind::BeginStep(which) | OpKind::TurnDown(which) => {
                self.wants(which, &Kind::Text, known);
            }
            OpKind::Settle { promise, standing } => {
                self.wants(promise, &Kind::Promise, known);
                self.wants(standing, &Kind::Text, known);
            }
            OpKind::CheckIn { mood, feeling, note } => {
                for (expr, kind) in [(mood, Kind::Number), (feeling, Kind::Text), (note, Kind::Text)] {
                    if let Some(expr) = expr {
                        self.wants(expr, &kind, known);
                    }
                }
            }
            OpKind::Deed { amount, about, .. } => {
                for (expr, kind) in [(amount, Kind::Number), (about, Kind::Text)] {
                    if let Some(expr) = expr {
                        self.wants(expr, &kind, known);
                    }
                }
            }
            OpKind::Schedule(plan) => {
                self.schedule_name(&plan.name, &op.span);
                if let Some(each) = &plan.each {
                    self.wants(each, &Kind::Text, known);
                }
                self.when(&plan.at, known);
                self.start(&plan.run, &plan.with, known, &op.span);
            }
            OpKind::Start { script, with } => self.start(script, with, known, &op.span),
            OpKind::Call { script, with, save, .. } => {
                self.start(script, with, known, &op.span);
                self.results(script, save, &op.span);
            }
            OpKind::End(_) => {}
        }
    }

    fn nudge(&mut self, after: i64) {
        let at = self.source.key("nudge");
        if self.script.waits.is_empty() {
            let message = "a nudge, and nothing in this script waits for an answer";
            self.source.warn("GS0435", at, message, "remove `nudge`");
        } else if after >= self.script.expire {
            let message = "the nudge never comes: the script is put away before";
            let hint = "let `nudge.after` be shorter than `expire.after`";
            self.source.warn("GS0435", at, message, hint);
        }
    }

    fn cancel(&mut self, name: &str, span: &Range<usize>) {
        self.schedule_name(name, span);
        let ops = self.world.scripts.values().flat_map(|script| &script.ops);
        let names: BTreeSet<&str> = ops
            .filter_map(|op| match &op.kind {
                OpKind::Schedule(plan) => Some(plan.name.as_str()),
                _ => None,
            })
            .collect();
        if !names.contains(name) {
            let near = did_you_mean(name, names);
            let hint = if near.is_empty() { "write the name that a `schedule` gives".to_owned() } else { near };
            self.source.error("GS0436", span.clone(), format!("no script makes a schedule called `{name}`"), hint);
        }
    }

    fn schedule_name(&mut self, name: &str, span: &Range<usize>) {
        if let Some(ours) = OUR_SCHEDULES.iter().find(|ours| name.starts_with(**ours)) {
            let hint = format!("choose a name that does not begin with `{ours}`");
            self.source.error(
                "GS0420",
                span.clone(),
                format!("`{name}` is the name of a schedule of the program itself"),
                hint,
            );
        }
    }

    fn question(&mut self, question: &Question, known: &Known) {
        self.template(&question.prompt, known);
        self.budget(&question.prompt, ASK_BUDGET);
        for text in [&question.unclear, &question.help].into_iter().flatten() {
            self.template(text, known);
            self.budget(text, SAY_BUDGET);
        }
        if let Some(save) = &question.save {
            self.var(save, &question.prompt.span);
        }
    }

    fn choose(&mut self, choose: &Choose, known: &Known) {
        self.question(&choose.question, known);
        self.takes_answer(choose);
        let (few, most) = MAX_OPTIONS;
        let count = choose.options.len();
        let span = choose.question.prompt.span.clone();
        if count > most {
            self.source.error("GS0503", span.clone(), format!("{count} options"), format!("at most {most}"));
        } else if count > few {
            self.source.warn(
                "GS0503",
                span,
                format!("{count} options"),
                format!("more than {few} are hard to choose from"),
            );
        }
        let mut words: Vec<String> = Vec::new();
        for option in choose.options.iter().take(4 * most) {
            self.template(&option.label, known);
            self.label(&option.label);
            if let Some(condition) = &option.condition {
                self.kind(condition, known);
            }
            for word in option_words(option) {
                self.option_word(&word, &words, &option.span);
                words.push(word);
            }
        }
    }

    /// Several answers go into a list, and any text into a text.
    fn takes_answer(&mut self, choose: &Choose) {
        let span = choose.question.prompt.span.clone();
        let def = choose.question.save.as_ref().map(|save| self.script.vars.get(save));
        let wanted = match (choose.many, choose.other_text) {
            (true, _) => "list",
            (false, true) => "text",
            (false, false) => return,
        };
        match def {
            // A var that is not declared is reported where it stands.
            Some(None) => {}
            Some(Some(def)) if def.ty.word() == wanted => {}
            Some(Some(def)) => {
                let message = format!("the answer is a {wanted}, and the var is of type {}", def.ty.word());
                self.source.error("GS0303", span, message, format!("declare it as `{{ type: {wanted} }}`"));
            }
            None => {
                let hint = format!("add `save: name` and declare it as `{{ type: {wanted} }}`");
                self.source.error("GS0404", span, "the answer goes nowhere", hint);
            }
        }
    }

    fn option_word(&mut self, word: &str, others: &[String], span: &Range<usize>) {
        if others.iter().any(|other| other == word) {
            let hint = "a word can mean only one of the options";
            self.source.error("GS0405", span.clone(), format!("two options share `{word}`"), hint);
        }
        if let Some(reserved) = self.words.reserved(word)
            && !matches!(reserved, Reserved::Skip)
        {
            let hint = "it works in every question: choose another word for the option";
            self.source.error(
                "GS0406",
                span.clone(),
                format!("`{word}` is a reserved word ({})", reserved.as_str()),
                hint,
            );
        }
    }

    fn template(&mut self, text: &Template, known: &Known) {
        self.foreign_holes(text);
        for hole in text.holes() {
            let kind = self.kind(hole, known);
            if kind == Kind::Promise {
                let hint = "show its text: `.text`";
                self.source.error("GS0304", hole.span.clone(), "a promise cannot be shown as it is", hint);
            } else {
                let mend = "say what stands there then: `... or \"there\"`, or ask under an `if` first";
                self.surely(hole, known, mend.to_owned());
            }
        }
    }

    /// Refuses what may be empty. `mend` says what to do about it, unless nothing fills it at all.
    fn surely(&mut self, expr: &Expr, known: &Known, mend: String) {
        if !self.world.optional(expr, known) {
            return;
        }
        let (message, hint) = match &expr.kind {
            ExprKind::Name(Name::Local(name)) if !self.filled.contains(name.as_str()) => {
                self.told_empty.insert(name.clone());
                ("this is always empty", self.how_to_fill(name))
            }
            _ => ("this may be empty here", mend),
        };
        self.source.error("GS0305", expr.span.clone(), message, hint);
    }

    fn wants(&mut self, expr: &Expr, wanted: &Kind, known: &Known) {
        let found = self.kind(expr, known);
        let promise_by_id = *wanted == Kind::Promise && found == Kind::Text;
        if !found.fits(wanted) && !promise_by_id {
            self.source.error(
                "GS0304",
                expr.span.clone(),
                format!("{} where {} is needed", found.word(), wanted.word()),
                format!("{} goes here", wanted.word()),
            );
        }
        if let (Kind::Choice(of), ExprKind::Literal(Value::Text(text))) = (wanted, &expr.kind) {
            self.one_of(text, of, &expr.span);
        }
    }

    fn one_of(&mut self, text: &str, of: &[String], span: &Range<usize>) {
        if !of.iter().any(|word| word == text) {
            let hint = did_you_mean(text, of.iter().map(String::as_str));
            self.source.error("GS0306", span.clone(), format!("\"{text}\" is none of its words"), hint);
        }
    }

    fn when(&mut self, when: &When<Expr>, known: &Known) {
        let clocks = match when {
            When::In(_) => vec![],
            When::On(day, clock) => {
                if let Day::Given(expr) = day {
                    self.wants(expr, &Kind::Date, known);
                }
                vec![clock]
            }
            When::Every(_, clock) => vec![clock],
            When::Each(_, day, clock) => {
                self.wants(day, &Kind::Date, known);
                vec![clock]
            }
            When::Between(_, from, to) => vec![from, to],
            When::As(expr) => {
                self.wants(expr, &Kind::When, known);
                vec![]
            }
        };
        for clock in clocks {
            if let Clock::Given(expr) = clock {
                self.wants(expr, &Kind::Time, known);
            }
        }
    }

    fn start(&mut self, name: &str, with: &Assignments, known: &Known, span: &Range<usize>) {
        let kinds: Vec<Kind> = with.iter().map(|(_, expr)| self.kind(expr, known)).collect();
        let world = self.world;
        let Some(callee) = world.scripts.get(name) else {
            let near = did_you_mean(name, world.scripts.keys().map(String::as_str));
            let hint = match near {
                _ if world.broken.contains(name) => format!("{name}.yaml cannot be read: mend it first"),
                near if near.is_empty() => format!("write the file {name}.yaml"),
                near => near,
            };
            self.source.error("GS0407", span.clone(), format!("there is no script `{name}`"), hint);
            return;
        };
        for arg in &callee.args {
            if !with.iter().any(|(given, _)| given == arg) {
                let hint = format!("add `with: {{ {arg}: ... }}`");
                self.source.error("GS0408", span.clone(), format!("`{name}` needs `{arg}`"), hint);
            }
        }
        for ((given, expr), kind) in with.iter().zip(kinds) {
            if !callee.args.contains(given) {
                let near = did_you_mean(given, callee.args.iter().map(String::as_str));
                let hint = if near.is_empty() { "remove it".to_owned() } else { near };
                self.source.error("GS0408", expr.span.clone(), format!("`{name}` takes no `{given}`"), hint);
            } else if let Some(def) = callee.vars.get(given) {
                self.assign(&def.ty, &kind, expr);
                self.surely(expr, known, word_first(expr));
                if !expr.literals().is_empty() && answers::shows(callee, given) {
                    self.untranslated(expr);
                }
            }
        }
    }

    fn results(&mut self, name: &str, save: &Assignments, span: &Range<usize>) {
        let Some(callee) = self.world.scripts.get(name) else { return };
        for (var, expr) in save {
            self.var(var, span);
            if let ExprKind::Name(Name::Result(result)) = &expr.kind
                && result != "outcome"
                && !callee.returns.contains(result)
            {
                let near = did_you_mean(result, callee.returns.iter().map(String::as_str).chain(["outcome"]));
                let hint = if near.is_empty() { format!("add it to `returns` of {name}") } else { near };
                self.source.error("GS0409", expr.span.clone(), format!("`{name}` returns no `{result}`"), hint);
            }
        }
    }

    fn var(&mut self, name: &str, span: &Range<usize>) -> Option<&'c VarDef> {
        match self.script.vars.get_key_value(name) {
            Some((name, def)) => {
                self.used.insert(name.clone());
                Some(def)
            }
            None if self.script.unread.contains(name) => None,
            None => {
                let hint = did_you_mean(name, self.script.vars.keys().map(String::as_str));
                let hint =
                    if hint.is_empty() { format!("declare it: `vars: {{ {name}: {{ type: text }} }}`") } else { hint };
                self.source.error("GS0307", span.clone(), format!("there is no var `{name}`"), hint);
                None
            }
        }
    }

    fn fact(&mut self, name: &str, span: &Range<usize>) -> Option<&'c VarDef> {
        let found = self.world.facts.get(name);
        if found.is_none() && !self.world.unread.contains(name) {
            let near = did_you_mean(name, self.world.facts.keys().map(String::as_str));
            let hint = if near.is_empty() { "declare it there".to_owned() } else { near };
            self.source.error("GS0308", span.clone(), format!("there is no fact `me.{name}` in facts.yaml"), hint);
        }
        found
    }

    fn assign_var(&mut self, name: &str, expr: &Expr, known: &Known, span: &Range<usize>) {
        let kind = self.kind(expr, known);
        if let Some(def) = self.var(name, span) {
            self.assign(&def.ty, &kind, expr);
        }
    }

    fn assign_fact(&mut self, name: &str, expr: &Expr, known: &Known) {
        let kind = self.kind(expr, known);
        if let Some(def) = self.fact(name, &expr.span) {
            self.assign(&def.ty, &kind, expr);
        }
    }

    fn assign(&mut self, ty: &Type, kind: &Kind, expr: &Expr) {
        let target = Kind::of(ty);
        // A promise is kept as its id: `promise(which)` is the promise again.
        let promise_id = *kind == Kind::Promise && matches!(ty, Type::Text { .. });
        if !kind.fits(&target) && !promise_id {
            let message = format!("{} does not fit a var of type {}", kind.word(), ty.word());
            self.source.error("GS0303", expr.span.clone(), message, format!("{} goes here", target.word()));
        }
        if let (Type::Choice { of }, ExprKind::Literal(Value::Text(text))) = (ty, &expr.kind) {
            self.one_of(text, of, &expr.span);
        }
    }

    fn compose(&mut self, name: &str, text: &Template, span: &Range<usize>) {
        let Some(def) = self.var(name, span) else { return };
        let Type::Text { max } = def.ty else {
            self.source.error(
                "GS0303",
                span.clone(),
                format!("a text does not fit a var of type {}", def.ty.word()),
                "give the var the type text",
            );
            return;
        };
        let whole = text.literal_len() + text.holes().map(|hole| self.width(hole)).sum::<usize>();
        if whole > max {
            let message = format!("this may become {whole} characters long, and `{name}` keeps {max}");
            self.source.error(
                "GS0501",
                text.span.clone(),
                message,
                "raise `max` of the var, or lower it for the vars in the text",
            );
        }
    }

    fn list(&mut self, name: &str, span: Range<usize>) {
        if self.script.phrases.contains_key(name) || self.words.lists.contains_key(name) {
            self.lists.insert(name.to_owned());
        } else {
            let lists = self.script.phrases.keys().chain(self.words.lists.keys()).map(String::as_str);
            // The list that is meant is not a list that nobody asks for.
            self.lists.extend(nearest(name, lists.clone()).map(str::to_owned));
            let near = did_you_mean(name, lists);
            let hint = if near.is_empty() { format!("write it under `phrases`: `{name}: [...]`") } else { near };
            self.source.error("GS0309", span, format!("there is no phrase list `{name}`"), hint);
        }
    }

    fn list_used(&mut self, name: &str) {
        if !self.lists.contains(name) {
            list_unused(name, self.source);
        }
    }

    fn unused(&mut self) {
        for (name, def) in &self.script.vars {
            let is_used = self.used.contains(name) || self.script.args.contains(name);
            if !is_used && !self.script.returns.contains(name) {
                let hint = self
                    .where_to_fill(name)
                    .map_or("remove it".to_owned(), |missing| format!("{missing}, or remove it"));
                self.source.warn("GS0410", def.span.clone(), format!("the var `{name}` is not used"), hint);
            }
        }
        for name in &self.script.returns {
            if !self.script.vars.contains_key(name) {
                self.source.error(
                    "GS0307",
                    self.source.key("returns"),
                    format!("there is no var `{name}` to return"),
                    "declare it under `vars`",
                );
            }
        }
    }

    /// What takes the rest of a message is a text.
    fn rest(&mut self) {
        let Some(name) = &self.script.rest else { return };
        self.used.insert(name.clone());
        if !self.script.vars.get(name).is_some_and(|def| matches!(def.ty, Type::Text { .. })) {
            let hint = format!("declare it under `vars`: `{name}: {{ type: text, private: true }}`");
            self.source.error("GS0307", self.source.key("rest"), format!("there is no text var `{name}`"), hint);
        }
    }

    /// Names that questions had once: gone from the file, and leading to one that is there.
    fn renamed(&mut self) {
        for (old, new) in &self.script.renamed {
            let span = self.find_after("renamed", old);
            if self.script.waits.contains_key(old) {
                let hint = "give the new step another id, or take this line out";
                self.source.error("GS0421", span, format!("`{old}` is still the id of a step here"), hint);
            } else if !self.script.waits.contains_key(new) {
                let near = did_you_mean(new, self.script.waits.keys().map(String::as_str));
                let hint = if near.is_empty() { "it leads to the id of a question".to_owned() } else { near };
                self.source.error("GS0421", span, format!("no question is called `{new}`"), hint);
            }
        }
    }

    /// Cards in the place of cards.
    fn repair(&mut self) {
        for (card, script) in &self.script.repair {
            let span = self.find_after("repair", card);
            let stands_in = self.world.scripts.get(script).filter(|other| other.card);
            if !CARDS.iter().any(|known| known.name == card) {
                let hint = did_you_mean(card, CARDS.iter().map(|card| card.name));
                self.source.error("GS0412", span, format!("there is no card `{card}`"), hint);
            } else if stands_in.is_none_or(|other| other.card_name() != card) {
                let hint = format!("write system/{script}.yaml with `instead_of: {card}`");
                self.source.error("GS0423", span, format!("`{script}` does not stand in for `{card}`"), hint);
            }
        }
    }

    /// Where a word stands behind a key of the file's top.
    fn find_after(&self, key: &str, word: &str) -> Range<usize> {
        let text = self.source.text;
        let start = text.find(&format!("\n{key}:")).map_or(0, |at| at + 1);
        let at = text[start..].find(word).map_or(start, |at| start + at);
        at..at + word.len()
    }

    fn card(&mut self) {
        if !self.script.card {
            return;
        }
        let name = self.script.card_name();
        let Some(card) = CARDS.iter().find(|card| card.name == name) else {
            let near = did_you_mean(name, CARDS.iter().map(|card| card.name));
            let own = "only cards stand in system/: write `instead_of: unclear` for one that stands in for `unclear`";
            let hint = if near.is_empty() { own.to_owned() } else { near };
            self.source.error("GS0412", self.source.key("script"), format!("there is no card `{name}`"), hint);
            return;
        };
        for arg in &self.script.args {
            if !card.args.contains(&arg.as_str()) {
                let near = did_you_mean(arg, card.args.iter().copied());
                let hint = if near.is_empty() { format!("it is given: {}", card.args.join(", ")) } else { near };
                self.source.error("GS0413", self.source.key("args"), format!("this card is not given `{arg}`"), hint);
            }
        }
        for op in &self.script.ops {
            if let OpKind::End(word) = &op.kind
                && word != "done"
                && !card.ends.contains(&word.as_str())
            {
                let words = card.ends.iter().copied().chain(["done"]);
                let hint = did_you_mean(word, words);
                self.source.error("GS0414", op.span.clone(), format!("this card cannot end with `{word}`"), hint);
            }
            if let Some(verb) = forbidden_in_card(&op.kind) {
                let hint = "a card says, asks, branches, sets and ends; its end word is what the program goes by";
                self.source.error("GS0418", op.span.clone(), format!("a card cannot `{verb}`"), hint);
            }
        }
    }
}

/// What to do where something has to be handed over and may be empty.
fn word_first(expr: &Expr) -> String {
    match &expr.kind {
        ExprKind::Name(Name::Local(name)) => format!(
            "put a word there in a step before: `- if: {name} is none`, and below it `compose: {{ {name}: ... }}`"
        ),
        _ => "hand it over under an `if`, or put a word into a var with `compose` first".to_owned(),
    }
}

/// What an option is called by: its label, its other words, its value.
fn option_words(option: &Choice) -> BTreeSet<String> {
    let mut words = BTreeSet::from([fold(&option.label.literal())]);
    words.extend(option.also.iter().map(|phrase| phrase.folded().to_owned()));
    if let Some(Value::Text(value)) = &option.value {
        words.insert(fold(value));
    }
    words
}

/// Warns of a phrase list that nothing asks for.
pub(crate) fn list_unused(name: &str, source: &mut Source<'_>) {
    source.warn("GS0411", source.key(name), format!("the phrase list `{name}` is not used"), "remove it");
}

/// The verb of an operation that cards have no use for.
fn forbidden_in_card(kind: &OpKind) -> Option<&'static str> {
    Some(match kind {
        OpKind::Choose(choose) if choose.many => "choose_many",
        OpKind::Say { .. }
        | OpKind::SayCount { .. }
        | OpKind::Ask(_)
        | OpKind::Choose(_)
        | OpKind::Jump(_)
        | OpKind::JumpUnless(..)
        | OpKind::Set(_)
        | OpKind::End(_) => return None,
        OpKind::Wait(_) => "wait",
        OpKind::Compose(..) => "compose",
        OpKind::Remember(_) => "remember",
        OpKind::Forget(_) => "forget",
        OpKind::Journal { .. } => "journal",
        OpKind::Promise { .. } => "promise",
        OpKind::Settle { .. } => "settle",
        OpKind::CheckIn { .. } | OpKind::Deed { .. } => "record",
        OpKind::Schedule(_) => "schedule",
        OpKind::Cancel { .. } => "cancel",
        OpKind::Remind { .. } => "remind",
        OpKind::DropReminder(_) => "drop_reminder",
        OpKind::BeginStep(_) => "begin_step",
        OpKind::TurnDown(_) => "turn_down",
        OpKind::Call { .. } => "call",
        OpKind::Start { .. } => "start",
        OpKind::Redo { .. } => "redo",
    })
}
