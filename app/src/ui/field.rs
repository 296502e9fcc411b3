//! A labelled text field with its hint and its error.

use web_sys::HtmlInputElement;
use yew::prelude::*;

use crate::words::language::t;

/// The part of a scan that a focused field accepts; the page gets the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Takes {
    Nothing,
    /// The item's number, or any other code.
    Code,
    /// The lot, if the label has one.
    Lot,
    /// A code without an item: a bin, or a lot by itself.
    Alone,
    /// The item's number as scanned, with the weight or price of a scale.
    Whole,
}

impl Takes {
    /// The value of `data-scan`, which the scanner reads.
    pub(crate) const fn code(self) -> Option<&'static str> {
        match self {
            Self::Nothing => None,
            Self::Code => Some("code"),
            Self::Lot => Some("lot"),
            Self::Alone => Some("alone"),
            Self::Whole => Some("whole"),
        }
    }
}

/// One field of a form.
pub(crate) struct Field<'a> {
    /// Unique on the page; also the test hook.
    pub(crate) id: &'a str,
    pub(crate) label: &'static str,
    pub(crate) value: &'a str,
    pub(crate) on_change: Callback<String>,
    pub(crate) hint: &'static str,
    /// An error sentence: the problem and its solution.
    pub(crate) fault: Option<AttrValue>,
    /// A warning about an unusual value that is accepted.
    pub(crate) warning: Option<AttrValue>,
    /// HTML's `type`: `text`, `date`.
    pub(crate) kind: &'static str,
    /// HTML's `inputmode`.
    pub(crate) keyboard: &'static str,
    /// The part of a scan that it accepts while focused.
    pub(crate) takes: Takes,
    pub(crate) optional: bool,
    /// Suggestions while typing.
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
            takes: Takes::Nothing,
            optional: false,
            suggestions: Vec::new(),
        }
    }
}

impl Field<'_> {
    /// Renders it.
    pub(crate) fn view(self) -> Html {
        let id = AttrValue::from(self.id.to_owned());
        let note_id = AttrValue::from(format!("{id}-note"));
        let fault_id = AttrValue::from(format!("{id}-wrong"));
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
                    list={has_list.then(|| list_id.clone())} data-scan={self.takes.code()}
                    aria-invalid={self.fault.is_some().then_some("true")} aria-describedby={format!("{note_id} {fault_id}")}
                    data-test={&id} />
                if has_list {
                    <datalist id={list_id} translate="no">
                        { for self.suggestions.iter().map(|value| html! { <option {value} /> }) }
                    </datalist>
                }
                <p class="field-note" id={note_id}>{ self.note() }</p>
                // Rendered even while it is empty, else screen readers do not announce its text.
                <p class="field-note" role="alert" id={fault_id}>
                    if let Some(fault) = &self.fault {
                        <span class="fault" data-test={format!("{}-fault", self.id)}>{ fault }</span>
                    }
                </p>
            </div>
        }
    }

    fn note(&self) -> Html {
        match (&self.fault, &self.warning) {
            (Some(_), _) => Html::default(),
            (None, Some(warning)) => {
                html! { <span class="warning" data-test={format!("{}-warning", self.id)}>{ warning }</span> }
            }
            (None, None) => self.hint.into(),
        }
    }
}

/// Passes the typed text on; for an input's `oninput`.
pub(crate) fn typed_into(on_change: &Callback<String>) -> Callback<InputEvent> {
    on_change.reform(|event: InputEvent| {
        event.target_dyn_into::<HtmlInputElement>().map_or_else(String::new, |input| input.value())
    })
}
