//! What the checker says to authors: every code at its place, everything at once, and calm in front of any bytes.

#[path = "support/prompts.rs"]
#[expect(unreachable_pub, reason = "shared with other test programs")]
mod prompts;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::Duration;

use goldseam::script::{Library, PromptFile, Report};

use prompts::{load_with, shipped};

/// Where a mistake is expected in a text.
const MARK: &str = "@@";

/// A script with these steps (each line is indented below `steps:`).
fn steps(steps: &str) -> String {
    let indented: Vec<String> = steps.lines().map(|line| format!("  {line}")).collect();
    format!(
        "script: probe\ntitle: Probe\nargs: [given]\nvars:\n  word: {{ type: text, max: 60 }}\n  number: {{ type: integer, from: 1, to: 5 }}\n  \
         pick: {{ type: choice, of: [one, two] }}\n  day: {{ type: date }}\nphrases:\n  odd: [odd, strange]\nsteps:\n{}\n  - say: Bye.\n",
        indented.join("\n")
    )
}

/// A script with these lines at its top.
fn top(lines: &str) -> String {
    format!("{lines}\nsteps:\n  - say: Hello.\n")
}

/// One mistake: its code, the file it stands in, and the file's text with a mark where the mistake is.
struct Case {
    code: &'static str,
    path: &'static str,
    text: String,
}

fn case(code: &'static str, text: impl Into<String>) -> Case {
    Case { code, path: "probe.yaml", text: text.into() }
}

fn at(path: &'static str, code: &'static str, text: impl Into<String>) -> Case {
    Case { code, path, text: text.into() }
}

/// A card in the place of a shipped one.
fn card(code: &'static str, lines: &str, steps: &str) -> Case {
    let indented: Vec<String> = steps.lines().map(|line| format!("  {line}")).collect();
    at("system/idle.yaml", code, format!("script: idle\ntitle: Idle\n{lines}steps:\n{}\n", indented.join("\n")))
}

fn cases() -> Vec<Case> {
    [reading(), shapes(), expressions(), types(), places(), rules(), cards_and_budgets(), languages()]
        .into_iter()
        .flatten()
        .collect()
}

fn reading() -> Vec<Case> {
    vec![
        case("GS0001", "script: probe\ntitle: [Probe\n@@"),
        case("GS0001", "@@"),
        case("GS0002", "script: probe\ntitle: Probe\nsteps:\n@@\t- say: Hello.\n"),
        case("GS0003", "script: probe\n@@---\nscript: probe\n"),
        case("GS0004", "script: probe\ntitle: @@&name Probe\nsteps:\n  - say: Hello.\n"),
        case("GS0004", "script: probe\ntitle: Probe\nsteps:\n  - say: @@!!str Hello.\n"),
        case("GS0005", format!("@@{}", "[".repeat(90))),
        case("GS0006", "script: probe\ntitle: Probe\n@@title: Again\nsteps:\n  - say: Hello.\n"),
        case("GS0007", "script: probe\ntitle: Probe\n? @@[a, b]\n: c\nsteps:\n  - say: Hello.\n"),
        case("GS0008", format!("@@script: probe\ntitle: Probe\nabout: {}\n", "long ".repeat(60_000))),
    ]
}

