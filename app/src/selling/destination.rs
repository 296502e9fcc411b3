//! The choice of the site that goods go to, where a site sends goods to others.

use web_sys::HtmlSelectElement;
use yew::prelude::*;

use crate::ui::use_loaded::{Loaded, use_loaded};
use crate::use_book::{use_book, use_book_version};
use crate::words::faults_in_words::store_fault;
use crate::words::language::t;

/// The sites that this one sends goods to.
#[hook]
pub(super) fn use_destinations() -> Vec<String> {
    let (book, version) = (use_book(), use_book_version());
    let sites = use_loaded((), version, move |()| async move {
        book.send_to().await.map_err(|error| store_fault(&error))
    });
    // A store that cannot be read is reported elsewhere; goods can be sold without this list.
    if let Loaded::Ready(sites) = sites { sites.as_ref().clone() } else { Vec::new() }
}

/// The field to choose one; nothing where goods are only sold.
pub(super) fn destination(sites: &[String], chosen: &UseStateHandle<Option<String>>) -> Html {
    if sites.is_empty() {
        return Html::default();
    }
    let onchange = {
        let chosen = chosen.clone();
        Callback::from(move |event: Event| {
            let select = event.target_dyn_into::<HtmlSelectElement>();
            chosen.set(select.map(|select| select.value()).filter(|site| !site.is_empty()));
        })
    };
    let option = |site: &String| {
        html! { <option value={site.clone()} selected={chosen.as_ref() == Some(site)} translate="no">{ site }</option> }
    };
    html! {
        <div class="field">
            <label for="destination">{ t("Goods go to") }</label>
            <select id="destination" {onchange} data-test="destination">
                <option value="" selected={chosen.is_none()}>{ t("A customer") }</option>
                { for sites.iter().map(option) }
            </select>
        </div>
    }
}
