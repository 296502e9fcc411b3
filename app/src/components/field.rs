//! A labelled text field with its hint and its fault.

use web_sys::HtmlInputElement;
use yew::prelude::*;

use crate::language::t;

/// One field of a form.
pub(crate) struct Field<'a> {
    /// Unique on the page; also the test hook.
    pub(crate) id: &'a str,
    pub(crate) label: &'static str,
    pub(crate) value: &'a str,
    pub(crate) on_change: Callback<String>,
    pub(crate) hint: &'static str,
    /// A sentence: what is wrong and what to do.
    pub(crate) fault: Option<AttrValue>,
    /// A sentence about something odd that may stay as it is.
    pub(crate) warning: Option<AttrValue>,
    /// As in HTML: `text`, `date`.
    pub(crate) kind: &'static str,
    /// As in HTML's `inputmode`.
    pub(crate) keyboard: &'static str,
    /// Whether a scan is for this field when it has the focus.
    pub(crate) takes_scan: bool,
    /// Whether what it takes of a label is the lot.
    pub(crate) takes_lot: bool,
    pub(crate) optional: bool,
    /// Values to choose from while typing.
    pub(crate) suggestions: Vec<AttrValue>,
}

impl Default for Field<'_> {
    fn default() -> Self {
        Self {
            id: "",
            label: "",
            value: "",
            on_change: Callback::noop(),
            hint: "",
            fault: None,
            warning: None,
            kind: "text",
            keyboard: "text",
            takes_scan: false,
            takes_lot: false,
            optional: false,
            suggestions: Vec::new(),
        }
    }
}

impl Field<'_> {
    /// It.
    pub(crate) fn view(self) -> Html {
        let id = AttrValue::from(self.id.to_owned());
        let note_id = AttrValue::from(format!("{id}-note"));
        let list_id = AttrValue::from(format!("{id}-list"));
        let has_list = !self.suggestions.is_empty();
        html! {
            <div class={classes!("field", self.fault.is_some().then_some("has-fault"))}>
                <label for={&id}>
                    { self.label }
                    if self.optional {
                        <span class="field-optional">{ " " }{ t("optional") }</span>
                    }
                </label>
                <input id={&id} name={&id} type={self.kind} inputmode={self.keyboard} value={self.value.to_owned()}
                    oninput={typed_into(&self.on_change)} autocomplete="off" autocapitalize="off" spellcheck="false"
                    list={has_list.then(|| list_id.clone())} data-scan={self.takes_scan.then_some(if self.takes_lot { "lot" } else { "code" })}
                    aria-invalid={self.fault.is_some().then_some("true")} aria-describedby={&note_id}
                    data-test={&id} />
                if has_list {
                    <datalist id={list_id} translate="no">
                        { for self.suggestions.iter().map(|value| html! { <option {value} /> }) }
                    </datalist>
                }
                <p class="field-note" id={note_id}>{ self.note() }</p>
            </div>
        }
    }

    fn note(&self) -> Html {
        let (class, role, kind, text) = match (&self.fault, &self.warning) {
            (Some(fault), _) => ("fault", Some("alert"), "fault", fault),
            (None, Some(warning)) => ("warning", None, "warning", warning),
            (None, None) => return self.hint.into(),
        };
        html! { <span {class} {role} data-test={format!("{}-{kind}", self.id)}>{ text }</span> }
    }
}

/// What is typed, as an input's `oninput`.
pub(crate) fn typed_into(on_change: &Callback<String>) -> Callback<InputEvent> {
    on_change.reform(|event: InputEvent| {
        event.target_dyn_into::<HtmlInputElement>().map_or_else(String::new, |input| input.value())
    })
}
