//! Makes accounts, the links with which they get a password, and sessions.

use data_encoding::HEXLOWER;
use domain::{clean_line, key_text};
use office_model::messages::MAX_LOGIN_CHARS;
use office_model::roles::Grants;
use sync::UnixMillis;
use uuid::Uuid;

use crate::enrolment::hash;
use crate::random;
use crate::store::office::{Account, Actor, NewAccount, NewLink, NewSession};
use crate::store::{Store, StoreFault};

/// The validity of a link.
pub const LINK_LIFE_MILLIS: u64 = 60 * 60 * 1_000;
/// Characters kept of what a browser calls itself.
const MAX_CLIENT_CHARS: usize = 200;

/// A login name as it is compared: in any case, width and composition.
pub fn login_key(login: &str) -> String {
    key_text(&clean_line(login, MAX_LOGIN_CHARS)).into_owned()
}

/// The path of the page where a link's account gets its password. The secret is behind `#`, which browsers do not send: no log of a
/// proxy has it.
fn path_of(secret: &str) -> String {
    format!("/office/password#{secret}")
}

fn link_of(account: Uuid, now: UnixMillis) -> Result<(NewLink, String), StoreFault> {
    let secret = HEXLOWER.encode(&random::bytes::<16>()?);
    let link = NewLink { account, link_hash: hash(&secret), expires_at: now.plus(LINK_LIFE_MILLIS) };
    Ok((link, path_of(&secret)))
}

/// Makes an account. Returns the path of a link, valid once and for an hour, with which it gets a password.
///
/// # Errors
/// [`StoreFault`] of the store: the name is taken, or there is no such site.
pub async fn new_account(
    store: &dyn Store,
    login: &str,
    grants: Grants,
    by: Actor,
    now: UnixMillis,
) -> Result<String, StoreFault> {
    let login = clean_line(login, MAX_LOGIN_CHARS);
    if login.is_empty() {
        return Err(StoreFault::invalid(
            "missing",
            "The account needs a login name, such as ada@shop.example.",
        ));
    }
    let account = random::uuid()?;
    let (link, path) = link_of(account, now)?;
    let new = NewAccount { account, login_key: login_key(&login), login, grants, now };
    store.add_account(new, link, by).await?;
    Ok(path)
}

/// Makes another link for an account, for example if the password is lost. None if the account is unknown or closed.
///
/// # Errors
/// [`StoreFault`] of the store.
pub async fn new_link(
    store: &dyn Store,
    account: Uuid,
    by: Actor,
    now: UnixMillis,
) -> Result<Option<String>, StoreFault> {
    let (link, path) = link_of(account, now)?;
    Ok(store.add_link(link, by, now).await?.then_some(path))
}

/// A session with its token.
///
/// # Errors
/// [`StoreFault::Failed`] if the system gives no random numbers.
pub fn new_session(client: &str, now: UnixMillis) -> Result<(NewSession, String), StoreFault> {
    let token = HEXLOWER.encode(&random::bytes::<32>()?);
    let client = clean_line(client, MAX_CLIENT_CHARS);
    Ok((NewSession { session: random::uuid()?, token_hash: hash(&token), client, now }, token))
}

/// Uses up a link. Returns its account with the token of a new session; none if the link cannot be used.
///
/// # Errors
/// [`StoreFault`] of the store.
pub async fn set_password(
    store: &dyn Store,
    link: &str,
    password_hash: String,
    (client, now): (&str, UnixMillis),
) -> Result<Option<(Account, String)>, StoreFault> {
    let (session, token) = new_session(client, now)?;
    let account = store.set_password(hash(link), password_hash, session).await?;
    Ok(account.map(|account| (account, token)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_name_is_the_same_in_every_spelling() {
        for spelling in ["Ada@Shop.example", " ada@shop.example ", "\u{ff21}da@shop.example"] {
            assert_eq!(login_key(spelling), login_key("ada@shop.example"), "{spelling}");
        }
        assert_ne!(login_key("ada"), login_key("ida"));
    }
}
