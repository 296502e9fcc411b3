//! In-memory index of all product labels, in list order, for search as the user types. Pure.
//!
//! The folded labels are one text, so a search is one pass over a few megabytes.

use std::collections::HashMap;

use domain::{Product, fold_for_search};
use memchr::memmem;
use sync::sort_by;
use uuid::Uuid;

use super::similar::Wanted;

/// Separates labels in the text; folding removes this character from labels.
const END: char = '\n';

/// The fields of a product that a list shows without a read from the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ProductLabel {
    pub(crate) name: String,
    pub(crate) sku: String,
    pub(crate) variant: String,
}

/// Number of following entries that are checked one by one before a binary search of the rest.
const NEAR_ENTRIES: usize = 8;

#[derive(Debug)]
struct Entry {
    label: ProductLabel,
    /// The first bytes of the folded name: they decide most comparisons.
    prefix: u64,
    is_current: bool,
}

/// An entry's position in the list. The id is stored here as well, to avoid random access to both lists
/// during a search.
#[derive(Clone, Copy, Debug)]
struct Place {
    at: usize,
    id: Uuid,
}

/// The index.
#[derive(Debug, Default)]
pub(crate) struct Catalogue {
    entries: Vec<Entry>,
    text: String,
    /// Offset of each entry's folded label in the text.
    starts: Vec<usize>,
    by_id: HashMap<Uuid, usize>,
    /// Current entries in list order; new ones are at the end until the next sort.
    order: Vec<Place>,
    is_sorted: bool,
    outdated: usize,
}

impl Catalogue {
    /// Number of products.
    pub(crate) fn len(&self) -> usize {
        self.by_id.len()
    }

    /// A product's label.
    pub(crate) fn label(&self, id: Uuid) -> Option<&ProductLabel> {
        self.by_id.get(&id).and_then(|at| self.entries.get(*at)).map(|entry| &entry.label)
    }

    /// Adds a product or replaces its entry. Returns whether anything changed.
    pub(crate) fn put(&mut self, product: &Product) -> bool {
        let Product { id, sku, barcode, name, variant, .. } = product;
        let label = ProductLabel { name: name.clone(), sku: sku.clone(), variant: variant.clone() };
        let folded =
            fold_for_search(&[name, variant, sku, barcode].map(String::as_str).join(" ").replace(END, " "));
        if self.by_id.get(id).is_some_and(|at| self.folded(*at) == folded && self.entries[*at].label == label)
        {
            return false;
        }
        self.remove(*id);
        let mut prefix = [0; 8];
        let bytes = folded.as_bytes();
        let length = bytes.len().min(8);
        prefix[..length].copy_from_slice(&bytes[..length]);
        let at = self.entries.len();
        let prefix = u64::from_be_bytes(prefix);
        self.entries.push(Entry { label, prefix, is_current: true });
        self.starts.push(self.text.len());
        self.text.push_str(&folded);
        self.text.push(END);
        self.by_id.insert(*id, at);
        self.order.push(Place { at, id: *id });
        self.is_sorted = false;
        true
    }

    /// Removes a product. Returns whether it was there.
    pub(crate) fn remove(&mut self, id: Uuid) -> bool {
        let Some(at) = self.by_id.remove(&id) else { return false };
        self.entries[at].is_current = false;
        self.outdated += 1;
        self.is_sorted = false;
        true
    }

    /// Products whose label contains every word of `query`, in list order; all for an empty query.
    pub(crate) fn search(&mut self, query: &str) -> Vec<Uuid> {
        self.sort();
        let folded = fold_for_search(query);
        let mut words: Vec<&str> = folded.split_whitespace().collect();
        sort_by(&mut words, |a, b| b.len().cmp(&a.len()));
        let Some((longest, others)) = words.split_first() else {
            return self.order.iter().map(|place| place.id).collect();
        };
        let mut is_hit = vec![false; self.entries.len()];
        let finder = memmem::Finder::new(longest.as_bytes());
        let (mut at, mut from) = (0, 0);
        while let Some(found) = self.text.as_bytes().get(from..).and_then(|rest| finder.find(rest)) {
            at = self.entry_with(from + found, at);
            is_hit[at] = others.iter().all(|word| self.folded(at).contains(word));
            from = self.end(at);
        }
        self.order.iter().filter(|place| is_hit[place.at]).map(|place| place.id).collect()
    }

    /// Like [`Self::search`], with one mistake allowed in each longer word. Slower: every word of every label is looked
    /// at.
    pub(crate) fn search_similar(&mut self, query: &str) -> Vec<Uuid> {
        self.sort();
        let folded = fold_for_search(query);
        let mut words: Vec<&str> = folded.split_whitespace().collect();
        // The longest word is in the fewest labels.
        sort_by(&mut words, |a, b| b.len().cmp(&a.len()));
        let wanted: Vec<Wanted<'_>> = words.into_iter().map(Wanted::new).collect();
        if !wanted.iter().any(Wanted::may_differ) {
            return Vec::new();
        }
        let is_hit = |place: &&Place| wanted.iter().all(|word| word.is_in(self.folded(place.at)));
        self.order.iter().filter(is_hit).map(|place| place.id).collect()
    }

    /// The entry whose text is at `position`, which is at or after `at`. The following entries are the most
    /// likely.
    fn entry_with(&self, position: usize, at: usize) -> usize {
        let ahead = &self.starts[at..];
        let near = ahead.iter().take(NEAR_ENTRIES).position(|start| *start > position);
        let passed = near.unwrap_or_else(|| ahead.partition_point(|start| *start <= position));
        at + passed.saturating_sub(1)
    }

