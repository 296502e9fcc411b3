//! Products, and patches that change some of their fields.

use serde::{Deserialize, Serialize};
use sync::Refusal;
use uuid::Uuid;

use crate::quantity::Money;
use crate::text::{
    MAX_BARCODE_CHARS, MAX_CODE_CHARS, MAX_NAME_CHARS, MAX_UNIT_CHARS, check_optional, check_required,
    check_stored, check_stored_optional,
};

/// A stocked and sold product.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Product {
    /// Made on the device that creates it, or from site and SKU by an import.
    pub id: Uuid,
    /// Stock keeping unit: unique within a site, as `key_text` spells it.
    pub sku: String,
    /// As printed; usually a GTIN. May be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub barcode: String,
    /// Its name.
    pub name: String,
    /// The unit of quantities: `each`, `box`, `kg`.
    pub unit: String,
    /// Price of one unit in minor units of `currency`.
    pub price_minor: i64,
    /// ISO 4217.
    pub currency: String,
    /// Products of one family are variants of each other; empty for none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub family: String,
    /// Distinguishes this product from the others of its family: `1 l`, `red`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub variant: String,
}

impl Product {
    /// Checks every field.
    ///
    /// # Errors
    /// A [`Refusal`] that names the first invalid field.
    pub fn validate(&self) -> Result<(), Refusal> {
        self.check_texts(|_| true)?;
        self.check_price()
    }

    /// Checks every field after an edit. Fields that it left alone may have characters of earlier builds.
    ///
    /// # Errors
    /// As [`Self::validate`].
    pub(crate) fn validate_edited(&self, patch: &ProductPatch) -> Result<(), Refusal> {
        self.check_texts(|field| match field {
            "SKU" => patch.sku.is_some(),
            "Name" => patch.name.is_some(),
            "Unit" => patch.unit.is_some(),
            "Barcode" => patch.barcode.is_some(),
            "Family" => patch.family.is_some(),
            _ => patch.variant.is_some(),
        })?;
        self.check_price()
    }

    fn check_texts(&self, is_new: impl Fn(&str) -> bool) -> Result<(), Refusal> {
        for (field, text, max_chars) in [
            ("SKU", &self.sku, MAX_CODE_CHARS),
            ("Name", &self.name, MAX_NAME_CHARS),
            ("Unit", &self.unit, MAX_UNIT_CHARS),
        ] {
            let check = if is_new(field) { check_required } else { check_stored };
            check(field, text, max_chars)?;
        }
        for (field, text, max_chars) in [
            ("Barcode", &self.barcode, MAX_BARCODE_CHARS),
            ("Family", &self.family, MAX_CODE_CHARS),
            ("Variant", &self.variant, MAX_CODE_CHARS),
        ] {
            let check = if is_new(field) { check_optional } else { check_stored_optional };
            check(field, text, max_chars)?;
        }
        Ok(())
    }

    fn check_price(&self) -> Result<(), Refusal> {
        if !(0..=Money::MAX_MINOR).contains(&self.price_minor) {
            return Err(Refusal::new("bad_price", "Price must be between 0 and 10,000,000,000. Correct it."));
        }
        check_currency(&self.currency)
    }
}

/// Checks the format of a currency.
pub(crate) fn check_currency(currency: &str) -> Result<(), Refusal> {
    if currency.len() == 3 && currency.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return Ok(());
    }
    check_optional("Currency", currency, MAX_CODE_CHARS)?;
    let message = format!("Currency \"{currency}\" is not a three-letter code such as EUR. Correct it.");
    Err(Refusal::new("bad_currency", message))
}

/// New values for some fields of a product.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ProductPatch {
    /// New SKU.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sku: Option<String>,
    /// New barcode.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub barcode: Option<String>,
    /// New name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// New unit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// New price.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price_minor: Option<i64>,
    /// New currency.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
    /// New family.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub family: Option<String>,
    /// New variant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
}

impl ProductPatch {
    /// The patch that turns `old` into `new`.
    pub fn between(old: &Product, new: &Product) -> Self {
        fn changed<T: PartialEq + Clone>(old: &T, new: &T) -> Option<T> {
            (old != new).then(|| new.clone())
        }
        Self {
            sku: changed(&old.sku, &new.sku),
            barcode: changed(&old.barcode, &new.barcode),
            name: changed(&old.name, &new.name),
            unit: changed(&old.unit, &new.unit),
            price_minor: changed(&old.price_minor, &new.price_minor),
            currency: changed(&old.currency, &new.currency),
            family: changed(&old.family, &new.family),
            variant: changed(&old.variant, &new.variant),
        }
    }

