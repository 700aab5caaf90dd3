//! A wire between a program and a server: bytes pass, until it falls silent without closing anything, or is cut.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::{ServerConfig, crypto};

/// Everything that is on it ends when it is dropped.
pub struct Wire {
    /// Where the program connects to.
    pub address: SocketAddr,
    state: Arc<watch::Sender<State>>,
    accepted: Arc<AtomicUsize>,
    carrying: JoinHandle<()>,
}

#[derive(Clone, Copy)]
struct State {
    target: SocketAddr,
    /// Connections are accepted, and nothing passes.
    silent: bool,
    /// Connections of an earlier one are of no use any more.
    age: Age,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Age {
    silenced: usize,
    cut: usize,
}

impl Wire {
    /// To a server at this address, with or without `http://` before it.
    pub async fn to(server: &str) -> Self {
        let target = server.rsplit('/').next().unwrap().parse().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(watch::Sender::new(State { target, silent: false, age: Age::default() }));
        let (accepted, seen) = (Arc::<AtomicUsize>::default(), state.subscribe());
        let count = accepted.clone();
        let carrying = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                count.fetch_add(1, Ordering::SeqCst);
                connections.spawn(carry(stream, seen.clone()));
            }
        });
        Self { address, state, accepted, carrying }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From now on nothing passes, and nobody is told: connections stay open for ever, and new ones are accepted.
    pub fn falls_silent(&self) {
        self.state.send_modify(|state| {
            state.silent = true;
            state.age.silenced += 1;
        });
    }

    /// New connections are carried again. Those from before stay dead.
    pub fn heals(&self) {
        self.state.send_modify(|state| state.silent = false);
    }

    /// Closes all connections. New ones lead to another server.
    pub fn leads_to(&self, target: SocketAddr) {
        self.state.send_modify(|state| {
            state.target = target;
            state.age.cut += 1;
        });
    }

    /// How many connections there were so far.
    pub fn accepted(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.carrying.abort();
    }
}

async fn carry(mut here: TcpStream, mut seen: watch::Receiver<State>) {
    let State { target, silent, age } = *seen.borrow();
    let is_cut = |state: &State| state.age.cut != age.cut;
    if !silent && let Ok(mut there) = TcpStream::connect(target).await {
        tokio::select! {
            _ = copy_bidirectional(&mut here, &mut there) => return,
            _ = seen.wait_for(|state| state.age != age) => {}
        }
        // Both ends stay open.
        let _ = seen.wait_for(is_cut).await;
    } else if silent {
        let _ = seen.wait_for(is_cut).await;
    }
}

/// A place at which connecting never ends: the queue before it is full, and nobody is let in.
pub struct FullHouse {
    pub address: SocketAddr,
    _listener: tokio::net::TcpListener,
    _waiting: Vec<TcpStream>,
}

impl FullHouse {
    pub async fn new() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let listener = socket.listen(1).unwrap();
        let address = listener.local_addr().unwrap();
        let mut waiting = Vec::new();
        while let Ok(Ok(stream)) =
            tokio::time::timeout(std::time::Duration::from_millis(300), TcpStream::connect(address)).await
        {
            waiting.push(stream);
            assert!(waiting.len() < 100, "the queue of this system never fills");
        }
        Self { address, _listener: listener, _waiting: waiting }
    }
}

/// A server whose certificate is not to be accepted.
pub struct BadCertificate {
    pub url: String,
    serving: JoinHandle<()>,
}

impl BadCertificate {
    pub async fn start() -> Self {
        let data = |name: &str| std::fs::read(format!("{}/tests/data/tls/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap();
        let key = PrivateKeyDer::try_from(data("key.der")).unwrap();
        let provider = Arc::new(crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let config = config.with_no_client_auth().with_single_cert(vec![data("expired.der").into()], key).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let serving = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let accepted = acceptor.accept(stream).await;
                assert!(accepted.is_err(), "somebody trusts this certificate");
            }
        });
        Self { url, serving }
    }

    /// Nobody has talked with it.
    pub fn is_trusted_by_nobody(&self) -> bool {
        !self.serving.is_finished()
    }
}

impl Drop for BadCertificate {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// An address whose name cannot be: a part of it has 64 letters. No server is asked for it.
pub fn name_that_nobody_has() -> String {
    format!("https://{}.invalid", "x".repeat(64))
}
