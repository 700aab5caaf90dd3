//! The stage of transcripts for tests that act line by line: what cannot be done is a panic here.

use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};

use goldseam::engine::{Effect, Event};
use goldseam::script::Library;
use goldseam::transcript::{self, Line, Scripts, Transcript};

/// A person in a small world.
pub struct Stage<'l>(transcript::Stage<'l>);

impl<'l> Deref for Stage<'l> {
    type Target = transcript::Stage<'l>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl DerefMut for Stage<'_> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

impl<'l> Stage<'l> {
    pub fn new(library: &'l Library) -> Self {
        Self(transcript::Stage::new(library))
    }

    /// Plays one line of a transcript.
    #[track_caller]
    fn line(&mut self, line: &str) {
        let transcript = Transcript::parse("the test", line).unwrap_or_else(|wrong| panic!("{wrong:?}"));
        for (_, line) in &transcript.lines {
            let done = match line {
                Line::Given(given) => self.0.given(given),
                Line::Act(act) => self.0.act(act),
                Line::Expect(_) => panic!("{line:?} is nothing that happens"),
            };
            done.unwrap();
        }
    }

    #[track_caller]
    pub fn given(&mut self, words: &str) {
        self.line(&format!("given: {words}"));
    }

    #[track_caller]
    pub fn run(&mut self, words: &str) {
        self.line(&format!("run: {words}"));
    }

    #[track_caller]
    pub fn time(&mut self, words: &str) {
        self.line(&format!("({words})"));
    }

    #[track_caller]
    pub fn take(&mut self, event: Event) {
        self.0.take(event).unwrap();
    }

    /// What the person does: a line of text, or `[Label]`.
    #[track_caller]
    pub fn person(&mut self, words: &str) {
        self.line(&format!("> {words}"));
    }

    /// What was said and done since this was last asked.
    pub fn heard(&mut self) -> (Vec<String>, Vec<Effect>) {
        let (said, effects) = self.0.heard();
        (said.into_iter().map(|said| said.text).collect(), effects)
    }

    /// The latest button with this label.
    #[track_caller]
    pub fn token(&self, label: &str) -> String {
        self.0.token(label).unwrap_or_else(|| panic!("no button [{label}]")).to_owned()
    }
}

/// Plays a transcript that has these lines; what differs is a panic.
#[track_caller]
pub fn plays(scripts: &Scripts, text: &str) {
    let transcript = Transcript::parse("the test", text).unwrap_or_else(|wrong| panic!("{wrong:?}"));
    let played = transcript::play(&transcript, scripts, &BTreeMap::new());
    assert!(played.is_good(), "\n{}", played.render(false));
}
