//! The servers of one database.

use std::path::Path;

use anyhow::{Context as _, Result};
use tests::Books;

use crate::server_load::RunningServer;

pub(super) struct Servers(Vec<RunningServer>);

impl Servers {
    pub(super) async fn start(program: &Path, books: &Books, replicas: usize) -> Result<Self> {
        let mut servers = Vec::with_capacity(replicas);
        for _ in 0..replicas {
            servers.push(RunningServer::start(program, books).await?);
        }
        Ok(Self(servers))
    }

    /// The server of a device.
    pub(super) fn url(&self, device: usize) -> &str {
        self.0.get(device % self.0.len().max(1)).map_or("", |server| server.url.as_str())
    }

    pub(super) fn cpu_seconds(&self) -> Result<f64> {
        self.0.iter().map(RunningServer::cpu_seconds).sum()
    }

    /// The sum of their peaks.
    pub(super) fn peak_memory_mb(&self) -> Result<f64> {
        self.0.iter().map(RunningServer::peak_memory_mb).sum()
    }

    pub(super) async fn kill(self) -> Result<()> {
        for server in self.0 {
            server.kill().await.context("a server cannot be stopped")?;
        }
        Ok(())
    }
}
