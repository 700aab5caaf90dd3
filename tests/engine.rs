//! The meaning of the script language and of a turn, one small script at a time.

mod support;

use goldseam::engine::{self, Due, Effect, Event, Facts, IfBusy, Run, State};
use goldseam::practice::promise::Standing;
use goldseam::script::Library;
use goldseam::transcript::Scripts;
use goldseam::types::{Private, Value, Values};

use support::chat::{self, Stage};
use support::prompts::{library_with, scripts_with};

/// The shipped scripts with a script `probe` that has these lines.
#[track_caller]
fn probe(lines: &str) -> Library {
    library_with(&[("probe.yaml", &format!("script: probe\ntitle: Probe\n{lines}"))])
}

/// Plays a transcript with a script `probe` that has these lines.
#[track_caller]
fn plays(lines: &str, transcript: &str) {
    let scripts = scripts_with(&[("probe.yaml", &format!("script: probe\ntitle: Probe\n{lines}"))]);
    chat::plays(&scripts, &format!("given: me.consent = yes; now = 2026-03-02 12:00\n{transcript}"));
}

/// Somebody who agreed to the terms.
fn person(library: &Library) -> Stage<'_> {
    let mut stage = Stage::new(library);
    stage.given("me.consent = yes; now = 2026-03-02 12:00");
    stage
}

/// Shorter ways to act; each gives back what is said.
trait Acts {
    fn act(&mut self, event: Event) -> Vec<String>;

    fn says(&mut self, words: &str) -> Vec<String> {
        self.act(Event::Text(Private::new(words)))
    }

    fn presses(&mut self, token: &str) -> Vec<String> {
        self.act(Event::Press(token.to_owned()))
    }

    fn fills(&mut self, seq: u64, words: &str) -> Vec<String> {
        self.act(Event::Form { seq, text: Private::new(words) })
    }
}

impl Acts for Stage<'_> {
    fn act(&mut self, event: Event) -> Vec<String> {
        self.heard();
        self.take(event);
        self.heard().0
    }
}

#[track_caller]
fn begins(said: &[String], expected: &[&str]) {
    let good = said.len() == expected.len() && said.iter().zip(expected).all(|(said, start)| said.starts_with(start));
    assert!(good, "{said:#?} should begin with {expected:#?}");
}

const COLOURS: &str = r#"
start_with: [/probe, probe it]
vars:
  colour: { type: choice, of: [red, blue, green] }
steps:
  - id: colour
    choose: Which colour?
    save: colour
    options:
      - { label: 1 Red, value: red, also: [crimson, the warm one] }
      - { label: 2 Blue, value: blue, also: [navy, the cold one] }
      - { label: 3 Leaf green, value: green, also: ["seven"] }
  - say: It is ${ colour or "nothing" }.
"#;

#[test]
fn options_are_read_in_order() {
    for (typed, colour) in [
        ("1", "red"),
        ("two", "blue"),
        ("2 blue", "blue"),
        ("BLUE!", "blue"),
        ("navy", "blue"),
        ("Leaf green", "green"),
        ("the crimson please", "red"),
        ("seven", "green"),
        ("crimsom", "red"),
    ] {
        plays(COLOURS, &format!("run: probe\n< Which colour?...\n> {typed}\n< It is {colour}."));
    }
}

#[test]
fn two_readings_are_asked_back_and_taken_by_button_and_by_text() {
    let asked =
        "run: probe\n< Which colour?...\n> the crimson or the navy\n< I can read that in two ways...[1 Red] [2 Blue]\n";
    plays(COLOURS, &format!("{asked}> [2 Blue]\n< It is blue."));
    plays(COLOURS, &format!("{asked}> 1 Red\n< It is red."));
    plays(COLOURS, &format!("{asked}> purple\n< ...[1 Red] [2 Blue] [3 Leaf green]\n> 3\n< It is green."));
}

const TRIES: &str = r#"
start_with: [/probe]
vars:
  number: { type: integer, from: 1, to: 5 }
  word: { type: text, max: 12 }
phrases:
  odd: [odd, strange]
  rude: [rude]
steps:
  - id: number
    ask: A number?
    save: number
    tries: 2
    unclear: From 1 to 5.
    otherwise:
      - say: No number then.
  - id: word
    ask: A word?
    save: word
    skip: true
    tries: 3
    reject:
      odd: That is odd.
      rude: That is rude.
    soft: [odd]
    checks:
      - { name: short, if: chars(answer) < 3, say: "${ answer } is short." }
    otherwise:
      - say: I keep ${ word }.
  - say: ${ number or "-" } and ${ word or "-" }. ${ hits("odd") }.${ hits("short") }.${ visits("word") }
"#;

