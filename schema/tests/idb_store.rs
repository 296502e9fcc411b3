//! The record layout of the IndexedDB store, and its resilience against browsers that close or delete
//! databases.
#![allow(clippy::expect_used, reason = "a test fails loudly")]
#![cfg(target_arch = "wasm32")]

use std::cell::RefCell;

use schema::IdbStore;
use sync::conformance::{Counters, add, commit, counter, label};
use sync::{Commit, Cursor, Read, Records, ReplacedRange, RowKey, Store, StoreError};
use uuid::Uuid;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

async fn open(name: &str) -> IdbStore<Counters> {
    IdbStore::open(name, Uuid::from_u128(1), "all").await.expect("a database")
}

#[wasm_bindgen_test]
async fn many_changes_end_up_in_pages() {
    let store = open("folded").await;
    let mut from = Cursor::Start;
    for part in 0..5_u64 {
        let rows = (0..2_000).map(|n| counter(&format!("{:05}", n * 5 + part), 1, part + 1)).collect();
        let next = commit(from, part + 1);
        from = next.cursor.clone();
        store.commit(Commit { rows, ..next }).await.expect("stored");
    }
    let pages = records("folded", "counters").await;
    assert!((6_000_u32.div_ceil(313)..=10_000_u32.div_ceil(250)).contains(&pages), "{pages} pages");
    assert!(records("folded", "counters:filters").await < pages / 10, "filters of pages lie together");
    assert_eq!(store.scan("counters", "", "", usize::MAX).await.expect("rows").len(), 10_000);
    // Writes the same rows many times: folded and unfolded changes stay one table.
    for round in 0..6_u64 {
        let rev = 6 + round;
        let rows = (0..3_000)
            .map(|n| counter(&format!("{:05}", (n * 7 + round * 1_301) % 10_000), rev.cast_signed(), rev));
        let next = commit(from, rev);
        from = next.cursor.clone();
        store.commit(Commit { rows: rows.collect(), ..next }).await.expect("stored");
    }
    let rows = open("folded").await.scan("counters", "", "", usize::MAX).await.expect("rows");
    assert_eq!(rows.len(), 10_000);
    let last_written =
        |n: u64| (0..6).rev().find(|round| (0..3_000).any(|at| (at * 7 + round * 1_301) % 10_000 == n));
    for (n, row) in (0_u64..).zip(&rows).step_by(97) {
        assert_eq!(row.rev, last_written(n).map_or(n % 5 + 1, |round| 6 + round), "row {n}");
    }
}

/// Two snapshots with different part boundaries, and folded changes: at every point, exactly the current rows
/// are found by their index keys.
#[wasm_bindgen_test]
async fn rows_are_found_while_their_pages_are_replaced() {
    let store = open("replaced").await;
    let key = |n: u32| format!("{n:05}");
    let colours: RefCell<Vec<Option<String>>> = RefCell::new(vec![None; 12_000]);
    let mut from = Cursor::Start;
    let mut rev = 0;
    let found_by_all = async || {
        for n in (0..12_000_u32).step_by(311) {
            let current = colours.borrow()[n as usize].clone();
            for colour in [format!("a{n}"), format!("b{n}"), format!("c{n}")] {
                let found = store.find("labels", &format!("colour:{colour}")).await.expect("rows");
                let keys: Vec<String> = found.iter().map(|held| Counters::key(&held.row).key).collect();
                let is_there = current.as_deref() == Some(&colour);
                assert_eq!(keys, is_there.then(|| key(n)).into_iter().collect::<Vec<_>>(), "{colour}");
            }
        }
    };
    for (colour, part_rows, step) in [("a", 2_500_u32, 1), ("b", 1_700, 3)] {
        for begin in (0..12_000_u32).step_by(part_rows as usize) {
            rev += 1;
            let end = (begin + part_rows).min(12_000_u32);
            let mut rows = Vec::new();
            for n in begin..end {
                let name = (n % step == 0).then(|| format!("{colour}{n}"));
                rows.extend(name.as_ref().map(|name| label(&key(n), name, rev)));
                colours.borrow_mut()[n as usize] = name;
            }
            let after = if begin == 0 { String::new() } else { key(begin - 1) };
            let through = (end < 12_000_u32).then(|| key(end - 1));
            let replaced = Some(ReplacedRange { table: "labels".to_owned(), after, through });
            let next = commit(from, rev);
            from = next.cursor.clone();
            store.commit(Commit { rows, replaced, ..next }).await.expect("stored");
            found_by_all().await;
        }
    }
    rev += 1;
    let mut rows = Vec::new();
    for n in (0..12_000_u32).filter(|n| n % 4 != 0) {
        rows.push(label(&key(n), &format!("c{n}"), rev));
        colours.borrow_mut()[n as usize] = Some(format!("c{n}"));
    }
    store.commit(Commit { rows, ..commit(from, rev) }).await.expect("stored");
    assert!(records("replaced", "labels:filters").await < 10, "filters of pages lie together");
    found_by_all().await;
}

