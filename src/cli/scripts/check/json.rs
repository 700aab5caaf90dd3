//! What was found as one JSON document, for editors and for CI. Its fields are described in `docs/script-errors.md`.

use serde::Serialize;

use super::explain::link;
use crate::script::problem::{Problem, Severity};
use crate::script::{Report, Review};

#[derive(Serialize)]
struct Document<'r> {
    files: Vec<&'r str>,
    errors: usize,
    warnings: usize,
    problems: Vec<Entry<'r>>,
    scripts: Vec<About<'r>>,
}

/// A problem as editors want it: lines and columns from 1, the end behind the last character.
#[derive(Serialize)]
struct Entry<'r> {
    code: &'r str,
    severity: &'static str,
    file: &'r str,
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
    message: &'r str,
    hint: &'r str,
    docs: String,
}

#[derive(Serialize)]
struct About<'r> {
    script: &'r str,
    reviewed: bool,
    allowed: Vec<Allowed<'r>>,
}

#[derive(Serialize)]
struct Allowed<'r> {
    word: &'r str,
    because: &'r str,
}

/// A report as JSON.
pub(super) fn json<'r>(report: &'r Report) -> String {
    let entry = |problem: &'r Problem| {
        let Problem { code, severity, file, line, column, end, message, hint, .. } = problem;
        let severity = match severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        let (end_line, end_column) = *end;
        let (line, column) = (*line, *column);
        Entry { code, severity, file, line, column, end_line, end_column, message, hint, docs: link(code) }
    };
    let about = |review: &'r Review| About {
        script: &review.script,
        reviewed: review.reviewed,
        allowed: review.allowed.iter().map(|(word, because)| Allowed { word, because }).collect(),
    };
    let document = Document {
        files: report.names().collect(),
        errors: report.errors(),
        warnings: report.warnings(),
        problems: report.problems.iter().map(entry).collect(),
        scripts: report.reviews.iter().map(about).collect(),
    };
    serde_json::to_string_pretty(&document).unwrap_or_default()
}
