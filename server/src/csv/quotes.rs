//! Quotes that are not closed: the parser then reads several lines as one.

/// The quoted fields of a record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Quotes {
    /// The offset of the quote that never ends, or else of the first whose field goes on in another line.
    pub(super) long: Option<usize>,
    /// Whether a quote is open at the end.
    pub(super) is_open: bool,
    /// Whether a field goes on behind its closing quote, because that was meant to open another one.
    pub(super) is_odd: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Start,
    Plain,
    Quoted,
    /// Behind a quote within a quoted field: its end, or the first of two.
    Behind,
}

impl Quotes {
    /// Those of a record, given without the line break at its end.
    pub(super) fn of(record: &[u8], delimiter: u8) -> Self {
        let (mut state, mut opened, mut quotes) = (State::Start, 0, Self::default());
        for (at, byte) in record.iter().enumerate() {
            state = match (state, *byte) {
                (State::Start, b'"') => {
                    opened = at;
                    State::Quoted
                }
                (State::Quoted, b'"') => State::Behind,
                (State::Quoted, byte) => {
                    if matches!(byte, b'\n' | b'\r') {
                        quotes.long.get_or_insert(opened);
                    }
                    State::Quoted
                }
                (State::Behind, b'"') => State::Quoted,
                (State::Start | State::Plain | State::Behind, byte) if byte == delimiter => State::Start,
                (State::Behind, _) => {
                    quotes.is_odd = true;
                    State::Plain
                }
                (State::Start | State::Plain, _) => State::Plain,
            };
        }
        if state == State::Quoted {
            (quotes.is_open, quotes.long) = (true, Some(opened));
        }
        quotes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_quote_that_is_not_closed() {
        let of = |record: &str| Quotes::of(record.as_bytes(), b',');
        for closed in ["a,b", "a,\"b\"", "a,\"b \"\"c\"\"\"", "3\" pipe,x", ""] {
            assert_eq!(of(closed), Quotes::default(), "{closed}");
        }
        assert_eq!(of("a,\"b,c"), Quotes { long: Some(2), is_open: true, is_odd: false });
        assert_eq!(of("a,\"b\nc\",d"), Quotes { long: Some(2), is_open: false, is_odd: false });
        assert_eq!(of("a,\"b\nc,\"d\",e"), Quotes { long: Some(2), is_open: false, is_odd: true });
        assert_eq!(of("\"a\",\"b\nc,d\n"), Quotes { long: Some(4), is_open: true, is_odd: false });
    }
}
