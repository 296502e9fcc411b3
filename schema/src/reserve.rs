//! Reserved space for the queue. Rows must not use up the last space of a device: a record as large as a
//! shift's mutations is written to `meta` before any row is stored, and is deleted when a mutation finds no
//! space.
//!
//! It is one large record of noise on purpose. Browsers keep such a value in a file of its own, whose space
//! is free again as soon as it is deleted; the space of many small records, or of a deleted cache, is not for
//! minutes.

use idb::{ObjectStore, Query};
use js_sys::Uint8Array;
use sync::StoreError;
use wasm_bindgen::JsValue;

use crate::META;
use crate::connection::Connection;
use crate::transaction::{Mode, of_idb};

/// Space for about a thousand mutations, and well above the size from which browsers use a separate file.
const RESERVE_BYTES: u32 = 2 * 1024 * 1024;
/// Bytes of noise generated at a time.
const CHUNK_BYTES: usize = 64 * 1024;
const RESERVE: &str = "reserve";
/// Key that exists while the reserve is deleted.
const SPENT: &str = "reserve_spent";

/// Makes sure that the reserve exists. `false` if there is no space for it.
pub(crate) async fn ensure(connection: &Connection) -> Result<bool, StoreError> {
    if has(connection, RESERVE).await? {
        return Ok(true);
    }
    let stored = write(connection, Mode::Write, &|meta| {
        meta.put(&noise(), Some(&JsValue::from_str(RESERVE))).map_err(of_idb)?;
        meta.delete(JsValue::from_str(SPENT)).map_err(of_idb).map(drop)
    });
    match stored.await {
        Ok(()) => Ok(true),
        Err(StoreError::Full) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Deletes the reserve. `false` if it does not exist.
pub(crate) async fn release(connection: &Connection) -> Result<bool, StoreError> {
    if !has(connection, RESERVE).await? {
        return Ok(false);
    }
    let delete = |meta: &ObjectStore| meta.delete(JsValue::from_str(RESERVE)).map_err(of_idb).map(drop);
    write(connection, Mode::WriteDurably, &delete).await?;
    // A transaction of its own: before the deletion, there was no space even for this mark.
    let mark = |meta: &ObjectStore| {
        meta.put(&JsValue::TRUE, Some(&JsValue::from_str(SPENT))).map_err(of_idb).map(drop)
    };
    write(connection, Mode::Write, &mark).await?;
    Ok(true)
}

async fn write(
    connection: &Connection,
    mode: Mode,
    change: &dyn Fn(&ObjectStore) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let written = connection.run(&[META], mode, async |tx| {
        change(&tx.store(META)?)?;
        tx.commit().await
    });
    written.await
}

/// Runs a write that must not be refused: if there is no space, deletes the reserve and retries once.
pub(crate) async fn with<T>(
    connection: &Connection,
    write: impl AsyncFn() -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    match write().await {
        Err(StoreError::Full) if release(connection).await? => write().await,
        written => written,
    }
}

/// Whether the reserve was deleted, and there is still no space to write it again.
pub(crate) async fn is_missing(connection: &Connection) -> Result<bool, StoreError> {
    Ok(has(connection, SPENT).await? && !ensure(connection).await?)
}

async fn has(connection: &Connection, key: &str) -> Result<bool, StoreError> {
    let read = connection.run(&[META], Mode::Read, async |tx| {
        let meta = tx.store(META)?;
        tx.last(holds(&meta, key)).await
    });
    read.await
}

/// Whether the key exists, as seen by a running transaction.
pub(crate) async fn is_in(meta: &ObjectStore) -> Result<bool, StoreError> {
    holds(meta, RESERVE).await
}

async fn holds(meta: &ObjectStore, key: &str) -> Result<bool, StoreError> {
    let counted = meta.count(Some(Query::Key(JsValue::from_str(key)))).map_err(of_idb)?;
    Ok(counted.await.map_err(of_idb)? > 0)
}

/// Bytes that no browser can compress (xorshift64).
fn noise() -> Uint8Array {
    let bytes = Uint8Array::new_with_length(RESERVE_BYTES);
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut chunk = vec![0; CHUNK_BYTES];
    for start in (0..RESERVE_BYTES).step_by(CHUNK_BYTES) {
        for word in chunk.chunks_exact_mut(8) {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            word.copy_from_slice(&state.to_le_bytes());
        }
        bytes.set(&Uint8Array::from(chunk.as_slice()), start);
    }
    bytes
}
