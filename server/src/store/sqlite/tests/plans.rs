//! Tests of the plans of queries: what a long history or a large site must not make slow.

use std::iter::repeat_n;

use rusqlite::types::Null;
use rusqlite::{Connection, params_from_iter};

use super::super::schema::open_writer;
use super::super::session::DIALECT;
use crate::store::sql::{history, unavailable};

fn plan(connection: &Connection, sql: &str) -> Vec<String> {
    let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).expect(sql);
    let nulls = repeat_n(Null, statement.parameter_count());
    let steps = statement.query_map(params_from_iter(nulls), |row| row.get(3)).expect(sql);
    steps.collect::<Result<_, _>>().expect(sql)
}

#[test]
fn the_index_finds_a_page_of_a_history_and_only_its_entries_are_read() {
    let dir = tempfile::TempDir::new().expect("a folder");
    let connection = open_writer(&dir.path().join("lotbook.db")).expect("a database");
    let of_product = history::newest_sql(&DIALECT);
    for newest in [&of_product, &history::newest_of_lot_sql(&DIALECT)] {
        let plan = plan(&connection, newest);
        assert!(plan[0].contains("SEARCH stock_ledger USING COVERING INDEX ledger_by_product"), "{plan:?}");
        assert!(plan[0].contains("rev<?") && plan.len() == 1, "nothing is sorted: {plan:?}");
    }
    for (notes, index) in [
        (history::resolved_sql(&DIALECT), "resolutions_by_product"),
        (history::short_sql(&DIALECT), "shortages_by_product"),
        (history::edited_sql(&DIALECT), "edits_by_product"),
    ] {
        let plan = plan(&connection, &notes);
        assert!(plan[0].contains(index) && plan[0].contains("rev<?"), "{plan:?}");
        assert!(plan.iter().all(|step| step.contains("SEARCH")), "{plan:?}");
    }
    let plan = plan(&connection, &history::page_sql(&of_product, &DIALECT));
    let is_looked_up = |of: &str| plan.iter().any(|step| step.contains(of));
    assert!(is_looked_up("SEARCH entry USING PRIMARY KEY (site=? AND rev=? AND line=?)"), "{plan:?}");
    assert!(is_looked_up("SEARCH clients") && is_looked_up("SEARCH devices"), "{plan:?}");
}

#[test]
fn only_the_unavailable_lots_of_a_part_are_read() {
    let dir = tempfile::TempDir::new().expect("a folder");
    let connection = open_writer(&dir.path().join("lotbook.db")).expect("a database");
    let part = plan(&connection, &unavailable::lots_sql(&DIALECT));
    assert!(
        part[0].contains("lots_by_status (site=? AND status=? AND (product_id,lot_id)>(?,?))"),
        "{part:?}"
    );
    assert_eq!(part.len(), 1, "nothing is sorted: {part:?}");
    let values = plan(&connection, &unavailable::values_sql(&DIALECT));
    assert!(values.iter().all(|step| step.contains("SEARCH")), "{values:?}");
}
