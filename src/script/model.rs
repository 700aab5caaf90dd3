//! A script as the engine runs it: a flat list of operations, so that what follows a question is the next one in the list.
//!
//! Positions in the list are never stored; a session remembers only the names of questions.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use jiff::civil::Date;

use super::expr::Expr;
use super::text::Template;
use crate::phrase::Phrase;
use crate::schedule::when::When;
use crate::types::{Picture, Value};

/// A script that was read and checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Script {
    /// Its name: that of its file.
    pub name: String,
    /// Raised by its author when sessions in the old text should end in the old text.
    pub version: i64,
    /// What people see it called.
    pub title: String,
    /// One or two sentences for `help`.
    pub about: String,
    /// The language it is written in.
    pub language: String,
    /// What starts it: `/word` (without the slash) for commands, other texts as whole messages.
    pub starters: Starters,
    /// True when it may run before somebody agreed to the terms.
    pub open_to_all: bool,
    /// True for the cards in `prompts/system`.
    pub card: bool,
    /// What a caller must give.
    pub args: Vec<String>,
    /// The var that takes what stood behind the command, or behind the beginning of the message.
    pub rest: Option<String>,
    /// What a caller may read afterwards.
    pub returns: Vec<String>,
    /// Types of vars and args.
    pub vars: BTreeMap<String, VarDef>,
    /// Vars whose declaration could not be read; empty in a script without errors.
    pub unread: BTreeSet<String>,
    /// Phrase lists.
    pub phrases: BTreeMap<String, Vec<Phrase>>,
    /// When and how to remind of an open question.
    pub nudge: Option<Nudge>,
    /// After how many seconds without an answer the script is put away.
    pub expire: i64,
    /// What is said then; nothing when missing.
    pub expire_say: Option<Template>,
    /// True when it is over then, and is not offered again.
    pub expire_over: bool,
    /// Earlier names of questions and calls, and what they are called now.
    pub renamed: BTreeMap<String, String>,
    /// Cards that say it in another way in this script: the card's name and the name of the one in its place.
    pub repair: BTreeMap<String, String>,
    /// For a card that stands in for another one: that one's name.
    pub instead_of: Option<String>,
    /// What to do, in order.
    pub ops: Vec<Op>,
    /// Where named steps begin.
    pub ids: BTreeMap<String, usize>,
    /// Where questions and calls stand.
    pub waits: BTreeMap<String, usize>,
    /// Where named steps end, with everything inside them.
    pub ends: BTreeMap<String, usize>,
    /// True when something in it asks how often a question was asked: only then that is counted.
    pub counts_visits: bool,
    /// How it treats people who are hurt, and who vouches for that.
    pub care: Care,
    /// A hash of its text without the stamps, so that a review changes nothing for anybody.
    pub rev: String,
}

impl Script {
    /// What a question or call is called now, that was called `id` once.
    #[must_use]
    pub fn renamed<'s>(&'s self, id: &'s str) -> &'s str {
        self.renamed.get(id).map_or(id, String::as_str)
    }

    /// The card that a script of `prompts/system` is, or stands in for.
    #[must_use]
    pub fn card_name(&self) -> &str {
        self.instead_of.as_deref().unwrap_or(&self.name)
    }
}

/// What an author and those who read a script say about its words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Care {
    /// True when it touches what hurts: it begins with a note and a way out, and every question can be left.
    pub heavy: bool,
    /// True when it begins with a note about what is coming.
    pub has_note: bool,
    /// Words that it uses although they are on the list of words the bot does not say.
    pub allowed: Vec<Allowance>,
    /// Who has read it, and which text of it.
    pub reviewed: Vec<Stamp>,
}

/// A word that is used knowingly, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// The word or phrase, as it stands in `banned.yaml`; `!` for exclamation marks.
    pub word: String,
    /// Its author's reason.
    pub because: String,
    /// Where it is allowed, in bytes.
    pub span: Range<usize>,
}

/// A person's word that they have read a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// Their name.
    pub by: String,
    /// The day.
    pub on: Date,
    /// What they are: "peer lead".
    pub role: String,
    /// The hash of the text that they read.
    pub text: String,
    /// Where it stands, in bytes.
    pub span: Range<usize>,
}

/// What starts a script.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Starters {
    /// Command names.
    pub commands: Vec<String>,
    /// Whole messages.
    pub words: Vec<Phrase>,
    /// Beginnings of messages, folded: "remind me to".
    pub openings: Vec<String>,
}

/// A reminder of an open question.
#[derive(Clone, Debug, PartialEq)]
pub struct Nudge {
    /// Seconds after the question.
    pub after: i64,
    /// What to say.
    pub say: Template,
}

/// A declared var or fact.
#[derive(Clone, Debug, PartialEq)]
pub struct VarDef {
    /// What it holds.
    pub ty: Type,
    /// What it is at first.
    pub default: Value,
    /// Hidden from whoever looks at a session, and dropped when the script ends.
    pub private: bool,
    /// For a fact: after how many seconds it is forgotten.
    pub keep_for: Option<i64>,
    /// Where it is declared.
    pub span: Range<usize>,
}

