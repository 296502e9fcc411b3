//! The people of a site.

use office_model::messages::{PeopleFileRequest, PeopleImportedAnswer, PersonItem, PersonRequest};
use office_model::roles::OfficeRoute;
use wasm_bindgen_futures::JsFuture;
use web_sys::{File, HtmlInputElement};
use yew::prelude::*;

use crate::acting::{fault_line, use_act};
use crate::ask::{self, Act, encoded};
use crate::devices::act;
use crate::dialog::{Dialog, dialog_buttons};
use crate::faults::Fault;
use crate::frame::SiteHead;
use crate::loaded::{use_loaded, when_loaded};
use crate::parts::{Field, choice, empty, submitted, table};
use crate::session::use_session;
use crate::words::{t, tf};

/// Bytes of a file of people.
const MAX_FILE_BYTES: f64 = 1_000_000.0;
/// Roles as the server names them.
const ROLES: [&str; 5] = ["viewer", "worker", "lead", "supervisor", "admin"];
/// Languages of screens.
const LANGUAGES: [(&str, &str); 4] =
    [("en", "English"), ("de", "Deutsch"), ("es", "Español"), ("ar", "العربية")];

/// The dialog that is open.
#[derive(Clone, PartialEq)]
enum Open {
    Add,
    Change(PersonItem),
    Import,
}

#[derive(Properties, PartialEq)]
pub(crate) struct PeopleProps {
    pub(crate) site: String,
}

/// The list of people.
#[component]
pub(crate) fn PeoplePage(props: &PeopleProps) -> Html {
    let path = format!("sites/{}/people", encoded(&props.site));
    let (people, reload) = use_loaded::<Vec<PersonItem>>(path.clone());
    let may_change = use_session().may(OfficeRoute::ChangePerson, &props.site);
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
    let acts = |person: &PersonItem| {
        let change = set(Some(Open::Change(person.clone())));
        html! { if may_change { { act(t("Change"), (&person.name, ""), change, "change-person") } } }
    };
    html! {
        <section class="page" data-test="people-page">
            <SiteHead site={props.site.clone()}>
                if may_change {
                    <button type="button" class="button" onclick={set(Some(Open::Import))} data-test="import-people">{ t("Import a file") }</button>
                    <button type="button" class="button strong" onclick={set(Some(Open::Add))} data-test="add-person">{ t("Add a person") }</button>
                }
            </SiteHead>
            { when_loaded(&people, &reload, |people| view(people, acts)) }
            { match &*open {
                None => Html::default(),
                Some(Open::Add) => html! { <Edit path={path.clone()} person={None::<PersonItem>} on_close={close} /> },
                Some(Open::Change(person)) => html! {
                    <Edit path={format!("{path}/{}", person.id)} person={Some(person.clone())} on_close={close} />
                },
                Some(Open::Import) => html! { <Import path={format!("{path}/import")} on_close={close} /> },
            } }
        </section>
    }
}

/// A role in words; that of a later server as it names it.
fn role_words(role: &str) -> String {
    match role {
        "viewer" => t("Viewer"),
        "worker" => t("Worker"),
        "lead" => t("Lead"),
        "supervisor" => t("Supervisor"),
        "admin" => t("Admin"),
        other => return other.to_owned(),
    }
    .to_owned()
}

fn view(people: &[PersonItem], acts: impl Fn(&PersonItem) -> Html) -> Html {
    if people.is_empty() {
        return empty(t(
            "Nobody is known here, so devices do not ask who is working. From the first person on, roles decide.",
        ));
    }
    let row = |person: &PersonItem| {
        let language = LANGUAGES.iter().find(|(code, _)| *code == person.language).map(|(_, name)| *name);
        let signs_in = match (person.has_badge, person.has_pin) {
            (true, true) => t("Badge and PIN"),
            (true, false) => t("Badge"),
            (false, true) => t("PIN"),
            (false, false) => t("Name alone"),
        };
        vec![
            html! { <b translate="no">{ &person.name }</b> },
            role_words(&person.role).into(),
            signs_in.into(),
            html! { <span translate="no">{ language.unwrap_or_default() }</span> },
            if person.active {
                html! { <span class="chip tone-good">{ t("Works here") }</span> }
            } else {
                html! { <span class="chip tone-waiting">{ t("Has left") }</span> }
            },
            acts(person),
        ]
    };
    let columns = [t("Name"), t("Role"), t("Signs in by"), t("Language"), t("State"), t("Actions")];
    table(t("People"), &columns, people.iter().map(row).collect(), "people")
}

#[derive(Properties, PartialEq)]
struct EditProps {
    path: String,
    /// None for a new one.
    person: Option<PersonItem>,
    on_close: Callback<()>,
}

