//! A log of enrolments, used codes, keys, revocations, removed webhooks and closed accounts beside the database. `restore` carries them over, because
//! a backup from before would let a revoked device in again.
//!
//! Each entry is a line of JSON in `DATABASE.security`. It is durable before the transaction that it belongs to
//! is committed: an entry without its commit bars a device that was to be barred, or enrols one that has no
//! token.

use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use rusqlite::{Connection, params};
use sync::UnixMillis;

use super::super::StoreFault;
use super::super::security::SecurityEvent;
use super::super::sql::session::Session;
use crate::private_file;

/// Size of the log from which it is put aside as `DATABASE.security.1`, in place of the previous one: about
/// 200,000 entries.
const MAX_SECURITY_LOG_BYTES: u64 = 64 * 1024 * 1024;
/// How often an append looks for the log again after another process has put it aside.
const MAX_REOPENS: u32 = 8;

/// The log of one database.
#[derive(Clone, Debug)]
pub(super) struct SecurityLog {
    path: PathBuf,
}

impl SecurityLog {
    /// The log beside `database`, a path without symbolic links.
    pub(super) fn beside(database: &Path) -> Self {
        Self { path: database.with_added_extension("security") }
    }

    /// Its file.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The file that was put aside when it was full.
    fn earlier(&self) -> PathBuf {
        self.path.with_added_extension("1")
    }

    /// Starts a missing log with what the database knows.
    pub(super) fn begin(&self, session: &dyn Session) -> Result<(), StoreFault> {
        if self.path.exists() {
            return Ok(());
        }
        let lines = lines(&known(session)?)?;
        // Complete under its name or not there at all. Two processes write the same.
        let part = self.path.with_added_extension(format!("{}.part", std::process::id()));
        let write = || {
            let mut file = private_file::options().create(true).truncate(true).write(true).open(&part)?;
            file.write_all(&lines)?;
            file.sync_all()?;
            fs::rename(&part, &self.path)?;
            private_file::sync_folder_of(&self.path)
        };
        write().map_err(|error| self.fault(&error))
    }

    /// Appends entries durably, after what the database knew before if there is no log yet.
    pub(super) fn append(&self, session: &dyn Session, entries: &[SecurityEvent]) -> Result<(), StoreFault> {
        self.begin(session)?;
        let lines = lines(entries)?;
        self.append_lines(&lines, MAX_SECURITY_LOG_BYTES).map_err(|error| self.fault(&error))
    }

    fn append_lines(&self, lines: &[u8], max_bytes: u64) -> io::Result<()> {
        let mut file = self.locked(max_bytes)?;
        // After a crash the last line may be cut off; the next one must not continue it.
        let mut last = [b'\n'];
        if file.seek(SeekFrom::End(0))? > 0 {
            file.seek(SeekFrom::End(-1))?;
            file.read_exact(&mut last)?;
        }
        let mut text = if last == *b"\n" { Vec::new() } else { vec![b'\n'] };
        text.extend_from_slice(lines);
        file.write_all(&text)?;
        file.sync_all()
    }

    /// The file, locked against other processes, with room for more.
    fn locked(&self, max_bytes: u64) -> io::Result<File> {
        for _ in 0..MAX_REOPENS {
            let file = private_file::options().create(true).read(true).append(true).open(&self.path)?;
            file.lock()?;
            if file.metadata()?.len() < max_bytes {
                if is_at(&file, &self.path)? {
                    return Ok(file);
                }
            } else if is_at(&file, &self.path)? {
                fs::rename(&self.path, self.earlier())?;
                private_file::sync_folder_of(&self.path)?;
            }
        }
        Err(io::Error::other("it is put aside again and again"))
    }

