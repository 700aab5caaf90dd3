//! Phrases: what an author lists so that an answer can be recognised, and the folding that makes typing forgiving.
//!
//! A phrase is words; `*` at the end of a word stands for any ending, at its beginning for any beginning, `...` for up to four words.
//! Never a regular expression.

use std::borrow::Cow;
use std::collections::BTreeMap;

use unicode_normalization::UnicodeNormalization;

/// How many words `...` may stand for.
const GAP: usize = 4;

/// A text for comparing: NFKC, lower case, no accents, straight quotes, single spaces, no punctuation at the ends.
///
/// ```
/// assert_eq!(goldseam::phrase::fold("  I’m  FINE. "), "i'm fine");
/// assert_eq!(goldseam::phrase::fold("¿Mañana?"), "manana");
/// ```
#[must_use]
pub fn fold(text: &str) -> String {
    // Most of what people type: nothing in it has another form.
    if text.is_ascii() {
        return fold_ascii(text);
    }
    // Taken apart, without the accents, and put together again: scripts whose vowels are marks keep them.
    let straight: String = text
        .nfkd()
        .filter(|character| !is_accent(*character))
        .nfc()
        .filter(|character| !is_invisible(*character))
        .map(|character| match character {
            '\u{2018}' | '\u{2019}' | '`' | '\u{b4}' => '\'',
            '\u{201c}' | '\u{201d}' | '\u{201e}' | '\u{ab}' | '\u{bb}' => '"',
            other => other,
        })
        .collect();
    squeeze(straight.to_lowercase().split_whitespace())
}

/// What does not count at the ends of a text.
fn is_outside(character: char) -> bool {
    matches!(character, '.' | '!' | '?' | ',' | ';' | ':' | '"' | ' ' | '\u{bf}' | '\u{a1}')
}

/// [`fold`] of a text that is plain ASCII, in one pass.
fn fold_ascii(text: &str) -> String {
    let text = text.trim_matches(|c: char| is_outside(c) || c.is_ascii_whitespace());
    let mut folded = String::with_capacity(text.len());
    let mut spaced = false;
    for byte in text.bytes() {
        if byte.is_ascii_whitespace() {
            spaced = true;
            continue;
        }
        if std::mem::take(&mut spaced) {
            folded.push(' ');
        }
        folded.push(if byte == b'`' { '\'' } else { char::from(byte.to_ascii_lowercase()) });
    }
    folded
}

/// False when a text surely does not fold to this, which is told by its first letter.
#[must_use]
pub(crate) fn may_fold_to(text: &str, folded: &str) -> bool {
    let first = text.bytes().find(|byte| !is_outside(char::from(*byte)) && !byte.is_ascii_whitespace());
    match (first, folded.bytes().next()) {
        (Some(first), Some(wanted)) if first.is_ascii_alphanumeric() && text.is_ascii() => {
            first.to_ascii_lowercase() == wanted
        }
        _ => true,
    }
}

/// Words with single spaces between them, without punctuation at the ends.
fn squeeze<'w>(words: impl Iterator<Item = &'w str>) -> String {
    let mut whole = String::new();
    for word in words {
        if !whole.is_empty() {
            whole.push(' ');
        }
        whole.push_str(word);
    }
    whole.truncate(whole.trim_end_matches(is_outside).len());
    let begins = whole.len() - whole.trim_start_matches(is_outside).len();
    whole.drain(..begins);
    whole
}

/// The marks over and under letters of Latin, Greek and Cyrillic: few people type all of them on a phone.
fn is_accent(character: char) -> bool {
    matches!(character, '\u{300}'..='\u{36f}')
}

fn is_invisible(character: char) -> bool {
    matches!(character, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{feff}' | '\u{fe00}'..='\u{fe0f}')
}

/// The words of a folded text, without punctuation; apostrophes in them do not count.
pub fn words(folded: &str) -> impl Iterator<Item = &str> {
    let is_outside = |c: char| !(c.is_alphanumeric() || c == '\'');
    folded.split(is_outside).filter(|word| word.bytes().any(|byte| byte != b'\''))
}

/// The words of a folded text with single spaces between them, by which a whole message is found among many phrases.
#[must_use]
pub fn key(folded: &str) -> String {
    let mut key = String::with_capacity(folded.len());
    for word in words(folded) {
        if !key.is_empty() {
            key.push(' ');
        }
        key.extend(word.split('\''));
    }
    key
}

/// Bytes of a word that count.
fn bytes(word: &str) -> impl Iterator<Item = u8> {
    word.bytes().filter(|byte| *byte != b'\'')
}

fn is_word(wanted: &str, found: &str) -> bool {
    wanted == found || (found.contains('\'') && bytes(found).eq(wanted.bytes()))
}

fn begins_with(start: &str, found: &str) -> bool {
    found.starts_with(start) || (found.contains('\'') && bytes(found).take(start.len()).eq(start.bytes()))
}

fn ends_with(end: &str, found: &str) -> bool {
    found.ends_with(end) || (found.contains('\'') && found.replace('\'', "").ends_with(end))
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Word(String),
    Start(String),
    End(String),
    Gap,
}

/// A phrase of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Phrase {
    parts: Vec<Part>,
    /// The folded text as it was written, for whole-message comparison.
    folded: String,
    /// The first letter of a phrase that is plain words: most texts are told from it by theirs.
    first: Option<u8>,
}

