//! Moves rows of earlier builds to the keys that `domain::key_text` gives them.
//!
//! The ids of lots with non-ASCII codes or bins change. A tombstone under the old id would tell a device nothing, because
//! a removal is sent with the key of its row, which is the new one: so the site's devices take a new snapshot.

use std::collections::{BTreeMap, HashMap, HashSet};

use domain::{
    CalendarDate, EXCEPTIONS, ExceptionKind, FieldRev, InventoryLot, LOTS, LotRef, Quantity, Row, key_text,
};
use rusqlite::{Transaction, params};
use sync::{RowKey, UnixMillis};
use uuid::Uuid;

use super::super::StoreFault;
use super::super::sql::convert::{from_i64, to_i64};
use super::super::sql::{load, save};
use super::session::SqliteSession;
use crate::booking::StoredRow;

/// Lots with a character beyond ASCII in their texts. The ids of the others stay.
const NOT_ASCII: &str = "(lot_code GLOB '*[^ -~]*' OR location GLOB '*[^ -~]*')";
/// Tables that name a lot by its id.
const NAMING: [&str; 5] = ["inventory_lots", "stock_ledger", "order_lines", "exceptions", "resolutions"];
/// The trigger that keeps entries of the ledger as they are. Only the id changes, which is derived from the entry's texts.
const LEDGER_TRIGGER: &str = "stock_ledger_keeps_entries";

/// Runs once, after the tables have the form of this build.
pub(super) fn rekey(transaction: &Transaction<'_>) -> Result<(), StoreFault> {
    let mut statement = transaction.prepare("SELECT site, rev FROM sites")?;
    let sites = statement.query_map([], |row| Ok((row.get(0)?, from_i64(row.get(1)?))))?;
    for (site, rev) in sites.collect::<Result<Vec<(String, u64)>, _>>()? {
        let twins = products(transaction, &site)?;
        if twins > 0 {
            tracing::warn!(
                site,
                "{twins} products have the SKU of another product, but for case, width or invisible characters. All stay; \
                 change one SKU of each pair."
            );
        }
        let twins = shared_delivery_numbers(transaction, &site)?;
        if twins > 0 {
            tracing::warn!(
                site,
                "{twins} deliveries have the number of another delivery, but for case, width or invisible characters. All \
                 stay, and are found by their exact numbers."
            );
        }
        let moved = lots_to_move(transaction, &site)?;
        if !moved.is_empty() {
            Mover { transaction, site: &site, rev: rev + 1 }.run(&moved)?;
        }
    }
    Ok(())
}

/// Writes the compared spelling of every SKU. Returns the number of products that share one with another product; the
/// product whose SKU is spelled like it is not counted, else the first.
fn products(transaction: &Transaction<'_>, site: &str) -> Result<usize, StoreFault> {
    let sql =
        "SELECT product_id, sku, deleted_at IS NOT NULL FROM products WHERE site = ?1 ORDER BY product_id";
    let mut statement = transaction.prepare(sql)?;
    let rows = statement.query_map([site], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let mut rows = rows.collect::<Result<Vec<(Uuid, String, bool)>, _>>()?;
    // In earlier builds, the key of a SKU was the trimmed text: products whose key stays come first, so that no other takes
    // it while the index has it.
    rows.sort_by_key(|(_, sku, _)| key_text(sku) != sku.trim());
    let sql = "UPDATE products SET sku_key = ?3, sku_twin = ?4 WHERE site = ?1 AND product_id = ?2";
    let mut update = transaction.prepare(sql)?;
    let mut taken = HashMap::new();
    let mut twins = 0;
    for (id, sku, is_deleted) in &rows {
        let key = key_text(sku);
        let is_twin = !is_deleted && taken.insert(key.clone(), id).is_some();
        twins += usize::from(is_twin);
        let twin = if is_twin { id.to_string() } else { String::new() };
        update.execute(params![site, id, key, twin])?;
    }
    Ok(twins)
}

/// The number of deliveries that share their number with another one.
fn shared_delivery_numbers(transaction: &Transaction<'_>, site: &str) -> Result<usize, StoreFault> {
    let sql = "SELECT number FROM deliveries WHERE site = ?1 AND deleted_at IS NULL";
    let mut statement = transaction.prepare(sql)?;
    let numbers = statement.query_map([site], |row| row.get(0))?.collect::<Result<Vec<String>, _>>()?;
    let distinct: HashSet<_> = numbers.iter().map(|number| key_text(number)).collect();
    Ok(numbers.len() - distinct.len())
}

/// The product and old id of each lot whose id changes, and the new id.
type Moved = BTreeMap<(Uuid, Uuid), Uuid>;

fn lots_to_move(transaction: &Transaction<'_>, site: &str) -> Result<Moved, StoreFault> {
    let mut moved = Moved::new();
    for table in NAMING {
        let sql = format!(
            "SELECT DISTINCT product_id, lot_id, lot_code, location FROM {table} WHERE site = ?1 AND {NOT_ASCII}"
        );
        let mut statement = transaction.prepare(&sql)?;
        let mut rows = statement.query([site])?;
        while let Some(row) = rows.next()? {
            let (product, old): (Uuid, Uuid) = (row.get(0)?, row.get(1)?);
            let (code, location): (String, String) = (row.get(2)?, row.get(3)?);
            let new = LotRef::new(product, &code, &location).id();
            if new != old {
                moved.insert((product, old), new);
            }
        }
    }
    Ok(moved)
}

/// Moves the lots of a site under one revision. Devices do not pull it by changes, so it may be large.
struct Mover<'m> {
    transaction: &'m Transaction<'m>,
    site: &'m str,
    rev: u64,
}

