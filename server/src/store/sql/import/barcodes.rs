//! What follows from changed barcodes: exceptions about shared ones, and unknown codes that are known now.

use std::collections::{BTreeMap, BTreeSet};

use domain::{product_key, unknown_code_key};
use sync::RowKey;
use uuid::Uuid;

use super::super::exceptions::{Inspector, differs, row_of};
use super::super::load;
use super::super::save;
use super::super::session::{Keyed, Session, params};
use super::{Slice, Slices};
use crate::booking::{StoredRow, barcode_key};
use crate::store::StoreFault;

impl Slice<'_> {
    /// Raises and clears the exceptions of products whose barcode has changed, and deletes the unknown codes that they
    /// have now.
    pub(super) fn check_barcodes(&mut self, relabelled: &[Uuid]) -> Result<(), StoreFault> {
        let Slices { session, site, now, author } = self.of;
        let inspector = Inspector { session, site, author, now };
        let barcodes = barcodes_of(session, site, relabelled)?;
        for id in in_doubt(session, site, relabelled, &barcodes)? {
            for finding in inspector.product(id)? {
                let old = load::row(session, site, &finding.0)?;
                if differs(old.as_ref(), &finding)
                    && let Some(stored) = row_of(finding.1, old, self.next_rev())
                {
                    save::rows(session, site, [&stored], now)?;
                }
            }
        }
        let codes: BTreeSet<RowKey> = barcodes.values().map(|barcode| unknown_code_key(barcode)).collect();
        let known = load::rows(session, site, &codes)?;
        let settled: Vec<StoredRow> = known
            .into_values()
            .filter(|old| !old.deleted)
            .map(|old| StoredRow { rev: self.next_rev(), deleted: true, ..old })
            .collect();
        save::rows(session, site, &settled, now)
    }
}

/// The barcodes of those of these products that are not deleted and have one.
fn barcodes_of(
    session: &dyn Session,
    site: &str,
    products: &[Uuid],
) -> Result<BTreeMap<Uuid, String>, StoreFault> {
    let keys: Vec<RowKey> = products.iter().map(|id| product_key(*id)).collect();
    let live = load::rows(session, site, &keys)?.into_values().filter(|stored| !stored.deleted);
    let barcode = |stored: StoredRow| {
        let product = stored.row.product()?;
        Some((product.id, barcode_key(&product.barcode)?))
    };
    Ok(live.filter_map(barcode).collect())
}

/// Those of these products that share their barcode or have to do with an exception about shared ones: the others need
/// no closer look.
fn in_doubt(
    session: &dyn Session,
    site: &str,
    products: &[Uuid],
    barcodes: &BTreeMap<Uuid, String>,
) -> Result<BTreeSet<Uuid>, StoreFault> {
    let distinct: BTreeSet<&String> = barcodes.values().collect();
    let keys: Vec<_> = distinct.into_iter().map(|barcode| params![barcode].to_vec()).collect();
    let holders = Keyed {
        select: "SELECT barcode_key, product_id FROM products WHERE site = ?1 AND barcode_key <> ''",
        key: &["barcode_key"],
        tail: "AND deleted_at IS NULL",
    };
    let mut held: BTreeMap<String, usize> = BTreeMap::new();
    session.query_keys(holders, site, &keys, &mut |row| {
        *held.entry(row.text(0)?.to_owned()).or_default() += 1;
        Ok(())
    })?;
    let is_shared =
        |id: &&Uuid| barcodes.get(*id).and_then(|barcode| held.get(barcode)).is_some_and(|n| *n > 1);
    let mut found: BTreeSet<Uuid> = products.iter().filter(is_shared).copied().collect();
    let ids: Vec<_> = products.iter().map(|id| params![*id].to_vec()).collect();
    let select = "SELECT product_id, other FROM exceptions WHERE site = ?1";
    for key in [&["product_id"], &["other"]] {
        let named = Keyed { select, key, tail: "AND deleted_at IS NULL AND other IS NOT NULL" };
        session.query_keys(named, site, &ids, &mut |row| {
            found.extend([Some(row.id(0)?), row.optional_id(1)?].into_iter().flatten());
            Ok(())
        })?;
    }
    found.retain(|id| products.contains(id));
    Ok(found)
}
