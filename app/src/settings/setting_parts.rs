//! Shared by the settings and the first-run guide: language, sounds, persistent storage.

use client::ask_to_keep_data;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use crate::device::feedback::{self, Feedback};
use crate::device::install::{self, Install};
use crate::device::preferences::Preferences;
use crate::device::storage::Storage;
use crate::sending::use_storage::use_storage;
use crate::ui::button::button;
use crate::ui::flash;
use crate::words::language::{self, LANGUAGES, t};

/// The shown preferences, with their setter.
pub(crate) type Kept = UseStateHandle<Preferences>;

/// Changes the stored and the shown preferences.
pub(crate) fn change(kept: &Kept, change: impl FnOnce(&mut Preferences)) {
    kept.set(Preferences::change(change));
}

/// A card under a heading.
pub(crate) fn section(title: &'static str, content: Html) -> Html {
    html! { <section><h2>{ title }</h2><div class="card">{ content }</div></section> }
}

/// One line of a card: a text and its controls.
pub(crate) fn setting(words: &str, ways: Html) -> Html {
    html! { <div class="setting"><span>{ words.to_owned() }</span>{ ways }</div> }
}

/// One option of a choice.
pub(crate) struct Choice {
    pub(crate) code: String,
    pub(crate) word: String,
    /// The language of the label, if it differs from the screen's.
    pub(crate) lang: Option<&'static str>,
    pub(crate) is_chosen: bool,
}

/// Buttons of which one is selected; `test` is the test hook.
pub(crate) fn choices(
    label: &'static str,
    choices: Vec<Choice>,
    on_choose: &Callback<String>,
    test: &'static str,
) -> Html {
    let one = |choice: Choice| {
        let code = choice.code.clone();
        let onclick = on_choose.reform(move |_: MouseEvent| code.clone());
        html! {
            <button class="choice" type="button" aria-pressed={choice.is_chosen.to_string()} {onclick} key={choice.code.clone()}
                lang={choice.lang} translate={choice.lang.map(|_| "no")} data-test={test} data-code={choice.code}>
                { choice.word }
            </button>
        }
    };
    html! { <div class="choices" role="group" aria-label={label}>{ for choices.into_iter().map(one) }</div> }
}

/// The languages, each in its own name. A selection reloads the page, because texts are not updated in place.
pub(crate) fn language_choices() -> Html {
    let all = LANGUAGES.map(|(code, name)| Choice {
        code: code.to_owned(),
        word: name.to_owned(),
        lang: Some(code),
        is_chosen: code == language::current(),
    });
    let on_choose = Callback::from(|code: String| {
        language::choose(&code);
        client::reload();
    });
    choices(t("Language"), all.into(), &on_choose, "language")
}

/// A button for every sound; it also shows the colour of the feedback. Calls `on_try`.
pub(crate) fn sound_buttons(on_try: &Callback<()>) -> Html {
    let one = |sound: Feedback| {
        let word = sound_word(sound);
        let onclick = on_try.reform(move |_: MouseEvent| {
            feedback::play_now(sound);
            flash::show(sound, word, "");
        });
        button("button", word.into(), onclick, "try-sound")
    };
    html! { <div class="ways">{ for Feedback::ALL.into_iter().map(one) }</div> }
}

/// The meaning of a sound.
fn sound_word(sound: Feedback) -> &'static str {
    match sound {
        Feedback::Right => t("Right"),
        Feedback::Wrong => t("Wrong"),
        Feedback::Unknown => t("Unknown"),
        Feedback::Saved => t("Saved"),
    }
}

/// The state of the storage, the callback that requests persistence, and whether it was called.
#[hook]
pub(crate) fn use_keeping() -> (Option<Storage>, Callback<()>, bool) {
    let (storage, ask_again) = use_storage();
    let was_asked = use_state(bool::default);
    let asked = was_asked.setter();
    let ask = Callback::from(move |()| {
        let (ask_again, asked) = (ask_again.clone(), asked.clone());
        spawn_local(async move {
            ask_to_keep_data().await;
            asked.set(true);
            ask_again.emit(());
        });
    });
    (storage, ask, *was_asked)
}

/// The state of the storage in one sentence.
pub(crate) fn keeping_sentence(storage: Option<&Storage>, was_asked: bool) -> &'static str {
    match storage {
        None => t("This browser doesn't report storage protection."),
        Some(storage) if storage.is_kept => t("The browser keeps the data."),
        Some(_) if was_asked => {
            t("The browser declined. Install Lotbook, use it for a while, then ask again.")
        }
        Some(_) => t("The browser may delete unsent work when space is short."),
    }
}

/// The installation: a button if the browser offers it, else instructions.
pub(crate) fn install_ways(install: Install) -> Html {
    match install {
        Install::Installed => Html::default(),
        Install::Offered => {
            let onclick = Callback::from(|_: MouseEvent| spawn_local(install::install()));
            button("button strong", t("Install").into(), onclick, "install")
        }
        Install::ByHand(platform) => html! {
            <ul class="instructions" data-test="install-instructions">
                { for platform.instructions().iter().map(|line| html! { <li>{ t(line) }</li> }) }
            </ul>
        },
    }
}
