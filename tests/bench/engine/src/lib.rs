//! Lotbook's engine as the app and the service worker run it, behind the same page interface as its peers.
#![cfg(target_arch = "wasm32")]

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use browser::{FetchTransport, new_uuid_v7, now};
use client::PAGE_PULL_ROWS;
use domain::{
    Action, LOTS, NAMES, PRODUCTS, Row, Warehouse, location_key, lot_prefix, normalize_gtin, sku_key,
};
use js_sys::{Date, Object, Reflect};
use schema::IdbStore;
use sync::{Draft, Relay, RoundLimits, RoundReport, Store, dependency, run_round};
use uuid::Uuid;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

const NAME: &str = "bench-lotbook";
const SCOPE: &str = "all";
/// Rows read at a time when counting.
const COUNT_ROWS: usize = 5_000;
/// Most lots counted per product.
const MAX_LOTS: usize = 100_000;

thread_local! {
    static STORE: RefCell<Option<Rc<IdbStore<Warehouse>>>> = const { RefCell::new(None) };
}

fn store() -> Result<Rc<IdbStore<Warehouse>>, JsValue> {
    STORE.with_borrow(|store| store.clone().ok_or_else(|| "the storage is not open".into()))
}

fn say(error: impl ToString) -> JsValue {
    error.to_string().into()
}

fn object(fields: &[(&str, f64)]) -> Result<JsValue, JsValue> {
    let object = Object::new();
    for (name, value) in fields {
        Reflect::set(&object, &(*name).into(), &(*value).into())?;
    }
    Ok(object.into())
}

/// Opens the storage.
#[wasm_bindgen]
pub async fn open() -> Result<(), JsValue> {
    let opened = IdbStore::open(NAME, new_uuid_v7(), SCOPE).await.map_err(say)?;
    STORE.with_borrow_mut(|store| *store = Some(Rc::new(opened)));
    Ok(())
}

/// Closes the storage, so that it can be deleted. Returns its name.
#[wasm_bindgen]
pub fn close() -> String {
    STORE.with_borrow_mut(Option::take);
    NAME.to_owned()
}

async fn round(max_exchanges: usize, on_first: impl Fn()) -> Result<RoundReport, JsValue> {
    let relay = store()?.relay();
    let limits = RoundLimits { max_pull_rows: PAGE_PULL_ROWS, max_exchanges, ..RoundLimits::default() };
    run_round(&relay, &FetchTransport::new(&NAMES), limits, now, |_| on_first()).await.map_err(say)
}

/// Pulls until live, or until about `stop_after_rows` rows are stored.
#[wasm_bindgen]
pub async fn pull(stop_after_rows: Option<u32>) -> Result<JsValue, JsValue> {
    let begun = Date::now();
    let first = Cell::new(None);
    let on_first = || first.set(first.get().or(Some(Date::now() - begun)));
    let parts = stop_after_rows.map(|rows| rows.div_ceil(u32::try_from(PAGE_PULL_ROWS).unwrap_or(1)));
    let max_exchanges = parts.map_or(RoundLimits::default().max_exchanges, |parts| parts as usize);
    let report = round(max_exchanges, on_first).await?;
    #[expect(clippy::cast_precision_loss, reason = "far fewer rows than 2^53")]
    let (rows, exchanges) = (report.received as f64, report.exchanges as f64);
    let first_rows_millis = first.get().unwrap_or_default();
    object(&[("rows", rows), ("exchanges", exchanges), ("firstRowsMillis", first_rows_millis)])
}

/// Sends the queue. Returns the number of acknowledged mutations.
#[wasm_bindgen]
pub async fn drain() -> Result<u32, JsValue> {
    let report = round(RoundLimits::default().max_exchanges, || ()).await?;
    u32::try_from(report.acknowledged).map_err(say)
}

/// Counts the stored rows of each table.
#[wasm_bindgen]
pub async fn count() -> Result<JsValue, JsValue> {
    let relay = store()?.relay();
    let mut counts = [0.0; 2];
    for (count, table) in counts.iter_mut().zip([PRODUCTS, LOTS]) {
        let mut after = String::new();
        loop {
            let rows = relay.scan(table, "", &after, COUNT_ROWS).await.map_err(say)?;
            let Some(last) = rows.last() else { break };
            after = <Relay<Warehouse> as sync::Records>::key(&last.row).key;
            #[expect(clippy::cast_precision_loss, reason = "at most COUNT_ROWS")]
            let counted = rows.len() as f64;
            *count += counted;
        }
    }
    object(&[("products", counts[0]), ("lots", counts[1])])
}

async fn product(index_key: String) -> Result<JsValue, JsValue> {
    let found = store()?.find(PRODUCTS, &index_key).await.map_err(say)?;
    let Some(product) = found.iter().find_map(|held| held.row.product()) else { return Ok(JsValue::NULL) };
    let answer = Object::new();
    Reflect::set(&answer, &"sku".into(), &product.sku.as_str().into())?;
    Reflect::set(&answer, &"name".into(), &product.name.as_str().into())?;
    Ok(answer.into())
}

/// Finds a product by barcode.
#[wasm_bindgen(js_name = byBarcode)]
pub async fn by_barcode(code: String) -> Result<JsValue, JsValue> {
    product(format!("barcode:{}", normalize_gtin(&code))).await
}

/// Finds a product by SKU.
#[wasm_bindgen(js_name = bySku)]
pub async fn by_sku(sku: String) -> Result<JsValue, JsValue> {
    product(sku_key(&sku)).await
}

/// Number of lots in a bin.
#[wasm_bindgen(js_name = byLocation)]
pub async fn by_location(location: String) -> Result<usize, JsValue> {
    Ok(store()?.find(LOTS, &location_key(&location)).await.map_err(say)?.len())
}

/// Number of lots of a product.
#[wasm_bindgen(js_name = lotsOf)]
pub async fn lots_of(product_id: String) -> Result<usize, JsValue> {
    let id: Uuid = product_id.parse().map_err(say)?;
    let rows = store()?.scan(LOTS, &lot_prefix(id), "", MAX_LOTS).await.map_err(say)?;
    Ok(rows.iter().filter(|held| matches!(held.row, Row::Lot(_))).count())
}

/// Saves an action, given as JSON, as the app does after checking it.
#[wasm_bindgen]
pub async fn record(action: String) -> Result<(), JsValue> {
    let action: Action = serde_json::from_str(&action).map_err(say)?;
    let draft = Draft {
        id: new_uuid_v7(),
        depends_on: dependency::<Warehouse>(&action, &[]),
        action,
        base: 0,
        author: "bench".to_owned(),
        signed_by: None,
        captured_at: now(),
        replaces: None,
    };
    store()?.enqueue(draft).await.map(drop).map_err(say)
}

/// Number of queue records.
#[wasm_bindgen]
pub async fn queued() -> Result<usize, JsValue> {
    Ok(store()?.queue().await.map_err(say)?.records.len())
}

/// Size of the WebAssembly memory, in bytes.
#[wasm_bindgen(js_name = wasmBytes)]
pub fn wasm_bytes() -> Result<f64, JsValue> {
    let memory: js_sys::WebAssembly::Memory = wasm_bindgen::memory().into();
    let length = Reflect::get(&memory.buffer(), &"byteLength".into())?;
    length.as_f64().ok_or_else(|| "the memory has no length".into())
}
