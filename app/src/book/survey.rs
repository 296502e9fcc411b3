//! All lots of the device in memory, compact, for lists and reports that count, sort and add up over all of
//! them. Pure.
//!
//! A lot is a few numbers; its texts are indices into string pools, so that some hundred thousand lots need a
//! few megabytes.

use std::collections::HashMap;

use domain::{CalendarDate, InventoryLot, LotRef, LotStatus, Product, Quantity, fold_for_search, key_text};
use memchr::memmem;
use sync::set_of;
use uuid::Uuid;

use super::worth::{NameId, Worth, exact};

/// The fields of a product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SurveyedProduct {
    pub(crate) id: Uuid,
    pub(crate) price_minor: i64,
    pub(crate) currency: NameId,
    pub(crate) unit: NameId,
}

/// A lot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SurveyedLot {
    /// Index of its product.
    pub(crate) product: u32,
    pub(crate) place: NameId,
    code_start: u32,
    folded_start: u32,
    code_bytes: u16,
    pub(crate) status: LotStatus,
    /// Whether it has pending mutations.
    pub(crate) is_pending: bool,
    /// Whether only the server has it, because it is not available.
    pub(crate) is_remote: bool,
    pub(crate) quantity: Quantity,
    pub(crate) expires_on: Option<CalendarDate>,
    pub(crate) received_on: Option<CalendarDate>,
}

impl SurveyedLot {
    /// Whether it is past its date on `today`.
    pub(crate) fn is_expired(&self, today: CalendarDate) -> bool {
        self.status == LotStatus::Expired || self.expires_on.is_some_and(|date| date < today)
    }
}

/// Separates codes in the folded text; folding removes this character from codes.
const END: char = '\n';

/// A pool of distinct texts.
#[derive(Debug, Default)]
struct Names {
    texts: Vec<Box<str>>,
    /// The same, folded for search.
    folded: Vec<Box<str>>,
    ids: HashMap<Box<str>, NameId>,
}

impl Names {
    fn id_of(&mut self, text: &str) -> NameId {
        if let Some(id) = self.ids.get(text) {
            return *id;
        }
        // There are far fewer names than lots.
        let id = NameId::try_from(self.texts.len()).unwrap_or(NameId::MAX);
        self.texts.push(text.into());
        self.folded.push(fold_for_search(text).into());
        self.ids.insert(text.into(), id);
        id
    }

    /// The id of a bin: all spellings of its name have one, with the text of the first.
    fn bin_id_of(&mut self, name: &str) -> NameId {
        if let Some(id) = self.ids.get(name) {
            return *id;
        }
        let key = key_text(name);
        let known = self.ids.get(&*key).copied();
        let id = known.unwrap_or_else(|| self.id_of(name));
        self.ids.insert(name.into(), id);
        self.ids.insert(key.into(), id);
        id
    }

    fn text(&self, id: NameId) -> &str {
        self.texts.get(id as usize).map_or("", |text| text)
    }
}

/// The current lots of one product; `None` for a deleted product.
#[derive(Debug)]
pub(crate) struct Resurveyed {
    pub(crate) id: Uuid,
    pub(crate) product: Option<Product>,
    /// Each with whether it has pending mutations.
    pub(crate) lots: Vec<(InventoryLot, bool)>,
}

/// The survey.
#[derive(Debug, Default)]
pub(crate) struct Survey {
    products: Vec<SurveyedProduct>,
    at: HashMap<Uuid, u32>,
    lots: Vec<SurveyedLot>,
    codes: String,
    folded_codes: String,
    names: Names,
    places: Names,
    outdated: usize,
}

impl Survey {
    /// The lots.
    pub(crate) fn lots(&self) -> &[SurveyedLot] {
        &self.lots
    }

    /// The products, in the order of the lots' indices.
    pub(crate) fn products(&self) -> &[SurveyedProduct] {
        &self.products
    }

    /// A product's index.
    pub(crate) fn product_at(&self, id: Uuid) -> Option<u32> {
        self.at.get(&id).copied()
    }

    /// A lot's product.
    pub(crate) fn product_of(&self, lot: &SurveyedLot) -> Option<&SurveyedProduct> {
        self.products.get(lot.product as usize)
    }

    /// A lot's code as printed.
    pub(crate) fn code(&self, lot: &SurveyedLot) -> &str {
        let start = lot.code_start as usize;
        self.codes.get(start..start + usize::from(lot.code_bytes)).unwrap_or_default()
    }

