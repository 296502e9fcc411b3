//! A database of an earlier build is upgraded without losing data.
#![allow(clippy::expect_used, reason = "a test fails loudly")]
#![cfg(target_arch = "wasm32")]

use domain::{Action, DELIVERIES, EXCEPTIONS, InventoryLot, LOTS, LotRef, Row, UNKNOWN_CODES, Warehouse};
use schema::IdbStore;
use sync::conformance::{Counters, label};
use sync::{
    Commit, Cursor, Draft, Outcome, Progress, Receipt, ReplacedRange, Store, UnixMillis, Verdict, Versioned,
};
use uuid::Uuid;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

async fn open(name: &str) -> IdbStore<Warehouse> {
    IdbStore::open(name, Uuid::from_u128(1), "available").await.expect("a database")
}

fn draft<A>(action: A) -> Draft<A> {
    Draft {
        id: Uuid::from_u128(7),
        action,
        base: 0,
        author: "Ada".to_owned(),
        signed_by: None,
        captured_at: UnixMillis(5),
        depends_on: None,
        replaces: None,
    }
}

/// Copies a database in the format of an older version: without the tables added since (version 3 had deliveries and
/// exceptions, version 4,003 unknown codes and conflicts), before version 4 with every page's filter in a record of its own.
async fn as_version(version: u32, from: &str, to: &str) {
    let later_tables = match version {
        0..3 => "/^(deliveries|exceptions|unknown_codes|conflicts)/",
        4_002 => "/^(unknown_codes|conflicts)/",
        _ => "/^$/",
    };
    let script = format!(
        "(async () => {{
            const open = (name, version, upgrade) => new Promise((done, failed) => {{
                const opening = indexedDB.open(name, version);
                opening.onerror = failed;
                opening.onupgradeneeded = () => upgrade && upgrade(opening.result);
                opening.onsuccess = () => done(opening.result);
            }});
            const asked = (request) => new Promise((done, failed) => {{
                request.onsuccess = () => done(request.result);
                request.onerror = failed;
            }});
            const singly = (block) => {{
                const pages = [];
                const view = new DataView(block.buffer, block.byteOffset, block.byteLength);
                for (let at = 0; at < block.length;) {{
                    const part = () => {{
                        const begin = at + 4;
                        at = begin + view.getUint32(at, true);
                        return block.slice(begin, at);
                    }};
                    pages.push([new TextDecoder().decode(part()), part()]);
                }}
                return pages;
            }};
            const source = await open('{from}');
            const names = [...source.objectStoreNames].filter((name) => !{later_tables}.test(name));
            const reading = source.transaction(names);
            const stores = await Promise.all(names.map(async (name) => {{
                const store = reading.objectStore(name);
                const indexes = [...store.indexNames].map((index) => [index, store.index(index).keyPath]);
                const [keys, values] = await Promise.all([asked(store.getAllKeys()), asked(store.getAll())]);
                const {{ keyPath, autoIncrement }} = store;
                const records = values.map((value, at) => [keys[at], value]);
                const isSplit = {version} < 4 && name.endsWith(':filters');
                const entries = isSplit ? values.flatMap(singly) : records;
                return {{ name, keyPath, autoIncrement, indexes, entries }};
            }}));
            source.close();
            const target = await open('{to}', {version}, (database) => {{
                for (const {{ name, keyPath, autoIncrement, indexes, entries }} of stores) {{
                    const store = database.createObjectStore(name, {{ keyPath, autoIncrement }});
                    for (const [index, path] of indexes) store.createIndex(index, path);
                    for (const [key, value] of entries) keyPath ? store.put(value) : store.put(value, key);
                }}
            }});
            target.close();
        }})()"
    );
    let copied: js_sys::Promise = js_sys::eval(&script).expect("a script").unchecked_into();
    JsFuture::from(copied).await.expect("copied");
}

/// After the upgrade, the data of a device of an older version is there. Returns the cursor.
async fn upgraded(name: &str, version: u32, reached: Cursor) -> Cursor {
    let store = open(name).await;
    let lot = InventoryLot::empty(LotRef::new(Uuid::from_u128(9), "L1", "A-1"));
    let row = Versioned { rev: 3, row: Row::Lot(lot) };
    let commit = sync::conformance::commit(Cursor::Start, 3);
    let commit: Commit<Row> = Commit {
        from: commit.from,
        cursor: reached,
        receipts: Vec::new(),
        rows: vec![row.clone()],
        removed: Vec::new(),
        replaced: None,
        epoch: commit.epoch,
        known_seq: 0,
        last_outcome_seq: 0,
        at: commit.at,
    };
    store.commit(commit).await.expect("stored");
    let waits = store.enqueue(draft(Action::DeleteProduct { id: Uuid::from_u128(9) })).await.expect("saved");
    drop(store);
    let old = format!("{name}_of_version_{version}");
    as_version(version, name, &old).await;
    let store = open(&old).await;
    let outbox = store.outbox(9).await.expect("an outbox");
    assert_eq!(outbox.mutations, [waits]);
    assert_eq!(store.scan(LOTS, "", "", 9).await.expect("rows"), [row]);
    for table in [DELIVERIES, UNKNOWN_CODES] {
        assert_eq!(store.scan(table, "", "", 9).await.expect("no rows yet"), []);
    }
    drop(store);
    let again = open(&old).await;
    assert_eq!(again.outbox(9).await.expect("an outbox").cursor, outbox.cursor);
    outbox.cursor
}

