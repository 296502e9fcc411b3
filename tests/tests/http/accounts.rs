//! Accounts of the office: their first password, signing in and out, what slows down guessing, and what is in the log.

use std::time::Duration;

use anyhow::{Context, Result};
use office_model::messages::{
    AccountItem, ConnectAnswer, DeviceItem, LinkAnswer, LogAnswer, MeAnswer, SecretAnswer, SessionItem,
    SiteItem,
};
use office_model::roles::AccountRole;
use reqwest::{Client, Response};
use serde_json::{Value, json};
use server::DEFAULT_SITE;
use server::http::TrustedProxies;
use server::office::LINK_LIFE_MILLIS;
use server::store::office::{SESSION_IDLE_MILLIS, SESSION_LIFE_MILLIS};
use tests::TestServer;
use tokio::time::sleep;

use crate::office_desk::{Desk, PASSWORD, cookie, enter, invited, role};

/// How often the log is asked for an entry that is written beside the answer.
const MAX_LOOKS: u32 = 200;
const LOOK_MILLIS: u64 = 25;

async fn started() -> Result<TestServer> {
    let server = TestServer::start().await?;
    server.store()?.ensure_site(DEFAULT_SITE).await?;
    Ok(server)
}

/// A server with an admin of the company called Ada who has a password.
async fn with_ada() -> Result<(TestServer, Desk)> {
    let server = started().await?;
    let link = invited(&server, "Ada", role(AccountRole::Admin, None)).await?;
    let set = enter(&server, "password", &json!({ "link": link, "password": PASSWORD })).await?;
    assert_eq!(set.status(), 200);
    let desk = Desk::with(&server, &cookie(&set)?)?;
    Ok((server, desk))
}

async fn code(response: Response) -> Result<(u16, String)> {
    let status = response.status().as_u16();
    let body: Value = serde_json::from_slice(&response.bytes().await?)?;
    Ok((status, body["code"].as_str().context("a code")?.to_owned()))
}

fn sign_in(login: &str, password: &str) -> Value {
    json!({ "login": login, "password": password })
}

#[tokio::test]
async fn a_link_sets_the_first_password_and_signs_in() -> Result<()> {
    let server = started().await?;
    let link = invited(&server, "Ada", role(AccountRole::Admin, None)).await?;
    let with = |password: &str| json!({ "link": link, "password": password });
    for (password, part) in [("short", "too short"), (" ADA ", "too short"), (&"x".repeat(300), "too long")] {
        let refused = enter(&server, "password", &with(password)).await?;
        let body: Value = serde_json::from_slice(&refused.bytes().await?)?;
        assert!(body["code"] == "bad_password" && body["message"].to_string().contains(part), "{body}");
    }
    let refused = enter(&server, "sign-in", &sign_in("Ada", PASSWORD)).await?;
    assert_eq!(code(refused).await?, (403, "wrong_password".into()), "it has none yet");
    let set = enter(&server, "password", &with(PASSWORD)).await?;
    let line = set.headers().get("set-cookie").context("a cookie")?.to_str()?.to_owned();
    for part in ["lotbook_office=", "; HttpOnly", "; SameSite=Strict", "; Path=/", "; Max-Age=604800"] {
        assert!(line.contains(part), "{line} lacks {part}");
    }
    let me: MeAnswer = Desk::with(&server, &cookie(&set)?)?.get("me").await?;
    assert_eq!((me.login.as_str(), me.grants), ("Ada", role(AccountRole::Admin, None)));
    assert_eq!(code(enter(&server, "password", &with(PASSWORD)).await?).await?, (403, "bad_link".into()));

    let signed_in = enter(&server, "sign-in", &sign_in(" \u{ff21}da ", PASSWORD)).await?;
    assert_eq!(signed_in.status(), 200, "in any spelling of the name");
    let stored = "SELECT count(*) FROM office_accounts WHERE password_hash LIKE '$argon2id$%'";
    assert_eq!(crate::number(&server, stored)?, 1);
    let late = invited(&server, "Ben", role(AccountRole::Viewer, None)).await?;
    server.clock().advance(i64::try_from(LINK_LIFE_MILLIS)?);
    let body = json!({ "link": late, "password": PASSWORD });
    assert_eq!(code(enter(&server, "password", &body).await?).await?, (403, "bad_link".into()));
    Ok(())
}

