//! Being written.

use yew::prelude::*;

#[component]
pub(crate) fn SettingsPage() -> Html {
    Html::default()
}
