//! The part of a conflicting edit that is sent again.

use client::RetryBase;
use domain::{Action, contested_fields};

/// What is left of an edit if the current values of the fields `theirs` stay; `None` for nothing. Fields that
/// nobody contested are always left.
pub(crate) fn rest_of(action: &Action, code: &str, theirs: &[&str]) -> Option<(Action, RetryBase)> {
    let contested = contested_fields(code);
    // The row is gone, or the edit is a deletion.
    if contested.is_empty() {
        return None;
    }
    let rest = action.without_fields(theirs)?;
    let wins = contested.iter().any(|field| !theirs.contains(&field.as_str()));
    // With nothing to win over, what others changed meanwhile conflicts again.
    Some((rest, if wins { RetryBase::Shown } else { RetryBase::Unchanged }))
}

/// Like [`rest_of`], with the current value of every contested field.
pub(crate) fn rest_without_contested(action: &Action, code: &str) -> Option<(Action, RetryBase)> {
    let contested = contested_fields(code);
    let theirs: Vec<&str> = contested.iter().map(String::as_str).collect();
    rest_of(action, code, &theirs)
}

#[cfg(test)]
mod tests {
    use domain::ProductPatch;
    use uuid::Uuid;

    use super::*;

    fn edit(name: Option<&str>, unit: Option<&str>, price_minor: Option<i64>) -> Action {
        let patch = ProductPatch {
            name: name.map(str::to_owned),
            unit: unit.map(str::to_owned),
            price_minor,
            ..ProductPatch::default()
        };
        Action::UpdateProduct { id: Uuid::nil(), patch }
    }

    const CODE: &str = "unit+price_changed";

    #[test]
    fn keeping_theirs_never_loses_a_field_that_nobody_contested() {
        let mine = edit(Some("Brown rice"), Some("box"), Some(240));
        let rest = edit(Some("Brown rice"), None, None);
        assert_eq!(rest_without_contested(&mine, CODE), Some((rest, RetryBase::Unchanged)));
        assert_eq!(rest_without_contested(&edit(None, Some("box"), Some(240)), CODE), None);
    }

    #[test]
    fn each_contested_field_is_chosen_by_itself() {
        let mine = edit(Some("Brown rice"), Some("box"), Some(240));
        let price = edit(Some("Brown rice"), None, Some(240));
        assert_eq!(rest_of(&mine, CODE, &["unit"]), Some((price, RetryBase::Shown)));
        assert_eq!(rest_of(&mine, CODE, &[]), Some((mine, RetryBase::Shown)));
    }

    #[test]
    fn nothing_is_left_of_an_edit_of_a_deleted_row_or_of_a_deletion() {
        let mine = edit(Some("Brown rice"), None, Some(240));
        assert_eq!(rest_without_contested(&mine, "deleted"), None);
        assert_eq!(rest_without_contested(&Action::DeleteProduct { id: Uuid::nil() }, "changed"), None);
    }
}
