//! Which role may use which route of the office at which site: every route, with every role, at every place.

use anyhow::Result;
use office_model::messages::{LogAnswer, SiteItem};
use office_model::roles::{AccountRole, Grants, OfficeRoute};
use serde_json::{Value, json};
use server::DEFAULT_SITE;
use tests::TestServer;

use crate::office_desk::{Desk, role};

/// An id that nothing has.
const ID: &str = "11111111-2222-4333-8444-555555555555";

/// The least role for each route of a site, with a request. The place of the site is `{site}`.
const OF_A_SITE: [(OfficeRoute, AccountRole, &str, &str); 19] = [
    (OfficeRoute::ListDevices, AccountRole::Viewer, "GET", "sites/{site}/devices"),
    (OfficeRoute::ConnectDevice, AccountRole::Supervisor, "POST", "sites/{site}/devices"),
    (OfficeRoute::RenameDevice, AccountRole::Supervisor, "PATCH", "sites/{site}/devices/{id}"),
    (OfficeRoute::RevokeDevice, AccountRole::Supervisor, "DELETE", "sites/{site}/devices/{id}"),
    (OfficeRoute::ListKeys, AccountRole::Admin, "GET", "sites/{site}/keys"),
    (OfficeRoute::AddKey, AccountRole::Admin, "POST", "sites/{site}/keys"),
    (OfficeRoute::RevokeKey, AccountRole::Admin, "DELETE", "sites/{site}/keys/{id}"),
    (OfficeRoute::ListWebhooks, AccountRole::Admin, "GET", "sites/{site}/webhooks"),
    (OfficeRoute::AddWebhook, AccountRole::Admin, "POST", "sites/{site}/webhooks"),
    (OfficeRoute::RetryWebhook, AccountRole::Admin, "POST", "sites/{site}/webhooks/{id}/retry"),
    (OfficeRoute::RemoveWebhook, AccountRole::Admin, "DELETE", "sites/{site}/webhooks/{id}"),
    (OfficeRoute::ReadLog, AccountRole::Admin, "GET", "log?site={site}"),
    (OfficeRoute::ListTransfers, AccountRole::Viewer, "GET", "sites/{site}/transfers"),
    (OfficeRoute::ListPeople, AccountRole::Supervisor, "GET", "sites/{site}/people"),
    (OfficeRoute::ListSettings, AccountRole::Supervisor, "GET", "sites/{site}/settings"),
    (OfficeRoute::AddPerson, AccountRole::Admin, "POST", "sites/{site}/people"),
    (OfficeRoute::ChangePerson, AccountRole::Admin, "PATCH", "sites/{site}/people/{id}"),
    (OfficeRoute::ImportPeople, AccountRole::Admin, "POST", "sites/{site}/people/import"),
    (OfficeRoute::ChangeSetting, AccountRole::Admin, "PATCH", "sites/{site}/settings/lock_minutes"),
];
/// Routes that every account may use.
const OF_ALL: [(OfficeRoute, &str, &str); 5] = [
    (OfficeRoute::Me, "GET", "me"),
    (OfficeRoute::ListSessions, "GET", "sessions"),
    (OfficeRoute::EndSession, "DELETE", "sessions/{id}"),
    (OfficeRoute::ListSites, "GET", "sites"),
    (OfficeRoute::SignOut, "POST", "sign-out"),
];
/// Routes of the company, which take its admins; `OfficeRoute::ReadLog` has a place here, too.
const OF_COMPANY: [(OfficeRoute, &str, &str); 6] = [
    (OfficeRoute::ReadLog, "GET", "log"),
    (OfficeRoute::ListAccounts, "GET", "accounts"),
    (OfficeRoute::AddAccount, "POST", "accounts"),
    (OfficeRoute::AddSite, "POST", "sites"),
    (OfficeRoute::LinkAccount, "POST", "accounts/{id}/link"),
    (OfficeRoute::CloseAccount, "DELETE", "accounts/{id}"),
];
const SITES: [&str; 2] = ["a", "b"];

fn body(route: OfficeRoute, number: usize) -> Value {
    match route {
        OfficeRoute::ConnectDevice | OfficeRoute::RenameDevice => json!({ "name": "Dock" }),
        OfficeRoute::AddAccount => {
            json!({ "login": "somebody else", "grants": [{ "site": null, "role": "admin" }] })
        }
        OfficeRoute::AddPerson => json!({ "name": format!("Person {number}"), "role": "lead" }),
        OfficeRoute::ChangePerson => json!({}),
        OfficeRoute::ImportPeople => json!({ "csv": "name\n" }),
        OfficeRoute::ChangeSetting => json!({ "value": "5" }),
        OfficeRoute::AddSite => json!({ "site": "c" }),
        OfficeRoute::AddKey => json!({ "name": format!("Key {number}"), "scopes": ["lots:read"] }),
        OfficeRoute::AddWebhook => json!({ "url": "https://erp.example/", "events": ["order.booked"] }),
        _ => Value::Null,
    }
}

/// Whether a success has no body.
fn has_no_answer(route: OfficeRoute) -> bool {
    matches!(route, OfficeRoute::AddPerson | OfficeRoute::ChangeSetting | OfficeRoute::AddSite)
}

