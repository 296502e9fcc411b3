//! The form for a product, new or known.

use std::rc::Rc;

use domain::{Action, Product, ProductPatch};
use uuid::Uuid;
use yew::prelude::*;
use yew_router::prelude::*;

use super::product::unknown_product;
use super::product_facts::barcode_doubt;
use super::product_form::ProductForm;
use crate::components::faults::Faults;
use crate::components::field::Field;
use crate::components::page_head::PageHead;
use crate::components::placeholder::{ReadFailure, skeleton};
use crate::components::save_failure::save_failure;
use crate::components::saving::{Entry, use_saving};
use crate::hooks::{Loaded, use_book, use_product};
use crate::route::{Route, use_query};

/// Units people mostly stock in.
const COMMON_UNITS: [&str; 8] = ["each", "box", "case", "pallet", "kg", "g", "l", "m"];

/// The form for a new product.
#[component]
pub(crate) fn NewProductPage() -> Html {
    let barcode = use_query("barcode").unwrap_or_default();
    let book = use_book();
    let id = use_memo((), |()| book.new_id());
    let start = ProductForm::new(barcode);
    html! { <ProductFormView id={*id} {start} title="New product" back={Route::Stock} /> }
}

/// Which product.
#[derive(Properties, PartialEq)]
pub(crate) struct EditProductPageProps {
    pub(crate) id: Uuid,
}

/// The form for a product that is there.
#[component]
pub(crate) fn EditProductPage(props: &EditProductPageProps) -> Html {
    let back = Route::Product { id: props.id };
    let product = use_product(props.id);
    // The form starts with what is known when it opens; what others change meanwhile is the server's to judge by `base`.
    let opened = use_state(|| None::<(Product, u64)>);
    let current = match &product {
        Loaded::Ready(view) => view.as_ref().as_ref().map(|view| (view.product.clone(), view.rev)),
        Loaded::Loading | Loaded::Failed(_) => None,
    };
    use_effect_with(current.is_some(), {
        let (opened, current) = (opened.clone(), current.clone());
        move |_| {
            if opened.is_none() {
                opened.set(current);
            }
        }
    });
    match (&*opened, product) {
        (Some((product, base)), _) => html! {
            <ProductFormView id={props.id} start={ProductForm::of(product)} known={product.clone()} base={*base}
                title={format!("Edit {}", product.name)} {back} />
        },
        (None, Loaded::Failed(message)) => html! { <div class="page"><ReadFailure {message} /></div> },
        (None, Loaded::Ready(view)) if view.is_none() => unknown_product(),
        (None, Loaded::Ready(_) | Loaded::Loading) => html! { <div class="page">{ skeleton() }</div> },
    }
}

#[derive(Properties, PartialEq)]
struct ProductFormViewProps {
    id: Uuid,
    start: ProductForm,
    title: AttrValue,
    back: Route,
    /// As the form found it; none for a new product.
    #[prop_or_default]
    known: Option<Product>,
    #[prop_or_default]
    base: u64,
}

/// What a form's product is to be saved as; none if nothing was changed.
fn entry(props: &ProductFormViewProps, product: Product) -> Option<Entry> {
    let id = props.id;
    let then = Route::Product { id };
    match &props.known {
        None => {
            let said = format!("New product {}", product.name);
            Some(Entry { action: Action::CreateProduct(product), base: 0, said, then })
        }
        Some(known) => {
            let patch = ProductPatch::between(known, &product);
            let said = format!("Changed {} of {}", patch.fields().join(", "), product.name);
            (!patch.is_empty()).then_some(Entry {
                action: Action::UpdateProduct { id, patch },
                base: props.base,
                said,
                then,
            })
        }
    }
}

#[component]
fn ProductFormView(props: &ProductFormViewProps) -> Html {
    let form = use_state(|| props.start.clone());
    let faults = use_state(Faults::default);
    let saving = use_saving();
    let navigator = use_navigator();
    let id = props.id;
    let read = form.read(id).map(|product| entry(props, product).map(Rc::new));
    let onsubmit = {
        let (faults, save, back) = (faults.clone(), saving.save.clone(), props.back.clone());
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
            <PageHead title={props.title.clone()} back={props.back.clone()} />
            <div class="fields">{ fields(&form, &faults) }</div>
            <div class="actions">
                { save_failure(saving.failure) }
                <button class="button primary" type="submit" disabled={saving.is_busy} data-test="save">
                    { "Save product" }
                </button>
            </div>
        </form>
    }
}

/// A callback that puts what is typed into one of the form's fields.
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
    let name = field("name", "Name", &form.name, |form, text| form.name = text);
    let sku = Field {
        takes_scan: true,
        hint: "The number of your own for it; no other product of the site has it.",
        ..field("sku", "SKU", &form.sku, |form, text| form.sku = text)
    };
    let doubt = barcode_doubt(&form.barcode).map(|doubt| format!("{doubt} It can be saved like this."));
    let barcode = Field {
        takes_scan: true,
        optional: true,
        warning: doubt.map(AttrValue::from),
        hint: "Scan it into this field.",
        ..field("barcode", "Barcode", &form.barcode, |form, text| form.barcode = text)
    };
    let price =
        Field { keyboard: "decimal", ..field("price", "Price", &form.price, |form, text| form.price = text) };
    let currency = field("currency", "Currency", &form.currency, |form, text| form.currency = text);
    let unit = Field {
        suggestions: COMMON_UNITS.into_iter().map(AttrValue::from).collect(),
        ..field("unit", "Unit", &form.unit, |form, text| form.unit = text)
    };
    let family = Field {
        optional: true,
        hint: "The same for products that are variants of each other.",
        ..field("family", "Family", &form.family, |form, text| form.family = text)
    };
    let variant = Field {
        optional: true,
        hint: "What tells it from the others: 1 l, red.",
        ..field("variant", "Variant", &form.variant, |form, text| form.variant = text)
    };
    html! {
        <>
            { name.view() }{ sku.view() }{ barcode.view() }
            <div class="field-trio">{ price.view() }{ currency.view() }{ unit.view() }</div>
            <div class="field-pair">{ family.view() }{ variant.view() }</div>
        </>
    }
}
