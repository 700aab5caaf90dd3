//! Telegram: updates in by long polling or by a webhook, messages out through the Bot API.
//!
//! [`Listener`] fetches raw updates, or is handed them, and stores them before they are confirmed, [`decode`] reads one stored update,
//! [`Sender`] renders and sends one message. The types of requests are teloxide's; the HTTP calls are ours, because the
//! outbox must see the status, the error code and the waiting time that teloxide's client drops.
//!
//! Never here: deciding what an input means, SQL, retries of a message, and the token or any text in a log or an error.

mod api;
mod inbound;
mod listen;
mod outbound;
mod press;
mod render;
mod webhook;

pub use inbound::{decode, wrap};
pub use listen::{Listener, Me, PollError};
pub use outbound::Sender;
pub use render::{escape, html};
pub use webhook::Webhook;

/// The address of the real Bot API.
pub const OFFICIAL: &str = "https://api.telegram.org";

/// What an inert button carries: the one that shows which choice was pressed. [`decode`] drops it.
pub(crate) const INERT: &str = "n";

/// True when a text looks like a bot token: `123456:AAE-x_...`. It tells a wrong paste from a token, not a valid token
/// from a revoked one. Lenient about lengths: servers of one's own and test servers give shorter ones.
///
/// ```
/// use goldseam::platform::telegram::token_shape_ok;
/// assert!(token_shape_ok("123456:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"));
/// assert!(!token_shape_ok("@GoldseamBot"));
/// ```
#[must_use]
pub fn token_shape_ok(token: &str) -> bool {
    let Some((id, secret)) = token.split_once(':') else { return false };
    !id.is_empty()
        && id.bytes().all(|byte| byte.is_ascii_digit())
        && secret.len() >= 8
        && secret.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

/// True when Telegram takes a text as the secret of a webhook, and it is long enough not to be guessed.
#[must_use]
pub fn secret_shape_ok(secret: &str) -> bool {
    (16..=256).contains(&secret.len())
        && secret.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_has_a_number_a_colon_and_a_long_secret() {
        assert!(token_shape_ok("123456:TEST-token_of_a_fake_server"));
        for wrong in [
            "",
            ":",
            "123456:short",
            "123456:TEST-token with a space in it",
            "x123456:TEST-token_of_a_fake_server",
            " 123456:TEST-token_of_a_fake_server",
        ] {
            assert!(!token_shape_ok(wrong), "{wrong}");
        }
    }
}
