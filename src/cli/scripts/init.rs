//! `goldseam scripts init`: the shipped prompts as a folder of one's own, to edit.
//!
//! The pages about scripts come along, so that what they and the program's messages name is there.
//! Writes new files into an empty folder and nothing else; what is there already is never touched.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};

use crate::prompts;
use crate::script::PromptFile;
use crate::script::schema::{FileKind, schema};

/// The pages for whoever writes scripts, and for whoever runs the bot with them.
const PAGES: [(&str, &str); 11] = [
    ("connect-discord.md", include_str!("../../../docs/connect-discord.md")),
    ("connect-telegram.md", include_str!("../../../docs/connect-telegram.md")),
    ("operating.md", include_str!("../../../docs/operating.md")),
    ("reliability.md", include_str!("../../../docs/reliability.md")),
    ("scaling.md", include_str!("../../../docs/scaling.md")),
    ("script-errors.md", include_str!("../../../docs/script-errors.md")),
    ("script-language.md", include_str!("../../../docs/script-language.md")),
    ("tone.md", include_str!("../../../docs/tone.md")),
    ("transcripts.md", include_str!("../../../docs/transcripts.md")),
    ("translating.md", include_str!("../../../docs/translating.md")),
    ("writing-scripts.md", include_str!("../../../docs/writing-scripts.md")),
];

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// A folder that does not exist yet, or an empty one
    dir: PathBuf,
}

/// Writes them, and says what to do next.
pub(crate) fn init(options: &Options) -> anyhow::Result<ExitCode> {
    let dir = &options.dir;
    if !is_free(dir)? {
        bail!("{} is not empty, and nothing is overwritten: name a folder that does not exist yet.", dir.display());
    }
    let prompts = prompts::everything();
    for PromptFile { path, text } in &prompts {
        write_new(&dir.join("prompts").join(path), text)?;
    }
    for kind in FileKind::ALL {
        write_new(&dir.join("schema").join(kind.schema_file()), &schema(kind))?;
    }
    for (name, text) in PAGES {
        write_new(&dir.join("docs").join(name), text)?;
    }
    println!("{}", told(dir, &prompts));
    Ok(ExitCode::SUCCESS)
}

/// True when there is nothing a person would see. Hidden files, like `.git`, are not in the way: none is written.
fn is_free(dir: &Path) -> anyhow::Result<bool> {
    if !dir.exists() {
        return Ok(true);
    }
    let mut entries =
        fs::read_dir(dir).with_context(|| format!("{} is not a folder that can be read", dir.display()))?;
    Ok(entries.all(|entry| entry.is_ok_and(|entry| entry.file_name().to_string_lossy().starts_with('.'))))
}

fn write_new(path: &Path, text: &str) -> anyhow::Result<()> {
    let folder = path.parent().unwrap_or(path);
    let written = fs::create_dir_all(folder)
        .and_then(|()| fs::File::create_new(path))
        .and_then(|mut file| file.write_all(text.as_bytes()));
    written.with_context(|| format!("{} cannot be written", path.display()))
}

fn told(dir: &Path, prompts: &[PromptFile]) -> String {
    let count = |belongs: fn(&str) -> bool| prompts.iter().filter(|file| belongs(&file.path)).count();
    let scripts = count(|path| prompts::is_read(path) && !path.contains('/'));
    let cards = count(|path| path.starts_with("system/"));
    let languages = count(|path| path.starts_with("languages/") && path.ends_with(".po"));
    let chats = count(|path| path.ends_with(".chat"));
    let dir = dir.display();
    format!(
        "Your own prompts are in {dir}. Every sentence in them is yours to change.\n\
         \n\
         {dir}/prompts            {scripts} files: scripts, and the words people type\n\
         {dir}/prompts/system     {cards} cards: what is said when no script expects an answer\n\
         {dir}/prompts/chats      {chats} transcripts: conversations that test the scripts\n\
         {dir}/prompts/languages  {languages} more language{}\n\
         {dir}/schema             lets your editor help while you write\n\
         {dir}/docs               pages to read; writing-scripts.md leads from here to a script of your own\n\
         \n\
         Next:\n\
         \u{20}  cd {dir}\n\
         \u{20}  goldseam scripts play reflect    try one; `:quit` leaves it\n\
         \u{20}  goldseam scripts check           see whether everything is in order",
        if languages == 1 { "" } else { "s" },
    )
}
