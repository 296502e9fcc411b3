//! The status line for screen readers: not every step of a sync, only its result.

use sync::Connection;
use yew::prelude::*;

use crate::use_offline_sync::use_sync;
use crate::words::language::t;

/// The text to announce.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Said {
    Nothing,
    BackOnline,
    AllSent,
}

/// The text to announce after a change from `before` to `now`, each a connection and a number of pending
/// changes. A lost connection has a notice of its own.
fn after(said: Said, before: (Connection, usize), now: (Connection, usize)) -> Said {
    match (before, now) {
        ((Connection::Online, waiting), (Connection::Online, 0)) if waiting > 0 => Said::AllSent,
        ((Connection::Online, _), (Connection::Online, 0)) => said,
        // The start of the app.
        ((Connection::Connecting, 0), (Connection::Online, 0)) => said,
        ((Connection::Online, _), _) | (_, (Connection::Offline, _)) => Said::Nothing,
        (_, (Connection::Online, _)) => Said::BackOnline,
        _ => said,
    }
}

/// Renders it. Use it once, near the root.
#[component]
pub(crate) fn SpokenStatus() -> Html {
    let sync = use_sync();
    let said = use_state_eq(|| Said::Nothing);
    let before = use_mut_ref(|| None::<(Connection, usize)>);
    use_effect_with((sync.is_online, sync.pending), {
        let said = said.clone();
        move |now| {
            if let Some(before) = before.replace(Some(*now)) {
                said.set(after(*said, before, *now));
            }
        }
    });
    let words = match *said {
        Said::Nothing => "",
        Said::BackOnline => t("Online"),
        Said::AllSent => t("All changes synced"),
    };
    html! { <p class="visually-hidden" role="status" data-test="spoken-status">{ words }</p> }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn announces_the_result_of_a_sync_and_that_the_network_is_back() {
        use Connection::{Offline, Online, ServerUnreachable};
        let said = |all: &[(Connection, usize)]| {
            all.windows(2).fold(Said::Nothing, |said, pair| after(said, pair[0], pair[1]))
        };
        assert_eq!(said(&[(Online, 0), (Online, 1)]), Said::Nothing);
        assert_eq!(said(&[(Online, 1), (Online, 0)]), Said::AllSent);
        assert_eq!(said(&[(Online, 1), (Online, 0), (Online, 0)]), Said::AllSent);
        assert_eq!(said(&[(Online, 0), (Offline, 0)]), Said::Nothing, "a notice says so");
        assert_eq!(said(&[(Online, 0), (Offline, 0), (Online, 0)]), Said::BackOnline);
        assert_eq!(said(&[(ServerUnreachable, 2), (Online, 2), (Online, 0)]), Said::AllSent);
    }
}
