//! A TCP proxy that adds latency without limiting bandwidth: bytes leave in order after a fixed delay.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, sleep_until};

const CHUNK_BYTES: usize = 64 * 1_024;
/// Chunks under way in one direction: 64 MiB, far more than one machine sends within the delay.
const MAX_CHUNKS_UNDER_WAY: usize = 1_024;

/// A running proxy. It stops on drop.
#[derive(Debug)]
pub(crate) struct DelayProxy {
    address: SocketAddr,
    accepting: JoinHandle<()>,
}

impl DelayProxy {
    /// Starts a proxy to `target` with `delay` each way. Opening a connection takes a round trip, too.
    ///
    /// # Errors
    /// When no port is free.
    pub(crate) async fn start(target: SocketAddr, delay: Duration) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.context("no free port for the proxy")?;
        let address = listener.local_addr()?;
        let accepting = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(async move {
                    sleep(delay * 2).await;
                    // If the target refuses, dropping the client's connection is all that a proxy can do.
                    if let Ok(server) = TcpStream::connect(target).await {
                        lead(client, server, delay).await;
                    }
                });
            }
        });
        Ok(Self { address, accepting })
    }

    /// The proxy's origin, for browsers.
    pub(crate) fn origin(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for DelayProxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn lead(client: TcpStream, server: TcpStream, delay: Duration) {
    for stream in [&client, &server] {
        // Without it small writes may wait for acknowledgements. Errors only cost speed.
        drop(stream.set_nodelay(true));
    }
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    tokio::join!(carry(from_client, to_server, delay), carry(from_server, to_client, delay));
}

/// Forwards one direction until its source ends or its target is gone.
async fn carry(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin, delay: Duration) {
    let (sender, mut under_way) = mpsc::channel::<(Instant, Vec<u8>)>(MAX_CHUNKS_UNDER_WAY);
    let read = async move {
        let mut chunk = vec![0; CHUNK_BYTES];
        while let Ok(count @ 1..) = from.read(&mut chunk).await {
            let bytes = chunk.get(..count).unwrap_or_default().to_vec();
            if sender.send((Instant::now() + delay, bytes)).await.is_err() {
                break;
            }
        }
    };
    let write = async move {
        while let Some((due, bytes)) = under_way.recv().await {
            sleep_until(due).await;
            if to.write_all(&bytes).await.is_err() {
                break;
            }
        }
        // The other side may have closed already.
        drop(to.shutdown().await);
    };
    tokio::join!(read, write);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_round_trip_takes_twice_the_delay_and_keeps_every_byte() {
        let echo = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let target = echo.local_addr().unwrap();
        tokio::spawn(async move {
            let (mut stream, _) = echo.accept().await.unwrap();
            let mut bytes = vec![0; 300_000];
            stream.read_exact(&mut bytes).await.unwrap();
            stream.write_all(&bytes).await.unwrap();
        });
        let delay = Duration::from_millis(30);
        let proxy = DelayProxy::start(target, delay).await.unwrap();
        let mut stream = TcpStream::connect(proxy.address).await.unwrap();
        let sent: Vec<u8> = (0..300_000_u32).map(|at| at.to_le_bytes()[0]).collect();
        let begun = Instant::now();
        stream.write_all(&sent).await.unwrap();
        let mut received = Vec::new();
        stream.read_to_end(&mut received).await.unwrap();
        assert!(begun.elapsed() >= delay * 4, "the connection and the data each take a round trip");
        assert_eq!(received, sent);
    }
}
