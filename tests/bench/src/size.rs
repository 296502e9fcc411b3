//! Download sizes, compressed as the server sends them: the app and its worker beside bundles of the usual
//! libraries for such an app.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use brotli::enc::BrotliEncoderParams;
use serde::Deserialize;

use crate::report::{LOTBOOK, Report};
use crate::settings::Settings;

const BROTLI_QUALITY: i32 = 11;
const BROTLI_WINDOW_BITS: i32 = 22;
/// Start of the line of the worker's loader that lists the precached files.
const BUILD_LINE: &str = "const BUILD = ";

/// The object that `public/sw.js` holds as JSON.
#[derive(Deserialize)]
struct Build {
    glue: String,
    wasm: String,
    files: Vec<PrecachedFile>,
}

#[derive(Deserialize)]
struct PrecachedFile {
    path: String,
}

/// Runs the bench.
///
/// # Errors
/// When a file is missing.
pub(crate) fn run(settings: &Settings) -> Result<Report> {
    let mut report = Report::new("size", "bytes", 1);
    let site = &settings.site;
    let loader = read(site, "sw.js")?;
    let build = build(&String::from_utf8_lossy(&loader))?;
    let worker = compressed(site, &build.wasm)? + compressed(site, &build.glue)?;
    let (mut start, mut rest, mut everything) = (0.0, 0.0, worker + compressed(site, "sw.js")?);
    for PrecachedFile { path } in build.files.iter().filter(|file| file.path != build.wasm) {
        let bytes = compressed(site, path)?;
        everything += bytes;
        let is_code = [".js", ".wasm"].iter().any(|end| path.ends_with(end));
        start += if is_code && path.starts_with("/app") { bytes } else { 0.0 };
        rest += if path.starts_with("/split_rest") { bytes } else { 0.0 };
        if path.ends_with(".css") {
            report.detail("lotbook_styles", "bytes", &[bytes]);
        }
    }
    report.subject(LOTBOOK, &[start + rest]);
    report.detail("lotbook_first_screen", "bytes", &[start]);
    report.detail("lotbook_worker", "bytes", &[worker]);
    report.detail("lotbook_everything", "bytes", &[everything]);
    for (subject, file, detail) in
        [("react-dexie", "react-stack.js", None), ("workbox", "workbox-sw.js", Some("workbox_worker"))]
    {
        match (compressed(&site.join("bench"), file), detail) {
            (Ok(bytes), None) => report.subject(subject, &[bytes]),
            (Ok(bytes), Some(detail)) => report.detail(detail, "bytes", &[bytes]),
            (Err(error), _) => report.failure(subject, &error),
        }
    }
    Ok(report)
}

fn build(loader: &str) -> Result<Build> {
    let line = loader.lines().find_map(|line| line.strip_prefix(BUILD_LINE)?.strip_suffix(';'));
    let line = line.context("sw.js has no line that describes the build; build the release app first")?;
    serde_json::from_str(line).context("the build in sw.js cannot be read; build the release app first")
}

fn read(folder: &Path, path: &str) -> Result<Vec<u8>> {
    let file = folder.join(path.trim_start_matches('/'));
    fs::read(&file).with_context(|| format!("{} cannot be read", file.display()))
}

/// Size of a file as sent: compressed, or uncompressed if that is smaller.
fn compressed(folder: &Path, path: &str) -> Result<f64> {
    let content = read(folder, path)?;
    let params = BrotliEncoderParams {
        quality: BROTLI_QUALITY,
        lgwin: BROTLI_WINDOW_BITS,
        size_hint: content.len(),
        ..BrotliEncoderParams::default()
    };
    let mut packed = Vec::new();
    brotli::BrotliCompress(&mut content.as_slice(), &mut packed, &params)?;
    #[expect(clippy::cast_precision_loss, reason = "files are far smaller than what a double counts")]
    let bytes = packed.len().min(content.len()) as f64;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::build;

    #[test]
    fn the_build_is_found_in_the_loader() {
        let loader = "// loader\nconst BUILD = {\"id\":\"a\",\"glue\":\"/w.js\",\"wasm\":\"/w.wasm\",\"files\":[{\"path\":\"/\",\"sha256\":\"\"}]};\n";
        let build = build(loader).unwrap();
        assert_eq!((build.glue.as_str(), build.files.len()), ("/w.js", 1));
        assert!(super::build("importScripts()").is_err());
    }
}