    /// A bin's name.
    pub(crate) fn place(&self, place: NameId) -> &str {
        self.places.text(place)
    }

    /// All bins, including those that are empty by now.
    pub(crate) fn places(&self) -> impl Iterator<Item = &str> {
        self.places.texts.iter().map(AsRef::as_ref)
    }

    /// The same, folded for search.
    pub(crate) fn folded_places(&self) -> impl Iterator<Item = &str> {
        self.places.folded.iter().map(AsRef::as_ref)
    }

    /// For each lot, whether its code contains a folded word: one pass over all codes, which are in the order
    /// of the lots.
    pub(crate) fn with_code(&self, word: &str) -> Vec<bool> {
        let text = self.folded_codes.as_bytes();
        let mut has_word = vec![false; self.lots.len()];
        let mut at = 0;
        for found in memmem::find_iter(text, word) {
            while self.lots.get(at + 1).is_some_and(|next| next.folded_start as usize <= found) {
                at += 1;
            }
            // Text after the code's end is the code of a removed lot.
            let before = self.lots.get(at).and_then(|lot| text.get(lot.folded_start as usize..found));
            if before.is_some_and(|before| !before.contains(&(END as u8))) {
                has_word[at] = true;
            }
        }
        has_word
    }

    /// The name of a unit or currency.
    pub(crate) fn name(&self, id: NameId) -> &str {
        self.names.text(id)
    }

    /// A lot in the form of a row.
    pub(crate) fn row(&self, lot: &SurveyedLot) -> Option<InventoryLot> {
        let SurveyedLot { place, quantity, status, expires_on, received_on, .. } = *lot;
        let lot = LotRef::new(self.product_of(lot)?.id, self.code(lot), self.place(place));
        Some(InventoryLot { lot, quantity, status, expires_on, received_on })
    }

    /// A lot's value at its product's price.
    pub(crate) fn add_worth(&self, worth: &mut Worth, lot: &SurveyedLot) {
        if let Some((currency, exact)) = self.exact_worth(lot) {
            worth.add_exact(currency, exact);
        }
    }

    /// The same in thousandths of the currency's minor unit. A product that is not here yet has no currency.
    pub(crate) fn exact_worth(&self, lot: &SurveyedLot) -> Option<(NameId, i128)> {
        let product = self.product_of(lot).filter(|product| !self.name(product.currency).is_empty())?;
        Some((product.currency, exact(lot.quantity, product.price_minor)))
    }

    /// Whether so much of the text is outdated that the survey should be rebuilt.
    pub(crate) fn is_worn(&self) -> bool {
        self.outdated > self.lots.len() / 2 + 20_000
    }

    /// Adds or updates a product.
    pub(crate) fn put_product(&mut self, product: &Product) {
        let facts = SurveyedProduct {
            id: product.id,
            price_minor: product.price_minor,
            currency: self.names.id_of(&product.currency),
            unit: self.names.id_of(&product.unit),
        };
        let at = self.place_for(product.id);
        if let Some(known) = self.products.get_mut(at as usize) {
            *known = facts;
        }
    }

    /// Adds a lot of the device. Empty lots are skipped unless they have pending mutations.
    pub(crate) fn push_lot(&mut self, row: &InventoryLot, is_pending: bool) {
        if row.quantity != Quantity::ZERO || is_pending {
            self.push(row, is_pending, false);
        }
    }

    /// Replaces the lots that only the server has. A lot that is on the device as well is skipped: the device has heard
    /// of it later.
    pub(crate) fn set_remote(&mut self, rows: &[InventoryLot]) {
        let before = self.lots.len();
        self.lots.retain(|lot| !lot.is_remote);
        self.outdated += before - self.lots.len();
        let products = set_of(rows.iter().filter_map(|row| self.product_at(row.lot.product_id)));
        let of_these = self.lots.iter().filter(|lot| products.contains(&lot.product));
        let held = set_of(of_these.filter_map(|lot| Some(self.row(lot)?.lot.id())));
        for row in rows.iter().filter(|row| !held.contains(&row.lot.id())) {
            self.push(row, false, true);
        }
    }

    /// The lots that only the server has.
    pub(crate) fn remote(&self) -> Vec<InventoryLot> {
        self.lots.iter().filter(|lot| lot.is_remote).filter_map(|lot| self.row(lot)).collect()
    }

