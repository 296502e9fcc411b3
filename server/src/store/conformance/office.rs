//! The office: accounts, links, sessions, and the log that is written with each act.

use std::sync::Arc;

use anyhow::Context as _;
use office_model::roles::{AccountRole, Grant, Grants};
use sync::UnixMillis;
use uuid::Uuid;

use super::super::office::{
    Account, Actor, FAILURE_LOG_MILLIS, LogEntry, NewAccount, NewLink, NewSession, OfficeAct,
    SESSION_IDLE_MILLIS, SESSION_LIFE_MILLIS,
};
use super::super::webhooks::{EventKind, NewWebhook, Secret};
use super::super::{Enrolment, NewKey, Store, StoreFault};
use super::fixture::{Checked, Engine, NOW, SITE, at_once, one_store, two_stores};
use crate::api_keys::KeyScope;

const MINUTE_MILLIS: u64 = 60_000;
/// Requests at once.
const RACERS: u8 = 6;

fn id(number: u8) -> Uuid {
    Uuid::from_u128(number.into())
}

fn grants() -> Grants {
    Grants(vec![
        Grant { site: None, role: AccountRole::Viewer },
        Grant { site: Some(SITE.into()), role: AccountRole::Admin },
    ])
}

fn link(account: u8, hash: u8) -> NewLink {
    NewLink { account: id(account), link_hash: [hash; 32], expires_at: NOW.plus(MINUTE_MILLIS) }
}

fn session(number: u8, now: UnixMillis) -> NewSession {
    NewSession { session: id(number), token_hash: [number; 32], client: "Firefox".into(), now }
}

/// Adds an account whose link has the hash of its number.
async fn add(store: &dyn Store, number: u8, login: &str) -> Result<(), StoreFault> {
    let login_key = login.to_lowercase();
    let new = NewAccount { account: id(number), login: login.into(), login_key, grants: grants(), now: NOW };
    store.add_account(new, link(number, number), Actor::default()).await
}

fn actor(number: u8, login: &str) -> Actor {
    Actor { account: Some(id(number)), login: login.into() }
}

fn account(number: u8, login: &str) -> Account {
    Account {
        account: id(number),
        login: login.into(),
        grants: grants(),
        has_password: true,
        created_at: NOW,
    }
}

/// Site, login, act and subject of the entries, the oldest first.
fn told(entries: Vec<LogEntry>) -> Vec<(Option<String>, String, String, String)> {
    let told = |entry: LogEntry| (entry.site, entry.actor.login, entry.act, entry.subject);
    entries.into_iter().rev().map(told).collect()
}

fn deed(
    site: Option<&str>,
    login: &str,
    act: &str,
    subject: &str,
) -> (Option<String>, String, String, String) {
    (site.map(str::to_owned), login.into(), act.into(), subject.into())
}

