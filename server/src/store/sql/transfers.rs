//! Takes goods from site to site: the order of the one becomes a delivery of the other, whose end settles the order.

use std::collections::BTreeMap;
use std::sync::PoisonError;

use async_trait::async_trait;
use domain::{
    Conflict, Delivery, DeliveryLine, Product, Quantity, Row, conflict_key, delivery_key, product_key,
    sku_key,
};
use sync::{RowKey, UnixMillis, Verdict};
use uuid::Uuid;

use super::super::StoreFault;
use super::super::transfers::{Transfer, TransferLine, TransferState, Transfers};
use super::api_reads::lines_of;
use super::convert::{json, stored_json};
use super::engine::{Engine, Lane};
use super::session::{Columns, Session, params};
use super::store::{SqlStore, unless_importing};
use super::{load, save, sites};
use crate::booking::StoredRow;

/// Transfers of either kind that are looked at in one call; the next call goes on.
const MAX_STEPS: usize = 100;
/// The code of the inbox's row of a transfer that came short.
const SHORT: &str = "transfer_short";
const COLUMNS: &str = "order_id, number, site, to_site, booked_at, arrived_at, settled_at, received";

/// The transfers of all sites that the other site does not know of yet, or that it expects, after a position.
pub(crate) fn in_transit_sql(is_expected: bool) -> String {
    let arrived = if is_expected { "IS NOT NULL" } else { "IS NULL" };
    format!(
        "SELECT {COLUMNS} FROM orders WHERE to_site <> '' AND settled_at IS NULL AND arrived_at {arrived} \
         AND (site, order_id) > (?1, ?2) ORDER BY site, order_id LIMIT {MAX_STEPS}"
    )
}

/// The position of a transfer among those of all sites.
pub(super) type Position = (String, Uuid);

/// A transfer without the names and quantities of its lines, unless it is settled.
fn transfer(row: &dyn Columns) -> Result<Transfer, StoreFault> {
    let lines: Vec<TransferLine> = row.optional_text(7)?.map(stored_json).transpose()?.unwrap_or_default();
    let is_short = lines.iter().any(|line| line.received < line.sent);
    let state = match (row.optional_int(5)?, row.optional_int(6)?) {
        (_, Some(_)) if is_short => TransferState::Short,
        (_, Some(_)) => TransferState::Settled,
        (Some(_), None) => TransferState::Expected,
        (None, None) => TransferState::Sent,
    };
    Ok(Transfer {
        order: row.id(0)?,
        number: row.text(1)?.to_owned(),
        from_site: row.text(2)?.to_owned(),
        to_site: row.text(3)?.to_owned(),
        sent_at: UnixMillis(row.int(4)?),
        state,
        lines,
    })
}

/// The sent quantities of a transfer, by product. Products purged since are left out: they had no stock.
fn sent(session: &dyn Session, transfer: &Transfer) -> Result<Vec<(Product, Quantity)>, StoreFault> {
    let site = transfer.from_site.as_str();
    let mut by_product: BTreeMap<Uuid, Quantity> = BTreeMap::new();
    for line in lines_of(session, site, &[transfer.order])?.remove(&transfer.order).unwrap_or_default() {
        *by_product.entry(line.lot.product_id).or_default() += line.quantity;
    }
    let keys: Vec<RowKey> = by_product.keys().map(|id| product_key(*id)).collect();
    let rows = load::rows(session, site, &keys)?;
    let products = rows.into_values().filter_map(|stored| stored.row.product().cloned());
    let with_quantity = |product: Product| by_product.get(&product.id).map(|sent| (product, *sent));
    Ok(products.filter_map(with_quantity).collect())
}

fn with_lines(session: &dyn Session, mut transfer: Transfer) -> Result<Transfer, StoreFault> {
    if transfer.lines.is_empty() {
        let line = |(product, sent): (Product, Quantity)| TransferLine {
            product: product.id,
            sku: product.sku,
            name: product.name,
            sent,
            received: Quantity::ZERO,
        };
        transfer.lines = sent(session, &transfer)?.into_iter().map(line).collect();
    }
    Ok(transfer)
}

