//! A SQLite file that is moved to PostgreSQL: the same rows, revisions, receipts, devices and codes.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use server::DEFAULT_SITE;
use server::api_keys::{KeyScope, new_key};
use server::demo::demo;
use server::enrolment::{Applicant, enrol, new_code};
use server::export::export;
use server::store::moving::move_to;
use server::store::postgres::PostgresStore;
use server::store::sqlite::SqliteStore;
use server::store::webhooks::{EventKind, Webhooks as _};
use server::store::{
    Answered, ApiStore, Consent, HistoryQuery, Import, KeyedRequest, ProductQuery, Store, StoreFault,
};
use server::unsent::book_unsent;
use server::webhooks::new_webhook;
use sha2::{Digest as _, Sha256};
use sync::{UnixMillis, Unsent, Verdict};
use test_postgres::Postgres;
use uuid::Uuid;

const NOW: UnixMillis = UnixMillis(1_795_000_000_000);

/// A file of unsent work: a pick of one bottle.
fn unsent(product: Uuid, lot_code: &str, location: &str) -> Result<Unsent> {
    let text = serde_json::json!({
        "format": "unsent-work", "version": 1, "client": Uuid::from_u128(7), "written_at": NOW,
        "mutations": [{
            "seq": 1, "id": Uuid::from_u128(8), "base": 0, "author": "Ada \u{0} \u{1f4e6}", "captured_at": NOW, "schema": 1,
            "action": { "pick_lot": {
                "quantity": 1_000, "reason": "",
                "lot": { "product_id": product, "lot_code": lot_code, "location": location },
            } },
        }],
    });
    Ok(Unsent::read(&text.to_string())?)
}

async fn exported(store: &dyn Store, dir: &Path) -> Result<[String; 3]> {
    let files = ["products.csv", "lots.csv", "deliveries.csv"].map(|name| dir.join(name));
    export(store, DEFAULT_SITE, &files[0], &files[1], Some(&files[2])).await?;
    Ok([fs::read_to_string(&files[0])?, fs::read_to_string(&files[1])?, fs::read_to_string(&files[2])?])
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_of_a_file_is_moved_and_nothing_to_a_database_in_use() -> Result<()> {
    let (dir, out) = (tempfile::TempDir::new()?, tempfile::TempDir::new()?);
    let file = dir.path().join("stock.db");
    let old = SqliteStore::open(&file)?;
    demo(&old, DEFAULT_SITE, NOW).await?;
    old.ensure_site("north").await?;
    let code = new_code(&old, DEFAULT_SITE, "Phone", NOW).await?;
    let (device, token) =
        enrol(&old, &code, Applicant::default(), NOW).await?.ok().context("a fresh code was refused")?;
    let open_code = new_code(&old, "north", "", NOW).await?;
    let found = old.product(DEFAULT_SITE, ProductQuery::Barcode("2000000010014".to_owned())).await?;
    let (product, lots) = found.context("a product of the demo")?;
    let lot = &lots.first().context("a lot")?.row.lot;
    let work = unsent(product.row.id, &lot.lot_code, &lot.location)?;
    let receipts = book_unsent(&old, DEFAULT_SITE, work.clone(), NOW).await?;
    assert_eq!(receipts[0].outcome.verdict, Verdict::Applied, "{receipts:?}");
    let webhook = new_webhook(DEFAULT_SITE, "https://erp.example/", &EventKind::ALL, NOW)??;
    old.add_webhook(webhook).await?;
    let webhooks = old.webhooks(DEFAULT_SITE).await?;
    let (key, secret) = new_key(&old, DEFAULT_SITE, "ERP", &[KeyScope::ProductsWrite], NOW).await?;
    let request = KeyedRequest {
        site: DEFAULT_SITE.to_owned(),
        key: key.key,
        author: key.name.clone(),
        request: "r-1".to_owned(),
        body_hash: [7; 32],
        now: NOW,
    };
    let nothing = Import {
        site: DEFAULT_SITE.to_owned(),
        products: Vec::new(),
        lots: Vec::new(),
        deliveries: Vec::new(),
        now: NOW,
    };
    old.import_once(request.clone(), Arc::new(nothing), Vec::new(), Consent::Everything).await?;
    let history = HistoryQuery { product: product.row.id, lot: None, before: None };
    let before =
        (old.sites().await?, exported(&old, out.path()).await?, old.history(DEFAULT_SITE, history).await?);
    drop(old);

    let database = Postgres::shared()?.database()?;
    let new = PostgresStore::open(database.url()).await?;
    let moved = move_to(&new, &file, Arc::new(|_, _| ())).await?;
    let rows_of = |table: &str| moved.iter().find(|(name, _)| *name == table).map(|(_, rows)| *rows);
    assert_eq!((rows_of("sites"), rows_of("devices"), rows_of("receipts")), (Some(2), Some(1), Some(1)));
    let after =
        (new.sites().await?, exported(&new, out.path()).await?, new.history(DEFAULT_SITE, history).await?);
    assert_eq!(after, before);
    assert_eq!((webhooks.len(), new.webhooks(DEFAULT_SITE).await?), (1, webhooks));
    let known = new.devices(DEFAULT_SITE).await?;
    assert_eq!(known, [device]);
    assert_eq!(new.device(Sha256::digest(token.as_bytes()).into()).await?.as_ref(), known.first());
    assert_eq!(new.api_key(DEFAULT_SITE, Sha256::digest(secret.as_bytes()).into()).await?, Some(key));
    assert!(matches!(new.answered(&request).await?, Some(Answered::Booked { is_repeat: true, .. })));
    assert!(enrol(&new, &code, Applicant::default(), NOW).await?.is_err(), "a used code stays used");
    assert!(enrol(&new, &open_code, Applicant::default(), NOW).await?.is_ok());
    assert_eq!(book_unsent(&new, DEFAULT_SITE, work, NOW).await?, receipts);
    assert_eq!(new.history(DEFAULT_SITE, history).await?, before.2, "booked once");

    let again = move_to(&new, &file, Arc::new(|_, _| ())).await;
    assert!(matches!(again, Err(StoreFault::Invalid { code: "not_empty", .. })), "{again:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_differs_afterwards_leaves_nothing_behind() -> Result<()> {
    let dir = tempfile::TempDir::new()?;
    let file = dir.path().join("stock.db");
    demo(&SqliteStore::open(&file)?, DEFAULT_SITE, NOW).await?;
    let database = Postgres::shared()?.database()?;
    let new = PostgresStore::open(database.url()).await?;
    database.as_superuser(
        "CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS \
         $$ BEGIN IF NEW.sku = 'LB-1008' THEN NEW.name := 'Other'; END IF; RETURN NEW; END $$; \
         CREATE TRIGGER spoil BEFORE INSERT ON products FOR EACH ROW EXECUTE FUNCTION spoil()",
    )?;
    let moved = move_to(&new, &file, Arc::new(|_, _| ())).await;
    assert!(matches!(&moved, Err(StoreFault::Failed(cause)) if cause.starts_with("products: ")), "{moved:?}");
    assert_eq!(new.sites().await?, []);
    Ok(())
}