#[test]
fn tries_run_out_for_typed_and_for_text() {
    plays(
        TRIES,
        "run: probe\n< A number?\n> six\n< From 1 to 5.\n> nine\n< No number then.\n< A word?...\n> rude ab\n< That is rude...\n> rude\n< That is rude...\n> rude cd\n< I keep rude cd.\n< - and rude cd. 0.0.1",
    );
}

#[test]
fn soft_objections_come_once_and_rejections_before_checks() {
    plays(
        TRIES,
        "run: probe\n< A number?\n> three\n< A word?...\n> odd\n< That is odd...\n> ab\n< ab is short...\n> odd one\n< 3 and odd one. 1.1.1",
    );
}

#[test]
fn skip_too_long_and_help_cost_no_try() {
    plays(
        TRIES,
        "run: probe\n< A number?\n> skip\n< I need this one...\n< A number?\n> 2\n< A word?...\n> much too long a word\n< There is room for 12 characters...\n> help\n< ...\n< A word?...\n> rather not\n< 2 and -. 0.0.1",
    );
    plays(TRIES, "run: probe\n< A number?\n> 2\n< A word?...\n> [Skip]\n< 2 and -. 0.0.1");
}

#[test]
fn checks_apply_to_typed_answers_and_to_readings_that_were_asked_back() {
    let lines = r#"
vars:
  hour: { type: time }
  day: { type: date }
steps:
  - id: hour
    ask: When?
    save: hour
    checks:
      - { name: night, if: answer >= me.quiet_from or answer < me.quiet_to, say: "${ answer } is at night." }
  - id: day
    ask: Which day?
    save: day
    checks:
      - { name: past, if: days_until(answer) < 0, say: That is over. }
  - say: ${ day or "-" } ${ hour or "-" }
"#;
    plays(
        lines,
        "run: probe\n< When?\n> 23:00\n< 23:00 is at night.\n> 7\n< I can read...[07:00] [19:00]\n> [07:00]\n< 07:00 is at night.\n> 7\n< I can read...\n> 19:00\n< Which day?\n> yesterday\n< That is over.\n> tomorrow\n< Tuesday 3 March 19:00",
    );
}

const LETTER: &str = r#"
start_with: [/probe]
vars:
  first: { type: text, max: 60 }
  last: { type: text, max: 60 }
  whole: { type: text, max: 140 }
steps:
  - id: first
    ask: First?
    save: first
  - id: last
    ask: Last?
    save: last
  - id: whole
    compose: { whole: "${ first }, ${ last }" }
  - id: review
    choose: "${ whole }?"
    options:
      - { label: Keep, value: keep }
      - { label: Change first, value: first, then: [ { redo: first, back_to: whole } ] }
      - { label: Change last, value: last, then: [ { redo: last, back_to: whole } ] }
  - say: Kept ${ whole }.
"#;

#[test]
fn redo_asks_one_question_again_and_goes_back() {
    plays(
        LETTER,
        "run: probe\n< First?\n> a\n< Last?\n> b\n< a, b?...\n> [Change first]\n< First?\n> c\n< c, b?...\n> change last\n< Last?\n> d\n< c, d?...\n> keep\n< Kept c, d.",
    );
}

#[test]
fn going_back_to_a_question_that_was_asked_again_goes_on_as_it_would_have() {
    plays(
        LETTER,
        "run: probe\n< First?\n> a\n< Last?\n> b\n< a, b?...\n> [Change first]\n< First?\n> c\n< c, b?...\n> back\n< First?\n> d\n< d, b?...\n= waiting at review\n> back\n< First?\n> back\n< a, b?...",
    );
}

#[test]
fn who_leaves_a_redone_step_by_a_jump_does_not_come_back_from_it() {
    let lines = r#"
vars:
  word: { type: text, max: 60 }
steps:
  - id: pick
    choose: Pick?
    options:
      - { label: On, value: "on" }
      - { label: Out, value: out, then: [ { goto: word } ] }
  - say: Between.
  - id: word
    ask: Word?
    save: word
  - id: review
    choose: Review ${ word or "-" }?
    options:
      - { label: Good, value: good, then: [ { end: done } ] }
      - { label: Anew, value: anew, then: [ { redo: pick, back_to: review } ] }
      - { label: From the top, value: top, then: [ { goto: pick } ] }
"#;
    plays(
        lines,
        "run: probe\n< Pick?...\n> on\n< Between.\n< Word?\n> a\n< Review a?...\n> anew\n< Pick?...\n> out\n< Word?\n> b\n< Review b?...\n> from the top\n< Pick?...\n> on\n< Between.\n< Word?\n> c\n< Review c?...\n> anew\n< Pick?...\n> on\n< Review c?...",
    );
}

