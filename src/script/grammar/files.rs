//! The table's first half: whole files, and what stands at their top.

use super::Takes::{
    Day, Decimal, Duration, Each, Flag, Map, Maps, Name, Names, Phrases, Plain, Starters, Steps, Text, Whole, Word,
};
use super::{Case, Cases, Key, Shape, Takes, said, shape};

/// A script: what people do here.
pub(crate) static SCRIPT: Shape = shape!(
    "a script",
    "A script: what the bot says and asks, step by step.",
    &[
        NAME,
        VERSION,
        TITLE,
        ABOUT,
        LANGUAGE,
        Key::may(
            "start_with",
            Starters,
            "What starts it: /words are commands, words that end with \"...\" are the beginning of a message, anything else is a whole message. Example: [/feeling, name a feeling, \"remind me to ...\"]",
        ),
        Key::may(
            "open_to_all",
            Flag,
            "true when it may run before somebody agreed to the terms (welcome, now, help, privacy). false when missing.",
        ),
        Key::may("args", Names, "What a caller must give. Text, unless declared under `vars`."),
        Key::may(
            "rest",
            Name,
            "The var that takes what stood behind the command, or behind words of `start_with` that end with \"...\".",
        ),
        Key::may("returns", Names, "Vars that a caller may read as result.NAME."),
        Key::may(
            "nudge",
            Map(&NUDGE),
            "A reminder of an open question. Example: { after: 4h, say: \"Your check-in is still open.\" }",
        ),
        EXPIRE_KEY,
        RENAMED,
        Key::may(
            "repair",
            Each(&Name),
            "Cards that say it in another way in this script. Example: { unclear: unclear-gently }",
        ),
        Key::may(
            "heavy",
            Flag,
            "true when it touches what hurts: it begins with a content note, and every question can be left.",
        ),
        Key::may("content_note", Text, "Said before the first step: what is coming, and that it can be left."),
        ALLOW,
        REVIEWED,
        VARS,
        LISTS,
        STEPS,
    ],
);

/// A card: a short script that answers what no script expects.
pub(crate) static CARD: Shape = shape!(
    "a card",
    "A card of prompts/system: it answers what no script expects. The program goes by the word it ends with.",
    &[
        NAME,
        VERSION,
        TITLE,
        ABOUT,
        LANGUAGE,
        EXPIRE_KEY,
        Key::may("args", Names, "What the program gives it. Any of them may be empty: ${ title or \"this one\" }"),
        Key::may("instead_of", Name, "For a card that stands in for another one in some scripts: that one's name."),
        RENAMED,
        ALLOW,
        REVIEWED,
        VARS,
        LISTS,
        STEPS,
    ],
);

/// `facts.yaml`.
pub(crate) static FACTS: Shape = shape!(
    "facts.yaml",
    "Everything that is kept about a person beside entries, promises and check-ins.",
    &[Key::must("facts", Each(&A_VAR), "Facts by name; scripts read them as me.NAME and keep them with `remember`.")],
);

/// `phrases.yaml`.
pub(crate) static PHRASES: Shape = shape!(
    "phrases.yaml",
    "Words that belong to no single script.",
    &[
        Key::may("language", Plain, "The tag of the language that scripts are written in. en when missing."),
        Key::may("name", Plain, "That language's name in itself."),
        Key::may(
            "lists",
            Each(&Phrases),
            "Phrase lists that every script may use in `reject` and in has(text, \"list\")."
        ),
        Key::must("reserved", Map(&RESERVED), "What people type for the words that work in every question."),
        Key::must("yes", Phrases, "What people type for yes."),
        Key::must("no", Phrases, "What people type for no."),
        Key::must("skip", Phrases, "What people type to leave a question unanswered."),
        Key::may("enough", Phrases, "What people type when they have picked all they want to."),
        Key::may("joins", Phrases, "Words between several things that are picked in one message, like \"and\"."),
        Key::may("labels", Map(&LABELS), "What is written on buttons and forms of the program itself."),
        Key::may("about", Map(&ABOUT_WORDS), "What stands beside the reserved words in command menus."),
        Key::must("reading", Map(&READING), "How people write numbers, days, times and lengths."),
        Key::must("writing", Map(&WRITING), "How days, times, lengths and lists are shown."),
    ],
);

