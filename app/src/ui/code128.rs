//! Code 128 (ISO/IEC 15417): encodes a text as bars. Pure.

/// The widths of bars and spaces of every symbol, in modules; the stop symbol has an additional bar.
const WIDTHS: &str = "\
212222222122222221121223121322131222122213122312132212221213221312231212112232122132122231113222\
123122123221223211221132221231213212223112312131311222321122321221312212322112322211212123212321\
232121111323131123131321112313132113132311211313231113231311112133112331132131113123113321133121\
313121211331231131213113213311213131311123311321331121312113312311332111314111221411431111111224\
111422121124121421141122141221112214112412122114122411142112142211241211221114413111241112134111\
111242121142121241114212124112124211411212421112421211212141214121412121111143111341131141114113\
114311411113411311113141114131311141411131211412211214211232";
const STOP: &str = "2331112";
/// Number of widths per symbol.
const WIDTHS_PER_SYMBOL: usize = 6;
/// The quiet zone on either side, in modules.
pub(crate) const QUIET_MODULES: u32 = 10;
/// Maximum symbols in one barcode; scanners cannot read longer ones.
const MAX_SYMBOLS: usize = 80;
/// The separator of GS1-128. It must not occur as a normal character.
pub(crate) const FNC1: char = '\u{f1}';

const SHIFT: u8 = 98;
const TO_C: u8 = 99;
const TO_B: u8 = 100;
const FNC1_SYMBOL: u8 = 102;
const START_B: u8 = 104;
const START_C: u8 = 105;
const CHECK_MODULUS: usize = 103;

/// Bars, as `(first module, width)`, and the total width including the quiet zones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Bars {
    pub(crate) bars: Vec<(u32, u32)>,
    pub(crate) modules: u32,
}

/// The bars of a text; `None` if Code 128 cannot encode it, or if it is too long.
pub(crate) fn bars(text: &str) -> Option<Bars> {
    let symbols = symbols(text)?;
    let mut widths = String::new();
    for symbol in symbols {
        let at = usize::from(symbol) * WIDTHS_PER_SYMBOL;
        widths.push_str(WIDTHS.get(at..at + WIDTHS_PER_SYMBOL)?);
    }
    widths.push_str(STOP);
    let (mut bars, mut at) = (Vec::new(), QUIET_MODULES);
    for (nth, width) in widths.chars().filter_map(|width| width.to_digit(10)).enumerate() {
        if nth.is_multiple_of(2) {
            bars.push((at, width));
        }
        at += width;
    }
    Some(Bars { bars, modules: at + QUIET_MODULES })
}

/// The symbols with start and check: code set C for four or more consecutive digits, where the switch pays
/// off, and code set B for the rest.
fn symbols(text: &str) -> Option<Vec<u8>> {
    let chars: Vec<char> = text.chars().collect();
    let first_data = usize::from(chars.first() == Some(&FNC1));
    let mut is_pairs = digits_at(chars.get(first_data..)?) >= 4;
    let mut symbols = vec![if is_pairs { START_C } else { START_B }];
    let mut at = 0;
    while let Some(char) = chars.get(at) {
        let digits = digits_at(&chars[at..]);
        match char {
            _ if symbols.len() > MAX_SYMBOLS => return None,
            &FNC1 => {
                symbols.push(FNC1_SYMBOL);
                at += 1;
            }
            _ if is_pairs && digits >= 2 => {
                symbols.push(pair(chars[at], chars[at + 1])?);
                at += 2;
            }
            _ if is_pairs => {
                symbols.push(TO_B);
                is_pairs = false;
            }
            // With an odd number of digits, the first stays in B, so that the rest form pairs.
            _ if digits >= 4 && digits.is_multiple_of(2) => {
                symbols.push(TO_C);
                is_pairs = true;
            }
            char => {
                push_single(&mut symbols, *char)?;
                at += 1;
            }
        }
    }
    symbols.push(check(&symbols)?);
    Some(symbols)
}

fn digits_at(chars: &[char]) -> usize {
    chars.iter().take_while(|char| char.is_ascii_digit()).count()
}

fn pair(tens: char, ones: char) -> Option<u8> {
    u8::try_from(tens.to_digit(10)? * 10 + ones.to_digit(10)?).ok()
}

/// One character of code set B, or after a shift one of code set A, which contains the control characters.
fn push_single(symbols: &mut Vec<u8>, char: char) -> Option<()> {
    match u8::try_from(char).ok()? {
        byte @ 32..=127 => symbols.push(byte - 32),
        byte @ ..32 => symbols.extend([SHIFT, byte + 64]),
        _ => return None,
    }
    Some(())
}

fn check(symbols: &[u8]) -> Option<u8> {
    let weighted = symbols.iter().enumerate().map(|(nth, symbol)| nth.max(1) * usize::from(*symbol));
    u8::try_from(weighted.sum::<usize>() % CHECK_MODULUS).ok()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn patterns() -> Vec<&'static str> {
        let ends = (0..WIDTHS.len()).step_by(WIDTHS_PER_SYMBOL);
        ends.map(|at| &WIDTHS[at..at + WIDTHS_PER_SYMBOL]).collect()
    }

    #[test]
    fn every_symbol_is_unique_and_has_eleven_modules_with_an_even_number_of_black_ones() {
        let patterns = patterns();
        assert_eq!(patterns.len(), 106);
        assert_eq!(patterns.iter().collect::<BTreeSet<_>>().len(), 106);
        for pattern in patterns {
            let widths: Vec<u32> = pattern.chars().filter_map(|char| char.to_digit(10)).collect();
            assert_eq!(widths.iter().sum::<u32>(), 11, "{pattern}");
            assert_eq!(widths.iter().step_by(2).sum::<u32>() % 2, 0, "{pattern}");
        }
    }

    #[test]
    fn a_text_is_encoded_with_the_symbols_and_the_check_of_the_standard() {
        // "PJJ123C" in code set A is the usual example, with check 54; in B the start symbol differs by one.
        assert_eq!(symbols("PJJ123C").as_deref(), Some(&[104, 48, 42, 42, 17, 18, 19, 35, 55][..]));
        assert_eq!(symbols("1234").as_deref(), Some(&[105, 12, 34, 82][..]));
    }

    #[test]
    fn code_set_c_is_used_where_it_is_shorter() {
        let start = |text: &str| symbols(text).map(|symbols| symbols[..symbols.len() - 1].to_vec());
        assert_eq!(start("A1234"), Some(vec![START_B, 33, TO_C, 12, 34]));
        assert_eq!(start("12345A"), Some(vec![START_C, 12, 34, TO_B, 21, 33]));
        assert_eq!(start("A12345"), Some(vec![START_B, 33, 17, TO_C, 23, 45]));
        assert_eq!(start("\u{f1}0101"), Some(vec![START_C, FNC1_SYMBOL, 1, 1]));
        assert_eq!(start("A\u{1d}"), Some(vec![START_B, 33, SHIFT, 93]));
    }

    #[test]
    fn a_character_without_a_symbol_is_not_encoded() {
        assert_eq!(bars("Ä"), None);
        assert_eq!(bars(&"A".repeat(MAX_SYMBOLS + 1)), None);
        let shown = bars("LB-SAVE").expect("bars");
        assert_eq!(shown.modules, 2 * QUIET_MODULES + 11 * (1 + 7 + 1) + 13);
        assert_eq!(shown.bars.first(), Some(&(QUIET_MODULES, 2)));
    }
}
