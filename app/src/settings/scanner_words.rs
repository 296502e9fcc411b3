//! A scanner's diagnosis in words.

use domain::Gs1;
use yew::prelude::*;

use super::scanner_keyboard::KeyboardFault;
use super::scanner_report::{Advice, Reading, Report, symbology, visible, whole};
use super::setting_scale::scale_reading;
use crate::desk::scan::fault_in_words;
use crate::desk::scan_key::{LastBurst, SeparatorSeen, Terminator};
use crate::ui::chip::Tone;
use crate::words::language::{t, tf};

/// A sentence and its colour.
pub(crate) struct Sentence {
    pub(crate) tone: Tone,
    pub(crate) text: String,
}

impl Sentence {
    /// A confirmation.
    pub(crate) fn good(text: &str) -> Self {
        Self { tone: Tone::Good, text: text.to_owned() }
    }
}

/// A problem with its solution.
pub(crate) fn advice_words(advice: &Advice) -> Sentence {
    let (tone, text) = match advice {
        Advice::DeadKey => (
            Tone::Attention,
            t("The device turns some characters into accents. Set its keyboard to English (US), and the scanner to USA.").into(),
        ),
        Advice::Keyboard(KeyboardFault::SmallLetters) => (
            Tone::Waiting,
            t("All letters are lower case. If the label shows capitals, turn Caps Lock off on the device and the scanner.").into(),
        ),
        Advice::Keyboard(fault) => (Tone::Attention, keyboard_words(fault)),
        Advice::SeparatorIs(char) => (
            Tone::Waiting,
            tf("The separator arrived as “{char}”. Choose that character here.", &[("char", &visible(&char.to_string()))]),
        ),
        Advice::SeparatorLost => (
            Tone::Attention,
            t("The separator was lost. Set the scanner to send GS as a visible character such as ~ or ^, then choose it here.").into(),
        ),
        Advice::TooSlow(millis) => (
            Tone::Attention,
            tf("A key arrived {millis} ms after the previous one. Use the measured gap, or set the scanner to send faster.", &[("millis", millis)]),
        ),
        Advice::TooShort(_) => {
            (Tone::Waiting, t("The code is too short to count as a scan.").into())
        }
        Advice::NoTerminator => (Tone::Waiting, t("Nothing ends the scan. Set the scanner's suffix to Enter.").into()),
        Advice::Slow(millis) => (
            Tone::Waiting,
            tf("It sends a key every {millis} ms. Set its delay between characters to 0.", &[("millis", millis)]),
        ),
        Advice::NoIdentifier => (
            Tone::Waiting,
            t("Set the scanner to transmit the AIM identifier, so that a GS1 label is always recognised.").into(),
        ),
    };
    Sentence { tone, text }
}

fn keyboard_words(fault: &KeyboardFault) -> String {
    match fault {
        KeyboardFault::Azerty => t("This device has an AZERTY keyboard, but the scanner is set to another one. Set the scanner's keyboard country to France, or to Belgium on a Belgian keyboard.").into(),
        KeyboardFault::Qwertz => t("This device has a QWERTZ keyboard, but the scanner is set to another one. Set the scanner's keyboard country to Germany.").into(),
        KeyboardFault::ScannerAzerty => t("The scanner is set to an AZERTY keyboard, but this device has another one. Set the scanner's keyboard country to the device's.").into(),
        KeyboardFault::Mixed(mixed) => mixed_words(mixed),
        KeyboardFault::CapsLock | KeyboardFault::SmallLetters => {
            t("Upper and lower case are swapped. Turn Caps Lock off on the device and the scanner.").into()
        }
    }
}

fn mixed_words(mixed: &[(char, char)]) -> String {
    let pairs: Vec<String> = mixed
        .iter()
        .map(|(meant, came)| tf("{meant} arrived as {came}", &[("meant", meant), ("came", came)]))
        .collect();
    tf(
        "Scanner and device have different keyboard languages: {pairs}. Set the scanner's keyboard country to the device's.",
        &[("pairs", &pairs.join(", "))],
    )
}

/// The input and its meaning, as a list.
pub(crate) fn facts(report: &Report) -> Html {
    let mut facts = vec![(t("Sent"), visible(&report.text))];
    if let Some(identifier) = symbology(&report.text) {
        facts.push((t("AIM identifier"), format!("{identifier} {}", symbology_name(identifier))));
    }
    facts.extend(report.burst.iter().flat_map(burst_facts));
    let scale = match &report.reading {
        Reading::Gtin(code) => scale_reading(code),
        _ => None,
    };
    facts.push((t("Lotbook reads"), scale.unwrap_or_else(|| reading_words(&report.reading))));
    let elements: Vec<&Gs1> = match &report.reading {
        Reading::Gs1(elements) => vec![elements],
        Reading::Unclear(readings) => readings.iter().collect(),
        Reading::Gtin(_) | Reading::Other(_) | Reading::Fault(_) => Vec::new(),
    };
    html! {
        <section class="card" data-test="scan-facts">
            <dl class="facts">
                { for facts.into_iter().map(|(label, value)| html! {
                    <div><dt>{ label }</dt><dd translate="no" dir="auto">{ value }</dd></div>
                }) }
            </dl>
            { for elements.into_iter().map(table) }
        </section>
    }
}

