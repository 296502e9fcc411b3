//! Scanner input: GS1 in all its forms, GTINs, and anything else.

use anyhow::{Context as _, Result};
use domain::{CalendarDate, GROUP_SEPARATOR, Gs1, MAX_READINGS, Scan, Scanner, read_scan};

const SURE: Scanner = Scanner { separator: GROUP_SEPARATOR, sends_separators: true };

pub(super) fn scans(data: &[u8]) -> Result<()> {
    let Ok(text) = std::str::from_utf8(data) else { return Ok(()) };
    let today = CalendarDate::new(2026, 11, 24).context("a date")?;
    for scanner in [SURE, Scanner { sends_separators: false, ..SURE }, Scanner { separator: '~', ..SURE }] {
        match read_scan(text, scanner) {
            Ok(Scan::Gs1(elements)) => check_elements(&elements, today),
            Ok(Scan::Unclear(readings)) => {
                assert!(
                    !scanner.sends_separators,
                    "{text:?} is ambiguous although the scanner sends separators"
                );
                assert!((1..=MAX_READINGS).contains(&readings.len()));
                readings.iter().for_each(|reading| check_elements(reading, today));
            }
            Ok(Scan::Gtin(gtin)) => assert_eq!(domain::check_gtin(&gtin), Ok(())),
            Ok(Scan::Label(label)) => {
                assert!(
                    !label.code.is_empty() && label.lot_code.is_none_or(|lot| !lot.is_empty()),
                    "{text:?}"
                );
            }
            Ok(Scan::Other(_)) => {}
            Err(fault) => assert!(fault.to_string().ends_with('.'), "{fault}"),
        }
    }
    Ok(())
}

/// Elements written with a separator after each are read back unchanged, and dates and GTINs are valid.
fn check_elements(elements: &Gs1, today: CalendarDate) {
    assert!(!elements.0.is_empty());
    let separated =
        elements.0.iter().map(|element| format!("{}{}{GROUP_SEPARATOR}", element.ai, element.value));
    let written = format!("]d2{}", separated.collect::<String>());
    assert_eq!(read_scan(&written, SURE), Ok(Scan::Gs1(elements.clone())), "{written:?}");
    for ai in ["11", "13", "15", "17"].into_iter().filter(|ai| elements.get(ai).is_some()) {
        let date = elements.date(ai, today);
        assert!(date.is_some_and(|date| today.days_until(date).abs() <= 51 * 366), "({ai}) is {date:?}");
    }
    if let Some(gtin) = elements.gtin() {
        assert_eq!((gtin.len(), domain::check_gtin(gtin)), (14, Ok(())), "{gtin}");
    }
}