impl Mover<'_> {
    fn run(&self, moved: &Moved) -> Result<(), StoreFault> {
        let mut merged = 0_usize;
        for ((product, old), new) in moved {
            merged += usize::from(self.lot(*product, *old, *new)?);
        }
        let mut one = BTreeMap::<(Uuid, Uuid), Vec<Uuid>>::new();
        for ((product, old), new) in moved {
            one.entry((*product, *new)).or_default().push(*old);
        }
        for ((product, new), old) in one {
            self.exceptions(product, new, &old)?;
        }
        self.rename(moved)?;
        let sql = "UPDATE sites SET rev = ?2, purged_rev = ?2 WHERE site = ?1";
        self.transaction.execute(sql, params![self.site, to_i64(self.rev)])?;
        tracing::info!(
            site = self.site,
            "{} lots have new ids, as codes and bins are compared without case, width and invisible characters; {merged} of \
             them were one with another lot, and their quantities were added",
            moved.len()
        );
        Ok(())
    }

    /// Moves the row to its new id. Returns whether it was merged with the row there.
    fn lot(&self, product: Uuid, old: Uuid, new: Uuid) -> Result<bool, StoreFault> {
        let found = self.live(&key(LOTS, product, old, ""))?;
        self.delete("inventory_lots", product, old)?;
        let Some((row, mut fields)) =
            found.and_then(|stored| Some((stored.row.lot()?.clone(), stored.fields)))
        else {
            return Ok(false);
        };
        let there = self.live(&key(LOTS, product, new, ""))?;
        let is_merged = there.is_some();
        let row = match there.as_ref().and_then(|there| there.row.lot()) {
            Some(lot) => merged(lot, &row),
            None => row,
        };
        for (field, last) in there.into_iter().flat_map(|there| there.fields) {
            let later = fields.get(&field).copied().filter(|own| own.rev > last.rev);
            fields.insert(field, later.unwrap_or(last));
        }
        self.save(Row::Lot(row), fields)?;
        Ok(is_merged)
    }

    /// Moves the exceptions of lots that are one now, and whose rows are moved already. Of each kind, the latest stays.
    fn exceptions(&self, product: Uuid, new: Uuid, old: &[Uuid]) -> Result<(), StoreFault> {
        let lot = self.live(&key(LOTS, product, new, ""))?;
        let is_below = lot.and_then(|lot| Some(lot.row.lot()?.quantity < Quantity::ZERO)).unwrap_or(false);
        let mut latest = Vec::new();
        for kind in
            ExceptionKind::ALL.into_iter().filter(|kind| *kind != ExceptionKind::BelowZero || is_below)
        {
            let mut found = Vec::new();
            for lot in old.iter().chain([&new]) {
                found.extend(self.live(&key(EXCEPTIONS, product, *lot, kind.code()))?);
            }
            latest.extend(found.into_iter().max_by_key(|stored| stored.rev));
        }
        for lot in old.iter().chain([&new]) {
            self.delete("exceptions", product, *lot)?;
        }
        latest.into_iter().try_for_each(|stored| self.save(stored.row, stored.fields))
    }

    /// Replaces the old ids in the ledger, in orders and in resolutions.
    fn rename(&self, moved: &Moved) -> Result<(), StoreFault> {
        let transaction = self.transaction;
        transaction.execute_batch(
            "CREATE TEMP TABLE moved (product_id BLOB, old BLOB, new BLOB, PRIMARY KEY (product_id, old)) WITHOUT ROWID",
        )?;
        let mut insert = transaction.prepare("INSERT INTO moved VALUES (?1, ?2, ?3)")?;
        for ((product, old), new) in moved {
            insert.execute(params![product, old, new])?;
        }
        drop(insert);
        let sql = "SELECT sql FROM sqlite_schema WHERE name = ?1";
        let trigger: String = transaction.query_row(sql, [LEDGER_TRIGGER], |row| row.get(0))?;
        transaction.execute_batch(&format!("DROP TRIGGER {LEDGER_TRIGGER}"))?;
        for table in ["stock_ledger", "order_lines", "resolutions"] {
            let sql = format!(
                "UPDATE {table} SET lot_id = (SELECT new FROM moved \
                     WHERE moved.product_id = {table}.product_id AND moved.old = {table}.lot_id) \
                 WHERE site = ?1 AND (product_id, lot_id) IN (SELECT product_id, old FROM moved)"
            );
            transaction.execute(&sql, [self.site])?;
        }
        transaction.execute_batch(&trigger)?;
        Ok(transaction.execute_batch("DROP TABLE moved")?)
    }

    fn live(&self, key: &RowKey) -> Result<Option<StoredRow>, StoreFault> {
        Ok(load::row(&SqliteSession(self.transaction), self.site, key)?.filter(|stored| !stored.deleted))
    }

    /// Writes a live row. Only a tombstone has a time.
    fn save(&self, row: Row, fields: BTreeMap<String, FieldRev>) -> Result<(), StoreFault> {
        let stored = StoredRow { rev: self.rev, row, deleted: false, fields };
        save::rows(&SqliteSession(self.transaction), self.site, [&stored], UnixMillis(0))
    }

    fn delete(&self, table: &str, product: Uuid, lot: Uuid) -> Result<(), StoreFault> {
        let sql = format!("DELETE FROM {table} WHERE site = ?1 AND product_id = ?2 AND lot_id = ?3");
        self.transaction.prepare_cached(&sql)?.execute(params![self.site, product, lot])?;
        Ok(())
    }
}