fn of_site(session: &dyn Session, site: &str, max_rows: usize) -> Result<Vec<Transfer>, StoreFault> {
    let sql =
        format!("SELECT {COLUMNS} FROM orders WHERE site = ?1 AND to_site <> '' ORDER BY rev DESC LIMIT ?2");
    let limit = i64::try_from(max_rows).unwrap_or(i64::MAX);
    let found = session.all(&sql, &params![site, limit], transfer)?;
    found.into_iter().map(|transfer| with_lines(session, transfer)).collect()
}

/// Lets the other site expect the goods. A product that it does not have is created there, as it is where the goods come from.
fn arrive(
    session: &dyn Session,
    transfer: &Transfer,
    sent: &[(Product, Quantity)],
    now: UnixMillis,
) -> Result<(), StoreFault> {
    // The delivery has the id of the order.
    let (site, delivery) = (transfer.to_site.as_str(), transfer.order);
    let rev = sites::lock(session, site)?.rev + 1;
    if load::row(session, site, &delivery_key(delivery))?.is_some() {
        return Ok(());
    }
    let (mut rows, mut lines) = (Vec::new(), Vec::new());
    for (product, quantity) in sent {
        let known = load::with_sku(session, site, &product.sku)?;
        let id = known.and_then(|stored| stored.row.product().map(|known| known.id));
        let product_id = id.unwrap_or_else(|| Uuid::new_v5(&product.id, site.as_bytes()));
        if id.is_none() {
            rows.push(Row::Product(Product { id: product_id, ..product.clone() }));
        }
        lines.push(DeliveryLine { product_id, expected: *quantity, received: Quantity::ZERO });
    }
    let (number, supplier) = (transfer.number.clone(), transfer.from_site.clone());
    rows.push(Row::Delivery(Delivery {
        id: delivery,
        number,
        supplier,
        expected_on: None,
        lines,
        closed: false,
    }));
    write(session, site, rev, rows, now)
}

fn write(
    session: &dyn Session,
    site: &str,
    rev: u64,
    rows: Vec<Row>,
    now: UnixMillis,
) -> Result<(), StoreFault> {
    let stored = |row| StoredRow { rev, row, deleted: false, fields: BTreeMap::new() };
    let rows: Vec<StoredRow> = rows.into_iter().map(stored).collect();
    save::rows(session, site, &rows, now)?;
    sites::set_rev(session, site, rev)
}

fn note_arrival(session: &dyn Session, transfer: &Transfer, now: UnixMillis) -> Result<(), StoreFault> {
    let sql = "UPDATE orders SET arrived_at = ?3 WHERE site = ?1 AND order_id = ?2 AND arrived_at IS NULL";
    session.execute(sql, &params![&transfer.from_site, transfer.order, now])?;
    Ok(())
}

/// The received quantities of a transfer, by SKU; none while more is expected.
fn received(
    session: &dyn Session,
    transfer: &Transfer,
) -> Result<Option<BTreeMap<String, Quantity>>, StoreFault> {
    let site = transfer.to_site.as_str();
    let stored = load::row(session, site, &delivery_key(transfer.order))?;
    let live = stored.as_ref().filter(|stored| !stored.deleted);
    let Some(delivery) = live.and_then(|stored| stored.row.delivery()) else {
        // Somebody deleted it there: nothing came.
        return Ok(Some(BTreeMap::new()));
    };
    if delivery.is_open() {
        return Ok(None);
    }
    let keys: Vec<RowKey> = delivery.lines.iter().map(|line| product_key(line.product_id)).collect();
    let products = load::rows(session, site, &keys)?;
    let sku = |line: &DeliveryLine| {
        let stored = products.get(&product_key(line.product_id))?;
        Some((sku_key(&stored.row.product()?.sku), line.received))
    };
    Ok(Some(delivery.lines.iter().filter_map(sku).collect()))
}

