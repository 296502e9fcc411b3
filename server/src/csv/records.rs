//! The records of a file, each with the lines that it stands in.

use csv::{ReaderBuilder, StringRecord};

use super::layout::Layout;
use super::quotes::Quotes;

/// Parses a text record by record.
pub(super) struct Records<'t> {
    /// From the header on.
    text: &'t [u8],
    reader: csv::Reader<&'t [u8]>,
    delimiter: u8,
    line_end: u8,
    /// The line in which the parser stands.
    line: u64,
    /// The last record.
    pub(super) record: StringRecord,
}

/// The lines of a record, the first counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lines {
    pub(super) first: u64,
    pub(super) last: u64,
    pub(super) quotes: Quotes,
    /// The line of the quote that is not closed in its own line.
    pub(super) quote: u64,
}

impl<'t> Records<'t> {
    pub(super) fn of(text: &'t [u8], layout: Layout) -> Self {
        let text = text.get(layout.hint_bytes..).unwrap_or_default();
        let delimiter = layout.delimiter;
        let reader =
            ReaderBuilder::new().delimiter(delimiter).has_headers(false).flexible(true).from_reader(text);
        let line_end = if text.contains(&b'\n') { b'\n' } else { b'\r' };
        Self { text, reader, delimiter, line_end, line: 1, record: StringRecord::new() }
    }

    /// The next record; none at the end. Blank lines are passed over.
    pub(super) fn advance(&mut self) -> Option<(Lines, Result<(), csv::Error>)> {
        loop {
            let start = self.reader.position().byte();
            let read = self.reader.read_record(&mut self.record);
            if matches!(read, Ok(false)) {
                return None;
            }
            let end = self.reader.position().byte();
            let lines = self.lines(start, end);
            let is_blank = self.record.iter().all(|field| field.trim().is_empty());
            match read {
                Ok(_) if is_blank && !lines.quotes.is_open => {}
                Ok(_) => return Some((lines, Ok(()))),
                Err(error) => return Some((lines, Err(error))),
            }
        }
    }

    /// The lines of the bytes from `start` to `end`, which may begin with blank lines.
    fn lines(&mut self, start: u64, end: u64) -> Lines {
        let offset = |byte: u64| usize::try_from(byte).unwrap_or(usize::MAX);
        let bytes = self.text.get(offset(start)..offset(end)).unwrap_or_default();
        let is_end = |byte: &u8| matches!(byte, b'\n' | b'\r');
        let blank = bytes.iter().take_while(|byte| is_end(byte)).count();
        let kept = bytes.iter().rposition(|byte| !is_end(byte)).map_or(blank, |at| at + 1);
        let body = bytes.get(blank..kept).unwrap_or_default();
        let first = self.line + self.ends_in(bytes.get(..blank).unwrap_or_default());
        let last = first + self.ends_in(body);
        self.line += self.ends_in(bytes);
        let quotes = if body.contains(&b'"') { Quotes::of(body, self.delimiter) } else { Quotes::default() };
        let before = quotes.long.and_then(|at| body.get(..at)).unwrap_or_default();
        Lines { first, last, quotes, quote: first + self.ends_in(before) }
    }

    fn ends_in(&self, bytes: &[u8]) -> u64 {
        let ends = bytes.iter().filter(|byte| **byte == self.line_end).count();
        u64::try_from(ends).unwrap_or(u64::MAX)
    }
}

impl Lines {
    /// The fault of a record that swallowed the lines behind it. One of several lines with a wrong number of
    /// fields has most likely done so.
    pub(super) fn swallowed(&self, has_its_fields: bool) -> Option<String> {
        let Self { first, last, quotes, quote } = self;
        let is_long = first < last && quotes.long.is_some();
        if is_long && (quotes.is_open || quotes.is_odd || !has_its_fields) {
            return Some(format!(
                "lines {first} to {last} were read as one, because a quote in line {quote} is not closed"
            ));
        }
        quotes.is_open.then(|| "a quote in it is not closed".to_owned())
    }

    /// The lines of a field with line breaks, as an explanation of a fault in its text.
    pub(super) fn of_long_field(&self) -> Option<String> {
        let Self { first, last, quotes, quote } = self;
        (first < last && quotes.long.is_some()).then(|| {
            format!(
                "a text goes on until line {last}; remove its line breaks, or close the quote in line {quote}"
            )
        })
    }

    /// The number of lines.
    pub(super) fn count(&self) -> u64 {
        self.last - self.first + 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(text: &str) -> Vec<(u64, u64, Option<String>)> {
        let mut records = Records::of(text.as_bytes(), Layout { delimiter: b',', hint_bytes: 0 });
        let mut places = Vec::new();
        while let Some((lines, read)) = records.advance() {
            read.expect("text");
            places.push((lines.first, lines.last, lines.swallowed(true)));
        }
        places
    }

    #[test]
    fn records_know_their_lines_for_every_line_break() {
        let expected = [(1, 1, None), (3, 3, None), (4, 5, None), (7, 7, None)];
        for line_break in ["\n", "\r\n", "\r"] {
            let text = "a,b\n\n1,2\n\"x\ny\",3\n,\n4,5".replace('\n', line_break);
            assert_eq!(places(&text), expected, "{line_break:?}");
            assert_eq!(places(&(text + line_break)), expected, "{line_break:?}");
        }
    }

    #[test]
    fn a_record_that_swallows_lines_names_them() {
        let reason = |last: u64, quote: u64| {
            format!("lines 2 to {last} were read as one, because a quote in line {quote} is not closed")
        };
        assert_eq!(places("a,b\n1,\"x\n2,3\n")[1], (2, 3, Some(reason(3, 2))));
        assert_eq!(places("a,b\n1,\"x\n2,\"y\"\n3,4")[1], (2, 3, Some(reason(3, 2))));
        assert_eq!(places("a,b\n\"x\ny\",\"z\n4,5\n")[1], (2, 4, Some(reason(4, 3))));
        assert_eq!(places("a,b\n1,\"x")[1], (2, 2, Some("a quote in it is not closed".to_owned())));
    }
}
