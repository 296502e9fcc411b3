//! A product: its quantity, its lots, and the operations on them.

use domain::{CalendarDate, InventoryLot, Quantity, primary_lot, same_key};
use uuid::Uuid;
use yew::prelude::*;
use yew_router::AnyRoute;
use yew_router::prelude::*;

use super::lot_panel::LotList;
use super::lot_sheet::LotSheet;
use super::product_facts::product_facts;
use crate::book::views::{LotView, ProductView};
use crate::desk::answers::Answers;
use crate::desk::command::Command;
use crate::desk::saving::Saving;
use crate::desk::scan_target::use_scan_target;
use crate::desk::scanner::{Found, ScanTarget};
use crate::desk::use_desk::use_answers;
use crate::goods::product_names::{family, rows_elsewhere, variant_word};
use crate::route::{LotWork, Route, use_query};
use crate::ui::button::link_button;
use crate::ui::chip::{Tone, chip, pending_chip};
use crate::ui::icon::{Glyph, icon};
use crate::ui::page_head::PageHead;
use crate::ui::use_clock::use_now;
use crate::use_book::use_book;
use crate::use_today::use_today;
use crate::words::format;
use crate::words::language::{t, tf};
use crate::words::lot_words::not_for_use;

/// An existing product.
#[derive(Properties, PartialEq)]
pub(crate) struct KnownProductProps {
    pub(crate) view: ProductView,
    pub(crate) saving: Saving,
}

/// Its page.
#[component]
pub(crate) fn KnownProduct(props: &KnownProductProps) -> Html {
    let KnownProductProps { view, saving } = props;
    let (book, today, now) = (use_book(), use_today(), use_now());
    let chosen = use_named_lot();
    let is_deleting = use_state(bool::default);
    let edited = use_state(|| None::<LotView>);
    let lots: Vec<InventoryLot> = view.lots.iter().map(|lot| lot.row.clone()).collect();
    let shown = lots.iter().find(|lot| Some(lot.lot.id()) == *chosen);
    let primary = shown.or_else(|| primary_lot(&lots, today)).cloned();
    let navigator = use_navigator();
    let refuse = refusing(use_answers(), view, today);
    use_scan_target(scan_target(view.product.id, &lots, &chosen, refuse, navigator));
    let on_choose = {
        let chosen = chosen.clone();
        Callback::from(move |lot| chosen.set(if *chosen == Some(lot) { None } else { Some(lot) }))
    };
    let on_edit = {
        let setter = edited.setter();
        Callback::from(move |lot| setter.set(Some(lot)))
    };
    let product = &view.product;
    let eyebrow = match product.barcode.as_str() {
        "" => product.sku.clone(),
        barcode => format!("{} · {barcode}", product.sku),
    };
    html! {
        <div class="page product" data-test="product-page" data-id={product.id.to_string()}>
            <PageHead title={product.name.clone()} is_name={true} {eyebrow} back={Route::Stock} back_to_list={true} />
            <div class="product-grid">
                <div class="product-main">
                    { on_hand(view) }
                    if !view.variants.is_empty() {
                        { variants(view) }
                    }
                    { LotList { view, chosen: *chosen, on_choose, on_edit, today, now }.view() }
                </div>
                <div class="product-side">
                    { product_facts(view, &book, &is_deleting, saving) }
                    { link_button("button", Route::History { id: product.id }.to_path(),
                        html! { <>{ icon(Glyph::Clock) }{ t("History") }</> }, "product-history") }
                </div>
                { actions(view, primary.as_ref(), today) }
            </div>
            { lot_sheet(&edited, &lots) }
        </div>
    }
}

/// The open lot: at first that of the address.
#[hook]
fn use_named_lot() -> UseStateHandle<Option<Uuid>> {
    let named = use_query("lot").and_then(|lot| lot.parse::<Uuid>().ok());
    let chosen = use_state_eq(|| named);
    let setter = chosen.setter();
    use_effect_with(named, move |named| {
        if named.is_some() {
            setter.set(*named);
        }
    });
    chosen
}

fn lot_sheet(edited: &UseStateHandle<Option<LotView>>, here: &[InventoryLot]) -> Html {
    let Some(lot) = &**edited else { return Html::default() };
    let is_here = here.iter().any(|held| held.lot == lot.row.lot);
    let setter = edited.setter();
    let on_close = Callback::from(move |()| setter.set(None));
    html! { <LotSheet lot={lot.clone()} {is_here} {on_close} /> }
}

