//! What Discord's headers tell of its buckets, so that a call that would be refused is not made: too many refused calls get an
//! address locked out.
//!
//! Only what is used up is remembered, and only until it fills again. Interactions have no limit of this kind.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use reqwest::Method;
use reqwest::header::HeaderMap;
use tokio::time::Instant;

use crate::platform::asked_to_wait;

/// How many used up buckets are remembered before those that filled again are forgotten.
const ROOM: usize = 1024;

/// The buckets of one bot.
#[derive(Default)]
pub(super) struct Limits(Mutex<Known>);

#[derive(Default)]
struct Known {
    /// Discord's name for the bucket of a route; routes may share one.
    buckets: HashMap<String, String>,
    /// Until when a bucket of a channel or webhook is used up.
    used_up: HashMap<(String, String), Instant>,
}

impl Limits {
    /// How long this call has to wait; `None` when it may be made.
    pub(super) fn wait(&self, method: &Method, path: &str, now: Instant) -> Option<Duration> {
        let (route, major) = route(method, path)?;
        let known = self.known();
        let until = *known.used_up.get(&(known.bucket(route), major))?;
        until.checked_duration_since(now).filter(|wait| !wait.is_zero())
    }

    /// Notes what an answer told.
    pub(super) fn note(&self, method: &Method, path: &str, headers: &HeaderMap, now: Instant) {
        let Some((route, major)) = route(method, path) else { return };
        let header = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let mut known = self.known();
        if let Some(bucket) = header("x-ratelimit-bucket") {
            known.buckets.insert(route.clone(), bucket.to_owned());
        }
        let wait = asked_to_wait(header("x-ratelimit-reset-after").and_then(|seconds| seconds.parse().ok()));
        if let (Some("0"), Some(wait)) = (header("x-ratelimit-remaining"), wait) {
            let bucket = known.bucket(route);
            known.make_room(now);
            known.used_up.insert((bucket, major), now + wait);
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn bucket(&self, route: String) -> String {
        self.buckets.get(&route).cloned().unwrap_or(route)
    }

    fn make_room(&mut self, now: Instant) {
        if self.used_up.len() >= ROOM {
            self.used_up.retain(|_, until| *until > now);
        }
    }
}

/// A route without its ids, and the id that a bucket belongs to (Discord, "Rate Limits": channel, webhook with its token).
fn route(method: &Method, path: &str) -> Option<(String, String)> {
    let path = path.split('?').next().unwrap_or_default();
    let mut parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    let major = match parts[..] {
        ["interactions", ..] => return None,
        ["channels", channel, ..] => channel.to_owned(),
        ["webhooks", id, token, ..] => format!("{id}/{token}"),
        _ => String::new(),
    };
    let keeps = |part: &&mut &str| part.bytes().any(|byte| !byte.is_ascii_digit());
    parts.iter_mut().skip(1).filter(|part| !keeps(part)).for_each(|part| *part = "*");
    if let ["webhooks", _, token, ..] = &mut parts[..] {
        *token = "*";
    }
    Some((format!("{method} {}", parts.join("/")), major))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(bucket: &str, remaining: &str, after: &str) -> HeaderMap {
        let all =
            [("x-ratelimit-bucket", bucket), ("x-ratelimit-remaining", remaining), ("x-ratelimit-reset-after", after)];
        all.into_iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn a_route_has_no_ids_and_belongs_to_one() {
        let of = |path| route(&Method::POST, path);
        let found = |route: &str, major: &str| Some((route.to_owned(), major.to_owned()));
        assert_eq!(of("/channels/12/messages"), found("POST channels/*/messages", "12"));
        assert_eq!(of("/channels/12/messages/34?x=1"), found("POST channels/*/messages/*", "12"));
        assert_eq!(of("/users/@me/channels"), found("POST users/@me/channels", ""));
        assert_eq!(
            of("/webhooks/1/secret/messages/@original"),
            found("POST webhooks/*/*/messages/@original", "1/secret")
        );
        assert_eq!(of("/interactions/1/secret/callback"), None);
    }

    #[test]
    fn a_bucket_that_is_used_up_is_waited_for() {
        let (limits, post, now) = (Limits::default(), Method::POST, Instant::now());
        let wait = |method, path, after| limits.wait(method, path, now + Duration::from_secs(after));
        limits.note(&post, "/channels/1/messages", &headers("b", "1", "5"), now);
        assert_eq!(wait(&post, "/channels/1/messages", 0), None);
        limits.note(&post, "/channels/1/messages", &headers("b", "0", "5"), now);
        assert_eq!(wait(&post, "/channels/1/messages", 1), Some(Duration::from_secs(4)));
        assert_eq!(wait(&post, "/channels/2/messages", 1), None, "another channel");
        limits.note(&Method::PATCH, "/channels/1/messages/3", &headers("b", "4", "5"), now);
        assert!(wait(&Method::PATCH, "/channels/1/messages/4", 1).is_some(), "the same bucket");
        assert_eq!(wait(&post, "/channels/1/messages", 5), None);
    }

    #[test]
    fn nonsense_in_headers_is_passed_over() {
        let (limits, post, now) = (Limits::default(), Method::POST, Instant::now());
        for (remaining, after) in [("0", "soon"), ("0", "-1"), ("none", "5"), ("0", "NaN")] {
            limits.note(&post, "/channels/1/messages", &headers("b", remaining, after), now);
            assert_eq!(limits.wait(&post, "/channels/1/messages", now), None, "{remaining} {after}");
        }
        limits.note(&post, "/channels/1/messages", &headers("b", "0", "1e99"), now);
        assert_eq!(limits.wait(&post, "/channels/1/messages", now), Some(Duration::from_secs(3600)));
    }
}
