//! Devices pull a complete snapshot at the same time, in pages of the largest size.

use std::time::Instant;

use anyhow::{Result, ensure};
use domain::{Action, Row, Warehouse};
use futures::future::try_join_all;
use sync::{Cursor, MAX_PULL_ROWS, PROTOCOL_VERSION, SyncRequest, SyncResponse, Transport};
use tests::NativeTransport;
use tokio::spawn;
use uuid::Uuid;

use super::process::RunningServer;

/// Limit on the pages of one snapshot, in case the server never ends it.
const MAX_PAGES: usize = 1_000;

/// Cost of the pulls.
#[derive(Debug)]
pub(super) struct Pulled {
    /// Time from the first request to the last answer.
    pub(super) seconds: f64,
    /// Rows received by all devices.
    pub(super) rows: usize,
    /// Size of the answers before compression, in bytes.
    pub(super) json_bytes: usize,
    /// CPU time of the server in that time.
    pub(super) server_cpu_seconds: f64,
    /// Peak memory of the server so far, in MB.
    pub(super) server_peak_mb: f64,
}

/// Lets the devices with these tokens pull everything at the same time.
pub(super) async fn pull(server: &RunningServer, tokens: &[String]) -> Result<Pulled> {
    let transports: Vec<NativeTransport> =
        tokens.iter().map(|token| NativeTransport::new(&server.url, token)).collect::<Result<_>>()?;
    let (began, cpu_before) = (Instant::now(), server.cpu_seconds()?);
    let snapshots = try_join_all(transports.into_iter().map(|transport| spawn(snapshot(transport)))).await?;
    let seconds = began.elapsed().as_secs_f64();
    let server_cpu_seconds = server.cpu_seconds()? - cpu_before;
    let (mut rows, mut json_bytes) = (0, 0);
    for pages in snapshots {
        for page in pages? {
            rows += page.rows.len();
            json_bytes += serde_json::to_vec(&page)?.len();
        }
    }
    Ok(Pulled { seconds, rows, json_bytes, server_cpu_seconds, server_peak_mb: server.peak_memory_mb()? })
}

/// Pulls one snapshot and returns its pages, so that their size is computed after the timing.
async fn snapshot(transport: NativeTransport) -> Result<Vec<SyncResponse<Row>>> {
    let mut pages = Vec::new();
    let (mut cursor, mut more) = (Cursor::Start, true);
    while more {
        ensure!(pages.len() < MAX_PAGES, "the snapshot does not end");
        let request = SyncRequest::<Action> {
            protocol: PROTOCOL_VERSION,
            client: Uuid::nil(),
            site: None,
            epoch: None,
            last_outcome_seq: 0,
            mutations: Vec::new(),
            cursor,
            scope: "all".to_owned(),
            tables: sync::tables_of::<Warehouse>(),
            sent_at: None,
            max_rows: u32::try_from(MAX_PULL_ROWS)?,
        };
        let page = Transport::<Warehouse>::exchange(&transport, &request).await?;
        (cursor, more) = (page.cursor.clone(), page.more);
        pages.push(page);
    }
    Ok(pages)
}
