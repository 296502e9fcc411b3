//! The first-run guide of a new device. Each step can be skipped and resumed; only enrolling is required.

use yew::prelude::*;
use yew_router::prelude::*;

use super::setting_parts::{install_ways, keeping_sentence, language_choices, sound_buttons, use_keeping};
use crate::device::install::{Install, Platform, use_install};
use crate::device::preferences::Preferences;
use crate::route::Route;
use crate::sending::no_worker::NoWorkerLine;
use crate::ui::button::{button, link_button};
use crate::ui::chip::{Tone, chip};
use crate::ui::icon::Glyph;
use crate::ui::page_head::PageHead;
use crate::use_book::use_book;
use crate::use_offline_sync::use_sync;
use crate::words::language::{t, tf};
use client::Completeness;

/// One step, and whether it is done.
struct Step {
    code: &'static str,
    title: &'static str,
    is_done: bool,
    /// A text for the state, where done or not done is not enough.
    state: Option<String>,
    content: Html,
}

/// The guide.
#[component]
pub(crate) fn WelcomePage() -> Html {
    let (install, navigator) = (use_install(), use_navigator());
    let (enrol, keep, download) = (use_enrol_step(install), use_keep_step(), use_download_step());
    let sounds = use_sounds_step();
    let mut steps =
        vec![language_step(), enrol, install_step(install), keep, download, scanner_step(), sounds];
    if is_apart(install) {
        // The installed app has its own storage, separate from the browser's, so enrolling here would be
        // useless.
        steps.swap(1, 2);
    }
    let left = steps.iter().filter(|step| !step.is_done).count();
    let finish = Callback::from(move |_: MouseEvent| {
        Preferences::change(|preferences| preferences.is_welcomed = true);
        if let Some(navigator) = &navigator {
            navigator.push(&Route::Home);
        }
    });
    let word = if left == 0 { t("Finish") } else { t("Finish later") };
    html! {
        <div class="page welcome" data-test="welcome-page">
            <PageHead title={t("Setup")} back={Route::Home} />
            <p class="lead">{ t("Everything this device needs to work offline.") }</p>
            <NoWorkerLine />
            <ol class="steps">{ for steps.into_iter().map(step_view) }</ol>
            <div class="actions">{ button("button primary", word.into(), finish, "finish-welcome") }</div>
        </div>
    }
}

fn step_view(step: Step) -> Html {
    let (tone, glyph) = if step.is_done { (Tone::Good, Glyph::Tick) } else { (Tone::Waiting, Glyph::Clock) };
    let word = if step.is_done { t("Done") } else { t("Not done") };
    let state = step.state.unwrap_or_else(|| word.to_owned());
    html! {
        <li class={step.is_done.then_some("is-done")} key={step.code} data-test="step" data-step={step.code}
            data-done={step.is_done.to_string()}>
            <div class="step-head">
                <h2>{ step.title }</h2>
                { chip(tone, Some(glyph), state, "step-state") }
            </div>
            { step.content }
        </li>
    }
}

fn language_step() -> Step {
    Step { code: "language", title: t("Language"), is_done: true, state: None, content: language_choices() }
}

/// Whether this is an iPhone's or iPad's browser, whose data the installed app will not see.
fn is_apart(install: Install) -> bool {
    install == Install::ByHand(Platform::Apple)
}

#[hook]
fn use_enrol_step(install: Install) -> Step {
    let name = use_book().device_name();
    let content = if let Some(name) = &name {
        html! { <p>{ tf("Connected as {name}", &[("name", name)]) }</p> }
    } else if is_apart(install) {
        html! { <p>{ t("Install first. Then open Lotbook from its icon and connect there.") }</p> }
    } else {
        html! {
            <>
                <p>{ t("Enter your one-time code to connect.") }</p>
                { link_button("button strong", Route::Enrol.to_path(), t("Connect this device").into(), "to-enrol") }
            </>
        }
    };
    Step { code: "enrol", title: t("Connect this device"), is_done: name.is_some(), state: None, content }
}

fn install_step(install: Install) -> Step {
    let is_done = install == Install::Installed;
    Step {
        code: "install",
        title: t("Install Lotbook"),
        is_done,
        state: None,
        content: install_ways(install),
    }
}

#[hook]
fn use_keep_step() -> Step {
    let (storage, ask, was_asked) = use_keeping();
    let is_kept = storage.as_ref().is_some_and(|storage| storage.is_kept);
    let onclick = ask.reform(|_: MouseEvent| ());
    let content = html! {
        <>
            <p role="status" data-test="keeping">{ keeping_sentence(storage.as_ref(), was_asked) }</p>
            if !is_kept {
                { button("button", t("Request protection").into(), onclick, "keep-data") }
            }
        </>
    };
    Step { code: "storage", title: t("Protect stored data"), is_done: is_kept, state: None, content }
}

#[hook]
fn use_download_step() -> Step {
    let catalogue = use_sync().catalogue;
    let percent = match catalogue {
        Completeness::Empty => 0,
        Completeness::Partial { percent } => percent,
        Completeness::Complete => 100,
    };
    let is_done = catalogue == Completeness::Complete;
    let state = (!is_done).then(|| tf("{percent} %", &[("percent", &percent)]));
    let content = html! {
        if !is_done {
            <p>{ t("It downloads automatically once this device is connected, and resumes if interrupted.") }</p>
            <div class="progress" role="progressbar" aria-label={t("Stock list")} aria-valuemin="0" aria-valuemax="100"
                aria-valuenow={percent.to_string()}>
                <span style={format!("--done: {percent}%")} />
            </div>
        }
    };
    Step { code: "download", title: t("Download the stock list"), is_done, state, content }
}

fn scanner_step() -> Step {
    let is_done = Preferences::load().scanner.is_tested;
    let content = html! {
        <>
            <p>{ t("Scan a label to check the scanner's settings.") }</p>
            { link_button("button", Route::ScannerTest.to_path(), t("Test the scanner").into(), "to-scanner-test") }
        </>
    };
    Step { code: "scanner", title: t("Test the scanner"), is_done, state: None, content }
}

#[hook]
fn use_sounds_step() -> Step {
    let was_tried = use_state_eq(bool::default);
    let on_try = {
        let was_tried = was_tried.clone();
        Callback::from(move |()| was_tried.set(true))
    };
    let content = html! {
        <>
            <p>{ t("Each scan result has its own sound. Set the volume so you can hear it at work.") }</p>
            { sound_buttons(&on_try) }
        </>
    };
    Step { code: "sounds", title: t("Play the sounds"), is_done: *was_tried, state: None, content }
}
