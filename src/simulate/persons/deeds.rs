//! What a simulated person does now: an answer that fits, one that does not, or something else altogether.

use jiff::{Timestamp, Zoned};

use super::words::{self, HOMES, RESERVED};
use super::{Person, zone};
use crate::engine::State;
use crate::engine::state::Frame;
use crate::script::Library;
use crate::script::model::{Ask, Choose, OpKind, Script, Type};
use crate::types::{Button, Input, Private};

/// What most people say in the welcome, by the values of its options: else few would live with the bot.
const USUALLY: [&str; 2] = ["adult", "agree"];
/// What somebody looks for who wants to say where they live.
const ZONE: &str = "zone";

/// What somebody sees of the bot.
pub(in crate::simulate) struct Sight<'a> {
    pub(in crate::simulate) now: Timestamp,
    pub(in crate::simulate) library: &'a Library,
    /// Where they stand; `None` before the first word.
    pub(in crate::simulate) state: Option<&'a State>,
}

impl Person {
    /// What they do now: usually one thing.
    pub(in crate::simulate) fn acts(&mut self, sight: &Sight<'_>) -> Vec<Input> {
        let tag = self.language(sight.library);
        let sight = &Sight { library: sight.library.edition(&tag), ..*sight };
        self.next = None;
        self.travel(sight.now);
        let was_here = std::mem::replace(&mut self.here, true);
        let Some(state) = sight.state else { return vec![command("start")] };
        if self.has_moved && !was_here && self.chance(0.5) {
            return vec![command("settings")];
        }
        let frame = state.standing();
        if frame.is_none() || (!was_here && self.chance(self.traits.visits / 2.0)) {
            return vec![self.begins(sight.library)];
        }
        if let Some(input) = self.strays(sight.library) {
            return vec![input];
        }
        let op = frame.and_then(|frame| asked(sight.library, frame));
        let input = match op {
            Some((script, OpKind::Ask(ask))) => self.types(sight, script, ask),
            Some((_, OpKind::Choose(choose))) => self.chooses(choose),
            _ => text("skip"),
        };
        if matches!(input, Input::Press(_)) && self.chance(self.traits.double) {
            return vec![input.clone(), input];
        }
        vec![input]
    }

    fn travel(&mut self, now: Timestamp) {
        if self.travels_at.is_some_and(|at| at <= now) {
            self.travels_at = None;
            self.hand.home = HOMES[self.rng.usize(..HOMES.len())];
            self.zone = zone(self.hand.home);
            self.has_moved = true;
        }
    }

    /// Something that has nothing to do with the question.
    fn strays(&mut self, library: &Library) -> Option<Input> {
        let traits = self.traits;
        if self.chance(traits.danger) {
            return Some(text(&self.hand.danger(&mut self.rng)));
        }
        if self.chance(traits.reserved) {
            let word = RESERVED[self.rng.usize(..RESERVED.len())];
            return Some(if self.rng.bool() { text(word) } else { command(word) });
        }
        if self.chance(traits.switches) {
            return Some(self.begins(library));
        }
        if self.chance(traits.old_button) {
            return self.rng.choice(&self.old).map(|button| Input::Press(button.token.clone()));
        }
        None
    }

    /// Starts a script, by its command or by its words.
    fn begins(&mut self, library: &Library) -> Input {
        let startable: Vec<&Script> = library.scripts().filter(|script| can_be_started(script)).collect();
        let Some(script) = self.rng.choice(startable) else { return text("hello") };
        let by_words = script.starters.commands.is_empty() || self.rng.bool();
        match (by_words, self.rng.choice(&script.starters.words), script.starters.commands.first()) {
            (true, Some(words), _) | (_, Some(words), None) => text(words.folded()),
            (_, _, Some(name)) => command(name),
            (_, None, None) => text("hello"),
        }
    }

    fn types(&mut self, sight: &Sight<'_>, script: &Script, ask: &Ask) -> Input {
        let def = ask.question.save.as_ref().and_then(|var| script.vars.get(var));
        let free = Type::Text { max: 500 };
        let ty = def.map_or(&free, |def| &def.ty);
        let skip = self.open.iter().find(|button| button.token.ends_with(":skip")).map(|button| button.token.clone());
        if let Some(token) = skip.filter(|_| !matches!(ty, Type::Zone) && self.rng.f64() < self.traits.skips) {
            return Input::Press(token);
        }
        let offered = self.open.iter().find(|button| !button.token.ends_with(":skip"));
        if let Some(button) = offered.filter(|_| self.rng.f64() < 0.8) {
            // One of several readings was asked back.
            return Input::Press(button.token.clone());
        }
        if self.chance(self.traits.confused) {
            return text(&self.hand.junk(&mut self.rng));
        }
        if matches!(ty, Type::Text { .. } | Type::List) && self.chance(self.traits.long) {
            return text(&self.hand.long(&mut self.rng));
        }
        let now: Zoned = sight.now.to_zoned(self.zone.clone());
        text(&self.hand.fitting(&mut self.rng, ty, sight.library, &now))
    }

    fn chooses(&mut self, choose: &Choose) -> Input {
        if self.chance(self.traits.confused) {
            return text(&self.hand.junk(&mut self.rng));
        }
        let Some(button) = self.picks(choose) else { return text("hello") };
        if !self.chance(self.traits.types) {
            return Input::Press(button.token);
        }
        let wrong = self.chance(self.traits.confused);
        text(&if wrong { words::mistyped(&mut self.rng, &button.label) } else { button.label })
    }

    /// A button: the one they look for, else any, and less often one that leads aside.
    fn picks(&mut self, choose: &Choose) -> Option<Button> {
        let wanted = |value: &str| {
            let of = |button: &&Button| option(choose, button).is_some_and(|found| found == Some(value));
            self.open.iter().find(of).cloned()
        };
        if self.has_moved
            && let Some(button) = wanted(ZONE)
        {
            self.has_moved = false;
            return Some(button);
        }
        if let Some(button) = USUALLY.iter().find_map(|value| wanted(value))
            && self.chance(0.92)
        {
            return Some(button);
        }
        let skip = self.open.iter().find(|button| button.token.ends_with(":skip")).cloned();
        if skip.is_some() && self.chance(self.traits.skips) {
            return skip;
        }
        let button = self.rng.choice(&self.open)?.clone();
        let aside = option(choose, &button).is_some_and(|value| value.is_none());
        if aside && self.chance(0.7) { self.rng.choice(&self.open).cloned() } else { Some(button) }
    }
}

/// The value of the option behind a button, as text; nothing when there is no option behind it.
fn option<'c>(choose: &'c Choose, button: &Button) -> Option<Option<&'c str>> {
    let place: usize = button.token.rsplit(':').next()?.parse().ok()?;
    let choice = choose.options.get(place)?;
    Some(choice.value.as_ref().map(|value| value.as_text().unwrap_or("")))
}

fn asked<'l>(library: &'l Library, frame: &Frame) -> Option<(&'l Script, &'l OpKind)> {
    let script = library.script_at(&frame.script, &frame.rev)?;
    Some((script, &script.ops.get(*script.waits.get(&frame.at)?)?.kind))
}

fn can_be_started(script: &Script) -> bool {
    let by_command = !script.starters.commands.is_empty();
    !script.card && (by_command || !script.starters.words.is_empty())
}

fn text(words: &str) -> Input {
    Input::Text(Private::new(words))
}

fn command(name: &str) -> Input {
    Input::Command { name: name.to_owned(), rest: Private::default() }
}
