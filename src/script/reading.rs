//! How hard a text is to read: words in a sentence, letters or syllables in a word, and the age from which most people read it with ease.
//!
//! Pure arithmetic by published formulas, one for each language; says nothing about languages that it has no formula for.

use super::check::said::{Part, said};
use super::model::Script;

/// What was counted in a text, and what follows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reading {
    /// Sentences: what ends with `.`, `!`, `?`, `:` or a line.
    pub sentences: u32,
    /// Words.
    pub words: u32,
    /// Words of seven letters and more.
    pub long_words: u32,
    /// What the language's formula gives; see `english` and `spanish` below.
    pub score: f64,
    /// The age from which it is easy reading, in years.
    pub age: u8,
}

/// What was counted in a text.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    sentences: f64,
    words: f64,
    letters: f64,
    syllables: f64,
    long: f64,
}

/// Reads a text of a language (`en`, `es-MX`). Nothing comes back for a text without words, or without a formula.
#[must_use]
pub fn of(text: &str, language: &str) -> Option<Reading> {
    let counts = count(text);
    if counts.words == 0.0 {
        return None;
    }
    let (score, age) = match language.split('-').next()? {
        "en" => scaled(english(&counts), english_age),
        "es" => scaled(spanish(&counts), spanish_age),
        _ => return None,
    };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "counts of words")]
    let whole = |count: f64| count as u32;
    Some(Reading {
        sentences: whole(counts.sentences),
        words: whole(counts.words),
        long_words: whole(counts.long),
        score,
        age,
    })
}

fn scaled(score: f64, age: fn(f64) -> u8) -> (f64, u8) {
    (score, age(score))
}

/// Reads everything that the bot says in a script.
#[must_use]
pub fn of_script(script: &Script) -> Option<Reading> {
    let spoken = said(script).into_iter().filter(|said| said.part == Part::Spoken);
    of(&spoken.map(|said| said.text).collect::<Vec<_>>().join("\n"), &script.language)
}

/// The Automated Readability Index: a grade of US schools.
///
/// Source: E. A. Smith and R. J. Senter, "Automated Readability Index", AMRL-TR-66-220, 1967. It counts letters and not syllables,
/// which cannot be counted surely in English.
fn english(counts: &Counts) -> f64 {
    4.71 * counts.letters / counts.words + 0.5 * counts.words / counts.sentences - 21.43
}

/// Grade 1 is read at six, grade 7 at twelve.
fn english_age(grade: f64) -> u8 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
    let grade = grade.ceil().clamp(1.0, 14.0) as u8;
    grade + 5
}

/// The perspicuity index: 100 is very easy, 0 very hard.
///
/// Source: F. Szigriszt Pazos, "Sistemas predictivos de legibilidad del mensaje escrito: fórmula de perspicuidad", Universidad
/// Complutense de Madrid, 1993.
fn spanish(counts: &Counts) -> f64 {
    206.835 - 62.3 * counts.syllables / counts.words - counts.words / counts.sentences
}

/// The steps of Szigriszt's own scale: very easy (6 to 10 years), easy (11), fairly easy (12), normal, fairly hard, hard.
fn spanish_age(score: f64) -> u8 {
    match score {
        85.5.. => 10,
        75.5.. => 11,
        65.5.. => 12,
        50.5.. => 14,
        35.5.. => 16,
        _ => 18,
    }
}

fn count(text: &str) -> Counts {
    let mut counts = Counts::default();
    for sentence in text.split(['.', '!', '?', ':', '\n']) {
        let before = counts.words;
        for word in sentence.split(|c: char| !(c.is_alphanumeric() || c == '\'' || c == '’')) {
            let letters = word.chars().filter(|c| c.is_alphanumeric()).count();
            if letters > 0 {
                counts.words += 1.0;
                counts.letters += f64::from(u32::try_from(letters).unwrap_or(u32::MAX));
                counts.syllables += f64::from(spanish_syllables(word));
                counts.long += f64::from(u8::from(letters > 6));
            }
        }
        counts.sentences += f64::from(u8::from(counts.words > before));
    }
    counts
}

/// Syllables of a Spanish word: its groups of vowels, where two strong vowels, or a weak one with an accent, stand apart.
fn spanish_syllables(word: &str) -> u32 {
    let mut count = 0;
    let mut before = None;
    let lower: Vec<char> = word.to_lowercase().chars().collect();
    for (at, letter) in lower.iter().copied().enumerate() {
        // In que, qui, gue, gui the u is silent; a y counts as a vowel at the end of a word only.
        let silent = letter == 'u'
            && matches!(at.checked_sub(1).map(|before| lower[before]), Some('q' | 'g'))
            && matches!(lower.get(at + 1), Some('e' | 'i' | 'é' | 'í'));
        let vowel = match letter {
            _ if silent => None,
            'y' if at + 1 == lower.len() => Some('i'),
            'a' | 'e' | 'o' | 'á' | 'é' | 'ó' | 'í' | 'ú' | 'i' | 'u' | 'ü' => Some(letter),
            _ => None,
        };
        let strong = |vowel: char| !matches!(vowel, 'i' | 'u' | 'ü');
        count += match (before, vowel) {
            (None, Some(_)) => 1,
            (Some(first), Some(second)) => u32::from(strong(first) && strong(second)),
            _ => 0,
        };
        before = vowel;
    }
    count.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_what_a_person_counts() {
        let reading = of("One small thing. Then\nthe next, tomorrow evening?", "en").unwrap();
        assert_eq!((reading.sentences, reading.words, reading.long_words), (3, 8, 2));
        assert!(of("...", "en").is_none() && of("Hallo.", "de").is_none());
    }

    #[test]
    fn a_letter_to_a_child_and_a_letter_of_a_lawyer_lie_far_apart() {
        let child = of("You can stop at any time. Nobody is told. We start from today.", "en-GB").unwrap();
        let lawyer = "Notwithstanding anything hereinbefore contained, the undersigned participant irrevocably acknowledges the aforementioned \
                      processing of personal information for operational purposes.";
        let lawyer = of(lawyer, "en").unwrap();
        assert!(child.age <= 7 && lawyer.age == 19, "{child:?} {lawyer:?}");
    }

    #[test]
    fn spanish_syllables_are_counted_by_rule() {
        for (word, syllables) in [
            ("que", 1),
            ("guitarra", 3),
            ("pingüino", 3),
            ("día", 2),
            ("hoy", 1),
            ("leer", 2),
            ("ciudad", 2),
            ("confianza", 3),
            ("aún", 2),
            ("y", 1),
            ("reconstruyendo", 5),
        ] {
            assert_eq!(spanish_syllables(word), syllables, "{word}");
        }
    }

    #[test]
    fn spanish_has_a_scale_of_its_own() {
        let easy = of("Hoy puedes parar. No hay prisa. Dime una cosa que vas a hacer.", "es").unwrap();
        let hard = "La responsabilidad institucional correspondiente imposibilita particularmente determinadas reivindicaciones \
                    administrativas anteriormente comunicadas.";
        let hard = of(hard, "es").unwrap();
        assert!(easy.age <= 11 && hard.age == 18, "{easy:?} {hard:?}");
    }
}
