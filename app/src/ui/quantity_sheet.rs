//! A sheet to change the quantity of one line of a list.

use domain::{Quantity, unit_decimals};
use yew::prelude::*;

use super::button::submit_button;
use super::quantity_field::{QuantityField, read_quantity};
use super::sheet::Sheet;
use crate::words::format;
use crate::words::language::t;

/// The name of the goods and their current quantity.
#[derive(Properties, PartialEq)]
pub(crate) struct QuantitySheetProps {
    pub(crate) name: AttrValue,
    pub(crate) unit: AttrValue,
    pub(crate) quantity: Quantity,
    pub(crate) on_close: Callback<()>,
    /// Called with the new quantity, which may be zero, before the sheet closes.
    pub(crate) on_done: Callback<Quantity>,
}

/// The sheet.
#[component]
pub(crate) fn QuantitySheet(props: &QuantitySheetProps) -> Html {
    let QuantitySheetProps { name, unit, on_close, .. } = props;
    let text = use_state(|| format::typed(props.quantity));
    let fault = use_state(|| None::<AttrValue>);
    let on_change = {
        let (text, fault) = (text.clone(), fault.setter());
        Callback::from(move |typed| {
            fault.set(None);
            text.set(typed);
        })
    };
    let onsubmit = {
        let (text, fault, decimals) = (text.clone(), fault.setter(), unit_decimals(unit));
        let (on_close, on_done) = (on_close.clone(), props.on_done.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            match read_quantity(&text, decimals) {
                Ok(quantity) if quantity >= Quantity::ZERO => {
                    on_done.emit(quantity);
                    on_close.emit(());
                }
                Ok(_) => fault.set(Some(t("A quantity cannot be negative. Correct it.").into())),
                Err(sentence) => fault.set(Some(sentence.into())),
            }
        })
    };
    html! {
        <Sheet title={name} is_name={true} {on_close} test="quantity-sheet">
            <form {onsubmit} novalidate={true}>
                <QuantityField label={t("Quantity")} {unit} text={(*text).clone()} {on_change} fault={(*fault).clone()} />
                { submit_button(t("Done"), false, "quantity-done") }
            </form>
        </Sheet>
    }
}
