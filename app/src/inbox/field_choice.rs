//! The choice of a value for each field that two people changed.

use uuid::Uuid;
use yew::prelude::*;

use super::comparison::Compared;
use crate::ui::button::resting_button;
use crate::words::language::t;

/// The fields, and what becomes of the choice.
#[derive(Properties, PartialEq)]
pub(crate) struct FieldChoiceProps {
    /// The edit: the page may show several.
    pub(crate) id: Uuid,
    pub(crate) fields: Vec<Compared>,
    pub(crate) is_busy: bool,
    /// Called with the fields whose current value stays.
    pub(crate) on_choose: Callback<Vec<&'static str>>,
}

/// A group of two radio buttons for each field, at first on this device's values.
#[component]
pub(crate) fn FieldChoice(props: &FieldChoiceProps) -> Html {
    let theirs = use_state(Vec::<&'static str>::new);
    let group = |field: &Compared| {
        let key = field.key;
        let name = format!("{key} {}", props.id);
        let pick = |is_theirs: bool| {
            let theirs = theirs.clone();
            Callback::from(move |_: Event| {
                let mut chosen = (*theirs).clone();
                chosen.retain(|other| *other != key);
                chosen.extend(is_theirs.then_some(key));
                theirs.set(chosen);
            })
        };
        let is_theirs = theirs.contains(&key);
        let current = field.theirs.clone().unwrap_or_else(|| t("gone").to_owned());
        html! {
            <fieldset class="field-choice" data-test="field-choice" data-field={key}>
                <legend>{ &field.field }</legend>
                { side((name.as_str(), t("You"), "mine"), field.mine.clone(), !is_theirs, pick(false)) }
                { side((name.as_str(), t("Current value"), "theirs"), current, is_theirs, pick(true)) }
            </fieldset>
        }
    };
    let onclick = {
        let (on_choose, theirs) = (props.on_choose.clone(), theirs.clone());
        Callback::from(move |_: MouseEvent| on_choose.emit((*theirs).clone()))
    };
    html! {
        <div class="field-choices">
            { for props.fields.iter().map(group) }
            { resting_button(props.is_busy, "button", t("Save this choice").into(), onclick, "keep-chosen") }
        </div>
    }
}

/// One of the two values of a field, as a whole a radio button.
fn side(
    (name, whose, test): (&str, &'static str, &'static str),
    value: String,
    is_chosen: bool,
    onchange: Callback<Event>,
) -> Html {
    html! {
        <label class={classes!("choice", "field-side", is_chosen.then_some("is-chosen"))}>
            <input class="visually-hidden" type="radio" name={name.to_owned()} checked={is_chosen} {onchange}
                data-test={format!("choose-{test}")} />
            <span class="muted">{ whose }</span>
            <span data-test={test} translate="no">{ value }</span>
        </label>
    }
}