impl Phrase {
    /// Reads a phrase; nothing comes back when it has no word.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let folded = fold(text);
        let mut parts = Vec::new();
        for chunk in text.split_whitespace() {
            if chunk == "..." || chunk == "\u{2026}" {
                parts.push(Part::Gap);
                continue;
            }
            let (ends, starts) = (chunk.starts_with('*'), chunk.ends_with('*'));
            let chunk = fold(chunk.trim_matches('*'));
            let found: Vec<String> = words(&chunk).map(|word| word.replace('\'', "")).collect();
            let last = found.len().saturating_sub(1);
            for (index, word) in found.into_iter().enumerate() {
                parts.push(match (starts && index == last, ends && index == 0) {
                    (true, _) => Part::Start(word),
                    (false, true) => Part::End(word),
                    (false, false) => Part::Word(word),
                });
            }
        }
        let first = match parts.first() {
            Some(Part::Word(word)) => word.bytes().next(),
            _ => None,
        };
        parts.iter().any(|part| *part != Part::Gap).then_some(Self { parts, folded, first })
    }

    /// True when the phrase stands anywhere in a folded text.
    #[must_use]
    pub fn occurs_in(&self, folded: &str) -> bool {
        self.occurs_among(&words(folded).collect::<Vec<_>>())
    }

    /// The same, in the [`words`] of a folded text: for a text that is compared with many phrases.
    #[must_use]
    pub fn occurs_among(&self, words: &[&str]) -> bool {
        (0..words.len().max(1)).any(|start| matches(&self.parts, words.get(start..).unwrap_or(&[])))
    }

    /// What a whole message has to be to be this phrase and nothing else, as [`key`] makes it of the message; nothing when the phrase
    /// leaves something open.
    #[must_use]
    pub fn key(&self) -> Option<String> {
        let words = self.parts.iter().map(|part| if let Part::Word(word) = part { Some(word.as_str()) } else { None });
        Some(words.collect::<Option<Vec<_>>>()?.join(" "))
    }

    /// True when the folded text is this phrase and nothing else.
    #[must_use]
    pub fn is_all_of(&self, folded: &str) -> bool {
        if self.folded == folded {
            return true;
        }
        match (self.first, folded.bytes().find(|byte| byte.is_ascii_alphanumeric() || !byte.is_ascii())) {
            (Some(own), Some(first)) if own != first && first.is_ascii() => return false,
            _ => {}
        }
        let mut found = words(folded);
        let same =
            |part: &Part| matches!(part, Part::Word(word) if found.next().is_some_and(|found| is_word(word, found)));
        self.parts.iter().all(same) && found.next().is_none()
    }

    /// The folded text.
    #[must_use]
    pub fn folded(&self) -> &str {
        &self.folded
    }

    /// How many words it has.
    #[must_use]
    pub fn word_count(&self) -> usize {
        self.parts.iter().filter(|part| **part != Part::Gap).count()
    }
}

/// Many phrases at once, found by the words they begin with.
#[derive(Clone, Debug, Default)]
pub struct PhraseSet {
    /// Those that begin with a whole word.
    by_word: BTreeMap<String, Vec<Phrase>>,
    others: Vec<Phrase>,
}

impl PhraseSet {
    /// True when any of them stands in a folded text.
    #[must_use]
    pub fn any_occurs_in(&self, folded: &str) -> bool {
        self.any_occurs_among(&words(folded).collect::<Vec<_>>())
    }

    /// The same, in the [`words`] of a folded text.
    #[must_use]
    pub fn any_occurs_among(&self, words: &[&str]) -> bool {
        let begins = |at: usize| {
            let word = words[at];
            let bare: Cow<'_, str> = if word.contains('\'') { word.replace('\'', "").into() } else { word.into() };
            let phrases = self.by_word.get(&*bare).map_or(&[][..], Vec::as_slice);
            phrases.iter().any(|phrase| matches(&phrase.parts, &words[at..]))
        };
        (0..words.len()).any(begins) || self.others.iter().any(|phrase| phrase.occurs_among(words))
    }
}

