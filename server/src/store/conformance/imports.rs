//! Imports: all or nothing, and as far as there is consent.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Context as _;
use domain::{Movement, Quantity};
use sync::Cursor;

use super::super::{
    Consent, ExportRow, HistoryQuery, Import, ImportOutcome, Imported, OnRow, ProductQuery, StockChange,
    Store,
};
use super::fixture::{
    Checked, Engine, Holder, SITE, Sender, at_once, create, import, lot_of, on_hand, one_store, open, pick,
    product, products_of, quietly, receive, site, two_stores,
};
use super::snapshots::delivery;

async fn run(store: &dyn Store, import: Import, consent: Consent) -> anyhow::Result<ImportOutcome> {
    Ok(store.import(Arc::new(import), consent, quietly()).await?)
}

/// An import writes new and changed rows, keeps those that are the same, and says so; each change of a quantity is in the
/// ledger.
pub async fn an_import_writes_what_differs(engine: &dyn Engine) -> Checked {
    let store = &*one_store(engine).await?;
    let (a, b) = (lot_of(&product(1), "A-1"), lot_of(&product(2), "A-1"));
    let lots = vec![(a.clone(), Quantity::units(5)), (b.clone(), Quantity::units(6))];
    let mut rows = import(vec![product(1), product(2)], lots);
    rows.deliveries = vec![delivery(1, 4)];
    let outcome = run(store, rows.clone(), Consent::NoStock).await?;
    let imported = Imported { added: 5, changed: 0, unchanged: 0 };
    assert_eq!(outcome, ImportOutcome { imported, stock: Vec::new(), is_written: true });
    let rev = site(store, SITE).await?.rev;

    rows.products[1].product.name = "Renamed".into();
    rows.lots[0].quantity = Quantity::units(3);
    let stock = vec![StockChange { lot: a.clone(), before: Quantity::units(5), after: Quantity::units(3) }];
    let imported = Imported { added: 0, changed: 2, unchanged: 3 };
    let refused = run(store, rows.clone(), Consent::NoStock).await?;
    assert_eq!(refused, ImportOutcome { imported, stock: stock.clone(), is_written: false });
    assert_eq!(site(store, SITE).await?.rev, rev);
    let counted = Arc::new(AtomicU64::new(0));
    let count: OnRow = {
        let counted = Arc::clone(&counted);
        Arc::new(move |rows| counted.store(rows, Ordering::SeqCst))
    };
    let written = store.import(Arc::new(rows), Consent::These(stock.clone()), count).await?;
    assert_eq!(written, ImportOutcome { imported, stock, is_written: true });
    assert_eq!(counted.load(Ordering::SeqCst), 5);
    assert_eq!(on_hand(store, &a).await?, Some(Quantity::units(3)));
    let history =
        store.history(SITE, HistoryQuery { product: a.product_id, lot: None, before: None }).await?;
    let entries: Vec<_> = history.entries.iter().map(|entry| (entry.movement, entry.delta)).collect();
    assert_eq!(entries, [(Movement::Import, Quantity::units(-2)), (Movement::Import, Quantity::units(5))]);
    Ok(())
}

/// Without consent nothing is written, not even the site.
pub async fn an_import_without_consent_writes_nothing(engine: &dyn Engine) -> Checked {
    let store = &*one_store(engine).await?;
    let elsewhere = Import { site: "new".into(), ..import(vec![product(1)], Vec::new()) };
    let outcome = run(store, elsewhere.clone(), Consent::Nothing).await?;
    let imported = Imported { added: 1, changed: 0, unchanged: 0 };
    assert_eq!(outcome, ImportOutcome { imported, stock: Vec::new(), is_written: false });
    assert_eq!(store.sites().await?.len(), 1);
    assert!(run(store, elsewhere, Consent::Everything).await?.is_written);
    assert_eq!(Holder::all_of(store, "new").await?.rows.len(), 1);
    assert_eq!(Holder::all_of(store, SITE).await?.rows.len(), 0);
    Ok(())
}

