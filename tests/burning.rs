//! What is written to be let go of is kept nowhere, on either platform.

mod support;

use support::bot::{BotTester, On};

/// So odd that it stands nowhere else.
const SECRET: &str = "the heron I never told you about";

async fn writes_and_keeps_nothing(on: On) -> BotTester {
    let bot = BotTester::on(on).await;
    let ana = bot.person(7);
    for step in ["/start", "[18 or older]", "[Agree]", "skip", "skip", "Vienna", "[Yes]", "[Late, 21:00]", "[Not yet]"]
    {
        match step.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            Some(label) => ana.presses(label).await,
            None => ana.says(step).await,
        }
    }
    ana.says("burn").await;
    ana.heard("I keep nothing of it");
    ana.presses("Begin").await;
    ana.says(SECRET).await;
    ana.heard("It is gone here");
    ana.heard("On Discord only you can");
    ana.says(&format!("more of {SECRET}")).await;
    ana.presses("Skip").await;
    ana.heard("Nothing else is kept");
    bot
}

async fn nothing_of_it_is_stored(bot: &BotTester) {
    let bytes = bot.stored_bytes().await;
    assert!(bytes.len() > 10_000, "the database was read");
    let found = bytes.windows(SECRET.len()).any(|window| window == SECRET.as_bytes());
    assert!(!found, "the text stands in the database file");
    assert_eq!(bot.sql("select cast(count(*) as text) from deeds where kind = 'wrote'").await, ["1"]);
}

#[tokio::test]
async fn on_telegram_nothing_stays_in_the_database_and_the_messages_are_taken_out_of_the_chat() {
    let bot = writes_and_keeps_nothing(On::Telegram).await;
    assert_eq!(bot.telegram.calls("deleteMessage").len(), 2, "both messages, and no other");
    nothing_of_it_is_stored(&bot).await;
    bot.broke_no_rule();
}

#[tokio::test]
async fn on_discord_nothing_stays_in_the_database_and_the_person_is_told_how_to_delete() {
    let bot = writes_and_keeps_nothing(On::Discord).await;
    nothing_of_it_is_stored(&bot).await;
    bot.broke_no_rule();
}
