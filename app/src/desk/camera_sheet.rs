//! The full-page camera sheet, and the button that opens it.

use std::cell::RefCell;
use std::rc::Rc;

use futures::FutureExt;
use gloo_timers::callback::Timeout;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::spawn_local;
use wasm_split_helpers::wasm_split;
use web_sys::{HtmlElement, HtmlVideoElement};
use yew::prelude::*;

use super::scanner::Scans;
use crate::camera::stream::{CameraFault, is_present};
use crate::camera::watch::{Sight, Trouble, Watch};
use crate::rest::NotLoaded;
use crate::ui::button::{button, icon_button};
use crate::ui::icon::{Glyph, icon};
use crate::ui::later::use_later;
use crate::ui::placeholder::read_failure;
use crate::ui::use_element::use_modal;
use crate::words::language::{t, tf};

/// A button that opens the camera. On a device without one, `children` are rendered instead.
#[derive(Properties, PartialEq)]
pub(crate) struct CameraButtonProps {
    /// Receives the codes found.
    pub(crate) scans: Scans,
    /// The id of the field for typing instead.
    pub(crate) field: AttrValue,
    #[prop_or_default]
    pub(crate) children: Html,
}

/// The button, and the sheet while it is open.
#[component]
pub(crate) fn CameraButton(props: &CameraButtonProps) -> Html {
    let (has_camera, is_open) = (use_state_eq(|| false), use_state_eq(|| false));
    {
        let has_camera = has_camera.clone();
        use_effect_with((), move |()| spawn_local(async move { has_camera.set(is_present().await) }));
    }
    if !*has_camera {
        return props.children.clone();
    }
    let set = |is_shown: bool| {
        let is_open = is_open.clone();
        move || is_open.set(is_shown)
    };
    let (open, close) = (set(true), set(false));
    let on_code = {
        let (close, scans) = (close.clone(), props.scans.clone());
        Callback::from(move |code: String| {
            close();
            scans.submit(&code);
        })
    };
    let on_type = {
        let (close, field) = (close.clone(), props.field.clone());
        Callback::from(move |()| {
            close();
            focus_later(field.to_string());
        })
    };
    let onclick = Callback::from(move |_: MouseEvent| open());
    html! {
        <>
            { icon_button("icon-button camera-go", Glyph::Camera, t("Scan with the camera"), onclick, "open-camera") }
            if *is_open {
                <CameraSheetLater on_close={Callback::from(move |()| close())} {on_code} {on_type} />
            }
        </>
    }
}

/// Moves the focus after the closing sheet has restored it.
fn focus_later(id: String) {
    Timeout::new(0, move || {
        let document = web_sys::window().and_then(|window| window.document());
        let field = document.and_then(|document| document.get_element_by_id(&id));
        if let Some(field) = field.and_then(|field| field.dyn_into::<HtmlElement>().ok()) {
            // `focus` fails only for elements outside the document.
            drop(field.focus());
        }
    })
    .forget();
}

/// The callbacks of the sheet.
#[derive(Clone, Properties, PartialEq)]
struct CameraSheetProps {
    on_close: Callback<()>,
    /// Called with a code in a scanner's format.
    on_code: Callback<String>,
    on_type: Callback<()>,
}

/// The sheet, once its code is loaded.
#[component]
fn CameraSheetLater(props: &CameraSheetProps) -> Html {
    use_later(|| load_sheet().boxed_local(), draw_sheet(props.clone()), read_failure)
}

#[wasm_split(rest, fallible, preload(load_sheet))]
fn draw_sheet(props: CameraSheetProps) -> Result<Html, NotLoaded> {
    Ok(html! { <CameraSheet ..props /> })
}

