//! Reports of unknown codes that are out of date when they arrive.

use domain::{Action, Row, unknown_code_key};
use sync::{Mutation, Rows};

use super::barcode::barcode_key;
use super::working_set::WorkingSet;

/// Leaves a report out of `rows`, which are those after it, if a product has the code by now, or if somebody
/// settled the code and the reporting device had not seen that.
pub(super) fn leave_out(set: &WorkingSet, mutation: &Mutation<Action>, rows: &mut Rows<Row>) {
    let Action::ReportCode(sighting) = &mutation.action else { return };
    let key = unknown_code_key(&sighting.code);
    let is_settled = set.row(&key).is_some_and(|stored| stored.deleted && stored.rev > mutation.base);
    let barcode = barcode_key(&sighting.code);
    let is_known = barcode.is_some_and(|barcode| set.product_with_barcode(&barcode, &[]).is_some());
    if is_settled || is_known {
        rows.remove(&key);
    }
}