/// Settles a transfer where it came from, and puts what is missing into that site's inbox.
fn settle(
    session: &dyn Session,
    transfer: &Transfer,
    came: &BTreeMap<String, Quantity>,
    now: UnixMillis,
) -> Result<(), StoreFault> {
    let site = transfer.from_site.as_str();
    let rev = sites::lock(session, site)?.rev + 1;
    let line = |line: TransferLine| {
        let received = came.get(&sku_key(&line.sku)).copied().unwrap_or(Quantity::ZERO);
        TransferLine { received, ..line }
    };
    let lines: Vec<TransferLine> =
        with_lines(session, transfer.clone())?.lines.into_iter().map(line).collect();
    let sql = "UPDATE orders SET settled_at = ?3, received = ?4 WHERE site = ?1 AND order_id = ?2 AND settled_at IS NULL";
    let settled = session.execute(sql, &params![site, transfer.order, now, json(&lines)?])?;
    let missing: Vec<String> = lines
        .iter()
        .filter(|line| line.received < line.sent)
        .map(|line| format!("{} of {} {}", line.received, line.sent, line.name))
        .collect();
    if settled == 0 || missing.is_empty() {
        return Ok(());
    }
    let id = Uuid::new_v5(&transfer.order, SHORT.as_bytes());
    let message = format!(
        "Of transfer {} to {}, only this came: {}.",
        transfer.number,
        transfer.to_site,
        missing.join(", ")
    );
    let told = Conflict {
        id,
        verdict: Verdict::Applied,
        code: SHORT.to_owned(),
        message,
        action: String::new(),
        author: transfer.to_site.clone(),
        at: now,
    };
    if load::row(session, site, &conflict_key(id))?.is_none() {
        write(session, site, rev, vec![Row::Conflict(told)], now)?;
    }
    Ok(())
}

#[expect(private_bounds, reason = "engines are this crate's")]
impl<E: Engine> SqlStore<E> {
    /// Takes a transfer one step on. Returns whether there was one.
    async fn step(&self, transfer: &Transfer, now: UnixMillis) -> Result<bool, StoreFault> {
        let of = transfer.clone();
        if transfer.state == TransferState::Sent {
            let sent = self.engine().read(move |session| sent(session, &of)).await?;
            let of = transfer.clone();
            self.write(Lane::of(&transfer.to_site), move |session| arrive(session, &of, &sent, now)).await?;
            let of = transfer.clone();
            self.write(Lane::of(&transfer.from_site), move |session| note_arrival(session, &of, now)).await?;
            return Ok(true);
        }
        let Some(came) = self.engine().read(move |session| received(session, &of)).await? else {
            return Ok(false);
        };
        let of = transfer.clone();
        self.write(Lane::of(&transfer.from_site), move |session| settle(session, &of, &came, now)).await?;
        Ok(true)
    }
}

#[async_trait]
impl<E: Engine> Transfers for SqlStore<E> {
    async fn transfers(&self, site: &str, max_rows: usize) -> Result<Vec<Transfer>, StoreFault> {
        let site = site.to_owned();
        self.engine().read(move |session| of_site(session, &site, max_rows)).await
    }

    async fn forward_transfers(&self, now: UnixMillis) -> Result<u64, StoreFault> {
        let after = self.transfers_after.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let (mut waiting, expected) = self
            .engine()
            .read(move |session| {
                let sent = session.all(&in_transit_sql(false), &params!["", Uuid::nil()], transfer)?;
                let expected = session.all(&in_transit_sql(true), &params![&after.0, after.1], transfer)?;
                Ok((sent, expected))
            })
            .await?;
        // The next call looks after the others of them, and begins again after their end.
        let is_part = expected.len() >= MAX_STEPS;
        let last = expected.last().filter(|_| is_part);
        let reached = last.map(|last| (last.from_site.clone(), last.order)).unwrap_or_default();
        *self.transfers_after.lock().unwrap_or_else(PoisonError::into_inner) = reached;
        waiting.extend(expected);
        let mut steps = 0;
        for transfer in waiting {
            let stepped = self.step(&transfer, now).await.map(u64::from);
            steps += unless_importing(stepped)?;
        }
        Ok(steps)
    }
}
