//! The report's parts, each a table or a plot of its own.

use std::rc::Rc;

use domain::{CalendarDate, Money};
use yew::prelude::*;
use yew_router::Routable;

use crate::book::Book;
use crate::book::lot_filter::Expiry;
use crate::book::report::{Due, Part, Report, Share};
use crate::book::survey::Survey;
use crate::goods::lot_chip::lot_chip;
use crate::goods::lot_row::place_and_date;
use crate::goods::product_list::name_and_variant;
use crate::route::Route;
use crate::ui::bar_plot::{Bar, BarPlot};
use crate::ui::button::choice;
use crate::ui::chip::Tone;
use crate::ui::icon::{Glyph, icon};
use crate::ui::row_text::{data_text, named_text, row_text};
use crate::words::format;
use crate::words::language::{t, tf, tn};

/// The composition of the total.
pub(crate) fn parts(book: &Book, report: &Rc<Report>) -> Html {
    let survey = book.survey();
    let row = |(part, share): &(Part, Share)| {
        let (tone, glyph, words, query) = part_words(*part);
        let text = row_text(words, tn(share.lots, "{n} lot", "{n} lots"), None);
        html! {
            <li class="entry">
                <a class="entry-link" href={format!("{}{query}", Route::Lots.to_path())}>
                    <span class={classes!("entry-glyph", tone.class())}>{ icon(glyph) }</span>
                    { text }
                    { worth(&survey, share) }
                </a>
            </li>
        }
    };
    html! {
        <section aria-labelledby="report-parts">
            <h2 class="section-title" id="report-parts">{ t("Breakdown") }</h2>
            <ul class="entries" data-test="report-parts">{ for report.parts.iter().filter(|(_, share)| share.lots > 0).map(row) }</ul>
        </section>
    }
}

fn part_words(part: Part) -> (Tone, Glyph, &'static str, &'static str) {
    match part {
        Part::Good => (Tone::Good, Glyph::Tick, t("Expires in more than 60 days"), ""),
        Part::Soon => (Tone::Waiting, Glyph::Triangle, t("Expires in 15 to 60 days"), "?expiry=60"),
        Part::Pressing => (Tone::Attention, Glyph::Attention, t("Expires within 14 days"), "?expiry=14"),
        Part::Reserved => (Tone::Info, Glyph::Key, t("Reserved"), "?status=reserved"),
        Part::Quarantined => (Tone::Attention, Glyph::Attention, t("Quarantined"), "?status=quarantined"),
        Part::Expired => (Tone::Quiet, Glyph::Close, t("Expired"), "?expiry=expired"),
        Part::BelowZero => (Tone::Attention, Glyph::Attention, t("Below zero"), "?below-zero=1"),
    }
}

/// The number of lots, or their value, by the month of expiry.
pub(crate) fn expiry_plot(
    book: &Book,
    report: &Rc<Report>,
    shows_lots: bool,
    on_measure: &Callback<bool>,
) -> Html {
    let survey = book.survey();
    let currency = report.currency.map(|id| (id, survey.name(id).to_owned()));
    let bar = |(due, share): &(Due, Share)| {
        let minor = currency.as_ref().map_or(0, |(id, _)| share.worth.minor(*id));
        let lots = tn(share.lots, "{n} lot", "{n} lots");
        let (value, words) = match (&currency, shows_lots) {
            (Some((_, name)), false) => (minor, format::money(&Money { minor, currency: name.clone() })),
            _ => (i64::try_from(share.lots).unwrap_or(i64::MAX), lots),
        };
        let (label, name, tone) = due_words(*due);
        Bar { label, name, value, words, tone }
    };
    let bars: Vec<Bar> = report.months.iter().map(bar).collect();
    let short = |value: i64| match (&currency, shows_lots) {
        (Some((_, name)), false) => format::short_money(value, name),
        _ => format::short(value),
    };
    let measure = |is_lots, words| {
        choice(words, shows_lots == is_lots, on_measure.reform(move |_: MouseEvent| is_lots), "plot-measure")
    };
    let plot = BarPlot {
        title: if shows_lots { t("Lots by month of expiry") } else { t("Value by month of expiry") },
        heads: (t("Month"), if shows_lots { t("Lots") } else { t("Value") }),
        bars: &bars,
        short: &short,
    };
    html! {
        <section class="report-plot" aria-labelledby="report-plot">
            <header class="section-head">
                <h2 class="section-title" id="report-plot">{ t("By expiry") }</h2>
                <div class="choices" role="group" aria-label={t("Bars show")}>
                    { measure(false, t("Value")) }{ measure(true, t("Lots")) }
                </div>
            </header>
            <div class="card">{ plot.view() }</div>
        </section>
    }
}