#[wasm_bindgen_test]
async fn one_read_returns_rows_of_any_page() {
    let store = open("together").await;
    let rows = (0..10_000).map(|n| counter(&format!("{n:05}"), n, 1)).collect();
    store.commit(Commit { rows, ..commit(Cursor::Start, 1) }).await.expect("stored");
    assert!(records("together", "counters").await > 20, "the rows are in pages");
    let keys = ["00003", "09001", "05000", "00004", "04999"];
    let row = |key: &&str| Read::Row(RowKey::new("counters", *key));
    let prefix = |prefix: &str| Read::Prefix { table: "counters", prefix: prefix.to_owned(), limit: 20 };
    let reads: Vec<Read> = keys.iter().map(row).chain([prefix("0700"), prefix("0124")]).collect();
    let read = store.read(&reads).await.expect("rows");
    let found: Vec<String> = read.rows.iter().map(|held| Counters::key(&held.row).key).collect();
    let ten = |start: u32| (start..start + 10).map(|n| format!("{n:05}"));
    let expected: Vec<String> =
        keys.map(str::to_owned).into_iter().chain(ten(7_000)).chain(ten(1_240)).collect();
    assert_eq!(found, expected);
}

#[wasm_bindgen_test]
async fn many_small_commits_are_merged_into_few_records() {
    let store = open("runs").await;
    for rev in 1..=200 {
        let from = if rev == 1 { Cursor::Start } else { Cursor::Live { rev: rev - 1 } };
        let rows = vec![counter(&format!("{rev:03}"), 1, rev)];
        store.commit(Commit { rows, ..commit(from, rev) }).await.expect("stored");
    }
    assert!(records("runs", "counters:changes").await <= 64);
    assert_eq!(open("runs").await.scan("counters", "", "", 999).await.expect("rows").len(), 200);
}

async fn records(name: &str, store: &str) -> u32 {
    let factory = idb::Factory::new().expect("IndexedDB");
    let database = factory.open(name, None).expect("a request").await.expect("opened");
    let tx = database.transaction(&[store], idb::TransactionMode::ReadOnly).expect("a transaction");
    let count = tx.object_store(store).expect("a store").count(None).expect("a request").await;
    database.close();
    count.expect("a number")
}

/// Opens the database at a higher version, as a newer build would; returns once that succeeded.
async fn upgrade_elsewhere(name: &str, version: u32) -> web_sys::IdbDatabase {
    let factory = idb::Factory::new().expect("IndexedDB");
    factory.open(name, Some(version)).expect("a request").await.expect("opened").into()
}

#[wasm_bindgen_test]
async fn lets_a_newer_build_upgrade_and_then_reports_occupied() {
    let store = open("upgraded").await;
    store.enqueue(add(1, "a", 1)).await.expect("saved");
    let newer = upgrade_elsewhere("upgraded", 9_000).await;
    assert_eq!(store.enqueue(add(2, "a", 1)).await, Err(StoreError::Occupied));
    newer.close();
}

#[wasm_bindgen_test]
async fn reopens_a_lost_handle() {
    let store = open("healed").await;
    store.enqueue(add(1, "a", 1)).await.expect("saved");
    // A request to delete the database makes every handle close; then the database is gone, and a new life
    // begins.
    let factory = idb::Factory::new().expect("IndexedDB");
    factory.delete("healed").expect("a request").await.expect("deleted");
    assert_eq!(store.queue().await.expect("a new database").records, []);
}

