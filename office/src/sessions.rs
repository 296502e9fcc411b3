//! Where the account is signed in.

use office_model::messages::SessionItem;
use yew::prelude::*;

use crate::devices::act;
use crate::dialog::Confirm;
use crate::loaded::{use_loaded, when_loaded};
use crate::parts::{Head, table};
use crate::times::shown;
use crate::words::t;

/// The list of sessions.
#[component]
pub(crate) fn SessionsPage() -> Html {
    let (sessions, reload) = use_loaded::<Vec<SessionItem>>("sessions".to_owned());
    let ending = use_state(|| None::<SessionItem>);
    let close = {
        let (ending, reload) = (ending.clone(), reload.clone());
        Callback::from(move |()| {
            ending.set(None);
            reload.emit(());
        })
    };
    let end = |session: &SessionItem| {
        if session.is_own {
            return html! { <span class="chip tone-good">{ t("This one") }</span> };
        }
        let (ending, item) = (ending.clone(), session.clone());
        let onclick = Callback::from(move |_: MouseEvent| ending.set(Some(item.clone())));
        act(t("End"), (&session.client, ""), onclick, "end-session")
    };
    html! {
        <section class="page" data-test="sessions-page">
            <Head title={t("Sign-ins")} />
            <p class="muted">{ t("Where your account is signed in. A sign-in ends after 12 hours without use, and after 7 days.") }</p>
            { when_loaded(&sessions, &reload, |sessions| view(sessions, end)) }
            if let Some(session) = &*ending {
                <Confirm title={t("End this sign-in?")} text={session.client.clone()} word={t("End")}
                    path={format!("sessions/{}", session.id)} on_done={close.clone()} on_close={close} />
            }
        </section>
    }
}

fn view(sessions: &[SessionItem], end: impl Fn(&SessionItem) -> Html) -> Html {
    let row = |session: &SessionItem| {
        vec![
            html! { <span translate="no">{ &session.client }</span> },
            shown(session.created_at).into(),
            shown(session.last_used_at).into(),
            end(session),
        ]
    };
    let columns = [t("Browser"), t("Signed in"), t("Last used"), t("Actions")];
    table(t("Sign-ins"), &columns, sessions.iter().map(row).collect(), "sessions")
}
