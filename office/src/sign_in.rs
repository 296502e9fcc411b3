//! The entrance: a password, or the first one by a link.

use office_model::messages::{MIN_PASSWORD_CHARS, MeAnswer, PasswordRequest, SignInRequest};
use yew::prelude::*;
use yew_router::prelude::use_navigator;

use crate::acting::{fault_line, use_act};
use crate::ask::{self, Act};
use crate::parts::{Field, Head, submitted};
use crate::route::Route;
use crate::session::use_session;
use crate::words::{t, tf};

/// Signs in with a password.
#[component]
pub(crate) fn SignInPage() -> Html {
    let (login, password) = (use_state(String::new), use_state(String::new));
    let (acting, actor) = use_act();
    let session = use_session();
    let onsubmit = {
        let (login, password) = (login.clone(), password.clone());
        submitted(move || {
            let body = SignInRequest { login: (*login).clone(), password: (*password).clone() };
            let change = session.change.clone();
            let asked = async move { ask::send::<MeAnswer>(Act::Post, "sign-in", &body).await };
            actor.run(asked, move |me| change.emit(Some(me)));
        })
    };
    html! {
        <section class="page office-entrance" data-test="sign-in-page">
            <Head title={t("Sign in to the office")} />
            <form class="card fields" {onsubmit}>
                { Field { id: "login", label: t("Login name"), kind: "text", fill: "username", hint: "", value: &login }.view() }
                { Field { id: "password", label: t("Password"), kind: "password", fill: "current-password", hint: "", value: &password }.view() }
                { fault_line(&acting) }
                <button type="submit" class="button strong" disabled={acting.is_waiting} data-test="sign-in">{ t("Sign in") }</button>
                <p class="muted">{ t("No password, or lost it? Ask an admin for a new link.") }</p>
            </form>
        </section>
    }
}

/// The secret of the link, from the part of the address that browsers do not send.
fn secret_of_link() -> String {
    let hash = web_sys::window().and_then(|window| window.location().hash().ok()).unwrap_or_default();
    hash.trim_start_matches('#').to_owned()
}

/// Sets a password by a one-time link.
#[component]
pub(crate) fn PasswordPage() -> Html {
    // The address loses it below.
    let secret = use_state(secret_of_link);
    let (password, again) = (use_state(String::new), use_state(String::new));
    let (acting, actor) = use_act();
    let (session, navigator) = (use_session(), use_navigator());
    let onsubmit = {
        let (password, again) = (password.clone(), again.clone());
        submitted(move || {
            if password.chars().count() < MIN_PASSWORD_CHARS {
                actor.refuse(t("Use at least 12 characters, and not the login name."));
                return;
            }
            if password != again {
                actor.refuse(t("The two passwords differ. Enter the same one twice."));
                return;
            }
            let body = PasswordRequest { link: (*secret).clone(), password: (*password).clone() };
            let (change, navigator) = (session.change.clone(), navigator.clone());
            let asked = async move { ask::send::<MeAnswer>(Act::Post, "password", &body).await };
            actor.run(asked, move |me| {
                change.emit(Some(me));
                // In place of the address with the secret.
                if let Some(navigator) = navigator {
                    navigator.replace(&Route::Sites);
                }
            });
        })
    };
    let hint = tf("At least {n} characters.", &[("n", &MIN_PASSWORD_CHARS)]);
    html! {
        <section class="page office-entrance" data-test="password-page">
            <Head title={t("Set your password")} />
            <form class="card fields" {onsubmit}>
                <p class="muted">{ hint }</p>
                { Field { id: "new-password", label: t("New password"), kind: "password", fill: "new-password", hint: "", value: &password }.view() }
                { Field { id: "again", label: t("New password, again"), kind: "password", fill: "new-password", hint: "", value: &again }.view() }
                { fault_line(&acting) }
                <button type="submit" class="button strong" disabled={acting.is_waiting} data-test="set-password">{ t("Set password and sign in") }</button>
            </form>
        </section>
    }
}