    /// `product` with the new values.
    #[must_use]
    pub fn applied_to(&self, product: &Product) -> Product {
        fn or<T: Clone>(new: &Option<T>, old: &T) -> T {
            new.as_ref().unwrap_or(old).clone()
        }
        Product {
            id: product.id,
            sku: or(&self.sku, &product.sku),
            barcode: or(&self.barcode, &product.barcode),
            name: or(&self.name, &product.name),
            unit: or(&self.unit, &product.unit),
            price_minor: or(&self.price_minor, &product.price_minor),
            currency: or(&self.currency, &product.currency),
            family: or(&self.family, &product.family),
            variant: or(&self.variant, &product.variant),
        }
    }

    /// The names of the changed fields.
    pub fn fields(&self) -> Vec<&'static str> {
        let all = [
            ("sku", self.sku.is_some()),
            ("barcode", self.barcode.is_some()),
            ("name", self.name.is_some()),
            ("unit", self.unit.is_some()),
            ("price", self.price_minor.is_some()),
            ("currency", self.currency.is_some()),
            ("family", self.family.is_some()),
            ("variant", self.variant.is_some()),
        ];
        all.into_iter().filter_map(|(name, changed)| changed.then_some(name)).collect()
    }

    /// The patch without these fields.
    #[must_use]
    pub fn without(&self, fields: &[&str]) -> Self {
        fn kept<T: Clone>(value: &Option<T>, keeps: bool) -> Option<T> {
            value.clone().filter(|_| keeps)
        }
        let keeps = |field| !fields.contains(&field);
        Self {
            sku: kept(&self.sku, keeps("sku")),
            barcode: kept(&self.barcode, keeps("barcode")),
            name: kept(&self.name, keeps("name")),
            unit: kept(&self.unit, keeps("unit")),
            price_minor: kept(&self.price_minor, keeps("price")),
            currency: kept(&self.currency, keeps("currency")),
            family: kept(&self.family, keeps("family")),
            variant: kept(&self.variant, keeps("variant")),
        }
    }

    /// Whether it changes nothing.
    pub fn is_empty(&self) -> bool {
        self.fields().is_empty()
    }
}

/// The values of an edited product's changed fields. A price comes with its currency, changed or not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProductEdit {
    /// Before the edit.
    pub before: ProductPatch,
    /// After it.
    pub after: ProductPatch,
}

impl ProductEdit {
    /// The edit that turned `old` into `new`; `None` if nothing changed.
    pub fn between(old: &Product, new: &Product) -> Option<Self> {
        let (mut before, mut after) = (ProductPatch::between(new, old), ProductPatch::between(old, new));
        if after.is_empty() {
            return None;
        }
        if after.price_minor.is_some() {
            before.currency = Some(old.currency.clone());
            after.currency = Some(new.currency.clone());
        }
        Some(Self { before, after })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn product(price_minor: i64, name: &str) -> Product {
        Product {
            id: Uuid::from_u128(1),
            sku: "VIN-1".to_owned(),
            barcode: String::new(),
            name: name.to_owned(),
            unit: "bottle".to_owned(),
            price_minor,
            currency: "EUR".to_owned(),
            family: String::new(),
            variant: String::new(),
        }
    }

    #[test]
    fn an_edit_has_the_changed_fields_and_the_currency_of_a_price() {
        let old = product(1_690, "Vinegar");
        assert_eq!(ProductEdit::between(&old, &old), None);
        let renamed = ProductEdit::between(&old, &product(1_690, "Rice vinegar")).expect("an edit");
        let name = |name: &str| ProductPatch { name: Some(name.to_owned()), ..ProductPatch::default() };
        assert_eq!(renamed, ProductEdit { before: name("Vinegar"), after: name("Rice vinegar") });
        let price = |minor| ProductPatch {
            price_minor: Some(minor),
            currency: Some("EUR".to_owned()),
            ..ProductPatch::default()
        };
        let repriced = ProductEdit::between(&old, &product(1_750, "Vinegar")).expect("an edit");
        assert_eq!(repriced, ProductEdit { before: price(1_690), after: price(1_750) });
    }
}