/// A script that calls another one first and in the middle.
fn calling() -> Scripts {
    scripts_with(&[
        (
            "probe.yaml",
            "script: probe\ntitle: Probe\nvars:\n  got: { type: text, max: 60 }\n  how: { type: text, max: 60 }\n  end: { type: text, max: 60 }\nsteps:\n  - id: inner\n    call: inside\n    with: { what: '\"a word\"' }\n    save: { got: result.word, how: result.outcome }\n  - id: end\n    ask: Got ${ got or \"nothing\" } (${ how }). And now?\n    save: end\n  - say: Bye.\n",
        ),
        (
            "inside.yaml",
            "script: inside\ntitle: Inside\nargs: [what]\nreturns: [word]\nvars:\n  word: { type: text, max: 60 }\nsteps:\n  - id: word\n    ask: Give me ${ what }.\n    save: word\n    skip: true\n  - if: word is none\n    end: empty\n",
        ),
    ])
}

#[test]
fn calls_take_arguments_and_give_results_and_an_outcome() {
    let scripts = calling();
    let text = "given: me.consent = yes\nrun: probe\n< Give me a word...\n> hello\n< Got hello (done). And now?\n> bye\n< Bye.";
    chat::plays(&scripts, text);
    let text = "given: me.consent = yes\nrun: probe\n< Give me a word...\n> skip\n< Got nothing (empty). And now?\n> x\n< Bye.";
    chat::plays(&scripts, text);
}

#[test]
fn back_at_the_first_question_of_a_called_script_leaves_it_open() {
    let scripts = calling();
    let text = "given: me.consent = yes\nrun: probe\n< Give me a word...\n> back\n< This is the first...\n< Give me a word...\n= waiting at word\n> hello\n< Got hello (done). And now?\n> back\n< This is the first...\n< Got hello (done). And now?";
    chat::plays(&scripts, text);
}

const MAKING: &str = r#"
start_with: [/probe]
vars:
  a: { type: text, max: 60 }
  b: { type: text, max: 60 }
steps:
  - id: a
    ask: A?
    save: a
  - if: ledger.open
    settle: { promise: ledger.open, as: '"kept"' }
  - promise: { text: a, due: tomorrow end of day, remind: '"morning"' }
  - journal: { kind: note, title: A note, body: "${ a }" }
  - record: { checkin: { mood: 3 } }
  - remember: { name: a }
  - schedule: { name: later, run: menu, at: in 3d }
  - id: b
    ask: "Kept ${ ledger.kept }, open ${ ledger.open_count }, ${ entries.count }, ${ checkins.count }, ${ me.name or \"-\" }. B?"
    save: b
  - say: Bye.
"#;

#[test]
fn going_back_takes_back_what_was_made() {
    let library = probe(MAKING);
    let mut stage = person(&library);
    stage.given("open promise = call Ana");
    stage.run("probe");
    begins(&stage.says("water"), &["Kept 1, open 1, 1, 1, water. B?"]);
    begins(&stage.says("back"), &["A?"]);
    assert_eq!((stage.facts().entries, stage.facts().promises.len()), (0, 1));
    assert_eq!(stage.facts().promises[0].text.reveal(), "call Ana");
    assert!(!stage.facts().me.contains_key("name"));
    begins(&stage.says("tea"), &["Kept 1, open 1, 1, 1, tea. B?"]);
    begins(&stage.says("stop"), &["We can stop here."]);
    begins(&stage.says("delete it"), &["Deleted."]);
    assert_eq!(stage.facts().promises.len(), 1, "what was settled is open again, what was opened is gone");
    assert_eq!(stage.stands(), "nothing open");
}

#[test]
fn a_settlement_that_is_taken_back_is_not_counted_in_the_same_turn() {
    let lines = r#"
vars:
  a: { type: text, max: 60 }
steps:
  - id: a
    ask: "Kept ${ ledger.kept }, open ${ ledger.open_count }. A?"
    save: a
    skip: true
  - if: ledger.open
    settle: { promise: ledger.open, as: '"kept"' }
  - id: b
    ask: "Kept ${ ledger.kept }, open ${ ledger.open_count }. B?"
    save: a
"#;
    let library = probe(lines);
    let mut stage = person(&library);
    stage.given("open promise = call Ana");
    stage.run("probe");
    begins(&stage.says("x"), &["Kept 1, open 0. B?"]);
    begins(&stage.says("back"), &["Kept 0, open 1. A?"]);
}

