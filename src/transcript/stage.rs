//! One person in a small world: the engine over facts, promises and schedules that are kept in memory.
//!
//! Every turn is run twice, once on the state itself and once on what JSON made of it; both must give the same bytes. What
//! cannot be done is a sentence and never a panic.

use jiff::{SignedDuration, Timestamp, ToSpan, Zoned};

use super::parse::{Act, Given, Wait, What};
use super::world::{World, due, read};
use crate::engine::{self, Did, Due, Effect, Event, Facts, IfBusy, Outcome, Plan, Run, State, Trace};
use crate::schedule::lapse::Away;
use crate::schedule::{self, Firing};
use crate::script::Library;
use crate::script::model::Type;
use crate::script::problem::did_you_mean;
use crate::types::{Button, Message, Private, Value, Values};

/// A stored state is never larger, in bytes.
const MAX_STATE: usize = 65_536;
/// A token is never longer, in bytes: what every platform takes.
const MAX_TOKEN: usize = 24;
/// Whoever waits longer than this many firings waits for ever.
const MAX_FIRINGS: usize = 10_000;
/// What the names of plans begin with that come and go with every question.
const OWN_PLANS: [&str; 3] = ["nudge-", "expire-", "wait-"];
/// The card for somebody whose message could not be handled.
const APOLOGISE: &str = "apologise";

/// A message of the bot.
#[derive(Clone, Debug, PartialEq)]
pub struct Said {
    /// Its words on one line, with its buttons behind them.
    pub text: String,
    /// The lines that it is made of.
    pub from: Vec<Spoken>,
}

/// A line of a script that spoke.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spoken {
    /// The script.
    pub script: String,
    /// Its revision.
    pub rev: String,
    /// The language whose file the line stands in; the script's own when missing.
    pub language: Option<String>,
    /// The byte at which the line begins.
    pub at: usize,
}

/// One turn as it was taken.
#[derive(Clone, Debug)]
pub struct Logged<'l> {
    /// The scripts at that time.
    pub library: &'l Library,
    /// What happened.
    pub event: Event,
    /// What was known.
    pub facts: Facts,
    /// When.
    pub now: Zoned,
}

/// What was done, or a sentence on why it could not be.
pub(super) type Done = Result<(), String>;

/// A person in a small world.
#[derive(Clone, Debug)]
pub struct Stage<'l> {
    library: &'l Library,
    state: State,
    world: World,
    buttons: Vec<Button>,
    said: Vec<Said>,
    effects: Vec<Effect>,
    traces: Vec<Trace>,
    log: Vec<Logged<'l>>,
}

impl<'l> Stage<'l> {
    /// Somebody of whom nothing is known, on 2 March 2026 at 18:00 UTC.
    #[must_use]
    pub fn new(library: &'l Library) -> Self {
        Self {
            library,
            state: first_state(),
            world: World::new(),
            buttons: Vec::new(),
            said: Vec::new(),
            effects: Vec::new(),
            traces: Vec::new(),
            log: Vec::new(),
        }
    }

    // --- looking ---

    /// Where the person stands.
    #[must_use]
    pub fn state(&self) -> &State {
        &self.state
    }

    /// What is known of the person.
    #[must_use]
    pub fn facts(&self) -> &Facts {
        &self.world.facts
    }

    /// Every turn so far.
    #[must_use]
    pub fn log(&self) -> &[Logged<'l>] {
        &self.log
    }

    /// What was said and done since this was last asked.
    pub fn heard(&mut self) -> (Vec<Said>, Vec<Effect>) {
        (std::mem::take(&mut self.said), std::mem::take(&mut self.effects))
    }

    /// What was carried out since this was last asked.
    pub fn traced(&mut self) -> Vec<Trace> {
        std::mem::take(&mut self.traces)
    }

    /// The latest button with this label.
    #[must_use]
    pub fn token(&self, label: &str) -> Option<&str> {
        self.buttons.iter().rev().find(|button| button.label == label).map(|button| button.token.as_str())
    }

    /// The time on the person's clock.
    #[must_use]
    pub fn here(&self) -> Zoned {
        self.world.here()
    }

    /// `waiting at` and the question's id, or `nothing open`.
    #[must_use]
    pub fn stands(&self) -> String {
        self.state.standing().map_or("nothing open".into(), |frame| format!("waiting at {}", frame.at))
    }

