//! The fields of a product, with the actions to change them.

use std::fmt::Display;
use std::rc::Rc;

use domain::{Action, GtinFault, Money, Product, ProductPatch, Quantity, check_gtin};
use yew::prelude::*;
use yew_router::Routable;

use crate::book::Book;
use crate::book::views::{Elsewhere, LotView, ProductView};
use crate::desk::saving::{Entry, Saving};
use crate::route::Route;
use crate::ui::button::{button, link_button, resting_button};
use crate::ui::icon::{Glyph, icon};
use crate::ui::save_failure::save_failure;
use crate::ui::sheet::Sheet;
use crate::words::format;
use crate::words::language::{t, tf, tn};

/// The reason why a product cannot be deleted: the stock on hand, in all bins.
fn stock_left(view: &ProductView) -> Option<String> {
    let held = view.lots.iter().map(|lot| &lot.row);
    let beyond: &[LotView] = match &view.elsewhere {
        Elsewhere::Live { lots } => lots,
        Elsewhere::Asking | Elsewhere::AsOf(_) => &[],
    };
    let beyond = beyond.iter().map(|lot| &lot.row);
    let mut stocked = held.chain(beyond).filter(|lot| lot.quantity != Quantity::ZERO);
    let first = stocked.next()?;
    let others = stocked.count();
    let values: [(&str, &dyn Display); 5] = [
        ("quantity", &format::quantity(first.quantity)),
        ("unit", &view.product.unit),
        ("lot", &first.lot.lot_code),
        ("bin", &first.lot.location),
        ("others", &tn(others, "{n} lot", "{n} lots")),
    ];
    Some(match others {
        0 => tf(
            "Stock isn't zero (lot {lot} at {bin}: {quantity} {unit}). Pick, move or adjust it first.",
            &values,
        ),
        _ => tf(
            "Stock isn't zero (lot {lot} at {bin}: {quantity} {unit}; more: {others}). Pick, move or adjust it first.",
            &values,
        ),
    })
}

/// A warning about a barcode; codes that are not GTINs have none.
pub(crate) fn barcode_doubt(barcode: &str) -> Option<String> {
    match check_gtin(barcode.trim()) {
        Err(GtinFault::CheckDigit { expected }) => Some(tf(
            "Barcode {code} has a wrong check digit: the last digit should be {digit}.",
            &[("code", &barcode.trim()), ("digit", &expected)],
        )),
        Ok(()) | Err(GtinFault::NotAGtin) => None,
    }
}

/// The fields, and the sheet that confirms a deletion.
pub(crate) fn product_facts(
    view: &ProductView,
    book: &Book,
    is_deleting: &UseStateHandle<bool>,
    saving: &Saving,
) -> Html {
    let product = &view.product;
    let edit = Route::EditProduct { id: product.id }.to_path();
    let editing = Action::UpdateProduct { id: product.id, patch: ProductPatch::default() };
    let deleting = Action::DeleteProduct { id: product.id };
    let ask = {
        let is_deleting = is_deleting.clone();
        Callback::from(move |_: MouseEvent| is_deleting.set(true))
    };
    html! {
        <section class="facts-block" aria-label={t("Facts")}>
            { facts(product) }
            <div class="facts-actions">
                { link_button("button", edit, html! { <>{ icon(Glyph::Edit) }{ t("Edit") }{ lock(book, &editing) }</> }, "edit-product") }
                { button("button danger", html! { <>{ icon(Glyph::Delete) }{ t("Delete") }{ lock(book, &deleting) }</> }, ask, "delete-product") }
            </div>
            if **is_deleting {
                { delete_sheet(view, is_deleting, saving) }
            }
        </section>
    }
}

/// A mark on what the person who is signed in does only with an approval.
fn lock(book: &Book, action: &Action) -> Html {
    if !book.needs_approval(action) {
        return Html::default();
    }
    html! {
        <span class="lock" data-test="needs-approval">
            { icon(Glyph::Lock) }<span class="visually-hidden">{ t("needs approval") }</span>
        </span>
    }
}

fn facts(product: &Product) -> Html {
    let price = Money { minor: product.price_minor, currency: product.currency.clone() };
    let optional =
        |label: &'static str, value: &str| (!value.is_empty()).then(|| fact(label, value.to_owned().into()));
    html! {
        <dl class="facts">
            { fact(t("Price"), html! { <b data-test="price">{ format::money(&price) }</b> }) }
            { fact(t("Unit"), product.unit.clone().into()) }
            { fact(t("SKU"), product.sku.clone().into()) }
            { for optional(t("Barcode"), &product.barcode) }
            if let Some(doubt) = barcode_doubt(&product.barcode) {
                <p class="warning facts-warning">{ icon(Glyph::Triangle) }{ doubt }</p>
            }
            { for optional(t("Family"), &product.family) }
            { for optional(t("Variant"), &product.variant) }
        </dl>
    }
}

fn fact(label: &'static str, value: Html) -> Html {
    html! { <div><dt>{ label }</dt><dd translate="no">{ value }</dd></div> }
}

fn delete_sheet(view: &ProductView, is_deleting: &UseStateHandle<bool>, saving: &Saving) -> Html {
    let delete = {
        let (id, rev, name) = (view.product.id, view.rev, view.product.name.clone());
        saving.save.reform(move |_: MouseEvent| {
            let said = tf("Deleted {name}", &[("name", &name)]);
            Rc::new(Entry {
                action: Action::DeleteProduct { id },
                base: rev,
                said,
                then: Route::Stock.to_path(),
            })
        })
    };
    let is_deleting = is_deleting.clone();
    let on_close = Callback::from(move |()| is_deleting.set(false));
    let close = on_close.reform(|_: MouseEvent| ());
    html! {
        <Sheet title={tf("Delete {name}?", &[("name", &view.product.name)])} {on_close} test="delete-sheet">
            if let Some(reason) = stock_left(view) {
                <p data-test="delete-refused">{ reason }</p>
                { button("button primary", t("Close").into(), close, "delete-close") }
            } else {
                <p>{ t("It's removed from every device. Its history stays.") }</p>
                { save_failure(saving.failure.clone()) }
                <div class="sheet-actions">
                    { button("button", t("Keep it").into(), close, "delete-cancel") }
                    { resting_button(saving.is_busy, "button danger-fill", t("Delete").into(), delete, "delete-confirm") }
                </div>
            }
        </Sheet>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warns_only_about_a_wrong_check_digit() {
        assert_eq!(barcode_doubt("7622210434593"), None);
        assert_eq!(barcode_doubt("SHELF-7"), None);
        assert_eq!(
            barcode_doubt("7622210434594").as_deref(),
            Some("Barcode 7622210434594 has a wrong check digit: the last digit should be 3.")
        );
    }
}
