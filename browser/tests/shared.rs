//! Locks and channels in a real browser.
#![allow(clippy::expect_used, reason = "a test fails loudly")]
#![cfg(target_arch = "wasm32")]

use std::cell::RefCell;

use browser::{BroadcastEnd, WebLock, new_uuid_v7};
use futures::channel::oneshot;
use sync::{AppNames, Channel, Notice, Turn};
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

const NAMES: AppNames = AppNames::new("shared", "all");

#[wasm_bindgen_test]
async fn one_holds_the_lock_until_it_is_dropped_or_stolen() {
    let turn = WebLock::new(&NAMES);
    let first = turn.take(false).await.expect("free");
    assert!(turn.take(false).await.is_none());
    drop(first);
    let second = turn.take(true).await.expect("free again");
    let thief = turn.take(true).await.expect("stolen");
    drop(second);
    assert!(turn.take(false).await.is_none(), "the thief still holds it");
    drop(thief);
}

#[wasm_bindgen_test]
async fn others_hear_a_notice() {
    let (sender, heard) = oneshot::channel();
    let sender = RefCell::new(Some(sender));
    let _other = BroadcastEnd::open(&NAMES, move |notice| {
        if let Some(sender) = sender.borrow_mut().take() {
            sender.send(notice).expect("somebody waits");
        }
    });
    let own = BroadcastEnd::open(&NAMES, |_| panic!("it hears itself"));
    let _other_app = BroadcastEnd::open(&AppNames::new("other", "all"), |_| panic!("it hears another app"));
    own.tell(&Notice::QueueChanged);
    let received = heard.await.expect("a notice");
    assert_eq!(received.parse(), Some(Notice::QueueChanged));
}

#[wasm_bindgen_test]
fn ids_are_of_version_7_and_rise() {
    let (first, second) = (new_uuid_v7(), new_uuid_v7());
    assert_eq!(first.get_version_num(), 7);
    assert!(first != second && first.as_u128() >> 80 <= second.as_u128() >> 80);
}