/// The key of a lot's row, or of its exception of a kind, under an id that is not derived from its texts.
fn key(table: &'static str, product: Uuid, lot: Uuid, kind: &str) -> RowKey {
    let dot = if kind.is_empty() { "" } else { "." };
    RowKey::new(table, format!("{product}.{lot}{dot}{kind}"))
}

/// Two rows that are one lot: as if the goods of one had been moved to the other, but with the earlier dates.
fn merged(one: &InventoryLot, other: &InventoryLot) -> InventoryLot {
    let stocked = |lot: &InventoryLot| lot.quantity > Quantity::ZERO;
    let status = match (stocked(one), stocked(other)) {
        (true, false) => one.status,
        (false, true) => other.status,
        (true, true) | (false, false) => one.status.max(other.status),
    };
    let earlier = |one: Option<CalendarDate>, other| one.into_iter().chain(other).min();
    InventoryLot {
        lot: one.lot.clone(),
        quantity: one.quantity + other.quantity,
        status,
        expires_on: earlier(one.expires_on, other.expires_on),
        received_on: earlier(one.received_on, other.received_on),
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::super::schema::{KEYS_VERSION, MIGRATIONS, open_writer};
    use super::*;

    const PRODUCT: Uuid = Uuid::from_u128(1);

    /// The id that earlier builds gave a lot.
    fn earlier_id(code: &str, location: &str) -> Uuid {
        let name = [code, "\u{1f}", location].concat().to_ascii_uppercase();
        Uuid::new_v5(&PRODUCT, name.as_bytes())
    }

    /// Writes a lot as earlier builds did, with one entry of the ledger for its quantity.
    fn lot(connection: &Connection, rev: i64, (code, location): (&str, &str), units: i64, rest: &str) {
        let sql = format!(
            "INSERT INTO inventory_lots (site, product_id, lot_id, lot_code, location, quantity, status, expires_on, \
             received_on, field_revs, deleted_at, rev) VALUES ('s', ?1, ?2, ?3, ?4, ?5, {rest}, ?6)"
        );
        let id = earlier_id(code, location);
        connection.execute(&sql, params![PRODUCT, id, code, location, units, rev]).expect("a lot");
        let sql = "INSERT INTO stock_ledger (site, rev, line, product_id, lot_id, lot_code, location, delta, movement, \
                   note, author, captured_at, booked_at) VALUES ('s', ?6, 0, ?1, ?2, ?3, ?4, ?5, 'receive', '', 'Ada', 1, 1)";
        connection.execute(sql, params![PRODUCT, id, code, location, units, rev]).expect("an entry");
    }

    fn exception(connection: &Connection, rev: i64, (code, location): (&str, &str), kind: &str) {
        let sql =
            "INSERT INTO exceptions VALUES ('s', ?1, ?2, ?5, ?3, ?4, NULL, 0, -1, NULL, 'Ada', 1, ?6, NULL)";
        let id = earlier_id(code, location);
        connection.execute(sql, params![PRODUCT, id, code, location, kind, rev]).expect("an exception");
    }

    /// The rows of a query with one text column.
    fn texts(connection: &Connection, sql: &str) -> Vec<String> {
        let mut statement = connection.prepare(sql).expect(sql);
        let rows = statement.query_map([], |row| row.get(0)).expect(sql);
        rows.collect::<Result<_, _>>().expect(sql)
    }

    fn earlier(file: &std::path::Path) -> Connection {
        let old = Connection::open(file).expect("a database");
        let before = KEYS_VERSION - 1;
        MIGRATIONS[..usize::try_from(before).expect("a number")]
            .iter()
            .for_each(|migration| old.execute_batch(migration).expect("older tables"));
        old.pragma_update(None, "user_version", before).expect("a version");
        old.execute_batch(
            "INSERT INTO sites VALUES ('s', 's', zeroblob(16), 90, 3), ('t', 't', zeroblob(16), 5, 0);
             INSERT INTO products VALUES
                 ('s', X'00000000000000000000000000000001', 'ab', 'ab', '', '', 'A', 'each', 1, 'EUR', '', '', 1, '{}', NULL),
                 ('s', X'00000000000000000000000000000002', 'AB', 'AB', '', '', 'B', 'each', 1, 'EUR', '', '', 1, '{}', NULL),
                 ('s', X'00000000000000000000000000000003', 'aB', 'aB', '', '', 'C', 'each', 1, 'EUR', '', '', 1, '{}', 9),
                 ('t', X'00000000000000000000000000000004', 'ab', 'ab', '', '', 'D', 'each', 1, 'EUR', '', '', 1, '{}', NULL),
                 ('s', X'00000000000000000000000000000005', 'cd', 'cd', '', '', 'E', 'each', 1, 'EUR', '', '', 1, '{}', NULL),
                 ('s', X'00000000000000000000000000000006', ' CD', 'CD', '', '', 'F', 'each', 1, 'EUR', '', '', 1, '{}', NULL);",
        )
        .expect("rows");
        old
    }

    #[test]
    fn skus_of_one_spelling_stay_beside_each_other() {
        let dir = tempfile::TempDir::new().expect("a folder");
        let file = dir.path().join("lotbook.db");
        drop(earlier(&file));
        for _ in 0..2 {
            let connection = open_writer(&file).expect("an upgrade");
            let found = "SELECT name || ' ' || sku || ' ' || sku_key || ' ' || length(sku_twin) FROM products ORDER BY name";
            assert_eq!(
                texts(&connection, found),
                ["A ab AB 36", "B AB AB 0", "C aB AB 0", "D ab AB 0", "E cd CD 36", "F  CD CD 0"]
            );
            let revs = texts(&connection, "SELECT site || rev || '.' || purged_rev FROM sites ORDER BY site");
            assert_eq!(revs, ["s90.3", "t5.0"], "no lot moved, so no device takes a new snapshot");
        }
    }

    #[test]
    fn a_product_with_a_new_sku_is_no_twin() {
        let dir = tempfile::TempDir::new().expect("a folder");
        let file = dir.path().join("lotbook.db");
        drop(earlier(&file));
        let mut connection = open_writer(&file).expect("an upgrade");
        let transaction = connection.transaction().expect("a transaction");
        let found = "SELECT sku || ' ' || length(sku_twin) FROM products WHERE name LIKE 'A%'";
        for (sku, expected) in [("ab", "ab 36"), ("xy", "xy 0")] {
            let key = domain::product_key(Uuid::from_u128(1));
            let mut stored =
                load::row(&SqliteSession(&transaction), "s", &key).expect("a query").expect("a product");
            let Row::Product(product) = &mut stored.row else { panic!("no product: {stored:?}") };
            (product.sku, product.name) = (sku.to_owned(), format!("A {sku}"));
            save::rows(&SqliteSession(&transaction), "s", [&stored], UnixMillis(0)).expect("a row");
            assert_eq!(texts(&transaction, found), [expected]);
        }
    }

    #[test]
    fn lots_of_one_spelling_become_one() {
        let dir = tempfile::TempDir::new().expect("a folder");
        let file = dir.path().join("lotbook.db");
        let old = earlier(&file);
        let counted = r##"'{"#counted":{"rev":7,"client":"00000000-0000-0000-0000-000000000009"}}'"##;
        lot(
            &old,
            10,
            ("cre\u{300}me", "A-1"),
            -2_000,
            &format!("'available', '2027-05-01', NULL, {counted}, NULL"),
        );
        lot(&old, 11, ("CR\u{c8}ME", "a-\u{200b}1"), 5_000, "'quarantined', '2027-03-01', NULL, '{}', NULL");
        lot(&old, 12, ("L1", "A-1"), 7_000, "'available', NULL, NULL, '{}', NULL");
        lot(&old, 13, ("\u{ff2c}1", "A-1"), 1_000, "'available', NULL, '2026-01-01', '{}', NULL");
        lot(&old, 14, ("\u{ff2c}2", "A-1"), 0, "'available', NULL, NULL, '{}', 5");
        // Composed and in lower case: its id stays.
        lot(&old, 15, ("L3", "g\u{e4}nge"), 4_000, "'available', NULL, NULL, '{}', NULL");
        exception(&old, 20, ("cre\u{300}me", "A-1"), "below_zero");
        exception(&old, 21, ("cre\u{300}me", "A-1"), "moved_while_counted");
        exception(&old, 22, ("CR\u{c8}ME", "a-\u{200b}1"), "moved_while_counted");
        drop(old);
        let connection = open_writer(&file).expect("an upgrade");
        let lots = texts(
            &connection,
            "SELECT quantity || ' ' || status || ' ' || coalesce(expires_on, '-') || ' ' || coalesce(received_on, '-') || \
             ' ' || rev || ' ' || code_key FROM inventory_lots ORDER BY quantity",
        );
        let creme = key_text("cr\u{e8}me");
        assert_eq!(
            lots,
            [
                format!("3000 quarantined 2027-03-01 - 91 {creme}"),
                "4000 available - - 15 L3".to_owned(),
                "8000 available - 2026-01-01 91 L1".to_owned(),
            ]
        );
        let lots_of_ledger = "SELECT count(*) || '' FROM inventory_lots AS lots WHERE quantity <> \
                              (SELECT sum(delta) FROM stock_ledger AS entry WHERE entry.lot_id = lots.lot_id)";
        assert_eq!(texts(&connection, lots_of_ledger), ["0"]);
        let id = LotRef::new(PRODUCT, "CR\u{c8}ME", "A-1").id();
        let entries = "SELECT rev || lot_code FROM stock_ledger WHERE lot_id = ?1 ORDER BY rev";
        let mut statement = connection.prepare(entries).expect("a query");
        let entries = statement.query_map([id], |row| row.get::<_, String>(0)).expect("entries");
        let entries: Vec<_> = entries.map(|entry| entry.expect("an entry")).collect();
        assert_eq!(entries, ["10cre\u{300}me", "11CR\u{c8}ME"], "the texts stay");
        let kinds = texts(&connection, "SELECT kind || rev || (lot_code = 'CR\u{c8}ME') FROM exceptions");
        assert_eq!(kinds, ["moved_while_counted911"], "the later one, and the stock is above zero");
        let fields = "SELECT field_revs FROM inventory_lots WHERE quantity = 3000";
        assert!(texts(&connection, fields)[0].contains(r##""#counted":{"rev":7"##));
        let revs = texts(&connection, "SELECT site || rev || '.' || purged_rev FROM sites ORDER BY site");
        assert_eq!(revs, ["s91.91", "t5.0"]);
        let changed = connection.execute("UPDATE stock_ledger SET delta = 0", []);
        assert!(changed.is_err(), "the ledger is append-only again");
    }
}
