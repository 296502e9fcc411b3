//! Deletes tombstones. A device whose cursor is before `purged_rev` may still hold such a row, and takes a
//! new snapshot.

use rusqlite::{Transaction, params};
use sync::UnixMillis;

use super::super::StoreFault;

pub(super) fn purge(transaction: &Transaction<'_>, before: UnixMillis) -> Result<u64, StoreFault> {
    // A product's tombstone stays as long as one of its lots' does.
    let tombstones = [
        ("inventory_lots", ""),
        ("deliveries", ""),
        ("exceptions", ""),
        ("unknown_codes", ""),
        ("conflicts", ""),
        (
            "products",
            "AND NOT EXISTS (SELECT 1 FROM inventory_lots AS lots \
             WHERE lots.site = products.site AND lots.product_id = products.product_id)",
        ),
    ];
    let mut purged = 0;
    for (table, condition) in tombstones {
        let due = format!("deleted_at IS NOT NULL AND deleted_at < ?1 {condition}");
        transaction.execute(
            &format!(
                "UPDATE sites SET purged_rev = max(purged_rev, coalesce((SELECT max(rev) FROM {table} \
                 WHERE {table}.site = sites.site AND {due}), 0))"
            ),
            [before.0],
        )?;
        purged += transaction.execute(&format!("DELETE FROM {table} WHERE {due}"), [before.0])?;
    }
    transaction.execute("DELETE FROM enrolment_codes WHERE expires_at < ?1", params![before.0])?;
    Ok(u64::try_from(purged).unwrap_or(u64::MAX))
}
