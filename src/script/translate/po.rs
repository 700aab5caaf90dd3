//! PO files: what translators and their tools write, read from a text and written back to one.
//!
//! Keeps all that belongs to an entry: comments, references, flags, the previous source text, obsolete entries, and where each text
//! stands in the file. Never panics, whatever the file holds; a part that cannot be read is told, and reading goes on behind it.

use std::fmt::Write as _;
use std::ops::Range;

/// A whole file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Catalog {
    /// The entry with the empty msgid, if there is one.
    pub header: Option<Entry>,
    /// All others, in their order; obsolete ones too.
    pub entries: Vec<Entry>,
}

/// One text and its translation.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Entry {
    /// Translators' own remarks (`#`).
    pub comments: Vec<String>,
    /// What is said about the source text (`#.`).
    pub extracted: Vec<String>,
    /// Where it stands (`#:`).
    pub references: Vec<String>,
    /// `#, fuzzy`: the source text has changed since, or the translation was guessed.
    pub fuzzy: bool,
    /// Other flags.
    pub flags: Vec<String>,
    /// What the source text was when it was translated (`#| msgid`).
    pub previous: Option<String>,
    /// Which text of which script (`msgctxt`).
    pub context: Option<String>,
    /// The source text.
    pub id: String,
    /// The source text for several.
    pub plural: Option<String>,
    /// The translation, or one for each plural form.
    pub translations: Vec<Words>,
    /// `#~`: belongs to a text that is gone.
    pub obsolete: bool,
    /// Its place in the file, in bytes.
    pub span: Range<usize>,
}

/// A text and where its parts stand in the file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Words {
    /// The text.
    pub text: String,
    /// Its place in the file, in bytes, from the first quote to the last.
    pub span: Range<usize>,
    /// For each line of the file: where in the text and where in the file it begins.
    pieces: Vec<(usize, usize)>,
}

/// What cannot be read, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Its place in the file, in bytes.
    pub span: Range<usize>,
    /// What is wrong.
    pub message: String,
}

impl Words {
    /// A text that stands in no file yet.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    /// Where in the file a byte of the text stands.
    #[must_use]
    pub fn locate(&self, offset: usize, file: &str) -> usize {
        let piece = self.pieces.iter().rev().find(|(text, _)| *text <= offset);
        let Some(&(mut text, mut at)) = piece else { return self.span.start };
        while text < offset {
            let Some(next) = file.get(at..).and_then(|rest| rest.chars().next()) else { break };
            // An escape is two bytes in the file and one in the text.
            let (read, stands) = if next == '\\' { (1, 2) } else { (next.len_utf8(), next.len_utf8()) };
            (text, at) = (text + read, at + stands);
        }
        at
    }
}

impl Entry {
    /// True when every form has words and nobody doubts them.
    #[must_use]
    pub fn is_translated(&self) -> bool {
        !self.fuzzy && !self.is_empty()
    }

    /// True when a form has no words.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.translations.is_empty() || self.translations.iter().any(|words| words.text.is_empty())
    }

    /// True for a text of that script: its path without `.yaml`.
    #[must_use]
    pub fn belongs_to(&self, file: &str) -> bool {
        let rest = self.context.as_deref().and_then(|context| context.strip_prefix(file));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// What it is looked up by.
    #[must_use]
    pub fn key(&self) -> (&str, &str) {
        (self.context.as_deref().unwrap_or(""), &self.id)
    }
}

impl Catalog {
    /// A field of the header: `Plural-Forms`.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&str> {
        let header = self.header.as_ref()?.translations.first()?;
        header.text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim)
    }

    /// Reads a file.
    #[must_use]
    pub fn parse(text: &str) -> (Self, Vec<Fault>) {
        let mut reader = Reader::default();
        let mut at = 0;
        for line in text.split_inclusive('\n') {
            reader.line(line.trim_end_matches(['\n', '\r']), at);
            at += line.len();
        }
        reader.finish_entry();
        (reader.catalog, reader.faults)
    }

    /// The file as it is written: one line for each line of a text, obsolete entries last.
    #[must_use]
    pub fn write(&self) -> String {
        let (gone, living): (Vec<&Entry>, Vec<&Entry>) = self.entries.iter().partition(|entry| entry.obsolete);
        let entries: Vec<String> = self.header.iter().chain(living).chain(gone).map(write_entry).collect();
        entries.join("\n")
    }
}

