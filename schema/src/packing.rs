//! The binary format of records: parts, each preceded by its length. Reading a row, or finding the next,
//! needs no parsing. Pure.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;
use sync::StoreError;

use crate::rows::{Held, corrupt};

const LENGTH_BYTES: usize = size_of::<u32>();
const REV_BYTES: usize = size_of::<u64>();
/// The first byte of a record of rows. Builds before form 4 of the database wrote JSON, which has a different
/// first byte.
const FORM: u8 = 1;

/// A row in a record of an earlier build.
#[derive(Deserialize)]
struct InJson<'a>(u64, #[serde(borrow)] Cow<'a, str>, #[serde(borrow)] Option<&'a RawValue>);

/// Appends a part.
pub(crate) fn put_part(bytes: &mut Vec<u8>, part: &[u8]) -> Result<(), StoreError> {
    bytes.extend(u32::try_from(part.len()).map_err(corrupt)?.to_le_bytes());
    bytes.extend_from_slice(part);
    Ok(())
}

/// Takes the first part off.
pub(crate) fn take_part<'a>(bytes: &mut &'a [u8]) -> Result<&'a [u8], StoreError> {
    let (length, rest) = bytes.split_first_chunk::<LENGTH_BYTES>().ok_or_else(cut_short)?;
    let length = usize::try_from(u32::from_le_bytes(*length)).map_err(corrupt)?;
    let (part, rest) = rest.split_at_checked(length).ok_or_else(cut_short)?;
    *bytes = rest;
    Ok(part)
}

/// Takes the first part off as text.
pub(crate) fn take_text<'a>(bytes: &mut &'a [u8]) -> Result<&'a str, StoreError> {
    std::str::from_utf8(take_part(bytes)?).map_err(corrupt)
}

fn cut_short() -> StoreError {
    corrupt("a record is cut short")
}

/// Rows as a record: revision, key and JSON of each row. The JSON of a removed row is empty.
pub(crate) fn pack(rows: &[Held]) -> Result<Vec<u8>, StoreError> {
    let part_bytes = |held: &Held| held.key.len() + held.json.as_ref().map_or(0, |json| json.len());
    let row_bytes = |held| REV_BYTES + 2 * LENGTH_BYTES + part_bytes(held);
    let mut bytes = Vec::with_capacity(1 + rows.iter().map(row_bytes).sum::<usize>());
    bytes.push(FORM);
    for Held { key, rev, json, .. } in rows {
        bytes.extend(rev.to_le_bytes());
        put_part(&mut bytes, key.as_bytes())?;
        put_part(&mut bytes, json.as_deref().unwrap_or_default().as_bytes())?;
    }
    Ok(bytes)
}

/// The rows of a record.
pub(crate) fn unpack(bytes: &[u8]) -> Result<Vec<Held>, StoreError> {
    let mut rows = Vec::new();
    let Some((&FORM, mut rest)) = bytes.split_first() else { return unpack_json(bytes) };
    while let Some((rev, parts)) = rest.split_first_chunk::<REV_BYTES>() {
        rest = parts;
        let (key, json) = (take_text(&mut rest)?.to_owned(), take_text(&mut rest)?);
        let json = (!json.is_empty()).then(|| json.into());
        rows.push(Held { key, rev: u64::from_le_bytes(*rev), json, index: None });
    }
    if rest.is_empty() { Ok(rows) } else { Err(cut_short()) }
}

fn unpack_json(bytes: &[u8]) -> Result<Vec<Held>, StoreError> {
    let text = std::str::from_utf8(bytes).map_err(corrupt)?;
    let rows: Vec<InJson<'_>> = serde_json::from_str(text).map_err(corrupt)?;
    let held = |InJson(rev, key, json): InJson<'_>| {
        let json = json.map(|json| json.get().into());
        Held { key: key.into_owned(), rev, json, index: None }
    };
    Ok(rows.into_iter().map(held).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(rows: &[Held]) -> Vec<(&str, u64, Option<&str>)> {
        rows.iter().map(|held| (held.key.as_str(), held.rev, held.json.as_deref())).collect()
    }

    #[test]
    fn rows_are_packed_and_unpacked() {
        let held = |key: &str, rev, json: Option<&str>| Held {
            key: key.to_owned(),
            rev,
            json: json.map(Into::into),
            index: None,
        };
        let rows = [held("a\"", 5, Some(r#"{"name":"é"}"#)), held("b", u64::MAX, None)];
        let bytes = pack(&rows).expect("bytes");
        assert_eq!(told(&unpack(&bytes).expect("rows")), told(&rows));
        assert_eq!(told(&unpack(&pack(&[]).expect("bytes")).expect("no rows")), []);
        for cut in [3, 11, 20, bytes.len() - 1] {
            assert!(matches!(unpack(&bytes[..cut]), Err(StoreError::Corrupt(_))), "{cut}");
        }
        assert!(matches!(unpack(&[bytes.as_slice(), b"\xff"].concat()), Err(StoreError::Corrupt(_))));
    }

    #[test]
    fn records_of_an_earlier_build_are_unpacked() {
        let rows = unpack(r#"[[5,"a\"",{"name":"é"}],[7,"b",null]]"#.as_bytes()).expect("rows");
        assert_eq!(told(&rows), [("a\"", 5, Some(r#"{"name":"é"}"#)), ("b", 7, None)]);
        assert!(matches!(unpack(b"<html>"), Err(StoreError::Corrupt(_))));
        assert!(matches!(unpack(b"\xff"), Err(StoreError::Corrupt(_))));
        assert!(matches!(unpack(b""), Err(StoreError::Corrupt(_))));
    }

    #[test]
    fn parts_are_read_in_the_order_written() {
        let mut bytes = Vec::new();
        for part in [b"one".as_slice(), b"", b"\xff"] {
            put_part(&mut bytes, part).expect("short");
        }
        let mut rest = bytes.as_slice();
        assert_eq!(take_text(&mut rest), Ok("one"));
        assert_eq!(take_part(&mut rest), Ok(b"".as_slice()));
        assert!(take_text(&mut rest).is_err(), "no text");
        assert!(take_part(&mut rest).is_err(), "nothing left");
    }
}
