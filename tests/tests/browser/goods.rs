//! Work on a device as a person does it, and its results on the server.

use anyhow::{Context, Result};

use crate::device::Device;
use crate::server::Server;

/// A product of the demo warehouse with a good deal of usable stock.
pub(crate) struct Goods {
    /// Its id, as in addresses.
    pub(crate) id: String,
    /// The SKU, by which people search.
    pub(crate) sku: String,
    /// The name, as the list shows it.
    pub(crate) name: String,
}

/// Usable stock of a product, in thousandths.
fn usable_stock_sql(id: &str) -> String {
    format!(
        "SELECT coalesce(sum(quantity), 0) FROM inventory_lots WHERE product_id = x'{}' AND status = 'available'
         AND deleted_at IS NULL AND (expires_on IS NULL OR expires_on >= date('now'))",
        id.replace('-', "")
    )
}

impl Goods {
    /// The `n`th product that has at least 20 units of usable stock, whole units only.
    pub(crate) fn stocked(server: &Server, n: usize) -> Result<Self> {
        let sql = format!(
            "SELECT lower(hex(p.product_id)), p.sku, p.name FROM products p JOIN inventory_lots l USING (site, product_id)
             WHERE l.status = 'available' AND (l.expires_on IS NULL OR l.expires_on > date('now', '+9 days'))
             GROUP BY p.product_id HAVING sum(l.quantity) >= 20000 AND count(*) = sum(l.quantity % 1000 = 0)
             ORDER BY p.sku LIMIT 1 OFFSET {n}"
        );
        let row = server.query(&sql)?.pop().context("no product with enough stock")?;
        Self::read(&row)
    }

    /// The product with this SKU.
    pub(crate) fn with_sku(server: &Server, sku: &str) -> Result<Self> {
        let sql = format!("SELECT lower(hex(product_id)), sku, name FROM products WHERE sku = '{sku}'");
        let row = server.query(&sql)?.pop().with_context(|| format!("no product {sku}"))?;
        Self::read(&row)
    }

    /// From its id in hexadecimal digits, its SKU and its name.
    fn read(row: &str) -> Result<Self> {
        let mut parts = row.splitn(3, ' ');
        let mut next = || parts.next().map(str::to_owned).context("a product has an id, a SKU and a name");
        let hex = next()?;
        let id = [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-");
        Ok(Self { id, sku: next()?, name: next()? })
    }

    /// Usable stock on the server, in units.
    pub(crate) fn units_on_server(&self, server: &Server) -> Result<i64> {
        Ok(server.number(&usable_stock_sql(&self.id))? / 1_000)
    }

    /// Usable stock as a device shows it.
    pub(crate) async fn units_shown(&self, device: &Device) -> Result<i64> {
        device.open(&format!("/product/{}", self.id)).await?;
        let text = device.text("on-hand").await?;
        let number =
            text.split(|char: char| !char.is_ascii_digit() && char != ',').next().unwrap_or_default();
        let digits = number.replace(',', "");
        digits.parse().with_context(|| format!("on hand reads {text:?}"))
    }

    /// Sells one unit as an order of its own.
    pub(crate) async fn sell_one(&self, device: &Device) -> Result<()> {
        device.open("/checkout").await?;
        device.fill("[data-test=order-search]", &self.sku).await?;
        device.click("match").await?;
        device.find("order-total").await?;
        device
            .wait_for_script(
                "the order's total",
                "return !document.querySelector('[data-test=place-order]').disabled",
            )
            .await?;
        device.click("place-order").await?;
        device.wait_for_text("order-placed", "Saved on this device").await
    }

    /// Picks one unit of the lot that expires first.
    pub(crate) async fn pick_one(&self, device: &Device) -> Result<()> {
        device.open(&format!("/product/{}/work/pick", self.id)).await?;
        device.fill("[data-test=quantity]", "1").await?;
        device.click("save").await?;
        device.wait_for_text("toast", "Saved on this device").await
    }

    /// Changes the price, such as `3.33`.
    pub(crate) async fn set_price(&self, device: &Device, price: &str) -> Result<()> {
        self.edit(device, &[("price", price)]).await?;
        device.wait_for_text("toast", "Saved on this device").await
    }

    /// Changes some fields in one edit.
    pub(crate) async fn edit(&self, device: &Device, fields: &[(&str, &str)]) -> Result<()> {
        device.open(&format!("/product/{}/edit", self.id)).await?;
        for (field, text) in fields {
            device.fill(&format!("[data-test={field}]"), text).await?;
        }
        device.click("save").await?;
        device.find("toast").await.map(drop)
    }
}

/// Whether the queue in the device's database has no pending change.
const NOTHING_PENDING: &str = "
    const opened = indexedDB.open('lotbook');
    const database = await new Promise((resolve) => { opened.onsuccess = () => resolve(opened.result); });
    const index = database.transaction('mutation_queue').objectStore('mutation_queue').index('attention');
    const counted = index.count(0);
    const count = await new Promise((resolve) => { counted.onsuccess = () => resolve(counted.result); });
    database.close();
    return count === 0;";

/// Waits until a device has nothing left to send, and its screen says so.
pub(crate) async fn wait_until_sent(device: &Device) -> Result<()> {
    device.open("/sync").await?;
    device.wait_for_script("an empty queue", NOTHING_PENDING).await?;
    let shown = "return document.querySelectorAll('[data-test=queue-row]').length === 0";
    device.wait_for_script("an empty list of what waits", shown).await
}
