//! A transcript as text: what each of its lines means, or a sentence on each that means nothing.
//!
//! Knows the form of lines only. Whether a script, a fact or a button exists is found out when the transcript is played.

use std::fmt;
use std::ops::RangeInclusive;

use jiff::civil::{Date, DateTime, Time};

use crate::practice::deed;
use crate::practice::promise::Standing;
use crate::script::problem::did_you_mean;

/// A transcript that was read.
#[derive(Clone, Debug)]
pub struct Transcript {
    /// Its file, as messages should name it.
    pub file: String,
    /// Its text.
    pub text: String,
    /// Its lines that mean something, by number.
    pub lines: Vec<(usize, Line)>,
}

/// One line.
#[derive(Clone, Debug, PartialEq)]
pub enum Line {
    /// `given:` how things are before.
    Given(Vec<Given>),
    /// Something happens.
    Act(Act),
    /// What should follow from it.
    Expect(Expect),
}

/// How things are before something happens.
#[derive(Clone, Debug, PartialEq)]
pub enum Given {
    /// `new person`: nothing is known, as it is without any `given:`.
    NewPerson,
    /// `now = 2026-03-02 20:00`, on the person's clock.
    Now(DateTime),
    /// `me.name = Ana`
    Fact {
        /// Its name without `me.`.
        name: String,
        /// Its value as it was written.
        value: String,
    },
    /// `open promise = call my sister`, `kept promise to Lena = ...`
    Promise {
        /// How it stands.
        standing: Standing,
        /// To whom.
        to: String,
        /// What was promised.
        text: String,
    },
    /// `checkins = 12`
    CheckIns(i64),
    /// `last check-in = 2026-03-01`
    LastCheckIn(Date),
    /// `5 days ago = kept, mood 3`, `last 20 days = missed, return, urge_waited`: what happened on that day, or on each of them.
    Past {
        /// How many days ago, from and until. Today is 0.
        ago: RangeInclusive<i64>,
        /// What.
        what: Vec<Past>,
    },
    /// `entries = 3`
    Entries(i64),
    /// `reminders = 3`: of their own, every day at 09:00
    Reminders(i64),
}

/// Something that happened on a day before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Past {
    /// `kept`, `missed`, ...: a promise that was due, and settled on that day.
    Promise(Standing),
    /// `check-in`, `mood 4`
    CheckIn(Option<i64>),
    /// `return`: after a week away
    Return,
    /// `urge_waited`, ...
    Deed(deed::Kind),
}

/// Something that happens.
#[derive(Clone, Debug, PartialEq)]
pub enum Act {
    /// `run: script [arg = value; ...]`
    Run {
        /// The script.
        script: String,
        /// Its arguments as they were written.
        args: Vec<(String, String)>,
    },
    /// `> words`
    Says(String),
    /// `> [Label]`
    Presses(String),
    /// `(+5h)`, `(tomorrow 09:00)`
    Waits(Wait),
    /// `(restart)`: the program stops and starts again.
    Restart,
    /// `(fault)`: a message is lost because of a mistake in the program.
    Fault,
    /// `(edit: drafts/checkin.yaml)`: a script is replaced.
    Edit(String),
    /// `(withdraw: checkin)`: the present text of a script is withdrawn, so that nobody goes on in it.
    Withdraw(String),
}

/// How time passes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Wait {
    /// So many seconds.
    Seconds(i64),
    /// Until that time of the day after.
    Tomorrow(Time),
    /// Until that moment on the person's clock.
    Until(DateTime),
    /// So many seconds in which the program is not there.
    Away(i64),
}

/// What should follow.
#[derive(Clone, Debug, PartialEq)]
pub enum Expect {
    /// `< words`: the bot says this; `...` stands for anything.
    Said(String),
    /// `! effect`, `! no effect`
    Effect {
        /// False for `no`.
        wanted: bool,
        /// Which kind.
        what: What,
        /// A word that it has: a name, a kind, an outcome. Empty for any.
        word: String,
    },
    /// `= waiting at mood`, `= nothing open`
    Stands(String),
}

