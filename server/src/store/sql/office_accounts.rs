//! Accounts of the office, their links and their sessions. Links and tokens are stored as SHA-256 only, passwords as Argon2id.

use office_model::roles::{Grant, Grants};
use sync::UnixMillis;
use uuid::Uuid;

use super::super::StoreFault;
use super::super::office::{
    Account, Actor, NewAccount, NewLink, NewSession, OfficeSession, SESSION_IDLE_MILLIS, SESSION_LIFE_MILLIS,
};
use super::convert::to_i64;
use super::engine::Recorder;
use super::office_log::{self, Deed};
use super::session::{Columns, Session, params};
use crate::store::security::SecurityEvent;

const COLUMNS: &str = "account_id, login, created_at, password_hash";

/// An account without its roles, and the hash of its password.
fn account(row: &dyn Columns) -> Result<(Account, Option<String>), StoreFault> {
    let hash = row.optional_text(3)?.map(str::to_owned);
    let account = Account {
        account: row.id(0)?,
        login: row.text(1)?.to_owned(),
        grants: Grants::default(),
        has_password: hash.is_some(),
        created_at: UnixMillis(row.int(2)?),
    };
    Ok((account, hash))
}

fn with_grants(session: &dyn Session, account: Account) -> Result<Account, StoreFault> {
    let sql = "SELECT site, role FROM office_roles WHERE account_id = ?1 ORDER BY site";
    let read = |row: &dyn Columns| {
        let site = Some(row.text(0)?.to_owned()).filter(|site| !site.is_empty());
        // A later build may have stored other roles.
        Ok(row.text(1)?.parse().ok().map(|role| Grant { site, role }))
    };
    let grants = session.all(sql, &params![account.account], read)?;
    Ok(Account { grants: Grants(grants.into_iter().flatten().collect()), ..account })
}

fn actor(account: &Account) -> Actor {
    Actor { account: Some(account.account), login: account.login.clone() }
}

pub(super) fn add(
    session: &dyn Session,
    new: &NewAccount,
    link: &NewLink,
    by: &Actor,
) -> Result<(), StoreFault> {
    let NewAccount { account, login, login_key, grants, now } = new;
    let sql = "INSERT INTO office_accounts (account_id, login, login_key, created_at) VALUES (?1, ?2, ?3, ?4) \
               ON CONFLICT DO NOTHING";
    if session.execute(sql, &params![*account, login, login_key, *now])? == 0 {
        let message =
            format!("There is an account \"{login}\", or there was one that is closed. Choose another name.");
        return Err(StoreFault::invalid("login_taken", message));
    }
    for Grant { site, role } in &grants.0 {
        if let Some(site) = site
            && !session.exists("SELECT 1 FROM sites WHERE site = ?1", &params![site])?
        {
            return Err(StoreFault::invalid("unknown_site", format!("There is no site \"{site}\".")));
        }
        let sql = "INSERT INTO office_roles (account_id, site, role) VALUES (?1, ?2, ?3)";
        session.execute(sql, &params![*account, site.as_deref().unwrap_or_default(), role.name()])?;
    }
    store_link(session, link)?;
    office_log::write(session, by, Deed::of_company("account_added", login), *now)
}

fn store_link(session: &dyn Session, link: &NewLink) -> Result<(), StoreFault> {
    let NewLink { account, link_hash, expires_at } = link;
    let sql = "INSERT INTO office_links (link_hash, account_id, expires_at) VALUES (?1, ?2, ?3)";
    session.execute(sql, &params![link_hash, *account, *expires_at])?;
    Ok(())
}

pub(super) fn add_link(
    session: &dyn Session,
    link: &NewLink,
    by: &Actor,
    now: UnixMillis,
) -> Result<bool, StoreFault> {
    let Some((account, _)) = open_account(session, link.account)? else { return Ok(false) };
    store_link(session, link)?;
    office_log::write(session, by, Deed::of_company("link_made", &account.login), now)?;
    Ok(true)
}

/// An account that is not closed, with its row locked until the end of the transaction.
fn open_account(session: &dyn Session, id: Uuid) -> Result<Option<(Account, Option<String>)>, StoreFault> {
    let lock = session.dialect().for_update;
    let sql =
        format!("SELECT {COLUMNS} FROM office_accounts WHERE account_id = ?1 AND closed_at IS NULL{lock}");
    session.first(&sql, &params![id], account)
}

