//! The people to choose from, with a search where there are many.

use domain::Person;
use yew::prelude::*;

use crate::ui::field::Field;
use crate::words::language::t;

/// From this number of people on, there is a search.
const MIN_PEOPLE_FOR_SEARCH: usize = 12;

/// A person with a note below the name.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Choice {
    pub(super) person: Person,
    pub(super) note: String,
}

/// The people.
#[derive(Properties, PartialEq)]
pub(super) struct PersonListProps {
    /// By name.
    pub(super) people: Vec<Choice>,
    pub(super) on_choose: Callback<Person>,
}

/// A list of large buttons.
#[component]
pub(super) fn PersonList(props: &PersonListProps) -> Html {
    let text = use_state(String::new);
    let has_search = props.people.len() >= MIN_PEOPLE_FOR_SEARCH;
    let found: Vec<&Choice> = props.people.iter().filter(|choice| is_match(&choice.person, &text)).collect();
    let on_change = {
        let text = text.setter();
        Callback::from(move |typed| text.set(typed))
    };
    let search =
        Field { id: "person-search", label: t("Find a name"), value: &text, on_change, ..Field::default() };
    html! {
        <>
            if has_search {
                { search.view() }
            }
            if found.is_empty() {
                <p role="status" data-test="no-person">{ t("Nobody here has this name.") }</p>
            } else {
                <ul class="people" data-test="people">
                    { for found.into_iter().map(|choice| person_button(choice, &props.on_choose)) }
                </ul>
            }
        </>
    }
}

fn is_match(person: &Person, text: &str) -> bool {
    let (name, initials) = (person.name.to_lowercase(), person.initials.to_lowercase());
    text.to_lowercase().split_whitespace().all(|word| name.contains(word) || initials == word)
}

fn person_button(Choice { person, note }: &Choice, on_choose: &Callback<Person>) -> Html {
    let chosen = person.clone();
    let onclick = on_choose.reform(move |_: MouseEvent| chosen.clone());
    html! {
        <li key={person.id.to_string()}>
            <button class="person" type="button" {onclick} data-test="person" data-id={person.id.to_string()}>
                <b translate="no">{ &person.name }</b>
                <span class="muted">{ note }</span>
            </button>
        </li>
    }
}

#[cfg(test)]
mod tests {
    use domain::Role;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn people_are_found_by_parts_of_their_name_or_by_their_initials() {
        let ada = Person {
            id: Uuid::nil(),
            name: "Ada Lovelace".to_owned(),
            initials: "AL".to_owned(),
            badge: None,
            pin: None,
            language: String::new(),
            role: Role::Worker,
            active: true,
        };
        for text in ["", "ada", "love AD", "al", " "] {
            assert!(is_match(&ada, text), "{text}");
        }
        for text in ["bea", "ada b", "l a x"] {
            assert!(!is_match(&ada, text), "{text}");
        }
    }
}