fn due_words(due: Due) -> (String, String, Tone) {
    match due {
        Due::Expired => (t("Expired").to_owned(), t("Expired").to_owned(), Tone::Attention),
        Due::Month(date) => (format::month(date), format::month_and_year(date), Tone::Good),
        Due::Later => (t("Later").to_owned(), t("Later").to_owned(), Tone::Good),
        Due::Undated => (t("No date").to_owned(), t("No date").to_owned(), Tone::Quiet),
    }
}

/// The lots that expire next.
pub(crate) fn next_to_expire(book: &Book, report: &Rc<Report>, today: CalendarDate) -> Html {
    let survey = book.survey();
    let row = |at: &u32| {
        let lot = survey.lots().get(*at as usize).and_then(|lot| survey.row(lot))?;
        let href = Route::Product { id: lot.lot.product_id }.to_path();
        let sub = format!("{} · {}", lot.lot.lot_code, place_and_date(&lot));
        Some(html! {
            <li class="entry">
                <a class="entry-link" {href}>
                    { data_text(product_name(book, lot.lot.product_id), sub, None) }
                    { lot_chip(&lot, today) }
                    <b class="row-quantity" translate="no">{ format::quantity(lot.quantity) }</b>
                </a>
            </li>
        })
    };
    let all = format!("{}?expiry={}", Route::Lots.to_path(), Expiry::Soon.code());
    html! {
        <section aria-labelledby="report-next">
            <header class="section-head">
                <h2 class="section-title" id="report-next">{ t("Expiring soon") }</h2>
                <a class="section-link" href={all}>{ t("View all") }</a>
            </header>
            if report.next.is_empty() {
                <p class="all-sent tone-good">{ icon(Glyph::Tick) }{ t("Nothing expires within 60 days.") }</p>
            } else {
                <ul class="entries" data-test="report-next">{ for report.next.iter().filter_map(row) }</ul>
            }
        </section>
    }
}

/// The stock by aisle, the first part of the bins' names.
pub(crate) fn aisles(book: &Book, report: &Rc<Report>) -> Html {
    let survey = book.survey();
    let row = |(name, share): &(String, Share)| {
        let query = String::from(js_sys::encode_uri_component(name));
        html! {
            <li class="entry">
                <a class="entry-link" href={format!("{}?bin={query}", Route::Lots.to_path())}>
                    { named_text(name.clone(), tn(share.lots, "{n} lot", "{n} lots"), None) }
                    { worth(&survey, share) }
                </a>
            </li>
        }
    };
    html! {
        <section aria-labelledby="report-aisles">
            <h2 class="section-title" id="report-aisles">{ t("Value by aisle") }</h2>
            <ul class="entries" data-test="report-aisles">{ for report.aisles.iter().map(row) }</ul>
            if report.other_aisles > 0 {
                <p class="muted">{ tn(report.other_aisles, "and {n} more aisle", "and {n} more aisles") }</p>
            }
        </section>
    }
}

/// The products with the highest value in stock.
pub(crate) fn dearest(book: &Book, report: &Rc<Report>) -> Html {
    let survey = book.survey();
    let row = |(id, share): &(uuid::Uuid, Share)| {
        html! {
            <li class="entry">
                <a class="entry-link" href={Route::Product { id: *id }.to_path()}>
                    { named_text(product_name(book, *id), tn(share.lots, "{n} lot", "{n} lots"), None) }
                    { worth(&survey, share) }
                </a>
            </li>
        }
    };
    let currencies = report.total.worth.currencies().count();
    let main = report.currency.map(|id| survey.name(id).to_owned()).filter(|_| currencies > 1);
    html! {
        <section aria-labelledby="report-products">
            <h2 class="section-title" id="report-products">{ t("Most valuable products") }</h2>
            <ul class="entries" data-test="report-products">{ for report.products.iter().map(row) }</ul>
            if let Some(main) = main {
                <p class="muted">{ tf("Only prices in {currency} are compared.", &[("currency", &main)]) }</p>
            }
        </section>
    }
}

fn worth(survey: &Survey, share: &Share) -> Html {
    let sums = share.worth.moneys(&|id| survey.name(id));
    html! {
        <span class="entry-worth" translate="no">
            { for sums.iter().map(|money| html! { <b>{ format::money(money) }</b> }) }
        </span>
    }
}

fn product_name(book: &Book, id: uuid::Uuid) -> String {
    book.label(id).map(|label| name_and_variant(&label.name, &label.variant)).unwrap_or_default()
}
