//! The store passes the suite of its port, on a file and in memory, and reports what is wrong with a file.

use std::path::PathBuf;

use futures::executor::block_on;
use sync::conformance::{self, Backend, Counters, add, commit, counter, label};
use sync::{
    Commit, Cursor, Json, Mutation, QueueRecord, QueueState, Records, RowKey, Store as _, StoreError,
};
use tempfile::TempDir;
use uuid::Uuid;

use crate::{SqliteStore, queue};

/// A file of its own for each case.
struct File(TempDir);

impl File {
    fn new() -> Self {
        Self(TempDir::new().expect("a folder"))
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("device.db")
    }
}

fn insert<M: Records>(store: &SqliteStore<M>, mutation: Mutation<Json>) -> Result<bool, StoreError> {
    let record = QueueRecord { mutation, state: QueueState::<Json>::Pending };
    store.database.write(|tx| queue::push(tx, &record.mutation)).map(|_| true)
}

impl Backend for File {
    type Store = SqliteStore<Counters>;

    async fn open(&self) -> Result<Self::Store, StoreError> {
        SqliteStore::create(&self.path(), Uuid::from_u128(1), "all")
    }

    async fn second_handle(&self, _: &Self::Store) -> Result<Self::Store, StoreError> {
        SqliteStore::open(&self.path())
    }

    async fn reopen(&self, store: Self::Store) -> Result<Self::Store, StoreError> {
        drop(store);
        // The client id and scope for a new database are ignored.
        SqliteStore::create(&self.path(), Uuid::from_u128(2), "other")
    }

    async fn insert_of_other_build(
        &self,
        store: &Self::Store,
        mutation: Mutation<Json>,
    ) -> Result<bool, StoreError> {
        insert(store, mutation)
    }

    async fn set_full(&self, store: &Self::Store, is_full: bool) -> Result<bool, StoreError> {
        store.database.reserve.is_full.set(is_full);
        Ok(true)
    }
}

/// Without a file, handles are clones.
struct Memory;

impl Backend for Memory {
    type Store = SqliteStore<Counters>;

    async fn open(&self) -> Result<Self::Store, StoreError> {
        SqliteStore::in_memory(Uuid::from_u128(1), "all")
    }

    async fn second_handle(&self, store: &Self::Store) -> Result<Self::Store, StoreError> {
        Ok(store.clone())
    }

    async fn reopen(&self, store: Self::Store) -> Result<Self::Store, StoreError> {
        Ok(store)
    }

    async fn insert_of_other_build(
        &self,
        store: &Self::Store,
        mutation: Mutation<Json>,
    ) -> Result<bool, StoreError> {
        insert(store, mutation)
    }

    async fn set_full(&self, _: &Self::Store, _: bool) -> Result<bool, StoreError> {
        Ok(false)
    }
}

macro_rules! on_a_file {
    ($case:ident) => {
        #[test]
        fn $case() {
            block_on(conformance::$case(&File::new())).expect("the store does not fail");
        }
    };
}

macro_rules! in_memory {
    ($case:ident) => {
        #[test]
        fn $case() {
            block_on(conformance::$case(&Memory)).expect("the store does not fail");
        }
    };
}

mod file {
    use super::*;
    sync::for_each_store_case!(on_a_file);
}

mod memory {
    use super::*;
    sync::for_each_store_case!(in_memory);
}

fn refusal(file: &File) -> StoreError {
    SqliteStore::<Counters>::open(&file.path()).expect_err("a refusal")
}

