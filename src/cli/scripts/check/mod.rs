//! `goldseam scripts check` and `goldseam scripts explain`: everything that is wrong with scripts, in a form for people, for
//! compilers' readers or for programs; how hard they are to read; who has read them.
//!
//! Exit codes: 0 when nothing refuses the scripts (with `--deny-warnings`: when there is no warning either), 1 when something
//! does or when they cannot be read, 2 when the command was not understood.

mod against;
pub(super) mod explain;
mod json;
mod stamp;

use std::fmt::Write as _;
use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::process::ExitCode;

use super::super::{block_on, house, sentence};
use crate::clock::Clock;
use crate::prompts::{self, PromptsError};
use crate::script::model::Script;
use crate::script::problem::Problem;
use crate::script::reading::{self, Reading};
use crate::script::{Library, Report, Review};

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
        && let Err(error) = stamp::stamp(dir, script, by, role)
    {
        eprintln!("goldseam: {error}");
        return ExitCode::FAILURE;
    }
    let folder = match house::authors_folder(options.dir.clone()) {
        Ok(folder) => folder,
        Err(error) => {
            eprintln!("goldseam: {}", sentence(&error));
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
        match block_on(against::compare(dir, library, before, options.data.clone())) {
            Ok(found) => {
                refused |= found.errors() > 0;
                report.join(found);
            }
            Err(error) => {
                eprintln!("goldseam: {}", sentence(&error));
                return ExitCode::FAILURE;
            }
        }
    }
    match options.format {
        Format::Long => tell(&report),
        Format::Short => report.problems.iter().for_each(|problem| println!("{}", one_line(problem))),
        Format::Json => println!("{}", json::json(&report)),
    }
    if options.reading && options.format != Format::Json {
        match &library {
            Some(library) => println!("{}", table(library)),
            None => eprintln!("goldseam: how hard the scripts are to read is told once they have no errors."),
        }
    }
    if let Some(remark) = house::not_your_own(folder.as_deref()) {
        eprintln!("{remark}");
    }
    if refused || (options.deny_warnings && report.warnings() > 0) { ExitCode::FAILURE } else { ExitCode::SUCCESS }
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
    let is_read = |review: &Review| review.reviewed && review.stamps.iter().any(|stamp| stamp.on <= today);
    let (read, not): (Vec<_>, Vec<_>) = report.reviews.iter().partition(|review| is_read(review));
    let names =
        |reviews: &[&Review]| reviews.iter().map(|review| review.script.as_str()).collect::<Vec<_>>().join(", ");
    let _ = write!(told, "{} of {} scripts have been reviewed by a person", read.len(), report.reviews.len());
    let _ = match (read.len(), not.len()) {
        (_, 0) => write!(told, "."),
        (0, _) => write!(told, "; not reviewed: all of them."),
        // The shorter list says the same.
        (few, many) if few < many => write!(told, ": {}.", names(&read)),
        _ => write!(told, "; not reviewed: {}.", names(&not)),
    };
    told
}

fn today() -> jiff::civil::Date {
    Clock::system().now().to_zoned(jiff::tz::TimeZone::UTC).date()
}

/// How hard each script is to read, the hardest first.
fn table(library: &Library) -> String {
    let mut rows: Vec<(Reading, &Script)> =
        library.scripts().filter_map(|script| Some((reading::of_script(script)?, script))).collect();
    // Scores of two languages cannot be compared; ages can.
    rows.sort_by(|(a, first), (b, second)| b.age.cmp(&a.age).then_with(|| first.name.cmp(&second.name)));
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
