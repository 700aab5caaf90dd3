//! Scripts as they were: earlier texts that somebody is still in the middle of, and texts that were withdrawn.
//!
//! Whoever stands in an earlier text that does not fit the present one ends in the earlier one. Knows texts, not sessions: which
//! of them are worth keeping is decided by the store's keeper.

use std::collections::{BTreeMap, BTreeSet};

use super::model::Script;
use super::problem::{Severity, Source};
use super::{check, parse};

/// A text of a script, by its revision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EarlierText {
    /// The script's name.
    pub name: String,
    /// The hash of the text.
    pub rev: String,
    /// The text.
    pub text: String,
    /// True when nobody may go on in it: it does harm.
    pub withdrawn: bool,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Earlier {
    scripts: BTreeMap<String, BTreeMap<String, (Script, bool)>>,
    /// Withdrawn texts, present ones too: name and revision.
    withdrawn: BTreeSet<(String, String)>,
    /// Revisions of present texts that the program cannot do without.
    needed: Vec<String>,
}

impl Earlier {
    /// Reads earlier texts. One that this version cannot read any more is left out: who stands in it is told that it changed.
    pub(super) fn new<'t>(gone: impl Iterator<Item = &'t EarlierText>, all: &[EarlierText], needed: &[String]) -> Self {
        let withdrawn = all.iter().filter(|text| text.withdrawn);
        let withdrawn = withdrawn.map(|text| (text.name.clone(), text.rev.clone())).collect();
        let mut scripts: BTreeMap<String, BTreeMap<String, (Script, bool)>> = BTreeMap::new();
        for text in gone {
            let mut source = Source::new(&text.name, &text.text);
            let Some(mut script) = parse::script(&mut source, &text.name, false) else { continue };
            check::settle(&mut script, &mut source);
            let wrong = source.problems.iter().any(|problem| problem.severity == Severity::Error);
            if !wrong {
                scripts.entry(text.name.clone()).or_default().insert(text.rev.clone(), (script, text.withdrawn));
            }
        }
        Self { scripts, withdrawn, needed: needed.to_vec() }
    }

    /// The same with each script in another shape.
    pub(super) fn each(&self, change: impl Fn(&Script) -> Script) -> Self {
        let changed = |texts: &BTreeMap<String, (Script, bool)>| {
            texts.iter().map(|(rev, (script, withdrawn))| (rev.clone(), (change(script), *withdrawn))).collect()
        };
        let scripts = self.scripts.iter().map(|(name, texts)| (name.clone(), changed(texts))).collect();
        Self { scripts, ..self.clone() }
    }

    pub(super) fn script(&self, name: &str, rev: &str) -> Option<&Script> {
        let (script, withdrawn) = self.scripts.get(name)?.get(rev)?;
        (!withdrawn).then_some(script)
    }

    pub(super) fn compared(&self, name: &str, rev: &str) -> Option<&Script> {
        self.scripts.get(name)?.get(rev).map(|(script, _)| script)
    }

    pub(super) fn is_withdrawn(&self, script: &Script) -> bool {
        let named = |(name, rev): &(String, String)| *name == script.name && *rev == script.rev;
        self.withdrawn.iter().any(named) && !self.needed.contains(&script.rev)
    }

    pub(super) fn withdrawn(&self) -> impl Iterator<Item = (&str, &str)> {
        self.withdrawn.iter().map(|(name, rev)| (name.as_str(), rev.as_str()))
    }
}
