//! A person's first days, told once and lived on each platform: the whole program over the fakes.

use crate::support::bot::{BotTester, On, Person};
use crate::support::fake_discord::SERVER_CHANNEL;
use crate::support::fake_telegram::Trouble;

/// From hello to the first promise. Ends at 21:31 on Monday in Vienna, with the daily hour at 21:00.
async fn welcome(bot: &BotTester, ana: Person<'_>) {
    ana.says("/start").await;
    ana.heard("How old are you?");
    ana.says("skip").await;
    ana.heard("If you agree");
    ana.says("back").await;
    ana.heard_only(&["How old are you?"]);
    ana.presses("18 or older").await;
    ana.heard("If you agree");
    ana.says("help").await;
    ana.heard("Agree starts it.");
    ana.heard("If you agree");
    ana.presses("Agree").await;
    ana.heard_only(&["What brings you here?"]);
    ana.presses("I was hurt").await;
    ana.heard_only(&["And a second one"]);
    ana.presses("That is it").await;
    ana.heard_only(&["What should I call you?"]);
    ana.says("Ana").await;
    ana.heard_only(&["And the other person"]);
    ana.presses("Skip").await;
    ana.heard_only(&["Where are you, for the clock?"]);
    ana.says("in my kitchen, where else").await;
    ana.heard("I could not find that.");
    ana.says("Vienna").await;
    ana.heard_only(&["So it is 21:30 for you?"]);
    bot.passes("1m").await;
    ana.heard_nothing();
    ana.presses("Yes").await;
    ana.heard_only(&["When may I ask how you are"]);
    ana.presses("Late, 21:00").await;
    ana.heard_only(&["Trust grows from small things"]);
}

/// The first promise, in own words; with a vague one, a rest that is not wanted, and a stop that is taken back.
async fn first_promise(ana: Person<'_>, promise: &str) {
    ana.presses("My own words").await;
    ana.heard_only(&["What is one small thing you will do tomorrow?"]);
    ana.says("be better").await;
    ana.heard("How would you know tomorrow evening");
    ana.says("/rest").await;
    ana.heard_only(&["How long shall I be quiet?"]);
    ana.presses("No rest now").await;
    ana.heard("nothing changes");
    ana.heard("Back to where we were: Welcome.");
    ana.heard("What is one small thing you will do tomorrow?");
    ana.says("stop").await;
    ana.heard_only(&["We can stop here."]);
    ana.presses("Go on after all").await;
    ana.heard_only(&["What is one small thing you will do tomorrow?"]);
    ana.says(promise).await;
    ana.heard(promise);
    ana.heard("I will ask how you are tomorrow at 21:00");
}

/// The check-in asks about the promise; a new one is made, with a reminder.
async fn second_day(bot: &BotTester, ana: Person<'_>, old: &str, new: &str) {
    bot.until("2026-03-03T19:59:59Z").await;
    ana.heard_nothing();
    bot.until("2026-03-03T20:00:00Z").await;
    ana.heard_only(&["How are you right now?"]);
    ana.presses("3 in between").await;
    ana.heard_only(&["Is there a word for it?"]);
    ana.presses("Tired").await;
    ana.heard("Noted: tired.");
    ana.heard(old);
    ana.heard("How does it stand?");
    ana.presses("Kept it").await;
    let kept = ["You said it, and you did it.", "Said and done.", "Kept. That goes into the book."];
    assert!(ana.sees().iter().any(|seen| kept.iter().any(|words| seen.text.contains(words))), "{}", bot.told());
    ana.heard("One small thing for tomorrow?");
    ana.says(new).await;
    ana.heard_only(&["Shall I remind you?"]);
    ana.presses("In the evening").await;
    ana.heard("It is in the book, for tomorrow:");
    ana.heard(new);
}

