//! The addresses of the office's pages.

use yew_router::Routable;

/// Every page. The server gives all of them the same file.
#[derive(Clone, Debug, PartialEq, Routable)]
pub(crate) enum Route {
    #[at("/office")]
    Sites,
    /// Sets the password of the account of a one-time link; the secret is behind `#`.
    #[at("/office/password")]
    Password,
    #[at("/office/sessions")]
    Sessions,
    #[at("/office/accounts")]
    Accounts,
    /// The company's log.
    #[at("/office/log")]
    Log,
    #[at("/office/sites/:site/devices")]
    Devices { site: String },
    #[at("/office/sites/:site/people")]
    People { site: String },
    #[at("/office/sites/:site/settings")]
    Settings { site: String },
    #[at("/office/sites/:site/transfers")]
    Transfers { site: String },
    #[at("/office/sites/:site/keys")]
    Keys { site: String },
    #[at("/office/sites/:site/webhooks")]
    Webhooks { site: String },
    #[at("/office/sites/:site/log")]
    SiteLog { site: String },
    #[not_found]
    #[at("/office/404")]
    NotFound,
}
