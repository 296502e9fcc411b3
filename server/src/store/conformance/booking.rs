//! Batches, one after the other.

use anyhow::Context as _;
use domain::{Quantity, Row, conflict_key, product_key};
use sync::{Verdict, WITHDRAWN};
use uuid::Uuid;

use super::super::{ProductQuery, StoreFault};
use super::fixture::{
    Checked, Engine, Holder, SITE, Sender, create, lot_of, on_hand, one_store, order, pick, product, receive,
    renamed, site, verdicts,
};

/// Rows, receipts, revision and the client's highest number are written together; answers have the rows as they are after
/// the batch.
pub async fn books_a_batch_and_answers_with_its_rows(engine: &dyn Engine) -> Checked {
    let store = &*one_store(engine).await?;
    let (mut ada, bin) = (Sender::new(SITE, 1), lot_of(&product(1), "A-1"));
    let pushed = ada.push(store, [create(1), receive(&bin, Quantity::units(10)), pick(&bin, 3)]).await?;
    assert_eq!((pushed.rev_before, pushed.rev, pushed.known_seq), (0, 3, 0));
    assert_eq!(verdicts(&pushed), [(Verdict::Applied, ""); 3]);
    let received = &pushed.receipts[1].outcome.rows;
    let lot = received.iter().find_map(|held| Some((held.rev, held.row.lot()?.quantity)));
    assert_eq!(lot, Some((3, Quantity::units(7))));

    let found = store.product(SITE, ProductQuery::Id(product(1).id)).await?;
    let (stored, lots) = found.context("the product")?;
    assert_eq!((stored.rev, &stored.row), (1, &product(1)));
    assert_eq!(
        lots.iter().map(|lot| (lot.rev, lot.row.quantity)).collect::<Vec<_>>(),
        [(3, Quantity::units(7))]
    );
    let nothing = store.push_nothing(SITE, ada.client).await?;
    assert_eq!((nothing.rev_before, nothing.rev, nothing.known_seq), (3, 3, 3));
    assert_eq!(nothing.receipts, []);
    assert_eq!(store.push_nothing(SITE, Uuid::from_u128(9)).await?.known_seq, 0);
    assert_eq!(site(store, SITE).await?.rev, 3);
    Ok(())
}

/// A batch without mutations writes nothing, and no device becomes known by it.
pub async fn an_empty_batch_changes_nothing(engine: &dyn Engine) -> Checked {
    let store = &*one_store(engine).await?;
    Sender::new(SITE, 1).book(store, [create(1)]).await?;
    let before = site(store, SITE).await?;
    let mut ben = Sender::new(SITE, 2);
    let pushed = ben.push(store, []).await?;
    assert_eq!((pushed.rev_before, pushed.rev, pushed.known_seq), (1, 1, 0));
    assert_eq!(pushed.receipts, []);
    assert_eq!(site(store, SITE).await?, before);
    assert_eq!(store.lives(SITE, ben.device).await?, 0);
    Ok(())
}

/// A mutation that is sent again is answered from its receipt, with the rows of now, under whatever number and by whatever
/// client.
pub async fn a_replay_is_answered_from_its_receipt(engine: &dyn Engine) -> Checked {
    let store = &*one_store(engine).await?;
    let (mut ada, bin) = (Sender::new(SITE, 1), lot_of(&product(1), "A-1"));
    let batch = ada.batch([create(1), receive(&bin, Quantity::units(10)), pick(&bin, 3), create(1)]);
    let first = store.push(batch.clone()).await?;
    assert_eq!(first.receipts[3].outcome.code, "exists");
    let again = store.push(batch.clone()).await?;
    assert_eq!((again.rev_before, again.rev, again.known_seq), (first.rev, first.rev, 4));
    assert_eq!(again.receipts, first.receipts);

    let mut taken_over = Sender::new(SITE, 2);
    taken_over.mutation(create(9));
    let mut moved = batch.mutations[2].clone();
    moved.seq = taken_over.mutation(create(9)).seq;
    let by_other = store.push(taken_over.batch_of(vec![moved])).await?;
    assert_eq!(by_other.receipts[0].outcome, first.receipts[2].outcome);
    assert_eq!(on_hand(store, &bin).await?, Some(Quantity::units(7)));

    let mut withdrawn = batch.mutations[2].clone();
    withdrawn.withdrawn = true;
    let late = store.push(ada.batch_of(vec![withdrawn])).await?;
    assert_eq!(verdicts(&late), [(Verdict::Rejected, sync::ALREADY_BOOKED)]);
    let mut undone = ada.mutation(pick(&bin, 1));
    undone.withdrawn = true;
    let in_time = store.push(ada.batch_of(vec![undone.clone()])).await?;
    undone.withdrawn = false;
    let delayed = store.push(ada.batch_of(vec![undone])).await?;
    for pushed in [in_time, delayed] {
        assert_eq!(verdicts(&pushed), [(Verdict::Applied, WITHDRAWN)]);
    }
    assert_eq!(on_hand(store, &bin).await?, Some(Quantity::units(7)));
    Ok(())
}

