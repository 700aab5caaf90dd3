//! Discord's HTTP API v10: one request, one answer, and what an error means.
//!
//! No retries, no waiting for rate limits: the outbox does that. A call that Discord would refuse for its rate is not made. Errors carry the status and Discord's error code in fixed
//! words, never an address (they contain tokens), never a body.

use std::time::Duration;

use reqwest::header::{AUTHORIZATION, RETRY_AFTER, USER_AGENT};
use reqwest::multipart::{Form, Part};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use tokio::time::Instant;

use super::limits::Limits;
use crate::outbox::{SendError, Waits};
use crate::platform::{Endpoint, Network, asked_to_wait};

const CONNECT_LIMIT: Duration = Duration::from_secs(5);
const TOTAL_LIMIT: Duration = Duration::from_secs(15);
/// How long a connection is quiet before it is asked whether it is still there.
const KEEP_ALIVE: Duration = Duration::from_secs(30);
const AGENT: &str = concat!("DiscordBot (goldseam, ", env!("CARGO_PKG_VERSION"), ")");

/// Already acknowledged.
pub(super) const ACKNOWLEDGED: u64 = 40060;
/// The message that a nonce stands for was deleted since.
const NONCE_MESSAGE_DELETED: u64 = 10008;
/// The interaction's token is not good any more: unknown interaction, unknown webhook, invalid token, too many follow-ups.
const EXPIRED: [u64; 4] = [10062, 10015, 50027, 40094];
/// Unknown channel or user, missing access, no messages to this user, missing permissions, invalid recipient, no mutual
/// server.
const UNREACHABLE: [u64; 7] = [10003, 10013, 50001, 50007, 50013, 50033, 50278];
/// DMs opened too fast.
const OPENED_TOO_FAST: u64 = 40003;
/// Write rate of the channel, edits of an old message.
const TOO_FAST: [u64; 2] = [20028, 30046];
/// Overloaded, internal network error.
const OVERLOADED: [u64; 2] = [130_000, 40333];
/// The message as such is not accepted: a field of it is wrong, or it is too large.
const MALFORMED: [u64; 2] = [50035, 40005];
/// How the file of a message is called.
pub(super) const FILE_NAME: &str = "goldseam.png";
/// Unknown message, somebody else's message, a message of the system, too many edits of an old one.
const BEYOND_CHANGE: [u64; 4] = [10008, 50005, 50021, 30046];

/// A client for one bot.
pub struct Rest {
    http: reqwest::Client,
    root: String,
    token: SecretString,
    network: Network,
    limits: Limits,
    limit: Duration,
}

/// Why a request was not answered as hoped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ApiError {
    /// No connection: surely not done.
    Connect,
    /// The connection was lost, the time was over, or the answer was unreadable: may have been done.
    Lost(&'static str),
    /// Discord answered with an error.
    Status { status: u16, code: u64, retry_after: Option<Duration>, global: bool },
}

impl Rest {
    /// A client for the API at `api`: `https://discord.com`, or a server of our own in tests; `/api` or `/api/v10` behind
    /// it is dropped.
    ///
    /// # Errors
    /// When the TLS backend cannot be set up.
    pub fn new(api: &Endpoint, network: Network, token: SecretString) -> anyhow::Result<Self> {
        let http = client(network)?;
        Ok(Self { http, root: root(api), token, network, limits: Limits::default(), limit: TOTAL_LIMIT })
    }

    /// The same with another limit for one call, for tests that wait for it.
    #[must_use]
    pub fn with_limit(self, limit: Duration) -> Self {
        Self { limit, ..self }
    }

    /// The address without `/api/v10`.
    pub(super) fn root(&self) -> &str {
        &self.root
    }

    /// Which hosts may be talked to.
    pub(super) fn network(&self) -> Network {
        self.network
    }

    pub(super) fn token(&self) -> &SecretString {
        &self.token
    }

    /// One request below `/api/v10`.
    pub(super) async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value, ApiError> {
        self.request(method, path, |request| match body {
            Some(body) => request.json(body),
            None => request,
        })
        .await
    }

    /// The same with a file beside the body: the one that `attachments` calls 0 (Discord, "Uploading Files").
    pub(super) async fn call_with_file(
        &self,
        method: Method,
        path: &str,
        body: &Value,
        file: &[u8],
    ) -> Result<Value, ApiError> {
        let form = Form::new()
            .text("payload_json", body.to_string())
            .part("files[0]", Part::bytes(file.to_vec()).file_name(FILE_NAME));
        self.request(method, path, |request| request.multipart(form)).await
    }

    async fn request(
        &self,
        method: Method,
        path: &str,
        fill: impl FnOnce(RequestBuilder) -> RequestBuilder,
    ) -> Result<Value, ApiError> {
        if let Some(wait) = self.limits.wait(&method, path, Instant::now()) {
            return Err(ApiError::Status { status: 429, code: 0, retry_after: Some(wait), global: false });
        }
        let request = self
            .http
            .request(method.clone(), format!("{}/api/v10{path}", self.root))
            .header(AUTHORIZATION, format!("Bot {}", self.token.expose_secret()))
            .header(USER_AGENT, AGENT)
            .timeout(self.limit);
        let response = fill(request).send().await.map_err(|error| lost(&error))?;
        self.limits.note(&method, path, response.headers(), Instant::now());
        if response.status().is_success() { success(response).await } else { Err(refusal(response).await) }
    }
}