#[test]
fn stop_keeps_deletes_puts_away_or_goes_on() {
    let start = "run: probe\n< First?\n> a\n< Last?\n> stop\n< We can stop here...\n";
    plays(LETTER, &format!("{start}> keep it\n< Stopped...\n! journal unfinished\n= nothing open"));
    plays(LETTER, &format!("{start}> delete\n< Deleted...\n! ended deleted\n= nothing open"));
    plays(
        LETTER,
        &format!(
            "{start}> another time\n< It is put away...\n= nothing open\n> resume\n< Back to where we were...\n< Last?"
        ),
    );
    plays(LETTER, &format!("{start}> go on\n< Last?\n> b\n< a, b?..."));
    plays(LETTER, &format!("{start}> hm\n< We can stop here...\n> hm\n< Stopped...\n! ended stopped"));
}

#[test]
fn nothing_is_kept_of_somebody_who_has_not_agreed() {
    let library = library_with(&[]);
    let mut stage = Stage::new(&library);
    stage.says("hello");
    stage.says("18");
    begins(&stage.says("stop"), &["We can stop here."]);
    stage.heard();
    stage.person("keep it");
    let (said, effects) = stage.heard();
    begins(&said, &["Stopped."]);
    assert!(!effects.iter().any(|effect| matches!(effect, Effect::Journal(_))), "{effects:?}");
}

#[test]
fn the_terms_come_before_everything_else() {
    let library = probe(COLOURS);
    let mut stage = Stage::new(&library);
    assert!(stage.says("/probe")[0].starts_with("This is Goldseam."));
    stage.says("under 16");
    assert!(stage.says("/menu")[0].starts_with("This is Goldseam."));
    let age = stage.stands();
    begins(&stage.says("probe it"), &["You are in the middle of: Welcome."]);
    stage.says("open it");
    assert_eq!(stage.stands(), age, "the card does not lead around the terms");
}

#[test]
fn an_open_script_cannot_start_one_that_needs_the_terms() {
    let library = probe("open_to_all: true\nstart_with: [/probe]\nsteps:\n  - say: Hi.\n  - start: journal\n");
    let mut stage = Stage::new(&library);
    let said = stage.says("/probe");
    assert!(said[1].starts_with("This is Goldseam."), "{said:?}");
}

#[test]
fn scripts_that_were_put_away_come_back_and_the_fifth_is_refused() {
    let library = probe(COLOURS);
    let mut stage = person(&library);
    for command in ["/journal", "/promise", "/settings", "/probe"] {
        stage.says(command);
    }
    assert_eq!(stage.state().parked.len(), 3);
    let said = stage.says("/apology");
    begins(&said, &["Four things are open", "Which colour?"]);
    let said = stage.says("/journal");
    assert!(said[0].starts_with("Back to where we were: "), "{said:?}");
    assert_eq!(stage.state().parked.len(), 3, "one came, one went");
    let said = stage.says("I want to die");
    assert!(!said[0].starts_with("Four things"), "help is never refused: {said:?}");
    assert!(stage.state().active.as_ref().unwrap().script() == "now");
}

#[test]
fn a_script_of_today_that_is_opened_again_is_never_the_one_that_makes_room() {
    let library = probe(COLOURS);
    let mut stage = person(&library);
    for command in ["/probe", "pause", "/journal", "pause", "/promise", "pause", "/settings"] {
        stage.says(command);
    }
    let said = stage.says("/probe");
    begins(&said, &["Back to where we were: Probe", "Which colour?"]);
    assert_eq!(stage.state().active.as_ref().unwrap().script(), "probe");
    let token = stage.token("1 Red");
    stage.says("pause");
    begins(&stage.says("/settings"), &["Back to", ""]);
    begins(&stage.presses(&token), &["It is red.", "What would you like to change?"]);
}

#[test]
fn a_message_after_three_hours_is_asked_about_unless_it_is_a_choice() {
    let start = "run: probe\n< First?\n(+4h)\n> hello\n< A question is still open here, from 4 hours ago: Probe...\n";
    plays(LETTER, &format!("{start}> use it\n< Last?\n> b\n< hello, b?..."));
    plays(LETTER, &format!("{start}> go on\n< First?\n> c\n< Last?\n> b\n< c, b?..."));
    plays(LETTER, &format!("{start}> start over\n< First?\n> c\n< Last?"));
    plays(
        LETTER,
        &format!("{start}> [Put it away]\n< Put away as it is...\n= nothing open\n> resume\n< Back to...\n< First?"),
    );
    plays(COLOURS, "run: probe\n< Which colour?...\n(+4h)\n> red\n< It is red.");
}

#[test]
fn what_nobody_came_back_to_is_put_away_and_offered() {
    let lines = format!("expire: {{ after: 5h }}\n{}", LETTER.trim_start());
    plays(
        &lines,
        "run: probe\n< First?\n(+6h)\n= nothing open\n> hello\n< A question is still open here...\n> use it\n< Last?\n(+6h)\n= nothing open",
    );
}

