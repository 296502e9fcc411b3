//! `INSERT` statements from one list of columns.

/// `INSERT INTO table (a, b) VALUES (?1, ?2)`; `columns` is `a, b`.
pub(super) fn insert(table: &str, columns: &str) -> String {
    let values: Vec<String> = (1..=names(columns).count()).map(|at| format!("?{at}")).collect();
    format!("INSERT INTO {table} ({columns}) VALUES ({})", values.join(", "))
}

/// Like [`insert`], but a row with the same values in the columns of `key` is overwritten.
pub(super) fn upsert(table: &str, key: &str, columns: &str) -> String {
    let is_key = |column: &&str| names(key).any(|part| part == *column);
    let set: Vec<String> = names(columns)
        .filter(|column| !is_key(column))
        .map(|name| format!("{name} = excluded.{name}"))
        .collect();
    format!("{} ON CONFLICT ({key}) DO UPDATE SET {}", insert(table, columns), set.join(", "))
}

fn names(columns: &str) -> impl Iterator<Item = &str> {
    columns.split(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_is_named_once_and_bound_in_its_place() {
        assert_eq!(insert("clients", "site, client"), "INSERT INTO clients (site, client) VALUES (?1, ?2)");
        assert_eq!(
            upsert("clients", "site, client", "site, client, device, max_seq"),
            "INSERT INTO clients (site, client, device, max_seq) VALUES (?1, ?2, ?3, ?4) \
             ON CONFLICT (site, client) DO UPDATE SET device = excluded.device, max_seq = excluded.max_seq"
        );
    }
}
