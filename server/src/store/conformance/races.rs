//! Batches that arrive at the same time, at several servers.

use std::collections::BTreeSet;
use std::sync::Arc;

use anyhow::Context as _;
use domain::{Action, Quantity};
use sync::Verdict;

use super::super::{ProductQuery, Pushed, Store, StoreFault};
use super::booking::fails_half_way;
use super::fixture::{
    Checked, Engine, Holder, SITE, Sender, at_once, create, lot_of, on_hand, order, pick, product,
    products_of, receive, renamed, site, two_stores, verdicts,
};
use crate::booking::Batch;

/// Requests at once.
const RACERS: usize = 8;

async fn push(store: Arc<dyn Store>, batch: Batch) -> anyhow::Result<Pushed> {
    Ok(store.push(batch).await?)
}

fn turn(stores: &[Arc<dyn Store>], at: usize) -> Arc<dyn Store> {
    Arc::clone(&stores[at % stores.len()])
}

/// The same request, sent several times at once, has one effect; all are given the same answer.
pub async fn the_same_batch_at_once_is_booked_once(engine: &dyn Engine) -> Checked {
    let stores = two_stores(engine).await?;
    let (mut ada, bin) = (Sender::new(SITE, 1), lot_of(&product(1), "A-1"));
    ada.book(&*stores[0], [create(1), receive(&bin, Quantity::units(100))]).await?;
    for round in 1..=5_i64 {
        let batch = ada.batch([pick(&bin, 1), create(1), pick(&bin, 2)]);
        let answers = at_once((0..RACERS).map(|at| push(turn(&stores, at), batch.clone()))).await?;
        for answer in &answers {
            assert_eq!(answer.receipts, answers[0].receipts);
        }
        let seen_before: BTreeSet<u64> = answers.iter().map(|answer| answer.known_seq).collect();
        assert_eq!(seen_before.len(), 2, "the first one finds no receipts: {seen_before:?}");
        assert_eq!(on_hand(&*stores[0], &bin).await?, Some(Quantity::units(100 - 3 * round)));
    }
    assert_eq!(site(&*stores[0], SITE).await?.rev, 2 + 5 * 3);
    Ok(())
}

/// One mutation in the batches of several clients, beside other work, is booked once, with the same outcome for all.
pub async fn one_mutation_in_different_batches_is_booked_once(engine: &dyn Engine) -> Checked {
    let stores = two_stores(engine).await?;
    let (mut ada, bin) = (Sender::new(SITE, 1), lot_of(&product(1), "A-1"));
    ada.book(&*stores[0], [create(1), receive(&bin, Quantity::units(100))]).await?;
    let shared = ada.mutation(pick(&bin, 1));
    let batches: Vec<Batch> = (0..RACERS)
        .map(|at| {
            let mut sender = Sender::new(SITE, 10 + at as u128);
            let mut mutations: Vec<_> = (0..=at).map(|_| sender.mutation(pick(&bin, 1))).collect();
            let own = sender.mutation(pick(&bin, 1));
            mutations.push(sync::Mutation { seq: own.seq, ..shared.clone() });
            sender.batch_of(mutations)
        })
        .collect();
    let answers =
        at_once(batches.into_iter().enumerate().map(|(at, batch)| push(turn(&stores, at), batch))).await?;
    let taken: i64 = 1 + (1..=8).sum::<i64>();
    assert_eq!(on_hand(&*stores[1], &bin).await?, Some(Quantity::units(100 - taken)));
    for answer in &answers {
        let receipt = answer.receipts.last().context("a receipt")?;
        assert_eq!((receipt.id, receipt.outcome.verdict), (shared.id, Verdict::Applied));
    }
    assert_eq!(site(&*stores[0], SITE).await?.rev, 2 + taken.unsigned_abs());
    Ok(())
}

