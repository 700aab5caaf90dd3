//! Draws the picture of a message on its way out, beside the threads on which everything else happens.
//!
//! A picture that cannot be drawn never holds a message back: its text says the same.

use std::sync::Arc;

use crate::counters::Counters;
use crate::picture;
use crate::types::{Drawing, Platform};

/// The counter of pictures that were not drawn.
const UNDRAWN: &str = "outbox.undrawn";

/// The picture as a file, where the platform takes files: the terminal draws for itself.
pub(super) async fn draw(drawing: Option<&Drawing>, platform: Platform, counters: &Counters) -> Option<Arc<[u8]>> {
    let drawing = drawing.filter(|_| platform != Platform::Console)?.clone();
    let name = drawing.subject.picture().as_str();
    // Neither an error nor a panic of the drawing holds a number of the person's.
    let reason = match tokio::task::spawn_blocking(move || picture::draw(&drawing)).await {
        Ok(Ok(file)) => return Some(file.into()),
        Ok(Err(_)) => "not_drawn",
        Err(_) => "panic",
    };
    tracing::error!(picture = name, platform = platform.as_str(), reason, "a picture could not be drawn; its text goes out alone");
    counters.add_on(platform, UNDRAWN, reason, 1);
    None
}