/// What a string that goes on in the next line belongs to.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Field {
    #[default]
    None,
    Context,
    Id,
    Plural,
    Translation(usize),
    Previous,
    /// `#| msgctxt` and `#| msgid_plural`, of which nothing is made.
    Ignored,
}

/// The most plural forms that any language has is six.
const MOST_FORMS: usize = 8;

#[derive(Default)]
struct Reader {
    catalog: Catalog,
    faults: Vec<Fault>,
    entry: Entry,
    field: Field,
    /// Something of the entry was read.
    begun: bool,
    has_id: bool,
}

impl Reader {
    fn fault(&mut self, span: Range<usize>, message: impl Into<String>) {
        self.faults.push(Fault { span, message: message.into() });
        self.field = Field::Ignored;
    }

    fn line(&mut self, line: &str, at: usize) {
        let whole = at..at + line.len();
        if line.trim().is_empty() {
            return self.finish_entry();
        }
        if let Some(rest) = line.strip_prefix("#~") {
            let rest = rest.trim_start();
            self.begin_unless(Some(true), at);
            self.entry.obsolete = true;
            let from = at + line.len() - rest.len();
            return match rest.strip_prefix('|') {
                Some(previous) => self.previous(previous, from + 1),
                None => self.keyword(rest, from),
            };
        }
        if let Some(rest) = line.strip_prefix('#') {
            return self.comment(rest, at);
        }
        self.keyword(line, at);
        self.entry.span.end = whole.end;
    }

    /// Begins the next entry when this one has its translation: blank lines between entries may be missing.
    fn begin_unless(&mut self, obsolete: Option<bool>, at: usize) {
        let other = obsolete.is_some_and(|obsolete| self.has_id && self.entry.obsolete != obsolete);
        if other {
            self.finish_entry();
        }
        if !self.begun {
            self.begun = true;
            self.entry.span = at..at;
        }
    }

    fn finish_entry(&mut self) {
        let entry = std::mem::take(&mut self.entry);
        let (begun, has_id) = (std::mem::take(&mut self.begun), std::mem::take(&mut self.has_id));
        self.field = Field::None;
        if !begun {
            return;
        }
        if !has_id {
            // Remarks that belong to no entry, for instance below a header's.
            if entry.context.is_some() || !entry.translations.is_empty() {
                self.faults.push(Fault { span: entry.span, message: "an entry without `msgid`".into() });
            }
            return;
        }
        if entry.translations.is_empty() {
            self.faults.push(Fault { span: entry.span.clone(), message: "an entry without `msgstr`".into() });
        }
        if entry.id.is_empty() && entry.context.is_none() && !entry.obsolete {
            self.catalog.header.get_or_insert(entry);
        } else {
            self.catalog.entries.push(entry);
        }
    }

    fn comment(&mut self, rest: &str, at: usize) {
        if self.has_id && !self.entry.translations.is_empty() {
            self.finish_entry();
        }
        self.begin_unless(None, at);
        // A text of before may go on over several lines.
        let goes_on = rest.starts_with('|') && matches!(self.field, Field::Previous | Field::Ignored);
        if !goes_on {
            self.field = Field::None;
        }
        let trimmed = |text: &str| text.strip_prefix(' ').unwrap_or(text).to_owned();
        match rest.chars().next() {
            Some('.') => self.entry.extracted.push(trimmed(&rest[1..])),
            Some(':') => self.entry.references.extend(rest[1..].split_whitespace().map(str::to_owned)),
            Some('|') => self.previous(&rest[1..], at + 2),
            Some(',') => {
                for flag in rest[1..].split(',').map(str::trim).filter(|flag| !flag.is_empty()) {
                    if flag == "fuzzy" { self.entry.fuzzy = true } else { self.entry.flags.push(flag.to_owned()) }
                }
            }
            _ => self.entry.comments.push(trimmed(rest)),
        }
    }

