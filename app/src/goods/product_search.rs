//! Finds products by name, code or lot, for any operation: a combobox.

use std::rc::Rc;

use uuid::Uuid;
use yew::prelude::*;
use yew_router::AnyRoute;
use yew_router::prelude::*;

use super::search_results::{Hit, Listed, Results, entry_id};
use super::use_catalogue::use_catalogue;
use crate::book::lots_found::LotFound;
use crate::desk::scan_field::{Combobox, ScanField};
use crate::desk::use_desk::use_scans;

/// The product, and its lot if that was chosen. Whether the lot is for use is up to the page.
pub(crate) type Chosen = (Uuid, Option<Rc<LotFound>>);

/// The callback for the result.
#[derive(Properties, PartialEq)]
pub(crate) struct ProductSearchProps {
    /// Called with the product, and with its lot if that was chosen.
    pub(crate) on_found: Callback<Chosen>,
    /// The label of the field.
    pub(crate) label: &'static str,
    /// The field's test hook.
    pub(crate) test: &'static str,
    /// Whether the page is about everything: then deliveries and orders are searched as well, and Enter looks a text
    /// with a digit up as a code, which may be a bin's.
    #[prop_or_default]
    pub(crate) is_general: bool,
}

/// The entry after a key, of `total`; the outer `None` for a key that does not move.
fn entry_after(key: &str, active: Option<usize>, total: usize) -> Option<Option<usize>> {
    let last = total.checked_sub(1)?;
    Some(match (key, active) {
        ("ArrowDown", None) => Some(0),
        ("ArrowDown", Some(at)) => Some(last.min(at + 1)),
        // Before the first entry is the field itself.
        ("ArrowUp", None) => Some(last),
        ("ArrowUp", Some(at)) => at.checked_sub(1),
        _ => return None,
    })
}

/// What is typed and listed.
struct Searching {
    query: UseStateHandle<String>,
    /// The entry that Enter takes.
    active: UseStateHandle<Option<usize>>,
    listed: UseStateHandle<Listed>,
    on_change: Callback<String>,
    on_take: Callback<Hit>,
}

#[hook]
fn use_searching(on_found: &Callback<Chosen>) -> Searching {
    let navigator = use_navigator();
    let query = use_state(String::new);
    let active = use_state(Option::<usize>::default);
    let listed = use_state_eq(Listed::default);
    let on_change = {
        let (query, active, listed) = (query.setter(), active.setter(), listed.setter());
        Callback::from(move |text: String| {
            if text.trim().is_empty() {
                listed.set(Listed::default());
            }
            query.set(text);
            active.set(None);
        })
    };
    let on_take = {
        let (on_change, on_found) = (on_change.clone(), on_found.clone());
        Callback::from(move |hit: Hit| {
            on_change.emit(String::new());
            match (hit, &navigator) {
                (Hit::Product(id), _) => on_found.emit((id, None)),
                (Hit::Lot(lot), _) => on_found.emit((lot.product, Some(lot))),
                (Hit::Page(path), Some(navigator)) => navigator.push(&AnyRoute::new(path)),
                (Hit::Page(_), None) => {}
            }
        })
    };
    Searching { query, active, listed, on_change, on_take }
}

impl Searching {
    /// Takes the chosen entry, else `only`; returns whether there was one.
    fn on_enter(&self, only: Option<Hit>) -> Callback<String, bool> {
        let (on_take, on_change) = (self.on_take.clone(), self.on_change.clone());
        let chosen = self.active.and_then(|at| self.listed.hits.get(at).cloned());
        let taken = chosen.or(only);
        Callback::from(move |_: String| {
            match &taken {
                Some(hit) => on_take.emit(hit.clone()),
                None => on_change.emit(String::new()),
            }
            taken.is_some()
        })
    }

    fn on_key(&self, is_searching: bool) -> Callback<KeyboardEvent> {
        let (active, on_change) = (self.active.clone(), self.on_change.clone());
        let total = self.listed.hits.len();
        Callback::from(move |event: KeyboardEvent| {
            if event.key() == "Escape" && is_searching {
                event.stop_propagation();
                on_change.emit(String::new());
            } else if let Some(to) = entry_after(&event.key(), *active, total) {
                event.prevent_default();
                active.set(to);
            }
        })
    }
}

/// The search field with its results.
#[component]
pub(crate) fn ProductSearch(props: &ProductSearchProps) -> Html {
    let scans = use_scans();
    let searching = use_searching(&props.on_found);
    let query = (*searching.query).clone();
    let view = use_catalogue(&query);
    let is_searching = !query.trim().is_empty();
    let is_code = props.is_general && query.contains(|char: char| char.is_ascii_digit());
    // What is only similar has to be chosen: the text may be another thing's code.
    let is_only = is_searching && view.hits.len() == 1 && !view.is_similar && !is_code;
    let only = view.hits.first().copied().filter(|_| is_only).map(Hit::Product);
    let (list, active) = (AttrValue::from(format!("{}-list", props.test)), *searching.active);
    let combobox = Combobox {
        list: list.clone(),
        is_open: is_searching && !searching.listed.hits.is_empty(),
        active: active.map(|at| entry_id(&list, at).into()),
    };
    let search = ScanField {
        label: props.label,
        text: query.clone().into(),
        on_change: searching.on_change.clone(),
        on_enter: Some(searching.on_enter(only)),
        on_key: searching.on_key(is_searching),
        combobox: Some(combobox),
        scans: &scans,
        test: props.test,
    };
    let on_listed = {
        let listed = searching.listed.setter();
        Callback::from(move |now| listed.set(now))
    };
    let on_take = searching.on_take.clone();
    html! {
        <div class="order-search">
            { search.view() }
            // Rendered even while it is empty, else screen readers do not announce its text.
            <p class="visually-hidden" role="status">{ &searching.listed.said }</p>
            if is_searching {
                <Results {list} {query} {view} {active} has_papers={props.is_general} {on_listed} {on_take} />
            }
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrows_move_between_the_field_and_the_last_entry() {
        assert_eq!(entry_after("ArrowDown", None, 3), Some(Some(0)));
        assert_eq!(entry_after("ArrowDown", Some(2), 3), Some(Some(2)));
        assert_eq!(entry_after("ArrowUp", Some(1), 3), Some(Some(0)));
        assert_eq!(entry_after("ArrowUp", Some(0), 3), Some(None), "back in the field");
        assert_eq!(entry_after("ArrowUp", None, 3), Some(Some(2)));
        assert_eq!(entry_after("a", Some(1), 3), None);
        assert_eq!(entry_after("ArrowDown", None, 0), None);
    }
}
