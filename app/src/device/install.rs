//! Whether Lotbook is installed on this device, and how to install it.

use std::cell::RefCell;

use gloo_events::{EventListener, EventListenerOptions, EventListenerPhase};
use js_sys::{Function, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use yew::prelude::*;

use crate::words::language::t;

/// The platform, as far as installing differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Platform {
    /// iPhone or iPad: manually, in Safari.
    Apple,
    Android,
    Firefox,
    Safari,
    Other,
}

/// The state of the installation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Install {
    /// This is the installed app.
    Installed,
    /// The browser offers to install it.
    Offered,
    /// The user has to install it manually.
    ByHand(Platform),
}

#[derive(Default)]
struct Offer {
    prompt: Option<JsValue>,
    is_installed: bool,
    watchers: Vec<(usize, Callback<()>)>,
    listeners: Vec<EventListener>,
    last_watcher: usize,
}

thread_local! {
    static OFFER: RefCell<Offer> = RefCell::default();
}

/// Stores the browser's install prompt, which is fired once and early. Call it before the first render.
pub(crate) fn listen() {
    let Some(window) = web_sys::window() else { return };
    let options = EventListenerOptions { phase: EventListenerPhase::Bubble, passive: false };
    let offered = EventListener::new_with_options(&window, "beforeinstallprompt", options, |event| {
        // The browser's own banner would cover the page's buttons.
        event.prevent_default();
        let prompt = JsValue::from(event.clone());
        OFFER.with_borrow_mut(|offer| offer.prompt = Some(prompt));
        tell();
    });
    let installed = EventListener::new(&window, "appinstalled", |_| {
        OFFER.with_borrow_mut(|offer| (offer.prompt, offer.is_installed) = (None, true));
        tell();
    });
    OFFER.with_borrow_mut(|offer| offer.listeners = vec![offered, installed]);
}

fn tell() {
    let watchers = OFFER.with_borrow(|offer| offer.watchers.clone());
    for (_, watcher) in watchers {
        watcher.emit(());
    }
}

/// The current state.
pub(crate) fn state() -> Install {
    let (is_offered, was_installed) = OFFER.with_borrow(|offer| (offer.prompt.is_some(), offer.is_installed));
    match web_sys::window() {
        Some(window) if was_installed || is_standalone(&window) => Install::Installed,
        _ if is_offered => Install::Offered,
        Some(window) => Install::ByHand(platform(&window)),
        None => Install::ByHand(Platform::Other),
    }
}

/// The state, kept up to date.
#[hook]
pub(crate) fn use_install() -> Install {
    let install = use_state_eq(state);
    let setter = install.setter();
    use_effect_with((), move |()| {
        let number = OFFER.with_borrow_mut(|offer| {
            offer.last_watcher += 1;
            offer.watchers.push((offer.last_watcher, Callback::from(move |()| setter.set(state()))));
            offer.last_watcher
        });
        move || OFFER.with_borrow_mut(|offer| offer.watchers.retain(|(watcher, _)| *watcher != number))
    });
    *install
}

/// Shows the install prompt. It can be used only once, whatever the user chooses.
pub(crate) async fn install() {
    let Some(prompt) = OFFER.with_borrow_mut(|offer| offer.prompt.take()) else { return };
    let show = Reflect::get(&prompt, &"prompt".into()).ok().and_then(|show| show.dyn_into::<Function>().ok());
    let shown =
        show.and_then(|show| show.call0(&prompt).ok()).and_then(|shown| shown.dyn_into::<Promise>().ok());
    if let Some(shown) = shown {
        // A user who declines is not asked again here; the instructions remain.
        drop(JsFuture::from(shown).await);
    }
    tell();
}

fn is_standalone(window: &web_sys::Window) -> bool {
    let is = |mode| window.match_media(mode).ok().flatten().is_some_and(|query| query.matches());
    // iOS has a property of its own for it.
    let is_home_screen = Reflect::get(&window.navigator(), &"standalone".into());
    is("(display-mode: standalone)")
        || is("(display-mode: fullscreen)")
        || is_home_screen == Ok(JsValue::TRUE)
}

fn platform(window: &web_sys::Window) -> Platform {
    let navigator = window.navigator();
    let has_touch =
        Reflect::get(&navigator, &"maxTouchPoints".into()).ok().and_then(|points| points.as_f64());
    platform_of(&navigator.user_agent().unwrap_or_default(), has_touch.is_some_and(|points| points > 1.0))
}

/// An iPad reports itself as a Mac; only its touch screen distinguishes it.
fn platform_of(user_agent: &str, has_touch: bool) -> Platform {
    let has = |word: &str| user_agent.contains(word);
    if has("iPhone") || has("iPad") || (has("Macintosh") && has_touch) {
        Platform::Apple
    } else if has("Android") {
        Platform::Android
    } else if has("Firefox/") {
        Platform::Firefox
    } else if has("Macintosh") && has("Safari/") && !has("Chrome/") {
        Platform::Safari
    } else {
        Platform::Other
    }
}

impl Platform {
    /// The steps, in order.
    pub(crate) fn instructions(self) -> &'static [&'static str] {
        use crate::words::language::key;
        match self {
            Self::Apple => {
                const {
                    &[
                        key("Open this page in Safari."),
                        key("Tap Share, then Add to Home Screen."),
                        key(
                            "Open Lotbook from its new icon and connect there. It doesn't share Safari's data.",
                        ),
                    ]
                }
            }
            Self::Android => {
                const { &[key("Open the browser's menu, and choose Install app or Add to Home screen.")] }
            }
            Self::Firefox => {
                const {
                    &[key(
                        "Firefox can't install Lotbook here. Use Chrome or Edge, or continue in this window.",
                    )]
                }
            }
            Self::Safari => const { &[key("Choose File, then Add to Dock.")] },
            Self::Other => const { &[key("Choose Install in the browser's address bar or menu.")] },
        }
    }
}

impl Install {
    /// The name of the platform.
    pub(crate) fn word(self) -> &'static str {
        if self == Self::Installed { t("Installed") } else { t("Not installed") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn platforms_are_recognised_by_their_user_agents() {
        let mac = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) \
                   Version/18.4 Safari/605.1.15";
        assert_eq!(platform_of(mac, true), Platform::Apple, "an iPad");
        assert_eq!(platform_of(mac, false), Platform::Safari);
        let android =
            "Mozilla/5.0 (Linux; Android 13; TC52) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36";
        assert_eq!(platform_of(android, true), Platform::Android);
        assert_eq!(
            platform_of("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0", false),
            Platform::Firefox
        );
        let chrome =
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 Chrome/140.0 Safari/537.36";
        assert_eq!(platform_of(chrome, false), Platform::Other);
    }
}
