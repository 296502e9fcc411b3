//! Text of devices and files on the admin's terminal.

/// The text with what a terminal would obey or reorder as `\u{1b}`. Line breaks stay.
pub(crate) fn printable(text: &str) -> String {
    let mut printable = String::with_capacity(text.len());
    for char in text.chars() {
        if char != '\n' && domain::is_harmful(char) {
            printable.extend(char.escape_unicode());
        } else {
            printable.push(char);
        }
    }
    printable
}

#[cfg(test)]
mod tests {
    use super::printable;

    #[test]
    fn escapes_are_shown_and_not_obeyed() {
        assert_eq!(
            printable("\u{1b}]0;owned\u{7}\r\u{9b}2J\u{202e}"),
            r"\u{1b}]0;owned\u{7}\u{d}\u{9b}2J\u{202e}"
        );
        assert_eq!(printable("Zoë\n  Ägypten 👩\u{200d}🔧"), "Zoë\n  Ägypten 👩\u{200d}🔧");
    }
}
