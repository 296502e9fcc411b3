//! The rows of a table, as a component shows them.

use std::cell::Cell;
use std::rc::Rc;

use sync::{Model, Read};
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use super::host::PageClient;
use super::provider::use_client;
use crate::client::Signal;

/// Rows read of a table. An application with more of them reads by prefix or index, with [`crate::Client::view`].
const MAX_ROWS: usize = 1_000;

/// A table's rows by key, pending mutations folded in: 1,000 at most. They are read again at every change; the list is
/// empty until the first reading, and stays as it is when one fails.
#[hook]
pub fn use_rows<M: Model>(table: &'static str) -> Vec<M::Row> {
    let client = use_client::<M>();
    let rows = use_state(Vec::new);
    {
        let setter = rows.setter();
        use_effect_with((client, table), move |(client, table)| {
            let table = *table;
            let readings = Rc::new(Cell::new(0_u64));
            let read = {
                let client = client.downgrade();
                move || {
                    let Some(client) = client.upgrade() else { return };
                    let number = readings.get() + 1;
                    readings.set(number);
                    let (setter, readings) = (setter.clone(), Rc::clone(&readings));
                    spawn_local(async move {
                        let read = read_table(&client, table).await;
                        // A later reading has begun meanwhile.
                        if let (Some(read), true) = (read, readings.get() == number) {
                            setter.set(read);
                        }
                    });
                }
            };
            read();
            let watch = client.watch(move |signal| {
                if matches!(signal, Signal::Changed(_)) {
                    read();
                }
            });
            move || drop(watch)
        });
    }
    (*rows).clone()
}

/// A store that cannot be read is reported by [`crate::SyncState::threats`].
async fn read_table<M: Model>(client: &PageClient<M>, table: &'static str) -> Option<Vec<M::Row>> {
    let reads = [Read::Prefix { table, prefix: String::new(), limit: MAX_ROWS }];
    let shown = client.view(&reads, |key| key.table == table).await.ok()?;
    Some(shown.view.rows.into_values().collect())
}