/// Of devices that claim one SKU at once, one has it; the others are refused by name.
pub async fn one_sku_claimed_at_once_has_one_owner(engine: &dyn Engine) -> Checked {
    let stores = two_stores(engine).await?;
    let batches = (0..RACERS).map(|at| {
        let mut wanted = product(100 + at as u128);
        wanted.sku = if at % 2 == 0 { "WANTED" } else { "wanted" }.into();
        Sender::new(SITE, 10 + at as u128).batch([Action::CreateProduct(wanted)])
    });
    let batches: Vec<Batch> = batches.collect();
    let answers =
        at_once(batches.into_iter().enumerate().map(|(at, batch)| push(turn(&stores, at), batch))).await?;
    let outcomes: Vec<_> = answers.iter().flat_map(verdicts).collect();
    let count = |code: &str| outcomes.iter().filter(|(_, given)| *given == code).count();
    assert_eq!((count(""), count("sku_taken")), (1, RACERS - 1), "{outcomes:?}");
    let held = Holder::all_of(&*stores[0], SITE).await?;
    assert_eq!(products_of(&held.rows).len(), 1);
    Ok(())
}

/// Two devices exchange the SKUs of two products at once: one exchange is booked as a whole, or one after the other.
pub async fn skus_are_exchanged_at_once(engine: &dyn Engine) -> Checked {
    let stores = two_stores(engine).await?;
    let mut ada = Sender::new(SITE, 1);
    ada.book(&*stores[0], [create(1), create(2)]).await?;
    for round in 0..5 {
        let base = site(&*stores[0], SITE).await?.rev;
        let known = store_skus(&*stores[0]).await?;
        let batches: Vec<Batch> = (0..4)
            .map(|at| {
                let mut sender = Sender::new(SITE, 100 + 10 * round + at);
                sender.base = base;
                let between = format!("between-{at}");
                sender.batch([renamed(1, &between), renamed(2, &known[0]), renamed(1, &known[1])])
            })
            .collect();
        let answers =
            at_once(batches.into_iter().enumerate().map(|(at, batch)| push(turn(&stores, at), batch)))
                .await?;
        let booked = answers.iter().filter(|answer| verdicts(answer) == [(Verdict::Applied, ""); 3]).count();
        assert_eq!(booked, 1, "{:?}", answers.iter().map(verdicts).collect::<Vec<_>>());
        let after = store_skus(&*stores[1]).await?;
        assert_eq!(after, [known[1].clone(), known[0].clone()]);
    }
    Ok(())
}

async fn store_skus(store: &dyn Store) -> anyhow::Result<[String; 2]> {
    let mut skus = Vec::new();
    for number in [1, 2] {
        let found = store.product(SITE, ProductQuery::Id(product(number).id)).await?;
        skus.push(found.context("the product")?.0.row.sku);
    }
    Ok([skus.remove(0), skus.remove(0)])
}

/// Orders with one number, placed at once: all are booked, each under another number.
pub async fn one_order_number_at_once_is_given_once(engine: &dyn Engine) -> Checked {
    let stores = two_stores(engine).await?;
    let (mut ada, bin) = (Sender::new(SITE, 1), lot_of(&product(1), "A-1"));
    ada.book(&*stores[0], [create(1), receive(&bin, Quantity::units(100))]).await?;
    let batches: Vec<Batch> = (0..RACERS as u128)
        .map(|at| Sender::new(SITE, 10 + at).batch([order(0xA00 + at, "D01-7", std::slice::from_ref(&bin))]))
        .collect();
    let answers =
        at_once(batches.into_iter().enumerate().map(|(at, batch)| push(turn(&stores, at), batch))).await?;
    let renumbered = answers.iter().flat_map(verdicts).filter(|given| given.1 == "renumbered").count();
    assert_eq!(renumbered, RACERS - 1);
    assert_eq!(on_hand(&*stores[0], &bin).await?, Some(Quantity::units(100 - RACERS as i64)));
    let query = super::super::HistoryQuery { product: product(1).id, lot: None, before: None };
    let sold = stores[0].history(SITE, query).await?;
    let numbers: BTreeSet<&str> = sold.entries.iter().map(|entry| entry.note.as_str()).collect();
    assert_eq!(numbers.len(), RACERS + 1, "{numbers:?}");
    Ok(())
}

