//! Being written.

use yew::prelude::*;

#[component]
pub(crate) fn ScannerTestPage() -> Html {
    Html::default()
}
