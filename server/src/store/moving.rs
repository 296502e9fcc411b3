//! Moves all data of a SQLite file to an empty database of PostgreSQL, in one transaction, and compares every row.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use data_encoding::HEXLOWER;
use uuid::Uuid;

use super::StoreFault;
use super::postgres::PostgresStore;
use super::sql::engine::{Decided, Engine, Lane};
use super::sql::session::{Columns, Insert, Param, Session};
use super::sqlite::read_whole;

/// Rows inserted at once.
const MAX_ROWS_PER_INSERT: usize = 1_000;
/// PostgreSQL keeps no NUL in texts. Builds that took them are long gone, but their rows may be there.
const NUL_REPLACEMENT: &str = "\u{fffd}";

/// The type of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Int,
    Id,
    Bytes,
    Flag,
}

/// A table and its columns, as `name:type` with the first letter of the type.
struct Table {
    name: &'static str,
    columns: &'static str,
}

/// In the order of their references.
const TABLES: [Table; 28] = [
    Table {
        name: "sites",
        columns: "site:t name:t epoch:u rev:i purged_rev:i epoch_renewed_at:i epoch_is_due:f is_importing:f \
                  archived_rev:i has_people:f",
    },
    Table {
        name: "products",
        columns: "site:t product_id:u sku:t sku_key:t sku_twin:t barcode:t barcode_key:t name:t unit:t price_minor:i \
                  currency:t family:t variant:t rev:i field_revs:t deleted_at:i",
    },
    Table {
        name: "inventory_lots",
        columns: "site:t product_id:u lot_id:u lot_code:t code_key:t location:t quantity:i status:t expires_on:t \
                  received_on:t rev:i field_revs:t deleted_at:i",
    },
    Table {
        name: "stock_ledger",
        columns: "site:t rev:i line:i product_id:u lot_id:u lot_code:t location:t delta:i movement:t note:t \
                  mutation_id:u client:u author:t captured_at:i booked_at:i",
    },
    Table { name: "ledger_months", columns: "site:t product_id:u month:t first_rev:i last_rev:i body:b" },
    Table {
        name: "orders",
        columns: "site:t order_id:u number:t currency:t total_minor:i rev:i mutation_id:u client:u author:t \
                  captured_at:i booked_at:i to_site:t arrived_at:i settled_at:i received:t",
    },
    Table {
        name: "order_lines",
        columns: "site:t order_id:u line:i product_id:u lot_id:u lot_code:t location:t quantity:i unit_price_minor:i",
    },
    Table {
        name: "deliveries",
        columns: "site:t delivery_id:u number:t supplier:t expected_on:t lines:t closed:f is_open:f rev:i deleted_at:i",
    },
    Table {
        name: "shortages",
        columns: "site:t rev:i line:i delivery_id:u number:t product_id:u expected:i received:i reason:t \
                  mutation_id:u client:u author:t captured_at:i booked_at:i",
    },
    Table {
        name: "exceptions",
        columns: "site:t product_id:u lot_id:u kind:t lot_code:t location:t other:u before:i after:i basis:i author:t \
                  raised_at:i rev:i deleted_at:i",
    },
    Table {
        name: "resolutions",
        columns: "site:t rev:i line:i kind:t product_id:u lot_id:u lot_code:t location:t reason:t mutation_id:u \
                  client:u author:t captured_at:i booked_at:i",
    },
    Table {
        name: "product_edits",
        columns: "site:t rev:i line:i product_id:u before:t after:t mutation_id:u client:u author:t captured_at:i \
                  booked_at:i",
    },
    Table {
        name: "unknown_codes",
        columns: "site:t code:t times:i devices:t booked_at:i rev:i deleted_at:i",
    },
    Table {
        name: "conflicts",
        columns: "site:t mutation_id:u verdict:t code:t message:t action:t author:t captured_at:i booked_at:i rev:i \
                  deleted_at:i",
    },
    Table {
        name: "people",
        columns: "site:t person_id:u name:t initials:t badge:u pin:t language:t role:t active:f roles:t rev:i deleted_at:i",
    },
    Table { name: "site_settings", columns: "site:t code:t value:t rev:i deleted_at:i" },
    Table {
        name: "devices",
        columns: "site:t device:u name:t prefix:t token_hash:b enrolled_at:i last_seen_at:i revoked_at:i \
                  clock_ahead_millis:i",
    },
    Table { name: "enrolment_codes", columns: "site:t code_hash:b device_name:t expires_at:i used_at:i" },
    Table { name: "clients", columns: "site:t client:u device:u max_seq:i acknowledged_seq:i" },
    Table {
        name: "receipts",
        columns: "site:t client:u seq:i mutation_id:u verdict:t code:t message:t rev:i touched:t booked_at:i",
    },
    // Without the lease, which is a running server's.
    Table {
        name: "webhooks",
        columns: "site:t webhook_id:u url:t secret:t events:t created_at:i cursor_rev:i cursor_part:t failures:i \
                  failing_since:i next_attempt_at:i last_error:t delivered_at:i dead_at:i",
    },
    Table {
        name: "api_keys",
        columns: "site:t key_id:u name:t scopes:t secret_hash:b created_at:i last_used_at:i revoked_at:i",
    },
    Table { name: "api_requests", columns: "site:t key_id:u request:t body_hash:b outcome:t booked_at:i" },
    Table {
        name: "office_accounts",
        columns: "account_id:u login:t login_key:t password_hash:t created_at:i closed_at:i",
    },
    Table { name: "office_roles", columns: "account_id:u site:t role:t" },
    Table { name: "office_links", columns: "link_hash:b account_id:u expires_at:i used_at:i" },
    Table {
        name: "office_sessions",
        columns: "session_id:u account_id:u token_hash:b client:t created_at:i last_used_at:i ended_at:i",
    },
    Table { name: "office_log", columns: "at:i entry_id:u site:t account_id:u login:t act:t subject:t" },
];

