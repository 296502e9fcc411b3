//! The names of a row's fields within a sentence.

use super::language::t;

/// Fields as edits name them, one after another.
pub(crate) fn field_names(fields: &[&str]) -> String {
    let names: Vec<&str> = fields.iter().map(|field| field_name(field)).collect();
    names.join(t(", "))
}

/// One field; a name that is not known stays as it is.
pub(crate) fn field_name(field: &str) -> &str {
    match field {
        "sku" => t("SKU"),
        "barcode" => t("barcode"),
        "name" => t("name"),
        "unit" => t("unit"),
        "price" => t("price"),
        "currency" => t("currency"),
        "family" => t("family"),
        "variant" => t("variant"),
        "status" => t("status"),
        "expiry date" => t("expiry date"),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fields_as_people_do() {
        assert_eq!(field_names(&["sku", "expiry date"]), "SKU, expiry date");
        assert_eq!(field_names(&["colour"]), "colour");
        assert_eq!(field_names(&[]), "");
    }
}