/// `languages/<tag>/phrases.yaml`: the same for another language. What is left out stays as it is in the source language.
pub(crate) static LANGUAGE_PHRASES: Shape = shape!(
    "phrases.yaml",
    "Words of one language that belong to no single script. What is left out stays as it is in the source language.",
    &[
        Key::may("name", Plain, "The language's name in itself: Espa\u{f1}ol."),
        Key::may("lists", Each(&Phrases), "Phrase lists by the names they have in prompts/phrases.yaml."),
        Key::may("reserved", Each(&Phrases), "What people type for the words that work in every question."),
        Key::may("yes", Phrases, "What people type for yes."),
        Key::may("no", Phrases, "What people type for no."),
        Key::may("skip", Phrases, "What people type to leave a question unanswered."),
        Key::may("enough", Phrases, "What people type when they have picked all they want to."),
        Key::may("joins", Phrases, "Words between several things that are picked in one message, like \"and\"."),
        Key::may("labels", Map(&LABELS), "What is written on buttons and forms of the program itself."),
        Key::may("about", Map(&ABOUT_WORDS), "What stands beside the reserved words in command menus."),
        Key::may("reading", Map(&READING), "How people write numbers, days, times and lengths."),
        Key::may("writing", Map(&WRITING), "How days, times, lengths and lists are shown."),
    ],
);

/// `languages/<tag>/<script>.yaml`: the words of one script in another language.
pub(crate) static SCRIPT_WORDS: Shape = shape!(
    "a file of words",
    "What people type in one script, in one language. Texts stand in texts.po.",
    &[
        Key::may(
            "start_with",
            Phrases,
            "Whole messages that start it, beside those of the source language. Commands stay."
        ),
        Key::may("phrases", Each(&Phrases), "Phrase lists by the names they have in the script."),
        Key::may(
            "also",
            Each(&Each(&Phrases)),
            "Other ways to say an option: by the step's id, then by the option's value or label."
        ),
    ],
);

static READING: Shape = shape!(
    "`reading`",
    "How people write numbers, days, times and lengths. Upper and lower case and accents do not matter.",
    &[
        Key::may("numbers", Each(&Phrases), "Words by the number they stand for. Example: { 1: [one, first] }"),
        Key::may("of_ten", Phrases, "What may stand behind a number of a scale: \"/10\"."),
        Key::may("days", Each(&Phrases), "Days by their distance from today. Example: { 1: [tomorrow] }"),
        Key::must("weekdays", Phrases, "The seven days of the week from Monday on, as they are shown."),
        Key::must("months", Phrases, "The twelve months, as they are shown."),
        Key::may(
            "date_order",
            Word(&["day_month", "month_day", "either"]),
            "What 3/5 means; either: it is asked back."
        ),
        Key::may("date_words", Phrases, "Words that say nothing in a date: next, of."),
        Key::may("time_words", Phrases, "Words before a time that say nothing: at."),
        Key::may("after", Phrases, "Words before a length of time from now, and before a place: in."),
        Key::may("hour_words", Phrases, "Words behind an hour that say nothing: o'clock."),
        Key::may("morning", Phrases, "Behind an hour before noon."),
        Key::may("afternoon", Phrases, "Behind an hour after noon."),
        Key::may("night", Phrases, "Behind an hour of the night: 10 is before midnight, 2 is after it."),
        Key::may("times", Each(&Phrases), "Times by their words. Example: { \"12:00\": [noon] }"),
        Key::may("minutes", Each(&Phrases), "Minutes around an hour, which is #. Example: { 30: [\"half past #\"] }"),
        Key::may("units", Each(&Phrases), "Units by their words. Example: { 1h: [hour, hours] }"),
        Key::may("lengths", Each(&Phrases), "Whole lengths by their words. Example: { 30m: [half an hour] }"),
        Key::may("articles", Phrases, "Words that stand for one unit: an, in \"an hour\"."),
        Key::may(
            "places",
            Each(&Plain),
            "Places with another name in this language, and their zones. Example: { viena: Europe/Vienna }"
        ),
        Key::may("when", Map(&WISHES), "How people say when something shall happen, for vars of type `when`."),
    ],
);

