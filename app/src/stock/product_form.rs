//! A product's fields as typed text, and their conversion to a product.

use domain::{Money, NUMBER_SIGNS, Product, QuantityFault};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::ui::faults::Faults;
use crate::words::language::{key, t, tf};
use crate::words::reasons::of_field;

/// The currency a new product starts with.
const DEFAULT_CURRENCY: &str = "EUR";

/// The fields.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct ProductForm {
    pub(crate) sku: String,
    pub(crate) barcode: String,
    pub(crate) name: String,
    pub(crate) unit: String,
    pub(crate) price: String,
    pub(crate) currency: String,
    pub(crate) family: String,
    pub(crate) variant: String,
}

impl ProductForm {
    /// For a new product.
    pub(crate) fn new(barcode: String) -> Self {
        Self { barcode, unit: "each".to_owned(), currency: DEFAULT_CURRENCY.to_owned(), ..Self::default() }
    }

    /// For an existing product.
    pub(crate) fn of(product: &Product) -> Self {
        let price = Money { minor: product.price_minor, currency: product.currency.clone() };
        Self {
            sku: product.sku.clone(),
            barcode: product.barcode.clone(),
            name: product.name.clone(),
            unit: product.unit.clone(),
            price: price.plain(),
            currency: product.currency.clone(),
            family: product.family.clone(),
            variant: product.variant.clone(),
        }
    }

    /// Parses the fields.
    ///
    /// # Errors
    /// The faults, by field.
    pub(crate) fn read(&self, id: Uuid) -> Result<Product, Faults> {
        let mut faults = Faults::default();
        for (field, label, text) in [
            ("name", key("Name"), &self.name),
            ("sku", key("SKU"), &self.sku),
            ("unit", key("Unit"), &self.unit),
        ] {
            if text.trim().is_empty() {
                faults.note(field, tf("{field} is missing. Fill it in.", &[("field", &t(label))]));
            }
        }
        let currency = self.currency.trim().to_ascii_uppercase();
        let price_minor = read_price(&self.price, &currency).unwrap_or_else(|fault| {
            faults.note("price", fault);
            0
        });
        let trimmed = |text: &String| text.trim().to_owned();
        let product = Product {
            id,
            sku: trimmed(&self.sku),
            barcode: trimmed(&self.barcode),
            name: trimmed(&self.name),
            unit: trimmed(&self.unit),
            price_minor,
            currency,
            family: trimmed(&self.family),
            variant: trimmed(&self.variant),
        };
        if let (true, Err(refusal)) = (faults.is_empty(), product.validate()) {
            let field = field_of(&refusal.message);
            faults.note(field, of_field(refusal.code, &refusal.message));
        }
        if faults.is_empty() { Ok(product) } else { Err(faults) }
    }
}

/// The field that a rule's sentence is about, by its first word.
fn field_of(sentence: &str) -> &'static str {
    const FIELDS: [(&str, &str); 8] = [
        ("SKU", "sku"),
        ("Name", "name"),
        ("Unit", "unit"),
        ("Barcode", "barcode"),
        ("Family", "family"),
        ("Variant", "variant"),
        ("Price", "price"),
        ("Currency", "currency"),
    ];
    FIELDS.into_iter().find(|(label, _)| sentence.starts_with(label)).map_or("name", |(_, field)| field)
}

fn read_price(text: &str, currency: &str) -> Result<i64, String> {
    if text.trim().is_empty() {
        return Err(t("Enter a price (0 is allowed).").to_owned());
    }
    let decimals = text.trim().rsplit(NUMBER_SIGNS).next().filter(|rest| rest.len() < text.trim().len());
    // "1,000" may be one thousand, or one.
    let is_ambiguous =
        decimals.is_some_and(|rest| rest.chars().count() == 3) && Money::decimals(currency) != 3;
    let read = if is_ambiguous { Err(QuantityFault::TooFine) } else { Money::parse_minor(text, currency) };
    read.map_err(|fault| match fault {
        QuantityFault::NotANumber => {
            tf("\"{text}\" is not a price. Enter one such as 2.40.", &[("text", &text)])
        }
        QuantityFault::TooFine => match Money::decimals(currency) {
            0 => tf("Prices in {currency} have no decimals. Shorten it.", &[("currency", &currency)]),
            decimals => tf(
                "Prices in {currency} have at most {decimals} decimals. Shorten it.",
                &[("currency", &currency), ("decimals", &decimals)],
            ),
        },
        QuantityFault::TooLarge => t("Price is too high. Correct it.").to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled() -> ProductForm {
        ProductForm {
            name: "Tea".into(),
            sku: " T1 ".into(),
            price: "2,40".into(),
            ..ProductForm::new(String::new())
        }
    }

    #[test]
    fn typed_fields_become_a_product_and_back() {
        let product = filled().read(Uuid::nil()).expect("a product");
        assert_eq!((product.sku.as_str(), product.price_minor), ("T1", 240));
        assert_eq!(ProductForm::of(&product).read(Uuid::nil()), Ok(product));
    }

    #[test]
    fn prices_are_read_in_every_script_and_never_guessed() {
        for text in ["2.40", "2,4", "\u{662}\u{66b}\u{664}\u{660}", "\u{968}.\u{96a}\u{966}"] {
            assert_eq!(read_price(text, "EUR"), Ok(240), "{text}");
        }
        for text in ["1,000", "1.000", "\u{661}\u{66c}\u{660}\u{660}\u{660}", "1\u{66b}000"] {
            assert!(read_price(text, "EUR").is_err_and(|fault| fault.contains("decimals")), "{text}");
        }
    }

    #[test]
    fn every_empty_field_is_reported_at_once() {
        let faults = ProductForm::default().read(Uuid::nil()).expect_err("empty");
        for field in ["name", "sku", "unit", "price"] {
            assert!(faults.of(field).is_some(), "{field}");
        }
        assert_eq!(faults.of("barcode"), None);
    }

    #[test]
    fn a_rules_sentence_is_shown_at_its_field() {
        let long = ProductForm { variant: "x".repeat(65), ..filled() };
        let faults = long.read(Uuid::nil()).expect_err("too long");
        assert!(faults.of("variant").is_some_and(|why| why.contains("65 characters")));
        let odd = ProductForm { currency: "euro".into(), ..filled() };
        assert!(odd.read(Uuid::nil()).expect_err("no currency").of("currency").is_some());
        let yen = ProductForm { currency: "jpy".into(), ..filled() };
        assert!(
            yen.read(Uuid::nil()).expect_err("decimals").of("price").is_some_and(|why| why.contains("JPY"))
        );
    }
}
