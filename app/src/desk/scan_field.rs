//! The field for a name or a code; Enter looks the code up like a scan.

use yew::prelude::*;

use super::camera_sheet::CameraButton;
use super::scanner::Scans;
use crate::ui::button::icon_button;
use crate::ui::field::typed_into;
use crate::ui::icon::{Glyph, icon};
use crate::words::language::t;

/// The field.
pub(crate) struct ScanField<'a> {
    pub(crate) label: &'static str,
    pub(crate) text: AttrValue,
    pub(crate) on_change: Callback<String>,
    /// Called with the text on Enter; returns whether it matches an entry here. If not, the text is looked up
    /// as a code.
    pub(crate) on_enter: Option<Callback<String, bool>>,
    /// Receives the codes to look up.
    pub(crate) scans: &'a Scans,
    /// The test hook.
    pub(crate) test: &'static str,
}

impl ScanField<'_> {
    /// Renders it.
    pub(crate) fn view(self) -> Html {
        let Self { label, text, on_change, test, .. } = &self;
        let clear = on_change.reform(|_: MouseEvent| String::new());
        html! {
            <form class="scan-field" role="search" onsubmit={self.on_submit()}>
                { icon(Glyph::Scan) }
                <input id={*test} type="text" enterkeyhint="search" autocomplete="off" autocapitalize="off"
                    spellcheck="false" placeholder={*label} aria-label={*label} value={text}
                    oninput={typed_into(on_change)} data-test={*test} />
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
