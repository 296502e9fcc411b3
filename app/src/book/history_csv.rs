//! A product's history as a table for spreadsheets: movements of stock and edits of fields.

use domain::{HistoryEdit, HistoryEntry, ProductPatch};
use sync::{UnixMillis, sort_by};

use super::export::{plain_money, table};
use crate::words::edit_words::field_text;
use crate::words::format;

const HEAD: [&str; 13] = [
    "booked_at",
    "recorded_at",
    "who",
    "device",
    "movement",
    "lot_code",
    "location",
    "change",
    "note",
    "rev",
    "field",
    "before",
    "after",
];
/// In the column of movements.
const EDIT: &str = "edit";

type Cells = [String; HEAD.len()];

/// Movements and edits, newest first; an edit has a row for each changed field.
pub(crate) fn history_csv(
    entries: &[HistoryEntry],
    edits: &[HistoryEdit],
    offset_minutes: fn(UnixMillis) -> i32,
) -> String {
    let moment = |at: UnixMillis| format::moment(at, offset_minutes(at));
    let moved = entries.iter().map(|entry| (entry.rev, moved_cells(entry, moment)));
    let edited = edits.iter().flat_map(|edit| {
        let rows = edit_cells(edit, moment);
        rows.into_iter().map(|cells| (edit.rev, cells))
    });
    let mut rows: Vec<(u64, Cells)> = moved.chain(edited).collect();
    sort_by(&mut rows, |(a, _), (b, _)| b.cmp(a));
    table(HEAD, rows.into_iter().map(|(_, cells)| cells))
}

fn moved_cells(entry: &HistoryEntry, moment: impl Fn(UnixMillis) -> String) -> Cells {
    [
        moment(entry.booked_at),
        moment(entry.captured_at),
        entry.author.clone(),
        entry.device.clone(),
        entry.movement.code().to_owned(),
        entry.lot_code.clone(),
        entry.location.clone(),
        entry.delta.for_files(),
        entry.note.clone(),
        entry.rev.to_string(),
        String::new(),
        String::new(),
        String::new(),
    ]
}

fn edit_cells(edit: &HistoryEdit, moment: impl Fn(UnixMillis) -> String) -> Vec<Cells> {
    let (before, after) = (&edit.edit.before, &edit.edit.after);
    let values = after.fields().into_iter().map(|field| (field, value(before, field), value(after, field)));
    // A new price comes with its currency, changed or not.
    let changed = values.filter(|(_, before, after)| before != after);
    let cells = changed.map(|(field, before, after)| {
        [
            moment(edit.booked_at),
            moment(edit.captured_at),
            edit.author.clone(),
            edit.device.clone(),
            EDIT.to_owned(),
            String::new(),
            String::new(),
            String::new(),
            String::new(),
            edit.rev.to_string(),
            field.to_owned(),
            before,
            after,
        ]
    });
    cells.collect()
}

fn value(patch: &ProductPatch, field: &str) -> String {
    field_text(patch, field, plain_money).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use domain::{Movement, ProductEdit, Quantity};

    use super::*;

    fn lines(entries: &[HistoryEntry], edits: &[HistoryEdit]) -> Vec<String> {
        let text = history_csv(entries, edits, |_| 60);
        text.trim_start_matches('\u{feff}').lines().map(str::to_owned).collect()
    }

    fn entry() -> HistoryEntry {
        HistoryEntry {
            rev: 7,
            movement: Movement::Pick,
            delta: Quantity(-2_500),
            lot_code: "L1".into(),
            location: "A-1".into(),
            note: "damaged, \"wet\"".into(),
            author: "D01".into(),
            approved_by: String::new(),
            device: String::new(),
            captured_at: UnixMillis(0),
            booked_at: UnixMillis(60_000),
        }
    }

    #[test]
    fn a_table_has_a_header_and_machine_readable_numbers() {
        let lines = lines(&[entry()], &[]);
        assert_eq!(lines[0], HEAD.join(","));
        assert_eq!(
            lines[1],
            "1970-01-01 01:01,1970-01-01 01:00,D01,,pick,L1,A-1,-2.5,\"damaged, \"\"wet\"\"\",7,,,"
        );
        assert_eq!(lines.len(), 2);
    }

    #[test]
    fn an_edit_has_a_row_for_each_changed_field() {
        let patch = |minor, name: &str| ProductPatch {
            price_minor: Some(minor),
            currency: Some("EUR".to_owned()),
            name: Some(name.to_owned()),
            ..ProductPatch::default()
        };
        let edit = HistoryEdit {
            rev: 9,
            edit: ProductEdit { before: patch(1_690, "Oats"), after: patch(1_750, "Rolled oats") },
            author: "D02".into(),
            approved_by: String::new(),
            device: "Office".into(),
            captured_at: UnixMillis(0),
            booked_at: UnixMillis(0),
        };
        let lines = lines(&[entry()], &[edit]);
        let begins = "1970-01-01 01:00,1970-01-01 01:00,D02,Office,edit,,,,,9";
        let mut edited: Vec<&str> = lines[1..3].iter().map(String::as_str).collect();
        edited.sort_unstable();
        let expected = ["name,Oats,Rolled oats", "price,16.90,17.50"].map(|end| format!("{begins},{end}"));
        assert_eq!(edited, expected);
        assert!(lines[3].contains(",pick,"), "the newest first: {lines:?}");
    }
}