/// A push that fails among others that wait: its neighbours are booked.
pub async fn a_push_that_fails_fails_alone(engine: &dyn Engine) -> Checked {
    let stores = two_stores(engine).await?;
    let (mut ada, bin) = (Sender::new(SITE, 1), lot_of(&product(1), "A-1"));
    ada.book(&*stores[0], [create(1), receive(&bin, Quantity::units(1_000))]).await?;
    let attempts: Vec<Batch> = (0..24_u128)
        .map(|at| match at % 4 {
            1 => fails_half_way(&bin),
            2 => Sender::new("nowhere", at).batch([create(at)]),
            _ => Sender::new(SITE, 10 + at).batch([pick(&bin, 1), create(100 + at)]),
        })
        .collect();
    let answers = at_once(attempts.into_iter().enumerate().map(|(at, batch)| {
        let store = turn(&stores, at / 4);
        async move { Ok(store.push(batch).await) }
    }))
    .await?;
    for (at, answer) in answers.into_iter().enumerate() {
        match at % 4 {
            1 => assert!(matches!(answer, Err(StoreFault::Failed(_))), "{at}: {answer:?}"),
            2 => {
                let is_unknown = matches!(answer, Err(StoreFault::Invalid { code: "unknown_site", .. }));
                assert!(is_unknown, "{at}: {answer:?}");
            }
            _ => assert_eq!(verdicts(&answer?), [(Verdict::Applied, ""); 2], "{at}"),
        }
    }
    assert_eq!(on_hand(&*stores[0], &bin).await?, Some(Quantity::units(1_000 - 12)));
    let held = Holder::all_of(&*stores[0], SITE).await?;
    assert_eq!(products_of(&held.rows).len(), 13);
    assert_eq!(site(&*stores[0], SITE).await?.rev, 2 + 24);
    Ok(())
}

/// Sites are booked side by side: each has its own rows under the same ids, and its own revisions.
pub async fn sites_are_booked_side_by_side(engine: &dyn Engine) -> Checked {
    let stores = two_stores(engine).await?;
    let names = ["north", "south", "east", "west"];
    for name in names {
        stores[0].ensure_site(name).await?;
    }
    let work = names.iter().enumerate().flat_map(|(number, name)| {
        let stores = &stores;
        (0..5).map(move |at| {
            let (store, bin) = (turn(stores, at), lot_of(&product(1), name));
            let mut sender = Sender::new(name, at as u128);
            async move {
                let units = Quantity::units(10 * number as i64 + 1);
                // The first of them creates the product; the others are told that it exists.
                sender.push(&*store, [create(1), receive(&bin, units)]).await?;
                for other in 0..5 {
                    sender.push(&*store, [create(1_000 + 10 * at as u128 + other)]).await?;
                }
                Ok(())
            }
        })
    });
    at_once(work.collect::<Vec<_>>()).await?;
    for (number, name) in names.into_iter().enumerate() {
        let held = Holder::all_of(&*stores[1], name).await?;
        assert_eq!(products_of(&held.rows).len(), 26, "{name}");
        let lots = super::fixture::lots_of(&held.rows);
        let [lot] = lots[..] else { panic!("{name}: {lots:?}") };
        assert_eq!(
            (lot.lot.location.as_str(), lot.quantity),
            (name, Quantity::units(5 * (10 * number as i64 + 1)))
        );
        // One for each product, receipt and refusal.
        assert_eq!(site(&*stores[0], name).await?.rev, 1 + 5 + 25 + 4, "{name}");
    }
    assert_eq!(Holder::all_of(&*stores[0], SITE).await?.rows.len(), 0);
    Ok(())
}