fn shapes() -> Vec<Case> {
    vec![
        case("GS0101", top("script: probe\ntitle: Probe\n@@abuot: What it is.")),
        case("GS0101", steps("- id: a\n  ask: Word?\n  @@sve: word\n  save: word")),
        case("GS0102", "@@script: probe\nsteps:\n  - say: Hello.\n"),
        case("GS0103", "script: probe\ntitle: Probe\nsteps: @@Hello.\n"),
        case("GS0104", steps("- id: @@Two Words\n  say: Hello.")),
        case("GS0104", top("script: probe\ntitle: Probe\nargs: @@[answer]")),
        case("GS0105", top("script: probe\ntitle: Probe\nexpire: { after: @@a while }")),
        case("GS0105", top("script: probe\ntitle: Probe\nvars:\n  a: { type: number, from: @@low }")),
        case("GS0105", top("script: probe\ntitle: Probe\nvars:\n  a: { type: @@integer, from: 5, to: 1 }")),
        case("GS0106", "script: probe\ntitle: Probe\nphrases:\n  odd: [@@\"...\"]\nsteps:\n  - say: Hello.\n"),
        case("GS0107", top("script: @@other\ntitle: Probe")),
        case("GS0108", top("script: probe\ntitle: Probe\nstart_with: [@@/way-out]")),
        case("GS0109", steps(&nested(12))),
        case("GS0110", steps("- id: a\n  say: One.\n- id: @@a\n  say: Two.")),
        case("GS0111", steps("- @@tell: Hello.")),
        case("GS0111", steps("- @@{ if: number == 1 }")),
        case("GS0112", steps("- say: Hello.\n  @@end: done")),
        case("GS0113", steps("- @@ask: Word?\n  save: word")),
        case("GS0114", steps("- id: a\n  ask: Word?\n  save: word\n  @@soft: [odd]")),
        case("GS0115", steps("- id: a\n  choose: Which?\n  options: @@[]")),
        case(
            "GS0116",
            steps("- branch:\n    - @@else: [ say: One. ]\n    - if: number == 1\n      then: [ say: Two. ]"),
        ),
        at("system/probe-two.yaml", "GS0412", "@@script: probe-two\ntitle: Probe\nsteps:\n  - say: Hello.\n"),
        at("system/menu.yaml", "GS0117", "@@script: menu\ntitle: Menu\nsteps:\n  - say: Hello.\n"),
        case("GS0118", format!("@@script: probe\ntitle: Probe\nsteps:\n{}", "  - say: Hello.\n".repeat(2_010))),
    ]
}

/// A branch in a branch, so many deep, with a mark in the list that is one too deep.
fn nested(depth: usize) -> String {
    let branch = |level: usize| {
        let indent = "    ".repeat(level);
        format!("{indent}- branch:\n{indent}  - else:\n")
    };
    let branches: String = (0..depth).map(branch).collect();
    format!("{branches}{}- {MARK}say: Deep.", "    ".repeat(depth))
}

fn expressions() -> Vec<Case> {
    vec![
        case("GS0201", steps("- if: number @@= 1\n  say: Hello.")),
        case("GS0201", steps("- if: \"number ==@@ \"\n  say: Hello.")),
        case("GS0202", steps("- say: Hello @@**you.")),
        case("GS0202", steps("- say: |\n    One.\n    Two ${ @@nobody(1) }.")),
        case("GS0203", steps("- schedule: { name: later, run: menu, at: @@some day }")),
    ]
}

fn types() -> Vec<Case> {
    vec![
        case("GS0301", top("script: probe\ntitle: Probe\nvars:\n  a: { type: @@txt }")),
        case("GS0302", top("script: probe\ntitle: Probe\nvars:\n  a: { type: integer, default: @@many }")),
        case(
            "GS0303",
            steps("- id: a\n  choose: Which?\n  save: pick\n  options:\n    - @@{ label: Three, value: three }"),
        ),
        case("GS0303", steps("- set: { number: '@@\"one\"' }")),
        case("GS0303", steps("- set: { number: @@ledger.open }")),
        case("GS0303", steps("- id: a\n  call: promise-nudge\n  with: { promise: @@today }")),
        case("GS0304", steps("- if: @@number == \"one\"\n  say: Hello.")),
        case("GS0304", steps("- if: ledger.open\n  say: 'It is ${ @@ledger.open }.'")),
        case("GS0305", steps("- say: 'It is ${ @@word }.'")),
        case("GS0305", steps("- id: a\n  call: promise-nudge\n  with: { promise: @@word }")),
        case("GS0306", steps("- if: pick == @@\"three\"\n  say: Hello.")),
        case("GS0307", steps("- if: @@wrod\n  say: Hello.")),
        case("GS0308", steps("- if: @@me.nmae\n  say: Hello.")),
        case("GS0309", steps("- id: a\n  ask: Word?\n  save: word\n  reject:\n    strange: @@No.")),
        case("GS0310", steps("- say: 'You said ${ @@answer }.'")),
    ]
}