    /// `#| msgid "..."` and the lines it goes on in.
    fn previous(&mut self, rest: &str, at: usize) {
        let body = rest.trim_start();
        let from = at + rest.len() - body.len();
        let value = match body.split_once(' ') {
            Some(("msgid", value)) => {
                self.field = Field::Previous;
                value
            }
            Some(("msgctxt" | "msgid_plural", value)) => {
                self.field = Field::Ignored;
                value
            }
            _ => body,
        };
        self.string(value.trim(), from + body.len() - value.len());
    }

    fn keyword(&mut self, line: &str, at: usize) {
        if line.starts_with('"') {
            return self.string(line.trim_end(), at);
        }
        let (word, value) = line.split_once([' ', '\t']).unwrap_or((line, ""));
        let starts = matches!(word, "msgctxt") || word == "msgid";
        if starts && self.has_id && (word == "msgctxt" || !self.entry.translations.is_empty()) {
            let obsolete = self.entry.obsolete;
            self.finish_entry();
            self.entry.obsolete = obsolete;
        }
        self.begin_unless(None, at);
        let value_at = at + line.len() - value.len();
        self.field = match word {
            "msgctxt" => Field::Context,
            "msgid" if self.has_id => return self.fault(at..at + line.len(), "a second `msgid` in one entry"),
            "msgid" => {
                self.has_id = true;
                Field::Id
            }
            "msgid_plural" => Field::Plural,
            "msgstr" => Field::Translation(0),
            _ => match word.strip_prefix("msgstr[").and_then(|rest| rest.strip_suffix(']')?.parse().ok()) {
                Some(form) if form < MOST_FORMS => Field::Translation(form),
                _ => {
                    let shown: String = word.chars().take(30).collect();
                    return self.fault(at..at + line.len(), format!("`{shown}` does not begin a line of a PO file"));
                }
            },
        };
        if let Field::Translation(form) = self.field {
            if form < self.entry.translations.len() {
                return self.fault(at..at + line.len(), "this form was translated before");
            }
            self.entry.translations.resize(form + 1, Words::default());
        }
        self.string(value.trim(), value_at + value.len() - value.trim_start().len());
    }

    /// A quoted string, which goes on what the field holds.
    fn string(&mut self, quoted: &str, at: usize) {
        let end = at + quoted.len();
        let Some(inner) = quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).filter(|_| quoted.len() > 1)
        else {
            return self.fault(at..end.max(at + 1), "a text here stands in double quotes");
        };
        let text = match unescape(inner) {
            Ok(text) => text,
            Err(offset) => {
                let from = at + 1 + offset;
                return self.fault(from..from + 1, "an escape or a quote that PO files do not know");
            }
        };
        self.entry.span.end = end;
        match self.field {
            Field::None => self.fault(at..end, "a text that belongs to nothing"),
            Field::Ignored => {}
            Field::Context => self.entry.context.get_or_insert_default().push_str(&text),
            Field::Id => self.entry.id.push_str(&text),
            Field::Plural => self.entry.plural.get_or_insert_default().push_str(&text),
            Field::Previous => self.entry.previous.get_or_insert_default().push_str(&text),
            Field::Translation(form) => {
                if let Some(words) = self.entry.translations.get_mut(form) {
                    if words.pieces.is_empty() {
                        words.span.start = at;
                    }
                    words.pieces.push((words.text.len(), at + 1));
                    words.text.push_str(&text);
                    words.span.end = end;
                }
            }
        }
    }
}

