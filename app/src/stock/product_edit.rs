//! The form for a new or existing product.

use std::rc::Rc;

use domain::{Action, Product, ProductPatch};
use serde::{Deserialize, Serialize};
use sync::UnixMillis;
use uuid::Uuid;
use yew::prelude::*;
use yew_router::prelude::*;

use super::after_new::{Label, after_new};
use super::product_facts::barcode_doubt;
use super::product_form::ProductForm;
use crate::desk::draft::{DraftNotice, use_kept_draft, use_saved_draft};
use crate::desk::saving::{Entry, use_saving};
use crate::device::drafts;
use crate::route::{Route, use_query, use_then};
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
    /// The scan of unknown goods that a new product is for.
    #[prop_or_default]
    pub(crate) label: Label,
}

/// The form for a new product, prefilled by `?barcode=`. Another code begins another form.
#[component]
pub(crate) fn NewProductPage() -> Html {
    let label = Label {
        barcode: use_query("barcode").unwrap_or_default(),
        lot_code: use_query("code"),
        expires_on: use_query("expires"),
    };
    let key = label.barcode.clone();
    html! { <ProductFormPage {key} {label} /> }
}

/// The initial state of a form. Concurrent changes of others are resolved by the server, based on the
/// revision.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
struct Start {
    id: Uuid,
    known: Option<(Product, u64)>,
}

impl Start {
    fn form(&self, barcode: &str) -> ProductForm {
        match &self.known {
            Some((product, _)) => ProductForm::of(product),
            None => ProductForm::new(barcode.to_owned()),
        }
    }
}

/// A form that was left, with the state it began from: an edit that is taken up later is still based on the revision
/// that the person saw.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
struct ProductDraft {
    start: Start,
    form: ProductForm,
}

/// The entry to save for a form's product; `None` if it is unchanged.
fn entry(start: &Start, product: Product, then: String) -> Option<Entry> {
    let id = start.id;
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
    let (navigator, saving, then) = (use_navigator(), use_saving(), use_then());
    let Filling { address, start, form, taken_up, start_over } = use_filling(props, saving.is_busy);
    let faults = use_state(Faults::default);
    let (title, back) = match &start.known {
        Some((product, _)) => {
            (tf("Edit {name}", &[("name", &product.name)]), Route::Product { id: product.id })
        }
        None => (t("New product").to_owned(), Route::Stock),
    };
    let then = match &start.known {
        Some((product, _)) => Route::Product { id: product.id }.to_path(),
        None => after_new(then.as_deref(), start.id, &props.label),
    };
    let read = form.read(start.id).map(|product| entry(&start, product, then).map(Rc::new));
    let onsubmit = {
        let (faults, save, back) = (faults.clone(), saving.save.clone(), back.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            faults.set(read.as_ref().err().cloned().unwrap_or_default());
            match (&read, &navigator) {
                (Ok(Some(entry)), _) => save.emit(entry.clone()),
                (Ok(None), Some(navigator)) => {
                    drafts::forget(&address);
                    navigator.push(&back);
                }
                _ => {}
            }
        })
    };
    html! {
        <form class="page form" {onsubmit} novalidate={true} data-test="product-form">
            <PageHead {title} {back} />
            <DraftNotice at={taken_up} on_clear={start_over} />
            <div class="fields">{ fields(&form, &faults) }</div>
            <div class="actions">
                { save_failure(saving.failure) }
                { submit_button(t("Save product"), saving.is_busy, "save") }
            </div>
        </form>
    }
}

/// The form, and the draft that it began with.
struct Filling {
    address: Rc<String>,
    start: UseStateHandle<Start>,
    form: UseStateHandle<ProductForm>,
    /// The time of that draft.
    taken_up: Option<UnixMillis>,
    start_over: Callback<()>,
}

/// The form as it was left, or as it opens. It is kept as a draft until it is saved.
#[hook]
fn use_filling(props: &ProductFormPageProps, is_saving: bool) -> Filling {
    let book = use_book();
    let address = use_memo((), |()| match &props.known {
        Some((product, _)) => Route::EditProduct { id: product.id }.to_path(),
        None => format!("{}?barcode={}", Route::NewProduct.to_path(), props.label.barcode),
    });
    let opening = {
        let (known, book) = (props.known.clone(), book.clone());
        move || Start {
            id: known.as_ref().map_or_else(|| book.new_id(), |(product, _)| product.id),
            known: known.clone(),
        }
    };
    let found = use_state(|| drafts::find::<ProductDraft>(&address, browser::now()));
    let start = use_state(|| found.as_ref().map_or_else(&opening, |(_, draft)| draft.start.clone()));
    let barcode = props.label.barcode.clone();
    let form =
        use_state(|| found.as_ref().map_or_else(|| start.form(&barcode), |(_, draft)| draft.form.clone()));
    let first = start.form(&barcode);
    let start_over = {
        let (start, form, found) = (start.setter(), form.setter(), found.setter());
        Callback::from(move |()| {
            let afresh = opening();
            form.set(afresh.form(&barcode));
            start.set(afresh);
            found.set(None);
        })
    };
    let taken_up = found.as_ref().map(|(at, _)| *at);
    let id = start.id;
    let is_it = move |action: &Action| match action {
        Action::CreateProduct(product) => product.id == id,
        Action::UpdateProduct { id: changed, .. } => *changed == id,
        _ => false,
    };
    use_saved_draft(taken_up, is_it, start_over.clone());
    let draft = (!is_saving && *form != first)
        .then(|| ProductDraft { start: (*start).clone(), form: (*form).clone() });
    use_kept_draft(&address, (*form).clone(), draft);
    Filling { address, start, form, taken_up, start_over }
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
        hint: t("Your item number. Must be unique."),
        ..field("sku", t("SKU"), &form.sku, |form, text| form.sku = text)
    };
    let doubt = barcode_doubt(&form.barcode).map(|doubt| format!("{doubt} {}", t("You can save it anyway.")));
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
        hint: t("Same for all variants of a product."),
        ..field("family", t("Family"), &form.family, |form, text| form.family = text)
    };
    let variant = Field {
        optional: true,
        hint: t("E.g. 1 l, Red"),
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