fn places() -> Vec<Case> {
    vec![
        case("GS0401", steps("- id: a\n  ask: Word?\n  save: word\n- @@goto: b")),
        case("GS0401", steps("- if: visits(@@\"b\") > 1\n  say: Hello.")),
        case("GS0402", steps("- end: done\n- @@say: Never.")),
        case("GS0403", steps("- id: a\n  say: Round.\n- @@goto: a")),
        case(
            "GS0403",
            steps("- id: a\n  say: Round.\n- id: q\n  ask: Word?\n  save: word\n- id: b\n  @@redo: a\n  back_to: b"),
        ),
        case("GS0404", steps("- id: a\n  @@ask: Word?")),
        case(
            "GS0405",
            steps(
                "- id: a\n  choose: Which?\n  options:\n    - { label: One, also: [first] }\n    - @@{ label: Two, also: [first] }",
            ),
        ),
        case("GS0406", steps("- id: a\n  choose: Which?\n  options:\n    - @@{ label: Stop }")),
        case("GS0407", steps("- id: a\n  @@call: nobody")),
        case("GS0408", steps("- id: a\n  @@call: promise-nudge")),
        case("GS0408", steps("- id: a\n  call: now\n  with: { what: '@@\"x\"' }")),
        case(
            "GS0409",
            steps("- id: a\n  call: perspective\n  with: { who: '\"Ana\"' }\n  save: { word: @@result.impcat }"),
        ),
        case("GS0410", top("script: probe\ntitle: Probe\nvars:\n  @@a: { type: text }")),
        case("GS0411", "script: probe\ntitle: Probe\nphrases:\n  @@odd: [odd]\nsteps:\n  - say: Hello.\n"),
    ]
}

fn rules() -> Vec<Case> {
    vec![
        case("GS0416", top("script: probe\ntitle: Probe\n@@start_with: [stop]")),
        at("zebra.yaml", "GS0417", top("script: zebra\ntitle: Zebra\n@@start_with: [/menu]")),
        case("GS0419", steps("- @@promise: { text: '\"water\"', due: every day 20:00 }")),
        case("GS0421", top("script: probe\ntitle: Probe\nrenamed: { @@old: gone }")),
        case("GS0422", steps("- id: a\n  @@wait: { until: every day 20:00 }")),
        case("GS0423", top("script: probe\ntitle: Probe\nrepair: { @@unclear: menu }")),
        case("GS0119", steps("- id: a\n  @@wait: { }")),
        case("GS0303", steps("- id: a\n  choose_many: @@Which?\n  save: word\n  options: [ { label: One } ]")),
        case("GS0404", steps("- id: a\n  choose: @@Which?\n  other_text: true\n  options: [ { label: One } ]")),
        case("GS0304", steps("- say_count: { n: @@word, one: \"One.\", other: \"More.\" }")),
        case("GS0420", steps("- @@schedule: { name: nudge-me, run: menu, at: in 3d }")),
        at("phrases.yaml", "GS0102", phrases_without("  menu:")),
        at("phrases.yaml", "GS0101", shipped_text("phrases.yaml").replace("  menu:", "  @@carte: [carte]\n  menu:")),
    ]
}

fn cards_and_budgets() -> Vec<Case> {
    let long = "word ".repeat(200);
    vec![
        card("GS0413", "args: [title]\n", "- say: Hello.").marked_at_start(),
        card("GS0414", "", "- @@end: restart"),
        card("GS0418", "", "- @@start: menu"),
        card("GS0418", "", "- @@journal: { kind: note, title: A, body: B }"),
        card("GS0418", "", "- id: a\n  choose: Which?\n  options: [ { label: One } ]\n- @@redo: a\n  back_to: a"),
        card("GS0305", "args: []\nvars:\n  a: { type: text }\n", "- say: 'It is ${ @@a }.'"),
        case("GS0501", steps(&format!("- say: @@{long}"))),
        case(
            "GS0501",
            steps(
                "- compose:\n    word: @@A longer text that cannot fit into so small a var, whatever happens to it afterwards.",
            ),
        ),
        case(
            "GS0502",
            steps(
                "- id: a\n  choose: Which?\n  options:\n    - { label: @@A label that is far too long for the button it stands on }",
            ),
        ),
        case("GS0503", steps(&format!("- id: a\n  choose: @@Which?\n  options:\n{}", many_options(26)))),
    ]
}

/// A PO file with one entry for the script `menu`, which is among the few.
fn texts(code: &'static str, entries: &str) -> Case {
    let header = "msgid \"\"\nmsgstr \"Plural-Forms: nplurals=2; plural=n != 1;\\n\"\n\n";
    at("languages/es/texts.po", code, format!("{header}{entries}"))
}

fn pick(id: &str, text: &str) -> String {
    format!("msgctxt \"menu/pick\"\nmsgid \"{id}\"\nmsgstr {text}\n")
}