#[test]
fn a_script_that_expires_makes_room_for_itself() {
    let library = probe(&format!("expire: {{ after: 5h }}\n{}", COLOURS.trim_start()));
    let mut stage = person(&library);
    for command in ["/journal", "/promise", "/settings", "/probe"] {
        stage.says(command);
    }
    stage.time("+6h");
    assert!(stage.heard().0.is_empty());
    assert!(stage.state().parked.iter().any(|thread| thread.expired && thread.script() == "probe"));
}

#[test]
fn nudges_are_for_the_question_that_is_open_and_not_at_night() {
    let lines = format!("nudge: {{ after: 4h, say: Still here? }}\n{}", LETTER.trim_start());
    plays(
        &lines,
        "run: probe\n< First?\n(+3h)\n> a\n< A question is...\n> use\n< Last?\n(+2h)\n(+2h)\n< Still here? Last?",
    );
    plays(
        &lines,
        "run: probe\n< First?\n> again\n< First?\n(+6h)\n< Still here? First?\n(+30m)\n> a\n< Last?\n(+4h)\n(2026-03-03 08:30)\n< Still here? Last?",
    );
}

#[test]
fn buttons_answer_their_own_question_only() {
    let library = probe(LETTER);
    let mut stage = person(&library);
    stage.run("probe");
    stage.says("a");
    stage.says("b");
    let keep = stage.token("Keep");
    let change = stage.token("Change first");
    begins(&stage.says("again"), &["a, b?"]);
    begins(&stage.presses(&change), &["First?"]);
    begins(&stage.presses(&change), &[]);
    stage.time("+1m");
    begins(&stage.presses(&change), &["That button belongs to an earlier question. Your answer there was:"]);
    begins(
        &stage.presses("q:999:0"),
        &["That button belongs to an earlier question, which is closed by now.", "First?"],
    );
    begins(&stage.presses(&keep), &["That button belongs to an earlier question. Your answer there was:"]);
    begins(&stage.says("change it"), &["a, b?"]);
    let again = stage.token("Keep");
    assert_ne!(keep, again);
    begins(&stage.presses(&keep), &["Kept a, b."]);
    begins(&stage.presses(&again), &["Nothing is open right now"]);
}

#[test]
fn forged_tokens_are_answered_and_change_nothing() {
    let library = probe(COLOURS);
    for open in [false, true] {
        let mut stage = person(&library);
        if open {
            stage.run("probe");
        }
        let before = stage.stands();
        let forged = [
            "",
            "q",
            "q:",
            "q:1",
            "q:1:",
            "q:1:99",
            "q:1:-1",
            "q:1:s9",
            "q:1:s",
            "q:1:skip",
            "q:999:0",
            "q:x:0",
            "q:1:0:0",
            "w:1",
            "q:18446744073709551616:0",
            "q:1:9223372036854775808",
            "\u{1F600}",
            "q:\u{661}:0",
            "q:1:\u{663}",
        ];
        for token in forged {
            let said = stage.presses(token);
            assert!(!said.is_empty(), "{token:?}");
            assert_eq!(stage.stands(), before, "{token:?}");
        }
        if open {
            begins(&stage.says("stop"), &["We can stop here."]);
            let seq = stage.state().card.as_ref().unwrap().asked.seq;
            for choice in ["99", "skip", "s0"] {
                begins(&stage.presses(&format!("q:{seq}:{choice}")), &["We can stop here."]);
            }
        }
    }
}

#[test]
fn the_button_of_a_script_that_was_put_away_opens_it() {
    let library = probe(COLOURS);
    let mut stage = person(&library);
    stage.run("probe");
    let red = stage.token("1 Red");
    stage.says("/journal");
    let said = stage.presses(&red);
    begins(&said, &["It is red.", "Short is enough here"]);
}

#[test]
fn a_form_answers_the_question_it_was_opened_from() {
    let library = probe(LETTER);
    let mut stage = person(&library);
    stage.run("probe");
    let first = stage.state().seq;
    begins(&stage.fills(first, "a"), &["Last?"]);
    begins(&stage.fills(first, "late words"), &["A question is still open here"]);
    begins(&stage.says("use it"), &["a, late words?"]);
    begins(&stage.fills(first, "once more"), &["That button belongs to an earlier question"]);
    begins(&stage.says("leave it"), &["a, late words?"]);
    stage.says("keep");
    begins(&stage.fills(first, "nobody asks"), &["Nothing is open, so I did not keep that message."]);
    stage.run("probe");
    stage.time("+5h");
    begins(&stage.fills(stage.state().seq, "a"), &["Last?"]);
    begins(&stage.fills(stage.state().seq, "/menu"), &["What"]);
}