#[wasm_bindgen_test]
async fn a_device_with_every_row_fetches_the_tables_added_by_an_upgrade() {
    let progress = Progress { done_rows: 1, total_rows: 1 };
    // A server that does not have the new tables yet knows the table before them.
    for (version, table) in [(2, LOTS), (4_002, EXCEPTIONS)] {
        let goes_on = Cursor::Snapshot { rev: 3, table: table.to_owned(), after: String::new(), progress };
        assert_eq!(upgraded(&format!("live_{version}"), version, Cursor::Live { rev: 3 }).await, goes_on);
    }
}

#[wasm_bindgen_test]
async fn a_device_within_a_snapshot_reaches_the_new_tables_by_itself() {
    let progress = Progress { done_rows: 1, total_rows: 9 };
    let within = Cursor::Snapshot { rev: 3, table: LOTS.to_owned(), after: String::new(), progress };
    assert_eq!(upgraded("within", 2, within.clone()).await, within);
}

/// The last version that counted form and tables together: nothing is fetched again, and numbering continues.
#[wasm_bindgen_test]
async fn a_device_of_version_4_keeps_everything() {
    let store = open("whole").await;
    let lot = InventoryLot::empty(LotRef::new(Uuid::from_u128(9), "L1", "A-1"));
    let row = Versioned { rev: 3, row: Row::Lot(lot) };
    let sent = store.enqueue(draft(Action::DeleteProduct { id: Uuid::from_u128(9) })).await.expect("saved");
    let outcome = Outcome {
        verdict: Verdict::Applied,
        code: String::new(),
        message: String::new(),
        rows: Vec::new(),
        removed: Vec::new(),
    };
    let first = sync::conformance::commit(Cursor::Start, 3);
    let commit: Commit<Row> = Commit {
        from: first.from,
        cursor: first.cursor,
        receipts: vec![Receipt { seq: sent.seq, id: sent.id, outcome }],
        rows: vec![row.clone()],
        removed: Vec::new(),
        replaced: None,
        epoch: first.epoch,
        known_seq: 0,
        last_outcome_seq: 0,
        at: first.at,
    };
    store.commit(commit).await.expect("stored");
    let waits = store.enqueue(draft(Action::DeleteProduct { id: Uuid::from_u128(8) })).await.expect("saved");
    store.put_setting("theme", Some("dark")).await.expect("kept");
    assert_eq!(store.next_number("order").await, Ok(1));
    let (outbox, journal) = (store.outbox(9).await, store.journal(9).await);
    drop(store);
    as_version(4, "whole", "whole_of_version_4").await;
    let store = open("whole_of_version_4").await;
    assert_eq!(store.outbox(9).await, outbox);
    assert_eq!(outbox.expect("an outbox").mutations, std::slice::from_ref(&waits));
    assert_eq!(store.journal(9).await, journal);
    assert_eq!(journal.expect("a journal").len(), 1);
    assert_eq!(store.scan(LOTS, "", "", 9).await, Ok(vec![row.clone()]));
    assert_eq!(store.find(LOTS, "location:A-1").await, Ok(vec![row]));
    assert_eq!(store.setting("theme").await, Ok(Some("dark".to_owned())));
    assert_eq!(store.next_number("order").await, Ok(2));
    let next = store.enqueue(draft(Action::DeleteProduct { id: Uuid::from_u128(7) })).await.expect("saved");
    assert!(next.seq > waits.seq);
}

#[wasm_bindgen_test]
async fn rows_are_found_after_an_upgrade_that_changes_the_format_of_filters() {
    let open = |name: &'static str| async move {
        IdbStore::<Counters>::open(name, Uuid::from_u128(1), "all").await.expect("a database")
    };
    let store = open("filters").await;
    let rows = (0..8_000).map(|n| label(&format!("{n:04}"), &format!("c{n}"), 1)).collect();
    let replaced = ReplacedRange { table: "labels".to_owned(), after: String::new(), through: None };
    let first = Commit { rows, replaced: Some(replaced), ..sync::conformance::commit(Cursor::Start, 1) };
    store.commit(first).await.expect("stored");
    drop(store);
    as_version(3, "filters", "filters_of_version_3").await;
    let store = open("filters_of_version_3").await;
    for n in (0..8_000).step_by(97) {
        let found = store.find("labels", &format!("colour:c{n}")).await.expect("rows");
        assert_eq!(found, [label(&format!("{n:04}"), &format!("c{n}"), 1)]);
    }
    // The upgraded filters can be changed.
    let replaced = ReplacedRange { table: "labels".to_owned(), after: "1000".to_owned(), through: None };
    let next = sync::conformance::commit(Cursor::Live { rev: 1 }, 2);
    let rows = vec![label("7000", "new", 2)];
    store.commit(Commit { rows, replaced: Some(replaced), ..next }).await.expect("stored");
    let count =
        async |colour: &str| store.find("labels", &format!("colour:{colour}")).await.expect("rows").len();
    assert_eq!((count("c999").await, count("c1001").await, count("new").await), (1, 0, 1));
}
