//! What others may watch: numbers for Prometheus, and whether the program lives and is ready. Read over HTTP, off unless asked for.
//!
//! Counts only: no names, no numbers of accounts, no texts. Nothing can be changed through it.

mod page;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::counters::Counters;
use crate::nodes::Node;
use crate::outbox::Outbox;
use crate::pulse::{HANGS, Pulse};
use crate::store::{Status, StoreError};
use crate::trouble::Trouble;
use crate::types::Platform;

pub use page::GAUGES;
use page::Shown;

/// How long the database may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long one visit may take altogether.
const VISIT: Duration = Duration::from_secs(15);
/// How long a visitor may take to say what is wanted.
const HEAD: Duration = Duration::from_secs(5);
/// Two programs with one token: each gets some of what people write, and some of it is answered twice.
const CONFLICT: &str =
    "another program takes this bot's messages with the same token, perhaps a second Goldseam on a copy of this data";
/// How many are answered at once.
const AT_ONCE: usize = 8;

/// What is watched. Clones watch the same.
#[derive(Clone)]
pub struct Watched {
    /// The program among others of its database.
    pub node: Node,
    /// The time.
    pub clock: Clock,
    /// What is sent.
    pub outbox: Outbox,
    /// What is counted, by several workers.
    pub counters: Vec<Counters>,
    /// Whether another program takes what people write to the bot of a platform.
    pub conflicts: Vec<(Platform, Trouble)>,
    /// Who works.
    pub workers: Vec<(&'static str, Pulse)>,
    /// Cancelled when the program stops.
    pub stopping: CancellationToken,
}

/// Answers whoever asks, until the program has stopped.
pub async fn serve(listener: TcpListener, watched: Watched) {
    let (watched, seats) = (Arc::new(watched), Arc::new(Semaphore::new(AT_ONCE)));
    loop {
        // The permits are never taken away, so there is always one to wait for.
        let Ok(seat) = seats.clone().acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, _)) => {
                let watched = watched.clone();
                tokio::spawn(async move {
                    let _seat = seat;
                    // Whoever is too slow, or leaves, comes again.
                    let _ = timeout(VISIT, visit(stream, watched)).await;
                });
            }
            Err(error) => {
                tracing::warn!(%error, "somebody who asks for the metrics cannot be let in");
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
    }
}

/// Takes the address.
///
/// # Errors
/// When another program has it, or it is none of this machine.
pub async fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    TcpListener::bind(address).await
}

async fn visit(stream: TcpStream, watched: Arc<Watched>) -> hyper::Result<()> {
    let answer = service_fn(move |request: Request<Incoming>| {
        let watched = watched.clone();
        async move { Ok::<_, Infallible>(watched.answer(request.method(), request.uri().path()).await) }
    });
    let mut http = http1::Builder::new();
    http.keep_alive(false).timer(TokioTimer::new()).header_read_timeout(HEAD);
    http.serve_connection(TokioIo::new(stream), answer).await
}

impl Watched {
    async fn answer(&self, method: &Method, path: &str) -> Response<String> {
        if !matches!(*method, Method::GET | Method::HEAD) {
            return plain(StatusCode::METHOD_NOT_ALLOWED, "only GET\n".into());
        }
        match path {
            "/metrics" => {
                let mut page = plain(StatusCode::OK, self.page().await);
                let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
                page.headers_mut().insert(CONTENT_TYPE, kind);
                page
            }
            "/healthz" => said(self.health()),
            "/readyz" => said(self.readiness().await),
            _ => plain(StatusCode::NOT_FOUND, "/metrics, /healthz, /readyz\n".into()),
        }
    }

    /// Does the program get on?
    fn health(&self) -> Result<(), &'static str> {
        if self.node.store().disk_works().is_err() {
            return Err("the disk failed");
        }
        let hangs = self.workers.iter().any(|(_, pulse)| pulse.still_for() >= HANGS);
        if hangs { Err("a worker hangs") } else { Ok(()) }
    }

    /// Can it do its work?
    async fn readiness(&self) -> Result<(), &'static str> {
        if self.stopping.is_cancelled() {
            return Err("stopping");
        }
        self.health()?;
        if !self.node.store().disk_takes() {
            return Err("the disk is full or may not be written");
        }
        if self.conflicts.iter().any(|(_, conflict)| conflict.is_there()) {
            return Err(CONFLICT);
        }
        self.status().await.map(drop).ok_or("the database does not answer")
    }

    async fn page(&self) -> String {
        let still = self.workers.iter().map(|(name, pulse)| (*name, pulse.still_for().as_secs_f64())).collect();
        let shown = Shown {
            status: self.status().await,
            writable: self.node.store().disk_works().is_ok() && self.node.store().disk_takes(),
            counts: Counters::sum(&self.counters),
            lines: self.outbox.lines().await,
            roles: self.node.roles_held(),
            conflicts: self.conflicts.iter().map(|(platform, conflict)| (*platform, conflict.is_there())).collect(),
            still,
        };
        shown.text()
    }

    async fn status(&self) -> Option<Status> {
        let asked = async {
            let mut tx = self.node.store().begin().await?;
            let status = tx.workload(self.clock.now()).await?;
            tx.rollback().await?;
            Ok::<_, StoreError>(status)
        };
        timeout(PATIENCE, asked).await.ok()?.ok()
    }
}

fn said(good: Result<(), &'static str>) -> Response<String> {
    match good {
        Ok(()) => plain(StatusCode::OK, "ok\n".into()),
        Err(reason) => plain(StatusCode::SERVICE_UNAVAILABLE, format!("{reason}\n")),
    }
}

fn plain(status: StatusCode, text: String) -> Response<String> {
    let mut response = Response::new(text);
    *response.status_mut() = status;
    response
}