/// The reminder on its day, a short check-in, and the question how it went when the night is over.
async fn third_day(bot: &BotTester, ana: Person<'_>, promise: &str) {
    bot.until("2026-03-04T17:59:59Z").await;
    ana.heard_nothing();
    bot.until("2026-03-04T18:00:00Z").await;
    ana.heard_only(&["You asked me to bring this up:"]);
    ana.heard(promise);
    ana.presses("On it").await;
    ana.heard_only(&["I ask once more when its time has come."]);
    bot.until("2026-03-04T20:00:00Z").await;
    ana.heard_only(&["How are you right now?"]);
    ana.says("skip").await;
    ana.heard("No number today.");
    ana.heard(promise);
    ana.presses("Still to come").await;
    ana.heard("it stays open");
    ana.presses("Skip").await;
    bot.until("2026-03-05T06:59:00Z").await;
    ana.heard_nothing();
    bot.until("2026-03-05T07:00:00Z").await;
    ana.heard_only(&["Its time has come:"]);
    ana.heard(promise);
    ana.presses("Kept it").await;
    ana.heard_only(&["You said it, and you did it."]);
}

async fn first_days(on: On, restless: bool) {
    let bot = BotTester::on(on).await;
    if restless {
        bot.restarts_all_the_time();
    }
    let ana = bot.person(42);
    welcome(&bot, ana).await;
    first_promise(ana, "call my sister").await;
    second_day(&bot, ana, "call my sister", "take the bins out").await;
    third_day(&bot, ana, "take the bins out").await;
    bot.broke_no_rule();
}

#[tokio::test]
async fn the_first_days_on_telegram() {
    first_days(On::Telegram, false).await;
}

#[tokio::test]
async fn the_first_days_on_discord() {
    first_days(On::Discord, false).await;
}

#[tokio::test]
async fn the_first_days_in_the_terminal() {
    first_days(On::Console, false).await;
}

#[tokio::test]
async fn the_first_days_on_telegram_with_a_restart_before_every_step() {
    first_days(On::Telegram, true).await;
}

#[tokio::test]
async fn the_first_days_on_discord_with_a_restart_before_every_step() {
    first_days(On::Discord, true).await;
}

#[tokio::test]
async fn the_first_days_in_the_terminal_with_a_restart_before_every_step() {
    first_days(On::Console, true).await;
}

/// Welcomed in as few steps as possible; the daily hour is 21:00 in Vienna.
async fn is_welcomed(ana: Person<'_>) {
    for step in ["/start", "[18 or older]", "[Agree]", "skip", "skip", "Vienna", "[Yes]", "[Late, 21:00]", "[Not yet]"]
    {
        does(ana, step).await;
    }
    ana.heard("I will ask how you are tomorrow at 21:00");
}

/// `[Label]` is pressed, everything else is typed.
async fn does(who: Person<'_>, step: &str) {
    match step.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(label) => who.presses(label).await,
        None => who.says(step).await,
    }
}

/// Two people at once, and each hears only what is theirs.
async fn two_people(on: On) {
    let bot = BotTester::on(on).await;
    let (ana, ben) = (bot.person(42), bot.person(77));
    let steps = [
        ("/start", "/start"),
        ("[18 or older]", "[16 or 17]"),
        ("[Agree]", "[Agree]"),
        ("[Trust myself again]", "skip"),
        ("[That is it]", "Ben"),
        ("Ana", "Kathmandu"),
        ("Vienna", "[Yes]"),
        ("[Yes]", "Another time"),
        ("[Late, 21:00]", "01:45"),
        ("[My own words]", "[My own words]"),
        ("call my sister", "water the fern"),
    ];
    for (anas, bens) in steps {
        let (before_ana, before_ben) = (ana.sees().len(), ben.sees().len());
        does(ana, anas).await;
        assert!(ana.sees().len() > before_ana && ben.sees().len() == before_ben, "{anas}:\n{}", bot.told());
        let before_ana = ana.sees().len();
        does(ben, bens).await;
        assert!(ben.sees().len() > before_ben && ana.sees().len() == before_ana, "{bens}:\n{}", bot.told());
    }
    // 21:00 in Vienna, and a quarter to two in Kathmandu.
    bot.until("2026-03-03T20:00:00Z").await;
    for who in [ana, ben] {
        who.heard_only(&["How are you right now?"]);
    }
    for (anas, bens) in [("[3 in between]", "[3 in between]"), ("[Tired]", "[Steady]"), ("[Kept it]", "[Kept it]")] {
        does(ana, anas).await;
        does(ben, bens).await;
    }
    ana.says("sing in the kitchen").await;
    ben.says("oil the door").await;
    ana.presses("In the evening").await;
    ben.presses("In the evening").await;
    bot.passes("48h").await;
    for words in ["Ben", "fern", "oil the door", "steady", "01:45"] {
        ana.never_heard(words);
    }
    for words in ["Ana", "sister", "sing in the kitchen", "tired", "21:00."] {
        ben.never_heard(words);
    }
    ana.heard("sing in the kitchen");
    ben.heard("oil the door");
    bot.broke_no_rule();
}

