//! What a script file may hold: every mapping, its keys in the order they are best written in, what each takes, a sentence of help.
//!
//! One table for the reader's lists of words, the schema that editors use and the formatter. Reads nothing itself; tests hold it
//! against the reader, key by key.

mod files;
mod steps;

pub(crate) use files::{BANNED, CARD, FACTS, LANGUAGE_PHRASES, PATHS, PHRASES, SCRIPT, SCRIPT_WORDS};
pub(crate) use steps::STEP;

/// A kind of mapping.
#[derive(Debug)]
pub(crate) struct Shape {
    /// What messages call it.
    pub(crate) what: &'static str,
    pub(crate) help: &'static str,
    /// Keys that stand before those of a case.
    pub(crate) before: &'static [Key],
    pub(crate) cases: Cases,
    /// Keys that stand behind those of a case.
    pub(crate) after: &'static [Key],
}

/// What a mapping may be, when it is not always the same.
#[derive(Debug)]
pub(crate) enum Cases {
    /// It is always the same.
    One,
    /// A key that only this case has tells which it is: a step's verb.
    ByKey(&'static [Case]),
    /// The word behind this key tells which it is: a var's type.
    ByWord(Key, &'static [Case]),
}

/// One thing that a mapping may be.
#[derive(Debug)]
pub(crate) struct Case {
    /// The key that tells, or the word.
    pub(crate) telling: Key,
    /// What else belongs to it, in groups that cases share.
    pub(crate) keys: &'static [&'static [Key]],
    /// Whether it may stand in a card.
    pub(crate) in_cards: bool,
}

/// A key and what stands behind it.
#[derive(Debug)]
pub(crate) struct Key {
    pub(crate) name: &'static str,
    pub(crate) takes: Takes,
    pub(crate) help: &'static str,
    pub(crate) needed: bool,
}

/// What stands behind a key.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Takes {
    Name,
    Names,
    /// One of these.
    Word(&'static [&'static str]),
    /// Words that start a script, and /commands.
    Starters,
    /// Text without holes.
    Plain,
    /// Text with holes.
    Text,
    Texts,
    Phrases,
    Expression,
    Flag,
    /// A whole number within bounds.
    Whole(i64, i64),
    Decimal,
    Duration,
    /// A day of the calendar.
    Day,
    When,
    Steps,
    /// One mapping.
    Map(&'static Shape),
    /// Several mappings.
    Maps(&'static Shape),
    /// Something for each of several names that the author gives.
    Each(&'static Takes),
}

impl Shape {
    pub(crate) fn cases(&self) -> &'static [Case] {
        match self.cases {
            Cases::One => &[],
            Cases::ByKey(cases) | Cases::ByWord(_, cases) => cases,
        }
    }

    /// All keys of one case, or of a mapping that has no cases, in the order they are best written in.
    pub(crate) fn keys(&'static self, case: Option<&'static Case>) -> impl Iterator<Item = &'static Key> {
        let telling = match &self.cases {
            Cases::One => None,
            Cases::ByKey(_) => case.map(|case| &case.telling),
            Cases::ByWord(key, _) => Some(key),
        };
        let own = case.into_iter().flat_map(|case| case.keys.iter().copied().flatten());
        self.before.iter().chain(telling).chain(own).chain(self.after)
    }
}

impl Key {
    pub(crate) const fn may(name: &'static str, takes: Takes, help: &'static str) -> Self {
        Self { name, takes, help, needed: false }
    }

    pub(crate) const fn must(name: &'static str, takes: Takes, help: &'static str) -> Self {
        Self { name, takes, help, needed: true }
    }
}

/// Everything a step can do.
pub(crate) fn verbs() -> impl Iterator<Item = &'static str> + Clone {
    STEP.cases().iter().map(|case| case.telling.name)
}

/// Everything a var can be.
pub(crate) fn types() -> impl Iterator<Item = &'static str> + Clone {
    files::VAR.cases().iter().map(|case| case.telling.name)
}

// The tables are written with macros, because what a function is given it cannot lend out for ever.

/// A mapping that is always the same.
macro_rules! shape {
    ($what:literal, $help:literal, $keys:expr $(,)?) => {
        Shape { what: $what, help: $help, before: $keys, cases: Cases::One, after: &[] }
    };
}

