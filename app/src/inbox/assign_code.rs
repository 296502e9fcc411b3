//! A sheet to assign a code to a product as its barcode: search, select, confirm.

use uuid::Uuid;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::spawn_local;
use web_sys::HtmlElement;
use yew::prelude::*;

use crate::book::views::ProductView;
use crate::desk::record_faults::not_recorded;
use crate::goods::product_list::name_and_variant;
use crate::goods::search_results::products;
use crate::goods::use_catalogue::use_catalogue;
use crate::ui::button::{button, resting_button};
use crate::ui::field::Field;
use crate::ui::icon::{Glyph, icon};
use crate::ui::row_text::data_text;
use crate::ui::sheet::Sheet;
use crate::ui::toasts::{Toast, use_toasts};
use crate::ui::use_element::use_element;
use crate::ui::use_loaded::{Loaded, use_loaded};
use crate::use_book::use_book;
use crate::use_today::use_today;
use crate::words::faults_in_words::store_fault;
use crate::words::language::{t, tf};

/// Maximum number of products shown.
const MAX_MATCHES: usize = 8;

/// The code to assign.
#[derive(Properties, PartialEq)]
pub(crate) struct AssignCodeProps {
    pub(crate) code: AttrValue,
    pub(crate) on_close: Callback<()>,
}

/// The sheet.
#[component]
pub(crate) fn AssignCode(props: &AssignCodeProps) -> Html {
    let query = use_state(String::new);
    let chosen = use_state(Option::<Uuid>::default);
    let choose = {
        let chosen = chosen.setter();
        Callback::from(move |id| chosen.set(id))
    };
    let on_change = {
        let query = query.setter();
        Callback::from(move |text| query.set(text))
    };
    html! {
        <Sheet title={t("Which product is it?")} on_close={props.on_close.clone()} test="assign-sheet">
            if let Some(id) = *chosen {
                <Confirmation {id} code={props.code.clone()} on_done={props.on_close.clone()} on_back={choose.reform(|()| None)} />
            } else {
                <Search code={props.code.clone()} query={(*query).clone()} {on_change} on_choose={choose.reform(Some)} />
            }
        </Sheet>
    }
}

#[derive(Properties, PartialEq)]
struct SearchProps {
    code: AttrValue,
    query: String,
    on_change: Callback<String>,
    on_choose: Callback<Uuid>,
}

#[component]
fn Search(props: &SearchProps) -> Html {
    let book = use_book();
    let found = use_catalogue(&props.query);
    let field = Field {
        id: "assign-search",
        label: t("Name or SKU"),
        value: &props.query,
        on_change: props.on_change.clone(),
        ..Field::default()
    };
    // The dialog would focus its close button.
    let search = use_node_ref();
    use_element(&search, true, |search| {
        if let Ok(Some(field)) = search.query_selector("input") {
            // Without focus, the person taps the field.
            let _ = field.unchecked_into::<HtmlElement>().focus();
        }
    });
    let is_asked = !props.query.trim().is_empty();
    let matches = found.hits.iter().take(if is_asked { MAX_MATCHES } else { 0 });
    let row = |id: &Uuid| {
        let (id, label) = (*id, book.label(*id)?);
        let onclick = props.on_choose.reform(move |_: MouseEvent| id);
        Some(html! {
            <li key={id.to_string()}>
                <button class="way" type="button" {onclick} data-test="assign-match">
                    { icon(Glyph::Box) }
                    { data_text(name_and_variant(&label.name, &label.variant), label.sku, None) }
                </button>
            </li>
        })
    };
    html! {
        <>
            <p>{ tf("The product you choose gets the barcode {code}.", &[("code", &props.code)]) }</p>
            <div ref={search}>{ field.view() }</div>
            <div role="status">
                if let Some(fault) = &found.fault {
                    <p class="muted">{ fault.clone() }</p>
                } else if is_asked && found.hits.is_empty() {
                    <p class="muted">{ t("No product matches.") }</p>
                } else if is_asked {
                    <p class="visually-hidden">{ products(found.hits.len()) }</p>
                }
            </div>
            <ul class="ways-out">{ for matches.filter_map(row) }</ul>
        </>
    }
}

#[derive(Properties, PartialEq)]
struct ConfirmationProps {
    id: Uuid,
    code: AttrValue,
    on_done: Callback<()>,
    on_back: Callback<()>,
}

#[component]
fn Confirmation(props: &ConfirmationProps) -> Html {
    let (book, toasts, today) = (use_book(), use_toasts(), use_today());
    let is_busy = use_state(bool::default);
    let fault = use_state(Option::<String>::default);
    let product = {
        let book = book.clone();
        use_loaded(props.id, today, move |id| async move {
            book.product(id, today).await.map_err(|error| store_fault(&error))
        })
    };
    let assign = {
        let (id, code, on_done) = (props.id, props.code.clone(), props.on_done.clone());
        let (is_busy, fault) = (is_busy.setter(), fault.setter());
        Callback::from(move |_: MouseEvent| {
            let (book, toasts, code) = (book.clone(), toasts.clone(), code.clone());
            let (is_busy, fault, on_done) = (is_busy.clone(), fault.clone(), on_done.clone());
            is_busy.set(true);
            spawn_local(async move {
                match book.assign_code(&code, id).await {
                    Ok(()) => {
                        toasts.show(Toast::saved(tf("The barcode is now {code}.", &[("code", &code)])));
                        on_done.emit(());
                    }
                    Err(error) => {
                        fault.set(Some(not_recorded(&error, None)));
                        is_busy.set(false);
                    }
                }
            });
        })
    };
    let is_known = matches!(&product, Loaded::Ready(view) if view.is_some());
    html! {
        <>
            <p data-test="assign-words">{ consequence(&product, &props.code) }</p>
            <div role="alert">
                if let Some(fault) = &*fault {
                    <p class="fault">{ fault.clone() }</p>
                }
            </div>
            <div class="sheet-actions">
                { button("button", t("Choose another").into(), props.on_back.reform(|_: MouseEvent| ()), "assign-back") }
                { resting_button(*is_busy || !is_known, "button strong", t("Assign").into(), assign, "assign-confirm") }
            </div>
        </>
    }
}

/// The consequence of assigning it.
fn consequence(product: &Loaded<Option<ProductView>>, code: &str) -> String {
    match product {
        Loaded::Loading => String::new(),
        Loaded::Failed(message) => message.clone(),
        Loaded::Ready(view) => match view.as_ref() {
            None => t("This product no longer exists.").to_owned(),
            Some(view) if view.product.barcode.is_empty() => tf(
                "{name} has no barcode yet. It gets {code}.",
                &[("name", &view.product.name), ("code", &code)],
            ),
            Some(view) => tf(
                "{name} has the barcode {old}. It is replaced by {code}, and {old} is no longer found.",
                &[("name", &view.product.name), ("old", &view.product.barcode), ("code", &code)],
            ),
        },
    }
}
