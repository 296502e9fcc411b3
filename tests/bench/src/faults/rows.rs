//! Compares a subject's rows with the server's.

use std::collections::BTreeMap;

use anyhow::Result;

use super::scene::Scene;
use super::subject::Subject;

/// Revisions by row key: product id, or product id and lot id.
type Revisions = BTreeMap<String, u64>;

/// Script: the app's rows, read from its pages with the changes over them.
const APP_ROWS: &str = "
    const opened = indexedDB.open('lotbook');
    const database = await new Promise((resolve) => { opened.onsuccess = () => resolve(opened.result); });
    const names = ['products', 'products:changes', 'inventory_lots', 'inventory_lots:changes'];
    const transaction = database.transaction(names);
    const found = new Map();
    for (const name of names) {
        const read = transaction.objectStore(name).getAll();
        for (const bytes of await new Promise((resolve) => { read.onsuccess = () => resolve(read.result); })) {
            const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
            // Layout: one byte, then for each row its revision, its key and its JSON, both preceded by their
            // lengths.
            for (let at = 1; at < bytes.length;) {
                const [rev, keyAt] = [Number(view.getBigUint64(at, true)), at + 12];
                const keyEnd = keyAt + view.getUint32(at + 8, true);
                const key = new TextDecoder().decode(bytes.subarray(keyAt, keyEnd));
                const jsonLength = view.getUint32(keyEnd, true);
                at = keyEnd + 4 + jsonLength;
                if ((found.get(key)?.rev ?? -1) <= rev) found.set(key, { rev, isHeld: jsonLength > 0 });
            }
        }
    }
    database.close();
    return Object.fromEntries([...found].filter(([, row]) => row.isHeld).map(([key, { rev }]) => [key, rev]));";
const PEER_ROWS: &str = "return await subject.rows();";

/// Number of rows that the subject lacks, has in an older revision, or should not have.
///
/// # Errors
/// When the rows of either side cannot be read.
pub(super) async fn wrong(scene: &Scene) -> Result<usize> {
    let script = match scene.subject {
        Subject::Lotbook => APP_ROWS,
        Subject::Peer(_) => PEER_ROWS,
    };
    let held: Revisions = serde_json::from_value(scene.browser.script(script).await?)?;
    Ok(differences(&held, &on_server(scene)?))
}

fn on_server(scene: &Scene) -> Result<Revisions> {
    let sql = "SELECT lower(hex(product_id)), '', rev FROM products WHERE deleted_at IS NULL
         UNION ALL SELECT lower(hex(product_id)), lower(hex(lot_id)), rev FROM inventory_lots
         WHERE deleted_at IS NULL AND status = 'available'";
    let found = scene.server.query(sql, |row| {
        let (product, lot): (String, String) = (row.get(0)?, row.get(1)?);
        let rev: i64 = row.get(2)?;
        Ok((key(&product, &lot), rev.unsigned_abs()))
    })?;
    Ok(found.into_iter().collect())
}

fn key(product: &str, lot: &str) -> String {
    let dashed = |hex: &str| uuid::Uuid::try_parse(hex).map(|id| id.to_string()).unwrap_or_default();
    if lot.is_empty() { dashed(product) } else { format!("{}.{}", dashed(product), dashed(lot)) }
}

fn differences(held: &Revisions, wanted: &Revisions) -> usize {
    let missing = wanted.iter().filter(|(key, rev)| held.get(*key) != Some(rev)).count();
    missing + held.keys().filter(|key| !wanted.contains_key(*key)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_outdated_and_surplus_rows_count_as_differences() {
        let rows = |pairs: &[(&str, u64)]| pairs.iter().map(|(key, rev)| ((*key).to_owned(), *rev)).collect();
        let wanted: Revisions = rows(&[("a", 1), ("b", 2), ("c", 3)]);
        assert_eq!(differences(&wanted, &wanted), 0);
        assert_eq!(differences(&rows(&[("a", 1), ("b", 1), ("d", 9)]), &wanted), 3);
    }
}
