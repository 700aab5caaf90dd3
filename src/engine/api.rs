//! What goes into a step and what comes out of it.
//!
//! Plain values. They say what happened and what should happen; they do nothing.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::practice::deed::Deed;
use crate::practice::history::History;
use crate::practice::promise::{Promise, Standing};
use crate::practice::reminder::Reminder;
use crate::schedule::Rule;
use crate::schedule::lapse::Away;
use crate::types::{Message, Private, Values};

/// Something that happened to one person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// Free text.
    Text(Private),
    /// A text written into the form of a question.
    Form {
        /// The question's sequence number.
        seq: u64,
        /// What was written.
        text: Private,
    },
    /// A pressed button, by its token.
    Press(String),
    /// A command, without its slash.
    Command {
        /// Lower case, without the slash.
        name: String,
        /// What stood behind it.
        rest: Private,
    },
    /// Something scheduled has come due.
    Due(Due),
    /// Show the open question again.
    Recall,
}

/// A due schedule, as the engine sees it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Due {
    /// The schedule's name, unique for the person.
    pub name: String,
    /// What it is for.
    pub run: Run,
    /// When it should have fired.
    pub due: Timestamp,
    /// What to do while another script is open.
    pub if_busy: IfBusy,
    /// How many seconds late it may still fire.
    pub late: i64,
    /// True when the person chose this time of day, so that quiet hours do not move it.
    pub chosen: bool,
}

/// What a schedule does when it comes due.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Run {
    /// Start a script.
    Script {
        /// Its name.
        script: String,
        /// Its arguments.
        #[serde(default)]
        args: Values,
    },
    /// Remind of a question that is still open.
    Nudge {
        /// The thread that asked.
        thread: u64,
        /// The question's sequence number; a later question makes this stale.
        seq: u64,
    },
    /// Go on in a script that let time pass.
    Wait {
        /// The thread.
        thread: u64,
        /// The number of the wait; a later question makes this stale.
        seq: u64,
    },
    /// Put a thread away that nobody came back to.
    Expire {
        /// The thread.
        thread: u64,
    },
}

/// What a due schedule does while another script is open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IfBusy {
    /// Wait until the open script ends.
    #[default]
    Queue,
    /// Let this time pass.
    Skip,
    /// Park the open script and come back to it.
    Interrupt,
}

/// What became of one firing. Stored for every occurrence: a reminder is said, or there is a written reason why not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was said.
    Fired,
    /// The person is in the middle of another script: it is tried again a little later.
    Queued {
        /// When.
        until: Timestamp,
    },
    /// Another script was open, and the schedule says to let it pass.
    SkippedBusy,
    /// It came too late to be of use.
    Late,
    /// It fell into quiet hours and waits until they end.
    Quiet {
        /// The end of the quiet hours.
        until: Timestamp,
    },
    /// Everything is paused.
    Resting,
    /// What it asks about is settled already, or its question was answered.
    Settled,
    /// The person put the script away.
    PutAway,
    /// The person has not been here for a while; an open question is not brought up again.
    Away,
    /// They were written to often enough today: it waits until the morning.
    Tomorrow {
        /// When that is.
        until: Timestamp,
    },
    /// They were written to often enough today, and tomorrow it is of no use.
    Enough,
    /// Something else that was due as well said it, or was said in its place: one message for all.
    Merged,
    /// The person never agreed, or said no.
    NoConsent,
    /// Its script no longer exists.
    NoScript,
}

impl Outcome {
    /// The word in the database.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Outcome::Fired => "fired",
            Outcome::Queued { .. } => "queued",
            Outcome::SkippedBusy => "skipped_busy",
            Outcome::Late => "late",
            Outcome::Quiet { .. } => "quiet",
            Outcome::Resting => "resting",
            Outcome::Settled => "settled",
            Outcome::PutAway => "put_away",
            Outcome::Away => "away",
            Outcome::Tomorrow { .. } => "tomorrow",
            Outcome::Enough => "enough",
            Outcome::Merged => "merged",
            Outcome::NoConsent => "no_consent",
            Outcome::NoScript => "no_script",
        }
    }
}

/// What the engine may know of a person beside the session: read by the shell before the step.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts {
    /// `me.*`: long-lived facts, as `prompts/facts.yaml` declares them. A missing one has its declared default.
    pub me: Values,
    /// Promises that are still open, the earliest due first.
    pub promises: Vec<Promise>,
    /// How many promises stand how, open ones included.
    pub counts: BTreeMap<Standing, i64>,
    /// How many check-ins there are.
    pub checkins: i64,
    /// The day of the last check-in, on the person's own calendar.
    pub last_checkin: Option<Date>,
    /// How many journal entries there are.
    pub entries: i64,
    /// Names of active schedules.
    pub schedules: Vec<String>,
    /// Reminders of their own, the one that comes first in front.
    pub reminders: Vec<Reminder>,
    /// What is due right now, for a step about something due: that one, and what else there is.
    pub due: Vec<Due>,
    /// When the program was not there last.
    pub away: Option<Away>,
    /// What they did, day by day. Nothing until a step asks for it with [`Effect::LacksHistory`].
    pub history: Option<History>,
    /// The language of the person's chat app as an IETF tag, if it told: spoken until they choose another.
    pub client_language: Option<String>,
}

