//! Every transcript beside the shipped scripts, and what of the scripts they reach.

mod support;

use std::path::Path;

use goldseam::prompts;
use goldseam::transcript::{self, Played, Scripts, Transcript};

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

#[test]
fn the_shipped_scripts_have_no_errors() {
    scripts_with(&[]);
}

/// `cargo run -- scripts test --bless` writes what the bot says now; look at the difference before you keep it.
#[test]
fn every_transcript_is_what_the_bot_says() {
    let all = played(&scripts_with(&[]));
    assert!(all.len() > 50, "the transcripts are there");
    let wrong: String = all.iter().map(|played| played.render(false)).collect();
    assert!(wrong.is_empty(), "\n{wrong}");
}
