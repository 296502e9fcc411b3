//! Small random changes to bytes, from a seed.

use fastrand::Rng;

/// Most changes made to one input.
const MAX_CHANGES: u64 = 4;
/// Most bytes that one change adds or removes.
const MAX_SPAN_BYTES: usize = 64;
/// Longer results are truncated to this.
const MAX_INPUT_BYTES: usize = 16 * 1024;

/// Values that parsers of numbers, dates, text and JSON often get wrong.
const TOKENS: &[&str] = &[
    "0",
    "-1",
    "9223372036854775807",
    "-9223372036854775808",
    "18446744073709551615",
    "1e9",
    "0.001",
    "-0",
    "null",
    "true",
    "[]",
    "{}",
    "\"\"",
    "\\u0000",
    "\\ud800",
    "\u{a0}",
    "\u{feff}",
    "\u{2212}",
    "\u{1f}",
    "é",
    "İ",
    "ß",
    " ",
    ",",
    ".",
    "\"",
    "\r\n",
    "\n",
    "0001-01-01",
    "9999-12-31",
    "2024-02-29",
    "00000000-0000-0000-0000-0000000000a1",
    "\0",
];

/// Changes inputs. The same seed gives the same changes.
#[derive(Clone, Debug)]
pub struct Mutator(Rng);

impl Mutator {
    /// Makes the changes of `seed`.
    pub fn new(seed: u64) -> Self {
        Self(Rng::with_seed(seed))
    }

    fn below(&mut self, limit: usize) -> usize {
        self.0.usize(..limit.max(1))
    }

    fn byte(&mut self) -> u8 {
        self.0.u8(..)
    }

    /// A random range within `bytes`.
    fn span(&mut self, bytes: &[u8]) -> std::ops::Range<usize> {
        let from = self.below(bytes.len() + 1);
        let length = self.below((bytes.len() - from).min(MAX_SPAN_BYTES) + 1);
        from..from + length
    }

    /// Returns `input` with a few random changes; some insert parts of `other`.
    pub fn changed(&mut self, input: &[u8], other: &[u8]) -> Vec<u8> {
        let mut bytes = input.to_vec();
        for _ in 0..=self.below(usize::try_from(MAX_CHANGES).unwrap_or(1)) {
            self.change(&mut bytes, other);
        }
        bytes.truncate(MAX_INPUT_BYTES);
        bytes
    }

    fn change(&mut self, bytes: &mut Vec<u8>, other: &[u8]) {
        let at = self.below(bytes.len() + 1);
        match self.below(8) {
            0 => {
                let bit = 1 << self.below(8);
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= bit;
                }
            }
            1 => {
                let new = self.byte();
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = new;
                }
            }
            2 => bytes.insert(at, self.byte()),
            3 => drop(bytes.drain(self.span(bytes))),
            4 => {
                let again = bytes[self.span(bytes)].to_vec();
                drop(bytes.splice(at..at, again));
            }
            5 => {
                let part = other[self.span(other)].to_vec();
                let span = self.span(bytes);
                drop(bytes.splice(span, part));
            }
            6 => {
                let token = TOKENS[self.below(TOKENS.len())];
                drop(bytes.splice(at..at, token.bytes()));
            }
            _ => self.replace_number(bytes, at),
        }
    }

    /// Replaces the next number after `at` by another one.
    fn replace_number(&mut self, bytes: &mut Vec<u8>, at: usize) {
        let digit = |byte: &u8| byte.is_ascii_digit();
        let Some(from) = bytes[at..].iter().position(digit).map(|offset| at + offset) else { return };
        let length = bytes[from..].iter().take_while(|byte| digit(byte)).count();
        let token = TOKENS[self.below(9)];
        drop(bytes.splice(from..from + length, token.bytes()));
    }
}
