//! Words that a query means although they are typed with one mistake. Pure.

use memchr::memmem::Finder;

/// Shorter words are too much like each other.
const MIN_LETTERS: usize = 4;

/// A word of a query.
pub(super) struct Wanted<'q> {
    finder: Finder<'q>,
    letters: Letters<'q>,
}

/// The letters that may have a mistake.
enum Letters<'q> {
    /// None of them: the word is too short, or a number, where each digit counts.
    Exact,
    Ascii(&'q [u8]),
    Other(Vec<char>),
}

impl<'q> Wanted<'q> {
    /// A folded word.
    pub(super) fn new(word: &'q str) -> Self {
        let may_differ = word.chars().count() >= MIN_LETTERS && word.chars().all(char::is_alphabetic);
        let letters = if !may_differ {
            Letters::Exact
        } else if word.is_ascii() {
            Letters::Ascii(word.as_bytes())
        } else {
            Letters::Other(word.chars().collect())
        };
        Self { finder: Finder::new(word.as_bytes()), letters }
    }

    /// Whether it is found with a mistake at all.
    pub(super) const fn may_differ(&self) -> bool {
        !matches!(self.letters, Letters::Exact)
    }

    /// Whether a folded label has it anywhere, or begins a word with it but for one mistake.
    pub(super) fn is_in(&self, label: &str) -> bool {
        let label = label.as_bytes();
        if self.finder.find(label).is_some() {
            return true;
        }
        // Bytes are faster than characters, and all that is not ASCII is taken for letters.
        let mut words = label.split(|byte| byte.is_ascii() && !byte.is_ascii_alphanumeric());
        match &self.letters {
            Letters::Exact => false,
            Letters::Ascii(wanted) => words.any(|word| is_near(wanted, word)),
            Letters::Other(wanted) => words.any(|word| {
                let word: Vec<char> = String::from_utf8_lossy(word).chars().collect();
                is_near(wanted, &word)
            }),
        }
    }
}

/// Whether `word` begins with `wanted` but for one letter too many, too few or another one, or two that are exchanged. A
/// mistake in the last letter counts only against the whole word: of `glovx`, `glorious` has too little.
fn is_near<T: PartialEq>(wanted: &[T], word: &[T]) -> bool {
    if word.len() + 1 < wanted.len() {
        return false;
    }
    let same = wanted.iter().zip(word).take_while(|(left, right)| left == right).count();
    let (wanted, word) = (&wanted[same..], &word[same..]);
    let (Some((_, wanted_rest)), false) = (wanted.split_first(), word.is_empty()) else {
        // All of the word, or all but the last letter of it.
        return wanted.len() <= 1;
    };
    let word_rest = &word[1..];
    let is_other = match wanted_rest {
        [] => word_rest.is_empty(),
        rest => word_rest.starts_with(rest),
    };
    let is_too_many = !wanted_rest.is_empty() && word.starts_with(wanted_rest);
    let is_too_few = word_rest.starts_with(wanted);
    is_other || is_too_many || is_too_few || are_exchanged(wanted, word)
}

fn are_exchanged<T: PartialEq>(wanted: &[T], word: &[T]) -> bool {
    match (wanted, word) {
        ([first, second, wanted @ ..], [other, another, word @ ..]) => {
            first == another && second == other && word.starts_with(wanted)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finds(word: &str, label: &str) -> bool {
        Wanted::new(word).is_in(label)
    }

    #[test]
    fn one_mistake_is_forgiven() {
        let label = "nitrile gloves, size 8 g-100";
        for word in ["glovse", "golves", "glves", "gloves", "glovess", "glowes", "lgoves", "gloes"] {
            assert!(finds(word, label), "{word}");
        }
        for word in ["nitirle", "nitrle", "mitrile", "trile"] {
            assert!(finds(word, label), "{word}");
        }
        assert!(!finds("nirtlie", label) && !finds("gloovse", label), "two mistakes");
    }

    #[test]
    fn the_beginning_of_a_word_is_enough() {
        let label = "stainless screws";
        assert!(finds("stail", label) && finds("satin", label) && finds("scerw", label));
        assert!(!finds("staix", label), "the last letter may be any other");
    }

    #[test]
    fn short_words_and_numbers_are_exact() {
        assert!(!finds("teh", "the box"));
        assert!(!finds("40123", "40132"));
        assert!(!finds("rope8", "rope9"));
        assert!(finds("rope", "rpoe") && !Wanted::new("rop").may_differ());
    }

    #[test]
    fn letters_of_other_alphabets_are_letters() {
        assert!(finds("перчтаки", "нитриловые перчатки"));
        assert!(finds("перчатик", "нитриловые перчатки"));
        assert!(!finds("рукавицы", "нитриловые перчатки"));
    }
}
