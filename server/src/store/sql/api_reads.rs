//! Rows and bookings for other systems, in parts that go on where the one before ended.

use std::collections::{BTreeSet, HashMap};

use domain::{LotRef, Movement as MovementKind, OrderLine, Quantity, Row, key_text};
use sync::{UnixMillis, Versioned};
use uuid::Uuid;

use super::super::{ListQuery, ListTable, Movement, Page, PlacedOrder, Position, Since, StoreFault};
use super::convert::{from_i64, unreadable};
use super::people::{self, ShownAuthor};
use super::pull::{Change, columns, read};
use super::session::{Columns, Keyed, Session, params};
use super::shape::{DELIVERY, LOT, PRODUCT};
use super::sites;

const MOVEMENTS: &str = "SELECT rev, line, product_id, lot_code, location, delta, movement, note, mutation_id, author, \
     captured_at, booked_at FROM stock_ledger WHERE site = ?1 AND (rev, line) > (?2, ?3) ORDER BY rev, line LIMIT ?4";
const ORDERS: &str = "SELECT order_id, number, currency, total_minor, rev, author, captured_at, booked_at FROM orders \
     WHERE site = ?1 AND to_site = '' AND rev > ?2 ORDER BY rev, order_id LIMIT ?3";
const LINES: Keyed<'_> = Keyed {
    select: "SELECT order_id, line, product_id, lot_code, location, quantity, unit_price_minor FROM order_lines \
             WHERE site = ?1",
    key: &["order_id"],
    tail: "",
};

/// A limit of a query that tells whether there are more rows.
fn one_more(max_rows: usize) -> i64 {
    i64::try_from(max_rows).unwrap_or(i64::MAX).saturating_add(1)
}

pub(super) fn list(
    session: &dyn Session,
    site: &str,
    query: &ListQuery,
) -> Result<Page<Versioned<Row>>, StoreFault> {
    sites::check_open(session, site)?;
    let shape = match query.table {
        ListTable::Products => &PRODUCT,
        ListTable::Lots => &LOT,
        ListTable::Deliveries => &DELIVERY,
    };
    let mut params = params![site, one_more(query.max_rows)].to_vec();
    let mut condition = shape.compared(">", &query.after, &mut params)?;
    if query.is_open {
        condition.push_str(" AND is_open");
    }
    if let Some(sku) = &query.sku {
        let Some(product) = with_sku(session, site, sku)? else {
            return Ok(Page { rows: Vec::new(), skus: HashMap::new(), more: false });
        };
        params.push(product.into());
        condition.push_str(&format!(" AND product_id = ?{}", params.len()));
    }
    let sql = format!(
        "SELECT {} FROM {} WHERE site = ?1 AND deleted_at IS NULL AND {condition} ORDER BY {} LIMIT ?2",
        columns(shape),
        shape.table,
        shape.key.join(", ")
    );
    let mut found = Vec::new();
    read(session, shape, &sql, &params, &mut found)?;
    let more = found.len() > query.max_rows;
    found.truncate(query.max_rows);
    let rows: Vec<_> = found.into_iter().map(|Change { rev, row, .. }| Versioned { rev, row }).collect();
    let named = rows.iter().flat_map(|held| products_of(&held.row));
    let skus = skus_of(session, site, named)?;
    Ok(Page { rows, skus, more })
}

/// The products that a row names besides its own key.
fn products_of(row: &Row) -> Vec<Uuid> {
    match row {
        Row::Lot(lot) => vec![lot.lot.product_id],
        Row::Delivery(delivery) => delivery.lines.iter().map(|line| line.product_id).collect(),
        Row::Product(_)
        | Row::Exception(_)
        | Row::UnknownCode(_)
        | Row::Conflict(_)
        | Row::Person(_)
        | Row::Setting(_) => Vec::new(),
    }
}

/// The product with a SKU: the one of exactly this spelling, else the one of this key.
fn with_sku(session: &dyn Session, site: &str, sku: &str) -> Result<Option<Uuid>, StoreFault> {
    let sql = "SELECT product_id FROM products WHERE site = ?1 AND sku_key = ?2 AND deleted_at IS NULL \
               ORDER BY sku <> ?3, sku_twin LIMIT 1";
    session.first(sql, &params![site, key_text(sku).into_owned(), sku.trim()], |row| row.id(0))
}

/// The SKUs of products, deleted ones included as long as they have a row.
fn skus_of(
    session: &dyn Session,
    site: &str,
    products: impl Iterator<Item = Uuid>,
) -> Result<HashMap<Uuid, String>, StoreFault> {
    let distinct: BTreeSet<Uuid> = products.collect();
    let keys: Vec<_> = distinct.into_iter().map(|product| params![product].to_vec()).collect();
    let select = "SELECT product_id, sku FROM products WHERE site = ?1";
    let mut skus = HashMap::new();
    session.query_keys(Keyed { select, key: &["product_id"], tail: "" }, site, &keys, &mut |row| {
        skus.insert(row.id(0)?, row.text(1)?.to_owned());
        Ok(())
    })?;
    Ok(skus)
}

