//! `docs/practices.md` promises nothing that is not there: each practice once, with scripts and transcripts that exist.

use std::fs;
use std::path::Path;

const PAGE: &str = include_str!("../docs/practices.md");
const PRACTICES: usize = 76;

/// The names in backticks of a cell.
fn names(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

#[test]
fn every_practice_names_a_script_and_a_transcript_that_exist_or_says_what_is_not_there() {
    let prompts = Path::new(env!("CARGO_MANIFEST_DIR")).join("prompts");
    let rows: Vec<Vec<&str>> = PAGE
        .lines()
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect::<Vec<_>>())
        .filter(|cells| cells[0].parse::<usize>().is_ok())
        .collect();
    let numbers: Vec<usize> = rows.iter().map(|cells| cells[0].parse().unwrap()).collect();
    assert_eq!(numbers, (1..=PRACTICES).collect::<Vec<_>>());
    for cells in rows {
        let [number, _, scripts, transcripts, missing] = cells[..] else { panic!("five cells: {cells:?}") };
        let (scripts, transcripts) = (names(scripts), names(transcripts));
        assert_eq!(scripts.is_empty(), transcripts.is_empty(), "practice {number}");
        assert!(!scripts.is_empty() || !missing.is_empty(), "practice {number} says nothing");
        for script in scripts {
            assert!(prompts.join(format!("{script}.yaml")).exists(), "practice {number}: no script `{script}`");
        }
        for transcript in transcripts {
            let file = prompts.join(format!("chats/{transcript}.chat"));
            let told = fs::read_to_string(&file).unwrap_or_else(|_| panic!("practice {number}: no `{transcript}`"));
            assert!(
                told.lines().any(|line| line.starts_with("> ")),
                "practice {number}: nobody speaks in `{transcript}`"
            );
        }
    }
}
