//! The constructs of the language that let time pass, take several answers, or say things in other words.

mod support;

use support::chat;
use support::prompts::scripts_with;

/// Plays a transcript with a script `probe` that has these lines, beside other files.
#[track_caller]
fn plays_with(lines: &str, others: &[(&str, &str)], transcript: &str) {
    let probe = format!("script: probe\ntitle: Probe\n{lines}");
    let mut files = vec![("probe.yaml", probe.as_str())];
    files.extend(others);
    let scripts = scripts_with(&files);
    chat::plays(&scripts, &format!("given: me.consent = yes; now = 2026-03-02 12:00\nrun: probe\n{transcript}"));
}

#[track_caller]
fn plays(lines: &str, transcript: &str) {
    plays_with(lines, &[], transcript);
}

const FEELINGS: &str = r#"
vars:
  felt: { type: list }
steps:
  - id: felt
    choose_many: What was there?
    save: felt
    skip: true
    options:
      - { label: Hurt, also: [hurting] }
      - { label: Wary, value: wary }
      - { label: Sad and tired, value: sad, also: [sad, tired] }
      - { label: Calm, value: calm, if: "1 == 1" }
    unclear: One of these, please.
  - branch:
      - if: felt
        then:
          - say: '${ count(felt) } of them: ${ felt or "none" }.'
      - else:
          - say: Nothing then.
"#;

#[test]
fn several_answers_are_picked_one_after_the_other() {
    plays(
        FEELINGS,
        "< What was there? [Hurt] [Wary] [Sad and tired] [Calm] [Skip]\n\
         > [Wary]\n\
         < So far: Wary. Another one, or is that all? [Hurt] [✓ Wary] [Sad and tired] [Calm] [That is all]\n\
         > [Hurt]\n\
         < So far: Hurt and Wary. Another one, or is that all? [✓ Hurt] [✓ Wary] [Sad and tired] [Calm] [That is all]\n\
         > [✓ Wary]\n\
         < So far: Hurt. Another one, or is that all? [✓ Hurt] [Wary] [Sad and tired] [Calm] [That is all]\n\
         > 4\n\
         < So far: Hurt and Calm...\n\
         (restart)\n\
         > /help\n\
         < ...\n\
         < What was there? [✓ Hurt] [Wary] [Sad and tired] [✓ Calm] [That is all]\n\
         > that's all\n\
         < 2 of them: Hurt and calm.\n",
    );
}

#[test]
fn several_answers_in_one_text_are_the_whole_answer() {
    for text in ["hurt, wary and sad", "1, 2, 3", "Sad and tired; hurting/wary"] {
        plays(FEELINGS, &format!("< What...\n> {text}\n< 3 of them: Hurt, wary and sad.\n"));
    }
    plays(FEELINGS, "< What...\n> sad and tired\n< So far: Sad and tired...\n> done\n< 1 of them: sad.\n");
    plays(
        FEELINGS,
        "< What...\n> hurt and blue\n< One of these, please. ...\n> hurt, calm\n< 2 of them: Hurt and calm.\n",
    );
}

#[test]
fn picking_nothing_is_skipping_where_that_may_be() {
    plays(FEELINGS, "< What...\n> skip\n< Nothing then.\n");
    plays(FEELINGS, "< What...\n> enough\n< Nothing then.\n");
    let needed = FEELINGS.replace("    skip: true\n", "");
    plays(
        &needed,
        "< What...[Calm]\n> that is all\n< Nothing picked yet. One is enough. ...[Calm]\n> [Hurt]\n< So far...\n",
    );
}

const OTHER: &str = r#"
vars:
  what: { type: text, max: 30 }
steps:
  - id: what
    choose: What stood in the way?
    save: what
    other_text: true
    options:
      - { label: Time, value: time }
      - { label: Strength, value: strength }
  - say: So it was ${ what or "something" }.
"#;

#[test]
fn any_other_text_may_be_an_answer_to_a_choice() {
    plays(OTHER, "< What stood...\n> [Time]\n< So it was time.\n");
    plays(OTHER, "< What stood...\n> the neighbour's dog\n< So it was the neighbour's dog.\n");
    plays(
        OTHER,
        "< What stood...\n> a text that is much longer than thirty characters\n< ...30...[Time] [Strength]\n> time\n< So it was time.\n",
    );
    plays(
        OTHER,
        "< What stood...\n(+5h)\n> what a day\n< A question is still open here...[It is my answer]...\n> [It is my answer]\n< So it was what a day.\n",
    );
}

const PAUSE: &str = r#"
vars:
  word: { type: text, max: 30 }
steps:
  - say: Ten minutes.
  - id: pause
    wait: { for: 10m }
    skip: true
  - id: word
    ask: What is left of it?
    save: word
  - say: You said ${ word }.
