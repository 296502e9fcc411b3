//! Devices, their tokens, and the one-time codes of enrolments. Codes and tokens are stored as SHA-256 only.

use std::collections::HashSet;

use data_encoding::HEXLOWER;
use rusqlite::{Connection, OptionalExtension, Transaction, params};
use sync::UnixMillis;
use uuid::Uuid;

use super::super::{Device, EnrolRefusal, Enrolment, StoreFault};
use super::convert::from_i64;
use super::security_log::{Entry, SecurityLog};

const COLUMNS: &str = "device, site, name, prefix, last_seen_at, clock_ahead_millis";

fn device(row: &rusqlite::Row<'_>) -> rusqlite::Result<Device> {
    Ok(Device {
        device: row.get(0)?,
        site: row.get(1)?,
        name: row.get(2)?,
        prefix: row.get(3)?,
        last_seen_at: UnixMillis(row.get(4)?),
        clock_ahead_millis: row.get(5)?,
    })
}

pub(super) fn by_token(connection: &Connection, hash: [u8; 32]) -> Result<Option<Device>, StoreFault> {
    let sql = format!("SELECT {COLUMNS} FROM devices WHERE token_hash = ?1 AND revoked_at IS NULL");
    Ok(connection.prepare_cached(&sql)?.query_row([hash], device).optional()?)
}

pub(super) fn all(connection: &Connection, site: &str) -> Result<Vec<Device>, StoreFault> {
    let sql =
        format!("SELECT {COLUMNS} FROM devices WHERE site = ?1 AND revoked_at IS NULL ORDER BY name, prefix");
    let mut statement = connection.prepare_cached(&sql)?;
    let found = statement.query_map([site], device)?;
    Ok(found.collect::<Result<_, _>>()?)
}

pub(super) fn revoke(
    transaction: &Transaction<'_>,
    log: &SecurityLog,
    site: &str,
    device: Uuid,
    now: UnixMillis,
) -> Result<bool, StoreFault> {
    let revoked = transaction.execute(
        "UPDATE devices SET revoked_at = ?3 WHERE site = ?1 AND device = ?2 AND revoked_at IS NULL",
        params![site, device, now.0],
    )?;
    if revoked > 0 {
        log.append(transaction, &[Entry::Revoked { site: site.to_owned(), device, at: now }])?;
    }
    Ok(revoked > 0)
}

pub(super) fn revoke_enrolled_since(
    transaction: &Transaction<'_>,
    log: &SecurityLog,
    site: &str,
    since: UnixMillis,
    now: UnixMillis,
) -> Result<u64, StoreFault> {
    let mut statement = transaction.prepare(
        "UPDATE devices SET revoked_at = ?3 WHERE site = ?1 AND enrolled_at >= ?2 AND revoked_at IS NULL \
         RETURNING device",
    )?;
    let devices = statement.query_map(params![site, since.0, now.0], |row| row.get(0))?;
    let entry = |device| Entry::Revoked { site: site.to_owned(), device, at: now };
    let entries: Vec<Entry> = devices.map(|device| device.map(entry)).collect::<Result<_, _>>()?;
    if !entries.is_empty() {
        log.append(transaction, &entries)?;
    }
    Ok(u64::try_from(entries.len()).unwrap_or(u64::MAX))
}

pub(super) fn revoked(connection: &Connection) -> Result<HashSet<Uuid>, StoreFault> {
    let mut statement =
        connection.prepare_cached("SELECT device FROM devices WHERE revoked_at IS NOT NULL")?;
    let devices = statement.query_map([], |row| row.get(0))?;
    Ok(devices.collect::<Result<_, _>>()?)
}

pub(super) fn lives(connection: &Connection, site: &str, device: Uuid) -> Result<u64, StoreFault> {
    let mut statement =
        connection.prepare_cached("SELECT count(*) FROM clients WHERE site = ?1 AND device = ?2")?;
    Ok(from_i64(statement.query_row(params![site, device], |row| row.get(0))?))
}

pub(super) fn saw(transaction: &Transaction<'_>, device: &Device) -> Result<(), StoreFault> {
    let Device { site, device, last_seen_at, clock_ahead_millis, .. } = device;
    transaction
        .prepare_cached(
            "UPDATE devices SET last_seen_at = ?3, clock_ahead_millis = ?4 WHERE site = ?1 AND device = ?2",
        )?
        .execute(params![site, device, last_seen_at.0, clock_ahead_millis])?;
    Ok(())
}

pub(super) fn add_code(
    transaction: &Transaction<'_>,
    site: &str,
    code_hash: [u8; 32],
    device_name: &str,
    expires_at: UnixMillis,
) -> Result<(), StoreFault> {
    transaction.execute(
        "INSERT INTO enrolment_codes (site, code_hash, device_name, expires_at) VALUES (?1, ?2, ?3, ?4)",
        params![site, code_hash, device_name, expires_at.0],
    )?;
    Ok(())
}

pub(super) fn enrol(
    transaction: &Transaction<'_>,
    log: &SecurityLog,
    enrolment: &Enrolment,
) -> Result<Result<Device, EnrolRefusal>, StoreFault> {
    let Enrolment { code_hash, device_name, device, token_hash, held_site, now } = enrolment;
    let found: Option<(String, String)> = transaction
        .query_row(
            "SELECT site, device_name FROM enrolment_codes \
             WHERE code_hash = ?1 AND used_at IS NULL AND expires_at > ?2",
            params![code_hash, now.0],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .optional()?;
    let Some((site, name_of_code)) = found else { return Ok(Err(EnrolRefusal::BadCode)) };
    if held_site.as_ref().is_some_and(|held| *held != site) {
        return Ok(Err(EnrolRefusal::OtherSite(site)));
    }
    transaction.execute(
        "UPDATE enrolment_codes SET used_at = ?3 WHERE site = ?1 AND code_hash = ?2",
        params![site, code_hash, now.0],
    )?;
    let enrolled: i64 =
        transaction.query_row("SELECT count(*) FROM devices WHERE site = ?1", [&site], |row| row.get(0))?;
    let number = enrolled + 1;
    let given = [device_name.trim(), name_of_code.trim()].into_iter().find(|name| !name.is_empty());
    let device = Device {
        device: *device,
        site,
        name: given.map_or_else(|| format!("Device {number}"), str::to_owned),
        prefix: format!("D{number:02}"),
        last_seen_at: *now,
        clock_ahead_millis: None,
    };
    transaction.execute(
        "INSERT INTO devices (site, device, name, prefix, token_hash, enrolled_at, last_seen_at) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6)",
        params![device.site, device.device, device.name, device.prefix, token_hash, now.0],
    )?;
    let (site, at) = (device.site.clone(), *now);
    let enrolled = Entry::Enrolled {
        site: site.clone(),
        device: device.device,
        name: device.name.clone(),
        prefix: device.prefix.clone(),
        token: HEXLOWER.encode(token_hash),
        at,
    };
    log.append(transaction, &[Entry::CodeUsed { site, code: HEXLOWER.encode(code_hash), at }, enrolled])?;
    Ok(Ok(device))
}
