//! `goldseam scripts check` and `goldseam scripts explain`: everything that is wrong with scripts, in a form for people, for
//! compilers' readers or for programs; how hard they are to read; who has read them.
//!
//! Exit codes: 0 when nothing refuses the scripts (with `--deny-warnings`: when there is no warning either), 1 when something
//! does or when they cannot be read, 2 when the command was not understood.

use std::fmt::Write as _;
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde::Serialize;

use super::{against, house};
use crate::clock::Clock;
use crate::prompts::{self, PromptsError};
use crate::script::model::{Script, Stamp};
use crate::script::problem::{Problem, Severity};
use crate::script::reading::{self, Reading};
use crate::script::{Library, Report, Review, review};

/// The page that explains every code.
const PAGE: &str = include_str!("../../docs/script-errors.md");
const PAGE_PATH: &str = "docs/script-errors.md";

/// What to check, and how to tell.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit codes: 0 nothing refuses the scripts, 1 something does, 2 the command was not understood.\n\
                        `goldseam scripts explain GS0405` says more about a code."
)]
pub(crate) struct Options {
    /// A folder with scripts [default: `prompts` here, else the configured one, else those inside this program]
    dir: Option<PathBuf>,
    /// How to tell: with the lines they are about, one line each, or as JSON
    #[arg(long, value_enum, default_value_t = Format::Long)]
    format: Format,
    /// Count warnings as errors
    #[arg(long)]
    deny_warnings: bool,
    /// Also print how hard each script is to read
    #[arg(long)]
    reading: bool,
    /// Also list what an edit takes from people who are in the middle of a script: the scripts before it, as a revision of git
    /// or a folder
    #[arg(long, value_name = "REV|DIR", requires = "dir")]
    against: Option<String>,
    /// Where to count who stands where, for --against [default: the configured data folder]
    #[arg(long, value_name = "DIR", requires = "against")]
    data: Option<PathBuf>,
    /// Write into SCRIPT, in the folder, that NAME has read it today
    #[arg(long, value_name = "NAME", requires_all = ["role", "script", "dir"])]
    stamp: Option<String>,
    /// What NAME is, for example "peer lead"
    #[arg(long = "as", id = "role", value_name = "ROLE", requires = "stamp")]
    role: Option<String>,
    /// The script that was read
    #[arg(requires = "stamp")]
    script: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    Long,
    Short,
    Json,
}

