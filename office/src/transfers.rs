//! The goods that a site sent to others.

use office_model::messages::{TransferItem, TransferLineItem};
use yew::prelude::*;

use crate::ask::encoded;
use crate::frame::SiteHead;
use crate::loaded::{use_loaded, when_loaded};
use crate::parts::{empty, table};
use crate::times::shown;
use crate::words::{t, tf};

#[derive(Properties, PartialEq)]
pub(crate) struct TransfersProps {
    pub(crate) site: String,
}

/// The list of transfers.
#[component]
pub(crate) fn TransfersPage(props: &TransfersProps) -> Html {
    let path = format!("sites/{}/transfers", encoded(&props.site));
    let (transfers, reload) = use_loaded::<Vec<TransferItem>>(path);
    html! {
        <section class="page" data-test="transfers-page">
            <SiteHead site={props.site.clone()} />
            { when_loaded(&transfers, &reload, |transfers| view(transfers)) }
        </section>
    }
}

fn view(transfers: &[TransferItem]) -> Html {
    if transfers.is_empty() {
        return empty(t("No goods were sent from here to another site."));
    }
    let line = |line: &TransferLineItem, is_settled: bool| {
        let TransferLineItem { sku, name, sent, received } = line;
        let quantity = if is_settled {
            tf("{received} of {sent}", &[("received", received), ("sent", sent)])
        } else {
            sent.clone()
        };
        html! { <li><span translate="no">{ format!("{sku} {name}") }</span>{ ": " }{ quantity }</li> }
    };
    let row = |item: &TransferItem| {
        let is_settled = item.state == "settled" || item.state == "short";
        let (tone, word) = match item.state.as_str() {
            "sent" => ("tone-waiting", t("Sent")),
            "expected" => ("tone-waiting", t("Expected there")),
            "settled" => ("tone-good", t("Received")),
            _ => ("tone-attention", t("Received short")),
        };
        vec![
            html! { <b translate="no">{ &item.number }</b> },
            html! { <span translate="no">{ &item.to_site }</span> },
            shown(item.sent_at).into(),
            html! { <span class={classes!("chip", tone)}>{ word }</span> },
            html! { <ul>{ for item.lines.iter().map(|one| line(one, is_settled)) }</ul> },
        ]
    };
    let columns = [t("Number"), t("To"), t("Sent"), t("State"), t("Goods")];
    table(t("Transfers"), &columns, transfers.iter().map(row).collect(), "transfers")
}
