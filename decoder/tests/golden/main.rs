//! Which pictures of each symbology can be read, and which cannot. The pictures are generated, the same in
//! every run.
#![cfg(test)]
#![allow(clippy::expect_used, reason = "these are tests")]
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "pictures of a few hundred pixels"
)]

mod picture;

use picture::{Label, PLAIN, Shot, noise, picture};
use rxing::BarcodeFormat::{self, CODE_39, CODE_128, DATA_MATRIX, EAN_8, EAN_13, ITF, QR_CODE, UPC_A, UPC_E};
use rxing::EncodeHints;
use std::time::Instant;

/// FNC1 as rxing's encoders expect it.
const FNC1: char = '\u{f1}';

/// For each symbology: its name, a label, and the text a scanner would send.
fn labels() -> Vec<(&'static str, Label, &'static str)> {
    let gs1 = EncodeHints { Gs1Format: Some(true), ..EncodeHints::default() };
    let gs1_matrix = EncodeHints { DataMatrixCompact: Some(true), ..gs1.clone() };
    let line = |text: &str, format: BarcodeFormat| Label::new(text, format);
    vec![
        ("EAN-13", line("7622210449283", EAN_13), "]E07622210449283"),
        ("EAN-8", line("96385074", EAN_8), "]E496385074"),
        ("UPC-A", line("036000291452", UPC_A), "]E00036000291452"),
        ("UPC-E", line("04252614", UPC_E), "]E00042100005264"),
        ("Code 128", line("LOT-4711", CODE_128), "]C0LOT-4711"),
        (
            "GS1-128",
            line(&format!("{FNC1}010762221044928310L4A{FNC1}17271231"), CODE_128),
            "]C1010762221044928310L4A\u{1d}17271231",
        ),
        ("Code 39", line("BIN-A12", CODE_39), "]A0BIN-A12"),
        ("ITF-14", line("15400141288763", ITF), "]I115400141288763"),
        ("Data Matrix", line("LOT-4711", DATA_MATRIX), "]d1LOT-4711"),
        (
            "GS1 DataMatrix",
            Label::with_hints("\u{1d}010762221044928310L4A\u{1d}17271231", DATA_MATRIX, &gs1_matrix),
            "]d2010762221044928310L4A\u{1d}17271231",
        ),
        (
            "QR",
            line("https://example.com/01/07622210449283", QR_CODE),
            "]Q1https://example.com/01/07622210449283",
        ),
        (
            "GS1 QR",
            Label::with_hints("01076222104492831727123110L4A", QR_CODE, &gs1),
            "]Q301076222104492831727123110L4A",
        ),
    ]
}

fn scan(labels: &[(&Label, Shot)]) -> Option<String> {
    decoder::decode(&picture(labels)).map(|code| code.scan())
}

