//! A CSV file with a header line. Every fault is reported by file, line, column and reason.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::fs::File;
use std::io;
use std::path::Path;

use anyhow::{Context, Result};
use csv::StringRecord;
use domain::{CalendarDate, Quantity, unguarded};

use super::encoding::{FileEncoding, as_utf8};
use super::layout::{Layout, column_name};
use super::number::{self, DecimalSign};
use super::records::Records;
use crate::booking::shortened;

/// A line that cannot be imported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadLine {
    /// The file's name.
    pub file: String,
    /// Counted from 1.
    pub line: u64,
    /// The number of lines; more than one if a quote is not closed.
    pub lines: u64,
    /// The column's name; empty if it is about the whole line.
    pub column: String,
    /// The fault: the end of a sentence.
    pub reason: String,
}

impl fmt::Display for BadLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, column, reason, .. } = self;
        if column.is_empty() {
            write!(f, "{file}, line {line}: {reason}")
        } else {
            write!(f, "{file}, line {line}, column {column}: {reason}")
        }
    }
}

/// A parsed file: the good lines, and the others.
#[derive(Clone, Debug)]
pub struct Parsed<T> {
    /// Lines that can be imported.
    pub lines: Vec<T>,
    /// Lines that cannot.
    pub bad: Vec<BadLine>,
    /// Remarks that do not stop the import.
    pub warnings: Vec<String>,
}

impl<T> Default for Parsed<T> {
    fn default() -> Self {
        Self { lines: Vec::new(), bad: Vec::new(), warnings: Vec::new() }
    }
}

/// A fault in a line: its column and the reason.
pub(super) type Fault = (&'static str, String);

/// A line that has come in another form than a file: its texts by the names of columns. Columns that it lacks count as missing.
pub type Item = BTreeMap<&'static str, String>;

/// Where the fields of a line are.
enum Fields<'r> {
    /// In a record below a header.
    Record(&'r HashMap<String, usize>, &'r StringRecord),
    Item(&'r Item),
}

/// The fields of one line, by column name.
pub(super) struct Line<'r> {
    fields: Fields<'r>,
    reading: Reading,
}

impl<'r> Line<'r> {
    /// The trimmed text without the guard of a formula; none if the file has no such column.
    pub(super) fn text(&self, column: &str) -> Option<&'r str> {
        match self.fields {
            Fields::Record(..) => self.raw(column).map(unguarded),
            // Nothing guards it.
            Fields::Item(_) => self.raw(column),
        }
    }

    /// The trimmed text as it stands in the file; none if the file has no such column.
    pub(super) fn raw(&self, column: &str) -> Option<&'r str> {
        match self.fields {
            Fields::Record(columns, record) => {
                columns.get(column).map(|at| record.get(*at).unwrap_or_default().trim())
            }
            Fields::Item(item) => item.get(column).map(|text| text.trim()),
        }
    }

    /// The quantity in a column, of a product with this unit.
    pub(super) fn quantity(&self, column: &'static str, unit: &str) -> Result<Quantity, Fault> {
        number::quantity(column, self.text(column).unwrap_or_default(), self.reading.decimal, unit)
    }
}

/// What a file does not say about itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// The decimal sign of its numbers; without one, numbers that can be read two ways are refused.
    pub decimal: Option<DecimalSign>,
    /// The encoding of its text, if it has no byte order mark; without one, UTF-8.
    pub encoding: Option<FileEncoding>,
}

/// A text to parse, or lines in another form, and their name in messages.
pub struct Source {
    name: String,
    input: Input,
    reading: Reading,
}

enum Input {
    Text(Box<dyn io::Read + Send>),
    Items(Vec<Item>),
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Source {
    /// A file.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn open(path: &Path) -> Result<Self> {
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        let file = File::open(path).with_context(|| format!("{} cannot be read", path.display()))?;
        Ok(Self { name, input: Input::Text(Box::new(file)), reading: Reading::default() })
    }

    /// Text in memory.
    pub fn text(name: &str, text: String) -> Self {
        let input = Input::Text(Box::new(io::Cursor::new(text)));
        Self { name: name.to_owned(), input, reading: Reading::default() }
    }

    /// Lines in another form, numbered from 1. Their decimal sign is the point.
    pub fn items(name: &str, items: Vec<Item>) -> Self {
        let reading = Reading { decimal: Some(DecimalSign::Point), encoding: None };
        Self { name: name.to_owned(), input: Input::Items(items), reading }
    }

    /// The same text, read in this way.
    #[must_use]
    pub fn read_as(self, reading: Reading) -> Self {
        Self { reading, ..self }
    }
}

