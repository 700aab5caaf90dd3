//! Simulated persons: what each of them does, and when. Pure: they are told the time and what they see, and draw from a seed.

use fastrand::Rng;
use jiff::civil::Time;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan as _, Zoned};

use super::styles::{Style, Traits};
use super::words::{self, HOMES, Hand, RESERVED};
use crate::engine::State;
use crate::engine::state::Frame;
use crate::schedule::zones;
use crate::script::Library;
use crate::script::model::{Ask, Choose, OpKind, Script, Type};
use crate::types::{Button, Input, Message, Private, Purpose};

/// How many buttons of earlier questions somebody can still press.
const OLD_BUTTONS: usize = 40;
/// What most people say in the welcome, by the values of its options: else few would live with the bot.
const USUALLY: [&str; 2] = ["adult", "agree"];
/// What somebody looks for who wants to say where they live.
const ZONE: &str = "zone";

/// Somebody who lives with the bot.
pub(super) struct Person {
    pub(super) number: u32,
    pub(super) style: Style,
    traits: Traits,
    hand: Hand,
    rng: Rng,
    zone: TimeZone,
    wakes: Time,
    sleeps: Time,
    /// When they do something next.
    next: Option<Timestamp>,
    /// In the middle of a conversation.
    here: bool,
    /// The buttons of the latest question, and those of earlier ones.
    open: Vec<Button>,
    old: Vec<Button>,
    away: Option<(Timestamp, Timestamp)>,
    travels_at: Option<Timestamp>,
    /// The bot has to be told where they live now.
    has_moved: bool,
}

/// What somebody sees of the bot.
pub(super) struct Sight<'a> {
    pub(super) now: Timestamp,
    pub(super) library: &'a Library,
    /// Where they stand; `None` before the first word.
    pub(super) state: Option<&'a State>,
}