    /// True when something of this kind happened since [`Stage::heard`]; `word` is one that it has, or empty.
    #[must_use]
    pub fn has(&self, what: What, word: &str) -> bool {
        let is = |found: &str| word.is_empty() || found == word;
        self.effects.iter().any(|effect| match (what, effect) {
            (What::Journal, Effect::Journal(entry)) => is(&entry.kind),
            (What::Promise, Effect::Promise(_))
            | (What::CheckIn, Effect::CheckIn(_))
            | (What::Return, Effect::Return { .. })
            | (What::Withdraw, Effect::Withdraw { .. }) => true,
            (What::Deed, Effect::Deed(deed)) => is(deed.kind.as_str()),
            (What::Settle, Effect::Settle { standing, .. }) => is(standing.as_str()),
            (What::Schedule, Effect::Schedule(plan)) => is(plan_word(&plan.name)),
            (What::Cancel, Effect::Cancel { name }) => is(plan_word(name)),
            (What::Remember, Effect::Remember { fact, .. }) | (What::Forget, Effect::Forget { fact }) => is(fact),
            (What::Ended, Effect::Ended { outcome, script }) => is(outcome) || is(script),
            (What::Fired, Effect::Fired(outcome) | Effect::Also { outcome, .. }) => is(outcome.as_str()),
            (What::Note, Effect::Note { code }) => is(code),
            (What::Park, Effect::Fired(_)) => {
                word == "expired" && self.state.parked.iter().any(|thread| thread.expired)
            }
            _ => false,
        })
    }

    /// What happened since [`Stage::heard`], as transcripts call it; never what anybody wrote, and not what the program plans for
    /// itself while a question is open.
    #[must_use]
    pub fn happened(&self) -> Vec<String> {
        let by_itself = |effect: &&Effect| {
            matches!(effect, Effect::Schedule(Plan { name, .. }) | Effect::Cancel { name }
                if OWN_PLANS.iter().any(|own| name.starts_with(own)))
        };
        self.effects.iter().filter(|effect| !by_itself(effect)).filter_map(name).collect()
    }

    // --- what happens ---

    /// Makes things be as they are given: the clock and the facts first, whatever the order.
    ///
    /// # Errors
    /// A sentence on what cannot be.
    pub fn given(&mut self, all: &[Given]) -> Done {
        self.world.given(self.library, all)
    }

    /// Lets something happen. What is done to scripts comes by [`Stage::edit`].
    ///
    /// # Errors
    /// A sentence on why it cannot happen, or on what is wrong with the engine.
    pub fn act(&mut self, act: &Act) -> Done {
        match act {
            Act::Run { script, args } => self.run(script, args),
            Act::Says(words) => self.take(Event::Text(Private::new(words.as_str()))),
            Act::Presses(label) => {
                let Some(token) = self.token(label) else {
                    let labels: Vec<String> = self.buttons.iter().map(|button| format!("[{}]", button.label)).collect();
                    let there = if labels.is_empty() { "none".to_owned() } else { labels.join(" ") };
                    return Err(format!("there is no button [{label}]; there are: {there}"));
                };
                self.take(Event::Press(token.to_owned()))
            }
            Act::Waits(wait) => self.wait(*wait),
            Act::Restart => {
                self.state = restored(&self.state)?;
                Ok(())
            }
            Act::Fault => self.fault(),
            Act::Edit(_) | Act::Withdraw(_) => Ok(()),
        }
    }

    /// What the inbox says of a message that it could not handle.
    fn fault(&mut self) -> Done {
        let (effects, trace) = engine::card_traced(self.library, APOLOGISE, &self.here());
        self.hear(&effects, &trace)?;
        self.effects.extend(effects);
        self.traces.extend(trace);
        Ok(())
    }

    /// The scripts were edited.
    pub fn edit(&mut self, library: &'l Library) {
        self.library = library;
    }

    fn run(&mut self, name: &str, given: &[(String, String)]) -> Done {
        let library = self.library;
        let Some(script) = library.script(name) else {
            return Err(format!(
                "there is no script `{name}`: {}",
                did_you_mean(name, library.scripts().map(|script| script.name.as_str()))
            ));
        };
        let mut args = Values::new();
        for (arg, value) in given {
            if !script.args.contains(arg) {
                return Err(format!(
                    "`{name}` takes no `{arg}`: {}",
                    did_you_mean(arg, script.args.iter().map(String::as_str))
                ));
            }
            let text = Type::Text { max: 500 };
            let ty = script.vars.get(arg).map_or(&text, |def| &def.ty);
            let value = match (value.as_str(), self.world.facts.promises.first()) {
                ("open promise", Some(promise)) => Value::text(promise.id.as_str()),
                ("open promise", None) => return Err("no promise is open: `given: open promise = ...`".into()),
                (value, _) => read(ty, value).map_err(|sentence| format!("`{arg}`: {sentence}"))?,
            };
            args.insert(arg.clone(), value);
        }
        if let Some(missing) = script.args.iter().find(|arg| !args.contains_key(*arg)) {
            return Err(format!("`{name}` needs `{missing}`: `run: {name} {missing} = ...`"));
        }
        let run = Run::Script { script: name.to_owned(), args };
        let (name, due) = (name.to_owned(), self.world.now);
        self.take(Event::Due(Due { name, run, due, if_busy: IfBusy::Interrupt, late: 60, chosen: true }))
    }

