//! What every page has at hand: a place for notices, and the scanner.

use yew::prelude::*;

use super::scanner::Scans;
use super::toasts::{Shown, Toasts};
use crate::hooks::use_provided;

/// The same for as long as the app runs.
#[derive(Clone, PartialEq)]
pub(crate) struct Desk {
    pub(crate) toasts: Toasts,
    pub(crate) scans: Scans,
}

/// Makes the desk whose notices are kept in `shown`. Use it once, near the root.
#[hook]
pub(crate) fn use_new_desk(shown: &UseReducerHandle<Shown>) -> Desk {
    let desk = use_memo((), |()| Desk { toasts: Toasts::new(shown.dispatcher()), scans: Scans::default() });
    (*desk).clone()
}

/// The desk, anywhere below its provider.
#[hook]
pub(crate) fn use_desk() -> Desk {
    use_provided()
}