#[test]
fn commands_work_in_questions() {
    let library = probe(LETTER);
    let mut stage = person(&library);
    stage.run("probe");
    begins(&stage.says("/nonsense"), &["", "First?"]);
    assert!(!stage.says("/nonsense")[0].contains("Nothing is open"));
    assert_eq!(stage.says("/journal").len(), 1);
    assert_eq!(stage.state().parked.len(), 1);
    begins(&stage.says("Menu"), &[""]);
}

#[test]
fn a_question_that_was_edited_away_says_so() {
    let library = probe(LETTER);
    let edited = probe("steps:\n  - id: other\n    choose: Other?\n    options: [ { label: Well } ]\n");
    for event in ["hello", "stop", "again", "back", "pause", "skip", "help"] {
        let mut stage = person(&library);
        stage.run("probe");
        stage.edit(&edited);
        let said = stage.says(event);
        assert!(said.iter().any(|line| line.starts_with("This one was rewritten")), "{event}: {said:?}");
        begins(&stage.presses("q:1:0"), &["This one was rewritten"]);
        begins(&stage.says("hm"), &["This one was rewritten"]);
        begins(&stage.says("start over"), &["Other?"]);
    }
    let mut stage = person(&library);
    stage.run("probe");
    stage.edit(&edited);
    stage.says("hello");
    begins(&stage.says("put it away"), &["It is put away."]);
    assert_eq!(stage.stands(), "nothing open");
}

#[test]
fn an_interrupted_script_that_was_edited_away_says_so_when_its_turn_comes() {
    let library = probe(LETTER);
    let edited = probe("steps:\n  - say: Nothing to ask.\n");
    let mut stage = person(&library);
    stage.run("probe");
    stage.says("/about");
    stage.edit(&edited);
    let said = stage.says("skip");
    assert!(said.iter().any(|line| line.starts_with("This one was rewritten")), "{said:?}");
    begins(&stage.says("start over"), &["Nothing to ask."]);
}

#[test]
fn an_edited_prompt_costs_no_try() {
    let library = probe(TRIES);
    let edited = probe(&TRIES.replace("A number?", "Which number?"));
    let mut stage = person(&library);
    stage.run("probe");
    stage.edit(&edited);
    begins(&stage.says("six"), &["Which number?"]);
    begins(&stage.says("six"), &["From 1 to 5."]);
    begins(&stage.says("six"), &["No number then.", "A word?"]);
}

#[test]
fn loops_and_weights_are_stopped_with_a_word() {
    let lines = r#"
vars:
  a: { type: integer, from: 0, to: 1000, default: "0" }
  b: { type: text, max: 60 }
steps:
  - id: b
    ask: B?
    save: b
  - id: loop
    set: { a: a + 1 }
  - if: a < 200 and visits("b") < 100
    goto: loop
"#;
    let (library, report) =
        support::prompts::load_with(&[("probe.yaml", &format!("script: probe\ntitle: Probe\n{lines}"))]);
    assert!(library.is_none(), "the checker sees it: {report}");
    let long = |n: usize| format!("  - id: q{n}\n    ask: Q{n}?\n    save: v{n}\n");
    let vars: String = (0..20).map(|n| format!("  v{n}: {{ type: text, max: 4000 }}\n")).collect();
    let library = probe(&format!("vars:\n{vars}steps:\n{}", (0..20).map(long).collect::<String>()));
    let mut stage = person(&library);
    stage.run("probe");
    let mut said = Vec::new();
    for _ in 0..20 {
        said = stage.says(&"\u{1F600}".repeat(3_900));
    }
    begins(&said, &["Nothing is open"]);
    begins(&stage.says("/journal"), &[""]);
}

#[test]
fn a_due_script_that_is_open_is_not_opened_twice() {
    let library = probe(LETTER);
    let mut stage = person(&library);
    let due = |stage: &Stage<'_>, if_busy| {
        let run = Run::Script { script: "probe".into(), args: Values::new() };
        let due = stage.here().timestamp();
        Event::Due(Due { name: "d".into(), run, due, if_busy, late: 3600, chosen: true })
    };
    let outcome = |stage: &mut Stage<'_>, if_busy| {
        stage.heard();
        let event = due(stage, if_busy);
        stage.take(event);
        let (said, effects) = stage.heard();
        let fired: Vec<String> = effects
            .iter()
            .filter_map(|effect| match effect {
                Effect::Fired(outcome) => Some(outcome.as_str().to_owned()),
                _ => None,
            })
            .collect();
        (fired.join(" "), said)
    };
    stage.says("/probe");
    stage.says("a");
    assert_eq!(outcome(&mut stage, IfBusy::Queue), ("queued".into(), vec![]));
    assert_eq!(outcome(&mut stage, IfBusy::Skip), ("skipped_busy".into(), vec![]));
    stage.time("+1h");
    assert_eq!(outcome(&mut stage, IfBusy::Queue), ("fired".into(), vec!["Last?".into()]));
    assert_eq!(outcome(&mut stage, IfBusy::Queue), ("queued".into(), vec![]));
    begins(&stage.says("pause"), &["Put away"]);
    let (fired, said) = outcome(&mut stage, IfBusy::Queue);
    assert_eq!(fired, "fired");
    begins(&said, &["Back to where we were: Probe", "Last?"]);
    begins(&stage.says("b"), &["a, b?"]);
}

