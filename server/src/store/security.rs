//! Events that a restored backup must not undo.

use serde::{Deserialize, Serialize};
use sync::UnixMillis;
use uuid::Uuid;

/// An event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(crate) enum SecurityEvent {
    /// A device got a token.
    Enrolled {
        /// Its site.
        site: String,
        /// The device.
        device: Uuid,
        /// Its name.
        name: String,
        /// The prefix of its order numbers.
        prefix: String,
        /// SHA-256 of its token, as hexadecimal digits.
        token: String,
        /// The time.
        at: UnixMillis,
    },
    /// A one-time code was used.
    CodeUsed {
        /// Its site.
        site: String,
        /// SHA-256 of the code, as hexadecimal digits.
        code: String,
        /// The time.
        at: UnixMillis,
    },
    /// A webhook was removed.
    WebhookRemoved {
        /// Its site.
        site: String,
        /// The webhook.
        webhook: Uuid,
        /// The time.
        at: UnixMillis,
    },
    /// Another system got a key.
    KeyAdded {
        /// Its site.
        site: String,
        /// The key.
        key: Uuid,
        /// Its name.
        name: String,
        /// Its scopes, separated by spaces.
        scopes: String,
        /// SHA-256 of its secret, as hexadecimal digits.
        secret: String,
        /// The time.
        at: UnixMillis,
    },
    /// A key was revoked.
    KeyRevoked {
        /// Its site.
        site: String,
        /// The key.
        key: Uuid,
        /// The time.
        at: UnixMillis,
    },
    /// An account of the office was closed.
    AccountClosed {
        /// The account.
        account: Uuid,
        /// The time.
        at: UnixMillis,
    },
    /// A device's token was revoked.
    Revoked {
        /// Its site.
        site: String,
        /// The device.
        device: Uuid,
        /// The time.
        at: UnixMillis,
    },
}