    /// The end of an entry's text.
    fn end(&self, at: usize) -> usize {
        self.starts.get(at + 1).copied().unwrap_or(self.text.len())
    }

    fn folded(&self, at: usize) -> &str {
        self.text.get(self.starts[at]..self.end(at)).map_or("", |label| label.trim_end_matches(END))
    }

    fn sort(&mut self) {
        if self.is_sorted {
            return;
        }
        if self.outdated > self.len() / 2 + 1_000 {
            self.compact();
        }
        let mut order = std::mem::take(&mut self.order);
        order.retain(|place| self.entries[place.at].is_current);
        // The stable sort is fast on a mostly sorted list.
        order.sort_by(|a, b| {
            let (left, right) = (&self.entries[a.at], &self.entries[b.at]);
            left.prefix
                .cmp(&right.prefix)
                .then_with(|| self.folded(a.at).cmp(self.folded(b.at)))
                .then(a.id.cmp(&b.id))
        });
        self.order = order;
        self.is_sorted = true;
    }

    /// Removes the text of outdated entries.
    fn compact(&mut self) {
        let old = std::mem::take(self);
        for Place { at, id } in old.order.iter().copied().filter(|place| old.entries[place.at].is_current) {
            let Entry { label, prefix, .. } = &old.entries[at];
            self.by_id.insert(id, self.entries.len());
            self.order.push(Place { at: self.entries.len(), id });
            self.starts.push(self.text.len());
            self.text.push_str(old.folded(at));
            self.text.push(END);
            self.entries.push(Entry { label: label.clone(), prefix: *prefix, is_current: true });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn product(n: u128, name: &str) -> Product {
        Product {
            id: Uuid::from_u128(n),
            sku: format!("P{n:03}"),
            barcode: format!("40000{n:03}"),
            name: name.to_owned(),
            unit: "each".to_owned(),
            price_minor: 100,
            currency: "EUR".to_owned(),
            family: String::new(),
            variant: String::new(),
        }
    }

    fn found(catalogue: &mut Catalogue, query: &str) -> Vec<u128> {
        catalogue.search(query).iter().map(Uuid::as_u128).collect()
    }

    #[test]
    fn finds_words_in_any_order_without_accents() {
        let mut catalogue = Catalogue::default();
        for (n, name) in [(1, "Crème brûlée"), (2, "Oat drink"), (3, "Crème fraîche, light"), (4, "Äpfel")]
        {
            assert!(catalogue.put(&product(n, name)));
        }
        assert_eq!(found(&mut catalogue, ""), [4, 1, 3, 2]);
        assert_eq!(found(&mut catalogue, "creme"), [1, 3]);
        assert_eq!(found(&mut catalogue, "LIGHT crè"), [3]);
        assert_eq!(found(&mut catalogue, "p002"), [2]);
        assert_eq!(found(&mut catalogue, "40000004"), [4]);
        assert_eq!(found(&mut catalogue, "nothing"), [] as [u128; 0]);
        assert_eq!(found(&mut catalogue, "drink creme"), [] as [u128; 0], "never across two products");
    }

    #[test]
    fn finds_words_with_a_mistake() {
        let mut catalogue = Catalogue::default();
        for (n, name) in [(1, "Nitrile gloves"), (2, "Leather gloves"), (3, "Nitrile aprons")] {
            catalogue.put(&product(n, name));
        }
        let mut similar = |query: &str| -> Vec<u128> {
            catalogue.search_similar(query).iter().map(Uuid::as_u128).collect()
        };
        assert_eq!(similar("glovse"), [2, 1]);
        assert_eq!(similar("Nitirle GLOVSE"), [1]);
        assert_eq!(similar("glovse P001"), [1], "a number as it is");
        assert_eq!(similar("glovse P01"), [] as [u128; 0]);
        assert_eq!(similar("p0001"), [] as [u128; 0]);
    }

    #[test]
    fn finds_adjacent_and_distant_hits() {
        let mut catalogue = Catalogue::default();
        let is_rare = |n: u128| n % 37 == 5 || (200..215).contains(&n);
        for n in 0..1_000 {
            catalogue.put(&product(n, &format!("{} {n:04}", if is_rare(n) { "rare" } else { "thing" })));
        }
        let rare: Vec<u128> = (0..1_000).filter(|n| is_rare(*n)).collect();
        assert_eq!(found(&mut catalogue, "rare"), rare);
        assert_eq!(found(&mut catalogue, "thing").len(), 1_000 - rare.len());
        assert_eq!(found(&mut catalogue, "0999"), [999]);
    }

    #[test]
    fn follows_changes_and_removals() {
        let mut catalogue = Catalogue::default();
        for n in 0..3_000 {
            catalogue.put(&product(n, &format!("Thing {n:04}")));
        }
        assert!(!catalogue.put(&product(7, "Thing 0007")));
        for n in 0..2_900 {
            catalogue.put(&product(n, &format!("Other {n:04}")));
        }
        assert!(catalogue.remove(Uuid::from_u128(5)));
        assert!(!catalogue.remove(Uuid::from_u128(5)));
        assert_eq!(catalogue.len(), 2_999);
        assert_eq!(found(&mut catalogue, "thing").len(), 100);
        assert_eq!(found(&mut catalogue, "other p005"), [] as [u128; 0]);
        assert_eq!(found(&mut catalogue, "")[..2], [0, 1]);
        assert_eq!(catalogue.label(Uuid::from_u128(6)).map(|label| label.name.as_str()), Some("Other 0006"));
        assert!(catalogue.entries.len() < 4_000, "outdated text is dropped");
    }
}