/// The HTTP client for the API and for serenity.
pub(super) fn client(network: Network) -> anyhow::Result<reqwest::Client> {
    let builder = reqwest::Client::builder()
        .connect_timeout(CONNECT_LIMIT)
        .timeout(TOTAL_LIMIT)
        .tcp_keepalive(KEEP_ALIVE)
        .redirect(reqwest::redirect::Policy::none());
    let builder = if network == Network::Loopback { builder.no_proxy() } else { builder };
    Ok(builder.build()?)
}

fn root(api: &Endpoint) -> String {
    let address = api.as_str().trim_end_matches("/v10").trim_end_matches('/');
    address.strip_suffix("/api").unwrap_or(address).trim_end_matches('/').to_owned()
}

fn lost(error: &reqwest::Error) -> ApiError {
    match error {
        error if error.is_connect() => ApiError::Connect,
        error if error.is_timeout() => ApiError::Lost("no answer in time"),
        _ => ApiError::Lost("the connection was lost"),
    }
}

async fn success(response: Response) -> Result<Value, ApiError> {
    let body = response.bytes().await.map_err(|error| lost(&error))?;
    if body.is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_slice(&body).map_err(|_| ApiError::Lost("the answer is not JSON"))
}

/// Reads an error. A 429 without JSON comes from the network in front of Discord, and is for everything we send.
async fn refusal(response: Response) -> ApiError {
    let status = response.status();
    let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let wait = header(RETRY_AFTER.as_str()).and_then(|seconds| seconds.parse::<f64>().ok());
    let global = header("x-ratelimit-global").as_deref() == Some("true")
        || header("x-ratelimit-scope").as_deref() == Some("global");
    let body: Option<Value> = response.bytes().await.ok().and_then(|body| serde_json::from_slice(&body).ok());
    let field = |name: &str| body.as_ref().and_then(|body| body.get(name));
    let wait = field("retry_after").and_then(Value::as_f64).or(wait);
    ApiError::Status {
        status: status.as_u16(),
        code: field("code").and_then(Value::as_u64).unwrap_or(0),
        retry_after: asked_to_wait(wait),
        global: global
            || field("global").and_then(Value::as_bool).unwrap_or(false)
            || (status == StatusCode::TOO_MANY_REQUESTS && body.is_none()),
    }
}

impl ApiError {
    /// Discord's error code; 0 when there is none.
    pub(super) fn code(&self) -> u64 {
        match self {
            ApiError::Status { code, .. } => *code,
            ApiError::Connect | ApiError::Lost(_) => 0,
        }
    }

    /// True when the server knows no such path.
    pub(super) fn is_unknown_path(&self) -> bool {
        matches!(self, ApiError::Status { status: 404, .. })
    }

    /// True when an interaction cannot be answered any more.
    pub(super) fn is_expired(&self) -> bool {
        EXPIRED.contains(&self.code())
    }

    /// True when the message had arrived before and was deleted since.
    pub(super) fn is_deleted(&self) -> bool {
        self.code() == NONCE_MESSAGE_DELETED
    }

    /// True when a message cannot be changed, now or ever.
    pub(super) fn is_beyond_change(&self) -> bool {
        BEYOND_CHANGE.contains(&self.code())
    }

    /// True when something in the message is not accepted.
    pub(super) fn is_malformed(&self) -> bool {
        MALFORMED.contains(&self.code())
    }

    /// What the outbox should do about it.
    pub(super) fn classify(&self) -> SendError {
        match *self {
            ApiError::Connect => SendError::NotSent("no connection to Discord".into()),
            ApiError::Lost(why) => SendError::Ambiguous(why.into()),
            ApiError::Status { status, code, retry_after, global } => classify(status, code, retry_after, global),
        }
    }
}

fn classify(status: u16, code: u64, retry_after: Option<Duration>, global: bool) -> SendError {
    let limited = |otherwise: u64, who: Waits| SendError::RateLimited {
        retry_after: retry_after.unwrap_or(Duration::from_secs(otherwise)),
        who: if global { Waits::Everything } else { who },
    };
    match (status, code) {
        (401, _) => SendError::Unauthorized,
        (_, code) if UNREACHABLE.contains(&code) => SendError::Gone(format!("Discord error {code}")),
        (_, OPENED_TOO_FAST) => limited(60, Waits::Bulk),
        (_, code) if TOO_FAST.contains(&code) => limited(60, Waits::Chat),
        (_, code) if OVERLOADED.contains(&code) => SendError::NotSent("Discord is overloaded".into()),
        (429, _) => limited(1, Waits::Chat),
        (403 | 408, 0) => SendError::NotSent("refused on the way to Discord".into()),
        (500.., _) => SendError::Ambiguous(format!("Discord answered {status}")),
        _ => SendError::Refused(format!("Discord answered {status}, error {code}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_may_end_in_api() {
        for address in
            ["http://127.0.0.1:9", "http://127.0.0.1:9/", "http://127.0.0.1:9/api", "http://127.0.0.1:9/api/v10/"]
        {
            assert_eq!(root(&Endpoint::new(address, Network::Loopback).unwrap()), "http://127.0.0.1:9");
        }
        assert_eq!(root(&Endpoint::new("https://discord.com", Network::Open).unwrap()), "https://discord.com");
    }
}
