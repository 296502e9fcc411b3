//! Being written.

use yew::prelude::*;

#[component]
pub(crate) fn WelcomePage() -> Html {
    Html::default()
}