/// A case that cards may hold too.
macro_rules! said {
    ($name:literal, $takes:expr, $help:literal) => {
        said!($name, $takes, $help, [])
    };
    ($name:literal, $takes:expr, $help:literal, $keys:expr) => {
        Case { telling: Key::must($name, $takes, $help), keys: &$keys, in_cards: true }
    };
}

/// A case that cards have no use for.
macro_rules! done {
    ($name:literal, $takes:expr, $help:literal) => {
        done!($name, $takes, $help, [])
    };
    ($name:literal, $takes:expr, $help:literal, $keys:expr) => {
        Case { telling: Key::must($name, $takes, $help), keys: &$keys, in_cards: false }
    };
}

use {done, said, shape};

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::library::{Library, PromptFile, Report, Reserved};
    use super::super::parse;
    use super::super::problem::Source;
    use super::super::read::{FINISHED, Finished};
    use super::*;

    /// A mapping that has every key of its case.
    fn sample(shape: &'static Shape, case: Option<&'static Case>) -> String {
        let tells = matches!(shape.cases, Cases::ByWord(..));
        let mut seen = BTreeSet::new();
        let keys = shape.keys(case).filter(|key| seen.insert(key.name)).map(|key| match (key.name, case) {
            ("type", Some(case)) if tells => format!("type: {}", case.telling.name),
            (name, _) => format!("{name}: {}", value(key.takes)),
        });
        format!("{{ {} }}", keys.collect::<Vec<_>>().join(", "))
    }

    fn samples(shape: &'static Shape) -> Vec<String> {
        match shape.cases() {
            [] => vec![sample(shape, None)],
            cases => cases.iter().map(|case| sample(shape, Some(case))).collect(),
        }
    }

    fn value(takes: Takes) -> String {
        match takes {
            Takes::Name | Takes::Plain | Takes::Text | Takes::Expression => "word".into(),
            Takes::Names | Takes::Texts | Takes::Phrases | Takes::Starters => "[word]".into(),
            Takes::Word(words) => words[0].into(),
            Takes::Flag => "true".into(),
            Takes::Whole(_, most) => most.to_string(),
            Takes::Decimal => "0.5".into(),
            Takes::Duration => "3h".into(),
            Takes::Day => "2026-03-02".into(),
            Takes::When => "in 3d".into(),
            Takes::Steps => format!("[{}]", sample(&STEP, STEP.cases().first())),
            Takes::Map(shape) => sample(shape, shape.cases().first()),
            Takes::Maps(shape) => format!("[{}]", samples(shape).join(", ")),
            Takes::Each(Takes::Map(shape)) => {
                let named =
                    samples(shape).into_iter().enumerate().map(|(index, sample)| format!("word{index}: {sample}"));
                format!("{{ {} }}", named.collect::<Vec<_>>().join(", "))
            }
            Takes::Each(inner) => format!("{{ word: {} }}", value(*inner)),
        }
    }

    /// A file that has every key there is, and every step.
    fn everything(shape: &'static Shape) -> String {
        let steps: Vec<String> = samples(&STEP).into_iter().map(|step| format!("  - {step}\n")).collect();
        let keys = shape.before.iter().map(|key| match key.name {
            "steps" => format!("steps:\n{}", steps.concat()),
            name => format!("{name}: {}\n", value(key.takes)),
        });
        keys.collect()
    }

    fn read(path: &str, shape: &'static Shape) -> (Report, Vec<Finished>) {
        FINISHED.take();
        let file = PromptFile { path: path.into(), text: everything(shape) };
        (Library::load(&[file]).1, FINISHED.take())
    }

    fn shapes(shape: &'static Shape, found: &mut Vec<&'static Shape>) {
        if found.iter().any(|known| known.what == shape.what) {
            return;
        }
        found.push(shape);
        let cases = shape.cases().iter().map(Some).chain([None]);
        for key in cases.flat_map(|case| shape.keys(case)) {
            match key.takes {
                Takes::Map(inner) | Takes::Maps(inner) => shapes(inner, found),
                Takes::Each(Takes::Map(inner) | Takes::Maps(inner)) => shapes(inner, found),
                Takes::Steps => shapes(&STEP, found),
                _ => {}
            }
        }
    }

    #[test]
    fn the_reader_takes_every_key_of_the_table() {
        let shape_of_reading = ["GS0001", "GS0101", "GS0102", "GS0103", "GS0105", "GS0111", "GS0113", "GS0301"];
        let files = [
            ("word.yaml", &SCRIPT),
            ("system/word.yaml", &CARD),
            ("facts.yaml", &FACTS),
            ("phrases.yaml", &PHRASES),
            ("banned.yaml", &BANNED),
            ("paths.yaml", &PATHS),
        ];
        for (path, shape) in files {
            let (report, _) = read(path, shape);
            let wrong = report.problems.iter().filter(|problem| shape_of_reading.contains(&problem.code));
            assert_eq!(wrong.map(ToString::to_string).collect::<Vec<_>>(), [""; 0], "{}", everything(shape));
        }
    }

    #[test]
    fn the_reader_takes_every_key_of_a_language_s_files() {
        let script = PromptFile { path: "word.yaml".into(), text: everything(&SCRIPT) };
        for (path, shape) in
            [("languages/es/phrases.yaml", &LANGUAGE_PHRASES), ("languages/es/word.yaml", &SCRIPT_WORDS)]
        {
            let file = PromptFile { path: path.into(), text: everything(shape) };
            let report = Library::load(&[script.clone(), file]).1;
            let unknown = report.problems.iter().filter(|problem| problem.file == path && problem.code == "GS0101");
            // `reserved` has names of its own, and `word` is none of them.
            let unknown = unknown.filter(|problem| !problem.message.contains("reserved word"));
            assert_eq!(unknown.map(ToString::to_string).collect::<Vec<_>>(), [""; 0], "{}", everything(shape));
        }
    }

    #[test]
    fn the_table_has_every_key_that_the_reader_asks_for() {
        let mut known = Vec::new();
        [&SCRIPT, &FACTS, &PHRASES, &BANNED, &PATHS].into_iter().for_each(|shape| shapes(shape, &mut known));
        let files = [
            ("word.yaml", &SCRIPT),
            ("facts.yaml", &FACTS),
            ("phrases.yaml", &PHRASES),
            ("banned.yaml", &BANNED),
            ("paths.yaml", &PATHS),
        ];
        let mut seen = BTreeSet::new();
        for finished in files.into_iter().flat_map(|(path, shape)| read(path, shape).1) {
            let shape =
                known.iter().find(|shape| shape.what == finished.what).unwrap_or_else(|| panic!("{finished:?}"));
            let telling = shape.cases().iter().map(|case| case.telling.name);
            let spare = finished.asked.iter().filter(|key| !finished.present.iter().any(|name| name == *key));
            let unknown: Vec<_> = spare.filter(|key| !telling.clone().any(|name| name == **key)).collect();
            assert_eq!(unknown, [&""; 0], "{}: {:?}", finished.what, finished.present);
            seen.insert(finished.what);
        }
        // Its words are read one by one.
        seen.insert("`reserved`");
        assert_eq!(seen, known.iter().map(|shape| shape.what).collect());
    }

    #[test]
    fn every_verb_does_something() {
        for (verb, step) in verbs().zip(samples(&STEP)) {
            let text = format!("script: word\ntitle: Word\nsteps:\n  - {step}\n");
            let script = parse::script(&mut Source::new("word.yaml", &text), "word", false).unwrap();
            assert!(script.ops.len() > 2, "{verb}");
        }
    }

    #[test]
    fn the_table_knows_the_reserved_words_and_what_cards_may_do() {
        let mut known = Vec::new();
        shapes(&PHRASES, &mut known);
        let reserved = known.iter().find(|shape| shape.what == "`reserved`").unwrap();
        assert_eq!(reserved.before.iter().map(|key| key.name).collect::<Vec<_>>(), Reserved::ALL.map(Reserved::as_str));
        for (case, step) in STEP.cases().iter().zip(samples(&STEP)) {
            let text = format!("script: idle\ntitle: Idle\nsteps:\n  - {step}\n");
            let report = Library::load(&[PromptFile { path: "system/idle.yaml".into(), text }]).1;
            let refused = report.problems.iter().any(|problem| problem.code == "GS0418");
            assert_eq!(refused, !case.in_cards, "{}", case.telling.name);
        }
    }
}