/// Kinds of effects, as transcripts call them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is its own word")]
pub enum What {
    Journal,
    Promise,
    Settle,
    CheckIn,
    Deed,
    Return,
    Remember,
    Forget,
    Withdraw,
    Schedule,
    Cancel,
    Fired,
    Park,
    Ended,
    Note,
}

impl fmt::Display for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Act::Run { script, args } => {
                write!(f, "run: {script}")?;
                let args: Vec<String> = args.iter().map(|(name, value)| format!("{name} = {value}")).collect();
                if args.is_empty() { Ok(()) } else { write!(f, " {}", args.join("; ")) }
            }
            Act::Says(words) => write!(f, "> {words}"),
            Act::Presses(label) => write!(f, "> [{label}]"),
            Act::Waits(Wait::Away(seconds)) => write!(f, "(away {})", amount(*seconds)),
            Act::Waits(Wait::Seconds(seconds)) => write!(f, "(+{})", amount(*seconds)),
            Act::Waits(Wait::Tomorrow(time)) => write!(f, "(tomorrow {})", time.strftime("%H:%M")),
            Act::Waits(Wait::Until(moment)) => write!(f, "({})", moment.strftime("%Y-%m-%d %H:%M")),
            Act::Restart => f.write_str("(restart)"),
            Act::Fault => f.write_str("(fault)"),
            Act::Edit(path) => write!(f, "(edit: {path})"),
            Act::Withdraw(script) => write!(f, "(withdraw: {script})"),
        }
    }
}

impl fmt::Display for Expect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Expect::Said(words) => write!(f, "< {words}"),
            Expect::Effect { wanted, what, word } => {
                let no = if *wanted { "" } else { "no " };
                let space = if word.is_empty() { "" } else { " " };
                write!(f, "! {no}{}{space}{word}", what.as_str())
            }
            Expect::Stands(at) => write!(f, "= {at}"),
        }
    }
}

impl What {
    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        Self::ALL.into_iter().find(|(_, what)| *what == self).map_or("", |(word, _)| word)
    }

    const ALL: [(&'static str, What); 15] = [
        ("journal", What::Journal),
        ("promise", What::Promise),
        ("settle", What::Settle),
        ("check-in", What::CheckIn),
        ("deed", What::Deed),
        ("return", What::Return),
        ("remember", What::Remember),
        ("forget", What::Forget),
        ("withdraw", What::Withdraw),
        ("schedule", What::Schedule),
        ("cancel", What::Cancel),
        ("fired", What::Fired),
        ("park", What::Park),
        ("ended", What::Ended),
        ("note", What::Note),
    ];
}

/// A line that cannot be used, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// The transcript.
    pub file: String,
    /// 1-based.
    pub line: usize,
    /// What is wrong.
    pub message: String,
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.message)
    }
}

impl std::error::Error for Wrong {}

/// A line, or a sentence on what is wrong with it.
type Read<T> = Result<T, String>;

impl Transcript {
    /// Reads a transcript.
    ///
    /// # Errors
    /// Every line that cannot be read.
    pub fn parse(file: &str, text: &str) -> Result<Self, Vec<Wrong>> {
        let (mut lines, mut wrong) = (Vec::new(), Vec::new());
        for (number, text) in (1..).zip(text.lines()) {
            match parse_line(without_comment(text).trim()) {
                Ok(found) => lines.extend(found.into_iter().map(|line| (number, line))),
                Err(message) => wrong.push(Wrong { file: file.to_owned(), line: number, message }),
            }
        }
        if wrong.is_empty() { Ok(Self { file: file.to_owned(), text: text.to_owned(), lines }) } else { Err(wrong) }
    }

    /// The files that its `(edit: )` lines name, relative to it, with their lines.
    pub fn drafts(&self) -> impl Iterator<Item = (usize, &str)> {
        self.lines.iter().filter_map(|(line, what)| match what {
            Line::Act(Act::Edit(path)) => Some((*line, path.as_str())),
            _ => None,
        })
    }

    /// What happens to the scripts in it, with the lines.
    pub(super) fn changes(&self) -> impl Iterator<Item = (usize, &Act)> {
        self.lines.iter().filter_map(|(line, what)| match what {
            Line::Act(act @ (Act::Edit(_) | Act::Withdraw(_))) => Some((*line, act)),
            _ => None,
        })
    }

