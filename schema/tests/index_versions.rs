//! Rows of an earlier build are found by index keys that it did not store.
#![allow(clippy::expect_used, reason = "a test fails loudly")]
#![cfg(target_arch = "wasm32")]

use schema::IdbStore;
use sync::conformance::{Add, CounterRow, Counters, add, commit, label};
use sync::{Commit, Cursor, Identity, Records, Removal, ReplacedRange, RowKey, Store, Versioned};
use uuid::Uuid;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

const LABELS: &str = "labels";
/// More than the pages that get new filters in one transaction.
const ROWS: usize = 40_000;

/// The model of a build: since version 1 a label is found by the last letter of its colour, too, and since version 2 its key
/// is in upper case.
struct Build<const VERSION: u8>;

impl<const VERSION: u8> Records for Build<VERSION> {
    type Action = Add;
    type Row = CounterRow;
    const TABLES: &'static [&'static str] = Counters::TABLES;
    const TABLES_VERSION: u32 = Counters::TABLES_VERSION;
    const SCHEMA: u32 = Counters::SCHEMA;
    const INDEX_VERSION: u8 = VERSION;

    fn indexed_since(index_key: &str) -> u8 {
        u8::from(index_key.starts_with("last:"))
    }

    fn identify(row: &CounterRow) -> Identity {
        let mut identity = Counters::identify(row);
        if let (CounterRow::Label { colour, .. }, 1..) = (row, VERSION) {
            identity.index_keys.extend(colour.chars().last().map(|last| format!("last:{last}")));
        }
        if VERSION >= 2 {
            identity.key.key.make_ascii_uppercase();
        }
        identity
    }
}

async fn open<const VERSION: u8>(name: &str) -> IdbStore<Build<VERSION>> {
    IdbStore::open(name, Uuid::from_u128(1), "all").await.expect("a database")
}

/// A snapshot's rows, which are stored in pages.
fn snapshot(rows: Vec<Versioned<CounterRow>>, from: Cursor, rev: u64) -> Commit<CounterRow> {
    let replaced = Some(ReplacedRange { table: LABELS.to_owned(), after: String::new(), through: None });
    Commit { rows, replaced, ..commit(from, rev) }
}

fn rows_at(rev: u64) -> Vec<Versioned<CounterRow>> {
    (0..ROWS).map(|n| label(&format!("{n:05}"), ["red", "green", "blue"][n % 3], rev)).collect()
}

fn of_colour(rows: &[Versioned<CounterRow>], wanted: &str) -> Vec<Versioned<CounterRow>> {
    let is_wanted = |row: &&Versioned<CounterRow>| matches!(&row.row, CounterRow::Label { colour, .. } if colour == wanted);
    rows.iter().filter(is_wanted).cloned().collect()
}

/// Bytes of all filters.
async fn filter_bytes(name: &str) -> f64 {
    let script = format!(
        "new Promise((done, failed) => {{
            const opening = indexedDB.open('{name}');
            opening.onerror = failed;
            opening.onsuccess = () => {{
                const asked = opening.result.transaction('{LABELS}:filters').objectStore('{LABELS}:filters').getAll();
                asked.onerror = failed;
                asked.onsuccess = () => {{
                    opening.result.close();
                    done(asked.result.reduce((sum, block) => sum + block.length, 0));
                }};
            }};
        }})"
    );
    let asked: js_sys::Promise = js_sys::eval(&script).expect("a script").unchecked_into();
    JsFuture::from(asked).await.expect("filters").as_f64().expect("a number")
}

