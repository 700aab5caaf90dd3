//! What the checker says to authors: every code at its place, everything at once, and calm in front of any bytes.

#[path = "support/prompts.rs"]
#[expect(unreachable_pub, reason = "shared with other test programs")]
mod prompts;

use std::time::Duration;

use goldseam::script::problem::Problem;
use goldseam::script::{Library, PromptFile, Report};

use prompts::{load_with, shipped};

/// A script with these steps (each line is indented below `steps:`).
fn steps(steps: &str) -> String {
    let indented: Vec<String> = steps.lines().map(|line| format!("  {line}")).collect();
    format!(
        "script: probe\ntitle: Probe\nexpire: {{ after: 1d }}\nargs: [given]\nvars:\n  word: {{ type: text, max: 60 }}\n  number: {{ type: integer, from: 1, to: 5 }}\n  \
         pick: {{ type: choice, of: [one, two] }}\n  day: {{ type: date }}\nphrases:\n  odd: [odd, strange]\nsteps:\n{}\n  - say: Bye.\n",
        indented.join("\n")
    )
}

fn codes(report: &Report) -> Vec<&'static str> {
    report.problems.iter().map(|problem| problem.code).collect()
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

/// What takes this long hangs. Not a measure of speed: the machine may be busy with other things.
const HANGS: Duration = Duration::from_secs(60);

/// Loads one text as a script beside nothing else, and comes to an end.
#[track_caller]
fn survives(path: &str, text: &str) {
    let begin = clock();
    let (_, report) = Library::load(&[PromptFile { path: path.to_owned(), text: text.to_owned() }]);
    // Forty cards are missing beside it: what is told of the file itself is what is looked at.
    for problem in report.problems.iter().filter(|problem| problem.file == path).take(5) {
        assert!(problem.render(text, false).contains(path), "{problem}");
    }
    let spent = begin.elapsed();
    assert!(spent < HANGS, "{path} took {spent:?}");
}

#[expect(clippy::disallowed_methods, reason = "measures how long the checker takes")]
fn clock() -> std::time::Instant {
    std::time::Instant::now()
}

#[test]
fn truncated_scripts_never_panic() {
    for file in shipped() {
        for end in
            (0..file.text.len()).step_by((file.text.len() / 25).max(97)).filter(|end| file.text.is_char_boundary(*end))
        {
            survives(&file.path, &file.text[..end]);
        }
    }
}

#[test]
fn random_bytes_and_scripts_with_random_holes_never_panic() {
    let files = shipped();
    for seed in 0..400 {
        let mut random = fastrand::Rng::with_seed(seed);
        let bytes: Vec<u8> = (0..random.usize(0..400)).map(|_| random.u8(..)).collect();
        survives("probe.yaml", &String::from_utf8_lossy(&bytes));
        let file = &files[random.usize(0..files.len())];
        let mut characters: Vec<char> = file.text.chars().collect();
        for _ in 0..random.usize(1..8) {
            let at = random.usize(0..characters.len());
            characters[at] =
                *random.choice(&['{', '}', ':', '-', '"', '\n', ' ', '[', '*', '$', 'ü', '|', '(', '0']).unwrap();
        }
        survives(&file.path, &characters.iter().collect::<String>());
    }
}

/// Edits as a tired author makes them: lines doubled, gone, swapped, moved in, and words of other places.
fn mutate(text: &str, random: &mut fastrand::Rng) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let words: Vec<&str> = text.split_whitespace().collect();
    for _ in 0..random.usize(1..6) {
        let (at, other) = (random.usize(0..lines.len()), random.usize(0..lines.len()));
        match random.u8(0..7) {
            0 => lines[at].clear(),
            1 => lines.insert(at, lines[other].clone()),
            2 => lines.swap(at, other),
            3 => lines[at].insert_str(0, "  "),
            4 => lines[at] = lines[at].trim_start().to_owned(),
            5 => {
                let word = random.choice(words.iter()).copied().unwrap_or("-");
                let old = lines[at].split_whitespace().next().unwrap_or("").to_owned();
                lines[at] = lines[at].replacen(&old, word, 1);
            }
            _ => lines[at] += random.choice(words.iter()).copied().unwrap_or(":"),
        }
    }
    lines.join("\n")
}

