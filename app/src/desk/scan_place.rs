//! The place where a scanner types: the focused element at its first key, and its value before.

use wasm_bindgen::JsCast;
use web_sys::{Element, Event, EventTarget, HtmlInputElement, SelectionMode};

/// The focused element.
pub(crate) enum Place {
    /// No text field.
    Page,
    /// A field for text.
    Field(TextField),
    /// An element whose input cannot be undone: a date, a list of choices.
    Other,
}

/// A text field that a scanner may be typing into.
pub(crate) struct TextField {
    field: HtmlInputElement,
    /// Its value before the first key.
    before: String,
    /// Its value after a key whose input event was held back.
    untold: Option<String>,
    /// Whether the page received the event of an earlier key.
    is_told: bool,
}

impl Place {
    /// The kind of `target`.
    pub(crate) fn of(target: Option<EventTarget>) -> Self {
        let Some(element) = target.and_then(|target| target.dyn_into::<Element>().ok()) else {
            return Self::Page;
        };
        match element.dyn_into::<HtmlInputElement>() {
            Ok(field) => match field.type_().as_str() {
                "text" | "search" | "tel" | "url" | "password" => {
                    Self::Field(TextField { before: field.value(), field, untold: None, is_told: false })
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

    /// Whether keys can be held back from it, because they can be restored.
    pub(crate) const fn is_held(&self) -> bool {
        !matches!(self, Self::Other)
    }

    /// Restores the value from before the scan. Returns the field if its `data-scan` accepts scans.
    pub(crate) fn without_scan(self) -> Option<HtmlInputElement> {
        let Self::Field(TextField { field, before, untold, is_told }) = self else { return None };
        // The page may have changed the value meanwhile, such as the count after an earlier scan: that stays.
        let is_as_typed = untold.as_ref().is_none_or(|typed| *typed == field.value());
        if is_as_typed && field.value() != before {
            field.set_value(&before);
            if is_told {
                tell(&field);
            }
        }
        field.has_attribute("data-scan").then_some(field)
    }

    /// Holds an input event back until it is known whether a person typed it. `false` for other elements.
    pub(crate) fn keep_quiet(&mut self, target: Option<EventTarget>) -> bool {
        let Self::Field(place) = self else { return false };
        let is_here = target.is_some_and(|target| target == *AsRef::<EventTarget>::as_ref(&place.field));
        if is_here {
            place.untold = Some(place.field.value());
        }
        is_here
    }

    /// Sends the page the input event.
    pub(crate) fn tell(&mut self) {
        if let Self::Field(place) = self
            && let Some(typed) = place.untold.take()
        {
            // If a redraw before the event has reset the field, the typed value is restored.
            if place.field.value() == place.before {
                place.field.set_value(&typed);
            }
            place.is_told = true;
            tell(&place.field);
        }
    }

    /// Types text at the cursor.
    pub(crate) fn insert(&mut self, text: &str) {
        let Self::Field(place) = self else { return };
        let field = &place.field;
        let length = u32::try_from(field.value().encode_utf16().count()).unwrap_or(u32::MAX);
        let start = field.selection_start().ok().flatten().unwrap_or(length);
        let end = field.selection_end().ok().flatten().unwrap_or(length);
        let typed =
            field.set_range_text_with_start_and_end_and_selection_mode(text, start, end, SelectionMode::End);
        // Fails only for fields without a cursor, and text fields always have one.
        if typed.is_ok() {
            (place.untold, place.is_told) = (None, true);
            tell(field);
        }
    }
}

/// Sets the value of the field that a scan was meant for; `false` if it is unchanged.
pub(crate) fn fill(field: &HtmlInputElement, text: &str) -> bool {
    if field.value().trim().eq_ignore_ascii_case(text) {
        return false;
    }
    field.set_value(text);
    tell(field);
    true
}

fn tell(field: &HtmlInputElement) {
    let Ok(event) = Event::new("input") else { return };
    event.init_event_with_bubbles("input", true);
    // Fails only for an event that is already being dispatched.
    let _ = field.dispatch_event(&event);
}
