//! A proxy on this machine: the server keeps its address over a restart, and answers can be withheld.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Result;
use tests::TestServer;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

const BUFFER_BYTES: usize = 64 * 1024;

#[derive(Debug, Default)]
struct State {
    withholds: AtomicBool,
    has_answered: Notify,
}

/// The proxy. It ends with the test's runtime.
#[derive(Debug)]
pub(crate) struct Proxy {
    address: SocketAddr,
    state: Arc<State>,
}

impl Proxy {
    /// A proxy in front of `server`.
    pub(crate) async fn start(server: &TestServer) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let (address, target) = (listener.local_addr()?, server.address()?);
        let state = Arc::new(State::default());
        let shared = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((device, _)) = listener.accept().await {
                tokio::spawn(forward(device, target, Arc::clone(&shared)));
            }
        });
        Ok(Self { address, state })
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From now on, answers are received from the server and not forwarded.
    pub(crate) fn withhold(&self, withholds: bool) {
        self.state.withholds.store(withholds, Ordering::SeqCst);
    }

    /// Waits until an answer is withheld.
    pub(crate) async fn has_answered(&self) {
        self.state.has_answered.notified().await;
    }
}

/// Errors end the connection, as on a real network.
async fn forward(device: TcpStream, target: SocketAddr, state: Arc<State>) {
    let Ok(server) = TcpStream::connect(target).await else { return };
    let ((mut from_device, mut to_device), (mut from_server, mut to_server)) =
        (device.into_split(), server.into_split());
    let asking = async move { tokio::io::copy(&mut from_device, &mut to_server).await.map(drop) };
    let answering = async move {
        let mut buffer = vec![0; BUFFER_BYTES];
        loop {
            let read = from_server.read(&mut buffer).await?;
            if read == 0 {
                return std::io::Result::Ok(());
            }
            if state.withholds.load(Ordering::SeqCst) {
                state.has_answered.notify_one();
                continue;
            }
            to_device.write_all(&buffer[..read]).await?;
        }
    };
    tokio::select! {
        _ = asking => {}
        _ = answering => {}
    }
}