#[test]
fn nothing_comes_by_itself_to_somebody_who_has_not_agreed_but_what_they_asked_for() {
    let comes = |head: &str| {
        let library = probe(&format!("{head}steps:\n  - say: Hello.\n"));
        let now: jiff::Zoned = "2026-03-02T20:00[Europe/Vienna]".parse().unwrap();
        let run = Run::Script { script: "probe".into(), args: Values::new() };
        let (name, due) = ("d".into(), now.timestamp());
        let due = Due { name, run, due, if_busy: IfBusy::Queue, late: 3600, chosen: true };
        let (_, effects) = engine::step(&library, State::new(1), &Facts::default(), &Event::Due(due), &now);
        let outcome = effects.iter().find_map(|effect| match effect {
            Effect::Fired(outcome) => Some(outcome.as_str().to_owned()),
            _ => None,
        });
        (outcome.unwrap(), effects.iter().any(|effect| matches!(effect, Effect::Say(_))))
    };
    assert_eq!(comes(""), ("no_consent".into(), false));
    assert_eq!(comes("open_to_all: true\n"), ("fired".into(), true));
}

#[test]
fn a_card_that_is_open_does_not_swallow_the_answer_to_what_came_due() {
    let lines = format!("expire: {{ after: 1h }}\n{}", LETTER.trim_start());
    let library = probe(&lines);
    let mut stage = person(&library);
    stage.says("/probe");
    stage.time("+2h");
    begins(&stage.says("hello"), &["A question is still open here"]);
    stage.run("journal");
    assert!(stage.state().card.is_none());
}

#[test]
fn a_promise_is_kept_by_its_id_over_questions() {
    let lines = r#"
start_with: [/probe]
vars:
  which: { type: text, max: 40 }
  a: { type: text, max: 60 }
steps:
  - branch:
      - if: ledger.open
        then:
          - set: { which: ledger.open }
          - say: It is ${ promise(which).text }.
      - else:
          - end: done
  - id: a
    ask: Did you?
    save: a
  - if: promise(which)
    settle: { promise: which, as: '"kept"' }
  - say: 'Now ${ promise(which).text or "none" }. Open: ${ ledger.open_count }'
"#;
    plays(
        lines,
        "given: open promise = call Ana; open promise = walk\nrun: probe\n< It is call Ana.\n< Did you?\n> yes\n< Now none. Open: 1",
    );
}

#[test]
fn a_promise_that_a_script_settled_may_be_settled_anew_and_taken_back() {
    let lines = r#"
vars:
  which: { type: text, max: 40 }
  a: { type: text, max: 60 }
steps:
  - set: { which: ledger.open }
  - id: a
    ask: A?
    save: a
  - settle: { promise: which, as: '"missed"' }
  - id: b
    ask: "Missed ${ ledger.missed }, repaired ${ ledger.repaired }. B?"
    save: a
  - settle: { promise: which, as: '"repaired"' }
  - id: c
    ask: "Missed ${ ledger.missed }, repaired ${ ledger.repaired }. C?"
    save: a
"#;
    let library = probe(lines);
    let mut stage = person(&library);
    stage.given("open promise = call Ana");
    stage.run("probe");
    begins(&stage.says("x"), &["Missed 1, repaired 0. B?"]);
    begins(&stage.says("x"), &["Missed 0, repaired 1. C?"]);
    begins(&stage.says("back"), &["Missed 1, repaired 0. B?"]);
    assert_eq!(stage.facts().counts[&Standing::Missed], 1, "the store knows the same");
    begins(&stage.says("back"), &["A?"]);
    assert_eq!(stage.facts().promises.len(), 1);
}

