//! Keys of other systems. Secrets are stored as SHA-256 only.

use data_encoding::HEXLOWER;
use sync::UnixMillis;
use uuid::Uuid;

use super::super::{ApiKey, NewKey, StoreFault};
use super::engine::Recorder;
use super::session::{Columns, Session, params};
use super::sites;
use crate::api_keys::names;
use crate::store::security::SecurityEvent;

const COLUMNS: &str = "key_id, site, name, scopes, created_at, last_used_at";

fn key(row: &dyn Columns) -> Result<ApiKey, StoreFault> {
    Ok(ApiKey {
        key: row.id(0)?,
        site: row.text(1)?.to_owned(),
        name: row.text(2)?.to_owned(),
        // A later build may have stored others.
        scopes: row.text(3)?.split(' ').filter_map(|name| name.parse().ok()).collect(),
        created_at: UnixMillis(row.int(4)?),
        last_used_at: row.optional_int(5)?.map(UnixMillis),
    })
}

pub(super) fn add(session: &dyn Session, record: &Recorder, new: &NewKey) -> Result<ApiKey, StoreFault> {
    let NewKey { key, site, name, scopes, secret_hash, now } = new;
    sites::lock_any(session, site)?;
    let taken = "SELECT 1 FROM api_keys WHERE site = ?1 AND name = ?2 AND revoked_at IS NULL";
    if session.exists(taken, &params![site, name])? {
        let message =
            format!("Site \"{site}\" has a key \"{name}\" already. Revoke it, or choose another name.");
        return Err(StoreFault::invalid("name_taken", message));
    }
    let stored = names(scopes, " ");
    let sql = "INSERT INTO api_keys (site, key_id, name, scopes, secret_hash, created_at) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    session.execute(sql, &params![site, *key, name, &stored, secret_hash, *now])?;
    let added = SecurityEvent::KeyAdded {
        site: site.clone(),
        key: *key,
        name: name.clone(),
        scopes: stored,
        secret: HEXLOWER.encode(secret_hash),
        at: *now,
    };
    record(session, &[added])?;
    let (site, name, scopes) = (site.clone(), name.clone(), scopes.clone());
    Ok(ApiKey { key: *key, site, name, scopes, created_at: *now, last_used_at: None })
}

pub(super) fn by_secret(
    session: &dyn Session,
    site: &str,
    hash: [u8; 32],
) -> Result<Option<ApiKey>, StoreFault> {
    let sql =
        format!("SELECT {COLUMNS} FROM api_keys WHERE site = ?1 AND secret_hash = ?2 AND revoked_at IS NULL");
    session.first(&sql, &params![site, &hash], key)
}

pub(super) fn all(session: &dyn Session, site: &str) -> Result<Vec<ApiKey>, StoreFault> {
    let sql = format!("SELECT {COLUMNS} FROM api_keys WHERE site = ?1 AND revoked_at IS NULL ORDER BY name");
    session.all(&sql, &params![site], key)
}

pub(super) fn revoke(
    session: &dyn Session,
    record: &Recorder,
    site: &str,
    key: Uuid,
    now: UnixMillis,
) -> Result<bool, StoreFault> {
    let sql = "UPDATE api_keys SET revoked_at = ?3 WHERE site = ?1 AND key_id = ?2 AND revoked_at IS NULL";
    let revoked = session.execute(sql, &params![site, key, now])?;
    if revoked > 0 {
        record(session, &[SecurityEvent::KeyRevoked { site: site.to_owned(), key, at: now }])?;
    }
    Ok(revoked > 0)
}

pub(super) fn saw(session: &dyn Session, site: &str, key: Uuid, now: UnixMillis) -> Result<(), StoreFault> {
    let sql = "UPDATE api_keys SET last_used_at = ?3 WHERE site = ?1 AND key_id = ?2";
    session.execute(sql, &params![site, key, now])?;
    Ok(())
}
