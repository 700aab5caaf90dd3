//! Plays a transcript and compares what is said with what it expects.

use std::collections::{BTreeMap, BTreeSet};

use super::parse::{Act, Expect, Line, Transcript, Wrong};
use super::scripts::{Place, Scripts};
use super::stage::{Said, Stage};
use crate::engine::Trace;
use crate::script::PromptFile;

/// How a transcript went.
#[derive(Clone, Debug)]
pub struct Played {
    /// The transcript, as messages should name it.
    pub file: String,
    /// What is not as expected, in order; the last one may be a line that could not be played.
    pub differences: Vec<Difference>,
    /// Its text with what the bot says now, when that is not what it expects.
    pub blessed: Option<String>,
    /// What of the scripts was carried out.
    pub traces: Vec<Trace>,
}

impl Played {
    /// A transcript that could not be played at all.
    #[must_use]
    pub fn unread(file: String, differences: Vec<Difference>) -> Self {
        Self { file, differences, blessed: None, traces: Vec::new() }
    }

    /// True when everything is as expected.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.differences.is_empty()
    }
}

/// Something that is not as expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    /// Something else followed.
    Turn {
        /// The line of what happened.
        line: usize,
        /// That line and what followed from it.
        rows: Vec<Row>,
    },
    /// A line could not be played; what stands behind it was not.
    Wrong(Wrong),
}

/// One line of a difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Whether it is expected, there, or both.
    pub sign: Sign,
    /// The line.
    pub text: String,
    /// Which lines of scripts spoke.
    pub from: Vec<Place>,
}

/// Where a line of a difference is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    /// In the transcript and in what happened.
    Both,
    /// In the transcript only.
    Expected,
    /// In what happened only.
    There,
}

/// Plays a transcript. `drafts` holds the texts of the files that its `(edit: )` lines name.
#[must_use]
pub fn play(transcript: &Transcript, scripts: &Scripts, drafts: &BTreeMap<String, String>) -> Played {
    let file = transcript.file.clone();
    let edited = match edits(transcript, scripts, drafts) {
        Ok(edited) => edited,
        Err(wrong) => return Played::unread(file, vec![Difference::Wrong(wrong)]),
    };
    let mut player = Player {
        stage: Stage::new(scripts.library()),
        scripts,
        edited: edited.iter(),
        differences: Vec::new(),
        changes: Changes::default(),
        traces: Vec::new(),
    };
    if let Err((line, message)) = player.perform(&transcript.lines) {
        player.differences.push(Difference::Wrong(transcript.wrong(line, message)));
    }
    let Player { differences, changes, traces, .. } = player;
    Played { file, differences, blessed: changes.applied_to(&transcript.text), traces }
}

/// The scripts after each `(edit: )` and `(withdraw: )`.
fn edits(transcript: &Transcript, scripts: &Scripts, drafts: &BTreeMap<String, String>) -> Result<Vec<Scripts>, Wrong> {
    let mut edited: Vec<Scripts> = Vec::new();
    for (line, act) in transcript.changes() {
        let before = edited.last().unwrap_or(scripts);
        let next = match act {
            Act::Edit(path) => edit(before, path, drafts),
            Act::Withdraw(script) => before.without(script),
            _ => continue,
        };
        edited.push(next.map_err(|message| transcript.wrong(line, message))?);
    }
    Ok(edited)
}

fn edit(scripts: &Scripts, path: &str, drafts: &BTreeMap<String, String>) -> Result<Scripts, String> {
    let text = drafts.get(path).ok_or_else(|| format!("`{path}` cannot be read from where this file is"))?;
    scripts.edited(PromptFile { path: path.to_owned(), text: text.clone() }).map_err(|report| {
        let first = report.problems.first().map(ToString::to_string).unwrap_or_default();
        format!("the scripts have errors with `{path}`: {first}")
    })
}

/// What a line of a transcript expects, and the line.
type Expected<'t> = (usize, &'t Expect);

/// A transcript while it is played.
struct Player<'s> {
    stage: Stage<'s>,
    scripts: &'s Scripts,
    edited: std::slice::Iter<'s, Scripts>,
    differences: Vec<Difference>,
    changes: Changes,
    traces: Vec<Trace>,
}

