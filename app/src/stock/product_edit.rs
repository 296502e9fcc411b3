//! The form for a new or existing product.

use std::rc::Rc;

use domain::{Action, Product, ProductPatch};
use uuid::Uuid;
use yew::prelude::*;
use yew_router::prelude::*;

use super::product_facts::barcode_doubt;
use super::product_form::ProductForm;
use crate::desk::saving::{Entry, use_saving};
use crate::route::{Route, use_query};
use crate::ui::button::submit_button;
use crate::ui::faults::Faults;
use crate::ui::field::{Field, Takes};
use crate::ui::page_head::PageHead;
use crate::ui::save_failure::save_failure;
use crate::use_book::use_book;
use crate::words::field_names::field_names;
use crate::words::language::{t, tf};

/// Common stock units.
const COMMON_UNITS: [&str; 8] = ["each", "box", "case", "pallet", "kg", "g", "l", "m"];

/// The product.
#[derive(Properties, PartialEq)]
pub(crate) struct ProductFormPageProps {
    /// The product and its revision; `None` for a new one.
    #[prop_or_default]
    pub(crate) known: Option<(Product, u64)>,
}

/// The initial state of a form. Concurrent changes of others are resolved by the server, based on the
/// revision.
struct Start {
    id: Uuid,
    known: Option<(Product, u64)>,
}

/// The entry to save for a form's product; `None` if it is unchanged.
fn entry(start: &Start, product: Product) -> Option<Entry> {
    let id = start.id;
    let then = Route::Product { id }.to_path();
    match &start.known {
        None => {
            let said = tf("New product {name}", &[("name", &product.name)]);
            Some(Entry { action: Action::CreateProduct(product), base: 0, said, then })
        }
        Some((known, base)) => {
            let patch = ProductPatch::between(known, &product);
            let said = tf(
                "Changed {fields} of {name}",
                &[("fields", &field_names(&patch.fields())), ("name", &product.name)],
            );
            let is_changed = !patch.is_empty();
            is_changed.then_some(Entry {
                action: Action::UpdateProduct { id, patch },
                base: *base,
                said,
                then,
            })
        }
    }
}

/// The form.
#[component]
pub(crate) fn ProductFormPage(props: &ProductFormPageProps) -> Html {
    let (book, navigator, saving) = (use_book(), use_navigator(), use_saving());
    let barcode = use_query("barcode").unwrap_or_default();
    let start = use_memo((), |()| Start {
        id: props.known.as_ref().map_or_else(|| book.new_id(), |(product, _)| product.id),
        known: props.known.clone(),
    });
    let form = use_state(|| match &start.known {
        Some((product, _)) => ProductForm::of(product),
        None => ProductForm::new(barcode),
    });
    let faults = use_state(Faults::default);
    let (title, back) = match &start.known {
        Some((product, _)) => {
            (tf("Edit {name}", &[("name", &product.name)]), Route::Product { id: product.id })
        }
        None => (t("New product").to_owned(), Route::Stock),
    };
    let read = form.read(start.id).map(|product| entry(&start, product).map(Rc::new));
    let onsubmit = {
        let (faults, save, back) = (faults.clone(), saving.save.clone(), back.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            faults.set(read.as_ref().err().cloned().unwrap_or_default());
            match (&read, &navigator) {
                (Ok(Some(entry)), _) => save.emit(entry.clone()),
                (Ok(None), Some(navigator)) => navigator.push(&back),
                _ => {}
            }
        })
    };
    html! {
        <form class="page form" {onsubmit} novalidate={true} data-test="product-form">
            <PageHead {title} {back} />
            <div class="fields">{ fields(&form, &faults) }</div>
            <div class="actions">
                { save_failure(saving.failure) }
                { submit_button(t("Save product"), saving.is_busy, "save") }
            </div>
        </form>
    }
}

/// A callback that sets one of the form's fields to the typed text.
fn put(form: &UseStateHandle<ProductForm>, set: fn(&mut ProductForm, String)) -> Callback<String> {
    let form = form.clone();
    Callback::from(move |text| {
        let mut changed = (*form).clone();
        set(&mut changed, text);
        form.set(changed);
    })
}

fn fields(form: &UseStateHandle<ProductForm>, faults: &Faults) -> Html {
    let field = |id: &'static str, label, value, set: fn(&mut ProductForm, String)| Field {
        id,
        label,
        value,
        fault: faults.of(id),
        on_change: put(form, set),
        ..Field::default()
    };
    let name = field("name", t("Name"), &form.name, |form, text| form.name = text);
    let sku = Field {
        takes: Takes::Code,
        hint: t("The number of your own for it; no other product of the site has it."),
        ..field("sku", t("SKU"), &form.sku, |form, text| form.sku = text)
    };
    let doubt =
        barcode_doubt(&form.barcode).map(|doubt| format!("{doubt} {}", t("It can be saved like this.")));
    let barcode = Field {
        takes: Takes::Code,
        optional: true,
        warning: doubt.map(AttrValue::from),
        hint: t("Scan it into this field."),
        ..field("barcode", t("Barcode"), &form.barcode, |form, text| form.barcode = text)
    };
    let price = Field {
        keyboard: "decimal",
        ..field("price", t("Price"), &form.price, |form, text| form.price = text)
    };
    let currency = field("currency", t("Currency"), &form.currency, |form, text| form.currency = text);
    let unit = Field {
        suggestions: COMMON_UNITS.into_iter().map(AttrValue::from).collect(),
        ..field("unit", t("Unit"), &form.unit, |form, text| form.unit = text)
    };
    let family = Field {
        optional: true,
        hint: t("The same for products that are variants of each other."),
        ..field("family", t("Family"), &form.family, |form, text| form.family = text)
    };
    let variant = Field {
        optional: true,
        hint: t("What tells it from the others: 1 l, red."),
        ..field("variant", t("Variant"), &form.variant, |form, text| form.variant = text)
    };
    html! {
        <>
            { name.view() }{ sku.view() }{ barcode.view() }
            <div class="field-trio">{ price.view() }{ currency.view() }{ unit.view() }</div>
            <div class="field-pair">{ family.view() }{ variant.view() }</div>
        </>
    }
}
