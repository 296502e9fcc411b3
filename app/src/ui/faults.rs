//! The validation errors of a form, by field.

use yew::AttrValue;

/// Sentences by field id, at most one each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Faults(Vec<(&'static str, String)>);

impl Faults {
    /// Adds a field's error; the first one of a field is kept.
    pub(crate) fn note(&mut self, field: &'static str, sentence: impl Into<String>) {
        if self.of(field).is_none() {
            self.0.push((field, sentence.into()));
        }
    }

    /// A field's error.
    pub(crate) fn of(&self, field: &str) -> Option<AttrValue> {
        self.0.iter().find(|(name, _)| *name == field).map(|(_, sentence)| sentence.clone().into())
    }

    /// The first error; empty if there is none.
    pub(crate) fn first(&self) -> String {
        self.0.first().map(|(_, sentence)| sentence.clone()).unwrap_or_default()
    }

    /// Whether there are no errors.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
