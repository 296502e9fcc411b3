//! The commands as barcodes on paper, so that a whole task can be done by scans alone.

use yew::prelude::*;

use crate::desk::command::Command;
use crate::route::Route;
use crate::ui::barcode::barcode;
use crate::ui::button::button;
use crate::ui::page_head::PageHead;
use crate::words::language::t;

/// The sheet.
#[component]
pub(crate) fn CommandsPage() -> Html {
    let print = Callback::from(|_: MouseEvent| {
        if let Some(window) = web_sys::window() {
            // A no-op in a browser without printing.
            drop(window.print());
        }
    });
    html! {
        <div class="page commands" data-test="commands-page">
            <PageHead title={t("Commands")} back={Route::Settings} />
            <p class="lead screen-only">
                { t("Print this sheet and hang it where the work is done: each barcode presses a button.") }
            </p>
            { for Command::groups().into_iter().map(group) }
            <div class="actions screen-only">{ button("button primary", t("Print").into(), print, "print") }</div>
        </div>
    }
}

fn group((title, commands): (&'static str, Vec<Command>)) -> Html {
    html! {
        <section class="command-group" key={title}>
            <h2>{ title }</h2>
            <div class="sheet-print">{ for commands.into_iter().map(card) }</div>
        </section>
    }
}

fn card(command: Command) -> Html {
    let code = command.code();
    html! {
        <div key={code.clone()} data-test="command" data-code={code.clone()}>
            <strong>{ command.words() }</strong>
            { barcode(&code, &code) }
        </div>
    }
}
