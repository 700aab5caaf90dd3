//! The first look at every text that a person writes, before any script reads it.
//!
//! Local, deterministic, and silent: nothing of the text leaves [`screen`], only a verdict. It is a door beside `/now`, not a
//! promise to notice: misses are assumed, and every script is written so that it is not cruel to somebody at risk.
//!
//! What stands here now knows only a short list of plain sentences. The whole detector (slot patterns, negation, idioms, five
//! languages, tiers) is work of its own; its place in the order of a turn is already this one.

use std::sync::LazyLock;

use crate::phrase::{Phrase, PhraseSet, fold};

/// What a text looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing was noticed.
    Clear,
    /// Somebody may be in danger: the help card comes before everything else.
    Danger,
}

/// Plain sentences of somebody in danger, as whole phrases. Idioms are not among them, and a wish "to be dead on my feet" is not
/// one of them either: what is not surely meant is left to `/now`.
const DANGER: &[&str] = &[
    "kill myself",
    "killing myself",
    "end my life",
    "ending my life",
    "take my own life",
    "taking my own life",
    "want to die",
    "wanna die",
    "going to die by suicide",
    "i am suicidal",
    "i'm suicidal",
    "feeling suicidal",
    "i will hurt myself",
    "going to hurt myself",
    "want to hurt myself",
    "cutting myself",
    "cut myself again",
    "i can't stay safe",
    "i cannot stay safe",
    "don't want to live anymore",
    "do not want to live anymore",
    "don't want to be alive",
    "better off dead",
    "he is going to kill me",
    "she is going to kill me",
    "he's going to kill me",
    "she's going to kill me",
    "he is choking me",
    "quiero morir",
    "quiero morirme",
    "me quiero morir",
    "quisiera morir",
    "quisiera morirme",
    "quiero estar muert*",
    "quisiera estar muert*",
    "ojalá estuviera muert*",
    "estaría mejor muert*",
    "no quiero vivir",
    "no quiero seguir viviendo",
    "no quiero seguir con vida",
    "quiero matarme",
    "me quiero matar",
    "voy a matarme",
    "me voy a matar",
    "quitarme la vida",
    "me quito la vida",
    "acabar con mi vida",
    "terminar con mi vida",
    "suicidarme",
    "me quiero suicidar",
    "me voy a suicidar",
    "pensamientos suicidas",
    "hacerme daño",
    "me voy a hacer daño",
    "me quiero hacer daño",
    "cortarme las venas",
    "me corté los brazos",
    "no puedo mantenerme a salvo",
    "él me va a matar",
    "ella me va a matar",
    "dice que me va a matar",
    "dice que va a matarme",
    "amenaza con matarme",
    "me amenazó con matarme",
    "me está ahorcando",
    "me está estrangulando",
    "ich will sterben",
    "ich bringe mich um",
    "ich will mich umbringen",
    "je veux mourir",
    "je vais me tuer",
    "quero morrer",
    "quero me matar",
];

/// Sentences in which such a phrase says the opposite. They cancel only a phrase inside them.
const NOT_NOW: &[&str] = &[
    "don't want to die",
    "do not want to die",
    "never want to die",
    "not going to kill myself",
    "wouldn't kill myself",
    "won't kill myself",
    "used to want to die",
    "used to be suicidal",
    "want to die laughing",
    "i could kill myself laughing",
    "no quiero morir",
    "no me quiero morir",
    "nunca quise morir",
    "antes quería morir",
    "no quiero matarme",
    "no me quiero matar",
    "no voy a matarme",
    "no me voy a matar",
    "no quiero suicidarme",
    "no pienso en suicidarme",
    "no quiero quitarme la vida",
    "no voy a quitarme la vida",
    "no quiero hacerme daño",
    "no voy a hacerme daño",
    "no hacerme daño",
    "quiero morirme de risa",
    "quiero morir de risa",
    "quiero morir de la risa",
    "quiero morirme de vergüenza",
    "quiero morir de vergüenza",
    "quiero morir de la vergüenza",
];

/// [`DANGER`], read once.
static PHRASES: LazyLock<PhraseSet> = LazyLock::new(|| DANGER.iter().filter_map(|text| Phrase::new(text)).collect());
/// [`NOT_NOW`], folded once.
static MUTES: LazyLock<Vec<String>> = LazyLock::new(|| NOT_NOW.iter().map(|text| fold(text)).collect());

/// Looks at a text. Never fails, never keeps anything.
#[must_use]
pub fn screen(text: &str) -> Verdict {
    screen_folded(&fold(text))
}

/// The same for a text that was folded already.
#[must_use]
pub fn screen_folded(folded: &str) -> Verdict {
    // Nearly every text ends here.
    if !PHRASES.any_occurs_in(folded) {
        return Verdict::Clear;
    }
    let muted = MUTES.iter().fold(folded.to_owned(), |text, phrase| text.replace(phrase.as_str(), " ~ "));
    if PHRASES.any_occurs_in(&muted) { Verdict::Danger } else { Verdict::Clear }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_sentences_are_noticed() {
        for text in [
            "I want to die",
            "i WANNA die.",
            "I\u{2019}m suicidal",
            "sometimes I think of killing myself tonight",
            "Quiero morir",
            "a veces pienso en quitarme la vida",
            "YA NO QUIERO VIVIR",
            "quisiera estar muerta",
            "me voy a hacer dano",
            "dice que me va a matar",
            "No quiero morir, no: quiero morirme ya.",
        ] {
            assert_eq!(screen(text), Verdict::Danger, "{text}");
        }
    }

    #[test]
    fn ordinary_words_pass() {
        for text in [
            "",
            "this homework is killing me",
            "I don't want to die",
            "my phone died",
            "I will call my sister",
            "I want to diet",
            "no quiero morir",
            "No me quiero matar.",
            "me quiero morir de risa",
            "no voy a hacerme daño",
            "mi madre me va a matar si llego tarde",
            "se murió mi gato",
        ] {
            assert_eq!(screen(text), Verdict::Clear, "{text}");
        }
    }
}