impl Person {
    /// A person as the seed has it, who comes for the first time within two days of `start`.
    pub(super) fn new(seed: u64, number: u32, start: Timestamp) -> Self {
        let mut rng = Rng::with_seed(seed ^ u64::from(number + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        // The first numbers of neighbouring seeds are alike.
        rng = rng.fork();
        let style = Style::of(number);
        let traits = style.traits();
        let home = HOMES[rng.usize(..HOMES.len())];
        let mark = format!("{}{number}.", words::MARK);
        let hand = Hand { mark, short: traits.short, other_tongue: traits.other_tongue, home };
        let clock = |hour: i8, minute: i8| Time::constant(hour, minute, 0, 0);
        let (wakes, sleeps) = (clock(rng.i8(6..9), rng.i8(0..60)), clock(rng.i8(21..24), rng.i8(0..60)));
        let days = |days: i64| start.checked_add(SignedDuration::from_hours(24 * days)).unwrap_or(start);
        let leaves = days(rng.i64(3..8));
        let back = leaves.checked_add(SignedDuration::from_hours(24 * i64::from(traits.away_days))).unwrap_or(leaves);
        let mut person = Self {
            number,
            style,
            traits,
            hand,
            zone: zone(home),
            wakes,
            sleeps,
            next: None,
            here: false,
            open: Vec::new(),
            old: Vec::new(),
            away: (traits.away_days > 0).then_some((leaves, back)),
            travels_at: traits.travels.then(|| days(rng.i64(4..9))),
            has_moved: false,
            rng,
        };
        let first = person.rng.i64(0..36);
        person.next = Some(person.awake_at(start.checked_add(SignedDuration::from_hours(first)).unwrap_or(start)));
        person
    }

    /// When they do something next.
    pub(super) fn next(&self) -> Option<Timestamp> {
        self.next
    }

    /// Where they live.
    pub(super) fn zone(&self) -> TimeZone {
        self.zone.clone()
    }

    /// The language of their client.
    pub(super) fn language(&self, library: &Library) -> String {
        if !self.traits.other_tongue {
            return library.language().to_owned();
        }
        let other = library.languages().iter().map(|(tag, _)| tag.as_str()).find(|tag| *tag != library.language());
        other.unwrap_or("es").to_owned()
    }

    /// What they did, for whoever reads their life.
    pub(super) fn shown(&self, input: &Input) -> String {
        match input {
            Input::Text(text) | Input::Form { text, .. } => text.reveal().to_owned(),
            Input::Press(token) => {
                let known = self.open.iter().chain(self.old.iter().rev()).find(|button| button.token == *token);
                format!("[{}]", known.map_or(token, |button| &button.label))
            }
            Input::Command { name, .. } => format!("/{name}"),
            Input::Recall | Input::Gone | Input::Returned => String::new(),
        }
    }

    fn chance(&mut self, of: f64) -> bool {
        self.rng.f64() < of
    }

    // --- hearing ---

    /// A message arrived.
    pub(super) fn hears(&mut self, message: &Message, purpose: Purpose, now: Timestamp) {
        if !message.buttons.is_empty() || message.wants_text.is_some() {
            self.old.append(&mut self.open);
            let surplus = self.old.len().saturating_sub(OLD_BUTTONS);
            self.old.drain(..surplus);
            self.open.clone_from(&message.buttons);
        }
        if purpose != Purpose::Reply && !self.here && self.chance(self.traits.attends) {
            let lag = SignedDuration::from_secs(self.rng.i64(30..i64::from(self.traits.lag) * 60));
            let attends = self.awake_at(now.checked_add(lag).unwrap_or(now));
            self.next = Some(self.next.map_or(attends, |next| next.min(attends)));
        }
    }

    /// Everything that followed from what they did has arrived: do they go on?
    pub(super) fn settles(&mut self, is_open: bool, now: Timestamp) {
        self.here = is_open && self.chance(self.traits.stays);
        self.next = if self.here {
            let pace = i64::from(self.traits.pace);
            let pause = if self.chance(0.03) { self.rng.i64(300..2_400) } else { self.rng.i64(pace / 3..pace * 3) };
            now.checked_add(SignedDuration::from_secs(pause.max(2))).ok()
        } else {
            self.next_visit(now)
        };
    }

    /// The next time they come by themselves, within two months.
    fn next_visit(&mut self, now: Timestamp) -> Option<Timestamp> {
        let today = now.to_zoned(self.zone.clone()).date();
        for days in 0..60 {
            if !self.chance(self.traits.visits) {
                continue;
            }
            let time = Time::constant(self.rng.i8(8..22), self.rng.i8(0..60), self.rng.i8(0..60), 0);
            let day = today.checked_add(days.days()).ok()?;
            let at = self.zone.to_timestamp(day.to_datetime(time)).ok()?;
            if at > now {
                return Some(self.awake_at(at));
            }
        }
        None
    }

    /// This moment, or the next one at which they are awake and not away.
    fn awake_at(&mut self, at: Timestamp) -> Timestamp {
        let at = match self.away {
            Some((leaves, back)) if at >= leaves && at < back => back,
            _ => at,
        };
        let here = at.to_zoned(self.zone.clone());
        if here.time() >= self.wakes && here.time() < self.sleeps {
            return at;
        }
        let day = if here.time() >= self.sleeps { here.date().tomorrow() } else { Ok(here.date()) };
        let morning = day.ok().and_then(|day| self.zone.to_timestamp(day.to_datetime(self.wakes)).ok());
        let later = SignedDuration::from_secs(self.rng.i64(60..5_400));
        morning.and_then(|morning| morning.checked_add(later).ok()).unwrap_or(at).max(at)
    }

    // --- doing ---

    /// What they do now: usually one thing.
    pub(super) fn acts(&mut self, sight: &Sight<'_>) -> Vec<Input> {
        let tag = self.language(sight.library);
        let sight = &Sight { library: sight.library.edition(&tag), ..*sight };
        self.next = None;
        self.travel(sight.now);
        let was_here = std::mem::replace(&mut self.here, true);
        let Some(state) = sight.state else { return vec![command("start")] };
        if self.has_moved && !was_here && self.chance(0.5) {
            return vec![command("settings")];
        }
        let frame = place(state);
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
        let startable: Vec<&Script> = library
            .scripts()
            .filter(|script| !script.card && (!script.starters.commands.is_empty() || !script.starters.words.is_empty()))
            .collect();
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

/// The frame whose question is open.
pub(super) fn place(state: &State) -> Option<&Frame> {
    match (&state.card, &state.active) {
        (Some(card), _) => Some(&card.frame),
        (None, Some(thread)) => thread.top(),
        (None, None) => None,
    }
}

fn asked<'l>(library: &'l Library, frame: &Frame) -> Option<(&'l Script, &'l OpKind)> {
    let script = library.script_at(&frame.script, &frame.rev)?;
    Some((script, &script.ops.get(*script.waits.get(&frame.at)?)?.kind))
}

fn zone(home: (&str, &str)) -> TimeZone {
    zones::by_name(home.1).unwrap_or(TimeZone::UTC)
}

fn text(words: &str) -> Input {
    Input::Text(Private::new(words))
}

fn command(name: &str) -> Input {
    Input::Command { name: name.to_owned(), rest: Private::default() }
}
