//! The bodies of requests and answers below `/api/office`.

use serde::{Deserialize, Serialize};
use sync::UnixMillis;
use uuid::Uuid;

use crate::roles::Grants;

/// Characters of a password, at least.
pub const MIN_PASSWORD_CHARS: usize = 12;
/// Bytes of a password, at most.
pub const MAX_PASSWORD_BYTES: usize = 256;
/// Characters of a login name.
pub const MAX_LOGIN_CHARS: usize = 80;
/// Entries in one answer of the log.
pub const MAX_LOG_ENTRIES: usize = 100;

/// `POST /api/office/sign-in`.
#[derive(Clone, Serialize, Deserialize)]
pub struct SignInRequest {
    /// The login name.
    pub login: String,
    /// The password.
    pub password: String,
}

/// `POST /api/office/password`: a password for the account of a one-time link.
#[derive(Clone, Serialize, Deserialize)]
pub struct PasswordRequest {
    /// The part of the link behind `#`.
    pub link: String,
    /// The password.
    pub password: String,
}

/// Passwords are not shown by accident.
impl std::fmt::Debug for SignInRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SignInRequest").field("login", &self.login).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for PasswordRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PasswordRequest").finish_non_exhaustive()
    }
}

/// The account that is signed in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MeAnswer {
    /// Its login name.
    pub login: String,
    /// Its roles.
    pub grants: Grants,
}

/// An account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountItem {
    /// Its id.
    pub account: Uuid,
    /// Its login name.
    pub login: String,
    /// Its roles.
    pub grants: Grants,
    /// Whether it has a password yet.
    pub has_password: bool,
    /// The time it was made.
    pub created_at: UnixMillis,
    /// Whether it is the account that asks.
    pub is_own: bool,
}

/// `POST /api/office/accounts`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct NewAccountRequest {
    /// The login name.
    pub login: String,
    /// Its roles.
    pub grants: Grants,
}

/// A one-time link with which an account gets a password.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkAnswer {
    /// The link's path at this server, with the secret behind `#`.
    pub path: String,
    /// The end of its validity.
    pub expires_at: UnixMillis,
}

/// A place where the account is signed in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionItem {
    /// Its id.
    pub id: Uuid,
    /// The browser's name for itself.
    pub client: String,
    /// The time of the sign-in.
    pub created_at: UnixMillis,
    /// The time of its last request, to within some minutes.
    pub last_used_at: UnixMillis,
    /// Whether it is the session that asks.
    pub is_own: bool,
}

/// A site.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SiteItem {
    /// Its short name.
    pub site: String,
    /// Connected devices.
    pub devices: usize,
    /// The time of the last request of any of them.
    pub last_seen_at: Option<UnixMillis>,
}

/// A connected device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceItem {
    /// Its id.
    pub device: Uuid,
    /// Its name.
    pub name: String,
    /// The prefix of its order numbers, its short name.
    pub prefix: String,
    /// The time of its last request, to within some minutes.
    pub last_seen_at: UnixMillis,
    /// Milliseconds by which its clock was ahead of the server's then, negative if behind; none if it did not tell.
    pub clock_ahead_millis: Option<i64>,
}

/// `POST .../devices` and `PATCH .../devices/{device}`: a name.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DeviceNameRequest {
    /// The device's name; may be empty for a new one.
    pub name: String,
}

/// A one-time code with which one device connects.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectAnswer {
    /// The code, for typing.
    pub code: String,
    /// The link's path and query at this server.
    pub path: String,
    /// The end of its validity.
    pub expires_at: UnixMillis,
}

/// A key of another system.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyItem {
    /// Its id.
    pub key: Uuid,
    /// Its name.
    pub name: String,
    /// Its scopes: `products:read`.
    pub scopes: Vec<String>,
    /// The time it was made.
    pub created_at: UnixMillis,
    /// The time of its last request, to within some minutes.
    pub last_used_at: Option<UnixMillis>,
}

/// `POST .../keys`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct NewKeyRequest {
    /// The other system's name.
    pub name: String,
    /// Its scopes.
    pub scopes: Vec<String>,
}

