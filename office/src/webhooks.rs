//! The webhooks of a site.

use office_model::messages::{NewWebhookRequest, SecretAnswer, WebhookItem};
use yew::prelude::*;

use crate::acting::{fault_line, use_act};
use crate::ask::{self, Act, encoded};
use crate::devices::act;
use crate::dialog::{Confirm, Dialog, SecretDialog, dialog_buttons};
use crate::frame::SiteHead;
use crate::loaded::{use_loaded, when_loaded};
use crate::parts::{Field, boxes, empty, submitted, table};
use crate::times::shown_or_never;
use crate::words::{t, tf};

/// Kinds of events, as the server names them.
const EVENTS: [&str; 4] = ["product.changed", "delivery.changed", "movement.booked", "order.booked"];

/// The dialog that is open.
#[derive(Clone, PartialEq)]
enum Open {
    Add,
    Secret(String),
    Remove(WebhookItem),
}

#[derive(Properties, PartialEq)]
pub(crate) struct WebhooksProps {
    pub(crate) site: String,
}

/// The list of webhooks.
#[component]
pub(crate) fn WebhooksPage(props: &WebhooksProps) -> Html {
    let path = format!("sites/{}/webhooks", encoded(&props.site));
    let (webhooks, reload) = use_loaded::<Vec<WebhookItem>>(path.clone());
    let (acting, actor) = use_act();
    let open = use_state(|| None::<Open>);
    let set = |to: Option<Open>| {
        let open = open.clone();
        Callback::from(move |_: MouseEvent| open.set(to.clone()))
    };
    let close = {
        let (open, reload) = (open.clone(), reload.clone());
        Callback::from(move |()| {
            open.set(None);
            reload.emit(());
        })
    };
    let on_made = {
        let open = open.clone();
        Callback::from(move |secret: String| open.set(Some(Open::Secret(secret))))
    };
    let acts = |hook: &WebhookItem| {
        let (actor, reload) = (actor.clone(), reload.clone());
        let retry_path = format!("{path}/{}/retry", hook.id);
        let retry = Callback::from(move |_: MouseEvent| {
            let (path, reload) = (retry_path.clone(), reload.clone());
            actor.run(async move { ask::act(Act::Post, &path).await }, move |()| reload.emit(()));
        });
        html! {
            <span class="office-acts">
                if hook.failures > 0 {
                    { act(t("Try again"), (&hook.url, ""), retry, "retry") }
                }
                { act(t("Delete"), (&hook.url, ""), set(Some(Open::Remove(hook.clone()))), "remove") }
            </span>
        }
    };
    html! {
        <section class="page" data-test="webhooks-page">
            <SiteHead site={props.site.clone()}>
                <button type="button" class="button strong" onclick={set(Some(Open::Add))} data-test="add-webhook">{ t("Add a webhook") }</button>
            </SiteHead>
            { fault_line(&acting) }
            { when_loaded(&webhooks, &reload, |webhooks| view(webhooks, acts)) }
            { match &*open {
                None => Html::default(),
                Some(Open::Add) => html! { <Add path={path.clone()} {on_made} on_close={close} /> },
                Some(Open::Secret(secret)) => html! {
                    <SecretDialog title={t("The new webhook")} secret={secret.clone()} on_close={close} />
                },
                Some(Open::Remove(hook)) => html! {
                    <Confirm title={t("Delete this webhook?")} text={tf("Nothing more is sent to {url}.", &[("url", &hook.url)])}
                        word={t("Delete")} path={format!("{path}/{}", hook.id)}
                        on_done={close.clone()} on_close={close} />
                },
            } }
        </section>
    }
}

fn view(webhooks: &[WebhookItem], acts: impl Fn(&WebhookItem) -> Html) -> Html {
    if webhooks.is_empty() {
        return empty(t("No webhook tells another system what is booked."));
    }
    let row = |hook: &WebhookItem| {
        let (tone, word) = match (hook.dead_at, hook.failures) {
            (Some(_), _) => ("tone-attention", t("Given up")),
            (None, 0) => ("tone-good", t("Active")),
            (None, _) => ("tone-waiting", t("Failing")),
        };
        vec![
            html! { <b class="office-url" translate="no">{ &hook.url }</b> },
            html! { <span translate="no">{ hook.events.join(", ") }</span> },
            html! { <><span class={classes!("chip", tone)}>{ word }</span><span class="muted office-url">{ &hook.last_error }</span></> },
            hook.pending.into(),
            shown_or_never(hook.delivered_at).into(),
            acts(hook),
        ]
    };
    let columns = [t("Address"), t("Events"), t("State"), t("Waiting"), t("Last success"), t("Actions")];
    table(t("Webhooks"), &columns, webhooks.iter().map(row).collect(), "webhooks")
}

#[derive(Properties, PartialEq)]
struct AddProps {
    path: String,
    on_made: Callback<String>,
    on_close: Callback<()>,
}

/// Makes a webhook.
#[component]
fn Add(props: &AddProps) -> Html {
    let (url, events) = (use_state(String::new), use_state(Vec::<String>::new));
    let (acting, actor) = use_act();
    let onsubmit = {
        let (path, url, events, on_made) =
            (props.path.clone(), url.clone(), events.clone(), props.on_made.clone());
        submitted(move || {
            if events.is_empty() {
                actor.refuse(t("Choose at least one event."));
                return;
            }
            let body = NewWebhookRequest { url: (*url).clone(), events: (*events).clone() };
            let (path, on_made) = (path.clone(), on_made.clone());
            let asked = async move { ask::send::<SecretAnswer>(Act::Post, &path, &body).await };
            actor.run(asked, move |answer| on_made.emit(answer.secret));
        })
    };
    html! {
        <Dialog title={t("Add a webhook")} on_close={&props.on_close} test="webhook-dialog">
            <form {onsubmit}>
                { Field { id: "webhook-url", label: t("Address"), kind: "url", fill: "off", hint: t("Where events are sent, such as https://erp.example/hook."), value: &url }.view() }
                { boxes(t("It is told"), &EVENTS, &events) }
                { fault_line(&acting) }
                { dialog_buttons(t("Add a webhook"), "strong", &acting, &props.on_close) }
            </form>
        </Dialog>
    }
}
