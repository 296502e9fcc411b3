//! Devices, their tokens, and the one-time codes of enrolments. Codes and tokens are stored as SHA-256 only.

use std::collections::HashSet;

use data_encoding::HEXLOWER;
use sync::UnixMillis;
use uuid::Uuid;

use super::super::{Device, EnrolRefusal, Enrolment, StoreFault};
use super::convert::from_i64;
use super::engine::Recorder;
use super::session::{Columns, Session, params};
use super::sites;
use crate::store::security::SecurityEvent;

const COLUMNS: &str = "device, site, name, prefix, last_seen_at, clock_ahead_millis";

fn device(row: &dyn Columns) -> Result<Device, StoreFault> {
    Ok(Device {
        device: row.id(0)?,
        site: row.text(1)?.to_owned(),
        name: row.text(2)?.to_owned(),
        prefix: row.text(3)?.to_owned(),
        last_seen_at: UnixMillis(row.int(4)?),
        clock_ahead_millis: row.optional_int(5)?,
    })
}

pub(crate) fn by_token(session: &dyn Session, hash: [u8; 32]) -> Result<Option<Device>, StoreFault> {
    let sql = format!("SELECT {COLUMNS} FROM devices WHERE token_hash = ?1 AND revoked_at IS NULL");
    session.first(&sql, &params![&hash], device)
}

pub(crate) fn all(session: &dyn Session, site: &str) -> Result<Vec<Device>, StoreFault> {
    let sql =
        format!("SELECT {COLUMNS} FROM devices WHERE site = ?1 AND revoked_at IS NULL ORDER BY name, prefix");
    session.all(&sql, &params![site], device)
}

pub(super) fn rename(
    session: &dyn Session,
    site: &str,
    device: Uuid,
    name: &str,
) -> Result<bool, StoreFault> {
    let sql = "UPDATE devices SET name = ?3 WHERE site = ?1 AND device = ?2 AND revoked_at IS NULL";
    Ok(session.execute(sql, &params![site, device, name])? > 0)
}

pub(crate) fn revoke(
    session: &dyn Session,
    record: &Recorder,
    site: &str,
    device: Uuid,
    now: UnixMillis,
) -> Result<bool, StoreFault> {
    let sql = "UPDATE devices SET revoked_at = ?3 WHERE site = ?1 AND device = ?2 AND revoked_at IS NULL";
    let revoked = session.execute(sql, &params![site, device, now])?;
    if revoked > 0 {
        record(session, &[SecurityEvent::Revoked { site: site.to_owned(), device, at: now }])?;
    }
    Ok(revoked > 0)
}

pub(crate) fn revoke_enrolled_since(
    session: &dyn Session,
    record: &Recorder,
    site: &str,
    since: UnixMillis,
    now: UnixMillis,
) -> Result<u64, StoreFault> {
    let sql = "UPDATE devices SET revoked_at = ?3 WHERE site = ?1 AND enrolled_at >= ?2 AND revoked_at IS NULL \
               RETURNING device";
    let event =
        |row: &dyn Columns| Ok(SecurityEvent::Revoked { site: site.to_owned(), device: row.id(0)?, at: now });
    let events = session.all(sql, &params![site, since, now], event)?;
    if !events.is_empty() {
        record(session, &events)?;
    }
    Ok(u64::try_from(events.len()).unwrap_or(u64::MAX))
}

pub(crate) fn revoked(session: &dyn Session) -> Result<HashSet<Uuid>, StoreFault> {
    let sql = "SELECT device FROM devices WHERE revoked_at IS NOT NULL";
    Ok(session.all(sql, &[], |row| row.id(0))?.into_iter().collect())
}

pub(crate) fn lives(session: &dyn Session, site: &str, device: Uuid) -> Result<u64, StoreFault> {
    let sql = "SELECT count(*) FROM clients WHERE site = ?1 AND device = ?2";
    Ok(session.first(sql, &params![site, device], |row| row.int(0))?.map_or(0, from_i64))
}

pub(crate) fn saw(session: &dyn Session, device: &Device) -> Result<(), StoreFault> {
    let Device { site, device, last_seen_at, clock_ahead_millis, .. } = device;
    let sql = "UPDATE devices SET last_seen_at = ?3, clock_ahead_millis = ?4 WHERE site = ?1 AND device = ?2";
    session.execute(sql, &params![site, *device, *last_seen_at, *clock_ahead_millis])?;
    Ok(())
}

pub(crate) fn add_code(
    session: &dyn Session,
    site: &str,
    code_hash: [u8; 32],
    device_name: &str,
    expires_at: UnixMillis,
) -> Result<(), StoreFault> {
    let sql =
        "INSERT INTO enrolment_codes (site, code_hash, device_name, expires_at) VALUES (?1, ?2, ?3, ?4)";
    session.execute(sql, &params![site, &code_hash, device_name, expires_at])?;
    Ok(())
}

pub(crate) fn enrol(
    session: &dyn Session,
    record: &Recorder,
    enrolment: &Enrolment,
) -> Result<Result<Device, EnrolRefusal>, StoreFault> {
    let Enrolment { code_hash, device_name, device, token_hash, held_site, now } = enrolment;
    let sql = "SELECT site, device_name FROM enrolment_codes \
               WHERE code_hash = ?1 AND used_at IS NULL AND expires_at > ?2";
    let code = |row: &dyn Columns| Ok((row.text(0)?.to_owned(), row.text(1)?.to_owned()));
    let Some((site, name_of_code)) = session.first(sql, &params![code_hash, *now], code)? else {
        return Ok(Err(EnrolRefusal::BadCode));
    };
    if held_site.as_ref().is_some_and(|held| *held != site) {
        return Ok(Err(EnrolRefusal::OtherSite(site)));
    }
    // Numbers of devices are given one after the other.
    sites::lock_any(session, &site)?;
    let sql =
        "UPDATE enrolment_codes SET used_at = ?3 WHERE site = ?1 AND code_hash = ?2 AND used_at IS NULL";
    if session.execute(sql, &params![&site, code_hash, *now])? == 0 {
        return Ok(Err(EnrolRefusal::BadCode));
    }
    let sql = "SELECT count(*) FROM devices WHERE site = ?1";
    let number = session.first(sql, &params![&site], |row| row.int(0))?.unwrap_or_default() + 1;
    let given = [device_name.trim(), name_of_code.trim()].into_iter().find(|name| !name.is_empty());
    let device = Device {
        device: *device,
        site,
        name: given.map_or_else(|| format!("Device {number}"), str::to_owned),
        prefix: format!("D{number:02}"),
        last_seen_at: *now,
        clock_ahead_millis: None,
    };
    let Device { site, device: id, name, prefix, .. } = &device;
    let sql = "INSERT INTO devices (site, device, name, prefix, token_hash, enrolled_at, last_seen_at) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6)";
    session.execute(sql, &params![site, *id, name, prefix, token_hash, *now])?;
    let (site, at) = (site.clone(), *now);
    let code_used = SecurityEvent::CodeUsed { site: site.clone(), code: HEXLOWER.encode(code_hash), at };
    let (name, prefix, token) = (name.clone(), prefix.clone(), HEXLOWER.encode(token_hash));
    record(session, &[code_used, SecurityEvent::Enrolled { site, device: *id, name, prefix, token, at }])?;
    Ok(Ok(device))
}
