//! Nothing is open when a page is left, and every transaction is committed explicitly: in WebKit, a page in the
//! back/forward cache keeps the locks of the others.
#![allow(clippy::expect_used, reason = "a test fails loudly")]
#![cfg(target_arch = "wasm32")]

mod common;

use common::{open, script};
use js_sys::Reflect;
use sync::conformance::{add, commit, counter};
use sync::{Commit, Cursor, Read, RowKey, Store, StoreError};
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

fn event(name: &str) {
    let text = format!("dispatchEvent(new PageTransitionEvent('{name}', {{ persisted: true }}))");
    js_sys::eval(&text).expect("an event");
}

fn count(name: &str) -> String {
    let value = Reflect::get(&js_sys::global(), &name.into()).expect("a global");
    value.as_f64().expect("a number").to_string()
}

/// From now on counts the transactions of a database that are not committed or aborted yet (`running`), that were
/// begun (`begun`), and that ended without a commit or an abort (`implicit`).
async fn watch(database: &str) {
    let watching = format!(
        "(async () => {{
            globalThis.begun = globalThis.running = globalThis.implicit = 0;
            const {{ transaction }} = IDBDatabase.prototype;
            IDBDatabase.prototype.transaction = function (...given) {{
                const begun = transaction.apply(this, given);
                if (this.name !== '{database}') return begun;
                globalThis.begun += 1;
                globalThis.running += 1;
                let isRunning = true;
                const end = (how) => {{
                    if (!isRunning) return;
                    isRunning = false;
                    globalThis.running -= 1;
                    if (how === 'implicit') globalThis.implicit += 1;
                }};
                for (const name of ['commit', 'abort']) {{
                    const call = begun[name];
                    begun[name] = () => {{ call.call(begun); end(name); }};
                }}
                begun.addEventListener('complete', () => end('implicit'));
                begun.addEventListener('abort', () => end('implicit'));
                return begun;
            }};
        }})()"
    );
    script(&watching).await;
}

#[wasm_bindgen_test]
async fn reads_and_writes_commit_explicitly() {
    let store = open("explicit").await;
    watch("explicit").await;
    let mutation = store.enqueue(add(1, "a", 1)).await.expect("saved");
    let rows = (0..2_000).map(|n| counter(&format!("{n:05}"), n, 1)).collect();
    store.commit(Commit { rows, ..commit(Cursor::Start, 1) }).await.expect("stored");
    store.queue().await.expect("a queue");
    assert_eq!(store.outbox(9).await.expect("an outbox").mutations, [mutation]);
    assert_eq!(store.outbox(0).await.expect("an outbox").pending, 1);
    store.journal(9).await.expect("a journal");
    let key = RowKey::new("counters", "00007");
    assert!(store.get(&key).await.expect("an answer").is_some());
    store.read(&[Read::Row(key)]).await.expect("rows");
    store.scan("counters", "", "", usize::MAX).await.expect("rows");
    store.find("labels", "colour:red").await.expect("rows");
    store.put_setting("theme", Some("dark")).await.expect("kept");
    store.setting("theme").await.expect("an answer");
    store.is_full().await.expect("an answer");
    store.next_number("order").await.expect("a number");
    assert_ne!(count("begun"), "0");
    assert_eq!([count("implicit"), count("running")], ["0", "0"]);
}

/// Operations that begin in the task in which the page is left, and end after it came back.
#[wasm_bindgen_test]
async fn a_page_that_is_left_has_nothing_open_and_goes_on_when_it_is_back() {
    let store = open("left").await;
    let rows = (0..2_000).map(|n| counter(&format!("{n:05}"), n, 1)).collect();
    store.commit(Commit { rows, ..commit(Cursor::Start, 1) }).await.expect("stored");
    watch("left").await;
    let leaving = async {
        // The reads have begun, and have not been answered.
        event("pagehide");
        assert_eq!(count("running"), "0", "nothing is open");
        let begun = count("begun");
        gloo_timers::future::TimeoutFuture::new(200).await;
        assert_eq!(count("begun"), begun, "and nothing begins");
        event("pageshow");
    };
    let (rows, number_given, saved, ()) = futures::join!(
        store.scan("counters", "", "", usize::MAX),
        store.next_number("order"),
        store.enqueue(add(1, "a", 1)),
        leaving
    );
    assert_eq!(rows.expect("rows").len(), 2_000);
    assert_eq!(number_given, Ok(1));
    let queue = store.queue().await.expect("a queue").records;
    assert_eq!(
        queue.iter().map(|record| record.mutation.clone()).collect::<Vec<_>>(),
        [saved.expect("saved")]
    );
}

#[wasm_bindgen_test]
async fn an_opening_goes_on_when_the_page_is_back() {
    let leaving = async {
        event("pagehide");
        gloo_timers::future::TimeoutFuture::new(100).await;
        event("pageshow");
    };
    let (opened, ()) = futures::join!(open("reopened"), leaving);
    opened.enqueue(add(1, "a", 1)).await.expect("saved");
}

/// In WebKit, a request of a page that is just being left fails, and the commit behind it succeeds.
#[wasm_bindgen_test]
async fn a_commit_behind_a_failed_request_is_no_success() {
    let store = open("partial").await;
    let failing = "(async () => {
        const { put, add } = IDBObjectStore.prototype;
        globalThis.failures = 1;
        const fail = (call) => function (...given) {
            if (this.transaction.db.name !== 'partial' || globalThis.failures-- < 1) return call.apply(this, given);
            const request = call.apply(this, given);
            // As the browser reports it: the error of the request goes up to the transaction.
            const { transaction } = this;
            queueMicrotask(() => transaction.onerror?.(new Event('error')));
            return request;
        };
        IDBObjectStore.prototype.put = fail(put);
        IDBObjectStore.prototype.add = fail(add);
    })()";
    script(failing).await;
    assert!(matches!(store.put_setting("theme", Some("dark")).await, Err(StoreError::Unavailable(_))));
    store.put_setting("theme", Some("light")).await.expect("kept");
    assert_eq!(store.setting("theme").await, Ok(Some("light".to_owned())));
}
