//! Splits the app's wasm in two: the part for the first screen, and the rest, which is loaded after it
//! (`app/src/rest.rs`).
//!
//! Trunk does not support this: the split parts replace its output. The linker leaves the relocation data for
//! the split in the app's file (`app/build.rs`), and the split runs before wasm-bindgen, which would drop
//! that data.

use crate::process;
use crate::tools::Tools;
use anyhow::{Context, Result, anyhow, ensure};
use std::fs;
use std::path::Path;
use wasm_split_cli_support::{Options, transform};

const GLUE: &str = "app.js";
const WASM: &str = "app_bg.wasm";
/// The part that is loaded after the first screen.
pub(crate) const REST: &str = "split_rest.wasm";
/// Loads the rest; it is merged into the glue, because two files cannot each be named after the other's
/// content.
const LINK: &str = "__wasm_split.js";
/// The glue's import of that file.
const LINK_IMPORT: &str = "import * as import1 from \"./__wasm_split.js\"";
const GLUE_IMPORT: &str = "import { initSync } from \"./app.js\";";
const EXPORT: &str = "export const __wasm_split_load_rest = ";

/// Splits `linked`, the output of the linker, in `work`, and writes the parts into `staging`.
pub(crate) fn split(linked: &Path, work: &Path, staging: &Path, tools: &Tools<'_>) -> Result<()> {
    let input = fs::read(linked).with_context(|| format!("{} cannot be read", linked.display()))?;
    if work.exists() {
        fs::remove_dir_all(work).with_context(|| format!("{} cannot be emptied", work.display()))?;
    }
    let main = work.join("main.wasm");
    let mut options = Options::new(&input);
    (options.output_dir, options.main_out_path, options.main_module) = (work, &main, "./app.js");
    let parts = transform(options).map_err(|error| anyhow!("the app cannot be split: {error:#}"))?;
    process::run(
        tools
            .command("wasm-bindgen")
            .args([
                "--target",
                "web",
                "--no-typescript",
                "--keep-lld-exports",
                "--out-name",
                "app",
                "--out-dir",
            ])
            .arg(work)
            .arg(&main),
    )?;
    let (glue, link) = (read_text(&work.join(GLUE))?, read_text(&work.join(LINK))?);
    fs::write(staging.join(GLUE), joined(&glue, &link)?).context("the glue cannot be written")?;
    for part in [work.join(WASM)].iter().chain(&parts.split_modules) {
        let name = part.file_name().context("a part has a name")?;
        fs::copy(part, staging.join(name)).with_context(|| format!("{} cannot be copied", part.display()))?;
    }
    Ok(())
}

/// The glue merged with the loader of the rest.
fn joined(glue: &str, link: &str) -> Result<String> {
    for (text, expected) in [(glue, LINK_IMPORT), (link, GLUE_IMPORT), (link, EXPORT)] {
        ensure!(
            text.matches(expected).count() == 1,
            "the split app's glue is not as expected: `{expected}` is not there once"
        );
    }
    let link = link.replace(GLUE_IMPORT, "").replace(EXPORT, "const __wasm_split_load_rest = ");
    let link = format!("{link}\nconst import1 = {{ __wasm_split_load_rest }};\n");
    Ok(glue.replace(LINK_IMPORT, &link))
}

fn read_text(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn glue_and_loader_become_one_file_and_unexpected_input_is_refused() {
        let glue = format!("{LINK_IMPORT}\nuse(import1);");
        let link = format!("{GLUE_IMPORT}\nfunction load() {{}}\n{EXPORT}load;");
        let joined_text = joined(&glue, &link).unwrap();
        assert!(!joined_text.contains("import ") && !joined_text.contains("export "));
        assert!(joined_text.find("const import1").unwrap() < joined_text.find("use(import1)").unwrap());
        assert!(joined("", &link).is_err());
        assert!(joined(&glue, "").is_err());
    }
}
