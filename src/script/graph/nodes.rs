//! What is drawn for each operation.

use super::super::model::{Op, OpKind, Question};
use super::super::text::Template;
use super::words::{Typed, shortened, shown};
use super::{Node, NodeKind};

const MESSAGE: usize = 130;
const QUESTION: usize = 180;
/// The longest text of a button, or of a way that is named after one.
pub(super) const BUTTON: usize = 28;

/// What is drawn for an operation; nothing for one that nobody meets.
pub(super) fn node(op: &Op, typed: &Typed) -> Option<Node> {
    let at = |name: &str| typed.inside(op.span.start, name).to_owned();
    Some(match &op.kind {
        OpKind::Say { texts, .. } => said(texts),
        OpKind::SayCount { forms, .. } => said(&forms[forms.len() - 1..]),
        OpKind::Ask(ask) => {
            let mut node = asked(&ask.question);
            let names: Vec<&str> = ask.objections.iter().map(|objection| objection.name.as_str()).collect();
            if !names.is_empty() {
                node.notes.push(format!("asks again: {}", shortened(&names.join(", "), 60)));
            }
            node
        }
        OpKind::Choose(choose) => {
            let mut node = asked(&choose.question);
            node.buttons = choose.options.iter().map(|option| shown(&option.label.source, BUTTON)).collect();
            node.notes.extend(choose.many.then(|| "several may be picked".to_owned()));
            node.notes.extend(choose.other_text.then(|| "or any other words".to_owned()));
            node
        }
        OpKind::Wait(wait) => {
            let until = [at("until"), at("for")].into_iter().find(|when| !when.is_empty()).unwrap_or_default();
            Node { lines: vec![format!("waits: {until}")], ..Node::new(NodeKind::Wait, &wait.id) }
        }
        OpKind::JumpUnless(..) => Node::new(NodeKind::Branch, ""),
        OpKind::Call { script, .. } => Node::new(NodeKind::Script, format!("runs {script}")),
        OpKind::Start { script, .. } => Node::new(NodeKind::Script, format!("goes on with {script}")),
        OpKind::Schedule(schedule) => {
            let when = format!("{}, {}", schedule.run, at("at"));
            Node { lines: vec![when], ..Node::new(NodeKind::Keep, "plans") }
        }
        OpKind::Cancel { name, .. } => Node { lines: vec![name.clone()], ..Node::new(NodeKind::Keep, "plans no more") },
        OpKind::Remind { .. } => {
            Node { lines: vec![format!("comes {}", at("at"))], ..Node::new(NodeKind::Keep, "keeps a reminder") }
        }
        OpKind::BeginStep(_) => Node::new(NodeKind::Script, "goes on with a step of a path"),
        OpKind::DropReminder(_) => Node::new(NodeKind::Keep, "drops a reminder"),
        OpKind::Promise { .. } => {
            Node { lines: vec![format!("due {}", at("due"))], ..Node::new(NodeKind::Keep, "keeps a promise") }
        }
        OpKind::Journal { title, .. } => {
            Node { lines: vec![shown(&title.source, 50)], ..Node::new(NodeKind::Keep, "keeps in the journal") }
        }
        OpKind::End(word) => Node::new(NodeKind::End, format!("end: {word}")),
        OpKind::Jump(_)
        | OpKind::Set(_)
        | OpKind::Compose(..)
        | OpKind::Remember(_)
        | OpKind::Forget(_)
        | OpKind::Settle { .. }
        | OpKind::CheckIn { .. }
        | OpKind::TurnDown(_)
        | OpKind::Deed { .. }
        | OpKind::Redo { .. } => return None,
    })
}

fn said(texts: &[Template]) -> Node {
    let mut node = Node::new(NodeKind::Say, "");
    let others = if texts.len() > 1 { format!(" (one of {})", texts.len()) } else { String::new() };
    node.lines.extend(texts.first().map(|text| shown(&text.source, MESSAGE) + &others));
    node
}

fn asked(question: &Question) -> Node {
    let mut node = Node::new(NodeKind::Ask, &question.id);
    node.lines.push(shown(&question.prompt.source, QUESTION));
    if question.skip {
        node.notes.push("may be skipped".into());
    }
    node
}
