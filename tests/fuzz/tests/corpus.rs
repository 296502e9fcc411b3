//! Runs every target on every file of its corpus, and on seeded mutations of each.

#![allow(clippy::expect_used, reason = "a test that cannot set itself up has failed")]

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use fuzz::{Mutator, TARGETS, Target};

/// Limit for the whole corpus.
const MAX_CORPUS_BYTES: usize = 300 * 1024;
const SEED: u64 = 0x10_7B00C;

fn corpus(target: &Target) -> Vec<(String, Vec<u8>)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target.name);
    files(&folder)
}

fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("a readable folder").path()).collect();
    files.sort();
    assert!(!files.is_empty(), "{} is empty", folder.display());
    let name = |path: &PathBuf| path.file_name().expect("a name").to_string_lossy().into_owned();
    files.iter().map(|path| (name(path), fs::read(path).expect("a readable file"))).collect()
}

fn run(target: &Target, what: &str, data: &[u8]) {
    let ran = catch_unwind(AssertUnwindSafe(|| target.run(data)));
    assert!(ran.is_ok(), "{} fails on {what}: {:?}", target.name, String::from_utf8_lossy(data));
}

fn run_corpus_of(name: &str) {
    let target = TARGETS.iter().find(|target| target.name == name).expect("a target of this name");
    let files = corpus(target);
    for (file, data) in &files {
        run(target, file, data);
    }
    let mut mutator = Mutator::new(SEED);
    for number in 0..target.mutations_per_file {
        for (at, (file, data)) in files.iter().enumerate() {
            let (_, other) = &files[(at + 1) % files.len()];
            run(target, &format!("mutation {number} of {file}"), &mutator.changed(data, other));
        }
    }
}

#[test]
fn every_target_has_a_corpus_and_a_test() {
    let source = include_str!("corpus.rs");
    let mut bytes = 0;
    for target in TARGETS {
        assert!(
            source.contains(&format!("run_corpus_of(\"{}\")", target.name)),
            "{} is not run",
            target.name
        );
        bytes += corpus(target).iter().map(|(_, data)| data.len()).sum::<usize>();
    }
    assert!(bytes <= MAX_CORPUS_BYTES, "the corpus has {bytes} bytes; remove files that add no coverage");
}

#[test]
fn a_broken_property_fails_the_test() {
    let target = TARGETS.iter().find(|target| target.name == "dates").expect("dates");
    assert!(catch_unwind(|| target.run(b"2026-11-24")).is_ok());
    let mut one = Mutator::new(7);
    let mut other = Mutator::new(7);
    let changed: Vec<Vec<u8>> = (0..50).map(|_| one.changed(b"2026-11-24", b"0001")).collect();
    assert!(changed.iter().any(|bytes| bytes != b"2026-11-24"), "the mutator changes nothing");
    assert!(
        changed.iter().all(|bytes| *bytes == other.changed(b"2026-11-24", b"0001")),
        "the same seed gives other changes"
    );
}

#[test]
fn sync_bodies() {
    run_corpus_of("sync_body");
}

#[test]
fn audit_bodies() {
    run_corpus_of("audit_body");
}

#[test]
fn unsent_files() {
    run_corpus_of("unsent_file");
}

#[test]
fn csv_files() {
    run_corpus_of("csv_files");
}

#[test]
fn numbers() {
    run_corpus_of("numbers");
}

#[test]
fn dates() {
    run_corpus_of("dates");
}

#[test]
fn barcodes() {
    run_corpus_of("barcodes");
}

#[test]
fn scans() {
    run_corpus_of("scans");
}

#[test]
fn row_json() {
    run_corpus_of("row_json");
}

#[test]
fn action_json() {
    run_corpus_of("action_json");
}