#[wasm_bindgen_test]
async fn a_failed_transaction_stores_nothing() {
    let store = open("failed").await;
    store
        .commit(Commit { rows: vec![counter("a", 1, 1)], ..commit(Cursor::Start, 1) })
        .await
        .expect("stored");
    // An unreadable page makes the next commit to it fail half-way.
    let raw = upgrade_less_open("failed").await;
    put_raw(&raw, "labels", "a", "not a page").await;
    let range =
        ReplacedRange { table: "labels".to_owned(), after: String::new(), through: Some("a".to_owned()) };
    let failing = Commit {
        rows: vec![counter("b", 1, 2)],
        replaced: Some(range),
        ..commit(Cursor::Live { rev: 1 }, 2)
    };
    assert!(matches!(store.commit(failing).await, Err(StoreError::Corrupt(_))));
    assert_eq!(store.get(&RowKey::new("counters", "b")).await.expect("an answer"), None);
    assert_eq!(store.outbox(1).await.expect("an outbox").cursor, Cursor::Live { rev: 1 });
    raw.close();
}

/// A snapshot cannot replace a page whose rows cannot be parsed: such pages are dropped, and all rows are
/// fetched again.
#[wasm_bindgen_test]
async fn rows_that_cannot_be_read_are_dropped_and_the_queue_stays() {
    let store = open("damaged").await;
    let mutation = store.enqueue(add(1, "a", 1)).await.expect("saved");
    store
        .commit(Commit { rows: vec![counter("a", 1, 1)], ..commit(Cursor::Start, 1) })
        .await
        .expect("stored");
    let raw = upgrade_less_open("damaged").await;
    put_raw(&raw, "counters", "a", "not a page").await;
    assert!(matches!(store.scan("counters", "", "", 9).await, Err(StoreError::Corrupt(_))));
    store.drop_rows("all").await.expect("dropped");
    assert_eq!(store.scan("counters", "", "", 9).await.expect("rows"), []);
    let outbox = store.outbox(9).await.expect("an outbox");
    assert_eq!((outbox.cursor, outbox.mutations), (Cursor::Start, vec![mutation]));
    store
        .commit(Commit { rows: vec![counter("a", 1, 2)], ..commit(Cursor::Start, 2) })
        .await
        .expect("stored");
    assert_eq!(store.scan("counters", "", "", 9).await.expect("rows"), [counter("a", 1, 2)]);
    raw.close();
}

#[wasm_bindgen_test]
async fn the_reserve_is_written_before_rows_are_stored() {
    let store = open("reserved").await;
    let before = records("reserved", "meta").await;
    store
        .commit(Commit { rows: vec![counter("a", 1, 1)], ..commit(Cursor::Start, 1) })
        .await
        .expect("stored");
    let reserve = "const opened = indexedDB.open('reserved');
        const database = await new Promise((resolve) => { opened.onsuccess = () => resolve(opened.result); });
        const read = database.transaction('meta').objectStore('meta').get('reserve');
        const bytes = await new Promise((resolve) => { read.onsuccess = () => resolve(read.result); });
        database.close();
        return bytes.length;";
    let script = js_sys::Function::new_no_args(&format!("return (async () => {{ {reserve} }})()"));
    let promise: js_sys::Promise =
        script.call0(&wasm_bindgen::JsValue::NULL).expect("a promise").unchecked_into();
    assert_eq!(JsFuture::from(promise).await.expect("a length").as_f64(), Some(2_097_152.0));
    assert!(records("reserved", "meta").await > before);
    assert!(!store.is_full().await.expect("an answer"));
}

async fn upgrade_less_open(name: &str) -> web_sys::IdbDatabase {
    let factory = idb::Factory::new().expect("IndexedDB");
    factory.open(name, None).expect("a request").await.expect("opened").into()
}

async fn put_raw(database: &web_sys::IdbDatabase, store: &str, key: &str, value: &str) {
    let mode = web_sys::IdbTransactionMode::Readwrite;
    let tx = database.transaction_with_str_and_mode(store, mode).expect("a transaction");
    let done = js_sys::Promise::new(&mut |resolve, _| tx.set_oncomplete(Some(resolve.unchecked_ref())));
    let store = tx.object_store(store).expect("a store");
    store.put_with_key(&value.into(), &key.into()).expect("a request");
    JsFuture::from(done).await.expect("completed");
}
