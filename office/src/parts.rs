//! Parts of pages: a head, a table, a field, a dialog, and lists that are loaded.

use std::cell::Cell;
use std::future::Future;
use std::rc::Rc;

use serde::de::DeserializeOwned;
use wasm_bindgen_futures::spawn_local;
use web_sys::{HtmlDialogElement, HtmlElement, HtmlInputElement};
use yew::prelude::*;

use crate::ask;
use crate::faults::Fault;
use crate::session::use_session;
use crate::words::t;

/// What a path has.
pub(crate) enum Loaded<T> {
    Loading,
    Here(Rc<T>),
    Failed(Fault),
}

/// Loads what a path has, again whenever the callback is called.
#[hook]
pub(crate) fn use_loaded<T: DeserializeOwned + 'static>(
    path: String,
) -> (UseStateHandle<Loaded<T>>, Callback<()>) {
    let (state, turn) = (use_state(|| Loaded::Loading), use_state(|| 0_u32));
    let session = use_session();
    {
        let state = state.clone();
        use_effect_with((path, *turn), move |(path, _)| {
            let (path, is_there) = (path.clone(), Rc::new(Cell::new(true)));
            let still = Rc::clone(&is_there);
            spawn_local(async move {
                let loaded = ask::get(&path).await;
                if !still.get() {
                    return;
                }
                match loaded {
                    Ok(value) => state.set(Loaded::Here(Rc::new(value))),
                    Err(fault) => {
                        session.heard(&fault);
                        state.set(Loaded::Failed(fault));
                    }
                }
            });
            move || is_there.set(false)
        });
    }
    let reload = Callback::from(move |()| turn.set(turn.wrapping_add(1)));
    (state, reload)
}

/// Renders what was loaded; bones until then, and a way on after a fault.
pub(crate) fn when_loaded<T>(
    loaded: &Loaded<T>,
    reload: &Callback<()>,
    view: impl FnOnce(&T) -> Html,
) -> Html {
    match loaded {
        Loaded::Loading => html! {
            <div class="skeleton" role="status" aria-label={t("Loading…")}>
                <div class="bone bone-wide"></div><div class="bone"></div><div class="bone"></div>
            </div>
        },
        Loaded::Failed(fault) => html! {
            <div class="placeholder" role="alert" data-test="load-fault">
                <p>{ fault.words() }</p>
                <button type="button" class="button" onclick={reload.reform(|_: MouseEvent| ())}>{ t("Try again") }</button>
            </div>
        },
        Loaded::Here(value) => view(value),
    }
}

/// What an act is doing: nothing, waiting for the server, or refused.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Acting {
    pub(crate) is_waiting: bool,
    pub(crate) fault: Option<Fault>,
}

/// Runs an act; `done` gets its value. A second one does not begin before the first has ended.
#[hook]
pub(crate) fn use_act() -> (UseStateHandle<Acting>, Actor) {
    let state = use_state(Acting::default);
    let session = use_session();
    let actor = Actor { state: state.clone(), session };
    (state, actor)
}

/// Runs acts.
#[derive(Clone, PartialEq)]
pub(crate) struct Actor {
    state: UseStateHandle<Acting>,
    session: crate::session::Session,
}

impl Actor {
    pub(crate) fn run<T: 'static>(
        &self,
        act: impl Future<Output = Result<T, Fault>> + 'static,
        done: impl FnOnce(T) + 'static,
    ) {
        if self.state.is_waiting {
            return;
        }
        let (state, session) = (self.state.clone(), self.session.clone());
        state.set(Acting { is_waiting: true, fault: None });
        spawn_local(async move {
            match act.await {
                Ok(value) => {
                    state.set(Acting::default());
                    done(value);
                }
                Err(fault) => {
                    session.heard(&fault);
                    state.set(Acting { is_waiting: false, fault: Some(fault) });
                }
            }
        });
    }

    /// A fault that was found before the request.
    pub(crate) fn refuse(&self, message: &str) {
        let fault = Fault { status: 0, code: String::new(), message: message.to_owned() };
        self.state.set(Acting { is_waiting: false, fault: Some(fault) });
    }
}