/// A link sets a password once, before it expires, and ends what was before.
pub async fn a_link_sets_a_password_once(engine: &dyn Engine) -> Checked {
    let store = &*one_store(engine).await?;
    add(store, 1, "Ada").await?;
    let taken = add(store, 2, "ADA").await.err().context("a name that is taken")?;
    assert!(taken.to_string().contains("There is an account"), "{taken}");
    let unknown = NewAccount {
        account: id(3),
        login: "Ben".into(),
        login_key: "ben".into(),
        grants: Grants(vec![Grant { site: Some("moon".into()), role: AccountRole::Viewer }]),
        now: NOW,
    };
    let refused = store.add_account(unknown, link(3, 3), Actor::default()).await;
    let refused = refused.err().context("a site that there is not")?;
    assert!(refused.to_string().contains("moon"), "{refused}");
    let waiting = Account { has_password: false, ..account(1, "Ada") };
    assert_eq!(store.accounts().await?, std::slice::from_ref(&waiting), "a refused one leaves nothing");
    assert_eq!(store.account_by_login("ada").await?, None, "it has no password yet");
    assert_eq!(store.account_by_link([1; 32], NOW).await?, Some(waiting));

    let late = NOW.plus(MINUTE_MILLIS);
    assert_eq!(store.account_by_link([1; 32], late).await?, None);
    assert_eq!(store.set_password([1; 32], "hash".into(), session(1, late)).await?, None);
    assert_eq!(store.set_password([9; 32], "hash".into(), session(1, NOW)).await?, None);
    let set = store.set_password([1; 32], "first".into(), session(1, NOW)).await?;
    assert_eq!(set, Some(account(1, "Ada")));
    assert_eq!(store.set_password([1; 32], "hash".into(), session(2, NOW)).await?, None, "it is used");
    assert_eq!(store.account_by_login("ada").await?, Some((account(1, "Ada"), "first".into())));

    assert!(store.add_link(link(1, 11), Actor::default(), NOW).await?);
    assert!(store.add_link(link(1, 12), Actor::default(), NOW).await?);
    assert!(!store.add_link(link(7, 13), Actor::default(), NOW).await?);
    assert!(store.set_password([11; 32], "second".into(), session(3, NOW)).await?.is_some());
    assert_eq!(store.account_by_login("ada").await?.map(|(_, hash)| hash), Some("second".into()));
    assert_eq!(store.account_by_link([12; 32], NOW).await?, None, "the other link ends");
    assert_eq!(store.session([1; 32], NOW).await?, None, "and the earlier session");
    assert!(store.session([3; 32], NOW).await?.is_some());
    Ok(())
}

/// One link that is used by several at once sets one password.
pub async fn one_link_used_at_once_sets_one_password(engine: &dyn Engine) -> Checked {
    let stores = two_stores(engine).await?;
    for round in 1..4_u8 {
        add(&*stores[0], round, &format!("ada{round}")).await?;
        let set = at_once((0..RACERS).map(|at| {
            let store = Arc::clone(&stores[usize::from(at % 2)]);
            let number = round * 10 + at;
            async move {
                let new = session(number, NOW);
                Ok(store.set_password([round; 32], format!("hash {number}"), new).await?.map(|_| number))
            }
        }))
        .await?;
        let winners: Vec<u8> = set.into_iter().flatten().collect();
        let [winner] = winners[..] else { panic!("{winners:?}") };
        let known = stores[1].account_by_login(&format!("ada{round}")).await?;
        assert_eq!(known.map(|(_, hash)| hash), Some(format!("hash {winner}")));
        assert_eq!(stores[1].sessions(id(round), NOW).await?.len(), 1);
    }
    Ok(())
}

/// A closed account has no session, no password and no link, and its name stays its own.
pub async fn a_closed_account_is_kept_out(engine: &dyn Engine) -> Checked {
    let stores = two_stores(engine).await?;
    let store = &*stores[0];
    add(store, 1, "Ada").await?;
    store.set_password([1; 32], "hash".into(), session(1, NOW)).await?;
    let ada = account(1, "Ada");
    assert!(store.sign_in(&ada, session(2, NOW)).await?);
    assert!(store.add_link(link(1, 11), Actor::default(), NOW).await?);
    assert!(stores[1].close_account(id(1), actor(5, "Cem"), NOW).await?);
    assert!(!store.close_account(id(1), actor(5, "Cem"), NOW).await?);
    for token in [1, 2] {
        assert_eq!(store.session([token; 32], NOW).await?, None);
    }
    assert_eq!(store.account_by_login("ada").await?, None);
    assert_eq!(store.account_by_link([11; 32], NOW).await?, None);
    assert_eq!(store.set_password([11; 32], "hash".into(), session(3, NOW)).await?, None);
    assert!(!store.sign_in(&ada, session(4, NOW)).await?, "its password was right a moment ago");
    assert!(!store.add_link(link(1, 12), Actor::default(), NOW).await?);
    assert_eq!(store.accounts().await?, []);
    assert!(add(store, 6, "ada").await.is_err(), "the log names it");
    let log = told(store.office_log(None, None, 100).await?);
    assert_eq!(log.iter().filter(|(_, login, act, _)| login == "Cem" && act == "account_closed").count(), 1);
    Ok(())
}

