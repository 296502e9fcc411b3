//! A receiver of webhooks: keeps what it is sent, and answers as a test says.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::Value;
use tokio::io::{
    AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader,
};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::sleep;
use tokio_rustls::TlsAcceptor;

use crate::CertificateFiles;

/// The largest body that it reads.
const MAX_BODY_BYTES: usize = 1024 * 1024;

/// A request to it.
#[derive(Clone, Debug)]
pub struct Received {
    /// The header `webhook-id`.
    pub id: String,
    /// The header `webhook-timestamp`.
    pub timestamp: String,
    /// The header `webhook-signature`.
    pub signature: String,
    /// The body as it was sent.
    pub body: String,
}

impl Received {
    /// The events of the body.
    ///
    /// # Errors
    /// If it is not the JSON of events.
    pub fn events(&self) -> Result<Vec<Value>> {
        let body: Value = serde_json::from_str(&self.body)?;
        Ok(body["events"].as_array().context("events")?.clone())
    }
}

#[derive(Debug)]
struct State {
    received: Vec<Received>,
    /// The status and further header lines of answers.
    answer: (u16, String),
    /// The time that it takes to answer.
    pause: Duration,
    /// Requests that have come, kept or not.
    requests: u64,
}

/// A receiver on a local port. It can be killed and started again on the same port.
#[derive(Debug)]
pub struct Receiver {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    tls: Option<Arc<ServerConfig>>,
    running: Option<JoinHandle<()>>,
}

impl Receiver {
    /// Starts one that answers 200.
    ///
    /// # Errors
    /// If it cannot listen.
    pub async fn start() -> Result<Self> {
        Self::start_on(None).await
    }

    /// Starts one with TLS that answers 200.
    ///
    /// # Errors
    /// If it cannot listen, or the files cannot be used.
    pub async fn start_tls(files: &CertificateFiles) -> Result<Self> {
        let chain = CertificateDer::pem_file_iter(&files.certificate)?.collect::<Result<Vec<_>, _>>()?;
        let key = PrivateKeyDer::from_pem_file(&files.key)?;
        let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let builder = builder.with_safe_default_protocol_versions()?.with_no_client_auth();
        Self::start_on(Some(Arc::new(builder.with_single_cert(chain, key)?))).await
    }

    async fn start_on(tls: Option<Arc<ServerConfig>>) -> Result<Self> {
        let (answer, pause) = ((200, String::new()), Duration::ZERO);
        let state = State { received: Vec::new(), answer, pause, requests: 0 };
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut receiver = Self { address, state: Arc::new(Mutex::new(state)), tls, running: None };
        receiver.restart().await?;
        Ok(receiver)
    }

    /// Starts it again.
    ///
    /// # Errors
    /// If it cannot listen.
    pub async fn restart(&mut self) -> Result<()> {
        self.kill().await;
        let listener = TcpListener::bind(self.address).await?;
        self.address = listener.local_addr()?;
        self.running = Some(tokio::spawn(accept(listener, self.tls.clone(), Arc::clone(&self.state))));
        Ok(())
    }

    /// Ends it, and every connection to it. What it has received is kept.
    pub async fn kill(&mut self) {
        if let Some(running) = self.running.take() {
            running.abort();
            // It says that it was aborted.
            drop(running.await);
        }
    }

    /// Its URL.
    pub fn url(&self) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{}/hook", self.address)
    }

    /// Answers so from now on; `headers` are further lines, each with its end.
    pub fn answer(&self, status: u16, headers: &str) {
        self.lock().answer = (status, headers.to_owned());
    }

    /// Takes so long to answer from now on. What it is sent is kept before that time and after it, in turns: a sender that
    /// dies meanwhile has been heard and not answered, or not been heard.
    pub fn answer_after(&self, pause: Duration) {
        self.lock().pause = pause;
    }

    /// All requests so far.
    pub fn received(&self) -> Vec<Received> {
        self.lock().received.clone()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        if let Some(running) = &self.running {
            running.abort();
        }
    }
}

async fn accept(listener: TcpListener, tls: Option<Arc<ServerConfig>>, state: Arc<Mutex<State>>) {
    // Dropped with this task, which ends the connections.
    let mut connections = tokio::task::JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let (state, tls) = (Arc::clone(&state), tls.clone());
        connections.spawn(async move {
            // A sender that does not trust the certificate ends the connection.
            match tls {
                None => drop(serve(stream, &state).await),
                Some(tls) => {
                    if let Ok(stream) = TlsAcceptor::from(tls).accept(stream).await {
                        drop(serve(stream, &state).await);
                    }
                }
            }
        });
    }
}

async fn serve(stream: impl AsyncRead + AsyncWrite + Unpin, state: &Mutex<State>) -> Result<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let mut received = Received {
            id: String::new(),
            timestamp: String::new(),
            signature: String::new(),
            body: String::new(),
        };
        let mut length = 0_usize;
        let mut is_first = true;
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).await? == 0 {
                return Ok(());
            }
            let line = line.trim_end();
            if line.is_empty() && !is_first {
                break;
            }
            is_first = false;
            let Some((name, value)) = line.split_once(": ") else { continue };
            match name.to_ascii_lowercase().as_str() {
                "webhook-id" => received.id = value.to_owned(),
                "webhook-timestamp" => received.timestamp = value.to_owned(),
                "webhook-signature" => received.signature = value.to_owned(),
                "content-length" => length = value.parse()?,
                _ => {}
            }
        }
        anyhow::ensure!(length <= MAX_BODY_BYTES, "a body of {length} bytes");
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await?;
        received.body = String::from_utf8(body)?;
        let lock = || state.lock().unwrap_or_else(PoisonError::into_inner);
        let (is_kept_first, pause) = {
            let mut state = lock();
            state.requests += 1;
            (state.requests.is_multiple_of(2), state.pause)
        };
        if is_kept_first {
            lock().received.push(received.clone());
        }
        tokio::select! {
            // The sender is gone: it sends nothing before the answer.
            _ = stream.fill_buf() => return Ok(()),
            () = sleep(pause) => {}
        }
        if !is_kept_first {
            lock().received.push(received);
        }
        let (status, headers) = lock().answer.clone();
        let answer = format!("HTTP/1.1 {status} Answer\r\n{headers}content-length: 0\r\n\r\n");
        stream.write_all(answer.as_bytes()).await?;
        stream.flush().await?;
    }
}
