//! Tables as CSV (RFC 4180) that a spreadsheet reads as UTF-8 and without running formulas. Pure.

use domain::guarded;

/// Marks the encoding for spreadsheets.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// Rows of cells as CSV text.
pub(crate) fn table<'a>(rows: impl IntoIterator<Item = Vec<&'a str>>) -> String {
    let mut text = BYTE_ORDER_MARK.to_string();
    for row in rows {
        for (at, cell) in row.into_iter().enumerate() {
            if at > 0 {
                text.push(',');
            }
            push_cell(&mut text, cell);
        }
        text.push_str("\r\n");
    }
    text
}

fn push_cell(text: &mut String, cell: &str) {
    let cell = guarded(cell);
    if cell.contains(['"', ',', '\r', '\n']) {
        text.extend(["\"", &cell.replace('"', "\"\""), "\""]);
    } else {
        text.push_str(&cell);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(text: &str) -> String {
        let table = table([vec![text]]);
        table.trim_start_matches(BYTE_ORDER_MARK).trim_end_matches("\r\n").to_owned()
    }

    #[test]
    fn quotes_characters_that_would_end_a_cell() {
        assert_eq!(cell("plain"), "plain");
        assert_eq!(cell(r#"3" pipe"#), r#""3"" pipe""#);
        assert_eq!(cell("a,b"), "\"a,b\"");
        assert_eq!(cell("two\nlines"), "\"two\nlines\"");
        assert_eq!(table([vec!["a", "b"], vec!["c", ""]]), "\u{feff}a,b\r\nc,\r\n");
    }

    #[test]
    fn escapes_formulas_and_leaves_numbers_unchanged() {
        for formula in
            ["=1+1", "+cmd|' /C calc'!A0", "-1+1", "@SUM(A1)", "-", "--1", "+1.2.3", "-inf", "=cmd"]
        {
            assert_eq!(cell(formula), format!("'{formula}"), "{formula}");
        }
        assert_eq!(cell("=HYPERLINK(\"x\",\"y\")"), "\"'=HYPERLINK(\"\"x\"\",\"\"y\"\")\"");
        for number in ["-5", "+5", "-0.25", "12", "7.125"] {
            assert_eq!(cell(number), number);
        }
    }
}
