//! The log of what accounts did.

use std::rc::Rc;

use office_model::messages::{LogAnswer, LogItem};
use yew::prelude::*;

use crate::acting::{fault_line, use_act};
use crate::ask::{self, encoded};
use crate::frame::SiteHead;
use crate::loaded::{use_loaded, when_loaded};
use crate::parts::{Head, empty, table};
use crate::times::shown;
use crate::words::t;

#[derive(Properties, PartialEq)]
pub(crate) struct LogProps {
    /// None for the company's log.
    #[prop_or_default]
    pub(crate) site: Option<String>,
}

/// The log of a site, or of the company.
#[component]
pub(crate) fn LogPage(props: &LogProps) -> Html {
    let path = match &props.site {
        Some(site) => format!("log?site={}", encoded(site)),
        None => "log?".to_owned(),
    };
    let (log, reload) = use_loaded::<LogAnswer>(path.clone());
    // The parts loaded after the first one.
    let older = use_state(|| Rc::new(LogAnswer { entries: Vec::new(), more: true }));
    let (acting, actor) = use_act();
    let more = |last: &LogItem| {
        let path = format!("{path}&at={}&before={}", last.at.0, last.id);
        let (older, actor) = (older.clone(), actor.clone());
        Callback::from(move |_: MouseEvent| {
            let (path, older) = (path.clone(), older.clone());
            actor.run(async move { ask::get::<LogAnswer>(&path).await }, move |next| {
                let entries = older.entries.iter().cloned().chain(next.entries).collect();
                older.set(Rc::new(LogAnswer { entries, more: next.more }));
            });
        })
    };
    let view = |first: &LogAnswer| {
        let entries: Vec<&LogItem> = first.entries.iter().chain(&older.entries).collect();
        let has_more = first.more && older.more;
        let last = entries.last().copied();
        html! {
            <>
                { rows(&entries, props.site.is_none()) }
                if let Some(last) = last.filter(|_| has_more) {
                    <button type="button" class="button" onclick={more(last)} disabled={acting.is_waiting} data-test="older">{ t("Show older") }</button>
                }
            </>
        }
    };
    html! {
        <section class="page" data-test="log-page">
            { match &props.site {
                Some(site) => html! { <SiteHead site={site.clone()} /> },
                None => html! { <Head title={t("Log")} /> },
            } }
            { fault_line(&acting) }
            { when_loaded(&log, &reload, view) }
        </section>
    }
}

fn rows(entries: &[&LogItem], has_sites: bool) -> Html {
    if entries.is_empty() {
        return empty(t("Nothing has been done here yet."));
    }
    let mut columns = vec![t("When"), t("Who"), t("What"), t("About")];
    if has_sites {
        columns.push(t("Site"));
    }
    let row = |item: &&LogItem| {
        let login: Html = if item.login.is_empty() && item.act == "sign_in_failed" {
            t("Unknown name").into()
        } else if item.login.is_empty() {
            t("Command line").into()
        } else {
            html! { <b translate="no">{ &item.login }</b> }
        };
        vec![
            shown(item.at).into(),
            login,
            act_words(&item.act).into(),
            html! { <span class="office-url" translate="no">{ &item.subject }</span> },
            html! { <span translate="no">{ item.site.clone().unwrap_or_default() }</span> },
        ]
    };
    table(t("Log"), &columns, entries.iter().map(row).collect(), "log")
}

/// An act in words. Those of a later server are shown as it names them.
fn act_words(act: &str) -> String {
    match act {
        "account_added" => t("Added an account"),
        "account_closed" => t("Closed an account"),
        "link_made" => t("Made a link for a password"),
        "password_set" => t("Set the password"),
        "signed_in" => t("Signed in"),
        "signed_out" => t("Signed out"),
        "sign_in_failed" => t("Sign-in failed"),
        "device_code_made" => t("Made a link for a device"),
        "device_renamed" => t("Renamed a device"),
        "device_revoked" => t("Revoked a device"),
        "key_added" => t("Added a key"),
        "key_revoked" => t("Revoked a key"),
        "webhook_added" => t("Added a webhook"),
        "webhook_retried" => t("Retried a webhook"),
        "webhook_removed" => t("Deleted a webhook"),
        "person_added" => t("Added a person"),
        "person_changed" => t("Changed a person"),
        "people_imported" => t("Imported people"),
        "setting_changed" => t("Changed a setting"),
        "site_added" => t("Added a site"),
        other => return other.to_owned(),
    }
    .to_owned()
}