#[tokio::test]
async fn two_people_on_telegram_never_hear_each_others_words() {
    two_people(On::Telegram).await;
}

#[tokio::test]
async fn two_people_on_discord_never_hear_each_others_words() {
    two_people(On::Discord).await;
}

#[tokio::test]
async fn two_people_in_the_terminal_never_hear_each_others_words() {
    two_people(On::Console).await;
}

/// A button that was pressed twice by a shaking finger is one answer; an old one asks what is meant.
async fn buttons(on: On) {
    let bot = BotTester::on(on).await;
    let ana = bot.person(42);
    is_welcomed(ana).await;
    ana.says("/checkin").await;
    ana.presses_twice("3 in between").await;
    ana.heard_only(&["Is there a word for it?"]);
    ana.presses_twice("Tired").await;
    ana.heard_only(&["Noted: tired.", "One small thing for tomorrow?"]);
    ana.says("stop").await;
    ana.presses_twice("Keep what I said").await;
    ana.heard_only(&["Stopped."]);
    if on != On::Console {
        // In the terminal, what has scrolled away cannot be pressed.
        ana.says("/checkin").await;
        ana.presses("Change it").await;
        ana.says("3").await;
        ana.heard_only(&["Is there a word for it?"]);
        bot.passes("2m").await;
        ana.presses("1 rough").await;
        ana.heard_only(&["That button belongs to an earlier question"]);
        ana.presses_twice("Leave it").await;
        ana.heard_only(&["Is there a word for it?"]);
        ana.says("back").await;
        ana.heard_only(&["How are you right now?"]);
        ana.says("2").await;
        ana.heard_only(&["Is there a word for it?"]);
        ana.presses("4 all right").await;
        ana.heard_only(&["That button belongs to an earlier question"]);
        ana.presses("Change that answer").await;
        ana.heard_only(&["How are you right now?"]);
        ana.presses("5 good").await;
        ana.heard_only(&["Is there a word for it?"]);
        ana.presses("Proud").await;
        ana.heard("Noted: proud.");
    }
    bot.broke_no_rule();
}

#[tokio::test]
async fn double_and_old_buttons_on_telegram() {
    buttons(On::Telegram).await;
}

#[tokio::test]
async fn double_and_old_buttons_on_discord() {
    buttons(On::Discord).await;
}

#[tokio::test]
async fn double_buttons_in_the_terminal() {
    buttons(On::Console).await;
}

#[tokio::test]
async fn what_was_pressed_stays_in_the_place_of_the_buttons() {
    for on in [On::Telegram, On::Discord] {
        let bot = BotTester::on(on).await;
        let ana = bot.person(42);
        ana.says("/start").await;
        ana.presses("18 or older").await;
        let chosen = || ana.sees().iter().any(|message| message.labels == ["✓ 18 or older"]);
        if on == On::Telegram {
            bot.telegram.wait_until("the keyboard gives way", |_| chosen()).await;
        }
        assert!(chosen(), "{:?}", ana.sees());
        bot.broke_no_rule();
    }
}