/// An import that fails at its last row leaves nothing of the others.
pub async fn an_import_that_fails_leaves_nothing(engine: &dyn Engine) -> Checked {
    let store = &*one_store(engine).await?;
    let lots = vec![
        (lot_of(&product(1), "A-1"), Quantity::units(1)),
        (lot_of(&product(99), "A-1"), Quantity::units(1)),
    ];
    let failed = run(store, import(vec![product(1)], lots), Consent::Everything).await;
    assert!(failed.is_err(), "its product does not exist: {failed:?}");
    assert_eq!(Holder::all_of(store, SITE).await?.rows.len(), 0);
    assert_eq!(site(store, SITE).await?.rev, 0);
    Ok(())
}

/// Imports and dry runs beside pushes: readers see an import whole or not at all, and every quantity is the sum of its
/// ledger.
pub async fn an_import_is_seen_whole(engine: &dyn Engine) -> Checked {
    let stores = two_stores(engine).await?;
    let bin = lot_of(&product(9_000), "A-1");
    let mut ada = Sender::new(SITE, 1);
    ada.book(&*stores[0], [create(9_000), receive(&bin, Quantity::units(500))]).await?;
    let rows = |from: u128, count: u128| import((from..from + count).map(product).collect(), Vec::new());
    let work = [
        (0, rows(0, 1_200), Consent::Everything),
        (1, rows(2_000, 1_200), Consent::Nothing),
        (1, rows(4_000, 900), Consent::NoStock),
    ]
    .map(|(at, rows, consent)| {
        let (store, rows) = (Arc::clone(&stores[at]), Arc::new(rows));
        let ask = async move { open(|| store.import(Arc::clone(&rows), consent.clone(), quietly())).await };
        tokio::spawn(async move { ask.await.map(|outcome| outcome.is_written) })
    });
    let mut picks = 0;
    let mut held = Holder { cursor: Cursor::Live { rev: 2 }, ..Holder::new(SITE) };
    loop {
        let was_over = work.iter().all(|task| task.is_finished());
        ada.book(&*stores[picks % 2], [pick(&bin, 1)]).await?;
        picks += 1;
        held.pull(&*stores[picks % 2], 100_000).await?;
        let imported = products_of(&held.rows).len();
        assert!([0, 900, 1_200, 2_100].contains(&imported), "{imported} rows of the imports");
        if was_over {
            break;
        }
    }
    let mut written = Vec::new();
    for task in work {
        written.push(task.await??);
    }
    assert_eq!(written, [true, false, true]);
    let picked = i64::try_from(picks)?;
    assert_eq!(on_hand(&*stores[0], &bin).await?, Some(Quantity::units(500 - picked)));
    let all = Holder::all_of(&*stores[1], SITE).await?;
    let skus: BTreeSet<&str> = products_of(&all.rows).iter().map(|product| product.sku.as_str()).collect();
    assert_eq!((skus.len(), skus.contains("SKU-2000"), skus.contains("SKU-4899")), (2_101, false, true));
    Ok(())
}

/// Consent to certain changes holds for these only: work that is booked meanwhile makes others of them.
pub async fn consent_holds_for_the_changes_that_were_shown(engine: &dyn Engine) -> Checked {
    let stores = two_stores(engine).await?;
    let bin = lot_of(&product(1), "A-1");
    let mut ada = Sender::new(SITE, 1);
    ada.book(&*stores[0], [create(1), receive(&bin, Quantity::units(1_000))]).await?;
    let counted = import(vec![product(1)], vec![(bin.clone(), Quantity::units(2_000))]);
    for round in 0..10_u128 {
        let shown = run(&*stores[0], counted.clone(), Consent::Nothing).await?.stock;
        let (store, rows, consent) = (Arc::clone(&stores[1]), counted.clone(), Consent::These(shown.clone()));
        let import = tokio::spawn(async move { run(&*store, rows, consent).await });
        let mut ben = Sender::new(SITE, 10 + round);
        ben.book(&*stores[0], [pick(&bin, 1)]).await?;
        let outcome = import.await??;
        let left = on_hand(&*stores[0], &bin).await?.context("the lot")?;
        if outcome.is_written {
            assert_eq!((outcome.stock, left), (shown, Quantity::units(1_999)));
        } else {
            let before = outcome.stock.first().context("a change")?.before;
            assert_eq!((before, left), (shown[0].before - Quantity::units(1), before));
        }
    }
    let history =
        stores[0].history(SITE, HistoryQuery { product: bin.product_id, lot: None, before: None }).await?;
    let sum = history.entries.iter().fold(Quantity::ZERO, |sum, entry| sum + entry.delta);
    assert_eq!(Some(sum), on_hand(&*stores[1], &bin).await?);
    Ok(())
}