impl FromIterator<Phrase> for PhraseSet {
    fn from_iter<I: IntoIterator<Item = Phrase>>(phrases: I) -> Self {
        let mut set = Self::default();
        for phrase in phrases {
            match phrase.parts.first() {
                Some(Part::Word(word)) => set.by_word.entry(word.clone()).or_default().push(phrase),
                _ => set.others.push(phrase),
            }
        }
        set
    }
}

/// True when any of several phrases stands in a folded text.
#[must_use]
pub fn any_occurs_in(phrases: &[Phrase], folded: &str) -> bool {
    let words: Vec<&str> = words(folded).collect();
    phrases.iter().any(|phrase| phrase.occurs_among(&words))
}

fn matches(parts: &[Part], words: &[&str]) -> bool {
    let Some((part, rest)) = parts.split_first() else { return true };
    match part {
        Part::Word(word) => {
            words.split_first().is_some_and(|(first, tail)| is_word(word, first) && matches(rest, tail))
        }
        Part::Start(start) => {
            words.split_first().is_some_and(|(first, tail)| begins_with(start, first) && matches(rest, tail))
        }
        Part::End(end) => words.split_first().is_some_and(|(first, tail)| ends_with(end, first) && matches(rest, tail)),
        // A gap at the end asks for at least one word: "be more ..." is not met by "be more".
        Part::Gap if rest.is_empty() => !words.is_empty(),
        Part::Gap => (0..=GAP.min(words.len())).any(|skipped| matches(rest, &words[skipped..])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn occurs(phrase: &str, text: &str) -> bool {
        Phrase::new(phrase).unwrap().occurs_in(&fold(text))
    }

    #[test]
    fn phrases_meet_what_people_type() {
        assert!(occurs("don't know", "I dont know."));
        assert!(occurs("don't know", "I DON\u{2019}T KNOW"));
        assert!(occurs("overreact*", "You were overreacting!"));
        assert!(occurs("be more ...", "I will be more patient"));
        assert!(!occurs("be more ...", "I will be more"));
        assert!(occurs("if i ... hurt", "if I ever really badly hurt you"));
        assert!(!occurs("if i ... hurt", "if I one two three four five hurt you"));
        assert!(occurs("*e mal", "grit\u{e9} mal"));
        assert!(!occurs("*e mal", "grito mal"));
        assert!(!occurs("but", "a button"));
        assert!(!occurs("try to", "country tours"));
    }

    #[test]
    fn plain_text_is_folded_as_any_other() {
        let mut rng = fastrand::Rng::with_seed(7);
        let letters = b"aZ09 \t\n.!?,;:\"'`-/";
        for _ in 0..5_000 {
            let text: String = (0..rng.usize(..12)).map(|_| char::from(letters[rng.usize(..letters.len())])).collect();
            let by_words = squeeze(text.to_lowercase().replace('`', "'").split_whitespace());
            assert_eq!(fold(&text), by_words, "{text:?}");
            assert!(may_fold_to(&text, &by_words), "{text:?}");
        }
        assert!(!may_fold_to("Hopeful", "calm"));
    }

    #[test]
    fn accents_are_not_needed_and_other_marks_are_kept() {
        assert!(Phrase::new("s\u{ed}, ma\u{f1}ana").unwrap().is_all_of(&fold("Si manana")));
        assert!(Phrase::new("si").unwrap().is_all_of(&fold("\u{a1}S\u{ed}!")));
        let hindi = "\u{915}\u{93f}\u{924}\u{93e}\u{92c}";
        assert_eq!(fold(hindi), hindi);
    }

    #[test]
    fn a_set_finds_what_each_of_its_phrases_finds() {
        let phrases: Vec<Phrase> = ["don't know", "overreact*", "... of it", "*ing me", "be more ..."]
            .iter()
            .filter_map(|text| Phrase::new(text))
            .collect();
        let set: PhraseSet = phrases.iter().cloned().collect();
        for text in [
            "",
            "I dont know",
            "I don't know",
            "you overreact",
            "all of it",
            "of it",
            "testing me",
            "be more",
            "be more calm",
            "know",
        ] {
            let folded = fold(text);
            assert_eq!(set.any_occurs_in(&folded), any_occurs_in(&phrases, &folded), "{text}");
        }
    }

    #[test]
    fn whole_messages_are_compared_folded() {
        let phrase = Phrase::new("check in").unwrap();
        assert!(phrase.is_all_of(&fold("Check in!")));
        assert!(!phrase.is_all_of(&fold("check in now")));
        let dont = Phrase::new("don't, stop").unwrap();
        assert_eq!(dont.key().unwrap(), key(&fold("Dont\u{2014} STOP!")));
        assert_eq!(Phrase::new("stop*").unwrap().key(), None);
    }
}
