//! The frame around the pages: who is signed in, the ways to the other pages, and the page at the address.

use office_model::messages::MeAnswer;
use office_model::roles::OfficeRoute;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;
use yew_router::Routable as _;
use yew_router::prelude::{BrowserRouter, Switch, use_navigator, use_route};

use crate::accounts::AccountsPage;
use crate::acting::use_act;
use crate::ask::{self, Act};
use crate::devices::DevicesPage;
use crate::faults::Fault;
use crate::keys::KeysPage;
use crate::log::LogPage;
use crate::overview::SitesPage;
use crate::parts::{Head, empty};
use crate::people::PeoplePage;
use crate::route::Route;
use crate::session::{Session, use_session};
use crate::sessions::SessionsPage;
use crate::settings::SettingsPage;
use crate::sign_in::{PasswordPage, SignInPage};
use crate::transfers::TransfersPage;
use crate::webhooks::WebhooksPage;
use crate::words::t;

/// The frame's knowledge of the account.
#[derive(Clone, PartialEq)]
enum Known {
    /// Not asked yet.
    Nothing,
    SignedOut,
    SignedIn(MeAnswer),
    Failed(Fault),
}

/// The whole page.
#[component]
pub(crate) fn Root() -> Html {
    html! { <BrowserRouter><Frame /></BrowserRouter> }
}

#[component]
fn Frame() -> Html {
    let known = use_state(|| Known::Nothing);
    let turn = use_state(|| 0_u32);
    {
        let known = known.clone();
        use_effect_with(*turn, move |_| {
            spawn_local(async move {
                known.set(match ask::get::<MeAnswer>("me").await {
                    Ok(me) => Known::SignedIn(me),
                    Err(fault) if fault.is_signed_out() => Known::SignedOut,
                    Err(fault) => Known::Failed(fault),
                });
            });
        });
    }
    let change = {
        let known = known.clone();
        Callback::from(move |me: Option<MeAnswer>| known.set(me.map_or(Known::SignedOut, Known::SignedIn)))
    };
    let me = match &*known {
        Known::SignedIn(me) => Some(me.clone()),
        Known::Nothing | Known::SignedOut | Known::Failed(_) => None,
    };
    let is_by_link = use_route::<Route>() == Some(Route::Password);
    let page = match &*known {
        _ if is_by_link => html! { <PasswordPage /> },
        Known::Nothing => html! { <p role="status">{ t("Loading…") }</p> },
        Known::SignedOut => html! { <SignInPage /> },
        Known::SignedIn(_) => html! { <Switch<Route> render={page_at} /> },
        Known::Failed(fault) => {
            let again = Callback::from(move |_: MouseEvent| turn.set(turn.wrapping_add(1)));
            html! {
                <div class="placeholder" role="alert">
                    <p>{ fault.words() }</p>
                    <button type="button" class="button" onclick={again}>{ t("Try again") }</button>
                </div>
            }
        }
    };
    html! {
        <ContextProvider<Session> context={Session { me, change }}>
            <div class="office">
                <Top />
                <main class="office-main">{ page }</main>
            </div>
        </ContextProvider<Session>>
    }
}

fn page_at(route: Route) -> Html {
    match route {
        Route::Sites => html! { <SitesPage /> },
        Route::Password => html! { <PasswordPage /> },
        Route::Sessions => html! { <SessionsPage /> },
        Route::Accounts => html! { <AccountsPage /> },
        Route::Log => html! { <LogPage /> },
        Route::Devices { site } => html! { <DevicesPage key={site.clone()} site={site.clone()} /> },
        Route::People { site } => html! { <PeoplePage key={site.clone()} site={site.clone()} /> },
        Route::Settings { site } => html! { <SettingsPage key={site.clone()} site={site.clone()} /> },
        Route::Transfers { site } => html! { <TransfersPage key={site.clone()} site={site.clone()} /> },
        Route::Keys { site } => html! { <KeysPage key={site.clone()} site={site.clone()} /> },
        Route::Webhooks { site } => html! { <WebhooksPage key={site.clone()} site={site.clone()} /> },
        Route::SiteLog { site } => html! { <LogPage key={site.clone()} site={site.clone()} /> },
        Route::NotFound => {
            html! { <><Head title={t("Page not found")} />{ empty(t("Check the address.")) }</> }
        }
    }
}

