//! The value of the stock, its composition, and its expiry.

use std::rc::Rc;

use domain::{CalendarDate, Money};
use yew::prelude::*;
use yew_router::Routable;

use super::report_parts::{aisles, dearest, expiry_plot, next_to_expire, parts};
use super::use_remote_lots::use_remote_lots;
use crate::book::Book;
use crate::book::report::Report;
use crate::goods::survey_gate::{as_of, missing_lots, survey_gate};
use crate::goods::use_survey::use_survey;
use crate::route::Route;
use crate::ui::button::{button, link_button};
use crate::ui::icon::{Glyph, icon};
use crate::ui::page_head::PageHead;
use crate::ui::placeholder::Placeholder;
use crate::ui::save_table::{Table, use_save_table};
use crate::use_book::use_book;
use crate::use_offline_sync::use_sync;
use crate::use_today::use_today;
use crate::words::faults_in_words::store_fault;
use crate::words::format;
use crate::words::language::{t, tf, tn};

/// The page.
#[component]
pub(crate) fn ReportPage() -> Html {
    let (book, sync, today) = (use_book(), use_sync(), use_today());
    let (state, remote) = (use_survey(), use_remote_lots());
    let shows_lots = use_state(bool::default);
    // The survey may be newer than this component's state.
    let version = book.survey_state().version;
    let report = use_memo((version, today), {
        let book = book.clone();
        move |(_, today)| book.survey().report(*today)
    });
    let save = use_save_table();
    let body = match survey_gate(&state, &sync) {
        Some(gate) => gate,
        None if report.total.lots == 0 => nothing(),
        None => {
            let on_measure = {
                let shows_lots = shows_lots.setter();
                Callback::from(move |is_chosen| shows_lots.set(is_chosen))
            };
            let on_products = {
                let book = book.clone();
                save.reform(move |_: MouseEvent| products_table(&book, today))
            };
            html! {
                <>
                <div role="status">{ missing_lots(remote) }</div>
                <div class="report-grid">
                    <div class="report-column">
                        { total(&book, &report) }
                        { expiry_plot(&book, &report, *shows_lots, &on_measure) }
                        { next_to_expire(&book, &report, today) }
                    </div>
                    <div class="report-column">
                        { parts(&book, &report) }
                        { aisles(&book, &report) }
                        { dearest(&book, &report) }
                    </div>
                    <section class="report-ways" aria-label={t("Tables")}>
                        { link_button("button", Route::Lots.to_path(), html! { <>{ icon(Glyph::Search) }{ t("All lots") }</> }, "report-lots") }
                        { button("button", html! { <>{ icon(Glyph::Receive) }{ t("Products as CSV") }</> }, on_products, "products-csv") }
                    </section>
                    { as_of(&sync, remote) }
                </div>
                </>
            }
        }
    };
    html! {
        <div class="page report-page" data-test="report-page">
            <PageHead title={t("Report")} />
            { body }
        </div>
    }
}

fn nothing() -> Html {
    let placeholder = Placeholder {
        glyph: Glyph::Box,
        title: t("No lots here"),
        text: t("No stock on this device. Receive goods first."),
        test: "report-empty",
    };
    placeholder.view(Html::default())
}

fn total(book: &Book, report: &Rc<Report>) -> Html {
    let survey = book.survey();
    let sums = report.total.worth.moneys(&|id| survey.name(id));
    html! {
        <section class="card report-total" aria-labelledby="report-total">
            <h2 id="report-total">{ t("Stock value") }</h2>
            { for sums.iter().map(sum_line) }
            <p class="muted">{ tn(report.total.lots, "{n} lot at today's prices", "{n} lots at today's prices") }</p>
            if report.not_available.lots > 0 {
                <p class="muted" data-test="not-available">{ not_available(book, report) }</p>
            }
        </section>
    }
}

fn not_available(book: &Book, report: &Report) -> String {
    let survey = book.survey();
    let share = &report.not_available;
    let sums: Vec<String> = share.worth.moneys(&|id| survey.name(id)).iter().map(format::money).collect();
    let lots = tn(share.lots, "{n} lot", "{n} lots");
    tf("Not available: {lots}, worth {sum}", &[("lots", &lots), ("sum", &sums.join(" + "))])
}

fn sum_line(money: &Money) -> Html {
    let sum = format::money(money);
    html! {
        <p class="huge" style={format!("--chars: {}", sum.chars().count())} translate="no" data-test="stock-value"
            data-minor={money.minor.to_string()} data-currency={money.currency.clone()}>{ sum }</p>
    }
}

fn products_table(book: &Book, today: CalendarDate) -> Table {
    let name = format!("lotbook-products-{}-{today}.csv", book.device_prefix());
    let book = book.clone();
    let text = Box::pin(async move { book.products_csv().await.map_err(|error| store_fault(&error)) });
    Table { name, text }
}
