//! The servers of one database.

use std::path::Path;

use anyhow::{Context as _, Result};
use tests::Books;

use crate::server_load::RunningServer;

pub(super) struct Servers<'b> {
    program: &'b Path,
    books: &'b Books,
    replicas: usize,
    running: Vec<RunningServer>,
}

impl<'b> Servers<'b> {
    pub(super) async fn start(program: &'b Path, books: &'b Books, replicas: usize) -> Result<Self> {
        let mut servers = Self { program, books, replicas, running: Vec::with_capacity(replicas) };
        servers.start_again().await?;
        Ok(servers)
    }

    /// Starts them after they were killed, at other addresses.
    pub(super) async fn start_again(&mut self) -> Result<()> {
        for _ in 0..self.replicas {
            self.running.push(RunningServer::start(self.program, self.books).await?);
        }
        Ok(())
    }

    /// The server of a device.
    pub(super) fn url(&self, device: usize) -> &str {
        self.running.get(device % self.replicas.max(1)).map_or("", |server| server.url.as_str())
    }

    pub(super) fn cpu_seconds(&self) -> Result<f64> {
        self.running.iter().map(RunningServer::cpu_seconds).sum()
    }

    /// The sum of their peaks.
    pub(super) fn peak_memory_mb(&self) -> Result<f64> {
        self.running.iter().map(RunningServer::peak_memory_mb).sum()
    }

    /// Bytes that devices have sent and got so far, with headers.
    pub(super) async fn traffic_bytes(&self) -> Result<[f64; 2]> {
        let mut sums = [0.0; 2];
        for server in &self.running {
            for (sum, name) in sums.iter_mut().zip(["received", "sent"]) {
                *sum += server.figure(&format!("lotbook_{name}_bytes_total")).await?;
            }
        }
        Ok(sums)
    }

    pub(super) async fn kill(&mut self) -> Result<()> {
        for server in self.running.drain(..) {
            server.kill().await.context("a server cannot be stopped")?;
        }
        Ok(())
    }
}