static WISHES: Shape = shape!(
    "`when`",
    "How people say when something shall happen. Days, times and lengths in it are read by the words above.",
    &[
        Key::may("every", Phrases, "Before a length, for every so often: every."),
        Key::may("daily", Phrases, "Every day."),
        Key::may("workdays", Phrases, "Monday to Friday: weekdays."),
        Key::may("weekends", Phrases, "Saturday and Sunday."),
        Key::may("other_day", Phrases, "Every other day."),
        Key::may("weekly", Phrases, "Before days of the week, for all of them: every."),
        Key::may("endings", Phrases, "What makes several of a day of the week: the s in mondays."),
        Key::may("month_end", Phrases, "The last day of the month."),
        Key::may("monthly", Phrases, "A day of every month, which is #. Example: [\"the # of every month\"]"),
        Key::may("yearly", Phrases, "A day of every year, which is #. Example: [\"every year on #\"]"),
        Key::may("between", Phrases, "A window between two times. Example: [\"between # and #\"]"),
        Key::may("morning", Phrases, "The morning of the person's settings: in the morning."),
        Key::may("noon", Phrases, "The noon of their settings."),
        Key::may("evening", Phrases, "The evening of their settings."),
        Key::may("tonight", Phrases, "The evening of this day."),
        Key::may("lead", Phrases, "Before what somebody wants to be reminded of: to, about."),
    ],
);

static WRITING: Shape = shape!(
    "`writing`",
    "How days, times, lengths and lists are shown.",
    &[
        Key::may("date", Plain, "A day: {weekday}, {day} and {month} in their order."),
        Key::may("time", Plain, "A time of 24 hours: {hour} and {minute}."),
        Key::may("decimal", Plain, "The sign before a fraction."),
        Key::may("and", Plain, "Between the last two of several."),
        Key::may("yes", Plain, "Yes. Put the key in quotes."),
        Key::may("no", Plain, "No. Put the key in quotes."),
        Key::may("second", Phrases, "The forms of second, in the order of the plural rule."),
        Key::may("minute", Phrases, "The forms of minute."),
        Key::may("hour", Phrases, "The forms of hour."),
        Key::may("day", Phrases, "The forms of day."),
        Key::may("when", Map(&SAYINGS), "How a rule is read back."),
    ],
);

static SAYINGS: Shape = shape!(
    "`when`",
    "How a rule is read back.",
    &[
        Key::must("at", Plain, "The time: {time}. It stands for {at} below."),
        Key::must("between", Plain, "A window: {time} and {until}. It stands for {at} below."),
        Key::must("once", Plain, "Once: {date} and {at}."),
        Key::must("later", Plain, "Once, in another year: {date}, {year} and {at}."),
        Key::must("hourly", Plain, "Every few hours: {length}."),
        Key::must("daily", Plain, "Every day: {at}."),
        Key::must("workdays", Plain, "Monday to Friday: {at}."),
        Key::must("weekly", Plain, "Days of the week: {days} and {at}."),
        Key::must("each_nth", Plain, "Every so many days: {length} and {at}."),
        Key::must("monthly", Plain, "A day of every month: {day} and {at}."),
        Key::must("month_end", Plain, "The last day of every month: {at}."),
        Key::must("yearly", Plain, "Once a year: {date} and {at}."),
        Key::may("days", Phrases, "The days of a month from the first on: 1st, 2nd. Numbers when missing."),
    ],
);

/// `banned.yaml`.
pub(crate) static BANNED: Shape = shape!(
    "banned.yaml",
    "Words that the bot does not say.",
    &[Key::must("banned", Maps(&RULE), "Words, why they are not said, and what to write instead.")],
);

/// `paths.yaml`.
pub(crate) static PATHS: Shape = shape!(
    "paths.yaml",
    "Which reflections come in which order on each path.",
    &[Key::must("paths", Each(&PATH), "Paths by name, as `me.paths` holds them; each is a list of steps.")],
);

