//! A page for people, read the way they read it: its blocks, and the sentences that say what to do with them.

/// A fenced block of a page.
pub(crate) struct Block {
    /// The word behind the fence.
    pub(crate) kind: String,
    pub(crate) body: String,
    /// The line on which it begins.
    line: usize,
    /// The sentence before it.
    lead: String,
    /// True when nothing but blank lines stands between it and the block before.
    pub(crate) follows: bool,
    /// Why it is not carried out: `<!-- shown only: reason -->` before it.
    pub(crate) shown_only: Option<String>,
    /// `<!-- fails -->` stands before it.
    pub(crate) fails: bool,
}

/// What a sentence says to do with a block and a file.
pub(crate) enum Edit {
    /// "Save this as `FILE`:"
    Whole,
    /// "At the end of `FILE`, add:"
    End,
    /// "In `FILE`, put this below `LINE`:"
    Below(String),
    /// "In `FILE`, put this in place of `LINE`:"
    Instead(String),
    /// "In `FILE`, fill in these:": texts of a translation.
    Fill,
    /// "In `FILE`, mend this one": a text of a translation, and no mark of doubt any more.
    Mend,
    /// "`FILE` is now:"; nothing is done, the file must be so.
    Is,
}

/// All blocks of a page.
pub(crate) fn blocks(page: &str) -> Vec<Block> {
    let mut found: Vec<Block> = Vec::new();
    let mut open: Option<Block> = None;
    let (mut lead, mut marks, mut between) = (String::new(), Vec::new(), false);
    for (number, line) in page.lines().enumerate().map(|(index, line)| (index + 1, line)) {
        match (open.take(), line.strip_prefix("```")) {
            (None, Some(kind)) => {
                let mark = |start: &str| marks.iter().find_map(|mark: &&str| mark.strip_prefix(start));
                open = Some(Block {
                    kind: kind.to_owned(),
                    body: String::new(),
                    line: number,
                    lead: std::mem::take(&mut lead),
                    follows: !between && !found.is_empty(),
                    shown_only: mark("shown only:").map(|reason| reason.trim().to_owned()),
                    fails: mark("fails").is_some(),
                });
                marks.clear();
                between = false;
            }
            (Some(block), Some(_)) => found.push(block),
            (Some(mut block), None) => {
                block.body += &(line.to_owned() + "\n");
                open = Some(block);
            }
            (None, None) => match line.strip_prefix("<!-- ").and_then(|rest| rest.strip_suffix(" -->")) {
                Some(mark) => marks.push(mark),
                None if line.trim().is_empty() => {}
                None => (lead, between) = (line.to_owned(), true),
            },
        }
    }
    assert!(open.is_none(), "the last block is not closed");
    found
}

impl Block {
    /// Where it stands, for messages.
    pub(crate) fn place(&self) -> String {
        format!("docs/writing-scripts.md:{}", self.line)
    }

    /// The file and what to do, from the sentence before the block.
    pub(crate) fn edit(&self) -> (String, Edit) {
        let starts = ["Save this as `", "At the end of `", "In `"].iter().filter_map(|start| self.lead.rfind(start));
        let lead = &self.lead[starts.max().unwrap_or(0)..];
        let quoted: Vec<String> = lead.split('`').skip(1).step_by(2).map(str::to_owned).collect();
        let says = |words: &str| lead.contains(words);
        let edit = match &quoted[..] {
            [_, line] if says(" put this below `") => Edit::Below(line.clone()),
            [_, line] if says(" put this in place of `") => Edit::Instead(line.clone()),
            [_] if says("Save this as `") => Edit::Whole,
            [_] if says("At the end of `") => Edit::End,
            [_, ..] if says(", fill in ") => Edit::Fill,
            [_, ..] if says(", mend this one") => Edit::Mend,
            [_] if says("` is now:") => Edit::Is,
            _ => panic!("{}: the sentence before it does not say what to do: {:?}", self.place(), self.lead),
        };
        (quoted[0].clone(), edit)
    }