"#;

#[test]
fn a_script_lets_time_pass_and_goes_on_by_itself() {
    plays(
        PAUSE,
        "< Ten minutes.\n= waiting at pause\n! schedule wait-1\n(+9m)\n(+1m)\n< What is left of it?\n! fired fired\n> less\n< You said less.\n",
    );
}

#[test]
fn what_is_said_meanwhile_is_answered_and_costs_nothing() {
    plays(
        PAUSE,
        "< Ten minutes.\n\
         > it is hard\n\
         < We go on at 12:10...\"skip\"...\n\
         = waiting at pause\n\
         > help\n\
         < ...\n\
         < We go on at 12:10...\n\
         = waiting at pause\n\
         (+10m)\n\
         < What is left of it?\n\
         = waiting at word\n",
    );
    plays(PAUSE, "< Ten minutes.\n> skip\n< What is left of it?\n(+20m)\n= waiting at word\n");
    let firm = PAUSE.replace("    skip: true\n", "");
    plays(&firm, "< Ten minutes.\n> skip\n< We go on at 12:10. Nothing...\n(+10m)\n< What is left...\n");
}

#[test]
fn what_was_put_away_while_it_waited_stays_away_and_goes_on_when_it_is_taken_up() {
    plays(
        PAUSE,
        "< Ten minutes.\n> pause\n< Put away...\n(+15m)\n! fired put_away\n> resume\n< ...\n< What is left of it?\n> hm\n< You said hm.\n",
    );
}

#[test]
fn another_script_in_between_is_not_broken_off() {
    plays(
        PAUSE,
        "< Ten minutes.\n> /checkin\n< How are you right now?...\n(+10m)\n! fired queued\n= waiting at mood\n> stop\n< ...\n> [Delete it]\n< Deleted...\n< Back to where we were: Probe.\n< What is left of it?\n",
    );
}

#[test]
fn a_wait_until_tomorrow_says_the_day_and_keeps_the_script_alive() {
    let lines = PAUSE.replace("for: 10m", "until: tomorrow morning").replace("steps:", "expire: { after: 2h }\nsteps:");
    plays(
        &lines,
        "< Ten minutes.\n> hello\n< We go on at 09:00, Tuesday 3 March...\n(+20h)\n= waiting at pause\n(+1h)\n< What is left of it?\n= waiting at word\n(+3h)\n= nothing open\n",
    );
}

#[test]
fn a_count_has_its_own_form() {
    let lines = "vars:\n  n: { type: integer, from: 0, to: 9 }\nsteps:\n  - id: n\n    ask: How many?\n    save: n\n  - say_count: { n: n, one: \"One plate.\", other: \"${ n or 0 } plates.\" }\n";
    for (typed, said) in [("0", "0 plates."), ("1", "One plate."), ("two", "2 plates.")] {
        plays(lines, &format!("< How many?\n> {typed}\n< {said}\n"));
    }
}

#[test]
fn a_script_may_say_a_word_when_it_is_put_away() {
    let lines = "expire: { after: 2h, say: \"The letter is put away, as it is.\" }\nvars:\n  a: { type: text, max: 9 }\nsteps:\n  - id: a\n    ask: A?\n    save: a\n";
    plays(lines, "< A?\n> again\n< A?\n(+2h)\n< The letter is put away, as it is.\n! park expired\n= nothing open\n");
    plays(lines, "< A?\n> /rest\n< ...\n> [For three days]\n< ...\n(+3h)\n");
}

#[test]
fn a_script_may_have_cards_of_its_own() {
    let card =
        "script: gently\ninstead_of: unclear\ntitle: Gently\nsteps:\n  - say: Take your time. A number is enough.\n";
    let stopped = "script: farewell\ninstead_of: stopped\ntitle: Farewell\nargs: [title]\nsteps:\n  - id: pick\n    choose: Leave it here?\n    options:\n      - { label: Keep it, then: [ { end: keep } ] }\n      - { label: Go on, then: [ { end: go_on } ] }\n";
    let lines = "repair: { unclear: gently, stopped: farewell }\nvars:\n  n: { type: integer, from: 1, to: 5 }\nsteps:\n  - id: n\n    ask: N?\n    save: n\n";
    plays_with(
        lines,
        &[("system/gently.yaml", card), ("system/farewell.yaml", stopped)],
        "< N?\n> hm\n< Take your time. A number is enough.\n> stop\n< Leave it here? [Keep it] [Go on]\n> [Go on]\n< N?\n> stop\n< Leave it here?...\n> keep it\n! ended stopped\n= nothing open\n",
    );
}