impl Player<'_> {
    /// Plays all lines; stops at one that cannot be played.
    fn perform(&mut self, lines: &[(usize, Line)]) -> Result<(), (usize, String)> {
        let mut rest = lines.iter().peekable();
        while let Some((line, what)) = rest.next() {
            let at = |message| (*line, message);
            match what {
                Line::Given(given) => self.stage.given(given).map_err(at)?,
                Line::Expect(_) => return Err(at("nothing has happened that this line could follow from".into())),
                Line::Act(act) => {
                    if matches!(act, Act::Edit(_) | Act::Withdraw(_))
                        && let Some(next) = self.edited.next()
                    {
                        self.scripts = next;
                        self.stage.edit(next.library());
                    }
                    let done = self.stage.act(act);
                    self.traces.extend(self.stage.traced());
                    done.map_err(at)?;
                    let mut expected: Vec<Expected<'_>> = Vec::new();
                    while let Some((line, Line::Expect(expect))) = rest.peek() {
                        expected.push((*line, expect));
                        rest.next();
                    }
                    self.compare(*line, act, &expected);
                }
            }
        }
        self.stage.replay().map_err(|message| (lines.last().map_or(1, |(line, _)| *line), message))
    }

    /// Compares what followed from a line with what is expected.
    fn compare(&mut self, line: usize, act: &Act, expected: &[Expected<'_>]) {
        let mut rows: Vec<(usize, Row)> = Vec::new();
        for (line, expect) in expected {
            let there = match expect {
                Expect::Said(_) => continue,
                Expect::Effect { wanted, what, word } if self.stage.has(*what, word) == *wanted => None,
                Expect::Effect { wanted, what, word } => {
                    Some(self.instead(&Expect::Effect { wanted: !wanted, what: *what, word: word.clone() }))
                }
                Expect::Stands(at) => Some(format!("= {}", self.stage.stands())).filter(|_| self.stage.stands() != *at),
            };
            let sign = if there.is_some() { Sign::Expected } else { Sign::Both };
            rows.push((*line, Row { sign, text: expect.to_string(), from: Vec::new() }));
            rows.extend(there.map(|text| (*line, Row { sign: Sign::There, text, from: Vec::new() })));
        }
        let (said, _) = self.stage.heard();
        rows.extend(self.compare_said(line, expected, &said));
        if rows.iter().all(|(_, row)| row.sign == Sign::Both) {
            return;
        }
        // What is expected at one line and what is there instead stay in this order.
        rows.sort_by_key(|(line, _)| *line);
        let act = Row { sign: Sign::Both, text: act.to_string(), from: Vec::new() };
        let rows = std::iter::once(act).chain(rows.into_iter().map(|(_, row)| row)).collect();
        self.differences.push(Difference::Turn { line, rows });
    }

    /// What is true in the place of a line that is not, and what else happened.
    fn instead(&self, opposite: &Expect) -> String {
        match &self.stage.happened()[..] {
            [] => opposite.to_string(),
            happened => format!("{opposite}   (what happened here: {})", happened.join(", ")),
        }
    }

    /// The lines that are said and the ones that are expected, each at the line of the transcript behind which it stands.
    fn compare_said(&mut self, act: usize, expected: &[Expected<'_>], said: &[Said]) -> Vec<(usize, Row)> {
        let patterns: Vec<(usize, &str)> = expected
            .iter()
            .filter_map(
                |(line, expect)| if let Expect::Said(words) = expect { Some((*line, words.as_str())) } else { None },
            )
            .collect();
        let mut behind = act;
        let mut rows = Vec::new();
        for pair in align(&patterns, said) {
            let (sign, words, from) = match pair {
                (Some((line, words)), there) => {
                    behind = line;
                    if there.is_none() {
                        self.changes.removed.insert(line);
                    }
                    let sign = if there.is_some() { Sign::Both } else { Sign::Expected };
                    (sign, words, there.map(|said| self.places(said)).unwrap_or_default())
                }
                (None, Some(there)) => {
                    self.changes.added.entry(behind).or_default().push(format!("< {}", there.text));
                    (Sign::There, there.text.as_str(), self.places(there))
                }
                (None, None) => continue,
            };
            rows.push((behind, Row { sign, text: format!("< {words}"), from }));
        }
        rows
    }

    fn places(&self, said: &Said) -> Vec<Place> {
        let mut places: Vec<Place> = said.from.iter().filter_map(|line| self.scripts.spoken(line)).collect();
        places.dedup();
        places
    }
}

/// A line that is expected, with its number, and the message that stands in its place.
type Pair<'a> = (Option<(usize, &'a str)>, Option<&'a Said>);

