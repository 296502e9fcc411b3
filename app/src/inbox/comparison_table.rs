//! The values of an edit beside the current ones.

use yew::prelude::*;

use super::comparison::Compared;
use crate::words::language::t;

/// A table of `fields`; `mine` heads the column of the edit's values.
pub(super) fn comparison_table(mine: Html, fields: &[Compared]) -> Html {
    let row = |field: &Compared| {
        html! {
            <tr>
                <th scope="row">{ &field.field }</th>
                <td data-test="mine" translate="no">{ &field.mine }</td>
                <td data-test="theirs" translate="no">{ field.theirs.as_deref().unwrap_or(t("gone")) }</td>
            </tr>
        }
    };
    html! {
        <table class="comparison" data-test="comparison">
            <thead>
                <tr><td /><th scope="col">{ mine }</th><th scope="col">{ t("Current value") }</th></tr>
            </thead>
            <tbody>{ for fields.iter().map(row) }</tbody>
        </table>
    }
}
