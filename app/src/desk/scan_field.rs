//! The field for a name or a code; Enter looks the code up like a scan.

use yew::prelude::*;

use super::camera_sheet::CameraButton;
use super::scanner::Scans;
use crate::ui::button::icon_button;
use crate::ui::field::typed_into;
use crate::ui::icon::{Glyph, icon};
use crate::words::language::t;

/// The list of results below a field, for screen readers.
pub(crate) struct Combobox {
    /// Its id.
    pub(crate) list: AttrValue,
    /// Whether it has entries.
    pub(crate) is_open: bool,
    /// The id of the entry that Enter takes.
    pub(crate) active: Option<AttrValue>,
}

/// The field.
pub(crate) struct ScanField<'a> {
    pub(crate) label: &'static str,
    pub(crate) text: AttrValue,
    pub(crate) on_change: Callback<String>,
    /// Called with the text on Enter; returns whether it matches an entry here. If not, the text is looked up
    /// as a code.
    pub(crate) on_enter: Option<Callback<String, bool>>,
    /// Called with every key in the field.
    pub(crate) on_key: Callback<KeyboardEvent>,
    pub(crate) combobox: Option<Combobox>,
    /// Receives the codes to look up.
    pub(crate) scans: &'a Scans,
    /// The test hook.
    pub(crate) test: &'static str,
}

impl ScanField<'_> {
    /// Renders it.
    pub(crate) fn view(self) -> Html {
        let Self { label, text, on_change, test, .. } = &self;
        let combobox = self.combobox.as_ref();
        let clear = on_change.reform(|_: MouseEvent| String::new());
        html! {
            <form class="scan-field" role="search" onsubmit={self.on_submit()}>
                { icon(Glyph::Scan) }
                <input id={*test} type="text" enterkeyhint="search" autocomplete="off" autocapitalize="off"
                    spellcheck="false" placeholder={*label} aria-label={*label} value={text}
                    role={combobox.map(|_| "combobox")} aria-autocomplete={combobox.map(|_| "list")}
                    aria-expanded={combobox.map(|list| list.is_open.to_string())}
                    aria-controls={combobox.filter(|list| list.is_open).map(|list| list.list.clone())}
                    aria-activedescendant={combobox.and_then(|list| list.active.clone())}
                    oninput={typed_into(on_change)} onkeydown={self.on_key.clone()} data-test={*test} />
                if text.is_empty() {
                    <CameraButton scans={self.scans.clone()} field={*test}>
                        <button class="icon-button scan-go" type="submit" aria-label={t("Look up")}>{ icon(Glyph::Search) }</button>
                    </CameraButton>
                } else {
                    { icon_button("icon-button", Glyph::Close, t("Clear"), clear, "search-clear") }
                }
            </form>
        }
    }

    fn on_submit(&self) -> Callback<SubmitEvent> {
        let (text, on_enter, scans) = (self.text.clone(), self.on_enter.clone(), self.scans.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            let is_taken = on_enter.as_ref().is_some_and(|on_enter| on_enter.emit(text.to_string()));
            if !is_taken {
                scans.submit_typed(&text);
            }
        })
    }
}