#[test]
fn scripts_that_were_edited_badly_never_panic() {
    let files = shipped();
    for seed in 0..3_000 {
        let mut random = fastrand::Rng::with_seed(seed);
        let file = &files[random.usize(0..files.len())];
        survives(&file.path, &mutate(&file.text, &mut random));
    }
}

#[test]
fn enormous_files_are_refused_quickly() {
    let head = "script: probe\ntitle: Probe\nsteps:\n";
    let most = 250 * 1024;
    for (name, line) in [
        ("one-line", "a"),
        ("brackets", "["),
        ("braces", "{a: "),
        ("dashes", "- "),
        ("question-marks", "? "),
        ("deeper-and-deeper", "  - branch: [ { else: [ { branch: [ "),
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
        survives(&format!("{name}.yaml"), &text);
        survives(&format!("{name}.yaml"), &text.repeat(4));
    }
}

#[test]
fn what_newcomers_write_is_answered_with_what_to_do() {
    for (steps, words) in [
        ("- say: One thing: it is small.", "(put the whole text in quotes"),
        ("- say: \"When\" you said it", "(put single quotes around the whole text"),
        ("- say: > quoted", "(write `|` alone, and the text in the lines below"),
        ("- id: a\n    choose: A?\n    options:\n      - label: B\n      value: b", "(give it as many spaces"),
        ("-say: Hello", "(begin each of them with a dash and a space"),
        ("- if: who == “Ana”\n    say: Hi.", "(use straight quotes"),
        ("- set: { who: listen to me }", "a sentence for people into `compose`)"),
        ("- start: other", "(other.yaml cannot be read: mend it first)"),
        ("- say: \"Hello\n  - say: Hi.", "a quote that is opened here and not closed"),
        ("- say: 'It's fine.'", "(inside single quotes an apostrophe is written twice"),
        ("- id: a\n    ask:What?\n    save: who", "new.yaml:7:8: GS0001 this is not YAML: no space behind a colon"),
        ("- say: *really* so", "a star at the beginning of a text"),
        ("- say: Hello\n - say: Hi.", "(give it as many spaces"),
        ("- id: a\n    wait: 10m", "(write `wait: { for: 10m }`)"),
        ("- id: a\n    choose: A?\n    options:\n  - label: B", "(an option stands below `options:`"),
        ("- if: who\n    say: Hi.\n    end: done", "(each step does one thing; for several steps under one `if`"),
        (
            "- if: who\n    then:\n      - say: Hi.\n      - end: done",
            "(for several steps under one `if`, begin with `- branch:`",
        ),
        ("- if: who\n    say: Hi.\n    else:\n      - end: done", "GS0101 a step has no `else` (for several steps"),
        (
            "- end: done\n  - say: Hi.\n  - say: Ho.",
            "new.yaml:7:5: GS0402 nothing ever leads to this step (line 6 ends the script",
        ),
        (
            "- schedule: { name: x, run: now, at: in 3 days at 19:00 }",
            "`in 3 days at 19:00` is written `in 3d at 19:00`",
        ),
    ] {
        let script = format!("script: new\ntitle: New\nvars:\n  who: {{ type: text }}\nsteps:\n  {steps}\n");
        let (_, report) = load_with(&[("new.yaml", &script), ("other.yaml", "script: [")]);
        let told: Vec<String> = report.problems.iter().map(ToString::to_string).collect();
        assert!(told.iter().any(|told| told.starts_with("new.yaml:") && told.contains(words)), "{steps}\n{told:#?}");
    }
}

#[test]
fn a_mistake_of_the_scripts_is_not_told_once_more_in_every_language() {
    let option = |also: &str| format!("      - label: Option {also}\n        also: [{also}]\n");
    let script = |start: &str, options: &str| {
        format!(
            "script: new\ntitle: New\nstart_with: [{start}]\nexpire: {{ after: 1d }}\nsteps:\n  - id: a\n    choose: A?\n    options:\n{options}"
        )
    };
    for (start, options, code) in [
        ("brand new", option("help"), "GS0406"),
        ("brand new", option("same") + "      - label: Same\n", "GS0405"),
        ("stop", option("b"), "GS0416"),
        ("reflect", option("b"), "GS0417"),
    ] {
        let (_, report) = load_with(&[("new.yaml", &script(start, &options))]);
        assert_eq!(codes(&report), [code], "{report}");
    }
}