/// A session ends when it is not used, after its life, and by hand; each account has its own.
pub async fn sessions_end_in_time(engine: &dyn Engine) -> Checked {
    let store = &*one_store(engine).await?;
    for (number, login) in [(1, "ada"), (2, "ben")] {
        add(store, number, login).await?;
        store.set_password([number; 32], "hash".into(), session(number, NOW)).await?;
    }
    let lasts = async |token: u8, now: UnixMillis| store.session([token; 32], now).await;
    let idle = NOW.plus(SESSION_IDLE_MILLIS);
    assert!(lasts(1, UnixMillis(idle.0 - 1)).await?.is_some() && lasts(1, idle).await?.is_none());
    let (mut now, end) = (NOW, NOW.plus(SESSION_LIFE_MILLIS));
    while now < end {
        let (known, of) = lasts(1, now).await?.context("it is used")?;
        assert_eq!((known.session, known.created_at, of.login.as_str()), (id(1), NOW, "ada"));
        store.saw_session(id(1), now).await?;
        now = now.plus(SESSION_IDLE_MILLIS - 1);
    }
    assert_eq!(lasts(1, end).await?, None, "after its life, whether it is used or not");

    for number in [3, 4] {
        assert!(store.sign_in(&account(1, "ada"), session(number, NOW)).await?);
    }
    store.saw_session(id(3), NOW.plus(5)).await?;
    let known: Vec<Uuid> =
        store.sessions(id(1), NOW.plus(9)).await?.into_iter().map(|known| known.session).collect();
    assert_eq!(known.first().copied(), Some(id(1)), "the last used first: {known:?}");
    assert_eq!(known.len(), 3);
    assert!(!store.end_session(actor(2, "ben"), id(3), NOW).await?, "another account's");
    assert!(store.end_session(actor(1, "ada"), id(3), NOW).await?);
    assert!(!store.end_session(actor(1, "ada"), id(3), NOW).await?);
    assert!(lasts(3, NOW).await?.is_none() && lasts(4, NOW).await?.is_some());
    assert_eq!(store.sessions(id(2), NOW).await?.len(), 1);
    Ok(())
}

/// Failed sign-ins of one name are logged once a minute.
pub async fn failed_sign_ins_are_logged_once_a_minute(engine: &dyn Engine) -> Checked {
    let store = &*one_store(engine).await?;
    for at in [0, 1, FAILURE_LOG_MILLIS - 1, FAILURE_LOG_MILLIS + 1] {
        for by in [actor(1, "ada"), Actor::default()] {
            store.sign_in_failed(by, NOW.plus(at)).await?;
        }
    }
    let failed: Vec<(String, u64)> = store
        .office_log(None, None, 100)
        .await?
        .into_iter()
        .map(|entry| (entry.actor.login, entry.at.since(NOW)))
        .collect();
    assert_eq!(failed.len(), 4, "{failed:?}");
    for login in ["", "ada"] {
        for at in [0, FAILURE_LOG_MILLIS + 1] {
            assert!(failed.contains(&(login.to_owned(), at)), "{login} {at}: {failed:?}");
        }
    }
    Ok(())
}

fn key(number: u8, name: &str) -> NewKey {
    NewKey {
        key: id(number),
        site: SITE.into(),
        name: name.into(),
        scopes: vec![KeyScope::LotsRead],
        secret_hash: [number; 32],
        now: NOW,
    }
}

fn webhook(number: u8) -> NewWebhook {
    NewWebhook {
        site: SITE.into(),
        id: id(number),
        url: "https://erp.example/".into(),
        secret: Secret::new("whsec_x".into()),
        kinds: vec![EventKind::OrderBooked],
        now: NOW,
    }
}

