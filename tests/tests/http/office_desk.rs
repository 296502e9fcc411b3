//! A desk of the office: an account that is signed in, and its requests as the page sends them.

use anyhow::{Context, Result, ensure};
use office_model::roles::{AccountRole, Grant, Grants};
use reqwest::{Client, Method, Response};
use serde::de::DeserializeOwned;
use serde_json::Value;
use server::office::{login_key, new_account, new_session};
use server::store::office::Actor;
use tests::TestServer;

/// A password that can be taken.
pub(crate) const PASSWORD: &str = "correct horse battery";

/// An account that is signed in.
pub(crate) struct Desk {
    url: String,
    cookie: String,
}

/// A role at a site, or at all of them.
pub(crate) fn role(role: AccountRole, site: Option<&str>) -> Grants {
    Grants(vec![Grant { site: site.map(str::to_owned), role }])
}

/// Adds an account. Returns the secret of its link.
pub(crate) async fn invited(server: &TestServer, login: &str, grants: Grants) -> Result<String> {
    let path = new_account(server.store()?, login, grants, Actor::default(), server.clock().now()).await?;
    let secret = path.strip_prefix("/office/password#").context("a link")?;
    Ok(secret.to_owned())
}

/// A request to the entrance, as the page sends it.
pub(crate) async fn enter(server: &TestServer, path: &str, body: &Value) -> Result<Response> {
    let post = Client::new().post(format!("{}/api/office/{path}", server.url()?)).header("x-lotbook", "1");
    Ok(post.body(body.to_string()).send().await?)
}

/// The first cookie of a response, as a request has it.
pub(crate) fn cookie(response: &Response) -> Result<String> {
    let line = response.headers().get("set-cookie").context("a cookie")?.to_str()?;
    Ok(line.split(';').next().unwrap_or_default().to_owned())
}

impl Desk {
    /// Of an account that is new, whose password is of no interest.
    pub(crate) async fn of(server: &TestServer, login: &str, grants: Grants) -> Result<Self> {
        invited(server, login, grants).await?;
        let (store, now) = (server.store()?, server.clock().now());
        let accounts = store.accounts().await?;
        let account = accounts.iter().find(|account| login_key(&account.login) == login_key(login));
        let (session, token) = new_session("a test", now)?;
        ensure!(store.sign_in(account.context("the account")?, session).await?, "no session");
        Self::with(server, &format!("lotbook_office={token}"))
    }

    /// With a cookie.
    pub(crate) fn with(server: &TestServer, cookie: &str) -> Result<Self> {
        Ok(Self { url: server.url()?, cookie: cookie.to_owned() })
    }

    /// The cookie.
    pub(crate) fn cookie(&self) -> &str {
        &self.cookie
    }

    /// Sends a request below `/api/office/`.
    pub(crate) async fn send(&self, method: &str, path: &str, body: &Value) -> Result<Response> {
        let url = format!("{}/api/office/{path}", self.url);
        let request = Client::new().request(Method::from_bytes(method.as_bytes())?, url);
        let request = request.header("cookie", &self.cookie).header("x-lotbook", "1");
        let request = if body.is_null() { request } else { request.body(body.to_string()) };
        Ok(request.send().await?)
    }

    /// The status of the answer.
    pub(crate) async fn status(&self, method: &str, path: &str, body: &Value) -> Result<u16> {
        Ok(self.send(method, path, body).await?.status().as_u16())
    }

    /// What a path has.
    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T> {
        read(self.send("GET", path, &Value::Null).await?).await
    }

    /// The answer to a post.
    pub(crate) async fn post<T: DeserializeOwned>(&self, path: &str, body: &Value) -> Result<T> {
        read(self.send("POST", path, body).await?).await
    }
}

async fn read<T: DeserializeOwned>(response: Response) -> Result<T> {
    let (status, body) = (response.status(), response.bytes().await?);
    ensure!(status.is_success(), "{status}: {}", String::from_utf8_lossy(&body));
    Ok(serde_json::from_slice(&body)?)
}