#[tokio::test]
async fn over_https_the_cookie_is_of_this_host_alone() -> Result<()> {
    let server = TestServer::start_behind(None, TrustedProxies::new(&["127.0.0.0/8".parse()?])).await?;
    let link = invited(&server, "Ada", role(AccountRole::Admin, None)).await?;
    let body = json!({ "link": link, "password": PASSWORD }).to_string();
    let post = Client::new().post(format!("{}/api/office/password", server.url()?)).body(body);
    let set = post.header("x-lotbook", "1").header("x-forwarded-proto", "https").send().await?;
    let line = set.headers().get("set-cookie").context("a cookie")?.to_str()?.to_owned();
    assert!(line.starts_with("__Host-lotbook_office=") && line.contains("; Secure"), "{line}");
    let token = cookie(&set)?.replace("__Host-", "");
    for (cookie, proto, expected) in
        [(format!("__Host-{token}"), "https", 200), (token.clone(), "https", 401), (token, "http", 200)]
    {
        let get = Client::new().get(format!("{}/api/office/me", server.url()?)).header("cookie", &cookie);
        let status = get.header("x-forwarded-proto", proto).send().await?.status();
        assert_eq!(status, expected, "{cookie} over {proto}");
    }
    Ok(())
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_name_get_the_same_answer() -> Result<()> {
    let (server, _) = with_ada().await?;
    let mut answers = Vec::new();
    for (login, password) in
        [("Ada", "wrong horse battery"), ("Nobody", PASSWORD), ("", ""), ("Ada", &"x".repeat(400))]
    {
        let answer = enter(&server, "sign-in", &sign_in(login, password)).await?;
        assert!(!answer.headers().contains_key("set-cookie"));
        answers.push((answer.status().as_u16(), answer.text().await?));
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]) && answers[0].0 == 403, "{answers:?}");
    Ok(())
}

#[tokio::test]
async fn guessing_passwords_is_slowed_down_for_the_name_and_for_the_address() -> Result<()> {
    let proxies = TrustedProxies::new(&["127.0.0.0/8".parse()?]);
    let server = TestServer::start_behind(None, proxies).await?;
    let attempt = async |client: &str, login: &str| {
        let post =
            Client::new().post(format!("{}/api/office/sign-in", server.url()?)).header("x-lotbook", "1");
        let body = sign_in(login, "wrong horse battery").to_string();
        let sent = post.header("x-forwarded-for", client).body(body).send().await?;
        anyhow::Ok(sent.status().as_u16())
    };
    let mut of_one_name = Vec::new();
    for number in 0..12 {
        of_one_name.push(attempt(&format!("203.0.113.{number}"), "ada").await?);
    }
    assert_eq!(of_one_name[..10], [403; 10], "{of_one_name:?}");
    assert_eq!(of_one_name[10..], [429; 2], "from whatever address");
    let mut of_one_address = Vec::new();
    for number in 0..22 {
        of_one_address.push(attempt("198.51.100.1", &format!("name{number}")).await?);
    }
    assert_eq!(of_one_address[..20], [403; 20], "{of_one_address:?}");
    assert_eq!(of_one_address[20..], [429; 2], "with whatever name");
    server.clock().advance(30_000);
    assert_eq!(attempt("203.0.113.77", "ADA").await?, 403, "one is forgotten");
    assert_eq!(attempt("203.0.113.78", "ada").await?, 429);
    Ok(())
}