#[test]
fn a_card_may_ask_and_vary_its_words() {
    let idle = "script: idle\ntitle: Idle\nvars:\n  word: { type: text, max: 60 }\nsteps:\n  - say_one_of: [ One., Two., Three. ]\n  - id: word\n    ask: What is it?\n    save: word\n  - say: 'So it is ${ word }.'\n";
    let card = idle.replace("script: idle", "script: stopped");
    let library = library_with(&[
        ("system/stopped.yaml", &card),
        ("probe.yaml", &format!("script: probe\ntitle: Probe\n{COLOURS}")),
    ]);
    let mut stage = person(&library);
    stage.says("/probe");
    let mut first = std::collections::BTreeSet::new();
    for _ in 0..12 {
        let said = stage.says("stop");
        assert_eq!(said[1], "What is it?");
        first.insert(said[0].clone());
        begins(&stage.says("a thing"), &["So it is a thing.", "Which colour?"]);
    }
    assert!(first.len() > 1, "{first:?}");
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let library = probe(TRIES);
    let mut stage = person(&library);
    stage.run("probe");
    let (state, now) = (stage.state().clone(), stage.here());
    let event = Event::Text(Private::new("three"));
    let first = engine::step(&library, state.clone(), stage.facts(), &event, &now);
    let again = engine::step(&probe(TRIES), state.clone(), stage.facts(), &event, &now);
    assert_eq!(serde_json::to_string(&again.0).unwrap(), serde_json::to_string(&first.0).unwrap());
    assert_eq!(again.1, first.1);
    assert_eq!(first.0.active.unwrap().frames[0].vars["number"], Value::Int(3));
}

#[test]
fn nobody_is_written_to_all_day_long() {
    let lines = r#"
start_with: [/probe]
steps:
  - promise: { text: '"one"', to: '"me"', due: in 1h, remind: '"none"' }
  - promise: { text: '"two"', to: '"me"', due: in 2h, remind: '"none"' }
  - promise: { text: '"three"', to: '"me"', due: in 3h, remind: '"none"' }
  - promise: { text: '"four"', to: '"me"', due: tomorrow 21:00, remind: '"morning"' }
  - say: Four.
"#;
    let transcript = "\
> /probe
< Four.
(+1h)
< Its time has come: one...
(+1h)
< Its time has come: two...
(+1h)
! fired tomorrow
run: daily-checkin
! fired fired
< How are you right now?...
> 3
< Is there a word for it?...
(+1h)
! fired enough
(tomorrow 08:00)
< Its time has come: three...
(+1h)
< You asked me to bring this up: four...
";
    plays(lines, transcript);
}

const COUNTING: &str = r#"
start_with: [/probe]
vars:
  a: { type: text, max: 60 }
steps:
  - id: a
    ask: A?
    save: a
  - record: { deed: urge_waited, amount: 10 }
  - record: { deed: crossing, about: a }
  - record: { checkin: { mood: 3 } }
  - if: ledger.open
    settle: { promise: ledger.open, as: '"kept"' }
  - id: b
    ask: >-
      ${ deeds("urge_waited") } ${ deeds("urge_waited", 7) } ${ days_of("urge_waited") } ${ deeds_about("crossing", "My sister") }
      ${ deeds("crossing") } ${ progress.checkins_30 } ${ progress.kept_7 }/${ progress.promises_7 }. B?
    save: a
  - say: Bye.
"#;

#[test]
fn deeds_and_figures_count_what_this_very_turn_did_and_forget_what_is_taken_back() {
    let library = probe(COUNTING);
    let mut stage = person(&library);
    stage.given("open promise = call Ana; 9 days ago = urge_waited, urge_waited, crossing; 3 days ago = missed");
    stage.run("probe");
    begins(&stage.says("my sister"), &["3 1 2 1 2 1 1/2. B?"]);
    begins(&stage.says("back"), &["A?"]);
    begins(&stage.says("my brother"), &["3 1 2 0 2 1 1/2. B?"]);
}

#[test]
fn a_step_that_needs_the_history_says_so_and_nothing_else() {
    let library = probe("start_with: [/probe]\nsteps:\n  - say: \"Came back ${ progress.returns } times.\"\n");
    let facts = |history| goldseam::engine::Facts {
        me: Values::from([("consent".to_owned(), Value::Bool(true))]),
        history,
        ..goldseam::engine::Facts::default()
    };
    let now: jiff::Zoned = "2026-03-02T12:00[UTC]".parse().unwrap();
    let event = Event::Command { name: "probe".into(), rest: Private::new("") };
    let step = |facts| engine::step(&library, engine::State::new(1), &facts, &event, &now).1;
    assert_eq!(step(facts(None)), [Effect::LacksHistory]);
    let known = goldseam::practice::history::History::empty(now.date());
    assert!(step(facts(Some(known))).iter().any(|effect| matches!(effect, Effect::Say(_))));
}
