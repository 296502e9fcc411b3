//! What is wrong with a form, field by field.

use yew::AttrValue;

/// Sentences by field id, at most one each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Faults(Vec<(&'static str, String)>);

impl Faults {
    /// Notes a field's fault; its first one stays.
    pub(crate) fn note(&mut self, field: &'static str, sentence: impl Into<String>) {
        if self.of(field).is_none() {
            self.0.push((field, sentence.into()));
        }
    }

    /// A field's sentence.
    pub(crate) fn of(&self, field: &str) -> Option<AttrValue> {
        self.0.iter().find(|(name, _)| *name == field).map(|(_, sentence)| sentence.clone().into())
    }

    /// The first sentence; empty where all is well.
    pub(crate) fn first(&self) -> String {
        self.0.first().map(|(_, sentence)| sentence.clone()).unwrap_or_default()
    }

    /// Whether all is well.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
