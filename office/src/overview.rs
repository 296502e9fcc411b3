//! The sites that the account may see.

use office_model::messages::SiteItem;
use yew::prelude::*;
use yew_router::prelude::Link;

use crate::loaded::{use_loaded, when_loaded};
use crate::parts::{Head, empty, table};
use crate::route::Route;
use crate::times::shown_or_never;
use crate::words::t;

/// The list of sites.
#[component]
pub(crate) fn SitesPage() -> Html {
    let (sites, reload) = use_loaded::<Vec<SiteItem>>("sites".to_owned());
    html! {
        <section class="page" data-test="sites-page">
            <Head title={t("Sites")} />
            { when_loaded(&sites, &reload, |sites| view(sites)) }
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
