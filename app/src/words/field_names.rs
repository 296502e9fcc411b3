//! The names of a row's fields within a sentence.

use super::language::t;

/// A list of fields, by their names in edits.
pub(crate) fn field_names(fields: &[&str]) -> String {
    let names: Vec<&str> = fields.iter().map(|field| field_name(field)).collect();
    names.join(t(", "))
}

/// One field; an unknown name is returned unchanged.
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
    fn fields_have_their_names_on_the_screens() {
        assert_eq!(field_names(&["sku", "expiry date"]), "SKU, expiry date");
        assert_eq!(field_names(&["colour"]), "colour");
        assert_eq!(field_names(&[]), "");
    }
}
