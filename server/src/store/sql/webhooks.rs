//! Webhooks: who is told what, how far each is, and which server delivers.

use sync::UnixMillis;
use uuid::Uuid;

use super::super::StoreFault;
use super::super::webhooks::{
    EventKind, Lease, MAX_WEBHOOKS_PER_SITE, NewWebhook, Position, Secret, Webhook, WebhookState,
};
use super::convert::{from_i64, unreadable};
use super::engine::Recorder;
use super::session::{Columns, Insert, Session, params};
use super::sites;
use crate::store::security::SecurityEvent;

const COLUMNS: &str = "site, webhook_id, url, secret, events, created_at, cursor_rev, cursor_part, failures, \
                       failing_since, next_attempt_at, last_error, delivered_at, dead_at";
const NEW: Insert<'_> =
    Insert::new("webhooks", "site, webhook_id, url, secret, events, created_at, cursor_rev, cursor_part");

pub(crate) fn add(session: &dyn Session, new: &NewWebhook) -> Result<(), StoreFault> {
    let NewWebhook { site, id, url, secret, kinds, now } = new;
    let rev = sites::lock(session, site)?.rev;
    let known =
        session.first("SELECT count(*) FROM webhooks WHERE site = ?1", &params![site], |row| row.int(0))?;
    if known.map_or(0, from_i64) >= MAX_WEBHOOKS_PER_SITE {
        let message = format!(
            "The site \"{site}\" has {MAX_WEBHOOKS_PER_SITE} webhooks, which is the limit. Remove one of them first."
        );
        return Err(StoreFault::invalid("too_many_webhooks", message));
    }
    let position = Position::end_of(rev);
    let row = params![site, *id, url, secret.expose(), names(kinds), *now, position.rev, position.part];
    session.insert(NEW, &[row.to_vec()])
}

fn names(kinds: &[EventKind]) -> String {
    kinds.iter().map(|kind| kind.name()).collect::<Vec<_>>().join(",")
}

pub(crate) fn all(session: &dyn Session, site: &str) -> Result<Vec<Webhook>, StoreFault> {
    let sql = format!("SELECT {COLUMNS} FROM webhooks WHERE site = ?1 ORDER BY created_at, webhook_id");
    session.all(&sql, &params![site], webhook)
}

pub(super) fn find(session: &dyn Session, site: &str, id: Uuid) -> Result<Option<Webhook>, StoreFault> {
    let sql = format!("SELECT {COLUMNS} FROM webhooks WHERE site = ?1 AND webhook_id = ?2");
    session.first(&sql, &params![site, id], webhook)
}

fn webhook(row: &dyn Columns) -> Result<Webhook, StoreFault> {
    let kinds = row.text(4)?.split(',').map(str::parse::<EventKind>).collect::<Result<Vec<_>, _>>();
    Ok(Webhook {
        site: row.text(0)?.to_owned(),
        id: row.id(1)?,
        url: row.text(2)?.to_owned(),
        secret: Secret::new(row.text(3)?.to_owned()),
        kinds: kinds.map_err(|_| unreadable("a kind of event"))?,
        created_at: UnixMillis(row.int(5)?),
        state: WebhookState {
            position: Position { rev: from_i64(row.int(6)?), part: row.text(7)?.to_owned() },
            failures: from_i64(row.int(8)?),
            failing_since: row.optional_int(9)?.map(UnixMillis),
            next_attempt_at: UnixMillis(row.int(10)?),
            last_error: row.text(11)?.to_owned(),
            delivered_at: row.optional_int(12)?.map(UnixMillis),
            dead_at: row.optional_int(13)?.map(UnixMillis),
        },
    })
}

pub(crate) fn has_forgotten(session: &dyn Session, webhook: &Webhook) -> Result<bool, StoreFault> {
    let sql = "SELECT purged_rev, archived_rev FROM sites WHERE site = ?1";
    let read = |row: &dyn Columns| Ok((from_i64(row.int(0)?), from_i64(row.int(1)?)));
    let (purged, archived) = session.first(sql, &params![&webhook.site], read)?.unwrap_or_default();
    let rev = webhook.state.position.rev;
    Ok(webhook.kinds.iter().any(|kind| match kind {
        EventKind::ProductChanged | EventKind::DeliveryChanged => rev < purged,
        EventKind::MovementBooked => rev < archived,
        EventKind::OrderBooked => false,
    }))
}