/// The same import at once, several times: one writes the rows, the others find them unchanged.
pub async fn the_same_import_at_once_is_written_once(engine: &dyn Engine) -> Checked {
    let stores = two_stores(engine).await?;
    let bin = lot_of(&product(1), "A-1");
    let rows = import(vec![product(1), product(2)], vec![(bin.clone(), Quantity::units(7))]);
    let outcomes = at_once((0..4_usize).map(|at| {
        let (store, rows) = (Arc::clone(&stores[at % 2]), rows.clone());
        async move { run(&*store, rows, Consent::NoStock).await }
    }))
    .await?;
    let added: Vec<u64> =
        outcomes.iter().map(|outcome| outcome.imported.added).filter(|rows| *rows > 0).collect();
    assert_eq!(added, [3]);
    let history =
        stores[0].history(SITE, HistoryQuery { product: bin.product_id, lot: None, before: None }).await?;
    assert_eq!(history.entries.len(), 1);
    Ok(())
}

/// Files name rows by their keys, in any spelling; an export has all rows in the order of their keys.
pub async fn known_keys_and_exports_are_complete(engine: &dyn Engine) -> Checked {
    let store = &*one_store(engine).await?;
    let mut ada = Sender::new(SITE, 1);
    let named = |number: u128, sku: &str| domain::Product { sku: sku.into(), ..product(number) };
    let products = [
        named(1, "b-1"),
        named(2, "B-2"),
        named(3, "a"),
        named(4, "\u{c4}"),
        named(5, "_"),
        named(6, "gone"),
    ];
    ada.book(store, products.iter().cloned().map(domain::Action::CreateProduct)).await?;
    let bins = ["z", "B", "a", "B-2", "\u{e4}"].map(|bin| lot_of(&product(2), bin));
    ada.book(store, bins.iter().map(|bin| receive(bin, Quantity::units(1)))).await?;
    let mut rows = import(Vec::new(), Vec::new());
    rows.deliveries = vec![delivery(2, 1), delivery(1, 1)];
    run(store, rows, Consent::NoStock).await?;
    ada.base = 100;
    ada.book(store, [domain::Action::DeleteProduct { id: product(6).id }]).await?;

    let known = store.known_keys(SITE).await?;
    assert_eq!(
        known.products.get("B-1").map(|known| (known.id, known.unit.as_str())),
        Some((product(1).id, "each"))
    );
    assert_eq!(known.products.get("gone"), None);
    assert_eq!(known.deliveries.get("ls-2").copied(), Some(delivery(2, 1).id));
    let exported = Arc::new(std::sync::Mutex::new(Vec::new()));
    let sink = Arc::clone(&exported);
    let keep = move |row: ExportRow| {
        let text = match row {
            ExportRow::Product(product) => product.sku,
            ExportRow::Lot(lot) => lot.lot.location,
            ExportRow::Delivery(delivery) => delivery.number,
        };
        sink.lock().map_err(|error| error.to_string())?.push(text);
        Ok(())
    };
    store.export(SITE, Box::new(keep)).await?;
    let exported = exported.lock().map_err(|error| anyhow::anyhow!("{error}"))?.clone();
    assert_eq!(exported, ["a", "b-1", "B-2", "_", "\u{c4}", "B", "B-2", "a", "z", "\u{e4}", "LS-1", "LS-2"]);
    let stopped = store.export(SITE, Box::new(|_| Err("no room".to_owned()))).await;
    assert!(stopped.is_err_and(|error| error.to_string().contains("no room")));
    assert_eq!(store.product(SITE, ProductQuery::Id(product(6).id)).await?, None);
    Ok(())
}
