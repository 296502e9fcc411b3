//! Lots with stock that devices do not hold, because they are not available.

use std::collections::BTreeMap;

use domain::{InventoryLot, LotStatus, MAX_UNAVAILABLE_LOTS, UnavailableTotal};
use rusqlite::{Connection, named_params};
use uuid::Uuid;

use super::super::{LotPosition, StoreFault, Unavailable};
use super::convert;
use super::shape::LOT;

/// A status' lots after a position.
fn lots_sql() -> String {
    format!(
        "SELECT {} FROM inventory_lots INDEXED BY lots_by_status \
         WHERE site = :site AND status = :status AND deleted_at IS NULL AND quantity <> 0 \
         AND (product_id, lot_id) > (:product, :lot) ORDER BY product_id, lot_id LIMIT :limit",
        LOT.columns
    )
}

/// The quantities and prices of a status' lots.
const VALUES: &str = "SELECT currency, quantity, price_minor FROM inventory_lots AS lots INDEXED BY lots_by_status \
     CROSS JOIN products ON products.site = lots.site AND products.product_id = lots.product_id \
     WHERE lots.site = :site AND lots.status = :status AND lots.deleted_at IS NULL AND lots.quantity <> 0";

fn statuses() -> impl Iterator<Item = LotStatus> {
    LotStatus::ALL.into_iter().filter(|status| *status != LotStatus::Available)
}

pub(super) fn unavailable(
    connection: &Connection,
    site: &str,
    after: Option<LotPosition>,
) -> Result<Unavailable, StoreFault> {
    let totals = if after.is_none() { totals(connection, site)? } else { Vec::new() };
    let begin = after.map_or(LotStatus::Available, |after| after.status);
    let mut found = Unavailable { totals, ..Unavailable::default() };
    for status in statuses().filter(|status| *status >= begin) {
        let from = after.filter(|after| after.status == status);
        let left = MAX_UNAVAILABLE_LOTS.saturating_sub(found.lots.len());
        let mut lots = lots_of(connection, site, status, from, left + 1)?;
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
    connection: &Connection,
    site: &str,
    status: LotStatus,
    after: Option<LotPosition>,
    limit: usize,
) -> Result<Vec<InventoryLot>, StoreFault> {
    let mut statement = connection.prepare_cached(&lots_sql())?;
    let params = named_params! {
        ":site": site,
        ":status": status.code(),
        ":product": after.map_or(Uuid::nil(), |after| after.product),
        ":lot": after.map_or(Uuid::nil(), |after| after.lot),
        ":limit": i64::try_from(limit).unwrap_or(i64::MAX),
    };
    let lots = statement.query_map(params, convert::lot)?;
    Ok(lots.collect::<Result<_, _>>()?)
}

fn totals(connection: &Connection, site: &str) -> Result<Vec<UnavailableTotal>, StoreFault> {
    let mut statement = connection.prepare_cached(VALUES)?;
    let mut found = Vec::new();
    for status in statuses() {
        let mut sums: BTreeMap<String, (u64, i128)> = BTreeMap::new();
        let params = named_params! { ":site": site, ":status": status.code() };
        let mut rows = statement.query(params)?;
        while let Some(row) = rows.next()? {
            let (quantity, price): (i64, i64) = (row.get(1)?, row.get(2)?);
            let (lots, sum) = sums.entry(row.get(0)?).or_default();
            *lots += 1;
            *sum = sum.saturating_add(i128::from(quantity) * i128::from(price));
        }
        found.extend(sums.into_iter().map(|(currency, (lots, sum))| UnavailableTotal {
            status,
            currency,
            lots,
            exact: i64::try_from(sum).unwrap_or(if sum < 0 { i64::MIN } else { i64::MAX }),
        }));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use std::iter::repeat_n;

    use rusqlite::{params_from_iter, types::Null};

    use super::super::schema::open_writer;
    use super::*;

    #[test]
    fn only_the_lots_of_a_part_are_read() {
        let dir = tempfile::TempDir::new().expect("a folder");
        let connection = open_writer(&dir.path().join("lotbook.db")).expect("a database");
        let plan = |sql: &str| -> Vec<String> {
            let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).expect(sql);
            let nulls = repeat_n(Null, statement.parameter_count());
            let steps = statement.query_map(params_from_iter(nulls), |row| row.get(3)).expect(sql);
            steps.collect::<Result<_, _>>().expect(sql)
        };
        let part = plan(&lots_sql());
        assert!(
            part[0].contains("lots_by_status (site=? AND status=? AND (product_id,lot_id)>(?,?))"),
            "{part:?}"
        );
        assert_eq!(part.len(), 1, "nothing is sorted: {part:?}");
        let values = plan(VALUES);
        assert!(values.iter().all(|step| step.contains("SEARCH")), "{values:?}");
    }
}