/// The text of a string, or the byte of it that cannot be read.
fn unescape(inner: &str) -> Result<String, usize> {
    let mut text = String::with_capacity(inner.len());
    let mut characters = inner.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Err(at),
            '\\' => text.push(match characters.next() {
                Some((_, 'n')) => '\n',
                Some((_, 't')) => '\t',
                Some((_, 'r')) => '\r',
                Some((_, same @ ('"' | '\\'))) => same,
                _ => return Err(at),
            }),
            other => text.push(other),
        }
    }
    Ok(text)
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 2);
    for character in text.chars() {
        match character {
            '\n' => escaped.push_str("\\n"),
            '\t' => escaped.push_str("\\t"),
            '\r' => escaped.push_str("\\r"),
            '"' | '\\' => escaped.extend(['\\', character]),
            other => escaped.push(other),
        }
    }
    escaped
}

/// `msgid "..."`, over several lines when the text has several.
fn write_string(out: &mut String, prefix: &str, keyword: &str, text: &str) {
    let several = text.trim_end_matches('\n').contains('\n');
    // Writing to a String cannot fail.
    if several {
        let _ = writeln!(out, "{prefix}{keyword} \"\"");
        for line in text.split_inclusive('\n') {
            let _ = writeln!(out, "{prefix}\"{}\"", escape(line));
        }
    } else {
        let _ = writeln!(out, "{prefix}{keyword} \"{}\"", escape(text));
    }
}

