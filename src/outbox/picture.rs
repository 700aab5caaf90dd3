//! Draws the picture of a message on its way out, beside the threads on which everything else happens.
//!
//! A picture that cannot be drawn never holds a message back: its text says the same.

use std::sync::Arc;

use crate::counters::Counters;
use crate::picture::{self, NotDrawn};
use crate::types::{Drawing, Platform};

/// The counter of pictures that were not drawn.
const UNDRAWN: &str = "outbox.undrawn";

/// The picture as a file, where the platform takes files: the terminal draws for itself.
pub(super) async fn draw(drawing: Option<&Drawing>, platform: Platform, counters: &Counters) -> Option<Arc<[u8]>> {
    let drawing = drawing.filter(|_| platform != Platform::Console)?.clone();
    apart(move || picture::draw(&drawing), platform, counters).await
}

/// Runs it on a thread of its own kind. Neither an error nor a panic in it says anything of the person.
async fn apart(
    draw: impl FnOnce() -> Result<Vec<u8>, NotDrawn> + Send + 'static,
    platform: Platform,
    counters: &Counters,
) -> Option<Arc<[u8]>> {
    let reason = match tokio::task::spawn_blocking(draw).await {
        Ok(Ok(file)) => return Some(file.into()),
        Ok(Err(_)) => "not_drawn",
        Err(_) => "panic",
    };
    tracing::error!(platform = platform.as_str(), reason, "a picture could not be drawn; its text goes out alone");
    counters.add_on(platform, UNDRAWN, reason, 1);
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{Subject, Theme};

    #[tokio::test]
    async fn files_are_drawn_where_they_are_taken() {
        let drawing = Drawing { subject: Subject::Bars { weeks: vec![] }, theme: Theme::Light };
        let (counters, some) = (Counters::default(), Some(&drawing));
        assert!(draw(some, Platform::Telegram, &counters).await.is_some_and(|file| file.starts_with(b"\x89PNG")));
        assert_eq!(draw(some, Platform::Console, &counters).await, None);
        assert_eq!(draw(None, Platform::Telegram, &counters).await, None);
        assert_eq!(counters.all(), []);
    }

    #[tokio::test]
    async fn what_cannot_be_drawn_is_counted_and_nothing_else() {
        let counters = Counters::default();
        let error = apart(|| Err(NotDrawn("for a test")), Platform::Discord, &counters).await;
        let panic = apart(|| panic!("for a test"), Platform::Discord, &counters).await;
        assert_eq!((error, panic), (None, None));
        assert_eq!((counters.get(UNDRAWN, "not_drawn"), counters.get(UNDRAWN, "panic")), (1, 1));
    }
}