    fn push(&mut self, row: &InventoryLot, is_pending: bool, is_remote: bool) {
        let code = &row.lot.lot_code;
        let (Ok(code_start), Ok(folded_start), Ok(code_bytes)) = (
            u32::try_from(self.codes.len()),
            u32::try_from(self.folded_codes.len()),
            u16::try_from(code.len()),
        ) else {
            return;
        };
        self.codes.push_str(code);
        self.folded_codes.push_str(&fold_for_search(code).replace(END, " "));
        self.folded_codes.push(END);
        let lot = SurveyedLot {
            product: self.place_for(row.lot.product_id),
            place: self.places.bin_id_of(&row.lot.location),
            code_start,
            folded_start,
            code_bytes,
            status: row.status,
            is_pending,
            is_remote,
            quantity: row.quantity,
            expires_on: row.expires_on,
            received_on: row.received_on,
        };
        self.lots.push(lot);
    }

    /// Replaces the lots of products with their current ones.
    pub(crate) fn replace(&mut self, products: &[Resurveyed]) {
        let at = |one: &Resurveyed| self.product_at(one.id);
        let replaced = set_of(products.iter().filter_map(at));
        let deleted = set_of(products.iter().filter(|one| one.product.is_none()).filter_map(at));
        let held = set_of(products.iter().flat_map(|one| &one.lots).map(|(lot, _)| lot.lot.id()));
        // What only the server has stays, unless it is on the device by now.
        let is_kept = |lot: &SurveyedLot| {
            let is_now_here = || self.row(lot).is_some_and(|row| held.contains(&row.lot.id()));
            lot.is_remote && !deleted.contains(&lot.product) && !is_now_here()
        };
        let stays: Vec<bool> =
            self.lots.iter().map(|lot| !replaced.contains(&lot.product) || is_kept(lot)).collect();
        let (before, mut stays) = (self.lots.len(), stays.into_iter());
        self.lots.retain(|_| stays.next().unwrap_or_default());
        self.outdated += before - self.lots.len();
        for Resurveyed { product, lots, .. } in products {
            product.iter().for_each(|product| self.put_product(product));
            lots.iter().for_each(|(lot, is_pending)| self.push_lot(lot, *is_pending));
        }
    }

