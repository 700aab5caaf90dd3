//! What a step carried out of which script, for whoever tests scripts or draws them.
//!
//! Nothing is decided by it, and nothing of it is kept: a step that is not traced does the same.

use std::ops::Range;

use super::api::Effect;
use super::turn::Turn;
use crate::script::model::Script;
use crate::script::text::Template;

/// One thing that was carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// The script's name.
    pub script: String,
    /// Its revision; `pc` is a place in the operations of this revision and of no other.
    pub rev: String,
    /// The operation.
    pub pc: usize,
    /// What of it.
    pub did: Did,
}

/// What of an operation was carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Did {
    /// It was begun: done, or asked.
    Step,
    /// Its condition led to this operation.
    Went(usize),
    /// It was answered in words of one's own, or with everything that was picked.
    Answered,
    /// This option was chosen or picked.
    Chose(usize),
    /// It was skipped.
    Skipped,
    /// Its tries were used up.
    GaveUp,
    /// This objection of it was made.
    Objected(usize),
    /// This soft objection of it had been made before and let the answer pass.
    LetPass(usize),
    /// A line of it was said, as part of one of the step's messages.
    Said {
        /// Where the line stands in its file, in bytes.
        span: Range<usize>,
        /// The language whose file that is; the script's own when missing.
        language: Option<String>,
        /// Which message of the step, from 0: the place among its [`Effect::Say`].
        message: usize,
    },
}

impl Turn<'_> {
    /// Notes what was carried out, when somebody wants to know.
    pub(crate) fn did(&mut self, script: &Script, pc: usize, did: Did) {
        if let Some(trace) = &mut self.trace {
            trace.push(Trace { script: script.name.clone(), rev: script.rev.clone(), pc, did });
        }
    }

    /// Notes which line the next message is from.
    pub(crate) fn said(&mut self, script: &Script, pc: usize, line: &Template) {
        if self.trace.is_some() {
            let language = line.translated.then(|| self.library.language().to_owned());
            let did = Did::Said { span: line.span.clone(), language, message: self.messages() };
            self.did(script, pc, did);
        }
    }

    /// The lines of all messages from this one on are said in one.
    pub(crate) fn said_as_one(&mut self, first: usize) {
        for entry in self.trace.iter_mut().flatten() {
            if let Did::Said { message, .. } = &mut entry.did {
                *message = first.min(*message);
            }
        }
    }

    /// How many messages there are so far.
    pub(crate) fn messages(&self) -> usize {
        self.effects.iter().filter(|effect| matches!(effect, Effect::Say(_))).count()
    }
}