pub(super) fn movements(
    session: &dyn Session,
    site: &str,
    after: Position,
    max_rows: usize,
) -> Result<Since<Movement>, StoreFault> {
    let known = sites::site(session, site)?;
    let packed = "SELECT archived_rev FROM sites WHERE site = ?1";
    let packed_rev = session.first(packed, &params![site], |row| row.int(0))?.map_or(0, from_i64);
    let params = params![site, after.rev, after.line, one_more(max_rows)];
    let mut rows = session.all(MOVEMENTS, &params, movement)?;
    let more = rows.len() > max_rows;
    rows.truncate(max_rows);
    show_names(session, site, rows.iter_mut().map(|movement| &mut movement.author))?;
    let skus = skus_of(session, site, rows.iter().map(|movement| movement.product))?;
    Ok(Since { epoch: known.epoch, rev: known.rev, packed_rev, page: Page { rows, skus, more } })
}

/// Puts names in the place of people.
fn show_names<'a>(
    session: &dyn Session,
    site: &str,
    authors: impl Iterator<Item = &'a mut String>,
) -> Result<(), StoreFault> {
    people::show_names(session, site, authors.map(|author| ShownAuthor { author, approved_by: None }))
}

fn movement(row: &dyn Columns) -> Result<Movement, StoreFault> {
    Ok(Movement {
        at: Position { rev: from_i64(row.int(0)?), line: from_i64(row.int(1)?) },
        product: row.id(2)?,
        lot_code: row.text(3)?.to_owned(),
        location: row.text(4)?.to_owned(),
        delta: Quantity(row.int(5)?),
        kind: MovementKind::from_code(row.text(6)?).ok_or_else(|| unreadable("a movement"))?,
        note: row.text(7)?.to_owned(),
        mutation: row.optional_id(8)?,
        author: row.text(9)?.to_owned(),
        captured_at: UnixMillis(row.int(10)?),
        booked_at: UnixMillis(row.int(11)?),
    })
}

pub(super) fn orders(
    session: &dyn Session,
    site: &str,
    after: u64,
    max_rows: usize,
) -> Result<Since<PlacedOrder>, StoreFault> {
    let known = sites::site(session, site)?;
    let mut rows = session.all(ORDERS, &params![site, after, one_more(max_rows)], order)?;
    // Each order has a revision of its own.
    let more = rows.len() > max_rows;
    rows.truncate(max_rows);
    show_names(session, site, rows.iter_mut().map(|order| &mut order.author))?;
    let ids: Vec<Uuid> = rows.iter().map(|order| order.id).collect();
    let mut lines = lines_of(session, site, &ids)?;
    for order in &mut rows {
        order.lines = lines.remove(&order.id).unwrap_or_default();
    }
    let sold = rows.iter().flat_map(|order| &order.lines).map(|line| line.lot.product_id);
    let skus = skus_of(session, site, sold)?;
    Ok(Since { epoch: known.epoch, rev: known.rev, packed_rev: 0, page: Page { rows, skus, more } })
}

fn order(row: &dyn Columns) -> Result<PlacedOrder, StoreFault> {
    Ok(PlacedOrder {
        id: row.id(0)?,
        number: row.text(1)?.to_owned(),
        currency: row.text(2)?.to_owned(),
        total_minor: row.int(3)?,
        rev: from_i64(row.int(4)?),
        author: row.text(5)?.to_owned(),
        captured_at: UnixMillis(row.int(6)?),
        booked_at: UnixMillis(row.int(7)?),
        lines: Vec::new(),
    })
}

/// The lines of orders, in their order.
pub(super) fn lines_of(
    session: &dyn Session,
    site: &str,
    orders: &[Uuid],
) -> Result<HashMap<Uuid, Vec<OrderLine>>, StoreFault> {
    let keys: Vec<_> = orders.iter().map(|order| params![*order].to_vec()).collect();
    let mut numbered: HashMap<Uuid, Vec<(i64, OrderLine)>> = HashMap::new();
    session.query_keys(LINES, site, &keys, &mut |row| {
        let lot = LotRef::new(row.id(2)?, row.text(3)?, row.text(4)?);
        let line = OrderLine { lot, quantity: Quantity(row.int(5)?), unit_price_minor: row.int(6)? };
        numbered.entry(row.id(0)?).or_default().push((row.int(1)?, line));
        Ok(())
    })?;
    let in_order = |mut lines: Vec<(i64, OrderLine)>| {
        lines.sort_by_key(|(number, _)| *number);
        lines.into_iter().map(|(_, line)| line).collect()
    };
    Ok(numbered.into_iter().map(|(order, lines)| (order, in_order(lines))).collect())
}
