//! The quick answer to a pressed button: the little clock on it stops, and the keyboard gives way to what was chosen.
//!
//! Best effort, outside of the outbox: it says nothing that matters, a failure is ignored, and the loop never waits for it.

use std::time::Duration;

use serde_json::Value;
use serde_json::value::RawValue;
use teloxide::payloads::{AnswerCallbackQuery, EditMessageReplyMarkup, EditMessageReplyMarkupSetters};
use teloxide::types::{CallbackQueryId, ChatId, InlineKeyboardButton, InlineKeyboardMarkup, MessageId};

use super::INERT;
use super::api::{Api, Failure};
use crate::types::Button;

/// Telegram forgets a press after about 15 seconds; an answer that takes longer helps nobody.
const LIMIT: Duration = Duration::from_secs(10);

/// A press that was stored and wants its quick answer.
#[derive(Debug, PartialEq)]
pub(super) struct Press {
    answer: AnswerCallbackQuery,
    edit: Option<EditMessageReplyMarkup>,
}

impl Press {
    /// The press in an update, if it is one. The keyboard is only replaced when it still shows the pressed button, and that button
    /// cannot be pressed again.
    pub(super) fn read(update: &RawValue) -> Option<Self> {
        let update: Value = serde_json::from_str(update.get()).ok()?;
        let query = update.get("callback_query")?;
        let id = CallbackQueryId(query.get("id")?.as_str()?.to_owned());
        Some(Self { answer: AnswerCallbackQuery::new(id), edit: replacement(query) })
    }

    /// Makes both calls at once, in the background.
    pub(super) fn acknowledge(self, api: Api) {
        tokio::spawn(async move {
            let answer = async { ignore("answer", api.call::<bool>("answerCallbackQuery", &self.answer, LIMIT).await) };
            let edit = async {
                if let Some(edit) = &self.edit {
                    ignore("edit", api.call::<Value>("editMessageReplyMarkup", edit, LIMIT).await);
                }
            };
            tokio::join!(answer, edit);
        });
    }
}

fn ignore<T>(what: &'static str, outcome: Result<T, Failure>) {
    if let Err(error) = outcome {
        tracing::debug!(press.call = what, %error, "a pressed button was not answered in full; nothing is lost");
    }
}

fn replacement(query: &Value) -> Option<EditMessageReplyMarkup> {
    let data = query.get("data")?.as_str().filter(|data| *data != INERT && !data.starts_with(Button::STAYS))?;
    let message = query.get("message")?;
    let chat = ChatId(message.get("chat")?.get("id")?.as_i64()?);
    let id = MessageId(i32::try_from(message.get("message_id")?.as_i64()?).ok()?);
    let chosen = format!("✓ {}", label(message, data)?);
    let markup = InlineKeyboardMarkup::new([[InlineKeyboardButton::callback(chosen, INERT)]]);
    Some(EditMessageReplyMarkup::new(chat, id).reply_markup(markup))
}

fn label<'a>(message: &'a Value, data: &str) -> Option<&'a str> {
    let rows = message.get("reply_markup")?.get("inline_keyboard")?.as_array()?;
    let mut buttons = rows.iter().filter_map(Value::as_array).flatten();
    buttons.find(|button| button.get("callback_data").and_then(Value::as_str) == Some(data))?.get("text")?.as_str()
}
