//! `docs/writing-scripts.md` as its reader follows it: every file is written, every command is run, every answer is compared.

#[path = "support/page.rs"]
mod page;
#[path = "support/program.rs"]
#[expect(unreachable_pub, dead_code, reason = "shared with other test programs")]
mod program;

use std::fs;
use std::path::{Path, PathBuf};

use page::{Block, blocks, words};
use program::{Program, Settings, contents};
use tempfile::TempDir;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/writing-scripts.md");

/// Somebody who does what the page says.
struct Reader {
    home: TempDir,
    /// Where the terminal is.
    here: PathBuf,
    /// A conversation that is still open in it, and how many lines were typed there.
    open: Option<(Program, usize)>,
    /// Transcripts that were written and not played yet.
    unplayed: Vec<String>,
}

#[test]
fn whoever_follows_the_page_sees_what_it_shows() {
    let home = tempfile::tempdir().unwrap();
    let mut reader = Reader { here: home.path().to_owned(), home, open: None, unplayed: Vec::new() };
    let page = fs::read_to_string(PAGE).unwrap();
    let blocks = blocks(&page);
    for (index, block) in blocks.iter().enumerate() {
        let answer = blocks.get(index + 1).filter(|next| next.kind == "text" && next.follows);
        match (block.kind.as_str(), &block.shown_only) {
            (_, Some(reason)) => assert!(!reason.is_empty(), "{}: shown only, without a reason", block.place()),
            ("sh", None) => reader.types(block, answer),
            ("text", None) if block.follows && index > 0 && blocks[index - 1].kind == "sh" => {}
            ("text", None) => reader.looks_again(block),
            ("yaml" | "chat" | "po" | "toml", None) => reader.edits(block),
            (other, None) => panic!("{}: a block of the kind `{other}`", block.place()),
        }
    }
    assert_eq!(reader.unplayed, [""; 0], "transcripts that the page never plays");
    let sound = Settings::new(&reader.here).runs(&["scripts", "check", "--deny-warnings"], &[]);
    assert_eq!(sound.code, Some(0), "{}", sound.stdout);
    assert!(reader.here.starts_with(reader.home.path()));
}

impl Reader {
    // ---- the terminal ----

    fn types(&mut self, block: &Block, answer: Option<&Block>) {
        self.open = None;
        let lines: Vec<&str> = block.body.lines().map(|line| line.split("  #").next().unwrap().trim_end()).collect();
        for (index, line) in lines.iter().enumerate() {
            let answer = answer.filter(|_| index + 1 == lines.len());
            let words = words(line);
            match &words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
                ["goldseam", arguments @ ..] => self.runs(block, arguments, answer),
                ["cd", folder] => self.here = self.here.join(folder),
                ["rm", file] => fs::remove_file(self.here.join(file)).unwrap(),
                ["cp", "-r", from, to] => copy(&self.here.join(from), &self.here.join(to)),
                _ => panic!("{}: `{line}` is not run", block.place()),
            }
        }
    }

    fn runs(&mut self, block: &Block, arguments: &[&str], answer: Option<&Block>) {
        self.plays(arguments);
        if let (["scripts", "play", ..] | ["chat", ..], Some(answer)) = (arguments, answer) {
            self.open = Some((Settings::new(&self.here).starts(arguments), 0));
            return self.talks(answer);
        }
        let ended = Settings::new(&self.here).runs(arguments, &[]);
        let shown = format!("{}\n{}", ended.stdout, ended.stderr);
        let wanted = if block.fails { Some(1) } else { Some(0) };
        assert_eq!(ended.code, wanted, "{}: `{}` shows\n{shown}", block.place(), arguments.join(" "));
        if let Some(answer) = answer {
            answer.compare(&answer.body, &shown);
        }
    }

    /// Notes which transcripts a command plays.
    fn plays(&mut self, arguments: &[&str]) {
        if let ["scripts", "test", rest @ ..] = arguments {
            let only = rest.iter().position(|word| *word == "--only").map(|at| rest[at + 1]);
            self.unplayed.retain(|file| only.is_some_and(|name| !file.contains(name)));
        }
    }

    /// A conversation goes on, as far as the block shows it.
    fn talks(&mut self, block: &Block) {
        println!("{}", block.place());
        let (program, typed) = self.open.as_mut().unwrap_or_else(|| panic!("{}: no command before it", block.place()));
        let mut shown = String::new();
        for line in block.body.lines().chain(["\u{203a} "]) {
            let Some(line) = line.strip_prefix('\u{203a}').map(str::trim) else {
                shown = shown + line + "\n";
                continue;
            };
            // A line that nothing understands is answered at once, and after everything before it.
            *typed += 1;
            let mark = format!("`:line-{typed}` is not known");
            program.types(&format!(":line-{typed}"));
            let heard = program.says(&mark);
            let heard = heard.rsplit_once("# `:line").map_or("", |(heard, _)| heard);
            block.compare(&shown, heard);
            shown.clear();
            match line {
                "" => {}
                ":quit" => return self.open = None,
                line => program.types(line),
            }
        }
    }

    /// A conversation in the window that is still open.
    fn looks_again(&mut self, block: &Block) {
        assert!(self.open.is_some(), "{}: it shows the answer to no command", block.place());
        self.talks(block);
    }

    // ---- the editor ----

    fn edits(&mut self, block: &Block) {
        let (file, edit) = block.edit();
        let path = self.here.join(&file);
        if block.kind == "chat" {
            self.unplayed.push(file);
        }
        let before = fs::read_to_string(&path).ok();
        let after = block.apply(&edit, before.as_deref());
        if before.as_ref() != Some(&after) {
            write(&path, &after);
        }
    }
}

fn copy(from: &Path, to: &Path) {
    for (path, bytes) in contents(from) {
        let target = to.join(path.strip_prefix(from).unwrap());
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        fs::write(target, bytes).unwrap();
    }
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}
