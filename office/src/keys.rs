//! The keys of other systems at a site.

use office_model::messages::{KeyItem, NewKeyRequest, SecretAnswer};
use yew::prelude::*;

use crate::acting::{fault_line, use_act};
use crate::ask::{self, Act, encoded};
use crate::devices::act;
use crate::dialog::{Confirm, Dialog, SecretDialog, dialog_buttons};
use crate::frame::SiteHead;
use crate::loaded::{use_loaded, when_loaded};
use crate::parts::{Field, boxes, empty, submitted, table};
use crate::times::{shown, shown_or_never};
use crate::words::{t, tf};

/// The scopes of keys, by the server's names.
const SCOPES: [&str; 9] = [
    "products:read",
    "products:write",
    "lots:read",
    "lots:write",
    "movements:read",
    "deliveries:read",
    "deliveries:write",
    "orders:read",
    "orders:write",
];

/// The dialog that is open.
#[derive(Clone, PartialEq)]
enum Open {
    Add,
    Secret(String),
    Revoke(KeyItem),
}

#[derive(Properties, PartialEq)]
pub(crate) struct KeysProps {
    pub(crate) site: String,
}

/// The list of keys.
#[component]
pub(crate) fn KeysPage(props: &KeysProps) -> Html {
    let path = format!("sites/{}/keys", encoded(&props.site));
    let (keys, reload) = use_loaded::<Vec<KeyItem>>(path.clone());
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
    let revoke =
        |key: &KeyItem| act(t("Revoke"), (&key.name, ""), set(Some(Open::Revoke(key.clone()))), "revoke");
    html! {
        <section class="page" data-test="keys-page">
            <SiteHead site={props.site.clone()}>
                <button type="button" class="button strong" onclick={set(Some(Open::Add))} data-test="add-key">{ t("Add a key") }</button>
            </SiteHead>
            { when_loaded(&keys, &reload, |keys| view(keys, revoke)) }
            { match &*open {
                None => Html::default(),
                Some(Open::Add) => html! { <Add {path} {on_made} on_close={close} /> },
                Some(Open::Secret(secret)) => html! {
                    <SecretDialog title={t("The new key")} secret={secret.clone()} on_close={close} />
                },
                Some(Open::Revoke(key)) => html! {
                    <Confirm title={tf("Revoke {name}?", &[("name", &key.name)])}
                        text={t("The other system's next request is refused.")}
                        word={t("Revoke")} path={format!("{path}/{}", key.key)}
                        on_done={close.clone()} on_close={close} />
                },
            } }
        </section>
    }
}

fn view(keys: &[KeyItem], revoke: impl Fn(&KeyItem) -> Html) -> Html {
    if keys.is_empty() {
        return empty(t("No other system has a key."));
    }
    let row = |key: &KeyItem| {
        vec![
            html! { <b translate="no">{ &key.name }</b> },
            html! { <span translate="no">{ key.scopes.join(", ") }</span> },
            shown(key.created_at).into(),
            shown_or_never(key.last_used_at).into(),
            revoke(key),
        ]
    };
    let columns = [t("Name"), t("May do"), t("Made"), t("Last used"), t("Actions")];
    table(t("Keys"), &columns, keys.iter().map(row).collect(), "keys")
}

#[derive(Properties, PartialEq)]
struct AddProps {
    path: String,
    on_made: Callback<String>,
    on_close: Callback<()>,
}

/// Makes a key.
#[component]
fn Add(props: &AddProps) -> Html {
    let (name, scopes) = (use_state(String::new), use_state(Vec::<String>::new));
    let (acting, actor) = use_act();
    let onsubmit = {
        let (path, name, scopes, on_made) =
            (props.path.clone(), name.clone(), scopes.clone(), props.on_made.clone());
        submitted(move || {
            if name.trim().is_empty() || scopes.is_empty() {
                actor.refuse(t("Enter a name and choose at least one box."));
                return;
            }
            let body = NewKeyRequest { name: (*name).clone(), scopes: (*scopes).clone() };
            let (path, on_made) = (path.clone(), on_made.clone());
            let asked = async move { ask::send::<SecretAnswer>(Act::Post, &path, &body).await };
            actor.run(asked, move |answer| on_made.emit(answer.secret));
        })
    };
    html! {
        <Dialog title={t("Add a key")} on_close={&props.on_close} test="key-dialog">
            <form {onsubmit}>
                { Field { id: "key-name", label: t("Name of the other system"), kind: "text", fill: "off", hint: t("Such as ERP: the author of what it books."), value: &name }.view() }
                { boxes(t("It may"), &SCOPES, &scopes) }
                { fault_line(&acting) }
                { dialog_buttons(t("Add a key"), "strong", &acting, &props.on_close) }
            </form>
        </Dialog>
    }
}
