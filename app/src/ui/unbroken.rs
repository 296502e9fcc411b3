//! Texts with codes that must not break at their hyphens: `C-` at the end of a line and `12-4` on the next look like two
//! bins.

use yew::prelude::*;

/// A part of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part<'a> {
    Plain(&'a str),
    Code(&'a str),
}

/// Whether `word` is a code with a hyphen inside: `C-12-4`, but neither `put-away` nor `-5`.
fn is_code(word: &str) -> bool {
    word.contains(|char: char| char.is_ascii_digit()) && word.trim_matches('-').contains('-')
}

/// The codes of `text`, and the texts between them.
fn parts(text: &str) -> Vec<Part<'_>> {
    let (mut parts, mut begin, mut at) = (Vec::new(), 0, 0);
    for word in text.split_inclusive(' ') {
        let code = word.trim_end_matches(' ');
        if is_code(code) {
            if begin < at {
                parts.push(Part::Plain(&text[begin..at]));
            }
            parts.push(Part::Code(code));
            begin = at + code.len();
        }
        at += word.len();
    }
    if begin < text.len() {
        parts.push(Part::Plain(&text[begin..]));
    }
    parts
}

/// The text, with its codes whole.
pub(crate) fn unbroken(text: &str) -> Html {
    let part = |part| match part {
        Part::Plain(text) => Html::from(text),
        Part::Code(code) => html! { <span class="code">{ code.to_owned() }</span> },
    };
    parts(text).into_iter().map(part).collect()
}

#[cfg(test)]
mod tests {
    use super::Part::{Code, Plain};
    use super::parts;

    #[test]
    fn codes_with_hyphens_stay_whole() {
        assert_eq!(parts("Move 10 to C-12-4"), [Plain("Move 10 to "), Code("C-12-4")]);
        assert_eq!(parts("B-07-3 · 31 Dec"), [Code("B-07-3"), Plain(" · 31 Dec")]);
        assert_eq!(parts("A-1 B-2"), [Code("A-1"), Plain(" "), Code("B-2")]);
        assert_eq!(parts("Put-away of -5 x 7-"), [Plain("Put-away of -5 x 7-")]);
        assert_eq!(parts(""), []);
    }
}
