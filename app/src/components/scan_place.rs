//! Where a scanner types: what had the focus when its first key came, and how it looked before.

use wasm_bindgen::JsCast;
use web_sys::{Element, Event, EventTarget, HtmlInputElement, SelectionMode};

/// What has the focus.
pub(crate) enum Place {
    /// Nothing that takes text.
    Page,
    /// A field for text, with its value before the first key.
    Field { field: HtmlInputElement, before: String },
    /// Takes keys in a way that cannot be taken back: a date, a list of choices.
    Other,
}

impl Place {
    /// What `target` is.
    pub(crate) fn of(target: Option<EventTarget>) -> Self {
        let Some(element) = target.and_then(|target| target.dyn_into::<Element>().ok()) else {
            return Self::Page;
        };
        match element.dyn_into::<HtmlInputElement>() {
            Ok(field) => match field.type_().as_str() {
                "text" | "search" | "tel" | "url" | "password" => {
                    Self::Field { before: field.value(), field }
                }
                "button" | "submit" | "checkbox" | "radio" | "file" => Self::Page,
                _ => Self::Other,
            },
            Err(element) if matches!(element.tag_name().as_str(), "SELECT" | "TEXTAREA") => Self::Other,
            Err(_) => Self::Page,
        }
    }

    /// Whether a person may be typing there.
    pub(crate) const fn is_field(&self) -> bool {
        !matches!(self, Self::Page)
    }

    /// Whether keys can be held back from it, because they can be given back.
    pub(crate) const fn is_held(&self) -> bool {
        !matches!(self, Self::Other)
    }

    /// Makes the field as it was before the scan; whether the field is what the scan was for, as `data-scan="field"`
    /// says. That one has the code then.
    pub(crate) fn take_scan(&self, code: &str) -> bool {
        let Self::Field { field, before } = self else { return false };
        let is_wanted = field.get_attribute("data-scan").as_deref() == Some("field");
        let value = if is_wanted { code } else { before };
        if field.value() != value {
            field.set_value(value);
            tell(field);
        }
        is_wanted
    }

    /// Types text where the cursor is.
    pub(crate) fn insert(&self, text: &str) {
        let Self::Field { field, .. } = self else { return };
        let length = u32::try_from(field.value().encode_utf16().count()).unwrap_or(u32::MAX);
        let start = field.selection_start().ok().flatten().unwrap_or(length);
        let end = field.selection_end().ok().flatten().unwrap_or(length);
        let typed =
            field.set_range_text_with_start_and_end_and_selection_mode(text, start, end, SelectionMode::End);
        // It fails only where the field's text has no cursor, which no field for text lacks.
        if typed.is_ok() {
            tell(field);
        }
    }
}

fn tell(field: &HtmlInputElement) {
    let Ok(event) = Event::new("input") else { return };
    event.init_event_with_bubbles("input", true);
    // It fails only for an event that is under way already.
    let _ = field.dispatch_event(&event);
}
