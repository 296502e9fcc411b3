//! Connections that ask nothing are closed, and do not keep others out. HTTP/2 is answered as well.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use reqwest::Client;
use server::connections::ConnectionLimits;
use server::http::DeviceLimits;
use tests::TestServer;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};

const PATIENCE: Duration = Duration::from_secs(10);

async fn server_with(max_connections: usize, max_idle_millis: u64) -> Result<TestServer> {
    let connections = ConnectionLimits { max_connections, max_idle_millis };
    TestServer::start_within(DeviceLimits::default(), connections).await
}

async fn connected(server: &TestServer, bytes: &[u8]) -> Result<TcpStream> {
    let mut stream = TcpStream::connect(server.address()?).await?;
    stream.write_all(bytes).await?;
    Ok(stream)
}

/// Reads until the server closes the connection. Returns what it sent.
async fn rest(stream: &mut TcpStream) -> Result<String> {
    let mut bytes = Vec::new();
    // A reset closes it as well.
    let _ = timeout(PATIENCE, stream.read_to_end(&mut bytes)).await.context("the connection stays open")?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[tokio::test]
async fn silent_half_sent_and_idle_connections_are_closed_and_streams_are_not() -> Result<()> {
    let server = server_with(100, 300).await?;
    let token = server.enrol().await?;
    let events = Client::new().get(format!("{}/api/events", server.url()?)).bearer_auth(&token);
    let mut events = events.send().await?;
    let began = Instant::now();
    let asks = b"GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n";
    for sent in [&b""[..], b"GET /healthz HTTP/1.1\r\nhost: a", asks] {
        let mut stream = connected(&server, sent).await?;
        let answer = rest(&mut stream).await?;
        assert_eq!(answer.starts_with("HTTP/1.1 200"), sent == asks, "{answer}");
    }
    assert!(began.elapsed() >= Duration::from_millis(3 * 300), "closed too early: {:?}", began.elapsed());
    assert!(timeout(PATIENCE, events.chunk()).await??.is_some(), "the first event");
    let rest = timeout(Duration::from_millis(500), events.chunk()).await;
    assert!(rest.is_err(), "the stream has ended: {rest:?}");
    Ok(())
}

#[tokio::test]
async fn strangers_without_requests_do_not_keep_others_out() -> Result<()> {
    let server = server_with(1_000, 60_000).await?;
    let token = server.enrol().await?;
    let events = Client::new().get(format!("{}/api/events", server.url()?)).bearer_auth(&token);
    let mut events = events.send().await?;
    assert!(timeout(PATIENCE, events.chunk()).await??.is_some(), "the first event");
    let mut strangers = Vec::new();
    for number in 0..1_100 {
        let sent = if number % 2 == 0 { &b""[..] } else { b"GET / HTTP/1.1\r\n" };
        strangers.push(connected(&server, sent).await?);
    }
    let device = Client::new().get(format!("{}/api/device", server.url()?)).bearer_auth(&token).send();
    assert_eq!(timeout(PATIENCE, device).await??.status(), 200);
    let rest = timeout(Duration::from_millis(300), events.chunk()).await;
    assert!(rest.is_err(), "the stream gave way to strangers: {rest:?}");
    Ok(())
}

#[tokio::test]
async fn idle_connections_do_not_delay_a_stop() -> Result<()> {
    let mut server = server_with(100, 60_000).await?;
    let mut idle = connected(&server, b"GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n").await?;
    let mut begun = [0; 12];
    idle.read_exact(&mut begun).await?;
    let silent = connected(&server, b"").await?;
    sleep(Duration::from_millis(100)).await;
    timeout(Duration::from_secs(3), server.stop()).await.context("the stop waits for idle connections")??;
    drop((idle, silent));
    Ok(())
}

#[tokio::test]
async fn http2_is_answered_without_an_upgrade() -> Result<()> {
    let server = server_with(100, 60_000).await?;
    let mut stream = connected(&server, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await?;
    // Empty settings, then a request: method GET, scheme http, path / and authority a.
    let head = [0x82, 0x86, 0x84, 0x41, 1, b'a'];
    stream.write_all(&[0, 0, 0, 4, 0, 0, 0, 0, 0]).await?;
    stream.write_all(&[0, 0, 6, 1, 0b101, 0, 0, 0, 1]).await?;
    stream.write_all(&head).await?;
    loop {
        let mut frame = [0; 9];
        timeout(PATIENCE, stream.read_exact(&mut frame)).await??;
        let length = u32::from_be_bytes([0, frame[0], frame[1], frame[2]]);
        let mut payload = vec![0; usize::try_from(length)?];
        timeout(PATIENCE, stream.read_exact(&mut payload)).await??;
        ensure!(frame[3] != 7, "the server goes away");
        if frame[3] == 1 {
            // The indexed header `:status: 404`: this server has no app.
            assert_eq!(payload.first(), Some(&0x8d));
            return Ok(());
        }
    }
}
