//! `banned.yaml`: words that the bot does not say, why not, what to write instead, and where that holds.
//!
//! Reads and matches; which texts there are and what is reported is known to `check::content`. One file holds one language.

use super::problem::{Source, did_you_mean};
use super::read::{self, Fields};
use super::yaml::Node;
use crate::phrase::{Phrase, PhraseSet, fold, words};

/// Where a word has no place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Where {
    /// In no text at all.
    Everywhere,
    /// In texts that show how many there were.
    Counts,
    /// In scripts that are marked as heavy.
    Heavy,
}

/// Words as they stand in the file, and as they are looked for.
#[derive(Clone, Debug)]
struct Word {
    text: String,
    phrase: Phrase,
}

/// Some words that are not said, for one reason.
#[derive(Clone, Debug)]
pub(crate) struct Rule {
    words: Vec<Word>,
    pub(crate) place: Where,
    /// Why not.
    pub(crate) why: String,
    /// What to write in their place.
    pub(crate) instead: String,
    /// Sentences with one of these are meant otherwise.
    except: Vec<Phrase>,
}

impl Rule {
    /// The first of its words that a text says. A word and what excuses it belong to one sentence.
    pub(crate) fn found_in(&self, sentences: &[Vec<&str>]) -> Option<&str> {
        sentences.iter().find_map(|sentence| {
            let found = self.words.iter().find(|word| word.phrase.occurs_among(sentence))?;
            let excused = self.except.iter().any(|phrase| phrase.occurs_among(sentence));
            (!excused).then_some(found.text.as_str())
        })
    }
}

/// All rules of a language.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rules {
    rules: Vec<Rule>,
    /// All their words: most texts have none of them.
    words: PhraseSet,
}

impl Rules {
    /// The rules that a text may be against, by some word in it.
    pub(crate) fn about(&self, sentences: &[Vec<&str>]) -> &[Rule] {
        let said = sentences.iter().any(|sentence| self.words.any_occurs_among(sentence));
        if said { &self.rules } else { &[] }
    }
}

impl FromIterator<Rule> for Rules {
    fn from_iter<I: IntoIterator<Item = Rule>>(rules: I) -> Self {
        let rules: Vec<Rule> = rules.into_iter().collect();
        let words = rules.iter().flat_map(|rule| &rule.words).map(|word| word.phrase.clone()).collect();
        Self { rules, words }
    }
}

/// The sentences of a text, folded.
pub(crate) fn sentences(text: &str) -> Vec<String> {
    text.split(['.', '!', '?', '\n']).map(fold).collect()
}

/// The words of each sentence.
pub(crate) fn words_of(sentences: &[String]) -> Vec<Vec<&str>> {
    sentences.iter().map(|sentence| words(sentence).collect()).collect()
}

/// Reads the file.
pub(crate) fn rules(source: &mut Source<'_>) -> Rules {
    let Some(root) = super::yaml::parse(source) else { return Rules::default() };
    let Some(mut fields) = Fields::of(&root, "banned.yaml", source) else { return Rules::default() };
    let items = fields.need("banned", source).map(|node| read::items(node, "a list of rules", source));
    fields.finish(source);
    items.unwrap_or_default().into_iter().filter_map(|item| rule(item, source)).collect()
}

fn rule(node: &Node, source: &mut Source<'_>) -> Option<Rule> {
    let mut fields = Fields::of(node, "a rule", source)?;
    let words = fields.need("phrases", source).map(|node| words_of_rule(node, source)).unwrap_or_default();
    let place = fields.need("where", source).and_then(|node| place(node, source));
    let why = fields.need("why", source).and_then(|node| read::plain(node, "a reason", source));
    let instead = fields.need("instead", source).and_then(|node| read::plain(node, "what to write", source));
    let except = fields.take("except").map(|node| read::phrases(node, source)).unwrap_or_default();
    fields.finish(source);
    Some(Rule { words, place: place?, why: why?, instead: instead?, except })
}

fn words_of_rule(node: &Node, source: &mut Source<'_>) -> Vec<Word> {
    let mut found = Vec::new();
    for item in read::items(node, "a list of phrases", source) {
        let text = item.scalar().map_or(String::new(), |scalar| scalar.text.trim().to_lowercase());
        found.extend(read::phrases(item, source).into_iter().map(|phrase| Word { text: text.clone(), phrase }));
    }
    found
}

fn place(node: &Node, source: &mut Source<'_>) -> Option<Where> {
    match read::text(node, "everywhere, counts or heavy", source)? {
        "everywhere" => Some(Where::Everywhere),
        "counts" => Some(Where::Counts),
        "heavy" => Some(Where::Heavy),
        other => {
            let hint = did_you_mean(other, ["everywhere", "counts", "heavy"]);
            source.error("GS0105", node.span.clone(), format!("`{other}` is not a place"), hint);
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phrase_is_excused_in_its_own_sentence_only() {
        let text = "banned:\n  - { phrases: [lost], where: counts, why: w, instead: i, except: [hours ... lost] }\n";
        let mut source = Source::new("banned.yaml", text);
        let rules = rules(&mut source);
        assert!(source.problems.is_empty(), "{:?}", source.problems);
        let found = |text: &str| {
            let sentences = sentences(text);
            let words = words_of(&sentences);
            rules.about(&words).first().is_some_and(|rule| rule.found_in(&words).is_some())
        };
        assert!(found("You lost 3.") && found("It is lost."));
        assert!(!found("Three hours of sleep lost.") && !found("A flower blossoms."));
        assert!(found("Three hours lost. And 2 promises lost."));
    }
}
