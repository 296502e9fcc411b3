//! Valid and invalid scans, with the expected results (`gs1.txt`).
#![allow(clippy::expect_used, reason = "a test fails loudly")]

use domain::{
    Amount, CalendarDate, GROUP_SEPARATOR, Gs1, Label, Quantity, Scan, Scanner, looks_like_goods, read_scan,
};

const MIN_SCANS: usize = 390;

fn today() -> CalendarDate {
    CalendarDate::new(2026, 11, 24).expect("a date")
}

fn listed(elements: &Gs1) -> String {
    elements.0.iter().map(|element| format!("{}={}", element.ai, element.value)).collect::<Vec<_>>().join("|")
}

fn in_words(label: &Label) -> String {
    let lot = label.lot_code.iter().map(|lot| format!("|lot={lot}"));
    let expiry = label.expires_on.iter().map(|day| format!("|expiry={day}"));
    let kind = if label.is_item { "item" } else { "code" };
    format!("label {kind}={}{}", label.code, lot.chain(expiry).collect::<String>())
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
    let scan = scan.replace("{RS}", "\u{1e}").replace("{EOT}", "\u{4}");
    match read_scan(&scan, Scanner { separator, sends_separators }) {
        Ok(Scan::Gtin(gtin)) => format!("gtin {gtin}"),
        Ok(Scan::Gs1(elements)) => format!("gs1 {}", listed(&elements)),
        Ok(Scan::Unclear(readings)) => {
            format!("unclear {}", readings.iter().map(listed).collect::<Vec<_>>().join(" || "))
        }
        Ok(Scan::Label(label)) => in_words(&label),
        Ok(Scan::Other(code)) => format!("other {code}").replace(GROUP_SEPARATOR, "{GS}"),
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
        (pallet.gtin(), pallet.lot_code(), pallet.amount("each")),
        (Some("04012345123456"), Some("L7"), Some(Amount::Exact(Quantity::units(24))))
    );
    assert_eq!(pallet.expires_on(today()).map(|date| date.to_string()).as_deref(), Some("2027-01-31"));
    assert_eq!(pallet.date("11", today()), None);
}

#[test]
fn an_expiry_date_with_a_time_counts_where_there_is_no_other() {
    let expiry = |data: &str| {
        elements(&format!("]d20104012345123456{data}")).expires_on(today()).map(|date| date.to_string())
    };
    assert_eq!(expiry("70032612311430").as_deref(), Some("2026-12-31"));
    assert_eq!(expiry("70032612311430\u{1d}15270131").as_deref(), Some("2026-12-31"));
    assert_eq!(expiry("70032612311430\u{1d}17270131").as_deref(), Some("2027-01-31"));
    assert_eq!(expiry("11261231"), None);
}

#[test]
fn an_item_made_to_order_has_a_gtin() {
    assert_eq!(elements("]d2030401234512345610L7").gtin(), Some("04012345123456"));
}

#[test]
fn goods_are_told_from_bins_and_lots() {
    for goods in [
        "4006381333931",
        "036000291452",
        "04012345123456",
        "96385074",
        "04252614",
        "]E04006381333931",
        " 4006381333931\r",
        "400638133393112",
        "978020137962451995",
        "]d2010401234512345610L7",
        "010401234512345617261231",
        "10LOT010401234512345617261231",
        "(01)04012345123456(10)L7",
        "(10)L7",
        "https://id.gs1.org/01/04012345123456",
        "+A123BJC5D6E71G",
        "[)>\u{1e}06\u{1d}9N110375286414\u{1d}1TL7\u{1e}\u{4}",
        "[)>\u{1e}12\u{1d}X\u{1e}\u{4}",
    ] {
        assert!(looks_like_goods(goods), "{goods}");
    }
    for other in [
        "",
        "A-01-2",
        "RECEIVING",
        "Z-77-1",
        "20261121",
        "05112026",
        "01122026",
        "17261231",
        "4006381333932",
        "400638133393212",
        "12345",
        "L7",
        "10ABC",
        "+A-01",
        "https://example.com/help",
        "]d24144012345000009",
        "]d217261331",
        "LBCMD-SAVE",
    ] {
        assert!(!looks_like_goods(other), "{other}");
    }
}
