//! Discord: direct messages, slash commands, buttons and forms.
//!
//! - [`inbound`]: stored JSON to [`crate::types::Inbound`]; pure.
//! - [`markdown`]: [`crate::types::Rich`] to Discord's Markdown; pure.
//! - [`components`]: buttons, menus and forms; pure.
//! - [`listen`]: events into the inbox, and the acknowledgements that Discord wants within three seconds; `gateway` holds
//!   serenity's client for it, `catch_up` reads what was written while nobody listened.
//! - [`outbound`]: messages out, over the REST client in [`rest`], which heeds the `limits` that Discord tells.
//! - [`shards`]: the connections of one bot to the gateway.
//! - [`interactions`]: how far each interaction was answered, shared by listener and sender.
//!
//! Nothing personal is ever posted into a server's channel: answers there are ephemeral, everything else is a DM. No
//! privileged intent is asked for, and messages in servers are never read.

mod catch_up;
pub mod components;
mod gateway;
pub mod inbound;
pub mod interactions;
mod limits;
pub mod listen;
pub mod markdown;
pub mod outbound;
pub mod rest;
pub mod shards;

pub use inbound::decode;
pub use interactions::Interactions;
pub use listen::{ListenError, Listener, PATIENCE, Settings, SlashCommand, locales};
pub use outbound::Sender;
pub use rest::Rest;
pub use shards::Shard;

/// True when a text has the shape of a bot token: three parts of base64url with dots between them. Says nothing about
/// whether Discord accepts it, and is lenient about lengths.
///
/// ```
/// use goldseam::platform::discord::token_shape_ok;
/// assert!(token_shape_ok("MTE4NzY1NDMyMTA5ODc2NTQz.GaBcDe.abcdefghijklmnopqrstuvwxyz0123456789AB"));
/// assert!(!token_shape_ok("Bot MTE4.x.y"));
/// ```
#[must_use]
pub fn token_shape_ok(token: &str) -> bool {
    let parts: Vec<&str> = token.split('.').collect();
    let fits = |part: &str, least: usize| {
        part.len() >= least && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
    };
    matches!(parts[..], [id, time, check] if fits(id, 4) && fits(time, 1) && fits(check, 4))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_has_three_parts() {
        for wrong in ["", "a.b.c", "MTE4NzY1NDMyMTA5ODc2NTQz.GaBcDe", "MTE4NzY1NDMyMTA5ODc2NTQz.GaBcDe.x"] {
            assert!(!token_shape_ok(wrong), "{wrong}");
        }
    }
}
