//! What the status line comes to, for those who do not see it: not every step of a sync, only what it ends with.

use sync::Connection;
use yew::prelude::*;

use crate::use_offline_sync::use_sync;
use crate::words::language::t;

/// What there is to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Said {
    Nothing,
    BackOnline,
    AllSent,
}

/// What to say after a change from `before` to `now`, each a connection and how much waits. A lost connection has a notice.
fn after(said: Said, before: (Connection, usize), now: (Connection, usize)) -> Said {
    match (before, now) {
        ((Connection::Online, waiting), (Connection::Online, 0)) if waiting > 0 => Said::AllSent,
        ((Connection::Online, _), (Connection::Online, 0)) => said,
        ((Connection::Online, _), _) | (_, (Connection::Offline, _)) => Said::Nothing,
        (_, (Connection::Online, _)) => Said::BackOnline,
        _ => said,
    }
}

/// It. Use it once, near the root.
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
        Said::AllSent => t("All changes sent"),
    };
    html! { <p class="visually-hidden" role="status" data-test="spoken-status">{ words }</p> }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_a_sync_ends_with_and_that_the_network_is_back() {
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