/// The bar at the top.
#[component]
fn Top() -> Html {
    let session = use_session();
    let (acting, actor) = use_act();
    let here = use_route::<Route>();
    let sign_out = {
        let change = session.change.clone();
        Callback::from(move |_: MouseEvent| {
            let change = change.clone();
            actor.run(async { ask::act(Act::Post, "sign-out").await }, move |()| change.emit(None));
        })
    };
    let link = |to: Route, word: &'static str| {
        let is_here = here.as_ref() == Some(&to);
        way(to, word, is_here)
    };
    html! {
        <header class="office-top">
            <span class="office-brand"><b translate="no">{ "Lotbook" }</b>{ " " }{ t("Office") }</span>
            if let Some(me) = &session.me {
                <nav class="office-nav" aria-label={t("Office")}>
                    { link(Route::Sites, t("Sites")) }
                    { link(Route::Sessions, t("Sign-ins")) }
                    if session.may_in_company(OfficeRoute::ListAccounts) {
                        { link(Route::Accounts, t("Accounts")) }
                    }
                    if session.may_in_company(OfficeRoute::ReadLog) {
                        { link(Route::Log, t("Log")) }
                    }
                </nav>
                <span class="office-account">
                    <span class="muted" translate="no" data-test="account">{ &me.login }</span>
                    <button type="button" class="button quiet" onclick={sign_out} disabled={acting.is_waiting} data-test="sign-out">
                        { t("Sign out") }
                    </button>
                </span>
            }
        </header>
    }
}

/// A link to a page, marked if it is the page that is shown.
fn way(to: Route, word: &'static str, is_here: bool) -> Html {
    html! { <Way {to} {word} {is_here} /> }
}

#[derive(Properties, PartialEq)]
struct WayProps {
    to: Route,
    word: AttrValue,
    is_here: bool,
}

/// As the router's link, which takes no `aria-current`.
#[component]
fn Way(props: &WayProps) -> Html {
    let (navigator, to) = (use_navigator(), props.to.clone());
    let onclick = Callback::from(move |event: MouseEvent| {
        let is_plain = !(event.ctrl_key() || event.meta_key() || event.shift_key());
        if let Some(navigator) = navigator.as_ref().filter(|_| is_plain) {
            event.prevent_default();
            navigator.push(&to);
        }
    });
    html! {
        <a class="office-way" href={props.to.to_path()} {onclick} aria-current={props.is_here.then_some("page")}>{ &props.word }</a>
    }
}

#[derive(Properties, PartialEq)]
pub(crate) struct SiteHeadProps {
    pub(crate) site: AttrValue,
    #[prop_or_default]
    pub(crate) children: Html,
}

/// The head of a site's pages, with the ways between those that the account may see.
#[component]
pub(crate) fn SiteHead(props: &SiteHeadProps) -> Html {
    let (session, here) = (use_session(), use_route::<Route>());
    let site = props.site.to_string();
    let ways = [
        (OfficeRoute::ListDevices, Route::Devices { site: site.clone() }, t("Devices")),
        (OfficeRoute::ListPeople, Route::People { site: site.clone() }, t("People")),
        (OfficeRoute::ListTransfers, Route::Transfers { site: site.clone() }, t("Transfers")),
        (OfficeRoute::ListSettings, Route::Settings { site: site.clone() }, t("Settings")),
        (OfficeRoute::ListKeys, Route::Keys { site: site.clone() }, t("Keys")),
        (OfficeRoute::ListWebhooks, Route::Webhooks { site: site.clone() }, t("Webhooks")),
        (OfficeRoute::ReadLog, Route::SiteLog { site: site.clone() }, t("Log")),
    ];
    let ways = ways.into_iter().filter(|(route, ..)| session.may(*route, &site));
    html! {
        <>
            <Head title={&props.site} is_name={true}>{ props.children.clone() }</Head>
            <nav class="office-nav" aria-label={t("Site")}>
                { for ways.map(|(_, to, word)| {
                    let is_here = here.as_ref() == Some(&to);
                    way(to, word, is_here)
                }) }
            </nav>
        </>
    }
}
