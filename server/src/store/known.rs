//! The rows that files name by their keys.

use std::collections::{BTreeSet, HashMap};

use domain::key_text;
use uuid::Uuid;

/// A product that a file refers to by its SKU.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownProduct {
    /// Its id.
    pub id: Uuid,
    /// The unit of its quantities.
    pub unit: String,
}

/// The products and deliveries of a site by SKU and number.
#[derive(Clone, Debug, Default)]
pub struct KnownKeys {
    /// By SKU.
    pub products: Keyed<KnownProduct>,
    /// The ids of deliveries by number.
    pub deliveries: Keyed<Uuid>,
    /// How many of the ids that a new product may get were looked up, whether they are taken; none if the products are all
    /// that there are.
    pub id_attempts: Option<usize>,
}

/// The keys that some rows name, to be looked up before they are imported.
#[derive(Clone, Debug, Default)]
pub struct NamedKeys {
    /// SKUs, in any spelling.
    pub skus: Vec<String>,
    /// The ids that new products may get.
    pub ids: BTreeSet<Uuid>,
    /// How many of the ids that a new product may get are among them.
    pub id_attempts: usize,
    /// Whether deliveries are named.
    pub has_deliveries: bool,
}

/// Values by keys that are spelled in several ways. Rows of builds in which case counted may share a key: then the exact
/// spelling decides.
#[derive(Clone, Debug)]
pub struct Keyed<T> {
    as_spelled: HashMap<String, T>,
    by_key: HashMap<String, T>,
}

impl<T> Default for Keyed<T> {
    fn default() -> Self {
        Self { as_spelled: HashMap::new(), by_key: HashMap::new() }
    }
}

impl<T: Clone + PartialEq> Keyed<T> {
    /// Adds a value. Of several with one key, the first is found by the spellings that none of them has.
    pub fn insert(&mut self, text: &str, value: T) {
        self.by_key.entry(key_text(text).into_owned()).or_insert_with(|| value.clone());
        self.as_spelled.insert(text.trim().to_owned(), value);
    }

    /// The value with exactly this spelling.
    pub fn spelled(&self, text: &str) -> Option<&T> {
        self.as_spelled.get(text.trim())
    }

    /// The value with this spelling, else with this key.
    pub fn get(&self, text: &str) -> Option<&T> {
        self.spelled(text).or_else(|| self.by_key.get(&*key_text(text)))
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.by_key.is_empty()
    }

    /// Every value; some of them twice.
    pub fn values(&self) -> impl Iterator<Item = &T> {
        self.as_spelled.values().chain(self.by_key.values())
    }

    /// The same text for all spellings of one value.
    pub fn distinct(&self, text: &str) -> String {
        let key = key_text(text);
        match (self.spelled(text), self.by_key.get(&*key)) {
            (Some(own), Some(first)) if own != first => text.trim().to_owned(),
            _ => key.into_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exact_spelling_comes_before_the_key() {
        let mut known = Keyed::default();
        assert!(known.is_empty());
        known.insert("AB-1", 1);
        known.insert("ab-1", 2);
        known.insert("stra\u{df}e", 3);
        let found =
            ["AB-1", " ab-1", "Ab-1", "\u{ff21}B-1", "STRASSE", "?"].map(|text| known.get(text).copied());
        assert_eq!(found, [Some(1), Some(2), Some(1), Some(1), Some(3), None]);
        let distinct =
            ["AB-1", "ab-1", "Ab-1", "stra\u{df}e", "STRASSE", "new"].map(|text| known.distinct(text));
        assert_eq!(distinct, ["AB-1", "ab-1", "AB-1", "STRASSE", "STRASSE", "NEW"]);
        assert_eq!(known.values().filter(|value| **value == 2).count(), 1);
    }
}
