//! A CSV file with a header line. Every fault is reported by file, line, column and reason.

use std::collections::HashMap;
use std::fmt;
use std::fs::File;
use std::io;
use std::path::Path;

use anyhow::{Context, Result};
use csv::StringRecord;
use domain::{CalendarDate, Quantity};

use crate::booking::shortened;

/// A line that cannot be imported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadLine {
    /// The file's name.
    pub file: String,
    /// Counted from 1, the header being the first.
    pub line: u64,
    /// The column's name; empty if it is about the whole line.
    pub column: String,
    /// The fault: the end of a sentence.
    pub reason: String,
}

impl fmt::Display for BadLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, column, reason } = self;
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

/// The fields of one line, by column name.
pub(super) struct Line<'r> {
    columns: &'r HashMap<String, usize>,
    record: &'r StringRecord,
}

impl<'r> Line<'r> {
    /// The trimmed text; none if the file has no such column.
    pub(super) fn text(&self, column: &str) -> Option<&'r str> {
        self.columns.get(column).map(|at| self.record.get(*at).unwrap_or_default().trim())
    }
}

/// A text to parse, and its name in messages.
pub struct Source {
    name: String,
    reader: Box<dyn io::Read + Send>,
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
        Ok(Self { name, reader: Box::new(io::BufReader::new(file)) })
    }

    /// Text in memory.
    pub fn text(name: &str, text: String) -> Self {
        Self { name: name.to_owned(), reader: Box::new(io::Cursor::new(text)) }
    }
}

/// Parses a file whose header has the `required` columns. `read` parses one line; its first argument is the
/// line's number.
pub(super) fn read_file<T>(
    source: Source,
    required: &[&'static str],
    mut read: impl FnMut(u64, &Line<'_>) -> Result<T, Fault>,
) -> Parsed<T> {
    let Source { name: file, reader } = source;
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(reader);
    let mut parsed = Parsed::default();
    let bad = |line, (column, reason): Fault| BadLine {
        file: file.clone(),
        line,
        column: column.to_owned(),
        reason,
    };
    let header = match reader.headers() {
        Ok(header) => header.clone(),
        Err(error) => {
            parsed.bad.push(bad(1, ("", unreadable(&error))));
            return parsed;
        }
    };
    let columns = match columns(&header, required) {
        Ok(columns) => columns,
        Err(reason) => {
            parsed.bad.push(bad(1, ("", reason)));
            return parsed;
        }
    };
    let mut record = StringRecord::new();
    loop {
        let at = reader.position().line();
        let line = match reader.read_record(&mut record) {
            Ok(false) => break,
            Ok(true) => record.position().map_or(at, csv::Position::line),
            Err(error) => {
                let line = error.position().map_or(at, csv::Position::line);
                parsed.bad.push(bad(line, ("", unreadable(&error))));
                if error.is_io_error() {
                    break;
                }
                continue;
            }
        };
        if record.len() != header.len() {
            let reason = format!("it has {} fields, the header has {}", record.len(), header.len());
            parsed.bad.push(bad(line, ("", reason)));
            continue;
        }
        match read(line, &Line { columns: &columns, record: &record }) {
            Ok(value) => parsed.lines.push(value),
            Err(fault) => parsed.bad.push(bad(line, fault)),
        }
    }
    parsed
}

fn columns(header: &StringRecord, required: &[&'static str]) -> Result<HashMap<String, usize>, String> {
    let mut columns = HashMap::new();
    for (at, name) in header.iter().enumerate() {
        // Spreadsheets write a byte order mark before the first name.
        let name = name.trim_start_matches('\u{feff}').trim().to_lowercase();
        if columns.insert(name.clone(), at).is_some() {
            return Err(format!("the header has the column \"{name}\" twice"));
        }
    }
    let missing: Vec<&str> = required.iter().copied().filter(|name| !columns.contains_key(*name)).collect();
    if missing.is_empty() {
        return Ok(columns);
    }
    Err(format!("the header lacks {}; it has to have {}", missing.join(", "), required.join(", ")))
}

fn unreadable(error: &csv::Error) -> String {
    if let csv::ErrorKind::Utf8 { err, .. } = error.kind() {
        return format!("field {} is not UTF-8 text; save the file as UTF-8", err.field() + 1);
    }
    format!("it cannot be read: {error}")
}

pub(super) fn quantity(column: &'static str, text: &str) -> Result<Quantity, Fault> {
    Quantity::parse(text).map_err(|fault| (column, format!("\"{}\" {fault}", shortened(text))))
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
