//! The store on SQLite passes the suite of the Store port.

use std::sync::Arc;

use anyhow::Result;
use async_trait::async_trait;
use server::store::Store;
use server::store::conformance::{self, Engine};
use server::store::sqlite::SqliteStore;
use tempfile::TempDir;

struct Sqlite(TempDir);

#[async_trait]
impl Engine for Sqlite {
    async fn open(&self) -> Result<Arc<dyn Store>> {
        Ok(Arc::new(SqliteStore::open(&self.0.path().join("lotbook.db"))?))
    }
}

macro_rules! case {
    ($name:ident) => {
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() -> Result<()> {
            conformance::$name(&Sqlite(TempDir::new()?)).await
        }
    };
}

server::for_each_server_store_case!(case);
