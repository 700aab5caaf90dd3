//! A question of which several answers may be picked: by tapping one after the other, or all in one text.

use super::answer::{Heard, Taken};
use super::api::Effect;
use super::cards::args;
use super::read::{self, Offered, Reading};
use super::trace::Did;
use super::turn::Turn;
use crate::phrase::fold;
use crate::script::words::SharedWords;
use crate::types::{Value, Values};

impl Turn<'_> {
    /// A text: "that is all", one of the options, or several with commas between them, which is the whole answer.
    pub(super) fn try_several(&mut self, text: &str) -> Heard {
        let (offered, folded) = (self.open_offered(), fold(text));
        let words = self.library.words();
        if fold(&words.enough_label) == folded || words.enough.iter().any(|phrase| phrase.is_all_of(&folded)) {
            self.enough();
            return Heard::Yes;
        }
        match places(text, &offered, words) {
            Some(places) if places.is_empty() => return Heard::No,
            Some(places) if places.len() == 1 => {
                let place = i64::try_from(places[0]).unwrap_or_default();
                self.take_option(&Value::Int(place));
            }
            Some(places) => {
                if let Some((script, pc, _)) = self.open_question() {
                    places.iter().for_each(|place| self.did(script, pc, Did::Chose(*place)));
                }
                self.pick(&places);
                self.enough();
            }
            None => return Heard::No,
        }
        Heard::Yes
    }

    fn pick(&mut self, places: &[usize]) {
        let Some(asked) = self.asked() else { return };
        asked.picked.extend(places);
        asked.picked.sort_unstable();
        asked.picked.dedup();
    }

    /// Picks an option, or takes it back.
    pub(super) fn toggle(&mut self, place: usize) {
        let Some(asked) = self.asked() else { return };
        match asked.picked.iter().position(|picked| *picked == place) {
            Some(at) => _ = asked.picked.remove(at),
            None => self.pick(&[place]),
        }
        let labels: Vec<String> = self.picks().into_iter().map(|(label, _)| label).collect();
        let picks = self.library.words().writing.list(&labels);
        self.reply_card("picked", args([("picks", picks)]));
    }

    /// A button with an option. What was picked so far is told where the button is, and not in one message after the other.
    pub(super) fn press_option(&mut self, place: i64) {
        let before = self.effects.len();
        let several = self.open_choose().is_some_and(|choose| choose.many);
        self.take_option(&Value::Int(place));
        for effect in self.effects[before..].iter_mut().filter(|_| several) {
            if let Effect::Say(message) = effect {
                message.edits = !message.buttons.is_empty();
            }
        }
    }

    /// What was picked so far: labels and values, in the order of the script.
    fn picks(&mut self) -> Vec<(String, Value)> {
        let picked = self.asked().map(|asked| asked.picked.clone()).unwrap_or_default();
        let offered = self.open_offered().into_iter().filter(|option| picked.contains(&option.index));
        offered
            .map(|option| {
                let value = option.choice.value.clone().unwrap_or_else(|| Value::text(option.label.clone()));
                (option.label.into_owned(), value)
            })
            .collect()
    }

    /// Nothing more is to be picked.
    pub(super) fn enough(&mut self) {
        let picks = self.picks();
        let Some((script, pc, question)) = self.open_question() else { return };
        if picks.is_empty() && !question.skip {
            return self.reply_card("picked", Values::new());
        }
        self.did(script, pc, if picks.is_empty() { Did::Skipped } else { Did::Answered });
        let (labels, values): (Vec<String>, Vec<Value>) = picks.into_iter().unzip();
        let value = if values.is_empty() { Value::None } else { Value::List(values) };
        let shown = self.library.words().writing.list(&labels);
        self.take(Taken { value, shown, pc: pc + 1 });
    }
}

/// The options that a text means, when all of it can be read.
fn places(text: &str, offered: &[Offered<'_>], words: &SharedWords) -> Option<Vec<usize>> {
    let one = |text: &str| match read::option(&fold(text), offered, words) {
        Reading::Value(Value::Int(place)) => usize::try_from(place).ok(),
        _ => None,
    };
    let parts: Vec<&str> =
        text.split([',', ';', '\n', '/', '+', '&']).map(str::trim).filter(|part| !part.is_empty()).collect();
    // A label may have a comma or an "and" of its own: the longest reading comes first.
    if let Some(place) = exactly(text, offered) {
        return Some(vec![place]);
    }
    let mut places = Vec::new();
    for part in parts {
        match exactly(part, offered) {
            Some(place) => places.push(place),
            None => {
                for word in joined(part, &words.joins) {
                    places.push(one(&word)?);
                }
            }
        }
    }
    Some(places)
}

/// The option that a text names by its label or its words, with nothing else in it.
fn exactly(text: &str, offered: &[Offered<'_>]) -> Option<usize> {
    let folded = fold(text);
    let named = |option: &&Offered<'_>| {
        fold(&option.label) == folded || option.choice.also.iter().any(|phrase| phrase.is_all_of(&folded))
    };
    offered.iter().find(named).map(|option| option.index)
}

/// The parts of "hurt and wary".
fn joined(part: &str, joins: &[String]) -> Vec<String> {
    let mut parts = vec![String::new()];
    for word in part.split_whitespace() {
        if joins.iter().any(|join| *join == fold(word)) {
            parts.push(String::new());
        } else if let Some(last) = parts.last_mut() {
            if !last.is_empty() {
                last.push(' ');
            }
            last.push_str(word);
        }
    }
    parts.retain(|part| !part.is_empty());
    parts
}