#[tokio::test]
async fn somebody_who_blocks_the_bot_on_telegram_is_left_in_peace_until_they_are_back() {
    let bot = BotTester::on(On::Telegram).await;
    let ana = bot.person(42);
    is_welcomed(ana).await;
    let sent = || bot.telegram.calls("sendMessage").len();
    ana.does("blocks the bot", |ana| drop(ana.on_telegram().blocks().to_string()), 1).await;
    let before = sent();
    bot.passes("48h").await;
    assert_eq!(sent(), before, "{}", bot.told());
    ana.does("unblocks the bot", |ana| drop(ana.on_telegram().unblocks().to_string()), 1).await;
    bot.until("2026-03-05T20:00:00Z").await;
    ana.heard_only(&["How are you right now?"]);
    bot.broke_no_rule();
}

#[tokio::test]
async fn somebody_who_blocked_the_bot_unnoticed_is_tried_once() {
    let bot = BotTester::on(On::Telegram).await;
    let ana = bot.person(42);
    is_welcomed(ana).await;
    let sent = || bot.telegram.calls("sendMessage").len();
    let before = sent();
    bot.telegram.next_goes_wrong_in("sendMessage", 42, Trouble::Blocked);
    bot.until("2026-03-09T21:00:00Z").await;
    assert_eq!(sent(), before + 1, "{}", bot.told());
    ana.heard_nothing();
    ana.says("/menu").await;
    assert!(!ana.new_messages().is_empty());
    bot.until("2026-03-10T19:59:00Z").await;
    bot.until("2026-03-10T20:00:00Z").await;
    ana.heard("How are you right now?");
    bot.broke_no_rule();
}

#[tokio::test]
async fn closed_dms_on_discord_are_tried_once_until_the_person_is_back() {
    let bot = BotTester::on(On::Discord).await;
    let ana = bot.person(42);
    is_welcomed(ana).await;
    let posted = || bot.discord.bodies("/messages").len();
    ana.on_discord().closes_dms();
    let before = posted();
    bot.until("2026-03-06T21:00:00Z").await;
    assert_eq!(posted(), before + 1, "{}", bot.told());
    ana.heard_nothing();
    ana.says_in_the_server("/promises").await;
    ana.heard("There is no promise here yet.");
    assert_eq!(posted(), before + 1, "answered through the command");
    bot.until("2026-03-09T21:00:00Z").await;
    assert_eq!(posted(), before + 2, "{}", bot.told());
    bot.broke_no_rule();
}

#[tokio::test]
async fn a_command_in_a_telegram_group_is_answered_privately_and_nothing_is_posted_there() {
    let bot = BotTester::on(On::Telegram).await;
    let (ana, ben) = (bot.person(42), bot.person(77));
    is_welcomed(ana).await;
    ana.says_in_the_group(-1001, "/checkin@GoldseamBot").await;
    ana.heard_only(&["How are you right now?"]);
    ana.says_in_the_group(-1001, "I am rather sad today").await;
    ana.heard_nothing();
    ana.says_in_the_group(-1001, "/checkin@SomeOtherBot").await;
    ana.heard_nothing();
    ben.says_in_the_group(-1001, "/start@GoldseamBot").await;
    ben.heard_nothing();
    let to: std::collections::BTreeSet<i64> =
        bot.telegram.calls("sendMessage").iter().map(|body| body["chat_id"].as_i64().unwrap()).collect();
    assert!(!to.contains(&-1001) && bot.telegram.sent_to(-1001).is_empty(), "{to:?}");
    // Ben opens the private chat, as the bot could not.
    ben.says("/start").await;
    ben.heard("How old are you?");
    bot.broke_no_rule();
}

