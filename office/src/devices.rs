//! The devices of a site: listed, connected, renamed and revoked.

use office_model::messages::{ConnectAnswer, DeviceItem, DeviceNameRequest};
use office_model::roles::OfficeRoute;
use yew::prelude::*;

use crate::acting::{fault_line, use_act};
use crate::ask::{self, Act, encoded};
use crate::dialog::{Confirm, Dialog, dialog_buttons};
use crate::frame::SiteHead;
use crate::loaded::{use_loaded, when_loaded};
use crate::parts::{Field, empty, submitted, table};
use crate::qr::qr;
use crate::session::use_session;
use crate::times::{clock_words, shown};
use crate::words::{t, tf};

/// The dialog that is open.
#[derive(Clone, PartialEq)]
enum Open {
    Connect,
    Rename(DeviceItem),
    Revoke(DeviceItem),
}

#[derive(Properties, PartialEq)]
pub(crate) struct DevicesProps {
    pub(crate) site: String,
}

/// The list of devices.
#[component]
pub(crate) fn DevicesPage(props: &DevicesProps) -> Html {
    let site = &props.site;
    let path = format!("sites/{}/devices", encoded(site));
    let (devices, reload) = use_loaded::<Vec<DeviceItem>>(path.clone());
    let session = use_session();
    let open = use_state(|| None::<Open>);
    let set = |to: Option<Open>| {
        let open = open.clone();
        Callback::from(move |_: MouseEvent| open.set(to.clone()))
    };
    let may = |route| session.may(route, site);
    let acts = |device: &DeviceItem| {
        let names = (&*device.name, &*device.prefix);
        html! {
            <span class="office-acts">
                if may(OfficeRoute::RenameDevice) {
                    { act(t("Rename"), names, set(Some(Open::Rename(device.clone()))), "rename") }
                }
                if may(OfficeRoute::RevokeDevice) {
                    { act(t("Revoke"), names, set(Some(Open::Revoke(device.clone()))), "revoke") }
                }
            </span>
        }
    };
    let close = {
        let (open, reload) = (open.clone(), reload.clone());
        Callback::from(move |()| {
            open.set(None);
            reload.emit(());
        })
    };
    html! {
        <section class="page" data-test="devices-page">
            <SiteHead site={site.clone()}>
                if may(OfficeRoute::ConnectDevice) {
                    <button type="button" class="button strong" onclick={set(Some(Open::Connect))} data-test="connect">{ t("Connect a device") }</button>
                }
            </SiteHead>
            { when_loaded(&devices, &reload, |devices| view(devices, acts)) }
            { match &*open {
                None => Html::default(),
                Some(Open::Connect) => html! { <Connect {path} on_close={close} /> },
                Some(Open::Rename(device)) => html! { <Rename {path} device={device.clone()} on_close={close} /> },
                Some(Open::Revoke(device)) => html! {
                    <Confirm title={tf("Revoke {name}?", &[("name", &device.name)])}
                        text={t("The device can't sync any more. Work that it hasn't sent stays on it.")}
                        word={t("Revoke")} path={format!("{path}/{}", device.device)}
                        on_done={close.clone()} on_close={close} />
                },
            } }
        </section>
    }
}

/// A small button of a row; its name says which row.
pub(crate) fn act(
    word: &'static str,
    (name, short): (&str, &str),
    onclick: Callback<MouseEvent>,
    test: &'static str,
) -> Html {
    html! {
        <button type="button" class="button quiet" {onclick} aria-label={format!("{word}: {name} {short}")} data-test={test}>{ word }</button>
    }
}