#[wasm_bindgen_test]
async fn rows_are_found_by_keys_that_earlier_builds_did_not_store() {
    let name = "index_versions";
    let earlier = open::<0>(name).await;
    let mut rows = rows_at(1);
    earlier.commit(snapshot(rows.clone(), Cursor::Start, 1)).await.expect("stored");
    let changed = label("00004", "yellow", 2);
    let next = Commit { rows: vec![changed.clone()], ..commit(Cursor::Live { rev: 1 }, 2) };
    earlier.commit(next).await.expect("stored");
    rows[4] = changed.clone();
    let waits = earlier.enqueue(add(1, "a", 1)).await.expect("saved");
    let before = (earlier.outbox(9).await.expect("an outbox"), filter_bytes(name).await);
    assert_eq!(before.0.mutations, [waits]);

    let later = open::<1>(name).await;
    assert_eq!(later.find(LABELS, "colour:red").await.expect("rows"), of_colour(&rows, "red"));
    assert_eq!(
        filter_bytes(name).await.to_bits(),
        before.1.to_bits(),
        "a key of every build changes nothing"
    );
    assert_eq!(later.find(LABELS, "last:d").await.expect("rows"), of_colour(&rows, "red"));
    assert_eq!(later.find(LABELS, "last:w").await.expect("rows"), [changed]);
    assert_eq!(later.find(LABELS, "last:z").await.expect("rows"), []);
    let indexed = filter_bytes(name).await;
    assert!(indexed > before.1, "the keys are in the filters: {indexed} bytes");
    assert_eq!(later.outbox(9).await.expect("an outbox"), before.0, "queue and cursor stay");

    // The earlier build is still open in another window, and stores rows.
    let rows = rows_at(3);
    earlier.commit(snapshot(rows.clone(), Cursor::Live { rev: 2 }, 3)).await.expect("stored");
    assert_eq!(later.find(LABELS, "last:n").await.expect("rows"), of_colour(&rows, "green"));
    assert_eq!(filter_bytes(name).await.to_bits(), indexed.to_bits(), "the filters are written again");
    drop((earlier, later));
    let again = open::<1>(name).await;
    assert_eq!(again.find(LABELS, "last:e").await.expect("rows"), of_colour(&rows, "blue"));
}

#[wasm_bindgen_test]
async fn rows_move_to_the_keys_of_this_build() {
    let name = "new_keys";
    let earlier = open::<1>(name).await;
    // More than stay beside the pages.
    let mut rows: Vec<_> = (0..10_000).map(|n| label(&format!("a{n:05}"), "red", 1)).collect();
    earlier.commit(snapshot(rows.clone(), Cursor::Start, 1)).await.expect("stored");
    let changed = label("a00004", "yellow", 2);
    let removed = vec![Removal { table: LABELS.into(), key: "a00005".to_owned(), rev: 2 }];
    let next = Commit { rows: vec![changed.clone()], removed, ..commit(Cursor::Live { rev: 1 }, 2) };
    earlier.commit(next).await.expect("stored");
    rows[4] = changed;
    rows.remove(5);
    let waits = earlier.enqueue(add(1, "a", 1)).await.expect("saved");

    let later = open::<2>(name).await;
    let before = later.outbox(9).await.expect("an outbox");
    assert_eq!(before.mutations, [waits]);
    let one = |key: &str| RowKey::new(LABELS, key);
    assert_eq!(later.get(&one("A00007")).await.expect("read"), None, "the key of the earlier build");
    later.reindex_all().await.expect("moved");
    assert_eq!(later.get(&one("A00007")).await.expect("read"), Some(rows[6].clone()));
    assert_eq!(later.get(&one("a00007")).await.expect("read"), None);
    assert_eq!(later.scan(LABELS, "", "", rows.len() * 2).await.expect("rows"), rows);
    assert_eq!(later.find(LABELS, "colour:yellow").await.expect("rows"), [rows[4].clone()]);
    assert_eq!(later.outbox(9).await.expect("an outbox"), before, "queue and cursor stay");
    later.reindex_all().await.expect("nothing to do");

    // The earlier build is still open in another window, and stores a row under its key.
    let newer = label("a00009", "green", 3);
    let next = Commit { rows: vec![newer.clone()], ..commit(Cursor::Live { rev: 2 }, 3) };
    earlier.commit(next).await.expect("stored");
    assert_eq!(later.find(LABELS, "colour:green").await.expect("rows"), [newer]);
}
