//! Devices, their tokens, and the one-time codes of enrolments. Codes and tokens are stored as SHA-256 only.

use rusqlite::{Connection, OptionalExtension, Transaction, params};
use sync::UnixMillis;

use uuid::Uuid;

use super::super::{Device, EnrolRefusal, Enrolment, StoreFault};
use super::convert::from_i64;

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
    site: &str,
    device: Uuid,
    now: UnixMillis,
) -> Result<bool, StoreFault> {
    let revoked = transaction.execute(
        "UPDATE devices SET revoked_at = ?3 WHERE site = ?1 AND device = ?2 AND revoked_at IS NULL",
        params![site, device, now.0],
    )?;
    Ok(revoked > 0)
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
    Ok(Ok(device))
}