/// The fault of an act. It is there while it is empty, so that its text is announced.
pub(crate) fn fault_line(acting: &Acting) -> Html {
    html! {
        <p class="fault" role="alert" data-test="fault">
            { acting.fault.as_ref().map(Fault::words).unwrap_or_default() }
        </p>
    }
}

#[derive(Properties, PartialEq)]
pub(crate) struct HeadProps {
    pub(crate) title: AttrValue,
    /// Whether the title is a name, which is not translated.
    #[prop_or_default]
    pub(crate) is_name: bool,
    #[prop_or_default]
    pub(crate) children: Html,
}

/// A page's heading, which gets the focus when the page appears, and its buttons.
#[component]
pub(crate) fn Head(props: &HeadProps) -> Html {
    let heading = use_node_ref();
    use_effect_with((heading.clone(), props.title.clone()), |(heading, title)| {
        if let Some(document) = web_sys::window().and_then(|window| window.document()) {
            document.set_title(&format!("{title} · Lotbook"));
        }
        if let Some(element) = heading.cast::<HtmlElement>() {
            // It fails only for elements that cannot have the focus.
            drop(element.focus());
        }
    });
    html! {
        <header class="page-head">
            <div class="page-head-text">
                <h1 ref={heading} tabindex="-1" translate={props.is_name.then_some("no")}>{ &props.title }</h1>
            </div>
            { props.children.clone() }
        </header>
    }
}

/// A table; each cell has the heading of its column for narrow windows.
pub(crate) fn table(caption: &str, columns: &[&'static str], rows: Vec<Vec<Html>>, test: &str) -> Html {
    let row = |cells: Vec<Html>| {
        let cells = cells.into_iter().zip(columns).map(|(cell, column)| {
            html! { <td role="cell" data-label={*column}>{ cell }</td> }
        });
        html! { <tr role="row" data-test="row">{ for cells }</tr> }
    };
    html! {
        <table class="office-table" role="table" data-test={test.to_owned()}>
            <caption class="visually-hidden">{ caption }</caption>
            <thead role="rowgroup">
                <tr role="row">{ for columns.iter().map(|column| html! { <th role="columnheader" scope="col">{ *column }</th> }) }</tr>
            </thead>
            <tbody role="rowgroup">{ for rows.into_iter().map(row) }</tbody>
        </table>
    }
}

/// A list without entries.
pub(crate) fn empty(text: &str) -> Html {
    html! { <div class="placeholder" data-test="empty"><p>{ text }</p></div> }
}

/// A field of a form.
pub(crate) struct Field<'f> {
    pub(crate) id: &'static str,
    pub(crate) label: &'static str,
    pub(crate) kind: &'static str,
    /// HTML's `autocomplete`.
    pub(crate) fill: &'static str,
    pub(crate) hint: &'static str,
    pub(crate) value: &'f UseStateHandle<String>,
}

impl Field<'_> {
    pub(crate) fn view(self) -> Html {
        let value = self.value.clone();
        let oninput = Callback::from(move |event: InputEvent| {
            if let Some(input) = event.target_dyn_into::<HtmlInputElement>() {
                value.set(input.value());
            }
        });
        let note = format!("{}-note", self.id);
        html! {
            <div class="field">
                <label for={self.id}>{ self.label }</label>
                <input id={self.id} name={self.id} type={self.kind} value={(**self.value).clone()} {oninput}
                    autocomplete={self.fill} autocapitalize="off" spellcheck="false" aria-describedby={note.clone()}
                    data-test={self.id} />
                <p class="field-note" id={note}>{ self.hint }</p>
            </div>
        }
    }
}

#[derive(Properties, PartialEq)]
pub(crate) struct DialogProps {
    pub(crate) title: AttrValue,
    pub(crate) on_close: Callback<()>,
    pub(crate) test: AttrValue,
    pub(crate) children: Html,
}