fn languages() -> Vec<Case> {
    let words = |code, path, text: &str| at(path, code, text);
    let long = "palabra ".repeat(130);
    let asked = "What would you like to do?";
    let hole = "msgctxt \"perspective/before\"\nmsgid \"What did ${ who or \\\"that person\\\" } count on until then? A few words.\"\n";
    vec![
        texts("GS0701", "msgctxt \"menu/pick\"\nmsgid \"Journal\"\nmsgstr @@\"Diario\n"),
        texts("GS0701", "@@Journal = Diario\n"),
        texts("GS0202", &pick(asked, "@@\"**Hola\"").replace("@@\"", "\"@@")),
        texts("GS0702", &pick(asked, "\"${ @@me.name or \\\"t\u{fa}\\\" }\"")),
        texts("GS0702", &format!("{hole}msgstr @@\"\u{bf}Qu\u{e9} esperaba?\"\n")),
        texts("GS0703", "@@msgctxt \"menu/pick\"\nmsgid \"Long gone.\"\nmsgstr \"Se fue.\"\n"),
        texts("GS0705", &format!("{}\n{}", pick("My promises", "\"Diario\""), pick("Journal", "@@\"Diario\""))),
        texts("GS0705", &pick("Journal", "@@\"Stop\"")),
        texts("GS0501", &pick(asked, &format!("@@\"{long}\""))),
        texts("GS0502", &pick("Journal", "@@\"Un diario con un nombre tan largo que no cabe\"")),
        at("languages/es/texts.po", "GS0706", "msgid \"\"\nmsgstr \"@@Plural-Forms: nplurals=2; plural=x;\\n\"\n"),
        texts("GS0708", &format!("{}\n@@{}", pick("Journal", "\"Diario\""), pick("Journal", "\"Cuaderno\""))),
        words("GS0704", "languages/es/menu.yaml", "start_with: [@@/menu]\n"),
        words("GS0704", "languages/es/menu.yaml", "phrases: { @@odd: [raro] }\n"),
        words("GS0704", "languages/es/menu.yaml", "also: { @@pikc: { journal: [cuaderno] } }\n"),
        words("GS0704", "languages/es/menu.yaml", "also: { pick: { @@jurnal: [cuaderno] } }\n"),
        words("GS0704", "languages/es/nowhere.yaml", "@@start_with: [aqu\u{ed}]\n"),
        words("GS0704", "languages/es/phrases.yaml", "lists:\n  @@odd: [raro]\n"),
        words("GS0706", "languages/es/phrases.yaml", "writing:\n  hour: @@[hora]\n"),
        words("GS0707", "languages/espa\u{f1}ol/phrases.yaml", "@@name: Espa\u{f1}ol\n"),
        words("GS0707", "languages/en/phrases.yaml", "@@name: English\n"),
        words("GS0709", "languages/es/phrases.yaml", &reading_words("months: @@[enero, febrero]")),
        words("GS0709", "languages/es/phrases.yaml", &reading_words("numbers: { @@uno: [1] }")),
        words("GS0709", "languages/es/phrases.yaml", &reading_words("places: { viena: @@Europa/Viena }")),
        words("GS0709", "languages/es/phrases.yaml", &reading_words("date_order: @@rev\u{e9}s")),
        words("GS0709", "languages/es/phrases.yaml", "writing:\n  date: @@\"{day}\"\n"),
    ]
}

/// How a language writes, with one line in the place of its own.
fn reading_words(line: &str) -> String {
    let months = "months: [a, b, c, d, e, f, g, h, i, j, k, l]";
    let weekdays = "weekdays: [a, b, c, d, e, f, g]";
    let lines: Vec<&str> =
        [weekdays, months].into_iter().filter(|own| own.split(':').next() != line.split(':').next()).collect();
    format!("reading:\n  {}\n  {line}\n", lines.join("\n  "))
}

impl Case {
    fn marked_at_start(mut self) -> Self {
        self.text.insert_str(0, MARK);
        self
    }
}

fn many_options(count: usize) -> String {
    (0..count).map(|number| format!("    - {{ label: Word{number}x }}\n")).collect()
}

fn shipped_text(path: &str) -> String {
    shipped().into_iter().find(|file| file.path == path).map(|file| file.text).unwrap()
}

fn phrases_without(key: &str) -> String {
    let text = shipped_text("phrases.yaml");
    let kept: Vec<&str> = text.lines().filter(|line| !line.starts_with(key)).collect();
    kept.join("\n").replacen("  stop:", "  @@stop:", 1)
}