    /// A sentence on one of its lines.
    pub(super) fn wrong(&self, line: usize, message: String) -> Wrong {
        Wrong { file: self.file.clone(), line, message }
    }
}

/// `#` begins a comment at the start of a line, and behind two spaces.
fn without_comment(text: &str) -> &str {
    if text.trim_start().starts_with('#') { "" } else { text.split("  #").next().unwrap_or(text) }
}

fn parse_line(text: &str) -> Read<Vec<Line>> {
    let rest = |sign: &str| text.strip_prefix(sign).map(str::trim);
    let line = if text.is_empty() {
        return Ok(Vec::new());
    } else if let Some(words) = rest("given:") {
        Line::Given(parts(words).map(given).collect::<Read<_>>()?)
    } else if let Some(words) = rest("run:") {
        Line::Act(run(words)?)
    } else if let Some(words) = rest("<") {
        Line::Expect(Expect::Said(words.to_owned()))
    } else if let Some(words) = rest(">") {
        let label = words.strip_prefix('[').and_then(|words| words.strip_suffix(']'));
        Line::Act(label.map_or_else(|| Act::Says(words.to_owned()), |label| Act::Presses(label.to_owned())))
    } else if let Some(words) = rest("!") {
        Line::Expect(effect(words)?)
    } else if let Some(words) = rest("=") {
        Line::Expect(stands(words)?)
    } else if text.starts_with('(') {
        return in_brackets(text);
    } else {
        let kinds = "`<` (the bot), `>` (the person), `!` (an effect), `=` (where the person stands), `(` (time), `given:` or `run:`";
        return Err(format!("`{text}` is no line of a transcript: begin it with {kinds}"));
    };
    Ok(vec![line])
}

fn parts(words: &str) -> impl Iterator<Item = &str> {
    words.split(';').map(str::trim).filter(|part| !part.is_empty())
}

fn name_and_value(part: &str) -> Read<(&str, &str)> {
    let (name, value) = part.split_once('=').ok_or_else(|| format!("`{part}` should be `name = value`"))?;
    Ok((name.trim(), value.trim()))
}

fn given(part: &str) -> Read<Given> {
    if part == "new person" {
        return Ok(Given::NewPerson);
    }
    let (name, value) = name_and_value(part)?;
    if let Some(name) = name.strip_prefix("me.") {
        return Ok(Given::Fact { name: name.to_owned(), value: value.to_owned() });
    }
    if let Some((standing, to)) = name.split_once(" promise")
        && let Ok(standing) = standing.parse::<Standing>()
    {
        let to = to.trim().strip_prefix("to ").unwrap_or("me").trim().to_owned();
        return Ok(Given::Promise { standing, to, text: value.to_owned() });
    }
    if let Some(ago) = days_ago(name) {
        return Ok(Given::Past { ago, what: value.split(',').map(str::trim).map(past).collect::<Read<_>>()? });
    }
    match name {
        "now" => moment(value).map(Given::Now),
        "checkins" => whole(value).map(Given::CheckIns),
        "entries" => whole(value).map(Given::Entries),
        "reminders" => whole(value).map(Given::Reminders),
        "last check-in" => day(value).map(Given::LastCheckIn),
        _ => {
            let known = [
                "me.name",
                "now",
                "open promise",
                "checkins",
                "last check-in",
                "entries",
                "reminders",
                "5 days ago",
                "last 20 days",
                "new person",
            ];
            let near = did_you_mean(name, known);
            Err(format!("`{name}` cannot be given: {near}"))
        }
    }
}

/// `5 days ago`, `last 20 days` (not today).
fn days_ago(name: &str) -> Option<RangeInclusive<i64>> {
    let number = |words: &str| words.trim().parse().ok().filter(|number| (1..=1000).contains(number));
    if let Some(days) = name.strip_suffix(" days ago").and_then(number) {
        return Some(days..=days);
    }
    let days = name.strip_prefix("last ")?.strip_suffix(" days").and_then(number)?;
    Some(1..=days)
}

