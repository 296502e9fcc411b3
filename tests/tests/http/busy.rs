//! While another process holds the lock of the database file, devices are told to retry, and keep their queue.

use anyhow::Result;
use rusqlite::{Connection, TransactionBehavior};
use sync::{RoundError, Store, TransportError};

use crate::{lot, pick, stocked, vinegar};

#[tokio::test]
async fn a_locked_database_is_busy_and_the_queue_stays() -> Result<()> {
    let (server, device) = stocked().await?;
    device.record(pick(&lot(&vinegar(), "A-1"), 1)).await?;
    let Some(file) = server.file() else { return Ok(()) };
    let mut other = Connection::open(file)?;
    let locked = other.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let error = device.sync(&server).await.expect_err("busy").downcast::<RoundError>()?;
    let busy = TransportError::Busy { retry_after_millis: Some(2_000) };
    assert_eq!(error, RoundError::Transport(busy));
    assert_eq!(device.store().queue().await?.records.len(), 1);
    drop(locked);
    assert_eq!(device.sync(&server).await?.acknowledged, 1);
    Ok(())
}
