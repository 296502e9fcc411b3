//! Acts of administration at a site, each with its entry in the log.

use sync::UnixMillis;
use uuid::Uuid;

use super::super::StoreFault;
use super::super::office::{Actor, OfficeAct};
use super::engine::Recorder;
use super::office_log::{self, Deed};
use super::session::{Columns, Session, params};
use super::{api_keys, devices, people, sites, webhooks};

pub(super) fn act(
    session: &dyn Session,
    record: &Recorder,
    act: &OfficeAct,
    (by, now): (&Actor, UnixMillis),
) -> Result<bool, StoreFault> {
    let Some(subject) = done(session, record, act, now)? else { return Ok(false) };
    let deed = Deed { act: act.name(), site: Some(act.site()), subject: &subject };
    office_log::write(session, by, deed, now)?;
    Ok(true)
}

/// Does it. Returns the name of what it is about; none if that is not there.
fn done(
    session: &dyn Session,
    record: &Recorder,
    act: &OfficeAct,
    now: UnixMillis,
) -> Result<Option<String>, StoreFault> {
    match act {
        OfficeAct::ConnectDevice { site, code_hash, device_name, expires_at } => {
            devices::add_code(session, site, *code_hash, device_name, *expires_at)?;
            Ok(Some(device_name.clone()))
        }
        OfficeAct::RenameDevice { site, device, name } => {
            let old = device_name(session, site, *device)?;
            let is_renamed = devices::rename(session, site, *device, name)?;
            Ok(old.filter(|_| is_renamed).map(|old| format!("{old} \u{2192} {name}")))
        }
        OfficeAct::RevokeDevice { site, device } => {
            let name = device_name(session, site, *device)?;
            Ok(name.filter(is_true(devices::revoke(session, record, site, *device, now)?)))
        }
        OfficeAct::AddKey(new) => Ok(Some(api_keys::add(session, record, new)?.name)),
        OfficeAct::RevokeKey { site, key } => {
            let name = "SELECT name FROM api_keys WHERE site = ?1 AND key_id = ?2";
            let name = session.first(name, &params![site, *key], text)?;
            Ok(name.filter(is_true(api_keys::revoke(session, record, site, *key, now)?)))
        }
        OfficeAct::AddWebhook(new) => {
            webhooks::add(session, new)?;
            Ok(Some(new.url.clone()))
        }
        OfficeAct::RetryWebhook { site, webhook } => {
            let url = webhooks::find(session, site, *webhook)?.map(|webhook| webhook.url);
            Ok(url.filter(is_true(webhooks::retry(session, site, *webhook)?)))
        }
        OfficeAct::People { change, subject, .. } => {
            people::change(session, change)?;
            Ok(Some(subject.clone()))
        }
        OfficeAct::Settings(change) => {
            people::change(session, change)?;
            let changed =
                change.settings.iter().map(|setting| format!("{} = {}", setting.code, setting.value));
            Ok(Some(changed.collect::<Vec<_>>().join(", ")))
        }
        OfficeAct::AddSite { site } => {
            let is_new = sites::existing(session, [site].into_iter())?.is_empty();
            sites::ensure_site(session, site)?;
            Ok(Some(site.clone()).filter(is_true(is_new)))
        }
        OfficeAct::RemoveWebhook { site, webhook } => {
            let url = webhooks::find(session, site, *webhook)?.map(|webhook| webhook.url);
            Ok(url.filter(is_true(webhooks::remove(session, record, (site, *webhook), now)?)))
        }
    }
}

/// A filter that lets everything or nothing pass.
fn is_true(changed: bool) -> impl Fn(&String) -> bool {
    move |_| changed
}

fn text(row: &dyn Columns) -> Result<String, StoreFault> {
    row.text(0).map(str::to_owned)
}

/// `D07 Forklift`.
fn device_name(session: &dyn Session, site: &str, device: Uuid) -> Result<Option<String>, StoreFault> {
    let sql = "SELECT prefix, name FROM devices WHERE site = ?1 AND device = ?2";
    session.first(sql, &params![site, device], |row| Ok(format!("{} {}", row.text(0)?, row.text(1)?)))
}
