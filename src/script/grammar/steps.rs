//! The table's second half: steps, and everything inside them.

use super::Takes::{
    Duration, Each, Expression, Flag, Map, Maps, Name, Names, Phrases, Plain, Steps, Text, Texts, When, Whole, Word,
};
use super::{Case, Cases, Key, Shape, done, said, shape};
use crate::practice::deed::Kind;
use crate::types::Picture;

/// One step: what it does is told by its verb.
pub(crate) static STEP: Shape = Shape {
    what: "a step",
    help: "A step does one thing.",
    before: &[
        Key::may("if", Expression, "Only when this holds. Example: mood is not none and mood <= 2"),
        Key::may("id", Name, "The step's name, for `goto`, `redo` and visits(\"NAME\")."),
    ],
    cases: Cases::ByKey(VERBS),
    after: &[],
};

const VERBS: &[Case] = &[
    said!("say", Text, "A message.", [PICTURE]),
    said!("say_one_of", Texts, "One of these messages, varied but repeatable."),
    said!("say_count", Map(&SAY_COUNT), "The form of a sentence that goes with a number."),
    said!("ask", Text, "A question with a typed answer.", [NAMED, ANSWER, GIVEN, KEEP, OBJECTIONS, UNCLEAR]),
    said!("choose", Text, "A question with buttons.", [NAMED, ANSWER, OTHER_TEXT, OPTIONS, UNCLEAR]),
    done!("choose_many", Text, "A question with buttons; several may be picked.", [NAMED, ANSWER, PICKS, UNCLEAR]),
    done!("wait", Map(&WAIT), "Lets time pass; nothing is asked until then.", [NAMED, WAIT_SKIP]),
    said!(
        "branch",
        Maps(&CASE),
        "The first case that holds. Example: [{ if: EXPR, then: [steps] }, { else: [steps] }]"
    ),
    said!("set", Each(&Expression), "A value into a var. Example: { light: true }"),
    done!("compose", Each(&Text), "A text into a var. Example: { draft: \"${ who }, ${ deed }\" }"),
    done!("remember", Each(&Expression), "Keeps a fact. Example: { name: name }; it is read as me.name."),
    done!("forget", Names, "Drops facts. Example: [rest_until]"),
    done!("journal", Map(&JOURNAL), "Keeps a private journal entry."),
    done!("promise", Map(&PROMISE), "Opens a promise; the follow-up comes when it is due."),
    done!("settle", Map(&SETTLE), "Says how a promise stands."),
    done!("record", Map(&RECORD), "Keeps today's check-in, or something the person did."),
    done!("schedule", Map(&SCHEDULE), "Starts a script later; replaced by name."),
    done!("remind", Map(&REMIND), "Keeps a reminder of the person's own."),
    done!(
        "begin_step",
        Expression,
        "Ends this script and begins a step of a path: its script, as path.script gives it."
    ),
    done!(
        "turn_down",
        Expression,
        "A step of a path that is not wanted: it rests for 30 days, and for good the second time."
    ),
    done!("drop_reminder", Expression, "Drops a reminder of the person's own: its id, as reminder(n) gives it."),
    done!("cancel", Name, "The name of a schedule that shall not start any more.", [EACH]),
    done!(
        "call",
        Name,
        "Runs another script inside this one; result.outcome says how it ended.",
        [NAMED, WITH, RESULTS]
    ),
    done!("start", Name, "Ends this script and starts another.", [WITH]),
    said!("goto", Name, "Goes on at the step with this id, in this file."),
    done!("redo", Name, "Asks the question with this id once more, then goes on at `back_to`.", [BACK_TO]),
    said!("end", Name, "The end, with an outcome: done, or a word of your own."),
];

const PICTURE: &[Key] = &[Key::may(
    "picture",
    Word(&Picture::WORDS),
    "A picture that goes with it; the text stands under it and says the same in words.",
)];

const EACH: &[Key] = &[Key::may("each", Expression, "Which one, where there is one for each text.")];

/// Where something waits, the name is needed.
const NAMED: &[Key] = &[Key::must("id", Name, "The step's name; running conversations remember it.")];

/// What every question has, as far as it stands before its own keys.
const ANSWER: &[Key] = &[
    Key::may("save", Name, "The var that takes the answer."),
    Key::may("skip", Flag, "true: the person may skip it; the var stays empty."),
];

/// What every question has behind its own keys.
const UNCLEAR: &[Key] = &[
    Key::may("unclear", Text, "Said before asking again, when the answer could not be read."),
    Key::may("help", Text, "Said when they ask for help here."),
    Key::may("tries", Whole(1, 10), "How often to try before `otherwise`. 3 when missing."),
    Key::may("otherwise", Steps, "What happens when the tries are used up."),
];

const GIVEN: &[Key] = &[Key::may(
    "given",
    Expression,
    "A text that is read as the answer first; it is only asked when that cannot be read. Example: when_in(said)",
)];

const KEEP: &[Key] = &[Key::may(
    "keep",
    Word(&["none"]),
    "none: nothing of the answer is kept; `save` only takes that there was one, in a var of type bool.",
)];

const OBJECTIONS: &[Key] = &[
    Key::may(
        "reject",
        Each(&Text),
        "Phrase lists, each with what is said to an answer that holds one of its phrases; then another try.",
    ),
    Key::may("checks", Maps(&CHECK), "Conditions over `answer` that get a reply and another try."),
    Key::may("soft", Names, "Lists and checks that object only once and then accept."),
];