/// Puts what is expected beside what is said, with as few differences as possible.
fn align<'a>(expected: &[(usize, &'a str)], said: &'a [Said]) -> Vec<Pair<'a>> {
    let (rows, columns) = (expected.len(), said.len());
    let differ = |row: usize, column: usize| usize::from(!meets(expected[row].1, &said[column].text));
    // cost[row][column]: how many differences there are from there on; one line in place of another is one.
    let mut cost = vec![vec![0; columns + 1]; rows + 1];
    for row in (0..=rows).rev() {
        for column in (0..=columns).rev() {
            cost[row][column] = match (rows - row, columns - column) {
                (0, rest) | (rest, 0) => rest,
                _ => (cost[row + 1][column + 1] + differ(row, column))
                    .min(cost[row + 1][column] + 1)
                    .min(cost[row][column + 1] + 1),
            };
        }
    }
    let (mut row, mut column, mut pairs) = (0, 0, Vec::new());
    while row < rows || column < columns {
        let both = row < rows && column < columns;
        if both && cost[row][column] == cost[row + 1][column + 1] + differ(row, column) {
            if differ(row, column) == 0 {
                pairs.push((Some(expected[row]), Some(&said[column])));
            } else {
                pairs.extend([(Some(expected[row]), None), (None, Some(&said[column]))]);
            }
            (row, column) = (row + 1, column + 1);
        } else if row < rows && (column == columns || cost[row][column] == cost[row + 1][column] + 1) {
            pairs.push((Some(expected[row]), None));
            row += 1;
        } else {
            pairs.push((None, Some(&said[column])));
            column += 1;
        }
    }
    pairs
}

/// Whether a text is what a line expects; `...` stands for anything.
fn meets(pattern: &str, text: &str) -> bool {
    // Four dots are the end of a sentence and anything.
    let whole = pattern.replace("....", ". ...");
    let parts: Vec<String> =
        whole.split("...").map(|part| part.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    let [first, middle @ .., last] = &parts[..] else { return text == parts.concat() };
    let Some(mut rest) = text.strip_prefix(first.as_str()) else { return false };
    for part in middle {
        let Some(at) = rest.find(part.as_str()) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last.as_str())
}

/// Changes to a transcript's text, by line numbers.
#[derive(Default)]
struct Changes {
    removed: BTreeSet<usize>,
    added: BTreeMap<usize, Vec<String>>,
}

impl Changes {
    fn applied_to(&self, text: &str) -> Option<String> {
        if self.removed.is_empty() && self.added.is_empty() {
            return None;
        }
        let mut changed = String::new();
        for (number, line) in (1..).zip(text.lines()) {
            let kept = Some(line).filter(|_| !self.removed.contains(&number));
            let added = self.added.get(&number).into_iter().flatten().map(String::as_str);
            for line in kept.into_iter().chain(added) {
                changed.push_str(line);
                changed.push('\n');
            }
        }
        Some(changed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(lines: &[&str]) -> Vec<Said> {
        lines.iter().map(|line| Said { text: (*line).to_owned(), from: Vec::new() }).collect()
    }

    #[test]
    fn dots_stand_for_anything() {
        assert!(meets("How are you...[1 awful]...[5 great]", "How are you? [1 awful] [2 low] [5 great]"));
        assert!(meets("Done....[Yes]", "Done. Shall I? [Yes]"));
        assert!(meets("Done.", "Done.") && meets("...", "") && meets("a  b", "a b"));
        assert!(!meets("Done", "Done.") && !meets("Done...no", "Done. Yes"));
        assert!(!meets("one two...two", "one two"));
    }

    #[test]
    fn what_still_meets_is_kept_and_the_rest_is_put_beside_it() {
        let said = said(&["Hello.", "New.", "Bye."]);
        let expected = [(2, "Hello..."), (3, "Old."), (4, "Bye.")];
        let pairs = align(&expected, &said);
        let shown: Vec<_> = pairs
            .iter()
            .map(|(left, right)| (left.map(|left| left.0), right.map(|right| right.text.as_str())))
            .collect();
        assert_eq!(shown, [(Some(2), Some("Hello.")), (Some(3), None), (None, Some("New.")), (Some(4), Some("Bye."))]);
        let shown: Vec<_> =
            align(&[(2, "New."), (3, "...")], &said).iter().map(|pair| pair.0.map(|left| left.0)).collect();
        assert_eq!(shown, [None, Some(2), Some(3)]);
    }

    #[test]
    fn only_the_lines_of_the_bot_are_changed() {
        let changes = Changes { removed: [2].into(), added: [(2, vec!["< New.".to_owned()])].into() };
        assert_eq!(changes.applied_to("> hi\n< Old.\n! note\n").unwrap(), "> hi\n< New.\n! note\n");
        assert_eq!(Changes::default().applied_to("> hi"), None);
    }
}
