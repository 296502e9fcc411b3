//! The settings of this device.

use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;
use yew_router::Routable;

use super::setting_parts::{
    Choice, Kept, change, choices, install_ways, keeping_sentence, language_choices, section, setting,
    sound_buttons, use_keeping,
};
use super::setting_scale::ScaleSettings;
use super::setting_scanner::ScannerSettings;
use crate::camera::{reader, stream};
use crate::device::install::{Install, use_install};
use crate::device::preferences::{Preferences, Theme};
use crate::route::Route;
use crate::ui::button::{button, link_button, resting_button};
use crate::ui::chip::{Tone, chip};
use crate::ui::field::{Field, Takes};
use crate::ui::icon::Glyph;
use crate::ui::page_head::PageHead;
use crate::ui::switch::Switch;
use crate::ui::toasts::{Toast, use_toasts};
use crate::ui::use_loaded::{Loaded, use_loaded};
use crate::words::language::t;

/// The page.
#[component]
pub(crate) fn SettingsPage() -> Html {
    let kept = use_state(Preferences::load);
    let receiving_bin = use_receiving_bin(&kept);
    html! {
        <div class="page settings" data-test="settings-page">
            <PageHead title={t("Settings")} back={Route::Home} />
            { section(t("Language"), language_choices()) }
            { section(t("Appearance"), themes(&kept)) }
            { section(t("Sounds"), sounds(&kept)) }
            <ScannerSettings kept={kept.clone()} />
            <ScaleSettings kept={kept.clone()} />
            { section(t("Receiving"), receiving_bin) }
            <CameraSetting />
            <ThisDevice />
            { section(t("Help"), help()) }
        </div>
    }
}

fn themes(kept: &Kept) -> Html {
    let all = Theme::ALL.map(|theme| Choice {
        code: theme.code().to_owned(),
        word: theme_word(theme).to_owned(),
        lang: None,
        is_chosen: theme == kept.theme,
    });
    let kept = kept.clone();
    let on_choose = Callback::from(move |code: String| {
        if let Some(theme) = Theme::ALL.into_iter().find(|theme| theme.code() == code) {
            change(&kept, |preferences| preferences.theme = theme);
        }
    });
    choices(t("Appearance"), all.into(), &on_choose, "theme")
}

fn theme_word(theme: Theme) -> &'static str {
    match theme {
        Theme::Auto => t("System"),
        Theme::Light => t("Light"),
        Theme::Dark => t("Dark"),
        Theme::Contrast => t("High contrast"),
    }
}

fn sounds(kept: &Kept) -> Html {
    let handle = kept.clone();
    let on_change = Callback::from(move |is_on| change(&handle, |preferences| preferences.sounds = is_on));
    let switch = Switch {
        label: t("Sound and vibration on scans"),
        hint: t("Right, wrong and unknown scans each have their own sound."),
        is_on: kept.sounds,
        on_change,
        test: "sounds",
    };
    html! { <div class="setting-block">{ switch.view() }{ sound_buttons(&Callback::noop()) }</div> }
}

/// An empty bin is not stored.
#[hook]
fn use_receiving_bin(kept: &Kept) -> Html {
    let (handle, text) = (kept.clone(), use_state(|| kept.receiving_bin.clone()));
    let on_change = {
        let text = text.clone();
        Callback::from(move |typed: String| {
            if !typed.trim().is_empty() {
                change(&handle, |preferences| typed.trim().clone_into(&mut preferences.receiving_bin));
            }
            text.set(typed);
        })
    };
    let is_missing = text.trim().is_empty();
    Field {
        id: "receiving-bin",
        label: t("Receiving bin"),
        value: &text,
        on_change,
        hint: t("Where goods arrive before put-away."),
        fault: is_missing.then(|| t("Type or scan a bin, such as RECEIVING.").into()),
        takes: Takes::Alone,
        ..Field::default()
    }
    .view()
}

/// Downloads the decoder in advance.
#[component]
fn CameraSetting() -> Html {
    let (is_busy, toasts) = (use_state(bool::default), use_toasts());
    let is_present = use_loaded((), (), |()| async { Ok(stream::is_present().await) });
    let onclick = {
        let is_busy = is_busy.clone();
        Callback::from(move |_: MouseEvent| {
            is_busy.set(true);
            let (is_busy, toasts) = (is_busy.clone(), toasts.clone());
            spawn_local(async move {
                toasts.show(match reader::prepare().await {
                    Ok(()) => Toast::new(Tone::Good, t("The camera is ready"), t("It reads codes offline.")),
                    Err(sentence) => Toast::new(Tone::Attention, t("The camera is not ready"), sentence),
                });
                is_busy.set(false);
            });
        })
    };
    if !matches!(is_present, Loaded::Ready(is_present) if *is_present) {
        return Html::default();
    }
    let word = if *is_busy { t("Fetching…") } else { t("Prepare for offline use") };
    let ways = resting_button(*is_busy, "button", word.into(), onclick, "prepare-camera");
    section(t("Camera"), setting(t("The code reader downloads when first needed."), ways))
}

/// The installation of the app, and the persistence of its data.
#[component]
fn ThisDevice() -> Html {
    let (install, (storage, ask, was_asked)) = (use_install(), use_keeping());
    let is_kept = storage.as_ref().is_some_and(|storage| storage.is_kept);
    let ask = ask.reform(|_: MouseEvent| ());
    let (tone, glyph) = if install == Install::Installed {
        (Tone::Good, Glyph::Tick)
    } else {
        (Tone::Waiting, Glyph::Triangle)
    };
    let protection = if is_kept {
        chip(Tone::Good, Some(Glyph::Tick), t("Protected"), "storage-state")
    } else {
        button("button", t("Request protection").into(), ask, "keep-data")
    };
    let content = html! {
        <>
            { setting(keeping_sentence(storage.as_ref(), was_asked), protection) }
            { setting(t("The installed app starts from an icon and keeps its data."), html! {
                <>{ chip(tone, Some(glyph), install.word(), "install-state") }{ install_ways(install) }</>
            }) }
            { setting(t("Working offline is chosen on the sync page."),
                link_button("button", Route::Sync.to_path(), t("Sync").into(), "to-sync")) }
            { setting(t("Version"), html! { <strong translate="no">{ env!("CARGO_PKG_VERSION") }</strong> }) }
        </>
    };
    section(t("This device"), content)
}

fn help() -> Html {
    let commands = link_button("button", Route::Commands.to_path(), t("Open").into(), "to-commands");
    let welcome = link_button("button", Route::Welcome.to_path(), t("Open").into(), "to-welcome");
    html! {
        <>
            { setting(t("Print command barcodes"), commands) }
            { setting(t("Set up this device"), welcome) }
        </>
    }
}
