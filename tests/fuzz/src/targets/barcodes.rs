//! Barcodes as scanners and people enter them, and search texts.

use anyhow::Result;
use domain::{GtinFault, check_gtin, fold_for_search, normalize_gtin};

pub(super) fn barcodes(data: &[u8]) -> Result<()> {
    let Ok(text) = std::str::from_utf8(data) else { return Ok(()) };
    let normal = normalize_gtin(text);
    assert_eq!(normalize_gtin(&normal), normal, "normalizing is not idempotent");
    assert_eq!(check_gtin(text).is_ok(), is_gtin(text), "{text:?}");
    match check_gtin(text) {
        Ok(()) => {
            assert_eq!(check_gtin(&normal), Ok(()), "{normal}");
            assert_eq!(normal.len(), 14);
            // The check digit detects every single mistyped digit.
            for (at, by) in (0..text.len()).flat_map(|at| (1..10).map(move |by| (at, by))) {
                let mistyped = with_digit(text, at, |digit| (digit + by) % 10);
                assert!(check_gtin(&mistyped).is_err(), "{mistyped} passes for {text}");
            }
        }
        Err(GtinFault::CheckDigit { expected }) => {
            let right = with_digit(text, text.len() - 1, |_| expected);
            assert_eq!(check_gtin(&right), Ok(()), "{right}");
            assert_eq!(normal, text);
        }
        Err(GtinFault::NotAGtin) => {}
    }
    let folded = fold_for_search(text);
    assert_eq!(fold_for_search(&folded), folded, "folding is not idempotent");
    assert_eq!(fold_for_search(&text.to_lowercase()), folded, "in lower case");
    Ok(())
}

/// The check as the standard states it: weighted 1, 3, 1, 3 ... from the right, the digits sum to a multiple
/// of ten.
fn is_gtin(text: &str) -> bool {
    let digits: Option<Vec<u32>> = text.chars().rev().map(|char| char.to_digit(10)).collect();
    digits.filter(|digits| [8, 12, 13, 14].contains(&digits.len())).is_some_and(|digits| {
        let every_second = |from| digits.iter().skip(from).step_by(2).sum::<u32>();
        (every_second(0) + 3 * every_second(1)).is_multiple_of(10)
    })
}

/// Returns `digits` with the one at `at` replaced.
fn with_digit(digits: &str, at: usize, new: impl Fn(u8) -> u8) -> String {
    let changed = digits.bytes().enumerate().map(|(place, byte)| match byte.checked_sub(b'0') {
        Some(digit) if place == at => char::from(b'0' + new(digit)),
        _ => char::from(byte),
    });
    changed.collect()
}
