//! Requests of keys that write. What one booked is stored in its transaction, by the name that its sender gave it: sent again, it
//! books nothing.

use std::collections::{HashMap, HashSet};

use domain::{Action, Order, OrderLine, Warehouse};
use sync::{Mutation, Receipt, Records as _};
use uuid::Uuid;

use super::super::{
    Answered, Consent, Import, KeyedRequest, OrderOutcome, OrderRefusal, RequestOutcome, StoreFault,
};
use super::convert::{json, stored_json};
use super::engine::Decided;
use super::import::{ImportRow, Slices};
use super::import_run::book_whole;
use super::session::{Keyed, Session, params};
use super::{api_reads, load, push, sites};
use crate::booking::{Batch, Scope};

/// The answer to a request that was booked before.
pub(super) fn answered(
    session: &dyn Session,
    request: &KeyedRequest,
) -> Result<Option<Answered>, StoreFault> {
    let KeyedRequest { site, key, request, body_hash, .. } = request;
    let sql =
        "SELECT body_hash = ?4, outcome FROM api_requests WHERE site = ?1 AND key_id = ?2 AND request = ?3";
    let found = session.first(sql, &params![site, *key, request, body_hash], |row| {
        Ok((row.flag(0)?, row.text(1)?.to_owned()))
    })?;
    let Some((is_same, outcome)) = found else { return Ok(None) };
    if !is_same {
        return Ok(Some(Answered::OtherBody));
    }
    let rev = sites::site(session, site)?.rev;
    Ok(Some(Answered::Booked { outcome: stored_json(&outcome)?, rev, is_repeat: true }))
}

/// Books a request after the site's revision, unless it was booked before. Nothing of a refusal is kept.
pub(super) fn once(
    session: &dyn Session,
    request: &KeyedRequest,
    book: impl FnOnce(u64) -> Result<Answered, StoreFault>,
) -> Result<Decided<Answered>, StoreFault> {
    let rev = sites::lock(session, &request.site)?.rev;
    if let Some(before) = answered(session, request)? {
        return Ok(Decided::Keep(before));
    }
    let answer = book(rev)?;
    let Answered::Booked { outcome, .. } = &answer else { return Ok(Decided::Undo(answer)) };
    let KeyedRequest { site, key, request, body_hash, now, .. } = request;
    let sql = "INSERT INTO api_requests (site, key_id, request, body_hash, outcome, booked_at) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    session.execute(sql, &params![site, *key, request, body_hash, json(outcome)?, *now])?;
    Ok(Decided::Keep(answer))
}

pub(super) fn import(
    session: &dyn Session,
    (request, rev): (&KeyedRequest, u64),
    import: &Import,
    warnings: &[String],
    consent: &Consent,
) -> Result<Answered, StoreFault> {
    let KeyedRequest { site, author, now, .. } = request;
    let slices = Slices { session, site, now: *now, author };
    let rows: Vec<ImportRow<'_>> = import.rows_from(0).collect();
    let products: HashSet<Uuid> = import.products.iter().map(|record| record.product.id).collect();
    // The keys were looked up before the transaction.
    slices.check(&rows, &products)?;
    let (rev, outcome) = book_whole(slices, import, rev, consent)?;
    if !outcome.is_written {
        return Ok(Answered::Stock(outcome.stock));
    }
    let (done, warnings) = (outcome.imported, warnings.to_vec());
    let outcome = RequestOutcome::Imported {
        added: done.added,
        changed: done.changed,
        unchanged: done.unchanged,
        warnings,
    };
    Ok(Answered::Booked { outcome, rev, is_repeat: false })
}