async fn enrol(store: &dyn Store) -> Result<(), StoreFault> {
    let enrolment = Enrolment {
        code_hash: [1; 32],
        device_name: String::new(),
        device: id(1),
        token_hash: [1; 32],
        held_site: None,
        now: NOW,
    };
    assert!(store.enrol(enrolment).await?.is_ok());
    Ok(())
}

/// Each act at a site is logged with what it did; one that does nothing is not.
pub async fn acts_are_logged_with_what_they_do(engine: &dyn Engine) -> Checked {
    let store = &*one_store(engine).await?;
    let site = || SITE.to_owned();
    let by = || actor(9, "Ada");
    let code = OfficeAct::ConnectDevice {
        site: site(),
        code_hash: [1; 32],
        device_name: "Dock".into(),
        expires_at: NOW.plus(MINUTE_MILLIS),
    };
    assert!(store.act(code, by(), NOW).await?);
    enrol(store).await?;
    let device = id(1);
    let name = "Dock 2".to_owned();
    let acts = [
        OfficeAct::RenameDevice { site: site(), device, name },
        OfficeAct::RevokeDevice { site: site(), device },
        OfficeAct::AddKey(key(2, "ERP")),
        OfficeAct::RevokeKey { site: site(), key: id(2) },
        OfficeAct::AddWebhook(webhook(3)),
        OfficeAct::RetryWebhook { site: site(), webhook: id(3) },
        OfficeAct::RemoveWebhook { site: site(), webhook: id(3) },
    ];
    for (act, at) in acts.clone().into_iter().zip(1..) {
        assert!(store.act(act.clone(), by(), NOW.plus(at)).await?, "{act:?}");
    }
    assert_eq!(store.device([1; 32]).await?, None);
    assert_eq!((store.api_keys(SITE).await?.len(), store.webhooks(SITE).await?.len()), (0, 0));
    for act in acts.into_iter().filter(|act| !matches!(act, OfficeAct::AddKey(_) | OfficeAct::AddWebhook(_)))
    {
        assert!(!store.act(act.clone(), by(), NOW.plus(50)).await?, "{act:?} is about nothing any more");
    }
    store.ensure_site("other").await?;
    store.act(OfficeAct::AddKey(key(4, "Shop")), by(), NOW.plus(60)).await?;
    let twice = store.act(OfficeAct::AddKey(key(5, "Shop")), by(), NOW.plus(61)).await;
    assert!(twice.is_err(), "the name is taken");
    let at_other = OfficeAct::AddKey(NewKey { site: "other".into(), ..key(6, "ERP") });
    store.act(at_other, by(), NOW.plus(62)).await?;

    let of_site = store.office_log(Some(SITE), None, 100).await?;
    let expected = [
        deed(Some(SITE), "Ada", "device_code_made", "Dock"),
        deed(Some(SITE), "Ada", "device_renamed", "D01 Dock \u{2192} Dock 2"),
        deed(Some(SITE), "Ada", "device_revoked", "D01 Dock 2"),
        deed(Some(SITE), "Ada", "key_added", "ERP"),
        deed(Some(SITE), "Ada", "key_revoked", "ERP"),
        deed(Some(SITE), "Ada", "webhook_added", "https://erp.example/"),
        deed(Some(SITE), "Ada", "webhook_retried", "https://erp.example/"),
        deed(Some(SITE), "Ada", "webhook_removed", "https://erp.example/"),
        deed(Some(SITE), "Ada", "key_added", "Shop"),
    ];
    assert_eq!(told(of_site.clone()), expected);
    assert_eq!(store.office_log(None, None, 100).await?.len(), expected.len() + 1);
    let mut read: Vec<LogEntry> = Vec::new();
    for _ in 0..=expected.len() {
        let before = read.last().map(|entry| (entry.at, entry.entry));
        read.extend(store.office_log(Some(SITE), before, 2).await?);
    }
    assert_eq!(read, of_site, "in parts");
    Ok(())
}
