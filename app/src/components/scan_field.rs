//! The field to type a name or a code into; Enter looks the code up as a scan would be.

use yew::prelude::*;

use super::field::typed_into;
use super::icon::{Glyph, icon};
use super::scanner::use_scans;

/// The field.
#[derive(Properties, PartialEq)]
pub(crate) struct ScanFieldProps {
    pub(crate) label: AttrValue,
    pub(crate) text: AttrValue,
    pub(crate) on_change: Callback<String>,
    /// Whether the text is to be looked up as a code when Enter is pressed; else the page has found what was meant.
    #[prop_or_default]
    pub(crate) on_enter: Option<Callback<String, bool>>,
    #[prop_or("search".into())]
    pub(crate) test: AttrValue,
}

/// A search and scan field.
#[component]
pub(crate) fn ScanField(props: &ScanFieldProps) -> Html {
    let scans = use_scans();
    let oninput = typed_into(&props.on_change);
    let onsubmit = {
        let (text, on_enter) = (props.text.clone(), props.on_enter.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            let is_taken = on_enter.as_ref().is_some_and(|on_enter| on_enter.emit(text.to_string()));
            if !is_taken {
                scans.submit(&text);
            }
        })
    };
    let clear = props.on_change.reform(|_: MouseEvent| String::new());
    html! {
        <form class="scan-field" role="search" {onsubmit}>
            { icon(Glyph::Scan) }
            <input id={&props.test} type="text" enterkeyhint="search" autocomplete="off" autocapitalize="off"
                spellcheck="false" placeholder={&props.label} aria-label={&props.label} value={&props.text} {oninput}
                data-test={&props.test} />
            if props.text.is_empty() {
                <button class="icon-button scan-go" type="submit" aria-label="Look up">{ icon(Glyph::Search) }</button>
            } else {
                <button class="icon-button" type="button" onclick={clear} aria-label="Clear" data-test="search-clear">
                    { icon(Glyph::Close) }
                </button>
            }
        </form>
    }
}
