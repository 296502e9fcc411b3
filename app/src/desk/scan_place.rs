//! Where a scanner types: what had the focus when its first key came, and how it looked before.

use wasm_bindgen::JsCast;
use web_sys::{Element, Event, EventTarget, HtmlInputElement, SelectionMode};

/// What has the focus.
pub(crate) enum Place {
    /// Nothing that takes text.
    Page,
    /// A field for text.
    Field(TextField),
    /// Takes keys in a way that cannot be taken back: a date, a list of choices.
    Other,
}

/// A field that a scanner may be typing into.
pub(crate) struct TextField {
    field: HtmlInputElement,
    /// Its value before the first key.
    before: String,
    /// Its value after a key of which the page has not been told.
    untold: Option<String>,
    /// Whether the page was told of an earlier one.
    is_told: bool,
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

    /// Whether keys can be held back from it, because they can be given back.
    pub(crate) const fn is_held(&self) -> bool {
        !matches!(self, Self::Other)
    }

    /// Makes the field as it was before the scan. Returns it if scans are for it, as its `data-scan` says.
    pub(crate) fn without_scan(self) -> Option<HtmlInputElement> {
        let Self::Field(TextField { field, before, untold, is_told }) = self else { return None };
        // The page may have put something else there meanwhile, such as the count after an earlier scan: that stays.
        let is_as_typed = untold.as_ref().is_none_or(|typed| *typed == field.value());
        if is_as_typed && field.value() != before {
            field.set_value(&before);
            if is_told {
                tell(&field);
            }
        }
        field.has_attribute("data-scan").then_some(field)
    }

    /// Keeps a key's effect from the page until it is known whether a person typed it. False where that is none of its
    /// business.
    pub(crate) fn keep_quiet(&mut self, target: Option<EventTarget>) -> bool {
        let Self::Field(place) = self else { return false };
        let is_here = target.is_some_and(|target| target == *AsRef::<EventTarget>::as_ref(&place.field));
        if is_here {
            place.untold = Some(place.field.value());
        }
        is_here
    }

    /// Tells the page what was typed.
    pub(crate) fn tell(&mut self) {
        if let Self::Field(place) = self
            && let Some(typed) = place.untold.take()
        {
            // Drawn anew before the page knew of the key, the field is as it was before: what was typed is not lost.
            if place.field.value() == place.before {
                place.field.set_value(&typed);
            }
            place.is_told = true;
            tell(&place.field);
        }
    }

    /// Types text where the cursor is.
    pub(crate) fn insert(&mut self, text: &str) {
        let Self::Field(place) = self else { return };
        let field = &place.field;
        let length = u32::try_from(field.value().encode_utf16().count()).unwrap_or(u32::MAX);
        let start = field.selection_start().ok().flatten().unwrap_or(length);
        let end = field.selection_end().ok().flatten().unwrap_or(length);
        let typed =
            field.set_range_text_with_start_and_end_and_selection_mode(text, start, end, SelectionMode::End);
        // It fails only where the field's text has no cursor, which no field for text lacks.
        if typed.is_ok() {
            (place.untold, place.is_told) = (None, true);
            tell(field);
        }
    }
}

/// Puts a text into the field that a scan was for; false if it stands there already.
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
    // It fails only for an event that is under way already.
    let _ = field.dispatch_event(&event);
}