#[tokio::test]
async fn on_a_discord_server_everything_is_seen_by_the_person_alone() {
    let bot = BotTester::on(On::Discord).await;
    let ana = bot.person(42);
    is_welcomed(ana).await;
    let from = ana.sees().len();
    ana.says_in_the_server("/promise").await;
    ana.heard_only(&["What will you do?"]);
    ana.writes("wash the car").await;
    ana.heard_only(&["Who is it for?"]);
    ana.presses("Somebody else").await;
    ana.heard_only(&["Who? A name"]);
    ana.writes("my sister").await;
    ana.heard_only(&["By when?"]);
    ana.presses("Tomorrow evening").await;
    ana.heard_only(&["How sure are you"]);
    ana.writes("9").await;
    ana.heard_only(&["Do you want a reminder before?"]);
    ana.presses("No reminder").await;
    ana.heard("wash the car");
    let sent = ana.on_discord().sent();
    for message in &sent[from..] {
        assert!(message.ephemeral && message.channel == SERVER_CHANNEL, "{message:?}");
    }
    // The question how it went comes into the direct messages.
    bot.until("2026-03-03T18:00:00Z").await;
    ana.heard_only(&["Its time has come:"]);
    let asked = ana.on_discord().sent().pop().unwrap();
    assert!(!asked.ephemeral && asked.channel != SERVER_CHANNEL, "{asked:?}");
    bot.broke_no_rule();
}

#[tokio::test]
async fn a_stranger_can_begin_on_a_discord_server() {
    let bot = BotTester::on(On::Discord).await;
    let ana = bot.person(42);
    ana.says_in_the_server("/start").await;
    ana.heard("How old are you?");
    for label in ["18 or older", "Agree", "Skip"] {
        ana.presses(label).await;
    }
    ana.writes("Ana").await;
    ana.writes("Vienna").await;
    for label in ["Yes", "Late, 21:00", "Not yet"] {
        ana.presses(label).await;
    }
    ana.heard("I will ask how you are tomorrow at 21:00");
    assert!(ana.on_discord().sent().iter().all(|message| message.ephemeral));
    bot.until("2026-03-03T20:00:00Z").await;
    ana.heard_only(&["How are you right now?"]);
    assert!(!ana.on_discord().sent().last().unwrap().ephemeral);
    bot.broke_no_rule();
}

/// Somebody who takes the agreement back, or turns out to be too young, is not written to any more.
#[tokio::test]
async fn whoever_does_not_agree_any_more_is_left_in_peace() {
    for (label, answer) in [("Under 16", "will not write to you"), ("No", "will not write to you")] {
        let bot = BotTester::on(On::Console).await;
        let ana = bot.person(42);
        is_welcomed(ana).await;
        ana.says("/promise").await;
        for step in ["wash the car", "[Myself]", "[Tomorrow evening]", "[Skip]", "[In the morning]"] {
            does(ana, step).await;
        }
        ana.heard("It is in the book:");
        ana.says("/start").await;
        ana.presses("Go through it").await;
        if label == "No" {
            ana.presses("18 or older").await;
        }
        ana.presses(label).await;
        ana.heard(answer);
        bot.passes("30d").await;
        ana.heard_nothing();
    }
}

/// What is typed by somebody who does not read.
const TYPED: [&str; 40] = [
    "skip",
    "back",
    "stop",
    "help",
    "again",
    "pause",
    "resume",
    "menu",
    "yes",
    "no",
    "3",
    "7",
    "0",
    "10",
    "later",
    "tomorrow",
    "call my sister",
    "be better",
    "I don't know",
    "20:15",
    "Vienna",
    "Lord Howe",
    "nothing",
    "i am back",
    "<b>&amp; *x* _y_ `z` > q @everyone",
    "😀",
    "/",
    "//",
    "/nonsense",
    "/checkin",
    "/promise",
    "/promises",
    "/rest",
    "/return",
    "/settings",
    "/journal",
    "/reflect",
    "/menu",
    "/privacy",
    "/start",
];