static PATH: Takes = Maps(&PATH_STEP);

static PATH_STEP: Shape = shape!(
    "a step of a path",
    "A reflection on a path.",
    &[
        Key::must("script", Name, "The script."),
        Key::must("from_day", Whole(0, 365), "How many days after the beginning it may come first."),
        Key::may("softer", Name, "The script that is a softer way of the same."),
    ],
);

static RULE: Shape = shape!(
    "a rule",
    "Words that are not said, for one reason.",
    &[
        Key::must("phrases", Phrases, "The words. * stands for any ending, ... for up to four words."),
        Key::must(
            "where",
            Word(&["everywhere", "counts", "heavy"]),
            "counts: texts that show how many there were; heavy: scripts with `heavy: true`.",
        ),
        Key::must("why", Plain, "Why not; stands in the warning."),
        Key::must("instead", Plain, "What to write in their place."),
        Key::may("except", Phrases, "A sentence with one of these is meant otherwise."),
    ],
);

const NAME: Key = Key::must("script", Name, "The script's name: the same as the file's name without .yaml.");
const VERSION: Key =
    Key::may("version", Whole(1, 999_999), "Raise it when conversations in the old text should end in the old text.");
const TITLE: Key = Key::must("title", Plain, "What people see it called: \"You were in the middle of: ...\"");
const ABOUT: Key = Key::may("about", Plain, "One or two sentences; help shows them, command menus the first one.");
const LANGUAGE: Key = Key::may("language", Plain, "The language it is written in. en when missing.");
const EXPIRE_KEY: Key =
    Key::may("expire", Map(&EXPIRE), "When it is put away because nobody came back. Example: { after: 20h }");
const RENAMED: Key = Key::may(
    "renamed",
    Each(&Name),
    "Earlier names of questions and calls, and what they are called now. Example: { mood: how-are-you }",
);
const ALLOW: Key = Key::may(
    "allow",
    Maps(&ALLOWANCE),
    "Words of banned.yaml that it uses knowingly. Example: [{ word: \"move on\", because: \"it is quoted\" }]",
);
const REVIEWED: Key =
    Key::may("reviewed", Maps(&STAMP), "Who has read it. Written by `goldseam scripts check DIR SCRIPT --stamp`.");
const VARS: Key = Key::may("vars", Each(&A_VAR), "Vars by name. Example: mood: { type: integer, from: 1, to: 5 }");
const LISTS: Key = Key::may(
    "phrases",
    Each(&Phrases),
    "Phrase lists by name, for `reject` and has(text, \"list\"). * stands for any ending, ... for up to four words.",
);
const STEPS: Key = Key::must("steps", Steps, "What to do, in order.");

static NUDGE: Shape = shape!(
    "`nudge`",
    "A reminder of an open question.",
    &[
        Key::must("after", Duration, "How long after the question: 30m, 4h, 2d."),
        Key::must("say", Text, "What to say."),
    ],
);

static EXPIRE: Shape = shape!(
    "`expire`",
    "When it is put away.",
    &[
        Key::must("after", Duration, "How long without an answer: 20h, 14d. At most 30d; 14d when missing."),
        Key::may("say", Text, "What is said then. Nothing when missing."),
        Key::may("over", Flag, "true: it is over then, and is not offered again."),
    ],
);

static ALLOWANCE: Shape = shape!(
    "an allowance",
    "A word that is used knowingly.",
    &[
        Key::must("word", Plain, "The word or phrase as it stands in banned.yaml; ! for exclamation marks."),
        Key::must("because", Plain, "Why it is used."),
    ],
);

static STAMP: Shape = shape!(
    "a stamp",
    "Somebody's word that they have read this text.",
    &[
        Key::must("by", Plain, "Their name."),
        Key::must("on", Day, "The day, like 2026-11-22."),
        Key::must("as", Plain, "What they are: peer lead."),
        Key::must("text", Plain, "The hash of the text that they read."),
    ],
);

static A_VAR: Takes = Map(&VAR);