/// Adds or changes a person. An empty badge or PIN of a known person changes nothing.
#[component]
fn Edit(props: &EditProps) -> Html {
    let known = props.person.clone();
    let of = |field: fn(&PersonItem) -> String, none: &str| known.as_ref().map_or(none.to_owned(), field);
    let name = use_state(|| of(|person| person.name.clone(), ""));
    let role = use_state(|| of(|person| person.role.clone(), "worker"));
    let language = use_state(|| of(|person| person.language.clone(), ""));
    let active = use_state(|| known.as_ref().is_none_or(|person| person.active));
    let (badge, pin) = (use_state(String::new), use_state(String::new));
    let (acting, actor) = use_act();
    let onsubmit = {
        let values =
            (name.clone(), role.clone(), language.clone(), active.clone(), badge.clone(), pin.clone());
        let (path, on_close) = (props.path.clone(), props.on_close.clone());
        let how = if known.is_some() { Act::Patch } else { Act::Post };
        submitted(move || {
            let (name, role, language, active, badge, pin) = &values;
            if name.trim().is_empty() {
                actor.refuse(t("Enter a name."));
                return;
            }
            let typed = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
            let body = PersonRequest {
                name: Some((**name).clone()),
                initials: None,
                badge: typed(badge),
                pin: typed(pin),
                language: Some((**language).clone()),
                role: Some((**role).clone()),
                active: Some(**active),
            };
            let (path, on_close) = (path.clone(), on_close.clone());
            let asked = async move { ask::put(how, &path, &body).await };
            actor.run(asked, move |()| on_close.emit(()));
        })
    };
    let chosen = |state: &UseStateHandle<String>| {
        let state = state.clone();
        Callback::from(move |value: String| state.set(value))
    };
    let works = Callback::from({
        let active = active.clone();
        move |value: String| active.set(value == "yes")
    });
    let roles = ROLES.iter().map(|role| ((*role).to_owned(), role_words(role).into())).collect();
    let devices = std::iter::once((String::new(), t("The device's").into()));
    let languages =
        devices.chain(LANGUAGES.iter().map(|(code, name)| ((*code).to_owned(), (*name).into()))).collect();
    let states = vec![("yes".to_owned(), t("Works here").into()), ("no".to_owned(), t("Has left").into())];
    let title = if known.is_some() { t("Change a person") } else { t("Add a person") };
    let kept = if known.is_some() { t("Leave it empty to keep it as it is.") } else { t("May be empty.") };
    html! {
        <Dialog {title} on_close={&props.on_close} test="person-dialog">
            <form {onsubmit}>
                { Field { id: "person-name", label: t("Name"), kind: "text", fill: "off", hint: t("As colleagues know it."), value: &name }.view() }
                { choice("person-role", t("Role"), roles, &role, &chosen(&role)) }
                { Field { id: "person-badge", label: t("Code on the badge"), kind: "text", fill: "off", hint: kept, value: &badge }.view() }
                { Field { id: "person-pin", label: t("PIN"), kind: "password", fill: "new-password", hint: t("4 to 12 digits."), value: &pin }.view() }
                { choice("person-language", t("Language"), languages, &language, &chosen(&language)) }
                if known.is_some() {
                    { choice("person-active", t("State"), states, if *active { "yes" } else { "no" }, &works) }
                }
                { fault_line(&acting) }
                { dialog_buttons(t("Save"), "strong", &acting, &props.on_close) }
            </form>
        </Dialog>
    }
}

#[derive(Properties, PartialEq)]
struct ImportProps {
    path: String,
    on_close: Callback<()>,
}

/// Imports a CSV file.
#[component]
fn Import(props: &ImportProps) -> Html {
    let (file, done) = (use_state(|| None::<File>), use_state(|| None::<PeopleImportedAnswer>));
    let (acting, actor) = use_act();
    let onchange = {
        let file = file.clone();
        Callback::from(move |event: Event| {
            let input = event.target_dyn_into::<HtmlInputElement>();
            file.set(input.and_then(|input| input.files()?.get(0)));
        })
    };
    let onsubmit = {
        let (path, file, done) = (props.path.clone(), file.clone(), done.clone());
        submitted(move || {
            let Some(file) = (*file).clone().filter(|file| file.size() <= MAX_FILE_BYTES) else {
                actor.refuse(t("Choose a CSV file of at most 1 MB."));
                return;
            };
            let (path, done) = (path.clone(), done.clone());
            actor.run(async move { import(&file, &path).await }, move |answer| done.set(Some(answer)));
        })
    };
    let onclick = props.on_close.reform(|_: MouseEvent| ());
    html! {
        <Dialog title={t("Import people")} on_close={&props.on_close} test="import-dialog">
            if let Some(answer) = &*done {
                <p role="status" data-test="imported">
                    { tf("{added} added, {changed} changed.", &[("added", &answer.added), ("changed", &answer.changed)]) }
                </p>
                <button type="button" class="button strong" {onclick} data-test="import-done">{ t("Done") }</button>
            } else {
                <form {onsubmit}>
                    <p>{ t("The first line names the columns: name, and any of initials, badge, pin, role, language and active (yes or no). Somebody of a known name is changed.") }</p>
                    <div class="field">
                        <label for="people-file">{ t("CSV file") }</label>
                        <input id="people-file" type="file" accept=".csv,text/csv" {onchange} data-test="people-file" />
                    </div>
                    { fault_line(&acting) }
                    { dialog_buttons(t("Import"), "strong", &acting, &props.on_close) }
                </form>
            }
        </Dialog>
    }
}

async fn import(file: &File, path: &str) -> Result<PeopleImportedAnswer, Fault> {
    let text = JsFuture::from(file.text()).await.ok().and_then(|text| text.as_string());
    let csv = text.ok_or_else(Fault::garbled)?;
    ask::send(Act::Post, path, &PeopleFileRequest { csv }).await
}