/// Fails with a list of the labels and shots whose result differs: the expected text if `is_read`, else no
/// code.
fn check(is_read: bool, shots: &[(&str, Shot)], labels: &[(&'static str, Label, &'static str)]) {
    let mut wrong = Vec::new();
    for (name, label, expected) in labels {
        for (condition, shot) in shots {
            let found = scan(&[(label, *shot)]);
            if found.as_deref() != is_read.then_some(*expected) {
                wrong.push(format!("{name}, {condition}: {found:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn only(names: &[&str]) -> Vec<(&'static str, Label, &'static str)> {
    labels().into_iter().filter(|(name, ..)| names.contains(name)).collect()
}

const EAN: [&str; 4] = ["EAN-13", "EAN-8", "UPC-A", "UPC-E"];
const MATRIX: [&str; 4] = ["Data Matrix", "GS1 DataMatrix", "QR", "GS1 QR"];
/// Makes the longest label, 211 modules wide, fit into the picture.
const NARROW: Shot = Shot { module: 2.0, ..PLAIN };

#[test]
fn every_symbology_is_read_upright_tilted_sideways_and_upside_down() {
    let shots = [
        ("upright", NARROW),
        ("5 degrees", Shot { turned: 5.0, ..NARROW }),
        ("upside down", Shot { turned: 180.0, ..NARROW }),
    ];
    check(true, &shots, &labels());
    let sideways = Shot { turned: 90.0, ..NARROW };
    let (longest, others): (Vec<_>, Vec<_>) = labels().into_iter().partition(|(name, ..)| *name == "GS1-128");
    check(true, &[("sideways", sideways)], &others);
    // The picture is less high than wide, so the longest label fits only with smaller modules.
    check(true, &[("sideways", Shot { module: 1.5, ..sideways })], &longest);
}

#[test]
fn every_symbology_is_read_with_noise_blur_and_little_contrast() {
    let shots = [
        ("noise", Shot { noise: 20, ..PLAIN }),
        ("blur", Shot { blur: 1, ..PLAIN }),
        ("little contrast", Shot { tones: (100.0, 130.0), ..PLAIN }),
        ("in the dark", Shot { tones: (5.0, 30.0), ..PLAIN }),
        ("far", Shot { module: 1.5, ..PLAIN }),
    ];
    let others = labels().into_iter().filter(|(name, ..)| !matches!(*name, "GS1-128" | "QR" | "GS1 QR"));
    check(true, &shots, &others.collect::<Vec<_>>());
    check(true, &shots[..4], &only(&["QR", "GS1 QR"]));
    check(true, &[("far", Shot { module: 1.5, ..PLAIN })], &only(&["GS1-128"]));
}

#[test]
fn retail_codes_are_read_in_worse_pictures() {
    let shots = [
        ("20 degrees", Shot { turned: 20.0, ..PLAIN }),
        ("much noise", Shot { noise: 80, ..PLAIN }),
        ("much blur", Shot { blur: 2, ..PLAIN }),
    ];
    check(true, &shots, &only(&EAN));
}

#[test]
fn matrix_codes_are_read_at_any_angle() {
    let shots = [30.0, 45.0, 60.0, 135.0, 200.0].map(|turned| ("turned", Shot { turned, ..PLAIN }));
    check(true, &shots, &only(&MATRIX));
}

/// If this fails because more codes can be read than before, update the expectation.
#[test]
fn codes_too_small_too_blurred_or_too_tilted_are_not_read_and_never_misread() {
    check(false, &[("tilted", Shot { turned: 45.0, ..PLAIN })], &only(&EAN));
    check(false, &[("blurred", Shot { blur: 3, ..PLAIN })], &labels());
    check(false, &[("too small", Shot { module: 0.8, ..PLAIN })], &labels());
}

#[test]
fn of_several_codes_the_one_nearest_to_the_centre_is_read() {
    let (ean, other, qr) = (
        Label::new("7622210449283", EAN_13),
        Label::new("96385074", EAN_8),
        Label::new("https://example.com", QR_CODE),
    );
    let at = |x: f32, y: f32| Shot { at: (x, y), ..NARROW };
    let one_above = [(&ean, at(0.0, -120.0)), (&other, at(0.0, 60.0))];
    assert_eq!(scan(&one_above).as_deref(), Some("]E496385074"));
    let beside = [(&ean, at(-180.0, 0.0)), (&other, at(120.0, 0.0))];
    assert_eq!(scan(&beside).as_deref(), Some("]E496385074"));
    let beside = [(&ean, at(-120.0, 0.0)), (&other, at(180.0, 0.0))];
    assert_eq!(scan(&beside).as_deref(), Some("]E07622210449283"));
    let of_two_kinds = [(&ean, at(0.0, 150.0)), (&qr, at(0.0, -60.0))];
    assert_eq!(scan(&of_two_kinds).as_deref(), Some("]Q1https://example.com"));
    let of_two_kinds = [(&ean, at(0.0, 60.0)), (&qr, at(0.0, -150.0))];
    assert_eq!(scan(&of_two_kinds).as_deref(), Some("]E07622210449283"));
}

#[test]
fn noise_and_empty_pictures_yield_no_code() {
    for seed in 0..40 {
        assert_eq!(decoder::decode(&noise(seed)), None, "seed {seed}");
    }
    assert_eq!(decoder::decode(&picture(&[])), None);
}

#[test]
fn a_wrong_check_digit_is_not_read() {
    let wrong = Label::new("15400141288764", ITF);
    assert_eq!(scan(&[(&wrong, PLAIN)]), None);
}

/// `cargo test --release --package decoder --test golden -- --ignored --nocapture`
#[test]
#[ignore = "prints how long reading takes"]
fn how_long_reading_takes() {
    const ROUNDS: u32 = 50;
    let timed = |name: &str, frame: &decoder::Frame| {
        let started = Instant::now();
        (0..ROUNDS).for_each(|_| drop(std::hint::black_box(decoder::decode(frame))));
        println!("{name:16} {:6.2} ms", (started.elapsed() / ROUNDS).as_secs_f64() * 1_000.0);
    };
    for (name, label, _) in &labels() {
        timed(name, &picture(&[(label, NARROW)]));
    }
    timed("nothing", &picture(&[]));
    timed("noise alone", &noise(1));
}