/// A var, or a fact.
pub(super) static VAR: Shape = Shape {
    what: "a var",
    help: "What a var or a fact holds.",
    before: &[],
    cases: Cases::ByWord(Key::must("type", Plain, "What it holds."), TYPES),
    after: &[
        Key::may("default", Plain, "What it is at first. Put yes and no in quotes."),
        Key::may("private", Flag, "true: hidden in :state, and dropped when the script ends."),
        Key::may("keep_for", Duration, "For a fact: it is forgotten after so long. Example: 30d"),
    ],
};

const TYPES: &[Case] = &[
    said!("text", Plain, "Words.", [TEXT]),
    said!("integer", Plain, "A whole number.", [WHOLE_BOUNDS]),
    said!("number", Plain, "A number with or without a fraction.", [BOUNDS]),
    said!("bool", Plain, "Yes or no."),
    said!("choice", Plain, "One of a few words.", [WORDS]),
    said!("date", Plain, "A day, like 2026-03-02."),
    said!("time", Plain, "A time on the clock, like 20:00."),
    said!("duration", Plain, "A length of time, like 3h or 14d."),
    said!("zone", Plain, "A time zone: a city, an IANA name, or the time on the person's clock."),
    said!("when", Plain, "When something shall happen: \"every monday at 20:00\", \"in 3 days\"."),
    said!("list", Plain, "Several values; in `default` with commas between them."),
];

const TEXT: &[Key] = &[Key::may("max", Whole(1, 4_000), "The longest text it takes, in characters. 500 when missing.")];
const WHOLE_BOUNDS: &[Key] = &[
    Key::may("from", Whole(-1_000_000_000, 1_000_000_000), "The smallest number it takes."),
    Key::may("to", Whole(-1_000_000_000, 1_000_000_000), "The largest number it takes."),
];
const BOUNDS: &[Key] = &[
    Key::may("from", Decimal, "The smallest number it takes."),
    Key::may("to", Decimal, "The largest number it takes."),
];
const WORDS: &[Key] = &[Key::must("of", Names, "The words. Example: [kept, late, none]")];

static RESERVED: Shape = shape!(
    "`reserved`",
    "Words that work in every question, only as a whole message.",
    &[
        Key::must("stop", Phrases, "Stops what is open; the card `stopped` asks what becomes of it."),
        Key::must("pause", Phrases, "Puts away what is open."),
        Key::must("resume", Phrases, "Goes on with what was put away."),
        Key::must("back", Phrases, "Goes back one question."),
        Key::must("skip", Phrases, "Leaves the open question unanswered."),
        Key::must("again", Phrases, "Shows the open question again."),
        Key::must("help", Phrases, "Says what can be done here."),
        Key::must("menu", Phrases, "Shows the menu."),
        Key::must("privacy", Phrases, "Says who can read this."),
    ],
);

static ABOUT_WORDS: Shape = shape!(
    "`about`",
    "What the reserved words do, for command menus. At most 100 characters each.",
    &[
        Key::may("stop", Plain, "Beside /stop."),
        Key::may("pause", Plain, "Beside /pause."),
        Key::may("resume", Plain, "Beside /resume."),
        Key::may("back", Plain, "Beside /back."),
        Key::may("skip", Plain, "Beside /skip."),
        Key::may("again", Plain, "Beside /again."),
        Key::may("help", Plain, "Beside /help."),
        Key::may("menu", Plain, "Beside /menu."),
        Key::may("privacy", Plain, "Beside /privacy."),
    ],
);

static LABELS: Shape = shape!(
    "`labels`",
    "What is written on buttons and forms.",
    &[
        Key::may("skip", Plain, "On the button that skips a question."),
        Key::may("enough", Plain, "On the button that says that everything was picked."),
        Key::may("write", Plain, "On the button that opens a form for free text (Discord)."),
        Key::may("form_title", Plain, "The form's heading."),
        Key::may("form_field", Plain, "The form's field."),
        Key::may(
            "invitation",
            Plain,
            "In a group, to somebody who has no private chat with the bot yet; a link follows."
        ),
    ],
);
