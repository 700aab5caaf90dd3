//! Differences and coverage as people read them: the lines around, `-` expected, `+` there, and which line of which script spoke;
//! a table of what is reached, and what is not.

use std::fmt::Write as _;

use super::coverage::{Count, Coverage, Kind};
use super::play::{Difference, Played, Row, Sign};
use super::scripts::Scripts;

const RED: &str = "\u{1b}[31m";
const GREEN: &str = "\u{1b}[32m";
const DIM: &str = "\u{1b}[2m";
const BOLD: &str = "\u{1b}[1m";
const PLAIN: &str = "\u{1b}[0m";

impl Played {
    /// All differences, for a terminal or a file. Empty when there are none.
    #[must_use]
    pub fn render(&self, coloured: bool) -> String {
        let paint = |colour: &str, text: &str| {
            if coloured { format!("{colour}{text}{PLAIN}") } else { text.to_owned() }
        };
        let mut shown = String::new();
        for difference in &self.differences {
            match difference {
                Difference::Wrong(wrong) => {
                    let place = paint(BOLD, &format!("{}:{}:", wrong.file, wrong.line));
                    let _ = writeln!(shown, "{place} {}", wrong.message);
                }
                Difference::Turn { line, rows } => {
                    let _ = writeln!(shown, "{}", paint(BOLD, &format!("{}:{line}", self.file)));
                    rows.iter().for_each(|row| shown.push_str(&show(row, &paint)));
                }
            }
        }
        shown
    }
}

fn show(row: &Row, paint: &dyn Fn(&str, &str) -> String) -> String {
    let line = match row.sign {
        Sign::Both => format!("    {}", row.text),
        Sign::Expected => paint(RED, &format!("  - {}", row.text)),
        Sign::There => paint(GREEN, &format!("  + {}", row.text)),
    };
    let from: Vec<String> = row.from.iter().map(ToString::to_string).collect();
    let from = if from.is_empty() { String::new() } else { paint(DIM, &format!("   ({})", from.join(", "))) };
    format!("{line}{from}\n")
}

impl Coverage<'_> {
    /// A table of all scripts, and below it every place that was not reached.
    #[must_use]
    pub fn render(&self, scripts: &Scripts) -> String {
        let width = self.scripts().map(|(script, _)| script.name.len()).max().unwrap_or(0).max("script".len());
        let heads = Kind::ALL.map(|kind| format!("{:>15}", kind.as_str())).concat();
        let mut shown = format!("{:width$}{heads}\n", "script");
        let mut sums = Kind::ALL.map(|_| Count::default());
        for (script, reached) in self.scripts() {
            let counts = Kind::ALL.map(|kind| reached.count(kind));
            for (sum, count) in sums.iter_mut().zip(counts) {
                (sum.reached, sum.all) = (sum.reached + count.reached, sum.all + count.all);
            }
            let _ = writeln!(shown, "{:width$}{}", script.name, cells(&counts));
        }
        let _ = writeln!(shown, "{:width$}{}", "all", cells(&sums));
        for unreached in self.unreached() {
            let rev = scripts.library().script(&unreached.script).map_or("", |script| script.rev.as_str());
            if let Some(place) = scripts.place(&unreached.script, rev, unreached.at) {
                let _ = writeln!(shown, "{place}: {}: {}", unreached.what, place.text);
            }
        }
        shown
    }
}

fn cells(counts: &[Count]) -> String {
    let cell = |count: &Count| match count.all {
        0 => format!("{:>15}", "-"),
        all => format!("{:>10} {:>3}%", format!("{}/{all}", count.reached), count.percent()),
    };
    counts.iter().map(cell).collect()
}
