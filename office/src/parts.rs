//! Parts of pages: a head, a table, a field and boxes.

use web_sys::{HtmlElement, HtmlInputElement, HtmlSelectElement};
use yew::prelude::*;

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

/// A form's `onsubmit` that stays on the page.
pub(crate) fn submitted(act: impl Fn() + 'static) -> Callback<SubmitEvent> {
    Callback::from(move |event: SubmitEvent| {
        event.prevent_default();
        act();
    })
}

/// Boxes to choose some of a few names.
pub(crate) fn boxes(
    legend: &'static str,
    all: &[&'static str],
    chosen: &UseStateHandle<Vec<String>>,
) -> Html {
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

/// A field to choose one of a few values.
pub(crate) fn choice(
    id: &'static str,
    label: &'static str,
    options: Vec<(String, Html)>,
    chosen: &str,
    on_choose: &Callback<String>,
) -> Html {
    let onchange = on_choose.reform(|event: Event| {
        event.target_dyn_into::<HtmlSelectElement>().map_or_else(String::new, |select| select.value())
    });
    let option = |(value, word): (String, Html)| {
        let is_chosen = value == chosen;
        html! { <option {value} selected={is_chosen}>{ word }</option> }
    };
    html! {
        <div class="field">
            <label for={id}>{ label }</label>
            <select {id} class="office-choice" {onchange} data-test={id}>{ for options.into_iter().map(option) }</select>
        </div>
    }
}