/// Parses a file whose header has the `required` columns. `read` parses one line; its first argument is the
/// line's number.
pub(super) fn read_file<T>(
    source: Source,
    required: &[&'static str],
    mut read: impl FnMut(u64, &Line<'_>) -> Result<T, Fault>,
) -> Parsed<T> {
    let Source { name: file, input, reading } = source;
    let mut parsed = Parsed::default();
    let bad = |line: u64, lines: u64, (column, reason): Fault| BadLine {
        file: file.clone(),
        line,
        lines,
        column: column.to_owned(),
        reason,
    };
    let reader = match input {
        Input::Text(reader) => reader,
        Input::Items(items) => {
            for (number, item) in (1..).zip(&items) {
                match read(number, &Line { fields: Fields::Item(item), reading }) {
                    Ok(value) => parsed.lines.push(value),
                    Err(fault) => parsed.bad.push(bad(number, 1, fault)),
                }
            }
            return parsed;
        }
    };
    let text = match text_of(reader, reading) {
        Ok(text) => text,
        Err(reason) => {
            parsed.bad.push(bad(1, 1, ("", reason)));
            return parsed;
        }
    };
    let mut records = Records::of(&text, Layout::of(&text, required));
    let header = match Header::read(&mut records, required) {
        Ok(header) => header,
        Err((line, reason)) => {
            parsed.bad.push(bad(line, 1, ("", reason)));
            return parsed;
        }
    };
    while let Some((lines, result)) = records.advance() {
        let record = &records.record;
        let has_its_fields = header.fits(record);
        if let Some(reason) = lines.swallowed(has_its_fields) {
            parsed.bad.push(bad(lines.first, lines.count(), ("", reason)));
            continue;
        }
        let value = match result {
            Err(error) => Err(("", unreadable(&error))),
            Ok(()) if !has_its_fields => {
                Err(("", format!("it has {} fields, the header has {}", record.len(), header.width)))
            }
            Ok(()) => {
                let fields = Fields::Record(&header.columns, record);
                read(lines.first, &Line { fields, reading })
            }
        };
        match value {
            Ok(value) => parsed.lines.push(value),
            Err((column, reason)) => {
                let reason = match lines.of_long_field() {
                    Some(long) => format!("{reason} ({long})"),
                    None => reason,
                };
                parsed.bad.push(bad(lines.first, lines.count(), (column, reason)));
            }
        }
    }
    parsed
}

/// The named columns.
struct Header {
    columns: HashMap<String, usize>,
    /// Number of columns up to the last one with a name.
    width: usize,
}

impl Header {
    /// The first record, or the line and the reason why it is no header.
    fn read(records: &mut Records<'_>, required: &[&'static str]) -> Result<Self, (u64, String)> {
        let mut line = 1;
        if let Some((lines, result)) = records.advance() {
            line = lines.first;
            if let Some(reason) = lines.swallowed(true) {
                return Err((line, reason));
            }
            result.map_err(|error| (line, unreadable(&error)))?;
        }
        Self::of(&records.record, required).map_err(|reason| (line, reason))
    }

    fn of(header: &StringRecord, required: &[&'static str]) -> Result<Self, String> {
        let mut columns = HashMap::new();
        let names = header.iter().map(column_name).enumerate().filter(|(_, name)| !name.is_empty());
        let mut width = 0;
        for (at, name) in names {
            width = at + 1;
            if columns.insert(name.clone(), at).is_some() {
                return Err(format!("the header has the column \"{name}\" twice"));
            }
        }
        let missing: Vec<&str> =
            required.iter().copied().filter(|name| !columns.contains_key(*name)).collect();
        if missing.is_empty() {
            return Ok(Self { columns, width });
        }
        Err(format!("the header lacks {}; it has to have {}", missing.join(", "), required.join(", ")))
    }

    /// Whether a record has a field for each column. Spreadsheets write empty ones behind them.
    fn fits(&self, record: &StringRecord) -> bool {
        record.len() >= self.width && record.iter().skip(self.width).all(|field| field.trim().is_empty())
    }
}

fn text_of(mut reader: Box<dyn io::Read + Send>, reading: Reading) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    reader.read_to_end(&mut bytes).map_err(|error| format!("it cannot be read: {error}"))?;
    as_utf8(bytes, reading.encoding)
}

fn unreadable(error: &csv::Error) -> String {
    if let csv::ErrorKind::Utf8 { err, .. } = error.kind() {
        return format!(
            "field {} is not UTF-8 text; save the file as UTF-8, or say its encoding with --encoding, such \
             as windows-1252",
            err.field() + 1
        );
    }
    format!("it cannot be read: {error}")
}

pub(super) fn date(column: &'static str, text: &str) -> Result<Option<CalendarDate>, Fault> {
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|fault| (column, format!("\"{}\" {fault}", shortened(text))))
}

/// A refusal's sentence as an item of a list of faults.
pub(super) fn reason(refusal: &sync::Refusal) -> String {
    let mut chars = refusal.message.chars();
    let first = chars.next().map(|char| char.to_lowercase().to_string()).unwrap_or_default();
    let is_acronym = refusal.message.starts_with("SKU");
    let text = if is_acronym { refusal.message.clone() } else { first + chars.as_str() };
    text.split(". ").next().unwrap_or(&text).trim_end_matches('.').to_owned()
}
