//! The scanner test: shows the scanner's input, its parsed content, and the settings to change.

use yew::prelude::*;

use super::scanner_keyboard::KEYS_LABEL;
use super::scanner_report::{
    Advice, MAX_ADOPTED_GAP_MILLIS, Report, Separator, adopted_gap_millis, separator_label,
};
use super::scanner_words::{Sentence, advice_words, facts};
use super::setting_parts::sound_buttons;
use crate::desk::scan_listener::{last_burst, set_testing};
use crate::desk::scan_target::use_scan_target;
use crate::desk::scanner::{Found, ScanTarget};
use crate::device::feedback::{self, Feedback};
use crate::device::preferences::{Preferences, ScannerPreferences};
use crate::route::Route;
use crate::ui::barcode::barcode;
use crate::ui::button::{button, link_button};
use crate::ui::chip::Tone;
use crate::ui::icon::{Glyph, icon};
use crate::ui::page_head::PageHead;
use crate::words::language::{t, tf};
use yew_router::Routable;

/// The page.
#[component]
pub(crate) fn ScannerTestPage() -> Html {
    let report = use_state(Option::<Report>::default);
    use_lenient_scans();
    let on_scan = {
        let report = report.setter();
        use_callback((), move |found, ()| match found {
            Found::Raw(text) => {
                report.set(Some(test(&text)));
                true
            }
            _ => false,
        })
    };
    use_scan_target(ScanTarget { on_scan });
    html! {
        <div class="page scanner-test" data-test="scanner-test-page">
            <PageHead title={t("Scanner test")} back={Route::Settings} />
            <p class="lead">{ t("Scan any label. This page shows exactly what arrived and records nothing.") }</p>
            <div role="status">
                if let Some(report) = &*report {
                    { verdict(report) }
                }
            </div>
            if let Some(report) = &*report {
                { ways(report) }
                { facts(report) }
            }
            { labels() }
            <section>
                <h2>{ t("Sounds") }</h2>
                { sound_buttons(&Callback::noop()) }
            </section>
            { link_button("button", Route::Settings.to_path(), t("Scanner settings").into(), "to-settings") }
        </div>
    }
}

/// While this page is shown, slow runs of keys count as scans, too.
#[hook]
fn use_lenient_scans() {
    use_effect_with((), |()| {
        set_testing(true);
        || set_testing(false)
    });
}

/// Diagnoses a scan, and stores the resulting facts.
fn test(text: &str) -> Report {
    // Input from the camera or from typing has no keys.
    let burst = last_burst().filter(|burst| burst.text.contains(text));
    let text = burst.as_ref().map_or(text, |burst| &burst.text).to_owned();
    let report = Report::new(&text, burst, &Preferences::load().scanner);
    keep(|scanner| {
        scanner.is_tested = true;
        match report.separator {
            Some(Separator::Came) => scanner.sends_separators = true,
            Some(Separator::CameAs(_) | Separator::Lost) => scanner.sends_separators = false,
            None => {}
        }
    });
    feedback::give(if report.advice.is_empty() { Feedback::Right } else { Feedback::Unknown });
    report
}

fn keep(change: impl FnOnce(&mut ScannerPreferences)) {
    Preferences::change(|preferences| change(&mut preferences.scanner));
}

/// The advice, the most severe first; else a confirmation.
fn verdict(report: &Report) -> Html {
    let all_is_well = || match report.separator {
        Some(Separator::Came) => {
            Sentence::good(t("The separator arrives. Labels with lots are read without asking."))
        }
        _ => Sentence::good(t("This scanner is set up well.")),
    };
    let mut sentences: Vec<Sentence> = report.advice.iter().map(advice_words).collect();
    if sentences.is_empty() {
        sentences.push(all_is_well());
    }
    let line = |sentence: Sentence| {
        let glyph = if sentence.tone == Tone::Good { Glyph::Tick } else { Glyph::Triangle };
        html! {
            <div class={classes!("banner", sentence.tone.class())} data-test="verdict">
                { icon(glyph) }<p>{ sentence.text }</p>
            </div>
        }
    };
    html! { <div class="verdicts">{ for sentences.into_iter().map(line) }</div> }
}

/// The changes that the app itself can make.
fn ways(report: &Report) -> Html {
    let mut ways = Vec::new();
    if let Some(Separator::CameAs(char)) = report.separator {
        let onclick = Callback::from(move |_: MouseEvent| {
            keep(|scanner| (scanner.separator, scanner.sends_separators) = (char, true));
            feedback::give(Feedback::Saved);
        });
        let word = tf("Use {char} as the separator", &[("char", &char)]);
        ways.push(button("button strong", word.into(), onclick, "adopt-separator"));
    }
    if let Some(burst) = &report.burst {
        let gap = adopted_gap_millis(burst);
        let is_useful = report.advice.iter().any(|advice| matches!(advice, Advice::TooSlow(_)));
        let onclick = Callback::from(move |_: MouseEvent| {
            keep(|scanner| scanner.max_gap_millis = gap);
            feedback::give(Feedback::Saved);
        });
        let word = tf("Use {gap} ms as the longest gap", &[("gap", &gap)]);
        if gap <= MAX_ADOPTED_GAP_MILLIS {
            let class = if is_useful { "button strong" } else { "button" };
            ways.push(button(class, word.into(), onclick, "adopt-gap"));
        }
        if let Some(chars) = report.advice.iter().find_map(too_short) {
            let onclick = Callback::from(move |_: MouseEvent| keep(|scanner| scanner.min_chars = chars));
            let word = tf("Accept codes of {chars} characters", &[("chars", &chars)]);
            ways.push(button("button", word.into(), onclick, "adopt-min"));
        }
    }
    html! { <div class="section-ways">{ for ways }</div> }
}

const fn too_short(advice: &Advice) -> Option<u32> {
    match advice {
        Advice::TooShort(chars) => Some(*chars),
        _ => None,
    }
}

/// Test labels; they are scanned from paper or from another device's screen.
fn labels() -> Html {
    let keys = crate::settings::scanner_report::visible(KEYS_LABEL);
    html! {
        <section class="test-labels">
            <h2>{ t("Test labels") }</h2>
            <p>{ t("This one shows whether scanner and device have the same keyboard language.") }</p>
            { barcode(KEYS_LABEL, &keys) }
            <p>{ t("This one has a separator between its lot and its serial number.") }</p>
            { barcode(&separator_label(), "(01)09521234543213 (10)AB1 (21)7") }
        </section>
    }
}