impl Table {
    fn columns(&self) -> impl Iterator<Item = (&'static str, Kind)> {
        self.columns.split_whitespace().filter_map(|column| {
            let (name, letter) = column.split_once(':')?;
            let kinds =
                [("t", Kind::Text), ("i", Kind::Int), ("u", Kind::Id), ("b", Kind::Bytes), ("f", Kind::Flag)];
            Some((name, kinds.into_iter().find(|(known, _)| *known == letter)?.1))
        })
    }

    /// Selects all rows; `hex` is the function that gives bytes as hexadecimal digits.
    fn select(&self, hex: fn(&str) -> String) -> String {
        let columns = self.columns().map(|(name, kind)| match kind {
            Kind::Bytes => hex(name),
            Kind::Text | Kind::Int | Kind::Id | Kind::Flag => name.to_owned(),
        });
        format!("SELECT {} FROM {}", columns.collect::<Vec<_>>().join(", "), self.name)
    }
}

/// A value of a row.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Value {
    Text(Option<String>),
    Int(Option<i64>),
    Id(Option<Uuid>),
    Bytes(Vec<u8>),
    Flag(bool),
}

impl Value {
    fn read(row: &dyn Columns, at: usize, kind: Kind) -> Result<Self, StoreFault> {
        Ok(match kind {
            Kind::Text => Self::Text(row.optional_text(at)?.map(|text| text.replace('\0', NUL_REPLACEMENT))),
            Kind::Int => Self::Int(row.optional_int(at)?),
            Kind::Id => Self::Id(row.optional_id(at)?),
            Kind::Flag => Self::Flag(row.flag(at)?),
            Kind::Bytes => {
                let digits = row.text(at)?.to_lowercase();
                let bytes = HEXLOWER.decode(digits.as_bytes());
                Self::Bytes(bytes.map_err(|error| StoreFault::Failed(error.to_string()))?)
            }
        })
    }

