//! The settings of a site that limit work.

use office_model::messages::{SettingItem, SettingRequest};
use office_model::roles::OfficeRoute;
use yew::prelude::*;

use crate::acting::{fault_line, use_act};
use crate::ask::{self, Act, encoded};
use crate::devices::act;
use crate::dialog::{Dialog, dialog_buttons};
use crate::frame::SiteHead;
use crate::loaded::{use_loaded, when_loaded};
use crate::parts::{Field, submitted, table};
use crate::session::use_session;
use crate::words::t;

#[derive(Properties, PartialEq)]
pub(crate) struct SettingsProps {
    pub(crate) site: String,
}

/// The list of settings.
#[component]
pub(crate) fn SettingsPage(props: &SettingsProps) -> Html {
    let path = format!("sites/{}/settings", encoded(&props.site));
    let (settings, reload) = use_loaded::<Vec<SettingItem>>(path.clone());
    let may_change = use_session().may(OfficeRoute::ChangeSetting, &props.site);
    let open = use_state(|| None::<SettingItem>);
    let close = {
        let (open, reload) = (open.clone(), reload.clone());
        Callback::from(move |()| {
            open.set(None);
            reload.emit(());
        })
    };
    let row = |item: &SettingItem| {
        let (title, help) = words(&item.name);
        let change = {
            let (open, item) = (open.clone(), item.clone());
            Callback::from(move |_: MouseEvent| open.set(Some(item.clone())))
        };
        vec![
            html! { <span><b>{ title }</b><br /><span class="muted">{ help }</span></span> },
            if item.value.is_empty() {
                html! { <span class="muted">{ t("Not set") }</span> }
            } else {
                html! { <span translate="no" data-test={item.name.clone()}>{ &item.value }</span> }
            },
            html! { if may_change { { act(t("Change"), (title, ""), change, "change-setting") } } },
        ]
    };
    let columns = [t("Setting"), t("Value"), t("Actions")];
    let view = |items: &Vec<SettingItem>| {
        table(t("Settings"), &columns, items.iter().map(row).collect(), "settings")
    };
    html! {
        <section class="page" data-test="settings-page">
            <SiteHead site={props.site.clone()} />
            { when_loaded(&settings, &reload, view) }
            if let Some(item) = &*open {
                <Change path={format!("{path}/{}", item.name)} item={item.clone()} on_close={close} />
            }
        </section>
    }
}

/// A setting's title, and how its values are typed.
fn words(name: &str) -> (&'static str, &'static str) {
    match name {
        "lock_minutes" => (t("Lock after"), t("Minutes without a touch or a scan; 0 for never.")),
        "adjust_limit" => {
            (t("Largest correction"), t("What a worker corrects alone, in units; empty for any."))
        }
        "below_price" => (
            t("Sale below the price"),
            t("The least role that may do it alone: worker, lead, supervisor or admin."),
        ),
        "blocked_lot" => (
            t("Goods that are set aside"),
            t("The least role that takes them alone: worker, lead, supervisor or admin."),
        ),
        "send_to" => (t("Goods go to"), t("The sites that this one sends goods to, separated by commas.")),
        _ => (t("Another setting"), t("Update the page to see what it does.")),
    }
}

#[derive(Properties, PartialEq)]
struct ChangeProps {
    path: String,
    item: SettingItem,
    on_close: Callback<()>,
}

/// Changes a setting.
#[component]
fn Change(props: &ChangeProps) -> Html {
    let value = use_state(|| props.item.value.clone());
    let (acting, actor) = use_act();
    let onsubmit = {
        let (path, value, on_close) = (props.path.clone(), value.clone(), props.on_close.clone());
        submitted(move || {
            let body = SettingRequest { value: (*value).clone() };
            let (path, on_close) = (path.clone(), on_close.clone());
            let asked = async move { ask::put(Act::Patch, &path, &body).await };
            actor.run(asked, move |()| on_close.emit(()));
        })
    };
    let (title, hint) = words(&props.item.name);
    html! {
        <Dialog {title} on_close={&props.on_close} test="setting-dialog">
            <form {onsubmit}>
                { Field { id: "setting-value", label: t("Value"), kind: "text", fill: "off", hint, value: &value }.view() }
                { fault_line(&acting) }
                { dialog_buttons(t("Save"), "strong", &acting, &props.on_close) }
            </form>
        </Dialog>
    }
}