#[test]
fn lines_with_a_day_stand_in_order_and_are_shown_in_words() {
    plays(
        r#"
vars:
  days: { type: list }
steps:
  - set:
      days: 'days + dated(today + 400d, "far") + each_year(today - 1d, "yesterday") + dated(today + 3d, "soon") + "no day"'
  - say: '${ numbered(in_order(days)) or "-" }'
  - say: '${ lines(in_order(days, today, today + 5d)) or "-" }'
  - say: '${ without_day(item(in_order(days), 1)) or "-" }, ${ day_of(item(in_order(days), 2)) or today }'
  - say: '${ lines(days - item(in_order(days), 1)) or "-" }'
  - say: '${ count(in_order(days, today + 6d, today + 7d)) }, ${ without_day("no day") or "-" }'
  - end: done
"#,
        "< 1. Thursday 5 March: soon 2. every year on 1 March: yesterday 3. Tuesday 6 April 2027: far\n\
         < Thursday 5 March: soon\n\
         < soon, Monday 1 March\n\
         < Tuesday 6 April 2027: far every year on 1 March: yesterday no day\n\
         < 0, no day\n",
    );
}

const NOTE: &str = "script: note\ntitle: Note\nargs: [line]\nvars:\n  line: { type: text, max: 20 }\nsteps:\n  - say: 'Note: ${ line or \"-\" }.'\n";

#[test]
fn one_name_plans_something_for_each_text() {
    plays_with(
        r#"
vars:
  line: { type: text, max: 20 }
steps:
  - set: { line: '"a"' }
  - schedule: { name: note, each: line, run: note, at: tomorrow 09:00, with: { line: line } }
  - set: { line: '"b"' }
  - schedule: { name: note, each: line, run: note, at: tomorrow 10:00, with: { line: line } }
  - set: { line: '"c"' }
  - schedule: { name: note, each: line, run: note, at: tomorrow 11:00, with: { line: line } }
  - schedule: { name: note, each: line, run: note, at: tomorrow 12:00, with: { line: line } }
  - cancel: note
    each: '"b"'
  - end: done
"#,
        &[("note.yaml", NOTE)],
        "! schedule note\n! cancel note\n(tomorrow 09:30)\n< Note: a.\n(+1h)\n(+1h)\n(+1h)\n< Note: c.\n(+2d)\n",
    );
}

#[test]
fn what_comes_each_month_or_year_needs_no_planning_anew() {
    plays_with(
        r#"
steps:
  - schedule: { name: month, run: note, at: every month on (today - 1d) at 09:00, with: { line: '"month"' } }
  - schedule: { name: year, run: note, at: every year on (today + 30d) at 09:00, with: { line: '"year"' } }
  - end: done
"#,
        &[("note.yaml", NOTE)],
        "(2026-04-01 08:00)\n(+2h)\n< Note: month.\n< Note: year.\n(2026-04-30 10:00)\n(+2d)\n< Note: month.\n",
    );
}

#[test]
fn some_of_a_list_are_the_same_all_day_and_others_on_other_days() {
    plays(
        r#"
vars:
  things: { type: list }
steps:
  - set: { things: 'things + "a" + "b" + "c" + "d" + "e"' }
  - say: '${ count(some_of(things, 2)) }, ${ count(some_of(things, 9)) }, ${ count(some_of(things, 0)) }'
  - branch:
      - if: some_of(things, 2) == some_of(things, 2)
        then:
          - say: Today it is ${ some_of(things, 2) }.
  - end: done
"#,
        "< 2, 5, 0\n< Today it is e and d.\n(+1d)\nrun: probe\n< 2...\n< Today it is b and c.\n(+1d)\nrun: probe\n< 2...\n< Today it is a and c.\n",
    );
}

#[test]
fn who_has_read_a_script_is_told_for_the_text_as_it_stands() {
    let read = "script: read\ntitle: Something read\nsteps: [ { say: Hello. } ]\n";
    let stamped = |by: &str, on: &str, text: &str| {
        format!("reviewed: [ {{ by: {by}, on: {on}, as: nurse, text: \"{text}\" }} ]\n")
    };
    let with = |stamp: String| read.replace("steps:", &format!("{stamp}steps:"));
    let rev = goldseam::script::review::revision(read);
    let told = |other: &str| format!("< There are some. Read: {other}\n");
    let probe = "steps:\n  - say: 'There are ${ \"some\" if scripts.count > 1 else \"none\" }. Read: ${ scripts.reviews or \"-\" }'\n";
    for (stamp, expected) in [
        (stamped("Ana", "2026-02-01", &rev), "Something read: Ana (nurse), Sunday 1 February"),
        (stamped("Ana", "2026-03-09", &rev), "-"),
        (String::new(), "-"),
    ] {
        plays_with(probe, &[("read.yaml", &with(stamp))], &told(expected));
    }
}
