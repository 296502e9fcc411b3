//! Lots with stock that devices do not hold, because they are not available.

use std::collections::BTreeMap;

use domain::{InventoryLot, LotStatus, MAX_UNAVAILABLE_LOTS, UnavailableTotal};
use uuid::Uuid;

use super::super::{LotPosition, StoreFault, Unavailable};
use super::convert;
use super::session::{Dialect, Session, params};
use super::shape::LOT;
use super::sites;

/// A status' lots after a position: the parameters are the site, the status, the position, and the limit.
pub(crate) fn lots_sql(dialect: &Dialect) -> String {
    format!(
        "SELECT {} FROM inventory_lots{} \
         WHERE site = ?1 AND status = ?2 AND status <> 'available' AND deleted_at IS NULL AND quantity <> 0 \
         AND (product_id, lot_id) > (?3, ?4) ORDER BY product_id, lot_id LIMIT ?5",
        LOT.columns,
        dialect.indexed_by("lots_by_status")
    )
}

/// The quantities and prices of a status' lots.
pub(crate) fn values_sql(dialect: &Dialect) -> String {
    let of_product = "products.site = ?1 AND products.product_id = lots.product_id";
    let products = if dialect.has_lateral {
        format!(
            "CROSS JOIN LATERAL (SELECT currency, price_minor FROM products WHERE {of_product} OFFSET 0) AS products"
        )
    } else {
        format!("{} products ON {of_product}", dialect.ordered_join)
    };
    format!(
        "SELECT currency, quantity, price_minor FROM inventory_lots AS lots{} {products} \
         WHERE lots.site = ?1 AND lots.status = ?2 AND lots.status <> 'available' AND lots.deleted_at IS NULL \
         AND lots.quantity <> 0",
        dialect.indexed_by("lots_by_status")
    )
}

fn statuses() -> impl Iterator<Item = LotStatus> {
    LotStatus::ALL.into_iter().filter(|status| *status != LotStatus::Available)
}

pub(crate) fn unavailable(
    session: &dyn Session,
    site: &str,
    after: Option<LotPosition>,
) -> Result<Unavailable, StoreFault> {
    sites::check_open(session, site)?;
    let totals = if after.is_none() { totals(session, site)? } else { Vec::new() };
    let begin = after.map_or(LotStatus::Available, |after| after.status);
    let mut found = Unavailable { totals, ..Unavailable::default() };
    for status in statuses().filter(|status| *status >= begin) {
        let from = after.filter(|after| after.status == status);
        let left = MAX_UNAVAILABLE_LOTS.saturating_sub(found.lots.len());
        let mut lots = lots_of(session, site, status, from, left + 1)?;
        if lots.len() > left {
            lots.truncate(left);
            found.next = lots.last().or(found.lots.last()).map(position_of);
            found.lots.extend(lots);
            break;
        }
        found.lots.extend(lots);
    }
    Ok(found)
}

fn position_of(lot: &InventoryLot) -> LotPosition {
    LotPosition { status: lot.status, product: lot.lot.product_id, lot: lot.lot.id() }
}

fn lots_of(
    session: &dyn Session,
    site: &str,
    status: LotStatus,
    after: Option<LotPosition>,
    limit: usize,
) -> Result<Vec<InventoryLot>, StoreFault> {
    let product = after.map_or(Uuid::nil(), |after| after.product);
    let lot = after.map_or(Uuid::nil(), |after| after.lot);
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let params = params![site, status.code(), product, lot, limit];
    session.all(&lots_sql(session.dialect()), &params, convert::lot)
}

fn totals(session: &dyn Session, site: &str) -> Result<Vec<UnavailableTotal>, StoreFault> {
    let sql = values_sql(session.dialect());
    let mut found = Vec::new();
    for status in statuses() {
        let mut sums: BTreeMap<String, (u64, i128)> = BTreeMap::new();
        session.query(&sql, &params![site, status.code()], &mut |row| {
            let (quantity, price) = (row.int(1)?, row.int(2)?);
            let (lots, sum) = sums.entry(row.text(0)?.to_owned()).or_default();
            *lots += 1;
            *sum = sum.saturating_add(i128::from(quantity) * i128::from(price));
            Ok(())
        })?;
        found.extend(sums.into_iter().map(|(currency, (lots, sum))| UnavailableTotal {
            status,
            currency,
            lots,
            exact: i64::try_from(sum).unwrap_or(if sum < 0 { i64::MIN } else { i64::MAX }),
        }));
    }
    Ok(found)
}