pub(crate) fn remove(
    session: &dyn Session,
    record: &Recorder,
    (site, id): (&str, Uuid),
    now: UnixMillis,
) -> Result<bool, StoreFault> {
    let removed =
        session.execute("DELETE FROM webhooks WHERE site = ?1 AND webhook_id = ?2", &params![site, id])?;
    if removed > 0 {
        let event = SecurityEvent::WebhookRemoved { site: site.to_owned(), webhook: id, at: now };
        record(session, &[event])?;
    }
    Ok(removed > 0)
}

pub(crate) fn retry(session: &dyn Session, site: &str, id: Uuid) -> Result<bool, StoreFault> {
    let sql = "UPDATE webhooks SET failures = 0, failing_since = NULL, next_attempt_at = 0, dead_at = NULL \
               WHERE site = ?1 AND webhook_id = ?2";
    Ok(session.execute(sql, &params![site, id])? > 0)
}

pub(crate) fn due(
    session: &dyn Session,
    owner: Uuid,
    now: UnixMillis,
) -> Result<Vec<(String, Uuid)>, StoreFault> {
    let sql = "SELECT site, webhook_id FROM webhooks JOIN sites USING (site) WHERE dead_at IS NULL \
               AND next_attempt_at <= ?1 AND (lease_owner IS NULL OR lease_owner = ?2 OR lease_until <= ?1) \
               AND (cursor_rev < rev OR cursor_part <> ?3) ORDER BY site, webhook_id";
    session.all(sql, &params![now, owner, Position::end_of(0).part], |row| {
        Ok((row.text(0)?.to_owned(), row.id(1)?))
    })
}

pub(crate) fn lease(session: &dyn Session, site: &str, id: Uuid, lease: Lease) -> Result<bool, StoreFault> {
    let Lease { owner, now, until } = lease;
    let sql = "UPDATE webhooks SET lease_owner = ?3, lease_until = ?4 \
               WHERE site = ?1 AND webhook_id = ?2 AND dead_at IS NULL AND next_attempt_at <= ?5 \
               AND (lease_owner IS NULL OR lease_owner = ?3 OR lease_until <= ?5)";
    Ok(session.execute(sql, &params![site, id, owner, until, now])? > 0)
}

pub(crate) fn settle(
    session: &dyn Session,
    webhook: &Webhook,
    owner: Uuid,
    until: Option<UnixMillis>,
) -> Result<bool, StoreFault> {
    let state = &webhook.state;
    let millis = |time: Option<UnixMillis>| time.map(|time| time.0);
    let sql = "UPDATE webhooks SET lease_owner = ?4, lease_until = ?5, cursor_rev = ?6, cursor_part = ?7, failures = ?8, \
               failing_since = ?9, next_attempt_at = ?10, last_error = ?11, delivered_at = ?12, dead_at = ?13 \
               WHERE site = ?1 AND webhook_id = ?2 AND lease_owner = ?3";
    let params = params![
        &webhook.site,
        webhook.id,
        owner,
        until.map(|_| owner),
        millis(until),
        state.position.rev,
        &state.position.part,
        state.failures,
        millis(state.failing_since),
        state.next_attempt_at,
        &state.last_error,
        millis(state.delivered_at),
        millis(state.dead_at),
    ];
    Ok(session.execute(sql, &params)? > 0)
}

pub(crate) fn skip_to(session: &dyn Session, webhook: &Webhook, to: &Position) -> Result<(), StoreFault> {
    let from = &webhook.state.position;
    let sql = "UPDATE webhooks SET cursor_rev = ?5, cursor_part = ?6 \
               WHERE site = ?1 AND webhook_id = ?2 AND cursor_rev = ?3 AND cursor_part = ?4";
    let params = params![&webhook.site, webhook.id, from.rev, &from.part, to.rev, &to.part];
    session.execute(sql, &params)?;
    Ok(())
}
