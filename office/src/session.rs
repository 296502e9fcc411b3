//! Who is signed in, for all pages.

use office_model::messages::MeAnswer;
use office_model::roles::{OfficeRoute, Place, allows};
use yew::{Callback, hook, use_context};

use crate::faults::Fault;

/// The account that is signed in, and how that changes.
#[derive(Clone, PartialEq)]
pub(crate) struct Session {
    pub(crate) me: Option<MeAnswer>,
    /// Sets the account; none for a session that has ended.
    pub(crate) change: Callback<Option<MeAnswer>>,
}

impl Session {
    /// Whether the account may use a route at a site.
    pub(crate) fn may(&self, route: OfficeRoute, site: &str) -> bool {
        self.me.as_ref().is_some_and(|me| allows(route, &me.grants, Place::Site(site)))
    }

    /// Whether the account may use a route for the whole company.
    pub(crate) fn may_in_company(&self, route: OfficeRoute) -> bool {
        self.me.as_ref().is_some_and(|me| allows(route, &me.grants, Place::Company))
    }

    /// Shows the sign-in if the fault says that the session has ended.
    pub(crate) fn heard(&self, fault: &Fault) {
        if fault.is_signed_out() {
            self.change.emit(None);
        }
    }
}

/// The session. Outside the frame nobody is signed in.
#[hook]
pub(crate) fn use_session() -> Session {
    use_context::<Session>().unwrap_or_else(|| Session { me: None, change: Callback::noop() })
}
