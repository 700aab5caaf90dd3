//! Differences as people read them: the lines around, `-` expected, `+` there, and which line of which script spoke.

use std::fmt::Write as _;

use super::play::{Difference, Played, Row, Sign};

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
