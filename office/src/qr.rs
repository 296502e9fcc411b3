//! A link as a QR code.

use fast_qr::QRBuilder;
use yew::prelude::*;

/// The quiet zone around the code, in modules: cameras need it.
const QUIET: usize = 4;

/// The dark modules as one path, and the width with the quiet zone; none for a text that is too long.
fn drawing(text: &str) -> Option<(String, usize)> {
    let code = QRBuilder::new(text).build().ok()?;
    let mut path = String::new();
    for row in 0..code.size {
        for column in 0..code.size {
            if code[row].get(column).is_some_and(|module| module.value()) {
                path.push_str(&format!("M{} {}h1v1h-1z", column + QUIET, row + QUIET));
            }
        }
    }
    Some((path, code.size + 2 * QUIET))
}

/// A picture of the code, black on white in every theme.
pub(crate) fn qr(text: &str, label: &'static str) -> Html {
    let Some((path, size)) = drawing(text) else { return Html::default() };
    html! {
        <svg class="office-qr" viewBox={format!("0 0 {size} {size}")} role="img" aria-label={label} data-test="qr">
            <rect width="100%" height="100%" fill="#ffffff" />
            <path d={path} fill="#000000" shape-rendering="crispEdges" />
        </svg>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_becomes_a_square_of_modules() {
        let (path, size) = drawing("http://localhost:8080/enrol/ABCDEFGHJK").expect("a code");
        assert_eq!((size - 2 * QUIET - 21) % 4, 0, "a size that codes have: {size}");
        assert!(path.starts_with("M4 4h1v1h-1z"), "the corner of the finder: {path}");
        assert!(drawing(&"x".repeat(5_000)).is_none());
    }
}