/// Types of the script language.
#[derive(Clone, Debug, PartialEq)]
pub enum Type {
    /// Text of at most so many characters.
    Text {
        /// Characters.
        max: usize,
    },
    /// A whole number within bounds.
    Integer {
        /// Smallest.
        from: i64,
        /// Largest.
        to: i64,
    },
    /// A number within bounds.
    Number {
        /// Smallest.
        from: f64,
        /// Largest.
        to: f64,
    },
    /// Yes or no.
    Bool,
    /// One of these words.
    Choice {
        /// The words.
        of: Vec<String>,
    },
    /// A day of the calendar.
    Date,
    /// A time on the clock.
    Time,
    /// A length of time.
    Duration,
    /// A time zone.
    Zone,
    /// When something shall happen: once, or again and again.
    When,
    /// Several values.
    List,
}

impl Type {
    /// The word for it in scripts.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Type::Text { .. } => "text",
            Type::Integer { .. } => "integer",
            Type::Number { .. } => "number",
            Type::Bool => "bool",
            Type::Choice { .. } => "choice",
            Type::Date => "date",
            Type::Time => "time",
            Type::Duration => "duration",
            Type::Zone => "zone",
            Type::When => "when",
            Type::List => "list",
        }
    }

    /// Whether a value can stand in a var of this type. A text of any length can.
    #[must_use]
    pub fn holds(&self, value: &Value) -> bool {
        match (self, value) {
            (_, Value::None)
            | (Type::Text { .. }, Value::Text(_))
            | (Type::Bool, Value::Bool(_))
            | (Type::Date, Value::Date { .. })
            | (Type::Time, Value::Time { .. })
            | (Type::Duration, Value::Duration { .. })
            | (Type::When, Value::When { .. })
            | (Type::List, Value::List(_)) => true,
            (Type::Integer { from, to }, Value::Int(number)) => (from..=to).contains(&number),
            (Type::Number { from, to }, Value::Number(number)) => number >= from && number <= to,
            (Type::Choice { of }, Value::Text(text)) => of.contains(text),
            (Type::Zone, Value::Text(text)) => crate::schedule::zones::by_name(text).is_some(),
            _ => false,
        }
    }

    /// A text as a value of it, as scripts write values.
    #[must_use]
    pub fn read(&self, text: &str) -> Option<Value> {
        super::parse::typed(text, self)
    }

    /// A value of it, as it is written in scripts.
    #[must_use]
    pub fn example(&self) -> String {
        match self {
            Type::Text { .. } => "any words".into(),
            Type::Integer { from, .. } => from.to_string(),
            Type::Number { from, .. } => from.to_string(),
            Type::Bool => "yes".into(),
            Type::Choice { of } => of.first().cloned().unwrap_or_default(),
            Type::Date => "2026-03-02".into(),
            Type::Time => "20:00".into(),
            Type::Duration => "3h".into(),
            Type::Zone => "Europe/Vienna".into(),
            Type::When => "0 0 20 * * *".into(),
            Type::List => "one, two".into(),
        }
    }
}

/// One operation and where it stands in its file.
#[derive(Clone, Debug, PartialEq)]
pub struct Op {
    /// Its place, in bytes.
    pub span: Range<usize>,
    /// What it does.
    pub kind: OpKind,
}

/// A value for each of several names.
pub type Assignments = Vec<(String, Expr)>;