const OTHER_TEXT: &[Key] = &[Key::may("other_text", Flag, "true: any other text is an answer too.")];
const OPTIONS: &[Key] = &[Key::must("options", Maps(&OPTION), "The buttons.")];
const PICKS: &[Key] = &[Key::must("options", Maps(&PICK), "The buttons.")];
const WAIT_SKIP: &[Key] = &[Key::may("skip", Flag, "true: the person may go on before.")];
const WITH: &[Key] = &[Key::may("with", Each(&Expression), "What its args are given. Example: { who: who }")];
const RESULTS: &[Key] =
    &[Key::may("save", Each(&Expression), "Vars from its results. Example: { impact: result.impact }")];
const BACK_TO: &[Key] = &[Key::must("back_to", Name, "The id of the step to go on at.")];

static OPTION: Shape = shape!(
    "an option",
    "A button.",
    &[LABEL, VALUE, SHOWN, ALSO, Key::may("then", Steps, "What happens when it is chosen."),],
);

/// The same where several may be picked: what follows depends on all of them.
static PICK: Shape = shape!("an option", "A button.", &[LABEL, VALUE, SHOWN, ALSO]);

const LABEL: Key = Key::must("label", Text, "What is written on it.");
const VALUE: Key = Key::may("value", Plain, "What it saves. An option without a value saves nothing.");
const SHOWN: Key = Key::may("if", Expression, "Offered only when this holds.");
const ALSO: Key = Key::may("also", Phrases, "Other ways to say it. Put yes and no in quotes.");

static SAY_COUNT: Shape = shape!(
    "`say_count`",
    "The form of a sentence that goes with a number.",
    &[
        Key::must("n", Expression, "The number."),
        Key::must("one", Text, "The sentence for one."),
        Key::must("other", Text, "The sentence for any other number."),
    ],
);

static WAIT: Shape = Shape {
    what: "`wait`",
    help: "How long.",
    before: &[],
    cases: Cases::ByKey(&[
        said!("for", Duration, "A length of time: 10m, 3h."),
        said!("until", When, "A time. Example: tomorrow morning"),
    ]),
    after: &[],
};

static CHECK: Shape = shape!(
    "a check",
    "A condition over `answer` that asks for another try.",
    &[
        Key::must("name", Name, "Its name, for `soft` and hits(\"name\")."),
        Key::must("if", Expression, "Objects when this holds. Example: words(answer) > 25"),
        Key::must("say", Text, "What is said before another try."),
    ],
);

static CASE: Shape = Shape {
    what: "a case",
    help: "A condition and what happens when it holds.",
    before: &[],
    cases: Cases::ByKey(&[
        said!("if", Expression, "When this holds.", [&[Key::must("then", Steps, "What happens then.")]]),
        said!("else", Steps, "What happens when no case holds. Stands last."),
    ]),
    after: &[],
};

static JOURNAL: Shape = shape!(
    "`journal`",
    "A private journal entry.",
    &[
        Key::must("kind", Name, "A word for entries of this sort."),
        Key::must("title", Text, "Its heading."),
        Key::must("body", Text, "Its text."),
    ],
);

static PROMISE: Shape = shape!(
    "`promise`",
    "A promise.",
    &[
        Key::must("text", Expression, "What is promised."),
        Key::may("to", Expression, "To whom. The person themselves when missing."),
        Key::must("due", When, "By when. Not every day."),
        Key::may("remind", Expression, "\"morning\", \"evening\" or \"none\"."),
        Key::may("sure", Expression, "How sure the person is, from 0 to 10."),
    ],
);

static SETTLE: Shape = shape!(
    "`settle`",
    "How a promise stands.",
    &[
        Key::must("promise", Expression, "Which: ledger.open, or a var that holds its id."),
        Key::must(
            "as",
            Expression,
            "\"kept\", \"late\", \"told_ahead\", \"repaired\", \"released\" or \"missed\"; any other word changes nothing.",
        ),
    ],
);

static REMIND: Shape = shape!(
    "`remind`",
    "A reminder of the person's own.",
    &[
        Key::must("text", Expression, "Of what."),
        Key::must("at", When, "When. Example: as when, where `when` is a var of that type"),
        Key::may("instead_of", Expression, "The id of the reminder that it takes the place of."),
        Key::may("late", Duration, "How late it may be. 7d when missing, 1h for one that comes again and again."),
    ],
);

static RECORD: Shape = Shape {
    what: "`record`",
    help: "What is kept about today.",
    before: &[],
    cases: Cases::ByKey(&[
        done!("checkin", Map(&CHECKIN), "Today's check-in. Example: { mood: mood, feeling: feeling }"),
        done!("deed", Word(&Kind::WORDS), "Something the person did.", [DEED]),
    ]),
    after: &[],
};

const DEED: &[Key] = &[
    Key::may("amount", Expression, "A number that goes with it, such as minutes."),
    Key::may("about", Expression, "What it was about, a text. Private."),
];

static CHECKIN: Shape = shape!(
    "`checkin`",
    "Today's check-in.",
    &[
        Key::may("mood", Expression, "1 to 5."),
        Key::may("feeling", Expression, "A word."),
        Key::may("note", Expression, "A line."),
    ],
);

static SCHEDULE: Shape = shape!(
    "`schedule`",
    "A later start of a script.",
    &[
        Key::must("name", Name, "Its name. A schedule of the same name is replaced."),
        Key::may("each", Expression, "A text: there is one schedule of this name for each. Example: line"),
        Key::must("run", Name, "Which script."),
        Key::must("at", When, "When."),
        Key::may("if_busy", Word(&["queue", "skip", "interrupt"]), "While another script is open. queue when missing."),
        Key::may("late", Duration, "How late it may still start: 3h. 12h when missing."),
        Key::may("with", Each(&Expression), "What its args are given."),
    ],
);