fn write_entry(entry: &Entry) -> String {
    let mut out = String::new();
    for (sign, lines) in [("#", &entry.comments), ("#.", &entry.extracted)] {
        for line in lines {
            let _ = writeln!(out, "{}", format!("{sign} {line}").trim_end());
        }
    }
    if !entry.references.is_empty() {
        let _ = writeln!(out, "#: {}", entry.references.join(" "));
    }
    let flags: Vec<&str> =
        entry.fuzzy.then_some("fuzzy").into_iter().chain(entry.flags.iter().map(String::as_str)).collect();
    if !flags.is_empty() {
        let _ = writeln!(out, "#, {}", flags.join(", "));
    }
    let prefix = if entry.obsolete { "#~ " } else { "" };
    if let Some(previous) = &entry.previous {
        write_string(&mut out, if entry.obsolete { "#~| " } else { "#| " }, "msgid", previous);
    }
    if let Some(context) = &entry.context {
        write_string(&mut out, prefix, "msgctxt", context);
    }
    write_string(&mut out, prefix, "msgid", &entry.id);
    let Some(plural) = &entry.plural else {
        write_string(&mut out, prefix, "msgstr", entry.translations.first().map_or("", |words| &words.text));
        return out;
    };
    write_string(&mut out, prefix, "msgid_plural", plural);
    for (form, words) in entry.translations.iter().enumerate() {
        write_string(&mut out, prefix, &format!("msgstr[{form}]"), &words.text);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = concat!(
        "# A remark.\n",
        "msgid \"\"\n",
        "msgstr \"\"\n",
        "\"Language: es\\n\"\n",
        "\"Plural-Forms: nplurals=2; plural=n != 1;\\n\"\n",
        "\n",
        "# Mine.\n",
        "#. say\n",
        "#: menu.yaml:3 now.yaml:4\n",
        "#, fuzzy, no-wrap\n",
        "#| msgid \"Good day.\"\n",
        "msgctxt \"menu/pick\"\n",
        "msgid \"Hello \\\"you\\\".\"\n",
        "msgstr \"Hola.\"\n",
        "\n",
        "msgctxt \"menu/count\"\n",
        "msgid \"One.\"\n",
        "msgid_plural \"Many.\\nVery many.\"\n",
        "msgstr[0] \"Una.\"\n",
        "msgstr[1] \"Muchas.\"\n",
        "\n",
        "#~ msgctxt \"menu\"\n",
        "#~ msgid \"Gone.\"\n",
        "#~ msgstr \"Ida.\"\n",
    );

    #[test]
    fn a_file_is_read_with_all_that_belongs_to_it_and_written_back() {
        let (catalog, faults) = Catalog::parse(FILE);
        assert_eq!(faults, []);
        assert_eq!(catalog.field("Plural-Forms"), Some("nplurals=2; plural=n != 1;"));
        let [first, second, gone] = &catalog.entries[..] else { panic!("{catalog:#?}") };
        assert!(first.fuzzy && !first.is_translated() && gone.obsolete && second.is_translated());
        assert_eq!(first.previous.as_deref(), Some("Good day."));
        assert_eq!((first.flags.as_slice(), first.references.len()), (["no-wrap".to_owned()].as_slice(), 2));
        assert_eq!(first.key(), ("menu/pick", "Hello \"you\"."));
        let written = catalog.write();
        assert!(written.contains("msgid_plural \"\"\n\"Many.\\n\"\n\"Very many.\"\n"), "{written}");
        let (again, faults) = Catalog::parse(&written);
        assert_eq!((again.write(), faults), (written, vec![]));
    }

    #[test]
    fn the_text_of_before_may_have_several_lines() {
        let file = "#, fuzzy\n#| msgid \"\"\n#| \"One.\\n\"\n#| \"Two.\"\nmsgid \"a\"\nmsgstr \"b\"\n";
        let (catalog, faults) = Catalog::parse(file);
        assert_eq!((faults, catalog.entries[0].previous.as_deref()), (vec![], Some("One.\nTwo.")));
        assert_eq!(catalog.write(), file);
        let stray = "#| msgid \"a\"\n# A remark.\n#| \"b\"\nmsgid \"c\"\nmsgstr \"d\"\n";
        assert_eq!(Catalog::parse(stray).1.len(), 1);
    }

    #[test]
    fn every_byte_of_a_text_has_its_place_in_the_file() {
        let file = "msgid \"a\"\nmsgstr \"\"\n\"one\\n\"\n\"t\\\"w\u{f6}o\"\n";
        let (catalog, faults) = Catalog::parse(file);
        assert_eq!(faults, []);
        let words = &catalog.entries[0].translations[0];
        assert_eq!(words.text, "one\nt\"w\u{f6}o");
        for (offset, _) in words.text.char_indices().filter(|(_, character)| character.is_alphabetic()) {
            let found = &file[words.locate(offset, file)..];
            assert_eq!(found.chars().next(), words.text[offset..].chars().next(), "{offset}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_told_and_the_rest_is_read() {
        let file = "msgid \"a\"\nmsgstr \"b\n\nmsgid \"c\"\nmsgsrt \"d\"\n\nmsgid \"e\"\nmsgstr \"f\"\n\n\"stray\"\n\nmsgctxt \"x\"\nmsgstr \"y\"\n\nmsgid \"\\q\"\nmsgstr \"\"\n";
        let (catalog, faults) = Catalog::parse(file);
        assert!(catalog.entries.iter().any(|entry| entry.id == "e" && entry.is_translated()));
        let told: Vec<&str> = faults.iter().map(|fault| fault.message.as_str()).collect();
        assert!(told.len() >= 5, "{told:?}");
        assert!(faults.iter().all(|fault| fault.span.end <= file.len() && fault.span.start < fault.span.end));
    }

    #[test]
    fn a_large_heap_of_anything_is_no_reason_to_panic() {
        for scrap in [
            "msgid \"",
            "\"\n",
            "#~ msgid \"x\"\n",
            "#| ",
            "msgstr[7] \"a\"\n",
            "\u{1f642}\\",
            "#,fuzzy\nmsgctxt \"c\"\nmsgid",
        ] {
            let heap = scrap.repeat(1_048_576 / scrap.len());
            let (catalog, _) = Catalog::parse(&heap);
            let _ = catalog.write();
        }
    }
}
