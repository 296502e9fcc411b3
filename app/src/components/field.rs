//! A labelled text field with its hint and its fault.

use web_sys::HtmlInputElement;
use yew::prelude::*;

/// One field of a form.
#[derive(Properties, PartialEq)]
pub(crate) struct FieldProps {
    /// Unique on the page; also the test hook.
    pub(crate) id: AttrValue,
    pub(crate) label: AttrValue,
    pub(crate) value: AttrValue,
    pub(crate) on_change: Callback<String>,
    #[prop_or_default]
    pub(crate) hint: AttrValue,
    /// A sentence: what is wrong and what to do.
    #[prop_or_default]
    pub(crate) fault: Option<AttrValue>,
    /// A sentence about something odd that may stay as it is.
    #[prop_or_default]
    pub(crate) warning: Option<AttrValue>,
    #[prop_or("text".into())]
    pub(crate) kind: AttrValue,
    #[prop_or("text".into())]
    pub(crate) keyboard: AttrValue,
    /// Whether a scan is for this field when it has the focus.
    #[prop_or_default]
    pub(crate) takes_scan: bool,
    #[prop_or_default]
    pub(crate) optional: bool,
    /// Values to choose from while typing.
    #[prop_or_default]
    pub(crate) suggestions: Vec<AttrValue>,
}

/// A field.
#[component]
pub(crate) fn Field(props: &FieldProps) -> Html {
    let oninput = props.on_change.reform(|event: InputEvent| {
        event.target_dyn_into::<HtmlInputElement>().map_or_else(String::new, |input| input.value())
    });
    let note_id = format!("{}-note", props.id);
    let list_id = format!("{}-list", props.id);
    let has_list = !props.suggestions.is_empty();
    html! {
        <div class={classes!("field", props.fault.is_some().then_some("has-fault"))}>
            <label for={&props.id}>
                { &props.label }
                if props.optional {
                    <span class="field-optional">{ " optional" }</span>
                }
            </label>
            <input id={&props.id} name={&props.id} type={&props.kind} inputmode={&props.keyboard} value={&props.value}
                {oninput} autocomplete="off" autocapitalize="off" spellcheck="false"
                list={has_list.then(|| list_id.clone())}
                data-scan={props.takes_scan.then_some("field")}
                aria-invalid={props.fault.is_some().then_some("true")} aria-describedby={note_id.clone()}
                data-test={&props.id} />
            if has_list {
                <datalist id={list_id}>
                    { for props.suggestions.iter().map(|value| html! { <option {value} /> }) }
                </datalist>
            }
            <p class="field-note" id={note_id}>{ note(props) }</p>
        </div>
    }
}

fn note(props: &FieldProps) -> Html {
    let test = |kind: &str| format!("{}-{kind}", props.id);
    match (&props.fault, &props.warning) {
        (Some(fault), _) => {
            html! { <span class="fault" role="alert" data-test={test("fault")}>{ fault }</span> }
        }
        (None, Some(warning)) => {
            html! { <span class="warning" data-test={test("warning")}>{ warning }</span> }
        }
        (None, None) => html! { { &props.hint } },
    }
}