#[test]
fn a_file_that_is_no_device_database_is_refused_and_kept() {
    for content in
        ["not a database at all, but long enough to have a header of one: ".repeat(20), String::new()]
    {
        let file = File::new();
        std::fs::write(file.path(), &content).expect("written");
        assert!(matches!(refusal(&file), StoreError::Corrupt(_)), "{:?}", refusal(&file));
        assert_eq!(std::fs::read_to_string(file.path()).expect("read"), content, "it is left as it was");
    }
    assert!(matches!(refusal(&File::new()), StoreError::Unavailable(_)), "there is none");
    let other = File::new();
    let connection = rusqlite::Connection::open(other.path()).expect("opened");
    connection.execute_batch("CREATE TABLE notes (text)").expect("created");
    assert!(matches!(refusal(&other), StoreError::Corrupt(_)));
    connection.execute_batch("PRAGMA user_version = 99").expect("set");
    assert_eq!(refusal(&other), StoreError::Occupied);
}

#[test]
fn a_damaged_page_is_reported_and_stores_nothing_by_halves() {
    let file = File::new();
    let store = block_on(file.open()).expect("opened");
    let rows = (0..3_000).map(|n| counter(&format!("{n:05}"), n, 1)).collect();
    block_on(store.commit(Commit { rows, ..commit(Cursor::Start, 1) })).expect("stored");
    drop(store);
    let mut bytes = std::fs::read(file.path()).expect("read");
    // All pages but the first ones, which have the tables' names and the queue.
    let from = 20 * 4_096;
    assert!(bytes.len() > 2 * from, "{} bytes", bytes.len());
    bytes[from..].fill(0x5a);
    std::fs::write(file.path(), bytes).expect("written");
    let store = SqliteStore::<Counters>::open(&file.path()).expect("opened");
    let read = block_on(store.scan("counters", "", "", usize::MAX));
    assert!(matches!(read, Err(StoreError::Corrupt(_))), "{read:?}");
    block_on(store.enqueue(add(1, "a", 1))).expect("the queue is whole");
}

/// As [`Counters`] in a later build: labels are found by their key as well, and there is another table.
#[derive(Debug)]
struct Later;

impl Records for Later {
    type Action = conformance::Add;
    type Row = conformance::CounterRow;
    const TABLES: &'static [&'static str] = &["counters", "labels", "notes"];
    const TABLES_VERSION: u32 = 2;
    const SCHEMA: u32 = 2;
    const INDEX_VERSION: u8 = 1;

    fn identify(row: &Self::Row) -> sync::Identity {
        let mut identity = Counters::identify(row);
        if identity.key.table == "labels" {
            identity.index_keys.push(format!("key:{}", identity.key.key));
            identity.key.key.make_ascii_uppercase();
        }
        identity
    }
}

#[test]
fn a_later_build_finds_rows_of_an_earlier_one_by_its_keys() {
    let file = File::new();
    let store = block_on(file.open()).expect("opened");
    let rows = vec![label("a", "red", 3), label("A", "blue", 4), label("b", "red", 3)];
    block_on(store.commit(Commit { rows, ..commit(Cursor::Start, 4) })).expect("stored");
    drop(store);
    let later = SqliteStore::<Later>::open(&file.path()).expect("upgraded");
    assert_eq!(block_on(later.find("labels", "key:b")).expect("found"), [label("b", "red", 3)]);
    assert_eq!(
        block_on(later.scan("labels", "", "", 9)).expect("rows"),
        [label("A", "blue", 4), label("b", "red", 3)]
    );
    assert_eq!(block_on(later.get(&RowKey::new("labels", "B"))).expect("found"), Some(label("b", "red", 3)));
    let Cursor::Snapshot { rev: 4, table, .. } = block_on(later.outbox(0)).expect("read").cursor else {
        panic!("the new table is not fetched")
    };
    assert_eq!(table, "labels");
}

#[test]
fn every_commit_is_flushed() {
    let file = File::new();
    let store = block_on(file.open()).expect("opened");
    let modes = store.database.read(|tx| {
        let synchronous: i64 = tx.query_row("PRAGMA synchronous", [], |row| row.get(0))?;
        Ok((synchronous, tx.query_row("PRAGMA journal_mode", [], |row| row.get::<_, String>(0))?))
    });
    assert_eq!(modes, Ok((2, "wal".to_owned())));
}
