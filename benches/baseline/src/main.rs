//! Two bots on teloxide, for comparison: `baseline echo` says everything back and keeps nothing; `baseline dialogue FILE` asks the five
//! questions of a check-in and keeps where everybody stands in teloxide's own SQLite storage.
//!
//! `API_URL` and `TELOXIDE_TOKEN` say where to and as whom.

use std::error::Error;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use teloxide::dispatching::dialogue::serializer::Json;
use teloxide::dispatching::dialogue::{ErasedStorage, SqliteStorage, Storage};
use teloxide::prelude::*;

type Conversation = Dialogue<State, ErasedStorage<State>>;
type Outcome = Result<(), Box<dyn Error + Send + Sync>>;

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
enum State {
    #[default]
    Idle,
    Mood,
    Feeling { mood: String },
    Promise { mood: String, feeling: String },
    Remind { mood: String, feeling: String, promise: String },
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let url = std::env::var("API_URL").expect("API_URL").parse().expect("an address");
    let bot = Bot::from_env().set_api_url(url);
    let mut arguments = std::env::args().skip(1);
    match arguments.next().as_deref() {
        Some("echo") => {
            let echo = Update::filter_message().endpoint(|bot: Bot, message: Message| async move {
                bot.send_message(message.chat.id, message.text().unwrap_or("?")).await?;
                Outcome::Ok(())
            });
            Dispatcher::builder(bot, echo).build().dispatch().await;
        }
        Some("dialogue") => {
            let file = arguments.next().expect("a file");
            let storage = SqliteStorage::open(&file, Json).await.expect("a database").erase();
            let handler = Update::filter_message()
                .enter_dialogue::<Message, ErasedStorage<State>, State>()
                .endpoint(answer);
            let storage: Arc<ErasedStorage<State>> = storage;
            Dispatcher::builder(bot, handler).dependencies(dptree::deps![storage]).build().dispatch().await;
        }
        _ => panic!("echo or dialogue"),
    }
}

async fn answer(bot: Bot, dialogue: Conversation, message: Message) -> Outcome {
    let text = message.text().unwrap_or_default().to_owned();
    let (state, said) = match dialogue.get_or_default().await? {
        State::Idle => (State::Mood, "How are you right now?".to_owned()),
        State::Mood => (State::Feeling { mood: text }, "Is there a word for it?".to_owned()),
        State::Feeling { mood } => {
            (State::Promise { mood, feeling: text }, "One small thing for tomorrow?".to_owned())
        }
        State::Promise { mood, feeling } => {
            (State::Remind { mood, feeling, promise: text }, "Shall I remind you?".to_owned())
        }
        State::Remind { promise, .. } => (State::Idle, format!("It is in the book: {promise}")),
    };
    dialogue.update(state).await?;
    bot.send_message(message.chat.id, said).await?;
    Ok(())
}