fn burst_facts(burst: &LastBurst) -> Vec<(&'static str, String)> {
    let gaps = f64::from(burst.keys.saturating_sub(1).max(1));
    let terminator = match burst.terminator {
        Terminator::Enter => t("Enter"),
        Terminator::Tab => t("Tab"),
        Terminator::Pause => t("None"),
    };
    let speed = tf(
        "{total} ms for {keys} keys, {mean} ms a key, {longest} ms at most",
        &[
            ("total", &whole(burst.total_millis)),
            ("keys", &burst.keys),
            ("mean", &whole(burst.total_millis / gaps)),
            ("longest", &whole(burst.max_gap_millis)),
        ],
    );
    let mut facts = vec![(t("Ends with"), terminator.to_owned()), (t("Speed"), speed)];
    facts.extend(burst.separator_seen.map(|seen| (t("Separator"), separator_words(seen))));
    facts
}

fn separator_words(seen: SeparatorSeen) -> String {
    match seen {
        SeparatorSeen::Itself => t("GS itself").to_owned(),
        SeparatorSeen::Control => t("GS as Ctrl and ]").to_owned(),
        SeparatorSeen::Key => t("GS as a key without a character").to_owned(),
        SeparatorSeen::Substitute(char) => {
            tf("{char} in place of GS", &[("char", &visible(&char.to_string()))])
        }
    }
}

fn reading_words(reading: &Reading) -> String {
    match reading {
        Reading::Gtin(digits) => format!("GTIN-{}: {digits}", digits.len()),
        Reading::Gs1(_) => t("A GS1 label").to_owned(),
        Reading::Unclear(_) => {
            t("This GS1 label is ambiguous. Lotbook asks which reading is right.").to_owned()
        }
        Reading::Other(code) => tf("Internal code: {code}", &[("code", code)]),
        Reading::Fault(fault) => fault_in_words(fault),
    }
}

fn table(elements: &Gs1) -> Html {
    html! {
        <table class="comparison" data-test="elements">
            <tbody>
                { for elements.0.iter().map(|element| html! {
                    <tr>
                        <th scope="row" translate="no">{ format!("({})", element.ai) }</th>
                        <td>{ identifier_name(&element.ai) }</td>
                        <td translate="no">{ &element.value }</td>
                    </tr>
                }) }
            </tbody>
        </table>
    }
}

/// The GS1 identifiers that are common on goods.
fn identifier_name(ai: &str) -> &'static str {
    match ai {
        "00" => t("Number of the logistic unit (SSCC)"),
        "01" => t("Item (GTIN)"),
        "02" => t("Items contained (GTIN)"),
        "10" => t("Batch or lot"),
        "11" => t("Production date"),
        "12" => t("Due date"),
        "13" => t("Packaging date"),
        "15" => t("Best before"),
        "16" => t("Sell by"),
        "17" => t("Expires"),
        "20" => t("Variant"),
        "21" => t("Serial number"),
        "30" => t("Count"),
        "37" => t("Count of items contained"),
        "240" | "241" => t("Part number"),
        "400" => t("Order number of the customer"),
        "410" | "411" | "412" | "413" | "414" => t("Location (GLN)"),
        _ if ai.starts_with("310") => t("Net weight in kilograms"),
        _ if ai.starts_with("39") => t("Price"),
        _ if ai.len() == 2 && ai.starts_with('9') => t("Company's own data"),
        _ => t("Other data"),
    }
}

/// The symbologies of ISO/IEC 15424 that are used on goods. They are names, the same in every language.
fn symbology_name(identifier: &str) -> &'static str {
    match identifier {
        "]A0" | "]A1" | "]A2" | "]A3" | "]A4" | "]A5" | "]A7" => "Code 39",
        "]C0" | "]C2" | "]C4" => "Code 128",
        "]C1" => "GS1-128",
        "]d0" | "]d1" | "]d3" | "]d4" | "]d5" | "]d6" => "Data Matrix",
        "]d2" => "GS1 DataMatrix",
        "]E0" | "]E1" | "]E2" | "]E3" => "EAN-13, UPC-A, UPC-E",
        "]E4" => "EAN-8",
        "]e0" => "GS1 DataBar",
        "]F0" | "]F1" | "]F2" | "]F4" => "Codabar",
        "]G0" => "Code 93",
        "]I0" | "]I1" | "]I3" => "Interleaved 2 of 5",
        "]J0" => "DotCode",
        "]J1" => "GS1 DotCode",
        "]L0" | "]L1" | "]L2" => "PDF417",
        "]Q0" | "]Q1" | "]Q2" | "]Q4" | "]Q5" | "]Q6" => "QR Code",
        "]Q3" => "GS1 QR Code",
        "]z0" | "]z1" | "]z2" => "Aztec",
        _ => "",
    }
}
