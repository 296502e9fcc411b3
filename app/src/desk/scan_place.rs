//! The place where a scanner types: the focused element at its first key, and its value before.

use domain::same_key;
use wasm_bindgen::JsCast;
use web_sys::{Element, Event, EventTarget, HtmlInputElement, SelectionMode};

/// The focused element.
pub(crate) enum Place {
    /// No text field.
    Page,
    /// A field for text.
    Field(TextField),
    /// An element whose input cannot be undone: a date, a list of choices.
    Other(Element),
}

/// A text field that a scanner may be typing into.
pub(crate) struct TextField {
    field: HtmlInputElement,
    /// Its value before the first key.
    before: String,
    /// Its value after the last key.
    typed: Option<String>,
    /// The value that the page knows.
    told: String,
    /// Whether the input event of the last key was held back.
    is_held_back: bool,
    /// Whether the page received the event of an earlier key.
    is_notified: bool,
}

impl Place {
    /// The kind of `target`.
    pub(crate) fn of(target: Option<EventTarget>) -> Self {
        let Some(element) = target.and_then(|target| target.dyn_into::<Element>().ok()) else {
            return Self::Page;
        };
        match element.dyn_into::<HtmlInputElement>() {
            Ok(field) => match field.type_().as_str() {
                "text" | "search" | "tel" | "url" | "password" => Self::Field(TextField {
                    before: field.value(),
                    told: field.value(),
                    field,
                    typed: None,
                    is_held_back: false,
                    is_notified: false,
                }),
                "button" | "submit" | "checkbox" | "radio" | "file" => Self::Page,
                _ => Self::Other(field.into()),
            },
            Err(element) if matches!(element.tag_name().as_str(), "SELECT" | "TEXTAREA") => {
                Self::Other(element)
            }
            Err(_) => Self::Page,
        }
    }

    /// Whether a person may be typing there.
    pub(crate) const fn is_field(&self) -> bool {
        !matches!(self, Self::Page)
    }

    /// Whether keys can be held back from it, because they can be restored.
    pub(crate) const fn is_held(&self) -> bool {
        !matches!(self, Self::Other(_))
    }

    /// Whether keys go to the same place as in `other`.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Page, Self::Page) => true,
            (Self::Field(one), Self::Field(another)) => one.field == another.field,
            (Self::Other(one), Self::Other(another)) => one == another,
            _ => false,
        }
    }

    /// Goes on with what `earlier` keys typed into the same field, so that both are taken out together.
    pub(crate) fn after(&mut self, earlier: Self) {
        if let (Self::Field(place), Self::Field(earlier)) = (self, earlier)
            && place.field == earlier.field
            && earlier.typed.as_ref() == Some(&place.before)
        {
            (place.before, place.is_notified) = (earlier.before, earlier.is_notified);
        }
    }

    /// Restores the value from before the scan. Returns the field if its `data-scan` accepts scans.
    pub(crate) fn without_scan(self) -> Option<HtmlInputElement> {
        let Self::Field(TextField { field, before, typed, is_notified, .. }) = self else { return None };
        // The page may have changed the value meanwhile, such as the count after an earlier scan: that stays.
        let is_as_typed = typed.as_ref().is_none_or(|typed| typed.trim() == field.value().trim());
        if is_as_typed && field.value() != before {
            field.set_value(&before);
            if is_notified {
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
            (place.typed, place.is_held_back) = (Some(place.field.value()), true);
        }
        is_here
    }

    /// Sends the page the input event.
    pub(crate) fn tell(&mut self) {
        if let Self::Field(place) = self
            && std::mem::take(&mut place.is_held_back)
            && let Some(typed) = &place.typed
        {
            // If a redraw before the event has reset the field, the typed value is restored.
            if place.field.value() == place.told {
                place.field.set_value(typed);
            }
            typed.clone_into(&mut place.told);
            place.is_notified = true;
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
            (place.typed, place.is_held_back) = (Some(field.value()), false);
            place.told = field.value();
            place.is_notified = true;
            tell(&place.field);
        }
    }
}

/// Sets the value of the field that a scan was meant for; `false` if it is unchanged.
pub(crate) fn fill(field: &HtmlInputElement, text: &str) -> bool {
    if same_key(&field.value(), text) {
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