    fn wait(&mut self, wait: Wait) -> Done {
        let at = |civil| {
            self.world
                .zone()
                .to_zoned(civil)
                .map(|zoned| zoned.timestamp())
                .map_err(|_| format!("{civil} is no moment"))
        };
        let target = match wait {
            Wait::Seconds(seconds) => self.world.now + SignedDuration::from_secs(seconds),
            Wait::Away(seconds) => {
                let from = self.world.now;
                self.world.now += SignedDuration::from_secs(seconds);
                self.world.facts.away = Some(Away { from, until: self.world.now });
                self.world.now
            }
            Wait::Tomorrow(time) => at((self.here().date() + 1.day()).to_datetime(time))?,
            Wait::Until(civil) => at(civil)?,
        };
        if target < self.world.now {
            return Err(format!("that is over: it is {} already", self.here().strftime("%Y-%m-%d %H:%M")));
        }
        self.pass_until(target)
    }

    /// Time passes; what comes due on the way fires, in order.
    fn pass_until(&mut self, target: Timestamp) -> Done {
        for _ in 0..MAX_FIRINGS {
            let next = self.world.plans.iter().map(|(name, (_, firing))| (firing.at, name.clone())).min();
            let Some((at, name)) = next.filter(|(at, _)| *at <= target) else {
                self.world.now = target;
                return Ok(());
            };
            self.world.now = self.world.now.max(at);
            self.fire(&name)?;
        }
        Err(format!("more than {MAX_FIRINGS} things came due on the way"))
    }

    fn fire(&mut self, name: &str) -> Done {
        let Some((plan, firing)) = self.world.latest(name) else { return Ok(()) };
        self.world.plans.remove(name);
        if plan.rule.repeats()
            && let Some(next) = schedule::next_after(&plan.rule, self.world.now, &self.world.zone())
        {
            self.world.plans.insert(name.to_owned(), (plan.clone(), next));
        }
        let before = self.effects.len();
        self.take(Event::Due(due(&plan, firing)))?;
        let outcome = |effect: &Effect| if let Effect::Fired(outcome) = effect { Some(outcome.clone()) } else { None };
        match &self.effects[before..].iter().filter_map(outcome).collect::<Vec<_>>()[..] {
            [Outcome::Quiet { until } | Outcome::Tomorrow { until } | Outcome::Queued { until }] => {
                self.world.plans.insert(name.to_owned(), (plan, Firing { at: *until, ..firing }));
                Ok(())
            }
            [_] => Ok(()),
            outcomes => Err(format!("what comes due has one outcome, `{name}` has {}", outcomes.len())),
        }
    }

    // --- turns ---

    /// Takes one event.
    ///
    /// # Errors
    /// A sentence on a promise of the engine that does not hold: the same twice, through JSON, and small.
    pub fn take(&mut self, event: Event) -> Done {
        let now = self.here();
        self.world.facts.schedules = self.world.plans.keys().cloned().collect();
        self.world.facts.due = self.world.all_due();
        self.world.facts.reminders = self.world.reminders();
        let step = |state: State, facts: &Facts| engine::step_traced(self.library, state, facts, &event, &now);
        self.world.facts.history = None;
        let (mut state, mut effects, mut trace) = step(restored(&self.state)?, &self.world.facts);
        if effects == [Effect::LacksHistory] {
            self.world.facts.history = Some(self.world.history(self.library));
            (state, effects, trace) = step(restored(&self.state)?, &self.world.facts);
        }
        let again = engine::step(self.library, self.state.clone(), &self.world.facts, &event, &now);
        if json(&(&state, &effects))? != json(&again)? {
            return Err("the same turn gave two results: that is a mistake of the engine".into());
        }
        self.log.push(Logged { library: self.library, event, facts: self.world.facts.clone(), now });
        self.state = state;
        self.hear(&effects, &trace)?;
        for effect in &effects {
            self.world.apply(effect)?;
        }
        self.effects.extend(effects);
        self.traces.extend(trace);
        Ok(())
    }

