//! "Check this device's data": compares every row with the server's, and offers a repair when some cannot be
//! parsed.

use sync::{Connection, RoundError, StoreError, TransportError};
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use crate::ui::button::{button, resting_button};
use crate::ui::icon::{Glyph, icon};
use crate::use_book::use_book;
use crate::use_offline_sync::OfflineSync;
use crate::words::faults_in_words::round_fault;
use crate::words::language::{key, t, tn};
use client::Completeness;
use client::Threat;

const NO_CONNECTION: &str = key("This needs a connection to the server. Try again when it is back.");
const NOT_COMPLETE: &str = key("The stock list is still being downloaded. Check it once it is complete.");

/// The state of a check.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum Check {
    #[default]
    Idle,
    /// Running, with the number of rows compared.
    Running(usize),
    Done(String),
    Failed(String),
}

/// The check's button, its progress and its result.
#[derive(Properties, PartialEq)]
pub(crate) struct DataCheckProps {
    pub(crate) sync: OfflineSync,
}

/// Renders it.
#[component]
pub(crate) fn DataCheck(props: &DataCheckProps) -> Html {
    let sync = &props.sync;
    let book = use_book();
    let check = use_state(Check::default);
    let is_connected = sync.is_online == Connection::Online;
    let failed = check.clone();
    use_effect_with(is_connected, move |is_connected| {
        // The cause of the failure may be gone.
        if *is_connected && matches!(*failed, Check::Failed(_)) {
            failed.set(Check::Idle);
        }
    });
    let is_complete = sync.catalogue == Completeness::Complete;
    let onclick = {
        let setter = check.setter();
        Callback::from(move |_: MouseEvent| {
            if !is_connected {
                return setter.set(Check::Failed(t(NO_CONNECTION).to_owned()));
            }
            if !is_complete {
                return setter.set(Check::Failed(t(NOT_COMPLETE).to_owned()));
            }
            setter.set(Check::Running(0));
            let (book, setter) = (book.clone(), setter.clone());
            spawn_local(async move {
                let progress = setter.clone();
                let checked = book.client().check_rows(|rows| progress.set(Check::Running(rows))).await;
                setter.set(result(checked));
            });
        })
    };
    let is_running = matches!(*check, Check::Running(_));
    let word = if is_running { t("Checking…") } else { t("Check this device's data") };
    let is_damaged = sync.threats.contains(&Threat::Damaged);
    html! {
        <div class="data-check">
            if is_damaged {
                { damage(sync, &check) }
            }
            { resting_button(is_running, "button", word.into(), onclick, "check-data") }
            <div role="status">{ progress(&check) }</div>
            <div role="alert">
                if let Check::Failed(sentence) = &*check {
                    <p class="said tone-attention" data-test="check-failure">
                        { icon(Glyph::Attention) }<span>{ sentence }</span>
                    </p>
                }
            </div>
        </div>
    }
}

fn progress(check: &Check) -> Html {
    match check {
        Check::Idle | Check::Failed(_) => Html::default(),
        Check::Running(rows) => html! {
            <p class="muted" data-test="check-progress">{ tn(*rows, "Checked {n} row", "Checked {n} rows") }</p>
        },
        Check::Done(sentence) => html! {
            <p class="said tone-good" data-test="check-result">{ icon(Glyph::Tick) }<span>{ sentence }</span></p>
        },
    }
}

fn result(checked: Result<(usize, usize), RoundError>) -> Check {
    match checked {
        // While a snapshot is downloading, no rows can be compared.
        Ok((0, _)) => Check::Failed(t(NOT_COMPLETE).to_owned()),
        Ok((rows, 0)) => {
            Check::Done(tn(rows, "The one row matches the server.", "All {n} rows match the server."))
        }
        Ok((rows, parts)) => Check::Done(format!(
            "{} {}",
            tn(rows, "{n} row was compared.", "{n} rows were compared."),
            tn(
                parts,
                "{n} part differed and was downloaded again.",
                "{n} parts differed and were downloaded again."
            ),
        )),
        // The repair card shows it.
        Err(RoundError::Store(StoreError::Corrupt(_))) => Check::Idle,
        Err(RoundError::Transport(TransportError::Unreachable | TransportError::TimedOut)) => {
            Check::Failed(t(NO_CONNECTION).to_owned())
        }
        Err(error) => Check::Failed(round_fault(&error)),
    }
}

/// The repair of records that cannot be parsed; a notice announces them.
fn damage(sync: &OfflineSync, check: &UseStateHandle<Check>) -> Html {
    let (repaired, setter) = (sync.clone(), check.setter());
    let is_connected = sync.is_online == Connection::Online;
    let onclick = Callback::from(move |_: MouseEvent| {
        if is_connected {
            setter.set(Check::Idle);
            repaired.repair_data();
        } else {
            setter.set(Check::Failed(t(NO_CONNECTION).to_owned()));
        }
    });
    html! {
        <div class="said-block tone-attention" data-test="damage">
            <p>
                { t("Some of the stock list on this device cannot be read. Your own work is safe: download the stock list again.") }
            </p>
            { button("button strong", t("Download everything again").into(), onclick, "repair") }
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_the_result_of_a_check() {
        let said = |checked| match result(checked) {
            Check::Done(sentence) | Check::Failed(sentence) => sentence,
            Check::Idle | Check::Running(_) => String::new(),
        };
        assert_eq!(said(Ok((300_180, 0))), "All 300,180 rows match the server.");
        assert_eq!(said(Ok((0, 0))), NOT_COMPLETE);
        assert_eq!(said(Ok((9, 1))), "9 rows were compared. 1 part differed and was downloaded again.");
        assert_eq!(
            said(Ok((9_000, 3))),
            "9,000 rows were compared. 3 parts differed and were downloaded again."
        );
        assert_eq!(said(Err(TransportError::Unreachable.into())), NO_CONNECTION);
        assert_eq!(said(Err(StoreError::Corrupt(String::new()).into())), "");
    }
}