/// What should happen because of a step. The shell carries all of them out in the transaction that stores the state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    // --- to the person ---
    /// Say this, in this order, in the place the event came from (a due one: where the person chats).
    Say(Message),

    // --- what is known of the person ---
    /// Keep a fact (`me.<fact>`). A change of `timezone` moves every schedule of the person.
    Remember {
        /// Its name.
        fact: String,
        /// Its value.
        value: crate::types::Value,
        /// When it is to be forgotten.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<Timestamp>,
    },
    /// Drop a fact.
    Forget {
        /// Its name.
        fact: String,
    },

    // --- practices ---
    /// Keep a journal entry. Private.
    Journal(Entry),
    /// Open a promise.
    Promise(Promise),
    /// Say how a promise stands. `Standing::Open` takes a settlement back.
    Settle {
        /// The promise.
        id: String,
        /// How it stands now.
        standing: Standing,
        /// The day this was told, on the person's own calendar.
        day: Date,
    },
    /// Keep a check-in. One for each calendar day: a second one on the same day replaces the first.
    CheckIn(CheckIn),
    /// Keep something that the person did.
    Deed(Deed),
    /// Remember that somebody came back after a gap.
    Return {
        /// Unique.
        id: String,
        /// The day they came back.
        day: Date,
        /// How many days they were away.
        away: i64,
    },
    /// Take back something kept earlier in this session, because the person went back or asked to delete.
    Withdraw {
        /// Which kind.
        kind: Kept,
        /// Its id.
        id: String,
    },

    // --- time ---
    /// Create or replace a schedule by its name.
    Schedule(Plan),
    /// Remove a schedule by its name. Unknown names are fine.
    Cancel {
        /// Its name.
        name: String,
    },
    /// What became of the due schedule that this step was about. Exactly one for each [`Event::Due`].
    Fired(Outcome),

    /// What became of another schedule that was due as well.
    Also {
        /// Its name.
        name: String,
        /// What became of it.
        outcome: Outcome,
    },

    // --- to whoever asks the engine ---
    /// What the person did day by day has to be known. Stands alone, nothing was decided, and the state that came with it counts for
    /// nothing: the same is to be asked again with [`Facts::history`].
    LacksHistory,

    // --- for the record ---
    /// A script ended.
    Ended {
        /// Its name.
        script: String,
        /// `done`, `stopped`, `expired`, `failed`, or the script's own word.
        outcome: String,
    },
    /// Something an operator may count. Never holds what a person wrote.
    Note {
        /// A fixed word.
        code: String,
    },
}

/// Kinds of things that [`Effect::Withdraw`] takes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kept {
    /// A journal entry.
    Entry,
    /// A promise.
    Promise,
    /// A check-in.
    CheckIn,
    /// A deed.
    Deed,
}

/// A journal entry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Unique.
    pub id: String,
    /// `check-in`, `apology`, ... from the script.
    pub kind: String,
    /// Its heading.
    pub title: Private,
    /// Its text.
    pub body: Private,
}

/// A check-in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CheckIn {
    /// Unique.
    pub id: String,
    /// The day it is for, on the person's own calendar.
    pub day: Date,
    /// 1 (awful) to 5 (great).
    pub mood: Option<i64>,
    /// One word.
    pub feeling: Option<Private>,
    /// One line.
    pub note: Option<Private>,
}

impl Plan {
    /// So many reminders of the person's own, each day at 09:00: for trying scripts out.
    #[must_use]
    pub fn daily_reminders(count: i64) -> Vec<Plan> {
        super::reminders::daily(count)
    }

    /// The reminder of the person's own that this is, if it is one.
    #[must_use]
    pub fn reminder(&self, next: Timestamp) -> Option<Reminder> {
        super::reminders::of_plan(self, next)
    }
}

/// A schedule to keep.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// Unique for the person; a second plan of the same name replaces the first.
    pub name: String,
    /// What it does.
    pub run: Run,
    /// When.
    pub rule: Rule,
    /// What to do while another script is open.
    pub if_busy: IfBusy,
    /// How many seconds late it may still fire.
    pub late: i64,
    /// True when the person chose this time of day, so that quiet hours do not move it.
    pub chosen: bool,
}