pub(super) fn all(session: &dyn Session) -> Result<Vec<Account>, StoreFault> {
    let sql = format!("SELECT {COLUMNS} FROM office_accounts WHERE closed_at IS NULL ORDER BY login_key");
    let found = session.all(&sql, &[], account)?;
    found.into_iter().map(|(account, _)| with_grants(session, account)).collect()
}

pub(super) fn close(
    session: &dyn Session,
    record: &Recorder,
    id: Uuid,
    (by, now): (&Actor, UnixMillis),
) -> Result<bool, StoreFault> {
    let Some((account, _)) = open_account(session, id)? else { return Ok(false) };
    session.execute("UPDATE office_accounts SET closed_at = ?2 WHERE account_id = ?1", &params![id, now])?;
    end_all(session, id, now)?;
    record(session, &[SecurityEvent::AccountClosed { account: id, at: now }])?;
    office_log::write(session, by, Deed::of_company("account_closed", &account.login), now)?;
    Ok(true)
}

/// Ends the sessions of an account, and makes its links useless.
fn end_all(session: &dyn Session, id: Uuid, now: UnixMillis) -> Result<(), StoreFault> {
    let sessions = "UPDATE office_sessions SET ended_at = ?2 WHERE account_id = ?1 AND ended_at IS NULL";
    session.execute(sessions, &params![id, now])?;
    let links = "UPDATE office_links SET used_at = ?2 WHERE account_id = ?1 AND used_at IS NULL";
    session.execute(links, &params![id, now])?;
    Ok(())
}

pub(super) fn by_login(
    session: &dyn Session,
    login_key: &str,
) -> Result<Option<(Account, String)>, StoreFault> {
    let sql = format!("SELECT {COLUMNS} FROM office_accounts WHERE login_key = ?1 AND closed_at IS NULL");
    let Some((account, Some(hash))) = session.first(&sql, &params![login_key], account)? else {
        return Ok(None);
    };
    Ok(Some((with_grants(session, account)?, hash)))
}

/// The id of the account of a link that can still be used.
fn of_link(session: &dyn Session, link_hash: &[u8; 32], now: UnixMillis) -> Result<Option<Uuid>, StoreFault> {
    let sql =
        "SELECT account_id FROM office_links WHERE link_hash = ?1 AND used_at IS NULL AND expires_at > ?2";
    session.first(sql, &params![link_hash, now], |row| row.id(0))
}

pub(super) fn by_link(
    session: &dyn Session,
    link_hash: [u8; 32],
    now: UnixMillis,
) -> Result<Option<Account>, StoreFault> {
    let Some(id) = of_link(session, &link_hash, now)? else { return Ok(None) };
    let sql = format!("SELECT {COLUMNS} FROM office_accounts WHERE account_id = ?1 AND closed_at IS NULL");
    let found = session.first(&sql, &params![id], account)?;
    found.map(|(account, _)| with_grants(session, account)).transpose()
}

pub(super) fn set_password(
    session: &dyn Session,
    link_hash: [u8; 32],
    password_hash: &str,
    new: &NewSession,
) -> Result<Option<Account>, StoreFault> {
    let now = new.now;
    let Some(id) = of_link(session, &link_hash, now)? else { return Ok(None) };
    let Some((account, _)) = open_account(session, id)? else { return Ok(None) };
    // Only one of two requests with the same link gets past the account's lock with it unused.
    let used = "UPDATE office_links SET used_at = ?2 WHERE link_hash = ?1 AND used_at IS NULL";
    if session.execute(used, &params![&link_hash, now])? == 0 {
        return Ok(None);
    }
    end_all(session, id, now)?;
    let sql = "UPDATE office_accounts SET password_hash = ?2 WHERE account_id = ?1";
    session.execute(sql, &params![id, password_hash])?;
    let account = with_grants(session, Account { has_password: true, ..account })?;
    begin(session, id, new)?;
    office_log::write(session, &actor(&account), Deed::of_company("password_set", &account.login), now)?;
    Ok(Some(account))
}

