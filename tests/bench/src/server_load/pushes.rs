//! All devices push at the same time, each over its own connection, one batch after another.

use std::time::Instant;

use anyhow::{Context, Result, ensure};
use domain::{Action, Warehouse};
use futures::future::try_join_all;
use sync::{Cursor, Mutation, PROTOCOL_VERSION, Receipt, SyncRequest, Transport, Verdict};
use tests::NativeTransport;
use tokio::spawn;
use uuid::Uuid;

use super::process::RunningServer;
use super::work::{Work, count};
use crate::report::percentile;

/// Cost of the pushes of all devices.
#[derive(Debug)]
pub(super) struct Pushed {
    /// Time from the first request to the last answer.
    pub(super) seconds: f64,
    /// CPU time of the server in that time.
    pub(super) server_cpu_seconds: f64,
    /// Peak memory of the server, in MB.
    pub(super) server_peak_mb: f64,
    mutations: usize,
    batch_millis: Vec<f64>,
}

impl Pushed {
    /// A percentile of the batch latencies.
    pub(super) fn latency_millis(&self, percent: usize) -> f64 {
        percentile(&self.batch_millis, percent).unwrap_or(0.0)
    }

    /// CPU time of the server per mutation, in microseconds.
    pub(super) fn cpu_micros_per_mutation(&self) -> f64 {
        self.server_cpu_seconds * 1e6 / count(self.mutations)
    }
}

/// Pushes all work. Afterwards, untimed, every device sends its last batch again, as after a lost answer.
pub(super) async fn push(server: &RunningServer, work: &Work) -> Result<Pushed> {
    let devices: Vec<Device> = (work.devices.iter())
        .map(|work| {
            let transport = NativeTransport::new(&server.url, &work.enrolled.token)?;
            let (client, rev) = (work.client, work.enrolled.rev);
            Ok(Device { transport, client, batches: work.batches.clone(), rev })
        })
        .collect::<Result<_>>()?;
    let (began, cpu_before) = (Instant::now(), server.cpu_seconds()?);
    let done = try_join_all(devices.into_iter().map(|device| spawn(device.push()))).await?;
    let seconds = began.elapsed().as_secs_f64();
    let server_cpu_seconds = server.cpu_seconds()? - cpu_before;
    let (mut batch_millis, mut again) = (Vec::new(), Vec::new());
    for pushed in done {
        let (device, millis) = pushed?;
        batch_millis.extend(millis);
        again.push(spawn(async move { device.push_last_again().await }));
    }
    for repeated in try_join_all(again).await? {
        repeated?;
    }
    let server_peak_mb = server.peak_memory_mb()?;
    Ok(Pushed { seconds, server_cpu_seconds, server_peak_mb, mutations: work.mutations(), batch_millis })
}

struct Device {
    transport: NativeTransport,
    client: Uuid,
    batches: Vec<Vec<Mutation<Action>>>,
    rev: u64,
}

impl Device {
    /// Sends every batch. Returns the latency of each, in milliseconds.
    async fn push(self) -> Result<(Self, Vec<f64>)> {
        let mut millis = Vec::with_capacity(self.batches.len());
        for batch in &self.batches {
            let request = self.request(batch.clone());
            let began = Instant::now();
            let response = Transport::<Warehouse>::exchange(&self.transport, &request).await?;
            millis.push(began.elapsed().as_secs_f64() * 1e3);
            ensure_applied(batch, &response.receipts)?;
        }
        Ok((self, millis))
    }

    async fn push_last_again(&self) -> Result<()> {
        let batch = self.batches.last().context("no batch")?;
        let request = self.request(batch.clone());
        let response = Transport::<Warehouse>::exchange(&self.transport, &request).await?;
        ensure_applied(batch, &response.receipts)
    }

    /// Asks for only one changed row per answer, because the pulls measure the transfer of rows.
    fn request(&self, mutations: Vec<Mutation<Action>>) -> SyncRequest<Action> {
        let first = mutations.first().map_or(1, |mutation| mutation.seq);
        SyncRequest {
            protocol: PROTOCOL_VERSION,
            client: self.client,
            site: None,
            epoch: None,
            last_outcome_seq: first - 1,
            mutations,
            cursor: Cursor::Live { rev: self.rev },
            scope: "all".to_owned(),
            tables: sync::tables_of::<Warehouse>(),
            max_rows: 1,
            sent_at: None,
        }
    }
}

fn ensure_applied<R: Clone>(batch: &[Mutation<Action>], receipts: &[Receipt<R>]) -> Result<()> {
    let asked = batch.iter().map(|mutation| (mutation.seq, mutation.id, Verdict::Applied));
    let answered = receipts.iter().map(|receipt| (receipt.seq, receipt.id, receipt.outcome.verdict));
    ensure!(asked.eq(answered), "a batch was not applied as it was sent");
    Ok(())
}
