//! Epochs of sites, and the sites that devices belong to.

use rusqlite::{Connection, OptionalExtension, Transaction, named_params, params};
use sync::UnixMillis;
use uuid::Uuid;

use super::super::{EpochRenewal, MIN_EPOCH_GAP_MILLIS, StoreFault};
use crate::random;

pub(super) fn renew_epoch(
    transaction: &Transaction<'_>,
    site: &str,
    epoch: Uuid,
    now: UnixMillis,
) -> Result<EpochRenewal, StoreFault> {
    let gap = i64::try_from(MIN_EPOCH_GAP_MILLIS).unwrap_or(i64::MAX);
    let begun = transaction.execute(
        "UPDATE sites SET epoch = :new, epoch_renewed_at = :now, epoch_is_due = 0 \
         WHERE site = :site AND epoch = :epoch \
         AND (epoch_renewed_at IS NULL OR epoch_renewed_at > :now OR epoch_renewed_at <= :now - :gap)",
        named_params! { ":new": random::uuid()?, ":now": now.0, ":site": site, ":epoch": epoch, ":gap": gap },
    )?;
    if begun > 0 {
        return Ok(EpochRenewal::Begun);
    }
    let deferred = transaction.execute(
        "UPDATE sites SET epoch_is_due = 1 WHERE site = ?1 AND epoch = ?2 AND NOT epoch_is_due",
        params![site, epoch],
    )?;
    Ok(if deferred > 0 { EpochRenewal::Deferred } else { EpochRenewal::Unchanged })
}

pub(super) fn other_site_of(
    connection: &Connection,
    site: &str,
    client: Uuid,
    epoch: Option<Uuid>,
) -> Result<Option<String>, StoreFault> {
    let mut sites = connection.prepare_cached("SELECT site FROM clients WHERE client = ?1")?;
    let sites: Vec<String> = sites.query_map([client], |row| row.get(0))?.collect::<Result<_, _>>()?;
    if sites.iter().any(|known| known == site) {
        return Ok(None);
    }
    if let Some(other) = sites.into_iter().next() {
        return Ok(Some(other));
    }
    let sql = "SELECT site FROM sites WHERE epoch = ?1 AND site <> ?2 LIMIT 1";
    let mut of_epoch = connection.prepare_cached(sql)?;
    Ok(of_epoch.query_row(params![epoch, site], |row| row.get(0)).optional()?)
}