/// Lives at random, and wants an answer to everything.
async fn monkey(on: On, seed: u64, steps: usize) {
    let mut random = fastrand::Rng::with_seed(seed);
    let bot = BotTester::on(on).await;
    let ana = bot.person(42);
    if seed.is_multiple_of(2) {
        is_welcomed(ana).await;
    }
    let long = "so long ".repeat(700);
    for _ in 0..steps {
        // Nobody presses twice by accident after so long.
        bot.clock.advance(std::time::Duration::from_secs(11));
        let labels: Vec<String> = ana.sees().into_iter().rev().take(8).flat_map(|message| message.labels).collect();
        match random.u8(0..20) {
            0 => bot.passes(random.choice(["1m", "20m", "4h", "13h", "1d", "4d"]).unwrap()).await,
            1 if random.bool() => bot.restarts().await,
            2 if random.bool() => {
                ana.says(&long).await;
                assert!(!ana.new_messages().is_empty(), "seed {seed}: no answer to a long text\n{}", bot.told());
            }
            3..8 => {
                let words = *random.choice(&TYPED).unwrap();
                ana.says(words).await;
                assert!(!ana.new_messages().is_empty(), "seed {seed}: no answer to {words:?}\n{}", bot.told());
            }
            _ => {
                let Some(label) = random.choice(&labels).filter(|label| !label.starts_with('✓') && **label != "Write")
                else {
                    continue;
                };
                ana.presses(label).await;
                assert!(!ana.new_messages().is_empty(), "seed {seed}: no answer to [{label}]\n{}", bot.told());
            }
        }
    }
    let mut tx = bot.store().await.begin().await.unwrap();
    assert!(tx.new_events(0, 10).await.unwrap().is_empty(), "seed {seed}: something was never handled\n{}", bot.told());
    tx.rollback().await.unwrap();
    assert_eq!(bot.sql("select state || error from inbox where state = 'dead'").await, [""; 0], "{}", bot.told());
    assert_eq!(bot.sql("select state || error from outbox where state <> 'sent'").await, [""; 0], "{}", bot.told());
    let failed =
        "select name || ' ' || outcome from occurrences where outcome in ('failed', 'no_script', 'no_consent')";
    assert_eq!(bot.sql(failed).await, [""; 0], "{}", bot.told());
    bot.broke_no_rule();
}

#[tokio::test]
async fn whatever_somebody_does_on_telegram_is_answered() {
    for seed in 0..6 {
        monkey(On::Telegram, seed, 120).await;
    }
}

#[tokio::test]
async fn whatever_somebody_does_on_discord_is_answered() {
    for seed in 6..9 {
        monkey(On::Discord, seed, 120).await;
    }
}

#[tokio::test]
async fn what_a_person_writes_is_shown_as_they_wrote_it_and_never_as_markup() {
    const WORDS: &str = "read <b>5</b> * 3 & **x** _y_ `z` @everyone > [a](http://b.example)";
    for on in [On::Telegram, On::Discord, On::Console] {
        let bot = BotTester::on(on).await;
        let ana = bot.person(42);
        is_welcomed(ana).await;
        ana.says("/promise").await;
        for step in [WORDS, "[Myself]", "[Tomorrow evening]", "[Skip]", "[No reminder]"] {
            does(ana, step).await;
        }
        ana.heard("It is in the book:");
        ana.heard(WORDS);
        if on == On::Discord {
            let last = ana.on_discord().sent().pop().unwrap().content;
            assert!(!last.contains(" **x**") && !last.contains(" _y_") && !last.contains("[a](http"), "{last}");
        }
        bot.broke_no_rule();
    }
}

#[tokio::test]
async fn an_answer_that_telegram_puts_off_comes_once_when_the_time_is_over() {
    let bot = BotTester::on(On::Telegram).await;
    let ana = bot.person(42);
    is_welcomed(ana).await;
    bot.telegram.next_goes_wrong_in("sendMessage", 42, Trouble::TooManyRequests(30));
    ana.says("/checkin").await;
    ana.heard_nothing();
    bot.passes("29m").await;
    ana.heard_only(&["How are you right now?"]);
    bot.broke_no_rule();
}