    fn param(&self) -> Param<'_> {
        match self {
            Self::Text(text) => Param::from(text.clone()),
            Self::Int(number) => Param::from(*number),
            Self::Id(id) => Param::from(*id),
            Self::Bytes(bytes) => Param::Bytes(bytes),
            Self::Flag(flag) => Param::from(*flag),
        }
    }
}

/// The number of a table's rows and a digest of them, whatever their order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Digest {
    rows: u64,
    sum: u64,
}

impl Digest {
    fn add(&mut self, row: &[Value]) {
        let mut hasher = DefaultHasher::new();
        row.hash(&mut hasher);
        self.rows += 1;
        self.sum = self.sum.wrapping_add(hasher.finish());
    }
}

/// The number of rows of each table that were moved.
pub type Moved = Vec<(&'static str, u64)>;

/// Called with a table's name and the number of its rows so far.
pub type OnTable = Arc<dyn Fn(&str, u64) + Send + Sync>;

/// Moves all data of `file`, which no server uses, to an empty database. Epochs and revisions stay: devices go on
/// where they were. If anything fails or differs, nothing is moved.
///
/// # Errors
/// [`StoreFault`] if the file has tables of another version or an import in progress, if the database is not empty, or if a
/// row differs after it was written.
pub async fn move_to(store: &PostgresStore, file: &Path, on_table: OnTable) -> Result<Moved, StoreFault> {
    let file: PathBuf = file.to_owned();
    let work = move |target: &dyn Session| {
        // A long ledger is read again for longer than any other statement may take.
        target.execute("SET LOCAL statement_timeout = 0", &[])?;
        if target.exists("SELECT 1 FROM sites LIMIT 1", &[])? {
            let message = "The database has sites already. Move the file to an empty database.";
            return Err(StoreFault::invalid("not_empty", message));
        }
        read_whole(&file, |source| {
            if source.exists("SELECT 1 FROM imports LIMIT 1", &[])? {
                let message = "An import is in progress in the file. Start `serve` on it: it ends the import within seconds.";
                return Err(StoreFault::invalid("importing", message));
            }
            TABLES.iter().map(|table| move_table(table, source, target, &on_table)).collect()
        })
        .map(Decided::Keep)
    };
    store.engine().write(Lane::default(), work).await
}

fn move_table(
    table: &Table,
    source: &dyn Session,
    target: &dyn Session,
    on_table: &OnTable,
) -> Result<(&'static str, u64), StoreFault> {
    let columns: Vec<(&str, Kind)> = table.columns().collect();
    let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
    let columns_of_insert = names.join(", ");
    let insert = Insert::new(table.name, &columns_of_insert);
    let read = |row: &dyn Columns| -> Result<Vec<Value>, StoreFault> {
        columns.iter().enumerate().map(|(at, (_, kind))| Value::read(row, at, *kind)).collect()
    };
    let write = |rows: &mut Vec<Vec<Value>>| {
        let params: Vec<Vec<Param<'_>>> =
            rows.iter().map(|row| row.iter().map(Value::param).collect()).collect();
        let written = target.insert(insert, &params);
        drop(params);
        rows.clear();
        written
    };
    let (mut sent, mut waiting) = (Digest::default(), Vec::with_capacity(MAX_ROWS_PER_INSERT));
    source.query(&table.select(|name| format!("hex({name})")), &[], &mut |row| {
        let row = read(row)?;
        sent.add(&row);
        waiting.push(row);
        if waiting.len() == MAX_ROWS_PER_INSERT {
            write(&mut waiting)?;
            on_table(table.name, sent.rows);
        }
        Ok(())
    })?;
    write(&mut waiting)?;
    on_table(table.name, sent.rows);
    let mut found = Digest::default();
    target.query(&table.select(|name| format!("encode({name}, 'hex')")), &[], &mut |row| {
        found.add(&read(row)?);
        Ok(())
    })?;
    if found == sent {
        return Ok((table.name, sent.rows));
    }
    let (name, written, read) = (table.name, sent.rows, found.rows);
    Err(StoreFault::Failed(format!("{name}: {written} rows were written, and {read} rows read again differ")))
}