    /// The file after the edit.
    pub(crate) fn apply(&self, edit: &Edit, before: Option<&str>) -> String {
        if let Edit::Whole = edit {
            assert_eq!(before, None, "{}: the file is there already", self.place());
            return self.body.clone();
        }
        let before = before.unwrap_or_else(|| panic!("{}: the file is not there yet", self.place()));
        match edit {
            Edit::Whole => unreachable!("handled above"),
            Edit::End => format!("{before}{}", self.body),
            Edit::Below(line) => self.at(before, line, |line| format!("{line}\n{}", self.body)),
            Edit::Instead(line) => self.at(before, line, |_| self.body.clone()),
            Edit::Fill => self.body.split("\n\n").fold(before.to_owned(), |text, entry| self.fill(&text, entry)),
            Edit::Mend => self.mend(before),
            Edit::Is => {
                assert!(before == self.body, "{}: the file is\n{before}", self.place());
                before.to_owned()
            }
        }
    }

    fn at(&self, before: &str, wanted: &str, new: impl Fn(&str) -> String) -> String {
        let there = before.lines().filter(|line| line.trim() == wanted).count();
        assert_eq!(there, 1, "{}: how often `{wanted}` is there in\n{before}", self.place());
        before.lines().map(|line| if line.trim() == wanted { new(line) } else { line.to_owned() + "\n" }).collect()
    }

    /// Puts a translation behind the text that it belongs to.
    fn fill(&self, text: &str, entry: &str) -> String {
        let (original, translation) = entry.split_once("msgstr").unwrap_or_else(|| panic!("{}: {entry}", self.place()));
        let empty = format!("{original}msgstr \"\"\n");
        assert_eq!(text.matches(&empty).count(), 1, "{}: {original} is not there, or not empty", self.place());
        text.replace(&empty, &format!("{original}msgstr{}\n", translation.trim_end()))
    }

    /// Puts a translation in the place of the one that was doubted.
    fn mend(&self, text: &str) -> String {
        let (original, _) = self.body.split_once("msgstr").unwrap_or_else(|| panic!("{}: no msgstr", self.place()));
        let doubted = |entry: &&str| entry.contains(original) && entry.contains("#, fuzzy\n");
        let found: Vec<&str> = text.split("\n\n").filter(doubted).collect();
        let [entry] = found[..] else { panic!("{}: {} doubted entries", self.place(), found.len()) };
        text.replace(entry, self.body.trim_end())
    }

    /// Holds that something is shown; `...` stands for anything, and lines may break anywhere.
    pub(crate) fn compare(&self, page: &str, shown: &str) {
        let (wanted, there) = (plain(page), plain(shown));
        let mut pieces = wanted.split("...").map(str::trim);
        let first = pieces.next().unwrap_or_default();
        let mut rest = there.strip_prefix(first);
        let mut last = first;
        for piece in pieces {
            rest = rest.and_then(|rest| Some(&rest[rest.find(piece)? + piece.len()..]));
            last = piece;
        }
        let ends = if wanted.contains("...") { there.ends_with(last) } else { rest == Some("") };
        assert!(rest.is_some() && ends, "{}: the page shows\n{page}\nand the program\n{shown}", self.place());
    }
}

/// Only the words: without the signs that lines begin with in a pipe, and those of quotes at a terminal; and without what was typed,
/// which a pipe shows again.
fn plain(text: &str) -> String {
    let line = |line: &str| {
        let line = ["< ", "# ", "\u{2502} "].iter().find_map(|sign| line.strip_prefix(sign)).unwrap_or(line).to_owned();
        if line == "<" { String::new() } else { line }
    };
    text.lines()
        .filter(|line| !line.starts_with("> "))
        .map(line)
        .collect::<Vec<_>>()
        .join(" ")
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}

/// Words as a shell takes them apart.
pub(crate) fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quote = None;
    for c in line.chars() {
        match (quote, c) {
            (Some(open), _) if open == c => quote = None,
            (None, '"' | '\'') => quote = Some(c),
            (None, ' ') => words.push(String::new()),
            _ => words.last_mut().unwrap().push(c),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}
