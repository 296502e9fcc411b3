//! The store on PostgreSQL passes the suite of the Store port, directly and through a pooler.

use std::sync::Arc;

use anyhow::Result;
use async_trait::async_trait;
use server::store::Store;
use server::store::conformance::{self, Engine};
use server::store::postgres::PostgresStore;
use test_postgres::{Database, Postgres};

/// Each of its stores is a server of its own.
struct OnPostgres(Database);

#[async_trait]
impl Engine for OnPostgres {
    async fn open(&self) -> Result<Arc<dyn Store>> {
        Ok(Arc::new(PostgresStore::open(self.0.url()).await?))
    }
}

mod direct {
    use super::*;

    macro_rules! case {
        ($name:ident) => {
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() -> Result<()> {
                conformance::$name(&OnPostgres(Postgres::shared()?.database()?)).await
            }
        };
    }

    server::for_each_server_store_case!(case);
}

mod pooled {
    use super::*;

    macro_rules! case {
        ($name:ident) => {
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() -> Result<()> {
                conformance::$name(&OnPostgres(Postgres::shared()?.pooled_database()?)).await
            }
        };
    }

    server::for_each_server_store_case!(case);
}