/// Numbers that are used for another mutation, and those before the client's highest, are refused.
pub async fn numbers_of_a_client_only_rise(engine: &dyn Engine) -> Checked {
    let store = &*one_store(engine).await?;
    let mut ada = Sender::new(SITE, 1);
    let mut skipped = ada.mutation(create(1));
    ada.book(store, [create(2)]).await?;
    let late = store.push(ada.batch_of(vec![skipped.clone()])).await?;
    assert_eq!(verdicts(&late), [(Verdict::Rejected, "too_late")]);
    (skipped.seq, skipped.id) = (2, Uuid::from_u128(7));
    let reused = store.push(ada.batch_of(vec![skipped])).await?;
    assert_eq!(verdicts(&reused), [(Verdict::Rejected, "seq_reused")]);
    assert_eq!(store.product(SITE, ProductQuery::Id(product(1).id)).await?, None);
    Ok(())
}

/// A device that holds outcomes which the store does not have is told so, and nothing is booked.
pub async fn a_device_that_knows_more_books_nothing(engine: &dyn Engine) -> Checked {
    let store = &*one_store(engine).await?;
    let mut ada = Sender::new(SITE, 1);
    ada.book(store, [create(1)]).await?;
    let mut ahead = ada.batch([create(2)]);
    ahead.last_outcome_seq = 2;
    let pushed = store.push(ahead.clone()).await?;
    assert_eq!((pushed.rev, pushed.known_seq, pushed.receipts.len()), (1, 1, 0));
    ahead.last_outcome_seq = 1;
    assert_eq!(verdicts(&store.push(ahead).await?), [(Verdict::Applied, "")]);
    Ok(())
}

/// A refused mutation is kept for all devices as a conflict, until it is closed or replaced.
pub async fn keeps_refused_mutations_as_conflicts(engine: &dyn Engine) -> Checked {
    let store = &*one_store(engine).await?;
    let mut ada = Sender::new(SITE, 1);
    ada.book(store, [create(1)]).await?;
    let refused = ada.mutation(create(1));
    store.push(ada.batch_of(vec![refused.clone()])).await?;
    let mut held = Holder::all_of(store, SITE).await?;
    let kept = held.rows.get(&conflict_key(refused.id)).context("the conflict")?;
    let conflict = kept.row.conflict().context("a conflict")?;
    assert_eq!((conflict.code.as_str(), conflict.author.as_str()), ("exists", "Ada"));
    assert_eq!(conflict.action(), refused.action.ok());
    let mut again = ada.mutation(create(2));
    again.replaces = Some(refused.id);
    store.push(ada.batch_of(vec![again])).await?;
    held.pull_all(store, 100).await?;
    assert_eq!(held.rows.get(&conflict_key(refused.id)), None);
    assert!(held.rows.contains_key(&product_key(product(2).id)));
    Ok(())
}

/// Products of one batch may exchange their SKUs by way of a third one, and a deleted product's SKU is free.
pub async fn skus_are_exchanged_and_freed(engine: &dyn Engine) -> Checked {
    let store = &*one_store(engine).await?;
    let mut ada = Sender::new(SITE, 1);
    ada.book(store, [create(1), create(2)]).await?;
    let exchange = [renamed(1, "between"), renamed(2, "SKU-1"), renamed(1, "SKU-2")];
    ada.base = 2;
    ada.book(store, exchange).await?;
    let known = store.known_keys(SITE).await?;
    let of = |sku: &str| known.products.get(sku).map(|known| known.id);
    assert_eq!([of("sku-1"), of("SKU-2"), of("between")], [Some(product(2).id), Some(product(1).id), None]);

    ada.base = 5;
    ada.book(store, [domain::Action::DeleteProduct { id: product(2).id }]).await?;
    let mut third = product(3);
    third.sku = "sku-1".into();
    ada.book(store, [domain::Action::CreateProduct(third)]).await?;
    let mut fourth = product(4);
    fourth.sku = "Sku-1".into();
    let taken = ada.push(store, [domain::Action::CreateProduct(fourth)]).await?;
    assert_eq!(verdicts(&taken), [(Verdict::Rejected, "sku_taken")]);
    Ok(())
}