#[tokio::test]
async fn requests_of_other_pages_are_refused() -> Result<()> {
    let (server, desk) = with_ada().await?;
    let url = format!("{}/api/office/sign-out", server.url()?);
    let own = server.url()?;
    for (headers, expected) in [
        (vec![], "header_missing"),
        (vec![("x-lotbook", "1"), ("sec-fetch-site", "cross-site")], "other_origin"),
        (vec![("x-lotbook", "1"), ("sec-fetch-site", "same-site"), ("origin", own.as_str())], "other_origin"),
        (vec![("x-lotbook", "1"), ("origin", "http://evil.example")], "other_origin"),
        (vec![("authorization", "Bearer x"), ("origin", "http://evil.example")], "other_origin"),
    ] {
        let mut post = Client::new().post(&url).header("cookie", desk.cookie());
        for (name, value) in &headers {
            post = post.header(*name, *value);
        }
        assert_eq!(code(post.send().await?).await?, (403, expected.into()), "{headers:?}");
    }
    let post = Client::new().post(&url).header("cookie", desk.cookie()).header("x-lotbook", "1");
    let sent = post.header("sec-fetch-site", "same-origin").header("origin", own).send().await?;
    assert_eq!(sent.status(), 204);
    Ok(())
}

#[tokio::test]
async fn sessions_are_listed_and_end() -> Result<()> {
    let (server, first) = with_ada().await?;
    let signed_in = enter(&server, "sign-in", &sign_in("ada", PASSWORD)).await?;
    let second = Desk::with(&server, &cookie(&signed_in)?)?;
    let sessions: Vec<SessionItem> = first.get("sessions").await?;
    let (own, others): (Vec<_>, Vec<_>) = sessions.into_iter().partition(|session| session.is_own);
    assert_eq!((own.len(), others.len()), (1, 1));
    let other = format!("sessions/{}", others[0].id);
    assert_eq!(first.status("DELETE", &other, &Value::Null).await?, 204);
    assert_eq!(first.status("DELETE", &other, &Value::Null).await?, 404);
    assert_eq!(second.status("GET", "me", &Value::Null).await?, 401);
    server.clock().advance(i64::try_from(SESSION_IDLE_MILLIS)? - 60_000);
    assert_eq!(first.status("GET", "me", &Value::Null).await?, 200);
    server.clock().advance(i64::try_from(SESSION_IDLE_MILLIS)? - 60_000);
    assert_eq!(first.status("GET", "me", &Value::Null).await?, 200, "its use was stored");
    let signed_out = first.send("POST", "sign-out", &Value::Null).await?;
    assert_eq!(signed_out.status(), 204);
    let line = signed_out.headers().get("set-cookie").context("a cookie")?.to_str()?.to_owned();
    assert!(line.starts_with("lotbook_office=;") && line.contains("Max-Age=0"), "{line}");
    assert_eq!(first.status("GET", "me", &Value::Null).await?, 401);

    let idle = Desk::of(&server, "Ben", role(AccountRole::Viewer, None)).await?;
    server.clock().advance(i64::try_from(SESSION_IDLE_MILLIS)?);
    assert_eq!(idle.status("GET", "me", &Value::Null).await?, 401);
    let old = Desk::of(&server, "Cem", role(AccountRole::Viewer, None)).await?;
    for _ in 0..2 * SESSION_LIFE_MILLIS / SESSION_IDLE_MILLIS {
        assert_eq!(old.status("GET", "me", &Value::Null).await?, 200);
        server.clock().advance(i64::try_from(SESSION_IDLE_MILLIS / 2)?);
    }
    assert_eq!(old.status("GET", "me", &Value::Null).await?, 401, "seven days");
    Ok(())
}