/// The camera's picture, with its controls.
#[component]
fn CameraSheet(props: &CameraSheetProps) -> Html {
    let (dialog, video) = (use_node_ref(), use_node_ref());
    let sight = use_state_eq(|| Sight::Starting);
    let (attempt, is_lit) = (use_state_eq(|| 0_u32), use_state_eq(|| false));
    let watch = use_mut_ref(|| None::<Watch>);
    use_modal(&dialog);
    {
        let (sight, is_lit, on_code) = (sight.setter(), is_lit.setter(), props.on_code.clone());
        let (video, watch) = (video.clone(), Rc::clone(&watch));
        use_effect_with(*attempt, move |_| {
            is_lit.set(false);
            let tell = Callback::from(move |seen: Sight| match seen {
                Sight::Found(code) => on_code.emit(code),
                other => sight.set(other),
            });
            watch.replace(video.cast::<HtmlVideoElement>().map(|video| Watch::start(video, tell)));
            move || drop(watch.take())
        });
    }
    let again = Callback::from(move |_: MouseEvent| attempt.set(*attempt + 1));
    let close = props.on_close.reform(|_: MouseEvent| ());
    let oncancel = props.on_close.reform(|event: Event| event.prevent_default());
    html! {
        <dialog class="camera" ref={dialog} {oncancel} aria-label={t("Scan with the camera")} data-test="camera">
            <video ref={video} class="camera-picture" playsinline=true muted=true aria-hidden="true"></video>
            if let Sight::Looking { .. } = &*sight {
                <div class="camera-aim" aria-hidden="true"></div>
            }
            <header class="camera-head">
                if let Sight::Looking { has_torch: true } = &*sight {
                    { torch(&is_lit, &watch) }
                }
                { icon_button("icon-button camera-close", Glyph::Close, t("Close"), close, "close-camera") }
            </header>
            <div class="camera-foot">
                <div role="status">{ words(&sight) }</div>
                <div role="alert">{ trouble(&sight) }</div>
                if matches!(&*sight, Sight::Resting | Sight::Failed(_)) {
                    { button("button primary", html! { again_word(&sight) }, again, "camera-again") }
                }
                { button("button", html! { t("Type it instead") }, props.on_type.reform(|_: MouseEvent| ()), "type-instead") }
            </div>
        </dialog>
    }
}

fn torch(is_lit: &UseStateHandle<bool>, watch: &Rc<RefCell<Option<Watch>>>) -> Html {
    let onclick = {
        let (is_lit, watch) = (is_lit.clone(), Rc::clone(watch));
        Callback::from(move |_: MouseEvent| {
            if let Some(watch) = &*watch.borrow() {
                watch.set_torch(!*is_lit);
            }
            is_lit.set(!*is_lit);
        })
    };
    html! {
        <button class="icon-button camera-torch" type="button" aria-label={t("Light")} aria-pressed={is_lit.to_string()}
            {onclick} data-test="camera-torch">{ icon(Glyph::Torch) }</button>
    }
}

fn again_word(sight: &Sight) -> &'static str {
    if *sight == Sight::Resting { t("Continue") } else { t("Try again") }
}

fn trouble(sight: &Sight) -> Html {
    let Sight::Failed(trouble) = sight else { return Html::default() };
    html! { <p class="camera-words" data-test="camera-trouble">{ trouble_words(trouble) }</p> }
}

fn words(sight: &Sight) -> Html {
    match sight {
        Sight::Failed(_) => Html::default(),
        Sight::Starting => said(t("Starting the camera…")),
        Sight::Preparing => said(t("Downloading the barcode reader…")),
        Sight::Looking { .. } | Sight::Found(_) => said(t("Hold the code inside the frame.")),
        Sight::Resting => said(t("The camera is off, to save the battery.")),
    }
}

fn said(text: &'static str) -> Html {
    html! { <p class="camera-words" data-test="camera-words">{ text }</p> }
}

/// The problem and its solution in words.
fn trouble_words(trouble: &Trouble) -> String {
    let sentence = match trouble {
        Trouble::Camera(CameraFault::Other(reason)) => {
            return tf(
                "The camera didn't start ({reason}). Try again, or type the code.",
                &[("reason", reason)],
            );
        }
        Trouble::Camera(CameraFault::Insecure) => t(
            "Browsers give the camera only to pages opened over HTTPS. Open Lotbook at its https:// address.",
        ),
        Trouble::Camera(CameraFault::Missing) => t("No camera was found. Connect one, or type the code."),
        Trouble::Camera(CameraFault::Denied) => t(
            "Lotbook may not use the camera. Allow it in the browser's settings for this site, then try again.",
        ),
        Trouble::Camera(CameraFault::Busy) => {
            t("Another app is using the camera. Close it there, then try again.")
        }
        Trouble::NeedsNetwork => t(
            "The camera needs the network once, to download the code reader. Go online, then try again. After that it works offline.",
        ),
        Trouble::CannotRead => t("This device can't read the camera's picture. Type the code instead."),
    };
    sentence.to_owned()
}
