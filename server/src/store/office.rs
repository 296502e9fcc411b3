//! The part of the port that the office uses: accounts, their sessions, acts of administration and the log of them.

use async_trait::async_trait;
use office_model::roles::Grants;
use sync::UnixMillis;
use uuid::Uuid;

use super::people::SiteChange;
use super::webhooks::NewWebhook;
use super::{NewKey, StoreFault};

/// A session ends when it has not been used for this long.
pub const SESSION_IDLE_MILLIS: u64 = 12 * 60 * 60 * 1_000;
/// A session ends this long after the sign-in.
pub const SESSION_LIFE_MILLIS: u64 = 7 * 24 * 60 * 60 * 1_000;
/// Failed sign-ins with one name are logged once in this time.
pub const FAILURE_LOG_MILLIS: u64 = 60 * 1_000;

/// An account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its id.
    pub account: Uuid,
    /// The login name as it was given.
    pub login: String,
    /// Its roles.
    pub grants: Grants,
    /// Whether it has a password yet.
    pub has_password: bool,
    /// The time it was made.
    pub created_at: UnixMillis,
}

/// An account to be stored.
#[derive(Clone, Debug)]
pub struct NewAccount {
    /// Its id.
    pub account: Uuid,
    /// The login name.
    pub login: String,
    /// The login name in the spelling that is compared.
    pub login_key: String,
    /// Its roles.
    pub grants: Grants,
    /// The server's clock.
    pub now: UnixMillis,
}

/// A one-time link with which an account gets a password.
#[derive(Clone, Copy, Debug)]
pub struct NewLink {
    /// The account.
    pub account: Uuid,
    /// SHA-256 of its secret.
    pub link_hash: [u8; 32],
    /// The end of its validity.
    pub expires_at: UnixMillis,
}

/// A session to be stored.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// Its id.
    pub session: Uuid,
    /// SHA-256 of its token.
    pub token_hash: [u8; 32],
    /// The browser's name for itself.
    pub client: String,
    /// The server's clock.
    pub now: UnixMillis,
}

/// A place where an account is signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfficeSession {
    /// Its id.
    pub session: Uuid,
    /// The browser's name for itself.
    pub client: String,
    /// The time of the sign-in.
    pub created_at: UnixMillis,
    /// The time of its last request, to within some minutes.
    pub last_used_at: UnixMillis,
}

/// Who acts: an account, or whoever has the server's command line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Actor {
    /// The account; none for the command line.
    pub account: Option<Uuid>,
    /// Its login name; empty for the command line.
    pub login: String,
}

/// An act of administration at a site.
#[derive(Clone, Debug)]
pub enum OfficeAct {
    /// Stores a one-time code for one device.
    ConnectDevice {
        /// The site.
        site: String,
        /// SHA-256 of the code.
        code_hash: [u8; 32],
        /// The device's name; may be empty.
        device_name: String,
        /// The end of its validity.
        expires_at: UnixMillis,
    },
    /// Gives a device another name.
    RenameDevice {
        /// The site.
        site: String,
        /// The device.
        device: Uuid,
        /// Its new name.
        name: String,
    },
    /// Revokes a device's token.
    RevokeDevice {
        /// The site.
        site: String,
        /// The device.
        device: Uuid,
    },
    /// Stores a key of another system.
    AddKey(NewKey),
    /// Revokes a key.
    RevokeKey {
        /// The site.
        site: String,
        /// The key.
        key: Uuid,
    },
    /// Stores a webhook.
    AddWebhook(NewWebhook),
    /// Tries a webhook again that was given up.
    RetryWebhook {
        /// The site.
        site: String,
        /// The webhook.
        webhook: Uuid,
    },
    /// Adds or changes people.
    People {
        /// The people as they are afterwards.
        change: SiteChange,
        /// Its name in the log.
        what: &'static str,
        /// Who it is about.
        subject: String,
    },
    /// Changes settings.
    Settings(SiteChange),
    /// Creates a site.
    AddSite {
        /// Its name.
        site: String,
    },
    /// Removes a webhook.
    RemoveWebhook {
        /// The site.
        site: String,
        /// The webhook.
        webhook: Uuid,
    },
}