#[tokio::test]
async fn a_device_is_connected_renamed_and_revoked_from_the_office() -> Result<()> {
    let (server, desk) = with_ada().await?;
    let devices = "sites/main/devices";
    let link: ConnectAnswer = desk.post(devices, &json!({ "name": "Dock 3" })).await?;
    assert_eq!(link.path, format!("/enrol/{}?name=Dock%203", link.code));
    let enrol = Client::new().post(format!("{}/api/enrol", server.url()?)).header("x-lotbook", "1");
    let enrolled = enrol.body(json!({ "code": link.code, "bearer": true }).to_string()).send().await?;
    let answer: domain::DeviceAnswer = serde_json::from_slice(&enrolled.bytes().await?)?;
    let token = answer.token.context("a token")?;
    let ask = async || {
        let get = Client::new().get(format!("{}/api/device", server.url()?)).bearer_auth(&token);
        anyhow::Ok(get.send().await?)
    };
    let listed: Vec<DeviceItem> = desk.get(devices).await?;
    let [device] = &listed[..] else { panic!("{listed:?}") };
    assert_eq!((device.name.as_str(), device.prefix.as_str()), ("Dock 3", "D01"));
    let sites: Vec<SiteItem> = desk.get("sites").await?;
    assert_eq!((sites.len(), sites[0].site.as_str(), sites[0].devices), (1, "main", 1));
    let one = format!("{devices}/{}", device.device);
    assert_eq!(desk.status("PATCH", &one, &json!({ "name": " " })).await?, 400);
    assert_eq!(desk.status("PATCH", &one, &json!({ "name": "Gate" })).await?, 204);
    let known: domain::DeviceAnswer = serde_json::from_slice(&ask().await?.bytes().await?)?;
    assert_eq!(known.name, "Gate");
    assert_eq!(desk.status("DELETE", &one, &Value::Null).await?, 204);
    assert_eq!(ask().await?.status(), 401);
    assert_eq!(desk.status("DELETE", &one, &Value::Null).await?, 404);
    assert_eq!(desk.get::<Vec<DeviceItem>>(devices).await?, []);
    Ok(())
}

#[tokio::test]
async fn keys_and_webhooks_are_made_and_their_faults_told() -> Result<()> {
    let (server, desk) = with_ada().await?;
    let key = json!({ "name": "ERP", "scopes": ["products:read"] });
    let made: SecretAnswer = desk.post("sites/main/keys", &key).await?;
    let ask = async || {
        let get = Client::new().get(format!("{}/api/v1/products", server.url()?)).bearer_auth(&made.secret);
        anyhow::Ok(get.send().await?.status().as_u16())
    };
    assert_eq!(ask().await?, 200);
    let hook = json!({ "url": "https://erp.example/hook", "events": ["order.booked"] });
    let made_hook: SecretAnswer = desk.post("sites/main/webhooks", &hook).await?;
    assert!(made_hook.secret.starts_with("whsec_"));
    for (path, body, expected) in [
        ("keys", key, "name_taken"),
        ("keys", json!({ "name": "X", "scopes": ["all"] }), "bad_scope"),
        ("keys", json!({ "name": "X", "scopes": [] }), "missing"),
        ("keys", json!({ "name": " ", "scopes": ["lots:read"] }), "missing"),
        ("webhooks", json!({ "url": "ftp://x", "events": ["order.booked"] }), "bad_url"),
        ("webhooks", json!({ "url": "https://x.example", "events": ["all"] }), "bad_event"),
        ("webhooks", json!({ "url": "https://x.example", "events": [] }), "missing"),
    ] {
        let refused = desk.send("POST", &format!("sites/main/{path}"), &body).await?;
        assert_eq!(code(refused).await?, (400, expected.into()), "{body}");
    }
    let retry = format!("sites/main/webhooks/{}/retry", made_hook.id);
    assert_eq!(desk.status("POST", &retry, &Value::Null).await?, 204);
    let hooks: Value = desk.get("sites/main/webhooks").await?;
    assert!(
        hooks[0]["url"] == "https://erp.example/hook" && !hooks.to_string().contains("whsec_"),
        "{hooks}"
    );
    for path in [format!("webhooks/{}", made_hook.id), format!("keys/{}", made.id)] {
        assert_eq!(desk.status("DELETE", &format!("sites/main/{path}"), &Value::Null).await?, 204);
        assert_eq!(desk.status("DELETE", &format!("sites/main/{path}"), &Value::Null).await?, 404);
    }
    assert_eq!(ask().await?, 401);
    Ok(())
}

