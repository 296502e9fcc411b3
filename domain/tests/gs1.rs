//! Valid and invalid scans, with the expected results (`gs1.txt`).
#![allow(clippy::expect_used, reason = "a test fails loudly")]

use domain::{CalendarDate, GROUP_SEPARATOR, Gs1, Scan, Scanner, read_scan};

const MIN_SCANS: usize = 200;

fn today() -> CalendarDate {
    CalendarDate::new(2026, 11, 24).expect("a date")
}

fn listed(elements: &Gs1) -> String {
    elements.0.iter().map(|element| format!("{}={}", element.ai, element.value)).collect::<Vec<_>>().join("|")
}

fn meaning(scan: &str) -> String {
    let (scan, sends_separators) = match scan.strip_prefix("{SURE}") {
        Some(rest) => (rest, true),
        None => (scan, false),
    };
    let (scan, separator) = match scan.strip_prefix("{~}") {
        Some(rest) => (rest, '~'),
        None => (scan, GROUP_SEPARATOR),
    };
    let scan = scan.replace("{GS}", &GROUP_SEPARATOR.to_string()).replace("{CR}", "\r");
    match read_scan(&scan, Scanner { separator, sends_separators }) {
        Ok(Scan::Gtin(gtin)) => format!("gtin {gtin}"),
        Ok(Scan::Gs1(elements)) => format!("gs1 {}", listed(&elements)),
        Ok(Scan::Unclear(readings)) => {
            format!("unclear {}", readings.iter().map(listed).collect::<Vec<_>>().join(" || "))
        }
        Ok(Scan::Other(code)) => format!("other {code}"),
        Err(fault) => format!("error {fault}"),
    }
}

#[test]
fn every_scan_has_the_expected_result() {
    let (mut checked, mut wrong) = (0, Vec::new());
    for line in include_str!("gs1.txt").lines().filter(|line| !line.starts_with("# ")) {
        let (scan, expected) = line.split_once('\t').expect("a tab");
        let found = meaning(scan);
        let fits = match expected.strip_prefix("error ") {
            Some(word) => found.starts_with("error ") && found.contains(word),
            None => found == expected,
        };
        if !fits {
            wrong.push(format!("{scan}\n  should be {expected}\n  is        {found}"));
        }
        checked += 1;
    }
    assert!(wrong.is_empty(), "{} of {checked}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(checked >= MIN_SCANS, "{checked} scans");
}

fn elements(scan: &str) -> Gs1 {
    match read_scan(scan, Scanner { separator: GROUP_SEPARATOR, sends_separators: true }) {
        Ok(Scan::Gs1(elements)) => elements,
        other => panic!("{scan}: {other:?}"),
    }
}

#[test]
fn dates_are_in_the_nearest_century_and_day_00_ends_the_month() {
    let expiry = |value: &str, year| {
        let today = CalendarDate::new(year, 6, 1).expect("a date");
        elements(&format!("]d217{value}")).expires_on(today).map(|date| date.to_string()).unwrap_or_default()
    };
    for (value, date) in [
        ("261231", "2026-12-31"),
        ("260200", "2026-02-28"),
        ("280200", "2028-02-29"),
        ("760101", "2076-01-01"),
        ("770101", "1977-01-01"),
    ] {
        assert_eq!(expiry(value, 2026), date, "{value} in 2026");
    }
    assert_eq!(expiry("010101", 1999), "2001-01-01");
    assert_eq!(expiry("990101", 2001), "1999-01-01");
}

#[test]
fn the_fields_of_a_pallet_label_are_found() {
    let pallet = elements("]C102040123451234563724\u{1d}10L7\u{1d}15270131");
    assert_eq!(
        (pallet.gtin(), pallet.lot_code(), pallet.count()),
        (Some("04012345123456"), Some("L7"), Some(24))
    );
    assert_eq!(pallet.expires_on(today()).map(|date| date.to_string()).as_deref(), Some("2027-01-31"));
    assert_eq!(pallet.date("11", today()), None);
}