/// Checks a folder, or the scripts inside the program.
pub(crate) fn check(options: &Options) -> ExitCode {
    if let (Some(dir), Some(script), Some(by), Some(role)) =
        (&options.dir, &options.script, &options.stamp, &options.role)
        && let Err(error) = stamp(dir, script, by, role)
    {
        eprintln!("goldseam: {error}");
        return ExitCode::FAILURE;
    }
    let folder = match house::authors_folder(options.dir.clone()) {
        Ok(folder) => folder,
        Err(error) => {
            eprintln!("goldseam: {}", super::sentence(&error));
            return ExitCode::FAILURE;
        }
    };
    let (library, mut report) = match prompts::load(folder.as_deref()) {
        Ok((library, report)) => (Some(library), report),
        Err(PromptsError::Wrong { report, .. }) => (None, *report),
        Err(error) => {
            eprintln!("goldseam: {error}");
            return ExitCode::FAILURE;
        }
    };
    let mut refused = library.is_none();
    if let (Some(dir), Some(before), Some(library)) = (&options.dir, &options.against, &library) {
        match super::block_on(against::compare(dir, library, before, options.data.clone())) {
            Ok(found) => {
                refused |= found.errors() > 0;
                report.join(found);
            }
            Err(error) => {
                eprintln!("goldseam: {}", super::sentence(&error));
                return ExitCode::FAILURE;
            }
        }
    }
    match options.format {
        Format::Long => tell(&report),
        Format::Short => report.problems.iter().for_each(|problem| println!("{}", one_line(problem))),
        Format::Json => println!("{}", json(&report)),
    }
    if options.reading && options.format != Format::Json {
        match &library {
            Some(library) => println!("{}", table(library)),
            None => eprintln!("goldseam: how hard the scripts are to read is told once they have no errors."),
        }
    }
    if refused || (options.deny_warnings && report.warnings() > 0) { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// The page's section about a code.
pub(crate) fn explain(code: &str) -> ExitCode {
    let wanted = code.to_uppercase();
    match section(&wanted) {
        Some(text) => {
            println!("{text}");
            ExitCode::SUCCESS
        }
        None => {
            eprintln!("goldseam: there is no code `{wanted}`; {PAGE_PATH} lists all of them.");
            ExitCode::FAILURE
        }
    }
}

fn section(code: &str) -> Option<&'static str> {
    let start =
        PAGE.match_indices("### ").map(|(at, _)| at).find(|at| PAGE[at + 4..].starts_with(&format!("{code}:")))?;
    let rest = &PAGE[start..];
    let end =
        rest[4..].find("\n### ").into_iter().chain(rest[4..].find("\n## ")).min().map_or(rest.len(), |end| end + 4);
    Some(rest[..end].trim_end())
}

fn tell(report: &Report) {
    let problems = report.render(std::io::stdout().is_terminal());
    if !problems.is_empty() {
        println!("{problems}\n");
    }
    for review in &report.reviews {
        for (word, because) in &review.allowed {
            println!("{} says \"{word}\" knowingly: {because}", review.script);
        }
    }
    println!("{}", summary(report));
    println!("{}", reviews(report));
}

/// `prompts/menu.yaml:3:5: GS0101 a script has no `abuot``
fn one_line(problem: &Problem) -> String {
    format!("{}:{}:{}: {} {}", problem.file, problem.line, problem.column, problem.code, problem.message)
}

/// "43 files: 2 errors, 1 warning."
fn summary(report: &Report) -> String {
    let count = |number: usize, word: &str| format!("{number} {word}{}", if number == 1 { "" } else { "s" });
    format!(
        "{}: {}, {}.",
        count(report.files(), "file"),
        count(report.errors(), "error"),
        count(report.warnings(), "warning")
    )
}

/// Who has read what. A stamp of a day that has not come yet counts for nothing.
fn reviews(report: &Report) -> String {
    let mut told = String::new();
    // Somewhere it is tomorrow already.
    let today = today().tomorrow().unwrap_or(jiff::civil::Date::MAX);
    for review in &report.reviews {
        for stamp in review.stamps.iter().filter(|stamp| stamp.on > today) {
            let _ =
                writeln!(told, "{} was read by {} on {}, which is still to come.", review.script, stamp.by, stamp.on);
        }
    }
    let is_read = |review: &&Review| review.reviewed && review.stamps.iter().any(|stamp| stamp.on <= today);
    let not: Vec<&str> =
        report.reviews.iter().filter(|review| !is_read(review)).map(|review| review.script.as_str()).collect();
    let (all, open) = (report.reviews.len(), not.len());
    let _ = write!(told, "{} of {all} scripts have been reviewed by a person", all - open);
    match open {
        0 => told.push('.'),
        _ if open == all => told.push_str("; not reviewed: all of them."),
        _ => {
            let _ = write!(told, "; not reviewed: {}.", not.join(", "));
        }
    }
    told
}

fn today() -> jiff::civil::Date {
    Clock::system().now().to_zoned(jiff::tz::TimeZone::UTC).date()
}

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

fn json<'r>(report: &'r Report) -> String {
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

/// Where a code is explained: its heading on the page, as a browser knows it.
fn link(code: &str) -> String {
    let heading = section(code).and_then(|text| text.lines().next()).unwrap_or(code).trim_start_matches("### ");
    let kept = heading
        .to_lowercase()
        .chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
        .collect::<String>();
    format!("{PAGE_PATH}#{}", kept.replace(' ', "-"))
}

/// How hard each script is to read, the hardest first.
fn table(library: &Library) -> String {
    let mut rows: Vec<(Reading, &Script)> =
        library.scripts().filter_map(|script| Some((reading::of_script(script)?, script))).collect();
    rows.sort_by(|(a, first), (b, second)| {
        (b.age, &first.language).cmp(&(a.age, &second.language)).then(b.score.total_cmp(&a.score))
    });
    let mut table =
        format!("{:<24} {:>4} {:>6} {:>10} {:>6} {:>6}", "script", "age", "words", "a sentence", "long", "score");
    for (reading, script) in rows {
        let Reading { sentences, words, long_words, score, age } = reading;
        let each = f64::from(words) / f64::from(sentences.max(1));
        let long = 100 * long_words / words.max(1);
        let _ = write!(table, "\n{:<24} {age:>4} {words:>6} {each:>10.1} {long:>5}% {score:>6.1}", script.name);
    }
    table
}

/// Writes into a script that somebody has read it.
fn stamp(dir: &Path, name: &str, by: &str, role: &str) -> Result<(), String> {
    let files = prompts::read(dir).map_err(|error| error.to_string())?;
    let is_it = |path: &str| path.rsplit('/').next() == Some(&format!("{name}.yaml"));
    let file = files.iter().find(|file| is_it(&file.path));
    let file = file.ok_or_else(|| format!("there is no script `{name}` in {}.", dir.display()))?;
    let (_, report) = Library::load(&files);
    let known = report.reviews.iter().find(|review| review.script == name);
    let known = known.ok_or_else(|| format!("`{name}` cannot be read: mend it first, then let it be read."))?;
    let text = review::revision(&file.text);
    let on = today();
    let mut stamps = known.stamps.clone();
    stamps.push(Stamp { by: by.to_owned(), on, role: role.to_owned(), text, span: 0..0 });
    let path = dir.join(&file.path);
    std::fs::write(&path, review::stamped(&file.text, &stamps))
        .map_err(|error| format!("{} cannot be written ({}).", path.display(), error.kind()))
}
