//! One call of the Bot API over HTTP, and how it can fail.
//!
//! It never retries, and no error of it holds the address (the token is part of it) or a text.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use reqwest::header::RETRY_AFTER;
use reqwest::multipart::Form;
use reqwest::{Client, RequestBuilder, Response, redirect};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::platform::{Endpoint, asked_to_wait};

const CONNECT_LIMIT: Duration = Duration::from_secs(5);
/// How long a connection is quiet before it is asked whether it is still there.
const KEEP_ALIVE: Duration = Duration::from_secs(30);

/// A bot's way to its server.
#[derive(Clone)]
pub(super) struct Api {
    client: Client,
    base: String,
    token: SecretString,
}

impl Api {
    /// A client that follows no redirect, and takes no proxy for a server on this machine. Connections are kept for the next
    /// call.
    pub(super) fn new(endpoint: &Endpoint, token: SecretString) -> Result<Self, reqwest::Error> {
        let builder = Client::builder()
            .connect_timeout(CONNECT_LIMIT)
            .tcp_keepalive(KEEP_ALIVE)
            .redirect(redirect::Policy::none());
        let builder = if on_this_machine(endpoint) { builder.no_proxy() } else { builder };
        Ok(Self { client: builder.build()?, base: endpoint.as_str().to_owned(), token })
    }

    /// Calls one method and reads its result, within `limit` from the first byte to the last.
    pub(super) async fn call<T: DeserializeOwned>(
        &self,
        method: &str,
        body: &(impl Serialize + Sync),
        limit: Duration,
    ) -> Result<T, Failure> {
        let request = self.post(method, limit).json(body);
        read(request.send().await.map_err(Failure::before_answer)?).await
    }

    /// The same with a form, which may hold files.
    pub(super) async fn upload<T: DeserializeOwned>(
        &self,
        method: &str,
        form: Form,
        limit: Duration,
    ) -> Result<T, Failure> {
        let request = self.post(method, limit).multipart(form);
        read(request.send().await.map_err(Failure::before_answer)?).await
    }

    fn post(&self, method: &str, limit: Duration) -> RequestBuilder {
        let url = format!("{}/bot{}/{method}", self.base, self.token.expose_secret());
        self.client.post(url).timeout(limit)
    }
}

impl fmt::Debug for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Api").field("base", &self.base).finish_non_exhaustive()
    }
}

fn on_this_machine(endpoint: &Endpoint) -> bool {
    let host = endpoint.url().host_str().unwrap_or_default();
    host == "localhost" || host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// Why a call brought no result.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Failure {
    /// No connection was made: the server did not see the call.
    #[error("no connection")]
    NotConnected,
    /// Something before the server turned the call away: the server did not see it.
    #[error("turned away with {0} on the way")]
    TurnedAway(u16),
    /// The server, or what stands before it, says that it failed.
    #[error("failed with {0}")]
    Failed(u16),
    /// The call was made but no readable answer came; the server may have done it.
    #[error("{0}")]
    Unclear(&'static str),
    /// The server answered that it did not do it.
    #[error("error {}", .0.code)]
    Denied(Denial),
}

/// The server's "no", as far as it matters to us.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Denial {
    /// `error_code`, or the HTTP status where that is missing.
    pub(super) code: u64,
    /// The server's words in lower case. To be compared with, never to be shown: they may quote what was sent.
    pub(super) words: String,
    /// How long to wait, when the server said so.
    pub(super) retry_after: Option<Duration>,
    /// The chat's new id, when it has one.
    pub(super) moved_to: Option<i64>,
}

impl Failure {
    fn before_answer(error: reqwest::Error) -> Self {
        let error = error.without_url();
        if error.is_connect() || error.is_builder() {
            Self::NotConnected
        } else if error.is_timeout() {
            Self::Unclear("no answer in time")
        } else {
            Self::Unclear("connection lost")
        }
    }

    fn in_answer(error: reqwest::Error) -> Self {
        if error.is_timeout() { Self::Unclear("no answer in time") } else { Self::Unclear("connection lost") }
    }
}

async fn read<T: DeserializeOwned>(response: Response) -> Result<T, Failure> {
    let status = response.status().as_u16();
    let wait = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
    let body = response.bytes().await.map_err(|error| Failure::in_answer(error.without_url()))?;
    if let Ok(Answer { result: Some(result), .. }) = serde_json::from_slice::<Answer<T>>(&body) {
        return Ok(result);
    }
    let Ok(answer) = serde_json::from_slice::<Value>(&body) else { return Err(no_json(status, wait)) };
    match denial(status, &answer, wait) {
        Some(denial) => Err(Failure::Denied(denial)),
        None => Err(Failure::Unclear("an answer in an unknown form")),
    }
}

/// A page of something else: of a proxy that turned us away, or of one that has lost the server behind it.
fn no_json(status: u16, wait: Option<f64>) -> Failure {
    match status {
        429 => Failure::Denied(Denial {
            code: 429,
            words: String::new(),
            retry_after: asked_to_wait(wait),
            moved_to: None,
        }),
        300..500 => Failure::TurnedAway(status),
        500 | 502 | 503 => Failure::Failed(status),
        _ => Failure::Unclear("an answer that is not JSON"),
    }
}

#[derive(serde::Deserialize)]
struct Answer<T> {
    #[serde(rename = "ok")]
    _ok: True,
    result: Option<T>,
}

/// The JSON value `true`, nothing else.
#[derive(serde::Deserialize)]
#[serde(try_from = "bool")]
struct True;

impl TryFrom<bool> for True {
    type Error = &'static str;

    fn try_from(flag: bool) -> Result<Self, Self::Error> {
        if flag { Ok(Self) } else { Err("not true") }
    }
}

fn denial(status: u16, answer: &Value, wait: Option<f64>) -> Option<Denial> {
    if answer.get("ok") != Some(&Value::Bool(false)) {
        return None;
    }
    let parameters = &answer["parameters"];
    Some(Denial {
        code: answer["error_code"].as_u64().unwrap_or(u64::from(status)),
        words: answer["description"].as_str().unwrap_or_default().to_lowercase(),
        retry_after: asked_to_wait(seconds(&parameters["retry_after"]).or(wait)),
        moved_to: parameters["migrate_to_chat_id"].as_i64(),
    })
}

/// A number, also one that was written as a text.
fn seconds(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str()?.parse().ok())
}
