//! The example stays small, and its description shows what is really there.

use std::path::{Path, PathBuf};

use super::{read, rust_files};

/// An app needs no more Rust than this: page, worker, server and rows together, comments and blank lines included.
const MAX_EXAMPLE_LINES: usize = 149;

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn example() -> Vec<PathBuf> {
    rust_files(&repository().join("examples/courses"))
}

/// The Rust blocks of a Markdown text, without lines that only the compiler sees.
fn rust_blocks(markdown: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut block: Option<String> = None;
    for line in markdown.lines() {
        match &mut block {
            None if line.starts_with("```rust") => block = Some(String::new()),
            None => {}
            Some(_) if line.starts_with("```") => blocks.extend(block.take()),
            Some(_) if line == "#" || line.starts_with("# ") => {}
            Some(block) => {
                block.push_str(line);
                block.push('\n');
            }
        }
    }
    blocks
}

#[test]
fn the_example_is_an_app_of_under_150_lines() {
    let files = example();
    assert!(files.len() >= 4, "page, worker, server and rows are not found");
    let lines: usize = files.iter().map(|file| read(file).lines().count()).sum();
    assert!(
        lines <= MAX_EXAMPLE_LINES,
        "the example has {lines} lines; what every app needs belongs into client/, sw/, sync/ or server/"
    );
}

#[test]
fn the_blocks_of_its_description_are_parts_of_it() {
    let blocks = rust_blocks(&read(&repository().join("docs/your-own-app.md")));
    assert!(blocks.len() >= 4, "{} blocks", blocks.len());
    let sources: Vec<String> = example().iter().map(|file| read(file)).collect();
    for block in blocks {
        let is_part = sources.iter().any(|source| source.contains(&block));
        assert!(is_part, "docs/your-own-app.md shows what is not in examples/courses:\n{block}");
    }
}

#[test]
fn a_block_is_read_without_its_hidden_lines() {
    let text = "text\n```rust,no_run\n# use hidden;\nfn shown() {}\n#\n```\n```sh\nls\n```\n";
    assert_eq!(rust_blocks(text), ["fn shown() {}\n"]);
}
