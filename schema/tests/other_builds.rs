//! A queue outlives the build that filled it: an earlier build's mutations are read, a later one's are kept and sent unread.
#![allow(clippy::expect_used, reason = "a test fails loudly")]
#![cfg(target_arch = "wasm32")]

use domain::{Action, Warehouse};
use schema::{IdbStore, MUTATION_QUEUE};
use sync::{Draft, Json, Store, UnixMillis};
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
        captured_at: UnixMillis(5),
        depends_on: None,
        replaces: None,
    }
}

/// Writes the text `old` of every queue record as `new`, as another build would have written it.
async fn rewrite(database: &str, old: &str, new: &str) {
    let script = format!(
        "new Promise((done, failed) => {{
            const opening = indexedDB.open('{database}');
            opening.onerror = failed;
            opening.onsuccess = () => {{
                const transaction = opening.result.transaction('{MUTATION_QUEUE}', 'readwrite');
                transaction.oncomplete = () => {{ opening.result.close(); done(); }};
                transaction.objectStore('{MUTATION_QUEUE}').openCursor().onsuccess = ({{ target }}) => {{
                    if (!target.result) return;
                    const value = target.result.value;
                    if (!value.record.includes('{old}')) failed(value.record);
                    target.result.update({{ ...value, record: value.record.replace('{old}', '{new}') }});
                    target.result.continue();
                }};
            }};
        }})"
    );
    let written: js_sys::Promise = js_sys::eval(&script).expect("a script").unchecked_into();
    JsFuture::from(written).await.expect("rewritten");
}

#[wasm_bindgen_test]
async fn what_an_earlier_build_saved_is_read_and_sent() {
    let store = open("earlier").await;
    let id = Uuid::from_u128(9);
    store.enqueue(draft(Action::DeleteProduct { id })).await.expect("saved");
    let now = format!(r#"{{"delete_product":{{"id":"{id}"}}}}"#);
    let then = format!(r#"{{"kind":"delete_product","payload":{{"id":"{id}"}}}}"#);
    rewrite("earlier", &now, &then).await;
    rewrite("earlier", r#""schema":2"#, r#""schema":1"#).await;
    let queue = store.queue().await.expect("a queue");
    assert_eq!((queue.records.len(), queue.unreadable), (1, 0));
    assert_eq!(queue.records[0].mutation.action, Action::DeleteProduct { id });
    let sent = store.relay().outbox(9).await.expect("an outbox").mutations;
    assert_eq!(
        (sent[0].schema, sent[0].action.text()),
        (1, then.as_str()),
        "the server reads it as it was written"
    );
}

#[wasm_bindgen_test]
async fn what_a_later_build_saved_is_kept_and_sent_unread() {
    let store = open("later").await;
    let unknown: Json = serde_json::from_str(r#"{"teleport_lot":{}}"#).expect("JSON");
    store.relay().enqueue(draft(unknown)).await.expect("saved");
    store.enqueue(draft(Action::DeleteProduct { id: Uuid::from_u128(9) })).await.expect("saved");
    let queue = store.queue().await.expect("the rest of the queue");
    assert_eq!((queue.records.len(), queue.unreadable), (1, 1));
    let outbox = store.relay().outbox(9).await.expect("an outbox");
    assert_eq!((outbox.pending, outbox.mutations[0].action.text()), (2, r#"{"teleport_lot":{}}"#));
}