#[tokio::test]
async fn accounts_are_added_linked_and_closed_in_the_office() -> Result<()> {
    let (server, ada) = with_ada().await?;
    let ben = json!({ "login": "Ben", "grants": [{ "site": "main", "role": "viewer" }] });
    let link: LinkAnswer = ada.post("accounts", &ben).await?;
    let secret = link.path.strip_prefix("/office/password#").context("a link")?;
    let set = enter(&server, "password", &json!({ "link": secret, "password": PASSWORD })).await?;
    let bens = Desk::with(&server, &cookie(&set)?)?;
    assert_eq!(bens.get::<MeAnswer>("me").await?.grants, role(AccountRole::Viewer, Some("main")));
    for (body, expected) in [
        (ben, "login_taken"),
        (json!({ "login": "Cem", "grants": [] }), "missing"),
        (json!({ "login": "Cem", "grants": [{ "site": "moon", "role": "viewer" }] }), "unknown_site"),
    ] {
        assert_eq!(code(ada.send("POST", "accounts", &body).await?).await?, (400, expected.into()), "{body}");
    }
    let accounts: Vec<AccountItem> = ada.get("accounts").await?;
    let id = |login: &str| accounts.iter().find(|item| item.login == login).map(|item| item.account);
    let (ada_id, ben_id) = (id("Ada").context("Ada")?, id("Ben").context("Ben")?);
    let own = ada.send("DELETE", &format!("accounts/{ada_id}"), &Value::Null).await?;
    assert_eq!(code(own).await?, (400, "own_account".into()));
    let again: LinkAnswer = ada.post(&format!("accounts/{ben_id}/link"), &Value::Null).await?;
    assert_ne!(again.path, link.path);
    assert_eq!(bens.status("GET", "me", &Value::Null).await?, 200, "until the link is used");
    assert_eq!(ada.status("DELETE", &format!("accounts/{ben_id}"), &Value::Null).await?, 204);
    assert_eq!(bens.status("GET", "me", &Value::Null).await?, 401);
    assert_eq!(ada.status("DELETE", &format!("accounts/{ben_id}"), &Value::Null).await?, 404);
    Ok(())
}

#[tokio::test]
async fn the_log_has_sign_ins_and_failures_and_no_typed_names() -> Result<()> {
    let (server, desk) = with_ada().await?;
    for (login, password) in
        [("ada", PASSWORD), ("ada", "wrong horse battery"), ("hunter2", "wrong horse battery")]
    {
        enter(&server, "sign-in", &sign_in(login, password)).await?;
    }
    let mut acts = Vec::new();
    for _ in 0..MAX_LOOKS {
        let log: LogAnswer = desk.get("log").await?;
        acts = log.entries.into_iter().map(|entry| (entry.login, entry.act)).collect();
        if acts.iter().filter(|(_, act)| act == "sign_in_failed").count() == 2 {
            break;
        }
        sleep(Duration::from_millis(LOOK_MILLIS)).await;
    }
    for expected in [
        ("", "account_added"),
        ("Ada", "password_set"),
        ("Ada", "signed_in"),
        ("Ada", "sign_in_failed"),
        ("", "sign_in_failed"),
    ] {
        let (login, act) = expected;
        assert!(acts.contains(&(login.to_owned(), act.to_owned())), "{expected:?}: {acts:?}");
    }
    assert_eq!(acts.len(), 5, "{acts:?}");
    Ok(())
}
