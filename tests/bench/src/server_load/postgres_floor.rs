//! The floor of PostgreSQL: a plain loop writes the rows of a load again. One connection, one transaction per batch, one
//! prepared statement per table and batch, equally durable commits; no HTTP, rules or look-ups.

use std::time::Instant;

use anyhow::{Context, Result};
use sync::MAX_BATCH_MUTATIONS;
use test_postgres::Database;
use tokio_postgres::{Client, NoTls, Statement};

/// A table's rows of each batch, the key on which rows are updated in place, and the columns that are updated.
struct Table {
    name: &'static str,
    /// Joins the rows, called `t`, to the receipts of the batch, called `r`.
    of_batch: &'static str,
    key: &'static str,
    updated: &'static [&'static str],
}

/// In the order of writing.
const TABLES: [Table; 5] = [
    Table {
        name: "inventory_lots",
        of_batch: OF_LOTS,
        key: "site, product_id, lot_id",
        updated: &["quantity", "rev", "field_revs"],
    },
    Table { name: "stock_ledger", of_batch: OF_MUTATIONS, key: "", updated: &[] },
    Table {
        name: "exceptions",
        of_batch: OF_LOTS,
        key: "site, product_id, lot_id, kind",
        updated: &["after", "rev", "deleted_at"],
    },
    Table { name: "receipts", of_batch: OF_MUTATIONS, key: "", updated: &[] },
    Table {
        name: "clients",
        of_batch: "JOIN receipts AS r ON r.site = t.site AND r.client = t.client",
        key: "site, client",
        updated: &["max_seq"],
    },
];
const OF_MUTATIONS: &str = "JOIN receipts AS r ON r.site = t.site AND r.mutation_id = t.mutation_id";
const OF_LOTS: &str = "JOIN stock_ledger AS l ON l.site = t.site AND l.product_id = t.product_id AND l.lot_id = t.lot_id \
                       JOIN receipts AS r ON r.site = l.site AND r.mutation_id = l.mutation_id";

/// All rows that a load wrote: for each batch in commit order, the JSON of each table's rows and the site's revision.
#[derive(Debug)]
pub(super) struct Recorded(Vec<Batch>);

#[derive(Debug)]
struct Batch {
    tables: Vec<Option<String>>,
    site: String,
    rev: i64,
    mutations: i64,
}

impl Recorded {
    /// Reads the rows that the load wrote to `database`, of at most so many batches.
    pub(super) async fn read(database: &Database, max_batches: usize) -> Result<Self> {
        let client = connect(database).await?;
        let batch = format!("r.site, r.client, (r.seq - 1) / {MAX_BATCH_MUTATIONS}");
        let order = format!(
            "SELECT {batch}, max(t.rev), count(DISTINCT r.mutation_id) FROM stock_ledger AS t {OF_MUTATIONS} \
             GROUP BY 1, 2, 3 ORDER BY 4 LIMIT {max_batches}"
        );
        let order = client.query(&order, &[]).await?;
        let mut batches = Vec::with_capacity(order.len());
        let mut selects = Vec::with_capacity(TABLES.len());
        for Table { name, of_batch, .. } in &TABLES {
            let rows = format!(
                "SELECT DISTINCT t.* FROM {name} AS t {of_batch} WHERE r.site = $1 AND r.client = $2 \
                 AND (r.seq - 1) / {MAX_BATCH_MUTATIONS} = $3"
            );
            selects.push(client.prepare(&format!("SELECT json_agg(t)::text FROM ({rows}) AS t")).await?);
        }
        for row in order {
            let key: (String, uuid::Uuid, i64) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
            let mut tables = Vec::with_capacity(TABLES.len());
            for select in &selects {
                tables.push(client.query_one(select, &[&key.0, &key.1, &key.2]).await?.try_get(0)?);
            }
            batches.push(Batch { tables, site: key.0, rev: row.try_get(3)?, mutations: row.try_get(4)? });
        }
        Ok(Self(batches))
    }

    /// The number of mutations whose rows these are.
    pub(super) fn mutations(&self) -> Result<usize> {
        Ok(usize::try_from(self.0.iter().map(|batch| batch.mutations).sum::<i64>())?)
    }

    /// Writes all batches to `database`. Returns the time taken, in seconds.
    pub(super) async fn write_again(&self, database: &Database) -> Result<f64> {
        let mut client = connect(database).await?;
        let mut inserts = Vec::with_capacity(TABLES.len());
        for table in &TABLES {
            inserts.push(client.prepare(&insert(table)).await?);
        }
        let update = client.prepare("UPDATE sites SET rev = $1 WHERE site = $2").await?;
        let began = Instant::now();
        for batch in &self.0 {
            batch.write(&mut client, &inserts, &update).await?;
        }
        Ok(began.elapsed().as_secs_f64())
    }
}

impl Batch {
    async fn write(&self, client: &mut Client, inserts: &[Statement], update: &Statement) -> Result<()> {
        let transaction = client.transaction().await?;
        for (insert, rows) in inserts.iter().zip(&self.tables) {
            if let Some(rows) = rows {
                transaction.execute(insert, &[rows]).await?;
            }
        }
        transaction.execute(update, &[&self.rev, &self.site]).await?;
        Ok(transaction.commit().await?)
    }
}

fn insert(table: &Table) -> String {
    let Table { name, key, updated, .. } = table;
    let set: Vec<String> = updated.iter().map(|column| format!("{column} = excluded.{column}")).collect();
    let conflict = match set.as_slice() {
        [] => String::new(),
        set => format!(" ON CONFLICT ({key}) DO UPDATE SET {}", set.join(", ")),
    };
    format!(
        "INSERT INTO {name} SELECT * FROM json_populate_recordset(NULL::{name}, $1::text::json){conflict}"
    )
}

async fn connect(database: &Database) -> Result<Client> {
    let connected = tokio_postgres::connect(&database.direct_url(), NoTls).await;
    let (client, connection) = connected.context("PostgreSQL does not answer")?;
    tokio::spawn(connection);
    Ok(client)
}