    /// The entries, oldest first, and the number of lines that cannot be read; none if there is no log.
    pub(super) fn read(&self) -> Result<Option<(Vec<SecurityEvent>, usize)>, StoreFault> {
        let (mut entries, mut unreadable, mut is_there) = (Vec::new(), 0, false);
        for path in [self.earlier(), self.path.clone()] {
            let text = match fs::read(&path) {
                Ok(text) => text,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(self.fault(&error)),
            };
            is_there |= path == self.path;
            for line in text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
                match serde_json::from_slice(line) {
                    Ok(entry) => entries.push(entry),
                    Err(_) => unreadable += 1,
                }
            }
        }
        Ok(is_there.then_some((entries, unreadable)))
    }

    fn fault(&self, error: &io::Error) -> StoreFault {
        StoreFault::Failed(format!(
            "the security log {} cannot be used: {error}; nothing was changed",
            self.path.display()
        ))
    }
}

/// Whether the open file is still the one under this name.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt as _;
    let open = file.metadata()?;
    match fs::metadata(path) {
        Ok(named) => Ok((named.dev(), named.ino()) == (open.dev(), open.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Elsewhere an open file cannot be renamed.
#[cfg(not(unix))]
fn is_at(_file: &File, path: &Path) -> io::Result<bool> {
    path.try_exists()
}

fn lines(entries: &[SecurityEvent]) -> Result<Vec<u8>, StoreFault> {
    let mut lines = Vec::new();
    for entry in entries {
        serde_json::to_writer(&mut lines, entry).map_err(|error| StoreFault::Failed(error.to_string()))?;
        lines.push(b'\n');
    }
    Ok(lines)
}

/// What the database knows of devices and codes.
fn known(session: &dyn Session) -> Result<Vec<SecurityEvent>, StoreFault> {
    let sql = "SELECT site, hex(code_hash), used_at FROM enrolment_codes WHERE used_at IS NOT NULL";
    let mut known = session.all(sql, &[], |row| {
        let (site, code) = (row.text(0)?.to_owned(), row.text(1)?.to_lowercase());
        Ok(SecurityEvent::CodeUsed { site, code, at: UnixMillis(row.int(2)?) })
    })?;
    let sql = "SELECT site, device, name, prefix, hex(token_hash), enrolled_at, revoked_at FROM devices";
    session.query(sql, &[], &mut |row| {
        let (site, device) = (row.text(0)?.to_owned(), row.id(1)?);
        known.push(SecurityEvent::Enrolled {
            site: site.clone(),
            device,
            name: row.text(2)?.to_owned(),
            prefix: row.text(3)?.to_owned(),
            token: row.text(4)?.to_lowercase(),
            at: UnixMillis(row.int(5)?),
        });
        let revoked_at = row.optional_int(6)?.map(UnixMillis);
        known.extend(revoked_at.map(|at| SecurityEvent::Revoked { site, device, at }));
        Ok(())
    })?;
    known_api_keys(session, &mut known)?;
    let sql = "SELECT account_id, closed_at FROM office_accounts WHERE closed_at IS NOT NULL";
    known.extend(session.all(sql, &[], |row| {
        Ok(SecurityEvent::AccountClosed { account: row.id(0)?, at: UnixMillis(row.int(1)?) })
    })?);
    Ok(known)
}

fn known_api_keys(session: &dyn Session, known: &mut Vec<SecurityEvent>) -> Result<(), StoreFault> {
    let sql = "SELECT site, key_id, name, scopes, hex(secret_hash), created_at, revoked_at FROM api_keys";
    session.query(sql, &[], &mut |row| {
        let (site, key) = (row.text(0)?.to_owned(), row.id(1)?);
        known.push(SecurityEvent::KeyAdded {
            site: site.clone(),
            key,
            name: row.text(2)?.to_owned(),
            scopes: row.text(3)?.to_owned(),
            secret: row.text(4)?.to_lowercase(),
            at: UnixMillis(row.int(5)?),
        });
        let revoked_at = row.optional_int(6)?.map(UnixMillis);
        known.extend(revoked_at.map(|at| SecurityEvent::KeyRevoked { site, key, at }));
        Ok(())
    })
}

/// The entries that a restored database did not have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CarriedOver {
    /// Devices revoked.
    pub revoked: u64,
    /// Codes used.
    pub codes: u64,
    /// Webhooks removed.
    pub webhooks: u64,
    /// Devices enrolled.
    pub enrolled: u64,
    /// Devices that have to be enrolled again: their site or their prefix is another's in the backup.
    pub left_out: u64,
    /// Keys of other systems added.
    pub keys_added: u64,
    /// Keys of other systems revoked.
    pub keys_revoked: u64,
    /// Accounts of the office closed.
    pub accounts_closed: u64,
    /// Keys that have to be made again: their site is not in the backup, or it is of a version without keys.
    pub keys_left_out: u64,
    /// Lines of the log that could not be read.
    pub unreadable: u64,
}

/// Writes the entries to a restored database of any version.
pub(super) fn carry_over(
    connection: &Connection,
    entries: &[SecurityEvent],
) -> Result<CarriedOver, StoreFault> {
    let mut carried = CarriedOver::default();
    // Earlier versions have no such tables.
    let has_keys = connection.table_exists(None, "api_keys")?;
    let has_webhooks = connection.table_exists(None, "webhooks")?;
    let has_accounts = connection.table_exists(None, "office_accounts")?;
    for entry in entries {
        match entry {
            SecurityEvent::CodeUsed { .. }
            | SecurityEvent::Enrolled { .. }
            | SecurityEvent::Revoked { .. } => of_device(connection, entry, &mut carried)?,
            SecurityEvent::KeyAdded { .. } if !has_keys => carried.keys_left_out += 1,
            SecurityEvent::KeyRevoked { .. } if !has_keys => {}
            SecurityEvent::KeyAdded { .. } | SecurityEvent::KeyRevoked { .. } => {
                of_key(connection, entry, &mut carried)?;
            }
            SecurityEvent::AccountClosed { account, at } => {
                if has_accounts {
                    let sql = "UPDATE office_accounts SET closed_at = ?2 WHERE account_id = ?1 AND closed_at IS NULL";
                    carried.accounts_closed += changed(connection.execute(sql, params![account, at.0])?);
                }
            }
            SecurityEvent::WebhookRemoved { site, webhook, .. } => {
                if has_webhooks {
                    let sql = "DELETE FROM webhooks WHERE site = ?1 AND webhook_id = ?2";
                    carried.webhooks += changed(connection.execute(sql, params![site, webhook])?);
                }
            }
        }
    }
    Ok(carried)
}

/// Ends all sessions and links of the office: some were ended since the backup.
pub(super) fn end_sessions(connection: &Connection, now: UnixMillis) -> Result<(), StoreFault> {
    if connection.table_exists(None, "office_sessions")? {
        for sql in [
            "UPDATE office_sessions SET ended_at = ?1 WHERE ended_at IS NULL",
            "UPDATE office_links SET used_at = ?1 WHERE used_at IS NULL",
        ] {
            connection.execute(sql, params![now.0])?;
        }
    }
    Ok(())
}

fn changed(rows: usize) -> u64 {
    u64::try_from(rows).unwrap_or(u64::MAX)
}

fn binary(hex: &str) -> Vec<u8> {
    HEXLOWER.decode(hex.as_bytes()).unwrap_or_default()
}

/// Writes an entry about a device or a code.
fn of_device(
    connection: &Connection,
    entry: &SecurityEvent,
    carried: &mut CarriedOver,
) -> Result<(), StoreFault> {
    match entry {
        SecurityEvent::CodeUsed { site, code, at } => {
            let sql = "UPDATE enrolment_codes SET used_at = ?3 \
                       WHERE site = ?1 AND code_hash = ?2 AND used_at IS NULL";
            carried.codes += changed(connection.execute(sql, params![site, binary(code), at.0])?);
        }
        SecurityEvent::Enrolled { site, device, name, prefix, token, at } => {
            let sql = "SELECT EXISTS (SELECT 1 FROM devices WHERE site = ?1 AND device = ?2)";
            if connection.query_row(sql, params![site, device], |row| row.get(0))? {
                return Ok(());
            }
            let sql = "INSERT INTO devices (site, device, name, prefix, token_hash, enrolled_at, last_seen_at) \
                       SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?6 FROM sites WHERE site = ?1 ON CONFLICT DO NOTHING";
            let values = params![site, device, name, prefix, binary(token), at.0];
            match connection.execute(sql, values)? {
                0 => carried.left_out += 1,
                _ => carried.enrolled += 1,
            }
        }
        SecurityEvent::Revoked { site, device, at } => {
            let sql =
                "UPDATE devices SET revoked_at = ?3 WHERE site = ?1 AND device = ?2 AND revoked_at IS NULL";
            carried.revoked += changed(connection.execute(sql, params![site, device, at.0])?);
        }
        SecurityEvent::KeyAdded { .. }
        | SecurityEvent::KeyRevoked { .. }
        | SecurityEvent::WebhookRemoved { .. }
        | SecurityEvent::AccountClosed { .. } => {}
    }
    Ok(())
}

/// Writes an entry about a key of another system.
fn of_key(
    connection: &Connection,
    entry: &SecurityEvent,
    carried: &mut CarriedOver,
) -> Result<(), StoreFault> {
    match entry {
        SecurityEvent::KeyAdded { site, key, name, scopes, secret, at } => {
            let sql = "SELECT EXISTS (SELECT 1 FROM api_keys WHERE site = ?1 AND key_id = ?2)";
            if connection.query_row(sql, params![site, key], |row| row.get(0))? {
                return Ok(());
            }
            let sql = "INSERT INTO api_keys (site, key_id, name, scopes, secret_hash, created_at) \
                       SELECT ?1, ?2, ?3, ?4, ?5, ?6 FROM sites WHERE site = ?1";
            let values = params![site, key, name, scopes, binary(secret), at.0];
            match connection.execute(sql, values)? {
                0 => carried.keys_left_out += 1,
                _ => carried.keys_added += 1,
            }
        }
        SecurityEvent::KeyRevoked { site, key, at } => {
            let sql =
                "UPDATE api_keys SET revoked_at = ?3 WHERE site = ?1 AND key_id = ?2 AND revoked_at IS NULL";
            carried.keys_revoked += changed(connection.execute(sql, params![site, key, at.0])?);
        }
        SecurityEvent::CodeUsed { .. }
        | SecurityEvent::Enrolled { .. }
        | SecurityEvent::Revoked { .. }
        | SecurityEvent::WebhookRemoved { .. }
        | SecurityEvent::AccountClosed { .. } => {}
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn revoked(number: u128) -> SecurityEvent {
        SecurityEvent::Revoked { site: "main".to_owned(), device: Uuid::from_u128(number), at: UnixMillis(7) }
    }

    fn write(log: &SecurityLog, entry: &SecurityEvent, max_bytes: u64) {
        let lines = lines(std::slice::from_ref(entry)).expect("a line");
        log.append_lines(&lines, max_bytes).expect("an append");
    }

    #[test]
    fn a_line_that_a_crash_cut_off_does_not_spoil_the_next() {
        let dir = tempfile::TempDir::new().expect("a folder");
        let log = SecurityLog::beside(&dir.path().join("lotbook.db"));
        assert_eq!(log.read().expect("no log"), None);
        write(&log, &revoked(1), MAX_SECURITY_LOG_BYTES);
        let text = fs::read(log.path()).expect("the log");
        fs::write(log.path(), &text[..text.len() - 9]).expect("a torn log");
        write(&log, &revoked(2), MAX_SECURITY_LOG_BYTES);
        assert_eq!(log.read().expect("a log"), Some((vec![revoked(2)], 1)));
    }

    #[test]
    fn a_full_log_is_put_aside_and_still_read() {
        let dir = tempfile::TempDir::new().expect("a folder");
        let log = SecurityLog::beside(&dir.path().join("lotbook.db"));
        let size = u64::try_from(lines(&[revoked(1)]).expect("a line").len()).expect("a size");
        for number in 1..=5 {
            write(&log, &revoked(number), 2 * size);
        }
        let kept: Vec<SecurityEvent> = (3..=5).map(revoked).collect();
        assert_eq!(log.read().expect("a log"), Some((kept, 0)), "two files of two entries at most");
    }
}
