//! Every transcript beside the shipped scripts, and what of the scripts they reach.

mod support;

use std::path::Path;

use goldseam::prompts;
use goldseam::transcript::{self, Coverage, Played, Scripts, Transcript};

use support::prompts::scripts_with;

fn played(scripts: &Scripts) -> Vec<Played> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("prompts");
    let one = |file: &goldseam::script::PromptFile| {
        let name = format!("prompts/{}", file.path);
        let transcript = Transcript::parse(&name, &file.text).unwrap_or_else(|wrong| panic!("{wrong:#?}"));
        let drafts = prompts::beside(&folder.join(&file.path), transcript.drafts().map(|(_, path)| path));
        transcript::play(&transcript, scripts, &drafts)
    };
    prompts::transcripts(&folder).unwrap().iter().map(one).collect()
}

/// `cargo run -- scripts test --bless` writes what the bot says now; look at the difference before you keep it.
/// `cargo run -- scripts test --full` shows what is not reached.
#[test]
fn every_transcript_is_what_the_bot_says_and_together_they_reach_every_part_of_every_script() {
    let scripts = scripts_with(&[]);
    let all = played(&scripts);
    let wrong: String = all.iter().map(|played| played.render(false)).collect();
    assert!(wrong.is_empty(), "\n{wrong}");

    let mut coverage = Coverage::new(scripts.library());
    all.iter().for_each(|played| coverage.add(&played.traces));
    let count = |script: &goldseam::script::model::Script| script.ops.len();
    assert!(coverage.scripts().map(|(script, _)| count(script)).sum::<usize>() > 500, "the scripts are there");
    assert!(coverage.unreached().is_empty(), "\n{}", coverage.render(&scripts));
}
