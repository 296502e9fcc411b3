//! The setting for labels of scales: the places of item, weight and price in their codes, with an example and its
//! reading.

use domain::{Quantity, ScaleLabel, ScalePattern, ascii_digits};
use yew::prelude::*;

use super::setting_parts::{Choice, Kept, change, choices, section};
use crate::device::preferences::Preferences;
use crate::ui::field::{Field, Takes};
use crate::words::format;
use crate::words::language::{t, tf};

/// The usual pattern of labels with a weight.
const BY_WEIGHT: &str = "20IIIIIWW.WWWC";
/// The usual pattern of labels with a price.
const BY_PRICE: &str = "20IIIIIMMM.MMC";

/// The preferences, owned by the page.
#[derive(Properties, PartialEq)]
pub(crate) struct ScaleSettingsProps {
    pub(crate) kept: Kept,
}

/// The section.
#[component]
pub(crate) fn ScaleSettings(props: &ScaleSettingsProps) -> Html {
    let kept = &props.kept;
    let typed = use_state(|| kept.scale_pattern.clone());
    let example = use_state(|| None::<String>);
    let on_pattern = {
        let (typed, kept) = (typed.clone(), kept.clone());
        Callback::from(move |text: String| {
            // While the text is no pattern, the last one stays in use.
            if text.trim().is_empty() || read_pattern(&text).is_some() {
                change(&kept, |preferences| preferences.scale_pattern = text.trim().to_uppercase());
            }
            typed.set(text);
        })
    };
    let on_example = {
        let example = example.clone();
        Callback::from(move |text: String| example.set(Some(text)))
    };
    let on_kind = {
        let example = example.setter();
        on_pattern.reform(move |pattern: String| {
            example.set(None);
            pattern
        })
    };
    let content = html! {
        <>
            <div class="setting-block">
                <p>{ t("Labels that a scale prints with the weight or the price in the barcode.") }</p>
                { kinds(&typed, &on_kind) }
            </div>
            if !typed.trim().is_empty() {
                <div class="fields">
                    { pattern_field(&typed, on_pattern) }
                    if let Some(pattern) = read_pattern(&typed) {
                        { example_field(&pattern, (*example).clone(), on_example) }
                    }
                </div>
            }
        </>
    };
    section(t("Scale labels"), content)
}

/// The choices: off, or one of the usual patterns.
fn kinds(typed: &str, on_pattern: &Callback<String>) -> Html {
    let kind = kind_of(typed);
    let all = [("off", t("Off")), ("weight", t("Weight")), ("price", t("Price"))];
    let all = all.map(|(code, word)| Choice {
        code: code.to_owned(),
        word: word.to_owned(),
        lang: None,
        is_chosen: code == kind,
    });
    let on_choose = on_pattern.reform(|code: String| {
        let pattern = match code.as_str() {
            "weight" => BY_WEIGHT,
            "price" => BY_PRICE,
            _ => "",
        };
        pattern.to_owned()
    });
    choices(t("Scale labels"), all.into(), &on_choose, "scale-kind")
}

/// The choice that a pattern belongs to.
fn kind_of(typed: &str) -> &'static str {
    match typed.to_uppercase() {
        text if text.trim().is_empty() => "off",
        text if text.contains('W') => "weight",
        text if text.contains('M') => "price",
        _ => "",
    }
}

fn read_pattern(typed: &str) -> Option<ScalePattern> {
    typed.trim().to_uppercase().parse().ok()
}

fn pattern_field(typed: &str, on_change: Callback<String>) -> Html {
    let fault = read_pattern(typed).is_none().then(|| {
        let example: &dyn std::fmt::Display = &BY_WEIGHT;
        tf(
            "Use 12 or 13 places that start with 2 and end with C, such as {pattern}.",
            &[("pattern", example)],
        )
        .into()
    });
    Field {
        id: "scale-pattern",
        label: t("Pattern"),
        value: typed,
        on_change,
        hint: t("P any digit, I item, W weight in kg, M price, V scale's check, C check digit. The point shows the decimals."),
        fault,
        ..Field::default()
    }
    .view()
}

/// A label to try, at first an example of the pattern, and its reading.
fn example_field(pattern: &ScalePattern, typed: Option<String>, on_change: Callback<String>) -> Html {
    let example = typed.unwrap_or_else(|| pattern.example());
    let read = pattern.read(&ascii_digits(example.trim()));
    let is_wrong = read.is_none() && !example.trim().is_empty();
    let fault = is_wrong.then(|| t("This label doesn't fit the pattern.").into());
    let field = Field {
        id: "scale-example",
        label: t("Example label"),
        value: &example,
        on_change,
        hint: t("Scan one of your own labels here."),
        fault,
        keyboard: "numeric",
        takes: Takes::Whole,
        ..Field::default()
    };
    html! {
        <>
            { field.view() }
            <p class="field-note" role="status" data-test="scale-reading">
                if let Some(label) = &read {
                    <strong>{ reading(label) }</strong>
                }
            </p>
        </>
    }
}

/// The reading of a code as a scale's label on this device; none if it does not fit the pattern.
pub(crate) fn scale_reading(code: &str) -> Option<String> {
    let pattern: ScalePattern = Preferences::load().scale_pattern.parse().ok()?;
    pattern.read(code).as_ref().map(reading)
}

/// `Item 12345, 1.250 kg`.
fn reading(label: &ScaleLabel) -> String {
    let mut text = tf("Item {code}", &[("code", &label.item)]);
    if let Some(weight) = label.weight {
        text += ", ";
        text += &tf("{weight} kg", &[("weight", &format::fixed(weight, 3))]);
    }
    if let Some(minor) = label.price_minor {
        text += ", ";
        text += &tf("price {price}", &[("price", &format::fixed(Quantity(minor.saturating_mul(10)), 2))]);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pattern: &str, code: &str) -> Option<String> {
        read_pattern(pattern)?.read(code).as_ref().map(reading)
    }

    #[test]
    fn a_label_is_shown_as_it_is_read() {
        assert_eq!(read(BY_WEIGHT, "2012345012509").as_deref(), Some("Item 12345, 1.250 kg"));
        assert_eq!(read(" 20iiiiiww.wwwc ", "2012345012509").as_deref(), Some("Item 12345, 1.250 kg"));
        assert_eq!(read("20IIIIIWWW.WWC", "2012345012509").as_deref(), Some("Item 12345, 12.500 kg"));
        assert_eq!(read("21IIIIIMMM.MMC", "2112345004990").as_deref(), Some("Item 12345, price 4.99"));
        assert_eq!(read("21IIIIIMMM.MMC", "2012345012509"), None);
    }

    #[test]
    fn the_usual_patterns_are_patterns_and_show_an_example() {
        for usual in [BY_WEIGHT, BY_PRICE] {
            let pattern = read_pattern(usual).expect("a pattern");
            assert!(pattern.read(&pattern.example()).is_some(), "{usual}");
            assert_ne!(kind_of(usual), "off");
        }
        assert_eq!((kind_of(" "), kind_of("2x")), ("off", ""));
    }
}
