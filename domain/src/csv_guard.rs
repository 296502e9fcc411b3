//! Guards cells of CSV files that a spreadsheet would evaluate. The reader removes exactly what the writer added.

use std::borrow::Cow;

/// Makes a spreadsheet take a cell as text.
const GUARD: char = '\'';

/// The cell as written to a file: with an apostrophe before a formula, and before an apostrophe that
/// [`unguarded`] would remove.
pub fn guarded(cell: &str) -> Cow<'_, str> {
    if needs_guard(cell) { Cow::Owned(format!("{GUARD}{cell}")) } else { Cow::Borrowed(cell) }
}

/// The cell without the apostrophe that [`guarded`] added.
pub fn unguarded(cell: &str) -> &str {
    cell.strip_prefix(GUARD).filter(|rest| needs_guard(rest)).unwrap_or(cell)
}

fn needs_guard(cell: &str) -> bool {
    is_formula(cell.trim_start_matches(GUARD))
}

/// Whether a spreadsheet would evaluate it as a formula. Signed numbers are not formulas.
fn is_formula(cell: &str) -> bool {
    cell.starts_with(['=', '+', '-', '@', '\t', '\r']) && !is_number(cell)
}

fn is_number(cell: &str) -> bool {
    let (whole, fraction) = cell.trim_start_matches(['+', '-']).split_once('.').unwrap_or((cell, "0"));
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let signs = cell.bytes().take_while(|byte| matches!(byte, b'+' | b'-')).count();
    signs <= 1 && is_digits(whole.trim_start_matches(['+', '-'])) && is_digits(fraction)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_guarded_and_numbers_are_not() {
        for formula in
            ["=1+1", "+cmd|' /C calc'!A0", "-1+1", "@SUM(A1)", "-", "--1", "+1.2.3", "\tx", "-12A", "+A123"]
        {
            assert_eq!(guarded(formula), format!("'{formula}"), "{formula}");
        }
        for plain in ["-5", "+5", "-0.25", "12", "7.125", "", "A-1", "'s Heerenberg", "'", "''"] {
            assert_eq!(guarded(plain), plain);
        }
    }

    #[test]
    fn the_reader_removes_what_the_writer_added_and_nothing_else() {
        for text in [
            "=1",
            "-12A",
            "\tx",
            "'-12A",
            "''=1",
            "'s Heerenberg",
            "'-5",
            "-5",
            "'",
            "A'=1",
            "'4006381333931",
        ] {
            assert_eq!(unguarded(&guarded(text)), text);
        }
        assert_eq!(unguarded("'-12A"), "-12A");
        assert_eq!(["'Tis", "'-5", "x"].map(unguarded), ["'Tis", "'-5", "x"]);
    }
}
