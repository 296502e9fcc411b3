//! A transaction that the browser does not end times out, and the next one works.
#![allow(clippy::expect_used, reason = "a test fails loudly")]
#![cfg(target_arch = "wasm32")]

mod common;

use common::{open, script};
use js_sys::{Function, Promise, Reflect};
use sync::conformance::add;
use sync::{Store, StoreError};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

/// Blocks every store of a database with one open transaction, as a broken window would. Pass the result to
/// [`release`] to end it.
async fn hold(database: &str) -> JsValue {
    let text = format!(
        "new Promise((done, failed) => {{
            const opening = indexedDB.open('{database}');
            opening.onerror = failed;
            opening.onsuccess = () => {{
                const transaction = opening.result.transaction([...opening.result.objectStoreNames], 'readwrite');
                const store = transaction.objectStore('meta');
                let isHeld = true;
                const again = () => {{ if (isHeld) store.get('nothing').onsuccess = again; }};
                again();
                const ended = new Promise((end) => {{
                    transaction.oncomplete = () => {{ opening.result.close(); end(); }};
                }});
                done({{ release: () => {{ isHeld = false; return ended; }} }});
            }};
        }})"
    );
    script(&text).await
}

async fn release(held: &JsValue) {
    let release: Function = Reflect::get(held, &"release".into()).expect("a field").unchecked_into();
    let ended: Promise = release.call0(held).expect("released").unchecked_into();
    JsFuture::from(ended).await.expect("ended");
}

/// Counts the calls of `indexedDB.open` from now on.
async fn count_opens() {
    let counting = "(async () => {
        const open = IDBFactory.prototype.open;
        globalThis.opens = 0;
        IDBFactory.prototype.open = function (...given) {
            globalThis.opens += 1;
            return open.apply(this, given);
        };
    })()";
    script(counting).await;
}

fn number(name: &str) -> f64 {
    let value = Reflect::get(&js_sys::global(), &name.into()).expect("a global");
    value.as_f64().expect("a number")
}

#[wasm_bindgen_test]
async fn an_unanswered_transaction_times_out_and_the_next_one_works() {
    let store = open("held").await;
    assert_eq!(store.next_number("order").await, Ok(1));
    let held = hold("held").await;
    store.set_transaction_limit(600);
    count_opens().await;
    assert_eq!(store.setting("theme").await, Err(StoreError::NoAnswer(600)), "a request");
    assert_eq!(store.next_number("order").await, Err(StoreError::NoAnswer(600)), "a request before a commit");
    assert!(number("opens") >= 2.0, "each try has a new handle");
    release(&held).await;
    store.set_transaction_limit(30_000);
    assert_eq!(store.next_number("order").await, Ok(2), "those that were given up were aborted");
    store.put_setting("theme", Some("dark")).await.expect("kept");
    assert_eq!(store.setting("theme").await, Ok(Some("dark".to_owned())));
    let opens = number("opens");
    store.queue().await.expect("a queue");
    assert!((number("opens") - opens).abs() < f64::EPSILON, "a handle that works is kept");
}

#[wasm_bindgen_test]
async fn a_save_that_is_answered_late_is_stored_once_and_not_called_a_failure() {
    let store = open("late").await;
    let held = hold("late").await;
    store.set_transaction_limit(600);
    let saving = async { store.enqueue(add(1, "a", 1)).await };
    // After the first try has timed out, and before the second has.
    let freeing = async {
        gloo_timers::future::TimeoutFuture::new(900).await;
        release(&held).await;
    };
    let (saved, ()) = futures::join!(saving, freeing);
    let saved = saved.expect("saved");
    let queue = store.queue().await.expect("a queue").records;
    assert_eq!(queue.iter().map(|record| record.mutation.clone()).collect::<Vec<_>>(), [saved]);
}

#[wasm_bindgen_test]
async fn a_save_without_any_answer_is_undecided_and_stored_at_most_once() {
    let store = open("undecided").await;
    let held = hold("undecided").await;
    store.set_transaction_limit(600);
    assert_eq!(store.enqueue(add(1, "a", 1)).await, Err(StoreError::Undecided));
    release(&held).await;
    store.set_transaction_limit(30_000);
    store.enqueue(add(2, "a", 1)).await.expect("saved");
    let queue = store.queue().await.expect("a queue").records;
    let ids: Vec<u128> = queue.iter().map(|record| record.mutation.id.as_u128()).collect();
    assert_eq!(ids, [1, 2], "the browser still stored the first one, once");
}

#[wasm_bindgen_test]
async fn a_transaction_that_ends_leaves_no_timer_behind() {
    let store = open("timers").await;
    store.set_transaction_limit(6_006);
    let watching = "(async () => {
        const { setTimeout, clearTimeout } = globalThis;
        const running = new Set();
        globalThis.begun = 0;
        globalThis.left = 0;
        globalThis.setTimeout = (callback, delay, ...given) => {
            const id = setTimeout(callback, delay, ...given);
            if (delay === 1001) { running.add(id); globalThis.begun += 1; globalThis.left = running.size; }
            return id;
        };
        globalThis.clearTimeout = (id) => {
            clearTimeout(id);
            running.delete(id);
            globalThis.left = running.size;
        };
    })()";
    script(watching).await;
    store.enqueue(add(1, "a", 1)).await.expect("saved");
    store.queue().await.expect("a queue");
    assert_eq!((number("begun"), number("left")), (2.0, 0.0), "one a transaction, and none is left");
}
