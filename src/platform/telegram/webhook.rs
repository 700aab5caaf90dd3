//! The other way in: Telegram calls us, one update a call, and each is stored before the call is answered.
//!
//! Whatever is not answered with 200 comes again, so a store that is down costs nothing but time. What calls without our secret
//! is told nothing and changes nothing. Behind the answer everything is as with polling: the same inbox, the same keys. TLS is
//! the business of the proxy in front.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt as _, Empty, LengthLimitError, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_LENGTH, HeaderMap};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;
use serde_json::value::RawValue;
use subtle::ConstantTimeEq as _;
use teloxide::types::AllowedUpdate;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::api::{Api, Failure};
use super::listen::{Listener, Me, PollError, WANTED, pause_after, report, stored};
use super::press::Press;
use crate::platform::Endpoint;
use crate::platform::inbox::Inbox;
use crate::types::Platform;

/// The header in which Telegram proves that it is Telegram.
const SECRET: &str = "x-telegram-bot-api-secret-token";
/// The largest update. Telegram's are some ten thousand bytes at most; what is larger is not Telegram's.
const LARGEST: usize = 1 << 20;
/// How many calls Telegram may make at once (its own default), and how many connections are held.
const AT_ONCE: u8 = 40;
const CONNECTIONS: usize = 100;
/// How long a connection may be silent, and how long a call may take from its first byte to our answer.
const SILENCE: Duration = Duration::from_secs(30);
const CALL_LIMIT: Duration = Duration::from_secs(20);
/// How long calls under way may take when we stop.
const STOP_LIMIT: Duration = Duration::from_secs(5);

/// Where Telegram calls us, and how we know that it is Telegram.
#[derive(Clone, Debug)]
pub struct Webhook {
    /// The address that Telegram calls.
    pub url: Endpoint,
    /// Where this program waits for calls, behind a proxy.
    pub listen: SocketAddr,
    /// What every call has to bring: 1 to 256 of `A-Za-z0-9_-`.
    pub secret: SecretString,
}

/// `setWebhook`. Not teloxide's: its secret would be shown by `Debug`.
#[derive(Serialize)]
struct SetWebhook<'a> {
    url: &'a str,
    secret_token: &'a str,
    max_connections: u8,
    allowed_updates: [AllowedUpdate; 4],
}

impl Listener {
    /// Waits for Telegram's calls until `cancel`. Several programs may do so at once: whichever is called stores the update.
    ///
    /// # Errors
    /// Only those that [`PollError::is_final`]: they need the operator.
    pub async fn serve(
        self,
        webhook: &Webhook,
        inbox: Arc<dyn Inbox>,
        cancel: CancellationToken,
    ) -> Result<(), PollError> {
        let socket = TcpListener::bind(webhook.listen).await;
        let socket = socket.map_err(|error| PollError::Address(webhook.listen, error.kind()))?;
        let Some(me) = patiently(&cancel, || self.who()).await? else { return Ok(()) };
        tracing::info!(bot = me.username, listen = %webhook.listen, "Telegram: waiting to be called");
        let desk = Arc::new(Desk::new(&self.api, me, webhook, inbox));
        let stop = cancel.child_token();
        let calls = tokio::spawn(take_calls(socket, desk, stop.clone()));
        let announced = patiently(&cancel, || self.announce(webhook)).await;
        if announced.is_ok() {
            cancel.cancelled().await;
        }
        stop.cancel();
        // Whatever is not stored by then comes again.
        let _ = calls.await;
        announced.map(drop)
    }

    /// Tells Telegram to call us, and how.
    async fn announce(&self, webhook: &Webhook) -> Result<(), PollError> {
        let set = SetWebhook {
            url: webhook.url.as_str(),
            secret_token: webhook.secret.expose_secret(),
            max_connections: AT_ONCE,
            allowed_updates: WANTED,
        };
        match self.api.call::<bool>("setWebhook", &set, self.slack).await {
            Err(Failure::Denied(denial)) if denial.code == 400 => return Err(PollError::Webhook),
            other => other?,
        };
        self.set_menu().await;
        tracing::info!("Telegram: connected");
        Ok(())
    }
}