fn begin(session: &dyn Session, account: Uuid, new: &NewSession) -> Result<(), StoreFault> {
    let NewSession { session: id, token_hash, client, now } = new;
    let sql = "INSERT INTO office_sessions (session_id, account_id, token_hash, client, created_at, last_used_at) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?5)";
    session.execute(sql, &params![*id, account, token_hash, client, *now])?;
    // Those that are over are kept in the log alone.
    let since = now.0.saturating_sub(to_i64(SESSION_LIFE_MILLIS));
    let over = "DELETE FROM office_sessions WHERE account_id = ?1 AND created_at < ?2";
    session.execute(over, &params![account, since])?;
    Ok(())
}

pub(super) fn sign_in(session: &dyn Session, known: &Account, new: &NewSession) -> Result<bool, StoreFault> {
    let Some((account, _)) = open_account(session, known.account)? else { return Ok(false) };
    begin(session, account.account, new)?;
    office_log::write(session, &actor(&account), Deed::of_company("signed_in", &new.client), new.now)?;
    Ok(true)
}

/// The conditions of a session that lasts, with `?1` for the earliest sign-in and `?2` for the earliest use.
const LASTS: &str = "ended_at IS NULL AND created_at > ?1 AND last_used_at > ?2";

fn earliest(now: UnixMillis) -> (i64, i64) {
    let before = |millis| now.0.saturating_sub(to_i64(millis));
    (before(SESSION_LIFE_MILLIS), before(SESSION_IDLE_MILLIS))
}

fn office_session(row: &dyn Columns) -> Result<(OfficeSession, Uuid), StoreFault> {
    let session = OfficeSession {
        session: row.id(0)?,
        client: row.text(2)?.to_owned(),
        created_at: UnixMillis(row.int(3)?),
        last_used_at: UnixMillis(row.int(4)?),
    };
    Ok((session, row.id(1)?))
}

const SESSION_COLUMNS: &str = "session_id, account_id, client, created_at, last_used_at";

pub(super) fn by_token(
    session: &dyn Session,
    token_hash: [u8; 32],
    now: UnixMillis,
) -> Result<Option<(OfficeSession, Account)>, StoreFault> {
    let (created, used) = earliest(now);
    let sql = format!("SELECT {SESSION_COLUMNS} FROM office_sessions WHERE token_hash = ?3 AND {LASTS}");
    let Some((found, id)) = session.first(&sql, &params![created, used, &token_hash], office_session)? else {
        return Ok(None);
    };
    let sql = format!("SELECT {COLUMNS} FROM office_accounts WHERE account_id = ?1 AND closed_at IS NULL");
    let Some((account, _)) = session.first(&sql, &params![id], account)? else { return Ok(None) };
    Ok(Some((found, with_grants(session, account)?)))
}

pub(super) fn sessions(
    session: &dyn Session,
    account: Uuid,
    now: UnixMillis,
) -> Result<Vec<OfficeSession>, StoreFault> {
    let (created, used) = earliest(now);
    let sql = format!(
        "SELECT {SESSION_COLUMNS} FROM office_sessions WHERE account_id = ?3 AND {LASTS} \
         ORDER BY last_used_at DESC, session_id"
    );
    session.all(&sql, &params![created, used, account], |row| Ok(office_session(row)?.0))
}

pub(super) fn saw(session: &dyn Session, id: Uuid, now: UnixMillis) -> Result<(), StoreFault> {
    let sql = "UPDATE office_sessions SET last_used_at = ?2 WHERE session_id = ?1";
    session.execute(sql, &params![id, now])?;
    Ok(())
}

pub(super) fn end(session: &dyn Session, by: &Actor, id: Uuid, now: UnixMillis) -> Result<bool, StoreFault> {
    let client = "SELECT client FROM office_sessions WHERE session_id = ?1 AND account_id = ?2";
    let client = session.first(client, &params![id, by.account], |row| row.text(0).map(str::to_owned))?;
    let sql = "UPDATE office_sessions SET ended_at = ?3 WHERE session_id = ?1 AND account_id = ?2 AND ended_at IS NULL";
    if session.execute(sql, &params![id, by.account, now])? == 0 {
        return Ok(false);
    }
    office_log::write(session, by, Deed::of_company("signed_out", &client.unwrap_or_default()), now)?;
    Ok(true)
}
