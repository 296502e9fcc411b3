//! How a file separates its fields.

use csv::{ByteRecord, ReaderBuilder};

/// Delimiters of spreadsheets. Of those that fit equally well, the last is taken.
const DELIMITERS: [u8; 3] = [b'\t', b';', b','];

/// The delimiter, and where the header begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) delimiter: u8,
    /// Length of a first line such as `sep=;`, without its end.
    pub(super) hint_bytes: usize,
}

impl Layout {
    /// The layout of a file with these columns.
    pub(super) fn of(text: &[u8], required: &[&str]) -> Self {
        if let Some(layout) = hinted(text) {
            return layout;
        }
        let fit = |delimiter: &u8| {
            let names = header(text, *delimiter);
            required.iter().filter(|name| names.iter().any(|found| found == *name)).count()
        };
        let delimiter = DELIMITERS.into_iter().max_by_key(fit).unwrap_or(b',');
        Self { delimiter, hint_bytes: 0 }
    }
}

/// The layout in a first line for spreadsheets: `sep=;`.
fn hinted(text: &[u8]) -> Option<Layout> {
    let line = text.split(|byte| matches!(byte, b'\n' | b'\r')).next()?;
    let (name, rest) = line.split_at_checked(4)?;
    let (&delimiter, others) = rest.split_first()?;
    let is_delimiter = delimiter.is_ascii() && delimiter != b'"' && !delimiter.is_ascii_alphanumeric();
    let is_hint = name.eq_ignore_ascii_case(b"sep=") && is_delimiter;
    // A spreadsheet may have added empty fields.
    (is_hint && others.iter().all(|byte| *byte == delimiter))
        .then_some(Layout { delimiter, hint_bytes: line.len() })
}

/// A column's name for comparisons.
pub(super) fn column_name(cell: &str) -> String {
    cell.trim().to_lowercase()
}

/// The names in the first line that has any.
fn header(text: &[u8], delimiter: u8) -> Vec<String> {
    let mut reader =
        ReaderBuilder::new().delimiter(delimiter).has_headers(false).flexible(true).from_reader(text);
    let mut record = ByteRecord::new();
    while reader.read_byte_record(&mut record).unwrap_or(false) {
        let names: Vec<String> =
            record.iter().map(|cell| column_name(&String::from_utf8_lossy(cell))).collect();
        if names.iter().any(|name| !name.is_empty()) {
            return names;
        }
    }
    Vec::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delimiter(text: &str) -> char {
        char::from(Layout::of(text.as_bytes(), &["sku", "name"]).delimiter)
    }

    #[test]
    fn the_delimiter_is_the_one_that_gives_the_columns() {
        for (text, found) in [
            ("sku,name\n", ','),
            ("sku;name;a,b\n", ';'),
            ("\"SKU\"\t Name \n", '\t'),
            (";;\n\nsku;name\n", ';'),
            ("sku,nam\n", ','),
            ("sku;nam\n", ';'),
            ("a b\n", ','),
            ("", ','),
        ] {
            assert_eq!(delimiter(text), found, "{text}");
        }
    }

    #[test]
    fn a_hint_in_the_first_line_wins() {
        assert_eq!(Layout::of(b"sep=|\r\nsku,name\n", &["sku"]), Layout { delimiter: b'|', hint_bytes: 5 });
        assert_eq!(Layout::of(b"SEP=;;;\nsku;name\n", &["sku"]), Layout { delimiter: b';', hint_bytes: 7 });
        assert_eq!(Layout::of(b"sep=\t\n", &["sku"]).delimiter, b'\t');
        let none = Layout { delimiter: b',', hint_bytes: 0 };
        for text in ["sep=\nsku,name", "sep=ab\nsku,name", "sep,name"] {
            assert_eq!(Layout::of(text.as_bytes(), &["sku"]), none, "{text}");
        }
    }
}
