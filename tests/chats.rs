//! Every transcript under `tests/chats`, through the real engine, and the shipped scripts through the real checker.

mod support;

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use goldseam::script::Library;

use support::chat;

fn library() -> Library {
    support::prompts::library_with(&[])
}

#[test]
fn the_shipped_scripts_have_no_errors() {
    library();
}

/// `BLESS=1 cargo test --test chats` writes what the bot says now into the transcripts; look at the difference before you keep it.
#[test]
#[expect(clippy::disallowed_methods, reason = "the one switch of this test")]
fn every_transcript_is_what_the_bot_says() {
    let library = library();
    let mut wrong = String::new();
    let mut count = 0;
    let mut paths: Vec<_> = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/chats"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    for path in paths {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let text = fs::read_to_string(&path).unwrap();
        count += 1;
        let played = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| chat::play(&library, &text)));
        match played {
            Ok(Ok(_)) => {}
            Ok(Err(difference)) => {
                write!(wrong, "\n--- {name}\n{}", difference.shown).unwrap();
                if std::env::var_os("BLESS").is_some() {
                    fs::write(&path, difference.blessed).unwrap();
                }
            }
            Err(_) => write!(wrong, "\n--- {name} panicked\n").unwrap(),
        }
    }
    assert!(count > 50, "the transcripts are there");
    assert!(wrong.is_empty(), "{wrong}");
}