    /// Runs everything once more from the log.
    ///
    /// # Errors
    /// A sentence when it does not end in the same bytes.
    pub fn replay(&self) -> Done {
        let mut state = first_state();
        for logged in &self.log {
            let event: Event = through_json(&logged.event)?;
            (state, _) = engine::step(logged.library, state, &logged.facts, &event, &logged.now);
        }
        if json(&state)? == json(&self.state)? {
            return Ok(());
        }
        Err("the same turns once more ended elsewhere: that is a mistake of the engine".into())
    }

    fn hear(&mut self, effects: &[Effect], trace: &[Trace]) -> Done {
        let messages =
            effects.iter().filter_map(|effect| if let Effect::Say(message) = effect { Some(message) } else { None });
        for (index, message) in messages.enumerate() {
            if let Some(button) = message.buttons.iter().find(|button| button.token.len() > MAX_TOKEN) {
                return Err(format!("the token of [{}] is too long for a platform: {}", button.label, button.token));
            }
            let from = trace.iter().filter_map(|entry| match &entry.did {
                Did::Said { span, language, message } if *message == index => Some(Spoken {
                    script: entry.script.clone(),
                    rev: entry.rev.clone(),
                    language: language.clone(),
                    at: span.start,
                }),
                _ => None,
            });
            self.said.push(Said { text: on_one_line(message), from: from.collect() });
            if !message.buttons.is_empty() {
                self.buttons.retain(|old| !message.buttons.iter().any(|new| new.label == old.label));
                self.buttons.extend(message.buttons.clone());
            }
        }
        Ok(())
    }
}

/// A schedule's name as its script gave it, without the number of one of several.
fn plan_word(name: &str) -> &str {
    let is_number = |number: &str| number.len() == 16 && number.bytes().all(|byte| byte.is_ascii_hexdigit());
    name.rsplit_once('.').filter(|(_, number)| is_number(number)).map_or(name, |(word, _)| word)
}

/// What a transcript calls an effect; nothing for what is said.
fn name(effect: &Effect) -> Option<String> {
    Some(match effect {
        Effect::Say(_) | Effect::LacksHistory => return None,
        Effect::Remember { fact, .. } => format!("remember {fact}"),
        Effect::Forget { fact } => format!("forget {fact}"),
        Effect::Journal(entry) => format!("journal {}", entry.kind),
        Effect::Promise(_) => "promise".into(),
        Effect::Settle { standing, .. } => format!("settle {standing}"),
        Effect::CheckIn(_) => "check-in".into(),
        Effect::Deed(deed) => format!("deed {}", deed.kind),
        Effect::Return { .. } => "return".into(),
        Effect::Withdraw { .. } => "withdraw".into(),
        Effect::Schedule(plan) => format!("schedule {}", plan_word(&plan.name)),
        Effect::Cancel { name } => format!("cancel {}", plan_word(name)),
        Effect::Fired(outcome) => format!("fired {}", outcome.as_str()),
        Effect::Also { name, outcome } => format!("also {} {name}", outcome.as_str()),
        Effect::Ended { script, outcome } => format!("ended {script} ({outcome})"),
        Effect::Note { code } => format!("note {code}"),
    })
}

fn first_state() -> State {
    State::new(42)
}

/// A message on one line, its buttons behind its words.
fn on_one_line(message: &Message) -> String {
    let buttons = message.buttons.iter().map(|button| format!(" [{}]", button.label));
    let picture = message.picture.as_ref().map(|drawing| {
        let subject = &drawing.subject;
        format!("[picture: {}, {}] ", subject.picture().as_str(), subject.count())
    });
    let whole = picture.unwrap_or_default() + &message.text.text() + &buttons.collect::<String>();
    whole.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn json(value: &impl serde::Serialize) -> Result<String, String> {
    serde_json::to_string(value).map_err(|error| format!("it cannot be stored: {error}"))
}

fn through_json<T: serde::Serialize + serde::de::DeserializeOwned>(value: &T) -> Result<T, String> {
    serde_json::from_str(&json(value)?).map_err(|error| format!("it cannot be read back: {error}"))
}

/// What is left of a state when the program was stopped and started again.
fn restored(state: &State) -> Result<State, String> {
    let stored = json(state)?;
    if stored.len() >= MAX_STATE {
        return Err(format!("the state has {} bytes: that is a mistake of the engine", stored.len()));
    }
    let again = State::read(&stored).map_err(|error| format!("the state cannot be read back: {error}"))?;
    if again == *state {
        Ok(again)
    } else {
        Err("the state does not survive JSON: that is a mistake of the engine".into())
    }
}
