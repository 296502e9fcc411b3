//! Plans on tables that the planner has no figures of, as after an import.

use super::super::super::sql::engine::Engine as _;
use super::super::super::sql::session::{Session, params};
use super::super::super::sql::unavailable;
use super::super::session::DIALECT;
use super::{databases, store};

#[tokio::test]
async fn values_are_looked_up_by_product_without_figures() {
    let [database, _] = databases();
    let store = store(&database).await;
    database
        .as_superuser(
            "ALTER TABLE products SET (autovacuum_enabled = false);
             ALTER TABLE inventory_lots SET (autovacuum_enabled = false);
             INSERT INTO sites (site, name, epoch) SELECT 's' || n, '', gen_random_uuid() FROM generate_series(1, 3) AS n;
             INSERT INTO products SELECT 's' || site, md5(n::text)::uuid, n, n, '', '', '', '', '', 1, 'EUR', '', '', 1, '{}', NULL
                 FROM generate_series(1, 4000) AS n, generate_series(1, 3) AS site;
             INSERT INTO inventory_lots SELECT site, product_id, product_id, '', '', '', 1, 'blocked', NULL, NULL, 1, '{}', NULL
                 FROM products",
        )
        .expect("rows");
    let plan = |session: &dyn Session| {
        let sql = format!("EXPLAIN (COSTS OFF) {}", unavailable::values_sql(&DIALECT));
        session.all(&sql, &params!["s1", "blocked"], |row| row.text(0).map(str::to_owned))
    };
    let plan = store.engine().read(plan).await.expect("a plan").join("\n");
    assert!(plan.contains("Index Cond: ((site = 's1'::text) AND (product_id = lots.product_id))"), "{plan}");
    assert!(!plan.contains("Seq Scan") && !plan.contains("Join Filter") && !plan.contains("Hash"), "{plan}");
}