/// A push that fails after its rows were written leaves nothing of them, and the site takes the next one.
pub async fn a_push_that_fails_half_way_leaves_nothing(engine: &dyn Engine) -> Checked {
    let store = &*one_store(engine).await?;
    let (mut ada, bin) = (Sender::new(SITE, 1), lot_of(&product(1), "A-1"));
    ada.book(store, [create(1), receive(&bin, Quantity::units(10))]).await?;
    let before = site(store, SITE).await?;
    let failed = store.push(fails_half_way(&bin)).await;
    assert!(matches!(failed, Err(StoreFault::Failed(_))), "{failed:?}");
    assert_eq!(site(store, SITE).await?, before);
    assert_eq!(on_hand(store, &bin).await?, Some(Quantity::units(10)));
    ada.book(store, [pick(&bin, 1)]).await?;
    assert_eq!(on_hand(store, &bin).await?, Some(Quantity::units(9)));
    Ok(())
}

/// A batch whose last two receipts have one number in storage: beyond the largest that fits.
pub(super) fn fails_half_way(bin: &domain::LotRef) -> crate::booking::Batch {
    let mut sender = Sender::new(SITE, 99);
    let mut batch = sender.batch([pick(bin, 2), create(50), create(51)]);
    for (mutation, seq) in batch.mutations.iter_mut().zip([1, u64::MAX - 1, u64::MAX]) {
        mutation.seq = seq;
    }
    batch
}

/// Requests that name no known site are refused, and create none.
pub async fn an_unknown_site_is_refused(engine: &dyn Engine) -> Checked {
    let store = &*one_store(engine).await?;
    let mut lost = Sender::new("nowhere", 1);
    let refused = [
        store.push(lost.batch([create(1)])).await.err(),
        store.push_nothing("nowhere", lost.client).await.err(),
        Holder::new("nowhere").pull(store, 1).await.err().and_then(|error| error.downcast().ok()),
    ];
    for fault in refused {
        assert!(matches!(fault, Some(StoreFault::Invalid { code: "unknown_site", .. })), "{fault:?}");
    }
    assert_eq!(store.sites().await?.len(), 1);
    Ok(())
}

/// An order takes its lines from their lots under one revision; one whose number is taken gets a number of its own.
pub async fn an_order_is_booked_once_under_its_id(engine: &dyn Engine) -> Checked {
    let store = &*one_store(engine).await?;
    let mut ada = Sender::new(SITE, 1);
    let bins = ["A-1", "A-2"].map(|bin| lot_of(&product(1), bin));
    ada.book(store, [create(1)]).await?;
    ada.book(store, bins.iter().map(|bin| receive(bin, Quantity::units(5)))).await?;
    let sold = ada.book(store, [order(1, "D01-1", &bins)]).await?;
    assert_eq!(sold.rev, sold.rev_before + 1);
    let mut ben = Sender::new(SITE, 2);
    assert_eq!(
        verdicts(&ben.push(store, [order(1, "D01-1", &bins)]).await?),
        [(Verdict::Rejected, "exists")]
    );
    assert_eq!(
        verdicts(&ben.push(store, [order(2, "D01-1", &bins)]).await?),
        [(Verdict::Applied, "renumbered")]
    );
    let held = Holder::all_of(store, SITE).await?;
    let left: Vec<_> = held.rows.values().filter_map(|held| held.row.lot()).map(|lot| lot.quantity).collect();
    assert_eq!(left, [Quantity::units(3); 2]);
    Ok(())
}

/// Deleted rows are not found, and come back under a new revision.
pub async fn a_deleted_row_comes_back_as_new(engine: &dyn Engine) -> Checked {
    let store = &*one_store(engine).await?;
    let (mut ada, bin) = (Sender::new(SITE, 1), lot_of(&product(1), "A-1"));
    ada.book(store, [create(1), receive(&bin, Quantity::units(1)), pick(&bin, 1)]).await?;
    ada.base = 3;
    ada.book(store, [domain::Action::DeleteLot { lot: bin.clone() }]).await?;
    assert_eq!(on_hand(store, &bin).await?, None);
    ada.base = 4;
    ada.book(store, [receive(&bin, Quantity::units(4))]).await?;
    assert_eq!(on_hand(store, &bin).await?, Some(Quantity::units(4)));
    let held = Holder::all_of(store, SITE).await?;
    let row = held.rows.values().find(|held| matches!(held.row, Row::Lot(_))).context("the lot")?;
    assert_eq!(row.rev, 5);
    Ok(())
}