fn past(word: &str) -> Read<Past> {
    if let Some(mood) = word.strip_prefix("mood ") {
        return whole(mood).map(|mood| Past::CheckIn(Some(mood)));
    }
    let standing = word.parse().ok().map(Past::Promise);
    let found = match word {
        "check-in" => Some(Past::CheckIn(None)),
        "return" => Some(Past::Return),
        word => standing.or_else(|| word.parse().ok().map(Past::Deed)),
    };
    found.ok_or_else(|| {
        let standings = Standing::ALL.map(Standing::as_str);
        let known = standings.into_iter().chain(deed::Kind::WORDS).chain(["check-in", "mood 3", "return"]);
        format!("`{word}` is nothing that happened on a day: {}", did_you_mean(word, known))
    })
}

fn run(words: &str) -> Read<Act> {
    let (script, rest) = words.split_once(char::is_whitespace).unwrap_or((words, ""));
    if script.is_empty() {
        return Err("name the script that runs: `run: daily-checkin`".into());
    }
    let pair = |part| name_and_value(part).map(|(name, value)| (name.to_owned(), value.to_owned()));
    let args = parts(rest.trim().trim_matches(['[', ']'])).map(pair).collect::<Read<_>>()?;
    Ok(Act::Run { script: script.to_owned(), args })
}

fn effect(words: &str) -> Read<Expect> {
    let (wanted, words) = words.strip_prefix("no ").map_or((true, words), |rest| (false, rest.trim()));
    let (name, word) = words.split_once(char::is_whitespace).unwrap_or((words, ""));
    let Some((_, what)) = What::ALL.into_iter().find(|(known, _)| *known == name) else {
        let near = did_you_mean(name, What::ALL.map(|(known, _)| known));
        return Err(format!("there is no effect `{name}`: {near}"));
    };
    Ok(Expect::Effect { wanted, what, word: word.trim().to_owned() })
}

fn stands(words: &str) -> Read<Expect> {
    if words != "nothing open" && !words.starts_with("waiting at ") {
        return Err(format!("`{words}` should be `waiting at` and the question's id, or `nothing open`"));
    }
    Ok(Expect::Stands(words.to_owned()))
}

/// One or several things in round brackets.
fn in_brackets(text: &str) -> Read<Vec<Line>> {
    let mut found = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let closed = rest.strip_prefix('(').and_then(|rest| rest.split_once(')'));
        let (words, tail) = closed.ok_or_else(|| format!("`{rest}` should be in round brackets, like `(+5h)`"))?;
        found.push(Line::Act(bracket(words.trim())?));
        rest = tail.trim();
    }
    Ok(found)
}

fn bracket(words: &str) -> Read<Act> {
    match words {
        "restart" => return Ok(Act::Restart),
        "fault" => return Ok(Act::Fault),
        _ => {}
    }
    if let Some(path) = words.strip_prefix("edit:") {
        return Ok(Act::Edit(path.trim().to_owned()));
    }
    if let Some(script) = words.strip_prefix("withdraw:") {
        return Ok(Act::Withdraw(script.trim().to_owned()));
    }
    wait(words).map(Act::Waits)
}

/// Seconds of each unit, the largest first.
const UNITS: [(i64, char); 4] = [(86_400, 'd'), (3_600, 'h'), (60, 'm'), (1, 's')];

/// `90m`: in the largest unit that it is whole in.
fn amount(seconds: i64) -> String {
    let unit = UNITS.into_iter().find(|(size, _)| seconds % size == 0);
    unit.map_or_else(String::new, |(size, unit)| format!("{}{unit}", seconds / size))
}

fn wait(words: &str) -> Read<Wait> {
    let wrong = || format!("`{words}` is no length of time: write `+90m`, `+5h` or `+2d`, ten years at most");
    if let Some(amount) = words.strip_prefix("away ") {
        return seconds(amount).map(Wait::Away).ok_or_else(wrong);
    }
    if let Some(amount) = words.strip_prefix('+') {
        return seconds(amount).map(Wait::Seconds).ok_or_else(wrong);
    }
    if let Some(clock) = words.strip_prefix("tomorrow ") {
        return time(clock).map(Wait::Tomorrow);
    }
    moment(words).map(Wait::Until).map_err(|_| {
        format!("`({words})` is nothing that happens: write `(+5h)`, `(tomorrow 09:00)`, `(2026-03-05 09:00)`, `(restart)`, `(fault)`, `(edit: drafts/script.yaml)` or `(withdraw: script)`")
    })
}