fn view(devices: &[DeviceItem], acts: impl Fn(&DeviceItem) -> Html) -> Html {
    if devices.is_empty() {
        return empty(t("No device is connected. Connect the first one."));
    }
    let row = |device: &DeviceItem| {
        let clock = match clock_words(device.clock_ahead_millis) {
            Some(off) => html! { <span class="chip tone-waiting">{ off }</span> },
            None => t("Right").into(),
        };
        vec![
            html! { <span translate="no">{ &device.prefix }</span> },
            html! { <b translate="no">{ &device.name }</b> },
            shown(device.last_seen_at).into(),
            clock,
            acts(device),
        ]
    };
    let columns = [t("Short name"), t("Name"), t("Last contact"), t("Clock"), t("Actions")];
    table(t("Devices"), &columns, devices.iter().map(row).collect(), "devices")
}

#[derive(Properties, PartialEq)]
struct ConnectProps {
    path: String,
    on_close: Callback<()>,
}

/// Makes a one-time link, and shows it as a QR code.
#[component]
fn Connect(props: &ConnectProps) -> Html {
    let name = use_state(String::new);
    let made = use_state(|| None::<ConnectAnswer>);
    let (acting, actor) = use_act();
    let onsubmit = {
        let (path, name, made) = (props.path.clone(), name.clone(), made.clone());
        submitted(move || {
            let (path, body) = (path.clone(), DeviceNameRequest { name: (*name).clone() });
            let made = made.clone();
            let asked = async move { ask::send(Act::Post, &path, &body).await };
            actor.run(asked, move |answer| made.set(Some(answer)));
        })
    };
    let body = match &*made {
        None => html! {
            <form {onsubmit}>
                { Field { id: "device-name", label: t("Name of the device"), kind: "text", fill: "off", hint: t("Such as Forklift 2. May be empty."), value: &name }.view() }
                { fault_line(&acting) }
                { dialog_buttons(t("Make a link"), "strong", &acting, &props.on_close) }
            </form>
        },
        Some(answer) => {
            let origin = web_sys::window().and_then(|window| window.location().origin().ok());
            let link = format!("{}{}", origin.unwrap_or_default(), answer.path);
            let onclick = props.on_close.reform(|_: MouseEvent| ());
            html! {
                <>
                    <p>{ t("Scan this code with the device, or open the link there. It connects one device.") }</p>
                    { qr(&link, t("The link as a QR code")) }
                    <p class="office-secret" translate="no" tabindex="0" data-test="connect-link">{ link }</p>
                    <p>{ t("Code to type:") }{ " " }<b class="code" translate="no" data-test="connect-code">{ &answer.code }</b></p>
                    <p class="muted">{ tf("Valid until {time}.", &[("time", &shown(answer.expires_at))]) }</p>
                    <button type="button" class="button strong" {onclick} data-test="connect-done">{ t("Done") }</button>
                </>
            }
        }
    };
    html! { <Dialog title={t("Connect a device")} on_close={&props.on_close} test="connect-dialog">{ body }</Dialog> }
}

#[derive(Properties, PartialEq)]
struct RenameProps {
    path: String,
    device: DeviceItem,
    on_close: Callback<()>,
}

/// Gives a device another name.
#[component]
fn Rename(props: &RenameProps) -> Html {
    let name = use_state(|| props.device.name.clone());
    let (acting, actor) = use_act();
    let onsubmit = {
        let path = format!("{}/{}", props.path, props.device.device);
        let (name, on_close) = (name.clone(), props.on_close.clone());
        submitted(move || {
            let (path, body) = (path.clone(), DeviceNameRequest { name: (*name).clone() });
            let on_close = on_close.clone();
            actor.run(async move { ask::put(Act::Patch, &path, &body).await }, move |()| on_close.emit(()));
        })
    };
    html! {
        <Dialog title={tf("Rename {name}", &[("name", &props.device.name)])} on_close={&props.on_close} test="rename-dialog">
            <form {onsubmit}>
                { Field { id: "new-name", label: t("Name of the device"), kind: "text", fill: "off", hint: "", value: &name }.view() }
                { fault_line(&acting) }
                { dialog_buttons(t("Rename"), "strong", &acting, &props.on_close) }
            </form>
        </Dialog>
    }
}