/// A modal dialog, open while it is rendered. The browser keeps the focus inside and restores it.
#[component]
pub(crate) fn Dialog(props: &DialogProps) -> Html {
    let node = use_node_ref();
    use_effect_with(node.clone(), |node| {
        let dialog = node.cast::<HtmlDialogElement>();
        if let Some(dialog) = &dialog {
            // It fails only for a dialog that is open already.
            drop(dialog.show_modal());
        }
        move || dialog.iter().for_each(HtmlDialogElement::close)
    });
    let oncancel = props.on_close.reform(|event: Event| event.prevent_default());
    let title_id = AttrValue::from(format!("{}-title", props.test));
    html! {
        <dialog class="sheet office-dialog" ref={node} {oncancel} aria-labelledby={&title_id} data-test={&props.test}>
            <div class="sheet-body">
                <header class="sheet-head"><h2 id={title_id}>{ &props.title }</h2></header>
                { props.children.clone() }
            </div>
        </dialog>
    }
}

/// The buttons at the end of a dialog: what it does, and the way back.
pub(crate) fn dialog_buttons(word: &str, class: &'static str, acting: &Acting, on_close: &Callback<()>) -> Html {
    html! {
        <div class="sheet-actions">
            <button type="button" class="button" onclick={on_close.reform(|_: MouseEvent| ())} data-test="dialog-back">{ t("Cancel") }</button>
            <button type="submit" class={classes!("button", class)} disabled={acting.is_waiting} data-test="dialog-go">{ word }</button>
        </div>
    }
}

/// A form's `onsubmit` that stays on the page.
pub(crate) fn submitted(act: impl Fn() + 'static) -> Callback<SubmitEvent> {
    Callback::from(move |event: SubmitEvent| {
        event.prevent_default();
        act();
    })
}

#[derive(Properties, PartialEq)]
pub(crate) struct ConfirmProps {
    pub(crate) title: AttrValue,
    /// What it leads to.
    pub(crate) text: AttrValue,
    /// The button that does it.
    pub(crate) word: AttrValue,
    /// The path to delete.
    pub(crate) path: AttrValue,
    pub(crate) on_done: Callback<()>,
    pub(crate) on_close: Callback<()>,
}

/// Asks before something is deleted.
#[component]
pub(crate) fn Confirm(props: &ConfirmProps) -> Html {
    let (acting, actor) = use_act();
    let onsubmit = {
        let (path, on_done) = (props.path.clone(), props.on_done.clone());
        submitted(move || {
            let (path, on_done) = (path.clone(), on_done.clone());
            actor.run(async move { ask::act(ask::Act::Delete, &path).await }, move |()| on_done.emit(()));
        })
    };
    html! {
        <Dialog title={&props.title} on_close={&props.on_close} test="confirm">
            <form {onsubmit}>
                <p>{ &props.text }</p>
                { fault_line(&acting) }
                { dialog_buttons(&props.word, "danger-fill", &acting, &props.on_close) }
            </form>
        </Dialog>
    }
}

#[derive(Properties, PartialEq)]
pub(crate) struct SecretProps {
    pub(crate) title: AttrValue,
    pub(crate) secret: AttrValue,
    pub(crate) on_close: Callback<()>,
}

/// Shows a secret once.
#[component]
pub(crate) fn SecretDialog(props: &SecretProps) -> Html {
    let onclick = props.on_close.reform(|_: MouseEvent| ());
    html! {
        <Dialog title={&props.title} on_close={&props.on_close} test="secret-dialog">
            <p>{ t("Copy the secret now. It is not shown again.") }</p>
            <p class="office-secret" translate="no" tabindex="0" data-test="secret">{ &props.secret }</p>
            <button type="button" class="button strong" {onclick} data-test="secret-done">{ t("Done") }</button>
        </Dialog>
    }
}

/// Boxes to choose some of a few names.
pub(crate) fn boxes(legend: &'static str, all: &[&'static str], chosen: &UseStateHandle<Vec<String>>) -> Html {
    let one = |name: &&'static str| {
        let (name, chosen) = (*name, chosen.clone());
        let is_chosen = chosen.iter().any(|known| known == name);
        let onchange = Callback::from(move |_: Event| {
            let mut names = (*chosen).clone();
            names.retain(|known| known != name);
            if !is_chosen {
                names.push(name.to_owned());
            }
            chosen.set(names);
        });
        html! {
            <label class="office-box">
                <input type="checkbox" checked={is_chosen} {onchange} data-test={format!("box-{name}")} />
                <span translate="no">{ name }</span>
            </label>
        }
    };
    html! {
        <fieldset class="office-boxes"><legend>{ legend }</legend>{ for all.iter().map(one) }</fieldset>
    }
}
