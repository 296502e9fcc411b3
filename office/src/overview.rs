//! The sites that the account may see.

use office_model::messages::{NewSiteRequest, SiteItem};
use office_model::roles::OfficeRoute;
use yew::prelude::*;
use yew_router::prelude::Link;

use crate::acting::{fault_line, use_act};
use crate::ask::{self, Act};
use crate::dialog::{Dialog, dialog_buttons};
use crate::loaded::{use_loaded, when_loaded};
use crate::parts::{Field, Head, empty, submitted, table};
use crate::route::Route;
use crate::session::use_session;
use crate::times::shown_or_never;
use crate::words::t;

/// The list of sites.
#[component]
pub(crate) fn SitesPage() -> Html {
    let (sites, reload) = use_loaded::<Vec<SiteItem>>("sites".to_owned());
    let may_add = use_session().may_in_company(OfficeRoute::AddSite);
    let is_adding = use_state(|| false);
    let onclick = {
        let is_adding = is_adding.clone();
        Callback::from(move |_: MouseEvent| is_adding.set(true))
    };
    let on_close = {
        let (is_adding, reload) = (is_adding.clone(), reload.clone());
        Callback::from(move |()| {
            is_adding.set(false);
            reload.emit(());
        })
    };
    html! {
        <section class="page" data-test="sites-page">
            <Head title={t("Sites")}>
                if may_add {
                    <button type="button" class="button strong" {onclick} data-test="add-site">{ t("Add a site") }</button>
                }
            </Head>
            { when_loaded(&sites, &reload, |sites| view(sites)) }
            if *is_adding {
                <Add {on_close} />
            }
        </section>
    }
}

fn view(sites: &[SiteItem]) -> Html {
    if sites.is_empty() {
        return empty(t("Your account has no role at any site. Ask an admin for one."));
    }
    let row = |item: &SiteItem| {
        let to = Route::Devices { site: item.site.clone() };
        vec![
            html! { <Link<Route> {to} classes="office-link"><span translate="no">{ &item.site }</span></Link<Route>> },
            item.devices.into(),
            shown_or_never(item.last_seen_at).into(),
        ]
    };
    let columns = [t("Site"), t("Devices"), t("Last contact")];
    table(t("Sites"), &columns, sites.iter().map(row).collect(), "sites")
}

#[derive(Properties, PartialEq)]
struct AddProps {
    on_close: Callback<()>,
}

/// Adds a site.
#[component]
fn Add(props: &AddProps) -> Html {
    let name = use_state(String::new);
    let (acting, actor) = use_act();
    let onsubmit = {
        let (name, on_close) = (name.clone(), props.on_close.clone());
        submitted(move || {
            let body = NewSiteRequest { site: name.trim().to_owned() };
            let on_close = on_close.clone();
            actor.run(async move { ask::put(Act::Post, "sites", &body).await }, move |()| on_close.emit(()));
        })
    };
    html! {
        <Dialog title={t("Add a site")} on_close={&props.on_close} test="site-dialog">
            <form {onsubmit}>
                { Field { id: "site-name", label: t("Short name"), kind: "text", fill: "off", hint: t("Small letters, digits and hyphens, such as north. It cannot be changed later."), value: &name }.view() }
                { fault_line(&acting) }
                { dialog_buttons(t("Add a site"), "strong", &acting, &props.on_close) }
            </form>
        </Dialog>
    }
}
