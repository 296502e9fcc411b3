//! Writes `.br` and `.gz` beside every file that becomes smaller, so that the server never compresses the app
//! itself.

use anyhow::{Context, Result};
use brotli::enc::BrotliEncoderParams;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

const COMPRESSIBLE: [&str; 7] = ["css", "html", "js", "json", "svg", "txt", "wasm"];
const BROTLI_QUALITY: i32 = 11;
const BROTLI_WINDOW_BITS: i32 = 22;

/// Compresses one file of the app, unless its format is already compressed.
pub(crate) fn compress(file: &Path) -> Result<()> {
    let kind = file.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    if !COMPRESSIBLE.contains(&kind) {
        return Ok(());
    }
    let content = fs::read(file).with_context(|| format!("{} cannot be read", file.display()))?;
    write_if_smaller(file, "br", &content, brotli(&content)?)?;
    write_if_smaller(file, "gz", &content, gzip(&content)?)
}

fn brotli(content: &[u8]) -> Result<Vec<u8>> {
    let params = BrotliEncoderParams {
        quality: BROTLI_QUALITY,
        lgwin: BROTLI_WINDOW_BITS,
        size_hint: content.len(),
        ..BrotliEncoderParams::default()
    };
    let mut packed = Vec::new();
    brotli::BrotliCompress(&mut &*content, &mut packed, &params)?;
    Ok(packed)
}

fn gzip(content: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(content)?;
    Ok(encoder.finish()?)
}

fn write_if_smaller(file: &Path, suffix: &str, content: &[u8], packed: Vec<u8>) -> Result<()> {
    if packed.len() >= content.len() {
        return Ok(());
    }
    let packed_file = beside(file, suffix);
    fs::write(&packed_file, packed).with_context(|| format!("{} cannot be written", packed_file.display()))
}

/// `app.js` and `br` make `app.js.br`.
pub(crate) fn beside(file: &Path, suffix: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".");
    name.push(suffix);
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    #[test]
    fn both_forms_decompress_to_the_original() {
        let content = b"lot lot lot lot lot lot lot lot lot lot".as_slice();
        let mut unpacked = Vec::new();
        brotli::BrotliDecompress(&mut brotli(content).unwrap().as_slice(), &mut unpacked).unwrap();
        assert_eq!(unpacked, content);
        unpacked.clear();
        flate2::read::GzDecoder::new(gzip(content).unwrap().as_slice()).read_to_end(&mut unpacked).unwrap();
        assert_eq!(unpacked, content);
    }
}
