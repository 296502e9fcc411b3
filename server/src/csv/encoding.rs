//! The encoding of a file.

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// The encoding of a file without a byte order mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum FileEncoding {
    /// "ANSI" of western European Windows
    #[value(name = "windows-1252")]
    Windows1252,
    /// What most programs write
    #[value(name = "utf-8")]
    Utf8,
    /// "Unicode text" of spreadsheets
    #[value(name = "utf-16")]
    Utf16,
}

/// The text as UTF-8, without its byte order mark. Bytes that are taken for UTF-8 are not checked: the parser
/// names the line that is not.
///
/// # Errors
/// The reason why the bytes are no text in their encoding.
pub(super) fn as_utf8(mut bytes: Vec<u8>, given: Option<FileEncoding>) -> Result<Vec<u8>, String> {
    let marked = Encoding::for_bom(&bytes);
    let (encoding, mark_bytes) = marked.unwrap_or_else(|| (without_mark(&bytes, given), 0));
    if encoding == UTF_8 {
        drop(bytes.drain(..mark_bytes));
        return Ok(bytes);
    }
    let encoded = bytes.get(mark_bytes..).unwrap_or_default();
    let (text, has_errors) = encoding.decode_without_bom_handling(encoded);
    if has_errors {
        return Err(format!("it is not {} text; check --encoding", encoding.name()));
    }
    Ok(text.into_owned().into_bytes())
}

fn without_mark(bytes: &[u8], given: Option<FileEncoding>) -> &'static Encoding {
    match given {
        None | Some(FileEncoding::Utf8) => UTF_8,
        Some(FileEncoding::Windows1252) => WINDOWS_1252,
        // A header begins with an ASCII character.
        Some(FileEncoding::Utf16) if bytes.first() == Some(&0) => UTF_16BE,
        Some(FileEncoding::Utf16) => UTF_16LE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8], given: Option<FileEncoding>) -> Result<String, String> {
        as_utf8(bytes.to_vec(), given).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
    }

    #[test]
    fn the_given_encoding_is_used_and_a_byte_order_mark_wins() {
        fn wide(text: &str, order: fn(u16) -> [u8; 2]) -> Vec<u8> {
            text.encode_utf16().flat_map(order).collect()
        }
        let (windows, utf16) = (Some(FileEncoding::Windows1252), Some(FileEncoding::Utf16));
        for (bytes, given) in [
            (b"Cr\xe8me \x80".to_vec(), windows),
            ("Crème €".as_bytes().to_vec(), None),
            ("\u{feff}Crème €".as_bytes().to_vec(), windows),
            (wide("Crème €", u16::to_le_bytes), utf16),
            (wide("Crème €", u16::to_be_bytes), utf16),
            (wide("\u{feff}Crème €", u16::to_le_bytes), None),
            (wide("\u{feff}Crème €", u16::to_be_bytes), Some(FileEncoding::Utf8)),
        ] {
            assert_eq!(read(&bytes, given), Ok("Crème €".to_owned()), "{bytes:?}");
        }
    }

    #[test]
    fn half_a_character_is_an_error() {
        let cut = read(b"s\0k", Some(FileEncoding::Utf16));
        assert_eq!(cut, Err("it is not UTF-16LE text; check --encoding".to_owned()));
    }
}
