//! The progress of the survey of all lots; the first page that needs it starts it.

use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use crate::book::surveyor::{SurveyState, bring_survey_up};
use crate::use_book::{use_book, use_book_version};

/// The survey's state, updated while the page is shown.
#[hook]
pub(crate) fn use_survey() -> SurveyState {
    use_survey_if(true)
}

/// Like [`use_survey`], for a page that needs the survey only at times.
#[hook]
pub(crate) fn use_survey_if(is_wanted: bool) -> SurveyState {
    let book = use_book();
    let version = use_book_version();
    let state = use_state_eq(|| book.survey_state());
    {
        let setter = state.setter();
        use_effect_with(book.clone(), move |book| {
            let surveyed = book.clone();
            let watch = book.watch_survey(move || setter.set(surveyed.survey_state()));
            move || drop(watch)
        });
    }
    use_effect_with((version, is_wanted), move |_| {
        if is_wanted {
            spawn_local(async move {
                // The page that waits for it shows the error.
                bring_survey_up(book).await.unwrap_or_default();
            });
        }
    });
    (*state).clone()
}