fn seconds(amount: &str) -> Option<i64> {
    UNITS.into_iter().find_map(|(seconds, unit)| {
        let number: i64 = amount.strip_suffix(unit)?.parse().ok()?;
        number.checked_mul(seconds).filter(|seconds| (0..=10 * 366 * 86_400).contains(seconds))
    })
}

fn moment(words: &str) -> Read<DateTime> {
    let wrong = || format!("`{words}` is no day and time: write `2026-03-02 20:00`");
    let (date, clock) = words.split_once(' ').ok_or_else(wrong)?;
    Ok(day(date)?.to_datetime(time(clock)?))
}

fn day(words: &str) -> Read<Date> {
    words.trim().parse().map_err(|_| format!("`{words}` is no day: write `2026-03-02`"))
}

fn time(words: &str) -> Read<Time> {
    Time::strptime("%H:%M", words.trim()).map_err(|_| format!("`{words}` is no time: write `20:00`"))
}

fn whole(words: &str) -> Read<i64> {
    words.parse().ok().filter(|number| *number >= 0).ok_or_else(|| format!("`{words}` is no whole number"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(line: &str) -> String {
        let wrong = Transcript::parse("a.chat", &format!("# A story.\n{line}\n")).unwrap_err();
        assert_eq!(wrong.len(), 1, "{wrong:?}");
        wrong[0].to_string()
    }

    #[test]
    fn every_line_that_cannot_be_read_is_told_with_its_place() {
        assert!(wrong("hello").starts_with("a.chat:2: `hello` is no line of a transcript"));
        assert_eq!(wrong("! jornal"), "a.chat:2: there is no effect `jornal`: did you mean `journal`?");
        assert_eq!(
            wrong("= at mood"),
            "a.chat:2: `at mood` should be `waiting at` and the question's id, or `nothing open`"
        );
        assert_eq!(wrong("given: me.name"), "a.chat:2: `me.name` should be `name = value`");
        assert_eq!(wrong("given: now = 8 pm"), "a.chat:2: `8` is no day: write `2026-03-02`");
        assert_eq!(wrong("given: checkin = 3"), "a.chat:2: `checkin` cannot be given: did you mean `checkins`?");
        assert_eq!(wrong("given: entries = -1"), "a.chat:2: `-1` is no whole number");
        assert!(wrong("(+5 hours)").contains("is no length of time"));
        assert!(wrong("(+99999999999999d)").contains("is no length of time"));
        assert!(wrong("(later)").contains("is nothing that happens"));
        assert!(wrong("(restart").contains("should be in round brackets"));
        assert_eq!(wrong("run:"), "a.chat:2: name the script that runs: `run: daily-checkin`");
        let all = Transcript::parse("a.chat", "x\n> fine\ny").unwrap_err();
        assert_eq!(all.iter().map(|wrong| wrong.line).collect::<Vec<_>>(), [1, 3]);
    }

    #[test]
    fn lines_are_read_with_their_comments_left_out() {
        let text = "given: new person; missed promise to Lena = call   # before\n(restart)  (edit: drafts/x.yaml)\n> [1 awful]\n> # 1";
        let lines = Transcript::parse("a.chat", text).unwrap().lines;
        let promise = Given::Promise { standing: Standing::Missed, to: "Lena".into(), text: "call".into() };
        assert_eq!(
            lines,
            [
                (1, Line::Given(vec![Given::NewPerson, promise])),
                (2, Line::Act(Act::Restart)),
                (2, Line::Act(Act::Edit("drafts/x.yaml".into()))),
                (3, Line::Act(Act::Presses("1 awful".into()))),
                (4, Line::Act(Act::Says("# 1".into()))),
            ]
        );
    }
}
