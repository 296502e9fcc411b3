//! The accounts of the office.

use office_model::messages::{AccountItem, LinkAnswer, NewAccountRequest, SiteItem};
use office_model::roles::{AccountRole, Grant, Grants};
use yew::prelude::*;

use crate::acting::{fault_line, use_act};
use crate::ask::{self, Act};
use crate::devices::act;
use crate::dialog::{Confirm, Dialog, dialog_buttons};
use crate::loaded::{Loaded, use_loaded, when_loaded};
use crate::parts::{Field, Head, choice, submitted, table};
use crate::times::shown;
use crate::words::{t, tf};

/// The dialog that is open.
#[derive(Clone, PartialEq)]
enum Open {
    Add,
    Link(LinkAnswer),
    Close(AccountItem),
}

/// The list of accounts.
#[component]
pub(crate) fn AccountsPage() -> Html {
    let (accounts, reload) = use_loaded::<Vec<AccountItem>>("accounts".to_owned());
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
        Callback::from(move |answer: LinkAnswer| open.set(Some(Open::Link(answer))))
    };
    let acts = |item: &AccountItem| {
        let (actor, on_made) = (actor.clone(), on_made.clone());
        let path = format!("accounts/{}/link", item.account);
        let link = Callback::from(move |_: MouseEvent| {
            let (path, on_made) = (path.clone(), on_made.clone());
            let asked = async move { ask::send::<LinkAnswer>(Act::Post, &path, &()).await };
            actor.run(asked, move |answer| on_made.emit(answer));
        });
        html! {
            <span class="office-acts">
                { act(t("New link"), (&item.login, ""), link, "link-account") }
                if !item.is_own {
                    { act(t("Close"), (&item.login, ""), set(Some(Open::Close(item.clone()))), "close-account") }
                }
            </span>
        }
    };
    html! {
        <section class="page" data-test="accounts-page">
            <Head title={t("Accounts")}>
                <button type="button" class="button strong" onclick={set(Some(Open::Add))} data-test="add-account">{ t("Add an account") }</button>
            </Head>
            { fault_line(&acting) }
            { when_loaded(&accounts, &reload, |accounts| view(accounts, acts)) }
            { match &*open {
                None => Html::default(),
                Some(Open::Add) => html! { <Add {on_made} on_close={close} /> },
                Some(Open::Link(answer)) => link_dialog(answer, close),
                Some(Open::Close(item)) => html! {
                    <Confirm title={tf("Close the account {name}?", &[("name", &item.login)])}
                        text={t("It is signed out everywhere. Its name stays taken, because the log has it.")}
                        word={t("Close")} path={format!("accounts/{}", item.account)}
                        on_done={close.clone()} on_close={close} />
                },
            } }
        </section>
    }
}

/// The link, for whoever gets the account.
fn link_dialog(answer: &LinkAnswer, on_close: Callback<()>) -> Html {
    let origin = web_sys::window().and_then(|window| window.location().origin().ok());
    let link = format!("{}{}", origin.unwrap_or_default(), answer.path);
    let onclick = on_close.reform(|_: MouseEvent| ());
    html! {
        <Dialog title={t("Link for a password")} {on_close} test="link-dialog">
            <p>{ t("Send this link to the person. It sets a password, once.") }</p>
            <p class="office-secret" translate="no" tabindex="0" data-test="account-link">{ link }</p>
            <p class="muted">{ tf("Valid until {time}.", &[("time", &shown(answer.expires_at))]) }</p>
            <button type="button" class="button strong" {onclick} data-test="link-done">{ t("Done") }</button>
        </Dialog>
    }
}

/// A role in words.
fn role_words(role: AccountRole) -> &'static str {
    match role {
        AccountRole::Viewer => t("Viewer"),
        AccountRole::Supervisor => t("Supervisor"),
        AccountRole::Admin => t("Admin"),
    }
}

fn view(accounts: &[AccountItem], acts: impl Fn(&AccountItem) -> Html) -> Html {
    let grant = |Grant { site, role }: &Grant| {
        let site = match site {
            Some(site) => html! { <span translate="no">{ site }</span> },
            None => html! { { t("every site") } },
        };
        html! { <li>{ role_words(*role) }{ " · " }{ site }</li> }
    };
    let row = |item: &AccountItem| {
        vec![
            html! { <b translate="no">{ &item.login }</b> },
            html! { <ul>{ for item.grants.0.iter().map(grant) }</ul> },
            if item.has_password {
                html! { <span class="chip tone-good">{ t("Set") }</span> }
            } else {
                html! { <span class="chip tone-waiting">{ t("Not set yet") }</span> }
            },
            shown(item.created_at).into(),
            acts(item),
        ]
    };
    let columns = [t("Login name"), t("Roles"), t("Password"), t("Made"), t("Actions")];
    table(t("Accounts"), &columns, accounts.iter().map(row).collect(), "accounts")
}

#[derive(Properties, PartialEq)]
struct AddProps {
    on_made: Callback<LinkAnswer>,
    on_close: Callback<()>,
}

/// Adds an account with a role at a site, or at every site.
#[component]
fn Add(props: &AddProps) -> Html {
    let (login, role, site) =
        (use_state(String::new), use_state(|| AccountRole::Viewer), use_state(String::new));
    let (sites, _) = use_loaded::<Vec<SiteItem>>("sites".to_owned());
    let (acting, actor) = use_act();
    let onsubmit = {
        let (login, role, site, on_made) = (login.clone(), role.clone(), site.clone(), props.on_made.clone());
        submitted(move || {
            let site = Some((*site).clone()).filter(|site| !site.is_empty());
            let grants = Grants(vec![Grant { site, role: *role }]);
            let body = NewAccountRequest { login: (*login).clone(), grants };
            let on_made = on_made.clone();
            let asked = async move { ask::send::<LinkAnswer>(Act::Post, "accounts", &body).await };
            actor.run(asked, move |answer| on_made.emit(answer));
        })
    };
    let names: Vec<String> = match &*sites {
        Loaded::Here(sites) => sites.iter().map(|item| item.site.clone()).collect(),
        Loaded::Loading | Loaded::Failed(_) => Vec::new(),
    };
    let chosen_role = Callback::from({
        let role = role.clone();
        move |name: String| role.set(name.parse().unwrap_or(AccountRole::Viewer))
    });
    let chosen_site = Callback::from({
        let site = site.clone();
        move |name: String| site.set(name)
    });
    let roles: Vec<(String, Html)> =
        AccountRole::ALL.iter().map(|role| (role.name().to_owned(), role_words(*role).into())).collect();
    let every = (String::new(), t("every site").into());
    let places: Vec<(String, Html)> = std::iter::once(every)
        .chain(names.into_iter().map(|name| (name.clone(), html! { { name } })))
        .collect();
    html! {
        <Dialog title={t("Add an account")} on_close={&props.on_close} test="account-dialog">
            <form {onsubmit}>
                { Field { id: "account-login", label: t("Login name"), kind: "text", fill: "off", hint: t("Such as ada@shop.example."), value: &login }.view() }
                { choice("account-role", t("Role"), roles, role.name(), &chosen_role) }
                { choice("account-site", t("Site"), places, &site, &chosen_site) }
                { fault_line(&acting) }
                { dialog_buttons(t("Add an account"), "strong", &acting, &props.on_close) }
            </form>
        </Dialog>
    }
}