/// The operations.
#[derive(Clone, Debug, PartialEq)]
pub enum OpKind {
    /// Say one of these.
    Say {
        /// The texts.
        texts: Vec<Template>,
        /// The picture that goes with it.
        picture: Option<Picture>,
    },
    /// Say the form of a sentence that goes with a number.
    SayCount {
        /// The number.
        n: Expr,
        /// One form for each plural of the language, in its order; in English: one, other.
        forms: Vec<Template>,
    },
    /// Let time pass.
    Wait(Box<Wait>),
    /// Ask and wait.
    Ask(Box<Ask>),
    /// Offer and wait.
    Choose(Box<Choose>),
    /// Go on at another operation.
    Jump(usize),
    /// Go on at another operation unless this holds.
    JumpUnless(Expr, usize),
    /// Put values into vars.
    Set(Assignments),
    /// Put a text into a var.
    Compose(String, Template),
    /// Keep facts.
    Remember(Assignments),
    /// Drop facts.
    Forget(Vec<String>),
    /// Keep a journal entry.
    Journal {
        /// A fixed word.
        kind: String,
        /// Its heading.
        title: Template,
        /// Its text.
        body: Template,
    },
    /// Open a promise.
    Promise {
        /// What.
        text: Expr,
        /// To whom; the person when missing.
        to: Option<Expr>,
        /// By when.
        due: When<Expr>,
        /// `morning`, `evening` or `none`.
        remind: Option<Expr>,
        /// How sure the person is, from 0 to 10.
        sure: Option<Expr>,
    },
    /// Say how a promise stands.
    Settle {
        /// Which.
        promise: Expr,
        /// How.
        standing: Expr,
    },
    /// Keep today's check-in.
    CheckIn {
        /// 1 to 5.
        mood: Option<Expr>,
        /// A word.
        feeling: Option<Expr>,
        /// A line.
        note: Option<Expr>,
    },
    /// Keep something that the person did.
    Deed {
        /// What.
        kind: crate::practice::deed::Kind,
        /// A number that goes with it.
        amount: Option<Expr>,
        /// What it was about.
        about: Option<Expr>,
    },
    /// Start a script later.
    Schedule(Box<ScheduleOp>),
    /// Forget a schedule.
    Cancel {
        /// Its name.
        name: String,
        /// Which one of several of that name.
        each: Option<Expr>,
    },
    /// Keep a reminder of their own.
    Remind {
        /// Of what.
        text: Expr,
        /// When.
        at: When<Expr>,
        /// The one that it takes the place of.
        instead_of: Option<Expr>,
        /// How many seconds late it may be, when that is not usual.
        late: Option<i64>,
    },
    /// Drop a reminder of their own.
    DropReminder(Expr),
    /// End this script and begin a step of a path.
    BeginStep(Expr),
    /// A step of a path is not wanted.
    TurnDown(Expr),
    /// Run another script inside this one.
    Call {
        /// The step's name.
        id: String,
        /// Which script.
        script: String,
        /// Its arguments.
        with: Assignments,
        /// Vars from its results.
        save: Assignments,
    },
    /// End this script and start another.
    Start {
        /// Which.
        script: String,
        /// Its arguments.
        with: Assignments,
    },
    /// Ask one step again, then go on at another.
    Redo {
        /// The step to ask again.
        id: String,
        /// Where to go on.
        back_to: String,
    },
    /// The end.
    End(String),
}

/// A later start of a script.
#[derive(Clone, Debug, PartialEq)]
pub struct ScheduleOp {
    /// Its name.
    pub name: String,
    /// There is one of that name for each such text.
    pub each: Option<Expr>,
    /// Which script.
    pub run: String,
    /// When.
    pub at: When<Expr>,
    /// What to do while another script is open.
    pub if_busy: BusyPolicy,
    /// How many seconds late it may still start.
    pub late: i64,
    /// Arguments.
    pub with: Assignments,
}

/// What a due schedule does while another script is open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "named as in docs/script-language.md")]
pub enum BusyPolicy {
    #[default]
    Queue,
    Skip,
    Interrupt,
}

/// What every question has.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// The step's name.
    pub id: String,
    /// What it says.
    pub prompt: Template,
    /// The var that takes the answer.
    pub save: Option<String>,
    /// True when it may be skipped.
    pub skip: bool,
    /// Said before asking again.
    pub unclear: Option<Template>,
    /// Said when somebody asks for help here.
    pub help: Option<Template>,
    /// How often to try.
    pub tries: u32,
    /// Where to go on when the tries are used up.
    pub otherwise: usize,
    /// True when there are steps for that.
    pub has_otherwise: bool,
    /// What it looks like, with its options, as the author wrote them: when it changes, an answer to the old one is not a mistake.
    pub hash: u32,
}

/// A question for a typed answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Ask {
    /// What every question has.
    pub question: Question,
    /// A text that is read as the answer before anything is asked.
    pub given: Option<Expr>,
    /// Nothing of the answer is kept anywhere; its var, if there is one, only holds that there was one.
    pub unkept: bool,
    /// What is objected to, in order.
    pub objections: Vec<Objection>,
}

/// A reason to ask again.
#[derive(Clone, Debug, PartialEq)]
pub struct Objection {
    /// The list's or check's name; counts in `hits`.
    pub name: String,
    /// What is looked for.
    pub test: ObjectionTest,
    /// What is said.
    pub say: Template,
    /// True when it objects only once.
    pub soft: bool,
}

/// What an objection looks for.
#[derive(Clone, Debug, PartialEq)]
pub enum ObjectionTest {
    /// A phrase of this list.
    List(String),
    /// A condition over `answer`.
    Check(Expr),
}

/// A time in which nothing is asked.
#[derive(Clone, Debug, PartialEq)]
pub struct Wait {
    /// The step's name.
    pub id: String,
    /// Until when.
    pub until: When<Expr>,
    /// True when the person may go on before.
    pub skip: bool,
}

/// A question with buttons.
#[derive(Clone, Debug, PartialEq)]
pub struct Choose {
    /// What every question has.
    pub question: Question,
    /// What it offers.
    pub options: Vec<Choice>,
    /// True when several may be picked.
    pub many: bool,
    /// True when any other text is an answer too.
    pub other_text: bool,
}

/// One button.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// Where it stands in its file.
    pub span: Range<usize>,
    /// What is written on it.
    pub label: Template,
    /// What it saves; an option without a value saves nothing.
    pub value: Option<Value>,
    /// Other ways to say it.
    pub also: Vec<Phrase>,
    /// Whether it is offered.
    pub condition: Option<Expr>,
    /// Where its own steps begin.
    pub then: usize,
}
