//! Documents name files that exist, and have no marks of an unfinished merge.

use std::path::{Path, PathBuf};

use super::read;

/// Folders whose files no document names, because they are built.
const BUILT: [&str; 3] = ["target", "dist", "node_modules"];
const MERGE_MARKS: [&str; 3] = ["<<<<<<< ", "=======", ">>>>>>> "];

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The Markdown files of the repository's root and of `docs/`.
fn documents() -> Vec<PathBuf> {
    let root = repository();
    let folders = [root.join("docs"), root];
    let entries = folders.iter().flat_map(|folder| std::fs::read_dir(folder).expect("a folder"));
    let files = entries.map(|entry| entry.expect("an entry").path());
    files.filter(|file| file.extension().is_some_and(|extension| extension == "md")).collect()
}

/// The paths in a text between backticks that begin in one of the repository's folders.
fn paths_in<'t>(text: &'t str, has_folder: &dyn Fn(&str) -> bool) -> Vec<&'t str> {
    let quoted = text.lines().flat_map(|line| line.split('`').skip(1).step_by(2));
    let is_plain =
        |path: &&str| !path.starts_with('/') && !path.contains(|char: char| " {}*<>$\"".contains(char));
    let paths = quoted.filter(is_plain).filter(|path| {
        path.split_once('/').is_some_and(|(first, _)| !BUILT.contains(&first) && has_folder(first))
    });
    paths.collect()
}

fn has_merge_mark(text: &str) -> bool {
    text.lines().any(|line| MERGE_MARKS.iter().any(|mark| line.starts_with(mark) && line.len() <= 60))
}

#[test]
fn documents_name_only_files_that_exist() {
    let root = repository();
    let mut named = 0;
    for document in documents() {
        let text = read(&document);
        for path in paths_in(&text, &|folder| root.join(folder).is_dir()) {
            named += 1;
            assert!(root.join(path).exists(), "{} names {path}, which does not exist", document.display());
        }
    }
    assert!(named > 30, "only {named} paths were found");
}

#[test]
fn no_document_has_marks_of_an_unfinished_merge() {
    for document in documents() {
        assert!(!has_merge_mark(&read(&document)), "{} is not merged to the end", document.display());
    }
}

#[test]
fn finds_paths_and_merge_marks() {
    let found =
        paths_in("see `app/src/a.rs`, `target/x/y`, `a/b c` and `POST /x`", &|folder| folder == "app");
    assert_eq!(found, ["app/src/a.rs"]);
    assert!(has_merge_mark("a\n<<<<<<< HEAD\nb") && !has_merge_mark("a <<<<<<< HEAD"));
}