/// Loads a file beside the few others that the cases name.
fn load_few(path: &str, text: &str) -> Report {
    let few = ["facts.yaml", "phrases.yaml", "menu.yaml", "now.yaml", "promise-nudge.yaml", "perspective.yaml"];
    let mut files = shipped();
    files.retain(|file| few.contains(&file.path.as_str()) && file.path != path);
    files.push(PromptFile { path: path.to_owned(), text: text.to_owned() });
    Library::load(&files).1
}

/// 1-based line and column of a byte.
fn place(text: &str, byte: usize) -> (usize, usize) {
    let before = &text[..byte];
    let column = before.rsplit('\n').next().map_or(0, |line| line.chars().count()) + 1;
    (before.matches('\n').count() + 1, column)
}

fn codes(report: &Report) -> Vec<&'static str> {
    report.problems.iter().map(|problem| problem.code).collect()
}

#[test]
fn every_mistake_is_told_with_its_place_its_line_and_a_hint() {
    let mut wrong = Vec::new();
    for Case { code, path, text } in cases() {
        let mark = text.find(MARK).unwrap_or_else(|| panic!("a mark in {text}"));
        let clean = text.replacen(MARK, "", 1);
        let expected = place(&clean, mark);
        let report = load_few(path, &clean);
        let found = report.problems.iter().find(|problem| problem.code == code && problem.file == path);
        let Some(problem) = found.filter(|problem| (problem.line, problem.column) == expected) else {
            let shown: Vec<String> =
                report.problems.iter().filter(|p| p.file == path).map(ToString::to_string).collect();
            wrong.push(format!(
                "{code} at {expected:?} expected in\n{}\nfound {shown:#?}",
                clean.chars().take(600).collect::<String>()
            ));
            continue;
        };
        let rendered = problem.render(&clean, false);
        let line = clean.lines().nth(expected.0 - 1).unwrap_or("").trim();
        let shows = line.len() > 100 || rendered.contains(line);
        if problem.hint.is_empty() && code != "GS0201" && code != "GS0202" || !shows || !rendered.contains(code) {
            wrong.push(format!("{code} is shown badly:\n{rendered}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// A file that is missing altogether has no line; that the table above cannot show.
#[test]
fn a_missing_card_is_told() {
    let files: Vec<PromptFile> = shipped().into_iter().filter(|file| file.path != "system/busy.yaml").collect();
    let (library, report) = Library::load(&files);
    assert!(library.is_none());
    assert_eq!(report.errors(), 1, "{report}");
    let problem = &report.problems[0];
    assert_eq!((problem.code, problem.file.as_str(), problem.line), ("GS0415", "system/busy.yaml", 1));
    assert!(report.render(false).contains("system/busy.yaml"), "{}", report.render(false));
}

#[test]
fn the_table_has_every_code_there_is() {
    let mut known = BTreeSet::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/script");
    let folders = [root.clone(), root.join("check"), root.join("expr"), root.join("translate")];
    let entries = folders.iter().flat_map(|folder| fs::read_dir(folder).unwrap());
    for path in entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_file()) {
        let text = fs::read_to_string(path).unwrap();
        let code =
            |part: &str| part.get(..6).filter(|code| code[2..].bytes().all(|b| b.is_ascii_digit())).map(str::to_owned);
        known.extend(text.split('"').filter(|part| part.starts_with("GS") && part.len() == 6).filter_map(code));
    }
    assert!(known.len() > 60, "the codes are found: {}", known.len());
    known.remove("GS0300");
    known.remove("GS0415");
    let shown: BTreeSet<String> = cases().iter().map(|case| case.code.to_owned()).collect();
    assert_eq!(known.difference(&shown).collect::<Vec<_>>(), Vec::<&String>::new());
}

#[test]
fn everything_wrong_in_one_file_is_told_at_once() {
    let text = steps(&format!(
        "- say: Hello.\n  aloud: true\n- id: a\n  ask: Word?\n  save: word\n- if: number == \"one\"\n  goto: nowhere\n- say: {}\n- id: b\n  say: Round.\n- goto: b",
        "word ".repeat(200)
    ));
    let (library, report) = load_with(&[("probe.yaml", &text)]);
    assert!(library.is_none());
    let errors: Vec<&str> = codes(&report).into_iter().take(report.errors()).collect();
    assert_eq!(errors, ["GS0101", "GS0304", "GS0401", "GS0501", "GS0403"], "{report}");
}

#[test]
fn errors_of_several_files_come_together() {
    let (_, report) = load_with(&[
        ("probe.yaml", &steps("- tell: Hello.")),
        ("zebra.yaml", "script: zebra\ntitle: [\n"),
        ("facts.yaml", "facts:\n  name: { type: txt }\n"),
        ("system/idle.yaml", "script: idle\ntitle: Idle\nsteps:\n  - start: nobody\n"),
    ]);
    for (code, file) in [
        ("GS0111", "probe.yaml"),
        ("GS0001", "zebra.yaml"),
        ("GS0301", "facts.yaml"),
        ("GS0418", "system/idle.yaml"),
        ("GS0407", "system/idle.yaml"),
    ] {
        assert!(report.problems.iter().any(|problem| problem.code == code && problem.file == file), "{code}: {report}");
    }
    assert!(report.render(true).contains("zebra.yaml"));
}

#[test]
fn what_is_broken_does_not_hide_what_stands_in_and_behind_it() {
    let text = steps(concat!(
        "- id: a\n  chose: Which?\n  options:\n    - label: One **\n      then:\n        - say: '${ number + }'\n        - goto: a\n",
        "- if: number ==\n  say: Hello.\n  end: done\n",
        "- id: b\n  ask: Word ${ ?\n  save: wrod\n  otherwise:\n    - set: { pick: '\"three\"' }\n",
        "- goto: b"
    ));
    let (_, report) = load_with(&[("probe.yaml", &text)]);
    let mut found = codes(&report);
    found.truncate(report.errors());
    found.sort_unstable();
    assert_eq!(found, ["GS0111", "GS0112", "GS0201", "GS0202", "GS0202", "GS0202", "GS0306", "GS0307"], "{report}");
}

/// Loads one text as a script beside nothing else, in a time that nobody notices.
#[track_caller]
fn survives(path: &str, text: &str, limit: Duration) {
    let begin = clock();
    let (_, report) = Library::load(&[PromptFile { path: path.to_owned(), text: text.to_owned() }]);
    assert!(!report.render(false).is_empty());
    let spent = begin.elapsed();
    assert!(spent < limit, "{path} took {spent:?}");
}

#[expect(clippy::disallowed_methods, reason = "measures how long the checker takes")]
fn clock() -> std::time::Instant {
    std::time::Instant::now()
}

#[test]
fn truncated_scripts_never_panic() {
    for file in shipped() {
        for end in (0..file.text.len()).step_by(97).filter(|end| file.text.is_char_boundary(*end)) {
            survives(&file.path, &file.text[..end], Duration::from_secs(2));
        }
    }
}

#[test]
fn random_bytes_and_scripts_with_random_holes_never_panic() {
    let files = shipped();
    for seed in 0..400 {
        let mut random = fastrand::Rng::with_seed(seed);
        let bytes: Vec<u8> = (0..random.usize(0..400)).map(|_| random.u8(..)).collect();
        survives("probe.yaml", &String::from_utf8_lossy(&bytes), Duration::from_secs(2));
        let file = &files[random.usize(0..files.len())];
        let mut characters: Vec<char> = file.text.chars().collect();
        for _ in 0..random.usize(1..8) {
            let at = random.usize(0..characters.len());
            characters[at] =
                *random.choice(&['{', '}', ':', '-', '"', '\n', ' ', '[', '*', '$', 'ü', '|', '(', '0']).unwrap();
        }
        survives(&file.path, &characters.iter().collect::<String>(), Duration::from_secs(2));
    }
}

#[test]
fn enormous_files_are_refused_quickly() {
    let head = "script: probe\ntitle: Probe\nsteps:\n";
    let most = 250 * 1024;
    for (name, line) in [
        ("one-line", "a"),
        ("keys", "k%:\n"),
        ("steps", "  - say: Hello.\n"),
        ("gotos", "  - goto: a\n"),
        ("typos", "  - sya: Hello.\n"),
        ("branches", "  - branch: [ { if: a, then: [ { say: x } ] } ]\n"),
        ("questions", "  - id: a\n    choose: x\n    options: [ { label: y, also: [a, b] } ]\n"),
    ] {
        let mut text = head.to_owned();
        for number in 0.. {
            if text.len() >= most {
                break;
            }
            text += &line.replace('%', &number.to_string());
        }
        survives(&format!("{name}.yaml"), &text, Duration::from_secs(5));
        survives(&format!("{name}.yaml"), &text.repeat(4), Duration::from_secs(5));
    }
}