/// The texts of a script that is being mended can be looked at meanwhile.
#[test]
fn a_mistake_of_a_script_hides_none_of_its_translations() {
    let menu = shipped().into_iter().find(|file| file.path == "menu.yaml").unwrap().text;
    let menu = menu.replace("{ start: journal }", "{ start: jurnal }");
    let texts = "msgid \"\"\nmsgstr \"Plural-Forms: nplurals=2; plural=n != 1;\\n\"\n\nmsgctxt \"menu/pick\"\nmsgid \"Journal\"\nmsgstr \"Stop\"\n";
    let (_, report) = load_with(&[("menu.yaml", &menu), ("languages/es/texts.po", texts)]);
    let errors: Vec<_> = codes(&report).into_iter().take(report.errors()).collect();
    assert_eq!(errors, ["GS0705", "GS0407"], "{report}");
}

/// What a broken script has in other languages is there, for all that anybody knows.
#[test]
fn a_script_that_cannot_be_read_has_no_translations_too_many() {
    let rest = shipped().into_iter().find(|file| file.path == "rest.yaml").unwrap().text;
    let shifted = rest.replace("    choose: How long", "   choose: How long");
    let half_read =
        rest.replace("    save: how_long", "    svae: how_long").replace("choose: How long", "chose: How long");
    for (broken, wanted) in [(shifted, "GS0001"), (half_read, "GS0101")] {
        let (_, report) = load_with(&[("rest.yaml", &broken)]);
        let told = codes(&report);
        assert!(told.contains(&wanted) && !told.iter().any(|code| code.starts_with("GS07")), "{report}");
    }
}

/// One warning for a language, and not one for each text.
#[test]
fn translations_that_wait_for_somebody_are_told_once_with_all_their_lines() {
    let files = shipped();
    let texts = &files.iter().find(|file| file.path == "languages/es/texts.po").unwrap().text;
    let fuzzy = texts.replacen("\nmsgctxt \"rest/how-long\"", "\n#, fuzzy\nmsgctxt \"rest/how-long\"", 3);
    let (library, report) = load_with(&[("languages/es/texts.po", &fuzzy)]);
    assert!(library.is_some() && codes(&report) == ["GS0710"], "{report}");
    let Problem { message, hint, line, .. } = &report.problems[0];
    assert_eq!(fuzzy.lines().nth(line - 1), Some("#, fuzzy"));
    assert!(message.starts_with("3 translations wait") && message.contains("said in English"), "{message}");
    let others: Vec<usize> =
        hint.rsplit("in lines ").next().unwrap().split(", ").map(|line| line.parse().unwrap()).collect();
    assert!(others.len() == 2 && others.iter().all(|line| fuzzy.lines().nth(line - 1) == Some("#, fuzzy")), "{hint}");
}

/// Who names an option by its label is told its value, which stays when the words change.
#[test]
fn an_option_in_a_file_of_words_is_offered_by_its_value() {
    let (_, report) = load_with(&[("languages/es/rest.yaml", "also:\n  how-long: { for a week: [una semana] }\n")]);
    assert!(report.problems.iter().any(|problem| problem.hint == "did you mean `week`?"), "{report}");
}

/// One mistake is one message, even when it could be told from two sides.
#[test]
fn what_follows_from_a_mistake_is_not_told_beside_it() {
    let asked = "- id: a\n  ask: Word?\n  save: word\n  reject: { od: Which one? }\n  soft: [odd]";
    for (steps_of, wanted) in [
        ("- if: word\n  then:\n    - say: Hi.", ["GS0111"]),
        ("- end: done\n- say: One.\n- say: Two.\n- say: Three.", ["GS0402"]),
        (asked, ["GS0309"]),
        ("- say: One.\n  say: Two.", ["GS0006"]),
    ] {
        let (_, report) = load_with(&[("probe.yaml", &steps(steps_of))]);
        let errors: Vec<_> = codes(&report).into_iter().take(report.errors()).collect();
        assert_eq!(errors, wanted, "{report}");
    }
}