/// Tries until it succeeds; `None` when it was cancelled before.
async fn patiently<T, F: Future<Output = Result<T, PollError>>>(
    cancel: &CancellationToken,
    mut attempt: impl FnMut() -> F,
) -> Result<Option<T>, PollError> {
    let mut failures = 0;
    loop {
        let tried = tokio::select! {
            () = cancel.cancelled() => return Ok(None),
            tried = attempt() => tried,
        };
        let error = match tried {
            Ok(done) => return Ok(Some(done)),
            Err(error) if error.is_final() => return Err(error),
            Err(error) => error,
        };
        let pause = pause_after(&error, failures);
        failures += 1;
        let pause_ms = pause.as_millis();
        tracing::warn!(%error, pause_ms, "Telegram could not be told where to call; trying again");
        tokio::select! {
            () = cancel.cancelled() => return Ok(None),
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// Takes connections until it is stopped; what was begun is finished.
async fn take_calls(socket: TcpListener, desk: Arc<Desk>, stop: CancellationToken) {
    let (seats, connections) = (Arc::new(Semaphore::new(CONNECTIONS)), TaskTracker::new());
    loop {
        let seat = tokio::select! {
            () = stop.cancelled() => break,
            seat = seats.clone().acquire_owned() => seat.expect("the seats are never closed"),
        };
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = socket.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => drop(connections.spawn(converse(stream, desk.clone(), stop.clone(), seat))),
            Err(error) => {
                tracing::warn!(error = %error.kind(), "a call of Telegram could not be taken");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
    drop(socket);
    connections.close();
    let _ = tokio::time::timeout(STOP_LIMIT, connections.wait()).await;
}

/// One connection, with as many calls as it brings.
async fn converse(stream: TcpStream, desk: Arc<Desk>, stop: CancellationToken, _seat: OwnedSemaphorePermit) {
    let service = service_fn(|call| {
        let desk = desk.clone();
        async move { Ok::<_, Infallible>(answer(desk.take_in_time(call).await)) }
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(SILENCE);
    let mut connection = std::pin::pin!(http.serve_connection(TokioIo::new(stream), service));
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if ended.is_err() {
        tracing::debug!("a connection to the webhook ended early");
    }
}

fn answer(status: StatusCode) -> Response<Empty<Bytes>> {
    let mut answer = Response::new(Empty::new());
    *answer.status_mut() = status;
    answer
}

/// What a call is held against.
struct Desk {
    api: Api,
    me: Me,
    path: String,
    secret: SecretString,
    inbox: Arc<dyn Inbox>,
}

impl Desk {
    fn new(api: &Api, me: Me, webhook: &Webhook, inbox: Arc<dyn Inbox>) -> Self {
        let path = webhook.url.url().path().trim_end_matches('/').to_owned();
        Self { api: api.clone(), me, path, secret: webhook.secret.clone(), inbox }
    }

    async fn take_in_time(&self, call: Request<Incoming>) -> StatusCode {
        let taken = tokio::time::timeout(CALL_LIMIT, self.take(call)).await;
        taken.unwrap_or(StatusCode::SERVICE_UNAVAILABLE)
    }

    /// Stores the update of a call. Only what is committed is answered with 200.
    async fn take(&self, call: Request<Incoming>) -> StatusCode {
        if call.uri().path().trim_end_matches('/') != self.path {
            return StatusCode::NOT_FOUND;
        }
        if call.method() != Method::POST {
            return StatusCode::METHOD_NOT_ALLOWED;
        }
        if !self.is_telegram(call.headers()) {
            return StatusCode::UNAUTHORIZED;
        }
        let body = match body_of(call).await {
            Ok(body) => body,
            Err(status) => return status,
        };
        let Ok(update) = serde_json::from_slice::<Box<RawValue>>(&body) else { return StatusCode::BAD_REQUEST };
        let events = vec![stored(&self.me.username, &update)];
        if let Err(error) = self.inbox.put(Platform::Telegram, &self.me.id.to_string(), events).await {
            report(&PollError::Inbox(error), Duration::ZERO);
            return StatusCode::SERVICE_UNAVAILABLE;
        }
        if let Some(press) = Press::read(&update) {
            press.acknowledge(self.api.clone());
        }
        StatusCode::OK
    }

    /// Takes as long for a secret that is nearly right as for one that is all wrong.
    fn is_telegram(&self, headers: &HeaderMap) -> bool {
        let brought = headers.get(SECRET).map_or(&b""[..], |secret| secret.as_bytes());
        brought.ct_eq(self.secret.expose_secret().as_bytes()).into()
    }
}

async fn body_of(call: Request<Incoming>) -> Result<Bytes, StatusCode> {
    let told = call.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if told.is_some_and(|length| length > LARGEST) {
        return Err(StatusCode::PAYLOAD_TOO_LARGE);
    }
    match Limited::new(call.into_body(), LARGEST).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(StatusCode::PAYLOAD_TOO_LARGE),
        Err(_) => Err(StatusCode::BAD_REQUEST),
    }
}
