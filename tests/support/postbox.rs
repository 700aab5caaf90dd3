//! A platform that keeps what it is sent and answers as told.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use goldseam::outbox::{BoxFuture, Deliver, Outgoing, SendError, Sent};
use goldseam::types::Platform;

pub struct Postbox {
    platform: Platform,
    taken: Mutex<Vec<Outgoing>>,
    answers: Mutex<VecDeque<Answer>>,
}

/// What the platform does with the next message. Without one it takes it.
pub enum Answer {
    Say(Result<Sent, SendError>),
    /// Takes the message and never answers, as when the program dies while waiting.
    Hang,
    /// Takes the message and breaks down.
    Panic,
}

impl Postbox {
    pub fn new(platform: Platform) -> Arc<Self> {
        Arc::new(Self { platform, taken: Mutex::default(), answers: Mutex::default() })
    }

    pub fn fail_next(&self, error: SendError) {
        self.answers.lock().unwrap().push_back(Answer::Say(Err(error)));
    }

    pub fn answer_next(&self, answer: Answer) {
        self.answers.lock().unwrap().push_back(answer);
    }

    /// Everything that was handed over, also what was then refused.
    pub fn taken(&self) -> Vec<Outgoing> {
        self.taken.lock().unwrap().clone()
    }

    /// What came since the last call.
    pub fn drain(&self) -> Vec<Outgoing> {
        self.taken.lock().unwrap().drain(..).collect()
    }

    /// The texts of what came since the last call.
    pub fn empty(&self) -> Vec<String> {
        self.taken.lock().unwrap().drain(..).map(|outgoing| outgoing.message.text.text()).collect()
    }
}

impl Deliver for Postbox {
    fn platform(&self) -> Platform {
        self.platform
    }

    fn deliver<'a>(&'a self, outgoing: &'a Outgoing) -> BoxFuture<'a, Result<Sent, SendError>> {
        self.taken.lock().unwrap().push(outgoing.clone());
        let answer = self.answers.lock().unwrap().pop_front();
        Box::pin(async move {
            match answer {
                None => Ok(Sent { message: Some("m1".into()), place: None }),
                Some(Answer::Say(answer)) => answer,
                Some(Answer::Hang) => std::future::pending().await,
                Some(Answer::Panic) => panic!("broken"),
            }
        })
    }
}
