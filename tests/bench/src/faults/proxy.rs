//! An HTTP proxy that treats POST requests to the API as its [`Plan`] says and forwards everything else
//! unchanged.
//!
//! One request per connection on both sides: a browser silently repeats requests that fail on a reused
//! connection, and then repeats by the browser and by the subject could not be told apart.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::sleep;

use super::plan::{Hurt, Plan};

const MAX_HEAD_BYTES: usize = 64 * 1_024;
const MAX_BODY_BYTES: usize = 8 * 1_024 * 1_024;
const HEAD_END: &[u8] = b"\r\n\r\n";
/// `Retry-After` of a gateway's answer.
const RETRY_AFTER_SECONDS: u32 = 1;
const FOREIGN_BODY: &str = "<!doctype html><title>Guest Wi-Fi</title><h1>Please accept the terms of use</h1>";

/// A running proxy. It stops on drop.
#[derive(Debug)]
pub(crate) struct FaultProxy {
    address: SocketAddr,
    weather: Arc<Weather>,
    accepting: JoinHandle<()>,
}

/// State shared by the connections.
#[derive(Debug)]
struct Weather {
    plan: Mutex<Plan>,
    posts: AtomicUsize,
}

struct Request {
    head: String,
    body: Vec<u8>,
}

impl FaultProxy {
    /// Starts a proxy to `target` with [`Plan::Calm`].
    ///
    /// # Errors
    /// When no port is free.
    pub(crate) async fn start(target: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.context("no free port for the proxy")?;
        let address = listener.local_addr()?;
        let weather = Arc::new(Weather { plan: Mutex::new(Plan::Calm), posts: AtomicUsize::new(0) });
        let shared = weather.clone();
        let accepting = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let weather = shared.clone();
                // Errors are ignored: either side may close the connection at any moment.
                tokio::spawn(async move { drop(serve(client, target, &weather).await) });
            }
        });
        Ok(Self { address, weather, accepting })
    }

    /// The local port.
    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// Replaces the plan for the next requests.
    pub(crate) fn set(&self, plan: Plan) {
        *self.weather.plan.lock().unwrap_or_else(PoisonError::into_inner) = plan;
    }

    /// Number of POST requests to the API so far.
    pub(crate) fn posts(&self) -> usize {
        self.weather.posts.load(Ordering::SeqCst)
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn serve(mut client: TcpStream, target: SocketAddr, weather: &Weather) -> io::Result<()> {
    let request = read_request(&mut client).await?;
    if !request.head.starts_with("POST /api/") {
        let mut server = TcpStream::connect(target).await?;
        server.write_all(&request.bytes()).await?;
        return copy_bidirectional(&mut client, &mut server).await.map(drop);
    }
    weather.posts.fetch_add(1, Ordering::SeqCst);
    let hurt = weather.plan.lock().unwrap_or_else(PoisonError::into_inner).next();
    if let Some(answer) = answer(request, hurt, target).await? {
        client.write_all(&answer).await?;
        return client.shutdown().await;
    }
    if hurt == Hurt::Refuse { client.set_zero_linger() } else { Ok(()) }
}

/// The bytes to send to the client. `None` if the connection is closed without an answer.
async fn answer(request: Request, hurt: Hurt, target: SocketAddr) -> io::Result<Option<Vec<u8>>> {
    Ok(match hurt {
        Hurt::Refuse | Hurt::DropBefore => None,
        Hurt::Pass => Some(ask(&request, target).await?),
        Hurt::DropAfterCommit => {
            ask(&request, target).await?;
            None
        }
        Hurt::Truncate => {
            let mut whole = ask(&request, target).await?;
            let body_at = head_length(&whole).unwrap_or(whole.len());
            whole.truncate(body_at + (whole.len() - body_at) / 2);
            Some(whole)
        }
        Hurt::ForeignBody => Some(made("200 OK", "text/html", FOREIGN_BODY)),
        Hurt::Status(status) => Some(made(&format!("{status} Made up"), "text/plain", "Try again later.")),
        Hurt::Delay(delay) => {
            sleep(delay).await;
            Some(ask(&request, target).await?)
        }
        Hurt::HoldAnswer(delay) => hold(ask(&request, target).await?, delay).await,
        Hurt::Twice => {
            ask(&request, target).await?;
            Some(ask(&request, target).await?)
        }
        Hurt::SignedOut => Some(ask(&request.without("cookie"), target).await?),
    })
}

async fn hold(answer: Vec<u8>, delay: Duration) -> Option<Vec<u8>> {
    sleep(delay).await;
    Some(answer)
}

fn made(status: &str, kind: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\n\
         retry-after: {RETRY_AFTER_SECONDS}\r\nconnection: close\r\n\r\n{body}"
    )
    .into_bytes()
}