    /// A product's index; an unknown product gets one.
    fn place_for(&mut self, id: Uuid) -> u32 {
        if let Some(at) = self.at.get(&id) {
            return *at;
        }
        let at = u32::try_from(self.products.len()).unwrap_or(u32::MAX);
        let nothing = self.names.id_of("");
        self.products.push(SurveyedProduct { id, price_minor: 0, currency: nothing, unit: nothing });
        self.at.insert(id, at);
        at
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A product whose price in cents is its number.
    pub(crate) fn product(n: u8) -> Product {
        Product {
            id: Uuid::from_u128(n.into()),
            sku: format!("P{n:03}"),
            barcode: String::new(),
            name: format!("Product {n}"),
            unit: "each".to_owned(),
            price_minor: n.into(),
            currency: "EUR".to_owned(),
            family: String::new(),
            variant: String::new(),
        }
    }

    /// A quantity of product `n` in a bin.
    pub(crate) fn lot(n: u8, code: &str, place: &str, units: i64) -> InventoryLot {
        let lot = LotRef::new(Uuid::from_u128(n.into()), code, place);
        InventoryLot { quantity: Quantity::units(units), ..InventoryLot::empty(lot) }
    }

    fn codes(survey: &Survey) -> Vec<&str> {
        survey.lots().iter().map(|lot| survey.code(lot)).collect()
    }

    fn units(survey: &Survey) -> i64 {
        survey.lots().iter().map(|lot| lot.quantity.0 / 1_000).sum()
    }

    #[test]
    fn spellings_of_a_bin_are_one_bin() {
        let mut survey = Survey::default();
        survey.put_product(&product(1));
        for (code, place) in [("L1", "b-07"), ("L2", "B-07"), ("L3", "\u{ff22}-07"), ("L4", "B-08")] {
            survey.push_lot(&lot(1, code, place, 1), false);
        }
        assert_eq!(survey.places().collect::<Vec<_>>(), ["b-07", "B-08"]);
        let places: Vec<NameId> = survey.lots().iter().map(|lot| lot.place).collect();
        assert_eq!(places, [0, 0, 0, 1]);
    }

    #[test]
    fn a_lot_keeps_its_texts_and_its_product() {
        let mut survey = Survey::default();
        survey.put_product(&product(1));
        survey.push_lot(&lot(1, "L1", "A-1", 5), false);
        survey.push_lot(&lot(2, "Lé2", "A-1", -2), true);
        survey.push_lot(&lot(2, "empty", "A-2", 0), false);
        assert_eq!(codes(&survey), ["L1", "Lé2"]);
        let [first, second] = survey.lots() else { panic!("two lots") };
        assert_eq!((first.place, survey.place(first.place)), (second.place, "A-1"));
        assert_eq!(survey.row(second), Some(lot(2, "Lé2", "A-1", -2)));
        let mut worth = Worth::default();
        survey.lots().iter().for_each(|lot| survey.add_worth(&mut worth, lot));
        let shown: Vec<String> =
            worth.moneys(&|id| survey.name(id)).iter().map(ToString::to_string).collect();
        assert_eq!(shown, ["€\u{a0}0.05"], "a product without a price adds nothing");
    }

    #[test]
    fn lots_that_only_the_server_has_are_counted_until_they_are_on_the_device() {
        let aside = |n: u8, code: &str, units: i64| InventoryLot {
            status: LotStatus::Quarantined,
            ..lot(n, code, "Q-1", units)
        };
        let mut survey = Survey::default();
        (1..=2).for_each(|n| survey.put_product(&product(n)));
        survey.push_lot(&lot(1, "a", "A-1", 10), false);
        survey.push_lot(&lot(1, "b", "Q-1", 5), true);
        let remote = [aside(1, "c", 3), aside(1, "B", 4), aside(2, "d", 2)];
        survey.set_remote(&remote);
        assert_eq!(codes(&survey), ["a", "b", "c", "d"], "b is on the device");
        survey.set_remote(&remote[..1]);
        assert_eq!((codes(&survey), survey.remote()), (vec!["a", "b", "c"], remote[..1].to_vec()));
        let changed = |lots: &[InventoryLot]| Resurveyed {
            id: Uuid::from_u128(1),
            product: Some(product(1)),
            lots: lots.iter().map(|lot| (lot.clone(), false)).collect(),
        };
        survey.replace(&[changed(&[lot(1, "a", "A-1", 9)])]);
        assert_eq!((codes(&survey), units(&survey)), (vec!["c", "a"], 12), "the server still has c");
        survey.replace(&[changed(&[lot(1, "a", "A-1", 9), lot(1, "c", "Q-1", 3)])]);
        assert_eq!((codes(&survey), survey.remote()), (vec!["a", "c"], Vec::new()), "c was released");
        survey.set_remote(&[aside(1, "e", 1)]);
        let gone = Resurveyed { id: Uuid::from_u128(1), product: None, lots: Vec::new() };
        survey.replace(&[gone]);
        assert_eq!(codes(&survey), Vec::<&str>::new());
        let with_e = survey.with_code("e");
        assert_eq!(with_e, Vec::<bool>::new());
    }

    #[test]
    fn only_a_changed_product_is_replaced() {
        let mut survey = Survey::default();
        for n in 1..=3 {
            survey.put_product(&product(n));
            survey.push_lot(&lot(n, "a", "A-1", 10), false);
            survey.push_lot(&lot(n, "b", "A-2", 10), false);
        }
        let picked = Resurveyed {
            id: Uuid::from_u128(2),
            product: Some(Product { price_minor: 90, ..product(2) }),
            lots: vec![(lot(2, "a", "A-1", 4), true), (lot(2, "b", "A-2", 0), true)],
        };
        let gone = Resurveyed { id: Uuid::from_u128(3), product: None, lots: Vec::new() };
        survey.replace(&[picked, gone]);
        assert_eq!((survey.lots().len(), units(&survey)), (4, 24));
        assert_eq!(survey.products()[1].price_minor, 90);
        let new = Resurveyed {
            id: Uuid::from_u128(9),
            product: Some(product(9)),
            lots: vec![(lot(9, "n", "B", 1), true)],
        };
        survey.replace(&[new]);
        assert_eq!(units(&survey), 25);
        assert!(!survey.is_worn());
        let with = |word: &str| {
            let has_word = survey.with_code(word);
            let found = survey.lots().iter().zip(&has_word).filter(|(_, has_word)| **has_word);
            found.map(|(lot, _)| survey.code(lot)).collect::<Vec<_>>()
        };
        assert_eq!((with("a"), with("b"), with("n")), (vec!["a", "a"], vec!["b", "b"], vec!["n"]));
    }
}
