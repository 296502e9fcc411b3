//! Keys of other systems: what they may do, and their secrets.

use std::fmt;
use std::str::FromStr;

use data_encoding::HEXLOWER;
use domain::clean_line;
use percent_encoding::percent_decode_str;
use sync::UnixMillis;

use crate::enrolment::{hash, percent_encoded};
use crate::random;
use crate::store::{ApiKey, NewKey, Store, StoreFault};

/// Characters of a key's name, which is the author of what it books.
pub const MAX_KEY_NAME_CHARS: usize = 60;
/// How every secret begins, so that it is recognized where it does not belong.
const SECRET_PREFIX: &str = "lbk.";

/// Something that a key may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "named by their `name`")]
pub enum KeyScope {
    ProductsRead,
    ProductsWrite,
    LotsRead,
    LotsWrite,
    MovementsRead,
    DeliveriesRead,
    DeliveriesWrite,
    OrdersRead,
    OrdersWrite,
}

impl KeyScope {
    /// Every scope.
    pub const ALL: [Self; 9] = [
        Self::ProductsRead,
        Self::ProductsWrite,
        Self::LotsRead,
        Self::LotsWrite,
        Self::MovementsRead,
        Self::DeliveriesRead,
        Self::DeliveriesWrite,
        Self::OrdersRead,
        Self::OrdersWrite,
    ];

    /// As typed and stored: `products:read`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ProductsRead => "products:read",
            Self::ProductsWrite => "products:write",
            Self::LotsRead => "lots:read",
            Self::LotsWrite => "lots:write",
            Self::MovementsRead => "movements:read",
            Self::DeliveriesRead => "deliveries:read",
            Self::DeliveriesWrite => "deliveries:write",
            Self::OrdersRead => "orders:read",
            Self::OrdersWrite => "orders:write",
        }
    }
}

impl fmt::Display for KeyScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for KeyScope {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|scope| scope.name() == text)
            .ok_or_else(|| format!("there is no scope {text:?}; there are {}", names(&Self::ALL, ", ")))
    }
}

/// The names of scopes, in one text.
pub fn names(scopes: &[KeyScope], separator: &str) -> String {
    scopes.iter().map(|scope| scope.name()).collect::<Vec<_>>().join(separator)
}

/// Makes a key of `site`. Returns it with its secret, of which only a hash is stored.
///
/// # Errors
/// [`StoreFault`] of the store: there is no such site, or it has a key of this name.
pub async fn new_key(
    store: &dyn Store,
    site: &str,
    name: &str,
    scopes: &[KeyScope],
    now: UnixMillis,
) -> Result<(ApiKey, String), StoreFault> {
    let (new, secret) = prepared_key(site, name, scopes, now)?;
    Ok((store.add_key(new).await?, secret))
}

/// A key to be stored, with its secret.
///
/// # Errors
/// [`StoreFault`] if the name is empty.
pub(crate) fn prepared_key(
    site: &str,
    name: &str,
    scopes: &[KeyScope],
    now: UnixMillis,
) -> Result<(NewKey, String), StoreFault> {
    let name = clean_line(name, MAX_KEY_NAME_CHARS);
    if name.is_empty() {
        return Err(StoreFault::invalid("missing", "The key needs a name, such as ERP."));
    }
    let mut scopes = scopes.to_vec();
    scopes.sort_unstable();
    scopes.dedup();
    let secret =
        format!("{SECRET_PREFIX}{}.{}", percent_encoded(site), HEXLOWER.encode(&random::bytes::<32>()?));
    let key = random::uuid()?;
    let site = site.to_owned();
    Ok((NewKey { key, site, name, scopes, secret_hash: hash(&secret), now }, secret))
}

/// The site that a secret names, and the hash by which it is looked up there; none for any other text.
pub(crate) fn of_secret(secret: &str) -> Option<(String, [u8; 32])> {
    let (site, _) = secret.strip_prefix(SECRET_PREFIX)?.rsplit_once('.')?;
    let site = percent_decode_str(site).decode_utf8().ok()?.into_owned();
    Some((site, hash(secret)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_read_by_their_names() {
        for scope in KeyScope::ALL {
            assert_eq!(scope.name().parse(), Ok(scope));
        }
        let fault = "orders".parse::<KeyScope>().expect_err("no scope");
        assert!(fault.contains("\"orders\"") && fault.contains("orders:read, orders:write"), "{fault}");
    }

    #[test]
    fn a_secret_names_its_site_whatever_that_is_called() {
        for site in ["main", "Lager 2.1", "M\u{fc}nchen/West", "."] {
            let secret = format!("{SECRET_PREFIX}{}.{}", percent_encoded(site), "0".repeat(64));
            assert!(secret.is_ascii() && !secret.contains(' '), "{secret}");
            assert_eq!(of_secret(&secret), Some((site.to_owned(), hash(&secret))));
        }
        for other in ["", "lbk.", "lbk.main", "0123456789abcdef", "lbk.%FF.00"] {
            assert_eq!(of_secret(other), None, "{other}");
        }
    }
}