/// Says that one of the product's lots elsewhere, named by its code, must not be taken; `false` if there is none.
fn refusing(answers: Answers, view: &ProductView, today: CalendarDate) -> impl Fn(&str) -> bool + use<> {
    let elsewhere = rows_elsewhere(view);
    move |lot_code: &str| {
        let mut named = elsewhere.iter().filter(|lot| same_key(&lot.lot.lot_code, lot_code));
        let reason = named.find_map(|lot| not_for_use(lot, today));
        if let Some((title, sentence)) = &reason {
            answers.wrong(title, sentence.clone());
        }
        reason.is_some()
    }
}

/// A scan of one of the product's own lots selects it; a command starts an operation on it.
fn scan_target(
    id: Uuid,
    lots: &[InventoryLot],
    chosen: &UseStateHandle<Option<Uuid>>,
    refuse: impl Fn(&str) -> bool + 'static,
    navigator: Option<Navigator>,
) -> ScanTarget {
    let own: Vec<(String, Uuid)> = lots.iter().map(|lot| (lot.lot.lot_code.clone(), lot.lot.id())).collect();
    let (setter, lot) = (chosen.setter(), **chosen);
    let choose = move |lot_code: &str| {
        let found = own.iter().find(|(code, _)| same_key(code, lot_code));
        if let Some((_, lot)) = found {
            setter.set(Some(*lot));
        }
        found.is_some()
    };
    let on_scan = Callback::from(move |found: Found| match found {
        Found::Code(scanned) => choose(&scanned.code) || refuse(&scanned.code),
        Found::Product(product, scanned) if product == id => {
            scanned.lot_code.is_none_or(|lot_code| choose(&lot_code) || refuse(&lot_code))
        }
        Found::Command(Command::Start(work)) => {
            if let Some(navigator) = &navigator {
                navigator.push(&AnyRoute::new(Route::work_on(id, work, lot)));
            }
            true
        }
        _ => false,
    });
    ScanTarget { on_scan }
}

fn on_hand(view: &ProductView) -> Html {
    let unsent = (view.unsent != Quantity::ZERO)
        .then(|| tf("{change} not synced yet", &[("change", &format::signed(view.unsent))]));
    let (size, chip) = match (unsent, view.pending) {
        (Some(text), _) => (text.len(), chip(Tone::Waiting, Some(Glyph::Clock), text, "unsent")),
        (None, true) => (0, pending_chip()),
        (None, false) => (0, Html::default()),
    };
    html! {
        <section class={classes!("card", "on-hand", (size > 0 || view.pending).then_some("is-pending"))}>
            <h2>{ t("On hand") }</h2>
            <p class="on-hand-line">
                <b class={classes!("huge", (view.on_hand < Quantity::ZERO).then_some("is-negative"))} data-test="on-hand"
                    data-value={view.on_hand.0.to_string()}>{ format::quantity(view.on_hand) }</b>
                <span class="unit" translate="no">{ &view.product.unit }</span>
                { chip }
            </p>
        </section>
    }
}

fn variants(view: &ProductView) -> Html {
    html! {
        <nav class="choices" aria-label={t("Variants")} translate="no">
            for product in family(view) {
                <a class="choice" href={Route::Product { id: product.id }.to_path()} data-test="variant"
                    data-id={product.id.to_string()}
                    aria-current={(product.id == view.product.id).then_some("page")}>{ variant_word(product) }</a>
            }
        </nav>
    }
}

/// The most likely next operation, and the others.
fn actions(view: &ProductView, lot: Option<&InventoryLot>, today: CalendarDate) -> Html {
    let id = view.product.id;
    let lot_id = lot.map(|lot| lot.lot.id());
    let receive = Route::work_on(id, LotWork::Receive, None);
    let can_pick = lot.is_some_and(|lot| lot.is_usable(today));
    let (href, word, test) = match lot.filter(|_| can_pick) {
        Some(lot) => (
            Route::work_on(id, LotWork::Pick, lot_id),
            tf("Pick from {lot}", &[("lot", &lot.lot.lot_code)]),
            "primary-pick",
        ),
        None => (receive.clone(), t("Receive").to_owned(), "primary-receive"),
    };
    let more: &[LotWork] = match (lot, can_pick) {
        (Some(_), true) => &[LotWork::Receive, LotWork::Move, LotWork::Count],
        (Some(_), false) => &[LotWork::Move, LotWork::Count, LotWork::Adjust],
        (None, _) => &[],
    };
    html! {
        <div class="actions">
            if !more.is_empty() {
                <div class="actions-more">
                    for work in more.iter().copied() {
                        <a class="button" data-test={format!("action-{work}")} href={
                            if work == LotWork::Receive { receive.clone() } else { Route::work_on(id, work, lot_id) }
                        }>{ t(work.verb()) }</a>
                    }
                </div>
            }
            <a class="button primary" {href} data-test={test}>
                { icon(if can_pick { Glyph::Pick } else { Glyph::Receive }) }{ word }
            </a>
        </div>
    }
}