impl OfficeAct {
    /// Its site.
    pub fn site(&self) -> &str {
        match self {
            Self::ConnectDevice { site, .. }
            | Self::RenameDevice { site, .. }
            | Self::RevokeDevice { site, .. }
            | Self::RevokeKey { site, .. }
            | Self::RetryWebhook { site, .. }
            | Self::RemoveWebhook { site, .. }
            | Self::AddSite { site } => site,
            Self::People { change, .. } | Self::Settings(change) => &change.site,
            Self::AddKey(new) => &new.site,
            Self::AddWebhook(new) => &new.site,
        }
    }

    /// Its name in the log.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::ConnectDevice { .. } => "device_code_made",
            Self::RenameDevice { .. } => "device_renamed",
            Self::RevokeDevice { .. } => "device_revoked",
            Self::AddKey(_) => "key_added",
            Self::RevokeKey { .. } => "key_revoked",
            Self::AddWebhook(_) => "webhook_added",
            Self::RetryWebhook { .. } => "webhook_retried",
            Self::RemoveWebhook { .. } => "webhook_removed",
            Self::People { what, .. } => what,
            Self::Settings(_) => "setting_changed",
            Self::AddSite { .. } => "site_added",
        }
    }
}

/// An entry of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogEntry {
    /// Its id.
    pub entry: Uuid,
    /// When.
    pub at: UnixMillis,
    /// The site; none for what is of the company.
    pub site: Option<String>,
    /// Who.
    pub actor: Actor,
    /// What.
    pub act: String,
    /// To what, by its name at that time.
    pub subject: String,
}

/// Keeps the accounts of the office and the log of what they do. Every change writes its entry in its own transaction.
#[async_trait]
pub trait OfficeStore {
    /// Stores an account and its first link. A login name that another account has, even a closed one, is refused.
    async fn add_account(&self, new: NewAccount, link: NewLink, by: Actor) -> Result<(), StoreFault>;

    /// Stores another link for an account. False if it is unknown or closed.
    async fn add_link(&self, link: NewLink, by: Actor, now: UnixMillis) -> Result<bool, StoreFault>;

    /// Every account that is not closed, by its login name.
    async fn accounts(&self) -> Result<Vec<Account>, StoreFault>;

    /// Closes an account and ends its sessions. False if it is unknown or closed already.
    async fn close_account(&self, account: Uuid, by: Actor, now: UnixMillis) -> Result<bool, StoreFault>;

    /// The account with this login name, and the hash of its password; none if it is closed or has no password.
    async fn account_by_login(&self, login_key: &str) -> Result<Option<(Account, String)>, StoreFault>;

    /// The account of a link that can still be used.
    async fn account_by_link(
        &self,
        link_hash: [u8; 32],
        now: UnixMillis,
    ) -> Result<Option<Account>, StoreFault>;

    /// Uses up a link: its account gets the password, other sessions and links of it end, and the new session begins. None if the
    /// link cannot be used.
    async fn set_password(
        &self,
        link_hash: [u8; 32],
        password_hash: String,
        session: NewSession,
    ) -> Result<Option<Account>, StoreFault>;

    /// Begins a session of an account whose password was right. False if it was closed meanwhile.
    async fn sign_in(&self, account: &Account, session: NewSession) -> Result<bool, StoreFault>;

    /// Logs a failed sign-in, at most once in [`FAILURE_LOG_MILLIS`] for each account, and for all unknown names together.
    async fn sign_in_failed(&self, actor: Actor, now: UnixMillis) -> Result<(), StoreFault>;

    /// The session with this token and its account, if both last.
    async fn session(
        &self,
        token_hash: [u8; 32],
        now: UnixMillis,
    ) -> Result<Option<(OfficeSession, Account)>, StoreFault>;

    /// The sessions of an account that last, the last used first.
    async fn sessions(&self, account: Uuid, now: UnixMillis) -> Result<Vec<OfficeSession>, StoreFault>;

    /// Stores the time of a session's last request.
    async fn saw_session(&self, session: Uuid, now: UnixMillis) -> Result<(), StoreFault>;

    /// Ends a session of the actor. False if it has ended, or is another account's.
    async fn end_session(&self, by: Actor, session: Uuid, now: UnixMillis) -> Result<bool, StoreFault>;

    /// Acts at a site. False if what the act is about is not there.
    async fn act(&self, act: OfficeAct, by: Actor, now: UnixMillis) -> Result<bool, StoreFault>;

    /// The newest entries of a site, or of everything, before an entry.
    async fn office_log(
        &self,
        site: Option<&str>,
        before: Option<(UnixMillis, Uuid)>,
        max_entries: usize,
    ) -> Result<Vec<LogEntry>, StoreFault>;
}
