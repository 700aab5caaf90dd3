//! What people wrote in private chats while nobody listened: read over HTTP and put into the inbox like everything else.
//!
//! The gateway sends an event once, to whoever listens at that moment. So when a new session begins, the chats that were used
//! lately are read from a little before the last thing that was heard, the latest chat first, a few each second. The inbox knows
//! what it has seen by its key, so reading too much costs nothing. A chat in which something happens meanwhile is read first, so
//! that its order is kept. Presses and commands cannot be read back; Discord showed the person that they failed.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use reqwest::Method;
use serde_json::Value;
use tokio::sync::Mutex;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::inbound;
use super::rest::{ApiError, Rest};
use crate::platform::inbox::{Inbox, RawEvent};
use crate::types::{Platform, Private};

/// Five chats a second: what the pace of sending leaves of Discord's 50 requests.
const PAUSE: Duration = Duration::from_millis(200);
/// The most that Discord gives at once, and how often a chat is asked for more.
const PAGE: usize = 100;
const PAGES: usize = 10;
/// How often a chat is tried.
const TRIES: u32 = 5;
/// The longest pause after "too fast" or no answer.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// When Discord's ids begin to count, in milliseconds (Discord, "Snowflakes").
pub(super) const EPOCH: i64 = 1_420_070_400_000;

/// The chats that are still to be read.
pub(super) struct CatchUp {
    rest: Arc<Rest>,
    inbox: Arc<dyn Inbox>,
    bot: String,
    behind: Mutex<Behind>,
}

#[derive(Default)]
struct Behind {
    /// Counts the sessions; only the last one reads.
    session: u64,
    /// Everything after this id is read.
    since: u64,
    chats: VecDeque<Chat>,
}

struct Chat {
    id: String,
    tries: u32,
}

/// Why a chat was not read.
enum Trouble {
    /// There is nothing to read, or not for us.
    Closed,
    /// It is worth another try, after this time if Discord named one.
    Later(Option<Duration>),
}

impl CatchUp {
    pub(super) fn new(rest: Arc<Rest>, inbox: Arc<dyn Inbox>, bot: String) -> Self {
        Self { rest, inbox, bot, behind: Mutex::default() }
    }

    /// A new session begins: what chats are there, and since when may something be missing? Nothing of the new session may be in
    /// the inbox before. Returns the session's number.
    pub(super) async fn begin(&self) -> u64 {
        let mut behind = self.behind.lock().await;
        match self.inbox.heard(Platform::Discord, &self.bot).await {
            Ok(heard) => {
                let chats = heard.chats.into_iter().map(|id| Chat { id, tries: 0 }).collect();
                behind.since = heard.since.map_or(0, first_id);
                behind.chats = chats;
            }
            Err(error) => tracing::error!(%error, "What was written on Discord meanwhile cannot be read."),
        }
        behind.session += 1;
        behind.session
    }

    /// Reads all of them, one after the other, until another session begins.
    pub(super) async fn run(&self, session: u64, stop: &CancellationToken) {
        let mut read = 0;
        loop {
            let pause = {
                let mut behind = self.behind.lock().await;
                let Some(chat) = behind.chats.front().filter(|_| behind.session == session) else { break };
                match self.read(&chat.id, behind.since).await {
                    Ok(new) => {
                        read += new;
                        behind.chats.pop_front();
                        PAUSE
                    }
                    Err(trouble) => behind.put_off(&trouble),
                }
            };
            tokio::select! {
                () = stop.cancelled() => return,
                () = sleep(pause) => {}
            }
        }
        tracing::debug!(messages = read, "Discord: the chats were read.");
    }

    /// Reads this chat now if that is still to be done, because something happens in it that may wait for so long.
    pub(super) async fn read_first(&self, chat: &str, limit: Duration) {
        let read = async {
            let mut behind = self.behind.lock().await;
            let Some(place) = behind.chats.iter().position(|behind| behind.id == chat) else { return };
            match self.read(chat, behind.since).await {
                Ok(_) | Err(Trouble::Closed) => drop(behind.chats.remove(place)),
                Err(Trouble::Later(_)) => {}
            }
        };
        // Then it is read in its turn, and what is new stands before what is old.
        let _ = timeout(limit, read).await;
    }

    /// Stores what stands in a chat after an id, and says how many messages of people that was.
    async fn read(&self, chat: &str, since: u64) -> Result<usize, Trouble> {
        let (mut after, mut count) = (since, 0);
        for _ in 0..PAGES {
            let path = format!("/channels/{chat}/messages?after={after}&limit={PAGE}");
            let page = self.rest.call(Method::GET, &path, None).await.map_err(Trouble::from)?;
            let mut messages: Vec<(u64, &Value)> =
                page.as_array().into_iter().flatten().filter_map(|message| Some((id_of(message)?, message))).collect();
            messages.sort_unstable_by_key(|(id, _)| *id);
            let events: Vec<RawEvent> = messages.iter().filter_map(|(_, message)| event(message)).collect();
            count += events.len();
            if !events.is_empty() {
                let stored = self.inbox.put(Platform::Discord, &self.bot, events).await;
                stored.map_err(|_| Trouble::Later(None))?;
            }
            match messages.last() {
                Some((last, _)) if messages.len() >= PAGE => after = *last,
                _ => break,
            }
        }
        Ok(count)
    }
}

impl Behind {
    /// The first chat goes to the end, or away; and how long to wait.
    fn put_off(&mut self, trouble: &Trouble) -> Duration {
        let Some(mut chat) = self.chats.pop_front() else { return PAUSE };
        let Trouble::Later(asked) = trouble else { return PAUSE };
        chat.tries += 1;
        let pause = asked.unwrap_or(PAUSE * 2_u32.pow(chat.tries)).min(LONGEST_PAUSE);
        if chat.tries < TRIES {
            self.chats.push_back(chat);
        } else {
            tracing::warn!("A chat on Discord could not be read; what was written in it meanwhile may be missing.");
        }
        pause
    }
}

impl From<ApiError> for Trouble {
    fn from(error: ApiError) -> Self {
        match error {
            ApiError::Status { status: 429, retry_after, .. } => Self::Later(retry_after),
            ApiError::Status { status: 400..500, .. } => Self::Closed,
            _ => Self::Later(None),
        }
    }
}

/// The first id that Discord gives at an instant.
fn first_id(at: Timestamp) -> u64 {
    u64::try_from(at.as_millisecond() - EPOCH).unwrap_or(0) << 22
}

fn id_of(message: &Value) -> Option<u64> {
    message["id"].as_str()?.parse().ok()
}

/// The same event, under the same key, as from the gateway; nothing for what is no input.
fn event(message: &Value) -> Option<RawEvent> {
    let raw = inbound::wrap("message", message.clone());
    Some(RawEvent { id: inbound::decode(&raw)?.event, raw: Private::new(raw) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_count_from_the_first_day_of_2015() {
        assert_eq!(first_id("2015-01-01T00:00:00Z".parse().unwrap()), 0);
        assert_eq!(first_id("2014-01-01T00:00:00Z".parse().unwrap()), 0);
        // Discord, "Snowflakes": the example of the documentation.
        assert_eq!(first_id("2016-04-30T11:18:25.796Z".parse().unwrap()), 175_928_847_299_117_063 >> 22 << 22);
    }
}