/// Every account that there can be: without a role, and with each role at each place.
async fn desks(server: &TestServer) -> Result<Vec<(Option<(AccountRole, Option<&'static str>)>, Desk)>> {
    let mut desks = vec![(None, Desk::of(server, "nobody", Grants::default()).await?)];
    for known in AccountRole::ALL {
        for site in [None, Some("a"), Some("b")] {
            let login = format!("{known} {site:?}");
            desks.push((Some((known, site)), Desk::of(server, &login, role(known, site)).await?));
        }
    }
    Ok(desks)
}

async fn two_sites() -> Result<TestServer> {
    let server = TestServer::start().await?;
    for site in SITES {
        server.store()?.ensure_site(site).await?;
    }
    Ok(server)
}

/// What there is at both sites.
async fn state(server: &TestServer) -> Result<Vec<usize>> {
    let (store, mut found) = (server.store()?, Vec::new());
    for site in SITES {
        found.push(store.api_keys(site).await?.len());
        found.push(store.webhooks(site).await?.len());
        found.push(store.site_people(site).await?.people.len());
        found.push(store.office_log(Some(site), None, 1_000).await?.len());
    }
    Ok(found)
}

#[tokio::test]
async fn every_route_is_open_to_its_roles_at_their_sites_alone() -> Result<()> {
    let server = two_sites().await?;
    let mut checked = 0;
    for (held, desk) in desks(&server).await? {
        for (route, least, method, path) in OF_A_SITE {
            for site in SITES.into_iter().chain(["moon"]) {
                let path = path.replace("{site}", site).replace("{id}", ID);
                let before = state(&server).await?;
                let status = desk.status(method, &path, &body(route, checked)).await?;
                let is_allowed = site != "moon"
                    && held.is_some_and(|(role, place)| role >= least && place.is_none_or(|own| own == site));
                let of_nothing = path.contains(ID);
                let expected = match (is_allowed, of_nothing, method) {
                    (false, ..) => 403,
                    (true, true, _) => 404,
                    (true, false, _) if has_no_answer(route) => 204,
                    (true, false, _) => 200,
                };
                assert_eq!(status, expected, "{method} {path} of {held:?}");
                if !is_allowed {
                    assert_eq!(state(&server).await?, before, "{method} {path} of {held:?}");
                }
                // Names of keys are taken once.
                for key in server.store()?.api_keys(site).await? {
                    server.store()?.revoke_key(site, key.key, server.clock().now()).await?;
                }
                for hook in server.store()?.webhooks(site).await? {
                    server.store()?.remove_webhook(site, hook.id, server.clock().now()).await?;
                }
                checked += 1;
            }
        }
        let accounts = server.store()?.accounts().await?.len();
        for (route, method, path) in OF_COMPANY {
            let is_admin = held == Some((AccountRole::Admin, None));
            let expected = match (is_admin, path.contains("{id}")) {
                (false, _) => 403,
                (true, true) => 404,
                (true, false) if has_no_answer(route) => 204,
                (true, false) => 200,
            };
            let status = desk.status(method, &path.replace("{id}", ID), &body(route, 0)).await?;
            assert_eq!(status, expected, "{method} {path} of {held:?}");
            if !is_admin {
                assert_eq!(server.store()?.accounts().await?.len(), accounts, "{method} {path} of {held:?}");
            }
        }
        for (route, method, path) in OF_ALL {
            let expected = match route {
                OfficeRoute::EndSession => 404,
                OfficeRoute::SignOut => 204,
                _ => 200,
            };
            let status = desk.status(method, &path.replace("{id}", ID), &Value::Null).await?;
            assert_eq!(status, expected, "{method} {path} of {held:?}");
        }
        assert_eq!(desk.status("GET", "me", &Value::Null).await?, 401, "it has signed out");
    }
    assert_eq!(checked, 10 * OF_A_SITE.len() * 3);
    let known = OF_A_SITE.iter().map(|(route, ..)| *route).chain(OF_ALL.iter().map(|(route, ..)| *route));
    let known = known.chain(OF_COMPANY.iter().map(|(route, ..)| *route));
    let known: Vec<OfficeRoute> = known.collect();
    assert!(OfficeRoute::ALL.iter().all(|route| known.contains(route)), "a route is not in the table");
    Ok(())
}

#[tokio::test]
async fn an_account_is_told_of_its_sites_alone() -> Result<()> {
    let server = two_sites().await?;
    for (held, desk) in desks(&server).await? {
        let sites: Vec<SiteItem> = desk.get("sites").await?;
        let sites: Vec<String> = sites.into_iter().map(|item| item.site).collect();
        let expected: Vec<&str> = match held {
            None => vec![],
            Some((_, None)) => SITES.into_iter().chain([DEFAULT_SITE]).collect(),
            Some((_, Some(own))) => vec![own],
        };
        assert_eq!(sites, expected, "{held:?}");
    }
    let of_b = Desk::of(&server, "of b", role(AccountRole::Admin, Some("b"))).await?;
    let of_all = Desk::of(&server, "of all", role(AccountRole::Admin, None)).await?;
    for site in SITES {
        of_all.post::<Value>(&format!("sites/{site}/devices"), &json!({ "name": site })).await?;
    }
    let log: LogAnswer = of_b.get("log?site=b").await?;
    let subjects: Vec<&str> = log.entries.iter().map(|entry| entry.subject.as_str()).collect();
    assert_eq!(subjects, ["b"], "neither of site a nor of the company");
    // An unknown site and one without a role are the same to an account.
    let refusal = async |site: &str| -> Result<String> {
        Ok(of_b.send("GET", &format!("sites/{site}/devices"), &Value::Null).await?.text().await?)
    };
    assert_eq!(refusal("a").await?, refusal("moon").await?);
    Ok(())
}