/// Sends a request to the server and reads its whole answer.
async fn ask(request: &Request, target: SocketAddr) -> io::Result<Vec<u8>> {
    let mut server = TcpStream::connect(target).await?;
    server.write_all(&request.bytes()).await?;
    let mut answer = Vec::new();
    server.read_to_end(&mut answer).await?;
    Ok(answer)
}

fn head_length(bytes: &[u8]) -> Option<usize> {
    bytes.windows(HEAD_END.len()).position(|window| window == HEAD_END).map(|at| at + HEAD_END.len())
}

async fn read_request(client: &mut TcpStream) -> io::Result<Request> {
    let mut bytes = Vec::new();
    let head_bytes = loop {
        if let Some(length) = head_length(&bytes) {
            break length;
        }
        if client.read_buf(&mut bytes).await? == 0 || bytes.len() > MAX_HEAD_BYTES {
            return Err(io::ErrorKind::InvalidData.into());
        }
    };
    let mut body = bytes.split_off(head_bytes);
    let request = Request { head: String::from_utf8_lossy(&bytes).into_owned(), body: Vec::new() };
    let length: usize = request.header("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
    if length > MAX_BODY_BYTES {
        return Err(io::ErrorKind::InvalidData.into());
    }
    while body.len() < length {
        if client.read_buf(&mut body).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(Request { body, ..request.without("connection").with("connection: close") })
}

impl Request {
    fn header(&self, name: &str) -> Option<&str> {
        let mut pairs = self.head.lines().skip(1).filter_map(|line| line.split_once(':'));
        pairs.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    }

    fn without(self, name: &str) -> Self {
        let is_kept = |line: &&str| {
            line.split_once(':').is_none_or(|(key, _)| !key.eq_ignore_ascii_case(name)) && !line.is_empty()
        };
        let kept: Vec<&str> = self.head.split("\r\n").filter(is_kept).collect();
        Self { head: kept.join("\r\n") + "\r\n\r\n", body: self.body }
    }

    fn with(self, line: &str) -> Self {
        let head = self.head.trim_end();
        Self { head: format!("{head}\r\n{line}\r\n\r\n"), body: self.body }
    }

    fn bytes(&self) -> Vec<u8> {
        [self.head.as_bytes(), &self.body].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &str = r#"{"receipts":[1,2,3]}"#;

    /// A server that records the heads of requests and answers each with the same body.
    async fn server() -> (SocketAddr, Arc<Mutex<Vec<String>>>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let noted = seen.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let request = read_request(&mut stream).await.unwrap();
                noted.lock().unwrap().push(request.head);
                stream.write_all(&made("200 OK", "application/json", BODY)).await.unwrap();
            }
        });
        (address, seen)
    }

    /// Posts through the proxy. Returns the client's answer and the number of requests that the server got.
    async fn posted(hurt: Hurt) -> (String, usize) {
        let (target, seen) = server().await;
        let proxy = FaultProxy::start(target).await.unwrap();
        proxy.set(Plan::Always(hurt));
        let mut client = TcpStream::connect(proxy.address).await.unwrap();
        let post = "POST /api/sync HTTP/1.1\r\nHost: x\r\nCookie: a=b\r\nContent-Length: 2\r\n\r\n{}";
        client.write_all(post.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        // A connection reset is a valid result, too.
        drop(client.read_to_end(&mut answer).await);
        assert_eq!(proxy.posts(), 1);
        let requests = seen.lock().unwrap().len();
        (String::from_utf8(answer).unwrap(), requests)
    }

    #[tokio::test]
    async fn forwarded_requests_get_the_whole_answer() {
        for hurt in [Hurt::Pass, Hurt::Delay(Duration::ZERO), Hurt::HoldAnswer(Duration::ZERO)] {
            let (answer, requests) = posted(hurt).await;
            assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with(BODY), "{hurt:?}: {answer}");
            assert_eq!(requests, 1);
        }
    }

    #[tokio::test]
    async fn dropped_requests_get_no_answer_and_reach_the_server_only_after_commit() {
        assert_eq!(posted(Hurt::Refuse).await, (String::new(), 0));
        assert_eq!(posted(Hurt::DropBefore).await, (String::new(), 0));
        assert_eq!(posted(Hurt::DropAfterCommit).await, (String::new(), 1));
    }

    #[tokio::test]
    async fn a_truncated_answer_keeps_its_content_length() {
        let (answer, requests) = posted(Hurt::Truncate).await;
        assert!(answer.contains(&format!("content-length: {}", BODY.len())), "{answer}");
        assert!(answer.ends_with(&BODY[..BODY.len() / 2]), "{answer}");
        assert_eq!(requests, 1);
    }

    #[tokio::test]
    async fn foreign_and_gateway_answers_do_not_reach_the_server() {
        let (answer, requests) = posted(Hurt::ForeignBody).await;
        assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("text/html"), "{answer}");
        assert_eq!(requests, 0);
        let (answer, requests) = posted(Hurt::Status(503)).await;
        assert!(answer.starts_with("HTTP/1.1 503") && answer.contains("retry-after: 1"), "{answer}");
        assert_eq!(requests, 0);
    }

    #[tokio::test]
    async fn a_doubled_request_reaches_the_server_twice() {
        assert_eq!(posted(Hurt::Twice).await.1, 2);
    }

    #[tokio::test]
    async fn a_signed_out_request_loses_only_its_cookie() {
        let (target, seen) = server().await;
        let proxy = FaultProxy::start(target).await.unwrap();
        proxy.set(Plan::Next(1, Hurt::SignedOut));
        for _ in 0..2 {
            let mut client = TcpStream::connect(proxy.address).await.unwrap();
            let post = "POST /api/sync HTTP/1.1\r\nHost: x\r\nCookie: a=b\r\nContent-Length: 0\r\n\r\n";
            client.write_all(post.as_bytes()).await.unwrap();
            client.read_to_end(&mut Vec::new()).await.unwrap();
        }
        let heads = seen.lock().unwrap();
        assert!(!heads[0].contains("Cookie") && heads[0].contains("Host: x"), "{}", heads[0]);
        assert!(heads[1].contains("Cookie: a=b"), "{}", heads[1]);
    }

    #[tokio::test]
    async fn other_requests_are_forwarded_unchanged() {
        let (target, seen) = server().await;
        let proxy = FaultProxy::start(target).await.unwrap();
        proxy.set(Plan::Always(Hurt::Refuse));
        let mut client = TcpStream::connect(proxy.address).await.unwrap();
        client.write_all(b"GET /sw.js HTTP/1.1\r\nConnection: keep-alive\r\n\r\n").await.unwrap();
        let mut answer = String::new();
        client.read_to_string(&mut answer).await.unwrap();
        assert!(answer.ends_with(BODY), "{answer}");
        assert!(seen.lock().unwrap()[0].contains("connection: close"));
        assert_eq!(proxy.posts(), 0);
    }
}
