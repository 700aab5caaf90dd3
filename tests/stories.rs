//! A person's first days, told once and lived on each platform: the whole program over the fakes.

mod support;

use support::bot::{BotTester, On, Person};

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
    ana.heard("You said it, and you did it.");
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
