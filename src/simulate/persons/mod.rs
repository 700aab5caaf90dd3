//! Simulated persons: who they are, what they hear, and when they do something. Pure: they are told the time and what they see,
//! and draw from a seed.

mod deeds;
mod styles;
mod words;

use fastrand::Rng;
use jiff::civil::Time;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan as _};

use crate::schedule::zones;
use crate::script::Library;
use crate::types::{Button, Input, Message, Purpose};

pub(super) use deeds::Sight;
pub(super) use styles::Style;
use styles::Traits;
use words::{HOMES, Hand};
pub(super) use words::{MARK, said};

/// How many buttons of earlier questions somebody can still press.
const OLD_BUTTONS: usize = 40;

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
}

fn zone(home: (&str, &str)) -> TimeZone {
    zones::by_name(home.1).unwrap_or(TimeZone::UTC)
}