/// A new secret, which is not shown again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretAnswer {
    /// The key's or the webhook's id.
    pub id: Uuid,
    /// The secret.
    pub secret: String,
}

/// A webhook.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookItem {
    /// Its id.
    pub id: Uuid,
    /// Where events are sent.
    pub url: String,
    /// Kinds of events: `order.booked`.
    pub events: Vec<String>,
    /// Events that it has not been told yet, counted up to a limit.
    pub pending: u64,
    /// Failed attempts in a row.
    pub failures: u64,
    /// Why the last one failed; may be empty.
    pub last_error: String,
    /// The time of the last success.
    pub delivered_at: Option<UnixMillis>,
    /// The time it was given up.
    pub dead_at: Option<UnixMillis>,
}

/// `POST .../webhooks`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct NewWebhookRequest {
    /// Where events are sent.
    pub url: String,
    /// Kinds of events.
    pub events: Vec<String>,
}

/// An entry of the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogItem {
    /// Its id.
    pub id: Uuid,
    /// When.
    pub at: UnixMillis,
    /// The site; none for what is of the company.
    pub site: Option<String>,
    /// The account's login name at that time; empty for the command line and for names that no account has.
    pub login: String,
    /// The act: `device_revoked`.
    pub act: String,
    /// To what, by its name at that time.
    pub subject: String,
}

/// A part of the log, the newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogAnswer {
    /// The entries.
    pub entries: Vec<LogItem>,
    /// Whether there are older ones.
    pub more: bool,
}

/// A person of a site.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonItem {
    /// Their id.
    pub id: Uuid,
    /// Their name.
    pub name: String,
    /// Their initials.
    pub initials: String,
    /// Their role: `lead`.
    pub role: String,
    /// The language of their screens; empty for the device's.
    pub language: String,
    /// Whether they work there now.
    pub active: bool,
    /// Whether they have a badge.
    pub has_badge: bool,
    /// Whether they have a PIN.
    pub has_pin: bool,
}

/// `POST .../people` and `PATCH .../people/{person}`: what is left out stays as it is.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct PersonRequest {
    /// Their name.
    pub name: Option<String>,
    /// Their initials; empty for those of the name.
    pub initials: Option<String>,
    /// The code on their badge; empty for none.
    pub badge: Option<String>,
    /// Their PIN; empty for none.
    pub pin: Option<String>,
    /// The language of their screens; empty for the device's.
    pub language: Option<String>,
    /// Their role: `lead`.
    pub role: Option<String>,
    /// Whether they work there now.
    pub active: Option<bool>,
}

/// PINs and badges are not shown by accident.
impl std::fmt::Debug for PersonRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PersonRequest").field("name", &self.name).finish_non_exhaustive()
    }
}

/// `POST .../people/import`: a CSV file with a header line.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PeopleFileRequest {
    /// The file's text.
    pub csv: String,
}

/// The numbers of people of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeopleImportedAnswer {
    /// New ones.
    pub added: usize,
    /// Those of a known name.
    pub changed: usize,
}

/// A setting of a site that limits work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettingItem {
    /// Its name: `lock_minutes`.
    pub name: String,
    /// Its value; empty if it is not set.
    pub value: String,
}

/// `PATCH .../settings/{name}`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SettingRequest {
    /// The value.
    pub value: String,
}

/// Goods that a site sent to another one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransferItem {
    /// The order that sent them.
    pub order: Uuid,
    /// The number on both sides.
    pub number: String,
    /// The site that expects them.
    pub to_site: String,
    /// When they were sent.
    pub sent_at: UnixMillis,
    /// Where they are: `sent`, `expected`, `settled` or `short`.
    pub state: String,
    /// A line for each product.
    pub lines: Vec<TransferLineItem>,
}

/// The sent and the received quantity of a product.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransferLineItem {
    /// Its SKU.
    pub sku: String,
    /// Its name.
    pub name: String,
    /// Sent, in the product's unit.
    pub sent: String,
    /// Received, once nothing more comes.
    pub received: String,
}

/// `POST /api/office/sites`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct NewSiteRequest {
    /// Its short name.
    pub site: String,
}