pub(super) fn orders(
    session: &dyn Session,
    (request, rev): (&KeyedRequest, u64),
    orders: &[Order],
) -> Result<Answered, StoreFault> {
    let ids: Vec<Uuid> = orders.iter().map(|order| order.id).collect::<HashSet<_>>().into_iter().collect();
    let placed = placed(session, &request.site, &ids)?;
    let changed = orders.iter().enumerate().filter(|(_, order)| {
        placed
            .get(&order.id)
            .is_some_and(|(currency, lines)| *currency != order.currency || !are_same(lines, &order.lines))
    });
    let mut refused: Vec<OrderRefusal> = changed.map(|(at, order)| changed_order(at, order)).collect();
    let mut named = HashSet::new();
    let twice = orders.iter().enumerate().filter(|(_, order)| !named.insert(order.id));
    refused.extend(twice.map(|(at, order)| {
        let message = format!("Order {} is in the request twice. Send each order once.", order.number);
        OrderRefusal { at, message }
    }));
    if !refused.is_empty() {
        return Ok(Answered::Orders(refused));
    }
    let new: Vec<(usize, &Order)> =
        orders.iter().enumerate().filter(|(_, order)| !placed.contains_key(&order.id)).collect();
    let (rev, receipts) = place(session, (request, rev), &new)?;
    let mut of_orders: Vec<OrderOutcome> = orders.iter().map(|order| unchanged(order.id)).collect();
    let mut refused = Vec::new();
    for ((at, _), receipt) in new.iter().zip(receipts) {
        let outcome = receipt.outcome;
        if !outcome.verdict.is_booked() {
            refused.push(OrderRefusal { at: *at, message: outcome.message });
        } else if let Some(of_order) = of_orders.get_mut(*at) {
            (of_order.is_new, of_order.code, of_order.message) = (true, outcome.code, outcome.message);
        }
    }
    if !refused.is_empty() {
        return Ok(Answered::Orders(refused));
    }
    Ok(Answered::Booked { outcome: RequestOutcome::Ordered(of_orders), rev, is_repeat: false })
}

fn unchanged(id: Uuid) -> OrderOutcome {
    OrderOutcome { id, is_new: false, code: String::new(), message: String::new() }
}

fn changed_order(at: usize, order: &Order) -> OrderRefusal {
    let message = format!(
        "Order {} is booked already, with other lines. An order does not change: book the difference under another number.",
        order.number
    );
    OrderRefusal { at, message }
}

/// The currency and the lines of those of these orders that were placed before.
fn placed(
    session: &dyn Session,
    site: &str,
    ids: &[Uuid],
) -> Result<HashMap<Uuid, (String, Vec<OrderLine>)>, StoreFault> {
    let keys: Vec<_> = ids.iter().map(|id| params![*id].to_vec()).collect();
    let select = "SELECT order_id, currency FROM orders WHERE site = ?1";
    let mut lines = api_reads::lines_of(session, site, ids)?;
    let mut placed = HashMap::new();
    session.query_keys(Keyed { select, key: &["order_id"], tail: "" }, site, &keys, &mut |row| {
        let id = row.id(0)?;
        placed.insert(id, (row.text(1)?.to_owned(), lines.remove(&id).unwrap_or_default()));
        Ok(())
    })?;
    Ok(placed)
}

/// Whether two orders have the same lines, in any spelling of lots and bins.
fn are_same(stored: &[OrderLine], sent: &[OrderLine]) -> bool {
    let key = |line: &OrderLine| (line.lot.product_id, line.lot.id(), line.quantity, line.unit_price_minor);
    stored.len() == sent.len() && stored.iter().zip(sent).all(|(stored, sent)| key(stored) == key(sent))
}

/// Books new orders as the work of a device is booked. Returns the site's revision afterwards and their receipts.
fn place(
    session: &dyn Session,
    (request, rev): (&KeyedRequest, u64),
    orders: &[(usize, &Order)],
) -> Result<(u64, Vec<Receipt<domain::Row>>), StoreFault> {
    let KeyedRequest { site, key, author, now, .. } = request;
    let known_seq = load::max_seq(session, site, *key)?;
    let mutation = |(seq, (_, order)): (u64, &(usize, &Order))| Mutation {
        seq,
        id: Uuid::new_v5(&order.id, b"place"),
        action: Ok(Action::PlaceOrder(Order::clone(order))),
        base: rev,
        author: author.clone(),
        signed_by: None,
        captured_at: *now,
        schema: Warehouse::SCHEMA,
        depends_on: None,
        replaces: None,
        withdrawn: false,
    };
    let batch = Batch {
        site: site.clone(),
        device: *key,
        device_name: None,
        client: *key,
        mutations: (known_seq + 1..).zip(orders).map(mutation).collect(),
        scope: Scope::EVERYTHING,
        last_outcome_seq: known_seq,
        now: *now,
    };
    let (mut rev, mut receipts) = (rev, Vec::with_capacity(orders.len()));
    for part in batch.into_parts() {
        let pushed = push::push(session, &part)?;
        rev = pushed.rev;
        receipts.extend(pushed.receipts);
    }
    Ok((rev, receipts))
}
